/**
 * Inserting many rows: new pages that belong to one statement until they are full, and are logged then, as a whole.
 *
 * Until it is logged, a bulk page is pinned, and holds only rows that nobody else may see or write. A checkpoint, which writes
 * pinned pages too, logs those that are open before it begins: a page that was written without its log and then torn could not be
 * mended. When the pool is full, the pages of a load turn in a ring (WriteRing).
 */
import { WriteRing } from '../buffer/index.ts';
import { PAGE_SIZE, SLOTS_PER_PAGE_MAX } from '../limits.ts';
import { type Transaction, WRITE_INSERT } from '../mvcc/index.ts';
import {
  addSlot,
  PAGE_HEADER_CHANGES_START,
  PAGE_KIND_HEAP,
  pageLower,
  pageSlotCount,
  pageUpper,
  slotOffset,
} from '../page/index.ts';
import { WAL_PAGES } from '../wal/index.ts';
import { copyRowIn } from './copy-bytes.ts';
import type { Heap } from './heap.ts';
import { NO_PREVIOUS, ROW_LAYOUT_OFFSET, ROW_SLOT_BITS, slotSize } from './row-header.ts';

interface BulkPage {
  readonly txn: Transaction;
  pageNo: number;
  /** Pinned. */
  base: number;
}

export class BulkInserts {
  private readonly heap: Heap;
  private readonly open: BulkPage[] = [];
  /** The one used last. */
  private last: BulkPage | null = null;
  /** What a load larger than the pool's free frames turns in; made for the first, as all the rest here. */
  private ownRing: WriteRing | null = null;

  constructor(heap: Heap) {
    this.heap = heap;
  }

  insert(txn: Transaction, xid: number, row: Uint8Array, start: number, length: number): number {
    const size = slotSize(length);
    const heap = this.heap;
    let page = this.last;
    if (page === null || page.txn !== txn) page = this.pageOf(txn);
    if (page === null) {
      if (heap.pageFor(size, false) >= 0) return heap.insertAt(txn, xid, row, start, length);
      page = this.begin(txn);
    }
    const pool = heap.context.pool;
    if (
      pageUpper(pool.u16, page.base) - pageLower(pool.u16, page.base) < size + 4 ||
      pageSlotCount(pool.u16, page.base) === SLOTS_PER_PAGE_MAX
    ) {
      this.close(page);
      page = this.begin(txn);
    }
    const slot = addSlot(pool, page.base, size);
    const target = page.base + slotOffset(pool.u16, page.base, slot);
    copyRowIn(pool, row, start, length, target);
    heap.setHeader(target, xid, NO_PREVIOUS, 0, row[start + ROW_LAYOUT_OFFSET]);
    const rowId = ((page.pageNo << ROW_SLOT_BITS) + slot) >>> 0;
    txn.writes.addToRun(heap.relId, rowId, WRITE_INSERT);
    return rowId;
  }

  /** Logs what is not logged yet. Inserts go on in the last page. */
  finish(txn: Transaction): void {
    const page = this.pageOf(txn);
    if (page === null) return;
    this.close(page);
    this.heap.setFillPage(page.pageNo);
  }

  /** A checkpoint is about to begin. */
  logOpen(): void {
    for (const page of [...this.open]) this.close(page);
  }

  /** The heap goes away: what is not logged need not be. */
  discard(): void {
    for (const page of this.open.splice(0)) this.heap.context.pool.unpin(page.base);
    this.last = null;
  }

  /** No page is open: nothing is unlogged. */
  get isEmpty(): boolean {
    return this.open.length === 0;
  }

  private pageOf(txn: Transaction): BulkPage | null {
    if (this.open.length === 0) return null;
    const page = this.open.find((candidate) => candidate.txn === txn) ?? null;
    if (page !== null) this.last = page;
    return page;
  }

  private get ring(): WriteRing {
    this.ownRing ??= new WriteRing(this.heap.context.pool, this.heap.pages);
    return this.ownRing;
  }

  private begin(txn: Transaction): BulkPage {
    const { pool } = this.heap.context;
    const pageNo = this.heap.context.newPage(this.heap.pages, PAGE_KIND_HEAP, this.ring);
    const base = pool.frameBase(this.heap.pages, pageNo);
    pool.pin(base);
    const page = { txn, pageNo, base };
    this.open.push(page);
    this.last = page;
    return page;
  }

  private close(page: BulkPage): void {
    const { pool, wal } = this.heap.context;
    const pages = this.heap.pages;
    const base = page.base;
    wal.begin(WAL_PAGES, 0);
    wal.pageRange(pages, page.pageNo, base, PAGE_HEADER_CHANGES_START, pageLower(pool.u16, base));
    wal.pageRange(pages, page.pageNo, base, pageUpper(pool.u16, base), PAGE_SIZE);
    wal.end();
    pool.unpin(base);
    this.open.splice(this.open.indexOf(page), 1);
    this.last = null;
  }
}
