/**
 * How often elements of arrays, or lexemes of tsvectors, occur in the rows of a sample (array_typanalyze.c, ts_typanalyze.c): the
 * Lossy Counting of Manku and Motwani ("Approximate Frequency Counts over Data Streams", 2002). After each bucket of elements
 * those are forgotten that cannot be frequent, so that memory depends on the statistics target, not on how many there are.
 */
import type { Value } from '../../catalog/function-entry.ts';
import type { ElementStatistics } from '../../catalog/statistics.ts';
import { lexemeBytes, lexemeCount } from '../../types/fulltext/tsvector.ts';
import { baseTypeOid, comparator, hashKey, isArrayType, OID, SqlArray, typeByOid } from '../../types/index.ts';
import { hasOrder } from '../ddl/indexes.ts';
import type { Slices, Steps } from './steps.ts';

/** Frequent elements for each value of the statistics target. */
const ELEMENTS_PER_TARGET = 10;
/** Of what Zipf's law lets expect: the tenth part of it is the error that is allowed (ts_typanalyze.c). */
const BUCKET_FACTOR = 1000 / 7;
const CUTOFF_FACTOR = 9;
/** An array that takes more bytes says nothing (ARRAY_WIDTH_THRESHOLD); tsvectors are read whatever their size. */
const ARRAY_WIDTH_MAX = 65_536;

interface Tracked {
  readonly value: Value;
  /** Rows that have it since it is tracked; `delta`: at most so many before. */
  frequency: number;
  readonly delta: number;
  lastRow: number;
}

/** What a type has elements of; 0: nothing that could be counted. */
function elementTypeOf(typeOid: number): number {
  const base = baseTypeOid(typeOid);
  if (base === OID.TSVECTOR) return OID.TEXT;
  const type = typeByOid(base);
  return type !== undefined && isArrayType(type) && hasOrder(type.elementOid) ? type.elementOid : 0;
}

/** Null for types without elements. */
export function elementCounterOf(typeOid: number, target: number): ElementCounter | null {
  const elementType = target > 0 ? elementTypeOf(typeOid) : 0;
  return elementType === 0 ? null : new ElementCounter(elementType, target, baseTypeOid(typeOid) === OID.TSVECTOR);
}

export class ElementCounter {
  /** Values of more bytes are left out. */
  readonly widthMax: number;
  readonly isText: boolean;
  readonly #typeOid: number;
  readonly #target: number;
  readonly #wanted: number;
  readonly #bucketWidth: number;
  readonly #keyOf: (value: never) => unknown;
  readonly #tracked = new Map<unknown, Tracked>();
  /** Rows by their number of different elements. */
  readonly #rowsByCount = new Map<number, number>();
  #bucket = 1;
  #elements = 0;
  #rows = 0;
  #rowsWithNull = 0;

  constructor(typeOid: number, target: number, isText: boolean) {
    this.isText = isText;
    this.widthMax = isText ? Number.POSITIVE_INFINITY : ARRAY_WIDTH_MAX;
    this.#typeOid = typeOid;
    this.#target = target;
    this.#wanted = target * ELEMENTS_PER_TARGET;
    this.#bucketWidth = Math.floor((this.#wanted + (isText ? ELEMENTS_PER_TARGET : 0)) * BUCKET_FACTOR);
    this.#keyOf = hashKey(typeOid) as (value: never) => unknown;
  }

  /** A bucket is full: `prune` is due. */
  get isFull(): boolean {
    return this.#elements >= this.#bucket * this.#bucketWidth;
  }

  /** A row's value, which is not null. */
  add(value: Value): void {
    const before = this.#elements;
    const row = ++this.#rows;
    if (value instanceof SqlArray) this.#addArray(value, row);
    else this.#addLexemes(value as Uint8Array, row);
    const count = this.#elements - before;
    this.#rowsByCount.set(count, (this.#rowsByCount.get(count) ?? 0) + 1);
  }

  #addArray(array: SqlArray, row: number): void {
    let hasNull = false;
    for (const element of array.elements) {
      if (element === null) hasNull = true;
      else this.#addElement(this.#keyOf(element as never), element, row);
    }
    if (hasNull) this.#rowsWithNull++;
  }

  #addLexemes(vector: Uint8Array, row: number): void {
    const count = lexemeCount(vector);
    for (let i = 0; i < count; i++) {
      const bytes = lexemeBytes(vector, count, i);
      const lexeme = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString();
      this.#addElement(lexeme, lexeme, row);
    }
  }

  /** The same element again in a row does not count. */
  #addElement(key: unknown, value: Value, row: number): void {
    const known = this.#tracked.get(key);
    if (known === undefined) {
      this.#tracked.set(key, { value, frequency: 1, delta: this.#bucket - 1, lastRow: row });
    } else {
      if (known.lastRow === row) return;
      known.frequency++;
      known.lastRow = row;
    }
    this.#elements++;
  }

  /** The end of a bucket: forgets what cannot be frequent. */
  *prune(slices: Slices): Steps<void> {
    while (this.isFull) {
      for (const [key, item] of this.#tracked) {
        if (item.frequency + item.delta <= this.#bucket) this.#tracked.delete(key);
        if (slices.due()) yield;
      }
      this.#bucket++;
    }
  }

  /** Null where no row had a value. */
  finish(): ElementStatistics | null {
    if (this.#rows === 0) return null;
    const cutoff = Math.floor((CUTOFF_FACTOR * this.#elements) / this.#bucketWidth);
    let frequent = [...this.#tracked.values()].filter((item) => item.frequency > cutoff);
    let [least, greatest] = [this.#elements, 0];
    for (const { frequency } of frequent) {
      least = Math.min(least, frequency);
      greatest = Math.max(greatest, frequency);
    }
    if (frequent.length > this.#wanted) {
      frequent.sort((a, b) => b.frequency - a.frequency);
      frequent = frequent.slice(0, this.#wanted);
      least = frequent[frequent.length - 1].frequency;
    }
    frequent.sort(this.#order());
    return {
      typeOid: this.#typeOid,
      values: frequent.map((item) => item.value),
      frequencies: frequent.map((item) => item.frequency / this.#rows),
      least: least / this.#rows,
      greatest: greatest / this.#rows,
      nulls: this.isText ? null : this.#rowsWithNull / this.#rows,
      counts: this.isText ? [] : this.#countHistogram(),
      averageCount: this.#elements / this.#rows,
    };
  }

  /** Lexemes by length, then by bytes, as PostgreSQL lists them. */
  #order(): (a: Tracked, b: Tracked) => number {
    if (!this.isText) {
      const compare = comparator(this.#typeOid) as (a: Value, b: Value) => number;
      return (a, b) => compare(a.value, b.value);
    }
    return (a, b) => {
      const [x, y] = [Buffer.from(a.value as string), Buffer.from(b.value as string)];
      return x.length - y.length || Buffer.compare(x, y);
    };
  }

  /** Bounds of buckets of as many rows each, by the rows' numbers of different elements. */
  #countHistogram(): number[] {
    const bounds = Math.max(this.#target, 2);
    const counts = [...this.#rowsByCount].sort((a, b) => a[0] - b[0]);
    const result: number[] = [];
    // Whole numbers throughout: row i * (rows - 1) / (bounds - 1), all times bounds - 1.
    let at = 0;
    let left = counts[0][1] * (bounds - 1);
    for (let i = 0; i < bounds; i++) {
      while (left <= 0) left += counts[++at][1] * (bounds - 1);
      result.push(counts[at][0]);
      left -= this.#rows - 1;
    }
    return result;
  }
}
