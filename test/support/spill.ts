/** For tests of what does not fit in memory: a server in this process that they can look into, and sessions of it. */
import pg from 'pg';
import type { DatabaseServer } from '../../executor/server.ts';
import { WireServer } from '../../wire/index.ts';

export interface SpillServer {
  readonly database: DatabaseServer;
  connect(settings?: Readonly<Record<string, string>>): Promise<pg.Client>;
  stop(): Promise<void>;
}

/** `database` is closed by stop. */
export async function serve(database: DatabaseServer): Promise<SpillServer> {
  const logFailure = (where: string, error: unknown): void => console.error(where, error);
  const server = new WireServer({ factory: database, hosts: ['127.0.0.1'], port: 0, authMethod: 'trust', logFailure });
  await server.listen();
  const clients: pg.Client[] = [];
  return {
    database,
    connect: async (settings = {}) => {
      const client = new pg.Client({ host: '127.0.0.1', port: server.port, user: 'postgres', database: 'postgres' });
      client.on('error', () => {});
      await client.connect();
      clients.push(client);
      for (const [name, value] of Object.entries(settings)) await client.query(`SET ${name} = '${value}'`);
      return client;
    },
    stop: async () => {
      for (const client of clients) await client.end().catch(() => {});
      await server.stop();
      await database.close();
    },
  };
}
