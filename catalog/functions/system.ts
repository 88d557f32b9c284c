/** What a statement may ask of its session and server: identity, settings, sequences, transaction, locks, sleeping. */

import { sqlError } from '../../types/errors.ts';
import { formatType, OID, SqlArray } from '../../types/index.ts';
import type { FunctionContext, Value } from '../function-entry.ts';
import { encodingName } from '../settings.ts';
import type { Int8 } from './integer.ts';
import type { FunctionModule } from './module.ts';
import { prettySize, sizeInBytes } from './sizes.ts';

/** Clients and tools read the number behind "PostgreSQL". */
const VERSION_TEXT = `PostgreSQL 15.18 (hotrow 0.1.0, Node.js ${process.version}, ${process.arch})`;

/** What a void function answers: its text is empty. */
const VOID = '';

/** Advisory locks under PostgreSQL's internal names: pg_[try_]advisory_[xact_]lock[_shared]_int8 / _int4. */
function advisoryLocks(): Record<string, (context: FunctionContext, ...args: Int8[]) => Value> {
  const functions: Record<string, (context: FunctionContext, ...args: Int8[]) => Value> = {};
  for (const wait of [true, false]) {
    for (const transactionScoped of [false, true]) {
      for (const shared of [false, true]) {
        const name = `pg_${wait ? '' : 'try_'}advisory_${transactionScoped ? 'xact_' : ''}lock${shared ? '_shared' : ''}`;
        const lock = (context: FunctionContext, key: Int8, key2: number | null): Value => {
          const granted = context.advisoryLock(key, key2, shared, transactionScoped, wait);
          return wait ? VOID : granted;
        };
        functions[`${name}_int8`] = (context, key) => lock(context, key, null);
        functions[`${name}_int4`] = (context, key, key2) => lock(context, key, key2 as number);
      }
    }
  }
  return functions;
}

function notYetDefined(name: string): Error {
  return sqlError('42704', `unrecognized configuration parameter "${name}"`);
}

export const systemFunctions: FunctionModule = {
  plain: {
    pgsql_version: () => VERSION_TEXT,
    getdatabaseencoding: () => 'UTF8',
    pg_is_in_recovery: () => false,
    pg_jit_available: () => false,
    pg_size_pretty: prettySize,
    pg_size_bytes: sizeInBytes,
    pg_num_nulls: (...values: Value[]) => values.filter((value) => value === null).length,
    pg_num_nonnulls: (...values: Value[]) => values.filter((value) => value !== null).length,
    oidvectortypes: (types: SqlArray) => types.elements.map((oid) => formatType(oid as number)).join(', '),
  },
  specialised: {
    /** regtype: the oid. */
    pg_typeof: (argTypes) => () => argTypes[0],
  },
  contextual: {
    current_database: (context) => context.currentDatabase,
    pg_client_encoding: (context) => encodingName(context.getSetting('client_encoding', false) ?? ''),
    current_user: (context) => context.currentUser,
    session_user: (context) => context.sessionUser,
    current_schema: (context) => context.searchPath(false)[0] ?? null,
    current_schemas: (context, implicit: boolean) => new SqlArray(OID.NAME, context.searchPath(implicit)),
    current_query: (context) => context.system?.currentQuery ?? null,
    pg_backend_pid: (context) => context.processId,
    show_config_by_name(context, name: string) {
      return context.getSetting(name, false);
    },
    show_config_by_name_missing_ok: (context, name: string, missingOk: boolean) => context.getSetting(name, missingOk),
    set_config_by_name(context, name: string | null, value: string | null, isLocal: boolean | null) {
      if (name === null) throw sqlError('22004', 'SET requires parameter name');
      if (name === '') throw notYetDefined(name);
      return context.setSetting(name, value ?? '', isLocal === true);
    },
    nextval_oid: (context, sequence: number) => context.nextval(sequence),
    currval_oid: (context, sequence: number) => context.currval(sequence),
    setval_oid: (context, sequence: number, value: Int8) => context.setval(sequence, value, true),
    setval3_oid: (context, sequence: number, value: Int8, called: boolean) => context.setval(sequence, value, called),
    lastval: (context) => context.lastval(),
    pg_cancel_backend: (context, pid: number) => context.signalSession(pid, false),
    pg_terminate_backend: (context, pid: number) => context.signalSession(pid, true),
    pg_current_xact_id: (context) => context.currentXid(true),
    pg_current_xact_id_if_assigned: (context) => context.currentXid(false),
    pg_sleep(context, seconds: number) {
      context.sleep(seconds);
      return VOID;
    },
    now: (context) => context.transactionTimestamp,
    statement_timestamp: (context) => context.statementTimestamp,
    clock_timestamp: (context) => context.clockTimestamp(),
    ...advisoryLocks(),
    pg_advisory_unlock_int8: (context, key: Int8) => context.advisoryUnlock(key, null, false),
    pg_advisory_unlock_int4: (context, key: number, key2: number) => context.advisoryUnlock(key, key2, false),
    pg_advisory_unlock_shared_int8: (context, key: Int8) => context.advisoryUnlock(key, null, true),
    pg_advisory_unlock_shared_int4: (context, key: number, key2: number) => context.advisoryUnlock(key, key2, true),
    pg_notify(context, channel: string | null, payload: string | null) {
      context.notify(channel ?? '', payload ?? '');
      return VOID;
    },
    pg_listening_channels: (context) => context.listeningChannels(),
    // Nothing waits in a queue: each session holds what it has not been told.
    pg_notification_queue_usage: () => 0,
    pg_advisory_unlock_all(context) {
      context.advisoryUnlockAll();
      return VOID;
    },
  },
};
