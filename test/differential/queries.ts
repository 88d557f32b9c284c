/**
 * Queries over a random schema: joins, subqueries, grouping, windows, set operations, CTEs.
 *
 * Where the order of rows decides what is answered (LIMIT, DISTINCT ON, row_number, array_agg), the query orders by enough
 * that one answer is right.
 */
import type { Catalog } from './catalog.ts';
import type { Choice } from './choice.ts';
import { type Column, Expressions, joined, ROW, type Scope } from './expressions.ts';
import type { Schema, Table } from './schema.ts';
import { expression, freely, list, type Node, optional, type Part, query, render, text } from './tree.ts';
import { isOrdered, simplestLiterals, typeSql } from './values.ts';

export interface Relation {
  readonly node: Node;
  readonly columns: readonly { readonly name: string; readonly type: string }[];
  /** The ORDER BY that puts its rows in one order, while it is in the tree. */
  readonly order: Node | null;
}

interface FromItem {
  readonly columns: readonly Column[];
  /** Columns that make the rows different. */
  readonly key: readonly string[] | null;
}

const RESULT_TYPES = [
  'int4',
  'int4',
  'int8',
  'text',
  'text',
  'numeric',
  'bool',
  'date',
  'timestamp',
  'float8',
  'jsonb',
  'interval',
  '_int4',
  'timestamptz',
  'uuid',
  'int4range',
];

const SAMPLES = [
  ' TABLESAMPLE BERNOULLI (100)',
  ' TABLESAMPLE SYSTEM (100) REPEATABLE (1)',
  ' TABLESAMPLE BERNOULLI (0)',
];

export class Queries {
  private readonly choice: Choice;
  private readonly schema: Schema;
  private readonly expressions: Expressions;
  private aliases = 0;
  /** CTEs that stand before the query under way. */
  private ctes: Table[] = [];

  constructor(catalog: Catalog, schema: Schema, choice: Choice) {
    this.choice = choice;
    this.schema = schema;
    this.expressions = new Expressions(catalog, choice, false);
  }

  /** A whole query. */
  statement(): Relation {
    this.aliases = 0;
    this.ctes = [];
    const { choice } = this;
    if (choice.chance(0.12)) return this.withCtes();
    if (choice.chance(0.06)) return this.recursive();
    return this.relation(null, [], 2);
  }

  /** A query; of these types where they are given. */
  relation(types: readonly string[] | null, outer: readonly Column[], depth: number): Relation {
    const form = this.choice.below(20);
    if (form < 3 && depth > 0) return this.compound(types, outer, depth);
    if (form < 4) return this.values(types, outer);
    if (form < 8) return this.grouped(types, outer, depth);
    if (depth > 0 && this.choice.chance(0.04)) return this.nestedWith(types, outer, depth);
    return this.select(types, outer, depth);
  }

  private subquery(depth: number): Scope['subquery'] {
    return depth <= 0 ? null : (types, columns) => this.relation(types, columns, depth - 1).node;
  }

  private types(): string[] {
    return Array.from({ length: 1 + this.choice.below(3) }, () => this.choice.pick(RESULT_TYPES));
  }

  // ------------------------------------------------------------------------------------------------------------ select

  private select(wanted: readonly string[] | null, outer: readonly Column[], depth: number): Relation {
    const { choice, expressions } = this;
    const from = this.from(outer, depth);
    const types = wanted ?? this.types();
    const local = from.items.flatMap((item) => item.columns);
    const scope = { columns: [...local, ...outer], subquery: this.subquery(depth) };
    const keys = from.items.map((item) => item.key);
    const key = keys.every((each) => each !== null) ? keys.flatMap((each) => each ?? []) : null;
    const items: Node[] = types.map((type) => freely(expressions.of(type, scope, depth)));
    const resultTypes = [...types];
    let windows = text();
    if (wanted === null && depth > 1 && choice.chance(0.25)) {
      const { call, type, partition, order } = expressions.window({ columns: local, subquery: null }, key, 1);
      const form = choice.below(6);
      const over =
        form === 0 ? ' OVER w' : form === 1 ? text(' OVER (w', order, ')') : text(' OVER (', partition, order, ')');
      if (form < 2) windows = optional(' WINDOW w AS (', partition, form === 0 ? order : '', ')');
      items.push(freely(expression(type, [call, over], simplestLiterals(type))));
      resultTypes.push(type);
    }
    if (wanted === null && choice.chance(0.06)) {
      const { node, type } = expressions.setCall({ columns: local, subquery: null });
      items.push(freely(node));
      resultTypes.push(type);
    }
    const isDistinct = wanted === null && resultTypes.every(isOrdered) && choice.chance(0.12);
    let distinct = isDistinct ? optional('DISTINCT ') : text();
    let forced: Node | null = null;
    if (!isDistinct && key !== null && choice.chance(0.06)) {
      const on = expressions.leaf(expressions.someType(scope), { columns: local, subquery: null });
      distinct = text('DISTINCT ON (', on, ') ');
      forced = text(' ORDER BY ', on, `, ${key.join(', ')}`);
    }
    const where = choice.chance(0.6) ? optional(' WHERE ', expressions.condition(scope, depth)) : text();
    const tail = forced === null ? this.tail(resultTypes, wanted !== null) : { node: forced, order: null };
    const names = items.map((_, i) => `x${i}`);
    const named = items.map((item, i) => text(item, ` AS ${names[i]}`));
    const isPlain =
      from.items.length === 1 && / AS q\d+$/.test(render(from.node)) && /^ FROM t\d/.test(render(from.node));
    const locked = isPlain && wanted === null && depth > 1 && choice.chance(0.1) ? optional(' FOR UPDATE') : text();
    const node = query('SELECT ', distinct, list(named), from.node, where, windows, tail.node, locked);
    return { node, columns: names.map((name, i) => ({ name, type: resultTypes[i]! })), order: tail.order };
  }

  /** ORDER BY all columns, and LIMIT. */
  private tail(types: readonly string[], isInner: boolean): { node: Node; order: Node | null } {
    const { choice } = this;
    if (!types.every(isOrdered) || !choice.chance(isInner ? 0.2 : 0.4)) return { node: text(), order: null };
    const positions = choice.some(
      types.map((_, i) => i + 1),
      types.length,
    );
    const terms = positions.map((n) => `${n}${choice.pick(['', ' DESC', ' ASC NULLS FIRST', ' DESC NULLS LAST'])}`);
    const order = text(` ORDER BY ${terms.join(', ')}`);
    if (!choice.chance(0.5)) return { node: optional(order), order };
    const count = choice.below(6);
    const limit = choice.pick([
      ` LIMIT ${count}`,
      ` OFFSET ${choice.below(3)} LIMIT ${count}`,
      ` FETCH FIRST ${count} ROWS WITH TIES`,
      ` OFFSET ${choice.below(4)}`,
      ' LIMIT ALL',
    ]);
    return { node: optional(order, optional(limit)), order };
  }

  // -------------------------------------------------------------------------------------------------------------- from

  private alias(): string {
    return `q${this.aliases++}`;
  }

  private from(outer: readonly Column[], depth: number): { node: Node; items: FromItem[] } {
    const { choice } = this;
    const first = this.fromItem(outer, [], depth);
    let node = first.node;
    const items: FromItem[] = [first.item];
    const more = depth > 0 ? choice.pick([0, 0, 1, 1, 1, 2]) : choice.pick([0, 0, 0, 1]);
    for (let n = 0; n < more; n++) {
      const visible = items.flatMap((item) => item.columns);
      const kind = choice.pick([
        ' JOIN ',
        ' JOIN ',
        ' LEFT JOIN ',
        ' LEFT JOIN ',
        ' RIGHT JOIN ',
        ' FULL JOIN ',
        ' CROSS JOIN ',
        ', ',
        ' USING ',
        ' USING ',
      ]);
      const canLateral = !/RIGHT|FULL/.test(kind);
      const next = this.fromItem(outer, canLateral ? visible : [], depth);
      const shared = kind === ' USING ' && items.length === 1 ? sharedColumns(first.item, next.item) : [];
      items.push(next.item);
      if (kind === ' CROSS JOIN ' || kind === ', ') node = text(node, kind, next.node);
      else if (shared.length > 0) {
        // Behind a FULL JOIN PostgreSQL gives columns other names, so that the merged ones are clear.
        const joining = choice.pick([
          ' JOIN ',
          ' LEFT JOIN ',
          ' RIGHT JOIN ',
          n === more - 1 ? ' FULL JOIN ' : ' JOIN ',
        ]);
        const used = choice.some(shared, 1 + choice.below(2));
        const alias = this.alias();
        node = text(node, joining, next.node, ` USING (${used.map(({ name }) => name).join(', ')}) AS ${alias}`);
        // What a FULL JOIN merges has no name of its own where PostgreSQL shows it.
        items.push({ columns: joining === ' FULL JOIN ' ? [] : columnsOf(alias, used), key: [] });
      } else {
        const isFull = kind === ' FULL JOIN ';
        const condition = this.joinCondition(visible, next.item.columns, isFull, depth);
        node = text(node, kind === ' USING ' ? ' JOIN ' : kind, next.node, ' ON ', condition);
      }
    }
    return { node: text(' FROM ', node), items };
  }

  /** Equal columns of one type, where there are; PostgreSQL joins fully on nothing else. */
  private joinCondition(left: readonly Column[], right: readonly Column[], isFull: boolean, depth: number): Node {
    const { choice, expressions } = this;
    const pairs = left.flatMap((l) =>
      right.filter((r) => r.type === l.type && isOrdered(l.type)).map((r) => [l, r] as const),
    );
    const scope = { columns: [...left, ...right], subquery: null };
    const equal = pairs.length > 0 && (isFull || choice.chance(0.8));
    const parts: Part[] = equal
      ? [((pair) => `${pair[0].sql} = ${pair[1].sql}`)(choice.pick(pairs))]
      : [isFull ? 'true' : expressions.condition(scope, 1)];
    if (!isFull && choice.chance(0.25))
      parts.push(optional(' AND ', expressions.of('bool', scope, Math.min(depth, 1))));
    return text(...parts);
  }

  private fromItem(
    outer: readonly Column[],
    lateral: readonly Column[],
    depth: number,
  ): { node: Node; item: FromItem } {
    const { choice } = this;
    const alias = this.alias();
    const form = choice.below(12);
    if (form < 2 && depth > 0) {
      const isLateral = lateral.length > 0 && choice.chance(0.6);
      const inner = this.relation(null, isLateral ? [...lateral, ...outer] : outer, depth - 1);
      const node = text(isLateral ? 'LATERAL ' : '', '(', inner.node, `) AS ${alias}`);
      return { node, item: { columns: [...columnsOf(alias, inner.columns), { sql: alias, type: ROW }], key: null } };
    }
    if (form === 2) return this.functionItem(alias, lateral);
    if (form === 3 && choice.chance(0.4)) return this.joinedItem(alias, depth);
    const table = this.ctes.length > 0 && choice.chance(0.6) ? choice.pick(this.ctes) : choice.pick(this.schema.tables);
    const isTable = table.name.startsWith('t');
    const sample = isTable && choice.chance(0.03) ? optional(choice.pick(SAMPLES)) : text();
    const columns = [...columnsOf(alias, table.columns), { sql: alias, type: ROW }];
    const item = { columns, key: this.ctes.includes(table) ? null : [`${alias}.id`] };
    return { node: text(`${isTable && choice.chance(0.03) ? 'ONLY ' : ''}${table.name} AS ${alias}`, sample), item };
  }

  /** Two tables, joined under one name. */
  private joinedItem(alias: string, depth: number): { node: Node; item: FromItem } {
    const [left, right] = [this.choice.pick(this.schema.tables), this.choice.pick(this.schema.tables)];
    const [one, other] = [this.alias(), this.alias()];
    const on = this.joinCondition(columnsOf(one, left.columns), columnsOf(other, right.columns), false, depth);
    const columns = [...left.columns, ...right.columns].map(({ type }, i) => ({ name: `y${i}`, type }));
    const joining = this.choice.pick([' JOIN ', ' LEFT JOIN ']);
    const names = columns.map(({ name }) => name).join(', ');
    const node = text(`(${left.name} AS ${one}${joining}${right.name} AS ${other} ON `, on, `) AS ${alias}(${names})`);
    return { node, item: { columns: [...columnsOf(alias, columns), { sql: alias, type: ROW }], key: null } };
  }

  private functionItem(alias: string, lateral: readonly Column[]): { node: Node; item: FromItem } {
    const { choice, expressions } = this;
    const scope = { columns: lateral, subquery: null };
    const ordinality = choice.chance(0.3);
    if (choice.chance(0.2)) return this.rowsFrom(alias, scope);
    const [type, call]: [string, Node] = choice.chance(0.5)
      ? ['int4', text(`generate_series(1, `, expression('int4', [String(choice.below(5))]), ')')]
      : ((each) => [each, text('unnest(', expressions.leaf(`_${each}`, scope), ')')])(choice.pick(['int4', 'text']));
    const columns = [{ name: 'f', type }, ...(ordinality ? [{ name: 'n', type: 'int8' }] : [])];
    const node = text(
      call,
      ordinality ? ' WITH ORDINALITY' : '',
      ` AS ${alias}(${columns.map((column) => column.name).join(', ')})`,
    );
    return { node, item: { columns: columnsOf(alias, columns), key: ordinality ? [`${alias}.n`] : null } };
  }

  /** Two functions side by side: the shorter one is filled with NULLs. */
  private rowsFrom(alias: string, scope: Scope): { node: Node; item: FromItem } {
    const series = expression('int4', [String(this.choice.below(5))]);
    const elements = this.expressions.leaf('_text', scope);
    const columns = [
      { name: 'f', type: 'int4' },
      { name: 'g', type: 'text' },
      { name: 'n', type: 'int8' },
    ];
    const calls = text('ROWS FROM (generate_series(1, ', series, '), unnest(', elements, '))');
    const node = text(calls, ` WITH ORDINALITY AS ${alias}(f, g, n)`);
    return { node, item: { columns: columnsOf(alias, columns), key: [`${alias}.n`] } };
  }

  // ----------------------------------------------------------------------------------------------------------- grouping

  private grouped(wanted: readonly string[] | null, outer: readonly Column[], depth: number): Relation {
    const { choice, expressions } = this;
    const from = this.from(outer, depth);
    const local = from.items.flatMap((item) => item.columns);
    const scope = { columns: local, subquery: null };
    const keyCount = choice.pick([0, 1, 1, 2, 2, 3]);
    const keys = choice.some(
      local.filter((column) => isOrdered(column.type)),
      keyCount,
    );
    if (keys.length > 0 && choice.chance(0.15)) {
      const type = expressions.someType(scope);
      const sql = render(expressions.of(type, scope, 1));
      // A constant that a grouping set leaves out shows as NULL in some places, as itself in others.
      if (isOrdered(type) && /\bq\d/.test(sql)) keys[0] = { sql: `(${sql})`, type };
    }
    const condition = keys.length > 0 && choice.chance(0.15) ? this.conditionKey(scope) : null;
    if (condition !== null) keys[0] = condition;
    const keyNodes = keys.map((key) => expression(key.type, [key.sql]));
    const groupedScope = { columns: [...keys, ...outer], subquery: this.subquery(depth - 1) };
    const items: { node: Node; type: string }[] = [];
    const one = (type: string): Node => {
      const key = keys.find((each) => each.type === type);
      if (key !== undefined && choice.chance(0.6)) return expression(type, [key.sql], simplestLiterals(type));
      const { node, type: given } = expressions.aggregate(scope, 1);
      return given === type ? node : expression(type, ['(', node, `)::text::${typeSql(type)}`], simplestLiterals(type));
    };
    if (wanted === null) {
      for (const key of keys) items.push({ node: expression(key.type, [key.sql]), type: key.type });
      const count = 1 + choice.below(2);
      for (let n = 0; n < count; n++) items.push(expressions.aggregate(scope, 1));
      if (keys.length > 0 && choice.chance(0.2)) {
        const type = choice.pick(keys).type;
        items.push({ node: expressions.of(type, groupedScope, 1), type });
      }
      if (condition !== null) items.push(this.ofConditionKey(condition, scope));
    } else {
      // A scalar subquery or a branch of a set operation: an aggregate of that very type is seldom, so one that exists for all.
      for (const type of wanted) {
        const call = isOrdered(type) && choice.chance(0.8) ? this.extreme(type, scope) : one(type);
        items.push({ node: call, type });
      }
    }
    if (wanted === null && keys.length > 0 && choice.chance(0.15)) items.push(this.overGroups(keys, scope));
    // A set that leaves a condition out shows it as what it would be in some row, where PostgreSQL has rewritten what is made of it.
    const sets =
      condition === null
        ? this.groupingSets(keyNodes, wanted === null ? items : null)
        : optional(' GROUP BY ', list(keyNodes));
    const having = choice.chance(0.25)
      ? optional(' HAVING ', `count(*) ${choice.pick(['>', '<', '<>'])} ${choice.below(4)}`)
      : text();
    const where = choice.chance(0.4)
      ? optional(
          ' WHERE ',
          expressions.condition({ columns: [...local, ...outer], subquery: this.subquery(depth - 1) }, 1),
        )
      : text();
    const types = items.map((item) => item.type);
    const tail = this.tail(types, wanted !== null);
    const named = items.map((item, i) => text(freely(item.node), ` AS x${i}`));
    const node = query('SELECT ', list(named), from.node, where, sets, having, tail.node);
    return { node, columns: types.map((type, i) => ({ name: `x${i}`, type })), order: tail.order };
  }

  /** A comparison as a key: what is made of it may be rewritten into something that it is no part of. */
  private conditionKey(scope: Scope): Column | null {
    const sql = render(this.expressions.condition(scope, 1));
    return /\bq\d/.test(sql) ? { sql: `(${sql})`, type: 'bool' } : null;
  }

  private ofConditionKey({ sql }: Column, scope: Scope): { node: Node; type: string } {
    const { choice, expressions } = this;
    switch (choice.below(4)) {
      case 0:
        return { node: expression('bool', ['NOT ', sql]), type: 'bool' };
      case 1:
        return { node: expression('int4', ['CASE WHEN NOT ', sql, ' THEN 1 ELSE 2 END']), type: 'int4' };
      case 2:
        return { node: expression('bool', [`(NOT ${sql}) IS NOT TRUE`]), type: 'bool' };
      default:
        return {
          node: expression('bool', [`NOT ${sql} OR `, expressions.aggregate(scope, 1).node, ' IS NULL']),
          type: 'bool',
        };
    }
  }

  /** A window over the groups, of functions that answer alike for all peers. */
  private overGroups(keys: readonly Column[], scope: Scope): { node: Node; type: string } {
    const { choice, expressions } = this;
    const order = choice
      .some(keys, 1 + choice.below(keys.length))
      .map(({ sql }) => `${sql}${choice.pick(['', ' DESC'])}`);
    const over = ` OVER (ORDER BY ${order.join(', ')})`;
    const ranked = choice.pick(['rank()', 'dense_rank()', 'count(*)', 'sum(count(*))']);
    if (choice.chance(0.5)) return { node: expression('text', ['(', ranked, over, ')::text']), type: 'text' };
    const inner = expressions.aggregate(scope, 1);
    const value = text('(', inner.node, ')::text');
    return { node: expression('text', [choice.pick(['max(', 'min(']), value, ')', over]), type: 'text' };
  }

  private extreme(type: string, scope: { columns: readonly Column[]; subquery: null }): Node {
    const name =
      type === 'bool'
        ? 'bool_or'
        : /^(uuid|jsonb|int4range|bytea)$/.test(type)
          ? 'count'
          : this.choice.pick(['min', 'max']);
    const value = this.expressions.of(type, scope, 1);
    if (name === 'count')
      return expression(type, ['(array_agg(', value, ' ORDER BY ', value, '))[1]'], simplestLiterals(type));
    return expression(type, [`${name}(`, value, ')'], simplestLiterals(type));
  }

  private groupingSets(keys: readonly Node[], items: { node: Node; type: string }[] | null): Node {
    const { choice } = this;
    if (keys.length === 0) return choice.chance(0.2) ? text(' GROUP BY ()') : text();
    const all = list(keys);
    const form = choice.below(10);
    if (form > 3 || keys.length === 1) return optional(' GROUP BY ', choice.chance(0.1) ? 'DISTINCT ' : '', all);
    if (items !== null && choice.chance(0.5))
      items.push({ node: expression('int4', ['grouping(', text(...joined(keys)), ')']), type: 'int4' });
    if (form === 0) return optional(' GROUP BY ROLLUP (', all, ')');
    if (form === 1) return optional(' GROUP BY CUBE (', all, ')');
    if (form === 3 && choice.chance(0.5)) {
      const [first, ...rest] = keys;
      const inner = choice.pick(['ROLLUP (', 'CUBE (']);
      const empty = choice.pick([', ()', '', ', (), ()']);
      return optional(
        ' GROUP BY ',
        choice.chance(0.2) ? 'DISTINCT ' : '',
        'GROUPING SETS (',
        inner,
        list(rest),
        '), ',
        first!,
        empty,
        ')',
      );
    }
    if (form === 2) return optional(' GROUP BY ', keys[0]!, ', ROLLUP (', list(keys.slice(1)), ')');
    const set = (): Node => text('(', text(...joined(choice.some(keys, choice.below(keys.length + 1)))), ')');
    return optional(' GROUP BY GROUPING SETS (', list([text('(', text(...joined(keys)), ')'), set(), set()]), ')');
  }

  // ------------------------------------------------------------------------------------------- set operations, VALUES

  private compound(wanted: readonly string[] | null, outer: readonly Column[], depth: number): Relation {
    const { choice } = this;
    const types = wanted ?? this.types();
    const all = choice.pick([' ALL', '', '']);
    const operator = choice.pick(['UNION', 'UNION', 'EXCEPT', 'INTERSECT']);
    const branch = (): Node => text('(', this.relation(types, outer, depth - 1).node, ')');
    const parts: Part[] = [branch(), ` ${operator}${all} `, branch()];
    if (choice.chance(0.25))
      parts.push(optional(` ${choice.pick(['UNION', 'EXCEPT', 'INTERSECT', 'UNION ALL'])} `, branch()));
    const tail = this.tail(types, wanted !== null);
    const columns = types.map((type, i) => ({ name: `x${i}`, type }));
    return { node: query(...parts, tail.node), columns, order: tail.order };
  }

  private values(wanted: readonly string[] | null, outer: readonly Column[]): Relation {
    const { choice, expressions } = this;
    const types = wanted ?? this.types();
    const scope = { columns: outer, subquery: null };
    const rows = Array.from({ length: 1 + choice.below(3) }, () =>
      text('(', text(...joined(types.map((type) => expressions.of(type, scope, 1)))), ')'),
    );
    const tail = this.tail(types, wanted !== null);
    return {
      node: query('VALUES ', list(rows), tail.node),
      columns: types.map((type, i) => ({ name: `column${i + 1}`, type })),
      order: tail.order,
    };
  }

  // -------------------------------------------------------------------------------------------------------------- CTEs

  private withCtes(): Relation {
    const { choice } = this;
    const count = 1 + choice.below(2);
    const definitions: Node[] = [];
    for (let n = 0; n < count; n++) {
      const inner = this.relation(null, [], 1);
      const columns = inner.columns.map(({ type }, i) => ({ name: `w${i}`, type }));
      const names = columns.map((column) => column.name).join(', ');
      definitions.push(
        text(`cte${n}(${names}) AS ${choice.pick(['', '', 'MATERIALIZED ', 'NOT MATERIALIZED '])}(`, inner.node, ')'),
      );
      this.ctes.push({ name: `cte${n}`, columns });
    }
    const main = this.relation(null, [], 1);
    return { ...main, node: query('WITH ', text(...joined(definitions)), ' ', main.node) };
  }

  /** WITH in a query that may stand inside another one, and may read columns of it. */
  private nestedWith(types: readonly string[] | null, outer: readonly Column[], depth: number): Relation {
    const { choice } = this;
    const before = this.ctes;
    const inner = this.relation(null, choice.chance(0.3) ? outer : [], depth - 1);
    const columns = inner.columns.map(({ type }, i) => ({ name: `w${i}`, type }));
    const name = `cte_${this.alias()}`;
    this.ctes = [...before, { name, columns }];
    const main = this.select(types, outer, depth - 1);
    this.ctes = before;
    const names = columns.map((column) => column.name).join(', ');
    const how = choice.pick(['', '', 'MATERIALIZED ', 'NOT MATERIALIZED ']);
    return { ...main, node: query(`WITH ${name}(${names}) AS ${how}(`, inner.node, ') ', main.node) };
  }

  private recursive(): Relation {
    const { choice, expressions } = this;
    const table = choice.pick(this.schema.tables);
    const type = choice.pick(RESULT_TYPES.filter((each) => isOrdered(each)));
    const all = choice.chance(0.6) ? 'UNION ALL' : 'UNION';
    const anchor = text(
      'SELECT ',
      choice.pick(['1', '0', 'id', 'c0']),
      ', ',
      expressions.of(type, { columns: columnsOf(table.name, table.columns), subquery: null }, 1),
      ` FROM ${table.name}`,
    );
    const scope = { columns: [{ sql: 'r.v', type }, ...columnsOf('t', table.columns)], subquery: null };
    const join = choice.chance(0.5)
      ? text(` JOIN ${table.name} AS t ON t.id = r.n + 1`)
      : text(` LEFT JOIN ${table.name} AS t ON t.c0 = r.n`);
    const step = text(
      'SELECT r.n + 1, ',
      expressions.leaf(type, scope),
      ' FROM r',
      join,
      ` WHERE r.n < ${2 + choice.below(5)}`,
    );
    const main = choice.chance(0.5)
      ? text('SELECT n, v FROM r')
      : text('SELECT n, count(*) AS a, count(DISTINCT v) AS b FROM r GROUP BY n');
    const extra = choice.pick([
      ...['', '', '', '', ' SEARCH DEPTH FIRST BY n SET o', ' SEARCH BREADTH FIRST BY n, v SET o'],
      ' CYCLE n SET c USING p',
      " CYCLE n, v SET c TO 'y' DEFAULT 'n' USING p",
    ]);
    const shown =
      extra === '' || !choice.chance(0.7) ? main : text(`SELECT n, v, ${/CYCLE/.test(extra) ? 'c, p' : 'o'} FROM r`);
    const node = query('WITH RECURSIVE r(n, v) AS (', anchor, ` ${all} `, step, ')', optional(extra), ' ', shown);
    return { node, columns: [], order: null };
  }
}

/** Columns of both sides that have one name and type. */
function sharedColumns(left: FromItem, right: FromItem): { name: string; type: string }[] {
  const named = ({ columns }: FromItem): { name: string; type: string }[] =>
    columns
      .filter(({ type }) => isOrdered(type))
      .map(({ sql, type }) => ({ name: sql.slice(sql.indexOf('.') + 1), type }));
  const theirs = named(right);
  return named(left).filter(({ name, type }) => theirs.some((other) => other.name === name && other.type === type));
}

function columnsOf(alias: string, columns: readonly { readonly name: string; readonly type: string }[]): Column[] {
  return columns.map(({ name, type }) => ({ sql: `${alias}.${name}`, type }));
}
