/** numeric in the wire's binary format: digits of base 10000, their weight, sign and display scale, all int16. */
import type { BinaryReader } from './binary-reader.ts';
import type { ByteWriter } from './byte-writer.ts';
import { sqlError } from './errors.ts';
import { NUMERIC_SCALE_MAX, Numeric } from './numeric.ts';
import { bigPow10 } from './pow10.ts';

const SIGN_POSITIVE = 0x0000;
const SIGN_NEGATIVE = 0x4000;
const SIGN_NAN = 0xc000;
const SIGN_INFINITY = 0xd000;
const SIGN_NEGATIVE_INFINITY = 0xf000;

export function sendNumeric(value: Numeric, writer: ByteWriter): void {
  const { coefficient, scale } = value;
  if (!value.isFinite) {
    writer.int16(0);
    writer.int16(0);
    writer.int16(value.isNaN ? SIGN_NAN : coefficient > 0 ? SIGN_INFINITY : SIGN_NEGATIVE_INFINITY);
    // What PostgreSQL happens to send: the scale's bits of an infinity's header are not empty.
    writer.int16(value.isNaN ? 0 : 0x20);
    return;
  }
  const groups = base10000(value);
  // Groups after the point; the first group's weight is what stands before it.
  let weight = groups.length - Math.ceil(scale / 4) - 1;
  let start = 0;
  let end = groups.length;
  while (start < end && groups[start] === 0) {
    start++;
    weight--;
  }
  while (end > start && groups[end - 1] === 0) end--;
  writer.int16(end - start);
  writer.int16(start === end ? 0 : weight);
  writer.int16(coefficient < 0 ? SIGN_NEGATIVE : SIGN_POSITIVE);
  writer.int16(scale);
  for (let i = start; i < end; i++) writer.int16(groups[i]);
}

/** Groups of four digits, most significant first, the point between two of them. */
function base10000(value: Numeric): number[] {
  const { coefficient, scale } = value;
  const padding = (4 - (scale % 4)) % 4;
  const digits = '' + (coefficient < 0 ? -coefficient : coefficient) + '000'.slice(0, padding);
  const groups: number[] = [];
  for (let end = digits.length; end > 0; end -= 4) groups.push(Number(digits.slice(Math.max(end - 4, 0), end)));
  return groups.reverse();
}

export function receiveNumeric(reader: BinaryReader): Numeric {
  const count = reader.uint16();
  const weight = reader.int16();
  const sign = reader.uint16();
  const scale = reader.uint16();
  if (sign === SIGN_NAN) return Numeric.NaN;
  if (sign === SIGN_INFINITY) return Numeric.INFINITY;
  if (sign === SIGN_NEGATIVE_INFINITY) return Numeric.NEGATIVE_INFINITY;
  if (sign !== SIGN_POSITIVE && sign !== SIGN_NEGATIVE) {
    throw sqlError('22P03', 'invalid sign in external "numeric" value');
  }
  if (scale > NUMERIC_SCALE_MAX) throw sqlError('22P03', 'invalid scale in external "numeric" value');
  let digits = '0';
  for (let i = 0; i < count; i++) {
    const group = reader.int16();
    if (group < 0 || group >= 10000) throw sqlError('22P03', 'invalid digit in external "numeric" value');
    digits += String(group).padStart(4, '0');
  }
  let coefficient = BigInt(digits);
  // The digits stand for coefficient * 10000^(weight + 1 - count); what lies beyond the display scale is cut.
  const shift = (weight + 1 - count) * 4 + scale;
  if (shift >= 0) coefficient *= bigPow10(shift);
  else coefficient /= bigPow10(-shift);
  if (sign === SIGN_NEGATIVE) coefficient = -coefficient;
  return Numeric.fromBigint(coefficient, scale);
}
