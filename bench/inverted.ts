/**
 * Inverted indexes beside PostgreSQL's GIN: documents with a jsonb, an array and a tsvector are loaded into both servers; the time to
 * build each index, its size, and queries through it, with equal answers.
 *
 *     node --import tsx bench/inverted.ts [documents] [--only jsonb|array|text]
 *
 * Ratios above 1: hotrow is faster (or smaller), by the clock and by processor time. Times are milliseconds.
 */
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { finished } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { type BenchServer, startHotrow, startPostgres } from './servers.ts';

interface IndexBench {
  readonly part: 'jsonb' | 'array' | 'text';
  readonly name: string;
  readonly definition: string;
  /** Conditions of `SELECT count(*), sum(id) FROM docs WHERE ...`. */
  readonly conditions: readonly string[];
}

const INDEXES: readonly IndexBench[] = [
  {
    part: 'jsonb',
    name: 'jsonb_path_ops',
    definition: 'USING gin (doc jsonb_path_ops)',
    conditions: [
      `doc @> '{"user": {"city": "city 7"}}'`,
      `doc @> '{"user": {"city": "city 7"}, "status": "paid"}'`,
      `doc @> '{"tags": ["tag 3", "tag 40"]}'`,
      `doc @> '{"order": 123456}'`,
      `doc @> '{"status": "rare", "user": {"level": 3}}'`,
    ],
  },
  {
    part: 'jsonb',
    name: 'jsonb_ops',
    definition: 'USING gin (doc)',
    conditions: [
      `doc @> '{"user": {"city": "city 7"}}'`,
      `doc @> '{"user": {"city": "city 7"}, "status": "paid"}'`,
      `doc @> '{"tags": ["tag 3", "tag 40"]}'`,
      `doc @> '{"order": 123456}'`,
      `doc ? 'discount'`,
      `doc ?& '{discount,status}' AND doc @> '{"status": "rare"}'`,
    ],
  },
  {
    part: 'array',
    name: 'array_ops',
    definition: 'USING gin (tags)',
    conditions: [
      `tags @> '{tag 3,tag 40}'`,
      `tags @> '{tag 2000}'`,
      `tags && '{tag 500,tag 501,tag 502}'`,
      `tags @> '{tag 1,tag 2,tag 3}'`,
    ],
  },
  {
    part: 'text',
    name: 'tsvector_ops',
    definition: 'USING gin (words)',
    conditions: [
      `words @@ 'word100'`,
      `words @@ 'word20 & word200'`,
      `words @@ 'word5 & word50 & word500'`,
      `words @@ 'word9000 | word9001 | word800'`,
      `words @@ 'word30 & !word3'`,
      `words @@ 'word1234:*'`,
      `words @@ 'word10 <-> word11'`,
    ],
  },
];

const VOCABULARY = 50_000;
const WORDS_PER_DOCUMENT = 40;
/** A query is repeated for about so long; the figure is the median of its times. */
const QUERY_MS = 1500;
const REPEATS_MAX = 400;
/** Before that: a statement's code is compiled in steps as it is run again. */
const WARM_UPS = 20;
const WARM_UP_MS = 1000;

function random(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    state >>>= 0;
    return state / 4294967296;
  };
}

/** Few common ones, many rare ones. */
function zipf(next: () => number, count: number): number {
  return Math.floor(count ** next()) - 1;
}

async function writeDocuments(path: string, count: number): Promise<void> {
  const file = createWriteStream(path);
  const next = random(42);
  for (let id = 1; id <= count; id++) {
    const tags = Array.from({ length: 1 + Math.floor(next() * 5) }, () => `tag ${zipf(next, 3000)}`);
    const doc: Record<string, unknown> = {
      order: id,
      user: {
        name: `user ${Math.floor(next() * 100_000)}`,
        city: `city ${zipf(next, 1000)}`,
        level: Math.floor(next() * 10),
      },
      status: next() < 0.002 ? 'rare' : ['new', 'paid', 'sent', 'done'][Math.floor(next() * 4)],
      tags,
      amount: Math.floor(next() * 100_000) / 100,
    };
    if (next() < 0.05) doc.discount = { percent: Math.floor(next() * 50) };
    const words: string[] = [];
    for (let position = 1; position <= WORDS_PER_DOCUMENT; position++) {
      words.push(`'word${zipf(next, VOCABULARY)}':${position}`);
    }
    const line = `${id}\t{${tags.map((tag) => `"${tag}"`).join(',')}}\t${JSON.stringify(doc)}\t${words.join(' ')}\n`;
    if (!file.write(line)) await once(file, 'drain');
  }
  file.end();
  await finished(file);
}

function psql(server: BenchServer, ...commands: string[]): void {
  const args = ['-X', '-q', '-h', '127.0.0.1', '-p', String(server.port), '-U', 'postgres', '-v', 'ON_ERROR_STOP=1'];
  execFileSync('psql', [...args, ...commands.flatMap((text) => ['-c', text]), 'postgres'], { stdio: 'inherit' });
}

async function connect(server: BenchServer): Promise<pg.Client> {
  const client = new pg.Client({ host: '127.0.0.1', port: server.port, user: 'postgres', database: 'postgres' });
  await client.connect();
  return client;
}

/** What a statement took: time on the clock, the median of its runs, and processor time of the server, their mean. */
interface Figure {
  readonly ms: number;
  readonly cpuMs: number;
}

async function timed(server: BenchServer, action: () => Promise<unknown>): Promise<Figure> {
  const cpu = server.cpuMs();
  const began = performance.now();
  await action();
  return { ms: performance.now() - began, cpuMs: server.cpuMs() - cpu };
}

async function timeOf(server: BenchServer, client: pg.Client, query: string): Promise<Figure & { answer: string }> {
  const { rows } = await client.query({ text: query, rowMode: 'array' });
  const warm = performance.now() + WARM_UP_MS;
  for (let i = 0; i < WARM_UPS || performance.now() < warm; i++) await client.query(query);
  const times: number[] = [];
  const end = performance.now() + QUERY_MS;
  const { cpuMs } = await timed(server, async () => {
    while (times.length < 10 || (performance.now() < end && times.length < REPEATS_MAX)) {
      const began = performance.now();
      await client.query(query);
      times.push(performance.now() - began);
    }
  });
  const count = times.length;
  times.sort((a, b) => a - b);
  return { ms: times[count >> 1], cpuMs: cpuMs / count, answer: String(rows[0]) };
}

export interface InvertedBenchResult {
  /** PostgreSQL's processor time (or size) by hotrow's: on a busy machine the clock says little. */
  readonly ratios: Record<string, number>;
  /** Of all queries; the same on both. */
  readonly answers: readonly string[];
}

interface Measured {
  readonly build: Figure;
  readonly sizeBytes: number;
  readonly queries: readonly (Figure & { answer: string })[];
}

async function measure(server: BenchServer, bench: IndexBench): Promise<Measured> {
  const client = await connect(server);
  try {
    await client.query(`SET maintenance_work_mem = '256MB'`);
    const build = await timed(server, () => client.query(`CREATE INDEX docs_inverted ON docs ${bench.definition}`));
    const { rows } = await client.query({ text: `SELECT pg_relation_size('docs_inverted')`, rowMode: 'array' });
    await client.query('ANALYZE docs');
    const queries: Measured['queries'][number][] = [];
    for (const condition of bench.conditions) {
      queries.push(await timeOf(server, client, `SELECT count(*), sum(id) FROM docs WHERE ${condition}`));
    }
    await client.query('DROP INDEX docs_inverted');
    return { build, sizeBytes: Number((rows[0] as unknown as unknown[])[0]), queries };
  } finally {
    await client.end();
  }
}

async function run(count: number, only = ''): Promise<InvertedBenchResult> {
  const directory = mkdtempSync(join(tmpdir(), 'hotrow-inverted-'));
  const servers: BenchServer[] = [];
  const ratios: Record<string, number> = {};
  const allAnswers: string[] = [];
  try {
    const path = join(directory, 'docs');
    await writeDocuments(path, count);
    servers.push(await startHotrow({ shared_buffers: '2GB' }));
    const postgres = await startPostgres({ shared_buffers: '2GB' });
    if (postgres === null) throw new Error('PostgreSQL is not installed');
    servers.push(postgres);
    const hasText = only === '' || only === 'text';
    for (const server of servers) {
      const columns = `id int PRIMARY KEY, tags text[], doc jsonb, words ${hasText ? 'tsvector' : 'text'}`;
      psql(server, `CREATE TABLE docs (${columns})`, `\\copy docs FROM '${path}'`);
    }
    for (const bench of INDEXES) {
      if (only !== '' && bench.part !== only) continue;
      const [ours, theirs] = [await measure(servers[0], bench), await measure(servers[1], bench)];
      const print = (name: string, a: number, b: number, cpu: number | null, rest: string): void => {
        ratios[`${bench.name}: ${name}`] = cpu ?? b / a;
        const [own, other] = [a.toFixed(2).padStart(9), b.toFixed(2).padStart(9)];
        const ofCpu = cpu === null ? '' : `  CPU ${cpu.toFixed(2)}`;
        console.log(
          `${bench.name.padEnd(15)}${name.padEnd(62)}${own} PostgreSQL ${other}  ratio ${(b / a).toFixed(2)}${ofCpu}${rest}`,
        );
      };
      print('build, ms', ours.build.ms, theirs.build.ms, theirs.build.cpuMs / ours.build.cpuMs, '');
      print('size, MB', ours.sizeBytes / 2 ** 20, theirs.sizeBytes / 2 ** 20, null, '');
      bench.conditions.forEach((condition, i) => {
        const [a, b] = [ours.queries[i], theirs.queries[i]];
        if (a.answer !== b.answer) throw new Error(`${condition}: ${a.answer}, PostgreSQL ${b.answer}`);
        allAnswers.push(a.answer);
        print(condition.slice(0, 60), a.ms, b.ms, b.cpuMs / a.cpuMs, `  ${a.answer.split(',')[0]} rows`);
      });
    }
  } finally {
    for (const server of servers) server.stop();
    rmSync(directory, { recursive: true, force: true });
  }
  return { ratios, answers: allAnswers };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const args = process.argv.slice(2);
  const at = args.indexOf('--only');
  await run(Number(args.find((arg) => /^\d+$/.test(arg)) ?? 500_000), at < 0 ? '' : args[at + 1]);
}
