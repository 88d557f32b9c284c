/**
 * Expressions that have fewer values than their columns: a date or a month of a timestamp, a field of it, a remainder. Their number
 * is what the function can answer, or the span between the least and the greatest value that ANALYZE met, in steps.
 */
import { Interval, OID } from '../../types/index.ts';
import type { Expr } from '../expr.ts';
import { type SelectivityContext, variableStatistics } from './column-statistics.ts';
import { asNumber } from './histogram.ts';
import { knownValue } from './known-values.ts';

const MICROS_PER_SECOND = 1_000_000;
const MICROS_PER_DAY = 86_400 * MICROS_PER_SECOND;
/** Length of a unit of date_trunc. */
const UNIT_MICROS: Readonly<Record<string, number>> = {
  millisecond: 1000,
  second: MICROS_PER_SECOND,
  minute: 60 * MICROS_PER_SECOND,
  hour: 3600 * MICROS_PER_SECOND,
  day: MICROS_PER_DAY,
  week: 7 * MICROS_PER_DAY,
  month: 30.4375 * MICROS_PER_DAY,
  quarter: 91.3125 * MICROS_PER_DAY,
  year: 365.25 * MICROS_PER_DAY,
  decade: 3652.5 * MICROS_PER_DAY,
  century: 36_525 * MICROS_PER_DAY,
};
/** Values that a field can have, for extract and date_part. */
const FIELD_VALUES: Readonly<Record<string, number>> = {
  minute: 60,
  hour: 24,
  dow: 7,
  isodow: 7,
  day: 31,
  doy: 366,
  week: 53,
  month: 12,
  quarter: 4,
};
/** Fields that go on: as long as a unit each. */
const FIELD_UNITS: Readonly<Record<string, string>> = {
  year: 'year',
  isoyear: 'year',
  decade: 'decade',
  century: 'century',
};

/** At most so many values an expression has, as far as its functions say; null: they do not. */
export function coarseDistinct(context: SelectivityContext, expr: Expr): number | null {
  if (expr.kind !== 'call') return null;
  const own = functionDistinct(context, expr);
  // A function of one value has no more values than that.
  const inner = expr.args.filter((arg) => knownValue(context, arg) === undefined);
  const below =
    inner.length === 1 && expr.function.volatility !== 'volatile' ? coarseDistinct(context, inner[0]) : null;
  return own === null ? below : below === null ? own : Math.min(own, below);
}

function functionDistinct(context: SelectivityContext, { function: fn, args }: Expr & { kind: 'call' }): number | null {
  switch (fn.name) {
    case 'date_trunc': {
      const unit = textOf(context, args[0]);
      return unit === null ? null : stepsOf(context, args[1], UNIT_MICROS[unit] ?? 0);
    }
    case 'date_bin': {
      const stride = knownValue(context, args[0]);
      if (!(stride instanceof Interval)) return null;
      return stepsOf(context, args[1], Number(stride.micros) + stride.days * MICROS_PER_DAY);
    }
    case 'date':
      return stepsOf(context, args[0], MICROS_PER_DAY);
    case 'extract':
    case 'date_part': {
      const field = textOf(context, args[0]);
      if (field === null) return null;
      return FIELD_VALUES[field] ?? stepsOf(context, args[1], UNIT_MICROS[FIELD_UNITS[field]] ?? 0);
    }
    case 'mod':
    case 'int2mod':
    case 'int4mod':
    case 'int8mod':
    case 'numeric_mod': {
      const divisor = asNumber(knownValue(context, args[1]));
      return divisor === null || divisor === 0 ? null : Math.abs(divisor);
    }
    case 'int2div':
    case 'int4div':
    case 'int8div': {
      const divisor = asNumber(knownValue(context, args[1]));
      return divisor === null ? null : stepsOf(context, args[0], Math.abs(divisor));
    }
    default:
      return null;
  }
}

/** The same instants as another type. */
const CONVERSIONS = new Set(['date_timestamp', 'date_timestamptz', 'timestamp_timestamptz', 'timestamptz_timestamp']);

function unconverted(expr: Expr): Expr {
  return expr.kind === 'call' && CONVERSIONS.has(expr.function.internalName) ? unconverted(expr.args[0]) : expr;
}

function textOf(context: SelectivityContext, expr: Expr): string | null {
  const value = knownValue(context, expr);
  return typeof value === 'string' ? value.toLowerCase().replace(/(?<=.)s$/, '') : null;
}

/** Steps of this size between the least and the greatest value; null: these are not known, or the steps have no size. */
function stepsOf(context: SelectivityContext, converted: Expr, size: number): number | null {
  const expr = unconverted(converted);
  const stats = variableStatistics(context, expr)?.stats ?? null;
  if (stats === null || size === 0) return null;
  const [least, greatest] = [stats.histogram[0], stats.histogram[stats.histogram.length - 1]];
  const unit = expr.typeOid === OID.DATE ? MICROS_PER_DAY : 1;
  const ends = [least, greatest, ...stats.mostCommonValues].map(asNumber).filter((value) => value !== null);
  if (ends.length < 2) return null;
  return Math.floor(((Math.max(...ends) - Math.min(...ends)) * unit) / size) + 1;
}
