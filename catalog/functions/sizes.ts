/** Sizes as texts: pg_size_pretty and pg_size_bytes. After: PostgreSQL, dbsize.c. */
import { sqlError } from '../../types/errors.ts';
import { Numeric } from '../../types/index.ts';
import type { Int8 } from './integer.ts';

const SIZE_UNITS = ['bytes', 'kB', 'MB', 'GB', 'TB', 'PB'];

/** Units change at 10 of the next (10240 bytes, 20480 half kB ...), rounded half away from zero. */
export function prettySize(value: Int8): string {
  let size = BigInt(value);
  const magnitude = (n: bigint): bigint => (n < 0n ? -n : n);
  if (magnitude(size) < 10240n) return `${size} bytes`;
  // One bit is kept below the unit so that the last division rounds.
  size = size / 512n;
  let unit = 1;
  while (unit < SIZE_UNITS.length - 1 && magnitude(size) >= 20479n) {
    size = size / 1024n;
    unit++;
  }
  const rounded = (magnitude(size) + 1n) / 2n;
  return `${size < 0n ? '-' : ''}${rounded} ${SIZE_UNITS[unit]}`;
}

export function prettyNumericSize(value: Numeric): string {
  if (!value.isFinite) return `${value} ${SIZE_UNITS.at(-1)}`;
  if (value.abs().compare(Numeric.fromScaled(10240, 0)) < 0) return `${value} bytes`;
  return prettySize(BigInt(value.trunc(0).toString()));
}

const SIZE = /^\s*([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)\s*(.*?)\s*$/s;

export function sizeInBytes(text: string): Int8 {
  const match = SIZE.exec(text);
  if (match === null) throw sqlError('22023', `invalid size: "${text}"`);
  const [, number, unit] = match;
  const exponent = unit === '' ? 0 : SIZE_UNITS.findIndex((name) => name.toLowerCase() === unit.toLowerCase());
  if (exponent < 0) {
    throw sqlError('22023', `invalid size: "${text}"`, {
      detail: `Invalid size unit: "${unit}".`,
      hint: 'Valid units are "bytes", "kB", "MB", "GB", "TB", and "PB".',
    });
  }
  return Numeric.parse(number)
    .mul(Numeric.fromBigint(1024n ** BigInt(exponent)))
    .toInt8();
}
