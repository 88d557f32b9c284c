/**
 * Large objects. Their bytes are rows of pg_largeobject, in pieces of 2 kB, and their owners and rights rows of pg_largeobject_metadata:
 * tables like others, so that they have versions, and come back after a crash, as rows do. A database gets the two when its first
 * large object is made; until then they are empty tables of the system (system-tables.ts).
 */
import type { ColumnEntry, IndexEntry, RelationEntry } from './entries.ts';
import { initialRelationAcl } from './rights.ts';
import { systemRelationByOid } from './system-tables.ts';

export const LARGE_OBJECT_OID = 2613;
export const LARGE_OBJECT_METADATA_OID = 2995;

/** Bytes of a piece; the last of an object may have fewer, and pieces of zeros may be missing. */
export const PIECE_SIZE = 2048;
export const LARGE_OBJECT_SIZE_MAX = 2147483647 * PIECE_SIZE;

/** As lo_open takes them. */
export const MODE_WRITE = 0x20000;
export const MODE_READ = 0x40000;

/** An open large object. Its place is the session's alone, and does not go back with a transaction. */
export interface LargeObjectDescriptor {
  readonly oid: number;
  readonly mayWrite: boolean;
  /** In bytes. */
  place: number;
}

/** What the functions of large objects ask of their session. */
export interface LargeObjectSession {
  allocateOid(): number;
  /** The tables are there; throws to wait for another session that makes them. */
  prepareTables(): void;
  open(oid: number, mayWrite: boolean): number;
  descriptor(fd: number): LargeObjectDescriptor | undefined;
  close(fd: number): void;
  /** It has been removed: it is no longer open, and its comment goes. */
  forget(oid: number): void;
}

/** The tables and their indexes, over new heaps. */
export function largeObjectTables(createHeap: () => number): (RelationEntry | IndexEntry)[] {
  const table = (oid: number): RelationEntry => {
    const entry = systemRelationByOid(oid) as RelationEntry;
    const acl = initialRelationAcl(entry);
    const rights = acl === null ? {} : { acl };
    // Pieces are as long as rows may be in a page: nothing leaves it.
    const columns = entry.columns.map((column): ColumnEntry => ({ ...column, storage: 'plain' }));
    return { ...entry, ...rights, columns, kind: 'table', relId: createHeap(), overflowRelId: createHeap() };
  };
  const index = (
    oid: number,
    name: string,
    { oid: tableOid, schemaOid }: RelationEntry,
    columns: number[],
  ): IndexEntry => ({
    class: 'index',
    oid,
    name,
    schemaOid,
    tableOid,
    method: 'btree',
    unique: true,
    nullsNotDistinct: false,
    primary: true,
    columns: columns.map((columnNumber) => ({
      columnNumber,
      expressionText: null,
      descending: false,
      nullsFirst: false,
    })),
    includedColumns: [],
    predicateText: null,
  });
  const pieces = table(LARGE_OBJECT_OID);
  const metadata = table(LARGE_OBJECT_METADATA_OID);
  return [
    pieces,
    metadata,
    index(2683, 'pg_largeobject_loid_pn_index', pieces, [1, 2]),
    index(2996, 'pg_largeobject_metadata_oid_index', metadata, [1]),
  ];
}
