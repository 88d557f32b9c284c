/**
 * One server a data directory: `DIR/hotrow.pid`, made with O_EXCL, holds the process id and when that process started, so
 * that a file left by a dead process is told from a living server's, even if the number is in use again.
 */
import { readFileSync } from 'node:fs';
import { SqlError } from '../../types/errors.ts';
import type { FileSystem } from '../io/index.ts';
import { readWholeFile } from './control.ts';

export const LOCK_FILE = 'hotrow.pid';

export interface DirectoryLock {
  release(): void;
}

export interface ProcessTable {
  readonly ownPid: number;
  /** When the process started, in the system's own words; '' if that cannot be known; null if there is no such process. */
  startOf(pid: number): string | null;
}

export const systemProcesses: ProcessTable = {
  ownPid: process.pid,
  startOf(pid: number): string | null {
    try {
      process.kill(pid, 0);
    } catch (error) {
      if ((error as { code?: string }).code === 'ESRCH') return null;
    }
    try {
      return startFromStat(readFileSync(`/proc/${pid}/stat`, 'latin1'));
    } catch {
      return '';
    }
  },
};

/**
 * Start time out of Linux's /proc/PID/stat; null for a process that has ended but was not reaped (in containers without an
 * init such a zombie stays for good): it holds nothing any more.
 */
export function startFromStat(stat: string): string | null {
  // Fields are counted behind the command name, which may hold anything: state is field 3, the start time field 22.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  if (fields[0] === 'Z' || fields[0] === 'X') return null;
  return fields[19] ?? '';
}

/** Directories locked by this very process: its own pid in a file is otherwise a leftover of a process with our number. */
const lockedByPath = new Set<string>();

/** Throws FATAL F0001 when another server lives in the directory. */
export function lockDirectory(
  fileSystem: FileSystem,
  directory: string,
  processes: ProcessTable = systemProcesses,
): DirectoryLock {
  if (!fileSystem.isShared) return { release: () => {} };
  const path = `${directory}/${LOCK_FILE}`;
  const content = `${processes.ownPid}\n${processes.startOf(processes.ownPid) ?? ''}\n${directory}\n`;
  for (let attempt = 0; ; attempt++) {
    if (tryCreate(fileSystem, path, content)) break;
    const found = readText(fileSystem, path);
    if (found === null) continue;
    const [pidText, start] = found.split('\n');
    const pid = Number.parseInt(pidText, 10);
    if (attempt > 2 || isHeld(path, pid, start ?? '', processes)) throw inUse(directory, pid);
    removeStale(fileSystem, path, found);
  }
  lockedByPath.add(path);
  return {
    release(): void {
      if (!lockedByPath.delete(path)) return;
      if (readText(fileSystem, path) === content) fileSystem.unlink(path);
    },
  };
}

/** The process that serves the directory now, or null. Changes nothing. */
export function directoryHolder(
  fileSystem: FileSystem,
  directory: string,
  processes: ProcessTable = systemProcesses,
): number | null {
  const path = `${directory}/${LOCK_FILE}`;
  const found = readText(fileSystem, path);
  if (found === null) return null;
  const [pidText, start] = found.split('\n');
  const pid = Number.parseInt(pidText, 10);
  return isHeld(path, pid, start ?? '', processes) ? pid : null;
}

function isHeld(path: string, pid: number, start: string, processes: ProcessTable): boolean {
  if (!Number.isInteger(pid) || pid <= 0) return false;
  if (pid === processes.ownPid) return lockedByPath.has(path);
  const living = processes.startOf(pid);
  return living !== null && (living === '' || start === '' || living === start);
}

function tryCreate(fileSystem: FileSystem, path: string, content: string): boolean {
  let file: ReturnType<FileSystem['open']>;
  try {
    file = fileSystem.open(path, 'exclusive');
  } catch (error) {
    if (error instanceof SqlError && error.code === '58P02') return false;
    throw error;
  }
  try {
    const bytes = Buffer.from(content, 'utf8');
    file.writeSync(bytes, 0, bytes.length, 0);
    file.fdatasyncSync();
  } finally {
    file.close();
  }
  return true;
}

/** Moves the file away before removing it, so that two who both found it stale cannot remove each other's new one unseen. */
function removeStale(fileSystem: FileSystem, path: string, seen: string): void {
  const aside = `${path}.${process.pid}.stale`;
  try {
    fileSystem.rename(path, aside);
  } catch (error) {
    if (error instanceof SqlError && error.code === '58P01') return;
    throw error;
  }
  if (readText(fileSystem, aside) !== seen && !fileSystem.exists(path)) fileSystem.rename(aside, path);
  else fileSystem.unlink(aside);
}

function readText(fileSystem: FileSystem, path: string): string | null {
  try {
    return Buffer.from(readWholeFile(fileSystem, path)).toString('utf8');
  } catch (error) {
    if (error instanceof SqlError && error.code === '58P01') return null;
    throw error;
  }
}

function inUse(directory: string, pid: number): SqlError {
  return new SqlError(
    'F0001',
    `lock file "${LOCK_FILE}" already exists`,
    { hint: `Is another hotrow server (PID ${pid}) running in data directory "${directory}"?` },
    'FATAL',
  );
}
