/** What EXPLAIN ANALYZE and auto_explain know of a run: counters around each operator, and the settings that plans depend on. */

import { EXPLAINED_SETTINGS } from '../catalog/settings/flags.ts';
import type { NodeInstrumentation, Plan, PostingFigures } from '../planner/index.ts';
import { runsSubplans } from '../planner/index.ts';
import { type Batch, END, PENDING } from './batch.ts';
import type { ExecContext } from './context.ts';
import { IndexScanOperator } from './operators/index-scan.ts';
import type { Operator } from './operators/operator.ts';
import { PostingScanOperator } from './operators/posting-scan.ts';
import { Execution, type Program } from './program.ts';
import type { Session } from './session.ts';
import { describeReport, type SpillingOperator } from './spill/report.ts';

/** What one operator (and what is below it) did. */
export class Counter implements NodeInstrumentation {
  loops = 0;
  rows = 0;
  startupMs = 0;
  totalMs = 0;
  readonly buffers = { hit: 0, read: 0, dirtied: 0, written: 0 };
  readonly wal = { records: 0, images: 0, bytes: 0 };
  /** Rows that a scan with a filter has looked at, by the counter of its table or index. */
  seen: (() => number) | null = null;
  seenRows = 0;
  /** Of who counts them itself. */
  removedRows: number | null = null;
  /** Of sorts and hash tables: memory and disk. */
  extra: readonly string[] = [];
  extraFields: Readonly<Record<string, string | number>> = {};
  postings: PostingFigures | undefined = undefined;
  #isFirst = true;
  #current = 0;

  begin(): void {
    this.loops++;
    this.#isFirst = true;
    this.#current = 0;
  }

  get rowsRemovedByFilter(): number {
    return this.removedRows ?? (this.seen === null ? 0 : this.seenRows - this.rows);
  }

  addTime(elapsed: number): void {
    this.totalMs += elapsed;
    this.#current += elapsed;
  }

  addRows(batch: Batch): void {
    if (this.#isFirst && batch !== PENDING) {
      this.#isFirst = false;
      this.startupMs += this.#current;
    }
    if (batch !== END && batch !== PENDING) this.rows += batch.count;
  }
}

/** Counts what an operator does: the engine's counters after each call, less before it, whatever ended the call. */
class CountingOperator implements Operator {
  readonly #inner: Operator;
  readonly #counter: Counter;

  constructor(inner: Operator, counter: Counter) {
    this.#inner = inner;
    this.#counter = counter;
    const { limitTo, countOnly } = inner;
    if (inner instanceof PostingScanOperator) inner.keepReport();
    if (limitTo !== undefined) this.limitTo = (rows) => limitTo.call(inner, rows);
    if (countOnly !== undefined) this.countOnly = () => countOnly.call(inner);
  }

  limitTo?: (rows: number) => void;
  countOnly?: () => boolean;

  #measured<T>(x: ExecContext, action: () => T): T {
    const { pool, wal } = x.engine;
    const counter = this.#counter;
    const { hits, reads, dirtied } = pool;
    const written = pool.writer.foregroundWrites;
    const { recordCount, imageCount, insertLsn } = wal;
    const seen = counter.seen?.() ?? 0;
    const start = performance.now();
    try {
      return action();
    } finally {
      counter.addTime(performance.now() - start);
      counter.buffers.hit += pool.hits - hits;
      counter.buffers.read += pool.reads - reads;
      counter.buffers.dirtied += pool.dirtied - dirtied;
      counter.buffers.written += pool.writer.foregroundWrites - written;
      counter.wal.records += wal.recordCount - recordCount;
      counter.wal.images += wal.imageCount - imageCount;
      counter.wal.bytes += wal.insertLsn - insertLsn;
      if (counter.seen !== null) counter.seenRows += counter.seen() - seen;
    }
  }

  open(x: ExecContext): void {
    this.#counter.begin();
    this.#measured(x, () => this.#inner.open(x));
  }

  poll(x: ExecContext): Batch {
    const batch = this.#measured(x, () => this.#inner.poll(x));
    this.#counter.addRows(batch);
    return batch;
  }

  close(x: ExecContext): void {
    const report = (this.#inner as Partial<SpillingOperator>).spillReport?.() ?? null;
    if (report !== null && this.#counter.loops > 0) {
      const { line, fields } = describeReport(report);
      this.#counter.extra = [line];
      this.#counter.extraFields = fields;
    }
    const keys = this.#inner instanceof IndexScanOperator ? this.#inner.keyReport : null;
    if (keys !== null && this.#counter.loops > 0) {
      this.#counter.extra = [`Heap Fetches: ${keys.heapFetches}`];
      this.#counter.extraFields = { 'Heap Fetches': keys.heapFetches };
      this.#counter.removedRows = keys.removedRows;
    }
    if (this.#inner instanceof PostingScanOperator) this.#counter.postings = this.#inner.report() ?? undefined;
    this.#inner.close(x);
  }
}

/** EXPLAIN ANALYZE of CREATE TABLE AS: what ran to fill the table. */
export interface CountedFill {
  readonly counters: Map<Plan, Counter>;
  /** The query's plan; null: it was not run. */
  plan: Plan | null;
}

/** A run of its own, each of whose operators has a counter. */
export function countedExecution(program: Program, counters: Map<Plan, Counter>): Execution {
  return new Execution(program, (plan, operator) => {
    const counter = new Counter();
    counters.set(plan, counter);
    counter.seen = seenBy(plan, program);
    return new CountingOperator(operator, counter);
  });
}

/** Null where removed rows are not told: without a filter, or where the filter's own plans may use the same counter. */
function seenBy(plan: Plan, program: Program): (() => number) | null {
  if (plan.kind !== 'seqScan' && plan.kind !== 'indexScan') return null;
  if (plan.filter === null || runsSubplans(plan.filter)) return null;
  if (plan.kind === 'indexScan' && plan.indexOnly) return null;
  const table = program.tableOf(plan.table);
  if (plan.kind === 'seqScan') return () => table.heap.counters.sequentialRows;
  const { counters } = program.index(table, plan.index.oid);
  return () => counters.rowsFetched;
}

export type ChangedSettings = readonly (readonly [name: string, value: string])[];

/** Settings that planning looks at and that are not as the server came with them, as PostgreSQL lists them. */
export function changedSettings(session: Session): ChangedSettings {
  const changed: [string, string][] = [];
  for (const name of EXPLAINED_SETTINGS) {
    const value = session.settings.show(name);
    if (value !== session.settings.bootValue(name)) changed.push([name, value]);
  }
  return changed;
}

export function settingsLine(settings: ChangedSettings): string {
  return `Settings: ${settings.map(([name, value]) => `${name} = '${value.replaceAll("'", "''")}'`).join(', ')}`;
}
