/** pg_type, pg_enum: built-in types and user-made ones. */
import { BUILTIN_TYPES, baseTypeOid, OID, type SqlType, typeByOid } from '../../types/index.ts';
import { arrayTypeNameIn } from '../array-types.ts';
import type { Catalog } from '../catalog.ts';
import { builtinCollations } from '../collations.ts';
import { BOOTSTRAP_ROLE_OID, PG_CATALOG_SCHEMA_OID, type TypeEntry } from '../entries.ts';
import { systemRelations } from '../system-tables.ts';
import { rowTypeOf } from '../user-types.ts';
import { collationOf } from './definitions.ts';
import { functionsOfType, staticRows } from './static-tables.ts';
import { type Row, type RowMaker, sorted, type ViewContext } from './view-context.ts';

/** enum_in, enum_out, enum_recv, enum_send: no built-in type is an enum. */
const ENUM_FUNCTIONS = [3506, 3507, 3532, 3533, 0, 0, 0] as const;
const DOMAIN_IN = 2597;
const DOMAIN_RECEIVE = 2598;
const ANY_ARRAY_TYPE = OID.INT4_ARRAY;

/** The built-in type whose functions a user-made type has; a domain has them but for domain_in and domain_recv. */
function modelOf(type: SqlType): number {
  if (type.category === 'A' && type.name.startsWith('_')) return ANY_ARRAY_TYPE;
  if (type.kind === 'c') return OID.RECORD;
  if (type.kind === 'r') return OID.INT4RANGE;
  if (type.kind === 'm') return OID.INT4MULTIRANGE;
  return type.baseOid === undefined ? OID.TEXT : baseTypeOid(type.baseOid);
}

function ioColumns(type: SqlType): Row {
  const model = functionsOfType(type.oid) ?? (type.kind === 'e' ? ENUM_FUNCTIONS : functionsOfType(modelOf(type)));
  const [input, output, receive, send, modifierIn, modifierOut, analyze] = model ?? [0, 0, 0, 0, 0, 0, 0];
  const isDomain = type.kind === 'd';
  return {
    typinput: isDomain ? DOMAIN_IN : input,
    typoutput: output,
    typreceive: isDomain ? DOMAIN_RECEIVE : receive,
    typsend: send,
    typmodin: isDomain ? 0 : modifierIn,
    typmodout: isDomain ? 0 : modifierOut,
    typanalyze: analyze,
  };
}

function typeRow(catalog: Catalog, type: SqlType, owner: number, schemaOid: number, extra: Row): Row {
  const isArray = type.category === 'A' && type.name.startsWith('_');
  return {
    oid: type.oid,
    typname: type.name,
    typnamespace: schemaOid,
    typowner: owner,
    typlen: type.length,
    typbyval: type.byValue,
    typtype: type.kind,
    typcategory: type.category,
    typispreferred: type.preferred,
    typisdefined: true,
    typdelim: type.delimiter,
    typrelid: 0,
    typsubscript: isArray ? 6179 : type.elementOid !== 0 ? 6180 : type.oid === OID.JSONB ? 6098 : 0,
    typelem: type.elementOid,
    typarray: type.arrayOid,
    ...ioColumns(type),
    typalign: type.align,
    typstorage: type.storage,
    typnotnull: false,
    typbasetype: type.baseOid ?? 0,
    typtypmod: type.baseTypmod ?? -1,
    typndims: 0,
    typcollation: collationOf(type.oid, catalog),
    ...extra,
  };
}

function userType(context: ViewContext, entry: TypeEntry): Row[] {
  const type = typeByOid(entry.oid);
  if (type === undefined) return [];
  const rows = [
    typeRow(context.catalog, { ...type, name: entry.name }, entry.owner, entry.schemaOid, {
      typacl: context.aclArray(entry.acl ?? context.catalog.systemRights(entry.oid)?.acl),
      typrelid: entry.relationOid ?? (entry.kind === 'composite' ? entry.oid : 0),
      typnotnull: entry.notNull === true,
      typdefault: context.shown(entry.defaultText ?? null),
      typdefaultbin: entry.defaultText ?? null,
    }),
  ];
  const array = typeByOid(entry.arrayOid);
  if (array !== undefined) {
    const name = arrayTypeNameIn(context.catalog, entry);
    rows.push(typeRow(context.catalog, { ...array, name }, entry.owner, entry.schemaOid, {}));
  }
  return rows;
}

let builtinByOid: ReadonlyMap<number, SqlType> | null = null;

/** Those that may be wanted. */
function builtinTypes(context: ViewContext): readonly SqlType[] {
  const oid = context.wantedOid('oid');
  if (oid === undefined) return BUILTIN_TYPES.filter(({ name }) => context.mayBe('typname', name));
  builtinByOid ??= new Map(BUILTIN_TYPES.map((type) => [type.oid, type]));
  const found = builtinByOid.get(oid);
  return found === undefined ? [] : [found];
}

function* pgType(context: ViewContext): Iterable<Row> {
  const builtin = builtinTypes(context);
  for (const type of builtin) {
    const typacl = context.aclArray(context.catalog.systemRights(type.oid)?.acl);
    yield typeRow(context.catalog, type, BOOTSTRAP_ROLE_OID, PG_CATALOG_SCHEMA_OID, { typacl });
  }
  // There is no other of this oid.
  if (context.wantedOid('oid') !== undefined && builtin.length > 0) return;
  const rowTypes = [...systemRelations(), ...context.catalog.relations()]
    .map(rowTypeOf)
    .filter((type) => type !== undefined);
  for (const entry of sorted([...context.madeTypes, ...rowTypes])) yield* userType(context, entry);
}

function* pgCollation(context: ViewContext): Iterable<Row> {
  for (const entry of [...builtinCollations(), ...sorted(context.catalog.collations())]) {
    const isLibc = entry.provider === 'c';
    yield {
      oid: entry.oid,
      collname: entry.name,
      collnamespace: entry.schemaOid,
      collowner: entry.owner,
      collprovider: entry.provider,
      collisdeterministic: entry.deterministic,
      collencoding: entry.encoding,
      collcollate: isLibc ? entry.locale : null,
      collctype: isLibc ? entry.ctype : null,
      colliculocale: entry.provider === 'i' ? entry.locale : null,
      collversion: entry.version,
    };
  }
}

function* pgEnum(context: ViewContext): Iterable<Row> {
  for (const type of sorted(context.catalog.types())) {
    if (type.kind !== 'enum') continue;
    for (let i = 0; i < type.labels.length; i++) {
      yield {
        oid: type.labelOids?.[i] ?? 0,
        enumtypid: type.oid,
        enumsortorder: type.labelOrders?.[i] ?? i + 1,
        enumlabel: type.labels[i],
      };
    }
  }
}

function* pgRange(context: ViewContext): Iterable<Row> {
  yield* staticRows('pg_range') ?? [];
  for (const type of sorted(context.catalog.types())) {
    if (type.range === undefined) continue;
    yield {
      rngtypid: type.oid,
      rngsubtype: type.range.subtypeOid,
      rngmultitypid: type.range.multirangeOid,
      rngcollation: type.range.collationOid,
      rngsubopc: type.range.operatorClassOid,
      rngcanonical: 0,
      rngsubdiff: type.range.differenceOid,
    };
  }
}

export const typeMakers: Readonly<Record<string, RowMaker>> = {
  pg_type: pgType,
  pg_enum: pgEnum,
  pg_collation: pgCollation,
  pg_range: pgRange,
};
