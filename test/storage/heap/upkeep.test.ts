/** What nobody can see any more makes room: files stay as small as what is in them, however long the work goes on. */
import { expect } from 'chai';
import { type Heap, MemoryFileSystem, StorageEngine, type Transaction } from '../../../storage/api.ts';
import { FreeSpace } from '../../../storage/heap/free-space.ts';
import { makeRow, Random, readRow, retry, SEED, untilDone } from './support.ts';

const FRAMES = 256;

describe(`upkeep (SEED=${SEED})`, () => {
  let engine: StorageEngine;
  let heap: Heap;

  beforeEach(async () => {
    engine = await StorageEngine.open({
      dataDirectory: '/data',
      fileSystem: new MemoryFileSystem(),
      sharedBuffers: FRAMES * 8192,
      onLog: () => {},
    });
    await engine.startupSweep();
    const txn = engine.transactions.begin();
    heap = engine.createHeap(txn);
    commit(txn);
  });
  afterEach(() => engine.close());

  function commit(txn: Transaction): void {
    txn.synchronousCommit = false;
    engine.transactions.commit(txn, () => {});
  }

  async function change<T>(step: (txn: Transaction, xid: number) => T): Promise<T> {
    const txn = engine.transactions.begin();
    const xid = engine.transactions.statementXid(txn);
    const result = await retry(engine, () => step(txn, xid));
    commit(txn);
    return result;
  }

  async function turns(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
  }

  it('a row of ten that is updated 200,000 times stays within a few pages', async function () {
    this.timeout(60_000);
    const rowIds: number[] = [];
    for (let i = 0; i < 10; i++) rowIds.push(await change((t, xid) => heap.insert(t, xid, makeRow(i, 100), 100)));
    for (let i = 0; i < 200_000; i++) {
      const txn = engine.transactions.begin();
      heap.update(txn, engine.transactions.statementXid(txn), rowIds[3], makeRow(i, 100), 100);
      commit(txn);
      if (i % 1000 === 0) await turns();
    }
    expect(readRow(engine, heap.newest(rowIds[3]))).to.equal(199_999);
    expect(heap.pages.pageCount).to.equal(1);
    expect(engine.versionFilePages).to.be.lessThan(5);
  });

  it('a snapshot under that load reads what it saw; when it is gone, the old versions are, and their file', async function () {
    this.timeout(60_000);
    const rowIds: number[] = [];
    for (let i = 0; i < 10; i++) rowIds.push(await change((t, xid) => heap.insert(t, xid, makeRow(i, 200), 200)));
    const reader = engine.transactions.begin();
    const snapshot = engine.transactions.takeSnapshot(reader);
    for (let i = 0; i < 60_000; i++) {
      await change((t, xid) => heap.update(t, xid, rowIds[i % 10], makeRow(i + 100, 200), 200));
      if (i % 20_000 !== 0) continue;
      for (let k = 0; k < 10; k++) {
        expect(await retry(engine, () => readRow(engine, heap.visible(rowIds[k], snapshot)))).to.equal(k);
      }
    }
    expect(engine.versionFilePages, 'the versions are kept').to.be.greaterThan(1500);
    expect(heap.pages.pageCount).to.equal(1);
    engine.transactions.releaseSnapshot(snapshot);
    commit(reader);
    const fileSize = (): number => engine.pool.files.open(engine.pool.relation(1)!, true).size();
    for (let wait = 0; wait < 100 && (engine.versionFilePages > 200 || fileSize() > 200 * 8192); wait++) {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    expect(engine.versionFilePages).to.be.lessThan(200);
    expect(fileSize()).to.be.lessThan(200 * 8192);
    // And what comes next finds room at the front.
    for (let i = 0; i < 5000; i++) {
      await change((t, xid) => heap.update(t, xid, rowIds[i % 10], makeRow(i, 200), 200));
    }
    expect(engine.versionFilePages).to.be.lessThan(200);
    for (let k = 0; k < 10; k++) expect(readRow(engine, heap.newest(rowIds[k]))).to.equal(4990 + k);
  });

  it('random inserts, updates and deletes of rows of all sizes stay within twice what there is', async function () {
    this.timeout(60_000);
    const random = new Random(SEED);
    const live = new Map<number, { value: number; size: number }>();
    const ids: number[] = [];
    let bytes = 0;
    let mostBytes = 0;
    const sizeOf = (): number => random.pick([40, 100, 300, 1000, 2500, 8128]) - random.below(16);
    for (let round = 0; round < 40_000; round++) {
      const dice = random.next();
      if (ids.length < 300 || (dice < 0.34 && ids.length < 700)) {
        const size = sizeOf();
        const rowId = await change((t, xid) => heap.insert(t, xid, makeRow(round, size), size));
        live.set(rowId, { value: round, size });
        ids.push(rowId);
        bytes += size;
      } else {
        const at = random.below(ids.length);
        const rowId = ids[at];
        const row = live.get(rowId)!;
        bytes -= row.size;
        if (dice < 0.67) {
          await change((t, xid) => heap.remove(t, xid, rowId));
          live.delete(rowId);
          ids[at] = ids[ids.length - 1];
          ids.pop();
        } else {
          const size = sizeOf();
          await change((t, xid) => heap.update(t, xid, rowId, makeRow(round, size), size));
          live.set(rowId, { value: round, size });
          bytes += size;
        }
      }
      mostBytes = Math.max(mostBytes, bytes);
      if (round % 50 === 0) {
        engine.sweepSome(10_000);
        await turns();
      }
    }
    expect(heap.pages.pageCount * 8192).to.be.lessThan(mostBytes * 2 + 40 * 8192);
    expect(engine.versionFilePages).to.be.lessThan(FRAMES);
    for (const [rowId, { value }] of live) {
      expect(await retry(engine, () => readRow(engine, heap.newest(rowId)))).to.equal(value);
    }
  });

  it('a rollback leaves no more than there was', async () => {
    for (let round = 0; round < 20; round++) {
      const txn = engine.transactions.begin();
      const xid = engine.transactions.statementXid(txn);
      for (let i = 0; i < 100; i++) await retry(engine, () => heap.insert(txn, xid, makeRow(i, 8128), 8128));
      await untilDone(
        engine,
        () => txn.undoNeedsPage,
        () => engine.transactions.rollback(txn),
      );
    }
    expect(heap.pages.pageCount).to.be.lessThan(105);
  });
});

describe('free space', () => {
  it('finds a page that has the room, if there is one of a list above, whatever small holes came after it', () => {
    const space = new FreeSpace();
    space.note(7, 8152);
    for (let page = 100; page < 400; page++) space.note(page, 700);
    expect(space.count).to.equal(301);
    expect(space.take(8128)).to.equal(7);
    expect(space.take(8128)).to.equal(-1);
    expect(space.take(600)).to.equal(399);
    space.truncate(200);
    expect(space.count).to.equal(100);
    for (let i = 0; i < 100; i++) expect(space.take(256)).to.be.lessThan(200);
    expect(space.take(1)).to.equal(-1);
  });

  it('agrees with a plain map: never a page that is not there, never one twice, never one that is too small', () => {
    const random = new Random(SEED);
    const space = new FreeSpace();
    const model = new Map<number, number>();
    for (let i = 0; i < 50_000; i++) {
      if (random.next() < 0.6) {
        const pageNo = random.below(3000);
        const size = random.below(8153) & -8;
        space.note(pageNo, size);
        if (size < 256) model.delete(pageNo);
        else model.set(pageNo, size);
      } else {
        const size = random.pick([16, 256, 500, 1500, 3000, 8128]);
        const pageNo = space.take(size);
        if (pageNo >= 0) {
          expect(model.get(pageNo)).to.be.at.least(size);
          model.delete(pageNo);
        } else if (size === 8128) expect([...model.values()].filter((free) => free >= 8128)).to.deep.equal([]);
      }
      expect(space.count).to.equal(model.size);
    }
  });
});
