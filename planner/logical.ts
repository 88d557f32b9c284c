/**
 * Queries as bound, before a physical plan exists.
 *
 * Expressions are those of expr.ts plus the kinds below, which planning replaces: `var` becomes a column of some input or an
 * exec param, aggregate and window references become columns of their nodes, sublinks become subplans. The field types say
 * Expr throughout; code that can meet the logical kinds looks through `logical()`.
 *
 * Every relation of a statement has a number of its own (`rel`), unique over all query levels. So a var needs no level:
 * an outer reference is a var whose relation is not among the query's own.
 */
import type { IndexEntry, RelationEntry } from '../catalog/entries.ts';
import type { AggregateFunction, ColumnDefinition, ScalarFunction, WindowFunction } from '../catalog/function-entry.ts';
import type { Expr, MadeAggregate, SortKey, WindowFrame } from './expr.ts';
import type { LockStrength } from './plan.ts';

interface Typed {
  readonly typeOid: number;
  readonly typeModifier: number;
}

/** column is zero-based; system columns are negative (SYSTEM_COLUMNS). */
export interface VarExpr extends Typed {
  readonly kind: 'var';
  readonly rel: number;
  readonly column: number;
}
export const SYSTEM_COLUMNS = ['ctid', 'tableoid', 'xmin', 'xmax', 'cmin', 'cmax'] as const;
export type SystemColumnName = (typeof SYSTEM_COLUMNS)[number];

export interface AggregateRef extends Typed {
  readonly kind: 'aggregateRef';
  /** Id of the query that computes it. */
  readonly query: number;
  readonly function: AggregateFunction;
  readonly args: readonly Expr[];
  readonly directArgs: readonly Expr[];
  readonly distinct: boolean;
  readonly orderBy: readonly SortKey[];
  readonly filter: Expr | null;
  readonly made?: MadeAggregate;
}
/** GROUPING(a, b): indexes into the query's groupBy. */
export interface GroupingRef extends Typed {
  readonly kind: 'groupingRef';
  readonly query: number;
  readonly keys: readonly number[];
}
/** With grouping sets: key i of the query as the aggregate node gives it (null where it is not in the set). */
export interface WindowRef extends Typed {
  readonly kind: 'windowRef';
  readonly query: number;
  readonly function: WindowFunction | AggregateFunction;
  readonly args: readonly Expr[];
  readonly filter: Expr | null;
  /** Index into Query.windows. */
  readonly window: number;
  readonly made?: MadeAggregate;
}
/** As SubplanExpr; in `test` the subquery's columns are ColumnExprs of input 2. */
export interface SublinkExpr extends Typed {
  readonly kind: 'sublink';
  readonly mode: 'exists' | 'scalar' | 'array' | 'row' | 'any' | 'all';
  readonly query: Query;
  readonly test: Expr | null;
}

export type LogicalExpr = Expr | VarExpr | AggregateRef | GroupingRef | WindowRef | SublinkExpr;

/** The same expression, typed so that the logical kinds can be told apart. */
export function logical(expr: Expr): LogicalExpr {
  return expr as LogicalExpr;
}
export function toExpr(expr: LogicalExpr): Expr {
  return expr as Expr;
}

export interface RelationColumn {
  readonly name: string;
  readonly typeOid: number;
  readonly typeModifier: number;
  readonly tableOid: number;
  readonly columnNumber: number;
  /** A dropped column of a table: keeps its place, has no name. */
  readonly dropped?: boolean;
  /** Where it is not the (base) type's own; -1: undecided (bind/collation.ts). */
  readonly collation?: number;
}

interface RelationBase {
  readonly rel: number;
  readonly alias: string;
  /** For a table without an alias of its own EXPLAIN does not repeat the name. */
  readonly columns: readonly RelationColumn[];
}
/** TABLESAMPLE: a condition over the row's ctid, and the share of rows that it lets through as far as it is known. */
export interface TableSample {
  readonly filter: Expr;
  readonly share: number;
}
export interface TableRelation extends RelationBase {
  readonly kind: 'table';
  readonly table: RelationEntry;
  readonly sample?: TableSample;
  /** Which of its rows are there: those that have not expired. Absent: all. */
  readonly expiry?: Expr;
}
export interface VirtualRelation extends RelationBase {
  readonly kind: 'virtual';
  readonly tableName: string;
  readonly tableOid: number;
}
export interface SubqueryRelation extends RelationBase {
  readonly kind: 'subquery';
  readonly query: Query;
  readonly lateral: boolean;
  /** The view that it stands for. */
  readonly view: RelationEntry | null;
}
export interface FunctionRelation extends RelationBase {
  readonly kind: 'function';
  readonly functions: readonly {
    readonly function: ScalarFunction;
    readonly args: readonly Expr[];
    readonly columnTypes: readonly number[];
    /** Type of a row: the function's result, RECORD with a column definition list. */
    readonly rowType: number;
    /** A row value whose fields become the columns. */
    readonly isComposite: boolean;
    /** From a column definition list. */
    readonly columnDefinitions?: readonly ColumnDefinition[];
  }[];
  readonly withOrdinality: boolean;
}
export interface ValuesRelation extends RelationBase {
  readonly kind: 'values';
  readonly rows: readonly (readonly Expr[])[];
}
export interface CteRelation extends RelationBase {
  readonly kind: 'cte';
  readonly cte: number;
  readonly name: string;
}
export interface WorkTableRelation extends RelationBase {
  readonly kind: 'workTable';
  readonly cte: number;
}
/** The rows of a query's set operation; only its targets and ORDER BY refer to it. */
export interface SetRelation extends RelationBase {
  readonly kind: 'setOperation';
}
export type Relation =
  | TableRelation
  | VirtualRelation
  | SubqueryRelation
  | FunctionRelation
  | ValuesRelation
  | CteRelation
  | WorkTableRelation
  | SetRelation;

/** semi and anti come from sublinks only; RIGHT joins have been turned round. */
export type LogicalJoinType = 'inner' | 'left' | 'full' | 'semi' | 'anti';
export type FromItem =
  | { readonly kind: 'rel'; readonly rel: number }
  /** The product of the items, filtered: what a flattened subquery leaves behind. */
  | { readonly kind: 'group'; readonly items: readonly FromItem[]; readonly where: Expr | null }
  | {
      readonly kind: 'join';
      readonly type: LogicalJoinType;
      readonly left: FromItem;
      readonly right: FromItem;
      readonly on: Expr | null;
    };

export interface Target {
  readonly expr: Expr;
  readonly name: string;
  readonly tableOid: number;
  readonly columnNumber: number;
  /** As RelationColumn's. */
  readonly collation?: number;
}

export interface WindowDefinition {
  readonly partitionBy: readonly Expr[];
  readonly orderBy: readonly SortKey[];
  readonly frame: WindowFrame;
}

export interface SetOperation {
  readonly operation: 'union' | 'intersect' | 'except';
  readonly all: boolean;
  readonly left: Query;
  readonly right: Query;
  /** The SetRelation that stands for the result's columns. */
  readonly rel: number;
}

export interface CteDefinition {
  readonly id: number;
  readonly name: string;
  readonly query: Query | null;
  /** WITH RECURSIVE: query is null. */
  readonly recursive: { readonly start: Query; readonly step: Query; readonly distinct: boolean } | null;
  readonly modify: ModifyQuery | null;
  readonly columns: readonly RelationColumn[];
}

export interface LockClause {
  /** Locked relations of this query. */
  readonly rel: number;
  readonly strength: LockStrength;
  readonly wait: 'block' | 'nowait' | 'skip locked';
}

export interface Query {
  readonly id: number;
  readonly relations: ReadonlyMap<number, Relation>;
  readonly from: readonly FromItem[];
  readonly where: Expr | null;
  readonly targets: readonly Target[];
  readonly groupBy: readonly Expr[];
  readonly groupingSets: readonly (readonly number[])[] | null;
  readonly having: Expr | null;
  readonly hasAggregates: boolean;
  readonly hasWindows: boolean;
  readonly hasSets: boolean;
  readonly windows: readonly WindowDefinition[];
  readonly distinct: boolean;
  readonly distinctOn: readonly Expr[] | null;
  readonly orderBy: readonly SortKey[];
  readonly limit: Expr | null;
  readonly offset: Expr | null;
  readonly withTies: boolean;
  readonly locks: readonly LockClause[];
  readonly setOperation: SetOperation | null;
  readonly ctes: readonly CteDefinition[];
}

export interface LogicalAssignment {
  readonly columnIndex: number;
  readonly value: Expr;
}

/** What a new row must fulfil: a CHECK of the table, or what a view WITH CHECK OPTION shows. Over `target`. */
export interface RowCheck {
  readonly name: string;
  readonly isView: boolean;
  readonly expr: Expr;
}

/** One WHEN of MERGE. Conditions and assignments are over target and source, `values` (one a column) over the source alone. */
export interface LogicalMergeClause {
  readonly matched: boolean;
  readonly condition: Expr | null;
  readonly action: 'insert' | 'update' | 'delete' | 'nothing';
  readonly assignments: readonly LogicalAssignment[];
  readonly values: readonly Expr[];
}

/** INSERT, UPDATE, DELETE, MERGE. Expressions over `target` (new or current row), `excluded` and the source's relations as vars. */
export interface ModifyQuery {
  readonly command: 'insert' | 'update' | 'delete' | 'merge';
  readonly table: RelationEntry;
  readonly target: number;
  readonly targetAlias: string;
  /**
   * insert: the rows to insert (targets are the source columns). update, delete: from and where over `target` and the others;
   * its targets are empty. merge: the join of source and target.
   */
  readonly source: Query;
  /** insert: relation number under which `values` refer to the source's columns. */
  readonly sourceRel: number;
  readonly values: readonly Expr[];
  readonly assignments: readonly LogicalAssignment[];
  readonly generated: readonly LogicalAssignment[];
  readonly checks: readonly RowCheck[];
  readonly onConflict: {
    readonly action: 'nothing' | 'update';
    readonly arbiters: readonly IndexEntry[];
    readonly assignments: readonly LogicalAssignment[];
    readonly where: Expr | null;
    readonly excluded: number;
  } | null;
  readonly merge: { readonly on: Expr; readonly clauses: readonly LogicalMergeClause[] } | null;
  readonly returning: readonly Target[] | null;
  readonly ctes: readonly CteDefinition[];
}

/* ---- walking ------------------------------------------------------------------------------------------------------- */

type Mapper = (expr: Expr) => Expr;

function mapList(list: readonly Expr[], map: Mapper): readonly Expr[] {
  let result: Expr[] | null = null;
  for (let i = 0; i < list.length; i++) {
    const mapped = map(list[i]);
    if (result === null && mapped !== list[i]) result = list.slice(0, i);
    if (result !== null) result.push(mapped);
  }
  return result ?? list;
}

function mapSort(keys: readonly SortKey[], map: Mapper): readonly SortKey[] {
  if (keys.length === 0) return keys;
  let changed = false;
  const result = keys.map((key) => {
    const expr = map(key.expr);
    if (expr === key.expr) return key;
    changed = true;
    return { ...key, expr };
  });
  return changed ? result : keys;
}

export function mapSortKeys(keys: readonly SortKey[], map: Mapper): readonly SortKey[] {
  return mapSort(keys, map);
}

function mapNullable(expr: Expr | null, map: Mapper): Expr | null {
  return expr === null ? null : map(expr);
}

/** The node with `map` applied to its direct children; itself when nothing changed. Sublinks: to their queries' expressions. */
export function mapChildren(expr: Expr, map: Mapper): Expr {
  const node = logical(expr);
  switch (node.kind) {
    case 'const':
    case 'param':
    case 'execParam':
    case 'column':
    case 'systemColumn':
    case 'var':
    case 'caseSubject':
    case 'groupingRef':
      return expr;
    case 'row': {
      const fields = mapList(node.fields, map);
      return fields === node.fields ? expr : ({ ...node, fields } as Expr);
    }
    case 'call':
    case 'and':
    case 'or':
    case 'coalesce':
    case 'greatest':
    case 'least': {
      const args = mapList(node.args, map);
      return args === node.args ? expr : ({ ...node, args } as Expr);
    }
    case 'not':
    case 'isNull':
    case 'booleanTest':
    case 'ioCast':
    case 'typmodCast': {
      const arg = map(node.arg);
      return arg === node.arg ? expr : ({ ...node, arg } as Expr);
    }
    case 'arrayCast': {
      const arg = map(node.arg);
      const element = map(node.element);
      return arg === node.arg && element === node.element ? expr : { ...node, arg, element };
    }
    case 'case': {
      const subject = mapNullable(node.subject, map);
      const otherwise = mapNullable(node.otherwise, map);
      let changed = subject !== node.subject || otherwise !== node.otherwise;
      const branches = node.branches.map((branch) => {
        const when = map(branch.when);
        const then = map(branch.then);
        if (when === branch.when && then === branch.then) return branch;
        changed = true;
        return caseBranch(when, then);
      });
      return changed ? { ...node, subject, branches, otherwise } : expr;
    }
    case 'nullIf': {
      const left = map(node.left);
      const right = map(node.right);
      const result = map(node.result);
      return left === node.left && right === node.right && result === node.result
        ? expr
        : { ...node, left, right, result };
    }
    case 'distinct': {
      const left = map(node.left);
      const right = map(node.right);
      return left === node.left && right === node.right ? expr : { ...node, left, right };
    }
    case 'array': {
      const elements = mapList(node.elements, map);
      return elements === node.elements ? expr : { ...node, elements };
    }
    case 'rowCompare': {
      const left = mapList(node.left, map);
      const right = mapList(node.right, map);
      return left === node.left && right === node.right ? expr : { ...node, left, right };
    }
    case 'arrayCompare': {
      const left = map(node.left);
      const array = map(node.array);
      return left === node.left && array === node.array ? expr : { ...node, left, array };
    }
    case 'inList': {
      const arg = map(node.arg);
      const list = mapList(node.list, map);
      return arg === node.arg && list === node.list ? expr : { ...node, arg, list };
    }
    case 'subscript': {
      const base = map(node.base);
      let changed = base !== node.base;
      const subscripts = node.subscripts.map((item) => {
        const lower = mapNullable(item.lower, map);
        const upper = mapNullable(item.upper, map);
        if (lower === item.lower && upper === item.upper) return item;
        changed = true;
        return { ...item, lower, upper };
      });
      return changed ? { ...node, base, subscripts } : expr;
    }
    case 'field': {
      const base = map(node.base);
      return base === node.base ? expr : { ...node, base };
    }
    case 'aggregateRef': {
      const args = mapList(node.args, map);
      const directArgs = mapList(node.directArgs, map);
      const orderBy = mapSort(node.orderBy, map);
      const filter = mapNullable(node.filter, map);
      if (args === node.args && directArgs === node.directArgs && orderBy === node.orderBy && filter === node.filter) {
        return expr;
      }
      return toExpr({ ...node, args, directArgs, orderBy, filter });
    }
    case 'windowRef': {
      const args = mapList(node.args, map);
      const filter = mapNullable(node.filter, map);
      return args === node.args && filter === node.filter ? expr : toExpr({ ...node, args, filter });
    }
    case 'sublink': {
      const test = mapNullable(node.test, map);
      const query = mapQuery(node.query, map);
      return test === node.test && query === node.query ? expr : toExpr({ ...node, test, query });
    }
    case 'subplan': {
      let changed = false;
      const params = node.params.map((param) => {
        const value = map(param.value);
        if (value === param.value) return param;
        changed = true;
        return { ...param, value };
      });
      const test = mapNullable(node.test, map);
      const hashKeys = node.hashKeys === null ? null : mapList(node.hashKeys, map);
      return changed || test !== node.test || hashKeys !== node.hashKeys ? { ...node, params, test, hashKeys } : expr;
    }
  }
}

/** Replaces from the top: where `replace` answers an expression, that stands; where it answers null, the children are mapped. */
export function replaceExpr(expr: Expr, replace: (expr: Expr) => Expr | null): Expr {
  const map: Mapper = (child) => replace(child) ?? mapChildren(child, map);
  return map(expr);
}

/** Calls `visit` for the expression and all below it; `visit` answers false to leave the children out. */
export function visitExpr(expr: Expr, visit: (expr: Expr) => boolean | undefined): void {
  const map: Mapper = (child) => {
    if (visit(child) !== false) mapChildren(child, map);
    return child;
  };
  map(expr);
}

export function someExpr(expr: Expr, test: (expr: Expr) => boolean): boolean {
  let found = false;
  visitExpr(expr, (child) => {
    if (found) return false;
    if (test(child)) found = true;
    return !found;
  });
  return found;
}

function mapFrom(item: FromItem, map: Mapper): FromItem {
  if (item.kind === 'rel') return item;
  if (item.kind === 'group') {
    const items = item.items.map((child) => mapFrom(child, map));
    const where = mapNullable(item.where, map);
    const same = where === item.where && items.every((child, i) => child === item.items[i]);
    return same ? item : { kind: 'group', items, where };
  }
  const left = mapFrom(item.left, map);
  const right = mapFrom(item.right, map);
  const on = mapNullable(item.on, map);
  return left === item.left && right === item.right && on === item.on ? item : { ...item, left, right, on };
}

export function mapRelation(relation: Relation, map: Mapper): Relation {
  switch (relation.kind) {
    case 'subquery': {
      const query = mapQuery(relation.query, map);
      return query === relation.query ? relation : { ...relation, query };
    }
    case 'function': {
      let changed = false;
      const functions = relation.functions.map((item) => {
        const args = mapList(item.args, map);
        if (args === item.args) return item;
        changed = true;
        return { ...item, args };
      });
      return changed ? { ...relation, functions } : relation;
    }
    case 'values': {
      let changed = false;
      const rows = relation.rows.map((row) => {
        const mapped = mapList(row, map);
        if (mapped !== row) changed = true;
        return mapped;
      });
      return changed ? { ...relation, rows } : relation;
    }
    default:
      return relation;
  }
}

function mapTargets(targets: readonly Target[], map: Mapper): readonly Target[] {
  let result: Target[] | null = null;
  for (let i = 0; i < targets.length; i++) {
    const target = targets[i];
    const expr = map(target.expr);
    if (expr === target.expr) continue;
    result ??= [...targets];
    result[i] = { ...target, expr };
  }
  return result ?? targets;
}

/** The query with `map` applied to every expression of it, subqueries in FROM and CTEs included. */
export function mapQuery(query: Query, map: Mapper): Query {
  let relations: ReadonlyMap<number, Relation> = query.relations;
  for (const [rel, relation] of query.relations) {
    const mapped = mapRelation(relation, map);
    if (mapped === relation) continue;
    if (relations === query.relations) relations = new Map(query.relations);
    (relations as Map<number, Relation>).set(rel, mapped);
  }
  const from = mapFromList(query.from, map);
  const where = mapNullable(query.where, map);
  const targets = mapTargets(query.targets, map);
  const groupBy = mapList(query.groupBy, map);
  const having = mapNullable(query.having, map);
  const windows = query.windows.length === 0 ? query.windows : mapWindows(query.windows, map);
  const distinctOn = query.distinctOn === null ? null : mapList(query.distinctOn, map);
  const orderBy = mapSort(query.orderBy, map);
  const limit = mapNullable(query.limit, map);
  const offset = mapNullable(query.offset, map);
  const setOperation = mapSetOperation(query.setOperation, map);
  const ctes = query.ctes.length === 0 ? query.ctes : mapCtes(query.ctes, map);
  const same =
    relations === query.relations &&
    from === query.from &&
    where === query.where &&
    targets === query.targets &&
    groupBy === query.groupBy &&
    having === query.having &&
    windows === query.windows &&
    distinctOn === query.distinctOn &&
    orderBy === query.orderBy &&
    limit === query.limit &&
    offset === query.offset &&
    setOperation === query.setOperation &&
    ctes === query.ctes;
  if (same) return query;
  return {
    ...query,
    relations,
    from,
    where,
    targets,
    groupBy,
    having,
    windows,
    distinctOn,
    orderBy,
    limit,
    offset,
    setOperation,
    ctes,
  };
}

function mapFromList(items: readonly FromItem[], map: Mapper): readonly FromItem[] {
  let result: FromItem[] | null = null;
  items.forEach((item, i) => {
    const mapped = mapFrom(item, map);
    if (mapped === item) return;
    result ??= [...items];
    result[i] = mapped;
  });
  return result ?? items;
}

function mapWindows(windows: readonly WindowDefinition[], map: Mapper): readonly WindowDefinition[] {
  let changed = false;
  const result = windows.map((window) => {
    const partitionBy = mapList(window.partitionBy, map);
    const orderBy = mapSort(window.orderBy, map);
    const frame = mapFrame(window.frame, map);
    if (partitionBy === window.partitionBy && orderBy === window.orderBy && frame === window.frame) return window;
    changed = true;
    return { partitionBy, orderBy, frame };
  });
  return changed ? result : windows;
}

export function mapFrame(frame: WindowFrame, map: Mapper): WindowFrame {
  const bound = (item: WindowFrame['start']): WindowFrame['start'] => {
    if (item.kind !== 'preceding' && item.kind !== 'following') return item;
    const offset = map(item.offset);
    return offset === item.offset ? item : { ...item, offset };
  };
  const start = bound(frame.start);
  const end = bound(frame.end);
  return start === frame.start && end === frame.end ? frame : { ...frame, start, end };
}

function mapSetOperation(operation: SetOperation | null, map: Mapper): SetOperation | null {
  if (operation === null) return null;
  const left = mapQuery(operation.left, map);
  const right = mapQuery(operation.right, map);
  return left === operation.left && right === operation.right ? operation : { ...operation, left, right };
}

function mapCtes(ctes: readonly CteDefinition[], map: Mapper): readonly CteDefinition[] {
  let changed = false;
  const result = ctes.map((cte) => {
    const query = cte.query === null ? null : mapQuery(cte.query, map);
    let recursive = cte.recursive;
    if (recursive !== null) {
      const start = mapQuery(recursive.start, map);
      const step = mapQuery(recursive.step, map);
      if (start !== recursive.start || step !== recursive.step) recursive = { ...recursive, start, step };
    }
    const modify = cte.modify === null ? null : mapModify(cte.modify, map);
    if (query === cte.query && recursive === cte.recursive && modify === cte.modify) return cte;
    changed = true;
    return { ...cte, query, recursive, modify };
  });
  return changed ? result : ctes;
}

export function mapModify(modify: ModifyQuery, map: Mapper): ModifyQuery {
  const assignments = (list: readonly LogicalAssignment[]): readonly LogicalAssignment[] =>
    list.map((item) => ({ ...item, value: map(item.value) }));
  return {
    ...modify,
    source: mapQuery(modify.source, map),
    values: mapList(modify.values, map),
    assignments: assignments(modify.assignments),
    generated: assignments(modify.generated),
    checks: modify.checks.map((check) => ({ ...check, expr: map(check.expr) })),
    onConflict:
      modify.onConflict === null
        ? null
        : {
            ...modify.onConflict,
            assignments: assignments(modify.onConflict.assignments),
            where: mapNullable(modify.onConflict.where, map),
          },
    returning: modify.returning === null ? null : mapTargets(modify.returning, map),
    ctes: mapCtes(modify.ctes, map),
  };
}

/** Relations of a FROM tree. */
export function relsOfFrom(item: FromItem, into: Set<number> = new Set()): Set<number> {
  if (item.kind === 'rel') into.add(item.rel);
  else if (item.kind === 'group') for (const child of item.items) relsOfFrom(child, into);
  else {
    relsOfFrom(item.left, into);
    relsOfFrom(item.right, into);
  }
  return into;
}

/** All relation numbers that belong to the query or to queries inside it. */
export function collectOwnRels(query: Query, into: Set<number>): void {
  for (const [rel, relation] of query.relations) {
    into.add(rel);
    if (relation.kind === 'subquery') collectOwnRels(relation.query, into);
  }
  if (query.setOperation !== null) {
    collectOwnRels(query.setOperation.left, into);
    collectOwnRels(query.setOperation.right, into);
  }
}

/** Relations that an expression refers to (for sublinks: those outside the subquery). */
export function relsOf(expr: Expr, into: Set<number> = new Set()): Set<number> {
  visitExpr(expr, (child) => {
    const node = logical(child);
    if (node.kind === 'var') into.add(node.rel);
    else if (node.kind === 'sublink') {
      if (node.test !== null) relsOf(node.test, into);
      for (const rel of freeRels(node.query)) into.add(rel);
      return false;
    }
    return true;
  });
  return into;
}

const freeRelsCache = new WeakMap<Query, Set<number>>();

/** Relations of outer queries that a query refers to. */
export function freeRels(query: Query): Set<number> {
  const known = freeRelsCache.get(query);
  if (known !== undefined) return known;
  const used = new Set<number>();
  // Every own relation of every level is defined somewhere inside; what is used but not defined is free.
  const defined = new Set<number>();
  const walk = (inner: Query): void => {
    for (const rel of inner.relations.keys()) defined.add(rel);
    mapQuery(inner, visit);
    const relations: Query[] = [];
    for (const relation of inner.relations.values()) if (relation.kind === 'subquery') relations.push(relation.query);
    if (inner.setOperation !== null) relations.push(inner.setOperation.left, inner.setOperation.right);
    for (const cte of inner.ctes) {
      if (cte.query !== null) relations.push(cte.query);
      if (cte.recursive !== null) relations.push(cte.recursive.start, cte.recursive.step);
      if (cte.modify !== null) {
        relations.push(cte.modify.source);
        defined.add(cte.modify.target).add(cte.modify.sourceRel);
        if (cte.modify.onConflict !== null) defined.add(cte.modify.onConflict.excluded);
      }
    }
    for (const query of relations) defineAll(query);
  };
  const defineAll = (inner: Query): void => {
    for (const [rel, relation] of inner.relations) {
      defined.add(rel);
      if (relation.kind === 'subquery') defineAll(relation.query);
    }
    if (inner.setOperation !== null) {
      defineAll(inner.setOperation.left);
      defineAll(inner.setOperation.right);
    }
    for (const cte of inner.ctes) {
      if (cte.query !== null) defineAll(cte.query);
      if (cte.recursive !== null) {
        defineAll(cte.recursive.start);
        defineAll(cte.recursive.step);
      }
    }
  };
  const visit: Mapper = (child) => {
    const node = logical(child);
    if (node.kind === 'var') used.add(node.rel);
    else if (node.kind === 'sublink') {
      if (node.test !== null) visit(node.test);
      for (const rel of freeRels(node.query)) used.add(rel);
    } else mapChildren(child, visit);
    return child;
  };
  walk(query);
  for (const rel of defined) used.delete(rel);
  freeRelsCache.set(query, used);
  return used;
}

/**
 * Structural equality. Vars and columns are equal whatever type a relabelling has given them. Lifted literals are equal when
 * they are the same literal; with `byValue` when their values are equal, whichever literals they are.
 */
export function equalExpr(a: Expr, b: Expr, byValue = false): boolean {
  if (a === b) return true;
  const x = logical(a);
  const y = logical(b);
  if (x.kind !== y.kind) return false;
  switch (x.kind) {
    case 'var':
      return x.rel === (y as VarExpr).rel && x.column === (y as VarExpr).column;
    case 'column':
      return x.input === (y as typeof x).input && x.index === (y as typeof x).index;
    case 'const': {
      const other = y as typeof x;
      if (x.typeOid !== other.typeOid) return false;
      if (!byValue && x.literalIndex !== other.literalIndex) return false;
      return (!byValue && x.literalIndex >= 0) || equalValue(x.value, other.value);
    }
    case 'param':
    case 'execParam':
      return x.index === (y as typeof x).index;
    case 'sublink': {
      // The same subquery, however it has been rewritten since it was bound; copies have numbers of their own.
      const other = y as typeof x;
      if (x.mode !== other.mode || x.query.id !== other.query.id) return false;
      return x.test === null || other.test === null ? x.test === other.test : equalExpr(x.test, other.test, byValue);
    }
    case 'subplan':
      return false;
    default:
      return equalNode(x as unknown as Record<string, unknown>, y as unknown as Record<string, unknown>, byValue);
  }
}

// biome-ignore lint/suspicious/noExplicitAny: SQL values are dynamic by nature
function equalValue(a: any, b: any): boolean {
  if (a === b || (a !== a && b !== b)) return true;
  if (a === null || b === null || typeof a !== 'object' || typeof b !== 'object') return false;
  const keys = Object.keys(a);
  if (keys.length !== Object.keys(b).length) return false;
  return keys.every((key) => equalValue(a[key], b[key]));
}

function equalNode(x: Record<string, unknown>, y: Record<string, unknown>, byValue: boolean): boolean {
  if (x['typeOid'] !== y['typeOid'] && x['typeOid'] !== undefined) return false;
  for (const key of Object.keys(x)) {
    if (key === 'typeModifier') continue;
    if (!equalPart(x[key], y[key], byValue)) return false;
  }
  return true;
}

function equalPart(a: unknown, b: unknown, byValue: boolean): boolean {
  if (a === b) return true;
  if (a === null || b === null || typeof a !== 'object' || typeof b !== 'object') return false;
  if (Array.isArray(a)) {
    if (!Array.isArray(b) || a.length !== b.length) return false;
    return a.every((item, i) => equalPart(item, b[i], byValue));
  }
  const x = a as Record<string, unknown>;
  const y = b as Record<string, unknown>;
  if (x['kind'] !== undefined && x['typeOid'] !== undefined && x['oid'] === undefined) {
    return equalExpr(a as Expr, b as Expr, byValue);
  }
  // Function and operator entries are one object per oid; other parts are plain records (branches, sort keys).
  if (x['oid'] !== undefined) return x['oid'] === y['oid'];
  return equalNode(x, y, byValue);
}

/** The conjuncts of a condition. */
export function conjuncts(expr: Expr | null, into: Expr[] = []): Expr[] {
  if (expr === null) return into;
  if (expr.kind === 'and') for (const arg of expr.args) conjuncts(arg, into);
  else into.push(expr);
  return into;
}

const BOOL = 16;

export function makeAnd(list: readonly Expr[]): Expr | null {
  if (list.length === 0) return null;
  if (list.length === 1) return list[0];
  return { kind: 'and', args: list, typeOid: BOOL, typeModifier: -1 };
}

export function makeOr(list: readonly Expr[]): Expr {
  return list.length === 1 ? list[0] : { kind: 'or', args: list, typeOid: BOOL, typeModifier: -1 };
}

export function makeVar(rel: number, column: number, typeOid: number, typeModifier: number): Expr {
  return toExpr({ kind: 'var', rel, column, typeOid, typeModifier });
}

export function makeConst(value: unknown, typeOid: number, typeModifier = -1): Expr {
  return { kind: 'const', value, literalIndex: -1, typeOid, typeModifier };
}

/** A WHEN ... THEN ... of CASE. */
export function caseBranch(when: Expr, result: Expr): { readonly when: Expr; readonly then: Expr } {
  // biome-ignore lint/suspicious/noThenProperty: the contract's name; nobody awaits an expression
  return { when, then: result };
}

export const TRUE_CONST: Expr = makeConst(true, BOOL);
export const FALSE_CONST: Expr = makeConst(false, BOOL);

/** Whether the expression is the constant true / false / null, and not a lifted literal. */
export function isFixedConst(expr: Expr | null, value: unknown): boolean {
  return expr !== null && expr.kind === 'const' && expr.literalIndex < 0 && expr.value === value;
}

export function isVolatile(expr: Expr): boolean {
  return someExpr(expr, (child) => child.kind === 'call' && child.function.volatility === 'volatile');
}

export function hasSublink(expr: Expr): boolean {
  return someExpr(expr, (child) => logical(child).kind === 'sublink');
}

export function hasSetReturning(expr: Expr): boolean {
  return someExpr(expr, (child) => {
    const node = logical(child);
    return node.kind === 'call' && node.function.returnsSet;
  });
}

export const EMPTY_QUERY_PARTS = {
  where: null,
  groupBy: [],
  groupingSets: null,
  having: null,
  hasAggregates: false,
  hasWindows: false,
  hasSets: false,
  windows: [],
  distinct: false,
  distinctOn: null,
  orderBy: [],
  limit: null,
  offset: null,
  withTies: false,
  locks: [],
  setOperation: null,
  ctes: [],
} as const;
