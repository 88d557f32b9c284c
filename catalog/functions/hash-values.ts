/**
 * The hash of a value, as the hash function of its type's default operator class in PostgreSQL computes it: arrays, rows, ranges and
 * jsonb from the hashes of their parts.
 */
import {
  type Address,
  addressBytes,
  addressFamily,
  baseTypeOid,
  formatType,
  type Interval,
  intervalDays,
  intervalRest,
  isArrayType,
  type Jsonb,
  JsonbObject,
  mac8Bytes,
  macBytes,
  type Numeric,
  networkBits,
  OID,
  outputBinary,
  readJsonb,
  type SqlArray,
  type SqlMultirange,
  type SqlRange,
  type SqlRecord,
  sqlError,
  type TimeTz,
  trimBlanks,
  typeByOid,
  uuidToBytes,
  type Value,
} from '../../types/index.ts';
import { foldInt8, fourBytes, hashBytes, hashBytesExtended } from './hash-bytes.ts';

/** As PostgreSQL keeps an address: family, bits, bytes. */
function storedAddress(address: Address): Uint8Array {
  return Uint8Array.of(addressFamily(address), networkBits(address), ...addressBytes(address));
}

/** How a type's values are hashed: to 32 bits, and with a seed to 64. Values are never null here. */
export interface Hasher {
  readonly hash: (value: Value) => number;
  readonly extended: (value: Value, seed: bigint) => bigint;
}

/** Of a type whose values are hashed as bytes. */
function ofBytes<V extends Value>(bytesOf: (value: V) => Uint8Array): Hasher {
  return {
    hash: (value) => hashBytes(bytesOf(value as V), 0, 0).c,
    extended: (value, seed) => hashBytesExtended(bytesOf(value as V), seed),
  };
}

const TEXT = ofBytes((text: string) => Buffer.from(text, 'utf8'));
const INT4 = ofBytes(fourBytes);
const INT8 = ofBytes((value: number | bigint) => fourBytes(foldInt8(value)));

const FLOAT: Hasher = {
  // Both zeros are equal, and all NaNs; a float4 has the hash of the float8 that equals it.
  hash: (value) => (value === 0 ? 0 : hashBytes(floatBytes(value as number), 0, 0).c),
  extended: (value, seed) => (value === 0 ? seed : hashBytesExtended(floatBytes(value as number), seed)),
};

function floatBytes(value: number): Uint8Array {
  const bytes = new Uint8Array(8);
  // The bits of a computed NaN are the engine's own business.
  if (Number.isNaN(value)) bytes.set([0xf8, 0x7f], 6);
  else new DataView(bytes.buffer).setFloat64(0, value, true);
  return bytes;
}

/** The significant groups of base 10000 as int16, and the weight of the first. */
function numericGroups(value: Numeric): { readonly bytes: Uint8Array; readonly weight: number } {
  const binary = new DataView(outputBinary(OID.NUMERIC, value).slice().buffer);
  const count = binary.getInt16(0);
  const bytes = new Uint8Array(2 * count);
  const groups = new DataView(bytes.buffer);
  for (let i = 0; i < count; i++) groups.setInt16(2 * i, binary.getInt16(8 + 2 * i), true);
  return { bytes, weight: binary.getInt16(2) };
}

const NUMERIC: Hasher = {
  hash(value) {
    if (!(value as Numeric).isFinite) return 0;
    const { bytes, weight } = numericGroups(value as Numeric);
    return bytes.length === 0 ? -1 : hashBytes(bytes, 0, 0).c ^ weight;
  },
  extended(value, seed) {
    if (!(value as Numeric).isFinite) return seed;
    const { bytes, weight } = numericGroups(value as Numeric);
    return bytes.length === 0 ? seed - 1n : hashBytesExtended(bytes, seed) ^ BigInt.asUintN(64, BigInt(weight));
  },
};

/** Months are 30 days, days 24 hours: intervals that are equal have one span. */
function intervalSpan(value: Interval): bigint {
  const span = BigInt(intervalDays(value)) * 86_400_000_000n + BigInt(intervalRest(value));
  return BigInt.asIntN(64, span);
}

const INTERVAL: Hasher = {
  hash: (value) => INT8.hash(intervalSpan(value as Interval)),
  extended: (value, seed) => INT8.extended(intervalSpan(value as Interval), seed),
};

const TIMETZ: Hasher = {
  // PostgreSQL keeps the zone as seconds west.
  hash: (value) => INT8.hash((value as TimeTz).micros) ^ INT4.hash(-(value as TimeTz).offset),
  extended: (value, seed) =>
    INT8.extended((value as TimeTz).micros, seed) ^ INT4.extended(-(value as TimeTz).offset, seed),
};

const JSONB_ARRAY = 0x40000000;
const JSONB_OBJECT = 0x20000000;

type Scalar = null | boolean | string | Numeric;

/** Calls with each scalar and key, and with the flag of each array and object, in the order of the value. */
function walkJsonb(node: Jsonb, onScalar: (node: Scalar) => void, onContainer: (flag: number) => void): void {
  if (node instanceof JsonbObject) {
    onContainer(JSONB_OBJECT);
    node.keys.forEach((key, i) => {
      onScalar(key);
      walkJsonb(node.values[i], onScalar, onContainer);
    });
  } else if (Array.isArray(node)) {
    onContainer(JSONB_ARRAY);
    for (const element of node) walkJsonb(element, onScalar, onContainer);
  } else onScalar(node);
}
const INT64_MAX = 2n ** 63n - 1n;
const INT32_MAX = 2 ** 31 - 1;

/** Moments as PostgreSQL keeps them: infinities are the ends of int8. */
const moment = (value: Value): Value =>
  value === Infinity ? INT64_MAX : value === -Infinity ? -1n - INT64_MAX : value;
const MOMENT: Hasher = {
  hash: (value) => INT8.hash(moment(value)),
  extended: (value, seed) => INT8.extended(moment(value), seed),
};

const DATE = ofBytes((value: number) =>
  fourBytes(value === Infinity ? INT32_MAX : value === -Infinity ? -1 - INT32_MAX : value),
);

const BOOL = ofBytes((value: boolean) => fourBytes(Number(value)));
/** "char" is a signed byte. */
const CHAR = ofBytes((value: string) => fourBytes(((value === '' ? 0 : value.charCodeAt(0)) << 24) >> 24));

/** The low bit of each half comes from its own high bit. */
function rotateHalves(value: bigint): bigint {
  return ((value << 1n) & 0xfffffffefffffffen) | ((value >> 31n) & 0x100000001n);
}

function rotateOne(value: number): number {
  return (value << 1) | (value >>> 31);
}

const JSONB: Hasher = {
  hash(value) {
    if (isEmptyContainer(value)) return 0;
    let hash = 0;
    const onScalar = (node: Scalar): void => {
      hash = rotateOne(hash) ^ scalarHash(node);
    };
    walkJsonb(jsonbTree(value), onScalar, (flag) => {
      hash ^= flag;
    });
    return hash;
  },
  extended(value, seed) {
    if (isEmptyContainer(value)) return seed;
    let hash = 0n;
    const onScalar = (node: Scalar): void => {
      hash = rotateHalves(hash) ^ scalarHashExtended(node, seed);
    };
    walkJsonb(jsonbTree(value), onScalar, (flag) => {
      hash ^= (BigInt(flag) << 32n) | BigInt(flag);
    });
    return hash;
  },
};

function isEmptyContainer(value: Value): boolean {
  return value === '[]' || value === '{}';
}

/** A scalar stands in an array of its own. */
function jsonbTree(value: Value): Jsonb {
  const node = readJsonb(value as string);
  return node instanceof JsonbObject || Array.isArray(node) ? node : [node];
}

function scalarHash(node: Scalar): number {
  if (node === null) return 1;
  if (typeof node === 'boolean') return node ? 2 : 4;
  return typeof node === 'string' ? TEXT.hash(node) : NUMERIC.hash(node);
}

function scalarHashExtended(node: Scalar, seed: bigint): bigint {
  if (node === null) return BigInt.asUintN(64, seed + 1n);
  if (typeof node === 'boolean') return seed === 0n ? (node ? 2n : 4n) : BOOL.extended(node, seed);
  return typeof node === 'string' ? TEXT.extended(node, seed) : NUMERIC.extended(node, seed);
}

/** Hashes of parts, one after the other: nulls are 0. */
function fold(parts: Iterable<number>, start: number): number {
  let hash = start;
  for (const part of parts) hash = (Math.imul(hash, 31) + part) | 0;
  return hash;
}

function foldExtended(parts: Iterable<bigint>, start: bigint): bigint {
  let hash = start;
  for (const part of parts) hash = BigInt.asUintN(64, hash * 31n + part);
  return hash;
}

function ofArray(elementOid: number): Hasher {
  const element = lazy(elementOid);
  return {
    hash: (value) => {
      const { hash } = element('');
      return fold(
        (value as SqlArray).elements.map((each) => (each === null ? 0 : hash(each))),
        1,
      );
    },
    extended: (value, seed) => {
      const { extended } = element('extended ');
      return foldExtended(
        (value as SqlArray).elements.map((each) => (each === null ? 0n : extended(each, seed))),
        1n,
      );
    },
  };
}

const RECORD: Hasher = {
  hash: ({ typeOids, values }: SqlRecord) =>
    fold(
      values.map((value, i) => {
        const { hash } = hasher(typeOids[i], '');
        return value === null ? 0 : hash(value);
      }),
      0,
    ),
  extended: ({ typeOids, values }: SqlRecord, seed) =>
    foldExtended(
      values.map((value, i) => {
        const { extended } = hasher(typeOids[i], 'extended ');
        return value === null ? 0n : extended(value, seed);
      }),
      0n,
    ),
};

function ofRange(subtypeOid: number): Hasher {
  const bound = lazy(subtypeOid);
  return {
    hash: ({ lower, upper, flags }: SqlRange) => {
      const { hash } = bound('');
      const start = INT4.hash(flags) ^ (lower === null ? 0 : hash(lower));
      return rotateOne(start) ^ (upper === null ? 0 : hash(upper));
    },
    extended: ({ lower, upper, flags }: SqlRange, seed) => {
      const { extended } = bound('extended ');
      const start = INT4.extended(flags, seed) ^ (lower === null ? 0n : extended(lower, seed));
      return rotateHalves(start) ^ (upper === null ? 0n : extended(upper, seed));
    },
  };
}

function ofMultirange(subtypeOid: number): Hasher {
  const range = ofRange(subtypeOid);
  return {
    hash: ({ ranges }: SqlMultirange) => fold(ranges.map(range.hash), 1),
    extended: ({ ranges }: SqlMultirange, seed) =>
      foldExtended(
        ranges.map((each) => range.extended(each, seed)),
        1n,
      ),
  };
}

function ofEnum(oid: number): Hasher {
  const { enumLabels = [], enumLabelOids = [] } = typeByOid(oid) ?? {};
  return ofBytes((label: string) => fourBytes(enumLabelOids[enumLabels.indexOf(label)]));
}

const BUILTIN: ReadonlyMap<number, Hasher> = new Map<number, Hasher>([
  [OID.BOOL, BOOL],
  [OID.CHAR, CHAR],
  [OID.INT2, INT4],
  [OID.INT4, INT4],
  [OID.INT8, INT8],
  [OID.OID, INT4],
  [OID.XID, INT4],
  [OID.CID, INT4],
  [OID.XID8, INT8],
  [OID.PG_LSN, INT8],
  [OID.TIME, INT8],
  [OID.DATE, DATE],
  [OID.TIMESTAMP, MOMENT],
  [OID.TIMESTAMPTZ, MOMENT],
  [OID.TIMETZ, TIMETZ],
  [OID.INTERVAL, INTERVAL],
  [OID.FLOAT4, FLOAT],
  [OID.FLOAT8, FLOAT],
  [OID.NUMERIC, NUMERIC],
  [OID.TEXT, TEXT],
  [OID.VARCHAR, TEXT],
  [OID.NAME, TEXT],
  [OID.BPCHAR, ofBytes((text: string) => Buffer.from(trimBlanks(text), 'utf8'))],
  [OID.BYTEA, ofBytes((bytes: Uint8Array) => bytes)],
  [OID.UUID, ofBytes(uuidToBytes)],
  [OID.INET, ofBytes(storedAddress)],
  [OID.CIDR, ofBytes(storedAddress)],
  [OID.MACADDR, ofBytes((value: number) => Uint8Array.from(macBytes(value)))],
  [OID.MACADDR8, ofBytes((value: number | bigint) => Uint8Array.from(mac8Bytes(value)))],
  [OID.JSONB, JSONB],
  [OID.RECORD, RECORD],
  [OID.OIDVECTOR, ofBytes(vectorBytes)],
]);

/** Elements of an oidvector, four bytes each. */
function vectorBytes(vector: SqlArray): Uint8Array {
  return Buffer.concat(vector.elements.map((element) => fourBytes(element as number)));
}

function knownHasher(oid: number): Hasher | undefined {
  const base = baseTypeOid(oid);
  const type = typeByOid(base);
  const builtin = BUILTIN.get(base);
  if (builtin !== undefined || type === undefined) return builtin;
  if (type.kind === 'e') return ofEnum(base);
  if (type.kind === 'c') return RECORD;
  if (type.kind === 'r') return ofRange(type.subtypeOid ?? 0);
  if (type.kind === 'm') return ofMultirange(typeByOid(type.rangeOid ?? 0)?.subtypeOid ?? 0);
  return isArrayType(type) ? ofArray(type.elementOid) : undefined;
}

/** 42883 for a type without a hash operator class. */
export function hasher(oid: number, extended: '' | 'extended '): Hasher {
  const known = knownHasher(oid);
  if (known !== undefined) return known;
  const article = extended === '' ? 'a' : 'an';
  throw sqlError('42883', `could not identify ${article} ${extended}hash function for type ${formatType(oid)}`);
}

/** Looked up at the first value: a type without hashes is an error only then. */
function lazy(oid: number): (extended: '' | 'extended ') => Hasher {
  let known: Hasher | undefined;
  return (extended) => {
    known ??= hasher(oid, extended);
    return known;
  };
}
