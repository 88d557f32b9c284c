/** UNION, INTERSECT, EXCEPT. */
import { COST } from '../cost/params.ts';
import type { Query, SetOperation } from '../logical.ts';
import type { Plan } from '../plan.ts';
import { NO_RELS } from './join-problem.ts';
import { columnVars, estimates, outputOf, type Path } from './path.ts';
import type { Planner } from './planner.ts';
import { planQuery, type QueryPath } from './query.ts';
import { inputResolver, translateAll } from './translate.ts';

export function setOperationPath(planner: Planner, query: Query, operation: SetOperation): Path {
  const { columns } = query.relations.get(operation.rel)!;
  const vars = columnVars(operation.rel, columns);
  const made = operation.operation === 'union' ? unionOf(planner, operation) : twoSided(planner, operation);
  planner.setFacts(operation.rel, { rows: made.rows, table: null, distinctOf: () => 0 });
  const estimate = { rows: made.rows, startup: made.startup, total: made.total };
  return {
    ordering: [],
    required: NO_RELS,
    enforced: [],
    build: (targets) => {
      const input = made.build();
      const built = translateAll(planner, targets, inputResolver(vars, 0));
      const isIdentity =
        built.length === vars.length && built.every((expr, i) => expr.kind === 'column' && expr.index === i);
      if (isIdentity) return input;
      return {
        kind: 'project',
        input,
        filter: null,
        targets: built,
        output: outputOf(targets),
        ...estimates(estimate, planner.widthOf(targets)),
      };
    },
    ...estimate,
  };
}

type Made = Pick<QueryPath, 'rows' | 'startup' | 'total' | 'build'>;

/** Branches of nested unions of the same kind, in order. */
function branches(query: Query, all: boolean): Query[] {
  const operation = query.setOperation;
  const plain =
    operation !== null &&
    operation.operation === 'union' &&
    (operation.all === all || !all) &&
    query.limit === null &&
    query.offset === null &&
    query.orderBy.length === 0 &&
    query.ctes.length === 0 &&
    query.where === null &&
    query.targets.every((target, i) => {
      const node = target.expr as unknown as { kind: string; rel?: number; column?: number };
      return node.kind === 'var' && node.rel === operation.rel && node.column === i;
    });
  if (!plain) return [query];
  return [...branches(operation.left, all), ...branches(operation.right, all)];
}

function unionOf(planner: Planner, operation: SetOperation): Made {
  const { all } = operation;
  const parts = [...branches(operation.left, all), ...branches(operation.right, all)].map((part) =>
    planQuery(planner, part),
  );
  const rows = parts.reduce((sum, part) => sum + part.rows, 0);
  const total = parts.reduce((sum, part) => sum + part.total, 0);
  const appended: Made = {
    rows,
    startup: parts[0].startup,
    total,
    build: () => {
      const inputs = parts.map((part) => part.build());
      const width = Math.max(...inputs.map((input) => input.width));
      return {
        kind: 'append',
        inputs,
        output: inputs[0].output,
        ...estimates({ rows, startup: parts[0].startup, total }, width),
      };
    },
  };
  if (all) return appended;
  const distinctTotal = total + rows * COST.hashInsert;
  const estimate = { rows, startup: distinctTotal, total: distinctTotal + rows * COST.row };
  return {
    build: () => {
      const input = appended.build();
      return { kind: 'distinct', input, output: input.output, ...estimates(estimate, input.width) };
    },
    ...estimate,
  };
}

function twoSided(planner: Planner, operation: SetOperation): Made {
  const left = planQuery(planner, operation.left);
  const right = planQuery(planner, operation.right);
  const rows =
    operation.operation === 'intersect' ? Math.max(1, Math.min(left.rows, right.rows)) : Math.max(1, left.rows);
  const total = left.total + right.total + (left.rows + right.rows) * COST.hashInsert;
  const estimate = { rows, startup: total, total: total + rows * COST.row };
  return {
    build: (): Plan => {
      const leftPlan = left.build();
      return {
        kind: 'setOperation',
        operation: operation.operation as 'intersect' | 'except',
        all: operation.all,
        left: leftPlan,
        right: right.build(),
        output: leftPlan.output,
        ...estimates(estimate, leftPlan.width),
      };
    },
    ...estimate,
  };
}
