/**
 * A database to test against: hotrow in this process behind its wire, or, with HOTROW_TEST_TARGET=postgres://user@host:port/db,
 * a running PostgreSQL, so that one expectation is held against both.
 *
 * Every scratch database is empty and alone: for hotrow a server of its own in memory, for PostgreSQL a new database.
 */
import pg from 'pg';

export interface ScratchDatabase {
  /** 'hotrow' or 'postgresql'. */
  readonly engine: 'hotrow' | 'postgresql';
  /** How a `pg` client or pool reaches it. */
  readonly connection: pg.ClientConfig;
  /** Ends it, with everything in it. */
  drop(): Promise<void>;
}

/** Settings of hotrow for a scratch database; PostgreSQL keeps its own. */
export interface ScratchOptions {
  readonly settings?: Readonly<Record<string, string>>;
}

export function targetIsPostgres(): boolean {
  return (process.env['HOTROW_TEST_TARGET'] ?? '') !== '';
}

export function createScratchDatabase(options: ScratchOptions = {}): Promise<ScratchDatabase> {
  const target = process.env['HOTROW_TEST_TARGET'] ?? '';
  return target === '' ? startHotrow(options) : createInPostgres(target);
}

/** hotrow in memory on a free port. What goes wrong inside it fails the test that closes it. */
async function startHotrow(options: ScratchOptions): Promise<ScratchDatabase> {
  // Only here, so that a run against PostgreSQL needs nothing of hotrow.
  const { openDatabaseServer } = await import('../../executor/index.ts');
  const { WireServer } = await import('../../wire/index.ts');
  const faults: string[] = [];
  const database = await openDatabaseServer({
    dataDirectory: null,
    settings: new Map([['shared_buffers', '16MB'], ...Object.entries(options.settings ?? {})]),
    onLog: (message) => {
      if (message.startsWith('internal error')) faults.push(message);
    },
  });
  const server = new WireServer({
    factory: database,
    hosts: ['127.0.0.1'],
    port: 0,
    authMethod: 'trust',
    logFailure: (where, error) => {
      faults.push(`${where}: ${error instanceof Error ? error.stack : String(error)}`);
    },
  });
  await server.listen();
  return {
    engine: 'hotrow',
    connection: { host: '127.0.0.1', port: server.port, user: 'postgres', database: 'postgres' },
    drop: async () => {
      await server.stop();
      await database.close();
      if (faults.length > 0) throw new Error(`the server failed inside: ${faults.join('\n')}`);
    },
  };
}

let scratchCount = 0;

async function createInPostgres(target: string): Promise<ScratchDatabase> {
  const name = `hotrow_scratch_${process.pid}_${++scratchCount}`;
  const asOwner = async (sql: string): Promise<void> => {
    const client = new pg.Client({ connectionString: target });
    await client.connect();
    try {
      await client.query(sql);
    } finally {
      await client.end();
    }
  };
  await asOwner(`CREATE DATABASE ${name} TEMPLATE template0`);
  const url = new URL(target);
  url.pathname = `/${name}`;
  return {
    engine: 'postgresql',
    connection: { connectionString: url.toString() },
    drop: () => asOwner(`DROP DATABASE ${name} WITH (FORCE)`),
  };
}
