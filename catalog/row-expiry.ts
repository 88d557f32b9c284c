/**
 * Row expiry: a table WITH (ttl = '1 hour', ttl_column = created) holds no rows whose `created` is an hour old, or older.
 *
 * The two storage parameters are all that is kept. From them and a moment comes one value, the cutoff: rows up to it have expired,
 * rows after it and rows of null have not. It is one value for all sessions, so months and days, and columns without time zone, are
 * of the server's TimeZone, never of a session's.
 */
import { baseTypeOid, DEFAULT_FORMAT, type Interval, inputText, OID } from '../types/index.ts';
import type { RelationEntry } from './entries.ts';
import {
  addInterval,
  addIntervalInZone,
  splitTimestamp,
  type Timestamp,
  utcToLocal,
} from './functions/datetime-core.ts';
import { sessionZone } from './functions/zones.ts';

export const TTL = 'ttl';
export const TTL_COLUMN = 'ttl_column';

export type ExpiringType = typeof OID.TIMESTAMPTZ | typeof OID.TIMESTAMP | typeof OID.DATE;

export interface RowExpiry {
  /** Index into the table's columns. */
  readonly column: number;
  /** The column's type, or the one under its domain. */
  readonly typeOid: ExpiringType;
  readonly ttl: Interval;
}

/** Which rows of tables that expire a statement has to do with. */
export type ExpiryMode = 'live' | 'expired' | 'all';

const known = new WeakMap<RelationEntry, RowExpiry | null>();

/** How rows of the table expire; null: they do not. */
export function expiryOf(table: RelationEntry): RowExpiry | null {
  if (table.options.length === 0) return null;
  let expiry = known.get(table);
  if (expiry === undefined) {
    expiry = read(table);
    known.set(table, expiry);
  }
  return expiry;
}

export function storageOption(options: readonly string[], name: string): string | undefined {
  return options.find((option) => option.startsWith(`${name}=`))?.slice(name.length + 1);
}

function read({ options, columns }: RelationEntry): RowExpiry | null {
  const ttl = storageOption(options, TTL);
  const name = storageOption(options, TTL_COLUMN);
  const column = name === undefined ? -1 : columns.findIndex((each) => !each.dropped && each.name === name);
  if (ttl === undefined || column < 0) return null;
  return {
    column,
    typeOid: expiringType(columns[column].typeOid) as ExpiringType,
    ttl: inputText(OID.INTERVAL, -1, ttl, DEFAULT_FORMAT) as Interval,
  };
}

/** The type by which a column can say when its row expires; null: it cannot. */
export function expiringType(typeOid: number): ExpiringType | null {
  const oid = baseTypeOid(typeOid);
  return oid === OID.TIMESTAMPTZ || oid === OID.TIMESTAMP || oid === OID.DATE ? oid : null;
}

/** Values up to this one have expired at `now` (microseconds since 2000 UTC); `timeZone` is the server's. */
export function expiryCutoff(typeOid: ExpiringType, ttl: Interval, now: Timestamp, timeZone: string): Timestamp {
  const zone = sessionZone(timeZone);
  try {
    if (typeOid === OID.TIMESTAMPTZ) return addIntervalInZone(now, ttl, -1, zone);
    const local = addInterval(utcToLocal(now, zone), ttl, -1);
    return typeOid === OID.DATE ? splitTimestamp(local).days : local;
  } catch {
    // Before the first of all times.
    return -Infinity;
  }
}

/** Whether a row with this value in its ttl column has expired. */
export function isExpiredBy(value: unknown, cutoff: Timestamp): boolean {
  return value !== null && (value as Timestamp) <= cutoff;
}
