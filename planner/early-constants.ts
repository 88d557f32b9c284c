/**
 * Constants are computed before a statement runs, as PostgreSQL's planner computes them: a constant that fails (1/0, an immutable
 * function of a bad argument) fails the statement, whichever rows there are and whether the value would have been wanted.
 *
 * The plan itself keeps such calls and computes them when they are reached, since its literals are another statement's tomorrow
 * (lifted), and a failing call must stand where AND, OR, CASE and COALESCE decide by a constant not to look at it. So the expressions
 * that may fail early (early-failures.ts) are put aside when a statement is planned (early-order.ts), and looked at with its literals each time that it starts. Nearly no
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
import { argumentsOf, DeepWalk } from './deep.ts';
import { isComputedEarly, isImmutableIo } from './early-failures.ts';
import { type EarlyConstants, type EarlyList, listsOfSublink } from './early-order.ts';
import type { CallExpr, CaseExpr, ConstExpr, Expr } from './expr.ts';
import { logical, type SublinkExpr } from './logical.ts';
import { mapChildren } from './traverse.ts';

export { type EarlyConstants, earlyConstantsOf } from './early-order.ts';

/** A constant's value in the execution at hand. */
export type LiteralValue = (constant: ConstExpr) => unknown;

/** Not a constant. */
const UNKNOWN = Symbol('unknown');

/** Throws what the first failing constant throws. */
export function checkEarlyConstants(
  early: EarlyConstants,
  literalValue: LiteralValue,
  functions: FunctionContext,
): void {
  const run = new EarlyRun(literalValue, functions);
  for (const list of early.lists) run.check(list);
}

class EarlyRun {
  readonly #literalValue: LiteralValue;
  readonly #functions: FunctionContext;
  #quiet: FunctionContext | null = null;
  #subject: unknown = UNKNOWN;
  readonly #walk = new DeepWalk<unknown>(argumentsOf, (expr) => this.#valueOf(expr));
  /** Subqueries of the list under way that were not passed over. */
  #inner: SublinkExpr[] = [];

  constructor(literalValue: LiteralValue, functions: FunctionContext) {
    this.#literalValue = literalValue;
    this.#functions = functions;
  }

  /** A list as a whole, then the subqueries in it. */
  check(list: EarlyList): void {
    for (const expr of list) this.#value(expr);
    const inner = this.#inner;
    this.#inner = [];
    for (const sublink of inner) for (const each of listsOfSublink(sublink)) this.check(each);
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
      case 'subscript': {
        const { subscripts } = node;
        for (const { upper } of subscripts) if (upper !== null) this.#value(upper);
        for (const { lower } of subscripts) if (lower !== null) this.#value(lower);
        this.#value(node.base);
        return UNKNOWN;
      }
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
    const before = this.#inner.length;
    const values = node.args.map((arg) => this.#value(arg));
    const { function: fn } = node;
    if (fn.returnsSet || node.spreadsArray === true || node.typeOid === OID.RECORD) return UNKNOWN;
    if (fn.strict && values.includes(null)) return this.#decided(null, before);
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

  /** A value that is there without the subqueries that have been met meanwhile: they are not planned. */
  #decided(value: unknown, before: number): unknown {
    this.#inner.length = before;
    return value;
  }

  #logic(args: readonly Expr[], decisive: boolean): unknown {
    let result: unknown = !decisive;
    const before = this.#inner.length;
    for (const arg of args) {
      const value = this.#value(arg);
      if (value === decisive) return this.#decided(decisive, before);
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
