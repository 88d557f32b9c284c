/**
 * The way down a row's versions, from one that a snapshot does not see to the one that it does.
 *
 *      top (not seen) -> v9 -> v8 -> [ v7: its page is not in memory ]      the snapshot remembers: from v9, as far as v7
 *
 * A row that changed often under a long snapshot has more old versions than the pool has pages. So a walk that meets a missing
 * page does not begin again at the top, and pages of older versions, which stand before the newer ones, are asked for with it.
 * What was passed stays passed: a snapshot that did not see a version never will, unless it is the transaction's own (then
 * refreshOwnWrites forgets the walk).
 */
import type { Snapshot } from '../mvcc/index.ts';
import type { HeapContext } from './context.ts';
import { NO_VERSION, ROW_PREVIOUS_PAGE_OFFSET, ROW_PREVIOUS_SLOT_OFFSET, ROW_SLOT_BITS } from './row-header.ts';

const READ_AHEAD = 16;
const wanted = new Uint32Array(READ_AHEAD);

/** Base of the newest version below the one at `row` that the snapshot sees, -1 if there is none. Throws PAGE_MISS. */
export function olderVisible(context: HeapContext, row: number, snapshot: Snapshot): number {
  const { pool, transactions, versions } = context;
  let page = pool.u32[(row + ROW_PREVIOUS_PAGE_OFFSET) >>> 2];
  if (page === NO_VERSION) return -1;
  let slot = pool.u16[(row + ROW_PREVIOUS_SLOT_OFFSET) >>> 1];
  const from = page * (1 << ROW_SLOT_BITS) + slot;
  if (snapshot.walkFrom === from) {
    page = Math.floor(snapshot.walkAt / (1 << ROW_SLOT_BITS));
    slot = snapshot.walkAt % (1 << ROW_SLOT_BITS);
  }
  for (;;) {
    if (pool.tryFrame(versions.pages, page) < 0) {
      snapshot.walkFrom = from;
      snapshot.walkAt = page * (1 << ROW_SLOT_BITS) + slot;
      readAhead(context, page);
    }
    const version = versions.versionBase(page, slot);
    if (transactions.isVisible(pool.f64[version >>> 3], snapshot)) return version;
    page = pool.u32[(version + ROW_PREVIOUS_PAGE_OFFSET) >>> 2];
    if (page === NO_VERSION) return -1;
    slot = pool.u16[(version + ROW_PREVIOUS_SLOT_OFFSET) >>> 1];
  }
}

function readAhead({ pool, versions }: HeapContext, page: number): void {
  const count = Math.min(READ_AHEAD, page + 1);
  for (let i = 0; i < count; i++) wanted[i] = page + 1 - count + i;
  pool.prefetch(versions.pages, wanted, count);
}
