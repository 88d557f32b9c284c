/**
 * Building an index with one key a row from a sort (storage/index/dictionary-builder.ts), within what work memory allows. Beyond
 * maintenance_work_mem what was collected is loaded, and the rest follows in sorted portions that are inserted.
 */
import { type Dictionary, DictionaryBuilder, type IndexKey, type SameKey } from '../storage/api.ts';
import type { ExecContext } from './context.ts';
import { Holding } from './memory-account.ts';

export class SortedBuilder {
  readonly #x: ExecContext;
  readonly #builder: DictionaryBuilder;
  readonly #sizeMax: number;
  readonly #held = new Holding('entries of an index that is built');

  constructor(x: ExecContext, dictionary: Dictionary, sizeMax: number, onSame: SameKey) {
    this.#x = x;
    this.#builder = new DictionaryBuilder(dictionary, onSame);
    this.#sizeMax = sizeMax;
  }

  get count(): number {
    return this.#builder.count;
  }

  get isEmpty(): boolean {
    return this.#builder.count === 0;
  }

  add(key: IndexKey, rowId: number, hasNull: boolean): void {
    this.#builder.add(key, rowId, hasNull);
  }

  /** Forgets what was added since the count was this: a page is read again. */
  truncate(count: number): void {
    this.#builder.truncate(count);
  }

  /** After some rows: whether they must be loaded (step) before more are added. Throws 53200 at the cap on work memory. */
  isFull(): boolean {
    const { sizeBytes } = this.#builder;
    this.#held.set(this.#x.memory, sizeBytes);
    return sizeBytes > this.#sizeMax;
  }

  /** Sorts or loads some of what was collected; true when all of it is in the dictionary. May be called again after PAGE_MISS. */
  step(): boolean {
    if (!this.#builder.step()) return false;
    this.#held.clear(this.#x.memory);
    return true;
  }
}
