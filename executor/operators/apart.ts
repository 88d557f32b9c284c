/**
 * Scans whose conditions or targets call user-made functions. What such a function does may take frames of the pool, and change the
 * very row: nobody may stand on the bytes of a page meanwhile. So the scan gives the columns that are needed, as values, and a
 * projection above it computes the rest.
 */
import type { Expr } from '../../planner/expr.ts';
import type { OutputColumn, Plan, ProjectPlan } from '../../planner/plan.ts';
import { comparesByRoutine, runsStatements } from '../compile/may-wait.ts';

type ScanPlan = Extract<Plan, { kind: 'seqScan' | 'indexScan' | 'postingScan' | 'rowIdScan' }>;

export function isPageScan(plan: Plan): plan is ScanPlan {
  return ['seqScan', 'indexScan', 'postingScan', 'rowIdScan'].includes(plan.kind);
}

/** A user-made function is called in them, or in a subquery of theirs. */
export function callsRoutine(node: unknown): boolean {
  if (node === null || typeof node !== 'object') return false;
  if (Array.isArray(node)) return node.some(callsRoutine);
  const record = node as Record<string, unknown>;
  if (record['kind'] === 'const') return false;
  if (runsStatements(record['function'])) return true;
  if (comparesByRoutine(record)) return true;
  return Object.entries(record).some(([name, part]) => !OPAQUE.has(name) && callsRoutine(part));
}

/** A correlated subquery is among them. */
export function asksForEachRow(node: unknown): boolean {
  if (node === null || typeof node !== 'object') return false;
  if (Array.isArray(node)) return node.some(asksForEachRow);
  const record = node as Record<string, unknown>;
  if (record['kind'] === 'const') return false;
  if (record['kind'] === 'subplan' && (record['params'] as readonly unknown[]).length > 0) return true;
  return Object.entries(record).some(([name, part]) => !OPAQUE.has(name) && name !== 'plan' && asksForEachRow(part));
}

/** Parts of plans and expressions that are neither. */
const OPAQUE = new Set(['function', 'equality', 'operator', 'table', 'index']);

/** The scan of what is needed, under the projection that computes the targets. */
export function computedApart(plan: ScanPlan): ProjectPlan {
  const columns: Expr[] = [];
  const place = (expr: Expr): number => {
    const known = columns.findIndex((other) => sameColumn(other, expr));
    return known >= 0 ? known : columns.push(expr) - 1;
  };
  const over = <T>(node: T): T => {
    if (node === null || typeof node !== 'object') return node;
    if (Array.isArray(node)) return node.map(over) as T;
    const expr = node as unknown as Expr & Record<string, unknown>;
    if ((expr.kind === 'column' || expr.kind === 'systemColumn') && expr.input === 0) {
      const { typeOid, typeModifier } = expr;
      return { kind: 'column', input: 0, index: place(expr), typeOid, typeModifier } as T;
    }
    if (expr.kind === 'const') return node;
    const copy: Record<string, unknown> = {};
    for (const key in expr) copy[key] = KEPT.has(key) ? expr[key] : over(expr[key]);
    return copy as T;
  };
  const filter = over(plan.filter);
  const targets = over(plan.targets);
  const output = columns.map(
    (expr): OutputColumn => ({
      name: '',
      typeOid: expr.typeOid,
      typeModifier: expr.typeModifier,
      tableOid: 0,
      columnNumber: 0,
    }),
  );
  const input = { ...plan, filter: null, targets: columns, output } as ScanPlan;
  const { rows, width, startupCost, totalCost } = plan;
  return { kind: 'project', input, filter, targets, output: plan.output, rows, width, startupCost, totalCost };
}

/** Parts of expressions that are no expressions over the scan's columns; a subquery's plan has columns of its own. */
const KEPT = new Set(['function', 'equality', 'operator', 'plan', 'made']);

function sameColumn(a: Expr, b: Expr): boolean {
  if (a.kind === 'column') return b.kind === 'column' && a.index === b.index && a.typeOid === b.typeOid;
  return a.kind === 'systemColumn' && b.kind === 'systemColumn' && a.name === b.name;
}
