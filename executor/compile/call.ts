/**
 * Calls of functions and operators. Most are calls in the generated code, too; comparisons and arithmetic of common types are
 * written out: texts as bytes on the page, int8 and numeric in fast mode (expression.ts) as doubles.
 */
import type { ScalarFunction } from '../../catalog/function-entry.ts';
import type { CallExpr, Expr } from '../../planner/expr.ts';
import { compareText, matchTsqueryAt, OID } from '../../types/index.ts';
import { decimalCall, INTEGER_CASTS, isDecimalCall } from './decimal-calls.ts';
import { documentCall, isDocumentCall } from './document-calls.ts';
import { type Code, isSharingCode } from './emitter.ts';
import type { ExpressionCompiler } from './expression.ts';
import { INT8_FAST, inlineComparison, inlineTemplate } from './inline-calls.ts';
import { isInvariant } from './invariant.ts';
import { anyOf, NULL_OPERAND, type Operand, repOfType } from './operand.ts';
import { isRemembered } from './repeatable.ts';
import * as runtime from './runtime.ts';

const COMPARISON_WORDS: { readonly [suffix: string]: string } = {
  eq: '===',
  ne: '!==',
  lt: '<',
  le: '<=',
  gt: '>',
  ge: '>=',
};
/** Which argument of @@ is the tsvector. */
const MATCH_OPERATORS: Readonly<Record<string, number>> = { ts_match_vq: 0, ts_match_qv: 1 };

/** Text comparison functions that compare in byte order. */
const TEXT_COMPARISONS = /^(text_|text|bttext|name)(eq|ne|lt|le|gt|ge)$/;
/** The same of uuid. */
const UUID_COMPARISONS = /^uuid_(eq|ne|lt|le|gt|ge)$/;
/** Those that look for NaN. */
const FLOAT_COMPARISONS = /^float(8|4|48|84)(eq|ne|lt|le|gt|ge)$/;

/** Conditions longer than this are held in a local: a chain of operators would repeat them at each. */
const CONDITION_MAX = 60;

function eitherNull(c: ExpressionCompiler, operands: readonly Operand[]): Code {
  const isNull = anyOf(operands.map((operand) => operand.isNull));
  return isNull.length > CONDITION_MAX ? c.local(isNull) : isNull;
}

/** A call, in the best form that there is for it. */
export function compileCall(c: ExpressionCompiler, expr: CallExpr): Operand {
  const fn = expr.function;
  if (expr.spreadsArray === true) return variadicCall(c, expr);
  const partial = c.options.partialCall?.(expr, (arg) => c.compileToAny(arg)) ?? null;
  if (partial !== null) return partial;
  if (expr.function.internalName in MATCH_OPERATORS) return matchCall(c, expr);
  if (isDocumentCall(expr)) {
    const operands = expr.args.map((arg) => c.compile(arg));
    return documentCall(c, expr, operands) ?? plainCall(c, expr.function, operands, expr);
  }
  const inline = inlineCall(c, expr);
  if (inline !== null) return inline;
  const args = expr.args.map((a) => c.compile(a));
  return plainCall(c, fn, args, expr);
}

function variadicCall(c: ExpressionCompiler, expr: CallExpr): Operand {
  const types = expr.args.map((arg) => arg.typeOid);
  const call = c.emitter.bind(runtime.variadicCaller(expr.function, types, expr.typeOid), 'variadic');
  const args = expr.args.map((arg) => c.compileToAny(arg));
  return c.anyResult(`${call}(x, [${args.join(', ')}])`, expr.typeOid);
}

/** A name for the function itself, made for the types of its arguments. */
export function implementation(
  c: ExpressionCompiler,
  fn: ScalarFunction,
  argTypes: readonly number[],
  returnType: number,
): Code {
  return c.emitter.bind(runtime.plainCaller(fn, argTypes, returnType), 'fn');
}

/** The call's beginning, up to its first operand: comparisons of times with and without zone ask the session. */
export function equalityCall(c: ExpressionCompiler, fn: ScalarFunction, argTypes: readonly number[]): Code {
  return `${implementation(c, fn, argTypes, OID.BOOL)}(${fn.needsContext ? 'x.functions, ' : ''}`;
}

function plainCall(c: ExpressionCompiler, fn: ScalarFunction, args: readonly Operand[], expr: CallExpr): Operand {
  const types = expr.args.map((a) => a.typeOid);
  const f = implementation(c, fn, types, expr.typeOid);
  const context = fn.needsContext ? ['x.functions'] : [];
  const made = (code: Code): Code => (c.options.remembers === true && isRemembered(expr) ? onceCode(c, code) : code);
  if (!fn.strict) {
    return c.anyResult(made(`${f}(${[...context, ...args.map((a) => c.toAny(a))].join(', ')})`), expr.typeOid);
  }
  const isNull = eitherNull(c, args);
  if (isNull === 'true') return NULL_OPERAND(expr.typeOid);
  const call = made(`${f}(${[...context, ...args.map((a) => c.nonNull(a))].join(', ')})`);
  return c.anyResult(isNull === 'false' ? call : `${isNull} ? null : ${call}`, expr.typeOid);
}

/** The call at this place of the row, which answers what it answered when the row was begun before. */
function onceCode(c: ExpressionCompiler, call: Code): Code {
  return `${c.emitter.bind(runtime.once, 'once')}(x, ${c.emitter.bind({}, 'place')}, () => ${call})`;
}

/** octet_length(text): of a text that lies on a page, without reading it. */
function octetLength(c: ExpressionCompiler, expr: CallExpr): Operand {
  const operand = c.compile(expr.args[0]);
  if (operand.rep !== 'slice') return plainCall(c, expr.function, [operand], expr);
  return { rep: 'num', typeOid: expr.typeOid, value: `(${operand.end} - ${operand.start})`, isNull: operand.isNull };
}

/** tsvector @@ tsquery: over the bytes of the page, where the vector lies there. */
function matchCall(c: ExpressionCompiler, expr: CallExpr): Operand {
  const operands = expr.args.map((arg) => c.compile(arg));
  const vectorAt = MATCH_OPERATORS[expr.function.internalName];
  const vector = operands[vectorAt];
  const isNull = eitherNull(c, operands);
  if (vector.rep !== 'slice' || isNull === 'true') return plainCall(c, expr.function, operands, expr);
  const match = c.emitter.bind(matchTsqueryAt, 'match');
  const query = c.nonNull(operands[1 - vectorAt]);
  return {
    rep: 'bool',
    typeOid: OID.BOOL,
    value: `${match}(u8, ${vector.start}, ${vector.end}, ${query})`,
    isNull,
  };
}

/** Casts to wider integers: a plain number stays what it is. */
const WIDENING_CASTS: readonly string[] = ['i2toi4', 'int28', 'int48'];

function inlineCall(c: ExpressionCompiler, expr: CallExpr): Operand | null {
  const { function: fn, args } = expr;
  if (WIDENING_CASTS.includes(fn.internalName)) {
    const operand = c.compile(args[0]);
    return operand.rep === 'num' ? { ...operand, typeOid: expr.typeOid } : plainCall(c, fn, [operand], expr);
  }
  if (c.options.bail !== null && INTEGER_CASTS.includes(fn.internalName)) {
    const operand = c.compile(args[0]);
    if (operand.rep !== 'num') return plainCall(c, fn, [operand], expr);
    return { rep: 'dec', typeOid: OID.NUMERIC, value: operand.value, isNull: operand.isNull, scale: 0 };
  }
  const name = fn.internalName;
  if (c.options.bail !== null && isDecimalCall(name)) {
    const operands = args.map((arg) => c.compile(arg));
    const isNull = eitherNull(c, operands);
    if (isNull === 'true') return NULL_OPERAND(expr.typeOid);
    return decimalCall(c, expr, operands, isNull) ?? plainCall(c, fn, operands, expr);
  }
  if (name === 'textoctetlen') return octetLength(c, expr);
  if (args.length !== 2) return null;
  const comparison = inlineComparison(name);
  const template = inlineTemplate(name);
  const isText = TEXT_COMPARISONS.test(name) || UUID_COMPARISONS.test(name);
  if (comparison === undefined && template === undefined && !isText) return null;
  const a = c.compile(args[0]);
  const b = c.compile(args[1]);
  const isNull = eitherNull(c, [a, b]);
  if (isNull === 'true') return NULL_OPERAND(expr.typeOid);
  if (isText) return textComparison(c, name, a, b, args, isNull);
  if (isSharingCode() && FLOAT_COMPARISONS.test(name)) return shortCall(c, expr, a, b, isNull);
  if (comparison !== undefined) {
    return {
      rep: 'bool',
      typeOid: OID.BOOL,
      value: `(${comparison(c.nonNull(a), c.nonNull(b))})`,
      isNull,
    };
  }
  const fast = INT8_FAST[name];
  if (fast !== undefined && c.options.bail !== null && a.rep === 'num' && b.rep === 'num') {
    return guarded(c, `${a.value} ${fast} ${b.value}${fast === '*' ? ' + 0' : ''}`, isNull, expr.typeOid);
  }
  if (isSharingCode()) return shortCall(c, expr, a, b, isNull);
  const result = c.emitter.name('v');
  const call = implementation(
    c,
    fn,
    args.map((x) => x.typeOid),
    expr.typeOid,
  );
  const rep = repOfType(expr.typeOid);
  c.emitter.emit(`let ${result} = ${rep === 'num' ? '0' : 'null'};`);
  if (isNull !== 'false') c.emitter.open(`if (!(${isNull})) {`);
  template!((line) => c.emitter.emit(line), result, c.local(c.nonNull(a)), c.local(c.nonNull(b)), call);
  if (isNull !== 'false') c.emitter.close();
  return { rep, typeOid: expr.typeOid, value: result, isNull: rep === 'num' ? isNull : `(${result} === null)` };
}

/**
 * In code that is shared, for a few rows of many statements, a call stands where there would be code in line: V8 takes longer to compile
 * that than the rows take.
 */
function shortCall(c: ExpressionCompiler, expr: CallExpr, a: Operand, b: Operand, isNull: Code): Operand {
  const { args, typeOid } = expr;
  const call = implementation(
    c,
    expr.function,
    args.map((arg) => arg.typeOid),
    typeOid,
  );
  const code = `${call}(${c.nonNull(a)}, ${c.nonNull(b)})`;
  const rep = repOfType(typeOid);
  if (isNull === 'false') return c.anyResult(code, typeOid, rep === 'any' ? undefined : 'false');
  if (rep === 'any') return c.anyResult(`${isNull} ? null : ${code}`, typeOid);
  const instead = rep === 'bool' ? 'false' : rep === 'num' ? '0' : 'null';
  return c.anyResult(`${isNull} ? ${instead} : ${code}`, typeOid, isNull);
}

/** Fast mode: a double that must be a safe integer, or the row is left to generic mode. */
function guarded(c: ExpressionCompiler, code: Code, isNull: Code, typeOid: number): Operand {
  const name = c.emitter.name('v');
  c.emitter.emit(`const ${name} = ${code};`);
  const test = `if (!(${name} <= 9007199254740991 && ${name} >= -9007199254740991)) break ${c.options.bail};`;
  c.emitter.emit(isNull === 'false' ? test : `if (!(${isNull})) ${test}`);
  return { rep: 'num', typeOid, value: name, isNull };
}

function textComparison(
  c: ExpressionCompiler,
  name: string,
  a: Operand,
  b: Operand,
  args: readonly Expr[],
  isNull: Code,
): Operand {
  const suffix = name.slice(-2);
  const operator = COMPARISON_WORDS[suffix];
  const bool = (value: Code): Operand => ({ rep: 'bool', typeOid: OID.BOOL, value: `(${value})`, isNull });
  const slice = a.start !== undefined ? a : b.start !== undefined ? b : null;
  const other = slice === a ? b : a;
  const otherExpr = slice === a ? args[1] : args[0];
  if (slice !== null && isInvariant(otherExpr) && (suffix === 'eq' || suffix === 'ne')) {
    // Column against a constant: compared as bytes, where they are.
    const bytes = invariantBytes(c, other, otherExpr);
    const equal = `${slice.end} - ${slice.start} === ${bytes}.length && ${c.emitter.bind(runtime.bytesEqual, 'bytesEqual')}(u8, ${slice.start}, ${bytes})`;
    return bool(suffix === 'eq' ? equal : `!(${equal})`);
  }
  if (slice !== null && isInvariant(otherExpr)) {
    const bytes = invariantBytes(c, other, otherExpr);
    const compare = `${c.emitter.bind(runtime.compareBytes, 'compareBytes')}(u8, ${slice.start}, ${slice.end}, ${bytes})`;
    return bool(slice === a ? `${compare} ${operator} 0` : `0 ${operator} ${compare}`);
  }
  const left = c.nonNull(a);
  const right = c.nonNull(b);
  if (suffix === 'eq' || suffix === 'ne') return bool(`${left} ${operator} ${right}`);
  return bool(`${c.emitter.bind(compareText, 'compareText')}(${left}, ${right}) ${operator} 0`);
}

/** Bytes of an invariant text or uuid, made once an execution. */
function invariantBytes(c: ExpressionCompiler, operand: Operand, { typeOid }: Expr): Code {
  const slot = c.onceSlot();
  const name = c.emitter.name('b');
  const make = c.emitter.bind(typeOid === OID.UUID ? runtime.uuidBytes : runtime.utf8Bytes, 'bytesOf');
  c.emitter.prelude(`let ${name} = ${slot};`);
  c.emitter.emit(`if (${name} === undefined) ${name} = ${slot} = ${make}(${c.toAny(operand)}) ?? new Uint8Array(0);`);
  return name;
}
