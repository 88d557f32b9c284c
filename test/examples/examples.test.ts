/** What examples/ shows works: mocha and node's own runner always, pytest and Java where they are installed, vitest and jest where they can be. */
import { spawn, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import pg from 'pg';
import { PagedServer } from '../support/paged-server.ts';
import { INSTALL_SECONDS_MAX, installRunners, RUNNERS } from './runners.ts';

const ROOT = join(import.meta.dirname, '../..');
const EXAMPLES = join(ROOT, 'examples');
const SECONDS_MAX = 60;
/** Debian's. */
const JDBC = '/usr/share/java/postgresql.jar';

function isThere(command: string, ...args: string[]): boolean {
  return spawnSync(command, args, { stdio: 'ignore' }).status === 0;
}

/** An interpreter that has both. */
const PYTHON = ['/usr/bin/python3', 'python3'].find((name) => isThere(name, '-c', 'import psycopg, pytest'));
const HAS_JAVA = existsSync(JDBC) && isThere('javac', '-version');

describe('examples', function () {
  this.timeout(2 * SECONDS_MAX * 1000);
  let server: PagedServer;
  let url: string;

  before(async () => {
    server = await PagedServer.start();
    url = `postgres://postgres@127.0.0.1:${server.port}/postgres`;
    const client = new pg.Client(url);
    await client.connect();
    await client.query(readFileSync(join(EXAMPLES, 'schema.sql'), 'utf8'));
    await client.end();
  });
  after(() => server.stop());

  /** The server is in this process: it must go on while the program runs. */
  async function run(command: string, ...args: string[]): Promise<string> {
    // Of a runner of node's own that runs this one.
    const { NODE_TEST_CONTEXT: _, ...environment } = process.env;
    const JDBC_URL = `jdbc:postgresql://127.0.0.1:${server.port}/postgres?user=postgres`;
    const child = spawn(command, args, {
      cwd: ROOT,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...environment, NO_COLOR: '1', DATABASE_URL: url, JDBC_URL, PYTHONDONTWRITEBYTECODE: '1' },
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (chunk: string) => {
        output += chunk;
      });
    }
    const timer = setTimeout(() => child.kill('SIGKILL'), SECONDS_MAX * 1000);
    const status = await new Promise((resolve) => child.on('close', resolve));
    clearTimeout(timer);
    expect(status, output).to.equal(0);
    return output;
  }

  afterEach(async () => {
    while (server.database.forks.count > 0) await new Promise((resolve) => setTimeout(resolve, 2));
  });

  it('of mocha: each test finds the database as it was', async () => {
    const output = await run(process.execPath, 'node_modules/mocha/bin/mocha.js', 'examples/node/users.mocha.mjs');
    expect(output).to.match(/7 passing/);
  });

  it('of node:test', async () => {
    const output = await run(process.execPath, '--test', 'examples/node/users.node-test.mjs');
    expect(output).to.match(/pass [23]/);
  });

  it('that are killed leave nothing', async () => {
    const { useFork } = (await import(join(EXAMPLES, 'node/hotrow-fork.mjs'))) as {
      useFork(url: string, hooks: object): { query(text: string): Promise<unknown> };
    };
    const hooks: (() => Promise<void>)[] = [];
    const collect = (hook: () => Promise<void>): void => void hooks.push(hook);
    const fork = useFork(url, { beforeAll: collect, afterEach: collect, afterAll: collect });
    const [begin, reset, end] = hooks;
    await begin();
    await fork.query('DELETE FROM users');
    await reset();
    expect(((await fork.query('SELECT FROM users')) as { rowCount: number }).rowCount).to.equal(2);
    await end();
    const script = `import { Fork } from './examples/node/hotrow-fork.mjs';
      const fork = new Fork(process.env.DATABASE_URL);
      await fork.begin();
      await fork.query('BEGIN; DELETE FROM users');
      process.kill(process.pid, 'SIGKILL');`;
    await run('sh', '-c', `"${process.execPath}" --input-type=module -e "${script}" || true`);
  });

  it('say so when a name would be cut', async () => {
    const { forkUrl } = (await import(join(EXAMPLES, 'node/hotrow-fork.mjs'))) as { forkUrl(url: string): string };
    expect(forkUrl('postgres://a@b:1/app?x=y')).to.match(/^postgres:\/\/a@b:1\/app@[0-9a-f]{16}\?x=y$/);
    expect(() => forkUrl(`postgres://a@b:1/${'x'.repeat(50)}`)).to.throw(/too long/);
  });

  /** As who copies the helper and the example into a project of their own; null: it is not run, and the test's title says why. */
  async function runCopied(test: Mocha.Runnable, words: (folder: string) => string[]): Promise<string | null> {
    test.timeout(2 * INSTALL_SECONDS_MAX * 1000);
    const reason = await installRunners();
    if (reason !== null) {
      // Said, not skipped: the same hooks have been run by mocha and node:test.
      test.title += `: not run, ${reason}`;
      return null;
    }
    const folder = mkdtempSync(join(RUNNERS, 'project-'));
    try {
      cpSync(join(EXAMPLES, 'node'), folder, { recursive: true });
      return await run(process.execPath, ...words(folder));
    } finally {
      rmSync(folder, { recursive: true });
    }
  }

  it('of vitest', async function () {
    const vitest = join(RUNNERS, 'node_modules/vitest/vitest.mjs');
    const output = await runCopied(this.test!, (folder) => [
      vitest,
      'run',
      '--root',
      folder,
      '--dir',
      join(folder, 'vitest'),
    ]);
    if (output !== null) expect(output).to.match(/4 passed/);
  });

  it('of jest', async function () {
    const words = ['--experimental-vm-modules', join(RUNNERS, 'node_modules/jest/bin/jest.js'), '--rootDir'];
    const output = await runCopied(this.test!, (folder) => [...words, join(folder, 'jest')]);
    if (output !== null) expect(output).to.match(/4 passed/);
  });

  if (PYTHON !== undefined) {
    it('of pytest', async () => {
      const output = await run(PYTHON, '-m', 'pytest', '-q', '-p', 'no:cacheprovider', 'examples/python');
      expect(output).to.match(/5 passed/);
    });
  }

  if (HAS_JAVA) {
    it('of Java', async () => {
      const folder = mkdtempSync(join(tmpdir(), 'examples-'));
      try {
        const sources = ['HotrowFork.java', 'PlainUsers.java'].map((name) => join(EXAMPLES, 'java', name));
        await run('javac', '-d', folder, ...sources);
        const output = await run('java', '-cp', `${JDBC}:${folder}`, 'PlainUsers');
        expect(output).to.equal('test 1: user 3\ntest 2: user 3\n');
      } finally {
        rmSync(folder, { recursive: true });
      }
    });
  }
});
