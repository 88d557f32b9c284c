/**
 * Expressions as closures: each node is a function over those of its parts. Nothing is generated, so that V8 has nothing to compile: expressions of
 * statements that come once, over a few rows, are computed before a generated function would have been parsed. They answer what generated
 * code answers in its generic form (expression.ts), kind by kind, and compute invariants once an execution as that does.
 *
 * A closure costs a row several times what generated code does: see closureOr.
 */
import type { ScalarFunction, Value } from '../../catalog/function-entry.ts';
import type { CallExpr, CaseExpr, ColumnExpr, ConstExpr, Expr, SubplanExpr } from '../../planner/expr.ts';
import { comparator, hashKey, inputText, OID, outputText, type SqlArray, SqlRecord } from '../../types/index.ts';
import type { ExecContext } from '../context.ts';
import { asksMembership } from './comparison.ts';
import { ConstantList, constantReader } from './constant-list.ts';
import { type Code, type Emitter, sharingCode } from './emitter.ts';
import { isPlainText, isTextLike, worthHoisting } from './expression.ts';
import { isInvariant } from './invariant.ts';
import { runsStatements } from './may-wait.ts';
import * as runtime from './runtime.ts';
import type { SlotAllocator } from './slots.ts';
import { applyTypmod } from './typmod.ts';

/** An expression's value for a row: of a table (`row` is its first byte, `at` its row id) or of a batch (its columns, and which row). */
export type Closure<Row> = (x: ExecContext, row: Row, at: number) => Value;
/** Whether a row passes a condition. */
export type ConditionClosure<Row> = (x: ExecContext, row: Row, at: number) => boolean;

/** Rows after which generated code would have been faster, the time to make it included; not a round number of rows, behind which most tables end. */
export const CLOSURE_RUNS_MAX = 1500;
/** Deeper expressions are generated: the frames of closures are many and large. */
const DEPTH_MAX = 50;

/**
 * The closure, for as many rows as it is good for, and then what `generate` makes, which is shared as code is that the closure stands for.
 * Without a closure that alone.
 */
export function closureOr<Row, Answer>(
  closure: ((x: ExecContext, row: Row, at: number) => Answer) | null,
  generate: () => (x: ExecContext, row: Row, at: number) => Answer,
): (x: ExecContext, row: Row, at: number) => Answer {
  if (closure === null) return generate();
  let left = CLOSURE_RUNS_MAX;
  let current = closure;
  return (x, row, at) => {
    if (--left === 0) current = sharingCode(generate);
    return current(x, row, at);
  };
}

/** Worth a closure in generated code: more than a value that is there. */
export function isComputed(expr: Expr): boolean {
  return expr.kind !== 'column' && expr.kind !== 'const' && expr.kind !== 'param' && expr.kind !== 'execParam';
}

/** Calls of closures, for ExpressionCompiler; `row`: the code of their arguments behind the context. */
export function computedCode<Row>(
  emitter: Emitter,
  closures: ReadonlyMap<Expr, Closure<Row>> | undefined,
  row: Code,
): ReadonlyMap<Expr, Code> | undefined {
  if (closures === undefined) return undefined;
  const code = new Map<Expr, Code>();
  for (const [expr, closure] of closures) code.set(expr, `${emitter.bind(closure, 'value')}(x, ${row})`);
  return code;
}

/** There is no closure for the expression or one of its parts. Thrown, as nearly all have one. */
const NONE = Symbol('no closure');

/** Makes the closures of one plan node's expressions. */
export class ClosureMaker<Row> {
  readonly #slots: SlotAllocator;
  readonly #column: (expr: ColumnExpr) => Closure<Row>;
  #depth = 0;
  #isHoisting = false;
  /** Of the CASE around; its value while that runs. */
  #subject: { value: Value } | null = null;

  constructor(slots: SlotAllocator, column: (expr: ColumnExpr) => Closure<Row>) {
    this.#slots = slots;
    this.#column = column;
  }

  /** null: only generated code computes it. */
  value(expr: Expr): Closure<Row> | null {
    return this.#attempt(() => this.#of(expr));
  }

  condition(expr: Expr): ConditionClosure<Row> | null {
    return this.#attempt(() => this.#test(expr));
  }

  #attempt<T>(make: () => T): T | null {
    try {
      return make();
    } catch (error) {
      if (error !== NONE) throw error;
      this.#depth = 0;
      this.#isHoisting = false;
      this.#subject = null;
      return null;
    }
  }

  /** As ExpressionCompiler.compileFilter: what is null does not pass, and of AND nothing behind it is computed. */
  #test(expr: Expr): ConditionClosure<Row> {
    if (expr.kind === 'and' || expr.kind === 'or') {
      if (++this.#depth > DEPTH_MAX) throw NONE;
      const tests = expr.args.map((arg) => this.#test(arg));
      this.#depth--;
      if (expr.kind === 'and')
        return (x, row, at) => {
          for (let i = 0; i < tests.length; i++) if (!tests[i](x, row, at)) return false;
          return true;
        };
      return (x, row, at) => {
        for (let i = 0; i < tests.length; i++) if (tests[i](x, row, at)) return true;
        return false;
      };
    }
    const value = this.#of(expr);
    return (x, row, at) => value(x, row, at) === true;
  }

  #of(expr: Expr): Closure<Row> {
    if (++this.#depth > DEPTH_MAX) throw NONE;
    const closure =
      !this.#isHoisting && worthHoisting(expr) && isInvariant(expr) ? this.#once(expr) : this.#closure(expr);
    this.#depth--;
    return closure;
  }

  #list(exprs: readonly Expr[]): Closure<Row>[] {
    return exprs.map((expr) => this.#of(expr));
  }

  /** An invariant expression, computed once an execution. */
  #once(expr: Expr): Closure<Row> {
    this.#isHoisting = true;
    const value = this.#closure(expr);
    this.#isHoisting = false;
    return this.#kept(value) as Closure<Row>;
  }

  #kept<T>(make: (x: ExecContext, row: Row, at: number) => T): (x: ExecContext, row: Row, at: number) => T {
    const slot = this.#slots.onceCount++;
    const { kept } = this.#slots;
    return (x, row, at) => {
      const values = kept ?? x.once;
      const known = values[slot];
      if (known !== undefined) return known as T;
      const made = make(x, row, at);
      values[slot] = made as Value;
      return made;
    };
  }

  /** Long, as it is the list of all kinds. */
  #closure(expr: Expr): Closure<Row> {
    switch (expr.kind) {
      case 'const':
        return this.#constant(expr);
      case 'param': {
        const { index } = expr;
        return (x) => x.params[index];
      }
      case 'execParam': {
        const { index } = expr;
        return (x) => x.execParams[index];
      }
      case 'column':
        return this.#column(expr);
      case 'call':
        return this.#call(expr);
      case 'and':
        return logic(this.#list(expr.args), false);
      case 'or':
        return logic(this.#list(expr.args), true);
      case 'not': {
        const arg = this.#of(expr.arg);
        return (x, row, at) => {
          const value = arg(x, row, at);
          return value === null ? null : !value;
        };
      }
      case 'isNull':
        return isNullClosure(this.#of(expr.arg), expr.negated, expr.isRow);
      case 'booleanTest': {
        const arg = this.#of(expr.arg);
        const { negated } = expr;
        const wanted = expr.test === 'unknown' ? null : expr.test === 'true';
        return (x, row, at) => (arg(x, row, at) === wanted) !== negated;
      }
      case 'case':
        return this.#case(expr);
      case 'caseSubject': {
        const subject = this.#subject as { value: Value };
        return () => subject.value;
      }
      case 'coalesce': {
        const args = this.#list(expr.args);
        return (x, row, at) => {
          for (let i = 0; i < args.length; i++) {
            const value = args[i](x, row, at);
            if (value !== null) return value;
          }
          return null;
        };
      }
      case 'nullIf': {
        const left = this.#of(expr.left);
        const right = this.#of(expr.right);
        const equals = comparison(expr.equality, [expr.left.typeOid, expr.right.typeOid]);
        const result = this.#of(expr.result);
        return (x, row, at) => {
          const l = left(x, row, at);
          const r = right(x, row, at);
          const value = result(x, row, at);
          return l !== null && r !== null && equals(x, l, r) === true ? null : value;
        };
      }
      case 'greatest':
      case 'least':
        return extreme(this.#list(expr.args), comparator(expr.typeOid), expr.kind === 'greatest' ? 1 : -1);
      case 'distinct': {
        const left = this.#of(expr.left);
        const right = this.#of(expr.right);
        const { negated } = expr;
        const equals = comparison(expr.equality, [expr.left.typeOid, expr.right.typeOid]);
        return (x, row, at) => {
          const l = left(x, row, at);
          const r = right(x, row, at);
          return (l === null || r === null ? l === r : equals(x, l, r) === true) === negated;
        };
      }
      case 'array': {
        const elements = this.#values(expr.elements);
        const { elementType, multidimensional } = expr;
        return (x, row, at) => runtime.makeArray(elementType, elements(x, row, at), multidimensional);
      }
      case 'row':
        return record(this.#list(expr.fields), expr, expr.presence === undefined ? null : this.#of(expr.presence));
      case 'field': {
        const base = this.#of(expr.base);
        const { index } = expr;
        return (x, row, at) => {
          const value = base(x, row, at);
          return value === null ? null : (value.values[index] ?? null);
        };
      }
      case 'rowCompare':
        return rowComparison(
          this.#list(expr.left),
          this.#list(expr.right),
          expr.left.map((e) => comparator(e.typeOid)),
          expr.operator,
        );
      case 'arrayCompare':
        return this.#arrayComparison(expr);
      case 'inList':
        return this.#inList(expr);
      case 'ioCast':
        return ioCast(this.#of(expr.arg), expr.arg.typeOid, expr.typeOid, expr.typeModifier);
      case 'typmodCast': {
        const arg = this.#of(expr.arg);
        const apply = applyTypmod(expr.typeOid, expr.typeModifier, expr.explicit);
        return (x, row, at) => {
          const value = arg(x, row, at);
          return value === null ? null : apply(value);
        };
      }
      case 'subplan':
        return this.#subplan(expr);
      default:
        throw NONE;
    }
  }

  #constant(expr: ConstExpr): Closure<Row> {
    if (expr.literalIndex >= 0) return constantReader(this.#slots, expr);
    const { value } = expr;
    return () => value;
  }

  /** The values of a list, a new array for each evaluation. */
  #values(exprs: readonly Expr[]): (x: ExecContext, row: Row, at: number) => Value[] {
    const others = this.#list(exprs.filter((expr) => expr.kind !== 'const'));
    if (others.length === exprs.length) return (x, row, at) => others.map((other) => other(x, row, at));
    const list = new ConstantList(exprs, this.#slots);
    return (x, row, at) =>
      list.values(
        x,
        others.map((other) => other(x, row, at)),
      );
  }

  #call(expr: CallExpr): Closure<Row> {
    const types = expr.args.map((arg) => arg.typeOid);
    const args = this.#list(expr.args);
    if (expr.spreadsArray === true) {
      const call = runtime.variadicCaller(expr.function, types, expr.typeOid);
      return (x, row, at) =>
        call(
          x,
          args.map((arg) => arg(x, row, at)),
        );
    }
    const { function: fn } = expr;
    // Whoever runs statements finds what it answered before by its place in generated code.
    if (runsStatements(fn)) throw NONE;
    const run = runtime.plainCaller(fn, types, expr.typeOid);
    if (fn.strict) return fn.needsContext ? strictCallInContext(run, args) : strictCall(run, args);
    if (fn.needsContext) return (x, row, at) => run(x.functions, ...args.map((arg) => arg(x, row, at)));
    return (x, row, at) => run(...args.map((arg) => arg(x, row, at)));
  }

  #case(expr: CaseExpr): Closure<Row> {
    const around = this.#subject;
    const subject = expr.subject === null ? null : this.#of(expr.subject);
    // Held here while the branches run: what they call may run this CASE again, which gives it back.
    const held = { value: null as Value };
    if (subject !== null) this.#subject = held;
    const whens = expr.branches.map(({ when }) => this.#test(when));
    const thens = expr.branches.map(({ then }) => this.#of(then));
    const otherwise = expr.otherwise === null ? null : this.#of(expr.otherwise);
    this.#subject = around;
    const choose: Closure<Row> = (x, row, at) => {
      for (let i = 0; i < whens.length; i++) if (whens[i](x, row, at)) return thens[i](x, row, at);
      return otherwise === null ? null : otherwise(x, row, at);
    };
    if (subject === null) return choose;
    return (x, row, at) => {
      const value = subject(x, row, at);
      const before = held.value;
      held.value = value;
      try {
        return choose(x, row, at);
      } finally {
        held.value = before;
      }
    };
  }

  #arrayComparison(expr: Extract<Expr, { kind: 'arrayCompare' }>): Closure<Row> {
    const { operator, all } = expr;
    const left = this.#of(expr.left);
    const array = this.#of(expr.array);
    if (isInvariant(expr.array) && asksMembership(operator, all)) {
      const { typeOid } = expr.left;
      const keyOf = hashKey(typeOid);
      const set = this.#kept((x, row, at) => runtime.makeArraySet(typeOid, array(x, row, at)));
      return (x, row, at) => {
        const value = left(x, row, at);
        const elements = set(x, row, at);
        if (elements === null) return null;
        if (elements.isEmpty) return all;
        if (value === null) return null;
        return elements.keys.has(keyOf(value)) ? !all : elements.hasNull ? null : all;
      };
    }
    const compare = comparison(operator, operator.argumentTypes);
    return (x, row, at) => {
      const value = left(x, row, at);
      return runtime.arrayCompare(value, array(x, row, at) as SqlArray, (a, b) => compare(x, a, b), all);
    };
  }

  #inList(expr: Extract<Expr, { kind: 'inList' }>): Closure<Row> {
    const arg = this.#of(expr.arg);
    const { negated } = expr;
    const { typeOid } = expr.arg;
    if (expr.list.every((element) => isInvariant(element))) {
      const elements = this.#values(expr.list);
      const keyOf = hashKey(typeOid);
      const set = this.#kept((x, row, at) => runtime.makeInSet(typeOid, elements(x, row, at)));
      return (x, row, at) => {
        const value = arg(x, row, at);
        const { keys, hasNull } = set(x, row, at);
        return value === null ? null : keys.has(keyOf(value)) ? !negated : hasNull ? null : negated;
      };
    }
    const list = this.#list(expr.list);
    const equals = comparison(expr.equality, [typeOid, typeOid]);
    return (x, row, at) => {
      const value = arg(x, row, at);
      if (value === null) return null;
      let result: boolean | null = negated;
      for (let i = 0; i < list.length; i++) {
        const element = list[i](x, row, at);
        if (element === null) result = null;
        else if (equals(x, value, element) === true) return !negated;
      }
      return result;
    };
  }

  #subplan(expr: SubplanExpr): Closure<Row> {
    const { mode, hashKeys } = expr;
    const params = expr.params.map(({ index, value }) => ({ index, value: this.#of(value) }));
    const slot = this.#slots.subplanSlot(expr);
    const setParams = (x: ExecContext, row: Row, at: number): void => {
      for (let i = 0; i < params.length; i++) x.execParams[params[i].index] = params[i].value(x, row, at);
    };
    if (mode === 'exists' || mode === 'scalar' || mode === 'array')
      return (x, row, at) => {
        setParams(x, row, at);
        return x.subplan(slot)[mode](x);
      };
    if (hashKeys === null) throw NONE;
    const keys = this.#list(hashKeys);
    return (x, row, at) => {
      setParams(x, row, at);
      const subplan = x.subplan(slot);
      return subplan.fillHashed(x) && subplan.hashed(keys.map((key) => key(x, row, at)));
    };
  }
}

/** `decisive`: the value of an argument that decides, true for OR. */
function logic<Row>(args: readonly Closure<Row>[], decisive: boolean): Closure<Row> {
  return (x, row, at) => {
    let isNull = false;
    for (let i = 0; i < args.length; i++) {
      const value = args[i](x, row, at);
      if (value === decisive) return decisive;
      if (value === null) isNull = true;
    }
    return isNull ? null : !decisive;
  };
}

function isNullClosure<Row>(arg: Closure<Row>, negated: boolean, isRow: boolean): Closure<Row> {
  if (!isRow) return (x, row, at) => (arg(x, row, at) === null) !== negated;
  return (x, row, at) => {
    const value = arg(x, row, at) as SqlRecord | null;
    if (value === null) return !negated;
    return value.values.every((field) => (field === null) !== negated);
  };
}

/** A comparison of two values that are not null. */
function comparison(fn: ScalarFunction, types: readonly number[]): (x: ExecContext, a: Value, b: Value) => Value {
  // User-made ones run statements (ClosureMaker.#call).
  if (runsStatements(fn)) throw NONE;
  const run = runtime.plainCaller(fn, types, OID.BOOL);
  return fn.needsContext ? (x, a, b) => run(x.functions, a, b) : (_x, a, b) => run(a, b);
}

/** All arguments are computed before one that is null makes the call unneeded, as in PostgreSQL. */
function strictCall<Row>(run: ScalarFunction['implementation'], args: readonly Closure<Row>[]): Closure<Row> {
  const [first, second] = args;
  if (args.length === 1)
    return (x, row, at) => {
      const a = first(x, row, at);
      return a === null ? null : run(a);
    };
  if (args.length === 2)
    return (x, row, at) => {
      const a = first(x, row, at);
      const b = second(x, row, at);
      return a === null || b === null ? null : run(a, b);
    };
  return (x, row, at) => {
    const values = args.map((arg) => arg(x, row, at));
    return values.includes(null) ? null : run(...values);
  };
}

function strictCallInContext<Row>(run: ScalarFunction['implementation'], args: readonly Closure<Row>[]): Closure<Row> {
  return (x, row, at) => {
    const values = args.map((arg) => arg(x, row, at));
    return values.includes(null) ? null : run(x.functions, ...values);
  };
}

function extreme<Row>(
  args: readonly Closure<Row>[],
  compare: (a: Value, b: Value) => number,
  sign: number,
): Closure<Row> {
  return (x, row, at) => {
    let result: Value = null;
    for (let i = 0; i < args.length; i++) {
      const value = args[i](x, row, at);
      if (value !== null && (result === null || compare(value, result) * sign > 0)) result = value;
    }
    return result;
  };
}

function record<Row>(
  fields: readonly Closure<Row>[],
  expr: Extract<Expr, { kind: 'row' }>,
  presence: Closure<Row> | null,
): Closure<Row> {
  const types = expr.fields.map((field) => field.typeOid);
  const { names } = expr;
  return (x, row, at) => {
    if (presence !== null && presence(x, row, at) === null) return null;
    const values = fields.map((field) => field(x, row, at));
    return new SqlRecord(types, values, names);
  };
}

function rowComparison<Row>(
  left: readonly Closure<Row>[],
  right: readonly Closure<Row>[],
  comparators: readonly ((a: Value, b: Value) => number)[],
  operator: '<' | '<=' | '>' | '>=',
): Closure<Row> {
  const isLess = operator[0] === '<';
  const whenEqual = operator.length === 2;
  return (x, row, at) => {
    for (let i = 0; i < left.length; i++) {
      const l = left[i](x, row, at);
      const r = right[i](x, row, at);
      if (l === null || r === null) return null;
      const order = comparators[i](l, r);
      if (order !== 0) return isLess ? order < 0 : order > 0;
    }
    return whenEqual;
  };
}

function ioCast<Row>(arg: Closure<Row>, from: number, typeOid: number, typeModifier: number): Closure<Row> {
  const isText = isTextLike(from);
  const staysText = isPlainText(typeOid) && typeModifier < 0;
  return (x, row, at) => {
    const value = arg(x, row, at);
    if (value === null) return null;
    const { format } = x.functions;
    const text = isText ? (value as string) : outputText(from, value, format);
    return staysText ? text : inputText(typeOid, typeModifier, text, format);
  };
}
