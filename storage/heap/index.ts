export type { HeapContext } from './context.ts';
export { ForkSettling } from './fork-settling.ts';
export {
  Heap,
  type IndexMaintainer,
  ROW_GONE,
  ROW_IN_PROGRESS,
  ROW_LIVE,
  ROW_LIVE_OWN,
  type RowId,
  UPDATE_INDEXED,
  UPDATE_KEY,
  WRITE_CHANGED,
  WRITE_DELETED,
  WRITE_OK,
  WRITE_OWN_LATER,
  WRITE_WAIT,
} from './heap.ts';
export { HeapCopy, HeapCopyBeginning } from './heap-copy.ts';
export { HeapCounters } from './heap-counters.ts';
export { copyNextPage, forEachRow, settleForCopy } from './page-copy.ts';
export {
  NO_VERSION,
  ROW_DELETED,
  ROW_FLAGS_OFFSET,
  ROW_FORWARD_OFFSET,
  ROW_FORWARD_SIZE,
  ROW_FORWARDED,
  ROW_HEADER_ONLY,
  ROW_HEADER_SIZE,
  ROW_LAYOUT_OFFSET,
  ROW_MOVED_IN,
  ROW_PREVIOUS_PAGE_OFFSET,
  ROW_PREVIOUS_SLOT_OFFSET,
  ROW_SLOT_BITS,
  ROW_SLOT_MASK,
} from './row-header.ts';
export { ROWS_TOUCHED, touchRows } from './row-touch.ts';
export { type RowVisitor, startupSweep } from './startup-sweep.ts';
export { Sweep } from './sweep.ts';
export { undoInserts, undoNewest } from './undo.ts';
export { VERSION_PREFIX_SIZE, VersionStore } from './version-store.ts';
export { settleFrame, settlePage, VisibilityPasses } from './visibility.ts';
