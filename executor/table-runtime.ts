/**
 * A table at run time: its heap, row layouts and indexes. Immutable but for what it caches; made anew when the table's entry or
 * its list of indexes changes (database-runtime.ts).
 */
import type { RelationEntry } from '../catalog/entries.ts';
import type { Value } from '../catalog/function-entry.ts';
import type { BufferPool, Heap, IndexMaintainer, RowId } from '../storage/api.ts';
import { IndexKey, ROW_LAYOUT_OFFSET } from '../storage/api.ts';
import type { ExecContext } from './context.ts';
import type { IndexRuntime } from './index-runtime.ts';
import { KEY_NOT_INDEXED } from './index-runtime.ts';
import { DictionarySink } from './inverted/dictionary-sink.ts';
import type { RowTerms } from './inverted/row-terms.ts';
import { TermSet } from './inverted/terms.ts';
import type { Overflow } from './row/overflow.ts';
import { type RowLayout, rowLayout } from './row/row-layout.ts';
import type { OverflowFetch, RowBytes, WantedColumns } from './row/row-reader.ts';
import { readRow } from './row/row-reader.ts';
import { RowWriter } from './row/row-writer.ts';

export class TableRuntime implements IndexMaintainer {
  readonly entry: RelationEntry;
  readonly heap: Heap;
  readonly pool: BufferPool;
  readonly fetchOverflow: OverflowFetch;
  /** Values of columns in rows of layouts that do not carry them, by column index. */
  readonly missing: readonly Value[];
  #writer: RowWriter | null = null;
  indexes: readonly IndexRuntime[] = [];
  readonly #layouts: RowLayout[] = [];
  readonly #bytes: RowBytes;
  /** Context for index expressions outside of statements; they are immutable and ask it nothing of a session. */
  readonly #maintenance: ExecContext;
  readonly #goneKey = new IndexKey();
  readonly #restKey = new IndexKey();
  readonly #sink = new DictionarySink();
  /** Of the version that removeVersion is about. */
  #isSeenByForks = false;
  /** Null: no row with terms has gone yet. */
  #goneTerms: TermSet | null = null;
  #restTerms: TermSet | null = null;

  constructor(
    entry: RelationEntry,
    heap: Heap,
    pool: BufferPool,
    missing: readonly Value[],
    overflow: Overflow,
    maintenance: ExecContext,
  ) {
    this.entry = entry;
    this.heap = heap;
    this.pool = pool;
    this.missing = missing;
    this.fetchOverflow = overflow.fetch;
    this.overflow = overflow;
    this.#maintenance = maintenance;
    this.#bytes = { u8: pool.u8, buffer: pool.bytes };
  }

  /** Made when a row is written first: most forks of a database write few of its tables. */
  get writer(): RowWriter {
    this.#writer ??= new RowWriter(this.layout(this.entry.layout));
    return this.#writer;
  }

  layout(number: number): RowLayout {
    this.#layouts[number] ??= rowLayout(this.entry, number);
    return this.#layouts[number];
  }

  /** All column values of the row version at `r`; with `wanted`, KeptLong for values in chunks of other columns. */
  readValues(r: number, target: Value[], wanted: WantedColumns | null = null): Value[] {
    const layout = this.layout(this.pool.u8[r + ROW_LAYOUT_OFFSET]);
    return readRow(this.#bytes, r, layout, this.missing, this.fetchOverflow, target, wanted);
  }

  readonly overflow: Overflow;

  /** An index key of a row given by all its values. */
  expressionValue(index: IndexRuntime, key: number, values: readonly Value[]): Value {
    return index.keyValues(this.#maintenance, values)[key];
  }

  /** Adds the row version at `r` to all indexes; for building them. */
  indexRow(index: IndexRuntime, rowId: RowId, r: number): boolean {
    if (index.terms !== null) {
      this.#sink.start(index.dictionary.top, rowId);
      return index.terms.ofRow(this.#maintenance, r, this.#sink);
    }
    if (index.keyFromRow(this.#maintenance, r, this.#goneKey) === KEY_NOT_INDEXED) return false;
    return index.dictionary.insert(this.#goneKey, rowId);
  }

  /** What makes the index's keys of row versions, false: the row is not in it; null where a row has terms. */
  rowKeys(index: IndexRuntime): ((r: number, key: IndexKey) => boolean) | null {
    if (index.terms !== null) return null;
    return (r, key) => index.keyFromRow(this.#maintenance, r, key) !== KEY_NOT_INDEXED;
  }

  removeVersion(
    rowId: RowId,
    goneBase: number,
    rest: Int32Array | Float64Array,
    restCount: number,
    indexes = this.indexes,
  ): void {
    this.#isSeenByForks = this.heap.mayForksSee(rowId, goneBase);
    for (const index of indexes) {
      if (index.terms !== null) {
        this.#removeTerms(index, index.terms, rowId, goneBase, rest, restCount);
        continue;
      }
      const answer = index.keyFromRow(this.#maintenance, goneBase, this.#goneKey);
      if (answer === KEY_NOT_INDEXED) continue;
      if (restCount > 0 && this.#isKeyKept(index, rest, restCount)) continue;
      this.#removeEntry(index, this.#goneKey, rowId);
    }
  }

  /** Forks find rows by their parent's entries: what they may need is kept for them. */
  #removeEntry(index: IndexRuntime, key: IndexKey, rowId: RowId): void {
    if (this.#isSeenByForks) index.dictionary.retain(key, rowId);
    index.dictionary.remove(key, rowId);
  }

  /** Takes the row from the lists of terms that only the version at goneBase has. */
  #removeTerms(
    index: IndexRuntime,
    terms: RowTerms,
    rowId: RowId,
    goneBase: number,
    rest: Int32Array | Float64Array,
    restCount: number,
  ): void {
    this.#goneTerms ??= new TermSet();
    this.#restTerms ??= new TermSet();
    const gone = this.#goneTerms;
    const kept = this.#restTerms;
    gone.clear();
    kept.clear();
    terms.ofRow(this.#maintenance, goneBase, gone);
    for (let i = 0; i < restCount; i++) terms.ofRow(this.#maintenance, rest[i], kept);
    const key = this.#goneKey;
    for (let term = 0; term < gone.count; term++) {
      gone.read(term, key);
      if (!kept.has(key)) this.#removeEntry(index, key, rowId);
    }
  }

  #isKeyKept(index: IndexRuntime, rest: Int32Array | Float64Array, restCount: number): boolean {
    for (let i = 0; i < restCount; i++) {
      const answer = index.keyFromRow(this.#maintenance, rest[i], this.#restKey);
      if (answer !== KEY_NOT_INDEXED && sameKey(this.#goneKey, this.#restKey, index.hasNumberKeys)) return true;
    }
    return false;
  }
}

export function sameKey(a: IndexKey, b: IndexKey, isNumber: boolean): boolean {
  if (isNumber) return a.number === b.number;
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a.bytes[i] !== b.bytes[i]) return false;
  return true;
}
