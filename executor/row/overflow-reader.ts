/**
 * Reading long values back. Values of a few chunks are read at once; larger ones in slices, with their next pages on the way
 * while those that have come are copied:
 *
 *      fetch ... PAGE_MISS ... fetch ... PAGE_MISS ... fetch: the value
 *             [ reads: what is filled so far, by root chunk ]
 *
 * Whoever asks begins its row again after PAGE_MISS, and asks for the same values in the same order. So a value that is whole
 * is kept while the row's next one is read, however small the pool; it goes when other rows are read, or after a second.
 *
 * A root's row id may be given to another value after this one is gone; the xid in the chunk's header, which no two chunks in
 * one place share, tells them apart.
 */
import { Buffer } from 'node:buffer';
import { type Heap, ROW_HEADER_SIZE, ROW_SLOT_BITS, type StorageEngine } from '../../storage/api.ts';
import { assert } from '../../types/assert.ts';
import { askForMissing, CHUNK_SIZE, chunkBase, dataChunkCount, dataChunks } from './chunks.ts';
import {
  COMPRESSED,
  decompress,
  frameSizeAt,
  IN_CHUNKS,
  LONG_HEADER_SIZE,
  type LongHeader,
  readFrame,
  readLongHeader,
} from './long-value.ts';

/** Values of more chunks are read in slices. */
const CHUNKS_AT_ONCE = 32;
const SLICE_MS = 2;
const PREFETCH_MAX = 128;
/** Whole values beyond this do not stay, but for the last. */
const KEPT_BYTES_MAX = 32 * 1024 * 1024;
const KEPT_MS = 1000;

interface Read {
  readonly xid: number;
  readonly chunks: Uint32Array;
  readonly value: Buffer;
  filled: number;
  /** Chunks copied. */
  next: number;
  /** Compressed: bytes that have come and are not yet read, at staging[0..stagedEnd). */
  staging: Buffer;
  stagedEnd: number;
  /** The call that asked for it last. */
  call: number;
  usedAt: number;
}

export class OverflowReader {
  readonly #engine: StorageEngine;
  readonly #heap: () => Heap;
  /** By root chunk, least recently used first. */
  readonly #reads = new Map<number, Read>();
  #call = 0;
  #timer: NodeJS.Timeout | null = null;

  constructor(engine: StorageEngine, heap: () => Heap) {
    this.#engine = engine;
    this.#heap = heap;
  }

  /** The long value whose header is at `start`; the caller must not change its bytes. Throws PAGE_MISS. */
  fetch(u8: Uint8Array, start: number): Uint8Array {
    const header = readLongHeader(u8, start);
    if ((header.form & IN_CHUNKS) === 0) {
      const from = u8.byteOffset + start + LONG_HEADER_SIZE;
      return decompress(Buffer.from(u8.buffer, from, header.storedLength), header.length);
    }
    const count = dataChunkCount(header);
    return count <= CHUNKS_AT_ONCE && header.length <= CHUNKS_AT_ONCE * CHUNK_SIZE
      ? this.#fetchAtOnce(header)
      : this.#fetchInSlices(header);
  }

  #fetchAtOnce(header: LongHeader): Uint8Array {
    const engine = this.#engine;
    const heap = this.#heap();
    const chunks = dataChunks(engine, heap, header);
    askForMissing(engine, heap, chunks);
    const stored = Buffer.allocUnsafe(header.storedLength);
    for (let i = 0; i < chunks.length; i++) {
      const from = chunkBase(engine, heap, chunks[i]) + ROW_HEADER_SIZE;
      engine.pool.bytes.copy(stored, i * CHUNK_SIZE, from, from + Math.min(CHUNK_SIZE, stored.length - i * CHUNK_SIZE));
    }
    return (header.form & COMPRESSED) === 0 ? stored : decompress(stored, header.length);
  }

  #fetchInSlices(header: LongHeader): Uint8Array {
    const read = this.#readOf(header);
    const engine = this.#engine;
    const heap = this.#heap();
    const sliceEnd = performance.now() + SLICE_MS;
    while (read.next < read.chunks.length) {
      if ((read.next & 15) === 15 && performance.now() > sliceEnd) engine.pool.missUntilNextTurn();
      this.#askForNext(heap, read);
      const from = chunkBase(engine, heap, read.chunks[read.next]) + ROW_HEADER_SIZE;
      const size = Math.min(CHUNK_SIZE, header.storedLength - read.next * CHUNK_SIZE);
      if ((header.form & COMPRESSED) === 0) {
        engine.pool.bytes.copy(read.value, read.filled, from, from + size);
        read.filled += size;
      } else this.#unpack(read, from, size);
      read.next++;
    }
    assert(read.filled === header.length, 'an overflow chain is as long as its header says');
    read.staging = Buffer.alloc(0);
    this.#limitKept(header.root);
    return read.value;
  }

  /** What is known of this value already; begins it otherwise. */
  #readOf(header: LongHeader): Read {
    const { pool } = this.#engine;
    const heap = this.#heap();
    const xid = pool.f64[chunkBase(this.#engine, heap, header.root) >>> 3];
    const call = ++this.#call;
    let read = this.#reads.get(header.root);
    this.#reads.delete(header.root);
    if (read === undefined || read.xid !== xid || read.value.length !== header.length) {
      read = {
        xid,
        chunks: dataChunks(this.#engine, heap, header),
        value: Buffer.allocUnsafeSlow(header.length),
        filled: 0,
        next: 0,
        staging: Buffer.alloc(0),
        stagedEnd: 0,
        call,
        usedAt: 0,
      };
    } else if (read.next < read.chunks.length) this.#dropOlder(read.call);
    read.call = call;
    read.usedAt = performance.now();
    this.#reads.set(header.root, read);
    this.#timer ??= setTimeout(this.#expire, KEPT_MS).unref();
    return read;
  }

  /** A row began again and did not ask for these: they are another row's. */
  #dropOlder(call: number): void {
    for (const [root, read] of this.#reads) {
      if (read.call < call && read.next === read.chunks.length) this.#reads.delete(root);
    }
  }

  #limitKept(newest: number): void {
    let bytes = 0;
    for (const read of this.#reads.values()) if (read.next === read.chunks.length) bytes += read.value.length;
    for (const [root, read] of this.#reads) {
      if (bytes <= KEPT_BYTES_MAX) return;
      if (root === newest || read.next < read.chunks.length) continue;
      bytes -= read.value.length;
      this.#reads.delete(root);
    }
  }

  readonly #expire = (): void => {
    this.#timer = null;
    const before = performance.now() - KEPT_MS;
    for (const [root, read] of this.#reads) if (read.usedAt <= before) this.#reads.delete(root);
    if (this.#reads.size > 0) this.#timer = setTimeout(this.#expire, KEPT_MS).unref();
  };

  /** The next chunk's page is missing: those behind it are asked for with it, as many as the pool can hold until they are copied. */
  #askForNext(heap: Heap, read: Read): void {
    const { pool } = this.#engine;
    if (pool.tryFrame(heap.pages, read.chunks[read.next] >>> ROW_SLOT_BITS) >= 0) return;
    const window = Math.min(PREFETCH_MAX, pool.frameCount >>> 3);
    askForMissing(this.#engine, heap, read.chunks.subarray(read.next, read.next + window));
  }

  #unpack(read: Read, from: number, size: number): void {
    if (read.stagedEnd + size > read.staging.length) {
      const grown = Buffer.allocUnsafe(read.stagedEnd + size + 8 * CHUNK_SIZE);
      read.staging.copy(grown, 0, 0, read.stagedEnd);
      read.staging = grown;
    }
    this.#engine.pool.bytes.copy(read.staging, read.stagedEnd, from, from + size);
    read.stagedEnd += size;
    let at = 0;
    for (;;) {
      const frameSize = frameSizeAt(read.staging, at, read.stagedEnd);
      if (frameSize === 0 || at + frameSize > read.stagedEnd) break;
      read.filled += readFrame(read.staging, at, frameSize, read.value, read.filled);
      at += frameSize;
    }
    if (at > 0) read.staging.copyWithin(0, at, read.stagedEnd);
    read.stagedEnd -= at;
  }
}
