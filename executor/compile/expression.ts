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
import type { ScalarFunction } from '../../catalog/function-entry.ts';
import { argumentsOf, DeepWalk } from '../../planner/deep.ts';
import type { CallExpr, CaseExpr, ConstExpr, Expr, RowExpr, SubplanExpr } from '../../planner/expr.ts';
import { assertNever } from '../../types/assert.ts';
import { baseTypeOid, comparator, inputText, OID, outputText, SqlRecord, typeByOid } from '../../types/index.ts';
import { compileCall, equalityCall } from './call.ts';
import { compileArrayComparison, compileInList, compileRowComparison } from './comparison.ts';
import { compileList, constantReader } from './constant-list.ts';
import { decimalCast, decimalValue } from './decimal-calls.ts';
import type { Code, Emitter } from './emitter.ts';
import { isInvariant } from './invariant.ts';
import { NULL_OPERAND, type Operand, repOfType } from './operand.ts';
import * as runtime from './runtime.ts';
import type { SlotAllocator } from './slots.ts';
import { applyTypmod, coerceArrayElements } from './typmod.ts';

/** Where a column of an input comes from; its loading code has been emitted. */
export type ColumnLookup = (input: number, index: number) => Operand;

/** Geometric types that have parts to subscript. */
const GEOMETRIC: ReadonlySet<number> = new Set([OID.POINT, OID.LSEG, OID.BOX, OID.LINE]);

export interface CompileOptions {
  readonly emitter: Emitter;
  readonly slots: SlotAllocator;
  readonly column: ColumnLookup;
  /** System columns (ctid ...) of an input, when it is a table. */
  readonly systemColumn?: (input: number, name: string, tableOid: number) => Operand;
  /** A call that takes part of a column that is not loaded: its own code; null: the call is like any other. */
  readonly partialCall?: (expr: CallExpr, compileArg: (arg: Expr) => Code) => Operand | null;
  /** Calls with effects are not made again when the row begins again (remembersCalls, which says what goes with it). */
  readonly remembers?: boolean;
  /** Label of the block to leave when fast mode cannot go on; null = generic mode. */
  readonly bail: string | null;
  /** What closures compute, whose columns are not loaded: code of the value (closures.ts). */
  readonly computed?: ReadonlyMap<Expr, Code>;
}

/** Compiles the expressions of one generated function. call.ts and comparison.ts are parts of it. */
export class ExpressionCompiler {
  readonly emitter: Emitter;
  readonly slots: SlotAllocator;
  readonly options: CompileOptions;
  #caseSubject: Operand | null = null;
  /** Arguments of calls of calls come before the calls that they are for, as they would anyway. */
  readonly #walk = new DeepWalk<Operand>(argumentsOf, (expr) => this.#compileOne(expr));

  constructor(options: CompileOptions) {
    this.options = options;
    this.emitter = options.emitter;
    this.slots = options.slots;
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
        value = decimalValue(this.emitter, operand);
        break;
      default:
        value = operand.value;
    }
    // Code that is null when the value is; what makes an object of a decimal is not.
    const isItself = operand.rep !== 'dec' && operand.isNull === `(${operand.value} === null)`;
    if (operand.isNull === 'false' || isItself) return value;
    return `(${operand.isNull} ? null : ${value})`;
  }

  /** As toAny, for an operand known not to be null. */
  nonNull(operand: Operand): Code {
    if (operand.rep === 'slice') return this.#decodeSlice(operand);
    if (operand.rep === 'dec') return decimalValue(this.emitter, operand);
    return operand.value;
  }

  #decodeSlice(operand: Operand): Code {
    return operand.value;
  }

  /** Evaluates into an 'any' value held in a local; null for NULL. */
  compileToAny(expr: Expr): Code {
    return this.local(this.toAny(this.compile(expr)));
  }

  /** Holds code in a local, unless it is one. */
  local(code: Code): Code {
    if (/^[A-Za-z_]\w*$/.test(code)) return code;
    const name = this.emitter.name('v');
    this.emitter.emit(`const ${name} = ${code};`);
    return name;
  }

  /**
   * A filter: emits code and answers a condition that is true exactly when the SQL value is true.
   * AND chains become a sequence of tests that run `otherwise` (such as `continue`) at the first that fails.
   */
  compileFilter(expr: Expr, otherwise: string): void {
    const isComputed = this.options.computed?.has(expr) === true;
    if (expr.kind === 'and' && !isComputed) {
      for (const arg of expr.args) this.compileFilter(arg, otherwise);
      return;
    }
    if (expr.kind === 'or' && !isComputed) {
      this.#compileAny(expr.args, otherwise);
      return;
    }
    const operand = this.compile(expr);
    this.emitter.emit(`if (!(${this.#isTrue(operand)})) ${otherwise}`);
  }

  /** The filter of an OR: which of the others are null does not matter, if one is true. */
  #compileAny(args: readonly Expr[], otherwise: string): void {
    const { emitter } = this;
    const passed = emitter.name('L');
    emitter.open(`${passed}: {`);
    for (const arg of args) {
      if (arg.kind !== 'and' && arg.kind !== 'or') {
        const operand = this.compile(arg);
        emitter.emit(`if (${this.#isTrue(operand)}) break ${passed};`);
        continue;
      }
      const failed = emitter.name('L');
      emitter.open(`${failed}: {`);
      this.compileFilter(arg, `break ${failed};`);
      emitter.emit(`break ${passed};`);
      emitter.close();
    }
    emitter.emit(otherwise);
    emitter.close();
  }

  #isTrue(operand: Operand): Code {
    if (operand.isNull === 'true') return 'false';
    const isTrue = operand.rep === 'bool' ? operand.value : `${operand.value} === true`;
    // A value that is null by itself is not true either.
    const isNullItself = operand.isNull === 'false' || operand.isNull === `(${operand.value} === null)`;
    return isNullItself ? isTrue : `!(${operand.isNull}) && ${isTrue}`;
  }

  compile(expr: Expr): Operand {
    const computed = this.options.computed?.get(expr);
    return computed === undefined ? this.#walk.of(expr) : this.anyResult(computed, expr.typeOid);
  }

  #compileOne(expr: Expr): Operand {
    if (!this.#isHoisting && worthHoisting(expr) && isInvariant(expr)) return this.#hoist(expr);
    switch (expr.kind) {
      case 'const':
        return this.#constant(expr);
      case 'param':
        return this.#fromContext(`x.params[${expr.index}]`, expr.typeOid);
      case 'execParam':
        return this.#fromContext(`x.execParams[${expr.index}]`, expr.typeOid);
      case 'column':
        return this.options.column(expr.input, expr.index);
      case 'systemColumn':
        return this.#systemColumn(expr.input, expr.name, expr.tableOid);
      case 'row':
        return this.#row(expr);
      case 'call':
        return compileCall(this, expr);
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
        const elements = compileList(this, expr.elements);
        const make = this.emitter.bind(runtime.makeArray, 'makeArray');
        return this.anyResult(
          `${make}(${expr.elementType}, ${elements}, ${expr.multidimensional})`,
          expr.typeOid,
          'false',
        );
      }
      case 'rowCompare':
        return compileRowComparison(this, expr.left, expr.right, expr.operator);
      case 'arrayCompare':
        return compileArrayComparison(this, expr.left, expr.array, expr.operator, expr.all);
      case 'inList':
        return compileInList(this, expr);
      case 'subscript':
        return this.#subscript(expr);
      case 'field': {
        const base = this.compileToAny(expr.base);
        return this.anyResult(`${base} === null ? null : (${base}.values[${expr.index}] ?? null)`, expr.typeOid);
      }
      case 'ioCast':
        return this.#ioCast(expr.arg, expr.typeOid, expr.typeModifier);
      case 'typmodCast': {
        const operand = this.compile(expr.arg);
        const cast = decimalCast(this, operand, expr.typeModifier);
        if (cast !== null) return cast;
        const arg = this.local(this.toAny(operand));
        const apply = this.emitter.bind(applyTypmod(expr.typeOid, expr.typeModifier, expr.explicit), 'typmod');
        return this.anyResult(`${arg} === null ? null : ${apply}(${arg})`, expr.typeOid);
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
  anyResult(code: Code, typeOid: number, isNull?: Code): Operand {
    const name = this.emitter.name('v');
    this.emitter.emit(`const ${name} = ${code};`);
    return { rep: repOfType(typeOid), typeOid, value: name, isNull: isNull ?? `(${name} === null)` };
  }

  /** Read once at the start of the generated function. */
  #fromContext(code: Code, typeOid: number): Operand {
    const name = this.emitter.name('p');
    this.emitter.prelude(`const ${name} = ${code};`);
    return { rep: repOfType(typeOid), typeOid, value: name, isNull: `(${name} === null)` };
  }

  #constant(expr: ConstExpr): Operand {
    if (expr.literalIndex >= 0) {
      const read = this.emitter.bind(constantReader(this.slots, expr), 'read');
      const { value, typeOid } = this.#fromContext(`${read}(x)`, expr.typeOid);
      // No text of a literal is read as null.
      return { rep: repOfType(typeOid), typeOid, value, isNull: 'false' };
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
    return { rep, typeOid: expr.typeOid, value: this.emitter.bind(value, 'c'), isNull: 'false' };
  }

  /** A place for what is computed once. */
  onceSlot(): Code {
    const { kept } = this.slots;
    return `${kept === null ? 'x.once' : this.emitter.bind(kept, 'once')}[${this.slots.onceCount++}]`;
  }

  /** Computes an invariant expression once an execution. */
  #hoist(expr: Expr): Operand {
    const slot = this.onceSlot();
    const name = this.emitter.name('h');
    this.emitter.prelude(`let ${name} = ${slot};`);
    this.emitter.open(`if (${name} === undefined) {`);
    const inner = new ExpressionCompiler({ ...this.options, bail: null });
    inner.#isHoisting = true;
    inner.#caseSubject = this.#caseSubject;
    this.emitter.emit(`${name} = ${slot} = ${inner.toAny(inner.compile(expr))};`);
    this.emitter.close();
    return { rep: repOfType(expr.typeOid), typeOid: expr.typeOid, value: name, isNull: `(${name} === null)` };
  }

  /** Inside a hoisted expression nothing more is hoisted. */
  #isHoisting = false;

  #systemColumn(input: number, name: string, tableOid: number): Operand {
    const lookup = this.options.systemColumn;
    if (lookup === undefined) throw new Error(`no system columns here: ${name}`);
    return lookup(input, name, tableOid);
  }

  #row(expr: RowExpr): Operand {
    const { fields, typeOid } = expr;
    const values = fields.map((f) => this.compileToAny(f));
    const types = this.emitter.bind(fields.map((f) => f.typeOid));
    const names = this.emitter.bind(expr.names);
    const record = this.emitter.bind(SqlRecord, 'SqlRecord');
    const made = `new ${record}(${types}, [${values.join(', ')}], ${names})`;
    if (expr.presence === undefined) return this.anyResult(made, typeOid, 'false');
    return this.anyResult(`${this.compileToAny(expr.presence)} === null ? null : ${made}`, typeOid);
  }

  #logic(kind: 'and' | 'or', args: readonly Expr[]): Operand {
    const emitter = this.emitter;
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
    const emitter = this.emitter;
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
    const name = this.emitter.name('v');
    this.emitter.emit(`const ${name} = ${this.toAny(operand)};`);
    return { rep: repOfType(operand.typeOid), value: name, isNull: `(${name} === null)`, scale: undefined };
  }

  #coalesce(args: readonly Expr[], typeOid: number): Operand {
    const emitter = this.emitter;
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
    const f = equalityCall(this, equality, [left.typeOid, right.typeOid]);
    const value = this.compileToAny(result);
    return this.anyResult(`${l} !== null && ${r} !== null && ${f}${l}, ${r}) === true ? null : ${value}`, typeOid);
  }

  #minMax(kind: 'greatest' | 'least', args: readonly Expr[], typeOid: number): Operand {
    const emitter = this.emitter;
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
    const f = equalityCall(this, equality, [left.typeOid, right.typeOid]);
    const same = `(${l} === null || ${r} === null ? ${l} === ${r} : ${f}${l}, ${r}) === true)`;
    return { rep: 'bool', typeOid: OID.BOOL, value: negated ? same : `!${same}`, isNull: 'false' };
  }

  #subscript(expr: Extract<Expr, { kind: 'subscript' }>): Operand {
    const base = this.compileToAny(expr.base);
    const bound = (e: Expr | null): Code => (e === null ? 'undefined' : this.compileToAny(e));
    if (expr.subscripts.some((s) => s.isSlice)) {
      const bounds = expr.subscripts.map((s) =>
        s.isSlice ? `[${bound(s.lower)}, ${bound(s.upper)}]` : `[1, ${bound(s.upper ?? s.lower)}]`,
      );
      const slice = this.emitter.bind(runtime.sliceArray, 'sliceArray');
      return this.anyResult(`${base} === null ? null : ${slice}(${base}, [${bounds.join(', ')}])`, expr.typeOid);
    }
    const positions = expr.subscripts.map((s) => bound(s.lower ?? s.upper));
    const baseOid = baseTypeOid(expr.base.typeOid);
    const at =
      baseOid === OID.NAME
        ? this.emitter.bind(runtime.subscriptName, 'subscriptName')
        : GEOMETRIC.has(baseOid)
          ? this.emitter.bind(runtime.subscriptGeometry, 'subscriptGeometry')
          : this.emitter.bind(runtime.subscriptArray, 'subscriptArray');
    return this.anyResult(`${base} === null ? null : ${at}(${base}, [${positions.join(', ')}])`, expr.typeOid);
  }

  #ioCast(arg: Expr, typeOid: number, typeModifier: number): Operand {
    const value = this.compileToAny(arg);
    const output = this.emitter.bind(outputText, 'outputText');
    const input = this.emitter.bind(inputText, 'inputText');
    const text = isTextLike(arg.typeOid) ? value : `${output}(${arg.typeOid}, ${value}, x.functions.format)`;
    const converted =
      isPlainText(typeOid) && typeModifier < 0
        ? text
        : `${input}(${typeOid}, ${typeModifier}, ${text}, x.functions.format)`;
    return this.anyResult(`${value} === null ? null : ${converted}`, typeOid);
  }

  #arrayCast(arg: Expr, element: Expr, typeOid: number): Operand {
    const emitter = this.emitter;
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
    return this.anyResult(
      `${array} === null ? null : ${coerce}(${array}, ${typeByOid(typeOid)?.elementOid ?? 0}, ${convert})`,
      typeOid,
    );
  }

  #subplan(expr: SubplanExpr): Operand {
    const emitter = this.emitter;
    const slot = this.slots.subplanSlot(expr);
    for (const param of expr.params) {
      emitter.emit(`x.execParams[${param.index}] = ${this.toAny(this.compile(param.value))};`);
    }
    const runner = `x.subplan(${slot})`;
    switch (expr.mode) {
      case 'exists':
        return this.anyResult(`${runner}.exists(x)`, OID.BOOL, 'false');
      case 'scalar':
        return this.anyResult(`${runner}.scalar(x)`, expr.typeOid);
      case 'array':
        return this.anyResult(`${runner}.array(x)`, expr.typeOid);
      default:
        return this.#quantifiedSubplan(expr, runner);
    }
  }

  #quantifiedSubplan(expr: SubplanExpr, runner: Code): Operand {
    const emitter = this.emitter;
    if (expr.hashKeys !== null) {
      const found = emitter.name('h');
      emitter.emit(`let ${found} = false;`);
      emitter.open(`if (${runner}.fillHashed(x)) {`);
      const keys = expr.hashKeys.map((k) => this.compileToAny(k));
      emitter.emit(`${found} = ${runner}.hashed([${keys.join(', ')}]);`);
      emitter.close();
      return this.anyResult(found, OID.BOOL);
    }
    const row = emitter.name('r');
    const test = emitter.name('t');
    emitter.open(`const ${test} = (${row}) => {`);
    const inner = new ExpressionCompiler({
      ...this.options,
      bail: null,
      column: (input, index) =>
        input === 2
          ? {
              rep: repOfType(expr.plan.output[index].typeOid),
              typeOid: expr.plan.output[index].typeOid,
              value: `${row}[${index}]`,
              isNull: `(${row}[${index}] === null)`,
            }
          : this.options.column(input, index),
    });
    inner.#caseSubject = this.#caseSubject;
    emitter.emit(`return ${inner.toAny(inner.compile(expr.test as Expr))};`);
    emitter.close('};');
    if (expr.mode === 'row') return this.anyResult(`${runner}.row(x, ${test})`, OID.BOOL);
    return this.anyResult(`${runner}.quantified(x, ${test}, ${expr.mode === 'all'})`, OID.BOOL);
  }
}

export function isTextLike(typeOid: number): boolean {
  return (
    typeOid === OID.TEXT ||
    typeOid === OID.VARCHAR ||
    typeOid === OID.NAME ||
    typeOid === OID.UNKNOWN ||
    typeOid === OID.JSON
  );
}

export function isPlainText(typeOid: number): boolean {
  return typeOid === OID.TEXT || typeOid === OID.VARCHAR || typeOid === OID.CSTRING;
}

export function worthHoisting(expr: Expr): boolean {
  return expr.kind === 'call' || expr.kind === 'ioCast' || expr.kind === 'typmodCast' || expr.kind === 'array';
}
