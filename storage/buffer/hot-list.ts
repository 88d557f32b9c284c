/**
 * The list of hot pages, `DIR/hot-pages`: what the next start reads first. A hint, not data: whatever is wrong with it, the
 * server starts, only colder.
 *
 * | offset | size | field |
 * | 0  | 8 | "HOTROWHP" |
 * | 8  | 4 | format version |
 * | 12 | 4 | CRC-32 of all that follows |
 * | 16 | 8 | when it was made, ms since 1970 |
 * | 24 | 4 | number of pages n |
 * | 28 | 4 | zero |
 * | 32 | 4 n | relation ids |
 * |    | 4 n | page numbers |
 * |    | n   | usage counts, 0 .. 5 |
 * |    | n   | classes of heat |
 *
 * Pages stand hottest first, in classes of heat that differ by a factor of about 1.19.
 */
import { USAGE_COUNT_MAX } from '../limits.ts';
import { crc32 } from '../page/index.ts';
import type { BufferPool } from './pool.ts';

export const HOT_LIST_FILE = 'hot-pages';
const MAGIC = 'HOTROWHP';
const FORMAT_VERSION = 1;
const HEADER_SIZE = 32;
const CRC_START = 16;
const BYTES_PER_PAGE = 10;
/** Classes of heat: 4 log2(1 + accesses), up to 2^32 accesses. */
const CLASSES = 128;
const CLASSES_PER_DOUBLING = 4;
/** Frames looked at, or pages placed, in one go: well under a millisecond. */
const SLICE = 16384;

export interface HotList {
  readonly madeAtMs: number;
  readonly count: number;
  readonly relIds: Uint32Array;
  readonly pageNos: Uint32Array;
  readonly usages: Uint8Array;
  readonly classes: Uint8Array;
}

/** Accesses that a class stands for. */
export function heatOfClass(heatClass: number): number {
  return 2 ** (heatClass / CLASSES_PER_DOUBLING) - 1;
}

/** Collects and orders the pages in slices: `step` until it answers true, then `encode`. */
export class HotListBuilder {
  private readonly pool: BufferPool;
  private readonly relIds: Uint32Array;
  private readonly pageNos: Uint32Array;
  private readonly usages: Uint8Array;
  private readonly classes: Uint8Array;
  private readonly places = new Uint32Array(CLASSES);
  private readonly bytes: Buffer;
  private found = 0;
  private nextFrame = 0;
  private nextEvicted = 0;
  private nextPlaced = -1;
  private count = 0;

  constructor(pool: BufferPool) {
    this.pool = pool;
    const capacity = pool.usedFrameEnd + pool.pageHeat.evictedCapacity;
    this.relIds = new Uint32Array(capacity);
    this.pageNos = new Uint32Array(capacity);
    this.usages = new Uint8Array(capacity);
    this.classes = new Uint8Array(capacity);
    this.bytes = Buffer.alloc(HEADER_SIZE + pool.frameCount * BYTES_PER_PAGE);
  }

  step(): boolean {
    const { pool } = this;
    if (this.nextFrame < pool.usedFrameEnd && this.nextFrame < pool.frameCount) this.collectResident();
    else if (this.nextEvicted < pool.pageHeat.evictedCapacity) this.collectEvicted();
    else if (this.nextPlaced < 0) this.choosePlaces();
    else this.placeSome();
    return this.nextPlaced >= this.found;
  }

  private collectResident(): void {
    const { pool } = this;
    const end = Math.min(this.nextFrame + SLICE, pool.usedFrameEnd);
    for (let frame = this.nextFrame; frame < end; frame++) {
      const rel = pool.frameRelation[frame];
      if (rel === null || rel === undefined || rel.frames[pool.framePage[frame]] !== frame) continue;
      // Of forks nothing is there at the next start.
      if (rel.isUnlogged) continue;
      const usage = Math.min(pool.usage[frame], USAGE_COUNT_MAX);
      this.add(rel.relId, pool.framePage[frame], pool.pageHeat.of(frame), usage);
    }
    this.nextFrame = end;
  }

  /** Pages that had to go, but were wanted more than some that stay. */
  private collectEvicted(): void {
    const { pool } = this;
    const end = Math.min(this.nextEvicted + SLICE, pool.pageHeat.evictedCapacity);
    pool.pageHeat.eachEvicted(this.nextEvicted, end, (relId, pageNo, heat) => {
      const rel = pool.relation(relId);
      if (rel !== undefined && pageNo < rel.pageCount && !(rel.frames[pageNo] >= 0)) this.add(relId, pageNo, heat, 1);
    });
    this.nextEvicted = end;
  }

  private add(relId: number, pageNo: number, heat: number, usage: number): void {
    if (this.found === this.relIds.length) return;
    const at = this.found++;
    const heatClass = Math.min(CLASSES - 1, Math.round(Math.log2(1 + heat) * CLASSES_PER_DOUBLING));
    this.relIds[at] = relId;
    this.pageNos[at] = pageNo;
    this.usages[at] = usage;
    this.classes[at] = heatClass;
    this.places[heatClass]++;
  }

  /** From counts of the classes to where each begins, the hottest first. */
  private choosePlaces(): void {
    let place = 0;
    for (let heatClass = CLASSES - 1; heatClass >= 0; heatClass--) {
      const size = this.places[heatClass];
      this.places[heatClass] = place;
      place += size;
    }
    this.count = Math.min(this.found, this.pool.frameCount);
    this.nextPlaced = 0;
  }

  private placeSome(): void {
    const { bytes, count } = this;
    const end = Math.min(this.nextPlaced + SLICE, this.found);
    for (let i = this.nextPlaced; i < end; i++) {
      const place = this.places[this.classes[i]]++;
      if (place >= count) continue;
      bytes.writeUInt32LE(this.relIds[i], HEADER_SIZE + place * 4);
      bytes.writeUInt32LE(this.pageNos[i], HEADER_SIZE + count * 4 + place * 4);
      bytes[HEADER_SIZE + count * 8 + place] = this.usages[i];
      bytes[HEADER_SIZE + count * 9 + place] = this.classes[i];
    }
    this.nextPlaced = end;
  }

  /** The file's bytes. After `step` has answered true. */
  encode(nowMs: number): Uint8Array {
    const size = HEADER_SIZE + this.count * BYTES_PER_PAGE;
    const bytes = this.bytes.subarray(0, size);
    bytes.write(MAGIC, 0, 'latin1');
    bytes.writeUInt32LE(FORMAT_VERSION, 8);
    bytes.writeDoubleLE(nowMs, 16);
    bytes.writeUInt32LE(this.count, 24);
    bytes.writeUInt32LE(crc32(bytes, CRC_START, size, 0), 12);
    return bytes;
  }
}

/** The list, or what is wrong with it. */
export function decodeHotList(bytes: Uint8Array): HotList | string {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  if (view.length < HEADER_SIZE || view.toString('latin1', 0, 8) !== MAGIC) return 'it is not a list of hot pages';
  if (view.readUInt32LE(8) !== FORMAT_VERSION) return `it has format version ${view.readUInt32LE(8)}`;
  const count = view.readUInt32LE(24);
  if (view.length !== HEADER_SIZE + count * BYTES_PER_PAGE) return 'it has the wrong length';
  if (view.readUInt32LE(12) !== crc32(view, CRC_START, view.length, 0)) return 'its checksum is wrong';
  const relIds = new Uint32Array(count);
  const pageNos = new Uint32Array(count);
  for (let i = 0; i < count; i++) {
    relIds[i] = view.readUInt32LE(HEADER_SIZE + i * 4);
    pageNos[i] = view.readUInt32LE(HEADER_SIZE + count * 4 + i * 4);
  }
  const start = HEADER_SIZE + count * 8;
  const usages = view.subarray(start, start + count);
  const classes = view.subarray(start + count);
  return { madeAtMs: view.readDoubleLE(16), count, relIds, pageNos, usages, classes };
}
