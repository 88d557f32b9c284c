/**
 * What a role owns and what it has been granted: REASSIGN OWNED, DROP OWNED, and what keeps DROP ROLE from dropping it. After:
 * PostgreSQL, pg_shdepend.c.
 */
import { mentionsRole, withNewOwner } from '../../catalog/acl.ts';
import {
  BOOTSTRAP_ROLE_OID,
  type Catalog,
  type CatalogEntry,
  type DefaultRightsEntry,
  FIRST_NORMAL_OID,
  type RelationEntry,
  type RoleEntry,
} from '../../catalog/index.ts';
import type { OwnedStatement } from '../../parser/ast.ts';
import { sqlError } from '../../types/errors.ts';
import type { DdlContext, DdlResult, DdlSteps } from './context.ts';
import { dropObjects } from './dependencies.ts';
import { describe, type ObjectReference, reference, referenceTo } from './describe.ts';
import { changeDefault, changeRelationRights, changeRights, type RightsChange } from './grant.ts';
import {
  columnObject,
  databaseObject,
  parameterObject,
  type RightsObject,
  relationObject,
  routineObject,
  schemaObject,
  typeObject,
} from './grant-objects.ts';
import { dropLargeObjects, type LargeObject, reassignLargeObjects } from './large-objects.ts';
import { roleOfSpec } from './resolve.ts';

/** What the role owns in this database, as messages say it. */
function ownedObjects(x: DdlContext, roleOid: number): ObjectReference[] {
  const { catalog } = x;
  const result: ObjectReference[] = [];
  for (const schema of catalog.schemas()) if (schema.owner === roleOid) result.push(reference('schema', schema.oid));
  for (const relation of catalog.relations()) if (relation.owner === roleOid) result.push(referenceTo(relation));
  for (const sequence of catalog.sequences()) {
    if (sequence.owner === roleOid && sequence.ownedByTable === 0) result.push(referenceTo(sequence));
  }
  const operators = catalog.operators();
  const others = [catalog.types(), catalog.routines(), operators, catalog.collations(), catalog.statisticsObjects()];
  for (const entry of catalog.searchEntries()) {
    if ('owner' in entry && entry.owner === roleOid) result.push(reference(entry.class, entry.oid));
  }
  for (const entry of others.flatMap((entries) => [...entries])) {
    // A multirange comes and goes with its range.
    const isPart = entry.class === 'type' && (entry.rangeOid ?? 0) !== 0;
    if (entry.owner === roleOid && !isPart) result.push(reference(entry.class, entry.oid));
  }
  return result.sort((a, b) => a.oid - b.oid);
}

/** An object with its list of rights. */
interface Granted {
  readonly object: RightsObject;
  readonly oid: number;
  readonly columnNumber: number;
  readonly label: string;
}

/** All objects on which the role has been granted something, or has granted it. */
function grantedTo(x: DdlContext, roleOid: number): Granted[] {
  const result: Granted[] = [];
  const add = (object: RightsObject, oid: number, label: () => string, columnNumber = 0): void => {
    if (object.owner !== roleOid && mentionsRole(object.acl, roleOid)) {
      result.push({ object, oid, columnNumber, label: label() });
    }
  };
  const addRelation = (relation: RelationEntry): void => {
    add(relationObject(x, relation), relation.oid, () => describe(x, referenceTo(relation)));
    for (const column of relation.columns) {
      if (column.dropped) continue;
      const label = (): string => describe(x, reference('column', relation.oid, column.number));
      add(columnObject(x, relation, column), relation.oid, label, column.number);
    }
  };
  const { catalog } = x;
  for (const relation of catalog.relations()) addRelation(relation);
  for (const entry of catalog.sequences()) {
    add(relationObject(x, entry), entry.oid, () => describe(x, referenceTo(entry)));
  }
  for (const entry of catalog.schemas()) {
    if (entry.acl !== undefined) add(schemaObject(x, entry), entry.oid, () => `schema ${entry.name}`);
  }
  for (const entry of catalog.routines()) {
    add(routineObject(x, entry), entry.oid, () => describe(x, reference('routine', entry.oid)));
  }
  for (const entry of catalog.types()) {
    add(typeObject(x, entry), entry.oid, () => describe(x, reference('type', entry.oid)));
  }
  for (const rights of catalog.allSystemRights()) {
    const relation = rights.objectClass === 'relation' ? catalog.relation(rights.oid) : undefined;
    if (relation !== undefined) addRelation(relation);
  }
  for (const { oid, name } of x.shared.parameterRights()) {
    add(parameterObject(x, name), oid, () => `parameter ${name}`);
  }
  for (const entry of x.shared.databases()) {
    add(databaseObject(x, entry), entry.oid, () => `database ${entry.name}`);
  }
  return result;
}

const PLURALS = {
  table: 'relations',
  sequence: 'sequences',
  function: 'functions',
  type: 'types',
  schema: 'schemas',
} as const;

function defaultsLabel(x: DdlContext, entry: DefaultRightsEntry): string {
  const where = entry.schemaOid === 0 ? '' : ` in schema ${x.catalog.schemaName(entry.schemaOid)}`;
  const role = x.shared.roleName(entry.roleOid);
  return `default privileges on new ${PLURALS[entry.objectType]} belonging to role ${role}${where}`;
}

// ----------------------------------------------------------------------------------------------------------- DROP ROLE

const REPORTED_MAX = 100;

/** What sorts objects by when they were made. */
function ageOf(x: DdlContext, oid: number): number {
  // A multirange is older than its range, too.
  const owner = x.catalog.sequence(oid)?.ownedByTable || x.catalog.type(oid)?.rangeOid || 0;
  return owner === 0 ? oid : owner - 0.5;
}

/** 2BP01 with PostgreSQL's detail when something of the role's is left. */
export function checkUnused(x: DdlContext, role: RoleEntry, largeObjects: readonly LargeObject[]): void {
  if (role.oid < FIRST_NORMAL_OID) {
    throw sqlError('2BP01', `cannot drop role ${role.name} because it is required by the database system`);
  }
  const found: { oid: number; columnNumber: number; text: string }[] = [];
  for (const object of ownedObjects(x, role.oid)) {
    found.push({ oid: object.oid, columnNumber: 0, text: `owner of ${describe(x, object)}` });
  }
  for (const { oid, columnNumber, label } of grantedTo(x, role.oid)) {
    found.push({ oid: ageOf(x, oid), columnNumber, text: `privileges for ${label}` });
  }
  for (const { oid, owner } of largeObjects) {
    const text = `${owner === role.oid ? 'owner of' : 'privileges for'} large object ${oid}`;
    found.push({ oid, columnNumber: 0, text });
  }
  for (const entry of x.catalog.defaultRights()) {
    const isOwn = entry.roleOid === role.oid;
    if (!isOwn && !mentionsRole(entry.acl, role.oid)) continue;
    const label = defaultsLabel(x, entry);
    found.push({ oid: entry.oid, columnNumber: 0, text: `${isOwn ? 'owner of' : 'privileges for'} ${label}` });
  }
  for (const policy of x.catalog.policies()) {
    if (!policy.roles.includes(role.oid)) continue;
    const text = `target of ${describe(x, reference('policy', policy.oid))}`;
    found.push({ oid: policy.oid, columnNumber: 0, text });
  }
  for (const database of x.shared.databases()) {
    if (database.owner === role.oid) {
      found.push({ oid: database.oid, columnNumber: 0, text: `owner of database ${database.name}` });
    }
  }
  // A serial column's sequence is older than its table, as PostgreSQL makes them.
  for (const sequence of x.catalog.sequences()) {
    if (sequence.owner !== role.oid || sequence.ownedByTable === 0) continue;
    const text = `owner of ${describe(x, referenceTo(sequence))}`;
    found.push({ oid: ageOf(x, sequence.oid), columnNumber: 0, text });
  }
  for (const type of x.catalog.types()) {
    if (type.owner !== role.oid || (type.rangeOid ?? 0) === 0) continue;
    const text = `owner of ${describe(x, reference('type', type.oid))}`;
    found.push({ oid: ageOf(x, type.oid), columnNumber: 0, text });
  }
  found.sort((a, b) => a.oid - b.oid || a.columnNumber - b.columnNumber);
  const lines = found.slice(0, REPORTED_MAX).map(({ text }) => text);
  const more = found.length - REPORTED_MAX;
  if (more > 0) lines.push(`and ${more} other object${more === 1 ? '' : 's'} (see server log for list)`);
  for (const catalog of x.otherCatalogs()) {
    const count = usesIn(catalog, role.oid);
    if (count > 0) lines.push(`${count} object${count === 1 ? '' : 's'} in database ${catalog.databaseName}`);
  }
  if (lines.length === 0) return;
  throw sqlError('2BP01', `role "${role.name}" cannot be dropped because some objects depend on it`, {
    detail: lines.join('\n'),
  });
}

/** How many objects of another database the role owns, or has rights on. */
function usesIn(catalog: Catalog, roleOid: number): number {
  let count = 0;
  const entries: CatalogEntry[] = [
    ...catalog.schemas(),
    ...catalog.relations(),
    ...[...catalog.sequences()].filter((entry) => entry.ownedByTable === 0),
    ...catalog.types(),
    ...catalog.routines(),
    ...catalog.operators(),
    ...catalog.collations(),
    ...catalog.statisticsObjects(),
    ...catalog.searchEntries(),
    ...catalog.allSystemRights(),
  ];
  for (const entry of entries) {
    if ('owner' in entry && entry.owner === roleOid) count++;
    else if ('acl' in entry && mentionsRole(entry.acl, roleOid)) count++;
    if (entry.class !== 'relation') continue;
    count += entry.columns.filter((column) => mentionsRole(column.acl, roleOid)).length;
  }
  for (const policy of catalog.policies()) if (policy.roles.includes(roleOid)) count++;
  for (const entry of catalog.defaultRights()) {
    if (entry.roleOid === roleOid || mentionsRole(entry.acl, roleOid)) count++;
  }
  return count;
}

// ------------------------------------------------------------------------------------------- REASSIGN OWNED, DROP OWNED

export function* owned(x: DdlContext, statement: OwnedStatement): DdlSteps<DdlResult> {
  const roles = statement.roles.map((spec) => roleOfSpec(x, spec));
  for (const role of roles) {
    if (x.authority.hasPrivilegesOf(role.oid)) continue;
    const verb = statement.kind === 'dropOwned' ? 'drop' : 'reassign';
    throw sqlError('42501', `permission denied to ${verb} objects`);
  }
  const newOwner = statement.newOwner === null ? null : roleOfSpec(x, statement.newOwner);
  if (newOwner !== null && !x.authority.hasPrivilegesOf(newOwner.oid)) {
    throw sqlError('42501', 'permission denied to reassign objects');
  }
  for (const role of roles) {
    if (role.oid === BOOTSTRAP_ROLE_OID) {
      const verb = newOwner === null ? 'drop objects owned by' : 'reassign ownership of objects owned by';
      throw sqlError('2BP01', `cannot ${verb} role ${role.name} because they are required by the database system`);
    }
    if (newOwner !== null) {
      reassign(x, role, newOwner.oid);
      yield* reassignLargeObjects(x, role.oid, newOwner.oid);
    } else yield* dropOwned(x, role, statement.behavior === 'cascade');
  }
  return { tag: newOwner === null ? 'DROP OWNED' : 'REASSIGN OWNED' };
}

function* dropOwned(x: DdlContext, role: RoleEntry, isCascade: boolean): DdlSteps<void> {
  const change: RightsChange = {
    isGrant: false,
    isAll: true,
    rights: '',
    withOption: false,
    isCascade: true,
    grantees: [role.oid],
  };
  for (const { object, columnNumber } of grantedTo(x, role.oid)) {
    if (object.kind === 'column') continue;
    if (columnNumber === 0 && object.relation !== undefined) changeRelationRights(x, object, change, [], true);
    else changeRights(x, object, change);
  }
  // Of tables on which it has rights on columns only.
  for (const { oid, columnNumber } of grantedTo(x, role.oid)) {
    const table = columnNumber === 0 ? undefined : x.catalog.relation(oid);
    if (table !== undefined) changeRelationRights(x, relationObject(x, table), change, [], true);
  }
  for (const entry of [...x.catalog.defaultRights()]) {
    if (entry.roleOid === role.oid) x.removeEntry(entry);
    else if (mentionsRole(entry.acl, role.oid)) {
      changeDefault(x, entry.roleOid, entry.schemaOid, entry.objectType, { ...change, rights: 'arwdDxtXUCTc' });
    }
  }
  // A policy that is for nobody else goes.
  for (const policy of [...x.catalog.policies()]) {
    if (!policy.roles.includes(role.oid)) continue;
    const roles = policy.roles.filter((oid) => oid !== role.oid);
    if (roles.length > 0) x.putEntry({ ...policy, roles });
    else yield* dropObjects(x, [reference('policy', policy.oid)], false);
  }
  yield* dropLargeObjects(x, role.oid);
  yield* dropObjects(x, ownedObjects(x, role.oid), isCascade);
}

/** The same entry of another owner, whose rights become his. */
export function ownedBy<T extends CatalogEntry & { readonly owner: number }>(entry: T, owner: number): T {
  const acl = 'acl' in entry && entry.acl !== undefined ? { acl: withNewOwner(entry.acl, entry.owner, owner) } : {};
  if (entry.class !== 'relation') return { ...entry, owner, ...acl };
  const columns = entry.columns.map((column) =>
    column.acl === undefined ? column : { ...column, acl: withNewOwner(column.acl, entry.owner, owner) },
  );
  return { ...entry, owner, ...acl, columns };
}

function reassign(x: DdlContext, role: RoleEntry, newOwner: number): void {
  for (const { class: objectClass, oid } of ownedObjects(x, role.oid)) {
    const entry =
      objectClass === 'relation' || objectClass === 'sequence'
        ? x.catalog.namedRelation(oid)
        : x.catalog.entry(objectClass as CatalogEntry['class'], oid);
    if (entry === undefined || !('owner' in entry)) continue;
    x.putEntry(ownedBy(entry, newOwner));
    if (entry.class === 'relation') {
      for (const sequence of x.catalog.sequencesOf(oid)) x.putEntry(ownedBy(sequence, newOwner));
    }
    const multirange = entry.class === 'type' && entry.range !== undefined ? entry.range.multirangeOid : 0;
    const part = multirange === 0 ? undefined : x.catalog.type(multirange);
    if (part !== undefined) x.putEntry(ownedBy(part, newOwner));
  }
  for (const database of [...x.shared.databases()]) {
    if (database.owner === role.oid) x.putEntry(ownedBy(database, newOwner));
  }
}
