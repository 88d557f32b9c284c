/** What heaps share: the pool, the log, the transactions, the version store. Put together by the engine. */
import type { BufferPool, RelationPages, WriteRing } from '../buffer/index.ts';
import type { LockManager, TransactionManager } from '../mvcc/index.ts';
import type { Wal } from '../wal/index.ts';
import type { VersionStore } from './version-store.ts';

export interface HeapContext {
  readonly pool: BufferPool;
  readonly wal: Wal;
  readonly transactions: TransactionManager;
  readonly locks: LockManager;
  readonly versions: VersionStore;
  /** Appends a page to the relation and logs that; answers its number. May take a frame. Throws 53100. */
  newPage(pages: RelationPages, flags: number, ring?: WriteRing): number;
  /** Old versions fill page after page: somebody should look (VersionStore.tidy) when they are not needed any more. */
  versionsPiled(): void;
  /** Pages of a heap were written, for the first time in a while: they may be all-visible some time later. */
  pagesWritten(): void;
}
