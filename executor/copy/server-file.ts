/**
 * COPY from and to files and programs of the server. Bytes go through Node's streams, a piece at a time: nothing waits in place.
 *
 * Reading: a `ServerReader` feeds a CopySource; `pump` asks for the next piece, and the session is woken when it is there.
 * Writing: a `ServerWriter` takes whole buffers; `isBusy` until they are with the operating system.
 */
import type { ChildProcess } from 'node:child_process';
import { close, createReadStream, createWriteStream, fstat, open } from 'node:fs';
import { isAbsolute } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { fileError } from '../../storage/api.ts';
import { SqlError, sqlError } from '../../types/errors.ts';
import type { Session, Task } from '../session.ts';
import type { CopySource } from './copy-source.ts';

/** Bytes of a piece. */
const PIECE_BYTES = 262144;

type Endpoint = { readonly endpoint: 'file' | 'program'; readonly path: string };

const CLIENT_HINT = (verb: string, what: string): string =>
  `COPY ${verb} instructs the PostgreSQL server process to ${what} a file. ` +
  "You may want a client-side facility such as psql's \\copy.";

/** Files and programs of the server are for superusers and the roles made for it. */
export function checkServerAccess(session: Session, direction: 'from' | 'to', endpoint: 'file' | 'program'): void {
  const word = endpoint === 'program' ? 'execute' : direction === 'from' ? 'read' : 'write';
  const role = endpoint === 'program' ? 'pg_execute_server_program' : `pg_${word}_server_files`;
  if (session.isSuperuser || session.role.isMemberOf(role)) return;
  const action = endpoint === 'program' ? 'COPY to or from an external program' : `COPY ${direction} a file`;
  throw sqlError('42501', `must be superuser or have privileges of the ${role} role to ${action}`, {
    hint: "Anyone can COPY to stdout or from stdin. psql's \\copy command also works for anyone.",
  });
}

/** Waits for a callback. What comes after an interrupt goes to `late`. */
function* settled<T>(
  session: Session,
  start: (done: (error: unknown, value: T) => void) => void,
  late: (value: T) => void,
): Task<T> {
  let answer: { error: unknown; value: T } | null = null;
  let isGivenUp = false;
  start((error, value) => {
    if (isGivenUp) {
      if (error === null) late(value);
      return;
    }
    answer = { error, value };
    session.wake();
  });
  try {
    while (answer === null) yield* session.wait();
  } catch (interrupt) {
    isGivenUp = true;
    throw interrupt;
  }
  const { error, value } = answer as { error: unknown; value: T };
  if (error !== null) throw error;
  return value;
}

function* openFile(session: Session, path: string, direction: 'from' | 'to'): Task<number> {
  if (direction === 'to' && !isAbsolute(path)) throw sqlError('42602', 'relative path not allowed for COPY to file');
  const closeLate = (fd: number): void => close(fd, () => {});
  let fd: number;
  try {
    fd = yield* settled<number>(
      session,
      (done) => open(path, direction === 'from' ? 'r' : 'w', 0o644, (error, opened) => done(error, opened)),
      closeLate,
    );
  } catch (error) {
    if (error instanceof SqlError) throw error;
    const verb = direction === 'from' ? 'reading' : 'writing';
    const known = fileError('open', path, error);
    throw new SqlError(known.code, known.message.replace(`file "${path}"`, `file "${path}" for ${verb}`), {
      hint: direction === 'from' ? CLIENT_HINT('FROM', 'read') : CLIENT_HINT('TO', 'write'),
    });
  }
  const isDirectory = yield* settled<boolean>(
    session,
    (done) => fstat(fd, (error, stats) => done(error, stats?.isDirectory() === true)),
    () => closeLate(fd),
  );
  if (isDirectory) {
    closeLate(fd);
    throw sqlError('42809', `"${path}" is a directory`);
  }
  return fd;
}

/** A shell that runs the command; what it did wrong is known when it has ended. */
class Program {
  readonly child: ChildProcess;
  readonly #command: string;
  #end: { code: number | null; signal: string | null } | null = null;

  constructor(session: Session, command: string, direction: 'from' | 'to') {
    this.#command = command;
    this.child = process.getBuiltinModule('node:child_process').spawn('/bin/sh', ['-c', command], {
      stdio: direction === 'from' ? ['ignore', 'pipe', 'inherit'] : ['pipe', 'inherit', 'inherit'],
    });
    this.child.on('error', () => {
      this.#end ??= { code: 127, signal: null };
      session.wake();
    });
    this.child.on('close', (code, signal) => {
      this.#end ??= { code, signal };
      session.wake();
    });
  }

  /** Waits for the end; throws 38000 unless all went well. */
  *finish(session: Session): Task<void> {
    while (this.#end === null) yield* session.wait();
    const { code, signal } = this.#end as { code: number | null; signal: string | null };
    if (code === 0) return;
    throw sqlError('38000', `program "${this.#command}" failed`, {
      detail:
        code === null
          ? `child process was terminated by signal ${signal}`
          : `child process exited with exit code ${code}`,
    });
  }

  kill(): void {
    if (this.#end === null) this.child.kill();
  }
}

export class ServerReader {
  readonly #stream: Readable;
  readonly #program: Program | null;
  readonly #session: Session;

  private constructor(session: Session, path: string, stream: Readable, program: Program | null, source: CopySource) {
    this.#session = session;
    this.#stream = stream;
    this.#program = program;
    stream.on('data', (piece: Buffer) => {
      source.receive(piece);
      stream.pause();
      session.wake();
    });
    stream.on('end', () => {
      source.finish();
      session.wake();
    });
    stream.on('error', (error) => {
      source.fail(fileError('read', path, error));
      session.wake();
    });
    stream.pause();
  }

  static *open(session: Session, { endpoint, path }: Endpoint, source: CopySource): Task<ServerReader> {
    if (endpoint === 'program') {
      const program = new Program(session, path, 'from');
      return new ServerReader(session, path, program.child.stdout as Readable, program, source);
    }
    const fd = yield* openFile(session, path, 'from');
    const stream = createReadStream('', { fd, highWaterMark: PIECE_BYTES });
    return new ServerReader(session, path, stream, null, source);
  }

  /** Asks for the next piece. */
  pump(): void {
    this.#stream.resume();
  }

  /** After the last row. */
  *finish(): Task<void> {
    if (this.#program !== null) yield* this.#program.finish(this.#session);
  }

  close(): void {
    this.#stream.destroy();
    this.#program?.kill();
  }
}

export class ServerWriter {
  readonly #session: Session;
  readonly #stream: Writable;
  readonly #program: Program | null;
  readonly #path: string;
  #failure: unknown = null;
  #isBusy = false;

  private constructor(session: Session, path: string, stream: Writable, program: Program | null) {
    this.#session = session;
    this.#path = path;
    this.#stream = stream;
    this.#program = program;
    stream.on('error', (error) => {
      this.#failure ??= error;
      this.#isBusy = false;
      session.wake();
    });
  }

  static *open(session: Session, { endpoint, path }: Endpoint): Task<ServerWriter> {
    if (endpoint === 'program') {
      const program = new Program(session, path, 'to');
      return new ServerWriter(session, path, program.child.stdin as Writable, program);
    }
    const fd = yield* openFile(session, path, 'to');
    return new ServerWriter(session, path, createWriteStream('', { fd }), null);
  }

  /** Writes a copy of the bytes, and waits until they are written. */
  *write(bytes: Uint8Array): Task<void> {
    if (bytes.length > 0) {
      this.#isBusy = true;
      this.#stream.write(Buffer.from(bytes), () => {
        this.#isBusy = false;
        this.#session.wake();
      });
    }
    while (this.#isBusy) yield* this.#session.wait();
    this.#check();
  }

  *finish(): Task<void> {
    this.#isBusy = true;
    this.#stream.end(() => {
      this.#isBusy = false;
      this.#session.wake();
    });
    while (this.#isBusy) yield* this.#session.wait();
    if (this.#program !== null) yield* this.#program.finish(this.#session);
    this.#check();
  }

  #check(): void {
    if (this.#failure === null) return;
    throw fileError('write', this.#path, this.#failure);
  }

  close(): void {
    this.#stream.destroy();
    this.#program?.kill();
  }
}
