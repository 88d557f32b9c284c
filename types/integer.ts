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
  const limit = negative ? -min : max;
  let value = 0;
  for (; i < end; i++) {
    const digit = text.charCodeAt(i) - 48;
    if (!(digit >= 0 && digit <= 9)) throw invalid(typeName, text);
    value = value * 10 + digit;
    if (value > limit) throw outOfRange(typeName, text);
  }
  return negative ? 0 - value : value;
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
  // Overflow is found before what follows the digits is looked at.
  const match = /^[ \t\n\v\f\r]*([+-]?)(\d+)/.exec(text);
  if (match === null) throw invalid('bigint', text);
  const value = match[1] === '-' ? -BigInt(match[2]) : BigInt(match[2]);
  if (BigInt.asIntN(64, value) !== value) throw outOfRange('bigint', text);
  if (!/^[ \t\n\v\f\r]*$/.test(text.slice(match[0].length))) throw invalid('bigint', text);
  return normaliseInt8(value);
}

/** oid, xid, cid: unsigned; a negative one wraps, as strtoul has it. */
export function inputOid(text: string): number {
  const match = /^[ \t\n\v\f\r]*([+-]?)(\d+)(.*)$/s.exec(text);
  if (match === null) throw invalid('oid', text);
  // Beyond strtoul's 64 bits that is found before what follows the digits is looked at.
  if (BigInt(match[2]) > 0xffff_ffff_ffff_ffffn) throw outOfRange('oid', text);
  if (!/^[ \t\n\v\f\r]*$/.test(match[3])) throw invalid('oid', text);
  const value = Number(match[2]);
  const isNegative = match[1] === '-';
  if (value > (isNegative ? 2147483648 : 4294967295)) throw outOfRange('oid', text);
  return isNegative ? (4294967296 - value) % 4294967296 : value;
}

/** xid, cid: as far as there are digits, without complaint. */
export function inputXid(text: string): number {
  return Number(BigInt.asUintN(32, leadingUnsigned(text)));
}

/** xid8: the same in 64 bits. */
export function inputXid8(text: string): Int8 {
  return normaliseInt8(leadingUnsigned(text));
}

const UINT64_MAX = 2n ** 64n - 1n;

/** What strtoul makes of a text: 0x begins a hexadecimal number, 0 an octal one; what is too large is the largest there is. */
function leadingUnsigned(text: string): bigint {
  const form = /^[ \t\n\v\f\r]*([+-]?)(0[xX](?=[0-9a-fA-F])[0-9a-fA-F]+|0[0-7]*|[1-9]\d*)/;
  const match = form.exec(text);
  if (match === null) return 0n;
  const [, sign, digits] = match;
  const value = BigInt(/^0[0-7]/.test(digits) ? `0o${digits.slice(1)}` : digits);
  if (value > UINT64_MAX) return UINT64_MAX;
  return sign === '-' ? BigInt.asUintN(64, -value) : value;
}
