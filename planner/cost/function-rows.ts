/**
 * How many rows a set-returning function gives (plancat.c: get_function_rows): what the function itself says of its arguments
 * (PostgreSQL's support functions of generate_series and unnest), else what pg_proc says.
 */
import type { Value } from '../../catalog/function-entry.ts';
import { Interval, OID } from '../../types/index.ts';
import type { Expr } from '../expr.ts';
import { type SelectivityContext, variableStatistics } from './column-statistics.ts';
import { asNumber } from './histogram.ts';
import { knownValue } from './known-values.ts';

/** pg_proc.prorows where the table of functions does not say. */
const DEFAULT_SET_ROWS = 1000;
/** Elements of an array that is not known (estimate_array_length). */
const DEFAULT_ELEMENTS = 10;
/** Of the catalog's int2vector and oidvector. */
const VECTOR_ELEMENTS = 2;
const MICROS_PER_DAY = 86_400_000_000;
const DAYS_PER_MONTH = 30;

type Call = Expr & { readonly kind: 'call' };

/** Rows of one call; 1 for a function that returns no set. */
export function functionRows(source: SelectivityContext, call: Pick<Call, 'function' | 'args'>): number {
  const { function: fn, args } = call;
  if (!fn.returnsSet) return 1;
  const own = supportedRows(source, fn.internalName, args);
  return Math.max(1, own ?? fn.setRows ?? DEFAULT_SET_ROWS);
}

/** Null: nothing is known. */
function supportedRows(source: SelectivityContext, internalName: string, args: readonly Expr[]): number | null {
  switch (internalName) {
    case 'generate_series_int4':
    case 'generate_series_step_int4':
    case 'generate_series_int8':
    case 'generate_series_step_int8':
    case 'generate_series_numeric':
    case 'generate_series_step_numeric':
      return seriesRows(source, args);
    case 'generate_series_timestamp':
    case 'generate_series_timestamptz':
      return timeSeriesRows(source, args);
    case 'array_unnest':
      return arrayLength(source, args[0]);
    case 'generate_subscripts':
    case 'generate_subscripts_nodir':
      return isVector(args[0]) ? VECTOR_ELEMENTS : null;
    default:
      return null;
  }
}

/** Columns of an index, types of parameters: all that is of these types. */
function isVector({ typeOid }: Expr): boolean {
  return typeOid === OID.INT2VECTOR || typeOid === OID.OIDVECTOR;
}

/** Whether no value comes twice. */
export function hasDistinctRows(call: Pick<Call, 'function'>): boolean {
  return call.function.name === 'generate_series' || call.function.name === 'generate_subscripts';
}

/** The equation holds for both signs of a step. */
function seriesRows(source: SelectivityContext, args: readonly Expr[]): number | null {
  const values = args.map((arg) => knownValue(source, arg));
  if (values.includes(null)) return 0;
  const [start, stop, step = 1] = values.map(asNumber);
  if (start === null || stop === null || step === null || step === 0) return null;
  return Math.floor((stop - start + step) / step);
}

/** Months count 30 days, as they do where intervals are compared. */
function timeSeriesRows(source: SelectivityContext, args: readonly Expr[]): number | null {
  const [start, stop, step] = args.map((arg) => knownValue(source, arg));
  if (start === null || stop === null || step === null) return 0;
  const [from, to] = [asNumber(start), asNumber(stop)];
  if (!(step instanceof Interval) || from === null || to === null) return null;
  const micros = Number(step.micros) + (step.days + step.months * DAYS_PER_MONTH) * MICROS_PER_DAY;
  return micros === 0 ? null : Math.floor((to - from) / micros) + 1;
}

/** Elements of an array, as far as that is known (estimate_array_length). */
export function arrayLength(source: SelectivityContext, expr: Expr): number {
  if (expr.kind === 'array') {
    const isNested = expr.elements.some((element) => element.kind === 'array');
    return isNested
      ? expr.elements.reduce((sum, element) => sum + arrayLength(source, element), 0)
      : expr.elements.length;
  }
  if (expr.kind === 'arrayCast') return arrayLength(source, expr.arg);
  const value = knownValue(source, expr) as Value | undefined;
  if (value === null) return 0;
  if (typeof value === 'object' && 'elements' in value) return value.elements.length;
  if (isVector(expr)) return VECTOR_ELEMENTS;
  // As later versions of PostgreSQL do.
  const counted = variableStatistics(source, expr)?.stats?.elements;
  return counted === undefined ? DEFAULT_ELEMENTS : counted.averageCount;
}
