/** EXPLAIN [ANALYZE]: plans, and perhaps runs with counters around each operator. */

import type { Value } from '../catalog/function-entry.ts';
import type { ExplainStatement, Option, Query, Statement } from '../parser/ast.ts';
import { errorPosition } from '../parser/index.ts';
import {
  bufferFields,
  buffersLine,
  type ExplainOptions,
  type ExplainValue,
  explainPlan,
  explainPlanDocument,
  Fixed,
  formatExplain,
  NO_BUFFERS,
  type NodeInstrumentation,
  type Plan,
  type PlanInstrumentation,
  type PostingFigures,
  runsSubplans,
} from '../planner/index.ts';
import { sqlError } from '../types/errors.ts';
import { type Batch, END, PENDING } from './batch.ts';
import type { ExecContext } from './context.ts';
import { EXPLAINED_SETTINGS } from './explained-settings.ts';
import type { Operator } from './operators/operator.ts';
import { PostingScanOperator } from './operators/posting-scan.ts';
import { IndexScanOperator } from './operators/scan.ts';
import { PORTAL_PENDING, Portal } from './portal.ts';
import { PreparedStatement } from './prepared-statement.ts';
import { Execution, type Program } from './program.ts';
import type { Session, Task } from './session.ts';
import { describeReport, type SpillingOperator } from './spill/report.ts';
import { executeArguments, sendRows, utilityFields } from './utility.ts';

/** What one operator (and what is below it) did. */
class Counter implements NodeInstrumentation {
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

/* ---- options ------------------------------------------------------------------------------------------------------- */

type Format = 'text' | 'json' | 'yaml' | 'xml';

interface Options extends ExplainOptions {
  readonly settings: boolean;
  readonly summary: boolean;
  readonly output: Format;
}

/** As define.c's defGetBoolean. */
function booleanOf({ name, value }: Option): boolean {
  if (value === null || value === true || value === 1) return true;
  if (value === false || value === 0) return false;
  if (typeof value === 'string') {
    const word = value.toLowerCase();
    if (word === 'true' || word === 'on') return true;
    if (word === 'false' || word === 'off') return false;
  }
  throw sqlError('42601', `${name} requires a Boolean value`);
}

function formatOf({ name, value, position }: Option, text: string): Format {
  if (value === null) throw sqlError('42601', `${name} requires a parameter`);
  const format = String(value);
  if (format === 'text' || format === 'json' || format === 'yaml' || format === 'xml') return format;
  throw sqlError('22023', `unrecognized value for EXPLAIN option "${name}": "${format}"`, {
    position: errorPosition(text, position),
  });
}

/** The options in the order in which they stand: of two of a name, the last counts. */
function optionsOf(node: ExplainStatement, text: string): Options {
  const flags = new Map<string, boolean>();
  let output: Format = 'text';
  for (const option of node.options) {
    switch (option.name) {
      case 'analyze':
      case 'verbose':
      case 'costs':
      case 'buffers':
      case 'wal':
      case 'settings':
      case 'timing':
      case 'summary':
        flags.set(option.name, booleanOf(option));
        break;
      case 'format':
        output = formatOf(option, text);
        break;
      default:
        throw sqlError('42601', `unrecognized EXPLAIN option "${option.name}"`, {
          position: errorPosition(text, option.position),
        });
    }
  }
  const flag = (name: string, fallback: boolean): boolean => flags.get(name) ?? fallback;
  const analyze = flag('analyze', false);
  for (const name of ['wal', 'timing']) {
    if (flag(name, false) && !analyze) {
      throw sqlError('22023', `EXPLAIN option ${name.toUpperCase()} requires ANALYZE`);
    }
  }
  return {
    analyze,
    verbose: flag('verbose', false),
    costs: flag('costs', true),
    buffers: flag('buffers', false),
    wal: flag('wal', false),
    settings: flag('settings', false),
    timing: flag('timing', analyze),
    summary: flag('summary', analyze),
    output,
  };
}

/* ---- running ------------------------------------------------------------------------------------------------------- */

export function* runExplain(
  session: Session,
  node: ExplainStatement,
  prepared: PreparedStatement,
  isSimple: boolean,
  formats: readonly number[],
): Task<string> {
  const options = optionsOf(node, prepared.text);
  const start = performance.now();
  const { inner, params } = explained(session, node, prepared);
  const program = inner.program(session);
  const planningMs = performance.now() - start;
  const counters = new Map<Plan, Counter>();
  let executionMs: number | null = null;
  if (options.analyze) {
    const began = performance.now();
    yield* runCounted(session, inner, params, program, counters);
    executionMs = performance.now() - began;
  }
  const instrumentation: PlanInstrumentation = (plan) => counters.get(plan) ?? null;
  const settings = options.settings ? changedSettings(session) : [];
  const times = options.summary ? { planningMs, executionMs } : null;
  const { plan } = program.statement;
  const rows =
    options.output === 'text'
      ? textRows(plan, options, instrumentation, settings, times)
      : [[documentText(plan, options, options.output, instrumentation, settings, times)]];
  sendRows(session, utilityFields(session, node) ?? [], rows, isSimple, formats);
  return 'EXPLAIN';
}

function* runCounted(
  session: Session,
  inner: PreparedStatement,
  params: readonly Value[],
  program: Program,
  counters: Map<Plan, Counter>,
): Task<void> {
  const portal = new Portal(session, '', inner, params, null, []);
  portal.onBatch = () => {};
  portal.execute(
    new Execution(program, (plan, operator) => {
      const counter = new Counter();
      counters.set(plan, counter);
      counter.seen = seenBy(plan, program);
      return new CountingOperator(operator, counter);
    }),
  );
  try {
    while (session.pollPortal(portal, 0) === PORTAL_PENDING) yield* session.wait();
  } finally {
    portal.close();
  }
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

interface Times {
  readonly planningMs: number;
  /** Null without ANALYZE. */
  readonly executionMs: number | null;
}
type Settings = readonly (readonly [name: string, value: string])[];

/** Settings that planning looks at and that are not as the server came with them, as PostgreSQL lists them. */
function changedSettings(session: Session): Settings {
  const changed: [string, string][] = [];
  for (const name of EXPLAINED_SETTINGS) {
    const value = session.settings.show(name);
    if (value !== session.settings.bootValue(name)) changed.push([name, value]);
  }
  return changed;
}

function textRows(
  plan: Plan,
  options: Options,
  instrumentation: PlanInstrumentation,
  settings: Settings,
  times: Times | null,
): string[][] {
  const lines = explainPlan(plan, options, instrumentation);
  if (settings.length > 0) {
    lines.push(`Settings: ${settings.map(([name, value]) => `${name} = '${value.replaceAll("'", "''")}'`).join(', ')}`);
  }
  // Planning looks no page up: its Buffers line, which PostgreSQL would print here, has nothing to say.
  const planning = options.buffers ? buffersLine(NO_BUFFERS) : null;
  if (planning !== null) lines.push('Planning:', `  ${planning}`);
  if (times !== null) {
    lines.push(`Planning Time: ${times.planningMs.toFixed(3)} ms`);
    if (times.executionMs !== null) lines.push(`Execution Time: ${times.executionMs.toFixed(3)} ms`);
  }
  return lines.map((line) => [line]);
}

function documentText(
  plan: Plan,
  options: Options,
  format: Exclude<Format, 'text'>,
  instrumentation: PlanInstrumentation,
  settings: Settings,
  times: Times | null,
): string {
  const query: Record<string, ExplainValue> = { Plan: explainPlanDocument(plan, options, instrumentation) };
  if (settings.length > 0) query['Settings'] = Object.fromEntries(settings);
  if (options.buffers) query['Planning'] = bufferFields(NO_BUFFERS);
  if (times !== null) query['Planning Time'] = new Fixed(times.planningMs, 3);
  if (options.analyze) query['Triggers'] = [];
  if (times !== null && times.executionMs !== null) query['Execution Time'] = new Fixed(times.executionMs, 3);
  return formatExplain(query, format);
}

interface Explained {
  readonly inner: PreparedStatement;
  readonly params: readonly Value[];
}

function explained(session: Session, node: ExplainStatement, prepared: PreparedStatement): Explained {
  const { statement } = node;
  if (statement.kind === 'execute') {
    const found = session.findPrepared(statement.name);
    if (!found.isPlanned) return { inner: found, params: [] };
    const params = executeArguments(session, statement, found);
    return { inner: session.variantForParameters(found, params), params };
  }
  let query: Statement['node'] = statement;
  if (statement.kind === 'declareCursor') query = statement.query;
  else if (statement.kind === 'createTableAs' && 'query' in statement) query = statement.query as Query;
  const base = prepared.statement as Statement;
  return { inner: new PreparedStatement(prepared.text, { ...base, node: query }, prepared.declaredTypes), params: [] };
}
