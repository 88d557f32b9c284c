/** pg_catalog and information_schema: every relation of PostgreSQL 15 is there with its columns, and rows fit them. */
import { expect } from 'chai';
import type { FunctionContext, Value } from '../../catalog/function-entry.ts';
import { type Catalog, isSystemView, systemRelations } from '../../catalog/index.ts';
import { virtualRows, virtualTable } from '../../catalog/pg-catalog/index.ts';
import { ServerSettings, Settings } from '../../catalog/settings.ts';
import { SharedCatalog } from '../../catalog/shared-catalog.ts';
import { NO_STATISTICS } from '../../catalog/statistics.ts';
import { DEFAULT_FORMAT, outputText } from '../../types/index.ts';
import { FakeDatabase } from '../ddl/fake-context.ts';

function functionContext(catalog: Catalog): FunctionContext {
  return {
    format: DEFAULT_FORMAT,
    catalog,
    currentUser: 'postgres',
    transactionTimestamp: 0,
    searchPath: () => ['pg_catalog', 'public'],
    relationSize: () => 8192,
    overflowSize: () => 0,
    system: {
      shared: SharedCatalog.bootstrap(),
      currentRoleOid: 10,
      temporarySchemaOid: 0,
      serverStart: 0,
      settings: () => new Settings(new ServerSettings()).rows(),
      activity: () => [],
      indexBuilds: () => [],
      locks: () => [],
      blockers: () => [],
      statistics: NO_STATISTICS,
      tableActivity: () => null,
      indexActivity: () => null,
      databaseActivity: () => null,
      writerActivity: () => ({ checkpointsTimed: 1, checkpointWriteMs: 2.5, resetAt: null }),
      walActivity: () => ({ bytes: 2 ** 40, resetAt: 0 }),
      archiverActivity: () => ({
        archivedCount: 1,
        lastArchived: '000000010000000000000001',
        lastArchivedAt: 0,
        failedCount: 0,
        lastFailed: null,
        lastFailedAt: null,
        resetAt: null,
      }),
      frames: () => [
        { number: 0, relationId: null, databaseOid: 0, pageNo: 0, isDirty: false, usageCount: 0, pinCount: 0 },
        { number: 1, relationId: 16, databaseOid: 5, pageNo: 3, isDirty: true, usageCount: 5, pinCount: 1 },
      ],
      memory: () => [{ name: 'other', bytes: 1, limit: null, description: 'what is left' }],
      preparedStatements: () => [],
      cursors: () => [],
      sequenceState: () => ({ lastValue: 1, isCalled: false }),
      databaseSize: () => null,
    },
  } as unknown as FunctionContext;
}

/** Rows as objects of text. */
function read(catalog: Catalog, name: string): Record<string, string | null>[] {
  const at = name.indexOf('.');
  const columns = virtualTable(name.slice(0, at), name.slice(at + 1))!.columns;
  return [...virtualRows(name, functionContext(catalog))].map((row) =>
    Object.fromEntries(
      columns.map((column, i) => [
        column.name,
        row[i] === null ? null : outputText(column.typeOid, row[i] as Value, DEFAULT_FORMAT),
      ]),
    ),
  );
}

function sample(): Catalog {
  const db = new FakeDatabase();
  db.run(`CREATE TYPE mood AS ENUM ('sad', 'ok');
    CREATE DOMAIN positive AS int CHECK (VALUE > 0);
    CREATE TABLE p (id serial PRIMARY KEY, name varchar(20) NOT NULL DEFAULT 'x', price numeric(8,2) CHECK (price > 0), m mood, d positive);
    CREATE TABLE f (a int REFERENCES p ON DELETE CASCADE, b int GENERATED ALWAYS AS IDENTITY, l int[]);
    CREATE INDEX fi ON f (a DESC, (b + 1)) WHERE a > 3;
    CREATE VIEW v AS SELECT id, name FROM p;
    COMMENT ON TABLE p IS 'products'`);
  return db.catalog;
}

describe('catalog relations', () => {
  it('are those of PostgreSQL 15', () => {
    const names = systemRelations().map(({ name }) => name);
    const own = ['pg_buffercache', 'pg_stat_memory'];
    expect(names.filter((name) => !own.includes(name))).to.have.length(208);
    expect(names).to.include.members(own);
    expect(names).to.include.members(['pg_class', 'pg_publication_rel', 'pg_stat_activity', 'pg_ts_config', 'columns']);
    expect(virtualTable('pg_catalog', 'pg_am')!.columns.map(({ name, typeOid }) => `${name} ${typeOid}`)).to.deep.equal(
      ['oid 26', 'amname 19', 'amhandler 24', 'amtype 18'],
    );
    expect(virtualTable('information_schema', 'schemata')!.columns.map(({ name }) => name)).to.deep.equal([
      'catalog_name',
      'schema_name',
      'schema_owner',
      'default_character_set_catalog',
      'default_character_set_schema',
      'default_character_set_name',
      'sql_path',
    ]);
    expect(virtualTable('public', 'pg_class')).to.equal(undefined);
    expect(isSystemView(virtualTable('pg_catalog', 'pg_tables')!.oid)).to.equal(true);
  });

  it('give rows whose values print as their columns’ types, NULL only where it may be', () => {
    const catalog = sample();
    for (const { name, schemaOid, columns } of systemRelations()) {
      const qualified = `${schemaOid === 11 ? 'pg_catalog' : 'information_schema'}.${name}`;
      let seen = 0;
      for (const row of virtualRows(qualified, functionContext(catalog))) {
        if (seen++ > 60) break;
        columns.forEach((column, i) => {
          const value = row[i];
          if (value === null) expect(column.notNull, `${qualified}.${column.name} is null`).to.equal(false);
          else
            expect(
              () => outputText(column.typeOid, value, DEFAULT_FORMAT),
              `${qualified}.${column.name}`,
            ).not.to.throw();
        });
      }
    }
  }).timeout(10_000);
});

describe('pg_catalog rows', () => {
  const catalog = sample();

  it('pg_class has tables, views, indexes and sequences', () => {
    const rows = read(catalog, 'pg_catalog.pg_class').filter(({ relnamespace }) => relnamespace === '2200');
    expect(rows.map(({ relname, relkind }) => `${relname} ${relkind}`).sort()).to.deep.equal([
      'f r',
      'f_b_seq S',
      'fi i',
      'p r',
      'p_id_seq S',
      'p_pkey i',
      'v v',
    ]);
  });

  it('pg_index tells of order, expressions and predicates', () => {
    const oid = String(catalog.indexByName(2200, 'fi')?.oid);
    const [row] = read(catalog, 'pg_catalog.pg_index').filter(({ indexrelid }) => indexrelid === oid);
    expect(row).to.include({ indkey: '1 0', indoption: '3 0', indnatts: '2', indisunique: 'f' });
    expect(row.indpred).to.contain('a > 3');
  });

  it('pg_constraint has keys by column numbers', () => {
    const made = read(catalog, 'pg_catalog.pg_constraint').filter(({ connamespace }) => connamespace === '2200');
    const rows = made.map(
      ({ conname, contype, conkey, confkey, confdeltype }) =>
        `${conname} ${contype} ${conkey} ${confkey} ${confdeltype}`,
    );
    expect(rows.sort()).to.deep.equal([
      'f_a_fkey f {1} {1} c',
      'p_pkey p {1} null  ',
      'p_price_check c {3} null  ',
      'positive_check c null null  ',
    ]);
  });

  it('pg_type and pg_enum have user-made types', () => {
    const types = read(catalog, 'pg_catalog.pg_type').filter(({ typnamespace }) => typnamespace === '2200');
    expect(types.map(({ typname, typtype, typcategory }) => `${typname} ${typtype} ${typcategory}`)).to.include.members(
      ['_mood b A', '_positive b A', 'mood e E', 'positive d N', 'p c C', '_p b A'],
    );
    expect(read(catalog, 'pg_catalog.pg_enum').map(({ enumlabel }) => enumlabel)).to.deep.equal(['sad', 'ok']);
  });

  it('pg_depend ties sequences to columns, as ORMs look for them', () => {
    const oid = String(catalog.sequenceByName(2200, 'p_id_seq')?.oid);
    const rows = read(catalog, 'pg_catalog.pg_depend').filter(({ objid, deptype }) => objid === oid && deptype === 'a');
    const table = catalog.relationByName(2200, 'p')?.oid;
    expect(rows.map(({ refobjid, refobjsubid }) => `${refobjid} ${refobjsubid}`)).to.deep.equal([`${table} 1`]);
  });

  it('pg_roles hides passwords, pg_settings has all settings', () => {
    expect(read(catalog, 'pg_catalog.pg_roles')[0]).to.include({ rolname: 'postgres', rolpassword: '********' });
    const [workMem] = read(catalog, 'pg_catalog.pg_settings').filter(({ name }) => name === 'work_mem');
    expect(workMem).to.include({
      setting: '65536',
      unit: 'kB',
      vartype: 'integer',
      context: 'user',
      source: 'default',
    });
  });
});

describe('information_schema rows', () => {
  const catalog = sample();

  it('columns describes types as the standard does', () => {
    const rows = read(catalog, 'information_schema.columns').filter(({ table_schema }) => table_schema === 'public');
    const short = rows.map(
      (row) =>
        `${row.table_name}.${row.column_name} ${row.data_type} ${row.character_maximum_length ?? row.numeric_precision} ${row.is_nullable} ${row.udt_name}`,
    );
    expect(short).to.include.members([
      'p.id integer 32 NO int4',
      'p.name character varying 20 NO varchar',
      'p.price numeric 8 YES numeric',
      'p.m USER-DEFINED null YES mood',
      'p.d integer 32 YES int4',
      'f.l ARRAY null YES _int4',
      'v.id integer 32 YES int4',
    ]);
    const [identity] = rows.filter(({ column_name }) => column_name === 'b');
    expect(identity).to.include({ is_identity: 'YES', identity_generation: 'ALWAYS', identity_start: '1' });
  });

  it('constraints lead from foreign keys to what they refer to', () => {
    const [rule] = read(catalog, 'information_schema.referential_constraints');
    expect(rule).to.include({ constraint_name: 'f_a_fkey', unique_constraint_name: 'p_pkey', delete_rule: 'CASCADE' });
    const usage = read(catalog, 'information_schema.key_column_usage').map(
      ({ constraint_name, column_name, position_in_unique_constraint }) =>
        `${constraint_name} ${column_name} ${position_in_unique_constraint}`,
    );
    expect(usage).to.include.members(['f_a_fkey a 1', 'p_pkey id null']);
  });
});
