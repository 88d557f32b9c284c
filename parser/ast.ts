/**
 * The AST: what parse() answers. Plain read-only nodes, discriminated by `kind`.
 *
 * Conventions
 *  - `position` is the zero-based UTF-16 offset of the node's place in the text that PostgreSQL would point at; -1 when the
 *    node was made up. errorPosition() in index.ts turns it into the one-based character position of an error.
 *  - Qualified names are string arrays, outermost first: ['public', 't'].
 *  - Identifiers are already folded to lower case and cut to 63 bytes, unless quoted.
 *  - `literalIndex`: ordinal of the literal among the literals that statementShape() lifts from the same text; -1 when the
 *    literal is not lifted (bit strings, U&'' and N'' strings, made-up literals, positions of ORDER BY and GROUP BY, and the two numbers
 *    2147483648 and 9223372036854775808, whose type depends on a minus sign before them).
 *  - Special syntax becomes what PostgreSQL makes of it: EXTRACT(f FROM x) is pg_catalog.extract('f', x), AT TIME ZONE is
 *    pg_catalog.timezone(zone, x), and so on; `sqlSyntax` on the call says so, for printing.
 *
 * Expressions, queries and data modification are here; ast-ddl.ts and ast-utility.ts have the rest.
 *
 * Long, as it is the list of all nodes but those of ast-ddl.ts and ast-utility.ts.
 */
import type { DdlStatement } from './ast-ddl.ts';
import type { UtilityStatement } from './ast-utility.ts';

export type * from './ast-ddl.ts';
export type * from './ast-utility.ts';

export type QualifiedName = readonly string[];

interface Node {
  readonly position: number;
}

/** One statement of a text. `start`/`end`: UTF-16 offsets of its own text, without the semicolon and outer white space. */
export interface Statement {
  readonly node: StatementNode;
  readonly start: number;
  readonly end: number;
  /** Ordinals of the first lifted literal of this statement and of the first after it. */
  readonly literalStart: number;
  readonly literalEnd: number;
  /** Highest $n used, 0 when none. */
  readonly parameterCount: number;
}

export type StatementNode = QueryStatement | DdlStatement | UtilityStatement;
/** What may stand in WITH, EXPLAIN, PREPARE, COPY (...), CREATE RULE. */
export type QueryStatement = Query | InsertStatement | UpdateStatement | DeleteStatement | MergeStatement;

// ---------------------------------------------------------------------------------------------------- expressions

export interface IntegerLiteral extends Node {
  readonly kind: 'integer';
  /** number while a safe integer, bigint to the end of int8. A minus sign before a number is part of the literal. */
  readonly value: number | bigint;
  /** The value is minus the lifted literal's. */
  readonly negative: boolean;
  readonly literalIndex: number;
}
/** With a decimal point or exponent, or an integer beyond int8. */
export interface NumericLiteral extends Node {
  readonly kind: 'numeric';
  /** As written, with a leading '-' when negative. */
  readonly value: string;
  readonly negative: boolean;
  readonly literalIndex: number;
}
export interface StringLiteral extends Node {
  readonly kind: 'string';
  readonly value: string;
  readonly literalIndex: number;
}
/** value: 'b0101' or 'x1f', as PostgreSQL keeps it. */
export interface BitStringLiteral extends Node {
  readonly kind: 'bitString';
  readonly value: string;
}
export interface BooleanLiteral extends Node {
  readonly kind: 'boolean';
  readonly value: boolean;
}
export interface NullLiteral extends Node {
  readonly kind: 'null';
}
/** $n; number counts from 1. */
export interface ParamRef extends Node {
  readonly kind: 'param';
  readonly number: number;
}
/** a, t.a, s.t.a; star: `*` (name empty), `t.*` (name ['t']). */
export interface ColumnRef extends Node {
  readonly kind: 'columnRef';
  readonly name: QualifiedName;
  readonly star: boolean;
}
/** Binary, or prefix when left is null. position is the operator's. schema: from OPERATOR(schema.op). `<>` for `!=`. */
export interface OperatorExpr extends Node {
  readonly kind: 'operator';
  readonly operator: string;
  readonly schema: string | null;
  readonly left: Expression | null;
  readonly right: Expression;
}
/** Flattened: a AND b AND c has three args. */
export interface LogicExpr extends Node {
  readonly kind: 'and' | 'or';
  readonly args: readonly Expression[];
}
export interface NotExpr extends Node {
  readonly kind: 'not';
  readonly arg: Expression;
}
/** operator: the one PostgreSQL uses for it is ~~, ~~*, or ~ with similar_to_escape(pattern, escape). */
export interface LikeExpr extends Node {
  readonly kind: 'like';
  readonly operator: 'like' | 'ilike' | 'similar';
  readonly negated: boolean;
  readonly left: Expression;
  readonly pattern: Expression;
  readonly escape: Expression | null;
}
export interface BetweenExpr extends Node {
  readonly kind: 'between';
  readonly arg: Expression;
  readonly lower: Expression;
  readonly upper: Expression;
  readonly symmetric: boolean;
  readonly negated: boolean;
}
export interface InListExpr extends Node {
  readonly kind: 'inList';
  readonly arg: Expression;
  readonly list: readonly Expression[];
  readonly negated: boolean;
}
export interface InSubqueryExpr extends Node {
  readonly kind: 'inSubquery';
  readonly arg: Expression;
  readonly query: Query;
  readonly negated: boolean;
}
/** left op ANY/ALL (array). LIKE ANY arrives with operator ~~, NOT ILIKE ALL with !~~*. */
export interface QuantifiedArrayExpr extends Node {
  readonly kind: 'quantifiedArray';
  readonly operator: string;
  readonly schema: string | null;
  readonly all: boolean;
  readonly left: Expression;
  readonly array: Expression;
}
export interface QuantifiedSubqueryExpr extends Node {
  readonly kind: 'quantifiedSubquery';
  readonly operator: string;
  readonly schema: string | null;
  readonly all: boolean;
  readonly left: Expression;
  readonly query: Query;
}
export interface IsNullExpr extends Node {
  readonly kind: 'isNull';
  readonly arg: Expression;
  readonly negated: boolean;
}
export interface BooleanTestExpr extends Node {
  readonly kind: 'booleanTest';
  readonly arg: Expression;
  readonly test: 'true' | 'false' | 'unknown';
  readonly negated: boolean;
}
export interface IsDistinctExpr extends Node {
  readonly kind: 'isDistinct';
  readonly left: Expression;
  readonly right: Expression;
  readonly negated: boolean;
}
export interface IsNormalizedExpr extends Node {
  readonly kind: 'isNormalized';
  readonly arg: Expression;
  readonly form: 'nfc' | 'nfd' | 'nfkc' | 'nfkd' | null;
  readonly negated: boolean;
}
export interface IsDocumentExpr extends Node {
  readonly kind: 'isDocument';
  readonly arg: Expression;
  readonly negated: boolean;
}
/** a_expr AS name; name null: none is written, and the value is a column, or (of XMLNAMESPACES) it is the default. */
export interface NamedExpression extends Node {
  readonly value: Expression;
  readonly name: string | null;
}
export type XmlStandalone = 'yes' | 'no' | 'no value';
/** XMLELEMENT, XMLFOREST, XMLCONCAT, XMLPARSE, XMLPI, XMLROOT, XMLSERIALIZE. */
export interface XmlExpr extends Node {
  readonly kind: 'xml';
  readonly form: 'element' | 'forest' | 'concat' | 'parse' | 'pi' | 'root' | 'serialize';
  /** Of an element, or the target of a processing instruction. */
  readonly name: string | null;
  /** The attributes of an element, the elements of a forest. */
  readonly named: readonly NamedExpression[];
  /** root: value and version. */
  readonly args: readonly Expression[];
  /** parse, serialize: DOCUMENT. */
  readonly isDocument: boolean;
  /** parse: PRESERVE WHITESPACE. */
  readonly preservesSpace: boolean;
  /** root */
  readonly standalone: XmlStandalone | null;
  /** serialize */
  readonly type: TypeName | null;
}
export interface ExistsExpr extends Node {
  readonly kind: 'exists';
  readonly query: Query;
}
/** (SELECT ...) as a value. */
export interface ScalarSubqueryExpr extends Node {
  readonly kind: 'scalarSubquery';
  readonly query: Query;
}
export interface ArraySubqueryExpr extends Node {
  readonly kind: 'arraySubquery';
  readonly query: Query;
}
/** ARRAY[...]; an element of a nested bare [...] is an ArrayExpr too. */
export interface ArrayExpr extends Node {
  readonly kind: 'array';
  readonly elements: readonly Expression[];
}
/** explicit: ROW(...); else (a, b, ...). */
export interface RowExpr extends Node {
  readonly kind: 'row';
  readonly fields: readonly Expression[];
  readonly explicit: boolean;
}
export interface Subscript {
  readonly isSlice: boolean;
  /** Null for an index, or a slice without lower bound. */
  readonly lower: Expression | null;
  /** The index of a plain subscript; null for a slice without upper bound. */
  readonly upper: Expression | null;
}
export interface SubscriptExpr extends Node {
  readonly kind: 'subscript';
  readonly base: Expression;
  readonly subscripts: readonly Subscript[];
}
/** (x).field */
export interface FieldExpr extends Node {
  readonly kind: 'field';
  readonly base: Expression;
  readonly field: string;
}
/** (x).* */
export interface FieldStarExpr extends Node {
  readonly kind: 'fieldStar';
  readonly base: Expression;
}
export interface CaseBranch extends Node {
  readonly when: Expression;
  readonly result: Expression;
}
export interface CaseExpr extends Node {
  readonly kind: 'case';
  readonly subject: Expression | null;
  readonly branches: readonly CaseBranch[];
  readonly otherwise: Expression | null;
}
/** OVER name */
export interface WindowName extends Node {
  readonly kind: 'windowName';
  readonly name: string;
}
export interface FunctionCall extends Node {
  readonly kind: 'function';
  readonly name: QualifiedName;
  readonly args: readonly Expression[];
  /** Null when no argument is named; else one entry per argument, null for positional ones. */
  readonly argNames: readonly (string | null)[] | null;
  /** count(*) */
  readonly star: boolean;
  readonly distinct: boolean;
  /** The last argument is VARIADIC. */
  readonly variadic: boolean;
  /** ORDER BY inside the parentheses, or of WITHIN GROUP. */
  readonly orderBy: readonly OrderItem[];
  readonly withinGroup: boolean;
  readonly filter: Expression | null;
  /** OVER name, or OVER (...). */
  readonly over: WindowName | WindowSpec | null;
  /** Written in its special syntax: extract, position, substring, trim, overlay, timezone, overlaps, normalize, collation for. */
  readonly sqlSyntax: boolean | 'similar';
}
export interface CoalesceExpr extends Node {
  readonly kind: 'coalesce';
  readonly args: readonly Expression[];
}
export interface NullIfExpr extends Node {
  readonly kind: 'nullIf';
  readonly left: Expression;
  readonly right: Expression;
}
export interface MinMaxExpr extends Node {
  readonly kind: 'greatest' | 'least';
  readonly args: readonly Expression[];
}
export type SqlValueFunctionName =
  | 'current_date'
  | 'current_time'
  | 'current_timestamp'
  | 'localtime'
  | 'localtimestamp'
  | 'current_role'
  | 'current_user'
  | 'user'
  | 'session_user'
  | 'current_catalog'
  | 'current_schema';
export interface SqlValueFunction extends Node {
  readonly kind: 'sqlValue';
  readonly function: SqlValueFunctionName;
  /** CURRENT_TIMESTAMP(3); null when not given. */
  readonly precision: number | null;
}
export interface GroupingExpr extends Node {
  readonly kind: 'grouping';
  readonly args: readonly Expression[];
}
export interface CollateExpr extends Node {
  readonly kind: 'collate';
  readonly arg: Expression;
  readonly collation: QualifiedName;
}
/** CAST(x AS t), x::t (position: of the operator), and t 'text' (form prefix; arg is a StringLiteral). */
export interface CastExpr extends Node {
  readonly kind: 'cast';
  readonly arg: Expression;
  readonly type: TypeName;
  readonly form: 'cast' | 'colons' | 'prefix';
}
/** DEFAULT, in INSERT's VALUES and UPDATE's SET only. */
export interface DefaultExpr extends Node {
  readonly kind: 'default';
}
/** WHERE CURRENT OF cursor. */
export interface CurrentOfExpr extends Node {
  readonly kind: 'currentOf';
  readonly cursor: string;
}

export type Literal = IntegerLiteral | NumericLiteral | StringLiteral | BitStringLiteral | BooleanLiteral | NullLiteral;

export type Expression =
  | Literal
  | ParamRef
  | ColumnRef
  | OperatorExpr
  | LogicExpr
  | NotExpr
  | LikeExpr
  | BetweenExpr
  | InListExpr
  | InSubqueryExpr
  | QuantifiedArrayExpr
  | QuantifiedSubqueryExpr
  | IsNullExpr
  | BooleanTestExpr
  | IsDistinctExpr
  | IsNormalizedExpr
  | IsDocumentExpr
  | XmlExpr
  | ExistsExpr
  | ScalarSubqueryExpr
  | ArraySubqueryExpr
  | ArrayExpr
  | RowExpr
  | SubscriptExpr
  | FieldExpr
  | FieldStarExpr
  | CaseExpr
  | FunctionCall
  | CoalesceExpr
  | NullIfExpr
  | MinMaxExpr
  | SqlValueFunction
  | GroupingExpr
  | CollateExpr
  | CastExpr
  | DefaultExpr
  | CurrentOfExpr;

/**
 * A type as written. Types with a spelling of their own are named as in pg_type: int is ['pg_catalog', 'int4'], double
 * precision float8, varchar(5) ['pg_catalog', 'varchar'] with modifiers [5], char bpchar with [1], timestamp with time zone
 * timestamptz. Other names stay as written.
 */
export interface TypeName extends Node {
  readonly kind: 'typeName';
  readonly name: QualifiedName;
  readonly modifiers: readonly Expression[];
  /** interval day to second(3): fields 'day to second', modifiers [3]. Null: no field restriction. */
  readonly intervalFields: string | null;
  /** One entry per dimension, -1 when no size was written. Empty: not an array. */
  readonly arrayDimensions: readonly number[];
  readonly setOf: boolean;
  /** float(n): index of the literal n, which has decided the name (-1 when it was not lifted). */
  readonly nameLiteral?: number;
  /** name%TYPE: name is the qualified column. */
  readonly percentType: boolean;
}

/** Its position is that of the operator after USING, or its own. */
export interface OrderItem extends Node {
  readonly expr: Expression;
  readonly direction: 'asc' | 'desc' | 'using' | null;
  /** USING operator (qualified: schema first). */
  readonly using: QualifiedName | null;
  readonly nulls: 'first' | 'last' | null;
}

export interface FrameBound {
  readonly kind: 'unboundedPreceding' | 'preceding' | 'currentRow' | 'following' | 'unboundedFollowing';
  /** Set for preceding and following. */
  readonly offset: Expression | null;
}
export interface WindowFrame extends Node {
  readonly mode: 'rows' | 'range' | 'groups';
  readonly start: FrameBound;
  /** currentRow when BETWEEN was not written. */
  readonly end: FrameBound;
  readonly exclude: 'no others' | 'current row' | 'group' | 'ties';
}
export interface WindowSpec extends Node {
  readonly kind: 'windowSpec';
  /** (base ...): an existing window that this one refines. */
  readonly base: string | null;
  readonly partitionBy: readonly Expression[];
  readonly orderBy: readonly OrderItem[];
  readonly frame: WindowFrame | null;
}

// -------------------------------------------------------------------------------------------------------- queries

/** SELECT, VALUES, TABLE, and set operations over them, with what may follow. */
export interface Query extends Node {
  readonly kind: 'query';
  readonly with: WithClause | null;
  readonly body: SelectBody | SetOperation | ValuesBody;
  readonly orderBy: readonly OrderItem[];
  /** LIMIT ALL is a NullLiteral, no limit at all is null. */
  readonly limit: Expression | null;
  readonly limitWithTies: boolean;
  readonly offset: Expression | null;
  readonly locking: readonly LockingClause[];
}

export interface SelectTarget extends Node {
  /** `*` and `t.*` are ColumnRefs with star. */
  readonly expr: Expression;
  readonly alias: string | null;
}

export interface SelectBody extends Node {
  readonly kind: 'select';
  /** Null: no DISTINCT. 'all': plain DISTINCT. Else the expressions of DISTINCT ON. */
  readonly distinct: 'all' | readonly Expression[] | null;
  readonly targets: readonly SelectTarget[];
  readonly into: IntoClause | null;
  readonly from: readonly FromItem[];
  readonly where: Expression | null;
  /** Null: no GROUP BY. */
  readonly groupBy: GroupByClause | null;
  readonly having: Expression | null;
  readonly windows: readonly { readonly name: string; readonly spec: WindowSpec }[];
  /** AS OF SYSTEM TIME: only there if it was written. The statement's, so it may stand in one of its outermost selects only. */
  readonly asOf?: Expression;
}

export interface GroupByClause extends Node {
  readonly distinct: boolean;
  readonly items: readonly GroupByItem[];
}
/** Plain expressions are 'expr'; `()` is 'empty'. Rollup and cube hold expressions, where (a, b) is a row. */
export type GroupByItem =
  | { readonly kind: 'expr'; readonly expr: Expression; readonly position: number }
  | { readonly kind: 'empty'; readonly position: number }
  | { readonly kind: 'rollup' | 'cube'; readonly args: readonly Expression[]; readonly position: number }
  | { readonly kind: 'groupingSets'; readonly sets: readonly GroupByItem[]; readonly position: number };

export interface SetOperation extends Node {
  readonly kind: 'setOperation';
  readonly operator: 'union' | 'intersect' | 'except';
  readonly all: boolean;
  /** Operands without clauses of their own are Queries with empty orderBy and so on. */
  readonly left: Query;
  readonly right: Query;
}

/** DEFAULT may appear in a row when this is an INSERT's source. */
export interface ValuesBody extends Node {
  readonly kind: 'values';
  readonly rows: readonly (readonly Expression[])[];
}

export interface WithClause extends Node {
  readonly recursive: boolean;
  readonly ctes: readonly CommonTableExpr[];
}
export interface CommonTableExpr extends Node {
  readonly name: string;
  readonly columns: readonly string[];
  /** AS [NOT] MATERIALIZED; null when not said. */
  readonly materialized: boolean | null;
  readonly query: QueryStatement;
  readonly search: {
    readonly breadthFirst: boolean;
    readonly columns: readonly string[];
    readonly sequenceColumn: string;
    readonly position: number;
  } | null;
  readonly cycle: {
    readonly columns: readonly string[];
    readonly markColumn: string;
    readonly markValue: Expression | null;
    readonly markDefault: Expression | null;
    readonly pathColumn: string;
    readonly position: number;
  } | null;
}

export interface IntoClause extends Node {
  readonly name: QualifiedName;
  readonly persistence: Persistence;
}
export type Persistence = 'permanent' | 'temporary' | 'unlogged';

export interface LockingClause extends Node {
  readonly strength: 'update' | 'no key update' | 'share' | 'key share';
  readonly of: readonly RelationName[];
  readonly wait: 'wait' | 'nowait' | 'skip locked';
}

export interface Alias {
  readonly name: string;
  readonly columns: readonly string[];
}

/** A relation as DML and utility statements name it. */
export interface RelationName extends Node {
  readonly name: QualifiedName;
  /** ONLY t */
  readonly only: boolean;
}

export interface TableRef extends Node {
  readonly kind: 'table';
  readonly name: QualifiedName;
  readonly only: boolean;
  readonly alias: Alias | null;
  readonly sample: TableSample | null;
}
export interface TableSample extends Node {
  readonly method: QualifiedName;
  readonly args: readonly Expression[];
  readonly repeatable: Expression | null;
}
export interface SubqueryRef extends Node {
  readonly kind: 'subqueryRef';
  readonly query: Query;
  readonly lateral: boolean;
  readonly alias: Alias | null;
}
export interface ColumnDefinitionItem extends Node {
  readonly name: string;
  readonly type: TypeName;
  readonly collation: QualifiedName | null;
  /** Of COLLATE; -1: there is none. */
  readonly collationPosition: number;
}
/** f(...), or ROWS FROM (f(...) AS (coldefs), g(...)). The call may be any function-like expression (CURRENT_DATE, COALESCE). */
export interface FromCall {
  readonly call: Expression;
  readonly columnDefs: readonly ColumnDefinitionItem[];
  /** In a kept query, where the function gives rows of a composite type: which, and how many columns it had (kept-rows.ts). */
  readonly row?: KeptRow;
}
export interface KeptRow {
  readonly typeOid: number;
  readonly columnCount: number;
}
export interface FunctionRef extends Node {
  readonly kind: 'functionRef';
  readonly functions: readonly FromCall[];
  readonly rowsFrom: boolean;
  readonly lateral: boolean;
  readonly ordinality: boolean;
  readonly alias: Alias | null;
  /** f(...) AS alias (a int, b text) */
  readonly columnDefs: readonly ColumnDefinitionItem[];
}
export interface JoinRef extends Node {
  readonly kind: 'join';
  readonly joinType: 'inner' | 'left' | 'right' | 'full' | 'cross';
  readonly natural: boolean;
  readonly left: FromItem;
  readonly right: FromItem;
  readonly using: readonly string[] | null;
  /** USING (...) AS name */
  readonly usingAlias: string | null;
  readonly on: Expression | null;
  /** (a JOIN b ...) AS name */
  readonly alias: Alias | null;
}
export interface XmlTableColumn extends Node {
  readonly name: string;
  /** Null: FOR ORDINALITY. */
  readonly type: TypeName | null;
  readonly path: Expression | null;
  readonly default: Expression | null;
  readonly isNotNull: boolean;
}
/** XMLTABLE(XMLNAMESPACES(...), row path PASSING document COLUMNS ...) */
export interface XmlTableRef extends Node {
  readonly kind: 'xmlTable';
  readonly namespaces: readonly NamedExpression[];
  readonly rowPath: Expression;
  readonly document: Expression;
  readonly columns: readonly XmlTableColumn[];
  readonly lateral: boolean;
  readonly alias: Alias | null;
}
export type FromItem = TableRef | SubqueryRef | FunctionRef | XmlTableRef | JoinRef;

// ---------------------------------------------------------------------------------------------- data modification

/** A column to assign to: a, a[1], a.f. */
export interface AssignmentTarget extends Node {
  readonly column: string;
  readonly indirection: readonly (
    | { readonly kind: 'field'; readonly field: string }
    | { readonly kind: 'subscript'; readonly subscript: Subscript }
  )[];
}

export interface InsertStatement extends Node {
  readonly kind: 'insert';
  readonly with: WithClause | null;
  readonly table: QualifiedName;
  readonly tablePosition: number;
  readonly alias: string | null;
  /** Null: no column list. */
  readonly columns: readonly AssignmentTarget[] | null;
  readonly overriding: 'system' | 'user' | null;
  /** Null: DEFAULT VALUES. */
  readonly source: Query | null;
  readonly onConflict: OnConflictClause | null;
  /** Empty: no RETURNING. */
  readonly returning: readonly SelectTarget[];
}

export interface OnConflictClause extends Node {
  readonly target:
    | {
        readonly kind: 'inference';
        readonly position: number;
        readonly elements: readonly IndexElement[];
        readonly where: Expression | null;
      }
    | { readonly kind: 'constraint'; readonly name: string; readonly position: number }
    | null;
  readonly action: 'nothing' | 'update';
  readonly assignments: readonly Assignment[];
  readonly where: Expression | null;
}

/** A column or expression of an index, of ON CONFLICT, of a partition key (without the ordering parts). */
export interface IndexElement extends Node {
  /** Exactly one of column and expr is set. */
  readonly column: string | null;
  readonly expr: Expression | null;
  readonly collation: QualifiedName | null;
  readonly operatorClass: QualifiedName | null;
  readonly operatorClassOptions: readonly Option[];
  readonly direction: 'asc' | 'desc' | null;
  readonly nulls: 'first' | 'last' | null;
}

export type Assignment =
  | {
      readonly kind: 'assign';
      readonly target: AssignmentTarget;
      readonly value: Expression;
      readonly position: number;
    }
  /** (a, b) = ROW(...) / (...) / (SELECT ...) */
  | {
      readonly kind: 'multiAssign';
      readonly targets: readonly AssignmentTarget[];
      readonly value: Expression;
      readonly position: number;
    };

export interface UpdateStatement extends Node {
  readonly kind: 'update';
  readonly with: WithClause | null;
  readonly table: TableRef;
  readonly assignments: readonly Assignment[];
  readonly from: readonly FromItem[];
  /** CURRENT OF is a CurrentOfExpr, only here and in DELETE. */
  readonly where: Expression | null;
  readonly returning: readonly SelectTarget[];
}

export interface DeleteStatement extends Node {
  readonly kind: 'delete';
  readonly with: WithClause | null;
  readonly table: TableRef;
  readonly using: readonly FromItem[];
  readonly where: Expression | null;
  readonly returning: readonly SelectTarget[];
}

export type MergeAction =
  | { readonly kind: 'update'; readonly assignments: readonly Assignment[] }
  | { readonly kind: 'delete' }
  | { readonly kind: 'nothing' }
  | {
      readonly kind: 'insert';
      readonly columns: readonly AssignmentTarget[] | null;
      readonly overriding: 'system' | 'user' | null;
      /** Null: DEFAULT VALUES. */
      readonly values: readonly Expression[] | null;
    };
export interface MergeStatement extends Node {
  readonly kind: 'merge';
  readonly with: WithClause | null;
  readonly table: TableRef;
  readonly source: FromItem;
  readonly on: Expression;
  readonly clauses: readonly {
    readonly matched: boolean;
    readonly condition: Expression | null;
    readonly action: MergeAction;
    readonly position: number;
  }[];
}

/** name = value in WITH (...), storage parameters and the like. Words, booleans (on/true) and floats arrive as strings. */
export interface Option extends Node {
  readonly namespace: string | null;
  readonly name: string;
  /** Null: no value was written. Integers are numbers (bigint beyond safe); a qualified name or list is a string array. */
  readonly value: OptionValue;
}
export type OptionValue = null | string | number | bigint | boolean | readonly string[];
