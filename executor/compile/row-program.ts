/**
 * Row programs: what is done with one row of a table, generated for its layout.
 *
 * A program has a fast form, inlined into scan loops, and a generic function for rows that the fast form leaves (and for rows of
 * older layouts). Both filter first, then do the body: fill an output batch, feed aggregates, and so on.
 */
import type { Value } from '../../catalog/function-entry.ts';
import type { ColumnExpr, Expr } from '../../planner/expr.ts';
import {
  PAGE_SIZE,
  pageSlotCount,
  ROW_FLAGS_OFFSET,
  ROW_LAYOUT_OFFSET,
  type ScanReads,
  SLOTS_PER_PAGE_MAX,
  slotOffset,
} from '../../storage/api.ts';
import { OID } from '../../types/index.ts';
import type { ExecContext } from '../context.ts';
import type { ColumnLayout } from '../row/row-layout.ts';
import { rowTidCode } from '../row/row-tid.ts';
import type { TableRuntime } from '../table-runtime.ts';
import { type Closure, ClosureMaker, closureOr, computedCode, isComputed } from './closures.ts';
import { Emitter, isSharingCode, sharesScans, sharingCode } from './emitter.ts';
import { ExpressionCompiler } from './expression.ts';
import { mayWait } from './may-wait.ts';
import type { Operand } from './operand.ts';
import { emitViews, loadPageColumn, loadTableColumn, usedColumns, wholeColumns } from './page-columns.ts';
import { isPassed, isRejected, PageFilter } from './page-filter.ts';
import { emitPartialCall, partialColumn } from './partial-calls.ts';
import { isRepeatable } from './repeatable.ts';
import { SlotAllocator } from './slots.ts';

/** Emits what is done with a row that passed the filter; operands of columns are loaded. */
export interface RowBody {
  /** Expressions that the body computes, for column loading. */
  readonly exprs: readonly Expr[];
  /** Of these, columns (indexes) that go to the client as they are: in generic mode `sent` loads them. */
  readonly sentColumns?: readonly number[];
  readonly sends?: 'text' | 'bytes';
  /** Fills a batch with `exprs`, and does nothing else. */
  readonly fillsBatch?: boolean;
  emit(emitter: Emitter, compiler: ExpressionCompiler, isFast: boolean, sent: (column: number) => Operand | null): void;
}

export interface RowProgramInput {
  readonly table: TableRuntime;
  readonly slots: SlotAllocator;
  readonly filter: Expr | null;
  readonly body: RowBody;
  /** Expressions of the body that are closures. */
  readonly computed?: ReadonlyMap<Expr, Closure<number>>;
}

/** Emits filter and body for the row at `r` (row id in `rowId`). `reject` is the statement for rows that do not pass. */
function emitRow(
  input: RowProgramInput,
  emitter: Emitter,
  layoutNumber: number,
  bail: string | null,
  reject: string,
): void {
  const { table } = input;
  const layout = table.layout(layoutNumber);
  const loaded = new Map<number, Operand>();
  // Pages that are missing make the row begin again: before anything has had an effect.
  const loadsFirst = !mayBeginAgain(input);
  const waits = mayWait([input.filter, ...input.body.exprs]);
  const load = (exprs: readonly (Expr | null)[]): void => {
    // In fast mode a long value leaves the block; in generic mode calls for a part of one load it themselves.
    const whole = bail === null && !loadsFirst ? wholeColumns(exprs, 0) : null;
    for (const index of usedColumns(exprs, 0)) {
      if (loaded.has(index)) continue;
      if (whole !== null && !whole.includes(index) && layout.columns[index] !== null) continue;
      loaded.set(index, loadTableColumn(emitter, table, layout, index, bail));
    }
  };
  const computed = computedCode(emitter, input.computed, 'r, rowId');
  const compiler = new ExpressionCompiler({
    emitter,
    slots: input.slots,
    bail,
    computed,
    remembers: loadsFirst && waits,
    column: (_input, index) => loaded.get(index) as Operand,
    systemColumn: (_input, name, tableOid) => systemColumn(name, tableOid),
    partialCall: (expr, compileArg) => {
      const index = partialColumn(expr)?.index ?? -1;
      if (index < 0 || loaded.has(index)) return null;
      const args = expr.args.slice(1).map(compileArg);
      const options = { emitter, row: 'r', parts: table.overflow.parts };
      return emitPartialCall(options, expr, layout.columns[index] as ColumnLayout, table.entry.columns[index], args);
    },
  });
  load(loadsFirst ? [input.filter, ...input.body.exprs] : [input.filter]);
  const out = waits ? `{ x.evaluated(); ${reject} }` : reject;
  if (input.filter !== null) compiler.compileFilter(input.filter, out);
  const { exprs, sentColumns } = input.body;
  const isSent = (expr: Expr): boolean =>
    bail === null &&
    !loadsFirst &&
    expr.kind === 'column' &&
    sentColumns?.includes(expr.index) === true &&
    layout.columns[expr.index] !== null;
  load(exprs.filter((expr) => !isSent(expr) && computed?.has(expr) !== true));
  input.body.emit(emitter, compiler, bail !== null, (index) => {
    if (bail !== null || loaded.has(index)) return null;
    const options = { emitter, row: 'r', bail, overflow: table.fetchOverflow, sends: input.body.sends };
    return loadPageColumn(options, layout.columns[index] as ColumnLayout, table.entry.columns[index]);
  });
  if (waits) emitter.emit('x.evaluated();');
}

function systemColumn(name: string, tableOid: number): Operand {
  switch (name) {
    case 'ctid':
      return { rep: 'num', typeOid: 27, value: rowTidCode('rowId'), isNull: 'false' };
    case 'tableoid':
      return { rep: 'num', typeOid: 26, value: String(tableOid), isNull: 'false' };
    case 'xmin':
      return { rep: 'num', typeOid: 28, value: '(f64[r >>> 3] >>> 0)', isNull: 'false' };
    default:
      return { rep: 'num', typeOid: 28, value: '0', isNull: 'false' };
  }
}

/** `(x, r, rowId, out, n)`: filters and does the body in generic mode for a row of any layout; true when the row passed. */
export type GenericRowFunction<Out> = (x: ExecContext, r: number, rowId: number, out: Out, n: number) => boolean;

function mayBeginAgain({ filter, body }: RowProgramInput): boolean {
  return isRepeatable([filter, ...body.exprs]);
}

/** The generic form, compiled per layout on first use: most tables have one, and most rows take the fast form. */
function genericRowFunction<Out>(input: RowProgramInput): GenericRowFunction<Out> {
  const byLayout: (GenericRowFunction<Out> | undefined)[] = [];
  const u8 = input.table.pool.u8;
  return (x, r, rowId, out, n) => {
    const number = u8[r + ROW_LAYOUT_OFFSET];
    const known = byLayout[number];
    if (known !== undefined) return known(x, r, rowId, out, n);
    const emitter = new Emitter();
    emitViews(emitter, input.table.pool);
    emitRow(input, emitter, number, null, 'return false;');
    emitter.emit('return true;');
    const compiled = emitter.build<GenericRowFunction<Out>>('x, r, rowId, out, n');
    byLayout[number] = compiled;
    return compiled(x, r, rowId, out, n);
  };
}

/** What a fragment answers for a row that its fast form leaves. */
const LEFT = Symbol('left');

/** One expression of a row program by itself: a value, a condition's answer (true for rows that pass it), or LEFT. */
type Fragment = (x: ExecContext, r: number, rowId: number) => Value | typeof LEFT;

function fastFragment(input: RowProgramInput): Fragment {
  const emitter = new Emitter();
  emitViews(emitter, input.table.pool);
  emitter.open('fast: {');
  emitRow(input, emitter, input.table.entry.layout, 'fast', 'return false;');
  emitter.close();
  emitter.emit(`return ${emitter.bind(LEFT, 'left')};`);
  return emitter.build<Fragment>('x, r, rowId');
}

/** The same, which answers for all rows of the current layout. */
function exactFragment({ table, slots }: RowProgramInput, target: Expr): Closure<number> {
  const emitter = new Emitter();
  emitViews(emitter, table.pool);
  emitRow({ table, slots, filter: null, body: valueBody(target) }, emitter, table.entry.layout, null, '');
  return emitter.build('x, r, rowId');
}

const PASSED: RowBody = { exprs: [], emit: (emitter) => emitter.emit('return true;') };

function valueBody(target: Expr): RowBody {
  return {
    exprs: [target],
    emit: (emitter, compiler) => emitter.emit(`return ${compiler.toAny(compiler.compile(target))};`),
  };
}

/** Functions that read one column of the rows of a table's current layout, made once for all statements. */
interface ColumnReaders {
  /** For closures. */
  readonly closures: Closure<number>[];
  /** For what is a column and nothing else. */
  readonly fragments: Fragment[];
}
const readersOf = new WeakMap<TableRuntime, ColumnReaders>();

function columnReaders(table: TableRuntime): ColumnReaders {
  let readers = readersOf.get(table);
  if (readers === undefined) {
    readers = { closures: [], fragments: [] };
    readersOf.set(table, readers);
  }
  return readers;
}

/** Needs no slots: a column is computed of nothing. */
const WITHOUT_SLOTS = new SlotAllocator();

function columnFragment(table: TableRuntime, column: ColumnExpr): Fragment {
  const { fragments } = columnReaders(table);
  fragments[column.index] ??= fastFragment({ table, slots: WITHOUT_SLOTS, filter: null, body: valueBody(column) });
  return fragments[column.index];
}

/** Throws LEFT where a long value is not in the row: the generic form fetches it once for all that read it, or a part of it. */
function columnClosure(table: TableRuntime, column: ColumnExpr): Closure<number> {
  const { closures } = columnReaders(table);
  const known = closures[column.index];
  if (known !== undefined) return known;
  const layout = table.layout(table.entry.layout).columns[column.index];
  if (layout?.isVariable !== true) {
    closures[column.index] = exactFragment({ table, slots: WITHOUT_SLOTS, filter: null, body: PASSED }, column);
  } else {
    const fragment = columnFragment(table, column);
    closures[column.index] = (x, r, rowId) => {
      const value = fragment(x, r, rowId);
      if (value === LEFT) throw LEFT;
      return value;
    };
  }
  return closures[column.index];
}

function closuresOf({ table, slots }: RowProgramInput): ClosureMaker<number> {
  return new ClosureMaker(slots, (column) => columnClosure(table, column));
}

/** What the body computes, as closures. */
function computedOf(input: RowProgramInput, closures: ClosureMaker<number>): Map<Expr, Closure<number>> {
  const computed = new Map<Expr, Closure<number>>();
  for (const expr of input.body.exprs) {
    const closure = isComputed(expr) ? closures.value(expr) : null;
    if (closure !== null)
      computed.set(
        expr,
        closureOr(closure, () => exactFragment(input, expr)),
      );
  }
  return computed;
}

/** A batch's row; its output is the batch's columns. `slow`: does the row in generic mode. */
function batchRow(input: RowProgramInput, slow: GenericRowFunction<Value[][]>): GenericRowFunction<Value[][]> {
  const { table, slots, body } = input;
  const closures = closuresOf(input);
  const values = body.exprs.map((target) =>
    target.kind === 'column'
      ? columnFragment(table, target)
      : closureOr<number, Value>(closures.value(target), () =>
          fastFragment({ table, slots, filter: null, body: valueBody(target) }),
        ),
  );
  return (x, r, rowId, out, n) => {
    for (let i = 0; i < values.length; i++) {
      const value = values[i](x, r, rowId);
      if (value === LEFT) return slow(x, r, rowId, out, n);
      out[i][n] = value as Value;
    }
    return true;
  };
}

/**
 * Without code of its own, in pieces: a closure for each condition, and for each target if rows go to a batch, called one after the other. Slower for
 * a row, but of most statements nothing is compiled (of the corpus's select3.test, aggregates_129 and select1.test: 69 functions, with a
 * thirtieth of the text, where generated pieces that were shared by their text were 1,203); those that are left are shared.
 */
function rowOfFragments<Out>(input: RowProgramInput): GenericRowFunction<Out> {
  const { table, slots, filter, body } = input;
  const conditions = filter === null ? [] : filter.kind === 'and' ? filter.args : [filter];
  const closures = closuresOf(input);
  const tests = conditions.map((condition) =>
    closureOr<number, Value>(closures.condition(condition), () =>
      fastFragment({ table, slots, filter: condition, body: PASSED }),
    ),
  );
  const slow = genericRowFunction<Out>(input);
  // Who asks for a batch's rows has its columns as output.
  const rest =
    body.fillsBatch === true
      ? (batchRow(input, slow as never) as unknown as GenericRowFunction<Out>)
      : wholeRowFunction<Out>({ table, slots, filter: null, body, computed: computedOf(input, closures) });
  const waits = mayWait([filter, ...body.exprs]);
  const { u8 } = table.pool;
  const { layout } = table.entry;
  return (x, r, rowId, out, n) => {
    if (u8[r + ROW_LAYOUT_OFFSET] !== layout) return slow(x, r, rowId, out, n);
    try {
      for (let i = 0; i < tests.length; i++) {
        const answer = tests[i](x, r, rowId);
        if (answer !== true) return answer === LEFT ? slow(x, r, rowId, out, n) : false;
      }
      const hasPassed = rest(x, r, rowId, out, n);
      if (waits) x.evaluated();
      return hasPassed;
    } catch (error) {
      if (error !== LEFT) throw error;
      return slow(x, r, rowId, out, n);
    }
  };
}

/** One row at a time, for index scans: the fast form with the generic one behind it, or, where that may not begin again, that alone. */
export function rowFunction<Out>(input: RowProgramInput): GenericRowFunction<Out> {
  if (!mayBeginAgain(input)) return genericRowFunction(input);
  return isSharingCode() ? rowOfFragments(input) : wholeRowFunction(input);
}

function wholeRowFunction<Out>(input: RowProgramInput): GenericRowFunction<Out> {
  const generic = genericRowFunction<Out>(input);
  const emitter = new Emitter();
  const { table } = input;
  emitViews(emitter, table.pool);
  const slow = emitter.bind(generic, 'slow');
  emitter.open(`if (u8[r + ${ROW_LAYOUT_OFFSET}] === ${table.entry.layout}) fast: {`);
  emitRow(input, emitter, table.entry.layout, 'fast', 'return false;');
  emitter.emit('return true;');
  emitter.close();
  emitter.emit(`return ${slow}(x, r, rowId, out, n);`);
  return emitter.build<GenericRowFunction<Out>>('x, r, rowId, out, n');
}

/** Where a sequential scan stands. */
export interface ScanPosition {
  page: number;
  slot: number;
  endPage: number;
  /** Rows that passed in this call. */
  count: number;
  /** How the scan gets its pages. */
  reads: ScanReads;
  /** Of bytes that were read ahead (emitReadAhead): kept, or V8 would leave the reads out. */
  readAhead: number;
}

/**
 * `(x, position, out, limit, snapshot)`: scans on from the position until `limit` rows passed, the slice is over (answers
 * true) or the table ends (position.page = endPage). Throws PAGE_MISS with the position at the row to go on with.
 */
export type ScanFunction<Out> = (
  x: ExecContext,
  position: ScanPosition,
  out: Out,
  limit: number,
  snapshot: ExecContext['snapshot'],
) => boolean;

/** `countsRows`: each passed row fills place n of an output, so that `limit` applies. */
export function scanFunction<Out>(input: RowProgramInput, countsRows: boolean): ScanFunction<Out> {
  if (isSharingCode() || !mayBeginAgain(input)) return plainScan(input, countsRows);
  const shared = sharesScans() ? sharingCode(() => pagedScan<Out>(input, countsRows)) : null;
  return shared ?? generatedScan(input, countsRows);
}

/** A page of fewer rows has them looked at one by one: the conditions on it take longer to make. */
const PAGED_ROWS_MIN = 48;

/**
 * A loop that all statements share, around a function of the row: what code that is shared by its text takes least of. Rows that the
 * conditions on a page reject are not looked at one by one. `known`: those conditions; otherwise they are made for the first page of many rows.
 */
function plainScan<Out>(input: RowProgramInput, countsRows: boolean, known?: PagedInput<Out>): ScanFunction<Out> {
  const { heap, pool } = input.table;
  const { u8, u16, f64 } = pool;
  const { counters } = heap;
  const isSharing = isSharingCode();
  const made = <T>(make: () => T): T => (isSharing ? sharingCode(make) : make());
  let whole = known === undefined ? rowFunction<Out>(input) : null;
  const row = (): GenericRowFunction<Out> => {
    whole ??= made(() => rowFunction<Out>(input));
    return whole;
  };
  let paged: PagedInput<Out> | null | undefined = known;
  return (x, position, out, limit, snapshot) => {
    const { endPage, reads } = position;
    let { page, slot } = position;
    let n = 0;
    let first = slot;
    let seen = 0;
    let filter: PageFilter | null = null;
    let scan = 0;
    try {
      while (page < endPage) {
        const base = reads.base(page);
        const slots = pageSlotCount(u16, base);
        if (filter === null && slots - slot >= PAGED_ROWS_MIN) {
          if (paged === undefined) paged = made(() => pageFilterOf<Out>(input));
          filter = paged?.filter ?? null;
          scan = filter?.begin() ?? 0;
        }
        const marks = filter === null ? null : filter.decide(x, scan, base, slot, slots, snapshot.horizon);
        for (; slot < slots; slot++) {
          if (marks !== null && isRejected(marks[slot])) continue;
          const offset = slotOffset(u16, base, slot);
          let r = offset === 0 ? -1 : base + offset;
          if (r >= 0 && (u8[r + ROW_FLAGS_OFFSET] !== 0 || f64[r >>> 3] >= snapshot.horizon))
            r = heap.resolve(r, snapshot);
          if (r < 0) {
            seen--;
            continue;
          }
          const passes = marks !== null && isPassed(marks[slot]) ? (paged as PagedInput<Out>).rest : row();
          if (passes(x, r, page * SLOTS_PER_PAGE_MAX + slot, out, n) && ++n === limit && countsRows) {
            slot++;
            return false;
          }
        }
        seen += slots - first;
        first = 0;
        slot = 0;
        page++;
        if (x.shouldYield(slots)) return true;
      }
      return false;
    } finally {
      filter?.end();
      position.page = page;
      position.slot = slot;
      position.count = n;
      counters.sequentialRows += seen + slot - first;
    }
  };
}

/** Null: pages do not decide all of the filter. */
function pagedScan<Out>(input: RowProgramInput, countsRows: boolean): ScanFunction<Out> | null {
  const paged = pageFilterOf<Out>(input);
  return paged?.isWhole === true ? plainScan(input, countsRows, paged) : null;
}

interface PagedInput<Out> {
  readonly filter: PageFilter;
  /** Whether that is all of the scan's filter. */
  readonly isWhole: boolean;
  /** For rows that have passed it. */
  readonly rest: GenericRowFunction<Out>;
}

/** A filter's first conditions over pages. Null: there are none, or it may not be computed twice. */
function pageFilterOf<Out>(input: RowProgramInput): PagedInput<Out> | null {
  const { table, slots, filter } = input;
  if (filter === null || !mayBeginAgain(input)) return null;
  const conditions = filter.kind === 'and' ? filter.args : [filter];
  const made = PageFilter.of(table, slots, conditions);
  if (made === null) return null;
  const left = conditions.slice(made.count);
  const rest = left.length > 1 ? { ...filter, kind: 'and' as const, args: left } : (left[0] ?? null);
  return { filter: made.filter, isWhole: rest === null, rest: rowFunction<Out>({ ...input, filter: rest }) };
}

function generatedScan<Out>(input: RowProgramInput, countsRows: boolean): ScanFunction<Out> {
  const { table } = input;
  const whenFull = countsRows ? 'if (n === limit) { slot++; break pages; }' : '';
  const emitter = new Emitter();
  emitViews(emitter, table.pool);
  const heap = emitter.bind(table.heap, 'heap');
  const slow = emitter.bind(genericRowFunction<Out>(input), 'slow');
  const layout = table.entry.layout;
  const counters = emitter.bind(table.heap.counters, 'counters');
  // Rows seen are counted a page at a time: slots passed since `first`, less those that held no row for this snapshot.
  emitter.emit('let page = position.page, slot = position.slot, n = 0, yielded = false;');
  emitter.emit('let first = slot, seen = 0;');
  emitter.emit('const endPage = position.endPage, reads = position.reads, horizon = snapshot.horizon;');
  emitter.emit('let r = 0, rowId = 0;');
  emitter.open('try {');
  emitter.open('pages: while (page < endPage) {');
  emitter.emit('const base = reads.base(page);');
  emitter.emit('const slots = u16[(base + 12) >>> 1];');
  emitReadAhead(emitter);
  emitter.open('rows: for (; slot < slots; slot++) {');
  emitter.emit('const offset = u16[(base + 32 + slot * 4) >>> 1];');
  emitter.emit('if (offset === 0) { seen--; continue; }');
  emitter.emit('r = base + offset;');
  emitter.emit(`rowId = page * ${SLOTS_PER_PAGE_MAX} + slot;`);
  emitter.open(`if (u16[(r + 14) >>> 1] !== ${layout << 8} || f64[r >>> 3] >= horizon) {`);
  emitter.open('if (u8[r + 14] !== 0 || f64[r >>> 3] >= horizon) {');
  emitter.emit(`r = ${heap}.resolve(r, snapshot);`);
  emitter.emit('if (r < 0) { seen--; continue; }');
  emitter.close();
  emitter.open(`if (u8[r + ${ROW_LAYOUT_OFFSET}] !== ${layout}) {`);
  emitter.emit(`if (${slow}(x, r, rowId, out, n)) { n++; ${whenFull} }`);
  emitter.emit('continue;');
  emitter.close();
  emitter.close();
  emitter.open('fast: {');
  emitRow(input, emitter, layout, 'fast', 'continue rows;');
  emitter.emit('n++;');
  if (countsRows) emitter.emit(whenFull);
  emitter.emit('continue rows;');
  emitter.close();
  emitter.emit(`if (${slow}(x, r, rowId, out, n)) { n++; ${whenFull} }`);
  emitter.close();
  emitter.emit('seen += slots - first; first = 0; slot = 0; page++;');
  emitter.emit('if (x.shouldYield(slots)) { yielded = true; break pages; }');
  emitter.close();
  emitter.reopen('} finally {');
  emitter.emit('position.page = page; position.slot = slot; position.count = n;');
  emitter.emit(`${counters}.sequentialRows += seen + slot - first;`);
  emitter.close();
  emitter.emit('return yielded;');
  return emitter.build<ScanFunction<Out>>('x, position, out, limit, snapshot');
}

/** Of a page with as many rows nearly every cache line is read anyway, and the processor sees them coming. */
const READ_AHEAD_ROWS_MAX = 64;

/**
 * Reads a byte of the first two cache lines of each row of a page before the first row is computed: the processor waits for many lines
 * at once here, where between the computations of two long rows it would wait for each.
 */
function emitReadAhead(emitter: Emitter): void {
  emitter.open(`if (slots < ${READ_AHEAD_ROWS_MAX}) {`);
  emitter.emit('let readAhead = 0;');
  emitter.open('for (let s = slot; s < slots; s++) {');
  emitter.emit('const offset = u16[(base + 32 + s * 4) >>> 1];');
  emitter.emit(`readAhead ^= u8[base + offset] ^ u8[base + ((offset + 64) & ${PAGE_SIZE - 1})];`);
  emitter.close();
  emitter.emit('position.readAhead = readAhead;');
  emitter.close();
}

const SENT_TYPES: readonly number[] = [OID.TEXT, OID.VARCHAR, OID.BPCHAR, OID.JSON];

/** The body that fills an output batch: out[i][n] = target i. `isSent`: the batch goes to the client as it is. */
export function batchBody(targets: readonly Expr[], isSent: boolean): RowBody {
  const sentColumns = targets.flatMap((target) =>
    isSent && target.kind === 'column' && target.input === 0 && SENT_TYPES.includes(target.typeOid)
      ? [target.index]
      : [],
  );
  return {
    exprs: targets,
    sentColumns,
    sends: 'text',
    fillsBatch: true,
    emit(emitter, compiler, _isFast, sent) {
      // All values first: whatever throws or leaves the fast block must do so before the row is there.
      const values = targets.map((t) => {
        const operand = t.kind === 'column' && sentColumns.includes(t.index) ? sent(t.index) : null;
        return compiler.toAny(operand ?? compiler.compile(t));
      });
      values.forEach((code, i) => {
        emitter.emit(`out[${i}][n] = ${code};`);
      });
    },
  };
}
