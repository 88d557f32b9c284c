/** String literals: plain, E'' with escapes, U& with code points; and the rule that joins strings across a new line. */
import { SqlError } from '../types/errors.ts';
import { blockCommentEnd, CLASSES, lineCommentEnd, SPACE } from './characters.ts';
import { errorPosition, syntaxErrorAt } from './scan-errors.ts';

export interface ScannedString {
  readonly value: string;
  /** Offset after the closing quote. */
  readonly end: number;
}

/**
 * Where the next part of a string begins: 'a' <white space with a new line> 'b' is one string. Answers the offset of the
 * quote, or -1. Line comments count as white space here (the new line that ends them counts), block comments do not.
 */
export function continuationQuote(text: string, offset: number): number {
  let sawNewline = false;
  let i = offset;
  for (; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === 0x27) return sawNewline ? i : -1;
    if (code === 10 || code === 13) sawNewline = true;
    else if (code === 0x2d && text.charCodeAt(i + 1) === 0x2d) {
      // After the first new line a comment is allowed; before it too, since its end is a new line.
      i = lineCommentEnd(text, i) - 1;
    } else if (code >= 128 || (CLASSES[code] & SPACE) === 0) return -1;
  }
  return -1;
}

/** `quote` is the offset of the opening quote; `what` and `start` are for the error. */
export function scanPlainString(text: string, quote: number, what = 'quoted', start = quote): ScannedString {
  let i = quote + 1;
  let value = '';
  for (;;) {
    const close = text.indexOf("'", i);
    if (close < 0) throw unterminated(text, what, start);
    if (text.charCodeAt(close + 1) === 0x27) {
      value += text.slice(i, close + 1);
      i = close + 2;
      continue;
    }
    const part = text.slice(i, close);
    value = value === '' ? part : value + part;
    const next = continuationQuote(text, close + 1);
    if (next < 0) return { value, end: close + 1 };
    i = next + 1;
  }
}

function unterminated(text: string, what: string, start: number): SqlError {
  const message = what === 'quoted' ? 'unterminated quoted string' : `unterminated ${what} string literal`;
  return syntaxErrorAt(text, message, start, text.length);
}

const SIMPLE_ESCAPES: Readonly<Record<string, string>> = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t' };

/** How a session wants its string literals read (standard_conforming_strings, escape_string_warning, backslash_quote). */
export interface StringRules {
  /** Whether '...' stands for itself; otherwise it is read as E'...'. */
  readonly isConforming: boolean;
  /** Whether \\' may stand for a quote. */
  readonly allowsBackslashQuote: boolean;
  /** Told of each '...' that has escapes where they are read; once a string. */
  readonly onEscape: ((message: string, hint: string, position: number) => void) | null;
}

export const STANDARD_STRINGS: StringRules = { isConforming: true, allowsBackslashQuote: true, onEscape: null };

/** '...' as the session wants it read. `start` is the offset of the token, `quote` of its first quote. */
export function scanString(text: string, start: number, quote: number, rules: StringRules): ScannedString {
  return rules.isConforming ? scanPlainString(text, quote) : scanEscapeString(text, start, rules, quote);
}

function warnOfEscape(letter: string, position: number, onEscape: NonNullable<StringRules['onEscape']>): void {
  if (letter === "'") {
    const hint = "Use '' to write quotes in strings, or use the escape string syntax (E'...').";
    onEscape("nonstandard use of \\' in a string literal", hint, position);
  } else if (letter === '\\') {
    const hint = "Use the escape string syntax for backslashes, e.g., E'\\\\'.";
    onEscape('nonstandard use of \\\\ in a string literal', hint, position);
  } else {
    const hint = "Use the escape string syntax for escapes, e.g., E'\\r\\n'.";
    onEscape('nonstandard use of escape in a string literal', hint, position);
  }
}

/** E'...'; `start` is the offset of the E. With another `quote` it is a string without a letter. */
export function scanEscapeString(
  text: string,
  start: number,
  rules: StringRules = STANDARD_STRINGS,
  quote = start + 1,
): ScannedString {
  let onEscape = quote === start ? rules.onEscape : null;
  let i = quote + 1;
  let value = '';
  // Bytes from \x and octal escapes, which have to make up UTF-8 in the end.
  let sawBytes = false;
  for (;;) {
    if (i >= text.length) throw unterminated(text, 'quoted', start);
    const code = text.charCodeAt(i);
    if (code === 0x27) {
      if (text.charCodeAt(i + 1) === 0x27) {
        value += "'";
        i += 2;
        continue;
      }
      const next = continuationQuote(text, i + 1);
      if (next < 0) return { value: sawBytes ? decodeBytes(value) : value, end: i + 1 };
      i = next + 1;
    } else if (code === 0x5c) {
      if (i + 1 >= text.length) throw unterminated(text, 'quoted', start);
      if (text[i + 1] === "'" && !rules.allowsBackslashQuote) throw unsafeQuote(text, start);
      if (onEscape !== null) warnOfEscape(text[i + 1], errorPosition(text, start), onEscape);
      onEscape = null;
      const escaped = readEscape(text, i);
      if (escaped.isByte) sawBytes = true;
      value += escaped.value;
      i = escaped.end;
    } else {
      let end = i + 1;
      while (end < text.length && text.charCodeAt(end) !== 0x27 && text.charCodeAt(end) !== 0x5c) end++;
      value += text.slice(i, end);
      i = end;
    }
  }
}

function unsafeQuote(text: string, offset: number): SqlError {
  return new SqlError('22P06', "unsafe use of \\' in a string literal", {
    hint: "Use '' to write quotes in strings. \\' is insecure in client-only encodings.",
    position: errorPosition(text, offset),
  });
}

/** Bytes that an escape wrote are kept as U+F700 + byte's place holders until the whole string is known. */
const BYTE_BASE = 0xdc00;

function readEscape(text: string, offset: number): ScannedString & { isByte: boolean } {
  const letter = text[offset + 1];
  const simple = SIMPLE_ESCAPES[letter];
  if (simple !== undefined) return { value: simple, end: offset + 2, isByte: false };
  if (letter === 'u' || letter === 'U') return readUnicodeEscape(text, offset, letter === 'u' ? 4 : 8);
  if (letter >= '0' && letter <= '7') {
    let end = offset + 2;
    while (end < offset + 4 && text[end] >= '0' && text[end] <= '7') end++;
    return byteEscape(Number.parseInt(text.slice(offset + 1, end), 8) & 255, end);
  }
  if (letter === 'x' && isHex(text, offset + 2, 1)) {
    const end = isHex(text, offset + 3, 1) ? offset + 4 : offset + 3;
    return byteEscape(Number.parseInt(text.slice(offset + 2, end), 16), end);
  }
  const point = String.fromCodePoint(text.codePointAt(offset + 1)!);
  return { value: point, end: offset + 1 + point.length, isByte: false };
}

function byteEscape(byte: number, end: number): ScannedString & { isByte: boolean } {
  if (byte === 0) throw invalidBytes([0]);
  return byte < 128
    ? { value: String.fromCharCode(byte), end, isByte: false }
    : { value: String.fromCharCode(BYTE_BASE + byte), end, isByte: true };
}

function isHex(text: string, offset: number, count: number): boolean {
  for (let i = offset; i < offset + count; i++) if (!/^[0-9a-fA-F]$/.test(text[i] ?? '')) return false;
  return true;
}

function invalidBytes(bytes: readonly number[]): SqlError {
  const shown = bytes.map((byte) => `0x${byte.toString(16).padStart(2, '0')}`).join(' ');
  return new SqlError('22021', `invalid byte sequence for encoding "UTF8": ${shown}`);
}

/** Joins byte place holders (lone low surrogates) with the rest into valid UTF-8. */
function decodeBytes(value: string): string {
  const bytes: number[] = [];
  for (let i = 0; i < value.length; i++) {
    const unit = value.charCodeAt(i);
    if (unit >= BYTE_BASE && unit < BYTE_BASE + 256) bytes.push(unit - BYTE_BASE);
    else {
      const point = String.fromCodePoint(value.codePointAt(i)!);
      bytes.push(...Buffer.from(point));
      i += point.length - 1;
    }
  }
  let text = '';
  for (let i = 0; i < bytes.length; ) {
    const size = sequenceLength(bytes, i);
    if (size === 0) throw invalidBytes(bytes.slice(i, i + leadLength(bytes[i])));
    text += Buffer.from(bytes.slice(i, i + size)).toString('utf8');
    i += size;
  }
  return text;
}

function leadLength(lead: number): number {
  return lead >= 0xf0 && lead < 0xf8 ? 4 : lead >= 0xe0 && lead < 0xf0 ? 3 : lead >= 0xc0 && lead < 0xe0 ? 2 : 1;
}

/** Bytes of the valid sequence at `i`, 0 when it is not valid. */
function sequenceLength(bytes: readonly number[], i: number): number {
  const lead = bytes[i];
  if (lead < 0x80) return 1;
  const size = leadLength(lead);
  if (size === 1 || i + size > bytes.length) return 0;
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(Uint8Array.from(bytes.slice(i, i + size)));
    return size;
  } catch {
    return 0;
  }
}

function unicodeError(text: string, offset: number, message: string, hint?: string): SqlError {
  return new SqlError('42601', message, {
    position: errorPosition(text, offset),
    ...(hint === undefined ? {} : { hint }),
  });
}

/** In E'...' the scanner finds it, which says where; in U&'...' it is found later. */
function invalidCodePoint(text: string, offset: number, end: number, hint: string): SqlError {
  const message = 'invalid Unicode escape value';
  return hint === ESCAPE_HINT ? syntaxErrorAt(text, message, offset, end) : unicodeError(text, offset, message);
}

const ESCAPE_HINT = 'Unicode escapes must be \\uXXXX or \\UXXXXXXXX.';

function readUnicodeEscape(text: string, offset: number, digits: number): ScannedString & { isByte: boolean } {
  const unit = codePointAt(text, offset, offset + 2, digits, 'invalid Unicode escape', '22025', ESCAPE_HINT);
  let end = offset + 2 + digits;
  if (unit >= 0xd800 && unit < 0xdc00) {
    const next = text[end + 1];
    if (text[end] !== '\\' || (next !== 'u' && next !== 'U')) {
      throw syntaxErrorAt(text, 'invalid Unicode surrogate pair', end, end + 1);
    }
    const lowDigits = next === 'u' ? 4 : 8;
    const low = codePointAt(text, end, end + 2, lowDigits, 'invalid Unicode escape', '22025', ESCAPE_HINT);
    if (low < 0xdc00 || low >= 0xe000) {
      throw syntaxErrorAt(text, 'invalid Unicode surrogate pair', end, end + 2 + lowDigits);
    }
    end += 2 + lowDigits;
    return { value: String.fromCharCode(unit, low), end, isByte: false };
  }
  if (unit >= 0xdc00 && unit < 0xe000) throw syntaxErrorAt(text, 'invalid Unicode surrogate pair', offset, end);
  return { value: String.fromCodePoint(unit), end, isByte: false };
}

/** A code point from hexadecimal digits; refuses 0 and what is beyond Unicode. */
function codePointAt(
  text: string,
  escapeOffset: number,
  offset: number,
  digits: number,
  message: string,
  code: string,
  hint: string,
): number {
  if (!isHex(text, offset, digits)) {
    throw new SqlError(code, message, { position: errorPosition(text, escapeOffset), hint });
  }
  const value = Number.parseInt(text.slice(offset, offset + digits), 16);
  if (value === 0 || value > 0x10ffff) throw invalidCodePoint(text, escapeOffset, offset + digits, hint);
  return value;
}

/** U&'...' or U&"...", with an optional UESCAPE 'c' after it; `start` is the offset of the U. */
export function scanUnicodeString(text: string, start: number, quoteCode: number, rules: StringRules): ScannedString {
  let raw: ScannedString;
  if (quoteCode === 0x27 && !rules.isConforming) {
    throw new SqlError('0A000', 'unsafe use of string constant with Unicode escapes', {
      detail: 'String constants with Unicode escapes cannot be used when standard_conforming_strings is off.',
      position: errorPosition(text, start),
    });
  }
  if (quoteCode === 0x27) raw = scanPlainString(text, start + 2, 'quoted', start);
  else raw = scanQuotedBody(text, start);
  let end = raw.end;
  let escapeWith = '\\';
  const uescape = /^uescape(?![A-Za-z0-9_$\u0080-\uffff])/i;
  const word = skipSpace(text, end);
  if (uescape.test(text.slice(word, word + 8))) {
    const quote = skipSpace(text, word + 7);
    if (text.charCodeAt(quote) !== 0x27) {
      throw syntaxErrorAt(text, 'UESCAPE must be followed by a simple string literal', quote, quote + 1);
    }
    const given = scanPlainString(text, quote);
    if (!/^[^0-9a-fA-F+'"\s]$/.test(given.value)) {
      throw syntaxErrorAt(text, 'invalid Unicode escape character', quote, given.end);
    }
    escapeWith = given.value;
    end = given.end;
  }
  return { value: resolveUnicode(text, raw.value, escapeWith, start), end };
}

function scanQuotedBody(text: string, start: number): ScannedString {
  let i = start + 3;
  let value = '';
  for (;;) {
    const quote = text.indexOf('"', i);
    if (quote < 0) throw syntaxErrorAt(text, 'unterminated quoted identifier', start, text.length);
    value += text.slice(i, quote);
    i = quote + 1;
    if (text.charCodeAt(i) !== 0x22) return { value, end: i };
    value += '"';
    i++;
  }
}

function skipSpace(text: string, offset: number): number {
  let i = offset;
  while (i < text.length) {
    const code = text.charCodeAt(i);
    if (code < 128 && (CLASSES[code] & SPACE) !== 0) i++;
    else if (code === 0x2d && text.charCodeAt(i + 1) === 0x2d) i = lineCommentEnd(text, i);
    else if (code === 0x2f && text.charCodeAt(i + 1) === 0x2a) {
      const end = blockCommentEnd(text, i);
      if (end < 0) return i;
      i = end;
    } else break;
  }
  return i;
}

const UNICODE_HINT = 'Unicode escapes must be \\XXXX or \\+XXXXXX.';

function resolveUnicode(text: string, body: string, escapeWith: string, start: number): string {
  let value = '';
  let high = 0;
  for (let i = 0; i < body.length; ) {
    const at = start + 3 + i;
    let point: number;
    if (body[i] !== escapeWith) {
      point = -1;
    } else if (body[i + 1] === escapeWith) {
      point = -2;
    } else {
      const long = body[i + 1] === '+';
      const digits = long ? 6 : 4;
      const from = i + (long ? 2 : 1);
      if (!isHex(body, from, digits)) {
        throw unicodeError(text, at, 'invalid Unicode escape', UNICODE_HINT);
      }
      point = Number.parseInt(body.slice(from, from + digits), 16);
      if (point === 0 || point > 0x10ffff) throw unicodeError(text, at, 'invalid Unicode escape value');
      i = from + digits;
    }
    const isLow = point >= 0xdc00 && point < 0xe000;
    if ((high !== 0) !== isLow) throw unicodeError(text, at, 'invalid Unicode surrogate pair');
    if (isLow) {
      value += String.fromCharCode(high, point);
      high = 0;
    } else if (point >= 0xd800 && point < 0xdc00) high = point;
    else if (point >= 0) value += String.fromCodePoint(point);
    else {
      value += body[i];
      i += point === -2 ? 2 : 1;
    }
  }
  if (high !== 0) throw unicodeError(text, start + 3 + body.length, 'invalid Unicode surrogate pair');
  return value;
}
