/**
 * Which rows of which tables a query's rows come from, for cursors that WHERE CURRENT OF names.
 *
 * The query answers, behind its own columns, the ctid of each table that it reads: of those that it locks, and of all when its
 * rows are those of one scan ("simply updatable": after PostgreSQL's execCurrent.c that is decided by the plan).
 */
import type { Query, Target } from './logical.ts';
import { type FromItem, makeVar } from './logical.ts';
import type { Plan } from './plan.ts';

const TID = 27;

export interface RowIdentity {
  readonly tableOid: number;
  /** Of the plan's output. */
  readonly column: number;
  /** FOR UPDATE, SHARE and their like name it. */
  readonly isLocked: boolean;
}

/** Relations whose rows are seen above: not those that a condition only looks for. */
function seenRels(item: FromItem, into: number[]): number[] {
  switch (item.kind) {
    case 'rel':
      into.push(item.rel);
      return into;
    case 'group':
      for (const child of item.items) seenRels(child, into);
      return into;
    case 'join':
      seenRels(item.left, into);
      return item.type === 'semi' || item.type === 'anti' ? into : seenRels(item.right, into);
  }
}

/** The query (rewritten) with row identities as further targets; null when its rows are made of many. */
export function withRowIdentities(query: Query): { query: Query; identities: readonly RowIdentity[] } | null {
  const isGrouped = query.hasAggregates || query.groupBy.length > 0 || query.groupingSets !== null;
  const isMerged = query.distinct || query.distinctOn !== null || query.setOperation !== null;
  if (isGrouped || isMerged || query.hasWindows || query.hasSets) return null;
  const targets: Target[] = [...query.targets];
  const identities: RowIdentity[] = [];
  for (const rel of query.from.flatMap((item) => seenRels(item, []))) {
    const relation = query.relations.get(rel);
    if (relation?.kind !== 'table') continue;
    const isLocked = query.locks.some((lock) => lock.rel === rel);
    identities.push({ tableOid: relation.table.oid, column: targets.length, isLocked });
    targets.push({ expr: makeVar(rel, -1, TID, -1), name: 'ctid', tableOid: 0, columnNumber: 0 });
  }
  return identities.length === 0 ? null : { query: { ...query, targets }, identities };
}

/** The table whose scan gives the plan's rows, one by one and in its order; 0: there is none. */
export function scannedTable(plan: Plan): number {
  switch (plan.kind) {
    case 'seqScan':
    case 'indexScan':
    case 'postingScan':
    case 'rowIdScan':
      return plan.table.oid;
    case 'project':
    case 'gate':
    case 'limit':
    case 'lockRows':
    case 'subqueryScan':
      return scannedTable(plan.input);
    default:
      return 0;
  }
}
