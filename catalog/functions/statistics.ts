/** pg_stat_get_*: the counters behind the pg_stat views, one at a time; and resetting them. */
import { sqlError } from '../../types/errors.ts';
import { Numeric } from '../../types/index.ts';
import type { Catalog } from '../catalog.ts';
import type { FunctionContext, Value } from '../function-entry.ts';
import type {
  DatabaseActivity,
  IndexActivity,
  SystemInformation,
  TableActivity,
  WalPositions,
  WriterActivity,
} from '../system-information.ts';
import type { FunctionModule } from './module.ts';

type OfOid = (context: FunctionContext, oid: number) => Value;

/** What void functions answer. */
const VOID = '';

/** Of a table, or 0 for what is none (an index has only what `ofIndex` gives). */
function ofTable(get: (table: TableActivity) => Value, ofIndex: (index: IndexActivity) => Value = () => 0): OfOid {
  return (context, oid) => {
    const table = context.system?.tableActivity(oid) ?? null;
    if (table !== null) return get(table);
    const index = context.system?.indexActivity(oid) ?? null;
    return index === null ? 0 : ofIndex(index);
  };
}

/** A time: NULL where there is none. */
function timeOfTable(get: (table: TableActivity) => number | null): OfOid {
  return (context, oid) => {
    const table = context.system?.tableActivity(oid) ?? null;
    return table === null ? null : get(table);
  };
}

function ofDatabase(get: (database: DatabaseActivity) => Value): OfOid {
  return (context, oid) => {
    const database = context.system?.databaseActivity(oid) ?? null;
    return database === null ? 0 : get(database);
  };
}

function ofWriter(get: (writer: WriterActivity) => Value): (context: FunctionContext) => Value {
  return (context) => (context.system === undefined ? 0 : get(context.system.writerActivity()));
}

function ofLog(get: (positions: WalPositions) => number): (context: FunctionContext) => Value {
  return (context) => (context.system === undefined ? null : get(context.system.walPositions()));
}

const FIXED_KINDS = new Set(['archiver', 'bgwriter', 'checkpointer', 'slru', 'wal']);

function haveStatistics(context: FunctionContext, kind: string, databaseOid: number, oid: number): boolean {
  const { system } = context;
  if (FIXED_KINDS.has(kind)) return true;
  switch (kind) {
    case 'database':
      return oid === 0 && (system?.databaseActivity(databaseOid) ?? null) !== null;
    case 'relation': {
      const isOwn = databaseOid === (context.catalog as Catalog).databaseOid;
      return isOwn && (system?.tableActivity(oid) ?? system?.indexActivity(oid) ?? null) !== null;
    }
    case 'function':
    case 'replslot':
    case 'subscription':
      return false;
    default:
      throw sqlError('22023', `invalid statistics kind: "${kind}"`);
  }
}

const zero = (): Value => 0;
const nothing = (): Value => null;

export const statisticsFunctions: FunctionModule = {
  plain: {
    pg_stat_get_last_autovacuum_time: nothing,
    pg_stat_get_autovacuum_count: zero,
    pg_stat_get_db_conflict_all: zero,
    pg_stat_get_db_conflict_tablespace: zero,
    pg_stat_get_db_conflict_lock: zero,
    pg_stat_get_db_conflict_snapshot: zero,
    pg_stat_get_db_conflict_bufferpin: zero,
    pg_stat_get_db_conflict_startup_deadlock: zero,
    pg_stat_get_db_session_time: zero,
    pg_stat_get_db_active_time: zero,
    pg_stat_get_db_idle_in_transaction_time: zero,
    pg_stat_get_db_sessions_abandoned: zero,
    pg_stat_get_db_sessions_fatal: zero,
    pg_stat_get_db_sessions_killed: zero,
    pg_stat_get_db_checksum_last_failure: nothing,
    // Calls of functions are not counted, as track_functions = none has it, nor what one transaction does.
    pg_stat_get_function_calls: nothing,
    pg_stat_get_function_total_time: nothing,
    pg_stat_get_function_self_time: nothing,
    pg_stat_get_xact_function_calls: nothing,
    pg_stat_get_xact_function_total_time: nothing,
    pg_stat_get_xact_function_self_time: nothing,
    pg_stat_get_xact_numscans: zero,
    pg_stat_get_xact_tuples_returned: zero,
    pg_stat_get_xact_tuples_fetched: zero,
    pg_stat_get_xact_tuples_inserted: zero,
    pg_stat_get_xact_tuples_updated: zero,
    pg_stat_get_xact_tuples_deleted: zero,
    pg_stat_get_xact_tuples_hot_updated: zero,
    pg_stat_get_xact_blocks_fetched: zero,
    pg_stat_get_xact_blocks_hit: zero,
    pg_stat_get_snapshot_timestamp: nothing,
    pg_stat_get_wal_senders: () => [],
    pg_stat_reset_single_function_counters: () => VOID,
    pg_stat_get_db_blk_read_time: zero,
    pg_stat_get_db_blk_write_time: zero,
    pg_stat_get_db_checksum_failures: zero,
    pg_stat_get_bgwriter_maxwritten_clean: zero,
    pg_stat_get_buf_fsync_backend: zero,
    pg_stat_clear_snapshot: () => VOID,
    pg_stat_force_next_flush: () => VOID,
  },
  contextual: {
    pg_current_wal_lsn: ofLog((log) => log.written),
    pg_current_wal_insert_lsn: ofLog((log) => log.inserted),
    pg_current_wal_flush_lsn: ofLog((log) => log.flushed),
    pg_switch_wal: (context) => context.system?.switchWal() ?? null,
    pg_walfile_name: (context, lsn: number | bigint) => context.system?.walFileName(Number(lsn)) ?? null,
    pg_stat_get_numscans: ofTable(
      (table) => table.sequentialScans,
      (index) => index.scans,
    ),
    pg_stat_get_tuples_returned: ofTable(
      (table) => table.sequentialRows,
      (index) => index.entriesRead,
    ),
    pg_stat_get_tuples_fetched: ofTable(
      (table) => table.bitmapRows,
      (index) => index.rowsFetched,
    ),
    pg_stat_get_tuples_inserted: ofTable((table) => table.inserted),
    pg_stat_get_tuples_updated: ofTable((table) => table.updated),
    pg_stat_get_tuples_deleted: ofTable((table) => table.deleted),
    pg_stat_get_tuples_hot_updated: ofTable((table) => table.hotUpdated),
    pg_stat_get_live_tuples: ofTable((table) => table.liveRows),
    pg_stat_get_dead_tuples: ofTable((table) => table.deadRows),
    pg_stat_get_mod_since_analyze: ofTable((table) => table.changedSinceAnalyze),
    pg_stat_get_ins_since_vacuum: ofTable((table) => table.insertedSinceVacuum),
    pg_stat_get_blocks_fetched: ofTable((table) => table.blocksHit + table.blocksRead),
    pg_stat_get_blocks_hit: ofTable((table) => table.blocksHit),
    pg_stat_get_vacuum_count: ofTable((table) => table.vacuumCount),
    pg_stat_get_analyze_count: ofTable((table) => table.analyzeCount),
    pg_stat_get_autoanalyze_count: ofTable((table) => table.autoAnalyzeCount),
    pg_stat_get_last_autoanalyze_time: timeOfTable((table) => table.lastAutoAnalyze),
    pg_stat_get_last_vacuum_time: timeOfTable((table) => table.lastVacuum),
    pg_stat_get_last_analyze_time: timeOfTable((table) => table.lastAnalyze),
    pg_stat_get_db_numbackends: (context, oid: number) =>
      (context.system?.activity() ?? []).filter((session) => session.databaseOid === oid).length,
    pg_stat_get_db_xact_commit: ofDatabase((database) => database.commits),
    pg_stat_get_db_xact_rollback: ofDatabase((database) => database.rollbacks),
    pg_stat_get_db_blocks_fetched: ofDatabase((database) => database.blocksHit + database.blocksRead),
    pg_stat_get_db_blocks_hit: ofDatabase((database) => database.blocksHit),
    pg_stat_get_db_tuples_returned: ofDatabase((database) => database.rowsReturned),
    pg_stat_get_db_tuples_fetched: ofDatabase((database) => database.rowsFetched),
    pg_stat_get_db_tuples_inserted: ofDatabase((database) => database.inserted),
    pg_stat_get_db_tuples_updated: ofDatabase((database) => database.updated),
    pg_stat_get_db_tuples_deleted: ofDatabase((database) => database.deleted),
    pg_stat_get_db_temp_files: ofDatabase((database) => database.temporaryFiles),
    pg_stat_get_db_temp_bytes: ofDatabase((database) => database.temporaryBytes),
    pg_stat_get_db_deadlocks: ofDatabase((database) => database.deadlocks),
    pg_stat_get_db_sessions: ofDatabase((database) => database.sessions),
    pg_stat_get_db_stat_reset_time: (context, oid: number) => context.system?.databaseActivity(oid)?.resetAt ?? null,
    pg_stat_get_bgwriter_timed_checkpoints: ofWriter((writer) => writer.checkpointsTimed),
    pg_stat_get_bgwriter_requested_checkpoints: ofWriter((writer) => writer.checkpointsRequested),
    pg_stat_get_bgwriter_buf_written_checkpoints: ofWriter((writer) => writer.checkpointPages),
    pg_stat_get_bgwriter_buf_written_clean: ofWriter((writer) => writer.backgroundPages),
    pg_stat_get_bgwriter_stat_reset_time: (context) =>
      context.system === undefined ? null : (context.system.writerActivity().resetAt ?? context.system.serverStart),
    pg_stat_get_checkpoint_write_time: ofWriter((writer) => writer.checkpointWriteMs),
    pg_stat_get_checkpoint_sync_time: ofWriter((writer) => writer.checkpointSyncMs),
    pg_stat_get_buf_written_backend: ofWriter((writer) => writer.foregroundPages),
    pg_stat_get_buf_alloc: ofWriter((writer) => writer.allocations),
    pg_stat_get_wal(context) {
      const activity = context.system?.walActivity();
      if (activity === undefined) return null;
      const { records, pageImages, bytes, writes, syncs, resetAt } = activity;
      const since = resetAt ?? (context.system as SystemInformation).serverStart;
      return [records, pageImages, Numeric.fromBigint(bytes), 0, writes, syncs, 0, 0, since];
    },
    pg_stat_get_archiver(context) {
      const activity = context.system?.archiverActivity();
      if (activity === undefined) return null;
      const { archivedCount, lastArchived, lastArchivedAt, failedCount, lastFailed, lastFailedAt, resetAt } = activity;
      const since = resetAt ?? (context.system as SystemInformation).serverStart;
      return [archivedCount, lastArchived, lastArchivedAt, failedCount, lastFailed, lastFailedAt, since];
    },
    pg_stat_have_stats: haveStatistics,
    pg_stat_reset(context) {
      context.system?.resetDatabaseActivity();
      return VOID;
    },
    pg_stat_reset_single_table_counters(context, oid: number) {
      context.system?.resetRelationActivity(oid);
      return VOID;
    },
    // Nothing is cached by kinds of pages here: all that pg_stat_slru counts is 0.
    pg_stat_reset_slru: () => VOID,
    pg_stat_reset_shared(context, target: string) {
      if (target === 'bgwriter') context.system?.resetServerActivity('writer');
      else if (target === 'wal') context.system?.resetServerActivity('wal');
      else if (target === 'archiver') context.system?.resetServerActivity('archiver');
      else if (target !== 'recovery_prefetch') {
        throw sqlError('22023', `unrecognized reset target: "${target}"`, {
          hint: 'Target must be "archiver", "bgwriter", "recovery_prefetch", or "wal".',
        });
      }
      return VOID;
    },
  },
};
