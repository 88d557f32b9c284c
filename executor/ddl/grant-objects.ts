/** What GRANT and REVOKE name: objects with their owners and lists, and how a changed list is kept. */
import { type Acl, type AclKind, defaultAcl, schemaAcl } from '../../catalog/acl.ts';
import {
  BOOTSTRAP_ROLE_OID,
  type CatalogEntry,
  type ColumnEntry,
  type DatabaseEntry,
  type NamedRelation,
  type RelationEntry,
  type RoutineEntry,
  type SchemaEntry,
  type SystemRightsEntry,
  type TypeEntry,
} from '../../catalog/index.ts';
import {
  columnAcl,
  databaseAcl,
  languageAcl,
  relationAcl,
  relationKindOf,
  relationWord,
  routineAcl,
  systemFunctionAcl,
  typeAcl,
} from '../../catalog/rights.ts';
import { isSystemRoutine } from '../../catalog/system-routines.ts';
import type { GrantObjectType, GrantStatement, ObjectAddress } from '../../parser/ast.ts';
import { sqlError } from '../../types/errors.ts';
import { formatType, typeByOid } from '../../types/index.ts';
import type { DdlContext } from './context.ts';
import { findRelation, relationMissing, schemaForLookup, schemaOrThrow } from './resolve.ts';
import { builtinFunction, findRoutine, mustFindRoutine, type RoutineWord } from './routine-names.ts';
import { findTypeOid } from './type-names.ts';

/** One object that rights are kept on. */
export interface RightsObject {
  readonly kind: AclKind;
  /** In messages: table, view, function ... */
  readonly word: string;
  readonly name: string;
  readonly owner: number;
  readonly acl: Acl;
  keep(acl: Acl): void;
  /** A table, a view or a sequence: its columns have rights of their own. */
  readonly relation?: RelationEntry;
}

/** The kept entry, with another list. It is looked for anew: the statement may have changed it. */
function keepIn(x: DdlContext, entry: CatalogEntry): (acl: Acl) => void {
  return (acl) => {
    const now = entry.class === 'database' ? x.shared.database(entry.oid) : x.catalog.entry(entry.class, entry.oid);
    x.putEntry({ ...(now ?? entry), acl } as CatalogEntry);
  };
}

/** Of what the system made, lists are kept apart. */
function keepApart(x: DdlContext, objectClass: SystemRightsEntry['objectClass'], oid: number): (acl: Acl) => void {
  return (acl) => x.putEntry({ ...(x.catalog.systemRights(oid) ?? { class: 'systemRights', oid, objectClass }), acl });
}

export function relationObject(x: DdlContext, entry: Exclude<NamedRelation, { class: 'index' }>): RightsObject {
  const { name, owner } = entry;
  const acl = relationAcl(x.catalog, entry);
  const base = { kind: relationKindOf(entry), word: relationWord(entry), name, owner, acl };
  if (entry.class === 'sequence') return { ...base, keep: keepIn(x, entry) };
  const keep = entry.kind === 'virtual' ? keepApart(x, 'relation', entry.oid) : keepIn(x, entry);
  return { ...base, keep, relation: entry };
}

export function columnObject(x: DdlContext, table: RelationEntry, column: ColumnEntry): RightsObject {
  const keep = (acl: Acl): void => {
    // An empty list is none.
    const list = acl.length === 0 ? {} : { acl };
    if (table.kind === 'virtual') {
      const known = x.catalog.systemRights(table.oid);
      const { [column.name]: _, ...columns } = known?.columns ?? {};
      x.putEntry({
        ...(known ?? { class: 'systemRights', oid: table.oid, objectClass: 'relation' }),
        columns: acl.length === 0 ? columns : { ...columns, [column.name]: acl },
      });
      return;
    }
    const now = x.catalog.relation(table.oid) as RelationEntry;
    const columns = now.columns.map((each) => {
      if (each.number !== column.number) return each;
      const { acl: _, ...rest } = each;
      return { ...rest, ...list };
    });
    x.putEntry({ ...now, columns });
  };
  return {
    kind: 'column',
    word: 'column',
    name: column.name,
    owner: table.owner,
    acl: columnAcl(x.catalog, table, column),
    keep,
  };
}

export function schemaObject(x: DdlContext, entry: SchemaEntry): RightsObject {
  const { name, owner } = entry;
  return { kind: 'schema', word: 'schema', name, owner, acl: schemaAcl(entry), keep: keepIn(x, entry) };
}

export function databaseObject(x: DdlContext, entry: DatabaseEntry): RightsObject {
  const { name, owner } = entry;
  return { kind: 'database', word: 'database', name, owner, acl: databaseAcl(entry), keep: keepIn(x, entry) };
}

export function routineObject(x: DdlContext, entry: RoutineEntry): RightsObject {
  const { name, owner, kind } = entry;
  if (isSystemRoutine(entry)) return systemFunctionObject(x, entry.oid, name);
  return { kind: 'function', word: kind, name, owner, acl: routineAcl(entry), keep: keepIn(x, entry) };
}

function systemFunctionObject(x: DdlContext, oid: number, name: string): RightsObject {
  return {
    kind: 'function',
    word: 'function',
    name,
    owner: BOOTSTRAP_ROLE_OID,
    acl: systemFunctionAcl(x.catalog, oid, name),
    keep: keepApart(x, 'routine', oid),
  };
}

export function typeObject(x: DdlContext, entry: TypeEntry): RightsObject {
  const { name, owner, oid } = entry;
  const keep = entry.relationOid === undefined ? keepIn(x, entry) : keepApart(x, 'type', oid);
  return { kind: 'type', word: 'type', name, owner, acl: typeAcl(x.catalog, oid, entry), keep };
}

// ---------------------------------------------------------------------------------------------------------- by their names

function namedRelation(x: DdlContext, object: ObjectAddress, objectType: 'table' | 'sequence'): RightsObject {
  const found = findRelation(x, object.name);
  if (found === undefined) throw relationMissing(x, object.name);
  if (found.class === 'index') throw sqlError('42809', `"${found.name}" is an index`);
  if (objectType === 'sequence' && found.class !== 'sequence') {
    throw sqlError('42809', `"${found.name}" is not a sequence`);
  }
  return relationObject(x, found);
}

function ofArray(): Error {
  return sqlError('0LP01', 'cannot set privileges of array types', {
    hint: 'Set the privileges of the element type instead.',
  });
}

function namedType(x: DdlContext, object: ObjectAddress, objectType: 'type' | 'domain'): RightsObject {
  const names = object.types[0]?.name ?? object.name;
  const name = names.join('.');
  const last = names[names.length - 1];
  const oid = findTypeOid(x, names);
  // _t is what t's array type is called.
  const element = last.startsWith('_') ? findTypeOid(x, [...names.slice(0, -1), last.slice(1)]) : 0;
  if (oid === 0 && element !== 0) throw ofArray();
  if (oid === 0) throw sqlError('42704', `type "${name}" does not exist`);
  const type = x.catalog.type(oid);
  if (type === undefined ? typeByOid(oid)?.category === 'A' : type.oid !== oid) {
    throw ofArray();
  }
  if (objectType === 'domain' && type?.kind !== 'domain') {
    throw sqlError('42809', `"${type?.name ?? formatType(oid)}" is not a domain`);
  }
  if (type !== undefined) return typeObject(x, type);
  return {
    kind: 'type',
    word: 'type',
    name,
    owner: BOOTSTRAP_ROLE_OID,
    acl: typeAcl(x.catalog, oid, undefined),
    keep: keepApart(x, 'type', oid),
  };
}

function namedRoutine(x: DdlContext, object: ObjectAddress, word: RoutineWord): RightsObject {
  const found = findRoutine(x, object, word);
  const builtin = found === null ? builtinFunction(x, object) : null;
  if (builtin !== null) return systemFunctionObject(x, builtin.oid, builtin.name);
  return routineObject(x, mustFindRoutine(x, object, word));
}

const LANGUAGES: Readonly<Record<string, { readonly oid: number; readonly isTrusted: boolean }>> = {
  internal: { oid: 12, isTrusted: false },
  c: { oid: 13, isTrusted: false },
  sql: { oid: 14, isTrusted: true },
};

function namedLanguage(x: DdlContext, name: string): RightsObject {
  const language = LANGUAGES[name];
  if (language === undefined) throw sqlError('42704', `language "${name}" does not exist`);
  if (!language.isTrusted) {
    throw sqlError('42809', `language "${name}" is not trusted`, {
      detail:
        'GRANT and REVOKE are not allowed on untrusted languages, because only superusers can use untrusted languages.',
    });
  }
  const acl = languageAcl(x.catalog, language.oid);
  const keep = keepApart(x, 'language', language.oid);
  return { kind: 'language', word: 'language', name, owner: BOOTSTRAP_ROLE_OID, acl, keep };
}

/** A setting: who may SET it, where that is the superuser's, and ALTER SYSTEM. A list of the owner alone is not kept. */
export function parameterObject(x: DdlContext, name: string): RightsObject {
  const owner = BOOTSTRAP_ROLE_OID;
  const known = x.shared.rightsOnParameter(name);
  const keep = (acl: Acl): void => {
    const now = x.shared.rightsOnParameter(name);
    if (acl.some(({ grantee }) => grantee !== owner)) {
      const oid = now?.oid ?? x.allocateOid();
      x.putEntry({ class: 'parameterRights', oid, name: name.toLowerCase(), acl });
    } else if (now !== undefined) x.removeEntry(now);
  };
  const base = { kind: 'parameter', word: 'parameter', name, owner } as const;
  return { ...base, acl: known?.acl ?? defaultAcl('parameter', owner), keep };
}

/** What is not kept: there is one tablespace. */
function notKept(kind: AclKind, name: string): RightsObject {
  const owner = BOOTSTRAP_ROLE_OID;
  return { kind, word: kind, name, owner, acl: defaultAcl(kind, owner), keep: () => {} };
}

function namedObject(x: DdlContext, object: ObjectAddress, objectType: GrantObjectType): RightsObject {
  const name = object.name[object.name.length - 1];
  switch (objectType) {
    case 'table':
    case 'sequence':
      return namedRelation(x, object, objectType);
    case 'schema':
      return schemaObject(x, schemaOrThrow(x, name));
    case 'database': {
      const database = x.shared.databaseByName(name);
      if (database === undefined) throw sqlError('3D000', `database "${name}" does not exist`);
      return databaseObject(x, database);
    }
    case 'type':
    case 'domain':
      return namedType(x, object, objectType);
    case 'function':
    case 'procedure':
    case 'routine':
      return namedRoutine(x, object, objectType);
    case 'language':
      return namedLanguage(x, name);
    case 'tablespace':
      if (name === 'pg_default' || name === 'pg_global') return notKept('tablespace', name);
      throw sqlError('42704', `tablespace "${name}" does not exist`);
    case 'parameter':
      if (object.name.length === 1 && x.settings.showOrNull(name) === null) {
        throw sqlError('42602', `invalid parameter name "${name}"`);
      }
      return parameterObject(x, object.name.join('.'));
    case 'large object':
      throw sqlError('42704', `large object ${name} does not exist`);
    case 'foreign data wrapper':
      throw sqlError('42704', `foreign-data wrapper "${name}" does not exist`);
    case 'foreign server':
      throw sqlError('42704', `server "${name}" does not exist`);
  }
}

/** ALL ... IN SCHEMA. */
function allInSchema(x: DdlContext, schema: SchemaEntry, objectType: GrantObjectType): RightsObject[] {
  const inSchema = <T extends { readonly schemaOid: number; readonly oid: number }>(entries: Iterable<T>): T[] =>
    [...entries].filter((entry) => entry.schemaOid === schema.oid).sort((a, b) => a.oid - b.oid);
  switch (objectType) {
    case 'table':
      return inSchema(x.catalog.relations()).map((entry) => relationObject(x, entry));
    case 'sequence':
      return inSchema(x.catalog.sequences()).map((entry) => relationObject(x, entry));
    default:
      return inSchema(x.catalog.routines())
        .filter((entry) => objectType === 'routine' || (objectType === 'procedure') === (entry.kind === 'procedure'))
        .map((entry) => routineObject(x, entry));
  }
}

/** Everything that the statement names, in its order. */
export function grantedObjects(x: DdlContext, { target }: GrantStatement): RightsObject[] {
  if (target.kind === 'objects') return target.objects.map((object) => namedObject(x, object, target.objectType));
  return target.schemas.flatMap((name) => allInSchema(x, schemaForLookup(x, name), target.objectType));
}
