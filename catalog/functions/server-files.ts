/** pg_ls_dir and its kin: folders and files of the server. */
import { sqlError } from '../../types/errors.ts';
import type { FunctionContext, Value } from '../function-entry.ts';
import type { FileInformation, SystemInformation } from '../system-information.ts';
import type { FunctionModule } from './module.ts';

const NO_FILE = 'No such file or directory';

/** 42501 for who is neither superuser nor a member of the role. */
function checkRight({ system }: FunctionContext, name: string, roleName: string | null): SystemInformation | null {
  if (system === undefined || system === null) return null;
  const { shared, currentRoleOid } = system;
  const role = roleName === null ? undefined : shared.roleByName(roleName);
  const isAllowed =
    shared.role(currentRoleOid)?.superuser === true ||
    (role !== undefined && shared.isMember(currentRoleOid, role.oid));
  if (!isAllowed) throw sqlError('42501', `permission denied for function ${name}`);
  return system;
}

/** null: it is not there, which is allowed. */
function listed(
  system: SystemInformation | null,
  path: string,
  isMissingOk: boolean,
): readonly FileInformation[] | null {
  const files = system?.folder?.(path) ?? NO_FILE;
  if (typeof files !== 'string') return files;
  if (files === NO_FILE && isMissingOk) return null;
  throw sqlError(files === NO_FILE ? '58P01' : '42809', `could not open directory "${path}": ${files}`);
}

function names(context: FunctionContext, path: string, isMissingOk: boolean, hasDots: boolean): Value[] {
  const files = listed(checkRight(context, 'pg_ls_dir', null), path, isMissingOk);
  if (files === null) return [];
  return [...(hasDots ? ['.', '..'] : []), ...files.map(({ name }) => name)];
}

/** name, size, modification of the files that are no folders, and not hidden. */
function plainFiles(name: string, path: string, isMissingOk: boolean) {
  return (context: FunctionContext): Value[][] =>
    (listed(checkRight(context, name, 'pg_monitor'), path, isMissingOk) ?? [])
      .filter((file) => !file.isFolder && !file.name.startsWith('.'))
      .map((file) => [file.name, file.size, file.modified]);
}

/** size, access, modification, change, creation, isdir */
function fileStatus(context: FunctionContext, path: string, isMissingOk: boolean): Value {
  const file = checkRight(context, 'pg_stat_file', null)?.file?.(path) ?? null;
  if (file !== null) return [file.size, file.accessed, file.modified, file.changed, null, file.isFolder];
  if (isMissingOk) return [null, null, null, null, null, null];
  throw sqlError('58P01', `could not stat file "${path}": ${NO_FILE}`);
}

function replicationSlot(context: FunctionContext, name: string): Value {
  checkRight(context, 'pg_ls_replslotdir', 'pg_monitor');
  throw sqlError('42704', `replication slot "${name}" does not exist`);
}

export const serverFileFunctions: FunctionModule = {
  contextual: {
    pg_ls_dir_1arg: (context, path: string) => names(context, path, false, false),
    pg_ls_dir: names,
    pg_ls_waldir: plainFiles('pg_ls_waldir', 'wal', true),
    pg_ls_logdir: (context) =>
      plainFiles('pg_ls_logdir', context.getSetting('log_directory', true) ?? 'log', false)(context),
    pg_ls_tmpdir_noargs: plainFiles('pg_ls_tmpdir', 'temp', true),
    pg_ls_tmpdir_1arg: (context) => plainFiles('pg_ls_tmpdir', 'temp', true)(context),
    // What replication and archiving would keep: there are none.
    pg_ls_archive_statusdir: plainFiles('pg_ls_archive_statusdir', 'wal/archive_status', true),
    pg_ls_logicalsnapdir: plainFiles('pg_ls_logicalsnapdir', 'pg_logical/snapshots', true),
    pg_ls_logicalmapdir: plainFiles('pg_ls_logicalmapdir', 'pg_logical/mappings', true),
    pg_ls_replslotdir: replicationSlot,
    pg_stat_file_1arg: (context, path: string) => fileStatus(context, path, false),
    pg_stat_file: fileStatus,
  },
};
