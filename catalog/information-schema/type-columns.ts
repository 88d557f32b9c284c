/** How information_schema describes a type: data_type, lengths, precisions. After: PostgreSQL, information_schema.sql. */
import {
  charLength,
  formatType,
  INTERVAL_FULL_PRECISION,
  INTERVAL_FULL_RANGE,
  intervalFields,
  intervalPrecision,
  isArrayType,
  numericPrecision,
  numericScale,
  OID,
  typeByOid,
} from '../../types/index.ts';
import type { Row, ViewContext } from '../pg-catalog/view-context.ts';

const OCTETS_PER_CHARACTER = 4;
const OCTETS_MAX = 1073741824;
const INTEGER_BITS: Readonly<Record<number, number>> = { [OID.INT2]: 16, [OID.INT4]: 32, [OID.INT8]: 64 };

interface BaseType {
  readonly oid: number;
  readonly modifier: number;
}

function baseOf(oid: number, modifier: number): BaseType {
  let base: BaseType = { oid, modifier };
  for (;;) {
    const type = typeByOid(base.oid);
    if (type === undefined || type.kind !== 'd' || type.baseOid === undefined) return base;
    base = { oid: type.baseOid, modifier: type.baseTypmod ?? -1 };
  }
}

function characterLength({ oid, modifier }: BaseType): number | null {
  if (modifier < 0) return null;
  if (oid === OID.VARCHAR || oid === OID.BPCHAR) return charLength(modifier);
  return oid === OID.BIT || oid === OID.VARBIT ? modifier : null;
}

function octetLength({ oid, modifier }: BaseType): number | null {
  if (oid !== OID.VARCHAR && oid !== OID.BPCHAR && oid !== OID.TEXT) return null;
  return oid === OID.TEXT || modifier < 0 ? OCTETS_MAX : charLength(modifier) * OCTETS_PER_CHARACTER;
}

function numericColumns({ oid, modifier }: BaseType): Row {
  const bits = INTEGER_BITS[oid];
  if (bits !== undefined) return { numeric_precision: bits, numeric_precision_radix: 2, numeric_scale: 0 };
  if (oid === OID.FLOAT4) return { numeric_precision: 24, numeric_precision_radix: 2 };
  if (oid === OID.FLOAT8) return { numeric_precision: 53, numeric_precision_radix: 2 };
  if (oid !== OID.NUMERIC) return {};
  if (modifier < 0) return { numeric_precision_radix: 10 };
  return {
    numeric_precision: numericPrecision(modifier),
    numeric_precision_radix: 10,
    numeric_scale: numericScale(modifier),
  };
}

const SECONDS_TYPES = new Set<number>([OID.TIME, OID.TIMETZ, OID.TIMESTAMP, OID.TIMESTAMPTZ]);

function timeColumns({ oid, modifier }: BaseType): Row {
  if (oid === OID.DATE) return { datetime_precision: 0 };
  if (SECONDS_TYPES.has(oid)) return { datetime_precision: modifier < 0 ? 6 : modifier };
  if (oid !== OID.INTERVAL) return {};
  const precision = intervalPrecision(modifier);
  const fields = intervalFields(modifier);
  return {
    datetime_precision: modifier < 0 || precision === INTERVAL_FULL_PRECISION ? 6 : precision,
    interval_type:
      fields === INTERVAL_FULL_RANGE ? null : formatType(oid, modifier).slice('interval '.length).toUpperCase(),
  };
}

/** ARRAY, USER-DEFINED, or the type's name. */
export function dataTypeName(context: ViewContext, oid: number, modifier: number): string {
  const base = baseOf(oid, modifier);
  const type = typeByOid(base.oid);
  if (type === undefined) return '???';
  if (isArrayType(type)) return 'ARRAY';
  return context.catalog.type(base.oid) === undefined ? formatType(base.oid) : 'USER-DEFINED';
}

/** The columns that columns, domains, parameters and others have in common. `udtPrefix` is attribute_ for attributes. */
export function typeColumns(context: ViewContext, oid: number, modifier: number, udtPrefix = ''): Row {
  const base = baseOf(oid, modifier);
  const type = typeByOid(base.oid);
  const user = context.catalog.type(base.oid);
  return {
    data_type: dataTypeName(context, oid, modifier),
    character_maximum_length: characterLength(base),
    character_octet_length: octetLength(base),
    ...numericColumns(base),
    ...timeColumns(base),
    [`${udtPrefix}udt_catalog`]: context.catalog.databaseName,
    [`${udtPrefix}udt_schema`]: user === undefined ? 'pg_catalog' : context.schemaName(user.schemaOid),
    [`${udtPrefix}udt_name`]: type?.name ?? null,
  };
}
