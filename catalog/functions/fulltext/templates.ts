/** Templates of dictionaries: what their options mean, and the dictionaries that they make. */
import { Buffer } from 'node:buffer';
import { sqlError, toLower } from '../../../types/index.ts';
import type { SearchMethod, SearchOption, SearchTemplateEntry } from '../../entries.ts';
import { ispell } from './dictionaries/ispell.ts';
import { synonym } from './dictionaries/synonym.ts';
import { thesaurus } from './dictionaries/thesaurus.ts';
import { unaccent } from './dictionaries/unaccent.ts';
import { type Dictionary, lexeme, STOP, wordDictionary } from './dictionary.ts';
import { readStopWords } from './files.ts';
import { type DictionaryMaker, type DictionarySources, flagOf, missing, optionsOf } from './options.ts';
import { stemmerOf } from './stemmers.ts';

const simple: DictionaryMaker = (oid, options, { files }) => {
  const { stopwords, accept } = optionsOf(options, { stopwords: 'StopWords', accept: 'Accept' }, 'simple dictionary');
  const stops = readStopWords(files, stopwords ?? '', toLower);
  const accepts = accept === undefined || flagOf('accept', accept);
  return wordDictionary(oid, (word) => {
    const lower = toLower(word);
    if (lower === '' || stops.has(lower)) return STOP;
    return accepts ? [lexeme(lower)] : null;
  });
};

/** Longer words (in bytes) are not stemmed. */
const STEMMED_BYTES_MAX = 1000;

const snowball: DictionaryMaker = (oid, options, { files }) => {
  const labels = { language: 'Language', stopwords: 'StopWords' };
  const { language, stopwords } = optionsOf(options, labels, 'Snowball');
  if (language === undefined) throw missing('Language');
  const stem = stemmerOf(language);
  if (stem === null) {
    throw sqlError('42704', `no Snowball stemmer available for language "${language}" and encoding "UTF8"`);
  }
  const stops = readStopWords(files, stopwords ?? '', toLower);
  return wordDictionary(oid, (word) => {
    const lower = toLower(word);
    if (Buffer.byteLength(word) > STEMMED_BYTES_MAX) return [lexeme(lower)];
    if (lower === '' || stops.has(lower)) return STOP;
    // What nothing is left of stays as it is.
    return [lexeme(stem(lower) || lower)];
  });
};

const MAKERS: Readonly<Record<SearchMethod, DictionaryMaker>> = {
  simple,
  snowball,
  synonym,
  thesaurus,
  ispell,
  unaccent,
};

/** A template without an init function takes no options. */
export function makeDictionary(
  template: SearchTemplateEntry,
  oid: number,
  options: readonly SearchOption[],
  sources: DictionarySources,
): Dictionary {
  if (template.initOid === 0 && options.length > 0) {
    throw sqlError('42601', `text search template "${template.name}" does not accept options`);
  }
  return MAKERS[template.method](oid, options, sources);
}
