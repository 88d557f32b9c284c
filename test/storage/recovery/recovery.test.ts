import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { MemoryFileSystem, NodeFileSystem } from '../../../storage/io/index.ts';
import { PAGE_SIZE } from '../../../storage/limits.ts';
import { checkpointStateName } from '../../../storage/recovery/index.ts';
import { randomInt, seededRandom, withSeeds } from '../io/seeded.ts';
import { type HistoryEntry, MiniEngine, randomChange } from './mini-engine.ts';

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

async function filled(fileSystem: MemoryFileSystem): Promise<MiniEngine> {
  const engine = new MiniEngine(fileSystem);
  await engine.start();
  const relId = engine.createRelation();
  for (let i = 0; i < 40; i++) engine.addPage(relId, i);
  await engine.commit();
  return engine;
}

describe('Recovery', () => {
  it('of a new directory finds nothing, and a clean shutdown needs no replay', async () => {
    const fileSystem = new MemoryFileSystem();
    const engine = await filled(fileSystem);
    expect(engine.recovered.control).to.equal(null);
    engine.setCatalog('a', 'b');
    await engine.shutdown();
    const again = new MiniEngine(fileSystem, engine.history);
    expect(again.recovered).to.deep.include({ clean: true, pagesChanged: 0, recordCount: 1, endReason: 'end of log' });
    again.expectRecovered();
    expect(again.catalog.get('a')).to.equal('b');
  });

  it('brings back what was acknowledged, and says how far it came', async () => {
    const fileSystem = new MemoryFileSystem();
    const engine = await filled(fileSystem);
    fileSystem.crash();
    const again = new MiniEngine(fileSystem, engine.history);
    expect(again.recovered).to.deep.include({ clean: false, endLsn: engine.acknowledgedLsn, pagesChanged: 40 });
    expect(again.recovered.xidMax).to.be.at.least(1);
    again.expectRecovered();
  });

  it('after a kill does not take for durable what only the operating system has, names included', async () => {
    const fileSystem = new MemoryFileSystem();
    const engine = await filled(fileSystem);
    // Sixteen frames hold no forty pages: the file is there, its name never synced.
    expect(fileSystem.exists('/d/base/1')).to.equal(true);
    const killed = fileSystem.fork();
    killed.kill();
    const again = new MiniEngine(killed, engine.history);
    await again.start();
    await again.checkpoint();
    const cut = killed.fork();
    cut.crash();
    new MiniEngine(cut, engine.history).expectRecovered();
  });

  it('does not remove what the control file before the last names, before the last is durable', async () => {
    const fileSystem = new MemoryFileSystem();
    const engine = await filled(fileSystem);
    let killed: MemoryFileSystem | null = null;
    let syncs = 0;
    fileSystem.onOperation = (op, path) => {
      // The second sync of the folder is that of the control file's name; the first is of the state's.
      if (op === 'fsyncDir' && path === '/d' && ++syncs === 2) killed = fileSystem.fork();
    };
    await engine.checkpoint();
    killed!.kill();
    new MiniEngine(killed!, engine.history).expectRecovered();
    for (let seed = 0; seed < 20; seed++) {
      const cut = killed!.fork();
      cut.crash({ random: seededRandom(seed) });
      new MiniEngine(cut, engine.history).expectRecovered();
    }
  });

  it('can be cut short and done again', async () => {
    const fileSystem = new MemoryFileSystem();
    const engine = await filled(fileSystem);
    fileSystem.crash();
    for (let i = 0; i < 3; i++) {
      const again = new MiniEngine(fileSystem, engine.history);
      again.expectRecovered();
      fileSystem.crash();
    }
  });

  it('heals a torn page by its image', async () => {
    const fileSystem = new MemoryFileSystem();
    const engine = await filled(fileSystem);
    await engine.checkpoint();
    const rel = engine.pool.relation(1)!;
    const base = engine.pool.frameBaseSync(rel, 7);
    engine.setValues(1, [{ pageNo: 7, base, index: 3, value: 77 }]);
    await engine.commit();
    fileSystem.corrupt('/d/base/1', 7 * PAGE_SIZE + 600, 255);
    fileSystem.crash();
    const again = new MiniEngine(fileSystem, engine.history);
    again.expectRecovered();
  });

  it('fails on a damaged page that the log has no image of, and names it', async () => {
    const fileSystem = new MemoryFileSystem();
    const engine = await filled(fileSystem);
    await engine.checkpoint();
    const rel = engine.pool.relation(1)!;
    // Changed without an image, as if an invariant were broken: the page counts as changed since the redo point.
    engine.wal.redoLsn = 0;
    engine.setValues(1, [{ pageNo: 7, base: engine.pool.frameBaseSync(rel, 7), index: 3, value: 77 }]);
    await engine.commit();
    fileSystem.corrupt('/d/base/1', 7 * PAGE_SIZE + 600, 255);
    fileSystem.crash();
    expect(() => new MiniEngine(fileSystem, engine.history)).to.throw('invalid page in block 7 of relation base/1');
  });

  it('fails when the log ends before the checkpoint', async () => {
    const fileSystem = new MemoryFileSystem();
    const engine = await filled(fileSystem);
    const redo = engine.wal.insertLsn;
    await engine.checkpoint();
    fileSystem.corrupt(`/d/wal/${(16 * 1024 * 1024).toString(16).padStart(16, '0')}`, redo - 16 * 1024 * 1024 + 33);
    expect(() => new MiniEngine(fileSystem, engine.history)).to.throw(
      'the write-ahead log ends before the last checkpoint: wrong checksum at offset',
    );
  });

  const SEGMENT = 16 * 1024 * 1024;
  const segmentPath = (start: number): string => `/d/wal/${start.toString(16).padStart(16, '0')}`;

  /** Acknowledged commits, each flushed on its own; answers where each began. */
  async function flushed(engine: MiniEngine, count: number): Promise<number[]> {
    const starts: number[] = [];
    for (let i = 0; i < count; i++) {
      starts.push(engine.wal.insertLsn);
      engine.setCatalog('key', `value ${i}`);
      await engine.commit();
    }
    return starts;
  }

  it('refuses a log that is damaged before commits that were acknowledged, and names file and offset', async () => {
    const fileSystem = new MemoryFileSystem();
    const engine = await filled(fileSystem);
    const starts = await flushed(engine, 5);
    fileSystem.corrupt(segmentPath(SEGMENT), starts[1] - SEGMENT + 36);
    fileSystem.crash();
    const offset = starts[1] - SEGMENT;
    expect(() => new MiniEngine(fileSystem.fork(), engine.history)).to.throw(
      `the write-ahead log is damaged in its middle: wrong checksum at offset ${offset} of file "${segmentPath(SEGMENT)}"`,
    );
  });

  it('starts on such a log when told to, once: what is given up stays given up', async () => {
    const fileSystem = new MemoryFileSystem();
    const engine = await filled(fileSystem);
    const starts = await flushed(engine, 5);
    fileSystem.corrupt(segmentPath(SEGMENT), starts[1] - SEGMENT + 36);
    fileSystem.crash();
    const cut = new MiniEngine(fileSystem, engine.history, 16, '/d', true);
    expect(cut.recovered.endLsn).to.equal(starts[1]);
    expect(cut.recovered.lostLog?.durableLsn).to.be.greaterThan(starts[3]);
    expect(cut.catalog.get('key')).to.equal('value 0');
    cut.setCatalog('key', 'after');
    await cut.commit();
    fileSystem.crash();
    const again = new MiniEngine(fileSystem, cut.history);
    expect(again.catalog.get('key')).to.equal('after');
  });

  it('stops at damage in the last flush, which nothing behind it vouches for', async () => {
    const fileSystem = new MemoryFileSystem();
    const engine = await filled(fileSystem);
    const starts = await flushed(engine, 5);
    fileSystem.corrupt(segmentPath(SEGMENT), starts[4] - SEGMENT + 36);
    fileSystem.crash();
    const again = new MiniEngine(fileSystem, engine.history);
    expect(again.recovered).to.deep.include({ endLsn: starts[4], endReason: 'wrong checksum' });
    expect(again.catalog.get('key')).to.equal('value 3');
  });

  it('refuses a log that lacks a segment in its middle, or at its beginning', async () => {
    const fileSystem = new MemoryFileSystem();
    const engine = await filled(fileSystem);
    await engine.checkpoint();
    for (let i = 0; i < 20; i++) engine.setCatalog('filler', 'x'.repeat(2_000_000));
    await engine.commit();
    await flushed(engine, 2);
    for (const [start, words] of [
      [2 * SEGMENT, 'is damaged in its middle: file'],
      [SEGMENT, 'ends before the last checkpoint: file'],
    ] as const) {
      const cut = fileSystem.fork();
      cut.unlink(segmentPath(start));
      expect(() => new MiniEngine(cut, engine.history)).to.throw(`${words} "${segmentPath(start)}" is missing`);
    }
  }).timeout(10_000);

  it('refuses a directory whose control file is gone or damaged, or whose state file is', async () => {
    const fileSystem = new MemoryFileSystem();
    const engine = await filled(fileSystem);
    await engine.shutdown();
    const number = engine.checkpointer.completed;
    expect(number).to.equal(2);
    const lost = fileSystem.fork();
    lost.unlink('/d/control');
    expect(() => new MiniEngine(lost)).to.throw('could not open file "/d/control"');
    const damaged = fileSystem.fork();
    damaged.corrupt('/d/control', 50);
    expect(() => new MiniEngine(damaged)).to.throw('control file "/d/control" is damaged: its checksum is wrong');
    const state = fileSystem.fork();
    state.corrupt(`/d/${checkpointStateName(2)}`, 45);
    expect(() => new MiniEngine(state)).to.throw('is damaged: its checksum is wrong');
    const newer = fileSystem.fork();
    newer.corrupt('/d/control', 8, 64);
    expect(() => new MiniEngine(newer)).to.throw('database files are incompatible with server');
  });

  it('removes files that belong to no relation', async () => {
    const fileSystem = new MemoryFileSystem();
    const engine = await filled(fileSystem);
    await engine.shutdown();
    fileSystem.open('/d/base/4711', 'create').close();
    fileSystem.open('/d/checkpoint.9.new', 'create').close();
    const again = new MiniEngine(fileSystem, engine.history);
    expect(again.recovered.orphansRemoved).to.equal(1);
    expect(fileSystem.list('/d/base')).to.deep.equal(['1']);
    expect(fileSystem.list('/d')).to.deep.equal(['base', 'checkpoint.2', 'control', 'wal']);
  });
});

describe('A checkpoint', () => {
  it('leaves nothing to replay but what came after it, and removes old log', async () => {
    const fileSystem = new MemoryFileSystem();
    const engine = await filled(fileSystem);
    const files = (): string[] => fileSystem.list('/d/wal').filter((name) => /^[0-9a-f]{16}$/.test(name));
    for (let i = 0; i < 20; i++) engine.setCatalog('filler', 'x'.repeat(2_000_000));
    await engine.commit();
    expect(files().length).to.equal(3);
    await engine.checkpoint();
    expect(files().length).to.equal(1);
    engine.setCatalog('filler', null);
    engine.addPage(1, 99);
    await engine.commit();
    fileSystem.crash();
    const again = new MiniEngine(fileSystem, engine.history);
    expect(again.recovered.pagesChanged).to.equal(1);
    again.expectRecovered();
  });

  it('that fails on a full disk changes nothing, and the next one does', async () => {
    const fileSystem = new MemoryFileSystem();
    const engine = await filled(fileSystem);
    const used = fileSystem.usedSpace();
    fileSystem.capacity = used;
    let failure: unknown = null;
    await engine.checkpoint().catch((error: unknown) => {
      failure = error;
    });
    expect(failure).to.include({ code: '53100' });
    const crashed = fileSystem.fork();
    crashed.crash();
    crashed.capacity = Number.POSITIVE_INFINITY;
    new MiniEngine(crashed, engine.history).expectRecovered();
    fileSystem.capacity = Number.POSITIVE_INFINITY;
    await engine.checkpoint();
    fileSystem.crash();
    const again = new MiniEngine(fileSystem, engine.history);
    expect(again.recovered.pagesChanged).to.equal(0);
    again.expectRecovered();
  });

  it('is the last when a relation cannot be synced, however long the server then takes to stop', async () => {
    const fileSystem = new MemoryFileSystem();
    const engine = await filled(fileSystem);
    fileSystem.failNext('sync', 'EIO', 0, '/d/base/');
    const failures: unknown[] = [];
    const tell = (error: unknown): void => void failures.push(error);
    // Asked for meanwhile, it would begin at once.
    await Promise.all([engine.checkpoint().catch(tell), engine.checkpoint().catch(tell)]);
    await engine.shutdown().catch(tell);
    expect(failures).to.have.lengthOf(3);
    for (const failure of failures) expect(failure).to.include({ code: '58030', severity: 'PANIC' });
    fileSystem.crash();
    new MiniEngine(fileSystem, engine.history).expectRecovered();
  });

  it('needs no disk space to be recovered on a disk that is full, where the pool holds the pages', async () => {
    const fileSystem = new MemoryFileSystem();
    const engine = new MiniEngine(fileSystem, [], 64);
    await engine.start();
    const relId = engine.createRelation();
    for (let i = 0; i < 40; i++) engine.addPage(relId, i);
    await engine.commit();
    fileSystem.crash();
    fileSystem.capacity = fileSystem.usedSpace();
    new MiniEngine(fileSystem, engine.history, 64).expectRecovered();
  });

  it('asked for while one runs begins after it', async () => {
    const fileSystem = new MemoryFileSystem();
    const engine = await filled(fileSystem);
    const first = engine.checkpoint();
    await turn();
    engine.addPage(1, 1);
    const second = engine.checkpoint();
    await first;
    await second;
    expect(engine.checkpointer.completed).to.equal(3);
    fileSystem.crash();
    const again = new MiniEngine(fileSystem, engine.history);
    expect(again.recovered.pagesChanged).to.equal(0);
    again.expectRecovered();
  });
});

describe('On a real disk', () => {
  it('a server that just stops is recovered, again and again', async () => {
    const root = mkdtempSync(join(tmpdir(), 'hotrow-recovery-'));
    try {
      const fileSystem = new NodeFileSystem();
      let history: HistoryEntry[] = [];
      const random = seededRandom(7);
      for (let life = 0; life < 4; life++) {
        const engine = new MiniEngine(fileSystem, history, 16, root);
        engine.expectRecovered();
        await engine.start();
        for (let i = 0; i < 150; i++) {
          randomChange(engine, random);
          if (i % 40 === 39) await engine.checkpoint();
        }
        await engine.commit();
        history = engine.history.filter((entry) => entry.lsn <= engine.acknowledgedLsn);
        engine.checkpointer.abandon();
        await new Promise<void>((resolve) => engine.pool.writer.whenSettled(resolve));
      }
      const last = new MiniEngine(fileSystem, history, 16, root);
      last.expectRecovered();
      await last.shutdown();
      const clean = new MiniEngine(fileSystem, history, 16, root);
      expect(clean.recovered.clean).to.equal(true);
      clean.expectRecovered();
    } finally {
      rmSync(root, { recursive: true });
    }
  });
});

describe('A crash at any moment', () => {
  it(
    'loses nothing acknowledged and shows nothing by halves, life after life',
    withSeeds(14, async (random) => {
      let fileSystem = new MemoryFileSystem();
      let history: HistoryEntry[] = [];
      for (let life = 0; life < 4; life++) {
        const engine: MiniEngine = new MiniEngine(fileSystem, history);
        engine.expectRecovered();
        const forks: { fileSystem: MemoryFileSystem; acknowledgedLsn: number }[] = [];
        // Before one operation in some, whatever it is, the disk is copied: that is where the power may go.
        const chance = [0.002, 0.02, 0.2][randomInt(random, 3)];
        const hook = (): void => {
          if (forks.length < 12 && random() < chance) {
            forks.push({ fileSystem: fileSystem.fork(), acknowledgedLsn: engine.acknowledgedLsn });
          }
        };
        fileSystem.onOperation = hook;
        await engine.start();
        const steps = 60 + randomInt(random, 150);
        for (let i = 0; i < steps; i++) {
          randomChange(engine, random);
          const dice = random();
          if (dice < 0.1) await engine.commit();
          else if (dice < 0.2) void engine.commit();
          else if (dice < 0.25) await turn();
          else if (dice < 0.28) void engine.checkpoint();
        }
        fileSystem.onOperation = null;
        forks.push({ fileSystem: fileSystem.fork(), acknowledgedLsn: engine.acknowledgedLsn });
        engine.checkpointer.abandon();
        let last: { fileSystem: MemoryFileSystem; endLsn: number } | null = null;
        for (const fork of forks) {
          fork.fileSystem.crash(random() < 0.2 ? {} : { random, tear: random() < 0.7 });
          const copy = fork.fileSystem.fork();
          const again = new MiniEngine(fork.fileSystem, engine.history);
          expect(again.recovered.endLsn).to.be.at.least(fork.acknowledgedLsn);
          again.expectRecovered();
          last = { fileSystem: copy, endLsn: again.recovered.endLsn };
        }
        fileSystem = last!.fileSystem;
        history = engine.history.filter((entry) => entry.lsn <= last!.endLsn);
      }
    }),
  ).timeout(120_000);
});
