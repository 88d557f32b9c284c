/** A server whose clock a test sets, for reading the past. */
import { RestartableServer } from '../../support/restartable.ts';

export const START_MS = Date.UTC(2030, 0, 1);

export class PastServer extends RestartableServer {
  nowMs = START_MS;

  constructor() {
    super();
    this.clock = () => this.nowMs;
  }

  /** The time as SQL reads it. */
  time(ms = this.nowMs): string {
    return new Date(ms).toISOString();
  }

  async rows(text: string, client = this.client): Promise<string[]> {
    const { rows } = await client.query({ text, rowMode: 'array' });
    return rows.map((row) => JSON.stringify(row));
  }
}
