/** A client at message level: pg-protocol's serializer and parser over a socket, one message after the other. */
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { connect, type Socket } from 'node:net';
import { serialize } from 'pg-protocol';
import { WireServer, type WireServerOptions } from '../../wire/index.ts';
import { FakeDatabase } from './fake-session.ts';

export { serialize };

/** pg-protocol's messages carry a name and the fields of their kind. */
// biome-ignore lint/suspicious/noExplicitAny: the fields differ with every kind; a wrong one fails its test.
export type Message = { readonly name: string; readonly length: number } & Record<string, any>;

interface MessageParser {
  parse(bytes: Buffer, callback: (message: Message) => void): void;
}
const require = createRequire(import.meta.url);
const { Parser } = require('pg-protocol/dist/parser.js') as { Parser: new () => MessageParser };

/** A server on a port of its own with a fake database behind it. */
export interface FakeServer {
  readonly database: FakeDatabase;
  readonly server: WireServer;
  readonly failures: unknown[];
}

export async function startFakeServer(options: Partial<WireServerOptions> = {}): Promise<FakeServer> {
  const database = new FakeDatabase();
  const failures: unknown[] = [];
  const server = new WireServer({
    factory: database,
    hosts: ['127.0.0.1'],
    port: 0,
    authMethod: 'trust',
    logFailure: (_where, error) => failures.push(error),
    ...options,
  });
  await server.listen();
  return { database, server, failures };
}

export class WireClient {
  readonly socket: Socket;
  readonly received: Message[] = [];
  /** Every byte that came, when `keepBytes` is set. */
  bytesReceived = 0;
  closed = false;
  private readonly parser = new Parser();
  private taken = 0;
  private wakeUp: (() => void) | null = null;

  constructor(socket: Socket) {
    this.socket = socket;
    socket.setNoDelay(true);
    socket.on('data', (bytes: Buffer) => {
      this.bytesReceived += bytes.length;
      this.parser.parse(bytes, (message) => this.received.push(message));
      this.wakeUp?.();
    });
    socket.on('error', () => {});
    socket.on('close', () => {
      this.closed = true;
      this.wakeUp?.();
    });
  }

  /** A connection that has sent nothing yet. */
  static async open(port: number): Promise<WireClient> {
    const socket = connect(port, '127.0.0.1');
    await once(socket, 'connect');
    return new WireClient(socket);
  }

  /** A connection that is ready for queries. */
  static async ready(port: number, parameters: Record<string, string> = {}): Promise<WireClient> {
    const client = await WireClient.open(port);
    client.send(serialize.startup({ user: 'alice', ...parameters }));
    await client.untilReady();
    return client;
  }

  send(...messages: Uint8Array[]): void {
    this.socket.write(Buffer.concat(messages));
  }

  /** The next message; null when the connection is closed. */
  async next(): Promise<Message | null> {
    while (this.taken === this.received.length) {
      if (this.closed) return null;
      await new Promise<void>((resolve) => {
        this.wakeUp = resolve;
      });
      this.wakeUp = null;
    }
    return this.received[this.taken++]!;
  }

  /** The messages up to and with the next of this name, or to the end of the connection. */
  async until(name: string): Promise<Message[]> {
    const messages: Message[] = [];
    for (;;) {
      const message = await this.next();
      if (message === null) return messages;
      messages.push(message);
      if (message.name === name) return messages;
    }
  }

  untilReady(): Promise<Message[]> {
    return this.until('readyForQuery');
  }

  /** All that comes until the server closes the connection. */
  untilClosed(): Promise<Message[]> {
    return this.until('');
  }

  /** A simple query's messages. */
  query(text: string): Promise<Message[]> {
    this.send(serialize.query(text));
    return this.untilReady();
  }

  close(): void {
    this.socket.destroy();
  }
}

/** Names of messages, shortened for comparison with a list. */
export function names(messages: readonly Message[]): string[] {
  return messages.map((message) => message.name);
}

/** A frontend message of any type and body. */
export function frame(type: string, body: Uint8Array | string = ''): Buffer {
  const bytes = Buffer.from(body);
  const message = Buffer.alloc(5 + bytes.length);
  message.write(type, 0, 'latin1');
  message.writeInt32BE(4 + bytes.length, 1);
  bytes.copy(message, 5);
  return message;
}

/** Waits until `condition` holds; the test's own time limit ends a wait that never would. */
export async function eventually(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 1));
}
