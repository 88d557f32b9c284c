/**
 * Whether a whole row on the nullable side of an outer join is there: a row of which every column is NULL is no missing row. Of a
 * table a column that is never NULL tells, or the row's place; other relations get a column for it that is true.
 */
import type { Expr } from '../expr.ts';
import { makeConst, makeQuery, makeVar, type Relation, type Target } from '../logical.ts';
import type { BindContext } from './context.ts';
import { type Level, levelOfRel } from './scope.ts';
import { BOOL, TID } from './type-info.ts';

const PRESENCE = '?present?';

/** NULL where there is no row of the relation, and only there. */
export function presenceOf(level: Level, rel: number): Expr {
  const owner = levelOfRel(level, rel)!;
  const relation = owner.relations.get(rel)!;
  if (relation.kind === 'table') {
    const sure = relation.table.columns.findIndex(({ notNull, dropped }) => notNull && !dropped);
    if (sure < 0) return makeVar(rel, -1, TID, -1);
    const { typeOid, typeModifier } = relation.columns[sure];
    return makeVar(rel, sure, typeOid, typeModifier);
  }
  const at = relation.columns.length - 1;
  if (relation.columns[at]?.name === PRESENCE) return makeVar(rel, at, BOOL, -1);
  owner.relations.set(rel, withPresence(level.context, relation));
  return makeVar(rel, at + 1, BOOL, -1);
}

/** The relation as it was, whether it has got the column or not. */
export function withoutPresence(relation: Relation): Relation {
  const isMarked = relation.kind === 'subquery' && relation.columns.at(-1)?.name === PRESENCE;
  return isMarked ? [...relation.query.relations.values()][0] : relation;
}

/** The relation in a subquery that has the column behind the relation's own. */
function withPresence(context: BindContext, relation: Relation): Relation {
  const inner = context.nextRel();
  const targets: Target[] = relation.columns.map(({ name, typeOid, typeModifier, tableOid, columnNumber }, i) => ({
    expr: makeVar(inner, i, typeOid, typeModifier),
    name,
    tableOid,
    columnNumber,
  }));
  targets.push({ expr: makeConst(true, BOOL), name: PRESENCE, tableOid: 0, columnNumber: 0 });
  const relations = new Map<number, Relation>([[inner, { ...relation, rel: inner }]]);
  context.addLevel({ relations, ctes: new Map() });
  const marker = { name: PRESENCE, typeOid: BOOL, typeModifier: -1, tableOid: 0, columnNumber: 0 };
  return {
    kind: 'subquery',
    rel: relation.rel,
    alias: relation.alias,
    columns: [...relation.columns, marker],
    query: makeQuery({ id: context.nextQuery(), relations, from: [{ kind: 'rel', rel: inner }], targets }),
    // A function's arguments may be of what stands beside it.
    lateral:
      relation.kind === 'subquery' ? relation.lateral : relation.kind === 'function' || relation.kind === 'values',
    view: null,
  };
}
