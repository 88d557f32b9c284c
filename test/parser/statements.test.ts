/** What a statement's tree says, area by area. */
import { expect } from 'chai';
import type { Query, SelectBody } from '../../parser/index.ts';
import { as, bare, only } from './support.ts';

const query = (text: string): Query => as('query', text);
const select = (text: string): SelectBody => {
  const { body } = query(text);
  if (body.kind !== 'select') throw new Error(body.kind);
  return body;
};

describe('SELECT', () => {
  it('has targets with labels, bare or after AS', () => {
    const aliases = select('select a, b as c, d e, f "G", 1 value, * from t').targets.map((target) => target.alias);
    expect(aliases).to.deep.equal([null, 'c', 'e', 'G', 'value', null]);
    expect(select('select from t').targets).to.deep.equal([]);
  });

  it('joins to the left, unless ON says otherwise', () => {
    const [left] = select('select * from a join b on x left join c using (i) as u cross join d').from;
    expect(left).to.include({ kind: 'join', joinType: 'cross' });
    expect(left).to.have.nested.property('left.joinType', 'left');
    expect(left).to.have.nested.property('left.usingAlias', 'u');
    expect(left).to.have.nested.property('left.left.joinType', 'inner');
    const [nested] = select('select * from a join b join c on x on y').from;
    expect(nested).to.have.nested.property('right.kind', 'join');
    expect(nested).to.have.nested.property('left.kind', 'table');
  });

  it('reads tables, functions, subqueries and joins in FROM', () => {
    const items =
      select(`select * from only a.b c(d, e), f(1) with ordinality g, lateral (select 1) h, (x cross join y) as z,
      rows from (f(), g() as (i int)) r, k() as (l int, m text), t tablesample system (10) repeatable (3)`).from;
    expect(items.map((item) => item.kind)).to.deep.equal([
      'table',
      'functionRef',
      'subqueryRef',
      'join',
      'functionRef',
      'functionRef',
      'table',
    ]);
    expect(bare(items[0])).to.deep.equal({
      kind: 'table',
      name: ['a', 'b'],
      only: true,
      alias: { name: 'c', columns: ['d', 'e'] },
      sample: null,
    });
    expect(items[1]).to.include({ ordinality: true });
    expect(items[3]).to.have.nested.property('alias.name', 'z');
    expect(items[4]).to.include({ rowsFrom: true });
    expect(items[5]).to.have.nested.property('columnDefs.length', 2);
    expect(items[6]).to.have.nested.property('sample.repeatable.value', 3);
  });

  it('groups', () => {
    const clause = select(
      'select 1 from t group by distinct a, (), rollup(b, (c, d)), grouping sets ((a), cube(b))',
    ).groupBy;
    expect(clause?.distinct).to.equal(true);
    expect(clause?.items.map((item) => item.kind)).to.deep.equal(['expr', 'empty', 'rollup', 'groupingSets']);
  });

  it('combines sets: INTERSECT first, then from the left', () => {
    const { body } = query('select 1 union all select 2 except select 3 intersect select 4');
    expect(body).to.include({ kind: 'setOperation', operator: 'except', all: false });
    expect(body).to.have.nested.property('left.body.operator', 'union');
    expect(body).to.have.nested.property('left.body.all', true);
    expect(body).to.have.nested.property('right.body.operator', 'intersect');
  });

  it('orders and limits the whole, or the part in parentheses', () => {
    const outer = query('(select 1 order by 1 limit 2) union select 3 order by 1 offset 4');
    expect(outer.orderBy).to.have.length(1);
    expect(outer.limit).to.equal(null);
    expect(outer.offset).to.have.property('value', 4);
    expect(outer.body).to.have.nested.property('left.limit.value', 2);
    expect(query('select 1 order by 1 fetch first 3 rows with ties').limitWithTies).to.equal(true);
    expect(query('select 1 fetch next row only').limit).to.have.property('value', 1);
    expect(query('select 1 limit all').limit).to.have.property('kind', 'null');
    expect(query('(select 1 order by 1) limit 2').orderBy).to.have.length(1);
  });

  it('locks', () => {
    const { locking } = query('select 1 from a, b for no key update of a nowait for share skip locked');
    expect(locking.map(({ strength, of, wait }) => [strength, of.map((one) => one.name[0]), wait])).to.deep.equal([
      ['no key update', ['a'], 'nowait'],
      ['share', [], 'skip locked'],
    ]);
  });

  it('has common table expressions', () => {
    const clause = query(
      'with recursive a(x) as not materialized (select 1), b as (delete from t returning *) table a',
    ).with;
    expect(clause?.recursive).to.equal(true);
    expect(clause?.ctes.map((cte) => [cte.name, cte.columns, cte.materialized, cte.query.kind])).to.deep.equal([
      ['a', ['x'], false, 'query'],
      ['b', [], null, 'delete'],
    ]);
  });
});

describe('INSERT, UPDATE, DELETE, MERGE', () => {
  it('INSERT has columns, rows with defaults, a query, or defaults only', () => {
    const insert = as('insert', "insert into s.t as x (a, b[1], c.d) values (1, default, 'z') returning a, *");
    expect(insert.table).to.deep.equal(['s', 't']);
    expect(insert.columns?.map((column) => [column.column, column.indirection.length])).to.deep.equal([
      ['a', 0],
      ['b', 1],
      ['c', 1],
    ]);
    expect(insert.source?.body).to.have.nested.property('rows[0][1].kind', 'default');
    expect(insert.returning).to.have.length(2);
    expect(as('insert', 'insert into t default values').source).to.equal(null);
    expect(as('insert', 'insert into t (select 1)').columns).to.equal(null);
    expect(as('insert', 'insert into t overriding user value select 1').overriding).to.equal('user');
  });

  it('ON CONFLICT infers from columns and expressions, or names a constraint', () => {
    const { onConflict } = as(
      'insert',
      'insert into t values (1) on conflict (a, lower(b)) where c do update set d = excluded.d where e',
    );
    expect(onConflict?.target).to.have.nested.property('elements[0].column', 'a');
    expect(onConflict?.target).to.have.nested.property('elements[1].expr.kind', 'function');
    expect(onConflict).to.include({ action: 'update' });
    expect(
      as('insert', 'insert into t values (1) on conflict on constraint c do nothing').onConflict?.target,
    ).to.include({
      kind: 'constraint',
      name: 'c',
    });
  });

  it('UPDATE assigns columns, elements, and several at once', () => {
    const update = as(
      'update',
      'update only t as x set a = default, b[1] = 2, (c, d) = (select 1, 2) from y where x.i = y.i',
    );
    expect(update.table).to.deep.include({ only: true, alias: { name: 'x', columns: [] } });
    expect(update.assignments.map((one) => [one.kind, one.value.kind])).to.deep.equal([
      ['assign', 'default'],
      ['assign', 'integer'],
      ['multiAssign', 'scalarSubquery'],
    ]);
    expect(as('update', 'update t set a = 1 where current of c').where).to.include({ kind: 'currentOf', cursor: 'c' });
  });

  it('DELETE and MERGE', () => {
    expect(as('delete', 'delete from t using u where t.a = u.a returning t.*')).to.have.nested.property(
      'using.length',
      1,
    );
    const merge = as(
      'merge',
      'merge into t using s on t.a = s.a when matched and t.b then delete when not matched then insert (a) values (1)',
    );
    expect(merge.clauses.map((clause) => [clause.matched, clause.action.kind])).to.deep.equal([
      [true, 'delete'],
      [false, 'insert'],
    ]);
  });
});

describe('CREATE TABLE', () => {
  it('has columns with constraints', () => {
    const { elements } = as(
      'createTable',
      `create table t (a int primary key, b text collate "C" constraint n not null default 'x' unique,
         c int references u (i) match full on delete set null (c) on update cascade deferrable initially deferred,
         d int generated by default as identity (start 5), e int generated always as (a + 1) stored, check (a > 1) no inherit)`,
    );
    const kinds = elements.map((one) =>
      one.kind === 'column' ? one.constraints.map((constraint) => constraint.kind) : one.kind,
    );
    expect(kinds).to.deep.equal([
      ['primaryKey'],
      ['notNull', 'default', 'unique'],
      ['foreignKey'],
      ['identity'],
      ['generated'],
      'constraint',
    ]);
    expect(elements[1]).to.have.nested.property('constraints[0].name', 'n');
    expect(elements[2]).to.have.deep.nested.property('constraints[0].references.onDeleteColumns', ['c']);
    expect(elements[2]).to.deep.nested.include({
      'constraints[0].deferrable': true,
      'constraints[0].initiallyDeferred': true,
      'constraints[0].references.match': 'full',
    });
    expect(elements[3]).to.have.nested.property('constraints[0].options.start', 5);
  });

  it('has table constraints, LIKE, inheritance, partitions and storage', () => {
    const table = as(
      'createTable',
      `create unlogged table if not exists s.t (a int, like u including all excluding indexes, constraint k unique nulls not
       distinct (a) include (b), exclude using gist (a with =)) inherits (v) with (fillfactor = 70, toast.x = off) tablespace y`,
    );
    expect(table).to.include({ persistence: 'unlogged', ifNotExists: true, tablespace: 'y' });
    expect(table.elements[1]).to.have.nested.property('options.length', 2);
    expect(table.elements[2]).to.deep.nested.include({ 'constraint.name': 'k', 'constraint.nullsNotDistinct': true });
    expect(table.options.map((one) => [one.namespace, one.name, one.value])).to.deep.equal([
      [null, 'fillfactor', 70],
      ['toast', 'x', 'off'],
    ]);
    const part = as(
      'createTable',
      'create table p partition of t for values from (1, minvalue) to (2, maxvalue) partition by hash (a)',
    );
    expect(part.partitionOf?.bound.kind).to.equal('range');
    expect(part.partitionBy?.strategy).to.equal('hash');
  });

  it('AS has a query, with or without data', () => {
    const statement = as('createTableAs', 'create temp table t (a, b) on commit drop as values (1, 2) with no data');
    expect(statement).to.deep.include({
      columns: ['a', 'b'],
      onCommit: 'drop',
      withData: false,
      persistence: 'temporary',
    });
  });
});

describe('ALTER and the rest of DDL', () => {
  it('ALTER TABLE has several commands', () => {
    const kinds = as(
      'alterTable',
      `alter table if exists only t add a int not null, add constraint c check (a > 1) not valid, drop column if exists b cascade,
       alter c type text using c::text, alter d set default 1, alter e drop not null, owner to o, enable trigger all,
       alter f add generated always as identity, replica identity full, attach partition p default`,
    ).commands.map((command) => command.kind);
    expect(kinds).to.deep.equal([
      'addColumn',
      'addConstraint',
      'dropColumn',
      'alterColumnType',
      'setDefault',
      'dropNotNull',
      'ownerTo',
      'enableTrigger',
      'addIdentity',
      'replicaIdentity',
      'attachPartition',
    ]);
  });

  it('the generic ALTERs name any object', () => {
    expect(as('rename', 'alter table t rename column a to b')).to.deep.include({
      part: { kind: 'column', name: 'a' },
      newName: 'b',
    });
    expect(as('rename', 'alter schema s rename to u').object).to.deep.include({ objectType: 'schema', name: ['s'] });
    expect(as('alterOwner', 'alter function f(int, text) owner to current_user').owner.kind).to.equal('current_user');
    expect(as('alterObjectSchema', 'alter type t set schema s').schema).to.equal('s');
  });

  it('indexes', () => {
    const index = as(
      'createIndex',
      'create unique index concurrently if not exists i on t using gin (a desc nulls first, (b + 1), lower(c) collate "C" s.ops) include (d) where a > 1',
    );
    expect(index).to.include({ name: 'i', unique: true, concurrently: true, ifNotExists: true, method: 'gin' });
    expect(index.elements.map((one) => [one.column, one.expr?.kind ?? null, one.direction, one.nulls])).to.deep.equal([
      ['a', null, 'desc', 'first'],
      [null, 'operator', null, null],
      [null, 'function', null, null],
    ]);
    expect(index.elements[2].operatorClass).to.deep.equal(['s', 'ops']);
    expect(as('createIndex', 'create index on t (a)').name).to.equal(null);
  });

  it('sequences', () => {
    expect(
      as(
        'createSequence',
        'create sequence s as int increment by -2 no minvalue maxvalue 9223372036854775807 cycle owned by t.a',
      ).options,
    ).to.deep.include({
      increment: -2,
      minValue: null,
      maxValue: 9223372036854775807n,
      cycle: true,
      ownedBy: ['t', 'a'],
    });
    expect(as('alterSequence', 'alter sequence s restart').options.restart).to.equal(null);
  });

  it('views keep where their query stands in the text', () => {
    const text = 'create or replace view v (a) as select 1 with check option';
    const view = as('createView', text);
    expect(text.slice(view.queryStart, view.queryEnd)).to.equal('select 1');
    expect(view).to.deep.include({ orReplace: true, columns: ['a'], checkOption: 'cascaded' });
  });

  it('types, domains, functions, triggers', () => {
    expect(as('createEnum', "create type t as enum ('a', 'b')").labels).to.deep.equal(['a', 'b']);
    expect(as('createDomain', 'create domain d as int check (value > 1) not null').constraints).to.have.length(2);
    const routine = as(
      'createFunction',
      "create function f(a int, out b text, variadic c int[] default null) returns setof x language sql stable as 'y'",
    );
    expect(routine.parameters.map((parameter) => [parameter.name, parameter.mode])).to.deep.equal([
      ['a', null],
      ['b', 'out'],
      ['c', 'variadic'],
    ]);
    expect(routine.body).to.deep.equal(['y']);
    expect(routine.options).to.deep.equal([
      { name: 'language', value: 'sql', position: 84 },
      { name: 'volatility', value: 'stable', position: 97 },
    ]);
    expect(
      as('createTrigger', 'create trigger x after update of a or delete on t for each row execute function f(1)')
        .events,
    ).to.have.length(2);
  });

  it('drops and comments', () => {
    const drop = as('drop', 'drop table if exists a.b, c cascade');
    expect(drop).to.include({ objectType: 'table', ifExists: true, behavior: 'cascade' });
    expect(drop.objects.map((object) => object.name)).to.deep.equal([['a', 'b'], ['c']]);
    expect(as('comment', "comment on column s.t.c is 'x'").object).to.deep.include({ name: ['c'], on: ['s', 't'] });
    expect(as('comment', 'comment on table t is null').comment).to.equal(null);
    expect(as('dropDatabase', 'drop database d (force)').force).to.equal(true);
  });

  it('roles and rights', () => {
    const role = as('createRole', "create user u superuser nologin password 'x' connection limit -1 in role a, b");
    expect(role.options.map((option) => [option.name, option.value])).to.deep.equal([
      ['superuser', true],
      ['canlogin', false],
      ['password', 'x'],
      ['connectionlimit', -1],
    ]);
    expect(role.inRoles).to.have.length(2);
    const grant = as('grant', 'grant select (a), update on t, u to public, r with grant option');
    expect(grant.privileges).to.deep.equal([
      { name: 'select', columns: ['a'] },
      { name: 'update', columns: [] },
    ]);
    expect(grant.grantees.map((grantee) => grantee.kind)).to.deep.equal(['public', 'name']);
    expect(as('revoke', 'revoke all on all tables in schema s from r cascade').target).to.deep.include({
      kind: 'allInSchema',
    });
    expect(as('grantRole', 'grant a, b to c with admin option')).to.deep.include({
      roles: ['a', 'b'],
      adminOption: true,
    });
  });
});

describe('session statements', () => {
  it('transactions', () => {
    expect(as('begin', 'begin isolation level repeatable read, read only, not deferrable').modes).to.deep.equal({
      isolation: 'repeatable read',
      readOnly: true,
      deferrable: false,
    });
    expect(as('begin', 'start transaction').startTransaction).to.equal(true);
    expect(as('commit', 'end and chain').chain).to.equal(true);
    expect(as('rollbackToSavepoint', 'rollback work to savepoint s').name).to.equal('s');
    expect(as('releaseSavepoint', 'release s').name).to.equal('s');
    expect(as('prepareTransaction', "prepare transaction 'x'").id).to.equal('x');
  });

  it('SET takes words, strings and numbers, and has special names', () => {
    const set = as('set', "set local search_path = a, 'B', -1.5, on");
    expect(set).to.include({ scope: 'local', name: 'search_path' });
    expect(set.values?.map((value) => [value.kind, value.value])).to.deep.equal([
      ['word', 'a'],
      ['string', 'B'],
      ['numeric', '-1.5'],
      ['word', 'on'],
    ]);
    expect(as('set', 'set my.var to default')).to.deep.include({ name: 'my.var', values: null });
    expect(as('set', "set time zone 'UTC'").name).to.equal('timezone');
    expect(as('set', 'set session authorization default').values).to.equal(null);
    expect(as('set', "set names 'utf8'").name).to.equal('client_encoding');
    expect(
      as('setTransaction', 'set session characteristics as transaction read only').sessionCharacteristics,
    ).to.equal(true);
    expect(as('show', 'show all').name).to.equal(null);
    expect(as('reset', 'reset time zone').name).to.equal('timezone');
  });

  it('prepared statements and cursors', () => {
    const text = 'prepare p (int, text) as select $1, $2';
    const prepare = as('prepare', text);
    expect(prepare.types).to.have.length(2);
    expect(text.slice(prepare.statementStart, prepare.statementEnd)).to.equal('select $1, $2');
    expect(as('declareCursor', 'declare c no scroll cursor with hold for select 1')).to.include({
      scroll: false,
      hold: true,
    });
    const fetches: readonly (readonly [string, string, number | 'all'])[] = [
      ['fetch c', 'forward', 1],
      ['fetch next from c', 'forward', 1],
      ['fetch -5 c', 'forward', -5],
      ['fetch all c', 'forward', 'all'],
      ['fetch backward all in c', 'backward', 'all'],
      ['fetch prior c', 'backward', 1],
      ['fetch first c', 'absolute', 1],
      ['fetch last c', 'absolute', -1],
      ['fetch relative -3 c', 'relative', -3],
    ];
    for (const [statement, direction, count] of fetches) {
      expect(as('fetch', statement), statement).to.include({ direction, count, cursor: 'c' });
    }
    expect(as('fetch', 'fetch next')).to.include({ cursor: 'next' });
  });

  it('COPY has new options and old words alike', () => {
    const options = (text: string): unknown => as('copy', text).options.map((option) => [option.name, option.value]);
    expect(
      options("copy t (a) from stdin with (format csv, header, delimiter ';', force_null (a, b), force_quote *)"),
    ).to.deep.equal([
      ['format', 'csv'],
      ['header', null],
      ['delimiter', ';'],
      ['force_null', ['a', 'b']],
      ['force_quote', '*'],
    ]);
    expect(options("copy t to stdout csv header delimiter as ';' null '' force quote a, b")).to.deep.equal([
      ['format', 'csv'],
      ['header', true],
      ['delimiter', ';'],
      ['null', ''],
      ['force_quote', ['a', 'b']],
    ]);
    expect(as('copy', 'copy (select 1) to stdout').query?.kind).to.equal('query');
    expect(as('copy', "copy t from program 'x' where a > 1")).to.include({ endpoint: 'program', path: 'x' });
  });

  it('EXPLAIN, VACUUM, LOCK, TRUNCATE, DO', () => {
    expect(
      as('explain', 'explain (analyze, buffers off, format json) select 1').options.map((one) => [one.name, one.value]),
    ).to.deep.equal([
      ['analyze', null],
      ['buffers', 'off'],
      ['format', 'json'],
    ]);
    expect(as('explain', 'explain analyze verbose delete from t').options).to.have.length(2);
    expect(as('explain', 'explain (select 1)').options).to.deep.equal([]);
    expect(as('vacuum', 'vacuum full verbose t (a)').options.map((one) => one.name)).to.deep.equal(['full', 'verbose']);
    expect(as('analyze', 'analyze t, u').relations).to.have.length(2);
    expect(as('lockTable', 'lock t in share row exclusive mode nowait')).to.include({
      mode: 'share row exclusive',
      nowait: true,
    });
    expect(as('truncate', 'truncate only t, u restart identity cascade')).to.include({
      restartIdentity: true,
      behavior: 'cascade',
    });
    expect(as('do', 'do language plpgsql $$ begin end $$').body).to.equal(' begin end ');
    expect(only('checkpoint').kind).to.equal('checkpoint');
  });
});
