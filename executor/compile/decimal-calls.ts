/**
 * Calls over numeric in fast mode. A decimal is a double there, times ten to a scale that is known when the code is generated; where it is not
 * a safe integer, or has another scale, the double is NaN and the value stands in a register (types/numeric-registers.ts), with its own
 * scale. So one comparison of a result says that it is good: NaN of an operand makes it fail too, and then the registers compute. What they
 * cannot compute either (NaN and infinities, more digits, errors) leaves the fast block.
 */
import type { CallExpr, Expr } from '../../planner/expr.ts';
import { Numeric, numericPrecision, numericScale, OID } from '../../types/index.ts';
import * as registers from '../../types/numeric-registers.ts';
import { decimalFrom } from '../row/row-reader.ts';
import type { Code, Emitter } from './emitter.ts';
import type { ExpressionCompiler } from './expression.ts';
import { isInvariant } from './invariant.ts';
import type { Operand } from './operand.ts';

const { REGISTER_SIZE, SCRATCH } = registers;
/** Powers of ten by which a safe integer may still be a safe integer. */
const SHIFT_MAX = 15;
const SAFE = Number.MAX_SAFE_INTEGER;
/** Digits of which any number is a safe integer. */
const PRECISION_MAX = 15;
/** The double of what always stands in its register. */
const NEVER: Code = 'NaN';
/** Of a parameter: of most, and of money. */
const PARAMETER_SCALE = 2;

/** Registers of a generated function: it runs to its end, or to an error, before anything else runs it, so that they are its alone. */
class FunctionRegisters {
  #places = SCRATCH;
  #file: Float64Array | null = null;
  /** Its local in the function. */
  readonly name: Code;

  constructor(emitter: Emitter) {
    this.name = emitter.name('R');
    emitter.prelude(`const ${this.name} = ${emitter.bind(this, 'registers')}.file();`);
  }

  allocate(): number {
    this.#places += REGISTER_SIZE;
    return this.#places - REGISTER_SIZE;
  }

  file(): Float64Array {
    this.#file ??= new Float64Array(this.#places);
    return this.#file;
  }
}

const registersOfEmitters = new WeakMap<Emitter, FunctionRegisters>();

function registersOf(emitter: Emitter): FunctionRegisters {
  let known = registersOfEmitters.get(emitter);
  if (known === undefined) {
    known = new FunctionRegisters(emitter);
    registersOfEmitters.set(emitter, known);
  }
  return known;
}

/** The register file of the function, in code. */
export function registerFile(emitter: Emitter): Code {
  return registersOf(emitter).name;
}

/** An operand of these calls. */
interface Decimal {
  /** NaN: it stands in the register. */
  readonly value: Code;
  /** Of the double; -1: there is never one. */
  readonly scale: number;
  readonly register: number;
  /** Which it has to be written to first: always, where the value is a double, never. */
  readonly stored: 'never' | 'double' | 'always';
}

/** Binary operators, by how they are computed of safe integers of one scale. */
const ARITHMETIC: { readonly [name: string]: '+' | '-' | '*' } = {
  numeric_add: '+',
  numeric_sub: '-',
  numeric_mul: '*',
};
const COMPARISONS: { readonly [name: string]: '===' | '!==' | '<' | '<=' | '>' | '>=' } = {
  numeric_eq: '===',
  numeric_ne: '!==',
  numeric_lt: '<',
  numeric_le: '<=',
  numeric_gt: '>',
  numeric_ge: '>=',
};
/** Results have the larger of the operands' scales. */
const KEEPING_SCALE: { readonly [name: string]: true } = { numeric_add: true, numeric_sub: true, numeric_mod: true };
type BinaryFunction = (file: Float64Array, a: number, b: number, to: number) => boolean;
const BINARY: { readonly [name: string]: BinaryFunction } = {
  numeric_add: registers.add,
  numeric_sub: registers.subtract,
  numeric_mul: registers.multiply,
  numeric_div: registers.divide,
  numeric_div_trunc: registers.divideTruncated,
  numeric_mod: registers.remainder,
};
const UNARY: { readonly [name: string]: (file: Float64Array, a: number, to: number) => boolean } = {
  numeric_uminus: registers.negate,
  numeric_abs: registers.absolute,
  numeric_ceil: registers.ceiling,
  numeric_floor: registers.floor,
  numeric_sqrt: registers.squareRoot,
};
/** power() is computed here where the exponent is 2. */
const POWER = 'numeric_power';
/** To a scale: numeric_round and numeric_trunc are told it. */
const ROUNDING: { readonly [name: string]: BinaryFunction } = {
  numeric_round: registers.round,
  round_numeric: registers.round,
  numeric_trunc: registers.truncate,
  trunc_numeric: registers.truncate,
};

/** Of plain numbers: decimals without digits behind the point. */
export const INTEGER_CASTS: readonly string[] = ['int2_numeric', 'int4_numeric', 'int8_numeric'];

export function isDecimalCall(name: string): boolean {
  return name in BINARY || name in COMPARISONS || name in UNARY || name in ROUNDING || name === POWER;
}

/** The call's result; null: it is to be called as others are. None of the operands is always null. */
export function decimalCall(
  c: ExpressionCompiler,
  expr: CallExpr,
  operands: readonly Operand[],
  isNull: Code,
): Operand | null {
  if (operands.every(({ rep }) => rep !== 'dec')) return null;
  const name = expr.function.internalName;
  const call = new DecimalCall(c, isNull);
  if (name in UNARY || name in ROUNDING) {
    const decimal = call.own(operands[0]);
    return name in UNARY ? call.unary(name, decimal) : call.rounding(name, decimal, operands, expr.args);
  }
  if (name === POWER) return isTwo(expr.args[1]) ? call.square(operands) : null;
  const [left, right] = operands.map((operand, i) => {
    if (operand.rep === 'dec') return call.own(operand);
    if (!isInvariant(expr.args[i])) return call.loaded(operand);
    const partner = operands[1 - i];
    if (name in COMPARISONS) return call.bound(operand, partner);
    // An invariant takes the scale of the other operand, unless that would show.
    const wanted = name in KEEPING_SCALE ? (partner.scale as number) : -1;
    return call.invariant(operand, likelyScale(expr.args[i]), wanted);
  });
  return name in COMPARISONS ? call.comparison(name, left, right) : call.binary(name, left, right);
}

/** A cast of a decimal to numeric(precision, scale); null: it is to be done as others are. */
export function decimalCast(c: ExpressionCompiler, operand: Operand, typeModifier: number): Operand | null {
  if (operand.rep !== 'dec' || typeModifier < 0) return null;
  const precision = numericPrecision(typeModifier);
  const scale = numericScale(typeModifier);
  if (precision > PRECISION_MAX || scale < 0 || scale > SHIFT_MAX) return null;
  const call = new DecimalCall(c, operand.isNull);
  const result = call.toScale('numeric_round', call.own(operand), scale, null);
  // What does not fit is an error, which the generic code tells.
  const isWithin = `${result.value} < ${10 ** precision} && ${result.value} > ${-(10 ** precision)}`;
  const isNull = operand.isNull === 'false' ? '' : ` && !(${operand.isNull})`;
  c.emitter.emit(`if (!(${isWithin})${isNull}) break ${c.options.bail};`);
  return { ...result, register: undefined };
}

/** 2, at least when the code is generated. */
function isTwo(expr: Expr): boolean {
  if (expr.kind === 'call' && INTEGER_CASTS.includes(expr.function.internalName)) return isTwo(expr.args[0]);
  return expr.kind === 'const' && (expr.value === 2 || (expr.value instanceof Numeric && expr.value.coefficient === 2));
}

/** The scale that an invariant probably has. */
function likelyScale(expr: Expr): number {
  if (expr.kind === 'const') {
    if (expr.typeOid !== OID.NUMERIC) return 0;
    return expr.value?.isFinite === true ? Math.min(expr.value.scale, SHIFT_MAX) : 0;
  }
  if (expr.kind !== 'call') return PARAMETER_SCALE;
  const scales = expr.args.map(likelyScale);
  const name = expr.function.internalName;
  if (name === 'numeric_mul') return scales[0] + scales[1];
  if (name in ARITHMETIC || name === 'numeric_uminus') return Math.max(...scales);
  return INTEGER_CASTS.includes(name) ? 0 : PARAMETER_SCALE;
}

/**
 * A numeric that is the same for all rows: as a double and, where the other operand may stand in a register, in one. Calls of the function for
 * the same value (of an index scan: for each row) find them as they were left.
 */
class Invariant {
  readonly #register: number;
  readonly #scale: number;
  readonly #kind: InvariantKind;
  /** Of this value: the double, and what the register holds. */
  #value: Numeric | null | undefined = undefined;
  #double = 0;

  /** -1: no register. */
  constructor(register: number, scale: number, kind: InvariantKind) {
    this.#register = register;
    this.#scale = scale;
    this.#kind = kind;
  }

  /** NaN: it is none at that scale. */
  double(file: Float64Array, value: Numeric | null): number {
    if (value === this.#value) return this.#double;
    this.#value = value;
    this.#double = this.#load(file, value);
    return this.#double;
  }

  #load(file: Float64Array, value: Numeric | null): number {
    const isBound = this.#kind === 'bound';
    if (value === null) return isBound ? Number.NaN : 0;
    if (this.#register >= 0 && !setNumeric(file, this.#register, value)) return isBound ? Number.NaN : Infinity;
    return isBound ? decimalBound(value, this.#scale) : scaledDouble(value, this.#scale, this.#kind === 'shown');
  }
}

/** An operand whose scale shows in the result, one that may be given zeros, or what is compared: then NaN leaves the fast block, else Infinity. */
type InvariantKind = 'shown' | 'padded' | 'bound';

/** Times 10^scale as a double; NaN, if that is not exact, or not what it is to be. */
function scaledDouble(value: Numeric, scale: number, isShown: boolean): number {
  if (value.scale > scale || (isShown && value.scale !== scale)) return Number.NaN;
  const result = Number(value.coefficient) * 10 ** (scale - value.scale);
  return Number.isSafeInteger(result) ? result : Number.NaN;
}

/**
 * A double that compares with every integer coefficient of the given scale as the numeric itself compares with the column's
 * value: exact where it is an integer, otherwise half-way between its two neighbours. NaN for NaN.
 */
function decimalBound(value: Numeric, scale: number): number {
  if (value.isNaN) return Number.NaN;
  if (!value.isFinite) return value.sign() > 0 ? Infinity : -Infinity;
  if (value.scale <= scale) return Number(value.coefficient) * 10 ** (scale - value.scale);
  const divisor = 10n ** BigInt(value.scale - scale);
  const coefficient = BigInt(value.coefficient);
  const quotient = coefficient / divisor;
  if (quotient * divisor === coefficient) return Number(quotient);
  return Number(quotient) + (coefficient < 0n ? -0.5 : 0.5);
}

/** false: no decimal that a register can hold. */
function setNumeric(file: Float64Array, to: number, value: Numeric): boolean {
  return value.isFinite && registers.setRegister(file, to, value.coefficient, value.scale);
}

/** Code for the Numeric of a decimal that is not null. */
export function decimalValue(emitter: Emitter, { value, scale, register }: Operand): Code {
  const plain = `${emitter.bind(decimalFrom, 'decimalFrom')}(${value}, ${scale})`;
  if (register === undefined) return plain;
  const ofRegister = `${emitter.bind(numericFrom, 'numericFrom')}(${registerFile(emitter)}, ${register})`;
  return value === NEVER ? ofRegister : `(${value} === ${value} ? ${plain} : ${ofRegister})`;
}

function numericFrom(file: Float64Array, at: number): Numeric {
  return Numeric.fromScaled(registers.coefficientOf(file, at), registers.scaleOf(file, at));
}

/** Code of one call. */
class DecimalCall {
  readonly #c: ExpressionCompiler;
  readonly #emitter: Emitter;
  readonly #isNull: Code;
  readonly #registers: FunctionRegisters;

  constructor(c: ExpressionCompiler, isNull: Code) {
    this.#c = c;
    this.#emitter = c.emitter;
    this.#isNull = isNull;
    this.#registers = registersOf(c.emitter);
  }

  /** An operand that is a decimal. */
  own({ value, scale, register }: Operand): Decimal {
    if (register !== undefined) return { value, scale: scale as number, register, stored: 'double' };
    return { value, scale: scale as number, register: this.#registers.allocate(), stored: 'always' };
  }

  /** Any numeric. */
  loaded(operand: Operand): Decimal {
    const register = this.#registers.allocate();
    const load = `${this.#bind(setNumeric)}(${this.#registers.name}, ${register}, ${this.#c.nonNull(operand)})`;
    this.#emitter.emit(`if (${this.#notNull(' && ')}!${load}) break ${this.#bail};`);
    return { value: NEVER, scale: -1, register, stored: 'never' };
  }

  /** Of a scale that is `likely`, or at the `wanted` one, if it has no more digits. */
  invariant(operand: Operand, likely: number, wanted: number): Decimal {
    const register = this.#registers.allocate();
    const scale = Math.max(likely, wanted);
    const value = this.#once(operand, new Invariant(register, scale, scale === wanted ? 'padded' : 'shown'));
    this.#emitter.emit(`if (${value} === Infinity) break ${this.#bail};`);
    return { value, scale, register, stored: 'never' };
  }

  /** An invariant that is compared with `partner`. */
  bound(operand: Operand, partner: Operand): Decimal {
    const register = partner.register === undefined ? -1 : this.#registers.allocate();
    const scale = Math.max(partner.scale as number, 0);
    const value = this.#once(operand, new Invariant(register, scale, 'bound'));
    this.#emitter.emit(`if (${value} !== ${value}) break ${this.#bail};`);
    return { value, scale, register, stored: 'never' };
  }

  /** A double that a call of the function asks for at its first row. */
  #once(operand: Operand, invariant: Invariant): Code {
    const value = this.#emitter.name('d');
    const isKnown = this.#emitter.name('k');
    const code = `${this.#bind(invariant)}.double(${this.#registers.name}, ${this.#c.toAny(operand)})`;
    this.#emitter.prelude(`let ${value} = 0, ${isKnown} = false;`);
    this.#emitter.emit(`if (!${isKnown}) { ${value} = ${code}; ${isKnown} = true; }`);
    return value;
  }

  binary(name: string, a: Decimal, b: Decimal): Operand {
    const to = this.#registers.allocate();
    const call = `${this.#bind(BINARY[name])}(${this.#registers.name}, ${a.register}, ${b.register}, ${to})`;
    if (name === 'numeric_mul' && a.scale >= 0 && b.scale >= 0)
      return this.#result(`${a.value} * ${b.value} + 0`, a.scale + b.scale, call, [a, b], to);
    const both = name === 'numeric_div' ? null : this.#atOneScale(a, b);
    if (both === null) return this.#result(null, -1, call, [a, b], to);
    const [left, right, scale] = both;
    if (name in ARITHMETIC) return this.#result(`${left} ${ARITHMETIC[name]} ${right}`, scale, call, [a, b], to);
    // Of safe integers: the quotient is not rounded up to an integer, so that its product with the divisor is exact.
    const l = this.#c.local(left);
    const r = this.#c.local(right);
    const isSafe = `${l} <= ${SAFE} && ${l} >= -${SAFE} && ${r} <= ${SAFE} && ${r} >= -${SAFE} && ${r} !== 0`;
    const cut = `Math.trunc(${l} / ${r})`;
    return name === 'numeric_mod'
      ? this.#result(`${isSafe} ? ${l} - ${cut} * ${r} : NaN`, scale, call, [a, b], to)
      : this.#result(`${isSafe} ? ${cut} + 0 : NaN`, 0, call, [a, b], to);
  }

  unary(name: string, a: Decimal): Operand {
    const to = this.#registers.allocate();
    const call = `${this.#bind(UNARY[name])}(${this.#registers.name}, ${a.register}, ${to})`;
    if (a.scale < 0 || a.scale > SHIFT_MAX) return this.#result(null, -1, call, [a], to);
    if (name === 'numeric_sqrt') return this.#result(null, -1, call, [a], to);
    if (name === 'numeric_uminus') return this.#result(`0 - ${a.value}`, a.scale, call, [a], to);
    if (name === 'numeric_abs') return this.#result(`Math.abs(${a.value})`, a.scale, call, [a], to);
    const next = name === 'numeric_ceil' ? 'ceil' : 'floor';
    return this.#result(`Math.${next}(${a.value} / ${10 ** a.scale}) + 0`, 0, call, [a], to);
  }

  /** A base and an exponent, which other statements of the shape may give as something else than 2. */
  square([base, exponent]: readonly Operand[]): Operand | null {
    if (base.rep !== 'dec') return null;
    const to = this.#registers.allocate();
    const a = this.own(base);
    const power = exponent.rep === 'dec' ? exponent.value : this.invariant(exponent, 0, -1).value;
    this.#emitter.emit(`if (${this.#notNull(' && ')}${power} !== 2) break ${this.#bail};`);
    return this.#result(
      null,
      -1,
      `${this.#bind(registers.square)}(${this.#registers.name}, ${a.register}, ${to})`,
      [a],
      to,
    );
  }

  rounding(name: string, a: Decimal, operands: readonly Operand[], args: readonly Expr[]): Operand | null {
    if (operands.length === 1) return this.toScale(name, a, 0, null);
    const [, operand] = operands;
    const [, arg] = args;
    if (operand.rep !== 'num') return null;
    return this.toScale(name, a, arg.kind === 'const' ? arg.value : -1, this.#c.local(operand.value));
  }

  /** `digits`: what a row says, which is probably `scale`; null: it says nothing else. */
  toScale(name: string, a: Decimal, scale: number, digits: Code | null): Operand {
    const to = this.#registers.allocate();
    const call = `${this.#bind(ROUNDING[name])}(${this.#registers.name}, ${a.register}, ${digits ?? scale}, ${to})`;
    const dropped = a.scale - scale;
    if (scale < 0 || scale > SHIFT_MAX) return this.#result(null, -1, call, [a], to);
    if (a.scale < 0 || Math.abs(dropped) > SHIFT_MAX)
      return this.#shortened(this.#result(null, -1, call, [a], to), scale, digits);
    const power = 10 ** Math.abs(dropped);
    let code = `${a.value} * ${power}`;
    if (dropped > 0 && ROUNDING[name] === registers.truncate) code = `Math.trunc(${a.value} / ${power}) + 0`;
    else if (dropped > 0) {
      const value = this.#c.local(a.value);
      const sum = this.#c.local(`${value} + (${value} < 0 ? ${-power / 2} : ${power / 2})`);
      code = `${sum} <= ${SAFE} && ${sum} >= -${SAFE} ? Math.trunc(${sum} / ${power}) + 0 : NaN`;
    }
    if (digits !== null) code = `${digits} === ${scale} ? ${code.includes('?') ? `(${code})` : code} : NaN`;
    return this.#shortened(this.#result(code, scale, call, [a], to), scale, digits);
  }

  /** What was rounded in its register may be a safe integer then. */
  #shortened({ value, register, ...result }: Operand, scale: number, digits: Code | null): Operand {
    const double = this.#emitter.name('v');
    const high = `${this.#registers.name}[${register}]`;
    const isShort = `${high} <= ${SAFE} && ${high} >= -${SAFE}${digits === null ? '' : ` && ${digits} === ${scale}`}`;
    const ofRegister = `${isShort} ? ${high} : NaN`;
    this.#emitter.emit(
      `const ${double} = ${value === NEVER ? ofRegister : `${value} === ${value} ? ${value} : ${ofRegister}`};`,
    );
    return { ...result, value: double, scale, register };
  }

  comparison(name: string, a: Decimal, b: Decimal): Operand {
    const operator = COMPARISONS[name];
    const isNull = this.#isNull;
    const both = this.#atOneScale(a, b);
    const isBool = (value: Code): Operand => ({ rep: 'bool', typeOid: OID.BOOL, value, isNull });
    const mayBeInRegister = a.stored === 'double' || b.stored === 'double' || a.value === NEVER || b.value === NEVER;
    if (both !== null && !mayBeInRegister) return isBool(`(${both[0]} ${operator} ${both[1]})`);
    const value = this.#emitter.name('v');
    const order = this.#emitter.name('o');
    let when = this.#notNull('');
    if (both === null) this.#emitter.emit(`let ${value} = false;`);
    else {
      const [left, right] = both.slice(0, 2).map((code) => this.#c.local(code as Code));
      this.#emitter.emit(`let ${value} = ${left} ${operator} ${right};`);
      when = `${this.#notNull(' && ')}(${left} !== ${left} || ${right} !== ${right})`;
    }
    const compare = this.#bind(registers.compare);
    this.#emitter.open(when === '' ? '{' : `if (${when}) {`);
    this.#emitter.emit(`${this.#store(a)}${this.#store(b)}`);
    this.#emitter.emit(`const ${order} = ${compare}(${this.#registers.name}, ${a.register}, ${b.register});`);
    this.#emitter.emit(`if (${order} === 2) break ${this.#bail};`);
    this.#emitter.emit(`${value} = ${order} ${operator} 0;`);
    this.#emitter.close();
    return isBool(value);
  }

  /** Their doubles at the larger scale, and that; null: there are none, or not certainly exact ones. */
  #atOneScale(a: Decimal, b: Decimal): [Code, Code, number] | null {
    const difference = a.scale - b.scale;
    if (a.scale < 0 || b.scale < 0 || Math.abs(difference) > SHIFT_MAX) return null;
    const times = (value: Code, digits: number): Code => (digits === 0 ? value : `${value} * ${10 ** digits}`);
    return difference > 0
      ? [a.value, times(b.value, difference), a.scale]
      : [times(a.value, -difference), b.value, b.scale];
  }

  /** The double that `code` computes or, where it is no safe integer, what `call` puts into the register `to`. */
  #result(code: Code | null, scale: number, call: Code, operands: readonly Decimal[], to: number): Operand {
    const isNull = this.#isNull;
    const work = `${operands.map((operand) => this.#store(operand)).join('')}if (!${call}) break ${this.#bail};`;
    if (code === null || operands.some(({ value }) => value === NEVER)) {
      const condition = this.#notNull('');
      this.#emitter.emit(condition === '' ? work : `if (${condition}) { ${work} }`);
      return { rep: 'dec', typeOid: OID.NUMERIC, value: NEVER, scale: -1, register: to, isNull };
    }
    const value = this.#emitter.name('v');
    this.#emitter.emit(`let ${value} = ${code};`);
    const condition = `${this.#notNull(' && ')}!(${value} <= ${SAFE} && ${value} >= -${SAFE})`;
    this.#emitter.emit(`if (${condition}) { ${work} ${value} = NaN; }`);
    return { rep: 'dec', typeOid: OID.NUMERIC, value, scale, register: to, isNull };
  }

  /** Writes a double into its register. */
  #store({ value, scale, register, stored }: Decimal): Code {
    if (stored === 'never' || value === NEVER) return '';
    const file = this.#registers.name;
    const store = `${file}[${register}] = ${value}; ${file}[${register + 1}] = 0; ${file}[${register + 2}] = ${scale};`;
    return stored === 'always' ? `${store} ` : `if (${value} === ${value}) { ${store} } `;
  }

  #notNull(and: string): Code {
    return this.#isNull === 'false' ? '' : `!(${this.#isNull})${and}`;
  }

  get #bail(): string {
    return this.#c.options.bail as string;
  }

  #bind(f: object): Code {
    return this.#emitter.bind(f, 'run');
  }
}
