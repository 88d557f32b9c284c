/**
 * Opens an engine's parts: the directory is locked and recovered, or a temporary one is made; what was found becomes the store, its log, its
 * pages, its checkpoints. What they do together at work and at the end is the engine's (engine.ts).
 */
import { randomBytes } from 'node:crypto';
import type { SqlError } from '../types/errors.ts';
import { type ArchiveCommand, Archiver } from './archive/index.ts';
import { BufferPool, HotPages, QuickReads } from './buffer/index.ts';
import { Heap } from './heap/index.ts';
import type { HeapState } from './heap-state.ts';
import { IndexImages } from './index-images.ts';
import { type FileSystem, makeFolder, NodeFileSystem, TemporaryFiles } from './io/index.ts';
import { VERSIONS_REL_ID } from './limits.ts';
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
import { captureState, RecoveredState } from './state.ts';
import { Store } from './store.ts';
import { FIRST_TIMELINE, logRelationDrop, Wal, WalSegments, type WalSync } from './wal/index.ts';

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

const PRELOAD_INTERVAL_MS = 300_000;
const PRELOAD_RATE = 200 * 1024 * 1024;

export interface OpenedParts {
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

/** Locks the directory, recovers it, and makes the engine's parts of what was found. */
export function openParts(options: StorageOptions): OpenedParts {
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
  if (archive === undefined) return null;
  const history = readHistory(parts.fileSystem, walDirectory(parts.directory), parts.timeline);
  return new Archiver({ ...parts, ...archive, history, now: clock ?? Date.now, onLog });
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
    if (relation === undefined || relation.isRetired) continue;
    logRelationDrop(store.wal, relId);
    store.pool.dropRelation(relation);
  }
  store.nextRelId = recovered.nextRelId;
  for (const pages of store.pool.allRelations()) {
    // What is dropped and stays for its copies is nobody's table.
    if (pages.relId === VERSIONS_REL_ID || pages.isRetired) continue;
    const heap = new Heap(store.context, pages);
    store.heaps.set(pages.relId, heap);
    const state = recovered.heaps.get(pages.relId);
    if (state !== undefined) restoreHeap(heap, state);
    store.nextRelId = Math.max(store.nextRelId, pages.relId + 1);
  }
  store.copies.restore(!recovered.isLogGivenUp);
  for (const [key, bytes] of recovered.catalog) store.catalog.set(key, bytes);
  for (const [id, [lastValue, isCalled]] of recovered.sequences) store.sequences.restore(id, lastValue, isCalled);
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

export function logToConsole(message: string): void {
  console.error(message);
}

function stopProcess(error: SqlError): void {
  console.error(`PANIC: ${error.message}`);
  process.exit(1);
}
