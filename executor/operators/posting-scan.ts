/**
 * Scan by posting lists: the row ids that an AND/OR of index terms selects, in page order, and the rows behind them.
 *
 * Nothing is collected ahead but ranges of many keys (storage/index/posting-set.ts): row ids are read some page groups at a time,
 * a page group of the smallest list after the other, and the operator may wait in between.
 */
import type { PostingFigures } from '../../planner/index.ts';
import type { InvertedSearch, PostingExpr, PostingScanPlan, PostingTerm } from '../../planner/plan.ts';
import {
  andSet,
  cursorOf,
  emptySet,
  type Heap,
  type HeapCounters,
  keySet,
  LayeredDictionary,
  orSet,
  PAGE_MISS,
  PostingReader,
  type PostingSet,
  PostingSummary,
  ROWS_TOUCHED,
  rangeSet,
  touchRows,
} from '../../storage/api.ts';
import { BATCH_SIZE, Batch, END, PENDING } from '../batch.ts';
import { scalarFunction } from '../compile/batch-program.ts';
import type { ExecContext } from '../context.ts';
import type { IndexRuntime } from '../index-runtime.ts';
import { InvertedSearcher } from '../inverted/search.ts';
import { Holding } from '../memory-account.ts';
import type { Execution } from '../program.ts';
import { HeldError } from './held-error.ts';
import { IndexConditions } from './index-conditions.ts';
import { type Operator, WaitSignal } from './operator.ts';
import { PostingCount, type RowSource } from './posting-count.ts';
import { RowFetcher } from './row-fetcher.ts';
import { PAGES_AHEAD_MAX } from './row-prefetch.ts';

/** Row ids read at once. */
const ROWS_AT_ONCE = 1024;
/** Rows looked at between two looks at the clock. */
const ROWS_BETWEEN_LOOKS = 256;

interface Term {
  readonly conditions: IndexConditions;
  /** What it came to when the scan was opened. */
  set: PostingSet | null;
}

export class PostingScanOperator implements Operator {
  readonly #postings: PostingExpr;
  readonly #terms = new Map<PostingTerm, Term>();
  readonly #searches = new Map<InvertedSearch, InvertedSearcher>();
  readonly #fetcher: RowFetcher;
  readonly #counters: HeapCounters;
  readonly #out: Batch;
  readonly #error = new HeldError();
  readonly #held = new Holding('row ids of a bitmap');
  readonly #plan: PostingScanPlan;
  readonly #heap: Heap;
  #reader: RowSource | null = null;
  /** Where rows of all-visible pages are only counted: the reader. */
  #counting: PostingCount | null = null;
  #mayCount = false;
  #isCounted = false;
  /** Of EXPLAIN ANALYZE: the sets of the last run. */
  #reported: Map<PostingExpr, PostingSet> | null = null;

  constructor(plan: PostingScanPlan, execution: Execution) {
    const table = execution.program.tableOf(plan.table);
    this.#fetcher = new RowFetcher(execution, plan, table);
    this.#plan = plan;
    this.#heap = table.heap;
    this.#counters = table.heap.counters;
    this.#out = new Batch(plan.targets.length);
    this.#postings = plan.postings;
    const { program } = execution;
    const visit = (postings: PostingExpr): void => {
      if (postings.kind === 'search') {
        const { search } = postings;
        const conditions = search.conditions.map(({ column, strategy, value }) => ({
          column,
          strategy,
          value: program.memo(value, 'scalar', () => scalarFunction(program.slots, value)),
        }));
        this.#searches.set(search, new InvertedSearcher(program.index(table, search.index.oid), conditions));
      } else if (postings.kind !== 'term') for (const p of postings.args) visit(p);
      else {
        const index = program.index(table, postings.term.index.oid);
        const conditions = IndexConditions.compile(execution, index, postings.term);
        this.#terms.set(postings.term, { conditions, set: null });
      }
    };
    visit(plan.postings);
  }

  #batchSize = BATCH_SIZE;

  limitTo(rows: number): void {
    this.#batchSize = Math.min(rows, BATCH_SIZE);
  }

  countOnly(): boolean {
    const { isExact, filter, targets } = this.#plan;
    this.#mayCount = isExact && filter === null && targets.length === 0;
    return this.#mayCount;
  }

  open(x: ExecContext): void {
    this.#error.forget();
    this.#held.clear(x.memory);
    this.#isCounted = false;
    this.#counting?.close();
    this.#counting = null;
    const set = this.#setOf(x, this.#postings);
    const indexes = [...this.#terms.values()].map(({ conditions }) => conditions.index);
    for (const searcher of this.#searches.values()) indexes.push(searcher.index);
    if (this.#mayCount && indexes.every(countsEntries)) this.#counting = new PostingCount(this.#heap, set);
    this.#reader = this.#counting ?? new PostingReader(set);
  }

  /** Before the first open: `report` will be asked. */
  keepReport(): void {
    this.#reported = new Map();
  }

  /** Before close: what the lists of the last run were, and how many rows AND and OR have left. */
  report(): PostingFigures | null {
    if (this.#reported === null || this.#reader === null) return null;
    const figures: PostingFigures = new Map();
    for (const [postings, set] of this.#reported) {
      const isLeaf = postings.kind === 'term' || postings.kind === 'search';
      if (isLeaf) {
        const summary = new PostingSummary();
        set.describe(summary);
        figures.set(postings, summary);
      } else if (postings === this.#postings) figures.set(postings, this.#reader.rowsRead);
    }
    return figures;
  }

  #setOf(x: ExecContext, postings: PostingExpr): PostingSet {
    const set = this.#makeSet(x, postings);
    this.#reported?.set(postings, set);
    return set;
  }

  #makeSet(x: ExecContext, postings: PostingExpr): PostingSet {
    if (postings.kind === 'search') return (this.#searches.get(postings.search) as InvertedSearcher).setOf(x);
    if (postings.kind !== 'term') {
      const sets = postings.args.map((p) => this.#setOf(x, p));
      return postings.kind === 'and' ? andSet(sets) : orSet(sets);
    }
    const term = this.#terms.get(postings.term) as Term;
    term.set = this.#setOfTerm(x, term.conditions);
    return term.set;
  }

  #setOfTerm(x: ExecContext, conditions: IndexConditions): PostingSet {
    const { dictionary, counters } = conditions.index;
    const cursor = cursorOf(dictionary);
    if (!conditions.apply(x, cursor, undefined, false)) return emptySet();
    counters.scans++;
    return conditions.isKey ? keySet(dictionary, cursor.lower) : rangeSet(dictionary, cursor);
  }

  poll(x: ExecContext): Batch {
    this.#error.meet();
    const reader = this.#reader as RowSource;
    const out = this.#fetcher.begin(x, this.#out, this.#isExact());
    const limit = out.isEncoded ? Math.min(this.#batchSize, x.rowTarget.rowsMax) : this.#batchSize;
    const ahead = Math.min(ROWS_TOUCHED, limit);
    let n = 0;
    let looked = 0;
    let isSliceOver = false;
    try {
      while (n < limit && !isSliceOver) {
        if (reader.next === reader.end) {
          if (reader.isAtEnd) break;
          reader.fill(ROWS_AT_ONCE);
          this.#held.set(x.memory, reader.sizeBytes);
          isSliceOver = x.shouldYield(ROWS_AT_ONCE);
          continue;
        }
        const { rows } = reader;
        const end = Math.min(reader.end, reader.next + ahead);
        touchRows(this.#heap, rows, reader.next, end);
        looked += end - reader.next;
        while (reader.next < end && n < limit) {
          if (this.#fetcher.fetch(x, rows[reader.next], n)) n++;
          reader.next++;
        }
        if (looked >= ROWS_BETWEEN_LOOKS) {
          isSliceOver = x.shouldYield(looked);
          looked = 0;
        }
      }
    } catch (error) {
      if (error === PAGE_MISS) {
        // Enough row ids to read ahead of, also when they are few in each page group.
        reader.fill(PAGES_AHEAD_MAX);
        this.#fetcher.prefetch.list(reader.rows, reader.next, reader.end);
      }
      if (error !== PAGE_MISS && !(error instanceof WaitSignal)) this.#error.hold(x, error, n);
      else if (!x.mayGoOn() || n === 0) throw error;
    } finally {
      this.#counters.bitmapRows += this.#fetcher.visible;
      this.#fetcher.visible = 0;
    }
    const rows = n + (this.#counting?.take() ?? 0);
    if (rows > 0) {
      x.shouldYield(looked);
      out.count = rows;
      return out;
    }
    if (isSliceOver) return PENDING;
    this.#count();
    return END;
  }

  /** Whether visible rows satisfy what the recheck would ask. */
  #isExact(): boolean {
    if (this.#terms.size > 0) return false;
    for (const searcher of this.#searches.values()) if (!searcher.isExact) return false;
    return true;
  }

  /** Entries that came out of the indexes. */
  #count(): void {
    if (this.#isCounted) return;
    this.#isCounted = true;
    for (const { conditions, set } of this.#terms.values()) {
      if (set !== null) conditions.index.counters.entriesRead += set.rowsMax;
    }
    for (const searcher of this.#searches.values()) searcher.count();
  }

  close(x: ExecContext): void {
    if (this.#reader !== null) this.#count();
    this.#reader = null;
    this.#counting?.close();
    this.#counting = null;
    for (const term of this.#terms.values()) term.set = null;
    this.#held.clear(x.memory);
  }
}

/** Entries are as good as rows, where their page is all-visible: not rounded keys, nor what is below a fork's own layer. */
function countsEntries({ dictionary }: IndexRuntime): boolean {
  return !dictionary.isLossy && !(dictionary instanceof LayeredDictionary);
}
