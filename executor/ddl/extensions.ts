/** CREATE, ALTER and DROP EXTENSION of what catalog/extensions/ has. After: PostgreSQL, commands/extension.c. */

import {
  AVAILABLE_EXTENSIONS,
  type AvailableExtension,
  type ExtensionCast,
} from '../../catalog/extensions/available.ts';
import { allThatMayBelong } from '../../catalog/extensions/belonging.ts';
import { quoteIdentifier } from '../../catalog/functions/quote.ts';
import type { ExtensionEntry, SchemaEntry } from '../../catalog/index.ts';
import { databaseAcl, rightsByAcl } from '../../catalog/rights.ts';
import { SEARCH_FUNCTIONS } from '../../catalog/text-search.ts';
import type {
  AlterExtensionStatement,
  CreateExtensionStatement,
  CreateFunctionStatement,
  DefineStatement,
  Option,
} from '../../parser/ast.ts';
import { parse } from '../../parser/index.ts';
import { sqlError } from '../../types/errors.ts';
import { type BaseForm, typeByName } from '../../types/index.ts';
import { createAggregate } from './aggregates.ts';
import type { DdlContext, DdlResult } from './context.ts';
import { type ObjectReference, reference } from './describe.ts';
import { createOperator } from './operators.ts';
import { checkOwner, newObjectName } from './resolve.ts';
import { createRoutine } from './routines.ts';
import { putNewSearchObject } from './text-search.ts';
import { checkTypeNameIsFree, newType } from './types.ts';

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
  createMembers(x, entry, schema, available);
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

function createMembers(
  x: DdlContext,
  { oid }: ExtensionEntry,
  schema: SchemaEntry,
  available: AvailableExtension,
): void {
  const before = new Set(allThatMayBelong(x.catalog).map((member) => member.oid));
  const typeOid = available.type === undefined ? 0 : createBaseType(x, schema, available.name, available.type);
  const dictionaryOid =
    available.dictionary === undefined ? 0 : createDictionary(x, schema, available, available.dictionary);
  const schemaName = quoteIdentifier(schema.name);
  const filled = (text: string): string =>
    text.replaceAll('{s}', schemaName).replace(`{${available.name}}`, String(dictionaryOid));
  for (const text of available.functions) {
    const [{ node }] = parse(`CREATE FUNCTION ${schemaName}.${filled(text)}`);
    createRoutine(x, node as CreateFunctionStatement, true);
  }
  for (const text of available.further ?? []) {
    const [{ node }] = parse(`CREATE ${filled(text)}`);
    const statement = node as DefineStatement;
    if (statement.objectType === 'aggregate') createAggregate(x, statement);
    else createOperator(x, statement);
  }
  for (const cast of available.casts ?? []) createExtensionCast(x, schema, available.name, typeOid, cast);
  for (const member of allThatMayBelong(x.catalog))
    if (!before.has(member.oid)) x.putEntry({ ...member, extensionOid: oid });
}

function createBaseType(x: DdlContext, schema: SchemaEntry, name: string, form: BaseForm): number {
  checkTypeNameIsFree(x, { schema, name });
  const type = newType(x, { schema, name }, 'base');
  x.putEntry({ ...type, form });
  return type.oid;
}

/** Casts between the type and built-in ones, which PostgreSQL lets superusers alone make without a function. */
function createExtensionCast(
  x: DdlContext,
  schema: SchemaEntry,
  name: string,
  typeOid: number,
  { source, target, context, function: functionName }: ExtensionCast,
): void {
  const oidOf = (typeName: string): number => (typeName === name ? typeOid : (typeByName(typeName)?.oid ?? 0));
  const sourceTypeOid = oidOf(source);
  const fn =
    functionName === null
      ? undefined
      : x.catalog
          .routinesByName(schema.oid, functionName)
          .find(({ parameters }) => parameters.length === 1 && parameters[0].typeOid === sourceTypeOid);
  x.putEntry({
    class: 'cast',
    oid: x.allocateOid(),
    sourceTypeOid,
    targetTypeOid: oidOf(target),
    context,
    method: fn === undefined ? 'binary' : 'function',
    functionOid: fn?.oid ?? 0,
  });
}

/** The template and the dictionary, of the extension's name; answers the dictionary's oid. */
function createDictionary(
  x: DdlContext,
  { oid: schemaOid }: SchemaEntry,
  { name }: AvailableExtension,
  { method, initName, lexizeName, options }: NonNullable<AvailableExtension['dictionary']>,
): number {
  const place = { name, schemaOid };
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
  for (const member of allThatMayBelong(x.catalog)) {
    if (member.extensionOid === entry.oid && member.class !== 'cast') x.putEntry({ ...member, schemaOid: target.oid });
  }
  x.putEntry({ ...entry, schemaOid: target.oid });
}

/** Null: there is none of the name. */
export function findDroppedExtension(x: DdlContext, name: string): ObjectReference | null {
  const found = x.catalog.extensionByName(name);
  if (found === undefined) return null;
  checkOwner(x, found.owner, `extension ${name}`);
  return reference('extension', found.oid);
}
