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
 *
 * Tables that keep their history have a queue of their own, which waits for the history. A table's order is kept over both when it begins
 * or ends to keep it: it stays with the history's queue while it has entries there, and that queue does nothing that is younger than the
 * other's oldest entry.
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
import { SweepQueue } from './sweep-queue.ts';
import { collectVersions, freeLogged, restVersions, settlePlace } from './undo.ts';

/** Pages asked for at once when one was missing. */
const PREFETCH_MAX = 64;
const LEFT_BEHIND = WRITE_INDEXED | WRITE_MOVED | WRITE_SHRUNK;

export class Sweep {
  private readonly context: HeapContext;
  private readonly heapOf: (relId: number) => Heap | undefined;
  private readonly present = new SweepQueue();
  private readonly history = new SweepQueue();
  /** The one that is worked on. */
  private queue = this.present;
  private readonly wanted: number[] = [];
  /** Rows removed and versions swept since the start, for statistics. */
  sweptCount = 0;

  constructor(context: HeapContext, heapOf: (relId: number) => Heap | undefined) {
    this.context = context;
    this.heapOf = heapOf;
  }

  /** Entries that wait: a run of neighbouring deleted rows is one. */
  get pendingCount(): number {
    return this.present.count + this.history.count;
  }

  /** What waits, by relation and row id (the first of a run, which is within a page). */
  forEachPending(visit: (relId: number, rowId: number) => void): void {
    for (const { first, last, mask, relIds, rowIds } of [this.present, this.history]) {
      for (let i = first; i < last; i++) visit(relIds[i & mask], rowIds[i & mask]);
    }
  }

  /** A fork goes back to its beginning: what waits is gone. */
  restart(): void {
    this.present.clear();
    this.history.clear();
  }

  /** Memory of the queues. */
  get memoryBytes(): number {
    return this.present.memoryBytes + this.history.memoryBytes;
  }

  /** True if something could be swept now. */
  get isReady(): boolean {
    return this.choose() !== null;
  }

  /** The queue whose oldest entry can be swept; null: there is none. */
  private choose(): SweepQueue | null {
    const { present, history } = this;
    const { transactions } = this.context;
    const presentXid = present.firstXid;
    if (presentXid < transactions.presentHorizon()) return present;
    const historyXid = history.firstXid;
    return historyXid < presentXid && historyXid < transactions.gcHorizon() ? history : null;
  }

  /** The transaction has committed: what it left is queued. */
  add(txn: Transaction): void {
    const writes = txn.writes;
    const xid = txn.xidRuns[txn.xidRuns.length - 1];
    for (let i = 0; i < writes.count; i++) {
      const kind = writes.kinds[i];
      if ((kind & LEFT_BEHIND) === 0 && kind !== WRITE_DELETE) continue;
      const [relId, rowId, version] = [writes.relIds[i], writes.rowIds[i], writes.versions[i]];
      const queue = this.queueFor(this.heapOf(relId));
      queue.add(relId, rowId, kind, writes.counts[i], version, xid);
      if (kind === WRITE_DELETE) this.countDead(relId, writes.counts[i]);
      if (needsVersion(kind)) this.context.versions.keep(version, queue === this.history);
      if ((kind & WRITE_INDEXED) !== 0) this.countKey(relId, rowId, 1);
    }
  }

  private queueFor(heap: Heap | undefined): SweepQueue {
    if (heap === undefined || (!heap.keepsHistory && heap.historyPending === 0)) return this.present;
    heap.historyPending++;
    return this.history;
  }

  /**
   * Sweeps `budget` rows or old versions, or a few more; answers how many. Throws PAGE_MISS (after asking for the pages of more of them) or 53100;
   * then what was done is done, and the rest waits.
   */
  run(budget: number): number {
    let count = 0;
    try {
      for (let queue = this.choose(); queue !== null && count < budget; queue = this.choose()) {
        this.queue = queue;
        const isPresent = queue === this.present;
        const { transactions } = this.context;
        // Of the history's, nothing that is younger than what the other queue has to do first.
        const horizon = isPresent
          ? transactions.presentHorizon()
          : Math.min(transactions.gcHorizon(), this.present.firstXid);
        while (count < budget && queue.firstXid < horizon) count += this.one(queue);
      }
    } catch (error) {
      this.prefetch(this.queue);
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
  private one(queue: SweepQueue): number {
    const at = queue.first & queue.mask;
    const kind = queue.kinds[at];
    const heap = this.heapOf(queue.relIds[at]);
    if (heap !== undefined) {
      if (kind === WRITE_DELETE) {
        const count = this.sweepDeleted(heap, queue.rowIds[at], queue.counts[at]);
        queue.rowIds[at] += count;
        queue.counts[at] -= count;
        heap.deadRows -= count;
        if (queue.counts[at] === 0) this.done(queue, heap);
        return count;
      }
      const [rowId, version] = [queue.rowIds[at], queue.versions[at]];
      if ((kind & WRITE_INDEXED) !== 0) this.sweepKey(heap, rowId, version);
      if ((kind & WRITE_MOVED) !== 0) this.sweepMoved(heap, rowId, version);
      if ((kind & WRITE_SHRUNK) !== 0) this.sweepShrunk(heap, rowId, version, queue.counts[at]);
    }
    if (needsVersion(kind)) this.context.versions.release(queue.versions[at]);
    if ((kind & WRITE_INDEXED) !== 0) this.countKey(queue.relIds[at], queue.rowIds[at], -1);
    this.done(queue, heap);
    return 1;
  }

  private done(queue: SweepQueue, heap: Heap | undefined): void {
    queue.first++;
    if (heap !== undefined && queue === this.history) heap.historyPending--;
  }

  private sweepKey(heap: Heap, rowId: number, version: number): void {
    if (heap.maintainer === null) return;
    heap.mustLocate(rowId);
    const gone = this.context.versions.baseOf(version);
    const count = collectVersions(this.context, heap, heap.placeRow, heap.placeRow);
    heap.maintainer.removeVersion(rowId, gone, restVersions(), count);
  }

  private sweepMoved(heap: Heap, rowId: number, version: number): void {
    const { pool, wal, versions } = this.context;
    const left = versions.placeOf(versions.baseOf(version));
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

  private sweepShrunk(heap: Heap, rowId: number, version: number, size: number): void {
    const { pool, wal } = this.context;
    this.locate(heap, rowId);
    // Written again since: the size is no longer that of this version.
    if (this.previousAddress(heap.placeRow) !== version) return;
    if ((pool.u8[heap.placeRow + ROW_FLAGS_OFFSET] & ROW_DELETED) !== 0) return;
    const pageNo = heap.placeId >>> ROW_SLOT_BITS;
    const slot = heap.placeId & ROW_SLOT_MASK;
    wal.begin(WAL_PAGES, 0);
    shrinkSlot(pool, heap.placeBase, slot, size);
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
  private prefetch(queue: SweepQueue): void {
    const { first, last, mask, relIds, rowIds } = queue;
    if (first >= last) return;
    const relId = relIds[first & mask];
    const heap = this.heapOf(relId);
    if (heap === undefined) return;
    const wanted = this.wanted;
    wanted.length = 0;
    const end = Math.min(last, first + PREFETCH_MAX * 8);
    for (let i = first + 1; i < end && wanted.length < PREFETCH_MAX; i++) {
      if (relIds[i & mask] !== relId) continue;
      const pageNo = rowIds[i & mask] >>> ROW_SLOT_BITS;
      if (wanted.length === 0 || wanted[wanted.length - 1] !== pageNo) wanted.push(pageNo);
    }
    this.context.pool.prefetch(heap.pages, wanted, wanted.length);
  }
}

/** Of a shrunk row the address alone is asked: as long as the page is kept, no other version can have it. */
function needsVersion(kind: number): boolean {
  return (kind & LEFT_BEHIND) !== 0;
}
