/**
 * Row ids as SQL sees them: ctid is (page, slot + 1), a tid's value the one number page * 65536 + slot + 1. In generated code the
 * conversion is inline (rowTidCode).
 */
import { ROW_ID_SLOT_BITS, SLOTS_PER_PAGE_MAX } from '../../storage/limits.ts';

const TID_OFFSETS = 65536;

/** JavaScript for the tid of the row id in the variable. */
export function rowTidCode(rowId: string): string {
  return `((${rowId} >>> ${ROW_ID_SLOT_BITS}) * ${TID_OFFSETS} + (${rowId} & ${SLOTS_PER_PAGE_MAX - 1}) + 1)`;
}

/** The row id of a tid that came from a row. */
export function rowIdOfTid(tid: number): number {
  const offset = tid % TID_OFFSETS;
  return ((((tid - offset) / TID_OFFSETS) << ROW_ID_SLOT_BITS) | (offset - 1)) >>> 0;
}

/** The tid of a row. */
export function tidOfRow(rowId: number): number {
  return (rowId >>> ROW_ID_SLOT_BITS) * TID_OFFSETS + (rowId & (SLOTS_PER_PAGE_MAX - 1)) + 1;
}

/** Whether a row of a table with so many pages could have it: clients may ask for any tid. */
export function isRowTid(tid: number, pageCount: number): boolean {
  const offset = tid % TID_OFFSETS;
  return (tid - offset) / TID_OFFSETS < pageCount && offset >= 1 && offset <= SLOTS_PER_PAGE_MAX;
}
