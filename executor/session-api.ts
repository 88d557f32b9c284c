/**
 * What a session offers to whoever holds it (a socket connection in wire/, or an in-process caller), and what it needs
 * from its holder. The holder owns framing, authentication and the rule "error, then discard until Sync"; the session
 * owns statements, portals, transactions and settings.
 *
 * Every call that may run SQL answers a Step. PENDING parks the session: the holder hands it nothing else until the
 * session has called `holder.wake()`, and then calls `resume()`, which answers a Step again. `cancel()` may come any time.
 */

import type { Encoding } from '../types/encodings/index.ts';
import type { SqlError } from '../types/errors.ts';
import type { OutBuffer } from '../types/out-buffer.ts';

/** The call is finished; its messages are in the sink. */
export const DONE = 0;
/** The call waits (page, lock, log flush, full socket, COPY data, end of a time slice). */
export const PENDING = 1;
/** The call ended in an error, which the sink has been told. */
export const FAILED = 2;
export type Step = typeof DONE | typeof PENDING | typeof FAILED;

/** One column of a result, as RowDescription tells it. Formats: 0 text, 1 binary. */
export interface FieldDescription {
  readonly name: string;
  /** Relation and column number, 0 when the field is not a plain column. */
  readonly tableOid: number;
  readonly columnNumber: number;
  readonly typeOid: number;
  /** Bytes of the type, -1 for variable length. */
  readonly typeLength: number;
  readonly typeModifier: number;
}

/** Severity below ERROR; errors are SqlError. */
export interface Notice {
  readonly severity: 'NOTICE' | 'WARNING' | 'INFO' | 'LOG' | 'DEBUG';
  readonly code: string;
  readonly message: string;
  readonly detail?: string;
  readonly hint?: string;
  /** One-based, in characters of the statement's text. */
  readonly position?: number;
}

/** Where a session writes. The wire's implementation frames each call as its backend message into `out`, in order. */
export interface ResultSink {
  /** Rows go here as whole DataRow ('D') or CopyData ('d') messages, written by the executor's generated encoders. */
  readonly out: OutBuffer;
  /** What the client's texts are in, and what it is sent; null: UTF-8. The session's to set. Texts that cannot be said in it: 22P05. */
  encoding: Encoding | null;
  rowDescription(fields: readonly FieldDescription[], formats: readonly number[]): void;
  noData(): void;
  parameterDescription(typeOids: readonly number[]): void;
  parseComplete(): void;
  bindComplete(): void;
  closeComplete(): void;
  commandComplete(tag: string): void;
  portalSuspended(): void;
  emptyQuery(): void;
  /** The value of a FunctionCall message, in the format that it asked for; null: NULL. */
  functionCallResponse(bytes: Uint8Array | null): void;
  error(error: SqlError): void;
  notice(notice: Notice): void;
  parameterStatus(name: string, value: string): void;
  notification(processId: number, channel: string, payload: string): void;
  /** overallFormat: 0 text, 1 binary. */
  copyInResponse(overallFormat: number, columnFormats: readonly number[]): void;
  copyOutResponse(overallFormat: number, columnFormats: readonly number[]): void;
  copyDone(): void;
  /** True when the client is behind and the executor must stop (PENDING) until `holder.wake()`-like draining resumes it. */
  isFull(): boolean;
}

/** What the session calls on its holder. */
export interface SessionHolder {
  readonly sink: ResultSink;
  /** The parked call can go on: the holder calls `resume()` soon (not from inside this call). */
  wake(): void;
  /** The session must end though its client asks nothing: tells the client why, and closes. */
  terminate?(reason: SqlError): void;
}

export interface SessionIdentity {
  readonly user: string;
  readonly database: string;
  /** Startup parameters other than user and database: settings, and application_name. */
  readonly options: ReadonlyMap<string, string>;
  readonly processId: number;
  readonly secretKey: number;
  readonly clientAddress: string;
}

/** Parameters from this length on are not copied. */
export const LONG_PARAMETER_SIZE = 1024 * 1024;

export interface ProtocolSession {
  /** 'I' idle, 'T' in a transaction block, 'E' in a failed one: the status byte of ReadyForQuery. */
  readonly transactionStatus: 'I' | 'T' | 'E';
  /** Settings reported by ParameterStatus at start-up, in order. */
  reportedSettings(): Iterable<readonly [name: string, value: string]>;

  /** Runs all statements of a Query message; the holder sends ReadyForQuery after DONE or FAILED. `text`: as it came. */
  simpleQuery(text: Uint8Array): Step;

  /** A FunctionCall message; the holder sends ReadyForQuery after DONE or FAILED. Parameters and formats as for bind(). */
  functionCall(
    functionOid: number,
    parameterFormats: readonly number[],
    parameters: readonly (Uint8Array | null)[],
    resultFormat: number,
  ): Step;

  parse(statementName: string, text: Uint8Array, parameterTypeOids: readonly number[]): Step;
  /**
   * `parameters`: null or the raw bytes, valid only during the call; those of LONG_PARAMETER_SIZE and more the session may keep:
   * nobody changes them any more. Formats as in the Bind message (0, 1 or n codes).
   */
  bind(
    portalName: string,
    statementName: string,
    parameterFormats: readonly number[],
    parameters: readonly (Uint8Array | null)[],
    resultFormats: readonly number[],
  ): Step;
  describeStatement(statementName: string): Step;
  describePortal(portalName: string): Step;
  /** maxRows 0 = all. */
  execute(portalName: string, maxRows: number): Step;
  closeStatement(statementName: string): Step;
  closePortal(portalName: string): Step;
  /** Sync: ends an implicit transaction (commits, or rolls back after an error). The holder sends ReadyForQuery after it. */
  sync(failed: boolean): Step;

  /** True while a COPY FROM STDIN waits for data; then the three below apply (and the call that began it is PENDING). */
  readonly copyInActive: boolean;
  /** bytes[start .. end), valid only during the call. The Step is that of the COPY statement as a whole; PENDING = go on sending. */
  copyData(bytes: Uint8Array, start: number, end: number): Step;
  copyDone(): Step;
  copyFail(message: string): Step;

  resume(): Step;
  /** Makes the running statement fail with 57014 at its next poll; no effect when idle. */
  cancel(): void;
  /** The client is gone or the server stops: roll back, release everything. */
  close(): void;
}

/** What wire/ needs of the database server as a whole; implemented in executor/, put together in bin/. */
export interface SessionFactory {
  /** Checks that role and database exist and may connect; throws SqlError (28000, 3D000, 53300, 57P03). */
  openSession(identity: SessionIdentity, holder: SessionHolder): ProtocolSession;
  /**
   * SCRAM verifier ("SCRAM-SHA-256$iterations:salt$StoredKey:ServerKey") of a role, or null when it has no password or does not exist. A fork of
   * a database has roles of its own.
   */
  passwordVerifier(user: string, database: string): string | null;
  /** A server-wide setting as text, such as max_connections, password_encryption, log_min_messages. */
  serverSetting(name: string): string;
}
