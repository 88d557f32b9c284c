/**
 * Test runners that only the examples need, installed into a folder of their own when they are first asked for: they are no
 * packages of the project.
 */
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export const RUNNERS = join(import.meta.dirname, 'runners');
export const INSTALL_SECONDS_MAX = 300;

function isInstalled(): boolean {
  const { dependencies } = JSON.parse(readFileSync(join(RUNNERS, 'package.json'), 'utf8')) as {
    dependencies: Record<string, string>;
  };
  return Object.entries(dependencies).every(([name, version]) => {
    const manifest = join(RUNNERS, 'node_modules', name, 'package.json');
    return existsSync(manifest) && JSON.parse(readFileSync(manifest, 'utf8')).version === version;
  });
}

/** Null: they are there. Otherwise why they are not. */
export async function installRunners(): Promise<string | null> {
  if (isInstalled()) return null;
  // Without a network it is known soon.
  const words = [
    'install',
    '--prefix',
    RUNNERS,
    '--no-package-lock',
    '--no-audit',
    '--no-fund',
    '--fetch-retries=0',
    '--loglevel=error',
  ];
  const child = spawn('npm', words, { stdio: ['ignore', 'ignore', 'pipe'], shell: process.platform === 'win32' });
  let output = '';
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    output += chunk;
  });
  child.on('error', (error) => {
    output += error.message;
  });
  const timer = setTimeout(() => child.kill('SIGKILL'), INSTALL_SECONDS_MAX * 1000);
  const status = await new Promise((resolve) => child.on('close', resolve));
  clearTimeout(timer);
  if (status === 0 && isInstalled()) return null;
  const line = output.split('\n').find((each) => /error/i.test(each)) ?? `npm ended with ${status}`;
  return `they could not be installed (${line.trim()})`;
}
