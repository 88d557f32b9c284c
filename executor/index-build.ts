/** CREATE INDEX on a table with rows: reads them page by page, in slices, and refuses a second live row with a unique key. */
import { IndexKey, ROW_DELETED, ROW_IN_PROGRESS, ROW_SLOT_BITS, type SameKey } from '../storage/api.ts';
import { sqlError } from '../types/errors.ts';
import type { ExecContext } from './context.ts';
import { IndexProgress } from './index-progress.ts';
import { type IndexRuntime, KEY_HAS_NULL, KEY_NOT_INDEXED } from './index-runtime.ts';
import { InvertedBuilder } from './inverted/build.ts';
import {
  CONFLICT_UNDECIDED,
  describeIndexKey,
  exclusionViolation,
  finderOf,
  NO_CONFLICT,
} from './modify/unique-check.ts';
import { WAIT_SIGNAL } from './operators/operator.ts';
import type { Session } from './session.ts';
import { SortedBuilder } from './sorted-build.ts';
import { TablePages } from './table-pages.ts';
import type { TableRuntime } from './table-runtime.ts';

/** What collects rows and loads them in portions; null: each row is inserted as it comes. */
type Collector = InvertedBuilder | SortedBuilder;

/**
 * `isConcurrent`: others write meanwhile, and keep the index up to date for what they write. What the snapshot sees is put in, and
 * what of it others have replaced goes with the snapshot, by the sweep; it takes no part in uniqueness. A page may be done again.
 */
export class IndexBuilder {
  /** Rows and pages done, for pg_stat_progress_create_index. */
  readonly progress: IndexProgress;
  readonly #isConcurrent: boolean;
  readonly #x: ExecContext;
  readonly #session: Session;
  readonly #table: TableRuntime;
  readonly #index: IndexRuntime;
  readonly #key = new IndexKey();
  readonly #finder: ReturnType<typeof finderOf>;
  readonly #snapshot: ExecContext['snapshot'];
  readonly #pages: TablePages;
  /** Of an inverted index. */
  readonly #inverted: InvertedBuilder | null;
  /** Of others, unless they are built concurrently. */
  readonly #sorted: SortedBuilder | null;
  readonly #collector: Collector | null;
  #isLoading = false;
  #page = 0;
  /** Pairs of #sorted before the page that is read. */
  #sortedBefore = 0;

  constructor(x: ExecContext, session: Session, table: TableRuntime, index: IndexRuntime, isConcurrent = false) {
    this.#x = x;
    this.#isConcurrent = isConcurrent;
    this.#session = session;
    this.#table = table;
    this.#index = index;
    this.#finder = finderOf(table, index);
    // Always the newest versions, whatever the transaction's isolation.
    const txn = session.ensureTransaction();
    this.#snapshot = session.engine.transactions.takeSnapshot(txn);
    x.begin(txn, this.#snapshot, [], null);
    this.#pages = new TablePages(table, this.#snapshot);
    this.progress = new IndexProgress(index, table, isConcurrent);
    const sizeMax = session.settings.number('maintenance_work_mem') * 1024;
    const { terms, dictionary } = index;
    this.#inverted = terms === null ? null : new InvertedBuilder(x, terms, dictionary.top, sizeMax);
    // A dictionary that is being loaded cannot be changed by others, nor searched for rows of one class.
    const isCompared = index.entry.unique && index.loose.length > 0;
    const isSorted = index.exclusion === null && terms === null && !isConcurrent && !isCompared;
    this.#sorted = isSorted ? new SortedBuilder(x, dictionary.top, sizeMax, this.#refuseSame) : null;
    this.#collector = this.#inverted ?? this.#sorted;
  }

  /** One page, or a part of what was collected; true at the end. */
  step(): boolean {
    const { heap } = this.#table;
    if (this.#isLoading) {
      this.#isLoading = this.#collector?.step() === false;
      if (!this.#isLoading) this.#sortedBefore = 0;
      return false;
    }
    if (this.#page >= heap.pages.pageCount) {
      if (this.#collector?.isEmpty === false) {
        this.#isLoading = true;
        return false;
      }
      this.#session.database.indexBuilt(this.#index.entry.oid, this.#snapshot.csn);
      this.#session.transaction.builtIndexes.push(this.#index.entry.oid);
      this.#session.transaction.releaseSnapshot(this.#snapshot);
      return true;
    }
    const base = this.#pages.base(this.#page);
    // The page may have been read in part.
    this.#sorted?.truncate(this.#sortedBefore);
    const slots = this.#pages.slotCount(base);
    for (let slot = 0; slot < slots; slot++) {
      const r = this.#pages.visible(base, slot);
      if (r >= 0) this.#add(this.#page * 2 ** ROW_SLOT_BITS + slot, r);
    }
    this.#page++;
    this.progress.blocksDone = this.#page;
    this.#sortedBefore = this.#sorted?.count ?? 0;
    if (this.#collector?.isFull() === true) this.#isLoading = true;
    return false;
  }

  #add(rowId: number, r: number): void {
    const index = this.#index;
    if (this.#inverted !== null) {
      this.#inverted.add(rowId, r);
      return;
    }
    const answer = index.keyFromRow(this.#x, r, this.#key);
    if (answer === KEY_NOT_INDEXED) return;
    if (this.#sorted !== null) {
      this.#sorted.add(this.#key, rowId, answer === KEY_HAS_NULL);
      this.progress.tuplesDone++;
      return;
    }
    if (index.exclusion !== null) this.#refuseExcluded(rowId, r);
    if (index.entry.unique && (answer !== KEY_HAS_NULL || index.entry.nullsNotDistinct) && this.#isLatest(rowId, r))
      this.#refuseDuplicate(this.#key, rowId, r);
    if (index.dictionary.insert(this.#key, rowId)) this.progress.tuplesDone++;
  }

  /** Nobody has replaced the version; who is about to is waited for. */
  #isLatest(rowId: number, r: number): boolean {
    if (!this.#isConcurrent) return true;
    const { heap } = this.#table;
    const liveness = heap.liveness(rowId, this.#x.transaction);
    if (liveness === ROW_IN_PROGRESS) this.#wait();
    return liveness !== ROW_DELETED && heap.newest(rowId) === r;
  }

  #wait(): never {
    const { blocker } = this.#table.heap;
    this.#session.engine.locks.waitForTransaction(this.#session.ensureTransaction(), blocker);
    throw WAIT_SIGNAL;
  }

  /** Another row has the (rounded) key; both are visible. Throws PAGE_MISS. */
  readonly #refuseSame: SameKey = (key, rowId, isCertain, hasNull) => {
    const { entry } = this.#index;
    if (!entry.unique || (hasNull && !entry.nullsNotDistinct)) return;
    const r = this.#table.heap.visible(rowId, this.#snapshot);
    if (isCertain) throw this.#violation(r);
    this.#refuseDuplicate(key, rowId, r);
  };

  #refuseDuplicate(key: IndexKey, rowId: number, r: number): void {
    const isCompared = this.#index.dictionary.isLossy || this.#index.loose.length > 0;
    const values = isCompared ? this.#table.readValues(r, []) : [];
    const found = this.#finder.find(this.#x, key, values, rowId);
    if (found === NO_CONFLICT) return;
    if (found === CONFLICT_UNDECIDED) this.#wait();
    throw this.#violation(this.#table.heap.newest(found));
  }

  #refuseExcluded(rowId: number, r: number): void {
    const values = this.#table.readValues(r, []);
    const found = this.#finder.find(this.#x, this.#key, values, rowId);
    if (found === NO_CONFLICT) return;
    if (found === CONFLICT_UNDECIDED) this.#wait();
    throw exclusionViolation(this.#x, this.#table, this.#index, values, found, true);
  }

  #violation(r: number): Error {
    const values = this.#table.readValues(r, []);
    return sqlError('23505', `could not create unique index "${this.#index.entry.name}"`, {
      detail: `${describeIndexKey(this.#x, this.#table.entry, this.#index, values)} is duplicated.`,
      schema: this.#session.schemaName(this.#table.entry.schemaOid),
      table: this.#table.entry.name,
      constraint: this.#index.entry.name,
    });
  }
}
