/** Columns of every fixed width are read from the page's bytes, wherever the pool's memory begins: large pools do not begin at 0. */
import { expect } from 'chai';
import pg from 'pg';
import { createScratchDatabase } from '../support/database-target.ts';

describe('columns in a large pool', () => {
  it('are read where they were written, by scans and in conditions', async () => {
    const database = await createScratchDatabase({ settings: { shared_buffers: '16MB' } });
    const client = new pg.Client(database.connection);
    await client.connect();
    await client.query('CREATE TABLE t (id int, f4 real, f8 float8, i2 smallint, i8 bigint, b bool, d date)');
    await client.query(
      "INSERT INTO t VALUES (1, 1.5, 2.5, 3, 4, true, '2000-01-02'), (2, -0.25, 1e300, -3, 5000000000, false, NULL)",
    );
    const { rows } = await client.query({
      text: 'SELECT f4, f8, i2, i8, b, d::text FROM t ORDER BY id',
      rowMode: 'array',
    });
    const found = await client.query('SELECT sum(f4), count(*) FILTER (WHERE f4 > 1) AS n FROM t WHERE f4 <> 0');
    await client.end();
    await database.drop();
    expect(rows).to.deep.equal([
      [1.5, 2.5, 3, '4', true, '2000-01-02'],
      [-0.25, 1e300, -3, '5000000000', false, null],
    ]);
    expect(found.rows).to.deep.equal([{ sum: 1.25, n: '1' }]);
  });
});
