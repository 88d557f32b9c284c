/**
 * How many rows a set-returning function gives (plancat.c: get_function_rows): what the function itself says of its arguments
 * (PostgreSQL's support functions of generate_series and unnest), else what pg_proc says.
 */
import type { Value } from '../../catalog/function-entry.ts';
import { Interval, Numeric, OID } from '../../types/index.ts';
import type { Expr } from '../expr.ts';
import { knownValue, type ValueSource } from './known-values.ts';

/** pg_proc.prorows where the table of functions does not say. */
const DEFAULT_SET_ROWS = 1000;
/** Elements of an array that is not known (estimate_array_length). */
const DEFAULT_ELEMENTS = 10;
const MICROS_PER_DAY = 86_400_000_000;
const DAYS_PER_MONTH = 30;

type Call = Expr & { readonly kind: 'call' };

/** Rows of one call; 1 for a function that returns no set. */
export function functionRows(source: ValueSource, call: Pick<Call, 'function' | 'args'>): number {
  const { function: fn, args } = call;
  if (!fn.returnsSet) return 1;
  const own = supportedRows(source, fn.internalName, args);
  return Math.max(1, own ?? fn.setRows ?? DEFAULT_SET_ROWS);
}

/** Null: nothing is known. */
function supportedRows(source: ValueSource, internalName: string, args: readonly Expr[]): number | null {
  switch (internalName) {
    case 'generate_series_int4':
    case 'generate_series_step_int4':
    case 'generate_series_int8':
    case 'generate_series_step_int8':
    case 'generate_series_numeric':
    case 'generate_series_step_numeric':
      return seriesRows(args.map((arg) => numberOf(knownValue(source, arg))));
    case 'generate_series_timestamp':
    case 'generate_series_timestamptz':
      return timeSeriesRows(source, args);
    case 'array_unnest':
      return arrayLength(source, args[0]);
    default:
      return null;
  }
}

/** Whether no value comes twice. */
export function hasDistinctRows(call: Pick<Call, 'function'>): boolean {
  return call.function.name === 'generate_series' || call.function.name === 'generate_subscripts';
}

/** null: SQL NULL; undefined: not known, or not finite. */
function numberOf(value: unknown): number | null | undefined {
  if (value === null || typeof value === 'number') return value;
  if (typeof value === 'bigint') return Number(value);
  return value instanceof Numeric && value.isFinite ? Number(value.toString()) : undefined;
}

/** The equation holds for both signs of a step. */
function seriesRows(bounds: readonly (number | null | undefined)[]): number | null {
  if (bounds.includes(null)) return 0;
  const [start, stop, step] = bounds.length === 3 ? bounds : [...bounds, 1];
  if (typeof start !== 'number' || typeof stop !== 'number' || typeof step !== 'number' || step === 0) return null;
  return Math.floor((stop - start + step) / step);
}

interface Instant {
  /** Microseconds from `now()`, or since 2000. */
  readonly micros: number;
  readonly isRelative: boolean;
}

/** Months count 30 days, as they do where intervals are compared. */
function timeSeriesRows(source: ValueSource, args: readonly Expr[]): number | null {
  const step = knownValue(source, args[2]);
  const [start, stop] = [instantOf(source, args[0]), instantOf(source, args[1])];
  if (step === null || start === null || stop === null) return 0;
  if (!(step instanceof Interval) || start === undefined || stop === undefined) return null;
  if (start.isRelative !== stop.isRelative) return null;
  const micros = spanMicros(step);
  return micros === 0 ? null : Math.floor((stop.micros - start.micros) / micros) + 1;
}

function spanMicros(span: Interval): number {
  return Number(span.micros) + (span.days + span.months * DAYS_PER_MONTH) * MICROS_PER_DAY;
}

/** Functions that answer the start of the transaction or of the statement: no clock is needed to know how far apart two such are. */
const NOW = new Set(['now', 'statement_timestamp']);
const CONVERSIONS = new Set([
  'date_timestamp',
  'date_timestamptz',
  'timestamp_timestamptz',
  'timestamptz_timestamp',
  'timestamp_date',
  'timestamptz_date',
]);
const SHIFTS = new Set([
  'timestamp_pl_interval',
  'timestamptz_pl_interval',
  'timestamp_mi_interval',
  'timestamptz_mi_interval',
  'date_pl_interval',
  'date_mi_interval',
  'date_pli',
  'date_mii',
]);

/** undefined: not known. Time zones are left out: what they add is the same at both ends, or nearly. */
function instantOf(source: ValueSource, expr: Expr): Instant | null | undefined {
  const value = knownValue(source, expr);
  if (value === null) return null;
  if (value !== undefined) {
    const micros = numberOf(value);
    if (typeof micros !== 'number' || !Number.isFinite(micros)) return undefined;
    return { micros: expr.typeOid === OID.DATE ? micros * MICROS_PER_DAY : micros, isRelative: false };
  }
  if (expr.kind !== 'call') return undefined;
  const { function: fn, args } = expr;
  if (NOW.has(fn.internalName)) return { micros: 0, isRelative: true };
  if (CONVERSIONS.has(fn.internalName)) return instantOf(source, args[0]);
  if (!SHIFTS.has(fn.internalName)) return undefined;
  const from = instantOf(source, args[0]);
  const by = knownValue(source, args[1]);
  if (from === null || by === null) return null;
  const span = by instanceof Interval ? spanMicros(by) : typeof by === 'number' ? by * MICROS_PER_DAY : undefined;
  if (from === undefined || span === undefined) return undefined;
  return { ...from, micros: from.micros + (fn.internalName.includes('_mi') ? -span : span) };
}

/** Elements of an array, as far as it is known (estimate_array_length). */
export function arrayLength(source: ValueSource, expr: Expr): number {
  if (expr.kind === 'array') {
    const isNested = expr.elements.some((element) => element.kind === 'array');
    return isNested
      ? expr.elements.reduce((sum, element) => sum + arrayLength(source, element), 0)
      : expr.elements.length;
  }
  if (expr.kind === 'arrayCast') return arrayLength(source, expr.arg);
  const value = knownValue(source, expr) as Value | undefined;
  if (value === null) return 0;
  return typeof value === 'object' && 'elements' in value ? value.elements.length : DEFAULT_ELEMENTS;
}
