/** Rows, a small index, and the retry of what missed a page: shared by the tests of heaps, engine and crashes. */
import {
  type Heap,
  type IndexMaintainer,
  PAGE_MISS,
  ROW_FLAGS_OFFSET,
  ROW_LIVE,
  type StorageEngine,
} from '../../../storage/api.ts';
import { ROW_MOVED_IN } from '../../../storage/heap/index.ts';
import { pageSlotCount, slotOffset } from '../../../storage/page/index.ts';
import { seedFrom } from '../../support/seed.ts';

/** A repeatable source of numbers (mulberry32). */
export class Random {
  private state: number;

  constructor(seed: number) {
    this.state = seed >>> 0;
  }

  next(): number {
    this.state = (this.state + 0x6d2b79f5) >>> 0;
    let t = this.state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  }

  below(count: number): number {
    return Math.floor(this.next() * count);
  }

  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)];
  }
}

export const SEED = seedFrom();

const scratch = new Uint8Array(8192);
const words = new Uint32Array(scratch.buffer);

/** A row image: value, its length, and a pattern that both determine. */
export function makeRow(value: number, length: number): Uint8Array {
  scratch.fill(0, 0, 16);
  scratch[15] = value % 7;
  words[4] = value;
  words[5] = length;
  for (let i = 24; i < length; i++) scratch[i] = value + i;
  return scratch;
}

export const ROW_LENGTH_MIN = 24;

/** The value of the row version at base; throws if any byte of it is not what makeRow wrote. */
export function readRow(engine: StorageEngine, base: number): number {
  const { u8, u32 } = engine.pool;
  const value = u32[(base + 16) >>> 2];
  const length = u32[(base + 20) >>> 2];
  if (u8[base + 15] !== value % 7) throw new Error(`row ${value} has layout ${u8[base + 15]}`);
  for (let i = 24; i < length; i++) {
    if (u8[base + i] !== ((value + i) & 255)) throw new Error(`row ${value} of ${length} bytes is wrong at ${i}`);
  }
  return value;
}

/** Runs the step until no page is missing. */
export async function retry<T>(engine: StorageEngine, step: () => T): Promise<T> {
  for (;;) {
    try {
      return step();
    } catch (error) {
      if (error !== PAGE_MISS) throw error;
      await new Promise<void>((resolve) => engine.pool.onLoaded(resolve));
    }
  }
}

/** Rollback, or rollback to a savepoint, to its end. */
export async function untilDone(
  engine: StorageEngine,
  undoNeedsPage: () => boolean,
  step: () => boolean,
): Promise<void> {
  while (!step()) {
    await new Promise<void>((resolve) => {
      if (undoNeedsPage()) engine.pool.onLoaded(resolve);
      else setImmediate(resolve);
    });
  }
}

/** So few keys that a row often comes back to one that it had. */
export function keyOf(value: number): number {
  return value % 3;
}

/** An index on few keys, kept as the executor keeps one: an entry for each key that a visible version of a row has. */
export class KeyIndex implements IndexMaintainer {
  readonly entries = new Set<string>();
  private readonly engine: StorageEngine;

  constructor(engine: StorageEngine) {
    this.engine = engine;
  }

  add(value: number, rowId: number): void {
    this.entries.add(`${keyOf(value)}/${rowId}`);
  }

  has(value: number, rowId: number): boolean {
    return this.entries.has(`${keyOf(value)}/${rowId}`);
  }

  removeVersion(rowId: number, goneBase: number, rest: Float64Array, restCount: number): void {
    const key = keyOf(readRow(this.engine, goneBase));
    for (let i = 0; i < restCount; i++) if (keyOf(readRow(this.engine, rest[i])) === key) return;
    this.entries.delete(`${key}/${rowId}`);
  }
}

/** Slots in use in all pages of the heap. */
export async function usedSlots(engine: StorageEngine, heap: Heap): Promise<number> {
  return (await slotFlags(engine, heap)).length;
}

/** The row flags of all slots in use. */
export async function slotFlags(engine: StorageEngine, heap: Heap): Promise<number[]> {
  const flags: number[] = [];
  for (let pageNo = 0; pageNo < heap.pages.pageCount; pageNo++) {
    const base = await retry(engine, () => engine.pool.frameBase(heap.pages, pageNo));
    const slots = pageSlotCount(engine.pool.u16, base);
    for (let slot = 0; slot < slots; slot++) {
      const offset = slotOffset(engine.pool.u16, base, slot);
      if (offset !== 0) flags.push(engine.pool.u8[base + offset + ROW_FLAGS_OFFSET]);
    }
  }
  return flags;
}

/**
 * What the visibility map promises of the pages that are in it: every row is there for all snapshots, taken or to come, has no
 * version that anybody else may see, and the index has nothing but its key; and the rows are as many as it says.
 */
export async function checkVisibilityMap(engine: StorageEngine, heap: Heap, index: KeyIndex): Promise<number> {
  const { pool, transactions } = engine;
  const { visibility } = heap;
  for (let pageNo = visibility.nextVisible(0); pageNo >= 0; pageNo = visibility.nextVisible(pageNo + 1)) {
    const values = await retry(engine, () => settledValues(engine, heap, pageNo));
    if (!visibility.has(pageNo)) continue;
    const counted = visibility.rowsOf(pageNo);
    if (values.size === 0 || (counted >= 0 && counted !== values.size))
      throw new Error(`all-visible page ${pageNo} has ${values.size} rows, not ${counted}`);
    for (const entry of index.entries) {
      const [key, rowId] = entry.split('/').map(Number);
      if (rowId >>> 9 !== pageNo) continue;
      const value = values.get(rowId);
      if (value === undefined || keyOf(value) !== key)
        throw new Error(`all-visible page ${pageNo}: the index has ${entry}, the row is ${value}`);
      values.delete(rowId);
    }
    if (values.size > 0) throw new Error(`all-visible page ${pageNo}: rows ${[...values.keys()]} are not in the index`);
  }
  // Passes may have come by meanwhile: counted in one go.
  let pages = 0;
  for (let pageNo = visibility.nextVisible(0); pageNo >= 0; pageNo = visibility.nextVisible(pageNo + 1)) pages++;
  if (pages !== visibility.pageCount) throw new Error(`the map counts ${visibility.pageCount} pages, and has ${pages}`);
  return pages;

  function settledValues(engine: StorageEngine, heap: Heap, pageNo: number): Map<number, number> {
    const values = new Map<number, number>();
    const slots = pageSlotCount(pool.u16, pool.frameBase(heap.pages, pageNo));
    const reader = transactions.begin();
    for (let slot = 0; slot < slots; slot++) {
      const base = pool.frameBase(heap.pages, pageNo);
      const offset = slotOffset(pool.u16, base, slot);
      if (offset === 0 || (pool.u8[base + offset + ROW_FLAGS_OFFSET] & ROW_MOVED_IN) !== 0) continue;
      const rowId = pageNo * 512 + slot;
      const live = heap.liveness(rowId, reader);
      const row = live === ROW_LIVE ? heap.newest(rowId) : -1;
      if (row < 0 || pool.f64[row >>> 3] >= transactions.gcHorizon())
        throw new Error(`all-visible page ${pageNo}: row ${rowId} is not settled`);
      values.set(rowId, readRow(engine, row));
    }
    return values;
  }
}
