/** Reads a table or view of the catalog, or of the server, whose rows are made when they are asked for. */
import type { Value } from '../../catalog/function-entry.ts';
import type { VirtualScanPlan } from '../../planner/plan.ts';
import { SqlError } from '../../types/errors.ts';
import { type RowValuesFunction, rowValuesFunction } from '../compile/batch-program.ts';
import { usedColumns } from '../compile/page-columns.ts';
import type { ExecContext } from '../context.ts';
import type { Execution } from '../program.ts';
import { IteratorOperator } from './function-scan.ts';
import { type LookupKey, lookupKeys, SystemRows } from './system-rows.ts';

const NO_COLUMNS: Value[][] = [];
/** Making a row, in milliseconds. */
const ROW_MS = 0.002;

/** What it knows of the rows that pass its filter. */
interface Lookup {
  /** Columns that it reads. */
  readonly columns: readonly number[];
  readonly keys: readonly LookupKey[];
  readonly keyValues: RowValuesFunction;
}

export class VirtualScanOperator extends IteratorOperator {
  readonly #plan: VirtualScanPlan;
  readonly #execution: Execution;
  /** Of which run of its execution it has been opened, and how often. */
  #run = -1;
  #opens = 0;
  #lookup: Lookup | null = null;
  /** What making rows for the values of openings has taken in this run, in milliseconds. */
  #spent = 0;
  /** Of this run. */
  #kept: SystemRows | null = null;

  constructor(plan: VirtualScanPlan, execution: Execution) {
    super(execution, plan, execution.program.database.virtualColumns(plan.tableName));
    this.#plan = plan;
    this.#execution = execution;
  }

  override open(x: ExecContext): void {
    super.open(x);
    if (this.#run !== this.#execution.runs) {
      this.#run = this.#execution.runs;
      this.#opens = 0;
      this.#spent = 0;
      this.#kept = null;
    }
    this.#opens++;
  }

  /**
   * At first only those are made that may be wanted, one by one: most scans are opened once, and many do not come to their end. When that has
   * taken as long as making all would, all are made once, and found by their values. (By an oid the few are found at once, by a name seldom.)
   */
  protected rows(x: ExecContext): Iterator<readonly Value[]> {
    const { program } = this.#execution;
    const { tableName, tableRows } = this.#plan;
    this.#lookup ??= program.memo(this.#plan, 'lookup', () => this.#prepare());
    const { columns, keys } = this.#lookup;
    const values = this.#valuesOf(x, this.#lookup);
    const { database } = program;
    const isFirst = this.#opens === 1;
    if (!isFirst && (values.length === 0 || this.#spent > tableRows * ROW_MS)) {
      this.#kept ??= new SystemRows(database.virtualRows(tableName, x.functions, { columns }), x.memory);
      return this.#kept.matching(keys, values)[Symbol.iterator]();
    }
    const names = database.virtualColumns(tableName);
    const wanted = new Map(values.map((value, k) => [names[keys[k].column].name, value]));
    const rows = database.virtualRows(tableName, x.functions, { columns, values: wanted });
    if (isFirst) return rows[Symbol.iterator]();
    const begun = performance.now();
    const made = [...rows];
    this.#spent += performance.now() - begun;
    return made[Symbol.iterator]();
  }

  #prepare(): Lookup {
    const { filter, targets } = this.#plan;
    const keys = lookupKeys(filter);
    const exprs = keys.map(({ value }) => value);
    return {
      columns: usedColumns([filter, ...targets], 0),
      keys,
      keyValues: rowValuesFunction(this.#execution.program.slots, [], exprs),
    };
  }

  /** None where one cannot be computed, which the filter will say if it comes to it, or is no plain value. */
  #valuesOf(x: ExecContext, { keyValues }: Lookup): readonly Value[] {
    const values: Value[] = [];
    try {
      keyValues(x, NO_COLUMNS, 0, values);
    } catch (error) {
      if (error instanceof SqlError) return [];
      throw error;
    }
    return values.some((value) => value !== null && typeof value === 'object') ? [] : values;
  }
}
