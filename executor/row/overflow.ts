/**
 * Overflow values: what is too long for its row lives in a heap of its own beside the table's, in chunks of a page each.
 *
 *      in the row             levels = 0: the chunk          levels = 1 (2, ...): chunks of row ids above it
 *      [ header | root ] ---> [ bytes ]                       [ id | id | ... | id ] ---> [ bytes ] [ bytes ] ... [ rest ]
 *
 * All data chunks but the last hold CHUNK_SIZE bytes, all index chunks but the last of their level INDEX_FANOUT row ids. So
 * any part of a value is found without reading what is before it, and many pages can be on their way at once. The header is
 * that of long-value.ts.
 *
 * Chunks are written and removed by the same transactions as the rows that point to them, and never changed. Whoever sees a
 * row version may therefore read its chunks without asking about visibility: they are swept only when nobody can see the version.
 */
import type { RelationEntry } from '../../catalog/entries.ts';
import type { Heap, RowId, StorageEngine, Transaction } from '../../storage/api.ts';
import { ROW_SLOT_BITS } from '../../storage/api.ts';
import { assert } from '../../types/assert.ts';
import { dataChunks } from './chunks.ts';
import { IN_CHUNKS, type LongHeader, readLongHeader } from './long-value.ts';
import { OverflowReader } from './overflow-reader.ts';
import { PartReader } from './part-reader.ts';
import type { ColumnLayout, RowLayout } from './row-layout.ts';
import { isLongAt, variableStart } from './row-reader.ts';

/** Pages asked for at once. */
const PREFETCH_MAX = 64;
const wanted = new Uint32Array(PREFETCH_MAX);

export interface Overflow {
  /** The long value whose header is at `start`. Throws PAGE_MISS: what was read so far is kept for the next call. */
  fetch(u8: Uint8Array, start: number): Uint8Array;
  readonly parts: PartReader;
  heap(): Heap;
  /** The heap is read even when it is dropped: forks of its database may look for pages that the table misses (storage/heap/heap-copy.ts). */
  keepHeap(): void;
  /**
   * Appends the chunks of the row version at `row` to `chunks`, but for columns that are kept. Changes nothing else. Throws
   * PAGE_MISS.
   */
  chunksOf(
    u8: Uint8Array,
    row: number,
    layout: RowLayout,
    isKept: ((column: number) => boolean) | null,
    chunks: RowId[],
  ): void;
  remove(txn: Transaction, xid: number, chunk: RowId): void;
  /** Asks for the pages of the last of these chunks. */
  prefetchLast(chunks: readonly RowId[]): void;
}

export function overflowOf(engine: StorageEngine, entry: RelationEntry): Overflow {
  let kept: Heap | null = null;
  const heap = (): Heap => {
    assert(entry.overflowRelId > 0, 'the table has a heap for long values');
    return kept ?? engine.heap(entry.overflowRelId);
  };
  const reader = new OverflowReader(engine, heap);
  const headers: LongHeader[] = [];
  return {
    parts: new PartReader(engine, heap),
    fetch: (u8, start) => reader.fetch(u8, start),
    heap,
    keepHeap: () => {
      if (entry.overflowRelId > 0) kept = engine.heap(entry.overflowRelId);
    },
    chunksOf: (u8, row, layout, isKept, chunks) => {
      headers.length = 0;
      for (const index of layout.variableColumns) {
        const column = layout.columns[index] as ColumnLayout;
        if (!isLongAt(u8, row, column) || isKept?.(index) === true) continue;
        const header = readLongHeader(u8, row + variableStart(u8, row, column));
        if ((header.form & IN_CHUNKS) !== 0) headers.push(header);
      }
      for (const header of headers) {
        const above: RowId[] = [];
        const data = dataChunks(engine, heap(), header, above);
        for (const rowId of above) chunks.push(rowId);
        for (const rowId of data) chunks.push(rowId);
      }
    },
    remove: (txn, xid, rowId) => heap().remove(txn, xid, rowId),
    prefetchLast: (chunks) => {
      let count = 0;
      for (let i = chunks.length - 1; i >= 0 && count < PREFETCH_MAX; i--) {
        wanted[count++] = chunks[i] >>> ROW_SLOT_BITS;
      }
      engine.pool.prefetch(heap().pages, wanted, count);
    },
  };
}
