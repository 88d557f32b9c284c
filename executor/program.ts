/**
 * Programs: a planned statement with everything generated for it, and the executions (operator trees with their state) that run
 * it. A program serves any number of executions at once; an ended one is kept for the next.
 */

import type { Authority } from '../catalog/authority.ts';
import type { RelationEntry } from '../catalog/entries.ts';
import type { FunctionContext } from '../catalog/function-entry.ts';
import type { Catalog } from '../catalog/index.ts';
import type { SharedCatalog } from '../catalog/shared-catalog.ts';
import type { Plan, PlannedStatement } from '../planner/plan.ts';
import type { StorageEngine } from '../storage/api.ts';
import { LazyMap } from '../types/lazy-map.ts';
import { type Sharing, sharing } from './compile/emitter.ts';
import { inlineMore } from './compile/inlining.ts';
import { SlotAllocator } from './compile/slots.ts';
import { ExecContext, type SubplanRunner } from './context.ts';
import type { DatabaseRuntime } from './database-runtime.ts';
import type { IndexRuntime } from './index-runtime.ts';
import type { ForeignKeys } from './modify/foreign-keys.ts';
import { buildOperator } from './operators/build.ts';
import type { Operator } from './operators/operator.ts';
import { SubplanOperator } from './operators/subplan.ts';
import { checkStatementRights } from './rights.ts';
import type { TableRuntime } from './table-runtime.ts';

const IDLE_EXECUTIONS_MAX = 8;
/**
 * Up to this cost (as of reading so many pages) a statement begins with code that it shares with others of the same form (compile/emitter.ts): V8
 * takes 0.2 ms for code of its own, as long as such a statement runs.
 */
const SHARED_COST_MAX = 250;
/** The same in forks, which seldom live long. */
const FORK_SHARED_COST_MAX = 500;
/** Up to this cost its scans begin so (bench/ad-hoc.ts): one of 30,000 to 100,000 rows whose condition V8 has not seen takes a third of the time, of a million as long. */
const SHARED_SCANS_COST_MAX = 12_000;
/** Runs of a statement after which it is worth code of its own. In forks it never is. */
const SHARED_RUNS_MAX = 20;

/** What was generated for a node: few things, in a list. */
interface Made {
  readonly name: string;
  readonly value: unknown;
  readonly next: Made | undefined;
}

export class Program {
  readonly statement: PlannedStatement;
  readonly database: DatabaseRuntime;
  readonly slots = new SlotAllocator();
  readonly #memo = new Map<object, Made>();
  readonly #idle: Execution[] = [];
  /** The one that the plan was made for: tables are resolved in it. */
  readonly catalog: Catalog;
  /** The scan whose rows are the result as they are; it may give LongText for text. */
  readonly sentScan: Plan | null;
  /** The limits above it. */
  readonly sentLimits: readonly Plan[];
  /** A materialized view that it reads, WITH NO DATA so far: it cannot be run. */
  readonly unpopulated: string | null;

  /** It calls user-made functions, which may run statements of their own wherever it computes something. */
  get callsRoutines(): boolean {
    return this.statement.callsRoutines === true;
  }

  #sharing: Sharing;
  #sharedRuns = 0;
  #permitted: Authority | null = null;

  /** 42501 where the user may not run it. `ownTarget`: a table that nothing is asked about. */
  checkRights(
    { authority, sharedCatalog }: { readonly authority: Authority; readonly sharedCatalog: SharedCatalog },
    ownTarget = 0,
  ): void {
    if (this.#permitted === authority) return;
    checkStatementRights(this.statement.rights, this.catalog, sharedCatalog, authority, ownTarget);
    this.#permitted = authority;
  }

  constructor(statement: PlannedStatement, database: DatabaseRuntime, catalog: Catalog) {
    this.statement = statement;
    this.database = database;
    this.catalog = catalog;
    const { totalCost } = statement.plan;
    if (totalCost <= (this.#isOfFork ? FORK_SHARED_COST_MAX : SHARED_COST_MAX)) this.#sharing = 'all';
    else this.#sharing = totalCost <= SHARED_SCANS_COST_MAX ? 'scans' : 'none';
    if (this.#sharing !== 'all') inlineMore();
    const { scan, limits } = sentScanOf(statement);
    this.sentScan = scan;
    this.sentLimits = limits;
    const empty = statement.tableLocks.find(({ tableOid }) => catalog.relation(tableOid)?.populated === false);
    this.unpopulated = empty === undefined ? null : (catalog.relation(empty.tableOid)?.name ?? '');
  }

  tableOf(entry: RelationEntry): TableRuntime {
    return this.database.table(this.catalog, entry);
  }

  /** Foreign keys of a table, both ways, in the catalog of the plan. */
  foreignKeysOf(entry: RelationEntry): ForeignKeys {
    return this.database.foreignKeys(this.catalog, entry.oid);
  }

  get engine(): StorageEngine {
    return this.database.engine;
  }

  /** What is generated for a plan node, made once. */
  memo<T>(node: object, name: string, make: () => T): T {
    const known = this.#memo.get(node);
    for (let made = known; made !== undefined; made = made.next) if (made.name === name) return made.value as T;
    const value = sharing(this.#sharing, make);
    // What was made meanwhile for the same node comes before.
    this.#memo.set(node, { name, value, next: this.#memo.get(node) });
    return value;
  }

  index(table: TableRuntime, oid: number): IndexRuntime {
    const found = table.indexes.find((i) => i.entry.oid === oid);
    if (found === undefined) throw new Error(`index ${oid} is not among those of table ${table.entry.name}`);
    return found;
  }

  /** COPY: the operator that stands for a source node, and gives rows in bulk. */
  setSource(plan: Plan, operator: Operator): void {
    this.source = { plan, operator };
  }

  source: { readonly plan: Plan; readonly operator: Operator } | null = null;

  get #isOfFork(): boolean {
    return this.database.parent !== null;
  }

  /** From here on executions run code of the statement's own; those under way end with what they have. */
  #leaveSharedCode(): void {
    this.#sharing = 'none';
    this.#memo.clear();
    this.#idle.length = 0;
  }

  acquire(functions: FunctionContext): Execution {
    if (this.#sharing !== 'none' && ++this.#sharedRuns > SHARED_RUNS_MAX && !this.#isOfFork) this.#leaveSharedCode();
    const execution = this.#idle.pop() ?? new Execution(this, null, this.#sharing);
    execution.context.functions = functions;
    return execution;
  }

  release(execution: Execution): void {
    // Most statements come once: what would wait in vain for the next run is half of what they leave in memory.
    const isFirst = this.#sharing !== 'none' && this.#sharedRuns < 2;
    if (isFirst || execution.sharing !== this.#sharing) return;
    if (this.#idle.length < IDLE_EXECUTIONS_MAX) this.#idle.push(execution);
  }
}

function sentScanOf({ command, plan, callsRoutines }: PlannedStatement): { scan: Plan | null; limits: Plan[] } {
  const limits: Plan[] = [];
  let node = plan;
  while (node.kind === 'limit' && node.tiesKeys === null) {
    limits.push(node);
    node = node.input;
  }
  const isSent =
    command === 'select' &&
    callsRoutines !== true &&
    ['seqScan', 'indexScan', 'postingScan', 'rowIdScan'].includes(node.kind);
  return isSent ? { scan: node, limits } : { scan: null, limits: [] };
}

/** One running instance of a program. */
export class Execution {
  readonly program: Program;
  readonly context: ExecContext;
  readonly root: Operator;
  readonly #subplans: SubplanOperator[] = [];
  /** Shared by With nodes and their readers. */
  readonly shared = new LazyMap<string, unknown>();
  /** It has WITH items that modify, and run when somebody reads them. */
  hasModifyingItems = false;
  /** How often it was opened. */
  runs = 0;
  /** Wraps each operator to count for EXPLAIN ANALYZE; null when not wanted. */
  readonly instrument: ((plan: Plan, operator: Operator) => Operator) | null;
  /** What of its operators' code is shared: once the program has code of its own, nobody runs it again. */
  readonly sharing: Sharing;

  constructor(
    program: Program,
    instrument: ((plan: Plan, operator: Operator) => Operator) | null = null,
    sharing: Sharing = 'none',
  ) {
    this.sharing = sharing;
    this.program = program;
    this.context = new ExecContext(program.engine, program.database.workMemory);
    this.instrument = instrument;
    this.context.rights = program.statement.rights;
    this.context.subplan = (slot) => this.#subplan(slot);
    this.root = this.build(program.statement.plan);
  }

  build(plan: Plan): Operator {
    const { source } = this.program;
    if (source !== null && source.plan === plan) return source.operator;
    const operator = buildOperator(plan, this);
    return this.instrument === null ? operator : this.instrument(plan, operator);
  }

  #subplan(slot: number): SubplanRunner {
    let runner = this.#subplans[slot];
    if (runner === undefined) {
      const expr = this.program.slots.subplans[slot];
      runner = new SubplanOperator(expr, this.build(expr.plan));
      this.#subplans[slot] = runner;
    }
    return runner;
  }

  /** A WITH in a subquery begins again: so do the subqueries that have kept what they read of it. */
  forgetReaders(cte: number): void {
    for (const subplan of this.#subplans) if (subplan?.ctes.has(cte)) subplan.close(this.context);
  }

  open(): void {
    this.runs++;
    for (const subplan of this.#subplans) subplan?.reset(this.context);
    this.root.open(this.context);
  }

  close(): void {
    try {
      this.root.close(this.context);
      for (const subplan of this.#subplans) subplan?.close(this.context);
    } finally {
      this.context.memory.release();
    }
  }
}
