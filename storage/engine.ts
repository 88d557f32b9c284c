/**
 * The storage engine: serves a data directory (or a temporary one) that open.ts opened and recovered, keeps its background work going, closes it.
 *
 *      open:          lock the directory -> control, checkpoint state, redo (recovery/) -> heaps
 *      startupSweep:  undo what was lost, free what was deleted, load index images and bring them forward (startup.ts)
 *                     -> the version store is empty -> transactions may begin
 *      at work:       checkpoints, page write-back, sweep: timers and slices, none of which keeps a process alive
 *      close:         sweep, checkpoint, log closed, lock released
 *
 * Without a data directory: the same on a temporary folder for page files, a log that keeps nothing, and no lock; the
 * folder goes away at close, with the process, or, after a kill, with the next server's start (recovery/temporary-directory.ts).
 */
import { assert } from '../types/assert.ts';
import { SqlError } from '../types/errors.ts';
import type { Archiver } from './archive/index.ts';
import { Backups } from './backups.ts';
import { type BufferPool, type HotPages, PAGE_MISS, PageSet } from './buffer/index.ts';
import {
  type Heap,
  type HeapCopy,
  HeapCopyBeginning,
  type RowVisitor,
  settleFrame,
  settlePage,
  VisibilityPasses,
} from './heap/index.ts';
import { IndexMemory } from './index/index.ts';
import { type IndexedHeaps, type IndexImages, unfinishedPages } from './index-images.ts';
import type { TemporaryFiles } from './io/index.ts';
import { VERSIONS_REL_ID } from './limits.ts';
import type { CommitMoment, LockManager, Transaction, TransactionManager } from './mvcc/index.ts';
import { logToConsole, type OpenedParts, openParts, type StorageOptions } from './open.ts';
import type { Checkpointer, DirectoryLock, RecoveryResult, TemporaryDirectory } from './recovery/index.ts';
import type { SequenceState } from './sequences.ts';
import { startHeaps } from './startup.ts';
import type { RecoveredState } from './state.ts';
import type { Store } from './store.ts';
import { archiveSegmentName, logRelationTruncate, segmentBefore, type Wal } from './wal/index.ts';

/** Entries of the sweep in one go: about a millisecond. */
const SWEEP_SLICE = 512;
const SWEEP_SOON_MS = 10;
const SWEEP_LATER_MS = 200;

export class StorageEngine {
  readonly pool: BufferPool;
  readonly wal: Wal;
  readonly transactions: TransactionManager;
  readonly locks: LockManager;
  /** Of all dictionaries; the executor makes them. */
  readonly indexMemory: IndexMemory;
  /** What recovery found; null for an engine without a data directory. */
  readonly recovery: RecoveryResult | null;
  readonly hotPages: HotPages;
  /** null without a data directory. */
  readonly backups: Backups | null;
  /** null: archive_mode is off. */
  readonly archiver: Archiver | null;
  private readonly timeline: number;
  /** For sorts and hash tables that outgrow their memory. */
  readonly temporaryFiles: TemporaryFiles;
  private readonly store: Store;
  private readonly visibilityPasses: VisibilityPasses;
  private readonly checkpointer: Checkpointer | null;
  private readonly directoryLock: DirectoryLock | null;
  private readonly recovered: RecoveredState;
  private readonly temporaryDirectory: TemporaryDirectory | null;
  /** null without a data directory: nothing outlives the process. */
  private readonly images: IndexImages | null;
  /** Whose fork it is: the files, the log and the checkpoints are that engine's. */
  private readonly parent: StorageEngine | null;
  private readonly onLog: (message: string) => void;
  private readonly clock: () => number;
  private sweepTimer: NodeJS.Timeout | null = null;
  private sweepWaitsForPage = false;
  private state: 'opened' | 'serving' | 'closed' = 'opened';

  static async open(options: StorageOptions): Promise<StorageEngine> {
    const opening = openParts(options);
    const engine = new StorageEngine(opening, options);
    if (opening.checkpointer !== null && opening.recovery?.control === null) {
      await new Promise<void>((resolve, reject) => {
        engine.checkpoint((error) => (error === null ? resolve() : reject(error)));
      });
    }
    return engine;
  }

  private constructor(parts: OpenedParts, options: EngineOptions, parent: StorageEngine | null = null) {
    this.parent = parent;
    this.indexMemory = parent?.indexMemory ?? new IndexMemory();
    this.pool = parts.store.pool;
    this.wal = parts.store.wal;
    this.store = parts.store;
    this.transactions = parts.store.transactions;
    this.locks = parts.store.locks;
    this.recovery = parts.recovery;
    this.hotPages = parts.hotPages;
    this.temporaryFiles = parts.temporaryFiles;
    this.recovered = parts.recovered;
    this.checkpointer = parts.checkpointer;
    this.directoryLock = parts.lock;
    this.temporaryDirectory = parts.temporaryDirectory;
    this.images = parts.images;
    const { checkpointer, retention } = parts;
    this.backups = checkpointer && retention && new Backups(checkpointer, this.wal, retention);
    this.archiver = parts.archiver;
    this.timeline = parts.timeline;
    this.onLog = options.onLog ?? logToConsole;
    this.clock = options.clock ?? Date.now;
    this.store.onLeftBehind = () => this.scheduleSweep(SWEEP_SOON_MS);
    this.visibilityPasses = new VisibilityPasses(this.store.heaps);
    this.store.onPagesWritten = this.visibilityPasses.noteWritten;
    this.store.onVersionsPiled = () => this.scheduleSweep(SWEEP_LATER_MS);
  }

  /**
   * A fork: an engine that begins with what is committed here now, in about the time of a few allocations, whatever the size. What either
   * changes from then on, the other never sees; neither waits for the other's locks. It is not logged: gone with `close`, or with the
   * process. Forks of forks are forks. `moment`: begins with what had been committed then; of this engine's history.
   */
  fork(moment: CommitMoment | null = null): StorageEngine {
    assert(this.state === 'serving', 'what is forked is at work');
    const parts: OpenedParts = {
      store: this.store.fork(moment),
      recovered: this.recovered,
      recovery: this.recovery,
      checkpointer: null,
      hotPages: this.hotPages,
      lock: null,
      temporaryFiles: this.temporaryFiles,
      temporaryDirectory: null,
      images: null,
      retention: null,
      archiver: null,
      timeline: this.timeline,
    };
    const fork = new StorageEngine(parts, { onLog: this.onLog, clock: this.clock }, this);
    fork.state = 'serving';
    fork.visibilityPasses.enable();
    const { retention, isDefault } = this.transactions.history;
    fork.keepHistory(retention, isDefault);
    return fork;
  }

  /** It has a data directory. */
  get isDurable(): boolean {
    return this.checkpointer !== null;
  }

  get isFork(): boolean {
    return this.parent !== null;
  }

  /** A transaction or a statement is under way, or a fork of it lives. */
  get isBusy(): boolean {
    return this.store.isBusy;
  }

  /** A fork goes back to where it began; before: it is not busy. */
  resetFork(): void {
    this.store.resetFork();
    const { retention, isDefault } = this.transactions.history;
    this.keepHistory(0, false);
    this.keepHistory(retention, isDefault);
  }

  /** Whether a heap of this id is what the fork began with. */
  isInherited(relId: number): boolean {
    return this.store.isInherited(relId);
  }

  /** Forks of it that live. */
  get forkCount(): number {
    return this.store.forkCount;
  }

  /** Committed catalog entries. */
  get catalog(): ReadonlyMap<string, Uint8Array> {
    return this.store.catalog;
  }

  /** Takes effect at commit; the executor keeps its own view of its changes. null removes the entry. */
  putCatalog(txn: Transaction, key: string, bytes: Uint8Array | null): void {
    this.store.putCatalog(txn, key, bytes);
  }

  /** A new heap, undone with the transaction or its savepoint. */
  createHeap(txn: Transaction): Heap {
    return this.store.createHeap(txn);
  }

  /**
   * A new heap that is a copy of another as a fork sees it (`theirs`), without its pages being copied yet (heap/heap-copy.ts). In the turn that
   * the fork is made. `unfinished`: of `unfinishedPages`.
   */
  copyHeap(txn: Transaction, theirs: Heap, unfinished: PageSet | undefined): HeapCopyBeginning {
    const copy = this.store.copyHeap(txn, this.store.heap(theirs.relId), theirs.pages.pageCount, theirs.rowCount);
    return new HeapCopyBeginning(copy, theirs, unfinished);
  }

  /**
   * The same of what was committed at a moment (`theirs`: of a fork of it). All that has changed since is on pages that are not all-visible now;
   * their rows are counted when they come, those of the others are known.
   */
  copyPastHeap(txn: Transaction, theirs: Heap): HeapCopyBeginning {
    const { visibility } = this.store.heap(theirs.relId);
    const { pageCount } = theirs.pages;
    const changed = new PageSet();
    for (let pageNo = 0; pageNo < pageCount; pageNo++) if (visibility.rowsOf(pageNo) < 0) changed.add(pageNo);
    const copy = this.store.copyHeap(txn, this.store.heap(theirs.relId), pageCount, visibility.rowCount);
    return new HeapCopyBeginning(copy, theirs, changed, (rows) => this.store.countCopied(txn, copy.target, rows));
  }

  /** From now on these copies have from their sources what they miss. In the turn in which none of their beginnings finds a page to copy. */
  guardCopies(copies: readonly HeapCopy[]): void {
    this.store.copies.guard(copies);
  }

  /** The heap is being copied. */
  copyOf(relId: number): HeapCopy | undefined {
    return this.parent === null ? this.store.copies.get(relId) : undefined;
  }

  /** Heaps that are being copied now. */
  copies(): Iterable<HeapCopy> {
    return this.store.copies.all();
  }

  /** Copies up to so many pages that they miss; false: nothing is left to do. Throws PAGE_MISS. Done in the background, too. */
  completeCopies(pages: number): boolean {
    return this.store.copies.slice(pages);
  }

  /** By relation: pages with rows that unfinished transactions have written. */
  unfinishedPages(): Map<number, PageSet> {
    return unfinishedPages(this.transactions);
  }

  heap(relId: number): Heap {
    return this.store.heap(relId);
  }

  /** Null: a fork that has it from its parent has not looked at it yet. */
  heapInUse(relId: number): Heap | null {
    return this.store.heaps.get(relId) ?? null;
  }

  /** False: it is gone, or was never there; of one made by a transaction that is being undone it depends on how far that is. */
  hasHeap(relId: number): boolean {
    return this.store.findHeap(relId) !== undefined;
  }

  heaps(): IterableIterator<Heap> {
    return this.store.heaps.values();
  }

  /** The heap goes away at commit. Before: nobody else uses it (ACCESS EXCLUSIVE). */
  dropHeap(txn: Transaction, relId: number): void {
    this.store.dropHeap(txn, relId);
  }

  createSequence(txn: Transaction, id: number, lastValue: number | bigint, isCalled: boolean): void {
    this.store.sequences.create(txn, id, lastValue, isCalled);
  }

  dropSequence(txn: Transaction, id: number): void {
    this.store.sequences.drop(txn, id);
  }

  sequenceState(id: number): SequenceState | null {
    return this.store.sequences.state(id);
  }

  /** See Sequences.set: nextval passes `ahead`, setval does not. */
  setSequence(
    id: number,
    lastValue: number | bigint,
    isCalled: boolean,
    txn?: Transaction,
    ahead?: number | bigint,
  ): void {
    this.store.sequences.set(id, lastValue, isCalled, txn, ahead);
  }

  /** ALTER SEQUENCE ... RESTART, TRUNCATE ... RESTART IDENTITY: undone with the transaction or its savepoint. */
  restartSequence(txn: Transaction, id: number, lastValue: number | bigint, isCalled: boolean): void {
    this.store.sequences.restart(txn, id, lastValue, isCalled);
  }

  /** Who has started the sequence again and must end before others may use it; null: nobody. */
  sequenceBlocker(id: number, txn: Transaction): Transaction | null {
    return this.store.sequences.blocker(id, txn);
  }

  allocateOid(): number {
    return this.parent?.allocateOid() ?? this.store.allocateOid();
  }

  /**
   * Once, before the first transaction. `indexes`: the heaps that have indexes, with empty dictionaries now, which are filled;
   * with those of the committed catalog whenever a checkpoint asks again. Maintainers are set after it. `visitorOf`: who wants to
   * see all of a heap's live rows, each once or more often; such a heap is read as a whole. Ends with all heaps clean.
   */
  async startupSweep(
    indexes: IndexedHeaps = () => [],
    visitorOf: (relId: number) => RowVisitor | null = () => null,
  ): Promise<void> {
    assert(this.state === 'opened', 'the startup sweep runs once');
    const { store, recovered, images, onLog, clock: now } = this;
    if (images !== null) images.source = indexes;
    this.indexMemory.isLoading = true;
    const met = await startHeaps({ store, recovered, images, visitorOf, onLog, now });
    this.indexMemory.isLoading = false;
    const xidMax = Math.max(recovered.nextXid - 1, met);
    if (store.versions.pages.pageCount > 0) {
      logRelationTruncate(this.wal, VERSIONS_REL_ID, 0);
      store.versions.reset();
    }
    this.transactions.restart(xidMax + 1, recovered.lastCsn);
    this.state = 'serving';
    this.checkpointer?.start();
    this.archiver?.start();
    this.hotPages.start();
    this.visibilityPasses.start();
    this.store.copies.start();
  }

  /** Of the segment that holds the byte before this position, as it is called in an archive. */
  walFileName(lsn: number): string {
    return archiveSegmentName(this.timeline, segmentBefore(lsn));
  }

  /** Counters of checkpoints: 0 without a data directory. */
  get checkpoints(): CheckpointCounters {
    return this.parent?.checkpoints ?? this.checkpointer ?? NO_CHECKPOINTS;
  }

  /**
   * Microseconds of history that are kept for snapshots of the past, of those heaps that keep it (Heap.setHistory); 0: none. New heaps do
   * if `isDefault`.
   */
  keepHistory(retention: number, isDefault: boolean): void {
    this.transactions.history.isDefault = isDefault && retention > 0;
    this.transactions.keepHistory(retention, this.store.now());
    this.scheduleSweep(SWEEP_SOON_MS);
  }

  /** Whether the heap's old versions are kept from now on. */
  setHistory(relId: number, isKept: boolean): void {
    const heap = isKept ? this.store.findHeap(relId) : this.store.heaps.get(relId);
    heap?.setHistory(isKept, this.store.now());
  }

  /** Microseconds since 2000-01-01 UTC, by the clock that commits are stamped with. */
  now(): number {
    return this.store.now();
  }

  /** Memory of the commit table, of commit times, and of what waits for the sweep. */
  get transactionBytes(): number {
    return this.transactions.memoryBytes + this.store.sweep.memoryBytes;
  }

  /** A checkpoint that begins after this call, as fast as the disk allows. */
  checkpoint(done: (error: Error | null) => void): void {
    if (this.parent !== null) this.parent.checkpoint(done);
    else if (this.checkpointer === null) setImmediate(done, null);
    else this.checkpointer.request(done);
  }

  /**
   * Removes what nobody can see any more: up to `budget` rows or old versions. Answers how many; less than the budget means
   * that the rest must wait, for a snapshot to end, a page to come, or the disk to have space.
   */
  sweepSome(budget: number): number {
    const before = this.store.sweep.sweptCount;
    try {
      this.store.sweep.run(budget);
    } catch (error) {
      if (error === PAGE_MISS) {
        this.sweepWaitsForPage = true;
        this.pool.onLoaded(() => {
          this.sweepWaitsForPage = false;
          this.scheduleSweep(0);
        });
      } else if (!(error instanceof SqlError)) throw error;
    }
    this.store.giveBackVersions();
    return this.store.sweep.sweptCount - before;
  }

  /** See VersionStore.tidy. True: look again later. */
  private tidyVersions(): boolean {
    try {
      return this.store.versions.tidy();
    } catch (error) {
      if (!(error instanceof SqlError)) throw error;
      return true;
    }
  }

  /** The sweep goes on when a page has come. */
  get isSweepWaiting(): boolean {
    return this.sweepWaitsForPage;
  }

  /** Puts the page into the visibility map if it is all-visible; true: it is. Throws PAGE_MISS. */
  settlePage(heap: Heap, pageNo: number): boolean {
    return settlePage(heap, pageNo);
  }

  /** The same for a page that the caller has looked up, at `base`. */
  settleFrame(heap: Heap, pageNo: number, base: number): boolean {
    return settleFrame(heap, pageNo, base);
  }

  /** Pages of the version store's file. */
  get versionFilePages(): number {
    return this.store.versions.pages.pageCount;
  }

  /** Deleted rows and old index keys that wait for the sweep. */
  get sweepPendingCount(): number {
    return this.store.sweep.pendingCount;
  }

  /** Pages of the version store that hold versions somebody may need. */
  get versionPageCount(): number {
    return this.store.versions.usedPageCount;
  }

  /**
   * Ends cleanly. Before: all sessions are closed, their transactions ended (what has not ended is undone at the next start).
   */
  async close(): Promise<void> {
    if (this.state === 'closed') return;
    const wasServing = this.state === 'serving';
    this.state = 'closed';
    if (this.sweepTimer !== null) clearTimeout(this.sweepTimer);
    this.sweepTimer = null;
    this.visibilityPasses.stop();
    this.store.copies.stop();
    if (this.parent !== null) {
      this.store.endFork();
      return;
    }
    try {
      if (wasServing) await this.sweepAll();
      // All that happened can be archived then; what follows is the last checkpoint's record.
      if (wasServing && this.wal.failure === null) this.archiver?.endSegment();
      // Without the startup sweep a checkpoint would forget what is lost: the log keeps it.
      if (wasServing || this.recovery?.control === null) await this.shutdown();
      else this.checkpointer?.abandon();
      if (wasServing && this.wal.failure === null) this.hotPages.saveNow();
      if (wasServing && this.wal.failure === null) await this.archiver?.finish();
    } finally {
      this.archiver?.abandon();
      this.hotPages.stop();
      this.wal.close();
      this.pool.close();
      this.temporaryFiles.close();
      this.directoryLock?.release();
      this.temporaryDirectory?.remove();
    }
  }

  /**
   * Before the last checkpoint: what nobody can see any more goes, so that the next start has nothing to do. Pages that are not in memory
   * are read for it; what meets a full disk or a damaged page stays for the next start.
   */
  private async sweepAll(): Promise<void> {
    try {
      this.transactions.history.clear();
      // Commits that are not durable yet hold the horizon.
      this.wal.flushSync(this.wal.insertLsn);
      await new Promise((resolve) => setImmediate(resolve));
      while (this.store.sweep.isReady) {
        try {
          this.store.sweep.run(SWEEP_SLICE);
        } catch (error) {
          if (error !== PAGE_MISS) throw error;
          await new Promise<void>((resolve) => this.pool.onLoaded(resolve));
        }
      }
    } catch (error) {
      if (!(error instanceof SqlError)) throw error;
    }
  }

  private async shutdown(): Promise<void> {
    if (this.checkpointer !== null && this.wal.failure === null) {
      const checkpointer = this.checkpointer;
      await new Promise<void>((resolve, reject) => {
        checkpointer.shutdown((error) => (error === null ? resolve() : reject(error)));
      });
    } else await new Promise<void>((resolve) => this.pool.writer.whenSettled(resolve));
  }

  /** As if the process had died: timers stop, nothing is written. For tests. */
  abandon(): void {
    this.state = 'closed';
    this.wal.abandon();
    if (this.sweepTimer !== null) clearTimeout(this.sweepTimer);
    this.visibilityPasses.stop();
    this.store.copies.stop();
    this.checkpointer?.abandon();
    this.archiver?.abandon();
    this.hotPages.stop();
    this.pool.close();
    this.directoryLock?.release();
    this.temporaryDirectory?.remove();
  }

  private scheduleSweep(delayMs: number): void {
    if (this.sweepTimer !== null || this.sweepWaitsForPage || this.state !== 'serving') return;
    this.sweepTimer = setTimeout(this.onSweepTimer, delayMs);
    this.sweepTimer.unref();
  }

  private readonly onSweepTimer = (): void => {
    this.sweepTimer = null;
    if (this.state !== 'serving') return;
    this.transactions.history.expire(this.store.now());
    const swept = this.sweepSome(SWEEP_SLICE);
    if (!this.tidyVersions() && this.store.sweep.pendingCount === 0) return;
    // A long queue is worked off in slices, a millisecond apart; one that waits for a snapshot is looked at now and then.
    this.scheduleSweep(swept >= SWEEP_SLICE ? 1 : SWEEP_LATER_MS);
  };
}

type EngineOptions = Pick<StorageOptions, 'onLog' | 'clock'>;

export interface CheckpointCounters {
  readonly timed: number;
  readonly requested: number;
  readonly writeMs: number;
  readonly syncMs: number;
}

const NO_CHECKPOINTS: CheckpointCounters = { timed: 0, requested: 0, writeMs: 0, syncMs: 0 };
