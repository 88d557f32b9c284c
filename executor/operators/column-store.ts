/**
 * Rows kept in columns by the hundred thousand: the inner side of a hash join, a sort's. Columns of numbers are typed arrays for as long as only numbers
 * come, so that there is nothing in them for the collector of garbage to follow or to wait for; a NULL or an integer beyond 2^53 makes
 * a column one of any values, until the operator is gone.
 */
import type { Value } from '../../catalog/function-entry.ts';
import { OID } from '../../types/index.ts';
import type { Batch, Columns } from '../batch.ts';
import type { InputTypes } from '../compile/batch-program.ts';
import { repOfType } from '../compile/operand.ts';
import { giveArray, grownArray, takeArray } from '../scratch-memory.ts';

/** Types whose values are numbers mostly. */
const NUMBER_TYPES = new Set<number>([OID.INT8, OID.TIMESTAMP, OID.TIMESTAMPTZ]);
const CAPACITY_FIRST = 64;

type Numbers = Float64Array<ArrayBuffer>;

const NO_NUMBERS: Numbers = new Float64Array(0);

export class ColumnStore {
  /** Read them up to `count`: typed arrays are longer. */
  readonly columns: (Value[] | Numbers)[];
  count = 0;

  constructor(types: InputTypes) {
    this.columns = types.map(({ typeOid }) =>
      repOfType(typeOid) === 'num' || NUMBER_TYPES.has(typeOid) ? NO_NUMBERS : [],
    );
  }

  /** Room for so many numbers in each column that takes some; memory that is not written to yet is the system's still. */
  reserve(rows: number): void {
    for (let c = 0; c < this.columns.length; c++) this.#numbers(c, rows);
  }

  /** `more`: columns that follow the batch's own. */
  append(batch: Batch, more: Columns | null = null): void {
    const { count } = batch;
    const width = batch.columns.length;
    for (let c = 0; c < this.columns.length; c++) {
      const source = c < width || more === null ? batch.columns[c] : more[c - width];
      const numbers = this.#numbers(c, this.count + count);
      if (numbers !== null && copyNumbers(numbers, this.count, source, count)) continue;
      const values = this.#values(c);
      for (let i = 0; i < count; i++) values.push(source[i]);
    }
    this.count += count;
  }

  appendFrom(columns: Columns, row: number): void {
    for (let c = 0; c < this.columns.length; c++) {
      const value = columns[c][row];
      const numbers = this.#numbers(c, this.count + 1);
      if (numbers !== null && typeof value === 'number') numbers[this.count] = value;
      else this.#values(c).push(value);
    }
    this.count++;
  }

  /** Puts a row in the place of another; true: one of the columns is another array now. */
  set(place: number, columns: Columns, row: number): boolean {
    let isOther = false;
    for (let c = 0; c < this.columns.length; c++) {
      const value = columns[c][row];
      const column = this.columns[c];
      if (Array.isArray(column)) column[place] = value;
      else if (typeof value === 'number') column[place] = value;
      else {
        this.#values(c)[place] = value;
        isOther = true;
      }
    }
    return isOther;
  }

  /** The column with room for so many numbers; null: it holds any values. */
  #numbers(c: number, count: number): Numbers | null {
    const column = this.columns[c];
    if (Array.isArray(column)) return null;
    if (count <= column.length) return column;
    const grown = grownArray(column, Float64Array, Math.max(count, column.length * 2, CAPACITY_FIRST));
    this.columns[c] = grown;
    return grown;
  }

  /** The column for any values. */
  #values(c: number): Value[] {
    const column = this.columns[c];
    if (Array.isArray(column)) return column;
    const values: Value[] = Array.from(column.subarray(0, this.count));
    giveArray(column);
    this.columns[c] = values;
    return values;
  }

  /** Only these rows, in this order. */
  keep(rows: Uint32Array): void {
    for (let c = 0; c < this.columns.length; c++) {
      const column = this.columns[c];
      if (Array.isArray(column)) {
        const kept: Value[] = [];
        for (let i = 0; i < rows.length; i++) kept.push(column[rows[i]]);
        this.columns[c] = kept;
        continue;
      }
      const kept: Numbers = takeArray(Float64Array, column.length);
      for (let i = 0; i < rows.length; i++) kept[i] = column[rows[i]];
      giveArray(column);
      this.columns[c] = kept;
    }
    this.count = rows.length;
  }

  /** Copies rows into a batch, as many columns as it has, in this order. Answers how many. */
  copyTo(batch: Batch, from: number, limit: number, order: Uint32Array): number {
    const count = Math.min(limit, this.count - from);
    for (let c = 0; c < batch.columns.length; c++) {
      const source: ArrayLike<Value> = this.columns[c];
      const target = batch.columns[c];
      for (let i = 0; i < count; i++) target[i] = source[order[from + i]];
    }
    batch.count = count;
    return count;
  }

  clear(): void {
    for (let c = 0; c < this.columns.length; c++) {
      const column = this.columns[c];
      if (Array.isArray(column)) column.length = 0;
      else {
        giveArray(column);
        this.columns[c] = NO_NUMBERS;
      }
    }
    this.count = 0;
  }
}

/** False: one of them is not a number. */
function copyNumbers(target: Numbers, at: number, source: ArrayLike<Value>, count: number): boolean {
  for (let i = 0; i < count; i++) {
    const value = source[i];
    if (typeof value !== 'number') return false;
    target[at + i] = value;
  }
  return true;
}
