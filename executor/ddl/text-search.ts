/** CREATE and ALTER of text search configurations, dictionaries, parsers and templates. After: PostgreSQL, commands/tsearchcmds.c. */
import { readFileSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import {
  FIRST_NORMAL_OID,
  type SearchConfigurationEntry,
  type SearchDictionaryEntry,
  type SearchEntry,
  type SearchMapping,
  type SearchOption,
  type SearchTemplateEntry,
} from '../../catalog/entries.ts';
import { dictionaryByOid } from '../../catalog/functions/fulltext/configurations.ts';
import { folderFiles } from '../../catalog/functions/fulltext/files.ts';
import { TOKEN_ALIASES } from '../../catalog/functions/fulltext/parser-states.ts';
import { makeDictionary } from '../../catalog/functions/fulltext/templates.ts';
import { splitQualifiedName } from '../../catalog/qualified-name.ts';
import {
  findSearchEntry,
  SEARCH_CATALOGS,
  SEARCH_CLASSES,
  SEARCH_FUNCTIONS,
  SEARCH_METHODS,
  SEARCH_WORDS,
  type SearchClass,
  type SearchEntryOf,
  searchEntry,
  searchEntryIn,
} from '../../catalog/text-search.ts';
import type {
  AlterSearchConfigurationStatement,
  AlterSearchDictionaryStatement,
  DefineStatement,
  ObjectAddress,
  Option,
  QualifiedName,
  SearchMappingAction,
} from '../../parser/ast.ts';
import { ACCESS_EXCLUSIVE, fileError } from '../../storage/api.ts';
import { sqlError } from '../../types/errors.ts';
import type { DdlContext, DdlResult, DdlSteps } from './context.ts';
import { checkOwner, lockNewName, mayCreateIn, newObjectName, schemaForLookup } from './resolve.ts';
import { rebuildIndexesOf } from './text-search-indexes.ts';

// ------------------------------------------------------------------------------------------------------------- finding

/** undefined: there is none of the name; 3F000 where its schema is not there. */
export function findSearchObject<C extends SearchClass>(
  x: DdlContext,
  entryClass: C,
  name: QualifiedName,
): SearchEntryOf<C> | undefined {
  if (name.length > 1) schemaForLookup(x, name[name.length - 2]);
  return findSearchEntry(x.catalog, entryClass, name, x.searchPath);
}

export function mustFindSearchObject<C extends SearchClass>(
  x: DdlContext,
  entryClass: C,
  name: QualifiedName,
): SearchEntryOf<C> {
  const found = findSearchObject(x, entryClass, name);
  if (found === undefined) throw sqlError('42704', `${SEARCH_WORDS[entryClass]} "${name.join('.')}" does not exist`);
  return found;
}

/** Parsers and templates are the superusers'. */
export function checkSearchOwner(x: DdlContext, entry: SearchEntry, shownName = entry.name): void {
  if ('owner' in entry) checkOwner(x, entry.owner, `${SEARCH_WORDS[entry.class]} ${shownName}`);
  else if (!x.isSuperuser) throw sqlError('42501', 'must be superuser');
}

/** One that ALTER may change. */
export function ownSearchObject(x: DdlContext, object: ObjectAddress, shownName?: string): SearchEntry {
  const entryClass = SEARCH_CLASSES[object.objectType] as SearchClass;
  const entry = mustFindSearchObject(x, entryClass, object.name);
  checkSearchOwner(x, entry, shownName);
  refuseBuiltIn(entry);
  return entry;
}

function refuseBuiltIn(entry: SearchEntry): void {
  if (entry.oid < FIRST_NORMAL_OID) {
    throw sqlError('42501', `permission denied: "${entry.name}" is a system ${SEARCH_WORDS[entry.class]}`);
  }
}

/** A new name, or schema, for it: 42710 when another has the name there. */
export function putSearchObject(x: DdlContext, entry: SearchEntry, doing: 'rename' | 'set schema of'): void {
  if (!('owner' in entry) && !x.isSuperuser) {
    throw sqlError('42501', `must be superuser to ${doing} ${SEARCH_WORDS[entry.class]} ${entry.name}`);
  }
  const schema = x.catalog.schema(entry.schemaOid);
  if (schema !== undefined && !mayCreateIn(x, schema)) {
    throw sqlError('42501', `permission denied for schema ${schema.name}`);
  }
  const taken = searchEntryIn(x.catalog, entry.class, entry.schemaOid, entry.name);
  if (taken !== undefined && taken.oid !== entry.oid) {
    const message = `${SEARCH_WORDS[entry.class]} "${entry.name}" already exists in schema "${schema?.name ?? ''}"`;
    throw sqlError('42710', message);
  }
  x.putEntry(entry);
}

// ------------------------------------------------------------------------------------------------------------ creating

/** Columns of the unique indexes that keep names apart: PostgreSQL finds a name taken by these. */
const NAME_COLUMNS: Readonly<Record<SearchClass, readonly [index: string, prefix: string]>> = {
  searchConfiguration: ['pg_ts_config_cfgname_index', 'cfg'],
  searchDictionary: ['pg_ts_dict_dictname_index', 'dict'],
  searchParser: ['pg_ts_parser_prsname_index', 'prs'],
  searchTemplate: ['pg_ts_template_tmplname_index', 'tmpl'],
};

/** 23505 where the name is taken. */
export function putNewSearchObject(x: DdlContext, entry: SearchEntry): void {
  const { class: entryClass, schemaOid, name } = entry;
  if (searchEntryIn(x.catalog, entryClass, schemaOid, name) === undefined) {
    x.putEntry(entry);
    return;
  }
  const [index, prefix] = NAME_COLUMNS[entryClass];
  throw sqlError('23505', `duplicate key value violates unique constraint "${index}"`, {
    detail: `Key (${prefix}name, ${prefix}namespace)=(${name}, ${schemaOid}) already exists.`,
  });
}

export function* createSearchObject(x: DdlContext, statement: DefineStatement): DdlSteps<DdlResult> {
  const entryClass = SEARCH_CLASSES[statement.objectType] as SearchClass;
  if ((entryClass === 'searchParser' || entryClass === 'searchTemplate') && !x.isSuperuser) {
    throw sqlError('42501', `must be superuser to create ${SEARCH_WORDS[entryClass]}s`);
  }
  const { schema, name } = newObjectName(x, statement.name);
  yield* lockNewName(x, { schema, name });
  const place = { oid: 0, name, schemaOid: schema.oid };
  const make = (): SearchEntry => {
    switch (entryClass) {
      case 'searchConfiguration':
        return configurationEntry(x, statement.options, place);
      case 'searchDictionary':
        return dictionaryEntry(x, statement.options, place);
      case 'searchParser':
        return { class: 'searchParser', ...place, functionOids: parserFunctions(statement.options) };
      case 'searchTemplate':
        return templateEntry(statement.options, place);
    }
  };
  putNewSearchObject(x, { ...make(), oid: x.allocateOid() });
  return { tag: `CREATE ${statement.objectType.toUpperCase()}` };
}

type Place = Pick<SearchEntry, 'oid' | 'name' | 'schemaOid'>;

function nameOf({ name, value }: Option): QualifiedName {
  if (value === null) throw sqlError('42601', `${name} requires a parameter`);
  return typeof value === 'object' ? value : [String(value)];
}

function unrecognized(entryClass: SearchClass, { name }: Option): Error {
  return sqlError('42601', `${SEARCH_WORDS[entryClass]} parameter "${name}" not recognized`);
}

function configurationEntry(x: DdlContext, options: readonly Option[], place: Place): SearchConfigurationEntry {
  let parserOid = 0;
  let source: SearchConfigurationEntry | null = null;
  for (const option of options) {
    if (option.name === 'parser') parserOid = mustFindSearchObject(x, 'searchParser', nameOf(option)).oid;
    else if (option.name === 'copy') source = mustFindSearchObject(x, 'searchConfiguration', nameOf(option));
    else throw unrecognized('searchConfiguration', option);
  }
  if (source !== null && parserOid !== 0) throw sqlError('42601', 'cannot specify both PARSER and COPY options');
  parserOid = source?.parserOid ?? parserOid;
  if (parserOid === 0) throw sqlError('42P17', 'text search parser is required');
  const mappings = source?.mappings ?? [];
  return { class: 'searchConfiguration', ...place, owner: x.currentRoleOid, parserOid, mappings };
}

// -------------------------------------------------------------------------------------------------------- dictionaries

function optionOf({ name, value }: Option): SearchOption {
  if (value === null) throw sqlError('42601', `${name} requires a parameter`);
  const isNumber = typeof value === 'number' || typeof value === 'bigint';
  return { name, value: Array.isArray(value) ? value.join('.') : String(value), isNumber };
}

/** Where files of dictionaries are: a folder of the data directory, unless the setting says another. */
function filesFolder(x: DdlContext): string {
  const folder = x.settings.show('tsearch_data_directory');
  return isAbsolute(folder) ? folder : join(x.settings.show('data_directory'), folder);
}

function load(path: string): Uint8Array | null {
  try {
    return readFileSync(path);
  } catch (error) {
    const { code } = error as { code?: string };
    if (code === 'ENOENT' || code === 'ENOTDIR') return null;
    throw fileError('open', path, error);
  }
}

/** Makes the dictionary, so as to know that its options are good, and keeps the files that it reads. */
function initialized(
  x: DdlContext,
  template: SearchTemplateEntry,
  options: readonly SearchOption[],
): Pick<SearchDictionaryEntry, 'options' | 'files' | 'innerOid'> {
  const files: Record<string, string> = {};
  let innerOid = 0;
  makeDictionary(template, 0, options, {
    files: folderFiles(filesFolder(x), load, files),
    inner(name) {
      innerOid = mustFindSearchObject(x, 'searchDictionary', splitQualifiedName(name)).oid;
      return dictionaryByOid(x.catalog, innerOid);
    },
  });
  return { options, files, innerOid };
}

function dictionaryEntry(x: DdlContext, options: readonly Option[], place: Place): SearchDictionaryEntry {
  let template: SearchTemplateEntry | null = null;
  const own: SearchOption[] = [];
  for (const option of options) {
    if (option.name === 'template') template = mustFindSearchObject(x, 'searchTemplate', nameOf(option));
    else own.push(optionOf(option));
  }
  if (template === null) throw sqlError('42P17', 'text search template is required');
  return {
    class: 'searchDictionary',
    ...place,
    owner: x.currentRoleOid,
    templateOid: template.oid,
    ...initialized(x, template, own),
  };
}

/** A dictionary's files are read again, whatever the options are: this is how one learns that they have changed. */
export function* alterSearchDictionary(x: DdlContext, statement: AlterSearchDictionaryStatement): DdlSteps<DdlResult> {
  const entry = (yield* lockedSearchObject(x, statement.object)) as SearchDictionaryEntry;
  const template = searchEntry(x.catalog, 'searchTemplate', entry.templateOid) as SearchTemplateEntry;
  let options = entry.options;
  for (const option of statement.options) {
    options = options.filter(({ name }) => name !== option.name);
    if (option.value !== null) options = [...options, optionOf(option)];
  }
  const altered = { ...entry, ...initialized(x, template, options) };
  x.putEntry(altered);
  yield* rebuildIndexesOf(x, altered);
  return { tag: 'ALTER TEXT SEARCH DICTIONARY' };
}

// ------------------------------------------------------------------------------------------------ parsers and templates

const PARSER_FUNCTIONS = ['start', 'gettoken', 'end', 'headline', 'lextypes'] as const;
const PARSER_NAMES: Readonly<Record<(typeof PARSER_FUNCTIONS)[number], string>> = {
  start: 'prsd_start',
  gettoken: 'prsd_nexttoken',
  end: 'prsd_end',
  headline: 'prsd_headline',
  lextypes: 'prsd_lextype',
};
const PARSER_ARGUMENTS: Readonly<Record<(typeof PARSER_FUNCTIONS)[number], string>> = {
  start: 'internal, integer',
  gettoken: 'internal, internal, internal',
  end: 'internal',
  headline: 'internal, internal, tsquery',
  lextypes: 'internal',
};

/** The oid of a function that is built in; 42883 for others. `isMeant`: for this place. */
function functionOid(option: Option, isMeant: (name: string) => boolean, args: string): number {
  const names = nameOf(option);
  const name = names[names.length - 1];
  const oid = SEARCH_FUNCTIONS.get(name);
  const isBuiltIn = names.length === 1 || names[names.length - 2] === 'pg_catalog';
  if (oid === undefined || !isBuiltIn || !isMeant(name)) {
    throw sqlError('42883', `function ${names.join('.')}(${args}) does not exist`);
  }
  return oid;
}

function parserFunctions(options: readonly Option[]): number[] {
  const oids = PARSER_FUNCTIONS.map(() => 0);
  for (const option of options) {
    const place = PARSER_FUNCTIONS.indexOf(option.name as (typeof PARSER_FUNCTIONS)[number]);
    if (place < 0) throw unrecognized('searchParser', option);
    const kind = PARSER_FUNCTIONS[place];
    oids[place] = functionOid(option, (name) => name === PARSER_NAMES[kind], PARSER_ARGUMENTS[kind]);
  }
  for (const [place, kind] of PARSER_FUNCTIONS.entries()) {
    if (kind !== 'headline' && oids[place] === 0) {
      throw sqlError('42P17', `text search parser ${kind} method is required`);
    }
  }
  return oids;
}

function templateEntry(options: readonly Option[], place: Place): SearchTemplateEntry {
  let initOid = 0;
  let lexize: Option | null = null;
  for (const option of options) {
    if (option.name === 'init') initOid = functionOid(option, (name) => name.endsWith('_init'), 'internal');
    else if (option.name === 'lexize') lexize = option;
    else throw unrecognized('searchTemplate', option);
  }
  if (lexize === null) throw sqlError('42P17', 'text search template lexize method is required');
  const isMeant = (name: string): boolean => SEARCH_METHODS.has(name);
  const lexizeOid = functionOid(lexize, isMeant, 'internal, internal, internal, internal');
  const method = SEARCH_METHODS.get(nameOf(lexize).at(-1) as string);
  return { class: 'searchTemplate', ...place, method: method as SearchTemplateEntry['method'], initOid, lexizeOid };
}

// ------------------------------------------------------------------------------------------------------------ mappings

/** Finds it again after a wait, as whoever had it may have changed it. */
function* lockedSearchObject(x: DdlContext, object: ObjectAddress): DdlSteps<SearchEntry> {
  for (let locked = 0; ; ) {
    const entry = ownSearchObject(x, object, object.name.join('.'));
    if (entry.oid === locked) return entry;
    locked = entry.oid;
    while (!x.lockObject(SEARCH_CATALOGS[entry.class], locked, ACCESS_EXCLUSIVE)) yield;
  }
}

function tokenTypes(names: readonly string[]): number[] {
  return [...new Set(names)].map((name) => {
    const type = TOKEN_ALIASES.indexOf(name);
    if (type <= 0) throw sqlError('22023', `token type "${name}" does not exist`);
    return type;
  });
}

function changedMappings(
  x: DdlContext,
  { oid, mappings }: SearchConfigurationEntry,
  action: SearchMappingAction,
): SearchMapping[] {
  const types = tokenTypes(action.tokenTypes);
  const dictionaryOid = (name: QualifiedName): number => mustFindSearchObject(x, 'searchDictionary', name).oid;
  const isOther = ({ tokenType }: SearchMapping): boolean => !types.includes(tokenType);
  switch (action.kind) {
    case 'drop':
      types.forEach((type, i) => {
        if (mappings.some(({ tokenType }) => tokenType === type)) return;
        const message = `mapping for token type "${[...new Set(action.tokenTypes)][i]}" does not exist`;
        if (!action.ifExists) throw sqlError('42704', message);
        x.notice('NOTICE', '00000', `${message}, skipping`);
      });
      return mappings.filter(isOther);
    case 'replace': {
      const [old, replacement] = [dictionaryOid(action.old), dictionaryOid(action.new)];
      return mappings.map((mapping) => {
        if (types.length > 0 && isOther(mapping)) return mapping;
        const dictionaryOids = mapping.dictionaryOids.map((each) => (each === old ? replacement : each));
        return { ...mapping, dictionaryOids };
      });
    }
    case 'add':
    case 'alter': {
      const dictionaryOids = action.dictionaries.map(dictionaryOid);
      const taken = action.kind === 'alter' ? undefined : mappings.find((mapping) => !isOther(mapping));
      if (taken !== undefined) {
        throw sqlError('23505', 'duplicate key value violates unique constraint "pg_ts_config_map_index"', {
          detail: `Key (mapcfg, maptokentype, mapseqno)=(${oid}, ${taken.tokenType}, 1) already exists.`,
        });
      }
      const made = types.map((tokenType): SearchMapping => ({ tokenType, dictionaryOids }));
      return [...mappings.filter(isOther), ...made].sort((a, b) => a.tokenType - b.tokenType);
    }
  }
}

export function* alterSearchConfiguration(
  x: DdlContext,
  statement: AlterSearchConfigurationStatement,
): DdlSteps<DdlResult> {
  const entry = (yield* lockedSearchObject(x, statement.object)) as SearchConfigurationEntry;
  const altered = { ...entry, mappings: changedMappings(x, entry, statement.action) };
  x.putEntry(altered);
  yield* rebuildIndexesOf(x, altered);
  return { tag: 'ALTER TEXT SEARCH CONFIGURATION' };
}
