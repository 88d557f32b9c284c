/** The statements of a run: single expressions, queries, and changes of data with what they leave behind. */

import { carried } from './carriers.ts';
import { type Callable, type Catalog, isPolymorphic } from './catalog.ts';
import type { Choice } from './choice.ts';
import { type Column, Expressions, functionSql, joined } from './expressions.ts';
import { Queries, type Relation } from './queries.ts';
import { scalarForm } from './scalars.ts';
import type { Schema, Table } from './schema.ts';
import { expression, freely, list, type Node, optional, text } from './tree.ts';
import { typeSql } from './values.ts';

export interface Statement {
  /** `scalar`: one expression; `rows`: one over a table's rows; both evaluate in one order only. */
  readonly kind: 'scalar' | 'rows' | 'query' | 'change';
  readonly root: Node;
  /** While this is in the tree, the order of rows is told. */
  readonly order: Node | null;
  /** Asked before and after, in one transaction. */
  readonly before: readonly string[];
  readonly after: readonly string[];
  /** A statement that has a whole query in it (carriers.ts). */
  readonly isCarrier: boolean;
}

export const NONE = { before: [], after: [], order: null, isCarrier: false } as const;

export class Statements {
  private readonly catalog: Catalog;
  private readonly schema: Schema;
  private readonly choice: Choice;

  constructor(catalog: Catalog, schema: Schema, choice: Choice) {
    this.catalog = catalog;
    this.schema = schema;
    this.choice = choice;
  }

  next(): Statement {
    const form = this.choice.below(30);
    if (form === 26) return this.prepared();
    if (form > 26) return carried(this.query(), this.choice);
    if (form < 5) return this.scalar();
    if (form < 11) return this.ofGrammar();
    if (form < 13) return this.rows();
    if (form < 14) return this.set();
    if (form < 18) return this.change();
    const { node, order } = this.query();
    return { ...NONE, kind: 'query', root: node, order };
  }

  private query(): Relation {
    return new Queries(this.catalog, this.schema, this.choice).statement();
  }

  private scalar(): Statement {
    const expressions = new Expressions(this.catalog, this.choice, true);
    const scope = { columns: [], subquery: null };
    const node = this.choice.chance(0.9)
      ? this.anyCall(expressions, scope.columns, this.choice.below(2))
      : expressions.of('bool', scope, 2);
    return { ...NONE, kind: 'scalar', root: text('SELECT ', freely(node), ' AS x') };
  }

  private ofGrammar(): Statement {
    const expressions = new Expressions(this.catalog, this.choice, true);
    const node = scalarForm(expressions, this.choice);
    return { ...NONE, kind: 'scalar', root: text('SELECT ', node, ' AS x') };
  }

  private rows(): Statement {
    const table = this.choice.pick(this.schema.tables);
    const columns = columnsOf(table);
    const expressions = new Expressions(this.catalog, this.choice, false);
    const node = this.anyCall(expressions, columns, 1);
    return { ...NONE, kind: 'rows', root: text('SELECT ', freely(node), ` AS x FROM ${table.name}`) };
  }

  /** A function or operator out of all there are, each as likely. */
  private anyCall(expressions: Expressions, columns: readonly Column[], depth: number): Node {
    const callable = this.choice.pick(this.catalog.scalars);
    const binding = expressions.binding(callable);
    const type = isPolymorphic(callable.result) ? '' : callable.result;
    return {
      ...expressions.call(callable, binding, 'text', { columns, subquery: null }, depth),
      type: type === '' ? 'any' : type,
      simpler: [],
    };
  }

  /** A call with parameters of its arguments' types, run with values for them, more than once. */
  private prepared(): Statement {
    const { choice } = this;
    const callables = this.catalog.scalars.filter(
      ({ args, result, isVariadic }) => args.length > 0 && !isVariadic && ![...args, result].some(isPolymorphic),
    );
    const callable = choice.pick(callables);
    const expressions = new Expressions(this.catalog, choice, true);
    const args = expressions.args(callable, expressions.binding(callable), { columns: [], subquery: null }, 0);
    const types = callable.args.map(typeSql).join(', ');
    const [first, second] = ['$1', '$2'];
    const call =
      callable.kind === 'function'
        ? `${functionSql(callable.name)}(${callable.args.map((_, i) => `$${i + 1}`).join(', ')})`
        : callable.args.length === 1
          ? `(${callable.name} ${first})`
          : `(${first} ${callable.name} ${second})`;
    return {
      ...NONE,
      kind: 'scalar',
      root: text('EXECUTE prepared(', text(...joined(args)), ')'),
      before: [`PREPARE prepared(${types}) AS SELECT ${call} AS x`],
      after: ['DEALLOCATE prepared'],
    };
  }

  private set(): Statement {
    const callable: Callable = this.choice.pick(this.catalog.sets);
    const expressions = new Expressions(this.catalog, this.choice, true);
    const args = expressions.args(callable, expressions.binding(callable), { columns: [], subquery: null }, 0);
    const call = text(`${functionSql(callable.name)}(`, text(...joined(args)), ')');
    const ordinality = this.choice.chance(0.2) ? optional(' WITH ORDINALITY') : text();
    return { ...NONE, kind: 'scalar', root: text('SELECT * FROM ', call, ordinality, ' LIMIT 50') };
  }

  // ------------------------------------------------------------------------------------------------------------ changes

  private change(): Statement {
    const tables = this.schema.tables.filter((table) => !table.name.startsWith('v'));
    // v0 is a plain view: what changes it changes its table.
    const isView = this.choice.chance(0.12);
    const table = isView ? this.schema.tables.find((each) => each.name === 'v0')! : this.choice.pick(tables);
    const form = this.choice.below(isView ? 3 : 5);
    const root =
      form === 0
        ? this.insert(table)
        : form === 1
          ? this.update(table, tables)
          : form === 2
            ? this.delete(table, tables)
            : form === 3
              ? this.merge(table, tables)
              : this.modifyingCte(table);
    return { ...NONE, kind: 'change', root, before: ['BEGIN'], after: [`SELECT * FROM ${table.name}`, 'ROLLBACK'] };
  }

  private returning(table: Table): Node {
    if (!this.choice.chance(0.6)) return text();
    const expressions = new Expressions(this.catalog, this.choice, false);
    if (this.choice.chance(0.3)) return optional(' RETURNING *');
    const item = expressions.of(this.choice.pick(table.columns).type, { columns: columnsOf(table), subquery: null }, 1);
    return optional(' RETURNING ', `${table.name}.id, `, freely(item), ' AS x');
  }

  private assignments(table: Table, columns: readonly Column[]): Node {
    const expressions = new Expressions(this.catalog, this.choice, false);
    const targets = this.choice.some(table.columns.slice(1), 1 + this.choice.below(2));
    const value = (type: string): Node => expressions.of(type, { columns, subquery: null }, 1);
    if (targets.length === 2 && this.choice.chance(0.15)) {
      const [a, b] = targets;
      return text(
        `(${a!.name}, ${b!.name}) = ${this.choice.pick(['', 'ROW'])}(`,
        value(a!.type),
        ', ',
        value(b!.type),
        ')',
      );
    }
    const set = targets.map(({ name, type }) =>
      type.startsWith('_') && this.choice.chance(0.5)
        ? this.partAssignment(name, type, value)
        : type === 'jsonb' && this.choice.chance(0.3)
          ? text(`${name}${this.choice.pick(["['a']", '[0]', "['b'][1]", '[-1]', "['c']['d']"])} = `, value('jsonb'))
          : text(
              `${name} = `,
              this.choice.chance(0.08) ? 'DEFAULT' : expressions.of(type, { columns, subquery: null }, 1),
            ),
    );
    return list(set);
  }

  /** Elements and slices of an array column. */
  private partAssignment(name: string, type: string, value: (type: string) => Node): Node {
    const { choice } = this;
    if (choice.chance(0.6))
      return text(`${name}[${choice.pick(['1', '2', '5', '0', '-1', 'NULL'])}] = `, value(type.slice(1)));
    return text(`${name}[${choice.pick(['1:2', '2:', ':1', '0:0', '3:2', '-1:1'])}] = `, value(type));
  }

  private insert(table: Table): Node {
    const { choice } = this;
    const expressions = new Expressions(this.catalog, choice, false);
    const columns = [table.columns[0]!, ...choice.some(table.columns.slice(1), 1 + choice.below(3))];
    const names = columns.map((column) => column.name).join(', ');
    const row = (id: number): Node =>
      text(
        `(${id}, `,
        text(...joined(columns.slice(1).map(({ type }) => expressions.of(type, { columns: [], subquery: null }, 1)))),
        ')',
      );
    const first = choice.below(20);
    if (choice.chance(0.25)) return this.insertSelect(table, columns);
    const rows = Array.from({ length: 1 + choice.below(3) }, (_, i) => row(first + i));
    const conflict = choice.below(3);
    const excluded = columns.map(({ name, type }) => ({ sql: `excluded.${name}`, type }));
    const action =
      conflict === 0
        ? text()
        : conflict === 1
          ? optional(' ON CONFLICT DO NOTHING')
          : optional(
              ' ON CONFLICT (id) DO UPDATE SET ',
              this.assignments(table, [...columnsOf(table), ...excluded]),
              choice.chance(0.4)
                ? optional(
                    ' WHERE ',
                    expressions.condition({ columns: [...columnsOf(table), ...excluded], subquery: null }, 1),
                  )
                : text(),
            );
    return text(`INSERT INTO ${table.name} (${names}) VALUES `, list(rows), action, this.returning(table));
  }

  /** INSERT ... SELECT, in the order of keys: it says what the first refused row is. */
  private insertSelect(table: Table, columns: Table['columns']): Node {
    const { choice } = this;
    const expressions = new Expressions(this.catalog, choice, false);
    const source = choice.pick(this.schema.tables);
    const theirs = columnsOf({ ...source, name: 's' });
    const id = choice.pick(['s.id + 50', 's.id * 2', 's.id', '100 - s.id']);
    const values = columns.slice(1).map(({ type }) => expressions.of(type, { columns: theirs, subquery: null }, 1));
    return text(
      `INSERT INTO ${table.name} (${columns.map((column) => column.name).join(', ')}) SELECT ${id}, `,
      text(...joined(values)),
      ` FROM ${source.name} AS s`,
      optional(' WHERE ', expressions.condition({ columns: theirs, subquery: null }, 1)),
      ' ORDER BY s.id',
      choice.chance(0.4) ? optional(' ON CONFLICT DO NOTHING') : text(),
      this.returning(table),
    );
  }

  private update(table: Table, tables: readonly Table[]): Node {
    const { choice } = this;
    const expressions = new Expressions(this.catalog, choice, false);
    // Joined on the other's key: no row is met twice, so that the order does not matter.
    const other = choice.chance(0.4) ? choice.pick(tables) : null;
    const columns = [...columnsOf(table), ...(other === null ? [] : columnsOf({ ...other, name: 's' }))];
    const condition = choice.chance(0.7)
      ? expressions.condition({ columns, subquery: null }, 1)
      : expression('bool', ['true']);
    const from = other === null ? text() : text(` FROM ${other.name} AS s`);
    const join = other === null ? '' : `s.id = ${table.name}.${choice.pick(['id', 'c0'])} AND `;
    return text(
      `UPDATE ${table.name} SET `,
      this.assignments(table, columns),
      from,
      ` WHERE ${join}`,
      condition,
      this.returning(table),
    );
  }

  private delete(table: Table, tables: readonly Table[]): Node {
    const { choice } = this;
    const expressions = new Expressions(this.catalog, choice, false);
    const other = choice.chance(0.4) ? choice.pick(tables) : null;
    const columns = [...columnsOf(table), ...(other === null ? [] : columnsOf({ ...other, name: 's' }))];
    const condition = expressions.condition({ columns, subquery: null }, 1);
    const using = other === null ? '' : ` USING ${other.name} AS s`;
    const join = other === null ? '' : `s.id = ${table.name}.${choice.pick(['id', 'c0'])} AND `;
    return text(`DELETE FROM ${table.name}${using} WHERE ${join}`, condition, this.returning(table));
  }

  private merge(table: Table, tables: readonly Table[]): Node {
    const { choice } = this;
    const expressions = new Expressions(this.catalog, choice, false);
    const source = choice.pick(tables);
    const theirs = columnsOf({ ...source, name: 's' });
    const columns = [...columnsOf({ ...table, name: 't' }), ...theirs];
    const condition = (all: readonly Column[]): Node =>
      choice.chance(0.4) ? optional(' AND ', expressions.condition({ columns: all, subquery: null }, 1)) : text();
    const matched = choice.pick(['update', 'update', 'delete', 'nothing']);
    const action =
      matched === 'update'
        ? text('UPDATE SET ', this.assignments(table, columns))
        : matched === 'delete'
          ? 'DELETE'
          : 'DO NOTHING';
    const { name, type } = choice.pick(table.columns.slice(1));
    const insert = text(
      `INSERT (id, ${name}) VALUES (s.id + 100, `,
      expressions.of(type, { columns: theirs, subquery: null }, 1),
      ')',
    );
    return text(
      `MERGE INTO ${table.name} AS t USING ${source.name} AS s ON s.id = t.${choice.pick(['id', 'c0'])}`,
      optional(' WHEN MATCHED', condition(columns), ' THEN ', action),
      choice.chance(0.3) ? optional(' WHEN MATCHED', condition(columns), ' THEN DO NOTHING') : text(),
      optional(' WHEN NOT MATCHED', condition(theirs), ' THEN ', insert),
      choice.chance(0.2) ? optional(' WHEN NOT MATCHED THEN DO NOTHING') : text(),
    );
  }

  private modifyingCte(table: Table): Node {
    const { choice } = this;
    const expressions = new Expressions(this.catalog, choice, false);
    const condition = expressions.condition({ columns: columnsOf(table), subquery: null }, 1);
    const change = choice.chance(0.5)
      ? text(`DELETE FROM ${table.name} WHERE `, condition)
      : text(`UPDATE ${table.name} SET `, this.assignments(table, columnsOf(table)), ' WHERE ', condition);
    return text(
      'WITH changed AS (',
      change,
      ' RETURNING *) SELECT ',
      choice.pick(['*', 'count(*)', 'max(id), min(c0)']),
      ` FROM changed${choice.chance(0.3) ? `, ${table.name} WHERE changed.id = ${table.name}.id` : ''}`,
    );
  }
}

function columnsOf(table: Table): Column[] {
  return table.columns.map(({ name, type }) => ({ sql: `${table.name}.${name}`, type }));
}
