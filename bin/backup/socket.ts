/**
 * How `hotrow backup` and a running server talk: through a Unix-domain socket in the data directory, which whoever may read the
 * directory may use, without a password and whatever addresses the server listens on. A line of JSON each way:
 *
 *      {"do":"begin"}                     {"control":"<base64 of the control data>"}     when the checkpoint is complete
 *      {"do":"durable","copied":LSN}      {"lsn":LSN}
 *      {"do":"end"}                       {"lsn":LSN}
 *      anything that fails                {"error":{"code","message","detail","hint"}}
 *
 * A connection is a backup: when it ends, whoever ended it, the server keeps nothing for it any more.
 *
 * The path of a socket may have 107 bytes. A directory with a longer name has its socket in the folder for temporary files, under
 * a name made of the directory's, and the command looks whether the owner is the same.
 */
import { createHash } from 'node:crypto';
import { chmodSync, realpathSync, rmSync, statSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BackupSource } from '../../storage/backup/index.ts';
import type { Backups, RunningBackup } from '../../storage/backups.ts';
import { type ControlData, decodeControl, encodeControl } from '../../storage/recovery/index.ts';
import { SqlError } from '../../types/errors.ts';

const SOCKET_NAME = 'backup.sock';
const PATH_BYTES_MAX = 100;

export function socketPath(dataDirectory: string): string {
  const path = join(realpathSync(dataDirectory), SOCKET_NAME);
  if (Buffer.byteLength(path) <= PATH_BYTES_MAX) return path;
  return join(tmpdir(), `hotrow-${createHash('sha256').update(path).digest('hex').slice(0, 24)}.sock`);
}

type Request = { readonly do: 'begin' } | { readonly do: 'durable'; readonly copied: number } | { readonly do: 'end' };

interface Answer {
  readonly control?: string;
  readonly lsn?: number;
  readonly error?: {
    readonly code: string;
    readonly message: string;
    readonly detail?: string;
    readonly hint?: string;
  };
}

/** In the folder for temporary files anybody may have made a socket of that name. */
function refuseStrangers(path: string, dataDirectory: string): void {
  if (path.startsWith(realpathSync(dataDirectory))) return;
  const { uid } = statSync(path);
  const trusted = [0, statSync(dataDirectory).uid, process.getuid?.() ?? uid];
  if (!trusted.includes(uid)) throw new Error('it belongs to another user');
}

function onLines(socket: Socket, take: (line: string) => void): void {
  let rest = '';
  socket.setEncoding('utf8');
  socket.on('data', (text: string) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) take(line);
  });
}

// ------------------------------------------------------------------------------------------------------------ the server

export class BackupListener {
  private readonly path: string;
  private readonly server: Server;
  private readonly backups: Backups;
  private readonly sockets = new Set<Socket>();

  /** The directory is locked by this process: a socket that is there is a dead server's. Throws what the system says. */
  static async open(dataDirectory: string, backups: Backups): Promise<BackupListener> {
    const listener = new BackupListener(socketPath(dataDirectory), backups);
    rmSync(listener.path, { force: true });
    await new Promise<void>((resolve, reject) => {
      listener.server.once('error', reject);
      listener.server.listen(listener.path, resolve);
    });
    chmodSync(listener.path, 0o600);
    listener.server.unref();
    return listener;
  }

  private constructor(path: string, backups: Backups) {
    this.path = path;
    this.backups = backups;
    this.server = createServer((socket) => this.serve(socket));
  }

  /** Backups under way fail. */
  close(): void {
    this.server.close();
    for (const socket of this.sockets) socket.destroy();
    rmSync(this.path, { force: true });
  }

  private serve(socket: Socket): void {
    this.sockets.add(socket);
    const session = new BackupSession(this.backups);
    socket.on('error', () => {});
    socket.on('close', () => {
      this.sockets.delete(socket);
      session.close();
    });
    onLines(socket, (line) => {
      void session.answer(line).then((answer) => {
        if (!socket.destroyed) socket.write(`${JSON.stringify(answer)}\n`);
      });
    });
  }
}

class BackupSession {
  private readonly backups: Backups;
  private running: RunningBackup | null = null;
  private hasBegun = false;
  private isClosed = false;

  constructor(backups: Backups) {
    this.backups = backups;
  }

  async answer(line: string): Promise<Answer> {
    try {
      return await this.perform(JSON.parse(line) as Request);
    } catch (error) {
      const { message } = error as Error;
      if (!(error instanceof SqlError)) return { error: { code: 'XX000', message } };
      const { detail, hint } = error.fields;
      return { error: { code: error.code, message, detail, hint } };
    }
  }

  close(): void {
    this.isClosed = true;
    this.running?.release();
  }

  private async perform(request: Request): Promise<Answer> {
    if (request.do === 'begin' && !this.hasBegun) {
      // Asked again before it has begun, it would be held for ever.
      this.hasBegun = true;
      const running = await this.backups.begin();
      this.running = running;
      // Whoever asked has gone meanwhile.
      if (this.isClosed) running.release();
      return { control: Buffer.from(encodeControl(running.control)).toString('base64') };
    }
    const { running } = this;
    if (running !== null && request.do === 'durable') {
      running.logCopied(request.copied);
      return { lsn: running.durableLsn };
    }
    if (running !== null && request.do === 'end') return { lsn: await running.stop() };
    throw new SqlError('08P01', `invalid request: ${request.do}`);
  }
}

// ----------------------------------------------------------------------------------------------------------- the command

/** A server in another process. */
export class SocketSource implements BackupSource {
  private readonly socket: Socket;
  private answers: string[] = [];
  private waiting: (() => void) | null = null;
  private isGone = false;

  /** Throws when nobody listens there. */
  static async connect(dataDirectory: string, pid: number): Promise<SocketSource> {
    const path = socketPath(dataDirectory);
    try {
      refuseStrangers(path, dataDirectory);
      const socket = connect(path);
      await new Promise<void>((resolve, reject) => {
        socket.once('connect', resolve);
        socket.once('error', reject);
      });
      return new SocketSource(socket);
    } catch (error) {
      throw new SqlError('08001', `could not ask the server (PID ${pid}) on "${dataDirectory}" for a backup`, {
        detail: `Socket "${path}": ${(error as Error).message}`,
        hint: 'If it is starting or stopping, wait until that is done.',
      });
    }
  }

  private constructor(socket: Socket) {
    this.socket = socket;
    const onGone = (): void => {
      this.isGone = true;
      this.waiting?.();
    };
    socket.on('error', onGone);
    socket.on('close', onGone);
    onLines(socket, (line) => {
      this.answers.push(line);
      this.waiting?.();
    });
  }

  async begin(): Promise<ControlData> {
    const { control } = await this.ask({ do: 'begin' });
    return decodeControl(Buffer.from(control ?? '', 'base64'), 'control');
  }

  async durableLsn(copied: number): Promise<number> {
    return (await this.ask({ do: 'durable', copied })).lsn ?? 0;
  }

  async end(): Promise<number> {
    return (await this.ask({ do: 'end' })).lsn ?? 0;
  }

  isInLog(): boolean {
    return false;
  }

  close(): void {
    this.socket.destroy();
  }

  private async ask(request: Request): Promise<Answer> {
    if (!this.isGone) this.socket.write(`${JSON.stringify(request)}\n`);
    while (this.answers.length === 0) {
      // What was copied may be from before its end and after its next start: it is worth nothing.
      if (this.isGone) throw new SqlError('57P01', 'the server ended while the backup was taken');
      await new Promise<void>((resolve) => {
        this.waiting = resolve;
      });
    }
    const answer = JSON.parse(this.answers.shift()!) as Answer;
    if (answer.error === undefined) return answer;
    const { code, message, detail, hint } = answer.error;
    throw new SqlError(code, message, { detail, hint });
  }
}
