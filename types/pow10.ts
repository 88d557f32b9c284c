/** Powers of ten: exact doubles up to 10^22, and bigints kept as they are asked for. */
export const POW10: readonly number[] = Array.from({ length: 23 }, (_, i) => Number(`1e${i}`));

const KEPT_MAX = 1100;
const bigPowers: bigint[] = [1n];

export function bigPow10(exponent: number): bigint {
  if (exponent > KEPT_MAX) return 10n ** BigInt(exponent);
  for (let i = bigPowers.length; i <= exponent; i++) bigPowers.push(bigPowers[i - 1] * 10n);
  return bigPowers[exponent];
}

/** Number of decimal digits of a non-negative safe integer; 1 for zero. */
export function decimalDigits(value: number): number {
  let low = 1;
  while (low < 16 && value >= POW10[low]) low++;
  return low;
}

export function bigDecimalDigits(value: bigint): number {
  return (value < 0n ? -value : value).toString().length;
}

/** Quotient rounded half away from zero; divisor positive. */
export function bigDivRound(dividend: bigint, divisor: bigint): bigint {
  const quotient = dividend / divisor;
  const rest = dividend - quotient * divisor;
  if (rest >= 0n) return rest * 2n >= divisor ? quotient + 1n : quotient;
  return -rest * 2n >= divisor ? quotient - 1n : quotient;
}
