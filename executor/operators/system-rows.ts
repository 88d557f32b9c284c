/**
 * Rows of a system relation for a statement that reads it again and again: a subquery, or the inner side of a join, that looks up what belongs
 * to a row of another. PostgreSQL has indexes there; here rows are made when they are read, which for all functions takes some milliseconds.
 */
import type { Value } from '../../catalog/function-entry.ts';
import type { CallExpr, Expr } from '../../planner/expr.ts';
import { comparisonOf } from '../../planner/operators.ts';
import { isVolatile, someExpr } from '../../planner/traverse.ts';
import { OID } from '../../types/oid.ts';
import { mayWait } from '../compile/may-wait.ts';
import type { MemoryAccount } from '../memory-account.ts';

/** `column = value`: a condition of a scan, `value` without columns. */
export interface LookupKey {
  readonly column: number;
  readonly value: Expr;
}

/** Types in groups: values of one group compare with each other, and are equal where they are the same in JavaScript. */
const GROUPS: ReadonlyMap<number, number> = new Map(
  [[OID.OID], [OID.INT2, OID.INT4], [OID.NAME, OID.TEXT], [OID.CHAR], [OID.BOOL]].flatMap((types, group) =>
    types.map((type): [number, number] => [type, group]),
  ),
);

function canLookUp(columnType: number, valueType: number): boolean {
  const group = GROUPS.get(columnType);
  return group !== undefined && group === GROUPS.get(valueType);
}

const EQUAL = 3;

/** Those conditions of the filter that say which value a column has, by what is known before there is a row. */
export function lookupKeys(filter: Expr | null): LookupKey[] {
  const conditions = filter?.kind === 'and' ? filter.args : filter === null ? [] : [filter];
  return conditions.flatMap((condition) => (condition.kind === 'call' ? (lookupKey(condition) ?? []) : []));
}

function lookupKey({ function: fn, args }: CallExpr): LookupKey | null {
  const operator = comparisonOf(fn);
  // Under a collation it has another function.
  if (operator?.btreeStrategy !== EQUAL || operator.function !== fn) return null;
  const [left, right] = args[0].kind === 'column' ? args : [args[1], args[0]];
  if (left.kind !== 'column' || !isKnown(right)) return null;
  return canLookUp(left.typeOid, right.typeOid) ? { column: left.index, value: right } : null;
}

function isKnown(expr: Expr): boolean {
  return (
    !isVolatile(expr) && !someExpr(expr, ({ kind }) => kind === 'column' || kind === 'systemColumn') && !mayWait([expr])
  );
}

type Row = readonly Value[];
/** An array's own, and its place in others. */
const ROW_BYTES = 48;

export class SystemRows {
  readonly rows: readonly Row[];
  readonly #byColumn = new Map<number, ReadonlyMap<Value, readonly Row[]>>();

  /** The account gives back what they take when the execution closes. */
  constructor(rows: Iterable<Row>, memory: MemoryAccount) {
    this.rows = [...rows];
    memory.grow(this.rows.length * (ROW_BYTES + (this.rows[0]?.length ?? 0) * 8), 'rows of the catalog');
  }

  /** Those that may pass the conditions, whose values these are (none: all): found by the column that tells most rows apart. */
  matching(keys: readonly LookupKey[], values: readonly Value[]): readonly Row[] {
    if (values.length === 0) return this.rows;
    let best = 0;
    for (let k = 1; k < keys.length; k++) {
      if (this.#rowsBy(keys[k].column).size > this.#rowsBy(keys[best].column).size) best = k;
    }
    const value = values[best];
    return value === null ? [] : (this.#rowsBy(keys[best].column).get(value) ?? []);
  }

  #rowsBy(column: number): ReadonlyMap<Value, readonly Row[]> {
    const known = this.#byColumn.get(column);
    if (known !== undefined) return known;
    const byValue = new Map<Value, Row[]>();
    for (const row of this.rows) {
      const value = row[column];
      const rows = byValue.get(value);
      if (rows === undefined) byValue.set(value, [row]);
      else rows.push(row);
    }
    this.#byColumn.set(column, byValue);
    return byValue;
  }
}
