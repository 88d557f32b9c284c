/** bit(n) and bit varying: texts of 0 and 1. Their order is that of the bits, then of the length, which is text order. */
import { coerceBit, coerceVarbit } from '../../types/bit.ts';
import { sqlError } from '../../types/errors.ts';
import { replaceEach } from '../../types/replace-each.ts';
import { compareBits } from './comparison-numbers.ts';
import { type Int8, int8FromBigInt, integerOutOfRange } from './integer.ts';
import type { AggregateSpec, FunctionModule } from './module.ts';

type BitPair = (a: number, b: number) => number;

function combine(operation: BitPair, name: string): (a: string, b: string) => string {
  return (a, b) => {
    if (a.length !== b.length) throw sqlError('22026', `cannot ${name} bit strings of different sizes`);
    let result = '';
    for (let i = 0; i < a.length; i++) result += operation(a.charCodeAt(i) & 1, b.charCodeAt(i) & 1);
    return result;
  };
}

const and = combine((a, b) => a & b, 'AND');
const or = combine((a, b) => a | b, 'OR');
const xor = combine((a, b) => a ^ b, 'XOR');

function shift(bits: string, count: number): string {
  const size = bits.length;
  if (count >= size || count <= -size) return '0'.repeat(size);
  return count >= 0 ? bits.slice(count) + '0'.repeat(count) : '0'.repeat(-count) + bits.slice(0, count);
}

function substring(bits: string, start: number, length: number): string {
  if (length < 0) throw sqlError('22011', 'negative substring length not allowed');
  const end = start + length;
  return end <= 1 ? '' : bits.slice(Math.max(start, 1) - 1, end - 1);
}

const substringFrom = (bits: string, start: number): string => bits.slice(Math.max(start, 1) - 1);

function overlay(bits: string, replacement: string, start: number, length: number): string {
  if (start <= 0) throw sqlError('22011', 'negative substring length not allowed');
  if (start + length > 2147483647 || start + length < -2147483648) throw sqlError('22003', 'integer out of range');
  return bits.slice(0, start - 1) + replacement + substringFrom(bits, start + length);
}

function checkIndex(bits: string, index: number): void {
  if (index < 0 || index >= bits.length) {
    throw sqlError('2202E', `bit index ${index} out of valid range (0..${bits.length - 1})`);
  }
}

function setBit(bits: string, index: number, value: number): string {
  checkIndex(bits, index);
  if (value !== 0 && value !== 1) throw sqlError('22023', 'new bit must be 0 or 1');
  return bits.slice(0, index) + value + bits.slice(index + 1);
}

/** The lowest bits of an integer, sign extended. */
function fromInteger(value: Int8, length: number): string {
  const size = length <= 0 ? 1 : length;
  const bits = BigInt.asUintN(64, BigInt(value)).toString(2).padStart(64, '0');
  return size <= 64 ? bits.slice(64 - size) : bits[0].repeat(size - 64) + bits;
}

function toInt4(bits: string): number {
  if (bits.length > 32) throw integerOutOfRange();
  return Number(BigInt.asIntN(32, BigInt(`0b${bits || '0'}`)));
}

function toInt8(bits: string): Int8 {
  if (bits.length > 64) throw sqlError('22003', 'bigint out of range');
  return int8FromBigInt(BigInt.asIntN(64, BigInt(`0b${bits || '0'}`)));
}

function ofBits(operation: (a: string, b: string) => string): AggregateSpec {
  return {
    strict: true,
    create: () => ({
      initial: () => null,
      step: (state: string | null, value: string) => (state === null ? value : operation(state, value)),
      final: (state: string | null) => state,
    }),
  };
}

export const bitFunctions: FunctionModule = {
  plain: {
    biteq: (a: string, b: string) => a === b,
    bitne: (a: string, b: string) => a !== b,
    bitlt: (a: string, b: string) => a < b,
    bitle: (a: string, b: string) => a <= b,
    bitgt: (a: string, b: string) => a > b,
    bitge: (a: string, b: string) => a >= b,
    bitcmp: compareBits,
    bit_and: and,
    bit_or: or,
    bitxor: xor,
    bitnot: (bits: string) => replaceEach(bits, /./g, (bit) => (bit === '0' ? '1' : '0')),
    bitcat: (a: string, b: string) => a + b,
    bitshiftleft: shift,
    bitshiftright: (bits: string, count: number) => shift(bits, -count),
    bitlength: (bits: string) => bits.length,
    bit_length_bit: (bits: string) => bits.length,
    bitoctetlength: (bits: string) => (bits.length + 7) >> 3,
    bit_bit_count: (bits: string) => bits.replaceAll('0', '').length,
    bitsubstr: substring,
    bitsubstr_no_len: substringFrom,
    bitoverlay: overlay,
    bitoverlay_no_len: (bits: string, replacement: string, start: number) =>
      overlay(bits, replacement, start, replacement.length),
    bitposition: (bits: string, part: string) => (bits === '' ? 0 : bits.indexOf(part) + 1),
    bitgetbit(bits: string, index: number) {
      checkIndex(bits, index);
      return bits.charCodeAt(index) & 1;
    },
    bitsetbit: setBit,
    bit: (bits: string, typmod: number, isExplicit: boolean) => coerceBit(bits, typmod, isExplicit),
    varbit: (bits: string, typmod: number, isExplicit: boolean) => coerceVarbit(bits, typmod, isExplicit),
    bitfromint4: fromInteger,
    bitfromint8: fromInteger,
    bittoint4: toInt4,
    bittoint8: toInt8,
  },
  aggregates: {
    bit_and_bit: ofBits(and),
    bit_or_bit: ofBits(or),
    bit_xor_bit: ofBits(xor),
  },
};
