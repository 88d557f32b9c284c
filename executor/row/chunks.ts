/** Where the chunks of a long value are (overflow.ts): what its writer and its readers share. */
import {
  type Heap,
  ROW_HEADER_SIZE,
  ROW_SLOT_BITS,
  ROW_SLOT_MASK,
  type RowId,
  type StorageEngine,
} from '../../storage/api.ts';
import { assert } from '../../types/assert.ts';
import type { LongHeader } from './long-value.ts';

/** Bytes of a value in a chunk: with header and slot it fills a page. */
export const CHUNK_SIZE = 8112;
export const INDEX_FANOUT = CHUNK_SIZE / 4;

/** Byte offset of a chunk's row in the pool. Throws PAGE_MISS. */
export function chunkBase(engine: StorageEngine, heap: Heap, rowId: RowId): number {
  const base = engine.pool.frameBase(heap.pages, rowId >>> ROW_SLOT_BITS);
  const slot = base + 32 + (rowId & ROW_SLOT_MASK) * 4;
  const offset = engine.pool.u16[slot >>> 1];
  assert(offset !== 0, 'a chunk that is pointed to is there');
  return base + offset;
}

export function dataChunkCount(header: LongHeader): number {
  return Math.ceil(header.storedLength / CHUNK_SIZE);
}

/** Row ids of the data chunks, in order; those of the chunks above them are appended to `above`. Throws PAGE_MISS. */
export function dataChunks(
  engine: StorageEngine,
  heap: Heap,
  header: LongHeader,
  above: RowId[] | null = null,
): Uint32Array {
  const count = dataChunkCount(header);
  let ids = Uint32Array.of(header.root);
  for (let level = header.levels; level > 0; level--) {
    const childCount = Math.ceil(count / INDEX_FANOUT ** (level - 1));
    const children = new Uint32Array(childCount);
    askForMissing(engine, heap, ids);
    let filled = 0;
    for (const rowId of ids) {
      above?.push(rowId);
      const first = (chunkBase(engine, heap, rowId) + ROW_HEADER_SIZE) >>> 2;
      const length = Math.min(INDEX_FANOUT, childCount - filled);
      children.set(engine.pool.u32.subarray(first, first + length), filled);
      filled += length;
    }
    assert(filled === childCount, 'an index over chunks is as long as its header says');
    ids = children;
  }
  assert(ids.length === count, 'a value has the chunks that its length says');
  return ids;
}

/**
 * If a chunk's page is not in memory, asks for those of all of them. Only then: who reads a row stands on its page unpinned, and
 * may go on only if no frame is taken; now it will meet PAGE_MISS.
 */
export function askForMissing(engine: StorageEngine, heap: Heap, rowIds: Uint32Array): void {
  const { pool } = engine;
  for (let i = 0; i < rowIds.length; i++) {
    if (pool.tryFrame(heap.pages, rowIds[i] >>> ROW_SLOT_BITS) >= 0) continue;
    const pages = rowIds.subarray(i).map((rowId) => rowId >>> ROW_SLOT_BITS);
    pool.prefetch(heap.pages, pages, pages.length);
    pool.frameBase(heap.pages, pages[0]);
  }
}
