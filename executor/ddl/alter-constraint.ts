/** ALTER TABLE ... ADD, ALTER, VALIDATE and DROP CONSTRAINT. */
import type { ConstraintEntry, RelationEntry } from '../../catalog/index.ts';
import type { AlterTableCommand, TableConstraint } from '../../parser/ast.ts';
import { sqlError } from '../../types/errors.ts';
import { addCheck, addForeignKey, addKey, current, validateCheck, validateForeignKey } from './constraints.ts';
import type { DdlContext, DdlSteps } from './context.ts';
import { dropObjects } from './dependencies.ts';
import { reference } from './describe.ts';
import { addExclusion } from './exclusion.ts';
import { findColumn, isSystemColumn } from './resolve.ts';

/** ADD CONSTRAINT: checked against the rows that there are, unless NOT VALID. */
export function* addConstraint(x: DdlContext, table: RelationEntry, constraint: TableConstraint): DdlSteps<void> {
  switch (constraint.kind) {
    case 'primaryKey':
      checkKeyColumns(table, constraint.columns);
      yield* addKey(x, table, constraint, false);
      return;
    case 'unique':
      yield* addKey(x, table, constraint, false);
      return;
    case 'check': {
      const entry = addCheck(x, table, constraint);
      if (entry.validated) yield* validateCheck(x, current(x, table), entry);
      return;
    }
    case 'foreignKey': {
      const entry = yield* addForeignKey(x, table, constraint);
      if (entry.validated) yield* validateForeignKey(x, current(x, table), entry);
      return;
    }
    case 'exclude':
      yield* addExclusion(x, table, constraint, false);
      return;
  }
}

/** They become NOT NULL before the key is looked at. */
function checkKeyColumns(table: RelationEntry, names: readonly string[]): void {
  const missing = names.find((name) => findColumn(table, name) === undefined && !isSystemColumn(name));
  if (missing === undefined) return;
  throw sqlError('42703', `column "${missing}" of relation "${table.name}" does not exist`);
}

function findConstraint(x: DdlContext, table: RelationEntry, name: string): ConstraintEntry | undefined {
  return x.catalog.constraintsOf(table.oid).find((constraint) => constraint.name === name);
}

function constraintMissing(table: RelationEntry, name: string): string {
  return `constraint "${name}" of relation "${table.name}" does not exist`;
}

/** ALTER CONSTRAINT: when it is checked. */
export function alterConstraint(
  x: DdlContext,
  table: RelationEntry,
  command: Extract<AlterTableCommand, { kind: 'alterConstraint' }>,
): void {
  const constraint = findConstraint(x, table, command.name);
  if (constraint === undefined) throw sqlError('42704', constraintMissing(table, command.name));
  if (constraint.type !== 'foreign key') {
    throw sqlError('42809', `constraint "${command.name}" of relation "${table.name}" is not a foreign key constraint`);
  }
  const initiallyDeferred = command.initiallyDeferred === true;
  x.putEntry({ ...constraint, deferrable: command.deferrable ?? initiallyDeferred, initiallyDeferred });
}

/** ENABLE and DISABLE TRIGGER ALL: foreign keys are triggers too, of both tables, each with its own part. */
export function enableForeignKeys(x: DdlContext, table: RelationEntry, isEnabled: boolean): void {
  const own = x.catalog.constraintsOf(table.oid).filter(({ type }) => type === 'foreign key');
  const keys = new Set([...own, ...x.catalog.constraintsReferencing(table.oid)]);
  for (const key of keys) {
    const isHere = key.tableOid === table.oid;
    if (!x.isSuperuser) {
      const trigger = `RI_ConstraintTrigger_${isHere ? 'c' : 'a'}_${key.oid}`;
      throw sqlError('42501', `permission denied: "${trigger}" is a system trigger`);
    }
    const { isUncheckedHere, isUncheckedThere, ...rest } = key;
    const here = isHere ? !isEnabled : isUncheckedHere;
    const there = key.referencedTableOid === table.oid ? !isEnabled : isUncheckedThere;
    x.putEntry({ ...rest, ...(here && { isUncheckedHere: true }), ...(there && { isUncheckedThere: true }) });
  }
}

/** VALIDATE CONSTRAINT. */
export function* validateConstraint(x: DdlContext, table: RelationEntry, name: string): DdlSteps<void> {
  const constraint = findConstraint(x, table, name);
  if (constraint === undefined) throw sqlError('42704', constraintMissing(table, name));
  if (constraint.type !== 'foreign key' && constraint.type !== 'check') {
    throw sqlError(
      '42809',
      `constraint "${name}" of relation "${table.name}" is not a foreign key or check constraint`,
    );
  }
  if (constraint.validated) return;
  if (constraint.type === 'check') yield* validateCheck(x, table, constraint);
  else yield* validateForeignKey(x, table, constraint);
  x.putEntry({ ...constraint, validated: true });
}

/** DROP CONSTRAINT. */
export function* dropConstraint(
  x: DdlContext,
  table: RelationEntry,
  command: Extract<AlterTableCommand, { kind: 'dropConstraint' }>,
): DdlSteps<void> {
  const constraint = findConstraint(x, table, command.name);
  if (constraint === undefined) {
    const message = constraintMissing(table, command.name);
    if (!command.ifExists) throw sqlError('42704', message);
    x.notice('NOTICE', '00000', `${message}, skipping`);
    return;
  }
  yield* dropObjects(x, [reference('constraint', constraint.oid)], command.behavior === 'cascade');
}

// ---------------------------------------------------------------------------------------------------------- properties
