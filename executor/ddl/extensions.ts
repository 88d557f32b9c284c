/** CREATE, ALTER and DROP EXTENSION of what catalog/extensions.ts has. After: PostgreSQL, commands/extension.c. */

import { AVAILABLE_EXTENSIONS, type AvailableExtension } from '../../catalog/extensions.ts';
import { quoteIdentifier } from '../../catalog/functions/quote.ts';
import type { ExtensionEntry, SchemaEntry } from '../../catalog/index.ts';
import { databaseAcl, rightsByAcl } from '../../catalog/rights.ts';
import { SEARCH_FUNCTIONS } from '../../catalog/text-search.ts';
import type {
  AlterExtensionStatement,
  CreateExtensionStatement,
  CreateFunctionStatement,
  Option,
} from '../../parser/ast.ts';
import { parse } from '../../parser/index.ts';
import { sqlError } from '../../types/errors.ts';
import type { DdlContext, DdlResult } from './context.ts';
import { type ObjectReference, reference } from './describe.ts';
import { checkOwner, newObjectName } from './resolve.ts';
import { createRoutine } from './routines.ts';
import { putNewSearchObject } from './text-search.ts';

function checkMayCreate(x: DdlContext, { name, isTrusted }: AvailableExtension): void {
  if (x.isSuperuser) return;
  const database = x.shared.database(x.catalog.databaseOid);
  const mayCreate = database !== undefined && rightsByAcl(databaseAcl(database), x.authority, 'C') !== '';
  if (isTrusted && mayCreate) return;
  throw sqlError('42501', `permission denied to create extension "${name}"`, {
    hint: isTrusted
      ? 'Must have CREATE privilege on current database to create this extension.'
      : 'Must be superuser to create this extension.',
  });
}

function optionText(options: readonly Option[], name: string): string | null {
  const found = options.filter((option) => option.name === name);
  if (found.length > 1) throw sqlError('42601', 'conflicting or redundant options');
  return found.length === 0 ? null : String(found[0].value);
}

/** plpgsql comes with PostgreSQL, so scripts that make sure of it go on. */
export function createExtension(x: DdlContext, statement: CreateExtensionStatement): DdlResult {
  const { name, options } = statement;
  const tag = 'CREATE EXTENSION';
  if (name === 'plpgsql' || x.catalog.extensionByName(name) !== undefined) {
    if (!statement.ifNotExists) throw sqlError('42710', `extension "${name}" already exists`);
    x.notice('NOTICE', '42710', `extension "${name}" already exists, skipping`);
    return { tag };
  }
  const available = AVAILABLE_EXTENSIONS.get(name);
  if (available === undefined) {
    throw sqlError('0A000', `extension "${name}" is not available`, {
      hint: 'The extension must first be installed on the system where PostgreSQL is running.',
    });
  }
  checkMayCreate(x, available);
  const version = optionText(options, 'version') ?? available.version;
  if (version !== available.version) {
    throw sqlError('22023', `extension "${name}" has no installation script nor update path for version "${version}"`);
  }
  const schemaName = optionText(options, 'schema');
  const { schema } = newObjectName(x, schemaName === null ? [name] : [schemaName, name]);
  const entry: ExtensionEntry = {
    class: 'extension',
    oid: x.allocateOid(),
    name,
    schemaOid: schema.oid,
    owner: x.currentRoleOid,
    version,
  };
  x.putEntry(entry);
  const dictionaryOid = available.dictionary === undefined ? 0 : createDictionary(x, entry, available.dictionary);
  for (const text of available.functions) {
    createMember(x, entry, schema, text.replace(`{${name}}`, String(dictionaryOid)));
  }
  x.putEntry({
    class: 'comment',
    oid: x.allocateOid(),
    objectClass: 'extension',
    objectOid: entry.oid,
    columnNumber: 0,
    text: available.comment,
  });
  return { tag };
}

function createMember(x: DdlContext, { oid }: ExtensionEntry, schema: SchemaEntry, text: string): void {
  const before = new Set([...x.catalog.routines()].map((routine) => routine.oid));
  const [{ node }] = parse(`CREATE FUNCTION ${quoteIdentifier(schema.name)}.${text}`);
  createRoutine(x, node as CreateFunctionStatement);
  for (const routine of [...x.catalog.routines()])
    if (!before.has(routine.oid)) x.putEntry({ ...routine, extensionOid: oid });
}

/** The template and the dictionary, of the extension's name; answers the dictionary's oid. */
function createDictionary(
  x: DdlContext,
  { oid: extensionOid, name, schemaOid }: ExtensionEntry,
  { method, initName, lexizeName, options }: NonNullable<AvailableExtension['dictionary']>,
): number {
  const place = { name, schemaOid, extensionOid };
  const templateOid = x.allocateOid();
  const oidOf = (functionName: string): number => SEARCH_FUNCTIONS.get(functionName) as number;
  const functions = { initOid: oidOf(initName), lexizeOid: oidOf(lexizeName) };
  putNewSearchObject(x, { class: 'searchTemplate', oid: templateOid, ...place, method, ...functions });
  const oid = x.allocateOid();
  const made = { owner: x.currentRoleOid, templateOid, options, files: {}, innerOid: 0 };
  putNewSearchObject(x, { class: 'searchDictionary', oid, ...place, ...made });
  return oid;
}

/** 42704 when there is none. */
export function mustFindExtension(x: DdlContext, name: string): ExtensionEntry {
  const found = x.catalog.extensionByName(name);
  if (found === undefined) throw sqlError('42704', `extension "${name}" does not exist`);
  return found;
}

/** UPDATE: there is one version of each. */
export function alterExtension(x: DdlContext, statement: AlterExtensionStatement): DdlResult {
  const { name, version } = statement;
  const entry = mustFindExtension(x, name);
  checkOwner(x, entry.owner, `extension ${name}`);
  if (statement.member !== null) throw sqlError('0A000', 'changing the members of an extension is not supported');
  if (version !== null && version !== entry.version) {
    const message = `extension "${name}" has no update path from version "${entry.version}" to version "${version}"`;
    throw sqlError('22023', message);
  }
  x.notice('NOTICE', '00000', `version "${entry.version}" of extension "${name}" is already installed`);
  return { tag: 'ALTER EXTENSION' };
}

/** SET SCHEMA: its members go with it. */
export function moveExtension(x: DdlContext, name: string, target: SchemaEntry): void {
  const entry = mustFindExtension(x, name);
  checkOwner(x, entry.owner, `extension ${name}`);
  for (const routine of [...x.catalog.routines()])
    if (routine.extensionOid === entry.oid) x.putEntry({ ...routine, schemaOid: target.oid });
  for (const member of [...x.catalog.searchEntries()])
    if ('extensionOid' in member && member.extensionOid === entry.oid) x.putEntry({ ...member, schemaOid: target.oid });
  x.putEntry({ ...entry, schemaOid: target.oid });
}

/** Null: there is none of the name. */
export function findDroppedExtension(x: DdlContext, name: string): ObjectReference | null {
  const found = x.catalog.extensionByName(name);
  if (found === undefined) return null;
  checkOwner(x, found.owner, `extension ${name}`);
  return reference('extension', found.oid);
}
