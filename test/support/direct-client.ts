/** A session without a socket: for tests that own the server's file system, and its end. */
import {
  FAILED,
  PENDING,
  type ProtocolSession,
  type ResultSink,
  type SessionFactory,
  type Step,
} from '../../executor/session-api.ts';
import { silentSink } from '../../executor/silent-sink.ts';
import type { SqlError } from '../../types/errors.ts';
import { OutBuffer } from '../../types/out-buffer.ts';

export interface DirectAnswer {
  /** Rows of all statements of the text, as text. */
  readonly rows: (string | null)[][];
  readonly tags: string[];
  readonly error: SqlError | null;
}

let processCount = 1000;

export class DirectClient {
  private readonly session: ProtocolSession;
  private readonly out = new OutBuffer();
  private tags: string[] = [];
  private error: SqlError | null = null;
  private whenDone: ((answer: DirectAnswer) => void) | null = null;
  private whenThrown: (error: unknown) => void = () => {};
  /** The statement that is asked next is not told to a session that has been left behind. */
  private isAbandoned = false;

  constructor(factory: SessionFactory, database = 'postgres', user = 'postgres') {
    const identity = {
      user,
      database,
      options: new Map<string, string>(),
      processId: processCount++,
      secretKey: 0,
      clientAddress: '',
    };
    this.session = factory.openSession(identity, { sink: this.sink(), wake: () => setImmediate(this.resume) });
  }

  get isBusy(): boolean {
    return this.whenDone !== null;
  }

  get transactionStatus(): 'I' | 'T' | 'E' {
    return this.session.transactionStatus;
  }

  query(text: string): Promise<DirectAnswer> {
    return new Promise((resolve, reject) => {
      this.whenDone = resolve;
      this.whenThrown = reject;
      this.tags = [];
      this.error = null;
      this.out.length = 0;
      this.settle(this.session.simpleQuery(Buffer.from(text)));
    });
  }

  /** Rows, or the error. */
  async rows(text: string): Promise<(string | null)[][]> {
    const { rows, error } = await this.query(text);
    if (error !== null) throw error;
    return rows;
  }

  close(): void {
    this.session.close();
  }

  /** The server is dead: what it still does is nobody's. */
  abandon(): void {
    this.isAbandoned = true;
  }

  private readonly resume = (): void => {
    if (this.whenDone === null || this.isAbandoned) return;
    try {
      this.settle(this.session.resume());
    } catch (error) {
      // With the log broken a session throws, whether at its first step or a later one: `query` does too.
      this.whenDone = null;
      this.whenThrown(error);
    }
  };

  private settle(step: Step): void {
    if (step === PENDING) return;
    const done = this.whenDone;
    this.whenDone = null;
    done?.({ rows: rowsOf(this.out), tags: this.tags, error: step === FAILED ? this.error : null });
  }

  private sink(): ResultSink {
    return silentSink({
      out: this.out,
      commandComplete: (tag) => void this.tags.push(tag),
      error: (error) => {
        this.error = error;
      },
    });
  }
}

/** DataRow messages. */
function rowsOf(out: OutBuffer): (string | null)[][] {
  const { bytes, length } = out;
  const rows: (string | null)[][] = [];
  for (let at = 0; at < length; at += 1 + bytes.readInt32BE(at + 1)) {
    if (bytes[at] !== 0x44) continue;
    const row: (string | null)[] = [];
    let position = at + 7;
    for (let i = bytes.readInt16BE(at + 5); i > 0; i--) {
      const size = bytes.readInt32BE(position);
      position += 4;
      row.push(size < 0 ? null : bytes.toString('utf8', position, position + size));
      position += Math.max(0, size);
    }
    rows.push(row);
  }
  return rows;
}
