/** buffer_admission = tinylfu: what it keeps, and what it must not do. */
import { expect } from 'chai';
import { xorshift, zipfian } from '../../../bench/buffer-trace/traces.ts';
import { type BufferPool, PAGE_MISS, BufferPool as Pool, type RelationPages } from '../../../storage/buffer/index.ts';
import { MemoryFileSystem } from '../../../storage/io/index.ts';
import { PAGE_SIZE } from '../../../storage/limits.ts';
import { Wal } from '../../../storage/wal/index.ts';
import { addPage, fetchPage, type PoolRig, valueAt, writeAll } from './pool-rig.ts';

async function makeRig(
  frames: number,
  admission: boolean,
  pages: number,
): Promise<{ rig: PoolRig; rel: RelationPages }> {
  const fileSystem = new MemoryFileSystem();
  const wal = new Wal({ segments: null });
  wal.open(1024, 0);
  const pool = new Pool({ fileSystem, directory: '/d', size: frames * PAGE_SIZE, wal, admission });
  const rig = { fileSystem, wal, pool };
  const rel = pool.createRelation(9);
  for (let i = 0; i < pages; i++) addPage(rig, rel, i);
  await writeAll(pool);
  pool.releaseClean();
  return { rig, rel };
}

async function hits(pool: BufferPool, rel: RelationPages, next: () => number, count: number): Promise<number> {
  let found = 0;
  for (let i = 0; i < count; i++) {
    const pageNo = next();
    if (pool.tryFrame(rel, pageNo) >= 0) found++;
    expect(valueAt(pool, await fetchPage(pool, rel, pageNo))).to.equal(pageNo);
  }
  return found / count;
}

describe('Admission', () => {
  it('keeps more of a skewed load than the sweep alone', async () => {
    const ratios: number[] = [];
    for (const admission of [false, true]) {
      const { rig, rel } = await makeRig(256, admission, 1024);
      const next = zipfian(1024, 0.99, xorshift(3));
      await hits(rig.pool, rel, next, 8000);
      ratios.push(await hits(rig.pool, rel, next, 8000));
      expect(rig.pool.checkInvariants()).to.equal(null);
    }
    expect(ratios[1]).to.be.above(ratios[0] + 0.02);
  });

  it('does not let pages that are wanted once push out those that are wanted often', async () => {
    for (const admission of [false, true]) {
      const { rig, rel } = await makeRig(128, admission, 2000);
      const hot = Array.from({ length: 64 }, (_, i) => i);
      for (let round = 0; round < 20; round++) for (const pageNo of hot) await fetchPage(rig.pool, rel, pageNo);
      for (let pageNo = 64; pageNo < 900; pageNo++) await fetchPage(rig.pool, rel, pageNo);
      const left = hot.filter((pageNo) => rig.pool.tryFrame(rel, pageNo) >= 0).length;
      if (admission) expect(left).to.be.at.least(60);
      else expect(left).to.equal(0);
    }
  });

  it('lets a new hot set in', async () => {
    const { rig, rel } = await makeRig(128, true, 2000);
    const random = xorshift(5);
    await hits(rig.pool, rel, () => Math.floor(random() * 100), 4000);
    await hits(rig.pool, rel, () => 1000 + Math.floor(random() * 100), 4000);
    expect(await hits(rig.pool, rel, () => 1000 + Math.floor(random() * 100), 1000)).to.be.above(0.9);
  });

  it('lets everybody have a page, however many wait and however small the pool is', async () => {
    const { rig, rel } = await makeRig(16, true, 400);
    const { pool } = rig;
    const reader = async (seed: number): Promise<void> => {
      const random = xorshift(seed);
      for (let i = 0; i < 100; i++) {
        const pageNo = Math.floor(random() * 400);
        for (let tries = 0; ; tries++) {
          expect(tries).to.be.below(100);
          try {
            expect(valueAt(pool, pool.frameBase(rel, pageNo))).to.equal(pageNo);
            break;
          } catch (error) {
            if (error !== PAGE_MISS) throw error;
            await new Promise<void>((resolve) => pool.onLoaded(resolve));
          }
        }
      }
    };
    await Promise.all(Array.from({ length: 60 }, (_, i) => reader(i + 1)));
    expect(pool.checkInvariants()).to.equal(null);
  });
});
