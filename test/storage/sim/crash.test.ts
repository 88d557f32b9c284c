/**
 * Crashes at any moment, again and again on the same files: what was acknowledged is there, transactions are whole or absent,
 * in the order they committed, and the store goes on from there.
 */
import { expect } from 'chai';
import {
  type Heap,
  LOCK_UPDATE,
  MemoryFileSystem,
  StorageEngine,
  type Transaction,
  UPDATE_INDEXED,
  WRITE_OK,
} from '../../../storage/api.ts';
import { ROW_FORWARDED, ROW_MOVED_IN } from '../../../storage/heap/index.ts';
import { checkPage } from '../../../storage/page/index.ts';
import {
  KeyIndex,
  makeRow,
  Random,
  ROW_LENGTH_MIN,
  readRow,
  retry,
  SEED,
  slotFlags,
  untilDone,
} from '../heap/support.ts';

/** All that is committed at one point of history. */
interface State {
  readonly rows: ReadonlyMap<number, number>;
  readonly catalog: ReadonlyMap<string, number>;
  /** Heaps other than the main one, with the value in their only row. */
  readonly heaps: ReadonlyMap<number, number>;
}

const EMPTY: State = { rows: new Map(), catalog: new Map(), heaps: new Map() };
const SEQUENCE = 20_000;
const DIRECTORY = '/data';

interface Running {
  readonly txn: Transaction;
  own: Map<number, number | null>;
  readonly catalog: Map<string, number | null>;
  readonly heaps: Map<number, number | null>;
  /** The last sequence value that it got. */
  sequence: number;
}

/** One life of the server, from open to crash. */
class Life {
  readonly engine: StorageEngine;
  readonly random: Random;
  readonly index: KeyIndex;
  heap!: Heap;
  /** History: what was committed, in order; from where recovery began. */
  readonly history: State[];
  acknowledged = 0;
  /** The largest sequence value and oid that somebody may rely on. */
  sequenceSeen = 0;
  oidSeen = 0;
  private readonly running: Running[] = [];
  private nextValue: number;

  constructor(engine: StorageEngine, random: Random, start: State, nextValue: number) {
    this.engine = engine;
    this.random = random;
    this.history = [start];
    this.index = new KeyIndex(engine);
    this.nextValue = nextValue;
  }

  get committed(): State {
    return this.history[this.history.length - 1];
  }

  get lastValue(): number {
    return this.nextValue;
  }

  async step(): Promise<void> {
    const { random, running } = this;
    const choice = random.below(100);
    if (running.length === 0 || (choice < 8 && running.length < 4)) this.begin();
    else if (choice < 55) await this.write(random.pick(running));
    else if (choice < 58) this.defineHeap(random.pick(running));
    else if (choice < 61) this.putCatalog(random.pick(running));
    else if (choice < 64) this.nextSequenceValue(random.pick(running));
    else if (choice < 80) this.commit(random.pick(running));
    else if (choice < 86) await this.rollback(random.pick(running));
    else if (choice < 88) this.engine.checkpoint(() => {});
    else if (choice < 91) this.engine.sweepSome(30);
    else await new Promise((resolve) => setImmediate(resolve));
  }

  private begin(): void {
    const txn = this.engine.transactions.begin();
    this.running.push({ txn, own: new Map(), catalog: new Map(), heaps: new Map(), sequence: 0 });
  }

  private rowsOf(one: Running): Map<number, number> {
    return overlay(this.committed.rows, one.own);
  }

  private async write(one: Running): Promise<void> {
    const { engine, heap, random } = this;
    const rows = [...this.rowsOf(one)];
    const length = ROW_LENGTH_MIN + random.below(random.below(6) === 0 ? 6000 : 200);
    const value = this.nextValue++;
    if (rows.length === 0 || random.below(10) < (rows.length < 60 ? 4 : 1)) {
      const xid = engine.transactions.statementXid(one.txn);
      const bulk = random.below(3) === 0;
      const count = bulk ? 1 + random.below(30) : 1;
      for (let i = 0; i < count; i++) {
        const inserted = this.nextValue++;
        const rowId = await retry(engine, () => {
          const row = makeRow(inserted, length);
          return bulk ? heap.insertBulk(one.txn, xid, row, 0, length) : heap.insert(one.txn, xid, row, length);
        });
        one.own.set(rowId, inserted);
        this.index.add(inserted, rowId);
      }
      if (bulk) heap.finishBulk(one.txn);
      return;
    }
    const [rowId] = random.pick(rows);
    const snapshot = engine.transactions.takeSnapshot(one.txn);
    const answer = await retry(engine, () => heap.checkWrite(rowId, one.txn, snapshot, LOCK_UPDATE));
    engine.transactions.releaseSnapshot(snapshot);
    if (answer !== WRITE_OK) return;
    const xid = engine.transactions.statementXid(one.txn);
    if (random.below(4) === 0) {
      await retry(engine, () => heap.remove(one.txn, xid, rowId));
      one.own.set(rowId, null);
    } else {
      await retry(engine, () => heap.update(one.txn, xid, rowId, makeRow(value, length), length, UPDATE_INDEXED));
      one.own.set(rowId, value);
      this.index.add(value, rowId);
    }
  }

  private defineHeap(one: Running): void {
    const visible = overlay(this.committed.heaps, one.heaps);
    const others = this.running.filter((other) => other !== one).flatMap((other) => [...other.heaps.keys()]);
    const droppable = [...visible.keys()].filter((relId) => !others.includes(relId));
    if (droppable.length > 3) {
      const relId = this.random.pick(droppable);
      this.engine.dropHeap(one.txn, relId);
      one.heaps.set(relId, null);
      return;
    }
    const heap = this.engine.createHeap(one.txn);
    const value = this.nextValue++;
    heap.insert(one.txn, this.engine.transactions.statementXid(one.txn), makeRow(value, 40), 40);
    one.heaps.set(heap.relId, value);
  }

  private putCatalog(one: Running): void {
    const key = `entry ${this.random.below(8)}`;
    // Two writers of one entry are kept apart by locks.
    if (this.running.some((other) => other !== one && other.catalog.has(key))) return;
    const value = this.random.below(4) === 0 ? null : this.nextValue++;
    this.engine.putCatalog(one.txn, key, value === null ? null : Buffer.from(`${value}`));
    one.catalog.set(key, value);
  }

  private nextSequenceValue(one: Running): void {
    const next = Number(this.engine.sequenceState(SEQUENCE)!.lastValue) + 1;
    this.engine.setSequence(SEQUENCE, next, true, one.txn, next + 32);
    one.sequence = next;
  }

  private commit(one: Running): void {
    const { committed } = this;
    const next: State = {
      rows: overlay(committed.rows, one.own),
      catalog: overlay(committed.catalog, one.catalog),
      heaps: overlay(committed.heaps, one.heaps),
    };
    this.running.splice(this.running.indexOf(one), 1);
    this.history.push(next);
    const position = this.history.length - 1;
    const oid = one.own.size > 0 ? this.engine.allocateOid() : 0;
    this.engine.transactions.commit(one.txn, (error) => {
      if (error !== null) throw error;
      // Who only read is told at once, and promised nothing about others' commits.
      if (one.txn.hasWritten) this.acknowledged = Math.max(this.acknowledged, position);
      this.sequenceSeen = Math.max(this.sequenceSeen, one.sequence);
      this.oidSeen = Math.max(this.oidSeen, oid);
    });
  }

  private async rollback(one: Running): Promise<void> {
    const { transactions } = this.engine;
    await untilDone(
      this.engine,
      () => one.txn.undoNeedsPage,
      () => transactions.rollback(one.txn),
    );
    this.running.splice(this.running.indexOf(one), 1);
  }
}

function overlay<K, V>(below: ReadonlyMap<K, V>, above: ReadonlyMap<K, V | null>): Map<K, V> {
  const result = new Map(below);
  for (const [key, value] of above) {
    if (value === null) result.delete(key);
    else result.set(key, value);
  }
  return result;
}

async function open(fileSystem: MemoryFileSystem): Promise<StorageEngine> {
  return StorageEngine.open({
    dataDirectory: DIRECTORY,
    fileSystem,
    sharedBuffers: 24 * 8192,
    onFatal: (error) => {
      throw error;
    },
    onLog: () => {},
  });
}

/** What the engine holds, read through the startup sweep and again through snapshots. */
async function recover(life: Life, mainHeap: number): Promise<State> {
  const { engine } = life;
  const rows = new Map<number, number>();
  const heaps = new Map<number, number>();
  await engine.startupSweep(undefined, (relId) => (rowId, base) => {
    const value = readRow(engine, base);
    if (relId !== mainHeap) heaps.set(relId, value);
    else {
      expect(rows.has(rowId), 'a row is shown once').to.equal(false);
      rows.set(rowId, value);
      life.index.add(value, rowId);
    }
  });
  life.heap = engine.heap(mainHeap);
  life.heap.maintainer = life.index;
  expect(life.heap.rowCount).to.equal(rows.size);
  expect(engine.versionPageCount).to.equal(0);
  const snapshot = engine.transactions.takeSnapshot(engine.transactions.begin());
  for (let pageNo = 0; pageNo < life.heap.pages.pageCount; pageNo++) {
    for (let slot = 0; slot < 250; slot++) {
      const rowId = pageNo * 512 + slot;
      const value = await retry(engine, () => {
        const base = life.heap.visible(rowId, snapshot);
        return base < 0 ? undefined : readRow(engine, base);
      });
      expect(value).to.equal(rows.get(rowId));
    }
    const base = await retry(engine, () => engine.pool.frameBase(life.heap.pages, pageNo));
    expect(checkPage(engine.pool, base)).to.equal(null);
  }
  engine.transactions.releaseSnapshot(snapshot);
  const flags = await slotFlags(engine, life.heap);
  const places = flags.filter((flag) => flag === ROW_MOVED_IN).length;
  const homes = flags.filter((flag) => flag === ROW_FORWARDED).length;
  expect({ places, others: flags.length - places - homes }).to.deep.equal({ places: homes, others: rows.size - homes });
  for (const heap of engine.heaps()) {
    if (heap.relId !== mainHeap && !heaps.has(heap.relId)) throw new Error(`heap ${heap.relId} is empty`);
  }
  const catalog = new Map([...engine.catalog].map(([key, bytes]) => [key, Number(Buffer.from(bytes).toString())]));
  return { rows, catalog, heaps };
}

function describeState(state: State): string {
  const sorted = <K extends string | number>(map: ReadonlyMap<K, number>): [K, number][] =>
    [...map].sort((a, b) => (a[0] < b[0] ? -1 : 1));
  return JSON.stringify([sorted(state.rows), sorted(state.catalog), sorted(state.heaps)]);
}

async function firstLife(fileSystem: MemoryFileSystem, random: Random): Promise<Life> {
  const engine = await open(fileSystem);
  await engine.startupSweep();
  const life = new Life(engine, random, EMPTY, 1);
  const txn = engine.transactions.begin();
  life.heap = engine.createHeap(txn);
  life.heap.maintainer = life.index;
  engine.createSequence(txn, SEQUENCE, 1, false);
  await new Promise<void>((resolve) => engine.transactions.commit(txn, () => resolve()));
  return life;
}

async function crashOften(seed: number): Promise<void> {
  const random = new Random(seed);
  let fileSystem = new MemoryFileSystem();
  let life = await firstLife(fileSystem, random);
  const mainHeap = life.heap.relId;
  for (let crash = 0; crash < 6; crash++) {
    for (let steps = random.below(400); steps > 0; steps--) await life.step();
    const { history, acknowledged, sequenceSeen, oidSeen, lastValue } = life;
    const fork = fileSystem.fork();
    fork.crash({ random: () => random.next(), tear: true });
    life.engine.abandon();
    fileSystem = fork;
    let engine = await open(fileSystem);
    if (random.below(3) === 0) {
      // The next start is cut short too, in the middle of its work.
      engine.startupSweep().catch(() => {});
      for (let turns = random.below(6); turns > 0; turns--) await new Promise((resolve) => setImmediate(resolve));
      const again = fileSystem.fork();
      again.crash({ random: () => random.next(), tear: true });
      engine.abandon();
      fileSystem = again;
      engine = await open(fileSystem);
    }
    const found: Life = new Life(engine, random, EMPTY, lastValue);
    const state = await recover(found, mainHeap);
    const text = describeState(state);
    const candidates = history.slice(acknowledged).map(describeState);
    expect(candidates, `crash ${crash}: a committed state at or after the acknowledged one`).to.include(text);
    expect(Number(engine.sequenceState(SEQUENCE)!.lastValue)).to.be.at.least(sequenceSeen);
    expect(engine.allocateOid()).to.be.greaterThan(oidSeen);
    found.history[0] = state;
    life = found;
  }
  await life.engine.close().catch((error: unknown) => {
    throw error;
  });
}

describe('crashes', () => {
  for (let run = 0; run < 4; run++) {
    const seed = SEED + run;
    it(`lose nothing acknowledged and leave nothing half done (SEED=${seed})`, () => crashOften(seed)).timeout(30000);
  }
});
