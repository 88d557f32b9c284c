/** ARRAY[...], and parts of arrays and of jsonb by subscripts. */
import { functionOfExtension } from '../../catalog/functions/index.ts';
import type * as ast from '../../parser/ast.ts';
import { ARRAY_DIMENSIONS_MAX } from '../../types/index.ts';
import type { Expr } from '../expr.ts';
import { bindHstoreKey, bindJsonbPath } from './assign-part.ts';
import { cannotCast, coerceToTarget, coerceType } from './coerce.ts';
import { coerceToCommonType, selectCommonModifier, selectCommonType } from './common-type.ts';
import { bindExpr } from './expression.ts';
import { makeOperator } from './overload.ts';
import { positionOf } from './position.ts';
import type { Level } from './scope.ts';
import { INT2_ARRAY, INT2VECTOR, INT4, JSONB, OID_ARRAY, OIDVECTOR, TEXT } from './type-info.ts';

/** target: element type that a cast around it asks for, 0 if none. */
export function bindArray(level: Level, node: ast.ArrayExpr, targetArray: number, targetModifier: number): Expr {
  const { context } = level;
  const { types } = context;
  const position = positionOf(context, node.position);
  const targetElement = targetArray === 0 ? 0 : types.elementOf(types.base(targetArray));
  let nested = false;
  const elements = node.elements.map((element) => {
    if (element.kind === 'array') {
      nested = true;
      return bindArray(level, element, targetArray, targetModifier);
    }
    const bound = bindExpr(level, element);
    // A domain over an array is an element like others, and so are the vectors.
    if (types.isArray(bound.typeOid) && bound.typeOid !== INT2VECTOR && bound.typeOid !== OIDVECTOR) nested = true;
    return bound;
  });
  let elementType: number;
  let arrayType: number;
  if (targetArray !== 0) {
    elementType = nested ? types.base(targetArray) : targetElement;
    arrayType = types.base(targetArray);
  } else {
    if (elements.length === 0) {
      throw context.error('42P18', 'cannot determine type of empty array', position, {
        hint: 'Explicitly cast to the desired type, for example ARRAY[]::integer[].',
      });
    }
    elementType = selectCommonType(context, elements, 'ARRAY');
    arrayType = nested && types.isArray(elementType) ? elementType : types.arrayOf(elementType);
    if (arrayType === 0) {
      throw context.error('42704', `could not find array type for data type ${types.name(elementType)}`, position);
    }
  }
  const converted = elements.map((element) => {
    if (targetArray === 0) return coerceToCommonType(context, element, elementType, 'ARRAY');
    const cast = coerceToTarget(context, element, elementType, targetModifier, 'explicit');
    if (cast === null) throw cannotCast(context, element.typeOid, elementType, context.locationOf(element));
    return cast;
  });
  return context.at(
    {
      kind: 'array',
      elementType: types.elementOf(arrayType),
      elements: converted,
      multidimensional: nested,
      typeOid: arrayType,
      typeModifier: selectCommonModifier(converted, elementType),
    },
    position,
  );
}

/** Vectors, and what their slices are: arrays like others. */
const PLAIN_ARRAYS: Readonly<Record<number, number>> = {
  [INT2VECTOR]: INT2_ARRAY,
  [OIDVECTOR]: OID_ARRAY,
};

/** An element or a slice; of jsonb, a part by its path. */
export function bindSubscript(level: Level, node: ast.SubscriptExpr): Expr {
  const { context } = level;
  const { types } = context;
  const position = positionOf(context, node.position);
  let base = bindExpr(level, node.base);
  const baseType = types.base(base.typeOid);
  if (baseType === JSONB) {
    // Together they are a path: in an array a text may be an index, and a scalar has no parts.
    const elements = bindJsonbPath(level, node.subscripts).map((step) =>
      step.typeOid === TEXT ? step : coerceType(context, step, TEXT, -1, 'explicit'),
    );
    const typeOid = types.arrayOf(TEXT);
    const path: Expr = {
      kind: 'array',
      elementType: TEXT,
      elements,
      multidimensional: false,
      typeOid,
      typeModifier: -1,
    };
    return makeOperator(context, '#>', base, path, position);
  }
  if (types.get(baseType)?.form === 'hstore') {
    const args = [base, bindHstoreKey(level, node.subscripts)];
    const fetch = functionOfExtension('hstore_fetchval');
    return context.at({ kind: 'call', function: fetch, args, typeOid: TEXT, typeModifier: -1 }, position);
  }
  const elementType = types.subscriptOf(baseType);
  const isFixed = types.isFixedArray(baseType);
  if (elementType === 0 || !(types.isArray(baseType) || types.category(baseType) === 'A' || isFixed)) {
    throw context.error(
      '42804',
      `cannot subscript type ${types.name(base.typeOid)} because it does not support subscripting`,
      context.locationOf(base) ?? position,
    );
  }
  const isSlice = node.subscripts.some((subscript) => subscript.isSlice);
  if (!isFixed && node.subscripts.length > ARRAY_DIMENSIONS_MAX) {
    const message = `number of array dimensions (${node.subscripts.length}) exceeds the maximum allowed (${ARRAY_DIMENSIONS_MAX})`;
    throw context.error('54000', message);
  }
  if (isSlice && isFixed) throw context.error('0A000', 'slices of fixed-length arrays not implemented');
  const bound = (expr: ast.Expression | null): Expr | null => {
    if (expr === null) return null;
    const index = bindExpr(level, expr);
    const converted = coerceToTarget(context, index, INT4, -1, 'assignment');
    if (converted === null) {
      throw context.error('42804', 'array subscript must have type integer', context.locationOf(index));
    }
    return converted;
  };
  const subscripts = node.subscripts.map((subscript) => ({
    isSlice: subscript.isSlice,
    lower: bound(subscript.lower),
    upper: bound(subscript.upper),
  }));
  const place = context.locationOf(base);
  if (types.base(base.typeOid) !== base.typeOid) base = coerceType(context, base, baseType, -1, 'implicit');
  const { typeModifier } = base;
  const typeOid = isSlice ? (PLAIN_ARRAYS[baseType] ?? baseType) : elementType;
  return context.at({ kind: 'subscript', base, subscripts, typeOid, typeModifier }, place);
}
