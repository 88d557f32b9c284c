/** The built-in functions, operators and casts, as the planner finds them. */
export {
  allCasts,
  allExtensionFunctions,
  allFunctions,
  allOperators,
  comparisonOperator,
  equalityFunction,
  extensionComparisons,
  functionByOid,
  functionsByName,
  lookupCast,
  operatorByOid,
  operatorsByName,
} from './registry.ts';
export { updatableEvents } from './system-catalog.ts';
