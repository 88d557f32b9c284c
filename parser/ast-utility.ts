/** AST of session, transaction, maintenance and other utility statements. Conventions in ast.ts. */
import type {
  Expression,
  FunctionCall,
  Option,
  QualifiedName,
  Query,
  QueryStatement,
  RelationName,
  TypeName,
} from './ast.ts';
import type {
  Behavior,
  CreateTableAsStatement,
  FunctionParameter,
  RefreshMaterializedViewStatement,
} from './ast-ddl.ts';

interface Node {
  readonly position: number;
}

export interface RoleSpec extends Node {
  readonly kind: 'name' | 'public' | 'current_role' | 'current_user' | 'session_user';
  /** The role's name when kind is 'name', else ''. */
  readonly name: string;
}

export type ObjectType =
  | 'access method'
  | 'aggregate'
  | 'cast'
  | 'collation'
  | 'column'
  | 'constraint'
  | 'conversion'
  | 'database'
  | 'domain'
  | 'domain constraint'
  | 'event trigger'
  | 'extension'
  | 'foreign data wrapper'
  | 'foreign table'
  | 'function'
  | 'index'
  | 'language'
  | 'large object'
  | 'materialized view'
  | 'operator'
  | 'operator class'
  | 'operator family'
  | 'parameter'
  | 'policy'
  | 'procedure'
  | 'publication'
  | 'role'
  | 'routine'
  | 'rule'
  | 'schema'
  | 'sequence'
  | 'server'
  | 'statistics'
  | 'subscription'
  | 'table'
  | 'tablespace'
  | 'text search configuration'
  | 'text search dictionary'
  | 'text search parser'
  | 'text search template'
  | 'transform'
  | 'trigger'
  | 'type'
  | 'user mapping'
  | 'view';

/** Names any object. */
export interface ObjectAddress extends Node {
  readonly objectType: ObjectType;
  /** Columns: table name then column. Large objects: the oid as text. Types and domains have `type` instead, and name too. */
  readonly name: QualifiedName;
  /** Rules, triggers, policies, constraints: the relation (or domain) they belong to. */
  readonly on: QualifiedName | null;
  /** Functions, procedures, routines, aggregates: null when no list was written. `*` of an aggregate is an empty list. */
  readonly parameters: readonly FunctionParameter[] | null;
  /** Types, domains; casts and operators: two types, where NONE is null. */
  readonly types: readonly (TypeName | null)[];
  /** Operator classes and families: USING method. */
  readonly method: string | null;
}

// -------------------------------------------------------------------------------------------------- transactions

export interface TransactionModes {
  /** Lower case, as PostgreSQL's setting: 'read committed'. */
  readonly isolation: 'serializable' | 'repeatable read' | 'read committed' | 'read uncommitted' | null;
  readonly readOnly: boolean | null;
  readonly deferrable: boolean | null;
  /** AS OF SYSTEM TIME: only there if it was written. */
  readonly asOf?: Expression;
}
export interface BeginStatement extends Node {
  readonly kind: 'begin';
  /** START TRANSACTION, for its command tag. */
  readonly startTransaction: boolean;
  readonly modes: TransactionModes;
}
export interface CommitStatement extends Node {
  readonly kind: 'commit' | 'rollback';
  readonly chain: boolean;
}
export interface SavepointStatement extends Node {
  readonly kind: 'savepoint' | 'releaseSavepoint' | 'rollbackToSavepoint';
  readonly name: string;
}
export interface TwoPhaseStatement extends Node {
  readonly kind: 'prepareTransaction' | 'commitPrepared' | 'rollbackPrepared';
  readonly id: string;
}

// ------------------------------------------------------------------------------------------------------ settings

/** A value in SET: words and numbers as text, as PostgreSQL's flatten_set_variable_args would show them. */
export interface SettingValue extends Node {
  readonly kind: 'word' | 'string' | 'integer' | 'numeric';
  readonly value: string;
}
export interface SetStatement extends Node {
  readonly kind: 'set';
  /** SET LOCAL; 'session' otherwise. */
  readonly scope: 'session' | 'local';
  /** Lower-case name, dotted when qualified: 'search_path', 'my.var'. TIME ZONE is 'timezone', NAMES 'client_encoding',
   * ROLE 'role', SESSION AUTHORIZATION 'session_authorization', SCHEMA 'search_path', XML OPTION 'xmloption'. */
  readonly name: string;
  /** Null: TO DEFAULT (also TIME ZONE LOCAL / DEFAULT). */
  readonly values: readonly SettingValue[] | null;
  /** SET TIME ZONE INTERVAL '...' HOUR TO MINUTE; the interval's text then is the only value. */
  readonly interval: TypeName | null;
  /** SET x FROM CURRENT (functions only). */
  readonly fromCurrent: boolean;
}
/** SET TRANSACTION modes / SET SESSION CHARACTERISTICS AS TRANSACTION modes / SET TRANSACTION SNAPSHOT id. */
export interface SetTransactionStatement extends Node {
  readonly kind: 'setTransaction';
  readonly sessionCharacteristics: boolean;
  readonly local: boolean;
  readonly modes: TransactionModes;
  readonly snapshot: string | null;
}
export interface ResetStatement extends Node {
  readonly kind: 'reset';
  /** Null: ALL. */
  readonly name: string | null;
}
export interface ShowStatement extends Node {
  readonly kind: 'show';
  /** Null: ALL. */
  readonly name: string | null;
}
export interface SetConstraintsStatement extends Node {
  readonly kind: 'setConstraints';
  /** Null: ALL. */
  readonly constraints: readonly QualifiedName[] | null;
  readonly deferred: boolean;
}
export interface AlterSystemStatement extends Node {
  readonly kind: 'alterSystem';
  readonly setting: SetStatement | ResetStatement;
}
export interface DiscardStatement extends Node {
  readonly kind: 'discard';
  readonly target: 'all' | 'plans' | 'sequences' | 'temp';
}

// ------------------------------------------------------------------------------------- prepared statements, cursors

export interface PrepareStatement extends Node {
  readonly kind: 'prepare';
  readonly name: string;
  readonly types: readonly TypeName[];
  readonly statement: QueryStatement;
  /** Source offsets of the inner statement's text. */
  readonly statementStart: number;
  readonly statementEnd: number;
}
export interface ExecuteStatement extends Node {
  readonly kind: 'execute';
  readonly name: string;
  readonly args: readonly Expression[];
}
export interface DeallocateStatement extends Node {
  readonly kind: 'deallocate';
  /** Null: ALL. */
  readonly name: string | null;
}
export interface DeclareCursorStatement extends Node {
  readonly kind: 'declareCursor';
  readonly name: string;
  readonly binary: boolean;
  /** SCROLL / NO SCROLL; null when not said. */
  readonly scroll: boolean | null;
  /** INSENSITIVE / ASENSITIVE */
  readonly sensitivity: 'insensitive' | 'asensitive' | null;
  readonly hold: boolean;
  readonly query: Query;
}
export interface FetchStatement extends Node {
  readonly kind: 'fetch' | 'move';
  readonly cursor: string;
  readonly direction: 'forward' | 'backward' | 'absolute' | 'relative';
  /** Count, or position for absolute and relative; 'all'. FIRST is absolute 1, LAST absolute -1, PRIOR backward 1. */
  readonly count: number | 'all';
}
export interface CloseStatement extends Node {
  readonly kind: 'close';
  /** Null: ALL. */
  readonly cursor: string | null;
}

// --------------------------------------------------------------------------------------------------- notification

export interface ListenStatement extends Node {
  readonly kind: 'listen';
  readonly channel: string;
}
export interface UnlistenStatement extends Node {
  readonly kind: 'unlisten';
  /** Null: *. */
  readonly channel: string | null;
}
export interface NotifyStatement extends Node {
  readonly kind: 'notify';
  readonly channel: string;
  readonly payload: string | null;
}

// ---------------------------------------------------------------------------------------------------- maintenance

export type LockMode =
  | 'access share'
  | 'row share'
  | 'row exclusive'
  | 'share update exclusive'
  | 'share'
  | 'share row exclusive'
  | 'exclusive'
  | 'access exclusive';
export interface LockTableStatement extends Node {
  readonly kind: 'lockTable';
  readonly tables: readonly RelationName[];
  readonly mode: LockMode;
  readonly nowait: boolean;
}
export interface VacuumRelation {
  readonly table: RelationName;
  readonly columns: readonly string[];
}
/** VACUUM and ANALYZE; the old words (FULL, FREEZE, VERBOSE, ANALYZE) arrive as options of that name with value null. */
export interface VacuumStatement extends Node {
  readonly kind: 'vacuum' | 'analyze';
  readonly options: readonly Option[];
  /** Empty: all tables. */
  readonly relations: readonly VacuumRelation[];
}
export interface ClusterStatement extends Node {
  readonly kind: 'cluster';
  /** Null: all tables clustered before. */
  readonly table: QualifiedName | null;
  readonly index: string | null;
  readonly options: readonly Option[];
}
export interface ReindexStatement extends Node {
  readonly kind: 'reindex';
  readonly target: 'index' | 'table' | 'schema' | 'system' | 'database';
  /** Empty: the current database (PostgreSQL 16). */
  readonly name: QualifiedName;
  readonly concurrently: boolean;
  readonly options: readonly Option[];
}
export interface CheckpointStatement extends Node {
  readonly kind: 'checkpoint';
}
export interface LoadStatement extends Node {
  readonly kind: 'load';
  readonly file: string;
}
export interface TruncateStatement extends Node {
  readonly kind: 'truncate';
  readonly tables: readonly RelationName[];
  readonly restartIdentity: boolean;
  readonly behavior: Behavior;
}

// ---------------------------------------------------------------------------------------------------------- others

/**
 * COPY. Old-style words become options of the new names: format, delimiter, null, header, quote, escape, force_quote,
 * force_not_null, force_null, encoding, freeze. FORCE_QUOTE * has value '*'; column lists are string arrays.
 */
export interface CopyStatement extends Node {
  readonly kind: 'copy';
  /** Exactly one of table and query is set. */
  readonly table: QualifiedName | null;
  readonly query: QueryStatement | null;
  readonly columns: readonly string[];
  readonly direction: 'from' | 'to';
  readonly endpoint: 'stdin' | 'stdout' | 'file' | 'program';
  /** The file name or command; '' for stdin and stdout. */
  readonly path: string;
  readonly options: readonly Option[];
  readonly where: Expression | null;
}
export interface ExplainStatement extends Node {
  readonly kind: 'explain';
  /** Old-style ANALYZE and VERBOSE arrive as options with value null. */
  readonly options: readonly Option[];
  readonly statement:
    | QueryStatement
    | DeclareCursorStatement
    | CreateTableAsStatement
    | RefreshMaterializedViewStatement
    | ExecuteStatement;
}
export interface CommentStatement extends Node {
  readonly kind: 'comment';
  readonly object: ObjectAddress;
  /** Null: IS NULL. */
  readonly comment: string | null;
}
export interface SecurityLabelStatement extends Node {
  readonly kind: 'securityLabel';
  readonly provider: string | null;
  readonly object: ObjectAddress;
  readonly label: string | null;
}
export interface DoStatement extends Node {
  readonly kind: 'do';
  readonly language: string;
  readonly body: string;
}
export interface CallStatement extends Node {
  readonly kind: 'call';
  readonly call: FunctionCall;
}

export type UtilityStatement =
  | BeginStatement
  | CommitStatement
  | SavepointStatement
  | TwoPhaseStatement
  | SetStatement
  | SetTransactionStatement
  | ResetStatement
  | ShowStatement
  | SetConstraintsStatement
  | AlterSystemStatement
  | DiscardStatement
  | PrepareStatement
  | ExecuteStatement
  | DeallocateStatement
  | DeclareCursorStatement
  | FetchStatement
  | CloseStatement
  | ListenStatement
  | UnlistenStatement
  | NotifyStatement
  | LockTableStatement
  | VacuumStatement
  | ClusterStatement
  | ReindexStatement
  | CheckpointStatement
  | LoadStatement
  | TruncateStatement
  | CopyStatement
  | ExplainStatement
  | CommentStatement
  | SecurityLabelStatement
  | DoStatement
  | CallStatement;
