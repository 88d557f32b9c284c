/**
 * CREATE DATABASE ... TEMPLATE with a data directory: the new database is a copy that lasts.
 *
 *      fork of the template, at once  ->  its pages, one after the other, into heaps of the new database  ->  their rows into its indexes
 *
 * The template may be in use meanwhile. It is all one transaction: a crash or an error before its commit leaves nothing behind. Objects keep
 * their oids, as in PostgreSQL; what storage knows by a number for itself (heaps, sequences, index images) gets a new one.
 */
import type { CatalogEntry, RelationEntry } from '../catalog/entries.ts';
import { Catalog, encodeEntry, entryKey } from '../catalog/index.ts';
import { type CommitMoment, copyNextPage, forEachRow, type Heap, type Transaction } from '../storage/api.ts';
import { MAIN_TYPES, useTypes } from '../types/index.ts';
import type { DatabaseRuntime } from './database-runtime.ts';
import type { Session } from './session.ts';
import type { TableRuntime } from './table-runtime.ts';

const TEMPORARY_SCHEMA = /^pg_temp_\d+$/;

export class DatabaseCopy {
  readonly #session: Session;
  readonly #source: DatabaseRuntime;
  readonly #oid: number;
  readonly #name: string;
  readonly #txn: Transaction;
  readonly #xid: number;
  /** Heaps whose pages are still to be copied. */
  readonly #heaps: (readonly [source: Heap, target: Heap])[] = [];
  #copy: DatabaseRuntime | null = null;
  /** Tables whose rows are still to be put into indexes, and the next page of the first. */
  #tables: TableRuntime[] = [];
  #nextPage = 0;
  #isClosed = false;

  constructor(session: Session, template: DatabaseRuntime, oid: number, name: string, moment: CommitMoment | null) {
    this.#session = session;
    this.#oid = oid;
    this.#name = name;
    this.#txn = session.ensureTransaction();
    this.#xid = session.engine.transactions.statementXid(this.#txn);
    this.#source = template.fork(oid, name, template.shared, moment);
  }

  /** Some of the work; true: all is done. Throws PAGE_MISS. */
  step(): boolean {
    if (this.#copy === null) this.#copy = this.#define();
    if (this.#heaps.length > 0) {
      const [source, target] = this.#heaps[0];
      if (target.pages.pageCount < source.pages.pageCount) copyNextPage(source, target, this.#txn, this.#xid);
      else this.#heaps.shift();
      return false;
    }
    if (this.#tables.length > 0) {
      this.#indexPage(this.#tables[0]);
      return false;
    }
    this.#session.server.addDatabase(this.#copy);
    return true;
  }

  #indexPage(table: TableRuntime): void {
    if (table.indexes.length === 0 || this.#nextPage >= table.heap.pages.pageCount) {
      this.#tables.shift();
      this.#nextPage = 0;
      return;
    }
    forEachRow(table.heap, this.#nextPage, (rowId, row) => {
      for (const index of table.indexes) table.indexRow(index, rowId, row);
    });
    this.#nextPage++;
  }

  /** The new database's definitions, and its heaps, empty. */
  #define(): DatabaseRuntime {
    const { engine, server, database } = this.#session;
    const { catalog } = this.#source;
    const types = MAIN_TYPES.forDatabase();
    const changes = [];
    for (const entry of lastingEntries(catalog)) {
      const key = entryKey(this.#oid, entry.class, entry.oid);
      const copied = this.#copyOf(entry);
      engine.putCatalog(this.#txn, key, encodeEntry(copied));
      changes.push({ key, entry: copied });
    }
    useTypes(types);
    const copy = server.newDatabase(this.#oid, Catalog.empty(this.#oid, this.#name).apply(changes), types);
    useTypes(database.types);
    for (const entry of copy.catalog.relations()) {
      if (entry.relId !== 0) this.#tables.push(copy.table(copy.catalog, entry));
    }
    return copy;
  }

  #copyOf(entry: CatalogEntry): CatalogEntry {
    const { engine } = this.#session;
    switch (entry.class) {
      case 'relation':
        return this.#relation(entry);
      case 'index':
        return { ...entry, storageId: engine.allocateOid() };
      case 'sequence': {
        const storageId = engine.allocateOid();
        const state = this.#source.engine.sequenceState(entry.storageId ?? entry.oid);
        if (state !== null) engine.createSequence(this.#txn, storageId, state.lastValue, state.isCalled);
        return { ...entry, storageId };
      }
      default:
        return entry;
    }
  }

  #relation(entry: RelationEntry): RelationEntry {
    if (entry.relId === 0) return entry;
    const relId = this.#heap(entry.relId);
    return {
      ...entry,
      relId,
      overflowRelId: entry.overflowRelId > 0 ? this.#heap(entry.overflowRelId) : entry.overflowRelId,
    };
  }

  #heap(relId: number): number {
    const heap = this.#session.engine.createHeap(this.#txn);
    this.#heaps.push([this.#source.engine.heap(relId), heap]);
    return heap.relId;
  }

  /** Done, or given up. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    if (this.#tables.length + this.#heaps.length > 0) this.#copy?.end();
    void this.#source.engine.close();
    this.#source.end();
  }
}

/** All entries but those of sessions' temporary schemas. */
function* lastingEntries(catalog: Catalog): Iterable<CatalogEntry> {
  const temporary = new Set<number>();
  for (const schema of catalog.schemas()) if (TEMPORARY_SCHEMA.test(schema.name)) temporary.add(schema.oid);
  const isTemporary = (oid: number): boolean => temporary.has(catalog.namedRelation(oid)?.schemaOid ?? 0);
  for (const entry of catalog.entries()) {
    if (entry.class === 'schema' ? temporary.has(entry.oid) : 'schemaOid' in entry && temporary.has(entry.schemaOid))
      continue;
    if ('tableOid' in entry && isTemporary(entry.tableOid)) continue;
    if (entry.class === 'comment' && isTemporary(entry.objectOid)) continue;
    yield entry;
  }
}
