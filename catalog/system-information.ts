/**
 * What catalog views and functions ask of the running server beyond one database's catalog. The executor implements it and
 * gives it to functions as FunctionContext.system. Everything is asked when a view is read, nothing is kept.
 */
import type { SettingRow } from './settings.ts';
import type { SharedCatalog } from './shared-catalog.ts';
import type { StatisticsSource } from './statistics.ts';

/** One session, as pg_stat_activity shows it. Times are microseconds since 2000-01-01 UTC, null when there is none. */
export interface SessionActivity {
  readonly databaseOid: number;
  /** Forks are in nobody's pg_database but their own. */
  readonly databaseName: string;
  readonly processId: number;
  readonly roleOid: number;
  readonly applicationName: string;
  readonly clientAddress: string | null;
  readonly clientPort: number | null;
  readonly backendStart: number;
  readonly transactionStart: number | null;
  readonly queryStart: number | null;
  readonly stateChange: number | null;
  readonly waitEventType: string | null;
  readonly waitEvent: string | null;
  /** active, idle, idle in transaction, idle in transaction (aborted). */
  readonly state: string | null;
  readonly transactionId: number | null;
  readonly query: string;
  /** client backend, checkpointer ... */
  readonly backendType: string;
}

/** One lock, as pg_locks shows it. */
export interface LockInformation {
  readonly lockType: 'relation' | 'transactionid' | 'virtualxid' | 'tuple' | 'object' | 'advisory';
  readonly databaseOid: number | null;
  readonly relationOid: number | null;
  readonly virtualTransaction: string;
  readonly transactionId: number | null;
  readonly virtualXid: string | null;
  readonly classOid: number | null;
  readonly objectOid: number | null;
  readonly objectSubId: number | null;
  readonly processId: number;
  /** AccessShareLock ... */
  readonly mode: string;
  readonly granted: boolean;
}

/** What was done with one table since the start or the last reset. Times are microseconds since 2000-01-01 UTC. */
export interface TableActivity {
  readonly liveRows: number;
  /** Deleted rows and old versions that are still kept. */
  readonly deadRows: number;
  readonly inserted: number;
  readonly updated: number;
  readonly deleted: number;
  /** Updates that touched no index. */
  readonly hotUpdated: number;
  readonly sequentialScans: number;
  readonly sequentialRows: number;
  /** Rows fetched through bitmaps of indexes. */
  readonly bitmapRows: number;
  readonly changedSinceAnalyze: number;
  readonly insertedSinceVacuum: number;
  readonly lastVacuum: number | null;
  readonly vacuumCount: number;
  readonly lastAnalyze: number | null;
  readonly analyzeCount: number;
  readonly lastAutoAnalyze: number | null;
  readonly autoAnalyzeCount: number;
  /** Look-ups of pages; those of long values are null where the table has none. */
  readonly blocksHit: number;
  readonly blocksRead: number;
  readonly longBlocksHit: number | null;
  readonly longBlocksRead: number | null;
}

export interface IndexActivity {
  readonly scans: number;
  readonly entriesRead: number;
  readonly rowsFetched: number;
}

export interface DatabaseActivity {
  readonly commits: number;
  readonly rollbacks: number;
  readonly blocksHit: number;
  readonly blocksRead: number;
  readonly rowsReturned: number;
  readonly rowsFetched: number;
  readonly inserted: number;
  readonly updated: number;
  readonly deleted: number;
  readonly deadlocks: number;
  /** Files made for what did not fit in memory, and bytes written to them. */
  readonly temporaryFiles: number;
  readonly temporaryBytes: number;
  readonly sessions: number;
  readonly resetAt: number | null;
}

/** Checkpoints and page writes. */
export interface WriterActivity {
  readonly checkpointsTimed: number;
  readonly checkpointsRequested: number;
  readonly checkpointWriteMs: number;
  readonly checkpointSyncMs: number;
  readonly checkpointPages: number;
  readonly backgroundPages: number;
  readonly foregroundPages: number;
  readonly allocations: number;
  readonly resetAt: number | null;
}

export interface WalActivity {
  readonly records: number;
  readonly pageImages: number;
  readonly bytes: number;
  readonly writes: number;
  readonly syncs: number;
  readonly resetAt: number | null;
}

/** Times: microseconds since 2000-01-01 UTC. */
export interface ArchiverActivity {
  readonly archivedCount: number;
  readonly lastArchived: string | null;
  readonly lastArchivedAt: number | null;
  readonly failedCount: number;
  readonly lastFailed: string | null;
  readonly lastFailedAt: number | null;
  readonly resetAt: number | null;
}

/** Where the log ends: in memory, with the operating system, on disk. Bytes since its beginning. */
export interface WalPositions {
  readonly inserted: number;
  readonly written: number;
  readonly flushed: number;
}

/** One frame of the buffer pool; without a relation it is unused. */
export interface FrameInformation {
  readonly number: number;
  readonly relationId: number | null;
  readonly databaseOid: number;
  readonly pageNo: number;
  readonly isDirty: boolean;
  readonly usageCount: number;
  readonly pinCount: number;
}

/** One part of the process's memory. */
export interface MemoryPart {
  readonly name: string;
  readonly bytes: number;
  /** Null: there is no limit. */
  readonly limit: number | null;
  readonly description: string;
}

/** The preload of hot pages at the server's start. Times as elsewhere; numbers are pages. */
export interface PreloadInformation {
  /** off, loading, done. */
  readonly state: string;
  readonly total: number;
  readonly loaded: number;
  readonly resident: number;
  readonly gone: number;
  readonly damaged: number;
  readonly withoutRoom: number;
  readonly startedAt: number | null;
  readonly endedAt: number | null;
  readonly secondsLeft: number | null;
}

export interface IndexBuildInformation {
  readonly processId: number;
  readonly databaseOid: number;
  readonly tableOid: number;
  readonly indexOid: number;
  readonly command: string;
  readonly phase: string;
  readonly blocksTotal: number;
  readonly blocksDone: number;
  readonly tuplesTotal: number;
  readonly tuplesDone: number;
}

/** Times are microseconds since 2000-01-01 UTC. */
export interface FileInformation {
  readonly name: string;
  readonly size: number;
  readonly isFolder: boolean;
  readonly accessed: number;
  readonly modified: number;
  readonly changed: number;
}

export interface SystemInformation {
  /** What is in a folder of the server's, by a path from the data directory; why it cannot be read, in the system's words. */
  folder?(path: string): readonly FileInformation[] | string;
  /** null: there is none. */
  file?(path: string): FileInformation | null;
  readonly shared: SharedCatalog;
  /** The text that the client has sent. */
  readonly currentQuery: string;
  readonly nextXid: number;
  /** All transactions before it have ended: rows need no more of their xids, whatever is written there. */
  readonly oldestXid: number;
  /** Oid of the role whose rights count (current_user). */
  readonly currentRoleOid: number;
  /** The session's temporary schema, 0 before there is one. */
  readonly temporarySchemaOid: number;
  /** Microseconds since 2000-01-01 UTC. */
  readonly serverStart: number;
  settings(): readonly SettingRow[];
  activity(): readonly SessionActivity[];
  locks(): readonly LockInformation[];
  /** Processes that keep this one waiting for a lock. */
  blockers(processId: number): readonly number[];
  readonly statistics: StatisticsSource;
  /** Of the session's database; null when there is no such table. */
  tableActivity(tableOid: number): TableActivity | null;
  indexActivity(indexOid: number): IndexActivity | null;
  databaseActivity(databaseOid: number): DatabaseActivity | null;
  writerActivity(): WriterActivity;
  walActivity(): WalActivity;
  walPositions(): WalPositions;
  archiverActivity(): ArchiverActivity;
  /** Ends the log's segment; answers where. Throws 42501 for who may not. */
  switchWal(): number;
  /** Of the timeline that the server is on: the name in an archive of the segment that has the bytes before the position. */
  walFileName(lsn: number): string;
  frames(): Iterable<FrameInformation>;
  /** Parts of the process's memory; they add up to what it holds. */
  memory(): readonly MemoryPart[];
  /** Counters of the session's database, of one table or index in it, or of the whole server begin at 0 again. */
  resetDatabaseActivity(): void;
  resetRelationActivity(oid: number): void;
  resetServerActivity(part: 'writer' | 'wal' | 'archiver'): void;
  /** Name and statement of prepared statements of this session. */
  preparedStatements(): readonly {
    readonly name: string;
    readonly statement: string;
    readonly preparedAt: number;
    readonly parameterTypes: readonly number[];
    readonly fromSql: boolean;
  }[];
  cursors(): readonly {
    readonly name: string;
    readonly statement: string;
    readonly isHoldable: boolean;
    readonly isBinary: boolean;
    readonly isScrollable: boolean;
    readonly createdAt: number;
  }[];
  /** State of a sequence: what its next value comes from; null when it does not exist. */
  sequenceState(oid: number): { readonly lastValue: number | bigint; readonly isCalled: boolean } | null;
  databaseSize(oid: number): number | null;
  /** Indexes that are being built. */
  indexBuilds(): readonly IndexBuildInformation[];
  preload(): PreloadInformation;
}
