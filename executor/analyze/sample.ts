/**
 * A random sample of a table's rows in two stages (PostgreSQL's acquire_sample_rows): as many pages as rows are wanted, at
 * random and in order (Knuth, algorithm S), and of the rows on them a reservoir (Vitter, algorithm R). Values that are long are
 * not read: of them only the width is known.
 */
import type { Value } from '../../catalog/function-entry.ts';
import { ListReads, PAGE_MISS, pageSlotCount, SLOTS_PER_PAGE_MAX, type Snapshot } from '../../storage/api.ts';
import { readLongHeader } from '../row/long-value.ts';
import { OVERFLOW_BIT, ROW_LAYOUT_OFFSET } from '../row/row-layout.ts';
import { isLongAt, isNullAt, readColumn, readRow, variableEnd, variableStart } from '../row/row-reader.ts';
import type { Session, Task } from '../session.ts';
import type { TableRuntime } from '../table-runtime.ts';
import { type ElementCounter, elementCounterOf } from './element-counter.ts';
import { type CopiedRow, RowReservoir } from './row-reservoir.ts';
import { Slices } from './steps.ts';

/** Longer values are looked at for their width only (analyze.c: WIDTH_THRESHOLD). */
export const WIDTH_MAX = 1024;

/** A value that was too long to be read. */
export const WIDE = Symbol('wide');
export type SampledValue = Value | typeof WIDE;

export interface SampledColumn {
  /** Of arrays and tsvectors: counts their elements, of long values too. */
  readonly elements: ElementCounter | null;
  readonly values: SampledValue[];
  /** Sum over the values that are not null. */
  widthSum: number;
  nonNull: number;
}

export function sampledColumn(typeOid: number, target: number): SampledColumn {
  return { elements: elementCounterOf(typeOid, target), values: [], nonNull: 0, widthSum: 0 };
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

export interface SampleOptions {
  readonly rows: number;
  readonly wantsWhole: boolean;
  /** Statistics targets of columns, by number; 0: not to be analyzed. */
  readonly targetOf: (columnNumber: number) => number;
  /** 0..1. */
  readonly random: () => number;
}

export function* sampleRows(
  session: Session,
  table: TableRuntime,
  snapshot: Snapshot,
  options: SampleOptions,
): Task<Sample> {
  const { rows: targetRows, random } = options;
  const list = choosePages(table.heap.pages.pageCount, targetRows, random);
  const reads = new ListReads(table.pool, table.heap.pages, list);
  const reservoir = new RowReservoir();
  const slices = new Slices();
  let seen = 0;
  for (let i = 0; i < list.length; i++) {
    let slot = 0;
    for (;;) {
      try {
        const base = reads.base(i);
        const slotCount = pageSlotCount(table.pool.u16, base);
        for (; slot < slotCount; slot++) {
          const rowId = list[i] * SLOTS_PER_PAGE_MAX + slot;
          const r = table.heap.visible(rowId, snapshot);
          if (r < 0) continue;
          const place = seen < targetRows ? seen : Math.floor(random() * (seen + 1));
          if (place < targetRows) copyRow(table, rowId, r, reservoir, place);
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
  const perPage = list.length === 0 ? 0 : seen / list.length;
  const totalRows = Math.max(reservoir.count, table.heap.rowCount, Math.round(perPage * list.length));
  const sample = yield* readRows(session, table, reservoir, totalRows, options, slices);
  reservoir.release();
  return sample;
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

function copyRow(table: TableRuntime, rowId: number, r: number, reservoir: RowReservoir, place: number): void {
  const { u8 } = table.pool;
  const layout = u8[r + ROW_LAYOUT_OFFSET];
  const { columns, variableColumns, fixedSize } = table.layout(layout);
  const last = variableColumns.length === 0 ? null : columns[variableColumns[variableColumns.length - 1]];
  const size = last === null ? fixedSize : variableEnd(u8, r, last) & ~OVERFLOW_BIT;
  reservoir.put(place, rowId, layout, u8, r, size);
}

function* readRows(
  session: Session,
  table: TableRuntime,
  reservoir: RowReservoir,
  totalRows: number,
  { wantsWhole, targetOf }: SampleOptions,
  slices: Slices,
): Task<Sample> {
  const columns = table.entry.columns.map(({ number, typeOid, dropped }) =>
    sampledColumn(typeOid, dropped ? 0 : targetOf(number)),
  );
  const whole: Value[][] = [];
  const rowCount = reservoir.count;
  for (const row of reservoir.rows()) {
    readColumns(table, row, columns);
    let isCounting = false;
    for (const [i, { elements }] of columns.entries()) {
      if (elements === null) continue;
      isCounting = true;
      const value = yield* whenLoaded(session, () => countedValue(table, row, i, elements));
      if (value === null) continue;
      elements.add(value);
      if (!elements.isFull) continue;
      for (const _ of elements.prune(slices)) yield* nextSlice(session, slices);
    }
    if (wantsWhole) {
      const bytes = { u8: row.bytes, buffer: row.bytes };
      const read = (): Value[] =>
        readRow(bytes, row.start, table.layout(row.layout), table.missing, table.fetchOverflow, []);
      whole.push(yield* whenLoaded(session, read));
    }
    // A row with many elements is long work.
    if (isCounting ? slices.isOver() : slices.due()) yield* nextSlice(session, slices);
  }
  return { rowCount, totalRows, columns, rows: wantsWhole ? whole : null };
}

function* nextSlice(session: Session, slices: Slices): Task<void> {
  setImmediate(session.wake);
  yield* session.wait();
  slices.begin();
}

/** Reads, and waits for pages that are not in memory. */
function* whenLoaded<T>(session: Session, read: () => T): Task<T> {
  for (;;) {
    try {
      return read();
    } catch (error) {
      if (error !== PAGE_MISS) throw error;
      session.wakeOnLoad();
      yield* session.wait();
    }
  }
}

/** The value whose elements are counted; null: NULL, or too long. */
function countedValue(
  table: TableRuntime,
  { layout, bytes, start: r }: CopiedRow,
  index: number,
  { widthMax }: ElementCounter,
): Value {
  const column = table.layout(layout).columns[index];
  if (column === null) return table.missing[index];
  if (isNullAt(bytes, r, column)) return null;
  const start = variableStart(bytes, r, column);
  const width = isLongAt(bytes, r, column)
    ? readLongHeader(bytes, r + start).length
    : variableEnd(bytes, r, column) - start;
  return width > widthMax ? null : readColumn({ u8: bytes, buffer: bytes }, r, column, table.fetchOverflow);
}

function readColumns(
  table: TableRuntime,
  { layout, bytes, start: r }: CopiedRow,
  target: readonly SampledColumn[],
): void {
  const row = { u8: bytes, buffer: bytes };
  table.layout(layout).columns.forEach((column, i) => {
    const sampled = target[i];
    if (column === null) sampled.values.push(table.missing[i]);
    else if (isNullAt(bytes, r, column)) sampled.values.push(null);
    else {
      // Of a long value: what is in the row; the value itself is elsewhere, or compressed.
      const end = column.isVariable ? variableEnd(bytes, r, column) & ~OVERFLOW_BIT : 0;
      const width = column.isVariable ? end - variableStart(bytes, r, column) : 0;
      // Of a tsvector the lexemes are all that is looked at.
      const isWide = width > WIDTH_MAX || isLongAt(bytes, r, column) || sampled.elements?.isText === true;
      sampled.values.push(isWide ? WIDE : readColumn(row, r, column, table.fetchOverflow));
      sampled.widthSum += width;
    }
    if (sampled.values[sampled.values.length - 1] !== null) sampled.nonNull++;
  });
}
