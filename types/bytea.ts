/** bytea as text: hex (\x...) and the older escape form (\ooo, \\). */
import { Buffer } from 'node:buffer';
import { type SqlError, sqlError } from './errors.ts';

const hexSlice = Buffer.prototype.hexSlice as (this: Uint8Array, start: number, end: number) => string;

export function outputBytea(bytes: Uint8Array, form: 'hex' | 'escape'): string {
  if (form === 'hex') return '\\x' + hexSlice.call(bytes, 0, bytes.length);
  let text = '';
  for (const byte of bytes) {
    if (byte === 0x5c) text += '\\\\';
    else if (byte < 0x20 || byte > 0x7e) text += '\\' + byte.toString(8).padStart(3, '0');
    else text += String.fromCharCode(byte);
  }
  return text;
}

export function inputBytea(text: string): Uint8Array {
  return text.startsWith('\\x') ? decodeHexDigits(text, 2) : inputEscape(text);
}

function hexDigit(text: string, at: number): number {
  const code = text.charCodeAt(at);
  if (code >= 48 && code <= 57) return code - 48;
  const letter = (code | 32) - 87;
  return letter >= 10 && letter <= 15 ? letter : -1;
}

const LONG_HEX_MIN = 256;
const HEX_PIECE = 65536;

/** Decodes pieces of nothing but digits, up to the first that is not; answers how many bytes they made. */
function decodeHexRun(text: string, start: number, bytes: Uint8Array): number {
  const target = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  let count = 0;
  while (count < bytes.length) {
    const from = start + count * 2;
    const piece = text.slice(from, from + Math.min(HEX_PIECE, bytes.length - count) * 2);
    // Node takes U+0130 for a 0.
    if (!/^[0-9a-fA-F]*$/.test(piece)) break;
    count += target.write(piece, count, 'hex');
  }
  return count;
}

/** Pairs of hexadecimal digits from an index on, with blanks between pairs; also decode(text, 'hex'). */
export function decodeHexDigits(text: string, start: number): Uint8Array {
  const length = text.length;
  const bytes = new Uint8Array((length - start) >> 1);
  // Node's own decoder as far as there are only digits; from there on we look ourselves.
  let count = length - start >= LONG_HEX_MIN ? decodeHexRun(text, start, bytes) : 0;
  for (let i = start + count * 2; i < length; ) {
    const code = text.charCodeAt(i);
    if (code === 32 || code === 10 || code === 9 || code === 13) {
      i++;
      continue;
    }
    const high = hexDigit(text, i);
    if (high < 0) throw invalidHex(text, i);
    if (i + 1 >= length) throw sqlError('22023', 'invalid hexadecimal data: odd number of digits');
    const low = hexDigit(text, i + 1);
    if (low < 0) throw invalidHex(text, i + 1);
    bytes[count++] = (high << 4) | low;
    i += 2;
  }
  return count === bytes.length ? bytes : bytes.subarray(0, count);
}

function invalidHex(text: string, at: number): SqlError {
  return sqlError('22023', `invalid hexadecimal digit: "${String.fromCodePoint(text.codePointAt(at) as number)}"`);
}

function inputEscape(text: string): Uint8Array {
  const source = Buffer.from(text, 'utf8');
  if (source.indexOf(0x5c) < 0) return source;
  const bytes = new Uint8Array(source.length);
  let count = 0;
  for (let i = 0; i < source.length; ) {
    if (source[i] !== 0x5c) {
      bytes[count++] = source[i++];
    } else if (isOctal(source[i + 1], 3) && isOctal(source[i + 2], 7) && isOctal(source[i + 3], 7)) {
      bytes[count++] = ((source[i + 1] - 48) << 6) | ((source[i + 2] - 48) << 3) | (source[i + 3] - 48);
      i += 4;
    } else if (source[i + 1] === 0x5c) {
      bytes[count++] = 0x5c;
      i += 2;
    } else throw sqlError('22P02', 'invalid input syntax for type bytea');
  }
  return bytes.subarray(0, count);
}

function isOctal(byte: number | undefined, max: number): boolean {
  return byte !== undefined && byte >= 48 && byte <= 48 + max;
}
