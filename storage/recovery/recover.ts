/**
 * Recovery: the checkpoint's state, then redo from its redo LSN to the last whole record of the log.
 *
 *      control --> checkpoint.<n> (relations, transaction state, catalog image, all as of the redo LSN)
 *              --> log: PAGES into the pool; everything else to the handler, in log order
 *              --> the log is open for writing behind its last whole record
 *
 * Rules of redo
 *  1. A range is copied only into a page whose LSN is below the record's end: replaying twice changes nothing.
 *  2. An image or INIT needs nothing of what is on disk, so a page torn by the crash is healed: by invariant 3 of the log
 *     the first record since the redo LSN that names a page is one of them.
 *  3. A damaged page that only has ranges is a real loss: recovery fails with XX001 and names it.
 *  4. Pages that the log skips over (made, but never logged) become empty pages, so that no hole is left in a file.
 *
 * It runs before anything is served, and therefore synchronously. Undo of unfinished transactions is not its job.
 */
import { assert } from '../../types/assert.ts';
import { SqlError } from '../../types/errors.ts';
import { type BufferPool, PageSet, RelationCopy, type RelationPages } from '../buffer/index.ts';
import type { FileSystem } from '../io/index.ts';
import { PAGE_SIZE, WAL_SEGMENT_SIZE } from '../limits.ts';
import { formatPage, pageLsn, setPageLsn } from '../page/index.ts';
import {
  type CommitBody,
  eraseLogBehind,
  FIRST_TIMELINE,
  findLostLog,
  type LostLog,
  listWalSegments,
  PAGE_ITEM_IMAGE,
  PAGE_ITEM_INIT,
  PAGE_ITEM_NOTE,
  PAGE_ITEM_RANGE,
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
  WAL_PAGES,
  WAL_RELATION_COPY,
  WAL_RELATION_CREATE,
  WAL_RELATION_DROP,
  WAL_RELATION_TRUNCATE,
  WAL_SEQUENCE,
  WAL_TIMELINE,
  type Wal,
  type WalEnd,
  type WalRecord,
  walSegmentName,
} from '../wal/index.ts';
import { type CheckpointState, checkpointStateName, decodeCheckpointState } from './checkpoint-state.ts';
import { type ControlData, logGivenUpPath, readControl, readWholeFile } from './control.ts';
import { emptyLostPages, type LostPages } from './lost-pages.ts';

/** What recovery cannot do itself. Calls come in log order; the pool already shows what the log said up to there. */
export interface RecoveryHandler {
  /**
   * First of all, with what the last checkpoint's source gave; not called for a new directory. `heapState` is empty when an
   * older server wrote the checkpoint.
   */
  onCheckpointState(
    catalogImage: Uint8Array,
    transactionState: Uint8Array,
    control: ControlData,
    heapState: Uint8Array,
  ): void;
  /** Relations named in it have been dropped already. */
  onCommit(commit: CommitBody): void;
  onAbort(xids: readonly number[]): void;
  onCatalog(xid: number, key: string, bytes: Uint8Array | null): void;
  onSequence(id: number, lastValue: number | bigint, isCalled: boolean): void;
  /** The pool has created it. Not undone by an ABORT record: the engine drops what unfinished transactions created. */
  onRelationCreate(xid: number, relationId: number): void;
  onRelationDrop(relationId: number): void;
  /** A PAGES record of this xid was replayed. */
  onPages(xid: number): void;
  /** A note of a slot (wal.pageNote); the page is among the relation's changed ones. */
  onPageNote(relationId: number, pageNo: number, note: number, slot: number): void;
  /** Log behind what was replayed has been given up since the checkpoint: pages may show changes that nobody knows of. */
  onLogGivenUp(): void;
  /** A kind of the callers' own. */
  onRecord(record: WalRecord): void;
}

export interface RecoveryOptions {
  readonly fileSystem: FileSystem;
  readonly directory: string;
  readonly pool: BufferPool;
  readonly wal: Wal;
  readonly handler: RecoveryHandler;
  /** Damage in the middle of the log is taken for its end, instead of refused. */
  readonly acceptDamagedLog?: boolean;
}

export interface RecoveryResult {
  /** That the log ends on. */
  readonly timeline: number;
  /** Log was given up, and what comes now must not be taken for its continuation: no TIMELINE record says so yet. */
  readonly needsTimeline: boolean;
  /** null: the directory is new; the caller makes what a new server needs, and a checkpoint. */
  readonly control: ControlData | null;
  /** The last shutdown was clean and nothing was replayed. */
  readonly clean: boolean;
  readonly redoLsn: number;
  /** Behind the last whole record; why reading stopped there. */
  readonly endLsn: number;
  readonly endReason: WalEnd['reason'];
  readonly recordCount: number;
  readonly pagesChanged: number;
  /** Largest xid seen in the log, 0 if none; the next one must be above it and not below control.nextXid. */
  readonly xidMax: number;
  /** Files of relations that do not exist, removed. */
  readonly orphansRemoved: number;
  /** Log that was lost with `acceptDamagedLog`; null: none that is known of. */
  readonly lostLog: LostLog | null;
  /** Pages that are empty now because the log that was given up took them away. */
  readonly lostPages: readonly LostPages[];
}

/** The log begins one segment in, so that LSN 0 means "never". */
export const FIRST_LSN = WAL_SEGMENT_SIZE;

export function walDirectory(directory: string): string {
  return `${directory}/wal`;
}

export function recover(options: RecoveryOptions): RecoveryResult {
  const { fileSystem, directory, pool, wal, handler } = options;
  const control = readControl(fileSystem, directory);
  // The process that died may have gone between a rename and its sync: what is built on that name must not outlive it.
  fileSystem.fsyncDir(directory);
  if (control === null) {
    clearUnfinished(options);
    wal.open(FIRST_LSN, 0);
    return { ...NOTHING, control, clean: true, redoLsn: FIRST_LSN, endLsn: FIRST_LSN };
  }
  const path = `${directory}/${checkpointStateName(control.checkpointNumber)}`;
  const state = decodeCheckpointState(readWholeFile(fileSystem, path), path, control.checkpointNumber);
  for (const { relId, pageCount } of state.relations) {
    const relation = pool.createRelation(relId);
    relation.reservePages(pageCount);
    relation.pageCount = pageCount;
  }
  restoreCopies(pool, state);
  syncSegments(fileSystem, walDirectory(directory), control.redoLsn);
  handler.onCheckpointState(state.catalogImage, state.transactionState, control, state.heapState);
  const replay = new Replay(pool, handler, control.timeline ?? FIRST_TIMELINE);
  wal.redoLsn = control.redoLsn;
  const end = readWal(
    { fileSystem, directory: walDirectory(directory), fromLsn: control.redoLsn, chain: control.redoChain },
    (record) => replay.apply(record),
  );
  if (end.lsn <= control.checkpointLsn) throw logTooShort(walDirectory(directory), control, end);
  if (end.lsn < (control.minimumLsn ?? 0)) throw notConsistent(walDirectory(directory), control, end);
  const lostLog = refuseLostLog(options, end);
  let lostPages: readonly LostPages[] = [];
  const isGivenUp = fileSystem.exists(logGivenUpPath(directory));
  if (isGivenUp) {
    lostPages = emptyLostPages(pool);
    forgetLaterLsns(pool, end.lsn);
    handler.onLogGivenUp();
  }
  wal.open(end.lsn, end.chain);
  endCopies(pool);
  const clean = control.clean && replay.changeCount === 0;
  const orphansRemoved = removeOrphans(options, control);
  if (!clean) distrustFiles(pool);
  return {
    control,
    clean,
    redoLsn: control.redoLsn,
    endLsn: end.lsn,
    endReason: end.reason,
    recordCount: end.recordCount,
    pagesChanged: replay.pagesChanged,
    xidMax: replay.xidMax,
    orphansRemoved,
    lostLog,
    lostPages,
    timeline: replay.timeline,
    needsTimeline: isGivenUp && replay.timeline === (control.timeline ?? FIRST_TIMELINE),
  };
}

function restoreCopies(pool: BufferPool, { copies, retired }: CheckpointState): void {
  for (const { relId, sourceId, missing } of copies) {
    const [source, target] = [pool.relation(sourceId), pool.relation(relId)];
    assert(source !== undefined && target !== undefined, 'the checkpoint knows the relations that it says are copied');
    new RelationCopy(source, target, new PageSet(missing));
  }
  for (const relId of retired) {
    const relation = pool.relation(relId);
    if (relation !== undefined) relation.isRetired = true;
  }
}

/** What the log has completed; and relations that stayed for copies which are complete, or gone. */
function endCopies(pool: BufferPool): void {
  for (const copy of [...pool.copies()]) if (copy.missingCount === 0) pool.endCopy(copy);
  for (const relation of [...pool.allRelations()])
    if (relation.isRetired && relation.copies.length === 0) pool.dropRelation(relation);
}

const NOTHING = {
  timeline: FIRST_TIMELINE,
  needsTimeline: false,
  endReason: 'end of log',
  recordCount: 0,
  pagesChanged: 0,
  xidMax: 0,
  orphansRemoved: 0,
  lostLog: null,
  lostPages: [],
} as const;

/**
 * Without a control file the directory is new, or its first start was cut short, before anything was acknowledged: what lies
 * there is cleared away. But if there are later checkpoints, then somebody lost the control file, and starting anew would
 * bury the data.
 */
function clearUnfinished(options: RecoveryOptions): void {
  const { fileSystem, directory, pool } = options;
  const states = fileSystem.list(directory).filter((name) => name.startsWith('checkpoint.'));
  if (states.some((name) => name !== checkpointStateName(1) && !name.endsWith('.new'))) {
    throw new SqlError(
      '58P01',
      `could not open file "${directory}/control": No such file or directory`,
      { detail: 'The directory holds data, but its control file is missing.' },
      'FATAL',
    );
  }
  for (const name of states) fileSystem.unlink(`${directory}/${name}`);
  for (const relId of pool.files.list()) pool.files.removeOrphan(relId);
  for (const name of fileSystem.list(walDirectory(directory))) fileSystem.unlink(`${walDirectory(directory)}/${name}`);
}

/**
 * The log's end may have been written but not synced when the process died, and we are about to change files on its word.
 */
function syncSegments(fileSystem: FileSystem, directory: string, redoLsn: number): void {
  fileSystem.fsyncDir(directory);
  for (const start of listWalSegments(fileSystem, directory)) {
    if (start + WAL_SEGMENT_SIZE <= redoLsn) continue;
    const file = fileSystem.open(`${directory}/${walSegmentName(start)}`, 'readwrite');
    file.fdatasyncSync();
    file.close();
  }
}

/** What the process that died wrote to the relations' files may not be durable, nor their names: the next checkpoint syncs all. */
function distrustFiles(pool: BufferPool): void {
  pool.files.distrustNames();
  for (const relId of pool.files.list()) {
    const relation = pool.relation(relId);
    if (relation !== undefined) relation.needsSync = true;
  }
}

function logTooShort(directory: string, control: ControlData, end: WalEnd): SqlError {
  return new SqlError(
    'XX001',
    `the write-ahead log ends before the last checkpoint: ${placeInLog(directory, end)}`,
    {
      detail:
        `The checkpoint is at ${control.checkpointLsn.toString(16)}, the log can be read ` +
        `from ${control.redoLsn.toString(16)} up to ${end.lsn.toString(16)}.`,
      hint: 'The data directory cannot be recovered without that part of the log: restore it, or a backup.',
    },
    'FATAL',
  );
}

/** A directory that was restored: its pages were copied while the log went on, which must be replayed as far as it had come. */
function notConsistent(directory: string, control: ControlData, end: WalEnd): SqlError {
  return new SqlError(
    'XX001',
    `the write-ahead log ends before the restored directory is consistent: ${placeInLog(directory, end)}`,
    {
      detail: `It is needed up to ${control.minimumLsn?.toString(16)}, and can be read up to ${end.lsn.toString(16)}.`,
      hint: 'Restore the backup again.',
    },
    'FATAL',
  );
}

/** Why and where reading ended, for people. */
function placeInLog(directory: string, end: WalEnd): string {
  const lsn = end.reason === 'missing segment' ? end.filledLsn : end.lsn;
  const offset = lsn % WAL_SEGMENT_SIZE;
  const file = `"${directory}/${walSegmentName(lsn - offset)}"`;
  return end.reason === 'missing segment'
    ? `file ${file} is missing`
    : `${end.reason} at offset ${offset} of file ${file}`;
}

/**
 * PostgreSQL takes the first record that is not whole for the log's end, whatever follows. Here records say up to where the log
 * was durable: if one behind the end says more than the end, commits that were acknowledged are behind it, and to go on
 * would bury them.
 */
function refuseLostLog(options: RecoveryOptions, end: WalEnd): LostLog | null {
  const { fileSystem } = options;
  const directory = walDirectory(options.directory);
  const lost = findLostLog(fileSystem, directory, end.lsn);
  if (lost === null) return null;
  if (options.acceptDamagedLog === true) {
    fileSystem.open(logGivenUpPath(options.directory), 'create').close();
    fileSystem.fsyncDir(options.directory);
    eraseLogBehind(fileSystem, directory, end.lsn);
    return lost;
  }
  throw new SqlError(
    'XX001',
    `the write-ahead log is damaged in its middle: ${placeInLog(directory, end)}`,
    {
      detail:
        `Whole records go on at ${lost.lsn.toString(16)}, and the log was durable up to ${lost.durableLsn.toString(16)} ` +
        `at least: commits that were acknowledged would be lost from ${end.lsn.toString(16)} on.`,
      hint: 'Restore the file, or a backup. To give up all that was committed from there on, start once with -c accept_damaged_log=on.',
    },
    'FATAL',
  );
}

/**
 * Pages may be as the log that was given up has made them. The log begins anew at an LSN below theirs, which must not be taken
 * for one that they have seen already: their next change is logged as a whole page.
 */
function forgetLaterLsns(pool: BufferPool, endLsn: number): void {
  for (const relation of pool.allRelations()) {
    for (let pageNo = 0; pageNo < relation.pageCount; pageNo++) {
      const base = pool.frameBaseSync(relation, pageNo);
      // Damaged: who needs the page hears of it.
      if (base < 0 || pageLsn(pool.f64, base) <= endLsn) continue;
      setPageLsn(pool.f64, base, 0);
      pool.markDirty(base);
      relation.changed.add(pageNo);
    }
  }
}

/** Files of relations that were dropped, or whose creation was never logged; and checkpoint files that were not finished. */
function removeOrphans(options: RecoveryOptions, control: ControlData): number {
  const { fileSystem, directory, pool } = options;
  let removed = 0;
  for (const relId of pool.files.list()) {
    if (pool.relation(relId) !== undefined) continue;
    pool.files.removeOrphan(relId);
    removed++;
  }
  for (const name of fileSystem.list(directory)) {
    const current = checkpointStateName(control.checkpointNumber);
    if ((name.startsWith('checkpoint.') && name !== current) || name.endsWith('.new')) {
      fileSystem.unlink(`${directory}/${name}`);
    }
  }
  return removed;
}

class Replay {
  pagesChanged = 0;
  /** Records other than CHECKPOINT. */
  changeCount = 0;
  xidMax = 0;
  timeline: number;
  private readonly pool: BufferPool;
  private readonly handler: RecoveryHandler;
  private words: Uint32Array = new Uint32Array(0);
  /** Pages of the record at hand that it changes: pinned until it is done, and only then given its LSN. */
  private readonly changed: number[] = [];
  /** Pages of the record at hand that have it already. */
  private readonly passed: number[] = [];

  constructor(pool: BufferPool, handler: RecoveryHandler, timeline: number) {
    this.timeline = timeline;
    this.pool = pool;
    this.handler = handler;
  }

  apply(record: WalRecord): void {
    if (record.xid > this.xidMax) this.xidMax = record.xid;
    if (record.kind === WAL_CHECKPOINT) return;
    this.changeCount++;
    const { handler } = this;
    switch (record.kind) {
      case WAL_PAGES:
        this.applyPages(record);
        handler.onPages(record.xid);
        return;
      case WAL_COMMIT: {
        const commit = readCommit(record);
        for (const xid of commit.xids) if (xid > this.xidMax) this.xidMax = xid;
        for (const relId of commit.droppedRelations) this.drop(relId);
        handler.onCommit(commit);
        return;
      }
      case WAL_TIMELINE:
        this.timeline = readTimeline(record).timeline;
        return;
      case WAL_ABORT:
        handler.onAbort(readAbort(record));
        return;
      case WAL_CATALOG: {
        const { key, bytes } = readCatalog(record);
        handler.onCatalog(record.xid, key, bytes);
        return;
      }
      case WAL_SEQUENCE: {
        const { id, lastValue, isCalled } = readSequence(record);
        handler.onSequence(id, lastValue, isCalled);
        return;
      }
      case WAL_RELATION_CREATE: {
        const { relationId } = readRelation(record);
        if (this.pool.relation(relationId) === undefined) this.pool.createRelation(relationId);
        handler.onRelationCreate(record.xid, relationId);
        return;
      }
      case WAL_RELATION_COPY: {
        const { relationId, sourceId, pageCount } = readRelationCopy(record);
        this.pool.copyRelation(this.relationOf(sourceId), this.relationOf(relationId), pageCount);
        return;
      }
      case WAL_RELATION_DROP: {
        const { relationId } = readRelation(record);
        this.drop(relationId);
        handler.onRelationDrop(relationId);
        return;
      }
      case WAL_RELATION_TRUNCATE: {
        const { relationId, pageCount } = readRelation(record);
        const relation = this.relationOf(relationId);
        this.endCompleted(relation);
        this.pool.truncateRelation(relation, pageCount);
        return;
      }
      default:
        handler.onRecord(record);
    }
  }

  /** Copies of the relation had ended before it was truncated: of one that is complete the log says no more. */
  private endCompleted({ copies }: RelationPages): void {
    for (const copy of copies) if (copy.missingCount === 0) this.pool.endCopy(copy);
  }

  private drop(relId: number): void {
    const relation = this.pool.relation(relId);
    if (relation !== undefined) this.pool.dropRelation(relation);
  }

  private relationOf(relId: number): RelationPages {
    const relation = this.pool.relation(relId);
    if (relation === undefined)
      throw new SqlError('XX001', `the write-ahead log names relation ${relId}, which does not exist`);
    return relation;
  }

  private applyPages(record: WalRecord): void {
    const { pool } = this;
    if (this.words.buffer !== record.u8.buffer) this.words = new Uint32Array(record.u8.buffer);
    const words = this.words;
    let at = record.position;
    // The record may end in one word of padding, which is less than an item's head.
    while (record.end - at >= 12) {
      const relId = words[at >>> 2];
      const pageNo = words[(at >>> 2) + 1];
      const packed = words[(at >>> 2) + 2];
      at = this.applyItem(record, relId, pageNo, packed, at + 12);
    }
    for (const base of this.changed) {
      setPageLsn(pool.f64, base, record.endLsn);
      pool.markDirty(base);
      pool.unpin(base);
      this.pagesChanged++;
    }
    for (const base of this.passed) pool.unpin(base);
    this.changed.length = 0;
    this.passed.length = 0;
  }

  /** Answers the offset behind the item. */
  private applyItem(record: WalRecord, relId: number, pageNo: number, packed: number, at: number): number {
    const { pool } = this;
    const relation = this.relationOf(relId);
    const type = pageItemType(packed);
    const low = pageItemLow(packed);
    const high = pageItemHigh(packed);
    relation.changed.add(pageNo);
    switch (type) {
      case PAGE_ITEM_NOTE:
        this.handler.onPageNote(relId, pageNo, high, low);
        return at;
      case PAGE_ITEM_RANGE: {
        const base = this.pageToChange(record, relation, pageNo);
        if (base >= 0) copyBytes(pool.u8, base + low, record.u8, at, high);
        return at + high;
      }
      case PAGE_ITEM_IMAGE: {
        const tail = PAGE_SIZE - high;
        const base = this.pageToReplace(record, relation, pageNo);
        relation.copyOf?.arrived(pageNo);
        if (base >= 0) {
          copyBytes(pool.u8, base, record.u8, at, low);
          pool.u8.fill(0, base + low, base + high);
          copyBytes(pool.u8, base + high, record.u8, at + low, tail);
        }
        return at + low + tail;
      }
      default: {
        assert(type === PAGE_ITEM_INIT, 'a page item is a range, an image, an init or a note');
        relation.copyOf?.arrived(pageNo);
        const base = this.pageToReplace(record, relation, pageNo);
        if (base >= 0) formatPage(pool, base, relId, pageNo, high);
        return at;
      }
    }
  }

  /** The page for a range of this record, or -1 if the page has it already. */
  private pageToChange(record: WalRecord, relation: RelationPages, pageNo: number): number {
    const { pool } = this;
    const base = pageNo < relation.pageCount ? pool.frameBaseSync(relation, pageNo) : -1;
    if (base < 0) throw this.lostPage(relation, pageNo);
    return this.decide(record, base);
  }

  /** The page for an image or INIT: whatever is on disk does not matter. */
  private pageToReplace(record: WalRecord, relation: RelationPages, pageNo: number): number {
    const { pool } = this;
    while (relation.pageCount < pageNo) pool.newPage(relation, 0, undefined, false);
    if (pageNo === relation.pageCount) return this.decide(record, pool.newPage(relation, 0, undefined, false));
    const resident = pool.tryFrame(relation, pageNo);
    if (resident >= 0) return this.decide(record, resident);
    const base = pool.frameForReplay(relation, pageNo);
    formatPage(pool, base, relation.relId, pageNo, 0);
    return this.decide(record, base);
  }

  private decide(record: WalRecord, base: number): number {
    if (this.changed.includes(base)) return base;
    if (this.passed.includes(base)) return -1;
    this.pool.pin(base);
    if (pageLsn(this.pool.f64, base) >= record.endLsn) {
      this.passed.push(base);
      return -1;
    }
    this.changed.push(base);
    return base;
  }

  private lostPage(relation: RelationPages, pageNo: number): SqlError {
    return new SqlError(
      'XX001',
      `invalid page in block ${pageNo} of relation base/${relation.relId}`,
      {
        detail: `File "${this.pool.files.pathOf(relation.relId)}" is damaged there, and the log has no image of the page.`,
      },
      'FATAL',
    );
  }
}

function copyBytes(target: Uint8Array, to: number, source: Uint8Array, from: number, count: number): void {
  if (count > 96) target.set(source.subarray(from, from + count), to);
  else for (let i = 0; i < count; i++) target[to + i] = source[from + i];
}
