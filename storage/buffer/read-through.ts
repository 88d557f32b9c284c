/**
 * Reads pages of a relation's file without giving them frames: afterwards the operating system has them in its memory, and a
 * miss is a copy. Nothing is looked at in what was read; who wants a page reads it again.
 */
import { SqlError } from '../../types/errors.ts';
import { PAGE_SIZE } from '../limits.ts';
import type { BufferPool } from './pool.ts';
import type { RelationPages } from './relation-pages.ts';

/** Pages in one read. */
export const READ_THROUGH_PAGES = 64;
/** All readers share it: nobody reads from it. */
const scratch = Buffer.allocUnsafeSlow(READ_THROUGH_PAGES * PAGE_SIZE);

/** Reads `count` pages, at most READ_THROUGH_PAGES. A file or pages that were never written are no error. */
export function readThrough(
  pool: BufferPool,
  rel: RelationPages,
  pageNo: number,
  count: number,
  callback: (error: SqlError | null) => void,
): void {
  const end = (error: SqlError | null): void => {
    rel.ioCount--;
    pool.files.afterWrites([rel]);
    callback(error?.code === '58P01' ? null : error);
  };
  rel.ioCount++;
  try {
    pool.files.open(rel, false).readInto(scratch, 0, count * PAGE_SIZE, pageNo * PAGE_SIZE, end);
  } catch (error) {
    if (!(error instanceof SqlError)) throw error;
    setImmediate(end, error);
  }
}
