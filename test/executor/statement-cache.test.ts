/** Which statements are kept with their plans. */
import { expect } from 'chai';
import { type DatabaseServer, openDatabaseServer } from '../../executor/index.ts';
import { DirectClient } from '../support/direct-client.ts';

describe('the statement cache', () => {
  let server: DatabaseServer;
  let client: DirectClient;

  beforeEach(async () => {
    server = await openDatabaseServer({ dataDirectory: null, settings: new Map() });
    client = new DirectClient(server);
  });
  afterEach(async () => {
    client.close();
    await server.close();
  });

  /** Bytes of the statements that are kept. */
  const kept = (): number => {
    let bytes = 0;
    for (const { statementCache } of server.databases()) bytes += statementCache.textBytes;
    return bytes;
  };

  it('keeps no statement that came once', async () => {
    const before = kept();
    for (let i = 1; i < 50; i++) await client.rows(`SELECT ${Array(i).fill('1').join(' + ')}`);
    expect(kept()).to.equal(before);
  });

  it('keeps those that come again, whatever came between, but for one in a hundred', async () => {
    const sql = (i: number): string => `SELECT ${Array(i).fill('1').join(' + ')}`;
    for (let i = 3; i < 50; i++) await client.rows(sql(i));
    let count = 0;
    for (let i = 3; i < 50; i++) {
      const before = kept();
      await client.rows(sql(i));
      if (kept() > before) count++;
    }
    // Of two that share a place in the table of those that came once the first is forgotten.
    expect(count).to.be.within(42, 47);
  });

  it('takes the literals of a text for the same statement', async () => {
    const before = kept();
    await client.rows("SELECT 'a' || 'b'");
    expect(kept()).to.equal(before);
    await client.rows("SELECT 'c' || 'd'");
    expect(kept()).to.be.greaterThan(before);
  });
});
