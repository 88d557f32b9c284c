/** WITH queries that are not inlined: planned once, scanned by their readers. */
import { COST } from '../cost/params.ts';
import type { CteDefinition } from '../logical.ts';
import type { Plan } from '../plan.ts';
import { planModify } from './modify-plan.ts';
import { estimates } from './path.ts';
import type { Planner } from './planner.ts';
import { planQuery, type QueryPath } from './query.ts';

interface PlannedCte {
  readonly definition: CteDefinition;
  readonly rows: number;
  readonly total: number;
  build(): Plan;
}

function planCte(planner: Planner, definition: CteDefinition): PlannedCte {
  const note = (rows: number): void => {
    planner.ctes.set(definition.id, { rows, name: definition.name });
  };
  if (definition.modify !== null) {
    const modify = definition.modify;
    const rows = 100;
    note(rows);
    return { definition, rows, total: rows * COST.row, build: () => planModify(planner, modify) };
  }
  if (definition.recursive !== null) return planRecursive(planner, definition, definition.recursive, note);
  const path = planQuery(planner, definition.query!);
  note(path.rows);
  return { definition, rows: path.rows, total: path.total, build: () => path.build() };
}

/** PostgreSQL's guess: ten rounds of the step. */
function planRecursive(
  planner: Planner,
  definition: CteDefinition,
  recursive: NonNullable<CteDefinition['recursive']>,
  note: (rows: number) => void,
): PlannedCte {
  const start = planQuery(planner, recursive.start);
  note(start.rows);
  const step = planQuery(planner, recursive.step);
  const rows = start.rows + 10 * step.rows;
  const total = start.total + 10 * step.total;
  note(rows);
  return {
    definition,
    rows,
    total,
    build: () => {
      const startPlan = start.build();
      return {
        kind: 'recursiveUnion',
        id: definition.id,
        start: startPlan,
        step: step.build(),
        distinct: recursive.distinct,
        output: startPlan.output,
        ...estimates({ rows, startup: start.startup, total }, startPlan.width),
      };
    },
  };
}

/** Plans the CTEs, then what is below them, and puts a With node on top. */
export function withCtes(planner: Planner, ctes: readonly CteDefinition[], plan: () => QueryPath): QueryPath {
  if (ctes.length === 0) return plan();
  const planned = ctes.map((definition) => planCte(planner, definition));
  const body = plan();
  const extra = planned.reduce((sum, cte) => sum + cte.total, 0);
  const estimate = { rows: body.rows, startup: body.startup + extra, total: body.total + extra };
  return {
    ...body,
    ...estimate,
    build: () => wrapCtes(planned, body.build(), estimate),
  };
}

export function wrapCtes(
  planned: readonly PlannedCte[],
  input: Plan,
  estimate: { rows: number; startup: number; total: number },
): Plan {
  return {
    kind: 'with',
    ctes: planned.map((cte) => ({
      id: cte.definition.id,
      name: cte.definition.name,
      plan: cte.build(),
      modifies: cte.definition.modify !== null,
    })),
    input,
    output: input.output,
    ...estimates(estimate, input.width),
  };
}

/** The same for a data modification, whose plan is made at once. */
export function withCtesPlan(planner: Planner, ctes: readonly CteDefinition[], plan: () => Plan): Plan {
  if (ctes.length === 0) return plan();
  const planned = ctes.map((definition) => planCte(planner, definition));
  const input = plan();
  return wrapCtes(planned, input, { rows: input.rows, startup: input.startupCost, total: input.totalCost });
}
