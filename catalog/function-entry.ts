/**
 * Functions, operators, casts and aggregates as the planner finds them and the executor calls them. Implementations are
 * plain functions over the values of docs/architecture.md. All built-in ones are registered by catalog/functions/.
 */
import type { FormatSettings, Interval } from '../types/index.ts';
import type { CastDefinition, OperatorDefinition, RoutineEntry } from './entries.ts';
import type { LargeObjectSession } from './large-objects.ts';
import type { ExpiringType } from './row-expiry.ts';
import type { SystemInformation } from './system-information.ts';

/** Any SQL value as an expression holds it; null is SQL NULL. */
// biome-ignore lint/suspicious/noExplicitAny: values are dynamic by nature; compiled code relies on static SQL types
export type Value = any;

/** A call of a user-made function that was not inlined: what its body is bound for. One object a place in a plan. */
export interface RoutineCall {
  readonly routine: RoutineEntry;
  /** Of the arguments that go in; polymorphic ones are resolved. */
  readonly argumentTypes: readonly number[];
  readonly returnType: number;
  /** Of a row that it answers; null: a plain value. */
  readonly columns: readonly ColumnDefinition[] | null;
}

/** Runs user-made functions. Both throw to wait, and go on where they were when the same call comes again. */
export interface RoutineRunner {
  value(call: RoutineCall, args: readonly Value[]): Value;
  rows(call: RoutineCall, args: readonly Value[]): readonly Value[];
  /** The rows of a query's text, which must have columns of these types: else `mismatch`. Names are those that the session sees. */
  query(text: string, columnTypes: readonly number[], mismatch: () => Error): readonly (readonly Value[])[];
  /**
   * The rows of a statement of the system's own, run with the system's rights over its parameters; names in it are qualified. It sees what
   * there is now, or what the statement around it sees.
   */
  statement(
    text: string,
    types: readonly number[],
    args: readonly Value[],
    sees?: 'now' | 'statement',
  ): readonly (readonly Value[])[];
  /** What is done once, however often what is around it is computed again. `key`: what it is, one object a place. */
  once<T>(key: object, action: () => T): T;
  /** The rows of a query's text, whatever its columns are. 22000 where it is none that has rows. */
  queryRows(text: string): QueryRows;
  /** The columns that such a query has. 42P11 where it has none. */
  queryColumns(text: string): readonly ColumnDefinition[];
  /** The next rows of an open cursor; `count` as FETCH has it. */
  cursorRows(name: string, count: number): QueryRows;
  cursorColumns(name: string): readonly ColumnDefinition[];
}

export interface QueryRows {
  readonly columns: readonly ColumnDefinition[];
  readonly rows: readonly (readonly Value[])[];
}

/** What has been computed since the start of a row (or batch) of an expression, should it have to be computed again. */
export interface Evaluation {
  /** Sleeps met this time, and over. */
  seen: number;
  done: number;
  /** Correlated subqueries around it. */
  depth: number;
  /** Calls of user-made functions that were begun, in their order, and how many of them were met this time (executor/routines/). */
  readonly calls: unknown[];
  called: number;
}

/**
 * What functions that depend on the session may ask (functions with `needsContext` take it as first argument). The
 * executor implements it; one object per session, its fields current for the running statement.
 */
export interface FunctionContext {
  /** What is being computed: of an expression that throws to wait and is computed again later, the sleeps that are over. */
  evaluation: Evaluation;
  readonly format: FormatSettings;
  /** Start of the transaction / statement / now, in microseconds since 2000-01-01 UTC. */
  readonly transactionTimestamp: number;
  readonly statementTimestamp: number;
  clockTimestamp(): number;
  /** Rows whose ttl column says this, or less, have expired for the running statement. */
  expiryCutoff(typeOid: ExpiringType, ttl: Interval): number | bigint;
  /** [0, 1); seeded by setseed(). */
  random(): number;
  setSeed(seed: number): void;
  randomBytes(count: number): Uint8Array;
  readonly currentUser: string;
  readonly sessionUser: string;
  readonly currentDatabase: string;
  readonly processId: number;
  searchPath(includeImplicit: boolean): readonly string[];
  getSetting(name: string, missingOk: boolean): string | null;
  setSetting(name: string, value: string, isLocal: boolean): string;
  /** Sequences: by oid of the sequence; errors are PostgreSQL's (55000, 2200H). */
  nextval(sequenceOid: number, isChecked?: boolean): number | bigint;
  currval(sequenceOid: number): number | bigint;
  setval(sequenceOid: number, value: number | bigint, isCalled: boolean): number | bigint;
  lastval(): number | bigint;
  /** Cancels or ends another session; false when there is none. */
  signalSession(processId: number, terminate: boolean): boolean;
  /** Current transaction's id (xid as number), or null when none was taken and `assign` is false. */
  currentXid(assign: boolean): number | null;
  /** What the running statement's snapshot sees, as pg_snapshot has it. */
  currentSnapshot?(): string;
  /** Hands the running statement's snapshot to other sessions, under the name that it answers. */
  exportSnapshot?(): string;
  /** Of a transaction's id; null: it is too long ago to know. */
  xactStatus?(xid: number | bigint): 'in progress' | 'committed' | 'aborted' | 'future' | null;
  /** The catalog as this transaction sees it (catalog/catalog.ts's Catalog); for regclass, pg_get_*def and the like. */
  readonly catalog: unknown;
  /** A view's query as PostgreSQL prints it; lists are broken at wrapColumn. Absent where no statement of a session runs. */
  viewDefinition?(oid: number, isPretty: boolean, wrapColumn: number): string;
  /** A policy's condition as PostgreSQL prints it. Absent where no statement of a session runs. */
  policyCondition?(oid: number, part: 'using' | 'check'): string;
  /** Whether the user sees no more of a table than its policies let him. */
  isRowSecurityActive?(oid: number): boolean;
  /** A function's body, RETURN or BEGIN ATOMIC, as PostgreSQL prints it. Absent where no statement of a session runs. */
  routineBody?(text: string): string;
  /** Throws 23502 or 23514 where a value of a domain's base type is none of the domain; other types take every value. */
  checkDomain?(typeOid: number, value: Value): void;
  /** Which of a view's columns can be changed through it; null: it is no view that rows can be changed through. */
  updatableViewColumns?(oid: number): readonly boolean[] | null;
  /** Storage facts for pg_relation_size and friends; bytes, or null when there is no such relation. */
  relationSize(relationOid: number): number | null;
  /** The same of what a table keeps beside its rows: its long values. */
  overflowSize(relationOid: number): number;
  /** pg_advisory_*: true when granted; throws a pending marker when it must wait. */
  advisoryLock(
    key: number | bigint,
    key2: number | null,
    shared: boolean,
    transactionScoped: boolean,
    wait: boolean,
  ): boolean;
  advisoryUnlock(key: number | bigint, key2: number | null, shared: boolean): boolean;
  advisoryUnlockAll(): void;
  /** WHERE CURRENT OF: ctid of the table's row on which the cursor stands, null: there is none. Errors are PostgreSQL's (34000, 24000). */
  currentOf?(cursor: string, tableOid: number): number | null;
  /** NOTIFY at the end of the transaction. */
  notify(channel: string, payload: string): void;
  listeningChannels(): string[];
  notice(severity: 'NOTICE' | 'WARNING', code: string, message: string, detail?: string): void;
  /** The server around the database: what catalog views ask for. Absent where no statement of a session runs. */
  readonly system?: SystemInformation;
  /** User-made functions. Absent where no statement of a session runs. */
  readonly routines?: RoutineRunner;
  /** Open large objects. Absent where no statement of a session runs. */
  readonly largeObjects?: LargeObjectSession;
  /** pg_sleep: throws the executor's pending marker until the time has come. */
  sleep(seconds: number): void;
  /** hotrow_reset: at the end of the statement's transaction. */
  resetFork(): void;
  /** hotrow_diff: operation, key, row before and after of what changed between two times; throws a pending marker until it is known. */
  tableChanges?(tableOid: number, since: number, until: number | null): Value[][];
  /** hotrow_rewind: rows that were changed; throws a pending marker until they are. */
  rewindTable?(tableOid: number, to: number): number;
  /** pg_prewarm, arguments as given: blocks that are in memory now; throws a pending marker until they are. */
  prewarm(
    relationOid: number | null,
    mode: string | null,
    fork: string | null,
    first: number | bigint | null,
    last: number | bigint | null,
  ): number;
}

export type Volatility = 'immutable' | 'stable' | 'volatile';

/** name type, of a function's column definition list. */
export interface ColumnDefinition {
  readonly name: string;
  readonly typeOid: number;
  readonly typeModifier: number;
}

export interface ScalarFunction {
  readonly kind: 'scalar';
  readonly oid: number;
  /** Internal (prosrc) name: unique, such as int4pl, date_trunc_timestamp; the executor keys its inline code templates on it. */
  readonly internalName: string;
  readonly name: string;
  readonly argumentTypes: readonly number[];
  readonly argumentNames?: readonly string[];
  /** Number of trailing arguments that may be left out, with the values they then take. */
  readonly defaults?: readonly Value[];
  /** The last argument type is an array that collects the rest; 'any' variadics give oid ANY. */
  readonly variadic: boolean;
  readonly returnType: number;
  /** Set-returning: implementation answers an iterable of values (or of arrays of column values, see outColumns). */
  readonly returnsSet: boolean;
  /** Rows that a set is supposed to have where nothing better is known (pg_proc.prorows); absent: 1000. */
  readonly setRows?: number;
  /** For functions with several OUT columns: their names and types. */
  readonly outColumns?: readonly { readonly name: string; readonly typeOid: number }[];
  /** NULL in, NULL out, without a call. */
  readonly strict: boolean;
  readonly volatility: Volatility;
  /** The context comes first in the implementation's arguments. */
  readonly needsContext: boolean;
  /**
   * The implementation is `(argTypes: readonly number[], returnType: number, columns?: readonly ColumnDefinition[]) => function`,
   * called once when the call is compiled: polymorphic functions, and those of a column definition list.
   */
  readonly specialise: boolean;
  // biome-ignore lint/suspicious/noExplicitAny: see Value
  readonly implementation: (...args: any[]) => Value;
  /** User-made: its definition. `defaults` are then texts of expressions. */
  readonly routine?: RoutineEntry;
  /** Built in, and runs a query that it is given: called as a user-made one is. */
  readonly runsQuery?: true;
}

/**
 * An aggregate (or ordered-set aggregate: direct arguments then come as arguments of final). State is any value; step
 * returns the new state. Strict aggregates skip rows in which an argument is null.
 */
export interface AggregateFunction {
  readonly kind: 'aggregate';
  readonly oid: number;
  /** Unique, such as sum_int4; the executor keys inline accumulators on it. */
  readonly internalName: string;
  readonly name: string;
  readonly argumentTypes: readonly number[];
  readonly variadic: boolean;
  readonly returnType: number;
  readonly strict: boolean;
  readonly orderedSet: boolean;
  /**
   * rank(x) WITHIN GROUP (ORDER BY y) and its kind: where the row of direct arguments would stand. step then gets, for each row
   * in order, how it compares with that row (-1, 0, 1), and whether it begins a new group of peers.
   */
  readonly hypothetical: boolean;
  /** Aggregates that do not depend on input order: DISTINCT/ORDER BY inside may be dropped (min, max). */
  readonly orderInsensitive: boolean;
  /** User-made: its definition. `isBuiltin`: it is run as a built-in one is, by create(); else its call says how (MadeAggregate). */
  readonly routine?: RoutineEntry;
  readonly isBuiltin?: boolean;
  /** Called once when compiled, with the actual argument types and the result type (polymorphic ones need them). */
  create(argTypes: readonly number[], returnType: number): AggregateImplementation;
}

export interface AggregateImplementation {
  initial(context: FunctionContext): Value;
  // biome-ignore lint/suspicious/noExplicitAny: see Value
  step(state: any, ...args: any[]): Value;
  // biome-ignore lint/suspicious/noExplicitAny: see Value
  final(state: any, ...directArgs: any[]): Value;
  /**
   * Removes a row's effect, for moving window frames; absent, or where it answers undefined: the frame is computed again. Never asked for
   * the last row of a state.
   */
  // biome-ignore lint/suspicious/noExplicitAny: see Value
  inverse?(state: any, ...args: any[]): Value;
}

/** Pure window functions (row_number, lag ...); aggregates are used over windows as they are. */
export interface WindowFunction {
  readonly kind: 'window';
  readonly oid: number;
  readonly internalName: string;
  readonly name: string;
  readonly argumentTypes: readonly number[];
  readonly variadic: boolean;
  readonly returnType: number;
  /** Answers the value for the current row. */
  create(argTypes: readonly number[], returnType: number): (window: WindowAccess) => Value;
}

/** What a window function sees of its partition: rows are positions 0..partitionSize-1. */
export interface WindowAccess {
  readonly partitionSize: number;
  readonly currentRow: number;
  /** First and one past the last row of the frame of the current row. */
  readonly frameStart: number;
  readonly frameEnd: number;
  /** First row and one past the last row of the current row's peer group. */
  readonly peerStart: number;
  readonly peerEnd: number;
  /** Number of the peer group of the current row, from 0. */
  readonly peerGroup: number;
  /** Argument `index` evaluated for a row of the partition. */
  argument(index: number, row: number): Value;
  /** Rows excluded from the frame (EXCLUDE clause). */
  isExcluded(row: number): boolean;
  /** Scratch kept for the partition; starts undefined. */
  state: Value;
}

export type FunctionEntry = ScalarFunction | AggregateFunction | WindowFunction;

export interface OperatorEntry {
  readonly oid: number;
  readonly name: string;
  /** 0 for a prefix operator. */
  readonly leftType: number;
  readonly rightType: number;
  readonly resultType: number;
  readonly function: ScalarFunction;
  /** Names of operators on the same types (swapped for the commutator); '' if none. */
  readonly commutator: string;
  readonly negator: string;
  /** Btree meaning: 1 <, 2 <=, 3 =, 4 >=, 5 >; 0 none. Hash joins and hash aggregates use strategy 3. */
  readonly btreeStrategy: 0 | 1 | 2 | 3 | 4 | 5;
  /** User-made: its definition. */
  readonly definition?: OperatorDefinition;
}

export interface CastEntry {
  readonly sourceType: number;
  readonly targetType: number;
  readonly context: 'implicit' | 'assignment' | 'explicit';
  /** null: same bytes, no work (binary coercible). The function takes (value) or (value, typmod, isExplicit). */
  readonly function: ScalarFunction | null;
  /** User-made: its definition. */
  readonly definition?: CastDefinition;
}
