/** What was done with a table's rows since the start, as PostgreSQL's pg_stat_all_tables counts it. Fields only: hot paths add. */
export class HeapCounters {
  /** Rows of transactions that have ended, committed or not. */
  inserted = 0;
  updated = 0;
  deleted = 0;
  /** Updates that touched no index and left the row where it was. */
  hotUpdated = 0;
  sequentialScans = 0;
  /** Rows that sequential scans saw (visible to their snapshot), before any condition. */
  sequentialRows = 0;
  /** Rows that were fetched by row id through bitmaps of indexes; plain index scans are counted at their index. */
  bitmapRows = 0;

  add(other: HeapCounters): void {
    this.inserted += other.inserted;
    this.updated += other.updated;
    this.deleted += other.deleted;
    this.hotUpdated += other.hotUpdated;
    this.sequentialScans += other.sequentialScans;
    this.sequentialRows += other.sequentialRows;
    this.bitmapRows += other.bitmapRows;
  }

  clear(): void {
    this.inserted = 0;
    this.updated = 0;
    this.deleted = 0;
    this.hotUpdated = 0;
    this.sequentialScans = 0;
    this.sequentialRows = 0;
    this.bitmapRows = 0;
  }
}
