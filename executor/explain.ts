/** EXPLAIN [ANALYZE]: plans, and perhaps runs with counters around each operator. */
import type { ExplainStatement, Query, Statement } from '../parser/ast.ts';
import { explainPlan, explainPlanJson, type NodeInstrumentation, type Plan } from '../planner/index.ts';
import { sqlError } from '../types/errors.ts';
import { type Batch, END, PENDING } from './batch.ts';
import type { ExecContext } from './context.ts';
import type { Operator } from './operators/operator.ts';
import { PORTAL_PENDING, Portal } from './portal.ts';
import { PreparedStatement } from './prepared-statement.ts';
import { Execution } from './program.ts';
import type { Session, Task } from './session.ts';
import { describeReport, type SpillingOperator } from './spill/report.ts';
import { explainFormat, sendRows, utilityFields } from './utility.ts';

class Counter {
  loops = 0;
  rows = 0;
  startupMs = 0;
  totalMs = 0;
  /** Of sorts and hash tables: memory and disk. */
  extra: readonly string[] = [];
  extraFields: Readonly<Record<string, unknown>> = {};
  #isFirst = true;
  #current = 0;

  begin(): void {
    this.loops++;
    this.#isFirst = true;
    this.#current = 0;
  }

  add(elapsed: number, batch: Batch): void {
    this.totalMs += elapsed;
    this.#current += elapsed;
    if (this.#isFirst && batch !== PENDING) {
      this.#isFirst = false;
      this.startupMs += this.#current;
    }
    if (batch !== END && batch !== PENDING) this.rows += batch.count;
  }
}

/** Counts what an operator does. */
class CountingOperator implements Operator {
  readonly #inner: Operator;
  readonly #counter: Counter;

  constructor(inner: Operator, counter: Counter) {
    this.#inner = inner;
    this.#counter = counter;
  }

  open(x: ExecContext): void {
    this.#counter.begin();
    const start = performance.now();
    this.#inner.open(x);
    this.#counter.totalMs += performance.now() - start;
  }

  poll(x: ExecContext): Batch {
    const start = performance.now();
    const batch = this.#inner.poll(x);
    this.#counter.add(performance.now() - start, batch);
    return batch;
  }

  close(x: ExecContext): void {
    const report = (this.#inner as Partial<SpillingOperator>).spillReport?.() ?? null;
    if (report !== null && this.#counter.loops > 0) {
      const { line, fields } = describeReport(report);
      this.#counter.extra = [line];
      this.#counter.extraFields = fields;
    }
    this.#inner.close(x);
  }
}

function flag(node: ExplainStatement, name: string, fallback: boolean): boolean {
  const option = node.options.find((o) => o.name === name);
  if (option === undefined) return fallback;
  const { value } = option;
  if (value === null) return true;
  const text = String(
    typeof value === 'object' && 'value' in value ? (value as { value: unknown }).value : value,
  ).toLowerCase();
  if (['true', 'on', '1', 'yes'].includes(text)) return true;
  if (['false', 'off', '0', 'no'].includes(text)) return false;
  throw sqlError('42601', `${name} requires a Boolean value`);
}

export function* runExplain(
  session: Session,
  node: ExplainStatement,
  prepared: PreparedStatement,
  isSimple: boolean,
  formats: readonly number[],
): Task<string> {
  const analyze = flag(node, 'analyze', false);
  const timing = flag(node, 'timing', analyze);
  const options = {
    costs: flag(node, 'costs', true),
    verbose: flag(node, 'verbose', false),
    analyze,
    timing,
    buffers: false,
  };
  const inner = explained(session, node, prepared);
  const start = performance.now();
  const program = inner.program(session);
  const planningMs = performance.now() - start;
  const counters = new Map<Plan, Counter>();
  let executionMs = 0;
  if (analyze) {
    const portal = new Portal(session, '', inner, [], null, []);
    portal.onBatch = () => {};
    portal.execute(
      new Execution(program, (plan, operator) => {
        const counter = new Counter();
        counters.set(plan, counter);
        return new CountingOperator(operator, counter);
      }),
    );
    const began = performance.now();
    try {
      while (session.pollPortal(portal, 0) === PORTAL_PENDING) yield* session.wait();
    } finally {
      portal.close();
    }
    executionMs = performance.now() - began;
  }
  const instrumentation = (plan: Plan): NodeInstrumentation | null => counters.get(plan) ?? null;
  const { plan } = program.statement;
  const fields = utilityFields(session, node) ?? [];
  const withSummary = flag(node, 'summary', analyze);
  const format = explainFormat(node);
  let rows: string[][];
  if (format === 'json') {
    const root: Record<string, unknown> = { Plan: explainPlanJson(plan, options, instrumentation) };
    if (withSummary) {
      root['Planning Time'] = round(planningMs);
      if (analyze) root['Execution Time'] = round(executionMs);
    }
    rows = [[JSON.stringify([root], null, 2)]];
  } else if (format === 'text') {
    rows = explainPlan(plan, options, instrumentation).map((line) => [line]);
    if (withSummary) {
      rows.push([`Planning Time: ${planningMs.toFixed(3)} ms`]);
      if (analyze) rows.push([`Execution Time: ${executionMs.toFixed(3)} ms`]);
    }
  } else throw sqlError('0A000', `EXPLAIN format "${format}" is not supported`);
  sendRows(session, fields, rows, isSimple, formats);
  return 'EXPLAIN';
}

function round(value: number): number {
  return Math.round(value * 1000) / 1000;
}

function explained(session: Session, node: ExplainStatement, prepared: PreparedStatement): PreparedStatement {
  const { statement } = node;
  if (statement.kind === 'execute') return session.findPrepared(statement.name);
  let query: Statement['node'] = statement;
  if (statement.kind === 'declareCursor') query = statement.query;
  else if (statement.kind === 'createTableAs' && 'query' in statement) query = statement.query as Query;
  const base = prepared.statement as Statement;
  return new PreparedStatement(prepared.text, { ...base, node: query }, prepared.declaredTypes);
}
