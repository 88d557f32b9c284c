/**
 * What the server is told at its start: command line, then hotrow.conf in the data directory, then PGPORT; the first that
 * names a setting wins. Everything is a setting, the short options are other words for some of them (as `postgres` has
 * them), and all of them reach the database, so that SHOW answers what was given.
 */
import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { join, resolve } from 'node:path';
import type { AuthMethod } from '../wire/index.ts';

export interface ServerOptions {
  /** Null: everything in memory, nothing kept. */
  readonly dataDirectory: string | null;
  readonly addresses: readonly string[];
  readonly port: number;
  readonly socketDirectories: readonly string[];
  readonly authMethod: AuthMethod;
  /** Files of the server's certificate and key when `ssl` is on. */
  readonly certificate: { readonly certificate: string; readonly key: string } | null;
  /** Password of the role postgres, to be set at the start; null leaves it. */
  readonly password: string | null;
  readonly settings: ReadonlyMap<string, string>;
}

export type CommandLine =
  | { readonly action: 'serve'; readonly options: ServerOptions }
  | { readonly action: 'help' }
  | { readonly action: 'version' };

/** A mistake of whoever starts the server: printed as one line. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

const CONFIGURATION_FILE = 'hotrow.conf';
const DEFAULT_PORT = 5432;
const DEFAULT_ADDRESS = '127.0.0.1';

/** Short options with a value, and the setting that each stands for. */
const SHORT_OPTIONS: Readonly<Record<string, string>> = {
  D: 'data_directory',
  p: 'port',
  h: 'listen_addresses',
  k: 'unix_socket_directories',
  N: 'max_connections',
  B: 'shared_buffers',
  S: 'work_mem',
};

export function readOptions(
  words: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): CommandLine {
  const given = new Map<string, string>();
  let trustFromAnywhere = false;
  let passwordFile: string | null = null;
  for (let i = 0; i < words.length; i++) {
    const word = words[i]!;
    const value = (name: string): string => {
      if (++i >= words.length) throw new UsageError(`option ${name} needs a value`);
      return words[i]!;
    };
    if (word === '--help' || word === '-?') return { action: 'help' };
    if (word === '--version' || word === '-V') return { action: 'version' };
    if (word === '--allow-trust-from-anywhere') trustFromAnywhere = true;
    else if (word === '--password-file') passwordFile = value(word);
    else if (word.startsWith('--password-file=')) passwordFile = word.slice('--password-file='.length);
    else if (word.startsWith('--')) assign(given, word.slice(2), word);
    else if (word === '-c') assign(given, value('-c'), '-c');
    else if (word.startsWith('-c')) assign(given, word.slice(2), '-c');
    else if (word === '-F') given.set('fsync', 'off');
    else if (word.startsWith('-') && SHORT_OPTIONS[word[1] ?? ''] !== undefined) {
      given.set(SHORT_OPTIONS[word[1]!]!, word.length > 2 ? word.slice(2) : value(word));
    } else throw new UsageError(`invalid argument: "${word}" (try "hotrow --help")`);
  }
  const dataDirectory = given.get('data_directory') || null;
  const settings = new Map(
    dataDirectory === null ? [] : readConfigurationFile(join(dataDirectory, CONFIGURATION_FILE)),
  );
  for (const [name, text] of given) settings.set(name, text);
  return { action: 'serve', options: optionsOf(settings, dataDirectory, environment, passwordFile, trustFromAnywhere) };
}

function optionsOf(
  settings: Map<string, string>,
  dataDirectory: string | null,
  environment: Readonly<Record<string, string | undefined>>,
  passwordFile: string | null,
  trustFromAnywhere: boolean,
): ServerOptions {
  const addresses = splitList(settings.get('listen_addresses') ?? DEFAULT_ADDRESS);
  const socketDirectories = splitList(settings.get('unix_socket_directories') ?? '');
  const port = readPort(settings.get('port') ?? (environment['PGPORT'] || String(DEFAULT_PORT)));
  const authMethod = readAuthMethod(settings.get('hotrow.auth') ?? 'trust');
  if (addresses.length === 0 && socketDirectories.length === 0) {
    throw new UsageError('nothing to listen on: neither an address (-h) nor a socket directory (-k)');
  }
  const open = addresses.find((address) => !isLoopback(address));
  if (authMethod === 'trust' && open !== undefined && !trustFromAnywhere) {
    throw new UsageError(
      `refusing to listen on ${open} without passwords: ` +
        'use -c hotrow.auth=scram-sha-256, or --allow-trust-from-anywhere if everyone there may do everything',
    );
  }
  settings.set('listen_addresses', addresses.join(', '));
  settings.set('unix_socket_directories', socketDirectories.join(', '));
  settings.set('port', String(port));
  settings.set('hotrow.auth', authMethod);
  const password = passwordFile === null ? (environment['HOTROW_PASSWORD'] ?? null) : readPassword(passwordFile);
  return {
    dataDirectory,
    addresses,
    port,
    socketDirectories,
    authMethod,
    certificate: readCertificate(settings, dataDirectory),
    password: password || null,
    settings,
  };
}

/** `name=value` of the command line; dashes in the name stand for underscores. */
function assign(settings: Map<string, string>, assignment: string, word: string): void {
  const equals = assignment.indexOf('=');
  const form = word === '-c' ? `-c ${assignment}` : word;
  if (equals <= 0) throw new UsageError(`${form} requires a value (try "hotrow --help")`);
  settings.set(assignment.slice(0, equals).trim().replaceAll('-', '_').toLowerCase(), assignment.slice(equals + 1));
}

function readPort(text: string): number {
  const port = /^\s*\d+\s*$/.test(text) ? Number(text) : -1;
  if (port < 0 || port > 65535) throw new UsageError(`invalid port number: "${text}"`);
  return port;
}

function readAuthMethod(text: string): AuthMethod {
  if (text === 'trust' || text === 'scram-sha-256' || text === 'md5') return text;
  throw new UsageError(`invalid value for hotrow.auth: "${text}" (trust, scram-sha-256, md5)`);
}

/** Relative names are meant inside the data directory, as in PostgreSQL. */
function readCertificate(settings: ReadonlyMap<string, string>, dataDirectory: string | null) {
  if (!/^(on|true|yes|t|y|1)$/i.test(settings.get('ssl') ?? 'off')) return null;
  const inData = (name: string): string => resolve(dataDirectory ?? '.', name);
  return {
    certificate: inData(settings.get('ssl_cert_file') ?? 'server.crt'),
    key: inData(settings.get('ssl_key_file') ?? 'server.key'),
  };
}

function readPassword(path: string): string {
  const [line] = readText(path).split(/\r?\n/, 1);
  if (!line) throw new UsageError(`password file "${path}" is empty`);
  return line;
}

function splitList(text: string): string[] {
  const items = text.split(',').map((item) => item.trim().replace(/^"(.*)"$/, '$1'));
  return items.filter((item) => item !== '');
}

function isLoopback(address: string): boolean {
  if (address === 'localhost') return true;
  return isIP(address) === 4 ? address.startsWith('127.') : address === '::1';
}

/** A missing file is an empty one. */
function readConfigurationFile(path: string): [string, string][] {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw new UsageError(`could not read "${path}": ${(error as Error).message}`);
  }
  return parseConfiguration(text, path);
}

/** name, an optional equals sign, a value: bare, or in quotes that are doubled or escaped inside. */
const CONFIGURATION_LINE = /^\s*([A-Za-z_][\w$.]*)\s*(?:=\s*|\s)\s*('(?:[^'\\]|''|\\.)*'|[^\s#'=][^\s#']*)\s*(?:#.*)?$/;

/** The syntax of postgresql.conf; the last line that names a setting wins. */
export function parseConfiguration(text: string, path: string): [string, string][] {
  const settings: [string, string][] = [];
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    if (/^\s*(#.*)?$/.test(line)) continue;
    const parts = CONFIGURATION_LINE.exec(line);
    if (parts === null) throw new UsageError(`syntax error in file "${path}" line ${index + 1}: ${line.trim()}`);
    const name = parts[1]!.toLowerCase();
    if (/^include(_if_exists|_dir)?$/.test(name)) {
      throw new UsageError(`file "${path}" line ${index + 1}: ${name} is not supported`);
    }
    settings.push([name, unquote(parts[2]!)]);
  }
  return settings;
}

const ESCAPES: Readonly<Record<string, string>> = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t' };

function unquote(value: string): string {
  if (!value.startsWith("'")) return value;
  return value.slice(1, -1).replace(/''|\\([0-7]{1,3}|.)/gs, (whole, escaped: string | undefined) => {
    if (whole === "''") return "'";
    if (/^[0-7]/.test(escaped!)) return String.fromCharCode(Number.parseInt(escaped!, 8));
    return ESCAPES[escaped!] ?? escaped!;
  });
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new UsageError(`could not read "${path}": ${(error as Error).message}`);
  }
}

export const HELP = `hotrow is a SQL database that speaks the PostgreSQL wire protocol.

Usage:
  hotrow [OPTION]...
  hotrow verify DIR [--json]        is a stopped server's data directory whole?
  hotrow dump control|wal|page DIR  its files, for human eyes
  hotrow backup -D DIR [--incremental BACKUP] TARGET
                                    copies DIR to TARGET, while a server runs or not
  hotrow backup --verify TARGET     is a backup whole?
  hotrow restore [--archive FOLDER | --restore-command COMMAND]
      [--target-time TIME | --target-lsn LSN] [--target-timeline TIMELINE]
      BACKUP... DIR                 makes a data directory of a backup
  hotrow fixtures PATH ... [--url URL] [--update]
                                    runs files of SQL with expected answers
  hotrow help

Options:
  -D DIR              keep the data in DIR (made if it is not there); without it
                      everything is in memory, and nothing is kept
  -p PORT             port to listen on (default: PGPORT, or 5432)
  -h HOST             addresses to listen on, parted by commas (default 127.0.0.1;
                      * for all, '' for none)
  -k DIR              also listen on a Unix-domain socket in DIR
  -N COUNT            most connections at once (max_connections, 100)
  -B SIZE             memory for pages (shared_buffers; 8 kB pages, or 1GB)
  -S SIZE             memory of one sort or hash table (work_mem; kB, or 64MB)
  -F                  do not wait for the disk (fsync=off)
  -c NAME=VALUE       any setting of PostgreSQL's or below
  --NAME=VALUE        the same
  --password-file=F   set the password of the role postgres to the first line of F
                      (or: environment variable HOTROW_PASSWORD)
  --allow-trust-from-anywhere
                      listen on other than local addresses without passwords
  --help, --version

Settings of hotrow:
  hotrow.auth         trust (default): who reaches the port may do everything;
                      scram-sha-256: passwords; md5: those kept as MD5, too
  ssl                 off (default); on: TLS for clients that ask for it, with
                      ssl_cert_file (server.crt) and ssl_key_file (server.key) in DIR
  buffer_admission    tinylfu (default): when memory is full, pages stay that are
                      wanted more than those that would go for them; off
  preload_rate        MB/s (200) at which the pages that were hot when the server ended
                      are read in at its start; 0: not at all
  wal_sync            always (default): a commit is on disk when it is answered;
                      everysec: within a second

Settings are also read from DIR/hotrow.conf, in the syntax of postgresql.conf; the
command line wins over it. The first signal SIGINT or SIGTERM ends the server in
order, a second one at once.
`;
