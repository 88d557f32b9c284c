/** The engine as the executor meets it: catalog, heaps, sequences, oids; starting, stopping, a full disk. */
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import {
  FIRST_OID,
  type Heap,
  LOCK_KEY_SHARE,
  LOCK_NO_KEY_UPDATE,
  LOCK_UPDATE,
  LOCK_WAITING,
  MemoryFileSystem,
  ROW_DELETED,
  ROW_IN_PROGRESS,
  ROW_LIVE,
  ROW_LIVE_OWN,
  StorageEngine,
  type Transaction,
  UPDATE_KEY,
  WRITE_DELETED,
  WRITE_OK,
  WRITE_OWN_LATER,
  WRITE_WAIT,
} from '../../../storage/api.ts';
import { memoryFailure } from '../../../storage/io/index.ts';
import type { SqlError } from '../../../types/errors.ts';
import { makeRow, readRow, retry, untilDone, usedSlots } from '../heap/support.ts';

async function open(fileSystem: MemoryFileSystem | null, frames = 64): Promise<StorageEngine> {
  const engine = await StorageEngine.open({
    dataDirectory: fileSystem === null ? null : '/data',
    fileSystem: fileSystem ?? new MemoryFileSystem(),
    sharedBuffers: frames * 8192,
    onLog: () => {},
  });
  await engine.startupSweep();
  return engine;
}

function committed(engine: StorageEngine, txn: Transaction): Promise<void> {
  return new Promise((resolve, reject) => {
    engine.transactions.commit(txn, (error) => (error === null ? resolve() : reject(error)));
  });
}

async function rolledBack(engine: StorageEngine, txn: Transaction): Promise<void> {
  await untilDone(
    engine,
    () => txn.undoNeedsPage,
    () => engine.transactions.rollback(txn),
  );
}

async function newHeap(engine: StorageEngine): Promise<Heap> {
  const txn = engine.transactions.begin();
  const heap = engine.createHeap(txn);
  await committed(engine, txn);
  return heap;
}

async function insertRow(engine: StorageEngine, heap: Heap, value: number): Promise<number> {
  const txn = engine.transactions.begin();
  const rowId = heap.insert(txn, engine.transactions.statementXid(txn), makeRow(value, 100), 100);
  await committed(engine, txn);
  return rowId;
}

function codeOf(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    return (error as SqlError).code;
  }
  return 'no error';
}

describe('the storage engine', () => {
  it('keeps catalog entries with the transaction that made them, and over restarts', async () => {
    const fileSystem = new MemoryFileSystem();
    const engine = await open(fileSystem);
    const txn = engine.transactions.begin();
    engine.putCatalog(txn, 'a', Buffer.from('1'));
    const mark = engine.transactions.savepoint(txn);
    engine.putCatalog(txn, 'a', Buffer.from('2'));
    engine.putCatalog(txn, 'b', Buffer.from('2'));
    expect(engine.transactions.rollbackTo(txn, mark)).to.equal(true);
    expect(engine.catalog.size).to.equal(0);
    await committed(engine, txn);
    const lost = engine.transactions.begin();
    engine.putCatalog(lost, 'a', null);
    await rolledBack(engine, lost);
    expect([...engine.catalog].map(([key, bytes]) => [key, `${bytes}`])).to.deep.equal(
      [['a', '1']].map(([k, v]) => [k, `${Buffer.from(v)}`]),
    );
    await engine.close();
    const again = await open(fileSystem);
    expect(Buffer.from(again.catalog.get('a')!).toString()).to.equal('1');
    await again.close();
  });

  it('creates heaps with the transaction or savepoint, and drops them at commit', async () => {
    const engine = await open(null);
    const txn = engine.transactions.begin();
    const kept = engine.createHeap(txn);
    const mark = engine.transactions.savepoint(txn);
    const undone = engine.createHeap(txn);
    undone.insert(txn, engine.transactions.statementXid(txn), makeRow(1, 100), 100);
    engine.transactions.rollbackTo(txn, mark);
    expect(codeOf(() => engine.heap(undone.relId))).to.not.equal('no error');
    await committed(engine, txn);
    const dropper = engine.transactions.begin();
    engine.dropHeap(dropper, kept.relId);
    expect(engine.heap(kept.relId)).to.equal(kept);
    await rolledBack(engine, dropper);
    expect(engine.heap(kept.relId)).to.equal(kept);
    const second = engine.transactions.begin();
    engine.dropHeap(second, kept.relId);
    await committed(engine, second);
    expect(codeOf(() => engine.heap(kept.relId))).to.not.equal('no error');
    await engine.close();
  });

  it('starts a sequence again with its transaction: others wait, an undo and a crash before COMMIT take it back', async () => {
    const fileSystem = new MemoryFileSystem();
    const engine = await open(fileSystem);
    const txn = engine.transactions.begin();
    engine.createSequence(txn, 20000, 1, false);
    engine.setSequence(20000, 50, true, txn, 82);
    await committed(engine, txn);

    const restarter = engine.transactions.begin();
    engine.restartSequence(restarter, 20000, 1, false);
    engine.setSequence(20000, 2, true, restarter, 34);
    const mark = engine.transactions.savepoint(restarter);
    engine.restartSequence(restarter, 20000, 7, false);
    const other = engine.transactions.begin();
    expect(engine.sequenceBlocker(20000, other)).to.equal(restarter);
    expect(engine.sequenceBlocker(20000, restarter)).to.equal(null);
    await untilDone(
      engine,
      () => restarter.undoNeedsPage,
      () => engine.transactions.rollbackTo(restarter, mark),
    );
    expect(engine.sequenceState(20000)).to.include({ lastValue: 2, isCalled: true });

    // The server stops before COMMIT, when everything else is on disk.
    await new Promise<void>((resolve, reject) => {
      engine.checkpoint((error) => (error === null ? resolve() : reject(error)));
    });
    const crashed = fileSystem.fork();
    crashed.crash();
    const before = await open(crashed);
    expect(before.sequenceState(20000)).to.include({ lastValue: 82, isCalled: true });
    await before.close();

    const stopped = fileSystem.fork();
    await committed(engine, restarter);
    expect(engine.sequenceBlocker(20000, other)).to.equal(null);
    const after = fileSystem.fork();
    for (const [files, value] of [
      [stopped, 82],
      [after, 2],
    ] as const) {
      files.crash();
      const again = await open(files);
      expect(again.sequenceState(20000)).to.include({ lastValue: value, isCalled: true });
      await again.close();
    }
    const undone = engine.transactions.begin();
    engine.restartSequence(undone, 20000, 1000, false);
    await rolledBack(engine, undone);
    expect(engine.sequenceState(20000)).to.include({ lastValue: 2, isCalled: true });
    await engine.close();
  });

  it('gives out sequence values that never come back, logging one record for 32 of them', async () => {
    const fileSystem = new MemoryFileSystem();
    const engine = await open(fileSystem);
    const txn = engine.transactions.begin();
    engine.createSequence(txn, 20000, 1, false);
    await committed(engine, txn);
    const records = engine.wal.recordCount;
    for (let value = 1; value <= 33; value++) {
      const reader = engine.transactions.begin();
      engine.setSequence(20000, value, true, reader, value + 32);
      await committed(engine, reader);
    }
    expect(engine.wal.recordCount - records).to.equal(1);
    expect(engine.sequenceState(20000)).to.include({ lastValue: 33, isCalled: true, logCount: 0 });
    const crashed = fileSystem.fork();
    crashed.crash();
    engine.abandon();
    const again = await open(crashed);
    expect(again.sequenceState(20000)).to.include({ lastValue: 33, isCalled: true });
    const dropper = again.transactions.begin();
    again.dropSequence(dropper, 20000);
    await rolledBack(again, dropper);
    expect(again.sequenceState(20000)).to.not.equal(null);
    const second = again.transactions.begin();
    again.setSequence(20000, 2n ** 60n, false, second);
    await committed(again, second);
    await again.close();
    const third = await open(crashed);
    expect(third.sequenceState(20000)).to.include({ lastValue: 2n ** 60n, isCalled: false });
    const last = third.transactions.begin();
    third.dropSequence(last, 20000);
    await committed(third, last);
    third.abandon();
    const fourth = await open(crashed);
    expect(fourth.sequenceState(20000)).to.equal(null);
    await fourth.close();
  });

  it('goes on with a sequence where it stood after a clean end, and further on only after a crash', async () => {
    const fileSystem = new MemoryFileSystem();
    const engine = await open(fileSystem);
    const txn = engine.transactions.begin();
    engine.createSequence(txn, 20000, 1, false);
    engine.setSequence(20000, 5, true, txn, 37);
    await committed(engine, txn);
    await engine.close();
    const again = await open(fileSystem);
    expect(again.sequenceState(20000)).to.include({ lastValue: 5, isCalled: true });
    const reader = again.transactions.begin();
    again.setSequence(20000, 6, true, reader, 38);
    await committed(again, reader);
    again.abandon();
    fileSystem.crash();
    const third = await open(fileSystem);
    expect(third.sequenceState(20000)).to.include({ lastValue: 38, isCalled: true });
    await third.close();
  });

  it('gives out each oid once', async () => {
    const fileSystem = new MemoryFileSystem();
    const engine = await open(fileSystem);
    expect(engine.allocateOid()).to.equal(FIRST_OID);
    const second = engine.allocateOid();
    await newHeap(engine);
    const crashed = fileSystem.fork();
    crashed.crash();
    engine.abandon();
    const again = await open(crashed);
    expect(again.allocateOid()).to.be.greaterThan(second);
    await again.close();
  });

  it('tells readers and writers what stands at a row id', async () => {
    const engine = await open(null);
    const heap = await newHeap(engine);
    const { transactions } = engine;
    const [a, b] = [transactions.begin(), transactions.begin()];
    const rowId = await insertRow(engine, heap, 1);
    expect(heap.liveness(rowId, a)).to.equal(ROW_LIVE);
    const snapshot = transactions.takeSnapshot(a);
    const xid = transactions.statementXid(a);
    heap.update(a, xid, rowId, makeRow(2, 100), 100);
    expect(heap.liveness(rowId, a)).to.equal(ROW_LIVE_OWN);
    expect(heap.checkWrite(rowId, a, snapshot, LOCK_UPDATE)).to.equal(WRITE_OWN_LATER);
    expect(heap.liveness(rowId, b)).to.equal(ROW_IN_PROGRESS);
    expect(heap.blocker).to.equal(a);
    transactions.refreshOwnWrites(snapshot);
    expect(heap.checkWrite(rowId, a, snapshot, LOCK_UPDATE)).to.equal(WRITE_OK);
    expect(readRow(engine, heap.visible(rowId, snapshot))).to.equal(2);
    heap.remove(a, transactions.statementXid(a), rowId);
    transactions.refreshOwnWrites(snapshot);
    expect(heap.checkWrite(rowId, a, snapshot, LOCK_UPDATE)).to.equal(WRITE_DELETED);
    expect(heap.liveness(rowId, a)).to.equal(ROW_DELETED);
    transactions.releaseSnapshot(snapshot);
    await rolledBack(engine, a);
    expect(heap.liveness(rowId, b)).to.equal(ROW_LIVE);
    expect(readRow(engine, heap.newest(rowId))).to.equal(1);
    await engine.close();
  });

  it('lets a foreign key check pass an update that leaves the key alone, not one that changes it, nor a delete', async () => {
    const engine = await open(null);
    const heap = await newHeap(engine);
    const { transactions } = engine;
    const rowId = await insertRow(engine, heap, 1);
    const checker = transactions.begin();
    for (const [change, answer] of [
      [(txn: Transaction, xid: number) => heap.update(txn, xid, rowId, makeRow(2, 100), 100), WRITE_OK],
      [(txn: Transaction, xid: number) => heap.update(txn, xid, rowId, makeRow(3, 100), 100, UPDATE_KEY), WRITE_WAIT],
      [(txn: Transaction, xid: number) => heap.remove(txn, xid, rowId), WRITE_WAIT],
    ] as const) {
      const writer = transactions.begin();
      change(writer, transactions.statementXid(writer));
      const snapshot = transactions.takeSnapshot(checker);
      expect(heap.checkWrite(rowId, checker, snapshot, LOCK_KEY_SHARE)).to.equal(answer);
      if (answer === WRITE_OK) expect(readRow(engine, heap.newest(rowId, checker))).to.equal(1);
      transactions.releaseSnapshot(snapshot);
      await rolledBack(engine, writer);
    }
    const snapshot = transactions.takeSnapshot(checker);
    heap.lockRow(checker, rowId, LOCK_KEY_SHARE);
    const writer = transactions.begin();
    expect(heap.checkWrite(rowId, writer, snapshot, LOCK_NO_KEY_UPDATE)).to.equal(WRITE_OK);
    expect(heap.checkWrite(rowId, writer, snapshot, LOCK_UPDATE)).to.equal(WRITE_WAIT);
    let woken = 0;
    writer.wake = () => woken++;
    expect(engine.locks.waitForTransaction(writer, heap.blocker)).to.equal(LOCK_WAITING);
    transactions.releaseSnapshot(snapshot);
    await committed(engine, checker);
    expect(woken).to.equal(1);
    expect(heap.checkWrite(rowId, writer, transactions.takeSnapshot(writer), LOCK_UPDATE)).to.equal(WRITE_OK);
    await engine.close();
  });

  it('keeps one entry a page of what a statement over a whole table changed, and rolls back any part of it', async () => {
    const engine = await open(null);
    const heap = await newHeap(engine);
    const { transactions } = engine;
    const txn = transactions.begin();
    const insert = transactions.statementXid(txn);
    const rowIds = Array.from({ length: 1000 }, (_, i) => heap.insert(txn, insert, makeRow(i, 100), 100));
    const pageCount = heap.pages.pageCount;
    expect(txn.writes.count).to.equal(pageCount);
    await committed(engine, txn);
    const second = transactions.begin();
    const update = transactions.statementXid(second);
    for (const rowId of rowIds) heap.update(second, update, rowId, makeRow(5000 + rowId, 100), 100);
    expect(second.writes.count).to.equal(pageCount);
    const mark = transactions.savepoint(second);
    const remove = transactions.statementXid(second);
    for (const rowId of rowIds) heap.remove(second, remove, rowId);
    expect(second.writes.count).to.equal(2 * pageCount);
    await untilDone(
      engine,
      () => second.undoNeedsPage,
      () => transactions.rollbackTo(second, mark),
    );
    for (const rowId of rowIds) expect(readRow(engine, heap.newest(rowId))).to.equal(5000 + rowId);
    await rolledBack(engine, second);
    rowIds.forEach((rowId, i) => {
      expect(readRow(engine, heap.newest(rowId))).to.equal(i);
    });
    expect(heap.changeCount).to.equal(1000);
    await engine.close();
  });

  it('tells all who wait of a commit, though the file of a dropped heap cannot be removed', async () => {
    const fileSystem = new MemoryFileSystem();
    const engine = await open(fileSystem, 16);
    const heap = await newHeap(engine);
    const txn = engine.transactions.begin();
    const xid = engine.transactions.statementXid(txn);
    for (let value = 0; value < 100; value++)
      await retry(engine, () => heap.insert(txn, xid, makeRow(value, 2000), 2000));
    await committed(engine, txn);
    fileSystem.failNext('unlink', 'EIO', 0, `/base/${heap.relId}`);
    const drop = engine.transactions.begin();
    engine.dropHeap(drop, heap.relId);
    const other = engine.transactions.begin();
    engine.transactions.statementXid(other);
    await Promise.all([committed(engine, drop), committed(engine, other)]);
    expect(fileSystem.exists(`/data/base/${heap.relId}`)).to.equal(true);
    await engine.close();
    const again = await open(fileSystem, 16);
    expect(fileSystem.exists(`/data/base/${heap.relId}`)).to.equal(false);
    await again.close();
  });

  it('keeps a sequence whose drop is in the log, while the commit of it is not', async () => {
    const fileSystem = new MemoryFileSystem();
    const engine = await open(fileSystem, 16);
    const create = engine.transactions.begin();
    engine.createSequence(create, 20_001, 7, true);
    await committed(engine, create);
    const drop = engine.transactions.begin();
    engine.dropSequence(drop, 20_001);
    const { wal } = engine;
    const end = wal.end.bind(wal);
    let survivor: MemoryFileSystem | null = null;
    wal.end = () => {
      const lsn = end();
      if (survivor === null) {
        wal.flushSync(lsn);
        survivor = fileSystem.fork();
      }
      return lsn;
    };
    await committed(engine, drop);
    expect(engine.sequenceState(20_001)).to.equal(null);
    engine.abandon();
    survivor!.crash();
    const again = await open(survivor!, 16);
    expect(again.sequenceState(20_001)?.lastValue).to.equal(7);
    await again.close();
  });

  it('goes on with a rollback when what kept it from undoing has passed', async () => {
    const fileSystem = new MemoryFileSystem();
    const engine = await open(fileSystem, 16);
    const heap = await newHeap(engine);
    const txn = engine.transactions.begin();
    const xid = engine.transactions.statementXid(txn);
    for (let value = 0; value < 200; value++)
      await retry(engine, () => heap.insert(txn, xid, makeRow(value, 2000), 2000));
    let failures = 0;
    fileSystem.onOperation = (op, path) => {
      if (op === 'read' && failures++ < 3) throw memoryFailure(op, path, 'EIO');
    };
    let waits = 0;
    for (;;) {
      if (engine.transactions.rollback(txn)) break;
      if (txn.undoError !== null) {
        expect(txn.undoError.code).to.equal('58030');
        waits++;
      } else if (txn.undoNeedsPage) await new Promise<void>((resolve) => engine.pool.onLoaded(resolve));
    }
    expect(waits).to.be.greaterThan(0);
    expect(await usedSlots(engine, heap)).to.equal(0);
    await engine.close();
  });

  it('rolls back a load of many rows in slices, and gives their space to the next', async () => {
    const engine = await open(new MemoryFileSystem(), 32);
    const heap = await newHeap(engine);
    const load = engine.transactions.begin();
    const xid = engine.transactions.statementXid(load);
    for (let value = 0; value < 5000; value++) {
      await retry(engine, () => heap.insertBulk(load, xid, makeRow(value, 200), 0, 200));
    }
    const pageCount = heap.pages.pageCount;
    // An error in the middle of the statement: finishBulk was never called.
    await rolledBack(engine, load);
    expect(await usedSlots(engine, heap)).to.equal(0);
    expect(engine.pool.pinCount).to.equal(0);
    expect(heap.rowCount).to.equal(0);
    const again = engine.transactions.begin();
    const second = engine.transactions.statementXid(again);
    for (let value = 0; value < 5000; value++) {
      await retry(engine, () => heap.insertBulk(again, second, makeRow(value, 200), 0, 200));
    }
    heap.finishBulk(again);
    await committed(engine, again);
    expect(heap.pages.pageCount).to.be.at.most(pageCount + 1);
    expect(heap.rowCount).to.equal(5000);
    await engine.close();
  });

  it('logs the pages of a load before a checkpoint writes them', async () => {
    const engine = await open(new MemoryFileSystem(), 64);
    const heap = await newHeap(engine);
    const load = engine.transactions.begin();
    const xid = engine.transactions.statementXid(load);
    const insert = (value: number): Promise<unknown> =>
      retry(engine, () => heap.insertBulk(load, xid, makeRow(value, 200), 0, 200));
    for (let value = 0; value < 3; value++) await insert(value);
    expect(heap.bulks.isEmpty).to.equal(false);
    const done = new Promise<void>((resolve, reject) => {
      engine.checkpoint((error) => (error === null ? resolve() : reject(error)));
    });
    expect(heap.bulks.isEmpty, 'a page that is not in the log').to.equal(true);
    expect(engine.pool.pinCount).to.equal(0);
    await done;
    for (let value = 3; value < 6; value++) await insert(value);
    heap.finishBulk(load);
    await committed(engine, load);
    expect(heap.rowCount).to.equal(6);
    await engine.close();
  });

  it('refuses rows that no page can hold, with 54000', async () => {
    const engine = await open(null);
    const heap = await newHeap(engine);
    const txn = engine.transactions.begin();
    const xid = engine.transactions.statementXid(txn);
    expect(codeOf(() => heap.insert(txn, xid, new Uint8Array(9000), 9000))).to.equal('54000');
    await rolledBack(engine, txn);
    await engine.close();
  });

  it('with a full disk refuses writes with 53100, serves reads, rolls back, and goes on when there is space', async () => {
    const fileSystem = new MemoryFileSystem();
    const engine = await open(fileSystem, 32);
    const heap = await newHeap(engine);
    const rowId = await insertRow(engine, heap, 7);
    fileSystem.capacity = fileSystem.usedSpace() + 200_000;
    const load = engine.transactions.begin();
    let code = 'no error';
    for (let value = 0; value < 100_000 && code === 'no error'; value++) {
      const xid = engine.transactions.statementXid(load);
      await retry(engine, () => {
        code = codeOf(() => heap.insert(load, xid, makeRow(value, 200), 200));
      });
    }
    expect(code).to.equal('53100');
    const reader = engine.transactions.begin();
    const snapshot = engine.transactions.takeSnapshot(reader);
    expect(await retry(engine, () => readRow(engine, heap.visible(rowId, snapshot)))).to.equal(7);
    engine.transactions.releaseSnapshot(snapshot);
    await rolledBack(engine, load);
    fileSystem.capacity = Number.POSITIVE_INFINITY;
    await new Promise((resolve) => setTimeout(resolve, 600));
    expect(heap.rowCount).to.equal(1);
    await insertRow(engine, heap, 8);
    await engine.close();
    const again = await open(fileSystem, 32);
    expect(again.heap(heap.relId).rowCount).to.equal(2);
    await again.close();
  }).timeout(10000);

  it('without a data directory lives in a temporary folder that goes away', async () => {
    const engine = await StorageEngine.open({ dataDirectory: null, sharedBuffers: 32 * 8192 });
    await engine.startupSweep();
    const heap = await newHeap(engine);
    const folder = engine.pool.files.directory;
    const load = engine.transactions.begin();
    const xid = engine.transactions.statementXid(load);
    for (let value = 0; value < 3000; value++) {
      await retry(engine, () => heap.insert(load, xid, makeRow(value, 400), 400));
    }
    await committed(engine, load);
    expect(existsSync(folder)).to.equal(true);
    const snapshot = engine.transactions.takeSnapshot(engine.transactions.begin());
    let sum = 0;
    for (let pageNo = 0; pageNo < heap.pages.pageCount; pageNo++) {
      for (let slot = 0; slot < 20; slot++) {
        sum += await retry(engine, () => {
          const base = heap.visible(pageNo * 512 + slot, snapshot);
          return base < 0 ? 0 : readRow(engine, base);
        });
      }
    }
    expect(sum).to.equal((3000 * 2999) / 2);
    await engine.close();
    expect(existsSync(folder)).to.equal(false);
  });

  it('on real files: survives an engine that just stopped, and refuses a directory that another one has open', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'hotrow-test-'));
    try {
      const options = { dataDirectory: directory, sharedBuffers: 64 * 8192, onLog: () => {} };
      const engine = await StorageEngine.open(options);
      await engine.startupSweep();
      const heap = await newHeap(engine);
      const rowId = await insertRow(engine, heap, 5);
      let error: unknown = null;
      await StorageEngine.open(options).catch((failure: unknown) => {
        error = failure;
      });
      expect(error).to.include({ code: 'F0001' });
      engine.abandon();
      const again = await StorageEngine.open(options);
      await again.startupSweep();
      expect(readRow(again, again.heap(heap.relId).newest(rowId))).to.equal(5);
      await again.close();
    } finally {
      rmSync(directory, { recursive: true });
    }
  });

  it('closed cleanly, starts without replaying anything', async () => {
    const fileSystem = new MemoryFileSystem();
    const engine = await open(fileSystem);
    const heap = await newHeap(engine);
    const rowId = await insertRow(engine, heap, 5);
    await engine.close();
    const again = await open(fileSystem);
    expect(again.recovery).to.include({ clean: true, recordCount: 1 });
    const txn = again.transactions.begin();
    const snapshot = again.transactions.takeSnapshot(txn);
    const row = await retry(again, () => again.heap(heap.relId).visible(rowId, snapshot));
    expect(readRow(again, row)).to.equal(5);
    expect(again.transactions.nextXid).to.be.greaterThan(2);
    again.transactions.releaseSnapshot(snapshot);
    await again.close();
  });
});
