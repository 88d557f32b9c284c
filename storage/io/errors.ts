/** Turns a system error into what a client sees, in PostgreSQL's words (errcode_for_file_access). */
import { SqlError } from '../../types/errors.ts';

const MESSAGES: Readonly<Record<string, string>> = {
  ENOSPC: 'No space left on device',
  EDQUOT: 'Disk quota exceeded',
  EIO: 'Input/output error',
  ENOENT: 'No such file or directory',
  EEXIST: 'File exists',
  EACCES: 'Permission denied',
  EPERM: 'Operation not permitted',
  EROFS: 'Read-only file system',
  EMFILE: 'Too many open files',
  ENFILE: 'Too many open files in system',
  ENOTDIR: 'Not a directory',
  EISDIR: 'Is a directory',
};

const STATES: Readonly<Record<string, string>> = {
  ENOSPC: '53100',
  EDQUOT: '53100',
  ENOENT: '58P01',
  EEXIST: '58P02',
  EACCES: '42501',
  EPERM: '42501',
  EROFS: '42501',
  EMFILE: '53000',
  ENFILE: '53000',
};

/** `what`: "write", "open" and so on, as in `could not write file "x": ...`. */
export function fileError(what: string, path: string, cause: unknown): SqlError {
  const code = (cause as { code?: string } | null)?.code ?? '';
  const text = MESSAGES[code] ?? (cause instanceof Error ? cause.message : String(cause));
  return new SqlError(STATES[code] ?? '58030', `could not ${what} file "${path}": ${text}`);
}
