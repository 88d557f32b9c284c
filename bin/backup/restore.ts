/**
 * `hotrow restore [--archive DIR | --restore-command CMD] [--target-time T | --target-lsn L] [--target-timeline N] BACKUP... DIR`
 *
 * Exit status: 0 done, 1 it failed, and DIR is as it was, 2 wrong words.
 */
import { NodeFileSystem } from '../../storage/api.ts';
import {
  type ArchiveSource,
  FolderArchive,
  isoTime,
  type RestoredLog,
  type RestoreTarget,
  restoreBackup,
} from '../../storage/backup/index.ts';
import { formatLsn, parseLsn } from '../../storage/wal/index.ts';
import { SqlError } from '../../types/errors.ts';
import { DEFAULT_FORMAT, inputTimestampTz } from '../../types/index.ts';
import { describeError, fillFolder, readWords, type Words, WordsError } from './command-line.ts';
import { ProgressLine } from './progress-line.ts';
import { CommandArchive } from './restore-command.ts';

type Write = (text: string) => void;

const USAGE = `usage: hotrow restore [--archive FOLDER | --restore-command COMMAND]
                      [--target-time TIME | --target-lsn LSN] [--target-timeline latest|current|NUMBER]
                      BACKUP... DIR
`;
const VALUED = ['--archive', '--restore-command', '--target-time', '--target-lsn', '--target-timeline'];

export async function restore(words: readonly string[], write: Write, warn: Write): Promise<number> {
  const progress = new ProgressLine(process.stderr.isTTY === true, warn);
  try {
    const read = readWords(words, VALUED, []);
    if (read.rest.length < 2) throw new WordsError('a backup and a directory are needed');
    const directory = read.rest[read.rest.length - 1];
    const fileSystem = new NodeFileSystem();
    const log = await fillFolder(directory, (watch) =>
      restoreBackup({
        backup: fileSystem,
        folders: read.rest.slice(0, -1),
        archive: archiveOf(read, fileSystem, directory),
        fileSystem,
        directory,
        target: targetOf(read),
        onProgress: ({ phase, segments, doneBytes, totalBytes }) => {
          watch.check();
          if (phase === 'log') progress.tell(`reading the log: ${segments} segments`, 0, 0);
          else progress.tell(phase === 'sync' ? 'syncing' : 'restoring', doneBytes, totalBytes);
        },
      }),
    );
    progress.end();
    write(`${directory}: ${describeLog(log)}\n`);
    return 0;
  } catch (error) {
    progress.end();
    if (error instanceof WordsError) warn(`hotrow: ${error.message}\n${USAGE}`);
    else if (error instanceof SqlError) warn(describeError(error));
    else throw error;
    return error instanceof WordsError ? 2 : 1;
  }
}

function archiveOf({ values }: Words, fileSystem: NodeFileSystem, directory: string): ArchiveSource | null {
  const folder = values.get('--archive');
  const command = values.get('--restore-command');
  if (folder !== undefined && command !== undefined)
    throw new WordsError('either --archive or --restore-command, not both');
  if (command !== undefined) return new CommandArchive(command, directory);
  if (folder === undefined) return null;
  if (!fileSystem.exists(folder))
    throw new SqlError('58P01', `could not open directory "${folder}": No such file or directory`);
  return new FolderArchive(fileSystem, folder, fileSystem);
}

function targetOf({ values }: Words): RestoreTarget {
  const time = values.get('--target-time');
  const lsn = values.get('--target-lsn');
  const timeline = values.get('--target-timeline') ?? 'latest';
  if (time !== undefined && lsn !== undefined)
    throw new WordsError('multiple recovery targets specified: either --target-time or --target-lsn');
  if (timeline !== 'latest' && timeline !== 'current' && !/^[1-9][0-9]{0,8}$/.test(timeline))
    throw new WordsError(`invalid timeline: "${timeline}"`);
  const place = lsn === undefined ? null : parseLsn(lsn);
  if (lsn !== undefined && place === null)
    throw new WordsError(`invalid LSN: "${lsn}" (as pg_current_wal_lsn() has it: 0/1000028)`);
  return {
    time: time === undefined ? null : timeOf(time),
    lsn: place,
    timeline: timeline === 'latest' || timeline === 'current' ? timeline : Number(timeline),
  };
}

/** Without a time zone: that of this machine. */
function timeOf(text: string): number {
  const timeZone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  try {
    const micros = Number(inputTimestampTz(text, -1, { ...DEFAULT_FORMAT, timeZone }));
    if (Number.isFinite(micros)) return micros;
  } catch (error) {
    if (!(error instanceof SqlError)) throw error;
  }
  throw new WordsError(`invalid time: "${text}" (for instance "2026-01-31 12:00:00+00")`);
}

function describeLog({ cutLsn, timeline, lastCommitTime }: RestoredLog): string {
  const last = lastCommitTime === null ? '' : `, last commit at ${isoTime(lastCommitTime)}`;
  return `restored up to ${formatLsn(cutLsn)}${last}; it begins timeline ${timeline}`;
}
