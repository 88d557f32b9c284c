/**
 * How many rows a table has for a snapshot. Pages in the visibility map are not looked at, but for those whose rows nobody has
 * counted since the start; of all others the rows are looked at one by one.
 */
import { PAGE_MISS, pageSlotCount, ROW_FLAGS_OFFSET, slotOffset } from '../../storage/api.ts';
import type { ScanPosition } from '../compile/row-program.ts';
import type { ExecContext } from '../context.ts';
import type { TableRuntime } from '../table-runtime.ts';

/** Pages of the map passed in one slice. */
const PASSED_MAX = 65_536;

/** Counts on from the position, up to the end of the slice or of the table (position.page = endPage). Throws PAGE_MISS. */
export function countRows(x: ExecContext, table: TableRuntime, position: ScanPosition): number {
  const { heap, pool } = table;
  const { visibility } = heap;
  const { reads, endPage } = position;
  let count = 0;
  let passed = 0;
  try {
    while (position.page < endPage) {
      const page = position.page;
      let rows = visibility.rowsOf(page);
      if (rows < 0) {
        const base = reads.base(page);
        if (visibility.has(page) && x.engine.settleFrame(heap, page, base)) rows = visibility.rowsOf(page);
        else rows = visibleRows(x, table, base);
        const slots = pageSlotCount(pool.u16, base);
        position.page++;
        count += rows;
        if (x.shouldYield(slots)) break;
        continue;
      }
      position.page++;
      count += rows;
      if (++passed === PASSED_MAX) break;
    }
  } catch (error) {
    if (error === PAGE_MISS) reads.missed(position.page);
    if (error !== PAGE_MISS || count === 0) throw error;
  } finally {
    heap.counters.sequentialRows += count;
  }
  return count;
}

/** Rows of one page that the snapshot sees. Throws PAGE_MISS: old versions and moved rows stand on other pages. */
function visibleRows(x: ExecContext, table: TableRuntime, base: number): number {
  const { heap, pool } = table;
  const { u8, u16, f64 } = pool;
  const { snapshot } = x;
  const slots = pageSlotCount(u16, base);
  let count = 0;
  for (let slot = 0; slot < slots; slot++) {
    const offset = slotOffset(u16, base, slot);
    if (offset === 0) continue;
    const row = base + offset;
    if (u8[row + ROW_FLAGS_OFFSET] === 0 && f64[row >>> 3] < snapshot.horizon) count++;
    else if (heap.resolve(row, snapshot) >= 0) count++;
  }
  return count;
}
