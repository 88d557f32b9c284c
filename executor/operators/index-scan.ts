/** Scans by an ordered or hash index: one range, or one for each element of a list. Those by posting lists: posting-scan.ts. */
import type { Value } from '../../catalog/function-entry.ts';
import type { IndexScanPlan } from '../../planner/plan.ts';
import {
  CURSOR_END,
  cursorOf,
  type IndexCursor,
  type IndexDictionary,
  IndexKey,
  keySet,
  LayeredDictionary,
  PAGE_MISS,
  ROW_SLOT_BITS,
  ROWS_TOUCHED,
  touchRows,
} from '../../storage/api.ts';
import { hashKey } from '../../types/index.ts';
import { BATCH_SIZE, Batch, END, PENDING } from '../batch.ts';
import { type ScalarFunctionOfContext, scalarFunction } from '../compile/batch-program.ts';
import type { ExecContext } from '../context.ts';
import type { Execution } from '../program.ts';
import type { TableRuntime } from '../table-runtime.ts';
import { HeldError } from './held-error.ts';
import { IndexConditions } from './index-conditions.ts';
import { type KeyReport, KeyRows } from './index-only.ts';
import { type Operator, WaitSignal } from './operator.ts';
import { PostingCount } from './posting-count.ts';
import { RoundedRun } from './rounded-run.ts';
import { RowFetcher } from './row-fetcher.ts';

/** Elements of an IN list whose rows are looked for ahead of a missing page. */
const PROBES_AHEAD_MAX = 64;
/** Rows fetched in one go, whether they are wanted in the end or not. */
const FETCHED_MAX = 2 * BATCH_SIZE;
/** Rows of a range that are read before those behind them are touched: few scans of few rows shall pay for it. */
const UNTOUCHED_ROWS = 4;
/** Rows of a batch that only counts. */
const COUNTED_MAX = 65_536;
/** The rows of an index's ranges, in its order. */
export class IndexScanOperator implements Operator {
  readonly #conditions: IndexConditions;
  /** Of the run: layers of dictionaries may be replaced by one at any time, but what has been begun goes on in them. */
  #dictionary: IndexDictionary;
  #cursor: IndexCursor;
  readonly #fetcher: RowFetcher;
  readonly #out: Batch;
  readonly #error = new HeldError();
  readonly #plan: IndexScanPlan;
  /** Of an index-only scan. */
  readonly #keys: KeyRows | null;
  /** Rows in #keys.raw: what is computed of them had to wait. */
  #waiting = 0;
  readonly #list: ((x: ExecContext) => Value)[] | null;
  readonly #array: ScalarFunctionOfContext | null;
  /** IN list elements still to be probed. */
  #probes: Value[] = [];
  #nextProbe = 0;
  #isOpen = false;
  /** Finds the rows of elements to come, for reading ahead. */
  #ahead: IndexCursor | null = null;
  /** A row id whose page was missing: to be fetched first. */
  #retryRowId = CURSOR_END;
  readonly #isPoint: boolean;
  /** A row may be under several keys of the range: only the one of the version seen counts. */
  readonly #checksKey: boolean;
  readonly #key = new IndexKey();
  /** Rows whose different values share one rounded key, in their true order. */
  #rounded: RoundedRun;
  readonly #table: TableRuntime;

  constructor(plan: IndexScanPlan, execution: Execution) {
    const { program } = execution;
    this.#plan = plan;
    const table = program.tableOf(plan.table);
    const index = program.index(table, plan.index.oid);
    this.#conditions = IndexConditions.compile(execution, index, plan);
    this.#dictionary = index.dictionary;
    this.#cursor = cursorOf(index.dictionary);
    this.#cursor.descending = plan.descending;
    this.#keys = plan.indexOnly ? new KeyRows(execution, plan, index) : null;
    this.#fetcher = new RowFetcher(execution, plan, table, this.#keys?.columns);
    this.#out = new Batch(plan.targets.length);
    this.#list = plan.inList?.map((e) => program.memo(e, 'scalar', () => scalarFunction(program.slots, e))) ?? null;
    const { inArray } = plan;
    this.#array =
      inArray === null ? null : program.memo(inArray, 'scalar', () => scalarFunction(program.slots, inArray));
    this.#table = table;
    this.#rounded = new RoundedRun(table, index, this.#cursor);
    const width = plan.index.columns.length;
    // Of the elements of an IN list the recheck does not say which.
    const isProbe = this.#list !== null || this.#array !== null;
    const fixed = plan.equal.length + (plan.isNull ? 1 : 0);
    this.#isPoint =
      plan.index.unique &&
      index.deferrableConstraint === null &&
      index.loose.length === 0 &&
      plan.equal.length === width;
    this.#checksKey = index.predicate !== null || isProbe || fixed < width;
  }

  #batchSize = BATCH_SIZE;

  limitTo(rows: number): void {
    this.#batchSize = Math.min(rows, BATCH_SIZE);
  }

  #isCounting = false;
  /** Counts the rows of one key. */
  #counting: PostingCount | null = null;

  countOnly(): boolean {
    const plan = this.#plan;
    this.#isCounting = plan.indexOnly && plan.filter === null && plan.targets.length === 0;
    if (this.#isCounting) {
      this.#batchSize = COUNTED_MAX;
      this.#cursor.descending = false;
    }
    return this.#isCounting;
  }

  open(x: ExecContext): void {
    this.#error.forget();
    const plan = this.#plan;
    this.#takeDictionary();
    this.#rounded.reset();
    this.#counting?.close();
    this.#counting = null;
    this.#fetcher.prefetch.reset();
    this.#retryRowId = CURSOR_END;
    this.#waiting = 0;
    this.#nextProbe = 0;
    if (this.#list !== null || this.#array !== null) {
      this.#probes = this.#sortedProbes(x);
      this.#isOpen = this.#nextRange(x);
      return;
    }
    this.#probes = [];
    this.#isOpen = this.#conditions.apply(x, this.#cursor, plan.isNull ? null : undefined, plan.isNull);
    if (this.#isOpen) this.#startRange();
  }

  /** The one that serves the index now. */
  #takeDictionary(): void {
    const { index } = this.#conditions;
    if (index.dictionary === this.#dictionary) return;
    const { descending } = this.#cursor;
    this.#dictionary = index.dictionary;
    this.#cursor = cursorOf(index.dictionary);
    this.#cursor.descending = descending;
    this.#ahead = null;
    this.#rounded = new RoundedRun(this.#table, index, this.#cursor);
  }

  /** What is below may have entries of rows that are not the heap's: no page says that they need not be looked at. */
  get #isLayered(): boolean {
    return this.#dictionary instanceof LayeredDictionary;
  }

  #startRange(): void {
    const { index, isKey } = this.#conditions;
    index.counters.scans++;
    this.#cursor.reset();
    if (this.#isCounting && isKey && !this.#dictionary.isLossy && !this.#isLayered)
      this.#counting = new PostingCount(this.#fetcher.heap, keySet(this.#dictionary, this.#cursor.lower));
  }

  /** Distinct non-null elements, in index order so that the scan gives rows in order. */
  #sortedProbes(x: ExecContext): Value[] {
    const values = this.#array !== null ? [...(this.#array(x)?.elements ?? [])] : (this.#list ?? []).map((f) => f(x));
    const column = this.#plan.equal.length;
    const typeOid = this.#conditions.index.expressions[column].typeOid;
    const key = hashKey(typeOid);
    const seen = new Map<unknown, Value>();
    for (const value of values) if (value !== null && !seen.has(key(value))) seen.set(key(value), value);
    const probes = [...seen.values()];
    const { comparatorOf } = this.#conditions.index;
    const descending = this.#plan.descending !== this.#conditions.index.entry.columns[column].descending;
    const compare = comparatorOf(column);
    return probes.sort((a, b) => (descending ? compare(b, a) : compare(a, b)));
  }

  #nextRange(x: ExecContext): boolean {
    while (this.#nextProbe < this.#probes.length) {
      if (this.#conditions.apply(x, this.#cursor, this.#probes[this.#nextProbe++], false)) {
        this.#startRange();
        return true;
      }
    }
    return false;
  }

  poll(x: ExecContext): Batch {
    this.#error.meet();
    const out = this.#out;
    while (this.#isOpen || this.#waiting > 0) {
      if (this.#keys === null || this.#isCounting) {
        const filled = this.#fetcher.begin(x, out, this.#isExact);
        filled.count = this.#counting === null ? this.#fill(x, filled) : this.#count(x, this.#counting);
        if (filled.count > 0) return filled;
      } else {
        if (this.#waiting === 0) this.#waiting = this.#fill(x, this.#fetcher.begin(x, this.#keys.raw));
        this.#keys.project(x, this.#waiting, out, this.#error);
        this.#waiting = 0;
        if (out.count > 0) return out;
      }
      if (this.#isOpen && x.shouldYield(0)) return PENDING;
    }
    return END;
  }

  /** The key of each entry is that of the version seen (#fill), and says all that the conditions do: no row is rechecked. */
  get #isExact(): boolean {
    const { hasStaleKeys, isHashed, isLossy } = this.#dictionary;
    return this.#plan.isExact && !isHashed && !isLossy && (this.#checksKey || !hasStaleKeys);
  }

  /** The next rows of a key: what could be counted, and those that had to be fetched. */
  #count(x: ExecContext, counting: PostingCount): number {
    const { counters } = this.#conditions.index;
    if (counting.next === counting.end) {
      if (counting.isAtEnd) this.#isOpen = false;
      else counting.fill();
    }
    let n = 0;
    const start = counting.next;
    try {
      for (const end = Math.min(counting.end, start + FETCHED_MAX); counting.next < end; ) {
        const touched = Math.min(end, counting.next + ROWS_TOUCHED);
        touchRows(this.#fetcher.heap, counting.rows, counting.next, touched);
        for (; counting.next < touched; counting.next++) {
          if (this.#fetcher.fetch(x, counting.rows[counting.next], n)) n++;
        }
      }
    } catch (error) {
      if (error === PAGE_MISS) this.#fetcher.prefetch.list(counting.rows, counting.next, counting.end);
      if (error !== PAGE_MISS && !(error instanceof WaitSignal)) this.#error.hold(x, error, n);
      else if (!x.mayGoOn() || error !== PAGE_MISS || n === 0) throw error;
    } finally {
      const fetched = counting.next - start;
      if (this.#keys !== null) this.#keys.heapFetches += fetched;
      counters.rowsFetched += this.#fetcher.visible;
      counters.entriesRead += fetched;
      this.#fetcher.visible = 0;
    }
    x.shouldYield(counting.next - start);
    const counted = counting.take();
    counters.entriesRead += counted;
    return n + counted;
  }

  /** For EXPLAIN ANALYZE, of an index-only scan. */
  get keyReport(): KeyReport | null {
    return this.#keys;
  }

  /** Up to a batch of rows: fewer, or none, when many entries were looked at in vain. */
  #fill(x: ExecContext, batch: Batch): number {
    const { index } = this.#conditions;
    const dictionary = this.#dictionary;
    const checksKey = this.#checksKey && dictionary.hasStaleKeys && !dictionary.isLossy;
    const keys = this.#keys?.areWhole && !this.#isLayered ? this.#keys : null;
    const { visibility, pages } = this.#fetcher.heap;
    const countedPages = visibility.pageCount === pages.pageCount ? null : visibility;
    const limit = batch.isEncoded ? Math.min(this.#batchSize, x.rowTarget.rowsMax) : this.#batchSize;
    let n = 0;
    let fetched = 0;
    let counted = 0;
    let touchAt = this.#isPoint || dictionary.isLossy ? FETCHED_MAX : UNTOUCHED_ROWS;
    try {
      while (this.#isOpen && n < limit && fetched < FETCHED_MAX) {
        if (this.#isCounting && keys !== null && this.#retryRowId === CURSOR_END) {
          const passed = this.#cursor.passLeaf(countedPages);
          n += passed;
          counted += passed;
          if (passed > 0) continue;
        }
        const rowId =
          this.#retryRowId !== CURSOR_END
            ? this.#retryRowId
            : dictionary.isLossy
              ? this.#rounded.next(x)
              : this.#cursor.next();
        if (rowId === CURSOR_END) {
          this.#isOpen = this.#nextRange(x);
          continue;
        }
        // In the turn in which the entry was read: later a page may be all-visible that has another key now.
        if (keys !== null && rowId !== this.#retryRowId && visibility.has(rowId >>> ROW_SLOT_BITS)) {
          if (!this.#isCounting) keys.read(this.#cursor, n);
          n++;
          counted++;
          continue;
        }
        this.#retryRowId = rowId;
        if (
          checksKey
            ? this.#fetcher.fetchAtKey(x, rowId, n, index, this.#cursor, this.#key)
            : this.#fetcher.fetch(x, rowId, n)
        ) {
          n++;
          // A unique key has at most one visible row, however many stale entries.
          if (this.#isPoint) this.#isOpen = false;
        }
        this.#retryRowId = CURSOR_END;
        if (++fetched === touchAt) touchAt += this.#fetcher.prefetch.touch(this.#cursor, limit - n);
      }
    } catch (error) {
      if (error === PAGE_MISS) this.#prefetch(x, limit - n);
      // Rows before it go on their way; the next poll begins with the row that has to wait.
      if (error !== PAGE_MISS && !(error instanceof WaitSignal)) this.#error.hold(x, error, n);
      else if (!x.mayGoOn() || n === 0) throw error;
    } finally {
      if (this.#isOpen) this.#cursor.suspend();
      index.counters.entriesRead += fetched + counted;
      index.counters.rowsFetched += this.#fetcher.visible;
      if (this.#keys !== null) this.#keys.heapFetches += fetched;
      this.#fetcher.visible = 0;
    }
    x.shouldYield(fetched + (counted >>> 4));
    return n;
  }

  /** A page was missing: what comes next will want more of them. */
  #prefetch(x: ExecContext, limit: number): void {
    if (this.#fetcher.readsInPlace) return;
    const { prefetch } = this.#fetcher;
    if (!this.#isPoint) prefetch.range(this.#cursor, limit);
    const probes = this.#probes;
    const end = Math.min(probes.length, this.#nextProbe + Math.min(limit, PROBES_AHEAD_MAX));
    if (this.#nextProbe === end) return;
    this.#ahead ??= cursorOf(this.#dictionary);
    prefetch.begin();
    for (let i = this.#nextProbe; i < end; i++) {
      if (!this.#conditions.apply(x, this.#ahead, probes[i], false)) continue;
      this.#ahead.reset();
      prefetch.add(this.#ahead.next());
    }
    prefetch.end();
  }

  close(): void {
    this.#isOpen = false;
    this.#counting?.close();
    this.#counting = null;
  }
}
