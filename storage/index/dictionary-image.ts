/**
 * Index images: a dictionary's entries in a file, in its order, written in slices while the dictionary goes on changing.
 *
 *      header | chunk | chunk | ... | end
 *
 * Header, little endian:
 *
 * | offset | size | field |
 * | 0  | 8 | "HOTROWIX" |
 * | 8  | 4 | format version |
 * | 12 | 4 | CRC-32 of all bytes of the header from 16 on |
 * | 16 | 4 | index oid |
 * | 20 | 4 | relation id of the heap |
 * | 24 | 8 | LSN as of which the image is good (f64): the redo LSN of the checkpoint that it was made for |
 * | 32 | 4 | kind of dictionary: 1 for byte keys, plus 2 for the order of hashes (key-hash.ts) |
 * | 36 | 4 | size n of the definition |
 * | 40 | n | the index's definition, padded with zeros to a multiple of 8 |
 *
 * A chunk begins with 16 bytes: u32 kind (1 entries, 2 end), u32 size of what follows, u32 CRC-32 of both and of what follows,
 * continued from the CRC of the chunk (or header) before, u32 zero. Entries come in blocks:
 *
 * | size | field |
 * | 4 | keys n, 1..128 |
 * | 4 | row ids r, n or more |
 * | 4 | size s of the arena slots, 0 for number keys |
 * | 4 | zero |
 * | 8 n | number keys (f64); left out for byte keys |
 * | 4 n | row ids of each key; left out when r = n |
 * | 4 r | row ids, key after key, ascending for each |
 * | s | arena slots of byte keys: u16 length, bytes, rounded up to 4 |
 *
 * Row ids and slots begin at a multiple of 4, blocks at a multiple of 8. A long posting list goes on in the next block, whose
 * first key is then the last one of the block before.
 *
 * End: f64 count of row ids, u32 flags (1 lossy, 2 stale keys), u32 zero; then the file ends.
 *
 * Why entries and not nodes. What is dumped while it changes is good all the same (storage/index-images.ts says why) as long as
 * each entry that is there all the time is dumped once. A cursor over keys sees to that however the tree splits and merges;
 * a dump of nodes would need copies of nodes before they change, which every insert would have to ask about. Building the
 * tree from entries in order is a copy of each leaf: loading is bound by reading and checksums (bench/restart.ts).
 */

import { assert } from '../../types/assert.ts';
import { mappedBuffer } from '../memory/index.ts';
import { crc32 } from '../page/index.ts';
import { type Dictionary, NODE_CAPACITY } from './dictionary.ts';
import { KEY_SIZE_MAX, SEGMENT_SIZE, slotSize } from './key-arena.ts';

const MAGIC = 'HOTROWIX';
/** Changes with the layout of the file and with the encoding (types/key.ts, numberKey in the executor) and hashes of keys. */
const VERSION = 3;
export const HEADER_SIZE = 40;
export const CHUNK_HEADER_SIZE = 16;
export const CHUNK_ENTRIES = 1;
export const CHUNK_END = 2;
export const BLOCK_HEADER_SIZE = 16;
/** Row ids of a block: a posting list of more goes on in the next. */
export const BLOCK_ROWS_MAX = 8192;
const BLOCK_SIZE_MAX = BLOCK_HEADER_SIZE + NODE_CAPACITY * (12 + slotSize(KEY_SIZE_MAX)) + BLOCK_ROWS_MAX * 4 + 8;
assert(NODE_CAPACITY * slotSize(KEY_SIZE_MAX) <= SEGMENT_SIZE, 'the keys of a block fit in a segment of an arena');
const CHUNK_SIZE_MAX = 512 * 1024;
export const END_SIZE = 16;
export const KIND_BYTE_KEYS = 1;
export const KIND_HASHED = 2;
export const FLAG_LOSSY = 1;
export const FLAG_STALE_KEYS = 2;

/** What an image must be of to be believed. */
export interface ImageIdentity {
  readonly oid: number;
  readonly relId: number;
  readonly lsn: number;
  /** Everything that the keys depend on, as text. */
  readonly definition: string;
}

export function kindOf({ hasByteKeys, isHashed }: Dictionary): number {
  return (hasByteKeys ? KIND_BYTE_KEYS : 0) | (isHashed ? KIND_HASHED : 0);
}

export function headerOf(identity: ImageIdentity, kind: number): Buffer<ArrayBuffer> {
  const definition = Buffer.from(identity.definition, 'utf8');
  const bytes = Buffer.alloc((HEADER_SIZE + definition.length + 7) & -8);
  bytes.write(MAGIC, 0, 'latin1');
  bytes.writeUInt32LE(VERSION, 8);
  bytes.writeUInt32LE(identity.oid, 16);
  bytes.writeUInt32LE(identity.relId, 20);
  bytes.writeDoubleLE(identity.lsn, 24);
  bytes.writeUInt32LE(kind, 32);
  bytes.writeUInt32LE(definition.length, 36);
  bytes.set(definition, HEADER_SIZE);
  bytes.writeUInt32LE(crc32(bytes, 16, bytes.length, 0), 12);
  return bytes;
}

const MEMORY_STEP = 64 * 1024;

/** Room for a chunk: for one image at a time. Each checkpoint takes one, so that it must be none of malloc's (storage/memory/mapped.ts). */
export class ImageBuffer {
  readonly bytes: Buffer<ArrayBuffer>;
  readonly f64: Float64Array<ArrayBuffer>;
  readonly u32: Uint32Array<ArrayBuffer>;

  /** A chunk ends behind the block that reaches it. */
  readonly chunkSize: number;

  constructor(chunkSize = CHUNK_SIZE_MAX) {
    this.chunkSize = chunkSize;
    const size = CHUNK_HEADER_SIZE + CHUNK_SIZE_MAX + BLOCK_SIZE_MAX;
    const memory = mappedBuffer(Math.ceil(size / MEMORY_STEP) * MEMORY_STEP);
    this.bytes = Buffer.from(memory);
    this.f64 = new Float64Array(memory);
    this.u32 = new Uint32Array(memory);
  }
}

/** Why a header is not the expected one. */
export function whyOther(found: Buffer, header: Buffer): string {
  if (found.toString('latin1', 0, 8) !== MAGIC) return 'it is not an index image';
  if (found.readUInt32LE(8) !== VERSION) return `it has format version ${found.readUInt32LE(8)}, not ${VERSION}`;
  if (found.readUInt32LE(32) !== header.readUInt32LE(32)) return 'it is of another kind of dictionary';
  if (!found.subarray(16, HEADER_SIZE).equals(header.subarray(16, HEADER_SIZE)))
    return 'it is of another index or time';
  return 'it is of another definition of the index, or its header is damaged';
}
