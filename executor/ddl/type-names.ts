/** Type names of definitions to oid and modifier. */
import { quoteIdentifier } from '../../catalog/functions/quote.ts';
import { typeDisplayName } from '../../catalog/pg-catalog/definitions.ts';
import { permissionDenied, rightsByAcl, typeAcl } from '../../catalog/rights.ts';
import type { Expression, TypeName } from '../../parser/ast.ts';
import { sqlError } from '../../types/errors.ts';
import {
  encodeCharTypmod,
  encodeIntervalTypmod,
  encodeNumericTypmod,
  encodeTimeTypmod,
  formatType,
  INTERVAL_FULL_RANGE,
  intervalFieldsByName,
  OID,
  SqlError,
  typeByName,
  typeByOid,
} from '../../types/index.ts';
import type { DdlContext } from './context.ts';
import { at, columnOrThrow, findRelation, relationMissing } from './resolve.ts';

export interface ResolvedType {
  readonly typeOid: number;
  readonly typeModifier: number;
}

export type SerialType = 'int2' | 'int4' | 'int8';
const SERIAL_TYPES: Readonly<Record<string, SerialType>> = {
  smallserial: 'int2',
  serial2: 'int2',
  serial: 'int4',
  serial4: 'int4',
  bigserial: 'int8',
  serial8: 'int8',
};

/** The integer type behind serial and its kin; null for real types. */
export function serialType(type: TypeName): SerialType | null {
  if (type.percentType || (type.name.length > 1 && type.name[0] !== 'pg_catalog')) return null;
  const serial = SERIAL_TYPES[type.name[type.name.length - 1]] ?? null;
  if (serial !== null && type.arrayDimensions.length > 0) {
    throw sqlError('0A000', 'array of serial is not implemented');
  }
  return serial;
}

export function resolveType(x: DdlContext, type: TypeName): ResolvedType {
  if (type.setOf) throw sqlError('42P16', 'column cannot be declared SETOF', at(x, type.position));
  if (type.percentType) return columnType(x, type);
  const oid = findTypeOid(x, type.name, type.position);
  if (oid === 0) {
    const brackets = type.arrayDimensions.length > 0 ? '[]' : '';
    const name = `${type.name.join('.')}${brackets}`;
    throw sqlError('42704', `type "${name}" does not exist`, at(x, type.position));
  }
  let typeModifier: number;
  try {
    typeModifier = resolveModifier(oid, type);
  } catch (error) {
    throw error instanceof SqlError ? error.with(at(x, type.position)) : error;
  }
  if (type.arrayDimensions.length === 0) return { typeOid: oid, typeModifier };
  const arrayOid = typeByOid(oid)?.arrayOid ?? 0;
  if (arrayOid === 0) {
    throw sqlError('42704', `type "${type.name.join('.')}[]" does not exist`, at(x, type.position));
  }
  return { typeOid: arrayOid, typeModifier };
}

export function findTypeOid(x: DdlContext, names: readonly string[], position = -1): number {
  const name = names[names.length - 1];
  const schema = names.length > 1 ? names[names.length - 2] : null;
  if (schema === null || schema === 'pg_catalog') {
    const builtin = typeByName(name);
    if (builtin !== undefined) return builtin.oid;
  }
  if (schema !== null && schema !== 'pg_catalog' && x.catalog.schemaOfPath(schema, x.searchPath) === undefined) {
    throw sqlError('3F000', `schema "${schema}" does not exist`, at(x, position));
  }
  if (schema !== null) x.checkSchema(schema);
  return x.catalog.typeOidByName(schema, name, x.searchPath);
}

function columnType(x: DdlContext, type: TypeName): ResolvedType {
  const tableName = type.name.slice(0, -1);
  const table = findRelation(x, tableName);
  if (table?.class !== 'relation') throw relationMissing(x, tableName);
  const column = columnOrThrow(table, type.name[type.name.length - 1]);
  return { typeOid: column.typeOid, typeModifier: column.typeModifier };
}

function modifierNumber(modifier: Expression): number {
  if (modifier.kind === 'integer') return Number(modifier.value);
  if (modifier.kind === 'operator' && modifier.operator === '-' && modifier.left === null) {
    return -modifierNumber(modifier.right);
  }
  throw sqlError('42601', 'type modifiers must be simple constants or identifiers');
}

function resolveModifier(oid: number, type: TypeName): number {
  const numbers = type.modifiers.map(modifierNumber);
  if (oid === OID.INTERVAL) {
    const fields = type.intervalFields === null ? INTERVAL_FULL_RANGE : intervalFieldsByName(type.intervalFields);
    return encodeIntervalTypmod(fields, numbers[0] ?? null);
  }
  if (numbers.length === 0) return -1;
  switch (oid) {
    case OID.VARCHAR:
    case OID.BPCHAR:
      if (numbers.length !== 1) throw sqlError('22023', 'invalid type modifier');
      return encodeCharTypmod(oid, numbers[0]);
    case OID.NUMERIC:
      if (numbers.length > 2) throw sqlError('22023', 'invalid NUMERIC type modifier');
      return encodeNumericTypmod(numbers[0], numbers[1] ?? 0);
    case OID.TIME:
    case OID.TIMETZ:
    case OID.TIMESTAMP:
    case OID.TIMESTAMPTZ: {
      const word = oid === OID.TIME || oid === OID.TIMETZ ? 'TIME' : 'TIMESTAMP';
      const zone = oid === OID.TIMETZ || oid === OID.TIMESTAMPTZ ? ' WITH TIME ZONE' : '';
      return encodeTimeTypmod(numbers[0], `${word}(${numbers[0]})${zone}`);
    }
    case OID.BIT:
    case OID.VARBIT:
      if (numbers[0] < 1) {
        throw sqlError('22023', `length for type ${oid === OID.BIT ? 'bit' : 'varbit'} must be at least 1`);
      }
      return numbers[0];
    default:
      throw sqlError(
        '42601',
        `type modifier is not allowed for type "${quoteIdentifier(type.name[type.name.length - 1])}"`,
      );
  }
}

/** 42501 for a type that the user may not use in definitions. Arrays are their elements. */
export function checkTypeUsage(x: DdlContext, typeOid: number): void {
  if (x.isSuperuser) return;
  const entry = x.catalog.type(typeOid);
  const oid = entry?.oid ?? (typeByOid(typeOid)?.elementOid || typeOid);
  if (rightsByAcl(typeAcl(x.catalog, oid, entry), x.authority, 'U') === '') {
    throw permissionDenied('type', formatType(oid));
  }
}

/** Pseudo-types cannot be stored, and some types not be used. */
export function checkStorable(x: DdlContext, columnName: string, typeOid: number): void {
  checkTypeUsage(x, typeOid);
  const type = typeByOid(typeOid);
  if (type?.kind === 'p') {
    const shown = formatType(typeOid);
    throw sqlError('42P16', `column "${columnName}" has pseudo-type ${shown}`);
  }
}

/** A type's name, with its schema where the search path does not lead to it. */
export function shownType(x: DdlContext, typeOid: number): string {
  return typeDisplayName(x.catalog, typeOid, x.searchPath, (oid) => formatType(oid));
}
