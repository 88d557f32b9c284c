/** EXPLAIN [ANALYZE]: plans, and perhaps runs with counters around each operator. */

import type { Value } from '../catalog/function-entry.ts';
import type {
  CreateTableAsStatement,
  ExecuteStatement,
  ExplainStatement,
  Option,
  Query,
  Statement,
} from '../parser/ast.ts';
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
  type Plan,
  type PlanInstrumentation,
} from '../planner/index.ts';
import type { CommitMoment } from '../storage/api.ts';
import { sqlError } from '../types/errors.ts';
import { checkConstants } from './compile/runtime.ts';
import { mayNotCreate } from './ddl/index.ts';
import { runDdl } from './ddl-runner.ts';
import { executeArguments, ofPrepared } from './execute-arguments.ts';
import { momentOfStatement, programFor } from './past.ts';
import {
  type ChangedSettings,
  type CountedFill,
  type Counter,
  changedSettings,
  countedExecution,
  settingsLine,
} from './plan-counters.ts';
import { PORTAL_PENDING, Portal } from './portal.ts';
import { PreparedStatement, queryWithin } from './prepared-statement.ts';
import type { Program } from './program.ts';
import type { Session, Task } from './session.ts';
import { SessionDdlContext } from './session-ddl-context.ts';
import { utilityFields } from './utility.ts';
import { sendRows } from './utility-rows.ts';

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
  given: readonly Value[],
  isSimple: boolean,
  formats: readonly number[],
): Task<string> {
  const options = { ...optionsOf(node, prepared.text), format: session.settings.format };
  if (node.statement.kind === 'createTableAs') {
    // The schema of temporary tables may have to be made.
    session.ensureTransaction();
    if (mayNotCreate(new SessionDdlContext(session, prepared), node.statement)) {
      sendRows(session, utilityFields(session, node) ?? [], [], isSimple, formats);
      return 'EXPLAIN';
    }
  }
  const start = performance.now();
  const { inner, params } = yield* explained(session, node, prepared, given);
  const moment =
    inner.program(session).statement.asOf === undefined
      ? null
      : momentOfStatement(session, inner.program(session), params);
  const program = moment === null ? inner.program(session) : programFor(session, inner, moment);
  const planningMs = performance.now() - start;
  program.checkRights(session);
  if (program.statement.early !== undefined) checkConstants(program.statement.early, null, session.functions);
  const counters = new Map<Plan, Counter>();
  let executionMs: number | null = null;
  let { plan } = program.statement;
  if (options.analyze) {
    const began = performance.now();
    if (node.statement.kind === 'createTableAs')
      plan = (yield* runCreation(session, node.statement, prepared, counters)) ?? plan;
    else yield* runCounted(session, inner, params, program, moment, counters);
    executionMs = performance.now() - began;
  }
  const instrumentation: PlanInstrumentation = (plan) => counters.get(plan) ?? null;
  const settings = options.settings ? changedSettings(session) : [];
  const times = options.summary ? { planningMs, executionMs } : null;
  const rows =
    options.output === 'text'
      ? textRows(plan, options, instrumentation, settings, times)
      : [[documentText(plan, options, options.output, instrumentation, settings, times)]];
  sendRows(session, utilityFields(session, node) ?? [], rows, isSimple, formats);
  return 'EXPLAIN';
}

/** CREATE TABLE AS, whose query is counted; answers the query's plan, or null: WITH NO DATA. */
function* runCreation(
  session: Session,
  node: CreateTableAsStatement,
  prepared: PreparedStatement,
  counters: Map<Plan, Counter>,
): Task<Plan | null> {
  const statement: Statement = { ...(prepared.statement as Statement), node };
  const fill: CountedFill = { counters, plan: null };
  yield* runDdl(session, new PreparedStatement(prepared.text, statement, prepared.parameterTypes), fill);
  return fill.plan;
}

function* runCounted(
  session: Session,
  inner: PreparedStatement,
  params: readonly Value[],
  program: Program,
  moment: CommitMoment | null,
  counters: Map<Plan, Counter>,
): Task<void> {
  const portal = new Portal(session, '', inner, params, null, []);
  portal.moment = moment;
  portal.onBatch = () => {};
  portal.execute(countedExecution(program, counters), counters);
  try {
    while (session.pollPortal(portal, 0) === PORTAL_PENDING) yield* session.wait();
  } finally {
    portal.close();
  }
}

interface Times {
  readonly planningMs: number;
  /** Null without ANALYZE. */
  readonly executionMs: number | null;
}

function textRows(
  plan: Plan,
  options: Options,
  instrumentation: PlanInstrumentation,
  settings: ChangedSettings,
  times: Times | null,
): string[][] {
  const lines = explainPlan(plan, options, instrumentation);
  if (settings.length > 0) {
    lines.push(settingsLine(settings));
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
  settings: ChangedSettings,
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

/** Of CREATE TABLE AS, the query or the EXECUTE. */
function sourceOf({ source, position }: CreateTableAsStatement): Query | ExecuteStatement {
  return source.kind === 'query' ? source : { ...source, position };
}

function* explained(
  session: Session,
  node: ExplainStatement,
  prepared: PreparedStatement,
  given: readonly Value[],
): Task<Explained> {
  const statement = node.statement.kind === 'createTableAs' ? sourceOf(node.statement) : node.statement;
  if (statement.kind === 'execute') {
    const found = session.statements.named(statement.name);
    if (!found.isPlanned) return { inner: found, params: [] };
    const params = yield* executeArguments(session, statement, found);
    try {
      const inner = session.statements.variantForParameters(found, params);
      inner.program(session);
      return { inner, params };
    } catch (error) {
      throw ofPrepared(error, session.statements.preparation(statement.name).length);
    }
  }
  const base = prepared.statement as Statement;
  const query = queryWithin(node) ?? statement;
  const inner = new PreparedStatement(prepared.text, { ...base, node: query }, prepared.parameterTypes);
  return { inner: session.statements.variantForParameters(inner, given), params: given };
}
