/**
 * UNION, INTERSECT, EXCEPT.
 *
 * `a UNION ALL b UNION ALL c` is (a UNION ALL b) UNION ALL c: columns get their types from left to right. As the rows of such a chain
 * are the same however it is put together, chains of many become balanced trees: whoever walks over queries goes no deeper than
 * their logarithm.
 */
import type * as ast from '../../parser/ast.ts';
import { makeQuery, makeVar, type Query, type RelationColumn, type SetOperation, type Target } from '../logical.ts';
import { collateQuery, commonCollation, keyedColumns } from './collation.ts';
import type { KeyedColumns } from './collation-keys.ts';
import { coerceToCommonType, selectCommonModifier, selectCommonType } from './common-type.ts';
import { mustHaveEquality } from './comparable.ts';
import type { BindContext } from './context.ts';
import { positionOf } from './position.ts';
import { Level } from './scope.ts';
import { bindLimits, bindOrderBy, bindQuery, leftmostOf } from './select.ts';

/** The queries that a set operation combines, as PostgreSQL numbers them. */
function selectsOf(query: Query): Query[] {
  const { setOperation } = query;
  if (setOperation === null || query.limit !== null || query.offset !== null || query.orderBy.length > 0)
    return [query];
  return [...selectsOf(setOperation.left), ...selectsOf(setOperation.right)];
}

/** A set operation's rows are ordered by its result's columns only. */
function checkResultOrder(
  context: BindContext,
  orderBy: readonly ast.OrderItem[],
  columns: readonly RelationColumn[],
  operands: readonly Query[],
): void {
  for (const item of orderBy) {
    const isName = item.expr.kind === 'columnRef' && item.expr.name.length === 1 && !item.expr.star;
    const known = isName && columns.some((column) => column.name === (item.expr as ast.ColumnRef).name[0]);
    if (item.expr.kind === 'integer' || known) continue;
    if (isName) {
      const [name] = (item.expr as ast.ColumnRef).name;
      const other = operands.flatMap(selectsOf).findIndex(({ targets }) => targets.some((each) => each.name === name));
      const place = `There is a column named "${name}" in table "*SELECT* ${other + 1}"`;
      const hint = `${place}, but it cannot be referenced from this part of the query.`;
      const more = other < 0 ? undefined : { hint };
      throw context.error('42703', `column "${name}" does not exist`, positionOf(context, item.expr.position), more);
    }
    throw context.error(
      '0A000',
      'invalid UNION/INTERSECT/EXCEPT ORDER BY clause',
      positionOf(context, leftmostOf(item.expr)),
      {
        detail: 'Only result column names can be used, not expressions or functions.',
        hint: 'Add the expression/function to every SELECT, or move the UNION into a FROM clause.',
      },
    );
  }
}

/** Columns of two operands, converted to what they have in common, and the columns of the result. */
interface Aligned {
  readonly left: readonly Target[];
  readonly right: readonly Target[];
  /** What is compared: the same, but for keyed columns. */
  readonly leftKeys: readonly Target[];
  readonly rightKeys: readonly Target[];
  readonly columns: readonly RelationColumn[];
  /** Of columns whose equal texts are found by keys (nondeterministic collations); null: the values themselves. */
  readonly keyed: readonly (KeyedColumns | null)[];
}

function align(level: Level, body: ast.SetOperation, left: readonly Target[], right: readonly Target[]): Aligned {
  const { context } = level;
  const word = body.operator.toUpperCase();
  if (left.length !== right.length) {
    const position = context.locationOf(right[0]?.expr);
    throw context.error('42601', `each ${word} query must have the same number of columns`, position);
  }
  const keepsAll = body.operator === 'union' && body.all;
  const aligned = {
    left: [...left],
    right: [...right],
    leftKeys: [] as Target[],
    rightKeys: [] as Target[],
    columns: [] as RelationColumn[],
    keyed: [] as (KeyedColumns | null)[],
  };
  for (let i = 0; i < left.length; i++) {
    const pair = [left[i].expr, right[i].expr];
    const typeOid = selectCommonType(context, pair, word);
    const [leftExpr, rightExpr] = pair.map((expr) => coerceToCommonType(context, expr, typeOid, word));
    if (leftExpr !== left[i].expr) aligned.left[i] = { ...left[i], expr: leftExpr };
    aligned.right[i] = { ...right[i], expr: rightExpr };
    const typeModifier = selectCommonModifier([leftExpr, rightExpr], typeOid);
    const collation = commonCollation(level, [leftExpr, rightExpr], !keepsAll);
    const asKeys = keepsAll ? null : keyedColumns(level, [leftExpr, rightExpr], collation);
    aligned.keyed.push(asKeys);
    const column: RelationColumn = { name: left[i].name, typeOid, typeModifier, tableOid: 0, columnNumber: 0 };
    if (asKeys !== null) {
      const [leftKey, rightKey] = asKeys.keys;
      aligned.leftKeys.push({ ...left[i], expr: leftKey });
      aligned.rightKeys.push({ ...right[i], expr: rightKey });
      aligned.columns.push({ ...column, typeOid: leftKey.typeOid, typeModifier: -1 });
    } else {
      aligned.leftKeys.push(aligned.left[i]);
      aligned.rightKeys.push(aligned.right[i]);
      aligned.columns.push(collation === undefined ? column : { ...column, collation });
    }
    if (!keepsAll) mustHaveEquality(context, typeOid, context.locationOf(leftExpr));
  }
  return aligned;
}

/** The columns of a level's set operation as targets, which is made one of its relations. */
function targetsOf(level: Level, rel: number, { columns, keyed }: Aligned): readonly Target[] {
  level.relations.set(rel, { kind: 'setOperation', rel, alias: '', columns });
  return columns.map(({ name, typeOid, typeModifier }, i) => {
    const column = makeVar(rel, i, typeOid, typeModifier);
    return { expr: keyed[i]?.textOf(column) ?? column, name, tableOid: 0, columnNumber: 0 };
  });
}

/**
 * `a UNION ALL b UNION ALL c` from left to right: operands that nothing stands between. What UNION does at the end makes no
 * difference of UNION and UNION ALL before it.
 */
function operandsOf(body: ast.SetOperation): readonly ast.Query[] {
  const operands = [body.right];
  let { left } = body;
  while (body.operator === 'union' && isLink(left, body.all)) {
    operands.push(left.body.right);
    left = left.body.left;
  }
  operands.push(left);
  return operands.reverse();
}

function isLink(node: ast.Query, all: boolean): node is ast.Query & { body: ast.SetOperation } {
  const { body, orderBy, limit, offset, locking } = node;
  if (body.kind !== 'setOperation' || body.operator !== 'union' || (all && !body.all)) return false;
  return node.with === null && orderBy.length === 0 && limit === null && offset === null && locking.length === 0;
}

export function bindSetOperation(level: Level, node: ast.Query, body: ast.SetOperation): Query {
  const { context } = level;
  if (node.locking.length > 0) {
    const words = `FOR ${node.locking[0].strength.toUpperCase()}`;
    throw context.error('0A000', `${words} is not allowed with UNION/INTERSECT/EXCEPT`);
  }
  const nodes = operandsOf(body);
  for (const { body: other } of nodes.slice(1).reverse()) {
    if (other.kind !== 'select' || other.into === null) continue;
    const position = positionOf(context, other.into.position);
    throw context.error('42601', 'INTO is only allowed on first SELECT of UNION/INTERSECT/EXCEPT', position);
  }
  const rel = context.nextRel();
  const operands = bindOperands(level, body, nodes, rel);
  const { operation, columns, targets } = joined(level, body, operands, rel);
  checkResultOrder(context, node.orderBy, columns, [operation.left, operation.right]);
  const orderBy = bindOrderBy(level, node.orderBy, { targets });
  const { limit, offset } = bindLimits(level, node);
  return { ...setQuery(level, operation, targets), orderBy, limit, offset, withTies: node.limitWithTies };
}

/** All operands with the same types of columns. Where a later one makes another type of a column, those before it become one operand. */
function bindOperands(
  level: Level,
  body: ast.SetOperation,
  [first, ...others]: readonly ast.Query[],
  rel: number,
): readonly Query[] {
  // An operand of its own level, whose outer references go to this level's parent. The columns of VALUES have types already.
  const bind = (query: ast.Query): Query =>
    bindQuery(innerLevel(level), query, { keepUnknown: query.body.kind !== 'values' });
  let operands = [bind(first)];
  let before = operands[0].targets;
  for (const node of others) {
    const next = bind(node);
    let aligned = align(level, body, before, next.targets);
    if (aligned.left.some((target, i) => target !== before[i])) {
      const whole = balanced(level, body, operands);
      if (operands.length > 1) aligned = align(level, body, whole.targets, next.targets);
      operands = [{ ...whole, targets: aligned.left }];
    }
    operands.push({ ...next, targets: aligned.right });
    before = targetsOf(level, rel, aligned);
  }
  return operands;
}

function innerLevel(level: Level): Level {
  const inner = new Level(level.context, level.parent);
  for (const [name, cte] of level.ctes) inner.ctes.set(name, cte);
  return inner;
}

function balanced(level: Level, body: ast.SetOperation, operands: readonly Query[]): Query {
  if (operands.length === 1) return operands[0];
  const inner = innerLevel(level);
  const { operation, targets } = joined(inner, body, operands, level.context.nextRel());
  return collateQuery(inner, setQuery(inner, operation, targets));
}

/** Two operands or more as one operation over two. */
function joined(
  level: Level,
  body: ast.SetOperation,
  operands: readonly Query[],
  rel: number,
): { operation: SetOperation; columns: readonly RelationColumn[]; targets: readonly Target[] } {
  const middle = operands.length >> 1;
  const left = balanced(level, body, operands.slice(0, middle));
  const right = balanced(level, body, operands.slice(middle));
  const aligned = align(level, body, left.targets, right.targets);
  const operation: SetOperation = {
    operation: body.operator,
    all: body.all,
    left: { ...left, targets: aligned.leftKeys },
    right: { ...right, targets: aligned.rightKeys },
    rel,
  };
  return { operation, columns: aligned.columns, targets: targetsOf(level, rel, aligned) };
}

function setQuery(level: Level, setOperation: SetOperation, targets: readonly Target[]): Query {
  const { queryId, relations } = level;
  return makeQuery({ id: queryId, relations, from: [{ kind: 'rel', rel: setOperation.rel }], targets, setOperation });
}
