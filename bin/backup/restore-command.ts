/** An archive behind a shell command, as PostgreSQL's restore_command: %f is the file that is wanted, %p where it is to go. */
import { existsSync, rmSync } from 'node:fs';
import { resolve } from 'node:path';
import { expandCommand } from '../../storage/archive/index.ts';
import type { ArchiveSource } from '../../storage/backup/index.ts';
import { SqlError } from '../../types/errors.ts';

/** From here on a status is the shell's or a signal's: something is wrong with the command, not with the archive. */
const SHELL_STATUS_MIN = 126;

export class CommandArchive implements ArchiveSource {
  readonly name: string;
  private readonly command: string;
  private readonly directory: string;

  constructor(command: string, directory: string) {
    this.command = command;
    this.directory = directory;
    this.name = command;
  }

  fetch(name: string, path: string): boolean {
    const place = resolve(path);
    const text = expandCommand(this.command, place, name);
    const { status, signal, error } = process
      .getBuiltinModule('node:child_process')
      .spawnSync('/bin/sh', ['-c', text], {
        cwd: this.directory,
        stdio: ['ignore', 'inherit', 'inherit'],
      });
    if (error === undefined && status === 0) return existsSync(place);
    rmSync(place, { force: true });
    if (error === undefined && status !== null && status < SHELL_STATUS_MIN) return false;
    const how = error?.message ?? (signal === null ? `exit code ${status}` : `signal ${signal}`);
    throw new SqlError('38000', `could not restore file "${name}" from archive: ${how}`, {
      detail: `The command was: ${text}`,
    });
  }
}
