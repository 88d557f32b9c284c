/** Folders that look like data directories and are not: backups, and what a restore did not finish. */
import { SqlError } from '../../types/errors.ts';
import type { FileSystem } from '../io/index.ts';

/** Is there from the beginning of a backup on: whoever takes its folder for a data directory is told so. */
export const BACKUP_MANIFEST = 'backup.json';
/** Is there while a directory is being restored. */
export const RESTORE_MARK = 'restore_unfinished';

/** Throws when the folder is not to be served. Changes nothing. */
export function refuseOtherFolders(fileSystem: FileSystem, directory: string): void {
  if (fileSystem.exists(`${directory}/${BACKUP_MANIFEST}`)) {
    throw new SqlError(
      '55000',
      `"${directory}" is a backup, not a data directory`,
      { hint: 'Make a data directory of it with "hotrow restore".' },
      'FATAL',
    );
  }
  if (fileSystem.exists(`${directory}/${RESTORE_MARK}`)) {
    throw new SqlError(
      '55000',
      `the restore of data directory "${directory}" did not finish`,
      { hint: 'Remove the directory, and restore the backup again.' },
      'FATAL',
    );
  }
}
