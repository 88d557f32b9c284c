/**
 * auto_explain: plans of statements that took long, in the server's log (contrib/auto_explain/auto_explain.c). PostgreSQL has it as
 * a module; here it is built in, and off until auto_explain.log_min_duration says otherwise.
 */

import type { LiftedLiteral } from '../parser/index.ts';
import { type ExplainValue, explainPlan, explainPlanDocument, formatExplain, type Plan } from '../planner/index.ts';
import { literalValues } from './compile/runtime.ts';
import { type Counter, changedSettings, countedExecution, settingsLine } from './plan-counters.ts';
import type { Execution, Program } from './program.ts';
import type { Session } from './session.ts';

type Format = 'text' | 'xml' | 'json' | 'yaml';

/** Whether a session's statements are watched: asked at the start of each, so it must cost nothing while they are not. */
export class AutoExplain {
  readonly #session: Session;
  #settingsVersion = -1;
  #minimumMs = -1;

  constructor(session: Session) {
    this.#session = session;
  }

  /** Of a statement that begins; null: it is not watched. `isNested`: run by another one. */
  watch(isNested: boolean): WatchedStatement | null {
    const { settings } = this.#session;
    if (this.#settingsVersion !== settings.version) {
      this.#settingsVersion = settings.version;
      this.#minimumMs = settings.number('auto_explain.log_min_duration');
    }
    if (this.#minimumMs < 0) return null;
    if (isNested && !settings.boolean('auto_explain.log_nested_statements')) return null;
    const rate = settings.number('auto_explain.sample_rate');
    // Of its own: random() of the session must not notice.
    if (rate < 1 && Math.random() >= rate) return null;
    return new WatchedStatement(this.#session, this.#minimumMs);
  }
}

/** One statement under way. Time counts while it runs, waits included; not while its client has not asked for more rows. */
export class WatchedStatement {
  readonly #session: Session;
  readonly #minimumMs: number;
  readonly #isCounted: boolean;
  #counters: Map<Plan, Counter> | null = null;
  #startedAt = -1;
  #elapsedMs = 0;

  constructor(session: Session, minimumMs: number) {
    this.#session = session;
    this.#minimumMs = minimumMs;
    this.#isCounted = session.settings.boolean('auto_explain.log_analyze');
  }

  /** EXPLAIN ANALYZE counts by itself. */
  useCounters(counters: Map<Plan, Counter>): void {
    this.#counters = counters;
  }

  /** An execution with counters when they are wanted; null: the program's own will do. */
  execution(program: Program): Execution | null {
    if (!this.#isCounted) return null;
    this.#counters = new Map();
    return countedExecution(program, this.#counters);
  }

  resume(): void {
    if (this.#startedAt < 0) this.#startedAt = performance.now();
  }

  pause(): void {
    if (this.#startedAt >= 0) this.#elapsedMs += performance.now() - this.#startedAt;
    this.#startedAt = -1;
  }

  /** It has ended well, and its operators are closed. */
  report(program: Program, text: string, literals: readonly LiftedLiteral[] | null): void {
    this.pause();
    if (this.#elapsedMs < this.#minimumMs) return;
    const shown = this.#describe(program, text, literals);
    const message = `duration: ${this.#elapsedMs.toFixed(3)} ms  plan:\n${shown}`;
    const level = this.#session.settings.show('auto_explain.log_level');
    this.#session.logStatement(level, message);
  }

  #describe(program: Program, text: string, literals: readonly LiftedLiteral[] | null): string {
    const { settings } = this.#session;
    const isOn = (name: string): boolean => settings.boolean(`auto_explain.${name}`);
    const counters = this.#counters;
    const analyze = counters !== null && isOn('log_analyze');
    const values = literals === null ? null : literalValues(literals, settings.format);
    const options = {
      analyze,
      verbose: isOn('log_verbose'),
      costs: true,
      buffers: analyze && isOn('log_buffers'),
      wal: analyze && isOn('log_wal'),
      timing: analyze && isOn('log_timing'),
      format: settings.format,
      ...(values === null ? {} : { literal: values.literal }),
    };
    const changed = isOn('log_settings') ? changedSettings(this.#session) : [];
    const instrumentation = (plan: Plan): Counter | null => counters?.get(plan) ?? null;
    const { plan } = program.statement;
    const format = settings.show('auto_explain.log_format') as Format;
    if (format === 'text') {
      const lines = [`Query Text: ${text}`, ...explainPlan(plan, options, instrumentation)];
      if (changed.length > 0) lines.push(settingsLine(changed));
      return lines.join('\n');
    }
    const document: Record<string, ExplainValue> = {
      'Query Text': text,
      Plan: explainPlanDocument(plan, options, instrumentation),
    };
    if (changed.length > 0) document['Settings'] = Object.fromEntries(changed);
    if (analyze && isOn('log_triggers')) document['Triggers'] = [];
    return ungrouped(formatExplain(document, format), format);
  }
}

/** EXPLAIN answers a list of queries; the log has one query, without the list around it. */
function ungrouped(text: string, format: Exclude<Format, 'text'>): string {
  const lines = text.split('\n');
  if (format === 'yaml') return lines.map((line) => line.slice(2)).join('\n');
  if (format === 'json')
    return lines
      .slice(1, -1)
      .map((line) => line.slice(2))
      .join('\n');
  const inner = lines.slice(2, -2).map((line) => line.slice(2));
  return [lines[0], ...inner, lines[lines.length - 1]].join('\n');
}
