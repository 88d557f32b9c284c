/**
 * Exclusion constraints at run time: a new row must not stand to any other live row as all of the constraint's operators say.
 *
 * There is no GiST. The constraint's index is an ordered dictionary that finds candidates, and each candidate is compared by the
 * operators themselves:
 *
 *      equality among the operators   its columns are the key: candidates are the rows with the same values
 *      one range with &&              the range is the key. Ranges that are there do not overlap, so from those that begin before the
 *                                     new one ends, going backwards, the first live one that neither overlaps nor begins behind
 *                                     the new one's begin ends the search (not where the constraint may be deferred: all are compared)
 *      anything else                  one key for all rows: each is compared
 *
 * Between the search and the entry nothing else runs, and rows of transactions under way are candidates whose end is waited for: of two
 * transactions that would both add a row, the second waits for the first.
 */
import type { IndexColumn, IndexEntry } from '../../catalog/entries.ts';
import type { OperatorEntry, ScalarFunction, Value } from '../../catalog/function-entry.ts';
import { collatedFunction } from '../../catalog/functions/collated.ts';
import { anyOperator } from '../../catalog/functions/user-operators.ts';
import type { Catalog, ColumnEntry } from '../../catalog/index.ts';
import type { Expr } from '../../planner/expr.ts';
import {
  CURSOR_END,
  cursorOf,
  type IndexCursor,
  IndexKey,
  ROW_DELETED,
  ROW_IN_PROGRESS,
  type RowId,
} from '../../storage/api.ts';
import {
  comparator,
  LOWER_INCLUSIVE,
  makeRange,
  OID,
  RANGE_EMPTY,
  type SqlRange,
  typeByOid,
  UPPER_INFINITE,
} from '../../types/index.ts';
import { type RowsCondition, type RowsFunction, rowsCondition, rowsFunction } from '../compile/batch-program.ts';
import { SlotAllocator } from '../compile/slots.ts';
import type { ExecContext } from '../context.ts';
import { type IndexRuntime, KEY_NOT_INDEXED } from '../index-runtime.ts';
import { NO_COLUMNS } from '../row/row-reader.ts';
import type { TableRuntime } from '../table-runtime.ts';
import { CONFLICT_UNDECIDED, NO_CONFLICT } from './conflict-answers.ts';

const BOOL = 16;
const EQUALITY = 3;

/** How the index finds candidates. */
export interface ExclusionKey {
  readonly parts: readonly IndexColumn[];
  readonly expressions: readonly Expr[];
  /** The key is the one range, which no two rows share. */
  readonly isRange: boolean;
}

const ONE_KEY: IndexColumn = { columnNumber: 0, expressionText: '0', descending: false, nullsFirst: false };
const ZERO: Expr = { kind: 'const', value: 0, literalIndex: -1, typeOid: OID.INT4, typeModifier: -1 };

/** The key of an exclusion constraint's index, out of its elements. */
export function exclusionKey(catalog: Catalog, entry: IndexEntry, elements: readonly Expr[]): ExclusionKey {
  const operators = operatorsOf(catalog, entry);
  const plain = (place: number): IndexColumn => ({ ...entry.columns[place], descending: false, nullsFirst: false });
  const equal = operators.flatMap((operator, i) => (operator.btreeStrategy === EQUALITY ? [i] : []));
  if (equal.length > 0) {
    return { parts: equal.map(plain), expressions: equal.map((i) => elements[i]), isRange: false };
  }
  const isRange =
    operators.length === 1 && operators[0].name === '&&' && typeByOid(elements[0].typeOid)?.subtypeOid !== undefined;
  if (isRange) return { parts: [plain(0)], expressions: [elements[0]], isRange: true };
  return { parts: [ONE_KEY], expressions: [ZERO], isRange: false };
}

function operatorsOf(catalog: Catalog, entry: IndexEntry): OperatorEntry[] {
  return (entry.exclusion?.operators ?? []).map((oid) => anyOperator(catalog, oid) as OperatorEntry);
}

/** Columns of input 0 as those of input 1. */
function ofInput1(expr: Expr): Expr {
  const change = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(change);
    if (typeof value !== 'object' || value === null || Object.getPrototypeOf(value) !== Object.prototype) return value;
    const node = value as Record<string, unknown>;
    if (node['kind'] === 'scalar') return node;
    if (node['kind'] === 'column') return { ...node, input: 1 };
    return Object.fromEntries(Object.entries(node).map(([key, part]) => [key, key === 'value' ? part : change(part)]));
  };
  return change(expr) as Expr;
}

/** What is generated for a constraint. */
export class Exclusion {
  readonly elements: readonly Expr[];
  readonly isRange: boolean;
  readonly #columns: readonly ColumnEntry[];
  /** What the operators do under the elements' collations. */
  readonly #functions: readonly ScalarFunction[];
  #conflicts: RowsCondition | null = null;
  #valuesOf: RowsFunction | null = null;

  constructor(
    catalog: Catalog,
    entry: IndexEntry,
    elements: readonly Expr[],
    collations: readonly number[],
    isRange: boolean,
    columns: readonly ColumnEntry[],
  ) {
    this.elements = elements;
    this.isRange = isRange;
    this.#columns = columns;
    this.#functions = operatorsOf(catalog, entry).map((operator, i) =>
      collatedFunction(operator.function, collations[i]),
    );
  }

  /** Whether two rows, by their column values, exclude each other. Null among the elements: they do not. */
  conflicts(x: ExecContext, a: readonly Value[], b: readonly Value[]): boolean {
    this.#conflicts ??= this.#compile();
    return this.#conflicts(x, [a, b]);
  }

  #compile(): RowsCondition {
    const tests = this.#functions.map((fn, i): Expr => {
      const left = this.elements[i];
      const args = [left, ofInput1(left)];
      return { kind: 'call', function: fn, args, typeOid: BOOL, typeModifier: -1 };
    });
    const all: Expr = tests.length === 1 ? tests[0] : { kind: 'and', args: tests, typeOid: BOOL, typeModifier: -1 };
    return rowsCondition(new SlotAllocator(true), [this.#columns, this.#columns], all);
  }

  /** Values of the elements for a row. */
  values(x: ExecContext, row: readonly Value[]): Value[] {
    this.#valuesOf ??= rowsFunction(new SlotAllocator(true), [this.#columns], this.elements);
    const target: Value[] = [];
    this.#valuesOf(x, [row], target);
    return target;
  }
}

/** Looks for live rows that a new row's elements exclude. The same contract as ConflictFinder's. */
export class ExclusionFinder {
  readonly #table: TableRuntime;
  readonly #index: IndexRuntime;
  readonly #exclusion: Exclusion;
  readonly #cursor: IndexCursor;
  readonly #bound = new IndexKey();
  readonly #found = new IndexKey();
  readonly #compareBounds: ((a: Value, b: Value) => number) | null;
  /** Columns that elements and predicate are made of. */
  readonly #wanted: ReadonlySet<number>;

  constructor(table: TableRuntime, index: IndexRuntime) {
    this.#table = table;
    this.#index = index;
    this.#exclusion = index.exclusion as Exclusion;
    this.#cursor = cursorOf(index.dictionary);
    this.#wanted = new Set(index.dependsOn);
    this.#compareBounds = this.#exclusion.isRange ? comparator(this.#exclusion.elements[0].typeOid) : null;
  }

  find(x: ExecContext, key: IndexKey, values: readonly Value[], self: RowId | -1): RowId | -1 | -2 {
    const elements = this.#exclusion.values(x, values);
    if (elements.some((value) => value === null)) return NO_CONFLICT;
    const range = this.#exclusion.isRange ? (elements[0] as SqlRange) : null;
    if (range === null) this.#cursor.setKey(key);
    else if ((range.flags & RANGE_EMPTY) !== 0) return NO_CONFLICT;
    else this.#beginRanges(range);
    const { heap } = this.#table;
    const mayStop = range !== null && this.#index.deferrableConstraint === null;
    for (let rowId = this.#cursor.next(); rowId !== CURSOR_END; rowId = this.#cursor.next()) {
      if (rowId === self) continue;
      const liveness = heap.liveness(rowId, x.transaction);
      if (liveness === ROW_DELETED) continue;
      if (liveness === ROW_IN_PROGRESS) {
        // What it will be, and what it is again should that be rolled back.
        const will = this.#isExcluded(x, heap.newest(rowId), values);
        if (!will && !this.#isExcluded(x, heap.newest(rowId, x.transaction), values)) continue;
        if (heap.liveness(rowId, x.transaction) === ROW_IN_PROGRESS) return CONFLICT_UNDECIDED;
        continue;
      }
      const other = this.#rowAt(x, heap.newest(rowId));
      if (other === null) continue;
      if (this.#exclusion.conflicts(x, values, other)) return rowId;
      if (mayStop && this.#beginsBefore(x, other, range as SqlRange) && this.#isAt(x, rowId)) return NO_CONFLICT;
    }
    return NO_CONFLICT;
  }

  /** Backwards from the last that begins where the range ends. */
  #beginRanges(range: SqlRange): void {
    const cursor = this.#cursor;
    cursor.descending = true;
    cursor.hasLower = false;
    cursor.hasUpper = range.upper !== null;
    if (range.upper !== null) {
      // [end, infinity): nothing that begins there, or before, is above it.
      const last = makeRange(range.type, range.upper, null, LOWER_INCLUSIVE | UPPER_INFINITE);
      this.#index.searchKey([last], this.#bound);
      cursor.upper.copyFrom(this.#bound);
      cursor.upperInclusive = true;
    }
    cursor.reset();
  }

  /** Whether the entry is the row's own. One of an older version stands elsewhere than the row, and tells nothing of those between. */
  #isAt(x: ExecContext, rowId: RowId): boolean {
    const base = this.#table.heap.newest(rowId);
    if (base < 0 || this.#index.keyFromRow(x, base, this.#found) === KEY_NOT_INDEXED) return false;
    return this.#cursor.isAtKey(this.#found);
  }

  #beginsBefore(x: ExecContext, other: readonly Value[], range: SqlRange): boolean {
    const [own] = this.#exclusion.values(x, other);
    if (own === null || ((own as SqlRange).flags & RANGE_EMPTY) !== 0) return false;
    return (this.#compareBounds as (a: Value, b: Value) => number)(own, range) < 0;
  }

  /** The row that the version holds, when the index's predicate holds for it; null else. */
  #rowAt(x: ExecContext, base: number): readonly Value[] | null {
    if (base < 0) return null;
    const row = this.#table.readValues(base, [], this.#wanted.size === 0 ? NO_COLUMNS : this.#wanted);
    return this.#index.isCovered(x, row) ? row : null;
  }

  #isExcluded(x: ExecContext, base: number, values: readonly Value[]): boolean {
    const other = this.#rowAt(x, base);
    return other !== null && this.#exclusion.conflicts(x, values, other);
  }
}
