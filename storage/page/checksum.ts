/**
 * CRC-32 (the zlib polynomial), the fastest way for each length: vectors for a page (crc32-simd.ts), zlib for what is shorter, a
 * four-way table for short ranges and for Node versions without zlib.crc32. Measured, ns for 64 / 128 / 256 / 8192 bytes: vectors 1150,
 * whatever the length; zlib 200 / 180 / 270 / 2000 (the call and the subarray cost most); tables 100 / 160 / 330.
 */
import * as zlib from 'node:zlib';
import { PAGE_SIZE } from '../limits.ts';
import { CRC_BLOCK_SIZE, type Crc32Block, crc32Block } from './crc32-simd.ts';
import { CRC_TABLES } from './crc32-tables.ts';
import { PAGE_CRC_OFFSET } from './page.ts';

const NATIVE_FROM_SIZE = 192;
const VECTORS_FROM_SIZE = 6144;
/** To make their code takes 5 ms, which a server with little to check should not pay at its start. */
const VECTORS_AFTER_CALLS = 500;

const nativeCrc32: ((data: Uint8Array, value?: number) => number) | null =
  typeof zlib.crc32 === 'function' ? zlib.crc32 : null;

/** Undefined: not made yet. */
let byVectors: Crc32Block | null | undefined;
let longCalls = 0;

const TABLE_0 = CRC_TABLES.subarray(0, 256);
const TABLE_1 = CRC_TABLES.subarray(256, 512);
const TABLE_2 = CRC_TABLES.subarray(512, 768);
const TABLE_3 = CRC_TABLES.subarray(768, 1024);

/** CRC-32 of bytes[start..end), continuing from `seed` (0 to begin). */
export function crc32(bytes: Uint8Array, start: number, end: number, seed: number): number {
  if (end - start >= VECTORS_FROM_SIZE) return crc32OfLong(bytes, start, end, seed);
  if (nativeCrc32 !== null && end - start >= NATIVE_FROM_SIZE) return nativeCrc32(bytes.subarray(start, end), seed);
  return crc32ByTable(bytes, start, end, seed);
}

function crc32OfLong(bytes: Uint8Array, start: number, end: number, seed: number): number {
  if (byVectors === undefined && ++longCalls > VECTORS_AFTER_CALLS) byVectors = crc32Block();
  if (!byVectors) return crc32ByZlib(bytes, start, end, seed);
  let crc = seed;
  let at = start;
  while (end - at >= VECTORS_FROM_SIZE) {
    const next = Math.min(at + CRC_BLOCK_SIZE, end);
    crc = byVectors(bytes, at, next, crc);
    at = next;
  }
  return at < end ? crc32(bytes, at, end, crc) : crc;
}

function crc32ByZlib(bytes: Uint8Array, start: number, end: number, seed: number): number {
  return nativeCrc32 !== null ? nativeCrc32(bytes.subarray(start, end), seed) : crc32ByTable(bytes, start, end, seed);
}

/** The same by tables alone; exported for the test that holds all ways against each other. */
export function crc32ByTable(bytes: Uint8Array, start: number, end: number, seed: number): number {
  let crc = ~seed;
  let i = start;
  for (; i + 4 <= end; i += 4) {
    crc ^= bytes[i] | (bytes[i + 1] << 8) | (bytes[i + 2] << 16) | (bytes[i + 3] << 24);
    crc = TABLE_3[crc & 255] ^ TABLE_2[(crc >>> 8) & 255] ^ TABLE_1[(crc >>> 16) & 255] ^ TABLE_0[crc >>> 24];
  }
  for (; i < end; i++) crc = TABLE_0[(crc ^ bytes[i]) & 255] ^ (crc >>> 8);
  return ~crc >>> 0;
}

/** What the checksum field of the page at `start` should say. */
export function pageChecksum(bytes: Uint8Array, start: number): number {
  return crc32(bytes, start + PAGE_CRC_OFFSET + 4, start + PAGE_SIZE, 0);
}

export function stampPageChecksum(bytes: Uint8Array, start: number): void {
  setPageChecksum(bytes, start, pageChecksum(bytes, start));
}

export function setPageChecksum(bytes: Uint8Array, start: number, crc: number): void {
  bytes[start] = crc;
  bytes[start + 1] = crc >>> 8;
  bytes[start + 2] = crc >>> 16;
  bytes[start + 3] = crc >>> 24;
}

export function verifyPageChecksum(bytes: Uint8Array, start: number): boolean {
  return storedPageChecksum(bytes, start) === pageChecksum(bytes, start);
}

export function storedPageChecksum(bytes: Uint8Array, start: number): number {
  return (bytes[start] | (bytes[start + 1] << 8) | (bytes[start + 2] << 16) | (bytes[start + 3] << 24)) >>> 0;
}
