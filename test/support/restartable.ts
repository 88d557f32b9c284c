/** A database server over files in memory, that can end in order, or as if its process had been killed, and start again. */
import pg from 'pg';
import type { FunctionContext } from '../../catalog/function-entry.ts';
import { ExecContext } from '../../executor/context.ts';
import { type DatabaseServer, openDatabaseServer } from '../../executor/index.ts';
import { TermSet } from '../../executor/inverted/terms.ts';
import { type IndexDictionary, IndexKey, LayeredDictionary, MemoryFileSystem, PAGE_MISS } from '../../storage/api.ts';
import { DEFAULT_FORMAT } from '../../types/index.ts';
import { WireServer } from '../../wire/index.ts';

export class RestartableServer {
  fileSystem = new MemoryFileSystem();
  directory = '/data';
  database!: DatabaseServer;
  client!: pg.Client;
  /** Lines of the log since the last start. */
  log: string[] = [];
  /** Milliseconds since 1970; undefined: the machine's clock. */
  clock: (() => number) | undefined = undefined;
  /** Called when the database server is there, and nobody has asked it anything yet. */
  onOpened: () => void = () => {};
  private wire!: WireServer;

  async start(...settings: readonly (readonly [string, string])[]): Promise<void> {
    this.log = [];
    this.database = await openDatabaseServer({
      dataDirectory: this.directory,
      fileSystem: this.fileSystem,
      // What a start reads is to be seen: the list of hot pages is left alone.
      settings: new Map([['shared_buffers', '8MB'], ['preload_rate', '0'], ...settings]),
      onLog: (message) => this.log.push(message),
      ...(this.clock === undefined ? {} : { clock: this.clock }),
    });
    this.onOpened();
    this.wire = new WireServer({
      factory: this.database,
      hosts: ['127.0.0.1'],
      port: 0,
      authMethod: 'trust',
      logFailure: (where, error) => this.log.push(`internal error: ${where}: ${error}`),
    });
    await this.wire.listen();
    this.client = await this.connect();
  }

  async connect(database = 'postgres'): Promise<pg.Client> {
    const connection = { host: '127.0.0.1', port: this.wire.port, user: 'postgres', database };
    const client = new pg.Client(connection);
    client.on('error', () => {});
    await client.connect();
    return client;
  }

  async stop(): Promise<void> {
    await this.wire.stop();
    await this.database.close();
  }

  /** What is not durable now is lost. */
  async kill(): Promise<void> {
    const fork = this.fileSystem.fork();
    fork.crash({});
    await this.stop();
    this.fileSystem = fork;
  }

  /** The first column of the first row. */
  async value(text: string): Promise<unknown> {
    const { rows } = await this.client.query({ text, rowMode: 'array' });
    return (rows[0] as unknown as unknown[] | undefined)?.[0];
  }

  indexFiles(): string[] {
    return this.fileSystem.list('/data/index').map((name) => `/data/index/${name}`);
  }

  /**
   * Compares each index with its table's rows, while nobody writes and the sweep has done its work: what is wrong, in words.
   */
  async wrongIndexes(): Promise<string[]> {
    const wrong: string[] = [];
    const x = new ExecContext(this.database.engine);
    x.functions = { format: DEFAULT_FORMAT } as FunctionContext;
    for (const database of this.database.databases()) {
      for (const entry of database.catalog.relations()) {
        if (entry.relId === 0) continue;
        const table = database.table(database.catalog, entry);
        await this.allOwn(table.indexes);
        const rows = await this.rowIds(entry.relId);
        if (table.heap.rowCount !== rows.length) {
          wrong.push(`${entry.name}: ${rows.length} rows, counted ${table.heap.rowCount}`);
        }
        for (const index of table.indexes) {
          const { dictionary } = index;
          dictionary.top.checkInvariants();
          let entries = 0;
          for (const rowId of rows) {
            const isThere = await this.retry(() => {
              const row = table.heap.newest(rowId);
              const key = new IndexKey();
              if (index.terms !== null) {
                const terms = new TermSet();
                if (!index.terms.ofRow(x, row, terms)) return null;
                for (let term = 0; term < terms.count; term++) {
                  terms.read(term, key);
                  if (!dictionary.remove(key, rowId)) return false;
                  dictionary.insert(key, rowId);
                }
                return terms.count;
              }
              if (index.keyFromRow(x, row, key) === 0) return null;
              // Removed and put back: it was there.
              const found = dictionary.remove(key, rowId);
              dictionary.insert(key, rowId);
              return found;
            });
            if (typeof isThere === 'number') entries += isThere;
            else if (isThere !== null) entries++;
            if (isThere === false) wrong.push(`${index.entry.name}: no entry for row ${rowId}`);
          }
          if (dictionary.count !== entries)
            wrong.push(`${index.entry.name}: ${dictionary.count} entries, not ${entries}`);
        }
      }
    }
    return wrong;
  }

  /** Pages of a fork that lasts have come, and nobody reads its template's indexes for it any more. */
  private async allOwn(indexes: readonly { readonly dictionary: IndexDictionary }[]): Promise<void> {
    while (indexes.some(({ dictionary }) => dictionary instanceof LayeredDictionary))
      await new Promise((resolve) => setTimeout(resolve, 1));
  }

  private async rowIds(relId: number): Promise<number[]> {
    const { engine } = this.database;
    const heap = engine.heap(relId);
    const snapshot = engine.transactions.takeSnapshot(engine.transactions.begin());
    const rowIds: number[] = [];
    for (let pageNo = 0; pageNo < heap.pages.pageCount; pageNo++) {
      for (let slot = 0; slot < 300; slot++) {
        const rowId = pageNo * 512 + slot;
        if ((await this.retry(() => heap.visible(rowId, snapshot))) >= 0) rowIds.push(rowId);
      }
    }
    engine.transactions.releaseSnapshot(snapshot);
    return rowIds;
  }

  private async retry<T>(step: () => T): Promise<T> {
    for (;;) {
      try {
        return step();
      } catch (error) {
        if (error !== PAGE_MISS) throw error;
        await new Promise<void>((resolve) => this.database.engine.pool.onLoaded(resolve));
      }
    }
  }
}
