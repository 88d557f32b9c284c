/**
 * What the engine knows besides pages: heaps, catalog entries, sequences (sequences.ts), the oid counter; and what transactions do to them.
 * Everything here is in memory, comes back from the checkpoint's state and the log (state.ts), and changes through the log
 * first.
 *
 *      transactional: heaps created and dropped, catalog entries, sequences created, dropped and started again
 *      not:           a sequence's values otherwise, oids
 */
import { assert } from '../types/assert.ts';
import { SqlError } from '../types/errors.ts';
import { LazyMap, LazySet } from '../types/lazy-map.ts';
import { Branch, type BufferPool, PAGE_MISS, type RelationPages, type WriteRing } from './buffer/index.ts';
import {
  ForkSettling,
  Heap,
  type HeapContext,
  HeapCopy,
  Sweep,
  undoInserts,
  undoNewest,
  VersionStore,
} from './heap/index.ts';
import { HeapCopies } from './heap-copies.ts';
import { VERSIONS_REL_ID } from './limits.ts';
import {
  type CommitMoment,
  isRun,
  LockManager,
  type Transaction,
  TransactionManager,
  type TransactionStore,
  WRITE_CREATE_HEAP,
  WRITE_CREATE_SEQUENCE,
  WRITE_DELETE,
  WRITE_DROP_HEAP,
  WRITE_DROP_SEQUENCE,
  WRITE_INDEXED,
  WRITE_INSERT,
  WRITE_KIND_MASK,
  WRITE_MOVED,
  WRITE_RESTART_SEQUENCE,
  WRITE_UPDATE,
  XidsSince,
} from './mvcc/index.ts';
import { type SequenceState, Sequences } from './sequences.ts';
import {
  logAbort,
  logCatalog,
  logCommit,
  logRelationCopy,
  logRelationCreate,
  logRelationDrop,
  logSequence,
  WAL_PAGES,
  Wal,
} from './wal/index.ts';

export const FIRST_HEAP_REL_ID = 16;
/** Oids below belong to the system. */
export const FIRST_OID = 16384;
/** Logged as a sequence with this id. */
export const OID_COUNTER_ID = 1;
/** One log record for so many oids. */
const OIDS_LOGGED_AHEAD = 8192;
/** What the count of a write list's entry can be. */
const ROWS_AN_ENTRY = 65535;

const POSTGRES_EPOCH_MS = 946684800000;

/** What a fork began with. */
interface ForkOrigin {
  readonly parent: Store;
  readonly epoch: number;
  /** In the branch of the parent's version store; 0: the fork never looks into it. */
  readonly versionsEpoch: number;
  readonly unseen: XidsSince;
  readonly sequences: ReadonlyMap<number, SequenceState>;
  /** Relations from here on are the fork's own. */
  readonly nextRelId: number;
}

export class Store implements TransactionStore {
  readonly pool: BufferPool;
  readonly wal: Wal;
  readonly transactions: TransactionManager;
  readonly locks = new LockManager();
  readonly versions: VersionStore;
  readonly context: HeapContext;
  readonly sweep: Sweep;
  readonly heaps = new Map<number, Heap>();
  readonly catalog = new Map<string, Uint8Array>();
  readonly sequences: Sequences;
  /** Heaps that are being copied; none in a fork. */
  readonly copies = new HeapCopies(this);
  nextRelId = FIRST_HEAP_REL_ID;
  nextOid = FIRST_OID;
  /** Called when old versions pile up; in a fork, when there are some. */
  onVersionsPiled: () => void = () => {};
  /** Called when heaps are written to again. */
  onPagesWritten: () => void = () => {};
  /** Called when a commit has left something for the sweep. */
  onLeftBehind: () => void = () => {};
  /** The first oid that the log does not cover. */
  oidLimit = FIRST_OID;
  /** Microseconds since 2000-01-01 UTC. */
  readonly now: () => number;
  private readonly clockMs: () => number;
  /** Whose pages its relations' are, and its version store's. */
  private readonly branch: Branch;
  private readonly versionsBranch: Branch;
  /** Null: it is no fork. */
  private readonly origin: ForkOrigin | null;
  /** Heaps that were dropped, and that forks still see. */
  private readonly retired = new LazyMap<number, Heap>();
  /** Heaps that a fork had from its parent, and has dropped. */
  private readonly droppedHeaps = new LazySet<number>();
  /** Rows of heaps that a fork has from its parent, as it began with them. */
  private readonly inheritedRows = new LazyMap<number, number>();

  constructor(pool: BufferPool, wal: Wal, clockMs: () => number, origin: ForkOrigin | null = null) {
    this.pool = pool;
    this.wal = wal;
    this.origin = origin;
    this.clockMs = clockMs;
    this.now = () => Math.round((clockMs() - POSTGRES_EPOCH_MS) * 1000);
    this.transactions = new TransactionManager(this, this.locks);
    this.sequences = new Sequences(wal, this.transactions, origin?.sequences ?? null);
    this.branch = origin === null ? pool.mainBranch : new Branch(pool.mainBranch.archive, true);
    this.versionsBranch = origin === null ? pool.mainVersions : new Branch(pool.mainBranch.archive, true);
    const pages = pool.relation(VERSIONS_REL_ID);
    const ownPages = origin === null ? (pages ?? this.createVersionPages()) : this.forkVersionPages(origin);
    // The version store needs the context, and is part of it.
    const context = {
      pool,
      wal,
      transactions: this.transactions,
      locks: this.locks,
      newPage: (relation: RelationPages, flags: number, ring?: WriteRing) => this.newPage(relation, flags, ring),
      versionsPiled: () => this.onVersionsPiled(),
      pagesWritten: () => this.onPagesWritten(),
    } as { -readonly [K in keyof HeapContext]: HeapContext[K] };
    context.versions = new VersionStore(context, ownPages);
    this.versions = context.versions;
    this.context = context;
    this.sweep = new Sweep(context, (relId) => this.heaps.get(relId));
  }

  // Forks.

  /**
   * A fork: what is committed now, to be changed without this store hearing of it, and the other way round. Nothing is copied but what
   * changes (buffer/branch.ts). To be given back with `endFork`.
   */
  fork(moment: CommitMoment | null = null): Store {
    for (const heap of this.heaps.values()) heap.bulks.logOpen();
    const unseen = new XidsSince(this.transactions, moment, this.origin?.unseen ?? null);
    const store = new Store(this.pool, new Wal({ segments: null, isFork: true }), this.clockMs, {
      parent: this,
      epoch: this.branch.fork(this.transactions.nextXid),
      versionsEpoch: unseen.isEmpty ? 0 : this.versionsBranch.fork(this.transactions.nextXid),
      unseen,
      sequences: this.sequences.image(),
      nextRelId: this.nextRelId,
    });
    store.wal.attachPages(this.pool);
    store.wal.open(1, 0);
    store.transactions.restart(this.transactions.nextXid, this.transactions.lastCsn);
    store.nextRelId = this.nextRelId;
    return store;
  }

  /** A fork is not used any more: all that is its own goes, as soon as no fork of it needs it. */
  endFork(): void {
    const { origin } = this;
    assert(origin !== null, 'a fork ends');
    this.branch.afterForks(() => {
      for (const heap of this.heaps.values()) {
        heap.bulks.discard();
        this.pool.dropUnlogged(heap.pages);
      }
      this.heaps.clear();
      this.pool.dropUnlogged(this.versions.pages);
      origin.parent.branch.release(origin.epoch);
      if (origin.versionsEpoch > 0) origin.parent.versionsBranch.release(origin.versionsEpoch);
    });
  }

  /** Forks of it that live. */
  get forkCount(): number {
    return this.branch.forkCount;
  }

  isInherited(relId: number): boolean {
    return this.origin !== null && relId < this.origin.nextRelId;
  }

  private forkVersionPages(origin: ForkOrigin): RelationPages {
    const { parent, versionsEpoch: epoch } = origin;
    const inherited = epoch === 0 ? null : { parent: parent.versions.pages, epoch };
    return this.pool.createUnlogged(this.versionsBranch, inherited);
  }

  /** A heap that the fork has from its parent, when it is first used. */
  private inheritHeap(relId: number): Heap | undefined {
    const { origin } = this;
    if (origin === null || !this.isInherited(relId) || this.droppedHeaps.has(relId)) return undefined;
    const { parent, epoch, unseen } = origin;
    const theirs = parent.retired.get(relId) ?? parent.findHeap(relId);
    if (theirs === undefined) return undefined;
    const pages = this.pool.createUnlogged(this.branch, { parent: theirs.pages, epoch });
    const heap = new Heap(this.context, pages, relId);
    heap.keepsHistory = theirs.keepsHistory;
    heap.rowCount = theirs.rowCount;
    this.inheritedRows.set(relId, theirs.rowCount);
    if (pages.source !== null && !unseen.isEmpty) pages.source.settling = new ForkSettling(heap, unseen);
    this.heaps.set(relId, heap);
    return heap;
  }

  /** Something is under way that a reset would take the ground from: a transaction, a reader, a fork of it. */
  get isBusy(): boolean {
    const { table, snapshots } = this.transactions;
    return table.oldestUnfinished !== table.next || snapshots.count > 0 || this.branch.forkCount > 0;
  }

  /** A fork at rest keeps no page of old versions, if it can: with many forks they are half of the pages. */
  giveBackVersions(): void {
    const { origin, versions, versionsBranch } = this;
    if (origin === null || versions.usedPageCount === 0 || this.isBusy || versionsBranch.forkCount > 0) return;
    if (this.sweep.pendingCount > 0 || !versions.isIdle) return;
    this.pool.resetUnlogged(versions.pages);
    versions.restart();
  }

  /** Everything is again what the fork began with. Before: it is not busy. */
  resetFork(): void {
    const { origin, pool } = this;
    assert(origin !== null && !this.isBusy, 'only a fork at rest goes back');
    for (const [relId, heap] of this.heaps) {
      if (heap.pages.source === null) {
        heap.bulks.discard();
        this.heaps.delete(relId);
        this.locks.forgetHeap(relId);
        pool.dropUnlogged(heap.pages);
        continue;
      }
      pool.resetUnlogged(heap.pages);
      heap.restart(this.inheritedRows.get(relId) ?? 0);
      if (!origin.unseen.isEmpty) heap.pages.source.settling = new ForkSettling(heap, origin.unseen);
    }
    pool.resetUnlogged(this.versions.pages);
    this.versions.restart();
    this.sweep.restart();
    this.droppedHeaps.clear();
    this.sequences.reset();
    this.catalog.clear();
  }

  private createVersionPages(): RelationPages {
    logRelationCreate(this.wal, 0, VERSIONS_REL_ID);
    return this.pool.createRelation(VERSIONS_REL_ID);
  }

  /** Refused by a full disk (53100) before anything has happened. */
  private newPage(relation: RelationPages, flags: number, ring?: WriteRing): number {
    const { pool, wal } = this;
    wal.begin(WAL_PAGES, 0);
    wal.cancel();
    const base = pool.newPage(relation, flags, ring);
    const pageNo = relation.pageCount - 1;
    // There was room a moment ago; writing back a page in between may have used it up.
    wal.urgent = true;
    try {
      wal.begin(WAL_PAGES, 0);
    } finally {
      wal.urgent = false;
    }
    wal.pageInit(relation, pageNo, base);
    wal.end();
    return pageNo;
  }

  // Heaps.

  createHeap(txn: Transaction): Heap {
    const xid = this.xidOf(txn);
    const relId = this.nextRelId;
    logRelationCreate(this.wal, xid, relId);
    this.nextRelId++;
    const { pool } = this;
    const pages = this.origin === null ? pool.createRelation(relId) : pool.createUnlogged(this.branch, null);
    const heap = new Heap(this.context, pages, relId);
    heap.creator = txn;
    heap.createdAt = txn.writes.count;
    heap.createdCsn = Infinity;
    // Nobody reads it as it was before it is committed.
    heap.keepsHistory = this.transactions.history.isDefault;
    txn.writes.add(relId, 0, WRITE_CREATE_HEAP, 0, 0);
    this.heaps.set(relId, heap);
    return heap;
  }

  /**
   * A new heap that begins as a copy of another, of which so many pages and rows are visible to those who will see it. What must be copied
   * before the copy may be looked at is the caller's matter, who then says so (copies.guard).
   */
  copyHeap(txn: Transaction, source: Heap, pageCount: number, rowCount: number): HeapCopy {
    assert(this.origin === null, 'what is a copy lasts');
    const heap = this.createHeap(txn);
    logRelationCopy(this.wal, txn.xidRuns[0], heap.relId, source.relId, pageCount);
    const copy = new HeapCopy(source, heap, this.pool.copyRelation(source.pages, heap.pages, pageCount));
    this.copies.add(copy);
    this.countCopied(txn, heap, rowCount);
    return copy;
  }

  /** The transaction that makes a copy of a heap gives it so many rows. */
  countCopied(txn: Transaction, heap: Heap, rowCount: number): void {
    // Statistics come along: for auto-analyze nothing has changed.
    heap.changeCount -= rowCount;
    for (let left = rowCount; left > 0; left -= ROWS_AN_ENTRY)
      txn.writes.add(heap.relId, 0, WRITE_INSERT, Math.min(left, ROWS_AN_ENTRY), 0);
  }

  findHeap(relId: number): Heap | undefined {
    return this.heaps.get(relId) ?? this.inheritHeap(relId);
  }

  heap(relId: number): Heap {
    const heap = this.findHeap(relId);
    assert(heap !== undefined, `heap ${relId} exists`);
    return heap;
  }

  dropHeap(txn: Transaction, relId: number): void {
    assert(this.findHeap(relId) !== undefined, `heap ${relId} exists`);
    this.xidOf(txn);
    txn.writes.add(relId, 0, WRITE_DROP_HEAP, 0, 0);
  }

  private removeHeap(relId: number): void {
    const heap = this.heap(relId);
    heap.bulks.discard();
    this.heaps.delete(relId);
    this.locks.forgetHeap(relId);
    if (this.branch.forkCount > 0) {
      this.retired.set(relId, heap);
      this.branch.afterForks(() => this.retired.delete(relId));
    }
    if (this.origin === null) this.pool.dropRelation(heap.pages);
    else {
      this.droppedHeaps.add(relId);
      this.branch.afterForks(() => this.pool.dropUnlogged(heap.pages));
    }
  }

  // Catalog.

  putCatalog(txn: Transaction, key: string, bytes: Uint8Array | null): void {
    this.xidOf(txn);
    (txn.catalogChanges ??= []).push({ key, bytes });
  }

  // Oids.

  allocateOid(): number {
    if (this.nextOid >= this.oidLimit) {
      logSequence(this.wal, OID_COUNTER_ID, this.nextOid + OIDS_LOGGED_AHEAD, true);
      this.oidLimit = this.nextOid + OIDS_LOGGED_AHEAD;
    }
    return this.nextOid++;
  }

  // What transactions ask for.

  logCommit(txn: Transaction, csn: number): number {
    const writes = txn.writes;
    dropped.length = 0;
    rowChanges.length = 0;
    for (let i = 0; i < writes.count; i++) {
      const kind = writes.kinds[i];
      if (kind === WRITE_DROP_HEAP) dropped.push(writes.relIds[i]);
      else if (kind === WRITE_DROP_SEQUENCE) this.sequences.logDrop(txn, writes.relIds[i]);
      else if (kind === WRITE_RESTART_SEQUENCE) this.sequences.logRestart(txn, writes.relIds[i]);
      else if (kind === WRITE_INSERT) {
        this.heaps.get(writes.relIds[i])?.bulks.finish(txn);
        noteRowChange(writes.relIds[i], writes.counts[i]);
      } else if (kind === WRITE_DELETE) noteRowChange(writes.relIds[i], -writes.counts[i]);
    }
    const xids = xidsOf(txn);
    if (txn.catalogChanges !== null) {
      for (const { key, bytes } of txn.catalogChanges) logCatalog(this.wal, xids[0], key, bytes);
    }
    return logCommit(this.wal, xids, csn, this.transactions.history.stamp(this.now()), dropped, rowChanges);
  }

  committed(txn: Transaction): void {
    if (txn.catalogChanges !== null) {
      for (const { key, bytes } of txn.catalogChanges) {
        if (bytes === null) this.catalog.delete(key);
        else this.catalog.set(key, bytes);
      }
    }
    const writes = txn.writes;
    if (writes.sweepCount > 0) {
      this.sweep.add(txn);
      this.onLeftBehind();
    }
    if (this.origin !== null && this.versions.usedPageCount > 0) this.onVersionsPiled();
    for (let i = 0; i < writes.count; i++) {
      const relId = writes.relIds[i];
      switch (writes.kinds[i] & WRITE_KIND_MASK) {
        case WRITE_INSERT:
          this.countRows(relId, WRITE_INSERT, writes.counts[i]);
          break;
        case WRITE_DELETE:
          this.countRows(relId, WRITE_DELETE, writes.counts[i]);
          break;
        case WRITE_UPDATE:
          this.countRows(relId, writes.kinds[i], isRun(writes.kinds[i]) ? writes.counts[i] : 1);
          break;
        case WRITE_CREATE_HEAP:
          this.noteCreated(this.heap(relId));
          break;
        case WRITE_DROP_HEAP:
          this.removeHeap(relId);
          break;
        case WRITE_DROP_SEQUENCE:
          this.sequences.forget(relId);
          break;
        case WRITE_RESTART_SEQUENCE:
          this.sequences.endRestart(relId);
          break;
      }
    }
  }

  private noteCreated(heap: Heap): void {
    const { lastCsn, history } = this.transactions;
    heap.creator = null;
    heap.createdCsn = lastCsn;
    heap.createdTime = history.lastTime;
  }

  /** Rows that a committed transaction changed. */
  private countRows(relId: number, kind: number, rows: number): void {
    const heap = this.heaps.get(relId);
    if (heap === undefined) return;
    if (kind === WRITE_INSERT) heap.rowCount += rows;
    else if (kind === WRITE_DELETE) heap.rowCount -= rows;
    heap.changeCount += rows;
    countWrites(heap, kind, rows);
  }

  whenDurable(txn: Transaction, lsn: number, durable: (error: Error | null) => void): void {
    if (txn.synchronousCommit) this.wal.requestFlush(lsn, durable);
    else {
      this.wal.flushSoon();
      durable(null);
    }
  }

  tryFlush(lsn: number): void {
    try {
      this.wal.flushSync(lsn);
    } catch (error) {
      // The record is in the log's memory and the flusher tries on: the commit stands, and is acknowledged when it is durable.
      if (!(error instanceof SqlError) || error.code !== '53100') throw error;
    }
  }

  undoLast(txn: Transaction, downTo: number): void {
    const writes = txn.writes;
    const at = writes.count - 1;
    const relId = writes.relIds[at];
    const kind = writes.kinds[at];
    switch (kind & WRITE_KIND_MASK) {
      case WRITE_INSERT:
      case WRITE_UPDATE:
      case WRITE_DELETE:
        this.undoRows(txn, downTo, this.heap(relId), at, kind);
        return;
      case WRITE_CREATE_HEAP:
        logRelationDropUrgent(this.wal, relId);
        this.removeHeap(relId);
        break;
      case WRITE_CREATE_SEQUENCE:
        this.sequences.forget(relId);
        break;
      case WRITE_RESTART_SEQUENCE:
        this.sequences.undoRestart(relId);
        break;
    }
    writes.dropLast();
  }

  /** Undoes the newest row of the entry, or all of them where that is one step. */
  private undoRows(txn: Transaction, downTo: number, heap: Heap, at: number, kind: number): void {
    const writes = txn.writes;
    // The heap itself is about to go.
    if (heap.creator === txn && heap.createdAt >= downTo) {
      writes.dropLast();
      return;
    }
    if (!heap.bulks.isEmpty) this.finishBulkForUndo(heap, txn);
    if (kind === WRITE_INSERT) {
      undoInserts(this.context, heap, writes.rowIds[at], writes.counts[at]);
      countWrites(heap, kind, writes.counts[at]);
      writes.dropLast();
      return;
    }
    const last = isRun(kind) ? writes.counts[at] - 1 : 0;
    undoNewest(this.context, heap, writes.rowIds[at] + last, (kind & WRITE_INDEXED) !== 0);
    countWrites(heap, kind, 1);
    writes.dropLastRow();
  }

  private finishBulkForUndo(heap: Heap, txn: Transaction): void {
    this.wal.urgent = true;
    try {
      heap.bulks.finish(txn);
    } finally {
      this.wal.urgent = false;
    }
  }

  logAbort(txn: Transaction): void {
    logAbort(this.wal, xidsOf(txn));
  }

  isPageMiss(error: unknown): boolean {
    return error === PAGE_MISS;
  }

  /** An xid of the transaction, a new one if it has none. */
  private xidOf(txn: Transaction): number {
    return txn.hasWritten ? txn.xidRuns[0] : this.transactions.statementXid(txn);
  }
}

/** For statistics: rows of an ended transaction, or of what it rolled back. */
function countWrites(heap: Heap, kind: number, rows: number): void {
  const { counters } = heap;
  if (kind === WRITE_INSERT) counters.inserted += rows;
  else if (kind === WRITE_DELETE) counters.deleted += rows;
  else {
    counters.updated += rows;
    if ((kind & (WRITE_INDEXED | WRITE_MOVED)) === 0) counters.hotUpdated += rows;
  }
}

function logRelationDropUrgent(wal: Wal, relId: number): void {
  wal.urgent = true;
  try {
    logRelationDrop(wal, relId);
  } finally {
    wal.urgent = false;
  }
}

const xids: number[] = [];
const dropped: number[] = [];
/** Relation, change, relation, change ... */
const rowChanges: number[] = [];

/** Transactions write to few heaps, mostly to the same as just before. */
function noteRowChange(relId: number, change: number): void {
  let at = rowChanges.length - 2;
  while (at >= 0 && rowChanges[at] !== relId) at -= 2;
  if (at >= 0) rowChanges[at + 1] += change;
  else rowChanges.push(relId, change);
}

/** The transaction's xids, in an array that the next call fills again. */
function xidsOf(txn: Transaction): number[] {
  xids.length = 0;
  const runs = txn.xidRuns;
  for (let i = 0; i < runs.length; i += 2) for (let xid = runs[i]; xid <= runs[i + 1]; xid++) xids.push(xid);
  return xids;
}
