/** CREATE, ALTER and DROP TABLE: what comes into being, what it is called, and PostgreSQL's words when it may not. */
import { expect } from 'chai';
import { FakeDatabase } from './fake-context.ts';

describe('CREATE TABLE', () => {
  it('makes sequences, keys, checks and foreign keys with the names that PostgreSQL makes up', () => {
    const db = new FakeDatabase();
    expect(
      db.run(`CREATE TABLE p (id serial PRIMARY KEY, u int UNIQUE, n numeric CHECK (n > 0), CHECK (u > id), UNIQUE (u, n));
        CREATE TABLE f (a int REFERENCES p, b int, FOREIGN KEY (b) REFERENCES p (u) ON DELETE SET NULL)`),
    ).to.equal('CREATE TABLE');
    expect(db.names()).to.deep.equal(['f', 'p', 'p_id_seq', 'p_pkey', 'p_u_key', 'p_u_n_key']);
    expect(db.catalog.constraintsOf(db.relation('p').oid).map(({ name }) => name)).to.deep.equal([
      'p_check',
      'p_n_check',
      'p_pkey',
      'p_u_key',
      'p_u_n_key',
    ]);
    const [a, b] = db.catalog.constraintsOf(db.relation('f').oid);
    expect([a.name, b.name, b.onDelete]).to.deep.equal(['f_a_fkey', 'f_b_fkey', 'set null']);
    expect(db.relation('p').columns[0].notNull).to.equal(true);
    expect(db.relation('p').columns[0].defaultText).to.equal(`nextval('public.p_id_seq'::regclass)`);
  });

  it('numbers names that are taken, and cuts long ones to 63 bytes', () => {
    const db = new FakeDatabase();
    db.run(
      'CREATE TABLE t (a int UNIQUE); CREATE INDEX ON t (a); CREATE INDEX ON t (a); CREATE INDEX ON t (lower(a::text), a)',
    );
    expect(db.names()).to.include.members(['t_a_key', 't_a_idx', 't_a_idx1', 't_lower_a_idx']);
    const long = 'x'.repeat(60);
    db.run(`CREATE TABLE ${long} (${'y'.repeat(60)} serial)`);
    expect(db.names()).to.include(`${'x'.repeat(29)}_${'y'.repeat(29)}_seq`);
  });

  it('a repeated key makes one index', () => {
    const db = new FakeDatabase();
    db.run('CREATE TABLE t (a int PRIMARY KEY UNIQUE)');
    expect(db.names()).to.deep.equal(['t', 't_pkey']);
  });

  it('IF NOT EXISTS leaves what is there', () => {
    const db = new FakeDatabase();
    db.run('CREATE TABLE t (a int); CREATE TABLE IF NOT EXISTS t (b int)');
    expect(db.takeNotices()).to.deep.equal(['NOTICE 42P07 relation "t" already exists, skipping']);
    expect(db.relation('t').columns.map(({ name }) => name)).to.deep.equal(['a']);
  });

  it('LIKE copies what it is told to', () => {
    const db = new FakeDatabase();
    db.run(`CREATE TABLE t (a int PRIMARY KEY, b text DEFAULT 'x' CHECK (b <> ''), c int GENERATED ALWAYS AS (a * 2) STORED);
      CREATE TABLE plain (LIKE t); CREATE TABLE whole (LIKE t INCLUDING ALL)`);
    expect(db.relation('plain').columns.map(({ notNull, defaultText }) => [notNull, defaultText])).to.deep.equal([
      [true, null],
      [false, null],
      [false, null],
    ]);
    expect(db.catalog.indexesOf(db.relation('plain').oid)).to.have.length(0);
    expect(db.names()).to.include('whole_pkey');
    expect(db.relation('whole').columns[2].generated).to.equal(true);
    expect(db.catalog.constraintsOf(db.relation('whole').oid).map(({ name }) => name)).to.include('t_b_check');
  });

  it('temporary tables go to the session’s schema and hide others', () => {
    const db = new FakeDatabase();
    db.run('CREATE TABLE t (a int); CREATE TEMP TABLE t (b int) ON COMMIT DROP');
    expect(db.relation('t').columns[0].name).to.equal('b');
    expect(db.relation('t').onCommit).to.equal('drop');
    expect(db.relation('public.t').columns[0].name).to.equal('a');
    expect(db.relation('pg_temp.t').persistence).to.equal('temporary');
  });

  const errors: readonly (readonly [sql: string, error: string])[] = [
    ['CREATE TABLE t (a int); CREATE TABLE t (a int)', '42P07 relation "t" already exists'],
    ['CREATE TABLE t (a int, a int)', '42701 column "a" specified more than once'],
    ['CREATE TABLE t (a nosuch)', '42704 type "nosuch" does not exist'],
    ['CREATE TABLE t (ctid int)', '42701 column name "ctid" conflicts with a system column name'],
    ['CREATE TABLE nosuch.t (a int)', '3F000 schema "nosuch" does not exist'],
    [
      'CREATE TABLE t (a int PRIMARY KEY, b int PRIMARY KEY)',
      '42P16 multiple primary keys for table "t" are not allowed',
    ],
    ['CREATE TABLE t (a int, UNIQUE (b))', '42703 column "b" named in key does not exist'],
    [
      'CREATE TABLE t (a int NULL NOT NULL)',
      '42601 conflicting NULL/NOT NULL declarations for column "a" of table "t"',
    ],
    [
      'CREATE TABLE t (a int DEFAULT 1 DEFAULT 2)',
      '42601 multiple default values specified for column "a" of table "t"',
    ],
    [
      'CREATE TABLE t (a text GENERATED ALWAYS AS IDENTITY)',
      '22023 identity column type must be smallint, integer, or bigint',
    ],
    ['CREATE TABLE t (a int REFERENCES u)', '42P01 relation "u" does not exist'],
    [
      'CREATE TABLE u (a int); CREATE TABLE t (a int REFERENCES u)',
      '42704 there is no primary key for referenced table "u"',
    ],
    [
      'CREATE TABLE u (a int); CREATE TABLE t (a int REFERENCES u (a))',
      '42830 there is no unique constraint matching given keys for referenced table "u"',
    ],
    [
      'CREATE TABLE u (a int PRIMARY KEY); CREATE TABLE t (b text REFERENCES u)',
      '42804 foreign key constraint "t_b_fkey" cannot be implemented\nKey columns "b" and "a" are of incompatible types: text and integer.',
    ],
    [
      'CREATE TABLE t (a json PRIMARY KEY)',
      '42704 data type json has no default operator class for access method "btree"\nYou must specify an operator class for the index or define a default operator class for the data type.',
    ],
    ['CREATE TABLE t (a int) WITH (foo = 1)', '22023 unrecognized parameter "foo"'],
    ['CREATE TABLE t (a int) ON COMMIT DROP', '42P16 ON COMMIT can only be used on temporary tables'],
    ['CREATE TABLE t (a int) PARTITION BY RANGE (a)', '0A000 partitioned tables are not supported'],
  ];
  for (const [sql, error] of errors) {
    it(`${sql}: ${error.split('\n')[0]}`, () => {
      const db = new FakeDatabase();
      const at = sql.lastIndexOf(';');
      if (at > 0) db.run(sql.slice(0, at));
      expect(db.error(sql.slice(at + 1))).to.equal(error);
    });
  }
});

describe('ALTER TABLE', () => {
  function withTable(): FakeDatabase {
    const db = new FakeDatabase();
    db.run(`CREATE TABLE t (a int PRIMARY KEY, b text DEFAULT 'x' CONSTRAINT ck CHECK (b <> '' AND a > 0), c numeric);
      CREATE INDEX ti ON t (lower(b)) WHERE b <> 'y'`);
    return db;
  }

  it('ADD COLUMN does not rewrite: old rows have the default’s value', () => {
    const db = withTable();
    db.filled.add('t');
    db.run('ALTER TABLE t ADD COLUMN d int DEFAULT 5 NOT NULL, ADD e text');
    const [, , , d, e] = db.relation('t').columns;
    expect([d.missingText, d.sinceLayout, d.notNull]).to.deep.equal(['5', 1, true]);
    expect([e.missingText, e.sinceLayout]).to.deep.equal([null, 2]);
    expect(db.relation('t').layout).to.equal(2);
    expect(db.rewritten).to.deep.equal([]);
  });

  it('a volatile default, a serial or a generated column rewrites, waiting where it must', () => {
    const db = withTable();
    db.filled.add('t');
    const before = db.relation('t').relId;
    db.run('ALTER TABLE t ADD d serial');
    expect(db.rewritten).to.deep.equal([`t: ${before} -> ${db.relation('t').relId}`]);
    expect(db.waits).to.equal(1);
    expect(db.heaps.has(before)).to.equal(false);
    expect(db.relation('t').layout).to.equal(0);
    db.run('ALTER TABLE t ADD g int GENERATED ALWAYS AS (a + 1) STORED');
    expect(db.rewritten).to.have.length(2);
  });

  it('NOT NULL looks at the rows first', () => {
    const db = withTable();
    db.filled.add('t');
    db.internalRows = [[null]];
    expect(db.error('ALTER TABLE t ADD d int NOT NULL')).to.equal(
      '23502 column "d" of relation "t" contains null values',
    );
    expect(db.error('ALTER TABLE t ALTER c SET NOT NULL')).to.equal(
      '23502 column "c" of relation "t" contains null values',
    );
    db.internalRows = [];
    db.run('ALTER TABLE t ALTER c SET NOT NULL');
    expect(db.relation('t').columns[2].notNull).to.equal(true);
  });

  it('RENAME reaches into checks, indexes, generated columns and views', () => {
    const db = withTable();
    db.run(`ALTER TABLE t ADD g text GENERATED ALWAYS AS (b || 'z') STORED; CREATE VIEW v AS SELECT b, t.a AS x FROM t WHERE b > 'a';
      ALTER TABLE t RENAME b TO bb; ALTER TABLE t RENAME TO tt`);
    const table = db.relation('tt');
    const check = db.catalog.constraintsOf(table.oid).find(({ name }) => name === 'ck');
    expect(check?.checkText).to.contain('bb').and.not.match(/\bb\b/);
    const index = db.catalog.indexByName(table.schemaOid, 'ti');
    expect(index?.columns[0].expressionText).to.contain('lower(bb)');
    expect(index?.predicateText).to.contain('bb');
    expect(table.columns[3].defaultText).to.contain('bb');
    const view = db.relation('v');
    expect(view.columns.map(({ name }) => name)).to.deep.equal(['b', 'x']);
    expect(view.queryText).to.contain('public.tt').and.to.contain('bb AS b');
    expect(db.catalog.indexByName(table.schemaOid, 't_pkey')?.tableOid).to.equal(table.oid);
  });

  it('ALTER TYPE rewrites unless only a limit is lifted', () => {
    const db = withTable();
    db.run(
      'ALTER TABLE t ALTER b TYPE varchar(10); ALTER TABLE t ALTER b TYPE varchar(20); ALTER TABLE t ALTER b TYPE text',
    );
    expect(db.rewritten).to.have.length(1);
    expect(db.error('ALTER TABLE t ALTER b TYPE date')).to.equal(
      '42804 column "b" cannot be cast automatically to type date\nYou might need to specify "USING b::date".',
    );
    db.run('CREATE VIEW v AS SELECT c FROM t');
    expect(db.error('ALTER TABLE t ALTER c TYPE int')).to.equal(
      '0A000 cannot alter type of a column used by a view or rule\nrule _RETURN on view v depends on column "c"',
    );
  });

  it('constraints are added, checked, validated and dropped', () => {
    const db = withTable();
    db.filled.add('t');
    db.internalRows = [[1]];
    expect(db.error('ALTER TABLE t ADD CONSTRAINT k CHECK (c > 1)')).to.equal(
      '23514 check constraint "k" of relation "t" is violated by some row',
    );
    db.run('ALTER TABLE t ADD CONSTRAINT k CHECK (c > 1) NOT VALID');
    expect(db.error('ALTER TABLE t VALIDATE CONSTRAINT k')).to.match(/^23514/);
    db.internalRows = [];
    db.run(
      'ALTER TABLE t VALIDATE CONSTRAINT k; ALTER TABLE t DROP CONSTRAINT k; ALTER TABLE t DROP CONSTRAINT IF EXISTS k',
    );
    expect(db.takeNotices()).to.deep.equal(['NOTICE 00000 constraint "k" of relation "t" does not exist, skipping']);
    expect(db.error('ALTER TABLE t ADD PRIMARY KEY (c)')).to.equal(
      '42P16 multiple primary keys for table "t" are not allowed',
    );
  });

  it('a foreign key names the row that refers to nothing', () => {
    const db = withTable();
    db.run('CREATE TABLE f (x int)');
    db.filled.add('f');
    db.internalRows = [[7]];
    expect(db.error('ALTER TABLE f ADD FOREIGN KEY (x) REFERENCES t')).to.equal(
      '23503 insert or update on table "f" violates foreign key constraint "f_x_fkey"\nKey (x)=(7) is not present in table "t".',
    );
  });

  it('identity comes and goes', () => {
    const db = withTable();
    db.run('ALTER TABLE t ALTER a ADD GENERATED BY DEFAULT AS IDENTITY (START 5)');
    expect(db.names()).to.include('t_a_seq');
    expect(db.relation('t').columns[0].identity).to.equal('default');
    expect(db.error('DROP SEQUENCE t_a_seq')).to.equal(
      '2BP01 cannot drop sequence t_a_seq because column a of table t requires it\nYou can drop column a of table t instead.',
    );
    db.run('ALTER TABLE t ALTER a DROP IDENTITY');
    expect(db.names()).not.to.include('t_a_seq');
  });

  it('SET SCHEMA takes indexes and sequences along', () => {
    const db = new FakeDatabase();
    db.run('CREATE SCHEMA s; CREATE TABLE t (id serial PRIMARY KEY); ALTER TABLE t SET SCHEMA s');
    expect(db.names('s')).to.deep.equal(['t', 't_id_seq', 't_pkey']);
    expect(db.relation('s.t').columns[0].defaultText).to.equal(`nextval('s.t_id_seq'::regclass)`);
  });

  it('waits for its lock', () => {
    const db = withTable();
    db.refusals = 2;
    db.run('ALTER TABLE t ADD z int');
    expect(db.waits).to.equal(2);
  });

  it('others may not', () => {
    const db = withTable();
    db.run('CREATE ROLE bob');
    db.currentUser = 'bob';
    expect(db.error('ALTER TABLE t ADD z int')).to.equal('42501 must be owner of table t');
    expect(db.error('DROP TABLE t')).to.equal('42501 must be owner of table t');
    expect(db.error('CREATE TABLE z (a int)')).to.equal('42501 permission denied for schema public');
    expect(db.error('CREATE ROLE x')).to.equal('42501 permission denied to create role');
  });
});

describe('DROP', () => {
  function withDependents(): FakeDatabase {
    const db = new FakeDatabase();
    db.run(`CREATE TABLE p (id serial PRIMARY KEY, u int UNIQUE, c text); CREATE TABLE f (id int REFERENCES p, u int REFERENCES p (u));
      CREATE VIEW v AS SELECT id, c FROM p; CREATE VIEW v2 AS SELECT * FROM v`);
    return db;
  }

  it('RESTRICT tells what depends, in PostgreSQL’s order', () => {
    const hint = 'Use DROP ... CASCADE to drop the dependent objects too.';
    const db = withDependents();
    expect(db.error('DROP TABLE p')).to.equal(
      [
        '2BP01 cannot drop table p because other objects depend on it',
        'constraint f_id_fkey on table f depends on table p',
        'constraint f_u_fkey on table f depends on table p',
        'view v depends on table p',
        'view v2 depends on view v',
        hint,
      ].join('\n'),
    );
    expect(db.error('ALTER TABLE p DROP c')).to.equal(
      [
        '2BP01 cannot drop column c of table p because other objects depend on it',
        'view v depends on column c of table p',
        'view v2 depends on view v',
        hint,
      ].join('\n'),
    );
    expect(db.error('ALTER TABLE p DROP CONSTRAINT p_pkey')).to.contain(
      'constraint f_id_fkey on table f depends on index p_pkey',
    );
    expect(db.error('DROP INDEX p_pkey')).to.equal(
      '2BP01 cannot drop index p_pkey because constraint p_pkey on table p requires it\nYou can drop constraint p_pkey on table p instead.',
    );
    expect(db.error('DROP SEQUENCE p_id_seq')).to.contain(
      'default value for column id of table p depends on sequence p_id_seq',
    );
    expect(db.error('DROP TABLE p, f')).to.contain(
      'cannot drop desired object(s) because other objects depend on them',
    );
  });

  it('CASCADE takes them along and says so', () => {
    const db = withDependents();
    db.run('DROP TABLE p CASCADE');
    expect(db.takeNotices()).to.deep.equal([
      [
        'NOTICE 00000 drop cascades to 4 other objects',
        'drop cascades to constraint f_id_fkey on table f',
        'drop cascades to constraint f_u_fkey on table f',
        'drop cascades to view v',
        'drop cascades to view v2',
      ].join('\n'),
    ]);
    expect(db.names()).to.deep.equal(['f']);
    expect(db.catalog.constraintsOf(db.relation('f').oid)).to.have.length(0);
    expect(db.sequences.size).to.equal(0);
    expect(db.heaps.size).to.equal(2);
  });

  it('a dropped column keeps its place', () => {
    const db = new FakeDatabase();
    db.run('CREATE TABLE t (a int, b serial, c int, UNIQUE (b, c)); ALTER TABLE t DROP b');
    const [, b, c] = db.relation('t').columns;
    expect([b.dropped, b.name, c.number]).to.deep.equal([true, '........pg.dropped.2........', 3]);
    expect(db.names()).to.deep.equal(['t']);
  });

  it('a whole schema goes with CASCADE only', () => {
    const db = new FakeDatabase();
    db.run('CREATE SCHEMA s CREATE TABLE t (a int) CREATE VIEW v AS SELECT 1 AS x');
    expect(db.error('DROP SCHEMA s')).to.contain('table s.t depends on schema s\nview s.v depends on schema s');
    db.run('DROP SCHEMA s CASCADE');
    expect(db.names('s')).to.deep.equal([]);
  });

  it('says what is missing or of another kind', () => {
    const db = new FakeDatabase();
    db.run('CREATE TABLE t (a int)');
    expect(db.error('DROP TABLE x')).to.equal('42P01 table "x" does not exist');
    expect(db.error('DROP INDEX x')).to.equal('42704 index "x" does not exist');
    expect(db.error('DROP VIEW t')).to.equal('42809 "t" is not a view\nUse DROP TABLE to remove a table.');
    expect(db.error('DROP TABLE pg_class')).to.equal('42501 permission denied: "pg_class" is a system catalog');
    db.run(
      'DROP TABLE IF EXISTS x; DROP TABLE IF EXISTS nos.x; DROP FUNCTION IF EXISTS f(int); DROP TRIGGER IF EXISTS g ON t',
    );
    expect(db.takeNotices()).to.deep.equal([
      'NOTICE 00000 table "x" does not exist, skipping',
      'NOTICE 00000 schema "nos" does not exist, skipping',
      'NOTICE 00000 function f(pg_catalog.int4) does not exist, skipping',
      'NOTICE 00000 trigger "g" for relation "t" does not exist, skipping',
    ]);
  });
});

describe('TRUNCATE', () => {
  it('gives new heaps, and refuses or takes along what refers to the table', () => {
    const db = new FakeDatabase();
    db.run('CREATE TABLE p (id serial PRIMARY KEY); CREATE TABLE f (a int REFERENCES p)');
    expect(db.error('TRUNCATE p')).to.equal(
      '0A000 cannot truncate a table referenced in a foreign key constraint\nTable "f" references "p".\nTruncate table "f" at the same time, or use TRUNCATE ... CASCADE.',
    );
    const before = db.relation('p').relId;
    const sequence = db.relation('p').columns[0].sequenceOid;
    db.sequences.set(sequence, { lastValue: 9n, isCalled: true });
    expect(db.run('TRUNCATE p RESTART IDENTITY CASCADE')).to.equal('TRUNCATE TABLE');
    expect(db.takeNotices()).to.deep.equal(['NOTICE 00000 truncate cascades to table "f"']);
    expect(db.relation('p').relId).not.to.equal(before);
    expect(db.sequences.get(sequence)).to.deep.equal({ lastValue: 1n, isCalled: false });
  });
});
