/** How far the building of an index has come: pg_stat_progress_create_index. */
import type { IndexRuntime } from './index-runtime.ts';
import type { TableRuntime } from './table-runtime.ts';

export class IndexProgress {
  readonly tableOid: number;
  readonly indexOid: number;
  readonly command: string;
  readonly blocksTotal: number;
  readonly phase = 'building index: scanning table';
  blocksDone = 0;
  tuplesDone = 0;
  readonly #table: TableRuntime;

  constructor(index: IndexRuntime, table: TableRuntime, isConcurrent: boolean) {
    this.tableOid = index.entry.tableOid;
    this.indexOid = index.entry.oid;
    this.command = isConcurrent ? 'CREATE INDEX CONCURRENTLY' : 'CREATE INDEX';
    this.blocksTotal = table.heap.pages.pageCount;
    this.#table = table;
  }

  get tuplesTotal(): number {
    return this.#table.heap.rowCount;
  }
}
