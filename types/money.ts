/** money: hundredths of the currency's unit as an int8, in the text form of lc_monetary = C: $1,234.56. */
import type { Codec } from './codec.ts';
import { sqlError } from './errors.ts';
import { type Int8, normaliseInt8 } from './integer.ts';

const INT8_MAX = (1n << 63n) - 1n;
const INT8_MIN = -(1n << 63n);
/** Digits after the point. */
const FRACTION_DIGITS = 2;

function inputMoney(text: string): Int8 {
  const outOfRange = (): Error => sqlError('22003', `value "${text}" is out of range for type money`);
  let at = 0;
  const skip = (pattern: RegExp): boolean => {
    const isThere = pattern.test(text[at] ?? '');
    if (isThere) at++;
    return isThere;
  };
  const skipSpace = (): void => {
    while (skip(/^\s$/));
  };
  skipSpace();
  skip(/^\$$/);
  skipSpace();
  let isNegative = false;
  if (skip(/^[-(]$/)) isNegative = true;
  else skip(/^\+$/);
  skipSpace();
  skip(/^\$$/);
  skipSpace();
  // Kept negative, as the smallest value has no positive counterpart.
  let value = 0n;
  const append = (digit: bigint): void => {
    value = value * 10n - digit;
    if (value < INT8_MIN) throw outOfRange();
  };
  let hasPoint = false;
  let decimals = 0;
  for (; at < text.length; at++) {
    const character = text[at];
    const isDigit = character >= '0' && character <= '9';
    if (isDigit && (!hasPoint || decimals < FRACTION_DIGITS)) {
      append(BigInt(character));
      if (hasPoint) decimals++;
    } else if (character === '.' && !hasPoint) hasPoint = true;
    else if (character !== ',') break;
  }
  if (/^[5-9]$/.test(text[at] ?? '')) {
    value -= 1n;
    if (value < INT8_MIN) throw outOfRange();
  }
  for (; decimals < FRACTION_DIGITS; decimals++) append(0n);
  while (skip(/^\d$/));
  while (at < text.length) {
    if (skip(/^[\s)+$]$/)) continue;
    if (!skip(/^-$/)) throw sqlError('22P02', `invalid input syntax for type money: "${text}"`);
    isNegative = true;
  }
  if (isNegative) return normaliseInt8(value);
  if (-value > INT8_MAX) throw outOfRange();
  return normaliseInt8(-value);
}

function outputMoney(value: Int8): string {
  const digits = String(value < 0 ? -BigInt(value) : value).padStart(FRACTION_DIGITS + 1, '0');
  const whole = digits.slice(0, -FRACTION_DIGITS).replace(/\B(?=(\d{3})+$)/g, ',');
  return `${value < 0 ? '-' : ''}$${whole}.${digits.slice(-FRACTION_DIGITS)}`;
}

export const moneyCodec: Codec = {
  output: outputMoney,
  input: inputMoney,
  send: (value: Int8, writer) => writer.int64(value),
  receive: (reader) => reader.int64(),
};
