/**
 * Access control lists: who may do what with an object, given by whom. After: PostgreSQL, acl.h and acl.c; rights are the letters of
 * aclitem's text. An object without a list has its kind's default: the owner everything.
 *
 * Schemas keep theirs; other objects' rights are checked when they are granted, and not kept.
 */
import { PUBLIC_SCHEMA_OID, type SchemaEntry } from './entries.ts';

export interface AclItem {
  /** A role's oid; 0: PUBLIC. */
  readonly grantee: number;
  readonly grantor: number;
  /** Letters, in the order of ORDER. */
  readonly rights: string;
  /** Those of the rights that the grantee may give to others. */
  readonly grantable: string;
}

const ORDER = 'arwdDxtXUCTcsA';
export const SCHEMA_RIGHTS = 'UC';

export function sortedRights(rights: Iterable<string>): string {
  const set = new Set(rights);
  return [...ORDER].filter((letter) => set.has(letter)).join('');
}

export function withoutRights(rights: string, lost: string): string {
  return [...rights].filter((letter) => !lost.includes(letter)).join('');
}

export function commonRights(one: string, other: string): string {
  return [...one].filter((letter) => other.includes(letter)).join('');
}

/** A schema's list, also where none is kept. */
export function schemaAcl(schema: SchemaEntry): readonly AclItem[] {
  const { owner } = schema;
  if (schema.acl !== undefined) return schema.acl;
  const own: AclItem = { grantee: owner, grantor: owner, rights: SCHEMA_RIGHTS, grantable: '' };
  // What initdb grants.
  if (schema.oid !== PUBLIC_SCHEMA_OID && schema.name !== 'pg_catalog' && schema.name !== 'information_schema')
    return [own];
  return [own, { grantee: 0, grantor: owner, rights: 'U', grantable: '' }];
}

/** What a grantor gives to a grantee is one item. */
export function granted(acl: readonly AclItem[], added: AclItem): AclItem[] {
  const at = acl.findIndex((item) => item.grantee === added.grantee && item.grantor === added.grantor);
  if (at < 0) return [...acl, added];
  const merged = {
    ...added,
    rights: sortedRights(acl[at].rights + added.rights),
    grantable: sortedRights(acl[at].grantable + added.grantable),
  };
  return acl.map((item, i) => (i === at ? merged : item));
}

/**
 * Without rights, or only without the right to give them on. What others have from the grantee goes too; `refuse` is called
 * when there is such and nobody asked for that.
 */
export function revoked(
  acl: readonly AclItem[],
  lost: { readonly grantee: number; readonly grantor: number; readonly rights: string; readonly isOptionOnly: boolean },
  refuse: (() => never) | null,
): AclItem[] {
  const { grantee, grantor, rights, isOptionOnly } = lost;
  let result = acl
    .map((item) =>
      item.grantee === grantee && item.grantor === grantor
        ? {
            ...item,
            rights: isOptionOnly ? item.rights : withoutRights(item.rights, rights),
            grantable: withoutRights(item.grantable, rights),
          }
        : item,
    )
    .filter((item) => item.rights !== '');
  const kept = result
    .filter((item) => item.grantee === grantee)
    .map((item) => item.grantable)
    .join('');
  const gone = withoutRights(rights, kept);
  if (grantee === 0 || grantee === grantor) return result;
  for (const item of acl) {
    const dependent = commonRights(item.rights, gone);
    if (item.grantor !== grantee || dependent === '') continue;
    if (refuse !== null) refuse();
    result = revoked(result, { grantee: item.grantee, grantor: grantee, rights: dependent, isOptionOnly: false }, null);
  }
  return result;
}

/** The new owner stands where the old one stood, as grantee and as grantor. */
export function withNewOwner(acl: readonly AclItem[], before: number, after: number): AclItem[] {
  const change = (oid: number): number => (oid === before ? after : oid);
  let result: AclItem[] = [];
  for (const item of acl) {
    result = granted(result, { ...item, grantee: change(item.grantee), grantor: change(item.grantor) });
  }
  return result;
}

/** aclitem's text: name=U*C/grantor. */
export function aclItemText(item: AclItem, roleName: (oid: number) => string): string {
  const name = (oid: number): string => {
    const text = roleName(oid);
    return /^[A-Za-z0-9_]+$/.test(text) ? text : `"${text.replaceAll('"', '""')}"`;
  };
  const rights = [...item.rights].map((letter) => (item.grantable.includes(letter) ? `${letter}*` : letter)).join('');
  return `${item.grantee === 0 ? '' : name(item.grantee)}=${rights}/${name(item.grantor)}`;
}
