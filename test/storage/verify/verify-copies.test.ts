/**
 * `hotrow verify` and copies of heaps that a crash has left incomplete: a row that was deleted before the copy was made has its home on a page, and its
 * place on another, and either may have come without the other.
 */
import { expect } from 'chai';
import {
  type Heap,
  LOCK_NO_KEY_UPDATE,
  LOCK_UPDATE,
  MemoryFileSystem,
  StorageEngine,
  type Transaction,
  WRITE_OK,
} from '../../../storage/api.ts';
import { ROW_SLOT_BITS } from '../../../storage/heap/index.ts';
import { slotEntryOffset, stampPageChecksum } from '../../../storage/page/index.ts';
import { describeProblem, verifyDirectory } from '../../../storage/verify/index.ts';
import { VirtualTime } from '../../sim/virtual-time.ts';
import { makeRow, readRow, retry } from '../heap/support.ts';

const DIRECTORY = '/data';
const PAGE = 8192;

/** What is found wrong, and what is noted. */
function told(fileSystem: MemoryFileSystem): [string[], string[]] {
  const { problems, notes } = verifyDirectory({ fileSystem, directory: DIRECTORY });
  return [problems.map(describeProblem), notes.map(describeProblem)];
}

async function opened(fileSystem: MemoryFileSystem): Promise<StorageEngine> {
  const engine = await StorageEngine.open({
    dataDirectory: DIRECTORY,
    fileSystem,
    sharedBuffers: 256 * PAGE,
    onLog: () => {},
  });
  await engine.startupSweep();
  return engine;
}

const pageOf = (rowId: number): number => rowId >>> ROW_SLOT_BITS;

describe('verify of copies that are not complete', () => {
  let disk: MemoryFileSystem;
  let engine: StorageEngine;
  let source: Heap;
  /** A row that has moved from its page and is deleted, and one that has moved and lives. */
  let deadId: number;
  let deadPlace: number;
  let movedId: number;
  /** Rows that live. */
  let values: Map<number, number>;

  let time: VirtualTime;

  beforeEach(async () => {
    // Nothing is swept, and nothing copied in the background.
    time = new VirtualTime();
    time.msPerTurn = 0;
    time.install();
    disk = new MemoryFileSystem();
    engine = await opened(disk);
    const txn = engine.transactions.begin();
    source = engine.createHeap(txn);
    values = new Map();
    const xid = engine.transactions.statementXid(txn);
    for (let value = 1; value <= 100; value++)
      values.set(source.insert(txn, xid, makeRow(value, 400), 400) >>> 0, value);
    await commit(txn);
    [deadId, movedId] = values.keys();
    deadPlace = await write(source, deadId, LOCK_NO_KEY_UPDATE, 101);
    await write(source, movedId, LOCK_NO_KEY_UPDATE, 102);
    expect([deadId, deadPlace].map(pageOf)).to.deep.equal([0, source.pages.pageCount - 1]);
    await write(source, deadId, LOCK_UPDATE, null);
    values.set(movedId, 102);
    values.delete(deadId);
  });

  afterEach(() => {
    engine.abandon();
    time.uninstall();
  });

  function commit(txn: Transaction): Promise<void> {
    return new Promise((resolve, reject) => {
      engine.transactions.commit(txn, (error) => (error === null ? resolve() : reject(error)));
    });
  }

  /** A row becomes a longer one (null: is deleted); answers where it stands. */
  async function write(
    heap: Heap,
    rowId: number,
    strength: typeof LOCK_UPDATE | typeof LOCK_NO_KEY_UPDATE,
    value: number | null,
  ): Promise<number> {
    const txn = engine.transactions.begin();
    const snapshot = engine.transactions.takeSnapshot(txn);
    expect(heap.checkWrite(rowId, txn, snapshot, strength)).to.equal(WRITE_OK);
    const xid = engine.transactions.statementXid(txn);
    if (value === null) heap.remove(txn, xid, rowId);
    else heap.update(txn, xid, rowId, makeRow(value, 2000), 2000);
    engine.transactions.releaseSnapshot(snapshot);
    await commit(txn);
    heap.mustLocate(rowId);
    return heap.placeId;
  }

  /** A copy whose pages are all missing. */
  async function copyOf(heap: Heap): Promise<Heap> {
    const txn = engine.transactions.begin();
    engine.transactions.statementXid(txn);
    const fork = engine.fork();
    const beginning = engine.copyHeap(txn, fork.heap(heap.relId), engine.unfinishedPages().get(heap.relId));
    while (!(await retry(engine, () => beginning.step())));
    engine.guardCopies([beginning.copy]);
    await fork.close();
    await commit(txn);
    return beginning.copy.target;
  }

  /** Somebody looks for the page. */
  async function bring({ pages }: Heap, pageNo: number): Promise<void> {
    await retry(engine, () => engine.pool.frameBase(pages, pageNo));
    expect(pages.copyOf?.isMissing(pageNo)).to.equal(false);
  }

  /** The disk as the death of the process leaves it. */
  function killed(): MemoryFileSystem {
    engine.wal.flushSync(engine.wal.insertLsn);
    const left = disk.fork();
    left.kill();
    return left;
  }

  /** The next start has the rows that live, and completes what is missing. */
  async function expectWhole(
    left: MemoryFileSystem,
    relIds: number[],
    more = new Map<number, number>(),
  ): Promise<void> {
    engine.abandon();
    engine = await opened(left);
    const snapshot = engine.transactions.takeSnapshot(engine.transactions.begin());
    for (const relId of relIds) {
      const rows = new Map([...values, ...(relId === relIds.at(-1) ? more : [])]);
      const seen = new Map<number, number>();
      for (const rowId of [deadId, ...rows.keys()]) {
        const value = await retry(engine, () => {
          const row = engine.heap(relId).visible(rowId, snapshot);
          return row < 0 ? row : readRow(engine, row);
        });
        if (value >= 0) seen.set(rowId, value);
      }
      expect(seen).to.deep.equal(rows);
      expect(engine.heap(relId).rowCount).to.equal(rows.size);
    }
    while (await retry(engine, () => engine.completeCopies(100)));
    await engine.close();
    expect(told(left)).to.deep.equal([[], []]);
  }

  it('the place has come, without the row, and its home has not', async () => {
    const target = await copyOf(source);
    await bring(target, pageOf(deadPlace));
    const left = killed();
    expect(target.pages.copyOf?.isMissing(pageOf(deadId))).to.equal(true);
    expect(told(left)).to.deep.equal([[], []]);
    await expectWhole(left, [source.relId, target.relId]);
  });

  it('the home has come, and the place of the row has not', async () => {
    const target = await copyOf(source);
    await bring(target, pageOf(deadId));
    const left = killed();
    expect(target.pages.copyOf?.isMissing(pageOf(deadPlace))).to.equal(true);
    expect(told(left)).to.deep.equal([[], []]);
    await expectWhole(left, [source.relId, target.relId]);
  });

  it('nothing has come; of a copy of a copy either', async () => {
    const target = await copyOf(source);
    const second = await copyOf(target);
    const left = killed();
    expect(told(left)).to.deep.equal([[], []]);
    await expectWhole(left, [source.relId, target.relId, second.relId]);
  });

  it('a copy of a copy, which has the place without the row', async () => {
    const target = await copyOf(source);
    await bring(target, pageOf(deadPlace));
    const second = await copyOf(target);
    const third = await copyOf(second);
    await bring(third, pageOf(deadPlace));
    const left = killed();
    expect(told(left)).to.deep.equal([[], []]);
    await expectWhole(left, [source.relId, target.relId, second.relId, third.relId]);
  });

  it('another row stands where the place was', async () => {
    const target = await copyOf(source);
    await bring(target, pageOf(deadPlace));
    const txn = engine.transactions.begin();
    const xid = engine.transactions.statementXid(txn);
    const rowId = await retry(engine, () => target.insert(txn, xid, makeRow(500, 1000), 1000));
    await commit(txn);
    expect(rowId).to.equal(deadPlace);
    const left = killed();
    expect(told(left)).to.deep.equal([[], []]);
    await expectWhole(left, [source.relId, target.relId], new Map([[rowId, 500]]));
  });

  it('a row that lives, and whose place is gone from a page that has come, is told of', async () => {
    const target = await copyOf(source);
    source.mustLocate(movedId);
    const place = source.placeId;
    await bring(target, pageOf(place));
    await new Promise<void>((resolve) => engine.checkpoint(() => resolve()));
    const left = killed();
    const file = left.open(`${DIRECTORY}/base/${target.relId}`, 'readwrite');
    const page = Buffer.alloc(PAGE);
    file.readSync(page, 0, PAGE, pageOf(place) * PAGE);
    page.writeUInt16LE(0, slotEntryOffset(place & 511));
    stampPageChecksum(page, 0);
    file.writeSync(page, 0, PAGE, pageOf(place) * PAGE);
    file.close();
    expect(told(left)[0]).to.satisfy(([problem]: string[]) => problem.includes('where no row is'));
  });
});
