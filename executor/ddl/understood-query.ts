/**
 * A query as it was understood, for those who print it: casts that were implied stand in it, literals have their types, LIKE,
 * BETWEEN and IN are the operators that they stand for, ORDER BY 2 says what it orders by. The binder tells what became of
 * each expression (BindRecorder); where PostgreSQL's printer leaves out implied casts (conditions, LIMIT, subscripts), none
 * are put in. After: PostgreSQL, parse_expr.c for what is made of the syntax, ruleutils.c (showimplicit) for what is shown.
 */

import type { RoutineEntry } from '../../catalog/index.ts';
import type {
  ColumnRef,
  Expression,
  FromItem,
  GroupByItem,
  OrderItem,
  Query,
  SelectBody,
  ValuesBody,
  WindowSpec,
  XmlTableRef,
} from '../../parser/ast.ts';
import { type BindRecorder, columnNameOf, type Expr, groupKeys } from '../../planner/index.ts';
import { OID } from '../../types/index.ts';
import type { DdlContext } from './context.ts';
import { UnderstoodExpressions } from './understood-expression.ts';
import { isUnknownLiteral } from './understood-literal.ts';

/** What the binder has told. */
export class Recorded implements BindRecorder {
  readonly expressions = new Map<Expression, Expr>();
  readonly converted = new Map<Expression, readonly Expr[]>();

  expression(node: Expression, expr: Expr): void {
    this.expressions.set(node, expr);
  }

  parts(node: Expression, parts: readonly Expr[]): void {
    this.converted.set(node, parts);
  }
}

export function understoodQuery(x: DdlContext, query: Query): Query {
  const recorded = new Recorded();
  x.describeQuery(query, recorded);
  return new UnderstoodQueries(x, recorded).query(query);
}

/** A query of a function's body: its parameters go with the function's name where there are tables. */
export function understoodBody(x: DdlContext, routine: RoutineEntry, query: Query): Query {
  const recorded = new Recorded();
  x.checkRoutineStatement(routine, query, false, '', recorded);
  return new UnderstoodQueries(x, recorded, routine.name).query(query);
}

/** Of bounds in RANGE frames over this type (PostgreSQL's in_range functions). */
function rangeOffsetType(typeOid: number): number {
  switch (typeOid) {
    case OID.DATE:
    case OID.TIME:
    case OID.TIMETZ:
    case OID.TIMESTAMP:
    case OID.TIMESTAMPTZ:
      return OID.INTERVAL;
    default:
      return typeOid;
  }
}

class UnderstoodQueries {
  readonly #expressions: UnderstoodExpressions;
  readonly #x: DdlContext;
  readonly #recorded: Recorded;
  readonly #routine: string;
  /** Queries around the one under way, and itself, that read from something. */
  #sources = 0;
  /** What the items of FROM are called, of the query under way. */
  #names: readonly string[] = [];

  constructor(x: DdlContext, recorded: Recorded, routine = '') {
    this.#x = x;
    this.#recorded = recorded;
    this.#routine = routine;
    this.#expressions = new UnderstoodExpressions(x, recorded, {
      query: (query) => this.query(query),
      order: (items) => this.#ownOrder(items),
      window: (spec) => this.#window(spec),
      isLocal: (node) => this.#isLocal(node),
      parameter: (node) => this.#parameter(node),
    });
  }

  #isLocal(node: unknown): boolean {
    if (Array.isArray(node)) return node.some((each) => this.#isLocal(each));
    if (typeof node !== 'object' || node === null) return false;
    const { kind, name, star } = node as ColumnRef;
    if (kind !== 'columnRef') return Object.values(node).some((each) => this.#isLocal(each));
    if (this.#recorded.expressions.get(node as Expression)?.kind === 'param') return false;
    const qualifier = name.at(star ? -1 : -2);
    return qualifier === undefined || this.#names.includes(qualifier);
  }

  #parameter(node: ColumnRef): ColumnRef {
    const name = node.name[node.name.length - 1];
    return { ...node, name: this.#sources > 0 ? [this.#routine, name] : [name] };
  }

  /** `types`: what literals of the targets become; of the other side of a set operation. */
  query(query: Query, types: readonly number[] = []): Query {
    const hasSource = query.body.kind !== 'select' || query.body.from.length > 0;
    const outer = this.#names;
    this.#names = query.body.kind === 'select' ? query.body.from.flatMap(namesOf) : [];
    if (hasSource) this.#sources++;
    const result = this.#queryParts(query, types);
    if (hasSource) this.#sources--;
    this.#names = outer;
    return result;
  }

  #queryParts(query: Query, types: readonly number[]): Query {
    const { body } = query;
    return {
      ...query,
      with:
        query.with === null
          ? null
          : {
              ...query.with,
              ctes: query.with.ctes.map((cte) =>
                cte.query.kind === 'query' ? { ...cte, query: this.query(cte.query) } : cte,
              ),
            },
      body:
        body.kind === 'select'
          ? this.#select(body, types)
          : body.kind === 'values'
            ? { ...body, rows: this.#values(body.rows) }
            : this.#setOperation(body, types),
      orderBy: this.#distinct(query.orderBy, body, (item) => this.#orderItem(item, query)),
      limit: query.limit === null ? null : this.#expressions.bare(query.limit),
      offset: query.offset === null ? null : this.#expressions.bare(query.offset),
    };
  }

  #setOperation(body: Extract<Query['body'], { kind: 'setOperation' }>, outer: readonly number[]): Query['body'] {
    const [left, right] = [this.#targetTypes(body.left), this.#targetTypes(body.right)];
    const types = left.map(
      (type, i) => [type, right[i], outer[i]].find((each) => each !== undefined && each !== OID.UNKNOWN) ?? OID.TEXT,
    );
    return { ...body, left: this.query(body.left, types), right: this.query(body.right, types) };
  }

  #targetTypes({ body }: Query): number[] {
    switch (body.kind) {
      case 'select':
        return body.targets.map(({ expr }) => this.#typeOf(expr));
      case 'values':
        return (body.rows[0] ?? []).map((_, i) => this.#commonType(body.rows.map((row) => row[i])));
      case 'setOperation': {
        const right = this.#targetTypes(body.right);
        return this.#targetTypes(body.left).map((type, i) => (type === OID.UNKNOWN ? right[i] : type));
      }
    }
  }

  #typeOf(node: Expression): number {
    if (isUnknownLiteral(node)) return OID.UNKNOWN;
    return this.#recorded.expressions.get(node)?.typeOid ?? OID.UNKNOWN;
  }

  #commonType(nodes: readonly Expression[]): number {
    return nodes.map((node) => this.#typeOf(node)).find((type) => type !== OID.UNKNOWN) ?? OID.TEXT;
  }

  #values(rows: readonly (readonly Expression[])[]): Expression[][] {
    const types = (rows[0] ?? []).map((_, i) => this.#commonType(rows.map((row) => row[i])));
    return rows.map((row) => row.map((value, i) => this.#expressions.target(value, types[i])));
  }

  #select(body: SelectBody, types: readonly number[]): SelectBody {
    return {
      ...body,
      targets: body.targets.map((target, i) => ({
        ...target,
        expr: this.#expressions.target(target.expr, types[i] ?? OID.TEXT),
        alias: target.alias ?? columnNameOf(target.expr),
      })),
      distinct:
        body.distinct === null || body.distinct === 'all'
          ? body.distinct
          : body.distinct.map((each) => this.#expressions.node(ofTarget(each, body, false))),
      from: body.from.map((item) => this.#from(item)),
      where: body.where === null ? null : this.#expressions.condition(body.where),
      groupBy: body.groupBy === null ? null : { ...body.groupBy, items: this.#groupItems(body.groupBy.items, body) },
      having: body.having === null ? null : this.#expressions.condition(body.having),
      windows: body.windows.map((window) => ({ ...window, spec: this.#window(window.spec) })),
    };
  }

  #from(item: FromItem): FromItem {
    switch (item.kind) {
      case 'table':
        if (item.sample === null) return item;
        return {
          ...item,
          sample: { ...item.sample, args: item.sample.args.map((arg) => this.#expressions.bare(arg)) },
        };
      case 'subqueryRef':
        return { ...item, query: this.query(item.query) };
      case 'functionRef':
        return {
          ...item,
          functions: item.functions.map((each) => ({ ...each, call: this.#expressions.fromItem(each.call) })),
        };
      case 'xmlTable':
        return this.#xmlTable(item);
      case 'join':
        return {
          ...item,
          left: this.#from(item.left),
          right: this.#from(item.right),
          on: item.on === null ? null : this.#expressions.condition(item.on),
        };
    }
  }

  #xmlTable(item: XmlTableRef): XmlTableRef {
    const text = (node: Expression): Expression => this.#expressions.typed(node, OID.TEXT);
    return {
      ...item,
      lateral: item.lateral || this.#isLocal([item.namespaces, item.rowPath, item.document, item.columns]),
      namespaces: item.namespaces.map((each) => ({ ...each, value: text(each.value) })),
      rowPath: text(item.rowPath),
      document: this.#expressions.typed(item.document, OID.XML),
      columns: item.columns.map((column) => {
        const { path, type } = column;
        if (type === null) return column;
        const otherwise = column.default === null ? null : this.#expressions.ofType(column.default, type);
        return { ...column, path: path === null ? null : text(path), default: otherwise };
      }),
    };
  }

  /** Sets in sets are laid out; what makes one set is keys like others, each once. */
  #groupItems(written: readonly GroupByItem[], body: SelectBody): readonly GroupByItem[] {
    const understood = <T extends GroupByItem>(item: T): T => this.#groupItem(item, body) as T;
    const named = written.filter((item) => item.kind !== 'empty');
    if (named.length === 0) return written.slice(0, 1);
    const items = named.map((item) =>
      item.kind === 'groupingSets' ? { ...item, sets: item.sets.flatMap(innerSets) } : item,
    );
    const sole = items.length === 1 && items[0].kind === 'groupingSets' ? items[0].sets : null;
    if (sole?.every(({ kind }) => kind === 'empty')) return items;
    if (items.some((item) => setCount(item) > 1)) return items.map(understood);
    return this.#distinct(items.flatMap(keysOf), body, understood);
  }

  /** Of several that mean one target the first. Two targets may be one expression. */
  #distinct<T extends { readonly expr: Expression }>(
    items: readonly T[],
    body: Query['body'],
    understood: (item: T) => T,
  ): readonly T[] {
    if (items.length < 2) return items.map(understood);
    const targets = body.kind === 'select' ? body.targets.map(({ expr }) => this.#x.deparse(expr)) : [];
    const names = outputNames(body);
    const meaning = ({ expr }: T): number | string => {
      if (expr.kind === 'integer') return Number(expr.value) - 1;
      const named = expr.kind === 'columnRef' && expr.name.length === 1 ? names.indexOf(expr.name[0]) : -1;
      const text = this.#x.deparse(expr);
      const at = named >= 0 ? named : targets.indexOf(text);
      return at >= 0 ? at : text;
    };
    const meanings = items.map(meaning);
    return items.filter((_, i) => meanings.indexOf(meanings[i]) === i).map(understood);
  }

  #groupItem(item: GroupByItem, body: SelectBody): GroupByItem {
    switch (item.kind) {
      case 'expr':
        return { ...item, expr: this.#groupKeys(item.expr, body) };
      case 'empty':
        return item;
      case 'groupingSets':
        return { ...item, sets: item.sets.map((set) => this.#groupItem(set, body)) };
      default:
        return { ...item, args: item.args.map((arg) => this.#groupKeys(arg, body)) };
    }
  }

  /** One key, or several in parentheses, each once. */
  #groupKeys(node: Expression, body: SelectBody): Expression {
    const items = groupKeys(node).map((expr) => ({ expr }));
    const keys = this.#distinct(items, body, ({ expr }) => ({
      expr: this.#expressions.node(ofTarget(expr, body, true)),
    }));
    return keys.length > 1 ? ({ ...node, fields: keys.map(({ expr }) => expr) } as Expression) : keys[0].expr;
  }

  #window(spec: WindowSpec): WindowSpec {
    const isRange = spec.frame?.mode === 'range' && spec.orderBy.length === 1;
    const type = isRange ? rangeOffsetType(this.#typeOf(spec.orderBy[0].expr)) : OID.INT8;
    const bound = <T extends { readonly offset?: Expression | null }>(each: T): T =>
      each.offset === null || each.offset === undefined
        ? each
        : { ...each, offset: this.#expressions.typed(each.offset, type) };
    return {
      ...spec,
      partitionBy: this.#unlike(spec.partitionBy, (each) => each).map((each) =>
        this.#expressions.typed(each, OID.TEXT),
      ),
      orderBy: this.#ownOrder(spec.orderBy),
      frame: spec.frame === null ? null : { ...spec.frame, start: bound(spec.frame.start), end: bound(spec.frame.end) },
    };
  }

  /** Of an aggregate or a window: a key that has been there decides nothing. */
  #ownOrder(items: readonly OrderItem[]): readonly OrderItem[] {
    return this.#unlike(items, ({ expr }) => expr).map((item) => this.#orderItem(item, null));
  }

  #unlike<T>(items: readonly T[], exprOf: (item: T) => Expression): readonly T[] {
    if (items.length < 2) return items;
    const texts = items.map((item) => this.#x.deparse(exprOf(item)));
    return items.filter((_, i) => texts.indexOf(texts[i]) === i);
  }

  /** Names and numbers of targets become what they name; over a set operation, names become numbers. */
  #orderItem(item: OrderItem, query: Query | null): OrderItem {
    let { expr } = item;
    const body = query?.body ?? null;
    if (body?.kind === 'values') expr = ofValues(expr, body);
    else if (body?.kind === 'select') expr = ofTarget(expr, body, false);
    else if (body !== null && expr.kind === 'columnRef' && expr.name.length === 1) {
      const at = outputNames(body).indexOf(expr.name[0]);
      const { position } = expr;
      if (at >= 0)
        return { ...item, expr: { kind: 'integer', value: at + 1, negative: false, literalIndex: -1, position } };
    }
    if (expr.kind === 'integer') return { ...item, expr };
    return { ...item, expr: this.#expressions.typed(expr, OID.TEXT) };
  }
}

/** What GROUPING SETS directly in GROUPING SETS mean. */
function innerSets(item: GroupByItem): readonly GroupByItem[] {
  return item.kind === 'groupingSets' ? item.sets.flatMap(innerSets) : [item];
}

/** How many grouping sets an item of GROUP BY stands for. */
function setCount(item: GroupByItem): number {
  switch (item.kind) {
    case 'expr':
    case 'empty':
      return 1;
    case 'rollup':
      return item.args.length + 1;
    case 'cube':
      return 2 ** item.args.length;
    case 'groupingSets':
      return item.sets.reduce((count, set) => count + setCount(set), 0);
  }
}

/** The keys of an item that stands for one set. */
function keysOf(item: GroupByItem): readonly Extract<GroupByItem, { kind: 'expr' }>[] {
  if (item.kind === 'groupingSets') return item.sets.flatMap(keysOf);
  if (item.kind !== 'expr') return [];
  return groupKeys(item.expr).map((expr) => ({ ...item, expr }));
}

/** What references to the item say. */
function namesOf(item: FromItem): string[] {
  switch (item.kind) {
    case 'table':
      return [item.alias?.name ?? item.name[item.name.length - 1]];
    case 'functionRef':
      return [item.alias?.name ?? columnNameOf(item.functions[0].call)];
    case 'join': {
      // Those inside of a join with an alias are for its own condition.
      const own = [item.usingAlias, item.alias?.name ?? null].filter((name) => name !== null);
      return [...namesOf(item.left), ...namesOf(item.right), ...own];
    }
    case 'subqueryRef':
    case 'xmlTable':
      return item.alias === null ? [] : [item.alias.name];
  }
}

function outputNames(body: Query['body']): readonly string[] {
  switch (body.kind) {
    case 'select':
      return body.targets.map((target) => target.alias ?? columnNameOf(target.expr));
    case 'values':
      return (body.rows[0] ?? []).map((_, i) => `column${i + 1}`);
    case 'setOperation':
      return outputNames(body.left.body);
  }
}

/** ORDER BY of VALUES: its columns have the name of a table. */
function ofValues(expression: Expression, body: ValuesBody): Expression {
  const columns = outputNames(body);
  const name =
    expression.kind === 'integer'
      ? columns[Number(expression.value) - 1]
      : expression.kind === 'columnRef' && expression.name.length === 1
        ? columns.find((each) => each === expression.name[0])
        : undefined;
  if (name === undefined) return expression;
  return { kind: 'columnRef', name: ['*VALUES*', name], star: false, position: expression.position };
}

/** ORDER BY 2 and ORDER BY name mean a target; GROUP BY and DISTINCT ON too, where the name is no column of FROM. */
function ofTarget(expression: Expression, body: SelectBody, isGroup: boolean): Expression {
  if (expression.kind === 'integer') return body.targets[Number(expression.value) - 1]?.expr ?? expression;
  if (expression.kind !== 'columnRef' || expression.star || expression.name.length !== 1) return expression;
  const [name] = expression.name;
  const target = body.targets.find((each) => (each.alias ?? columnNameOf(each.expr)) === name);
  if (target === undefined) return expression;
  // Names that are still bare in a normalized query are targets, or columns that a join has merged.
  const isMerged =
    isGroup &&
    target.expr.kind !== 'columnRef' &&
    body.from.some((item) => item.kind === 'join' && (item.natural || item.using?.includes(name) === true));
  return isMerged ? expression : target.expr;
}
