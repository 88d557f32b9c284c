/** A whole table, page by page, for maintenance (building an index, rewriting): read ahead, and in a ring when it is large. */
import { PAGE_MISS, pageSlotCount, ROW_FLAGS_OFFSET, ScanReads, type Snapshot, slotOffset } from '../storage/api.ts';
import type { TableRuntime } from './table-runtime.ts';

export class TablePages {
  readonly #table: TableRuntime;
  readonly #snapshot: Snapshot;
  readonly #reads: ScanReads;

  constructor(table: TableRuntime, snapshot: Snapshot) {
    this.#table = table;
    this.#snapshot = snapshot;
    this.#reads = new ScanReads(table.pool, table.heap.pages);
    this.#reads.open();
  }

  /** Where the page is. Throws PAGE_MISS. */
  base(page: number): number {
    try {
      return this.#reads.base(page);
    } catch (error) {
      if (error === PAGE_MISS) this.#reads.missed(page);
      throw error;
    }
  }

  slotCount(base: number): number {
    return pageSlotCount(this.#table.pool.u16, base);
  }

  /** Where the slot's row is, whoever sees it; -1: the slot is free. */
  row(base: number, slot: number): number {
    const offset = slotOffset(this.#table.pool.u16, base, slot);
    return offset === 0 ? -1 : base + offset;
  }

  /** The version of the slot's row that the snapshot sees, or -1. Unlike heap.visible it does not look the page up again. */
  visible(base: number, slot: number): number {
    const { u8, u16, f64 } = this.#table.pool;
    if (slot >= this.slotCount(base)) return -1;
    const offset = slotOffset(u16, base, slot);
    if (offset === 0) return -1;
    const r = base + offset;
    if (u8[r + ROW_FLAGS_OFFSET] === 0 && f64[r >>> 3] < this.#snapshot.horizon) return r;
    return this.#table.heap.resolve(r, this.#snapshot);
  }
}
