/** Is a backup what it was when it was made? Sizes and checksums of all files, and the log from its start to its end LSN. */
import { SqlError } from '../../types/errors.ts';
import type { FileSystem } from '../io/index.ts';
import { formatLsn, readWal } from '../wal/index.ts';
import { damageOfFile } from './copy-file.ts';
import { LOG_FOLDER, type Manifest, readManifest } from './manifest.ts';

export interface BackupCheck {
  readonly manifest: Manifest;
  readonly problems: readonly string[];
  readonly bytes: number;
}

/** Throws when there is no complete backup in the folder. */
export async function checkBackup(
  fileSystem: FileSystem,
  folder: string,
  onBytes: (done: number, total: number) => void = () => {},
): Promise<BackupCheck> {
  const manifest = readManifest(fileSystem, folder);
  const problems: string[] = [];
  let bytes = 0;
  let total = 0;
  for (const { size } of manifest.files) total += size;
  for (const file of manifest.files) {
    const why = await damageOfFile(fileSystem, folder, file, (_, count) => {
      bytes += count;
      onBytes(bytes, total);
    });
    if (why !== null) problems.push(`file "${file.path}": ${why}`);
  }
  const logFault = faultOfLog(fileSystem, folder, manifest);
  if (logFault !== null) problems.push(logFault);
  for (const { relId, pageNo } of manifest.damagedPages)
    problems.push(`block ${pageNo} of relation ${relId} was damaged when the backup was taken`);
  return { manifest, problems, bytes };
}

function faultOfLog(fileSystem: FileSystem, folder: string, { control, endLsn }: Manifest): string | null {
  const { redoLsn, redoChain } = control;
  const directory = `${folder}/${LOG_FOLDER}`;
  try {
    const end = readWal({ fileSystem, directory, fromLsn: redoLsn, chain: redoChain, toLsn: endLsn }, () => {});
    return end.lsn >= endLsn
      ? null
      : `the log ends at ${formatLsn(end.lsn)} instead of ${formatLsn(endLsn)}: ${end.reason}`;
  } catch (error) {
    if (!(error instanceof SqlError)) throw error;
    return error.message;
  }
}
