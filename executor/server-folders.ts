/** Files of the server as pg_ls_dir and pg_stat_file tell of them. Paths are from the data directory; without one there is nothing. */
import { readdirSync, statSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import type { FileInformation } from '../catalog/system-information.ts';
import { microsecondsSince2000 } from './session-functions.ts';

const WORDS: Readonly<Record<string, string>> = {
  ENOENT: 'No such file or directory',
  ENOTDIR: 'Not a directory',
  EACCES: 'Permission denied',
};

export function fileAt(dataDirectory: string | null, path: string): FileInformation | null {
  if (dataDirectory === null) return null;
  const place = resolve(dataDirectory, path);
  const status = statSync(place, { throwIfNoEntry: false });
  if (status === undefined) return null;
  return {
    name: basename(place),
    size: status.size,
    isFolder: status.isDirectory(),
    accessed: microsecondsSince2000(status.atimeMs),
    modified: microsecondsSince2000(status.mtimeMs),
    changed: microsecondsSince2000(status.ctimeMs),
  };
}

export function folderAt(dataDirectory: string | null, path: string): readonly FileInformation[] | string {
  if (dataDirectory === null) return WORDS['ENOENT'];
  try {
    const folder = resolve(dataDirectory, path);
    // What has gone since is not told of.
    return readdirSync(folder).flatMap((name) => fileAt(folder, name) ?? []);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return WORDS[code ?? ''] ?? String(code);
  }
}
