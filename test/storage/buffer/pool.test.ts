import { expect } from 'chai';
import { ClockSweep, PAGE_MISS, ScanRing } from '../../../storage/buffer/index.ts';
import { MemoryFileSystem } from '../../../storage/io/index.ts';
import { PAGE_SIZE } from '../../../storage/limits.ts';
import { pageFlags, pageLsn, pageNumber, pageRelationId } from '../../../storage/page/index.ts';
import { randomInt, withSeeds } from '../io/seeded.ts';
import { addPage, fetchPage, makePool, settle, setValue, turn, valueAt, writeAll } from './pool-rig.ts';

function errorOf(action: () => unknown): unknown {
  try {
    action();
  } catch (error) {
    return error;
  }
  return null;
}

/** A relation with pages 0..count-1 on disk and the value 100 + pageNo in each, none in memory (seen from the frames). */
async function coldRelation(rig: ReturnType<typeof makePool>, relId: number, count: number) {
  const rel = rig.pool.createRelation(relId);
  for (let i = 0; i < count; i++) addPage(rig, rel, 100 + i);
  await writeAll(rig.pool);
  return rel;
}

describe('The buffer pool', () => {
  it('makes empty pages at the end of a relation', () => {
    const { pool } = makePool();
    const rel = pool.createRelation(9);
    const base = pool.newPage(rel, 2);
    expect(rel.pageCount).to.equal(1);
    expect(pageRelationId(pool.u32, base)).to.equal(9);
    expect(pageNumber(pool.u32, base)).to.equal(0);
    expect(pageFlags(pool.u16, base)).to.equal(2);
    expect(pool.frameBase(rel, 0)).to.equal(base);
    expect(pool.isDirty(base)).to.equal(true);
    expect(pool.tryFrame(rel, 1)).to.equal(-1);
  });

  it('throws PAGE_MISS for a page on disk, tells when it is there, and gives it then', async () => {
    const rig = makePool(16);
    const { pool } = rig;
    const rel = await coldRelation(rig, 9, 40);
    expect(rel.frames[0]).to.equal(-1);
    expect(errorOf(() => pool.frameBase(rel, 0))).to.equal(PAGE_MISS);
    let told = 0;
    pool.onLoaded(() => told++);
    expect(errorOf(() => pool.frameBase(rel, 0))).to.equal(PAGE_MISS);
    pool.onLoaded(() => told++);
    expect(told).to.equal(0);
    await turn();
    expect(told).to.equal(2);
    expect(valueAt(pool, pool.frameBase(rel, 0))).to.equal(100);
  });

  it('holds a pinned page in its place, whatever else comes and goes (invariant 2)', async () => {
    const rig = makePool(16);
    const { pool } = rig;
    const rel = await coldRelation(rig, 9, 60);
    const base = await fetchPage(pool, rel, 3);
    pool.pin(base);
    for (let round = 0; round < 3; round++) for (let i = 0; i < 60; i++) await fetchPage(pool, rel, i);
    expect(rel.frames[3] * PAGE_SIZE).to.equal(base);
    expect(valueAt(pool, base)).to.equal(103);
    pool.unpin(base);
    expect(() => pool.unpin(base)).to.throw('only a pinned page');
    expect(pool.pinCount).to.equal(0);
  });

  it('says 53000 when everything is pinned, for new pages and for reads, and nothing has happened', async () => {
    const rig = makePool(16);
    const { pool } = rig;
    const rel = await coldRelation(rig, 9, 40);
    const bases: number[] = [];
    for (let i = 0; i < 16; i++) {
      const base = await fetchPage(pool, rel, i);
      pool.pin(base);
      bases.push(base);
    }
    expect(errorOf(() => pool.newPage(rel, 1))).to.include({ code: '53000', message: 'no unpinned buffers available' });
    expect(rel.pageCount).to.equal(40);
    let failure: unknown = null;
    try {
      await fetchPage(pool, rel, 30);
    } catch (error) {
      failure = error;
    }
    expect(failure).to.include({ code: '53000' });
    pool.unpin(bases[5]);
    expect(valueAt(pool, await fetchPage(pool, rel, 30))).to.equal(130);
    expect(pool.checkInvariants()).to.equal(null);
  });

  it('writes a page only when its log is durable (invariant 3)', async () => {
    const rig = makePool(16);
    const { fileSystem, pool, wal } = rig;
    const rel = pool.createRelation(9);
    let pagesLookedAt = 0;
    let looking = false;
    // Before each operation: no page on disk is newer than the durable log.
    fileSystem.onOperation = () => {
      if (looking || !fileSystem.exists('/d/base/9')) return;
      looking = true;
      const file = fileSystem.open('/d/base/9', 'read');
      const page = new Float64Array(PAGE_SIZE / 8);
      for (let at = 0; at < file.size(); at += PAGE_SIZE) {
        file.readSync(new Uint8Array(page.buffer), 0, PAGE_SIZE, at);
        expect(pageLsn(page, 0)).to.be.at.most(wal.flushedLsn);
        pagesLookedAt++;
      }
      looking = false;
    };
    for (let i = 0; i < 100; i++) addPage(rig, rel, i);
    expect(pool.writer.foregroundWrites).to.be.above(0);
    await writeAll(pool);
    expect(pagesLookedAt).to.be.above(100);
  });

  it('keeps clean frames ahead of the hand, so that reads need not write', async () => {
    const rig = makePool(64);
    const { pool } = rig;
    const rel = await coldRelation(rig, 9, 300);
    for (let i = 0; i < 60; i++) setValue(rig, rel, i, await fetchPage(pool, rel, i), 1000 + i);
    const foreground = pool.writer.foregroundWrites;
    for (let i = 100; i < 300; i++) await fetchPage(pool, rel, i);
    expect(pool.writer.foregroundWrites).to.equal(foreground);
    expect(pool.writer.backgroundWrites).to.be.above(0);
    for (let i = 0; i < 60; i++) expect(valueAt(pool, await fetchPage(pool, rel, i))).to.equal(1000 + i);
  });

  it('a page may change while it is written, and what is on disk has a right checksum', async () => {
    const rig = makePool(16);
    const { pool } = rig;
    const rel = await coldRelation(rig, 9, 4);
    const base = await fetchPage(pool, rel, 2);
    setValue(rig, rel, 2, base, 1);
    pool.writer.writeFrames([rel.frames[2]], () => {});
    setValue(rig, rel, 2, base, 2);
    await settle(pool);
    expect(pool.isDirty(base)).to.equal(true);
    await writeAll(pool);
    expect(pool.isDirty(base)).to.equal(false);
    for (let i = 0; i < 40; i++) addPage(rig, pool.relation(10) ?? pool.createRelation(10), i);
    expect(valueAt(pool, await fetchPage(pool, rel, 2))).to.equal(2);
  });

  it('a checkpoint that begins while a page is being written writes it, should that write fail', async () => {
    const rig = makePool(16);
    const { pool } = rig;
    const rel = await coldRelation(rig, 9, 2);
    const base = await fetchPage(pool, rel, 1);
    setValue(rig, rel, 1, base, 777);
    // The page's write, not that of the log before it.
    rig.fileSystem.failNext('write', 'ENOSPC', 0, 'base');
    let outcome: unknown = null;
    pool.writer.writeFrames(pool.dirtyFrames(), (error) => {
      outcome = error;
    });
    // Under way: the page is clean until its write has failed.
    expect(pool.isDirty(base)).to.equal(false);
    const frames = pool.dirtyFrames();
    while (outcome === null) await turn();
    expect(outcome).to.include({ code: '53100' });
    await new Promise<void>((resolve, reject) =>
      pool.writer.writeFrames(frames, (error) => (error === null ? resolve() : reject(error))),
    );
    expect(pool.isDirty(base)).to.equal(false);
    expect(pool.dirtyFrames()).to.deep.equal([]);
  });

  it('reads ahead neighbouring pages together, and never more than it has frames for', async () => {
    const rig = makePool(64);
    const { fileSystem, pool } = rig;
    const rel = await coldRelation(rig, 9, 200);
    const before = fileSystem.counts.read;
    pool.prefetch(rel, [0, 1, 2, 3, 10, 11, 150], 7);
    await turn();
    // Three runs; a run whose frames do not lie together is several buffers.
    expect(fileSystem.counts.read - before).to.be.within(3, 7);
    for (const pageNo of [0, 1, 2, 3, 10, 11, 150])
      expect(valueAt(pool, pool.frameBase(rel, pageNo))).to.equal(100 + pageNo);
    pool.prefetch(
      rel,
      Array.from({ length: 200 }, (_, i) => i),
      200,
    );
    await turn();
    expect(pool.residentCount(rel)).to.be.within(16, 64);
    expect(pool.checkInvariants()).to.equal(null);
  });

  it('drops a relation with its frames at once, and its file when the log is durable', async () => {
    const rig = makePool(32);
    const { fileSystem, pool, wal } = rig;
    const rel = await coldRelation(rig, 9, 10);
    pool.prefetch(rel, [0, 1], 2);
    addPage(rig, rel, 1);
    pool.dropRelation(rel);
    expect(pool.relation(9)).to.equal(undefined);
    expect(fileSystem.exists('/d/base/9')).to.equal(true);
    await settle(pool);
    wal.flushSync(wal.insertLsn);
    await settle(pool);
    expect(fileSystem.exists('/d/base/9')).to.equal(false);
    expect(pool.checkInvariants()).to.equal(null);
    const other = pool.createRelation(10);
    for (let i = 0; i < 32; i++) addPage(rig, other, i);
    expect(pool.evictions).to.equal(0);
  });

  it('truncates a relation, and its file after the log', async () => {
    const rig = makePool(16);
    const { fileSystem, pool } = rig;
    const rel = await coldRelation(rig, 9, 30);
    pool.truncateRelation(rel, 5);
    await settle(pool);
    expect(fileSystem.open('/d/base/9', 'read').size()).to.equal(5 * PAGE_SIZE);
    addPage(rig, rel, 7);
    expect(rel.pageCount).to.equal(6);
    expect(valueAt(pool, await fetchPage(pool, rel, 5))).to.equal(7);
    expect(valueAt(pool, await fetchPage(pool, rel, 4))).to.equal(104);
  });
});

describe('Damage', () => {
  it('of a page ends in XX001 that names it, for everyone who waits, and is looked at again the next time', async () => {
    const rig = makePool(16);
    const { fileSystem, pool } = rig;
    const rel = await coldRelation(rig, 9, 40);
    fileSystem.corrupt('/d/base/9', 3 * PAGE_SIZE + 5000);
    for (let i = 0; i < 2; i++) {
      let failure: unknown = null;
      try {
        await fetchPage(pool, rel, 3);
      } catch (error) {
        failure = error;
      }
      expect(failure).to.include({ code: 'XX001', message: 'invalid page in block 3 of relation base/9' });
      expect(failure).to.have.nested.property('fields.detail').that.contains('/d/base/9').and.contains('checksum');
    }
    fileSystem.corrupt('/d/base/9', 3 * PAGE_SIZE + 5000);
    expect(valueAt(pool, await fetchPage(pool, rel, 3))).to.equal(103);
    expect(pool.checkInvariants()).to.equal(null);
  });

  it('is also a right page in the wrong place, a page of zeros, and a file that ends too soon', async () => {
    const rig = makePool(16);
    const { fileSystem, pool } = rig;
    const rel = await coldRelation(rig, 9, 40);
    const file = fileSystem.open('/d/base/9', 'readwrite');
    const page = new Uint8Array(PAGE_SIZE);
    file.readSync(page, 0, PAGE_SIZE, 4 * PAGE_SIZE);
    file.writeSync(page, 0, PAGE_SIZE, 3 * PAGE_SIZE);
    file.writeSync(new Uint8Array(PAGE_SIZE), 0, PAGE_SIZE, 2 * PAGE_SIZE);
    file.truncateSync(10 * PAGE_SIZE + 100);
    const messages: string[] = [];
    for (const pageNo of [3, 2, 10, 11]) {
      try {
        await fetchPage(pool, rel, pageNo);
      } catch (error) {
        messages.push((error as Error).message);
      }
    }
    expect(messages).to.deep.equal([
      'invalid page in block 3 of relation base/9',
      'invalid page in block 2 of relation base/9',
      'could not read block 10 in file "/d/base/9": read only 100 of 8192 bytes',
      'could not read block 11 in file "/d/base/9": read only 0 of 8192 bytes',
    ]);
  });

  it('an error of the disk reaches the statement, and the next one reads again', async () => {
    const rig = makePool(16);
    const { fileSystem, pool } = rig;
    const rel = await coldRelation(rig, 9, 40);
    fileSystem.failNext('read', 'EIO');
    let failure: unknown = null;
    try {
      await fetchPage(pool, rel, 0);
    } catch (error) {
      failure = error;
    }
    expect(failure).to.include({ code: '58030' });
    expect(valueAt(pool, await fetchPage(pool, rel, 0))).to.equal(100);
  });

  it('a failed read-ahead is nobody s error', async () => {
    const rig = makePool(16);
    const { fileSystem, pool } = rig;
    const rel = await coldRelation(rig, 9, 40);
    fileSystem.failNext('read', 'EIO');
    pool.prefetch(rel, [0], 1);
    await turn();
    expect(valueAt(pool, await fetchPage(pool, rel, 0))).to.equal(100);
  });

  it('a full disk refuses new pages while there is still room for those already made', async () => {
    const rig = makePool(64);
    const { fileSystem, pool } = rig;
    const rel = pool.createRelation(9);
    addPage(rig, rel, 0);
    fileSystem.capacity = fileSystem.usedSpace() + 9 * 1024 * 1024;
    let made = 1;
    let failure: unknown = null;
    try {
      for (; made < 5000; made++) addPage(rig, rel, made);
    } catch (error) {
      failure = error;
    }
    expect(failure).to.include({ code: '53100' });
    await writeAll(pool);
    for (let i = 0; i < made; i += 7) expect(valueAt(pool, await fetchPage(pool, rel, i))).to.equal(i);
    fileSystem.capacity = Number.POSITIVE_INFINITY;
    addPage(rig, rel, made);
    expect(rel.pageCount).to.equal(made + 1);
  });
});

describe('The clock sweep', () => {
  function frames(usage: number[], pins: number[] = [], flags: number[] = []) {
    return {
      frameCount: usage.length,
      usage: Uint8Array.from(usage),
      heat: new Float32Array(usage.length),
      pins: Uint16Array.from(usage, (_, i) => pins[i] ?? 0),
      flags: Uint8Array.from(usage, (_, i) => flags[i] ?? 0),
    };
  }
  const none = (): void => {};

  it('takes the first frame whose count it finds at 0, and counts the others down', () => {
    const table = frames([3, 1, 0, 2]);
    const sweep = new ClockSweep(table);
    const order = Array.from({ length: 4 }, () => sweep.findClean(none));
    expect(order).to.deep.equal([2, 1, 2, 1]);
    expect([...table.usage]).to.deep.equal([0, 0, 0, 0]);
  });

  it('goes round in order among frames that are alike', () => {
    const sweep = new ClockSweep(frames([1, 1, 1, 1]));
    expect(Array.from({ length: 6 }, () => sweep.findClean(none))).to.deep.equal([0, 1, 2, 3, 0, 1]);
  });

  it('never takes a pinned frame (invariant 1), nor one that is read or written', () => {
    const sweep = new ClockSweep(frames([0, 0, 0, 0], [1, 0, 0, 0], [0, 2, 4, 0]));
    expect(Array.from({ length: 3 }, () => sweep.findClean(none))).to.deep.equal([3, 3, 3]);
  });

  it('passes over dirty frames, tells of them, and takes them when asked to (invariant 2)', () => {
    const table = frames([0, 0, 0], [], [1, 1, 0]);
    const sweep = new ClockSweep(table);
    const dirty: number[] = [];
    expect(sweep.findClean((frame) => dirty.push(frame))).to.equal(2);
    expect(dirty).to.deep.equal([0, 1]);
    expect(sweep.findAny()).to.equal(0);
  });

  it('gives up when everything is pinned, however often it was used (invariant 3)', () => {
    const table = frames([5, 5, 5], [1, 1, 1]);
    expect(new ClockSweep(table).findAny()).to.equal(-1);
    table.pins[1] = 0;
    expect(new ClockSweep(table).findAny()).to.equal(1);
  });
});

describe('A ring', () => {
  it('lets a scan of a large relation pass and leaves the hot pages where they are', async () => {
    const rig = makePool(128);
    const { pool } = rig;
    const big = await coldRelation(rig, 9, 600);
    const hot = await coldRelation(rig, 10, 60);
    for (let round = 0; round < 3; round++) for (let i = 0; i < 60; i++) await fetchPage(pool, hot, i);
    const ring = new ScanRing();
    let sum = 0;
    for (let pageNo = 0; pageNo < 600; pageNo++) {
      for (;;) {
        try {
          sum += valueAt(pool, pool.scanFrameBase(big, pageNo, ring));
          break;
        } catch (error) {
          expect(error).to.equal(PAGE_MISS);
          await new Promise<void>((resolve) => pool.onLoaded(resolve));
        }
      }
    }
    expect(sum).to.equal(600 * 100 + (600 * 599) / 2);
    expect(pool.residentCount(hot)).to.equal(60);
    expect(ring.reads).to.be.above(400);
    expect(ring.reads - ring.reuses).to.be.at.most(32);
  });

  it('gives up a frame that others came to want', async () => {
    const rig = makePool(64);
    const { pool } = rig;
    const rel = await coldRelation(rig, 9, 200);
    const ring = new ScanRing(4);
    pool.prefetch(rel, [0, 1, 2, 3], 4, ring);
    await turn();
    for (let i = 0; i < 3; i++) pool.frameBase(rel, 1);
    pool.prefetch(rel, [4, 5, 6, 7], 4, ring);
    await turn();
    expect([0, 1, 2, 3, 4, 5, 6, 7].map((pageNo) => pool.tryFrame(rel, pageNo) >= 0)).to.deep.equal([
      false,
      true,
      false,
      false,
      true,
      true,
      true,
      true,
    ]);
  });
});

describe('Against a model', () => {
  it(
    'a pool of 16 frames shows every page as it was last changed',
    withSeeds(25, async (random) => {
      const rig = makePool(
        16,
        new MemoryFileSystem({ schedule: (run) => void (random() < 0.5 ? setImmediate(run) : setTimeout(run, 0)) }),
      );
      const { pool } = rig;
      const model = new Map<number, number[]>();
      const pins: { base: number; relId: number; pageNo: number }[] = [];
      let nextRelId = 1;
      const step = async (): Promise<void> => {
        const dice = random();
        const relIds = [...model.keys()];
        if (relIds.length === 0 || dice < 0.02) {
          pool.createRelation(nextRelId);
          model.set(nextRelId++, []);
          return;
        }
        const relId = relIds[randomInt(random, relIds.length)];
        const rel = pool.relation(relId)!;
        const values = model.get(relId)!;
        if (values.length === 0 || dice < 0.2) {
          values.push(random());
          addPage(rig, rel, values[values.length - 1]);
          return;
        }
        const pageNo = randomInt(random, values.length);
        if (dice < 0.22 && !pins.some((pin) => pin.relId === relId)) {
          pool.dropRelation(rel);
          model.delete(relId);
          return;
        }
        if (dice < 0.25 && !pins.some((pin) => pin.relId === relId && pin.pageNo >= pageNo)) {
          pool.truncateRelation(rel, pageNo);
          values.length = pageNo;
          return;
        }
        if (dice < 0.3 && pins.length > 0) {
          pool.unpin(pins.pop()!.base);
          return;
        }
        if (dice < 0.33) {
          pool.prefetch(rel, [pageNo, pageNo + 1], 2);
          return;
        }
        if (dice < 0.35) {
          pool.writer.writeFrames(pool.dirtyFrames(), () => {});
          return;
        }
        const base = await fetchPage(pool, rel, pageNo);
        expect(valueAt(pool, base)).to.equal(values[pageNo]);
        if (dice < 0.7) {
          values[pageNo] = random();
          setValue(rig, rel, pageNo, base, values[pageNo]);
        } else if (dice < 0.75 && pins.length < 6) {
          pool.pin(base);
          pins.push({ base, relId, pageNo });
        }
      };
      for (let i = 0; i < 400; i++) {
        await step();
        expect(pool.checkInvariants()).to.equal(null);
        for (const pin of pins) expect(valueAt(pool, pin.base)).to.equal(model.get(pin.relId)![pin.pageNo]);
      }
      for (const [relId, values] of model) {
        for (let pageNo = 0; pageNo < values.length; pageNo++) {
          expect(valueAt(pool, await fetchPage(pool, pool.relation(relId)!, pageNo))).to.equal(values[pageNo]);
        }
      }
    }),
  );

  it('many waiting statements on few frames all get their page', async () => {
    const rig = makePool(16);
    const { pool } = rig;
    const rel = await coldRelation(rig, 9, 500);
    const read = async (start: number): Promise<number> => {
      let sum = 0;
      for (let i = 0; i < 20; i++) {
        const pageNo = (start * 37 + i * 11) % 500;
        const base = await fetchPage(pool, rel, pageNo);
        sum += valueAt(pool, base) - pageNo;
        if (i % 3 === 0) setValue(rig, rel, pageNo, base, 100 + pageNo);
      }
      return sum;
    };
    const sums = await Promise.all(Array.from({ length: 60 }, (_, i) => read(i)));
    expect(sums.every((sum) => sum === 2000)).to.equal(true);
  });
});
