/**
 * A long value on its way into chunks, a chunk a step: front to back, then the index over them, level by level. Whoever drives
 * it may stop between steps for as long as it takes; a step that throws PAGE_MISS has changed nothing.
 *
 *      source (text or bytes) --frame by frame--> [ staging ] --chunk by chunk--> overflow heap
 */
import { Buffer } from 'node:buffer';
import { type Heap, ROW_HEADER_SIZE, type RowId, type Transaction } from '../../storage/api.ts';
import { assert } from '../../types/assert.ts';
import { Pieces } from '../../types/pieces.ts';
import { CHUNK_SIZE, INDEX_FANOUT } from './chunks.ts';
import {
  COMPRESSED,
  checkValueSize,
  FRAME_SIZE,
  FRAME_STORED_MAX,
  IN_CHUNKS,
  isWorthwhile,
  longHeader,
  writeFrame,
} from './long-value.ts';

const chunk = Buffer.alloc(ROW_HEADER_SIZE + CHUNK_SIZE);
const frame = Buffer.alloc(FRAME_SIZE);
const packed = Buffer.alloc(FRAME_STORED_MAX);

export class ChainWriter {
  /** All chunks stored so far. */
  readonly chunks: RowId[] = [];
  isComplete = false;
  readonly #source: Pieces;
  readonly #form: number;
  /** The source is a stream of frames already. */
  readonly #isStream: boolean;
  #staging: Buffer;
  #start = 0;
  #end = 0;
  #length = 0;
  #storedLength = 0;
  #isDataDone = false;
  #levels = 0;
  /** Chunks of the level below the one being written, how many of them are in an index chunk, and those index chunks. */
  #children: RowId[] = [];
  #indexed = 0;
  #parents: RowId[] = [];

  private constructor(value: string | Uint8Array, form: number, streamOf: number) {
    this.#source = new Pieces(value);
    this.#form = form;
    this.#isStream = streamOf > 0;
    this.#length = streamOf;
    this.#staging = Buffer.allocUnsafe(CHUNK_SIZE);
  }

  /** `mayCompress`: if that is worth it, as the value's first frame tells. */
  static of(value: string | Uint8Array, mayCompress: boolean): ChainWriter {
    checkValueSize(value.length);
    const compresses = mayCompress && isCompressible(value);
    return new ChainWriter(value, compresses ? IN_CHUNKS | COMPRESSED : IN_CHUNKS, 0);
  }

  /** Of a value of `length` bytes that has been made a stream of frames. */
  static ofFrames(stream: Uint8Array, length: number): ChainWriter {
    return new ChainWriter(stream, IN_CHUNKS | COMPRESSED, length);
  }

  /** Stores one chunk. Throws PAGE_MISS, 53100: nothing has happened. */
  step(heap: Heap, txn: Transaction, xid: number): void {
    assert(!this.isComplete, 'a chain is stored once');
    if (!this.#isDataDone) this.#storeData(heap, txn, xid);
    else this.#storeIndex(heap, txn, xid);
    this.isComplete = this.#isDataDone && this.#children.length === 1;
  }

  /** What the row keeps of it. */
  pointer(): Buffer {
    assert(this.isComplete, 'a chain has a pointer when it is stored');
    return longHeader({
      form: this.#form,
      levels: this.#levels,
      length: this.#length,
      storedLength: this.#storedLength,
      root: this.#children[0],
    });
  }

  #storeData(heap: Heap, txn: Transaction, xid: number): void {
    this.#fill();
    const count = Math.min(CHUNK_SIZE, this.#end - this.#start);
    chunk.set(this.#staging.subarray(this.#start, this.#start + count), ROW_HEADER_SIZE);
    this.#children.push(this.#put(heap, txn, xid, count));
    this.#start += count;
    this.#storedLength += count;
    this.#isDataDone = this.#source.isAtEnd && this.#start === this.#end;
    if (this.#isDataDone) this.#staging = Buffer.alloc(0);
  }

  #storeIndex(heap: Heap, txn: Transaction, xid: number): void {
    const children = this.#children;
    const to = Math.min(children.length, this.#indexed + INDEX_FANOUT);
    let at = ROW_HEADER_SIZE;
    for (let i = this.#indexed; i < to; i++) at = chunk.writeUInt32LE(children[i], at);
    this.#parents.push(this.#put(heap, txn, xid, at - ROW_HEADER_SIZE));
    this.#indexed = to;
    if (to < children.length) return;
    this.#children = this.#parents;
    this.#parents = [];
    this.#indexed = 0;
    this.#levels++;
  }

  #put(heap: Heap, txn: Transaction, xid: number, count: number): RowId {
    chunk.fill(0, 0, ROW_HEADER_SIZE);
    const rowId = heap.insert(txn, xid, chunk, ROW_HEADER_SIZE + count);
    this.chunks.push(rowId);
    return rowId;
  }

  /** A whole chunk's bytes into the staging buffer, or all that is left. */
  #fill(): void {
    while (this.#end - this.#start < CHUNK_SIZE && !this.#source.isAtEnd) {
      if (this.#start > 0) {
        this.#staging.copyWithin(0, this.#start, this.#end);
        this.#end -= this.#start;
        this.#start = 0;
      }
      this.#stage();
    }
  }

  #stage(): void {
    const isPacking = (this.#form & COMPRESSED) !== 0 && !this.#isStream;
    const count = this.#source.read(frame);
    if (!this.#isStream) this.#length += count;
    const bytes = isPacking ? packed : frame;
    const size = isPacking ? writeFrame(frame.subarray(0, count), packed, 0) : count;
    if (this.#end + size > this.#staging.length) {
      const grown = Buffer.allocUnsafe(this.#end + size);
      this.#staging.copy(grown, 0, 0, this.#end);
      this.#staging = grown;
    }
    bytes.copy(this.#staging, this.#end, 0, size);
    this.#end += size;
  }
}

function isCompressible(value: string | Uint8Array): boolean {
  const length = new Pieces(value).read(frame);
  return isWorthwhile(length, writeFrame(frame.subarray(0, length), packed, 0));
}
