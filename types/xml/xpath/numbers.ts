/** Numbers and texts of XPath, in libxml2's form: fifteen digits, powers of ten from 1e9 and below 1e-5. */

const DIGITS = 15;

export function numberToString(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? 'Infinity' : '-Infinity';
  if (Number.isInteger(value) && value >= -0x80000000 && value <= 0x7fffffff) return String(value === 0 ? 0 : value);
  const size = Math.abs(value);
  if (size > 1e9 || size < 1e-5) {
    const [mantissa, power] = value.toExponential(DIGITS - 1).split('e');
    return `${withoutZeros(mantissa)}e${power[0]}${power.slice(1).padStart(2, '0')}`;
  }
  const place = Math.trunc(Math.log10(size));
  return withoutZeros(value.toFixed(place > 0 ? DIGITS - place - 1 : DIGITS - place));
}

function withoutZeros(digits: string): string {
  return digits.replace(/\.?0+$/, '');
}

/** Digits of a fraction that count, behind its zeros. */
const FRACTION_DIGITS_MAX = 20;

/** As libxml2 computes it, the fraction by itself: 6.714285714285714 is not always the nearest double. */
export function decimalValue(text: string): number {
  const [, sign, whole, zeros, fraction, exponent] = DECIMAL.exec(text)!;
  const digits = fraction.slice(0, FRACTION_DIGITS_MAX);
  let value = Number(whole);
  if (digits !== '') value += Number(digits) / 10 ** (zeros.length + digits.length);
  if (exponent !== undefined) value *= 10 ** Number(exponent);
  return sign === '-' ? -value : value;
}

const DECIMAL = /^(-?)([0-9]*)\.?(0*)([0-9]*)(?:[eE]([+-]?[0-9]+))?$/;

/** NaN where the text is no number. */
export function stringToNumber(text: string): number {
  const found = /^[ \t\r\n]*(-?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)[ \t\r\n]*$/.exec(text);
  return found === null ? Number.NaN : decimalValue(found[1]);
}
