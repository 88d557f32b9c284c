/** archive_command, as PostgreSQL has it: run by the shell, in the data directory. */
import type { ArchiveCommand } from './archiver.ts';

/** `%p`: path of a file, `%f`: its name, `%%`: a percent sign; all else is left as it is. */
export function expandCommand(command: string, path: string, name: string): string {
  return command.replace(/%[pf%]/g, (found) => (found === '%p' ? path : found === '%f' ? name : '%'));
}

/** What the command prints goes where the server's log goes. */
export function shellArchiveCommand(command: string, directory: string): ArchiveCommand {
  return (path, name, done) => {
    const text = expandCommand(command, path, name);
    let isDone = false;
    const end = (failure: string | null): void => {
      if (!isDone) done(failure === null ? null : { message: failure, command: text });
      isDone = true;
    };
    // Loaded here: a start should not wait for it.
    const child = process
      .getBuiltinModule('node:child_process')
      .spawn('/bin/sh', ['-c', text], { cwd: directory, stdio: ['ignore', 'inherit', 'inherit'] });
    child.once('error', (error) => end(`archive command could not be run: ${error.message}`));
    child.once('exit', (code, signal) => {
      if (code === 0) end(null);
      else if (signal !== null) end(`archive command was terminated by signal ${signal}`);
      else end(`archive command failed with exit code ${code}`);
    });
  };
}
