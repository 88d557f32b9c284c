/**
 * Whether a condition of the query proves a partial index's predicate: where the one is true, so is the other. After PostgreSQL's
 * predtest.c (predicate_implied_by): AND and OR are taken apart on both sides, lists count as an OR of equalities, a strict condition
 * proves IS NOT NULL, and comparisons of one expression with constants are decided by the constants:
 *
 *      a = 7   proves   a > 5, a <> 3, a IN (7, 8)            a > 5 AND b      proves   a >= 5
 *      a > 7   proves   a > 5, a IS NOT NULL                  a IN (1, 2)      proves   a IN (1, 2, 3), a < 4
 *
 * Both sides have their constants folded, and no literal that stands for others of the same statement's shape.
 */
import type { ScalarFunction } from '../../catalog/function-entry.ts';
import { comparator, SqlArray } from '../../types/index.ts';
import { equalExpr } from '../equal-expr.ts';
import type { Expr } from '../expr.ts';
import { logical } from '../logical.ts';
import { commutatorOf, haveOneOrder, plainComparison } from '../operators.ts';
import { nonNullableVars, varKey } from '../rewrite/strictness.ts';

/** Longer lists are looked through for an equal one only (predtest.c has the same limit). */
const LIST_MAX = 100;

const INT8 = 20;

type Relation = '<' | '<=' | '=' | '>=' | '>' | '<>';
const BY_STRATEGY: Readonly<Record<number, Relation>> = { 1: '<', 2: '<=', 3: '=', 4: '>=', 5: '>' };

/** `left relation value`, for one of the values. */
interface Comparison {
  readonly left: Expr;
  readonly relation: Relation;
  readonly values: readonly unknown[];
  readonly typeOid: number;
}

export function implies(clause: Expr, predicate: Expr): boolean {
  if (equalExpr(clause, predicate)) return true;
  if (predicate.kind === 'and') return predicate.args.every((part) => implies(clause, part));
  if (clause.kind === 'or') return clause.args.every((part) => implies(part, predicate));
  if (clause.kind === 'and' && clause.args.some((part) => implies(part, predicate))) return true;
  if (predicate.kind === 'or')
    return predicate.args.some((part) => implies(clause, part)) || compares(clause, predicate);
  return provesNotNull(clause, predicate) || compares(clause, predicate);
}

function provesNotNull(clause: Expr, predicate: Expr): boolean {
  if (predicate.kind !== 'isNull' || !predicate.negated || predicate.isRow) return false;
  const column = logical(predicate.arg);
  return column.kind === 'var' && nonNullableVars(clause).has(varKey(column.rel, column.column));
}

function compares(clause: Expr, predicate: Expr): boolean {
  const known = comparisonIn(clause);
  if (known === null) return false;
  // Each value of the clause's list may be found by another arm.
  return known.values.every((value) => isProved(known, value, predicate));
}

function isProved(known: Comparison, value: unknown, predicate: Expr): boolean {
  if (predicate.kind === 'or') return predicate.args.some((part) => isProved(known, value, part));
  const wanted = comparisonIn(predicate);
  if (wanted === null || !equalExpr(known.left, wanted.left)) return false;
  if (!haveOneOrder(known.typeOid, wanted.typeOid)) return false;
  const compare = comparator(known.typeOid === wanted.typeOid ? known.typeOid : INT8);
  return wanted.values.some((other) => follows(known.relation, wanted.relation, compare(value, other)));
}

/** Whether `x known C` proves `x wanted P`, where `order` is how C compares with P. */
function follows(known: Relation, wanted: Relation, order: number): boolean {
  switch (known) {
    case '=':
      return holds(order, wanted);
    case '<>':
      return wanted === '<>' && order === 0;
    case '<':
      return (wanted === '<' || wanted === '<=' || wanted === '<>') && order <= 0;
    case '<=':
      return wanted === '<=' ? order <= 0 : (wanted === '<' || wanted === '<>') && order < 0;
    case '>':
      return (wanted === '>' || wanted === '>=' || wanted === '<>') && order >= 0;
    case '>=':
      return wanted === '>=' ? order >= 0 : (wanted === '>' || wanted === '<>') && order > 0;
  }
}

function holds(order: number, relation: Relation): boolean {
  switch (relation) {
    case '=':
      return order === 0;
    case '<>':
      return order !== 0;
    case '<':
      return order < 0;
    case '<=':
      return order <= 0;
    case '>':
      return order > 0;
    case '>=':
      return order >= 0;
  }
}

/** Null for what is no comparison with constants that are not null. */
function comparisonIn(expr: Expr): Comparison | null {
  switch (expr.kind) {
    case 'call':
      return callIn(expr);
    case 'inList': {
      const relation = relationOf(expr.equality);
      if (relation?.relation !== '=' || expr.negated || expr.list.length > LIST_MAX) return null;
      return withValues(expr.arg, relation, expr.list.map(constantIn));
    }
    case 'arrayCompare': {
      const relation = relationOf(expr.operator);
      const values = expr.all ? null : elementsOf(expr.array);
      return relation === null || values === null ? null : withValues(expr.left, relation, values);
    }
    default:
      return null;
  }
}

function callIn(expr: Expr & { readonly kind: 'call' }): Comparison | null {
  if (expr.args.length !== 2) return null;
  const [left, right] = expr.args as [Expr, Expr];
  if (right.kind === 'const') {
    const relation = relationOf(expr.function);
    return relation === null ? null : withValues(left, relation, [constantIn(right)]);
  }
  if (left.kind !== 'const') return null;
  const comparison = plainComparison(expr.function);
  const commuted = comparison === null ? null : commutatorOf(comparison);
  const relation = commuted === null ? null : relationOf(commuted.function);
  return relation === null ? null : withValues(right, relation, [constantIn(left)]);
}

/** In the types' own order: not under a collation. */
function relationOf(fn: ScalarFunction): { readonly relation: Relation; readonly typeOid: number } | null {
  const operator = plainComparison(fn);
  if (operator === null) return null;
  const relation = operator.name === '<>' ? '<>' : BY_STRATEGY[operator.btreeStrategy];
  return relation === undefined ? null : { relation, typeOid: operator.rightType };
}

function withValues(
  left: Expr,
  { relation, typeOid }: { readonly relation: Relation; readonly typeOid: number },
  values: readonly unknown[],
): Comparison | null {
  // With a null it is never true because of that value; and the proof does not need it.
  const present = values.filter((value) => value !== null);
  if (present.length === 0 || present.includes(undefined)) return null;
  return { left, relation, values: present, typeOid };
}

/** Undefined for what is no constant. */
function constantIn(expr: Expr): unknown {
  return expr.kind === 'const' ? expr.value : undefined;
}

function elementsOf(array: Expr): readonly unknown[] | null {
  const elements =
    array.kind === 'const' && array.value instanceof SqlArray
      ? array.value.elements
      : array.kind === 'array' && !array.multidimensional
        ? array.elements.map(constantIn)
        : null;
  return elements === null || elements.length > LIST_MAX ? null : elements;
}
