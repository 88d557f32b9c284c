/**
 * A client that sees what the server says, unparsed: each column as its text, the whole command tag, notices, COPY data.
 * It is `pg`'s client with a query object of our own (`pg` calls such an object's handlers for each message).
 */
import pg from 'pg';
import type { Answer, ResultSet as ReadResultSet, ServerMessage } from '../../bin/fixtures/answer.ts';

export type { Answer, ResultSet } from '../../bin/fixtures/answer.ts';

/** One that is being filled. */
type FilledResultSet = ReadResultSet & { readonly rows: (readonly (string | null)[])[] };

/** What `pg` hands to the handlers. */
interface WireConnection {
  query(text: string): void;
  sendCopyFromChunk(chunk: Buffer): void;
  endCopyFrom(): void;
}

/** One simple query under way. */
class TextQuery {
  readonly results: FilledResultSet[] = [];
  readonly tags: string[] = [];
  readonly notices: ServerMessage[] = [];
  copied = '';
  error: ServerMessage | null = null;
  readonly text: string;
  readonly copyData: string;
  readonly whenDone: (answer: Answer) => void;
  readonly whenLost: (error: Error) => void;

  constructor(text: string, copyData: string, whenDone: (answer: Answer) => void, whenLost: (error: Error) => void) {
    this.text = text;
    this.copyData = copyData;
    this.whenDone = whenDone;
    this.whenLost = whenLost;
  }

  submit(connection: WireConnection): void {
    connection.query(this.text);
  }

  handleRowDescription(message: { fields: { name: string; dataTypeID: number }[] }): void {
    const columns = message.fields.map((field) => ({ name: field.name, typeOid: field.dataTypeID }));
    this.results.push({ columns, rows: [] });
  }

  handleDataRow(message: { fields: (string | null)[] }): void {
    this.results[this.results.length - 1]!.rows.push(message.fields);
  }

  handleCommandComplete(message: { text: string }): void {
    this.tags.push(message.text);
  }

  handleEmptyQuery(): void {
    this.tags.push('');
  }

  handlePortalSuspended(): void {}

  handleCopyInResponse(connection: WireConnection): void {
    if (this.copyData !== '') connection.sendCopyFromChunk(Buffer.from(this.copyData));
    connection.endCopyFrom();
  }

  handleCopyData(message: { chunk: Buffer }): void {
    this.copied += message.chunk.toString();
  }

  handleError(error: Error & Partial<ServerMessage>): void {
    if (error.severity === undefined) {
      this.whenLost(error);
      return;
    }
    this.error = error as unknown as ServerMessage;
    // `pg` forgets the query at its error; what is asked next waits for ReadyForQuery by itself.
    this.handleReadyForQuery();
  }

  handleReadyForQuery(): void {
    const { results, tags, notices, copied, error } = this;
    this.whenDone({ results, tags, notices, copied, error });
  }
}

export class TextClient {
  private readonly client: pg.Client;
  private running: TextQuery | null = null;

  private constructor(config: pg.ClientConfig) {
    this.client = new pg.Client(config);
    this.client.on('notice', (notice) => this.running?.notices.push(notice as unknown as ServerMessage));
    // A server that goes away is told to the query under way.
    this.client.on('error', (error) => this.running?.whenLost(error));
  }

  static async connect(config: pg.ClientConfig): Promise<TextClient> {
    const client = new TextClient(config);
    await client.client.connect();
    return client;
  }

  /** Answers when the server is ready again; an error of SQL is in the answer, a lost connection rejects. */
  query(text: string, copyData = ''): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const query = new TextQuery(text, copyData, resolve, reject);
      this.running = query;
      this.client.query(query as unknown as pg.Submittable);
    });
  }

  async end(): Promise<void> {
    await this.client.end();
  }
}
