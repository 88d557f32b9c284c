/**
 * int2, int4, int8 and oid: arithmetic with PostgreSQL's overflow errors, comparison, bits, casts among them.
 *
 * An int8 is a number while it is a safe integer and a bigint beyond. Arithmetic tries doubles first: a sum or product of
 * two safe integers whose rounded double is a safe integer is exact, since any true result of 2^53 or more rounds to at
 * least 2^53. Only then come bigints. Comparison needs no care: JavaScript compares a number with a bigint by value, and
 * normalised values of different kinds are never equal.
 */
import { type SqlError, sqlError } from '../../types/errors.ts';
import { Numeric } from '../../types/index.ts';
import type { FunctionModule } from './module.ts';

export type Int8 = number | bigint;

const INT8_MAX = 9223372036854775807n;
const INT8_MIN = -9223372036854775808n;

function lsnDifference(a: Int8, b: Int8): Numeric {
  return Numeric.fromBigint(BigInt(a) - BigInt(b));
}

const LSN_MAX = 2n ** 64n - 1n;

function lsnFromBigint(value: bigint): Int8 {
  if (value < 0n || value > LSN_MAX) throw sqlError('22023', 'pg_lsn out of range');
  return value <= 9007199254740991n ? Number(value) : value;
}

function lsnFromNumeric(value: Numeric): Int8 {
  if (!value.isFinite) throw sqlError('0A000', `cannot convert ${value.isNaN ? 'NaN' : 'infinity'} to pg_lsn`);
  return lsnFromBigint(BigInt(value.round(0).coefficient));
}

function lsnPlus(lsn: Int8, bytes: Numeric): Int8 {
  if (bytes.isNaN) throw sqlError('0A000', 'cannot add NaN to pg_lsn');
  return lsnFromNumeric(Numeric.fromBigint(BigInt(lsn)).add(bytes));
}

function lsnMinus(lsn: Int8, bytes: Numeric): Int8 {
  if (bytes.isNaN) throw sqlError('0A000', 'cannot subtract NaN from pg_lsn');
  return lsnFromNumeric(Numeric.fromBigint(BigInt(lsn)).sub(bytes));
}

export const smallintOutOfRange = (): SqlError => sqlError('22003', 'smallint out of range');
export const integerOutOfRange = (): SqlError => sqlError('22003', 'integer out of range');
export const bigintOutOfRange = (): SqlError => sqlError('22003', 'bigint out of range');
export const divisionByZero = (): SqlError => sqlError('22012', 'division by zero');

/** Checks the range of an int8 computed as a bigint, and makes it a number when it is safe. */
export function int8FromBigInt(value: bigint): Int8 {
  if (value > INT8_MAX || value < INT8_MIN) throw bigintOutOfRange();
  return value >= -9007199254740991n && value <= 9007199254740991n ? Number(value) : value;
}

function int2Result(value: number): number {
  if (value < -32768 || value > 32767) throw smallintOutOfRange();
  return value | 0;
}

function int4Result(value: number): number {
  if (value < -2147483648 || value > 2147483647) throw integerOutOfRange();
  return value | 0; // also makes -0 a 0
}

function int4Add(a: number, b: number): number {
  return int4Result(a + b);
}

function int4Sub(a: number, b: number): number {
  return int4Result(a - b);
}

/** The rounded product of two int4 tells the range right; inside the range it is exact. */
function int4Mul(a: number, b: number): number {
  return int4Result(a * b);
}

function int4Div(a: number, b: number): number {
  if (b === 0) throw divisionByZero();
  return int4Result(Math.trunc(a / b));
}

export function int8Add(a: Int8, b: Int8): Int8 {
  if (typeof a === 'number' && typeof b === 'number') {
    const sum = a + b;
    if (Number.isSafeInteger(sum)) return sum;
  }
  return int8FromBigInt(BigInt(a) + BigInt(b));
}

export function int8Sub(a: Int8, b: Int8): Int8 {
  if (typeof a === 'number' && typeof b === 'number') {
    const difference = a - b;
    if (Number.isSafeInteger(difference)) return difference;
  }
  return int8FromBigInt(BigInt(a) - BigInt(b));
}

export function int8Mul(a: Int8, b: Int8): Int8 {
  if (typeof a === 'number' && typeof b === 'number') {
    const product = a * b;
    if (Number.isSafeInteger(product)) return product + 0;
  }
  return int8FromBigInt(BigInt(a) * BigInt(b));
}

/** a - a % b is exact and divisible, so the quotient of doubles is exact. */
function int8Div(a: Int8, b: Int8): Int8 {
  if (b === 0) throw divisionByZero();
  if (typeof a === 'number' && typeof b === 'number') return (a - (a % b)) / b + 0;
  return int8FromBigInt(BigInt(a) / BigInt(b));
}

function int8Mod(a: Int8, b: Int8): Int8 {
  if (b === 0) throw divisionByZero();
  if (typeof a === 'number' && typeof b === 'number') return (a % b) + 0;
  return int8FromBigInt(BigInt(a) % BigInt(b));
}

function int4Mod(a: number, b: number): number {
  if (b === 0) throw divisionByZero();
  return (a % b) | 0;
}

function int8Negate(value: Int8): Int8 {
  return typeof value === 'number' ? 0 - value : int8FromBigInt(-value);
}

function int8Abs(value: Int8): Int8 {
  if (typeof value === 'number') return Math.abs(value);
  return value < 0n ? int8FromBigInt(-value) : value;
}

/** A bit operation over 64 bits, answered in two's complement. */
function int8Bits(value: bigint): Int8 {
  return int8FromBigInt(BigInt.asIntN(64, value));
}

export function int4FromInt8(value: Int8): number {
  if (value > 2147483647 || value < -2147483648) throw integerOutOfRange();
  return value as number;
}

function int2FromInt8(value: Int8): number {
  if (value > 32767 || value < -32768) throw smallintOutOfRange();
  return value as number;
}

function oidFromInt8(value: Int8): number {
  if (value < 0 || value > 4294967295) throw sqlError('22003', 'OID out of range');
  return value as number;
}

function greatestCommonDivisor(a: bigint, b: bigint): bigint {
  while (b !== 0n) [a, b] = [b, a % b];
  return a < 0n ? -a : a;
}

/** Safe numbers only. */
function gcdNumber(a: number, b: number): number {
  while (b !== 0) [a, b] = [b, a % b];
  return Math.abs(a);
}

function int8Gcd(a: Int8, b: Int8): Int8 {
  if (typeof a === 'number' && typeof b === 'number') return gcdNumber(a, b);
  return int8FromBigInt(greatestCommonDivisor(BigInt(a), BigInt(b)));
}

function int8Lcm(a: Int8, b: Int8): Int8 {
  if (a === 0 || b === 0) return 0;
  const [x, y] = [BigInt(a), BigInt(b)];
  const multiple = (x / greatestCommonDivisor(x, y)) * y;
  return int8FromBigInt(multiple < 0n ? -multiple : multiple);
}

function int4Lcm(a: number, b: number): number {
  if (a === 0 || b === 0) return 0;
  return int4Result(Math.abs((a / gcdNumber(a, b)) * b));
}

const eq = (a: Int8, b: Int8) => a === b;
const ne = (a: Int8, b: Int8) => a !== b;
const lt = (a: Int8, b: Int8) => a < b;
const le = (a: Int8, b: Int8) => a <= b;
const gt = (a: Int8, b: Int8) => a > b;
const ge = (a: Int8, b: Int8) => a >= b;
const larger = (a: Int8, b: Int8) => (a > b ? a : b);
const smaller = (a: Int8, b: Int8) => (a < b ? a : b);
const compare = (a: Int8, b: Int8) => (a < b ? -1 : a > b ? 1 : 0);
const same = (value: Int8) => value;

function hexOfInt4(value: number): string {
  return (value >>> 0).toString(16);
}

function hexOfInt8(value: Int8): string {
  return BigInt.asUintN(64, BigInt(value)).toString(16);
}

/** All six comparisons under names that begin alike. */
function comparisons(prefix: string): Record<string, (a: Int8, b: Int8) => boolean> {
  return {
    [`${prefix}eq`]: eq,
    [`${prefix}ne`]: ne,
    [`${prefix}lt`]: lt,
    [`${prefix}le`]: le,
    [`${prefix}gt`]: gt,
    [`${prefix}ge`]: ge,
  };
}

export const integerFunctions: FunctionModule = {
  plain: {
    ...comparisons('int2'),
    ...comparisons('int4'),
    ...comparisons('int8'),
    ...comparisons('int24'),
    ...comparisons('int42'),
    ...comparisons('int28'),
    ...comparisons('int82'),
    ...comparisons('int48'),
    ...comparisons('int84'),
    ...comparisons('oid'),
    ...comparisons('xid8'),
    xid8cmp: compare,
    xid8_larger: larger,
    xid8_smaller: smaller,
    xid8toxid: (value: Int8) => Number(BigInt.asUintN(32, BigInt(value))),
    pg_lsn_eq: eq,
    pg_lsn_ne: ne,
    pg_lsn_lt: lt,
    pg_lsn_le: le,
    pg_lsn_gt: gt,
    pg_lsn_ge: ge,
    pg_lsn_cmp: compare,
    pg_lsn_mi: lsnDifference,
    numeric_pg_lsn: lsnFromNumeric,
    pg_lsn_pli: lsnPlus,
    numeric_pl_pg_lsn_numeric_pg_lsn: (bytes: Numeric, lsn: Int8) => lsnPlus(lsn, bytes),
    pg_lsn_mii: lsnMinus,
    pg_wal_lsn_diff: lsnDifference,
    xideq: eq,
    xidneq: ne,
    cideq: eq,
    btint2cmp: (a: number, b: number) => a - b,
    btint4cmp: compare,
    btint8cmp: compare,
    btoidcmp: compare,

    int2pl: (a: number, b: number) => int2Result(a + b),
    int2mi: (a: number, b: number) => int2Result(a - b),
    int2mul: (a: number, b: number) => int2Result(a * b),
    int2div(a: number, b: number) {
      if (b === 0) throw divisionByZero();
      return int2Result(Math.trunc(a / b));
    },
    int2mod: int4Mod,
    int2um: (a: number) => int2Result(-a),
    int2up: same,
    int2abs: (a: number) => int2Result(Math.abs(a)),
    int2larger: larger,
    int2smaller: smaller,
    int4pl: int4Add,
    int4mi: int4Sub,
    int4mul: int4Mul,
    int4div: int4Div,
    int4mod: int4Mod,
    int4um: (a: number) => int4Result(-a),
    int4up: same,
    int4abs: (a: number) => int4Result(Math.abs(a)),
    int4inc: (a: number) => int4Result(a + 1),
    int4larger: larger,
    int4smaller: smaller,
    int24pl: int4Add,
    int24mi: int4Sub,
    int24mul: int4Mul,
    int24div: int4Div,
    int42pl: int4Add,
    int42mi: int4Sub,
    int42mul: int4Mul,
    int42div: int4Div,
    int8pl: int8Add,
    int8mi: int8Sub,
    int8mul: int8Mul,
    int8div: int8Div,
    int8mod: int8Mod,
    int8um: int8Negate,
    int8up: same,
    int8abs: int8Abs,
    int8inc: (a: Int8) => int8Add(a, 1),
    int8dec: (a: Int8) => int8Sub(a, 1),
    int8larger: larger,
    int8smaller: smaller,
    int28pl: int8Add,
    int28mi: int8Sub,
    int28mul: int8Mul,
    int28div: int8Div,
    int82pl: int8Add,
    int82mi: int8Sub,
    int82mul: int8Mul,
    int82div: int8Div,
    int48pl: int8Add,
    int48mi: int8Sub,
    int48mul: int8Mul,
    int48div: int8Div,
    int84pl: int8Add,
    int84mi: int8Sub,
    int84mul: int8Mul,
    int84div: int8Div,
    oidlarger: larger,
    oidsmaller: smaller,

    int2and: (a: number, b: number) => a & b,
    int2or: (a: number, b: number) => a | b,
    int2xor: (a: number, b: number) => a ^ b,
    int2not: (a: number) => ~a,
    int2shl: (a: number, b: number) => ((a << b) << 16) >> 16,
    int2shr: (a: number, b: number) => ((a >> b) << 16) >> 16,
    int4and: (a: number, b: number) => a & b,
    int4or: (a: number, b: number) => a | b,
    int4xor: (a: number, b: number) => a ^ b,
    int4not: (a: number) => ~a,
    int4shl: (a: number, b: number) => a << b,
    int4shr: (a: number, b: number) => a >> b,
    int8and: (a: Int8, b: Int8) => int8Bits(BigInt(a) & BigInt(b)),
    int8or: (a: Int8, b: Int8) => int8Bits(BigInt(a) | BigInt(b)),
    int8xor: (a: Int8, b: Int8) => int8Bits(BigInt(a) ^ BigInt(b)),
    int8not: (a: Int8) => int8Bits(~BigInt(a)),
    int8shl: (a: Int8, b: number) => int8Bits(BigInt(a) << BigInt(b & 63)),
    int8shr: (a: Int8, b: number) => int8Bits(BigInt(a) >> BigInt(b & 63)),

    int4gcd(a: number, b: number) {
      return int4Result(gcdNumber(a, b));
    },
    int8gcd: int8Gcd,
    int4lcm: int4Lcm,
    int8lcm: int8Lcm,
    to_hex32: hexOfInt4,
    to_hex64: hexOfInt8,

    // casts
    i2toi4: same,
    i4toi2: int2FromInt8,
    int28: same,
    int48: same,
    int82: int2FromInt8,
    int84: int4FromInt8,
    i8tooid: oidFromInt8,
    oidtoi8: same,
  },
};
