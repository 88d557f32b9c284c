/**
 * What statements that define things need of the session that runs them.
 *
 * A definition may have to wait: for a lock, for pages that are read while a table is checked or rewritten. So executeDdl() is a
 * generator: it yields when it must wait, and the session calls next() again when it was woken. (It is the one place below the driver
 * where a generator is worth it: definitions run rarely, and wait in the middle of nested work.) What may wait is a Task.
 *
 * Nothing is undone here: all changes go through putEntry/removeEntry (the transaction's own view of the catalog, plus
 * storage.putCatalog) and storage's transactional relations, so rollback, to a savepoint too, is the session's and storage's.
 */

import type { Authority } from '../../catalog/authority.ts';
import type { Value } from '../../catalog/function-entry.ts';
import type {
  Catalog,
  CatalogEntry,
  DatabaseEntry,
  IndexEntry,
  RelationEntry,
  RoutineEntry,
  SharedCatalog,
} from '../../catalog/index.ts';
import type { ExpiryMode } from '../../catalog/row-expiry.ts';
import type { Settings } from '../../catalog/settings.ts';
import type { Expression, Query, QueryStatement, SetStatement, StatementNode } from '../../parser/ast.ts';
import type { BindRecorder, Expr, FunctionColumns, OutputColumn, RowFields } from '../../planner/index.ts';
import type { LockMode } from '../../storage/api.ts';
import type { NameLookup } from './lookup.ts';

/** Work that may wait: poll() answers PENDING until it is done; the session's wake() says when to poll again. */
export interface Task<T> {
  poll(): T | typeof TASK_PENDING;
}
export const TASK_PENDING = Symbol('pending');

/** The statement is finished. */
export interface DdlResult {
  readonly tag: string;
}

export type DdlSteps<T> = Generator<void, T, void>;

/** Lets the caller wait until a task is done. */
export function* wait<T>(task: Task<T>): DdlSteps<T> {
  for (;;) {
    const answer = task.poll();
    if (answer !== TASK_PENDING) return answer;
    yield;
  }
}

export type ExpressionUse =
  | 'default'
  | 'check'
  | 'generated'
  | 'index expression'
  | 'index predicate'
  | 'statistics expression'
  | 'alter using';

/** $1..$n of a query. */
export interface Parameters {
  readonly types: readonly number[];
  readonly values: readonly Value[];
}

export interface DdlContext {
  /** The transaction's view: what is committed, and its own changes. Current at each reading. */
  readonly catalog: Catalog;
  readonly shared: SharedCatalog;
  readonly settings: Settings;
  /** Complete search path by name, with pg_catalog and the temporary schema where they come. */
  readonly searchPath: readonly string[];
  /** Puts a schema before all others of the search path; null: takes it away again. */
  lookFirstIn(schema: string | null): void;
  readonly currentRoleOid: number;
  readonly isSuperuser: boolean;
  /** What the current role is. */
  readonly authority: Authority;
  /** Of the server's other databases. */
  otherCatalogs(): Iterable<Catalog>;
  /** Throws 42501 for a schema that the user may not look into. */
  checkSchema(name: string): void;
  /** 25001 unless the statement is alone in its transaction: for what cannot be undone, or commits by itself. */
  checkAlone(what: string): void;
  /** The statement's text, for error positions. */
  readonly text: string;

  /** Adds, or replaces, an entry (of the database or shared) in the transaction's view and in storage. */
  putEntry(entry: CatalogEntry): void;
  removeEntry(entry: CatalogEntry): void;
  allocateOid(): number;
  /** Oid of the session's temporary schema pg_temp_N; makes it (and puts it first in searchPath) when it does not exist yet. */
  temporarySchema(): number;

  /** True when granted; false: wait, then ask again. Throws 55P03, 40P01 and so on. */
  lockRelation(relationOid: number, mode: LockMode): boolean;
  /** Locks any other object or name, for the transaction. */
  lockObject(classOid: number, objectOid: number, mode: LockMode): boolean;

  /** Deferred checks of rows of the table wait for the end of the transaction. */
  hasPendingChecks(tableOid: number): boolean;
  /** A cursor of SQL or of the protocol is not through with it. */
  isReadByCursor(tableOid: number): boolean;

  notice(severity: 'NOTICE' | 'WARNING' | 'INFO', code: string, message: string, detail?: string, hint?: string): void;

  /** A new, empty heap; answers its RelId. Gone again after rollback. */
  createHeap(): number;
  /** Gone at commit. */
  dropHeap(relId: number): void;
  createSequence(oid: number, lastValue: bigint, isCalled: boolean): void;
  dropSequence(oid: number): void;
  /** At once for this transaction, for others at commit. False: another transaction is at it, wait and ask again. */
  restartSequence(oid: number, lastValue: bigint, isCalled: boolean): void;
  sequenceState(oid: number): { readonly lastValue: number | bigint; readonly isCalled: boolean } | null;

  /** planner's bindScalar: checks an expression over a table's columns (or over none); `target` is assigned to. */
  bind(
    expression: Expression,
    table: RelationEntry | null,
    use: ExpressionUse,
    target?: { readonly typeOid: number; readonly typeModifier: number; readonly columnName?: string },
    recorder?: BindRecorder,
  ): Expr;
  /** Binds a policy's condition over a table, in which subqueries may be, for its errors. */
  checkPolicy(expression: Expression, table: RelationEntry): void;
  /** The same with bodies of user-made functions in place of their calls. */
  bindInlined: DdlContext['bind'];
  /** The collation that an expression has: 0 none, -1 its operands disagree. */
  collationOf(expression: Expression, table: RelationEntry | null, use: ExpressionUse): number;
  /** Why rows cannot go through a view with this query; null: they can. */
  viewRefusal(query: Query): string | null;
  /** The columns of a query; the recorder is told what became of its expressions. */
  describeQuery(
    query: Query,
    recorder?: BindRecorder,
    parameters?: Parameters,
  ): {
    readonly columns: readonly OutputColumn[];
    /** Computes its constants, of which one may fail, as each start of it does. */
    readonly checkConstants: () => void;
  };
  parseExpression(text: string): Expression;
  /** The parser's deparse: AST to SQL text. */
  deparse(node: Expression | Query): string;
  /** A bound expression without columns, computed now. */
  evaluate(expr: Expr): Value;

  /** Runs one statement with the rights of the system and answers its rows. Sees this transaction's changes. */
  runInternal(text: string, parameters?: readonly Value[], expiry?: ExpiryMode): Task<readonly (readonly Value[])[]>;
  /** Runs a query (of CREATE TABLE AS, REFRESH) and inserts its rows into the table; answers how many. */
  insertFrom(table: RelationEntry, query: QueryStatement, parameters?: Parameters, asOwner?: boolean): Task<number>;
  /** Fills an index from its table's rows. 23505 `could not create unique index` when keys repeat. */
  buildIndex(index: IndexEntry): Task<void>;
  /**
   * Copies rows from `from`'s heap into `to`'s: values[i] computes column i of `to` over a row of `from` (input 0);
   * null copies it. Fills `to`'s indexes. Checks NOT NULL and CHECK constraints of `to` as PostgreSQL does for ALTER TABLE.
   */
  rewriteTable(from: RelationEntry, to: RelationEntry, values: readonly (Expr | null)[]): Task<void>;
  /** The table has no rows that anybody could see: checks may be left out. May answer false when it would cost time to know. */
  isEmpty(table: RelationEntry): boolean;

  /** A fork that goes with its last connection. */
  forkByName(name: string): DatabaseEntry | undefined;
  /** CREATE DATABASE: the new database has what is committed in the template now, whoever uses that. To be closed when it is done or given up. */
  createDatabase(databaseOid: number, templateOid: number, asOf: Expression | null): Task<void> & { close(): void };
  /** The session's database is one that goes with its last connection: it has no say over others. */
  readonly isPassing: boolean;
  dropDatabase(databaseOid: number): void;
  /** Sessions that are connected to another database; those that come to an end within some seconds are waited for. */
  sessionsLeft(databaseOid: number): Task<number>;
  /** DROP DATABASE ... WITH (FORCE). */
  terminateSessions(databaseOid: number): void;
  /** Discards what ANALYZE found in a table (DROP). */
  forgetStatistics(tableOid: number): void;
  /** Functions and operators by name. */
  readonly lookUp: NameLookup;
  /** The user-made operator of this name that a node means, of an AST that has been bound; 0: a built-in one. */
  operatorOf(node: object, name: string): number;
  /** User-made operators, casts and functions behind them that have been met while binding, since the last call. */
  takeUses(): ReadonlySet<number>;
  /** The user-made function that a call means, of an AST that has been bound; 0: a built-in one. */
  routineOf(node: object): number;
  /** The merged columns of a join, of an AST that has been bound, that are the right side's. */
  mergedFromRight(node: object): readonly string[];
  /** The columns of functions in FROM, of an AST that has been bound; null: of no such. */
  columnsOf(node: object): FunctionColumns | null;
  /** What (row).field and (row).* mean, of an AST that has been bound. */
  fieldsOf(node: object): RowFields | undefined;
  /** Binds a statement of a function's body. `isLast`: it answers what the function returns. `text`: what it stands in. */
  checkRoutineStatement(
    routine: RoutineEntry,
    node: StatementNode,
    isLast: boolean,
    text: string,
    recorder?: BindRecorder,
  ): void;
  /** The text of a value that SET gives, checked; null: the default. */
  settingText(statement: SetStatement): string | null;
  /** A prepared statement's query, for CREATE TABLE AS EXECUTE; throws 26000. */
  preparedQuery(name: string): QueryStatement;
  /** The values of EXECUTE's arguments, as its parameters. */
  executeParameters(name: string, args: readonly Expression[]): Task<Parameters>;
}
