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
  readonly classOid: number | null;
  readonly objectOid: number | null;
  readonly objectSubId: number | null;
  readonly processId: number;
  /** AccessShareLock ... */
  readonly mode: string;
  readonly granted: boolean;
}

/** Counters of one table since the server's start, for pg_stat_*_tables. */
export interface TableActivity {
  readonly liveRows: number;
  readonly deadRows: number;
  readonly inserted: number;
  readonly updated: number;
  readonly deleted: number;
  readonly sequentialScans: number;
  readonly indexScans: number;
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

export interface SystemInformation {
  readonly shared: SharedCatalog;
  /** Oid of the role whose rights count (current_user). */
  readonly currentRoleOid: number;
  /** The session's temporary schema, 0 before there is one. */
  readonly temporarySchemaOid: number;
  /** Microseconds since 2000-01-01 UTC. */
  readonly serverStart: number;
  settings(): readonly SettingRow[];
  activity(): readonly SessionActivity[];
  locks(): readonly LockInformation[];
  readonly statistics: StatisticsSource;
  tableActivity(tableOid: number): TableActivity | null;
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
  preload(): PreloadInformation;
}
