/** pg_type, pg_enum: built-in types and user-made ones. */
import { BUILTIN_TYPES, OID, type SqlType, typeByOid } from '../../types/index.ts';
import { BOOTSTRAP_ROLE_OID, PG_CATALOG_SCHEMA_OID, type TypeEntry } from '../entries.ts';
import { functionsByName } from '../functions/registry.ts';
import { arrayTypeName, rowTypeOf } from '../user-types.ts';
import { collationOf } from './definitions.ts';
import { type Row, type RowMaker, sorted, type ViewContext } from './view-context.ts';

/** Oids of the in, out, receive and send functions when they are implemented; 0 else. */
function ioFunction(type: SqlType, suffix: 'in' | 'out' | 'recv' | 'send'): number {
  const base =
    type.category === 'A' && type.name.startsWith('_')
      ? 'array_'
      : type.kind === 'e'
        ? 'enum_'
        : type.kind === 'c'
          ? 'record_'
          : type.kind === 'd'
            ? 'domain_'
            : type.name;
  const names = base.endsWith('_') ? [base + suffix] : [base + suffix, `${base}_${suffix}`];
  for (const name of names) {
    const [found] = functionsByName(name);
    if (found !== undefined) return found.oid;
  }
  return IO_OIDS[type.name]?.[suffix === 'in' ? 0 : suffix === 'out' ? 1 : suffix === 'recv' ? 2 : 3] ?? 0;
}

/** The oids that clients compare with (array_in is how JDBC and others recognise arrays). */
const IO_OIDS: Readonly<Record<string, readonly [number, number, number, number]>> = {};
const ARRAY_IO = { typinput: 750, typoutput: 751, typreceive: 2400, typsend: 2401 };

const MODIFIER_IN: Readonly<Record<string, readonly [number, number]>> = {
  bpchar: [2913, 2914],
  varchar: [2915, 2916],
  numeric: [2917, 2918],
  bit: [2919, 2920],
  varbit: [2902, 2921],
  timestamp: [2905, 2906],
  timestamptz: [2907, 2908],
  time: [2909, 2910],
  timetz: [2911, 2912],
  interval: [2903, 2904],
};

function typeRow(type: SqlType, owner: number, schemaOid: number, extra: Row): Row {
  const isArray = type.category === 'A' && type.name.startsWith('_');
  const modifier = MODIFIER_IN[isArray ? type.name.slice(1) : type.name];
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
    ...(isArray
      ? ARRAY_IO
      : {
          typinput: ioFunction(type, 'in'),
          typoutput: ioFunction(type, 'out'),
          typreceive: ioFunction(type, 'recv'),
          typsend: ioFunction(type, 'send'),
        }),
    typmodin: modifier?.[0] ?? 0,
    typmodout: modifier?.[1] ?? 0,
    typanalyze: isArray ? 3816 : 0,
    typalign: type.align,
    typstorage: type.storage,
    typnotnull: false,
    typbasetype: type.baseOid ?? 0,
    typtypmod: type.baseTypmod ?? -1,
    typndims: 0,
    typcollation: collationOf(type.oid),
    ...extra,
  };
}

function userType(entry: TypeEntry): Row[] {
  const type = typeByOid(entry.oid);
  if (type === undefined) return [];
  const rows = [
    typeRow({ ...type, name: entry.name }, entry.owner, entry.schemaOid, {
      typrelid: entry.relationOid ?? 0,
      typnotnull: entry.notNull === true,
      typdefault: entry.defaultText ?? null,
      typdefaultbin: entry.defaultText ?? null,
    }),
  ];
  const array = typeByOid(entry.arrayOid);
  if (array !== undefined) {
    rows.push(typeRow({ ...array, name: arrayTypeName(entry.name) }, entry.owner, entry.schemaOid, {}));
  }
  return rows;
}

function* pgType(context: ViewContext): Iterable<Row> {
  for (const type of BUILTIN_TYPES) yield typeRow(type, BOOTSTRAP_ROLE_OID, PG_CATALOG_SCHEMA_OID, {});
  const rowTypes = [...context.catalog.relations()].map(rowTypeOf).filter((type) => type !== undefined);
  for (const entry of sorted([...context.catalog.types(), ...rowTypes])) yield* userType(entry);
}

function* pgEnum(context: ViewContext): Iterable<Row> {
  for (const type of sorted(context.catalog.types())) {
    if (type.kind !== 'enum') continue;
    for (let i = 0; i < type.labels.length; i++) {
      yield {
        oid: type.labelOids?.[i] ?? 0,
        enumtypid: type.oid,
        enumsortorder: i + 1,
        enumlabel: type.labels[i],
      };
    }
  }
}

export const typeMakers: Readonly<Record<string, RowMaker>> = { pg_type: pgType, pg_enum: pgEnum };
