/**
 * Random tables and queries in the SQL that PostgreSQL and SQLite share and answer alike.
 *
 * What they differ in is kept out: division is of reals or not at all, text is ASCII, sums of integers stay small, averages are
 * cast and rounded late, LIKE is not used (SQLite's ignores case), NULLs get their place in ORDER BY by name, and every ORDER
 * BY that a LIMIT follows orders by all columns of the result.
 */

export type Random = () => number;

interface Column {
  readonly name: string;
  readonly type: 'int' | 'text' | 'real';
}

export interface Table {
  readonly name: string;
  readonly columns: readonly Column[];
  readonly rows: readonly (readonly (number | string | null)[])[];
}

const WORDS = ['', 'a', 'ab', 'B', 'b', 'car', 'Zoo', 'x y', 'zz', '10', '9'];

export class Generator {
  private readonly random: Random;

  constructor(random: Random) {
    this.random = random;
  }

  tables(): Table[] {
    return [this.table('t0', 40), this.table('t1', 25), this.table('t2', 7), this.table('t3', 0)];
  }

  private table(name: string, count: number): Table {
    const columns: Column[] = [
      { name: 'i', type: 'int' },
      { name: 'j', type: 'int' },
      { name: 's', type: 'text' },
      { name: 'r', type: 'real' },
    ];
    const rows = Array.from({ length: count }, () =>
      columns.map(({ type }) => {
        if (this.chance(0.2)) return null;
        if (type === 'int') return this.below(12) - 3;
        return type === 'text' ? this.pick(WORDS) : (this.below(41) - 20) / 4;
      }),
    );
    return { name, columns, rows };
  }

  query(tables: readonly Table[]): string {
    const shape = this.below(10);
    if (shape < 3) return this.plain(tables);
    if (shape < 6) return this.grouped(tables);
    if (shape < 8) return this.compound(tables);
    return this.fromSubquery(tables);
  }

  // ------------------------------------------------------------------------------------------------------------- shapes

  private plain(tables: readonly Table[]): string {
    const { from, scope } = this.from(tables);
    const types = this.columnTypes();
    const distinct = this.chance(0.2) ? 'DISTINCT ' : '';
    const value = (type: Column['type']): string =>
      distinct === '' ? this.expression(type, scope, 2) : this.column(type, scope);
    const list = types.map((type, n) => `${value(type)} AS c${n}`).join(', ');
    return `SELECT ${distinct}${list} FROM ${from}${this.where(scope)}${this.order(types.length)}`;
  }

  private grouped(tables: readonly Table[]): string {
    const { from, scope } = this.from(tables);
    const keys = Array.from({ length: this.below(3) }, () => this.column(this.type(), scope));
    const aggregates = Array.from({ length: 1 + this.below(3) }, () => this.aggregate(scope));
    const list = [...keys, ...aggregates].map((each, n) => `${each} AS c${n}`).join(', ');
    const group = keys.length > 0 ? ` GROUP BY ${[...new Set(keys)].join(', ')}` : '';
    const having = this.chance(0.3) ? ` HAVING count(*) > ${this.below(4)}` : '';
    return `SELECT ${list} FROM ${from}${this.where(scope)}${group}${having}${this.order(keys.length + aggregates.length)}`;
  }

  private compound(tables: readonly Table[]): string {
    const types = this.columnTypes();
    const count = 2 + this.below(2);
    const operator = (): string => this.pick([' UNION ', ' UNION ALL ', ' EXCEPT ', ' INTERSECT ']);
    let text = '';
    // SQLite has no precedence among the operators, PostgreSQL has: one operator for all of them.
    const one = operator();
    for (let n = 0; n < count; n++) {
      const { from, scope } = this.from(tables, 1);
      const list = types.map((type, c) => `${this.expression(type, scope, 1)} AS c${c}`).join(', ');
      text += `${n === 0 ? '' : one}SELECT ${list} FROM ${from}${this.where(scope)}`;
    }
    return text + this.order(types.length);
  }

  private fromSubquery(tables: readonly Table[]): string {
    const inner = this.from(tables, 2);
    const key = this.column('int', inner.scope);
    const sub = `SELECT ${key} AS i, count(*) AS j, min(${this.column('text', inner.scope)}) AS s, max(${this.column('real', inner.scope)}) AS r FROM ${inner.from}${this.where(inner.scope)} GROUP BY ${key}`;
    const scope = ['q', 'a'];
    const join = this.pick(['JOIN', 'LEFT JOIN']);
    const types = this.columnTypes();
    const list = types.map((type, n) => `${this.expression(type, scope, 1)} AS c${n}`).join(', ');
    const table = this.pick(tables).name;
    return `SELECT ${list} FROM (${sub}) AS q ${join} ${table} AS a ON q.i = a.${this.pick(['i', 'j'])}${this.where(scope)}${this.order(types.length)}`;
  }

  // -------------------------------------------------------------------------------------------------------------- parts

  private from(tables: readonly Table[], most = 3): { from: string; scope: string[] } {
    const scope = ['a'];
    let from = `${this.pick(tables).name} AS a`;
    const count = 1 + this.below(most);
    for (let n = 1; n < count; n++) {
      const alias = 'abc'[n]!;
      const kind = this.pick(['JOIN', 'LEFT JOIN', 'JOIN', 'FULL JOIN', 'RIGHT JOIN', 'CROSS JOIN']);
      const other = this.pick(scope);
      const column = this.pick(['i', 'j']);
      const table = this.pick(tables).name;
      if (kind === 'CROSS JOIN') from += ` CROSS JOIN ${table} AS ${alias}`;
      else {
        // PostgreSQL joins fully only on equality.
        const more = kind !== 'FULL JOIN' && this.chance(0.25) ? ` AND ${this.condition([other, alias], 1)}` : '';
        from += ` ${kind} ${table} AS ${alias} ON ${other}.${column} = ${alias}.${this.pick(['i', 'j'])}${more}`;
      }
      scope.push(alias);
    }
    return { from, scope };
  }

  private where(scope: readonly string[]): string {
    return this.chance(0.7) ? ` WHERE ${this.condition(scope, 2)}` : '';
  }

  private order(columns: number): string {
    if (this.chance(0.5)) return '';
    const all = Array.from({ length: columns }, (_, n) => `${n + 1}`);
    const shuffled = all.map((text) => ({ text, key: this.random() })).sort((x, y) => x.key - y.key);
    const parts = shuffled.map(
      ({ text }) => `${text} ${this.pick(['ASC', 'DESC'])} NULLS ${this.pick(['FIRST', 'LAST'])}`,
    );
    const limit = this.chance(0.4)
      ? ` LIMIT ${this.below(8)}${this.chance(0.4) ? ` OFFSET ${this.below(4)}` : ''}`
      : '';
    return ` ORDER BY ${parts.join(', ')}${limit}`;
  }

  private condition(scope: readonly string[], depth: number): string {
    if (depth > 0 && this.chance(0.5)) {
      const left = this.condition(scope, depth - 1);
      if (this.chance(0.2)) return `NOT (${left})`;
      return `(${left} ${this.pick(['AND', 'OR'])} ${this.condition(scope, depth - 1)})`;
    }
    const type = this.type();
    const subject = this.expression(type, scope, 1);
    const literal = (): string => this.literal(type);
    switch (this.below(8)) {
      case 0:
        return `${subject} IS ${this.pick(['', 'NOT '])}NULL`;
      case 1:
        return `${subject} ${this.pick(['', 'NOT '])}IN (${literal()}, ${literal()}${this.chance(0.2) ? ', NULL' : ''})`;
      case 2:
        return `${subject} ${this.pick(['', 'NOT '])}BETWEEN ${literal()} AND ${literal()}`;
      case 3:
        return `${this.pick(['', 'NOT '])}EXISTS (SELECT 1 FROM t1 AS z WHERE z.i = ${this.column('int', scope)} AND z.j ${this.comparison()} ${this.below(9) - 2})`;
      case 4:
        return `${this.column('int', scope)} ${this.pick(['', 'NOT '])}IN (SELECT z.${this.pick(['i', 'j'])} FROM t2 AS z WHERE z.r ${this.comparison()} ${this.literal('real')})`;
      default:
        return `${subject} ${this.comparison()} ${this.chance(0.5) ? literal() : this.column(type, scope)}`;
    }
  }

  private expression(type: Column['type'], scope: readonly string[], depth: number): string {
    if (depth === 0 || this.chance(0.45)) return this.column(type, scope);
    const inner = (): string => this.expression(type, scope, depth - 1);
    switch (this.below(6)) {
      case 0:
        return `CASE WHEN ${this.condition(scope, 0)} THEN ${inner()} ELSE ${inner()} END`;
      case 1:
        return `coalesce(${inner()}, ${this.literal(type)})`;
      case 2:
        return `nullif(${inner()}, ${this.literal(type)})`;
      case 3:
        if (type === 'int') {
          return `(SELECT ${this.pick(['max', 'min', 'count'])}(z.j) FROM t2 AS z WHERE z.i = ${this.column('int', scope)})`;
        }
        return inner();
      default:
        if (type === 'text')
          return this.chance(0.5) ? `(${inner()} || ${inner()})` : `${this.pick(['upper', 'lower'])}(${inner()})`;
        if (type === 'int' && this.chance(0.2)) return `length(${this.column('text', scope)})`;
        return this.chance(0.2) ? `abs(${inner()})` : `(${inner()} ${this.pick(['+', '-', '*'])} ${inner()})`;
    }
  }

  private aggregate(scope: readonly string[]): string {
    const type = this.type();
    switch (this.below(6)) {
      case 0:
        return 'count(*)';
      case 1:
        return `count(${this.pick(['', 'DISTINCT '])}${this.column(type, scope)})`;
      case 2:
        return `sum(${this.pick(['', 'DISTINCT '])}${this.column('int', scope)})`;
      case 3:
        return `sum(${this.column('real', scope)})`;
      default:
        return `${this.pick(['min', 'max'])}(${this.expression(type, scope, 1)})`;
    }
  }

  private column(type: Column['type'], scope: readonly string[]): string {
    const name = type === 'int' ? this.pick(['i', 'j']) : type === 'text' ? 's' : 'r';
    return `${this.pick(scope)}.${name}`;
  }

  private literal(type: Column['type']): string {
    if (type === 'int') return String(this.below(12) - 3);
    return type === 'text' ? `'${this.pick(WORDS)}'` : `${((this.below(41) - 20) / 4).toFixed(2)}`;
  }

  private columnTypes(): Column['type'][] {
    return Array.from({ length: 1 + this.below(3) }, () => this.type());
  }

  private type(): Column['type'] {
    return this.pick(['int', 'int', 'text', 'real'] as const);
  }

  private comparison(): string {
    return this.pick(['=', '<>', '<', '<=', '>', '>=']);
  }

  private chance(share: number): boolean {
    return this.random() < share;
  }

  private below(limit: number): number {
    return Math.floor(this.random() * limit);
  }

  private pick<T>(choices: readonly T[]): T {
    return choices[this.below(choices.length)]!;
  }
}
