/**
 * One database at run time: its published catalog, its tables' runtimes and indexes, statistics, and cached statements.
 */

import type { IndexEntry, RelationEntry } from '../catalog/entries.ts';
import type { FunctionContext, Value } from '../catalog/function-entry.ts';
import type { Catalog, SharedCatalog } from '../catalog/index.ts';
import { referencedCollation } from '../catalog/loose-keys.ts';
import { collationOfKey } from '../catalog/pg-catalog/definitions.ts';
import { virtualRows, virtualTable, type WantedRows } from '../catalog/pg-catalog/index.ts';
import { keySearchEntries } from '../catalog/text-search.ts';
import { parse, parseExpression } from '../parser/index.ts';
import { bindScalar, type PlannerEnvironment } from '../planner/index.ts';
import {
  type CommitMoment,
  type Dictionary,
  FIRST_OID,
  forEachRow,
  HashDictionary,
  type HeapCopy,
  type IndexDictionary,
  type IndexMaintainer,
  LayeredDictionary,
  OrderedDictionary,
  type StorageEngine,
} from '../storage/api.ts';
import { DEFAULT_FORMAT, inputText, MAIN_TYPES, type TypeRegistry, typesInUse, useTypes } from '../types/index.ts';
import { LazyMap } from '../types/lazy-map.ts';
import { ActivityCounters } from './activity-counters.ts';
import { AllIndexes, type HeapIndex } from './all-indexes.ts';
import { storedNames } from './catalog-names.ts';
import { ExecContext } from './context.ts';
import { domainCheckOf, inputCheckOf } from './domains.ts';
import { IndexRuntime, looseKeys, usesNumberKeys } from './index-runtime.ts';
import { WorkMemory } from './memory-account.ts';
import { Exclusion, exclusionKey } from './modify/exclusion.ts';
import { type ForeignKey, type ForeignKeys, NO_FOREIGN_KEYS } from './modify/foreign-keys.ts';
import { PlanShelf } from './plan-shelf.ts';
import type { PreparedStatement } from './prepared-statement.ts';
import { overflowOf } from './row/overflow.ts';
import type { SharedRuntime } from './shared-runtime.ts';
import { StatementCache } from './statement-cache.ts';
import { TableStatistics } from './statistics.ts';
import { TableRuntime } from './table-runtime.ts';

interface CachedTable {
  readonly indexEntries: readonly IndexEntry[];
  readonly runtime: TableRuntime;
}

/** The dictionary that an index of a table which is being copied has below its own; null: there is none. */
export type IndexBelow = (indexOid: number, make: (engine: StorageEngine) => Dictionary) => IndexDictionary | null;

/** The databases of an engine, those included that are dropped and that forks still need; a fork has its engine for itself. */
const sharing = new WeakMap<StorageEngine, Set<DatabaseRuntime>>();

export class DatabaseRuntime {
  readonly engine: StorageEngine;
  readonly oid: number;
  /** What committed transactions made of it. */
  catalog: Catalog;
  readonly statistics: TableStatistics;
  /** What all statements of the server hold. */
  readonly workMemory: WorkMemory;
  readonly activity: ActivityCounters;
  /** Roles and databases; a fork has its own. */
  readonly shared: SharedRuntime;
  readonly statementCache = new StatementCache();
  readonly types: TypeRegistry;
  /** Whose fork it is. */
  readonly parent: DatabaseRuntime | null;
  /** Sessions connected to it. */
  sessionCount = 0;
  #tables = new WeakMap<RelationEntry, CachedTable>();
  /** By index oid and relation id. */
  readonly #dictionaries = new Map<string, IndexDictionary>();
  /** By heap, as they were made last: of all indexes that have a dictionary, whoever sees them. */
  readonly #running = new Map<number, readonly HeapIndex[]>();
  /** By heap, of those that are being copied. */
  readonly indexesBelow = new LazyMap<number, IndexBelow>();
  /** Who has layers of which one will be left. */
  readonly #layerUsers = new LazyMap<IndexDictionary, IndexRuntime[]>();
  /** Those that were dropped, and that forks still use. */
  readonly #retired = new LazyMap<string, IndexDictionary>();
  /**
   * By index oid: the csn of the snapshot whose rows an index was built from, and once that is committed the commit's. Versions that
   * only older snapshots see are not in it: nor those that the transaction replaced before it built the index.
   */
  readonly #indexBuilds = new LazyMap<number, number>();
  /** The csns in order, and how often they have changed. */
  #buildCsns: readonly number[] | null = null;
  #buildChanges = 0;
  /** The newest of them. */
  newestIndexBuild = 0;
  #isEnded = false;
  /** Of the catalog that the fork began with, or came back to. */
  #catalogVersion: number;
  /** Of the forks of what this fork is a fork of; null: it is none. */
  readonly #parentsShelf: PlanShelf<PreparedStatement> | null;
  /** Of its own forks, when it has other definitions than its parent. */
  #forksShelf: PlanShelf<PreparedStatement> | null = null;
  /** What a fork began with. */
  readonly #beginning: { readonly catalog: Catalog; readonly shared: SharedCatalog };
  readonly #foreignKeys = new WeakMap<Catalog, Map<number, ForeignKeys>>();
  readonly #maintenance: ExecContext;

  constructor(
    engine: StorageEngine,
    oid: number,
    catalog: Catalog,
    shared: SharedRuntime,
    workMemory = new WorkMemory(),
    parent: DatabaseRuntime | null = null,
    types: TypeRegistry | null = null,
  ) {
    this.engine = engine;
    this.shared = shared;
    this.parent = parent;
    this.#parentsShelf = parent === null ? null : parent.#shelfForFork();
    this.#beginning = { catalog, shared: shared.catalog };
    this.types = types ?? parent?.types.fork() ?? MAIN_TYPES.forDatabase();
    this.workMemory = workMemory;
    this.oid = oid;
    this.catalog = catalog;
    this.#catalogVersion = catalog.version;
    this.statistics = new TableStatistics(this);
    this.activity = new ActivityCounters(engine);
    this.#maintenance = maintenanceContext(engine, () => this.catalog);
    if (parent !== null) return;
    const others = sharing.get(engine);
    if (others === undefined) sharing.set(engine, new Set([this]));
    else others.add(this);
  }

  /** The database whose settings (ALTER DATABASE ... SET) sessions begin with: a fork's are those of the database at the root. */
  get settingsOid(): number {
    return this.parent?.settingsOid ?? this.oid;
  }

  /** A table's runtime for a catalog: remade when its entry or its indexes differ. */
  table(catalog: Catalog, entry: RelationEntry): TableRuntime {
    const indexEntries = catalog.indexesOf(entry.oid);
    const cached = this.#tables.get(entry);
    if (cached !== undefined && sameIndexes(cached.indexEntries, indexEntries)) return cached.runtime;
    const missing = entry.columns.map((c) =>
      c.missingText === null ? null : inputText(c.typeOid, c.typeModifier, c.missingText, DEFAULT_FORMAT),
    );
    const heap = this.engine.heap(entry.relId);
    const runtime = new TableRuntime(
      entry,
      heap,
      this.engine.pool,
      missing,
      overflowOf(this.engine, entry),
      indexEntries.some((index) => keySearchEntries(catalog, index).length > 0)
        ? maintenanceContext(this.engine, () => catalog)
        : this.#maintenance,
    );
    runtime.indexes = indexEntries.map((index) => this.#indexRuntime(catalog, runtime, index));
    heap.maintainer = this.#maintainerOf(runtime);
    const copy = this.indexesBelow.size === 0 ? undefined : this.engine.copyOf(entry.relId);
    if (copy !== undefined && copy.indexPage === null) this.#indexWhatComes(copy, runtime);
    this.activity.attach(entry);
    this.#tables.set(entry, { indexEntries, runtime });
    return runtime;
  }

  /** A published index that somebody has used already; makes nothing (see indexed-heaps.ts for why). */
  runningIndex(indexOid: number): IndexRuntime | undefined {
    const index = this.catalog.index(indexOid);
    const entry = index === undefined ? undefined : this.catalog.relation(index.tableOid);
    const cached = entry === undefined ? undefined : this.#tables.get(entry);
    return cached?.runtime.indexes.find((running) => running.entry === index);
  }

  #indexRuntime(catalog: Catalog, table: TableRuntime, index: IndexEntry): IndexRuntime {
    const environment = this.bindEnvironment(catalog);
    const predicateText = index.bound?.predicate ?? index.predicateText;
    const elements = index.columns.map((column, i) => {
      if (column.columnNumber > 0) {
        const { typeOid, typeModifier } = table.entry.columns[column.columnNumber - 1];
        return { kind: 'column', input: 0, index: column.columnNumber - 1, typeOid, typeModifier } as const;
      }
      return bindScalar(
        parseExpression(index.bound?.columns[i] ?? (column.expressionText as string)),
        table.entry,
        environment,
        {
          source: 'index expression',
        },
      );
    });
    const loose = looseKeys(catalog, table.entry, index, elements);
    const keys = elements.map((element, i) => loose[i]?.key ?? element);
    const exclusionOf = index.exclusion === undefined ? null : exclusionKey(catalog, index, keys);
    const expressions = exclusionOf?.expressions ?? keys;
    const predicate =
      predicateText === null
        ? null
        : bindScalar(parseExpression(predicateText), table.entry, environment, { source: 'index predicate' });
    const key = `${index.oid}/${table.entry.relId}`;
    let dictionary = this.#dictionaries.get(key);
    if (dictionary === undefined) {
      const hasByteKeys = !usesNumberKeys(index, expressions);
      dictionary = this.#dictionaryOf(index.oid, table.entry.relId, (engine) =>
        newDictionary(engine, index.method, hasByteKeys),
      );
    }
    const constraint = catalog.constraintsOf(index.tableOid).find((c) => c.indexOid === index.oid && c.deferrable);
    const deferrable = constraint === undefined || constraint.type === 'foreign key' ? null : constraint;
    const counters = this.activity.index(index.oid);
    const collations = index.columns.map((column) => collationOfKey(catalog, table.entry, column));
    const exclusion =
      exclusionOf === null
        ? null
        : new Exclusion(catalog, index, elements, collations, exclusionOf.isRange, table.entry.columns);
    const made = new IndexRuntime(
      table,
      index,
      dictionary,
      expressions,
      predicate,
      deferrable,
      counters,
      exclusion,
      exclusionOf?.parts,
      exclusion === null ? loose : [],
    );
    const { relId } = table.entry;
    this.#running.set(relId, [...this.#othersThan(index.oid, relId), { table, indexes: [made] }]);
    if (this.#layerUsers.size > 0) this.#layerUsers.get(dictionary)?.push(made);
    return made;
  }

  /** What keeps the heap's indexes true: the table, unless there are others that only some see. */
  #maintainerOf(table: TableRuntime): IndexMaintainer {
    const all = this.#running.get(table.entry.relId) ?? [];
    if (all.length === table.indexes.length) return table;
    const own = new Set(table.indexes.map(({ entry }) => entry.oid));
    return new AllIndexes(
      table,
      all.filter(({ indexes: [{ entry }] }) => !own.has(entry.oid)),
    );
  }

  #othersThan(indexOid: number, relId: number): readonly HeapIndex[] {
    return (this.#running.get(relId) ?? []).filter(({ indexes: [{ entry }] }) => entry.oid !== indexOid);
  }

  #forgetDictionary(key: string, indexOid: number, relId: number): void {
    this.#dictionaries.delete(key);
    const others = this.#othersThan(indexOid, relId);
    if (others.length === 0) this.#running.delete(relId);
    else this.#running.set(relId, others);
  }

  /** Rows that come to a table that is being copied get entries of its own; when all have come, these serve alone. */
  #indexWhatComes(copy: HeapCopy, table: TableRuntime): void {
    copy.onEnd = () => this.#allHaveCome(copy.target.relId);
    const layered = table.indexes.filter(({ dictionary }) => this.#layerUsers.has(dictionary));
    if (layered.length === 0) return;
    table.overflow.keepHeap();
    const visit = (rowId: number, row: number): void => {
      for (const index of layered) {
        if (!(index.dictionary instanceof LayeredDictionary && index.dictionary.isReleased))
          table.indexRow(index, rowId, row);
      }
    };
    const needsTypes = layered.some((index) => keysNeedTypes(table.entry, index.entry));
    copy.indexPage = (source, pageNo) => {
      const types = typesInUse();
      if (needsTypes) useTypes(this.types);
      try {
        this.engine.indexMemory.granted(() => forEachRow(source, pageNo, visit));
      } finally {
        if (needsTypes) useTypes(types);
      }
    };
  }

  /** Memory of all its indexes. */
  get indexBytes(): number {
    let bytes = 0;
    for (const { sizeBytes } of this.#dictionaries.values()) bytes += sizeBytes;
    return bytes;
  }

  #allHaveCome(relId: number): void {
    this.indexesBelow.delete(relId);
    for (const [key, dictionary] of this.#dictionaries) {
      const users = this.#layerUsers.get(dictionary);
      if (users === undefined || !key.endsWith(`/${relId}`)) continue;
      this.#layerUsers.delete(dictionary);
      this.#dictionaries.set(key, dictionary.top);
      for (const user of users) user.dictionary = dictionary.top;
      if (dictionary instanceof LayeredDictionary) dictionary.standAlone();
    }
  }

  /** A fork of the database as it is committed now, or was at a moment, under an oid and a name of its own. */
  fork(oid: number, name: string, shared: SharedRuntime, moment: CommitMoment | null = null): DatabaseRuntime {
    return new DatabaseRuntime(
      this.engine.fork(moment),
      oid,
      this.catalog.forked(oid, name),
      shared,
      this.workMemory,
      this,
    );
  }

  /** Plans shared with forks of the same beginning; null: there are none, or definitions have changed since. */
  planShelf(catalog: Catalog): PlanShelf<PreparedStatement> | null {
    if (this.#forksShelf?.catalogVersion === catalog.version) return this.#forksShelf;
    return this.#catalogVersion === catalog.version ? this.#parentsShelf : null;
  }

  /** For a fork that begins now. */
  #shelfForFork(): PlanShelf<PreparedStatement> {
    const shelf = this.planShelf(this.catalog) ?? new PlanShelf<PreparedStatement>(this.catalog.version);
    if (shelf !== this.#parentsShelf) this.#forksShelf = shelf;
    return shelf;
  }

  /**
   * The dictionary of an index that nobody has used here yet: layers over that of whom the database is a fork of, if the index was there
   * then, and otherwise one of its own. Where a parent has not used it either, it is made there, and empty, as its heap is.
   */
  #dictionaryOf(indexOid: number, relId: number, make: (engine: StorageEngine) => Dictionary): IndexDictionary {
    const key = `${indexOid}/${relId}`;
    const { parent, engine } = this;
    const below = this.indexesBelow.get(relId)?.(indexOid, make) ?? null;
    if (below !== null) return this.#layersOver(below, key, make);
    const isInherited =
      parent !== null && engine.isInherited(relId) && this.#beginning.catalog.index(indexOid) !== undefined;
    const made = isInherited
      ? new LayeredDictionary(parent.underForks(indexOid, relId, make), () => make(engine))
      : make(engine);
    this.#dictionaries.set(key, made);
    return made;
  }

  #layersOver(below: IndexDictionary, key: string, make: (engine: StorageEngine) => Dictionary): IndexDictionary {
    const layers = new LayeredDictionary(below, () => make(this.engine), false);
    // It is among what others have below them from now on.
    layers.own = make(this.engine);
    this.#dictionaries.set(key, layers);
    this.#layerUsers.set(layers, []);
    return layers;
  }

  /** What forks of this database have under them. */
  underForks(indexOid: number, relId: number, make: (engine: StorageEngine) => Dictionary): IndexDictionary {
    const key = `${indexOid}/${relId}`;
    return this.#retired.get(key) ?? this.#dictionaries.get(key) ?? this.#dictionaryOf(indexOid, relId, make);
  }

  /**
   * A fork has ended. With the last one of the engine goes what was kept for them, in all databases that share it: what changes in one of
   * them is kept as long as there are forks of any.
   */
  forkEnded(): void {
    if (this.engine.forkCount > 0) return;
    for (const database of [...(sharing.get(this.engine) ?? [this])]) database.#forgetForks();
  }

  #forgetForks(): void {
    for (const dictionary of this.#dictionaries.values()) dictionary.forgetRetained();
    for (const dictionary of this.#retired.values()) dictionary.release();
    this.#retired.clear();
    if (!this.#isEnded) return;
    sharing.get(this.engine)?.delete(this);
    for (const dictionary of this.#dictionaries.values()) dictionary.release();
    this.#dictionaries.clear();
    this.parent?.types.endFork(this.types);
    this.parent?.forkEnded();
  }

  /**
   * A fork goes back to where it began. Before: its engine is not busy. Plans stay good unless definitions have changed.
   */
  reset(): void {
    const { catalog, shared } = this.#beginning;
    this.engine.resetFork();
    for (const [key, dictionary] of this.#dictionaries) {
      if (dictionary instanceof LayeredDictionary) dictionary.forgetOwn();
      else {
        dictionary.release();
        const [indexOid, relId] = key.split('/').map(Number);
        this.#forgetDictionary(key, indexOid, relId);
      }
    }
    this.#indexBuilds.clear();
    this.newestIndexBuild = 0;
    // One that stays (CREATE DATABASE ... TEMPLATE) has them in common with all.
    if (this.shared !== this.parent?.shared) this.shared.catalog = shared;
    if (this.#catalogVersion === this.catalog.version) return;
    this.#tables = new WeakMap();
    this.types.forgetOwn();
    this.catalog = catalog.forked(this.oid, catalog.databaseName);
    this.#catalogVersion = this.catalog.version;
  }

  /** Nobody uses the database any more: its indexes go, when no fork needs them. */
  end(): void {
    this.#isEnded = true;
    this.forkEnded();
  }

  /**
   * Forgets dictionaries of indexes and tables that a transaction changed, when neither the published catalog nor its own (after
   * what it did) has them. Others' are none of its business: their tables may not be published yet.
   */
  dropUnusedDictionaries(changed: ReadonlySet<number>, own: Catalog): void {
    for (const oid of changed) {
      const exists = [this.catalog, own].some((c) => c.relation(oid) !== undefined || c.index(oid) !== undefined);
      if (!exists) this.activity.forget(oid);
    }
    for (const key of this.#dictionaries.keys()) {
      const [indexOid, relId] = key.split('/').map(Number);
      const tableOid = (this.catalog.index(indexOid) ?? own.index(indexOid))?.tableOid;
      if (!changed.has(indexOid) && (tableOid === undefined || !changed.has(tableOid))) continue;
      if (usesHeap(this.catalog, indexOid, relId) || usesHeap(own, indexOid, relId)) continue;
      const dictionary = this.#dictionaries.get(key) as IndexDictionary;
      if (this.engine.forkCount > 0) this.#retired.set(key, dictionary);
      else dictionary.release();
      this.#forgetDictionary(key, indexOid, relId);
      this.#indexBuilds.delete(indexOid);
    }
  }

  /** Heaps serve these tables as the catalog has them: after a rollback of definitions, or before one of rows. */
  restoreMaintainers(tableOids: Iterable<number>, catalog: Catalog): void {
    for (const oid of tableOids) {
      const entry = catalog.relation(oid);
      if (entry === undefined || entry.relId === 0) continue;
      // A rollback that goes on after a pause may have undone the heap already.
      if (!this.engine.hasHeap(entry.relId)) continue;
      this.engine.heap(entry.relId).maintainer = this.#maintainerOf(this.table(catalog, entry));
    }
  }

  /** CREATE INDEX has read what a snapshot of this csn sees. */
  indexBuilt(indexOid: number, csn: number): void {
    this.#indexBuilds.set(indexOid, csn);
    this.newestIndexBuild = Math.max(this.newestIndexBuild, csn);
    this.#buildCsns = null;
    this.#buildChanges++;
  }

  /** For plans: the same text as long as a snapshot can read the same indexes. */
  readableIndexes(csn: number): string {
    const csns = (this.#buildCsns ??= [...this.#indexBuilds.values()].sort((a, b) => a - b));
    let low = 0;
    let high = csns.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (csns[middle] <= csn) low = middle + 1;
      else high = middle;
    }
    return `${this.#buildChanges}.${low}`;
  }

  /** Whether a snapshot of this csn finds all its versions by the index (PostgreSQL's indcheckxmin). */
  isIndexReadable(indexOid: number, csn: number): boolean {
    return csn >= (this.#indexBuilds.get(indexOid) ?? 0);
  }

  dictionary(indexOid: number, relId: number): IndexDictionary | undefined {
    return this.#dictionaries.get(`${indexOid}/${relId}`);
  }

  /** What stored expressions are bound with: names in them are qualified. */
  bindEnvironment(catalog: Catalog): PlannerEnvironment {
    const environment: PlannerEnvironment = {
      catalog,
      searchPath: ['pg_catalog', 'public'],
      parameterTypes: [],
      parse: { statement: (text) => parse(text)[0], statements: parse, expression: parseExpression },
      settings: { format: { ...DEFAULT_FORMAT, names: storedNames(this.shared.catalog, () => environment) } },
      statistics: this.statistics,
      inlinesRoutines: true,
      domainCheck: (oid) => domainCheckOf(this.engine, catalog, oid, environment),
      inputCheck: (oid) => inputCheckOf(this.engine, catalog, oid, environment),
    };
    return environment;
  }

  foreignKeys(catalog: Catalog, tableOid: number): ForeignKeys {
    let byTable = this.#foreignKeys.get(catalog);
    if (byTable === undefined) {
      byTable = new Map();
      this.#foreignKeys.set(catalog, byTable);
    }
    let keys = byTable.get(tableOid);
    if (keys === undefined) {
      keys = resolveForeignKeys(catalog, tableOid);
      byTable.set(tableOid, keys);
    }
    return keys;
  }

  virtualColumns(qualifiedName: string): RelationEntry['columns'] {
    const [schema, name] = qualifiedName.split('.');
    const table = virtualTable(schema, name);
    if (table === undefined) throw new Error(`no catalog view ${qualifiedName}`);
    return table.columns;
  }

  virtualRows(qualifiedName: string, functions: FunctionContext, wanted?: WantedRows): Iterable<readonly Value[]> {
    return virtualRows(qualifiedName, functions, wanted);
  }
}

/**
 * What keys of indexes are computed with, with or without a session: their expressions are immutable, and ask for little. Text search
 * configurations are those of the catalog that a table's runtime was made for: when one is altered, its tables get new heaps.
 */
function maintenanceContext(engine: StorageEngine, catalog: () => Catalog): ExecContext {
  const context = new ExecContext(engine);
  const functions: Partial<FunctionContext> = {
    format: DEFAULT_FORMAT,
    notice() {},
    get catalog() {
      return catalog();
    },
  };
  context.functions = functions as FunctionContext;
  return context;
}

/** Types that users made may have a say in its keys. */
function keysNeedTypes({ columns }: RelationEntry, index: IndexEntry): boolean {
  return (
    index.predicateText !== null ||
    index.columns.some(({ columnNumber }) => columnNumber <= 0 || columns[columnNumber - 1].typeOid >= FIRST_OID)
  );
}

function newDictionary(
  engine: StorageEngine,
  method: string,
  hasByteKeys: boolean,
): HashDictionary | OrderedDictionary {
  return new (method === 'hash' ? HashDictionary : OrderedDictionary)(hasByteKeys, engine.indexMemory);
}

function usesHeap(catalog: Catalog, indexOid: number, relId: number): boolean {
  const index = catalog.index(indexOid);
  return index !== undefined && catalog.relation(index.tableOid)?.relId === relId;
}

function sameIndexes(a: readonly IndexEntry[], b: readonly IndexEntry[]): boolean {
  return a === b || (a.length === b.length && a.every((index, i) => index === b[i]));
}

function resolveForeignKeys(catalog: Catalog, tableOid: number): ForeignKeys {
  const outgoing = catalog.constraintsOf(tableOid).filter((c) => c.type === 'foreign key' && !c.isUncheckedHere);
  const incoming = catalog.constraintsReferencing(tableOid).filter((c) => !c.isUncheckedThere);
  if (outgoing.length === 0 && incoming.length === 0) return NO_FOREIGN_KEYS;
  const resolve = (constraint: (typeof outgoing)[number]): ForeignKey => {
    const child = catalog.relation(constraint.tableOid) as RelationEntry;
    const parent = catalog.relation(constraint.referencedTableOid) as RelationEntry;
    const collations = constraint.columns.map((column, i) =>
      referencedCollation(catalog, parent.columns[constraint.referencedColumns[i] - 1], child.columns[column - 1]),
    );
    return { constraint, child, parent, collations };
  };
  return { outgoing: outgoing.map(resolve), incoming: incoming.map(resolve) };
}
