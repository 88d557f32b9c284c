/**
 * Pages of a relation that changed since an earlier backup, `changes/<relation id>`: a header of 16 bytes, then for each page a
 * head of 8 and its 8,192 bytes, in ascending order.
 *
 * | offset | size | field |
 * | 0 | 8 | "HOTROWPC" |
 * | 8 | 4 | relation id |
 * | 12 | 4 | zero |
 *
 * | 0 | 4 | page number |
 * | 4 | 4 | zero |
 *
 * A page changed if its LSN is above the LSN that replay of the earlier backup begins at. A page without an LSN (never logged, or not readable)
 * is taken for changed: there are few.
 */
import { PAGE_SIZE } from '../limits.ts';

export const CHANGES_HEADER_SIZE = 16;
export const CHANGE_SIZE = 8 + PAGE_SIZE;
const MAGIC = 'HOTROWPC';

export function changesHeader(relId: number): Uint8Array {
  const bytes = Buffer.alloc(CHANGES_HEADER_SIZE);
  bytes.write(MAGIC, 0, 'latin1');
  bytes.writeUInt32LE(relId, 8);
  return bytes;
}

export function isChangesHeader(bytes: Uint8Array, relId: number): boolean {
  return Buffer.from(changesHeader(relId)).equals(bytes.subarray(0, CHANGES_HEADER_SIZE));
}
