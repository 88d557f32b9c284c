/**
 * Classes of texts under a nondeterministic collation: a text for each class of texts that the collation calls equal, for keys of
 * indexes. Equal texts have the same class; texts of one class need not be equal (they may differ in accents), so whoever finds a
 * row by its class compares its text.
 *
 * Intl.Collator compares, and has no sort keys. But what is found out about a text by nothing but comparisons with texts that do not
 * depend on it is the same for all that are equal to it, whatever the language's contractions, expansions and ignorable characters.
 * So the class is searched for, unit by unit, under the collation's base letters alone (accents and case left out):
 *
 *      units     c1 < c2 < ...                 one character for each base letter; pairs and triples that a language sorts as one
 *      step      prefix + the greatest unit such that the two are not above the text
 *      end       the prefix equals the text; or the text does not begin with the prefix (a letter that is not among the units), or it is long
 *
 * Invariants
 *  1. What depends on the text's characters changes how fast a unit is found, not which: behind a prefix where units may join with what
 *     stands before, the search is the same for all texts.
 *  2. Texts of ASCII characters, where none joins with the next one, are made of their characters' units without a search: the
 *     greatest unit is the first one's, since whatever is above it is above all texts that begin with it.
 *
 * Cost: 1 us for an e-mail address in ASCII, else 3 comparisons a character, 17 where that does not stand for itself; 50 ms for a collation's units, when they are first needed.
 */
import { parseIcuLocale } from './collation.ts';

/** Class texts end here: what is longer differs rarely only behind it. */
const UNITS_MAX = 256;
/** Sorts above every character, in every language (CLDR, root collation). */
const ABOVE_ALL = '\uffff';

type Compare = (a: string, b: string) => number;

export type ClassOf = (text: string) => string;

const known = new Map<string, ClassOf>();

/** What tells a text's class under an ICU locale's collation. */
export function collationClasses(locale: string): ClassOf {
  let classOf = known.get(locale);
  if (classOf === undefined) {
    const { tag, options } = parseIcuLocale(locale);
    const { compare } = new Intl.Collator(tag, { ...options, sensitivity: 'base' });
    let classes: CollationClasses | null = null;
    classOf = (text) => {
      classes ??= new CollationClasses(compare, options.numeric === true);
      return classes.of(text);
    };
    known.set(locale, classOf);
  }
  return classOf;
}

class CollationClasses {
  readonly #compare: Compare;
  readonly #isNumeric: boolean;
  readonly #units: readonly string[];
  /** Those that may follow a number: another digit would be one of its own. */
  readonly #unitsAfterNumber: readonly string[];
  /** By character; at most one for each of Unicode's. */
  readonly #places = new Map<string, number>();
  /** Units of the ASCII characters, empty for ignorable ones. */
  readonly #ofAscii: readonly string[];
  /** Pairs and triples that are units, and the characters of which they are made. */
  readonly #contractions: ReadonlySet<string>;
  readonly #joining: ReadonlySet<string>;

  constructor(compare: Compare, isNumeric: boolean) {
    this.#compare = compare;
    this.#isNumeric = isNumeric;
    const letters = baseLetters(compare);
    const contractions = contractionsOf(compare, letters);
    this.#units = sortedClasses(compare, [...letters, ...contractions]);
    this.#unitsAfterNumber = isNumeric ? this.#units.filter((unit) => !/^\p{Nd}/u.test(unit)) : this.#units;
    this.#contractions = new Set(contractions);
    this.#joining = new Set(contractions.flatMap((joined) => [...joined]));
    this.#ofAscii = this.#asciiUnits();
  }

  of(text: string): string {
    return this.#ofPlain(text) ?? this.#search(text);
  }

  #asciiUnits(): string[] {
    const units: string[] = [];
    for (let code = 0; code < 128; code++) {
      const char = String.fromCharCode(code);
      const place = this.#placeOf(char);
      units.push(place < 0 || this.#compare(this.#units[place], char) !== 0 ? '' : this.#units[place]);
    }
    return units;
  }

  /** Of ASCII text, where each character stands for itself; undefined: it must be searched for. */
  #ofPlain(text: string): string | undefined {
    const units = this.#ofAscii;
    let result = '';
    let last = '';
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i);
      if (code >= 128 || (this.#isNumeric && code >= 48 && code < 58)) return undefined;
      const unit = units[code];
      if (unit === '') continue;
      if (this.#joining.has(unit) && this.#contractions.has(last + unit)) return undefined;
      result += unit;
      last = unit;
    }
    if (this.#compare(result, text) !== 0) return undefined;
    return result.length > UNITS_MAX ? result.slice(0, UNITS_MAX) : result;
  }

  #search(text: string): string {
    let result = '';
    let at = 0;
    let mayBeDigit = true;
    for (let count = 0; count < UNITS_MAX && this.#compare(result, text) !== 0; count++) {
      const guess: number = mayBeDigit && this.#isInOrderAfter(result) ? this.#placeOf(text.charAt(at)) : -1;
      at++;
      const units: readonly string[] = mayBeDigit ? this.#units : this.#unitsAfterNumber;
      const unit: string | undefined =
        units[this.#isGreatest(guess, result, text) ? guess : this.#greatest(units, result, text)];
      if (unit === undefined) return result;
      const isNumber: boolean = this.#isNumeric && /^[0-9]/.test(unit);
      result += isNumber ? this.#number(result, text) : unit;
      mayBeDigit = !isNumber;
      if (this.#compare(result + ABOVE_ALL, text) < 0) return result;
    }
    return result;
  }

  /** Whether units sort behind the prefix as they do alone, so that it does not matter how the greatest is searched for. */
  #isInOrderAfter(prefix: string): boolean {
    const last = prefix.charAt(prefix.length - 1);
    return prefix === '' || (last < '\x80' && !this.#joining.has(last));
  }

  /** Place of a character's unit: a guess for where the character stands. */
  #placeOf(char: string): number {
    let place = this.#places.get(char);
    if (place === undefined) {
      place = char === '' ? -1 : this.#greatest(this.#units, '', char);
      this.#places.set(char, place);
    }
    return place;
  }

  /** Whether the unit is the one that a search would find. */
  #isGreatest(place: number, prefix: string, text: string): boolean {
    if (place < 0 || this.#compare(prefix + this.#units[place], text) > 0) return false;
    return place + 1 === this.#units.length || this.#compare(prefix + this.#units[place + 1], text) > 0;
  }

  /** Place of the greatest unit such that the prefix and it are not above the text; -1: none. */
  #greatest(units: readonly string[], prefix: string, text: string): number {
    let low = 0;
    let high = units.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#compare(prefix + units[middle], text) <= 0) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }

  /** The greatest number that is not above the text, where digits are compared by their value. */
  #number(prefix: string, text: string): string {
    let zeros = '';
    while (zeros.length < UNITS_MAX && this.#compare(`${prefix}1${zeros}0`, text) <= 0) zeros += '0';
    let digits = '';
    for (let rest = zeros; ; rest = rest.slice(1)) {
      let digit = 9;
      while (digit > 0 && this.#compare(prefix + digits + digit + rest, text) > 0) digit--;
      digits += digit;
      if (rest === '') return digits;
    }
  }
}

/** One character for each base letter, in their order. Characters that stand for several letters are left out, and ignorable ones. */
function baseLetters(compare: Compare): string[] {
  const chars: string[] = [];
  const assigned = /\p{Assigned}/u;
  const add = (from: number, to: number): void => {
    for (let code = from; code < to; code++) {
      const char = String.fromCodePoint(code);
      if (assigned.test(char) && compare(char, '') > 0) chars.push(char);
    }
  };
  // Without surrogates and private use; Hangul syllables are made of jamo.
  add(0x1, 0xac00);
  add(0xf900, 0xfffe);
  add(0x1f000, 0x1fb00);
  return sortedClasses(compare, chars);
}

/** In order; of equal ones the first by code, and none that begins with another. */
function sortedClasses(compare: Compare, texts: readonly string[]): string[] {
  const sorted = [...texts].sort((a, b) => compare(a, b) || a.length - b.length || (a < b ? -1 : 1));
  const result: string[] = [];
  let last = '';
  for (const text of sorted) {
    if (last !== '' && compare(last + ABOVE_ALL, text) > 0) continue;
    result.push(text);
    last = text;
  }
  return result;
}

/** Latin letters that sort as one where they follow each other: Czech ch, Hungarian dz and dzs. */
function contractionsOf(compare: Compare, letters: readonly string[]): string[] {
  const ascii = letters.filter((letter) => letter < '\x80');
  const latin = letters.filter((letter) => letter < '\u0300' || (letter >= '\u1e00' && letter < '\u2070'));
  const isOne = (first: string, second: string): boolean =>
    compare(first, first + second) >= 0 || compare(first + second, first + ABOVE_ALL) >= 0;
  const pairs = ascii.flatMap((a) => latin.filter((b) => isOne(a, b)).map((b) => a + b));
  return [...pairs, ...pairs.flatMap((pair) => ascii.filter((c) => isOne(pair, c)).map((c) => pair + c))];
}
