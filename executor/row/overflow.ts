/**
 * Overflow values: what is too long for a row's page lives in a heap of its own beside the table's, as a chain of chunks.
 *
 * Pointer in the row (8 bytes): u32 row id of the first chunk, u32 length of the whole value in bytes.
 * Chunk, a row of the overflow heap: header (16), u32 row id of the next chunk or 0xFFFFFFFF, bytes.
 *
 * Chunks are written and removed by the same transactions as the rows that point to them, and never changed. Whoever sees a
 * row version may therefore read its chunks without asking about visibility: they are swept only when nobody can see the version.
 */
import type { RelationEntry } from '../../catalog/entries.ts';
import type { Heap, RowId, StorageEngine, Transaction } from '../../storage/api.ts';
import { ROW_HEADER_SIZE, ROW_SLOT_BITS, ROW_SLOT_MASK } from '../../storage/api.ts';
import { assert } from '../../types/assert.ts';
import { type ColumnLayout, OVERFLOW_BIT, type RowLayout } from './row-layout.ts';
import { isNullAt, readInt32, variableEnd, variableStart } from './row-reader.ts';

const CHUNK_SIZE = 8000;
export const NO_CHUNK = 0xffffffff;
const CHUNK_HEADER_SIZE = ROW_HEADER_SIZE + 4;

/** A chain that is being written, from its end: PAGE_MISS leaves it as it stands. */
export interface StoredChain {
  /** Where the part to be written next starts; below 0: complete. */
  start: number;
  next: RowId;
  readonly chunks: RowId[];
}

export interface Overflow {
  fetch(u8: Uint8Array, start: number): Uint8Array;
  begin(bytes: Uint8Array): StoredChain;
  /** Writes what is still missing of the chain; answers the pointer. Throws PAGE_MISS: call again. */
  store(txn: Transaction, xid: number, bytes: Uint8Array, chain: StoredChain): Uint8Array;
  /** Appends the chunks of the row version at `row` to `chunks`, but for columns that are kept. Changes nothing else. */
  chunksOf(
    u8: Uint8Array,
    row: number,
    layout: RowLayout,
    isKept: ((column: number) => boolean) | null,
    chunks: RowId[],
  ): void;
  remove(txn: Transaction, xid: number, chunk: RowId): void;
}

const chunk = Buffer.alloc(CHUNK_HEADER_SIZE + CHUNK_SIZE);

/** Whether a column of the version at `row` is not null and kept in chunks. */
export function isOverflowAt(u8: Uint8Array, row: number, column: ColumnLayout): boolean {
  return column.isVariable && !isNullAt(u8, row, column) && (variableEnd(u8, row, column) & OVERFLOW_BIT) !== 0;
}

export function overflowOf(engine: StorageEngine, entry: RelationEntry): Overflow {
  const heap = (): Heap => {
    assert(entry.overflowRelId > 0, 'the table has a heap for long values');
    return engine.heap(entry.overflowRelId);
  };
  return {
    fetch: (u8, start) => fetchChunks(engine, heap(), readInt32(u8, start) >>> 0, readInt32(u8, start + 4) >>> 0),
    // Last chunk first, so that each knows the row id of the one behind it.
    begin: (bytes) => ({
      start: Math.floor(Math.max(0, bytes.length - 1) / CHUNK_SIZE) * CHUNK_SIZE,
      next: NO_CHUNK,
      chunks: [],
    }),
    store: (txn, xid, bytes, chain) => storeChunks(heap(), txn, xid, bytes, chain),
    chunksOf: (u8, row, layout, isKept, chunks) => {
      for (const index of layout.variableColumns) {
        const column = layout.columns[index] as ColumnLayout;
        if (!isOverflowAt(u8, row, column) || isKept?.(index) === true) continue;
        const first = readInt32(u8, row + variableStart(u8, row, column)) >>> 0;
        for (let rowId = first; rowId !== NO_CHUNK; ) {
          chunks.push(rowId);
          rowId = readInt32(engine.pool.u8, chunkBase(engine, heap(), rowId) + ROW_HEADER_SIZE) >>> 0;
        }
      }
    },
    remove: (txn, xid, rowId) => heap().remove(txn, xid, rowId),
  };
}

/** Chunks of a value of `length` bytes. */
export function chunkCountOf(length: number): number {
  return Math.max(1, Math.ceil(length / CHUNK_SIZE));
}

/** The row id behind the chunk whose row is at `base`, or NO_CHUNK. */
export function nextChunk(u8: Uint8Array, base: number): number {
  return readInt32(u8, base + ROW_HEADER_SIZE) >>> 0;
}

/** Byte offset of a chunk's row. */
function chunkBase(engine: StorageEngine, heap: Heap, rowId: number): number {
  const base = engine.pool.frameBase(heap.pages, rowId >>> ROW_SLOT_BITS);
  const slot = base + 32 + (rowId & ROW_SLOT_MASK) * 4;
  return base + engine.pool.u16[slot >>> 1];
}

function fetchChunks(engine: StorageEngine, heap: Heap, first: number, length: number): Uint8Array {
  const value = Buffer.allocUnsafe(length);
  let filled = 0;
  for (let rowId = first; rowId !== NO_CHUNK; ) {
    const at = chunkBase(engine, heap, rowId);
    const count = Math.min(CHUNK_SIZE, length - filled);
    engine.pool.bytes.copy(value, filled, at + CHUNK_HEADER_SIZE, at + CHUNK_HEADER_SIZE + count);
    filled += count;
    rowId = readInt32(engine.pool.u8, at + ROW_HEADER_SIZE) >>> 0;
  }
  assert(filled === length, 'an overflow chain is as long as its pointer says');
  return value;
}

function storeChunks(heap: Heap, txn: Transaction, xid: number, bytes: Uint8Array, chain: StoredChain): Uint8Array {
  while (chain.start >= 0) {
    const part = bytes.subarray(chain.start, chain.start + CHUNK_SIZE);
    chunk.fill(0, 0, ROW_HEADER_SIZE);
    chunk.writeUInt32LE(chain.next, ROW_HEADER_SIZE);
    chunk.set(part, CHUNK_HEADER_SIZE);
    chain.next = heap.insert(txn, xid, chunk, CHUNK_HEADER_SIZE + part.length);
    chain.chunks.push(chain.next);
    chain.start -= CHUNK_SIZE;
  }
  const pointer = Buffer.alloc(8);
  pointer.writeUInt32LE(chain.next, 0);
  pointer.writeUInt32LE(bytes.length, 4);
  return pointer;
}
