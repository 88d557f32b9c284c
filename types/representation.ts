/**
 * Which of a few forms the values of a type have at run time. Comparison, hashing, index keys and storage are decided by it,
 * so that each of them is one switch.
 */
import { assert } from './assert.ts';
import { OID } from './oid.ts';
import { baseTypeOid, isArrayType, type SqlType, typeByOid } from './type.ts';

export type Representation =
  | 'bool'
  | 'int2'
  | 'int4'
  /** oid, xid, cid and the reg types. */
  | 'uint4'
  /** Number or bigint: int8, time, money, macaddr. */
  | 'int8'
  | 'float4'
  | 'float8'
  /** Days; infinities as themselves. */
  | 'date'
  /** timestamp and timestamptz: microseconds; infinities as themselves. */
  | 'micros'
  | 'timetz'
  | 'interval'
  | 'numeric'
  /** Number or bigint from 0 to 2^64 - 1: xid8, pg_lsn, macaddr8. */
  | 'uint8'
  /** inet and cidr: strings that compare as the addresses do (network.ts). */
  | 'address'
  | 'range'
  /** point, lseg, box, line, path, polygon, circle: without an order, and no equality that groups. */
  | 'geometric'
  | 'multirange'
  | 'text'
  /** char(n): text in which blanks at the end do not count. */
  | 'bpchar'
  /** Text in which upper and lower case are the same. */
  | 'citext'
  /** Pairs as they are printed (hstore.ts). */
  | 'hstore'
  | 'bytea'
  | 'uuid'
  | 'jsonb'
  /** block * 65536 + offset */
  | 'tid'
  /** Bytes: fulltext/tsvector.ts, fulltext/tsquery.ts. */
  | 'tsvector'
  | 'tsquery'
  | 'enum'
  | 'array'
  | 'record';

const KNOWN: ReadonlyMap<number, Representation> = new Map<number, Representation>([
  [OID.BOOL, 'bool'],
  [OID.INT2, 'int2'],
  [OID.INT4, 'int4'],
  [OID.OID, 'uint4'],
  [OID.XID, 'uint4'],
  [OID.CID, 'uint4'],
  [OID.REGPROC, 'uint4'],
  [OID.REGPROCEDURE, 'uint4'],
  [OID.REGOPER, 'uint4'],
  [OID.REGOPERATOR, 'uint4'],
  [OID.REGCLASS, 'uint4'],
  [OID.REGTYPE, 'uint4'],
  [OID.REGCONFIG, 'uint4'],
  [OID.REGDICTIONARY, 'uint4'],
  [OID.REGNAMESPACE, 'uint4'],
  [OID.REGROLE, 'uint4'],
  [OID.REGCOLLATION, 'uint4'],
  [OID.INT8, 'int8'],
  [OID.TIME, 'int8'],
  [OID.MONEY, 'int8'],
  [OID.MACADDR, 'int8'],
  [OID.XID8, 'uint8'],
  [OID.PG_LSN, 'uint8'],
  [OID.MACADDR8, 'uint8'],
  [OID.POINT, 'geometric'],
  [OID.LSEG, 'geometric'],
  [OID.BOX, 'geometric'],
  [OID.LINE, 'geometric'],
  [OID.PATH, 'geometric'],
  [OID.POLYGON, 'geometric'],
  [OID.CIRCLE, 'geometric'],
  [OID.INET, 'address'],
  [OID.CIDR, 'address'],
  [OID.FLOAT4, 'float4'],
  [OID.FLOAT8, 'float8'],
  [OID.DATE, 'date'],
  [OID.TIMESTAMP, 'micros'],
  [OID.TIMESTAMPTZ, 'micros'],
  [OID.TIMETZ, 'timetz'],
  [OID.INTERVAL, 'interval'],
  [OID.NUMERIC, 'numeric'],
  [OID.BPCHAR, 'bpchar'],
  [OID.ANYCITEXT, 'citext'],
  [OID.ANYHSTORE, 'hstore'],
  [OID.BYTEA, 'bytea'],
  [OID.UUID, 'uuid'],
  [OID.JSONB, 'jsonb'],
  [OID.TID, 'tid'],
  [OID.TSVECTOR, 'tsvector'],
  [OID.TSQUERY, 'tsquery'],
  [OID.RECORD, 'record'],
  [OID.ANYARRAY, 'array'],
  [OID.ANYRANGE, 'range'],
  [OID.ANYMULTIRANGE, 'multirange'],
  [OID.INT2VECTOR, 'array'],
  [OID.OIDVECTOR, 'array'],
]);

/** Types that are not listed, and not user-made, are text: text itself, varchar, name, "char", json, xml, bit. */
export function representation(oid: number): Representation {
  const base = baseTypeOid(oid);
  const known = KNOWN.get(base);
  if (known !== undefined) return known;
  const type = typeByOid(base);
  if (type === undefined) return 'text';
  if (type.form !== undefined) return type.form;
  if (type.kind === 'e') return 'enum';
  if (type.kind === 'c') return 'record';
  if (type.kind === 'r') return 'range';
  if (type.kind === 'm') return 'multirange';
  return isArrayType(type) ? 'array' : 'text';
}

/** An enum's labels as they are stored: by the label's own oid, which a renamed label keeps. */
interface StoredLabels {
  readonly oids: ReadonlyMap<string, number>;
  readonly labels: ReadonlyMap<number, string>;
}

const storedLabels = new WeakMap<SqlType, StoredLabels>();

function storedLabelsOf(enumOid: number): StoredLabels {
  const type = typeByOid(baseTypeOid(enumOid));
  assert(type?.enumLabels !== undefined && type.enumLabelOids !== undefined, 'an enum has labels with oids');
  let stored = storedLabels.get(type);
  if (stored === undefined) {
    const oids = type.enumLabelOids;
    stored = {
      oids: new Map(type.enumLabels.map((label, i) => [label, oids[i]])),
      labels: new Map(type.enumLabels.map((label, i) => [oids[i], label])),
    };
    storedLabels.set(type, stored);
  }
  return stored;
}

export function enumLabelOid(enumOid: number, label: string): number {
  const oid = storedLabelsOf(enumOid).oids.get(label);
  assert(oid !== undefined, 'an enum value is one of its labels');
  return oid;
}

export function enumLabel(enumOid: number, labelOid: number): string {
  const label = storedLabelsOf(enumOid).labels.get(labelOid);
  assert(label !== undefined, 'a stored enum value is one of its labels');
  return label;
}

/** Place of an enum's label in its order. */
export function enumOrder(oid: number): (label: string) => number {
  const type = typeByOid(baseTypeOid(oid));
  const order = new Map<string, number>();
  type?.enumLabels?.forEach((label, i) => {
    order.set(label, type.enumSortOrders?.[i] ?? i + 1);
  });
  return (label) => order.get(label) ?? Infinity;
}
