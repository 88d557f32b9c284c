/**
 * FOR UPDATE and its kin: which rows a query locks. On a subquery or view they are those that it reads, so that its query has locks
 * of its own. After: PostgreSQL, transformLockingClause() and CheckSelectLocking() (analyze.c).
 */
import type * as ast from '../../parser/ast.ts';
import type { LockClause, Query, Relation } from '../logical.ts';
import type { BindContext } from './context.ts';
import { positionOf } from './position.ts';
import type { Level } from './scope.ts';

export function bindLocks(level: Level, node: ast.Query, query: Query): readonly LockClause[] {
  const { context } = level;
  const locks: LockClause[] = [];
  for (const clause of node.locking) {
    const words = lockWords(clause);
    checkLockable(context, query, words);
    const lock = (rel: number): void => lockRelation(context, level.relations, locks, lockOf(rel, clause));
    if (clause.of.length === 0) for (const rel of level.relations.keys()) lock(rel);
    for (const { name, position: offset } of clause.of) {
      const wanted = name[name.length - 1];
      const item = level.allItems.find((candidate) => candidate.name === wanted);
      const position = positionOf(context, offset);
      if (name.length > 1) {
        throw context.error('42601', `${words} must specify unqualified relation names`, position);
      }
      if (item === undefined) {
        throw context.error('42P01', `relation "${wanted}" in ${words} clause not found in FROM clause`, position);
      }
      if (item.rel < 0) throw context.error('0A000', `${words} cannot be applied to a join`, position);
      const refused = NOT_LOCKED[level.relations.get(item.rel)!.kind];
      if (refused !== undefined) throw context.error('0A000', `${words} cannot be applied to ${refused}`, position);
      lock(item.rel);
    }
  }
  if (locks.length > 0) context.readOnly = false;
  return locks;
}

const NOT_LOCKED: Readonly<Partial<Record<Relation['kind'], string>>> = {
  function: 'a function',
  values: 'VALUES',
  cte: 'a WITH query',
};

export function lockWords({ strength }: { readonly strength: LockClause['strength'] }): string {
  return `FOR ${strength.toUpperCase()}`;
}

function lockOf(rel: number, { strength, wait }: ast.Query['locking'][number]): LockClause {
  return { rel, strength, wait: wait === 'wait' ? 'block' : wait, isPushedDown: false };
}

function checkLockable(context: BindContext, query: Query, words: string): void {
  const refuse = (what: string) => context.error('0A000', `${words} is not allowed with ${what}`);
  if (query.setOperation !== null) throw refuse('UNION/INTERSECT/EXCEPT');
  if (query.distinct || query.distinctOn !== null) throw refuse('DISTINCT clause');
  if (query.groupBy.length > 0 || query.groupingSets !== null) throw refuse('GROUP BY clause');
  if (query.having !== null) throw refuse('HAVING clause');
  if (query.hasAggregates) throw refuse('aggregate functions');
  if (query.hasWindows) throw refuse('window functions');
  if (query.hasSets) throw refuse('set-returning functions in the target list');
}

/** Functions, VALUES and WITH queries have no rows to lock. */
function lockRelation(
  context: BindContext,
  relations: Map<number, Relation>,
  locks: LockClause[],
  lock: LockClause,
): void {
  const relation = relations.get(lock.rel)!;
  if (relation.kind === 'table') {
    const { oid, kind, name } = relation.table;
    if (kind === 'materializedView') throw context.error('42809', `cannot lock rows in materialized view "${name}"`);
    context.lockTable(oid, 'row share');
  } else if (relation.kind === 'subquery') {
    relations.set(lock.rel, { ...relation, query: lockedQuery(context, relation.query, lock) });
  } else return;
  context.rights.lock(lock.rel);
  const known = locks.findIndex(({ rel }) => rel === lock.rel);
  if (known < 0) locks.push(lock);
  else locks[known] = strongerLock(locks[known], lock);
}

function lockedQuery(context: BindContext, query: Query, lock: LockClause): Query {
  checkLockable(context, query, lockWords(lock));
  const relations = new Map(query.relations);
  const locks = [...query.locks];
  for (const rel of query.relations.keys()) {
    lockRelation(context, relations, locks, { ...lock, rel, isPushedDown: true });
  }
  return { ...query, relations, locks };
}

const STRENGTH = ['key share', 'share', 'no key update', 'update'];

function strongerLock(a: LockClause, b: LockClause): LockClause {
  const strength = STRENGTH.indexOf(a.strength) >= STRENGTH.indexOf(b.strength) ? a.strength : b.strength;
  const wait =
    a.wait === 'nowait' || b.wait === 'nowait'
      ? 'nowait'
      : a.wait === 'skip locked' || b.wait === 'skip locked'
        ? 'skip locked'
        : 'block';
  return { rel: a.rel, strength, wait, isPushedDown: a.isPushedDown && b.isPushedDown };
}
