/** Entries as storage keeps them: JSON in UTF-8 under the key `<databaseOid>/<class>/<oid>`; shared entries have database 0. */
import { assert } from '../types/assert.ts';
import type { CatalogEntry, EntryClass } from './entries.ts';

/** The "database" of roles, databases and settings. */
export const SHARED_DATABASE_OID = 0;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

export function encodeEntry(entry: CatalogEntry): Uint8Array {
  return encoder.encode(JSON.stringify(entry));
}

export function decodeEntry(bytes: Uint8Array): CatalogEntry {
  return JSON.parse(decoder.decode(bytes)) as CatalogEntry;
}

export function entryKey(databaseOid: number, entryClass: EntryClass, oid: number): string {
  return `${databaseOid}/${entryClass}/${oid}`;
}

export function parseEntryKey(key: string): { databaseOid: number; class: EntryClass; oid: number } {
  const [databaseOid, entryClass, oid] = key.split('/');
  assert(oid !== undefined, `a catalog key has three parts: ${key}`);
  return { databaseOid: Number(databaseOid), class: entryClass as EntryClass, oid: Number(oid) };
}
