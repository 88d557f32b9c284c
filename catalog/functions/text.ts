/** text, varchar, bpchar, name and "char": comparison, casts and the string functions that need no other type. */
import { sqlError } from '../../types/errors.ts';
import { ARRAY_ELEMENTS_MAX, checkElementCount, compareText } from '../../types/index.ts';
import {
  charFromByte,
  charToByte,
  coerceBpchar,
  coerceVarchar,
  inputChar,
  inputName,
  trimBlanks,
} from '../../types/text.ts';
import { type SqlArray, textArray } from './array-values.ts';
import {
  characterCount,
  characters,
  hasSurrogates,
  reversed,
  sliceCharacters,
  TextPieces,
  toInitialCapitals,
  toLower,
  toUpper,
  unitIndex,
} from './characters.ts';
import { compareNames, compareUuids } from './comparison-numbers.ts';
import { digestBytes, digestHex } from './digest.ts';
import type { FunctionModule } from './module.ts';
import { quoteIdentifier, quoteLiteral } from './quote.ts';

const eq = (a: string, b: string) => a === b;
const ne = (a: string, b: string) => a !== b;
const lt = (a: string, b: string) => compareText(a, b) < 0;
const le = (a: string, b: string) => compareText(a, b) <= 0;
const gt = (a: string, b: string) => compareText(a, b) > 0;
const ge = (a: string, b: string) => compareText(a, b) >= 0;
const larger = (a: string, b: string) => (compareText(a, b) > 0 ? a : b);
const smaller = (a: string, b: string) => (compareText(a, b) < 0 ? a : b);
const same = (value: string) => value;

const compareBlankPadded = (a: string, b: string): number => compareText(trimBlanks(a), trimBlanks(b));

/** The longest result that a string function makes, in UTF-16 units; PostgreSQL's limit is 1 GB of bytes. */
const LENGTH_MAX = 268435455;

function checkLength(length: number): void {
  if (length > LENGTH_MAX) throw sqlError('54000', 'requested length too large');
}

const NOT_ASCII = /[^\x00-\x7f]/;

function utf8Length(text: string): number {
  return NOT_ASCII.test(text) ? Buffer.byteLength(text) : text.length;
}

function substring(text: string, start: number, length: number): string {
  const end = start + length;
  if (length < 0) throw sqlError('22011', 'negative substring length not allowed');
  if (end <= 1) return '';
  return sliceCharacters(text, Math.max(start, 1) - 1, end - 1);
}

function substringFrom(text: string, start: number): string {
  return start <= 1 ? text : text.slice(unitIndex(text, start - 1));
}

function left(text: string, count: number): string {
  if (count >= 0) return sliceCharacters(text, 0, count);
  return sliceCharacters(text, 0, Math.max(0, characterCount(text) + count));
}

function right(text: string, count: number): string {
  const skip = count >= 0 ? characterCount(text) - count : -count;
  return skip <= 0 ? text : text.slice(unitIndex(text, skip));
}

function padding(fill: string, count: number): string {
  if (!hasSurrogates(fill)) return fill.repeat(Math.ceil(count / fill.length)).slice(0, count);
  const parts = characters(fill);
  let result = '';
  for (let i = 0; i < count; i++) result += parts[i % parts.length];
  return result;
}

function pad(text: string, length: number, fill: string, atLeft: boolean): string {
  checkLength(length);
  const count = characterCount(text);
  if (length <= count) return sliceCharacters(text, 0, Math.max(length, 0));
  if (fill === '') return text;
  const added = padding(fill, length - count);
  return atLeft ? added + text : text + added;
}

/** Index of the first unit that is not in `set`, characters taken whole. */
function trimStart(text: string, set: string): string {
  let start = 0;
  if (!hasSurrogates(text) && !hasSurrogates(set)) {
    while (start < text.length && set.includes(text[start])) start++;
    return text.slice(start);
  }
  const parts = characters(text);
  const wanted = new Set(set);
  while (start < parts.length && wanted.has(parts[start])) start++;
  return parts.slice(start).join('');
}

function trimEnd(text: string, set: string): string {
  if (!hasSurrogates(text) && !hasSurrogates(set)) {
    let end = text.length;
    while (end > 0 && set.includes(text[end - 1])) end--;
    return text.slice(0, end);
  }
  const parts = characters(text);
  const wanted = new Set(set);
  let end = parts.length;
  while (end > 0 && wanted.has(parts[end - 1])) end--;
  return parts.slice(0, end).join('');
}

const trimBoth = (text: string, set: string): string => trimEnd(trimStart(text, set), set);

/** An empty pattern is found nowhere here: replace() leaves the text as it is. */
function replaceText(text: string, from: string, to: string): string {
  if (from === '' || text === '') return text;
  return text.split(from).join(to);
}

function translate(text: string, from: string, to: string): string {
  const targets = characters(to);
  const map = new Map<number, string>();
  characters(from).forEach((c, i) => {
    const code = c.codePointAt(0) as number;
    if (!map.has(code)) map.set(code, targets[i] ?? '');
  });
  const result = new TextPieces();
  let start = 0;
  for (let i = 0; i < text.length; i++) {
    const at = i;
    const code = text.codePointAt(i) as number;
    if (code > 0xffff) i++;
    const target = map.get(code);
    if (target === undefined) continue;
    if (start < at) result.add(text.slice(start, at));
    result.add(target);
    start = i + 1;
  }
  if (start === 0) return text;
  result.add(text.slice(start));
  return String(result);
}

function repeat(text: string, count: number): string {
  if (count <= 0 || text === '') return '';
  checkLength(text.length * count);
  return text.repeat(count);
}

/** One-based position in characters, 0 when absent. */
function position(text: string, part: string): number {
  const index = text.indexOf(part);
  return index < 0 ? 0 : characterCount(text.slice(0, index)) + 1;
}

/** Of a separator that cannot overlap itself the fields are the same from both ends. */
function fieldFromEnd(text: string, separator: string, field: number): string {
  let end = text.length;
  for (let n = -1; ; n--) {
    const found = end === 0 ? -1 : text.lastIndexOf(separator, end - 1);
    if (n === field) return text.slice(found + 1, end);
    if (found < 0) return '';
    end = found;
  }
}

function splitPart(text: string, separator: string, field: number): string {
  if (field === 0) throw sqlError('22023', 'field position must not be zero');
  if (text === '') return '';
  if (separator === '') return field === 1 || field === -1 ? text : '';
  if (field < 0 && separator.length === 1) return fieldFromEnd(text, separator, field);
  if (field < 0) {
    const parts = text.split(separator);
    return parts[parts.length + field] ?? '';
  }
  let start = 0;
  for (let n = 1; n < field; n++) {
    const found = text.indexOf(separator, start);
    if (found < 0) return '';
    start = found + separator.length;
  }
  const end = text.indexOf(separator, start);
  return end < 0 ? text.slice(start) : text.slice(start, end);
}

/** Parts for string_to_array and string_to_table: a null delimiter splits into characters. */
export function splitToParts(text: string, delimiter: string | null, nullText: string | null): (string | null)[] {
  let parts: string[];
  if (text === '') parts = [];
  else if (delimiter === null) {
    checkElementCount(text.length / 2);
    parts = characters(text);
  } else if (delimiter === '') parts = [text];
  else parts = text.split(delimiter, ARRAY_ELEMENTS_MAX + 1);
  checkElementCount(parts.length);
  return nullText === null ? parts : parts.map((part) => (part === nullText ? null : part));
}

function stringToArray(text: string | null, delimiter: string | null, nullText: string | null = null): SqlArray | null {
  return text === null ? null : textArray(splitToParts(text, delimiter, nullText));
}

function overlay(text: string, replacement: string, start: number, length: number): string {
  if (start <= 0) throw sqlError('22011', 'negative substring length not allowed');
  if (start + length > 2147483647 || start + length < -2147483648) throw sqlError('22003', 'integer out of range');
  const before = sliceCharacters(text, 0, start - 1);
  return before + replacement + substringFrom(text, start + length);
}

function characterFromCode(code: number): string {
  if (code < 0) throw sqlError('22023', 'character number must be positive');
  if (code === 0) throw sqlError('54000', 'null character not permitted');
  if (code > 0x10ffff) throw sqlError('54000', `requested character too large for encoding: ${code}`);
  if (code >= 0xd800 && code <= 0xdfff) {
    throw sqlError('54000', `requested character not valid for encoding: ${code}`);
  }
  return String.fromCodePoint(code);
}

function normalForm(form: string): string {
  const upper = form.toUpperCase();
  if (!['NFC', 'NFD', 'NFKC', 'NFKD'].includes(upper)) {
    throw sqlError('22023', `invalid normalization form: ${form}`);
  }
  return upper;
}

function invalidUnicodeEscape(): Error {
  return sqlError('42601', 'invalid Unicode escape', {
    hint: 'Unicode escapes must be \\XXXX, \\+XXXXXX, \\uXXXX, or \\UXXXXXXXX.',
  });
}

/** unistr(): \XXXX, \+XXXXXX, \uXXXX and \UXXXXXXXX. */
function unescapeUnicode(text: string): string {
  if (!text.includes('\\')) return text;
  let result = '';
  for (let i = 0; i < text.length; i++) {
    if (text[i] !== '\\') {
      result += text[i];
      continue;
    }
    if (text[i + 1] === '\\') {
      result += '\\';
      i++;
      continue;
    }
    const match = /^\\(?:\+([0-9A-Fa-f]{6})|u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|([0-9A-Fa-f]{4}))/.exec(
      text.slice(i, i + 10),
    );
    if (match === null) throw invalidUnicodeEscape();
    const code = Number.parseInt(match[1] ?? match[2] ?? match[3] ?? match[4], 16);
    if (code === 0 || code > 0x10ffff) {
      throw sqlError('22023', `invalid Unicode code point: ${code.toString(16).toUpperCase().padStart(4, '0')}`);
    }
    // The two halves of a surrogate pair meet in the result by themselves.
    result += String.fromCodePoint(code);
    i += match[0].length - 1;
  }
  if (/[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/.test(result)) {
    throw sqlError('42601', 'invalid Unicode surrogate pair');
  }
  return result;
}

/** parse_ident(): a qualified name to its parts. */
function parseIdentifier(text: string, strict: boolean): SqlArray {
  const fail = (detail?: string): Error =>
    sqlError('22023', `string is not a valid identifier: "${text}"`, detail ? { detail } : {});
  const parts: string[] = [];
  let rest = text.replace(/^[ \t\n\r\f\v]+/, '');
  let afterDot = false;
  for (;;) {
    if (rest.startsWith('"')) {
      const match = /^"((?:[^"]|"")*)"/.exec(rest);
      if (match === null) throw fail('String has unclosed double quotes.');
      if (match[1] === '') throw fail('Quoted identifier must not be empty.');
      parts.push(match[1].replaceAll('""', '"'));
      rest = rest.slice(match[0].length);
    } else {
      const match = /^[A-Za-z_\u0080-\uffff][A-Za-z0-9_$\u0080-\uffff]*/.exec(rest);
      if (match === null) {
        if (rest.startsWith('.')) throw fail('No valid identifier before ".".');
        if (afterDot) throw fail('No valid identifier after ".".');
        throw fail();
      }
      parts.push(toLower(match[0]));
      rest = rest.slice(match[0].length);
    }
    rest = rest.replace(/^[ \t\n\r\f\v]+/, '');
    if (rest.startsWith('.')) {
      afterDot = true;
      rest = rest.slice(1).replace(/^[ \t\n\r\f\v]+/, '');
    } else if (rest === '' || !strict) {
      return textArray(parts);
    } else {
      throw fail();
    }
  }
}

/** A "char" is one byte; types/text.ts says how those above 127 are kept. */
function charFromInt4(value: number): string {
  if (value < -128 || value > 127) throw sqlError('22003', '"char" out of range');
  return charFromByte(value & 255);
}

function compareChar(a: string, b: string): number {
  return charToByte(a) - charToByte(b);
}

/** All comparisons of one type under names that begin alike. */
function comparisons(prefix: string, separator = ''): Record<string, (a: string, b: string) => boolean> {
  const name = (operator: string): string => `${prefix}${separator}${operator}`;
  return { [name('lt')]: lt, [name('le')]: le, [name('gt')]: gt, [name('ge')]: ge };
}

export const textFunctions: FunctionModule = {
  plain: {
    texteq: eq,
    textne: ne,
    ...comparisons('text', '_'),
    ...comparisons('text_pattern', '_'),
    text_larger: larger,
    text_smaller: smaller,
    bttextcmp: compareText,
    nameeq: eq,
    namene: ne,
    ...comparisons('name'),
    nameeqtext: eq,
    namenetext: ne,
    namelttext: lt,
    nameletext: le,
    namegttext: gt,
    namegetext: ge,
    texteqname: eq,
    textnename: ne,
    textltname: lt,
    textlename: le,
    textgtname: gt,
    textgename: ge,
    btnamecmp: compareNames,
    bpchareq: (a: string, b: string) => a === b || trimBlanks(a) === trimBlanks(b),
    bpcharne: (a: string, b: string) => a !== b && trimBlanks(a) !== trimBlanks(b),
    bpcharlt: (a: string, b: string) => compareBlankPadded(a, b) < 0,
    bpcharle: (a: string, b: string) => compareBlankPadded(a, b) <= 0,
    bpchargt: (a: string, b: string) => compareBlankPadded(a, b) > 0,
    bpcharge: (a: string, b: string) => compareBlankPadded(a, b) >= 0,
    bpcharcmp: compareBlankPadded,
    bpchar_larger: (a: string, b: string) => (compareBlankPadded(a, b) >= 0 ? a : b),
    bpchar_smaller: (a: string, b: string) => (compareBlankPadded(a, b) <= 0 ? a : b),
    bpchar_pattern_lt: (a: string, b: string) => compareBlankPadded(a, b) < 0,
    bpchar_pattern_le: (a: string, b: string) => compareBlankPadded(a, b) <= 0,
    bpchar_pattern_gt: (a: string, b: string) => compareBlankPadded(a, b) > 0,
    bpchar_pattern_ge: (a: string, b: string) => compareBlankPadded(a, b) >= 0,
    chareq: eq,
    charne: ne,
    charlt: (a: string, b: string) => compareChar(a, b) < 0,
    charle: (a: string, b: string) => compareChar(a, b) <= 0,
    chargt: (a: string, b: string) => compareChar(a, b) > 0,
    charge: (a: string, b: string) => compareChar(a, b) >= 0,

    // casts
    bpchar: coerceBpchar,
    varchar: coerceVarchar,
    rtrim1: trimBlanks,
    name_text: same,
    name_bpchar: same,
    text_name: inputName,
    bpchar_name: (text: string) => inputName(trimBlanks(text)),
    char_text: same,
    char_bpchar: same,
    text_char: inputChar,
    i4tochar: charFromInt4,
    chartoi4: (value: string) => (charToByte(value) << 24) >> 24,

    textcat: (a: string, b: string) => a + b,
    nameconcatoid: (name: string, oid: number) => {
      const suffix = `_${oid}`;
      let base = name;
      while (utf8Length(base) + suffix.length > 63) base = characters(base).slice(0, -1).join('');
      return base + suffix;
    },
    textlen: characterCount,
    bpcharlen: (text: string) => characterCount(trimBlanks(text)),
    textoctetlen: utf8Length,
    bpcharoctetlen: utf8Length,
    bit_length_text: (text: string) => utf8Length(text) * 8,
    upper: toUpper,
    lower: toLower,
    initcap: toInitialCapitals,
    text_substr: substring,
    text_substr_no_len: substringFrom,
    text_left: left,
    text_right: right,
    lpad: (text: string, length: number, fill: string) => pad(text, length, fill, true),
    rpad: (text: string, length: number, fill: string) => pad(text, length, fill, false),
    lpad_text_int4: (text: string, length: number) => pad(text, length, ' ', true),
    rpad_text_int4: (text: string, length: number) => pad(text, length, ' ', false),
    ltrim: trimStart,
    ltrim1: (text: string) => trimStart(text, ' '),
    rtrim: trimEnd,
    btrim: trimBoth,
    btrim1: (text: string) => trimBoth(text, ' '),
    replace_text: replaceText,
    translate,
    text_reverse: reversed,
    repeat,
    textpos: position,
    split_part: splitPart,
    text_to_array: stringToArray,
    text_to_array_null: stringToArray,
    text_to_table: (text: string | null, delimiter: string | null) =>
      text === null ? [] : splitToParts(text, delimiter, null),
    text_to_table_null: (text: string | null, delimiter: string | null, nullText: string | null) =>
      text === null ? [] : splitToParts(text, delimiter, nullText),
    text_starts_with: (text: string, prefix: string) => text.startsWith(prefix),
    textoverlay: overlay,
    textoverlay_no_len: (text: string, replacement: string, start: number) =>
      overlay(text, replacement, start, characterCount(replacement)),
    ascii: (text: string) => (text === '' ? 0 : (text.codePointAt(0) as number)),
    chr: characterFromCode,
    quote_ident: quoteIdentifier,
    quote_literal: quoteLiteral,
    quote_nullable: (text: string | null) => (text === null ? 'NULL' : quoteLiteral(text)),
    unicode_normalize_func: (text: string, form: string) => text.normalize(normalForm(form)),
    unicode_is_normalized: (text: string, form: string) => text.normalize(normalForm(form)) === text,
    unistr: unescapeUnicode,
    parse_ident: parseIdentifier,
    md5_text: (text: string) => digestHex('md5', text),
    md5_bytea: (bytes: Uint8Array) => digestHex('md5', bytes),
    sha224_bytea: (bytes: Uint8Array) => digestBytes('sha224', bytes),
    sha256_bytea: (bytes: Uint8Array) => digestBytes('sha256', bytes),
    sha384_bytea: (bytes: Uint8Array) => digestBytes('sha384', bytes),
    sha512_bytea: (bytes: Uint8Array) => digestBytes('sha512', bytes),

    // uuid is its 36 characters, lower case: their order is the order of the bytes.
    uuid_eq: eq,
    uuid_ne: ne,
    uuid_lt: (a: string, b: string) => a < b,
    uuid_le: (a: string, b: string) => a <= b,
    uuid_gt: (a: string, b: string) => a > b,
    uuid_ge: (a: string, b: string) => a >= b,
    uuid_cmp: compareUuids,
  },
  contextual: {
    gen_random_uuid(context) {
      const bytes = context.randomBytes(16);
      bytes[6] = (bytes[6] & 0x0f) | 0x40;
      bytes[8] = (bytes[8] & 0x3f) | 0x80;
      const hex = Buffer.from(bytes).toString('hex');
      return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
    },
  },
};
