/**
 * Building an inverted index: rows in heap order give terms, which are collected with their lists (term-lists.ts) and loaded into
 * the dictionary in its order, as often as what is collected outgrows maintenance_work_mem. Every step is short.
 */
import { type Dictionary, DictionaryLoader, IndexKey } from '../../storage/api.ts';
import type { ExecContext } from '../context.ts';
import { Holding } from '../memory-account.ts';
import type { RowTerms } from './row-terms.ts';
import { TermLists, type TermOrder } from './term-lists.ts';

/** Row ids that are loaded in one step. */
const ROWS_PER_STEP = 4096;

export class InvertedBuilder {
  readonly #x: ExecContext;
  readonly #terms: RowTerms;
  readonly #dictionary: Dictionary;
  readonly #sizeMax: number;
  readonly #held = new Holding('terms of an index that is built');
  #lists = new TermLists();
  /** While what was collected is loaded. */
  #order: TermOrder | null = null;
  #isSorted = false;
  /** Into a dictionary that is still empty; later loads insert. */
  #loader: DictionaryLoader | null = null;
  /** The term that is being loaded, and how many of its rows are. */
  #term = -1;
  #done = 0;
  #rows = new Uint32Array(1024);
  readonly #key = new IndexKey();

  constructor(x: ExecContext, terms: RowTerms, dictionary: Dictionary, sizeMax: number) {
    this.#x = x;
    this.#terms = terms;
    this.#dictionary = dictionary;
    this.#sizeMax = sizeMax;
  }

  /** Takes the row version at `r`; may be repeated with the same row after PAGE_MISS. */
  add(rowId: number, r: number): void {
    this.#lists.row = rowId;
    this.#terms.ofRow(this.#x, r, this.#lists);
  }

  get isEmpty(): boolean {
    return this.#lists.termCount === 0;
  }

  /** After some rows: whether they must be loaded (step) before more are added. Throws 53200 at the cap on work memory. */
  isFull(): boolean {
    const { sizeBytes } = this.#lists;
    this.#held.set(this.#x.memory, sizeBytes);
    return sizeBytes > this.#sizeMax;
  }

  /** Loads some of what was collected; true when all of it is in the dictionary. */
  step(): boolean {
    if (this.#order === null) {
      this.#order = this.#lists.startSort();
      this.#isSorted = false;
      const { count } = this.#dictionary;
      this.#loader = count > 0 ? null : new DictionaryLoader(this.#dictionary, this.#x.engine.indexMemory);
    }
    if (!this.#isSorted) {
      this.#isSorted = this.#order.sortRun();
      return false;
    }
    for (let loaded = 0; loaded < ROWS_PER_STEP; ) {
      if (this.#term < 0 && !this.#nextTerm(this.#order)) {
        this.#loader?.finish();
        this.close();
        return true;
      }
      loaded += this.#load(ROWS_PER_STEP - loaded);
    }
    return false;
  }

  #nextTerm(order: TermOrder): boolean {
    const term = order.next();
    if (term < 0) return false;
    const count = this.#lists.countOf(term);
    if (count > this.#rows.length) this.#rows = new Uint32Array(count * 2);
    this.#lists.readRows(term, this.#rows, 0);
    this.#lists.readKey(term, this.#key);
    this.#term = term;
    this.#done = 0;
    return true;
  }

  #load(most: number): number {
    if (this.#loader !== null) {
      const count = this.#lists.countOf(this.#term);
      this.#loader.add(this.#key, this.#rows, count);
      this.#term = -1;
      return count;
    }
    const end = Math.min(this.#lists.countOf(this.#term), this.#done + most);
    const loaded = end - this.#done;
    for (let i = this.#done; i < end; i++) this.#dictionary.insert(this.#key, this.#rows[i]);
    this.#done = end;
    if (end === this.#lists.countOf(this.#term)) this.#term = -1;
    return loaded;
  }

  /** Forgets what was collected. */
  close(): void {
    this.#order = null;
    this.#lists = new TermLists();
    this.#held.clear(this.#x.memory);
  }
}
