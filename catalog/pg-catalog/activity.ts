/** What sessions are doing: pg_stat_activity, pg_locks, pg_stat_progress_create_index. */
import { inputAddress } from '../../types/index.ts';
import { READ_ALL_STATS_OID } from '../authority.ts';
import type { Row, RowMaker, ViewContext } from './view-context.ts';

function* pgStatActivity(context: ViewContext): Iterable<Row> {
  const { system } = context;
  for (const session of system?.activity() ?? []) {
    const isSeen =
      context.authority.hasPrivilegesOf(session.roleOid) || context.authority.hasPrivilegesOf(READ_ALL_STATS_OID);
    yield {
      datid: session.databaseOid === 0 ? null : session.databaseOid,
      datname: context.shared.database(session.databaseOid)?.name ?? (session.databaseName || null),
      pid: session.processId,
      usesysid: session.roleOid === 0 ? null : session.roleOid,
      usename: session.roleOid === 0 ? null : context.roleName(session.roleOid),
      application_name: session.applicationName,
      client_addr: isSeen && session.clientAddress !== null ? inputAddress(session.clientAddress, false) : null,
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
      virtualxid: lock.virtualXid,
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

function* pgStatProgressCreateIndex(context: ViewContext): Iterable<Row> {
  for (const build of context.system?.indexBuilds() ?? []) {
    yield {
      pid: build.processId,
      datid: build.databaseOid,
      datname: context.shared.database(build.databaseOid)?.name ?? null,
      relid: build.tableOid,
      index_relid: build.indexOid,
      command: build.command,
      phase: build.phase,
      lockers_total: 0,
      lockers_done: 0,
      current_locker_pid: 0,
      blocks_total: build.blocksTotal,
      blocks_done: build.blocksDone,
      tuples_total: build.tuplesTotal,
      tuples_done: build.tuplesDone,
      partitions_total: 0,
      partitions_done: 0,
    };
  }
}

export const activityMakers: Readonly<Record<string, RowMaker>> = {
  pg_stat_activity: pgStatActivity,
  pg_locks: pgLocks,
  pg_stat_progress_create_index: pgStatProgressCreateIndex,
};
