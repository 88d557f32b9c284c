/** Full text search: documents and queries by a configuration, @@, ranks, headlines, and a look into parser and dictionaries. */
import { matchTsquery } from '../../../types/fulltext/match.ts';
import { inputJsonb, OID, quoteJson, SqlArray, sqlError, type Value } from '../../../types/index.ts';
import type { Catalog } from '../../catalog.ts';
import type { FunctionContext } from '../../function-entry.ts';
import { splitQualifiedName } from '../../qualified-name.ts';
import { findSearchEntry, searchEntry } from '../../text-search.ts';
import { textArray } from '../array-values.ts';
import type { FunctionModule } from '../module.ts';
import type { Configuration } from './configurations.ts';
import { DefaultParser } from './default-parser.ts';
import type { Dictionary, Lexeme } from './dictionary.ts';
import { type HeadlineOptions, headline, parseHeadlineOptions } from './headline.ts';
import { forEachJsonText, type JsonTree, jsonTree, mapJsonStrings, parseJsonKinds, STRINGS } from './json-words.ts';
import { TOKEN_ALIASES, TOKEN_DESCRIPTIONS } from './parser-states.ts';
import { DEFAULT_WEIGHTS, tsRank, tsRankCd, weightsOf } from './rank.ts';
import { configurationOf, currentConfiguration, dictionaryOf, wordNotice } from './session.ts';
import { toTsquery, webToTsquery, wordsToTsquery } from './to-tsquery.ts';
import { DocumentBuilder, toTsvector } from './to-tsvector.ts';

type Contextual = (context: FunctionContext, ...args: Value[]) => Value;

/** Two functions of one: by the session's configuration, and by one that is named (`_byid`). */
function bothForms(
  name: string,
  run: (context: FunctionContext, configuration: Configuration, ...args: Value[]) => Value,
  suffix = '',
): Record<string, Contextual> {
  return {
    [`${name}${suffix}`]: (context, ...args) => run(context, currentConfiguration(context), ...args),
    [`${name}_byid${suffix}`]: (context, oid, ...args) => run(context, configurationOf(context, oid), ...args),
  };
}

const vectorOf = (context: FunctionContext, configuration: Configuration, text: string): Uint8Array =>
  toTsvector(configuration, text, wordNotice(context));

/** Between texts that have words a position is left free, so that no phrase reaches from one into the next. */
function vectorOfJson(
  context: FunctionContext,
  configuration: Configuration,
  text: string,
  kinds: Parameters<typeof forEachJsonText>[1],
): Uint8Array {
  const builder = new DocumentBuilder(configuration, wordNotice(context));
  forEachJsonText(jsonTree(text), kinds, (part) => {
    const words = builder.wordCount;
    builder.add(part);
    if (builder.wordCount > words) builder.position++;
  });
  return builder.finish();
}

const vectorOfStrings = (context: FunctionContext, configuration: Configuration, text: string): Uint8Array =>
  vectorOfJson(context, configuration, text, STRINGS);

const vectorOfKinds = (
  context: FunctionContext,
  configuration: Configuration,
  text: string,
  kinds: string,
): Uint8Array => vectorOfJson(context, configuration, text, parseJsonKinds(kinds));

type Ranker = typeof tsRank;

function rankForms(name: string, rank: Ranker): Record<string, (...args: Value[]) => number> {
  return {
    [`${name}_wttf`]: (weights: SqlArray, vector: Uint8Array, query: Uint8Array, method: number) =>
      rank(weightsOf(weights), vector, query, method),
    [`${name}_wtt`]: (weights: SqlArray, vector: Uint8Array, query: Uint8Array) =>
      rank(weightsOf(weights), vector, query, 0),
    [`${name}_ttf`]: (vector: Uint8Array, query: Uint8Array, method: number) =>
      rank(DEFAULT_WEIGHTS, vector, query, method),
    [`${name}_tt`]: (vector: Uint8Array, query: Uint8Array) => rank(DEFAULT_WEIGHTS, vector, query, 0),
  };
}

let lastOptionsText = '';
let lastOptions: HeadlineOptions = parseHeadlineOptions('');

function headlineOptions(text: string): HeadlineOptions {
  if (text !== lastOptionsText) {
    lastOptions = parseHeadlineOptions(text);
    lastOptionsText = text;
  }
  return lastOptions;
}

function headlineOf(
  context: FunctionContext,
  configuration: Configuration,
  text: string,
  query: Uint8Array,
  options = '',
): string {
  return headline(configuration, text, query, headlineOptions(options), wordNotice(context));
}

/** json as ts_headline writes it: without blanks. */
function printJson(tree: JsonTree): string {
  switch (tree.kind) {
    case 'array':
      return `[${tree.items.map(printJson).join(',')}]`;
    case 'object':
      return `{${tree.items.map((item, i) => `${quoteJson(tree.keys[i])}:${printJson(item)}`).join(',')}}`;
    default:
      return tree.kind === 'string' ? quoteJson(tree.text) : tree.text;
  }
}

function headlineOfJson(
  context: FunctionContext,
  configuration: Configuration,
  text: string,
  query: Uint8Array,
  options = '',
): string {
  // Wrong options are told of a document without strings, too.
  headlineOptions(options);
  return printJson(mapJsonStrings(jsonTree(text), (part) => headlineOf(context, configuration, part, query, options)));
}

const headlineOfJsonb: typeof headlineOfJson = (...args) => inputJsonb(headlineOfJson(...args));

const withOptions = (run: Parameters<typeof bothForms>[1], name: string): Record<string, Contextual> => ({
  ...bothForms(name, (context, configuration, text, query) => run(context, configuration, text, query)),
  ...bothForms(name, run, '_opt'),
});

/** A word by itself, of phrases too. */
function lexemesOf(dictionary: Dictionary, word: string): readonly Lexeme[] | null {
  return dictionary.phrases === null ? dictionary.lexize(word) : dictionary.phrases.take(word, null).lexemes;
}

function lexize(dictionary: Dictionary, word: string): SqlArray | null {
  const lexemes = lexemesOf(dictionary, word);
  return lexemes === null ? null : textArray(lexemes.map(({ text }) => text));
}

/** All parsers are the default one, whatever they are called. */
function checkParser(context: FunctionContext, name: string): void {
  const names = splitQualifiedName(name);
  const found = findSearchEntry(context.catalog as Catalog, 'searchParser', names, context.searchPath(true));
  if (found === undefined) throw sqlError('42704', `text search parser "${names.join('.')}" does not exist`);
}

function checkParserOid(context: FunctionContext, oid: number): void {
  if (searchEntry(context.catalog as Catalog, 'searchParser', oid) === undefined) {
    throw sqlError('XX000', `cache lookup failed for text search parser ${oid}`);
  }
}

function* tokens(text: string): Iterable<Value[]> {
  const parser = new DefaultParser(text);
  while (parser.next()) yield [parser.type, text.slice(parser.start, parser.end)];
}

function tokenTypes(): Value[][] {
  return TOKEN_DESCRIPTIONS.map((description, type) => [type, TOKEN_ALIASES[type], description]).slice(1);
}

/** Each token with its type, its dictionaries, and what the first that knows it made of it. */
function* debug(configuration: Configuration, text: string): Iterable<Value[]> {
  const parser = new DefaultParser(text);
  while (parser.next()) {
    const { type } = parser;
    const token = text.slice(parser.start, parser.end);
    const dictionaries = configuration.dictionaries[type]?.dictionaries ?? [];
    const found = dictionaries.find((dictionary) => lexemesOf(dictionary, token) !== null) ?? dictionaries[0];
    yield [
      TOKEN_ALIASES[type],
      TOKEN_DESCRIPTIONS[type],
      token,
      new SqlArray(
        OID.REGDICTIONARY,
        dictionaries.map(({ oid }) => oid),
      ),
      found?.oid ?? null,
      found === undefined ? null : lexize(found, token),
    ];
  }
}

export const searchFunctions: FunctionModule = {
  plain: {
    ts_match_vq: matchTsquery,
    ts_match_qv: (query: Uint8Array, vector: Uint8Array) => matchTsquery(vector, query),
    ...rankForms('ts_rank', tsRank),
    ...rankForms('ts_rankcd', tsRankCd),
  },
  contextual: {
    ts_lexize: (context, oid: number, word: string) => lexize(dictionaryOf(context, oid), word),
    // unaccent(): of any dictionary, the first lexeme.
    hotrow_unaccent: (context, oid: number, text: string) => dictionaryOf(context, oid).lexize(text)?.[0]?.text ?? text,
    ts_parse_byname(context, name: string, text: string) {
      checkParser(context, name);
      return tokens(text);
    },
    ts_parse_byid(context, oid: number, text: string) {
      checkParserOid(context, oid);
      return tokens(text);
    },
    ts_token_type_byname(context, name: string) {
      checkParser(context, name);
      return tokenTypes();
    },
    ts_token_type_byid(context, oid: number) {
      checkParserOid(context, oid);
      return tokenTypes();
    },
    ts_debug_regconfig_text: (context, oid: number, text: string) => debug(configurationOf(context, oid), text),
    ...bothForms('to_tsvector', vectorOf),
    ...bothForms('json_string_to_tsvector', vectorOfStrings),
    ...bothForms('jsonb_string_to_tsvector', vectorOfStrings),
    ...bothForms('json_to_tsvector', vectorOfKinds),
    ...bothForms('jsonb_to_tsvector', vectorOfKinds),
    ...bothForms('to_tsquery', toTsquery),
    ...bothForms('plainto_tsquery', (context, configuration, text) =>
      wordsToTsquery(context, configuration, text, 'and'),
    ),
    ...bothForms('phraseto_tsquery', (context, configuration, text) =>
      wordsToTsquery(context, configuration, text, 'phrase'),
    ),
    ...bothForms('websearch_to_tsquery', webToTsquery),
    ...withOptions(headlineOf, 'ts_headline'),
    ...withOptions(headlineOfJson, 'ts_headline_json'),
    ...withOptions(headlineOfJsonb, 'ts_headline_jsonb'),
    ts_match_tt: (context, text: string, words: string) => {
      const configuration = currentConfiguration(context);
      return matchTsquery(vectorOf(context, configuration, text), wordsToTsquery(context, configuration, words, 'and'));
    },
    ts_match_tq: (context, text: string, query: Uint8Array) =>
      matchTsquery(vectorOf(context, currentConfiguration(context), text), query),
    get_current_ts_config: (context) => currentConfiguration(context).oid,
    ts_debug_text: (context, text: string) => debug(currentConfiguration(context), text),
  },
};
