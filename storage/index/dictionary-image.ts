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
import { SqlError } from '../../types/errors.ts';
import type { PageSet } from '../buffer/index.ts';
import type { File, FileSystem } from '../io/index.ts';
import { crc32 } from '../page/index.ts';
import { type Dictionary, NODE_CAPACITY } from './dictionary.ts';
import { IndexKey } from './index-key.ts';
import { compareSlots, KEY_SIZE_MAX, readSlot, slotSize } from './key-arena.ts';
import { hashOfBytes, hashOfNumber } from './key-hash.ts';

const MAGIC = 'HOTROWIX';
/** Changes with the layout of the file and with the encoding (types/key.ts, numberKey in the executor) and hashes of keys. */
const VERSION = 3;
const HEADER_SIZE = 40;
const CHUNK_HEADER_SIZE = 16;
const CHUNK_ENTRIES = 1;
const CHUNK_END = 2;
const BLOCK_HEADER_SIZE = 16;
/** Row ids of a block: a posting list of more goes on in the next. */
const BLOCK_ROWS_MAX = 8192;
const BLOCK_SIZE_MAX = BLOCK_HEADER_SIZE + NODE_CAPACITY * (12 + slotSize(KEY_SIZE_MAX)) + BLOCK_ROWS_MAX * 4 + 8;
const CHUNK_SIZE_MAX = 512 * 1024;
const END_SIZE = 16;
const KIND_BYTE_KEYS = 1;
const KIND_HASHED = 2;
const FLAG_LOSSY = 1;
const FLAG_STALE_KEYS = 2;
const ROW_PAGE_SHIFT = 9;

/** What an image must be of to be believed. */
export interface ImageIdentity {
  readonly oid: number;
  readonly relId: number;
  readonly lsn: number;
  /** Everything that the keys depend on, as text. */
  readonly definition: string;
}

function kindOf({ hasByteKeys, isHashed }: Dictionary): number {
  return (hasByteKeys ? KIND_BYTE_KEYS : 0) | (isHashed ? KIND_HASHED : 0);
}

function headerOf(identity: ImageIdentity, kind: number): Buffer<ArrayBuffer> {
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

/** Room for a chunk: for one image at a time. */
export class ImageBuffer {
  readonly bytes: Buffer<ArrayBuffer>;
  readonly f64: Float64Array<ArrayBuffer>;
  readonly u32: Uint32Array<ArrayBuffer>;

  /** A chunk ends behind the block that reaches it. */
  readonly chunkSize: number;

  constructor(chunkSize = CHUNK_SIZE_MAX) {
    this.chunkSize = chunkSize;
    const memory = new ArrayBuffer(CHUNK_HEADER_SIZE + CHUNK_SIZE_MAX + BLOCK_SIZE_MAX);
    this.bytes = Buffer.from(memory);
    this.f64 = new Float64Array(memory);
    this.u32 = new Uint32Array(memory);
  }
}

/** Writes an image: `next` makes its pieces one after the other, and may be called in different turns. */
export class ImageWriter {
  readonly dictionary: Dictionary;
  private readonly header: Buffer<ArrayBuffer>;
  private readonly chunk: ImageBuffer;
  private state: 'header' | 'entries' | 'end' = 'header';
  private crc = 0;
  private count = 0;
  private leaf = 0;
  private position = 0;
  private version = -1;
  /** The last key of which something was dumped. */
  private readonly lastKey = new IndexKey();
  private hasLast = false;
  /** Its last row id that was dumped; -1: all of them, when the next entry is reached. */
  private lastRow = -1;

  constructor(dictionary: Dictionary, identity: ImageIdentity, buffer: ImageBuffer) {
    this.dictionary = dictionary;
    this.chunk = buffer;
    this.header = headerOf(identity, kindOf(dictionary));
  }

  /** The file's next bytes, good until the next call; null at the end. Half a millisecond of work. */
  next(): Uint8Array | null {
    if (this.state === 'end') return null;
    if (this.state === 'header') {
      this.state = 'entries';
      this.crc = this.header.readUInt32LE(12);
      return this.header;
    }
    const size = this.fill();
    if (size > CHUNK_HEADER_SIZE) return this.seal(CHUNK_ENTRIES, size);
    this.state = 'end';
    const { dictionary, chunk } = this;
    chunk.f64[CHUNK_HEADER_SIZE >>> 3] = this.count;
    chunk.u32[(CHUNK_HEADER_SIZE + 8) >>> 2] =
      (dictionary.isLossy ? FLAG_LOSSY : 0) | (dictionary.hasStaleKeys ? FLAG_STALE_KEYS : 0);
    chunk.u32[(CHUNK_HEADER_SIZE + 12) >>> 2] = 0;
    return this.seal(CHUNK_END, CHUNK_HEADER_SIZE + END_SIZE);
  }

  private seal(kind: number, size: number): Uint8Array {
    const { bytes, u32 } = this.chunk;
    u32[0] = kind;
    u32[1] = size - CHUNK_HEADER_SIZE;
    u32[3] = 0;
    this.crc = crc32(bytes, CHUNK_HEADER_SIZE, size, crc32(bytes, 0, 8, this.crc));
    u32[2] = this.crc;
    return bytes.subarray(0, size);
  }

  /** Fills the chunk with blocks; answers its size. */
  private fill(): number {
    const { dictionary } = this;
    this.seek();
    let at = CHUNK_HEADER_SIZE;
    while (this.leaf !== 0 && at < CHUNK_HEADER_SIZE + this.chunk.chunkSize) {
      if (this.position < dictionary.leafCount(this.leaf)) at = this.block(at);
      else {
        this.leaf = dictionary.nextLeaf(this.leaf);
        this.position = 0;
      }
    }
    return at;
  }

  /** Changed since the last call: to the first row id behind the last one dumped. */
  private seek(): void {
    const { dictionary } = this;
    if (dictionary.version === this.version) return;
    this.version = dictionary.version;
    if (!this.hasLast) {
      this.leaf = dictionary.firstLeaf;
      this.position = 0;
      return;
    }
    // Row ids that the key gets while its list is being dumped may come in or not; one that it had may not be dumped twice.
    dictionary.locate(this.lastKey);
    this.leaf = dictionary.foundLeaf;
    this.position = dictionary.foundPosition;
    if (
      this.position === dictionary.leafCount(this.leaf) ||
      dictionary.compareAt(this.leaf, this.position, this.lastKey) !== 0
    ) {
      this.rowsFrom = 0;
      return;
    }
    this.rowsFrom = this.lastRow + 1;
  }

  /** Row ids below this of the entry at the place are dumped already. */
  private rowsFrom = 0;

  /** Keys of one leaf with their row ids; answers the end. */
  private block(start: number): number {
    const { dictionary, leaf } = this;
    const { lists } = dictionary;
    const first = this.position;
    const rest = dictionary.leafCount(leaf) - first;
    // Row ids are gathered apart: where they begin depends on the number of keys.
    let keys = 0;
    let rows = 0;
    while (keys < rest && rows < BLOCK_ROWS_MAX) {
      const position = first + keys;
      const posting = dictionary.postingAt(leaf, position);
      let got = 1;
      if (dictionary.isListAt(leaf, position)) {
        const max = BLOCK_ROWS_MAX - rows;
        got = this.rowsFrom > ROW_ID_MAX ? 0 : lists.read(posting, this.rowsFrom, rowScratch, rows, max);
        countScratch[keys++] = got;
        rows += got;
        if (got === max) {
          // It may go on.
          this.rowsFrom = rowScratch[rows - 1] + 1;
          break;
        }
      } else {
        if (posting < this.rowsFrom) got = 0;
        else rowScratch[rows] = posting;
        countScratch[keys++] = got;
        rows += got;
      }
      this.rowsFrom = 0;
      this.position++;
    }
    return this.writeBlock(start, first, keys, rows);
  }

  /** The gathered row ids, and their keys but for such without any. */
  private writeBlock(start: number, firstPosition: number, gathered: number, rows: number): number {
    const { dictionary, chunk, leaf } = this;
    const { u32 } = chunk;
    let keys = 0;
    for (let i = 0; i < gathered; i++) {
      if (countScratch[i] === 0) continue;
      positionScratch[keys] = firstPosition + i;
      countScratch[keys++] = countScratch[i];
    }
    if (keys === 0) return start;
    let at = (start + BLOCK_HEADER_SIZE) >>> 2;
    if (dictionary.arena === null) {
      for (let i = 0; i < keys; i++) chunk.f64[(at >>> 1) + i] = dictionary.numberAt(leaf, positionScratch[i]);
      at += keys * 2;
    }
    if (rows !== keys) for (let i = 0; i < keys; i++) u32[at++] = countScratch[i];
    u32.set(rowScratch.subarray(0, rows), at);
    at += rows;
    const slotsAt = at * 4;
    let end = slotsAt;
    if (dictionary.arena !== null) {
      for (let i = 0; i < keys; i++)
        end += dictionary.arena.copySlot(dictionary.refAt(leaf, positionScratch[i]), chunk.bytes, end);
    }
    u32[start >>> 2] = keys;
    u32[(start + 4) >>> 2] = rows;
    u32[(start + 8) >>> 2] = end - slotsAt;
    u32[(start + 12) >>> 2] = 0;
    if ((end & 4) !== 0) u32[end >>> 2] = 0;
    this.count += rows;
    dictionary.keyAt(leaf, positionScratch[keys - 1], this.lastKey);
    this.lastRow = rowScratch[rows - 1];
    this.hasLast = true;
    return (end + 7) & -8;
  }
}

const ROW_ID_MAX = 0xffffffff;
const rowScratch = new Uint32Array(BLOCK_ROWS_MAX);
const countScratch = new Uint32Array(NODE_CAPACITY);
const positionScratch = new Uint32Array(NODE_CAPACITY);

/** The chunks of an image, one after the other, into the buffer. */
class ImageChunks {
  /** Behind the chunk that is in the buffer. */
  at: number;
  /** Bytes of it, its header included. */
  length = 0;
  private readonly file: File;
  private readonly buffer: ImageBuffer;
  private crc: number;

  constructor(file: File, buffer: ImageBuffer, from: number, crc: number) {
    this.file = file;
    this.buffer = buffer;
    this.at = from;
    this.crc = crc;
  }

  /** Null, or what is wrong with the next chunk. */
  next(): string | null {
    const { at, file } = this;
    const { bytes, u32 } = this.buffer;
    if (file.readSync(bytes, 0, CHUNK_HEADER_SIZE, at) < CHUNK_HEADER_SIZE) return `it ends at ${at}, in the middle`;
    const length = CHUNK_HEADER_SIZE + u32[1];
    if (length > bytes.length) return `the size of its bytes from ${at} on is wrong`;
    const rest = file.readSync(bytes, CHUNK_HEADER_SIZE, length - CHUNK_HEADER_SIZE, at + CHUNK_HEADER_SIZE);
    if (rest < length - CHUNK_HEADER_SIZE) return `it ends at ${at + rest}, in the middle`;
    this.crc = crc32(bytes, CHUNK_HEADER_SIZE, length, crc32(bytes, 0, 8, this.crc));
    if (this.crc !== u32[2] || u32[3] !== 0) return `the checksum of its bytes ${at} to ${at + length} is wrong`;
    this.at = at + length;
    this.length = length;
    return null;
  }

  get isEnd(): boolean {
    return this.buffer.u32[0] === CHUNK_END;
  }

  /** Of the end: the entries of all chunks before. */
  get entryCount(): number {
    return this.buffer.f64[CHUNK_HEADER_SIZE >>> 3];
  }
}

/**
 * Reads an image without a dictionary: whether it is the image of that index, heap and time, is whole, and has its keys in order;
 * `visit` gets the row ids, block after block. Answers null or what is wrong.
 */
export function checkImage(
  file: File,
  identity: Omit<ImageIdentity, 'definition'>,
  visit: (rows: Uint32Array) => void,
): string | null {
  const start = Buffer.alloc(HEADER_SIZE);
  if (file.readSync(start, 0, HEADER_SIZE, 0) < HEADER_SIZE) return 'it ends in its header';
  const definition = Buffer.alloc(Math.min(start.readUInt32LE(36), file.size()));
  file.readSync(definition, 0, definition.length, HEADER_SIZE);
  const header = headerOf({ ...identity, definition: definition.toString('utf8') }, start.readUInt32LE(32));
  const found = Buffer.alloc(header.length);
  file.readSync(found, 0, header.length, 0);
  if (!found.equals(header)) return whyOther(found, header);
  const kind = header.readUInt32LE(32);
  const buffer = new ImageBuffer();
  const chunks = new ImageChunks(file, buffer, header.length, header.readUInt32LE(12));
  const order = new KeyOrder(kind);
  let count = 0;
  for (;;) {
    const fault = chunks.next();
    if (fault !== null) return fault;
    if (chunks.isEnd) break;
    for (let at = CHUNK_HEADER_SIZE; at < chunks.length; ) {
      const block = blockAt(buffer, at, chunks.length, (kind & KIND_BYTE_KEYS) !== 0);
      if (block === null || !order.isFollowedBy(block)) return `its entries before ${chunks.at} are not in order`;
      visit(block.rows);
      count += block.rows.length;
      at = block.next;
    }
  }
  return chunks.entryCount === count && chunks.at === file.size() ? null : 'it has another size than it says';
}

/** Whether keys ascend, over blocks. */
class KeyOrder {
  private readonly kind: number;
  private readonly key = new IndexKey();
  /** Of the last key: its number or hash, and the slot of a byte key. */
  private last = Number.NEGATIVE_INFINITY;
  private readonly lastSlot = new Uint8Array(slotSize(KEY_SIZE_MAX));

  constructor(kind: number) {
    this.kind = kind;
  }

  /** Notes the block's keys; false: they are not in order. The first may be the last one before. */
  isFollowedBy({ keys, numbers, slots }: ImageBlock): boolean {
    const isHashed = (this.kind & KIND_HASHED) !== 0;
    if (numbers !== null) {
      for (const number of numbers) {
        const order = isHashed ? hashOfNumber(number) : number;
        if (order < this.last) return false;
        this.last = order;
      }
      return true;
    }
    let at = 0;
    for (let i = 0; i < keys; i++) {
      const size = at + 2 > slots.length ? 0 : slotSize(slots.readUInt16LE(at));
      if (size === 0 || at + size > slots.length || size > this.lastSlot.length) return false;
      let order = 0;
      if (isHashed) {
        readSlot(slots, at, this.key);
        order = hashOfBytes(this.key.bytes, this.key.length);
      }
      if (order < this.last || (order === this.last && compareSlots(this.lastSlot, 0, slots, at) > 0)) return false;
      this.last = order;
      for (let j = 0; j < size; j++) this.lastSlot[j] = slots[at + j];
      at += size;
    }
    return at === slots.length;
  }
}

interface ImageBlock {
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
function blockAt({ bytes, f64, u32 }: ImageBuffer, at: number, end: number, hasByteKeys: boolean): ImageBlock | null {
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

/** Loads images, one after the other. */
export class ImageReader {
  /** Entries of the last image that were left out. */
  dropped = 0;
  private readonly fileSystem: FileSystem;
  private readonly chunk = new ImageBuffer();
  private readonly numbers = new Float64Array(NODE_CAPACITY);
  private readonly counts = new Uint32Array(NODE_CAPACITY);
  private readonly rows = new Uint32Array(BLOCK_ROWS_MAX);
  private slots = new Uint8Array(NODE_CAPACITY * 16);

  constructor(fileSystem: FileSystem) {
    this.fileSystem = fileSystem;
  }

  /**
   * Fills the empty dictionary, but for entries of rows whose home is on a page of `without`. Answers null, or why the image
   * cannot be used: the dictionary is empty then.
   */
  async load(path: string, dictionary: Dictionary, identity: ImageIdentity, without: PageSet): Promise<string | null> {
    this.dropped = 0;
    let why: string | null;
    try {
      const file = this.fileSystem.open(path, 'read');
      try {
        why = await this.loadFile(file, dictionary, identity, without);
      } finally {
        file.close();
      }
    } catch (error) {
      if (!(error instanceof SqlError)) throw error;
      why = error.message;
    }
    if (why !== null) dictionary.clear();
    return why;
  }

  private async loadFile(
    file: File,
    dictionary: Dictionary,
    identity: ImageIdentity,
    without: PageSet,
  ): Promise<string | null> {
    const size = file.size();
    const header = headerOf(identity, kindOf(dictionary));
    const found = Buffer.alloc(header.length);
    file.readSync(found, 0, header.length, 0);
    if (!found.equals(header)) return whyOther(found, header);
    const chunks = new ImageChunks(file, this.chunk, header.length, header.readUInt32LE(12));
    let count = 0;
    const words = without.words;
    for (;;) {
      const fault = chunks.next();
      if (fault !== null) return fault;
      if (chunks.isEnd) break;
      const entries = this.blocks(chunks.length, dictionary, words);
      if (entries < 0) return `its entries before ${chunks.at} are not in order`;
      count += entries;
      await new Promise((resolve) => setImmediate(resolve));
    }
    if (chunks.entryCount !== count || chunks.at !== size) return 'it has another size than it says';
    const flags = this.chunk.u32[(CHUNK_HEADER_SIZE + 8) >>> 2];
    dictionary.finishLoad();
    dictionary.isLossy = (flags & FLAG_LOSSY) !== 0;
    dictionary.hasStaleKeys = (flags & FLAG_STALE_KEYS) !== 0;
    return null;
  }

  /** Answers how many entries the chunk has, -1 if something is wrong with them. */
  private blocks(end: number, dictionary: Dictionary, without: Uint32Array): number {
    let entries = 0;
    for (let at = CHUNK_HEADER_SIZE; at < end; ) {
      const block = blockAt(this.chunk, at, end, dictionary.hasByteKeys);
      if (block === null) return -1;
      const { keys, numbers, counts, rows } = block;
      const slots = dictionary.hasByteKeys ? block.slots : null;
      const fits =
        without.length === 0 || !hasRowOn(rows, without)
          ? dictionary.appendEntries(keys, numbers, counts, rows, slots)
          : this.appendWithout(dictionary, block, slots, without);
      if (!fits) return -1;
      entries += rows.length;
      at = block.next;
    }
    return entries;
  }

  private appendWithout(
    dictionary: Dictionary,
    block: ImageBlock,
    slots: Uint8Array | null,
    without: Uint32Array,
  ): boolean {
    if (slots !== null && slots.length > this.slots.length) this.slots = new Uint8Array(slots.length);
    const { numbers, counts, rows } = block;
    let keys = 0;
    let kept = 0;
    let row = 0;
    let from = 0;
    let to = 0;
    for (let i = 0; i < block.keys; i++) {
      const size = slots === null ? 0 : slotSize(slots[from] | (slots[from + 1] << 8));
      const before = kept;
      for (const end = row + (counts === null ? 1 : counts[i]); row < end; row++)
        if (!isOn(rows[row], without)) this.rows[kept++] = rows[row];
      if (kept > before) {
        if (numbers !== null) this.numbers[keys] = numbers[i];
        this.counts[keys++] = kept - before;
        if (slots !== null) this.slots.set(slots.subarray(from, from + size), to);
        to += size;
      }
      from += size;
    }
    this.dropped += rows.length - kept;
    if (kept === 0) return true;
    const keptSlots = slots === null ? null : this.slots.subarray(0, to);
    const keptCounts = kept === keys ? null : this.counts.subarray(0, keys);
    const keptNumbers = numbers === null ? null : this.numbers.subarray(0, keys);
    return dictionary.appendEntries(keys, keptNumbers, keptCounts, this.rows.subarray(0, kept), keptSlots);
  }
}

function isOn(rowId: number, pages: Uint32Array): boolean {
  const pageNo = rowId >>> ROW_PAGE_SHIFT;
  return pageNo >>> 5 < pages.length && (pages[pageNo >>> 5] & (1 << (pageNo & 31))) !== 0;
}

function hasRowOn(rows: Uint32Array, pages: Uint32Array): boolean {
  for (let i = 0; i < rows.length; i++) if (isOn(rows[i], pages)) return true;
  return false;
}

function whyOther(found: Buffer, header: Buffer): string {
  if (found.toString('latin1', 0, 8) !== MAGIC) return 'it is not an index image';
  if (found.readUInt32LE(8) !== VERSION) return `it has format version ${found.readUInt32LE(8)}, not ${VERSION}`;
  if (found.readUInt32LE(32) !== header.readUInt32LE(32)) return 'it is of another kind of dictionary';
  if (!found.subarray(16, HEADER_SIZE).equals(header.subarray(16, HEADER_SIZE)))
    return 'it is of another index or time';
  return 'it is of another definition of the index, or its header is damaged';
}
