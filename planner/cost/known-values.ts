/**
 * What an expression's value will be, as far as it can be known while planning. Parameters and lifted literals are known only
 * for estimates: a plan may be made for values like these, but must be right for all (planner README, invariant 2).
 */
import type { FunctionContext, ScalarFunction, Value } from '../../catalog/function-entry.ts';
import { SqlArray } from '../../types/index.ts';
import type { Expr } from '../expr.ts';
import { logical } from '../logical.ts';

/** Values that a statement is about to run with. undefined: not known. */
export interface StatementValues {
  param(index: number): Value | undefined;
  /** In place of the literals of the text that was parsed: those of another text of the same shape. */
  literal(index: number, typeOid: number, typeModifier: number): Value | undefined;
}

export interface ValueSource {
  readonly values: StatementValues | null;
  /** For stable functions, which mean nothing without a session; null: their values are not known. */
  readonly functions: FunctionContext | null;
}

/** The constant that an expression will be; undefined when it cannot be known. */
export function knownValue(source: ValueSource, expr: Expr): unknown {
  const node = logical(expr);
  switch (node.kind) {
    case 'const': {
      if (node.literalIndex < 0 || source.values === null) return node.value;
      const value = source.values.literal(node.literalIndex, node.typeOid, node.typeModifier);
      return value === undefined ? node.value : value;
    }
    case 'param':
      return source.values?.param(node.index);
    case 'coalesce':
      return node.args.length === 1 ? knownValue(source, node.args[0]) : undefined;
    case 'call': {
      const { function: fn, args } = node;
      if (fn.returnsSet || node.spreadsArray === true || !isEstimable(source, fn)) return undefined;
      const values = args.map((arg) => knownValue(source, arg));
      if (values.includes(undefined)) return undefined;
      if (values.includes(null)) return fn.strict ? null : undefined;
      try {
        const implementation = fn.specialise
          ? fn.implementation(
              args.map((arg) => arg.typeOid),
              node.typeOid,
            )
          : fn.implementation;
        return fn.needsContext ? implementation(source.functions, ...values) : implementation(...values);
      } catch {
        return undefined;
      }
    }
    case 'array': {
      if (node.multidimensional) return undefined;
      const elements = node.elements.map((element) => knownValue(source, element));
      return elements.includes(undefined) ? undefined : new SqlArray(node.elementType, elements as Value[]);
    }
    default:
      return undefined;
  }
}

/** Stable functions are computed as if the statement ran now (clauses.c: estimate_expression_value); volatile ones are not. */
function isEstimable(source: ValueSource, fn: ScalarFunction): boolean {
  if (fn.volatility === 'volatile') return false;
  return source.functions !== null || (fn.volatility === 'immutable' && !fn.needsContext);
}

/** Whether the expression's value, or what it selects, differs from one run of the plan to the next. */
export function dependsOnValues(expr: Expr): boolean {
  const node = logical(expr);
  switch (node.kind) {
    case 'const':
      return node.literalIndex >= 0;
    case 'param':
      return true;
    case 'call':
    case 'and':
    case 'or':
    case 'coalesce':
      return node.args.some(dependsOnValues);
    case 'not':
      return dependsOnValues(node.arg);
    case 'inList':
      return node.list.some(dependsOnValues);
    case 'arrayCompare':
      return dependsOnValues(node.array);
    case 'array':
      return node.elements.some(dependsOnValues);
    default:
      return false;
  }
}
