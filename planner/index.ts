/** The planner's public face: statements to plans, expressions of the catalog to typed expressions, plans to EXPLAIN text. */
export { type BindScalarOptions, bindScalar, type ScalarSource } from './bind/scalar.ts';
export type { PlannerEnvironment, PlannerSettings } from './environment.ts';
export {
  type ExplainOptions,
  explainPlan,
  explainPlanJson,
  type NodeInstrumentation,
  type PlanInstrumentation,
} from './explain.ts';
export type * from './expr.ts';
export type * from './plan.ts';
export { planStatement } from './plan-statement.ts';
