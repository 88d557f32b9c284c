/** The chunks of an image (dictionary-image.ts) as they come from its file, and the blocks of entries in them. */
import type { File } from '../io/index.ts';
import { crc32 } from '../page/index.ts';
import { NODE_CAPACITY } from './dictionary.ts';
import {
  BLOCK_HEADER_SIZE,
  BLOCK_ROWS_MAX,
  CHUNK_END,
  CHUNK_HEADER_SIZE,
  type ImageBuffer,
} from './dictionary-image.ts';

/** The chunks of an image, one after the other, into the buffer. */
export class ImageChunks {
  /** Behind the chunk that is in the buffer. */
  at: number;
  /** Bytes of it, its header included. */
  length = 0;
  protected readonly file: File;
  buffer: ImageBuffer;
  private crc: number;

  constructor(file: File, buffer: ImageBuffer, from: number, crc: number) {
    this.file = file;
    this.buffer = buffer;
    this.at = from;
    this.crc = crc;
  }

  /** Null, or what is wrong with the next chunk, of which the buffer has the first `got` bytes already. */
  next(got = 0): string | null {
    const { at } = this;
    const { bytes, u32 } = this.buffer;
    if (this.read(got, CHUNK_HEADER_SIZE) < CHUNK_HEADER_SIZE) return `it ends at ${at}, in the middle`;
    const length = CHUNK_HEADER_SIZE + u32[1];
    if (length > bytes.length) return `the size of its bytes from ${at} on is wrong`;
    const end = this.read(Math.max(got, CHUNK_HEADER_SIZE), length);
    if (end < length) return `it ends at ${at + end}, in the middle`;
    this.crc = crc32(bytes, CHUNK_HEADER_SIZE, length, crc32(bytes, 0, 8, this.crc));
    if (this.crc !== u32[2] || u32[3] !== 0) return `the checksum of its bytes ${at} to ${at + length} is wrong`;
    this.at = at + length;
    this.length = length;
    return null;
  }

  /** The chunk's bytes from..to, unless they are there; answers where what there is ends. */
  private read(from: number, to: number): number {
    return from >= to ? from : from + this.file.readSync(this.buffer.bytes, from, to - from, this.at + from);
  }

  get isEnd(): boolean {
    return this.buffer.u32[0] === CHUNK_END;
  }

  /** Of the end: the entries of all chunks before. */
  get entryCount(): number {
    return this.buffer.f64[CHUNK_HEADER_SIZE >>> 3];
  }
}

/** Chunks are about as long as those before: while one is worked on, as much and a little more is read of the next. */
const MORE_AHEAD = 8 * 1024;

/** The same, the next one being read while one is worked on. */
export class ChunksAhead extends ImageChunks {
  #spare: ImageBuffer;
  /** Bytes of the next chunk, in the spare buffer; null: none are read. */
  #ahead: Promise<number> | null = null;

  constructor(file: File, buffers: readonly [ImageBuffer, ImageBuffer], from: number, crc: number) {
    super(file, buffers[0], from, crc);
    this.#spare = buffers[1];
  }

  /** As `next`. Throws what the disk says. */
  async nextInTime(): Promise<string | null> {
    const got = this.#ahead === null ? 0 : await this.#ahead;
    if (this.#ahead !== null) {
      const read = this.#spare;
      this.#spare = this.buffer;
      this.buffer = read;
      this.#ahead = null;
    }
    const fault = this.next(got);
    if (fault === null && !this.isEnd) this.#ahead = this.#readAhead();
    return fault;
  }

  #readAhead(): Promise<number> {
    const { bytes } = this.#spare;
    const ahead = new Promise<number>((resolve, reject) => {
      this.file.readInto(bytes, 0, Math.min(bytes.length, this.length + MORE_AHEAD), this.at, (error, count) =>
        error === null ? resolve(count) : reject(error),
      );
    });
    // Who gives the image up does not ask for it.
    ahead.catch(() => {});
    return ahead;
  }

  /** Nothing is being read any more: the file may be closed. */
  async settle(): Promise<void> {
    await this.#ahead?.catch(() => {});
  }
}

export interface ImageBlock {
  readonly keys: number;
  /** Number keys; null: byte keys, in slots. */
  readonly numbers: Float64Array | null;
  /** Row ids of each key; null: one. */
  readonly counts: Uint32Array | null;
  readonly rows: Uint32Array;
  readonly slots: Buffer;
  readonly next: number;
}

/** The block of entries at `at` in the buffer, null if it is none. */
export function blockAt(
  { bytes, f64, u32 }: ImageBuffer,
  at: number,
  end: number,
  hasByteKeys: boolean,
): ImageBlock | null {
  const keys = u32[at >>> 2];
  const rows = u32[(at >>> 2) + 1];
  const slotsSize = u32[(at >>> 2) + 2];
  if (keys === 0 || keys > NODE_CAPACITY || rows < keys || rows > BLOCK_ROWS_MAX) return null;
  const keysAt = at + BLOCK_HEADER_SIZE;
  const countsAt = (keysAt >>> 2) + (hasByteKeys ? 0 : keys * 2);
  const rowsAt = rows === keys ? countsAt : countsAt + keys;
  const slotsAt = (rowsAt + rows) * 4;
  const next = (slotsAt + slotsSize + 7) & -8;
  if (next > end || (slotsSize & 3) !== 0) return null;
  const counts = rows === keys ? null : u32.subarray(countsAt, rowsAt);
  if (counts !== null) {
    let sum = 0;
    for (const count of counts) {
      if (count === 0) return null;
      sum += count;
    }
    if (sum !== rows) return null;
  }
  return {
    keys,
    numbers: hasByteKeys ? null : f64.subarray(keysAt >>> 3, (keysAt >>> 3) + keys),
    counts,
    rows: u32.subarray(rowsAt, rowsAt + rows),
    slots: bytes.subarray(slotsAt, slotsAt + slotsSize),
    next,
  };
}
