/**
 * Access control lists: who may do what with an object, given by whom. After: PostgreSQL, acl.h and acl.c; rights are the letters of
 * aclitem's text. An object without a list has its kind's default: the owner everything, and PUBLIC some of it.
 */
import type { Authority } from './authority.ts';
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

export type Acl = readonly AclItem[];

/** Kinds of objects that have rights. */
export type AclKind =
  | 'table'
  | 'column'
  | 'sequence'
  | 'database'
  | 'function'
  | 'language'
  | 'large object'
  | 'schema'
  | 'tablespace'
  | 'type'
  | 'foreign data wrapper'
  | 'foreign server'
  | 'parameter';

const ORDER = 'arwdDxtXUCTcsA';

/** All rights that there are on objects of a kind. */
export const ALL_RIGHTS: Readonly<Record<AclKind, string>> = {
  table: 'arwdDxt',
  column: 'arwx',
  sequence: 'rwU',
  database: 'CTc',
  function: 'X',
  language: 'U',
  'large object': 'rw',
  schema: 'UC',
  tablespace: 'C',
  type: 'U',
  'foreign data wrapper': 'U',
  'foreign server': 'U',
  parameter: 'sA',
};

/** What everybody may do with a new object. */
const PUBLIC_RIGHTS: Readonly<Partial<Record<AclKind, string>>> = {
  database: 'Tc',
  function: 'X',
  language: 'U',
  type: 'U',
};

const SCHEMA_RIGHTS = ALL_RIGHTS.schema;

/** The letter of each right, by the word of GRANT. */
export const RIGHT_LETTERS: Readonly<Record<string, string>> = {
  insert: 'a',
  select: 'r',
  update: 'w',
  delete: 'd',
  truncate: 'D',
  references: 'x',
  trigger: 't',
  execute: 'X',
  usage: 'U',
  create: 'C',
  temporary: 'T',
  temp: 'T',
  connect: 'c',
  set: 's',
  'alter system': 'A',
};

/** The word of each letter, as aclexplode and information_schema have it. */
export const RIGHT_NAMES: Readonly<Record<string, string>> = Object.fromEntries(
  Object.entries(RIGHT_LETTERS)
    .filter(([word]) => word !== 'temp')
    .map(([word, letter]) => [letter, word.toUpperCase()]),
);

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

/** acldefault(): what holds where nothing has been granted or revoked. */
export function defaultAcl(kind: AclKind, owner: number): Acl {
  const items: AclItem[] = [];
  const everybody = PUBLIC_RIGHTS[kind] ?? '';
  if (everybody !== '') items.push({ grantee: 0, grantor: owner, rights: everybody, grantable: '' });
  // Nobody owns a column.
  if (kind !== 'column') {
    items.push({ grantee: owner, grantor: owner, rights: sortedRights(ALL_RIGHTS[kind]), grantable: '' });
  }
  return items;
}

/** A schema's list, also where none is kept. */
export function schemaAcl(schema: SchemaEntry): Acl {
  const { owner } = schema;
  if (schema.acl !== undefined) return schema.acl;
  const own: AclItem = { grantee: owner, grantor: owner, rights: SCHEMA_RIGHTS, grantable: '' };
  // What initdb grants.
  if (schema.oid !== PUBLIC_SCHEMA_OID && schema.name !== 'pg_catalog' && schema.name !== 'information_schema')
    return [own];
  return [own, { grantee: 0, grantor: owner, rights: 'U', grantable: '' }];
}

// --------------------------------------------------------------------------------------------------------- who holds what

/** Which of the rights the role has: itself, through others, or with everybody (aclmask). Superusers are the caller's business. */
export function heldRights(acl: Acl, role: Authority, wanted: string): string {
  let held = '';
  for (const { grantee, rights } of acl) {
    if (grantee === 0 || role.hasPrivilegesOf(grantee)) held += commonRights(rights, wanted);
  }
  return commonRights(wanted, held);
}

/** Which of the rights the role may give to others. Owners may always. */
export function grantableRights(acl: Acl, role: Authority, owner: number, wanted: string): string {
  if (role.hasPrivilegesOf(owner)) return wanted;
  let held = '';
  for (const { grantee, grantable } of acl) {
    if (grantee === 0 || role.hasPrivilegesOf(grantee)) held += commonRights(grantable, wanted);
  }
  return commonRights(wanted, held);
}

/** The same of what a role itself (or everybody) has been given: not what it has through others (aclmask_direct). */
function directlyGrantable(acl: Acl, roleOid: number, owner: number, wanted: string): string {
  if (roleOid === owner) return wanted;
  let held = '';
  for (const { grantee, grantable } of acl) if (grantee === roleOid) held += commonRights(grantable, wanted);
  return commonRights(wanted, held);
}

/** The role in whose name rights are given, and which ones it may give: the owner, or of the member's roles the one with most. */
export function bestGrantor(
  acl: Acl,
  role: Authority,
  owner: number,
  wanted: string,
): { readonly oid: number; readonly rights: string } {
  if (role.hasPrivilegesOf(owner)) return { oid: owner, rights: wanted };
  let best = { oid: role.roleOid, rights: '' };
  for (const oid of role.inherited) {
    const rights = directlyGrantable(acl, oid, owner, wanted);
    if (rights.length > best.rights.length) best = { oid, rights };
  }
  return best;
}

// ------------------------------------------------------------------------------------------------------------- changes

/** Who refuses to let dependent rights go. */
export type Refusal = (() => never) | null;

/** A change of one item; rights and the right to give them on are added or taken independently. */
export interface AclChange {
  readonly grantee: number;
  readonly grantor: number;
  readonly rights: string;
  readonly grantable: string;
}

/** What a grantor gives to a grantee is one item. */
export function granted(acl: Acl, added: AclItem): AclItem[] {
  const at = acl.findIndex((item) => item.grantee === added.grantee && item.grantor === added.grantor);
  if (at < 0) return added.rights === '' ? [...acl] : [...acl, added];
  const merged = {
    ...added,
    rights: sortedRights(acl[at].rights + added.rights),
    grantable: sortedRights(acl[at].grantable + added.grantable),
  };
  return acl.map((item, i) => (i === at ? merged : item));
}

/** Would the grantor give to somebody from whom alone he has it? */
export function isCircular(acl: Acl, added: AclItem, owner: number): boolean {
  if (added.grantable === '' || added.grantor === owner) return false;
  let rest: Acl = acl;
  for (;;) {
    const given = rest.find((item) => item.grantee === added.grantee && item.grantable !== '');
    if (given === undefined) break;
    rest = revoked(rest, given, owner, null);
  }
  return withoutRights(added.grantable, directlyGrantable(rest, added.grantor, owner, added.grantable)) !== '';
}

/**
 * Without rights, or only without the right to give them on. What others have from the grantee goes too; `refuse` is called
 * when there is such and nobody asked for that.
 */
export function revoked(acl: Acl, lost: AclChange, owner: number, refuse: Refusal): AclItem[] {
  const { grantee, grantor, rights, grantable } = lost;
  const before = acl.find((item) => item.grantee === grantee && item.grantor === grantor);
  const result = acl
    .map((item) =>
      item === before
        ? {
            ...item,
            rights: withoutRights(item.rights, rights),
            grantable: withoutRights(item.grantable, grantable),
          }
        : item,
    )
    .filter((item) => item.rights !== '');
  const gone = commonRights(before?.grantable ?? '', grantable);
  return gone === '' ? result : withoutDependents(result, grantee, gone, owner, refuse);
}

function withoutDependents(acl: Acl, grantee: number, gone: string, owner: number, refuse: Refusal): AclItem[] {
  let result = [...acl];
  // An owner may give rights whoever has given them to him.
  if (grantee === owner) return result;
  const lost = withoutRights(gone, directlyGrantable(acl, grantee, owner, gone));
  if (lost === '') return result;
  for (;;) {
    const dependent = result.find((item) => item.grantor === grantee && commonRights(item.rights, lost) !== '');
    if (dependent === undefined) return result;
    if (refuse !== null) refuse();
    result = revoked(result, { ...dependent, rights: lost, grantable: lost }, owner, null);
  }
}

/** The new owner stands where the old one stood, as grantee and as grantor. */
export function withNewOwner(acl: Acl, before: number, after: number): AclItem[] {
  const change = (oid: number): number => (oid === before ? after : oid);
  let result: AclItem[] = [];
  for (const item of acl) {
    result = granted(result, { ...item, grantee: change(item.grantee), grantor: change(item.grantor) });
  }
  return result;
}

export function sameAcl(one: Acl, other: Acl): boolean {
  const isIn = (item: AclItem, acl: Acl): boolean =>
    acl.some(
      (candidate) =>
        candidate.grantee === item.grantee &&
        candidate.grantor === item.grantor &&
        candidate.rights === item.rights &&
        candidate.grantable === item.grantable,
    );
  return one.length === other.length && one.every((item) => isIn(item, other));
}

export function mentionsRole(acl: Acl | undefined, roleOid: number): boolean {
  return acl?.some((item) => item.grantee === roleOid || item.grantor === roleOid) === true;
}

/** An aclitem's text, understood; roles that are gone have no oid. */
export function parseAclItem(text: string, roleOid: (name: string) => number): AclItem {
  const role = (name: string): number => {
    const plain = name.startsWith('"') ? name.slice(1, -1).replaceAll('""', '"') : name;
    return plain === '' ? 0 : roleOid(plain) || Number(plain) || 0;
  };
  const [, grantee, letters, grantor] = /^("(?:[^"]|"")*"|[^=]*)=([^/]*)\/(.*)$/.exec(text) ?? ['', '', '', ''];
  const rights = letters.replaceAll('*', '');
  const grantable = [...letters.matchAll(/(.)\*/g)].map(([, letter]) => letter).join('');
  return { grantee: role(grantee), grantor: role(grantor), rights, grantable };
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
