/** What is cheapest is chosen: access paths by the share of rows, joins by the size of both sides, and each switch is honoured. */
import { expect } from 'chai';
import type { PlannerSettings } from '../../planner/environment.ts';
import { World } from './world.ts';

const days = Array.from({ length: 101 }, (_, i) => i * 10);

function world(): World {
  return new World()
    .table('users', 'id int primary key, city text, status text, created int, email text unique, plain int, zip int', {
      rows: 1_000_000,
      pages: 20_000,
      columns: {
        city: {
          distinct: 1000,
          mostCommonValues: ['big', 'middle'],
          mostCommonFrequencies: [0.6, 0.02],
          histogram: ['a', 'f', 'm', 't', 'zz'],
        },
        status: { distinct: 3, mostCommonValues: ['on', 'off', 'odd'], mostCommonFrequencies: [0.6, 0.3999, 0.0001] },
        created: { distinct: -1, histogram: days, correlation: 1 },
        plain: { distinct: -0.5, histogram: days },
        zip: { distinct: 5000 },
      },
    })
    .table('orders', 'id int primary key, user_id int, amount int', {
      rows: 2_000_000,
      pages: 16_000,
      columns: { user_id: { distinct: 500_000 } },
    })
    .index('users_city', 'users', 'city')
    .index('users_status', 'users', 'status')
    .index('users_created', 'users', 'created')
    .index('users_plain', 'users', 'plain')
    .index('orders_user', 'orders', 'user_id');
}

const w = world();
const first = (sql: string, settings: PlannerSettings = {}): string => w.explain(sql, { settings }).split('\n')[0];
const rowsOf = (sql: string): number => Number(/rows=(\d+)/.exec(w.explain(sql, { costs: true }))?.[1]);

describe('the cheapest access path', () => {
  it('is a scan where there is no index', () => {
    expect(first('select * from users where zip = 5')).to.equal('Seq Scan on users');
  });

  it('is a scan for a predicate that keeps 60 %, an index for 0.01 %', () => {
    expect(first("select * from users where status = 'on'")).to.equal('Seq Scan on users');
    expect(first("select * from users where status = 'odd'")).to.equal('Index Scan using users_status on users');
    expect(first("select * from users where city = 'big'")).to.equal('Seq Scan on users');
    expect(first("select * from users where city = 'rare'")).to.equal('Index Scan using users_city on users');
  });

  it('depends on how far the table is in the order of the index', () => {
    // A tenth of the table: in order it is a piece of it, in no order it is all of its pages.
    expect(first('select * from users where created < 100')).to.equal('Index Scan using users_created on users');
    expect(first('select * from users where plain < 100')).to.equal('Seq Scan on users');
  });

  it('depends on what is in memory', () => {
    const cold = new World()
      .table('t', 'id int primary key, a int', {
        rows: 1_000_000,
        pages: 20_000,
        resident: 0,
        columns: { a: { distinct: 1000 } },
      })
      .index('t_a', 't', 'a');
    const hot = new World()
      .table('t', 'id int primary key, a int', { rows: 1_000_000, pages: 20_000, columns: { a: { distinct: 1000 } } })
      .index('t_a', 't', 'a');
    const costOf = (one: World): number =>
      Number(/\.\.([\d.]+)/.exec(one.explain('select * from t where a = 5', { costs: true }))?.[1]);
    expect(costOf(cold)).to.be.greaterThan(costOf(hot) * 10);
  });

  it('is the order of an index for the first rows only', () => {
    expect(first('select * from users order by plain limit 10')).to.equal('Limit');
    expect(w.explain('select * from users order by plain limit 10')).to.contain('Index Scan using users_plain');
    expect(w.explain('select * from users order by plain')).to.contain('Sort');
  });
});

describe('the cheapest join', () => {
  const join = 'select * from users u join orders o on o.user_id = u.id';

  it('probes an index for few outer rows, and hashes for many', () => {
    expect(first(`${join} where u.email = 'x'`)).to.equal('Nested Loop');
    expect(first(join)).to.equal('Hash Join');
  });

  it('honours the switches', () => {
    expect(first(`${join} where u.email = 'x'`, { enableNestedLoop: false })).to.equal('Hash Join');
    expect(first(join, { enableHashJoin: false })).to.equal('Nested Loop');
    const few = "select * from users where city = 'rare'";
    expect(first(few, { enableIndexScan: false, enableBitmapScan: false })).to.equal('Seq Scan on users');
    expect(first("select * from users where status = 'on'", { enableSeqScan: false })).to.contain('Index Scan');
    const grouped = 'select plain, count(*) from users group by plain';
    expect(first(grouped)).to.equal('HashAggregate');
    expect(first(grouped, { enableHashAggregate: false })).to.equal('GroupAggregate');
    // Sorting is dear when it is off: the order of an index instead.
    expect(w.explain('select * from users order by plain', { settings: { enableSort: false } })).to.contain(
      'Index Scan',
    );
  });
});

describe('estimated rows', () => {
  it('of equalities come from common values, and of what is not common from the rest', () => {
    expect(rowsOf("select * from users where city = 'big'")).to.equal(600_000);
    expect(rowsOf("select * from users where city = 'rare'")).to.be.closeTo(380_000 / 998, 2);
    expect(rowsOf("select * from users where city <> 'big'")).to.equal(400_000);
    expect(rowsOf("select * from users where not city = 'big'")).to.equal(400_000);
    expect(rowsOf("select * from users where city in ('big', 'middle', 'big')")).to.equal(620_000);
  });

  it('of ranges come from the histogram, between its bounds as well, of numbers and texts', () => {
    expect(rowsOf('select * from users where created < 250')).to.be.closeTo(250_000, 2000);
    expect(rowsOf('select * from users where created between 100 and 104')).to.be.closeTo(4000, 1000);
    expect(rowsOf('select * from users where created > 900 and created < 100')).to.equal(1);
    // 'h' is between 'f' and 'm': more than a quarter and less than half of the 38 % that are not common; 'big' is below it.
    const below = rowsOf("select * from users where city < 'h'");
    expect(below).to.be.within(600_000 + 380_000 * 0.25, 600_000 + 380_000 * 0.5);
  });

  it('of two conditions on one column are not independent', () => {
    expect(rowsOf("select * from users where city = 'big' and city = 'middle'")).to.equal(1);
    expect(rowsOf("select * from users where city = 'big' and city <> 'middle'")).to.equal(600_000);
  });

  it('of groups are limited by conditions on the columns', () => {
    const groups = (where: string): number =>
      rowsOf(`select city, status, count(*) from users where ${where} group by city, status`);
    expect(groups("city in ('a', 'b') and status = 'on'")).to.be.at.most(2);
    expect(groups('id > 0')).to.equal(3000);
  });

  it('of column groups follow CREATE STATISTICS', () => {
    const table = (groups: ConstructorParameters<typeof Object>[0]): World =>
      new World().table('a', 'zip int, town int', {
        rows: 100_000,
        columns: { zip: { distinct: 1000 }, town: { distinct: 100 } },
        groups: groups as [],
      });
    const sql = 'select * from a where zip = 3 and town = 7';
    const estimate = (one: World, text = sql): number =>
      Number(/rows=(\d+)/.exec(one.explain(text, { costs: true }))?.[1]);
    const base = { statisticsOid: 1, columns: [1, 2], distinct: null, dependencies: null, common: null };
    expect(estimate(table([]))).to.equal(1);
    const dependencies = [{ from: [1], to: 2, degree: 1 }];
    expect(estimate(table([{ ...base, dependencies }]))).to.equal(100);
    const common = [{ values: [3, 7], frequency: 0.25, baseFrequency: 0.00001 }];
    expect(estimate(table([{ ...base, common }]))).to.equal(25_000);
    const distinct = [{ columns: [1, 2], distinct: 1000 }];
    const grouped = 'select zip, town, count(*) from a group by zip, town';
    expect(estimate(table([]), grouped)).to.equal(10_000);
    expect(estimate(table([{ ...base, distinct }]), grouped)).to.equal(1000);
  });

  it('of joins match the common values of both sides', () => {
    const skewed = { distinct: 1000, mostCommonValues: [1], mostCommonFrequencies: [0.5], histogram: days };
    const two = new World()
      .table('l', 'a int', { rows: 10_000, columns: { a: skewed } })
      .table('r', 'a int', { rows: 10_000, columns: { a: skewed } });
    const found = Number(/rows=(\d+)/.exec(two.explain('select * from l join r on l.a = r.a', { costs: true }))?.[1]);
    // 5,000 x 5,000 of the common value alone.
    expect(found).to.be.within(25_000_000, 25_100_000);
  });
});

describe('plans for values', () => {
  it('have probes where the share of rows depends on the value, and none where it does not', () => {
    expect(w.plan("select * from users where city = 'big'").probes).not.to.equal(null);
    expect(w.plan('select * from users where id = 5').probes).to.equal(null);
    expect(w.plan("select * from users where email = 'x' limit 5").probes).not.to.equal(null);
  });

  it('fall into classes by the rows that they let through', () => {
    const { probes } = w.plan('select * from users where city = $1', { parameterTypes: [25] });
    const key = (value: string | null): string =>
      probes?.key(value === null ? null : { param: () => value, literal: () => undefined }, null) ?? '';
    expect(key('big')).not.to.equal(key('rare'));
    expect(key('rare')).to.equal(key('other'));
    expect(key('middle')).not.to.equal(key('big'));
  });
});
