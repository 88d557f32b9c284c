/**
 * Assignment to a part of a column: an element or slice of an array, a field of a composite value, a member of a jsonb (after
 * PostgreSQL's transformAssignmentIndirection). The column's new value is an expression over its old one.
 */
import type { ScalarFunction } from '../../catalog/function-entry.ts';
import { assignJsonb, type JsonbSubscript } from '../../catalog/functions/jsonb-assign.ts';
import type * as ast from '../../parser/ast.ts';
import type { SqlArray } from '../../types/array.ts';
import { assignElement, assignSlice, type SliceBound } from '../../types/array-assign.ts';
import { sqlError } from '../../types/errors.ts';
import { assignPart, type Divisible } from '../../types/geometry-parts.ts';
import { hstoreOf, readHstore } from '../../types/hstore.ts';
import { SqlRecord } from '../../types/record.ts';
import type { Value } from '../../types/value.ts';
import type { Expr } from '../expr.ts';
import { makeConst } from '../logical.ts';
import { coerceToTarget, coerceType, withoutDomainCheck } from './coerce.ts';
import type { Position } from './context.ts';
import { bindExpr } from './expression.ts';
import { positionOf } from './position.ts';
import type { Level } from './scope.ts';
import { INT4, JSONB, NAME, TEXT, UNKNOWN } from './type-info.ts';

type Step = ast.AssignmentTarget['indirection'][number];

interface PartType {
  readonly typeOid: number;
  readonly typeModifier: number;
}

/** What is assigned to: its type, and what makes a whole value of the part's new value. */
export interface AssignedPart extends PartType {
  /** Where the message points that says a value does not fit: a part's to its column, otherwise to the value. */
  readonly position: Position;
  /** For the message where the value does not fit. */
  readonly describe: (given: string) => string;
  /** `base`: the column's old value. */
  assign(base: Expr, value: Expr): Expr;
}

export function bindAssignedPart(level: Level, target: ast.AssignmentTarget, column: PartType): AssignedPart {
  return bindSteps(level, target, target.indirection, column, target.column);
}

function bindSteps(
  level: Level,
  target: ast.AssignmentTarget,
  steps: readonly Step[],
  type: PartType,
  name: string,
): AssignedPart {
  const { types } = level.context;
  if (steps.length === 0) {
    return {
      typeOid: type.typeOid,
      typeModifier: type.typeModifier,
      position: target.indirection.length === 0 ? undefined : positionOf(level.context, target.position),
      describe: (given) => `column "${name}" is of type ${types.name(type.typeOid)} but expression is of type ${given}`,
      assign: (_base, value) => value,
    };
  }
  return steps[0].kind === 'field'
    ? bindFieldStep(level, target, steps, type, name)
    : bindSubscriptSteps(level, target, steps, type, name);
}

/** An internal function over the old value and the new part; no catalog knows it. A domain's value is checked. */
function internalCall(
  level: Level,
  name: string,
  args: readonly Expr[],
  type: PartType,
  implementation: (...args: Value[]) => Value,
): Expr {
  const { context } = level;
  const returnType = context.types.base(type.typeOid);
  const entry: ScalarFunction = {
    kind: 'scalar',
    oid: 0,
    internalName: `${name} of assignment`,
    name,
    argumentTypes: args.map((arg) => arg.typeOid),
    variadic: false,
    returnType,
    returnsSet: false,
    strict: false,
    volatility: 'immutable',
    needsContext: false,
    specialise: false,
    implementation,
  };
  const call: Expr = { kind: 'call', function: entry, args, typeOid: returnType, typeModifier: type.typeModifier };
  return returnType === type.typeOid ? call : coerceType(context, call, type.typeOid, type.typeModifier, 'implicit');
}

function bindFieldStep(
  level: Level,
  target: ast.AssignmentTarget,
  steps: readonly Step[],
  type: PartType,
  name: string,
): AssignedPart {
  const { context } = level;
  const { types } = context;
  const { field } = steps[0] as Step & { kind: 'field' };
  const position = positionOf(context, target.position);
  const baseType = types.base(type.typeOid);
  const typeName = types.name(type.typeOid);
  const attributes = types.get(baseType)?.attributes;
  if (attributes === undefined) {
    throw context.error(
      '42804',
      `cannot assign to field "${field}" of column "${name}" because its type ${typeName} is not a composite type`,
      position,
    );
  }
  const index = attributes.findIndex((attribute) => attribute.name === field);
  if (index < 0) {
    throw context.error(
      '42703',
      `cannot assign to field "${field}" of column "${name}" because there is no such column in data type ${typeName}`,
      position,
    );
  }
  const own: PartType = { typeOid: attributes[index].typeOid, typeModifier: attributes[index].typmod };
  const inner = bindSteps(level, target, steps.slice(1), own, field);
  const oids = attributes.map((attribute) => attribute.typeOid);
  const names = attributes.map((attribute) => attribute.name);
  return {
    ...inner,
    describe:
      steps.length > 1
        ? inner.describe
        : (given) => `subfield "${field}" is of type ${types.name(own.typeOid)} but expression is of type ${given}`,
    assign: (whole, value) => {
      // Of several parts that are assigned to, only the last one's value is the domain's.
      const base = withoutDomainCheck(whole);
      const old: Expr = { kind: 'field', base, index, ...own };
      return internalCall(level, 'set_field', [base, inner.assign(old, value)], type, (row, part) => {
        const values = row === null ? oids.map(() => null) : (row as SqlRecord).values.slice();
        while (values.length < oids.length) values.push(null);
        values[index] = part;
        return new SqlRecord(oids, values, names);
      });
    },
  };
}

function bindSubscriptSteps(
  level: Level,
  target: ast.AssignmentTarget,
  steps: readonly Step[],
  type: PartType,
  name: string,
): AssignedPart {
  const { context } = level;
  const { types } = context;
  let count = 0;
  while (count < steps.length && steps[count].kind === 'subscript') count++;
  const subscripts = steps.slice(0, count).map((step) => (step as Step & { kind: 'subscript' }).subscript);
  const baseType = types.base(type.typeOid);
  if (baseType === JSONB) return bindJsonb(level, target, subscripts, steps.slice(count), type, name);
  if (types.get(baseType)?.form === 'hstore') return bindHstore(level, target, subscripts, type, name);
  const isFixed = types.isFixedArray(baseType) && baseType !== NAME;
  if (!types.isArray(baseType) && !isFixed) {
    throw context.error(
      '42804',
      `cannot subscript type ${types.name(type.typeOid)} because it does not support subscripting`,
      positionOf(context, target.position),
    );
  }
  const elementType = types.subscriptOf(baseType);
  const isSlice = subscripts.some((subscript) => subscript.isSlice);
  const own: PartType = { typeOid: isSlice ? baseType : elementType, typeModifier: type.typeModifier };
  const bounds = subscripts.map((subscript) => ({
    isSlice: subscript.isSlice,
    // array[3] among slices is array[1:3].
    lower: isSlice && !subscript.isSlice ? makeConst(1, INT4, -1) : bindBound(level, subscript.lower),
    upper: bindBound(level, subscript.upper),
  }));
  const inner = bindSteps(level, target, steps.slice(count), own, name);
  const index = bounds.flatMap(({ lower, upper }) => (isSlice ? [lower, upper] : [upper]));
  const given = index.map((bound) => bound !== null);
  const args = index.map((bound) => bound ?? makeConst(null, INT4, -1));
  return {
    ...inner,
    describe:
      count < steps.length
        ? inner.describe
        : (value) =>
            `subscripted assignment to "${name}" requires type ${types.name(own.typeOid)} but expression is of type ${value}`,
    assign: (whole, value) => {
      const base = withoutDomainCheck(whole);
      const plain = baseType === type.typeOid ? base : coerceType(context, base, baseType, -1, 'implicit');
      const old: Expr = { kind: 'subscript', base: plain, subscripts: bounds, ...own };
      const part = inner.assign(old, value);
      return internalCall(
        level,
        isSlice ? 'set_slice' : 'set_element',
        [plain, part, ...args],
        type,
        (array, item, ...at) => {
          checkBounds(at, given);
          if (isFixed && isSlice) throw sqlError('0A000', 'updates on slices of fixed-length arrays not implemented');
          if (isFixed) return assignPart(array as Divisible | null, at as number[], item);
          if (!isSlice) return assignElement(array as SqlArray | null, elementType, at as number[], item);
          const ranges: SliceBound[] = bounds.map((_, i) => ({ lower: at[2 * i], upper: at[2 * i + 1] }));
          return assignSlice(array as SqlArray | null, elementType, ranges, item as SqlArray | null);
        },
      );
    },
  };
}

function checkBounds(values: readonly Value[], given: readonly boolean[]): void {
  if (values.some((value, i) => value === null && given[i]))
    throw sqlError('22004', 'array subscript in assignment must not be null');
}

function bindBound(level: Level, node: ast.Expression | null): Expr | null {
  if (node === null) return null;
  const { context } = level;
  const index = bindExpr(level, node);
  const converted = coerceToTarget(context, index, INT4, -1, 'assignment');
  if (converted !== null) return converted;
  throw context.error('42804', 'array subscript must have type integer', context.locationOf(index));
}

function noSlices(level: Level, subscript: ast.Subscript) {
  const { context } = level;
  const position = positionOf(context, (subscript.upper ?? subscript.lower)?.position ?? -1);
  return context.error('42804', 'jsonb subscript does not support slices', position);
}

/** Subscripts of a jsonb: each an integer or a text. */
export function bindJsonbPath(level: Level, subscripts: readonly ast.Subscript[]): Expr[] {
  const { context } = level;
  return subscripts.map((subscript) => {
    if (subscript.isSlice || subscript.upper === null) throw noSlices(level, subscript);
    const index = bindExpr(level, subscript.upper);
    if (index.typeOid === UNKNOWN) return coerceType(context, index, TEXT, -1, 'implicit');
    const converted =
      coerceToTarget(context, index, INT4, -1, 'implicit') ?? coerceToTarget(context, index, TEXT, -1, 'implicit');
    if (converted !== null) return converted;
    throw context.error(
      '42804',
      `subscript type ${context.types.name(index.typeOid)} is not supported`,
      context.locationOf(index),
      { hint: 'jsonb subscript must be coercible to either integer or text.' },
    );
  });
}

function bindJsonb(
  level: Level,
  target: ast.AssignmentTarget,
  subscripts: readonly ast.Subscript[],
  rest: readonly Step[],
  type: PartType,
  name: string,
): AssignedPart {
  const { context } = level;
  const position = positionOf(context, target.position);
  if (rest.length > 0) return bindSteps(level, target, rest, { typeOid: JSONB, typeModifier: -1 }, name);
  const path = bindJsonbPath(level, subscripts);
  return {
    typeOid: JSONB,
    typeModifier: -1,
    position,
    describe: (given) => `subscripted assignment to "${name}" requires type jsonb but expression is of type ${given}`,
    assign: (base, value) =>
      internalCall(level, 'set_member', [base, value, ...path], type, (old, item, ...at) => {
        if (at.includes(null)) throw sqlError('22004', 'jsonb subscript in assignment must not be null');
        return assignJsonb(old as string | null, at as JsonbSubscript[], item as string | null);
      }),
  };
}

/** The one subscript of an hstore: a text. */
export function bindHstoreKey(level: Level, subscripts: readonly ast.Subscript[]): Expr {
  const { context } = level;
  const [subscript] = subscripts;
  if (subscripts.length !== 1 || subscript.isSlice || subscript.upper === null) {
    throw context.error('0A000', 'hstore allows only one subscript');
  }
  const index = bindExpr(level, subscript.upper);
  const converted = coerceToTarget(context, index, TEXT, -1, 'assignment');
  if (converted !== null) return converted;
  throw context.error('42804', 'hstore subscript must have type text', context.locationOf(index));
}

function bindHstore(
  level: Level,
  target: ast.AssignmentTarget,
  subscripts: readonly ast.Subscript[],
  type: PartType,
  name: string,
): AssignedPart {
  const key = bindHstoreKey(level, subscripts);
  return {
    typeOid: TEXT,
    typeModifier: -1,
    position: positionOf(level.context, target.position),
    describe: (given) => `subscripted assignment to "${name}" requires type text but expression is of type ${given}`,
    assign: (base, value) =>
      internalCall(level, 'set_pair', [base, value, key], type, (old, item, at) => {
        if (at === null) throw sqlError('22004', 'hstore subscript in assignment must not be null');
        return hstoreOf([[at as string, item as string | null], ...readHstore((old ?? '') as string)]);
      }),
  };
}
