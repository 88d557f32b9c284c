/**
 * A kill at any moment loses nothing acknowledged: a server under load is killed (SIGKILL) and started again on the same data
 * directory, ten times over, and each time its books are checked.
 *
 * CRASH_SEED repeats a run's choices (not its timing); CRASH_ROUNDS makes it longer.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import pg from 'pg';
import { randomOf } from '../support/random.ts';
import { seedFrom } from '../support/seed.ts';
import { type ServerProcess, startServerProcess } from '../support/server-process.ts';
import { checkBank, createBank, type Ledger, trade } from './bank.ts';

const SEED = seedFrom('CRASH_SEED');
const ROUNDS = Number(process.env['CRASH_ROUNDS'] ?? 10);
const CONNECTIONS = 6;
const LIFE_MS_MIN = 100;
const LIFE_MS_MAX = 700;

describe(`crashes (CRASH_SEED=${SEED})`, function () {
  this.timeout(ROUNDS * 15_000);
  const random = randomOf(SEED);
  const directory = mkdtempSync(join(tmpdir(), 'hotrow-crash-'));
  let server: ServerProcess | null = null;

  after(async () => {
    await server?.kill();
    rmSync(directory, { recursive: true, force: true });
  });

  async function withClient<T>(port: number, work: (client: pg.Client) => Promise<T>): Promise<T> {
    const client = new pg.Client({ host: '127.0.0.1', port, user: 'postgres', database: 'postgres' });
    await client.connect();
    try {
      return await work(client);
    } finally {
      await client.end();
    }
  }

  it(`${ROUNDS} kills under load lose nothing acknowledged and leave nothing half done`, async () => {
    server = await startServerProcess(directory);
    await withClient(server.port, createBank);
    let number = 0;
    const kept = new Set<number>();
    let acknowledged = 0;
    for (let round = 1; round <= ROUNDS; round++) {
      const ledger: Ledger = { acknowledged: new Set(), inDoubt: new Set(), failures: [] };
      const port = server.port;
      const customers = Array.from({ length: CONNECTIONS }, () => trade(port, random, () => ++number, ledger));
      await new Promise((resolve) => setTimeout(resolve, LIFE_MS_MIN + random() * (LIFE_MS_MAX - LIFE_MS_MIN)));
      // Some lives end in the middle of a checkpoint.
      if (random() < 0.3) void withClient(port, (client) => client.query('CHECKPOINT')).catch(() => {});
      await server.kill();
      await Promise.all(customers);
      expect(
        ledger.failures.map((error) => error.message),
        `round ${round}: errors under load`,
      ).to.deep.equal([]);
      acknowledged += ledger.acknowledged.size;

      server = await startServerProcess(directory);
      const wrong = await withClient(server.port, (client) => checkBank(client, ledger, kept));
      expect(wrong, `after round ${round}: ${server.log()}`).to.deep.equal([]);
    }
    expect(acknowledged, 'commits over all rounds').to.be.greaterThan(ROUNDS);
  });

  it('an orderly end and a start keep everything too', async () => {
    const count = (client: pg.Client): Promise<pg.QueryResult> => client.query('SELECT count(*) FROM history');
    const before = await withClient(server!.port, count);
    expect(await server!.stop(), server!.log()).to.equal(0);
    server = await startServerProcess(directory);
    const after = await withClient(server.port, count);
    expect(after.rows).to.deep.equal(before.rows);
  });
});
