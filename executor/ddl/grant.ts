/** GRANT, REVOKE and ALTER DEFAULT PRIVILEGES. After: PostgreSQL, aclchk.c. */
import {
  type Acl,
  type AclKind,
  ALL_RIGHTS,
  bestGrantor,
  commonRights,
  defaultAcl,
  granted,
  heldRights,
  isCircular,
  RIGHT_LETTERS,
  RIGHT_NAMES,
  revoked,
  sameAcl,
  sortedRights,
  withoutRights,
} from '../../catalog/acl.ts';
import type { DefaultRightsEntry, RelationEntry } from '../../catalog/index.ts';
import type { AlterDefaultPrivilegesStatement, GrantStatement, Privilege, RoleSpec } from '../../parser/ast.ts';
import { sqlError } from '../../types/errors.ts';
import type { DdlContext, DdlResult } from './context.ts';
import { columnObject, grantedObjects, type RightsObject } from './grant-objects.ts';
import { columnForGrant, roleOfSpec, schemaOrThrow } from './resolve.ts';

/** What is granted or revoked, for any object. */
export interface RightsChange {
  readonly isGrant: boolean;
  /** ALL [PRIVILEGES]. */
  readonly isAll: boolean;
  /** Letters; '' with isAll: all that the object has. */
  readonly rights: string;
  /** WITH GRANT OPTION, GRANT OPTION FOR. */
  readonly withOption: boolean;
  readonly isCascade: boolean;
  /** Oids; 0: PUBLIC. */
  readonly grantees: readonly number[];
}

const KIND_OF_TYPE: Readonly<Record<string, AclKind>> = { procedure: 'function', routine: 'function', domain: 'type' };
const WORDS: Readonly<Record<string, string>> = { table: 'relation' };

/** As errors call it. */
function shownRight(letter: string): string {
  return letter === 'T' ? 'TEMP' : RIGHT_NAMES[letter];
}

function wantedRights(privileges: readonly Privilege[], objectType: string, isDefault: boolean): string {
  const kind = KIND_OF_TYPE[objectType] ?? (objectType as AclKind);
  // GRANT USAGE ON a sequence is possible without the word SEQUENCE.
  const known = ALL_RIGHTS[kind] + (kind === 'table' && !isDefault ? 'U' : '');
  let rights = '';
  for (const { name, columns } of privileges) {
    if (columns.length > 0) {
      if (isDefault) throw sqlError('0LP01', 'default privileges cannot be set for columns');
      if (objectType !== 'table') throw sqlError('0LP01', 'column privileges are only valid for relations');
    }
    if (name === null) continue;
    const letter = RIGHT_LETTERS[name];
    if (letter === undefined) throw sqlError('42601', `unrecognized privilege type "${name}"`);
    if (columns.length > 0) {
      if (ALL_RIGHTS.column.includes(letter)) continue;
      throw sqlError('0LP01', `invalid privilege type ${shownRight(letter)} for column`);
    }
    if (!known.includes(letter)) {
      throw sqlError('0LP01', `invalid privilege type ${shownRight(letter)} for ${WORDS[objectType] ?? objectType}`);
    }
    rights += letter;
  }
  return sortedRights(rights);
}

function granteeOids(x: DdlContext, specs: readonly RoleSpec[], isGrant: boolean, withOption: boolean): number[] {
  const oids = specs.map((spec) => (spec.kind === 'public' ? 0 : roleOfSpec(x, spec).oid));
  if (isGrant && withOption && oids.includes(0)) throw sqlError('0LP01', 'grant options can only be granted to roles');
  return oids;
}

/** `given`: the objects, of a kind that is not found in the catalog. */
export function grant(
  x: DdlContext,
  statement: GrantStatement,
  given: readonly RightsObject[] | null = null,
): DdlResult {
  const isGrant = statement.kind === 'grant';
  const tag = isGrant ? 'GRANT' : 'REVOKE';
  const { privileges, target } = statement;
  if (statement.grantedBy !== null && roleOfSpec(x, statement.grantedBy).oid !== x.currentRoleOid) {
    throw sqlError('0A000', 'grantor must be current user');
  }
  const objects = given ?? grantedObjects(x, statement);
  const rights = wantedRights(privileges, target.objectType, false);
  const grantees = granteeOids(x, statement.grantees, isGrant, statement.grantOption);
  const change: RightsChange = {
    isGrant,
    isAll: privileges[0].name === null && privileges[0].columns.length === 0,
    rights,
    withOption: statement.grantOption,
    isCascade: statement.behavior === 'cascade',
    grantees,
  };
  const ofColumns = privileges.filter(({ columns }) => columns.length > 0);
  for (const object of objects) {
    if (object.kind !== 'table' && object.kind !== 'sequence') changeRights(x, object, change);
    else changeRelationRights(x, object, change, ofColumns, target.objectType === 'table');
  }
  return { tag };
}

// ------------------------------------------------------------------------------------------------------------- relations

/** ExecGrant_Relation: the table's own list, then those of its columns. */
export function changeRelationRights(
  x: DdlContext,
  object: RightsObject,
  change: RightsChange,
  ofColumns: readonly Privilege[],
  isNamedTable: boolean,
): void {
  const rights = relationRights(x, object, change, isNamedTable);
  const columns = columnRights(x, object, change, rights, ofColumns);
  if (rights !== '') changeRights(x, object, { ...change, rights });
  const { relation } = object;
  if (relation === undefined) return;
  if (!change.isGrant && relation.kind !== 'view') tellOfSystemColumns(x, object, relation, change, rights);
  for (const [number, wanted] of columns) {
    const now = x.catalog.relation(relation.oid) as RelationEntry;
    changeColumnRights(x, now, number, object.acl, { ...change, rights: sortedRights(wanted), isAll: false });
  }
}

function relationRights(x: DdlContext, object: RightsObject, change: RightsChange, isNamedTable: boolean): string {
  const all = ALL_RIGHTS[object.kind];
  if (change.rights === '') return change.isAll ? sortedRights(all) : '';
  const unknown = withoutRights(change.rights, all);
  if (unknown === '' || !isNamedTable) return change.rights;
  if (object.kind === 'table') throw sqlError('0LP01', `invalid privilege type ${shownRight(unknown[0])} for table`);
  x.notice('WARNING', '0LP01', `sequence "${object.name}" only supports USAGE, SELECT, and UPDATE privileges`);
  return withoutRights(change.rights, unknown);
}

/** By number. What is taken from the table is taken from all of its columns. */
function columnRights(
  x: DdlContext,
  { relation, kind, name }: RightsObject,
  change: RightsChange,
  ofTable: string,
  ofColumns: readonly Privilege[],
): Map<number, string> {
  const result = new Map<number, string>();
  const add = (number: number, rights: string): void => {
    if (rights !== '') result.set(number, (result.get(number) ?? '') + rights);
  };
  const live = (relation?.columns ?? []).filter((column) => !column.dropped);
  const lost = commonRights(ofTable, ALL_RIGHTS.column);
  if (!change.isGrant) for (const column of live) add(column.number, lost);
  for (const privilege of ofColumns) {
    let rights = privilege.name === null ? ALL_RIGHTS.column : RIGHT_LETTERS[privilege.name];
    if (kind === 'sequence' && withoutRights(rights, 'r') !== '') {
      x.notice('WARNING', '0LP01', `sequence "${name}" only supports SELECT column privileges`);
      rights = 'r';
    }
    if (relation === undefined) throw sqlError('0A000', 'rights on columns of sequences are not supported');
    for (const column of privilege.columns) add(columnForGrant(relation, column).number, rights);
  }
  return new Map([...result].sort(([a], [b]) => a - b));
}

/** Who has nothing to take is told so of each column; PostgreSQL counts the system's among them. */
function tellOfSystemColumns(
  x: DdlContext,
  { acl }: RightsObject,
  { name, owner }: RelationEntry,
  change: RightsChange,
  ofTable: string,
): void {
  const rights = commonRights(ofTable, ALL_RIGHTS.column);
  if (rights === '' || x.authority.hasPrivilegesOf(owner)) return;
  const grantor = bestGrantor(acl, x.authority, owner, rights);
  const isAll = rights === sortedRights(ALL_RIGHTS.column);
  for (const column of ['tableoid', 'cmax', 'xmax', 'cmin', 'xmin', 'ctid']) {
    const where = `column "${column}" of relation "${name}"`;
    checkGrantor(x, { ...change, rights, isAll }, grantor.rights, true, where, where);
  }
}

function changeColumnRights(
  x: DdlContext,
  table: RelationEntry,
  number: number,
  tableAcl: Acl,
  change: RightsChange,
): void {
  const column = table.columns[number - 1];
  const object = columnObject(x, table, column);
  // Who may give a right on the table may give it on its columns.
  const merged = [...tableAcl, ...object.acl];
  const grantor = bestGrantor(merged, x.authority, table.owner, change.rights);
  const isAll = change.rights === sortedRights(ALL_RIGHTS.column);
  const where = `column "${column.name}" of relation "${table.name}"`;
  checkGrantor(x, { ...change, isAll }, grantor.rights, hasAny(x, merged, table.owner), where, where);
  const acl = changedAcl(object.acl, { ...change, rights: grantor.rights }, grantor.oid, table.owner);
  if (!sameAcl(acl, object.acl)) object.keep(acl);
}

// --------------------------------------------------------------------------------------------------------- any object

/** Gives or takes rights on one object, in the name of whoever of the user's roles may do most. */
export function changeRights(x: DdlContext, object: RightsObject, change: RightsChange): void {
  const { acl, owner } = object;
  const wanted = change.rights === '' ? sortedRights(ALL_RIGHTS[object.kind]) : change.rights;
  const grantor = bestGrantor(acl, x.authority, owner, wanted);
  const checked = { ...change, rights: wanted };
  const isAny = hasAny(x, acl, owner);
  checkGrantor(x, checked, grantor.rights, isAny, `${object.word} ${object.name}`, `"${object.name}"`);
  object.keep(changedAcl(acl, { ...change, rights: grantor.rights }, grantor.oid, owner));
}

/** Has the user any right on it at all? */
function hasAny(x: DdlContext, acl: Acl, owner: number): boolean {
  return x.authority.hasPrivilegesOf(owner) || heldRights(acl, x.authority, 'arwdDxtXUCTcsA') !== '';
}

/** Who has no right at all is refused; who may give only some of them is told. */
function checkGrantor(
  x: DdlContext,
  { rights, isGrant, isAll }: RightsChange,
  given: string,
  isAny: boolean,
  denied: string,
  shown: string,
): void {
  if (given === '' && !isAny) throw sqlError('42501', `permission denied for ${denied}`);
  if (given !== '' && (isAll || withoutRights(rights, given) === '')) return;
  const what = given === '' ? 'no privileges' : 'not all privileges';
  if (isGrant) x.notice('WARNING', '01007', `${what} were granted for ${shown}`);
  else x.notice('WARNING', '01006', `${what} could be revoked for ${shown}`);
}

function refuseDependent(): never {
  throw sqlError('2BP01', 'dependent privileges exist', { hint: 'Use CASCADE to revoke them too.' });
}

/** merge_acl_with_grant: the list with the change for each of the grantees. */
function changedAcl(acl: Acl, change: RightsChange, grantor: number, owner: number): Acl {
  const { isGrant, withOption, rights } = change;
  let result = acl;
  for (const grantee of change.grantees) {
    if (rights === '') continue;
    if (isGrant) {
      const added = { grantee, grantor, rights, grantable: withOption ? rights : '' };
      if (isCircular(result, added, owner)) {
        throw sqlError('0LP01', 'grant options cannot be granted back to your own grantor');
      }
      result = granted(result, added);
    } else {
      const lost = { grantee, grantor, rights: withOption ? '' : rights, grantable: rights };
      result = revoked(result, lost, owner, change.isCascade ? null : refuseDependent);
    }
  }
  return result;
}

// ------------------------------------------------------------------------------------------------- default privileges

export function alterDefaultPrivileges(x: DdlContext, statement: AlterDefaultPrivilegesStatement): DdlResult {
  const { privileges, schemas, roles } = statement;
  const objectType = statement.objectType === 'routine' ? 'function' : statement.objectType;
  const grantees = granteeOids(x, statement.grantees, statement.grant, statement.grantOption);
  const change: RightsChange = {
    isGrant: statement.grant,
    isAll: privileges[0].name === null,
    rights: wantedRights(privileges, statement.objectType, true) || sortedRights(ALL_RIGHTS[objectType]),
    withOption: statement.grantOption,
    isCascade: statement.behavior === 'cascade',
    grantees,
  };
  const oids = roles.length === 0 ? [x.currentRoleOid] : roles.map((spec) => roleOfSpec(x, spec).oid);
  for (const roleOid of oids) {
    if (!x.authority.isMemberOf(roleOid)) {
      throw sqlError('42501', `must be member of role "${x.shared.roleName(roleOid)}"`);
    }
    if (schemas.length > 0 && objectType === 'schema') {
      throw sqlError('0LP01', 'cannot use IN SCHEMA clause when using GRANT/REVOKE ON SCHEMAS');
    }
    const schemaOids = schemas.length === 0 ? [0] : schemas.map((name) => schemaOrThrow(x, name).oid);
    for (const schemaOid of schemaOids) changeDefault(x, roleOid, schemaOid, objectType, change);
  }
  return { tag: 'ALTER DEFAULT PRIVILEGES' };
}

function defaultEntry(
  x: DdlContext,
  roleOid: number,
  schemaOid: number,
  objectType: DefaultRightsEntry['objectType'],
): DefaultRightsEntry | undefined {
  for (const entry of x.catalog.defaultRights()) {
    if (entry.roleOid === roleOid && entry.schemaOid === schemaOid && entry.objectType === objectType) return entry;
  }
  return undefined;
}

/** As lists of default rights are kept: by grantee, then by grantor. */
function sortedAcl(acl: Acl): Acl {
  return [...acl].sort((a, b) => a.grantee - b.grantee || a.grantor - b.grantor);
}

export function changeDefault(
  x: DdlContext,
  roleOid: number,
  schemaOid: number,
  objectType: DefaultRightsEntry['objectType'],
  change: RightsChange,
): void {
  const known = defaultEntry(x, roleOid, schemaOid, objectType);
  const initial = schemaOid === 0 ? defaultAcl(objectType, roleOid) : [];
  const acl = sortedAcl(changedAcl(known?.acl ?? initial, change, roleOid, roleOid));
  if (sameAcl(acl, initial)) {
    if (known !== undefined) x.removeEntry(known);
    return;
  }
  x.putEntry({
    class: 'defaultRights',
    oid: known?.oid ?? x.allocateOid(),
    roleOid,
    schemaOid,
    objectType,
    acl,
  });
}

/** What a new object of the owner's begins with: to be spread into its entry. */
export function initialRights(
  x: DdlContext,
  objectType: DefaultRightsEntry['objectType'],
  owner: number,
  schemaOid: number,
): { readonly acl?: Acl } {
  const everywhere = defaultEntry(x, owner, 0, objectType);
  const here = schemaOid === 0 ? undefined : defaultEntry(x, owner, schemaOid, objectType);
  if (everywhere === undefined && here === undefined) return {};
  const initial = defaultAcl(objectType, owner);
  let acl: Acl = everywhere?.acl ?? initial;
  for (const item of here?.acl ?? []) acl = granted(acl, item);
  return sameAcl(acl, initial) ? {} : { acl: sortedAcl(acl) };
}
