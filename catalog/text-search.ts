/** Text search objects: those of pg_catalog, how all are found by name, and how they stand in kept texts. */
import type { Catalog } from './catalog.ts';
import {
  BOOTSTRAP_ROLE_OID,
  type IndexEntry,
  PG_CATALOG_SCHEMA_OID,
  type SearchConfigurationEntry,
  type SearchDictionaryEntry,
  type SearchEntry,
  type SearchMapping,
  type SearchMethod,
  type SearchParserEntry,
  type SearchTemplateEntry,
} from './entries.ts';
import { quoteIdentifier } from './functions/quote.ts';

export type SearchClass = SearchEntry['class'];
export type SearchEntryOf<C extends SearchClass> = Extract<SearchEntry, { readonly class: C }>;

/** What messages call them. */
export const SEARCH_WORDS: Readonly<Record<SearchClass, string>> = {
  searchConfiguration: 'text search configuration',
  searchDictionary: 'text search dictionary',
  searchParser: 'text search parser',
  searchTemplate: 'text search template',
};

/** By the words of DROP, COMMENT and the generic ALTERs. */
export const SEARCH_CLASSES: Readonly<Partial<Record<string, SearchClass>>> = {
  'text search configuration': 'searchConfiguration',
  'text search dictionary': 'searchDictionary',
  'text search parser': 'searchParser',
  'text search template': 'searchTemplate',
};

/** Oids of the catalogs that they are in. */
export const SEARCH_CATALOGS: Readonly<Record<SearchClass, number>> = {
  searchConfiguration: 3602,
  searchDictionary: 3600,
  searchParser: 3601,
  searchTemplate: 3764,
};

// ---------------------------------------------------------------------------------------------------- what is built in

export const DEFAULT_PARSER_OID = 3722;
export const SIMPLE_DICTIONARY_OID = 3765;
export const SNOWBALL_TEMPLATE_OID = 13150;

/** Functions that parsers and templates are made of; nothing else calls them. */
export const SEARCH_FUNCTIONS: ReadonlyMap<string, number> = new Map([
  ['prsd_start', 3717],
  ['prsd_nexttoken', 3718],
  ['prsd_end', 3719],
  ['prsd_headline', 3720],
  ['prsd_lextype', 3721],
  ['dsimple_init', 3725],
  ['dsimple_lexize', 3726],
  ['dsynonym_init', 3728],
  ['dsynonym_lexize', 3729],
  ['dispell_init', 3731],
  ['dispell_lexize', 3732],
  ['thesaurus_init', 3740],
  ['thesaurus_lexize', 3741],
  ['dsnowball_init', 13148],
  ['dsnowball_lexize', 13149],
  // Of the extension unaccent; oids that PostgreSQL leaves to those who develop it.
  ['unaccent_init', 9141],
  ['unaccent_lexize', 9142],
]);

/** The method of a lexize function. */
export const SEARCH_METHODS: ReadonlyMap<string, SearchMethod> = new Map([
  ['dsimple_lexize', 'simple'],
  ['dsynonym_lexize', 'synonym'],
  ['dispell_lexize', 'ispell'],
  ['thesaurus_lexize', 'thesaurus'],
  ['dsnowball_lexize', 'snowball'],
]);

/** The functions' names by oid. */
export function searchFunctionName(oid: number): string | undefined {
  for (const [name, known] of SEARCH_FUNCTIONS) if (known === oid) return name;
  return undefined;
}

const SYSTEM = { schemaOid: PG_CATALOG_SCHEMA_OID, owner: BOOTSTRAP_ROLE_OID } as const;

function template(oid: number, method: SearchMethod, prefix: string): SearchTemplateEntry {
  return {
    class: 'searchTemplate',
    oid,
    name: method,
    schemaOid: PG_CATALOG_SCHEMA_OID,
    method,
    initOid: SEARCH_FUNCTIONS.get(`${prefix}_init`) as number,
    lexizeOid: SEARCH_FUNCTIONS.get(`${prefix}_lexize`) as number,
  };
}

const TEMPLATES: readonly SearchTemplateEntry[] = [
  template(3727, 'simple', 'dsimple'),
  template(3730, 'synonym', 'dsynonym'),
  template(3733, 'ispell', 'dispell'),
  template(3742, 'thesaurus', 'thesaurus'),
  template(SNOWBALL_TEMPLATE_OID, 'snowball', 'dsnowball'),
];

const PARSER: SearchParserEntry = {
  class: 'searchParser',
  oid: DEFAULT_PARSER_OID,
  name: 'default',
  schemaOid: PG_CATALOG_SCHEMA_OID,
  functionOids: [3717, 3718, 3719, 3720, 3721],
};

function dictionary(
  oid: number,
  name: string,
  templateOid: number,
  options: Readonly<Record<string, string>>,
): SearchDictionaryEntry {
  return {
    class: 'searchDictionary',
    oid,
    name,
    ...SYSTEM,
    templateOid,
    options: Object.entries(options).map(([option, value]) => ({ name: option, value, isNumber: false })),
    files: {},
    innerOid: 0,
  };
}

/**
 * Languages with a Snowball stemmer, in the order of their oids: * with a list of stop words, / and the language whose dictionary
 * takes words in ASCII.
 */
const LANGUAGES =
  `arabic armenian basque catalan danish* dutch* english* finnish* french* german* greek hindi/english hungarian*
indonesian irish italian* lithuanian nepali* norwegian* portuguese* romanian russian*/english serbian spanish* swedish* tamil
turkish* yiddish`
    .split(/\s+/)
    .map((text) => {
      const [, name, mark, ascii] = /^([a-z]+)(\*?)(?:\/([a-z]+))?$/.exec(text) as RegExpExecArray;
      return { name, hasStopWords: mark !== '', ascii: ascii ?? name };
    });
const FIRST_LANGUAGE_OID = 13151;

function stemmerOid(language: string): number {
  return FIRST_LANGUAGE_OID + 2 * LANGUAGES.findIndex(({ name }) => name === language);
}

/** Token types of words, of words in ASCII, and all others that a built-in configuration takes. */
const WORDS: readonly number[] = [2, 10, 17];
const ASCII_WORDS: readonly number[] = [1, 11, 16];
const TAKEN = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 15, 16, 17, 18, 19, 20, 21, 22];

function configuration(oid: number, name: string, words: number, asciiWords: number): SearchConfigurationEntry {
  const mappings = TAKEN.map((tokenType): SearchMapping => {
    const dictionaryOid = WORDS.includes(tokenType)
      ? words
      : ASCII_WORDS.includes(tokenType)
        ? asciiWords
        : SIMPLE_DICTIONARY_OID;
    return { tokenType, dictionaryOids: [dictionaryOid] };
  });
  return { class: 'searchConfiguration', oid, name, ...SYSTEM, parserOid: DEFAULT_PARSER_OID, mappings };
}

const BUILT_IN: readonly SearchEntry[] = [
  ...TEMPLATES,
  PARSER,
  dictionary(SIMPLE_DICTIONARY_OID, 'simple', 3727, {}),
  ...LANGUAGES.map(({ name, hasStopWords }) =>
    dictionary(stemmerOid(name), `${name}_stem`, SNOWBALL_TEMPLATE_OID, {
      language: name,
      ...(hasStopWords ? { stopwords: name } : {}),
    }),
  ),
  configuration(3748, 'simple', SIMPLE_DICTIONARY_OID, SIMPLE_DICTIONARY_OID),
  ...LANGUAGES.map(({ name, ascii }) => configuration(stemmerOid(name) + 1, name, stemmerOid(name), stemmerOid(ascii))),
];
const BY_OID = new Map(BUILT_IN.map((entry) => [`${entry.class}/${entry.oid}`, entry]));
const BY_NAME = new Map(BUILT_IN.map((entry) => [`${entry.class}/${entry.name}`, entry]));

// ------------------------------------------------------------------------------------------------------------- finding

/** All of a kind: what is built in, then what users have made, by oid. */
export function searchEntries<C extends SearchClass>(catalog: Catalog, entryClass: C): SearchEntryOf<C>[] {
  const isWanted = (entry: SearchEntry): entry is SearchEntryOf<C> => entry.class === entryClass;
  const made = [...catalog.searchEntries()].filter(isWanted);
  return [...BUILT_IN.filter(isWanted), ...made].sort((a, b) => a.oid - b.oid);
}

export function searchEntry<C extends SearchClass>(
  catalog: Catalog,
  entryClass: C,
  oid: number,
): SearchEntryOf<C> | undefined {
  return (catalog.entry(entryClass, oid) ?? BY_OID.get(`${entryClass}/${oid}`)) as SearchEntryOf<C> | undefined;
}

export function searchEntryIn(
  catalog: Catalog,
  entryClass: SearchClass,
  schemaOid: number,
  name: string,
): SearchEntry | undefined {
  const made = catalog.searchEntryByName(entryClass, schemaOid, name);
  return made ?? (schemaOid === PG_CATALOG_SCHEMA_OID ? BY_NAME.get(`${entryClass}/${name}`) : undefined);
}

/** By a name with or without schema; the temporary schema is looked into when it is named. Undefined: there is none. */
export function findSearchEntry<C extends SearchClass>(
  catalog: Catalog,
  entryClass: C,
  names: readonly string[],
  searchPath: readonly string[],
): SearchEntryOf<C> | undefined {
  const name = names[names.length - 1];
  const withCatalog = searchPath.includes('pg_catalog') ? searchPath : ['pg_catalog', ...searchPath];
  const schemas =
    names.length > 1 ? [names[names.length - 2]] : withCatalog.filter((schema) => !schema.startsWith('pg_temp'));
  for (const schemaName of schemas) {
    const schema = catalog.schemaOfPath(schemaName, searchPath);
    const found = schema === undefined ? undefined : searchEntryIn(catalog, entryClass, schema.oid, name);
    if (found !== undefined) return found as SearchEntryOf<C>;
  }
  return undefined;
}

export function isSearchEntryVisible(catalog: Catalog, entry: SearchEntry, searchPath: readonly string[]): boolean {
  return findSearchEntry(catalog, entry.class, [entry.name], searchPath)?.oid === entry.oid;
}

/** Of the configurations of pg_catalog. */
export function isBuiltInConfiguration(name: string): boolean {
  return BY_NAME.has(`searchConfiguration/${name}`);
}

/** Its name, with the schema where it would not be found without. */
export function searchEntryName(catalog: Catalog, entry: SearchEntry, searchPath: readonly string[]): string {
  const name = quoteIdentifier(entry.name);
  if (isSearchEntryVisible(catalog, entry, searchPath)) return name;
  return `${quoteIdentifier(catalog.schemaName(entry.schemaOid))}.${name}`;
}

// ---------------------------------------------------------------------------------------------------------- kept texts

/** Types whose constants mean one of them. */
const TYPES = { regconfig: 'searchConfiguration', regdictionary: 'searchDictionary' } as const;
const KEPT = /'(\d+)'::(regconfig|regdictionary)/g;

/** How a user-made one stands in a kept text: by its oid, as a literal that its type reads. '': it never does. */
export function keptSearchText({ class: entryClass, oid }: SearchEntry): string {
  if (entryClass === 'searchConfiguration') return `'${oid}'::regconfig`;
  return entryClass === 'searchDictionary' ? `'${oid}'::regdictionary` : '';
}

/** Those that a kept text names. */
export function keptSearchEntries(catalog: Catalog, text: string | null | undefined): SearchEntry[] {
  if (text === null || text === undefined || !text.includes("'::reg")) return [];
  return [...text.matchAll(KEPT)].flatMap(
    ([, oid, type]) => searchEntry(catalog, TYPES[type as keyof typeof TYPES], Number(oid)) ?? [],
  );
}

/** Those by which an index's keys are computed. */
export function keySearchEntries(catalog: Catalog, { columns, predicateText, bound }: IndexEntry): SearchEntry[] {
  const texts = bound?.columns ?? columns.map(({ expressionText }) => expressionText);
  return [...texts, bound?.predicate ?? predicateText].flatMap((text) => keptSearchEntries(catalog, text));
}

/** The text with their names. */
export function replaceKeptSearch(catalog: Catalog, text: string, searchPath: readonly string[]): string {
  if (!text.includes("'::reg")) return text;
  return text.replace(KEPT, (kept, oid: string, type: keyof typeof TYPES) => {
    const entry = searchEntry(catalog, TYPES[type], Number(oid));
    if (entry === undefined) return kept;
    return `'${searchEntryName(catalog, entry, searchPath).replaceAll("'", "''")}'::${type}`;
  });
}
