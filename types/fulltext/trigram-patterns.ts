/**
 * Which trigrams a text must have to match a LIKE pattern or a regular expression: what an index over trigrams can find by.
 * Conservative: a text that matches always has them; one that has them need not match.
 */
import { toLower } from '../letter-case.ts';
import { trigramsOf, trigramsOfSubstring } from './trigram.ts';

export type TrigramExpression =
  | { readonly kind: 'trigram'; readonly trigram: number }
  | { readonly kind: 'and' | 'or'; readonly parts: readonly TrigramExpression[] }
  /** Nothing is known: every text may match. */
  | { readonly kind: 'all' };

const ALL: TrigramExpression = { kind: 'all' };

/** More alternatives than these are no longer kept apart. */
const ALTERNATIVES_MAX = 16;

function allOf(parts: readonly TrigramExpression[]): TrigramExpression {
  const known = parts.filter(({ kind }) => kind !== 'all');
  if (known.length === 0) return ALL;
  return known.length === 1 ? known[0] : { kind: 'and', parts: known };
}

function anyOf(parts: readonly TrigramExpression[]): TrigramExpression {
  if (parts.length === 0 || parts.some(({ kind }) => kind === 'all')) return ALL;
  return parts.length === 1 ? parts[0] : { kind: 'or', parts };
}

function trigramsExpression(trigrams: readonly number[]): TrigramExpression {
  return allOf(trigrams.map((trigram) => ({ kind: 'trigram', trigram })));
}

/** For `column % text`, where thresholds decide how many of them: the text's trigrams. */
export function similarityTrigrams(text: string): number[] {
  return trigramsOf(text);
}

/** LIKE and ILIKE: backslash escapes the next character. */
export function likeTrigrams(pattern: string): TrigramExpression {
  const trigrams = new Set<number>();
  let part = '';
  let startsText = true;
  const flush = (endsText: boolean): void => {
    for (const trigram of trigramsOfSubstring(part, startsText, endsText)) trigrams.add(trigram);
    part = '';
    startsText = false;
  };
  for (let i = 0; i < pattern.length; i++) {
    const character = pattern[i];
    if (character === '%' || character === '_') flush(false);
    else if (character === '\\' && i + 1 < pattern.length) part += pattern[++i];
    else part += character;
  }
  flush(true);
  return trigramsExpression([...trigrams]);
}

/** What is known of the texts that a part of an expression matches. */
interface Known {
  /** All texts that it matches, when they are few; null: many. */
  readonly exact: readonly string[] | null;
  /** What any text around it must have. */
  readonly required: TrigramExpression;
}

const ANYTHING: Known = { exact: null, required: ALL };
const NOTHING: Known = { exact: [''], required: ALL };

/** The trigrams that a text around one of these has. */
function requiredOf(known: Known): TrigramExpression {
  if (known.exact === null) return known.required;
  const parts = known.exact.map((text) => trigramsExpression(trigramsOfSubstring(text, false, false)));
  return allOf([anyOf(parts), known.required]);
}

function concatenate(left: Known, right: Known): Known {
  if (left.exact !== null && right.exact !== null && left.exact.length * right.exact.length <= ALTERNATIVES_MAX) {
    const exact = left.exact.flatMap((a) => (right.exact as string[]).map((b) => a + b));
    return { exact, required: allOf([left.required, right.required]) };
  }
  return { exact: null, required: allOf([requiredOf(left), requiredOf(right)]) };
}

/** Several parts after another. Runs of known text are joined, also where they end at something unknown. */
function concatenateAll(parts: readonly Known[]): Known {
  let whole: Known = NOTHING;
  const required: TrigramExpression[] = [];
  let isExact = true;
  for (const part of parts) {
    if (part.exact === null) {
      required.push(requiredOf(whole), part.required);
      whole = NOTHING;
      isExact = false;
      continue;
    }
    const joined = concatenate(whole, part);
    if (joined.exact === null) {
      required.push(requiredOf(whole));
      whole = part;
      isExact = false;
    } else whole = joined;
  }
  if (isExact) return whole;
  return { exact: null, required: allOf([...required, requiredOf(whole)]) };
}

function alternate(branches: readonly Known[]): Known {
  const total = branches.reduce((count, { exact }) => count + (exact?.length ?? Infinity), 0);
  if (total <= ALTERNATIVES_MAX && branches.every(({ required }) => required.kind === 'all')) {
    return { exact: branches.flatMap(({ exact }) => exact as string[]), required: ALL };
  }
  return { exact: null, required: anyOf(branches.map(requiredOf)) };
}

/** Thrown where an expression has something that is not looked into. */
class Unknown extends Error {}

const SPECIAL = new Set('.[]()*+?{}|^$\\');

/** A small reader of advanced regular expressions: what it does not know it gives up on, and then all texts may match. */
class PatternReader {
  readonly #pattern: string;
  readonly #ignoreCase: boolean;
  #at = 0;

  constructor(pattern: string, ignoreCase: boolean) {
    this.#pattern = pattern;
    this.#ignoreCase = ignoreCase;
  }

  read(): Known {
    const known = this.#branches();
    if (this.#at < this.#pattern.length) throw new Unknown();
    return known;
  }

  #branches(): Known {
    const branches = [this.#sequence()];
    while (this.#pattern[this.#at] === '|') {
      this.#at++;
      branches.push(this.#sequence());
    }
    return branches.length === 1 ? branches[0] : alternate(branches);
  }

  #sequence(): Known {
    const parts: Known[] = [];
    while (this.#at < this.#pattern.length) {
      const next = this.#pattern[this.#at];
      if (next === '|' || next === ')') break;
      parts.push(this.#quantified(this.#atom()));
    }
    return concatenateAll(parts);
  }

  #quantified(atom: Known): Known {
    const next = this.#pattern[this.#at];
    let known = atom;
    if (next === '*' || next === '?') {
      this.#at++;
      known = ANYTHING;
      if (next === '?' && atom.exact !== null) known = alternate([NOTHING, atom]);
    } else if (next === '+') {
      this.#at++;
      known = { exact: null, required: requiredOf(atom) };
    } else if (next === '{') {
      const bound = /^\{(\d+)(,(\d*))?\}/.exec(this.#pattern.slice(this.#at));
      if (bound === null) throw new Unknown();
      this.#at += bound[0].length;
      if (Number(bound[1]) === 0) known = ANYTHING;
      else if (!(bound[1] === '1' && (bound[2] === undefined || bound[3] === '1'))) {
        known = { exact: null, required: requiredOf(atom) };
      }
    } else return atom;
    if (this.#pattern[this.#at] === '?') this.#at++;
    if ('*+?{'.includes(this.#pattern[this.#at] ?? ' ')) throw new Unknown();
    return known;
  }

  #atom(): Known {
    const character = String.fromCodePoint(this.#pattern.codePointAt(this.#at) as number);
    this.#at += character.length;
    switch (character) {
      case '.':
        return ANYTHING;
      case '^':
      case '$':
        return NOTHING;
      case '(':
        return this.#group();
      case '[':
        return this.#bracket();
      case '\\':
        return this.#escape();
      default:
        if (SPECIAL.has(character)) throw new Unknown();
        return this.#character(character);
    }
  }

  /** Case folding knows more equals than lower case does: of ASCII letters only s has one, the long s. */
  #character(character: string): Known {
    const lower = toLower(character);
    if (this.#ignoreCase && character > '\x7f') return ANYTHING;
    return { exact: this.#ignoreCase && lower === 's' ? ['s', 'ſ'] : [lower], required: ALL };
  }

  #group(): Known {
    if (this.#pattern[this.#at] === '?') {
      if (this.#pattern[this.#at + 1] !== ':') throw new Unknown();
      this.#at += 2;
    }
    const body = this.#branches();
    if (this.#pattern[this.#at++] !== ')') throw new Unknown();
    return body;
  }

  /** Few plain characters are kept apart; ranges and classes may be anything. */
  #bracket(): Known {
    let isPlain = true;
    if (this.#pattern[this.#at] === '^') {
      isPlain = false;
      this.#at++;
    }
    const start = this.#at;
    if (this.#pattern[this.#at] === ']') this.#at++;
    for (; this.#pattern[this.#at] !== ']'; this.#at++) {
      const character = this.#pattern[this.#at];
      if (character === undefined) throw new Unknown();
      if (character === '\\') this.#at++;
      if (character === '[' && ':.='.includes(this.#pattern[this.#at + 1] ?? ' ')) {
        const kind = this.#pattern[this.#at + 1];
        const end = this.#pattern.indexOf(`${kind}]`, this.#at + 2);
        if (end < 0) throw new Unknown();
        this.#at = end + 1;
        isPlain = false;
      } else if (character === '\\' || character === '-') isPlain = false;
    }
    const inside = Array.from(this.#pattern.slice(start, this.#at++));
    if (!isPlain || inside.length > ALTERNATIVES_MAX) return ANYTHING;
    return alternate(inside.map((character) => this.#character(character)));
  }

  #escape(): Known {
    const character = this.#pattern[this.#at++];
    if (character === undefined) throw new Unknown();
    if ('mMyYAZ'.includes(character)) return NOTHING;
    if ('dDsSwW'.includes(character)) return ANYTHING;
    if (/[A-Za-z0-9]/.test(character)) throw new Unknown();
    return { exact: [character], required: ALL };
  }
}

/** Regular expressions; `ignoreCase` for ~*. */
export function regexTrigrams(pattern: string, ignoreCase = false): TrigramExpression {
  // Embedded options and directors change what the rest means.
  if (pattern.startsWith('***') || pattern.startsWith('(?')) return ALL;
  try {
    return requiredOf(new PatternReader(pattern, ignoreCase).read());
  } catch (error) {
    if (error instanceof Unknown) return ALL;
    throw error;
  }
}
