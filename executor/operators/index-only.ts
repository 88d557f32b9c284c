/**
 * An index-only scan's rows: of all-visible pages the key's own values, of others those of the version that the snapshot sees.
 * Both are gathered in columns of the key, to which filter and targets are then applied.
 */
import type { Value } from '../../catalog/function-entry.ts';
import type { Expr } from '../../planner/expr.ts';
import type { IndexScanPlan } from '../../planner/plan.ts';
import { type IndexCursor, IndexKey } from '../../storage/api.ts';
import { keyDecoder } from '../../types/index.ts';
import { Batch } from '../batch.ts';
import { type ProjectFunction, projectFunction } from '../compile/batch-program.ts';
import { usedColumns } from '../compile/page-columns.ts';
import { substituteColumns } from '../compile/substitute.ts';
import type { ExecContext } from '../context.ts';
import { type IndexRuntime, valueOfNumberKey } from '../index-runtime.ts';
import type { Execution } from '../program.ts';
import type { HeldError } from './held-error.ts';

/** What EXPLAIN ANALYZE tells. */
export interface KeyReport {
  /** Rows that were fetched, and rows that the filter has taken out, of all runs. */
  readonly heapFetches: number;
  readonly removedRows: number;
}

export class KeyRows implements KeyReport {
  /** Of the table, over which a row that must be fetched is read: the columns of `raw`. */
  readonly columns: readonly Expr[];
  readonly raw: Batch;
  heapFetches = 0;
  removedRows = 0;
  readonly #index: IndexRuntime;
  readonly #descending: boolean;
  readonly #decode: ((bytes: Uint8Array, length: number, columns: Value[][], n: number) => void) | null;
  readonly #project: ProjectFunction;
  readonly #key = new IndexKey();
  /** The entry whose key was decoded last (cursor.entriesGiven), and the row of the batch that has its values. */
  #entry = -1;
  #lastRow = -1;

  constructor(execution: Execution, plan: IndexScanPlan, index: IndexRuntime) {
    const { program } = execution;
    const used = usedColumns([...plan.targets, plan.filter], 0);
    this.#index = index;
    this.#descending = index.entry.columns[0].descending;
    this.columns = used.map((column) => index.expressions[index.keyColumns.indexOf(column)]);
    this.raw = new Batch(used.length);
    const wanted = index.keyColumns.map((column) => used.indexOf(column));
    const parts = index.expressions.map(({ typeOid }, i) => ({
      typeOid,
      descending: index.entry.columns[i].descending,
    }));
    this.#decode = index.hasNumberKeys ? null : keyDecoder(parts, wanted);
    this.#project = program.memo(plan, 'keyRows', () => {
      const places: Expr[] = [];
      used.forEach((column, i) => {
        places[column] = { ...this.columns[i], index: i } as Expr;
      });
      const [filter, ...targets] = substituteColumns([plan.filter, ...plan.targets], places);
      return projectFunction(program.slots, this.columns, filter, targets as Expr[]);
    });
  }

  /** Row n is the entry that the cursor has just given. */
  read(cursor: IndexCursor, n: number): void {
    const { columns } = this.raw;
    if (columns.length === 0) return;
    if (this.#decode === null) {
      columns[0][n] = valueOfNumberKey(cursor.lastNumber, this.#descending);
      return;
    }
    if (cursor.entriesGiven === this.#entry && n === this.#lastRow + 1) {
      // Another row of the key.
      for (const column of columns) column[n] = column[n - 1];
    } else {
      cursor.copyKey(this.#key);
      this.#decode(this.#key.bytes, this.#key.length, columns, n);
      this.#entry = cursor.entriesGiven;
    }
    this.#lastRow = n;
  }

  /** Rounded keys do not tell values. */
  get areWhole(): boolean {
    return !this.#index.dictionary.isLossy;
  }

  /** The first n rows, filtered and projected. */
  project(x: ExecContext, n: number, out: Batch, error: HeldError): void {
    error.project(x, this.#project, this.raw.columns, n, out);
    this.removedRows += n - out.count;
  }
}
