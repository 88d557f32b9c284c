/** Random tables with data, indexes and views. */
import type { Choice } from './choice.ts';
import { COLUMN_TYPES, literalSql, randomValue, typeSql } from './values.ts';

export interface Table {
  readonly name: string;
  /** The first is `id`, the primary key. */
  readonly columns: readonly { readonly name: string; readonly type: string }[];
}

export interface Schema {
  readonly name: string;
  readonly tables: readonly Table[];
  /** What makes it, after the schema of this name was dropped. */
  readonly statements: readonly string[];
  /** Settings of the target alone: the plans that are tried. */
  readonly targetSettings: readonly string[];
}

/** Of a table beside its key: c0, c1, ... */
const COLUMNS_MIN = 4;
export const COLUMNS_MAX = 10;
const BTREE = new Set([
  'int2',
  'int4',
  'int8',
  'numeric',
  'float8',
  'text',
  'varchar',
  'date',
  'timestamp',
  'timestamptz',
  'uuid',
  'bool',
  'interval',
  'bytea',
  'bpchar',
  'jsonb',
  'time',
  'float4',
  '_int4',
  '_text',
  'int4range',
  'daterange',
]);
const GIN = new Set(['jsonb', '_int4', '_text']);
export const PLAN_SETTINGS = [
  'enable_seqscan',
  'enable_hashjoin',
  'enable_mergejoin',
  'enable_nestloop',
  'enable_hashagg',
  'enable_indexscan',
  'enable_bitmapscan',
  'enable_sort',
  'enable_memoize',
  'enable_material',
  'enable_indexonlyscan',
  'enable_incremental_sort',
];

export function randomSchema(choice: Choice, name: string): Schema {
  const tables: Table[] = [];
  const statements = [
    `DROP SCHEMA IF EXISTS ${name} CASCADE`,
    `CREATE SCHEMA ${name}`,
    `SET search_path = ${name}, public`,
  ];
  const count = 3 + choice.below(3);
  for (let t = 0; t < count; t++) {
    const table = randomTable(choice, `t${t}`);
    tables.push(table);
    statements.push(...tableStatements(choice, table));
  }
  for (const view of [viewOf(choice, tables), groupedViewOf(choice, tables)]) {
    statements.push(view.sql);
    tables.push(view.table);
  }
  const targetSettings = choice.chance(0.5)
    ? choice.some(PLAN_SETTINGS, 1 + choice.below(3)).map((setting) => `SET ${setting} = off`)
    : [];
  return { name, tables, statements, targetSettings };
}

function randomTable(choice: Choice, name: string): Table {
  const columns = [{ name: 'id', type: 'int4' }];
  const count = COLUMNS_MIN + choice.below(COLUMNS_MAX - COLUMNS_MIN + 1);
  for (let c = 0; c < count; c++) columns.push({ name: `c${c}`, type: c === 0 ? 'int4' : choice.pick(COLUMN_TYPES) });
  return { name, columns };
}

function tableStatements(choice: Choice, table: Table): string[] {
  const columns = table.columns.map(
    ({ name, type }) => `${name} ${typeSql(type)}${name === 'id' ? ' PRIMARY KEY' : constraintsOf(choice, name, type)}`,
  );
  const statements = [`CREATE TABLE ${table.name} (${columns.join(', ')})`];
  const count = choice.chance(0.1) ? 0 : choice.chance(0.15) ? 60 : 2 + choice.below(14);
  const rows = Array.from({ length: count }, (_, id) =>
    table.columns.map(({ name, type }) => {
      if (name === 'id') return String(id + 1);
      if (type === 'int4' && choice.chance(0.8)) return literalSql(type, randomSmall(choice));
      return literalSql(type, randomValue(type, choice, false));
    }),
  );
  if (count > 0)
    statements.push(`INSERT INTO ${table.name} VALUES ${rows.map((row) => `(${row.join(', ')})`).join(', ')}`);
  for (const { name, type } of table.columns.slice(1)) {
    if (BTREE.has(type) && choice.chance(0.3)) {
      const more = choice.chance(0.3) ? ', id' : '';
      const where = choice.chance(0.15) ? ` WHERE ${name} IS NOT NULL` : '';
      statements.push(`CREATE INDEX ON ${table.name} (${name}${choice.chance(0.2) ? ' DESC' : ''}${more})${where}`);
    }
    if (type === 'int4' && choice.chance(0.05)) statements.push(`CREATE UNIQUE INDEX ON ${table.name} ((id * 2))`);
    if (GIN.has(type) && choice.chance(0.5)) statements.push(`CREATE INDEX ON ${table.name} USING gin (${name})`);
  }
  if (choice.chance(0.5)) statements.push(`ANALYZE ${table.name}`);
  return statements;
}

/** Which the rows of the table fulfil. */
function constraintsOf(choice: Choice, name: string, type: string): string {
  const check =
    name === 'c0' && choice.chance(0.4) ? choice.pick([' CHECK (c0 <> 77)', ' CHECK (c0 IS NULL OR c0 <> -77)']) : '';
  return check + (choice.chance(0.2) ? ` DEFAULT ${literalSql(type, randomValue(type, choice, false))}` : '');
}

/** Numbers that joins meet. */
function randomSmall(choice: Choice): string | null {
  return choice.chance(0.1) ? null : String(choice.below(12) - 1);
}

function viewOf(choice: Choice, tables: readonly Table[]): { sql: string; table: Table } {
  const base = choice.pick(tables);
  const columns = base.columns.filter((column) => column.name === 'id' || choice.chance(0.7));
  const list = columns.map((column) => column.name).join(', ');
  const where = choice.chance(0.5) ? ` WHERE c0 ${choice.pick(['>', '<', '<>'])} ${choice.below(8)}` : '';
  return { sql: `CREATE VIEW v0 AS SELECT ${list} FROM ${base.name}${where}`, table: { name: 'v0', columns } };
}

/** Each of its rows has another id. */
function groupedViewOf(choice: Choice, tables: readonly Table[]): { sql: string; table: Table } {
  const [base, other] = [choice.pick(tables.slice(0, -1)), choice.pick(tables.slice(0, -1))];
  const columns = [
    { name: 'id', type: 'int4' },
    { name: 'c0', type: 'int8' },
    { name: 'c1', type: 'int4' },
  ];
  const join = `${base.name} AS a ${choice.pick(['JOIN', 'LEFT JOIN'])} ${other.name} AS b ON b.id = a.${choice.pick(['id', 'c0'])}`;
  const sql = `CREATE VIEW v1 AS SELECT a.id, count(b.id) AS c0, max(b.c0) AS c1 FROM ${join} GROUP BY a.id`;
  return { sql, table: { name: 'v1', columns } };
}

/** Those that a statement names; behind a view may be any. */
export function tablesOf(sql: string): ReadonlySet<string> {
  return new Set(/\bv\d\b/.test(sql) ? ['t0', 't1', 't2', 't3', 't4', 't5'] : sql.match(/\bt\d\b/g));
}
