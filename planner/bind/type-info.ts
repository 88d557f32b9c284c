/**
 * What overload resolution asks of a type: category, preference, element and array types, and its printed name. A thin layer
 * over the registry of types/, in which the catalog has made user-made types known.
 */
import {
  type BaseForm,
  baseTypeOid,
  formatType,
  isArrayType,
  type SqlType,
  typeByName,
  typeByOid,
} from '../../types/type.ts';

export const BOOL = 16;
export const NAME = 19;
export const INT8 = 20;
export const INT2 = 21;
export const INT2VECTOR = 22;
export const INT4 = 23;
export const TEXT = 25;
export const XML = 142;
export const OID = 26;
export const TID = 27;
export const XID = 28;
export const CID = 29;
export const OIDVECTOR = 30;
export const FLOAT4 = 700;
export const FLOAT8 = 701;
/** Of a row (PostgreSQL's MaxTupleAttributeNumber). */
export const ROW_FIELDS_MAX = 1664;

export const UNKNOWN = 705;
export const INT2_ARRAY = 1005;
export const OID_ARRAY = 1028;
export const BPCHAR = 1042;
export const VARCHAR = 1043;
export const DATE = 1082;
export const TIME = 1083;
export const TIMESTAMP = 1114;
export const TIMESTAMPTZ = 1184;
export const INTERVAL = 1186;
export const TIMETZ = 1266;
export const BIT = 1560;
export const VARBIT = 1562;
export const NUMERIC = 1700;
export const REGCLASS = 2205;
export const RECORD = 2249;
export const RECORD_ARRAY = 2287;
export const ANY = 2276;
export const ANYARRAY = 2277;
export const VOID = 2278;
export const ANYELEMENT = 2283;
export const ANYNONARRAY = 2776;
export const ANYENUM = 3500;
export const JSON_TYPE = 114;
export const JSON_ARRAY = 199;
export const JSONB = 3802;
export const ANYRANGE = 3831;
export const ANYCOMPATIBLE = 5077;
export const ANYCOMPATIBLEARRAY = 5078;
export const ANYCOMPATIBLENONARRAY = 5079;
export const ANYCOMPATIBLERANGE = 5080;
export const ANYMULTIRANGE = 4537;
const ANYCITEXT = 9200;
const ANYHSTORE = 9201;
export const ANYCOMPATIBLEMULTIRANGE = 4538;

/** What comparisons of an extension's type are found under. */
const FORM_COMPARED_AS: Readonly<Record<BaseForm, number>> = { citext: ANYCITEXT, hstore: ANYHSTORE };

export class TypeLookup {
  get(oid: number): SqlType | undefined {
    return typeByOid(oid);
  }
  category(oid: number): string {
    return typeByOid(oid)?.category ?? 'U';
  }
  isPreferred(oid: number): boolean {
    return typeByOid(oid)?.preferred ?? false;
  }
  isArray(oid: number): boolean {
    const type = typeByOid(oid);
    return type !== undefined && isArrayType(type);
  }
  /** Element type of a true array type, else 0. */
  elementOf(oid: number): number {
    const type = typeByOid(oid);
    return type !== undefined && isArrayType(type) ? type.elementOid : 0;
  }
  /** What subscripting gives, 0 if the type has no subscripts: also int2vector, name and point. */
  subscriptOf(oid: number): number {
    return typeByOid(oid)?.elementOid ?? 0;
  }
  /** Types of a fixed length that are made of elements: name, point, lseg, box, line. */
  isFixedArray(oid: number): boolean {
    const type = typeByOid(oid);
    return type !== undefined && type.elementOid !== 0 && type.length > 0;
  }
  arrayOf(oid: number): number {
    return typeByOid(oid)?.arrayOid ?? 0;
  }
  /** A range type's subtype, 0 of other types. */
  subtypeOf(oid: number): number {
    return typeByOid(oid)?.subtypeOid ?? 0;
  }
  /** The multirange type over a range type, and the range type under a multirange type. */
  multirangeOf(oid: number): number {
    return typeByOid(oid)?.multirangeOid ?? 0;
  }
  rangeOf(oid: number): number {
    return typeByOid(oid)?.rangeOid ?? 0;
  }
  /** The type under a domain (through domains over domains). */
  base(oid: number): number {
    return baseTypeOid(oid);
  }
  /** The modifier of the type under a domain, through domains over domains; -1 for none. */
  baseModifier(domain: number): number {
    for (let type = typeByOid(domain); type?.kind === 'd'; type = typeByOid(type.baseOid ?? 0)) {
      if (type.baseTypmod !== undefined && type.baseTypmod >= 0) return type.baseTypmod;
    }
    return -1;
  }
  isDomain(oid: number): boolean {
    return typeByOid(oid)?.kind === 'd';
  }
  isEnum(oid: number): boolean {
    return typeByOid(oid)?.kind === 'e';
  }
  isComposite(oid: number): boolean {
    return typeByOid(oid)?.kind === 'c';
  }
  isPseudo(oid: number): boolean {
    return typeByOid(oid)?.kind === 'p';
  }
  /** The built-in type that comparison operators of this type are found under (registry: comparisonOperator). */
  comparedAs(oid: number): number {
    const base = baseTypeOid(oid);
    const type = typeByOid(base);
    if (type === undefined) return base;
    if (type.kind === 'e') return ANYENUM;
    if (type.kind === 'c') return RECORD;
    if (type.kind === 'r') return ANYRANGE;
    if (type.kind === 'm') return ANYMULTIRANGE;
    if (type.form !== undefined) return FORM_COMPARED_AS[type.form];
    if (isArrayType(type)) {
      const element = typeByOid(type.elementOid);
      if (element?.kind !== 'b' || element.form !== undefined) return ANYARRAY;
    }
    return base;
  }
  /** format_type without a modifier, as messages name types. */
  name(oid: number): string {
    return formatType(oid);
  }
  /** format_type with the modifier: numeric(10,2), character varying(20). */
  nameWithModifier(oid: number, typeModifier: number): string {
    return formatType(oid, typeModifier);
  }
  /** get_typavgwidth: the planner's guess at a value's bytes. */
  width(oid: number, typeModifier: number): number {
    const type = typeByOid(oid);
    if (type !== undefined && type.length > 0) return type.length;
    if ((oid === VARCHAR || oid === BPCHAR) && typeModifier > 4) {
      const max = typeModifier - 4;
      if (oid === BPCHAR || max <= 32) return max;
      return max < 1000 ? 32 + Math.floor((max - 32) / 2) : 32 + Math.floor((1000 - 32) / 2);
    }
    return 32;
  }
}

export function builtinTypeByName(name: string): SqlType | undefined {
  return typeByName(name);
}

const RESERVED = new Set(
  `all analyse analyze and any array as asc asymmetric both case cast check collate column constraint create current_catalog
current_date current_role current_time current_timestamp current_user default deferrable desc distinct do else end except
false fetch for foreign from grant group having in initially intersect into lateral leading limit localtime localtimestamp
not null offset on only or order placing primary references returning select session_user some symmetric table then to
trailing true union unique user using variadic when where window with authorization binary collation concurrently cross
current_schema freeze full ilike inner is isnull join left like natural notnull outer overlaps right similar tablesample
verbose between bigint bit boolean char character coalesce dec decimal exists extract float greatest grouping inout int
integer interval least national nchar none normalize nullif numeric out overlay position precision real row setof smallint
substring time timestamp treat trim values varchar xmlattributes xmlconcat xmlelement xmlexists xmlforest xmlnamespaces
xmlparse xmlpi xmlroot xmlserialize xmltable`.split(/\s+/),
);

/** quote_identifier: in double quotes unless it is a plain lower-case name and no reserved word. */
export function quoteIdentifier(name: string): string {
  if (/^[a-z_][a-z0-9_$]*$/.test(name) && !RESERVED.has(name)) return name;
  return `"${name.replaceAll('"', '""')}"`;
}
