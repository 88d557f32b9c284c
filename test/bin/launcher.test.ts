/** The package as it ships: dist/hotrow.js, which keeps the compiled code of its bundle. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import pg from 'pg';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const SAVED_MS_MAX = 20_000;

describe('The launcher', function () {
  this.timeout(60_000);
  let parent: string;
  let folder: string;

  before(() => {
    parent = mkdtempSync(join(tmpdir(), 'launcher-'));
    folder = join(parent, 'dist');
    const { status, stderr } = spawnSync('node', [join(ROOT, 'bin/build.mjs'), folder], {
      cwd: ROOT,
      encoding: 'utf8',
    });
    expect([status, stderr]).to.deep.equal([0, '']);
  });

  after(() => rmSync(parent, { recursive: true }));

  /** Starts the server, which first answers the statement, and stays until the promise it is given is fulfilled. */
  async function runWhile(isDone: () => boolean, statement = '', flags: string[] = []): Promise<void> {
    const args = [...flags, join(folder, 'hotrow.js'), '-p', '0'];
    const child = spawn('node', args, { stdio: ['ignore', 'pipe', 'ignore'] });
    const [told] = await once(child.stdout, 'data');
    if (statement !== '') {
      const client = new pg.Client(String(told).match(/postgres:\S+/)?.[0]);
      await client.connect();
      await client.query(statement);
      await client.end();
    }
    const deadline = Date.now() + SAVED_MS_MAX;
    while (!isDone() && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 50));
    child.kill('SIGTERM');
    await once(child, 'exit');
  }

  function caches(): string[] {
    return readdirSync(folder)
      .filter((name) => name.endsWith('.cache'))
      .map((name) => join(folder, name));
  }

  it('keeps the compiled code at the first start, and the next start takes it', async () => {
    // V8 takes it under the flags that it was kept under: a statement that is to run long changes one of them.
    await runWhile(() => caches().length > 0, 'SELECT count(*) FROM generate_series(1, 100000)');
    expect(caches()).to.have.length(1);
    const [cache] = caches();
    const kept = statSync(cache);
    // A start that cannot take it keeps its own about a second later.
    const until = Date.now() + 3000;
    await runWhile(() => Date.now() > until);
    expect(existsSync(cache)).to.equal(true);
    expect(statSync(cache).ino).to.equal(kept.ino);
  });

  it('keeps compiled code of other flags of V8 beside it, not in its place', async () => {
    const [cache] = caches();
    const kept = statSync(cache);
    await runWhile(() => caches().length > 1, '', ['--no-opt']);
    expect(caches()).to.have.length(2);
    expect(statSync(cache).ino).to.equal(kept.ino);
  });
});
