/** The terms of a table's rows: expressions and predicate of an inverted index, compiled, and the extractors of its columns. */
import type { IndexEntry } from '../../catalog/entries.ts';
import type { FunctionContext, Value } from '../../catalog/function-entry.ts';
import type { ColumnExpr, Expr } from '../../planner/expr.ts';
import { type IndexKey, ROW_LAYOUT_OFFSET } from '../../storage/api.ts';
import { Emitter } from '../compile/emitter.ts';
import { ExpressionCompiler } from '../compile/expression.ts';
import { type Operand, repOfType } from '../compile/operand.ts';
import { emitViews, loadTableColumn, usedColumns } from '../compile/page-columns.ts';
import { SlotAllocator } from '../compile/slots.ts';
import type { ExecContext } from '../context.ts';
import { OVERFLOW_BIT, type RowLayout } from '../row/row-layout.ts';
import { isNullAt, variableEnd, variableStart } from '../row/row-reader.ts';
import type { TableRuntime } from '../table-runtime.ts';
import type { TermExtractor } from './extractor.ts';
import { extractorOf } from './operator-classes.ts';
import type { TermNode, TermQuery } from './term-query.ts';
import { KIND_EMPTY, KIND_NULL, TermList, type TermSink, TermWriter } from './terms.ts';

/** Values of the key's expressions go to `target`; false: the row is not in a partial index. */
type ValuesFromRow = (x: ExecContext, r: number, target: Value[]) => boolean;
type ValuesFromValues = (x: ExecContext, values: readonly Value[], target: Value[]) => boolean;

/** Whether terms of all columns of an inverted index are numbers. */
export function hasNumberTerms(entry: IndexEntry, expressions: readonly Expr[]): boolean {
  return expressions.every((expr, i) => extractorOf(expr.typeOid, entry.columns[i].operatorClass).usesNumbers);
}

export class RowTerms {
  readonly #table: TableRuntime;
  readonly #expressions: readonly Expr[];
  readonly #predicate: Expr | null;
  readonly #extractors: readonly TermExtractor[];
  readonly #writer: TermWriter;
  /** Column index of what is read as it is stored, else -1. */
  readonly #storedColumns: readonly number[];
  readonly #values: Value[] = [];
  readonly #fromRow: ValuesFromRow[] = [];
  #fromValues: ValuesFromValues | null = null;

  constructor(
    table: TableRuntime,
    entry: IndexEntry,
    expressions: readonly Expr[],
    predicate: Expr | null,
    hasByteKeys: boolean,
  ) {
    this.#table = table;
    this.#expressions = expressions;
    this.#predicate = predicate;
    this.#extractors = expressions.map((expr, i) => extractorOf(expr.typeOid, entry.columns[i].operatorClass));
    this.#writer = new TermWriter(hasByteKeys, expressions.length > 1);
    this.#storedColumns = expressions.map((expr, i) =>
      expr.kind === 'column' && this.#extractors[i].extractStored !== undefined ? (expr as ColumnExpr).index : -1,
    );
  }

  /** Gives the terms of the row version at `r` in the pool; false: it is not in a partial index. Throws PAGE_MISS. */
  ofRow(x: ExecContext, r: number, sink: TermSink): boolean {
    const table = this.#table;
    const number = table.pool.u8[r + ROW_LAYOUT_OFFSET];
    this.#fromRow[number] ??= this.#compileFromRow(number);
    const values = this.#values;
    if (!this.#fromRow[number](x, r, values)) return false;
    const layout = table.layout(number);
    for (let i = 0; i < this.#extractors.length; i++) {
      this.#writer.startColumn(i, sink);
      const stored = this.#storedColumns[i];
      if (stored < 0) this.#extract(i, values[i]);
      else this.#extractStored(i, stored, r, layout);
    }
    return true;
  }

  /** The same for a row given by all its column values. */
  ofValues(x: ExecContext, row: readonly Value[], sink: TermSink): boolean {
    this.#fromValues ??= this.#compileFromValues();
    const values = this.#values;
    if (!this.#fromValues(x, row, values)) return false;
    for (let i = 0; i < this.#extractors.length; i++) {
      this.#writer.startColumn(i, sink);
      this.#extract(i, values[i]);
    }
    return true;
  }

  #extract(i: number, value: Value): void {
    const writer = this.#writer;
    if (value === null) {
      writer.mark(KIND_NULL);
      return;
    }
    this.#extractors[i].extract(value, writer);
    if (!writer.hasKeys) writer.mark(KIND_EMPTY);
  }

  #extractStored(i: number, index: number, r: number, layout: RowLayout): void {
    const table = this.#table;
    const column = layout.columns[index];
    if (column === null) {
      this.#extract(i, table.missing[index]);
      return;
    }
    const writer = this.#writer;
    const { u8 } = table.pool;
    if (isNullAt(u8, r, column)) {
      writer.mark(KIND_NULL);
      return;
    }
    const start = r + variableStart(u8, r, column);
    const end = variableEnd(u8, r, column);
    const extractor = this.#extractors[i];
    if (end < OVERFLOW_BIT) extractor.extractStored?.(u8, start, r + end, writer);
    else {
      const bytes = table.fetchOverflow(u8, start);
      extractor.extractStored?.(bytes, 0, bytes.length, writer);
    }
    if (!writer.hasKeys) writer.mark(KIND_EMPTY);
  }

  /** What a search for `column OPERATOR value` wants; the value is not NULL. */
  query(column: number, strategy: number, value: Value, context: FunctionContext): TermQuery {
    const writer = this.#writer;
    const make = (write: (writer: TermWriter) => void): TermNode[] => {
      const list = new TermList();
      writer.startColumn(column, list);
      write(writer);
      return list.keys.map((key) => ({ kind: 'term', key }));
    };
    return this.#extractors[column].query(strategy, value, make, context);
  }

  /** Bounds of all rows that have a value in the column; false: there is nothing above. */
  boundsOfColumn(column: number, lower: IndexKey, upper: IndexKey): boolean {
    return this.#writer.boundsOfColumn(column, lower, upper);
  }

  /** Expressions whose values are computed; the others are read as they are stored. */
  #emitValues(emitter: Emitter, compiler: ExpressionCompiler, isStored: (i: number) => boolean): void {
    if (this.#predicate !== null) compiler.compileFilter(this.#predicate, 'return false;');
    this.#expressions.forEach((expr, i) => {
      if (isStored(i)) return;
      emitter.emit(`target[${i}] = ${compiler.compileToAny(expr)};`);
    });
    emitter.emit('return true;');
  }

  #compileFromRow(layoutNumber: number): ValuesFromRow {
    const table = this.#table;
    const layout = table.layout(layoutNumber);
    const isStored = (i: number): boolean => this.#storedColumns[i] >= 0;
    const emitter = new Emitter();
    emitViews(emitter, table.pool);
    const loaded = new Map<number, Operand>();
    const computed = this.#expressions.filter((_, i) => !isStored(i));
    for (const index of usedColumns([...computed, this.#predicate], 0)) {
      loaded.set(index, loadTableColumn(emitter, table, layout, index, null));
    }
    const compiler = new ExpressionCompiler({
      emitter,
      slots: new SlotAllocator(true),
      bail: null,
      column: (_input, index) => loaded.get(index) as Operand,
    });
    this.#emitValues(emitter, compiler, isStored);
    return emitter.build('x, r, target');
  }

  #compileFromValues(): ValuesFromValues {
    const emitter = new Emitter();
    const compiler = new ExpressionCompiler({
      emitter,
      slots: new SlotAllocator(true),
      bail: null,
      column: (_input, index) => {
        const typeOid = this.#table.entry.columns[index].typeOid;
        const value = `values[${index}]`;
        return { rep: repOfType(typeOid), typeOid, value, isNull: `(${value} === null)` };
      },
    });
    this.#emitValues(emitter, compiler, () => false);
    return emitter.build('x, values, target');
  }
}
