/**
 * Log records: their header, their kinds, and the bodies of all kinds but PAGES (page-items.ts).
 *
 * A record, little endian, begins at an LSN that is a multiple of 8 (an LSN is a byte position in the endless log):
 *
 * | offset | size | field |
 * | 0  | 4 | length of the whole record, header and padding included; a multiple of 8; 0 = the log ends here |
 * | 4  | 4 | CRC-32 of bytes 8..length, continued from the CRC of the record before |
 * | 8  | 8 | LSN of the record (f64) |
 * | 16 | 8 | xid (f64), 0 where there is none |
 * | 24 | 1 | kind |
 * | 25 | 3 | zero |
 * | 28 | 4 | how far before this record the log was durable when it was made: bytes / 8 + 1; 0 = not known |
 * | 32 | n | body, padded with zeros to a multiple of 8 |
 *
 * The chained CRC ties a record to the whole log before it: what an earlier life of the server wrote behind the end of the
 * log (a torn flush, a recycled segment) can never be taken for a continuation of what a later life writes.
 *
 * Bodies are made with wal.u32, wal.f64, wal.int64 and wal.bytes, and read with the same calls in the same order on a
 * WalRecord. Fields keep to multiples of 4 bytes.
 */
import { assert } from '../../types/assert.ts';
import { WAL_RECORD_HEADER_SIZE } from '../limits.ts';
import type { Wal } from './wal.ts';

/** Byte ranges of pages. */
export const WAL_PAGES = 1;
/** A transaction's end: its xids, CSN, time, and the relations that are gone with it. */
export const WAL_COMMIT = 2;
/** A transaction's rollback is complete (its undo is in PAGES records before this one). */
export const WAL_ABORT = 3;
/** A catalog entry: key, bytes or null. */
export const WAL_CATALOG = 4;
export const WAL_SEQUENCE = 5;
export const WAL_RELATION_CREATE = 6;
export const WAL_RELATION_DROP = 7;
export const WAL_RELATION_TRUNCATE = 8;
export const WAL_CHECKPOINT = 9;
/** The segment ends here: the next record begins with the next segment, whatever lies between. */
export const WAL_SWITCH = 10;
/** A restore ended its replay here: what follows is the log of another timeline (timeline.ts). */
export const WAL_TIMELINE = 11;
/** The relation becomes a copy of another, page by page: until the log has an image of a page, it is the other's (buffer/relation-copy.ts). */
export const WAL_RELATION_COPY = 12;
/** Kinds from here to 255 are the callers' own; recovery hands them to its handler's onRecord. */
export const WAL_KIND_CALLER_FIRST = 32;

/** A record as a reader shows it: one object for all records, its bytes valid only during the visit. */
export class WalRecord {
  kind = 0;
  xid = 0;
  /** Where the record begins, and where the next one does (= the LSN that its pages got). */
  lsn = 0;
  endLsn = 0;
  /** The log was durable up to here when the record was made; 0 if it does not say. */
  durableLsn = 0;
  /** With it the chain goes on. */
  crc = 0;
  u8: Uint8Array = new Uint8Array(0);
  view: DataView = new DataView(this.u8.buffer);
  /** The body: u8[position..end); the calls below move position. */
  position = 0;
  end = 0;

  /** Of the record, header and padding included. */
  get length(): number {
    return this.end - this.position + WAL_RECORD_HEADER_SIZE;
  }

  get atEnd(): boolean {
    return this.position >= this.end;
  }

  u32(): number {
    this.need(4);
    const value = this.view.getUint32(this.position, true);
    this.position += 4;
    return value;
  }

  f64(): number {
    this.need(8);
    const value = this.view.getFloat64(this.position, true);
    this.position += 8;
    return value;
  }

  int64(): number | bigint {
    this.need(8);
    const low = this.view.getUint32(this.position, true);
    const high = this.view.getInt32(this.position + 4, true);
    this.position += 8;
    const value = high * 2 ** 32 + low;
    return Number.isSafeInteger(value) ? value : (BigInt(high) << 32n) | BigInt(low);
  }

  /** A copy. */
  bytes(): Uint8Array {
    const length = this.u32();
    this.need(length);
    const copy = this.u8.slice(this.position, this.position + length);
    this.position += (length + 3) & -4;
    return copy;
  }

  text(): string {
    return Buffer.from(this.bytes()).toString('utf8');
  }

  private need(count: number): void {
    assert(this.position + count <= this.end, 'a log record body is as long as its fields');
  }
}

export interface CommitBody {
  readonly xids: readonly number[];
  readonly csn: number;
  /** Microseconds since 2000-01-01 UTC. */
  readonly timestamp: number;
  /** Relations dropped by the transaction: gone once this record is in the log. */
  readonly droppedRelations: readonly number[];
  /** Relation, rows more (or less) by the transaction: for those where it is not zero. */
  readonly rowChanges: readonly (readonly [number, number])[];
}

/** `rowChanges`: relation, change, relation, change ... They are the record's end, so that most records pay nothing for them. */
export function logCommit(
  wal: Wal,
  xids: ArrayLike<number>,
  csn: number,
  timestamp: number,
  droppedRelations: ArrayLike<number>,
  rowChanges: ArrayLike<number> = [],
): number {
  wal.begin(WAL_COMMIT, xids.length > 0 ? xids[0] : 0);
  wal.f64(csn);
  wal.f64(timestamp);
  wal.u32(xids.length);
  wal.u32(droppedRelations.length);
  for (let i = 0; i < xids.length; i++) wal.f64(xids[i]);
  for (let i = 0; i < droppedRelations.length; i++) wal.u32(droppedRelations[i]);
  for (let i = 0; i < rowChanges.length; i += 2) {
    if (rowChanges[i + 1] === 0) continue;
    wal.u32(rowChanges[i]);
    wal.u32(rowChanges[i + 1] >>> 0);
  }
  return wal.end();
}

export function readCommit(record: WalRecord): CommitBody {
  const csn = record.f64();
  const timestamp = record.f64();
  const xidCount = record.u32();
  const dropCount = record.u32();
  const xids: number[] = [];
  const droppedRelations: number[] = [];
  for (let i = 0; i < xidCount; i++) xids.push(record.f64());
  for (let i = 0; i < dropCount; i++) droppedRelations.push(record.u32());
  // What may be left without them is one word of padding.
  const rowChanges = record.end - record.position >= 8 ? readRowChanges(record) : NO_ROW_CHANGES;
  return { xids, csn, timestamp, droppedRelations, rowChanges };
}

const NO_ROW_CHANGES: CommitBody['rowChanges'] = [];

function readRowChanges(record: WalRecord): CommitBody['rowChanges'] {
  const rowChanges: [number, number][] = [];
  while (record.end - record.position >= 8) rowChanges.push([record.u32(), record.u32() | 0]);
  return rowChanges;
}

export function logAbort(wal: Wal, xids: ArrayLike<number>): number {
  wal.begin(WAL_ABORT, xids.length > 0 ? xids[0] : 0);
  wal.u32(xids.length);
  wal.u32(0);
  for (let i = 0; i < xids.length; i++) wal.f64(xids[i]);
  return wal.end();
}

export function readAbort(record: WalRecord): number[] {
  const count = record.u32();
  record.u32();
  const xids: number[] = [];
  for (let i = 0; i < count; i++) xids.push(record.f64());
  return xids;
}

export interface TimelineBody {
  readonly timeline: number;
  readonly parent: number;
}

/** `identity`: random, so that two restores to one place have logs that cannot be taken for each other. */
export function logTimeline(wal: Wal, { timeline, parent }: TimelineBody, identity: number): number {
  wal.begin(WAL_TIMELINE, 0);
  wal.u32(timeline);
  wal.u32(parent);
  wal.f64(identity);
  return wal.end();
}

export function readTimeline(record: WalRecord): TimelineBody {
  return { timeline: record.u32(), parent: record.u32() };
}

/** `bytes` null: the entry is removed. */
export function logCatalog(wal: Wal, xid: number, key: string, bytes: Uint8Array | null): number {
  wal.begin(WAL_CATALOG, xid);
  wal.text(key);
  wal.u32(bytes === null ? 0 : 1);
  if (bytes !== null) wal.bytes(bytes, 0, bytes.length);
  return wal.end();
}

export function readCatalog(record: WalRecord): { key: string; bytes: Uint8Array | null } {
  const key = record.text();
  return { key, bytes: record.u32() === 0 ? null : record.bytes() };
}

/** A sequence's (or another counter's) logged state; isCalled as in PostgreSQL. */
export function logSequence(wal: Wal, id: number, lastValue: number | bigint, isCalled: boolean): number {
  wal.begin(WAL_SEQUENCE, 0);
  wal.u32(id);
  wal.u32(isCalled ? 1 : 0);
  wal.int64(lastValue);
  return wal.end();
}

export function readSequence(record: WalRecord): { id: number; lastValue: number | bigint; isCalled: boolean } {
  const id = record.u32();
  const isCalled = record.u32() !== 0;
  return { id, isCalled, lastValue: record.int64() };
}

/** The relation exists from here on, without pages. `xid`: whose rollback (or missing commit) undoes it; 0 for nobody's. */
export function logRelationCreate(wal: Wal, xid: number, relationId: number): number {
  return logRelation(wal, WAL_RELATION_CREATE, xid, relationId, 0);
}

/** The relation is gone, whatever becomes of any transaction. */
export function logRelationDrop(wal: Wal, relationId: number): number {
  return logRelation(wal, WAL_RELATION_DROP, 0, relationId, 0);
}

export function logRelationTruncate(wal: Wal, relationId: number, pageCount: number): number {
  return logRelation(wal, WAL_RELATION_TRUNCATE, 0, relationId, pageCount);
}

function logRelation(wal: Wal, kind: number, xid: number, relationId: number, pageCount: number): number {
  wal.begin(kind, xid);
  wal.u32(relationId);
  wal.u32(pageCount);
  return wal.end();
}

/** After its creation: it begins with so many pages, which are those of the source. */
export function logRelationCopy(
  wal: Wal,
  xid: number,
  relationId: number,
  sourceId: number,
  pageCount: number,
): number {
  wal.begin(WAL_RELATION_COPY, xid);
  wal.u32(relationId);
  wal.u32(pageCount);
  wal.u32(sourceId);
  wal.u32(0);
  return wal.end();
}

export interface RelationCopyBody {
  readonly relationId: number;
  readonly pageCount: number;
  readonly sourceId: number;
}

export function readRelationCopy(record: WalRecord): RelationCopyBody {
  return { relationId: record.u32(), pageCount: record.u32(), sourceId: record.u32() };
}

export function readRelation(record: WalRecord): { relationId: number; pageCount: number } {
  return { relationId: record.u32(), pageCount: record.u32() };
}

export function walKindName(kind: number): string {
  switch (kind) {
    case WAL_PAGES:
      return 'PAGES';
    case WAL_COMMIT:
      return 'COMMIT';
    case WAL_ABORT:
      return 'ABORT';
    case WAL_CATALOG:
      return 'CATALOG';
    case WAL_SEQUENCE:
      return 'SEQUENCE';
    case WAL_RELATION_CREATE:
      return 'RELATION_CREATE';
    case WAL_RELATION_DROP:
      return 'RELATION_DROP';
    case WAL_RELATION_TRUNCATE:
      return 'RELATION_TRUNCATE';
    case WAL_CHECKPOINT:
      return 'CHECKPOINT';
    case WAL_SWITCH:
      return 'SWITCH';
    case WAL_TIMELINE:
      return 'TIMELINE';
    case WAL_RELATION_COPY:
      return 'RELATION_COPY';
    default:
      return `KIND_${kind}`;
  }
}
