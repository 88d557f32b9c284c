/** Which pages are hot, how that survives a restart, and what a preload may not do. */
import { expect } from 'chai';
import {
  type BufferPool,
  decodeHotList,
  HOT_LIST_FILE,
  type HotList,
  HotListBuilder,
  HotPages,
  PAGE_MISS,
  type RelationPages,
} from '../../../storage/buffer/index.ts';
import type { MemoryFileSystem } from '../../../storage/io/index.ts';
import { PAGE_SIZE } from '../../../storage/limits.ts';
import { HeldReads } from '../../support/held-reads.ts';
import { addPage, fetchPage, makePool, type PoolRig, valueAt, writeAll } from './pool-rig.ts';

/** A relation with pages on disk, none of them in memory. */
async function coldRelation(rig: PoolRig, relId: number, pageCount: number): Promise<RelationPages> {
  const rel = rig.pool.createRelation(relId);
  for (let i = 0; i < pageCount; i++) addPage(rig, rel, relId * 1000 + i);
  await writeAll(rig.pool);
  rig.pool.releaseClean();
  return rel;
}

/** Another pool over the same files, as after a restart. */
function restarted(rig: PoolRig, frames: number, fileSystem: MemoryFileSystem | HeldReads = rig.fileSystem): PoolRig {
  const next = makePool(frames, fileSystem as MemoryFileSystem);
  for (const rel of rig.pool.allRelations()) {
    const again = next.pool.createRelation(rel.relId);
    again.reservePages(rel.pageCount);
    again.pageCount = rel.pageCount;
  }
  return next;
}

function listOf(pool: BufferPool): HotList {
  const builder = new HotListBuilder(pool);
  while (!builder.step());
  const list = decodeHotList(builder.encode(5));
  if (typeof list === 'string') throw new Error(list);
  return list;
}

function pagesOf(list: HotList): string[] {
  return Array.from({ length: list.count }, (_, i) => `${list.relIds[i]}/${list.pageNos[i]}`);
}

function pass(pool: BufferPool, count = 1): void {
  for (let i = 0; i < count; i++) {
    pool.pageHeat.sample(0, pool.usedFrameEnd);
    pool.pageHeat.endPass();
  }
}

function hotPages(rig: PoolRig, log: string[], options: { rate?: number; intervalMs?: number } = {}): HotPages {
  return new HotPages({
    pool: rig.pool,
    fileSystem: rig.fileSystem,
    directory: '/d',
    intervalMs: options.intervalMs ?? 0,
    bytesPerSecond: options.rate ?? 1e9,
    now: Date.now,
    onLog: (message) => log.push(message),
  });
}

/** Waits for it; a thousand looks without it fail the test. */
async function until(isTrue: () => boolean): Promise<void> {
  for (let looks = 0; !isTrue(); looks++) {
    if (looks > 1000) throw new Error('it did not come');
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

function residents(pool: BufferPool, rel: RelationPages): number[] {
  return Array.from({ length: rel.pageCount }, (_, i) => i).filter((i) => pool.tryFrame(rel, i) >= 0);
}

describe('Page heat', () => {
  it('counts each lookup once, in the usage byte or in the heat', async () => {
    const rig = makePool(64);
    const rel = await coldRelation(rig, 7, 4);
    await fetchPage(rig.pool, rel, 2);
    for (let i = 0; i < 99; i++) rig.pool.frameBase(rel, 2);
    const frame = rel.frames[2];
    expect(rig.pool.pageHeat.of(frame)).to.be.within(100, 102);
    pass(rig.pool);
    expect(rig.pool.usage[frame]).to.equal(5);
    expect(rig.pool.pageHeat.of(frame)).to.be.within(100, 102);
    // The hand takes one at a time, and of a large count the surplus.
    for (let i = 0; i < 50; i++) rig.pool.frameBase(rel, 2);
    const before = rig.pool.pageHeat.of(frame);
    rig.pool.sweep.hand = frame;
    rig.pool.sweep.findAny();
    expect(rig.pool.usage[frame]).to.equal(4);
    expect(rig.pool.pageHeat.of(frame)).to.be.closeTo(before, 0.5);
  });

  it('halves in two minutes, so that what is wanted now stands before what was wanted more, long ago', async () => {
    const rig = makePool(64);
    const rel = await coldRelation(rig, 7, 4);
    for (let i = 0; i < 200; i++) await fetchPage(rig.pool, rel, 0);
    pass(rig.pool, 120);
    expect(rig.pool.heat[rel.frames[0]]).to.be.closeTo(97, 4);
    pass(rig.pool, 600);
    for (let i = 0; i < 30; i++) await fetchPage(rig.pool, rel, 1);
    expect(pagesOf(listOf(rig.pool))).to.deep.equal(['7/1', '7/0']);
  });

  it('stays with a page that has to leave and comes back', async () => {
    const rig = makePool(16);
    const rel = await coldRelation(rig, 7, 200);
    for (let i = 0; i < 40; i++) await fetchPage(rig.pool, rel, 3);
    for (let i = 4; i < 200; i++) await fetchPage(rig.pool, rel, i);
    expect(rig.pool.tryFrame(rel, 3)).to.equal(-1);
    expect(pagesOf(listOf(rig.pool))[0]).to.equal('7/3');
    await fetchPage(rig.pool, rel, 3);
    expect(rig.pool.pageHeat.of(rel.frames[3])).to.be.at.least(40);
  });
});

describe('A list of hot pages', () => {
  it('holds the hottest pages first, and no more than the pool has frames', async () => {
    const rig = makePool(32);
    const rel = await coldRelation(rig, 9, 100);
    for (let pageNo = 0; pageNo < 100; pageNo++)
      for (let i = 0; i <= (pageNo % 10) * 20; i++) await fetchPage(rig.pool, rel, pageNo);
    const list = listOf(rig.pool);
    expect(list.count).to.equal(32);
    // Classes of heat: near neighbours may change places.
    const heats = Array.from(list.pageNos, (pageNo) => (pageNo % 10) * 20);
    heats.forEach((heat, i) => {
      if (i > 0) expect(heat).to.be.at.most(heats[i - 1] + 20);
    });
    expect(heats[0]).to.be.at.least(160);
  });

  it('is not used when a byte of it is wrong, whichever', async () => {
    const rig = makePool(32);
    const rel = await coldRelation(rig, 9, 5);
    for (let pageNo = 0; pageNo < 5; pageNo++) await fetchPage(rig.pool, rel, pageNo);
    const builder = new HotListBuilder(rig.pool);
    while (!builder.step());
    const bytes = builder.encode(77);
    expect(decodeHotList(bytes)).to.include({ count: 5, madeAtMs: 77 });
    for (let at = 0; at < bytes.length; at++) {
      const damaged = Uint8Array.from(bytes);
      damaged[at] ^= 0x10;
      expect(decodeHotList(damaged), `byte ${at}`).to.be.a('string');
    }
    for (let length = 0; length < bytes.length; length++)
      expect(decodeHotList(bytes.slice(0, length))).to.be.a('string');
  });
});

describe('A preload', () => {
  /** 60 pages, of which every third was wanted; the list is on disk. */
  async function warmed(): Promise<PoolRig> {
    const rig = makePool(64);
    const rel = await coldRelation(rig, 9, 60);
    for (let pageNo = 0; pageNo < 60; pageNo += 3) for (let i = 0; i < 9; i++) await fetchPage(rig.pool, rel, pageNo);
    hotPages(rig, []).saveNow();
    return rig;
  }

  it('brings back what was hot, with its usage, and says so', async () => {
    const rig = restarted(await warmed(), 64);
    const rel = rig.pool.relation(9)!;
    const log: string[] = [];
    const hot = hotPages(rig, log);
    hot.start();
    expect(hot.progress).to.include({ state: 'loading', total: 20 });
    await until(() => hot.progress.state === 'done');
    expect(residents(rig.pool, rel)).to.deep.equal(Array.from({ length: 20 }, (_, i) => i * 3));
    expect(valueAt(rig.pool, rig.pool.frameBase(rel, 3))).to.equal(9003);
    expect(rig.pool.usage[rel.frames[6]]).to.equal(5);
    expect(hot.progress).to.include({ loaded: 20, resident: 0, gone: 0, damaged: 0, withoutRoom: 0 });
    expect(log[1]).to.match(/^preloaded 20 of 20 hot pages in [\d.]+ s$/);
    expect(rig.pool.checkInvariants()).to.equal(null);
    // And is hot again at once, should the server end now.
    expect(pagesOf(listOf(rig.pool))).to.have.members(Array.from({ length: 20 }, (_, i) => `9/${i * 3}`));
    hot.stop();
  });

  it('takes no frame from a page that is there, and stops when there is no other', async () => {
    const rig = restarted(await warmed(), 16);
    const rel = rig.pool.relation(9)!;
    const log: string[] = [];
    const hot = hotPages(rig, log);
    hot.start();
    for (const pageNo of [1, 2, 4, 5, 7, 8]) {
      try {
        rig.pool.frameBase(rel, pageNo);
      } catch (error) {
        expect(error).to.equal(PAGE_MISS);
      }
    }
    await until(() => hot.progress.state === 'done');
    expect(residents(rig.pool, rel)).to.include.members([1, 2, 4, 5, 7, 8]);
    expect(hot.progress).to.include({ loaded: 10, withoutRoom: 10 });
    expect(rig.pool.evictions).to.equal(0);
    hot.stop();
  });

  it('makes room of what recovery left, before the first query', async () => {
    const rig = restarted(await warmed(), 32);
    const rel = rig.pool.relation(9)!;
    for (let pageNo = 0; pageNo < 32; pageNo++) rig.pool.frameBaseSync(rel, pageNo);
    expect(rig.pool.unusedFrames).to.equal(0);
    const hot = hotPages(rig, []);
    hot.start();
    await until(() => hot.progress.state === 'done');
    expect(residents(rig.pool, rel)).to.include.members(Array.from({ length: 20 }, (_, i) => i * 3));
    hot.stop();
  });

  it('reads the hottest first, a few at a time', async () => {
    const files = new HeldReads();
    const rig = makePool(512, files as unknown as MemoryFileSystem);
    const rel = await coldRelation(rig, 9, 400);
    for (let pageNo = 0; pageNo < 400; pageNo++)
      for (let i = 0; i < (pageNo >= 360 ? 60 : 3); i++) await fetchPage(rig.pool, rel, pageNo);
    hotPages(rig, []).saveNow();
    const next = restarted(rig, 512, files);
    files.isHolding = true;
    // 64 pages in 50 ms are a chunk, of which at most an eighth of the pool.
    const hot = hotPages(next, [], { rate: 64 * 20 * PAGE_SIZE });
    hot.start();
    await until(() => files.heldCount > 0);
    files.release();
    await until(() => hot.progress.loaded > 0);
    const again = next.pool.relation(9)!;
    expect(residents(next.pool, again).filter((pageNo) => pageNo >= 360)).to.have.length(40);
    expect(hot.progress.loaded).to.equal(64);
    expect(hot.secondsLeft).to.be.within(0.1, 0.5);
    files.stopHolding();
    await until(() => hot.progress.state === 'done');
    expect(hot.progress.loaded).to.equal(400);
    hot.stop();
  });

  it('passes over pages beyond the end, relations that are gone, and damage', async () => {
    const warm = await warmed();
    const file = warm.fileSystem.open('/d/base/9', 'readwrite');
    file.writeSync(Uint8Array.of(255, 255), 0, 2, 6 * PAGE_SIZE + 5000);
    const rig = makePool(64, warm.fileSystem);
    const rel = rig.pool.createRelation(9);
    rel.reservePages(30);
    rel.pageCount = 30;
    const log: string[] = [];
    const hot = hotPages(rig, log);
    hot.start();
    await until(() => hot.progress.state === 'done');
    expect(hot.progress).to.include({ total: 20, loaded: 9, damaged: 1, gone: 10 });
    expect(log[1]).to.match(/^preloaded 9 of 20 hot pages in [\d.]+ s \(10 are gone, 1 could not be read\)$/);
    hot.stop();
    const empty = makePool(64, warm.fileSystem);
    const none = hotPages(empty, []);
    none.start();
    await until(() => none.progress.state === 'done');
    expect(none.progress).to.include({ total: 20, loaded: 0, gone: 20 });
    none.stop();
  });

  it('does not begin with a damaged list, nor at a rate of 0', async () => {
    const warm = await warmed();
    const off = hotPages(restarted(warm, 64), [], { rate: 0 });
    off.start();
    expect(off.progress.state).to.equal('off');
    off.stop();
    const file = warm.fileSystem.open(`/d/${HOT_LIST_FILE}`, 'readwrite');
    file.writeSync(Uint8Array.of(255), 0, 1, 40);
    const log: string[] = [];
    const hot = hotPages(restarted(warm, 64), log);
    hot.start();
    expect(hot.progress.state).to.equal('off');
    expect(log).to.deep.equal(['list of hot pages "/d/hot-pages" is not used: its checksum is wrong']);
    hot.stop();
  });

  it('is kept at intervals, whole or not at all, and survives a crash', async () => {
    const rig = await warmed();
    const rel = rig.pool.relation(9)!;
    const log: string[] = [];
    const hot = hotPages(rig, log, { intervalMs: 5, rate: 0 });
    hot.start();
    for (let i = 0; i < 9; i++) await fetchPage(rig.pool, rel, 1);
    const read = (): HotList | string => {
      const file = rig.fileSystem.open(`/d/${HOT_LIST_FILE}`, 'read');
      const bytes = new Uint8Array(file.size());
      file.readSync(bytes, 0, bytes.length, 0);
      return decodeHotList(bytes);
    };
    await until(() => {
      const list = read();
      if (typeof list === 'string') throw new Error(list);
      return list.count === 21;
    });
    hot.stop();
    rig.fileSystem.crash({ random: Math.random, tear: true });
    expect(read()).to.include({ count: 21 });
  });

  it('a list that cannot be written is a line in the log', async () => {
    const rig = await warmed();
    const log: string[] = [];
    rig.fileSystem.failNext('write', 'ENOSPC');
    hotPages(rig, log).saveNow();
    expect(log).to.have.length(1);
    expect(log[0]).to.match(/^list of hot pages could not be kept: /);
  });
});
