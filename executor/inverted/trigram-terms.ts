/** Terms of a text by gin_trgm_ops: its trigrams. What they find is always checked: they tell what a text has, not in which order. */

import type { FunctionContext, Value } from '../../catalog/function-entry.ts';
import {
  TRIGRAM_EQUALS,
  TRIGRAM_ILIKE,
  TRIGRAM_LIKE,
  TRIGRAM_REGEX,
  TRIGRAM_REGEX_CASELESS,
  TRIGRAM_SIMILAR,
  TRIGRAM_WORD_SIMILAR,
} from '../../catalog/inverted-classes.ts';
import {
  likeTrigrams,
  regexTrigrams,
  similarityTrigrams,
  type TrigramExpression,
  trigramSequence,
  trigramsOf,
} from '../../types/index.ts';
import type { QueryMaker, TermExtractor } from './extractor.ts';
import { ALL, allOf, anyOf, NONE, type TermNode } from './term-query.ts';

/** pg_trgm's settings, and what holds where they are not set. */
const THRESHOLDS = {
  similar: ['pg_trgm.similarity_threshold', 0.3],
  wordSimilar: ['pg_trgm.word_similarity_threshold', 0.6],
  strictWordSimilar: ['pg_trgm.strict_word_similarity_threshold', 0.5],
} as const;

function thresholdOf(strategy: number, context: FunctionContext): number {
  const [name, standard] =
    strategy === TRIGRAM_SIMILAR
      ? THRESHOLDS.similar
      : strategy === TRIGRAM_WORD_SIMILAR
        ? THRESHOLDS.wordSimilar
        : THRESHOLDS.strictWordSimilar;
  return Number(context.getSetting(name, true) ?? standard);
}

function terms(trigrams: readonly number[], make: QueryMaker): TermNode[] {
  return make((writer) => {
    for (const trigram of trigrams) writer.number(trigram);
  });
}

function nodeOf(expression: TrigramExpression, make: QueryMaker): TermNode {
  switch (expression.kind) {
    case 'trigram':
      return terms([expression.trigram], make)[0];
    case 'and':
      return allOf(expression.parts.map((part) => nodeOf(part, make)));
    case 'or':
      return anyOf(expression.parts.map((part) => nodeOf(part, make)));
    case 'all':
      return ALL;
  }
}

/** Similarity is at most the share of the query's trigrams that the text has. */
function similarNode(trigrams: readonly number[], threshold: number, make: QueryMaker): TermNode {
  if (trigrams.length === 0) return NONE;
  const count = Math.ceil(trigrams.length * threshold - 1e-6);
  if (count <= 0) return ALL;
  return { kind: 'atLeast', count, args: terms(trigrams, make) };
}

export const TRIGRAM_OPS: TermExtractor = {
  usesNumbers: true,
  extract(value, writer) {
    for (const trigram of trigramSequence(value as string)) writer.number(trigram);
  },
  query(strategy: number, value: Value, make, context) {
    const text = value as string;
    switch (strategy) {
      case TRIGRAM_LIKE:
      case TRIGRAM_ILIKE:
        return { node: nodeOf(likeTrigrams(text), make), isExact: false };
      case TRIGRAM_REGEX:
      case TRIGRAM_REGEX_CASELESS:
        return { node: nodeOf(regexTrigrams(text), make), isExact: false };
      case TRIGRAM_EQUALS:
        return { node: allOf(terms(trigramsOf(text), make)), isExact: false };
      default:
        return { node: similarNode(similarityTrigrams(text), thresholdOf(strategy, context), make), isExact: false };
    }
  },
};
