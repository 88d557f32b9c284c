/** Forks of an engine: a tree of them under random work, against a model that copies everything. */
import { expect } from 'chai';
import {
  type CommitMoment,
  type Heap,
  LOCK_NO_KEY_UPDATE,
  LOCK_UPDATE,
  MemoryFileSystem,
  StorageEngine,
  type Transaction,
  WRITE_OK,
} from '../../../storage/api.ts';
import { decodeHotList, HOT_LIST_FILE, type HotList } from '../../../storage/buffer/index.ts';
import { ROW_MOVED_IN } from '../../../storage/heap/index.ts';
import { pageSlotCount, slotOffset } from '../../../storage/page/index.ts';
import type { SqlError } from '../../../types/errors.ts';
import { makeRow, Random, ROW_LENGTH_MIN, readRow, retry, SEED, untilDone } from '../heap/support.ts';

/** By relation: row id -> value. */
type Tables = Map<number, Map<number, number>>;

function copyOf(tables: Tables): Tables {
  return new Map([...tables].map(([relId, rows]) => [relId, new Map(rows)]));
}

/** An engine, what is committed in it, and its one transaction. */
class Branch {
  readonly engine: StorageEngine;
  committed: Tables;
  sequence: number;
  /** What the transaction would commit. */
  pending: Tables | null = null;
  txn: Transaction | null = null;
  /** Moments that were looked at, and what had been committed then. */
  readonly past: { readonly moment: CommitMoment; readonly committed: Tables }[] = [];
  readonly parent: Branch | null;

  constructor(engine: StorageEngine, committed: Tables, sequence: number, parent: Branch | null) {
    this.engine = engine;
    this.committed = committed;
    this.sequence = sequence;
    this.parent = parent;
  }
}

const SEQUENCE = 20_000;

class Run {
  readonly random: Random;
  readonly branches: Branch[] = [];
  #nextValue = 1;

  constructor(seed: number) {
    this.random = new Random(seed);
  }

  async start(frames: number, isDurable: boolean, keepsHistory = false): Promise<void> {
    const engine = await StorageEngine.open({
      dataDirectory: isDurable ? '/data' : null,
      fileSystem: new MemoryFileSystem(),
      sharedBuffers: frames * 8192,
      onLog: () => {},
    });
    await engine.startupSweep();
    if (keepsHistory) engine.keepHistory(3_600_000_000, true);
    const root = new Branch(engine, new Map(), 1, null);
    this.branches.push(root);
    const txn = engine.transactions.begin();
    engine.createSequence(txn, SEQUENCE, 1, true);
    for (let i = 0; i < 3; i++) root.committed.set(engine.createHeap(txn).relId, new Map());
    await this.#commit(root, txn);
  }

  #commit({ engine }: Branch, txn: Transaction): Promise<void> {
    return new Promise((resolve, reject) => {
      engine.transactions.commit(txn, (error) => (error === null ? resolve() : reject(error)));
    });
  }

  async step(): Promise<void> {
    const { random } = this;
    const branch = random.pick(this.branches);
    const choice = random.below(100);
    if (choice < 60) await this.#write(branch);
    else if (choice < 70) await this.#end(branch, random.below(3) > 0);
    else if (choice < 74) this.#fork(branch);
    else if (choice < 76) this.#look(branch);
    else if (choice < 80) await this.#drop(branch);
    else if (choice < 84) await this.#definition(branch);
    else if (choice < 90) await this.check(branch);
    else if (choice < 94) this.#nextval(branch);
    else if (choice < 98) branch.engine.sweepSome(1 + random.below(50));
    else await new Promise((resolve) => setImmediate(resolve));
  }

  #begin(branch: Branch): { txn: Transaction; pending: Tables } {
    branch.txn ??= branch.engine.transactions.begin();
    branch.pending ??= copyOf(branch.committed);
    return { txn: branch.txn, pending: branch.pending };
  }

  async #write(branch: Branch): Promise<void> {
    const { random } = this;
    const { engine } = branch;
    const { txn, pending } = this.#begin(branch);
    const relId = random.pick([...pending.keys()]);
    const rows = pending.get(relId) as Map<number, number>;
    const xid = engine.transactions.statementXid(txn);
    const count = 1 + random.below(random.below(10) === 0 ? 60 : 4);
    for (let i = 0; i < count; i++) {
      const value = this.#nextValue++;
      const length = ROW_LENGTH_MIN + random.below(random.below(5) === 0 ? 3000 : 200);
      const rowId = rows.size === 0 || random.below(3) === 0 ? -1 : random.pick([...rows.keys()]);
      const heap = engine.heap(relId);
      if (rowId < 0) {
        const isBulk = count > 10;
        const inserted = await retry(engine, () =>
          isBulk
            ? heap.insertBulk(txn, xid, makeRow(value, length), 0, length)
            : heap.insert(txn, xid, makeRow(value, length), length),
        );
        expect(rows.has(inserted)).to.equal(false);
        rows.set(inserted, value);
      } else if (random.below(3) === 0) {
        await this.#change(branch, heap, rowId, (own) => heap.remove(txn, own, rowId), LOCK_UPDATE);
        rows.delete(rowId);
      } else {
        const update = (ownXid: number): void => heap.update(txn, ownXid, rowId, makeRow(value, length), length);
        await this.#change(branch, heap, rowId, update, LOCK_NO_KEY_UPDATE);
        rows.set(rowId, value);
      }
    }
    engine.heap(relId).finishBulk(txn);
  }

  /** A row is written once a statement: each of these is one. */
  async #change(
    { engine, txn }: Branch,
    heap: Heap,
    rowId: number,
    write: (xid: number) => void,
    strength: typeof LOCK_UPDATE | typeof LOCK_NO_KEY_UPDATE,
  ): Promise<void> {
    heap.finishBulk(txn as Transaction);
    const snapshot = engine.transactions.takeSnapshot(txn as Transaction);
    const answer = await retry(engine, () => heap.checkWrite(rowId, txn as Transaction, snapshot, strength));
    expect(answer).to.equal(WRITE_OK);
    const xid = engine.transactions.statementXid(txn as Transaction);
    await retry(engine, () => write(xid));
    engine.transactions.releaseSnapshot(snapshot);
  }

  async #end(branch: Branch, commits: boolean): Promise<void> {
    const { engine, txn } = branch;
    if (txn === null) return;
    if (commits) {
      await this.#commit(branch, txn);
      branch.committed = branch.pending as Tables;
    } else {
      await untilDone(
        engine,
        () => txn.undoNeedsPage,
        () => engine.transactions.rollback(txn),
      );
    }
    branch.txn = null;
    branch.pending = null;
  }

  /** Remembers the present, for forks of the past. */
  #look({ engine, committed, past }: Branch): void {
    const { history } = engine.transactions;
    // A commit may be stamped with a time that has yet to come, when the clock is coarse.
    const moment = history.at(Math.max(engine.now(), history.lastTime));
    if (moment !== null) past.push({ moment, committed: copyOf(committed) });
  }

  #fork(branch: Branch): void {
    if (this.branches.length > 12) return;
    if (branch.past.length > 0 && this.random.below(2) === 0) {
      const { moment, committed } = this.random.pick(branch.past);
      // Definitions are those of the present.
      const tables = new Map([...copyOf(committed)].filter(([relId]) => branch.committed.has(relId)));
      this.branches.push(new Branch(branch.engine.fork(moment), tables, branch.sequence, branch));
      return;
    }
    this.branches.push(new Branch(branch.engine.fork(), copyOf(branch.committed), branch.sequence, branch));
  }

  async #drop(branch: Branch): Promise<void> {
    if (branch.parent === null) return;
    await this.#end(branch, false);
    await branch.engine.close();
    this.branches.splice(this.branches.indexOf(branch), 1);
  }

  async #definition(branch: Branch): Promise<void> {
    const { engine } = branch;
    const { txn, pending } = this.#begin(branch);
    if (pending.size < 5) pending.set(engine.createHeap(txn).relId, new Map());
    else {
      const relId = this.random.pick([...pending.keys()]);
      engine.dropHeap(txn, relId);
      pending.delete(relId);
    }
    await this.#end(branch, this.random.below(2) === 0);
  }

  #nextval(branch: Branch): void {
    branch.sequence++;
    branch.engine.setSequence(SEQUENCE, branch.sequence, true);
  }

  /** A new transaction sees what is committed: by a scan, and by row id. */
  async check(branch: Branch): Promise<void> {
    const { engine } = branch;
    expect(engine.sequenceState(SEQUENCE)?.lastValue).to.equal(branch.sequence);
    // Readers see what is durable.
    await new Promise((resolve) => setImmediate(resolve));
    engine.wal.flushSync(engine.wal.insertLsn);
    await new Promise((resolve) => setImmediate(resolve));
    const reader = engine.transactions.begin();
    const snapshot = engine.transactions.takeSnapshot(reader);
    for (const [relId, rows] of branch.committed) {
      const heap = engine.heap(relId);
      const seen = new Map<number, number>();
      for (let pageNo = 0; pageNo < heap.pages.pageCount; pageNo++) {
        const slots = await retry(engine, () =>
          pageSlotCount(engine.pool.u16, engine.pool.frameBase(heap.pages, pageNo)),
        );
        for (let slot = 0; slot < slots; slot++) {
          const value = await retry(engine, () => {
            const base = engine.pool.frameBase(heap.pages, pageNo);
            const offset = slotOffset(engine.pool.u16, base, slot);
            if (offset === 0 || (engine.pool.u8[base + offset + 14] & ROW_MOVED_IN) !== 0) return -1;
            const row = heap.visible((pageNo << 9) + slot, snapshot);
            return row < 0 ? -1 : readRow(engine, row);
          });
          if (value >= 0) seen.set((pageNo << 9) + slot, value);
        }
      }
      expect([...seen].sort((a, b) => a[0] - b[0])).to.deep.equal([...rows].sort((a, b) => a[0] - b[0]));
    }
    engine.transactions.releaseSnapshot(snapshot);
    await this.#commit(branch, reader);
  }

  async finish(): Promise<void> {
    for (const branch of this.branches) await this.check(branch);
    const [root] = this.branches;
    // Parents first as often as not: what a fork still needs of them stays.
    while (this.branches.length > 1) await this.#drop(this.branches[1 + this.random.below(this.branches.length - 1)]);
    await this.#end(root, false);
    await this.check(root);
    expect(root.engine.forkCount).to.equal(0);
    expect(root.engine.pool.mainBranch.archive.count).to.equal(0);
    expect(root.engine.pool.checkInvariants()).to.equal(null);
    await root.engine.close();
  }
}

describe('forks of an engine', () => {
  for (let i = 0; i < 24; i++) {
    const seed = SEED * 100 + i;
    it(`are private copies of what was committed (seed ${seed})`, async () => {
      const run = new Run(seed);
      await run.start(i % 3 === 0 ? 24 : 200, i % 2 === 0, i % 4 < 2);
      for (let step = 0; step < 300; step++) await run.step();
      await run.finish();
    }).timeout(60_000);
  }

  it('say so when an image that was kept for them is damaged, and leave no frame behind', async () => {
    const fileSystem = new MemoryFileSystem();
    const engine = await StorageEngine.open({
      dataDirectory: '/data',
      fileSystem,
      sharedBuffers: 200 * 8192,
      onLog: () => {},
    });
    await engine.startupSweep();
    const commit = (txn: Transaction): Promise<void> =>
      new Promise((resolve) => engine.transactions.commit(txn, () => resolve()));
    let txn = engine.transactions.begin();
    const heap = engine.createHeap(txn);
    const xid = engine.transactions.statementXid(txn);
    const rowIds: number[] = [];
    for (let i = 0; i < 60; i++) rowIds.push(await retry(engine, () => heap.insert(txn, xid, makeRow(i, 7000), 7000)));
    await commit(txn);
    const fork = engine.fork();
    txn = engine.transactions.begin();
    for (const rowId of rowIds) {
      const own = engine.transactions.statementXid(txn);
      await retry(engine, () => heap.remove(txn, own, rowId));
    }
    await commit(txn);
    expect(engine.pool.mainBranch.archive.count).to.be.above(32);
    const file = fileSystem.open('/data/temp/kept-pages', 'readwrite');
    file.writeSync(Buffer.from([1, 2, 3]), 0, 3, 8192 * 3 + 4000);
    file.close();
    const theirs = fork.heap(heap.relId);
    let damaged = 0;
    for (let pageNo = 0; pageNo < theirs.pages.pageCount; pageNo++) {
      try {
        await retry(engine, () => engine.pool.frameBase(theirs.pages, pageNo));
      } catch (error) {
        expect((error as SqlError).code).to.equal('XX001');
        expect((error as SqlError).message).to.equal('invalid page in file "/data/temp/kept-pages"');
        damaged++;
      }
    }
    expect(damaged).to.equal(1);
    expect(engine.pool.checkInvariants()).to.equal(null);
    await fork.close();
    expect(
      engine.pool.unusedFrames +
        [...Array(engine.pool.usedFrameEnd).keys()].filter((f) => engine.pool.residentRelation(f)).length,
    ).to.equal(200);
    await engine.close();
  });

  it('are not among the hot pages that the next start reads', async () => {
    const fileSystem = new MemoryFileSystem();
    const engine = await StorageEngine.open({
      dataDirectory: '/data',
      fileSystem,
      sharedBuffers: 64 * 8192,
      onLog: () => {},
    });
    await engine.startupSweep();
    const fork = engine.fork();
    const txn = fork.transactions.begin();
    const heap = fork.createHeap(txn);
    heap.insert(txn, fork.transactions.statementXid(txn), makeRow(1, 100), 100);
    await new Promise<void>((resolve) => fork.transactions.commit(txn, () => resolve()));
    expect(engine.pool.residentCount(heap.pages)).to.equal(1);
    engine.hotPages.saveNow();
    const file = fileSystem.open(`/data/${HOT_LIST_FILE}`, 'read');
    const bytes = Buffer.alloc(file.size());
    file.readSync(bytes, 0, bytes.length, 0);
    file.close();
    expect([...(decodeHotList(bytes) as HotList).relIds].filter((relId) => relId >= 2 ** 31)).to.deep.equal([]);
    await fork.close();
    await engine.close();
  });

  it('keep no page of old versions when they are at rest, and undo and read as before', async () => {
    const run = new Run(2);
    await run.start(100, false);
    const [root] = run.branches;
    const { engine } = root;
    const relId = [...root.committed.keys()][0];
    const commit = (of: StorageEngine, txn: Transaction): Promise<void> =>
      new Promise((resolve) => of.transactions.commit(txn, () => resolve()));
    let txn = engine.transactions.begin();
    const rowId = engine.heap(relId).insert(txn, engine.transactions.statementXid(txn), makeRow(1, 100), 100);
    await commit(engine, txn);
    const fork = engine.fork();
    const heap = fork.heap(relId);
    const update = (value: number): void =>
      heap.update(txn, fork.transactions.statementXid(txn), rowId, makeRow(value, 100), 100);
    txn = fork.transactions.begin();
    await retry(fork, () => update(2));
    fork.sweepSome(10);
    expect(fork.versionFilePages, 'it may be undone').to.equal(1);
    await commit(fork, txn);
    const reader = fork.transactions.begin();
    const snapshot = fork.transactions.takeSnapshot(reader);
    txn = fork.transactions.begin();
    await retry(fork, () => update(3));
    await commit(fork, txn);
    fork.sweepSome(10);
    expect(fork.versionFilePages, 'it is seen').to.equal(1);
    expect(await retry(fork, () => readRow(fork, heap.visible(rowId, snapshot)))).to.equal(2);
    fork.transactions.releaseSnapshot(snapshot);
    await commit(fork, reader);
    const other = fork.fork();
    fork.sweepSome(10);
    expect(fork.versionFilePages, 'a fork of it looks at its pages').to.equal(1);
    await other.close();
    const before = engine.pool.unusedFrames;
    fork.sweepSome(10);
    expect(fork.versionFilePages, 'it is at rest').to.equal(0);
    expect(engine.pool.unusedFrames).to.equal(before + 1);
    txn = fork.transactions.begin();
    await retry(fork, () => update(4));
    while (!fork.transactions.rollback(txn)) await new Promise((resolve) => setImmediate(resolve));
    expect(await retry(fork, () => readRow(fork, heap.newest(rowId)))).to.equal(3);
    expect(await retry(engine, () => readRow(engine, engine.heap(relId).newest(rowId)))).to.equal(1);
    await fork.close();
    expect(engine.pool.checkInvariants()).to.equal(null);
    await engine.close();
  });

  it('cost the parent one copy of a page that changes, however often', async () => {
    const run = new Run(1);
    await run.start(100, false);
    const [root] = run.branches;
    const { engine } = root;
    const heap = engine.heap([...root.committed.keys()][0]);
    const write = async (): Promise<void> => {
      const txn = engine.transactions.begin();
      const xid = engine.transactions.statementXid(txn);
      heap.insert(txn, xid, makeRow(1, 100), 100);
      await new Promise<void>((resolve) => engine.transactions.commit(txn, () => resolve()));
    };
    await write();
    const { archive } = engine.pool.mainBranch;
    const forks = [engine.fork(), engine.fork()];
    expect(archive.count).to.equal(0);
    for (let i = 0; i < 20; i++) await write();
    expect(archive.count).to.equal(1);
    await forks[0].close();
    expect(archive.count).to.equal(1);
    await forks[1].close();
    expect(archive.count).to.equal(0);
    await engine.close();
  });
});
