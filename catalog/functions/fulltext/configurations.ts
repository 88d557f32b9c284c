/** Text search configurations as they run: which dictionaries are asked for tokens of which type. Made from the catalog's entries. */
import { sqlError } from '../../../types/index.ts';
import type { Catalog } from '../../catalog.ts';
import type { SearchConfigurationEntry, SearchDictionaryEntry, SearchTemplateEntry } from '../../entries.ts';
import { searchEntry } from '../../text-search.ts';
import { type Dictionary, TokenDictionaries } from './dictionary.ts';
import { keptFiles } from './files.ts';
import { makeDictionary } from './templates.ts';

export interface Configuration {
  readonly oid: number;
  readonly name: string;
  /** By token type; undefined: such tokens are passed over. */
  readonly dictionaries: readonly (TokenDictionaries | undefined)[];
  /** A dictionary among them knows phrases. */
  readonly hasPhrases: boolean;
}

/** Entries never change: what was made of one, over another for a thesaurus, is kept as long as it is there. */
const dictionaries = new WeakMap<
  SearchDictionaryEntry,
  { readonly dictionary: Dictionary; readonly inner: Dictionary | null }
>();
/** By catalog, as a configuration is made of several entries. */
const configurations = new WeakMap<Catalog, Map<number, Configuration>>();
/** A configuration's lists keep their caches of words from one catalog to the next, while no entry has changed. */
const made = new WeakMap<
  SearchConfigurationEntry,
  { readonly dictionaries: readonly Dictionary[]; readonly configuration: Configuration }
>();

/** XX000 where there is none. */
export function dictionaryByOid(catalog: Catalog, oid: number): Dictionary {
  const entry = searchEntry(catalog, 'searchDictionary', oid);
  if (entry === undefined) throw sqlError('XX000', `cache lookup failed for text search dictionary ${oid}`);
  const inner = entry.innerOid === 0 ? null : dictionaryByOid(catalog, entry.innerOid);
  const known = dictionaries.get(entry);
  if (known !== undefined && known.inner === inner) return known.dictionary;
  const template = searchEntry(catalog, 'searchTemplate', entry.templateOid) as SearchTemplateEntry;
  const dictionary = makeDictionary(template, oid, entry.options, {
    files: keptFiles(entry.files),
    inner: () => inner as Dictionary,
  });
  dictionaries.set(entry, { dictionary, inner });
  return dictionary;
}

/** undefined: there is none. */
export function configurationByOid(catalog: Catalog, oid: number): Configuration | undefined {
  let known = configurations.get(catalog);
  if (known === undefined) configurations.set(catalog, (known = new Map()));
  const found = known.get(oid);
  if (found !== undefined) return found;
  const entry = searchEntry(catalog, 'searchConfiguration', oid);
  if (entry === undefined) return undefined;
  const configuration = configurationOfEntry(catalog, entry);
  known.set(oid, configuration);
  return configuration;
}

function configurationOfEntry(catalog: Catalog, entry: SearchConfigurationEntry): Configuration {
  const oids = [...new Set(entry.mappings.flatMap(({ dictionaryOids }) => dictionaryOids))];
  const used = oids.map((oid) => dictionaryByOid(catalog, oid));
  const before = made.get(entry);
  if (before?.dictionaries.every((each, i) => each === used[i]) === true) return before.configuration;
  /** Types with the same dictionaries have one list, and one cache. */
  const lists = new Map<string, TokenDictionaries>();
  const byType: (TokenDictionaries | undefined)[] = [];
  for (const { tokenType, dictionaryOids } of entry.mappings) {
    const key = dictionaryOids.join(' ');
    let list = lists.get(key);
    if (list === undefined) {
      list = new TokenDictionaries(dictionaryOids.map((oid) => used[oids.indexOf(oid)]));
      lists.set(key, list);
    }
    byType[tokenType] = list;
  }
  const { oid, name } = entry;
  const hasPhrases = [...lists.values()].some((list) => list.hasPhrases);
  const configuration = { oid, name, dictionaries: Array.from(byType), hasPhrases };
  made.set(entry, { dictionaries: used, configuration });
  return configuration;
}
