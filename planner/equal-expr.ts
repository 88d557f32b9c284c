/** Whether two expressions say the same. */
import { equalSublink } from './equal-query.ts';
import type { Expr } from './expr.ts';
import { logical, type VarExpr } from './logical.ts';

/**
 * Structural equality. Vars and columns are equal whatever type a relabelling has given them. Lifted literals are equal when
 * they are the same literal; with `byValue` when their values are equal, whichever literals they are. Subqueries are equal when they are
 * one, with `byValue` when they say the same.
 */
export function equalExpr(a: Expr, b: Expr, byValue = false): boolean {
  if (a === b) return true;
  const x = logical(a);
  const y = logical(b);
  if (x.kind !== y.kind) return false;
  switch (x.kind) {
    case 'var':
      return x.rel === (y as VarExpr).rel && x.column === (y as VarExpr).column;
    case 'column':
      return x.input === (y as typeof x).input && x.index === (y as typeof x).index;
    case 'const': {
      const other = y as typeof x;
      if (x.typeOid !== other.typeOid) return false;
      if (!byValue && x.literalIndex !== other.literalIndex) return false;
      return (!byValue && x.literalIndex >= 0) || equalValue(x.value, other.value);
    }
    case 'param':
    case 'execParam':
      return x.index === (y as typeof x).index;
    case 'sublink': {
      // The same subquery, however it has been rewritten since it was bound; copies have numbers of their own.
      const other = y as typeof x;
      if (x.query.id !== other.query.id) return byValue && equalSublink(x, other);
      if (x.mode !== other.mode) return false;
      return x.test === null || other.test === null ? x.test === other.test : equalExpr(x.test, other.test, byValue);
    }
    case 'subplan':
      return false;
    case 'call': {
      const other = y as typeof x;
      if (x.typeOid !== other.typeOid || !isSameEntry(x.function, other.function)) return false;
      return x.spreadsArray === other.spreadsArray && equalList(x.args, other.args, byValue);
    }
    case 'and':
    case 'or':
      return equalList(x.args, (y as typeof x).args, byValue);
    case 'aggregateRef': {
      const other = y as typeof x;
      // Most differ in these.
      if (!isSameEntry(x.function, other.function) || !equalList(x.args, other.args, byValue)) return false;
      return equalNode(x as unknown as Record<string, unknown>, y as unknown as Record<string, unknown>, byValue);
    }
    default:
      return equalNode(x as unknown as Record<string, unknown>, y as unknown as Record<string, unknown>, byValue);
  }
}

/**
 * Where an expression stands among others: of those that differ in no more than the type, which a cast that changes nothing else has given, the one of
 * its own type; -1: it is none of them.
 */
export function placeAmong(
  list: readonly Expr[],
  expr: Expr,
  isSame: (a: Expr, b: Expr) => boolean = equalExpr,
): number {
  const place = list.findIndex((item) => isSame(item, expr));
  if (place < 0 || list[place].typeOid === expr.typeOid) return place;
  const own = list.findIndex((item) => item.typeOid === expr.typeOid && isSame(item, expr));
  return own < 0 ? place : own;
}

/** Function and operator entries are one object per oid; what the binder calls besides (xmlelement) has none. */
function isSameEntry(a: { readonly oid: number }, b: { readonly oid: number }): boolean {
  return a === b || (a.oid === b.oid && a.oid !== 0);
}

function equalList(a: readonly Expr[], b: readonly Expr[], byValue: boolean): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (!equalExpr(a[i], b[i], byValue)) return false;
  return true;
}

// biome-ignore lint/suspicious/noExplicitAny: SQL values are dynamic by nature
function equalValue(a: any, b: any): boolean {
  if (a === b || (a !== a && b !== b)) return true;
  if (a === null || b === null || typeof a !== 'object' || typeof b !== 'object') return false;
  const keys = Object.keys(a);
  if (keys.length !== Object.keys(b).length) return false;
  return keys.every((key) => equalValue(a[key], b[key]));
}

function equalNode(x: Record<string, unknown>, y: Record<string, unknown>, byValue: boolean): boolean {
  if (x['typeOid'] !== y['typeOid'] && x['typeOid'] !== undefined) return false;
  for (const key of Object.keys(x)) {
    if (key === 'typeModifier') continue;
    if (!equalPart(x[key], y[key], byValue)) return false;
  }
  return true;
}

function equalPart(a: unknown, b: unknown, byValue: boolean): boolean {
  if (a === b) return true;
  if (a === null || b === null || typeof a !== 'object' || typeof b !== 'object') return false;
  if (Array.isArray(a)) {
    if (!Array.isArray(b) || a.length !== b.length) return false;
    return a.every((item, i) => equalPart(item, b[i], byValue));
  }
  const x = a as Record<string, unknown>;
  const y = b as Record<string, unknown>;
  if (x['kind'] !== undefined && x['typeOid'] !== undefined && x['oid'] === undefined) {
    return equalExpr(a as Expr, b as Expr, byValue);
  }
  // An entry; other parts are plain records (branches, sort keys).
  if (x['oid'] !== undefined) return x['oid'] === y['oid'];
  return equalNode(x, y, byValue);
}
