/**
 * Which text a match takes, and which of it each group: the division that PostgreSQL makes (its manual, 9.7.3.5).
 *
 * Of the matches that begin first the whole pattern's preference takes the longest or shortest. Inside it each part, from the left,
 * takes as much or as little as it prefers while the rest can still match; of branches the first that can match is taken. Only
 * references to groups can refuse a division that the automata allow: then the next is tried.
 *
 * After PostgreSQL, src/backend/regex/regexec.c (cfindloop, cdissect and its kin).
 */
import { Alphabet, Automaton } from './automaton.ts';
import { prefersShort, type Subexpression, subexpressionOf } from './subexpressions.ts';
import type { RegexTree } from './tree.ts';

/** Starts and ends by group, 0 the whole match; -1: took no part. */
export type Spans = number[];

export class Divider {
  readonly #root: Subexpression;
  readonly #groupCount: number;
  readonly #alphabet: Alphabet;
  readonly #automata = new Map<Subexpression, Automaton>();
  readonly #fold: (text: string) => string;
  #search: Automaton | null = null;
  #text = '';
  #spans: Spans = [];

  constructor(tree: RegexTree, flags: string, fold: (text: string) => string) {
    this.#root = subexpressionOf(tree);
    this.#groupCount = tree.groupCount;
    this.#alphabet = new Alphabet(flags);
    this.#fold = fold;
    // So that all classes have their numbers.
    this.#automaton(this.#root);
  }

  /** Whether it matches somewhere, as far as that can be known without dividing. */
  mayMatch(text: string): boolean {
    return this.#firstEnding(text, 0) >= 0;
  }

  /** Where the match ends that ends first of those from a place on; -1: there is none. */
  #firstEnding(text: string, from: number): number {
    this.#search ??= new Automaton(
      {
        kind: 'sequence',
        items: [
          {
            kind: 'quantified',
            atom: { kind: 'character', source: '[^]', literal: null },
            min: 0,
            max: Infinity,
            preference: 'shorter',
          },
          this.#root.language,
        ],
      },
      this.#alphabet,
    );
    return this.#search.shortest(text, from, from, text.length);
  }

  /**
   * The first match at or after a place. Where references have refused what begins before, the empty match at the text's end is not looked
   * for, as in PostgreSQL.
   */
  find(text: string, from: number): Spans | null {
    let begin = from;
    do {
      const close = this.#firstEnding(text, begin);
      for (; begin <= close; begin = this.#after(text, begin)) {
        const spans = this.matchAt(text, begin);
        if (spans !== null) return spans;
      }
      if (close < 0) return null;
    } while (begin < text.length);
    return null;
  }

  /** The match that begins at a place. */
  matchAt(text: string, begin: number): Spans | null {
    const automaton = this.#automaton(this.#root);
    const isShort = prefersShort(this.#root);
    this.#text = text;
    for (let least = begin, most = text.length; least <= most; ) {
      const end = isShort ? automaton.shortest(text, begin, least, most) : automaton.longest(text, begin, most);
      if (end < 0) return null;
      this.#spans = new Array<number>(2 * this.#groupCount + 2).fill(-1);
      if (this.#divide(this.#root, begin, end)) {
        this.#spans[0] = begin;
        this.#spans[1] = end;
        return this.#spans;
      }
      if (isShort) least = this.#after(text, end);
      else if (end === begin) return null;
      else most = this.#before(end);
    }
    return null;
  }

  #automaton(part: Subexpression): Automaton {
    let automaton = this.#automata.get(part);
    if (automaton === undefined) {
      automaton = new Automaton(part.language, this.#alphabet);
      this.#automata.set(part, automaton);
    }
    return automaton;
  }

  #after(text: string, at: number): number {
    return at + ((text.charCodeAt(at) & 0xfc00) === 0xd800 ? 2 : 1);
  }

  #before(at: number): number {
    return at - ((this.#text.charCodeAt(at - 1) & 0xfc00) === 0xdc00 ? 2 : 1);
  }

  #forget(part: Subexpression): void {
    if (part.group > 0) this.#spans[2 * part.group] = this.#spans[2 * part.group + 1] = -1;
    if (part.kind === 'pair') {
      this.#forget(part.left);
      this.#forget(part.right);
    } else if (part.kind === 'choice') for (const branch of part.branches) this.#forget(branch);
    else if (part.kind === 'repeat' || part.kind === 'wrapped') this.#forget(part.child);
  }

  /** The automata allow the part to match this text; false only for what references refuse. */
  #divide(part: Subexpression, begin: number, end: number): boolean {
    if (!this.#divideInside(part, begin, end)) return false;
    if (part.group > 0) {
      this.#spans[2 * part.group] = begin;
      this.#spans[2 * part.group + 1] = end;
    }
    return true;
  }

  #divideInside(part: Subexpression, begin: number, end: number): boolean {
    switch (part.kind) {
      case 'whole':
        return true;
      case 'wrapped':
        return this.#divide(part.child, begin, end);
      case 'reference':
        return this.#divideReference(part, begin, end);
      case 'choice':
        return part.branches.some((branch) => {
          if (!this.#automaton(branch).matches(this.#text, begin, end)) return false;
          if (this.#divide(branch, begin, end)) return true;
          this.#forget(branch);
          return false;
        });
      case 'pair':
        return this.#dividePair(part.left, part.right, begin, end);
      case 'repeat':
        return this.#divideRepeat(part, begin, end);
    }
  }

  #dividePair(left: Subexpression, right: Subexpression, begin: number, end: number): boolean {
    const text = this.#text;
    const first = this.#automaton(left);
    const second = this.#automaton(right);
    const isShort = prefersShort(left);
    let middle = isShort ? first.shortest(text, begin, begin, end) : first.longest(text, begin, end);
    while (middle >= 0) {
      if (second.matches(text, middle, end) && this.#divide(left, begin, middle) && this.#divide(right, middle, end)) {
        return true;
      }
      if (middle === (isShort ? end : begin)) return false;
      middle = isShort
        ? first.shortest(text, begin, this.#after(text, middle), end)
        : first.longest(text, begin, this.#before(middle));
      this.#forget(left);
      this.#forget(right);
    }
    return false;
  }

  #divideReference(part: Subexpression & { kind: 'reference' }, begin: number, end: number): boolean {
    const from = this.#spans[2 * part.number];
    const to = this.#spans[2 * part.number + 1];
    if (from < 0) return false;
    if (from === to) return begin === end && part.min <= part.max;
    if (begin === end) return part.min === 0;
    const count = (end - begin) / (to - from);
    if (!Number.isInteger(count) || count < part.min || count > part.max) return false;
    const fold = this.#fold;
    return fold(this.#text.slice(begin, end)) === fold(this.#text.slice(from, to)).repeat(count);
  }

  /**
   * Ends of the single matches are found by the child's automaton from the left, each as far or as near as it prefers; where they do
   * not come out at the end, or one of them cannot be divided, the last of them is changed that can be. One that is empty is
   * taken only where the least count needs it.
   */
  #divideRepeat(part: Subexpression & { kind: 'repeat' }, begin: number, end: number): boolean {
    const { child } = part;
    if (part.min <= 0 && begin === end) {
      // Once, where that may be empty and is as long as it can be; otherwise not at all.
      const isOnce = !prefersShort(child) && this.#automaton(child).matches(this.#text, begin, end);
      if (!isOnce || !this.#divide(child, begin, end)) this.#forget(child);
      return true;
    }
    const least = Math.max(part.min, 1);
    const most = Math.max(least, Math.min(part.max, end - begin));
    const ends = [begin];
    /** Of these it is known that they can be divided. */
    let divided = 0;
    let next = this.#firstEnd(child, ends, least, end);
    for (;;) {
      const n = ends.length;
      const isUseful = next >= 0 && (next === end ? n >= least : n < most);
      if (isUseful) {
        ends.push(next);
        divided = Math.min(divided, n - 1);
        if (next !== end) {
          next = this.#firstEnd(child, ends, least, end);
          continue;
        }
        divided = this.#divideAll(child, ends, divided);
        if (divided === n) return true;
      } else if (next >= 0) ends.push(next);
      // Another end for the last of them, or for the one before.
      for (next = -1; next < 0; ) {
        const last = ends.pop() as number;
        if (ends.length === 0) return false;
        next = this.#otherEnd(child, ends, last, least, end);
      }
    }
  }

  /** How many of them can be divided, one after the other. */
  #divideAll(child: Subexpression, ends: readonly number[], divided: number): number {
    for (let i = divided + 1; i < ends.length; i++) {
      this.#forget(child);
      if (!this.#divide(child, ends[i - 1], ends[i])) return i - 1;
    }
    return ends.length - 1;
  }

  /** May the next one be empty? */
  #mayBeEmpty(ends: readonly number[], least: number, end: number): boolean {
    const n = ends.length;
    const begin = ends[n - 1];
    return begin === end || (n < least && least - n >= end - begin);
  }

  #firstEnd(child: Subexpression, ends: readonly number[], least: number, end: number): number {
    const begin = ends[ends.length - 1];
    const automaton = this.#automaton(child);
    const mayBeEmpty = this.#mayBeEmpty(ends, least, end);
    if (prefersShort(child)) {
      return automaton.shortest(this.#text, begin, mayBeEmpty ? begin : this.#after(this.#text, begin), end);
    }
    const found = automaton.longest(this.#text, begin, end);
    return found === begin && !mayBeEmpty ? -1 : found;
  }

  #otherEnd(child: Subexpression, ends: readonly number[], last: number, least: number, end: number): number {
    const begin = ends[ends.length - 1];
    const automaton = this.#automaton(child);
    if (prefersShort(child)) {
      return last >= end ? -1 : automaton.shortest(this.#text, begin, this.#after(this.#text, last), end);
    }
    if (last === begin) return -1;
    const stop = this.#before(last);
    const mayBeEmpty = this.#mayBeEmpty(ends, least, end);
    if (stop === begin && !mayBeEmpty) return -1;
    const found = automaton.longest(this.#text, begin, stop);
    return found === begin && !mayBeEmpty ? -1 : found;
  }
}
