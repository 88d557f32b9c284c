/** The passes that put pages into the visibility map: what they find, what they leave alone, and that nobody is charged for them. */
import { expect } from 'chai';
import { type Heap, MemoryFileSystem, StorageEngine, UPDATE_INDEXED } from '../../../storage/api.ts';
import { checkVisibilityMap, KeyIndex, makeRow, retry } from './support.ts';

const ROWS = 3000;
const ROW_LENGTH = 200;

describe('visibility passes', () => {
  let engine: StorageEngine;
  let heap: Heap;
  let index: KeyIndex;
  const rowIds: number[] = [];

  beforeEach(async () => {
    engine = await StorageEngine.open({
      dataDirectory: null,
      fileSystem: new MemoryFileSystem(),
      sharedBuffers: 256 * 8192,
    });
    await engine.startupSweep();
    const txn = engine.transactions.begin();
    heap = engine.createHeap(txn);
    index = new KeyIndex(engine);
    heap.maintainer = index;
    const xid = engine.transactions.statementXid(txn);
    rowIds.length = 0;
    for (let value = 0; value < ROWS; value++) {
      rowIds.push(heap.insert(txn, xid, makeRow(value, ROW_LENGTH), ROW_LENGTH));
      index.add(value, rowIds[value]);
    }
    engine.transactions.commit(txn, () => {});
  });
  afterEach(() => engine.close());

  async function untilAllVisible(pages: number): Promise<void> {
    while (heap.visibility.pageCount < pages) await new Promise((resolve) => setTimeout(resolve, 20));
  }

  it('find all pages of a table that is left alone, and are no look-ups', async () => {
    const { hits, reads } = engine.pool;
    await untilAllVisible(heap.pages.pageCount);
    expect([engine.pool.hits, engine.pool.reads]).to.deep.equal([hits, reads]);
    expect(heap.visibility.rowCount).to.equal(ROWS);
    await checkVisibilityMap(engine, heap, index);
  });

  it('leave a page alone that a snapshot sees otherwise, and find it when that is released and the old key is swept', async () => {
    const { transactions } = engine;
    const { pageCount } = heap.pages;
    await untilAllVisible(pageCount);
    const reader = transactions.begin();
    const snapshot = transactions.takeSnapshot(reader);
    const writer = transactions.begin();
    const row = makeRow(ROWS, ROW_LENGTH);
    const xid = transactions.statementXid(writer);
    await retry(engine, () => heap.update(writer, xid, rowIds[0], row, ROW_LENGTH, UPDATE_INDEXED));
    index.add(ROWS, rowIds[0]);
    expect(heap.visibility.pageCount).to.equal(pageCount - 1);
    transactions.commit(writer, () => {});
    expect(engine.settlePage(heap, 0)).to.equal(false);
    transactions.releaseSnapshot(snapshot);
    await untilAllVisible(pageCount);
    await checkVisibilityMap(engine, heap, index);
  });
});
