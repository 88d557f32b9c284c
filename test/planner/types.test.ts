/** Types: which overload, cast and common type expressions get (manual, chapter 10), and what parameters are inferred to be. */
import { expect } from 'chai';
import { formatType } from '../../types/index.ts';
import { World } from './world.ts';

const w = new World()
  .table(
    't',
    'id int primary key, a int, b text, c varchar(20), d numeric(10,2), f boolean, dt date, e float8, sm smallint, big bigint, arr int[]',
  )
  .table('u', 'id int primary key, tid int not null');

function typeOf(expression: string): string {
  const [column] = w.plan(`select ${expression} from t`).plan.output;
  return formatType(column.typeOid, column.typeModifier);
}

describe('types of expressions', () => {
  const cases: Readonly<Record<string, string>> = {
    '1': 'integer',
    '-2147483648': 'integer',
    '2147483648': 'bigint',
    '1.5': 'numeric',
    "'x'": 'text',
    null: 'text',
    'a + 1': 'integer',
    'a + big': 'bigint',
    'sm + sm': 'smallint',
    'sm + 1': 'integer',
    'a + d': 'numeric',
    'd * 2': 'numeric',
    'e * d': 'double precision',
    'a / 2.0': 'numeric',
    'b || 1': 'text',
    "c || 'x'": 'text',
    c: 'character varying(20)',
    d: 'numeric(10,2)',
    'dt + 1': 'date',
    "dt - '2020-01-01'": 'integer',
    "dt + interval '1 day'": 'timestamp without time zone',
    'sum(a)': 'bigint',
    'sum(big)': 'numeric',
    'avg(a)': 'numeric',
    'avg(e)': 'double precision',
    'count(*)': 'bigint',
    'max(c)': 'text',
    'array_agg(a)': 'integer[]',
    'array[1, 2.5]': 'numeric[]',
    "array['a', b]": 'text[]',
    'arr[1]': 'integer',
    'arr[1:2]': 'integer[]',
    'case when f then 1 else 2.5 end': 'numeric',
    "case when f then 'x' else b end": 'text',
    'coalesce(a, big)': 'bigint',
    'greatest(a, e)': 'double precision',
    'nullif(a, 2.5)': 'numeric',
    "'5'::numeric(4,1)": 'numeric(4,1)',
    'c::varchar(3)': 'character varying(3)',
    "interval '1' day": 'interval day',
    'exists (select 1)': 'boolean',
    '(select id from u limit 1)': 'integer',
    'array(select id from u)': 'integer[]',
    'a = any(arr)': 'boolean',
    'row_number() over ()': 'bigint',
    'sum(d) over ()': 'numeric',
    current_date: 'date',
    current_user: 'name',
  };
  for (const [expression, type] of Object.entries(cases)) {
    const grouped = /^(sum|avg|count|max|array_agg)\(/.test(expression);
    it(`${expression} is ${type}${grouped ? ', aggregated' : ''}`, () => {
      expect(typeOf(expression)).to.equal(type);
    });
  }
});

describe('types of parameters', () => {
  const cases: Readonly<Record<string, string>> = {
    'select * from t where id = $1': 'integer',
    'select * from t where c = $1': 'text',
    'select * from t where d > $1': 'numeric',
    'select * from t where dt = $1': 'date',
    'select * from t where id = any($1)': 'integer[]',
    'select * from t limit $1': 'bigint',
    'select $1': 'text',
    'select $1 + 1': 'integer',
    'select $1::date': 'date',
    'insert into t(id, d) values (1, $1)': 'numeric',
    'update t set b = $1': 'text',
    'select case when f then a else $1 end from t': 'integer',
    'select coalesce($1, d) from t': 'numeric',
    'select * from t where b like $1': 'text',
    'select * from t where f = $1': 'boolean',
  };
  for (const [sql, type] of Object.entries(cases)) {
    it(`${sql}: ${type}`, () => {
      expect(w.plan(sql).parameterTypes.map((oid) => formatType(oid))).to.deep.equal([type]);
    });
  }

  it('stay as declared', () => {
    const { parameterTypes } = w.plan('select * from t where big = $1', { parameterTypes: [23] });
    expect(parameterTypes).to.deep.equal([23]);
  });
});

describe('names of result columns', () => {
  const cases: Readonly<Record<string, readonly string[]>> = {
    'select 1, a, t.a, a + 1, upper(b), a::text, 5::int, b as "X" from t': [
      '?column?',
      'a',
      'a',
      '?column?',
      'upper',
      'a',
      'int4',
      'X',
    ],
    'select case when f then 1 end, case when f then 1 else a end, coalesce(a, 1), array[1], row(1), current_date from t':
      ['case', 'a', 'coalesce', 'array', 'row', 'current_date'],
    'select (select id from u limit 1), exists (select 1), arr[1], true from t': ['id', 'exists', 'arr', '?column?'],
    'values (1, 2)': ['column1', 'column2'],
    'select a as x from t union select 1': ['x'],
  };
  for (const [sql, names] of Object.entries(cases)) {
    it(sql, () => {
      expect(w.plan(sql).plan.output.map((column) => column.name)).to.deep.equal(names);
    });
  }

  it('tell the table column that they copy', () => {
    const [id, sum] = w.plan('select id, a + 1 from t').plan.output;
    expect([id.columnNumber, sum.columnNumber]).to.deep.equal([1, 0]);
    expect(id.tableOid).to.equal(w.catalog.relationByName(2200, 't')?.oid);
  });
});

describe('shared plans', () => {
  const shared = (sql: string): boolean => w.plan(sql).shareable;

  it('serve statements whose literals are only compared, computed with or stored', () => {
    for (const sql of [
      'select * from t where id = 5',
      "select * from t where b = 'x' and d > 1.5",
      'update t set a = a + 5 where id = 3',
      "insert into t(id, b, d) values (1, 'x', 2.5)",
      'select * from t where id in (1, 2, 3)',
      'select * from t where a = -5',
      'select * from t limit 10 offset 5',
      'select case a when 1 then 2 end from t',
      'select a, count(*) from t where id = 5 group by 1 order by 2, 1',
      'select a, b from t where id < 5 order by 2 desc, 1',
    ]) {
      expect(shared(sql), sql).to.equal(true);
    }
  });

  it('do not serve others where a literal has decided something', () => {
    for (const sql of [
      'select a, b from t order by (2)',
      'select distinct on (1) a from t',
      "select * from t where c like 'x%' and c is not null",
      'select a + 1 from t group by a + 1',
    ]) {
      const indexed = new World().table('t', 'id int primary key, a int, b text, c varchar(20) unique');
      expect(indexed.plan(sql).shareable, sql).to.equal(false);
    }
  });

  it('tell which tables are locked how, and what writes', () => {
    const { tableLocks, readOnly } = w.plan('update t set a = u.tid from u where u.id = t.id');
    expect(tableLocks.map((lock) => lock.mode)).to.deep.equal(['row exclusive', 'access share']);
    expect(readOnly).to.equal(false);
    expect(w.plan('select * from t').readOnly).to.equal(true);
    expect(w.plan('select * from t for update').tableLocks[0].mode).to.equal('row share');
  });
});
