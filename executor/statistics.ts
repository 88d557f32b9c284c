/**
 * Statistics that the planner reads: live counts from heaps, the buffer pool and indexes, and what ANALYZE gathered.
 */
import type { Value } from '../catalog/function-entry.ts';
import type { ColumnGroupStatistics, ColumnStatistics, StatisticsSource } from '../catalog/statistics.ts';
import type { DatabaseRuntime } from './database-runtime.ts';

export class TableStatistics implements StatisticsSource {
  readonly #database: DatabaseRuntime;
  /** By table oid and column number; gathered by ANALYZE, in memory. */
  readonly #columns = new Map<string, ColumnStatistics>();

  constructor(database: DatabaseRuntime) {
    this.#database = database;
  }

  setColumn(tableOid: number, columnNumber: number, statistics: ColumnStatistics): void {
    this.#columns.set(`${tableOid}/${columnNumber}`, statistics);
  }

  /** TRUNCATE, DROP. */
  forget(tableOid: number): void {
    for (const key of this.#columns.keys()) if (key.startsWith(`${tableOid}/`)) this.#columns.delete(key);
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
    // A sample of 64 pages: exact enough for a cost.
    const step = Math.max(1, Math.floor(pages.pageCount / 64));
    let resident = 0;
    let looked = 0;
    for (let page = 0; page < pages.pageCount; page += step) {
      if (pages.frames[page] >= 0) resident++;
      looked++;
    }
    return resident / looked;
  }

  column(tableOid: number, columnNumber: number): ColumnStatistics | null {
    return this.#columns.get(`${tableOid}/${columnNumber}`) ?? null;
  }

  indexExpression(_indexOid: number, _key: number): ColumnStatistics | null {
    return null;
  }

  columnGroups(_tableOid: number): readonly ColumnGroupStatistics[] {
    return [];
  }

  indexDistinctCount(indexOid: number): number {
    const index = this.#database.catalog.index(indexOid);
    const table = index === undefined ? undefined : this.#database.catalog.relation(index.tableOid);
    if (index === undefined || table === undefined || !index.unique) return -1;
    return this.#database.dictionary(indexOid, table.relId)?.count ?? -1;
  }

  indexEqualCount(_indexOid: number, _values: readonly Value[]): number {
    // Posting lists here are runs of entries without a stored length.
    return -1;
  }
}
