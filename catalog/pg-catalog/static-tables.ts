/** Catalogs that never change (static-rows.ts), parsed when they are first read. */
import { baseTypeOid, isArrayType, OID, SqlArray, typeByOid } from '../../types/index.ts';
import { type IndexMethod, METHOD_OIDS, PG_CATALOG_SCHEMA_OID, type RelationEntry } from '../entries.ts';
import type { Value } from '../function-entry.ts';
import { systemRelationByName } from '../system-tables.ts';
import { STATIC_ROWS } from './static-rows.ts';
import type { Row } from './view-context.ts';

const parsed = new Map<string, readonly Row[]>();

function parseField(text: string, typeOid: number): Value {
  if (text === '\\N') return null;
  switch (typeOid) {
    case OID.BOOL:
      return text === 't';
    case OID.INT2:
    case OID.INT4:
    case OID.OID:
    case OID.FLOAT4:
    case OID.REGPROC:
      return /^-?\d+(\.\d+)?$/.test(text) ? Number(text) : 0;
    case OID.TEXT_ARRAY:
      return new SqlArray(OID.TEXT, text === '{}' ? [] : text.slice(1, -1).split(','));
    case OID.ACLITEM_ARRAY:
      return null;
    default:
      return text;
  }
}

/** Null when the catalog is not one of these. */
export function staticRows(name: string): readonly Row[] | null {
  const known = parsed.get(name);
  if (known !== undefined) return known;
  const text = STATIC_ROWS[name];
  if (text === undefined) return null;
  const { columns } = systemRelationByName(PG_CATALOG_SCHEMA_OID, name) as RelationEntry;
  const rows = text
    .slice(1, -1)
    .split('\n')
    .map((line): Row => {
      const fields = line.split('\t');
      return Object.fromEntries(columns.map((column, i) => [column.name, parseField(fields[i], column.typeOid)]));
    });
  parsed.set(name, rows);
  return rows;
}

/** The type for which an index over this one has an operator class: itself, or one for all of its kind. */
function indexedAs(typeOid: number): number {
  const base = baseTypeOid(typeOid);
  if (base === OID.VARCHAR) return OID.TEXT;
  const type = typeByOid(base);
  if (type === undefined) return base;
  if (type.form !== undefined) return OID.TEXT;
  if (isArrayType(type)) return OID.ANYARRAY;
  return { b: base, c: OID.RECORD, d: base, e: OID.ANYENUM, m: OID.ANYMULTIRANGE, p: base, r: OID.ANYRANGE }[type.kind];
}

function operatorClassRow(typeOid: number, method: IndexMethod, name: string | undefined): Row | null {
  const methodOid = METHOD_OIDS[method];
  const compared = indexedAs(typeOid);
  let best: Row | null = null;
  for (const row of staticRows('pg_opclass') ?? []) {
    if (row.opcmethod !== methodOid) continue;
    if (name !== undefined && row.opcname === name) return row;
    if (row.opcintype === compared && row.opcdefault === true) best = row;
  }
  return best;
}

/** Oid of the operator class an index over this type uses; 0 when none is known. */
export function operatorClassOf(typeOid: number, method: IndexMethod, name: string | undefined): number {
  return (operatorClassRow(typeOid, method, name)?.oid as number | undefined) ?? 0;
}

/** The type that such an index keeps: GIN's of what a value is made of, hashes, or the value's own. */
export function indexedTypeOf(typeOid: number, method: IndexMethod, name: string | undefined): number {
  if (method === 'hash') return OID.INT4;
  const kept = (operatorClassRow(typeOid, method, name)?.opckeytype as number | undefined) ?? 0;
  if (kept === OID.ANYELEMENT) return typeByOid(baseTypeOid(typeOid))?.elementOid ?? typeOid;
  return kept === 0 ? typeOid : kept;
}

/** An operator class by name, and the type that it is for; null when there is none. */
export function operatorClassByName(method: 'btree' | 'hash', name: string): { oid: number; typeOid: number } | null {
  const methodOid = method === 'hash' ? 405 : 403;
  const found = (staticRows('pg_opclass') ?? []).find((row) => row.opcmethod === methodOid && row.opcname === name);
  return found === undefined ? null : { oid: found.oid as number, typeOid: found.opcintype as number };
}

let typeFunctions: Map<number, readonly number[]> | null = null;
let functionNames: Map<number, TypeFunction> | null = null;

function linesOf(name: string): string[][] {
  return STATIC_ROWS[name]
    .slice(1, -1)
    .split('\n')
    .map((line) => line.split('\t'));
}

/** Oids of a built-in type's functions: input, output, receive, send, typmodin, typmodout, analyze. */
export function functionsOfType(typeOid: number): readonly number[] | undefined {
  typeFunctions ??= new Map(
    linesOf('type_functions').map(([oid, ...functions]) => [Number(oid), functions.map(Number)]),
  );
  return typeFunctions.get(typeOid);
}

/** Name of a function that no expression calls but that types are made of (array_in); null for others. */
export function typeFunctionName(oid: number): string | null {
  return namesOfTypeFunctions().get(oid)?.name ?? null;
}

/** Oids of its arguments' types. */
export function typeFunctionArguments(oid: number): readonly number[] {
  return namesOfTypeFunctions().get(oid)?.argumentTypes ?? [];
}

/** The oid of such a function; null for other names. */
export function typeFunctionOid(name: string): number | null {
  for (const [oid, known] of namesOfTypeFunctions()) if (known.name === name) return oid;
  return null;
}

interface TypeFunction {
  readonly name: string;
  readonly argumentTypes: readonly number[];
}

function namesOfTypeFunctions(): ReadonlyMap<number, TypeFunction> {
  functionNames ??= new Map(
    linesOf('function_names').map(([oid, name, types]) => [
      Number(oid),
      { name, argumentTypes: types.split(' ').map(Number) },
    ]),
  );
  return functionNames;
}
