/** What the server is doing: pg_stat_*, pg_statio_*, pg_locks. Counters that are not kept are 0, times NULL. */
import type { RelationEntry } from '../entries.ts';
import { type Row, type RowMaker, sorted, type ViewContext } from './view-context.ts';

function* pgStatActivity(context: ViewContext): Iterable<Row> {
  const { system } = context;
  for (const session of system?.activity() ?? []) {
    const isSeen = system === null || context.shared.isMember(system.currentRoleOid, session.roleOid);
    yield {
      datid: session.databaseOid === 0 ? null : session.databaseOid,
      datname: context.shared.database(session.databaseOid)?.name ?? null,
      pid: session.processId,
      usesysid: session.roleOid === 0 ? null : session.roleOid,
      usename: session.roleOid === 0 ? null : context.roleName(session.roleOid),
      application_name: session.applicationName,
      client_addr: isSeen ? session.clientAddress : null,
      client_port: isSeen ? session.clientPort : null,
      backend_start: isSeen ? session.backendStart : null,
      xact_start: isSeen ? session.transactionStart : null,
      query_start: isSeen ? session.queryStart : null,
      state_change: isSeen ? session.stateChange : null,
      wait_event_type: isSeen ? session.waitEventType : null,
      wait_event: isSeen ? session.waitEvent : null,
      state: isSeen ? session.state : null,
      backend_xid: session.transactionId,
      query: isSeen ? session.query : '<insufficient privilege>',
      backend_type: session.backendType,
    };
  }
}

function* pgLocks(context: ViewContext): Iterable<Row> {
  for (const lock of context.system?.locks() ?? []) {
    yield {
      locktype: lock.lockType,
      database: lock.databaseOid,
      relation: lock.relationOid,
      transactionid: lock.transactionId,
      classid: lock.classOid,
      objid: lock.objectOid,
      objsubid: lock.objectSubId,
      virtualtransaction: lock.virtualTransaction,
      pid: lock.processId,
      mode: lock.mode,
      granted: lock.granted,
      fastpath: false,
    };
  }
}

function stored(context: ViewContext): RelationEntry[] {
  return sorted(context.catalog.relations()).filter((entry) => entry.relId !== 0);
}

function* pgStatTables(context: ViewContext): Iterable<Row> {
  for (const table of stored(context)) {
    const activity = context.system?.tableActivity(table.oid) ?? null;
    const hasIndex = context.catalog.indexesOf(table.oid).length > 0;
    yield {
      relid: table.oid,
      schemaname: context.schemaName(table.schemaOid),
      relname: table.name,
      seq_scan: activity?.sequentialScans ?? 0,
      seq_tup_read: 0,
      idx_scan: hasIndex ? (activity?.indexScans ?? 0) : null,
      idx_tup_fetch: hasIndex ? 0 : null,
      n_tup_ins: activity?.inserted ?? 0,
      n_tup_upd: activity?.updated ?? 0,
      n_tup_del: activity?.deleted ?? 0,
      n_tup_hot_upd: 0,
      n_live_tup: activity?.liveRows ?? Math.max(0, context.system?.statistics.rowCount(table.oid) ?? 0),
      n_dead_tup: activity?.deadRows ?? 0,
      n_mod_since_analyze: 0,
      n_ins_since_vacuum: 0,
      vacuum_count: 0,
      autovacuum_count: 0,
      analyze_count: 0,
      autoanalyze_count: 0,
    };
  }
}

function* pgStatioTables(context: ViewContext): Iterable<Row> {
  for (const table of stored(context)) {
    const hasIndex = context.catalog.indexesOf(table.oid).length > 0;
    yield {
      relid: table.oid,
      schemaname: context.schemaName(table.schemaOid),
      relname: table.name,
      heap_blks_read: 0,
      heap_blks_hit: 0,
      idx_blks_read: hasIndex ? 0 : null,
      idx_blks_hit: hasIndex ? 0 : null,
    };
  }
}

function* indexes(context: ViewContext, counters: Row): Iterable<Row> {
  for (const index of sorted(context.catalog.indexes())) {
    const table = context.catalog.relation(index.tableOid) as RelationEntry;
    yield {
      relid: table.oid,
      indexrelid: index.oid,
      schemaname: context.schemaName(table.schemaOid),
      relname: table.name,
      indexrelname: index.name,
      ...counters,
    };
  }
}

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

const DATABASE_COUNTERS = {
  xact_commit: 0,
  xact_rollback: 0,
  blks_read: 0,
  blks_hit: 0,
  tup_returned: 0,
  tup_fetched: 0,
  tup_inserted: 0,
  tup_updated: 0,
  tup_deleted: 0,
  conflicts: 0,
  temp_files: 0,
  temp_bytes: 0,
  deadlocks: 0,
  blk_read_time: 0,
  blk_write_time: 0,
  session_time: 0,
  active_time: 0,
  idle_in_transaction_time: 0,
  sessions: 0,
  sessions_abandoned: 0,
  sessions_fatal: 0,
  sessions_killed: 0,
};

function* pgStatDatabase(context: ViewContext): Iterable<Row> {
  const sessions = context.system?.activity() ?? [];
  for (const database of sorted(context.shared.databases())) {
    yield {
      datid: database.oid,
      datname: database.name,
      numbackends: sessions.filter((session) => session.databaseOid === database.oid).length,
      ...DATABASE_COUNTERS,
    };
  }
}

function* pgStatBgwriter(): Iterable<Row> {
  yield {
    checkpoints_timed: 0,
    checkpoints_req: 0,
    checkpoint_write_time: 0,
    checkpoint_sync_time: 0,
    buffers_checkpoint: 0,
    buffers_clean: 0,
    maxwritten_clean: 0,
    buffers_backend: 0,
    buffers_backend_fsync: 0,
    buffers_alloc: 0,
  };
}

const NO_ROWS: RowMaker = () => [];
const indexStats: RowMaker = (context) => indexes(context, { idx_scan: 0, idx_tup_read: 0, idx_tup_fetch: 0 });
const indexIo: RowMaker = (context) => indexes(context, { idx_blks_read: 0, idx_blks_hit: 0 });

export const activityMakers: Readonly<Record<string, RowMaker>> = {
  pg_stat_activity: pgStatActivity,
  pg_locks: pgLocks,
  pg_stat_all_tables: pgStatTables,
  pg_stat_user_tables: pgStatTables,
  pg_stat_sys_tables: NO_ROWS,
  pg_statio_all_tables: pgStatioTables,
  pg_statio_user_tables: pgStatioTables,
  pg_stat_all_indexes: indexStats,
  pg_stat_user_indexes: indexStats,
  pg_statio_all_indexes: indexIo,
  pg_statio_user_indexes: indexIo,
  pg_statio_all_sequences: pgStatioSequences,
  pg_statio_user_sequences: pgStatioSequences,
  pg_stat_database: pgStatDatabase,
  pg_stat_bgwriter: pgStatBgwriter,
};
