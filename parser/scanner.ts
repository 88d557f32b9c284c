/**
 * SQL text to tokens: one loop over char codes, after PostgreSQL's src/backend/parser/scan.l.
 *
 * Tokens have the shape that Chevrotain wants (image, offsets, type number). Words are looked up once in the keyword map;
 * identifiers are folded here, string escapes resolved here, and the tokens that PostgreSQL renames by their successor
 * (NOT_LA, NULLS_LA, WITH_LA) renamed here. The array ends with EOF tokens, so that looking ahead needs no bounds check.
 */
import { SqlError } from '../types/errors.ts';
import {
  blockCommentEnd,
  CLASSES,
  DIGIT,
  dollarDelimiterEnd,
  IDENT_START,
  isIdentPart,
  isIdentStart,
  isSpace,
  lineCommentEnd,
  OPERATOR,
  operatorEnd,
  SPACE,
} from './characters.ts';
import { KEYWORD_NAMES, KEYWORDS } from './keywords.ts';
import { errorPosition, syntaxErrorAt } from './scan-errors.ts';
import {
  STANDARD_STRINGS,
  type StringRules,
  scanEscapeString,
  scanPlainString,
  scanString,
  scanUnicodeString,
} from './strings.ts';
import * as T from './token-types.ts';

/** Identifiers are cut to this many bytes of UTF-8. */
const NAME_BYTES_MAX = 63;
/** How far a rule may look ahead. */
const EOF_TOKENS = 4;

export class Token {
  /** The word, folded; a string's value; an operator; digits. */
  readonly image: string;
  /** UTF-16 offsets of the token's text; the end is exclusive. */
  readonly startOffset: number;
  readonly end: number;
  tokenTypeIdx: number;
  /** Ordinal among the lifted literals, -1 for other tokens. */
  readonly literalIndex: number;

  constructor(tokenTypeIdx: number, image: string, startOffset: number, end: number, literalIndex: number) {
    this.image = image;
    this.startOffset = startOffset;
    this.end = end;
    this.tokenTypeIdx = tokenTypeIdx;
    this.literalIndex = literalIndex;
  }
}

/** Where scanning failed: no rule takes it, so the error comes when the parser gets there, as PostgreSQL's does. */
export class ErrorToken extends Token {
  readonly error: SqlError;
  constructor(error: SqlError, offset: number) {
    super(T.SCAN_ERROR, '', offset, offset, -1);
    this.error = error;
  }
}

const SELF_TYPES = new Uint8Array(128);
for (const [character, type] of [
  [',', T.COMMA],
  ['(', T.LEFT_PAREN],
  [')', T.RIGHT_PAREN],
  ['[', T.LEFT_BRACKET],
  [']', T.RIGHT_BRACKET],
  [';', T.SEMICOLON],
  ['+', T.PLUS],
  ['-', T.MINUS],
  ['*', T.STAR],
  ['/', T.SLASH],
  ['%', T.PERCENT],
  ['^', T.CARET],
  ['<', T.LESS],
  ['>', T.GREATER],
  ['=', T.EQUALS],
] as const) {
  SELF_TYPES[character.charCodeAt(0)] = type;
}
const TWO_CHARACTER_TYPES = new Map<string, number>([
  ['<=', T.LESS_EQUALS],
  ['>=', T.GREATER_EQUALS],
  ['<>', T.NOT_EQUALS],
  ['!=', T.NOT_EQUALS],
  ['=>', T.EQUALS_GREATER],
]);

/** For a token type that renames the word before it: that word's type, and its new type. */
const RENAMES_FROM = new Uint16Array(T.TOKEN_TYPE_COUNT);
const RENAMES_TO = new Uint8Array(T.TOKEN_TYPE_COUNT);
for (const type of [T.BETWEEN, T.IN, T.LIKE, T.ILIKE, T.SIMILAR]) {
  RENAMES_FROM[type] = T.NOT;
  RENAMES_TO[type] = T.NOT_LA;
}
for (const type of [T.FIRST, T.LAST]) {
  RENAMES_FROM[type] = T.NULLS;
  RENAMES_TO[type] = T.NULLS_LA;
}
for (const type of [T.TIME, T.ORDINALITY]) {
  RENAMES_FROM[type] = T.WITH;
  RENAMES_TO[type] = T.WITH_LA;
}

export function scan(text: string, rules: StringRules = STANDARD_STRINGS): Token[] {
  const tokens: Token[] = [];
  try {
    scanInto(text, tokens, rules);
  } catch (error) {
    if (!(error instanceof SqlError)) throw error;
    tokens.push(new ErrorToken(error, text.length));
  }
  const eof = new Token(T.EOF, '', text.length, text.length, -1);
  for (let k = 0; k < EOF_TOKENS; k++) tokens.push(eof);
  return tokens;
}

function scanInto(text: string, tokens: Token[], rules: StringRules): void {
  const length = text.length;
  let literals = 0;
  let afterBy = -1;
  let i = 0;
  while (i < length) {
    const start = i;
    const code = text.charCodeAt(i);
    const bits = code < 128 ? CLASSES[code] : IDENT_START;
    if ((bits & SPACE) !== 0) {
      i++;
      continue;
    }
    if ((bits & IDENT_START) !== 0) {
      // A letter before a quote may start a special string: E, B, X, N, U&.
      const next = text.charCodeAt(i + 1);
      if (next === 0x27 || (next === 0x26 && (code | 32) === 0x75)) {
        const special = scanPrefixed(text, start, code | 32, literals, rules);
        if (special !== null) {
          tokens.push(special);
          if (special.literalIndex >= 0) literals++;
          i = special.end;
          continue;
        }
      }
      i = scanWord(text, start, tokens);
      if (isBy(text, start, i)) afterBy = i;
      continue;
    }
    if ((bits & DIGIT) !== 0 || (code === 0x2e && isDigit(text.charCodeAt(i + 1)))) {
      const token = scanNumber(text, start, isPosition(text, afterBy, start) ? -1 : literals);
      tokens.push(token);
      if (token.literalIndex >= 0) literals++;
      i = token.end;
      continue;
    }
    if ((bits & OPERATOR) !== 0) {
      if (code === 0x2d && text.charCodeAt(i + 1) === 0x2d) {
        i = lineCommentEnd(text, i);
        continue;
      }
      if (code === 0x2f && text.charCodeAt(i + 1) === 0x2a) {
        i = blockCommentEnd(text, i);
        if (i < 0) throw syntaxErrorAt(text, 'unterminated /* comment', start, length);
        continue;
      }
      i = scanOperator(text, start, tokens);
      continue;
    }
    if (code === 0x27) {
      const string = scanString(text, i, i, rules);
      tokens.push(new Token(T.STRING, string.value, start, string.end, literals++));
      i = string.end;
      continue;
    }
    if (code === 0x22) {
      i = scanQuotedIdentifier(text, start, tokens);
      continue;
    }
    if (code === 0x24) {
      const token = scanDollar(text, start, literals);
      tokens.push(token);
      if (token.literalIndex >= 0) literals++;
      i = token.end;
      continue;
    }
    let type = code < 128 ? SELF_TYPES[code] : 0;
    i++;
    if (code === 0x3a) {
      const next = text.charCodeAt(i);
      type = next === 0x3a ? T.TYPECAST : next === 0x3d ? T.COLON_EQUALS : T.COLON;
      if (type !== T.COLON) i++;
    } else if (code === 0x2e) {
      type = text.charCodeAt(i) === 0x2e ? T.DOT_DOT : T.DOT;
      if (type === T.DOT_DOT) i++;
    } else if (type === 0) throw syntaxErrorAt(text, 'syntax error', start, i);
    tokens.push(new Token(type, '', start, i, -1));
  }
}

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}

/** A keyword or an identifier; answers its end. */
function scanWord(text: string, start: number, tokens: Token[]): number {
  const length = text.length;
  let i = start;
  let codes = 0;
  for (; i < length; i++) {
    const code = text.charCodeAt(i);
    if (code < 128 && (CLASSES[code] & 2) === 0) break;
    codes |= code >= 128 ? 0x100 : code >= 0x41 && code <= 0x5a ? 0x200 : 0;
  }
  let word = text.slice(start, i);
  if ((codes & 0x200) !== 0) word = (codes & 0x100) === 0 ? word.toLowerCase() : foldAscii(word);
  const keyword = KEYWORDS.get(word);
  if (keyword === undefined) {
    if (i - start > NAME_BYTES_MAX || (codes & 0x100) !== 0) word = truncateName(word);
    tokens.push(new Token(T.IDENT, word, start, i, -1));
    return i;
  }
  const renamed = RENAMES_FROM[keyword];
  if (renamed !== 0 && tokens.length > 0) {
    const before = tokens[tokens.length - 1];
    if (before.tokenTypeIdx === renamed) before.tokenTypeIdx = RENAMES_TO[keyword];
  }
  tokens.push(new Token(keyword, KEYWORD_NAMES[keyword - T.FIRST_KEYWORD], start, i, -1));
  return i;
}

/** Only ASCII letters fold in a multi-byte encoding. */
function foldAscii(word: string): string {
  return word.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
}

/** Cut to 63 bytes of UTF-8, between characters. */
function truncateName(name: string): string {
  if (name.length * 3 <= NAME_BYTES_MAX) return name;
  let bytes = 0;
  let i = 0;
  while (i < name.length) {
    const code = name.codePointAt(i)!;
    bytes += code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    if (bytes > NAME_BYTES_MAX) return name.slice(0, i);
    i += code >= 0x10000 ? 2 : 1;
  }
  return name;
}

function scanQuotedIdentifier(text: string, start: number, tokens: Token[]): number {
  let i = start + 1;
  let name = '';
  for (;;) {
    const quote = text.indexOf('"', i);
    if (quote < 0) throw syntaxErrorAt(text, 'unterminated quoted identifier', start, text.length);
    name += text.slice(i, quote);
    i = quote + 1;
    if (text.charCodeAt(i) !== 0x22) break;
    name += '"';
    i++;
  }
  if (name === '') throw syntaxErrorAt(text, 'zero-length delimited identifier', start, i);
  tokens.push(new Token(T.IDENT, truncateName(name), start, i, -1));
  return i;
}

/** E'', B'', X'', N'', U&'' and U&"": null when the letter is not such a prefix. `letter` is lower case. */
function scanPrefixed(text: string, start: number, letter: number, literals: number, rules: StringRules): Token | null {
  switch (letter) {
    case 0x65: {
      const string = scanEscapeString(text, start, rules);
      return new Token(T.STRING, string.value, start, string.end, literals);
    }
    case 0x6e: {
      const string = scanString(text, start + 1, start + 1, rules);
      return new Token(T.NATIONAL_STRING, string.value, start, string.end, -1);
    }
    case 0x62:
    case 0x78: {
      const string = scanPlainString(text, start + 1, letter === 0x62 ? 'bit' : 'hexadecimal', start);
      const type = letter === 0x62 ? T.BIT_STRING : T.HEX_STRING;
      return new Token(type, (letter === 0x62 ? 'b' : 'x') + string.value, start, string.end, -1);
    }
    case 0x75: {
      const quote = text.charCodeAt(start + 2);
      if (text.charCodeAt(start + 1) !== 0x26 || (quote !== 0x27 && quote !== 0x22)) return null;
      const string = scanUnicodeString(text, start, quote, rules);
      if (quote === 0x27) return new Token(T.STRING, string.value, start, string.end, -1);
      if (string.value === '') throw syntaxErrorAt(text, 'zero-length delimited identifier', start, string.end);
      return new Token(T.IDENT, truncateName(string.value), start, string.end, -1);
    }
    default:
      return null;
  }
}

function scanNumber(text: string, start: number, literalIndex: number): Token {
  const end = numberEnd(text, start);
  if (end < 0) {
    let junk = -end;
    // After a sign without digits ("1e+") the junk ends; otherwise it is the whole word.
    const sign = text.charCodeAt(junk - 1);
    const isOpen = sign === 0x2b || sign === 0x2d;
    while (!isOpen && junk < text.length && isIdentPart(text.charCodeAt(junk))) junk++;
    throw syntaxErrorAt(text, 'trailing junk after numeric literal', start, junk);
  }
  const image = text.slice(start, end);
  const type = isIntegerText(image) ? T.INTEGER_LITERAL : T.NUMERIC_LITERAL;
  return new Token(type, image, start, end, isEdgeOfIntegers(image) ? -1 : literalIndex);
}

/** Whether a minus sign before it makes the number an int4 (int8) that it is not without: such literals are not lifted. */
export function isEdgeOfIntegers(image: string): boolean {
  return image.length >= 10 && (image === '2147483648' || image === '9223372036854775808');
}

/** Whether the word is the BY of ORDER BY and GROUP BY. */
export function isBy(text: string, start: number, end: number): boolean {
  return end - start === 2 && (text.charCodeAt(start) | 32) === 0x62 && (text.charCodeAt(start + 1) | 32) === 0x79;
}

/** A longer list is not looked through. */
const BY_LIST_MAX = 200;

/**
 * Whether the number may name a column of the result by its position, since it stands at the beginning of an item of a list after BY
 * (`afterBy`: where the last BY ends; -1: there was none). The plan depends on it, so it is not lifted, and statements that differ in
 * other literals share a plan. What is taken for a position and is none is a constant of the shape, which does no harm.
 */
export function isPosition(text: string, afterBy: number, start: number): boolean {
  if (afterBy < 0 || start - afterBy > BY_LIST_MAX) return false;
  let i = start - 1;
  while (i >= afterBy && isSpace(text.charCodeAt(i))) i--;
  if (i < afterBy) return true;
  if (text.charCodeAt(i) !== 0x2c) return false;
  // Names, ASC and DESC, other positions: anything else may be another list.
  while (--i >= afterBy) {
    const code = text.charCodeAt(i);
    if (!isIdentPart(code) && !isSpace(code) && code !== 0x2c && code !== 0x2e) return false;
  }
  return true;
}

/** True for digits only, within int4: what PostgreSQL's scanner calls ICONST; the rest is FCONST. */
function isIntegerText(image: string): boolean {
  for (let i = 0; i < image.length; i++) if (!isDigit(image.charCodeAt(i))) return false;
  return image.length < 10 || Number(image) <= 2147483647;
}

/** The offset after the number at `start`; when junk follows, minus the offset where the junk begins. */
export function numberEnd(text: string, start: number): number {
  let i = start;
  while (isDigit(text.charCodeAt(i))) i++;
  // "1..2" is 1, "..", 2.
  if (text.charCodeAt(i) === 0x2e && text.charCodeAt(i + 1) !== 0x2e) {
    i++;
    while (isDigit(text.charCodeAt(i))) i++;
  }
  if ((text.charCodeAt(i) | 32) === 0x65) {
    let k = i + 1;
    const sign = text.charCodeAt(k);
    if (sign === 0x2b || sign === 0x2d) k++;
    if (!isDigit(text.charCodeAt(k))) return k > i + 1 ? -k : -(i + 1);
    while (isDigit(text.charCodeAt(k))) k++;
    i = k;
  }
  return i < text.length && isIdentStart(text.charCodeAt(i)) ? -i : i;
}

function scanOperator(text: string, start: number, tokens: Token[]): number {
  const end = operatorEnd(text, start);
  if (end - start === 1) {
    const type = SELF_TYPES[text.charCodeAt(start)];
    tokens.push(new Token(type === 0 ? T.OPERATOR_SYMBOL : type, text[start], start, end, -1));
    return end;
  }
  const image = text.slice(start, end);
  const type = end - start === 2 ? TWO_CHARACTER_TYPES.get(image) : undefined;
  if (type === undefined && end - start > NAME_BYTES_MAX) {
    throw new SqlError('42601', 'operator too long', { position: errorPosition(text, start) });
  }
  tokens.push(new Token(type ?? T.OPERATOR_SYMBOL, image === '!=' ? '<>' : image, start, end, -1));
  return end;
}

/** $1, or $tag$ text $tag$. */
function scanDollar(text: string, start: number, literals: number): Token {
  let i = start + 1;
  if (isDigit(text.charCodeAt(i))) {
    while (isDigit(text.charCodeAt(i))) i++;
    if (i < text.length && isIdentStart(text.charCodeAt(i))) {
      while (i < text.length && isIdentPart(text.charCodeAt(i))) i++;
      throw syntaxErrorAt(text, 'trailing junk after parameter', start, i);
    }
    return new Token(T.PARAM, text.slice(start + 1, i), start, i, -1);
  }
  const bodyStart = dollarDelimiterEnd(text, start);
  if (bodyStart < 0) throw syntaxErrorAt(text, 'syntax error', start, start + 1);
  const delimiter = text.slice(start, bodyStart);
  const bodyEnd = text.indexOf(delimiter, bodyStart);
  if (bodyEnd < 0) throw syntaxErrorAt(text, 'unterminated dollar-quoted string', start, text.length);
  return new Token(T.STRING, text.slice(bodyStart, bodyEnd), start, bodyEnd + delimiter.length, literals);
}
