/** What the access paths of one table share: its size, its conditions, what a filter costs. */
import type { RelationEntry } from '../../catalog/entries.ts';
import { NUMBER_KEY_TYPES, OID } from '../../types/index.ts';
import { COST } from '../cost/params.ts';
import type { Expr, SortKey } from '../expr.ts';
import type { TableRelation } from '../logical.ts';
import { operatorOf } from '../operators.ts';
import { someExpr } from '../traverse.ts';
import type { Condition } from './index-match.ts';
import type { JoinProblem } from './join-problem.ts';
import type { Path, RelSet } from './path.ts';

export interface ScanResult {
  readonly rows: number;
  readonly paths: Path[];
}

export interface ScanOptions {
  /** Orders that a stage above could use. */
  readonly wanted: readonly (readonly SortKey[])[];
}

/** A table of a query with its conditions, for which paths are made. */
export interface TableScan {
  readonly problem: JoinProblem;
  readonly relation: TableRelation;
  readonly table: RelationEntry;
  readonly bit: RelSet;
  readonly restrictions: readonly Expr[];
  /** The same, as indexes look at them. */
  readonly own: readonly Condition[];
  readonly tuples: number;
  readonly pages: number;
  readonly resident: number;
  /** Share of the pages that are all-visible. */
  readonly visible: number;
  /** Columns (from 0) that something beside the restrictions needs; null: all, or system columns. */
  readonly needed: ReadonlySet<number> | null;
  /** Rows after all restrictions. */
  readonly rows: number;
}

/** Operators that look through a text. */
const PATTERN_OPERATORS = new Set(['~~', '!~~', '~~*', '!~~*', '~', '!~', '~*', '!~*']);
/** Types whose values are compared in a step or two; others are bytes. */
const QUICK_TYPES = new Set<number>([...NUMBER_KEY_TYPES, OID.BOOL, OID.FLOAT4, OID.FLOAT8, OID.NUMERIC]);

/** Cost of testing the conditions on one row. */
export function filterCost(filters: readonly Expr[]): number {
  let cost = 0;
  const add = (expr: Expr): boolean => {
    cost += ownCost(expr);
    return false;
  };
  for (const filter of filters) {
    cost += COST.operator;
    someExpr(filter, add);
  }
  return cost;
}

/** Of an expression, beyond its operands. */
function ownCost(expr: Expr): number {
  if (expr.kind === 'inList') return QUICK_TYPES.has(expr.arg.typeOid) ? COST.operator : COST.listOperator;
  if (expr.kind === 'arrayCompare') return QUICK_TYPES.has(expr.left.typeOid) ? COST.operator : COST.listOperator;
  if (expr.kind !== 'call') return 0;
  const name = operatorOf(expr.function)?.name;
  if (name !== undefined && PATTERN_OPERATORS.has(name)) return COST.patternOperator;
  for (const arg of expr.args) if (!QUICK_TYPES.has(arg.typeOid)) return COST.bytesOperator;
  return COST.operator;
}

/** Pages that so many rows are on, when they stand anywhere. */
export function pagesTouched(scan: TableScan, rows: number): number {
  return scan.pages * (1 - Math.exp(-rows / scan.pages));
}

/**
 * Cost of fetching rows by row id. `inOrder`: 0..1, how far the fetches follow the order of the table; `isPageWise`: rows of
 * one page are fetched together even so (row ids come sorted).
 */
export function fetchCost(scan: TableScan, rows: number, inOrder: number, isPageWise: boolean): number {
  const { pages, resident, tuples } = scan;
  const touched = pagesTouched(scan, rows);
  const together = Math.min(pages, (rows / tuples) * pages);
  const jumps = inOrder * together + (1 - inOrder) * (isPageWise ? touched : rows);
  const apart = isPageWise ? (COST.randomPage + COST.seqPage) / 2 : COST.randomPage;
  const cold = inOrder * together * COST.seqPage + (1 - inOrder) * touched * apart;
  const scattered = isPageWise ? (1 - inOrder) * rows * Math.max(0, 1 - rows / tuples) : 0;
  return (
    rows * (COST.row + COST.fetch) + scattered * COST.fetchApart + jumps * COST.fetchRandom + (1 - resident) * cold
  );
}
