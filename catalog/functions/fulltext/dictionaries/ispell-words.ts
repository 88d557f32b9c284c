/** The words of an Ispell dictionary with their flags. */
import { toLower } from '../../../../types/index.ts';
import { linesOf } from '../files.ts';
import { type Affixes, COMPOUND_ANY, COMPOUND_ONLY } from './ispell-affixes.ts';

/** A set of flags, which many words have. */
export interface FlagSet {
  readonly flags: ReadonlySet<string>;
  /** What they say of compounds. */
  readonly meaning: number;
}

const COMPOUND_MASK = COMPOUND_ONLY | COMPOUND_ANY;

export class WordList {
  /** In order, each once. */
  readonly #words: string[] = [];
  readonly #sets: FlagSet[] = [];
  readonly #used = new Set<string>();

  constructor(text: string, affixes: Affixes) {
    const sets = new Map<string, FlagSet>();
    const setOf = (written: string): FlagSet => {
      let set = sets.get(written);
      if (set === undefined) {
        const flags = new Set(affixes.flagsOf(affixes.aliasedOfWord(written)));
        for (const flag of flags) this.#used.add(flag);
        set = { flags, meaning: compoundMeaning(affixes, flags) };
        sets.set(written, set);
      }
      return set;
    };
    // A set with a number counts as used, whether a word has it or not.
    for (const alias of affixes.aliases ?? []) for (const flag of affixes.flagsOf(alias)) this.#used.add(flag);
    const read = linesOf(text).map((line): [string, FlagSet] => {
      const slash = line.indexOf('/');
      const word = slash < 0 ? line : line.slice(0, slash);
      const flags = slash < 0 ? '' : (/^[\x21-\x7e]*/.exec(line.slice(slash + 1)) as RegExpExecArray)[0];
      return [toLower(word.split(/\s/u)[0]), setOf(flags)];
    });
    read.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
    for (const [word, set] of read) {
      const last = this.#words.length - 1;
      if (word === '') continue;
      if (last < 0 || this.#words[last] !== word) {
        this.#words.push(word);
        this.#sets.push(set);
      } else if (this.#sets[last] !== set) this.#sets[last] = united(affixes, this.#sets[last], set);
    }
  }

  /** A rule of the flag may be met. */
  usesFlag(flag: string): boolean {
    return this.#used.has(flag);
  }

  get length(): number {
    return this.#words.length;
  }

  find(word: string): FlagSet | undefined {
    const at = this.#firstFrom(word, 0, this.#words.length);
    return this.#words[at] === word ? this.#sets[at] : undefined;
  }

  /** Of words from..to, which begin alike up to `level`: those with this character there, as a range; null: there are none. */
  narrow(from: number, to: number, prefix: string): readonly [from: number, to: number] | null {
    const first = this.#firstFrom(prefix, from, to);
    const last = this.#firstFrom(`${prefix}\uffff`, first, to);
    return first < last ? [first, last] : null;
  }

  #firstFrom(word: string, from: number, to: number): number {
    let low = from;
    let high = to;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#words[middle] < word) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** A word of narrow()'s range that is the prefix itself. */
  at(index: number, word: string): FlagSet | undefined {
    return this.#words[index] === word ? this.#sets[index] : undefined;
  }
}

/** What only stands in compounds stands anywhere in them, unless something else is said. */
function compoundMeaning(affixes: Affixes, flags: ReadonlySet<string>): number {
  const meaning = affixes.meaningOf(flags) & COMPOUND_MASK;
  return (meaning & COMPOUND_ONLY) !== 0 && (meaning & COMPOUND_ANY) === 0 ? meaning | COMPOUND_ANY : meaning;
}

/** Of a word that is there twice. It stands alone when one of them does. */
function united(affixes: Affixes, a: FlagSet, b: FlagSet): FlagSet {
  const flags = new Set([...a.flags, ...b.flags]);
  const meaning = compoundMeaning(affixes, flags);
  const isOnly = (a.meaning & b.meaning & COMPOUND_ONLY) !== 0;
  return { flags, meaning: isOnly ? meaning : meaning & ~COMPOUND_ONLY };
}
