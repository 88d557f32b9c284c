/**
 * How many rows a plan says it will have where that can be known: sets that functions return, groups of expressions. Where
 * PostgreSQL 15 has an estimate of its own, it is PostgreSQL's.
 */
import { expect } from 'chai';
import { World } from './world.ts';

const DAY = 86_400_000_000;

const w = new World().table('t', 'id int primary key, tags int[], at timestamptz, on_day date, n int, name text', {
  rows: 100_000,
  pages: 1000,
  columns: {
    at: { distinct: -1, histogram: [0, 200 * DAY, 364.5 * DAY] },
    on_day: { distinct: 1000, histogram: [0, 500, 999] },
    n: { distinct: -1, histogram: [1, 50_000, 100_000] },
    name: { distinct: 5000 },
  },
});

/** Rows of the topmost node. */
function rowsOf(sql: string): number {
  return Number(/rows=(\d+)/.exec(w.explain(sql, { costs: true }))?.[1]);
}

function check(cases: Readonly<Record<string, number>>): void {
  for (const [sql, rows] of Object.entries(cases)) expect(rowsOf(sql), sql).to.equal(rows);
}

describe('rows of a function in FROM', () => {
  it('are what generate_series will give for constants', () => {
    check({
      'select * from generate_series(1, 5)': 5,
      'select * from generate_series(1, 1000000)': 1_000_000,
      'select * from generate_series(5, 1, -2)': 3,
      'select * from generate_series(1, 10, 3)': 4,
      'select * from generate_series(10, 1)': 1,
      'select * from generate_series(1, null::int)': 1,
      'select * from generate_series(1::bigint, 20000000000)': 20_000_000_000,
      'select * from generate_series(1, 2 + 3)': 5,
      'select * from generate_series(1.5, 10)': 9,
      'select * from generate_series(0, 1, 0.1)': 11,
    });
  });

  it('are counted in days, hours and months, also relative to now', () => {
    check({
      "select * from generate_series(timestamp '2024-01-01', '2024-12-31', '1 day')": 366,
      "select * from generate_series(date '2024-01-01', date '2024-01-31', '1 day')": 31,
      "select * from generate_series(now() - interval '1 day', now(), '1 hour')": 25,
      "select * from generate_series(current_date - 7, current_date, '1 day')": 8,
      "select * from generate_series(timestamp '2024-01-01', '2024-04-01', '1 month')": 4,
      "select * from generate_series(timestamp '2024-01-02', '2024-01-01', '-1 hour')": 25,
    });
  });

  it('are what pg_proc says where the arguments are not known', () => {
    check({
      'select * from generate_series(1, (random() * 10)::int)': 1000,
      'select * from generate_series(1, 5, 0)': 1000,
      'select g from t, generate_series(1, t.n) g where t.id = 1': 1000,
      "select * from jsonb_array_elements('[]')": 100,
      "select * from regexp_split_to_table('a b', ' ')": 1000,
      "select * from regexp_matches('a', 'a')": 1,
      "select * from regexp_matches('a', 'a', 'g')": 10,
      'select * from abs(-1)': 1,
    });
  });

  it('are the elements of an array', () => {
    check({
      "select * from unnest('{1,2,3}'::int[])": 3,
      'select * from unnest(array[1, 2, 3, 4])': 4,
      'select * from unnest(array[[1, 2], [3, 4]])': 4,
      'select u from t, unnest(t.tags) u where t.id = 1': 10,
    });
  });

  it('of several functions side by side are those of the longest', () => {
    check({ "select * from rows from (generate_series(1, 5), unnest('{1,2,3,4,5,6,7}'::int[])) as r(a, b)": 7 });
  });
});

describe('rows of a set in the select list', () => {
  it('multiply the rows below', () => {
    check({
      'select generate_series(1, 5)': 5,
      'select id, generate_series(1, 5) from t': 500_000,
      'select generate_series(1, 5) + 1': 5,
      'select unnest(tags) from t': 1_000_000,
    });
  });

  it('are those of the longest of calls side by side, and the product of calls inside each other', () => {
    check({
      'select generate_series(1, 5), generate_series(1, 7)': 7,
      'select generate_series(1, generate_series(1, 5))': 5000,
      'select generate_series(1, 3) from generate_series(1, 10)': 30,
    });
  });

  it('are groups when grouped by, and distinct rows', () => {
    check({
      'select generate_series(1, 5), count(*) from t group by 1': 5,
      'select distinct generate_series(1, 5) from t': 5,
      'select id, generate_series(1, 5) from t order by generate_series(1, 5)': 500_000,
    });
  });
});

describe('groups of expressions', () => {
  it('of generate_series are its values', () => {
    check({
      'select g, count(*) from generate_series(1, 5000) g group by g': 5000,
      'select o, count(*) from unnest(array[1, 2, 3]) with ordinality u(v, o) group by o': 3,
    });
  });

  it('of a time are the days, months or hours that it goes over', () => {
    check({
      'select at::date, count(*) from t group by 1': 365,
      "select date_trunc('day', at), count(*) from t group by 1": 365,
      "select date_trunc('month', at), count(*) from t group by 1": 12,
      "select date_trunc('month', on_day), count(*) from t group by 1": 33,
      "select date_bin('1 day', at, timestamptz '2000-01-01'), count(*) from t group by 1": 365,
      'select extract(hour from at), count(*) from t group by 1': 24,
      "select date_part('dow', at), count(*) from t group by 1": 7,
      'select extract(year from on_day), count(*) from t group by 1': 3,
      "select date_trunc('month', at)::date, count(*) from t group by 1": 12,
    });
  });

  it('of a remainder or a quotient are as many as the divisor leaves', () => {
    check({
      'select n % 10, count(*) from t group by 1': 10,
      'select n / 1000, count(*) from t group by 1': 100,
      'select g % 7, count(*) from generate_series(1, 5000) g group by 1': 7,
    });
  });

  it('of other expressions are as many as their columns have values', () => {
    check({
      'select lower(name), count(*) from t group by 1': 5000,
      'select now(), count(*) from t group by 1': 1,
      'select random(), count(*) from t group by 1': 100_000,
    });
  });
});

describe('rows of a join by ctid', () => {
  it('are one for each row', () => {
    check({
      'select from t a join t b on a.ctid = b.ctid': 100_000,
      'select from t a join (select ctid, row_number() over () from t) b on a.ctid = b.ctid': 100_000,
    });
  });
});
