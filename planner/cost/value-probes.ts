/**
 * Which plan suits which values. A plan that serves many values (a prepared statement, a statement's shape) was made for some of
 * them; its probes are the conditions whose share of rows depends on the value. Values whose shares fall into the same classes,
 * a factor of four wide, get the same plan; others get one of their own.
 *
 * PostgreSQL decides once, after five runs, whether a generic plan is good enough for all values; here a point query and the
 * query for half of the table each keep their plan. Conditions on unique columns are no probes: what is asked most costs nothing.
 */
import type { FunctionContext, Value } from '../../catalog/function-entry.ts';
import { assertNever, outputText } from '../../types/index.ts';
import type { Expr } from '../expr.ts';
import type { SelectivityContext } from './column-statistics.ts';
import { equalityColumn, variableStatistics } from './column-statistics.ts';
import { functionRows } from './function-rows.ts';
import { dependsOnValues, knownValue, type StatementValues } from './known-values.ts';
import { selectivity } from './selectivity.ts';

/** Below so many rows every plan is fast. */
const ROWS_MIN = 1000;
const PROBES_MAX = 16;
const CLASS_WIDTH = Math.log(4);

type Probe =
  | { readonly kind: 'condition'; readonly expr: Expr; readonly rows: number }
  /** The plan is right for one value only. */
  | { readonly kind: 'exact'; readonly expr: Expr }
  /** A number of rows (LIMIT). */
  | { readonly kind: 'limit'; readonly expr: Expr }
  /** A call that returns a set. */
  | { readonly kind: 'set'; readonly call: SetCall };

type SetCall = Pick<Expr & { readonly kind: 'call' }, 'function' | 'args'>;

export class ValueProbes {
  readonly #context: SelectivityContext;
  readonly #probes: Probe[] = [];

  constructor(context: SelectivityContext) {
    // A session's functions are not kept: the probes belong to a plan that others may use.
    this.#context = { ...context, functions: null };
  }

  get isEmpty(): boolean {
    return this.#probes.length === 0;
  }

  addConditions(conditions: readonly Expr[], rows: number): void {
    if (rows < ROWS_MIN) return;
    for (const expr of conditions) {
      if (this.#probes.length >= PROBES_MAX || !dependsOnValues(expr)) continue;
      const column = equalityColumn(expr);
      if (column !== null && variableStatistics(this.#context, column)?.isUnique === true) continue;
      this.#probes.push({ kind: 'condition', expr, rows });
    }
  }

  addExact(parameters: readonly Expr[]): void {
    for (const expr of parameters) this.#probes.push({ kind: 'exact', expr });
  }

  addLimit(expr: Expr | null): void {
    if (expr !== null && dependsOnValues(expr) && this.#probes.length < PROBES_MAX)
      this.#probes.push({ kind: 'limit', expr });
  }

  addSet({ function: fn, args }: SetCall): void {
    if (!args.some(dependsOnValues) || this.#probes.length >= PROBES_MAX) return;
    this.#probes.push({ kind: 'set', call: { function: fn, args } });
  }

  /** The classes that the values fall into, as a key. */
  key(values: StatementValues | null, functions: FunctionContext | null): string {
    const context = { ...this.#context, values, functions };
    let key = '';
    for (const probe of this.#probes) {
      if (probe.kind === 'exact') {
        key += `${exactText(context, probe.expr)}\u0000`;
        continue;
      }
      const found = rowsOf(context, probe);
      key += String.fromCharCode(65 + Math.round(Math.log(Math.max(found, 1)) / CLASS_WIDTH));
    }
    return key;
  }
}

/** The value as text; a mark of its own where it is not known. */
function exactText(context: SelectivityContext, expr: Expr): string {
  const value = knownValue(context, expr) as Value | undefined;
  if (value === undefined || context.functions === null) return '?';
  return value === null ? '-' : `=${outputText(expr.typeOid, value, context.functions.format)}`;
}

function rowsOf(context: SelectivityContext, probe: Exclude<Probe, { kind: 'exact' }>): number {
  switch (probe.kind) {
    case 'condition':
      return probe.rows * selectivity(context, probe.expr);
    case 'limit':
      return Number(knownValue(context, probe.expr) ?? 0);
    case 'set':
      return Math.max(ROWS_MIN, functionRows(context, probe.call));
    default:
      return assertNever(probe);
  }
}
