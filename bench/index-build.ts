/**
 * How fast indexes are filled, beside PostgreSQL: CREATE INDEX over a table of so many rows, and COPY of so many rows more into a table
 * of five times as many that has three indexes (a unique integer, a unique text, a column of five values).
 *
 *     node --import tsx bench/index-build.ts [rows] [--rounds N] [--only build|copy] [--base hotrow.js]
 *
 * The servers take turns; a figure is the median of its rounds: milliseconds by the clock, and of the server's processor time. `--base`:
 * an earlier hotrow.js as well. Answers through the indexes must be equal.
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

const INDEXES: readonly (readonly [name: string, definition: string, condition: string])[] = [
  ['text', '(email)', `email = 'user0000777@example.com'`],
  ['unique text', 'UNIQUE (email)', `email = 'user0000777@example.com'`],
  ['(int, text)', '(tenant, email)', `tenant = 17 AND email < 'user0002'`],
  ['text of five values', '(status)', `status = 'paid'`],
  ['text, descending', '(email DESC)', `email > 'user0000777'`],
  ['int', '(id)', 'id = 777'],
  ['hash, int', 'USING hash (id)', 'id = 777'],
  ['hash, text', 'USING hash (email)', `email = 'user0000777@example.com'`],
];
const STATUSES = ['new', 'paid', 'sent', 'done', 'returned'];
const COPIES = 6;

export interface IndexBuildResult {
  /** PostgreSQL's time by hotrow's: by the clock, and of the processor. */
  readonly ratios: Record<string, { readonly clock: number; readonly cpu: number }>;
  readonly answers: readonly string[];
}

interface Contender {
  readonly name: string;
  readonly server: BenchServer;
  readonly client: pg.Client;
}

interface Figure {
  readonly ms: number;
  readonly cpuMs: number;
}

async function connect(name: string, server: BenchServer): Promise<Contender> {
  const client = new pg.Client({ host: '127.0.0.1', port: server.port, user: 'postgres', database: 'postgres' });
  await client.connect();
  await client.query(`SET maintenance_work_mem = '256MB'`);
  return { name, server, client };
}

/** Rows from..to of the table, in an order that scatters emails. */
async function writeRows(path: string, from: number, to: number): Promise<void> {
  const file = createWriteStream(path);
  for (let id = from; id < to; id++) {
    const scattered = (id * 7_368_787) % 10_000_000;
    const email = `user${String(scattered).padStart(7, '0')}@example.com`;
    const line = `${id}\t${scattered % 1000}\t${email}\t${STATUSES[id % 5]}\n`;
    if (!file.write(line)) await once(file, 'drain');
  }
  file.end();
  await finished(file);
}

function copyIn({ server }: Contender, table: string, path: string): void {
  const args = ['-X', '-q', '-h', '127.0.0.1', '-p', String(server.port), '-U', 'postgres', '-v', 'ON_ERROR_STOP=1'];
  execFileSync('psql', [...args, '-c', `\\copy ${table} FROM '${path}'`, 'postgres'], { stdio: 'inherit' });
}

async function timed({ server }: Contender, action: () => unknown): Promise<Figure> {
  const cpu = server.cpuMs();
  const began = performance.now();
  await action();
  return { ms: performance.now() - began, cpuMs: server.cpuMs() - cpu };
}

function medianOf(figures: readonly Figure[], of: 'ms' | 'cpuMs'): number {
  return figures.map((figure) => figure[of]).sort((a, b) => a - b)[figures.length >> 1];
}

class Bench implements IndexBuildResult {
  readonly ratios: IndexBuildResult['ratios'] = {};
  readonly answers: string[] = [];
  private readonly contenders: readonly Contender[];

  constructor(contenders: readonly Contender[]) {
    this.contenders = contenders;
  }

  private print(name: string, figures: ReadonlyMap<Contender, readonly Figure[]>): void {
    const of = (contender: Contender, what: 'ms' | 'cpuMs'): number => medianOf(figures.get(contender)!, what);
    const [ours, theirs] = [this.contenders[0], this.contenders.at(-1)!];
    this.ratios[name] = {
      clock: of(theirs, 'ms') / of(ours, 'ms'),
      cpu: of(theirs, 'cpuMs') / of(ours, 'cpuMs'),
    };
    const columns = this.contenders.map((contender) => {
      return `${contender.name} ${of(contender, 'ms').toFixed(0)} (CPU ${of(contender, 'cpuMs').toFixed(0)})`.padEnd(
        28,
      );
    });
    console.log(`${name.padEnd(24)}${columns.join('')}ratio ${this.ratios[name].clock.toFixed(2)}`);
  }

  private async expectSame(condition: string, table: string): Promise<void> {
    const texts: string[] = [];
    for (const { client } of this.contenders) {
      await client.query('SET enable_seqscan = off');
      const { rows } = await client.query(`SELECT count(*) AS c, sum(id) AS s FROM ${table} WHERE ${condition}`);
      texts.push(`${rows[0].c} ${rows[0].s}`);
    }
    if (new Set(texts).size > 1) throw new Error(`${condition}: ${texts.join(', ')}`);
    this.answers.push(texts[0]);
  }

  async build(path: string, rounds: number): Promise<void> {
    for (const contender of this.contenders) {
      await contender.client.query('CREATE TABLE t (id int, tenant int, email text, status text)');
      copyIn(contender, 't', path);
      await contender.client.query('VACUUM ANALYZE t');
    }
    for (const [name, definition, condition] of INDEXES) {
      const figures = new Map<Contender, Figure[]>(this.contenders.map((contender) => [contender, []]));
      const unique = definition.startsWith('UNIQUE ') ? 'UNIQUE ' : '';
      const create = `CREATE ${unique}INDEX t_index ON t ${definition.slice(unique.length)}`;
      for (let round = 0; round < rounds; round++) {
        for (const contender of this.contenders) {
          if (round > 0) await contender.client.query('DROP INDEX t_index');
          figures.get(contender)!.push(await timed(contender, () => contender.client.query(create)));
        }
      }
      this.print(`CREATE INDEX ${name}`, figures);
      await this.expectSame(condition, 't');
      for (const { client } of this.contenders) await client.query('DROP INDEX t_index');
    }
  }

  /** As many rows at a time, until there are so many of them that the last ones go into a large table. */
  async copy(paths: readonly string[]): Promise<void> {
    for (const { client } of this.contenders) {
      await client.query('CREATE TABLE c (id int PRIMARY KEY, tenant int, email text UNIQUE, status text)');
      await client.query('CREATE INDEX ON c (status)');
    }
    for (const [i, path] of paths.entries()) {
      const figures = new Map<Contender, Figure[]>();
      for (const contender of this.contenders)
        figures.set(contender, [await timed(contender, () => copyIn(contender, 'c', path))]);
      this.print(`COPY, ${i + 1} of ${paths.length}`, figures);
    }
    await this.expectSame(`email = 'user0000777@example.com'`, 'c');
    await this.expectSame(`status = 'paid'`, 'c');
  }
}

async function run(
  rows: number,
  options: { rounds?: number; only?: string; base?: string } = {},
): Promise<IndexBuildResult> {
  const directory = mkdtempSync(join(tmpdir(), 'hotrow-index-build-'));
  const contenders: Contender[] = [];
  try {
    const settings = { shared_buffers: '2GB', synchronous_commit: 'on' };
    contenders.push(await connect('hotrow', await startHotrow(settings)));
    if (options.base !== undefined) contenders.push(await connect('base', await startHotrow(settings, options.base)));
    const postgres = await startPostgres({ ...settings, max_parallel_maintenance_workers: '0' });
    if (postgres === null) throw new Error('PostgreSQL is not installed');
    contenders.push(await connect('PostgreSQL', postgres));
    const bench = new Bench(contenders);
    const paths: string[] = [];
    for (let i = 0; i < (options.only === 'build' ? 1 : COPIES); i++) {
      paths.push(join(directory, String(i)));
      await writeRows(paths[i], i * rows, (i + 1) * rows);
    }
    if (options.only !== 'copy') await bench.build(paths[0], options.rounds ?? 3);
    for (const { client } of contenders) await client.query('DROP TABLE IF EXISTS t');
    if (options.only !== 'build') await bench.copy(paths);
    return bench;
  } finally {
    for (const { client, server } of contenders) {
      await client.end().catch(() => {});
      server.stop();
    }
    rmSync(directory, { recursive: true, force: true });
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const args = process.argv.slice(2);
  const optionOf = (name: string): string | undefined => {
    const at = args.indexOf(name);
    return at < 0 ? undefined : args[at + 1];
  };
  const rows = Number(args.find((arg, i) => /^\d+$/.test(arg) && args[i - 1] !== '--rounds') ?? 1_000_000);
  await run(rows, {
    rounds: Number(optionOf('--rounds') ?? 3),
    only: optionOf('--only') ?? '',
    ...(optionOf('--base') === undefined ? {} : { base: optionOf('--base') as string }),
  });
}
