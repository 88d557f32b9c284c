/** From text to tsquery by way of a configuration: to_tsquery, plainto_, phraseto_ and websearch_to_tsquery. */
import {
  type OperandMaker,
  parseTsquery,
  type QueryTree,
  stopWord,
  withoutStopWords,
} from '../../../types/fulltext/codecs.ts';
import { isWordCharacter } from '../../../types/fulltext/letters.ts';
import { isSpace, OPERATORS, TokenReader } from '../../../types/fulltext/token-text.ts';
import { encodeTsquery, type QueryNode } from '../../../types/fulltext/tsquery.ts';
import type { FunctionContext } from '../../function-entry.ts';
import type { Configuration } from './configurations.ts';
import type { FoundTerm } from './dictionary.ts';
import { lexizeText } from './lexizer.ts';
import { wordNotice } from './session.ts';

type Joining = 'and' | 'phrase';

type PlacedTerm = FoundTerm & { readonly position: number };

/** The terms of a text with their positions: stop words take one and are not there. */
function termsOf(configuration: Configuration, text: string, notice: () => void): PlacedTerm[] {
  const terms: PlacedTerm[] = [];
  let position = 0;
  lexizeText(configuration, text, notice, (_tokens, found) => {
    if (found === null) return;
    position++;
    for (const term of found) {
      if (term.addsPosition) position++;
      terms.push({ ...term, position });
    }
  });
  return terms;
}

/** Neighbours with the same key, together. */
function groups<T>(items: readonly T[], key: (item: T) => number): T[][] {
  const result: T[][] = [];
  for (const item of items) {
    const last = result.at(-1);
    if (last !== undefined && key(last[0]) === key(item)) last.push(item);
    else result.push([item]);
  }
  return result;
}

function joined(kind: 'and' | 'or', trees: readonly QueryTree[]): QueryTree {
  return trees.reduce((left, right) => ({ kind, left, right, distance: 0 }));
}

/**
 * Words side by side; stop words between them keep their places, those at the ends do not. Of a word that stands for several, all of a
 * variant are sought, of any variant.
 */
function joinWords(
  configuration: Configuration,
  text: string,
  weights: number,
  prefix: boolean,
  joining: Joining,
  notice: () => void,
): QueryTree {
  let tree: QueryTree = null;
  let last = 0;
  const append = (next: QueryTree): void => {
    tree = tree === null ? next : { kind: joining, left: tree, right: next, distance: 1 };
  };
  for (const atPlace of groups(termsOf(configuration, text, notice), ({ position }) => position)) {
    const [{ position }] = atPlace;
    if (last > 0) for (let i = last + 1; i < position; i++) append(stopWord());
    const variants = groups(atPlace, ({ variant }) => variant).map((variant) =>
      joined(
        'and',
        variant.map(
          ({ term, isPrefix }): QueryTree => ({
            kind: 'operand',
            lexeme: term.bytes,
            weights,
            prefix: prefix || isPrefix,
          }),
        ),
      ),
    );
    append(joined('or', variants));
    last = position;
  }
  return tree ?? stopWord();
}

function finish(context: FunctionContext, tree: QueryTree, text: string): Uint8Array {
  if (tree === null) {
    context.notice('NOTICE', '00000', `text-search query doesn't contain lexemes: "${text}"`);
    return encodeTsquery(null);
  }
  const query: QueryNode | null = withoutStopWords(tree);
  if (query === null) {
    context.notice('NOTICE', '00000', "text-search query contains only stop words or doesn't contain lexemes, ignored");
  }
  return encodeTsquery(query);
}

export function toTsquery(context: FunctionContext, configuration: Configuration, text: string): Uint8Array {
  const notice = wordNotice(context);
  const make: OperandMaker = (word, weights, prefix) =>
    joinWords(configuration, word, weights, prefix, 'phrase', notice);
  return finish(context, parseTsquery(text, make), text);
}

/** plainto_tsquery and phraseto_tsquery: the text is words only. */
export function wordsToTsquery(
  context: FunctionContext,
  configuration: Configuration,
  text: string,
  joining: Joining,
): Uint8Array {
  const tree = text === '' ? null : joinWords(configuration, text, 0, false, joining, wordNotice(context));
  return finish(context, tree, text);
}

type WebToken = { readonly kind: 'value'; readonly text: string } | { readonly kind: 'not' | 'and' | 'or' };

/** Words, "phrases", or, and - for not, as search engines on the web take them: nothing is an error. */
function webTokens(text: string): WebToken[] {
  const tokens: WebToken[] = [];
  const reader = new TokenReader(text, 'web');
  let wantsOperand = true;
  while (reader.at < text.length) {
    const character = text[reader.at];
    if (wantsOperand) {
      if (character === '-') {
        reader.at++;
        tokens.push({ kind: 'not' });
      } else if (character === '"') {
        const end = text.indexOf('"', reader.at + 1);
        tokens.push({ kind: 'value', text: text.slice(reader.at + 1, end < 0 ? text.length : end) });
        reader.at = end < 0 ? text.length : end + 1;
        wantsOperand = false;
      } else if (isSpace(character) || OPERATORS.includes(character)) reader.at++;
      else {
        reader.next();
        tokens.push({ kind: 'value', text: reader.word });
        wantsOperand = false;
      }
    } else if (isSpace(character) || OPERATORS.includes(character)) reader.at++;
    else {
      const isOr = character !== '"' && startsOr(text, reader.at);
      if (isOr) reader.at += 2;
      tokens.push({ kind: isOr ? 'or' : 'and' });
      wantsOperand = true;
    }
  }
  return tokens;
}

/** Is there the word "or", and something behind it? */
function startsOr(text: string, at: number): boolean {
  if (text.slice(at, at + 2).toLowerCase() !== 'or') return false;
  const next = text.codePointAt(at + 2);
  if (next === undefined || next === 45 || next === 95 || isWordCharacter(next)) return false;
  return /\S/.test(text.slice(at + 3));
}

export function webToTsquery(context: FunctionContext, configuration: Configuration, text: string): Uint8Array {
  const notice = wordNotice(context);
  const tokens = webTokens(text);
  let at = 0;
  const operand = (): QueryTree => {
    const token = tokens[at++];
    if (token === undefined) return stopWord();
    if (token.kind === 'not') return { kind: 'not', argument: operand() };
    return token.kind === 'value' ? joinWords(configuration, token.text, 0, false, 'phrase', notice) : stopWord();
  };
  const pairs = (kind: 'and' | 'or', next: () => QueryTree): QueryTree => {
    let tree = next();
    while (tokens[at]?.kind === kind) {
      at++;
      tree = { kind, left: tree, right: next(), distance: 0 };
    }
    return tree;
  };
  const tree = tokens.length === 0 ? null : pairs('or', () => pairs('and', operand));
  return finish(context, tree, text);
}
