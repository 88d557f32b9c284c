/** Every snapshot, however old, sees exactly the rows it should, whatever others write, roll back or sweep meanwhile. */
import { expect } from 'chai';
import {
  type Heap,
  LOCK_UPDATE,
  MemoryFileSystem,
  type SavepointMark,
  type Snapshot,
  StorageEngine,
  type Transaction,
  UPDATE_INDEXED,
  WRITE_CHANGED,
  WRITE_DELETED,
  WRITE_OK,
  WRITE_WAIT,
} from '../../../storage/api.ts';
import { checkPage } from '../../../storage/page/index.ts';
import {
  checkVisibilityMap,
  KeyIndex,
  keyOf,
  makeRow,
  Random,
  ROW_LENGTH_MIN,
  readRow,
  retry,
  SEED,
  untilDone,
  usedSlots,
} from './support.ts';

type Rows = Map<number, number>;

/** A transaction and what it should see. */
interface ModelTransaction {
  readonly txn: Transaction;
  /** Its own writes; null is a deleted row. */
  own: Map<number, number | null>;
  readonly savepoints: { readonly mark: SavepointMark; readonly own: Map<number, number | null> }[];
}

interface ModelSnapshot {
  readonly snapshot: Snapshot;
  readonly rows: Rows;
}

class Model {
  readonly engine: StorageEngine;
  readonly heap: Heap;
  readonly random: Random;
  readonly index: KeyIndex;
  committed: Rows = new Map();
  readonly running: ModelTransaction[] = [];
  readonly snapshots: ModelSnapshot[] = [];
  /** Pages put into the visibility map. */
  settled = 0;
  private nextValue = 1;

  constructor(engine: StorageEngine, heap: Heap, random: Random) {
    this.engine = engine;
    this.heap = heap;
    this.random = random;
    this.index = new KeyIndex(engine);
    heap.maintainer = this.index;
  }

  viewOf(model: ModelTransaction): Rows {
    const rows: Rows = new Map(this.committed);
    for (const [rowId, value] of model.own) {
      if (value === null) rows.delete(rowId);
      else rows.set(rowId, value);
    }
    return rows;
  }

  async step(): Promise<void> {
    const { random, running } = this;
    const choice = random.below(100);
    if (running.length === 0 || (choice < 6 && running.length < 6)) this.begin();
    else if (choice < 60) await this.write(random.pick(running));
    else if (choice < 64) this.savepoint(random.pick(running));
    else if (choice < 68) await this.rollbackTo(random.pick(running));
    else if (choice < 74) this.commit(random.pick(running));
    else if (choice < 78) await this.rollback(random.pick(running));
    else if (choice < 84) this.takeSnapshot(random.pick(running));
    else if (choice < 91 && this.snapshots.length > 0) this.releaseSnapshot();
    else if (choice < 94) await retry(this.engine, () => this.engine.sweepSome(20));
    else await this.checkSomeSnapshot();
    if (random.below(4) === 0) await this.settleSomePages();
  }

  /** Some pages are put into the visibility map, if they may; and the map is never wrong. */
  async settleSomePages(): Promise<void> {
    const { engine, heap, random } = this;
    for (let pageNo = random.below(4); pageNo < heap.pages.pageCount; pageNo += 1 + random.below(4)) {
      if (await retry(engine, () => engine.settlePage(heap, pageNo))) this.settled++;
    }
    await checkVisibilityMap(engine, heap, this.index);
    this.checkEverybodySees();
  }

  /** Whoever has a snapshot, or takes one, sees as many rows of an all-visible page as the map says. */
  private checkEverybodySees(): void {
    const { visibility } = this.heap;
    const views = [
      this.committed,
      ...this.snapshots.map(({ rows }) => rows),
      ...this.running.map((model) => this.viewOf(model)),
    ];
    for (const view of views) {
      const counts = new Map<number, number>();
      for (const rowId of view.keys()) counts.set(rowId >>> 9, (counts.get(rowId >>> 9) ?? 0) + 1);
      for (let pageNo = visibility.nextVisible(0); pageNo >= 0; pageNo = visibility.nextVisible(pageNo + 1)) {
        expect(counts.get(pageNo) ?? 0, `rows of all-visible page ${pageNo}`).to.equal(visibility.rowsOf(pageNo));
      }
    }
  }

  begin(): void {
    this.running.push({ txn: this.engine.transactions.begin(), own: new Map(), savepoints: [] });
  }

  private length(): number {
    const { random } = this;
    return ROW_LENGTH_MIN + random.below(random.below(12) === 0 ? 5000 : random.below(3) === 0 ? 600 : 60);
  }

  async write(model: ModelTransaction): Promise<void> {
    const { engine, random, heap } = this;
    const { transactions } = engine;
    const snapshot = transactions.takeSnapshot(model.txn);
    const rows = this.viewOf(model);
    const action = random.below(10);
    if (action < 3 || rows.size === 0) await this.insert(model);
    else {
      const rowId = random.pick([...rows.keys()]);
      const blocked = this.running.some((other) => other !== model && other.own.has(rowId));
      const answer = await retry(engine, () => heap.checkWrite(rowId, model.txn, snapshot, LOCK_UPDATE));
      expect(answer).to.equal(blocked ? WRITE_WAIT : WRITE_OK);
      if (answer === WRITE_OK) await this.change(model, rowId, rows.get(rowId)!, action < 8);
    }
    transactions.releaseSnapshot(snapshot);
  }

  private async insert(model: ModelTransaction): Promise<void> {
    const { engine, heap } = this;
    const xid = engine.transactions.statementXid(model.txn);
    const bulk = this.random.below(4) === 0;
    for (let count = bulk ? 1 + this.random.below(40) : 1; count > 0; count--) {
      const value = this.nextValue++;
      const length = this.length();
      const rowId = await retry(engine, () => {
        const row = makeRow(value, length);
        return bulk ? heap.insertBulk(model.txn, xid, row, 0, length) : heap.insert(model.txn, xid, row, length);
      });
      this.index.add(value, rowId);
      model.own.set(rowId, value);
    }
    if (bulk) heap.finishBulk(model.txn);
  }

  private async change(model: ModelTransaction, rowId: number, oldValue: number, isUpdate: boolean): Promise<void> {
    const { engine, heap } = this;
    const xid = engine.transactions.statementXid(model.txn);
    if (!isUpdate) {
      await retry(engine, () => heap.remove(model.txn, xid, rowId));
      model.own.set(rowId, null);
      return;
    }
    let value = this.nextValue++;
    if (this.random.below(2) === 0) while (keyOf(value) !== keyOf(oldValue)) value = this.nextValue++;
    const length = this.length();
    const flags = keyOf(value) === keyOf(oldValue) ? 0 : UPDATE_INDEXED;
    await retry(engine, () => heap.update(model.txn, xid, rowId, makeRow(value, length), length, flags));
    this.index.add(value, rowId);
    model.own.set(rowId, value);
  }

  savepoint(model: ModelTransaction): void {
    model.savepoints.push({ mark: this.engine.transactions.savepoint(model.txn), own: new Map(model.own) });
  }

  async rollbackTo(model: ModelTransaction): Promise<void> {
    if (model.savepoints.length === 0) return;
    const at = this.random.below(model.savepoints.length);
    model.savepoints.length = at + 1;
    const { mark, own } = model.savepoints[at];
    const { transactions } = this.engine;
    await untilDone(
      this.engine,
      () => model.txn.undoNeedsPage,
      () => transactions.rollbackTo(model.txn, mark),
    );
    model.own = new Map(own);
  }

  commit(model: ModelTransaction): void {
    const rows = this.viewOf(model);
    this.running.splice(this.running.indexOf(model), 1);
    this.engine.transactions.commit(model.txn, () => {});
    this.committed = rows;
  }

  async rollback(model: ModelTransaction): Promise<void> {
    const { transactions } = this.engine;
    await untilDone(
      this.engine,
      () => model.txn.undoNeedsPage,
      () => transactions.rollback(model.txn),
    );
    this.running.splice(this.running.indexOf(model), 1);
  }

  takeSnapshot(model: ModelTransaction): void {
    const rows = this.viewOf(model);
    this.snapshots.push({ snapshot: this.engine.transactions.takeSnapshot(model.txn), rows });
    // What a transaction does after it rolled back is not what the snapshot's model says: only pure readers are kept long.
    if (model.own.size > 0) {
      this.engine.transactions.releaseSnapshot(this.snapshots.pop()!.snapshot);
      const reader = this.engine.transactions.begin();
      this.snapshots.push({
        snapshot: this.engine.transactions.takeSnapshot(reader),
        rows: new Map(this.committed),
      });
    }
  }

  releaseSnapshot(): void {
    const [released] = this.snapshots.splice(this.random.below(this.snapshots.length), 1);
    this.engine.transactions.releaseSnapshot(released.snapshot);
  }

  async checkSomeSnapshot(): Promise<void> {
    if (this.random.below(2) === 0 && this.running.length > 0) {
      const model = this.random.pick(this.running);
      const snapshot = this.engine.transactions.takeSnapshot(model.txn);
      await this.checkSnapshot({ snapshot, rows: this.viewOf(model) });
      this.engine.transactions.releaseSnapshot(snapshot);
    } else if (this.snapshots.length > 0) await this.checkSnapshot(this.random.pick(this.snapshots));
  }

  async checkSnapshot({ snapshot, rows }: ModelSnapshot): Promise<void> {
    const { engine, heap } = this;
    const seen = new Map<number, number>();
    for (let pageNo = 0; pageNo < heap.pages.pageCount; pageNo++) {
      for (let slot = 0; slot < 120; slot++) {
        const rowId = pageNo * 512 + slot;
        const value = await retry(engine, () => {
          const base = heap.visible(rowId, snapshot);
          return base < 0 ? -1 : readRow(engine, base);
        });
        if (value >= 0) seen.set(rowId, value);
      }
    }
    expect([...seen].sort((a, b) => a[0] - b[0])).to.deep.equal([...rows].sort((a, b) => a[0] - b[0]));
    for (const [rowId, value] of rows) {
      expect(this.index.has(value, rowId), `index has key of row ${rowId} value ${value}`).to.equal(true);
    }
  }

  async checkPages(): Promise<void> {
    const { engine, heap } = this;
    for (const pages of [heap.pages, engine.pool.relation(1)!]) {
      for (let pageNo = 0; pageNo < pages.pageCount; pageNo++) {
        const base = await retry(engine, () => engine.pool.frameBase(pages, pageNo));
        expect(checkPage(engine.pool, base), `page ${pageNo} of ${pages.relId}`).to.equal(null);
      }
    }
    expect(engine.pool.pinCount).to.equal(0);
  }

  /** Everybody ends; then the sweep leaves nothing but the committed rows and their index entries. */
  async settle(): Promise<void> {
    const { engine, heap } = this;
    for (const model of [...this.running]) {
      if (this.random.below(2) === 0) this.commit(model);
      else await this.rollback(model);
    }
    while (this.snapshots.length > 0) this.releaseSnapshot();
    while (engine.sweepPendingCount > 0) {
      await new Promise((resolve) => setImmediate(resolve));
      engine.sweepSome(50);
    }
    const reader = engine.transactions.begin();
    const snapshot = engine.transactions.takeSnapshot(reader);
    await this.checkSnapshot({ snapshot, rows: this.committed });
    engine.transactions.releaseSnapshot(snapshot);
    const expected = [...this.committed].map(([rowId, value]) => `${keyOf(value)}/${rowId}`);
    expect([...this.index.entries].sort()).to.deep.equal(expected.sort());
    expect(heap.rowCount).to.equal(this.committed.size);
    for (let pageNo = 0; pageNo < heap.pages.pageCount; pageNo++) {
      const isVisible = await retry(engine, () => engine.settlePage(heap, pageNo));
      if (isVisible) {
        this.settled++;
        continue;
      }
      const homes = [...this.committed.keys()].filter((rowId) => rowId >>> 9 === pageNo);
      expect(homes.length, `page ${pageNo} has no rows, or one that stands on a page that is not in memory`).to.satisfy(
        (count: number) => count === 0 || engine.pool.residentCount(heap.pages) < heap.pages.pageCount,
      );
    }
    await checkVisibilityMap(engine, heap, this.index);
    await this.checkPages();
  }
}

async function openModel(seed: number): Promise<Model> {
  const engine = await StorageEngine.open({
    dataDirectory: null,
    fileSystem: new MemoryFileSystem(),
    sharedBuffers: 16 * 8192,
  });
  await engine.startupSweep();
  const txn = engine.transactions.begin();
  const heap = engine.createHeap(txn);
  engine.transactions.commit(txn, () => {});
  return new Model(engine, heap, new Random(seed));
}

describe('version chains against a model', () => {
  // 54610: a shrunk row's old version had gone, and another had taken its address, when the sweep came to shrink the slot.
  for (const seed of [54610, ...Array.from({ length: 6 }, (_, run) => SEED + run)]) {
    it(`show each snapshot its rows, with pages coming and going (SEED=${seed})`, async () => {
      const model = await openModel(seed);
      for (let i = 0; i < 350; i++) await model.step();
      // Half the time, all come to an end: in some runs old snapshots keep every page from being all-visible until then.
      await model.settle();
      const { settled } = model;
      for (let i = 0; i < 350; i++) await model.step();
      await model.settle();
      expect(settled, 'all-visible pages with which the second half began').to.be.greaterThan(0);
      await model.engine.close();
    }).timeout(20000);
  }

  it('a slot is counted once: forwarded rows take two', async () => {
    const model = await openModel(1);
    model.begin();
    const [txn] = model.running;
    const { heap, engine } = model;
    const xid = engine.transactions.statementXid(txn.txn);
    const rowIds = [0, 1, 2].map((value) => heap.insert(txn.txn, xid, makeRow(value, 2500), 2500));
    expect(await usedSlots(engine, heap)).to.equal(3);
    const second = engine.transactions.statementXid(txn.txn);
    heap.update(txn.txn, second, rowIds[0], makeRow(9, 5000), 5000);
    expect(await usedSlots(engine, heap)).to.equal(4);
    expect(readRow(engine, heap.newest(rowIds[0]))).to.equal(9);
    await engine.close();
  });

  it('a newer committed version is CHANGED, a committed deletion DELETED, for a snapshot that saw the row', async () => {
    const { engine, heap } = await openModel(1);
    const { transactions } = engine;
    const writer = transactions.begin();
    const first = transactions.statementXid(writer);
    const updated = heap.insert(writer, first, makeRow(1, 40), 40);
    const deleted = heap.insert(writer, first, makeRow(2, 40), 40);
    transactions.commit(writer, () => {});
    const reader = transactions.begin();
    const snapshot = transactions.takeSnapshot(reader);
    const second = transactions.begin();
    heap.update(second, transactions.statementXid(second), updated, makeRow(3, 40), 40);
    heap.remove(second, transactions.statementXid(second), deleted);
    expect(heap.checkWrite(updated, reader, snapshot, LOCK_UPDATE)).to.equal(WRITE_WAIT);
    expect(heap.blocker).to.equal(second);
    transactions.commit(second, () => {});
    expect(heap.checkWrite(updated, reader, snapshot, LOCK_UPDATE)).to.equal(WRITE_CHANGED);
    expect(heap.checkWrite(deleted, reader, snapshot, LOCK_UPDATE)).to.equal(WRITE_DELETED);
    expect(readRow(engine, heap.newest(updated))).to.equal(3);
    expect(heap.newest(deleted)).to.equal(-1);
    expect(readRow(engine, heap.visible(updated, snapshot))).to.equal(1);
    expect(readRow(engine, heap.visible(deleted, snapshot))).to.equal(2);
    transactions.releaseSnapshot(snapshot);
    await engine.close();
  });
});
