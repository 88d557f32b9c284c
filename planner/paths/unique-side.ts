/** A semi join's right side made unique, so that it can be the outer side of an ordinary join. */
import { groupCountOf } from '../cost/group-count.ts';
import { COST } from '../cost/params.ts';
import { equalExpr } from '../equal-expr.ts';
import type { Expr } from '../expr.ts';
import { logical } from '../logical.ts';
import { comparisonOf } from '../operators.ts';
import type { Plan } from '../plan.ts';
import type { JoinCondition } from './join-conditions.ts';
import { type JoinProblem, NO_RELS } from './join-problem.ts';
import { JoinRelation } from './join-relation.ts';
import { estimates, outputOf, type Path } from './path.ts';
import { inputResolver, translateAll } from './translate.ts';

export function uniqueSide(
  problem: JoinProblem,
  right: JoinRelation,
  conditions: readonly JoinCondition[],
): JoinRelation | null {
  const { planner } = problem;
  const columns: Expr[] = [];
  for (const { expr } of conditions) {
    if (expr.kind !== 'call' || expr.args.length !== 2) return null;
    if (comparisonOf(expr.function)?.btreeStrategy !== 3) return null;
    const own = expr.args.filter((arg) => {
      const mask = problem.maskOf(arg);
      return mask !== NO_RELS && (mask & ~right.mask) === NO_RELS;
    });
    if (own.length !== 1 || logical(own[0]).kind !== 'var') return null;
    if (!columns.some((column) => equalExpr(column, own[0]))) columns.push(own[0]);
  }
  const input = right.cheapestFree;
  if (input === null || columns.length === 0) return null;
  const rows = groupCountOf(planner.selectivity, columns, input.rows);
  const total = input.total + input.rows * (COST.groupRow + COST.operator * columns.length) + rows * COST.groupInsert;
  const estimate = { rows, startup: total, total };
  const path: Path = {
    ordering: [],
    required: NO_RELS,
    enforced: [],
    build: (targets) => {
      // Distinct over all the compared columns; then those that are asked for, in their order.
      const child = input.build(columns);
      const unique: Plan = {
        kind: 'distinct',
        input: child,
        output: child.output,
        ...estimates(estimate, planner.widthOf(columns)),
      };
      const resolve = inputResolver(columns, 0);
      const built = translateAll(planner, targets, resolve);
      if (built.length === columns.length && built.every((expr, i) => expr.kind === 'column' && expr.index === i))
        return unique;
      return {
        kind: 'project',
        input: unique,
        filter: null,
        targets: built,
        output: outputOf(targets),
        ...estimates(estimate, planner.widthOf(targets)),
      };
    },
    ...estimate,
  };
  const side = new JoinRelation(right.mask, rows, right.neighbours);
  side.paths.push(path);
  side.inComponent = right.inComponent;
  return side;
}
