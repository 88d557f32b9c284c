/**
 * The write-ahead log as its callers see it: a builder of records, and the promise that they are durable.
 *
 *      begin(kind, xid)  pageRange(...)  pageRange(...)  end() -> LSN        into the tail, in memory
 *      requestFlush(lsn, callback)                                           group commit (below)
 *
 *      ... durable ............. | written, not synced | in flight | tail ......|
 *                            flushedLsn            writtenLsn              insertLsn
 *
 * Invariants
 *  1. flushedLsn <= writtenLsn <= insertLsn; all three only grow, and stand between records.
 *  2. A page's LSN is the end of the last record that names it; the pool writes a page to disk only when that LSN is
 *     <= flushedLsn.
 *  3. The first record since the last redo point that names a page carries its whole image (or its INIT), so a page that is
 *     torn on disk is never needed for replay.
 *  4. After a failed write or fdatasync that was not "disk full" nobody can know what is durable: the log is broken, every
 *     call throws, onBroken is called once; the server must stop and recover (engine reach).
 *
 * Group commit. Requests of one turn of the event loop share one write and one fdatasync, done in the check phase
 * (setImmediate), after all sockets that were ready have been served; flusher.ts says when it is synchronous.
 *
 * Disk full. begin() makes room ahead of the tail, so that it is begin, before any byte of a page changed, that refuses
 * (53100). COMMIT, ABORT, CHECKPOINT and everything under `wal.urgent` may use the reserve; when that is gone too, bytes
 * wait in memory and flushes are tried again twice a second, until there is space.
 *
 * Without segments (a server without a data directory) the same calls move the LSNs and stamp pages, keep no byte, take no
 * page image, and find everything durable at once.
 */
import { assert } from '../../types/assert.ts';
import type { SqlError } from '../../types/errors.ts';
import { PAGE_SIZE, WAL_RECORD_HEADER_SIZE, WAL_RECORD_SIZE_MAX, WAL_SEGMENT_SIZE } from '../limits.ts';
import {
  crc32,
  PAGE_HEADER_CHANGES_END,
  PAGE_HEADER_CHANGES_START,
  type PageViews,
  pageFlags,
  pageLower,
  pageLsn,
  pageNumber,
  pageRelationId,
  pageUpper,
  setPageLsn,
} from '../page/index.ts';
import { type FlushMode, TAIL_CAPACITY, WalFlusher, type WalSync } from './flusher.ts';
import {
  PAGE_ITEM_IMAGE,
  PAGE_ITEM_INIT,
  PAGE_ITEM_NOTE,
  PAGE_ITEM_RANGE,
  type PageNote,
  packPageItem,
} from './page-items.ts';
import { WAL_ABORT, WAL_CHECKPOINT, WAL_COMMIT, WAL_SWITCH } from './records.ts';
import { nextSegment, type WalSegments } from './segments.ts';

/** What the log needs of the buffer pool. */
export interface LoggedPages extends PageViews {
  markDirty(base: number): void;
  /** Called once for each page that a record changes; also calls noteNamed. */
  noteTouched(rel: LoggedRelation, pageNo: number): void;
  /** Called once for each page that a record names, before anybody can read what was done to it. */
  noteNamed(rel: LoggedRelation, pageNo: number): void;
  /** The page is named for the first time since the redo LSN, or by pageNote. */
  noteChanged(rel: LoggedRelation, pageNo: number): void;
}

/** Any relation: only its number counts here. */
export interface LoggedRelation {
  readonly relId: number;
}

export interface WalOptions {
  /** null: a log that throws its bytes away. */
  readonly segments: WalSegments | null;
  /** Of a fork: pages are stamped with LSN 0, since they wait for no log. Without segments. */
  readonly isFork?: boolean;
  readonly sync?: WalSync;
  readonly flushMode?: FlushMode;
  /** Called once when the log is broken (invariant 4). */
  readonly onBroken?: (error: SqlError) => void;
}

/** Ranges up to this are copied word by word: cheaper than making a subarray. */
const COPY_BY_WORD_MAX = 384;
const DURABLE_BACK_MAX = 0xffffffff;

export class Wal {
  /** Where the next record begins. */
  insertLsn = 0;
  /** Pages with an LSN up to this get a full image at their next change. Set by the checkpointer. */
  redoLsn = 0;
  /** CRC of the last record: the chain's end. */
  chain = 0;
  /** Set while undoing: begin() then may use the reserve of a full disk. */
  urgent = false;
  /**
   * Transactions that have written and neither ended nor asked for their flush, as the transaction manager last said; -1:
   * it does not say. A hint for group commit.
   */
  writersInProgress = -1;
  /** Bytes of records that tell of nothing that happened: of checkpoints. Set by the checkpointer. */
  idleBytes = 0;
  /** Bytes of page images since the start, for statistics. */
  imageBytes = 0;
  imageCount = 0;
  recordCount = 0;

  private readonly flusher: WalFlusher;
  private readonly keepsBytes: boolean;
  private readonly stampsPages: boolean;
  private pages: LoggedPages | null = null;

  private tail: Uint8Array<ArrayBuffer>;
  private tailView: DataView;
  private tailU32: Uint32Array;
  /** Bytes in the tail: whole records, then the open one. */
  private tailLength = 0;
  private recordStart = -1;
  private recordKind = 0;
  private recordXid = 0;
  private touched: number[] = [];
  private touchedCount = 0;

  constructor(options: WalOptions) {
    this.keepsBytes = options.segments !== null;
    this.stampsPages = options.isFork !== true;
    this.tail = new Uint8Array(this.keepsBytes ? TAIL_CAPACITY : 0);
    this.tailView = new DataView(this.tail.buffer);
    this.tailU32 = new Uint32Array(this.tail.buffer);
    this.flusher = new WalFlusher(this, options);
  }

  /** The pages that records name. Before the first record. */
  attachPages(pages: LoggedPages): void {
    this.pages = pages;
  }

  /** Opens the log for writing behind its last whole record, as recovery found it. Before: flushedLsn is Infinity. */
  open(lsn: number, chain: number): void {
    this.insertLsn = lsn;
    this.chain = chain;
    this.flusher.open(lsn);
  }

  /** Everything before this is durable. */
  get flushedLsn(): number {
    return this.flusher.flushedLsn;
  }

  /** Everything before this is with the operating system. */
  get writtenLsn(): number {
    return this.flusher.writtenLsn;
  }

  get discards(): boolean {
    return !this.keepsBytes;
  }

  /** Why the log is broken, or null. */
  get failure(): SqlError | null {
    return this.flusher.failure;
  }

  /** Begins a record. Throws 53100 when there is no room for it on disk; nothing has happened then. */
  begin(kind: number, xid: number): void {
    assert(this.recordStart < 0, 'one record at a time');
    if (this.keepsBytes) {
      const mayUseReserve = this.urgent || kind === WAL_COMMIT || kind === WAL_ABORT || kind === WAL_CHECKPOINT;
      this.flusher.makeRoom(mayUseReserve);
      if (this.tailLength + WAL_RECORD_HEADER_SIZE > this.tail.length) this.growTail(WAL_RECORD_HEADER_SIZE);
    }
    this.recordStart = this.tailLength;
    this.tailLength += WAL_RECORD_HEADER_SIZE;
    this.recordKind = kind;
    this.recordXid = xid;
    this.touchedCount = 0;
  }

  /**
   * Bytes start..end (offsets in the page) of the page at base, as they are now. The first time since the redo point that a
   * page is named, its whole image is taken instead; what changes after that is still logged by the calls that follow.
   */
  pageRange(rel: LoggedRelation, pageNo: number, base: number, start: number, end: number): void {
    const first = this.touch(rel, pageNo, base);
    if (!this.keepsBytes) return;
    if (first && pageLsn(this.pages!.f64, base) <= this.redoLsn) {
      this.pages!.noteChanged(rel, pageNo);
      this.appendImage(rel.relId, pageNo, base);
      return;
    }
    // Whole words: a few bytes more of the same page are as true.
    const from = start & -4;
    this.appendItem(rel.relId, pageNo, packPageItem(PAGE_ITEM_RANGE, from, ((end + 3) & -4) - from));
    this.appendPageBytes(base, from, (end + 3) & -4);
  }

  /** The header fields that slot operations change. */
  pageHeader(rel: LoggedRelation, pageNo: number, base: number): void {
    this.pageRange(rel, pageNo, base, PAGE_HEADER_CHANGES_START, PAGE_HEADER_CHANGES_END);
  }

  /** The whole page as it is now, without the free space between lower and upper (whatever kind of page: keep them true). */
  pageImage(rel: LoggedRelation, pageNo: number, base: number): void {
    const first = this.touch(rel, pageNo, base);
    if (!this.keepsBytes) return;
    if (first && pageLsn(this.pages!.f64, base) <= this.redoLsn) this.pages!.noteChanged(rel, pageNo);
    this.appendImage(rel.relId, pageNo, base);
  }

  /**
   * The page was made by newPage (formatted, empty but for what follows): replay starts from a formatted page. Log what was
   * put into it with pageHeader and pageRange after this.
   */
  pageInit(rel: LoggedRelation, pageNo: number, base: number): void {
    const first = this.touch(rel, pageNo, base);
    assert(first, 'a page is made before its bytes are logged');
    if (!this.keepsBytes) return;
    this.pages!.noteChanged(rel, pageNo);
    this.appendItem(rel.relId, pageNo, packPageItem(PAGE_ITEM_INIT, 0, pageFlags(this.pages!.u16, base)));
  }

  /**
   * Something about the page, or a slot of it, that is not in its bytes: PAGE_NOTE_CHANGED and the others of page-items.ts. The
   * page itself is not touched, and need not be in memory.
   */
  pageNote(rel: LoggedRelation, pageNo: number, note: PageNote, slot: number): void {
    this.pages!.noteNamed(rel, pageNo);
    if (!this.keepsBytes) return;
    this.pages!.noteChanged(rel, pageNo);
    this.appendItem(rel.relId, pageNo, packPageItem(PAGE_ITEM_NOTE, slot, note));
  }

  u32(value: number): void {
    const at = this.reserve(4);
    if (at >= 0) this.tailView.setUint32(at, value, true);
  }

  f64(value: number): void {
    const at = this.reserve(8);
    if (at >= 0) this.tailView.setFloat64(at, value, true);
  }

  int64(value: number | bigint): void {
    const at = this.reserve(8);
    if (at >= 0) this.tailView.setBigInt64(at, BigInt(value), true);
  }

  /** bytes[start..end), with their length before them. */
  bytes(bytes: Uint8Array, start: number, end: number): void {
    const length = end - start;
    this.u32(length);
    const at = this.reserve((length + 3) & -4);
    if (at < 0) return;
    this.tail.set(start === 0 && end === bytes.length ? bytes : bytes.subarray(start, end), at);
    this.tail.fill(0, at + length, this.tailLength);
  }

  text(text: string): void {
    const bytes = Buffer.from(text, 'utf8');
    this.bytes(bytes, 0, bytes.length);
  }

  /** Ends the record: the named pages get its end as their LSN and are dirty. Answers that LSN. */
  end(): number {
    const start = this.recordStart;
    assert(start >= 0, 'a record was begun');
    if ((this.tailLength & 4) !== 0) this.u32(0);
    const length = this.tailLength - start;
    const endLsn = this.insertLsn + length;
    this.recordStart = -1;
    this.recordCount++;
    const pages = this.pages;
    for (let i = 0; i < this.touchedCount; i++) {
      const base = this.touched[i];
      setPageLsn(pages!.f64, base, this.stampsPages ? endLsn : 0);
      pages!.markDirty(base);
    }
    if (this.keepsBytes) {
      this.sealRecord(start, length);
      this.insertLsn = endLsn;
      this.flusher.onRecord(this.tailLength);
    } else {
      this.tailLength = 0;
      this.insertLsn = endLsn;
      this.flusher.discardTo(endLsn);
    }
    return endLsn;
  }

  /** Gives up the open record, for an error between begin and end. Its pages must not have changed. */
  cancel(): void {
    if (this.recordStart < 0) return;
    this.tailLength = this.recordStart;
    this.recordStart = -1;
  }

  /** Times the log was written and synced since the start. */
  get writeCount(): number {
    return this.flusher.writeCount;
  }

  get syncCount(): number {
    return this.flusher.syncCount;
  }

  /** Memory of the tail, and of what is being written. */
  get memoryBytes(): number {
    return this.tail.byteLength + this.flusher.memoryBytes;
  }

  /** `callback(error)` when everything before lsn is durable (or, with wal_sync = everysec, written); at once if it is. */
  requestFlush(lsn: number, callback: (error: SqlError | null) => void): void {
    this.flusher.requestFlush(lsn, callback);
  }

  /** The same, but durable whatever wal_sync says: what the pool waits for before it writes a page or removes a file. */
  requestDurable(lsn: number, callback: (error: SqlError | null) => void): void {
    this.flusher.requestFlush(lsn, callback, true);
  }

  /** Returns when everything before lsn is durable. Throws 53100 or the log's failure. */
  flushSync(lsn: number): void {
    this.flusher.flushSync(lsn);
  }

  /** synchronous_commit = off: everything up to now is durable at most 200 ms later, with nobody waiting. */
  flushSoon(): void {
    this.flusher.flushSoon();
  }

  /**
   * Ends the segment, so that it can be archived; everything before is durable then. Answers where it ended; of a segment that
   * holds nothing yet, where it begins. Throws 53100, or the log's failure.
   */
  switchSegment(): number {
    if (!this.keepsBytes || this.insertLsn % WAL_SEGMENT_SIZE === 0) return this.insertLsn;
    this.flusher.flushSync(this.insertLsn);
    const { insertLsn, chain } = this;
    this.begin(WAL_SWITCH, 0);
    const end = this.end();
    try {
      this.flusher.flushSync(end);
    } catch (error) {
      // Nothing may follow the record but the next segment: without room for it, it never was.
      this.tailLength -= end - insertLsn;
      this.insertLsn = insertLsn;
      this.chain = chain;
      throw error;
    }
    const next = nextSegment(end);
    this.flusher.skipTo(end, next);
    this.insertLsn = next;
    return end;
  }

  /** A complete segment stays as it is, whatever crashes: before it is copied. Throws what the disk says. */
  sealSegment(start: number): void {
    this.flusher.sealSegment(start);
  }

  /** Segments wholly below lsn are recycled or removed. */
  removeBefore(lsn: number): void {
    this.flusher.removeBefore(lsn);
  }

  /** Flushes all and closes the files. */
  close(): void {
    this.flusher.close();
  }

  /** As if the process had died. */
  abandon(): void {
    this.flusher.abandon();
  }

  /**
   * For the flusher: hands over the tail's bytes (whole records) and goes on in `replacement`. The bytes belong to the LSNs
   * insertLsn - length .. insertLsn.
   */
  exchangeTail(replacement: Uint8Array<ArrayBuffer>): { bytes: Uint8Array<ArrayBuffer>; length: number } {
    assert(this.recordStart < 0, 'a flush stands between records');
    const taken = { bytes: this.tail, length: this.tailLength };
    this.useTail(replacement);
    this.tailLength = 0;
    return taken;
  }

  /** For the flusher: the tail's bytes in place, for a synchronous write. */
  peekTail(): { bytes: Uint8Array<ArrayBuffer>; length: number } {
    assert(this.recordStart < 0, 'a flush stands between records');
    return { bytes: this.tail, length: this.tailLength };
  }

  /** For the flusher: the tail has been written. */
  clearTail(): void {
    this.tailLength = 0;
  }

  /** True when this record names the page for the first time. */
  private touch(rel: LoggedRelation, pageNo: number, base: number): boolean {
    const touched = this.touched;
    for (let i = 0; i < this.touchedCount; i++) if (touched[i] === base) return false;
    const u32 = this.pages!.u32;
    assert(
      pageRelationId(u32, base) === rel.relId && pageNumber(u32, base) === pageNo,
      'the page is where the caller says',
    );
    touched[this.touchedCount++] = base;
    this.pages!.noteTouched(rel, pageNo);
    return true;
  }

  private appendItem(relationId: number, pageNo: number, packed: number): void {
    const at = this.reserve(12) >>> 2;
    const words = this.tailU32;
    words[at] = relationId;
    words[at + 1] = pageNo;
    words[at + 2] = packed;
  }

  private appendImage(relationId: number, pageNo: number, base: number): void {
    const u16 = this.pages!.u16;
    const lower = (pageLower(u16, base) + 3) & -4;
    const upper = pageUpper(u16, base) & -4;
    assert(lower <= upper && upper <= PAGE_SIZE, 'the page has a header');
    this.appendItem(relationId, pageNo, packPageItem(PAGE_ITEM_IMAGE, lower, upper));
    this.appendPageBytes(base, 0, lower);
    this.appendPageBytes(base, upper, PAGE_SIZE);
    this.imageBytes += lower + PAGE_SIZE - upper;
    this.imageCount++;
  }

  /** start and end are multiples of 4. */
  private appendPageBytes(base: number, start: number, end: number): void {
    const length = end - start;
    const at = this.reserve(length);
    if (length > COPY_BY_WORD_MAX) {
      this.tail.set(this.pages!.u8.subarray(base + start, base + end), at);
      return;
    }
    const source = this.pages!.u32;
    const target = this.tailU32;
    let to = at >>> 2;
    const last = (base + end) >>> 2;
    for (let from = (base + start) >>> 2; from < last; from++) target[to++] = source[from];
  }

  /** Makes `count` more bytes (a multiple of 4) part of the record; answers their offset, or -1 when bytes are not kept. */
  private reserve(count: number): number {
    if (!this.keepsBytes) {
      this.tailLength += count;
      return -1;
    }
    const at = this.tailLength;
    if (at + count > this.tail.length) this.growTail(count);
    this.tailLength = at + count;
    return at;
  }

  private growTail(count: number): void {
    const needed = this.tailLength + count;
    let capacity = this.tail.length * 2;
    while (capacity < needed) capacity *= 2;
    const grown = new Uint8Array(capacity);
    grown.set(this.tail.subarray(0, this.tailLength));
    this.useTail(grown);
  }

  private useTail(buffer: Uint8Array<ArrayBuffer>): void {
    this.tail = buffer;
    this.tailView = new DataView(buffer.buffer);
    this.tailU32 = new Uint32Array(buffer.buffer);
  }

  private sealRecord(start: number, length: number): void {
    assert(length <= WAL_RECORD_SIZE_MAX, 'a log record has a bounded size');
    const view = this.tailView;
    view.setUint32(start, length, true);
    view.setFloat64(start + 8, this.insertLsn, true);
    view.setFloat64(start + 16, this.recordXid, true);
    this.tailU32[(start + 24) >>> 2] = this.recordKind;
    // How far back the durable log ends, for who must tell a torn tail from damage (lost-log.ts).
    const back = (this.insertLsn - this.flusher.flushedLsn) / 8 + 1;
    this.tailU32[(start + 28) >>> 2] = back <= DURABLE_BACK_MAX ? back : 0;
    const chain = crc32(this.tail, start + 8, start + length, this.chain);
    this.tailU32[(start + 4) >>> 2] = chain;
    this.chain = chain;
  }
}
