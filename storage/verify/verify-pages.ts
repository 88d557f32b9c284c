/**
 * Every page of every relation as recovery would leave it: checksum, identity, slot structure; rows, the places of moved ones,
 * the versions that undo will need.
 *
 * Invariants of heaps and of the version store by their numbers there (heap.ts, version-store.ts).
 */
import { type BufferPool, holderOf, type RelationPages } from '../buffer/index.ts';
import {
  NO_VERSION,
  ROW_DELETED,
  ROW_FLAGS_OFFSET,
  ROW_FORWARD_OFFSET,
  ROW_FORWARD_SIZE,
  ROW_FORWARDED,
  ROW_HEADER_ONLY,
  ROW_HEADER_SIZE,
  ROW_MOVED_IN,
  ROW_PREVIOUS_PAGE_OFFSET,
  ROW_PREVIOUS_SLOT_OFFSET,
  ROW_SLOT_BITS,
  ROW_SLOT_MASK,
  VERSION_PREFIX_SIZE,
} from '../heap/index.ts';
import { type File, type FileSystem, fileError } from '../io/index.ts';
import { PAGE_SIZE } from '../limits.ts';
import {
  checkPage,
  PAGE_KIND_HEAP,
  PAGE_KIND_VERSIONS,
  pageFlags,
  pageNumber,
  pageRelationId,
  pageSlotCount,
  slotCapacity,
  slotOffset,
  verifyPageChecksum,
} from '../page/index.ts';
import type { VerifyReport } from './report.ts';

/** What the owner of row bytes knows to be wrong with a live row, or null. `row`: its byte offset in the pool. */
export type RowCheck = (pages: PageAccess, row: number) => string | null;

/** Pages for a RowCheck, which may look at other relations' too. */
export interface PageAccess {
  readonly pool: BufferPool;
  /** Byte offset of the row in a used slot, -1 if there is none. Valid until the next call. */
  rowAt(relId: number, rowId: number): number;
}

export interface PagesOptions {
  readonly pool: BufferPool;
  /** To say what is wrong with a page that cannot be read. */
  readonly fileSystem: FileSystem;
  readonly versionsRelId: number;
  /** The first xid that was never given out. */
  readonly nextXid: number;
  /** The transaction never committed: the next start undoes its versions. */
  readonly isLost: (xid: number) => boolean;
  readonly rowCheckOf: (relId: number) => RowCheck | null;
  readonly report: VerifyReport;
}

export function verifyPages(options: PagesOptions): void {
  const relations = [...options.pool.allRelations()].sort((a, b) => a.relId - b.relId);
  for (const relation of relations) {
    // What of it is still needed is looked at where it is missing.
    if (relation.isRetired) continue;
    options.report.counts.relations++;
    if (relation.relId === options.versionsRelId) new RelationCheck(options, relation).versions();
    else new RelationCheck(options, relation).heap();
  }
}

/** Where recovery cannot be run: each page on disk as it is, by its checksum. */
export function verifyRawPages(fileSystem: FileSystem, directory: string, report: VerifyReport): void {
  const words = new Uint32Array(PAGE_SIZE / 4);
  const bytes = new Uint8Array(words.buffer);
  for (const name of fileSystem.list(`${directory}/base`)) {
    if (!/^[0-9]+$/.test(name)) continue;
    const file = fileSystem.open(`${directory}/base/${name}`, 'read');
    report.counts.relations++;
    for (let pageNo = 0; file.readSync(bytes, 0, PAGE_SIZE, pageNo * PAGE_SIZE) === PAGE_SIZE; pageNo++) {
      report.counts.pages++;
      const fault = identityFault(bytes, words, Number(name), pageNo);
      if (fault !== null)
        report.problem({ file: `base/${name}`, block: pageNo, message: `${fault} (without the log)` });
    }
    file.close();
  }
}

function identityFault(bytes: Uint8Array, words: Uint32Array, relId: number, pageNo: number): string | null {
  if (!verifyPageChecksum(bytes, 0)) return 'its checksum is wrong';
  const [foundRelId, foundNo] = [pageRelationId(words, 0), pageNumber(words, 0)];
  return foundRelId === relId && foundNo === pageNo ? null : `it is page ${foundNo} of relation ${foundRelId}`;
}

class RelationCheck implements PageAccess {
  readonly pool: BufferPool;
  private readonly options: PagesOptions;
  private readonly relation: RelationPages;
  private readonly report: VerifyReport;
  private readonly file: string;
  private readonly rowCheck: RowCheck | null;
  /** Places of moved rows that were met, and that home slots name. */
  private readonly places = new Set<number>();
  private readonly named = new Map<number, number>();
  /** Pages that were told of already. */
  private readonly damaged = new Set<number>();

  constructor(options: PagesOptions, relation: RelationPages) {
    this.options = options;
    this.pool = options.pool;
    this.relation = relation;
    this.report = options.report;
    this.file = `base/${relation.relId}`;
    this.rowCheck = options.rowCheckOf(relation.relId);
  }

  versions(): void {
    for (let pageNo = 0; pageNo < this.relation.pageCount; pageNo++) {
      const base = this.page(pageNo, PAGE_KIND_VERSIONS);
      if (base >= 0) this.report.counts.oldVersions += pageSlotCount(this.pool.u16, base);
    }
  }

  heap(): void {
    const { pool } = this;
    for (let pageNo = 0; pageNo < this.relation.pageCount; pageNo++) {
      let base = this.page(pageNo, PAGE_KIND_HEAP);
      if (base < 0) continue;
      const count = pageSlotCount(pool.u16, base);
      for (let slot = 0; slot < count; slot++) {
        // Looking at one row may have sent the page away.
        base = pool.frameBaseSync(holderOf(this.relation, pageNo), pageNo);
        const offset = slotOffset(pool.u16, base, slot);
        if (offset === 0) continue;
        const fault = this.row(((pageNo << ROW_SLOT_BITS) + slot) >>> 0, base, base + offset);
        if (fault !== null) this.report.problem({ file: this.file, block: pageNo, message: `slot ${slot}: ${fault}` });
      }
    }
    this.checkPlaces();
  }

  rowAt(relId: number, rowId: number): number {
    const { pool } = this;
    const relation = pool.relation(relId);
    const pageNo = rowId >>> ROW_SLOT_BITS;
    if (relation === undefined || pageNo >= relation.pageCount) return -1;
    const base = pool.frameBaseSync(holderOf(relation, pageNo), pageNo);
    const slot = rowId & ROW_SLOT_MASK;
    if (base < 0 || checkPage(pool, base) !== null || slot >= pageSlotCount(pool.u16, base)) return -1;
    const offset = slotOffset(pool.u16, base, slot);
    return offset === 0 ? -1 : base + offset;
  }

  /** Byte offset of a page that is whole, -1 after it was reported. */
  private page(pageNo: number, kind: number): number {
    const { pool, relation } = this;
    this.report.counts.pages++;
    const holder = holderOf(relation, pageNo);
    const base = pool.frameBaseSync(holder, pageNo);
    if (base < 0) return this.bad(pageNo, this.readFault(holder.relId, pageNo));
    const fault = checkPage(pool, base);
    if (fault !== null) return this.bad(pageNo, fault);
    const found = pageFlags(pool.u16, base) & 255;
    // 0: made by recovery, in place of a page that was never logged.
    if (found !== kind && found !== 0) return this.bad(pageNo, `kind ${found} instead of ${kind}`);
    return base;
  }

  private bad(pageNo: number, message: string): number {
    this.damaged.add(pageNo);
    this.report.problem({ file: this.file, block: pageNo, message });
    return -1;
  }

  /** Why a page cannot be read. */
  private readFault(relId: number, pageNo: number): string {
    const path = this.pool.files.pathOf(relId);
    const words = new Uint32Array(PAGE_SIZE / 4);
    const bytes = new Uint8Array(words.buffer);
    let file: File;
    try {
      file = this.options.fileSystem.open(path, 'read');
    } catch (error) {
      return (error as Error).message;
    }
    try {
      const count = file.readSync(bytes, 0, PAGE_SIZE, pageNo * PAGE_SIZE);
      if (count < PAGE_SIZE) return `only ${count} of ${PAGE_SIZE} bytes are there`;
      return identityFault(bytes, words, relId, pageNo) ?? 'the log needs it, and has no image of it';
    } catch (error) {
      return fileError('read', path, error).message;
    } finally {
      file.close();
    }
  }

  /** What is wrong with the row in a slot, or null. */
  private row(rowId: number, base: number, row: number): string | null {
    const { pool, report } = this;
    const slot = rowId & ROW_SLOT_MASK;
    const flags = pool.u8[row + ROW_FLAGS_OFFSET];
    const capacity = slotCapacity(pool.u16, base, slot);
    if (capacity < ROW_HEADER_SIZE) return `${capacity} bytes hold no row header`;
    if ((flags & (ROW_HEADER_ONLY | 0xf0)) !== 0) return `row flags ${flags}`;
    if ((flags & ROW_MOVED_IN) !== 0) {
      if ((flags & ROW_FORWARDED) !== 0) return 'a place that forwards';
      // Of a page that is to be copied yet, only places of rows that live come along.
      if (!this.isMissing(rowId >>> ROW_SLOT_BITS)) this.places.add(rowId);
      return null;
    }
    report.counts.rows++;
    if ((flags & ROW_FORWARDED) === 0) {
      return this.newest(row);
    }
    if (capacity < ROW_FORWARD_SIZE) return `${capacity} bytes hold no forward`;
    report.counts.movedRows++;
    const placeId = pool.u32[(row + ROW_FORWARD_OFFSET) >>> 2];
    if (this.damaged.has(placeId >>> ROW_SLOT_BITS) || this.staysBehind(rowId, placeId)) return null;
    const before = this.named.get(placeId);
    if (before !== undefined) return `forwards to ${placeOf(placeId)}, as ${placeOf(before)} does`;
    this.named.set(placeId, rowId);
    const place = this.rowAt(this.relation.relId, placeId);
    if (place < 0) return `forwards to ${placeOf(placeId)}, where no row is`;
    if ((pool.u8[place + ROW_FLAGS_OFFSET] & ROW_MOVED_IN) === 0)
      return `forwards to ${placeOf(placeId)}, which is no place of a moved row`;
    return this.newest(place);
  }

  /** The relation is a copy that has the page from its source, when it is wanted. */
  private isMissing(pageNo: number): boolean {
    return this.relation.copyOf?.isMissing(pageNo) === true;
  }

  /**
   * The row was deleted in a copy's source before the copy was made, and is left out when the page of its home comes (heap/page-copy.ts). The page of its
   * place may have come already, without it, and have another row there.
   */
  private staysBehind(rowId: number, placeId: number): boolean {
    const isDeletedPlace = ROW_MOVED_IN | ROW_DELETED;
    let { copyOf } = this.relation;
    // A source may be a copy itself.
    for (; copyOf?.isMissing(rowId >>> ROW_SLOT_BITS) === true; copyOf = copyOf.source.copyOf) {
      const place = this.rowAt(copyOf.source.relId, placeId);
      if (place >= 0 && (this.pool.u8[place + ROW_FLAGS_OFFSET] & isDeletedPlace) === isDeletedPlace) return true;
    }
    return false;
  }

  /** The newest version of a row, wherever it stands, and below it as far as undo will go. */
  private newest(row: number): string | null {
    const { pool } = this;
    const { isLost, versionsRelId } = this.options;
    const deleted = (pool.u8[row + ROW_FLAGS_OFFSET] & ROW_DELETED) !== 0;
    let xid = pool.f64[row >>> 3];
    if (!this.isXid(xid)) return `xid ${xid}`;
    if (!isLost(xid)) {
      if (deleted || this.rowCheck === null) return null;
      pool.pin(row);
      try {
        return this.rowCheck(this, row);
      } finally {
        pool.unpin(row);
      }
    }
    let page = pool.u32[(row + ROW_PREVIOUS_PAGE_OFFSET) >>> 2];
    let slot = pool.u16[(row + ROW_PREVIOUS_SLOT_OFFSET) >>> 1];
    for (let depth = 0; page !== NO_VERSION && isLost(xid); depth++) {
      const where = `version ${page}.${slot}`;
      const entry = this.rowAt(versionsRelId, ((page << ROW_SLOT_BITS) + slot) >>> 0);
      if (entry < 0) return `never committed, and ${where}, which it replaced, is not there`;
      if (pool.u32[(entry + 4) >>> 2] !== this.relation.relId)
        return `never committed, and ${where}, which it replaced, is of relation ${pool.u32[(entry + 4) >>> 2]}`;
      const version = entry + VERSION_PREFIX_SIZE;
      xid = pool.f64[version >>> 3];
      if (!this.isXid(xid)) return `${where} has xid ${xid}`;
      page = pool.u32[(version + ROW_PREVIOUS_PAGE_OFFSET) >>> 2];
      slot = pool.u16[(version + ROW_PREVIOUS_SLOT_OFFSET) >>> 1];
      if (depth > VERSIONS_MAX) return 'its old versions go round in a circle';
    }
    return null;
  }

  private isXid(xid: number): boolean {
    return Number.isSafeInteger(xid) && xid > 0 && xid < this.options.nextXid;
  }

  /** Each place has one home; one that has none was left by a server that stopped before its sweep. */
  private checkPlaces(): void {
    for (const placeId of this.places) {
      if (this.named.has(placeId) || this.damaged.size > 0) continue;
      const message = `slot ${placeId & ROW_SLOT_MASK}: a moved row's place that no row names; the next start frees it`;
      this.report.note({ file: this.file, block: placeId >>> ROW_SLOT_BITS, message });
    }
  }
}

/** A longer chain of lost versions would not fit in any version store that is read. */
const VERSIONS_MAX = 10_000_000;

function placeOf(rowId: number): string {
  return `block ${rowId >>> ROW_SLOT_BITS} slot ${rowId & ROW_SLOT_MASK}`;
}
