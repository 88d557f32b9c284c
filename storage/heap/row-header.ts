/**
 * The 16 bytes before a row's columns, and where versions lie.
 *
 * | 0  | 8 | xid (f64) of the statement that made this version |
 * | 8  | 4 | previous version: page in the version store, NO_VERSION = none |
 * | 12 | 2 | previous version: slot |
 * | 14 | 1 | flags |
 * | 15 | 1 | row layout, the executor's |
 *
 * Only the header's owner (this folder) writes it, but for the layout byte, which comes with the row image.
 */
import { assert } from '../../types/assert.ts';
import { sqlError } from '../../types/errors.ts';
import { ROW_SIZE_MAX } from '../limits.ts';
import { alignRowSize } from '../page/index.ts';

export const ROW_HEADER_SIZE = 16;
export const ROW_PREVIOUS_PAGE_OFFSET = 8;
export const ROW_PREVIOUS_SLOT_OFFSET = 12;
export const ROW_FLAGS_OFFSET = 14;
export const ROW_LAYOUT_OFFSET = 15;

/** A tombstone: the newest version is "deleted"; the row's bytes are those of the version before. */
export const ROW_DELETED = 1;
/** A home slot whose row lives elsewhere: u32 row id of the place at ROW_FORWARD_OFFSET. Its xid and previous mean nothing. */
export const ROW_FORWARDED = 2;
/** The place that a home slot forwards to. Scans pass it over; its header is the row's. */
export const ROW_MOVED_IN = 4;
/** An entry of the version store without columns: they are still at the row's place (under a tombstone). */
export const ROW_HEADER_ONLY = 8;
export const ROW_FORWARD_OFFSET = 16;
/** What a forwarding home slot needs. */
export const ROW_FORWARD_SIZE = 24;

/** Previous-version page of a row that was inserted. */
export const NO_VERSION = 0xffffffff;

/** Address of the version before, in memory: there is none. */
export const NO_PREVIOUS = -1;

/** Of a row id. */
export const ROW_SLOT_MASK = 511;
export const ROW_SLOT_BITS = 9;

/** Bytes of a slot for a row image of `length`; 54000 if no page can hold it. */
export function slotSize(length: number): number {
  assert(length >= ROW_HEADER_SIZE, 'a row has a header');
  const size = Math.max(ROW_FORWARD_SIZE, alignRowSize(length));
  if (size > ROW_SIZE_MAX) {
    throw sqlError('54000', `row is too big: size ${length}, maximum size ${ROW_SIZE_MAX}`);
  }
  return size;
}
