/** Replaces the columns of input 0 by expressions: folds a node's expressions into those of the scan below it. */
import type { Expr } from '../../planner/expr.ts';

/** The same expression with each column k of input 0 replaced by targets[k]. Subqueries keep their inner plans. */
export function substituteColumns<T>(node: T, targets: readonly Expr[]): T {
  if (node === null || typeof node !== 'object') return node;
  if (Array.isArray(node)) return node.map((item) => substituteColumns(item, targets)) as T;
  const expr = node as unknown as Expr & Record<string, unknown>;
  if (expr.kind === 'column') return (expr.input === 0 ? targets[expr.index] : expr) as T;
  if (expr.kind === 'const') return node;
  const copy: Record<string, unknown> = {};
  for (const key in expr) {
    const isCode = key === 'function' || key === 'equality' || key === 'operator' || key === 'plan' || key === 'value';
    copy[key] =
      isCode && expr.kind !== undefined && key !== 'value' ? expr[key] : substituteColumns(expr[key], targets);
  }
  return copy as T;
}
