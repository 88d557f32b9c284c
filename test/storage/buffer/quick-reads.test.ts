/** Single pages are read in place while that is quick, and a disk that is slow is met once in a while only. */
import { expect } from 'chai';
import { PAGE_MISS, QuickReads } from '../../../storage/buffer/index.ts';
import { MemoryFileSystem } from '../../../storage/io/index.ts';
import { addPage, makePool, turn, valueAt, writeAll } from './pool-rig.ts';

describe('reads in place', () => {
  describe('are judged by how long they take', () => {
    let nowMs: number;
    let reads: QuickReads;
    const read = (ms: number): void => {
      reads.timed(() => {
        nowMs += ms;
      });
    };
    /** Milliseconds until the next read in place. */
    const pause = (): number => {
      const startMs = nowMs;
      while (!reads.isOn) nowMs++;
      return nowMs - startMs;
    };

    beforeEach(() => {
      nowMs = 1000;
      reads = new QuickReads(() => nowMs);
    });

    it('quick ones go on', () => {
      for (let i = 0; i < 1000; i++) {
        expect(reads.isOn).to.equal(true);
        read(0.01);
      }
    });

    it('a slow one is followed by a pause, twice as long each time, up to ten seconds', () => {
      const pauses: number[] = [];
      for (let i = 0; i < 9; i++) {
        read(5);
        pauses.push(pause());
      }
      expect(pauses).to.deep.equal([100, 200, 400, 800, 1600, 3200, 6400, 10000, 10000]);
    });

    it('the pause goes by the time that was lost', () => {
      read(0.5);
      expect(pause()).to.equal(10);
      for (let i = 0; i < 64; i++) read(0.01);
      read(3);
      expect(pause()).to.equal(60);
    });

    it('pauses are short again after many quick ones, not after a few', () => {
      for (let i = 0; i < 5; i++) {
        read(5);
        pause();
      }
      for (let i = 0; i < 10; i++) read(0.01);
      read(5);
      expect(pause()).to.equal(3200);
      for (let i = 0; i < 64; i++) read(0.01);
      read(5);
      expect(pause()).to.equal(100);
    });

    it('one that fails is judged too', () => {
      expect(() =>
        reads.timed(() => {
          nowMs += 30;
          throw new Error('gone');
        }),
      ).to.throw('gone');
      expect(reads.isOn).to.equal(false);
    });
  });

  describe('of a pool', () => {
    async function coldPool() {
      const fileSystem = new MemoryFileSystem();
      const rig = makePool(16, fileSystem, new QuickReads(() => 0));
      const rel = rig.pool.createRelation(9);
      for (let i = 0; i < 40; i++) addPage(rig, rel, 100 + i);
      await writeAll(rig.pool);
      rig.pool.releaseClean();
      return { ...rig, rel };
    }

    it('still miss first, since they take a frame; then the page is there at once', async () => {
      const { pool, rel } = await coldPool();
      for (let i = 0; i < 40; i++) {
        expect(() => pool.frameBase(rel, i)).to.throw(PAGE_MISS.message);
        expect(pool.isMissSettled).to.equal(true);
        expect(valueAt(pool, pool.frameBase(rel, i))).to.equal(100 + i);
      }
      expect(pool.readsUnderWay).to.equal(0);
      expect(pool.checkInvariants()).to.equal(null);
    });

    it('tell those who wait all the same, in a later turn', async () => {
      const { pool, rel } = await coldPool();
      expect(() => pool.frameBase(rel, 3)).to.throw(PAGE_MISS.message);
      let told = 0;
      pool.onLoaded(() => told++);
      expect(told).to.equal(0);
      await turn();
      expect(told).to.equal(1);
    });

    it('give their error to the next look, once', async () => {
      const { pool, rel, fileSystem } = await coldPool();
      fileSystem.failNext('read', 'EIO', 0, 'base/9');
      expect(() => pool.frameBase(rel, 5)).to.throw(PAGE_MISS.message);
      expect(pool.isMissSettled).to.equal(true);
      expect(() => pool.frameBase(rel, 5)).to.throw('could not read file');
      fileSystem.corrupt('/d/base/9', 6 * 8192 + 5000, 1);
      expect(() => pool.frameBase(rel, 6)).to.throw(PAGE_MISS.message);
      expect(() => pool.frameBase(rel, 6)).to.throw('invalid page in block 6 of relation base/9');
      expect(() => pool.frameBase(rel, 5)).to.throw(PAGE_MISS.message);
      expect(valueAt(pool, pool.frameBase(rel, 5))).to.equal(105);
    });
  });
});
