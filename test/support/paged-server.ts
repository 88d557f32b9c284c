/** A server with a small pool over files in memory whose reads are counted and can be held: what larger-than-memory means. */
import { type DatabaseServer, openDatabaseServer } from '../../executor/index.ts';
import type { BufferPool, RelationPages } from '../../storage/api.ts';
import { WireServer } from '../../wire/index.ts';
import { HeldReads } from './held-reads.ts';
import { type Message, WireClient } from './wire-client.ts';

export interface PagedServerOptions {
  /** null: nothing outlives the server. */
  readonly dataDirectory?: string | null;
  readonly settings?: Readonly<Record<string, string>>;
  readonly files?: HeldReads;
  /** trust, if left out. */
  readonly authMethod?: 'trust' | 'scram-sha-256' | 'md5';
  /** Single pages are read in place, not counted and not held. */
  readonly quickReads?: boolean;
}

export class PagedServer {
  readonly database: DatabaseServer;
  readonly files: HeldReads;
  /** What went into the server's log. */
  readonly log: string[];
  private readonly server: WireServer;
  private readonly clients: WireClient[] = [];

  private constructor(database: DatabaseServer, files: HeldReads, log: string[], server: WireServer) {
    this.database = database;
    this.files = files;
    this.log = log;
    this.server = server;
  }

  static async start(options: PagedServerOptions = {}): Promise<PagedServer> {
    const files = options.files ?? new HeldReads();
    const log: string[] = [];
    const startedMs = Date.now();
    const database = await openDatabaseServer({
      dataDirectory: options.dataDirectory ?? null,
      settings: new Map([['shared_buffers', '1MB'], ...Object.entries(options.settings ?? {})]),
      fileSystem: files,
      // On a clock that stands no read is slow.
      ...(options.quickReads === true ? { quickReads: true, clock: () => startedMs } : {}),
      onLog: (message) => log.push(message),
    });
    const server = new WireServer({
      factory: database,
      hosts: ['127.0.0.1'],
      port: 0,
      authMethod: options.authMethod ?? 'trust',
      logFailure: (where, error) => log.push(`internal error: ${where}: ${String(error)}`),
    });
    await server.listen();
    return new PagedServer(database, files, log, server);
  }

  get pool(): BufferPool {
    return this.database.engine.pool;
  }

  /** Pages of a table in the database postgres. */
  pagesOf(table: string): RelationPages {
    for (const database of this.database.databases()) {
      for (const entry of database.catalog.relations())
        if (entry.name === table) return this.database.engine.heap(entry.relId).pages;
    }
    throw new Error(`no table ${table}`);
  }

  async client(): Promise<WireClient> {
    const client = await WireClient.ready(this.server.port, { user: 'postgres', database: 'postgres' });
    this.clients.push(client);
    return client;
  }

  /** Everything on disk, and nothing in memory that need not be: the next statements read. */
  async chill(): Promise<void> {
    const { pool } = this;
    const error = await new Promise((resolve) => pool.writer.writeFrames(pool.dirtyFrames(), resolve));
    if (error !== null) throw error;
    pool.releaseClean();
  }

  /** Ends in order; an internal error in the log fails the test. */
  get port(): number {
    return this.server.port;
  }

  async stop(): Promise<void> {
    this.files.stopHolding();
    for (const client of this.clients) client.close();
    await this.server.stop();
    await this.database.close();
    const faults = this.log.filter((message) => message.startsWith('internal error'));
    if (faults.length > 0) throw new Error(`the server failed inside: ${faults.join('\n')}`);
  }
}

/** The rows of a simple query; its error is thrown. */
export async function rows(client: WireClient, text: string): Promise<(string | null)[][]> {
  return rowsOf(await client.query(text));
}

export function rowsOf(messages: readonly Message[]): (string | null)[][] {
  const error = messages.find((message) => message.name === 'error');
  if (error !== undefined) throw new Error(`${error.code}: ${error.message}`);
  return messages.filter((message) => message.name === 'dataRow').map((message) => message.fields);
}
