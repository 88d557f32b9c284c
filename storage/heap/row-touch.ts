/**
 * Rows of a list lie anywhere in memory. Read one by one, each makes the processor wait for memory three or four times, one wait after the
 * other: for the slot, the header, the columns. So some rows are touched before they are read, in a loop whose loads do not depend on those
 * of other rows: the processor then has many of them under way at once.
 *
 * What is touched is not used: until it is read, a row may move, or go, or another may come.
 */
import { PAGE_SIZE } from '../limits.ts';
import { slotOffset } from '../page/index.ts';
import type { Heap } from './heap.ts';
import { ROW_SLOT_BITS, ROW_SLOT_MASK } from './row-header.ts';

/** Rows to be touched at once: what they take must stay in the processor's first cache until they are read. */
export const ROWS_TOUCHED = 32;
/** Bytes that come from memory at once. */
const LINE = 64;

/** Where the loads go to: unused, they would be optimised away. */
let touched = 0;
const places = new Float64Array(ROWS_TOUCHED);

/** Touches rows[from..end), ROWS_TOUCHED of them at most. Pages that are not in memory, or belong to a fork's parent, are passed over. */
export function touchRows(heap: Heap, rows: Uint32Array, from: number, end: number): void {
  const { frames } = heap.pages;
  const { u8, u16 } = heap.context.pool;
  let sum = 0;
  let count = 0;
  for (let i = from; i < end; i++) {
    const frame = frames[rows[i] >>> ROW_SLOT_BITS];
    if (!(frame >= 0)) continue;
    const base = frame * PAGE_SIZE;
    places[count++] = base + slotOffset(u16, base, rows[i] & ROW_SLOT_MASK);
  }
  for (let i = 0; i < count; i++) {
    const row = places[i];
    sum += u8[row] + u8[row + LINE] + u8[row + 2 * LINE];
  }
  touched = (touched + sum) | 0;
}
