/** The functions and operators of pg_trgm, which is built in. */
import { trigramsOf } from '../../../types/fulltext/trigram.ts';
import type { FunctionContext } from '../../function-entry.ts';
import { textArray } from '../array-values.ts';
import type { FunctionModule } from '../module.ts';
import { similarity, wordSimilarity } from './trigram-similarity.ts';

type Measure = (a: string, b: string) => number;

const word: Measure = (a, b) => wordSimilarity(a, b, false);
const strictWord: Measure = (a, b) => wordSimilarity(a, b, true);
const swapped =
  (measure: Measure): Measure =>
  (a, b) =>
    measure(b, a);
const distance =
  (measure: Measure): Measure =>
  (a, b) =>
    Math.fround(1 - measure(a, b));

/** A threshold as it is kept: its default is a single-precision number. */
function threshold(context: FunctionContext, name: string): number {
  const value = Number(context.getSetting(`pg_trgm.${name}`, false));
  return Math.fround(value);
}

const above =
  (measure: Measure, name: string) =>
  (context: FunctionContext, a: string, b: string): boolean =>
    measure(a, b) >= threshold(context, name);

/** Trigrams that are no plain text are shown as numbers. */
function showTrigram(trigram: number): string {
  const bytes = [trigram >>> 16, (trigram >>> 8) & 255, trigram & 255];
  if (bytes.every((byte) => byte >= 32 && byte < 127)) return String.fromCharCode(...bytes);
  return `0x${trigram.toString(16).padStart(6, '0')}`;
}

const WORD = 'word_similarity_threshold';
const STRICT_WORD = 'strict_word_similarity_threshold';

export const trigramFunctions: FunctionModule = {
  plain: {
    show_trgm: (text: string) => textArray(trigramsOf(text).map(showTrigram)),
    similarity,
    similarity_dist: distance(similarity),
    word_similarity: word,
    word_similarity_dist_op: distance(word),
    word_similarity_dist_commutator_op: distance(swapped(word)),
    strict_word_similarity: strictWord,
    strict_word_similarity_dist_op: distance(strictWord),
    strict_word_similarity_dist_commutator_op: distance(swapped(strictWord)),
  },
  contextual: {
    show_limit: (context) => Math.fround(Number(context.getSetting('pg_trgm.similarity_threshold', false))),
    set_limit: (context, limit: number) => {
      context.setSetting('pg_trgm.similarity_threshold', String(Number(limit.toPrecision(7))), false);
      return limit;
    },
    similarity_op: above(similarity, 'similarity_threshold'),
    word_similarity_op: above(word, WORD),
    word_similarity_commutator_op: above(swapped(word), WORD),
    strict_word_similarity_op: above(strictWord, STRICT_WORD),
    strict_word_similarity_commutator_op: above(swapped(strictWord), STRICT_WORD),
  },
};
