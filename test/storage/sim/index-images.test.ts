/**
 * Index images under crashes: whatever was written, moved, deleted, rolled back and swept, and wherever a checkpoint and the crash
 * fell, after a start each index has exactly the entries that its heap's rows have.
 */
import { expect } from 'chai';
import {
  type Heap,
  type IndexedHeap,
  IndexKey,
  type IndexMaintainer,
  LOCK_UPDATE,
  MemoryFileSystem,
  OrderedDictionary,
  StorageEngine,
  type Transaction,
  UPDATE_INDEXED,
  WRITE_OK,
} from '../../../storage/api.ts';
import { ROW_FORWARDED, ROW_MOVED_IN } from '../../../storage/heap/index.ts';
import { IMAGE_PAGES_MIN } from '../../../storage/index-images.ts';
import { crc32 } from '../../../storage/page/index.ts';
import { makeRow, Random, ROW_LENGTH_MIN, readRow, retry, SEED, slotFlags, untilDone } from '../heap/support.ts';

const DIRECTORY = '/data';
const FRAMES = 40;
const RUNS = Number(process.env.RUNS ?? 3);

/** Two indexes of one heap: a number key of few values, a byte key. Both change with most updates, not with all. */
class Indexes implements IndexMaintainer {
  readonly numbers = new OrderedDictionary(false);
  readonly texts = new OrderedDictionary(true);
  /** Entries made at the start. */
  added = 0;
  private readonly engine: StorageEngine;
  private readonly key = new IndexKey();

  constructor(engine: StorageEngine) {
    this.engine = engine;
  }

  private all(): OrderedDictionary[] {
    return [this.numbers, this.texts];
  }

  keyOf(value: number, index: number): IndexKey {
    const { key } = this;
    key.length = 0;
    key.number = index === 0 ? value % 50 : 0;
    if (index === 0) return key;
    for (const byte of Buffer.from(`key ${value % 9}`.repeat(1 + (value % 3)))) key.uint8(byte);
    return key;
  }

  add(value: number, rowId: number): void {
    this.all().forEach((dictionary, i) => {
      dictionary.insert(this.keyOf(value, i), rowId);
    });
  }

  removeVersion(rowId: number, goneBase: number, rest: Float64Array, restCount: number): void {
    const gone = readRow(this.engine, goneBase);
    this.all().forEach((dictionary, i) => {
      const text = keyText(this.keyOf(gone, i));
      for (let j = 0; j < restCount; j++) {
        if (keyText(this.keyOf(readRow(this.engine, rest[j]), i)) === text) return;
      }
      dictionary.remove(this.keyOf(gone, i), rowId);
    });
  }

  heap(relId: number, definition = 'as ever'): IndexedHeap {
    return {
      relId,
      name: 'table',
      indexes: this.all().map((dictionary, i) => ({ oid: 20_001 + i, name: `index ${i}`, definition, dictionary })),
      add: (index, rowId, rowBase) => {
        this.added++;
        this.all()[index].insert(this.keyOf(readRow(this.engine, rowBase), index), rowId);
      },
      keys: (index) => (rowBase, key) => {
        this.added++;
        key.copyFrom(this.keyOf(readRow(this.engine, rowBase), index));
        return true;
      },
    };
  }

  /** All entries, in order. */
  entries(index: number): string[] {
    const dictionary = this.all()[index];
    dictionary.checkInvariants();
    const entries: string[] = [];
    const key = new IndexKey();
    const rows = new Uint32Array(dictionary.count);
    for (let leaf = dictionary.firstLeaf; leaf !== 0; leaf = dictionary.nextLeaf(leaf)) {
      for (let i = 0; i < dictionary.leafCount(leaf); i++) {
        dictionary.keyAt(leaf, i, key);
        const text = index === 0 ? '' : Buffer.from(key.bytes.subarray(0, key.length)).toString();
        const posting = dictionary.postingAt(leaf, i);
        rows[0] = posting;
        const isList = dictionary.isListAt(leaf, i);
        const count = isList ? dictionary.lists.read(posting, 0, rows, 0, rows.length) : 1;
        for (const row of rows.subarray(0, count)) entries.push(`${key.number} ${text} ${row}`);
      }
    }
    return entries;
  }

  /** The entries that these rows should have. */
  expected(rows: ReadonlyMap<number, number>, index: number): string[] {
    return [...rows].map(([rowId, value]) => {
      const key = this.keyOf(value, index);
      return `${key.number} ${index === 0 ? '' : keyText(key).slice(keyText(key).indexOf(' ') + 1)} ${rowId}`;
    });
  }
}

function keyText(key: IndexKey): string {
  return `${key.number} ${Buffer.from(key.bytes.subarray(0, key.length)).toString()}`;
}

type Rows = ReadonlyMap<number, number>;

interface Running {
  readonly txn: Transaction;
  readonly own: Map<number, number | null>;
}

class Life {
  readonly engine: StorageEngine;
  readonly indexes: Indexes;
  readonly logged: string[];
  heap!: Heap;
  history: Rows[] = [];
  acknowledged = 0;
  crashed = false;
  nextValue: number;
  private readonly random: Random;
  private readonly running: Running[] = [];

  constructor(engine: StorageEngine, random: Random, nextValue: number, logged: string[]) {
    this.engine = engine;
    this.random = random;
    this.indexes = new Indexes(engine);
    this.nextValue = nextValue;
    this.logged = logged;
  }

  async step(): Promise<void> {
    const { random, running, engine } = this;
    const choice = random.below(100);
    if (running.length === 0 || (choice < 8 && running.length < 4)) {
      running.push({ txn: engine.transactions.begin(), own: new Map() });
    } else if (choice < 60) await this.write(random.pick(running));
    else if (choice < 76) this.commit(random.pick(running));
    else if (choice < 82) await this.rollback(random.pick(running));
    else if (choice < 85) engine.checkpoint(() => {});
    else if (choice < 88) engine.sweepSome(random.below(40));
    else await new Promise((resolve) => setImmediate(resolve));
  }

  private get committed(): Rows {
    return this.history[this.history.length - 1];
  }

  async write(one: Running): Promise<void> {
    const { random } = this;
    const mark = random.below(8) === 0 ? this.engine.transactions.savepoint(one.txn) : null;
    const before = new Map(one.own);
    for (let count = 1 + random.below(mark === null ? 2 : 6); count > 0; count--) await this.writeRow(one);
    if (mark === null) return;
    await untilDone(
      this.engine,
      () => one.txn.undoNeedsPage,
      () => this.engine.transactions.rollbackTo(one.txn, mark),
    );
    one.own.clear();
    for (const [rowId, value] of before) one.own.set(rowId, value);
  }

  private async writeRow(one: Running): Promise<void> {
    const { engine, heap, random } = this;
    const rows = [...overlay(this.committed, one.own)];
    const length = ROW_LENGTH_MIN + random.below(random.below(5) === 0 ? 5000 : 300);
    if (rows.length === 0 || random.below(10) < (rows.length < 300 ? 3 : 1)) return this.insert(one, length);
    const [rowId] = random.pick(rows);
    const snapshot = engine.transactions.takeSnapshot(one.txn);
    const answer = await retry(engine, () => heap.checkWrite(rowId, one.txn, snapshot, LOCK_UPDATE));
    engine.transactions.releaseSnapshot(snapshot);
    if (answer !== WRITE_OK) return;
    const xid = engine.transactions.statementXid(one.txn);
    if (random.below(5) === 0) {
      await retry(engine, () => heap.remove(one.txn, xid, rowId));
      one.own.set(rowId, null);
      return;
    }
    // A third keeps all keys: the same value in another length.
    const old = overlay(this.committed, one.own).get(rowId)!;
    const value = random.below(3) === 0 ? old : this.nextValue++;
    await retry(engine, () => {
      heap.update(one.txn, xid, rowId, makeRow(value, length), length, value === old ? 0 : UPDATE_INDEXED);
      if (value !== old) this.indexes.add(value, rowId);
    });
    one.own.set(rowId, value);
  }

  async insert(one: Running, length: number, count = 1 + this.random.below(10)): Promise<void> {
    const { engine, heap } = this;
    const xid = engine.transactions.statementXid(one.txn);
    const isBulk = this.random.below(3) === 0;
    for (let i = 0; i < count; i++) {
      const value = this.nextValue++;
      const rowId = await retry(engine, () => {
        const row = makeRow(value, length);
        const id = isBulk ? heap.insertBulk(one.txn, xid, row, 0, length) : heap.insert(one.txn, xid, row, length);
        this.indexes.add(value, id);
        return id;
      });
      one.own.set(rowId, value);
      // A statement may be put off in the middle, with a bulk page that is not logged yet.
      if (this.random.below(10) === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    if (isBulk && this.random.below(4) !== 0) heap.finishBulk(one.txn);
  }

  commit(one: Running): void {
    const next = overlay(this.committed, one.own);
    if (this.running.includes(one)) this.running.splice(this.running.indexOf(one), 1);
    this.history.push(next);
    const position = this.history.length - 1;
    this.engine.transactions.commit(one.txn, (error) => {
      if (error !== null) throw error;
      // What is flushed after the crash's copy was taken is of no world.
      if (one.txn.hasWritten && !this.crashed) this.acknowledged = Math.max(this.acknowledged, position);
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

  async endAll(): Promise<void> {
    while (this.running.length > 0) {
      if (this.random.below(2) === 0) this.commit(this.running[0]);
      else await this.rollback(this.running[0]);
    }
  }
}

function overlay(below: Rows, above: ReadonlyMap<number, number | null>): Map<number, number> {
  const result = new Map(below);
  for (const [key, value] of above) {
    if (value === null) result.delete(key);
    else result.set(key, value);
  }
  return result;
}

async function open(fileSystem: MemoryFileSystem, logged: string[] = []): Promise<StorageEngine> {
  return StorageEngine.open({
    dataDirectory: DIRECTORY,
    fileSystem,
    sharedBuffers: FRAMES * 8192,
    imageSliceSize: 1000,
    onFatal: (error) => {
      throw error;
    },
    onLog: (message) => logged.push(message),
  });
}

async function firstLife(fileSystem: MemoryFileSystem, random: Random): Promise<Life> {
  const logged: string[] = [];
  const engine = await open(fileSystem, logged);
  const life = new Life(engine, random, 1, logged);
  await engine.startupSweep(() => (life.heap === undefined ? [] : [life.indexes.heap(life.heap.relId)]));
  const txn = engine.transactions.begin();
  life.heap = engine.createHeap(txn);
  life.heap.maintainer = life.indexes;
  life.history = [new Map()];
  const own = new Map<number, number | null>();
  await life.insert({ txn, own }, 300, 1000);
  life.commit({ txn, own });
  await new Promise<void>((resolve) => engine.checkpoint(() => resolve()));
  return life;
}

/** The next life of the same directory, held against what the heap says and against the history of the one before. */
async function nextLife(fileSystem: MemoryFileSystem, random: Random, before: Life): Promise<Life> {
  const logged: string[] = [];
  const engine = await open(fileSystem, logged);
  const life = new Life(engine, random, before.nextValue, logged);
  const { relId } = before.heap;
  await engine.startupSweep(() => [life.indexes.heap(relId)]);
  life.heap = engine.heap(relId);
  life.heap.maintainer = life.indexes;
  const rows = await rowsOf(engine, life.heap);
  for (const index of [0, 1]) {
    expect(life.indexes.entries(index).sort(), `index ${index}, SEED=${SEED}`).to.deep.equal(
      life.indexes.expected(rows, index).sort(),
    );
  }
  expect(life.heap.rowCount).to.equal(rows.size);
  const flags = await slotFlags(engine, life.heap);
  const places = flags.filter((flag) => flag === ROW_MOVED_IN).length;
  const homes = flags.filter((flag) => flag === ROW_FORWARDED).length;
  expect({ places, others: flags.length - places - homes }, `SEED=${SEED}`).to.deep.equal({
    places: homes,
    others: rows.size - homes,
  });
  expect(life.heap.leftPlaces.size).to.equal(0);
  const text = describeRows(rows);
  expect(before.history.slice(before.acknowledged).map(describeRows), `SEED=${SEED}`).to.include(text);
  life.history = [rows];
  return life;
}

async function rowsOf(engine: StorageEngine, heap: Heap): Promise<Map<number, number>> {
  const rows = new Map<number, number>();
  const snapshot = engine.transactions.takeSnapshot(engine.transactions.begin());
  for (let pageNo = 0; pageNo < heap.pages.pageCount; pageNo++) {
    for (let slot = 0; slot < 250; slot++) {
      const rowId = pageNo * 512 + slot;
      const value = await retry(engine, () => {
        const base = heap.visible(rowId, snapshot);
        return base < 0 ? -1 : readRow(engine, base);
      });
      if (value >= 0) rows.set(rowId, value);
    }
  }
  engine.transactions.releaseSnapshot(snapshot);
  return rows;
}

function describeRows(rows: Rows): string {
  return JSON.stringify([...rows].sort((a, b) => a[0] - b[0]));
}

/** Answers the share of entries that starts took from images. */
async function crashOften(seed: number): Promise<number> {
  const random = new Random(seed);
  let fileSystem = new MemoryFileSystem();
  let life = await firstLife(fileSystem, random);
  let entries = 0;
  let added = 0;
  for (let crash = 0; crash < 12; crash++) {
    // Short lives leave most pages as the images have them, long ones none.
    for (let steps = random.below(random.pick([20, 60, 400])); steps > 0; steps--) await life.step();
    const isClean = random.below(4) === 0;
    if (isClean) {
      await life.endAll();
      await life.engine.close();
      life.acknowledged = life.history.length - 1;
    } else {
      life.crashed = true;
      const fork = fileSystem.fork();
      fork.crash({ random: () => random.next(), tear: true });
      life.engine.abandon();
      fileSystem = fork;
      if (random.below(4) === 0) fileSystem = await cutShort(fileSystem, random, life);
    }
    life = await nextLife(fileSystem, random, life);
    if (isClean && life.heap.pages.pageCount >= IMAGE_PAGES_MIN) {
      expect(life.indexes.added, 'after a clean end a start makes no entry again').to.equal(0);
    }
    entries += 2 * life.heap.rowCount;
    added += life.indexes.added;
  }
  await life.engine.close();
  return 1 - added / entries;
}

/** A start that does not come to its end. */
async function cutShort(fileSystem: MemoryFileSystem, random: Random, before: Life): Promise<MemoryFileSystem> {
  const engine = await open(fileSystem);
  const indexes = new Indexes(engine);
  engine.startupSweep(() => [indexes.heap(before.heap.relId)]).catch(() => {});
  for (let turns = random.below(12); turns > 0; turns--) await new Promise((resolve) => setImmediate(resolve));
  const fork = fileSystem.fork();
  fork.crash({ random: () => random.next(), tear: true });
  engine.abandon();
  return fork;
}

/** The state file of the last checkpoint, as a server before index images wrote it. */
function makeOlder(fileSystem: MemoryFileSystem): void {
  // A crash may leave two of them: that of the control file, and one before or behind it.
  for (const name of fileSystem.list(DIRECTORY)) if (name.startsWith('checkpoint.')) makeStateOlder(fileSystem, name);
}

function makeStateOlder(fileSystem: MemoryFileSystem, name: string): void {
  const file = fileSystem.open(`${DIRECTORY}/${name}`, 'readwrite');
  const bytes = Buffer.alloc(file.size());
  file.readSync(bytes, 0, bytes.length, 0);
  const older = bytes.subarray(0, bytes.length - bytes.readUInt32LE(28));
  older.writeUInt32LE(1, 8);
  older.writeUInt32LE(0, 28);
  older.writeUInt32LE(crc32(older, 16, older.length, 0), 12);
  file.truncateSync(0);
  file.writeSync(older, 0, older.length, 0);
  file.fdatasyncSync();
  file.close();
}

describe('index images', () => {
  it('are not needed: a checkpoint of an older server has none, and all is read', async () => {
    const random = new Random(SEED);
    const fileSystem = new MemoryFileSystem();
    const life = await firstLife(fileSystem, random);
    for (let steps = 300; steps > 0; steps--) await life.step();
    const fork = fileSystem.fork();
    life.crashed = true;
    fork.crash();
    life.engine.abandon();
    makeOlder(fork);
    const next = await nextLife(fork, random, life);
    expect(next.indexes.added).to.equal(2 * next.heap.rowCount);
    await next.engine.close();
    const last = await nextLife(fork, random, next);
    expect(last.indexes.added).to.equal(0);
    await last.engine.close();
  });

  it('that cannot be written leave the checkpoint, and the images before them, as they are', async () => {
    const random = new Random(SEED);
    const fileSystem = new MemoryFileSystem();
    const life = await firstLife(fileSystem, random);
    const before = fileSystem.list(`${DIRECTORY}/index`);
    expect(before).to.have.length(2);
    for (const [op, code] of [
      ['open', 'EACCES'],
      ['write', 'ENOSPC'],
      ['sync', 'EIO'],
      ['fsyncDir', 'EIO'],
    ] as const) {
      fileSystem.failNext(op, code, 0, `${DIRECTORY}/index`);
      // Images are not renewed at every checkpoint: only when much has changed.
      const told = life.logged.length;
      for (let checkpoints = 50; life.logged.length === told && checkpoints > 0; checkpoints--) {
        for (let steps = 200; steps > 0; steps--) await life.step();
        await life.endAll();
        expect(await new Promise((resolve) => life.engine.checkpoint(resolve)), op).to.equal(null);
      }
      expect(life.logged.at(-1), op).to.match(/could not be written/);
      const fork = fileSystem.fork();
      fork.crash();
      const next = await nextLife(fork, random, life);
      // The images before it are still good: how much of them a start can use hangs on what has changed since.
      expect(
        next.logged.filter((line) => line.includes('cannot be used')),
        op,
      ).to.deep.equal([]);
      await next.engine.close();
      fileSystem.clearFailures();
    }
    await life.engine.close();
  }).timeout(20000);

  it(`and the log give each index exactly its heap's entries, after crashes and clean ends (SEED=${SEED})`, async () => {
    let share = 0;
    for (let run = 0; run < RUNS; run++) share += (await crashOften(SEED + run)) / RUNS;
    // How many hangs on where the crashes fell.
    expect(share, 'some entries came from images').to.be.greaterThan(0);
  }).timeout(60000);
});
