/** Reads images (dictionary-image.ts): into a dictionary, or to see whether one is whole. */
import { SqlError } from '../../types/errors.ts';
import type { PageSet } from '../buffer/index.ts';
import type { File, FileSystem } from '../io/index.ts';
import { type Dictionary, NODE_CAPACITY } from './dictionary.ts';
import {
  BLOCK_ROWS_MAX,
  CHUNK_HEADER_SIZE,
  FLAG_LOSSY,
  FLAG_STALE_KEYS,
  HEADER_SIZE,
  headerOf,
  ImageBuffer,
  type ImageIdentity,
  KIND_BYTE_KEYS,
  KIND_HASHED,
  kindOf,
  whyOther,
} from './dictionary-image.ts';
import { blockAt, ChunksAhead, type ImageBlock, ImageChunks } from './image-chunks.ts';
import { IndexKey } from './index-key.ts';
import { compareSlots, KEY_SIZE_MAX, readSlot, slotSize } from './key-arena.ts';
import { hashOfBytes, hashOfNumber } from './key-hash.ts';

const ROW_PAGE_SHIFT = 9;

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

/** Loads images, one after the other. */
export class ImageReader {
  /** Entries of the last image that were left out. */
  dropped = 0;
  private readonly fileSystem: FileSystem;
  private readonly buffers = [new ImageBuffer(), new ImageBuffer()] as const;
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
    const chunks = new ChunksAhead(file, this.buffers, header.length, header.readUInt32LE(12));
    try {
      let count = 0;
      for (;;) {
        const fault = await chunks.nextInTime();
        if (fault !== null) return fault;
        if (chunks.isEnd) break;
        const entries = this.blocks(chunks, dictionary, without.words);
        if (entries < 0) return `its entries before ${chunks.at} are not in order`;
        count += entries;
      }
      if (chunks.entryCount !== count || chunks.at !== size) return 'it has another size than it says';
    } finally {
      await chunks.settle();
    }
    const flags = chunks.buffer.u32[(CHUNK_HEADER_SIZE + 8) >>> 2];
    dictionary.finishLoad();
    dictionary.isLossy = (flags & FLAG_LOSSY) !== 0;
    dictionary.hasStaleKeys = (flags & FLAG_STALE_KEYS) !== 0;
    return null;
  }

  /** Answers how many entries the chunk has, -1 if something is wrong with them. */
  private blocks({ buffer, length }: ImageChunks, dictionary: Dictionary, without: Uint32Array): number {
    let entries = 0;
    for (let at = CHUNK_HEADER_SIZE; at < length; ) {
      const block = blockAt(buffer, at, length, dictionary.hasByteKeys);
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
