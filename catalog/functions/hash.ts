/**
 * PostgreSQL's hash functions by name (hashtext and its kin). Clients use them for advisory locks and for sharding, so the numbers
 * must be PostgreSQL's.
 */
import { inputInt8, OID, type Value } from '../../types/index.ts';
import { type Hasher, hasher } from './hash-values.ts';
import type { AnyFunction, FunctionModule, Specialiser } from './module.ts';

/** Functions of one type each: internal name, that of the function with a seed, type. */
const OF_TYPES: readonly (readonly [string, string, number])[] = [
  ['hashint2', 'hashint2extended', OID.INT2],
  ['hashint4', 'hashint4extended', OID.INT4],
  ['hashint8', 'hashint8extended', OID.INT8],
  ['hashoid', 'hashoidextended', OID.OID],
  ['hashchar', 'hashcharextended', OID.CHAR],
  ['hashname', 'hashnameextended', OID.NAME],
  ['hashtext', 'hashtextextended', OID.TEXT],
  ['hashbpchar', 'hashbpcharextended', OID.BPCHAR],
  ['hashfloat4', 'hashfloat4extended', OID.FLOAT4],
  ['hashfloat8', 'hashfloat8extended', OID.FLOAT8],
  ['hashinet', 'hashinetextended', OID.INET],
  ['hashmacaddr', 'hashmacaddrextended', OID.MACADDR],
  ['hashmacaddr8', 'hashmacaddr8extended', OID.MACADDR8],
  ['hashoidvector', 'hashoidvectorextended', OID.OIDVECTOR],
  ['time_hash', 'time_hash_extended', OID.TIME],
  ['timetz_hash', 'timetz_hash_extended', OID.TIMETZ],
  ['interval_hash', 'interval_hash_extended', OID.INTERVAL],
  ['timestamp_hash', 'timestamp_hash_extended', OID.TIMESTAMP],
  ['uuid_hash', 'uuid_hash_extended', OID.UUID],
  ['pg_lsn_hash', 'pg_lsn_hash_extended', OID.PG_LSN],
  ['hash_numeric', 'hash_numeric_extended', OID.NUMERIC],
  ['jsonb_hash', 'jsonb_hash_extended', OID.JSONB],
];

/** Functions of any array, enum, range, multirange or row. */
const POLYMORPHIC = ['hash_array', 'hashenum', 'hash_range', 'hash_multirange', 'hash_record'];

export function hashOf(oid: number): AnyFunction {
  let known: Hasher | null = null;
  return (value: Value) => {
    known ??= hasher(oid, '');
    return known.hash(value);
  };
}

export function hashWithSeedOf(oid: number): AnyFunction {
  return (value: Value, seed: number | bigint) => {
    const hash = hasher(oid, 'extended ').extended(value, BigInt.asUintN(64, BigInt(seed)));
    return inputInt8(String(BigInt.asIntN(64, hash)));
  };
}

function extendedName(name: string): string {
  return name === 'hashenum' ? 'hashenumextended' : `${name}_extended`;
}

export const hashFunctions: FunctionModule = {
  plain: Object.fromEntries(
    OF_TYPES.flatMap(([name, extended, oid]): [string, AnyFunction][] => [
      [name, hashOf(oid)],
      [extended, hashWithSeedOf(oid)],
    ]),
  ),
  specialised: Object.fromEntries(
    POLYMORPHIC.flatMap((name): [string, Specialiser][] => [
      [name, ([oid]) => hashOf(oid)],
      [extendedName(name), ([oid]) => hashWithSeedOf(oid)],
    ]),
  ),
};
