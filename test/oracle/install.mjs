/**
 * Installs better-sqlite3 into this folder, when it is not there as package-lock.json has it. It is kept out of the project's
 * own packages because it is built with a C++ compiler, and `npm install && npm start` must do without one.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const FOLDER = dirname(fileURLToPath(import.meta.url));

function isInstalled() {
  const binary = join(FOLDER, 'node_modules/better-sqlite3/build/Release/better_sqlite3.node');
  const manifest = join(FOLDER, 'node_modules/better-sqlite3/package.json');
  if (!existsSync(binary) || !existsSync(manifest)) return false;
  const lock = JSON.parse(readFileSync(join(FOLDER, 'package-lock.json'), 'utf8'));
  const locked = lock.packages['node_modules/better-sqlite3'].version;
  if (JSON.parse(readFileSync(manifest, 'utf8')).version !== locked) return false;
  // Built for another Node it does not load.
  const code = `new (require(${JSON.stringify(join(FOLDER, 'node_modules/better-sqlite3'))}))(':memory:').close()`;
  return spawnSync(process.execPath, ['-e', code]).status === 0;
}

function has(command) {
  return spawnSync(command, ['--version']).status === 0;
}

if (!isInstalled()) {
  const env = { ...process.env };
  // The headers of Node that came with it spare a download.
  const prefix = dirname(dirname(process.execPath));
  if (existsSync(join(prefix, 'include/node/node_version.h'))) env.npm_config_nodedir = prefix;
  const words = ['--prefix', FOLDER, 'ci', '--no-audit', '--no-fund'];
  const run = spawnSync('npm', words, { env, encoding: 'utf8', shell: process.platform === 'win32' });
  if (run.status !== 0 || !isInstalled()) {
    const missing = ['python3', 'make', env.CXX ?? 'c++'].filter((command) => !has(command));
    process.stderr.write(`${run.stdout}${run.stderr}\n`);
    process.stderr.write('better-sqlite3, which the oracle tests need, could not be installed.\n');
    if (missing.length > 0) {
      process.stderr.write(
        `It is built from source, and ${missing.join(', ')} is missing (Debian: apt-get install build-essential python3).\n`,
      );
    }
    process.exit(1);
  }
}
