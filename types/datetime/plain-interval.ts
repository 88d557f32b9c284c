/**
 * Intervals as PostgreSQL writes them, and most people do: whole quantities with their units and a clock at the end, one blank between them.
 * Everything else is left to interval-input.ts, which gives the same for these.
 */
import { HOUR_MICROS, MINUTE_MICROS, SECOND_MICROS } from './calendar.ts';
import { Interval } from './interval.ts';
import { intervalUnit, type Unit } from './tokens.ts';

const INT32_MAX = 2147483647;
const SPACE = 32;
const PLUS = 43;
const MINUS = 45;
const POINT = 46;
const COLON = 58;
const DIGITS_MAX = 9;

type Kind = 'months' | 'days' | 'micros';

/** What a unit adds to, and how much; and its bit among those that may come once. A clock is all of its units. */
const UNITS: ReadonlyMap<Unit, { readonly kind: Kind; readonly size: number; readonly bit: number }> = new Map([
  ['year', { kind: 'months', size: 12, bit: 1 }],
  ['month', { kind: 'months', size: 1, bit: 2 }],
  ['week', { kind: 'days', size: 7, bit: 4 }],
  ['day', { kind: 'days', size: 1, bit: 8 }],
  ['hour', { kind: 'micros', size: HOUR_MICROS, bit: 16 }],
  ['minute', { kind: 'micros', size: MINUTE_MICROS, bit: 32 }],
  ['second', { kind: 'micros', size: SECOND_MICROS, bit: 64 }],
]);
const CLOCK_BITS = 16 | 32 | 64;

/** Behind the integer that was read last. */
let end = 0;

/** Digits at a place, without a sign; NaN: there are none, or many. */
function digitsAt(text: string, start: number): number {
  let value = 0;
  let at = start;
  for (; at < start + DIGITS_MAX; at++) {
    const digit = text.charCodeAt(at) - 48;
    if (!(digit >= 0 && digit <= 9)) break;
    value = value * 10 + digit;
  }
  end = at;
  return at === start ? Number.NaN : value;
}

/** :mm:ss[.ffffff] up to the text's end, in microseconds; NaN if it is not that. */
function restOfClock(text: string, at: number): number {
  const minutes = digitsAt(text, at + 1);
  if (!(minutes < 60) || end !== at + 3 || text.charCodeAt(end) !== COLON) return Number.NaN;
  const seconds = digitsAt(text, at + 4);
  if (!(seconds < 60) || end !== at + 6) return Number.NaN;
  let micros = minutes * MINUTE_MICROS + seconds * SECOND_MICROS;
  if (end === text.length) return micros;
  if (text.charCodeAt(end) !== POINT) return Number.NaN;
  const start = end + 1;
  const fraction = digitsAt(text, start);
  const digits = end - start;
  if (digits < 1 || digits > 6 || end !== text.length) return Number.NaN;
  micros += fraction * 10 ** (6 - digits);
  return micros;
}

/** null: the text is another. */
export function plainInterval(text: string): Interval | null {
  let months = 0;
  let days = 0;
  let micros = 0;
  let found = 0;
  for (let at = 0; ; at++) {
    const sign = text.charCodeAt(at);
    const isNegative = sign === MINUS;
    const amount = digitsAt(text, isNegative || sign === PLUS ? at + 1 : at);
    if (amount !== amount) return null;
    if (text.charCodeAt(end) === COLON) {
      const rest = restOfClock(text, end);
      if (rest !== rest || (found & CLOCK_BITS) !== 0) return null;
      micros = amount * HOUR_MICROS + rest;
      if (isNegative) micros = 0 - micros;
      break;
    }
    if (text.charCodeAt(end) !== SPACE) return null;
    const start = end + 1;
    const space = text.indexOf(' ', start);
    at = space < 0 ? text.length : space;
    const unit = UNITS.get(intervalUnit(text.slice(start, at)) as Unit);
    if (unit === undefined || (found & unit.bit) !== 0) return null;
    found |= unit.bit;
    const added = (isNegative ? 0 - amount : amount) * unit.size;
    if (unit.kind === 'months') months += added;
    else if (unit.kind === 'days') days += added;
    else micros += added;
    if (at === text.length) break;
  }
  const isSmall = Math.abs(months) <= INT32_MAX && Math.abs(days) <= INT32_MAX && Number.isSafeInteger(micros);
  return isSmall ? new Interval(months, days, micros) : null;
}
