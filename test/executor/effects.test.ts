/** Functions with effects are called once for each row, also where its values are on pages that must be read first. */
import { expect } from 'chai';
import { PagedServer, rows } from '../support/paged-server.ts';
import type { WireClient } from '../support/wire-client.ts';

const ROWS = 20;

describe('functions with effects beside values that are read from disk', () => {
  let server: PagedServer;
  let client: WireClient;

  before(async () => {
    server = await PagedServer.start();
    client = await server.client();
    // Notes that cannot be compressed, each on pages of its own.
    await rows(client, 'CREATE TABLE t (id int, note text)');
    await rows(
      client,
      `INSERT INTO t SELECT id, (SELECT string_agg(md5(id || ' ' || k), '') FROM generate_series(1, 3000) k)
       FROM generate_series(1, ${ROWS}) id`,
    );
  });
  after(() => server.stop());
  beforeEach(() => rows(client, 'CREATE SEQUENCE calls'));
  afterEach(() => rows(client, 'DROP SEQUENCE calls'));

  for (const sql of [
    "SELECT nextval('calls'), note FROM t",
    "SELECT nextval('calls'), length(note), substr(note, 50000, 3) FROM t",
    "SELECT note FROM t WHERE nextval('calls') > 0",
    "SELECT id FROM t WHERE nextval('calls') > 0 AND substr(note, 50000, 1) >= '0'",
    "SELECT nextval('calls'), octet_length(note) FROM t ORDER BY note, id",
  ]) {
    it(sql, async () => {
      await server.chill();
      server.files.resetCounts();
      expect(await rows(client, sql)).to.have.length(ROWS);
      expect(server.files.pagesRead).to.be.at.least(ROWS);
      expect(await rows(client, 'SELECT last_value FROM calls')).to.deep.equal([[`${ROWS}`]]);
    });
  }
});
