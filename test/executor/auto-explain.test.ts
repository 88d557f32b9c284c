/** auto_explain: plans of slow statements in the server's log, as PostgreSQL's module writes them. */
import { expect } from 'chai';
import { type DatabaseServer, openDatabaseServer } from '../../executor/index.ts';
import { DirectClient } from '../support/direct-client.ts';

describe('auto_explain', () => {
  let server: DatabaseServer;
  let client: DirectClient;
  let logged: string[];

  beforeEach(async () => {
    logged = [];
    server = await openDatabaseServer({
      dataDirectory: null,
      settings: new Map(),
      onLog: (message) => logged.push(message),
    });
    client = new DirectClient(server);
    await client.rows('CREATE TABLE t AS SELECT i AS id, i % 10 AS n FROM generate_series(1, 100) AS i');
    await client.rows('ANALYZE t');
    await client.rows("LOAD 'auto_explain'");
  });

  afterEach(async () => {
    await server.close();
  });

  /** Times and costs left out. */
  function plans(): string[] {
    return logged.map((message) =>
      message
        .replace(/\d+\.\d{3} ms/, 'N ms')
        .replace(/cost=[\d.]+ /g, 'cost=N ')
        .replace(/actual time=[\d.]+ /g, 'actual time=N '),
    );
  }

  it('says nothing until a duration is set, and nothing of what is faster', async () => {
    await client.rows('SELECT count(*) FROM t');
    await client.rows("SET auto_explain.log_min_duration = '1min'");
    await client.rows('SELECT count(*) FROM t');
    expect(logged).to.deep.equal([]);
  });

  it('writes duration, text and plan; each statement with its own values, though they share a plan', async () => {
    await client.rows('SET auto_explain.log_min_duration = 0');
    await client.rows('SELECT * FROM t WHERE id < 5');
    await client.rows('SELECT * FROM t WHERE id < 7');
    expect(plans().map((text) => text.replace(/rows=\d+ /, ''))).to.deep.equal([
      'duration: N ms  plan:\n\tQuery Text: SELECT * FROM t WHERE id < 5\n\tSeq Scan on t  (cost=N width=8)\n\t  Filter: (id < 5)',
      'duration: N ms  plan:\n\tQuery Text: SELECT * FROM t WHERE id < 7\n\tSeq Scan on t  (cost=N width=8)\n\t  Filter: (id < 7)',
    ]);
  });

  it('counts rows and buffers when told to', async () => {
    await client.rows('SET auto_explain.log_min_duration = 0');
    await client.rows('SET auto_explain.log_analyze = on');
    await client.rows('SET auto_explain.log_timing = off');
    expect(await client.rows('SELECT id FROM t WHERE id < 3')).to.deep.equal([['1'], ['2']]);
    await client.rows('SET auto_explain.log_buffers = on');
    await client.rows('SET auto_explain.log_timing = on');
    await client.rows('SELECT id FROM t WHERE id < 3');
    const [rows, buffers] = plans();
    expect(rows).to.contain('\n\tSeq Scan on t  (cost=N rows=2 width=4) (actual rows=2 loops=1)');
    expect(rows).to.contain('\n\t  Rows Removed by Filter: 98');
    expect(buffers).to.contain('(actual time=N rows=2 loops=1)');
    expect(buffers).to.contain('\n\t  Buffers: shared hit=1');
  });

  it('writes one document, without the list that EXPLAIN answers', async () => {
    await client.rows('SET auto_explain.log_min_duration = 0');
    await client.rows("SET auto_explain.log_format = 'json'");
    await client.rows('SELECT 1 AS "a"');
    const document = JSON.parse(logged[0].replace(/^.*plan:\n/, ''));
    expect(document['Query Text']).to.equal('SELECT 1 AS "a"');
    expect(document.Plan['Node Type']).to.equal('Result');
    await client.rows("SET auto_explain.log_format = 'yaml'");
    await client.rows('SELECT 1');
    expect(plans()[1]).to.match(/plan:\n\tQuery Text: "SELECT 1"\n\tPlan: \n\t {2}Node Type: "Result"/);
    await client.rows("SET auto_explain.log_format = 'xml'");
    await client.rows('SELECT 1');
    expect(plans()[2]).to.match(
      /plan:\n\t<explain [^>]*>\n\t {2}<Query-Text>SELECT 1<\/Query-Text>\n\t {2}<Plan>\n(.*\n)*\t {2}<\/Plan>\n\t<\/explain>$/,
    );
  });

  it('adds changed settings, and output of each node', async () => {
    await client.rows('SET auto_explain.log_min_duration = 0');
    await client.rows('SET auto_explain.log_settings = on');
    await client.rows('SET auto_explain.log_verbose = on');
    await client.rows('SET enable_hashjoin = off');
    await client.rows('SELECT id FROM t');
    expect(plans()[0]).to.match(/Seq Scan on .*\n\t {2}Output: id\n\tSettings: enable_hashjoin = 'off'$/);
  });

  it('leaves out what fails, utilities, and what is not in the sample; writes of data it takes', async () => {
    await client.rows('SET auto_explain.log_min_duration = 0');
    await client.rows('SELECT 1 / (id - 50) FROM t').catch(() => {});
    await client.rows('CREATE TABLE u (a int)');
    await client.rows('SET auto_explain.sample_rate = 0');
    await client.rows('SELECT 1');
    expect(logged).to.deep.equal([]);
    await client.rows('SET auto_explain.sample_rate = 1');
    await client.rows('INSERT INTO u VALUES (1)');
    await client.rows('CREATE TABLE v AS SELECT * FROM u');
    expect(plans()[0]).to.contain('Query Text: INSERT INTO u VALUES (1)\n\tInsert on u');
    expect(plans()[1]).to.contain('Query Text: CREATE TABLE v AS SELECT * FROM u\n');
    expect(logged.length).to.equal(2);
  });

  it('is a matter of each session, and of superusers', async () => {
    await client.rows('SET auto_explain.log_min_duration = 0');
    const other = new DirectClient(server);
    await other.rows('SELECT 1');
    expect(logged).to.deep.equal([]);
    await other.rows('CREATE ROLE plain');
    await other.rows('SET ROLE plain');
    const refused = await other.rows('SET auto_explain.log_min_duration = 0').catch((error: Error) => error.message);
    expect(refused).to.contain('permission denied to set parameter "auto_explain.log_min_duration"');
  });
});
