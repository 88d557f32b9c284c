/**
 * Statements that come once, as people and tools type them: random conditions over one table, in which no two are alike, beside PostgreSQL.
 * The server's processor time for a statement, by rows of the table; answers are compared.
 *
 *     node --import tsx bench/ad-hoc.ts [--statements 600] [--rows 100,1000,10000,30000,100000] [--base FILE]
 *
 * The first third warms up and is not counted. `--base FILE`: a hotrow.js that was built before takes PostgreSQL's place.
 */
import pg from 'pg';
import { type BenchServer, startHotrow, startPostgres } from './servers.ts';

const args = process.argv.slice(2);
const option = (name: string, otherwise: string): string =>
  args.includes(`--${name}`) ? args[args.indexOf(`--${name}`) + 1] : otherwise;
const STATEMENTS = Number(option('statements', '600'));
const ROWS = option('rows', '100,1000,10000,30000,100000').split(',').map(Number);
const BASE = option('base', '');
/** Statements whose time is taken together: the processor's time is told in hundredths of a second. */
const AT_ONCE = 20;

const TARGETS = ['count(*)', 'sum(a)', 'max(b), min(c)', 'sum(d), count(*)'];

/** The same statements in each run. */
class RandomStatements {
  #state = 1;

  next(): string {
    return `SELECT ${TARGETS[this.#below(TARGETS.length)]} FROM t WHERE ${this.#condition(2)}`;
  }

  #below(n: number): number {
    this.#state = (Math.imul(this.#state, 1_103_515_245) + 12_345) & 0x7fffffff;
    return (this.#state >>> 8) % n;
  }

  #condition(depth: number): string {
    const parts = Array.from({ length: 2 + this.#below(3) }, () =>
      depth > 0 && this.#below(3) === 0 ? `(${this.#condition(depth - 1)})` : this.#comparison(),
    );
    return parts.join(this.#below(2) === 0 ? ' AND ' : ' OR ');
  }

  #comparison(): string {
    const column = 'abcd'[this.#below(4)];
    const value = (): number => this.#below(900);
    switch (this.#below(6)) {
      case 0:
        return `${column} BETWEEN ${value() >> 4} AND ${value()}`;
      case 1:
        return `${column} IN (${value()}, ${value()}, ${value()})`;
      default:
        return `${column} ${['<', '>', '<=', '>=', '<>'][this.#below(5)]} ${value()}`;
    }
  }
}

interface Contender {
  readonly server: BenchServer;
  readonly client: pg.Client;
}

async function contender(server: BenchServer): Promise<Contender> {
  const client = new pg.Client({ host: '127.0.0.1', port: server.port, user: 'postgres', database: 'postgres' });
  await client.connect();
  return { server, client };
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1];
}

/** Milliseconds of the processor a statement took, in groups. */
async function run({ server, client }: Contender, statements: readonly string[], answers: string[]): Promise<number[]> {
  const times: number[] = [];
  for (let i = 0; i < statements.length; i += AT_ONCE) {
    const group = statements.slice(i, i + AT_ONCE);
    const cpu = server.cpuMs();
    for (const text of group) {
      const { rows } = await client.query({ text, rowMode: 'array' });
      answers.push(JSON.stringify(rows));
    }
    times.push((server.cpuMs() - cpu) / group.length);
  }
  return times.slice(Math.ceil(times.length / 3));
}

const servers: BenchServer[] = [await startHotrow()];
try {
  const other = BASE === '' ? await startPostgres() : await startHotrow({}, BASE);
  if (other !== null) servers.push(other);
  const contenders = await Promise.all(servers.map(contender));
  console.log(`statements that come once; ms of processor time: hotrow, ${BASE === '' ? 'PostgreSQL' : BASE}, ratio`);
  for (const rows of ROWS) {
    const random = new RandomStatements();
    const statements = Array.from({ length: STATEMENTS }, () => random.next());
    const answers = contenders.map((): string[] => []);
    const times: number[] = [];
    for (const [i, each] of contenders.entries()) {
      await each.client.query(`DROP TABLE IF EXISTS t;
        CREATE TABLE t AS SELECT g AS id, (g::int8 * 7919 % 10007)::int AS a, (g::int8 * 104729 % 1009)::int AS b, (g % 97)::float8 AS c,
          ((g % 1000) / 10.0)::numeric(10, 2) AS d, 'name' || g AS n FROM generate_series(1, ${rows}) AS g`);
      await each.client.query('ANALYZE t');
      times.push(median(await run(each, statements, answers[i])));
    }
    const shown = times.map((time) => time.toFixed(2).padStart(8)).join(' ');
    const ratio = times.length < 2 ? '' : (times[1] / times[0]).toFixed(2).padStart(8);
    const isSame = answers.length < 2 || answers[0].join() === answers[1].join();
    console.log(`${String(rows).padStart(8)} rows ${shown} ${ratio}${isSame ? '' : '  ANSWERS DIFFER'}`);
  }
  for (const { client } of contenders) await client.end();
} finally {
  for (const server of servers) server.stop();
}
