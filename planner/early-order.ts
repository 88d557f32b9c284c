/**
 * The expressions of a statement in which constants may fail, in the order in which PostgreSQL's planner computes constants: by lists, each
 * of which is computed as a whole before the subqueries in it are planned. After: PostgreSQL, subquery_planner (planner.c): arguments of
 * functions in FROM, the target list with the keys of sorting and grouping behind it, RETURNING, conditions from the leaves of FROM up, HAVING,
 * frames, OFFSET and LIMIT, ON CONFLICT, the actions of MERGE, members of UNION ALL, VALUES; then the subqueries that stay by themselves.
 */
import { isFixedEarly, mayFailAnywhere, mayFailEarly } from './early-failures.ts';
import { type PulledUp, pullUp } from './early-pull-up.ts';
import type { Expr } from './expr.ts';
import {
  caseBranch,
  conjuncts,
  type FromItem,
  type LogicalAssignment,
  logical,
  type ModifyQuery,
  makeAnd,
  makeQuery,
  type Query,
  type Relation,
  type SublinkExpr,
  type Target,
} from './logical.ts';
import { removeLeftJoins } from './rewrite/remove-left-joins.ts';
import { forgetUnreadColumns, simplifyExists } from './rewrite/unread-columns.ts';
import { hasSublink } from './traverse.ts';

export type EarlyList = readonly Expr[];

/** Of a statement, its queries and the queries inside them. */
export interface EarlyConstants {
  readonly lists: readonly EarlyList[];
}

/** Null, where nothing of it can fail early. */
export function earlyConstantsOf(source: Query | ModifyQuery): EarlyConstants | null {
  if (!mayFailAnywhere(source)) return null;
  const lists: EarlyList[] = [];
  if ('command' in source) addOfModify(source, lists);
  else addOfQuery(source, lists);
  return lists.length === 0 ? null : { lists };
}

const listsOf = new WeakMap<SublinkExpr, readonly EarlyList[]>();

export function listsOfSublink(sublink: SublinkExpr): readonly EarlyList[] {
  const known = listsOf.get(sublink);
  if (known !== undefined) return known;
  const lists: EarlyList[] = [];
  addOfQuery(sublink.mode === 'exists' ? simplifyExists(sublink.query) : sublink.query, lists);
  listsOf.set(sublink, lists);
  return lists;
}

function add(exprs: readonly (Expr | null)[], into: EarlyList[]): void {
  const list = exprs.filter((expr) => expr !== null && mayFailEarly(expr)) as Expr[];
  if (list.length > 0) into.push(list);
}

/** What stands in a statement beside its query, by lists: as parts of its targets these are read as the query's relations are. */
interface Beside {
  readonly returning: readonly Expr[];
  readonly later: readonly (readonly Expr[])[];
}

const NOTHING: Beside = { returning: [], later: [] };

function addOfModify(modify: ModifyQuery, into: EarlyList[]): void {
  const { command, onConflict, merge, returning, source } = modify;
  addOfCtes(modify, into);
  const ofConflict =
    onConflict === null
      ? []
      : [valuesOf(onConflict.assignments), listOf(onConflict.where), onConflict.visible.map(({ expr }) => expr)];
  const ofMerge = (merge?.clauses ?? []).flatMap(({ assignments, values, condition }) => [
    [...valuesOf(assignments), ...values],
    listOf(condition),
  ]);
  const beside: Beside = { returning: (returning ?? []).map(({ expr }) => expr), later: [...ofConflict, ...ofMerge] };
  const lists: EarlyList[] = [];
  if (command === 'insert') addOfQuery(ofInsert(modify), lists, beside);
  else {
    const where = makeAnd([...conjuncts(source.where), ...conjuncts(merge?.on ?? null)]);
    addOfQuery({ ...source, where, targets: targetsOf(valuesOf(modify.assignments)) }, lists, beside);
  }
  // Where nothing else may fail, casts of VALUES fail as well when their row is made: no second look at each of many.
  const isOfValues =
    command === 'insert' && lists.length === 1 && !someRelation(source, ({ kind }) => kind !== 'values');
  const isBeside = beside.returning.some(mayFailEarly) || beside.later.some((list) => list.some(mayFailEarly));
  if (isOfValues && !isBeside && lists[0].every(isCastOfConstant)) return;
  into.push(...lists);
}

/** INSERT as a query over its source. */
function ofInsert({ source, sourceRel: rel, values }: ModifyQuery): Query {
  const relation: Relation = {
    kind: 'subquery',
    rel,
    alias: '',
    columns: [],
    query: source,
    lateral: false,
    view: null,
  };
  return makeQuery({
    id: source.id,
    relations: new Map([[rel, relation]]),
    from: [{ kind: 'rel', rel }],
    targets: targetsOf(values),
  });
}

/** In the order of the table's columns. */
function valuesOf(assignments: readonly LogicalAssignment[]): readonly Expr[] {
  return assignments.toSorted((a, b) => a.columnIndex - b.columnIndex).map(({ value }) => value);
}

function listOf(expr: Expr | null): readonly Expr[] {
  return expr === null ? [] : [expr];
}

function targetsOf(exprs: readonly Expr[]): readonly Target[] {
  return exprs.map((expr) => ({ expr, name: '', tableOid: 0, columnNumber: 0 }));
}

function addOfCtes({ ctes }: Query | ModifyQuery, into: EarlyList[]): void {
  for (const { query, recursive, modify } of ctes) {
    if (query !== null) addOfQuery(query, into);
    if (recursive !== null) {
      addOfQuery(recursive.start, into);
      addOfQuery(recursive.step, into);
    }
    if (modify !== null) addOfModify(modify, into);
  }
}

function addOfQuery(bound: Query, into: EarlyList[], beside: Beside = NOTHING): void {
  addOfCtes(bound, into);
  const own = bound.targets.length;
  const others = [beside.returning, ...beside.later];
  const given =
    others.length === 1 && others[0].length === 0
      ? bound
      : { ...bound, targets: [...bound.targets, ...others.flatMap(targetsOf)] };
  const pulled = pulledUp(given);
  const { query } = pulled;
  const exprs = query.targets.map(({ expr }) => expr);
  let at = own;
  const [returning, ...later] = others.map((list) => exprs.slice(at, (at += list.length)));
  for (const args of pulled.functions) add(args, into);
  add([...exprs.slice(0, own), ...keysOf(query)], into);
  add(returning, into);
  addJoins(query.from, query.where, into);
  add([query.having], into);
  for (const { frame } of query.windows) {
    addOffset(frame.start, into);
    addOffset(frame.end, into);
  }
  add([query.offset], into);
  add([query.limit], into);
  for (const list of later) add(list, into);
  add(pulled.members, into);
  addOfRelations(pulled, into);
}

/** Most queries have nothing that would be part of them. */
function pulledUp(query: Query): PulledUp {
  const isPlainQuery =
    query.setOperation === null &&
    !someRelation(query, ({ kind }) => kind === 'subquery' || kind === 'values' || kind === 'function') &&
    (query.where === null || !hasSublink(query.where));
  return isPlainQuery ? { query, functions: [], members: [], memberQueries: [], others: [] } : pullUp(query);
}

function someRelation({ relations }: Query, test: (relation: Relation) => boolean): boolean {
  for (const relation of relations.values()) if (test(relation)) return true;
  return false;
}

/** Keys of sorting and grouping that are no targets stand behind them. */
function keysOf({ orderBy, groupBy, distinctOn, windows }: Query): readonly Expr[] {
  const keys = [...orderBy.map(({ expr }) => expr), ...groupBy, ...(distinctOn ?? [])];
  for (const window of windows) keys.push(...window.orderBy.map(({ expr }) => expr), ...window.partitionBy);
  return keys;
}

/** Conditions of FROM, then of WHERE: which stands left of what was made a join of it. */
function addJoins(from: readonly FromItem[], where: Expr | null, into: EarlyList[]): void {
  for (const item of from) addConditions(item, into);
  add([where], into);
}

function addConditions(item: FromItem, into: EarlyList[]): void {
  if (item.kind === 'rel') return;
  if (item.kind === 'group') {
    addJoins(item.items, item.where, into);
    return;
  }
  addConditions(item.left, into);
  addConditions(item.right, into);
  add([item.on], into);
}

function addOffset(bound: Query['windows'][number]['frame']['start'], into: EarlyList[]): void {
  if (bound.kind === 'preceding' || bound.kind === 'following') add([bound.offset], into);
}

function addOfRelations(pulled: PulledUp, into: EarlyList[]): void {
  const query = forgetUnreadColumns(withoutUseless(pulled.query));
  const members = pulled.memberQueries.map((member) => forgetUnreadColumns(withoutUseless(member)));
  for (const { relations } of [query, ...members]) {
    for (const relation of relations.values()) if (relation.kind === 'values') add(relation.rows.flat(), into);
  }
  const condition = conditionOfRelation(query);
  addOfSubqueries(query, condition, into);
  for (const other of pulled.others) addOfQuery(other, into);
  for (const member of members) addOfSubqueries(member, null, into);
  const { setOperation } = query;
  if (setOperation === null) return;
  addOfQuery(setOperation.left, into);
  addOfQuery(setOperation.right, into);
}

/** Subqueries whose join adds nothing are not planned. Tables have no constants. */
function withoutUseless(query: Query): Query {
  return removeLeftJoins(query, () => []);
}

function addOfSubqueries({ relations }: Query, condition: Expr | null, into: EarlyList[]): void {
  for (const relation of relations.values()) {
    if (relation.kind !== 'subquery') continue;
    if (condition === null) addOfQuery(relation.query, into);
    else {
      const inside: EarlyList[] = [];
      addOfQuery(relation.query, inside);
      for (const list of inside) into.push(list.map((expr) => where(condition, expr)));
    }
  }
}

/**
 * What WHERE says that is fixed, of a query over one relation: where it is false or null, PostgreSQL leaves the relation out
 * (relation_excluded_by_constraints), and if it is a subquery, does not plan it: its constants are not computed.
 */
function conditionOfRelation({ from: [item, ...others], where: all }: Query): Expr | null {
  if (item === undefined || others.length > 0 || item.kind === 'join') return null;
  const conditions = conjuncts(all);
  if (item.kind === 'group') {
    // What was merged has its WHERE there.
    if (item.items.length !== 1 || item.items[0].kind !== 'rel') return null;
    conjuncts(item.where, conditions);
  }
  return makeAnd(conditions.filter(isFixedEarly));
}

function where(condition: Expr, expr: Expr): Expr {
  const { typeOid, typeModifier } = expr;
  return {
    kind: 'case',
    subject: null,
    branches: [caseBranch(condition, expr)],
    otherwise: null,
    typeOid,
    typeModifier,
  };
}

/** A literal, or casts around one. */
function isCastOfConstant(expr: Expr): boolean {
  const node = logical(expr);
  if (node.kind === 'const') return true;
  if (node.kind === 'typmodCast' || node.kind === 'ioCast') return isCastOfConstant(node.arg);
  return node.kind === 'call' && node.args.length === 1 && node.function.strict && isCastOfConstant(node.args[0]);
}
