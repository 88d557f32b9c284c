/**
 * Memory for many pages, whose checksums are computed where they lie: WebAssembly's memory, with the first 16 KB for the code
 * (crc32-simd.ts); plain memory where there is none, or for few pages, since each of WebAssembly's takes gigabytes of addresses.
 */
import { Buffer } from 'node:buffer';
import { mappedMemory } from '../memory/index.ts';
import { pageChecksum } from './checksum.ts';
import { CRC_MEMORY_START, crc32Page } from './crc32-simd.ts';
import type { PageViews } from './page.ts';

/** Bytes. */
const SIZE_MIN = 8 * 1024 * 1024;
/** To make the code takes 5 ms, which a server with little to check should not pay at its start. */
const VECTORS_AFTER_CALLS = 500;

export class PageMemory implements PageViews {
  readonly u8: Uint8Array<ArrayBuffer>;
  readonly u16: Uint16Array<ArrayBuffer>;
  readonly i32: Int32Array<ArrayBuffer>;
  readonly u32: Uint32Array<ArrayBuffer>;
  readonly f32: Float32Array<ArrayBuffer>;
  readonly f64: Float64Array<ArrayBuffer>;
  readonly #memory: WebAssembly.Memory | null;
  readonly #start: number;
  #calls = 0;
  /** Null: not made, or there is none. */
  #ofPage: ((address: number) => number) | null = null;

  /** `size` in bytes: whole pages. */
  constructor(size: number) {
    this.#memory = size < SIZE_MIN ? null : mappedMemory(CRC_MEMORY_START + size);
    this.#start = this.#memory === null ? 0 : CRC_MEMORY_START;
    const buffer = this.#memory?.buffer ?? new ArrayBuffer(size);
    this.u8 = new Uint8Array(buffer, this.#start, size);
    this.u16 = new Uint16Array(buffer, this.#start, size >>> 1);
    this.i32 = new Int32Array(buffer, this.#start, size >>> 2);
    this.u32 = new Uint32Array(buffer, this.#start, size >>> 2);
    this.f32 = new Float32Array(buffer, this.#start, size / 4);
    this.f64 = new Float64Array(buffer, this.#start, size / 8);
  }

  /** All of it. */
  asBuffer(): Buffer<ArrayBuffer> {
    return Buffer.from(this.u8.buffer, this.#start, this.u8.length);
  }

  /** What the checksum field of the page at `base` should say. */
  checksum(base: number): number {
    if (this.#ofPage !== null) return this.#ofPage(this.#start + base);
    if (this.#memory !== null && ++this.#calls === VECTORS_AFTER_CALLS) this.#ofPage = crc32Page(this.#memory);
    return pageChecksum(this.u8, base);
  }
}
