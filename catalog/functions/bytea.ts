/** bytea: comparison, pieces, bits, encodings. Values are never changed in place. */

import { decodeHexDigits } from '../../types/bytea.ts';
import { type SqlError, sqlError } from '../../types/errors.ts';
import { checkTextLength } from '../../types/index.ts';
import { replaceEach } from '../../types/replace-each.ts';
import { compareBytes } from './comparison-numbers.ts';
import { convertBytes, convertFrom, convertTo, lengthIn } from './encodings.ts';
import type { FunctionModule } from './module.ts';

const compare = (a: Uint8Array, b: Uint8Array): number => Buffer.compare(a, b);

function concatenate(a: Uint8Array, b: Uint8Array): Uint8Array {
  const result = new Uint8Array(a.length + b.length);
  result.set(a);
  result.set(b, a.length);
  return result;
}

function substring(bytes: Uint8Array, start: number, length: number): Uint8Array {
  if (length < 0) throw sqlError('22011', 'negative substring length not allowed');
  const end = start + length;
  return end <= 1 ? new Uint8Array(0) : bytes.slice(Math.max(start, 1) - 1, end - 1);
}

const substringFrom = (bytes: Uint8Array, start: number): Uint8Array => bytes.slice(Math.max(start, 1) - 1);

function overlay(bytes: Uint8Array, replacement: Uint8Array, start: number, length: number): Uint8Array {
  if (start <= 0) throw sqlError('22011', 'negative substring length not allowed');
  if (start + length > 2147483647 || start + length < -2147483648) throw sqlError('22003', 'integer out of range');
  return concatenate(concatenate(substring(bytes, 1, start - 1), replacement), substringFrom(bytes, start + length));
}

function indexOutOfRange(index: number | bigint, maximum: number): SqlError {
  return sqlError('2202E', `index ${index} out of valid range, 0..${maximum}`);
}

/** 2202E unless there is a byte (or bit) of this index. */
export function checkIndex(index: number | bigint, count: number): number {
  if (index < 0 || index >= count) throw indexOutOfRange(index, count - 1);
  return Number(index);
}

function setByte(bytes: Uint8Array, index: number, value: number): Uint8Array {
  const at = checkIndex(index, bytes.length);
  const result = bytes.slice();
  result[at] = value;
  return result;
}

function setBit(bytes: Uint8Array, index: number | bigint, value: number): Uint8Array {
  const at = checkIndex(index, bytes.length * 8);
  if (value !== 0 && value !== 1) throw sqlError('22023', 'new bit must be 0 or 1');
  const result = bytes.slice();
  const mask = 1 << (at & 7);
  result[at >> 3] = value === 1 ? result[at >> 3] | mask : result[at >> 3] & ~mask;
  return result;
}

function bitCount(bytes: Uint8Array): number {
  let count = 0;
  for (let byte of bytes) for (; byte !== 0; byte &= byte - 1) count++;
  return count;
}

function trimStart(bytes: Uint8Array, set: Uint8Array): Uint8Array {
  let start = 0;
  while (start < bytes.length && set.includes(bytes[start])) start++;
  return bytes.slice(start);
}

function trimEnd(bytes: Uint8Array, set: Uint8Array): Uint8Array {
  let end = bytes.length;
  while (end > 0 && set.includes(bytes[end - 1])) end--;
  return bytes.slice(0, end);
}

// Called on the bytes as they are: a Buffer over them would have to move short ones off V8's heap first.
const hexSlice = Buffer.prototype.hexSlice as (this: Uint8Array, start: number, end: number) => string;
const base64Slice = Buffer.prototype.base64Slice as (this: Uint8Array, start: number, end: number) => string;

const BASE64_LINE_BYTES = 57;

/** MIME's base64: a line break after each 57 bytes. */
function encodeBase64(bytes: Uint8Array): string {
  const digits = base64Slice.call(bytes, 0, bytes.length);
  if (bytes.length < BASE64_LINE_BYTES) return digits;
  const text = digits.replace(/.{76}/g, '$&\n');
  return bytes.length % 57 !== 0 && text.endsWith('\n') ? text.slice(0, -1) : text;
}

const BACKSLASH = 92;

/** The "escape" format: zero and high bytes in octal, backslash doubled. */
function encodeEscape(bytes: Uint8Array): string {
  let size = 0;
  for (const byte of bytes) size += byte === 0 || byte >= 128 ? 4 : byte === BACKSLASH ? 2 : 1;
  checkTextLength(size);
  const text = Buffer.allocUnsafe(size);
  let at = 0;
  for (const byte of bytes) {
    if (byte === 0 || byte >= 128) {
      text[at++] = BACKSLASH;
      text[at++] = 48 + (byte >> 6);
      text[at++] = 48 + ((byte >> 3) & 7);
      text[at++] = 48 + (byte & 7);
    } else {
      if (byte === BACKSLASH) text[at++] = BACKSLASH;
      text[at++] = byte;
    }
  }
  return text.latin1Slice(0, size);
}

function decodeBase64(text: string): Uint8Array {
  const digits = replaceEach(text, /[ \n\t\r]/g, '');
  const bad = /[^A-Za-z0-9+/=]/u.exec(digits);
  if (bad !== null) {
    throw sqlError('22023', `invalid symbol "${bad[0]}" found while decoding base64 sequence`);
  }
  if (/=[^=]/.test(digits)) throw sqlError('22023', 'unexpected "=" while decoding base64 sequence');
  if (digits.length % 4 !== 0) {
    throw sqlError('22023', 'invalid base64 end sequence', {
      hint: 'Input data is missing padding, is truncated, or is otherwise corrupted.',
    });
  }
  return new Uint8Array(Buffer.from(digits, 'base64'));
}

function decodeEscape(text: string): Uint8Array {
  const source = Buffer.from(text, 'utf8');
  const bytes: number[] = [];
  for (let i = 0; i < source.length; i++) {
    if (source[i] !== 92) {
      bytes.push(source[i]);
    } else if (source[i + 1] === 92) {
      bytes.push(92);
      i++;
    } else {
      const octal = /^[0-3][0-7]{2}/.exec(source.toString('latin1', i + 1, i + 4));
      if (octal === null) throw sqlError('22P02', 'invalid input syntax for type bytea');
      bytes.push(Number.parseInt(octal[0], 8));
      i += 3;
    }
  }
  return Uint8Array.from(bytes);
}

function encode(bytes: Uint8Array, format: string): string {
  switch (format.toLowerCase()) {
    case 'hex':
      return hexSlice.call(bytes, 0, bytes.length);
    case 'base64':
      return encodeBase64(bytes);
    case 'escape':
      return encodeEscape(bytes);
    default:
      throw sqlError('22023', `unrecognized encoding: "${format}"`);
  }
}

function decode(text: string, format: string): Uint8Array {
  switch (format.toLowerCase()) {
    case 'hex':
      return decodeHexDigits(text, 0);
    case 'base64':
      return decodeBase64(text);
    case 'escape':
      return decodeEscape(text);
    default:
      throw sqlError('22023', `unrecognized encoding: "${format}"`);
  }
}

export const byteaFunctions: FunctionModule = {
  plain: {
    byteaeq: (a: Uint8Array, b: Uint8Array) => compare(a, b) === 0,
    byteane: (a: Uint8Array, b: Uint8Array) => compare(a, b) !== 0,
    bytealt: (a: Uint8Array, b: Uint8Array) => compare(a, b) < 0,
    byteale: (a: Uint8Array, b: Uint8Array) => compare(a, b) <= 0,
    byteagt: (a: Uint8Array, b: Uint8Array) => compare(a, b) > 0,
    byteage: (a: Uint8Array, b: Uint8Array) => compare(a, b) >= 0,
    byteacmp: compareBytes,
    byteacat: concatenate,
    byteaoctetlen: (bytes: Uint8Array) => bytes.length,
    bit_length_bytea: (bytes: Uint8Array) => bytes.length * 8,
    bytea_substr: substring,
    bytea_substr_no_len: substringFrom,
    byteaoverlay: overlay,
    byteaoverlay_no_len: (bytes: Uint8Array, replacement: Uint8Array, start: number) =>
      overlay(bytes, replacement, start, replacement.length),
    byteapos: (bytes: Uint8Array, part: Uint8Array) => Buffer.from(bytes).indexOf(part) + 1,
    bytealtrim: trimStart,
    byteartrim: trimEnd,
    byteatrim: (bytes: Uint8Array, set: Uint8Array) => trimEnd(trimStart(bytes, set), set),
    byteaGetByte: (bytes: Uint8Array, index: number) => bytes[checkIndex(index, bytes.length)],
    byteaSetByte: setByte,
    byteaGetBit(bytes: Uint8Array, index: number | bigint) {
      const at = checkIndex(index, bytes.length * 8);
      return (bytes[at >> 3] >> (at & 7)) & 1;
    },
    byteaSetBit: setBit,
    bytea_bit_count: bitCount,
    binary_encode: encode,
    binary_decode: decode,
    pg_convert_from: convertFrom,
    length_in_encoding: lengthIn,
    pg_convert_to: convertTo,
    pg_convert: convertBytes,
  },
};
