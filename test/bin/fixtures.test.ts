/** `hotrow fixtures`: files of SQL with expected answers, run, told with file and line, and recorded. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { fixtures } from '../../bin/fixtures/command.ts';
import { openDatabaseServer } from '../../executor/index.ts';
import { WireServer } from '../../wire/index.ts';

const GOOD = `# Two records.

statement ok
CREATE TABLE t (a int, b text[])

query int4,text[]
INSERT INTO t VALUES (1, NULL) RETURNING *
----
a|b
1|NULL
`;

describe('hotrow fixtures', () => {
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'hotrow-fixtures-'));
  });

  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  function write(name: string, text: string): string {
    const path = join(folder, name);
    writeFileSync(path, text);
    return path;
  }

  async function run(...words: string[]): Promise<{ status: number; out: string; err: string }> {
    let out = '';
    let err = '';
    const status = await fixtures(
      words,
      (text) => {
        out += text;
      },
      (text) => {
        err += text;
      },
    );
    return { status, out, err };
  }

  it('runs every file of a folder in an empty database of its own', async () => {
    write('a.slt', GOOD);
    write('b.slt', GOOD);
    const { status, out } = await run(folder);
    expect(out).to.match(/^2 files: 4 records passed, 0 failed$/m);
    expect(status).to.equal(0);
  });

  it('tells what differs with file and line, and ends with 1', async () => {
    const path = write('a.slt', GOOD.replace('1|NULL', '1|x'));
    const { status, out } = await run(path);
    expect(out).to.contain(`${path}:6: INSERT INTO t VALUES (1, NULL) RETURNING *`);
    expect(out).to.match(
      /expected:\n +query int4,text\[\]\n +a\|b\n +1\|x\n +got:\n +query int4,text\[\]\n +a\|b\n +1\|NULL/,
    );
    expect(out).to.match(/^1 files: 1 records passed, 1 failed$/m);
    expect(status).to.equal(1);
  });

  it('--update writes what was answered, and nothing else', async () => {
    const path = write('a.slt', GOOD.replace('query int4,text[]', 'query').replace('----\na|b\n1|NULL\n', ''));
    expect((await run(path, '--update')).status).to.equal(0);
    expect(readFileSync(path, 'utf8')).to.equal(GOOD);
  });

  it('names the line that is not in the form', async () => {
    const path = write('a.slt', `${GOOD}\nqueri\nSELECT 1\n`);
    const { status, out } = await run(path);
    expect(out).to.contain(`${path}:12: a record begins with`);
    expect(status).to.equal(1);
  });

  it('--url takes a new database of a server, with a password where it wants one', async () => {
    const database = await openDatabaseServer({ dataDirectory: null, settings: new Map([['shared_buffers', '16MB']]) });
    const session = await startServer(database, 'trust');
    const path = write('a.slt', GOOD);
    const role = write('role.slt', "statement ok\nALTER ROLE postgres PASSWORD 'se cret'\n");
    expect((await run(role, '--url', `postgres://postgres@127.0.0.1:${session.port}/postgres`)).status).to.equal(0);
    await session.stop();
    const server = await startServer(database, 'scram-sha-256');
    const withPassword = await run(path, `--url=postgres://postgres:se%20cret@127.0.0.1:${server.port}/postgres`);
    const wrong = await run(path, `--url=postgres://postgres:other@127.0.0.1:${server.port}/postgres`);
    await server.stop();
    await database.close();
    expect(withPassword.out).to.match(/2 records passed, 0 failed/);
    expect(wrong).to.include({ status: 2, out: '' });
    expect(wrong.err).to.contain('28P01 password authentication failed');
  });

  it('says how it is used, and ends with 2', async () => {
    expect(await run()).to.include({ status: 2, out: '' });
    expect((await run(folder)).err).to.contain('no fixture files');
    expect((await run(join(folder, 'nowhere'))).err).to.contain('ENOENT');
    expect((await run(folder, '--url', 'mysql://x')).err).to.contain('not a postgres:// URL');
  });
});

async function startServer(
  factory: Awaited<ReturnType<typeof openDatabaseServer>>,
  authMethod: 'trust' | 'scram-sha-256',
): Promise<WireServer> {
  const server = new WireServer({ factory, hosts: ['127.0.0.1'], port: 0, authMethod, logFailure: () => {} });
  await server.listen();
  return server;
}
