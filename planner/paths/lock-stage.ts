/** SELECT FOR UPDATE/SHARE: rows are locked after sorting and before LIMIT counts them. */
import type { Expr } from '../expr.ts';
import { conjuncts, type FromItem, logical, makeAnd, makeVar, type Query, type TableRelation } from '../logical.ts';
import { hasSublink } from '../traverse.ts';
import { addMissing, estimates, outputOf, type Path, varsOf } from './path.ts';
import type { Planner } from './planner.ts';
import { securedConditions } from './secured-conditions.ts';
import { firstOf, inputResolver, tableResolver, translateAll, translateNullable } from './translate.ts';

const TID = 27;

export function lockStage(planner: Planner, query: Query, input: Path): Path {
  const locked = query.locks.flatMap((lock) => {
    const relation = query.relations.get(lock.rel);
    return relation?.kind === 'table' ? [{ lock, relation: relation as TableRelation }] : [];
  });
  if (locked.length === 0) return input;
  const estimate = { rows: input.rows, startup: input.startup, total: input.total + input.rows * 0.01 };
  return {
    ...input,
    ...estimate,
    build: (targets) => {
      const rowIds = locked.map(({ lock }) => makeVar(lock.rel, -1, TID, -1));
      const lockedRels = new Set(locked.map(({ lock }) => lock.rel));
      const isAsked = (part: Expr): boolean => varsOf([part], lockedRels).length > 0 && !hasSublink(part);
      const own = ownConditions(query, lockedRels).filter(isAsked);
      const recheck = securedConditions(own, innerConditions(query).filter(isAsked));
      const others = varsOf([...targets, ...recheck], null).filter((expr) => {
        const node = logical(expr);
        return node.kind === 'var' && query.relations.has(node.rel) && !lockedRels.has(node.rel);
      });
      const columns = addMissing(rowIds, others);
      const child = input.build(columns);
      const resolve = firstOf(
        ...locked.map(({ relation }, i) => tableResolver(relation.rel, relation.table.oid, i)),
        inputResolver(columns, locked.length),
      );
      return {
        kind: 'lockRows',
        input: child,
        marks: locked.map(({ lock, relation }, i) => ({
          table: relation.table,
          rowIdColumn: i,
          strength: lock.strength,
          wait: lock.wait,
        })),
        recheck: translateNullable(planner, makeAnd(recheck), resolve),
        targets: translateAll(planner, targets, resolve),
        output: outputOf(targets),
        ...estimates(estimate, planner.widthOf(targets)),
      };
    },
  };
}

/** What rows of these tables must fulfil to be there, and to be seen: so must the version that another transaction has left of them. */
export function ownConditions(query: Query, rels: Iterable<number>): Expr[] {
  const result: Expr[] = [];
  for (const rel of rels) {
    const relation = query.relations.get(rel);
    if (relation?.kind !== 'table') continue;
    if (relation.expiry !== undefined) result.push(relation.expiry);
    if (relation.security !== undefined) result.push(...relation.security);
  }
  return result;
}

/** Conditions that every row of the query has passed: WHERE and the ONs of inner joins. */
export function innerConditions(query: Query): Expr[] {
  const result = conjuncts(query.where);
  const collect = (item: FromItem): void => {
    if (item.kind === 'group') {
      conjuncts(item.where, result);
      item.items.forEach(collect);
    } else if (item.kind === 'join') {
      if (item.type === 'inner') conjuncts(item.on, result);
      if (item.type !== 'full') collect(item.left);
      if (item.type === 'inner') collect(item.right);
    }
  };
  query.from.forEach(collect);
  return result;
}
