/**
 * Compounds: all ways in which a word is words one after the other, as far as their flags allow, with affixes between them (Norwegian
 * fotball-s-klubb). After: PostgreSQL, tsearch/spell.c, SplitToVariants().
 */
import { Buffer } from 'node:buffer';
import type { Ispell, Place } from './ispell.ts';
import { type AffixRule, COMPOUND_ANY, COMPOUND_BEGIN, COMPOUND_LAST, COMPOUND_MIDDLE } from './ispell-affixes.ts';

/** What may stand between two words. */
interface Joint {
  readonly text: string;
  /** A suffix belongs to the word before it, a prefix to the one behind it. */
  readonly isSuffix: boolean;
}

/** Longer parts are no words. */
const PART_LENGTH_MAX = 256;

/** A range of the word list: those that begin like the part being read; null: none does. */
type Range = readonly [from: number, to: number] | null;

export class Compounds {
  readonly #dictionary: Ispell;
  readonly #joints: readonly Joint[];

  constructor(dictionary: Ispell, rules: readonly AffixRule[]) {
    this.#dictionary = dictionary;
    this.#joints = jointsOf(rules.filter((rule) => dictionary.words.usesFlag(rule.flag)));
  }

  /** The parts of each way; the last part as it stands in the word, those before it by the words that they are forms of. */
  split(word: string): string[][] {
    return this.#split(word, null, [], 0, -1);
  }

  /**
   * `begun`: the words that begin like the part from `start` up to `shortest`, where it goes on; null: it begins at `start`. Words end
   * behind `shortest`.
   */
  #split(
    word: string,
    begun: { readonly range: Range } | null,
    before: readonly string[],
    start: number,
    shortest: number,
  ): string[][] {
    const { words } = this.#dictionary;
    const whole: Range = [0, words.length];
    const parts = [...before];
    const others: string[][] = [];
    /** Ends of parts that have been tried. */
    const tried = new Set<number>();
    let range: Range = begun === null ? whole : begun.range;
    let partStart = start;
    let level = begun === null ? start : shortest;
    while (level < word.length) {
      if (level > partStart)
        this.#tryJoints(word, { parts, partStart, level, shortest, isWord: range !== null }, tried, others);
      if (range === null) break;
      const part = word.slice(partStart, level + 1);
      const wider: Range = range;
      range = words.narrow(wider[0], wider[1], part);
      const set = range === null ? undefined : words.at(range[0], part);
      const place = partStart === 0 ? COMPOUND_BEGIN : level === word.length - 1 ? COMPOUND_LAST : COMPOUND_MIDDLE;
      if (set !== undefined && (set.meaning & place) !== 0 && !tried.has(level) && level > shortest) {
        if (level + 1 === word.length) {
          parts.push(part);
          return [parts, ...others];
        }
        // A longer word may begin here, too.
        others.push(...this.#split(word, { range: wider }, parts, partStart, level));
        parts.push(part);
        level++;
        partStart = level;
        range = whole;
        continue;
      }
      level++;
    }
    parts.push(word.slice(partStart));
    return [parts, ...others];
  }

  /** A part that ends in a joint here, or that a joint follows, and whatever may come behind it. */
  #tryJoints(
    word: string,
    at: {
      readonly parts: readonly string[];
      readonly partStart: number;
      readonly level: number;
      readonly shortest: number;
      readonly isWord: boolean;
    },
    tried: Set<number>,
    others: string[][],
  ): void {
    const { parts, partStart, level, shortest, isWord } = at;
    for (const { text, isSuffix } of this.#joints) {
      if (word.length - level <= text.length) continue;
      const found = isWord ? (word.startsWith(text, level) ? level : -1) : word.indexOf(text, level);
      if (found < 0) continue;
      const length = level - partStart + (isSuffix ? text.length + (found - level) : 0);
      const end = partStart + length;
      if (tried.has(end - 1) || level + length - 1 <= shortest || length >= PART_LENGTH_MAX) continue;
      const place: Place = level === word.length - 1 ? COMPOUND_LAST : COMPOUND_MIDDLE;
      const bases = this.#dictionary.bases(word.slice(partStart, end), place);
      if (bases.length === 0) continue;
      tried.add(end - 1);
      others.push(...this.#split(word, null, [...parts, ...bases], end, end));
    }
  }
}

function reversed(text: string): Buffer {
  return Buffer.from(text, 'utf8').reverse();
}

/** The affixes of rules that say something of compounds: prefixes, then suffixes, the shortest of those that end alike. */
function jointsOf(rules: readonly AffixRule[]): Joint[] {
  const ofCompounds = rules.filter(({ meaning, added }) => (meaning & COMPOUND_ANY) !== 0 && added !== '');
  const prefixes = ofCompounds.filter(({ isSuffix }) => !isSuffix);
  const suffixes = ofCompounds.filter(({ isSuffix }) => isSuffix);
  prefixes.sort((a, b) => Buffer.compare(Buffer.from(a.added, 'utf8'), Buffer.from(b.added, 'utf8')));
  suffixes.sort((a, b) => Buffer.compare(reversed(a.added), reversed(b.added)));
  const joints: Joint[] = [];
  for (const { added, isSuffix } of [...prefixes, ...suffixes]) {
    const last = joints.at(-1);
    if (last?.isSuffix !== isSuffix || !added.endsWith(last.text)) joints.push({ text: added, isSuffix });
  }
  return joints;
}
