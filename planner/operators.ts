/** What the planner knows of functions as operators: commutators, negators, and their meaning in an ordered index. */

import type { OperatorEntry, ScalarFunction } from '../catalog/function-entry.ts';
import { estimatedFunction, looseEqualityKey } from '../catalog/functions/collated.ts';
import {
  allExtensionOperators,
  allOperators,
  extensionOperatorsByName,
  functionByOid,
  operatorsByName,
} from '../catalog/functions/index.ts';
import type { Expr } from './expr.ts';

const byFunction = new Map<number, OperatorEntry>();
/** All operators, read when one is asked for that is no comparison. */
let others: Map<number, OperatorEntry> | null = null;

/** Operators that plans ask about most. */
const COMPARISONS = ['=', '<>', '<', '<=', '>', '>=', '~~', '!~~', '~~*', '!~~*', '~', '!~'];

function load(): void {
  for (const name of COMPARISONS)
    for (const operator of [...operatorsByName(name), ...extensionOperatorsByName(name)])
      byFunction.set(operator.function.oid, operator);
}

/** The operator whose function this is, for comparison operators; null for others. */
export function comparisonOf(fn: ScalarFunction): OperatorEntry | null {
  if (byFunction.size === 0) load();
  return byFunction.get(fn.oid) ?? null;
}

const INTEGERS: ReadonlySet<number> = new Set([20, 21, 23]);

/** Types whose values compare with each other as those of one type do. */
export function haveOneOrder(a: number, b: number): boolean {
  return a === b || (INTEGERS.has(a) && INTEGERS.has(b));
}

/** A comparison by the types' own order: of two values of one order, not under a collation. Null for other functions. */
export function plainComparison(fn: ScalarFunction): OperatorEntry | null {
  const operator = comparisonOf(fn);
  return operator !== null && operator.function === fn && haveOneOrder(operator.leftType, operator.rightType)
    ? operator
    : null;
}

/** `=` of a type's order, or of texts under a collation that calls different ones equal. */
export function isEquality(fn: ScalarFunction): boolean {
  return comparisonOf(fn)?.btreeStrategy === 3 || looseEqualityKey(fn) !== undefined;
}

/** The comparison or pattern test that a function's selectivity is estimated as. */
export function estimatedComparison(fn: ScalarFunction): OperatorEntry | null {
  return comparisonOf(estimatedFunction(fn));
}

/** A text as the key that such an `=` compares; null: the function is no such thing. */
export function looseKeyMaker(fn: ScalarFunction): ((text: Expr) => Expr) | null {
  const key = looseEqualityKey(fn);
  if (key === undefined) return null;
  return (text) => ({ kind: 'call', function: key, args: [text], typeOid: key.returnType, typeModifier: -1 });
}

/** Any operator whose function this is (for printing). */
export function operatorOf(fn: ScalarFunction): OperatorEntry | null {
  const known = comparisonOf(fn);
  if (known !== null) return known;
  if (others === null) {
    others = new Map();
    for (const operator of [...allOperators(), ...allExtensionOperators()])
      if (!others.has(operator.function.oid)) others.set(operator.function.oid, operator);
  }
  return others.get(fn.oid) ?? null;
}

function sameOperands(name: string, left: number, right: number): OperatorEntry | null {
  if (name === '') return null;
  const isIt = ({ leftType, rightType }: OperatorEntry): boolean => leftType === left && rightType === right;
  // Behind the types of extensions there are others.
  return operatorsByName(name).find(isIt) ?? extensionOperatorsByName(name).find(isIt) ?? null;
}

export function negatorOf(functionOid: number): ScalarFunction | null {
  if (byFunction.size === 0) load();
  const operator = byFunction.get(functionOid);
  if (operator === undefined || functionByOid(functionOid) === null) return null;
  return sameOperands(operator.negator, operator.leftType, operator.rightType)?.function ?? null;
}

export function commutatorOf(operator: OperatorEntry): OperatorEntry | null {
  return sameOperands(operator.commutator, operator.rightType, operator.leftType);
}
