/**
 * The storage engine: opens a data directory (or a temporary one), recovers it, keeps its background work going, closes it.
 *
 *      open:          lock the directory -> control, checkpoint state, redo (recovery/) -> heaps
 *      startupSweep:  undo what was lost, free what was deleted, show live rows (the executor builds its indexes)
 *                     -> the version store is empty -> transactions may begin
 *      at work:       checkpoints, page write-back, sweep: timers and slices, none of which keeps a process alive
 *      close:         sweep, checkpoint, log closed, lock released
 *
 * Without a data directory: the same on a temporary folder for page files, a log that keeps nothing, and no lock; the
 * folder goes away at close, or with the process.
 */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { assert } from '../types/assert.ts';
import { SqlError } from '../types/errors.ts';
import { BufferPool, PAGE_MISS } from './buffer/index.ts';
import { Heap, type RowVisitor, startupSweep } from './heap/index.ts';
import { type FileSystem, NodeFileSystem, TemporaryFiles } from './io/index.ts';
import type { LockManager, Transaction, TransactionManager } from './mvcc/index.ts';
import {
  Checkpointer,
  type DirectoryLock,
  FIRST_LSN,
  lockDirectory,
  type RecoveryResult,
  recover,
  walDirectory,
} from './recovery/index.ts';
import { captureState, RecoveredState } from './state.ts';
import { type SequenceState, Store, VERSIONS_REL_ID } from './store.ts';
import { logRelationDrop, logRelationTruncate, Wal, WalSegments, type WalSync } from './wal/index.ts';

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
  /** Milliseconds since 1970. */
  readonly clock?: () => number;
  /** The log or a file cannot be trusted any more: the process must end and recover. Without it: it does, with a message. */
  readonly onFatal?: (error: SqlError) => void;
  /** What an operator should read. */
  readonly onLog?: (message: string) => void;
}

/** Entries of the sweep in one go: about a millisecond. */
const SWEEP_SLICE = 512;
const SWEEP_SOON_MS = 10;
const SWEEP_LATER_MS = 200;

export class StorageEngine {
  readonly pool: BufferPool;
  readonly wal: Wal;
  readonly transactions: TransactionManager;
  readonly locks: LockManager;
  /** What recovery found; null for an engine without a data directory. */
  readonly recovery: RecoveryResult | null;
  /** For sorts and hash tables that outgrow their memory. */
  readonly temporaryFiles: TemporaryFiles;
  private readonly store: Store;
  private readonly checkpointer: Checkpointer | null;
  private readonly directoryLock: DirectoryLock | null;
  private readonly recovered: RecoveredState;
  private readonly temporaryDirectory: TemporaryDirectory | null;
  private sweepTimer: NodeJS.Timeout | null = null;
  private sweepWaitsForPage = false;
  private state: 'opened' | 'serving' | 'closed' = 'opened';

  static async open(options: StorageOptions): Promise<StorageEngine> {
    const opening = openParts(options);
    const engine = new StorageEngine(opening);
    if (opening.checkpointer !== null && opening.recovery?.control === null) {
      await new Promise<void>((resolve, reject) => {
        engine.checkpoint((error) => (error === null ? resolve() : reject(error)));
      });
    }
    return engine;
  }

  private constructor(parts: OpenedParts) {
    this.pool = parts.store.pool;
    this.wal = parts.store.wal;
    this.store = parts.store;
    this.transactions = parts.store.transactions;
    this.locks = parts.store.locks;
    this.recovery = parts.recovery;
    this.temporaryFiles = parts.temporaryFiles;
    this.recovered = parts.recovered;
    this.checkpointer = parts.checkpointer;
    this.directoryLock = parts.lock;
    this.temporaryDirectory = parts.temporaryDirectory;
    this.store.onLeftBehind = () => this.scheduleSweep(SWEEP_SOON_MS);
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

  allocateOid(): number {
    return this.store.allocateOid();
  }

  /**
   * Once, before the first transaction. `visitorOf`: who wants to see a heap's live rows, to build its indexes; maintainers
   * are set after it. Ends with all heaps counted and clean.
   */
  async startupSweep(visitorOf: (relId: number) => RowVisitor | null = () => null): Promise<void> {
    assert(this.state === 'opened', 'the startup sweep runs once');
    const { store, recovered } = this;
    let xidMax = recovered.nextXid - 1;
    const isLost = (xid: number): boolean => recovered.isLost(xid);
    for (const heap of store.heaps.values()) {
      const result = await startupSweep(store.context, heap, isLost, visitorOf(heap.relId));
      xidMax = Math.max(xidMax, result.xidMax);
    }
    if (store.versions.pages.pageCount > 0) {
      logRelationTruncate(this.wal, VERSIONS_REL_ID, 0);
      store.versions.reset();
    }
    this.transactions.restart(xidMax + 1, recovered.lastCsn);
    this.state = 'serving';
    this.checkpointer?.start();
  }

  /** A checkpoint that begins after this call, as fast as the disk allows. */
  checkpoint(done: (error: Error | null) => void): void {
    if (this.checkpointer === null) setImmediate(done, null);
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
    try {
      if (wasServing) while (this.store.sweep.isReady && this.sweepSome(SWEEP_SLICE) > 0);
      // Without the startup sweep a checkpoint would forget what is lost: the log keeps it.
      if (wasServing || this.recovery?.control === null) await this.shutdown();
      else this.checkpointer?.abandon();
    } finally {
      this.wal.close();
      this.pool.close();
      this.temporaryFiles.close();
      this.directoryLock?.release();
      this.temporaryDirectory?.remove();
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
    this.checkpointer?.abandon();
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
    const swept = this.sweepSome(SWEEP_SLICE);
    if (this.store.sweep.pendingCount === 0) return;
    // A long queue is worked off in slices, a millisecond apart; one that waits for a snapshot is looked at now and then.
    this.scheduleSweep(swept >= SWEEP_SLICE ? 1 : SWEEP_LATER_MS);
  };
}

interface OpenedParts {
  readonly store: Store;
  readonly recovered: RecoveredState;
  readonly recovery: RecoveryResult | null;
  readonly checkpointer: Checkpointer | null;
  readonly lock: DirectoryLock | null;
  readonly temporaryFiles: TemporaryFiles;
  readonly temporaryDirectory: TemporaryDirectory | null;
}

function openParts(options: StorageOptions): OpenedParts {
  const fileSystem = options.fileSystem ?? new NodeFileSystem();
  if (options.dataDirectory === null) return openTemporary(options, fileSystem);
  const directory = options.dataDirectory;
  fileSystem.mkdir(directory);
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
  const onLog = options.onLog ?? ((message) => console.error(message));
  const segments = new WalSegments(fileSystem, walDirectory(directory));
  const wal = new Wal({ segments, sync: options.walSync, onBroken: onFatal });
  const pool = new BufferPool({ fileSystem, directory, size: options.sharedBuffers, wal });
  const recovered = new RecoveredState();
  const recovery = recover({ fileSystem, directory, pool, wal, handler: recovered });
  recovered.nextXid = Math.max(recovered.nextXid, recovery.xidMax + 1);
  const store = new Store(pool, wal, options.clock ?? Date.now);
  adopt(store, recovered);
  const checkpointer = new Checkpointer({
    fileSystem,
    directory,
    pool,
    wal,
    source: { capture: () => captureState(store) },
    control: recovery.control,
    clusterId: recovery.control?.clusterId ?? randomBytes(8).readBigUInt64LE(),
    timeoutMs: options.checkpointTimeoutMs,
    maxWalSize: options.maxWalSize,
    now: options.clock,
    onError: (error) => onLog(`checkpoint failed: ${error.message}`),
    onFatal,
  });
  const temporaryFiles = new TemporaryFiles(fileSystem, `${directory}/temp`);
  temporaryFiles.clear();
  return { store, recovered, recovery, checkpointer, lock, temporaryFiles, temporaryDirectory: null };
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
    store.heaps.set(pages.relId, new Heap(store.context, pages));
    store.nextRelId = Math.max(store.nextRelId, pages.relId + 1);
  }
  for (const [key, bytes] of recovered.catalog) store.catalog.set(key, bytes);
  for (const [id, [lastValue, isCalled]] of recovered.sequences) store.restoreSequence(id, lastValue, isCalled);
  store.oidLimit = recovered.oidLimit;
  store.nextOid = recovered.oidLimit;
  // A checkpoint before the startup sweep's end must not lose what is known.
  store.transactions.restart(recovered.nextXid, recovered.lastCsn);
}

function openTemporary(options: StorageOptions, fileSystem: FileSystem): OpenedParts {
  const temporaryDirectory = options.fileSystem === undefined ? new TemporaryDirectory() : null;
  const wal = new Wal({ segments: null });
  const directory = temporaryDirectory?.path ?? 'temporary';
  const pool = new BufferPool({ fileSystem, directory, size: options.sharedBuffers, wal });
  wal.open(FIRST_LSN, 0);
  const store = new Store(pool, wal, options.clock ?? Date.now);
  return {
    store,
    recovered: new RecoveredState(),
    recovery: null,
    checkpointer: null,
    lock: null,
    temporaryFiles: new TemporaryFiles(fileSystem, `${directory}/temp`),
    temporaryDirectory,
  };
}

class TemporaryDirectory {
  readonly path = mkdtempSync(join(tmpdir(), 'hotrow-'));
  private readonly onExit = (): void => rmSync(this.path, { recursive: true, force: true });

  constructor() {
    process.once('exit', this.onExit);
  }

  remove(): void {
    process.removeListener('exit', this.onExit);
    this.onExit();
  }
}

function stopProcess(error: SqlError): void {
  console.error(`PANIC: ${error.message}`);
  process.exit(1);
}
