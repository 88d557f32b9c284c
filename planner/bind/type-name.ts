/** Type names of the AST to oid and modifier. */
import { keptTypeOid } from '../../catalog/kept-types.ts';
import type { Expression, TypeName } from '../../parser/ast.ts';
import {
  encodeCharTypmod,
  encodeIntervalTypmod,
  encodeNumericTypmod,
  encodeTimeTypmod,
  INTERVAL_FULL_RANGE,
  intervalFieldsByName,
} from '../../types/index.ts';
import type { BindContext, Position } from './context.ts';
import { positionOf } from './position.ts';
import { checkDatabaseOf } from './qualified-name.ts';
import {
  BIT,
  BPCHAR,
  builtinTypeByName,
  INTERVAL,
  NUMERIC,
  quoteIdentifier,
  TIME,
  TIMESTAMP,
  TIMESTAMPTZ,
  TIMETZ,
  VARBIT,
  VARCHAR,
} from './type-info.ts';

export interface ResolvedType {
  readonly typeOid: number;
  readonly typeModifier: number;
}

/** The type, or 42704. */
export function resolveTypeName(context: BindContext, type: TypeName): ResolvedType {
  const position = positionOf(context, type.position);
  if (type.nameLiteral !== undefined && type.nameLiteral >= 0) context.shareable = false;
  if (type.percentType) return percentType(context, type);
  const scalar = findType(context, type.name, position);
  if (scalar === 0) {
    checkDatabaseOf(context, type.name, undefined);
    const schema = type.name.length > 1 ? type.name[type.name.length - 2] : 'pg_catalog';
    if (context.catalog.schemaOfPath(schema, context.environment.searchPath) === undefined && schema !== 'pg_temp') {
      throw context.error('3F000', `schema "${schema}" does not exist`, position);
    }
    const name = type.name.map((part) => part).join('.');
    const suffix = type.arrayDimensions.length > 0 ? '[]' : '';
    throw context.error('42704', `type "${name}${suffix}" does not exist`, position);
  }
  let typeModifier = -1;
  try {
    typeModifier = resolveModifier(context, scalar, type);
  } catch (error) {
    throw context.placed(error, position);
  }
  if (type.arrayDimensions.length === 0) return { typeOid: scalar, typeModifier };
  const array = context.types.arrayOf(scalar);
  if (array === 0) {
    throw context.error('42704', `type "${type.name.join('.')}[]" does not exist`, position);
  }
  return { typeOid: array, typeModifier };
}

/** Oid of a scalar type name, 0 if there is none. */
export function findType(context: BindContext, name: readonly string[], position?: Position): number {
  const last = name[name.length - 1];
  const kept = keptTypeOid(last);
  if (kept !== 0) return context.catalog.type(kept) === undefined ? 0 : kept;
  const schema = name.length > 1 ? name[name.length - 2] : null;
  if (schema === null || schema === 'pg_catalog') {
    const builtin = builtinTypeByName(last);
    if (builtin !== undefined) return builtin.oid;
  }
  context.checkSchema(name, position);
  return context.catalog.typeOidByName(schema, last, context.environment.searchPath);
}

function percentType(context: BindContext, type: TypeName): ResolvedType {
  const column = type.name[type.name.length - 1];
  const tableName = type.name.slice(0, -1);
  const table = context.catalog.resolveRelation(tableName, context.environment.searchPath);
  const position = positionOf(context, type.position);
  if (table === undefined || table === null || table.class !== 'relation') {
    throw context.error('42P01', `relation "${tableName.join('.')}" does not exist`, position);
  }
  const entry = table.columns.find((candidate) => !candidate.dropped && candidate.name === column);
  if (entry === undefined) {
    throw context.error('42703', `column "${column}" of relation "${table.name}" does not exist`, position);
  }
  return { typeOid: entry.typeOid, typeModifier: entry.typeModifier };
}

function modifierNumbers(context: BindContext, modifiers: readonly Expression[]): number[] {
  return modifiers.map((modifier) => {
    if (modifier.kind === 'integer') {
      if (modifier.literalIndex >= 0) context.shareable = false;
      return Number(modifier.value);
    }
    if (
      modifier.kind === 'operator' &&
      modifier.operator === '-' &&
      modifier.left === null &&
      modifier.right.kind === 'integer'
    ) {
      if (modifier.right.literalIndex >= 0) context.shareable = false;
      return -Number(modifier.right.value);
    }
    throw context.error(
      '42601',
      'type modifiers must be simple constants or identifiers',
      positionOf(context, modifier.position),
    );
  });
}

function resolveModifier(context: BindContext, oid: number, type: TypeName): number {
  const { modifiers } = type;
  if (oid === INTERVAL) {
    const fields = type.intervalFields === null ? INTERVAL_FULL_RANGE : intervalFieldsByName(type.intervalFields);
    const [precision] = modifierNumbers(context, modifiers);
    return encodeIntervalTypmod(fields, precision ?? null);
  }
  if (modifiers.length === 0) return -1;
  const numbers = modifierNumbers(context, modifiers);
  switch (oid) {
    case VARCHAR:
    case BPCHAR:
      if (numbers.length !== 1) throw context.error('22023', 'invalid type modifier');
      return encodeCharTypmod(oid, numbers[0]);
    case NUMERIC:
      if (numbers.length > 2) throw context.error('22023', 'invalid NUMERIC type modifier');
      return encodeNumericTypmod(numbers[0], numbers[1] ?? 0);
    case TIME:
    case TIMETZ:
    case TIMESTAMP:
    case TIMESTAMPTZ: {
      const word = oid === TIME || oid === TIMETZ ? 'TIME' : 'TIMESTAMP';
      const zone = oid === TIMETZ || oid === TIMESTAMPTZ ? ' WITH TIME ZONE' : '';
      return encodeTimeTypmod(numbers[0], `${word}(${numbers[0]})${zone}`);
    }
    case BIT:
    case VARBIT:
      if (numbers[0] < 1)
        throw context.error('22023', `length for type ${oid === BIT ? 'bit' : 'varbit'} must be at least 1`);
      return numbers[0];
    default:
      throw context.error(
        '42601',
        `type modifier is not allowed for type "${quoteIdentifier(type.name[type.name.length - 1])}"`,
      );
  }
}
