/** A small pool over memory files, and a log that keeps its bytes there too. */
import {
  type BufferPool,
  PAGE_MISS,
  BufferPool as Pool,
  type QuickReads,
  type RelationPages,
} from '../../../storage/buffer/index.ts';
import { MemoryFileSystem } from '../../../storage/io/index.ts';
import { PAGE_SIZE } from '../../../storage/limits.ts';
import { WAL_PAGES, Wal, WalSegments } from '../../../storage/wal/index.ts';

export interface PoolRig {
  readonly fileSystem: MemoryFileSystem;
  readonly wal: Wal;
  readonly pool: BufferPool;
}

export function makePool(
  frames = 16,
  fileSystem = new MemoryFileSystem(),
  quickReads: QuickReads | null = null,
): PoolRig {
  const wal = new Wal({ segments: new WalSegments(fileSystem, '/d/wal') });
  wal.open(16 * 1024 * 1024, 0);
  const pool = new Pool({ fileSystem, directory: '/d', size: frames * PAGE_SIZE, wal, quickReads });
  return { fileSystem, wal, pool };
}

/** Where the test's number stands in its pages. */
const VALUE_OFFSET = 4096;

export function valueAt(pool: BufferPool, base: number): number {
  return pool.f64[(base + VALUE_OFFSET) >>> 3];
}

/** Changes the page and logs it, as a heap would. */
export function setValue(
  { pool, wal }: PoolRig,
  rel: RelationPages,
  pageNo: number,
  base: number,
  value: number,
): void {
  wal.begin(WAL_PAGES, 1);
  pool.f64[(base + VALUE_OFFSET) >>> 3] = value;
  wal.pageRange(rel, pageNo, base, VALUE_OFFSET, VALUE_OFFSET + 8);
  wal.end();
}

/** A new page whose whole body counts as used, with a value in it. */
export function addPage(rig: PoolRig, rel: RelationPages, value: number): number {
  const { pool, wal } = rig;
  const base = pool.newPage(rel, 4);
  const pageNo = rel.pageCount - 1;
  pool.u16[(base + 14) >>> 1] = PAGE_SIZE;
  wal.begin(WAL_PAGES, 1);
  wal.pageInit(rel, pageNo, base);
  pool.f64[(base + VALUE_OFFSET) >>> 3] = value;
  wal.pageHeader(rel, pageNo, base);
  wal.pageRange(rel, pageNo, base, VALUE_OFFSET, VALUE_OFFSET + 8);
  wal.end();
  return base;
}

export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** The page, waiting for it as a parked statement would. Errors other than PAGE_MISS come out. */
export async function fetchPage(pool: BufferPool, rel: RelationPages, pageNo: number): Promise<number> {
  for (;;) {
    try {
      return pool.frameBase(rel, pageNo);
    } catch (error) {
      if (error !== PAGE_MISS) throw error;
      await new Promise<void>((resolve) => pool.onLoaded(resolve));
    }
  }
}

/** Until the page writer rests. */
export async function settle(pool: BufferPool): Promise<void> {
  await turn();
  await new Promise<void>((resolve) => pool.writer.whenSettled(resolve));
  await turn();
}

/** Writes everything dirty. */
export async function writeAll(pool: BufferPool): Promise<void> {
  const error = await new Promise((resolve) => pool.writer.writeFrames(pool.dirtyFrames(), resolve));
  if (error !== null) throw error;
}
