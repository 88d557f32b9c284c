/**
 * What depends on what, and dropping it all. After: PostgreSQL, catalog/dependency.c.
 *
 * From an object one goes to its dependents: `auto` ones go with it silently (a table's indexes, its serial sequences), `normal` ones
 * need CASCADE and are told of (views, other tables' foreign keys). An `internal` one (the index of a constraint) cannot be
 * dropped on its own: its owner is named instead.
 *
 * The walk is depth first, dependents in order of their oids; that is the order of PostgreSQL's DETAIL lines.
 */

import { allThatMayBelong, type Member, mayBelong } from '../../catalog/extensions/belonging.ts';
import type { ColumnEntry, IndexEntry, RelationEntry } from '../../catalog/index.ts';
import { keptCollationName } from '../../catalog/kept-collations.ts';
import { attributeNumber } from '../../catalog/kept-fields.ts';
import { sqlError } from '../../types/errors.ts';
import type { DdlContext, DdlSteps } from './context.ts';
import { describe, type ObjectReference, reference, referenceTo } from './describe.ts';
import { usedColumns } from './expressions.ts';
import { fillKeptRows, rebuildKeysOfRows } from './kept-rows.ts';
import { policiesOfColumn } from './policies.ts';
import { remove } from './removal.ts';
import {
  definitionsOfType,
  routinesOfType,
  textsWithField,
  textsWithType,
  usersOfOperator,
  usersOfRoutine,
} from './routine-dependents.ts';
import { isExpiryColumn } from './row-expiry.ts';
import { identityColumnOf } from './sequences.ts';
import { usersOfSearchObject } from './text-search-indexes.ts';
import { shownType } from './type-names.ts';
import { typedTables } from './typed-tables.ts';

const REPORTED_MAX = 100;
const ACCESS_EXCLUSIVE = 8;

interface Dependent {
  readonly object: ObjectReference;
  readonly kind: 'auto' | 'normal';
  /** What the message says it depends on, when that is not the object itself. */
  readonly via?: string;
  /** What depends on it depends on the object, too: a cast by a function. */
  readonly isLeaf?: true;
}

interface Found {
  readonly object: ObjectReference;
  /** Given by the statement, or gone with something silently. */
  isSilent: boolean;
  /** `x depends on <this>`. */
  readonly dependsOn: string;
}

function keyOf({ class: objectClass, oid, columnNumber }: ObjectReference): string {
  return `${objectClass}/${oid}/${columnNumber}`;
}

function byOid(a: Dependent, b: Dependent): number {
  return a.object.oid - b.object.oid || b.object.columnNumber - a.object.columnNumber;
}

/** Defaults and generated columns have their dependencies in the order in which they were made. */
function byOidAndColumn(a: Dependent, b: Dependent): number {
  return a.object.oid - b.object.oid || a.object.columnNumber - b.object.columnNumber;
}

// --------------------------------------------------------------------------------------------------------- dependents

function dependentsOf(x: DdlContext, object: ObjectReference): Dependent[] {
  switch (object.class) {
    case 'relation':
      return relationDependents(x, object.oid);
    case 'column':
      return columnDependents(x, object.oid, object.columnNumber).sort(byOid);
    case 'index':
      return indexDependents(x, object.oid);
    case 'constraint':
      return constraintDependents(x, object.oid);
    case 'sequence':
      return usesOf(x, object.oid).sort(byOid);
    case 'type':
      return typeDependents(x, object.oid);
    case 'schema':
      return schemaDependents(x, object.oid).sort(byOid);
    case 'collation':
      return collationDependents(x, object.oid).sort(byOid);
    case 'routine':
      return [...usersOfRoutine(x, object.oid).map(asUserOfRoutine), ...usesOf(x, object.oid)].sort(byOidAndColumn);
    case 'operator':
      return [...usersOfOperator(x, object.oid).map(asNormal), ...usesOf(x, object.oid)].sort(byOidAndColumn);
    case 'cast':
      return usesOf(x, object.oid).sort(byOidAndColumn);
    case 'searchConfiguration':
    case 'searchDictionary':
    case 'searchParser':
    case 'searchTemplate':
      return usersOfSearchObject(x, object.class, object.oid).map(asNormal).sort(byOidAndColumn);
    case 'extension':
      return membersOf(x, object.oid);
    case 'default':
    case 'expiry':
    case 'statistics':
    case 'policy':
      return [];
  }
}

function membersOf(x: DdlContext, extensionOid: number): Dependent[] {
  const members = allThatMayBelong(x.catalog).filter((entry) => entry.extensionOid === extensionOid);
  return members.map((entry): Dependent => ({ object: reference(entry.class, entry.oid), kind: 'auto' })).sort(byOid);
}

function asNormal(object: ObjectReference): Dependent {
  return { object, kind: 'normal' };
}

function asUserOfRoutine(object: ObjectReference): Dependent {
  return object.class === 'cast' ? { object, kind: 'normal', isLeaf: true } : asNormal(object);
}

function views(x: DdlContext, oid: number): Dependent[] {
  const result: Dependent[] = [];
  for (const dependent of x.catalog.dependentsOf(oid)) {
    const relation = x.catalog.relation(dependent);
    if (relation !== undefined && relation.kind !== 'table') {
      result.push({ object: referenceTo(relation), kind: 'normal' });
    }
    if (x.catalog.routine(dependent) !== undefined) result.push(asNormal(reference('routine', dependent)));
    const policy = x.catalog.policy(dependent);
    if (policy !== undefined && policy.tableOid !== oid) result.push(asNormal(reference('policy', dependent)));
  }
  return result;
}

function relationDependents(x: DdlContext, oid: number): Dependent[] {
  const result = views(x, oid);
  const rowType = x.catalog.relation(oid)?.rowTypeOid;
  for (const index of x.catalog.indexesOf(oid)) result.push({ object: referenceTo(index), kind: 'auto' });
  for (const constraint of x.catalog.constraintsOf(oid)) {
    result.push({ object: reference('constraint', constraint.oid), kind: 'auto' });
  }
  for (const constraint of x.catalog.constraintsReferencing(oid)) {
    if (constraint.tableOid === oid) continue;
    result.push({ object: reference('constraint', constraint.oid), kind: 'normal' });
  }
  for (const sequence of x.catalog.sequencesOf(oid)) result.push({ object: referenceTo(sequence), kind: 'auto' });
  for (const statistics of x.catalog.statisticsOf(oid)) {
    result.push({ object: reference('statistics', statistics.oid), kind: 'auto' });
  }
  for (const policy of x.catalog.policiesOf(oid))
    result.push({ object: reference('policy', policy.oid), kind: 'auto' });
  for (const column of x.catalog.relation(oid)?.columns ?? []) {
    if (!column.dropped && (column.defaultDependsOn?.length ?? 0) > 0) {
      result.push({ object: reference('default', oid, column.number), kind: 'auto' });
    }
  }
  // Of other tables, those that name it.
  const defaults = usesOf(x, oid).filter(({ object }) => object.class === 'default' && object.oid !== oid);
  result.push(...defaults);
  return [...(rowType === undefined ? [] : typeDependents(x, rowType)), ...result.sort(byOid)];
}

/** Does the index need the column, in its key, expressions or predicate? */
export function indexUsesColumn(x: DdlContext, index: IndexEntry, columnNumber: number): boolean {
  if (index.columns.some((column) => column.columnNumber === columnNumber)) return true;
  if (index.includedColumns.includes(columnNumber)) return true;
  const table = x.catalog.relation(index.tableOid) as RelationEntry;
  const uses = (text: string, use: 'index expression' | 'index predicate'): boolean =>
    usedColumns(x.bind(x.parseExpression(text), table, use)).includes(columnNumber);
  if (index.columns.some(({ expressionText }) => expressionText !== null && uses(expressionText, 'index expression'))) {
    return true;
  }
  return index.predicateText !== null && uses(index.predicateText, 'index predicate');
}

/** Generated columns of the table that are computed from the column. */
export function generatedFrom(x: DdlContext, table: RelationEntry, columnNumber: number): ColumnEntry[] {
  return table.columns.filter(
    (column) =>
      column.generated &&
      !column.dropped &&
      usedColumns(x.bind(x.parseExpression(column.defaultText as string), table, 'generated')).includes(columnNumber),
  );
}

function columnDependents(x: DdlContext, tableOid: number, columnNumber: number): Dependent[] {
  const table = x.catalog.relation(tableOid);
  const result: Dependent[] = viewsOfColumn(x, tableOid, columnNumber).map((view) => asNormal(referenceTo(view)));
  for (const { oid } of policiesOfColumn(x, tableOid, columnNumber)) result.push(asNormal(reference('policy', oid)));
  const known = new Set(result.map(({ object }) => keyOf(object)));
  const typeOid = table === undefined ? tableOid : table.rowTypeOid;
  const users = typeOid === undefined ? [] : textsWithField(x, { typeOid, number: columnNumber });
  result.push(...users.filter((object) => !known.has(keyOf(object))).map(asNormal));
  // An attribute of a composite type.
  if (table === undefined) return result;
  const column = table.columns[columnNumber - 1];
  for (const index of x.catalog.indexesOf(tableOid)) {
    if (indexUsesColumn(x, index, columnNumber)) result.push({ object: referenceTo(index), kind: 'auto' });
  }
  for (const constraint of x.catalog.constraintsOf(tableOid)) {
    if (!constraint.columns.includes(columnNumber)) continue;
    result.push({ object: reference('constraint', constraint.oid), kind: 'auto' });
  }
  for (const constraint of x.catalog.constraintsReferencing(tableOid)) {
    if (constraint.tableOid === tableOid || !constraint.referencedColumns.includes(columnNumber)) continue;
    result.push({ object: reference('constraint', constraint.oid), kind: 'normal' });
  }
  for (const sequence of x.catalog.sequencesOf(tableOid)) {
    if (sequence.ownedByColumn === columnNumber) result.push({ object: referenceTo(sequence), kind: 'auto' });
  }
  if ((column.defaultDependsOn?.length ?? 0) > 0) {
    result.push({ object: reference('default', tableOid, columnNumber), kind: 'auto' });
  }
  if (isExpiryColumn(table, columnNumber)) {
    result.push({ object: reference('expiry', tableOid, columnNumber), kind: 'normal' });
  }
  for (const generated of generatedFrom(x, table, columnNumber)) {
    if (generated.number === columnNumber) continue;
    result.push({ object: reference('column', tableOid, generated.number), kind: 'normal' });
  }
  return result;
}

/** Views that name the column of a table, or attribute of a composite type. */
export function viewsOfColumn(x: DdlContext, relationOid: number, columnNumber: number): RelationEntry[] {
  const names = (view: RelationEntry): boolean =>
    view.dependsOnColumns?.some((use) => use.relationOid === relationOid && use.columnNumber === columnNumber) === true;
  return x.catalog
    .dependentsOf(relationOid)
    .map((oid) => x.catalog.relation(oid))
    .filter((view): view is RelationEntry => view !== undefined && names(view));
}

function indexDependents(x: DdlContext, oid: number): Dependent[] {
  const index = x.catalog.index(oid);
  if (index === undefined) return [];
  return x.catalog
    .constraintsReferencing(index.tableOid)
    .filter((constraint) => constraint.indexOid === oid)
    .map((constraint): Dependent => ({ object: reference('constraint', constraint.oid), kind: 'normal' }))
    .sort(byOid);
}

/** A key's index goes with it; for messages the foreign keys depend on that index. Views may group by a primary key. */
function constraintDependents(x: DdlContext, oid: number): Dependent[] {
  const constraint = x.catalog.constraint(oid);
  if (constraint === undefined || constraint.indexOid === 0 || constraint.type === 'foreign key') return [];
  return [{ object: reference('index', constraint.indexOid), kind: 'auto' }, ...views(x, oid).sort(byOid)];
}

/** Views, functions and defaults that have it in their lists: casts, sequences, and what was met where no text names it. */
function usesOf(x: DdlContext, usedOid: number): Dependent[] {
  const result: Dependent[] = [];
  for (const oid of x.catalog.dependentsOf(usedOid)) {
    if (x.catalog.routine(oid) !== undefined) result.push(asNormal(reference('routine', oid)));
    if (x.catalog.policy(oid) !== undefined) result.push(asNormal(reference('policy', oid)));
    const relation = x.catalog.relation(oid);
    if (relation === undefined) continue;
    if (relation.kind !== 'table') {
      result.push({ object: referenceTo(relation), kind: 'normal' });
      continue;
    }
    for (const column of relation.columns) {
      if (column.dropped || column.defaultDependsOn?.includes(usedOid) !== true) continue;
      result.push({ object: reference('default', oid, column.number), kind: 'normal' });
    }
  }
  return result;
}

/** Those of its array type stand first: it is the older one. */
function typeDependents(x: DdlContext, typeOid: number): Dependent[] {
  const arrayOid = x.catalog.type(typeOid)?.arrayOid ?? 0;
  return [...(arrayOid === 0 ? [] : usersOfType(x, arrayOid, typeOid)), ...usersOfType(x, typeOid, typeOid)];
}

/** What has the type, or array type, itself: columns, attributes, domains, ranges, signatures, kept texts. `entryOid`: of its entry. */
function usersOfType(x: DdlContext, typeOid: number, entryOid: number): Dependent[] {
  const result: ObjectReference[] = typedTables(x, typeOid).map(referenceTo);
  for (const oid of x.catalog.dependentsOf(entryOid)) {
    const relation = x.catalog.relation(oid);
    if (relation === undefined) continue;
    if (relation.kind !== 'table') {
      if (typeOid === entryOid) result.push(referenceTo(relation));
      continue;
    }
    for (const column of relation.columns) {
      if (!column.dropped && column.typeOid === typeOid) result.push(reference('column', oid, column.number));
    }
  }
  const multiranges: Dependent[] = [];
  for (const other of x.catalog.types()) {
    const isOver = other.kind === 'domain' && other.baseTypeOid === typeOid;
    if (isOver || other.range?.subtypeOid === typeOid) result.push(reference('type', other.oid));
    for (const [i, attribute] of (other.attributes ?? []).entries()) {
      if (attribute.typeOid === typeOid) result.push(reference('column', other.oid, attributeNumber(other, i)));
    }
    if (other.rangeOid === typeOid) multiranges.push({ object: reference('type', other.oid), kind: 'auto' });
  }
  const known = new Set(result.map(keyOf));
  result.push(...routinesOfType(x, typeOid), ...definitionsOfType(x, typeOid));
  if (typeOid === entryOid) {
    // A default goes with its column.
    const texts = textsWithType(x, typeOid).filter(
      (object) => !known.has(keyOf(object)) && !known.has(keyOf({ ...object, class: 'column' })),
    );
    result.push(...texts);
  }
  const via = `type ${shownType(x, typeOid)}`;
  return [...result.map((object): Dependent => ({ object, kind: 'normal', via })), ...multiranges].sort(byOid);
}

/** Columns, domains and index keys that name the collation, and whatever else names it in a kept text. */
function collationDependents(x: DdlContext, collationOid: number): Dependent[] {
  const result: Dependent[] = [];
  const mark = keptCollationName(collationOid);
  const names = (text: string | null | undefined): boolean => text?.includes(mark) === true;
  for (const relation of x.catalog.relations()) {
    if (names(relation.queryText)) result.push({ object: referenceTo(relation), kind: 'normal' });
    if (relation.kind !== 'table') continue;
    for (const column of relation.columns) {
      if (column.dropped) continue;
      if (column.collationOid === collationOid) {
        result.push({ object: reference('column', relation.oid, column.number), kind: 'normal' });
      } else if (names(column.defaultText)) {
        result.push({ object: reference('default', relation.oid, column.number), kind: 'normal' });
      }
    }
  }
  for (const policy of x.catalog.policies()) {
    if (names(policy.queryText)) result.push({ object: reference('policy', policy.oid), kind: 'normal' });
  }
  for (const index of x.catalog.indexes()) {
    const table = x.catalog.relation(index.tableOid);
    const uses =
      names(index.predicateText) ||
      index.columns.some(
        (part) =>
          names(part.expressionText) ||
          (part.collationOid === collationOid && table?.columns[part.columnNumber - 1]?.collationOid !== collationOid),
      );
    if (uses) result.push({ object: referenceTo(index), kind: 'normal' });
  }
  for (const constraint of x.catalog.constraints()) {
    if (names(constraint.checkText)) result.push({ object: reference('constraint', constraint.oid), kind: 'normal' });
  }
  for (const type of x.catalog.types()) {
    for (const [i, attribute] of (type.attributes ?? []).entries()) {
      if (attribute.collationOid !== collationOid) continue;
      result.push({ object: reference('column', type.oid, attributeNumber(type, i)), kind: 'normal' });
    }
    const uses =
      type.collationOid === collationOid ||
      type.range?.collationOid === collationOid ||
      (type.checks ?? []).some((check) => names(check.text));
    if (uses) result.push({ object: reference('type', type.oid), kind: 'normal' });
  }
  return result;
}

function schemaDependents(x: DdlContext, schemaOid: number): Dependent[] {
  const result: Dependent[] = [];
  for (const relation of x.catalog.relations()) {
    if (relation.schemaOid === schemaOid) result.push({ object: referenceTo(relation), kind: 'normal' });
  }
  for (const sequence of x.catalog.sequences()) {
    if (sequence.schemaOid === schemaOid) result.push({ object: referenceTo(sequence), kind: 'normal' });
  }
  for (const type of x.catalog.types()) {
    if (type.schemaOid === schemaOid) result.push({ object: reference('type', type.oid), kind: 'normal' });
  }
  for (const routine of x.catalog.routines()) {
    if (routine.schemaOid === schemaOid) result.push(asNormal(reference('routine', routine.oid)));
  }
  for (const entry of x.catalog.extensions()) {
    if (entry.schemaOid === schemaOid) result.push(asNormal(reference('extension', entry.oid)));
  }
  for (const operator of x.catalog.operators()) {
    if (operator.schemaOid === schemaOid) result.push(asNormal(reference('operator', operator.oid)));
  }
  for (const entry of [...x.catalog.collations(), ...x.catalog.searchEntries()]) {
    if (entry.schemaOid === schemaOid) result.push(asNormal(reference(entry.class, entry.oid)));
  }
  return result;
}

// --------------------------------------------------------------------------------------------------------------- walk

/** The extension that an object belongs to; undefined: none. */
function extensionOf(x: DdlContext, { class: objectClass, oid }: ObjectReference): number | undefined {
  if (!mayBelong(objectClass)) return undefined;
  return (x.catalog.entry(objectClass, oid) as Member | undefined)?.extensionOid;
}

/** 2BP01 for what only goes with its owner, unless the owner is among the targets. */
function checkInternal(x: DdlContext, object: ObjectReference, targets: ReadonlySet<string>): void {
  let owner: ObjectReference | null = null;
  if (object.class === 'index') {
    const index = x.catalog.index(object.oid);
    const constraint = index === undefined ? undefined : x.catalog.constraintOfIndex(index);
    if (constraint !== undefined) owner = reference('constraint', constraint.oid);
  } else if (object.class === 'sequence') {
    const sequence = x.catalog.sequence(object.oid);
    const column = sequence === undefined ? null : identityColumnOf(x, sequence);
    if (column !== null && sequence !== undefined) {
      owner = reference('column', column.table.oid, sequence.ownedByColumn);
      if (targets.has(keyOf(referenceTo(column.table)))) return;
    }
  }
  const extensionOid = extensionOf(x, object);
  if (extensionOid !== undefined) owner = reference('extension', extensionOid);
  if (owner === null || targets.has(keyOf(owner))) return;
  const name = describe(x, owner);
  throw sqlError('2BP01', `cannot drop ${describe(x, object)} because ${name} requires it`, {
    hint: `You can drop ${name} instead.`,
  });
}

/**
 * Everything that goes, dependents before what they depend on. Dependents are visited from the newest on, and an object is
 * told of by the way it was first met: read backwards, that is PostgreSQL's order of DETAIL lines.
 */
function collect(x: DdlContext, targets: readonly ObjectReference[]): Found[] {
  const found = new Map<string, Found>();
  const result: Found[] = [];
  const visit = (object: ObjectReference, isSilent: boolean, dependsOn: string, isLeaf = false): void => {
    const key = keyOf(object);
    const known = found.get(key);
    if (known !== undefined) {
      if (isSilent) known.isSilent = true;
      return;
    }
    const entry: Found = { object, isSilent, dependsOn };
    found.set(key, entry);
    const self = describe(x, object);
    for (const dependent of isLeaf ? [] : dependentsOf(x, object).reverse()) {
      visit(dependent.object, dependent.kind === 'auto', dependent.via ?? self, dependent.isLeaf);
    }
    result.push(entry);
  };
  for (const target of targets) visit(target, true, '');
  for (const target of targets) (found.get(keyOf(target)) as Found).isSilent = true;
  return result;
}

function report(x: DdlContext, found: readonly Found[], targets: readonly ObjectReference[], isCascade: boolean): void {
  // A table that goes takes its columns along without a word, a column its default.
  const tables = new Set(found.filter(({ object }) => object.class === 'relation').map(({ object }) => object.oid));
  const columns = new Set(found.filter(({ object }) => object.class === 'column').map(({ object }) => keyOf(object)));
  const isPart = ({ object }: Found): boolean =>
    (object.class === 'column' && tables.has(object.oid)) ||
    (object.class === 'default' && columns.has(keyOf({ ...object, class: 'column' })));
  const told = found.filter((entry) => !entry.isSilent && !isPart(entry)).reverse();
  if (told.length === 0) return;
  const lines = told
    .slice(0, REPORTED_MAX)
    .map(({ object, dependsOn }) =>
      isCascade ? `drop cascades to ${describe(x, object)}` : `${describe(x, object)} depends on ${dependsOn}`,
    );
  if (told.length > REPORTED_MAX) {
    const more = told.length - REPORTED_MAX;
    lines.push(`and ${more} other object${more === 1 ? '' : 's'} (see server log for list)`);
  }
  const detail = lines.join('\n');
  if (isCascade) {
    if (told.length === 1) x.notice('NOTICE', '00000', detail);
    else x.notice('NOTICE', '00000', `drop cascades to ${told.length} other objects`, detail);
    return;
  }
  const message =
    targets.length === 1
      ? `cannot drop ${describe(x, targets[0])} because other objects depend on it`
      : 'cannot drop desired object(s) because other objects depend on them';
  throw sqlError('2BP01', message, { detail, hint: 'Use DROP ... CASCADE to drop the dependent objects too.' });
}

/** Drops the objects with all that goes with them; 2BP01 when RESTRICT forbids it. */
export function* dropObjects(
  x: DdlContext,
  targets: readonly ObjectReference[],
  isCascade: boolean,
  isQuiet = false,
): DdlSteps<void> {
  const keys = new Set(targets.map(keyOf));
  for (const target of targets) checkInternal(x, target, keys);
  const found = collect(x, targets);
  if (!isQuiet || !isCascade) report(x, found, targets, isCascade);
  yield* lockTables(x, found);
  const isGone = (oid: number): boolean =>
    found.some(({ object }) => object.class === 'relation' && object.oid === oid);
  const rowTypes = found.flatMap(({ object }) =>
    object.class === 'column' && !isGone(object.oid) ? [rowTypeOfClass(x, object.oid)] : [],
  );
  for (const oid of rowTypes) yield* fillKeptRows(x, oid);
  for (const { object } of found) remove(x, object, isGone);
  for (const oid of rowTypes) yield* rebuildKeysOfRows(x, oid);
}

/** A composite type is its own relation. */
function rowTypeOfClass(x: DdlContext, oid: number): number {
  return x.catalog.relation(oid)?.rowTypeOid ?? oid;
}

function* lockTables(x: DdlContext, found: readonly Found[]): DdlSteps<void> {
  const oids = new Set<number>();
  for (const { object } of found) {
    switch (object.class) {
      case 'relation':
      case 'column':
      case 'default':
      case 'expiry':
      case 'sequence':
        oids.add(object.oid);
        break;
      case 'constraint':
        oids.add(x.catalog.constraint(object.oid)?.tableOid ?? 0);
        break;
      case 'index':
        oids.add(x.catalog.index(object.oid)?.tableOid ?? 0);
        break;
      default:
        break;
    }
  }
  for (const oid of oids) {
    if (oid === 0) continue;
    while (!x.lockRelation(oid, ACCESS_EXCLUSIVE)) yield;
  }
}
