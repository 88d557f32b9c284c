/**
 * What a row costs in the heap: inserting, reading, updating, deleting it, without SQL. Nanoseconds a row; the checksum
 * is of what was read.
 *
 *     node --import tsx bench/heap.ts [rows]
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Heap, LOCK_NO_KEY_UPDATE, StorageEngine } from '../storage/api.ts';

export interface HeapBenchResult {
  readonly nanoseconds: Record<string, number>;
  readonly checksum: number;
}

const ROW_SIZE = 100;

/** `size`: rows. `logged`: with a real log (no waiting for the disk) instead of one that keeps nothing. */
async function run(size: number, logged = true): Promise<HeapBenchResult> {
  const directory = logged ? mkdtempSync(join(tmpdir(), 'hotrow-bench-')) : null;
  const engine = await StorageEngine.open({
    dataDirectory: directory,
    sharedBuffers: Math.max(64 * 8192, size * 600),
    walSync: 'everysec',
  });
  try {
    await engine.startupSweep();
    return measure(engine, size);
  } finally {
    await engine.close();
    if (directory !== null) rmSync(directory, { recursive: true });
  }
}

/** Long, as each step works on what the one before left in the heap. */
function measure(engine: StorageEngine, size: number): HeapBenchResult {
  const nanoseconds: Record<string, number> = {};
  const { transactions } = engine;
  const row = new Uint8Array(ROW_SIZE);
  const values = new Uint32Array(row.buffer);
  let checksum = 0;
  const time = (name: string, count: number, action: () => void): void => {
    const start = performance.now();
    action();
    nanoseconds[name] = Math.round(((performance.now() - start) * 1e6) / count);
  };
  const inTransaction = (action: (txn: ReturnType<typeof transactions.begin>, xid: number) => void): void => {
    const txn = transactions.begin();
    txn.synchronousCommit = false;
    action(txn, transactions.statementXid(txn));
    transactions.commit(txn, () => {});
  };
  let heap!: Heap;
  inTransaction((txn) => {
    heap = engine.createHeap(txn);
  });
  const rowIds = new Uint32Array(size);
  const read = (): void => {
    const snapshot = transactions.takeSnapshot(transactions.begin());
    for (const rowId of rowIds)
      checksum = (checksum + engine.pool.u32[(heap.visible(rowId, snapshot) + 20) >>> 2]) >>> 0;
    transactions.releaseSnapshot(snapshot);
  };
  time('insertBulk', size, () =>
    inTransaction((txn, xid) => {
      for (let i = 0; i < size; i++) {
        values[5] = i;
        rowIds[i] = heap.insertBulk(txn, xid, row, 0, ROW_SIZE);
      }
      heap.finishBulk(txn);
    }),
  );
  time('visible, first', size, read);
  for (let i = 0; i < 3; i++) time('visible', size, read);
  time('insert', size, () =>
    inTransaction((txn, xid) => {
      for (let i = 0; i < size; i++) heap.insert(txn, xid, row, ROW_SIZE);
    }),
  );
  const old = transactions.takeSnapshot(transactions.begin());
  time('update, one statement', size, () =>
    inTransaction((txn, xid) => {
      for (let i = 0; i < size; i++) {
        values[5] = i + 1;
        heap.update(txn, xid, rowIds[i], row, ROW_SIZE);
      }
    }),
  );
  time('visible, old version', size, () => {
    for (const rowId of rowIds) checksum = (checksum + engine.pool.u32[(heap.visible(rowId, old) + 20) >>> 2]) >>> 0;
  });
  transactions.releaseSnapshot(old);
  time('transaction: snapshot, check, update, commit', size, () => {
    for (let i = 0; i < size; i++) {
      const txn = transactions.begin();
      txn.synchronousCommit = false;
      const snapshot = transactions.takeSnapshot(txn);
      values[5] = i;
      heap.checkWrite(rowIds[0], txn, snapshot, LOCK_NO_KEY_UPDATE);
      heap.update(txn, transactions.statementXid(txn), rowIds[0], row, ROW_SIZE);
      transactions.releaseSnapshot(snapshot);
      transactions.commit(txn, () => {});
    }
  });
  time('transaction: read only', size, () => {
    for (let i = 0; i < size; i++) {
      const txn = transactions.begin();
      const snapshot = transactions.takeSnapshot(txn);
      checksum = (checksum + heap.visible(rowIds[i], snapshot)) >>> 0;
      transactions.releaseSnapshot(snapshot);
      transactions.commit(txn, () => {});
    }
  });
  read();
  time('remove', size, () =>
    inTransaction((txn, xid) => {
      for (const rowId of rowIds) heap.remove(txn, xid, rowId);
    }),
  );
  time('sweep of removed', size, () => {
    while (engine.sweepSome(1000) > 0);
  });
  const undone = transactions.begin();
  const xid = transactions.statementXid(undone);
  for (let i = 0; i < size; i++) heap.insertBulk(undone, xid, row, 0, ROW_SIZE);
  time('rollback of insertBulk', size, () => {
    while (!transactions.rollback(undone));
  });
  return { nanoseconds, checksum };
}

if (process.argv[1]?.endsWith('bench/heap.ts')) {
  const size = Number(process.argv[2] ?? 200_000);
  for (const logged of [false, true]) {
    const result = await run(size, logged);
    console.log(logged ? 'logged' : 'log discarded', result);
  }
}
