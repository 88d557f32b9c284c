/** CREATE TABLE. The order of made-up names is PostgreSQL's: sequences, keys, checks, foreign keys. */

import { PLAIN_COLUMN } from '../../catalog/entries.ts';
import type { ColumnEntry, ConstraintEntry, RelationEntry, TypeEntry } from '../../catalog/index.ts';
import { relationDenied, rightsOnRelation } from '../../catalog/rights.ts';
import type {
  CheckConstraint,
  CreateTableStatement,
  ExcludeConstraint,
  ForeignKeyConstraint,
  KeyConstraint,
  LikeElement,
  LikeOption,
  TableConstraint,
} from '../../parser/ast.ts';
import { ACCESS_SHARE } from '../../storage/api.ts';
import { SqlError, sqlError } from '../../types/errors.ts';
import {
  addColumnSequence,
  bareColumn,
  bindDefault,
  bindGenerated,
  type ColumnSpec,
  checkColumnNames,
  columnSpec,
  tableDependencies,
} from './columns.ts';
import { addCheck, addForeignKey, addKey, current, putIndexConstraint } from './constraints.ts';
import type { DdlContext, DdlResult, DdlSteps } from './context.ts';
import { addExclusion } from './exclusion.ts';
import { initialRights } from './grant.ts';
import { addIndex, expressionName } from './indexes.ts';
import { copyColumnComments, copyComment, copyStatistics } from './like-objects.ts';
import { distinctColumnNames } from './names.ts';
import { OWN_TABLE_OPTIONS, storageOptions } from './options.ts';
import {
  at,
  checkRelationName,
  findAndLock,
  isRelationName,
  lockNewName,
  newRelationName,
  relationMissing,
} from './resolve.ts';
import { checkExpiry } from './row-expiry.ts';
import { typedColumns, typeOfTable } from './typed-tables.ts';

export const COLUMNS_MAX = 1600;

/** What LIKE copies beside columns. */
interface LikeParts {
  readonly source: RelationEntry;
  readonly options: ReadonlySet<LikeOption>;
}

interface TableParts {
  readonly columns: ColumnSpec[];
  readonly checks: CheckConstraint[];
  readonly keys: KeyConstraint[];
  readonly foreignKeys: ForeignKeyConstraint[];
  readonly exclusions: ExcludeConstraint[];
  readonly likes: LikeParts[];
}

/** Errors about the name point at it, as for no other kind of relation. */
function targetOf(x: DdlContext, statement: CreateTableStatement): ReturnType<typeof newRelationName> {
  try {
    return newRelationName(x, statement.table, statement.persistence);
  } catch (error) {
    throw error instanceof SqlError ? error.with(at(x, statement.tablePosition)) : error;
  }
}

export function* createTable(x: DdlContext, statement: CreateTableStatement): DdlSteps<DdlResult> {
  const tag = 'CREATE TABLE';
  refuseUnsupported(statement);
  const target = targetOf(x, statement);
  yield* lockNewName(x, target);
  if (statement.ifNotExists && isRelationName(x, target.schema.oid, target.name)) {
    x.notice('NOTICE', '42P07', `relation "${target.name}" already exists, skipping`);
    return { tag };
  }
  if (statement.onCommit !== null && target.persistence !== 'temporary') {
    throw sqlError('42P16', 'ON COMMIT can only be used on temporary tables');
  }
  const type = statement.ofType === null ? null : typeOfTable(x, statement.ofType);
  const parts = yield* gatherParts(x, statement, target.name, type);
  checkRelationName(x, target.schema.oid, target.name);
  const options = storageOptions(statement.options, OWN_TABLE_OPTIONS);
  const table = newTable(x, {
    schemaOid: target.schema.oid,
    name: target.name,
    persistence: target.persistence,
    columns: parts.columns,
    options,
    onCommit: statement.onCommit,
    ofTypeOid: type?.oid,
  });
  checkExpiry(table);
  for (const constraint of parts.keys) yield* addKey(x, table, constraint, true);
  for (const constraint of parts.exclusions) yield* addExclusion(x, current(x, table), constraint, true);
  for (const constraint of parts.checks) {
    addCheck(x, current(x, table), { ...constraint, notValid: false });
  }
  for (const like of parts.likes) yield* copyLikeObjects(x, table, like);
  for (const constraint of parts.foreignKeys) {
    yield* addForeignKey(x, current(x, table), { ...constraint, notValid: false });
  }
  return { tag };
}

function refuseUnsupported(statement: CreateTableStatement): void {
  if (statement.inherits.length > 0) throw sqlError('0A000', 'table inheritance is not supported');
  if (statement.partitionOf !== null || statement.partitionBy !== null) {
    throw sqlError('0A000', 'partitioned tables are not supported');
  }
  checkAccessMethod(statement.accessMethod);
  checkTablespace(statement.tablespace);
}

export function checkAccessMethod(name: string | null): void {
  if (name !== null && name !== 'heap') throw sqlError('42704', `access method "${name}" does not exist`);
}

export function checkTablespace(name: string | null): void {
  if (name === 'pg_global') throw sqlError('22023', 'only shared relations can be placed in pg_global tablespace');
  if (name !== null && name !== 'pg_default') throw sqlError('42704', `tablespace "${name}" does not exist`);
}

// ------------------------------------------------------------------------------------------------------------ elements

function* gatherParts(
  x: DdlContext,
  statement: CreateTableStatement,
  tableName: string,
  type: TypeEntry | null,
): DdlSteps<TableParts> {
  const parts: TableParts = { columns: [], checks: [], keys: [], foreignKeys: [], exclusions: [], likes: [] };
  if (type !== null) {
    for (const { definition, type: typed } of typedColumns(type, statement.elements)) {
      const isIdentity = definition.constraints.find((constraint) => constraint.kind === 'identity');
      if (isIdentity !== undefined) throw sqlError('0A000', 'identity columns are not supported on typed tables');
      gatherColumn(parts, columnSpec(x, tableName, definition, typed));
    }
  }
  for (const element of statement.elements) {
    if (type !== null && element.kind === 'column') continue;
    if (element.kind === 'like') {
      yield* gatherLike(x, parts, element);
    } else if (element.kind === 'column') {
      gatherColumn(parts, columnSpec(x, tableName, element));
    } else {
      gatherConstraint(x, parts, element.constraint);
    }
  }
  checkColumnNames(parts.columns.map(({ name }) => name));
  if (parts.columns.length > COLUMNS_MAX) {
    throw sqlError('54011', `tables can have at most ${COLUMNS_MAX} columns`);
  }
  const primary = parts.keys.filter((key) => key.kind === 'primaryKey');
  if (primary.length > 1) {
    throw sqlError(
      '42P16',
      `multiple primary keys for table "${tableName}" are not allowed`,
      at(x, primary[1].position),
    );
  }
  markPrimaryKeyColumns(parts, primary[0]);
  // PostgreSQL makes the primary key's index first.
  parts.keys.sort((a, b) => Number(b.kind === 'primaryKey') - Number(a.kind === 'primaryKey'));
  dropRepeatedKeys(parts);
  return parts;
}

function gatherColumn(parts: TableParts, spec: ColumnSpec): void {
  parts.columns.push(spec);
  parts.checks.push(...spec.checks);
  for (const constraint of spec.keys) parts.keys.push({ ...constraint, columns: [spec.name] });
  for (const constraint of spec.foreignKeys) parts.foreignKeys.push({ ...constraint, columns: [spec.name] });
}

function gatherConstraint(x: DdlContext, parts: TableParts, constraint: TableConstraint): void {
  switch (constraint.kind) {
    case 'check':
      parts.checks.push(constraint);
      return;
    case 'primaryKey':
    case 'unique':
      if (constraint.usingIndex !== null) {
        throw sqlError('0A000', 'cannot use an existing index in CREATE TABLE', at(x, constraint.position));
      }
      parts.keys.push(constraint);
      return;
    case 'foreignKey':
      parts.foreignKeys.push(constraint);
      return;
    case 'exclude':
      parts.exclusions.push(constraint);
      return;
  }
}

function markPrimaryKeyColumns(parts: TableParts, primary: KeyConstraint | undefined): void {
  if (primary === undefined) return;
  parts.columns.forEach((column, i) => {
    if (primary.columns.includes(column.name)) parts.columns[i] = { ...column, notNull: true };
  });
}

/** The same key twice (PRIMARY KEY on a column that is UNIQUE too) makes one index, as in PostgreSQL. */
function dropRepeatedKeys(parts: TableParts): void {
  const kept: KeyConstraint[] = [];
  for (const key of parts.keys) {
    const same = kept.find(
      (candidate) =>
        candidate.columns.join('\0') === key.columns.join('\0') &&
        candidate.include.join('\0') === key.include.join('\0') &&
        candidate.nullsNotDistinct === key.nullsNotDistinct &&
        candidate.deferrable === key.deferrable &&
        candidate.initiallyDeferred === key.initiallyDeferred,
    );
    if (same === undefined) kept.push(key);
    else if (same.name === null && key.name !== null) kept[kept.indexOf(same)] = { ...same, name: key.name };
    else if (key.name !== null && key.name !== same.name) kept.push(key);
  }
  parts.keys.length = 0;
  parts.keys.push(...kept);
}

// ---------------------------------------------------------------------------------------------------------------- LIKE

function* gatherLike(x: DdlContext, parts: TableParts, element: LikeElement): DdlSteps<void> {
  const source = yield* findAndLock(x, element.table, ACCESS_SHARE);
  if (source === undefined) {
    const type = x.catalog.typeByName(element.table.at(-2) ?? null, element.table.at(-1) as string, x.searchPath);
    if (type?.kind !== 'composite') throw relationMissing(x, element.table).with(at(x, element.position));
    for (const attribute of type.attributes ?? []) {
      parts.columns.push(likeColumn(x, { ...PLAIN_COLUMN, number: 0, ...attribute }, new Set()));
    }
    return;
  }
  if (source.class !== 'relation') {
    throw sqlError('42809', `relation "${source.name}" is invalid in LIKE clause`, {
      detail: `This operation is not supported for ${source.class === 'index' ? 'indexes' : 'sequences'}.`,
      ...at(x, element.position),
    });
  }
  if (rightsOnRelation(x.catalog, source, x.authority, 'r') === '') throw relationDenied(source);
  const options = new Set<LikeOption>();
  const all: LikeOption[] = [
    'comments',
    'compression',
    'constraints',
    'defaults',
    'generated',
    'identity',
    'indexes',
    'statistics',
    'storage',
  ];
  for (const { including, option } of element.options) {
    for (const one of option === 'all' ? all : [option]) {
      if (including) options.add(one);
      else options.delete(one);
    }
  }
  for (const column of source.columns) {
    if (!column.dropped) parts.columns.push(likeColumn(x, column, options));
  }
  if (options.has('constraints')) {
    for (const constraint of x.catalog.constraintsOf(source.oid)) {
      if (constraint.type === 'check') parts.checks.push(likeCheck(x, constraint));
    }
  }
  parts.likes.push({ source, options });
}

function likeColumn(x: DdlContext, column: ColumnEntry, options: ReadonlySet<LikeOption>): ColumnSpec {
  const keepsDefault = column.generated ? options.has('generated') : options.has('defaults');
  const identity = options.has('identity') ? column.identity : null;
  const sequence = identity === null ? undefined : x.catalog.sequence(column.sequenceOid);
  const text = keepsDefault && column.defaultText !== null ? column.defaultText : undefined;
  return {
    name: column.name,
    typeOid: column.typeOid,
    typeModifier: column.typeModifier,
    ...(column.collationOid === undefined ? {} : { collationOid: column.collationOid }),
    notNull: column.notNull,
    ...(options.has('storage') && column.storage !== undefined ? { storage: column.storage } : {}),
    ...(options.has('compression') && column.compression !== undefined ? { compression: column.compression } : {}),
    defaultExpression: null,
    generated: column.generated && keepsDefault,
    identity,
    sequence:
      sequence === undefined
        ? null
        : {
            typeOid: column.typeOid,
            options: {
              increment: BigInt(sequence.increment),
              minValue: BigInt(sequence.minimum),
              maxValue: BigInt(sequence.maximum),
              start: BigInt(sequence.start),
              cache: BigInt(sequence.cache),
              cycle: sequence.cycle,
            },
          },
    checks: [],
    keys: [],
    foreignKeys: [],
    position: -1,
    ...(text === undefined ? {} : { defaultText: text, defaultDependsOn: column.defaultDependsOn ?? [] }),
  };
}

function likeCheck(x: DdlContext, constraint: ConstraintEntry): CheckConstraint {
  return {
    kind: 'check',
    name: constraint.name,
    expr: x.parseExpression(constraint.checkText as string),
    deferrable: null,
    initiallyDeferred: null,
    notValid: false,
    noInherit: constraint.noInherit === true,
    position: -1,
  };
}

/** Indexes with their constraints, and comments. */
function* copyLikeObjects(x: DdlContext, table: RelationEntry, { source, options }: LikeParts): DdlSteps<void> {
  if (options.has('indexes')) {
    for (const index of x.catalog.indexesOf(source.oid)) {
      const constraint = x.catalog.constraintOfIndex(index);
      const numberOf = (old: number): number =>
        current(x, table).columns.find((column) => column.name === source.columns[old - 1].name)?.number ?? 0;
      if (index.primary && x.catalog.indexesOf(table.oid).some((other) => other.primary)) {
        throw sqlError('42P16', `multiple primary keys for table "${table.name}" are not allowed`);
      }
      const copy = yield* addIndex(x, {
        name: null,
        table: current(x, table),
        method: index.method,
        unique: index.unique,
        primary: index.primary,
        columns: index.columns.map((column) =>
          column.columnNumber === 0 ? column : { ...column, columnNumber: numberOf(column.columnNumber) },
        ),
        columnNames: distinctColumnNames([
          ...index.columns.map(
            ({ columnNumber, result, expressionText }) =>
              (columnNumber === 0 ? result : source.columns[columnNumber - 1])?.name ??
              expressionName(x.parseExpression(expressionText as string)),
          ),
          ...index.includedColumns.map((number) => source.columns[number - 1].name),
        ]),
        included: index.includedColumns.map(numberOf),
        predicateText: index.predicateText,
        nullsNotDistinct: index.nullsNotDistinct,
        options: index.options ?? [],
        ...(index.exclusion === undefined ? {} : { exclusion: index.exclusion }),
        ...(constraint === undefined
          ? {}
          : { putConstraint: (made) => putIndexConstraint(x, made, constraint.type, constraint) }),
        isEmpty: true,
      });
      if (options.has('comments')) copyComment(x, 'index', index.oid, copy.oid);
    }
  }
  if (options.has('statistics')) copyStatistics(x, source, current(x, table), options.has('comments'));
  if (options.has('comments')) copyColumnComments(x, source, current(x, table), options.has('constraints'));
}

// ----------------------------------------------------------------------------------------------------------- the table

export interface NewTable {
  readonly schemaOid: number;
  readonly name: string;
  readonly persistence: RelationEntry['persistence'];
  readonly columns: readonly ColumnSpec[];
  readonly options: readonly string[];
  readonly onCommit: RelationEntry['onCommit'] | null;
  readonly ofTypeOid?: number;
}

/** The table with its columns, defaults and sequences; without constraints. */
export function newTable(x: DdlContext, spec: NewTable): RelationEntry {
  let columns = spec.columns.map((column, i) => bareColumn(column, i + 1, 0));
  const bare: RelationEntry = {
    class: 'relation',
    oid: x.allocateOid(),
    kind: 'table',
    schemaOid: spec.schemaOid,
    name: spec.name,
    owner: x.currentRoleOid,
    ...initialRights(x, 'table', x.currentRoleOid, spec.schemaOid),
    persistence: spec.persistence,
    relId: x.createHeap(),
    overflowRelId: x.createHeap(),
    columns,
    layout: 0,
    queryText: null,
    options: spec.options,
    dependsOn: [],
    rowTypeOid: x.allocateOid(),
    rowArrayTypeOid: x.allocateOid(),
    ...(spec.onCommit === null || spec.onCommit === undefined ? {} : { onCommit: spec.onCommit }),
    ...(spec.ofTypeOid === undefined ? {} : { ofTypeOid: spec.ofTypeOid }),
  };
  // The table is there before its sequences, so that they cannot take its name.
  x.putEntry(bare);
  columns = columns.map((column, i) => columnWithDefault(x, bare, column, spec.columns[i]));
  const table: RelationEntry = { ...bare, columns, dependsOn: tableDependencies(x, columns) };
  x.putEntry(table);
  return table;
}

export function columnWithDefault(
  x: DdlContext,
  table: RelationEntry,
  column: ColumnEntry,
  spec: ColumnSpec,
): ColumnEntry {
  if (spec.sequence !== null) return addColumnSequence(x, table, column, spec.sequence);
  if (spec.defaultText !== undefined) {
    return {
      ...column,
      defaultText: spec.defaultText,
      generated: spec.generated,
      ...((spec.defaultDependsOn?.length ?? 0) > 0 ? { defaultDependsOn: spec.defaultDependsOn } : {}),
    };
  }
  if (spec.defaultExpression === null) return column;
  const bound = spec.generated
    ? bindGenerated(x, spec.defaultExpression, table, column)
    : bindDefault(x, spec.defaultExpression, column);
  if (bound === null) return column;
  return {
    ...column,
    defaultText: bound.text,
    generated: spec.generated,
    ...(bound.dependsOn.length > 0 ? { defaultDependsOn: bound.dependsOn } : {}),
  };
}
