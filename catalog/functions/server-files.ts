/** pg_ls_dir and its kin: folders and files of the server. */
import { posix } from 'node:path';
import { sqlError } from '../../types/errors.ts';
import type { FunctionContext, Value } from '../function-entry.ts';
import type { FileInformation, SystemInformation } from '../system-information.ts';
import type { FunctionModule } from './module.ts';

const NO_FILE = 'No such file or directory';

const MAY_READ_ALL = 'pg_read_server_files';

/** Who may call them, the functions' lists of rights say. Where to, is in the data directory, but for who may read all files. */
function checkPath(context: FunctionContext, path: string): void {
  const { system } = context;
  if (system === undefined || system === null) return;
  const { shared, currentRoleOid } = system;
  const readers = shared.roleByName(MAY_READ_ALL);
  const mayReadAll =
    shared.role(currentRoleOid)?.superuser === true ||
    (readers !== undefined && shared.isMember(currentRoleOid, readers.oid));
  if (mayReadAll) return;
  const canonical = posix.normalize(path);
  if (posix.isAbsolute(canonical)) {
    const folder = context.getSetting('data_directory', true) ?? '';
    if (folder !== '' && (canonical === folder || canonical.startsWith(`${folder}/`))) return;
    throw sqlError('42501', 'absolute path not allowed');
  }
  if (canonical === '..' || canonical.startsWith('../')) {
    throw sqlError('42501', 'path must be in or below the data directory');
  }
}

/** null: it is not there, which is allowed. */
function listed(
  system: SystemInformation | null | undefined,
  path: string,
  isMissingOk: boolean,
): readonly FileInformation[] | null {
  const files = system?.folder?.(path) ?? NO_FILE;
  if (typeof files !== 'string') return files;
  if (files === NO_FILE && isMissingOk) return null;
  throw sqlError(files === NO_FILE ? '58P01' : '42809', `could not open directory "${path}": ${files}`);
}

function names(context: FunctionContext, path: string, isMissingOk: boolean, hasDots: boolean): Value[] {
  checkPath(context, path);
  const files = listed(context.system, path, isMissingOk);
  if (files === null) return [];
  return [...(hasDots ? ['.', '..'] : []), ...files.map(({ name }) => name)];
}

/** name, size, modification of the files that are no folders, and not hidden. */
function plainFiles(path: string, isMissingOk: boolean) {
  return (context: FunctionContext): Value[][] =>
    (listed(context.system, path, isMissingOk) ?? [])
      .filter((file) => !file.isFolder && !file.name.startsWith('.'))
      .map((file) => [file.name, file.size, file.modified]);
}

/** size, access, modification, change, creation, isdir */
function fileStatus(context: FunctionContext, path: string, isMissingOk: boolean): Value {
  checkPath(context, path);
  const file = context.system?.file?.(path) ?? null;
  if (file !== null) return [file.size, file.accessed, file.modified, file.changed, null, file.isFolder];
  if (isMissingOk) return [null, null, null, null, null, null];
  throw sqlError('58P01', `could not stat file "${path}": ${NO_FILE}`);
}

function replicationSlot(_context: FunctionContext, name: string): Value {
  throw sqlError('42704', `replication slot "${name}" does not exist`);
}

export const serverFileFunctions: FunctionModule = {
  contextual: {
    pg_ls_dir_1arg: (context, path: string) => names(context, path, false, false),
    pg_ls_dir: names,
    pg_ls_waldir: plainFiles('wal', true),
    pg_ls_logdir: (context) => plainFiles(context.getSetting('log_directory', true) ?? 'log', false)(context),
    pg_ls_tmpdir_noargs: plainFiles('temp', true),
    pg_ls_tmpdir_1arg: (context) => plainFiles('temp', true)(context),
    // What replication and archiving would keep: there are none.
    pg_ls_archive_statusdir: plainFiles('wal/archive_status', true),
    pg_ls_logicalsnapdir: plainFiles('pg_logical/snapshots', true),
    pg_ls_logicalmapdir: plainFiles('pg_logical/mappings', true),
    pg_ls_replslotdir: replicationSlot,
    pg_stat_file_1arg: (context, path: string) => fileStatus(context, path, false),
    pg_stat_file: fileStatus,
  },
};
