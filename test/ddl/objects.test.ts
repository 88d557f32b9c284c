/** Views, sequences, types, schemas, roles, databases, comments and rights. */
import { expect } from 'chai';
import { parseScramVerifier } from '../../types/scram.ts';
import { FakeDatabase } from './fake-context.ts';

describe('views', () => {
  it('are kept with qualified names and without *', () => {
    const db = new FakeDatabase();
    db.run('CREATE TABLE t (a int, b text); CREATE VIEW v AS SELECT *, a + 1 AS c FROM t x WHERE b > $$z$$');
    const view = db.relation('v');
    expect(view.columns.map(({ name }) => name)).to.deep.equal(['a', 'b', 'c']);
    expect(view.queryText).to.contain('FROM public.t').and.not.contain('*');
    expect(view.dependsOn).to.deep.equal([db.relation('t').oid]);
    expect(view.dependsOnColumns?.map(({ columnNumber }) => columnNumber).sort()).to.deep.equal([1, 2]);
    db.run('ALTER TABLE t ADD d int');
    expect(db.relation('v').columns).to.have.length(3);
  });

  it('OR REPLACE may only add columns at the end', () => {
    const db = new FakeDatabase();
    db.run('CREATE VIEW v AS SELECT 1 AS a, 2 AS b; CREATE OR REPLACE VIEW v AS SELECT 3 AS a, 4 AS b, 5 AS c');
    expect(db.relation('v').columns.map(({ name }) => name)).to.deep.equal(['a', 'b', 'c']);
    expect(db.error('CREATE OR REPLACE VIEW v AS SELECT 1 AS a')).to.equal('42P16 cannot drop columns from view');
    expect(db.error('CREATE OR REPLACE VIEW v AS SELECT 1 AS x, 2 AS b, 3 AS c')).to.equal(
      '42P16 cannot change name of view column "a" to "x"\nUse ALTER VIEW ... RENAME COLUMN ... to change name of view column instead.',
    );
    expect(db.error(`CREATE OR REPLACE VIEW v AS SELECT 'x'::text AS a, 2 AS b, 3 AS c`)).to.equal(
      '42P16 cannot change data type of view column "a" from integer to text',
    );
    expect(db.error('CREATE VIEW v AS SELECT 1')).to.equal('42P07 relation "v" already exists');
    expect(db.error('CREATE VIEW w (a, b) AS SELECT 1')).to.equal(
      '42601 CREATE VIEW specifies more column names than columns',
    );
    expect(db.error('CREATE VIEW w AS SELECT $1')).to.equal('42P02 there is no parameter $1');
  });

  it('over temporary tables are temporary', () => {
    const db = new FakeDatabase();
    db.run('CREATE TEMP TABLE t (a int); CREATE VIEW v AS SELECT * FROM t');
    expect(db.takeNotices()).to.deep.equal(['NOTICE 00000 view "v" will be a temporary view']);
    expect(db.relation('v').persistence).to.equal('temporary');
  });

  it('CREATE TABLE AS, SELECT INTO and materialized views count their rows', () => {
    const db = new FakeDatabase();
    expect(db.run('CREATE TABLE t AS SELECT 1 AS a')).to.equal('SELECT 3');
    expect(db.run('SELECT a INTO u FROM t')).to.equal('SELECT 3');
    expect(db.run('CREATE MATERIALIZED VIEW m AS SELECT a FROM t')).to.equal('SELECT 3');
    expect(db.relation('m').kind).to.equal('materializedView');
    expect(db.run('CREATE MATERIALIZED VIEW n AS SELECT a FROM t WITH NO DATA')).to.equal('CREATE MATERIALIZED VIEW');
    expect(db.relation('n').populated).to.equal(false);
    expect(db.run('REFRESH MATERIALIZED VIEW n')).to.equal('REFRESH MATERIALIZED VIEW');
    expect(db.relation('n').populated).to.equal(true);
  });
});

describe('sequences', () => {
  it('have the limits of their type and direction', () => {
    const db = new FakeDatabase();
    db.run('CREATE SEQUENCE a; CREATE SEQUENCE b AS smallint INCREMENT -1 CYCLE');
    const [a, b] = [...db.catalog.sequences()].sort((x, y) => x.oid - y.oid);
    expect([a.start, a.minimum, a.maximum]).to.deep.equal(['1', '1', '9223372036854775807']);
    expect([b.start, b.minimum, b.maximum, b.cycle]).to.deep.equal(['-1', '-32768', '-1', true]);
    db.run('ALTER SEQUENCE a RESTART 5');
    expect(db.sequences.get(a.oid)).to.deep.equal({ lastValue: 5n, isCalled: false });
  });

  const errors: readonly (readonly [options: string, error: string])[] = [
    ['INCREMENT 0', '22023 INCREMENT must not be zero'],
    ['MINVALUE 5 MAXVALUE 3', '22023 MINVALUE (5) must be less than MAXVALUE (3)'],
    ['START 0', '22023 START value (0) cannot be less than MINVALUE (1)'],
    ['AS smallint MAXVALUE 100000', '22023 MAXVALUE (100000) is out of range for sequence data type smallint'],
    ['CACHE 0', '22023 CACHE (0) must be greater than zero'],
    ['AS text', '22023 sequence type must be smallint, integer, or bigint'],
    ['OWNED BY nos', '42601 invalid OWNED BY option\nSpecify OWNED BY table.column or OWNED BY NONE.'],
  ];
  for (const [options, error] of errors) {
    it(`CREATE SEQUENCE s ${options}: ${error.split('\n')[0]}`, () => {
      expect(new FakeDatabase().error(`CREATE SEQUENCE s ${options}`)).to.equal(error);
    });
  }
});

describe('types', () => {
  it('enums grow and are renamed', () => {
    const db = new FakeDatabase();
    db.run(
      `CREATE TYPE mood AS ENUM ('a', 'c'); ALTER TYPE mood ADD VALUE 'b' BEFORE 'c'; ALTER TYPE mood RENAME VALUE 'a' TO 'z'`,
    );
    const mood = db.catalog.typeByName(null, 'mood', ['public']);
    expect(mood?.labels).to.deep.equal(['z', 'b', 'c']);
    db.run('CREATE TABLE t (m mood, l mood[])');
    expect(db.error('DROP TYPE mood')).to.contain(
      'column l of table t depends on type mood[]\ncolumn m of table t depends on type mood',
    );
    db.run('DROP TYPE mood CASCADE');
    expect(db.relation('t').columns.every(({ dropped }) => dropped)).to.equal(true);
  });

  it('domains keep their checks', () => {
    const db = new FakeDatabase();
    db.run(
      'CREATE DOMAIN d AS int NOT NULL DEFAULT 1 CHECK (VALUE > 0); ALTER DOMAIN d ADD CONSTRAINT top CHECK (VALUE < 9)',
    );
    const domain = db.catalog.typeByName(null, 'd', ['public']);
    expect(domain?.checks?.map(({ name }) => name)).to.deep.equal(['d_check', 'top']);
    expect(db.error('ALTER DOMAIN d DROP CONSTRAINT x')).to.equal('42704 constraint "x" of domain "d" does not exist');
    expect(db.error('CREATE DOMAIN d AS text')).to.equal('42710 type "d" already exists');
  });
});

describe('schemas, roles, databases', () => {
  it('schemas hold what is made with them', () => {
    const db = new FakeDatabase();
    db.run('CREATE SCHEMA s CREATE TABLE t (a int)');
    expect(db.names('s')).to.deep.equal(['t']);
    expect(db.error('CREATE SCHEMA s')).to.equal('42P06 schema "s" already exists');
    expect(db.error('CREATE SCHEMA pg_x')).to.equal(
      '42939 unacceptable schema name "pg_x"\nThe prefix "pg_" is reserved for system schemas.',
    );
  });

  it('roles keep a verifier, never a password, and members', () => {
    const db = new FakeDatabase();
    expect(db.run(`CREATE USER bob PASSWORD 'secret' CREATEDB; CREATE ROLE g; GRANT g TO bob`)).to.equal('GRANT ROLE');
    const bob = db.shared.roleByName('bob');
    expect(bob?.canLogin).to.equal(true);
    expect(parseScramVerifier(bob?.password ?? '')).not.to.equal(null);
    expect(db.shared.isMember(bob?.oid ?? 0, db.shared.roleByName('g')?.oid ?? 0)).to.equal(true);
    expect(db.error('GRANT bob TO g')).to.equal('0LP01 role "bob" is a member of role "g"');
    expect(db.error('CREATE ROLE bob')).to.equal('42710 role "bob" already exists');
    db.run('CREATE TABLE t (a int); ALTER TABLE t OWNER TO bob');
    expect(db.error('DROP ROLE bob')).to.equal(
      '2BP01 role "bob" cannot be dropped because some objects depend on it\nowner of table t',
    );
    db.run('REASSIGN OWNED BY bob TO postgres; DROP ROLE bob');
    expect(db.shared.roleByName('bob')).to.equal(undefined);
    expect(db.error('DROP ROLE postgres')).to.equal('55006 current user cannot be dropped');
  });

  it('databases are made outside of transaction blocks', () => {
    const db = new FakeDatabase();
    expect(db.run('CREATE DATABASE x CONNECTION LIMIT 5')).to.equal('CREATE DATABASE');
    expect(db.shared.databaseByName('x')?.connectionLimit).to.equal(5);
    expect(db.error('CREATE DATABASE x')).to.equal('42P04 database "x" already exists');
    expect(db.error('DROP DATABASE postgres')).to.equal('55006 cannot drop the currently open database');
    expect(db.error('DROP DATABASE template1')).to.equal('42809 cannot drop a template database');
    db.run('ALTER DATABASE x SET work_mem = 1024; ALTER DATABASE x RENAME TO y; DROP DATABASE y');
    expect([...db.shared.settings()]).to.deep.equal([]);
    db.isInTransactionBlock = true;
    expect(db.error('CREATE DATABASE z')).to.equal('25001 CREATE DATABASE cannot run inside a transaction block');
  });

  it('comments are kept, replaced and taken away', () => {
    const db = new FakeDatabase();
    db.run(
      `CREATE TABLE t (a int); COMMENT ON TABLE t IS 'one'; COMMENT ON TABLE t IS 'two'; COMMENT ON COLUMN t.a IS 'col'`,
    );
    const { oid } = db.relation('t');
    expect(db.catalog.comment('relation', oid)?.text).to.equal('two');
    expect(db.catalog.comment('relation', oid, 1)?.text).to.equal('col');
    db.run('COMMENT ON TABLE t IS NULL');
    expect(db.catalog.comment('relation', oid)).to.equal(undefined);
    db.run('DROP TABLE t');
    expect([...db.catalog.comments()]).to.deep.equal([]);
  });

  it('GRANT checks names and rights, and succeeds', () => {
    const db = new FakeDatabase();
    db.run('CREATE TABLE t (a int); CREATE ROLE r');
    expect(db.run('GRANT SELECT, INSERT ON t TO r, PUBLIC')).to.equal('GRANT');
    expect(db.error('GRANT SELECT ON nos TO r')).to.equal('42P01 relation "nos" does not exist');
    expect(db.error('GRANT SELECT ON t TO nos')).to.equal('42704 role "nos" does not exist');
    expect(db.error('GRANT SELECT ON SCHEMA public TO r')).to.equal('0LP01 invalid privilege type SELECT for schema');
  });

  it('what is not there says so', () => {
    const db = new FakeDatabase();
    expect(db.error('CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $$ BEGIN RETURN 1; END $$')).to.equal(
      '0A000 functions in LANGUAGE plpgsql are not supported',
    );
    expect(db.error("CREATE FUNCTION f() RETURNS int LANGUAGE other AS 'SELECT 1'")).to.equal(
      '42704 language "other" does not exist',
    );
    expect(db.error("PREPARE TRANSACTION 'x'")).to.equal('0A000 PREPARE TRANSACTION is not supported');
    expect(db.error("COMMIT PREPARED 'x'")).to.equal('0A000 COMMIT PREPARED is not supported');
    expect(db.error('CREATE RULE r AS ON INSERT TO t DO NOTHING')).to.equal('0A000 CREATE RULE is not supported');
  });
});

describe('functions of the system', () => {
  it('are not dropped and not changed', () => {
    const db = new FakeDatabase();
    const name = 'information_schema._pg_expandarray(anyarray)';
    expect(db.error(`DROP FUNCTION ${name}`)).to.equal(
      '2BP01 cannot drop function information_schema._pg_expandarray(anyarray) because it is required by the database system',
    );
    const refused = '42501 permission denied: "_pg_expandarray" is a system function';
    for (const change of ['RENAME TO mine', 'SET SCHEMA public', 'OWNER TO postgres', 'VOLATILE'])
      expect(db.error(`ALTER FUNCTION ${name} ${change}`), change).to.equal(refused);
  });
});
