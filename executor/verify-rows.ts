/**
 * What the executor knows of the rows of a stopped directory, for `hotrow verify`: each table has its heaps, each row the layout of its
 * table, each long value the chunks that its header says.
 */
import type { CatalogEntry, RelationEntry } from '../catalog/entries.ts';
import { decodeEntry, parseEntryKey, registerTypeEntry } from '../catalog/index.ts';
import { PAGE_SIZE, ROW_HEADER_SIZE, ROW_SLOT_BITS, ROW_SLOT_MASK } from '../storage/api.ts';
import type { PageAccess, RowCheck, VerifyReport } from '../storage/verify/index.ts';
import { dataChunkCount, INDEX_FANOUT } from './row/chunks.ts';
import { COMPRESSED, IN_CHUNKS, LONG_HEADER_SIZE, type LongHeader, readLongHeader } from './row/long-value.ts';
import { OVERFLOW_BIT, ROW_LAYOUT_OFFSET, type RowLayout, rowLayout } from './row/row-layout.ts';
import { isNullAt, variableEnd, variableStart } from './row/row-reader.ts';

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
      const form = u8[at];
      if (form === 0 || form > (IN_CHUNKS | COMPRESSED)) return `${name}: a long value of form ${form}`;
      const fault = longValueFault(pages, entry.overflowRelId, readLongHeader(u8, at), row + end - at);
      if (fault !== null) return `${name}: its long value: ${fault}`;
    }
    return null;
  };
}

/** What is wrong with a long value whose header is read, or null. `room`: bytes of the row behind the header's start. */
function longValueFault(pages: PageAccess, relId: number, header: LongHeader, room: number): string | null {
  const { form, levels, length, storedLength } = header;
  if ((form & COMPRESSED) === 0 && length !== storedLength) return `${storedLength} bytes stored for ${length}`;
  if ((form & IN_CHUNKS) === 0) {
    return LONG_HEADER_SIZE + storedLength === room ? null : `${storedLength} bytes do not fill ${room} in the row`;
  }
  const count = dataChunkCount(header);
  if (count === 0 || INDEX_FANOUT ** levels < count) return `${levels} levels do not hold ${count} chunks`;
  return chunksFault(pages, relId, header);
}

/** Goes down from the root, level by level, and looks whether all chunks are there. */
function chunksFault(pages: PageAccess, relId: number, header: LongHeader): string | null {
  const count = dataChunkCount(header);
  let ids = [header.root];
  for (let level = header.levels; ; level--) {
    const children: number[] = [];
    const wanted = level === 0 ? 0 : Math.ceil(count / INDEX_FANOUT ** (level - 1));
    for (let i = 0; i < ids.length; i++) {
      const base = pages.rowAt(relId, ids[i]);
      if (base < 0) {
        const place = `base/${relId} block ${ids[i] >>> ROW_SLOT_BITS} slot ${ids[i] & ROW_SLOT_MASK}`;
        return `chunk ${i} of ${ids.length}${level === 0 ? '' : ` at level ${level}`} is not at ${place}`;
      }
      const { u32 } = pages.pool;
      const first = (base + ROW_HEADER_SIZE) >>> 2;
      for (let k = 0; k < INDEX_FANOUT && children.length < wanted; k++) children.push(u32[first + k]);
    }
    if (level === 0) return null;
    ids = children;
  }
}
