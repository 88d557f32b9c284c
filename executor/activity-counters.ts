/**
 * What a database's tables, indexes and sessions did since the start (or since pg_stat_reset), for the pg_stat views.
 *
 * The counting itself is in fields of what does the work (RelationPages, HeapCounters, IndexCounters); here they are found by oid, and
 * kept over TRUNCATE and rewrites, which give a table another heap.
 */
import type { RelationEntry } from '../catalog/entries.ts';
import type { DatabaseActivity, TableActivity } from '../catalog/system-information.ts';
import { type Heap, HeapCounters, type StorageEngine, type TemporaryCounters } from '../storage/api.ts';
import { IndexCounters } from './index-runtime.ts';

/** A heap of the table, and the one of its long values. */
interface Heaps {
  readonly main: Heap;
  readonly long: Heap | null;
}

class TableRecord {
  /** The table's heap, and those before it whose transaction may still come back to them. */
  readonly heaps: Heaps[] = [];
  /** What heaps that are gone had counted. */
  readonly past = new HeapCounters();
  pastHits = 0;
  pastReads = 0;
  pastLongHits = 0;
  pastLongReads = 0;
  /** The heap's change and insert counters at the last ANALYZE and VACUUM; TRUNCATE begins with another heap, from 0. */
  changesAtAnalyze = 0;
  analyzedHeap: Heap | null = null;
  insertsAtVacuum = 0;
  lastAnalyze: number | null = null;
  analyzeCount = 0;
  lastAutoAnalyze: number | null = null;
  autoAnalyzeCount = 0;
  lastVacuum: number | null = null;
  vacuumCount = 0;

  attach(main: Heap, long: Heap | null): void {
    const known = this.heaps.find((heaps) => heaps.main === main);
    if (known !== undefined && known.long === long) return;
    if (known !== undefined) this.heaps.splice(this.heaps.indexOf(known), 1);
    this.heaps.push({ main, long });
    this.#fold();
  }

  /** Heaps that are gone are remembered as numbers. */
  #fold(): void {
    for (const heaps of this.heaps.filter((candidate) => candidate.main.pages.dropped)) {
      this.heaps.splice(this.heaps.indexOf(heaps), 1);
      this.past.add(heaps.main.counters);
      this.pastHits += heaps.main.pages.hits;
      this.pastReads += heaps.main.pages.reads;
      this.pastLongHits += heaps.long?.pages.hits ?? 0;
      this.pastLongReads += heaps.long?.pages.reads ?? 0;
    }
  }

  rows(): HeapCounters {
    this.#fold();
    const sum = new HeapCounters();
    sum.add(this.past);
    for (const { main } of this.heaps) sum.add(main.counters);
    return sum;
  }

  blocks(): { hits: number; reads: number; longHits: number; longReads: number } {
    const sum = {
      hits: this.pastHits,
      reads: this.pastReads,
      longHits: this.pastLongHits,
      longReads: this.pastLongReads,
    };
    for (const { main, long } of this.heaps) {
      sum.hits += main.pages.hits;
      sum.reads += main.pages.reads;
      sum.longHits += long?.pages.hits ?? 0;
      sum.longReads += long?.pages.reads ?? 0;
    }
    return sum;
  }

  reset(): void {
    this.past.clear();
    this.pastHits = 0;
    this.pastReads = 0;
    this.pastLongHits = 0;
    this.pastLongReads = 0;
    this.insertsAtVacuum = 0;
    this.lastAnalyze = null;
    this.analyzeCount = 0;
    this.lastAutoAnalyze = null;
    this.autoAnalyzeCount = 0;
    this.lastVacuum = null;
    this.vacuumCount = 0;
    for (const { main, long } of this.heaps) {
      main.counters.clear();
      for (const pages of [main.pages, long?.pages]) {
        if (pages === undefined) continue;
        pages.hits = 0;
        pages.reads = 0;
      }
    }
  }
}

export class ActivityCounters {
  readonly #engine: StorageEngine;
  readonly #tables = new Map<number, TableRecord>();
  readonly #indexes = new Map<number, IndexCounters>();
  /** Transactions that ended, and sessions that began. */
  commits = 0;
  rollbacks = 0;
  sessions = 0;
  deadlocks = 0;
  /** Counted by the files. */
  readonly temporary: TemporaryCounters = { fileCount: 0, byteCount: 0 };
  /** Microseconds since 2000-01-01 UTC; null: never. */
  resetAt: number | null = null;

  constructor(engine: StorageEngine) {
    this.#engine = engine;
  }

  /** The table's runtime was made, perhaps with another heap than before. */
  attach(entry: RelationEntry): void {
    const long = entry.overflowRelId === 0 ? null : this.#engine.heapInUse(entry.overflowRelId);
    this.#record(entry.oid).attach(this.#engine.heap(entry.relId), long);
  }

  #record(tableOid: number): TableRecord {
    let record = this.#tables.get(tableOid);
    if (record === undefined) {
      record = new TableRecord();
      this.#tables.set(tableOid, record);
    }
    return record;
  }

  index(indexOid: number): IndexCounters {
    let counters = this.#indexes.get(indexOid);
    if (counters === undefined) {
      counters = new IndexCounters();
      this.#indexes.set(indexOid, counters);
    }
    return counters;
  }

  /** The table or index is gone. */
  forget(oid: number): void {
    this.#tables.delete(oid);
    this.#indexes.delete(oid);
  }

  noteVacuum(tableOid: number, now: number): void {
    const record = this.#record(tableOid);
    record.lastVacuum = now;
    record.vacuumCount++;
    record.insertsAtVacuum = record.rows().inserted;
  }

  noteAnalyze(tableOid: number, heap: Heap, now: number, isAuto: boolean): void {
    const record = this.#record(tableOid);
    if (isAuto) {
      record.lastAutoAnalyze = now;
      record.autoAnalyzeCount++;
    } else {
      record.lastAnalyze = now;
      record.analyzeCount++;
    }
    record.changesAtAnalyze = heap.changeCount;
    record.analyzedHeap = heap;
  }

  table(entry: RelationEntry): TableActivity {
    const heap = this.#engine.heap(entry.relId);
    this.attach(entry);
    const record = this.#record(entry.oid);
    const rows = record.rows();
    const blocks = record.blocks();
    const hasLong = entry.overflowRelId !== 0;
    return {
      liveRows: Math.max(0, heap.rowCount),
      deadRows: heap.deadCount,
      inserted: rows.inserted,
      updated: rows.updated,
      deleted: rows.deleted,
      hotUpdated: rows.hotUpdated,
      sequentialScans: rows.sequentialScans,
      sequentialRows: rows.sequentialRows,
      bitmapRows: rows.bitmapRows,
      changedSinceAnalyze: Math.max(0, heap.changeCount - (record.analyzedHeap === heap ? record.changesAtAnalyze : 0)),
      insertedSinceVacuum: Math.max(0, rows.inserted - record.insertsAtVacuum),
      lastVacuum: record.lastVacuum,
      vacuumCount: record.vacuumCount,
      lastAnalyze: record.lastAnalyze,
      analyzeCount: record.analyzeCount,
      lastAutoAnalyze: record.lastAutoAnalyze,
      autoAnalyzeCount: record.autoAnalyzeCount,
      blocksHit: blocks.hits,
      blocksRead: blocks.reads,
      longBlocksHit: hasLong ? blocks.longHits : null,
      longBlocksRead: hasLong ? blocks.longReads : null,
    };
  }

  /** Sums over all tables and indexes. */
  database(): DatabaseActivity {
    const rows = new HeapCounters();
    let blocksHit = 0;
    let blocksRead = 0;
    for (const record of this.#tables.values()) {
      rows.add(record.rows());
      const blocks = record.blocks();
      blocksHit += blocks.hits + blocks.longHits;
      blocksRead += blocks.reads + blocks.longReads;
    }
    let entriesRead = 0;
    let fetched = rows.bitmapRows;
    for (const counters of this.#indexes.values()) {
      entriesRead += counters.entriesRead;
      fetched += counters.rowsFetched;
    }
    return {
      commits: this.commits,
      rollbacks: this.rollbacks,
      blocksHit,
      blocksRead,
      rowsReturned: rows.sequentialRows + entriesRead,
      rowsFetched: fetched,
      inserted: rows.inserted,
      updated: rows.updated,
      deleted: rows.deleted,
      deadlocks: this.deadlocks,
      temporaryFiles: this.temporary.fileCount,
      temporaryBytes: this.temporary.byteCount,
      sessions: this.sessions,
      resetAt: this.resetAt,
    };
  }

  resetTable(tableOid: number): void {
    this.#tables.get(tableOid)?.reset();
  }

  resetIndex(indexOid: number): void {
    const counters = this.#indexes.get(indexOid);
    if (counters === undefined) return;
    counters.scans = 0;
    counters.entriesRead = 0;
    counters.rowsFetched = 0;
  }

  reset(now: number): void {
    for (const record of this.#tables.values()) record.reset();
    for (const oid of this.#indexes.keys()) this.resetIndex(oid);
    this.commits = 0;
    this.rollbacks = 0;
    this.sessions = 0;
    this.deadlocks = 0;
    this.temporary.fileCount = 0;
    this.temporary.byteCount = 0;
    this.resetAt = now;
  }
}
