/**
 * Accumulators: the running state of aggregates, one slot per group, and the code that adds a row to it.
 *
 * The usual aggregates have inline code over plain number arrays; all others call their implementation with a state value per
 * group. DISTINCT and ORDER BY inside an aggregate collect the arguments and run the implementation at the end.
 */
import type { AggregateImplementation, Value } from '../../catalog/function-entry.ts';
import { equalExpr } from '../../planner/equal-expr.ts';
import type { AggregateCall, SortKey } from '../../planner/expr.ts';
import { comparator, hashKey, Numeric, OID } from '../../types/index.ts';
import { NumericSum } from '../../types/numeric-sum.ts';
import { registerFile } from '../compile/decimal-calls.ts';
import type { Emitter } from '../compile/emitter.ts';
import type { ExpressionCompiler } from '../compile/expression.ts';
import { repOfType } from '../compile/operand.ts';
import type { SlotAllocator } from '../compile/slots.ts';
import type { ExecContext } from '../context.ts';
import { decimalFrom } from '../row/row-reader.ts';
import { valueBytes } from '../spill/memory.ts';
import { type Accumulator, compileArgument, conditionCode, emitFilter } from './accumulator.ts';
import { DistinctAccumulator } from './distinct-accumulator.ts';
import { PLACE_BYTES } from './interner.ts';
import { DirectArguments, MadeAccumulator, MadeCollectingAccumulator, MadeSteps } from './made-aggregates.ts';
import { sortRows } from './quicksort.ts';
import { isVariance, VarianceAccumulator } from './variance-accumulator.ts';

const SAFE = Number.MAX_SAFE_INTEGER;
/** No double was added; none is -0 itself. */
const NO_DECIMAL = -0;

class CountAccumulator implements Accumulator {
  readonly stateCount = 1;
  readonly stateBytes = 10;
  readonly isGrowing = false;
  readonly #call: AggregateCall;

  constructor(call: AggregateCall) {
    this.#call = call;
  }

  grow(_x: ExecContext, arrays: Value[][]): void {
    arrays[0].push(0);
  }

  emitStep(emitter: Emitter, compiler: ExpressionCompiler, arrays: readonly string[]): () => void {
    const pass = emitFilter(emitter, compiler, this.#call);
    const tests: string[] = pass === null ? [] : [pass];
    for (const arg of this.#call.args) {
      const { isNull } = compileArgument(emitter, compiler, arg, pass);
      if (isNull !== 'false') tests.push(`!(${isNull})`);
    }
    const condition = tests.length === 0 ? '' : `if (${tests.join(' && ')}) `;
    return () => emitter.emit(`${condition}${arrays[0]}[g]++;`);
  }

  final(_x: ExecContext, arrays: readonly (readonly Value[])[], group: number): Value {
    return arrays[0][group];
  }
}

/** sum and avg over int2, int4, float4, float8 (numbers), and over int8 and numeric with an exact side sum. */
class SumAccumulator implements Accumulator {
  readonly stateCount = 3;
  readonly stateBytes = 40;
  readonly isGrowing = false;
  readonly #call: AggregateCall;
  readonly #isAverage: boolean;
  readonly #argType: number;
  readonly #implementation: AggregateImplementation;
  /** Scale of the doubles in arrays[0] for numeric arguments; set when the fast form is compiled. */
  #scale = 0;

  constructor(call: AggregateCall) {
    this.#call = call;
    this.#isAverage = call.function.name === 'avg';
    this.#argType = call.args[0].typeOid;
    this.#implementation = call.function.create([this.#argType], call.typeOid);
  }

  /** arrays: [0] sum of doubles, [1] rows, [2] exact rest (bigint or NumericSum) or null. */
  grow(_x: ExecContext, arrays: Value[][]): void {
    // 0 is a sum of decimals, which shows its scale.
    arrays[0].push(this.#argType === OID.NUMERIC ? NO_DECIMAL : 0);
    arrays[1].push(0);
    arrays[2].push(null);
  }

  get #isFloat(): boolean {
    return this.#argType === OID.FLOAT4 || this.#argType === OID.FLOAT8;
  }

  emitStep(emitter: Emitter, compiler: ExpressionCompiler, arrays: readonly string[]): () => void {
    const pass = emitFilter(emitter, compiler, this.#call);
    const condition = conditionCode(pass);
    const operand = compileArgument(emitter, compiler, this.#call.args[0], pass);
    const guard = operand.isNull === 'false' ? '' : `if (!(${operand.isNull})) `;
    if (this.#isFloat) {
      // sum(real) is rounded at every step, as float4pl does; avg keeps doubles.
      const round = this.#argType === OID.FLOAT4 && !this.#isAverage ? 'Math.fround' : '';
      const add = `${arrays[0]}[g] = ${round}(${arrays[0]}[g] + ${operand.value}); ${arrays[1]}[g]++;`;
      return () => emitter.emit(`${condition}${guard}{ ${add} }`);
    }
    if (operand.rep === 'num' || operand.rep === 'dec') {
      if (operand.rep === 'dec' && (operand.scale as number) >= 0) this.#scale = operand.scale as number;
      const { value, register } = operand;
      const other = register === undefined ? null : this.#emitRegister(emitter, arrays[2], register);
      const add = this.#emitDouble(emitter, arrays, value, other);
      return () => emitter.emit(`${condition}${guard}{ ${add} ${arrays[1]}[g]++; }`);
    }
    const addExact = emitter.bind(
      (exact: Value[], g: number, value: Value) => this.#addExact(exact, g, value),
      'addExact',
    );
    const value = emitter.name('w');
    emitter.emit(`const ${value} = ${compiler.toAny(operand)};`);
    let add = `${addExact}(${arrays[2]}, g, ${value});`;
    if (this.#argType === OID.INT8)
      add = `if (typeof ${value} === 'number') { ${this.#emitDouble(emitter, arrays, value, null)} } else ${add}`;
    return () => emitter.emit(`${condition}if (${value} !== null) { ${add} ${arrays[1]}[g]++; }`);
  }

  /** Code that adds a double; `other`: what to do where it is NaN. */
  #emitDouble(emitter: Emitter, arrays: readonly string[], value: string, other: string | null): string {
    const spill = emitter.bind((sums: number[], exact: Value[], g: number) => this.#spill(sums, exact, g), 'spill');
    const sum = emitter.name('t');
    const exchange = `{ ${spill}(${arrays[0]}, ${arrays[2]}, g); ${arrays[0]}[g] = ${value}; }`;
    const beyond = other === null ? exchange : `if (${value} === ${value}) ${exchange} else ${other}`;
    return (
      `const ${sum} = ${arrays[0]}[g] + ${value}; ` +
      `if (${sum} <= ${SAFE} && ${sum} >= -${SAFE}) ${arrays[0]}[g] = ${sum}; else ${beyond}`
    );
  }

  /** Code that adds what stands in a register. */
  #emitRegister(emitter: Emitter, exact: string, register: number): string {
    const add = emitter.bind((sums: Value[], g: number, file: Float64Array, at: number) => {
      sums[g] ??= new NumericSum();
      (sums[g] as NumericSum).addRegister(file, at);
    }, 'addRegister');
    return `${add}(${exact}, g, ${registerFile(emitter)}, ${register});`;
  }

  /** Moves the double sum into the exact one, before an addend with which it would be no safe integer. */
  #spill(sums: number[], exact: Value[], g: number): void {
    const sum = sums[g];
    if (this.#argType === OID.NUMERIC) this.#addExact(exact, g, decimalFrom(sum, this.#scale));
    else exact[g] = (exact[g] ?? 0n) + BigInt(sum);
  }

  #addExact(exact: Value[], g: number, value: Value): void {
    if (this.#argType === OID.NUMERIC) {
      exact[g] ??= new NumericSum();
      (exact[g] as NumericSum).add(value);
    } else exact[g] = (exact[g] ?? 0n) + BigInt(value);
  }

  final(x: ExecContext, arrays: readonly (readonly Value[])[], group: number): Value {
    const count = arrays[1][group] as number;
    if (count === 0) return null;
    const sum = arrays[0][group] as number;
    const exact = arrays[2][group];
    if (this.#isFloat) {
      if (!this.#isAverage && !Number.isFinite(sum)) return this.#checked(x, sum);
      return this.#isAverage ? sum / count : sum;
    }
    let total: Numeric | bigint;
    if (this.#argType === OID.NUMERIC) {
      const rest = exact === null ? Numeric.ZERO : (exact as NumericSum).total;
      total = Object.is(sum, NO_DECIMAL) ? rest : rest.add(decimalFrom(sum, this.#scale));
    } else total = (exact ?? 0n) + BigInt(sum);
    if (this.#isAverage) {
      const dividend = typeof total === 'bigint' ? Numeric.fromBigint(total) : total;
      return dividend.div(Numeric.fromNumber(count));
    }
    if (typeof total !== 'bigint') return total;
    if (this.#call.typeOid === OID.NUMERIC) return Numeric.fromBigint(total);
    return total <= BigInt(SAFE) && total >= -BigInt(SAFE) ? Number(total) : total;
  }

  /** Infinite sums: the implementation knows which of them are errors. */
  #checked(x: ExecContext, sum: number): Value {
    return this.#implementation.final(this.#implementation.step(this.#implementation.initial(x.functions), sum));
  }
}

/** min and max of types that compare as numbers do (not floats: NaN). */
class ExtremeAccumulator implements Accumulator {
  readonly stateCount = 1;
  readonly stateBytes = 10;
  readonly isGrowing = false;
  readonly #call: AggregateCall;
  readonly #operator: '<' | '>';

  constructor(call: AggregateCall) {
    this.#call = call;
    this.#operator = call.function.name === 'min' ? '<' : '>';
  }

  grow(_x: ExecContext, arrays: Value[][]): void {
    arrays[0].push(null);
  }

  emitStep(emitter: Emitter, compiler: ExpressionCompiler, arrays: readonly string[]): () => void {
    const pass = emitFilter(emitter, compiler, this.#call);
    const condition = conditionCode(pass);
    const operand = compileArgument(emitter, compiler, this.#call.args[0], pass);
    const value = emitter.name('w');
    emitter.emit(`const ${value} = ${compiler.toAny(operand)};`);
    return () =>
      emitter.emit(
        `${condition}if (${value} !== null && (${arrays[0]}[g] === null || ${value} ${this.#operator} ${arrays[0]}[g])) ${arrays[0]}[g] = ${value};`,
      );
  }

  final(_x: ExecContext, arrays: readonly (readonly Value[])[], group: number): Value {
    return arrays[0][group];
  }
}

/** min and max of numeric: of scaled doubles where rows take the fast way, and of values where they do not. */
class DecimalExtremeAccumulator implements Accumulator {
  readonly stateCount = 2;
  readonly stateBytes = 20;
  readonly isGrowing = false;
  readonly #call: AggregateCall;
  readonly #operator: '<' | '>';
  /** Of the doubles in arrays[0]; set when the fast form is compiled, -1 until then. */
  #scale = -1;

  constructor(call: AggregateCall) {
    this.#call = call;
    this.#operator = call.function.name === 'min' ? '<' : '>';
  }

  /** arrays: [0] the best scaled double, [1] the best Numeric; null: none yet. */
  grow(_x: ExecContext, arrays: Value[][]): void {
    arrays[0].push(null);
    arrays[1].push(null);
  }

  emitStep(emitter: Emitter, compiler: ExpressionCompiler, arrays: readonly string[]): () => void {
    const pass = emitFilter(emitter, compiler, this.#call);
    const condition = conditionCode(pass);
    const operand = compileArgument(emitter, compiler, this.#call.args[0], pass);
    // Of equal ones the last, as in PostgreSQL: they may have other scales.
    const exact = (value: string): string => {
      const best = `${arrays[1]}[g]`;
      const better = `${value} !== null && (${best} === null || ${value}.compare(${best}) ${this.#operator}= 0)`;
      return `if (${better}) ${best} = ${value};`;
    };
    const value = emitter.name('w');
    const { scale, register } = operand;
    if (operand.rep === 'dec' && scale !== -1 && (this.#scale < 0 || this.#scale === scale)) {
      this.#scale = scale as number;
      const guard = operand.isNull === 'false' ? '' : `!(${operand.isNull}) && `;
      emitter.emit(`const ${value} = ${operand.value};`);
      const best = `${arrays[0]}[g]`;
      const isDouble = register === undefined ? '' : `${value} === ${value} && `;
      const better = `${guard}${isDouble}(${best} === null || ${value} ${this.#operator} ${best})`;
      const long = emitter.name('w');
      const other =
        register === undefined
          ? ''
          : ` else if (${guard}${value} !== ${value}) { const ${long} = ${compiler.nonNull(operand)}; ${exact(long)} }`;
      return () => emitter.emit(`${condition}{ if (${better}) ${best} = ${value};${other} }`);
    }
    emitter.emit(`const ${value} = ${compiler.toAny(operand)};`);
    return () => emitter.emit(`${condition}${exact(value)}`);
  }

  final(_x: ExecContext, arrays: readonly (readonly Value[])[], group: number): Value {
    const double = arrays[0][group] as number | null;
    const exact = arrays[1][group] as Numeric | null;
    if (double === null) return exact;
    const decimal = decimalFrom(double, this.#scale);
    if (exact === null) return decimal;
    const order = exact.compare(decimal);
    return (this.#operator === '<' ? order < 0 : order > 0) ? exact : decimal;
  }
}

/** Aggregates whose result holds every row's value. */
const COLLECTING_NAMES = /^(array_agg|string_agg|xmlagg|jsonb?_(object_)?agg)/;
/** A value that is collected: its place, or its share of a text. */
const COLLECTED_BYTES = 16;
/** A row that is collected as an array of values. */
const COLLECTED_ROW_BYTES = 40;

/** Code for what values take that are collected: numbers and booleans nothing but their places. */
function collectedBytesCode(
  emitter: Emitter,
  fixed: number,
  values: readonly { code: string; typeOid: number }[],
): string {
  const sizeOf = emitter.bind(valueBytes, 'sizeOf');
  const others = values.filter(({ typeOid }) => !['num', 'bool'].includes(repOfType(typeOid)));
  return [String(fixed + values.length * COLLECTED_BYTES), ...others.map(({ code }) => `${sizeOf}(${code})`)].join(
    ' + ',
  );
}

/** Calls the aggregate's implementation. */
class CallingAccumulator implements Accumulator {
  readonly stateCount = 1;
  readonly stateBytes = 80;
  readonly isGrowing: boolean;
  readonly #call: AggregateCall;
  readonly #implementation: AggregateImplementation;

  constructor(call: AggregateCall) {
    this.#call = call;
    this.isGrowing = COLLECTING_NAMES.test(call.function.name);
    this.#implementation = call.function.create(
      call.args.map((a) => a.typeOid),
      call.typeOid,
    );
  }

  grow(x: ExecContext, arrays: Value[][]): void {
    arrays[0].push(this.#implementation.initial(x.functions));
  }

  emitStep(emitter: Emitter, compiler: ExpressionCompiler, arrays: readonly string[], groups: string): () => void {
    const { args, function: fn } = this.#call;
    const pass = emitFilter(emitter, compiler, this.#call);
    const condition = conditionCode(pass);
    const values = args.map((a) => {
      const name = emitter.name('w');
      emitter.emit(`const ${name} = ${compiler.toAny(compileArgument(emitter, compiler, a, pass))};`);
      return name;
    });
    const strict = fn.strict && values.length > 0 ? `if (${values.map((v) => `${v} !== null`).join(' && ')}) ` : '';
    const step = emitter.bind(this.#implementation.step.bind(this.#implementation), 'step');
    const add = `${arrays[0]}[g] = ${step}(${[`${arrays[0]}[g]`, ...values].join(', ')});`;
    if (!this.isGrowing) return () => emitter.emit(`${condition}${strict}${add}`);
    const kept = values.map((code, i) => ({ code, typeOid: args[i].typeOid }));
    const bytes = collectedBytesCode(emitter, 0, kept);
    return () => emitter.emit(`${condition}${strict}{ ${add} ${groups}.collectedBytes += ${bytes}; }`);
  }

  final(_x: ExecContext, arrays: readonly (readonly Value[])[], group: number): Value {
    return this.#implementation.final(arrays[0][group]);
  }
}

/** percentile_cont(0.5) WITHIN GROUP (ORDER BY n), array_agg(n ORDER BY n) and the like: a value is all that is collected of a row. */
function collectsValues({ function: fn, made, distinct, args, orderBy }: AggregateCall): boolean {
  if (fn.hypothetical === true || made !== undefined || distinct) return false;
  return args.length === 1 && orderBy.length === 1 && equalExpr(args[0], orderBy[0].expr);
}

/** Those are plain numbers, which V8 sorts by itself. */
function collectsNumbers(call: AggregateCall): boolean {
  const { orderedSet, strict } = call.function;
  return orderedSet === true && strict && repOfType(call.args[0].typeOid) === 'num';
}

/** NaN comes last, as in SQL. */
function numbersInOrder(values: readonly number[], { descending }: SortKey): Float64Array {
  const sorted = new Float64Array(values).sort();
  return descending ? sorted.reverse() : sorted;
}

/** DISTINCT, ORDER BY and ordered-set aggregates: arguments are collected, then sorted, made distinct, and run through. */
class CollectingAccumulator implements Accumulator {
  readonly stateCount = 1;
  readonly stateBytes = 80;
  readonly isGrowing = true;
  readonly #call: AggregateCall;
  readonly #implementation: AggregateImplementation;
  readonly #orderBy: readonly SortKey[];
  readonly mayWait: boolean;
  readonly #direct: DirectArguments;
  /** Groups hold values, not rows; and those are numbers. */
  readonly #isOfValues: boolean;
  readonly #isOfNumbers: boolean;

  constructor(call: AggregateCall, direct: DirectArguments) {
    this.#call = call;
    this.#orderBy = call.orderBy;
    this.#isOfValues = collectsValues(call);
    this.#isOfNumbers = this.#isOfValues && collectsNumbers(call);
    this.#direct = direct;
    this.mayWait = direct.mayWait;
    // A made one is run by others.
    this.#implementation =
      call.made !== undefined
        ? (null as never)
        : call.function.create(
            [...call.directArgs, ...call.args].map((a) => a.typeOid),
            call.typeOid,
          );
  }

  grow(_x: ExecContext, arrays: Value[][]): void {
    arrays[0].push([]);
  }

  emitStep(emitter: Emitter, compiler: ExpressionCompiler, arrays: readonly string[], groups: string): () => void {
    const { args, function: fn } = this.#call;
    const pass = emitFilter(emitter, compiler, this.#call);
    const condition = conditionCode(pass);
    const hold = (expr: AggregateCall['args'][number]): string => {
      const name = emitter.name('w');
      emitter.emit(`const ${name} = ${compiler.toAny(compileArgument(emitter, compiler, expr, pass))};`);
      return name;
    };
    const values = args.map(hold);
    // What is sorted by an argument is sorted by the argument's value, which may be another each time that it is computed.
    const keyOf = (expr: AggregateCall['args'][number]): string => {
      const place = args.findIndex((arg) => equalExpr(arg, expr));
      return place < 0 ? hold(expr) : values[place];
    };
    const keys = this.#isOfValues ? [] : this.#orderBy.map((k) => keyOf(k.expr));
    const strict = fn.strict && values.length > 0 ? `if (${values.map((v) => `${v} !== null`).join(' && ')}) ` : '';
    if (this.#isOfNumbers) {
      const add = `${arrays[0]}[g].push(${values[0]}); ${groups}.collectedBytes += ${PLACE_BYTES};`;
      return () => emitter.emit(`${condition}${strict}{ ${add} }`);
    }
    if (this.#isOfValues) {
      const bytes = collectedBytesCode(emitter, 0, [{ code: values[0], typeOid: args[0].typeOid }]);
      const add = `${arrays[0]}[g].push(${values[0]}); ${groups}.collectedBytes += ${bytes};`;
      return () => emitter.emit(`${condition}${strict}{ ${add} }`);
    }
    const row = [...values, ...keys];
    const exprs = [...args, ...this.#orderBy.map((k) => k.expr)];
    const kept = row.map((code, i) => ({ code, typeOid: exprs[i].typeOid }));
    const bytes = collectedBytesCode(emitter, COLLECTED_ROW_BYTES, kept);
    const add = `${arrays[0]}[g].push([${row.join(', ')}]); ${groups}.collectedBytes += ${bytes};`;
    return () => emitter.emit(`${condition}${strict}{ ${add} }`);
  }

  /** Puts the rows of a group in order, which changes nothing the second time. */
  rowsInOrder(rows: Value[][]): Value[][] {
    const { args, distinct } = this.#call;
    const width = args.length;
    // PostgreSQL sorts to find duplicates, so DISTINCT alone gives sorted input as well.
    if (this.#orderBy.length > 0)
      sortRows(
        rows,
        rowComparator(this.#orderBy, (row: readonly Value[], k) => row[width + k]),
      );
    else if (distinct) {
      const keys = args.map((expr) => ({ expr, descending: false, nullsFirst: false }));
      sortRows(
        rows,
        rowComparator(keys, (row: readonly Value[], k) => row[k]),
      );
    }
    return distinct ? withoutDuplicates(rows, args) : rows;
  }

  final(x: ExecContext, arrays: readonly (readonly Value[])[], group: number, keys: readonly Value[]): Value {
    const width = this.#call.args.length;
    const collected = arrays[0][group] as Value[][];
    const direct = this.#direct.values(x, keys);
    let state: Value;
    if (this.#isOfNumbers) {
      state = this.#implementation.initial(x.functions);
      const bytes = collected.length * Float64Array.BYTES_PER_ELEMENT;
      x.memory.grow(bytes, 'groups and what is collected in them');
      const numbers = numbersInOrder(collected as readonly unknown[] as readonly number[], this.#orderBy[0]);
      for (let i = 0; i < numbers.length; i++) state = this.#implementation.step(state, numbers[i]);
      x.memory.shrink(bytes);
    } else if (this.#isOfValues) {
      const values = arrays[0][group] as Value[];
      sortRows(
        values,
        rowComparator(this.#orderBy, (value: Value) => value),
      );
      state = this.#implementation.initial(x.functions);
      for (const value of values) state = this.#implementation.step(state, value);
    } else {
      const rows = this.rowsInOrder(collected);
      if (this.#call.function.hypothetical) return this.#placeOf(direct, x, rows);
      state = this.#implementation.initial(x.functions);
      for (const each of rows) state = this.#implementation.step(state, ...each.slice(0, width));
    }
    return this.#implementation.final(state, ...direct);
  }

  /** Hypothetical-set aggregates: the rows in order, each compared with the row of the direct arguments. */
  #placeOf(direct: readonly Value[], x: ExecContext, rows: readonly Value[][]): Value {
    const width = this.#call.args.length;
    const compare = rowComparator(this.#orderBy, (row: readonly Value[], k) => row[k]);
    let state = this.#implementation.initial(x.functions);
    let previous: Value[] | null = null;
    for (const row of rows) {
      const keys = row.slice(width, width + this.#orderBy.length);
      const isNewGroup = previous === null || compare(previous, keys) !== 0;
      state = this.#implementation.step(state, compare(keys, direct), isNewGroup);
      previous = keys;
    }
    return this.#implementation.final(state);
  }
}

function withoutDuplicates(rows: readonly Value[][], args: AggregateCall['args']): Value[][] {
  const keys = args.map((a) => hashKey(a.typeOid));
  const seen = new Set<string | unknown>();
  return rows.filter((row) => {
    const parts = args.map((_a, i) => (row[i] === null ? null : keys[i](row[i])));
    const key = parts.length === 1 ? parts[0] : JSON.stringify(parts, (_k, v) => (typeof v === 'bigint' ? `${v}n` : v));
    if (seen.has(key)) return false;
    seen.add(key);
    return true;
  });
}

/** Comparator of rows by sort keys; `keyOf(row, k)` gives key k. */
export function rowComparator<Row>(
  keys: readonly SortKey[],
  keyOf: (row: Row, k: number) => Value,
): (a: Row, b: Row) => number {
  const compares = keys.map((k) => comparator(k.expr.typeOid));
  return (a, b) => {
    for (let k = 0; k < keys.length; k++) {
      const x = keyOf(a, k);
      const y = keyOf(b, k);
      if (x === y) continue;
      if (x === null || y === null) return (x === null) === keys[k].nullsFirst ? -1 : 1;
      const order = compares[k](x, y);
      if (order !== 0) return keys[k].descending ? -order : order;
    }
    return 0;
  };
}

const PLAIN_SUM_TYPES = new Set<number>([OID.INT2, OID.INT4, OID.INT8, OID.FLOAT4, OID.FLOAT8, OID.NUMERIC]);
const PLAIN_ORDER_TYPES = new Set<number>([
  OID.INT2,
  OID.INT4,
  OID.INT8,
  OID.OID,
  OID.DATE,
  OID.TIME,
  OID.TIMESTAMP,
  OID.TIMESTAMPTZ,
]);

/** `keyTypes`: of the group's keys, which direct arguments are computed of. */
export function makeAccumulator(call: AggregateCall, slots: SlotAllocator, keyTypes: readonly number[]): Accumulator {
  const { name, orderedSet, orderInsensitive, routine } = call.function;
  const needsOrder = (call.orderBy.length > 0 || call.distinct) && !orderInsensitive;
  if (call.made !== undefined) {
    const steps = new MadeSteps(call.made, slots);
    if (!orderedSet && !needsOrder) return new MadeAccumulator(call, steps);
    const direct = new DirectArguments(call, slots, keyTypes);
    return new MadeCollectingAccumulator(call, direct, steps, new CollectingAccumulator(call, direct));
  }
  const isPlainDistinct = !orderedSet && call.orderBy.length === 0 && call.args.length === 1 && routine === undefined;
  if (needsOrder && isPlainDistinct) return new DistinctAccumulator(call);
  if (orderedSet || needsOrder) return new CollectingAccumulator(call, new DirectArguments(call, slots, keyTypes));
  // Named as a built-in one, but made.
  if (routine !== undefined) return new CallingAccumulator(call);
  if (name === 'count') return new CountAccumulator(call);
  const argType = call.args[0]?.typeOid ?? 0;
  if ((name === 'sum' || name === 'avg') && PLAIN_SUM_TYPES.has(argType)) return new SumAccumulator(call);
  if ((name === 'min' || name === 'max') && PLAIN_ORDER_TYPES.has(argType)) return new ExtremeAccumulator(call);
  if ((name === 'min' || name === 'max') && argType === OID.NUMERIC) return new DecimalExtremeAccumulator(call);
  if (isVariance(name) && argType === OID.NUMERIC) return new VarianceAccumulator(call);
  return new CallingAccumulator(call);
}
