/** money: hundredths of the currency's unit as an int8, in the text form of lc_monetary = C: $1,234.56. */
import type { Codec } from './codec.ts';
import { sqlError } from './errors.ts';
import { type Int8, normaliseInt8 } from './integer.ts';

const INT8_MAX = (1n << 63n) - 1n;
const INT8_MIN = -(1n << 63n);
/** Digits after the point. */
const FRACTION_DIGITS = 2;

/** More digits, and bigints count. */
const PLAIN_LENGTH_MAX = 15;

/** $1,234.56, with or without its sign, point and commas, as nearly all texts have it; NaN: it is another. */
function plainMoney(text: string): number {
  if (text.length > PLAIN_LENGTH_MAX) return Number.NaN;
  const isNegative = text.charCodeAt(0) === 45;
  let at = isNegative ? 1 : 0;
  if (text.charCodeAt(at) === 36) at++;
  if (!(text.charCodeAt(at) >= 48)) return Number.NaN;
  let value = 0;
  let decimals = -1;
  for (; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code >= 48 && code <= 57) {
      value = value * 10 + code - 48;
      if (decimals >= 0) decimals++;
    } else if (code === 46 && decimals < 0) decimals = 0;
    else if (code !== 44) return Number.NaN;
  }
  if (decimals > FRACTION_DIGITS) return Number.NaN;
  value *= 10 ** (FRACTION_DIGITS - Math.max(decimals, 0));
  return isNegative ? 0 - value : value;
}

function inputMoney(text: string): Int8 {
  const plain = plainMoney(text);
  if (plain === plain) return plain;
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
  const digits = String(typeof value === 'number' ? Math.abs(value) : value < 0n ? -value : value).padStart(
    FRACTION_DIGITS + 1,
    '0',
  );
  let whole = digits.slice(0, -FRACTION_DIGITS);
  for (let at = whole.length - 3; at > 0; at -= 3) whole = `${whole.slice(0, at)},${whole.slice(at)}`;
  return `${value < 0 ? '-' : ''}$${whole}.${digits.slice(-FRACTION_DIGITS)}`;
}

export const moneyCodec: Codec = {
  output: outputMoney,
  input: inputMoney,
  send: (value: Int8, writer) => writer.int64(value),
  receive: (reader) => reader.int64(),
};
