/**
 * Values written as a result's bytes, without becoming strings or objects. Each function answers where it came to; the caller has made
 * room (FIELD_SIZE_MAX, and what a text needs) and puts the length in front.
 */
import { outputFloat4, outputFloat8 } from '../../types/float.ts';
import { POW10 } from '../../types/pow10.ts';

/** What any of the values here takes, texts excepted; ISO dates and times (types/datetime/write.ts) too. */
export const FIELD_SIZE_MAX = 48;

/** Texts up to this length are copied without a native call. */
const SHORT_TEXT = 96;

export function setInt32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 24;
  bytes[at + 1] = value >>> 16;
  bytes[at + 2] = value >>> 8;
  bytes[at + 3] = value;
}

/** The length of a null. */
export function writeNull(bytes: Uint8Array, at: number): number {
  setInt32(bytes, at, -1);
  return at + 4;
}

/** The length of a field whose value stands between start + 4 and end; answers the end. */
export function endField(bytes: Uint8Array, start: number, end: number): number {
  setInt32(bytes, start, end - start - 4);
  return end;
}

/** Bytes start..end-1 of `source`. */
export function writeSlice(bytes: Buffer, at: number, source: Buffer, start: number, end: number): number {
  const length = end - start;
  if (length > SHORT_TEXT) source.copy(bytes, at, start, end);
  else for (let i = 0; i < length; i++) bytes[at + i] = source[start + i];
  return at + length;
}

function writeAscii(bytes: Uint8Array, at: number, text: string): number {
  const { length } = text;
  for (let i = 0; i < length; i++) bytes[at + i] = text.charCodeAt(i);
  return at + length;
}

/** Decimal digits of 0 .. 2^31 - 1. */
function writeUint31(bytes: Uint8Array, at: number, value: number): number {
  let digits = 1;
  for (let limit = 10; digits < 10 && value >= limit; limit *= 10) digits++;
  writePadded(bytes, at, value, digits);
  return at + digits;
}

/** The last `digits` decimal digits, zeros in front. */
function writePadded(bytes: Uint8Array, at: number, value: number, digits: number): void {
  let rest = value | 0;
  for (let i = at + digits - 1; i >= at; i--) {
    const next = (rest / 10) | 0;
    bytes[i] = 48 + rest - next * 10;
    rest = next;
  }
}

const BILLION = 1_000_000_000;

/** A safe integer. */
export function writeInteger(bytes: Uint8Array, at: number, value: number): number {
  let rest = value;
  let start = at;
  if (rest < 0) {
    bytes[start++] = 45;
    rest = -rest;
  }
  if (rest <= 2147483647) return writeUint31(bytes, start, rest | 0);
  const high = Math.floor(rest / BILLION);
  const end = writeInteger(bytes, start, high);
  writePadded(bytes, end, rest - high * BILLION, 9);
  return end + 9;
}

/** numeric of at most 15 digits, `scale` of them behind the point. */
export function writeScaled(bytes: Uint8Array, at: number, coefficient: number, scale: number): number {
  if (scale === 0) return writeInteger(bytes, at, coefficient);
  let start = at;
  let rest = coefficient;
  if (rest < 0) {
    bytes[start++] = 45;
    rest = -rest;
  }
  const unit = POW10[scale];
  const whole = Math.floor(rest / unit);
  const fraction = rest - whole * unit;
  const end = writeInteger(bytes, start, whole);
  bytes[end] = 46;
  if (scale <= 9) writePadded(bytes, end + 1, fraction, scale);
  else {
    const high = Math.floor(fraction / BILLION);
    writePadded(bytes, end + 1, high, scale - 9);
    writePadded(bytes, end + 1 + scale - 9, fraction - high * BILLION, 9);
  }
  return end + 1 + scale;
}

/** Base 10,000 digits, the last one first: 19 decimal digits at most. */
const digits = new Int32Array(6);

/** The binary form of the same: count of digits to base 10,000, weight, sign, scale, the digits. */
export function writeScaledBinary(bytes: Uint8Array, at: number, coefficient: number, scale: number): number {
  const isNegative = coefficient < 0;
  const magnitude = isNegative ? -coefficient : coefficient;
  // Groups of four digits are counted from the point: zeros behind fill the last one.
  const fractionGroups = (scale + 3) >>> 2;
  const factor = POW10[fractionGroups * 4 - scale];
  let count = 0;
  // 10^15 times 1000 is no exact double: the lowest group is made on its own.
  const lowUnit = 10_000 / factor;
  const high = Math.floor(magnitude / lowUnit);
  digits[count++] = (magnitude - high * lowUnit) * factor;
  for (let rest = high; rest > 0; ) {
    const next = Math.floor(rest / 10_000);
    digits[count++] = rest - next * 10_000;
    rest = next;
  }
  let last = 0;
  while (last < count && digits[last] === 0) last++;
  const isZero = last === count;
  while (count > last && digits[count - 1] === 0) count--;
  const weight = isZero ? 0 : count - 1 - fractionGroups;
  let p = at;
  const used = count - last;
  bytes[p] = used >>> 8;
  bytes[p + 1] = used;
  bytes[p + 2] = weight >> 8;
  bytes[p + 3] = weight;
  bytes[p + 4] = isNegative ? 0x40 : 0;
  bytes[p + 5] = 0;
  bytes[p + 6] = scale >>> 8;
  bytes[p + 7] = scale;
  p += 8;
  for (let i = count - 1; i >= last; i--) {
    bytes[p] = digits[i] >>> 8;
    bytes[p + 1] = digits[i];
    p += 2;
  }
  return p;
}

export function writeBool(bytes: Uint8Array, at: number, value: boolean): number {
  bytes[at] = value ? 116 : 102;
  return at + 1;
}

export function writeBoolBinary(bytes: Uint8Array, at: number, value: boolean): number {
  bytes[at] = value ? 1 : 0;
  return at + 1;
}

export function writeFloat8(bytes: Uint8Array, at: number, value: number, extraFloatDigits: number): number {
  return writeAscii(bytes, at, outputFloat8(value, extraFloatDigits));
}

export function writeFloat4(bytes: Uint8Array, at: number, value: number, extraFloatDigits: number): number {
  return writeAscii(bytes, at, outputFloat4(value, extraFloatDigits));
}

export function writeInt16Binary(bytes: Uint8Array, at: number, value: number): number {
  bytes[at] = value >> 8;
  bytes[at + 1] = value;
  return at + 2;
}

/** An int4, an oid, a date. */
export function writeInt32Binary(bytes: Uint8Array, at: number, value: number): number {
  setInt32(bytes, at, value);
  return at + 4;
}

/** A safe integer: int8, timestamps. */
export function writeInt64Binary(bytes: Uint8Array, at: number, value: number): number {
  const high = Math.floor(value / 4294967296);
  setInt32(bytes, at, high);
  setInt32(bytes, at + 4, value - high * 4294967296);
  return at + 8;
}

const floatView = new DataView(new ArrayBuffer(8));

export function writeFloat4Binary(bytes: Uint8Array, at: number, value: number): number {
  floatView.setFloat32(0, value);
  setInt32(bytes, at, floatView.getInt32(0));
  return at + 4;
}

export function writeFloat8Binary(bytes: Uint8Array, at: number, value: number): number {
  floatView.setFloat64(0, value);
  setInt32(bytes, at, floatView.getInt32(0));
  setInt32(bytes, at + 4, floatView.getInt32(4));
  return at + 8;
}

/** What a byte becomes behind a backslash in COPY's text form; 0: it stands as it is. */
function escapes(delimiter: number): Uint8Array {
  const table = new Uint8Array(256);
  table[92] = 92;
  for (const [code, letter] of [
    [8, 'b'],
    [12, 'f'],
    [10, 'n'],
    [13, 'r'],
    [9, 't'],
    [11, 'v'],
  ] as const)
    table[code] = letter.charCodeAt(0);
  if (table[delimiter] === 0) table[delimiter] = delimiter;
  return table;
}
const escapesByDelimiter = new Map<number, Uint8Array>();

export function copyEscapes(delimiter: number): Uint8Array {
  let table = escapesByDelimiter.get(delimiter);
  if (table === undefined) {
    table = escapes(delimiter);
    escapesByDelimiter.set(delimiter, table);
  }
  return table;
}

/** Bytes of a text in COPY's text form: up to twice as many. */
export function writeEscaped(
  bytes: Uint8Array,
  at: number,
  source: Uint8Array,
  start: number,
  end: number,
  table: Uint8Array,
): number {
  let p = at;
  for (let i = start; i < end; i++) {
    const byte = source[i];
    const escaped = table[byte];
    if (escaped !== 0) {
      bytes[p++] = 92;
      bytes[p++] = escaped;
    } else bytes[p++] = byte;
  }
  return p;
}
