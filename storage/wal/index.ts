export { dumpWal } from './dump.ts';
export type { WalSync } from './flusher.ts';
export { eraseLogBehind, findLostLog, type LostLog, nextRecord } from './lost-log.ts';
export {
  PAGE_ITEM_IMAGE,
  PAGE_ITEM_INIT,
  PAGE_ITEM_NOTE,
  PAGE_ITEM_RANGE,
  PAGE_NOTE_CHANGED,
  PAGE_NOTE_LEFT,
  PAGE_NOTE_SETTLED,
  pageItemHigh,
  pageItemLow,
  pageItemType,
} from './page-items.ts';
export { readWal, type WalEnd } from './reader.ts';
export {
  type CommitBody,
  logAbort,
  logCatalog,
  logCommit,
  logRelationCopy,
  logRelationCreate,
  logRelationDrop,
  logRelationTruncate,
  logSequence,
  logTimeline,
  readAbort,
  readCatalog,
  readCommit,
  readRelation,
  readRelationCopy,
  readSequence,
  readTimeline,
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
  WalRecord,
} from './records.ts';
export { listWalSegments, WalSegments, walSegmentName } from './segments.ts';
export {
  archiveSegmentName,
  decodeHistory,
  encodeHistory,
  FIRST_TIMELINE,
  formatLsn,
  historyName,
  parseLsn,
  segmentBefore,
  type TimelineHistory,
  type TimelineStep,
  timelineOfSegment,
} from './timeline.ts';
export { type LoggedPages, Wal, type WalOptions } from './wal.ts';
