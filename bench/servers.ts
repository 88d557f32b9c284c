/** The two servers that benchmarks compare: hotrow as it ships, and PostgreSQL where its binaries are found. */
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { chownSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Settings by PostgreSQL's names, for both. */
export type ServerSettings = Readonly<Record<string, string>>;

export interface BenchServer {
  readonly name: 'hotrow' | 'postgres';
  readonly port: number;
  readonly processId: number;
  /** Bytes of log written since the start of its history. */
  walBytes(): number;
  /** Milliseconds of processor time, user and system, that all of the server has taken so far. */
  cpuMs(): number;
  /** kill -9, start again; milliseconds until it answers. */
  crashAndRestart(): Promise<number>;
  stop(): void;
}

const ROOT = fileURLToPath(new URL('..', import.meta.url));
/** What both get, unless told otherwise: enough memory for everything that is measured. */
const SHARED_BUFFERS = '1GB';

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

function psql(port: number, text: string): string {
  const all = ['-X', '-A', '-t', '-q', '-h', '127.0.0.1', '-p', String(port), '-U', 'postgres', '-c', text, 'postgres'];
  return execFileSync('psql', all, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
}

/** Until it answers a query; milliseconds. */
async function untilAnswer(port: number): Promise<number> {
  const start = performance.now();
  for (;;) {
    if (await isListening(port)) {
      try {
        psql(port, 'SELECT 1');
        return performance.now() - start;
      } catch {
        // It is still recovering.
      }
    }
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

function isListening(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = new Socket();
    socket.once('connect', () => resolve(true));
    socket.once('error', () => resolve(false));
    socket.once('close', () => socket.destroy());
    socket.connect(port, '127.0.0.1');
    socket.on('connect', () => socket.end());
  });
}

/** Of the threads of a process that are there now: the scheduler's own count, in nanoseconds. */
export function threadsCpuMs(processId: number): number {
  let ns = 0;
  for (const thread of readdirSync(`/proc/${processId}/task`)) {
    try {
      ns += Number(readFileSync(`/proc/${processId}/task/${thread}/schedstat`, 'utf8').split(' ')[0]);
    } catch {
      // It has ended.
    }
  }
  return ns / 1e6;
}

/** The children of a process that are there now. */
function childrenOf(processId: number): number[] {
  return readFileSync(`/proc/${processId}/task/${processId}/children`, 'utf8').trim().split(' ').map(Number);
}

/** Of children that have ended: in ticks of 10 ms, as everywhere on Linux. */
function endedChildrenCpuMs(processId: number): number {
  // Behind the name, which may hold spaces: state is the third field, cutime and cstime the sixteenth and seventeenth.
  const fields = readFileSync(`/proc/${processId}/stat`, 'utf8')
    .replace(/^.*\) /s, '')
    .split(' ');
  return (Number(fields[13]) + Number(fields[14])) * 10;
}

/** What `npm start` gives Node (bin/README.md). */
function nodeOptions(): string[] {
  const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { scripts: { start: string } };
  return scripts.start.split(' ').filter((word) => word.startsWith('--'));
}

const LSN_BYTES = "SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')";

/** `program`: a hotrow.js that was built before, to compare with; without it, what the sources make now. */
export async function startHotrow(settings: ServerSettings = {}, program?: string): Promise<BenchServer> {
  if (program === undefined) execFileSync('node', [join(ROOT, 'bin/build.mjs'), '--compiled'], { stdio: 'inherit' });
  const directory = mkdtempSync(join(tmpdir(), 'hotrow-bench-'));
  const port = await freePort();
  const all = { shared_buffers: SHARED_BUFFERS, ...settings };
  const options = Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const script = program ?? join(ROOT, 'dist/hotrow.js');
  const args = [...nodeOptions(), script, '-D', join(directory, 'data'), '-p', String(port), ...options];
  let child: ChildProcess;
  const start = async (): Promise<void> => {
    child = spawn('node', args, { stdio: ['ignore', 'pipe', 'inherit'] });
    await new Promise<void>((resolve, reject) => {
      child.stdout?.once('data', () => resolve());
      child.once('exit', (code) => {
        if (code !== null) reject(new Error(`hotrow ended with ${code}`));
      });
    });
  };
  await start();
  return {
    name: 'hotrow',
    port,
    get processId() {
      return child.pid as number;
    },
    cpuMs: () => threadsCpuMs(child.pid as number),
    walBytes: () => Number(psql(port, LSN_BYTES)),
    crashAndRestart: async () => {
      child.kill('SIGKILL');
      await new Promise((resolve) => child.once('exit', resolve));
      const starting = start();
      const ms = await untilAnswer(port);
      await starting;
      return ms;
    },
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

export async function startPostgres(settings: ServerSettings = {}): Promise<BenchServer | null> {
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
  const all = {
    shared_buffers: SHARED_BUFFERS,
    max_wal_size: '4GB',
    jit: 'off',
    max_parallel_workers_per_gather: '0',
    ...settings,
  };
  const options = Object.entries(all).map(([name, value]) => `-c ${name}=${value}`);
  const start = (wait: boolean): void =>
    run(
      `${bin}/pg_ctl -D ${data} -l ${directory}/log ${wait ? '-w' : '-W'} -o '-p ${port} -k ${directory} ${options.join(' ')}' start`,
    );
  start(true);
  const processId = (): number => Number(readFileSync(join(data, 'postmaster.pid'), 'utf8').split('\n')[0]);
  return {
    name: 'postgres',
    port,
    get processId() {
      return processId();
    },
    cpuMs: () =>
      childrenOf(processId()).reduce((sum, child) => sum + threadsCpuMs(child), endedChildrenCpuMs(processId())),
    walBytes: () => Number(psql(port, LSN_BYTES)),
    crashAndRestart: async () => {
      run(`${bin}/pg_ctl -D ${data} -m immediate stop`);
      start(false);
      return untilAnswer(port);
    },
    stop: () => {
      run(`${bin}/pg_ctl -D ${data} -m immediate stop`);
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
