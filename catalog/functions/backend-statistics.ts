/** pg_stat_get_activity, and the same of one backend at a time: sessions are numbered from 1, as they are found. */
import { inputAddress } from '../../types/index.ts';
import { READ_ALL_STATS_OID } from '../authority.ts';
import type { Catalog } from '../catalog.ts';
import type { FunctionContext, Value } from '../function-entry.ts';
import type { SessionActivity, SystemInformation } from '../system-information.ts';
import type { FunctionModule } from './module.ts';

const HIDDEN = '<insufficient privilege>';

function backends({ system }: FunctionContext): readonly SessionActivity[] {
  return system?.activity() ?? [];
}

/** Whether the user may see what the session does. */
function mayLookAt(context: FunctionContext, { roleOid }: SessionActivity): boolean {
  const { shared, currentRoleOid } = context.system as SystemInformation;
  const authority = shared.authority(currentRoleOid, (context.catalog as Catalog).databaseOid);
  return authority.hasPrivilegesOf(roleOid) || authority.hasPrivilegesOf(READ_ALL_STATS_OID);
}

function ofBackend(get: (session: SessionActivity) => Value): (context: FunctionContext, id: number) => Value {
  return (context, id) => {
    const session = backends(context)[id - 1];
    return session === undefined ? null : get(session);
  };
}

/** NULL for who may not see it. */
function ofSeenBackend(get: (session: SessionActivity) => Value): (context: FunctionContext, id: number) => Value {
  return (context, id) => {
    const session = backends(context)[id - 1];
    return session === undefined || !mayLookAt(context, session) ? null : get(session);
  };
}

function address({ clientAddress }: SessionActivity): Value {
  return clientAddress === null ? null : inputAddress(clientAddress, false);
}

/** In the order of pg_stat_get_activity's columns; nothing is known of encryption. */
function activityRow(context: FunctionContext, session: SessionActivity): Value[] {
  const isSeen = mayLookAt(context, session);
  const seen = (value: Value): Value => (isSeen ? value : null);
  const known = (oid: number): number | null => (oid === 0 ? null : oid);
  return [
    known(session.databaseOid),
    session.processId,
    known(session.roleOid),
    session.applicationName,
    seen(session.state),
    isSeen ? session.query : HIDDEN,
    seen(session.waitEventType),
    seen(session.waitEvent),
    seen(session.transactionStart),
    seen(session.queryStart),
    seen(session.backendStart),
    seen(session.stateChange),
    seen(address(session)),
    null,
    seen(session.clientPort),
    session.transactionId,
    null,
    session.backendType,
    ...Array.from({ length: 12 }, () => null),
  ];
}

export const backendStatisticsFunctions: FunctionModule = {
  contextual: {
    pg_stat_get_backend_idset: (context) => backends(context).map((_, i) => i + 1),
    pg_stat_get_backend_pid: ofBackend((session) => session.processId),
    pg_stat_get_backend_dbid: ofBackend((session) => session.databaseOid),
    pg_stat_get_backend_userid: ofBackend((session) => session.roleOid),
    pg_stat_get_backend_activity(context, id: number) {
      const session = backends(context)[id - 1];
      if (session === undefined) return '<backend information not available>';
      if (!mayLookAt(context, session)) return HIDDEN;
      return session.query === '' ? '<command string not enabled>' : session.query;
    },
    pg_stat_get_backend_wait_event_type: ofSeenBackend((session) => session.waitEventType),
    pg_stat_get_backend_wait_event: ofSeenBackend((session) => session.waitEvent),
    pg_stat_get_backend_activity_start: ofSeenBackend((session) => session.queryStart),
    pg_stat_get_backend_xact_start: ofSeenBackend((session) => session.transactionStart),
    pg_stat_get_backend_start: ofSeenBackend((session) => session.backendStart),
    pg_stat_get_backend_client_addr: ofSeenBackend(address),
    pg_stat_get_backend_client_port: ofSeenBackend((session) => session.clientPort),
    pg_stat_get_activity: (context, processId: number | null) =>
      backends(context)
        .filter((session) => processId === null || processId === -1 || session.processId === processId)
        .map((session) => activityRow(context, session)),
  },
};
