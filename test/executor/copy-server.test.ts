/** COPY in binary, and from and to files and programs of the server. */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { openDatabaseServer } from '../../executor/index.ts';
import type { DatabaseServer } from '../../executor/server.ts';
import { WireServer } from '../../wire/index.ts';
import { type Answer, TextClient } from '../support/text-client.ts';

const HEADER = Buffer.concat([Buffer.from('PGCOPY\n\xff\r\n\0', 'latin1'), Buffer.alloc(8)]);

function int16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeInt16BE(value);
  return bytes;
}

function field(bytes: Buffer | null): Buffer {
  const size = Buffer.alloc(4);
  size.writeInt32BE(bytes === null ? -1 : bytes.length);
  return bytes === null ? size : Buffer.concat([size, bytes]);
}

function int4(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return field(bytes);
}

describe("COPY with the server's files and programs", () => {
  let directory: string;
  let database: DatabaseServer;
  let server: WireServer;
  let client: TextClient;
  const path = (name: string): string => join(directory, name);

  before(async () => {
    directory = mkdtempSync(join(tmpdir(), 'hotrow-copy-'));
    database = await openDatabaseServer({ dataDirectory: null, settings: new Map(), onLog: () => {} });
    server = new WireServer({
      factory: database,
      hosts: ['127.0.0.1'],
      port: 0,
      authMethod: 'trust',
      logFailure: (where, error) => {
        throw new Error(`${where}: ${String(error)}`);
      },
    });
    await server.listen();
    client = await TextClient.connect({
      host: '127.0.0.1',
      port: server.port,
      user: 'postgres',
      database: 'postgres',
    });
    await run('CREATE TABLE t (a int, b text)');
  });
  after(async () => {
    await client.end();
    await server.stop();
    await database.close();
    rmSync(directory, { recursive: true, force: true });
  });
  beforeEach(() => run('TRUNCATE t'));

  async function run(sql: string): Promise<Answer> {
    const answer = await client.query(sql);
    expect(answer.error, sql).to.equal(null);
    return answer;
  }

  async function failure(sql: string): Promise<string> {
    const { error } = await client.query(sql);
    return `${error?.code} ${error?.message}`;
  }

  async function rows(): Promise<string> {
    const answer = await run('SELECT a, b FROM t ORDER BY a');
    return JSON.stringify(answer.results[0].rows);
  }

  async function fromBinary(...parts: Buffer[]): Promise<string> {
    writeFileSync(path('in.bin'), Buffer.concat(parts));
    return failure(`COPY t FROM '${path('in.bin')}' BINARY`);
  }

  it('gives back in every format what it wrote', async () => {
    await run("INSERT INTO t SELECT g, repeat('ü' || chr(10), g % 7) FROM generate_series(1, 30000) g");
    await run('INSERT INTO t VALUES (0, NULL)');
    const before = await rows();
    for (const format of ['text', 'csv', 'binary']) {
      const file = path(`all.${format}`);
      expect((await run(`COPY t TO '${file}' (FORMAT ${format})`)).tags).to.deep.equal(['COPY 30001']);
      await run('TRUNCATE t');
      expect((await run(`COPY t FROM '${file}' (FORMAT ${format})`)).tags).to.deep.equal(['COPY 30001']);
      expect(await rows()).to.equal(before);
    }
  });

  it('writes the binary format of the manual', async () => {
    await run("INSERT INTO t VALUES (7, 'x'), (8, NULL)");
    await run(`COPY t TO '${path('two.bin')}' BINARY`);
    const rowsOf = [int16(2), int4(7), field(Buffer.from('x')), int16(2), int4(8), field(null)];
    expect(readFileSync(path('two.bin'))).to.deep.equal(Buffer.concat([HEADER, ...rowsOf, int16(-1)]));
  });

  it('reads binary rows with and without the trailer', async () => {
    await fromBinary(HEADER, int16(2), int4(1), field(Buffer.from('a')));
    await fromBinary(HEADER, int16(2), int4(2), field(null), int16(-1));
    expect(await rows()).to.equal('[["1","a"],["2",null]]');
  });

  it('refuses binary data that is not what it should be, and keeps nothing of it', async () => {
    const row = [int16(2), int4(1), field(null)];
    const cases: [string, Buffer[]][] = [
      ['22P04 COPY file signature not recognized', [Buffer.from('1\tx\n')]],
      ['22P04 invalid COPY file header (missing flags)', [HEADER.subarray(0, 12)]],
      ['22P04 row field count is 1, expected 2', [HEADER, ...row, int16(1), int4(1)]],
      ['22P04 unexpected EOF in COPY data', [HEADER, ...row, int16(2), int4(1)]],
      ['22P03 incorrect binary data format', [HEADER, ...row, int16(2), field(Buffer.alloc(5)), field(null)]],
      ['22P04 received copy data after EOF marker', [HEADER, ...row, int16(-1), ...row]],
    ];
    for (const [message, parts] of cases) expect(await fromBinary(...parts)).to.equal(message);
    expect(await rows()).to.equal('[]');
  });

  it('says which file cannot be opened', async () => {
    const missing = path('missing/file');
    expect(await failure(`COPY t FROM '${missing}'`)).to.equal(
      `58P01 could not open file "${missing}" for reading: No such file or directory`,
    );
    expect(await failure(`COPY t TO '${missing}'`)).to.equal(
      `58P01 could not open file "${missing}" for writing: No such file or directory`,
    );
    expect(await failure(`COPY t FROM '${directory}'`)).to.equal(`42809 "${directory}" is a directory`);
    expect(await failure("COPY t TO 'here.txt'")).to.equal('42602 relative path not allowed for COPY to file');
  });

  it('takes rows from a program and gives rows to one, and fails when the program does', async () => {
    await run(`COPY t FROM PROGRAM 'printf "1,one\\n2,two\\n"' CSV`);
    expect(await rows()).to.equal('[["1","one"],["2","two"]]');
    await run(`COPY t TO PROGRAM 'cat > ${path('out.csv')}' CSV`);
    expect(readFileSync(path('out.csv'), 'utf8')).to.equal('1,one\n2,two\n');
    expect(await failure(`COPY t FROM PROGRAM 'echo "3,x"; exit 3' CSV`)).to.equal(
      `38000 program "echo "3,x"; exit 3" failed`,
    );
    expect(await rows()).to.equal('[["1","one"],["2","two"]]');
  });

  it('is for superusers and members of the roles made for it', async () => {
    const file = path('joe.txt');
    await run('CREATE ROLE joe; GRANT ALL ON t TO joe; SET ROLE joe');
    for (const sql of [`COPY t TO '${file}'`, `COPY t FROM '${file}'`, "COPY t FROM PROGRAM 'true'"])
      expect(await failure(sql)).to.match(/^42501 must be superuser or have privileges of the pg_/);
    expect(existsSync(file)).to.equal(false);
    await run('RESET ROLE; GRANT pg_write_server_files TO joe; SET ROLE joe');
    await run(`COPY t TO '${file}'`);
    expect(existsSync(file)).to.equal(true);
    await run('RESET ROLE');
  });
});
