/**
 * One client's connection: the state machine between frames and a session.
 *
 *     STARTUP ---> AUTHENTICATING ---> READY <---> (a call of the session is parked)
 *        |               |               |
 *        +---------------+---------------+---> CLOSED
 *
 * A turn takes what has come in, hands message after message to the session, and sends the answers in one write. It ends
 * when the input is used up, when the session parks (PENDING), when the client does not take its results, or when its
 * share of messages is spent and others should have theirs.
 *
 * Invariants
 *  1. While a call is parked the session is handed nothing but resume, cancel and close; a COPY FROM STDIN that waits for
 *     data is not parked, and takes copy messages.
 *  2. After an error in an extended-protocol message everything up to Sync is dropped, then Sync answers ReadyForQuery.
 *  3. Bytes given to the socket are not written to again before the socket has passed them on.
 *  4. Output waits for the client in at most OUTPUT_BUFFERED_MAX bytes and what one call of the session adds, input in at
 *     most INPUT_BUFFERED_MAX bytes and one read, or one frame.
 *
 * Long, as it is one state machine; frames, messages and authentication are beside it.
 */
import type { Socket } from 'node:net';
import {
  FAILED,
  PENDING,
  type ProtocolSession,
  type SessionFactory,
  type SessionHolder,
  type Step,
} from '../executor/session-api.ts';
import { AssertionError } from '../types/assert.ts';
import { SqlError, sqlError } from '../types/errors.ts';
import { type Authentication, type AuthMethod, authenticate } from './auth.ts';
import type { BusyPoll } from './busy-poll.ts';
import { BAD_LENGTH, type BAD_TYPE, FRAME, FrameReader, NEED_MORE } from './frame-reader.ts';
import { FrameWriter, type WriterOwner } from './frame-writer.ts';
import { LongOutput } from './long-output.ts';
import { MessageBody } from './message-body.ts';
import { fatal, PROTOCOL_NEWEST, readStartupRequest, type StartupRequest, unsupportedProtocol } from './startup.ts';

/** What a connection asks of the server that holds it. */
export interface ConnectionHost {
  readonly factory: SessionFactory;
  readonly authMethod: AuthMethod;
  /** Takes a place among max_connections and in the list that cancel requests are looked up in; throws FATAL errors. */
  admit(connection: Connection): void;
  cancel(processId: number, secretKey: number): void;
  /** Told of what comes in and goes out. */
  readonly busyPoll: BusyPoll;
  /** Whether TLS can be had here. */
  readonly hasTls: boolean;
  /** Puts TLS around the connection's socket; its input comes through `receive` as before. */
  startTls(connection: Connection): Socket;
  /** Calls `runQueued` soon, once: after the input of others that is there now. */
  enqueue(connection: Connection): void;
  /** Calls `runQueued` as soon as the caller is done: what the connection waited for is there. */
  enqueueWoken(connection: Connection): void;
  /** Calls `flushLate` after some milliseconds. */
  enqueueLateFlush(connection: Connection): void;
  closed(connection: Connection): void;
  logFailure(connection: Connection, error: unknown): void;
}

export interface ConnectionKey {
  readonly processId: number;
  readonly secretKey: number;
}

const STARTUP = 0;
const AUTHENTICATING = 1;
const READY = 2;
const CLOSED = 3;

/** What to do when the session's current call ends. */
const CALL_EXTENDED = 0;
const CALL_THEN_READY = 1;

const FLUSH_SIZE = 64 * 1024;
/**
 * When a call parks with less than this written, the rest is likely to follow at once (a commit waits for the disk): one
 * write then, instead of two and a client that wakes up for BindComplete.
 */
const LATE_FLUSH_SIZE = 4 * 1024;
const OUTPUT_BUFFERED_MAX = 512 * 1024;
const INPUT_BUFFERED_MAX = 256 * 1024;
/** Output buffers that grew beyond this are let go at the end of a turn. */
const OUTPUT_KEPT_MAX = 64 * 1024;
const OUTPUT_CAPACITY = 8 * 1024;
/** Statements up to this size are kept in storage that the connection uses again. */
const TEXT_KEPT_MAX = 8 * 1024;
const TEXT_STORE_SIZE_MIN = 256;
/** How long a client that is told goodbye may take to read it. */
const GOODBYE_MS_MAX = 5000;
/** Messages that one connection may have handled before the others get their turn. */
const TURN_MESSAGES_MAX = 128;

const ENCRYPTION_ACCEPTED = 0x53;
const ENCRYPTION_REFUSED = 0x4e;
const QUERY = 0x51;
const PARSE = 0x50;
const BIND = 0x42;
const DESCRIBE = 0x44;
const EXECUTE = 0x45;
const CLOSE = 0x43;
const SYNC = 0x53;
const FLUSH = 0x48;
const TERMINATE = 0x58;
const FUNCTION_CALL = 0x46;
const COPY_DATA = 0x64;
const COPY_DONE = 0x63;
const COPY_FAIL = 0x66;
const STATEMENT = 0x53;
const PORTAL = 0x50;

/** Shared by all connections: a body is read within one call. */
const body = new MessageBody();
const NO_TEXT = Buffer.alloc(0);
const parameters: (Uint8Array | null)[] = [];

export class Connection implements SessionHolder, WriterOwner {
  socket: Socket;
  readonly key: ConnectionKey;
  readonly sink: FrameWriter;
  inTurn = false;
  /** The server's: true while it waits in the server's queue. */
  queued = false;
  /** The server's: true while `flushLate` is to come. */
  lateFlushQueued = false;

  private readonly host: ConnectionHost;
  private readonly reader = new FrameReader();
  private state: typeof STARTUP | typeof AUTHENTICATING | typeof READY | typeof CLOSED = STARTUP;
  private request: (StartupRequest & { kind: 'session' }) | null = null;
  /** Bits: TLS 1, GSSAPI 2. */
  private encryptionAsked = 0;
  private authentication: Authentication | null = null;
  private session: ProtocolSession | null = null;

  private call: typeof CALL_EXTENDED | typeof CALL_THEN_READY = CALL_EXTENDED;
  private parked = false;
  private copying = false;
  private discarding = false;
  private wakePending = false;
  /** The session was told that its sink is full: it is woken when the client has caught up. */
  private sinkWasFull = false;
  /** No message is taken because the client does not read its results. */
  private outputBlocked = false;
  private inputPaused = false;
  /** The client sends no more; what it has sent is still worked off, as long as nothing has to be waited for. */
  private inputEnded = false;
  private textStore: Buffer = NO_TEXT;
  private readonly longOutput = new LongOutput(this);

  constructor(host: ConnectionHost, socket: Socket, key: ConnectionKey) {
    this.host = host;
    this.socket = socket;
    this.key = key;
    this.sink = new FrameWriter(this);
    this.sink.out.mayDefer = true;
  }

  get isClosed(): boolean {
    return this.state === CLOSED;
  }

  get isReady(): boolean {
    return this.state === READY;
  }

  // What the socket calls.

  /** Input; `chunk[0, size)` belongs to the caller again when this returns. */
  receive(chunk: Buffer, size: number): void {
    if (this.state === CLOSED) return;
    this.host.busyPoll.received();
    this.reader.push(chunk, size);
    if (!this.parked && !this.outputBlocked && !this.queued) this.turn();
    this.reader.retain();
    if (!this.inputPaused && this.reader.buffered > INPUT_BUFFERED_MAX && this.isHeldUp()) {
      this.inputPaused = true;
      this.socket.pause();
    }
  }

  /** The socket has passed on what it had. */
  drained(): void {
    if (this.state === CLOSED) return;
    if (!this.longOutput.isEmpty) {
      this.longOutput.pump();
      return;
    }
    if (this.sinkWasFull && this.parked) this.wake();
    else if (this.outputBlocked) this.host.enqueue(this);
  }

  /** The client sends no more. */
  inputEnd(): void {
    if (this.queued && !this.parked) this.inputEnded = true;
    else this.end();
  }

  /** The client is gone. */
  disconnected(): void {
    this.shut();
    this.socket.destroy();
  }

  // What the session calls.

  wake(): void {
    this.wakePending = true;
    // From its own turn: it only lets others go first.
    if (this.inTurn) this.host.enqueue(this);
    else this.host.enqueueWoken(this);
  }

  outputIsFull(): boolean {
    const out = this.sink.out;
    let full = false;
    if (out.length >= FLUSH_SIZE || out.deferred.length > 0 || !this.longOutput.isEmpty) {
      this.flush();
      full = this.socket.writableLength !== 0 || !this.longOutput.isEmpty;
    } else if (this.socket.writableLength !== 0) {
      full = this.socket.writableLength + out.length >= OUTPUT_BUFFERED_MAX;
    }
    if (full) this.sinkWasFull = true;
    return full;
  }

  outputOutsideTurn(): void {
    this.host.enqueue(this);
  }

  // What the server calls.

  /** A wake-up, a turn put off, or output that came from outside a turn. */
  runQueued(): void {
    if (this.state === CLOSED) return;
    this.outputBlocked = false;
    this.turn();
    this.reader.retain();
    if (this.inputPaused && this.reader.buffered <= INPUT_BUFFERED_MAX / 2) {
      this.inputPaused = false;
      this.socket.resume();
    }
  }

  flushLate(): void {
    if (this.parked && this.state !== CLOSED) this.flush();
  }

  cancel(): void {
    if (this.session === null) return;
    this.session.cancel();
    if (this.parked) this.wake();
  }

  /** The server ends this connection, and tells the client why. */
  terminate(error: SqlError): void {
    if (this.state === CLOSED) return;
    this.sink.errorAs(error, 'FATAL');
    this.end();
  }

  // Turns.

  private isHeldUp(): boolean {
    return this.parked || this.outputBlocked || this.queued;
  }

  private turn(): void {
    this.inTurn = true;
    for (;;) {
      try {
        if (this.wakePending && (this.parked || this.copying)) this.resume();
        if (!this.parked) this.handleMessages();
        break;
      } catch (error) {
        // That message is done with; those behind it are not.
        this.failed(error);
      }
    }
    this.inTurn = false;
    const out = this.sink.out;
    if (this.sink.fatalSent || (this.inputEnded && !this.queued)) this.end();
    else if (this.parked && out.length < LATE_FLUSH_SIZE && !this.sinkWasFull) this.host.enqueueLateFlush(this);
    else this.flush();
    // Not while a late flush is to come: what it sends is in there.
    if (out.bytes.length > OUTPUT_KEPT_MAX && out.length === 0) out.bytes = Buffer.allocUnsafeSlow(OUTPUT_CAPACITY);
  }

  private resume(): void {
    this.wakePending = false;
    this.sinkWasFull = false;
    this.settle(this.session!.resume());
  }

  private handleMessages(): void {
    const reader = this.reader;
    let messagesLeft = TURN_MESSAGES_MAX;
    while (!this.parked && this.state !== CLOSED && !this.sink.fatalSent) {
      if (messagesLeft-- === 0) {
        if (reader.buffered > 0) this.host.enqueue(this);
        return;
      }
      if (this.sink.out.length >= FLUSH_SIZE) this.flush();
      if (this.socket.writableLength > OUTPUT_BUFFERED_MAX || !this.longOutput.isEmpty) {
        this.outputBlocked = true;
        return;
      }
      const result = this.state === STARTUP ? reader.nextStartup() : reader.next();
      if (result !== FRAME) {
        if (result !== NEED_MORE) this.badFrame(result);
        return;
      }
      this.handleFrame();
    }
  }

  private handleFrame(): void {
    const reader = this.reader;
    body.set(reader.bytes, reader.bodyStart, reader.bodyEnd);
    body.encoding = this.sink.encoding;
    if (this.state === READY) {
      if (this.copying) this.handleCopyMessage(reader.type);
      else this.handleMessage(reader.type);
    } else if (this.state === AUTHENTICATING) {
      this.handlePassword();
    } else {
      this.handleStartup();
    }
  }

  private badFrame(result: typeof BAD_LENGTH | typeof BAD_TYPE): void {
    if (this.state === STARTUP) throw fatal('08P01', 'invalid length of startup packet');
    const type = this.reader.type;
    if (result === BAD_LENGTH) throw fatal('08P01', 'invalid message length');
    if (this.state === AUTHENTICATING) throw fatal('08P01', `expected SASL response, got message type ${type}`);
    if (this.copying) throw this.unexpectedInCopy(type);
    throw fatal('08P01', `invalid frontend message type ${type}`);
  }

  // Start-up.

  private handleStartup(): void {
    const reader = this.reader;
    const packet = reader.bytes.subarray(reader.bodyStart, reader.bodyEnd);
    const request = readStartupRequest(packet);
    if (request.kind === 'encryption') {
      // Each kind may be asked for once; again, it is a protocol version that nobody has.
      const asked = request.wanted === 'ssl' ? 1 : 2;
      if ((this.encryptionAsked & asked) !== 0) throw unsupportedProtocol(packet.readInt32BE(0));
      this.encryptionAsked |= asked;
      if (request.wanted === 'ssl' && this.host.hasTls) this.startTls();
      else this.sink.out.writeUint8(ENCRYPTION_REFUSED);
      return;
    }
    if (request.kind === 'cancel') {
      this.host.cancel(request.processId, request.secretKey);
      this.end();
      return;
    }
    this.request = request;
    if (request.negotiate !== null) this.sink.negotiateProtocolVersion(PROTOCOL_NEWEST, request.negotiate);
    this.host.admit(this);
    if (this.host.authMethod === 'trust') {
      this.openSession();
      return;
    }
    this.state = AUTHENTICATING;
    reader.expectPassword(true);
    const verifier = this.host.factory.passwordVerifier(request.user, request.database);
    this.authentication = authenticate(this.host.authMethod, request.user, verifier, this.sink);
  }

  private startTls(): void {
    // What came before the handshake was not protected, and must not count as if it had been (CVE-2021-23214).
    if (this.reader.buffered > 0) throw fatal('08P01', 'received unencrypted data after SSL request');
    this.sink.out.writeUint8(ENCRYPTION_ACCEPTED);
    this.flush();
    this.socket = this.host.startTls(this);
  }

  private handlePassword(): void {
    if (!this.authentication!.message(body)) return;
    this.authentication = null;
    this.reader.expectPassword(false);
    this.openSession();
  }

  private openSession(): void {
    const { user, database, options } = this.request!;
    const { processId, secretKey } = this.key;
    const clientAddress = this.socket.remoteAddress ?? '';
    const identity = { user, database, options, processId, secretKey, clientAddress };
    this.session = this.host.factory.openSession(identity, this);
    this.request = null;
    const sink = this.sink;
    sink.authenticationOk();
    for (const [name, value] of this.session.reportedSettings()) sink.parameterStatus(name, value);
    this.state = READY;
    sink.backendKeyData(processId, secretKey);
    sink.readyForQuery(this.session.transactionStatus);
  }

  // Messages of a session.

  private handleMessage(type: number): void {
    if (this.discarding && type !== SYNC && type !== TERMINATE) return;
    const session = this.session!;
    switch (type) {
      case QUERY: {
        this.call = CALL_THEN_READY;
        const text = this.keepText(body);
        body.finish();
        this.settle(session.simpleQuery(text));
        return;
      }
      case SYNC: {
        const failed = this.discarding;
        this.discarding = false;
        this.call = CALL_THEN_READY;
        this.settle(session.sync(failed));
        return;
      }
      case FUNCTION_CALL:
        this.call = CALL_THEN_READY;
        this.settle(this.handleFunctionCall(session));
        return;
      case TERMINATE:
        this.end();
        return;
      case COPY_DATA:
      case COPY_DONE:
      case COPY_FAIL:
        // The rest of a COPY that has failed already.
        return;
      case FLUSH:
        // Output goes out at the end of every turn.
        return;
      default:
        this.call = CALL_EXTENDED;
        this.settle(this.handleExtended(session, type));
    }
  }

  private handleFunctionCall(session: ProtocolSession): Step {
    const oid = body.int32() >>> 0;
    const formats = body.formats();
    body.values(parameters);
    const resultFormat = body.int16();
    body.finish();
    if (formats.length > 1 && formats.length !== parameters.length) {
      throw sqlError(
        '08P01',
        `function call message contains ${formats.length} argument formats but ${parameters.length} arguments`,
      );
    }
    const step = session.functionCall(oid, formats, parameters, resultFormat);
    parameters.length = 0;
    return step;
  }

  private handleExtended(session: ProtocolSession, type: number): Step {
    switch (type) {
      case PARSE: {
        const name = body.name();
        const text = this.keepText(body);
        const typeOids = body.typeOids();
        body.finish();
        return session.parse(name, text, typeOids);
      }
      case BIND: {
        const portal = body.name();
        const statement = body.name();
        const formats = body.formats();
        body.values(parameters);
        const resultFormats = body.formats();
        body.finish();
        if (formats.length > 1 && formats.length !== parameters.length) {
          throw sqlError(
            '08P01',
            `bind message has ${formats.length} parameter formats but ${parameters.length} parameters`,
          );
        }
        const step = session.bind(portal, statement, formats, parameters, resultFormats);
        // They hold on to the message, which may be large.
        parameters.length = 0;
        return step;
      }
      case EXECUTE: {
        const portal = body.name();
        const maxRows = body.int32();
        body.finish();
        return session.execute(portal, Math.max(maxRows, 0));
      }
      case DESCRIBE: {
        const kind = body.uint8();
        const name = body.name();
        body.finish();
        if (kind === PORTAL) return session.describePortal(name);
        if (kind === STATEMENT) return session.describeStatement(name);
        throw sqlError('08P01', `invalid DESCRIBE message subtype ${kind}`);
      }
      case CLOSE: {
        const kind = body.uint8();
        const name = body.name();
        body.finish();
        if (kind === PORTAL) return session.closePortal(name);
        if (kind === STATEMENT) return session.closeStatement(name);
        throw sqlError('08P01', `invalid CLOSE message subtype ${kind}`);
      }
      default:
        throw new AssertionError(`message type ${type} has no handler`);
    }
  }

  /** A statement's text may be needed again after its session was parked, when the frame is long gone. */
  private keepText(source: MessageBody): Buffer {
    const start = source.at;
    const end = source.skipText();
    const size = end - start;
    if (size > TEXT_KEPT_MAX) return Buffer.from(source.bytes.subarray(start, end));
    if (this.textStore.length < size) this.textStore = Buffer.allocUnsafeSlow(Math.max(size * 2, TEXT_STORE_SIZE_MIN));
    source.bytes.copy(this.textStore, 0, start, end);
    return this.textStore.subarray(0, size);
  }

  private handleCopyMessage(type: number): void {
    const session = this.session!;
    const reader = this.reader;
    switch (type) {
      case COPY_DATA:
        this.settle(session.copyData(reader.bytes, reader.bodyStart, reader.bodyEnd));
        return;
      case COPY_DONE:
        this.sink.awaitsCopyData = false;
        this.settle(session.copyDone());
        return;
      case COPY_FAIL: {
        // Whatever its form, it ends the COPY.
        this.sink.awaitsCopyData = false;
        this.settle(session.copyFail(reasonOf(body)));
        return;
      }
      case SYNC:
      case FLUSH:
        // A client that sent Execute and Sync without knowing that it started a COPY.
        return;
      default:
        throw this.unexpectedInCopy(type);
    }
  }

  /** PostgreSQL stops in the middle of the message, and cannot find the next one: the connection ends. */
  private unexpectedInCopy(type: number): SqlError {
    const hex = type.toString(16).toUpperCase().padStart(2, '0');
    this.sink.error(sqlError('08P01', `unexpected message type 0x${hex} during COPY from stdin`));
    return fatal('08P01', 'terminating connection because protocol synchronization was lost');
  }

  /** What follows from the end, or not yet the end, of the session's current call. */
  private settle(step: Step): void {
    if (step === PENDING) {
      this.copying = this.session!.copyInActive && this.sink.awaitsCopyData;
      this.parked = !this.copying;
      const isIdle = this.socket.writableLength === 0 && this.longOutput.isEmpty;
      if (this.parked && this.sinkWasFull && isIdle) this.wake();
      return;
    }
    this.parked = false;
    this.copying = false;
    this.sink.awaitsCopyData = false;
    this.wakePending = false;
    this.sinkWasFull = false;
    if (this.call === CALL_THEN_READY) this.sink.readyForQuery(this.session!.transactionStatus);
    else if (step === FAILED) this.discarding = true;
  }

  // Failures and the end.

  /** What a message threw: the client's mistake, or ours. */
  private failed(error: unknown): void {
    this.parked = false;
    this.copying = false;
    this.sink.awaitsCopyData = false;
    const sqlFault = error instanceof SqlError;
    if (!sqlFault) this.host.logFailure(this, error);
    const told = sqlFault ? error : internalError(error);
    const lost = this.state !== READY || (!sqlFault && error instanceof AssertionError) || told.severity !== 'ERROR';
    this.sink.errorAs(told, lost ? 'FATAL' : 'ERROR');
    if (lost) return;
    if (this.call === CALL_EXTENDED) {
      this.discarding = true;
      return;
    }
    try {
      this.settle(this.session!.sync(true));
    } catch (second) {
      this.host.logFailure(this, second);
      this.sink.errorAs(internalError(second), 'FATAL');
    }
  }

  /** Sends what is written, then closes. */
  private end(): void {
    if (this.state === CLOSED) return;
    this.flush();
    this.longOutput.sendAll();
    this.shut();
    this.socket.destroySoon();
    if (this.socket.writableLength !== 0) setTimeout(() => this.socket.destroy(), GOODBYE_MS_MAX).unref();
  }

  /** Lets go of the session and of the place among the connections. */
  private shut(): void {
    if (this.state === CLOSED) return;
    this.state = CLOSED;
    this.reader.clear();
    this.longOutput.clear();
    const session = this.session;
    this.session = null;
    this.authentication = null;
    try {
      session?.close();
    } catch (error) {
      this.host.logFailure(this, error);
    }
    this.host.closed(this);
  }

  private flush(): void {
    const out = this.sink.out;
    const size = out.length;
    if (size === 0) return;
    if (out.deferred.length > 0 || !this.longOutput.isEmpty) {
      this.longOutput.take(out);
      out.bytes = Buffer.allocUnsafeSlow(OUTPUT_CAPACITY);
      return;
    }
    out.length = 0;
    const socket = this.socket;
    if (!socket.writable) return;
    socket.write(out.bytes.subarray(0, size));
    this.host.busyPoll.answered();
    // Nothing left with the socket: the kernel has it all, and the buffer is ours again. Otherwise it is the socket's.
    if (socket.writableLength !== 0) out.bytes = Buffer.allocUnsafeSlow(OUTPUT_CAPACITY);
  }
}

/** Why a client gives up a COPY. */
function reasonOf(message: MessageBody): string {
  try {
    return message.stringOrRest();
  } catch (error) {
    return (error as Error).message;
  }
}

function internalError(error: unknown): SqlError {
  if (error instanceof RangeError && /call stack/i.test(error.message)) {
    return sqlError('54001', 'stack depth limit exceeded');
  }
  const told = sqlError('XX000', `internal error: ${error instanceof Error ? error.message : String(error)}`);
  if (error instanceof Error && error.stack !== undefined) told.stack = error.stack;
  return told;
}
