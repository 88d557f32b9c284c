/**
 * Functions of large objects: lo_create, lo_get, lo_open and their kin. They run statements of their own over the tables of
 * catalog/large-objects.ts; what they do to the session's descriptors is done once (RoutineRunner.once). After: PostgreSQL,
 * be-fsstubs.c and inv_api.c.
 */
import { closeSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { OID, SqlArray, sqlError } from '../../types/index.ts';
import type { Authority } from '../authority.ts';
import type { Catalog } from '../catalog.ts';
import type { FunctionContext, RoutineRunner, Value } from '../function-entry.ts';
import {
  LARGE_OBJECT_SIZE_MAX,
  type LargeObjectDescriptor,
  type LargeObjectSession,
  MODE_READ,
  MODE_WRITE,
  PIECE_SIZE,
} from '../large-objects.ts';
import { rightsByAcl } from '../rights.ts';
import type { FunctionModule } from './module.ts';
import { parseItem } from './privileges.ts';

const BYTES_MAX = 1024 * 1024 * 1024 - 1;

function runnerOf(context: FunctionContext): RoutineRunner {
  if (context.routines === undefined) throw new Error('a query is run where no statement of a session runs');
  return context.routines;
}

function sessionOf(context: FunctionContext): LargeObjectSession {
  if (context.largeObjects === undefined) throw new Error('large objects are a session’s');
  return context.largeObjects;
}

// -------------------------------------------------------------------------------------------------------------- rights

interface Metadata {
  readonly owner: number;
  readonly acl: SqlArray | null;
}

function noObject(oid: number): Error {
  return sqlError('42704', `large object ${oid} does not exist`);
}

function denied(oid: number): Error {
  return sqlError('42501', `permission denied for large object ${oid}`);
}

/** What reads only sees what its statement sees; who may write, sees what there is. */
type Sees = 'now' | 'statement';

/** 42704 where there is none. */
function metadataOf(context: FunctionContext, oid: number, sees: Sees = 'now'): Metadata {
  const text = 'SELECT lomowner, lomacl FROM pg_catalog.pg_largeobject_metadata WHERE oid = $1';
  const [row] = runnerOf(context).statement(text, [OID.OID], [oid], sees);
  if (row === undefined) throw noObject(oid);
  return { owner: row[0], acl: row[1] };
}

/** Rights of before PostgreSQL 9.0: there were none. */
function isUnchecked(context: FunctionContext): boolean {
  return context.getSetting('lo_compat_privileges', true) === 'on';
}

function authorityOf({ system, catalog }: FunctionContext): Authority {
  if (system === undefined) throw new Error('large objects are a session’s');
  return system.shared.authority(system.currentRoleOid, (catalog as Catalog).databaseOid);
}

function checkRight(context: FunctionContext, oid: number, right: 'r' | 'w', { owner, acl }: Metadata): void {
  if (isUnchecked(context)) return;
  const authority = authorityOf(context);
  // An owner may have taken a right from itself.
  if (authority.isSuperuser || (acl === null && authority.hasPrivilegesOf(owner))) return;
  const items = (acl?.elements ?? []).map((text) => parseItem(context, text as string));
  if (rightsByAcl(items, authority, right) === '') throw denied(oid);
}

// -------------------------------------------------------------------------------------------------------------- pieces

/** The bytes of a range, as far as the object reaches; pieces that are missing are zeros. */
function readRange(context: FunctionContext, oid: number, from: number, length: number, sees: Sees): Uint8Array {
  if (length <= 0) return new Uint8Array(0);
  const first = Math.floor(from / PIECE_SIZE);
  const last = Math.floor((from + length - 1) / PIECE_SIZE);
  // One more than there are in the range: where pieces are missing it says that the object goes on.
  const rows = runnerOf(context).statement(
    'SELECT pageno, data FROM pg_catalog.pg_largeobject WHERE loid = $1 AND pageno >= $2 ORDER BY pageno LIMIT $3',
    [OID.OID, OID.INT4, OID.INT8],
    [oid, first, last - first + 2],
    sees,
  );
  const end = rows.length === 0 ? 0 : pieceEnd(rows[rows.length - 1]);
  const bytes = new Uint8Array(Math.max(0, Math.min(from + length, end) - from));
  for (const [pageno, data] of rows as readonly (readonly [number, Uint8Array])[]) {
    const at = pageno * PIECE_SIZE - from;
    if (at >= bytes.length) break;
    const skipped = Math.max(0, -at);
    if (skipped >= data.length) continue;
    bytes.set(data.subarray(skipped, skipped + bytes.length - Math.max(0, at)), Math.max(0, at));
  }
  return bytes;
}

function pieceEnd([pageno, data]: readonly Value[]): number {
  return pageno * PIECE_SIZE + data.length;
}

function sizeOf(context: FunctionContext, oid: number, sees: Sees): number {
  const text =
    'SELECT pageno, pg_catalog.octet_length(data) FROM pg_catalog.pg_largeobject WHERE loid = $1 ORDER BY pageno DESC LIMIT 1';
  const [last] = runnerOf(context).statement(text, [OID.OID], [oid], sees);
  return last === undefined ? 0 : last[0] * PIECE_SIZE + last[1];
}

/** Pieces by their numbers, which are going to be written; those that are missing are not there. */
function piecesOf(context: FunctionContext, oid: number, numbers: readonly number[]): Map<number, Uint8Array> {
  const rows = runnerOf(context).statement(
    'SELECT pageno, data FROM pg_catalog.pg_largeobject WHERE loid = $1 AND pageno = ANY ($2) FOR UPDATE',
    [OID.OID, OID.INT4_ARRAY],
    [oid, new SqlArray(OID.INT4, [...numbers])],
  );
  return new Map(rows.map(([pageno, data]) => [pageno, data]));
}

function putPieces(
  context: FunctionContext,
  oid: number,
  numbers: readonly number[],
  data: readonly Uint8Array[],
): void {
  runnerOf(context).statement(
    'INSERT INTO pg_catalog.pg_largeobject (loid, pageno, data) SELECT $1, * FROM pg_catalog.unnest($2, $3) ' +
      'ON CONFLICT (loid, pageno) DO UPDATE SET data = excluded.data',
    [OID.OID, OID.INT4_ARRAY, OID.BYTEA_ARRAY],
    [oid, new SqlArray(OID.INT4, [...numbers]), new SqlArray(OID.BYTEA, [...data])],
  );
}

function writeRange(context: FunctionContext, oid: number, from: number, bytes: Uint8Array): void {
  if (bytes.length === 0) return;
  if (from + bytes.length > LARGE_OBJECT_SIZE_MAX) {
    throw sqlError('22023', `invalid large object write request size: ${bytes.length}`);
  }
  sessionOf(context).prepareTables();
  const end = from + bytes.length;
  const first = Math.floor(from / PIECE_SIZE);
  const last = Math.floor((end - 1) / PIECE_SIZE);
  const before =
    from % PIECE_SIZE === 0 && end % PIECE_SIZE === 0
      ? new Map<number, Uint8Array>()
      : piecesOf(context, oid, first === last ? [first] : [first, last]);
  const numbers: number[] = [];
  const pieces: Uint8Array[] = [];
  for (let number = first; number <= last; number++) {
    const start = number * PIECE_SIZE;
    const old = before.get(number);
    const writtenTo = Math.min(end - start, PIECE_SIZE);
    const piece = new Uint8Array(Math.max(writtenTo, old?.length ?? 0));
    if (old !== undefined) piece.set(old);
    piece.set(bytes.subarray(Math.max(0, start - from), start + writtenTo - from), Math.max(0, from - start));
    numbers.push(number);
    pieces.push(piece);
  }
  putPieces(context, oid, numbers, pieces);
}

function truncate(context: FunctionContext, oid: number, size: number): void {
  if (size < 0 || size > LARGE_OBJECT_SIZE_MAX) {
    throw sqlError('22023', `invalid large object truncation target: ${size}`);
  }
  sessionOf(context).prepareTables();
  const number = Math.floor(size / PIECE_SIZE);
  const piece = new Uint8Array(size % PIECE_SIZE);
  piece.set(piecesOf(context, oid, [number]).get(number)?.subarray(0, piece.length) ?? []);
  putPieces(context, oid, [number], [piece]);
  runnerOf(context).statement(
    'DELETE FROM pg_catalog.pg_largeobject WHERE loid = $1 AND pageno > $2',
    [OID.OID, OID.INT4],
    [oid, number],
  );
}

// ------------------------------------------------------------------------------------------------- making and removing

const ALLOCATE = {};

function create(context: FunctionContext, wanted: number): number {
  const session = sessionOf(context);
  session.prepareTables();
  const oid = wanted === 0 ? runnerOf(context).once(ALLOCATE, () => session.allocateOid()) : wanted;
  runnerOf(context).statement(
    'INSERT INTO pg_catalog.pg_largeobject_metadata (oid, lomowner) VALUES ($1, $2)',
    [OID.OID, OID.OID],
    [oid, context.system?.currentRoleOid ?? 10],
  );
  return oid;
}

function createFrom(context: FunctionContext, wanted: number, bytes: Uint8Array): number {
  const oid = create(context, wanted);
  writeRange(context, oid, 0, bytes);
  return oid;
}

const FORGET = {};

function unlink(context: FunctionContext, oid: number): number {
  const { owner } = metadataOf(context, oid);
  if (!isUnchecked(context) && !authorityOf(context).hasPrivilegesOf(owner)) {
    throw sqlError('42501', `must be owner of large object ${oid}`);
  }
  const runner = runnerOf(context);
  runner.statement('DELETE FROM pg_catalog.pg_largeobject WHERE loid = $1', [OID.OID], [oid]);
  runner.statement('DELETE FROM pg_catalog.pg_largeobject_metadata WHERE oid = $1', [OID.OID], [oid]);
  runner.once(FORGET, () => sessionOf(context).forget(oid));
  return 1;
}

// --------------------------------------------------------------------------------------------------------- descriptors

const OPEN = {};
const CLOSE = {};
const MOVE = {};

function open(context: FunctionContext, oid: number, mode: number): number {
  if ((mode & (MODE_READ | MODE_WRITE)) === 0) {
    throw sqlError('22023', `invalid flags for opening a large object: ${mode}`);
  }
  const mayWrite = (mode & MODE_WRITE) !== 0;
  const metadata = metadataOf(context, oid, mayWrite ? 'now' : 'statement');
  if ((mode & MODE_READ) !== 0) checkRight(context, oid, 'r', metadata);
  if (mayWrite) checkRight(context, oid, 'w', metadata);
  return runnerOf(context).once(OPEN, () => sessionOf(context).open(oid, mayWrite));
}

function descriptorOf(context: FunctionContext, fd: number): LargeObjectDescriptor {
  const found = sessionOf(context).descriptor(fd);
  if (found === undefined) throw sqlError('42704', `invalid large-object descriptor: ${fd}`);
  return found;
}

function writable(context: FunctionContext, fd: number): LargeObjectDescriptor {
  const descriptor = descriptorOf(context, fd);
  if (!descriptor.mayWrite) throw sqlError('55000', `large object descriptor ${fd} was not opened for writing`);
  return descriptor;
}

const seenBy = ({ mayWrite }: LargeObjectDescriptor): Sees => (mayWrite ? 'now' : 'statement');

/** Where a function begins: the same each time that it is begun again. */
function placeOf(context: FunctionContext, descriptor: LargeObjectDescriptor): number {
  return runnerOf(context).once(MOVE, () => descriptor.place);
}

function moveTo(context: FunctionContext, descriptor: LargeObjectDescriptor, place: number): void {
  runnerOf(context).once(MOVE, () => {
    descriptor.place = place;
  });
}

function read(context: FunctionContext, fd: number, length: number): Uint8Array {
  const descriptor = descriptorOf(context, fd);
  const place = placeOf(context, descriptor);
  const bytes = readRange(context, descriptor.oid, place, Math.max(0, length), seenBy(descriptor));
  moveTo(context, descriptor, place + bytes.length);
  return bytes;
}

function write(context: FunctionContext, fd: number, bytes: Uint8Array): number {
  const descriptor = writable(context, fd);
  const place = placeOf(context, descriptor);
  writeRange(context, descriptor.oid, place, bytes);
  moveTo(context, descriptor, place + bytes.length);
  return bytes.length;
}

function seek(context: FunctionContext, fd: number, offset: number, whence: number, name: string): number {
  const descriptor = descriptorOf(context, fd);
  const place = placeOf(context, descriptor);
  if (whence < 0 || whence > 2) throw sqlError('22023', `invalid whence setting: ${whence}`);
  const start = whence === 0 ? 0 : whence === 1 ? place : sizeOf(context, descriptor.oid, seenBy(descriptor));
  const target = start + offset;
  if (target < 0 || target > LARGE_OBJECT_SIZE_MAX) {
    throw sqlError('22023', `invalid large object seek target: ${target}`);
  }
  moveTo(context, descriptor, target);
  return name === 'lo_lseek' ? checkInt4(target, name, fd) : target;
}

function checkInt4(value: number, name: string, fd: number): number {
  if (value <= 2147483647) return value;
  throw sqlError('22003', `${name} result out of range for large-object descriptor ${fd}`);
}

function close(context: FunctionContext, fd: number): number {
  runnerOf(context).once(CLOSE, () => {
    descriptorOf(context, fd);
    sessionOf(context).close(fd);
  });
  return 0;
}

// ---------------------------------------------------------------------------------------------- whole objects and files

function get(context: FunctionContext, oid: number, from: number, length: number | null): Uint8Array {
  if (length !== null && length < 0) throw sqlError('22023', 'requested length cannot be negative');
  checkRight(context, oid, 'r', metadataOf(context, oid, 'statement'));
  if (from < 0 || from > LARGE_OBJECT_SIZE_MAX) throw sqlError('22023', `invalid large object seek target: ${from}`);
  const wanted = length ?? sizeOf(context, oid, 'statement') - from;
  if (wanted > BYTES_MAX) throw sqlError('54000', 'large object read request is too large');
  return readRange(context, oid, from, wanted, 'statement');
}

function put(context: FunctionContext, oid: number, from: number, bytes: Uint8Array): string {
  checkRight(context, oid, 'w', metadataOf(context, oid));
  if (from < 0 || from > LARGE_OBJECT_SIZE_MAX) throw sqlError('22023', `invalid large object seek target: ${from}`);
  writeRange(context, oid, from, bytes);
  return '';
}

function fileError(verb: string, path: string, error: unknown): Error {
  const { code } = error as { code?: string };
  const [state, reason] =
    code === 'ENOENT'
      ? ['58P01', 'No such file or directory']
      : code === 'EACCES'
        ? ['42501', 'Permission denied']
        : code === 'EISDIR'
          ? ['42809', 'Is a directory']
          : ['58030', String(code)];
  return sqlError(state, `could not ${verb} server file "${path}": ${reason}`);
}

const READ_FILE = {};

function importFile(context: FunctionContext, path: string, oid: number): number {
  const bytes = runnerOf(context).once(READ_FILE, () => {
    try {
      return new Uint8Array(readFileSync(path));
    } catch (error) {
      throw fileError('open', path, error);
    }
  });
  return createFrom(context, oid, bytes);
}

const WRITE_FILE = {};

function exportFile(context: FunctionContext, oid: number, path: string): number {
  const bytes = get(context, oid, 0, null);
  return runnerOf(context).once(WRITE_FILE, () => {
    try {
      const file = openSync(path, 'w', 0o666);
      writeFileSync(file, bytes);
      closeSync(file);
    } catch (error) {
      throw fileError('create', path, error);
    }
    return 1;
  });
}

export const largeObjectFunctions: FunctionModule = {
  querying: {
    be_lo_create: create,
    be_lo_creat: (context) => create(context, 0),
    be_lo_from_bytea: createFrom,
    be_lo_unlink: unlink,
    be_lo_open: open,
    be_lo_close: close,
    be_loread: read,
    be_lowrite: write,
    be_lo_lseek: (context, fd: number, offset: number, whence: number) => seek(context, fd, offset, whence, 'lo_lseek'),
    be_lo_lseek64: (context, fd: number, offset: number | bigint, whence: number) =>
      seek(context, fd, Number(offset), whence, 'lo_lseek64'),
    be_lo_tell: (context, fd: number) => checkInt4(placeOf(context, descriptorOf(context, fd)), 'lo_tell', fd),
    be_lo_tell64: (context, fd: number) => placeOf(context, descriptorOf(context, fd)),
    be_lo_truncate(context, fd: number, size: number) {
      truncate(context, writable(context, fd).oid, size);
      return 0;
    },
    be_lo_truncate64(context, fd: number, size: number | bigint) {
      truncate(context, writable(context, fd).oid, Number(size));
      return 0;
    },
    be_lo_get: (context, oid: number) => get(context, oid, 0, null),
    be_lo_get_fragment: (context, oid: number, from: number | bigint, length: number) =>
      get(context, oid, Number(from), length),
    be_lo_put: (context, oid: number, from: number | bigint, bytes: Uint8Array) =>
      put(context, oid, Number(from), bytes),
    be_lo_import: (context, path: string) => importFile(context, path, 0),
    be_lo_import_with_oid: importFile,
    be_lo_export: exportFile,
  },
};
