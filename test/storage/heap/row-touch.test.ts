/** Touching rows ahead of reading them is for the processor's caches alone: nothing else may notice it. */
import { expect } from 'chai';
import { type Heap, MemoryFileSystem, ROWS_TOUCHED, StorageEngine, touchRows } from '../../../storage/api.ts';
import { makeRow, readRow, retry } from './support.ts';

const ROWS = 20_000;

describe('rows touched ahead', () => {
  let engine: StorageEngine;
  let heap: Heap;
  const rowIds: number[] = [];

  before(async () => {
    engine = await StorageEngine.open({
      dataDirectory: '/data',
      fileSystem: new MemoryFileSystem(),
      // Fewer pages than the rows take.
      sharedBuffers: 64 * 8192,
      onLog: () => {},
    });
    await engine.startupSweep();
    const txn = engine.transactions.begin();
    heap = engine.createHeap(txn);
    const xid = engine.transactions.statementXid(txn);
    for (let i = 0; i < ROWS; i++) rowIds.push(await retry(engine, () => heap.insert(txn, xid, makeRow(i, 100), 100)));
    engine.transactions.commit(txn, () => {});
  });
  after(() => engine.close());

  it('no page is read, none is heated, none is counted', () => {
    const { pool } = engine;
    const inMemory = [...heap.pages.placed()].map(([pageNo]) => pageNo);
    expect(inMemory.length).to.be.lessThan(heap.pages.pageCount);
    const before = [heap.pages.hits, heap.pages.reads, pool.usage.join()];
    const rows = Uint32Array.from(rowIds);
    for (let from = 0; from < ROWS; from += ROWS_TOUCHED)
      touchRows(heap, rows, from, Math.min(ROWS, from + ROWS_TOUCHED));
    expect([heap.pages.hits, heap.pages.reads, pool.usage.join()]).to.deep.equal(before);
    expect([...heap.pages.placed()].map(([pageNo]) => pageNo)).to.deep.equal(inMemory);
  });

  it('row ids of slots and pages that are not there, or no longer, are passed over', () => {
    const rows = Uint32Array.from([rowIds[0] + 511, heap.pages.pageCount * 512, 0xffffffff, rowIds[ROWS - 1] + 1]);
    touchRows(heap, rows, 0, rows.length);
  });

  it('what is read afterwards is what was there', async () => {
    const rows = Uint32Array.from(rowIds.slice(5000, 5000 + ROWS_TOUCHED));
    touchRows(heap, rows, 0, rows.length);
    for (let i = 0; i < rows.length; i++)
      expect(await retry(engine, () => readRow(engine, heap.newest(rows[i])))).to.equal(5000 + i);
  });
});
