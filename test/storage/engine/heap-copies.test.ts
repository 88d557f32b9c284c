/**
 * Heaps that are copied page by page while their sources go on, under random work, checkpoints, restarts, kills and power cuts at any operation
 * of the disk, against a model that copies everything at once. Timers go by turns of the event loop (sim/virtual-time.ts), so that a seed is the same
 * run each time, with what the background does in it.
 */
import { expect } from 'chai';
import {
  type Heap,
  type HeapCopy,
  LOCK_NO_KEY_UPDATE,
  LOCK_UPDATE,
  MemoryFileSystem,
  StorageEngine,
  type Transaction,
  WRITE_OK,
} from '../../../storage/api.ts';
import { ROW_FORWARDED, ROW_MOVED_IN } from '../../../storage/heap/index.ts';
import { WAL_SEGMENT_SIZE } from '../../../storage/limits.ts';
import { pageSlotCount, slotOffset } from '../../../storage/page/index.ts';
import { describeProblem, verifyDirectory } from '../../../storage/verify/index.ts';
import { walSegmentName } from '../../../storage/wal/index.ts';
import { turn, VirtualTime } from '../../sim/virtual-time.ts';
import { makeRow, Random, ROW_LENGTH_MIN, readRow, retry, SEED, untilDone } from '../heap/support.ts';

/** Row id -> value. */
type Rows = Map<number, number>;

function copyOf(state: ReadonlyMap<number, Rows>): Map<number, Rows> {
  return new Map([...state].map(([relId, rows]) => [relId, new Map(rows)]));
}

type Snapshot = ReturnType<StorageEngine['transactions']['takeSnapshot']>;

interface Writer {
  readonly txn: Transaction;
  /** What it writes to: one heap, so that nobody waits for it. */
  readonly relId: number;
  readonly rows: Rows;
}

const DIRECTORY = '/data';
/** From a background that gets to nothing to one that is always ahead. */
const PACES_MS = [0.02, 0.2, 1, 10];

class Run {
  readonly random: Random;
  readonly frames: number;
  readonly time = new VirtualTime();
  fileSystem = new MemoryFileSystem();
  engine!: StorageEngine;
  committed = new Map<number, Rows>();
  writers: Writer[] = [];
  /** What the transaction that is about to commit would make of it; null: none is. */
  pending: ReadonlyMap<number, Rows> | null = null;
  #nextValue = 1;

  constructor(seed: number, frames: number) {
    this.random = new Random(seed);
    this.frames = frames;
    this.time.msPerTurn = this.random.pick(PACES_MS);
  }

  /** All heaps that there were when a copy was made last. */
  copied: number[] = [];

  async start(acceptDamagedLog = false): Promise<void> {
    this.engine = await StorageEngine.open({
      dataDirectory: DIRECTORY,
      fileSystem: this.fileSystem,
      sharedBuffers: this.frames * 8192,
      acceptDamagedLog,
      onLog: () => {},
    });
    await this.engine.startupSweep();
  }

  async create(): Promise<void> {
    const txn = this.engine.transactions.begin();
    const made = new Map<number, Rows>();
    for (let i = 0; i < 2; i++) made.set(this.engine.createHeap(txn).relId, new Map());
    await this.#commit(txn, made);
  }

  /** `next`: what is committed then; null: as before. */
  async #commit(txn: Transaction, next: Map<number, Rows> | null): Promise<void> {
    this.pending = next;
    await new Promise<void>((resolve, reject) => {
      this.engine.transactions.commit(txn, (error) => (error === null ? resolve() : reject(error)));
    });
    if (next !== null) this.committed = next;
    this.pending = null;
  }

  /** A step that is cut short at some operation of the disk; what is found then is looked at, and may be where it goes on. */
  async cutStep(): Promise<void> {
    let countdown = this.random.below(40);
    let cut: { fileSystem: MemoryFileSystem; allowed: ReadonlyMap<number, Rows>[] } | null = null;
    this.fileSystem.onOperation = () => {
      if (cut !== null || countdown-- > 0) return;
      const allowed = this.pending === null ? [this.committed] : [this.committed, this.pending];
      cut = { fileSystem: this.fileSystem.fork(), allowed: allowed.map(copyOf) };
    };
    for (let i = 0; i < 3; i++) await this.step();
    this.fileSystem.onOperation = null;
    if (cut === null) return;
    const { fileSystem, allowed } = cut as { fileSystem: MemoryFileSystem; allowed: ReadonlyMap<number, Rows>[] };
    if (this.random.below(3) === 0) fileSystem.kill();
    else fileSystem.crash({ random: () => this.random.next(), tear: true });
    this.die();
    this.fileSystem = fileSystem;
    this.writers = [];
    this.#verify();
    await this.start();
    const found = [...this.engine.heaps()].map(({ relId }) => relId);
    let state: ReadonlyMap<number, Rows> | undefined;
    for (const each of allowed) {
      if ([...each.keys()].sort().join() !== found.sort().join() || !this.#hasCounts(each)) continue;
      if (await this.#isAsIn(each, allowed)) state ??= each;
    }
    expect(state, `heaps ${found} of ${allowed.map((each) => [...each.keys()])}`).to.not.equal(undefined);
    this.committed = new Map(state);
    await this.check();
  }

  /** The process is dead. */
  die(): void {
    this.engine.abandon();
    this.time.forgetTimers();
  }

  #hasCounts(state: ReadonlyMap<number, Rows>): boolean {
    return [...state].every(([relId, rows]) => this.engine.heap(relId).rowCount === rows.size);
  }

  /** Of rows that may be one thing or another after a cut, each is as the state has it. (To look at all would bring all pages of copies.) */
  async #isAsIn(state: ReadonlyMap<number, Rows>, allowed: readonly ReadonlyMap<number, Rows>[]): Promise<boolean> {
    for (const [relId, rows] of state) {
      const unsure = [...rows].filter(([rowId, value]) =>
        allowed.some((each) => each.get(relId)?.get(rowId) !== value),
      );
      if (unsure.length === 0) continue;
      const seen = await this.#seenBy((snapshot) => this.#rowsOf(relId, unsure[0][0] >>> 9, snapshot));
      if (!seen.some(([rowId, value]) => rowId === unsure[0][0] && value === unsure[0][1])) return false;
    }
    return true;
  }

  async #seenBy<T>(read: (snapshot: Snapshot) => Promise<T>): Promise<T> {
    const { transactions } = this.engine;
    const reader = transactions.begin();
    const snapshot = transactions.takeSnapshot(reader);
    const seen = await read(snapshot);
    transactions.releaseSnapshot(snapshot);
    await this.#commit(reader, null);
    return seen;
  }

  #verify(): void {
    const { problems } = verifyDirectory({ fileSystem: this.fileSystem, directory: DIRECTORY });
    expect(problems.map(describeProblem)).to.deep.equal([]);
  }

  async step(): Promise<void> {
    const choice = this.random.below(100);
    if (choice < 50) await this.write();
    else if (choice < 64) await this.#end();
    else if (choice < 69) await this.copy();
    else if (choice < 73) await this.#drop();
    else if (choice < 79) await this.check();
    else if (choice < 84) this.engine.sweepSome(1 + this.random.below(50));
    else if (choice < 88) await this.#complete(1 + this.random.below(6));
    else if (choice < 92) await this.#lookAtCopies();
    else if (choice < 95) await this.#checkpoint();
    else if (choice < 97) await this.#restart(false);
    else if (choice < 98) await this.#restart(true);
    else await this.#idle();
  }

  /** Nobody does anything, for as long as some timers take. */
  async #idle(): Promise<void> {
    for (let turns = this.random.below(this.random.below(2) === 0 ? 2 : 60); turns >= 0; turns--) await turn();
  }

  async write(): Promise<void> {
    const { random, engine } = this;
    let writer = this.writers.length > 0 && random.below(3) > 0 ? random.pick(this.writers) : undefined;
    if (writer === undefined) {
      const free = [...this.committed.keys()].filter((relId) => !this.writers.some((w) => w.relId === relId));
      if (free.length === 0) return;
      const relId = random.pick(free);
      writer = { txn: engine.transactions.begin(), relId, rows: new Map(this.committed.get(relId)) };
      this.writers.push(writer);
    }
    const { txn, relId, rows } = writer;
    const heap = engine.heap(relId);
    const count = 1 + random.below(random.below(6) === 0 ? 60 : 4);
    const xid = engine.transactions.statementXid(txn);
    for (let i = 0; i < count; i++) {
      const value = this.#nextValue++;
      const rowId = rows.size === 0 || count > 10 || random.below(3) === 0 ? -1 : this.#pick(heap, rows);
      // Rows that grow leave their pages.
      const length = ROW_LENGTH_MIN + random.below(random.below(rowId < 0 ? 4 : 2) === 0 ? 3000 : 300);
      if (rowId < 0) {
        const row = makeRow(value, length);
        const inserted = await retry(engine, () =>
          count > 10 ? heap.insertBulk(txn, xid, row, 0, length) : heap.insert(txn, xid, row, length),
        );
        expect(rows.has(inserted)).to.equal(false);
        rows.set(inserted, value);
      } else if (random.below(3) === 0) {
        await this.#change(writer, rowId, (own) => heap.remove(txn, own, rowId), LOCK_UPDATE);
        rows.delete(rowId);
      } else {
        const update = (own: number): void => heap.update(txn, own, rowId, makeRow(value, length), length);
        await this.#change(writer, rowId, update, LOCK_NO_KEY_UPDATE);
        rows.set(rowId, value);
      }
    }
    heap.finishBulk(txn);
  }

  /** A row; as often as not one that has moved from its page, if there is any: then it is on two that are to be copied. */
  #pick({ pages }: Heap, rows: Rows): number {
    const { random, engine } = this;
    const rowIds = [...rows.keys()];
    if (random.below(2) === 0) return random.pick(rowIds);
    const { pool } = engine;
    const moved = rowIds.filter((rowId) => {
      const base = pool.tryFrame(pages, rowId >>> 9);
      return base >= 0 && (pool.u8[base + slotOffset(pool.u16, base, rowId & 511) + 14] & ROW_FORWARDED) !== 0;
    });
    return random.pick(moved.length > 0 ? moved : rowIds);
  }

  async #change(
    { txn, relId }: Writer,
    rowId: number,
    write: (xid: number) => void,
    strength: typeof LOCK_UPDATE | typeof LOCK_NO_KEY_UPDATE,
  ): Promise<void> {
    const { engine } = this;
    const heap = engine.heap(relId);
    heap.finishBulk(txn);
    const snapshot = engine.transactions.takeSnapshot(txn);
    expect(await retry(engine, () => heap.checkWrite(rowId, txn, snapshot, strength))).to.equal(WRITE_OK);
    const xid = engine.transactions.statementXid(txn);
    await retry(engine, () => write(xid));
    engine.transactions.releaseSnapshot(snapshot);
  }

  async endAll(): Promise<void> {
    while (this.writers.length > 0) await this.#end();
  }

  async #end(): Promise<void> {
    if (this.writers.length === 0) return;
    const [writer] = this.writers.splice(this.random.below(this.writers.length), 1);
    if (this.random.below(3) > 0) {
      await this.#commit(writer.txn, new Map(this.committed).set(writer.relId, writer.rows));
    } else await this.#rollback(writer.txn);
  }

  async #rollback(txn: Transaction): Promise<void> {
    const { engine } = this;
    await untilDone(
      engine,
      () => txn.undoNeedsPage,
      () => engine.transactions.rollback(txn),
    );
  }

  /** Some of the heaps, of which others may be copies; while others write, as often as not, before the copy is guarded. */
  async copy(looks = 1): Promise<void> {
    const { engine, random, committed } = this;
    if (committed.size > 7) return;
    const chosen = [...committed.keys()].filter(() => random.below(2) === 0);
    const txn = engine.transactions.begin();
    engine.transactions.statementXid(txn);
    const fork = engine.fork();
    const unfinished = engine.unfinishedPages();
    const rows = chosen.map((relId) => new Map(committed.get(relId)));
    const beginnings = chosen.map((relId) => engine.copyHeap(txn, fork.heap(relId), unfinished.get(relId)));
    for (let isDone = false; !isDone; ) {
      isDone = await retry(engine, () => beginnings.every((beginning) => beginning.step()));
      if (!isDone && random.below(8) < looks) await this.#look(random.pick(beginnings).copy);
      if (isDone) engine.guardCopies(beginnings.map(({ copy }) => copy));
      else if (random.below(4) === 0) await this.write();
      else if (random.below(8) === 0) await this.#end();
      else if (random.below(9) === 0) await this.#checkpoint();
    }
    await fork.close();
    if (random.below(6) === 0) {
      await this.#rollback(txn);
      return;
    }
    const next = new Map(this.committed);
    for (const [i, { copy }] of beginnings.entries()) next.set(copy.target.relId, rows[i]);
    await this.#commit(txn, next);
    this.copied = [...next.keys()];
  }

  async #look({ target: { pages } }: HeapCopy): Promise<void> {
    if (pages.pageCount === 0) return;
    const pageNo = this.random.below(pages.pageCount);
    await retry(this.engine, () => this.engine.pool.frameBase(pages, pageNo));
  }

  /** Pages come in any order. */
  async #lookAtCopies(): Promise<void> {
    const copies = [...this.engine.copies()];
    for (let i = this.random.below(4); i >= 0 && copies.length > 0; i--) await this.#look(this.random.pick(copies));
  }

  async #drop(): Promise<void> {
    const free = [...this.committed.keys()].filter((relId) => !this.writers.some((w) => w.relId === relId));
    if (free.length === 0 || this.committed.size < 4) return;
    const relId = this.random.pick(free);
    const txn = this.engine.transactions.begin();
    this.engine.dropHeap(txn, relId);
    const next = new Map(this.committed);
    next.delete(relId);
    await this.#commit(txn, next);
  }

  async #complete(pages: number): Promise<void> {
    const { engine } = this;
    for (let i = 0; i < pages; i++) {
      const copies: HeapCopy[] = [...engine.copies()];
      if (copies.length === 0) return;
      await retry(engine, () => engine.completeCopies(1));
    }
  }

  async #checkpoint(): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.engine.checkpoint((error) => (error === null ? resolve() : reject(error)));
    });
  }

  async #restart(isClean: boolean): Promise<void> {
    if (isClean) {
      for (const { txn } of this.writers) await this.#rollback(txn);
      await this.engine.close();
    } else {
      const fileSystem = this.fileSystem.fork();
      fileSystem.crash({});
      this.die();
      this.fileSystem = fileSystem;
    }
    this.writers = [];
    this.#verify();
    await this.start();
    await this.check();
  }

  async check(): Promise<void> {
    const { engine } = this;
    await turn();
    engine.wal.flushSync(engine.wal.insertLsn);
    await turn();
    await this.#seenBy(async (snapshot) => {
      for (const [relId, rows] of this.committed) await this.#checkHeap(relId, rows, snapshot);
    });
    expect(engine.pool.checkInvariants()).to.equal(null);
  }

  async #checkHeap(relId: number, rows: Rows, snapshot: Snapshot): Promise<void> {
    const { engine } = this;
    expect(engine.heap(relId).rowCount, `rows of ${relId}`).to.equal(rows.size);
    // Now and then a part of the heap: what is looked at comes.
    const share = this.random.below(2) === 0 ? 1 : this.random.next();
    for (let pageNo = 0; pageNo < engine.heap(relId).pages.pageCount; pageNo++) {
      if (this.random.next() > share) continue;
      const seen = await this.#rowsOf(relId, pageNo, snapshot);
      const expected = [...rows].filter(([rowId]) => rowId >>> 9 === pageNo).sort((a, b) => a[0] - b[0]);
      expect(seen, `page ${pageNo} of ${relId}`).to.deep.equal(expected);
    }
  }

  async #rowsOf(relId: number, pageNo: number, snapshot: Snapshot) {
    const { engine } = this;
    const heap = engine.heap(relId);
    const seen: [number, number][] = [];
    const { pool } = engine;
    const slots = await retry(engine, () => pageSlotCount(pool.u16, pool.frameBase(heap.pages, pageNo)));
    for (let slot = 0; slot < slots; slot++) {
      const value = await retry(engine, () => {
        const base = pool.frameBase(heap.pages, pageNo);
        const offset = slotOffset(pool.u16, base, slot);
        if (offset === 0 || (pool.u8[base + offset + 14] & ROW_MOVED_IN) !== 0) return -1;
        const row = heap.visible((pageNo << 9) + slot, snapshot);
        return row < 0 ? -1 : readRow(engine, row);
      });
      if (value >= 0) seen.push([(pageNo << 9) + slot, value]);
    }
    return seen;
  }

  /** All copies are completed: nothing is left of them. */
  async finish(): Promise<void> {
    for (const { txn } of this.writers.splice(0)) await this.#rollback(txn);
    while ([...this.engine.copies()].length > 0) await this.#complete(100);
    await this.check();
    expect(this.engine.pool.mainBranch.isShared).to.equal(false);
    const files = this.fileSystem.list(`${DIRECTORY}/base`).map(Number);
    const known = [...this.engine.pool.allRelations()].map(({ relId }) => relId);
    expect(known.filter((relId) => relId >= 16).sort()).to.deep.equal([...this.committed.keys()].sort());
    expect(files.filter((relId) => !known.includes(relId))).to.deep.equal([]);
    await this.engine.close();
  }
}

async function inVirtualTime(run: Run, work: (run: Run) => Promise<void>): Promise<void> {
  run.time.install();
  try {
    await run.start();
    await run.create();
    await work(run);
  } finally {
    run.time.uninstall();
  }
}

describe('copies of heaps', () => {
  for (let i = 0; i < 24; i++) {
    const seed = SEED * 100 + i;
    it(`are what was committed when they were made, wherever they are cut short (seed ${seed})`, async () => {
      await inVirtualTime(new Run(seed, i % 3 === 0 ? 32 : 200), async (run) => {
        for (let step = 0; step < 250; step++) await (run.random.below(12) === 0 ? run.cutStep() : run.step());
        await run.finish();
      });
    }).timeout(60_000);
  }

  it('are the same where somebody looks before they are guarded: rows have long values in other heaps', async () => {
    await inVirtualTime(new Run(SEED, 40), async (run) => {
      for (let step = 0; step < 40; step++) await run.write();
      await run.endAll();
      for (let step = 0; step < 40; step++) await run.write();
      for (let i = 0; i < 5; i++) await run.copy(4);
      await run.endAll();
      await run.check();
      await run.finish();
    });
  });

  it('have what there is of their source where log was given up', async () => {
    await inVirtualTime(new Run(SEED, 40), async (run) => {
      for (let step = 0; step < 60; step++) await run.write();
      await run.endAll();
      await run.copy();
      const lsn = run.engine.wal.insertLsn;
      for (let step = 0; step < 60; step++) await run.write();
      await run.endAll();
      const disk = run.fileSystem.fork();
      disk.crash({});
      run.die();
      const file = disk.open(`${DIRECTORY}/wal/${walSegmentName(lsn - (lsn % WAL_SEGMENT_SIZE))}`, 'readwrite');
      file.writeSync(Buffer.alloc(16, 255), 0, 16, lsn % WAL_SEGMENT_SIZE);
      file.fdatasyncSync();
      file.close();
      run.fileSystem = disk;
      await run.start(true);
      expect(run.engine.recovery?.lostLog).to.not.equal(null);
      expect([...run.engine.heaps()].map(({ relId }) => relId).sort()).to.deep.equal([...run.copied].sort());
      for (const heap of run.engine.heaps()) {
        for (let pageNo = 0; pageNo < heap.pages.pageCount; pageNo++)
          await retry(run.engine, () => run.engine.pool.frameBase(heap.pages, pageNo));
      }
      await run.engine.close();
      expect(verifyDirectory({ fileSystem: disk, directory: DIRECTORY }).problems.map(describeProblem)).to.deep.equal(
        [],
      );
    });
  }).timeout(60_000);
});
