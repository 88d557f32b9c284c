/**
 * Finite automata over parts of a pattern: how far a match that begins at a place reaches, at most or at least, in one pass over the
 * text whatever the pattern.
 *
 * A tree becomes an automaton with choices (Thompson's construction). It runs as a deterministic one whose states, sets of places
 * in it, are made when they are first met and kept. Characters are told apart only as far as the pattern does: by the set of its
 * character classes that hold them, their color. Constraints (^, \m, lookaheads) are looked at where the text stands.
 */
import { invalid } from './options.ts';
import { type RegexNode, TEXT_END, TEXT_START } from './tree.ts';

/** Places of an automaton; PostgreSQL, too, refuses what would be larger. */
const PLACES_MAX = 50_000;
/** States that are kept. */
const STATES_MAX = 300;

/** The character classes of a pattern, and which of them hold a character. */
export class Alphabet {
  readonly flags: string;
  readonly #classes: RegExp[] = [];
  readonly #numbers = new Map<string, number>();
  readonly #colors = new Map<string, number>();
  /** Colors of the first characters; -1: not asked for yet. */
  readonly ascii = new Int16Array(128).fill(-1);
  readonly #others = new Map<number, number>();
  /** By color: is the class of that number among its own? */
  readonly members: boolean[][] = [];

  constructor(flags: string) {
    this.flags = flags;
  }

  /** All classes are named before the first character is asked for. */
  classNumber(source: string): number {
    let number = this.#numbers.get(source);
    if (number === undefined) {
      number = this.#classes.length;
      this.#numbers.set(source, number);
      this.#classes.push(new RegExp(`^${source}$`, this.flags));
      // Colors that are known do not tell of it.
      this.#colors.clear();
      this.ascii.fill(-1);
      this.#others.clear();
    }
    return number;
  }

  color(codePoint: number): number {
    const known = codePoint < 128 ? this.ascii[codePoint] : (this.#others.get(codePoint) ?? -1);
    if (known >= 0) return known;
    const character = String.fromCodePoint(codePoint);
    const members = this.#classes.map((one) => one.test(character));
    const key = members.map((is) => (is ? '1' : '0')).join('');
    let color = this.#colors.get(key);
    if (color === undefined) {
      color = this.members.length;
      this.members.push(members);
      this.#colors.set(key, color);
    }
    if (codePoint < 128) this.ascii[codePoint] = color;
    else this.#others.set(codePoint, color);
    return color;
  }
}

const ACCEPT = 0;
const CHARACTER = 1;
const FORK = 2;
const CONSTRAINT = 3;

/** `argument`: the class or constraint. */
interface Place {
  readonly kind: number;
  readonly argument: number;
  next: readonly number[];
}

/** Where characters lead from, once it is known which constraints hold. */
interface Closed {
  readonly accepts: boolean;
  readonly characters: readonly Place[];
  readonly next: (State | null | undefined)[];
}

interface State {
  readonly places: readonly number[];
  /** Constraints that may be met before the next character. */
  readonly constraints: readonly number[];
  readonly closed: Map<string | number, Closed>;
  /** Where there are none. */
  only: Closed | null;
  /** Away from both ends of the text, where all constraints are about these. */
  inside: Closed | null;
}

export class Automaton {
  readonly #alphabet: Alphabet;
  readonly #places: Place[] = [];
  readonly #constraints: string[] = [];
  readonly #tests: (RegExp | null)[] = [];
  readonly #states = new Map<string, State>();
  readonly #start: State;

  constructor(language: RegexNode, alphabet: Alphabet) {
    this.#alphabet = alphabet;
    const accept = this.#place(ACCEPT, 0, []);
    const start = this.#build(language, accept);
    this.#start = this.#state([start]);
  }

  /** The end of the longest match of text[begin..] that ends at `stop` or before; -1: none. */
  longest(text: string, begin: number, stop: number): number {
    let state: State | null = this.#start;
    let last = -1;
    const { ascii } = this.#alphabet;
    for (let at = begin; ; ) {
      const closed: Closed = state.only ?? this.#close(state, text, at);
      if (closed.accepts) last = at;
      if (at >= stop) return last;
      const unit = text.charCodeAt(at);
      let color = unit < 128 ? ascii[unit] : -1;
      if (color >= 0) at++;
      else {
        const codePoint = text.codePointAt(at) as number;
        at += codePoint > 0xffff ? 2 : 1;
        if (at > stop) return last;
        color = this.#alphabet.color(codePoint);
      }
      const next: State | null | undefined = closed.next[color];
      state = next === undefined ? this.#step(closed, color) : next;
      if (state === null) return last;
    }
  }

  /** The end of the shortest match of text[begin..] that ends at `least` or behind, up to `stop`; -1: none. */
  shortest(text: string, begin: number, least: number, stop: number): number {
    let state: State | null = this.#start;
    const { ascii } = this.#alphabet;
    for (let at = begin; ; ) {
      const closed: Closed = state.only ?? this.#close(state, text, at);
      if (closed.accepts && at >= least) return at;
      if (at >= stop) return -1;
      const unit = text.charCodeAt(at);
      let color = unit < 128 ? ascii[unit] : -1;
      if (color >= 0) at++;
      else {
        const codePoint = text.codePointAt(at) as number;
        at += codePoint > 0xffff ? 2 : 1;
        if (at > stop) return -1;
        color = this.#alphabet.color(codePoint);
      }
      const next: State | null | undefined = closed.next[color];
      state = next === undefined ? this.#step(closed, color) : next;
      if (state === null) return -1;
    }
  }

  matches(text: string, begin: number, end: number): boolean {
    return this.longest(text, begin, end) === end;
  }

  // ---------------------------------------------------------------------------------------------------------------- states

  #state(places: readonly number[]): State {
    const key = places.join();
    const known = this.#states.get(key);
    if (known !== undefined) return known;
    if (this.#states.size >= STATES_MAX) this.#states.clear();
    const constraints = new Set<number>();
    this.#closure(places, (constraint) => {
      constraints.add(constraint);
      return true;
    });
    const state: State = { places, constraints: [...constraints], closed: new Map(), only: null, inside: null };
    if (constraints.size === 0) state.only = this.#closedOf(places, () => true);
    else if ([...constraints].every((constraint) => this.#isAboutEnds(constraint))) {
      state.inside = this.#closedOf(places, () => false);
    }
    this.#states.set(key, state);
    return state;
  }

  #close(state: State, text: string, at: number): Closed {
    const { constraints, inside } = state;
    if (inside !== null && at > 0 && at < text.length) return inside;
    let key: string | number = 0;
    if (constraints.length <= 30) {
      for (let i = 0; i < constraints.length; i++) if (this.#holds(constraints[i], text, at)) key |= 1 << i;
    } else key = constraints.map((constraint) => (this.#holds(constraint, text, at) ? '1' : '0')).join('');
    let closed = state.closed.get(key);
    if (closed === undefined) {
      const holds = new Set(constraints.filter((constraint) => this.#holds(constraint, text, at)));
      closed = this.#closedOf(state.places, (constraint) => holds.has(constraint));
      state.closed.set(key, closed);
    }
    return closed;
  }

  #closedOf(places: readonly number[], holds: (constraint: number) => boolean): Closed {
    const reached = this.#closure(places, holds);
    return {
      accepts: reached.some((place) => place.kind === ACCEPT),
      characters: reached.filter((place) => place.kind === CHARACTER),
      next: [],
    };
  }

  #closure(places: readonly number[], holds: (constraint: number) => boolean): Place[] {
    const seen = new Set<number>(places);
    const reached: Place[] = [];
    const waiting = [...places];
    for (let number = waiting.pop(); number !== undefined; number = waiting.pop()) {
      const place = this.#places[number];
      reached.push(place);
      if (place.kind !== FORK && !(place.kind === CONSTRAINT && holds(place.argument))) continue;
      for (const next of place.next) {
        if (seen.has(next)) continue;
        seen.add(next);
        waiting.push(next);
      }
    }
    return reached;
  }

  #step(closed: Closed, color: number): State | null {
    const members = this.#alphabet.members[color];
    const places = new Set<number>();
    for (const { argument, next } of closed.characters) if (members[argument]) places.add(next[0]);
    const state = places.size === 0 ? null : this.#state([...places].sort((a, b) => a - b));
    closed.next[color] = state;
    return state;
  }

  #isAboutEnds(constraint: number): boolean {
    const source = this.#constraints[constraint];
    return source === TEXT_START || source === TEXT_END;
  }

  #holds(constraint: number, text: string, at: number): boolean {
    const source = this.#constraints[constraint];
    if (source === TEXT_START) return at === 0;
    if (source === TEXT_END) return at === text.length;
    const test = (this.#tests[constraint] ??= new RegExp(source, `${this.#alphabet.flags}y`));
    test.lastIndex = at;
    return test.test(text);
  }

  // --------------------------------------------------------------------------------------------------------------- building

  #place(kind: number, argument: number, next: readonly number[]): number {
    if (this.#places.length >= PLACES_MAX) throw invalid('regular expression is too complex');
    return this.#places.push({ kind, argument, next }) - 1;
  }

  /** Built from its end: answers where it begins. */
  #build(node: RegexNode, next: number): number {
    switch (node.kind) {
      case 'character':
        return this.#place(CHARACTER, this.#alphabet.classNumber(node.source), [next]);
      case 'constraint': {
        let number = this.#constraints.indexOf(node.source);
        if (number < 0) number = this.#constraints.push(node.source) - 1;
        return this.#place(CONSTRAINT, number, [next]);
      }
      case 'group':
        return this.#build(node.body, next);
      case 'sequence':
        return node.items.reduceRight((after, item) => this.#build(item, after), next);
      case 'branches':
        return this.#place(
          FORK,
          0,
          node.branches.map((branch) => this.#build(branch, next)),
        );
      case 'quantified':
        return this.#buildRepeated(node.atom, node.min, node.max, next);
      case 'reference':
        throw new Error('a reference is no language');
    }
  }

  #buildRepeated(atom: RegexNode, min: number, max: number, next: number): number {
    let start = next;
    if (max === Infinity) {
      const loop = this.#place(FORK, 0, []);
      this.#places[loop].next = [this.#build(atom, loop), next];
      start = loop;
    } else for (let n = min; n < max; n++) start = this.#place(FORK, 0, [this.#build(atom, start), next]);
    for (let n = 0; n < min; n++) start = this.#build(atom, start);
    return start;
  }
}
