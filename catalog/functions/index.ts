/** The built-in functions, operators and casts, as the planner finds them. */
export {
  allCasts,
  allExtensionFunctions,
  allExtensionOperators,
  allFunctions,
  allOperators,
  comparisonOperator,
  equalityFunction,
  extensionOperatorsByName,
  functionByOid,
  functionOfExtension,
  functionsByName,
  internalFunction,
  lookupCast,
  operatorByOid,
  operatorsByName,
} from './registry.ts';
export { updatableEvents } from './system-catalog.ts';
