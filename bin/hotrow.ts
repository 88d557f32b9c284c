/**
 * The server as a process: reads its options, takes its addresses, opens the database, serves, and ends in order.
 *
 * The addresses come first, so that a port that is taken is told at once, before a data directory is touched; who
 * connects while the database recovers is told so (57P03), as by PostgreSQL.
 */

import { lookup } from 'node:dns/promises';
import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import type { SecureContext } from 'node:tls';
import type { DatabaseServer } from '../executor/index.ts';
import { openDatabaseServer } from '../executor/index.ts';
import type { ProtocolSession, SessionFactory, SessionHolder, SessionIdentity } from '../executor/session-api.ts';
import { prepareParser } from '../parser/index.ts';
import { AssertionError } from '../types/assert.ts';
import { SqlError } from '../types/errors.ts';
import { WireServer } from '../wire/index.ts';
import { backup } from './backup/backup.ts';
import { restore } from './backup/restore.ts';
import { BackupListener } from './backup/socket.ts';
import { dump } from './dump.ts';
import { fixtures } from './fixtures/command.ts';
import { limitYoungGeneration } from './heap-limits.ts';
import { HELP, readOptions, type ServerOptions, UsageError } from './options.ts';
import { log, logFailure } from './server-log.ts';
import { setPassword } from './set-password.ts';
import { verify } from './verify.ts';

const SUPERUSER = 'postgres';

/** Stands for the database while it is opened. */
class OpeningDatabase implements SessionFactory {
  database: DatabaseServer | null = null;

  openSession(identity: SessionIdentity, holder: SessionHolder): ProtocolSession {
    return this.opened().openSession(identity, holder);
  }

  passwordVerifier(user: string, database: string): string | null {
    return this.opened().passwordVerifier(user, database);
  }

  serverSetting(name: string): string {
    return this.opened().serverSetting(name);
  }

  private opened(): DatabaseServer {
    if (this.database === null) throw new SqlError('57P03', 'the database system is starting up', {}, 'FATAL');
    return this.database;
  }
}

async function main(): Promise<void> {
  const [command, ...words] = process.argv.slice(2);
  if (command === 'verify' || command === 'dump') {
    const run = command === 'verify' ? verify : dump;
    process.exitCode = run(
      words,
      (text) => process.stdout.write(text),
      (text) => process.stderr.write(text),
    );
    return;
  }
  const running =
    command === 'fixtures' ? fixtures : command === 'backup' ? backup : command === 'restore' ? restore : null;
  if (running !== null) {
    process.exitCode = await running(
      words,
      (text) => process.stdout.write(text),
      (text) => process.stderr.write(text),
    );
    return;
  }
  const commandLine = readOptions(command === 'help' ? ['--help'] : process.argv.slice(2), process.env);
  if (commandLine.action === 'help') {
    process.stdout.write(HELP);
    return;
  }
  if (commandLine.action === 'version') {
    process.stdout.write(`hotrow ${version()}\n`);
    return;
  }
  await serve(commandLine.options);
}

async function serve(options: ServerOptions): Promise<void> {
  limitYoungGeneration();
  const factory = new OpeningDatabase();
  const server = new WireServer({
    factory,
    hosts: await addressesOf(options.addresses),
    port: options.port,
    socketDirectories: options.socketDirectories,
    authMethod: options.authMethod,
    secureContext: options.certificate === null ? null : secureContextOf(options.certificate),
    logFailure: (where, error) => logFailure('ERROR', where, error),
  });
  try {
    await server.listen();
  } catch (error) {
    throw listenFailure(error, options);
  }
  const settings = new Map(options.settings);
  settings.set('port', String(server.port));
  factory.database = await openDatabaseServer({
    dataDirectory: options.dataDirectory,
    settings,
    onLog: (message) => log('LOG', message),
  });
  const listener = await listenForBackups(options.dataDirectory, factory.database);
  endInOrder(server, factory.database, listener);
  if (options.password !== null) await setPassword(factory.database, SUPERUSER, options.password);
  else if (options.authMethod !== 'trust' && factory.database.passwordVerifier(SUPERUSER, 'postgres') === null) {
    log(
      'WARNING',
      `role ${SUPERUSER} has no password and cannot log in: start with --password-file or HOTROW_PASSWORD`,
    );
  }
  process.stdout.write(`${readyLine(options, server.port)}\n`);
  // Some 40 ms, which the first statement would wait for.
  setImmediate(prepareParser);
}

/** A server that nobody can take a backup of while it runs is better than none. */
async function listenForBackups(directory: string | null, database: DatabaseServer): Promise<BackupListener | null> {
  const { backups } = database.engine;
  if (directory === null || backups === null) return null;
  try {
    return await BackupListener.open(directory, backups);
  } catch (error) {
    log('WARNING', `no backups can be taken while the server runs: ${(error as Error).message}`);
    return null;
  }
}

function readyLine(options: ServerOptions, port: number): string {
  const [address] = options.addresses;
  const host = address === undefined || address === '*' || address === '0.0.0.0' ? '127.0.0.1' : address;
  const target =
    address === undefined
      ? `-h ${options.socketDirectories[0]} -p ${port} -U ${SUPERUSER} postgres`
      : `postgres://${SUPERUSER}@${isIP(host) === 6 ? `[${host}]` : host}:${port}/postgres`;
  const kept = options.dataDirectory === null ? ' (in memory: nothing is kept)' : '';
  return `hotrow ${version()}: psql ${target}${kept}`;
}

function secureContextOf(files: { certificate: string; key: string }): SecureContext {
  const read = (path: string): Buffer => {
    try {
      return readFileSync(path);
    } catch (error) {
      throw new UsageError(`could not load "${path}" (ssl=on): ${(error as Error).message}`);
    }
  };
  const cert = read(files.certificate);
  const key = read(files.key);
  try {
    // Few servers need it, and loading it takes each start 4 ms.
    return process.getBuiltinModule('node:tls').createSecureContext({ cert, key, minVersion: 'TLSv1.2' });
  } catch (error) {
    throw new UsageError(`could not use "${files.certificate}" and "${files.key}": ${(error as Error).message}`);
  }
}

/** Names become addresses; `*` is every address there is. */
async function addressesOf(hosts: readonly string[]): Promise<string[]> {
  const addresses = new Set<string>();
  for (const host of hosts) {
    if (isIP(host) !== 0) addresses.add(host);
    else if (host === '*') addresses.add('0.0.0.0');
    else {
      const found = await lookup(host, { all: true }).catch((error: Error) => {
        throw new UsageError(`could not translate host name "${host}" to an address: ${error.message}`);
      });
      // Without IPv6 in the system its address of localhost is of no use.
      const usable = found.filter((each) => each.family === 4);
      for (const each of usable.length > 0 ? usable : found) addresses.add(each.address);
    }
  }
  return [...addresses];
}

function listenFailure(error: unknown, options: ServerOptions): unknown {
  const { code, address } = error as NodeJS.ErrnoException & { address?: string };
  const where = address?.includes('/') ? `socket "${address}"` : `port ${options.port} on ${address}`;
  if (code === 'EADDRINUSE') return new UsageError(`${where} is already in use: choose another port with -p`);
  if (code === 'EACCES') return new UsageError(`${where} may not be used by this user: choose another port with -p`);
  if (code === undefined) return error;
  return new UsageError(`could not listen on ${where}: ${(error as Error).message}`);
}

/** The first signal ends sessions and database in order; a second one ends the process at once, for recovery to repair. */
function endInOrder(server: WireServer, database: DatabaseServer, listener: BackupListener | null): void {
  let ending = false;
  const end = (signal: string): void => {
    if (ending) process.exit(1);
    ending = true;
    log('LOG', `received ${signal}, shutting down`);
    listener?.close();
    void server
      .stop()
      .then(() => database.close())
      .then(
        () => process.exit(0),
        (error) => {
          logFailure('FATAL', 'shutdown', error);
          process.exit(1);
        },
      );
  };
  process.on('SIGTERM', end);
  process.on('SIGINT', end);
  // A terminal that goes away takes its clients with it, not the server.
  process.on('SIGHUP', () => log('LOG', 'received SIGHUP: settings are read at the start only'));
}

/**
 * What nobody caught came from a callback of the system, outside any session. A false assertion means that pages or log may be
 * in doubt: then the process stops before anything is written, and recovery begins from what is on disk.
 */
function surviveUncaught(): void {
  const uncaught = (error: unknown): void => {
    const inDoubt = error instanceof AssertionError || (error instanceof SqlError && error.severity === 'PANIC');
    logFailure(inDoubt ? 'PANIC' : 'ERROR', 'uncaught', error);
    if (inDoubt) process.exit(2);
  };
  process.on('uncaughtException', uncaught);
  process.on('unhandledRejection', uncaught);
}

declare const HOTROW_VERSION: string | undefined;

/** Put in by the build; from the sources it is read. */
function version(): string {
  if (typeof HOTROW_VERSION === 'string') return HOTROW_VERSION;
  return JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')).version;
}

/** The process does not start: one line for a known cause, the stack for an unknown one. */
function refuseToStart(error: unknown): never {
  const known = error instanceof UsageError || error instanceof SqlError;
  if (known) {
    const { detail, hint } = error instanceof SqlError ? error.fields : {};
    const more = detail ? ` (${detail}${hint ? ` ${hint}` : ''})` : hint ? ` (${hint})` : '';
    process.stderr.write(`hotrow: ${error.message}${more}\n`);
  } else {
    logFailure('FATAL', 'start', error);
  }
  process.exit(1);
}

main().then(surviveUncaught, refuseToStart);
