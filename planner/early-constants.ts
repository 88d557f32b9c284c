/**
 * Constants are computed before a statement runs, as PostgreSQL's planner computes them: a constant that fails (1/0, an immutable
 * function of a bad argument) fails the statement, whichever rows there are and whether the value would have been wanted.
 *
 * The plan itself keeps such calls and computes them when they are reached, since its literals are another statement's tomorrow
 * (lifted), and a failing call must stand where AND, OR, CASE and COALESCE decide by a constant not to look at it. So the expressions
 * that may fail early are put aside when a statement is planned, and looked at with its literals each time that it starts. Nearly no
 * statement has any: a call over a column is none, nor is a literal by itself, nor a cast that cannot fail.
 *
 * After: PostgreSQL, eval_const_expressions (src/backend/optimizer/util/clauses.c): arguments from left to right, a decided AND, OR,
 * CASE or COALESCE passes over the rest, a strict call of a constant NULL is NULL once its arguments have been computed. Parameters
 * are no constants here (for PostgreSQL they are in the plans that it makes for one execution).
 */
import type { FunctionContext, ScalarFunction } from '../catalog/function-entry.ts';
import { SqlError } from '../types/errors.ts';
import { coerceTypmod, comparator, inputText, OID, outputText, SqlArray } from '../types/index.ts';
import { bodyCalls } from './builtin-bodies.ts';
import { argumentsOf, childrenOf, DeepWalk } from './deep.ts';
import type { CallExpr, CaseExpr, ConstExpr, Expr } from './expr.ts';
import {
  caseBranch,
  conjuncts,
  logical,
  type ModifyQuery,
  makeAnd,
  type Query,
  type Relation,
  type SublinkExpr,
} from './logical.ts';
import { flattenSubqueries, nullableRels } from './rewrite/flatten-subqueries.ts';
import { forgetUnreadColumns, isPlain } from './rewrite/unread-columns.ts';
import { hasSetReturning, isVolatile, mapChildren, mapQuery, replaceExpr } from './traverse.ts';

/** The expressions of a query and of the queries inside it, in the order in which PostgreSQL's planner meets them. */
export interface EarlyConstants {
  readonly exprs: readonly Expr[];
}

/** A constant's value in the execution at hand. */
export type LiteralValue = (constant: ConstExpr) => unknown;

/** Types whose input and output functions are immutable. */
const IMMUTABLE_IO: ReadonlySet<number> = new Set([
  16, 17, 18, 19, 20, 21, 23, 25, 26, 27, 28, 29, 114, 600, 601, 602, 603, 604, 628, 650, 700, 701, 718, 774, 829, 869,
  1042, 1043, 1560, 1562, 1700, 2950, 3220, 3614, 3615, 3802, 4072, 5069,
]);
/** Widening casts and comparisons, by their internal names. */
const CANNOT_FAIL =
  /^(int24|int28|int48|i[24]tod|i[24]tof|int[248]_numeric|i8tod|ftod|float4_numeric|float8_numeric|(int[248]+|float[48]+|text|texti|bool|date|numeric_?|bpchar|char|name|uuid_?|oid)(eq|ne|lt|le|gt|ge))$/;

/** Not a constant. */
const UNKNOWN = Symbol('unknown');

// ---------------------------------------------------------------------------------------------------------- what is put aside

/** Null, where nothing of it can fail early. */
export function earlyConstantsOf(source: Query | ModifyQuery): EarlyConstants | null {
  const exprs: Expr[] = [];
  if ('command' in source) addOfModify(source, exprs);
  else addOfQuery(source, exprs);
  return exprs.length === 0 ? null : { exprs };
}

function add(expr: Expr | null, into: Expr[]): void {
  if (expr === null) return;
  const search = new FailureSearch();
  search.isFixed(expr);
  if (search.hasFound) into.push(expr);
}

function addOfModify(modify: ModifyQuery, into: Expr[]): void {
  const { onConflict, merge, returning } = modify;
  addOfCtes(modify, into);
  for (const { value } of modify.assignments) add(value, into);
  // What INSERT computes for its rows is computed for each of them anyway: casts to the columns' types cost no second look.
  for (const value of modify.values) if (!isCastOfConstant(value)) add(value, into);
  for (const { expr } of returning ?? []) add(expr, into);
  addOfQuery(modify.source, into, modify.command === 'insert');
  for (const { value } of onConflict?.assignments ?? []) add(value, into);
  add(onConflict?.where ?? null, into);
  add(merge?.on ?? null, into);
  for (const clause of merge?.clauses ?? []) {
    for (const { value } of clause.assignments) add(value, into);
    for (const value of clause.values) add(value, into);
    add(clause.condition, into);
  }
}

function addOfCtes({ ctes }: Query | ModifyQuery, into: Expr[]): void {
  for (const { query, recursive, modify } of ctes) {
    if (query !== null) addOfQuery(query, into);
    if (recursive !== null) {
      addOfQuery(recursive.start, into);
      addOfQuery(recursive.step, into);
    }
    if (modify !== null) addOfModify(modify, into);
  }
}

function addOfQuery(bound: Query, into: Expr[], isOfInsert = false): void {
  // What is merged lets constants meet: f(x) of a subquery's x, where that is one.
  const query = hasSubquery(bound)
    ? withSingleRows(forgetUnreadColumns(flattenSubqueries(forgetUnreadColumns(bound))))
    : bound;
  const { distinctOn, windows, setOperation } = query;
  addOfCtes(query, into);
  for (const { expr } of query.targets) if (!isOfInsert || !isCastOfConstant(expr)) add(expr, into);
  for (const expr of query.groupBy) add(expr, into);
  for (const { expr } of query.orderBy) add(expr, into);
  if (distinctOn !== null) for (const expr of distinctOn) add(expr, into);
  for (const { partitionBy, orderBy } of windows) {
    for (const expr of partitionBy) add(expr, into);
    for (const { expr } of orderBy) add(expr, into);
  }
  for (const item of query.from) addConditions(item, into);
  add(query.where, into);
  add(query.having, into);
  for (const { frame } of windows) {
    addOffset(frame.start, into);
    addOffset(frame.end, into);
  }
  add(query.offset, into);
  add(query.limit, into);
  const condition = conditionOfRelation(query);
  for (const relation of query.relations.values()) {
    if (condition === null || relation.kind !== 'subquery') addOfRelation(relation, into, isOfInsert);
    else {
      const inside: Expr[] = [];
      addOfRelation(relation, inside, isOfInsert);
      for (const expr of inside) into.push(where(condition, expr));
    }
  }
  if (setOperation === null) return;
  addOfQuery(setOperation.left, into);
  addOfQuery(setOperation.right, into);
}

/**
 * What WHERE says that is fixed, of a query over one relation: where it is false or null, PostgreSQL leaves the relation out
 * (relation_excluded_by_constraints), and if it is a subquery, does not plan it: its constants are not computed.
 */
function conditionOfRelation({ from: [item, ...others], where: all }: Query): Expr | null {
  if (item === undefined || others.length > 0 || item.kind === 'join') return null;
  const conditions = conjuncts(all);
  if (item.kind === 'group') {
    // What was merged has its WHERE there.
    if (item.items.length !== 1 || item.items[0].kind !== 'rel') return null;
    conjuncts(item.where, conditions);
  }
  return makeAnd(conditions.filter((part) => new FailureSearch().isFixed(part)));
}

function where(condition: Expr, expr: Expr): Expr {
  const { typeOid, typeModifier } = expr;
  return {
    kind: 'case',
    subject: null,
    branches: [caseBranch(condition, expr)],
    otherwise: null,
    typeOid,
    typeModifier,
  };
}

function addOfRelation(relation: Relation, into: Expr[], isOfInsert: boolean): void {
  if (relation.kind === 'subquery') addOfQuery(relation.query, into);
  else if (relation.kind === 'function') {
    for (const { args } of relation.functions) for (const arg of args) add(arg, into);
  } else if (relation.kind === 'values') {
    for (const row of relation.rows) {
      for (const value of row) if (!isOfInsert || !isCastOfConstant(value)) add(value, into);
    }
  }
}

function hasSubquery(query: Query): boolean {
  for (const { kind } of query.relations.values()) if (kind === 'subquery' || kind === 'values') return true;
  return false;
}

/** The columns of relations that are one row, VALUES of one or a SELECT without FROM, read as what they are. */
function withSingleRows(query: Query): Query {
  if (query.groupingSets !== null) return query;
  const rows = new Map<number, readonly Expr[]>();
  for (const relation of query.relations.values()) {
    const row = singleRow(relation);
    if (row !== null && !row.some((expr) => isVolatile(expr) || hasSetReturning(expr))) rows.set(relation.rel, row);
  }
  if (rows.size === 0) return query;
  // What an outer join may make null is no constant.
  for (const rel of nullableRels(query.from)) rows.delete(rel);
  return mapQuery(query, (expr) =>
    replaceExpr(expr, (child) => {
      const node = logical(child);
      const value = node.kind === 'var' ? rows.get(node.rel)?.[node.column] : undefined;
      return value === undefined || value.typeOid !== child.typeOid ? null : value;
    }),
  );
}

function singleRow(relation: Relation): readonly Expr[] | null {
  if (relation.kind === 'values') return relation.rows.length === 1 ? relation.rows[0] : null;
  if (relation.kind !== 'subquery') return null;
  const { query } = relation;
  const { from, limit, offset, hasWindows, ctes } = query;
  const isRow = from.length === 0 && limit === null && offset === null && isPlain(query);
  return isRow && !hasWindows && ctes.length === 0 ? query.targets.map((target) => target.expr) : null;
}

function addConditions(item: Query['from'][number], into: Expr[]): void {
  if (item.kind === 'rel') return;
  if (item.kind === 'group') {
    for (const child of item.items) addConditions(child, into);
    add(item.where, into);
    return;
  }
  addConditions(item.left, into);
  addConditions(item.right, into);
  add(item.on, into);
}

function addOffset(bound: Query['windows'][number]['frame']['start'], into: Expr[]): void {
  if (bound.kind === 'preceding' || bound.kind === 'following') add(bound.offset, into);
}

/** A literal, or casts around one. */
function isCastOfConstant(expr: Expr): boolean {
  const node = logical(expr);
  if (node.kind === 'const') return true;
  if (node.kind === 'typmodCast' || node.kind === 'ioCast') return isCastOfConstant(node.arg);
  return node.kind === 'call' && node.args.length === 1 && node.function.strict && isCastOfConstant(node.args[0]);
}

/** One walk: whether something in an expression can fail before it runs. */
class FailureSearch {
  hasFound = false;
  readonly #walk = new DeepWalk<boolean>(childrenOf, (expr) => this.#look(expr));

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
        return false;
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

function isComputedEarly(fn: ScalarFunction): boolean {
  return fn.volatility === 'immutable' && !fn.returnsSet;
}

function isImmutableIo({ arg, typeOid }: { readonly arg: Expr; readonly typeOid: number }): boolean {
  return IMMUTABLE_IO.has(arg.typeOid) && IMMUTABLE_IO.has(typeOid);
}

// ----------------------------------------------------------------------------------------------------------------- when it starts

/** Throws what the first failing constant throws. */
export function checkEarlyConstants(
  early: EarlyConstants,
  literalValue: LiteralValue,
  functions: FunctionContext,
): void {
  const run = new EarlyRun(literalValue, functions);
  for (const expr of early.exprs) run.check(expr);
}

class EarlyRun {
  readonly #literalValue: LiteralValue;
  readonly #functions: FunctionContext;
  #quiet: FunctionContext | null = null;
  #subject: unknown = UNKNOWN;
  readonly #walk = new DeepWalk<unknown>(argumentsOf, (expr) => this.#valueOf(expr));
  /** Subqueries of the expression under way that were not passed over. */
  #inner: SublinkExpr[] = [];

  constructor(literalValue: LiteralValue, functions: FunctionContext) {
    this.#literalValue = literalValue;
    this.#functions = functions;
  }

  check(expr: Expr): void {
    this.#value(expr);
    const inner = this.#inner;
    this.#inner = [];
    for (const sublink of inner) for (const each of innerExprs(sublink)) this.check(each);
  }

  /** The value of a constant; UNKNOWN of anything else, whose parts have been looked at. */
  #value(expr: Expr): unknown {
    return this.#walk.of(expr);
  }

  #valueOf(expr: Expr): unknown {
    const node = logical(expr);
    switch (node.kind) {
      case 'const':
        return this.#literalValue(node);
      case 'caseSubject':
        return this.#subject;
      case 'call':
        return this.#call(node);
      case 'and':
      case 'or':
        return this.#logic(node.args, node.kind === 'or');
      case 'not': {
        const value = this.#value(node.arg);
        return value === UNKNOWN || value === null ? value : !value;
      }
      case 'isNull': {
        const value = this.#value(node.arg);
        return value === UNKNOWN || node.isRow ? UNKNOWN : (value === null) !== node.negated;
      }
      case 'booleanTest': {
        const value = this.#value(node.arg);
        const wanted = { true: true, false: false, unknown: null }[node.test];
        return value === UNKNOWN ? UNKNOWN : (value === wanted) !== node.negated;
      }
      case 'case':
        return this.#case(node);
      case 'coalesce':
        return this.#coalesce(node.args);
      case 'nullIf': {
        const values = [this.#value(node.left), this.#value(node.right)];
        if (values.includes(null)) return values[0];
        const isEqual = this.#apply(node.equality, [node.left, node.right], values, node.typeOid);
        return isEqual === UNKNOWN ? UNKNOWN : isEqual === true ? null : this.#value(node.result);
      }
      case 'distinct': {
        const values = [this.#value(node.left), this.#value(node.right)];
        if (values.includes(UNKNOWN)) return UNKNOWN;
        if (values.includes(null)) return (values[0] === values[1]) === node.negated;
        const isEqual = this.#apply(node.equality, [node.left, node.right], values, node.typeOid);
        return isEqual === UNKNOWN ? UNKNOWN : (isEqual === true) === node.negated;
      }
      case 'greatest':
      case 'least':
        return this.#extreme(node.args, node.typeOid, node.kind === 'greatest' ? 1 : -1);
      case 'array': {
        const values = node.elements.map((element) => this.#value(element));
        if (values.includes(UNKNOWN)) return UNKNOWN;
        if (!node.multidimensional) return new SqlArray(node.elementType, values);
        return SqlArray.nest(node.elementType, values as (SqlArray | null)[]);
      }
      case 'ioCast': {
        const value = this.#value(node.arg);
        if (value === UNKNOWN || value === null) return value;
        if (!isImmutableIo(node)) return UNKNOWN;
        const { format } = this.#functions;
        return inputText(node.typeOid, node.typeModifier, outputText(node.arg.typeOid, value, format), format);
      }
      case 'typmodCast': {
        const value = this.#value(node.arg);
        if (value === UNKNOWN || value === null) return value;
        return coerceTypmod(node.typeOid, node.typeModifier, value, node.explicit);
      }
      case 'sublink':
        if (node.test !== null) this.#value(node.test);
        this.#inner.push(node);
        return UNKNOWN;
      case 'arrayCast':
        this.#value(node.arg);
        this.#withSubject(UNKNOWN, () => this.#value(node.element));
        return UNKNOWN;
      default:
        mapChildren(expr, (child) => {
          this.#value(child);
          return child;
        });
        return UNKNOWN;
    }
  }

  #call(node: CallExpr): unknown {
    const values = node.args.map((arg) => this.#value(arg));
    const { function: fn } = node;
    if (fn.returnsSet || node.spreadsArray === true || node.typeOid === OID.RECORD) return UNKNOWN;
    if (fn.strict && values.includes(null)) return null;
    if (values.includes(UNKNOWN) || !isComputedEarly(fn)) this.#body(node, values);
    return this.#apply(fn, node.args, values, node.typeOid);
  }

  /** What the body of a function in SQL computes of constants alone. */
  #body({ function: fn, args }: CallExpr, values: readonly unknown[]): void {
    for (const inner of bodyCalls(fn)) {
      const given = inner.args.map((i) => values[i]);
      if (given.includes(null)) continue;
      try {
        this.#apply(
          inner.function,
          inner.args.map((i) => args[i]),
          given,
          inner.function.returnType,
        );
      } catch (error) {
        throw error instanceof SqlError ? error.within(`SQL function "${fn.name}" during inlining`) : error;
      }
    }
  }

  #apply(fn: ScalarFunction, args: readonly Expr[], values: readonly unknown[], typeOid: number): unknown {
    if (!isComputedEarly(fn) || values.includes(UNKNOWN)) return UNKNOWN;
    const implementation = fn.specialise
      ? fn.implementation(
          args.map((arg) => arg.typeOid),
          typeOid,
        )
      : fn.implementation;
    const context = fn.needsContext ? [this.#silent()] : [];
    return (implementation as (...list: unknown[]) => unknown)(...context, ...values);
  }

  #silent(): FunctionContext {
    this.#quiet ??= withoutNotices(this.#functions);
    return this.#quiet;
  }

  #logic(args: readonly Expr[], decisive: boolean): unknown {
    let result: unknown = !decisive;
    for (const arg of args) {
      const value = this.#value(arg);
      if (value === decisive) return decisive;
      if (value === UNKNOWN || (value === null && result !== UNKNOWN)) result = value;
    }
    return result;
  }

  #coalesce(args: readonly Expr[]): unknown {
    let isKnown = true;
    for (const arg of args) {
      const value = this.#value(arg);
      if (value === UNKNOWN) isKnown = false;
      else if (value !== null) return isKnown ? value : UNKNOWN;
    }
    return isKnown ? null : UNKNOWN;
  }

  #case(node: CaseExpr): unknown {
    const subject = node.subject === null ? this.#subject : this.#value(node.subject);
    return this.#withSubject(subject, () => {
      let isKnown = true;
      for (const { when, then } of node.branches) {
        const value = this.#value(when);
        if (value === false || value === null) continue;
        const result = this.#value(then);
        if (value === true) return isKnown ? result : UNKNOWN;
        isKnown = false;
      }
      const otherwise = node.otherwise === null ? null : this.#value(node.otherwise);
      return isKnown ? otherwise : UNKNOWN;
    });
  }

  #withSubject<T>(subject: unknown, run: () => T): T {
    const outer = this.#subject;
    this.#subject = subject;
    const result = run();
    this.#subject = outer;
    return result;
  }

  #extreme(args: readonly Expr[], typeOid: number, sign: number): unknown {
    const values = args.map((arg) => this.#value(arg));
    if (values.includes(UNKNOWN)) return UNKNOWN;
    const compare = comparator(typeOid);
    let best: unknown = null;
    for (const value of values) {
      if (value !== null && (best === null || compare(value, best) * sign > 0)) best = value;
    }
    return best;
  }
}

/** Notices are given where the statement computes the value. */
function withoutNotices(functions: FunctionContext): FunctionContext {
  return new Proxy(functions, {
    get(target, name) {
      if (name === 'notice') return () => {};
      const member: unknown = Reflect.get(target, name, target);
      return typeof member === 'function' ? member.bind(target) : member;
    },
  });
}

const innerExprsOf = new WeakMap<SublinkExpr, readonly Expr[]>();

function innerExprs(sublink: SublinkExpr): readonly Expr[] {
  const known = innerExprsOf.get(sublink);
  if (known !== undefined) return known;
  const exprs: Expr[] = [];
  addOfQuery(sublink.mode === 'exists' ? withoutTargets(sublink.query) : sublink.query, exprs);
  innerExprsOf.set(sublink, exprs);
  return exprs;
}

/** What EXISTS asks of a query is whether it has rows. */
function withoutTargets(query: Query): Query {
  return isPlain(query)
    ? { ...query, targets: [], distinct: false, distinctOn: null, orderBy: [], groupBy: [] }
    : query;
}
