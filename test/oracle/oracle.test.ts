/**
 * SQLite as a second opinion: generated queries over the SQL that both have give the same rows.
 *
 *     ORACLE_SEED=123 ORACLE_QUERIES=5000 npm run mocha -- test/oracle/oracle.test.ts
 */
import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { createScratchDatabase, type ScratchDatabase } from '../support/database-target.ts';
import { randomOf } from '../support/random.ts';
import { seedFrom } from '../support/seed.ts';
import { TextClient } from '../support/text-client.ts';
import { Generator, type Table } from './generator.ts';
import { openSqlite, type Sqlite } from './sqlite.ts';

const SEED = seedFrom('ORACLE_SEED');
const QUERIES = Number(process.env['ORACLE_QUERIES'] ?? 400);
const FAILURES_SHOWN = 5;

describe(`oracle: SQLite (ORACLE_SEED=${SEED})`, function () {
  this.timeout(30_000 + QUERIES * 100);
  let sqlite: Sqlite;
  let database: ScratchDatabase;
  let client: TextClient;

  before(async () => {
    sqlite = openSqlite();
    database = await createScratchDatabase();
    client = await TextClient.connect(database.connection);
  });

  after(async () => {
    await client?.end();
    await database?.drop();
    sqlite?.close();
  });

  it('is better-sqlite3 12', () => {
    const manifest = readFileSync(new URL('./package.json', import.meta.url), 'utf8');
    expect(JSON.parse(manifest).dependencies['better-sqlite3']).to.match(/^12\./);
  });

  for (const indexed of [false, true]) {
    it(`${QUERIES / 2} queries give the same rows, ${indexed ? 'with' : 'without'} indexes`, async () => {
      const generator = new Generator(randomOf(SEED + (indexed ? 1 : 0)));
      const tables = generator.tables();
      for (const table of tables) await load(table, indexed);
      const failures: string[] = [];
      for (let n = 0; n < QUERIES / 2; n++) {
        const difference = await compare(generator.query(tables));
        if (difference !== null) failures.push(difference);
      }
      const shown = failures.slice(0, FAILURES_SHOWN).join('\n\n');
      expect(failures.length, `ORACLE_SEED=${SEED}, ${failures.length} queries differ\n${shown}\n`).to.equal(0);
    });
  }

  async function load(table: Table, indexed: boolean): Promise<void> {
    const types = { int: 'int', text: 'text', real: 'double precision' };
    const create = (typed: (type: Table['columns'][number]['type']) => string): string =>
      `CREATE TABLE ${table.name} (${table.columns.map((column) => `${column.name} ${typed(column.type)}`).join(', ')})`;
    const literals = table.rows.map((row) => `(${row.map(literal).join(', ')})`);
    const both = [
      ...(literals.length > 0 ? [`INSERT INTO ${table.name} VALUES ${literals.join(', ')}`] : []),
      ...(indexed ? [`CREATE INDEX ${table.name}_i ON ${table.name} (i)`] : []),
      ...(indexed ? [`CREATE INDEX ${table.name}_sj ON ${table.name} (s, j)`] : []),
    ];
    sqlite.exec(`DROP TABLE IF EXISTS ${table.name}`);
    sqlite.exec(create((type) => (type === 'real' ? 'real' : type)));
    const statements = [`DROP TABLE IF EXISTS ${table.name}`, create((type) => types[type]), ...both];
    if (indexed) statements.push(`ANALYZE ${table.name}`);
    for (const sql of statements) {
      const { error } = await client.query(sql);
      expect(error, sql).to.equal(null);
    }
    for (const sql of both) sqlite.exec(sql);
  }

  async function compare(sql: string): Promise<string | null> {
    const theirs = sqlite.prepare(sql).raw().all();
    const { error, results } = await client.query(sql);
    if (error !== null) return `${sql}\n  ERROR: ${error.code} ${error.message}`;
    const expected = theirs.map((row) => row.map(printTheirs).join('|'));
    const got = results[0]!.rows.map((row) =>
      row.map((value, i) => printOurs(value, results[0]!.columns[i]!.typeOid)).join('|'),
    );
    if (!/ ORDER BY /.test(sql)) {
      expected.sort();
      got.sort();
    }
    if (expected.join('\n') === got.join('\n')) return null;
    const at = expected.findIndex((row, i) => row !== got[i]);
    const row = at < 0 ? expected.length : at;
    return [
      sql,
      `  SQLite: ${expected.length} rows; row ${row + 1}: ${expected[row]}`,
      `  ours:   ${got.length} rows; row ${row + 1}: ${got[row]}`,
    ].join('\n');
  }
});

function literal(value: number | string | null): string {
  if (value === null) return 'NULL';
  return typeof value === 'number' ? String(value) : `'${value}'`;
}

function printTheirs(value: number | string | null): string {
  if (value === null) return 'NULL';
  return typeof value === 'number' ? printNumber(value) : `'${value}'`;
}

const TEXT_OID = 25;

function printOurs(value: string | null, typeOid: number): string {
  if (value === null) return 'NULL';
  return typeOid === TEXT_OID ? `'${value}'` : printNumber(Number(value));
}

/** Quarters are exact in binary: so are their sums and products, in any order. */
function printNumber(value: number): string {
  return String(value === 0 ? 0 : value);
}
