/** What wire/, bin/ and tests use of the executor. */
export { DatabaseServer, type DatabaseServerOptions, openDatabaseServer } from './server.ts';
export {
  DONE,
  FAILED,
  type FieldDescription,
  type Notice,
  PENDING,
  type ProtocolSession,
  type ResultSink,
  type SessionFactory,
  type SessionHolder,
  type SessionIdentity,
  type Step,
} from './session-api.ts';
