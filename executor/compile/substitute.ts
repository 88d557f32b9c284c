/** Replaces the columns of input 0 by expressions: folds a node's expressions into those of the scan below it. */
import type { Expr } from '../../planner/expr.ts';

/** Parts that are no expressions over those columns. */
const CODE = new Set(['function', 'equality', 'operator', 'plan', 'made', 'directArgs']);

/** The same expression with each column k of input 0 replaced by targets[k]. Subqueries keep their inner plans. */
export function substituteColumns<T>(node: T, targets: readonly Expr[]): T {
  if (node === null || typeof node !== 'object') return node;
  if (Array.isArray(node)) return node.map((item) => substituteColumns(item, targets)) as T;
  const expr = node as unknown as Expr & Record<string, unknown>;
  if (expr.kind === 'column') return (expr.input === 0 ? targets[expr.index] : expr) as T;
  if (expr.kind === 'const') return node;
  const copy: Record<string, unknown> = {};
  for (const key in expr) {
    copy[key] = CODE.has(key) ? expr[key] : substituteColumns(expr[key], targets);
  }
  return copy as T;
}
