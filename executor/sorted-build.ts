/**
 * Building an index with one key a row from a sort (storage/index/dictionary-builder.ts), within what work memory allows. What is collected
 * beyond maintenance_work_mem is put aside, sorted, and all of it is merged in the end. What is aside takes about what the index will,
 * and goes as the index comes. Where work memory is tight, what there is is loaded instead, and the rest inserted in sorted portions.
 */
import { type Dictionary, DictionaryBuilder, type IndexKey, type SameKey } from '../storage/api.ts';
import type { ExecContext } from './context.ts';
import { Holding } from './memory-account.ts';

/** What is put aside at least, whatever maintenance_work_mem says: memory is taken a megabyte at a time. */
const PORTION_BYTES_MIN = 4 * 1024 * 1024;

export class SortedBuilder {
  readonly #x: ExecContext;
  readonly #builder: DictionaryBuilder;
  readonly #sizeMax: number;
  readonly #held = new Holding('entries of an index that is built');
  /** The portion is put aside, not loaded. */
  #isAside = false;

  constructor(x: ExecContext, dictionary: Dictionary, sizeMax: number, onSame: SameKey) {
    this.#x = x;
    this.#builder = new DictionaryBuilder(dictionary, onSame);
    this.#sizeMax = sizeMax;
  }

  get count(): number {
    return this.#builder.count;
  }

  get isEmpty(): boolean {
    return this.#builder.isEmpty;
  }

  add(key: IndexKey, rowId: number, hasNull: boolean): void {
    this.#builder.add(key, rowId, hasNull);
  }

  /** Forgets what was added since the count was this: a page is read again. */
  truncate(count: number): void {
    this.#builder.truncate(count);
  }

  /** After some rows: whether there must be steps before more are added. Throws 53200 at the cap on work memory. */
  isFull(): boolean {
    this.#hold();
    const { sizeBytes, asideBytes } = this.#builder;
    if (sizeBytes <= this.#sizeMax) return false;
    const isTight = this.#held.isTight(this.#x.memory, asideBytes + 2 * sizeBytes);
    if (!isTight && sizeBytes < PORTION_BYTES_MIN) return false;
    this.#isAside = !isTight;
    return true;
  }

  #hold(): void {
    this.#held.set(this.#x.memory, this.#builder.sizeBytes + this.#builder.asideBytes);
  }

  /** Sorts, puts aside or loads some of what was collected; true when that is done. May be called again after PAGE_MISS. */
  step(): boolean {
    if (this.#isAside) {
      if (!this.#builder.putAside()) return false;
      this.#isAside = false;
    } else if (!this.#builder.step()) return false;
    this.#hold();
    return true;
  }
}
