/**
 * Typed expressions as the executor compiles them: names are resolved, overloads chosen, casts explicit. Immutable.
 * A column is named by input and index: input 0 is the (outer) child's output row, or the table's own columns in scans and
 * modifications; input 1 the inner child's (see each plan node).
 */
import type { AggregateFunction, ScalarFunction, Value, WindowFunction } from '../catalog/function-entry.ts';
import type { Plan } from './plan.ts';

interface Typed {
  readonly typeOid: number;
  readonly typeModifier: number;
}

/**
 * A constant. With literalIndex >= 0 the value came from that literal of the statement's text: a shared plan (same shape,
 * other literals) takes the value from the execution's literal array, converted as `typeOid` says.
 */
export interface ConstExpr extends Typed {
  readonly kind: 'const';
  readonly value: Value;
  readonly literalIndex: number;
  /** Read from a quoted literal: another one of the same shape may be none of the type. */
  readonly isQuoted?: true;
}
/** $n of the statement, zero-based. */
export interface ParamExpr extends Typed {
  readonly kind: 'param';
  readonly index: number;
}
/** A value that another node sets while running: the outer row of a nested loop or of a correlated subquery. */
export interface ExecParamExpr extends Typed {
  readonly kind: 'execParam';
  readonly index: number;
}
export interface ColumnExpr extends Typed {
  readonly kind: 'column';
  readonly input: number;
  readonly index: number;
}
/** System columns of the scanned table (only over a table's own columns). rowId has type TID and is the u32 row id. */
export interface SystemColumnExpr extends Typed {
  readonly kind: 'systemColumn';
  readonly input: number;
  readonly name: 'ctid' | 'tableoid' | 'xmin' | 'xmax' | 'cmin' | 'cmax';
  readonly tableOid: number;
}
export interface CallExpr extends Typed {
  readonly kind: 'call';
  readonly function: ScalarFunction;
  readonly args: readonly Expr[];
  /** VARIADIC array for a function of any types: the last argument's elements are the arguments. */
  readonly spreadsArray?: boolean;
}
/** SQL's three-valued AND / OR over two or more arguments. */
export interface LogicExpr extends Typed {
  readonly kind: 'and' | 'or';
  readonly args: readonly Expr[];
}
export interface NotExpr extends Typed {
  readonly kind: 'not';
  readonly arg: Expr;
}
/** IS [NOT] NULL; for a row value: all fields null / all fields not null. */
export interface IsNullExpr extends Typed {
  readonly kind: 'isNull';
  readonly arg: Expr;
  readonly negated: boolean;
  readonly isRow: boolean;
}
export interface BooleanTestExpr extends Typed {
  readonly kind: 'booleanTest';
  readonly arg: Expr;
  readonly test: 'true' | 'false' | 'unknown';
  readonly negated: boolean;
}
/** CASE; the simple form has been rewritten to comparisons with `subject`, evaluated once (caseSubject refers to it). */
export interface CaseExpr extends Typed {
  readonly kind: 'case';
  readonly subject: Expr | null;
  readonly branches: readonly { readonly when: Expr; readonly then: Expr }[];
  readonly otherwise: Expr | null;
  /** Keeps what is asked from rows that its condition, which stands beside it, does not let through: EXPLAIN shows the one branch alone. */
  readonly isGuard?: true;
}
/** The value of the enclosing CASE's subject. */
export interface CaseSubjectExpr extends Typed {
  readonly kind: 'caseSubject';
}
export interface CoalesceExpr extends Typed {
  readonly kind: 'coalesce';
  readonly args: readonly Expr[];
}
/** NULLIF(a, b): equality is a function over (a, b) after casts; the result is a. */
export interface NullIfExpr extends Typed {
  readonly kind: 'nullIf';
  readonly left: Expr;
  readonly right: Expr;
  readonly equality: ScalarFunction;
  readonly result: Expr;
}
export interface MinMaxExpr extends Typed {
  readonly kind: 'greatest' | 'least';
  readonly args: readonly Expr[];
}
/** IS [NOT] DISTINCT FROM. */
export interface DistinctExpr extends Typed {
  readonly kind: 'distinct';
  readonly left: Expr;
  readonly right: Expr;
  readonly equality: ScalarFunction;
  readonly negated: boolean;
}
/** ARRAY[...]; `multidimensional` when the elements are arrays themselves. */
export interface ArrayExpr extends Typed {
  readonly kind: 'array';
  readonly elementType: number;
  readonly elements: readonly Expr[];
  readonly multidimensional: boolean;
}
/** ROW(...), and the whole row of a FROM item. */
export interface RowExpr extends Typed {
  readonly kind: 'row';
  readonly fields: readonly Expr[];
  readonly names: readonly string[];
  /** Of a whole row on the nullable side of an outer join: NULL where there is no row (bind/row-presence.ts). */
  readonly presence?: Expr;
}
/** (a, b) < (c, d), by fields; = and <> are written as AND / OR of calls by the binder. Comparators: btree compare by type. */
export interface RowCompareExpr extends Typed {
  readonly kind: 'rowCompare';
  readonly operator: '<' | '<=' | '>' | '>=';
  readonly left: readonly Expr[];
  readonly right: readonly Expr[];
}
/** x op ANY (array) / ALL (array). */
export interface ArrayCompareExpr extends Typed {
  readonly kind: 'arrayCompare';
  readonly operator: ScalarFunction;
  readonly left: Expr;
  readonly array: Expr;
  readonly all: boolean;
}
/** x IN (list) with `=`; all elements of x's type (or comparable by hashKey). Constant lists are hashed by the executor. */
export interface InListExpr extends Typed {
  readonly kind: 'inList';
  readonly arg: Expr;
  readonly list: readonly Expr[];
  readonly equality: ScalarFunction;
  readonly negated: boolean;
}
/** base[i] or base[lower:upper]; null bounds of a slice are left out. */
export interface SubscriptExpr extends Typed {
  readonly kind: 'subscript';
  readonly base: Expr;
  readonly subscripts: readonly {
    readonly isSlice: boolean;
    readonly lower: Expr | null;
    readonly upper: Expr | null;
  }[];
}
/** (record).field, by zero-based position. */
export interface FieldExpr extends Typed {
  readonly kind: 'field';
  readonly base: Expr;
  readonly index: number;
}
/** Conversion through text: output function of the argument's type, input function of the target's. */
export interface IoCastExpr extends Typed {
  readonly kind: 'ioCast';
  readonly arg: Expr;
}
/** Applies typmod (length, precision) of the target type to a value that already has the type. Explicit casts truncate. */
export interface TypmodCastExpr extends Typed {
  readonly kind: 'typmodCast';
  readonly arg: Expr;
  readonly explicit: boolean;
}
/** Array cast element by element: `element` is over caseSubject. */
export interface ArrayCastExpr extends Typed {
  readonly kind: 'arrayCast';
  readonly arg: Expr;
  readonly element: Expr;
}
/**
 * A subquery in an expression. Its plan runs with `params` set (correlation: execParam index <- expression of the
 * current row); without params it runs once per statement and its result is kept (initplan).
 *  exists: bool. scalar: first column of the only row (21000 when more). array: all of the first column.
 *  row: `test` over the only row (21000 when more), null without one.
 *  any/all: `test` is compared for each subquery row; in `test` the subquery's columns are input 2. Uncorrelated `any` with
 *  equality tests are hashed: hashKeys are the outer sides, in the order of the subquery's columns.
 */
export interface SubplanExpr extends Typed {
  readonly kind: 'subplan';
  readonly mode: 'exists' | 'scalar' | 'array' | 'row' | 'any' | 'all';
  readonly plan: Plan;
  readonly params: readonly { readonly index: number; readonly value: Expr }[];
  readonly test: Expr | null;
  readonly hashKeys: readonly Expr[] | null;
  /** It calls volatile functions. */
  readonly isVolatile: boolean;
}

export type Expr =
  | ConstExpr
  | ParamExpr
  | ExecParamExpr
  | ColumnExpr
  | SystemColumnExpr
  | CallExpr
  | LogicExpr
  | NotExpr
  | IsNullExpr
  | BooleanTestExpr
  | CaseExpr
  | CaseSubjectExpr
  | CoalesceExpr
  | NullIfExpr
  | MinMaxExpr
  | DistinctExpr
  | ArrayExpr
  | RowExpr
  | RowCompareExpr
  | ArrayCompareExpr
  | InListExpr
  | SubscriptExpr
  | FieldExpr
  | IoCastExpr
  | TypmodCastExpr
  | ArrayCastExpr
  | SubplanExpr;

export interface SortKey {
  readonly expr: Expr;
  readonly descending: boolean;
  readonly nullsFirst: boolean;
  /** Of texts, until collations are derived: by their bytes, whatever their collation. */
  readonly isBytewise?: true;
}

/** One aggregate call; args, filter and order are over the aggregate node's input row (input 0). */
/**
 * How a user-made aggregate comes to its value. The expressions are over columns of input 0: the state first, then the arguments (of
 * `final`: the direct ones, and NULLs for the others where it is given them).
 */
export interface MadeAggregate {
  readonly stateType: number;
  readonly initial: Value;
  /** Rows with a null argument are skipped; where there is no state yet, the first argument is the state. */
  readonly strict: boolean;
  /** Types of the aggregated arguments. */
  readonly argumentTypes: readonly number[];
  readonly directTypes: readonly number[];
  readonly step: Expr;
  /** null: the state is the value. */
  readonly final: Expr | null;
  /** NULL without a call where the state (or a direct argument) is null. */
  readonly finalStrict: boolean;
  /** Over frames whose start moves: how a row is taken out of a state again. */
  readonly moving?: MadeAggregate & { readonly inverse: Expr };
}

export interface AggregateCall extends Typed {
  readonly function: AggregateFunction;
  readonly args: readonly Expr[];
  readonly directArgs: readonly Expr[];
  readonly distinct: boolean;
  readonly orderBy: readonly SortKey[];
  readonly filter: Expr | null;
  /** Of a user-made function. */
  readonly made?: MadeAggregate;
}

/** Frame bound offsets are evaluated once per partition start. */
export type FrameBound =
  | { readonly kind: 'unboundedPreceding' | 'currentRow' | 'unboundedFollowing' }
  | { readonly kind: 'preceding' | 'following'; readonly offset: Expr };

export interface WindowFrame {
  readonly mode: 'rows' | 'range' | 'groups';
  readonly start: FrameBound;
  readonly end: FrameBound;
  readonly exclude: 'no others' | 'current row' | 'group' | 'ties';
  /** RANGE with offset: functions that compute key - offset and key + offset for the one order key. */
  readonly rangeSubtract: ScalarFunction | null;
  readonly rangeAdd: ScalarFunction | null;
}

export interface WindowCall extends Typed {
  readonly function: WindowFunction | AggregateFunction;
  readonly args: readonly Expr[];
  readonly filter: Expr | null;
  readonly made?: MadeAggregate;
}
