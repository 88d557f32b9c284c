/**
 * The first packet of a connection: which of the four requests it is, and what it asks for.
 *
 * After: PostgreSQL, src/backend/postmaster/postmaster.c, ProcessStartupPacket.
 */
import { SqlError } from '../types/errors.ts';

const CANCEL_REQUEST = 80877102;
const SSL_REQUEST = 80877103;
const GSSENC_REQUEST = 80877104;
const PROTOCOL_MAJOR = 3;
/** What NegotiateProtocolVersion answers: 3.0. */
export const PROTOCOL_NEWEST = PROTOCOL_MAJOR << 16;
/** Longest name of a role or database, in bytes; longer ones are cut (NAMEDATALEN - 1). */
const NAME_SIZE_MAX = 63;

export type StartupRequest =
  | { readonly kind: 'encryption'; readonly wanted: 'ssl' | 'gss' }
  | { readonly kind: 'cancel'; readonly processId: number; readonly secretKey: number }
  | {
      readonly kind: 'session';
      readonly user: string;
      readonly database: string;
      readonly options: ReadonlyMap<string, string>;
      /** Not null when the client asks for more than 3.0 or for options of the protocol: then it is told what we have. */
      readonly negotiate: readonly string[] | null;
    };

/** `body` begins with the request code. Throws a FATAL SqlError. */
export function readStartupRequest(body: Buffer): StartupRequest {
  const code = body.readInt32BE(0);
  if (code === CANCEL_REQUEST) {
    if (body.length !== 12) throw fatal('08P01', 'invalid length of startup packet');
    return { kind: 'cancel', processId: body.readInt32BE(4), secretKey: body.readInt32BE(8) };
  }
  if (code === SSL_REQUEST) return { kind: 'encryption', wanted: 'ssl' };
  if (code === GSSENC_REQUEST) return { kind: 'encryption', wanted: 'gss' };
  if (code >>> 16 !== PROTOCOL_MAJOR) throw unsupportedProtocol(code);
  return readSessionRequest(body, code & 0xffff);
}

export function unsupportedProtocol(code: number): SqlError {
  const version = `${code >>> 16}.${code & 0xffff}`;
  return fatal('0A000', `unsupported frontend protocol ${version}: server supports 3.0 to 3.0`);
}

function readSessionRequest(body: Buffer, minor: number): StartupRequest {
  let user = '';
  let database = '';
  const options = new Map<string, string>();
  // Settings with a parameter of their own win over those in `options`, wherever they stand.
  let commandLine = '';
  const unknown: string[] = [];
  let at = 4;
  for (;;) {
    const nameEnd = body.indexOf(0, at);
    if (nameEnd < 0) throw layoutError();
    if (nameEnd === at) break;
    const valueEnd = body.indexOf(0, nameEnd + 1);
    if (valueEnd < 0) throw layoutError();
    const name = body.toString('utf8', at, nameEnd);
    const value = body.toString('utf8', nameEnd + 1, valueEnd);
    at = valueEnd + 1;
    if (name === 'user') user = cutName(value);
    else if (name === 'database') database = databaseName(value);
    else if (name === 'options') commandLine = value;
    else if (name === 'replication') refuseReplication(value);
    else if (name.startsWith('_pq_.')) unknown.push(name);
    else options.set(name.toLowerCase(), value);
  }
  if (at !== body.length - 1) throw layoutError();
  if (user === '') throw fatal('28000', 'no PostgreSQL user name specified in startup packet');
  const settings = new Map([...readCommandLineOptions(commandLine), ...options]);
  const negotiate = minor > 0 || unknown.length > 0 ? unknown : null;
  return { kind: 'session', user, database: database === '' ? user : database, options: settings, negotiate };
}

/**
 * The `options` parameter: `-c name=value`, `-cname=value` and `--name=value`, parted by white space; a backslash takes the
 * next character as it is. Dashes in names stand for underscores.
 */
function readCommandLineOptions(text: string): Map<string, string> {
  const options = new Map<string, string>();
  const words = splitWords(text);
  for (let i = 0; i < words.length; i++) {
    const word = words[i]!;
    let assignment: string | undefined;
    if (word.startsWith('--')) assignment = word.slice(2);
    else if (word === '-c') assignment = words[++i];
    else if (word.startsWith('-c')) assignment = word.slice(2);
    else throw fatal('42601', `invalid command-line argument for server process: ${word}`);
    const equals = assignment === undefined ? -1 : assignment.indexOf('=');
    if (equals < 0) {
      const form = word.startsWith('--') ? word : `-c ${assignment ?? ''}`;
      throw fatal('42601', `${form.trimEnd()} requires a value`);
    }
    options.set(assignment!.slice(0, equals).replaceAll('-', '_').toLowerCase(), assignment!.slice(equals + 1));
  }
  return options;
}

function splitWords(text: string): string[] {
  const words: string[] = [];
  let word: string | null = null;
  for (let i = 0; i < text.length; i++) {
    let char = text[i]!;
    if (/\s/.test(char)) {
      if (word !== null) words.push(word);
      word = null;
      continue;
    }
    if (char === '\\' && i + 1 < text.length) char = text[++i]!;
    word = (word ?? '') + char;
  }
  if (word !== null) words.push(word);
  return words;
}

function refuseReplication(value: string): void {
  if (/^(false|off|no|f|n|0)$/i.test(value)) return;
  throw fatal('0A000', 'replication connections are not supported');
}

/** Cut, but for names of forks: two that are the same as far as that must not be one fork. */
function databaseName(name: string): string {
  const cut = cutName(name);
  if (cut !== name && name.includes('@')) {
    throw new SqlError(
      '42622',
      `name of fork "${name}" is too long`,
      { detail: `Names of forks, with that of the database and all "@", are at most ${NAME_SIZE_MAX} bytes long.` },
      'FATAL',
    );
  }
  return cut;
}

function cutName(name: string): string {
  const bytes = Buffer.from(name, 'utf8');
  if (bytes.length <= NAME_SIZE_MAX) return name;
  let size = NAME_SIZE_MAX;
  while (size > 0 && (bytes[size]! & 0xc0) === 0x80) size--;
  return bytes.toString('utf8', 0, size);
}

function layoutError(): SqlError {
  return fatal('08P01', 'invalid startup packet layout: expected terminator as last byte');
}

export function fatal(code: string, message: string): SqlError {
  return new SqlError(code, message, {}, 'FATAL');
}
