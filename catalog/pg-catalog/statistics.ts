/**
 * What was done since the start: pg_stat_*, pg_statio_*, pg_buffercache, pg_stat_memory. Counters that are not kept (times of single
 * reads, of sessions) are 0, times NULL.
 *
 * The system's own catalogs are made when they are read: they have no pages and no counters, so the views of system tables are empty.
 * Indexes are in memory outside of the buffer pool: they have no blocks, so their block counters are 0.
 */
import { Numeric } from '../../types/index.ts';
import type { RelationEntry } from '../entries.ts';
import type { DatabaseActivity, IndexActivity, TableActivity } from '../system-information.ts';
import { type Row, type RowMaker, sorted, type ViewContext } from './view-context.ts';

const NO_TABLE: TableActivity = {
  liveRows: 0,
  deadRows: 0,
  inserted: 0,
  updated: 0,
  deleted: 0,
  hotUpdated: 0,
  sequentialScans: 0,
  sequentialRows: 0,
  bitmapRows: 0,
  changedSinceAnalyze: 0,
  insertedSinceVacuum: 0,
  lastVacuum: null,
  vacuumCount: 0,
  lastAnalyze: null,
  analyzeCount: 0,
  lastAutoAnalyze: null,
  autoAnalyzeCount: 0,
  blocksHit: 0,
  blocksRead: 0,
  longBlocksHit: null,
  longBlocksRead: null,
};
const NO_INDEX: IndexActivity = { scans: 0, entriesRead: 0, rowsFetched: 0 };
const NO_DATABASE: DatabaseActivity = {
  commits: 0,
  rollbacks: 0,
  blocksHit: 0,
  blocksRead: 0,
  rowsReturned: 0,
  rowsFetched: 0,
  inserted: 0,
  updated: 0,
  deleted: 0,
  deadlocks: 0,
  temporaryFiles: 0,
  temporaryBytes: 0,
  sessions: 0,
  resetAt: null,
};

function stored(context: ViewContext): RelationEntry[] {
  return sorted(context.catalog.relations()).filter((entry) => entry.relId !== 0);
}

function* pgStatTables(context: ViewContext): Iterable<Row> {
  const { system, catalog } = context;
  for (const table of stored(context)) {
    const activity = system?.tableActivity(table.oid) ?? NO_TABLE;
    const indexes = catalog.indexesOf(table.oid).map((index) => system?.indexActivity(index.oid) ?? NO_INDEX);
    const hasIndex = indexes.length > 0;
    yield {
      relid: table.oid,
      schemaname: context.schemaName(table.schemaOid),
      relname: table.name,
      seq_scan: activity.sequentialScans,
      seq_tup_read: activity.sequentialRows,
      idx_scan: hasIndex ? indexes.reduce((sum, index) => sum + index.scans, 0) : null,
      idx_tup_fetch: hasIndex ? indexes.reduce((sum, index) => sum + index.rowsFetched, activity.bitmapRows) : null,
      n_tup_ins: activity.inserted,
      n_tup_upd: activity.updated,
      n_tup_del: activity.deleted,
      n_tup_hot_upd: activity.hotUpdated,
      n_live_tup: activity.liveRows,
      n_dead_tup: activity.deadRows,
      n_mod_since_analyze: activity.changedSinceAnalyze,
      n_ins_since_vacuum: activity.insertedSinceVacuum,
      last_vacuum: activity.lastVacuum,
      last_analyze: activity.lastAnalyze,
      last_autoanalyze: activity.lastAutoAnalyze,
      vacuum_count: activity.vacuumCount,
      autovacuum_count: 0,
      analyze_count: activity.analyzeCount,
      autoanalyze_count: activity.autoAnalyzeCount,
    };
  }
}

function* pgStatioTables(context: ViewContext): Iterable<Row> {
  for (const table of stored(context)) {
    const activity = context.system?.tableActivity(table.oid) ?? NO_TABLE;
    const indexBlocks = context.catalog.indexesOf(table.oid).length > 0 ? 0 : null;
    const longIndexBlocks = activity.longBlocksRead === null ? null : 0;
    yield {
      relid: table.oid,
      schemaname: context.schemaName(table.schemaOid),
      relname: table.name,
      heap_blks_read: activity.blocksRead,
      heap_blks_hit: activity.blocksHit,
      idx_blks_read: indexBlocks,
      idx_blks_hit: indexBlocks,
      toast_blks_read: activity.longBlocksRead,
      toast_blks_hit: activity.longBlocksHit,
      tidx_blks_read: longIndexBlocks,
      tidx_blks_hit: longIndexBlocks,
    };
  }
}

function* indexRows(context: ViewContext, counters: (indexOid: number) => Row): Iterable<Row> {
  for (const index of sorted(context.catalog.indexes())) {
    const table = context.catalog.relation(index.tableOid) as RelationEntry;
    yield {
      relid: table.oid,
      indexrelid: index.oid,
      schemaname: context.schemaName(table.schemaOid),
      relname: table.name,
      indexrelname: index.name,
      ...counters(index.oid),
    };
  }
}

const pgStatIndexes: RowMaker<Row> = (context) =>
  indexRows(context, (oid) => {
    const activity = context.system?.indexActivity(oid) ?? NO_INDEX;
    return { idx_scan: activity.scans, idx_tup_read: activity.entriesRead, idx_tup_fetch: activity.rowsFetched };
  });

const pgStatioIndexes: RowMaker<Row> = (context) => indexRows(context, () => ({ idx_blks_read: 0, idx_blks_hit: 0 }));

/** A sequence is a few numbers in memory and in the log: it has no blocks. */
function* pgStatioSequences(context: ViewContext): Iterable<Row> {
  for (const sequence of sorted(context.catalog.sequences())) {
    yield {
      relid: sequence.oid,
      schemaname: context.schemaName(sequence.schemaOid),
      relname: sequence.name,
      blks_read: 0,
      blks_hit: 0,
    };
  }
}

function databaseRow(oid: number, name: string | null, backends: number, activity: DatabaseActivity): Row {
  return {
    datid: oid,
    datname: name,
    numbackends: backends,
    xact_commit: activity.commits,
    xact_rollback: activity.rollbacks,
    blks_read: activity.blocksRead,
    blks_hit: activity.blocksHit,
    tup_returned: activity.rowsReturned,
    tup_fetched: activity.rowsFetched,
    tup_inserted: activity.inserted,
    tup_updated: activity.updated,
    tup_deleted: activity.deleted,
    conflicts: 0,
    temp_files: activity.temporaryFiles,
    temp_bytes: activity.temporaryBytes,
    deadlocks: activity.deadlocks,
    checksum_failures: 0,
    blk_read_time: 0,
    blk_write_time: 0,
    session_time: 0,
    active_time: 0,
    idle_in_transaction_time: 0,
    sessions: activity.sessions,
    sessions_abandoned: 0,
    sessions_fatal: 0,
    sessions_killed: 0,
    stats_reset: activity.resetAt,
  };
}

function* pgStatDatabase(context: ViewContext): Iterable<Row> {
  const sessions = context.system?.activity() ?? [];
  // What belongs to no database: PostgreSQL has a row for it.
  yield databaseRow(0, null, 0, NO_DATABASE);
  for (const { oid, name } of sorted(context.shared.databases())) {
    const backends = sessions.filter((session) => session.databaseOid === oid).length;
    yield databaseRow(oid, name, backends, context.system?.databaseActivity(oid) ?? NO_DATABASE);
  }
}

function* pgStatBgwriter({ system }: ViewContext): Iterable<Row> {
  if (system === null) return;
  const activity = system.writerActivity();
  yield {
    checkpoints_timed: activity.checkpointsTimed,
    checkpoints_req: activity.checkpointsRequested,
    checkpoint_write_time: activity.checkpointWriteMs,
    checkpoint_sync_time: activity.checkpointSyncMs,
    buffers_checkpoint: activity.checkpointPages,
    buffers_clean: activity.backgroundPages,
    maxwritten_clean: 0,
    buffers_backend: activity.foregroundPages,
    buffers_backend_fsync: 0,
    buffers_alloc: activity.allocations,
    stats_reset: activity.resetAt ?? system.serverStart,
  };
}

function* pgStatWal({ system }: ViewContext): Iterable<Row> {
  if (system === null) return;
  const activity = system.walActivity();
  yield {
    wal_records: activity.records,
    wal_fpi: activity.pageImages,
    wal_bytes: Numeric.fromBigint(activity.bytes),
    wal_buffers_full: 0,
    wal_write: activity.writes,
    wal_sync: activity.syncs,
    wal_write_time: 0,
    wal_sync_time: 0,
    stats_reset: activity.resetAt ?? system.serverStart,
  };
}

function* pgStatArchiver({ system }: ViewContext): Iterable<Row> {
  if (system === null) return;
  const activity = system.archiverActivity();
  yield {
    archived_count: activity.archivedCount,
    last_archived_wal: activity.lastArchived,
    last_archived_time: activity.lastArchivedAt,
    failed_count: activity.failedCount,
    last_failed_wal: activity.lastFailed,
    last_failed_time: activity.lastFailedAt,
    stats_reset: activity.resetAt ?? system.serverStart,
  };
}

const DEFAULT_TABLESPACE_OID = 1663;

/** All frames, as PostgreSQL's extension of this name; frames without a page have a number only. */
function* pgBuffercache({ system }: ViewContext): Iterable<Row> {
  for (const frame of system?.frames() ?? []) {
    if (frame.relationId === null) yield { bufferid: frame.number + 1 };
    else {
      yield {
        bufferid: frame.number + 1,
        relfilenode: frame.relationId,
        reltablespace: DEFAULT_TABLESPACE_OID,
        reldatabase: frame.databaseOid,
        relforknumber: 0,
        relblocknumber: frame.pageNo,
        isdirty: frame.isDirty,
        usagecount: frame.usageCount,
        pinning_backends: frame.pinCount,
      };
    }
  }
}

function* pgStatMemory({ system }: ViewContext): Iterable<Row> {
  for (const { name, bytes, limit, description } of system?.memory() ?? []) {
    yield { name, bytes_used: bytes, bytes_limit: limit, description };
  }
}

const NO_ROWS: RowMaker<Row> = () => [];

/** Rows of the system's schema, or of all others: the tables of large objects are the system's. */
function ofSchemas(maker: RowMaker<Row>, isSystem: boolean): RowMaker {
  return function* (context) {
    for (const row of maker(context)) if ((row.schemaname === 'pg_catalog') === isSystem) yield row;
  };
}

export const statisticsMakers: Readonly<Record<string, RowMaker>> = {
  pg_stat_all_tables: pgStatTables,
  pg_stat_user_tables: ofSchemas(pgStatTables, false),
  pg_stat_sys_tables: ofSchemas(pgStatTables, true),
  pg_statio_all_tables: pgStatioTables,
  pg_statio_user_tables: ofSchemas(pgStatioTables, false),
  pg_statio_sys_tables: ofSchemas(pgStatioTables, true),
  pg_stat_all_indexes: pgStatIndexes,
  pg_stat_user_indexes: ofSchemas(pgStatIndexes, false),
  pg_stat_sys_indexes: ofSchemas(pgStatIndexes, true),
  pg_statio_all_indexes: pgStatioIndexes,
  pg_statio_user_indexes: ofSchemas(pgStatioIndexes, false),
  pg_statio_sys_indexes: ofSchemas(pgStatioIndexes, true),
  pg_statio_all_sequences: pgStatioSequences,
  pg_statio_user_sequences: pgStatioSequences,
  pg_statio_sys_sequences: NO_ROWS,
  pg_stat_database: pgStatDatabase,
  pg_stat_bgwriter: pgStatBgwriter,
  pg_stat_wal: pgStatWal,
  pg_stat_archiver: pgStatArchiver,
  pg_buffercache: pgBuffercache,
  pg_stat_memory: pgStatMemory,
};
