/**
 * hotrow_rewind: gives a table the rows that it had, by statements on single rows, so that constraints, indexes, foreign keys and the log
 * hear of it as of any change. Nobody else writes to the table meanwhile (SHARE ROW EXCLUSIVE).
 *
 *      rows made since      deleted first: their keys are free then
 *      rows changed         updated in place
 *      rows deleted since   inserted again
 *
 * What foreign keys ask is asked at the end of the statement that calls the function.
 */
import type { ColumnEntry, RelationEntry } from '../catalog/entries.ts';
import type { Value } from '../catalog/function-entry.ts';
import { quoteIdentifier } from '../catalog/functions/quote.ts';
import { outputText } from '../types/index.ts';
import { type ExecContext, SLICE_MS } from './context.ts';
import { WAIT_SIGNAL } from './operators/operator.ts';
import { tidOfRow } from './row/row-tid.ts';
import type { Session } from './session.ts';
import type { RowChange } from './table-changes.ts';

interface Step {
  readonly sql: string;
  readonly params: readonly Value[];
}

export class TableRewind {
  readonly #session: Session;
  /** Of deletions, updates, insertions: what is done to each row. */
  readonly #steps: readonly (() => Step)[];
  readonly #count: number;
  #next = 0;

  constructor(session: Session, table: RelationEntry, changes: readonly RowChange[]) {
    this.#session = session;
    this.#count = changes.length;
    const schema = quoteIdentifier(session.schemaName(table.schemaOid));
    const statements = new RowStatements(session, table, `${schema}.${quoteIdentifier(table.name)}`);
    const isRemade = (change: RowChange): boolean => statements.changesIdentity(change);
    const gone = changes.filter((change) => change.old === null || (change.new !== null && isRemade(change)));
    const changed = changes.filter((change) => change.old !== null && change.new !== null && !isRemade(change));
    const lost = changes.filter((change) => change.old !== null && (change.new === null || isRemade(change)));
    this.#steps = [
      ...gone.map((change) => () => statements.remove(change)),
      ...changed.map((change) => () => statements.update(change)),
      ...lost.map((change) => () => statements.insert(change)),
    ];
  }

  /** Runs to the end and answers how many rows were changed, or throws to wait: then to be called again. */
  run(x: ExecContext): number {
    const endMs = performance.now() + SLICE_MS;
    while (this.#next < this.#steps.length) {
      const { sql, params } = this.#steps[this.#next]();
      if (this.#session.runInternal(x, sql, params) === null) this.#wait(x);
      this.#next++;
      if (performance.now() > endMs) this.#wait(x);
    }
    return this.#count;
  }

  #wait(x: ExecContext): never {
    if (!x.isWaiting) this.#session.wakeAfter(0);
    throw WAIT_SIGNAL;
  }
}

/** Statements on one row of the table, with the row's old values. */
class RowStatements {
  readonly #session: Session;
  readonly #name: string;
  /** Columns that have values of their own. */
  readonly #columns: readonly ColumnEntry[];
  /** Those that UPDATE may set. */
  readonly #settable: readonly ColumnEntry[];

  constructor(session: Session, table: RelationEntry, name: string) {
    this.#session = session;
    this.#name = name;
    this.#columns = table.columns.filter((column) => !column.dropped && !column.generated);
    this.#settable = this.#columns.filter((column) => column.identity !== 'always');
  }

  /** A GENERATED ALWAYS identity can be inserted, not updated. */
  changesIdentity({ old, new: after }: RowChange): boolean {
    const text = (column: ColumnEntry, values: readonly Value[] | null): string =>
      outputText(column.typeOid, values?.[column.number - 1], this.#session.functions.format);
    return this.#columns.some((column) => column.identity === 'always' && text(column, old) !== text(column, after));
  }

  remove({ rowId }: RowChange): Step {
    return { sql: `DELETE FROM ONLY ${this.#name} WHERE ctid = $1`, params: [tidOfRow(rowId)] };
  }

  update({ rowId, old }: RowChange): Step {
    const columns = this.#settable;
    const sets = columns.map(({ name }, i) => `${quoteIdentifier(name)} = $${i + 2}`);
    return {
      sql: `UPDATE ONLY ${this.#name} SET ${sets.join(', ')} WHERE ctid = $1`,
      params: [tidOfRow(rowId), ...columns.map(({ number }) => old![number - 1])],
    };
  }

  insert({ old }: RowChange): Step {
    const columns = this.#columns;
    if (columns.length === 0) return { sql: `INSERT INTO ${this.#name} DEFAULT VALUES`, params: [] };
    const names = columns.map(({ name }) => quoteIdentifier(name)).join(', ');
    const values = columns.map((_, i) => `$${i + 1}`).join(', ');
    return {
      sql: `INSERT INTO ${this.#name} (${names}) OVERRIDING SYSTEM VALUE VALUES (${values})`,
      params: columns.map(({ number }) => old![number - 1]),
    };
  }
}
