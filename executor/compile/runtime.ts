/**
 * Small functions that generated code calls by binding.
 */
import type { FunctionContext, ScalarFunction, Value } from '../../catalog/function-entry.ts';
import type { LiftedLiteral } from '../../parser/index.ts';
import { type ConstExpr, checkEarlyConstants, type EarlyConstants, type StatementValues } from '../../planner/index.ts';
import { sqlError } from '../../types/errors.ts';
import { type Divisible, partsOf } from '../../types/geometry-parts.ts';
import {
  charFromByte,
  type FormatSettings,
  hashKey,
  inputText,
  NAME_BYTES_MAX,
  OID,
  SqlArray,
  SqlRecord,
  typeByOid,
  uuidToBytes,
} from '../../types/index.ts';
import type { ExecContext } from '../context.ts';
import type { SlotAllocator } from './slots.ts';

/** What the call at this place of a row answers: made once, however often the row begins. Only statements of sessions may wait. */
export function once(x: ExecContext, place: object, call: () => Value): Value {
  return x.functions.routines === undefined ? call() : x.functions.routines.once(place, call);
}

/** Bytes of the pool from start on equal to the whole of `wanted`; the caller has compared the lengths. */
export function bytesEqual(u8: Uint8Array, start: number, wanted: Uint8Array): boolean {
  for (let i = 0; i < wanted.length; i++) if (u8[start + i] !== wanted[i]) return false;
  return true;
}

/** Sign of a byte-wise comparison of a pool range with bytes: the order of text. */
export function compareBytes(u8: Uint8Array, start: number, end: number, other: Uint8Array): number {
  const length = end - start;
  const common = length < other.length ? length : other.length;
  for (let i = 0; i < common; i++) {
    const difference = u8[start + i] - other[i];
    if (difference !== 0) return difference;
  }
  return length - other.length;
}

export function utf8Bytes(text: string | null): Uint8Array | null {
  return text === null ? null : Buffer.from(text, 'utf8');
}

export function uuidBytes(uuid: string | null): Uint8Array | null {
  return uuid === null ? null : uuidToBytes(uuid);
}

/** The value of a lifted literal as its constant's type reads it. */
function convertLiteral(literal: LiftedLiteral, typeOid: number, typeModifier: number, format: FormatSettings): Value {
  const isNumber = typeof literal.value === 'number' && (typeOid === OID.INT4 || typeOid === OID.INT8);
  return isNumber ? literal.value : inputText(typeOid, typeModifier, String(literal.value), format);
}

/** A lifted literal, converted once an execution. */
export function liftedValue(
  context: ExecContext,
  slot: number,
  literalIndex: number,
  typeOid: number,
  typeModifier: number,
): Value {
  const known = context.lifted[slot];
  if (known !== undefined) return known;
  const literal = (context.literals as readonly LiftedLiteral[])[literalIndex];
  const value = convertLiteral(literal, typeOid, typeModifier, context.functions.format);
  context.lifted[slot] = value;
  return value;
}

/**
 * All literals that might be refused, converted before a shared plan runs with them: what PostgreSQL refuses before the first
 * row must not depend on which rows there are. By slot; undefined where the literal needs no reading. Null: none does.
 */
export function convertLiterals(
  slots: SlotAllocator,
  literals: readonly LiftedLiteral[],
  format: FormatSettings,
): readonly Value[] | null {
  let values: Value[] | null = null;
  for (let slot = 0; slot < slots.lifted.length; slot++) {
    const { literalIndex, typeOid, typeModifier } = slots.lifted[slot];
    const literal = literals[literalIndex];
    if (literal.kind !== 'string' && typeOid !== OID.FLOAT4 && typeOid !== OID.FLOAT8) continue;
    if (typeModifier < 0 && (typeOid === OID.TEXT || typeOid === OID.VARCHAR)) continue;
    values ??= new Array(slots.lifted.length).fill(undefined);
    values[slot] = convertLiteral(literal, typeOid, typeModifier, format);
  }
  return values;
}

/** What fails before the first row: constants with a statement's literals. `literals` is null where they are the plan's own. */
export function checkConstants(
  early: EarlyConstants,
  literals: readonly LiftedLiteral[] | null,
  functions: FunctionContext,
): void {
  const literalValue = (constant: ConstExpr): Value =>
    literals === null || constant.literalIndex < 0
      ? constant.value
      : convertLiteral(literals[constant.literalIndex], constant.typeOid, constant.typeModifier, functions.format);
  checkEarlyConstants(early, literalValue, functions);
}

/** The same literals as the planner asks for them. */
export function literalValues(literals: readonly LiftedLiteral[], format: FormatSettings): StatementValues {
  return {
    param: () => undefined,
    literal(index, typeOid, typeModifier) {
      const literal = literals[index];
      try {
        return literal === undefined ? undefined : convertLiteral(literal, typeOid, typeModifier, format);
      } catch {
        // What its type refuses is refused when the statement runs.
        return undefined;
      }
    },
  };
}

/** The set of hash keys of an IN list; `hasNull` when an element was null. */
export interface InSet {
  readonly keys: ReadonlySet<unknown>;
  readonly hasNull: boolean;
}

export function makeInSet(typeOid: number, elements: readonly Value[]): InSet {
  const key = hashKey(typeOid);
  const keys = new Set<unknown>();
  let hasNull = false;
  for (const element of elements) {
    if (element === null) hasNull = true;
    else keys.add(key(element));
  }
  return { keys, hasNull };
}

/** The elements of an array as an IN list; null for a null array. */
export function makeArraySet(typeOid: number, array: SqlArray | null): (InSet & { readonly isEmpty: boolean }) | null {
  return array === null ? null : { ...makeInSet(typeOid, array.elements), isEmpty: array.elements.length === 0 };
}

/** x op ANY / ALL (array), three-valued; `compare` is strict. */
export function arrayCompare(
  left: Value,
  array: SqlArray | null,
  compare: (a: Value, b: Value) => Value,
  all: boolean,
): boolean | null {
  if (array === null) return null;
  let sawNull = false;
  for (const element of array.elements) {
    const result = left === null || element === null ? null : compare(left, element);
    if (result === null) sawNull = true;
    else if (result !== all) return !all;
  }
  return sawNull ? null : all;
}

export function makeArray(elementType: number, elements: Value[], isMultidimensional: boolean): Value {
  if (!isMultidimensional) return new SqlArray(elementType, elements);
  return SqlArray.nest(elementType, elements as (SqlArray | null)[]);
}

export function subscriptArray(base: SqlArray, subscripts: readonly (number | null)[]): Value {
  if (subscripts.some((s) => s === null)) return null;
  return base.at(subscripts as readonly number[]);
}

/** point[0], box[1]: the parts of a geometric value. */
export function subscriptGeometry(base: Divisible, subscripts: readonly (number | null)[]): Value {
  const [at] = subscripts;
  if (at === null || subscripts.length > 1) return null;
  return partsOf(base)[at] ?? null;
}

/** A name is an array of 64 bytes, counted from 0 and filled with zeros. */
export function subscriptName(base: string, subscripts: readonly (number | null)[]): Value {
  const [at] = subscripts;
  if (at === null || subscripts.length > 1 || at < 0 || at > NAME_BYTES_MAX) return null;
  const bytes = Buffer.from(base, 'utf8');
  return at < bytes.length ? charFromByte(bytes[at]) : '';
}

/** A bound that is left out is undefined; one that is null makes the slice null. */
export function sliceArray(base: SqlArray, bounds: readonly (number | null | undefined)[][]): Value {
  if (bounds.some((pair) => pair.includes(null))) return null;
  return base.slice(bounds);
}

/** Whether a function answers a list of its columns, which an expression needs as a record: the built-in ones of several columns do. */
function answersList(fn: ScalarFunction, returnType: number): boolean {
  return returnType === OID.RECORD && fn.routine === undefined && (fn.outColumns?.length ?? 0) > 1;
}

/** What a function answers to arguments of these types in an expression. */
export function plainCaller(
  fn: ScalarFunction,
  types: readonly number[],
  returnType: number,
): ScalarFunction['implementation'] {
  const run = fn.specialise
    ? (fn.implementation(types, returnType) as ScalarFunction['implementation'])
    : fn.implementation;
  if (!answersList(fn, returnType)) return run;
  const { outColumns = [] } = fn;
  const columnTypes = outColumns.map((column) => column.typeOid);
  const names = outColumns.map((column) => column.name);
  return (...args) => {
    const values = run(...args);
    return Array.isArray(values) ? new SqlRecord(columnTypes, values, names) : values;
  };
}

/** f(a, VARIADIC array): the array's elements as arguments. One implementation for each number of them. */
export function variadicCaller(
  fn: ScalarFunction,
  types: readonly number[],
  returnType: number,
): (x: ExecContext, args: readonly Value[]) => Value {
  const fixedTypes = types.slice(0, -1);
  const elementOid = typeByOid(types[types.length - 1])?.elementOid ?? OID.TEXT;
  const byCount = new Map<number, ScalarFunction['implementation']>();
  return (x, args) => {
    const array = args[args.length - 1] as SqlArray | null;
    if (array === null && fixedTypes.length === 0) return null;
    const all = [...args.slice(0, -1), ...(array?.elements ?? [])];
    if (fn.strict && all.includes(null)) return null;
    let implementation = byCount.get(all.length);
    if (implementation === undefined) {
      const elements = all.slice(fixedTypes.length).map(() => elementOid);
      implementation = fn.specialise
        ? (fn.implementation([...fixedTypes, ...elements], returnType) as ScalarFunction['implementation'])
        : fn.implementation;
      byCount.set(all.length, implementation);
    }
    return fn.needsContext ? implementation(x.functions, ...all) : implementation(...all);
  };
}

export function tooManyRows(): never {
  throw sqlError('21000', 'more than one row returned by a subquery used as an expression');
}
