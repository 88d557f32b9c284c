/**
 * A random sample of a table's rows in two stages (PostgreSQL's acquire_sample_rows): as many pages as rows are wanted, at
 * random and in order (Knuth, algorithm S), and of the rows on them a reservoir (Vitter, algorithm R). Values that are long are
 * not read: of them only the width is known.
 */
import type { Value } from '../../catalog/function-entry.ts';
import { ListReads, PAGE_MISS, type Snapshot } from '../../storage/api.ts';
import { OVERFLOW_BIT, ROW_LAYOUT_OFFSET } from '../row/row-layout.ts';
import { isLongAt, isNullAt, readColumn, readRow, variableEnd, variableStart } from '../row/row-reader.ts';
import type { Session, Task } from '../session.ts';
import type { TableRuntime } from '../table-runtime.ts';
import { Slices } from './steps.ts';

const SLOT_COUNT_OFFSET = 12;
/** Longer values are looked at for their width only (analyze.c: WIDTH_THRESHOLD). */
export const WIDTH_MAX = 1024;

/** A value that was too long to be read. */
export const WIDE = Symbol('wide');
export type SampledValue = Value | typeof WIDE;

export interface SampledColumn {
  readonly values: SampledValue[];
  /** Sum over the values that are not null. */
  widthSum: number;
  nonNull: number;
}

export interface Sample {
  /** Rows in the sample, in the order of the table. */
  readonly rowCount: number;
  /** Rows in the table. */
  readonly totalRows: number;
  /** By column index. */
  readonly columns: readonly SampledColumn[];
  /** All values of each row, for expressions of indexes and statistics objects; null when not asked for. */
  readonly rows: readonly (readonly Value[])[] | null;
}

/** A row of the reservoir: a copy of its bytes, since most that get in are replaced before they would be read. */
interface CopiedRow {
  readonly rowId: number;
  readonly layout: number;
  readonly bytes: Buffer;
}

/** `random`: 0..1. */
export function* sampleRows(
  session: Session,
  table: TableRuntime,
  snapshot: Snapshot,
  targetRows: number,
  wantsWhole: boolean,
  random: () => number,
): Task<Sample> {
  const list = choosePages(table.heap.pages.pageCount, targetRows, random);
  const reads = new ListReads(table.pool, table.heap.pages, list);
  const reservoir: CopiedRow[] = [];
  const slices = new Slices();
  let seen = 0;
  for (let i = 0; i < list.length; i++) {
    let slot = 0;
    for (;;) {
      try {
        const base = reads.base(i);
        const slotCount = table.pool.u16[(base + SLOT_COUNT_OFFSET) >>> 1];
        for (; slot < slotCount; slot++) {
          const rowId = list[i] * 512 + slot;
          const r = table.heap.visible(rowId, snapshot);
          if (r < 0) continue;
          const place = seen < targetRows ? seen : Math.floor(random() * (seen + 1));
          if (place < targetRows) reservoir[place] = copyRow(table, rowId, r);
          seen++;
        }
        break;
      } catch (error) {
        if (error !== PAGE_MISS) throw error;
        session.wakeOnLoad();
        yield* session.wait();
        slices.begin();
      }
    }
    if (slices.isOver()) {
      setImmediate(session.wake);
      yield* session.wait();
      slices.begin();
    }
  }
  reservoir.sort((a, b) => a.rowId - b.rowId);
  const perPage = list.length === 0 ? 0 : seen / list.length;
  const totalRows = Math.max(reservoir.length, table.heap.rowCount, Math.round(perPage * list.length));
  return yield* readRows(session, table, reservoir, totalRows, wantsWhole, slices);
}

function choosePages(pageCount: number, wanted: number, random: () => number): Uint32Array {
  const count = Math.min(pageCount, wanted);
  const list = new Uint32Array(count);
  let found = 0;
  for (let page = 0; found < count; page++) {
    if (random() * (pageCount - page) < count - found) list[found++] = page;
  }
  return list;
}

function copyRow(table: TableRuntime, rowId: number, r: number): CopiedRow {
  const { u8 } = table.pool;
  const layout = u8[r + ROW_LAYOUT_OFFSET];
  const { columns, variableColumns, fixedSize } = table.layout(layout);
  const last = variableColumns.length === 0 ? null : columns[variableColumns[variableColumns.length - 1]];
  const size = last === null ? fixedSize : variableEnd(u8, r, last) & ~OVERFLOW_BIT;
  return { rowId, layout, bytes: Buffer.from(u8.subarray(r, r + size)) };
}

function* readRows(
  session: Session,
  table: TableRuntime,
  rows: readonly CopiedRow[],
  totalRows: number,
  wantsWhole: boolean,
  slices: Slices,
): Task<Sample> {
  const columns = table.entry.columns.map((): SampledColumn => ({ values: [], nonNull: 0, widthSum: 0 }));
  const whole: Value[][] = [];
  for (const row of rows) {
    readColumns(table, row, columns);
    while (wantsWhole) {
      try {
        const bytes = { u8: row.bytes, buffer: row.bytes };
        whole.push(readRow(bytes, 0, table.layout(row.layout), table.missing, table.fetchOverflow, []));
        break;
      } catch (error) {
        if (error !== PAGE_MISS) throw error;
        session.wakeOnLoad();
        yield* session.wait();
      }
    }
    if (!slices.due()) continue;
    setImmediate(session.wake);
    yield* session.wait();
    slices.begin();
  }
  return { rowCount: rows.length, totalRows, columns, rows: wantsWhole ? whole : null };
}

function readColumns(table: TableRuntime, { layout, bytes }: CopiedRow, target: readonly SampledColumn[]): void {
  const row = { u8: bytes, buffer: bytes };
  table.layout(layout).columns.forEach((column, i) => {
    const sampled = target[i];
    if (column === null) sampled.values.push(table.missing[i]);
    else if (isNullAt(bytes, 0, column)) sampled.values.push(null);
    else {
      // Of a long value: what is in the row; the value itself is elsewhere, or compressed.
      const end = column.isVariable ? variableEnd(bytes, 0, column) & ~OVERFLOW_BIT : 0;
      const width = column.isVariable ? end - variableStart(bytes, 0, column) : 0;
      const isWide = width > WIDTH_MAX || isLongAt(bytes, 0, column);
      sampled.values.push(isWide ? WIDE : readColumn(row, 0, column, table.fetchOverflow));
      sampled.widthSum += width;
    }
    if (sampled.values[sampled.values.length - 1] !== null) sampled.nonNull++;
  });
}
