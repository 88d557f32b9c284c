/**
 * Listens on TCP and Unix sockets and holds the connections: admission, cancel requests, the queue of connections that
 * want another turn, and the orderly end.
 *
 * Reading: all connections share one read buffer. A connection takes what it needs from it before the next read, so
 * nothing is allocated for a read and an idle connection holds no buffer. (Measured, pgbench with 8 clients against fixed
 * replies: 118,000 round trips/s, against 55,000 with a buffer for every 'data' event.) Node offers this (`onread`) for
 * sockets made by hand only, so accepted handles are wrapped by us; where a runtime does not let us, events do the same.
 */
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { chmodSync, unlinkSync } from 'node:fs';
import { type AddressInfo, createServer, type Server, Socket } from 'node:net';
import type { SecureContext } from 'node:tls';
import type { SessionFactory } from '../executor/session-api.ts';
import { SqlError } from '../types/errors.ts';
import type { AuthMethod } from './auth.ts';
import { BusyPoll } from './busy-poll.ts';
import { Connection, type ConnectionHost } from './connection.ts';
import { fatal } from './startup.ts';

export interface WireServerOptions {
  readonly factory: SessionFactory;
  /** Addresses to listen on; none means no TCP. */
  readonly hosts: readonly string[];
  /** 0 lets the system choose. */
  readonly port: number;
  /** Folders that get a `.s.PGSQL.<port>` socket. */
  readonly socketDirectories?: readonly string[];
  readonly authMethod: AuthMethod;
  /** Certificate and key: clients that ask for TLS get it. Null or left out: they are told that there is none. */
  readonly secureContext?: SecureContext | null;
  /** Told what goes wrong in the server itself; never a client's mistake. */
  readonly logFailure: (message: string, error: unknown) => void;
  /** One read buffer for all connections (above). Off: Node's 'data' events. */
  readonly sharedReadBuffer?: boolean;
}

const READ_BUFFER_SIZE = 64 * 1024;
const AUTHENTICATION_MS_MAX = 60_000;
/**
 * How long what is written so far waits for what the session waits for. Longer than a commit takes to be durable: its answer
 * then goes out as one packet. PostgreSQL sends nothing at all before the end of the statement, or a full buffer.
 */
const LATE_FLUSH_MS = 20;
const CONNECTIONS_MAX_DEFAULT = 100;
/** How long the clients may take to read the last message when the server stops. */
const STOP_MS_MAX = 2000;
const BACKLOG = 511;

/** What we need of a listening handle and an accepted one; not part of Node's documented interface. */
interface ListeningHandle {
  onconnection?: (error: number, handle: unknown) => void;
}

export class WireServer implements ConnectionHost {
  readonly factory: SessionFactory;
  readonly authMethod: AuthMethod;
  private readonly options: WireServerOptions;
  private readonly listeners: Server[] = [];
  readonly busyPoll = new BusyPoll();
  private readonly connections = new Set<Connection>();
  private readonly openSockets = new Set<Socket>();
  /** Connections that have a place among max_connections, by process id. */
  private readonly admitted = new Map<number, Connection>();
  private lastProcessId = process.pid;
  private queue: Connection[] = [];
  private queueScheduled = false;
  private woken: Connection[] = [];
  private lateFlushes: Connection[] = [];
  private stopping = false;
  private boundPort = 0;

  constructor(options: WireServerOptions) {
    this.options = options;
    this.factory = options.factory;
    this.authMethod = options.authMethod;
  }

  /** The TCP port in use. */
  get port(): number {
    return this.boundPort;
  }

  get hasTls(): boolean {
    return this.options.secureContext != null;
  }

  get connectionCount(): number {
    return this.admitted.size;
  }

  /** Starts listening; throws the system's error (EADDRINUSE ...) with nothing left open. */
  async listen(): Promise<void> {
    this.boundPort = this.options.port;
    try {
      for (const host of this.options.hosts) {
        const listener = await this.open({ host, port: this.boundPort });
        this.boundPort = (listener.address() as AddressInfo).port;
      }
      for (const directory of this.options.socketDirectories ?? []) await this.openUnixSocket(directory);
    } catch (error) {
      await this.closeListeners();
      throw error;
    }
  }

  /** Stops accepting, tells every client (57P01), and waits a little for them to read it. */
  async stop(): Promise<void> {
    this.stopping = true;
    const closing = this.closeListeners();
    const reason = new SqlError('57P01', 'terminating connection due to administrator command', {}, 'FATAL');
    for (const connection of this.connections) connection.terminate(reason);
    const deadline = Date.now() + STOP_MS_MAX;
    while (this.openSockets.size > 0 && Date.now() < deadline) {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    for (const socket of this.openSockets) socket.destroy();
    await closing;
  }

  // ConnectionHost

  admit(connection: Connection): void {
    if (this.stopping) throw fatal('57P03', 'the database system is shutting down');
    const connectionsMax = Number(this.factory.serverSetting('max_connections')) || CONNECTIONS_MAX_DEFAULT;
    if (this.admitted.size >= connectionsMax) throw fatal('53300', 'sorry, too many clients already');
    this.admitted.set(connection.key.processId, connection);
  }

  /** A wrong key is not answered: whoever guesses learns nothing. */
  cancel(processId: number, secretKey: number): void {
    const connection = this.admitted.get(processId);
    if (connection !== undefined && connection.key.secretKey === secretKey) connection.cancel();
  }

  enqueue(connection: Connection): void {
    if (connection.queued) return;
    connection.queued = true;
    this.queue.push(connection);
    if (this.queueScheduled) return;
    this.queueScheduled = true;
    setImmediate(this.runQueue);
  }

  enqueueWoken(connection: Connection): void {
    if (connection.queued) return;
    connection.queued = true;
    this.woken.push(connection);
    if (this.woken.length === 1) process.nextTick(this.runWoken);
  }

  enqueueLateFlush(connection: Connection): void {
    if (connection.lateFlushQueued || connection.sink.out.length === 0) return;
    connection.lateFlushQueued = true;
    this.lateFlushes.push(connection);
    if (this.lateFlushes.length === 1) setTimeout(this.runLateFlushes, LATE_FLUSH_MS);
  }

  private readonly runLateFlushes = (): void => {
    const connections = this.lateFlushes;
    this.lateFlushes = [];
    for (const connection of connections) {
      connection.lateFlushQueued = false;
      connection.flushLate();
    }
  };

  closed(connection: Connection): void {
    this.connections.delete(connection);
    this.admitted.delete(connection.key.processId);
  }

  startTls(connection: Connection): Socket {
    const secureContext = this.options.secureContext!;
    const { TLSSocket } = process.getBuiltinModule('node:tls');
    const socket = new TLSSocket(connection.socket, { isServer: true, secureContext });
    socket.on('data', (chunk: Buffer) => connection.receive(chunk, chunk.length));
    this.watch(connection, socket);
    return socket;
  }

  logFailure(connection: Connection, error: unknown): void {
    this.options.logFailure(`connection ${connection.key.processId}`, error);
  }

  private readonly runQueue = (): void => {
    const queue = this.queue;
    this.queue = [];
    this.queueScheduled = false;
    runAll(queue);
  };

  private readonly runWoken = (): void => {
    const woken = this.woken;
    this.woken = [];
    runAll(woken);
  };

  // Listening and accepting.

  private async open(where: { host: string; port: number } | { path: string }): Promise<Server> {
    const listener = createServer({ allowHalfOpen: true, noDelay: true, keepAlive: true });
    listener.on('connection', (socket) => this.acceptWithEvents(socket));
    listener.listen({ ...where, backlog: BACKLOG });
    await once(listener, 'listening');
    listener.on('error', (error) => this.options.logFailure('listening socket', error));
    this.listeners.push(listener);
    if (this.options.sharedReadBuffer !== false) this.acceptByHand(listener);
    return listener;
  }

  private async openUnixSocket(directory: string): Promise<void> {
    const path = `${directory}/.s.PGSQL.${this.boundPort}`;
    try {
      await this.open({ path });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE' || (await isAlive(path))) throw error;
      // The socket of a server that did not come to its end.
      unlinkSync(path);
      await this.open({ path });
    }
    chmodSync(path, 0o777);
  }

  private acceptWithEvents(socket: Socket): void {
    const connection = this.accept(socket);
    socket.on('data', (chunk: Buffer) => connection.receive(chunk, chunk.length));
  }

  private acceptByHand(listener: Server): void {
    const listening = (listener as unknown as { _handle: ListeningHandle | null })._handle;
    if (typeof listening?.onconnection !== 'function') return;
    const byEvents = listening.onconnection;
    const buffer = Buffer.allocUnsafeSlow(READ_BUFFER_SIZE);
    listening.onconnection = (error, handle) => {
      if (error !== 0 || handle === undefined) {
        byEvents.call(listening, error, handle);
        return;
      }
      let connection: Connection | null = null;
      const receive = (size: number, bytes: Uint8Array): boolean => {
        connection!.receive(bytes as Buffer, size);
        return true;
      };
      const options = { handle, allowHalfOpen: true, onread: { buffer, callback: receive } };
      const socket = new Socket(options as ConstructorParameters<typeof Socket>[0]);
      socket.setNoDelay(true);
      socket.setKeepAlive(true);
      connection = this.accept(socket);
      socket.resume();
    };
  }

  private accept(socket: Socket): Connection {
    const key = { processId: this.nextProcessId(), secretKey: randomInt(0x7fffffff) };
    const connection = new Connection(this, socket, key);
    this.connections.add(connection);
    const timeout = setTimeout(() => {
      if (!connection.isReady) connection.disconnected();
    }, AUTHENTICATION_MS_MAX).unref();
    socket.on('close', () => clearTimeout(timeout));
    this.watch(connection, socket);
    return connection;
  }

  private watch(connection: Connection, socket: Socket): void {
    this.openSockets.add(socket);
    socket.on('drain', () => connection.drained());
    socket.on('end', () => connection.inputEnd());
    // A reset, a write to a client that has gone, a handshake that failed; 'close' follows.
    socket.on('error', () => connection.disconnected());
    socket.on('close', () => {
      this.openSockets.delete(socket);
      connection.disconnected();
    });
  }

  private nextProcessId(): number {
    do this.lastProcessId = (this.lastProcessId % 0x7ffffffe) + 1;
    while (this.admitted.has(this.lastProcessId));
    return this.lastProcessId;
  }

  private async closeListeners(): Promise<void> {
    const listeners = this.listeners.splice(0);
    await Promise.all(listeners.map((listener) => new Promise((resolve) => listener.close(resolve))));
  }
}

function runAll(queue: readonly Connection[]): void {
  for (const connection of queue) {
    connection.queued = false;
    connection.runQueued();
  }
}

/** Whether somebody accepts connections on a Unix socket. */
async function isAlive(path: string): Promise<boolean> {
  const probe = new Socket();
  try {
    probe.connect({ path });
    await once(probe, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    probe.destroy();
  }
}
