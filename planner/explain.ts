import type { Plan } from './plan.ts';

export interface ExplainOptions {
  readonly costs: boolean;
  readonly verbose: boolean;
  /** Print actual rows and loops (from instrumentation). */
  readonly analyze: boolean;
  readonly timing: boolean;
  readonly buffers: boolean;
}

/** What the executor counted for one node. */
export interface NodeInstrumentation {
  readonly loops: number;
  /** Rows out over all loops. */
  readonly rows: number;
  readonly startupMs: number;
  readonly totalMs: number;
  readonly rowsRemovedByFilter?: number;
  readonly rowsRemovedByJoinFilter?: number;
  readonly sharedHit?: number;
  readonly sharedRead?: number;
  /** Further lines such as `Sort Method: quicksort  Memory: 25kB`. */
  readonly extra?: readonly string[];
}
export type PlanInstrumentation = (node: Plan) => NodeInstrumentation | null;

/** EXPLAIN's TEXT form, one string a line. */
export function explainPlan(_plan: Plan, _options: ExplainOptions, _instrumentation?: PlanInstrumentation): string[] {
  throw new Error('not yet');
}

/** The object under "Plan" of EXPLAIN (FORMAT JSON); YAML and XML are written from it. */
export function explainPlanJson(
  _plan: Plan,
  _options: ExplainOptions,
  _instrumentation?: PlanInstrumentation,
): Record<string, unknown> {
  throw new Error('not yet');
}
