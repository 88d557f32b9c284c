/** What an index is asked for: equalities and bounds, computed when a scan begins, as bounds of a cursor. */
import type { Value } from '../../catalog/function-entry.ts';
import type { IndexBound, PostingTerm } from '../../planner/plan.ts';
import type { IndexCursor } from '../../storage/api.ts';
import { type ScalarFunctionOfContext, scalarFunction } from '../compile/batch-program.ts';
import type { ExecContext } from '../context.ts';
import type { IndexRuntime } from '../index-runtime.ts';
import type { Execution } from '../program.ts';

/** Equality and range bounds of an index scan, evaluated at open. */
export class IndexConditions {
  readonly index: IndexRuntime;
  readonly #equal: readonly ScalarFunctionOfContext[];
  readonly #lower: ScalarFunctionOfContext | null;
  readonly #upper: ScalarFunctionOfContext | null;
  readonly #lowerInclusive: boolean;
  readonly #upperInclusive: boolean;
  readonly #values: Value[] = [];

  constructor(
    index: IndexRuntime,
    equal: readonly ScalarFunctionOfContext[],
    lower: ScalarFunctionOfContext | null,
    upper: ScalarFunctionOfContext | null,
    lowerInclusive: boolean,
    upperInclusive: boolean,
  ) {
    this.index = index;
    this.#equal = equal;
    this.#lower = lower;
    this.#upper = upper;
    this.#lowerInclusive = lowerInclusive;
    this.#upperInclusive = upperInclusive;
  }

  static compile(
    execution: Execution,
    index: IndexRuntime,
    term: { equal: PostingTerm['equal']; lower: IndexBound | null; upper: IndexBound | null },
  ): IndexConditions {
    const { program } = execution;
    const scalar = (expr: object | undefined): ScalarFunctionOfContext | null =>
      expr === undefined
        ? null
        : program.memo(expr, 'scalar', () => scalarFunction(program.slots, expr as PostingTerm['equal'][number]));
    return new IndexConditions(
      index,
      term.equal.map((e) => scalar(e) as ScalarFunctionOfContext),
      scalar(term.lower?.value),
      scalar(term.upper?.value),
      term.lower?.inclusive ?? true,
      term.upper?.inclusive ?? true,
    );
  }

  /** Whether the bounds are all columns of one key. */
  get isKey(): boolean {
    return this.#lower === null && this.#upper === null && this.#equal.length === this.index.entry.columns.length;
  }

  /**
   * Sets the cursor's bounds; `extra` is one more equality value (an IN list's element, or null for IS NULL).
   * False: some value is null, so nothing matches.
   */
  apply(x: ExecContext, cursor: IndexCursor, extra: Value | undefined, nullMatches: boolean): boolean {
    const values = this.#values;
    values.length = 0;
    for (const equal of this.#equal) {
      const value = equal(x);
      if (value === null) return false;
      values.push(value);
    }
    if (extra !== undefined) {
      if (extra === null && !nullMatches) return false;
      values.push(extra);
    }
    const column = values.length;
    const hasRange = this.#lower !== null || this.#upper !== null;
    const descending = hasRange && this.index.entry.columns[column].descending;
    const lower = descending ? this.#upper : this.#lower;
    const upper = descending ? this.#lower : this.#upper;
    cursor.isPrefix = this.index.dictionary.hasByteKeys && !this.index.dictionary.isHashed;
    cursor.lowerInclusive = descending ? this.#upperInclusive : this.#lowerInclusive;
    cursor.upperInclusive = descending ? this.#lowerInclusive : this.#upperInclusive;
    // Rounded keys: what an exclusive bound means is left to the recheck.
    if (!hasRange || this.index.dictionary.isLossy) {
      cursor.lowerInclusive = true;
      cursor.upperInclusive = true;
    }
    return (
      this.#bound(x, cursor, 'lower', lower, values, hasRange) &&
      this.#bound(x, cursor, 'upper', upper, values, hasRange)
    );
  }

  #bound(
    x: ExecContext,
    cursor: IndexCursor,
    side: 'lower' | 'upper',
    bound: ScalarFunctionOfContext | null,
    values: Value[],
    hasRange: boolean,
  ): boolean {
    const prefix = values.length;
    if (bound !== null) {
      const value = bound(x);
      if (value === null) return false;
      values.push(value);
    } else if (hasRange) {
      // Open on this side: where NULLs sort beyond it, it ends before them. Equalities stay inclusive.
      const hasNulls = this.index.entry.columns[prefix].nullsFirst === (side === 'lower');
      if (hasNulls) values.push(null);
      if (side === 'lower') cursor.lowerInclusive = !hasNulls;
      else cursor.upperInclusive = !hasNulls;
    }
    const count = values.length;
    if (side === 'lower') cursor.hasLower = count > 0;
    else cursor.hasUpper = count > 0;
    if (count > 0) this.index.searchKey(values, cursor[side]);
    values.length = prefix;
    return true;
  }
}
