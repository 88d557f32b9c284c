/** PRIMARY KEY, UNIQUE, CHECK and FOREIGN KEY: for a new table and for ALTER TABLE ADD. */

import type { IndexColumn } from '../../catalog/entries.ts';
import { lookupCast, operatorsByName } from '../../catalog/functions/index.ts';
import { quoteIdentifier } from '../../catalog/functions/quote.ts';
import type { ColumnEntry, ConstraintEntry, IndexEntry, RelationEntry } from '../../catalog/index.ts';
import { referencedCollation } from '../../catalog/loose-keys.ts';
import { collationOf, collationOfKey } from '../../catalog/pg-catalog/definitions.ts';
import { operatorClassOf } from '../../catalog/pg-catalog/static-tables.ts';
import { relationDenied, rightsOnColumn, rightsOnRelation } from '../../catalog/rights.ts';
import type { CheckConstraint, ConstraintAttributes, ForeignKeyConstraint, KeyConstraint } from '../../parser/ast.ts';
import { SHARE_ROW_EXCLUSIVE } from '../../storage/api.ts';
import { sqlError } from '../../types/errors.ts';
import { baseTypeOid, formatType, OID, outputText, typeByOid } from '../../types/index.ts';
import { type DdlContext, type DdlSteps, wait } from './context.ts';
import { qualifiedName } from './describe.ts';
import { usedColumns, usedSystemColumns } from './expressions.ts';
import { addIndex, checkIndexable, indexOptions } from './indexes.ts';
import { chooseConstraintName, distinctColumnNames, joinColumnNames } from './names.ts';
import { at, findAndLock, findColumn, isSystemColumn, refuseSystem, relationMissing } from './resolve.ts';
import { storedText } from './stored-text.ts';

const NO_ACTIONS = {
  checkText: null,
  referencedTableOid: 0,
  referencedColumns: [],
  onUpdate: 'no action',
  onDelete: 'no action',
  matchFull: false,
} as const;

type Deferral = Pick<ConstraintAttributes, 'deferrable' | 'initiallyDeferred'>;

function deferral(attributes: Deferral): { deferrable: boolean; initiallyDeferred: boolean } {
  const initiallyDeferred = attributes.initiallyDeferred === true;
  return { deferrable: attributes.deferrable ?? initiallyDeferred, initiallyDeferred };
}

export function checkConstraintName(x: DdlContext, table: RelationEntry, name: string): void {
  if (x.catalog.constraintsOf(table.oid).some((constraint) => constraint.name === name)) {
    throw sqlError('42710', `constraint "${name}" for relation "${table.name}" already exists`);
  }
}

/** The table as the transaction sees it now: adding a constraint may change it. */
export function current(x: DdlContext, table: RelationEntry): RelationEntry {
  return x.catalog.relation(table.oid) ?? table;
}

export function tableText(x: DdlContext, table: RelationEntry): string {
  return qualifiedName(x.catalog.schemaName(table.schemaOid), table.name);
}

// ------------------------------------------------------------------------------------------------ PRIMARY KEY, UNIQUE

function keyColumns(x: DdlContext, table: RelationEntry, constraint: KeyConstraint): ColumnEntry[] {
  const word = constraint.kind === 'primaryKey' ? 'primary key' : 'unique';
  const columns: ColumnEntry[] = [];
  for (const name of constraint.columns) {
    const column = findColumn(table, name);
    if (column === undefined) {
      if (isSystemColumn(name)) throw sqlError('0A000', 'index creation on system columns is not supported');
      throw sqlError('42703', `column "${name}" named in key does not exist`, at(x, constraint.position));
    }
    if (columns.includes(column)) {
      throw sqlError('42701', `column "${name}" appears twice in ${word} constraint`, at(x, constraint.position));
    }
    checkIndexable(column.typeOid, 'btree');
    columns.push(column);
  }
  return columns;
}

function includeColumns(x: DdlContext, table: RelationEntry, constraint: KeyConstraint): number[] {
  return constraint.include.map((name) => {
    const column = findColumn(table, name);
    if (column === undefined) {
      throw sqlError('42703', `column "${name}" named in key does not exist`, at(x, constraint.position));
    }
    return column.number;
  });
}

/** 23502 when a row has NULL in one of the columns. */
export function* checkNoNulls(x: DdlContext, table: RelationEntry, columns: readonly ColumnEntry[]): DdlSteps<void> {
  if (columns.length === 0 || x.isEmpty(table)) return;
  const condition = columns.map((column) => `${quoteIdentifier(column.name)} IS NULL`).join(' OR ');
  const names = columns.map((column) => quoteIdentifier(column.name)).join(', ');
  const rows = yield* wait(
    x.runInternal(`SELECT ${names} FROM ONLY ${tableText(x, table)} WHERE ${condition} LIMIT 1`),
  );
  if (rows.length === 0) return;
  const column = columns[rows[0].indexOf(null)];
  throw sqlError('23502', `column "${column.name}" of relation "${table.name}" contains null values`, {
    schema: x.catalog.schemaName(table.schemaOid),
    table: table.name,
    column: column.name,
  });
}

/** Sets NOT NULL on columns, after a look at the rows. */
export function* setNotNull(x: DdlContext, table: RelationEntry, columns: readonly ColumnEntry[]): DdlSteps<void> {
  const open = columns.filter((column) => !column.notNull);
  if (open.length === 0) return;
  yield* checkNoNulls(x, table, open);
  const now = current(x, table);
  const numbers = new Set(open.map((column) => column.number));
  x.putEntry({
    ...now,
    columns: now.columns.map((column) => (numbers.has(column.number) ? { ...column, notNull: true } : column)),
  });
}

export function* addKey(
  x: DdlContext,
  table: RelationEntry,
  constraint: KeyConstraint,
  isNewTable: boolean,
): DdlSteps<void> {
  const isPrimary = constraint.kind === 'primaryKey';
  if (isPrimary && x.catalog.indexesOf(table.oid).some((index) => index.primary)) {
    throw sqlError('42P16', `multiple primary keys for table "${table.name}" are not allowed`);
  }
  if (constraint.name !== null) checkConstraintName(x, table, constraint.name);
  const putConstraint = (index: IndexEntry): void =>
    putIndexConstraint(x, index, isPrimary ? 'primary key' : 'unique', constraint);
  if (constraint.usingIndex !== null) putConstraint(yield* adoptIndex(x, table, constraint));
  else {
    const columns = keyColumns(x, table, constraint);
    const included = includeColumns(x, table, constraint);
    if (isPrimary) yield* setNotNull(x, table, columns);
    const names = [...columns.map((column) => column.name), ...constraint.include];
    yield* addIndex(x, {
      name: constraint.name,
      table: current(x, table),
      method: 'btree',
      unique: true,
      primary: isPrimary,
      columns: columns.map((column) => ({
        columnNumber: column.number,
        expressionText: null,
        descending: false,
        nullsFirst: false,
      })),
      columnNames: distinctColumnNames(names),
      included,
      predicateText: null,
      nullsNotDistinct: constraint.nullsNotDistinct,
      options: indexOptions(constraint.options, 'btree'),
      putConstraint,
      isEmpty: isNewTable || x.isEmpty(table),
    });
  }
}

/** The constraint that an index serves; before the index is built, since how it is kept depends on it (DEFERRABLE). */
export function putIndexConstraint(
  x: DdlContext,
  index: IndexEntry,
  type: ConstraintEntry['type'],
  attributes: Deferral,
): void {
  x.putEntry({
    class: 'constraint',
    oid: x.allocateOid(),
    name: index.name,
    schemaOid: index.schemaOid,
    tableOid: index.tableOid,
    type,
    columns: index.columns.map((column) => column.columnNumber),
    indexOid: index.oid,
    ...NO_ACTIONS,
    ...deferral(attributes),
    validated: true,
  });
}

/** ADD CONSTRAINT name UNIQUE USING INDEX i: the index takes the constraint's name. */
function* adoptIndex(x: DdlContext, table: RelationEntry, constraint: KeyConstraint): DdlSteps<IndexEntry> {
  const name = constraint.usingIndex as string;
  const index = x.catalog.indexByName(table.schemaOid, name);
  const position = at(x, constraint.position);
  if (index === undefined) throw sqlError('42704', `index "${name}" does not exist`, position);
  if (index.tableOid !== table.oid) {
    throw sqlError('55000', `index "${name}" does not belong to table "${table.name}"`, position);
  }
  if (x.catalog.constraintOfIndex(index) !== undefined) {
    throw sqlError('55000', `index "${name}" is already associated with a constraint`, position);
  }
  const detail = 'Cannot create a primary key or unique constraint using such an index.';
  if (!index.unique) throw sqlError('42809', `"${name}" is not a unique index`, { detail, ...position });
  if (index.columns.some((column) => column.columnNumber === 0)) {
    throw sqlError('42809', `index "${name}" contains expressions`, { detail, ...position });
  }
  if (index.predicateText !== null) {
    throw sqlError('42809', `"${name}" is a partial index`, { detail, ...position });
  }
  index.columns.forEach((key, i) => {
    if (isOrderedByDefault(x, table, key)) return;
    const words = `index "${name}" column number ${i + 1} does not have default sorting behavior`;
    throw sqlError('42809', words, { detail, ...position });
  });
  const isPrimary = constraint.kind === 'primaryKey';
  if (isPrimary) {
    yield* setNotNull(
      x,
      table,
      index.columns.map((column) => table.columns[column.columnNumber - 1]),
    );
  }
  const newName = constraint.name ?? name;
  if (newName !== name) {
    x.notice('NOTICE', '00000', `ALTER TABLE / ADD CONSTRAINT USING INDEX will rename index "${name}" to "${newName}"`);
  }
  const adopted: IndexEntry = { ...index, name: newName, primary: isPrimary };
  x.putEntry(adopted);
  return adopted;
}

/** A constraint's own index would sort so. */
function isOrderedByDefault(x: DdlContext, table: RelationEntry, key: IndexColumn): boolean {
  const { columnNumber, descending, nullsFirst, operatorClass } = key;
  const { typeOid, collationOid } = table.columns[columnNumber - 1];
  const own = collationOid ?? collationOf(typeOid, x.catalog);
  if (descending || nullsFirst || collationOfKey(x.catalog, table, key) !== own) return false;
  return operatorClassOf(typeOid, 'btree', operatorClass) === operatorClassOf(typeOid, 'btree', undefined);
}

// -------------------------------------------------------------------------------------------------------------- CHECK

/** A check of one column is named after it, wherever it is written. */
export function addCheck(x: DdlContext, table: RelationEntry, constraint: CheckConstraint): ConstraintEntry {
  const expr = x.bind(constraint.expr, table, 'check', { typeOid: OID.BOOL, typeModifier: -1 });
  const columns = usedColumns(expr);
  let { name } = constraint;
  if (name === null) {
    const names = [...columns.map((number) => table.columns[number - 1].name), ...usedSystemColumns(expr)];
    const only = names.length === 1 ? names[0] : null;
    name = chooseConstraintName(x, table.name, only, 'check', table.schemaOid, new Set());
  } else {
    checkConstraintName(x, table, name);
  }
  const entry: ConstraintEntry = {
    class: 'constraint',
    oid: x.allocateOid(),
    name,
    schemaOid: table.schemaOid,
    tableOid: table.oid,
    type: 'check',
    columns,
    indexOid: 0,
    ...NO_ACTIONS,
    checkText: storedText(x, constraint.expr, expr, table, 'check', { typeOid: OID.BOOL, typeModifier: -1 }),
    deferrable: false,
    initiallyDeferred: false,
    validated: !constraint.notValid,
    ...(constraint.noInherit ? { noInherit: true } : {}),
  };
  x.putEntry(entry);
  return entry;
}

/** 23514 when a row of the table is against it. */
export function* validateCheck(x: DdlContext, table: RelationEntry, entry: ConstraintEntry): DdlSteps<void> {
  if (x.isEmpty(table)) return;
  const rows = yield* wait(
    x.runInternal(`SELECT 1 FROM ONLY ${tableText(x, table)} WHERE NOT (${entry.checkText}) LIMIT 1`),
  );
  if (rows.length === 0) return;
  throw sqlError('23514', `check constraint "${entry.name}" of relation "${table.name}" is violated by some row`, {
    schema: x.catalog.schemaName(table.schemaOid),
    table: table.name,
    constraint: entry.name,
  });
}

// -------------------------------------------------------------------------------------------------------- FOREIGN KEY

function foreignKeyColumns(table: RelationEntry, names: readonly string[]): ColumnEntry[] {
  const columns = names.map((name) => {
    const column = findColumn(table, name);
    if (column === undefined) {
      if (isSystemColumn(name)) throw sqlError('0A000', 'system columns cannot be used in foreign keys');
      throw sqlError('42703', `column "${name}" referenced in foreign key constraint does not exist`);
    }
    return column;
  });
  if (columns.length > 32) throw sqlError('54011', 'cannot have more than 32 keys in a foreign key');
  return columns;
}

interface ReferencedKey {
  readonly columns: readonly ColumnEntry[];
  readonly index: IndexEntry;
}

/** The unique index behind the referenced columns: the primary key when none are named. */
function referencedKey(x: DdlContext, table: RelationEntry, names: readonly string[]): ReferencedKey {
  const indexes = x.catalog.indexesOf(table.oid).filter((index) => index.valid !== false);
  if (names.length === 0) {
    const primary = indexes.find((index) => index.primary);
    if (primary === undefined) {
      throw sqlError('42704', `there is no primary key for referenced table "${table.name}"`);
    }
    checkNotDeferrable(x, table, primary);
    return { columns: primary.columns.map((column) => table.columns[column.columnNumber - 1]), index: primary };
  }
  const columns = foreignKeyColumns(table, names);
  const wanted = columns.map((column) => column.number);
  if (new Set(wanted).size !== wanted.length) {
    throw sqlError('42830', 'foreign key referenced-columns list must not contain duplicates');
  }
  const index = indexes.find(
    (candidate) =>
      candidate.unique &&
      candidate.predicateText === null &&
      candidate.columns.length === wanted.length &&
      candidate.columns.every((column) => wanted.includes(column.columnNumber)),
  );
  if (index === undefined) {
    throw sqlError('42830', `there is no unique constraint matching given keys for referenced table "${table.name}"`);
  }
  checkNotDeferrable(x, table, index);
  return { columns, index };
}

function checkNotDeferrable(x: DdlContext, table: RelationEntry, index: IndexEntry): void {
  const constraint = x.catalog.constraintOfIndex(index);
  if (constraint?.deferrable !== true) return;
  const word = index.primary ? 'primary key' : 'unique constraint';
  throw sqlError('55000', `cannot use a deferrable ${word} for referenced table "${table.name}"`);
}

/** Can values of the referencing column be compared with those of the referenced one? */
function isComparable(referencedType: number, referencingType: number): boolean {
  const a = baseTypeOid(referencedType);
  const b = baseTypeOid(referencingType);
  if (a === b) return true;
  if (operatorsByName('=').some((operator) => operator.leftType === a && operator.rightType === b)) return true;
  if (typeByOid(a)?.category === 'S' && typeByOid(b)?.category === 'S') return true;
  return lookupCast(b, a)?.context === 'implicit';
}

/** 42804 unless the key's columns can be compared. */
export function checkComparable(
  table: RelationEntry,
  referenced: RelationEntry,
  key: Pick<ConstraintEntry, 'name' | 'columns' | 'referencedColumns'>,
): void {
  key.columns.forEach((number, i) => {
    const column = table.columns[number - 1];
    const other = referenced.columns[key.referencedColumns[i] - 1];
    if (isComparable(other.typeOid, column.typeOid)) return;
    throw sqlError('42804', `foreign key constraint "${key.name}" cannot be implemented`, {
      detail: `Key columns "${column.name}" and "${other.name}" are of incompatible types: ${formatType(column.typeOid)} and ${formatType(other.typeOid)}.`,
    });
  });
}

function foreignKeyName(x: DdlContext, table: RelationEntry, columns: readonly ColumnEntry[]): string {
  const middle = joinColumnNames(columns.map((column) => column.name));
  return chooseConstraintName(x, table.name, middle, 'fkey', table.schemaOid, new Set());
}

function checkPersistence(table: RelationEntry, referenced: RelationEntry): void {
  if (table.persistence === 'permanent' && referenced.persistence !== 'permanent') {
    throw sqlError('42P16', 'constraints on permanent tables may reference only permanent tables');
  }
  if (table.persistence === 'unlogged' && referenced.persistence === 'temporary') {
    throw sqlError('42P16', 'constraints on unlogged tables may reference only permanent or unlogged tables');
  }
  if (table.persistence === 'temporary' && referenced.persistence !== 'temporary') {
    throw sqlError('42P16', 'constraints on temporary tables may reference only temporary tables');
  }
}

export function* addForeignKey(
  x: DdlContext,
  tableBefore: RelationEntry,
  constraint: ForeignKeyConstraint,
): DdlSteps<ConstraintEntry> {
  const { references } = constraint;
  const found = yield* findAndLock(x, references.table.name, SHARE_ROW_EXCLUSIVE);
  if (found === undefined) throw relationMissing(x, references.table.name);
  if (found.class !== 'relation' || (found.kind !== 'table' && found.kind !== 'virtual')) {
    throw sqlError('42809', `referenced relation "${found.name}" is not a table`);
  }
  refuseSystem(found);
  const referenced = current(x, found);
  const table = current(x, tableBefore);
  checkPersistence(table, referenced);
  const columns = foreignKeyColumns(table, constraint.columns);
  const key = referencedKey(x, referenced, references.columns);
  if (key.columns.length !== columns.length) {
    throw sqlError('42830', 'number of referencing and referenced columns for foreign key disagree');
  }
  let { name } = constraint;
  if (name === null) name = foreignKeyName(x, table, columns);
  else checkConstraintName(x, table, name);
  checkComparable(table, referenced, {
    name,
    columns: columns.map((column) => column.number),
    referencedColumns: key.columns.map((column) => column.number),
  });
  checkReferencesRight(x, referenced, key.columns);
  checkGenerated(columns, constraint);
  const toSet = foreignKeyColumns(table, references.onDeleteColumns);
  const other = toSet.find((column) => !columns.includes(column));
  if (other !== undefined) {
    throw sqlError('42P10', `column "${other.name}" referenced in ON DELETE SET action must be part of foreign key`);
  }
  const onDeleteColumns = [...new Set(toSet.map((column) => column.number))];
  const entry: ConstraintEntry = {
    class: 'constraint',
    oid: x.allocateOid(),
    name,
    schemaOid: table.schemaOid,
    tableOid: table.oid,
    type: 'foreign key',
    columns: columns.map((column) => column.number),
    indexOid: key.index.oid,
    checkText: null,
    referencedTableOid: referenced.oid,
    referencedColumns: key.columns.map((column) => column.number),
    onUpdate: references.onUpdate,
    onDelete: references.onDelete,
    ...(onDeleteColumns.length > 0 ? { onDeleteColumns } : {}),
    matchFull: references.match === 'full',
    ...deferral(constraint),
    validated: !constraint.notValid,
  };
  x.putEntry(entry);
  return entry;
}

/** REFERENCES, on the table or on each of the columns. */
function checkReferencesRight(x: DdlContext, table: RelationEntry, columns: readonly ColumnEntry[]): void {
  if (rightsOnRelation(x.catalog, table, x.authority, 'x') !== '') return;
  if (columns.every((column) => rightsOnColumn(x.catalog, table, column, x.authority, 'x') !== '')) return;
  throw relationDenied(table);
}

function checkGenerated(columns: readonly ColumnEntry[], constraint: ForeignKeyConstraint): void {
  if (!columns.some((column) => column.generated)) return;
  const { onUpdate, onDelete } = constraint.references;
  if (onUpdate === 'set null' || onUpdate === 'set default' || onUpdate === 'cascade') {
    throw sqlError('42601', `invalid ON UPDATE action for foreign key constraint containing generated column`);
  }
  if (onDelete === 'set null' || onDelete === 'set default') {
    throw sqlError('42601', `invalid ON DELETE action for foreign key constraint containing generated column`);
  }
}

/** 23503 when a row refers to nothing. */
export function* validateForeignKey(x: DdlContext, table: RelationEntry, entry: ConstraintEntry): DdlSteps<void> {
  if (x.isEmpty(table)) return;
  const referenced = x.catalog.relation(entry.referencedTableOid) as RelationEntry;
  const own = entry.columns.map((number) => table.columns[number - 1]);
  const other = entry.referencedColumns.map((number) => referenced.columns[number - 1]);
  const quoted = own.map((column) => quoteIdentifier(column.name));
  const join = own
    .map(
      (column, i) =>
        `pk.${quoteIdentifier(other[i].name)}${referencedCollation(x.catalog, other[i], column)} = fk.${quoted[i]}`,
    )
    .join(' AND ');
  const nullTest = quoted.map((name) => `fk.${name} IS NOT NULL`).join(entry.matchFull ? ' OR ' : ' AND ');
  const rows = yield* wait(
    x.runInternal(
      `SELECT ${quoted.map((name) => `fk.${name}`).join(', ')} FROM ONLY ${tableText(x, table)} fk ` +
        `LEFT OUTER JOIN ONLY ${tableText(x, referenced)} pk ON ${join} ` +
        `WHERE pk.${quoteIdentifier(other[0].name)} IS NULL AND (${nullTest}) LIMIT 1`,
    ),
  );
  if (rows.length === 0) return;
  const fields = { schema: x.catalog.schemaName(table.schemaOid), table: table.name, constraint: entry.name };
  const values = rows[0];
  if (entry.matchFull && values.some((value) => value === null)) {
    throw sqlError(
      '23503',
      `insert or update on table "${table.name}" violates foreign key constraint "${entry.name}"`,
      { detail: 'MATCH FULL does not allow mixing of null and nonnull key values.', ...fields },
    );
  }
  const shown = values.map((value, i) => outputText(own[i].typeOid, value, x.settings.format)).join(', ');
  throw sqlError('23503', `insert or update on table "${table.name}" violates foreign key constraint "${entry.name}"`, {
    detail: `Key (${own.map((column) => column.name).join(', ')})=(${shown}) is not present in table "${referenced.name}".`,
    ...fields,
  });
}
