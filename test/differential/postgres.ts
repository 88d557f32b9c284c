/**
 * The PostgreSQL 15 that statements are compared with: the server at a URL, or a cluster of its own for one run where its
 * programs are installed (as the benches start it). There a new database with hotrow's order and letters, and pg_trgm, which
 * hotrow has built in and which decides what `'a' <-> 'b'` means.
 */
import { execFileSync } from 'node:child_process';
import pg from 'pg';
import { findPostgres, startPostgres } from '../../bench/servers.ts';

export interface Reference {
  readonly url: string;
  stop(): Promise<void>;
}

const VERSION = 15;

/** A URL, or PostgreSQL's programs on this machine. */
export function hasReference(given: string): boolean {
  const folder = findPostgres();
  return given !== '' || (folder !== null && versionOf(folder).includes(` ${VERSION}.`));
}

/** Null where there is none. */
export async function findReference(given: string): Promise<Reference | null> {
  if (given !== '') return databaseAt(given, () => {});
  if (!hasReference(given)) return null;
  const server = await startPostgres({ shared_buffers: '64MB', fsync: 'off' });
  if (server === null) return null;
  return databaseAt(`postgres://postgres@127.0.0.1:${server.port}/postgres`, () => server.stop());
}

function versionOf(folder: string): string {
  return execFileSync(`${folder}/postgres`, ['--version'], { encoding: 'utf8' });
}

async function databaseAt(serverUrl: string, stopServer: () => void): Promise<Reference> {
  const name = `hotrow_differential_${process.pid}`;
  await run(serverUrl, `CREATE DATABASE ${name} TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C.UTF-8'`);
  const url = new URL(serverUrl);
  url.pathname = `/${name}`;
  // A server without contrib has no trigrams: then operators of untyped literals may differ.
  await run(url.toString(), 'CREATE EXTENSION pg_trgm').catch(() => {});
  return {
    url: url.toString(),
    stop: async () => {
      await run(serverUrl, `DROP DATABASE ${name} WITH (FORCE)`);
      stopServer();
    },
  };
}

async function run(url: string, sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}
