/** GRANT and REVOKE on schemas, whose rights are kept. After: PostgreSQL, aclchk.c. */
import {
  type AclItem,
  commonRights,
  granted,
  revoked,
  SCHEMA_RIGHTS,
  schemaAcl,
  sortedRights,
  withoutRights,
} from '../../catalog/acl.ts';
import type { SchemaEntry } from '../../catalog/index.ts';
import type { GrantStatement } from '../../parser/ast.ts';
import { sqlError } from '../../types/errors.ts';
import type { DdlContext } from './context.ts';
import { ownsSchema, roleOfSpec } from './resolve.ts';

const LETTERS: Readonly<Record<string, string>> = { create: 'C', usage: 'U' };

function wantedRights(statement: GrantStatement): string {
  let rights = '';
  for (const { name, columns } of statement.privileges) {
    if (columns.length > 0) throw sqlError('0LP01', 'column privileges are only valid for relations');
    rights += name === null ? SCHEMA_RIGHTS : LETTERS[name];
  }
  return sortedRights(rights === '' ? SCHEMA_RIGHTS : rights);
}

/** The role in whose name rights are given, and which ones it may give: the owner's, or of the member's roles the one with most. */
function bestGrantor(
  x: DdlContext,
  schema: SchemaEntry,
  wanted: string,
): { readonly oid: number; readonly rights: string } {
  if (ownsSchema(x, schema)) return { oid: schema.owner, rights: wanted };
  let best = { oid: x.currentRoleOid, rights: '' };
  for (const item of schemaAcl(schema)) {
    if (item.grantee === 0 || !x.shared.isMember(x.currentRoleOid, item.grantee)) continue;
    const rights = commonRights(wanted, item.grantable);
    if (rights.length > best.rights.length) best = { oid: item.grantee, rights };
  }
  return best;
}

export function grantOnSchema(x: DdlContext, schema: SchemaEntry, statement: GrantStatement): void {
  const isGrant = statement.kind === 'grant';
  const wanted = wantedRights(statement);
  if (statement.grantedBy !== null && roleOfSpec(x, statement.grantedBy).oid !== x.currentRoleOid) {
    throw sqlError('0A000', 'grantor must be current user');
  }
  const grantor = bestGrantor(x, schema, wanted);
  checkGrantor(x, schema, wanted, grantor.rights, isGrant);
  let acl: readonly AclItem[] = schemaAcl(schema);
  for (const spec of statement.grantees) {
    const grantee = spec.kind === 'public' ? 0 : roleOfSpec(x, spec).oid;
    if (grantee === 0 && isGrant && statement.grantOption) {
      throw sqlError('0LP01', 'grant options can only be granted to roles');
    }
    if (isGrant) {
      if (grantor.rights === '') continue;
      const grantable = statement.grantOption ? grantor.rights : '';
      acl = granted(acl, { grantee, grantor: grantor.oid, rights: grantor.rights, grantable });
    } else {
      const lost = { grantee, grantor: grantor.oid, rights: grantor.rights, isOptionOnly: statement.grantOption };
      acl = revoked(acl, lost, statement.behavior === 'cascade' ? null : refuseDependent);
    }
  }
  x.putEntry({ ...schema, acl });
}

function refuseDependent(): never {
  throw sqlError('2BP01', 'dependent privileges exist', { hint: 'Use CASCADE to revoke them too.' });
}

/** Who has no right at all is refused; who may give only some of them is told. */
function checkGrantor(x: DdlContext, schema: SchemaEntry, wanted: string, given: string, isGrant: boolean): void {
  if (given === '') {
    const hasSome = schemaAcl(schema).some(
      (item) => item.grantee === 0 || x.shared.isMember(x.currentRoleOid, item.grantee),
    );
    if (!hasSome) throw sqlError('42501', `permission denied for schema ${schema.name}`);
  }
  if (withoutRights(wanted, given) === '') return;
  const what = given === '' ? 'no privileges' : 'not all privileges';
  if (isGrant) x.notice('WARNING', '01007', `${what} were granted for "${schema.name}"`);
  else x.notice('WARNING', '01006', `${what} could be revoked for "${schema.name}"`);
}

/** DROP OWNED BY: what a role has been given. */
export function forgetGrants(x: DdlContext, roleOid: number): void {
  for (const schema of [...x.catalog.schemas()]) {
    if (schema.acl?.some((item) => item.grantee === roleOid || item.grantor === roleOid) !== true) continue;
    const acl = schema.acl.filter((item) => item.grantee !== roleOid && item.grantor !== roleOid);
    x.putEntry({ ...schema, acl });
  }
}
