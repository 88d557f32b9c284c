/** Sessions of the server's own: for work that no client has asked for, in slices with pauses between them. */
import type { SqlError } from '../types/errors.ts';
import type { DatabaseRuntime } from './database-runtime.ts';
import type { DatabaseServer } from './server.ts';
import { Session } from './session.ts';
import type { SessionHolder, SessionIdentity } from './session-api.ts';
import { silentSink } from './silent-sink.ts';

/** Whatever the server's configuration says of clients. */
const OPTIONS = new Map([
  ['statement_timeout', '0'],
  ['lock_timeout', '0'],
  ['idle_session_timeout', '0'],
  ['idle_in_transaction_session_timeout', '0'],
  ['default_transaction_isolation', 'read committed'],
  ['default_transaction_read_only', 'off'],
  // Nobody waits for an answer: what a crash takes back is done again.
  ['synchronous_commit', 'off'],
]);

export interface MaintenanceOptions {
  /** Out of the way of the numbers of clients. */
  readonly processId: number;
  readonly wake: SessionHolder['wake'];
  readonly onError?: (error: SqlError) => void;
}

export function maintenanceSession(
  server: DatabaseServer,
  database: DatabaseRuntime,
  { processId, wake, onError }: MaintenanceOptions,
): Session {
  const user = [...server.shared.catalog.roles()].find((role) => role.superuser)?.name ?? '';
  const identity: SessionIdentity = {
    user,
    database: database.catalog.databaseName,
    options: OPTIONS,
    processId,
    secretKey: 0,
    clientAddress: '',
  };
  // Nobody listens; what fails is in the log, or is tried again.
  const sink = silentSink(onError === undefined ? {} : { error: onError });
  return new Session(server, database, identity, { sink, wake });
}
