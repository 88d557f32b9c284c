/** Old versions and deleted rows go away by themselves, as soon as nobody can see them; and not before. */
import { expect } from 'chai';
import {
  type Heap,
  LOCK_NO_KEY_UPDATE,
  MemoryFileSystem,
  StorageEngine,
  type Transaction,
  WRITE_OK,
} from '../../../storage/api.ts';
import { makeRow, readRow, usedSlots } from './support.ts';

interface Fixture {
  readonly engine: StorageEngine;
  readonly heap: Heap;
}

async function openHeap(frames = 64): Promise<Fixture> {
  const engine = await StorageEngine.open({
    dataDirectory: null,
    fileSystem: new MemoryFileSystem(),
    sharedBuffers: frames * 8192,
  });
  await engine.startupSweep();
  const txn = engine.transactions.begin();
  const heap = engine.createHeap(txn);
  engine.transactions.commit(txn, () => {});
  return { engine, heap };
}

/** One statement in a transaction of its own. */
function run<T>({ engine }: Fixture, statement: (txn: Transaction, xid: number) => T): T {
  const txn = engine.transactions.begin();
  const result = statement(txn, engine.transactions.statementXid(txn));
  engine.transactions.commit(txn, () => {});
  return result;
}

/** How many versions of the row there are before one that every snapshot sees. */
function chainLength(heap: Heap, rowId: number): number {
  const { pool, transactions } = heap.context;
  heap.locate(rowId);
  let length = 0;
  for (let row = heap.placeRow; row >= 0; row = heap.previousOf(row)) {
    length++;
    if (pool.f64[row >>> 3] < transactions.gcHorizon()) break;
  }
  return length;
}

describe('the sweep', () => {
  it('keeps a row updated a hundred thousand times to one version and a handful of version pages', async () => {
    const fixture = await openHeap();
    const { engine, heap } = fixture;
    const rowId = run(fixture, (txn, xid) => heap.insert(txn, xid, makeRow(0, 100), 100));
    for (let value = 1; value <= 100_000; value++) {
      const txn = engine.transactions.begin();
      const snapshot = engine.transactions.takeSnapshot(txn);
      expect(heap.checkWrite(rowId, txn, snapshot, LOCK_NO_KEY_UPDATE) === WRITE_OK).to.equal(true);
      heap.update(txn, engine.transactions.statementXid(txn), rowId, makeRow(value, 100), 100);
      engine.transactions.releaseSnapshot(snapshot);
      engine.transactions.commit(txn, () => {});
    }
    expect(chainLength(heap, rowId)).to.equal(1);
    expect(engine.versionPageCount).to.be.at.most(2);
    expect(heap.pages.pageCount).to.equal(1);
    expect(readRow(engine, heap.newest(rowId))).to.equal(100_000);
    expect(engine.transactions.table.states.length).to.be.at.most(2048);
    await engine.close();
  }).timeout(20000);

  it('keeps what an old snapshot sees, and lets it go with the snapshot', async () => {
    const fixture = await openHeap();
    const { engine, heap } = fixture;
    const rowId = run(fixture, (txn, xid) => heap.insert(txn, xid, makeRow(0, 100), 100));
    const snapshot = engine.transactions.takeSnapshot(engine.transactions.begin());
    for (let value = 1; value <= 1000; value++) {
      run(fixture, (txn, xid) => heap.update(txn, xid, rowId, makeRow(value, 100), 100));
    }
    expect(readRow(engine, heap.visible(rowId, snapshot))).to.equal(0);
    expect(engine.versionPageCount).to.be.greaterThan(10);
    engine.transactions.releaseSnapshot(snapshot);
    for (let value = 1; value <= 1000; value++) {
      run(fixture, (txn, xid) => heap.update(txn, xid, rowId, makeRow(value, 100), 100));
    }
    expect(engine.versionPageCount).to.be.at.most(2);
    await engine.close();
  });

  it('gives the slots of deleted rows to new ones, when no snapshot sees them any more', async () => {
    const fixture = await openHeap();
    const { engine, heap } = fixture;
    const insertMany = (): number[] =>
      run(fixture, (txn, xid) => Array.from({ length: 500 }, (_, i) => heap.insert(txn, xid, makeRow(i, 100), 100)));
    const rowIds = insertMany();
    const pageCount = heap.pages.pageCount;
    const snapshot = engine.transactions.takeSnapshot(engine.transactions.begin());
    run(fixture, (txn, xid) => {
      for (const rowId of rowIds) heap.remove(txn, xid, rowId);
    });
    expect(heap.rowCount).to.equal(0);
    expect(engine.sweepSome(1000)).to.equal(0);
    expect(readRow(engine, heap.visible(rowIds[3], snapshot))).to.equal(3);
    engine.transactions.releaseSnapshot(snapshot);
    const first = engine.sweepSome(300);
    expect(first).to.be.within(300, 400);
    expect(engine.sweepSome(1000)).to.equal(500 - first);
    expect(await usedSlots(engine, heap)).to.equal(0);
    insertMany();
    expect(heap.pages.pageCount).to.equal(pageCount);
    await engine.close();
  });

  it('frees the place that a row left when it moved, and both when the moved row is deleted', async () => {
    const fixture = await openHeap();
    const { engine, heap } = fixture;
    const rowIds = run(fixture, (txn, xid) =>
      Array.from({ length: 3 }, (_, i) => heap.insert(txn, xid, makeRow(i, 2600), 2600)),
    );
    // To another page, then to a third.
    run(fixture, (txn, xid) => heap.update(txn, xid, rowIds[0], makeRow(7, 4000), 4000));
    run(fixture, (txn, xid) => heap.insert(txn, xid, makeRow(8, 4000), 4000));
    run(fixture, (txn, xid) => heap.update(txn, xid, rowIds[0], makeRow(9, 7000), 7000));
    expect(await usedSlots(engine, heap)).to.equal(6);
    engine.sweepSome(100);
    expect(await usedSlots(engine, heap)).to.equal(5);
    expect(readRow(engine, heap.newest(rowIds[0]))).to.equal(9);
    // The room of its first place is there for others.
    run(fixture, (txn, xid) => heap.update(txn, xid, rowIds[1], makeRow(10, 5000), 5000));
    heap.locate(rowIds[1]);
    expect(heap.placeId).to.equal(rowIds[1]);
    run(fixture, (txn, xid) => heap.remove(txn, xid, rowIds[0]));
    engine.sweepSome(100);
    expect(await usedSlots(engine, heap)).to.equal(3);
    await engine.close();
  });

  it('gives back what a shrunk row no longer needs, unless it has grown again', async () => {
    const fixture = await openHeap();
    const { engine, heap } = fixture;
    const [first, second] = run(fixture, (txn, xid) =>
      [0, 1].map((value) => heap.insert(txn, xid, makeRow(value, 4000), 4000)),
    );
    run(fixture, (txn, xid) => heap.update(txn, xid, first, makeRow(2, 100), 100));
    run(fixture, (txn, xid) => heap.update(txn, xid, second, makeRow(3, 100), 100));
    run(fixture, (txn, xid) => heap.update(txn, xid, second, makeRow(4, 3990), 3990));
    engine.sweepSome(100);
    expect(readRow(engine, heap.newest(first))).to.equal(2);
    expect(readRow(engine, heap.newest(second))).to.equal(4);
    const rowId = run(fixture, (txn, xid) => heap.insert(txn, xid, makeRow(5, 3800), 3800));
    expect(rowId >>> 9).to.equal(0);
    expect(readRow(engine, heap.newest(second))).to.equal(4);
    await engine.close();
  });

  it('runs in the background after commits', async () => {
    const fixture = await openHeap();
    const { engine, heap } = fixture;
    const rowId = run(fixture, (txn, xid) => heap.insert(txn, xid, makeRow(0, 100), 100));
    run(fixture, (txn, xid) => heap.remove(txn, xid, rowId));
    expect(engine.sweepPendingCount).to.equal(1);
    await new Promise((resolve) => setTimeout(resolve, 60));
    expect(engine.sweepPendingCount).to.equal(0);
    expect(await usedSlots(engine, heap)).to.equal(0);
    await engine.close();
  });
});
