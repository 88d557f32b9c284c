/**
 * The long form of a variable-length value: what stands in a row when bit 15 of the value's end offset is set.
 *
 * | offset | size | field |
 * | 0 | 1 | form: IN_CHUNKS, COMPRESSED, or both; COMPRESSED alone: the bytes follow in the row |
 * | 1 | 1 | levels of index chunks above the data chunks (overflow.ts) |
 * | 4 | 4 | length of the value in bytes |
 * | 8 | 4 | stored length: of what is in the chunks, or in the row from byte 12 on |
 * | 12 | 4 | IN_CHUNKS: row id of the root chunk |
 *
 * Compressed bytes are frames of FRAME_SIZE bytes of the value each (the last one shorter): u32 length, then raw deflate; bit 31
 * of the length: the frame did not get shorter and is kept as it was. So a value is compressed and read in steps of well under
 * a millisecond. Measured on text of words: level 1 packs 390 MB/s in frames of 64 KB, 200 in frames of 16 KB; both read at
 * 500 MB/s and more.
 */
import { deflateRawSync, inflateRawSync } from 'node:zlib';
import { releaseBuffer } from '../../storage/api.ts';
import { assert } from '../../types/assert.ts';
import { sqlError } from '../../types/errors.ts';
import { readInt32 } from './row-reader.ts';

export const IN_CHUNKS = 1;
export const COMPRESSED = 2;

export const LONG_HEADER_SIZE = 12;
export const CHUNK_POINTER_SIZE = 16;
/** Longest value: PostgreSQL's 1 GB less one byte. */
const VALUE_SIZE_MAX = 0x3fffffff;
export const FRAME_SIZE = 65536;
const FRAME_HEADER_SIZE = 4;
/** A frame takes at most this in its compressed form. */
export const FRAME_STORED_MAX = FRAME_SIZE + FRAME_HEADER_SIZE;
const FRAME_AS_IT_WAS = 0x80000000;

const SMALL_FRAME = 4096;
/** zlib makes room for what it gives in chunks, each an ArrayBuffer of its own from this size on. */
const CHUNK = 4096;
/**
 * A small frame wants a small window: setting up zlib's state, 260 KB of it for a window of 32 KB, costs more than the work. By windowBits,
 * from those of SMALL_FRAME on.
 */
const OPTIONS = [12, 13, 14, 15].map((windowBits) => ({
  level: 1,
  windowBits,
  memLevel: windowBits - 7,
  chunkSize: CHUNK << (windowBits - 12),
}));

export interface LongHeader {
  readonly form: number;
  readonly levels: number;
  readonly length: number;
  readonly storedLength: number;
  readonly root: number;
}

/** The header at `start`; `root` is garbage unless IN_CHUNKS. */
export function readLongHeader(u8: Uint8Array, start: number): LongHeader {
  const form = u8[start];
  assert(form > 0 && form <= (IN_CHUNKS | COMPRESSED), 'a long value has a known form');
  return {
    form,
    levels: u8[start + 1],
    length: readInt32(u8, start + 4),
    storedLength: readInt32(u8, start + 8),
    root: (form & IN_CHUNKS) === 0 ? 0 : readInt32(u8, start + 12) >>> 0,
  };
}

export function longHeader(header: LongHeader): Buffer {
  const bytes = Buffer.alloc((header.form & IN_CHUNKS) === 0 ? LONG_HEADER_SIZE : CHUNK_POINTER_SIZE);
  bytes[0] = header.form;
  bytes[1] = header.levels;
  bytes.writeInt32LE(header.length, 4);
  bytes.writeInt32LE(header.storedLength, 8);
  if ((header.form & IN_CHUNKS) !== 0) bytes.writeUInt32LE(header.root, 12);
  return bytes;
}

/** 54000 for what PostgreSQL cannot hold either. */
export function checkValueSize(length: number): void {
  if (length > VALUE_SIZE_MAX) {
    throw sqlError('54000', `value is too long: ${length} bytes, maximum ${VALUE_SIZE_MAX} bytes`);
  }
}

/** Worth it: PostgreSQL, too, wants a quarter saved. */
export function isWorthwhile(length: number, compressedLength: number): boolean {
  return compressedLength <= length - (length >>> 2);
}

function deflate(bytes: Uint8Array): Buffer {
  let window = SMALL_FRAME;
  let options = 0;
  for (; window < bytes.length && options < OPTIONS.length - 1; window *= 2) options++;
  return deflateRawSync(bytes, OPTIONS[options]);
}

/** What zlib has given is not used any more. It is an ArrayBuffer of its own unless somebody has made Buffer's pool larger. */
function release({ buffer, byteLength }: Buffer): void {
  if (byteLength > 0 && CHUNK >= Buffer.poolSize >>> 1) releaseBuffer(buffer);
}

/** Writes bytes (FRAME_SIZE at most) as a frame into target; answers its length. */
export function writeFrame(bytes: Uint8Array, target: Buffer, at: number): number {
  const packed = deflate(bytes);
  const isShorter = packed.length < bytes.length;
  const body = isShorter ? packed : bytes;
  target.writeUInt32LE((isShorter ? body.length : body.length | FRAME_AS_IT_WAS) >>> 0, at);
  target.set(body, at + FRAME_HEADER_SIZE);
  const size = FRAME_HEADER_SIZE + body.length;
  release(packed);
  return size;
}

/** Bytes of the frame at `at`, header included; 0 if that cannot be said yet. */
export function frameSizeAt(bytes: Buffer, at: number, end: number): number {
  if (end - at < FRAME_HEADER_SIZE) return 0;
  return FRAME_HEADER_SIZE + ((bytes.readUInt32LE(at) & ~FRAME_AS_IT_WAS) >>> 0);
}

/** Reads the frame of `size` bytes at `at` into target; answers how many bytes of the value it held. */
export function readFrame(bytes: Buffer, at: number, size: number, target: Buffer, to: number): number {
  const isAsItWas = (bytes[at + 3] & 0x80) !== 0;
  const body = bytes.subarray(at + FRAME_HEADER_SIZE, at + size);
  if (isAsItWas) {
    target.set(body, to);
    return body.length;
  }
  const chunkSize = body.length < CHUNK / 8 ? CHUNK : 4 * CHUNK;
  const value = inflateRawSync(body, { maxOutputLength: FRAME_SIZE, chunkSize });
  const { length } = value;
  target.set(value, to);
  release(value);
  return length;
}

/** For a text that becomes a frame: with room for a character more, so that a longer one is seen. */
const textFrame = Buffer.allocUnsafeSlow(FRAME_SIZE + 4);

/** A value of one frame in its compressed form for the row, or null when that saves too little. */
export function compressInRow(value: string | Uint8Array): Buffer | null {
  const bytes = typeof value === 'string' ? textFrame.subarray(0, textFrame.write(value, 'utf8')) : value;
  assert(bytes.length <= FRAME_SIZE, 'one frame is compressed in the row');
  const packed = deflate(bytes);
  if (!isWorthwhile(bytes.length, packed.length + LONG_HEADER_SIZE + FRAME_HEADER_SIZE)) {
    release(packed);
    return null;
  }
  const header = longHeader({
    form: COMPRESSED,
    levels: 0,
    length: bytes.length,
    storedLength: packed.length + FRAME_HEADER_SIZE,
    root: 0,
  });
  const frame = Buffer.allocUnsafe(FRAME_HEADER_SIZE);
  frame.writeUInt32LE(packed.length, 0);
  const stored = Buffer.concat([header, frame, packed]);
  release(packed);
  return stored;
}

/** The value of a whole stream of frames. */
export function decompress(stream: Buffer, length: number): Buffer {
  const value = Buffer.allocUnsafe(length);
  let filled = 0;
  for (let at = 0; at < stream.length; ) {
    const size = frameSizeAt(stream, at, stream.length);
    assert(size > 0 && at + size <= stream.length, 'frames are whole');
    filled += readFrame(stream, at, size, value, filled);
    at += size;
  }
  assert(filled === length, 'a compressed value is as long as its header says');
  return value;
}
