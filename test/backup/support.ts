/** A bank (test/crash/bank.ts) that trades while it is backed up, and what a restored one must look like. */
import pg from 'pg';
import { type DatabaseServer, openDatabaseServer } from '../../executor/index.ts';
import type { ArchiveCommand, FileSystem, MemoryFileSystem } from '../../storage/api.ts';
import {
  type ArchiveSource,
  EngineSource,
  type Manifest,
  type RestoredLog,
  type RestoreTarget,
  restoreBackup,
  takeBackup,
} from '../../storage/backup/index.ts';
import { WireServer } from '../../wire/index.ts';
import { checkBank, type Ledger, type Random, trade } from '../crash/bank.ts';

export const NO_TARGET: RestoreTarget = { time: null, lsn: null, timeline: 'latest' };

/** An archive as people write them: a file that is there already is not written over. Outlives servers and their disks. */
export class MemoryArchive {
  readonly files = new Map<string, Uint8Array>();
  /** Calls that are to fail. */
  failures = 0;
  calls = 0;
  /** After the call at hand all fail. */
  isLastCall = false;
  onCall: (name: string) => void = () => {};

  command(fileSystem: FileSystem, directory: string): ArchiveCommand {
    return (path, name, done) => {
      setImmediate(() => {
        this.calls++;
        this.onCall(name);
        if (this.failures > 0) {
          this.failures--;
          done({ message: 'archive command failed with exit code 1', command: `keep ${name}` });
          return;
        }
        const file = fileSystem.open(`${directory}/${path}`, 'read');
        const bytes = new Uint8Array(file.size());
        file.readSync(bytes, 0, bytes.length, 0);
        file.close();
        const old = this.files.get(name);
        const isSame = old === undefined || Buffer.from(old).equals(bytes);
        if (old === undefined) this.files.set(name, bytes);
        if (this.isLastCall) this.failures = 1000;
        done(
          isSame
            ? null
            : {
                message: 'archive command failed with exit code 1',
                command: `another ${name} is there`,
              },
        );
      });
    };
  }

  source(target: FileSystem): ArchiveSource {
    return {
      name: 'memory',
      fetch: (name, path) => {
        const bytes = this.files.get(name);
        if (bytes === undefined) return false;
        const file = target.open(path, 'create');
        file.writeSync(bytes, 0, bytes.length, 0);
        file.truncateSync(bytes.length);
        file.close();
        return true;
      },
    };
  }

  get segments(): string[] {
    return [...this.files.keys()].filter((name) => name.length === 24).sort();
  }
}

export class BankServer {
  readonly log: string[] = [];
  readonly ledger: Ledger = { acknowledged: new Set(), inDoubt: new Set(), failures: [] };
  database!: DatabaseServer;
  client!: pg.Client;
  private wire!: WireServer;
  private customers: Promise<void>[] = [];
  private isOpen = true;

  static async start(
    fileSystem: FileSystem,
    directory: string,
    settings: readonly (readonly [string, string])[] = [],
    archive: MemoryArchive | null = null,
  ): Promise<BankServer> {
    const server = new BankServer();
    server.database = await openDatabaseServer({
      dataDirectory: directory,
      fileSystem,
      settings: new Map([
        ['shared_buffers', '2MB'],
        ['preload_rate', '0'],
        ...(archive === null ? [] : [['archive_mode', 'on'] as const]),
        ...settings,
      ]),
      onLog: (message) => server.log.push(message),
      ...(archive === null ? {} : { archiveCommand: archive.command(fileSystem, directory) }),
    });
    server.wire = new WireServer({
      factory: server.database,
      hosts: ['127.0.0.1'],
      port: 0,
      authMethod: 'trust',
      logFailure: (where, error) => server.log.push(`internal error: ${where}: ${error}`),
    });
    await server.wire.listen();
    server.client = new pg.Client({
      host: '127.0.0.1',
      port: server.wire.port,
      user: 'postgres',
      database: 'postgres',
    });
    server.client.on('error', () => {});
    await server.client.connect();
    return server;
  }

  get port(): number {
    return this.wire.port;
  }

  /** `count` customers trade until `settle`. */
  trade(count: number, random: Random, nextNumber: () => number): void {
    this.isOpen = true;
    const next = (): number => {
      if (!this.isOpen) throw new Error('the bank is closed');
      return nextNumber();
    };
    for (let i = 0; i < count; i++) this.customers.push(trade(this.port, random, next, this.ledger));
  }

  async settle(): Promise<void> {
    this.isOpen = false;
    await Promise.all(this.customers);
    this.customers = [];
  }

  async untilTraded(more: number): Promise<void> {
    const wanted = this.ledger.acknowledged.size + more;
    while (this.ledger.acknowledged.size < wanted) await new Promise((resolve) => setTimeout(resolve, 2));
  }

  async numbers(): Promise<Set<number>> {
    const { rows } = await this.client.query('SELECT number FROM history');
    return new Set(rows.map((row) => Number(row.number)));
  }

  async value(text: string): Promise<string> {
    const { rows } = await this.client.query({ text, rowMode: 'array' });
    return String((rows[0] as unknown as unknown[])[0]);
  }

  /** What is wrong with the books, whoever was told of them. */
  async wrong(): Promise<string[]> {
    const found = await this.numbers();
    const ledger: Ledger = { acknowledged: found, inDoubt: new Set(), failures: [] };
    return checkBank(this.client, ledger, new Set());
  }

  source(): EngineSource {
    const { backups } = this.database.engine;
    if (backups === null) throw new Error('a server without a data directory');
    return new EngineSource(() => backups.begin());
  }

  backup(fileSystem: FileSystem, folder: string, parent: Manifest | null = null): Promise<Manifest> {
    const directory = '/data';
    return takeBackup({ source: this.source(), fileSystem, directory, target: fileSystem, folder, parent });
  }

  async stop(): Promise<void> {
    await this.settle();
    await this.client.end().catch(() => {});
    await this.wire.stop();
    await this.database.close();
  }
}

export function restore(
  fileSystem: MemoryFileSystem,
  folders: readonly string[],
  directory: string,
  target: Partial<RestoreTarget> = {},
  archive: ArchiveSource | null = null,
): Promise<RestoredLog> {
  return restoreBackup({
    backup: fileSystem,
    folders,
    archive,
    fileSystem,
    directory,
    target: { ...NO_TARGET, ...target },
  });
}
