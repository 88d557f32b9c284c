/**
 * What the executor knows of the rows of a stopped directory, for `hotrow verify`: each table has its heaps, each row the layout of its
 * table, each long value a chain of chunks that is there, ends, and is as long as the row says.
 */
import type { CatalogEntry, RelationEntry } from '../catalog/entries.ts';
import { decodeEntry, parseEntryKey, registerTypeEntry } from '../catalog/index.ts';
import { PAGE_SIZE, ROW_SLOT_BITS, ROW_SLOT_MASK } from '../storage/api.ts';
import type { PageAccess, RowCheck, VerifyReport } from '../storage/verify/index.ts';
import { chunkCountOf, NO_CHUNK, nextChunk } from './row/overflow.ts';
import { OVERFLOW_BIT, ROW_LAYOUT_OFFSET, type RowLayout, rowLayout } from './row/row-layout.ts';
import { isNullAt, readInt32, variableEnd, variableStart } from './row/row-reader.ts';

/** By storage relation; for verifyDirectory's `rowChecks`. */
export function rowChecks(
  catalog: ReadonlyMap<string, Uint8Array>,
  report: VerifyReport,
): (relId: number) => RowCheck | null {
  const checks = new Map<number, RowCheck>();
  const relations: RelationEntry[] = [];
  for (const [key, bytes] of catalog) {
    let entry: CatalogEntry;
    try {
      parseEntryKey(key);
      entry = decodeEntry(bytes);
    } catch (error) {
      report.problem({ file: 'catalog', message: `entry ${key} cannot be read: ${(error as Error).message}` });
      continue;
    }
    if (entry.class === 'type') registerTypeEntry(entry);
    if (entry.class === 'relation' && entry.relId !== 0) relations.push(entry);
  }
  for (const entry of relations) checks.set(entry.relId, tableCheck(entry, report));
  return (relId) => checks.get(relId) ?? null;
}

function tableCheck(entry: RelationEntry, report: VerifyReport): RowCheck {
  const layouts = new Map<number, RowLayout>();
  return (pages, row) => {
    const { u8 } = pages.pool;
    const number = u8[row + ROW_LAYOUT_OFFSET];
    let layout = layouts.get(number);
    if (layout === undefined) layouts.set(number, (layout = rowLayout(entry, number)));
    const room = PAGE_SIZE - (row % PAGE_SIZE);
    if (layout.fixedSize > room) return `${room} bytes hold no row of table "${entry.name}"`;
    let end = layout.fixedSize;
    for (const index of layout.variableColumns) {
      const column = layout.columns[index];
      if (column === null) continue;
      const to = variableEnd(u8, row, column);
      const start = end;
      end = to & ~OVERFLOW_BIT;
      const name = `column "${entry.columns[index].name}" of table "${entry.name}"`;
      if (end < start || end > room) return `${name} lies at ${start}..${end}`;
      if ((to & OVERFLOW_BIT) === 0 || isNullAt(u8, row, column)) continue;
      const at = row + variableStart(u8, row, column);
      report.counts.longValues++;
      const fault = chainFault(pages, entry.overflowRelId, readInt32(u8, at) >>> 0, readInt32(u8, at + 4) >>> 0);
      if (fault !== null) return `${name}: ${fault}`;
    }
    return null;
  };
}

/** Follows a chain of chunks for a value of `length` bytes. */
function chainFault(pages: PageAccess, relId: number, first: number, length: number): string | null {
  let rowId = first;
  const count = chunkCountOf(length);
  for (let i = 0; i < count; i++) {
    if (rowId === NO_CHUNK) return `chunk ${i} of ${count} of its long value is missing`;
    const base = pages.rowAt(relId, rowId);
    if (base < 0) {
      const place = `base/${relId} block ${rowId >>> ROW_SLOT_BITS} slot ${rowId & ROW_SLOT_MASK}`;
      return `chunk ${i} of ${count} of its long value is not at ${place}`;
    }
    rowId = nextChunk(pages.pool.u8, base);
  }
  return rowId === NO_CHUNK ? null : `its long value goes on behind its ${length} bytes`;
}
