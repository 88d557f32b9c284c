/**
 * The storage engine: opens a data directory (or a temporary one), recovers it, keeps its background work going, closes it.
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
import { randomBytes } from 'node:crypto';
import { assert } from '../types/assert.ts';
import { SqlError } from '../types/errors.ts';
import { type ArchiveCommand, Archiver } from './archive/index.ts';
import { Backups } from './backups.ts';
import { BufferPool, HotPages, PAGE_MISS, QuickReads } from './buffer/index.ts';
import { Heap, type RowVisitor, settleFrame, settlePage, VisibilityPasses } from './heap/index.ts';
import type { HeapState } from './heap-state.ts';
import { IndexMemory } from './index/index.ts';
import { type IndexedHeaps, IndexImages } from './index-images.ts';
import { type FileSystem, makeFolder, NodeFileSystem, TemporaryFiles } from './io/index.ts';
import { VERSIONS_REL_ID } from './limits.ts';
import type { CommitMoment, LockManager, Transaction, TransactionManager } from './mvcc/index.ts';
import {
  beginTimeline,
  Checkpointer,
  type DirectoryLock,
  FIRST_LSN,
  lockDirectory,
  type RecoveryResult,
  Retention,
  readHistory,
  recover,
  refuseOtherFolders,
  sayWhatWasRecovered,
  TemporaryDirectory,
  walDirectory,
} from './recovery/index.ts';
import { startHeaps } from './startup.ts';
import { captureState, RecoveredState } from './state.ts';
import { type SequenceState, Store } from './store.ts';
import {
  archiveSegmentName,
  FIRST_TIMELINE,
  logRelationDrop,
  logRelationTruncate,
  segmentBefore,
  Wal,
  WalSegments,
  type WalSync,
} from './wal/index.ts';

export interface StorageOptions {
  /** null: nothing is kept. */
  readonly dataDirectory: string | null;
  /** Bytes of the buffer pool (shared_buffers). */
  readonly sharedBuffers: number;
  readonly fileSystem?: FileSystem;
  /** always: a commit is acknowledged when it is on disk. everysec: when the operating system has it. */
  readonly walSync?: WalSync;
  readonly maxWalSize?: number;
  readonly checkpointTimeoutMs?: number;
  /** Start on a log that is damaged in its middle, without what was committed from there on. */
  readonly acceptDamagedLog?: boolean;
  /** Files of relations that are open at the same time. */
  readonly openFilesMax?: number;
  /** Single pages are read in place as long as that is quick. Left out: on real files. */
  readonly quickReads?: boolean;
  /** buffer_admission = tinylfu. */
  readonly bufferAdmission?: boolean;
  /** Between two lists of hot pages; 0: only at a clean end. */
  readonly preloadIntervalMs?: number;
  /** Bytes a second at which the last list is read in at the start; 0: not at all. */
  readonly preloadRate?: number;
  /** Milliseconds since 1970. */
  readonly clock?: () => number;
  /** The log or a file cannot be trusted any more: the process must end and recover. Without it: it does, with a message. */
  readonly onFatal?: (error: SqlError) => void;
  /** Bytes of an index image that are written in one go; tests make them few. */
  readonly imageSliceSize?: number;
  /** archive_mode = on: what archives a segment; without it, or with null, there is no archiving, or no command for it yet. */
  readonly archive?: { readonly command: ArchiveCommand | null; readonly timeoutMs: number };
  /** What an operator should read. */
  readonly onLog?: (message: string) => void;
}

/** Entries of the sweep in one go: about a millisecond. */
const SWEEP_SLICE = 512;
const SWEEP_SOON_MS = 10;
const SWEEP_LATER_MS = 200;
const PRELOAD_INTERVAL_MS = 300_000;
const PRELOAD_RATE = 200 * 1024 * 1024;

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

  heap(relId: number): Heap {
    return this.store.heap(relId);
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
    this.store.createSequence(txn, id, lastValue, isCalled);
  }

  dropSequence(txn: Transaction, id: number): void {
    this.store.dropSequence(txn, id);
  }

  sequenceState(id: number): SequenceState | null {
    return this.store.sequenceState(id);
  }

  /** See Store.setSequence: nextval passes `ahead`, setval does not. */
  setSequence(
    id: number,
    lastValue: number | bigint,
    isCalled: boolean,
    txn?: Transaction,
    ahead?: number | bigint,
  ): void {
    this.store.setSequence(id, lastValue, isCalled, txn, ahead);
  }

  /** ALTER SEQUENCE ... RESTART, TRUNCATE ... RESTART IDENTITY: undone with the transaction or its savepoint. */
  restartSequence(txn: Transaction, id: number, lastValue: number | bigint, isCalled: boolean): void {
    this.store.restartSequence(txn, id, lastValue, isCalled);
  }

  /** Who has started the sequence again and must end before others may use it; null: nobody. */
  sequenceBlocker(id: number, txn: Transaction): Transaction | null {
    return this.store.sequenceBlocker(id, txn);
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
    const met = await startHeaps({ store, recovered, images, visitorOf, onLog, now });
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
    if (this.sweepTimer !== null) clearTimeout(this.sweepTimer);
    this.visibilityPasses.stop();
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

interface OpenedParts {
  readonly store: Store;
  readonly recovered: RecoveredState;
  readonly recovery: RecoveryResult | null;
  readonly checkpointer: Checkpointer | null;
  readonly hotPages: HotPages;
  readonly lock: DirectoryLock | null;
  readonly temporaryFiles: TemporaryFiles;
  readonly temporaryDirectory: TemporaryDirectory | null;
  readonly images: IndexImages | null;
  readonly retention: Retention | null;
  readonly archiver: Archiver | null;
  readonly timeline: number;
}

function openParts(options: StorageOptions): OpenedParts {
  const fileSystem = options.fileSystem ?? new NodeFileSystem();
  if (options.dataDirectory === null) return openTemporary(options, fileSystem);
  const directory = options.dataDirectory;
  refuseOtherFolders(fileSystem, directory);
  makeFolder(fileSystem, directory);
  const lock = lockDirectory(fileSystem, directory);
  try {
    return openDirectory(options, fileSystem, directory, lock);
  } catch (error) {
    lock.release();
    throw error;
  }
}

function openDirectory(
  options: StorageOptions,
  fileSystem: FileSystem,
  directory: string,
  lock: DirectoryLock,
): OpenedParts {
  const onFatal = options.onFatal ?? stopProcess;
  const onLog = options.onLog ?? logToConsole;
  const temporaryFiles = new TemporaryFiles(fileSystem, `${directory}/temp`);
  // First of all: they may be what has filled the disk, and recovery needs space.
  temporaryFiles.clear();
  const segments = new WalSegments(fileSystem, walDirectory(directory));
  const wal = new Wal({ segments, sync: options.walSync, onBroken: onFatal });
  const pool = openPool(options, fileSystem, directory, wal);
  const recovered = new RecoveredState();
  const { acceptDamagedLog } = options;
  const recovery = recover({ fileSystem, directory, pool, wal, handler: recovered, acceptDamagedLog });
  sayWhatWasRecovered(recovery, onLog);
  const timeline = timelineAfter(recovery, fileSystem, directory, wal);
  recovered.nextXid = Math.max(recovered.nextXid, recovery.xidMax + 1);
  const store = new Store(pool, wal, options.clock ?? Date.now);
  adopt(store, recovered);
  const images = new IndexImages(store, fileSystem, directory, onLog, options.imageSliceSize);
  const retention = new Retention(fileSystem);
  images.remove = (path) => retention.remove(path);
  const checkpointer = new Checkpointer({
    fileSystem,
    directory,
    pool,
    wal,
    source: {
      capture: (isFinal) => {
        for (const heap of store.heaps.values()) heap.bulks.logOpen();
        return captureState(store, images.capture(isFinal, wal.insertLsn), isFinal);
      },
    },
    control: recovery.control,
    clusterId: recovery.control?.clusterId ?? randomBytes(8).readBigUInt64LE(),
    timeoutMs: options.checkpointTimeoutMs,
    maxWalSize: options.maxWalSize,
    now: options.clock,
    onError: (error) => onLog(`checkpoint failed: ${error.message}`),
    onFatal,
    retention,
    timeline,
  });
  const archiver = openArchiver(options, { fileSystem, directory, wal, retention, timeline }, onLog);
  const hotPages = openHotPages(options, fileSystem, pool, directory, onLog);
  return {
    store,
    recovered,
    recovery,
    checkpointer,
    hotPages,
    lock,
    temporaryFiles,
    temporaryDirectory: null,
    images,
    retention,
    archiver,
    timeline,
  };
}

/** Log that was given up may be in an archive, or in a backup: what comes now is another timeline. */
function timelineAfter(recovery: RecoveryResult, fileSystem: FileSystem, directory: string, wal: Wal): number {
  if (!recovery.needsTimeline) return recovery.timeline;
  const folder = walDirectory(directory);
  const left = { timeline: recovery.timeline, endLsn: recovery.endLsn, reason: 'accept_damaged_log' };
  const history = [...readHistory(fileSystem, folder, recovery.timeline), left];
  beginTimeline(fileSystem, folder, wal, { timeline: recovery.timeline + 1, history });
  return recovery.timeline + 1;
}

function openArchiver(
  { archive, clock }: StorageOptions,
  parts: { fileSystem: FileSystem; directory: string; wal: Wal; retention: Retention; timeline: number },
  onLog: (message: string) => void,
): Archiver | null {
  return archive === undefined ? null : new Archiver({ ...parts, ...archive, now: clock ?? Date.now, onLog });
}

/** A test's files come with a test's clock, so that a run can be repeated. */
function quickReadsOf({ quickReads, fileSystem, clock }: StorageOptions): QuickReads | null {
  if (!(quickReads ?? fileSystem === undefined)) return null;
  return fileSystem === undefined ? new QuickReads() : new QuickReads(clock);
}

function openPool(options: StorageOptions, fileSystem: FileSystem, directory: string, wal: Wal): BufferPool {
  return new BufferPool({
    fileSystem,
    directory,
    size: options.sharedBuffers,
    wal,
    openFilesMax: options.openFilesMax,
    quickReads: quickReadsOf(options),
    admission: options.bufferAdmission,
  });
}

function openHotPages(
  options: StorageOptions,
  fileSystem: FileSystem,
  pool: BufferPool,
  directory: string | null,
  onLog: (message: string) => void,
): HotPages {
  return new HotPages({
    pool,
    fileSystem,
    directory,
    intervalMs: options.preloadIntervalMs ?? PRELOAD_INTERVAL_MS,
    bytesPerSecond: options.preloadRate ?? PRELOAD_RATE,
    now: options.clock ?? Date.now,
    onLog,
  });
}

/** The store takes over what recovery found. */
function adopt(store: Store, recovered: RecoveredState): void {
  for (const relId of recovered.lostHeaps()) {
    const relation = store.pool.relation(relId);
    if (relation === undefined) continue;
    logRelationDrop(store.wal, relId);
    store.pool.dropRelation(relation);
  }
  store.nextRelId = recovered.nextRelId;
  for (const pages of store.pool.allRelations()) {
    if (pages.relId === VERSIONS_REL_ID) continue;
    const heap = new Heap(store.context, pages);
    store.heaps.set(pages.relId, heap);
    const state = recovered.heaps.get(pages.relId);
    if (state !== undefined) restoreHeap(heap, state);
    store.nextRelId = Math.max(store.nextRelId, pages.relId + 1);
  }
  for (const [key, bytes] of recovered.catalog) store.catalog.set(key, bytes);
  for (const [id, [lastValue, isCalled]] of recovered.sequences) store.restoreSequence(id, lastValue, isCalled);
  store.oidLimit = recovered.oidLimit;
  store.nextOid = recovered.oidLimit;
  // A checkpoint before the startup sweep's end must not lose what is known.
  store.transactions.restart(recovered.nextXid, recovered.lastCsn);
}

function restoreHeap(heap: Heap, state: HeapState): void {
  heap.rowCount = state.rowCount;
  heap.visibility.restore(state.visible, heap.pages.changed, heap.pages.pageCount);
  for (const placeId of state.leftPlaces) heap.leftPlaces.add(placeId);
  const { pageCount } = heap.pages;
  state.freePages.forEach((pageNo, i) => {
    // Others were given back since the checkpoint.
    if (pageNo < pageCount) heap.freeSpace.restore(pageNo, state.freeSpaces[i]);
  });
}

function openTemporary(options: StorageOptions, fileSystem: FileSystem): OpenedParts {
  const temporaryDirectory = options.fileSystem === undefined ? new TemporaryDirectory() : null;
  const wal = new Wal({ segments: null });
  const directory = temporaryDirectory?.path ?? 'temporary';
  const pool = openPool(options, fileSystem, directory, wal);
  wal.open(FIRST_LSN, 0);
  const store = new Store(pool, wal, options.clock ?? Date.now);
  const hotPages = openHotPages(options, fileSystem, pool, null, () => {});
  const recovered = new RecoveredState();
  return {
    store,
    recovered,
    recovery: null,
    checkpointer: null,
    hotPages,
    lock: null,
    temporaryFiles: new TemporaryFiles(fileSystem, `${directory}/temp`),
    temporaryDirectory,
    images: null,
    retention: null,
    archiver: null,
    timeline: FIRST_TIMELINE,
  };
}

function logToConsole(message: string): void {
  console.error(message);
}

function stopProcess(error: SqlError): void {
  console.error(`PANIC: ${error.message}`);
  process.exit(1);
}
