/**
 * Statistics that the planner reads: live counts from heaps, the buffer pool and indexes, and what ANALYZE gathered, which is an
 * entry of the catalog (so it is transactional and durable as definitions are) with values in text form.
 */
import type { AnalysisEntry, AnalyzedColumn } from '../catalog/entries.ts';
import type { Value } from '../catalog/function-entry.ts';
import type { Catalog } from '../catalog/index.ts';
import type {
  ColumnGroupStatistics,
  ColumnStatistics,
  ElementStatistics,
  StatisticsSource,
} from '../catalog/statistics.ts';
import { cursorOf, IndexKey } from '../storage/api.ts';
import { DEFAULT_FORMAT, inputText } from '../types/index.ts';
import type { DatabaseRuntime } from './database-runtime.ts';
import { estimateSearch } from './inverted/estimate.ts';

/** Keys that are looked at for the count of a prefix. */
const PREFIX_KEYS_MAX = 64;

/** An analysis with its values as values, each made when it is first asked for. */
class Analysis {
  readonly #entry: AnalysisEntry;
  readonly #columns = new Map<AnalyzedColumn, ColumnStatistics | null>();
  #groups: readonly ColumnGroupStatistics[] | null = null;

  constructor(entry: AnalysisEntry) {
    this.#entry = entry;
  }

  column(number: number, typeOid: number): ColumnStatistics | null {
    return this.#decoded(
      this.#entry.columns.find((column) => column.number === number),
      typeOid,
    );
  }

  indexKey(indexOid: number, key: number): ColumnStatistics | null {
    const found = this.#entry.indexes
      .find((index) => index.indexOid === indexOid)
      ?.keys.find((item) => item.number === key);
    return this.#decoded(found, found?.typeOid ?? 0);
  }

  expression(statisticsOid: number, place: number): ColumnStatistics | null {
    const found = this.#entry.expressions
      ?.find((item) => item.statisticsOid === statisticsOid)
      ?.keys.find((item) => item.number === place);
    return this.#decoded(found, found?.typeOid ?? 0);
  }

  #decoded(column: AnalyzedColumn | undefined, typeOid: number): ColumnStatistics | null {
    if (column === undefined || column.typeOid !== typeOid) return null;
    let known = this.#columns.get(column);
    if (known === undefined) {
      known = decodeColumn(column);
      this.#columns.set(column, known);
    }
    return known;
  }

  groups(catalog: Catalog): readonly ColumnGroupStatistics[] {
    // An object that is gone has left its group behind.
    const objects = catalog.statisticsOf(this.#entry.oid);
    this.#groups ??= this.#entry.groups
      .filter((group) => objects.some(({ oid }) => oid === group.statisticsOid))
      .map((group) => this.#decodeGroup(catalog, group));
    return this.#groups;
  }

  #decodeGroup(catalog: Catalog, group: AnalysisEntry['groups'][number]): ColumnGroupStatistics {
    const table = catalog.relation(this.#entry.oid);
    const object = catalog.statisticsOf(this.#entry.oid).find(({ oid }) => oid === group.statisticsOid);
    const types = group.columns.map((number) =>
      number < 0 ? (object?.expressions?.[-number - 1]?.typeOid ?? 0) : (table?.columns[number - 1]?.typeOid ?? 0),
    );
    const common = group.common?.map((item) => ({
      ...item,
      values: item.values.map((text, i) => (text === null ? null : readValue(types[i], text))),
    }));
    return { ...group, common: common ?? null };
  }
}

function readValue(typeOid: number, text: string): Value {
  return inputText(typeOid, -1, text, DEFAULT_FORMAT);
}

function decodeColumn(column: AnalyzedColumn): ColumnStatistics | null {
  try {
    return {
      nullFraction: column.nullFraction,
      averageWidth: column.averageWidth,
      distinct: column.distinct,
      mostCommonValues: column.common.map((text) => readValue(column.typeOid, text)),
      mostCommonFrequencies: column.frequencies,
      histogram: column.histogram.map((text) => readValue(column.typeOid, text)),
      correlation: column.correlation,
      ...(column.elements === undefined ? {} : { elements: decodeElements(column.elements) }),
    };
  } catch {
    // A type that was altered (an enum without the label): as if it had not been analyzed.
    return null;
  }
}

function decodeElements(elements: NonNullable<AnalyzedColumn['elements']>): ElementStatistics {
  return { ...elements, values: elements.values.map((text) => readValue(elements.typeOid, text)) };
}

export class TableStatistics implements StatisticsSource {
  readonly #database: DatabaseRuntime;
  readonly #key = new IndexKey();
  readonly #analyses = new WeakMap<AnalysisEntry, Analysis>();

  constructor(database: DatabaseRuntime) {
    this.#database = database;
  }

  #heap(tableOid: number) {
    const entry = this.#database.catalog.relation(tableOid);
    return entry === undefined || entry.relId === 0 ? null : this.#database.engine.heap(entry.relId);
  }

  rowCount(tableOid: number): number {
    return this.#heap(tableOid)?.rowCount ?? -1;
  }

  pageCount(tableOid: number): number {
    return this.#heap(tableOid)?.pages.pageCount ?? -1;
  }

  visiblePages(tableOid: number): number {
    return this.#heap(tableOid)?.visibility.pageCount ?? -1;
  }

  residentShare(tableOid: number): number {
    const pages = this.#heap(tableOid)?.pages;
    if (pages === undefined || pages.pageCount === 0) return 1;
    const { engine } = this.#database;
    // A sample of 64 pages: exact enough for a cost.
    const step = Math.max(1, Math.floor(pages.pageCount / 64));
    let resident = 0;
    let looked = 0;
    for (let page = 0; page < pages.pageCount; page += step) {
      if (engine.pool.tryFrame(pages, page) >= 0) resident++;
      looked++;
    }
    return resident / looked;
  }

  #analysis(tableOid: number): Analysis | null {
    const entry = this.#database.catalog.analysis(tableOid);
    if (entry === undefined) return null;
    let analysis = this.#analyses.get(entry);
    if (analysis === undefined) {
      analysis = new Analysis(entry);
      this.#analyses.set(entry, analysis);
    }
    return analysis;
  }

  column(tableOid: number, columnNumber: number): ColumnStatistics | null {
    const typeOid = this.#database.catalog.relation(tableOid)?.columns[columnNumber - 1]?.typeOid ?? 0;
    return this.#analysis(tableOid)?.column(columnNumber, typeOid) ?? null;
  }

  indexExpression(indexOid: number, key: number): ColumnStatistics | null {
    const tableOid = this.#database.catalog.index(indexOid)?.tableOid ?? 0;
    return this.#analysis(tableOid)?.indexKey(indexOid, key) ?? null;
  }

  statisticsExpression(statisticsOid: number, place: number): ColumnStatistics | null {
    const object = this.#database.catalog.entry('statistics', statisticsOid);
    if (object?.class !== 'statistics') return null;
    return this.#analysis(object.tableOid)?.expression(statisticsOid, place) ?? null;
  }

  columnGroups(tableOid: number): readonly ColumnGroupStatistics[] {
    const objects = this.#database.catalog.statisticsOf(tableOid);
    if (objects.length === 0) return NO_GROUPS;
    const groups = this.#analysis(tableOid)?.groups(this.#database.catalog) ?? NO_GROUPS;
    return groups.filter((group) => objects.some((object) => object.oid === group.statisticsOid));
  }

  indexDistinctCount(indexOid: number): number {
    const index = this.#database.runningIndex(indexOid);
    return index === undefined || index.terms !== null ? -1 : index.dictionary.keyCount;
  }

  indexEqualCount(indexOid: number, values: readonly Value[]): number {
    const index = this.#database.runningIndex(indexOid);
    if (index === undefined || index.terms !== null) return -1;
    index.searchKey(values, this.#key);
    if (values.length === index.entry.columns.length) return index.dictionary.rowCountOf(this.#key);
    // The first columns of a composite key: a sum over few keys, else it would cost more than it is worth.
    const cursor = cursorOf(index.dictionary);
    cursor.setKey(this.#key);
    cursor.isPrefix = true;
    let sum = 0;
    for (let keys = 0; keys < PREFIX_KEYS_MAX; keys++) {
      if (!cursor.nextKey()) return sum;
      sum += cursor.rowCount;
    }
    return -1;
  }

  indexSearchCount(indexOid: number, column: number, strategy: number, value: Value): number {
    const index = this.#database.runningIndex(indexOid);
    return index === undefined
      ? -1
      : estimateSearch(index, column, strategy, value, this.rowCount(index.entry.tableOid));
  }
}

const NO_GROUPS: readonly ColumnGroupStatistics[] = [];
