/** The built-in functions, operators and casts, as the planner finds them. */
export {
  allCasts,
  allFunctions,
  allOperators,
  comparisonOperator,
  equalityFunction,
  functionByOid,
  functionsByName,
  lookupCast,
  operatorByOid,
  operatorsByName,
} from './registry.ts';
export { updatableEvents } from './system-catalog.ts';
