/** The memory of a process stays bounded whatever it sorts, joins or groups: with a small work_mem it grows by a fraction only. */
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { promisify } from 'node:util';
import { expect } from 'chai';
import pg from 'pg';
import { startServerProcess } from '../support/server-process.ts';

const run = promisify(execFile);
/** Some 130 MB as values, which OFFSET 0 has computed before what is around it. */
const WIDE = "SELECT i, md5(i::text) || repeat('-', 200) AS t FROM generate_series(1, 400000) AS i OFFSET 0";
const QUERIES = [
  ['a sort', `SELECT i FROM (${WIDE}) q ORDER BY t OFFSET 399990`],
  // Wide on both sides: whichever is hashed.
  ['a hash join', `SELECT count(*), max(x.t), max(y.t) FROM (${WIDE}) x JOIN (${WIDE}) y ON x.i = y.i`],
  ['grouping', `SELECT count(*) FROM (SELECT t, count(*), max(i) FROM (${WIDE}) q GROUP BY t) r`],
] as const;

async function residentKb(pid: number): Promise<number> {
  return Number((await run('ps', ['-o', 'rss=', '-p', String(pid)])).stdout);
}

/** By how many MB a fresh process grows at most while it answers. */
async function growthOf(query: string, workMem: string): Promise<number> {
  const directory = mkdtempSync(join(tmpdir(), 'spill-memory-'));
  const server = await startServerProcess(join(directory, 'data'), ['-c', `work_mem=${workMem}`]);
  try {
    const client = new pg.Client({ host: '127.0.0.1', port: server.port, user: 'postgres', database: 'postgres' });
    await client.connect();
    // What any query of the kind costs, for code and the young generation.
    await client.query(query.replaceAll('400000', '20000').replace('399990', '0'));
    const before = await residentKb(server.pid);
    let isDone = false;
    let most = before;
    const answer = client.query(query).finally(() => {
      isDone = true;
    });
    while (!isDone) {
      most = Math.max(most, await residentKb(server.pid));
      await setTimeout(50);
    }
    await answer;
    await client.end();
    return (most - before) / 1024;
  } finally {
    await server.kill();
    rmSync(directory, { recursive: true });
  }
}

describe('memory of what spills', function () {
  this.timeout(120_000);

  for (const [name, query] of QUERIES) {
    it(`${name} of more than work_mem stays far below what it takes without`, async () => {
      const bounded = await growthOf(query, '1MB');
      const unbounded = await growthOf(query, '1GB');
      expect(bounded).to.be.below(80);
      expect(unbounded).to.be.above(bounded + 60);
    });
  }
});
