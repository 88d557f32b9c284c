/**
 * Physical plans: immutable trees that many sessions may run at once. State lives in the executor's operators.
 * Every node answers rows whose columns are `output`; where a node has `targets`, output[i] describes targets[i].
 */
import type { ConstraintEntry, IndexEntry, RelationEntry, SequenceEntry } from '../catalog/entries.ts';
import type { ColumnDefinition, ScalarFunction } from '../catalog/function-entry.ts';
import type { ValueProbes } from './cost/value-probes.ts';
import type { EarlyConstants } from './early-constants.ts';
import type { AggregateCall, Expr, SortKey, WindowCall, WindowFrame } from './expr.ts';
import type { StatementRights } from './rights.ts';
import type { RowIdentity } from './row-identity.ts';

export interface OutputColumn {
  readonly name: string;
  readonly typeOid: number;
  readonly typeModifier: number;
  /** For RowDescription: the table column it is a plain copy of, else 0. */
  readonly tableOid: number;
  readonly columnNumber: number;
  /** Where it is not the (base) type's own; -1: undecided. */
  readonly collation?: number;
}

interface Node {
  readonly output: readonly OutputColumn[];
  /** Estimates: rows out, width in bytes, and cost in PostgreSQL's units (a sequential page read is 1). */
  readonly rows: number;
  readonly width: number;
  readonly startupCost: number;
  readonly totalCost: number;
}

/** Over a table: filter and targets see the table's columns as input 0, index = column number - 1. */
export interface SeqScanPlan extends Node {
  readonly kind: 'seqScan';
  readonly table: RelationEntry;
  readonly alias: string;
  readonly filter: Expr | null;
  readonly targets: readonly Expr[];
}

/** Bounds are over params and constants only (no columns). A null value matches nothing. */
export interface IndexBound {
  readonly value: Expr;
  readonly inclusive: boolean;
}

/**
 * Ordered index scan: equality on the first key columns, then at most one range on the next. `inList` (at most one, on the
 * key column after the equalities, instead of a range) probes each value. The executor rechecks the index condition against
 * the visible version (`recheck`, over table columns); `filter` is the rest of the condition.
 */
export interface IndexScanPlan extends Node {
  readonly kind: 'indexScan';
  readonly table: RelationEntry;
  readonly index: IndexEntry;
  readonly alias: string;
  readonly equal: readonly Expr[];
  readonly lower: IndexBound | null;
  readonly upper: IndexBound | null;
  readonly inList: readonly Expr[] | null;
  /** = ANY(array expression) on the next key column: probed like inList. */
  readonly inArray: Expr | null;
  /** IS NULL on the key column after the equalities. */
  readonly isNull: boolean;
  readonly descending: boolean;
  /** What the bounds select is what the conditions say: an entry under a row's own key needs no recheck. */
  readonly isExact: boolean;
  /** Filter and targets need no more than the key, which keeps its values: rows of all-visible pages are not fetched. */
  readonly indexOnly: boolean;
  readonly recheck: Expr | null;
  readonly filter: Expr | null;
  readonly targets: readonly Expr[];
}

/** One posting list of a PostingScan: equality (or range) on one index, as in IndexScanPlan. */
export interface PostingTerm {
  readonly index: IndexEntry;
  readonly equal: readonly Expr[];
  readonly lower: IndexBound | null;
  readonly upper: IndexBound | null;
}
/** Conditions on columns of an inverted index, all of which must hold: terms are extracted from the values at execution. */
export interface InvertedSearch {
  readonly index: IndexEntry;
  readonly conditions: readonly {
    /** Key column, from 0. */
    readonly column: number;
    /** Of the column's operator class (catalog/inverted-classes.ts). */
    readonly strategy: number;
    /** Over params and constants only. */
    readonly value: Expr;
    /** The condition over the table's columns, for EXPLAIN. */
    readonly shown: Expr;
  }[];
}
export type PostingExpr =
  | { readonly kind: 'term'; readonly term: PostingTerm }
  | { readonly kind: 'search'; readonly search: InvertedSearch }
  | { readonly kind: 'and' | 'or'; readonly args: readonly PostingExpr[] };

/** Intersection / union of posting lists of several indexes; rows are fetched in row id order. */
export interface PostingScanPlan extends Node {
  readonly kind: 'postingScan';
  readonly table: RelationEntry;
  readonly alias: string;
  readonly postings: PostingExpr;
  /** As in IndexScanPlan. */
  readonly isExact: boolean;
  readonly recheck: Expr | null;
  readonly filter: Expr | null;
  readonly targets: readonly Expr[];
}

/** WHERE ctid = ... : rows by row id. */
export interface RowIdScanPlan extends Node {
  readonly kind: 'rowIdScan';
  readonly table: RelationEntry;
  readonly alias: string;
  readonly rowIds: readonly Expr[];
  readonly filter: Expr | null;
  readonly targets: readonly Expr[];
}

/** A built-in catalog view (pg_catalog, information_schema): rows made by code in catalog/. */
export interface VirtualScanPlan extends Node {
  readonly kind: 'virtualScan';
  /** The virtual table's name, 'pg_catalog.pg_class'. Filter and targets are over its columns (input 0). */
  readonly tableName: string;
  /** How many it has, about. */
  readonly tableRows: number;
  readonly alias: string;
  /** Names of the input's columns, for EXPLAIN. */
  readonly columnNames?: readonly string[];
  readonly filter: Expr | null;
  readonly targets: readonly Expr[];
}

export interface FunctionScanPlan extends Node {
  readonly kind: 'functionScan';
  readonly alias: string;
  /** ROWS FROM: side by side, the shorter ones padded with nulls. columnCount: columns each function gives. */
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
  /** Names of the input's columns, for EXPLAIN. */
  readonly columnNames?: readonly string[];
  readonly filter: Expr | null;
  readonly targets: readonly Expr[];
}

export interface ValuesPlan extends Node {
  readonly kind: 'values';
  readonly rowsOf: readonly (readonly Expr[])[];
}

/** One row, computed from nothing, if the filter holds (SELECT without FROM). */
export interface ResultPlan extends Node {
  readonly kind: 'result';
  readonly filter: Expr | null;
  readonly targets: readonly Expr[];
}

/** No rows (a contradiction was proved). */
export interface EmptyPlan extends Node {
  readonly kind: 'empty';
}

/** Filter and computed columns over a child (input 0). A target may be a set-returning call: see ProjectSetPlan. */
export interface ProjectPlan extends Node {
  readonly kind: 'project';
  readonly input: Plan;
  /** The alias of a VALUES list below, for EXPLAIN. */
  readonly alias?: string;
  readonly filter: Expr | null;
  readonly targets: readonly Expr[];
  /** Its targets have effects: no row is computed that nobody asks for. */
  readonly isVolatile?: boolean;
}

/** The child's rows, or none where a condition that no row has a say in does not hold: then the child is not begun. */
export interface GatePlan extends Node {
  readonly kind: 'gate';
  readonly input: Plan;
  readonly filter: Expr;
}

/** Targets at whose top level set-returning calls stand: rows multiply, as PostgreSQL 10+ does. */
export interface ProjectSetPlan extends Node {
  readonly kind: 'projectSet';
  readonly input: Plan;
  readonly targets: readonly Expr[];
}

export type JoinType = 'inner' | 'left' | 'right' | 'full' | 'semi' | 'anti';

/** Targets, filter and conditions: outer row is input 0, inner row input 1 (nulls where there is no match). */
interface JoinNode extends Node {
  readonly outer: Plan;
  readonly inner: Plan;
  readonly joinType: JoinType;
  /** ON condition beyond the keys; decides about matching. */
  readonly condition: Expr | null;
  /** WHERE condition after the join. */
  readonly filter: Expr | null;
  readonly targets: readonly Expr[];
}

/** For each outer row: sets params from it, runs the inner plan again. joinType: inner, left, semi, anti only. */
export interface NestedLoopPlan extends JoinNode {
  readonly kind: 'nestedLoop';
  /** execParam index <- expression over the outer row. Without params the inner rows are kept and replayed. */
  readonly params: readonly { readonly index: number; readonly value: Expr }[];
}

/** Builds a hash table of the inner side by innerKeys; probes with outerKeys. */
export interface HashJoinPlan extends JoinNode {
  readonly kind: 'hashJoin';
  readonly outerKeys: readonly Expr[];
  readonly innerKeys: readonly Expr[];
  /** Type whose hashKey serves each pair (both sides have been cast to it). */
  readonly keyTypes: readonly number[];
}

export interface SortPlan extends Node {
  readonly kind: 'sort';
  readonly input: Plan;
  readonly keys: readonly SortKey[];
  /** Top-n: only so many rows are wanted (constant or param expression), else null. */
  readonly limit: Expr | null;
  /** Top-n: so many of the first keys are in order already. Once there are rows enough, those with other values of them are not read. */
  readonly presorted?: number;
}

export interface LimitPlan extends Node {
  readonly kind: 'limit';
  readonly input: Plan;
  readonly count: Expr | null;
  readonly offset: Expr | null;
  /** WITH TIES: peers by these keys of the last row come too. */
  readonly tiesKeys: readonly SortKey[] | null;
}

/**
 * Grouping. groupKeys are over the input; targets and having see input 0 = group key values, then aggregate results, then one
 * int4 grouping-set mask (only when groupingSets is given; bit i set = key i is not in the set).
 */
export interface AggregatePlan extends Node {
  readonly kind: 'aggregate';
  readonly input: Plan;
  /** plain: no keys, one row always. hash. sorted: input comes ordered by the keys. */
  readonly strategy: 'plain' | 'hash' | 'sorted';
  readonly groupKeys: readonly Expr[];
  readonly aggregates: readonly AggregateCall[];
  /** Indexes into groupKeys for each grouping set, or null for the one of all keys. */
  readonly groupingSets: readonly (readonly number[])[] | null;
  readonly having: Expr | null;
  readonly targets: readonly Expr[];
}

/** Input comes sorted by partitionBy, then orderBy. Output: input's columns, then one column a call. */
export interface WindowPlan extends Node {
  readonly kind: 'window';
  readonly input: Plan;
  readonly partitionBy: readonly Expr[];
  readonly orderBy: readonly SortKey[];
  readonly frame: WindowFrame;
  readonly calls: readonly WindowCall[];
}

/** DISTINCT over all columns by hashing. */
export interface DistinctPlan extends Node {
  readonly kind: 'distinct';
  readonly input: Plan;
}

/** DISTINCT ON / DISTINCT over sorted input: the first row of each run of equal keys. */
export interface UniquePlan extends Node {
  readonly kind: 'unique';
  readonly input: Plan;
  readonly keys: readonly Expr[];
}

export interface AppendPlan extends Node {
  readonly kind: 'append';
  readonly inputs: readonly Plan[];
}

export interface SetOperationPlan extends Node {
  readonly kind: 'setOperation';
  readonly operation: 'intersect' | 'except';
  readonly all: boolean;
  readonly left: Plan;
  readonly right: Plan;
}

/**
 * CTEs that are not inlined. The With node owns them for the plan below it; each is computed at most once, as its readers
 * pull (data-modifying ones: to the end, always).
 */
export interface WithPlan extends Node {
  readonly kind: 'with';
  readonly ctes: readonly {
    readonly id: number;
    readonly name: string;
    readonly plan: Plan;
    readonly modifies: boolean;
  }[];
  readonly input: Plan;
}
export interface CteScanPlan extends Node {
  readonly kind: 'cteScan';
  readonly id: number;
  readonly name: string;
  readonly alias: string;
  /** Names of the input's columns, for EXPLAIN. */
  readonly columnNames?: readonly string[];
  readonly filter: Expr | null;
  readonly targets: readonly Expr[];
}
/** WITH RECURSIVE: start UNION [ALL] step; the step reads the working table through workTableScan with the same id. */
export interface RecursiveUnionPlan extends Node {
  readonly kind: 'recursiveUnion';
  readonly id: number;
  readonly start: Plan;
  readonly step: Plan;
  readonly distinct: boolean;
}
export interface WorkTableScanPlan extends Node {
  readonly kind: 'workTableScan';
  readonly id: number;
  readonly alias: string;
  /** Names of the input's columns, for EXPLAIN. */
  readonly columnNames?: readonly string[];
  readonly filter: Expr | null;
  readonly targets: readonly Expr[];
}

export type LockStrength = 'key share' | 'share' | 'no key update' | 'update';

/**
 * SELECT FOR UPDATE/SHARE. The child's output column `rowIdColumn` of each mark is the row id (null on an outer join's null
 * side). After locking, targets and recheck see input k = columns of the k-th mark's table (the version that was locked), and
 * input marks.length = the child's output. recheck is evaluated when a row had changed (READ COMMITTED).
 */
export interface LockRowsPlan extends Node {
  readonly kind: 'lockRows';
  readonly input: Plan;
  readonly marks: readonly {
    readonly table: RelationEntry;
    readonly rowIdColumn: number;
    readonly strength: LockStrength;
    readonly wait: 'block' | 'nowait' | 'skip locked';
  }[];
  readonly recheck: Expr | null;
  readonly targets: readonly Expr[];
}

export interface CheckConstraint {
  /** Of the constraint, the view WITH CHECK OPTION, the restrictive policy ('': permissive ones). */
  readonly name: string;
  readonly kind: 'check' | 'view' | 'policy';
  readonly event?: 'insert' | 'update' | 'delete';
  /** Over the row's table columns (input 0). Fails only when false. */
  readonly expr: Expr;
}

interface ModifyNode extends Node {
  readonly table: RelationEntry;
  /** Output when there is RETURNING: targets; else the node answers no rows. */
  readonly returning: readonly Expr[] | null;
}

export interface OnConflict {
  readonly action: 'nothing' | 'update';
  /** Unique indexes that arbitrate; empty with 'nothing': all. */
  readonly arbiters: readonly IndexEntry[];
  /** input 0 = existing row's columns, input 1 = the row proposed for insertion (excluded). */
  readonly assignments: readonly Assignment[];
  readonly where: Expr | null;
  /** What the existing row (input 0) must fulfil: of views before `where`, of policies after it. */
  readonly visible: readonly CheckConstraint[];
}

/** columnIndex = column number - 1. */
export interface Assignment {
  readonly columnIndex: number;
  readonly value: Expr;
}

/**
 * values[i] gives column i of the table (dropped ones: null constant) over the source row (input 0); defaults, casts to the
 * column's type and typmod are in the expression. generated: computed after, over the new row's columns. returning is over the
 * new row's columns.
 */
export interface InsertPlan extends ModifyNode {
  readonly kind: 'insert';
  readonly source: Plan;
  readonly values: readonly Expr[];
  readonly generated: readonly Assignment[];
  readonly checks: readonly CheckConstraint[];
  readonly onConflict: OnConflict | null;
  /** COPY ... WHERE: rows for which it does not hold are left out. Input 0: the row with its defaults, generated columns null. */
  readonly condition?: Expr;
}

/**
 * The source's column 0 is the target's row id; its other columns are what expressions need of other tables. Assignments and
 * recheck see input 0 = the target row's columns (the version that is updated), input 1 = the source row. recheck is the whole
 * condition, evaluated again when the row had changed meanwhile. returning: input 0 = new row, input 1 = source row.
 * The source may yield a target row more than once: the first wins.
 */
export interface UpdatePlan extends ModifyNode {
  readonly kind: 'update';
  readonly source: Plan;
  readonly assignments: readonly Assignment[];
  readonly generated: readonly Assignment[];
  readonly checks: readonly CheckConstraint[];
  readonly recheck: Expr | null;
}

/** As UpdatePlan; returning: input 0 = the deleted row. */
export interface DeletePlan extends ModifyNode {
  readonly kind: 'delete';
  readonly source: Plan;
  readonly recheck: Expr | null;
}

/**
 * One WHEN of MERGE. Input 0 = the target row's columns (empty where there is no match), input 1 = the source row. `seen` is the
 * condition over input 1 alone: on the target as the snapshot sees it, to choose before anything is locked.
 */
export interface MergeClause {
  readonly matched: boolean;
  readonly seen: Expr | null;
  readonly condition: Expr | null;
  readonly action: 'insert' | 'update' | 'delete' | 'nothing';
  readonly assignments: readonly Assignment[];
  /** insert: one a column of the table. */
  readonly values: readonly Expr[];
}

/** Source, generated and checks as in UpdatePlan; column 0 is null where the source row has no match. */
export interface MergePlan extends ModifyNode {
  readonly kind: 'merge';
  readonly source: Plan;
  readonly clauses: readonly MergeClause[];
  readonly generated: readonly Assignment[];
  readonly checks: readonly CheckConstraint[];
  /** Over a target row (input 0) that is to be updated or deleted. */
  readonly guards: readonly CheckConstraint[];
  /** ON, evaluated again on a row that changed meanwhile. */
  readonly recheck: Expr;
}

/** Rows of the child with column names changed only; keeps views and subqueries visible in EXPLAIN. */
export interface SubqueryScanPlan extends Node {
  readonly kind: 'subqueryScan';
  readonly input: Plan;
  readonly alias: string;
  readonly filter: Expr | null;
  readonly targets: readonly Expr[];
}

export type Plan =
  | SeqScanPlan
  | IndexScanPlan
  | PostingScanPlan
  | RowIdScanPlan
  | VirtualScanPlan
  | FunctionScanPlan
  | ValuesPlan
  | ResultPlan
  | EmptyPlan
  | ProjectPlan
  | GatePlan
  | ProjectSetPlan
  | NestedLoopPlan
  | HashJoinPlan
  | SortPlan
  | LimitPlan
  | AggregatePlan
  | WindowPlan
  | DistinctPlan
  | UniquePlan
  | AppendPlan
  | SetOperationPlan
  | WithPlan
  | CteScanPlan
  | RecursiveUnionPlan
  | WorkTableScanPlan
  | LockRowsPlan
  | InsertPlan
  | UpdatePlan
  | DeletePlan
  | MergePlan
  | SubqueryScanPlan;

/** A planned statement. */
export interface PlannedStatement {
  readonly plan: Plan;
  readonly command: 'select' | 'insert' | 'update' | 'delete' | 'merge' | 'call';
  /** It calls user-made functions: they run statements of their own. */
  readonly callsRoutines?: boolean;
  /** Some of them see what it has done so far. */
  readonly callsVolatile?: boolean;
  /** Some tables' rows expire: the time counts as of which it runs. */
  readonly readsExpiring?: boolean;
  /** Resolved types of $1..$n. */
  readonly parameterTypes: readonly number[];
  /** How many execParam slots an execution needs. */
  readonly execParamCount: number;
  /** Tables read and written, for table locks: oid -> lock. */
  readonly tableLocks: readonly {
    readonly tableOid: number;
    readonly mode: 'access share' | 'row share' | 'row exclusive';
  }[];
  /** Every literal of the text is a ConstExpr with a literalIndex: the plan serves all statements of the same shape. */
  readonly shareable: boolean;
  /** What its estimates take from values of parameters and lifted literals; null: nothing. */
  readonly probes: ValueProbes | null;
  /** True when it writes, locks rows or calls volatile functions with effects (nextval, setval ...). */
  readonly readOnly: boolean;
  /** A function that it calls, by which it writes. */
  readonly writingCall?: string;
  /** Sequences and constraints kept for dependency checks; catalog version the plan was made for. */
  readonly catalogVersion: number;
  /** What the user must be allowed. */
  readonly rights: StatementRights;
  /** Of a cursor: columns of the plan that are the query's own; those behind them say which rows it stands on. */
  readonly ownColumns?: number;
  readonly rowIdentities?: readonly RowIdentity[];
  /** The table of whose rows the query's are, one by one; 0: there is none. */
  readonly scannedTable?: number;
  /** Constants that may fail before it runs; absent: there are none. */
  readonly early?: EarlyConstants;
  /** AS OF SYSTEM TIME: a timestamp with time zone, an interval or a text; absent: it sees the present. */
  readonly asOf?: Expr;
  readonly constraints?: readonly ConstraintEntry[];
  readonly sequences?: readonly SequenceEntry[];
}
