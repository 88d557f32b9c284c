/** Which conditions an index can answer, and the bounds that they come to. */

import type { IndexEntry, RelationEntry } from '../../catalog/entries.ts';
import type { ScalarFunction } from '../../catalog/function-entry.ts';
import { collationOfClass, collationOfKey, looseEqualityKey } from '../../catalog/functions/collated.ts';
import { lookupCast } from '../../catalog/functions/index.ts';
import { classFunction, looseKeyCollation } from '../../catalog/loose-keys.ts';
import type { BindContext } from '../bind/context.ts';
import { unlift } from '../bind/scalar.ts';
import { bindIndexKeys, bindIndexPredicate } from '../bind/stored.ts';
import { equalExpr } from '../equal-expr.ts';
import type { Expr } from '../expr.ts';
import { caseBranch, conjuncts, logical, makeConst } from '../logical.ts';
import { commutatorOf, comparisonOf } from '../operators.ts';
import { relsOf } from '../relation-sets.ts';
import { foldConstants } from '../rewrite/fold-constants.ts';
import { someExpr } from '../traverse.ts';
import type { RelSet } from './path.ts';
import { implies } from './predicate-implication.ts';

const [BOOL, INT8, INT2, INT4, TEXT, NAME, VARCHAR, UNKNOWN] = [16, 20, 21, 23, 25, 19, 1043, 705];
const [DATE, TIMESTAMP, TIMESTAMPTZ, FLOAT4, FLOAT8, OID] = [1082, 1114, 1184, 700, 701, 26];

/** A condition on the relation, and who provides its other side. */
export interface Condition {
  readonly expr: Expr;
  /** Relations of the join problem that its value comes from; none for restrictions. */
  readonly rels: RelSet;
  /** Join conditions: which side belongs to the relation. */
  readonly own: Expr | null;
}

/** `isLoose`: rows of the key need not match. */
export type KeyMatch =
  | { readonly kind: 'equal'; readonly value: Expr; readonly isLoose?: true }
  | { readonly kind: 'lower' | 'upper'; readonly value: Expr; readonly inclusive: boolean; readonly isLoose?: true }
  /** `isExact`: all that lies between matches. */
  | { readonly kind: 'range'; readonly lower: Expr; readonly upper: Expr | null; readonly isExact: boolean }
  | { readonly kind: 'in'; readonly list: readonly Expr[]; readonly isLoose?: true }
  | { readonly kind: 'any'; readonly array: Expr; readonly isLoose?: true }
  | { readonly kind: 'null' };

/** Whether all that a match finds satisfies its condition. */
export function isExactMatch(match: KeyMatch): boolean {
  if (match.kind === 'range') return match.isExact;
  return !('isLoose' in match) || match.isLoose !== true;
}

/** An index of a relation, with its key expressions bound. */
export interface UsableIndex {
  readonly index: IndexEntry;
  readonly keys: readonly Expr[];
}

export function usableIndexes(
  context: BindContext,
  table: RelationEntry,
  rel: number,
  restrictions: readonly Expr[],
): UsableIndex[] {
  const result: UsableIndex[] = [];
  for (const index of context.catalog.indexesOf(table.oid)) {
    // It finds candidates for its constraint, and nothing else.
    if (index.exclusion !== undefined) continue;
    if (index.valid === false || context.environment.isIndexReadable?.(index.oid) === false) continue;
    if (index.predicateText !== null) {
      const predicate = bindIndexPredicate(context, table, index, rel);
      if (predicate !== null && !isImplied(context, predicate, restrictions)) continue;
    }
    result.push({ index, keys: keptKeys(context, table, index, rel) });
  }
  return result;
}

/** The keys as the index holds them: classes of texts under a collation that calls different ones equal. */
function keptKeys(context: BindContext, table: RelationEntry, index: IndexEntry, rel: number): Expr[] {
  return bindIndexKeys(context, table, index, rel).map((expr, i) => {
    const key = foldConstants(expr);
    const collation = looseKeyCollation(context.catalog, table, index, i);
    return collation === 0 ? key : classOf(classFunction(collation, context.types.base(key.typeOid)), key);
  });
}

/** What a key is made of. */
export function indexedExpression(key: Expr): Expr {
  return key.kind === 'call' && collationOfClass(key.function) !== undefined ? key.args[0] : key;
}

function classOf(fn: ScalarFunction, text: Expr): Expr {
  return foldConstants({ kind: 'call', function: fn, args: [text], typeOid: fn.returnType, typeModifier: -1 });
}

/** Whether the restrictions prove a partial index's predicate. Literals that the proof used bind the plan to their values. */
function isImplied(context: BindContext, predicate: Expr, restrictions: readonly Expr[]): boolean {
  return conjuncts(predicate).every((part) => {
    const wanted = foldConstants(part);
    const proof = restrictions.find((restriction) => implies(foldConstants(unlift(restriction)), wanted));
    if (proof === undefined) return false;
    if (hasLifted(proof)) context.shareable = false;
    return true;
  });
}

export function hasLifted(expr: Expr): boolean {
  return someExpr(expr, (child) => child.kind === 'const' && child.literalIndex >= 0);
}

function isTextFamily(oid: number): boolean {
  return oid === TEXT || oid === VARCHAR || oid === NAME || oid === UNKNOWN;
}

const INT_RANGE: Readonly<Record<number, readonly [number, number]>> = {
  [INT2]: [-32768, 32767],
  [INT4]: [-2147483648, 2147483647],
};
const INT_WIDTH: Readonly<Record<number, number>> = { [INT2]: 2, [INT4]: 4, [INT8]: 8 };
const WIDENING = new Set([
  `${DATE}>${TIMESTAMP}`,
  `${DATE}>${TIMESTAMPTZ}`,
  `${TIMESTAMP}>${TIMESTAMPTZ}`,
  `${FLOAT4}>${FLOAT8}`,
]);

/**
 * A value as the key's type, such that comparing keys means what the operator means; null when that cannot be had. A narrowing
 * integer is a constant that fits, or (for equality) null when it does not fit: null finds nothing, and nothing is equal to it.
 */
export function asKeyValue(context: BindContext, keyType: number, value: Expr, isEqual: boolean): Expr | null {
  const { types } = context;
  const key = types.comparedAs(keyType);
  const own = types.comparedAs(value.typeOid);
  if (key === own) return value;
  if (isTextFamily(key) && isTextFamily(own)) return value;
  if (INT_WIDTH[key] !== undefined && INT_WIDTH[own] !== undefined) {
    const narrows = INT_WIDTH[key] < INT_WIDTH[own];
    if (value.kind === 'const' && !(narrows && value.literalIndex >= 0 && isEqual)) {
      // A range over a narrower key holds only while the literal fits the key.
      if (narrows) context.useLiteral(value);
      return constAsInteger(value, key);
    }
    if (INT_WIDTH[key] > INT_WIDTH[own]) return castTo(value, own, key);
    return isEqual ? guarded(value, own, key) : null;
  }
  if (WIDENING.has(`${own}>${key}`)) return castTo(value, own, key);
  if (types.category(key) === 'N' && types.category(own) === 'N' && isOidLike(key) && isOidLike(own)) return value;
  return null;
}

function isOidLike(oid: number): boolean {
  return oid === OID || (oid >= 2202 && oid <= 2206) || oid === 24 || oid === 4089 || oid === 4096;
}

function constAsInteger(value: Expr & { kind: 'const' }, key: number): Expr | null {
  const range = INT_RANGE[key];
  if (value.value !== null && range !== undefined) {
    const fits = typeof value.value === 'number' && value.value >= range[0] && value.value <= range[1];
    if (!fits) return null;
  }
  return { ...value, typeOid: key, typeModifier: -1 };
}

function castTo(value: Expr, own: number, key: number): Expr | null {
  const cast = lookupCast(own, key);
  if (cast === null || cast.function === null) return null;
  return { kind: 'call', function: cast.function, args: [value], typeOid: key, typeModifier: -1 };
}

/** CASE WHEN v BETWEEN min AND max THEN v::key END. */
function guarded(value: Expr, own: number, key: number): Expr | null {
  const cast = castTo(value, own, key);
  const range = INT_RANGE[key];
  if (cast === null || range === undefined) return null;
  const compare = (operator: '<=' | '>=', bound: number): Expr => ({
    kind: 'rowCompare',
    operator,
    left: [value],
    right: [makeConst(bound, own)],
    typeOid: BOOL,
    typeModifier: -1,
  });
  const when: Expr = {
    kind: 'and',
    args: [compare('>=', range[0]), compare('<=', range[1])],
    typeOid: BOOL,
    typeModifier: -1,
  };
  return {
    kind: 'case',
    subject: null,
    branches: [caseBranch(when, cast)],
    otherwise: null,
    typeOid: key,
    typeModifier: -1,
  };
}

function dependsOn(expr: Expr, rel: number): boolean {
  return relsOf(expr).has(rel);
}

function sameKeyExpr(key: Expr, expr: Expr): boolean {
  if (equalExpr(key, expr)) return true;
  const node = logical(expr);
  return node.kind === 'coalesce' && node.args.length === 1 ? sameKeyExpr(key, node.args[0]) : false;
}

/** Whether an expression of the query is the index's key. */
export function matchesExpression(context: BindContext, key: Expr, expr: Expr): boolean {
  if (sameKeyExpr(key, expr)) return true;
  if (logical(key).kind === 'var' || !hasLifted(expr)) return false;
  if (!equalExpr(key, foldConstants(unlift(expr)))) return false;
  context.shareable = false;
  return true;
}

/** What a condition says of one key of an index. */
export function matchKey(context: BindContext, rel: number, key: Expr, condition: Condition): KeyMatch | null {
  const { expr } = condition;
  if (key.kind === 'call' && collationOfClass(key.function) !== undefined) return matchClass(context, rel, key, expr);
  switch (expr.kind) {
    case 'call':
      return matchOperator(context, rel, key, expr);
    case 'inList': {
      if (expr.negated || !matchesExpression(context, key, expr.arg)) return null;
      if (comparisonOf(expr.equality)?.btreeStrategy !== 3) return null;
      const list: Expr[] = [];
      for (const item of expr.list) {
        if (dependsOn(item, rel)) return null;
        const value = asKeyValue(context, key.typeOid, item, true);
        if (value === null) return null;
        list.push(value);
      }
      return { kind: 'in', list };
    }
    case 'arrayCompare': {
      if (expr.all || !matchesExpression(context, key, expr.left) || dependsOn(expr.array, rel)) return null;
      if (comparisonOf(expr.operator)?.btreeStrategy !== 3) return null;
      const element = context.types.elementOf(expr.array.typeOid);
      const same = context.types.comparedAs(element) === context.types.comparedAs(key.typeOid);
      if (!same && !(isTextFamily(element) && isTextFamily(key.typeOid))) return null;
      return { kind: 'any', array: expr.array };
    }
    case 'rowCompare':
      return matchRows(context, rel, key, expr);
    case 'isNull':
      return !expr.negated && !expr.isRow && matchesExpression(context, key, expr.arg) ? { kind: 'null' } : null;
    case 'not':
      return key.typeOid === BOOL && matchesExpression(context, key, expr.arg)
        ? { kind: 'equal', value: makeConst(false, BOOL) }
        : null;
    case 'booleanTest': {
      if (key.typeOid !== BOOL || expr.negated || !matchesExpression(context, key, expr.arg)) return null;
      if (expr.test === 'unknown') return { kind: 'null' };
      return { kind: 'equal', value: makeConst(expr.test === 'true', BOOL) };
    }
    default:
      return key.typeOid === BOOL && matchesExpression(context, key, expr)
        ? { kind: 'equal', value: makeConst(true, BOOL) }
        : null;
  }
}

function matchOperator(context: BindContext, rel: number, key: Expr, call: Expr & { kind: 'call' }): KeyMatch | null {
  let operator = comparisonOf(call.function);
  if (operator === null || call.args.length !== 2) {
    return key.typeOid === BOOL && matchesExpression(context, key, call)
      ? { kind: 'equal', value: makeConst(true, BOOL) }
      : null;
  }
  let [own, value] = call.args;
  if (!matchesExpression(context, key, own)) {
    if (!matchesExpression(context, key, value)) return null;
    [own, value] = [value, own];
    operator = commutatorOf(operator);
    if (operator === null) return null;
  }
  if (dependsOn(value, rel) || someExpr(value, isVolatileCall)) return null;
  if (operator.name === '~~') return matchPrefix(context, key, value);
  const strategy = operator.btreeStrategy;
  if (strategy === 0) return null;
  const converted = asKeyValue(context, key.typeOid, value, strategy === 3);
  if (converted === null) return null;
  switch (strategy) {
    case 3:
      return { kind: 'equal', value: converted };
    case 1:
    case 2:
      return { kind: 'upper', value: converted, inclusive: strategy === 2 };
    case 4:
    case 5:
      return { kind: 'lower', value: converted, inclusive: strategy === 4 };
  }
}

/** (key, ...) < (value, ...): the key is not above the value. Among equal keys the other fields decide. */
function matchRows(context: BindContext, rel: number, key: Expr, expr: Expr & { kind: 'rowCompare' }): KeyMatch | null {
  const isLeft = matchesExpression(context, key, expr.left[0]);
  if (!isLeft && !matchesExpression(context, key, expr.right[0])) return null;
  const value = isLeft ? expr.right[0] : expr.left[0];
  if (dependsOn(value, rel) || someExpr(value, isVolatileCall)) return null;
  const converted = asKeyValue(context, key.typeOid, value, false);
  if (converted === null) return null;
  const isUpper = expr.operator.startsWith('<') === isLeft;
  return { kind: isUpper ? 'upper' : 'lower', value: converted, inclusive: true, isLoose: true };
}

/** Of a key that is a class of texts: equalities under its collation, whose other side is a class then, too. */
function matchClass(context: BindContext, rel: number, key: Expr & { kind: 'call' }, expr: Expr): KeyMatch | null {
  const [source] = key.args;
  const isKey = (side: Expr): boolean => matchesExpression(context, source, side);
  const isOf = (equal: ScalarFunction): boolean => {
    const made = looseEqualityKey(equal);
    return made !== undefined && collationOfKey(made) === collationOfClass(key.function);
  };
  switch (expr.kind) {
    case 'call': {
      if (expr.args.length !== 2 || !isOf(expr.function)) return null;
      const own = expr.args.findIndex(isKey);
      if (own < 0) return null;
      const value = expr.args[1 - own];
      if (dependsOn(value, rel) || someExpr(value, isVolatileCall)) return null;
      return { kind: 'equal', value: classOf(key.function, value), isLoose: true };
    }
    case 'inList':
      if (expr.negated || !isOf(expr.equality) || !isKey(expr.arg)) return null;
      if (expr.list.some((item) => dependsOn(item, rel))) return null;
      return { kind: 'in', list: expr.list.map((item) => classOf(key.function, item)), isLoose: true };
    case 'arrayCompare': {
      if (expr.all || !isOf(expr.operator) || !isKey(expr.left) || dependsOn(expr.array, rel)) return null;
      const classes = classFunction(collationOfClass(key.function) as number, context.types.base(expr.array.typeOid));
      return { kind: 'any', array: classOf(classes, expr.array), isLoose: true };
    }
    case 'isNull':
      return !expr.negated && !expr.isRow && isKey(expr.arg) ? { kind: 'null' } : null;
    default:
      return null;
  }
}

function isVolatileCall(expr: Expr): boolean {
  return expr.kind === 'call' && expr.function.volatility === 'volatile';
}

/** LIKE 'abc%': from 'abc' up to, not including, 'abd'. */
function matchPrefix(context: BindContext, key: Expr, pattern: Expr): KeyMatch | null {
  if (!isTextFamily(key.typeOid) || pattern.kind !== 'const' || typeof pattern.value !== 'string') return null;
  let prefix = '';
  const text = pattern.value;
  let isExact = true;
  let rest = '';
  for (let i = 0; i < text.length; i++) {
    const char = text[i];
    if (char === '%' || char === '_') {
      isExact = false;
      rest = text.slice(i);
      break;
    }
    if (char === '\\' && i + 1 < text.length) i++;
    prefix += text[i];
  }
  if (prefix === '') return null;
  context.useLiteral(pattern);
  const lower = makeConst(prefix, TEXT);
  if (isExact) return { kind: 'equal', value: lower };
  const next = nextPrefix(prefix);
  return { kind: 'range', lower, upper: next === null ? null : makeConst(next, TEXT), isExact: /^%+$/.test(rest) };
}

/** The smallest text above all that begin with the prefix, in code point order. */
function nextPrefix(prefix: string): string | null {
  const points = [...prefix].map((char) => char.codePointAt(0)!);
  while (points.length > 0) {
    const last = points.pop()!;
    if (last >= 0x10ffff) continue;
    const next = last === 0xd7ff ? 0xe000 : last + 1;
    return String.fromCodePoint(...points, next);
  }
  return null;
}
