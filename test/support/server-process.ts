/** hotrow as a process of its own, as a user starts it: for tests that kill it. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const START_MS_MAX = 20_000;

export interface ServerProcess {
  readonly port: number;
  readonly pid: number;
  /** Ends it as a power failure ends a process: nothing of it runs any more when this is done. */
  kill(): Promise<void>;
  /** SIGTERM, and its exit status. */
  stop(): Promise<number | null>;
  /** What it wrote to its log. */
  log(): string;
}

export async function startServerProcess(
  dataDirectory: string,
  options: readonly string[] = [],
): Promise<ServerProcess> {
  const words = ['--import', 'tsx', 'bin/hotrow.ts', '-D', dataDirectory, '-p', '0', '-B', '16MB', ...options];
  const child = spawn(process.execPath, words, { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  let log = '';
  child.stderr.on('data', (chunk: Buffer) => {
    log += chunk.toString();
  });
  const port = await new Promise<number>((resolve, reject) => {
    const timer = setTimeout(() => {
      child.kill('SIGKILL');
      reject(new Error(`the server does not start: ${log}`));
    }, START_MS_MAX);
    child.stdout.on('data', (chunk: Buffer) => {
      output += chunk.toString();
      const ready = /postgres:\/\/[^\s]*:(\d+)\//.exec(output);
      if (ready === null) return;
      clearTimeout(timer);
      resolve(Number(ready[1]));
    });
    child.once('exit', (code) => {
      clearTimeout(timer);
      reject(new Error(`the server ended with ${code} at its start: ${log}`));
    });
  });
  return {
    port,
    pid: child.pid as number,
    log: () => log,
    kill: async () => {
      await ended(child, 'SIGKILL');
    },
    stop: () => ended(child, 'SIGTERM'),
  };
}

/** How a command of hotrow ends that is to end by itself: `['-D', dir]` that cannot start, `['verify', dir]`. */
export async function runHotrow(
  words: readonly string[],
): Promise<{ status: number | null; stdout: string; stderr: string }> {
  const command = ['--import', 'tsx', 'bin/hotrow.ts', ...words];
  const child = spawn(process.execPath, command, { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'] });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => {
    stdout += chunk.toString();
  });
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk.toString();
  });
  const timer = setTimeout(() => child.kill('SIGKILL'), START_MS_MAX);
  await once(child, 'close');
  clearTimeout(timer);
  return { status: child.exitCode, stdout, stderr };
}

async function ended(child: ChildProcess, signal: NodeJS.Signals): Promise<number | null> {
  if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
  const exit = once(child, 'exit');
  child.kill(signal);
  await exit;
  return child.exitCode;
}
