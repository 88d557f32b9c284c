/** The planner's public face: statements to plans, expressions of the catalog to typed expressions, plans to EXPLAIN text. */

export { bindAsOfAlone } from './bind/as-of.ts';
export { withoutDomainCheck } from './bind/coerce.ts';
export { columnNameOf } from './bind/column-name.ts';
export { groupKeys } from './bind/group.ts';
export {
  type FoundFunction,
  isBinaryCoercible,
  lookUpExactFunction,
  lookUpExactOperator,
  lookUpFunction,
  lookUpType,
} from './bind/lookup.ts';
export { checkPolicyExpression } from './bind/row-security.ts';
export { bindScalar, bindWithCollation, callVolatility, isStableCast, type ScalarSource } from './bind/scalar.ts';
export { updatableColumns, viewRefusal } from './bind/view-target.ts';
export type { StatementValues } from './cost/known-values.ts';
export { checkEarlyConstants, type EarlyConstants } from './early-constants.ts';
export type { BindRecorder, FunctionColumns, PlannerEnvironment, RoutineBody, RowFields } from './environment.ts';
export { explainPlan, explainPlanDocument, runsSubplans } from './explain.ts';
export { type ExplainValue, Fixed, formatExplain } from './explain-format.ts';
export {
  bufferFields,
  buffersLine,
  type ExplainOptions,
  NO_BUFFERS,
  type NodeInstrumentation,
  type PlanInstrumentation,
  type PostingFigures,
} from './explain-write.ts';
export type * from './expr.ts';
export type * from './plan.ts';
export { checkBodyStatement, planStatement } from './plan-statement.ts';
