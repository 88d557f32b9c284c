/**
 * What a start costs: a table with three indexes is filled, the server stops, and starts again; the time from the start of the
 * process to the first answered query. After a clean stop, after a kill in the middle of more loading, and with the images taken away
 * (which is what every start cost before there were images).
 *
 *     node --import tsx bench/restart.ts [rows] [--no-rebuild]
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import pg from 'pg';

export interface RestartBenchResult {
  readonly milliseconds: Record<string, number>;
  readonly imageBytes: number;
  /** Rows that the first query after each start counted by index. */
  readonly checksum: number;
}

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const BATCH_ROWS = 500_000;
/** One row of the middle, through each index. */
const FIRST_QUERY = (row: number): string =>
  `SELECT (SELECT count(*) FROM t WHERE id = ${row}) + (SELECT count(*) FROM t WHERE stamp = ${row * 7})
        + (SELECT count(*) FROM t WHERE name = 'customer ${row}')`;

interface Server {
  readonly client: pg.Client;
  readonly process: ChildProcess;
}

async function start(directory: string, size: number): Promise<Server> {
  const buffers = `${Math.max(64, Math.ceil((size * 130) / 2 ** 20))}MB`;
  const args = [join(ROOT, 'dist/hotrow.js'), '-D', directory, '-p', '0', '-B', buffers];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'ignore'] });
  const port = await new Promise<number>((resolve, reject) => {
    child.stdout?.on('data', (chunk: Buffer) => {
      const ready = /postgres:\/\/[^\s]*:(\d+)\//.exec(chunk.toString());
      if (ready !== null) resolve(Number(ready[1]));
    });
    child.once('exit', (code) => reject(new Error(`hotrow ended with ${code}`)));
  });
  const client = new pg.Client({ host: '127.0.0.1', port, user: 'postgres', database: 'postgres' });
  client.on('error', () => {});
  await client.connect();
  return { client, process: child };
}

async function end(server: Server, signal: NodeJS.Signals): Promise<void> {
  const exit = once(server.process, 'exit');
  if (signal === 'SIGTERM') await server.client.end();
  server.process.kill(signal);
  await exit;
}

function insert(client: pg.Client, from: number, to: number): Promise<unknown> {
  return client.query(
    `INSERT INTO t SELECT g, g * 7, 'customer ' || g, g % 1000 FROM generate_series(${from}, ${to}) AS g`,
  );
}

/** `rebuilds`: with the start without images, too. */
async function run(size: number, rebuilds = true): Promise<RestartBenchResult> {
  execFileSync('node', [join(ROOT, 'bin/build.mjs')], { stdio: 'inherit' });
  const directory = mkdtempSync(join(tmpdir(), 'hotrow-restart-'));
  const milliseconds: Record<string, number> = {};
  let checksum = 0;
  let imageBytes = 0;
  const time = async <T>(name: string, action: () => Promise<T>): Promise<T> => {
    const began = performance.now();
    const result = await action();
    milliseconds[name] = Math.round(performance.now() - began);
    return result;
  };
  const startAndAsk = async (): Promise<Server> => {
    const server = await start(directory, size);
    const { rows } = await server.client.query({ text: FIRST_QUERY(size >>> 1), rowMode: 'array' });
    checksum += Number((rows[0] as unknown as string[])[0]);
    return server;
  };
  try {
    let server = await start(directory, size);
    await time('fill', async () => {
      await server.client.query('CREATE TABLE t (id int PRIMARY KEY, stamp bigint, name text, rest int)');
      await server.client.query('CREATE INDEX ON t (stamp)');
      await server.client.query('CREATE INDEX ON t (name)');
      for (let row = 1; row <= size; row += BATCH_ROWS)
        await insert(server.client, row, Math.min(size, row + BATCH_ROWS - 1));
    });
    await time('clean stop', () => end(server, 'SIGTERM'));
    const images = join(directory, 'index');
    imageBytes = readdirSync(images).reduce((sum, name) => sum + statSync(join(images, name)).size, 0);
    server = await time('start after a clean stop', startAndAsk);
    await time('stop with nothing to write', () => end(server, 'SIGTERM'));
    server = await startAndAsk();
    const more = insert(server.client, size + 1, size + Math.ceil(size / 20));
    await more;
    const cut = insert(server.client, 2 * size, 3 * size).catch(() => {});
    await new Promise((resolve) => setTimeout(resolve, 200));
    await end(server, 'SIGKILL');
    await cut;
    server = await time('start after a kill, a twentieth more loaded', startAndAsk);
    await end(server, rebuilds ? 'SIGTERM' : 'SIGKILL');
    if (!rebuilds) return { milliseconds, imageBytes, checksum };
    rmSync(images, { recursive: true });
    server = await time('start without images', startAndAsk);
    await end(server, 'SIGKILL');
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
  return { milliseconds, imageBytes, checksum };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const result = await run(Number(process.argv[2] ?? 1_000_000), !process.argv.includes('--no-rebuild'));
  for (const [name, value] of Object.entries(result.milliseconds)) console.log(`${name.padEnd(48)}${value} ms`);
  console.log(`images: ${(result.imageBytes / 2 ** 20).toFixed(1)} MB; checksum ${result.checksum}`);
}
