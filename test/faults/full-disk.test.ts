/**
 * A disk that runs full: writers are told 53100, readers are served, and when there is space again the server goes on by itself.
 *
 * On a small tmpfs with a real server where this process may mount one (root); and always on files in memory that run full.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { type DatabaseServer, openDatabaseServer } from '../../executor/index.ts';
import { MemoryFileSystem } from '../../storage/api.ts';
import { DirectClient } from '../support/direct-client.ts';
import { type ServerProcess, startServerProcess } from '../support/server-process.ts';
import { TextClient } from '../support/text-client.ts';

const MB = 1024 * 1024;

/** What the story needs to know of a database, and of the disk below it. */
interface Place {
  /** Rows, or the code of the error. */
  ask(sql: string): Promise<string>;
  /** Gives space back that others had. */
  giveSpace(): void;
  /** The machine dies, and starts again. */
  restart(): Promise<void>;
}

async function tellStory(place: Place): Promise<void> {
  await place.ask('CREATE TABLE small (a int PRIMARY KEY, b int); INSERT INTO small VALUES (1, 0)');
  await place.ask('CREATE TABLE big (a int, b text)');
  let acknowledged = 0;
  let answer = '';
  for (; acknowledged < 400 && answer !== '53100'; ) {
    answer = await place.ask(`INSERT INTO big SELECT ${acknowledged}, repeat('x', 1000) FROM generate_series(1, 500)`);
    if (answer === '') acknowledged++;
    else expect(answer, 'what a writer is told').to.equal('53100');
  }
  expect(answer, 'the disk runs full').to.equal('53100');
  expect(acknowledged).to.be.greaterThan(2);
  // Reads go on; nothing half of what failed is there.
  expect(await place.ask('SELECT count(*), count(DISTINCT a) FROM big')).to.equal(
    `${acknowledged * 500} ${acknowledged}`,
  );
  expect(await place.ask('SELECT b FROM small WHERE a = 1')).to.equal('0');
  expect(await place.ask('BEGIN; SELECT 1; ROLLBACK')).to.equal('1');
  place.giveSpace();
  // By itself: the same server, soon.
  for (let tries = 0; tries < 100 && answer !== ''; tries++) {
    answer = await place.ask(`INSERT INTO big SELECT ${acknowledged}, repeat('x', 1000) FROM generate_series(1, 500)`);
    if (answer !== '') await new Promise((resolve) => setTimeout(resolve, 100));
  }
  expect(answer, 'writers are served again').to.equal('');
  acknowledged++;
  expect(await place.ask('UPDATE small SET b = 1')).to.equal('');
  await place.restart();
  expect(await place.ask('SELECT count(*), count(DISTINCT a) FROM big')).to.equal(
    `${acknowledged * 500} ${acknowledged}`,
  );
  expect(await place.ask('SELECT b FROM small')).to.equal('1');
}

function textOf(rows: readonly (readonly (string | null)[])[]): string {
  return rows.map((row) => row.join(' ')).join('\n');
}

describe('A full disk', function () {
  this.timeout(120_000);

  it('in memory: refuses writers with 53100, serves readers, and goes on when there is space', async () => {
    let disk = new MemoryFileSystem();
    const open = (): Promise<DatabaseServer> =>
      openDatabaseServer({
        dataDirectory: '/data',
        fileSystem: disk,
        settings: new Map([['shared_buffers', '256']]),
        onLog: () => {},
      });
    let server = await open();
    let client = new DirectClient(server);
    disk.capacity = 40 * MB;
    await tellStory({
      ask: async (sql) => {
        const { error, rows } = await client.query(sql);
        return error === null ? textOf(rows) : error.code;
      },
      giveSpace: () => {
        disk.capacity = 80 * MB;
      },
      restart: async () => {
        const survivor = disk.fork();
        client.abandon();
        server.engine.abandon();
        survivor.crash();
        disk = survivor;
        server = await open();
        client = new DirectClient(server);
      },
    });
    server.engine.abandon();
  });

  const mountPoint = mkdtempSync(join(tmpdir(), 'hotrow-full-'));
  const isMounted = mountSmallDisk(mountPoint);
  let server: ServerProcess | null = null;
  let client: TextClient | null = null;

  after(async () => {
    await server?.kill();
    if (isMounted) execFileSync('umount', [mountPoint]);
    rmSync(mountPoint, { recursive: true, force: true });
  });

  if (!isMounted) {
    // Said, not skipped: the same story has been told on files in memory.
    it('of the operating system: not tested, this process may not mount a tmpfs', () => {
      expect(process.getuid?.()).to.not.equal(0);
    });
    return;
  }

  it('of the operating system (tmpfs): the same', async () => {
    const filler = join(mountPoint, 'filler');
    writeFileSync(filler, Buffer.alloc(40 * MB));
    const start = async (): Promise<void> => {
      server = await startServerProcess(join(mountPoint, 'data'), ['-c', 'shared_buffers=2MB']);
      client = await TextClient.connect({
        host: '127.0.0.1',
        port: server.port,
        user: 'postgres',
        database: 'postgres',
      });
    };
    await start();
    await tellStory({
      ask: async (sql) => {
        const { error, results } = await client!.query(sql);
        return error === null ? results.map(({ rows }) => textOf(rows)).join('') : error.code;
      },
      giveSpace: () => rmSync(filler),
      restart: async () => {
        await server!.kill();
        await start();
      },
    });
    await client!.end();
  });
});

function mountSmallDisk(mountPoint: string): boolean {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=100m', 'tmpfs', mountPoint], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
