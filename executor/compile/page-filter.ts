/**
 * Conditions over a page: comparisons of fixed-width columns with values that are the same for all rows, and AND, OR and NOT of them,
 * decided for all rows of a page at once by loops that all statements share. A row costs a nanosecond or two a comparison and nothing is
 * compiled, where a closure costs tens, and generated code is not worth making: what statements over a hundred or a few thousand rows take.
 * (Column-at-a-time primitives: Boncz, Zukowski, Nes, "MonetDB/X100: Hyper-Pipelining Query Execution", CIDR 2005.)
 *
 * None of it can raise an error, so it does not show that a condition is computed for a row that another one has decided.
 */
import type { OperatorEntry, Value } from '../../catalog/function-entry.ts';
import type { ColumnExpr, ConstExpr, ExecParamExpr, Expr, ParamExpr } from '../../planner/expr.ts';
import { commutatorOf, plainComparison } from '../../planner/operators.ts';
import { type BufferPool, ROW_FLAGS_OFFSET, SLOTS_PER_PAGE_MAX, slotOffset } from '../../storage/api.ts';
import { Numeric, OID } from '../../types/index.ts';
import type { ExecContext } from '../context.ts';
import type { ColumnLayout } from '../row/row-layout.ts';
import type { TableRuntime } from '../table-runtime.ts';
import { scalarFunction } from './batch-program.ts';
import type { SlotAllocator } from './slots.ts';

/** What is known of a row: that it does not pass, that it passes, or nothing: its version, its layout or a value needs a closer look. */
const REJECTED = 0;
const PASSED = 1;
const LEFT = 2;
type Decision = typeof REJECTED | typeof PASSED;

/** The rows of a page, by slot: where they begin in the pool, what is known of them, values of their columns (NaN is NULL). */
class PageRows {
  readonly starts = new Int32Array(SLOTS_PER_PAGE_MAX);
  readonly marks = new Uint8Array(SLOTS_PER_PAGE_MAX);
  /** Marks inside of an OR inside of an AND, and so on, by depth. */
  readonly inner: Uint8Array[] = [];
  readonly columns: Float64Array[] = [];
  first = 0;
  end = 0;
}

/** Those in use, the innermost last: the rows of one scan may begin another. */
const rowsInUse: PageRows[] = [];
let depthInUse = 0;
/** Scans begun so far: a number for each. */
let scans = 0;

/** A condition over loaded columns. */
interface PageCondition {
  /** Reads what it compares with; false: that is none of the plain values that the loops know. */
  prepare(x: ExecContext): boolean;
  /** Decides about the rows that `marks` has as `undecided`, and leaves the others. */
  decide(rows: PageRows, marks: Uint8Array, undecided: Decision): void;
}

class Comparison implements PageCondition {
  readonly #column: number;
  readonly #operator: string;
  readonly #read: (x: ExecContext) => number | null;
  #value = 0;

  constructor(column: number, operator: string, read: (x: ExecContext) => number | null) {
    this.#column = column;
    this.#operator = operator;
    this.#read = read;
  }

  prepare(x: ExecContext): boolean {
    const value = this.#read(x);
    if (value !== null) this.#value = value;
    return value !== null;
  }

  decide({ columns, first, end }: PageRows, marks: Uint8Array, undecided: Decision): void {
    const values = columns[this.#column];
    const value = this.#value;
    const operator = this.#operator;
    const less = operator === '<' || operator === '<=' || operator === '<>' ? PASSED : REJECTED;
    const equal = operator === '=' || operator === '<=' || operator === '>=' ? PASSED : REJECTED;
    const greater = operator === '>' || operator === '>=' || operator === '<>' ? PASSED : REJECTED;
    for (let i = first; i < end; i++) {
      if (marks[i] !== undecided) continue;
      const v = values[i];
      marks[i] = v < value ? less : v > value ? greater : v === value ? equal : REJECTED;
    }
  }
}

/** IN, NOT IN. */
class Membership implements PageCondition {
  readonly #column: number;
  readonly #negated: boolean;
  readonly #reads: readonly ((x: ExecContext) => number | null)[];
  readonly #values = new Set<number>();

  constructor(column: number, negated: boolean, reads: readonly ((x: ExecContext) => number | null)[]) {
    this.#column = column;
    this.#negated = negated;
    this.#reads = reads;
  }

  prepare(x: ExecContext): boolean {
    this.#values.clear();
    for (const read of this.#reads) {
      const value = read(x);
      if (value === null) return false;
      this.#values.add(value);
    }
    return true;
  }

  decide({ columns, first, end }: PageRows, marks: Uint8Array, undecided: Decision): void {
    const column = columns[this.#column];
    const values = this.#values;
    const negated = this.#negated;
    for (let i = first; i < end; i++) {
      if (marks[i] !== undecided) continue;
      const v = column[i];
      marks[i] = v === v && values.has(v) !== negated ? PASSED : REJECTED;
    }
  }
}

class NullTest implements PageCondition {
  readonly #column: number;
  readonly #negated: boolean;

  constructor(column: number, negated: boolean) {
    this.#column = column;
    this.#negated = negated;
  }

  prepare(): boolean {
    return true;
  }

  decide({ columns, first, end }: PageRows, marks: Uint8Array, undecided: Decision): void {
    const column = columns[this.#column];
    const negated = this.#negated;
    for (let i = first; i < end; i++) {
      if (marks[i] === undecided) marks[i] = (column[i] === column[i]) === negated ? PASSED : REJECTED;
    }
  }
}

/** AND, OR. */
class Logic implements PageCondition {
  readonly #args: readonly PageCondition[];
  /** What a row is until one of the arguments decides. */
  readonly #undecided: Decision;
  readonly #depth: number;

  constructor(args: readonly PageCondition[], isAnd: boolean, depth: number) {
    this.#args = args;
    this.#undecided = isAnd ? PASSED : REJECTED;
    this.#depth = depth;
  }

  prepare(x: ExecContext): boolean {
    for (const arg of this.#args) if (!arg.prepare(x)) return false;
    return true;
  }

  decide(rows: PageRows, marks: Uint8Array, undecided: Decision): void {
    if (undecided === this.#undecided) {
      for (const arg of this.#args) arg.decide(rows, marks, undecided);
      return;
    }
    const { first, end, inner } = rows;
    inner[this.#depth] ??= new Uint8Array(SLOTS_PER_PAGE_MAX);
    const own = inner[this.#depth];
    for (let i = first; i < end; i++) own[i] = marks[i] === undecided ? this.#undecided : LEFT;
    for (const arg of this.#args) arg.decide(rows, own, this.#undecided);
    for (let i = first; i < end; i++) if (marks[i] === undecided) marks[i] = own[i];
  }
}

/** The conditions with which a filter begins, over the pages of a table; rows of its current layout alone. */
export class PageFilter {
  readonly #pool: BufferPool;
  readonly #layout: number;
  readonly #columns: readonly ColumnLoad[];
  readonly #conditions: readonly PageCondition[];
  #preparedFor = 0;
  #isPlain = false;

  private constructor(
    pool: BufferPool,
    layout: number,
    columns: readonly ColumnLoad[],
    conditions: readonly PageCondition[],
  ) {
    this.#pool = pool;
    this.#layout = layout;
    this.#columns = columns;
    this.#conditions = conditions;
  }

  /** And how many of the conditions it decides; null: none. */
  static of(
    table: TableRuntime,
    slots: SlotAllocator,
    conditions: readonly Expr[],
  ): { readonly filter: PageFilter; readonly count: number } | null {
    const maker = new ConditionMaker(table, slots);
    const made: PageCondition[] = [];
    for (const expr of conditions) {
      const condition = maker.make(expr, 0);
      if (condition === null) break;
      made.push(condition);
    }
    if (made.length === 0) return null;
    const filter = new PageFilter(table.pool, table.entry.layout, maker.columns, made);
    return { filter, count: made.length };
  }

  /** Before the pages of a scan, with what is asked again for each of them; `end` must follow. */
  begin(): number {
    if (depthInUse === rowsInUse.length) rowsInUse.push(new PageRows());
    depthInUse++;
    return ++scans;
  }

  end(): void {
    depthInUse--;
  }

  /**
   * Marks of the rows in slots `first` to `end` of the page at `base`, good until the next call; null where a value is none that is known here.
   * `scan`: what `begin` answered. The rows of a scan may begin another one with this filter, and other values.
   */
  decide(x: ExecContext, scan: number, base: number, first: number, end: number, horizon: number): Uint8Array | null {
    if (this.#preparedFor !== scan) {
      this.#isPlain = this.#conditions.every((condition) => condition.prepare(x));
      this.#preparedFor = scan;
    }
    if (!this.#isPlain) return null;
    const rows = rowsInUse[depthInUse - 1];
    const { starts, marks } = rows;
    const { u16, f64 } = this.#pool;
    rows.first = first;
    rows.end = end;
    // Flags and layout at once.
    const plain = this.#layout << 8;
    for (let i = first; i < end; i++) {
      const offset = slotOffset(u16, base, i);
      const start = base + offset;
      starts[i] = start;
      const isPlain = offset !== 0 && u16[(start + ROW_FLAGS_OFFSET) >>> 1] === plain && f64[start >>> 3] < horizon;
      marks[i] = isPlain ? PASSED : LEFT;
    }
    for (let i = 0; i < this.#columns.length; i++) {
      rows.columns[i] ??= new Float64Array(SLOTS_PER_PAGE_MAX);
      load(this.#pool, this.#columns[i], rows, rows.columns[i]);
    }
    for (const condition of this.#conditions) condition.decide(rows, marks, PASSED);
    return marks;
  }
}

export function isRejected(mark: number): boolean {
  return mark === REJECTED;
}

export function isPassed(mark: number): boolean {
  return mark === PASSED;
}

/** How a column's value is read; small integers, so that a loop finds its case by a jump. */
const LOADS = {
  null: 0,
  int4: 1,
  date: 1,
  float8: 2,
  decimal: 2,
  int8: 3,
  micros: 3,
  int2: 4,
  uint4: 5,
  float4: 6,
  bool: 7,
} as const;

interface ColumnLoad {
  readonly index: number;
  readonly layout: ColumnLayout;
  /** 0: it has no nulls. */
  readonly nullMask: number;
  /** Of LOADS; `null`: whether it is null is all that is asked. */
  kind: number;
}

/** Reads a column of all rows that are not left. Values that no number stands for leave the row, NaN among them. */
function load(pool: BufferPool, { layout, nullMask, kind }: ColumnLoad, rows: PageRows, values: Float64Array): void {
  const { u8, u16, i32, f32, f64 } = pool;
  const { starts, marks, first, end } = rows;
  const { nullByte, offset } = layout;
  for (let i = first; i < end; i++) {
    if (marks[i] === LEFT) continue;
    const start = starts[i];
    if ((u8[start + nullByte] & nullMask) !== 0) {
      values[i] = Number.NaN;
      continue;
    }
    const at = start + offset;
    let value = 0;
    switch (kind) {
      case 1:
        value = i32[at >>> 2];
        break;
      case 2:
        value = f64[at >>> 3];
        break;
      case 3:
        // Beyond 2^53, and infinite, it is not exact, but on the same side of all that it is compared with.
        value = i32[(at + 4) >>> 2] * 4294967296 + (i32[at >>> 2] >>> 0);
        break;
      case 4:
        value = (u16[at >>> 1] << 16) >> 16;
        break;
      case 5:
        value = i32[at >>> 2] >>> 0;
        break;
      case 6:
        value = f32[at >>> 2];
        break;
      case 7:
        value = u8[at];
        break;
      default:
        break;
    }
    if (value === value) values[i] = value;
    else marks[i] = LEFT;
  }
}

type Constant = ConstExpr | ParamExpr | ExecParamExpr;

/** Types whose values are the numbers that are loaded, in their order. */
const NUMBERS: ReadonlySet<number> = new Set([
  OID.BOOL,
  OID.INT2,
  OID.INT4,
  OID.INT8,
  OID.OID,
  OID.FLOAT4,
  OID.FLOAT8,
  OID.NUMERIC,
  OID.DATE,
  OID.TIMESTAMP,
  OID.TIMESTAMPTZ,
]);

const DEPTH_MAX = 30;
/** Longer lists are made sets once an execution, not once a scan: elsewhere. */
const LIST_MAX = 100;

class ConditionMaker {
  readonly columns: ColumnLoad[] = [];
  readonly #table: TableRuntime;
  readonly #slots: SlotAllocator;

  constructor(table: TableRuntime, slots: SlotAllocator) {
    this.#table = table;
    this.#slots = slots;
  }

  /** null: it is no such condition. The planner has taken NOT to the comparisons, and made others of them. */
  make(expr: Expr, depth: number): PageCondition | null {
    switch (expr.kind) {
      case 'and':
      case 'or':
        return this.#logic(expr.args, expr.kind === 'and', depth);
      case 'not':
        return expr.arg.kind === 'column' ? this.#flag(expr.arg, 0) : null;
      case 'column':
        return this.#flag(expr, 1);
      case 'call': {
        const comparison = plainComparison(expr.function);
        if (comparison === null || !NUMBERS.has(comparison.leftType)) return null;
        const [left, right] = expr.args;
        return left.kind === 'column'
          ? this.#comparison(left, comparison, right)
          : this.#comparison(right, commutatorOf(comparison), left);
      }
      case 'isNull': {
        if (expr.isRow) return null;
        const column = this.#column(expr.arg, true);
        return column < 0 ? null : new NullTest(column, expr.negated);
      }
      case 'inList': {
        const type = plainComparison(expr.equality)?.leftType ?? 0;
        if (!NUMBERS.has(type) || expr.list.length > LIST_MAX || !expr.list.every(isConstant)) return null;
        const column = this.#column(expr.arg, false);
        if (column < 0) return null;
        const reads = expr.list.map((element) => this.#number(element, column));
        return new Membership(column, expr.negated, reads);
      }
      default:
        return null;
    }
  }

  /** A bool as it is. */
  #flag(expr: ColumnExpr, wanted: number): PageCondition | null {
    const column = this.#column(expr, false);
    return column < 0 || expr.typeOid !== OID.BOOL ? null : new Comparison(column, '=', () => wanted);
  }

  #logic(exprs: readonly Expr[], isAnd: boolean, depth: number): PageCondition | null {
    if (depth > DEPTH_MAX) return null;
    const args: PageCondition[] = [];
    for (const expr of exprs) {
      const arg = this.make(expr, depth + 1);
      if (arg === null) return null;
      args.push(arg);
    }
    return new Logic(args, isAnd, depth);
  }

  #comparison(left: Expr, operator: OperatorEntry | null, right: Expr): PageCondition | null {
    if (operator === null || !isConstant(right)) return null;
    const column = this.#column(left, false);
    return column < 0 ? null : new Comparison(column, operator.name, this.#number(right, column));
  }

  /** Its place among the columns that are loaded; -1: it is none whose values are numbers. */
  #column(expr: Expr, isForNulls: boolean): number {
    if (expr.kind !== 'column' || expr.input !== 0) return -1;
    const { entry } = this.#table;
    const layout = this.#table.layout(entry.layout).columns[expr.index];
    if (layout === null) return -1;
    const kind = isForNulls
      ? LOADS.null
      : layout.storage === 'text' || layout.storage === 'datum'
        ? -1
        : LOADS[layout.storage];
    if (kind < 0) return -1;
    const known = this.columns.findIndex(({ index }) => index === expr.index);
    if (known >= 0) {
      if (!isForNulls) this.columns[known].kind = kind;
      return known;
    }
    const nullMask = entry.columns[expr.index].notNull ? 0 : layout.nullMask;
    return this.columns.push({ index: expr.index, layout, nullMask, kind }) - 1;
  }

  /** The value as what the column's values are loaded as; null: it is none of those. */
  #number(expr: Constant, column: number): (x: ExecContext) => number | null {
    const { storage, scale } = this.columns[column].layout;
    const read = scalarFunction(this.#slots, expr);
    if (storage === 'decimal') return (x) => scaledNumber(read(x), scale);
    return (x) => plainNumber(read(x));
  }
}

function isConstant(expr: Expr): expr is Constant {
  return expr.kind === 'const' || expr.kind === 'param' || expr.kind === 'execParam';
}

/** Infinite dates are others on the page, and NaN is none of its values. */
function plainNumber(value: Value): number | null {
  return typeof value === 'number' && Number.isFinite(value)
    ? value
    : typeof value === 'boolean'
      ? Number(value)
      : null;
}

/** The coefficient at a column's scale, where it is exact. */
function scaledNumber(value: Value, scale: number): number | null {
  if (!(value instanceof Numeric) || value.scale > scale || typeof value.coefficient !== 'number') return null;
  const scaled = value.coefficient * 10 ** (scale - value.scale);
  return Number.isSafeInteger(scaled) ? scaled : null;
}
