/** CREATE INDEX, and the indexes behind PRIMARY KEY and UNIQUE. */

import type { IndexMethod } from '../../catalog/entries.ts';
import { comparisonOperator } from '../../catalog/functions/index.ts';
import type { Catalog, IndexColumn, IndexEntry, RelationEntry } from '../../catalog/index.ts';
import {
  type InvertedClass,
  invertedClassAccepts,
  invertedClassByName,
  invertedClassOf,
} from '../../catalog/inverted-classes.ts';
import { operatorClassByName } from '../../catalog/pg-catalog/static-tables.ts';
import type { CreateIndexStatement, Expression, IndexElement, Option } from '../../parser/ast.ts';
import { columnNameOf, type Expr } from '../../planner/index.ts';
import { SHARE, SHARE_UPDATE_EXCLUSIVE } from '../../storage/api.ts';
import { sqlError } from '../../types/errors.ts';
import {
  baseTypeOid,
  DEFAULT_COLLATION,
  formatType,
  isArrayType,
  isDeterministic,
  NO_COLLATION,
  OID,
  typeByOid,
} from '../../types/index.ts';
import { boundTexts } from './bound-index.ts';
import { collationOfType, mustFindCollation } from './collations.ts';
import { type DdlContext, type DdlResult, type DdlSteps, wait } from './context.ts';
import { volatilityOf } from './expressions.ts';
import { chooseRelationName, distinctColumnNames, joinColumnNames } from './names.ts';
import { storageOptions } from './options.ts';
import {
  checkNameIsFree,
  checkNotInUse,
  checkRelationOwner,
  findAndLock,
  findColumn,
  isRelationName,
  isSystemColumn,
  lockNewName,
  refuseSystem,
  relationMissing,
} from './resolve.ts';
import { removeExpired } from './row-expiry.ts';
import { storedText } from './stored-text.ts';
import { isUnknownLiteral } from './understood-literal.ts';

const INDEX_COLUMNS_MAX = 32;

export interface IndexSpec {
  /** Null: a name is made up. */
  readonly name: string | null;
  readonly table: RelationEntry;
  readonly method: IndexMethod;
  readonly unique: boolean;
  readonly primary: boolean;
  /** Puts the constraint that the index serves, whose name must not be another constraint's. */
  readonly putConstraint?: (index: IndexEntry) => void;
  readonly columns: readonly IndexColumn[];
  /** Names of the columns as they go into a made-up name. */
  readonly columnNames: readonly string[];
  readonly included: readonly number[];
  readonly predicateText: string | null;
  readonly nullsNotDistinct: boolean;
  readonly options: readonly string[];
  /** Behind an EXCLUDE constraint. */
  readonly exclusion?: IndexEntry['exclusion'];
  /** The table was made by this statement, or has no rows: nothing to fill. */
  readonly isEmpty: boolean;
  /** Filled later, in a transaction of its own, and not valid until then. */
  readonly concurrently?: boolean;
}

function indexName(x: DdlContext, spec: IndexSpec): string {
  const { table } = spec;
  if (spec.primary) return chooseRelationName(x, table.name, null, 'pkey', table.schemaOid, true);
  const columns = joinColumnNames(spec.columnNames);
  const isConstraint = spec.putConstraint !== undefined;
  const label = spec.exclusion !== undefined ? 'excl' : isConstraint ? 'key' : 'idx';
  return chooseRelationName(x, table.name, columns, label, table.schemaOid, isConstraint);
}

export function* addIndex(x: DdlContext, spec: IndexSpec): DdlSteps<IndexEntry> {
  const { table } = spec;
  if (spec.columns.length + spec.included.length > INDEX_COLUMNS_MAX) {
    throw sqlError('54011', `cannot use more than ${INDEX_COLUMNS_MAX} columns in an index`);
  }
  const name = spec.name ?? indexName(x, spec);
  checkNameIsFree(x, table.schemaOid, name);
  const bound = boundTexts(x, table, spec);
  const entry: IndexEntry = {
    class: 'index',
    oid: x.allocateOid(),
    name,
    schemaOid: table.schemaOid,
    tableOid: table.oid,
    method: spec.method,
    unique: spec.unique,
    nullsNotDistinct: spec.nullsNotDistinct,
    primary: spec.primary,
    columns: spec.columns,
    includedColumns: spec.included,
    predicateText: spec.predicateText,
    ...(bound === undefined ? {} : { bound }),
    ...(spec.options.length > 0 ? { options: spec.options } : {}),
    ...(spec.exclusion === undefined ? {} : { exclusion: spec.exclusion }),
    ...(spec.concurrently ? { valid: false } : {}),
  };
  x.putEntry(entry);
  spec.putConstraint?.(entry);
  if (!spec.isEmpty && !spec.concurrently) yield* wait(x.buildIndex(entry));
  return entry;
}

/** 42704 unless the type has what the access method needs: an order, equality, or an extractor of terms. */
export function checkIndexable(typeOid: number, method: string): void {
  if (method === 'gin') {
    if (invertedClassOf(typeOid, undefined) === null) throw noOperatorClass(typeOid, method);
    return;
  }
  const base = baseTypeOid(typeOid);
  const type = typeByOid(base);
  let compared = base;
  if (type?.kind === 'e') compared = OID.ANYENUM;
  else if (type?.kind === 'c') compared = OID.RECORD;
  else if (type?.kind === 'r') compared = OID.ANYRANGE;
  else if (type?.kind === 'm') compared = OID.ANYMULTIRANGE;
  else if (type?.form !== undefined) compared = type.form === 'citext' ? OID.ANYCITEXT : OID.ANYHSTORE;
  else if (type !== undefined && isArrayType(type)) {
    checkIndexable(type.elementOid, method);
    compared = OID.ANYARRAY;
  }
  if (comparisonOperator(compared, method === 'hash' ? 3 : 1) !== null) return;
  throw noOperatorClass(typeOid, method);
}

/** Whether the type's values can be sorted. */
export function hasOrder(typeOid: number): boolean {
  try {
    checkIndexable(typeOid, 'btree');
    return true;
  } catch {
    return false;
  }
}

function noOperatorClass(typeOid: number, method: string): Error {
  return sqlError(
    '42704',
    `data type ${formatType(typeOid)} has no default operator class for access method "${method}"`,
    { hint: 'You must specify an operator class for the index or define a default operator class for the data type.' },
  );
}

/** Operator classes that mean the same as the default ones here: text is ordered by its bytes. */
const OPERATOR_CLASSES = new Set(
  (
    'array_ops bit_ops bool_ops bpchar_ops bpchar_pattern_ops bytea_ops char_ops date_ops enum_ops float4_ops float8_ops ' +
    'int2_ops int4_ops int8_ops interval_ops jsonb_ops name_ops numeric_ops oid_ops record_ops text_ops text_pattern_ops ' +
    'time_ops timetz_ops timestamp_ops timestamptz_ops uuid_ops varbit_ops varchar_ops varchar_pattern_ops inet_ops cidr_ops ' +
    'macaddr_ops macaddr8_ops money_ops multirange_ops pg_lsn_ops range_ops tid_ops xid8_ops'
  ).split(' '),
);

/** Those of extensions' types, by the extension. */
const EXTENSION_CLASSES: Readonly<Record<string, string>> = { citext_ops: 'citext', citext_pattern_ops: 'citext' };

function checkOperatorClass(x: DdlContext, element: IndexElement, method: string): string | undefined {
  if (element.operatorClass === null) return undefined;
  const name = element.operatorClass[element.operatorClass.length - 1];
  const extension = EXTENSION_CLASSES[name];
  const isOrderClass =
    extension === undefined ? OPERATOR_CLASSES.has(name) : x.catalog.extensionByName(extension) !== undefined;
  const isKnown = method === 'gin' ? invertedClassByName(name) !== undefined : isOrderClass;
  if (!isKnown) {
    throw sqlError('42704', `operator class "${name}" does not exist for access method "${method}"`);
  }
  return name;
}

/** Whether the type can be a key, under the operator class that was named (undefined: the default one). 42704, 42804. */
export function checkKeyType(x: DdlContext, typeOid: number, method: string, operatorClass: string | undefined): void {
  if (operatorClass === undefined || method === 'gin') checkIndexable(typeOid, method);
  else checkAccepts(x, operatorClass, method, typeOid);
}

function checkAccepts(x: DdlContext, name: string, method: string, typeOid: number): void {
  const found = operatorClassByName(method === 'hash' ? 'hash' : 'btree', name);
  const accepts =
    name in EXTENSION_CLASSES
      ? typeByOid(baseTypeOid(typeOid))?.form === EXTENSION_CLASSES[name]
      : found === null || x.lookUp.isBinaryCoercible(typeOid, found.typeOid);
  if (accepts) return;
  throw sqlError('42804', `operator class "${name}" does not accept data type ${formatType(typeOid)}`);
}

/** The class of an inverted index's column; it is kept by name, since an expression's type is not kept. */
function invertedClassName(typeOid: number, named: string | undefined): string {
  if (named === undefined) checkIndexable(typeOid, 'gin');
  const item = invertedClassOf(typeOid, named) as InvertedClass;
  if (!invertedClassAccepts(item, typeOid)) {
    throw sqlError('42804', `operator class "${named}" does not accept data type ${formatType(typeOid)}`);
  }
  return item.name;
}

/** What is kept of the collation that an expression has by itself. */
export function ownCollation(oid: number): { ownCollationOid?: number } {
  return oid > 0 && oid !== DEFAULT_COLLATION ? { ownCollationOid: oid } : {};
}

/** What a key is ordered by in the definition; undefined: its column's own collation. The entries are in byte order. */
function keyCollation(
  x: DdlContext,
  typeOid: number,
  own: number,
  element: IndexElement,
  method: string,
): { collationOid?: number; ownCollationOid?: number } {
  const isCollatable = collationOfType(x, typeOid) !== 0;
  const kept = element.column === null ? ownCollation(own) : {};
  if (element.collation !== null) {
    const found = mustFindCollation(x, element.collation);
    if (!isCollatable) throw sqlError('42804', `collations are not supported by type ${formatType(typeOid)}`);
    refusePatterns(element, method, found.oid);
    return found.oid === own ? kept : { ...kept, collationOid: found.oid };
  }
  if (isCollatable && own === NO_COLLATION) {
    throw sqlError('42P22', 'could not determine which collation to use for index expression', {
      hint: 'Use the COLLATE clause to set the collation explicitly.',
    });
  }
  if (isCollatable) refusePatterns(element, method, own);
  return kept;
}

const PATTERN_CLASSES = new Set(['text_pattern_ops', 'varchar_pattern_ops', 'bpchar_pattern_ops']);

/** Patterns are about bytes: what equals under the collation may not be found by them. */
function refusePatterns({ operatorClass }: IndexElement, method: string, collationOid: number): void {
  const name = operatorClass?.[operatorClass.length - 1] ?? '';
  if (method !== 'btree' || !PATTERN_CLASSES.has(name) || isDeterministic(collationOid)) return;
  throw sqlError('0A000', `nondeterministic collations are not supported for operator class "${name}"`);
}

interface KeyPart {
  readonly column: IndexColumn;
  readonly name: string;
}

/** FigureIndexColname: what an expression is called within an index's name. */
export function expressionName(expression: Expression): string {
  const name = columnNameOf(expression);
  return name === '?column?' ? 'expr' : name;
}

export function requireImmutable(expr: Expr, where: 'expression' | 'predicate'): void {
  if (volatilityOf(expr, true) === 'immutable') return;
  throw sqlError('42P17', `functions in index ${where} must be marked IMMUTABLE`);
}

/** `method`: 'any' where the caller says which types there may be. */
export function keyPart(x: DdlContext, table: RelationEntry, element: IndexElement, method: string): KeyPart {
  const operatorClass = checkOperatorClass(x, element, method);
  const descending = element.direction === 'desc';
  const order = {
    descending,
    nullsFirst: element.nulls === null ? descending : element.nulls === 'first',
    ...(operatorClass === undefined ? {} : { operatorClass }),
  };
  if (method !== 'btree' && method !== 'any' && (element.direction !== null || element.nulls !== null)) {
    throw sqlError(
      '0A000',
      `access method "${method}" does not support ${element.direction === null ? 'NULLS FIRST/LAST' : 'ASC/DESC'} options`,
    );
  }
  const withClass = (typeOid: number): typeof order => {
    if (method === 'gin') return { ...order, operatorClass: invertedClassName(typeOid, operatorClass) };
    if (method === 'any') return order;
    checkKeyType(x, typeOid, method, operatorClass);
    return order;
  };
  if (element.column !== null) {
    const column = findColumn(table, element.column);
    if (column === undefined) {
      if (isSystemColumn(element.column)) throw sqlError('0A000', 'index creation on system columns is not supported');
      throw sqlError('42703', `column "${element.column}" does not exist`);
    }
    return {
      column: {
        columnNumber: column.number,
        expressionText: null,
        ...withClass(column.typeOid),
        ...keyCollation(x, column.typeOid, column.collationOid ?? collationOfType(x, column.typeOid), element, method),
      },
      name: column.name,
    };
  }
  const expression = element.expr as Expression;
  // (x COLLATE c) is x with another collation: kept as the key's, not in the expression.
  if (expression.kind === 'collate') {
    const { arg, collation } = expression;
    const isColumn = arg.kind === 'columnRef' && arg.name.length === 1;
    const inner: IndexElement = {
      ...element,
      column: isColumn ? (arg as { readonly name: readonly string[] }).name[0] : null,
      expr: isColumn ? null : arg,
      collation: element.collation ?? collation,
    };
    return keyPart(x, table, inner, method);
  }
  const expr = x.bind(expression, table, 'index expression');
  // (x) and (t).x, too, are x; what comes to x in the end is not.
  const named = expression.kind === 'field' ? expression.base : expression;
  const own = named.kind === 'columnRef' && expr.kind === 'column' ? table.columns[expr.index] : undefined;
  if (own?.typeOid === expr.typeOid) return keyPart(x, table, { ...element, column: own.name, expr: null }, method);
  requireImmutable(expr, 'expression');
  const name = expressionName(expression);
  if (isUnknownLiteral(expression)) throw noOperatorClass(OID.UNKNOWN, method);
  if (expr.typeOid === OID.RECORD) throw sqlError('42P16', `column "${name}" has pseudo-type record`);
  const ordered = withClass(expr.typeOid);
  return {
    column: {
      columnNumber: 0,
      expressionText: storedText(x, expression, expr, table, 'index expression'),
      ...ordered,
      ...keyCollation(x, expr.typeOid, x.collationOf(expression, table, 'index expression'), element, method),
      result: { name, typeOid: expr.typeOid, typeModifier: expr.typeModifier },
    },
    name,
  };
}

function checkMethod(method: string, statement: CreateIndexStatement): IndexMethod {
  switch (method) {
    case 'btree':
      return 'btree';
    case 'hash':
      if (statement.unique) throw sqlError('0A000', 'access method "hash" does not support unique indexes');
      if (statement.include.length > 0) {
        throw sqlError('0A000', 'access method "hash" does not support included columns');
      }
      if (statement.elements.length > 1) {
        throw sqlError('0A000', 'access method "hash" does not support multicolumn indexes');
      }
      return 'hash';
    case 'gin':
    case 'inverted':
      if (statement.unique) throw sqlError('0A000', 'access method "gin" does not support unique indexes');
      if (statement.include.length > 0) {
        throw sqlError('0A000', 'access method "gin" does not support included columns');
      }
      return 'gin';
    case 'gist':
    case 'spgist':
    case 'brin':
      throw sqlError('0A000', `access method "${method}" is not supported`);
    default:
      throw sqlError('42704', `access method "${method}" does not exist`);
  }
}

function includedColumns(table: RelationEntry, include: readonly IndexElement[]): number[] {
  return include.map((element) => {
    if (element.column === null) throw sqlError('0A000', 'expressions are not supported in included columns');
    const column = findColumn(table, element.column);
    if (column === undefined) throw sqlError('42703', `column "${element.column}" does not exist`);
    const { collation, operatorClass, direction, nulls } = element;
    const refused =
      (collation !== null && 'a collation') ||
      (operatorClass !== null && 'an operator class') ||
      (direction !== null && 'ASC/DESC options') ||
      (nulls !== null && 'NULLS FIRST/LAST options');
    if (refused) throw sqlError('42P17', `including column does not support ${refused}`);
    return column.number;
  });
}

const INDEX_OPTIONS: Readonly<Record<IndexMethod, ReadonlySet<string>>> = {
  btree: new Set(['fillfactor', 'deduplicate_items']),
  hash: new Set(['fillfactor']),
  gin: new Set(['fastupdate', 'gin_pending_list_limit']),
};

export function indexOptions(options: readonly Option[], method: IndexMethod): string[] {
  return storageOptions(options, INDEX_OPTIONS[method]);
}

export function* createIndexStatement(x: DdlContext, statement: CreateIndexStatement): DdlSteps<DdlResult> {
  const tag = 'CREATE INDEX';
  if (statement.concurrently) x.checkAlone('CREATE INDEX CONCURRENTLY');
  const names = statement.table.name;
  const found = yield* findAndLock(x, names, statement.concurrently ? SHARE_UPDATE_EXCLUSIVE : SHARE, (each) => {
    refuseSystem(each);
    checkRelationOwner(x, each);
  });
  if (found === undefined) throw relationMissing(x, names);
  if (found.class !== 'relation' || found.kind === 'view') {
    const kinds = { relation: 'views', index: 'indexes', sequence: 'sequences' } as const;
    throw sqlError('42809', `cannot create index on relation "${found.name}"`, {
      detail: `This operation is not supported for ${kinds[found.class]}.`,
    });
  }
  const table = found;
  const method = checkMethod(statement.method, statement);
  checkNotInUse(x, table, 'CREATE INDEX');
  const options = indexOptions(statement.options, method);
  const { name } = statement;
  const parts = statement.elements.map((element) => keyPart(x, table, element, method));
  const included = includedColumns(table, statement.include);
  let predicateText: string | null = null;
  if (statement.where !== null) {
    const predicate = x.bind(statement.where, table, 'index predicate', { typeOid: OID.BOOL, typeModifier: -1 });
    requireImmutable(predicate, 'predicate');
    predicateText = storedText(x, statement.where, predicate, table, 'index predicate', {
      typeOid: OID.BOOL,
      typeModifier: -1,
    });
  }
  if (name !== null) {
    const schema = x.catalog.schema(table.schemaOid);
    if (schema !== undefined) yield* lockNewName(x, { schema, name });
    if (statement.ifNotExists && isRelationName(x, table.schemaOid, name)) {
      x.notice('NOTICE', '42P07', `relation "${name}" already exists, skipping`);
      return { tag };
    }
    checkNameIsFree(x, table.schemaOid, name);
  }
  const allNames = [...parts.map((part) => part.name), ...included.map((number) => table.columns[number - 1].name)];
  if (statement.unique) yield* removeExpired(x, table);
  yield* addIndex(x, {
    name,
    table,
    method,
    unique: statement.unique,
    primary: false,
    columns: parts.map((part) => part.column),
    columnNames: distinctColumnNames(allNames),
    included,
    predicateText,
    nullsNotDistinct: statement.nullsNotDistinct,
    options,
    isEmpty: x.isEmpty(table),
    concurrently: statement.concurrently,
  });
  return { tag };
}

// ---------------------------------------------------------------------------------------------------------------- CLUSTER

/** The index that CLUSTER or CLUSTER ON names, which must have an order of all rows. */
export function clusterIndex(catalog: Catalog, table: RelationEntry, name: string): IndexEntry {
  const index = catalog.indexByName(table.schemaOid, name);
  if (index === undefined) throw sqlError('42704', `index "${name}" for table "${table.name}" does not exist`);
  if (index.tableOid !== table.oid) throw sqlError('42809', `"${name}" is not an index for table "${table.name}"`);
  if (index.method !== 'btree') {
    throw sqlError('0A000', `cannot cluster on index "${name}" because access method does not support clustering`);
  }
  if (index.predicateText !== null) throw sqlError('0A000', `cannot cluster on partial index "${name}"`);
  if (index.valid === false) throw sqlError('0A000', `cannot cluster on invalid index "${name}"`);
  return index;
}

/** The index that CLUSTER takes from now on; null: none. */
export function markClustered(x: DdlContext, table: RelationEntry, chosen: IndexEntry | null): void {
  for (const index of x.catalog.indexesOf(table.oid)) {
    const isChosen = index.oid === chosen?.oid;
    if (isChosen === (index.clustered === true)) continue;
    const { clustered: _, ...unmarked } = index;
    x.putEntry(isChosen ? { ...unmarked, clustered: true } : unmarked);
  }
}
