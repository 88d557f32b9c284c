/** What full text functions ask of the session: the configuration, and its notices. */
import { LEXEME_BYTES_LIMIT } from '../../../types/fulltext/tsvector.ts';
import { sqlError } from '../../../types/index.ts';
import type { FunctionContext } from '../../function-entry.ts';
import {
  CONFIGURATIONS,
  type Configuration,
  configurationByOid,
  DICTIONARIES,
  type Dictionary,
} from './configurations.ts';

export function configurationOf(oid: number): Configuration {
  const found = configurationByOid(oid);
  if (found === undefined) throw sqlError('XX000', `cache lookup failed for text search configuration ${oid}`);
  return found;
}

export function dictionaryOf(oid: number): Dictionary {
  const found = DICTIONARIES.find((candidate) => candidate.oid === oid);
  if (found === undefined) throw sqlError('XX000', `cache lookup failed for text search dictionary ${oid}`);
  return found;
}

let lastName = '';
let lastConfiguration: Configuration = CONFIGURATIONS[0];

/** Of default_text_search_config. */
export function currentConfiguration(context: FunctionContext): Configuration {
  const name = context.getSetting('default_text_search_config', true) ?? '';
  if (name === lastName) return lastConfiguration;
  // The setting's check has put it in this form.
  const found = CONFIGURATIONS.find((candidate) => `pg_catalog.${candidate.name}` === name);
  if (found === undefined) throw sqlError('42704', `text search configuration "${name}" does not exist`);
  lastName = name;
  lastConfiguration = found;
  return found;
}

/** A word that is too long is left out, and said so. */
export function wordNotice(context: FunctionContext): () => void {
  return () =>
    context.notice(
      'NOTICE',
      '54000',
      'word is too long to be indexed',
      `Words longer than ${LEXEME_BYTES_LIMIT} characters are ignored.`,
    );
}
