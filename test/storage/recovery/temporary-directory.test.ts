/** A server without a data directory leaves nothing for long: not even one that was killed. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { leftovers, TemporaryDirectory } from '../../../storage/recovery/temporary-directory.ts';

const SERVER = `
  const { StorageEngine } = await import('./storage/api.ts');
  const { readdirSync } = await import('node:fs');
  const { tmpdir } = await import('node:os');
  const engine = await StorageEngine.open({ dataDirectory: null });
  await engine.startupSweep();
  const txn = engine.transactions.begin(engine.locks.createOwner(1));
  engine.createHeap(txn);
  console.log(readdirSync(tmpdir()).join(' '));
  setInterval(() => {}, 1000);
`;

describe('the folder of a server without a data directory', () => {
  let parent: string;

  beforeEach(() => {
    parent = mkdtempSync(join(tmpdir(), 'test-'));
  });

  afterEach(() => rmSync(parent, { recursive: true, force: true }));

  /** Answers what it found in its temporary folder, its own folder included. */
  async function startServer(): Promise<{ end: (signal: NodeJS.Signals) => Promise<void>; folders: string[] }> {
    const args = ['--import', 'tsx', '--input-type=module', '-e', SERVER];
    const child = spawn(process.execPath, args, {
      env: { ...process.env, TMPDIR: parent, TSX_DISABLE_CACHE: '1' },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [line] = await once(child.stdout, 'data');
    return {
      end: async (signal) => {
        const exit = once(child, 'exit');
        child.kill(signal);
        await exit;
      },
      folders: String(line)
        .trim()
        .split(' ')
        .filter((name) => name.startsWith('hotrow-')),
    };
  }

  it('is removed by the next start after kill -9, and that of a living server is not', async function () {
    this.timeout(60_000);
    const killed = await startServer();
    expect(killed.folders).to.have.length(1);
    await killed.end('SIGKILL');
    expect(existsSync(join(parent, killed.folders[0], 'base')), 'the kill left it').to.equal(true);
    const living = await startServer();
    const next = new TemporaryDirectory(parent);
    while (existsSync(join(parent, killed.folders[0]))) await new Promise((resolve) => setTimeout(resolve, 5));
    const own = living.folders.find((name) => name !== killed.folders[0]) as string;
    expect(existsSync(join(parent, own, 'base'))).to.equal(true);
    next.remove();
    expect(existsSync(next.path)).to.equal(false);
    await living.end('SIGKILL');
  });

  it('is a leftover only if its owner is known, and surely dead', () => {
    const make = (name: string, owner: string | null): void => {
      mkdirSync(join(parent, name));
      if (owner !== null) writeFileSync(join(parent, name, 'owner'), owner);
    };
    const here = new TemporaryDirectory(parent);
    const found = leftovers(parent, { ownPid: 1, startOf: () => null });
    expect(found, 'a dead owner').to.deep.equal([here.path]);
    expect(leftovers(parent, { ownPid: 1, startOf: () => 'another time' }), 'a number that came back').to.deep.equal(
      found,
    );
    expect(leftovers(parent, { ownPid: 1, startOf: () => '' }), 'who knows').to.deep.equal([]);
    expect(leftovers(parent)).to.deep.equal([]);
    here.remove();
    make('hotrow-made', null);
    make('hotrow-elsewhere', '4000000\n1\nanother-host pid:[1]\n');
    make('hotrow-empty', '');
    make('other', '4000000\n1\n');
    expect(leftovers(parent)).to.deep.equal([]);
    expect(leftovers(join(parent, 'missing'))).to.deep.equal([]);
  });
});
