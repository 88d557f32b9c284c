/** Functions of full text search that run a query which they are given: ts_stat counts words, ts_rewrite replaces by a table's rules. */

import { rewriteQuery, sortedQuery } from '../../../types/fulltext/rewrite.ts';
import { encodeTsquery, tsqueryTree } from '../../../types/fulltext/tsquery.ts';
import { lexemesOf } from '../../../types/fulltext/tsvector.ts';
import { decodeText, OID, sqlError } from '../../../types/index.ts';
import type { FunctionContext, RoutineRunner, Value } from '../../function-entry.ts';
import type { FunctionModule } from '../module.ts';

function runnerOf(context: FunctionContext): RoutineRunner {
  if (context.routines === undefined) throw new Error('a query is run where no statement of a session runs');
  return context.routines;
}

interface WordCount {
  readonly word: string;
  readonly bytes: Uint8Array;
  documents: number;
  entries: number;
}

/** Bits of the weights that count, as positions have them: 3 A to 0 D; other letters say nothing. */
function weightMask(letters: string): number {
  let mask = 0;
  for (const letter of letters.toUpperCase()) {
    const weight = 'DCBA'.indexOf(letter);
    if (weight >= 0) mask |= 1 << weight;
  }
  return mask;
}

/** How often a lexeme stands in a vector, with one of the weights where some are asked for; without positions once. */
function entriesOf(positions: readonly number[] | null, mask: number): number {
  if (positions === null) return mask === 0 ? 1 : 0;
  if (mask === 0) return positions.length;
  return positions.filter((position) => (mask & (1 << (position >> 14))) !== 0).length;
}

function statistics(context: FunctionContext, text: string, weights = ''): Value[][] {
  const rows = runnerOf(context).query(text, [OID.TSVECTOR], () =>
    sqlError('22023', 'ts_stat query must return one tsvector column'),
  );
  const mask = weightMask(weights);
  const counts = new Map<string, WordCount>();
  for (const [vector] of rows) {
    if (vector === null) continue;
    for (const { bytes, positions } of lexemesOf(vector)) {
      const entries = entriesOf(positions, mask);
      if (entries === 0) continue;
      const word = decodeText(bytes, 0, bytes.length);
      let count = counts.get(word);
      if (count === undefined) counts.set(word, (count = { word, bytes, documents: 0, entries: 0 }));
      count.documents++;
      count.entries += entries;
    }
  }
  const sorted = [...counts.values()].sort((a, b) => Buffer.compare(b.bytes, a.bytes));
  return sorted.map(({ word, documents, entries }) => [word, documents, entries]);
}

/** Each row's second query in place of its first, one row after the other. */
function rewriteByQuery(context: FunctionContext, query: Uint8Array, text: string): Uint8Array {
  const rows =
    tsqueryTree(query) === null
      ? []
      : runnerOf(context).query(text, [OID.TSQUERY, OID.TSQUERY], () =>
          sqlError('22023', 'ts_rewrite query must return two tsquery columns'),
        );
  let tree = tsqueryTree(query);
  if (tree !== null) tree = sortedQuery(tree);
  for (const [pattern, substitute] of rows) {
    if (tree === null) break;
    const sought = pattern === null || substitute === null ? null : tsqueryTree(pattern);
    if (sought === null) continue;
    const replacement = tsqueryTree(substitute);
    tree = rewriteQuery(tree, sought, replacement);
    if (tree !== null && replacement !== null) tree = sortedQuery(tree);
  }
  return encodeTsquery(tree);
}

export const fulltextByQuery: FunctionModule = {
  querying: {
    ts_stat1: (context: FunctionContext, text: string) => statistics(context, text),
    ts_stat2: statistics,
    tsquery_rewrite_query: rewriteByQuery,
  },
};
