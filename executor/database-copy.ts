/**
 * CREATE DATABASE ... TEMPLATE with a data directory: the new database is a copy that lasts.
 *
 *      fork of the template, at once  ->  its pages, one after the other, into heaps of the new database  ->  their rows into its indexes
 *
 * The template may be in use meanwhile. It is all one transaction: a crash or an error before its commit leaves nothing behind. Objects keep
 * their oids, as in PostgreSQL; what storage knows by a number for itself (heaps, sequences, index images) gets a new one.
 *
 * So it is made of a fork by name; of a database as it is now, or was at a moment, see lasting-fork.ts.
 */
import type { CatalogEntry, RelationEntry } from '../catalog/entries.ts';
import { Catalog, encodeEntry, entryKey } from '../catalog/index.ts';
import {
  type CommitMoment,
  copyNextPage,
  forEachRow,
  type Heap,
  settleForCopy,
  type Transaction,
} from '../storage/api.ts';
import { MAIN_TYPES, useTypes } from '../types/index.ts';
import type { DatabaseRuntime } from './database-runtime.ts';
import type { Session } from './session.ts';
import type { TableRuntime } from './table-runtime.ts';

const TEMPORARY_SCHEMA = /^pg_temp_\d+$/;

/** A database that is being made from another. */
export abstract class DatabaseMaking {
  protected readonly session: Session;
  /** A fork of the template. */
  protected readonly source: DatabaseRuntime;
  protected readonly txn: Transaction;
  /** The new database; null: its definitions are still to be made. */
  protected made: DatabaseRuntime | null = null;
  readonly #oid: number;
  readonly #name: string;
  #isDone = false;
  #isClosed = false;

  constructor(session: Session, template: DatabaseRuntime, oid: number, name: string, moment: CommitMoment | null) {
    this.session = session;
    this.#oid = oid;
    this.#name = name;
    this.txn = session.ensureTransaction();
    session.engine.transactions.statementXid(this.txn);
    this.source = template.fork(oid, name, template.shared, moment);
  }

  /** Some of the work; true: all is done. Throws PAGE_MISS. */
  step(): boolean {
    this.made ??= this.define();
    if (!this.work(this.made)) return false;
    this.session.server.addDatabase(this.made);
    this.#isDone = true;
    return true;
  }

  /** Once it is defined: some of what is left to do; true: nothing is. */
  protected abstract work(made: DatabaseRuntime): boolean;

  /** The new database's heap for one of the source's. */
  protected abstract makeHeap(theirs: Heap): Heap;

  /** Before the tables of the new database are made. */
  protected prepare(_made: DatabaseRuntime): void {}

  protected madeTable(_table: TableRuntime): void {}

  /** The new database's definitions, and its heaps. */
  protected define(): DatabaseRuntime {
    const { engine, server, database } = this.session;
    const { catalog } = this.source;
    const types = MAIN_TYPES.forDatabase();
    const changes = [];
    for (const entry of lastingEntries(catalog)) {
      const key = entryKey(this.#oid, entry.class, entry.oid);
      const copied = this.#copyOf(entry);
      engine.putCatalog(this.txn, key, encodeEntry(copied));
      changes.push({ key, entry: copied });
    }
    useTypes(types);
    try {
      const made = server.newDatabase(this.#oid, Catalog.empty(this.#oid, this.#name).apply(changes), types);
      this.prepare(made);
      for (const entry of made.catalog.relations()) {
        if (entry.relId !== 0) this.madeTable(made.table(made.catalog, entry));
      }
      return made;
    } finally {
      useTypes(database.types);
    }
  }

  #copyOf(entry: CatalogEntry): CatalogEntry {
    const { engine } = this.session;
    switch (entry.class) {
      case 'relation':
        return this.#relation(entry);
      case 'index':
        return { ...entry, storageId: engine.allocateOid() };
      case 'sequence': {
        const storageId = engine.allocateOid();
        const state = this.source.engine.sequenceState(entry.storageId ?? entry.oid);
        if (state !== null) engine.createSequence(this.txn, storageId, state.lastValue, state.isCalled);
        return { ...entry, storageId };
      }
      default:
        return entry;
    }
  }

  #relation(entry: RelationEntry): RelationEntry {
    if (entry.relId === 0) return entry;
    const relId = this.makeHeap(this.source.engine.heap(entry.relId)).relId;
    const { overflowRelId } = entry;
    return {
      ...entry,
      relId,
      overflowRelId: overflowRelId > 0 ? this.makeHeap(this.source.engine.heap(overflowRelId)).relId : overflowRelId,
    };
  }

  /** Done, or given up. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    if (!this.#isDone) this.made?.end();
    void this.source.engine.close();
    this.source.end();
  }
}

export class DatabaseCopy extends DatabaseMaking {
  /** Heaps whose pages are still to be copied. */
  readonly #heaps: (readonly [source: Heap, target: Heap])[] = [];
  /** Tables whose rows are still to be put into indexes, and the next page of the first. */
  readonly #tables: TableRuntime[] = [];
  #nextPage = 0;
  /** Of the first heap. */
  #settledPages = 0;

  protected override makeHeap(theirs: Heap): Heap {
    const heap = this.session.engine.createHeap(this.txn);
    this.#heaps.push([theirs, heap]);
    return heap;
  }

  protected override madeTable(table: TableRuntime): void {
    this.#tables.push(table);
  }

  protected override work(): boolean {
    if (this.#heaps.length > 0) {
      const [source, target] = this.#heaps[0];
      if (source.pages.source?.settling != null && this.#settledPages < source.pages.pageCount) {
        settleForCopy(source, this.#settledPages);
        this.#settledPages++;
        return false;
      }
      if (target.pages.pageCount < source.pages.pageCount) copyNextPage(source, target, this.txn, this.txn.xidRuns[0]);
      else {
        this.#heaps.shift();
        this.#settledPages = 0;
      }
      return false;
    }
    if (this.#tables.length === 0) return true;
    this.#indexPage(this.#tables[0]);
    return false;
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
