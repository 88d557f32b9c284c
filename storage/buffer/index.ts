export { Branch } from './branch.ts';
export { ClockSweep } from './clock-sweep.ts';
export { decodeHotList, HOT_LIST_FILE, type HotList, HotListBuilder } from './hot-list.ts';
export { HotPages } from './hot-pages.ts';
export { ListReads } from './list-reads.ts';

export { PAGE_MISS } from './page-load.ts';
export { PageSet } from './page-set.ts';
export type { PageSettling } from './page-sharing.ts';
export { BufferPool } from './pool.ts';

export { QuickReads } from './quick-reads.ts';
export { READ_THROUGH_PAGES, readThrough } from './read-through.ts';
export { holderOf, type PageCopier, RelationCopy } from './relation-copy.ts';
export { RelationPages } from './relation-pages.ts';
export { ScanReads } from './scan-reads.ts';
export { ScanRing } from './scan-ring.ts';
export { VisibilityMap } from './visibility-map.ts';
export { WriteRing } from './write-ring.ts';
