/**
 * Reads the log from an LSN to its last whole record. A record counts when its length is possible, its LSN is its own
 * position and its CRC continues the chain; the first that does not is the end, and the reason is reported.
 */
import type { File, FileSystem } from '../io/index.ts';
import { WAL_RECORD_HEADER_SIZE, WAL_RECORD_SIZE_MAX, WAL_SEGMENT_SIZE } from '../limits.ts';
import { crc32 } from '../page/index.ts';
import { WAL_SWITCH, WalRecord } from './records.ts';
import { nextSegment, walSegmentName } from './segments.ts';

export type WalEndReason =
  | 'end of log'
  | 'missing segment'
  | 'segment ends early'
  | 'impossible length'
  | 'bytes of another position'
  | 'wrong checksum';

export interface WalEnd {
  /** Behind the last whole record. */
  readonly lsn: number;
  /** Where the files had no more: behind lsn, if the last record begins in one segment and the next is missing. */
  readonly filledLsn: number;
  /** Its CRC: with it the chain goes on. */
  readonly chain: number;
  readonly reason: WalEndReason;
  readonly recordCount: number;
}

export interface WalReadOptions {
  readonly fileSystem: Pick<FileSystem, 'exists' | 'open'>;
  readonly directory: string;
  readonly fromLsn: number;
  /** CRC of the record before fromLsn; null takes the first record's own word for it (for dumps). */
  readonly chain: number | null;
  /** Records from here on are not read. */
  readonly toLsn?: number;
}

const READ_SIZE = 1024 * 1024;

/** Calls `visit` for each record in order; the record object and its bytes are valid only during the call. */
export function readWal(options: WalReadOptions, visit: (record: WalRecord) => void): WalEnd {
  const stream = new SegmentStream(options);
  const record = new WalRecord();
  let chain = options.chain;
  let recordCount = 0;
  const toLsn = options.toLsn ?? Number.POSITIVE_INFINITY;
  const end = (reason: WalEndReason): WalEnd => {
    stream.close();
    return { lsn: stream.lsn, filledLsn: stream.filledLsn, chain: chain ?? 0, reason, recordCount };
  };
  try {
    for (;;) {
      if (stream.lsn >= toLsn) return end('end of log');
      if (!stream.need(WAL_RECORD_HEADER_SIZE)) {
        return end(
          stream.has(4) && stream.view.getUint32(stream.position, true) !== 0 ? 'segment ends early' : stream.reason,
        );
      }
      const length = stream.view.getUint32(stream.position, true);
      if (length === 0) return end('end of log');
      if (length < WAL_RECORD_HEADER_SIZE || length % 8 !== 0 || length > WAL_RECORD_SIZE_MAX)
        return end('impossible length');
      if (stream.view.getFloat64(stream.position + 8, true) !== stream.lsn) return end('bytes of another position');
      if (!stream.need(length)) return end(stream.reason);
      const start = stream.position;
      const crc = stream.view.getUint32(start + 4, true);
      if (chain !== null && crc32(stream.u8, start + 8, start + length, chain) !== crc) return end('wrong checksum');
      record.kind = stream.u8[start + 24];
      record.crc = crc;
      record.xid = stream.view.getFloat64(start + 16, true);
      record.lsn = stream.lsn;
      const back = stream.view.getUint32(start + 28, true);
      record.durableLsn = back === 0 ? 0 : stream.lsn - (back - 1) * 8;
      record.endLsn = record.kind === WAL_SWITCH ? nextSegment(stream.lsn + length) : stream.lsn + length;
      record.u8 = stream.u8;
      record.view = stream.view;
      record.position = start + WAL_RECORD_HEADER_SIZE;
      record.end = start + length;
      visit(record);
      chain = crc;
      recordCount++;
      if (record.kind === WAL_SWITCH) stream.jump(record.endLsn);
      else stream.advance(length);
    }
  } finally {
    stream.close();
  }
}

/** A window over the segments' bytes that slides forward. */
class SegmentStream {
  u8 = new Uint8Array(2 * READ_SIZE);
  view = new DataView(this.u8.buffer);
  /** Of `lsn`, in u8. Always a multiple of 8. */
  position = 0;
  lsn: number;
  reason: WalEndReason = 'end of log';
  private filled = 0;
  private readonly options: WalReadOptions;
  private file: File | null = null;
  private fileStart = -1;

  constructor(options: WalReadOptions) {
    this.options = options;
    this.lsn = options.fromLsn;
  }

  get filledLsn(): number {
    return this.lsn - this.position + this.filled;
  }

  has(count: number): boolean {
    return this.filled - this.position >= count;
  }

  /** Makes sure that `count` bytes from the position are in the window; false, with `reason`, where the files end. */
  need(count: number): boolean {
    while (!this.has(count)) {
      if (this.position > 0 && this.position + Math.max(count, READ_SIZE) > this.u8.length) this.slide();
      if (this.position + count > this.u8.length || this.filled === this.u8.length) this.enlarge(count);
      if (!this.fill()) return false;
    }
    return true;
  }

  advance(count: number): void {
    this.position += count;
    this.lsn += count;
  }

  /** Goes on at a later LSN; what lies between is not read. */
  jump(lsn: number): void {
    const count = lsn - this.lsn;
    if (this.has(count)) {
      this.advance(count);
      return;
    }
    this.filled = 0;
    this.position = 0;
    this.lsn = lsn;
  }

  close(): void {
    this.file?.close();
    this.file = null;
  }

  private slide(): void {
    this.u8.copyWithin(0, this.position, this.filled);
    this.filled -= this.position;
    this.position = 0;
  }

  private enlarge(count: number): void {
    const larger = new Uint8Array(Math.max(this.u8.length * 2, (this.position + count + 7) & -8));
    larger.set(this.u8.subarray(0, this.filled));
    this.u8 = larger;
    this.view = new DataView(larger.buffer);
  }

  private fill(): boolean {
    const at = this.filledLsn;
    const offset = at % WAL_SEGMENT_SIZE;
    if (this.file === null || this.fileStart !== at - offset) {
      this.close();
      const path = `${this.options.directory}/${walSegmentName(at - offset)}`;
      if (!this.options.fileSystem.exists(path)) {
        this.reason = 'missing segment';
        return false;
      }
      this.file = this.options.fileSystem.open(path, 'read');
      this.fileStart = at - offset;
    }
    const length = Math.min(READ_SIZE, this.u8.length - this.filled, WAL_SEGMENT_SIZE - offset);
    const count = this.file.readSync(this.u8, this.filled, length, offset);
    this.filled += count;
    if (count === 0) this.reason = 'segment ends early';
    return count > 0;
  }
}
