/** Reads a table or view of the catalog, or of the server, whose rows are made when they are asked for. */
import type { Value } from '../../catalog/function-entry.ts';
import type { WantedRows } from '../../catalog/pg-catalog/index.ts';
import type { VirtualScanPlan } from '../../planner/plan.ts';
import { SqlError } from '../../types/errors.ts';
import { type RowValuesFunction, rowValuesFunction } from '../compile/batch-program.ts';
import { usedColumns } from '../compile/page-columns.ts';
import type { ExecContext } from '../context.ts';
import type { Execution } from '../program.ts';
import { IteratorOperator } from './function-scan.ts';
import { type LookupKey, lookupKeys } from './system-rows.ts';

const NO_COLUMNS: Value[][] = [];

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

  constructor(plan: VirtualScanPlan, execution: Execution) {
    super(execution, plan, execution.program.database.virtualColumns(plan.tableName));
    this.#plan = plan;
    this.#execution = execution;
  }

  override open(x: ExecContext): void {
    super.open(x);
    if (this.#run !== this.#execution.runs) this.#opens = 0;
    this.#run = this.#execution.runs;
    this.#opens++;
  }

  /** The first time they are made one by one: most scans are opened once, and many do not come to their end. */
  protected rows(x: ExecContext): Iterator<readonly Value[]> {
    const { program } = this.#execution;
    const { tableName } = this.#plan;
    this.#lookup ??= program.memo(this.#plan, 'lookup', () => this.#prepare());
    const { columns, keys } = this.#lookup;
    const values = this.#valuesOf(x, this.#lookup);
    if (this.#opens > 1) return this.#execution.systemRows(tableName).matching(keys, values)[Symbol.iterator]();
    const names = program.database.virtualColumns(tableName);
    const wanted: WantedRows = {
      columns,
      values: new Map(values.map((value, k) => [names[keys[k].column].name, value])),
    };
    return program.database.virtualRows(tableName, x.functions, wanted)[Symbol.iterator]();
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

  /** None where one cannot be computed: the filter will say so, if it comes to it. */
  #valuesOf(x: ExecContext, { keyValues }: Lookup): readonly Value[] {
    const values: Value[] = [];
    try {
      keyValues(x, NO_COLUMNS, 0, values);
    } catch (error) {
      if (error instanceof SqlError) return [];
      throw error;
    }
    return values;
  }
}
