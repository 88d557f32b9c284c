/** What of an expression may fail before it runs: constants, and calls of immutable functions that are given nothing else. */
import type { ScalarFunction } from '../catalog/function-entry.ts';
import { OID } from '../types/index.ts';
import { bodyCalls } from './builtin-bodies.ts';
import { childrenOf, DeepWalk } from './deep.ts';
import type { Expr } from './expr.ts';
import { type CteDefinition, logical, type ModifyQuery, type Query } from './logical.ts';
import { mapChildren, mapModify, mapQuery } from './traverse.ts';

/** Types whose input and output functions are immutable. */
const IMMUTABLE_IO: ReadonlySet<number> = new Set([
  16, 17, 18, 19, 20, 21, 23, 25, 26, 27, 28, 29, 114, 600, 601, 602, 603, 604, 628, 650, 700, 701, 718, 774, 829, 869,
  1042, 1043, 1560, 1562, 1700, 2950, 3220, 3614, 3615, 3802, 4072, 5069,
]);
/** Widening casts and comparisons, by their internal names. */
const CANNOT_FAIL =
  /^(int24|int28|int48|i[24]tod|i[24]tof|int[248]_numeric|i8tod|ftod|float4_numeric|float8_numeric|(int[248]+|float[48]+|text|texti|bool|date|numeric_?|bpchar|char|name|uuid_?|oid)(eq|ne|lt|le|gt|ge))$/;

/** Whether something in it can fail before it runs. */
export function mayFailEarly(expr: Expr): boolean {
  const search = new FailureSearch();
  search.isFixed(expr);
  return search.hasFound;
}

/** Whether all of it is known before it runs, as far as that can be told here. */
export function isFixedEarly(expr: Expr): boolean {
  return new FailureSearch().isFixed(expr);
}

/** Whether something in a statement can, whatever the columns of subqueries and of VALUES are: most have nothing, and need no closer look. */
export function mayFailAnywhere(source: Query | ModifyQuery): boolean {
  const search = new FailureSearch(new Set());
  const look = (expr: Expr): Expr => {
    if (!search.hasFound) search.isFixed(expr);
    return expr;
  };
  if ('command' in source) {
    for (const cte of source.ctes) search.openCte(cte);
    search.open(source.source);
    mapModify(source, look);
  } else {
    search.open(source);
    mapQuery(source, look);
  }
  return search.hasFound;
}

/** One walk: whether something in an expression can fail before it runs. */
class FailureSearch {
  hasFound = false;
  /** Relations whose columns count as known. */
  readonly #open: Set<number> | null;
  readonly #walk = new DeepWalk<boolean>(childrenOf, (expr) => this.#look(expr));

  constructor(open: Set<number> | null = null) {
    this.#open = open;
  }

  /** Takes the columns of its subqueries and VALUES for known. */
  open({ relations, setOperation, ctes }: Query): void {
    if (this.#open === null) return;
    for (const relation of relations.values()) {
      if (relation.kind === 'subquery' || relation.kind === 'values') this.#open.add(relation.rel);
      if (relation.kind === 'subquery') this.open(relation.query);
    }
    if (setOperation !== null) {
      this.open(setOperation.left);
      this.open(setOperation.right);
    }
    for (const cte of ctes) this.openCte(cte);
  }

  openCte({ query, recursive, modify }: CteDefinition): void {
    for (const each of [query, recursive?.start, recursive?.step, modify?.source]) {
      if (each !== null && each !== undefined) this.open(each);
    }
    for (const cte of modify?.ctes ?? []) this.openCte(cte);
  }

  /** Whether every part of it is known before the statement runs, as far as this module can tell; all that is below it is looked at. */
  isFixed(expr: Expr): boolean {
    return this.#walk.of(expr);
  }

  #look(expr: Expr): boolean {
    const node = logical(expr);
    switch (node.kind) {
      case 'const':
        return true;
      case 'var':
        return this.#open?.has(node.rel) === true;
      case 'call': {
        const { args, function: fn } = node;
        const isFixed = this.#areFixed(args) && isComputedEarly(fn);
        if (isFixed && !CANNOT_FAIL.test(fn.internalName)) this.hasFound = true;
        else if (bodyCalls(fn).some((inner) => inner.args.every((i) => this.isFixed(args[i])))) this.hasFound = true;
        return isFixed;
      }
      case 'ioCast': {
        const isFixed = this.isFixed(node.arg) && isImmutableIo(node);
        if (isFixed && node.typeOid !== OID.TEXT) this.hasFound = true;
        return isFixed;
      }
      case 'typmodCast': {
        const isFixed = this.isFixed(node.arg);
        if (isFixed) this.hasFound = true;
        return isFixed;
      }
      case 'not':
      case 'isNull':
      case 'booleanTest':
        return this.isFixed(node.arg);
      case 'and':
      case 'or':
      case 'coalesce':
        return this.#isOneFixed(node.args);
      case 'greatest':
      case 'least':
        return this.#areFixed(node.args);
      case 'array':
        return this.#areFixed(node.elements);
      default:
        if (node.kind === 'sublink') this.open(node.query);
        mapChildren(expr, (child) => {
          this.isFixed(child);
          return child;
        });
        return (
          node.kind === 'case' || node.kind === 'nullIf' || node.kind === 'distinct' || node.kind === 'caseSubject'
        );
    }
  }

  #areFixed(exprs: readonly Expr[]): boolean {
    let result = true;
    for (const expr of exprs) if (!this.isFixed(expr)) result = false;
    return result;
  }

  #isOneFixed(exprs: readonly Expr[]): boolean {
    let result = false;
    for (const expr of exprs) if (this.isFixed(expr)) result = true;
    return result;
  }
}

export function isComputedEarly(fn: ScalarFunction): boolean {
  return fn.volatility === 'immutable' && !fn.returnsSet;
}

export function isImmutableIo({ arg, typeOid }: { readonly arg: Expr; readonly typeOid: number }): boolean {
  return IMMUTABLE_IO.has(arg.typeOid) && IMMUTABLE_IO.has(typeOid);
}
