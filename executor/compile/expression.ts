/**
 * Expression compiler: typed expressions (planner/expr.ts) to JavaScript statements.
 *
 * `compile` emits statements that compute the value into locals and answers an Operand. Columns come from sources, which have
 * loaded them before (column-source.ts). What does not depend on the row (constants, parameters, and calls over them) is
 * hoisted: computed once an execution and read from the context.
 *
 * Fast mode: arithmetic on scaled decimals and int8 runs on doubles, and wherever a result may be inexact the code leaves the
 * block `bail`; the caller then evaluates the row again in generic mode, on exact values. Fast mode has no side effects before
 * the end of its block.
 */
import type { ScalarFunction, Value } from '../../catalog/function-entry.ts';
import type { CallExpr, CaseExpr, ConstExpr, Expr, RowExpr, SubplanExpr } from '../../planner/expr.ts';
import { plainComparison } from '../../planner/operators.ts';
import { assertNever } from '../../types/assert.ts';
import {
  baseTypeOid,
  comparator,
  compareText,
  hashKey,
  inputText,
  matchTsqueryAt,
  OID,
  outputText,
  SqlRecord,
  typeByOid,
} from '../../types/index.ts';
import { decimalFrom } from '../row/row-reader.ts';
import type { Code, Emitter } from './emitter.ts';
import { DECIMAL_OPERATORS, INT8_FAST, inlineComparison, inlineTemplate } from './inline-calls.ts';
import { anyOf, NULL_OPERAND, type Operand, repOfType } from './operand.ts';
import * as runtime from './runtime.ts';
import { applyTypmod, coerceArrayElements } from './typmod.ts';

/** Where a column of an input comes from; its loading code has been emitted. */
export type ColumnLookup = (input: number, index: number) => Operand;

/** Geometric types that have parts to subscript. */
const GEOMETRIC: ReadonlySet<number> = new Set([OID.POINT, OID.LSEG, OID.BOX, OID.LINE]);

/** Slots of the execution context that a compiled statement uses; shared by all generated functions of a plan. */
export class SlotAllocator {
  /** Literals that plans shared by shape take from each statement, each in its slot of ExecContext.lifted. */
  readonly lifted: { readonly literalIndex: number; readonly typeOid: number; readonly typeModifier: number }[] = [];
  onceCount = 0;
  /** Where functions keep what they compute once; null: in ExecContext.once, for one execution. */
  readonly kept: Value[] | null;
  readonly subplans: SubplanExpr[] = [];

  /**
   * `isOfCatalog`: for expressions that belong to no statement (of indexes). Contexts of all statements run them, whose slots are not
   * theirs; without parameters, what they compute once stays good.
   */
  constructor(isOfCatalog = false) {
    this.kept = isOfCatalog ? [] : null;
  }

  liftedSlot(literalIndex: number, typeOid: number, typeModifier: number): number {
    const known = this.lifted.findIndex(
      (item) => item.literalIndex === literalIndex && item.typeOid === typeOid && item.typeModifier === typeModifier,
    );
    return known >= 0 ? known : this.lifted.push({ literalIndex, typeOid, typeModifier }) - 1;
  }

  /** The same subquery keeps its slot in the fast and the generic form of a program. */
  subplanSlot(expr: SubplanExpr): number {
    const known = this.subplans.indexOf(expr);
    return known >= 0 ? known : this.subplans.push(expr) - 1;
  }
}

export interface CompileOptions {
  readonly emitter: Emitter;
  readonly slots: SlotAllocator;
  readonly column: ColumnLookup;
  /** System columns (ctid ...) of an input, when it is a table. */
  readonly systemColumn?: (input: number, name: string, tableOid: number) => Operand;
  /** A call that takes part of a column that is not loaded: its own code; null: the call is like any other. */
  readonly partialCall?: (expr: CallExpr, compileArg: (arg: Expr) => Code) => Operand | null;
  /** Label of the block to leave when fast mode cannot go on; null = generic mode. */
  readonly bail: string | null;
}

const COMPARISON_WORDS: { readonly [suffix: string]: string } = {
  eq: '===',
  ne: '!==',
  lt: '<',
  le: '<=',
  gt: '>',
  ge: '>=',
};
/** Text comparison functions that compare in byte order. */
/** Which argument of @@ is the tsvector. */
const MATCH_OPERATORS: Readonly<Record<string, number>> = { ts_match_vq: 0, ts_match_qv: 1 };

const TEXT_COMPARISONS = /^(text_|text|bttext|name)(eq|ne|lt|le|gt|ge)$/;

export class ExpressionCompiler {
  readonly #emitter: Emitter;
  readonly #slots: SlotAllocator;
  readonly #options: CompileOptions;
  #caseSubject: Operand | null = null;

  constructor(options: CompileOptions) {
    this.#options = options;
    this.#emitter = options.emitter;
    this.#slots = options.slots;
  }

  /** Code for a JavaScript value or null. */
  toAny(operand: Operand): Code {
    if (operand.isNull === 'true') return 'null';
    let value: Code;
    switch (operand.rep) {
      case 'any':
        value = operand.value;
        break;
      case 'slice':
        value = this.#decodeSlice(operand);
        break;
      case 'dec':
        value = `${this.#emitter.bind(decimalFrom, 'decimalFrom')}(${operand.value}, ${operand.scale})`;
        break;
      default:
        value = operand.value;
    }
    if (operand.isNull === 'false' || operand.isNull === `(${operand.value} === null)`) return value;
    return `(${operand.isNull} ? null : ${value})`;
  }

  /** As toAny, for an operand known not to be null. */
  #nonNull(operand: Operand): Code {
    if (operand.rep === 'slice') return this.#decodeSlice(operand);
    if (operand.rep === 'dec')
      return `${this.#emitter.bind(decimalFrom, 'decimalFrom')}(${operand.value}, ${operand.scale})`;
    return operand.value;
  }

  #decodeSlice(operand: Operand): Code {
    return operand.value;
  }

  /** Evaluates into an 'any' value held in a local; null for NULL. */
  compileToAny(expr: Expr): Code {
    return this.#local(this.toAny(this.compile(expr)));
  }

  #local(code: Code): Code {
    if (/^[A-Za-z_]\w*$/.test(code)) return code;
    const name = this.#emitter.name('v');
    this.#emitter.emit(`const ${name} = ${code};`);
    return name;
  }

  /**
   * A filter: emits code and answers a condition that is true exactly when the SQL value is true.
   * AND chains become a sequence of tests that run `otherwise` (such as `continue`) at the first that fails.
   */
  compileFilter(expr: Expr, otherwise: string): void {
    if (expr.kind === 'and') {
      for (const arg of expr.args) this.compileFilter(arg, otherwise);
      return;
    }
    const operand = this.compile(expr);
    this.#emitter.emit(`if (!(${this.#isTrue(operand)})) ${otherwise}`);
  }

  #isTrue(operand: Operand): Code {
    if (operand.isNull === 'true') return 'false';
    if (operand.isNull === 'false') return operand.rep === 'bool' ? operand.value : `${operand.value} === true`;
    return `!(${operand.isNull}) && ${operand.value} === true`;
  }

  compile(expr: Expr): Operand {
    if (!this.#isHoisting && worthHoisting(expr) && isInvariant(expr)) return this.#hoist(expr);
    switch (expr.kind) {
      case 'const':
        return this.#constant(expr);
      case 'param':
        return this.#fromContext(`x.params[${expr.index}]`, expr.typeOid);
      case 'execParam':
        return this.#fromContext(`x.execParams[${expr.index}]`, expr.typeOid);
      case 'column':
        return this.#options.column(expr.input, expr.index);
      case 'systemColumn':
        return this.#systemColumn(expr.input, expr.name, expr.tableOid);
      case 'row':
        return this.#row(expr);
      case 'call':
        return this.#call(expr);
      case 'and':
      case 'or':
        return this.#logic(expr.kind, expr.args);
      case 'not': {
        const arg = this.compile(expr.arg);
        return { rep: 'bool', typeOid: OID.BOOL, value: `!${arg.value}`, isNull: arg.isNull };
      }
      case 'isNull':
        return this.#isNull(expr.arg, expr.negated, expr.isRow);
      case 'booleanTest':
        return this.#booleanTest(expr.arg, expr.test, expr.negated);
      case 'case':
        return this.#case(expr);
      case 'caseSubject':
        return this.#caseSubject as Operand;
      case 'coalesce':
        return this.#coalesce(expr.args, expr.typeOid);
      case 'nullIf':
        return this.#nullIf(expr.left, expr.right, expr.equality, expr.result, expr.typeOid);
      case 'greatest':
      case 'least':
        return this.#minMax(expr.kind, expr.args, expr.typeOid);
      case 'distinct':
        return this.#distinct(expr.left, expr.right, expr.equality, expr.negated);
      case 'array': {
        const elements = expr.elements.map((e) => this.compileToAny(e));
        const make = this.#emitter.bind(runtime.makeArray, 'makeArray');
        return this.#anyResult(
          `${make}(${expr.elementType}, [${elements.join(', ')}], ${expr.multidimensional})`,
          expr.typeOid,
          'false',
        );
      }
      case 'rowCompare':
        return this.#rowCompare(expr.left, expr.right, expr.operator);
      case 'arrayCompare':
        return this.#arrayCompare(expr.left, expr.array, expr.operator, expr.all);
      case 'inList':
        return this.#inList(expr);
      case 'subscript':
        return this.#subscript(expr);
      case 'field': {
        const base = this.compileToAny(expr.base);
        return this.#anyResult(`${base} === null ? null : (${base}.values[${expr.index}] ?? null)`, expr.typeOid);
      }
      case 'ioCast':
        return this.#ioCast(expr.arg, expr.typeOid, expr.typeModifier);
      case 'typmodCast': {
        const arg = this.compileToAny(expr.arg);
        const apply = this.#emitter.bind(applyTypmod(expr.typeOid, expr.typeModifier, expr.explicit), 'typmod');
        return this.#anyResult(`${arg} === null ? null : ${apply}(${arg})`, expr.typeOid);
      }
      case 'arrayCast':
        return this.#arrayCast(expr.arg, expr.element, expr.typeOid);
      case 'subplan':
        return this.#subplan(expr);
      default:
        return assertNever(expr);
    }
  }

  /** Holds `code` (a value or null) in a local of the type's representation. */
  #anyResult(code: Code, typeOid: number, isNull?: Code): Operand {
    const name = this.#emitter.name('v');
    this.#emitter.emit(`const ${name} = ${code};`);
    return { rep: repOfType(typeOid), typeOid, value: name, isNull: isNull ?? `(${name} === null)` };
  }

  /** Read once at the start of the generated function. */
  #fromContext(code: Code, typeOid: number): Operand {
    const name = this.#emitter.name('p');
    this.#emitter.prelude(`const ${name} = ${code};`);
    return { rep: repOfType(typeOid), typeOid, value: name, isNull: `(${name} === null)` };
  }

  #constant(expr: ConstExpr): Operand {
    if (expr.literalIndex >= 0) {
      const slot = this.#slots.liftedSlot(expr.literalIndex, expr.typeOid, expr.typeModifier);
      const get = this.#emitter.bind(runtime.liftedValue, 'lifted');
      const initial = this.#emitter.bind({ value: expr.value }, 'first');
      return this.#fromContext(
        `x.literals === null ? ${initial}.value : ${get}(x, ${slot}, ${expr.literalIndex}, ${expr.typeOid}, ${expr.typeModifier})`,
        expr.typeOid,
      );
    }
    const value = expr.value;
    if (value === null) return NULL_OPERAND(expr.typeOid);
    const rep = repOfType(expr.typeOid);
    if (typeof value === 'number' && Number.isFinite(value)) {
      return {
        rep,
        typeOid: expr.typeOid,
        value: Object.is(value, -0) ? '(-0)' : value < 0 ? `(${value})` : String(value),
        isNull: 'false',
      };
    }
    if (typeof value === 'boolean') return { rep, typeOid: expr.typeOid, value: String(value), isNull: 'false' };
    return { rep, typeOid: expr.typeOid, value: this.#emitter.bind(value, 'c'), isNull: 'false' };
  }

  /** A place for what is computed once. */
  #onceSlot(): Code {
    const { kept } = this.#slots;
    return `${kept === null ? 'x.once' : this.#emitter.bind(kept, 'once')}[${this.#slots.onceCount++}]`;
  }

  /** Computes an invariant expression once an execution. */
  #hoist(expr: Expr): Operand {
    const slot = this.#onceSlot();
    const name = this.#emitter.name('h');
    this.#emitter.prelude(`let ${name} = ${slot};`);
    this.#emitter.open(`if (${name} === undefined) {`);
    const inner = new ExpressionCompiler({ ...this.#options, bail: null });
    inner.#isHoisting = true;
    inner.#caseSubject = this.#caseSubject;
    this.#emitter.emit(`${name} = ${slot} = ${inner.toAny(inner.compile(expr))};`);
    this.#emitter.close();
    return { rep: repOfType(expr.typeOid), typeOid: expr.typeOid, value: name, isNull: `(${name} === null)` };
  }

  /** Inside a hoisted expression nothing more is hoisted. */
  #isHoisting = false;

  #systemColumn(input: number, name: string, tableOid: number): Operand {
    const lookup = this.#options.systemColumn;
    if (lookup === undefined) throw new Error(`no system columns here: ${name}`);
    return lookup(input, name, tableOid);
  }

  #row(expr: RowExpr): Operand {
    const { fields, typeOid } = expr;
    const values = fields.map((f) => this.compileToAny(f));
    const types = this.#emitter.bind(fields.map((f) => f.typeOid));
    const names = this.#emitter.bind(expr.names);
    const record = this.#emitter.bind(SqlRecord, 'SqlRecord');
    const made = `new ${record}(${types}, [${values.join(', ')}], ${names})`;
    if (expr.nullWhenEmpty !== true || values.length === 0) return this.#anyResult(made, typeOid, 'false');
    return this.#anyResult(`${values.map((value) => `${value} === null`).join(' && ')} ? null : ${made}`, typeOid);
  }

  #call(expr: CallExpr): Operand {
    const fn = expr.function;
    if (expr.spreadsArray === true) return this.#variadicCall(expr);
    const partial = this.#options.partialCall?.(expr, (arg) => this.compileToAny(arg)) ?? null;
    if (partial !== null) return partial;
    if (expr.function.internalName in MATCH_OPERATORS) return this.#matchCall(expr);
    const inline = this.#inlineCall(expr);
    if (inline !== null) return inline;
    const args = expr.args.map((a) => this.compile(a));
    return this.#plainCall(fn, args, expr);
  }

  #variadicCall(expr: CallExpr): Operand {
    const types = expr.args.map((arg) => arg.typeOid);
    const call = this.#emitter.bind(runtime.variadicCaller(expr.function, types, expr.typeOid), 'variadic');
    const args = expr.args.map((arg) => this.compileToAny(arg));
    return this.#anyResult(`${call}(x, [${args.join(', ')}])`, expr.typeOid);
  }

  #implementation(fn: ScalarFunction, argTypes: readonly number[], returnType: number): Code {
    const implementation = fn.specialise ? fn.implementation(argTypes, returnType) : fn.implementation;
    return this.#emitter.bind(implementation, 'fn');
  }

  /** The call's beginning, up to its first operand: comparisons of times with and without zone ask the session. */
  #equalityCall(fn: ScalarFunction, argTypes: readonly number[]): Code {
    return `${this.#implementation(fn, argTypes, OID.BOOL)}(${fn.needsContext ? 'x.functions, ' : ''}`;
  }

  #plainCall(fn: ScalarFunction, args: readonly Operand[], expr: CallExpr): Operand {
    const f = this.#implementation(
      fn,
      expr.args.map((a) => a.typeOid),
      expr.typeOid,
    );
    const context = fn.needsContext ? ['x.functions'] : [];
    if (!fn.strict) {
      return this.#anyResult(`${f}(${[...context, ...args.map((a) => this.toAny(a))].join(', ')})`, expr.typeOid);
    }
    const isNull = anyOf(args.map((a) => a.isNull));
    if (isNull === 'true') return NULL_OPERAND(expr.typeOid);
    const call = `${f}(${[...context, ...args.map((a) => this.#nonNull(a))].join(', ')})`;
    return this.#anyResult(isNull === 'false' ? call : `${isNull} ? null : ${call}`, expr.typeOid);
  }

  /** tsvector @@ tsquery: over the bytes of the page, where the vector lies there. */
  #matchCall(expr: CallExpr): Operand {
    const operands = expr.args.map((arg) => this.compile(arg));
    const vectorAt = MATCH_OPERATORS[expr.function.internalName];
    const vector = operands[vectorAt];
    const isNull = anyOf(operands.map((operand) => operand.isNull));
    if (vector.rep !== 'slice' || isNull === 'true') return this.#plainCall(expr.function, operands, expr);
    const match = this.#emitter.bind(matchTsqueryAt, 'match');
    const query = this.#nonNull(operands[1 - vectorAt]);
    return {
      rep: 'bool',
      typeOid: OID.BOOL,
      value: `${match}(u8, ${vector.start}, ${vector.end}, ${query})`,
      isNull,
    };
  }

  #inlineCall(expr: CallExpr): Operand | null {
    const { function: fn, args } = expr;
    if (args.length !== 2) return null;
    const name = fn.internalName;
    const comparison = inlineComparison(name);
    const template = inlineTemplate(name);
    const decimal = DECIMAL_OPERATORS[name];
    const isText = TEXT_COMPARISONS.test(name);
    if (comparison === undefined && template === undefined && decimal === undefined && !isText) return null;
    const a = this.compile(args[0]);
    const b = this.compile(args[1]);
    const isNull = anyOf([a.isNull, b.isNull]);
    if (isNull === 'true') return NULL_OPERAND(expr.typeOid);
    if (isText) return this.#textComparison(name, a, b, args, isNull);
    if (decimal !== undefined) return this.#decimalCall(expr, decimal, a, b, args, isNull);
    if (comparison !== undefined) {
      return {
        rep: 'bool',
        typeOid: OID.BOOL,
        value: `(${comparison(this.#operandCode(a), this.#operandCode(b))})`,
        isNull,
      };
    }
    const fast = INT8_FAST[name];
    if (fast !== undefined && this.#options.bail !== null && a.rep === 'num' && b.rep === 'num') {
      return this.#guarded(`${a.value} ${fast} ${b.value}${fast === '*' ? ' + 0' : ''}`, isNull, expr.typeOid);
    }
    const result = this.#emitter.name('v');
    const call = this.#implementation(
      fn,
      args.map((x) => x.typeOid),
      expr.typeOid,
    );
    const rep = repOfType(expr.typeOid);
    this.#emitter.emit(`let ${result} = ${rep === 'num' ? '0' : 'null'};`);
    if (isNull !== 'false') this.#emitter.open(`if (!(${isNull})) {`);
    template!(
      (line) => this.#emitter.emit(line),
      result,
      this.#local(this.#operandCode(a)),
      this.#local(this.#operandCode(b)),
      call,
    );
    if (isNull !== 'false') this.#emitter.close();
    return { rep, typeOid: expr.typeOid, value: result, isNull: rep === 'num' ? isNull : `(${result} === null)` };
  }

  #operandCode(operand: Operand): Code {
    return this.#nonNull(operand);
  }

  /** Fast mode: a double that must be a safe integer, or the row is left to generic mode. */
  #guarded(code: Code, isNull: Code, typeOid: number, scale?: number): Operand {
    const name = this.#emitter.name('v');
    this.#emitter.emit(`const ${name} = ${code};`);
    const test = `if (!(${name} <= 9007199254740991 && ${name} >= -9007199254740991)) break ${this.#options.bail};`;
    this.#emitter.emit(isNull === 'false' ? test : `if (!(${isNull})) ${test}`);
    return { rep: scale === undefined ? 'num' : 'dec', typeOid, value: name, isNull, scale };
  }

  #textComparison(name: string, a: Operand, b: Operand, args: readonly Expr[], isNull: Code): Operand {
    const suffix = name.slice(-2);
    const operator = COMPARISON_WORDS[suffix];
    const bool = (value: Code): Operand => ({ rep: 'bool', typeOid: OID.BOOL, value: `(${value})`, isNull });
    const slice = a.start !== undefined ? a : b.start !== undefined ? b : null;
    const other = slice === a ? b : a;
    const otherExpr = slice === a ? args[1] : args[0];
    if (slice !== null && isInvariant(otherExpr) && (suffix === 'eq' || suffix === 'ne')) {
      // Column against a constant: compared as bytes, where they are.
      const bytes = this.#invariantBytes(other);
      const equal = `${slice.end} - ${slice.start} === ${bytes}.length && ${this.#emitter.bind(runtime.bytesEqual, 'bytesEqual')}(u8, ${slice.start}, ${bytes})`;
      return bool(suffix === 'eq' ? equal : `!(${equal})`);
    }
    if (slice !== null && isInvariant(otherExpr)) {
      const bytes = this.#invariantBytes(other);
      const compare = `${this.#emitter.bind(runtime.compareBytes, 'compareBytes')}(u8, ${slice.start}, ${slice.end}, ${bytes})`;
      return bool(slice === a ? `${compare} ${operator} 0` : `0 ${operator} ${compare}`);
    }
    const left = this.#operandCode(a);
    const right = this.#operandCode(b);
    if (suffix === 'eq' || suffix === 'ne') return bool(`${left} ${operator} ${right}`);
    return bool(`${this.#emitter.bind(compareText, 'compareText')}(${left}, ${right}) ${operator} 0`);
  }

  /** UTF-8 bytes of an invariant string, made once an execution. */
  #invariantBytes(operand: Operand): Code {
    const slot = this.#onceSlot();
    const name = this.#emitter.name('b');
    const make = this.#emitter.bind(runtime.utf8Bytes, 'utf8Bytes');
    this.#emitter.prelude(`let ${name} = ${slot};`);
    this.#emitter.emit(
      `if (${name} === undefined) ${name} = ${slot} = ${make}(${this.toAny(operand)}) ?? new Uint8Array(0);`,
    );
    return name;
  }

  /** numeric operators: on scaled doubles in fast mode, else the full implementation. */
  #decimalCall(expr: CallExpr, operator: string, a: Operand, b: Operand, args: readonly Expr[], isNull: Code): Operand {
    const isArithmetic = operator === '+' || operator === '-' || operator === '*';
    if (this.#options.bail !== null) {
      const left = this.#asDecimal(a, args[0], b, isArithmetic);
      const right = this.#asDecimal(b, args[1], a, isArithmetic);
      if (left !== null && right !== null) {
        if (operator === '*') {
          const scale = (left.scale as number) + (right.scale as number);
          if (scale <= 15) return this.#guarded(`${left.value} * ${right.value} + 0`, isNull, expr.typeOid, scale);
        } else {
          const scale = Math.max(left.scale as number, right.scale as number);
          const l = rescaled(left, scale);
          const r = rescaled(right, scale);
          if (isArithmetic) return this.#guarded(`${l} ${operator} ${r}`, isNull, expr.typeOid, scale);
          return { rep: 'bool', typeOid: OID.BOOL, value: `(${l} ${operator} ${r})`, isNull };
        }
      }
    }
    return this.#plainCall(expr.function, [a, b], expr);
  }

  /** The operand as a scaled decimal, or null when it cannot be one. Invariants take the partner's scale. */
  #asDecimal(operand: Operand, expr: Expr, partner: Operand, isArithmetic: boolean): Operand | null {
    if (operand.rep === 'dec') return operand;
    if (expr.typeOid !== OID.NUMERIC || !isInvariant(expr)) return null;
    const slot = this.#onceSlot();
    const name = this.#emitter.name('d');
    // A constant's scale is not known for shared plans: two digits more than the first one seen keep most of them fast.
    const scale = !isArithmetic && partner.rep === 'dec' ? (partner.scale as number) : constantScale(expr);
    const convert = isArithmetic
      ? this.#emitter.bind(runtime.scaledDouble, 'scaledDouble')
      : this.#emitter.bind(runtime.decimalBound, 'decimalBound');
    this.#emitter.prelude(`let ${name} = ${slot};`);
    this.#emitter.emit(`if (${name} === undefined) ${name} = ${slot} = ${convert}(${this.toAny(operand)}, ${scale});`);
    this.#emitter.emit(`if (${name} !== ${name}) break ${this.#options.bail};`);
    return { rep: 'dec', typeOid: OID.NUMERIC, value: name, isNull: operand.isNull, scale };
  }

  #logic(kind: 'and' | 'or', args: readonly Expr[]): Operand {
    const emitter = this.#emitter;
    const value = emitter.name('v');
    const isNull = emitter.name('n');
    const label = emitter.name('L');
    // AND: false as soon as one is false; null if one was null; OR the other way round.
    const decisive = kind === 'and' ? 'false' : 'true';
    emitter.emit(`let ${value} = ${kind === 'and'};`);
    emitter.emit(`let ${isNull} = false;`);
    emitter.open(`${label}: {`);
    for (const arg of args) {
      const operand = this.compile(arg);
      const test = kind === 'and' ? `!${operand.value}` : operand.value;
      const decide = `{ ${value} = ${decisive}; ${isNull} = false; break ${label}; }`;
      if (operand.isNull === 'true') emitter.emit(`${isNull} = true;`);
      else if (operand.isNull === 'false') emitter.emit(`if (${test}) ${decide}`);
      else emitter.emit(`if (${operand.isNull}) ${isNull} = true; else if (${test}) ${decide}`);
    }
    emitter.close();
    return { rep: 'bool', typeOid: OID.BOOL, value, isNull };
  }

  #isNull(arg: Expr, negated: boolean, isRow: boolean): Operand {
    const bool = (value: Code): Operand => ({ rep: 'bool', typeOid: OID.BOOL, value, isNull: 'false' });
    if (isRow) {
      const row = this.compileToAny(arg);
      const all = negated ? `${row}.values.every((v) => v !== null)` : `${row}.values.every((v) => v === null)`;
      return bool(`(${row} === null ? ${!negated} : ${all})`);
    }
    const operand = this.compile(arg);
    return bool(negated ? `!(${operand.isNull})` : `(${operand.isNull})`);
  }

  #booleanTest(arg: Expr, test: 'true' | 'false' | 'unknown', negated: boolean): Operand {
    const operand = this.compile(arg);
    const positive =
      test === 'unknown'
        ? operand.isNull
        : `(!(${operand.isNull}) && ${test === 'true' ? operand.value : `!${operand.value}`})`;
    return { rep: 'bool', typeOid: OID.BOOL, value: negated ? `!(${positive})` : `(${positive})`, isNull: 'false' };
  }

  #case(expr: CaseExpr): Operand {
    const emitter = this.#emitter;
    const outer = this.#caseSubject;
    if (expr.subject !== null) {
      const subject = this.compile(expr.subject);
      this.#caseSubject = { ...subject, start: undefined, end: undefined, ...this.#hold(subject) };
    }
    const result = emitter.name('v');
    const label = emitter.name('L');
    emitter.emit(`let ${result} = null;`);
    emitter.open(`${label}: {`);
    for (const branch of expr.branches) {
      const when = this.compile(branch.when);
      emitter.open(`if (${this.#isTrue(when)}) {`);
      emitter.emit(`${result} = ${this.toAny(this.compile(branch.then))};`);
      emitter.emit(`break ${label};`);
      emitter.close();
    }
    if (expr.otherwise !== null) emitter.emit(`${result} = ${this.toAny(this.compile(expr.otherwise))};`);
    emitter.close();
    this.#caseSubject = outer;
    return { rep: repOfType(expr.typeOid), typeOid: expr.typeOid, value: result, isNull: `(${result} === null)` };
  }

  /** Value and null flag in locals of their own. */
  #hold(operand: Operand): { rep: Operand['rep']; value: Code; isNull: Code; scale: undefined } {
    const name = this.#emitter.name('v');
    this.#emitter.emit(`const ${name} = ${this.toAny(operand)};`);
    return { rep: repOfType(operand.typeOid), value: name, isNull: `(${name} === null)`, scale: undefined };
  }

  #coalesce(args: readonly Expr[], typeOid: number): Operand {
    const emitter = this.#emitter;
    const result = emitter.name('v');
    emitter.emit(`let ${result} = null;`);
    let depth = 0;
    for (const arg of args) {
      const operand = this.compile(arg);
      emitter.emit(`${result} = ${this.toAny(operand)};`);
      if (operand.isNull === 'false') break;
      emitter.open(`if (${result} === null) {`);
      depth++;
    }
    while (depth-- > 0) emitter.close();
    return { rep: repOfType(typeOid), typeOid, value: result, isNull: `(${result} === null)` };
  }

  #nullIf(left: Expr, right: Expr, equality: ScalarFunction, result: Expr, typeOid: number): Operand {
    const l = this.compileToAny(left);
    const r = this.compileToAny(right);
    const f = this.#equalityCall(equality, [left.typeOid, right.typeOid]);
    const value = this.compileToAny(result);
    return this.#anyResult(`${l} !== null && ${r} !== null && ${f}${l}, ${r}) === true ? null : ${value}`, typeOid);
  }

  #minMax(kind: 'greatest' | 'least', args: readonly Expr[], typeOid: number): Operand {
    const emitter = this.#emitter;
    const compare = emitter.bind(comparator(typeOid), 'compare');
    const result = emitter.name('v');
    emitter.emit(`let ${result} = null;`);
    for (const arg of args) {
      const value = this.compileToAny(arg);
      const better = kind === 'greatest' ? '> 0' : '< 0';
      emitter.emit(
        `if (${value} !== null && (${result} === null || ${compare}(${value}, ${result}) ${better})) ${result} = ${value};`,
      );
    }
    return { rep: repOfType(typeOid), typeOid, value: result, isNull: `(${result} === null)` };
  }

  #distinct(left: Expr, right: Expr, equality: ScalarFunction, negated: boolean): Operand {
    const l = this.compileToAny(left);
    const r = this.compileToAny(right);
    const f = this.#equalityCall(equality, [left.typeOid, right.typeOid]);
    const same = `(${l} === null || ${r} === null ? ${l} === ${r} : ${f}${l}, ${r}) === true)`;
    return { rep: 'bool', typeOid: OID.BOOL, value: negated ? same : `!${same}`, isNull: 'false' };
  }

  #rowCompare(left: readonly Expr[], right: readonly Expr[], operator: '<' | '<=' | '>' | '>='): Operand {
    const emitter = this.#emitter;
    const result = emitter.name('v');
    const label = emitter.name('L');
    emitter.emit(`let ${result} = ${operator.length === 2};`);
    emitter.open(`${label}: {`);
    for (let i = 0; i < left.length; i++) {
      const l = this.compileToAny(left[i]);
      const r = this.compileToAny(right[i]);
      const compare = emitter.bind(comparator(left[i].typeOid), 'compare');
      const order = emitter.name('o');
      emitter.emit(`if (${l} === null || ${r} === null) { ${result} = null; break ${label}; }`);
      emitter.emit(`const ${order} = ${compare}(${l}, ${r});`);
      emitter.emit(`if (${order} !== 0) { ${result} = ${order} ${operator[0]} 0; break ${label}; }`);
    }
    emitter.close();
    return { rep: 'bool', typeOid: OID.BOOL, value: result, isNull: `(${result} === null)` };
  }

  #arrayCompare(left: Expr, array: Expr, operator: ScalarFunction, all: boolean): Operand {
    const l = this.compileToAny(left);
    if (isInvariant(array) && asksMembership(operator, all)) return this.#isMember(l, left.typeOid, array, all);
    const a = this.compileToAny(array);
    // A closure for each evaluation only where the operator asks the session.
    const f = operator.needsContext
      ? `(a, b) => ${this.#equalityCall(operator, operator.argumentTypes)}a, b)`
      : this.#implementation(operator, operator.argumentTypes, OID.BOOL);
    const run = this.#emitter.bind(runtime.arrayCompare, 'arrayCompare');
    return this.#anyResult(`${run}(${l}, ${a}, ${f}, ${all})`, OID.BOOL);
  }

  /** = ANY and <> ALL by the hash keys of an array that stays the same: a list of thousands costs a row no more than one of two. */
  #isMember(left: Code, typeOid: number, array: Expr, all: boolean): Operand {
    const emitter = this.#emitter;
    const keyOf = emitter.bind(hashKey(typeOid), 'keyOf');
    const set = emitter.name('s');
    const slot = this.#onceSlot();
    emitter.prelude(`let ${set} = ${slot};`);
    emitter.open(`if (${set} === undefined) {`);
    const makeSet = emitter.bind(runtime.makeArraySet, 'makeArraySet');
    emitter.emit(`${set} = ${slot} = ${makeSet}(${typeOid}, ${this.compileToAny(array)});`);
    emitter.close();
    const found = `${set}.keys.has(${keyOf}(${left})) ? ${!all} : ${set}.hasNull ? null : ${all}`;
    return this.#anyResult(
      `${set} === null ? null : ${set}.isEmpty ? ${all} : ${left} === null ? null : ${found}`,
      OID.BOOL,
    );
  }

  #inList(expr: Extract<Expr, { kind: 'inList' }>): Operand {
    const emitter = this.#emitter;
    const arg = this.compileToAny(expr.arg);
    const keyOf = emitter.bind(hashKey(expr.arg.typeOid), 'keyOf');
    const result = emitter.name('v');
    if (expr.list.every((e) => isInvariant(e))) {
      const set = emitter.name('s');
      const slot = this.#onceSlot();
      emitter.prelude(`let ${set} = ${slot};`);
      emitter.open(`if (${set} === undefined) {`);
      const elements = expr.list.map((e) => this.compileToAny(e));
      emitter.emit(
        `${set} = ${slot} = ${emitter.bind(runtime.makeInSet, 'makeInSet')}(${expr.arg.typeOid}, [${elements.join(', ')}]);`,
      );
      emitter.close();
      emitter.emit(
        `const ${result} = ${arg} === null ? null : ${set}.keys.has(${keyOf}(${arg})) ? ${!expr.negated} : ${set}.hasNull ? null : ${expr.negated};`,
      );
      return { rep: 'bool', typeOid: OID.BOOL, value: result, isNull: `(${result} === null)` };
    }
    const label = emitter.name('L');
    const f = this.#equalityCall(expr.equality, [expr.arg.typeOid, expr.arg.typeOid]);
    emitter.emit(`let ${result} = ${arg} === null ? null : ${expr.negated};`);
    emitter.open(`${label}: if (${arg} !== null) {`);
    for (const element of expr.list) {
      const value = this.compileToAny(element);
      emitter.emit(`if (${value} === null) ${result} = null;`);
      emitter.emit(`else if (${f}${arg}, ${value}) === true) { ${result} = ${!expr.negated}; break ${label}; }`);
    }
    emitter.close();
    return { rep: 'bool', typeOid: OID.BOOL, value: result, isNull: `(${result} === null)` };
  }

  #subscript(expr: Extract<Expr, { kind: 'subscript' }>): Operand {
    const base = this.compileToAny(expr.base);
    const bound = (e: Expr | null): Code => (e === null ? 'undefined' : this.compileToAny(e));
    if (expr.subscripts.some((s) => s.isSlice)) {
      const bounds = expr.subscripts.map((s) =>
        s.isSlice ? `[${bound(s.lower)}, ${bound(s.upper)}]` : `[1, ${bound(s.upper ?? s.lower)}]`,
      );
      const slice = this.#emitter.bind(runtime.sliceArray, 'sliceArray');
      return this.#anyResult(`${base} === null ? null : ${slice}(${base}, [${bounds.join(', ')}])`, expr.typeOid);
    }
    const positions = expr.subscripts.map((s) => bound(s.lower ?? s.upper));
    const baseOid = baseTypeOid(expr.base.typeOid);
    const at =
      baseOid === OID.NAME
        ? this.#emitter.bind(runtime.subscriptName, 'subscriptName')
        : GEOMETRIC.has(baseOid)
          ? this.#emitter.bind(runtime.subscriptGeometry, 'subscriptGeometry')
          : this.#emitter.bind(runtime.subscriptArray, 'subscriptArray');
    return this.#anyResult(`${base} === null ? null : ${at}(${base}, [${positions.join(', ')}])`, expr.typeOid);
  }

  #ioCast(arg: Expr, typeOid: number, typeModifier: number): Operand {
    const value = this.compileToAny(arg);
    const output = this.#emitter.bind(outputText, 'outputText');
    const input = this.#emitter.bind(inputText, 'inputText');
    const text = isTextLike(arg.typeOid) ? value : `${output}(${arg.typeOid}, ${value}, x.functions.format)`;
    const converted =
      isPlainText(typeOid) && typeModifier < 0
        ? text
        : `${input}(${typeOid}, ${typeModifier}, ${text}, x.functions.format)`;
    return this.#anyResult(`${value} === null ? null : ${converted}`, typeOid);
  }

  #arrayCast(arg: Expr, element: Expr, typeOid: number): Operand {
    const emitter = this.#emitter;
    const array = this.compileToAny(arg);
    const item = emitter.name('e');
    const convert = emitter.name('g');
    emitter.open(`const ${convert} = (${item}) => {`);
    const outer = this.#caseSubject;
    const elementType = typeByOid(arg.typeOid)?.elementOid ?? 0;
    this.#caseSubject = {
      rep: repOfType(elementType),
      typeOid: elementType,
      value: item,
      isNull: `(${item} === null)`,
    };
    emitter.emit(`return ${this.toAny(this.compile(element))};`);
    this.#caseSubject = outer;
    emitter.close('};');
    const coerce = emitter.bind(coerceArrayElements, 'coerceArray');
    return this.#anyResult(
      `${array} === null ? null : ${coerce}(${array}, ${typeByOid(typeOid)?.elementOid ?? 0}, ${convert})`,
      typeOid,
    );
  }

  #subplan(expr: SubplanExpr): Operand {
    const emitter = this.#emitter;
    const slot = this.#slots.subplanSlot(expr);
    for (const param of expr.params) {
      emitter.emit(`x.execParams[${param.index}] = ${this.toAny(this.compile(param.value))};`);
    }
    const runner = `x.subplan(${slot})`;
    switch (expr.mode) {
      case 'exists':
        return this.#anyResult(`${runner}.exists(x)`, OID.BOOL, 'false');
      case 'scalar':
        return this.#anyResult(`${runner}.scalar(x)`, expr.typeOid);
      case 'array':
        return this.#anyResult(`${runner}.array(x)`, expr.typeOid);
      default:
        return this.#quantifiedSubplan(expr, runner);
    }
  }

  #quantifiedSubplan(expr: SubplanExpr, runner: Code): Operand {
    const emitter = this.#emitter;
    if (expr.hashKeys !== null) {
      const keys = expr.hashKeys.map((k) => this.compileToAny(k));
      return this.#anyResult(`${runner}.hashed(x, [${keys.join(', ')}])`, OID.BOOL);
    }
    const row = emitter.name('r');
    const test = emitter.name('t');
    emitter.open(`const ${test} = (${row}) => {`);
    const inner = new ExpressionCompiler({
      ...this.#options,
      bail: null,
      column: (input, index) =>
        input === 2
          ? {
              rep: repOfType(expr.plan.output[index].typeOid),
              typeOid: expr.plan.output[index].typeOid,
              value: `${row}[${index}]`,
              isNull: `(${row}[${index}] === null)`,
            }
          : this.#options.column(input, index),
    });
    inner.#caseSubject = this.#caseSubject;
    emitter.emit(`return ${inner.toAny(inner.compile(expr.test as Expr))};`);
    emitter.close('};');
    if (expr.mode === 'row') return this.#anyResult(`${runner}.row(x, ${test})`, OID.BOOL);
    return this.#anyResult(`${runner}.quantified(x, ${test}, ${expr.mode === 'all'})`, OID.BOOL);
  }
}

function rescaled(operand: Operand, scale: number): Code {
  const factor = 10 ** (scale - (operand.scale as number));
  return factor === 1 ? operand.value : `${operand.value} * ${factor}`;
}

function constantScale(expr: Expr): number {
  if (expr.kind === 'const' && expr.value !== null && expr.value.isFinite) return Math.min(expr.value.scale, 6);
  return 4;
}

function isTextLike(typeOid: number): boolean {
  return (
    typeOid === OID.TEXT ||
    typeOid === OID.VARCHAR ||
    typeOid === OID.NAME ||
    typeOid === OID.UNKNOWN ||
    typeOid === OID.JSON
  );
}

function isPlainText(typeOid: number): boolean {
  return typeOid === OID.TEXT || typeOid === OID.VARCHAR || typeOid === OID.CSTRING;
}

/** Does not depend on the row, has no effect, and gives the same value all through an execution. */
export function isInvariant(expr: Expr): boolean {
  switch (expr.kind) {
    case 'const':
    case 'param':
      return true;
    case 'call':
      return !expr.function.returnsSet && expr.function.volatility !== 'volatile' && expr.args.every(isInvariant);
    case 'and':
    case 'or':
    case 'coalesce':
      return expr.args.every(isInvariant);
    case 'not':
    case 'ioCast':
    case 'typmodCast':
      return isInvariant(expr.arg);
    case 'array':
      return expr.elements.every(isInvariant);
    default:
      return false;
  }
}

/** Whether `x operator ANY / ALL (array)` asks if the array has x, by an equality that hash keys know; that of records may raise errors. */
function asksMembership(operator: ScalarFunction, all: boolean): boolean {
  const comparison = plainComparison(operator);
  return comparison?.name === (all ? '<>' : '=') && comparison.leftType !== OID.RECORD;
}

function worthHoisting(expr: Expr): boolean {
  return expr.kind === 'call' || expr.kind === 'ioCast' || expr.kind === 'typmodCast' || expr.kind === 'array';
}
