/**
 * A client that asks many statements without waiting for their answers: node-postgres connects and authenticates, then its
 * connection is used message by message. Answers come in the order of the questions.
 */
import pg from 'pg';

export interface ServerError {
  readonly code: string;
  readonly message: string;
  readonly detail: string;
  readonly hint: string;
}

export interface Answer {
  /** Null for a statement that gives no rows. */
  readonly columns: readonly { readonly name: string; readonly typeOid: number }[] | null;
  readonly rows: readonly (readonly (string | null)[])[];
  readonly tag: string;
  readonly error: ServerError | null;
}

/** What of node-postgres' connection is used here. */
interface WireConnection {
  query(text: string): void;
  removeAllListeners(event: string): void;
  // biome-ignore lint/suspicious/noExplicitAny: each event has a message of its own.
  on(event: string, listener: (message: any) => void): void;
}

interface Waiting {
  readonly sql: string;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: Error) => void;
}

const EVENTS = ['rowDescription', 'dataRow', 'commandComplete', 'emptyQuery', 'errorMessage', 'readyForQuery'];

export class PipelinedClient {
  private readonly client: pg.Client;
  private readonly connection: WireConnection;
  private waiting: Waiting[] = [];
  private columns: Answer['columns'] = null;
  private rows: (string | null)[][] = [];
  private tag = '';
  private error: Answer['error'] = null;
  private lost: Error | null = null;

  private constructor(client: pg.Client) {
    this.client = client;
    this.connection = (client as unknown as { connection: WireConnection }).connection;
    for (const event of EVENTS) this.connection.removeAllListeners(event);
    this.listen();
  }

  static async connect(url: string): Promise<PipelinedClient> {
    const client = new pg.Client({ connectionString: url, application_name: 'hotrow differential' });
    client.on('error', () => {});
    await client.connect();
    return new PipelinedClient(client);
  }

  ask(sql: string): Promise<Answer> {
    if (this.lost !== null) return Promise.reject(this.lost);
    return new Promise((resolve, reject) => {
      this.waiting.push({ sql, resolve, reject });
      this.connection.query(sql);
    });
  }

  async end(): Promise<void> {
    if (this.lost === null) await this.client.end();
  }

  private listen(): void {
    const { connection } = this;
    connection.on('rowDescription', (message: { fields: { name: string; dataTypeID: number }[] }) => {
      this.columns = message.fields.map((field) => ({ name: field.name, typeOid: field.dataTypeID }));
    });
    connection.on('dataRow', (message: { fields: (string | null)[] }) => {
      this.rows.push(message.fields);
    });
    connection.on('commandComplete', (message: { text: string }) => {
      this.tag = message.text;
    });
    connection.on('errorMessage', (message: { code: string; message: string; detail?: string; hint?: string }) => {
      const { code, detail = '', hint = '' } = message;
      this.error = { code, message: message.message, detail, hint };
    });
    connection.on('readyForQuery', () => {
      const { columns, rows, tag, error } = this;
      this.columns = null;
      this.rows = [];
      this.tag = '';
      this.error = null;
      this.waiting.shift()?.resolve({ columns, rows, tag, error });
    });
    connection.on('end', () => this.lose());
    connection.on('error', () => this.lose());
  }

  private lose(): void {
    const { waiting } = this;
    this.lost ??= new Error(
      `the server closed the connection at one of:\n${waiting.map((each) => each.sql).join(';\n')}`,
    );
    this.waiting = [];
    for (const { reject } of waiting) reject(this.lost);
  }
}
