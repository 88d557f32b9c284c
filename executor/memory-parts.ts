/**
 * Where the process's memory is: the rows of pg_stat_memory. Sizes are those of typed arrays and what V8 and the system report, not
 * estimates, but for what is said to be one; the rows add up to the resident set.
 */
import { getHeapStatistics } from 'node:v8';
import type { MemoryPart } from '../catalog/system-information.ts';
import { PAGE_SIZE } from '../storage/api.ts';
import { idleScratchBytes } from './scratch-memory.ts';
import type { DatabaseServer } from './server.ts';

/** What a locked row takes in its table of locks: an entry of a Map. An estimate. */
const ROW_LOCK_BYTES = 48;

export function memoryParts(server: DatabaseServer): MemoryPart[] {
  const { engine, workMemory } = server;
  let statementBytes = 0;
  for (const database of server.databases()) statementBytes += database.statementCache.textBytes;
  const { pool, indexMemory } = engine;
  let rowLocks = 0;
  for (const heap of engine.heaps()) rowLocks += heap.rowLocks.size;
  let catalogBytes = 0;
  for (const bytes of engine.catalog.values()) catalogBytes += bytes.byteLength;
  let wireBytes = 0;
  for (const session of server.sessions()) wireBytes += session.sink.out?.bytes.byteLength ?? 0;
  const limitOrNull = (limit: number): number | null => (Number.isFinite(limit) ? limit : null);
  const part = (name: string, bytes: number, limit: number | null, description: string): MemoryPart => ({
    name,
    bytes: Math.round(bytes),
    limit: limit === null ? null : Math.round(limit),
    description,
  });
  const outside = [
    part(
      'buffer pool',
      pool.memoryBytes,
      pool.frameCount * PAGE_SIZE,
      'frames used so far, and the tables over frames',
    ),
    part(
      'kept pages',
      pool.mainBranch.archive.memoryBytes,
      null,
      'pages as forks still see them, that have changed since',
    ),
    part('page tables', pool.pageTableBytes, null, 'which page of a relation is in which frame'),
    part(
      'indexes',
      indexMemory.nodeBytes,
      limitOrNull(indexMemory.limit),
      'nodes of all indexes; the limit is that of nodes, posting lists and keys together',
    ),
    part('index posting lists', indexMemory.postingBytes, null, 'row ids of keys that have more than one'),
    part('index key arenas', indexMemory.arenaBytes, null, 'keys of indexes that are not plain numbers'),
    part(
      'index entries for forks',
      indexMemory.unlimited().usedBytes,
      null,
      'entries that forks may need, and that were taken out of the indexes since',
    ),
    part('log tail', engine.wal.memoryBytes, null, 'log records that are not written yet, and the buffers for them'),
    part('commit table', engine.transactionBytes, null, 'states of transactions, and what waits for the sweep'),
    part(
      'catalog',
      catalogBytes,
      null,
      'definitions as they are stored; those in use are objects of the JavaScript heap',
    ),
    part('wire buffers', wireBytes, null, 'answers on their way to clients'),
    part('scratch memory', idleScratchBytes(), null, 'of hash tables, sorts and temporary files, ready for the next'),
  ];
  const heap = getHeapStatistics();
  const inside = [
    part('work memory', workMemory.used, limitOrNull(workMemory.limit), 'rows that running statements hold (estimate)'),
    part('lock tables', rowLocks * ROW_LOCK_BYTES, null, 'locked rows (estimate)'),
    part('statement cache', statementBytes, null, 'texts of cached statements; their plans are in the JavaScript heap'),
  ];
  const sum = (parts: readonly MemoryPart[]): number => parts.reduce((total, { bytes }) => total + bytes, 0);
  const rest = part(
    'JavaScript heap',
    heap.total_heap_size - sum(inside),
    heap.heap_size_limit,
    'sessions, plans, compiled code and all other objects; less the three lines before',
  );
  const known = [...outside, ...inside, rest];
  const other = part(
    'other',
    process.memoryUsage.rss() - sum(known),
    null,
    'the program itself, stacks, buffers not named here; less what is reserved above and was never touched',
  );
  return [...known, other];
}
