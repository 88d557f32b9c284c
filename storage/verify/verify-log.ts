/**
 * The log of a stopped directory: every record from the redo point on, with the CRC chain that the control file knows, and what
 * older segments still hold.
 */
import type { FileSystem } from '../io/index.ts';
import { PAGE_SIZE, SLOTS_PER_PAGE_MAX, WAL_SEGMENT_SIZE } from '../limits.ts';
import { type ControlData, walDirectory } from '../recovery/index.ts';
import {
  findLostLog,
  listWalSegments,
  nextRecord,
  PAGE_ITEM_IMAGE,
  PAGE_ITEM_INIT,
  PAGE_ITEM_NOTE,
  PAGE_ITEM_RANGE,
  PAGE_NOTE_CHANGED,
  PAGE_NOTE_SETTLED,
  pageItemHigh,
  pageItemLow,
  pageItemType,
  readAbort,
  readCatalog,
  readCommit,
  readRelation,
  readRelationCopy,
  readSequence,
  readTimeline,
  readWal,
  WAL_ABORT,
  WAL_CATALOG,
  WAL_CHECKPOINT,
  WAL_COMMIT,
  WAL_KIND_CALLER_FIRST,
  WAL_PAGES,
  WAL_RELATION_COPY,
  WAL_RELATION_CREATE,
  WAL_RELATION_DROP,
  WAL_RELATION_TRUNCATE,
  WAL_SEQUENCE,
  WAL_SWITCH,
  WAL_TIMELINE,
  type WalRecord,
  walSegmentName,
} from '../wal/index.ts';
import type { VerifyReport } from './report.ts';

/** Answers whether recovery could go through the log. */
export function verifyLog(
  fileSystem: FileSystem,
  directory: string,
  control: ControlData,
  report: VerifyReport,
): boolean {
  const wal = walDirectory(directory);
  const segments = listWalSegments(fileSystem, wal);
  report.counts.logSegments = segments.length;
  verifyOldLog(fileSystem, wal, segments, control, report);
  const check = (record: WalRecord): void => checkRecord(record, report);
  const { redoLsn, redoChain, checkpointLsn } = control;
  const end = readWal({ fileSystem, directory: wal, fromLsn: redoLsn, chain: redoChain }, check);
  if (end.lsn <= checkpointLsn) {
    const lsn = end.reason === 'missing segment' ? end.filledLsn : end.lsn;
    report.problem({
      ...placeOf(lsn),
      message: `the log ends before the last checkpoint at ${hex(checkpointLsn)}: ${end.reason}`,
    });
    return false;
  }
  const lost = findLostLog(fileSystem, wal, end.lsn);
  if (lost === null) return true;
  report.problem({
    ...placeOf(end.reason === 'missing segment' ? end.filledLsn : end.lsn),
    message:
      `the log is damaged in its middle: ${end.reason}; whole records go on at ${hex(lost.lsn)}, ` +
      `and it was durable up to ${hex(lost.durableLsn)}`,
  });
  return false;
}

/** What lies before the redo point is needed by nobody; but damage in it says something about the disk. */
function verifyOldLog(
  fileSystem: FileSystem,
  wal: string,
  segments: readonly number[],
  control: ControlData,
  report: VerifyReport,
): void {
  const { redoLsn, redoChain } = control;
  let from = segments.length === 0 ? redoLsn : Math.min(segments[0], redoLsn);
  while (from < redoLsn) {
    const lsn = nextRecord(fileSystem, wal, from);
    if (lsn < 0 || lsn >= redoLsn) return;
    let chain = 0;
    const end = readWal({ fileSystem, directory: wal, fromLsn: lsn, chain: null, toLsn: redoLsn }, (record) => {
      chain = record.crc;
      checkRecord(record, report);
    });
    if (end.lsn >= redoLsn) {
      if (end.lsn > redoLsn || chain !== redoChain)
        report.problem({ ...placeOf(redoLsn), message: 'the log before the redo point does not lead to it' });
      return;
    }
    report.problem({ ...placeOf(end.lsn), message: `old log: ${end.reason}` });
    from = end.lsn + 8;
  }
}

/** Bodies are what their kinds say; the CRC says only that they are what was written. */
function checkRecord(record: WalRecord, report: VerifyReport): void {
  report.counts.logRecords++;
  const wrong = wrongBody(record);
  if (wrong !== null) report.problem({ ...placeOf(record.lsn), message: `log record at ${hex(record.lsn)}: ${wrong}` });
}

function wrongBody(record: WalRecord): string | null {
  const { position } = record;
  try {
    return bodyFault(record);
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  } finally {
    record.position = position;
  }
}

function bodyFault(record: WalRecord): string | null {
  switch (record.kind) {
    case WAL_PAGES:
      return itemsFault(record);
    case WAL_COMMIT:
      return readCommit(record).xids.length > 0 ? null : 'a commit without xids';
    case WAL_ABORT:
      readAbort(record);
      return null;
    case WAL_CATALOG:
      readCatalog(record);
      return null;
    case WAL_SEQUENCE:
      readSequence(record);
      return null;
    case WAL_RELATION_COPY: {
      const { relationId, sourceId } = readRelationCopy(record);
      return relationId > sourceId ? null : `a copy ${relationId} of relation ${sourceId}`;
    }
    case WAL_RELATION_CREATE:
    case WAL_RELATION_DROP:
    case WAL_RELATION_TRUNCATE:
      readRelation(record);
      return null;
    case WAL_CHECKPOINT:
      return record.f64() <= record.lsn ? null : 'a checkpoint whose redo point lies ahead';
    case WAL_SWITCH:
      return null;
    case WAL_TIMELINE: {
      const { timeline, parent } = readTimeline(record);
      return timeline > parent ? null : `timeline ${timeline} after ${parent}`;
    }
    default:
      return record.kind >= WAL_KIND_CALLER_FIRST ? null : `unknown kind ${record.kind}`;
  }
}

function itemsFault(record: WalRecord): string | null {
  while (record.end - record.position >= 12) {
    record.position += 8;
    const packed = record.u32();
    const low = pageItemLow(packed);
    const high = pageItemHigh(packed);
    const type = pageItemType(packed);
    if (type === PAGE_ITEM_RANGE) {
      if (low + high > PAGE_SIZE) return `a range of ${high} bytes at ${low}`;
      record.position += high;
    } else if (type === PAGE_ITEM_IMAGE) {
      if (low > high || high > PAGE_SIZE) return `an image with lower ${low} and upper ${high}`;
      record.position += low + PAGE_SIZE - high;
    } else if (type === PAGE_ITEM_NOTE) {
      if (low >= SLOTS_PER_PAGE_MAX || high < PAGE_NOTE_CHANGED || high > PAGE_NOTE_SETTLED)
        return `a note ${high} on slot ${low}`;
    } else if (type !== PAGE_ITEM_INIT) return `an item of type ${type}`;
    if (record.position > record.end) return 'an item that is longer than the record';
  }
  return null;
}

function placeOf(lsn: number): { file: string; offset: number } {
  const offset = lsn % WAL_SEGMENT_SIZE;
  return { file: `wal/${walSegmentName(lsn - offset)}`, offset };
}

function hex(lsn: number): string {
  return lsn.toString(16);
}
