/**
 * What exists in a database: immutable entries, plain JSON-able values, keyed by class and oid. Expressions and queries
 * are kept as SQL text (deparsed with qualified names) and bound when a plan needs them.
 *
 * Long, as it is the list of all kinds.
 */

import type { BaseForm } from '../types/index.ts';
import type { Acl } from './acl.ts';
import type { ElementStatistics } from './statistics.ts';

/** Each kind of entry; the first part of its storage key. */
export type EntryClass =
  | 'schema'
  | 'relation'
  | 'index'
  | 'constraint'
  | 'sequence'
  | 'type'
  | 'comment'
  | 'analysis'
  | 'statistics'
  | 'policy'
  | 'collation'
  | 'routine'
  | 'extension'
  | 'operator'
  | 'cast'
  | 'searchConfiguration'
  | 'searchDictionary'
  | 'searchParser'
  | 'searchTemplate'
  /** Of comments only: large objects are rows (large-objects.ts). */
  | 'largeObject'
  | 'systemRights'
  | 'defaultRights'
  | 'role'
  | 'database'
  | 'setting'
  | 'parameterRights';

export interface SchemaEntry {
  readonly class: 'schema';
  readonly oid: number;
  readonly name: string;
  readonly owner: number;
  /** Absent: nothing has been granted or revoked. So it is with all lists of rights. */
  readonly acl?: Acl;
}

/** How a column came to have values by itself. */
export type Identity = 'always' | 'default' | null;

/** ALTER COLUMN SET STORAGE: may a long value leave its row, may it be compressed? external: only the first, main: rather the second. */
export type ColumnStorage = 'plain' | 'external' | 'extended' | 'main';

export interface ColumnEntry {
  /** One-based attribute number; never reused. Its index in `columns` is number - 1, dropped columns included. */
  readonly number: number;
  readonly name: string;
  readonly typeOid: number;
  /** PostgreSQL's atttypmod, -1 for none. */
  readonly typeModifier: number;
  readonly notNull: boolean;
  /** DEFAULT expression (or the GENERATED ALWAYS AS one) as SQL text, or null. */
  readonly defaultText: string | null;
  readonly generated: boolean;
  readonly identity: Identity;
  /** Sequence behind SERIAL or IDENTITY, 0 if none. */
  readonly sequenceOid: number;
  readonly dropped: boolean;
  /**
   * For a column added later: its value in rows of older layouts, in text form (null: NULL). Rows are not rewritten.
   */
  readonly missingText: string | null;
  /** The row layout (RowLayoutEntry.number) from which on rows carry this column. */
  readonly sinceLayout: number;
  /** SET STORAGE; absent: the type's. */
  readonly storage?: ColumnStorage;
  /** SET STATISTICS: most common values and histogram bounds kept; absent: default_statistics_target. */
  readonly statisticsTarget?: number;
  /** COMPRESSION; absent: default. Kept for the definition only: there is one method. */
  readonly compression?: 'pglz' | 'lz4';
  /** COLLATE, or a domain's; absent: the (base) type's own. */
  readonly collationOid?: number;
  /** Sequences and other objects that the default names: they cannot be dropped without it. */
  readonly defaultDependsOn?: readonly number[];
  /** Rights on this column beyond those on the table. */
  readonly acl?: Acl;
}

/** Of a column without default, generation, identity or history: all but its number, name and type. */
export const PLAIN_COLUMN = {
  typeModifier: -1,
  notNull: false,
  defaultText: null,
  generated: false,
  identity: null,
  sequenceOid: 0,
  dropped: false,
  missingText: null,
  sinceLayout: 0,
} as const satisfies Omit<ColumnEntry, 'number' | 'name' | 'typeOid'>;

export interface RelationEntry {
  readonly class: 'relation';
  readonly oid: number;
  /** virtual: a table of pg_catalog or information_schema, whose rows are made by code (catalog/system-tables.ts). */
  readonly kind: 'table' | 'view' | 'materializedView' | 'virtual';
  readonly schemaOid: number;
  readonly name: string;
  readonly owner: number;
  readonly persistence: 'permanent' | 'unlogged' | 'temporary';
  /** Storage relation that holds the rows; 0 for views. A new one after TRUNCATE or a rewrite. */
  readonly relId: number;
  /** Storage relation of values too long for a page; made and dropped together with relId. 0 for views. */
  readonly overflowRelId: number;
  readonly columns: readonly ColumnEntry[];
  /** Newest row layout number, 0..255. Layout n carries the columns with sinceLayout <= n that existed then (dropped ones included). */
  readonly layout: number;
  /** Views: the query as SQL text. */
  readonly queryText: string | null;
  /** Views: the same query on several lines, for pg_get_viewdef. */
  readonly viewText?: string;
  /** reloptions such as fillfactor, as name=value. */
  readonly options: readonly string[];
  /** Oids of relations, sequences, types and functions that a view's query or a table's defaults use. */
  readonly dependsOn: readonly number[];
  /** Columns among them that a view's query uses: a column that is used cannot be dropped without the view. */
  readonly dependsOnColumns?: readonly { readonly relationOid: number; readonly columnNumber: number }[];
  /** Views: WITH CHECK OPTION. */
  readonly checkOption?: 'local' | 'cascaded' | null;
  /** Temporary tables: what COMMIT does to them. */
  readonly onCommit?: 'preserve rows' | 'delete rows' | 'drop';
  /** CREATE TABLE ... OF: the type that gives the columns. */
  readonly ofTypeOid?: number;
  /** ALTER TABLE ... REPLICA IDENTITY; absent: the primary key. */
  readonly replicaIdentity?: 'full' | 'nothing' | 'index';
  /** Its row type and that type's array type; absent for what the server makes itself. */
  readonly rowTypeOid?: number;
  readonly rowArrayTypeOid?: number;
  /** Materialized views: false after WITH NO DATA (55000 when read). */
  readonly populated?: boolean;
  /** ENABLE ROW LEVEL SECURITY: who is not its owner sees and writes the rows that its policies let through; absent: everybody all. */
  readonly rowSecurity?: true;
  /** FORCE ROW LEVEL SECURITY: so does its owner. */
  readonly forcesRowSecurity?: true;
  readonly acl?: Acl;
}

/** Access methods; gin has as many keys a row as the row has terms. */
export type IndexMethod = 'btree' | 'hash' | 'gin';
/** Their rows of pg_am. */
/** Of GiST, which indexes of exclusion constraints are said to be. */
export const GIST_OID = 783;
export const METHOD_OIDS: Readonly<Record<IndexMethod, number>> = { btree: 403, hash: 405, gin: 2742 };

export interface IndexColumn {
  /** One-based column number, or 0 for an expression. */
  readonly columnNumber: number;
  readonly expressionText: string | null;
  readonly descending: boolean;
  readonly nullsFirst: boolean;
  /** As CREATE INDEX named it; absent: the type's default. Kept for the definition only. */
  readonly operatorClass?: string;
  /** COLLATE; absent: the column's or the expression's own. The entries are in byte order, whatever it says. */
  readonly collationOid?: number;
  /** What an expression's own collation is, where it is not the default. */
  readonly ownCollationOid?: number;
  /** What an expression is called as an index's column, and its type. */
  readonly result?: { readonly name: string; readonly typeOid: number; readonly typeModifier: number };
  /** ALTER INDEX ... SET STATISTICS, of expressions; absent: default_statistics_target. */
  readonly statisticsTarget?: number;
}

export interface IndexEntry {
  readonly class: 'index';
  readonly oid: number;
  readonly name: string;
  readonly schemaOid: number;
  readonly tableOid: number;
  readonly method: IndexMethod;
  readonly unique: boolean;
  readonly nullsNotDistinct: boolean;
  readonly primary: boolean;
  readonly columns: readonly IndexColumn[];
  /** INCLUDE columns: kept for the definition only; our indexes hold row ids. */
  readonly includedColumns: readonly number[];
  readonly predicateText: string | null;
  /** The same expressions with the bodies of user-made functions in place of their calls; absent: there are none. */
  readonly bound?: { readonly columns: readonly (string | null)[]; readonly predicate: string | null };
  /** reloptions, as name=value. */
  readonly options?: readonly string[];
  /** Behind an EXCLUDE constraint: its operators by column (oids), and the access method as it was written; the index itself is ours. */
  readonly exclusion?: { readonly method: 'gist' | 'btree' | 'hash'; readonly operators: readonly number[] };
  /** What its images are kept by; absent: its oid. */
  readonly storageId?: number;
  /** CLUSTER without an index takes this one. */
  readonly clustered?: true;
  /** Its table's replica identity. */
  readonly replicaIdentity?: true;
  /** False: CREATE INDEX CONCURRENTLY has not come to its end. It is kept up to date, but nobody reads by it. */
  readonly valid?: false;
  /** False: that has failed, and the index keeps nobody from writing duplicates. */
  readonly ready?: false;
}

export type ReferentialAction = 'no action' | 'restrict' | 'cascade' | 'set null' | 'set default';

export interface ConstraintEntry {
  readonly class: 'constraint';
  readonly oid: number;
  readonly name: string;
  readonly schemaOid: number;
  readonly tableOid: number;
  readonly type: 'primary key' | 'unique' | 'check' | 'foreign key' | 'exclude';
  /** One-based column numbers of the constrained table (for CHECK: those the expression uses). */
  readonly columns: readonly number[];
  /** Index behind PRIMARY KEY and UNIQUE; for FOREIGN KEY the referenced table's. 0 for CHECK. */
  readonly indexOid: number;
  readonly checkText: string | null;
  readonly referencedTableOid: number;
  readonly referencedColumns: readonly number[];
  readonly onUpdate: ReferentialAction;
  readonly onDelete: ReferentialAction;
  /** ON DELETE SET NULL (a) / SET DEFAULT (a): only these columns; empty or absent: all. */
  readonly onDeleteColumns?: readonly number[];
  readonly matchFull: boolean;
  readonly deferrable: boolean;
  readonly initiallyDeferred: boolean;
  readonly validated: boolean;
  /** CHECK ... NO INHERIT; absent: false. */
  readonly noInherit?: boolean;
  /** FOREIGN KEY, by ALTER TABLE ... DISABLE TRIGGER ALL of its table: new references are not checked; absent: false. */
  readonly isUncheckedHere?: boolean;
  /** The same of the referenced table: its changes are neither checked nor passed on. */
  readonly isUncheckedThere?: boolean;
}

export interface SequenceEntry {
  readonly class: 'sequence';
  readonly oid: number;
  readonly name: string;
  readonly schemaOid: number;
  readonly owner: number;
  readonly typeOid: number;
  /** int8 values as decimal text, since JSON has no bigint. */
  readonly start: string;
  readonly increment: string;
  readonly minimum: string;
  readonly maximum: string;
  readonly cache: string;
  readonly cycle: boolean;
  readonly ownedByTable: number;
  readonly ownedByColumn: number;
  readonly persistence: 'permanent' | 'unlogged' | 'temporary';
  /** What storage knows it by; absent: its oid. */
  readonly storageId?: number;
  readonly acl?: Acl;
}

/** Enum, domain or composite type made by a user (its array type has oid arrayOid). */
export interface TypeEntry {
  readonly class: 'type';
  readonly oid: number;
  readonly name: string;
  readonly schemaOid: number;
  readonly owner: number;
  readonly arrayOid: number;
  readonly kind: 'enum' | 'domain' | 'composite' | 'range' | 'multirange' | 'base';
  /** Base types, which extensions make: what their values are. */
  readonly form?: BaseForm;
  /** Oid of the extension that it belongs to. */
  readonly extensionOid?: number;
  readonly labels: readonly string[];
  /** Enums: oid of each label (pg_enum.oid). */
  readonly labelOids?: readonly number[];
  /** Enums: place of each label in the order (pg_enum.enumsortorder); left out: 1, 2, 3 ... */
  readonly labelOrders?: readonly number[];
  readonly baseTypeOid: number;
  readonly baseTypeModifier: number;
  /** Domains: COLLATE; absent: the base type's. */
  readonly collationOid?: number;
  /** Domains. */
  readonly notNull?: boolean;
  readonly defaultText?: string | null;
  /** Domains: CHECK constraints over VALUE. */
  readonly checks?: readonly {
    readonly oid: number;
    readonly name: string;
    readonly text: string;
    readonly validated: boolean;
  }[];
  /** Ranges. Oids; 0 for none. */
  readonly range?: {
    readonly subtypeOid: number;
    readonly multirangeOid: number;
    readonly collationOid: number;
    readonly operatorClassOid: number;
    readonly differenceOid: number;
  };
  /** Multiranges: the range type, with which it comes and goes. */
  readonly rangeOid?: number;
  /**
   * Ranges and multiranges: the functions that make their values, by number of arguments (ranges 2, 3; multiranges 0, 1, any).
   * They keep name and schema when the type gets others.
   */
  readonly constructors?: { readonly name: string; readonly schemaOid: number; readonly oids: readonly number[] };
  /** The row type of this table or view; it comes and goes with it. */
  readonly relationOid?: number;
  /** Composites. */
  readonly attributes?: readonly {
    readonly name: string;
    readonly typeOid: number;
    readonly typeModifier: number;
    /** COLLATE; absent: the type's own. */
    readonly collationOid?: number;
    /** Absent: by its place (kept-fields.ts). */
    readonly number?: number;
  }[];
  /** Composites: the numbers that attributes have had, dropped ones too; absent: as many as there are attributes. */
  readonly attributeNumbers?: number;
  readonly acl?: Acl;
}

/** Which statements a policy is for; '*' all. As in pg_policy.polcmd. */
export type PolicyCommand = '*' | 'r' | 'a' | 'w' | 'd';

/** CREATE POLICY: which rows of a table roles see, and which they may write. */
export interface PolicyEntry {
  readonly class: 'policy';
  readonly oid: number;
  readonly name: string;
  readonly tableOid: number;
  readonly command: PolicyCommand;
  /** One of them must let a row through; of the others, which are restrictive, all. */
  readonly permissive: boolean;
  /** Oids; 0: everybody. */
  readonly roles: readonly number[];
  /** `SELECT using, check FROM table`, the one that is absent NULL; kept and shown as a view's. */
  readonly queryText: string;
  readonly viewText: string;
  readonly hasUsing: boolean;
  readonly hasCheck: boolean;
  /** As a view's. */
  readonly dependsOn: readonly number[];
  readonly dependsOnColumns: readonly { readonly relationOid: number; readonly columnNumber: number }[];
}

/** CREATE COLLATION; the built-in ones are in collations.ts. */
export interface CollationEntry {
  readonly class: 'collation';
  readonly oid: number;
  readonly name: string;
  readonly schemaOid: number;
  readonly owner: number;
  /** As in pg_collation.collprovider: default, libc, ICU. */
  readonly provider: 'd' | 'c' | 'i';
  /** ICU's locale, or libc's LC_COLLATE; null: the database's. */
  readonly locale: string | null;
  readonly ctype: string | null;
  readonly deterministic: boolean;
  /** -1: any. */
  readonly encoding: number;
  readonly version: string | null;
}

export type ParameterMode = 'in' | 'out' | 'inout' | 'variadic' | 'table';

export interface RoutineParameter {
  /** '' when it has none. */
  readonly name: string;
  /** Columns of RETURNS TABLE are parameters too. */
  readonly mode: ParameterMode;
  readonly typeOid: number;
  /** DEFAULT as SQL text (kept-types.ts); null: it must be given. */
  readonly defaultText: string | null;
}

/** How an aggregate comes to its value: oids of functions, 0 for none. */
export interface AggregateSteps {
  readonly transitionOid: number;
  readonly finalOid: number;
  /** The final function is given the arguments' types too: NULLs in place of the arguments. */
  readonly finalExtra: boolean;
  /** What the final function does to the state: as in pg_aggregate.aggfinalmodify. */
  readonly finalModify: 'r' | 's' | 'w';
  readonly stateTypeOid: number;
  readonly stateSpace: number;
  /** INITCOND: text of the state's type; null: NULL. */
  readonly initialText: string | null;
}

/** CREATE AGGREGATE: what its routine entry has beyond a function's. */
export interface AggregateDefinition extends AggregateSteps {
  readonly kind: 'normal' | 'ordered set' | 'hypothetical';
  /** Arguments before ORDER BY; of normal ones 0. */
  readonly directCount: number;
  readonly combineOid: number;
  readonly serializeOid: number;
  readonly deserializeOid: number;
  readonly sortOperatorOid: number;
  /** As moving aggregate, over frames whose start moves. */
  readonly moving: (AggregateSteps & { readonly inverseOid: number }) | null;
}

/** CREATE FUNCTION, CREATE PROCEDURE and CREATE AGGREGATE. */
export interface RoutineEntry {
  readonly class: 'routine';
  readonly oid: number;
  readonly name: string;
  readonly schemaOid: number;
  readonly owner: number;
  readonly kind: 'function' | 'procedure' | 'aggregate';
  /** internal: of aggregates, and of functions of extensions: bodyText is then the internal name of a built-in one. */
  readonly language: 'sql' | 'internal';
  readonly aggregate?: AggregateDefinition;
  readonly parameters: readonly RoutineParameter[];
  /** RECORD with several OUT parameters; VOID of procedures without any. */
  readonly returnTypeOid: number;
  readonly returnsSet: boolean;
  readonly volatility: 'immutable' | 'stable' | 'volatile';
  readonly strict: boolean;
  readonly leakproof: boolean;
  readonly securityDefiner: boolean;
  readonly parallel: 'safe' | 'restricted' | 'unsafe';
  readonly cost: number;
  /** Estimated rows of a set; 0 where there is none. */
  readonly rows: number;
  /** SET: name=value. */
  readonly settings: readonly string[];
  /** AS '...': SQL text as it was written, bound anew by each session; '' with a body of its own grammar. */
  readonly bodyText: string;
  /** RETURN expr, or BEGIN ATOMIC: the statements, bound to what they named when it was made (kept texts); null: bodyText. */
  readonly statements: readonly string[] | null;
  /** The same as it was understood (kept text), which pg_get_functiondef prints. */
  readonly shownBody?: string;
  /** Relations and sequences that such a body reads. */
  readonly dependsOn: readonly number[];
  readonly acl?: Acl;
  /** Oid of the extension that it belongs to. */
  readonly extensionOid?: number;
}

/** CREATE EXTENSION of one of extensions/available.ts. */
export interface ExtensionEntry {
  readonly class: 'extension';
  readonly oid: number;
  readonly name: string;
  /** Where its members are. */
  readonly schemaOid: number;
  readonly owner: number;
  readonly version: string;
}

/** CREATE OPERATOR. */
export interface OperatorDefinition {
  readonly class: 'operator';
  readonly oid: number;
  readonly name: string;
  readonly schemaOid: number;
  readonly owner: number;
  /** 0 for a prefix operator. */
  readonly leftTypeOid: number;
  readonly rightTypeOid: number;
  /** 0 of a shell: an operator that another one names as its commutator or negator, and that is not there yet. */
  readonly resultTypeOid: number;
  readonly functionOid: number;
  /** Oids; 0 for none. */
  readonly commutatorOid: number;
  readonly negatorOid: number;
  readonly restrictOid: number;
  readonly joinOid: number;
  readonly hashes: boolean;
  readonly merges: boolean;
  /** Oid of the extension that it belongs to. */
  readonly extensionOid?: number;
}

/** CREATE CAST. */
export interface CastDefinition {
  readonly class: 'cast';
  readonly oid: number;
  readonly sourceTypeOid: number;
  readonly targetTypeOid: number;
  readonly context: 'implicit' | 'assignment' | 'explicit';
  /** binary: the same value; inout: through its text. */
  readonly method: 'function' | 'binary' | 'inout';
  /** 0 for other methods. */
  readonly functionOid: number;
  /** Oid of the extension that it belongs to. */
  readonly extensionOid?: number;
}

/** CREATE TEXT SEARCH CONFIGURATION; the built-in ones, and those of the other kinds, are in text-search.ts. */
export interface SearchConfigurationEntry {
  readonly class: 'searchConfiguration';
  readonly oid: number;
  readonly name: string;
  readonly schemaOid: number;
  readonly owner: number;
  readonly parserOid: number;
  /** Which dictionaries are asked for tokens of a type, in this order; sorted by token type. */
  readonly mappings: readonly SearchMapping[];
}

export interface SearchMapping {
  readonly tokenType: number;
  readonly dictionaryOids: readonly number[];
}

/** CREATE TEXT SEARCH DICTIONARY. */
export interface SearchDictionaryEntry {
  readonly class: 'searchDictionary';
  readonly oid: number;
  readonly name: string;
  readonly schemaOid: number;
  readonly owner: number;
  readonly templateOid: number;
  readonly options: readonly SearchOption[];
  /** Files that its options name, as they were when it was made or last altered: deflated, in base64. By name with extension. */
  readonly files: Readonly<Record<string, string>>;
  /** Of a thesaurus: the dictionary that its words go through; 0: none. */
  readonly innerOid: number;
  /** Oid of the extension that it belongs to. */
  readonly extensionOid?: number;
}

export interface SearchOption {
  readonly name: string;
  readonly value: string;
  /** Written without quotes. */
  readonly isNumber: boolean;
}

/** CREATE TEXT SEARCH PARSER: the default parser's functions by another name. There is no owner. */
export interface SearchParserEntry {
  readonly class: 'searchParser';
  readonly oid: number;
  readonly name: string;
  readonly schemaOid: number;
  /** start, gettoken, end, headline (0: none), lextypes. */
  readonly functionOids: readonly number[];
}

/** CREATE TEXT SEARCH TEMPLATE. There is no owner. */
export interface SearchTemplateEntry {
  readonly class: 'searchTemplate';
  readonly oid: number;
  readonly name: string;
  readonly schemaOid: number;
  /** What its dictionaries do, by the functions' names in PostgreSQL. */
  readonly method: SearchMethod;
  /** 0: none; dictionaries have no options then. */
  readonly initOid: number;
  readonly lexizeOid: number;
  readonly extensionOid?: number;
}

export type SearchMethod = 'simple' | 'synonym' | 'ispell' | 'thesaurus' | 'snowball' | 'unaccent';

export type SearchEntry = SearchConfigurationEntry | SearchDictionaryEntry | SearchParserEntry | SearchTemplateEntry;

/** Rights on what the system made and no entry stands for: catalogs, functions, types, languages. */
export interface SystemRightsEntry {
  readonly class: 'systemRights';
  /** The object's: those of built-in objects are different among all kinds. */
  readonly oid: number;
  readonly objectClass: 'relation' | 'routine' | 'type' | 'language';
  readonly acl?: Acl;
  /** By column name. */
  readonly columns?: Readonly<Record<string, Acl>>;
}

/** ALTER DEFAULT PRIVILEGES: what a role's new objects of a kind begin with. */
export interface DefaultRightsEntry {
  readonly class: 'defaultRights';
  readonly oid: number;
  readonly roleOid: number;
  /** 0: in all schemas. With a schema the list adds to what the object begins with elsewhere; without it stands for it. */
  readonly schemaOid: number;
  readonly objectType: 'table' | 'sequence' | 'function' | 'type' | 'schema';
  readonly acl: Acl;
}

/** COMMENT ON: keyed by class and oid of the object, and column number (0 for the object itself). */
export interface CommentEntry {
  readonly class: 'comment';
  readonly oid: number;
  readonly objectClass: EntryClass;
  readonly objectOid: number;
  readonly columnNumber: number;
  readonly text: string;
}

/** Values are kept in the types' text form. */
export interface AnalyzedColumn {
  /** Column number, or, of an index or a statistics object, the place of the key or expression. */
  readonly number: number;
  /** Values of another type than the column has now say nothing. */
  readonly typeOid: number;
  readonly nullFraction: number;
  readonly averageWidth: number;
  readonly distinct: number;
  readonly common: readonly string[];
  readonly frequencies: readonly number[];
  readonly histogram: readonly string[];
  readonly correlation: number;
  /** Of arrays and tsvectors. */
  readonly elements?: Omit<ElementStatistics, 'values'> & { readonly values: readonly string[] };
}

export interface AnalyzedGroup {
  readonly statisticsOid: number;
  /** Members: numbers of columns, then -1, -2 ... for expressions. */
  readonly columns: readonly number[];
  readonly distinct: readonly { readonly columns: readonly number[]; readonly distinct: number }[] | null;
  readonly dependencies:
    | readonly { readonly from: readonly number[]; readonly to: number; readonly degree: number }[]
    | null;
  readonly common:
    | readonly {
        readonly values: readonly (string | null)[];
        readonly frequency: number;
        readonly baseFrequency: number;
      }[]
    | null;
}

/** What ANALYZE found in a table; its oid is the table's. */
export interface AnalysisEntry {
  readonly class: 'analysis';
  readonly oid: number;
  readonly columns: readonly AnalyzedColumn[];
  /** Of indexes with expressions. */
  readonly indexes: readonly { readonly indexOid: number; readonly keys: readonly AnalyzedColumn[] }[];
  readonly groups: readonly AnalyzedGroup[];
  /** Of expressions of statistics objects; absent: of none. */
  readonly expressions?: readonly { readonly statisticsOid: number; readonly keys: readonly AnalyzedColumn[] }[];
}

/** CREATE STATISTICS. */
export interface StatisticsEntry {
  readonly class: 'statistics';
  readonly oid: number;
  readonly name: string;
  readonly schemaOid: number;
  readonly owner: number;
  readonly tableOid: number;
  /** Column numbers, ascending. */
  readonly columns: readonly number[];
  /** What else it is over; where members are numbered, after the columns: -1, -2 and so on. Absent: nothing. */
  readonly expressions?: readonly StatisticsExpression[];
  readonly kinds: readonly StatisticsKind[];
  /** ALTER STATISTICS ... SET STATISTICS; -1: default_statistics_target. */
  readonly target: number;
}

export interface StatisticsExpression {
  readonly text: string;
  readonly typeOid: number;
}

/** As in pg_statistic_ext.stxkind: ndistinct, functional dependencies, most common values; expressions, each by itself. */
export type StatisticsKind = 'd' | 'f' | 'm' | 'e';

/** Roles and databases are shared by all databases of a server. */
export interface RoleEntry {
  readonly class: 'role';
  readonly oid: number;
  readonly name: string;
  readonly superuser: boolean;
  readonly canLogin: boolean;
  readonly createDb: boolean;
  readonly createRole: boolean;
  readonly inherit: boolean;
  readonly replication: boolean;
  readonly bypassRls: boolean;
  readonly connectionLimit: number;
  /** SCRAM verifier, or null. */
  readonly password: string | null;
  readonly validUntil: string | null;
  readonly memberOf: readonly number[];
  /** Of those, the ones that it may give to others (WITH ADMIN OPTION); absent: none. */
  readonly adminOf?: readonly number[];
  /** Who gave each of those, by oid; absent: the bootstrap superuser. */
  readonly memberGrantors?: Readonly<Record<number, number>>;
}

export interface DatabaseEntry {
  readonly class: 'database';
  readonly oid: number;
  readonly name: string;
  readonly owner: number;
  readonly allowConnections: boolean;
  readonly connectionLimit: number;
  readonly isTemplate: boolean;
  readonly acl?: Acl;
}

/** ALTER DATABASE/ROLE ... SET name = value. */
export interface SettingEntry {
  readonly class: 'setting';
  readonly oid: number;
  readonly databaseOid: number;
  readonly roleOid: number;
  readonly name: string;
  readonly value: string;
}

/** GRANT ... ON PARAMETER: shared by all databases. */
export interface ParameterRightsEntry {
  readonly class: 'parameterRights';
  readonly oid: number;
  /** In lower case. */
  readonly name: string;
  readonly acl: Acl;
}

export type CatalogEntry =
  | SchemaEntry
  | RelationEntry
  | IndexEntry
  | ConstraintEntry
  | SequenceEntry
  | TypeEntry
  | CommentEntry
  | RoleEntry
  | DatabaseEntry
  | SettingEntry
  | ParameterRightsEntry
  | AnalysisEntry
  | StatisticsEntry
  | PolicyEntry
  | CollationEntry
  | RoutineEntry
  | ExtensionEntry
  | OperatorDefinition
  | CastDefinition
  | SearchEntry
  | SystemRightsEntry
  | DefaultRightsEntry;

/** What shares the namespace of relations. */
export type NamedEntry = RelationEntry | IndexEntry | SequenceEntry;

/** Oids below this are built in (pg_catalog objects, types, functions). */
export const FIRST_NORMAL_OID = 16384;
export const PG_CATALOG_SCHEMA_OID = 11;
export const PUBLIC_SCHEMA_OID = 2200;
export const INFORMATION_SCHEMA_OID = 13207;
/** The bootstrap superuser `postgres`. */
export const BOOTSTRAP_ROLE_OID = 10;
