/** Characters and their classes, as JavaScript's source (flag u) for them. */
import { foldsInSource, type Letters, type RegexOptions } from './options.ts';

/** What depends on which characters are letters. */
export interface CharacterSet {
  /** The classes \w, \s and [:name:], as the insides of brackets. */
  readonly word: string;
  readonly space: string;
  readonly classes: Readonly<Record<string, string>>;
  /** \D, \S and \W inside brackets, where JavaScript has no nested negation. */
  readonly negated: Readonly<Record<string, string>>;
  /** The constraints \m and \M, \y and \Y. */
  readonly wordStart: string;
  readonly wordEnd: string;
  readonly wordEdge: string;
  readonly noWordEdge: string;
}

const COMMON_CLASSES: Readonly<Record<string, string>> = {
  ascii: '\\x00-\\x7f',
  blank: ' \\t',
  cntrl: '\\x00-\\x1f\\x7f-\\x9f',
  digit: '0-9',
  xdigit: '0-9A-Fa-f',
};

function characterSet(
  word: string,
  space: string,
  negated: Readonly<Record<'S' | 'W', string>>,
  classes: Readonly<Record<string, string>>,
): CharacterSet {
  const wordStart = `(?<![${word}])(?=[${word}])`;
  const wordEnd = `(?<=[${word}])(?![${word}])`;
  return {
    word,
    space,
    classes: { ...COMMON_CLASSES, space, word, ...classes },
    negated: { D: '\\x00-/:-\\u{10ffff}', ...negated },
    wordStart,
    wordEnd,
    wordEdge: `(?:${wordStart}|${wordEnd})`,
    noWordEdge: `(?:(?<=[${word}])(?=[${word}])|(?<![${word}])(?![${word}]))`,
  };
}

export const CHARACTER_SETS: Readonly<Record<Letters, CharacterSet>> = {
  unicode: characterSet(
    '\\p{L}\\p{N}_',
    ' \\t-\\r\\u1680\\u2000-\\u2006\\u2008-\\u200a\\u2028\\u2029\\u205f\\u3000',
    { S: '\\S', W: '\\p{M}\\p{P}\\p{Z}\\p{C}\\x00-/:-@[-^`{-\\x7f' },
    {
      alnum: '\\p{L}\\p{N}',
      alpha: '\\p{L}',
      graph: '\\p{L}\\p{M}\\p{N}\\p{P}\\p{S}',
      lower: '\\p{Ll}',
      print: '\\p{L}\\p{M}\\p{N}\\p{P}\\p{S}\\p{Zs}',
      punct: '\\p{P}\\p{S}',
      upper: '\\p{Lu}',
    },
  ),
  ascii: characterSet(
    '0-9A-Za-z_',
    ' \\t-\\r',
    { S: '\\x00-\\x08\\x0e-\\x1f!-\\u{10ffff}', W: '\\x00-/:-@[-^`{-\\u{10ffff}' },
    {
      alnum: '0-9A-Za-z',
      alpha: 'A-Za-z',
      graph: '!-~',
      lower: 'a-z',
      print: ' -~',
      punct: '!-/:-@[-`{-~',
      upper: 'A-Z',
    },
  ),
};

export const COLLATING_NAMES: Readonly<Record<string, string>> = {
  NUL: '\0',
  tab: '\t',
  newline: '\n',
  'carriage-return': '\r',
  space: ' ',
  hyphen: '-',
  'hyphen-minus': '-',
  period: '.',
  'full-stop': '.',
  slash: '/',
  backslash: '\\',
  underscore: '_',
  'left-square-bracket': '[',
  'right-square-bracket': ']',
  circumflex: '^',
  tilde: '~',
};

export const SIMPLE_ESCAPES: Readonly<Record<string, number>> = { a: 7, b: 8, e: 27, f: 12, n: 10, r: 13, t: 9, v: 11 };

export function escapeCharacter(codePoint: number): string {
  const c = String.fromCodePoint(codePoint);
  if (/[A-Za-z0-9_\u0080-\uffff]/.test(c) && codePoint < 0xd800) return c;
  return codePoint > 0xffff ? `\\u{${codePoint.toString(16)}}` : `\\u${codePoint.toString(16).padStart(4, '0')}`;
}

/** The inside of brackets for \d, \s and \w, and whether `c` is the capital of one: all others. Null: no class. */
export function shorthandClass(c: string, { space, word }: CharacterSet): { body: string; negated: boolean } | null {
  const body = { d: '0-9', s: space, w: word }[c.toLowerCase()];
  return body === undefined ? null : { body, negated: c < 'a' };
}

/** The ranges of ASCII letters, and how far the other case is. */
const ASCII_CASES = [
  { first: 0x41, last: 0x5a, other: 32 },
  { first: 0x61, last: 0x7a, other: -32 },
];

/** The inside of brackets for a range of characters and those that differ from one of them by the case of an ASCII letter alone. */
export function withOtherAsciiCase(start: number, end: number): string {
  const range = (from: number, to: number): string =>
    from === to ? escapeCharacter(from) : `${escapeCharacter(from)}-${escapeCharacter(to)}`;
  let body = range(start, end);
  for (const { first, last, other } of ASCII_CASES) {
    const [from, to] = [Math.max(start, first), Math.min(end, last)];
    if (from <= to) body += range(from + other, to + other);
  }
  return body;
}

/** What matches one character, or its other case too. */
export function literalSource(c: string, options: RegexOptions): string {
  const codePoint = c.codePointAt(0) as number;
  return foldsInSource(options) && /^[A-Za-z]$/.test(c)
    ? `[${withOtherAsciiCase(codePoint, codePoint)}]`
    : escapeCharacter(codePoint);
}
