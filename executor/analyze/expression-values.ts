/** What the expressions of a statistics object (CREATE STATISTICS) give for the rows of a sample. */
import type { StatisticsEntry } from '../../catalog/entries.ts';
import type { Value } from '../../catalog/function-entry.ts';
import { parseExpression } from '../../parser/index.ts';
import { bindScalar, type Expr } from '../../planner/index.ts';
import { rowsFunction } from '../compile/batch-program.ts';
import { SlotAllocator } from '../compile/slots.ts';
import { ExecContext } from '../context.ts';
import type { Session } from '../session.ts';
import type { TableRuntime } from '../table-runtime.ts';
import { type SampledColumn, type SampledValue, sampledColumn, WIDE, WIDTH_MAX } from './sample.ts';
import type { Slices, Steps } from './steps.ts';

/** Bytes before a value of variable length, as PostgreSQL's functions return it. */
const VARIABLE_HEADER = 4;
const FIXED_WIDTH = 8;

/** One column an expression, in the object's order. They are computed with the session's settings: its time zone, for instance. */
export function* expressionColumns(
  session: Session,
  table: TableRuntime,
  object: StatisticsEntry,
  rows: readonly (readonly Value[])[],
  target: number,
  slices: Slices,
): Steps<SampledColumn[]> {
  const environment = session.environment(session.catalog, []);
  const exprs = (object.expressions ?? []).map(
    ({ text }): Expr =>
      bindScalar(parseExpression(text), table.entry, environment, { source: 'statistics expression' }),
  );
  const compute = rowsFunction(new SlotAllocator(), [table.entry.columns], exprs);
  const x = new ExecContext(session.engine, session.database.workMemory);
  x.functions = session.functions;
  x.services = session;
  const columns = exprs.map((expr) => sampledColumn(expr.typeOid, target));
  const computed: Value[] = [];
  try {
    for (const row of rows) {
      compute(x, [row], computed);
      for (const [i, column] of columns.entries()) yield* addValue(column, computed[i], slices);
    }
  } finally {
    x.memory.release();
  }
  return columns;
}

/** Long values are known by their width only, as those of columns are. */
export function* addValue(column: SampledColumn, value: Value, slices: Slices): Steps<void> {
  const { elements } = column;
  if (elements === null ? slices.due() : slices.isOver()) yield;
  if (value === null) {
    column.values.push(null);
    return;
  }
  const width = widthOf(value);
  if (elements !== null && width <= elements.widthMax) {
    elements.add(value);
    if (elements.isFull) yield* elements.prune(slices);
  }
  const sampled: SampledValue = width > WIDTH_MAX || elements?.isText === true ? WIDE : value;
  column.values.push(sampled);
  column.nonNull++;
  column.widthSum += width;
}

function widthOf(value: Value): number {
  if (typeof value === 'string') return Buffer.byteLength(value) + VARIABLE_HEADER;
  return value instanceof Uint8Array ? value.length + VARIABLE_HEADER : FIXED_WIDTH;
}
