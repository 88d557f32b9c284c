/**
 * CREATE DATABASE ... TEMPLATE of a database as it is now, with a data directory: a fork that lasts, made in a time that does not depend on
 * the template's size; or AS OF a moment, in a time that depends on what has changed since.
 *
 *      definitions, and heaps that are copies without pages  ->  pages with unfinished or later work  ->  commit   ...   the rest, in the background
 *
 * A page comes to the new database when it is looked for there, before it changes in the template, or when the background comes by
 * (storage/buffer/relation-copy.ts); so it does after a crash. Until all have come, indexes are layers over those of the template.
 */
import type {
  CommitMoment,
  Heap,
  HeapCopy,
  HeapCopyBeginning,
  IndexDictionary,
  StorageEngine,
} from '../storage/api.ts';
import { DatabaseMaking } from './database-copy.ts';
import type { DatabaseRuntime } from './database-runtime.ts';
import { definitionOf } from './indexed-heaps.ts';
import type { Session } from './session.ts';

export class LastingFork extends DatabaseMaking {
  readonly #template: DatabaseRuntime;
  readonly #beginnings: HeapCopyBeginning[] = [];
  readonly #unfinished: ReturnType<StorageEngine['unfinishedPages']>;

  readonly #isPast: boolean;

  constructor(session: Session, template: DatabaseRuntime, oid: number, name: string, moment: CommitMoment | null) {
    super(session, template, oid, name, moment);
    this.#template = template;
    this.#isPast = moment !== null;
    this.#unfinished = session.engine.unfinishedPages();
    try {
      // What its indexes will take when all pages have come.
      session.engine.indexMemory.check(template.indexBytes);
      // In the turn in which the fork was made: from now on it keeps what changes.
      this.made = this.define();
    } catch (error) {
      this.close();
      throw error;
    }
  }

  protected override makeHeap(theirs: Heap): Heap {
    const { engine } = this.session;
    const beginning = this.#isPast
      ? engine.copyPastHeap(this.txn, theirs)
      : engine.copyHeap(this.txn, theirs, this.#unfinished.get(theirs.relId));
    this.#beginnings.push(beginning);
    return beginning.copy.target;
  }

  protected override prepare(made: DatabaseRuntime): void {
    const template = this.#template;
    const sources = new Map(this.#beginnings.map(({ copy }) => [copy.target.relId, copy.source.relId]));
    for (const { relId } of made.catalog.relations()) {
      const source = sources.get(relId);
      if (source !== undefined)
        made.indexesBelow.set(relId, (indexOid, make) => template.underForks(indexOid, source, make));
    }
  }

  protected override work(): boolean {
    for (const beginning of this.#beginnings) if (!beginning.step()) return false;
    this.session.engine.guardCopies(this.#beginnings.map(({ copy }) => copy));
    return true;
  }
}

/** At a start: what the indexes of tables that are still being copied have below them. Before any table is made. */
export function restoreLayers(databases: Iterable<DatabaseRuntime>, copies: Iterable<HeapCopy>): void {
  const owners = new Map<number, DatabaseRuntime>();
  for (const database of databases)
    for (const { relId } of database.catalog.relations()) if (relId !== 0) owners.set(relId, database);
  for (const copy of copies) {
    const [source, database] = [copy.source.relId, copy.target.relId].map((relId) => owners.get(relId));
    database?.indexesBelow.set(copy.target.relId, (indexOid) => {
      const below = source === undefined ? null : sameIndex(source, copy.source.relId, database, indexOid);
      if (below === null) copy.needsAll = true;
      return below;
    });
  }
}

/** The index of that oid in the source, if it is (still) on the heap, and of the same definition. */
function sameIndex(
  source: DatabaseRuntime,
  relId: number,
  database: DatabaseRuntime,
  indexOid: number,
): IndexDictionary | null {
  const [theirs, own] = [source, database].map(({ catalog }) => {
    const index = catalog.index(indexOid);
    const entry = index === undefined ? undefined : catalog.relation(index.tableOid);
    return index === undefined || entry === undefined
      ? null
      : { entry, definition: definitionOf(catalog, entry, index) };
  });
  if (theirs === null || own === null || theirs.entry.relId !== relId) return null;
  if (theirs.definition !== own.definition || source.catalog.index(indexOid)?.valid === false) return null;
  source.table(source.catalog, theirs.entry);
  return source.dictionary(indexOid, relId) ?? null;
}
