/**
 * Result rows on their way to the client, beside PostgreSQL: `node --import tsx bench/rows.ts`.
 *
 * What counts is the server's processor time for a row, the two servers in turn; above 1: hotrow needs less. The client reads
 * bytes and looks at no value; both servers must send the same number of bytes.
 * `--rows N --rounds N --only WORD`; `--base FILE`: beside an earlier hotrow.js in place of PostgreSQL.
 */
import { Buffer } from 'node:buffer';
import { connect, type Socket } from 'node:net';
import { type BenchServer, startHotrow, startPostgres } from './servers.ts';

const args = new Map<string, string>();
for (let i = 2; i < process.argv.length; i += 2) args.set(process.argv[i].replace(/^--/, ''), process.argv[i + 1]);
const ROWS = Number(args.get('rows') ?? 1_000_000);
const ROUNDS = Number(args.get('rounds') ?? 5);
const ONLY = args.get('only') ?? '';
const BASE = args.get('base');

/** A hundred cities and ten states: 1 % of 1 M rows is 10,000. */
const SETUP = [
  'DROP TABLE IF EXISTS bench_rows',
  `CREATE TABLE bench_rows (id int PRIMARY KEY, name text NOT NULL, city text, status text NOT NULL, email varchar(80),
     price numeric(12,2), created timestamp, day date, score float8, visits bigint, active bool)`,
  `INSERT INTO bench_rows SELECT i, 'name of ' || i, 'city ' || i % 100, 'status ' || i / 100 % 10,
     'user' || i || '@example.com', i % 100000 / 100.0, timestamp '2024-01-01' + i * interval '1 second',
     date '2020-01-01' + i % 1000, i / 7.0, i * 1000003::bigint, i % 3 = 0 FROM generate_series(1, ${ROWS}) AS i`,
  'CREATE INDEX ON bench_rows (city)',
  'CREATE INDEX ON bench_rows (status)',
  'VACUUM ANALYZE bench_rows',
];

interface Case {
  readonly name: string;
  readonly sql: string;
  /** 0 text, 1 binary; null: the simple protocol (COPY). */
  readonly format: 0 | 1 | null;
  /** Times in one round; more than one: prepared, with the number of the time as parameter. */
  readonly times: number;
}

const FOUR = 'SELECT id, name, city, email FROM bench_rows';
const CASES: readonly Case[] = [
  { name: 'all rows, 4 columns, text', sql: FOUR, format: 0, times: 1 },
  { name: 'all rows, 4 columns, binary', sql: FOUR, format: 1, times: 1 },
  { name: 'all rows, 11 columns, text', sql: 'SELECT * FROM bench_rows', format: 0, times: 1 },
  { name: 'all rows, 11 columns, binary', sql: 'SELECT * FROM bench_rows', format: 1, times: 1 },
  { name: 'two conditions', sql: `${FOUR} WHERE city = 'city 7' AND status = 'status 3'`, format: 0, times: 30 },
  { name: 'one condition', sql: `${FOUR} WHERE city = 'city 7'`, format: 0, times: 10 },
  { name: 'page of 100 rows', sql: `${FOUR} WHERE id > $1 ORDER BY id LIMIT 100`, format: 0, times: 2000 },
  { name: 'row by key', sql: `${FOUR} WHERE id = $1`, format: 0, times: 20_000 },
  { name: 'COPY TO, 11 columns, text', sql: 'COPY bench_rows TO STDOUT', format: null, times: 1 },
  { name: 'COPY TO, 11 columns, binary', sql: 'COPY bench_rows TO STDOUT (FORMAT binary)', format: null, times: 1 },
];

function message(type: string, ...parts: (string | Buffer)[]): Buffer {
  const body = Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(`${part}\0`) : part)));
  const head = Buffer.alloc(5);
  head.write(type, 0, 'latin1');
  head.writeInt32BE(body.length + 4, 1);
  return Buffer.concat([head, body]);
}

function int16(...values: number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 2);
  values.forEach((value, i) => {
    bytes.writeInt16BE(value, i * 2);
  });
  return bytes;
}

/** Bytes and rows of what came, by the messages' heads. */
class RowClient {
  readonly #socket: Socket;
  readonly #head = Buffer.alloc(5);
  #headSize = 0;
  #left = 0;
  #type = 0;
  #error: Buffer[] = [];
  #ready: ((value: null) => void) | null = null;
  bytes = 0;
  rows = 0;

  constructor(port: number) {
    this.#socket = connect(port, '127.0.0.1');
    this.#socket.setNoDelay(true);
    this.#socket.on('data', (chunk: Buffer) => this.#take(chunk));
    const startup = Buffer.concat([Buffer.from([0, 3, 0, 0]), Buffer.from('user\0postgres\0\0')]);
    const head = Buffer.alloc(4);
    head.writeInt32BE(startup.length + 4);
    this.#socket.write(Buffer.concat([head, startup]));
  }

  ready(): Promise<null> {
    return new Promise((resolve) => {
      this.#ready = resolve;
    });
  }

  send(...messages: Buffer[]): Promise<null> {
    this.#socket.write(Buffer.concat(messages));
    return this.ready();
  }

  #take(chunk: Buffer): void {
    let at = 0;
    while (at < chunk.length) {
      if (this.#left > 0) {
        const size = Math.min(this.#left, chunk.length - at);
        if (this.#type === 69) this.#error.push(Buffer.from(chunk.subarray(at, at + size)));
        this.#left -= size;
        at += size;
      } else {
        this.#head[this.#headSize++] = chunk[at++];
        if (this.#headSize < 5) continue;
        this.#headSize = 0;
        this.#type = this.#head[0];
        this.#left = this.#head.readInt32BE(1) - 4;
        if (this.#type === 68 || this.#type === 100) {
          this.rows++;
          this.bytes += this.#left;
        }
      }
      if (this.#left === 0 && this.#headSize === 0 && this.#type === 90) {
        if (this.#error.length > 0) throw new Error(Buffer.concat(this.#error).toString());
        this.#ready?.(null);
      }
    }
  }

  end(): void {
    this.#socket.destroy();
  }
}

interface Outcome {
  /** Microseconds of the server's processor time for a row. */
  readonly us: number;
  readonly ms: number;
  readonly bytes: number;
}

async function measure(server: BenchServer, { sql, format, times }: Case): Promise<Outcome> {
  const client = new RowClient(server.port);
  await client.ready();
  if (format !== null) await client.send(message('P', 's', sql, int16(0)), message('S'));
  const hasParameter = sql.includes('$1');
  const run = (n: number): Promise<null> => {
    if (format === null) return client.send(message('Q', sql));
    const value = Buffer.from(String(1 + ((n * 7919) % (ROWS - 200))));
    const size = Buffer.alloc(4);
    size.writeInt32BE(value.length);
    const values = hasParameter ? [int16(0, 1), size, value] : [int16(0, 0)];
    const bind = message('B', '', 's', ...values, int16(1, format));
    return client.send(bind, message('E', '', Buffer.alloc(4)), message('S'));
  };
  for (let n = 0; n < Math.min(times, 1000); n++) await run(n);
  client.rows = 0;
  client.bytes = 0;
  const cpu = server.cpuMs();
  const start = performance.now();
  for (let n = 0; n < times; n++) await run(n);
  const ms = performance.now() - start;
  const us = ((server.cpuMs() - cpu) * 1000) / client.rows;
  client.end();
  return { us, ms, bytes: client.bytes };
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1];
}

async function compare(servers: readonly BenchServer[], test: Case): Promise<void> {
  const outcomes = servers.map((): Outcome[] => []);
  for (let round = 0; round < ROUNDS; round++) {
    for (const [i, server] of servers.entries()) outcomes[i].push(await measure(server, test));
  }
  const us = outcomes.map((list) => median(list.map((o) => o.us)));
  const ms = outcomes.map((list) => median(list.map((o) => o.ms)));
  if (outcomes.some((list) => list[0].bytes !== outcomes[0][0].bytes))
    console.log(`  ${test.name}: bytes differ: ${outcomes.map((list) => list[0].bytes).join(', ')}`);
  const show = (values: number[], digits: number): string => values.map((v) => v.toFixed(digits).padStart(9)).join('');
  const ratio = servers.length < 2 ? '' : `${(us[1] / us[0]).toFixed(2).padStart(8)}x`;
  console.log(`${test.name.padEnd(30)}${show(us, 3)} us a row${ratio}   ${show(ms, 0)} ms`);
}

const servers: BenchServer[] = [];
try {
  servers.push(await startHotrow());
  const other = BASE === undefined ? await startPostgres() : await startHotrow({}, BASE);
  if (other !== null) servers.push(other);
  for (const server of servers) {
    const client = new RowClient(server.port);
    await client.ready();
    for (const statement of SETUP) await client.send(message('Q', statement));
    client.end();
  }
  console.log(`${''.padEnd(33)}hotrow${(BASE === undefined ? 'postgres' : 'base').padStart(9)}`);
  for (const test of CASES) if (test.name.includes(ONLY)) await compare(servers, test);
} finally {
  for (const server of servers) server.stop();
}
