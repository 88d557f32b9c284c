/** `hotrow verify` names each kind of damage by file and place, and changes nothing. */
import { expect } from 'chai';
import { openDatabaseServer } from '../../../executor/index.ts';
import { rowChecks } from '../../../executor/verify-rows.ts';
import { MemoryFileSystem } from '../../../storage/api.ts';
import { stampPageChecksum } from '../../../storage/page/index.ts';
import { describeProblem, type VerifyReport, verifyDirectory } from '../../../storage/verify/index.ts';
import { DirectClient } from '../../support/direct-client.ts';

const DIRECTORY = '/data';
const PAGE = 8192;

/** A database with moved rows, long values, a sequence; closed in order, or dead with its log to be replayed. */
async function makeDirectory(
  ends: 'closed' | 'killed',
): Promise<{ disk: MemoryFileSystem; heap: number; chunks: number }> {
  const disk = new MemoryFileSystem();
  const server = await openDatabaseServer({
    dataDirectory: DIRECTORY,
    fileSystem: disk,
    settings: new Map([['shared_buffers', '256']]),
    onLog: () => {},
  });
  const client = new DirectClient(server);
  await client.rows(`CREATE TABLE t (a int PRIMARY KEY, b text, c text); CREATE SEQUENCE s;
    INSERT INTO t SELECT g, repeat('x', 30) FROM generate_series(1, 600) g;
    UPDATE t SET b = repeat('y', 400) WHERE a <= 60`);
  // Compressed, two chunks and one above them.
  await client.rows(
    `UPDATE t SET c = (SELECT string_agg(md5(i::text || a::text), '') FROM generate_series(1, 600) i) WHERE a > 590`,
  );
  if (ends === 'killed') {
    await client.rows('CHECKPOINT; UPDATE t SET b = repeat(b, 2) WHERE a % 5 = 0');
    for (let a = 1000; a < 1004; a++) await client.rows(`INSERT INTO t VALUES (${a}, 'a flush of its own')`);
  }
  const entry = [...[...server.databases()].flatMap((database) => [...database.catalog.relations()])].find(
    ({ name }) => name === 't',
  )!;
  client.close();
  if (ends === 'closed') await server.close();
  else server.engine.abandon();
  disk.kill();
  return { disk, heap: entry.relId, chunks: entry.overflowRelId };
}

function verified(disk: MemoryFileSystem): VerifyReport {
  const writes = disk.counts.write + disk.counts.truncate + disk.counts.rename + disk.counts.unlink + disk.counts.sync;
  const report = verifyDirectory({ fileSystem: disk, directory: DIRECTORY, rowChecks });
  const after = disk.counts.write + disk.counts.truncate + disk.counts.rename + disk.counts.unlink + disk.counts.sync;
  expect(after - writes, 'changes of the directory').to.equal(0);
  return report;
}

/** Problems as lines, without ends that say numbers. */
function problemsOf(disk: MemoryFileSystem): string[] {
  return verified(disk).problems.map(describeProblem);
}

/** Changes a page on disk, and its checksum with it: damage that only its meaning shows. */
function editPage(disk: MemoryFileSystem, path: string, block: number, edit: (page: Buffer) => void): void {
  const file = disk.open(path, 'readwrite');
  const page = Buffer.alloc(PAGE);
  file.readSync(page, 0, PAGE, block * PAGE);
  edit(page);
  stampPageChecksum(page, 0);
  file.writeSync(page, 0, PAGE, block * PAGE);
  file.close();
}

function firstSlot(page: Buffer, accept: (flags: number) => boolean): { slot: number; offset: number } {
  for (let slot = 0; slot < page.readUInt16LE(12); slot++) {
    const offset = page.readUInt16LE(32 + slot * 4);
    if (offset !== 0 && accept(page[offset + 14])) return { slot, offset };
  }
  throw new Error('no such slot');
}

describe('verify', () => {
  let closed: Awaited<ReturnType<typeof makeDirectory>>;
  let killed: Awaited<ReturnType<typeof makeDirectory>>;
  let disk: MemoryFileSystem;
  let heap: string;
  let heapFile: string;
  const walFile = `wal/${(16 * 1024 * 1024).toString(16).padStart(16, '0')}`;

  before(async () => {
    closed = await makeDirectory('closed');
    killed = await makeDirectory('killed');
  });
  beforeEach(() => {
    disk = closed.disk.fork();
    heapFile = `base/${closed.heap}`;
    heap = `${DIRECTORY}/${heapFile}`;
  });

  it('finds nothing wrong with a directory that was closed, and counts what it saw', () => {
    const { problems, notes, counts } = verified(disk);
    expect([problems, notes]).to.deep.equal([[], []]);
    expect(counts).to.include({ sequences: 1, longValues: 10 });
    expect(counts.rows).to.equal(600 + 10 * 3);
    expect(counts.movedRows).to.be.greaterThan(0);
    expect(counts.catalogEntries).to.be.greaterThan(5);
    expect(counts.logRecords).to.be.greaterThan(0);
  });

  it('finds nothing wrong with what a crash left: the log makes it good', () => {
    const { problems } = verified(killed.disk.fork());
    expect(problems).to.deep.equal([]);
    // A page that is torn on disk, and whole in the log.
    const torn = killed.disk.fork();
    torn.corrupt(`${DIRECTORY}/base/${killed.heap}`, 3 * PAGE + 4000, 255);
    expect(verified(torn).problems).to.deep.equal([]);
  });

  it('a flipped bit in a page', () => {
    disk.corrupt(heap, 2 * PAGE + 5000);
    expect(problemsOf(disk)).to.deep.equal([`${heapFile} block 2: its checksum is wrong`]);
  });

  it('a page in another place', () => {
    const file = disk.open(heap, 'readwrite');
    const page = new Uint8Array(PAGE);
    file.readSync(page, 0, PAGE, PAGE);
    file.writeSync(page, 0, PAGE, 3 * PAGE);
    file.close();
    expect(problemsOf(disk)[0]).to.equal(`${heapFile} block 3: it is page 1 of relation ${closed.heap}`);
  });

  it('a file that is cut, or gone', () => {
    const cut = disk.fork();
    cut.open(heap, 'readwrite').truncateSync(2 * PAGE + 100);
    expect(problemsOf(cut)).to.include(`${heapFile} block 2: only 100 of 8192 bytes are there`);
    disk.unlink(heap);
    expect(problemsOf(disk)[0]).to.match(new RegExp(`^${heapFile} block 0: could not open file .*: No such file`));
  });

  it('slots that overlap, counts that are wrong', () => {
    editPage(disk, heap, 1, (page) => page.writeUInt16LE(page.readUInt16LE(36), 32));
    expect(problemsOf(disk)[0]).to.match(new RegExp(`^${heapFile} block 1: slot \\d+: row at`));
    disk = closed.disk.fork();
    editPage(disk, heap, 1, (page) => page.writeUInt16LE(page.readUInt16LE(30) + 1, 30));
    expect(problemsOf(disk)[0]).to.match(new RegExp(`^${heapFile} block 1: 0 free slots, header says 1`));
  });

  it('a row that forwards to nowhere', () => {
    let at = 0;
    editPage(disk, heap, 0, (page) => {
      const { slot, offset } = firstSlot(page, (flags) => (flags & 2) !== 0);
      at = slot;
      page.writeUInt32LE(99_999_999, offset + 16);
    });
    expect(problemsOf(disk)).to.include(
      `${heapFile} block 0: slot ${at}: forwards to block 195312 slot 255, where no row is`,
    );
  });

  it('two rows that forward to one place', () => {
    editPage(disk, heap, 0, (page) => {
      const first = firstSlot(page, (flags) => (flags & 2) !== 0);
      let seen = 0;
      const second = firstSlot(page, (flags) => (flags & 2) !== 0 && seen++ === 1);
      page.writeUInt32LE(page.readUInt32LE(first.offset + 16), second.offset + 16);
    });
    expect(problemsOf(disk)[0]).to.match(
      /^base\/\d+ block 0: slot \d+: forwards to block \d+ slot \d+, as block 0 slot \d+ does/,
    );
    // The place that nobody names any more is told of, too.
    expect(verified(disk).notes.map(describeProblem)[0]).to.match(/a moved row's place that no row names/);
  });

  it('a row with an xid that was never given out, or impossible flags', () => {
    editPage(disk, heap, 1, (page) => page.writeDoubleLE(1e12, firstSlot(page, (flags) => flags === 0).offset));
    expect(problemsOf(disk)[0]).to.match(/block 1: slot \d+: xid 1000000000000$/);
    disk = closed.disk.fork();
    editPage(disk, heap, 1, (page) => {
      page[firstSlot(page, (flags) => flags === 0).offset + 14] = 64;
    });
    expect(problemsOf(disk)[0]).to.match(/block 1: slot \d+: row flags 64$/);
  });

  it('a column that lies outside its row', () => {
    editPage(disk, heap, 1, (page) => {
      const { offset } = firstSlot(page, (flags) => flags === 0);
      page.writeUInt16LE(0x7ff0, offset + 24);
    });
    expect(problemsOf(disk)[0]).to.match(/block 1: slot \d+: column "b" of table "t" lies at 28\.\.32752$/);
  });

  it('a long value whose chunks are not there', () => {
    const chunks = `${DIRECTORY}/base/${closed.chunks}`;
    const file = disk.open(chunks, 'read');
    const page = Buffer.alloc(8192);
    let root: { pageNo: number; offset: number } | null = null;
    // Data chunks are long; the chunk above two of them holds their row ids, behind its header.
    for (let pageNo = 0; root === null; pageNo++) {
      expect(file.readSync(page, 0, PAGE, pageNo * PAGE), 'an index chunk is there').to.equal(PAGE);
      for (let slot = 0; slot < page.readUInt16LE(12); slot++) {
        if (page.readUInt16LE(34 + slot * 4) === 24) root = { pageNo, offset: page.readUInt16LE(32 + slot * 4) };
      }
    }
    file.close();
    const { pageNo, offset } = root;
    editPage(disk, chunks, pageNo, (bytes) => bytes.writeUInt32LE(77 * 512, offset + 16));
    expect(problemsOf(disk)[0]).to.match(
      /column "c" of table "t": its long value: chunk 0 of 2 is not at base\/\d+ block 77 slot 0$/,
    );
  });

  it('an old version that an unfinished transaction would need', async () => {
    const server = await openDatabaseServer({
      dataDirectory: DIRECTORY,
      fileSystem: disk,
      settings: new Map([['shared_buffers', '256']]),
      onLog: () => {},
    });
    const client = new DirectClient(server);
    await client.rows("BEGIN; UPDATE t SET b = 'lost' WHERE a = 300");
    const other = new DirectClient(server);
    await other.rows('CHECKPOINT');
    server.engine.abandon();
    disk.kill();
    expect(problemsOf(disk)).to.deep.equal([]);
    editPage(disk, `${DIRECTORY}/base/1`, 0, (page) => page.writeUInt32LE(4711, page.readUInt16LE(32) + 4));
    expect(problemsOf(disk)[0]).to.match(/never committed, and version 0\.0, which it replaced, is of relation 4711$/);
  });

  it('an index image that is damaged, cut, missing, or of another time; one that nobody uses is noted', () => {
    const [name] = disk.list(`${DIRECTORY}/index`);
    const path = `${DIRECTORY}/index/${name}`;
    const rebuilt = 'the next start rebuilds the index';
    const first = (): string => {
      const [problem] = problemsOf(disk);
      disk = closed.disk.fork();
      return problem;
    };
    expect(verified(disk).counts.indexImages).to.equal(1);
    disk.corrupt(path, 300, 4);
    expect(first()).to.match(
      new RegExp(`^index/${name}: the checksum of its bytes \\d+ to \\d+ is wrong; ${rebuilt}$`),
    );
    disk.open(path, 'readwrite').truncateSync(200);
    expect(first()).to.match(new RegExp(`^index/${name}: it ends at \\d+, in the middle; ${rebuilt}$`));
    disk.corrupt(path, 24, 1);
    expect(first()).to.equal(`index/${name}: it is of another index or time; ${rebuilt}`);
    disk.unlink(path);
    expect(first()).to.match(new RegExp(`^index/${name}: could not open file .*; ${rebuilt}$`));
    disk.open(`${DIRECTORY}/index/9.9`, 'create').close();
    const { problems, notes } = verified(disk);
    expect([problems.length, notes.map(describeProblem)]).to.deep.equal([
      0,
      ['index/9.9: an image that is not in use; the next start removes it'],
    ]);
  });

  it('a key of a row that is not there', () => {
    // The last row of a page loses its slot, in the page only.
    editPage(disk, heap, 1, (page) => {
      const slot = page.readUInt16LE(12) - 1;
      const capacity = page.readUInt16LE(34 + slot * 4);
      page.writeUInt32LE(0, 32 + slot * 4);
      page.writeUInt16LE(slot, 12);
      page.writeUInt16LE(32 + slot * 4, 14);
      page.writeUInt16LE(page.readUInt16LE(28) + capacity, 28);
    });
    expect(problemsOf(disk).at(-1)).to.match(/^index\/\d+\.\d+: it has a key for block 1 slot \d+, where no row is;/);
  });

  it('a file of no relation is noted', () => {
    disk.open(`${DIRECTORY}/base/4711`, 'create').close();
    const { problems, notes } = verified(disk);
    expect([problems.length, notes.map(describeProblem)]).to.deep.equal([
      0,
      ['base/4711: a file of no relation; the next start removes it'],
    ]);
  });

  it('damage in the log: before its end, in its middle, in what nobody needs any more', () => {
    const path = `${DIRECTORY}/${walFile}`;
    const offsets: number[] = [];
    const old = killed.disk.fork();
    const size = old.open(path, 'read').size();
    const bytes = Buffer.alloc(size);
    old.open(path, 'read').readSync(bytes, 0, size, 0);
    for (let at = 0; bytes.readUInt32LE(at) !== 0; at += bytes.readUInt32LE(at)) offsets.push(at);
    old.corrupt(path, offsets[3] + 40);
    expect(problemsOf(old)).to.deep.equal([`${walFile} offset ${offsets[3]}: old log: wrong checksum`]);
    const last = killed.disk.fork();
    last.corrupt(path, offsets[offsets.length - 1] + 40);
    expect(problemsOf(last), 'the last flush looks like a torn one').to.deep.equal([]);
    const middle = killed.disk.fork();
    const third = offsets[offsets.length - 5];
    middle.corrupt(path, third + 40);
    expect(problemsOf(middle)[0]).to.match(
      new RegExp(
        `^${walFile} offset ${third}: the log is damaged in its middle: wrong checksum; whole records go on at`,
      ),
    );
    disk.corrupt(path, lastRecordOffset(disk, path) + 34);
    expect(problemsOf(disk)[0]).to.match(
      new RegExp(`^${walFile} offset \\d+: the log ends before the last checkpoint`),
    );
  });

  it('a missing segment, control file or state', () => {
    const noLog = disk.fork();
    noLog.unlink(`${DIRECTORY}/${walFile}`);
    expect(problemsOf(noLog)[0]).to.match(
      new RegExp(`^${walFile} offset \\d+: the log ends before the last checkpoint at [0-9a-f]+: missing segment`),
    );
    const noControl = disk.fork();
    noControl.unlink(`${DIRECTORY}/control`);
    noControl.corrupt(heap, 5000);
    expect(problemsOf(noControl)).to.deep.equal([
      'control: it is missing, though the directory holds data',
      `${heapFile} block 0: its checksum is wrong (without the log)`,
    ]);
    const badControl = disk.fork();
    badControl.corrupt(`${DIRECTORY}/control`, 50);
    expect(problemsOf(badControl)).to.deep.equal([
      `control: control file "${DIRECTORY}/control" is damaged: its checksum is wrong`,
    ]);
    const state = disk.list(DIRECTORY).find((name) => name.startsWith('checkpoint.'))!;
    disk.corrupt(`${DIRECTORY}/${state}`, 60);
    expect(problemsOf(disk)).to.deep.equal([
      `${state}: checkpoint file "${DIRECTORY}/${state}" is damaged: its checksum is wrong`,
    ]);
  });

  it('refuses what is no data directory, or of another version', () => {
    expect(() => verified(new MemoryFileSystem())).to.throw('"/data" is not a data directory');
    disk.corrupt(`${DIRECTORY}/control`, 8, 64);
    expect(() => verified(disk)).to.throw('database files are incompatible with server');
  });
});

function lastRecordOffset(disk: MemoryFileSystem, path: string): number {
  const file = disk.open(path, 'read');
  const bytes = Buffer.alloc(file.size());
  file.readSync(bytes, 0, bytes.length, 0);
  let last = 0;
  for (let at = 0; bytes.readUInt32LE(at) !== 0; at += bytes.readUInt32LE(at)) last = at;
  return last;
}
