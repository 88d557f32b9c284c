export { ClockSweep, type FrameTable } from './clock-sweep.ts';
export { PAGE_MISS, PageLoad, PageMiss } from './page-load.ts';
export { BufferPool, type BufferPoolOptions } from './pool.ts';
export { NO_FRAME, RelationPages } from './relation-pages.ts';
export { ScanReads } from './scan-reads.ts';
export { ScanRing } from './scan-ring.ts';
