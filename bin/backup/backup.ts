/**
 * `hotrow backup -D DIR [--incremental BACKUP] TARGET` and `hotrow backup --verify TARGET`.
 *
 * Exit status: 0 done, or whole; 1 it failed, or there is damage; 2 wrong words.
 */
import { resolve } from 'node:path';
import { NodeFileSystem } from '../../storage/api.ts';
import {
  type BackupSource,
  checkBackup,
  type Manifest,
  readManifest,
  StoppedSource,
  takeBackup,
} from '../../storage/backup/index.ts';
import { CONTROL_FILE, directoryHolder } from '../../storage/recovery/index.ts';
import { formatLsn } from '../../storage/wal/index.ts';
import { SqlError } from '../../types/errors.ts';
import { describeError, fillFolder, readWords, WordsError } from './command-line.ts';
import { ProgressLine } from './progress-line.ts';
import { SocketSource } from './socket.ts';

type Write = (text: string) => void;

const USAGE = `usage: hotrow backup -D DIR [--incremental BACKUP] TARGET
       hotrow backup --verify TARGET
`;
const PHASES = { checkpoint: 'waiting for a checkpoint', pages: 'copying', log: 'copying the log', sync: 'syncing' };
const MB = 1024 * 1024;

export async function backup(words: readonly string[], write: Write, warn: Write): Promise<number> {
  try {
    const { values, flags, rest } = readWords(words, ['-D', '--incremental'], ['--verify']);
    if (rest.length !== 1)
      throw new WordsError(rest.length === 0 ? 'no target' : `one target, not "${rest.join('", "')}"`);
    const directory = values.get('-D');
    const progress = new ProgressLine(process.stderr.isTTY === true, warn);
    try {
      if (flags.has('--verify')) {
        if (values.size > 0) throw new WordsError('--verify takes a target only');
        return await verifyBackup(rest[0], write, progress);
      }
      if (directory === undefined) throw new WordsError('no data directory: -D DIR');
      return await take(resolve(directory), rest[0], values.get('--incremental') ?? null, write, warn, progress);
    } finally {
      progress.end();
    }
  } catch (error) {
    if (error instanceof WordsError) warn(`hotrow: ${error.message}\n${USAGE}`);
    else if (error instanceof SqlError) warn(describeError(error));
    else throw error;
    return error instanceof WordsError ? 2 : 1;
  }
}

async function take(
  directory: string,
  folder: string,
  incremental: string | null,
  write: Write,
  warn: Write,
  progress: ProgressLine,
): Promise<number> {
  const fileSystem = new NodeFileSystem();
  const parent = incremental === null ? null : readManifest(fileSystem, incremental);
  const manifest = await fillFolder(folder, async (watch) => {
    const source = await sourceOf(fileSystem, directory);
    watch.onSignal = () => source.close();
    return takeBackup({
      source,
      fileSystem,
      directory,
      target: fileSystem,
      folder,
      parent,
      onProgress: ({ phase, doneBytes, totalBytes }) => {
        watch.check();
        progress.tell(PHASES[phase], doneBytes, totalBytes);
      },
    });
  });
  progress.end();
  write(`${folder}: ${describeBackup(manifest)}\n`);
  for (const { relId, pageNo } of manifest.damagedPages)
    warn(`hotrow: invalid page in block ${pageNo} of relation base/${relId}: it is in the backup as it is\n`);
  return manifest.damagedPages.length === 0 ? 0 : 1;
}

async function sourceOf(fileSystem: NodeFileSystem, directory: string): Promise<BackupSource> {
  if (!fileSystem.exists(`${directory}/${CONTROL_FILE}`))
    throw new SqlError('58P01', `"${directory}" is not a data directory`);
  const pid = directoryHolder(fileSystem, directory);
  return pid === null ? new StoppedSource(fileSystem, directory) : SocketSource.connect(directory, pid);
}

async function verifyBackup(folder: string, write: Write, progress: ProgressLine): Promise<number> {
  const { manifest, problems } = await checkBackup(new NodeFileSystem(), folder, (done, total) =>
    progress.tell('reading', done, total),
  );
  progress.end();
  for (const problem of problems) write(`problem: ${problem}\n`);
  write(`${folder}: ${problems.length === 0 ? 'whole' : `${problems.length} problems`}; ${describeBackup(manifest)}\n`);
  return problems.length === 0 ? 0 : 1;
}

function describeBackup({ parent, files, control, endLsn, timeline, startedMs, endedMs }: Manifest): string {
  let bytes = 0;
  for (const { size } of files) bytes += size;
  const kind = parent === null ? 'full backup' : `backup incremental to ${parent}`;
  return (
    `${kind}, ${files.length} files, ${(bytes / MB).toFixed(1)} MB, ` +
    `from ${formatLsn(control.redoLsn)} to ${formatLsn(endLsn)} on timeline ${timeline}, ` +
    `${new Date(endedMs).toISOString()}, ${((endedMs - startedMs) / 1000).toFixed(1)} s`
  );
}
