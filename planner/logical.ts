/**
 * Queries as bound, before a physical plan exists.
 *
 * Expressions are those of expr.ts plus the kinds below, which planning replaces: `var` becomes a column of some input or an
 * exec param, aggregate and window references become columns of their nodes, sublinks become subplans. The field types say
 * Expr throughout; code that can meet the logical kinds looks through `logical()`.
 *
 * Every relation of a statement has a number of its own (`rel`), unique over all query levels. So a var needs no level:
 * an outer reference is a var whose relation is not among the query's own.
 */
import type { IndexEntry, RelationEntry } from '../catalog/entries.ts';
import type { AggregateFunction, ColumnDefinition, ScalarFunction, WindowFunction } from '../catalog/function-entry.ts';
import type { Expr, MadeAggregate, SortKey, WindowFrame } from './expr.ts';
import type { LockStrength } from './plan.ts';

interface Typed {
  readonly typeOid: number;
  readonly typeModifier: number;
}

/** column is zero-based; system columns are negative (SYSTEM_COLUMNS). */
export interface VarExpr extends Typed {
  readonly kind: 'var';
  readonly rel: number;
  readonly column: number;
}
export const SYSTEM_COLUMNS = ['ctid', 'tableoid', 'xmin', 'xmax', 'cmin', 'cmax'] as const;

export interface AggregateRef extends Typed {
  readonly kind: 'aggregateRef';
  /** Id of the query that computes it. */
  readonly query: number;
  readonly function: AggregateFunction;
  readonly args: readonly Expr[];
  readonly directArgs: readonly Expr[];
  readonly distinct: boolean;
  readonly orderBy: readonly SortKey[];
  readonly filter: Expr | null;
  readonly made?: MadeAggregate;
}
/** GROUPING(a, b): indexes into the query's groupBy. */
export interface GroupingRef extends Typed {
  readonly kind: 'groupingRef';
  readonly query: number;
  readonly keys: readonly number[];
}
/** With grouping sets: key i of the query as the aggregate node gives it (null where it is not in the set). */
export interface WindowRef extends Typed {
  readonly kind: 'windowRef';
  readonly query: number;
  readonly function: WindowFunction | AggregateFunction;
  readonly args: readonly Expr[];
  readonly filter: Expr | null;
  /** Index into Query.windows. */
  readonly window: number;
  readonly made?: MadeAggregate;
}
/** As SubplanExpr; in `test` the subquery's columns are ColumnExprs of input 2. */
export interface SublinkExpr extends Typed {
  readonly kind: 'sublink';
  readonly mode: 'exists' | 'scalar' | 'array' | 'row' | 'any' | 'all';
  readonly query: Query;
  readonly test: Expr | null;
}

export type LogicalExpr = Expr | VarExpr | AggregateRef | GroupingRef | WindowRef | SublinkExpr;

/** The same expression, typed so that the logical kinds can be told apart. */
export function logical(expr: Expr): LogicalExpr {
  return expr as LogicalExpr;
}
export function toExpr(expr: LogicalExpr): Expr {
  return expr as Expr;
}

export interface RelationColumn {
  readonly name: string;
  readonly typeOid: number;
  readonly typeModifier: number;
  readonly tableOid: number;
  readonly columnNumber: number;
  /** A dropped column of a table: keeps its place, has no name. */
  readonly dropped?: boolean;
  /** Where it is not the (base) type's own; -1: undecided (bind/collation.ts). */
  readonly collation?: number;
}

interface RelationBase {
  readonly rel: number;
  readonly alias: string;
  /** For a table without an alias of its own EXPLAIN does not repeat the name. */
  readonly columns: readonly RelationColumn[];
}
/** TABLESAMPLE: a condition over the row's ctid, and the share of rows that it lets through as far as it is known. */
export interface TableSample {
  readonly filter: Expr;
  readonly share: number;
}
export interface TableRelation extends RelationBase {
  readonly kind: 'table';
  readonly table: RelationEntry;
  readonly sample?: TableSample;
  /** Which of its rows are there: those that have not expired. Absent: all. */
  readonly expiry?: Expr;
  /** Which of them the user may see. Nothing that could tell of a row is asked before (paths/secured-conditions.ts). Absent: all. */
  readonly security?: readonly Expr[];
}
export interface VirtualRelation extends RelationBase {
  readonly kind: 'virtual';
  readonly tableName: string;
  readonly tableOid: number;
}
export interface SubqueryRelation extends RelationBase {
  readonly kind: 'subquery';
  readonly query: Query;
  readonly lateral: boolean;
  /** The view that it stands for. */
  readonly view: RelationEntry | null;
}
export interface FunctionRelation extends RelationBase {
  readonly kind: 'function';
  readonly functions: readonly {
    readonly function: ScalarFunction;
    readonly args: readonly Expr[];
    readonly columnTypes: readonly number[];
    /** Type of a row: the function's result, RECORD with a column definition list. */
    readonly rowType: number;
    /** A row value whose fields become the columns. */
    readonly isComposite: boolean;
    /** From a column definition list. */
    readonly columnDefinitions?: readonly ColumnDefinition[];
  }[];
  readonly withOrdinality: boolean;
}
export interface ValuesRelation extends RelationBase {
  readonly kind: 'values';
  readonly rows: readonly (readonly Expr[])[];
}
export interface CteRelation extends RelationBase {
  readonly kind: 'cte';
  readonly cte: number;
  readonly name: string;
}
export interface WorkTableRelation extends RelationBase {
  readonly kind: 'workTable';
  readonly cte: number;
}
/** The rows of a query's set operation; only its targets and ORDER BY refer to it. */
export interface SetRelation extends RelationBase {
  readonly kind: 'setOperation';
}
export type Relation =
  | TableRelation
  | VirtualRelation
  | SubqueryRelation
  | FunctionRelation
  | ValuesRelation
  | CteRelation
  | WorkTableRelation
  | SetRelation;

/** semi and anti come from sublinks only; RIGHT joins have been turned round. */
export type LogicalJoinType = 'inner' | 'left' | 'full' | 'semi' | 'anti';
export type FromItem =
  | { readonly kind: 'rel'; readonly rel: number }
  /** The product of the items, filtered: what a flattened subquery leaves behind. */
  | { readonly kind: 'group'; readonly items: readonly FromItem[]; readonly where: Expr | null }
  | {
      readonly kind: 'join';
      readonly type: LogicalJoinType;
      readonly left: FromItem;
      readonly right: FromItem;
      readonly on: Expr | null;
    };

export interface Target {
  readonly expr: Expr;
  readonly name: string;
  readonly tableOid: number;
  readonly columnNumber: number;
  /** As RelationColumn's. */
  readonly collation?: number;
}

export interface WindowDefinition {
  readonly partitionBy: readonly Expr[];
  readonly orderBy: readonly SortKey[];
  readonly frame: WindowFrame;
}

export interface SetOperation {
  readonly operation: 'union' | 'intersect' | 'except';
  readonly all: boolean;
  readonly left: Query;
  readonly right: Query;
  /** The SetRelation that stands for the result's columns. */
  readonly rel: number;
}

export interface CteDefinition {
  readonly id: number;
  readonly name: string;
  readonly query: Query | null;
  /** WITH RECURSIVE: query is null. */
  readonly recursive: { readonly start: Query; readonly step: Query; readonly distinct: boolean } | null;
  readonly modify: ModifyQuery | null;
  readonly columns: readonly RelationColumn[];
}

export interface LockClause {
  /** A table of this query, or a subquery whose tables have locks of their own. */
  readonly rel: number;
  readonly strength: LockStrength;
  readonly wait: 'block' | 'nowait' | 'skip locked';
  /** From a query around this one: it locks no more rows than that one answers, so both may be merged. */
  readonly isPushedDown: boolean;
}

export interface Query {
  readonly id: number;
  readonly relations: ReadonlyMap<number, Relation>;
  readonly from: readonly FromItem[];
  readonly where: Expr | null;
  readonly targets: readonly Target[];
  readonly groupBy: readonly Expr[];
  readonly groupingSets: readonly (readonly number[])[] | null;
  readonly having: Expr | null;
  readonly hasAggregates: boolean;
  readonly hasWindows: boolean;
  readonly hasSets: boolean;
  readonly windows: readonly WindowDefinition[];
  readonly distinct: boolean;
  readonly distinctOn: readonly Expr[] | null;
  readonly orderBy: readonly SortKey[];
  readonly limit: Expr | null;
  readonly offset: Expr | null;
  readonly withTies: boolean;
  readonly locks: readonly LockClause[];
  readonly setOperation: SetOperation | null;
  readonly ctes: readonly CteDefinition[];
}

export interface LogicalAssignment {
  readonly columnIndex: number;
  readonly value: Expr;
}

/** What a new row must fulfil: a CHECK of the table, what a view WITH CHECK OPTION shows, a policy of its row-level security. Over `target`. */
export interface RowCheck {
  /** Of permissive policies, of which one is enough: ''. */
  readonly name: string;
  readonly kind: 'check' | 'view' | 'policy';
  /** What is done to rows that it is for; absent: anything that writes them. */
  readonly event?: 'insert' | 'update' | 'delete';
  readonly expr: Expr;
}

/** One WHEN of MERGE. Conditions and assignments are over target and source, `values` (one a column) over the source alone. */
export interface LogicalMergeClause {
  readonly matched: boolean;
  readonly condition: Expr | null;
  readonly action: 'insert' | 'update' | 'delete' | 'nothing';
  readonly assignments: readonly LogicalAssignment[];
  readonly values: readonly Expr[];
}

/** INSERT, UPDATE, DELETE, MERGE. Expressions over `target` (new or current row), `excluded` and the source's relations as vars. */
export interface ModifyQuery {
  readonly command: 'insert' | 'update' | 'delete' | 'merge';
  readonly table: RelationEntry;
  readonly target: number;
  /**
   * insert: the rows to insert (targets are the source columns). update, delete: from and where over `target` and the others;
   * its targets are empty. merge: the join of source and target.
   */
  readonly source: Query;
  /** insert: relation number under which `values` refer to the source's columns. */
  readonly sourceRel: number;
  readonly values: readonly Expr[];
  readonly assignments: readonly LogicalAssignment[];
  readonly generated: readonly LogicalAssignment[];
  readonly checks: readonly RowCheck[];
  readonly onConflict: {
    readonly action: 'nothing' | 'update';
    readonly arbiters: readonly IndexEntry[];
    readonly assignments: readonly LogicalAssignment[];
    readonly where: Expr | null;
    /** What views (before `where`) and policies (after it) show of the row that is there: it must be seen by them, if it is to be changed. */
    readonly visible: readonly RowCheck[];
    readonly excluded: number;
  } | null;
  readonly merge: {
    readonly on: Expr;
    readonly clauses: readonly LogicalMergeClause[];
    /** What policies ask of a row that is to be changed, by event. */
    readonly guards: readonly RowCheck[];
  } | null;
  readonly returning: readonly Target[] | null;
  readonly ctes: readonly CteDefinition[];
}

/** The conjuncts of a condition. */
export function conjuncts(expr: Expr | null, into: Expr[] = []): Expr[] {
  if (expr === null) return into;
  if (expr.kind === 'and') for (const arg of expr.args) conjuncts(arg, into);
  else into.push(expr);
  return into;
}

const BOOL = 16;

export function makeAnd(list: readonly Expr[]): Expr | null {
  if (list.length === 0) return null;
  if (list.length === 1) return list[0];
  return { kind: 'and', args: list, typeOid: BOOL, typeModifier: -1 };
}

export function makeOr(list: readonly Expr[]): Expr {
  return list.length === 1 ? list[0] : { kind: 'or', args: list, typeOid: BOOL, typeModifier: -1 };
}

export function makeVar(rel: number, column: number, typeOid: number, typeModifier: number): Expr {
  return toExpr({ kind: 'var', rel, column, typeOid, typeModifier });
}

export function makeConst(value: unknown, typeOid: number, typeModifier = -1): Expr {
  return { kind: 'const', value, literalIndex: -1, typeOid, typeModifier };
}

/** A WHEN ... THEN ... of CASE. */
export function caseBranch(when: Expr, result: Expr): { readonly when: Expr; readonly then: Expr } {
  // biome-ignore lint/suspicious/noThenProperty: the contract's name; nobody awaits an expression
  return { when, then: result };
}

export const TRUE_CONST: Expr = makeConst(true, BOOL);
export const FALSE_CONST: Expr = makeConst(false, BOOL);

/** Whether the expression is the constant true / false / null, and not a lifted literal. */
export function isFixedConst(expr: Expr | null, value: unknown): boolean {
  return expr !== null && expr.kind === 'const' && expr.literalIndex < 0 && expr.value === value;
}

const EMPTY_QUERY: Query = {
  id: -1,
  relations: new Map(),
  from: [],
  targets: [],
  where: null,
  groupBy: [],
  groupingSets: null,
  having: null,
  hasAggregates: false,
  hasWindows: false,
  hasSets: false,
  windows: [],
  distinct: false,
  distinctOn: null,
  orderBy: [],
  limit: null,
  offset: null,
  withTies: false,
  locks: [],
  setOperation: null,
  ctes: [],
};

/**
 * A query of these parts; the others are empty. All queries have all keys, so that one made out of another by a spread is a copy of a known
 * shape: keys that are added to a spread take V8 a microsecond each.
 */
export function makeQuery(parts: Pick<Query, 'id' | 'relations' | 'from' | 'targets'> & Partial<Query>): Query {
  return { ...EMPTY_QUERY, ...parts };
}
