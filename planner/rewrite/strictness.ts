/** Which relations' columns must be non-null for a condition to be true: from strict functions and IS NOT NULL. */
import type { Expr } from '../expr.ts';
import { logical } from '../logical.ts';

/** Relations of which a row of nulls makes the condition false or null. */
export function nonNullableRels(expr: Expr): Set<number> {
  const rels = new Set<number>();
  for (const key of nonNullableVars(expr)) rels.add(Math.floor(key / 65536));
  return rels;
}

export function varKey(rel: number, column: number): number {
  return rel * 65536 + (column + 16);
}

/** Columns (varKey) that are not null wherever the condition holds. */
export function nonNullableVars(expr: Expr | null): Set<number> {
  return expr === null ? new Set() : collect(expr, true);
}

function union(sets: readonly Set<number>[]): Set<number> {
  const result = new Set<number>();
  for (const set of sets) for (const item of set) result.add(item);
  return result;
}

function intersect(sets: readonly Set<number>[]): Set<number> {
  const [first, ...rest] = sets;
  return new Set([...first].filter((item) => rest.every((set) => set.has(item))));
}

/** `top`: the expression is a condition that must be true, not merely not null. */
function collect(expr: Expr, top: boolean): Set<number> {
  const node = logical(expr);
  switch (node.kind) {
    case 'var':
      return new Set([varKey(node.rel, node.column)]);
    case 'call':
      if (!node.function.strict || node.function.returnsSet) return new Set();
      return union(node.args.map((arg) => collect(arg, false)));
    case 'and':
      return top
        ? union(node.args.map((arg) => collect(arg, true)))
        : intersect(node.args.map((arg) => collect(arg, false)));
    case 'or':
      return intersect(node.args.map((arg) => collect(arg, top)));
    case 'not':
      return collect(node.arg, false);
    case 'isNull':
      return top && node.negated && !node.isRow ? collect(node.arg, false) : new Set();
    case 'booleanTest':
      return top && node.test !== 'unknown' && !node.negated ? collect(node.arg, false) : new Set();
    case 'inList':
      return collect(node.arg, false);
    case 'arrayCompare':
      return top && !node.all && node.operator.strict ? collect(node.left, false) : new Set();
    case 'ioCast':
    case 'typmodCast':
    case 'arrayCast':
      return collect(node.arg, false);
    case 'coalesce':
      return node.args.length === 1 ? collect(node.args[0], false) : new Set();
    default:
      return new Set();
  }
}
