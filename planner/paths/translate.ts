/**
 * From logical to physical expressions: vars become columns of a node's inputs, what is not there becomes an exec param that an
 * enclosing nested loop or subplan sets, and sublinks become subplans.
 */

import { equalExpr } from '../equal-expr.ts';
import type { Expr, SortKey, WindowFrame } from '../expr.ts';
import { logical, SYSTEM_COLUMNS } from '../logical.ts';
import type { Plan } from '../plan.ts';
import { type Mapper, mapChildren, mapFrame } from '../traverse.ts';
import type { Planner } from './planner.ts';

/** Where a node finds logical expressions: answers the physical one, or null. */
export type Resolve = (expr: Expr) => Expr | null;

/** Someone who sets exec params for the plans below: a nested loop for its inner side, a subplan for its plan. */
export interface ParamFrame {
  /** Relations whose columns it can provide; null: anything. */
  readonly rels: ReadonlySet<number> | null;
  readonly params: { readonly index: number; readonly value: Expr }[];
}

const KEY = 65536;

/** Finds the columns of one input row: `columns[i]` is what stands in output column i. */
export function inputResolver(columns: readonly Expr[], input: number): Resolve {
  const vars = new Map<number, number>();
  const others: { expr: Expr; index: number }[] = [];
  columns.forEach((expr, index) => {
    const node = logical(expr);
    if (node.kind === 'var') {
      const key = node.rel * KEY + node.column + 16;
      if (!vars.has(key)) vars.set(key, index);
    } else if (node.kind !== 'const') others.push({ expr, index });
  });
  return (expr) => {
    const node = logical(expr);
    let index: number | undefined;
    if (node.kind === 'var') index = vars.get(node.rel * KEY + node.column + 16);
    else if (others.length > 0 && node.kind !== 'const') {
      index = (others.find((item) => item.expr === expr) ?? others.find((item) => equalExpr(item.expr, expr)))?.index;
    }
    if (index === undefined) return null;
    return { kind: 'column', input, index, typeOid: expr.typeOid, typeModifier: expr.typeModifier };
  };
}

/** The table's own columns, input 0. */
export function tableResolver(rel: number, tableOid: number, input = 0): Resolve {
  return (expr) => {
    const node = logical(expr);
    if (node.kind !== 'var' || node.rel !== rel) return null;
    const { typeOid, typeModifier } = node;
    if (node.column >= 0) return { kind: 'column', input, index: node.column, typeOid, typeModifier };
    const name = SYSTEM_COLUMNS[-1 - node.column];
    return { kind: 'systemColumn', input, name, tableOid, typeOid, typeModifier };
  };
}

export function firstOf(...resolvers: readonly Resolve[]): Resolve {
  return (expr) => {
    for (const resolve of resolvers) {
      const found = resolve(expr);
      if (found !== null) return found;
    }
    return null;
  };
}

export const NOTHING: Resolve = () => null;

function translation(planner: Planner, resolve: Resolve): Mapper {
  const map: Mapper = (expr) => {
    const found = resolve(expr);
    if (found !== null) return found;
    const node = logical(expr);
    switch (node.kind) {
      case 'var':
      case 'aggregateRef':
      case 'windowRef':
      case 'groupingRef':
        return planner.outerParam(expr);
      case 'const':
      case 'param':
      case 'column':
        return expr;
      case 'sublink':
        return planner.buildSubplan(node, resolve);
      default:
        return mapChildren(expr, map);
    }
  };
  return map;
}

export function translate(planner: Planner, expr: Expr, resolve: Resolve): Expr {
  return translation(planner, resolve)(expr);
}

export function translateAll(planner: Planner, exprs: readonly Expr[], resolve: Resolve): Expr[] {
  const map = translation(planner, resolve);
  return exprs.map((expr) => map(expr));
}

export function translateNullable(planner: Planner, expr: Expr | null, resolve: Resolve): Expr | null {
  return expr === null ? null : translate(planner, expr, resolve);
}

export function translateSort(planner: Planner, keys: readonly SortKey[], resolve: Resolve): SortKey[] {
  return keys.map((key) => ({ ...key, expr: translate(planner, key.expr, resolve) }));
}

export function translateFrame(planner: Planner, frame: WindowFrame, resolve: Resolve): WindowFrame {
  return mapFrame(frame, (expr) => translate(planner, expr, resolve));
}

/** The plan below a condition that no row of its has a say in. */
export function gatePlan(planner: Planner, input: Plan, condition: Expr | null): Plan {
  if (condition === null) return input;
  const { output, rows, width, startupCost, totalCost } = input;
  const filter = translate(planner, condition, NOTHING);
  return { kind: 'gate', input, filter, output, rows, width, startupCost, totalCost };
}
