/**
 * Patching: the new image of an updated row, made by copying the old one and writing fixed-width columns over it.
 */

import type { Value } from '../../catalog/function-entry.ts';
import type { UpdatePlan } from '../../planner/plan.ts';
import { sqlError } from '../../types/errors.ts';
import type { ExecContext } from '../context.ts';
import { failingRow } from '../modify/shown-values.ts';
import { type ColumnLayout, OVERFLOW_BIT, type RowLayout } from '../row/row-layout.ts';
import { writeFixed } from '../row/row-writer.ts';
import type { TableRuntime } from '../table-runtime.ts';
import { Emitter } from './emitter.ts';
import { ExpressionCompiler } from './expression.ts';
import { type Operand, repOfType } from './operand.ts';
import { emitViews, loadPageColumn, usedColumns } from './page-columns.ts';
import type { SlotAllocator } from './slots.ts';

/** `(x, r, c, i, bytes)`: the row at r of the pool, with row i of the source's columns; answers the image's length. */
export type PatchFunction = (
  x: ExecContext,
  r: number,
  c: readonly (readonly Value[])[],
  i: number,
  bytes: Buffer,
) => number;

export function patchFunction(slots: SlotAllocator, table: TableRuntime, plan: UpdatePlan): PatchFunction {
  const emitter = new Emitter();
  emitViews(emitter, table.pool);
  const layout = table.layout(table.entry.layout);
  const exprs = plan.assignments.map((a) => a.value);
  const own = new Map<number, Operand>();
  const source = new Map<number, Operand>();
  for (const index of usedColumns(exprs, 0)) {
    const column = layout.columns[index] as ColumnLayout;
    own.set(
      index,
      loadPageColumn(
        { emitter, row: 'r', bail: null, overflow: table.fetchOverflow },
        column,
        table.entry.columns[index],
      ),
    );
  }
  for (const index of usedColumns(exprs, 1)) {
    const name = emitter.name('v');
    emitter.emit(`const ${name} = c[${index}][i];`);
    const { typeOid } = plan.source.output[index];
    source.set(index, { rep: repOfType(typeOid), typeOid, value: name, isNull: `(${name} === null)` });
  }
  const compiler = new ExpressionCompiler({
    emitter,
    slots,
    bail: null,
    column: (input, index) => (input === 0 ? own : source).get(index) as Operand,
    systemColumn: (_input, name, tableOid) => ({
      rep: 'num',
      typeOid: 26,
      value: name === 'tableoid' ? String(tableOid) : '0',
      isNull: 'false',
    }),
  });
  const values = exprs.map((e) => compiler.compileToAny(e));
  emitLength(emitter, layout);
  emitter.emit('buf.copy(bytes, 0, r, r + length);');
  plan.assignments.forEach((assignment, k) => {
    emitColumn(emitter, table, layout, assignment.columnIndex, values[k]);
  });
  emitter.emit('return length;');
  return emitter.build('x, r, c, i, bytes');
}

function emitLength(emitter: Emitter, layout: RowLayout): void {
  const last = layout.variableColumns[layout.variableCount - 1];
  if (last === undefined) emitter.emit(`const length = ${layout.fixedSize};`);
  else
    emitter.emit(
      `const length = u16[(r + ${(layout.columns[last] as ColumnLayout).offset}) >>> 1] & ${OVERFLOW_BIT - 1};`,
    );
}

function emitColumn(emitter: Emitter, table: TableRuntime, layout: RowLayout, index: number, value: string): void {
  const column = layout.columns[index] as ColumnLayout;
  const entry = table.entry.columns[index];
  const write = emitter.bind(writeFixed, 'writeFixed');
  emitter.open(`if (${value} === null) {`);
  if (entry.notNull) emitter.emit(`${emitter.bind(nullInNotNullColumn(table, index), 'refuse')}(x, r);`);
  else emitter.emit(`bytes[${column.nullByte}] |= ${column.nullMask};`);
  emitter.reopen('} else {');
  emitter.emit(`bytes[${column.nullByte}] &= ${~column.nullMask};`);
  if (column.storage === 'int4') {
    for (let b = 0; b < 4; b++) emitter.emit(`bytes[${column.offset + b}] = ${value} >> ${8 * b};`);
  } else emitter.emit(`${write}(bytes, ${emitter.bind(column)}, ${value});`);
  emitter.close();
}

function nullInNotNullColumn(table: TableRuntime, index: number): (x: ExecContext, r: number) => never {
  return (x, r) => {
    const { entry } = table;
    const values = table.readValues(r, []);
    values[index] = null;
    throw sqlError(
      '23502',
      `null value in column "${entry.columns[index].name}" of relation "${entry.name}" violates not-null constraint`,
      {
        ...failingRow(x, entry, values),
        schema: x.schemaName(entry.schemaOid),
        table: entry.name,
        column: entry.columns[index].name,
      },
    );
  };
}
