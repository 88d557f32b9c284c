/** The two servers that benchmarks compare: hotrow as it ships, and PostgreSQL where its binaries are found. */
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export interface BenchServer {
  readonly name: 'hotrow' | 'postgres';
  readonly port: number;
  stop(): void;
}

const ROOT = fileURLToPath(new URL('..', import.meta.url));
export interface ServerOptions {
  /** What both get: unless a benchmark wants less, enough memory for everything that is measured. */
  readonly sharedBuffers?: string;
  /** More settings of hotrow. */
  readonly settings?: readonly string[];
}
const SHARED_BUFFERS = '1GB';

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

export async function startHotrow(options: ServerOptions = {}): Promise<BenchServer> {
  execFileSync('node', [join(ROOT, 'bin/build.mjs')], { stdio: 'inherit' });
  const directory = mkdtempSync(join(tmpdir(), 'hotrow-bench-'));
  const port = await freePort();
  const args = [
    join(ROOT, 'dist/hotrow.js'),
    '-D',
    join(directory, 'data'),
    '-p',
    String(port),
    '-c',
    `shared_buffers=${options.sharedBuffers ?? SHARED_BUFFERS}`,
    ...(options.settings ?? []).flatMap((setting) => ['-c', setting]),
  ];
  const child: ChildProcess = spawn('node', args, { stdio: ['ignore', 'pipe', 'inherit'] });
  await new Promise<void>((resolve, reject) => {
    child.stdout?.once('data', () => resolve());
    child.once('exit', (code) => reject(new Error(`hotrow ended with ${code}`)));
  });
  return {
    name: 'hotrow',
    port,
    stop: () => {
      child.kill('SIGKILL');
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** The folder of initdb and postgres, or null. */
export function findPostgres(): string | null {
  const candidates = [process.env.PGBIN ?? ''];
  const debian = '/usr/lib/postgresql';
  if (existsSync(debian))
    for (const version of readdirSync(debian).sort().reverse()) candidates.push(join(debian, version, 'bin'));
  for (const folder of (process.env.PATH ?? '').split(':')) candidates.push(folder);
  return candidates.find((folder) => folder !== '' && existsSync(join(folder, 'initdb'))) ?? null;
}

/** initdb and postgres refuse to run as root: then they run as the user postgres. */
function asPostgres(command: string): [string, string[]] {
  return process.getuid?.() === 0 ? ['su', ['postgres', '-s', '/bin/sh', '-c', command]] : ['sh', ['-c', command]];
}

export async function startPostgres(options: ServerOptions = {}): Promise<BenchServer | null> {
  const bin = findPostgres();
  if (bin === null) return null;
  const directory = mkdtempSync(join(tmpdir(), 'postgres-bench-'));
  if (process.getuid?.() === 0) chownSync(directory, Number(execFileSync('id', ['-u', 'postgres'])), -1);
  const data = join(directory, 'data');
  const port = await freePort();
  const run = (command: string): void => {
    const [program, args] = asPostgres(command);
    const result = spawnSync(program, args, { stdio: ['ignore', 'ignore', 'inherit'] });
    if (result.status !== 0) throw new Error(`failed: ${command}`);
  };
  run(`${bin}/initdb -D ${data} -U postgres -A trust --locale=C -E UTF8`);
  const settings = `-p ${port} -k ${directory} -c shared_buffers=${options.sharedBuffers ?? SHARED_BUFFERS} -c max_wal_size=4GB -c jit=off -c max_parallel_workers_per_gather=0`;
  run(`${bin}/pg_ctl -D ${data} -l ${directory}/log -w -o '${settings}' start`);
  return {
    name: 'postgres',
    port,
    stop: () => {
      run(`${bin}/pg_ctl -D ${data} -m immediate stop`);
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
