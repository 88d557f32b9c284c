/** AST of statements that define, change and drop objects. Conventions in ast.ts. Long, as it is a list. */
import type {
  Expression,
  FromItem,
  IndexElement,
  Option,
  Persistence,
  QualifiedName,
  Query,
  QueryStatement,
  RelationName,
  TypeName,
} from './ast.ts';
import type { ObjectAddress, ObjectType, RoleSpec } from './ast-utility.ts';

interface Node {
  readonly position: number;
}

// --------------------------------------------------------------------------------------------------------- tables

/** Null in deferrable/initiallyDeferred: not said. */
export interface ConstraintAttributes {
  readonly deferrable: boolean | null;
  readonly initiallyDeferred: boolean | null;
  readonly notValid: boolean;
  readonly noInherit: boolean;
}
interface ConstraintBase extends Node, ConstraintAttributes {
  readonly name: string | null;
}
export type ForeignKeyAction = 'no action' | 'restrict' | 'cascade' | 'set null' | 'set default';
export interface ForeignKeyReference {
  readonly table: RelationName;
  /** Empty: the referenced table's primary key. */
  readonly columns: readonly string[];
  readonly match: 'full' | 'partial' | 'simple';
  readonly onDelete: ForeignKeyAction;
  /** SET NULL (a, b) / SET DEFAULT (a, b); empty: all. */
  readonly onDeleteColumns: readonly string[];
  readonly onUpdate: ForeignKeyAction;
}
export interface NotNullConstraint extends ConstraintBase {
  readonly kind: 'notNull' | 'nullable';
}
export interface DefaultConstraint extends ConstraintBase {
  readonly kind: 'default';
  readonly expr: Expression;
}
export interface CheckConstraint extends ConstraintBase {
  readonly kind: 'check';
  readonly expr: Expression;
}
export interface IdentityConstraint extends ConstraintBase {
  readonly kind: 'identity';
  readonly always: boolean;
  readonly options: SequenceOptions;
}
export interface GeneratedConstraint extends ConstraintBase {
  readonly kind: 'generated';
  readonly expr: Expression;
}
/** PRIMARY KEY / UNIQUE. As a column constraint `columns` is empty. */
export interface KeyConstraint extends ConstraintBase {
  readonly kind: 'primaryKey' | 'unique';
  readonly columns: readonly string[];
  readonly include: readonly string[];
  readonly nullsNotDistinct: boolean;
  readonly options: readonly Option[];
  readonly tablespace: string | null;
  /** USING INDEX name; then columns are empty. */
  readonly usingIndex: string | null;
}
/** As a column constraint `columns` is empty. */
export interface ForeignKeyConstraint extends ConstraintBase {
  readonly kind: 'foreignKey';
  readonly columns: readonly string[];
  readonly references: ForeignKeyReference;
}
export interface ExcludeConstraint extends ConstraintBase {
  readonly kind: 'exclude';
  readonly method: string;
  readonly elements: readonly { readonly element: IndexElement; readonly operator: QualifiedName }[];
  readonly include: readonly string[];
  readonly options: readonly Option[];
  readonly tablespace: string | null;
  readonly where: Expression | null;
}
export type ColumnConstraint =
  | NotNullConstraint
  | DefaultConstraint
  | CheckConstraint
  | IdentityConstraint
  | GeneratedConstraint
  | KeyConstraint
  | ForeignKeyConstraint;
export type TableConstraint = CheckConstraint | KeyConstraint | ForeignKeyConstraint | ExcludeConstraint;

export interface ColumnDefinition extends Node {
  readonly kind: 'column';
  readonly name: string;
  /** Null only in CREATE TABLE OF and PARTITION OF, where types are given elsewhere. */
  readonly type: TypeName | null;
  readonly collation: QualifiedName | null;
  /** Of COLLATE, where it was written. */
  readonly collationPosition?: number;
  readonly compression: string | null;
  readonly constraints: readonly ColumnConstraint[];
}
export type LikeOption =
  | 'all'
  | 'comments'
  | 'compression'
  | 'constraints'
  | 'defaults'
  | 'generated'
  | 'identity'
  | 'indexes'
  | 'statistics'
  | 'storage';
export interface LikeElement extends Node {
  readonly kind: 'like';
  readonly table: QualifiedName;
  /** INCLUDING / EXCLUDING in the order written. */
  readonly options: readonly { readonly including: boolean; readonly option: LikeOption }[];
}
export type TableElement =
  | ColumnDefinition
  | LikeElement
  | { readonly kind: 'constraint'; readonly constraint: TableConstraint; readonly position: number };

export type PartitionBound =
  | { readonly kind: 'default' }
  | { readonly kind: 'list'; readonly values: readonly Expression[] }
  /** MINVALUE and MAXVALUE are ColumnRefs of that name. */
  | { readonly kind: 'range'; readonly from: readonly Expression[]; readonly to: readonly Expression[] }
  | { readonly kind: 'hash'; readonly modulus: number; readonly remainder: number };

export interface PartitionSpec extends Node {
  readonly strategy: string;
  readonly keys: readonly IndexElement[];
}

export interface CreateTableStatement extends Node {
  readonly kind: 'createTable';
  readonly table: QualifiedName;
  readonly tablePosition: number;
  readonly persistence: Persistence;
  readonly ifNotExists: boolean;
  readonly elements: readonly TableElement[];
  readonly inherits: readonly QualifiedName[];
  /** CREATE TABLE t OF type */
  readonly ofType: QualifiedName | null;
  readonly partitionOf: { readonly parent: QualifiedName; readonly bound: PartitionBound } | null;
  readonly partitionBy: PartitionSpec | null;
  readonly accessMethod: string | null;
  readonly options: readonly Option[];
  readonly onCommit: 'preserve rows' | 'delete rows' | 'drop' | null;
  readonly tablespace: string | null;
}

export interface CreateTableAsStatement extends Node {
  readonly kind: 'createTableAs';
  readonly table: QualifiedName;
  readonly columns: readonly string[];
  readonly persistence: Persistence;
  readonly ifNotExists: boolean;
  readonly materializedView: boolean;
  readonly accessMethod: string | null;
  readonly options: readonly Option[];
  readonly onCommit: 'preserve rows' | 'delete rows' | 'drop' | null;
  readonly tablespace: string | null;
  readonly source: Query | { readonly kind: 'execute'; readonly name: string; readonly args: readonly Expression[] };
  readonly withData: boolean;
}

/** ALTER TABLE and its kin for indexes, sequences, views, materialized views: a list of commands. */
export interface AlterTableStatement extends Node {
  readonly kind: 'alterTable';
  readonly objectType: 'table' | 'index' | 'sequence' | 'view' | 'materialized view' | 'foreign table';
  readonly table: RelationName;
  readonly ifExists: boolean;
  readonly commands: readonly AlterTableCommand[];
}
/** Every command's `behavior` follows RESTRICT (default) / CASCADE. */
export type Behavior = 'restrict' | 'cascade';
export type AlterTableCommand =
  | { readonly kind: 'addColumn'; readonly column: ColumnDefinition; readonly ifNotExists: boolean }
  | { readonly kind: 'dropColumn'; readonly column: string; readonly ifExists: boolean; readonly behavior: Behavior }
  | {
      readonly kind: 'alterColumnType';
      readonly column: string;
      readonly type: TypeName;
      readonly collation: QualifiedName | null;
      readonly using: Expression | null;
      readonly position: number;
    }
  /** Null expr: DROP DEFAULT. */
  | { readonly kind: 'setDefault'; readonly column: string; readonly expr: Expression | null }
  | { readonly kind: 'setNotNull' | 'dropNotNull'; readonly column: string }
  | { readonly kind: 'dropExpression'; readonly column: string; readonly ifExists: boolean }
  | { readonly kind: 'setStatistics'; readonly column: string | number; readonly value: number }
  | {
      readonly kind: 'setColumnOptions' | 'resetColumnOptions';
      readonly column: string;
      readonly options: readonly Option[];
    }
  | { readonly kind: 'setStorage' | 'setCompression'; readonly column: string; readonly value: string }
  | {
      readonly kind: 'addIdentity';
      readonly column: string;
      readonly always: boolean;
      readonly options: SequenceOptions;
    }
  | {
      readonly kind: 'setIdentity';
      readonly column: string;
      /** GENERATED ALWAYS / BY DEFAULT; null when not said. */
      readonly always: boolean | null;
      readonly options: SequenceOptions;
    }
  | { readonly kind: 'dropIdentity'; readonly column: string; readonly ifExists: boolean }
  | { readonly kind: 'addConstraint'; readonly constraint: TableConstraint }
  | {
      readonly kind: 'alterConstraint';
      readonly name: string;
      readonly deferrable: boolean | null;
      readonly initiallyDeferred: boolean | null;
    }
  | { readonly kind: 'validateConstraint'; readonly name: string }
  | { readonly kind: 'dropConstraint'; readonly name: string; readonly ifExists: boolean; readonly behavior: Behavior }
  | {
      readonly kind: 'enableTrigger' | 'disableTrigger';
      /** A name, or all / user. */
      readonly trigger: { readonly name: string } | 'all' | 'user';
      readonly mode: 'origin' | 'always' | 'replica';
    }
  | {
      readonly kind: 'enableRule' | 'disableRule';
      readonly rule: string;
      readonly mode: 'origin' | 'always' | 'replica';
    }
  | { readonly kind: 'clusterOn'; readonly index: string | null }
  | { readonly kind: 'setLogged' | 'setUnlogged' | 'setWithoutOids' | 'notOf' }
  | { readonly kind: 'setTablespace' | 'setAccessMethod'; readonly name: string }
  | { readonly kind: 'setOptions' | 'resetOptions'; readonly options: readonly Option[] }
  | { readonly kind: 'inherit' | 'noInherit'; readonly parent: QualifiedName }
  | { readonly kind: 'of'; readonly type: QualifiedName }
  | { readonly kind: 'ownerTo'; readonly owner: RoleSpec }
  | {
      readonly kind: 'replicaIdentity';
      readonly identity: 'default' | 'full' | 'nothing' | 'index';
      readonly index: string | null;
    }
  | { readonly kind: 'enableRowSecurity' | 'disableRowSecurity' | 'forceRowSecurity' | 'noForceRowSecurity' }
  | { readonly kind: 'attachPartition'; readonly partition: QualifiedName; readonly bound: PartitionBound | null }
  | {
      readonly kind: 'detachPartition';
      readonly partition: QualifiedName;
      readonly concurrently: boolean;
      readonly finalize: boolean;
    };

// ------------------------------------------------------------------------------------------------ indexes, sequences

export interface CreateIndexStatement extends Node {
  readonly kind: 'createIndex';
  /** Null: PostgreSQL makes one up. */
  readonly name: string | null;
  readonly table: RelationName;
  readonly unique: boolean;
  readonly concurrently: boolean;
  readonly ifNotExists: boolean;
  readonly method: string;
  readonly elements: readonly IndexElement[];
  readonly include: readonly IndexElement[];
  readonly nullsNotDistinct: boolean;
  readonly options: readonly Option[];
  readonly tablespace: string | null;
  readonly where: Expression | null;
}

/** A field that was not written is undefined; NO MINVALUE, NO MAXVALUE and bare RESTART are null. */
export interface SequenceOptions {
  readonly dataType?: TypeName;
  readonly increment?: number | bigint;
  readonly minValue?: number | bigint | null;
  readonly maxValue?: number | bigint | null;
  readonly start?: number | bigint;
  readonly restart?: number | bigint | null;
  readonly cache?: number | bigint;
  readonly cycle?: boolean;
  /** OWNED BY NONE is ['none']. */
  readonly ownedBy?: QualifiedName;
  readonly sequenceName?: QualifiedName;
}
export interface CreateSequenceStatement extends Node {
  readonly kind: 'createSequence';
  readonly name: QualifiedName;
  readonly persistence: Persistence;
  readonly ifNotExists: boolean;
  readonly options: SequenceOptions;
}
export interface AlterSequenceStatement extends Node {
  readonly kind: 'alterSequence';
  readonly name: QualifiedName;
  readonly ifExists: boolean;
  readonly options: SequenceOptions;
}

// -------------------------------------------------------------------------------------------------- schemas and views

export interface CreateSchemaStatement extends Node {
  readonly kind: 'createSchema';
  /** Null: named like the role. */
  readonly name: string | null;
  readonly ifNotExists: boolean;
  readonly authorization: RoleSpec | null;
  readonly elements: readonly DdlStatement[];
}
export interface CreateViewStatement extends Node {
  readonly kind: 'createView';
  readonly name: QualifiedName;
  readonly orReplace: boolean;
  readonly persistence: Persistence;
  readonly recursive: boolean;
  readonly columns: readonly string[];
  readonly options: readonly Option[];
  readonly query: Query;
  readonly checkOption: 'local' | 'cascaded' | null;
  /** Source offsets of the query's text. */
  readonly queryStart: number;
  readonly queryEnd: number;
}
export interface RefreshMaterializedViewStatement extends Node {
  readonly kind: 'refreshMaterializedView';
  readonly name: QualifiedName;
  readonly concurrently: boolean;
  readonly withData: boolean;
}

// ------------------------------------------------------------------------------------------ databases, roles, rights

export interface CreateDatabaseStatement extends Node {
  readonly kind: 'createDatabase';
  readonly name: string;
  /** Names in lower case: template, owner, encoding, locale, lc_collate, lc_ctype, tablespace, allow_connections, ... DEFAULT is null. */
  readonly options: readonly Option[];
  /** What the template was then: only there if it was written. */
  readonly asOf?: Expression;
}
export interface AlterDatabaseStatement extends Node {
  readonly kind: 'alterDatabase';
  readonly name: string;
  readonly options: readonly Option[];
}
/** ALTER DATABASE/ROLE ... SET / RESET. */
export interface AlterSettingStatement extends Node {
  readonly kind: 'alterDatabaseSet' | 'alterRoleSet';
  /** The database, or the role; null: ALL roles. */
  readonly name: string | null;
  readonly role: RoleSpec | null;
  /** IN DATABASE, for roles. */
  readonly database: string | null;
  readonly setting: import('./ast-utility.ts').SetStatement | import('./ast-utility.ts').ResetStatement;
}
export interface DropDatabaseStatement extends Node {
  readonly kind: 'dropDatabase';
  readonly name: string;
  readonly ifExists: boolean;
  readonly force: boolean;
}
/** CREATE ROLE / USER / GROUP. Options by PostgreSQL's names: superuser, createdb, createrole, inherit, canlogin, isreplication,
 * bypassrls (booleans), password (string or null), connectionlimit, validUntil, sysid; members and admins below. */
export interface CreateRoleStatement extends Node {
  readonly kind: 'createRole';
  readonly roleType: 'role' | 'user' | 'group';
  readonly name: string;
  readonly options: readonly Option[];
  /** ROLE/USER a, b: members; ADMIN a: members with admin option; IN ROLE a: roles it becomes a member of. */
  readonly members: readonly RoleSpec[];
  readonly admins: readonly RoleSpec[];
  readonly inRoles: readonly RoleSpec[];
}
export interface AlterRoleStatement extends Node {
  readonly kind: 'alterRole';
  readonly role: RoleSpec;
  readonly options: readonly Option[];
  /** ALTER GROUP g ADD / DROP USER ... */
  readonly addMembers: readonly RoleSpec[];
  readonly dropMembers: readonly RoleSpec[];
}
export interface DropRoleStatement extends Node {
  readonly kind: 'dropRole';
  readonly roles: readonly RoleSpec[];
  readonly ifExists: boolean;
}
export interface Privilege {
  /** Lower case: select, insert, usage, ...; null: ALL [PRIVILEGES]. */
  readonly name: string | null;
  readonly columns: readonly string[];
}
export interface GrantStatement extends Node {
  readonly kind: 'grant' | 'revoke';
  readonly privileges: readonly Privilege[];
  readonly target:
    | { readonly kind: 'objects'; readonly objectType: GrantObjectType; readonly objects: readonly ObjectAddress[] }
    | { readonly kind: 'allInSchema'; readonly objectType: GrantObjectType; readonly schemas: readonly string[] };
  readonly grantees: readonly RoleSpec[];
  /** WITH GRANT OPTION; for REVOKE: GRANT OPTION FOR. */
  readonly grantOption: boolean;
  readonly grantedBy: RoleSpec | null;
  readonly behavior: Behavior;
}
export type GrantObjectType =
  | 'table'
  | 'sequence'
  | 'foreign data wrapper'
  | 'foreign server'
  | 'function'
  | 'procedure'
  | 'routine'
  | 'database'
  | 'domain'
  | 'language'
  | 'large object'
  | 'parameter'
  | 'schema'
  | 'tablespace'
  | 'type';
export interface GrantRoleStatement extends Node {
  readonly kind: 'grantRole' | 'revokeRole';
  readonly roles: readonly string[];
  readonly grantees: readonly RoleSpec[];
  readonly adminOption: boolean;
  readonly grantedBy: RoleSpec | null;
  readonly behavior: Behavior;
}
export interface AlterDefaultPrivilegesStatement extends Node {
  readonly kind: 'alterDefaultPrivileges';
  readonly roles: readonly RoleSpec[];
  readonly schemas: readonly string[];
  readonly grant: boolean;
  readonly privileges: readonly Privilege[];
  readonly objectType: 'table' | 'sequence' | 'function' | 'routine' | 'type' | 'schema';
  readonly grantees: readonly RoleSpec[];
  readonly grantOption: boolean;
  readonly behavior: Behavior;
}
export interface OwnedStatement extends Node {
  readonly kind: 'dropOwned' | 'reassignOwned';
  readonly roles: readonly RoleSpec[];
  readonly newOwner: RoleSpec | null;
  readonly behavior: Behavior;
}

// ---------------------------------------------------------------------------------- types, functions, triggers, rules

export interface CreateEnumStatement extends Node {
  readonly kind: 'createEnum';
  readonly name: QualifiedName;
  readonly labels: readonly string[];
}
export interface AlterEnumStatement extends Node {
  readonly kind: 'alterEnum';
  readonly name: QualifiedName;
  readonly action:
    | {
        readonly kind: 'add';
        readonly label: string;
        readonly ifNotExists: boolean;
        readonly before: string | null;
        readonly after: string | null;
      }
    | { readonly kind: 'rename'; readonly label: string; readonly newLabel: string };
}
export interface CreateCompositeTypeStatement extends Node {
  readonly kind: 'createCompositeType';
  readonly name: QualifiedName;
  readonly attributes: readonly ColumnDefinition[];
}
/** CREATE TYPE ... AS RANGE */
export interface CreateRangeTypeStatement extends Node {
  readonly kind: 'createRangeType';
  readonly name: QualifiedName;
  readonly options: readonly DefinitionItem[];
}
export interface AlterCompositeTypeStatement extends Node {
  readonly kind: 'alterCompositeType';
  /** One of the commands has CASCADE: typed tables follow. */
  readonly isCascade: boolean;
  readonly name: QualifiedName;
  /** addColumn, dropColumn, alterColumnType */
  readonly commands: readonly AlterTableCommand[];
}
/** CREATE TYPE t AS RANGE (...), CREATE TYPE t (...), CREATE AGGREGATE/OPERATOR/COLLATION/TEXT SEARCH ... (...). */
export interface DefineStatement extends Node {
  readonly kind: 'define';
  readonly objectType: 'baseType' | 'aggregate' | 'operator' | 'collation' | ObjectType;
  readonly name: QualifiedName;
  readonly orReplace: boolean;
  readonly ifNotExists: boolean;
  readonly options: readonly Option[];
  readonly from: QualifiedName | null;
  /** Of operators and aggregates, in place of options. */
  readonly items: readonly DefinitionItem[];
  /** Of an aggregate; null: in the old form the items say it. */
  readonly signature: { readonly parameters: readonly FunctionParameter[]; readonly directCount: number } | null;
}
export interface DefinitionItem extends Node {
  readonly name: string;
  readonly value: DefinitionValue;
}
/** null: nothing was written. A name of anything is a type's. word: a reserved word, or NONE. */
export type DefinitionValue =
  | null
  | { readonly kind: 'type'; readonly type: TypeName }
  | { readonly kind: 'operator'; readonly name: QualifiedName }
  | { readonly kind: 'number' | 'string' | 'word'; readonly text: string };
/** ALTER OPERATOR op (left, right) SET (...) */
export interface AlterOperatorStatement extends Node {
  readonly kind: 'alterOperator';
  readonly object: ObjectAddress;
  readonly items: readonly DefinitionItem[];
}
/** ALTER COLLATION c REFRESH VERSION */
export interface RefreshCollationStatement extends Node {
  readonly kind: 'refreshCollation';
  readonly object: ObjectAddress;
}
/** ALTER TEXT SEARCH CONFIGURATION c { ADD | ALTER | DROP } MAPPING ... */
export interface AlterSearchConfigurationStatement extends Node {
  readonly kind: 'alterSearchConfiguration';
  readonly object: ObjectAddress;
  readonly action: SearchMappingAction;
}
export type SearchMappingAction =
  | {
      readonly kind: 'add' | 'alter';
      readonly tokenTypes: readonly string[];
      readonly dictionaries: readonly QualifiedName[];
    }
  /** Of no token types: of all. */
  | {
      readonly kind: 'replace';
      readonly tokenTypes: readonly string[];
      readonly old: QualifiedName;
      readonly new: QualifiedName;
    }
  | { readonly kind: 'drop'; readonly tokenTypes: readonly string[]; readonly ifExists: boolean };
/** ALTER TEXT SEARCH DICTIONARY d (option [= value], ...): without a value the option goes. */
export interface AlterSearchDictionaryStatement extends Node {
  readonly kind: 'alterSearchDictionary';
  readonly object: ObjectAddress;
  readonly options: readonly Option[];
}
export interface CreateDomainStatement extends Node {
  readonly kind: 'createDomain';
  readonly name: QualifiedName;
  readonly type: TypeName;
  readonly collation: QualifiedName | null;
  readonly constraints: readonly ColumnConstraint[];
}
export interface AlterDomainStatement extends Node {
  readonly kind: 'alterDomain';
  readonly name: QualifiedName;
  readonly action:
    | { readonly kind: 'setDefault'; readonly expr: Expression | null }
    | { readonly kind: 'setNotNull' | 'dropNotNull' }
    | { readonly kind: 'addConstraint'; readonly constraint: TableConstraint }
    | {
        readonly kind: 'dropConstraint';
        readonly name: string;
        readonly ifExists: boolean;
        readonly behavior: Behavior;
      }
    | { readonly kind: 'validateConstraint'; readonly name: string };
}
export interface CreateExtensionStatement extends Node {
  readonly kind: 'createExtension';
  readonly name: string;
  readonly ifNotExists: boolean;
  /** schema, version, cascade */
  readonly options: readonly Option[];
}
export interface AlterExtensionStatement extends Node {
  readonly kind: 'alterExtension';
  readonly name: string;
  /** UPDATE [TO version]; null: no version named. */
  readonly version: string | null;
  /** ADD / DROP member; null for UPDATE. */
  readonly member: { readonly add: boolean; readonly object: ObjectAddress } | null;
}
export interface FunctionParameter {
  readonly name: string | null;
  readonly mode: 'in' | 'out' | 'inout' | 'variadic' | 'table' | null;
  readonly type: TypeName;
  readonly defaultValue: Expression | null;
}
export interface CreateFunctionStatement extends Node {
  readonly kind: 'createFunction';
  readonly procedure: boolean;
  readonly name: QualifiedName;
  readonly orReplace: boolean;
  /** RETURNS TABLE columns are parameters of mode 'table'. */
  readonly parameters: readonly FunctionParameter[];
  readonly returns: TypeName | null;
  readonly options: readonly FunctionOption[];
  /** AS 'text' [, 'symbol']. */
  readonly body: readonly string[] | null;
  /** SQL-standard body: RETURN expr, or BEGIN ATOMIC ... END. */
  readonly sqlBody:
    | { readonly kind: 'return'; readonly expr: Expression }
    | {
        readonly kind: 'atomic';
        readonly statements: readonly StatementLike[];
        /** Where each stands in the text. */
        readonly spans: readonly { readonly start: number; readonly end: number }[];
      }
    | null;
}
type StatementLike = QueryStatement | { readonly kind: 'return'; readonly expr: Expression };
export type FunctionOption = { readonly position?: number } & (
  | { readonly name: 'language' | 'volatility' | 'parallel'; readonly value: string }
  | { readonly name: 'strict' | 'leakproof' | 'security definer' | 'window'; readonly value: boolean }
  | { readonly name: 'cost' | 'rows'; readonly value: number }
  | { readonly name: 'support'; readonly value: QualifiedName }
  | { readonly name: 'transform'; readonly value: readonly TypeName[] }
  | {
      readonly name: 'set';
      readonly value: import('./ast-utility.ts').SetStatement | import('./ast-utility.ts').ResetStatement;
    }
);
export interface AlterFunctionStatement extends Node {
  readonly kind: 'alterFunction';
  readonly object: ObjectAddress;
  readonly options: readonly FunctionOption[];
}
export interface CreateTriggerStatement extends Node {
  readonly kind: 'createTrigger';
  readonly name: string;
  readonly orReplace: boolean;
  readonly constraint: boolean;
  readonly timing: 'before' | 'after' | 'instead of';
  readonly events: readonly {
    readonly event: 'insert' | 'update' | 'delete' | 'truncate';
    readonly columns: readonly string[];
  }[];
  readonly table: QualifiedName;
  readonly from: QualifiedName | null;
  readonly deferrable: boolean | null;
  readonly initiallyDeferred: boolean | null;
  readonly transitions: readonly { readonly isNew: boolean; readonly isTable: boolean; readonly name: string }[];
  readonly forEachRow: boolean;
  readonly when: Expression | null;
  readonly function: QualifiedName;
  readonly args: readonly string[];
}
export interface CreateEventTriggerStatement extends Node {
  readonly kind: 'createEventTrigger';
  readonly name: string;
  readonly event: string;
  readonly when: readonly { readonly variable: string; readonly values: readonly string[] }[];
  readonly function: QualifiedName;
}
export interface CreateRuleStatement extends Node {
  readonly kind: 'createRule';
  readonly name: string;
  readonly orReplace: boolean;
  readonly event: 'select' | 'insert' | 'update' | 'delete';
  readonly table: QualifiedName;
  readonly where: Expression | null;
  readonly instead: boolean;
  /** Empty: NOTHING. */
  readonly actions: readonly StatementLike[];
}
export interface CreatePolicyStatement extends Node {
  readonly kind: 'createPolicy' | 'alterPolicy';
  readonly name: string;
  readonly table: QualifiedName;
  readonly permissive: boolean;
  readonly command: 'all' | 'select' | 'insert' | 'update' | 'delete';
  readonly roles: readonly RoleSpec[];
  readonly using: Expression | null;
  readonly withCheck: Expression | null;
}
export interface CreateCastStatement extends Node {
  readonly kind: 'createCast';
  readonly source: TypeName;
  readonly target: TypeName;
  /** Null: WITHOUT FUNCTION, or WITH INOUT when inout. */
  readonly function: ObjectAddress | null;
  readonly inout: boolean;
  readonly context: 'explicit' | 'assignment' | 'implicit';
}
export interface CreateTablespaceStatement extends Node {
  readonly kind: 'createTablespace';
  readonly name: string;
  readonly owner: RoleSpec | null;
  readonly location: string;
  readonly options: readonly Option[];
}
export interface CreateLanguageStatement extends Node {
  readonly kind: 'createLanguage';
  readonly name: string;
  readonly orReplace: boolean;
  readonly trusted: boolean;
}
export interface CreatePublicationStatement extends Node {
  readonly kind: 'createPublication';
  readonly name: string;
  readonly allTables: boolean;
  readonly tables: readonly RelationName[];
  readonly schemas: readonly string[];
  readonly options: readonly Option[];
}
export interface CreateStatisticsStatement extends Node {
  readonly kind: 'createStatistics';
  readonly name: QualifiedName;
  readonly ifNotExists: boolean;
  readonly kinds: readonly string[];
  readonly exprs: readonly Expression[];
  /** One table; what else the grammar lets stand here is refused when it is run. */
  readonly from: readonly FromItem[];
}

/** ALTER STATISTICS ... SET STATISTICS n. */
export interface AlterStatisticsStatement extends Node {
  readonly kind: 'alterStatistics';
  readonly name: QualifiedName;
  readonly ifExists: boolean;
  readonly target: number;
}

// -------------------------------------------------------------------------------------------- DROP and generic ALTER

/** DROP of anything but databases, roles and owned. */
export interface DropStatement extends Node {
  readonly kind: 'drop';
  readonly objectType: ObjectType;
  readonly objects: readonly ObjectAddress[];
  readonly ifExists: boolean;
  readonly concurrently: boolean;
  readonly behavior: Behavior;
}
/** ALTER ... RENAME TO; with `part` for a column, attribute or constraint of the object. */
export interface RenameStatement extends Node {
  readonly kind: 'rename';
  readonly object: ObjectAddress;
  readonly ifExists: boolean;
  readonly part: { readonly kind: 'column' | 'attribute' | 'constraint'; readonly name: string } | null;
  readonly newName: string;
  readonly behavior: Behavior;
}
export interface AlterOwnerStatement extends Node {
  readonly kind: 'alterOwner';
  readonly object: ObjectAddress;
  readonly owner: RoleSpec;
}
export interface AlterSchemaStatement extends Node {
  readonly kind: 'alterObjectSchema';
  readonly object: ObjectAddress;
  readonly ifExists: boolean;
  readonly schema: string;
}

export type DdlStatement =
  | CreateTableStatement
  | CreateTableAsStatement
  | AlterTableStatement
  | CreateIndexStatement
  | CreateSequenceStatement
  | AlterSequenceStatement
  | CreateSchemaStatement
  | CreateViewStatement
  | RefreshMaterializedViewStatement
  | CreateDatabaseStatement
  | AlterDatabaseStatement
  | AlterSettingStatement
  | DropDatabaseStatement
  | CreateRoleStatement
  | AlterRoleStatement
  | DropRoleStatement
  | GrantStatement
  | GrantRoleStatement
  | AlterDefaultPrivilegesStatement
  | OwnedStatement
  | CreateEnumStatement
  | AlterEnumStatement
  | CreateCompositeTypeStatement
  | CreateRangeTypeStatement
  | AlterCompositeTypeStatement
  | DefineStatement
  | AlterOperatorStatement
  | CreateDomainStatement
  | RefreshCollationStatement
  | AlterSearchConfigurationStatement
  | AlterSearchDictionaryStatement
  | AlterDomainStatement
  | CreateExtensionStatement
  | AlterExtensionStatement
  | CreateFunctionStatement
  | AlterFunctionStatement
  | CreateTriggerStatement
  | CreateEventTriggerStatement
  | CreateRuleStatement
  | CreatePolicyStatement
  | CreateCastStatement
  | CreateTablespaceStatement
  | CreateLanguageStatement
  | CreatePublicationStatement
  | CreateStatisticsStatement
  | AlterStatisticsStatement
  | DropStatement
  | RenameStatement
  | AlterOwnerStatement
  | AlterSchemaStatement;
