/**
 * What a planning run is given. Everything comes in here: the planner has no clock, no I/O and no state of its own.
 */

import type { Catalog } from '../catalog/catalog.ts';
import type { FunctionContext, Value } from '../catalog/function-entry.ts';
import type { ExpiryMode } from '../catalog/row-expiry.ts';
import type { RowSecuritySource } from '../catalog/row-security.ts';
import type { StatisticsSource } from '../catalog/statistics.ts';
import type { Expression, FromCall, Statement } from '../parser/ast.ts';
import type { RoutineResult } from './bind/routine-result.ts';
import type { StatementValues } from './cost/known-values.ts';
import type { Expr } from './expr.ts';

/** The enable_* settings and what else of the session steers plans. Absent: on / PostgreSQL's default. */
export interface PlannerSettings {
  readonly enableSeqScan?: boolean;
  readonly enableIndexScan?: boolean;
  readonly enableIndexOnlyScan?: boolean;
  /** Posting scans (PostgreSQL's enable_bitmapscan). */
  readonly enableBitmapScan?: boolean;
  readonly enableHashJoin?: boolean;
  readonly enableNestedLoop?: boolean;
  readonly enableHashAggregate?: boolean;
  readonly enableSort?: boolean;
  readonly enableIncrementalSort?: boolean;
  /** work_mem in bytes; sorts and hashes beyond it are costed as spilling. */
  readonly workMemBytes?: number;
  /** work_mem * hash_mem_multiplier, for hash tables. */
  readonly hashMemoryBytes?: number;
  /** Output settings that text conversions at bind time depend on (DateStyle, TimeZone ...): types' FormatSettings. */
  readonly format?: unknown;
}

export interface BindRecorder {
  expression?(node: Expression, expr: Expr): void;
  /** A call's or an IN list's parts, converted to the types that are asked of them; in the order in which they are written. */
  parts?(node: Expression, parts: readonly Expr[]): void;
  /** The columns of the whole query, before anything is simplified. */
  columns?(exprs: readonly Expr[]): void;
}

export interface RowFields {
  readonly typeOid: number;
  readonly isItem: boolean;
  readonly names: readonly string[];
  /** Their places in the type. */
  readonly indexes: readonly number[];
}

/** Functions of an item of FROM, with the rows that they give, and the names of all columns of the item. */
export interface FunctionColumns {
  readonly names: readonly string[];
  readonly functions: readonly FromCall[];
}

/** A statement of a function's body that is planned by itself. */
export interface RoutineBody {
  readonly name: string;
  /** '' for those without. */
  readonly parameterNames: readonly string[];
  readonly parameterTypes: readonly number[];
  /** Of the last statement: what the function returns; null: of another one. */
  readonly result: RoutineResult | null;
  /** Errors say where they are in the statement's text, which is (or has in it) the body. */
  readonly hasPositions?: boolean;
}

export interface PlannerEnvironment {
  readonly catalog: Catalog;
  /** Schema names in order, pg_catalog and the temporary schema included where the session puts them. */
  readonly searchPath: readonly string[];
  /** Declared parameter types, 0 = to be inferred. Inferred ones are in PlannedStatement.parameterTypes. */
  readonly parameterTypes: readonly number[];
  /** Set: `$n` beyond parameterTypes is an error (42P02), as for EXECUTE bodies; absent: parameters grow as they are met. */
  readonly fixedParameters?: boolean;
  /** The statement's text, so that error positions count characters; absent: they count UTF-16 units. */
  readonly text?: string;
  /** The parser, for stored text: view queries, and expressions of defaults, checks and indexes. */
  readonly parse: {
    statement(text: string): Statement;
    statements(text: string): readonly Statement[];
    expression(text: string): Expression;
  };
  readonly settings: PlannerSettings;
  readonly statistics: StatisticsSource;
  /** A cursor's query: its rows carry the ctids of what they come from (row-identity.ts). */
  readonly rowIdentities?: boolean;
  /** What the statement is about to run with, for estimates; absent: the literals of its text, and no parameters. */
  readonly values?: StatementValues;
  /** The session, as stable functions see it, for estimates: what now() is at the time of planning. Absent: such values are not known. */
  readonly functions?: FunctionContext;
  /** Throws 42501 where a name's schema is not for the user to look into; absent: all are. */
  checkSchema?(name: string): void;
  /** Calls of simple user-made functions become what their bodies compute; absent: they stay calls, as definitions keep them. */
  readonly inlinesRoutines?: boolean;
  /** Rows of tables that expire: absent, those that have not expired. */
  readonly expiry?: ExpiryMode;
  /** By whose row-level security tables are read and written; absent: by nobody's, all rows are there. */
  readonly rowSecurity?: RowSecuritySource;
  /** The query is to be kept, or what it answers: it has no AS OF SYSTEM TIME. */
  readonly refusesAsOf?: boolean;
  /** The statement is one of a function's body. */
  readonly routine?: RoutineBody;
  /** Told which user-made function a call in the AST means. */
  noteRoutine?(node: object, routineOid: number): void;
  /** Told which user-made operator stands in a node of the AST; null: in no node of its own. */
  noteOperator?(node: object | null, operatorOid: number, name: string): void;
  /** Told that a user-made cast is used, and which function is behind it (0: none). */
  noteCast?(castOid: number, functionOid: number): void;
  /** Told of a join whose columns of these names are the right side's. */
  noteMerged?(node: object, names: readonly string[]): void;
  /** Told of a relation that a literal of type regclass names. */
  noteRelation?(oid: number): void;
  /** Told of a primary key that lets columns stand beside GROUP BY. */
  noteConstraint?(oid: number): void;
  /** Told what (row).field means, and (row).*: fields of a composite type (0: of none), or columns of an item of FROM (`isItem`). */
  noteFields?(node: object, fields: RowFields): void;
  /** Told which columns functions in FROM have. */
  noteColumns?(node: object, columns: FunctionColumns): void;
  /** Whether the index has all versions that the transaction's snapshot sees; absent: they all do. */
  isIndexReadable?(indexOid: number): boolean;
  /** Told what became of each expression of the text, before anything is simplified: for those who print it as it was understood. */
  readonly recorder?: BindRecorder;
  /** What checks a value against a domain's constraints (and answers it), null when it has none; absent: nothing is checked. */
  domainCheck?(domainOid: number): ((functions: FunctionContext, value: Value) => Value) | null;
  /** The same for a value of any type that was read from a text: domains inside it are checked, too. */
  inputCheck?(typeOid: number): ((functions: FunctionContext, value: Value) => Value) | null;
}
