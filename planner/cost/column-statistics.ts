/** What is known of an expression's values: statistics of the column or analyzed expression that it is, distinct values. */
import type { Catalog } from '../../catalog/catalog.ts';
import type { IndexEntry, RelationEntry } from '../../catalog/entries.ts';
import type { FunctionContext } from '../../catalog/function-entry.ts';
import type { ColumnStatistics, StatisticsSource } from '../../catalog/statistics.ts';
import { equalExpr } from '../equal-expr.ts';
import type { Expr } from '../expr.ts';
import { logical, SYSTEM_COLUMNS } from '../logical.ts';
import { estimatedComparison } from '../operators.ts';
import { relsOf } from '../relation-sets.ts';
import { visitExpr } from '../traverse.ts';
import type { StatementValues } from './known-values.ts';

export const DEFAULT_DISTINCT = 200;
/** The number of that system column. */
const CTID = -1 - SYSTEM_COLUMNS.indexOf('ctid');

/** What is known of the relations of a query. */
export interface RelationFacts {
  /** Rows before any condition. */
  readonly rows: number;
  readonly table: RelationEntry | null;
  /** Conditions on the relation alone: they limit which values its columns may have. */
  readonly restrictions?: readonly Expr[];
  /** What ANALYZE gathered of an expression that an index or a statistics object holds; null: none does. */
  expressionStatistics?(expr: Expr): ColumnStatistics | null;
  /** Number of an expression (-1, -2 ...) as a member of a statistics object; 0: it is none. */
  expressionNumber?(statisticsOid: number, expr: Expr): number;
  /** Distinct values of a column where something better than ANALYZE says so (group keys of a subquery); 0 unknown. */
  distinctOf(column: number): number;
}

export interface SelectivityContext {
  readonly statistics: StatisticsSource;
  readonly catalog: Catalog;
  readonly values: StatementValues | null;
  readonly functions: FunctionContext | null;
  facts(rel: number): RelationFacts | undefined;
}

export interface VariableStatistics {
  readonly stats: ColumnStatistics | null;
  /** Rows of the relation. */
  readonly rows: number;
  readonly distinct: number;
  readonly isUnique: boolean;
  /** `distinct` is a guess. */
  readonly isDefault: boolean;
}

/** Every row has another. */
function ofRowId(rows: number): VariableStatistics {
  return { stats: null, rows, distinct: Math.max(1, rows), isUnique: true, isDefault: false };
}

/** What is known of a column or an analyzed expression; null for other expressions. */
export function variableStatistics(context: SelectivityContext, expr: Expr): VariableStatistics | null {
  const node = logical(expr);
  if (node.kind === 'coalesce' && node.args.length === 1) return variableStatistics(context, node.args[0]);
  if (node.kind !== 'var') return expressionStatistics(context, expr);
  const facts = context.facts(node.rel);
  if (node.column === CTID) return facts === undefined ? null : ofRowId(facts.rows);
  if (node.column < 0 || facts === undefined) return null;
  const { table, rows } = facts;
  if (table === null) {
    const known = facts.distinctOf(node.column);
    const distinct = known > 0 ? known : Math.min(DEFAULT_DISTINCT, rows);
    return { stats: null, rows, distinct, isUnique: false, isDefault: known <= 0 };
  }
  const number = node.column + 1;
  const stats = context.statistics.column(table.oid, number);
  let counting: IndexEntry | null = null;
  let isUnique = false;
  for (const index of context.catalog.indexesOf(table.oid)) {
    if (index.columns.length !== 1 || index.columns[0].columnNumber !== number) continue;
    if (index.exclusion !== undefined || index.predicateText !== null) continue;
    counting ??= index;
    if (index.unique) isUnique = true;
  }
  if (isUnique) {
    const nulls = stats?.nullFraction ?? 0;
    return { stats, rows, distinct: Math.max(1, rows * (1 - nulls)), isUnique, isDefault: false };
  }
  const gathered = distinctOf(stats, rows);
  if (gathered > 0) return { stats, rows, distinct: gathered, isUnique, isDefault: false };
  const counted = counting === null ? -1 : context.statistics.indexDistinctCount(counting.oid);
  if (counted >= 0) return { stats, rows, distinct: Math.max(counted, 1), isUnique, isDefault: false };
  // A boolean has two values, whatever is known.
  const distinct = Math.max(1, Math.min(expr.typeOid === 16 ? 2 : DEFAULT_DISTINCT, rows));
  return { stats, rows, distinct, isUnique, isDefault: true };
}

/** Number of distinct values that ANALYZE found, for the rows there are now; 0: unknown. */
export function distinctOf(stats: ColumnStatistics | null, rows: number): number {
  if (stats === null) return 0;
  if (stats.distinct > 0) return stats.distinct;
  return stats.distinct < 0 ? Math.max(1, -stats.distinct * rows) : 0;
}

function expressionStatistics(context: SelectivityContext, expr: Expr): VariableStatistics | null {
  const rel = onlyRelation(expr);
  const facts = rel === null ? undefined : context.facts(rel);
  const stats = facts?.expressionStatistics?.(expr) ?? null;
  if (facts === undefined || stats === null) return null;
  const { rows } = facts;
  const distinct = distinctOf(stats, rows);
  const isDefault = distinct === 0;
  return { stats, rows, distinct: isDefault ? Math.min(DEFAULT_DISTINCT, rows) : distinct, isUnique: false, isDefault };
}

/** The one relation whose columns the expression uses; null: none, or several. */
function onlyRelation(expr: Expr): number | null {
  const [rel, ...others] = relsOf(expr);
  return rel === undefined || others.length > 0 ? null : rel;
}

/** Columns that the expression uses, each once, outside of subqueries. */
export function columnsIn(expr: Expr): Expr[] {
  const result: Expr[] = [];
  visitExpr(expr, (child) => {
    const { kind } = logical(child);
    if (kind === 'var' && !result.some((known) => equalExpr(known, child))) result.push(child);
    return kind !== 'sublink';
  });
  return result;
}

/** Whether it uses a column, outside of subqueries. */
export function mentionsVar(expr: Expr): boolean {
  const node = logical(expr);
  switch (node.kind) {
    case 'var':
      return true;
    case 'const':
    case 'param':
      return false;
    default:
      return columnsIn(expr).length > 0;
  }
}

/** The column, or the expression of columns, of `column = constant`; null for other conditions. */
export function equalityColumn(expr: Expr): Expr | null {
  if (expr.kind !== 'call' || expr.args.length !== 2 || estimatedComparison(expr.function)?.btreeStrategy !== 3)
    return null;
  const [left, right] = expr.args;
  const isLeft = mentionsVar(left);
  const isRight = mentionsVar(right);
  return isLeft === isRight ? null : isLeft ? left : right;
}
