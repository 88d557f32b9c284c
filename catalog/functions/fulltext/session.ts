/** What full text functions ask of the session: the configuration, and its notices. */
import { LEXEME_BYTES_MAX } from '../../../types/fulltext/tsvector.ts';
import { sqlError } from '../../../types/index.ts';
import type { Catalog } from '../../catalog.ts';
import type { FunctionContext } from '../../function-entry.ts';
import { splitQualifiedName } from '../../qualified-name.ts';
import { findSearchEntry } from '../../text-search.ts';
import { type Configuration, configurationByOid, dictionaryByOid } from './configurations.ts';
import type { Dictionary } from './dictionary.ts';

export function configurationOf(context: FunctionContext, oid: number): Configuration {
  const found = configurationByOid(context.catalog as Catalog, oid);
  if (found === undefined) throw sqlError('XX000', `cache lookup failed for text search configuration ${oid}`);
  return found;
}

export function dictionaryOf(context: FunctionContext, oid: number): Dictionary {
  return dictionaryByOid(context.catalog as Catalog, oid);
}

/** What default_text_search_config has been found to mean. */
let current: {
  readonly catalog: Catalog;
  readonly name: string;
  readonly path: string;
  readonly configuration: Configuration;
} | null = null;

/** Of default_text_search_config. */
export function currentConfiguration(context: FunctionContext): Configuration {
  const catalog = context.catalog as Catalog;
  const name = context.getSetting('default_text_search_config', true) ?? '';
  const searchPath = context.searchPath(true);
  const path = searchPath.join();
  if (current?.catalog === catalog && current.name === name && current.path === path) return current.configuration;
  const entry = findSearchEntry(catalog, 'searchConfiguration', splitQualifiedName(name), searchPath);
  if (entry === undefined) throw sqlError('42704', `text search configuration "${name}" does not exist`);
  const configuration = configurationOf(context, entry.oid);
  current = { catalog, name, path, configuration };
  return configuration;
}

/** A word that is too long is left out, and said so. */
export function wordNotice(context: FunctionContext): () => void {
  return () =>
    context.notice(
      'NOTICE',
      '54000',
      'word is too long to be indexed',
      `Words longer than ${LEXEME_BYTES_MAX} characters are ignored.`,
    );
}
