/** ALTER TABLE and what ALTER INDEX, SEQUENCE and VIEW share with it: a list of commands, done in PostgreSQL's order. */
import type { ColumnEntry, NamedRelation, RelationEntry } from '../../catalog/index.ts';
import type { AlterTableCommand, AlterTableStatement, TableConstraint } from '../../parser/ast.ts';
import { ACCESS_EXCLUSIVE, type LockMode, SHARE_ROW_EXCLUSIVE, SHARE_UPDATE_EXCLUSIVE } from '../../storage/api.ts';
import { sqlError } from '../../types/errors.ts';
import { OID } from '../../types/index.ts';
import { addColumn } from './add-column.ts';
import {
  addConstraint,
  alterConstraint,
  dropConstraint,
  enableForeignKeys,
  validateConstraint,
} from './alter-constraint.ts';
import { alterColumnTypes, understoodTypeChange } from './alter-type.ts';
import { withCompression, withStorage } from './column-storage.ts';
import { addColumnSequence, bindDefault } from './columns.ts';
import { setNotNull } from './constraints.ts';
import type { DdlContext, DdlResult, DdlSteps } from './context.ts';
import { checkAccessMethod, checkTablespace } from './create-table.ts';
import { dropObjects } from './dependencies.ts';
import { reference } from './describe.ts';
import { clusterIndex, indexOptions, markClustered } from './indexes.ts';
import { changedOptions, mergeOptions, OWN_TABLE_OPTIONS, resetNames, TABLE_OPTIONS } from './options.ts';
import { changeOwner } from './owner.ts';
import { changeColumn } from './removal.ts';
import { checkReplicaIdentity, setReplicaIdentity } from './replica-identity.ts';
import {
  checkNotInUse,
  checkRelationOwner,
  columnOrThrow,
  findAndLock,
  findColumn,
  kindWord,
  refuseSystem,
  relationMissing,
  roleOfSpec,
} from './resolve.ts';
import { checkExpiry, looksAtRows, removeExpired } from './row-expiry.ts';
import { alterSequence } from './sequences.ts';
import { setIndexStatistics, withStatisticsTarget } from './statistics.ts';
import { forgetTypeOfTable, refuseTyped, setTypeOfTable } from './typed-tables.ts';
import { changeViewOptions, VIEW_OPTIONS } from './views.ts';
import { nowWithoutPlace, withoutPlace } from './without-place.ts';

/** PostgreSQL's passes: what is dropped goes first, what needs other changes comes after them. */
const PASSES: Partial<Record<AlterTableCommand['kind'], number>> = {
  dropColumn: 0,
  dropConstraint: 0,
  dropNotNull: 0,
  dropExpression: 0,
  dropIdentity: 0,
  alterColumnType: 1,
  addColumn: 2,
  setNotNull: 3,
  setDefault: 5,
  addIdentity: 5,
  addConstraint: 5,
};
const KEY_PASS = 4;
const LAST_PASS = 6;

function passOf(command: AlterTableCommand): number {
  if (command.kind === 'setDefault' && command.expr === null) return 0;
  if (command.kind === 'addConstraint' && ['primaryKey', 'unique', 'exclude'].includes(command.constraint.kind)) {
    return KEY_PASS;
  }
  return PASSES[command.kind] ?? LAST_PASS;
}

/** PostgreSQL looks for an index that is named while it still has the statement's text. */
function addingConstraint(x: DdlContext, table: RelationEntry, constraint: TableConstraint): DdlSteps<void> {
  const steps = addConstraint(x, table, constraint);
  const isNamed = 'usingIndex' in constraint && constraint.usingIndex !== null;
  return isNamed ? steps : withoutPlace(steps);
}

function lockModeOf(statement: AlterTableStatement): LockMode {
  return statement.commands.reduce<LockMode>(
    (mode, command) => Math.max(mode, lockModeOfCommand(command)) as LockMode,
    SHARE_UPDATE_EXCLUSIVE,
  );
}

/** Whoever looks at the table only need not wait for these. */
const UPKEEP: ReadonlySet<AlterTableCommand['kind']> = new Set([
  'validateConstraint',
  'setStatistics',
  'setColumnOptions',
  'resetColumnOptions',
  'clusterOn',
]);

function lockModeOfCommand(command: AlterTableCommand): LockMode {
  if (UPKEEP.has(command.kind)) return SHARE_UPDATE_EXCLUSIVE;
  switch (command.kind) {
    case 'setOptions':
    case 'resetOptions':
      // A view's say what its query is.
      return command.options.some(({ name }) => VIEW_OPTIONS.has(name)) ? ACCESS_EXCLUSIVE : SHARE_UPDATE_EXCLUSIVE;
    case 'alterConstraint':
      return SHARE_ROW_EXCLUSIVE;
    case 'addConstraint':
      return command.constraint.kind === 'foreignKey' ? SHARE_ROW_EXCLUSIVE : ACCESS_EXCLUSIVE;
    default:
      return ACCESS_EXCLUSIVE;
  }
}

export function* alterTable(x: DdlContext, statement: AlterTableStatement): DdlSteps<DdlResult> {
  const tag = `ALTER ${statement.objectType.toUpperCase()}`;
  const names = statement.table.name;
  const found = yield* findAndLock(x, names, lockModeOf(statement), (each) => {
    checkKind(statement, each);
    refuseSystem(each);
    checkRelationOwner(x, each);
  });
  if (found === undefined) {
    const { objectType, ifExists } = statement;
    const missing = relationMissing(x, names, objectType === 'table' ? undefined : objectType);
    const isComposite = missing.code === '42809';
    if (isComposite && objectType === 'table') throw missing.with({ hint: 'Use ALTER TYPE instead.' });
    if (isComposite || !ifExists) throw missing;
    x.notice('NOTICE', '00000', `relation "${names.join('.')}" does not exist, skipping`);
    return { tag };
  }
  if (found.class === 'relation') checkNotInUse(x, found, 'ALTER TABLE');
  const commands = [...statement.commands].sort((a, b) => passOf(a) - passOf(b));
  if (found.class === 'relation') for (const command of commands) refuseTyped(found, command);
  if (found.class === 'relation' && looksAtRows(commands)) yield* removeExpired(x, found);
  const typeChanges =
    found.class !== 'relation' || found.kind !== 'table'
      ? []
      : commands.flatMap((each) => (each.kind === 'alterColumnType' ? [understoodTypeChange(x, found, each)] : []));
  for (const command of commands) {
    const entry = x.catalog.namedRelation(found.oid) as NamedRelation;
    if (command.kind === 'alterColumnType' && typeChanges.length > 0) {
      const changes = typeChanges.splice(0);
      yield* alterColumnTypes(x, entry as RelationEntry, changes);
      continue;
    }
    if (entry.class === 'relation' && entry.kind === 'table') yield* alterOne(x, entry, command);
    else yield* alterOther(x, entry, command);
  }
  return { tag };
}

function checkKind({ objectType }: AlterTableStatement, found: NamedRelation): void {
  const kind = kindWord(found);
  if (objectType === 'table' || objectType === kind) return;
  if (objectType === 'index' && kind !== 'index') throw sqlError('42809', `"${found.name}" is not an index`);
  if (objectType === 'foreign table') throw sqlError('42809', `"${found.name}" is not a foreign table`);
  throw sqlError('42809', `"${found.name}" is not a ${objectType}`);
}

/** A typed table follows its type. */
export function* alterTyped(x: DdlContext, oid: number, commands: readonly AlterTableCommand[]): DdlSteps<void> {
  for (const command of commands) {
    const table = x.catalog.relation(oid) as RelationEntry;
    if (command.kind === 'alterColumnType') {
      yield* alterColumnTypes(x, table, [understoodTypeChange(x, table, command)]);
    } else yield* alterOne(x, table, command);
  }
}

function* alterOne(x: DdlContext, table: RelationEntry, command: AlterTableCommand): DdlSteps<void> {
  switch (command.kind) {
    case 'addColumn':
      yield* addColumn(x, table, command.column, command.ifNotExists);
      return;
    case 'dropColumn':
      yield* dropColumn(x, table, command);
      return;
    case 'alterColumnType':
      // All of them were done with the first.
      return;
    case 'setDefault':
      nowWithoutPlace(() => setDefault(x, table, command));
      return;
    case 'setNotNull':
      yield* setNotNull(x, table, [columnOrThrow(table, command.column)]);
      return;
    case 'dropNotNull':
      dropNotNull(x, table, columnOrThrow(table, command.column));
      return;
    case 'dropExpression':
      dropExpression(x, table, command);
      return;
    case 'addIdentity':
    case 'setIdentity':
    case 'dropIdentity':
      yield* alterIdentity(x, table, command);
      return;
    case 'addConstraint':
      yield* addingConstraint(x, table, command.constraint);
      return;
    case 'alterConstraint':
      alterConstraint(x, table, command);
      return;
    case 'validateConstraint':
      yield* validateConstraint(x, table, command.name);
      return;
    case 'dropConstraint':
      yield* dropConstraint(x, table, command);
      return;
    default:
      alterProperties(x, table, command);
  }
}

// ------------------------------------------------------------------------------------------------------------- columns

function* dropColumn(
  x: DdlContext,
  table: RelationEntry,
  command: Extract<AlterTableCommand, { kind: 'dropColumn' }>,
): DdlSteps<void> {
  const column = findColumn(table, command.column);
  if (column === undefined) {
    if (command.ifExists) {
      x.notice('NOTICE', '00000', `column "${command.column}" of relation "${table.name}" does not exist, skipping`);
      return;
    }
    if (['ctid', 'xmin', 'xmax', 'cmin', 'cmax', 'tableoid'].includes(command.column)) {
      throw sqlError('0A000', `cannot drop system column "${command.column}"`);
    }
    throw sqlError('42703', `column "${command.column}" of relation "${table.name}" does not exist`);
  }
  yield* dropObjects(x, [reference('column', table.oid, column.number)], command.behavior === 'cascade');
}

function setDefault(
  x: DdlContext,
  table: RelationEntry,
  command: Extract<AlterTableCommand, { kind: 'setDefault' }>,
): void {
  const column = columnOrThrow(table, command.column);
  if (column.identity !== null) {
    throw sqlError(
      '42601',
      `column "${column.name}" of relation "${table.name}" is an identity column`,
      command.expr === null ? { hint: 'Use ALTER TABLE ... ALTER COLUMN ... DROP IDENTITY instead.' } : {},
    );
  }
  if (column.generated) {
    throw sqlError(
      '42601',
      `column "${column.name}" of relation "${table.name}" is a generated column`,
      command.expr === null ? { hint: 'Use ALTER TABLE ... ALTER COLUMN ... DROP EXPRESSION instead.' } : {},
    );
  }
  const bound = command.expr === null ? null : bindDefault(x, command.expr, column);
  changeColumn(x, table.oid, column.number, ({ defaultDependsOn: _, ...rest }) => ({
    ...rest,
    defaultText: bound?.text ?? null,
    ...(bound !== null && bound.dependsOn.length > 0 ? { defaultDependsOn: bound.dependsOn } : {}),
    sequenceOid: bound?.dependsOn.includes(rest.sequenceOid) === true ? rest.sequenceOid : 0,
  }));
}

function dropNotNull(x: DdlContext, table: RelationEntry, column: ColumnEntry): void {
  if (column.identity !== null) {
    throw sqlError('42601', `column "${column.name}" of relation "${table.name}" is an identity column`);
  }
  const primary = x.catalog.indexesOf(table.oid).find((index) => index.primary);
  if (primary?.columns.some((part) => part.columnNumber === column.number) === true) {
    throw sqlError('42P16', `column "${column.name}" is in a primary key`);
  }
  checkReplicaIdentity(x, table, column);
  if (column.notNull) changeColumn(x, table.oid, column.number, (old) => ({ ...old, notNull: false }));
}

function dropExpression(
  x: DdlContext,
  table: RelationEntry,
  command: Extract<AlterTableCommand, { kind: 'dropExpression' }>,
): void {
  const column = columnOrThrow(table, command.column);
  if (!column.generated) {
    const message = `column "${column.name}" of relation "${table.name}" is not a stored generated column`;
    if (!command.ifExists) throw sqlError('55000', message);
    x.notice('NOTICE', '00000', `${message}, skipping`);
    return;
  }
  changeColumn(x, table.oid, column.number, (old) => ({ ...old, generated: false, defaultText: null }));
}

function* alterIdentity(
  x: DdlContext,
  table: RelationEntry,
  command: Extract<AlterTableCommand, { kind: 'addIdentity' | 'setIdentity' | 'dropIdentity' }>,
): DdlSteps<void> {
  const column = columnOrThrow(table, command.column);
  const subject = `column "${column.name}" of relation "${table.name}"`;
  if (command.kind === 'addIdentity') {
    if (column.typeOid !== OID.INT2 && column.typeOid !== OID.INT4 && column.typeOid !== OID.INT8) {
      throw sqlError('22023', 'identity column type must be smallint, integer, or bigint');
    }
    if (!column.notNull) throw sqlError('55000', `${subject} must be declared NOT NULL before identity can be added`);
    if (column.identity !== null) throw sqlError('55000', `${subject} is already an identity column`);
    if (column.defaultText !== null) throw sqlError('55000', `${subject} already has a default value`);
    const identity = command.always ? 'always' : 'default';
    const added = addColumnSequence(
      x,
      table,
      { ...column, identity },
      { options: command.options, typeOid: column.typeOid },
    );
    changeColumn(x, table.oid, column.number, () => added);
    return;
  }
  if (column.identity === null) {
    const message = `${subject} is not an identity column`;
    if (command.kind === 'setIdentity' || !command.ifExists) throw sqlError('55000', message);
    x.notice('NOTICE', '00000', `${message}, skipping`);
    return;
  }
  const sequence = x.catalog.sequence(column.sequenceOid);
  if (command.kind === 'setIdentity') {
    const { always } = command;
    if (always !== null) {
      changeColumn(x, table.oid, column.number, (old) => ({ ...old, identity: always ? 'always' : 'default' }));
    }
    if (sequence === undefined) return;
    while (!x.lockRelation(sequence.oid, SHARE_ROW_EXCLUSIVE)) yield;
    alterSequence(x, sequence, command.options);
    return;
  }
  changeColumn(x, table.oid, column.number, (old) => ({ ...old, identity: null, sequenceOid: 0 }));
  if (sequence !== undefined) yield* dropObjects(x, [reference('sequence', sequence.oid)], false);
}

// --------------------------------------------------------------------------------------------------------- constraints

type PropertyCommand = Exclude<
  AlterTableCommand,
  {
    kind:
      | 'addColumn'
      | 'dropColumn'
      | 'alterColumnType'
      | 'setDefault'
      | 'setNotNull'
      | 'dropNotNull'
      | 'dropExpression'
      | 'addIdentity'
      | 'setIdentity'
      | 'dropIdentity'
      | 'addConstraint'
      | 'alterConstraint'
      | 'validateConstraint'
      | 'dropConstraint';
  }
>;

/** Commands that keep a fact, or that ask for what hotrow always does: those are accepted without effect. */
function alterProperties(x: DdlContext, table: RelationEntry, command: PropertyCommand): void {
  switch (command.kind) {
    case 'ownerTo':
      changeOwner(x, table, roleOfSpec(x, command.owner));
      return;
    case 'setOptions':
    case 'resetOptions':
      putOptions(x, table, changedOptions(table.options, command, OWN_TABLE_OPTIONS));
      return;
    case 'setLogged':
    case 'setUnlogged':
      setPersistence(x, table, command.kind === 'setLogged' ? 'permanent' : 'unlogged');
      return;
    case 'setTablespace':
      checkTablespace(command.name);
      return;
    case 'setAccessMethod':
      checkAccessMethod(command.name);
      return;
    case 'setStatistics':
      if (typeof command.column === 'number') throw sqlError('0A000', 'cannot refer to non-index column by number');
      changeColumn(x, table.oid, columnOrThrow(table, command.column).number, (old) =>
        withStatisticsTarget(x, old, command.value),
      );
      return;
    case 'setColumnOptions':
    case 'resetColumnOptions':
      if (typeof command.column === 'string') columnOrThrow(table, command.column);
      return;
    case 'setStorage':
      changeColumn(x, table.oid, columnOrThrow(table, command.column).number, (old) => withStorage(old, command.value));
      return;
    case 'setCompression':
      changeColumn(x, table.oid, columnOrThrow(table, command.column).number, (old) =>
        withCompression(old, command.value),
      );
      return;
    case 'clusterOn':
      markClustered(x, table, command.index === null ? null : clusterIndex(x.catalog, table, command.index));
      return;
    case 'enableTrigger':
    case 'disableTrigger':
      if (typeof command.trigger === 'object') {
        throw sqlError('42704', `trigger "${command.trigger.name}" for table "${table.name}" does not exist`);
      }
      if (command.trigger === 'all') enableForeignKeys(x, table, command.kind === 'enableTrigger');
      return;
    case 'enableRule':
    case 'disableRule':
      throw sqlError('42704', `rule "${command.rule}" for relation "${table.name}" does not exist`);
    case 'replicaIdentity':
      setReplicaIdentity(x, table, command.identity, command.index);
      return;
    case 'setWithoutOids':
      return;
    case 'enableRowSecurity':
      x.putEntry({ ...table, rowSecurity: true });
      return;
    case 'forceRowSecurity':
      x.putEntry({ ...table, forcesRowSecurity: true });
      return;
    case 'disableRowSecurity': {
      const { rowSecurity: _, ...rest } = table;
      x.putEntry(rest);
      return;
    }
    case 'noForceRowSecurity': {
      const { forcesRowSecurity: _, ...rest } = table;
      x.putEntry(rest);
      return;
    }
    case 'inherit':
    case 'noInherit':
      throw sqlError('0A000', 'table inheritance is not supported');
    case 'of':
      setTypeOfTable(x, table, command.type);
      return;
    case 'notOf':
      forgetTypeOfTable(x, table);
      return;
    case 'attachPartition':
    case 'detachPartition':
      throw sqlError('42P17', `table "${table.name}" is not partitioned`);
  }
}

function setPersistence(x: DdlContext, table: RelationEntry, persistence: 'permanent' | 'unlogged'): void {
  if (table.persistence === 'temporary') {
    throw sqlError('42P16', `cannot change logged status of table "${table.name}" because it is temporary`);
  }
  if (table.persistence === persistence) return;
  checkKeysOf(x, table, persistence);
  x.putEntry({ ...table, persistence });
  for (const sequence of x.catalog.sequencesOf(table.oid)) x.putEntry({ ...sequence, persistence });
}

/** No foreign key may lead from a logged table to an unlogged one. */
function checkKeysOf(x: DdlContext, table: RelationEntry, persistence: 'permanent' | 'unlogged'): void {
  const isLogged = persistence === 'permanent';
  const keys = isLogged ? x.catalog.constraintsOf(table.oid) : x.catalog.constraintsReferencing(table.oid);
  for (const key of keys) {
    if (key.type !== 'foreign key') continue;
    const other = x.catalog.relation(isLogged ? key.referencedTableOid : key.tableOid) as RelationEntry;
    if (other.oid === table.oid || other.persistence === persistence) continue;
    const [to, from] = isLogged ? ['logged', 'unlogged'] : ['unlogged', 'logged'];
    throw sqlError(
      '42P16',
      `could not change table "${table.name}" to ${to} because it references ${from} table "${other.name}"`,
      { schema: x.catalog.schemaName(table.schemaOid), table: table.name, constraint: key.name },
    );
  }
}

function putOptions(x: DdlContext, table: RelationEntry, options: readonly string[]): void {
  const after = { ...table, options };
  checkExpiry(after);
  x.putEntry(after);
}

/** Views, indexes and sequences: owner and options, and defaults of a view's columns. */
function* alterOther(x: DdlContext, entry: NamedRelation, command: AlterTableCommand): DdlSteps<void> {
  switch (command.kind) {
    case 'ownerTo':
      changeOwner(x, entry, roleOfSpec(x, command.owner));
      return;
    case 'setOptions':
    case 'resetOptions':
      if (entry.class === 'index') {
        const set = command.kind === 'setOptions' ? indexOptions(command.options, entry.method) : [];
        const reset = command.kind === 'resetOptions' ? resetNames(command.options) : [];
        x.putEntry({ ...entry, options: mergeOptions(entry.options ?? [], set, reset) });
      } else if (entry.class === 'relation' && entry.kind === 'view') changeViewOptions(x, entry, command);
      else if (entry.class === 'relation') {
        x.putEntry({ ...entry, options: changedOptions(entry.options, command, TABLE_OPTIONS) });
      }
      return;
    case 'setDefault':
      if (entry.class === 'relation' && entry.kind === 'view') {
        const column = columnOrThrow(entry, command.column);
        const bound = command.expr === null ? null : bindDefault(x, command.expr, column);
        changeColumn(x, entry.oid, column.number, (old) => ({ ...old, defaultText: bound?.text ?? null }));
        return;
      }
      break;
    case 'clusterOn':
      if (entry.class !== 'relation' || entry.kind !== 'materializedView') break;
      markClustered(x, entry, command.index === null ? null : clusterIndex(x.catalog, entry, command.index));
      return;
    case 'setTablespace':
      checkTablespace(command.name);
      return;
    case 'setStatistics':
      if (entry.class === 'index' && typeof command.column === 'number') {
        setIndexStatistics(x, entry, command.column, command.value);
      }
      return;
    case 'setStorage':
    case 'setCompression':
      return;
    case 'setLogged':
    case 'setUnlogged':
      if (entry.class === 'sequence') {
        x.putEntry({ ...entry, persistence: command.kind === 'setLogged' ? 'permanent' : 'unlogged' });
        return;
      }
      break;
    default:
      break;
  }
  const plural = { relation: 'views', index: 'indexes', sequence: 'sequences' } as const;
  throw sqlError(
    '42809',
    `ALTER action ${ACTION_NAMES[command.kind] ?? command.kind} cannot be performed on relation "${entry.name}"`,
    {
      detail: `This operation is not supported for ${kindWord(entry) === 'materialized view' ? 'materialized views' : plural[entry.class]}.`,
    },
  );
}

const ACTION_NAMES: Partial<Record<AlterTableCommand['kind'], string>> = {
  addColumn: 'ADD COLUMN',
  dropColumn: 'DROP COLUMN',
  alterColumnType: 'ALTER COLUMN ... SET DATA TYPE',
  setDefault: 'ALTER COLUMN ... SET DEFAULT',
  setNotNull: 'ALTER COLUMN ... SET NOT NULL',
  dropNotNull: 'ALTER COLUMN ... DROP NOT NULL',
  dropExpression: 'ALTER COLUMN ... DROP EXPRESSION',
  addIdentity: 'ALTER COLUMN ... ADD IDENTITY',
  setColumnOptions: 'ALTER COLUMN ... SET',
  resetColumnOptions: 'ALTER COLUMN ... RESET',
  setIdentity: 'ALTER COLUMN ... SET',
  dropIdentity: 'ALTER COLUMN ... DROP IDENTITY',
  addConstraint: 'ADD CONSTRAINT',
  alterConstraint: 'ALTER CONSTRAINT',
  validateConstraint: 'VALIDATE CONSTRAINT',
  dropConstraint: 'DROP CONSTRAINT',
  setLogged: 'SET LOGGED',
  setUnlogged: 'SET UNLOGGED',
  clusterOn: 'CLUSTER ON',
  enableTrigger: 'ENABLE TRIGGER',
  disableTrigger: 'DISABLE TRIGGER',
  enableRowSecurity: 'ENABLE ROW SECURITY',
  disableRowSecurity: 'DISABLE ROW SECURITY',
  forceRowSecurity: 'FORCE ROW SECURITY',
  noForceRowSecurity: 'NO FORCE ROW SECURITY',
  setStatistics: 'ALTER COLUMN ... SET STATISTICS',
  setStorage: 'ALTER COLUMN ... SET STORAGE',
  setTablespace: 'SET TABLESPACE',
  setOptions: 'SET',
  resetOptions: 'RESET',
  inherit: 'INHERIT',
  of: 'OF',
  replicaIdentity: 'REPLICA IDENTITY',
  attachPartition: 'ATTACH PARTITION',
};
