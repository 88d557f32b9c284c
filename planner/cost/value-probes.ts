/**
 * Which plan suits which values. A plan that serves many values (a prepared statement, a statement's shape) was made for some of
 * them; its probes are the conditions whose share of rows depends on the value. Values whose shares fall into the same classes,
 * a factor of four wide, get the same plan; others get one of their own.
 *
 * PostgreSQL decides once, after five runs, whether a generic plan is good enough for all values; here a point query and the
 * query for half of the table each keep their plan. Conditions on unique columns are no probes: what is asked most costs nothing.
 */
import type { Expr } from '../expr.ts';
import type { SelectivityContext } from './column-statistics.ts';
import { equalityColumn, variableStatistics } from './column-statistics.ts';
import { dependsOnValues, knownValue, type StatementValues } from './known-values.ts';
import { selectivity } from './selectivity.ts';

/** Below so many rows every plan is fast. */
const ROWS_MIN = 1000;
const PROBES_MAX = 16;
const CLASS_WIDTH = Math.log(4);

interface Probe {
  readonly expr: Expr;
  /** Rows that the share is taken of; 0: the expression is a number of rows itself (LIMIT). */
  readonly rows: number;
}

export class ValueProbes {
  readonly #context: SelectivityContext;
  readonly #probes: Probe[] = [];

  constructor(context: SelectivityContext) {
    this.#context = context;
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
      this.#probes.push({ expr, rows });
    }
  }

  addLimit(expr: Expr | null): void {
    if (expr !== null && dependsOnValues(expr) && this.#probes.length < PROBES_MAX)
      this.#probes.push({ expr, rows: 0 });
  }

  /** The classes that the values fall into, as a key. */
  key(values: StatementValues | null): string {
    const context = { ...this.#context, values };
    let key = '';
    for (const { expr, rows } of this.#probes) {
      const found = rows > 0 ? rows * selectivity(context, expr) : Number(knownValue(context, expr) ?? rows);
      key += String.fromCharCode(65 + Math.round(Math.log(Math.max(found, 1)) / CLASS_WIDTH));
    }
    return key;
  }
}
