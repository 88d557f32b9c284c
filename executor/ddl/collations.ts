/** CREATE, ALTER, DROP COLLATION, and COLLATE of columns, domains and index keys. After: PostgreSQL, commands/collationcmds.c. */
import { collationByOid, findCollation } from '../../catalog/collations.ts';
import { type CollationEntry, FIRST_NORMAL_OID } from '../../catalog/entries.ts';
import type {
  DefineStatement,
  ObjectAddress,
  Option,
  QualifiedName,
  RefreshCollationStatement,
} from '../../parser/ast.ts';
import { sqlError } from '../../types/errors.ts';
import {
  baseTypeOid,
  C_COLLATION,
  DEFAULT_COLLATION,
  formatType,
  OID,
  parseIcuLocale,
  typeByOid,
} from '../../types/index.ts';
import type { DdlContext, DdlResult } from './context.ts';
import { at, checkOwner, newObjectName } from './resolve.ts';

function collationMissing(name: QualifiedName, position: object = {}): Error {
  return sqlError('42704', `collation "${name.join('.')}" for encoding "UTF8" does not exist`, position);
}

/** 42704 when there is none, 3F000 when its schema is not there. */
export function mustFindCollation(x: DdlContext, name: QualifiedName, position = -1): CollationEntry {
  const where = position < 0 ? {} : at(x, position);
  if (name.length > 1 && x.catalog.schemaOfPath(name[name.length - 2], x.searchPath) === undefined) {
    throw sqlError('3F000', `schema "${name[name.length - 2]}" does not exist`, where);
  }
  const found = findCollation(x.catalog, name, x.searchPath);
  if (found === undefined) throw collationMissing(name, where);
  return found;
}

/** pg_type.typcollation: 0 for types that have no collations. */
export function collationOfType(x: DdlContext, typeOid: number): number {
  const base = baseTypeOid(typeOid);
  if (base !== typeOid) {
    const domain = x.catalog.type(typeOid);
    return domain?.collationOid ?? collationOfType(x, domain?.baseTypeOid ?? base);
  }
  if (base === OID.TEXT || base === OID.VARCHAR || base === OID.BPCHAR) return DEFAULT_COLLATION;
  if (base === OID.NAME) return C_COLLATION;
  const type = typeByOid(base);
  if (type?.form === 'citext') return DEFAULT_COLLATION;
  return type?.category === 'A' && type.elementOid !== 0 ? collationOfType(x, type.elementOid) : 0;
}

/** COLLATE over a type: the collation's oid, undefined when it is the type's own, or none was named. */
export function collationFor(
  x: DdlContext,
  typeOid: number,
  name: QualifiedName | null,
  position = -1,
): number | undefined {
  if (name === null) return undefined;
  const found = mustFindCollation(x, name, position);
  const own = collationOfType(x, typeOid);
  if (own === 0) {
    const where = position < 0 ? {} : at(x, position);
    throw sqlError('42804', `collations are not supported by type ${formatType(typeOid)}`, where);
  }
  return found.oid === own ? undefined : found.oid;
}

/** A column's collation; undefined: what its type, or the type below its domain, has anyway. */
export function columnCollation(
  x: DdlContext,
  typeOid: number,
  name: QualifiedName | null,
  position = -1,
): number | undefined {
  const named = collationFor(x, typeOid, name, position);
  const oid = named ?? collationOfType(x, typeOid);
  return oid === collationOfType(x, baseTypeOid(typeOid)) ? undefined : oid;
}

// ------------------------------------------------------------------------------------------------------------- CREATE

const OPTIONS = new Set(['from', 'locale', 'lc_collate', 'lc_ctype', 'provider', 'deterministic', 'version']);

function optionText(option: Option): string {
  const { value } = option;
  if (value === null) throw sqlError('42601', `${option.name} requires a parameter`);
  return Array.isArray(value) ? value.join('.') : String(value);
}

function optionFlag(option: Option): boolean {
  const { value } = option;
  if (value === null || value === true || value === 1) return true;
  if (value === false || value === 0) return false;
  const text = String(value).toLowerCase();
  if (text === 'true' || text === 'on') return true;
  if (text === 'false' || text === 'off') return false;
  throw sqlError('42601', `${option.name} requires a Boolean value`);
}

function gather(x: DdlContext, options: readonly Option[]): Map<string, Option> {
  const found = new Map<string, Option>();
  for (const option of options) {
    if (!OPTIONS.has(option.name)) {
      throw sqlError('42601', `collation attribute "${option.name}" not recognized`, at(x, option.position));
    }
    if (found.has(option.name)) throw sqlError('42601', 'conflicting or redundant options', at(x, option.position));
    found.set(option.name, option);
  }
  if (found.has('locale') && (found.has('lc_collate') || found.has('lc_ctype'))) {
    throw sqlError('42601', 'conflicting or redundant options', {
      detail: 'LOCALE cannot be specified together with LC_COLLATE or LC_CTYPE.',
    });
  }
  if (found.has('from') && found.size > 1) {
    throw sqlError('42601', 'conflicting or redundant options', {
      detail: 'FROM cannot be specified together with any other options.',
    });
  }
  return found;
}

type Properties = Pick<CollationEntry, 'provider' | 'locale' | 'ctype' | 'deterministic' | 'encoding' | 'version'>;

/** Locales of the C library that order by bytes; others would need its data. */
const BYTE_ORDERED = new Set(['C', 'POSIX', 'C.UTF-8', 'C.utf8']);

function checkLibcLocale(name: string): void {
  if (BYTE_ORDERED.has(name)) return;
  throw sqlError('22023', `could not create locale "${name}": No such file or directory`, {
    detail: `The operating system could not find any locale data for the locale name "${name}".`,
  });
}

function checkIcuLocale(locale: string): void {
  const { tag, options } = parseIcuLocale(locale);
  try {
    new Intl.Collator(tag, options);
  } catch {
    throw sqlError('22023', `could not open collator for locale "${locale}": U_ILLEGAL_ARGUMENT_ERROR`);
  }
}

function properties(x: DdlContext, statement: DefineStatement): Properties {
  const options = gather(x, statement.options);
  const fromOption = options.get('from');
  const from =
    statement.from ?? (fromOption === undefined ? null : ([fromOption.value].flat().map(String) as QualifiedName));
  if (from !== null) {
    const source = mustFindCollation(x, from);
    if (source.provider === 'd') throw sqlError('42P17', 'collation "default" cannot be copied');
    const { provider, locale, ctype, deterministic, encoding, version } = source;
    return { provider, locale, ctype, deterministic, encoding, version };
  }
  const text = (name: string): string | undefined => {
    const option = options.get(name);
    return option === undefined ? undefined : optionText(option);
  };
  const providerName = text('provider') ?? 'libc';
  if (providerName !== 'icu' && providerName !== 'libc') {
    throw sqlError('42P17', `unrecognized collation provider: ${providerName}`);
  }
  const isDeterministicOption = options.get('deterministic');
  const deterministic = isDeterministicOption === undefined || optionFlag(isDeterministicOption);
  const locale = text('locale');
  if (providerName === 'icu') {
    if (locale === undefined) throw sqlError('42P17', 'parameter "locale" must be specified');
    checkIcuLocale(locale);
    const version = text('version') ?? process.versions['icu'] ?? null;
    return { provider: 'i', locale, ctype: null, deterministic, encoding: -1, version };
  }
  const collate = text('lc_collate') ?? locale;
  const ctype = text('lc_ctype') ?? locale;
  if (collate === undefined) throw sqlError('42P17', 'parameter "lc_collate" must be specified');
  if (ctype === undefined) throw sqlError('42P17', 'parameter "lc_ctype" must be specified');
  if (!deterministic) throw sqlError('0A000', 'nondeterministic collations not supported with this provider');
  checkLibcLocale(collate);
  checkLibcLocale(ctype);
  return { provider: 'c', locale: collate, ctype, deterministic, encoding: 6, version: text('version') ?? null };
}

export function createCollation(x: DdlContext, statement: DefineStatement): DdlResult {
  const tag = 'CREATE COLLATION';
  const { schema, name } = newObjectName(x, statement.name);
  const made = properties(x, statement);
  if (x.catalog.collationByName(schema.oid, name) !== undefined) {
    const message = `collation "${name}" already exists`;
    if (!statement.ifNotExists) throw sqlError('42710', message);
    x.notice('NOTICE', '42710', `${message}, skipping`);
    return { tag };
  }
  const oid = x.allocateOid();
  x.putEntry({ class: 'collation', oid, name, schemaOid: schema.oid, owner: x.currentRoleOid, ...made });
  return { tag };
}

// -------------------------------------------------------------------------------------------------------------- ALTER

/** A collation that a user may change. */
export function ownCollation(x: DdlContext, object: ObjectAddress): CollationEntry {
  const entry = mustFindCollation(x, object.name);
  checkOwner(x, entry.owner, `collation ${entry.name}`);
  if (entry.oid < FIRST_NORMAL_OID) {
    throw sqlError('42501', `permission denied: "${entry.name}" is a system collation`);
  }
  return entry;
}

/** The version of ICU that a collation was made with is told, and nothing depends on it: indexes are in byte order. */
export function refreshCollation(x: DdlContext, statement: RefreshCollationStatement): DdlResult {
  const entry = ownCollation(x, statement.object);
  const version = entry.provider === 'i' ? (process.versions['icu'] ?? null) : null;
  if (version === entry.version) x.notice('NOTICE', '00000', 'version has not changed');
  else {
    x.notice('NOTICE', '00000', `changing version from ${entry.version} to ${version}`);
    x.putEntry({ ...entry, version });
  }
  return { tag: 'ALTER COLLATION' };
}

/** A name for the collation in a schema: 42710 when another has it. */
export function putCollation(x: DdlContext, entry: CollationEntry): void {
  if (x.catalog.collationByName(entry.schemaOid, entry.name) !== undefined) {
    const schema = x.catalog.schemaName(entry.schemaOid);
    throw sqlError('42710', `collation "${entry.name}" already exists in schema "${schema}"`);
  }
  x.putEntry(entry);
}

export function collationName(x: DdlContext, oid: number): string {
  return collationByOid(x.catalog, oid)?.name ?? String(oid);
}
