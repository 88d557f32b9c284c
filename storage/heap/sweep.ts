/**
 * The sweep: what committed transactions left behind goes when nobody can see it any more.
 *
 *      commit ---> [ queue, in commit order ] ---> xid < GC horizon ---> done
 *
 *      deleted row                  its index entries, its slot
 *      update of an index key       the old version's index entries
 *      moved row                    the place it left
 *      shrunk row                   the bytes it no longer needs
 *
 * The order keeps row ids honest: whatever is queued for a row comes before the deletion that frees its slot for another.
 */
import { assert } from '../../types/assert.ts';
import { type Transaction, WRITE_DELETE, WRITE_INDEXED, WRITE_MOVED, WRITE_SHRUNK } from '../mvcc/index.ts';
import { freeSlot, shrinkSlot, slotEntryOffset } from '../page/index.ts';
import { WAL_PAGES } from '../wal/index.ts';
import type { HeapContext } from './context.ts';
import type { Heap } from './heap.ts';
import {
  ROW_DELETED,
  ROW_FLAGS_OFFSET,
  ROW_FORWARD_SIZE,
  ROW_PREVIOUS_PAGE_OFFSET,
  ROW_PREVIOUS_SLOT_OFFSET,
  ROW_SLOT_BITS,
  ROW_SLOT_MASK,
} from './row-header.ts';
import { collectVersions, freeLogged, restVersions, settlePlace } from './undo.ts';

const CAPACITY_MIN = 64;
/** Pages asked for at once when one was missing. */
const PREFETCH_MAX = 64;
const LEFT_BEHIND = WRITE_INDEXED | WRITE_MOVED | WRITE_SHRUNK;

export class Sweep {
  private readonly context: HeapContext;
  private readonly heapOf: (relId: number) => Heap | undefined;
  /** The queue: entries first .. last - 1, at index & mask. */
  private first = 0;
  private last = 0;
  private mask = CAPACITY_MIN - 1;
  private relIds = new Uint32Array(CAPACITY_MIN);
  private rowIds = new Uint32Array(CAPACITY_MIN);
  private kinds = new Uint8Array(CAPACITY_MIN);
  private counts = new Uint16Array(CAPACITY_MIN);
  private versions = new Float64Array(CAPACITY_MIN);
  private xids = new Float64Array(CAPACITY_MIN);
  private readonly wanted: number[] = [];
  /** Rows removed and versions swept since the start, for statistics. */
  sweptCount = 0;

  constructor(context: HeapContext, heapOf: (relId: number) => Heap | undefined) {
    this.context = context;
    this.heapOf = heapOf;
  }

  /** Entries that wait: a run of neighbouring deleted rows is one. */
  get pendingCount(): number {
    return this.last - this.first;
  }

  /** What waits, by relation and row id (the first of a run, which is within a page). */
  forEachPending(visit: (relId: number, rowId: number) => void): void {
    for (let i = this.first; i < this.last; i++) visit(this.relIds[i & this.mask], this.rowIds[i & this.mask]);
  }

  /** A fork goes back to its beginning: what waits is gone. */
  restart(): void {
    this.first = 0;
    this.last = 0;
  }

  /** Memory of the queue. */
  get memoryBytes(): number {
    const { relIds, rowIds, kinds, counts, versions, xids } = this;
    return [relIds, rowIds, kinds, counts, versions, xids].reduce((sum, array) => sum + array.byteLength, 0);
  }

  /** True if something could be swept now. */
  get isReady(): boolean {
    return this.first < this.last && this.xids[this.first & this.mask] < this.context.transactions.gcHorizon();
  }

  /** The transaction has committed: what it left is queued. */
  add(txn: Transaction): void {
    const writes = txn.writes;
    const xid = txn.xidRuns[txn.xidRuns.length - 1];
    for (let i = 0; i < writes.count; i++) {
      const kind = writes.kinds[i];
      if ((kind & LEFT_BEHIND) === 0 && kind !== WRITE_DELETE) continue;
      if (this.last - this.first > this.mask) this.grow();
      const at = this.last++ & this.mask;
      this.relIds[at] = writes.relIds[i];
      this.rowIds[at] = writes.rowIds[i];
      this.kinds[at] = kind;
      this.counts[at] = writes.counts[i];
      this.versions[at] = writes.versions[i];
      this.xids[at] = xid;
      if (kind === WRITE_DELETE) this.countDead(writes.relIds[i], writes.counts[i]);
      if (needsVersion(kind)) this.context.versions.keep(writes.versions[i]);
      if ((kind & WRITE_INDEXED) !== 0) this.countKey(writes.relIds[i], writes.rowIds[i], 1);
    }
  }

  /**
   * Sweeps `budget` rows or old versions, or a few more; answers how many. Throws PAGE_MISS (after asking for the pages of more of them) or 53100;
   * then what was done is done, and the rest waits.
   */
  run(budget: number): number {
    const horizon = this.context.transactions.gcHorizon();
    let count = 0;
    try {
      while (count < budget && this.first < this.last && this.xids[this.first & this.mask] < horizon)
        count += this.one();
    } catch (error) {
      this.prefetch();
      throw error;
    } finally {
      this.sweptCount += count;
    }
    return count;
  }

  private countDead(relId: number, rows: number): void {
    const heap = this.heapOf(relId);
    if (heap !== undefined) heap.deadRows += rows;
  }

  /** A page whose rows have old keys in an index is not all-visible. */
  private countKey(relId: number, rowId: number, change: number): void {
    const keys = this.heapOf(relId)?.unsweptKeys;
    if (keys === undefined) return;
    const pageNo = rowId >>> ROW_SLOT_BITS;
    const count = (keys.get(pageNo) ?? 0) + change;
    if (count === 0) keys.delete(pageNo);
    else keys.set(pageNo, count);
  }

  /** Sweeps the oldest entry, or the first rows of its run; answers how many rows. */
  private one(): number {
    const at = this.first & this.mask;
    const kind = this.kinds[at];
    const heap = this.heapOf(this.relIds[at]);
    if (heap !== undefined) {
      if (kind === WRITE_DELETE) {
        const count = this.sweepDeleted(heap, this.rowIds[at], this.counts[at]);
        this.rowIds[at] += count;
        this.counts[at] -= count;
        heap.deadRows -= count;
        if (this.counts[at] === 0) this.first++;
        return count;
      }
      if ((kind & WRITE_INDEXED) !== 0) this.sweepKey(heap, at);
      if ((kind & WRITE_MOVED) !== 0) this.sweepMoved(heap, at);
      if ((kind & WRITE_SHRUNK) !== 0) this.sweepShrunk(heap, at);
    }
    if (needsVersion(kind)) this.context.versions.release(this.versions[at]);
    if ((kind & WRITE_INDEXED) !== 0) this.countKey(this.relIds[at], this.rowIds[at], -1);
    this.first++;
    return 1;
  }

  private sweepKey(heap: Heap, at: number): void {
    if (heap.maintainer === null) return;
    const rowId = this.rowIds[at];
    heap.mustLocate(rowId);
    const gone = this.context.versions.baseOf(this.versions[at]);
    const count = collectVersions(this.context, heap, heap.placeRow, heap.placeRow);
    heap.maintainer.removeVersion(rowId, gone, restVersions(), count);
  }

  private sweepMoved(heap: Heap, at: number): void {
    const { pool, wal, versions } = this.context;
    const rowId = this.rowIds[at];
    const left = versions.placeOf(versions.baseOf(this.versions[at]));
    this.claim(heap, left);
    const base = pool.frameBase(heap.pages, left >>> ROW_SLOT_BITS);
    wal.begin(WAL_PAGES, 0);
    if (left === rowId) {
      shrinkSlot(pool, base, rowId & ROW_SLOT_MASK, ROW_FORWARD_SIZE);
      wal.pageHeader(heap.pages, left >>> ROW_SLOT_BITS, base);
      const directory = slotEntryOffset(rowId & ROW_SLOT_MASK);
      wal.pageRange(heap.pages, left >>> ROW_SLOT_BITS, base, directory, directory + 4);
    } else {
      freeLogged(this.context, heap, base, left);
      settlePlace(this.context, heap, left);
    }
    wal.end();
    heap.noteSpace(left >>> ROW_SLOT_BITS);
  }

  private sweepShrunk(heap: Heap, at: number): void {
    const { pool, wal } = this.context;
    this.locate(heap, this.rowIds[at]);
    const version = this.versions[at];
    // Written again since: the size is no longer that of this version.
    if (this.previousAddress(heap.placeRow) !== version) return;
    if ((pool.u8[heap.placeRow + ROW_FLAGS_OFFSET] & ROW_DELETED) !== 0) return;
    const pageNo = heap.placeId >>> ROW_SLOT_BITS;
    const slot = heap.placeId & ROW_SLOT_MASK;
    wal.begin(WAL_PAGES, 0);
    shrinkSlot(pool, heap.placeBase, slot, this.counts[at]);
    wal.pageHeader(heap.pages, pageNo, heap.placeBase);
    wal.pageRange(heap.pages, pageNo, heap.placeBase, slotEntryOffset(slot), slotEntryOffset(slot) + 4);
    wal.end();
    heap.noteSpace(pageNo);
  }

  /** Up to `count` deleted rows in neighbouring slots go in one record: those before the first that had moved, or that one. */
  private sweepDeleted(heap: Heap, firstRowId: number, count: number): number {
    const { pool, wal } = this.context;
    const pageNo = firstRowId >>> ROW_SLOT_BITS;
    let ready = 0;
    for (; ready < count; ready++) {
      const rowId = firstRowId + ready;
      this.locate(heap, rowId);
      assert((pool.u8[heap.placeRow + ROW_FLAGS_OFFSET] & ROW_DELETED) !== 0, 'a deleted row has its tombstone');
      if (heap.placeId !== rowId) break;
      heap.maintainer?.removeVersion(rowId, heap.placeRow, restVersions(), 0);
    }
    if (ready === 0) {
      this.removeForwarded(heap, firstRowId);
      return 1;
    }
    const base = pool.frameBase(heap.pages, pageNo);
    const first = firstRowId & ROW_SLOT_MASK;
    wal.begin(WAL_PAGES, 0);
    for (let slot = first; slot < first + ready; slot++) freeSlot(pool, base, slot);
    wal.pageHeader(heap.pages, pageNo, base);
    wal.pageRange(heap.pages, pageNo, base, slotEntryOffset(first), slotEntryOffset(first + ready));
    wal.end();
    heap.noteSpace(pageNo);
    return ready;
  }

  /** Finds the row, whose pages may be changed from now on. */
  private locate(heap: Heap, rowId: number): void {
    heap.mustLocate(rowId);
    if (heap.pages.branch.isShared) while (heap.claimPlaces(rowId, -1)) heap.mustLocate(rowId);
  }

  private claim(heap: Heap, placeId: number): void {
    if (heap.pages.branch.isShared) this.context.pool.claim(heap.pages, placeId >>> ROW_SLOT_BITS);
  }

  private removeForwarded(heap: Heap, rowId: number): void {
    const { wal } = this.context;
    const { homeBase, placeBase, placeId } = heap;
    heap.maintainer?.removeVersion(rowId, heap.placeRow, restVersions(), 0);
    wal.begin(WAL_PAGES, 0);
    freeLogged(this.context, heap, placeBase, placeId);
    freeLogged(this.context, heap, homeBase, rowId);
    wal.end();
    heap.noteSpace(placeId >>> ROW_SLOT_BITS);
    heap.noteSpace(rowId >>> ROW_SLOT_BITS);
  }

  private previousAddress(row: number): number {
    const pool = this.context.pool;
    const page = pool.u32[(row + ROW_PREVIOUS_PAGE_OFFSET) >>> 2];
    return page * (1 << ROW_SLOT_BITS) + pool.u16[(row + ROW_PREVIOUS_SLOT_OFFSET) >>> 1];
  }

  /** Asks for the home pages of the next entries. */
  private prefetch(): void {
    if (this.first >= this.last) return;
    const relId = this.relIds[this.first & this.mask];
    const heap = this.heapOf(relId);
    if (heap === undefined) return;
    const wanted = this.wanted;
    wanted.length = 0;
    const end = Math.min(this.last, this.first + PREFETCH_MAX * 8);
    for (let i = this.first + 1; i < end && wanted.length < PREFETCH_MAX; i++) {
      if (this.relIds[i & this.mask] !== relId) continue;
      const pageNo = this.rowIds[i & this.mask] >>> ROW_SLOT_BITS;
      if (wanted.length === 0 || wanted[wanted.length - 1] !== pageNo) wanted.push(pageNo);
    }
    this.context.pool.prefetch(heap.pages, wanted, wanted.length);
  }

  private grow(): void {
    const capacity = (this.mask + 1) * 2;
    const order: number[] = [];
    for (let i = this.first; i < this.last; i++) order.push(i & this.mask);
    const moved = <T extends Uint32Array | Uint8Array | Uint16Array | Float64Array>(source: T, target: T): T => {
      for (let i = 0; i < order.length; i++) target[i] = source[order[i]];
      return target;
    };
    this.relIds = moved(this.relIds, new Uint32Array(capacity));
    this.rowIds = moved(this.rowIds, new Uint32Array(capacity));
    this.kinds = moved(this.kinds, new Uint8Array(capacity));
    this.counts = moved(this.counts, new Uint16Array(capacity));
    this.versions = moved(this.versions, new Float64Array(capacity));
    this.xids = moved(this.xids, new Float64Array(capacity));
    this.first = 0;
    this.last = order.length;
    this.mask = capacity - 1;
  }
}

/** Of a shrunk row the address alone is asked: as long as the page is kept, no other version can have it. */
function needsVersion(kind: number): boolean {
  return (kind & LEFT_BEHIND) !== 0;
}
