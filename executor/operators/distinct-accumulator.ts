/**
 * Aggregates of DISTINCT values: each group keeps the values that it has met, in an interner, and no rows. count() is their number; all
 * others get them at the end, in order, as PostgreSQL sorts to find duplicates.
 */
import type { AggregateImplementation, Value } from '../../catalog/function-entry.ts';
import type { AggregateCall } from '../../planner/expr.ts';
import { comparator, decodeText, OID } from '../../types/index.ts';
import type { Emitter } from '../compile/emitter.ts';
import type { ExpressionCompiler } from '../compile/expression.ts';
import { repOfType } from '../compile/operand.ts';
import type { ExecContext } from '../context.ts';
import { type Accumulator, compileArgument, conditionCode, emitFilter } from './accumulator.ts';
import { internerFor, keysAreBytes, keysAreTexts } from './group-table.ts';
import type { Interner } from './interner.ts';
import { TextInterner } from './text-interner.ts';

/** So many values of a group are looked through one by one, before it gets a table. */
const FEW = 8;
/** What a value takes, with its share of a table. */
const VALUE_BYTES = 40;
/** A table, before it grows. */
const TABLE_BYTES = 1024;

/** JavaScript tells such values apart as SQL does; NaN is one value, and so are 0 and -0, for includes(). */
function areSimple(typeOid: number): boolean {
  return (
    keysAreBytes(typeOid) ||
    repOfType(typeOid) === 'num' ||
    typeOid === OID.INT8 ||
    typeOid === OID.TIMESTAMP ||
    typeOid === OID.TIMESTAMPTZ
  );
}

/** The distinct values of one group. */
export class DistinctValues {
  readonly #typeOid: number;
  /** Until they are many. */
  #few: Value[];
  #table: Interner | null;

  constructor(typeOid: number) {
    this.#typeOid = typeOid;
    this.#few = [];
    this.#table = areSimple(typeOid) || typeOid === OID.NUMERIC ? null : internerFor(typeOid);
  }

  get count(): number {
    return this.#table === null ? this.#few.length : this.#table.count;
  }

  /** Bytes that the value takes more; 0: it was there. */
  add(value: Value): number {
    let grown = 0;
    if (this.#table === null) {
      const few = this.#few;
      if (few.includes(value)) return 0;
      if (this.#typeOid === OID.NUMERIC && few.some((one) => one !== null && value !== null && one.equals(value)))
        return 0;
      if (few.length < FEW) {
        few.push(value);
        return bytesOf(value);
      }
      this.#makeTable();
      grown = TABLE_BYTES;
    }
    const table = this.#table as unknown as Interner;
    const before = table.count;
    return table.idOf(value) < before ? grown : grown + bytesOf(value);
  }

  /** The same for a text's bytes. */
  addBytes(buffer: Buffer, start: number, end: number): number {
    const table = this.#table;
    if (!(table instanceof TextInterner)) return this.add(decodeText(buffer, start, end));
    const before = table.count;
    return table.idOfBytes(buffer, start, end) < before ? 0 : VALUE_BYTES + end - start;
  }

  #makeTable(): void {
    const table = internerFor(this.#typeOid);
    for (const value of this.#few) table.idOf(value);
    this.#few = [];
    this.#table = table;
  }

  values(): Value[] {
    if (this.#table === null) return this.#few.slice();
    const table = this.#table;
    return Array.from({ length: table.count }, (_, id) => table.valueOf(id));
  }

  /** Gives its memory back for other tables. */
  release(): void {
    this.#table?.clear();
    this.#few = [];
  }
}

function bytesOf(value: Value): number {
  return typeof value === 'string' ? VALUE_BYTES + value.length : VALUE_BYTES;
}

export class DistinctAccumulator implements Accumulator {
  readonly stateCount = 1;
  readonly stateBytes = 120;
  readonly isGrowing = true;
  readonly #call: AggregateCall;
  readonly #typeOid: number;
  readonly #implementation: AggregateImplementation;

  /** Of a call with one argument, DISTINCT, without ORDER BY. */
  constructor(call: AggregateCall) {
    this.#call = call;
    this.#typeOid = call.args[0].typeOid;
    this.#implementation = call.function.create([this.#typeOid], call.typeOid);
  }

  grow(_x: ExecContext, arrays: Value[][]): void {
    arrays[0].push(new DistinctValues(this.#typeOid));
  }

  release(arrays: readonly (readonly Value[])[], end: number): void {
    for (let g = 0; g < end; g++) (arrays[0][g] as DistinctValues).release();
  }

  emitStep(emitter: Emitter, compiler: ExpressionCompiler, arrays: readonly string[], groups: string): () => void {
    const { args, function: fn } = this.#call;
    const pass = emitFilter(emitter, compiler, this.#call);
    const condition = conditionCode(pass);
    const operand = compileArgument(emitter, compiler, args[0], pass);
    const isBytes = operand.rep === 'slice' && keysAreTexts(this.#typeOid) && fn.strict;
    if (isBytes) {
      const guard = operand.isNull === 'false' ? '' : `if (!(${operand.isNull})) `;
      const add = `${arrays[0]}[g].addBytes(buf, ${operand.start}, ${operand.end})`;
      return () => emitter.emit(`${condition}${guard}${groups}.collectedBytes += ${add};`);
    }
    const value = emitter.name('w');
    emitter.emit(`const ${value} = ${compiler.toAny(operand)};`);
    const strict = fn.strict && operand.isNull !== 'false' ? `if (${value} !== null) ` : '';
    return () => emitter.emit(`${condition}${strict}${groups}.collectedBytes += ${arrays[0]}[g].add(${value});`);
  }

  final(x: ExecContext, arrays: readonly (readonly Value[])[], group: number): Value {
    const distinct = arrays[0][group] as DistinctValues;
    if (this.#call.function.name === 'count') return distinct.count;
    const compare = comparator(this.#typeOid);
    const values = distinct.values().sort((a, b) => (a === null || b === null ? nullsLast(a, b) : compare(a, b)));
    let state = this.#implementation.initial(x.functions);
    for (const value of values) state = this.#implementation.step(state, value);
    return this.#implementation.final(state);
  }
}

function nullsLast(a: Value, b: Value): number {
  return Number(a === null) - Number(b === null);
}
