/**
 * Records which pages a real load wants:
 *
 *     node --import tsx bench/buffer-trace/record.ts FILE [-D DIR] [--port N] [--shared-buffers 64MB]
 *
 * A server in this process whose pool tells of each lookup; run any load against it, end it with Ctrl-C, and give FILE to
 * bench/buffer-trace.ts. FILE is page after page as u32, little endian, pages numbered in the order of their first access. Scans
 * in a ring are not in it: the policy does not hear of them either.
 */
import { closeSync, openSync, writeSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { openDatabaseServer } from '../../executor/index.ts';
import type { BufferPool } from '../../storage/api.ts';
import { WireServer } from '../../wire/index.ts';

const BUFFERED = 65_536;

/** Tells `record` of each lookup of the pool, by page number in the order of first access. Answers how to end it. */
export function recordLookups(pool: BufferPool, record: (page: number) => void): () => void {
  const numbers = new Map<number, number>();
  const { frameBase } = pool;
  let missed = -1;
  pool.frameBase = (rel, pageNo) => {
    const key = rel.relId * 2 ** 23 + pageNo;
    let number = numbers.get(key);
    if (number === undefined) {
      number = numbers.size;
      numbers.set(key, number);
    }
    // Looked up again when it has come: that is the same access.
    if (number !== missed) record(number);
    missed = rel.frames[pageNo] >= 0 ? -1 : number;
    return frameBase.call(pool, rel, pageNo);
  };
  return () => {
    pool.frameBase = frameBase;
  };
}

async function main(): Promise<void> {
  const [file, ...rest] = process.argv.slice(2);
  const args = new Map<string, string>();
  for (let i = 0; i < rest.length; i += 2) args.set(rest[i].replace(/^-+/, ''), rest[i + 1]);
  const database = await openDatabaseServer({
    dataDirectory: args.get('D') ?? null,
    settings: new Map([['shared_buffers', args.get('shared-buffers') ?? '64MB']]),
  });
  const fd = openSync(file, 'w');
  const buffer = new Uint32Array(BUFFERED);
  let count = 0;
  let total = 0;
  const flush = (): void => {
    writeSync(fd, new Uint8Array(buffer.buffer, 0, count * 4));
    total += count;
    count = 0;
  };
  recordLookups(database.engine.pool, (page) => {
    buffer[count++] = page;
    if (count === BUFFERED) flush();
  });
  const server = new WireServer({
    factory: database,
    hosts: ['127.0.0.1'],
    port: Number(args.get('port') ?? 5432),
    authMethod: 'trust',
    logFailure: (where, error) => console.error(where, error),
  });
  await server.listen();
  console.log(`recording on port ${server.port}`);
  process.once('SIGINT', async () => {
    flush();
    closeSync(fd);
    console.log(`${total} accesses`);
    await server.stop();
    await database.close();
  });
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) await main();
