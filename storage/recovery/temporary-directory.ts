/**
 * The folder of a server without a data directory: made at its start, gone at its end. One that was killed leaves its folder
 * behind; the next server removes it.
 *
 *      TMPDIR/hotrow-XXXXXX/owner      process id, when that process started, where: the host, and the namespace of process ids
 *
 * Invariants
 *  1. A folder is removed only if its owner is known and dead: same host and namespace, and no process of that number, or one
 *     that started at another time. A folder without `owner` may be one that is just being made.
 *  2. `owner` goes last: a removal that is cut short is done again.
 */
import { mkdtempSync, readdirSync, readFileSync, readlinkSync, rm, rmSync, statSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ProcessTable, systemProcesses } from './directory-lock.ts';

const PREFIX = 'hotrow-';
const OWNER_FILE = 'owner';

export class TemporaryDirectory {
  readonly path: string;
  private readonly onExit = (): void => rmSync(this.path, { recursive: true, force: true });

  constructor(parent = tmpdir(), processes: ProcessTable = systemProcesses) {
    this.path = mkdtempSync(join(parent, PREFIX));
    process.once('exit', this.onExit);
    const start = processes.startOf(processes.ownPid) ?? '';
    writeFileSync(join(this.path, OWNER_FILE), `${processes.ownPid}\n${start}\n${whereProcessesAre()}\n`);
    for (const path of leftovers(parent, processes)) removeLeftover(path);
  }

  remove(): void {
    process.removeListener('exit', this.onExit);
    this.onExit();
  }
}

/** Folders of dead servers of this user. */
export function leftovers(parent: string, processes: ProcessTable = systemProcesses): string[] {
  let names: string[];
  try {
    names = readdirSync(parent);
  } catch {
    return [];
  }
  return names
    .filter((name) => name.startsWith(PREFIX))
    .map((name) => join(parent, name))
    .filter((path) => isLeftover(path, processes));
}

function isLeftover(path: string, processes: ProcessTable): boolean {
  try {
    if (process.getuid !== undefined && statSync(path).uid !== process.getuid()) return false;
    const [pidText, start, where] = readFileSync(join(path, OWNER_FILE), 'utf8').split('\n');
    const pid = Number.parseInt(pidText, 10);
    if (!(pid > 0) || where !== whereProcessesAre()) return false;
    const living = processes.startOf(pid);
    return living === null || (living !== '' && start !== '' && living !== start);
  } catch {
    return false;
  }
}

/** Behind everybody's back: a large folder takes its time. What cannot be removed is tried again by the next start. */
function removeLeftover(path: string): void {
  let left = 0;
  const removed = (): void => {
    if (--left === 0) rm(path, { recursive: true, force: true }, () => {});
  };
  try {
    const names = readdirSync(path).filter((name) => name !== OWNER_FILE);
    left = names.length + 1;
    for (const name of names) rm(join(path, name), { recursive: true, force: true }, removed);
    removed();
  } catch {
    // Somebody else removes it.
  }
}

/** Process ids mean something only here. */
function whereProcessesAre(): string {
  try {
    return `${hostname()} ${readlinkSync('/proc/self/ns/pid')}`;
  } catch {
    return hostname();
  }
}
