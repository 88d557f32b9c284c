/**
 * A workload over the storage engine with a model beside it: one life of a server, from its start to its end, whatever that is.
 * The model knows every state that was committed, in order, and which of them somebody was told of.
 */
import { expect } from 'chai';
import {
  type Heap,
  LOCK_UPDATE,
  type SavepointMark,
  type Snapshot,
  type StorageEngine,
  type Transaction,
  UPDATE_INDEXED,
  WRITE_OK,
} from '../../storage/api.ts';
import { SqlError } from '../../types/errors.ts';
import {
  checkVisibilityMap,
  KeyIndex,
  makeRow,
  type Random,
  ROW_LENGTH_MIN,
  readRow,
  retry,
  untilDone,
} from '../storage/heap/support.ts';
import { turn } from './virtual-time.ts';

/** All that is committed at one point of history. */
export interface State {
  readonly rows: ReadonlyMap<number, number>;
  readonly catalog: ReadonlyMap<string, number>;
  /** Heaps other than the main one, with the value in their only row. */
  readonly heaps: ReadonlyMap<number, number>;
  /** Sequences besides the main one. Not part of the text: one that never came to be may leave a trace. */
  readonly sequences: ReadonlyMap<number, true>;
  /** As text, made when it is first asked for. */
  text?: string;
}

export const EMPTY: State = { rows: new Map(), catalog: new Map(), heaps: new Map(), sequences: new Map() };
export const SEQUENCE = 20_000;
/** Catalog entry that only makes the log grow. */
export const FILLER = 'filler';
const FILLER_SIZE = 3 * 1024 * 1024;

/** What a survivor may be held to. */
export interface Claims {
  /** Committed states, oldest first. */
  readonly history: readonly State[];
  /** The last one that was acknowledged as durable; as written. */
  readonly durable: number;
  readonly written: number;
  readonly sequenceSeen: number;
  readonly oidSeen: number;
}

interface Running {
  readonly txn: Transaction;
  own: Map<number, number | null>;
  catalog: Map<string, number | null>;
  heaps: Map<number, number | null>;
  sequences: Map<number, true | null>;
  savepoints: Savepoint[];
  /** The last sequence value that it got. */
  sequence: number;
}

interface Savepoint extends Pick<Running, 'own' | 'catalog' | 'heaps' | 'sequences'> {
  readonly mark: SavepointMark;
}

interface Reader {
  readonly txn: Transaction;
  readonly snapshot: Snapshot;
  readonly state: State;
}

export class Workload {
  readonly engine: StorageEngine;
  readonly random: Random;
  readonly index: KeyIndex;
  heap!: Heap;
  readonly history: State[];
  durable = 0;
  written = 0;
  /** The last one that readers see. */
  visible = 0;
  sequenceSeen = 0;
  oidSeen = 0;
  /** Errors that statements met: injected ones, or their consequences. */
  readonly errors: SqlError[] = [];
  /** wal_sync = everysec: an acknowledgement says that the operating system has it. */
  private readonly everysec: boolean;
  private readonly running: Running[] = [];
  private readonly readers: Reader[] = [];
  nextValue: number;
  /** Undo does not get on: the disk must have space again. */
  onStuck: () => void = () => {};

  constructor(engine: StorageEngine, random: Random, start: State, nextValue: number, everysec: boolean) {
    this.engine = engine;
    this.random = random;
    this.history = [start];
    this.index = new KeyIndex(engine);
    this.nextValue = nextValue;
    this.everysec = everysec;
  }

  get committed(): State {
    return this.history[this.history.length - 1];
  }

  claims(): Claims {
    const { durable, written, sequenceSeen, oidSeen } = this;
    return { history: this.history.slice(), durable, written, sequenceSeen, oidSeen };
  }

  /** The main heap and the sequence: what a first life makes. */
  async found(): Promise<void> {
    const { engine } = this;
    const txn = engine.transactions.begin();
    this.heap = engine.createHeap(txn);
    this.heap.maintainer = this.index;
    engine.createSequence(txn, SEQUENCE, 1, false);
    await new Promise<void>((resolve, reject) =>
      engine.transactions.commit(txn, (error) => (error === null ? resolve() : reject(error))),
    );
  }

  async step(): Promise<void> {
    const { random, running } = this;
    const choice = random.below(100);
    if (running.length === 0 || (choice < 8 && running.length < 4)) {
      this.begin();
      return;
    }
    const one = random.pick(running);
    try {
      if (choice < 50) await this.write(one);
      else if (choice < 52) this.defineHeap(one);
      else if (choice < 53) this.defineSequence(one);
      else if (choice < 56) this.putCatalog(one);
      else if (choice < 59) this.nextSequenceValue(one);
      else if (choice < 64) await this.savepoint(one);
      else if (choice < 67) await this.read();
      else if (choice < 80) this.commit(one);
      else if (choice < 86) await this.rollback(one);
      else if (choice < 88) this.engine.checkpoint(() => {});
      else if (choice < 91) this.engine.sweepSome(30);
      else if (choice < 95) await this.settlePages();
      else await turn();
    } catch (error) {
      if (!(error instanceof SqlError)) throw error;
      this.errors.push(error);
      if (running.includes(one)) await this.rollback(one);
    }
  }

  private async settlePages(): Promise<void> {
    const { engine, heap } = this;
    for (let pageNo = 0; pageNo < heap.pages.pageCount; pageNo++)
      await retry(engine, () => engine.settlePage(heap, pageNo));
    await checkVisibilityMap(engine, heap, this.index);
  }

  /** More log than a segment holds. */
  async fillLog(): Promise<void> {
    const { engine } = this;
    for (let i = 0; i < 6; i++) {
      const txn = engine.transactions.begin();
      engine.putCatalog(txn, FILLER, i === 5 ? null : Buffer.alloc(FILLER_SIZE, i));
      try {
        await new Promise<void>((resolve, reject) =>
          engine.transactions.commit(txn, (error) => (error === null ? resolve() : reject(error))),
        );
      } catch (error) {
        if (!(error instanceof SqlError) || txn.isEnded) throw error;
        this.errors.push(error);
        engine.transactions.rollback(txn);
        return;
      }
    }
  }

  /** Ends what runs, sweeps, and looks whether the index says what the rows say and nothing is held. */
  async quiesce(): Promise<void> {
    const { engine } = this;
    while (this.readers.length > 0) this.closeReader(this.readers[0]);
    while (this.running.length > 0) await this.rollback(this.running[0]);
    for (let tries = 0; engine.sweepPendingCount > 0 && tries < 1000; tries++) {
      engine.sweepSome(1000);
      await turn();
    }
    expect(engine.sweepPendingCount, 'the sweep ends').to.equal(0);
    expect(engine.pool.pinCount, 'pinned pages').to.equal(0);
    expect(engine.pool.checkInvariants()).to.equal(null);
    expectIndexAgrees(this.index, this.committed.rows);
  }

  private begin(): void {
    const txn = this.engine.transactions.begin();
    txn.synchronousCommit = this.random.below(8) !== 0;
    this.running.push({
      txn,
      own: new Map(),
      catalog: new Map(),
      heaps: new Map(),
      sequences: new Map(),
      savepoints: [],
      sequence: 0,
    });
  }

  private async write(one: Running): Promise<void> {
    const { engine, heap, random } = this;
    const rows = [...overlay(this.committed.rows, one.own)];
    const length = ROW_LENGTH_MIN + random.below(random.below(6) === 0 ? 6000 : 200);
    if (rows.length === 0 || random.below(10) < (rows.length < 60 ? 4 : 1)) {
      await this.insert(one, length);
      return;
    }
    const [rowId] = random.pick(rows);
    const snapshot = engine.transactions.takeSnapshot(one.txn);
    try {
      const answer = await retry(engine, () => heap.checkWrite(rowId, one.txn, snapshot, LOCK_UPDATE));
      if (answer !== WRITE_OK) return;
    } finally {
      engine.transactions.releaseSnapshot(snapshot);
    }
    const xid = engine.transactions.statementXid(one.txn);
    if (random.below(4) === 0) {
      await retry(engine, () => heap.remove(one.txn, xid, rowId));
      one.own.set(rowId, null);
    } else {
      const value = this.nextValue++;
      await retry(engine, () => heap.update(one.txn, xid, rowId, makeRow(value, length), length, UPDATE_INDEXED));
      one.own.set(rowId, value);
      this.index.add(value, rowId);
    }
  }

  private async insert(one: Running, length: number): Promise<void> {
    const { engine, heap, random } = this;
    const xid = engine.transactions.statementXid(one.txn);
    const bulk = random.below(3) === 0;
    const count = bulk ? 1 + random.below(30) : 1;
    for (let i = 0; i < count; i++) {
      const value = this.nextValue++;
      const rowId = await retry(engine, () => {
        const row = makeRow(value, length);
        return bulk ? heap.insertBulk(one.txn, xid, row, 0, length) : heap.insert(one.txn, xid, row, length);
      });
      one.own.set(rowId, value);
      this.index.add(value, rowId);
    }
    if (bulk) heap.finishBulk(one.txn);
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

  private defineSequence(one: Running): void {
    const visible = overlay(this.committed.sequences, one.sequences);
    const others = this.running.filter((other) => other !== one).flatMap((other) => [...other.sequences.keys()]);
    const droppable = [...visible.keys()].filter((id) => !others.includes(id));
    if (droppable.length > 2) {
      const id = this.random.pick(droppable);
      this.engine.dropSequence(one.txn, id);
      one.sequences.set(id, null);
      return;
    }
    const id = SEQUENCE + this.nextValue++;
    this.engine.createSequence(one.txn, id, 1, false);
    one.sequences.set(id, true);
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

  private async savepoint(one: Running): Promise<void> {
    const { engine, random } = this;
    if (one.savepoints.length === 0 || random.below(2) === 0) {
      const { own, catalog, heaps, sequences } = one;
      const mark = engine.transactions.savepoint(one.txn);
      one.savepoints.push({
        mark,
        own: new Map(own),
        catalog: new Map(catalog),
        heaps: new Map(heaps),
        sequences: new Map(sequences),
      });
      return;
    }
    const at = random.below(one.savepoints.length);
    const { mark, own, catalog, heaps, sequences } = one.savepoints[at];
    one.savepoints.length = at + 1;
    await this.undo(one, () => engine.transactions.rollbackTo(one.txn, mark));
    one.own = new Map(own);
    one.catalog = new Map(catalog);
    one.heaps = new Map(heaps);
    one.sequences = new Map(sequences);
  }

  /** A snapshot that stays open for a while sees what it saw. */
  private async read(): Promise<void> {
    const { engine, readers, random } = this;
    if (readers.length < 2) {
      const txn = engine.transactions.begin();
      // Who locks sees all commits, who only reads those that are durable.
      txn.seesLatest = random.below(2) === 0;
      const state = txn.seesLatest ? this.committed : this.history[this.visible];
      readers.push({ txn, snapshot: engine.transactions.takeSnapshot(txn), state });
      return;
    }
    const reader = random.pick(readers);
    for (let i = 0; i < 10; i++) {
      const rowId = random.below(4) === 0 ? random.below(600) : this.anyRow(reader.state);
      if (rowId >>> 9 >= this.heap.pages.pageCount) continue;
      const value = await retry(engine, () => {
        const base = this.heap.visible(rowId, reader.snapshot);
        return base < 0 ? undefined : readRow(engine, base);
      });
      expect(value, `row ${rowId} in an open snapshot`).to.equal(reader.state.rows.get(rowId));
    }
    if (random.below(2) === 0) this.closeReader(reader);
  }

  private anyRow(state: State): number {
    const rowIds = [...state.rows.keys()];
    return rowIds.length === 0 ? 0 : this.random.pick(rowIds);
  }

  private closeReader(reader: Reader): void {
    this.readers.splice(this.readers.indexOf(reader), 1);
    this.engine.transactions.releaseSnapshot(reader.snapshot);
    this.engine.transactions.commit(reader.txn, () => {});
  }

  private commit(one: Running): void {
    const { committed } = this;
    const next: State = {
      rows: overlay(committed.rows, one.own),
      catalog: overlay(committed.catalog, one.catalog),
      heaps: overlay(committed.heaps, one.heaps),
      sequences: overlay(committed.sequences, one.sequences),
    };
    const oid = one.own.size > 0 ? this.engine.allocateOid() : 0;
    this.history.push(next);
    const position = this.history.length - 1;
    const { synchronousCommit, catalogChanges, keepsReadersOut } = one.txn;
    try {
      this.engine.transactions.commit(one.txn, (error) => {
        if (error !== null) return;
        if (one.txn.hasWritten) this.visible = Math.max(this.visible, position);
        // Who only read is told at once, and promised nothing about others' commits.
        if (!one.txn.hasWritten || !synchronousCommit) return;
        this.written = Math.max(this.written, position);
        if (this.everysec) return;
        this.durable = Math.max(this.durable, position);
        this.sequenceSeen = Math.max(this.sequenceSeen, one.sequence);
        this.oidSeen = Math.max(this.oidSeen, oid);
      });
      // Definitions are everybody's at once, on a full disk too; who commits is told when they are durable.
      if (catalogChanges !== null || keepsReadersOut) this.visible = Math.max(this.visible, position);
    } catch (error) {
      this.history.pop();
      throw error;
    }
    this.running.splice(this.running.indexOf(one), 1);
  }

  private async rollback(one: Running): Promise<void> {
    await this.undo(one, () => this.engine.transactions.rollback(one.txn));
    this.running.splice(this.running.indexOf(one), 1);
  }

  /** Undo that meets an error (a page that cannot be read, a full disk) is tried again, as the executor does. */
  private async undo(one: Running, step: () => boolean): Promise<void> {
    let failures = 0;
    await untilDone(
      this.engine,
      () => one.txn.undoNeedsPage,
      () => {
        if (step()) return true;
        if (one.txn.undoError !== null && ++failures % 20 === 0) this.onStuck();
        return false;
      },
    );
  }
}

export function overlay<K, V>(below: ReadonlyMap<K, V>, above: ReadonlyMap<K, V | null>): Map<K, V> {
  const result = new Map(below);
  for (const [key, value] of above) {
    if (value === null) result.delete(key);
    else result.set(key, value);
  }
  return result;
}

/** What the engine holds, read through the startup sweep, which also gives the workload its heap back and fills its index. */
export async function sweepState(engine: StorageEngine, work: Workload, mainHeap: number): Promise<State> {
  const rows = new Map<number, number>();
  const heaps = new Map<number, number>();
  await engine.startupSweep(undefined, (relId) => (rowId, base) => {
    const value = readRow(engine, base);
    if (relId !== mainHeap) heaps.set(relId, value);
    else {
      rows.set(rowId, value);
      work.index.add(value, rowId);
    }
  });
  work.heap = engine.heap(mainHeap);
  work.heap.maintainer = work.index;
  expect(work.heap.rowCount, 'rows counted').to.equal(rows.size);
  const catalog = new Map<string, number>();
  for (const [key, bytes] of engine.catalog)
    if (key !== FILLER) catalog.set(key, Number(Buffer.from(bytes).toString()));
  return { rows, catalog, heaps, sequences: new Map() };
}

export function describeState(state: State): string {
  const sorted = <K extends string | number>(map: ReadonlyMap<K, number>): [K, number][] =>
    [...map].sort((a, b) => (a[0] < b[0] ? -1 : 1));
  state.text ??= JSON.stringify([sorted(state.rows), sorted(state.catalog), sorted(state.heaps)]);
  return state.text;
}

function expectIndexAgrees(index: KeyIndex, rows: ReadonlyMap<number, number>): void {
  const expected = new KeyIndex(null as never);
  for (const [rowId, value] of rows) expected.add(value, rowId);
  expect([...index.entries].sort(), 'the index has the keys of the rows').to.deep.equal([...expected.entries].sort());
}
