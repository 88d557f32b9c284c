/**
 * Table scans: sequential, by ordered index, by row id. Those by posting lists: posting-scan.ts.
 */
import type { Value } from '../../catalog/function-entry.ts';
import type { Expr } from '../../planner/expr.ts';
import type {
  IndexBound,
  IndexScanPlan,
  PostingScanPlan,
  PostingTerm,
  RowIdScanPlan,
  SeqScanPlan,
} from '../../planner/plan.ts';
import {
  CURSOR_END,
  cursorOf,
  type Heap,
  type HeapCounters,
  type IndexCursor,
  type IndexDictionary,
  IndexKey,
  keySet,
  LayeredDictionary,
  PAGE_MISS,
  RING_FRAMES,
  ROW_SLOT_BITS,
  ROWS_TOUCHED,
  ScanReads,
  touchRows,
} from '../../storage/api.ts';
import { hashKey, SqlArray } from '../../types/index.ts';
import type { OutBuffer } from '../../types/out-buffer.ts';
import { BATCH_SIZE, Batch, END, PENDING } from '../batch.ts';
import { type ScalarFunctionOfContext, scalarFunction } from '../compile/batch-program.ts';
import {
  batchBody,
  type GenericRowFunction,
  type RowProgramInput,
  rowFunction,
  type ScanFunction,
  type ScanPosition,
  scanFunction,
} from '../compile/row-program.ts';
import type { ExecContext } from '../context.ts';
import { type IndexRuntime, KEY_NOT_INDEXED } from '../index-runtime.ts';
import { Holding } from '../memory-account.ts';
import type { Execution } from '../program.ts';
import { isRowTid, rowIdOfTid } from '../row/row-tid.ts';
import type { TableRuntime } from '../table-runtime.ts';
import { type KeyReport, KeyRows } from './index-only.ts';
import { type Operator, WaitSignal } from './operator.ts';
import { PostingCount } from './posting-count.ts';
import { RoundedRun } from './rounded-run.ts';
import { countRows } from './row-count.ts';
import { RowPrefetch } from './row-prefetch.ts';
import { ENCODED, SentRows } from './sent-rows.ts';

/** Elements of an IN list whose rows are looked for ahead of a missing page. */
const PROBES_AHEAD_MAX = 64;
/** Missing pages that one poll reads in place; some microseconds each. More of them are the time slice's to allow (session.ts). */
const READS_IN_PLACE_MAX = 64;
/** Rows fetched in one go, whether they are wanted in the end or not. */
const FETCHED_MAX = 2 * BATCH_SIZE;
/** Rows of a range that are read before those behind them are touched: few scans of few rows shall pay for it. */
const UNTOUCHED_ROWS = 4;
/** Rows of a batch that only counts. */
const COUNTED_MAX = 65_536;
/** Pages of one batch of a scan in a ring whose reader comes back to the rows. */
const REVISITED_PAGES = RING_FRAMES / 4;

export function scanPosition(table: TableRuntime): ScanPosition {
  return { page: 0, slot: 0, endPage: 0, count: 0, reads: new ScanReads(table.pool, table.heap.pages) };
}

export class SeqScanOperator implements Operator {
  readonly #plan: SeqScanPlan;
  readonly #table: TableRuntime;
  readonly #makeScan: () => ScanFunction<Value[][]>;
  /** Made when it is asked for: rows that are sent never do. */
  #scan: ScanFunction<Value[][]> | null = null;
  readonly #position: ScanPosition;
  readonly #out: Batch;
  readonly #sent: SentRows<ScanFunction<OutBuffer>> | null;
  /** Who wants row ids goes back to the rows, and should still find them in the ring. */
  readonly #isRevisited: boolean;
  #endPage = 0;

  constructor(plan: SeqScanPlan, execution: Execution) {
    const { program } = execution;
    this.#plan = plan;
    this.#table = program.tableOf(plan.table);
    this.#position = scanPosition(this.#table);
    this.#isRevisited = plan.targets.some((target) => target.kind === 'systemColumn');
    this.#out = new Batch(plan.targets.length);
    this.#makeScan = () =>
      program.memo(plan, 'scan', () =>
        scanFunction<Value[][]>(
          {
            table: this.#table,
            slots: program.slots,
            filter: plan.filter,
            body: batchBody(plan.targets, program.sentScan === plan),
          },
          { countsRows: true },
        ),
      );
    this.#sent = SentRows.of(program, plan, 'scan', (body) =>
      scanFunction<OutBuffer>(
        { table: this.#table, slots: program.slots, filter: plan.filter, body },
        { countsRows: true },
      ),
    );
  }

  #batchSize = BATCH_SIZE;

  limitTo(rows: number): void {
    this.#batchSize = Math.min(rows, BATCH_SIZE);
  }

  #isCounting = false;

  countOnly(): boolean {
    this.#isCounting = this.#plan.filter === null && this.#plan.targets.length === 0;
    return this.#isCounting;
  }

  open(): void {
    this.#position.page = 0;
    this.#position.slot = 0;
    this.#table.heap.counters.sequentialScans++;
    // Rows that come later than the snapshot are not seen anyway, so the end is fixed here.
    this.#endPage = this.#position.reads.open();
    this.#position.endPage = this.#endPage;
  }

  /** After open: goes on from where another scan of the table has come to. */
  startAt(position: ScanPosition): void {
    this.#position.page = position.page;
    this.#position.slot = position.slot;
    this.#endPage = position.endPage;
    this.#position.endPage = this.#endPage;
  }

  poll(x: ExecContext): Batch {
    const position = this.#position;
    const sent = this.#sent?.ask(x) ?? null;
    const out = sent === null ? this.#out : ENCODED;
    if (this.#isCounting) {
      out.count = countRows(x, this.#table, position);
      if (out.count > 0) return out;
      return position.page < this.#endPage ? PENDING : END;
    }
    for (;;) {
      if (this.#isRevisited && position.reads.ring !== null)
        position.endPage = Math.min(this.#endPage, position.page + REVISITED_PAGES);
      let yielded = false;
      try {
        yielded =
          sent === null
            ? (this.#scan ??= this.#makeScan())(x, position, out.columns, this.#batchSize, x.snapshot)
            : sent(x, position, x.rowTarget.out, Math.min(this.#batchSize, x.rowTarget.rowsMax), x.snapshot);
      } catch (error) {
        if (error === PAGE_MISS) position.reads.missed(position.page);
        else if (!(error instanceof WaitSignal)) throw error;
        // Rows before the missing page go on their way; the next poll meets the miss again, or finds the page.
        if (!x.mayGoOn() || position.count === 0) throw error;
      }
      out.count = position.count;
      if (out.count > 0) return out;
      if (yielded) return PENDING;
      if (position.page >= this.#endPage) return END;
    }
  }

  close(): void {}
}

/** Equality and range bounds of an index scan, evaluated at open. */
export class IndexConditions {
  readonly index: IndexRuntime;
  readonly #equal: readonly ScalarFunctionOfContext[];
  readonly #lower: ScalarFunctionOfContext | null;
  readonly #upper: ScalarFunctionOfContext | null;
  readonly #lowerInclusive: boolean;
  readonly #upperInclusive: boolean;
  readonly #values: Value[] = [];

  constructor(
    index: IndexRuntime,
    equal: readonly ScalarFunctionOfContext[],
    lower: ScalarFunctionOfContext | null,
    upper: ScalarFunctionOfContext | null,
    lowerInclusive: boolean,
    upperInclusive: boolean,
  ) {
    this.index = index;
    this.#equal = equal;
    this.#lower = lower;
    this.#upper = upper;
    this.#lowerInclusive = lowerInclusive;
    this.#upperInclusive = upperInclusive;
  }

  static compile(
    execution: Execution,
    index: IndexRuntime,
    term: { equal: PostingTerm['equal']; lower: IndexBound | null; upper: IndexBound | null },
  ): IndexConditions {
    const { program } = execution;
    const scalar = (expr: object | undefined): ScalarFunctionOfContext | null =>
      expr === undefined
        ? null
        : program.memo(expr, 'scalar', () => scalarFunction(program.slots, expr as PostingTerm['equal'][number]));
    return new IndexConditions(
      index,
      term.equal.map((e) => scalar(e) as ScalarFunctionOfContext),
      scalar(term.lower?.value),
      scalar(term.upper?.value),
      term.lower?.inclusive ?? true,
      term.upper?.inclusive ?? true,
    );
  }

  /** Whether the bounds are all columns of one key. */
  get isKey(): boolean {
    return this.#lower === null && this.#upper === null && this.#equal.length === this.index.entry.columns.length;
  }

  /**
   * Sets the cursor's bounds; `extra` is one more equality value (an IN list's element, or null for IS NULL).
   * False: some value is null, so nothing matches.
   */
  apply(x: ExecContext, cursor: IndexCursor, extra: Value | undefined, nullMatches: boolean): boolean {
    const values = this.#values;
    values.length = 0;
    for (const equal of this.#equal) {
      const value = equal(x);
      if (value === null) return false;
      values.push(value);
    }
    if (extra !== undefined) {
      if (extra === null && !nullMatches) return false;
      values.push(extra);
    }
    const column = values.length;
    const hasRange = this.#lower !== null || this.#upper !== null;
    const descending = hasRange && this.index.entry.columns[column].descending;
    const lower = descending ? this.#upper : this.#lower;
    const upper = descending ? this.#lower : this.#upper;
    cursor.isPrefix = this.index.dictionary.hasByteKeys && !this.index.dictionary.isHashed;
    cursor.lowerInclusive = descending ? this.#upperInclusive : this.#lowerInclusive;
    cursor.upperInclusive = descending ? this.#lowerInclusive : this.#upperInclusive;
    // Rounded keys: what an exclusive bound means is left to the recheck.
    if (!hasRange || this.index.dictionary.isLossy) {
      cursor.lowerInclusive = true;
      cursor.upperInclusive = true;
    }
    return (
      this.#bound(x, cursor, 'lower', lower, values, hasRange) &&
      this.#bound(x, cursor, 'upper', upper, values, hasRange)
    );
  }

  #bound(
    x: ExecContext,
    cursor: IndexCursor,
    side: 'lower' | 'upper',
    bound: ScalarFunctionOfContext | null,
    values: Value[],
    hasRange: boolean,
  ): boolean {
    const prefix = values.length;
    if (bound !== null) {
      const value = bound(x);
      if (value === null) return false;
      values.push(value);
    } else if (hasRange) {
      // Open on this side: where NULLs sort beyond it, it ends before them. Equalities stay inclusive.
      const hasNulls = this.index.entry.columns[prefix].nullsFirst === (side === 'lower');
      if (hasNulls) values.push(null);
      if (side === 'lower') cursor.lowerInclusive = !hasNulls;
      else cursor.upperInclusive = !hasNulls;
    }
    const count = values.length;
    if (side === 'lower') cursor.hasLower = count > 0;
    else cursor.hasUpper = count > 0;
    if (count > 0) this.index.searchKey(values, cursor[side]);
    values.length = prefix;
    return true;
  }
}

type RowOutput = Value[][] | OutBuffer;

/** Turns row ids into batches: visible version, recheck and filter, targets. */
export class RowFetcher {
  /** Made when they are asked for: rows that are sent never do. */
  readonly #makeValues: () => GenericRowFunction<Value[][]>;
  #values: GenericRowFunction<Value[][]> | null = null;
  /** Without the recheck. */
  readonly #exactValues: () => GenericRowFunction<Value[][]>;
  readonly #sent: SentRows<GenericRowFunction<OutBuffer>> | null;
  readonly #exactSent: SentRows<GenericRowFunction<OutBuffer>> | null;
  /** Of the poll that runs: where its rows go, and by which function. */
  #row!: GenericRowFunction<RowOutput>;
  #out: RowOutput = [];
  readonly #table: TableRuntime;
  readonly prefetch: RowPrefetch;

  /** `columns`: to be read instead of the plan's targets, of rows that its filter has not seen. */
  constructor(
    execution: Execution,
    plan: IndexScanPlan | PostingScanPlan | RowIdScanPlan,
    table: TableRuntime,
    columns: readonly Expr[] | null = null,
  ) {
    const { program } = execution;
    const recheck = plan.kind === 'rowIdScan' ? null : plan.recheck;
    const conditions = [recheck, columns === null ? plan.filter : null].filter((e) => e !== null);
    const filter =
      conditions.length === 2
        ? ({ kind: 'and', args: conditions, typeOid: 16, typeModifier: -1 } as NonNullable<RowProgramInput['filter']>)
        : (conditions[0] ?? null);
    this.#table = table;
    this.prefetch = new RowPrefetch(table);
    const { slots } = program;
    this.#makeValues = () =>
      program.memo(plan, 'row', () =>
        rowFunction<Value[][]>({
          table,
          slots,
          filter,
          body: batchBody(columns ?? plan.targets, columns === null && program.sentScan === plan),
        }),
      );
    const isSent = columns === null;
    this.#sent = isSent
      ? SentRows.of(program, plan, 'row', (body) => rowFunction<OutBuffer>({ table, slots, filter, body }))
      : null;
    this.#exactSent = isSent
      ? SentRows.of(program, plan, 'exactRow', (body) =>
          rowFunction<OutBuffer>({ table, slots, filter: plan.filter, body }),
        )
      : null;
    this.#exactValues = () =>
      program.memo(plan, 'exactRow', () =>
        rowFunction<Value[][]>({
          table,
          slots: program.slots,
          filter: plan.filter,
          body: batchBody(plan.targets, program.sentScan === plan),
        }),
      );
  }

  get heap(): Heap {
    return this.#table.heap;
  }

  get readsInPlace(): boolean {
    return this.#table.pool.readsInPlace;
  }

  /** Pages that were missing, read in place, in this poll. */
  #readInPlace = 0;

  /** Whether a row whose fetch threw may be fetched again at once. One that has slept counts its sleeps from the statement's start. */
  #isThere(x: ExecContext, error: unknown): boolean {
    if (error !== PAGE_MISS || !this.#table.pool.isMissSettled || x.functions.evaluation.seen > 0) return false;
    return ++this.#readInPlace <= READS_IN_PLACE_MAX;
  }

  /** Rows that were visible, counted by fetch; whoever fetches counts from 0 again. */
  visible = 0;

  /**
   * Before a poll's rows: `batch` gets them, unless they are to be sent; answers the batch that the poll has filled then. `isExact`: an
   * index has answered for the rows, and only the filter is asked.
   */
  begin(x: ExecContext, batch: Batch, isExact = false): Batch {
    this.#readInPlace = 0;
    const sent = (isExact ? this.#exactSent : this.#sent)?.ask(x) ?? null;
    if (sent !== null) {
      this.#row = sent as GenericRowFunction<RowOutput>;
      this.#out = x.rowTarget.out;
      return ENCODED;
    }
    if (!isExact) this.#values ??= this.#makeValues();
    this.#row = (isExact ? this.#exactValues() : this.#values) as GenericRowFunction<RowOutput>;
    this.#out = batch.columns;
    return batch;
  }

  /** True when the row is visible and passed; it is then row n of what `begin` was given. */
  fetch(x: ExecContext, rowId: number, n: number): boolean {
    for (;;) {
      try {
        const r = this.#table.heap.visible(rowId, x.snapshot);
        if (r < 0) return false;
        const passed = this.#row(x, r, rowId, this.#out, n);
        this.visible++;
        return passed;
      } catch (error) {
        if (!this.#isThere(x, error)) throw error;
      }
    }
  }

  /** The same, when the version seen has the key under which the cursor found the row. */
  fetchAtKey(
    x: ExecContext,
    rowId: number,
    n: number,
    index: IndexRuntime,
    cursor: IndexCursor,
    key: IndexKey,
  ): boolean {
    for (;;) {
      try {
        const r = this.#table.heap.visible(rowId, x.snapshot);
        if (r < 0 || index.keyFromRow(x, r, key) === KEY_NOT_INDEXED || !cursor.isAtKey(key)) return false;
        const passed = this.#row(x, r, rowId, this.#out, n);
        this.visible++;
        return passed;
      } catch (error) {
        if (!this.#isThere(x, error)) throw error;
      }
    }
  }
}

export class IndexScanOperator implements Operator {
  readonly #conditions: IndexConditions;
  /** Of the run: layers of dictionaries may be replaced by one at any time, but what has been begun goes on in them. */
  #dictionary: IndexDictionary;
  #cursor: IndexCursor;
  readonly #fetcher: RowFetcher;
  readonly #out: Batch;
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
    this.#isPoint = plan.index.unique && index.deferrableConstraint === null && plan.equal.length === width;
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
    const out = this.#out;
    while (this.#isOpen || this.#waiting > 0) {
      if (this.#keys === null || this.#isCounting) {
        const filled = this.#fetcher.begin(x, out);
        filled.count = this.#counting === null ? this.#fill(x, filled) : this.#count(x, this.#counting);
        if (filled.count > 0) return filled;
      } else {
        if (this.#waiting === 0) this.#waiting = this.#fill(x, this.#fetcher.begin(x, this.#keys.raw));
        out.count = this.#keys.project(x, this.#waiting, out);
        this.#waiting = 0;
        if (out.count > 0) return out;
      }
      if (this.#isOpen && x.shouldYield(0)) return PENDING;
    }
    return END;
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
      if (!x.mayGoOn() || error !== PAGE_MISS || n === 0) throw error;
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
      if (!x.mayGoOn() || n === 0 || !(error === PAGE_MISS || error instanceof WaitSignal)) throw error;
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

/** Rows by row id, in order. */
export class RowIdScanOperator implements Operator {
  readonly #fetcher: RowFetcher;
  readonly #counters: HeapCounters;
  readonly #out: Batch;
  readonly #table: TableRuntime;
  readonly #values: ScalarFunctionOfContext[];
  readonly #held = new Holding('row ids of a bitmap');
  #rows: Uint32Array = new Uint32Array(0);
  #next = 0;

  constructor(plan: RowIdScanPlan, execution: Execution) {
    const { program } = execution;
    const table = program.tableOf(plan.table);
    this.#fetcher = new RowFetcher(execution, plan, table);
    this.#counters = table.heap.counters;
    this.#out = new Batch(plan.targets.length);
    this.#table = table;
    this.#values = plan.rowIds.map((e) => program.memo(e, 'scalar', () => scalarFunction(program.slots, e)));
  }

  #batchSize = BATCH_SIZE;

  limitTo(rows: number): void {
    this.#batchSize = Math.min(rows, BATCH_SIZE);
  }

  open(x: ExecContext): void {
    this.#held.clear(x.memory);
    this.#rows = this.#collect(x);
    this.#held.add(x.memory, this.#rows.byteLength);
    this.#next = 0;
  }

  #collect(x: ExecContext): Uint32Array {
    const { pageCount } = this.#table.heap.pages;
    const ids = new Set<number>();
    const add = (tid: number | null): void => {
      if (tid !== null && isRowTid(tid, pageCount)) ids.add(rowIdOfTid(tid));
    };
    for (const compute of this.#values) {
      const value = compute(x);
      if (value instanceof SqlArray) for (const tid of value.elements) add(tid as number | null);
      else add(value as number | null);
    }
    return Uint32Array.from(ids).sort();
  }

  poll(x: ExecContext): Batch {
    const out = this.#fetcher.begin(x, this.#out);
    const limit = out.isEncoded ? Math.min(this.#batchSize, x.rowTarget.rowsMax) : this.#batchSize;
    let n = 0;
    const start = this.#next;
    try {
      while (this.#next < this.#rows.length && n < limit) {
        const end = Math.min(this.#next + Math.min(ROWS_TOUCHED, limit), this.#rows.length);
        touchRows(this.#fetcher.heap, this.#rows, this.#next, end);
        for (; this.#next < end && n < limit; this.#next++) {
          if (this.#fetcher.fetch(x, this.#rows[this.#next], n)) n++;
        }
      }
    } catch (error) {
      if (error === PAGE_MISS) this.#fetcher.prefetch.list(this.#rows, this.#next, this.#rows.length);
      if (!x.mayGoOn() || n === 0 || !(error === PAGE_MISS || error instanceof WaitSignal)) throw error;
    } finally {
      this.#counters.bitmapRows += this.#fetcher.visible;
      this.#fetcher.visible = 0;
    }
    x.shouldYield(this.#next - start);
    out.count = n;
    return n > 0 ? out : END;
  }

  close(x: ExecContext): void {
    this.#rows = new Uint32Array(0);
    this.#held.clear(x.memory);
  }
}
