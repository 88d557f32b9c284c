/** Functions and operators of money. */
import { Numeric, sqlError } from '../../types/index.ts';
import { orderExtreme } from './aggregates.ts';
import { bigintOutOfRange, divisionByZero, type Int8, int8FromBigInt } from './integer.ts';
import type { AggregateSpec, AnyFunction, FunctionModule } from './module.ts';
import { byOrder } from './range.ts';

const HUNDRED = Numeric.fromScaled(100, 0);

function checked(value: bigint): Int8 {
  if (BigInt.asIntN(64, value) !== value) throw moneyOutOfRange();
  return int8FromBigInt(value);
}

function moneyOutOfRange(): Error {
  return sqlError('22003', 'money out of range');
}

function add(a: Int8, b: Int8): Int8 {
  const sum = typeof a === 'number' && typeof b === 'number' ? a + b : NaN;
  return Number.isSafeInteger(sum) ? sum : checked(BigInt(a) + BigInt(b));
}

function subtract(a: Int8, b: Int8): Int8 {
  const difference = typeof a === 'number' && typeof b === 'number' ? a - b : NaN;
  return Number.isSafeInteger(difference) ? difference : checked(BigInt(a) - BigInt(b));
}

function multiply(a: Int8, b: Int8): Int8 {
  const product = typeof a === 'number' && typeof b === 'number' ? a * b + 0 : NaN;
  return Number.isSafeInteger(product) ? product : checked(BigInt(a) * BigInt(b));
}

function divide(a: Int8, b: Int8): Int8 {
  if (b === 0) throw divisionByZero();
  if (typeof a === 'number' && typeof b === 'number') return Math.trunc(a / b) + 0;
  return checked(BigInt(a) / BigInt(b));
}

const INT8_END = 2 ** 63;

/** rint(). */
function fromDouble(value: number): Int8 {
  if (!(value >= -INT8_END && value < INT8_END)) throw moneyOutOfRange();
  const floor = Math.floor(value);
  const rest = value - floor;
  const rounded = rest > 0.5 || (rest === 0.5 && floor % 2 !== 0) ? floor + 1 : floor;
  return Number.isSafeInteger(rounded) ? rounded + 0 : checked(BigInt(rounded));
}

function divideByDouble(a: Int8, b: number): Int8 {
  if (b === 0) throw divisionByZero();
  return fromDouble(notOverflown(Number(a) / b, b));
}

function multiplyByDouble(a: Int8, b: number): Int8 {
  return fromDouble(notOverflown(Number(a) * b, b));
}

function notOverflown(result: number, factor: number): number {
  if (Math.abs(result) === Infinity && Math.abs(factor) !== Infinity) {
    throw sqlError('22003', 'value out of range: overflow');
  }
  return result;
}

function fromInteger(value: Int8): Int8 {
  const cents = BigInt(value) * 100n;
  if (BigInt.asIntN(64, cents) !== cents) throw bigintOutOfRange();
  return int8FromBigInt(cents);
}

const SMALL =
  'zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen twenty'.split(
    ' ',
  );
const TENS = '- - twenty thirty forty fifty sixty seventy eighty ninety'.split(' ');
const GROUPS: readonly [bigint, string][] = [
  [10n ** 17n, 'quadrillion'],
  [10n ** 14n, 'trillion'],
  [10n ** 11n, 'billion'],
  [10n ** 8n, 'million'],
  [10n ** 5n, 'thousand'],
];

/** A number below 1000. */
function numberWords(value: number): string {
  const rest = value % 100;
  if (value <= 20) return SMALL[value];
  if (rest === 0) return `${SMALL[value / 100]} hundred`;
  const hundreds = value > 99 ? `${SMALL[Math.floor(value / 100)]} hundred ` : '';
  if (value % 10 === 0 && rest > 10) return hundreds + TENS[rest / 10];
  if (rest < 20) return `${hundreds}${hundreds === '' ? '' : 'and '}${SMALL[rest]}`;
  return `${hundreds}${TENS[Math.floor(rest / 10)]} ${SMALL[rest % 10]}`;
}

function words(value: Int8): string {
  const cents = value < 0 ? -BigInt(value) : BigInt(value);
  let result = '';
  for (const [unit, name] of GROUPS) {
    const group = Number((cents / unit) % 1000n);
    if (group > 0) result += `${numberWords(group)} ${name} `;
  }
  const ones = Number((cents / 100n) % 1000n);
  if (ones > 0) result += numberWords(ones);
  if (result === '') result = 'zero';
  const rest = Number(cents % 100n);
  result += `${cents / 100n === 1n ? ' dollar and ' : ' dollars and '}${numberWords(rest)}${rest === 1 ? ' cent' : ' cents'}`;
  if (value < 0) result = `minus ${result}`;
  return result[0].toUpperCase() + result.slice(1);
}

const byNumber = (a: Int8, b: Int8): number => (a < b ? -1 : a > b ? 1 : 0);

/** The operators with integers of all widths, and with doubles of both. */
function scaling(): Record<string, AnyFunction> {
  const all: Record<string, AnyFunction> = {};
  for (const type of ['int2', 'int4', 'int8']) {
    all[`cash_mul_${type}`] = multiply;
    all[`${type}_mul_cash`] = multiply;
    all[`cash_div_${type}`] = divide;
  }
  for (const type of ['flt4', 'flt8']) {
    all[`cash_mul_${type}`] = multiplyByDouble;
    all[`${type}_mul_cash`] = (a: number, b: Int8) => multiplyByDouble(b, a);
    all[`cash_div_${type}`] = divideByDouble;
  }
  return all;
}

const sum: AggregateSpec = {
  strict: true,
  create: () => ({
    initial: () => null,
    step: (state: Int8 | null, value: Int8) => (state === null ? value : add(state, value)),
    final: (state: Int8 | null) => state,
    inverse: subtract,
  }),
};

export const moneyFunctions: FunctionModule = {
  plain: {
    ...byOrder('cash', byNumber),
    ...scaling(),
    cash_pl: add,
    cash_mi: subtract,
    cash_div_cash: (a: Int8, b: Int8) => {
      if (b === 0) throw divisionByZero();
      return Number(a) / Number(b);
    },
    cashlarger: (a: Int8, b: Int8) => (a > b ? a : b),
    cashsmaller: (a: Int8, b: Int8) => (a < b ? a : b),
    cash_words: words,
    cash_numeric: (value: Int8) => Numeric.fromScaled(value, 2),
    numeric_cash: (value: Numeric) => value.mul(HUNDRED).toInt8(),
    int4_cash: fromInteger,
    int8_cash: fromInteger,
  },
  aggregates: { sum_money: sum, min_money: orderExtreme(false), max_money: orderExtreme(true) },
};
