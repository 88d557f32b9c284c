/**
 * A random sample of a table's rows in two stages (PostgreSQL's acquire_sample_rows): as many pages as rows are wanted, at
 * random and in order (Knuth, algorithm S), and of the rows on them a reservoir (Vitter, algorithm R). Values that are long are
 * not read: of them only the width is known.
 */
import type { Value } from '../../catalog/function-entry.ts';
import { ListReads, PAGE_MISS, type Snapshot } from '../../storage/api.ts';
import { isLongAt, isNullAt, readColumn, variableEnd, variableStart } from '../row/row-reader.ts';
import type { Session, Task } from '../session.ts';
import type { TableRuntime } from '../table-runtime.ts';
import { Slices } from './steps.ts';

const SLOT_COUNT_OFFSET = 12;
/** Longer values are looked at for their width only (analyze.c: WIDTH_THRESHOLD). */
const WIDTH_MAX = 1024;

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
  /** All values of each row, for expressions of indexes; null when not asked for. */
  readonly rows: readonly (readonly Value[])[] | null;
}

interface SampledRow {
  readonly rowId: number;
  readonly values: readonly SampledValue[];
  readonly widths: readonly number[];
  readonly whole: readonly Value[] | null;
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
  const reservoir: SampledRow[] = [];
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
          if (place < targetRows) reservoir[place] = readSampled(table, rowId, r, wantsWhole);
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
  return collect(table, reservoir, totalRows, wantsWhole);
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

function readSampled(table: TableRuntime, rowId: number, r: number, wantsWhole: boolean): SampledRow {
  const { pool } = table;
  const { u8 } = pool;
  const bytes = { u8, buffer: pool.bytes };
  const layout = table.layout(u8[r + 15]);
  const values: SampledValue[] = [];
  const widths: number[] = [];
  layout.columns.forEach((column, i) => {
    if (column === null) {
      values.push(table.missing[i]);
      widths.push(8);
    } else if (isNullAt(u8, r, column)) {
      values.push(null);
      widths.push(0);
    } else if (isLongAt(u8, r, column)) {
      values.push(WIDE);
      // What is in the row: the value itself is elsewhere, or compressed.
      widths.push((variableEnd(u8, r, column) & 0x7fff) - variableStart(u8, r, column));
    } else {
      const width = column.isVariable ? variableEnd(u8, r, column) - variableStart(u8, r, column) : 0;
      values.push(width > WIDTH_MAX ? WIDE : readColumn(bytes, r, column, table.fetchOverflow));
      widths.push(width);
    }
  });
  return { rowId, values, widths, whole: wantsWhole ? table.readValues(r, []) : null };
}

function collect(table: TableRuntime, rows: readonly SampledRow[], totalRows: number, wantsWhole: boolean): Sample {
  const columns = table.entry.columns.map((_, c): SampledColumn => {
    const values = rows.map((row) => row.values[c]);
    const nonNull = values.reduce((count: number, value) => count + (value === null ? 0 : 1), 0);
    return { values, nonNull, widthSum: rows.reduce((sum, row) => sum + row.widths[c], 0) };
  });
  const whole = wantsWhole ? rows.map((row) => row.whole as readonly Value[]) : null;
  return { rowCount: rows.length, totalRows, columns, rows: whole };
}
