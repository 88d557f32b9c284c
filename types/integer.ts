/** int2, int4, int8, oid and their like: text in, with PostgreSQL's two errors; the normal form of int8. */
import { type SqlError, sqlError } from './errors.ts';

/** An int8 (or microseconds): a number while it is a safe integer, else a bigint. */
export type Int8 = number | bigint;

const SAFE = Number.MAX_SAFE_INTEGER;
const BIG_SAFE = BigInt(SAFE);

export function normaliseInt8(value: bigint): Int8 {
  return value <= BIG_SAFE && value >= -BIG_SAFE ? Number(value) : value;
}

function isBlank(code: number): boolean {
  return code === 32 || (code >= 9 && code <= 13);
}

function invalid(typeName: string, text: string): SqlError {
  return sqlError('22P02', `invalid input syntax for type ${typeName}: "${text}"`);
}

function outOfRange(typeName: string, text: string): SqlError {
  return sqlError('22003', `value "${text}" is out of range for type ${typeName}`);
}

export function inputInt2(text: string): number {
  return inputInteger(text, -32768, 32767, 'smallint');
}

export function inputInt4(text: string): number {
  return inputInteger(text, -2147483648, 2147483647, 'integer');
}

/** Digits with an optional sign and blanks around. */
function inputInteger(text: string, min: number, max: number, typeName: string): number {
  let i = 0;
  let end = text.length;
  while (i < end && isBlank(text.charCodeAt(i))) i++;
  while (end > i && isBlank(text.charCodeAt(end - 1))) end--;
  let negative = false;
  const sign = text.charCodeAt(i);
  if (sign === 45 || sign === 43) {
    negative = sign === 45;
    i++;
  }
  if (i >= end) throw invalid(typeName, text);
  let value = 0;
  for (; i < end; i++) {
    const digit = text.charCodeAt(i) - 48;
    if (!(digit >= 0 && digit <= 9)) throw invalid(typeName, text);
    value = value * 10 + digit;
    // Still looked through to the end: a letter later makes it invalid rather than out of range.
    if (value > 4e15) value = 4e14;
  }
  if (negative) value = 0 - value;
  if (value < min || value > max) throw outOfRange(typeName, text);
  return value;
}

export function inputInt8(text: string): Int8 {
  const length = text.length;
  if (length <= 15 && length > 0) {
    const negative = text.charCodeAt(0) === 45;
    let i = negative ? 1 : 0;
    let value = 0;
    for (; i < length; i++) {
      const digit = text.charCodeAt(i) - 48;
      if (!(digit >= 0 && digit <= 9)) break;
      value = value * 10 + digit;
    }
    if (i === length && i > (negative ? 1 : 0)) return negative ? 0 - value : value;
  }
  const match = /^[ \t\n\v\f\r]*([+-]?\d+)[ \t\n\v\f\r]*$/.exec(text);
  if (match === null) throw invalid('bigint', text);
  const value = BigInt(match[1].startsWith('+') ? match[1].slice(1) : match[1]);
  if (BigInt.asIntN(64, value) !== value) throw outOfRange('bigint', text);
  return normaliseInt8(value);
}

/** oid, xid, cid: unsigned; a negative one wraps, as strtoul has it. */
export function inputOid(text: string, typeName = 'oid'): number {
  const match = /^[ \t\n\v\f\r]*([+-]?)(\d+)[ \t\n\v\f\r]*$/.exec(text);
  if (match === null) throw invalid(typeName, text);
  const value = Number(match[2]);
  const isNegative = match[1] === '-';
  if (value > (isNegative ? 2147483648 : 4294967295)) throw outOfRange(typeName, text);
  return isNegative ? (4294967296 - value) % 4294967296 : value;
}

/** xid8, 64 bits unsigned. */
export function inputUint8(text: string, typeName: string): Int8 {
  const match = /^[ \t\n\v\f\r]*\+?(\d+)[ \t\n\v\f\r]*$/.exec(text);
  if (match === null) throw invalid(typeName, text);
  const value = BigInt(match[1]);
  if (BigInt.asUintN(64, value) !== value) throw outOfRange(typeName, text);
  return normaliseInt8(value);
}
