/** Walks over expressions and queries: rebuilt with changed parts, visited, searched. What does not change keeps its identity. */
import { AT_ONCE, childrenOf, partsBelow } from './deep.ts';
import type { ColumnExpr, Expr, SortKey, WindowFrame } from './expr.ts';
import {
  type CteDefinition,
  caseBranch,
  type FromItem,
  type LogicalAssignment,
  logical,
  type ModifyQuery,
  type Query,
  type Relation,
  type SetOperation,
  type Target,
  toExpr,
  type WindowDefinition,
} from './logical.ts';

/** What becomes of a child. */
export type Mapper = (expr: Expr) => Expr;

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

/** What the nodes around the one at hand are mapped by, and how many of them. */
let mapper: Mapper | null = null;
let depth = 0;
/** Of a deep expression: what parts of it have been mapped to, by `map`, before their parents. */
let mappedBelow: { readonly map: Mapper; readonly known: Map<Expr, Expr>; readonly take: Mapper } | null = null;

/** The node with `map` applied to its direct children; itself when nothing changed. Sublinks: to their queries' expressions. */
export function mapChildren(expr: Expr, map: Mapper): Expr {
  const outerMapper = mapper;
  const outerDepth = depth;
  depth = map === outerMapper ? outerDepth + 1 : 0;
  mapper = map;
  try {
    if (depth === AT_ONCE) return mapDeep(expr, map);
    return mapParts(expr, mappedBelow !== null && mappedBelow.map === map ? mappedBelow.take : map);
  } finally {
    depth = outerDepth;
    mapper = outerMapper;
  }
}

/** See deep.ts. Reached where `map` is one function for all levels. */
function mapDeep(expr: Expr, map: Mapper): Expr {
  const around = mappedBelow;
  const known = new Map<Expr, Expr>();
  const take: Mapper = (child) => known.get(child) ?? map(child);
  mappedBelow = { map, known, take };
  try {
    for (const part of partsBelow(expr, childrenOf).reverse()) {
      depth = 0;
      known.set(part, map(part));
    }
    depth = 0;
    return mapParts(expr, take);
  } finally {
    mappedBelow = around;
  }
}

/** Long, as it is the list of all kinds. */
function mapParts(expr: Expr, map: Mapper): Expr {
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
      if (node.presence === undefined) return fields === node.fields ? expr : ({ ...node, fields } as Expr);
      const presence = map(node.presence);
      return fields === node.fields && presence === node.presence ? expr : ({ ...node, fields, presence } as Expr);
    }
    // Copies of several kinds at one place would be slow in V8, by far: the frequent ones have places of their own.
    case 'call': {
      const args = mapList(node.args, map);
      return args === node.args ? expr : { ...node, args };
    }
    case 'and':
    case 'or': {
      const args = mapList(node.args, map);
      return args === node.args ? expr : { ...node, args };
    }
    case 'coalesce':
    case 'greatest':
    case 'least': {
      const args = mapList(node.args, map);
      return args === node.args ? expr : ({ ...node, args } as Expr);
    }
    case 'not': {
      const arg = map(node.arg);
      return arg === node.arg ? expr : { ...node, arg };
    }
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
      const directArgs = mapList(node.directArgs, map);
      const args = mapList(node.args, map);
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

/** A sublink's test with others for the columns of its subquery's rows (input 2). Those in tests of sublinks inside of it are of their own subqueries. */
export function replaceRowColumns(test: Expr, columnOf: (column: ColumnExpr) => Expr): Expr {
  return replaceExpr(test, (child) => {
    if (logical(child).kind === 'sublink') return child;
    return child.kind === 'column' && child.input === 2 ? columnOf(child) : null;
  });
}

/** Whether `test` holds for a direct child; the frequent kinds are looked at without what it takes to rebuild them. */
function someChild(expr: Expr, test: (child: Expr) => boolean): boolean {
  const node = logical(expr);
  switch (node.kind) {
    case 'const':
    case 'var':
    case 'param':
    case 'column':
      return false;
    case 'call':
    case 'and':
    case 'or':
    case 'coalesce':
    case 'greatest':
    case 'least':
      return someOf(node.args, test);
    case 'not':
    case 'isNull':
    case 'booleanTest':
    case 'ioCast':
    case 'typmodCast':
      return test(node.arg);
    case 'case':
      if (node.subject !== null && test(node.subject)) return true;
      for (const { when, then } of node.branches) if (test(when) || test(then)) return true;
      return node.otherwise !== null && test(node.otherwise);
    case 'inList':
      return test(node.arg) || someOf(node.list, test);
    default: {
      let found = false;
      mapChildren(expr, (child) => {
        found ||= test(child);
        return child;
      });
      return found;
    }
  }
}

function someOf(list: readonly Expr[], test: (child: Expr) => boolean): boolean {
  for (let i = 0; i < list.length; i++) if (test(list[i])) return true;
  return false;
}

/** Calls `visit` for the expression and all below it; `visit` answers false to leave the children out. */
export function visitExpr(expr: Expr, visit: (expr: Expr) => boolean | undefined): void {
  let depth = 0;
  let deep: Expr[] | null = null;
  const walk = (child: Expr): boolean => {
    if (visit(child) === false) return false;
    if (depth === AT_ONCE) {
      deep ??= [];
      deep.push(child);
      return false;
    }
    depth++;
    someChild(child, walk);
    depth--;
    return false;
  };
  walk(expr);
  for (let rest = deep as Expr[] | null; rest !== null && rest.length > 0; ) {
    depth = 0;
    someChild(rest.pop()!, walk);
  }
}

/** Whether `test` holds for the expression or one below it. */
export function someExpr(expr: Expr, test: (expr: Expr) => boolean): boolean {
  let depth = 0;
  let deep: Expr[] | null = null;
  const walk = (child: Expr): boolean => {
    if (test(child)) return true;
    if (depth === AT_ONCE) {
      deep ??= [];
      deep.push(child);
      return false;
    }
    depth++;
    const found = someChild(child, walk);
    depth--;
    return found;
  };
  if (walk(expr)) return true;
  for (let rest = deep as Expr[] | null; rest !== null && rest.length > 0; ) {
    depth = 0;
    if (someChild(rest.pop()!, walk)) return true;
  }
  return false;
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
    case 'table': {
      const { sample, security } = relation;
      if (sample === undefined && security === undefined) return relation;
      const filter = sample && map(sample.filter);
      const own = security && mapList(security, map);
      if (filter === sample?.filter && own === security) return relation;
      return {
        ...relation,
        ...(sample === undefined ? {} : { sample: { ...sample, filter: filter as Expr } }),
        ...(own === undefined ? {} : { security: own }),
      };
    }
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
            visible: modify.onConflict.visible.map((check) => ({ ...check, expr: map(check.expr) })),
          },
    merge:
      modify.merge === null
        ? null
        : {
            on: map(modify.merge.on),
            guards: modify.merge.guards.map((check) => ({ ...check, expr: map(check.expr) })),
            clauses: modify.merge.clauses.map((clause) => ({
              ...clause,
              condition: mapNullable(clause.condition, map),
              assignments: assignments(clause.assignments),
              values: mapList(clause.values, map),
            })),
          },
    returning: modify.returning === null ? null : mapTargets(modify.returning, map),
    ctes: mapCtes(modify.ctes, map),
  };
}

/** Whether it calls a function that may answer something else each time. */
export function isVolatile(expr: Expr): boolean {
  return someExpr(
    expr,
    (child) =>
      (child.kind === 'call' && child.function.volatility === 'volatile') ||
      (child.kind === 'subplan' && child.isVolatile),
  );
}

/** The same, but what its subqueries call is theirs. */
export function callsVolatile(expr: Expr): boolean {
  let found = false;
  visitExpr(expr, (child) => {
    if (logical(child).kind === 'sublink') return false;
    found ||= child.kind === 'call' && child.function.volatility === 'volatile';
    return !found;
  });
  return found;
}

/** Whether it has a subquery. */
export function hasSublink(expr: Expr): boolean {
  return someExpr(expr, (child) => logical(child).kind === 'sublink');
}

/** Whether it calls a function that returns a set; what its subqueries call is theirs. */
export function hasSetReturning(expr: Expr): boolean {
  return lastSetCall(expr) !== null;
}

/** The last of its calls that return sets, outside its subqueries. */
export function lastSetCall(expr: Expr): Expr | null {
  let found: Expr | null = null;
  visitExpr(expr, (child) => {
    if (logical(child).kind === 'sublink') return false;
    if (child.kind === 'call' && child.function.returnsSet) found = child;
    return true;
  });
  return found;
}
