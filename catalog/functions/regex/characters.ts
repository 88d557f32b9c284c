/** Characters and their classes, as JavaScript's source (flag u) for them. */

export const WORD = '\\p{L}\\p{N}_';
const SPACE = ' \\t-\\r\\u1680\\u2000-\\u2006\\u2008-\\u200a\\u2028\\u2029\\u205f\\u3000';
export const WORD_START = `(?<![${WORD}])(?=[${WORD}])`;
export const WORD_END = `(?<=[${WORD}])(?![${WORD}])`;

export const CLASSES: Readonly<Record<string, string>> = {
  alnum: '\\p{L}\\p{N}',
  alpha: '\\p{L}',
  ascii: '\\x00-\\x7f',
  blank: ' \\t',
  cntrl: '\\x00-\\x1f\\x7f-\\x9f',
  digit: '0-9',
  graph: '\\p{L}\\p{M}\\p{N}\\p{P}\\p{S}',
  lower: '\\p{Ll}',
  print: '\\p{L}\\p{M}\\p{N}\\p{P}\\p{S}\\p{Zs}',
  punct: '\\p{P}\\p{S}',
  space: SPACE,
  upper: '\\p{Lu}',
  word: WORD,
  xdigit: '0-9A-Fa-f',
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

export function shorthandClass(c: string): { body: string; negated: boolean } | null {
  const body = { d: '0-9', s: SPACE, w: WORD }[c.toLowerCase()];
  return body === undefined ? null : { body, negated: c < 'a' };
}

/** \D, \S and \W inside brackets, where JavaScript has no nested negation. */
export function negatedShorthand(c: string): string {
  if (c === 'D') return '\\x00-/:-\\u{10ffff}';
  if (c === 'S') return '\\S';
  return '\\p{M}\\p{P}\\p{Z}\\p{C}\\x00-/:-@[-^`{-\\x7f';
}
