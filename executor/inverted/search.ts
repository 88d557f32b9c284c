/**
 * Term queries as sets of row ids: AND, OR and NOT over the posting lists of a dictionary, which are read page group by page group
 * (storage/index/posting-set.ts).
 *
 * A list may name rows that had the term in an older version. That only makes more rows to check, but for NOT: a row must not be
 * taken away for a term that the version seen does not have. So NOT counts only while no row has ever changed its terms
 * (`hasStaleKeys`); from then on it takes nothing away, and the recheck sorts out the rest.
 */
import {
  andNotSet,
  andSet,
  atLeastSet,
  cursorOf,
  emptySet,
  type IndexDictionary,
  type IndexKey,
  keySet,
  orSet,
  type PostingSet,
  rangeSet,
} from '../../storage/api.ts';
import type { ScalarFunctionOfContext } from '../compile/batch-program.ts';
import type { ExecContext } from '../context.ts';
import type { IndexRuntime } from '../index-runtime.ts';
import type { RowTerms } from './row-terms.ts';
import type { TermNode } from './term-query.ts';
import { UnlessStaleSet } from './unless-stale-set.ts';

export interface SearchCondition {
  readonly column: number;
  readonly strategy: number;
  readonly value: ScalarFunctionOfContext;
}

/** The conditions of one index in a posting scan. */
export class InvertedSearcher {
  readonly index: IndexRuntime;
  readonly #conditions: readonly SearchCondition[];
  #isExact = false;
  /** What the last set was read from. */
  #dictionary: IndexDictionary;
  #set: PostingSet | null = null;

  constructor(index: IndexRuntime, conditions: readonly SearchCondition[]) {
    this.index = index;
    this.#dictionary = index.dictionary;
    this.#conditions = conditions;
  }

  /** Whether rows of the last set that are visible satisfy the conditions: they need no check. */
  get isExact(): boolean {
    return this.#isExact && !this.#dictionary.hasStaleKeys;
  }

  /** The rows that may satisfy all conditions, with the values that they have now. */
  setOf(x: ExecContext): PostingSet {
    this.index.counters.scans++;
    this.#dictionary = this.index.dictionary;
    this.#isExact = true;
    const sets: PostingSet[] = [];
    for (const { column, strategy, value } of this.#conditions) {
      const wanted = value(x);
      // All these operators are strict.
      if (wanted === null) return emptySet();
      const query = (this.index.terms as RowTerms).query(column, strategy, wanted, x.functions);
      this.#isExact &&= query.isExact;
      sets.push(setOfNode(this.index, column, query.node));
    }
    this.#set = andSet(sets);
    return this.#set;
  }

  /** At the scan's end: entries that came out of the index. */
  count(): void {
    if (this.#set !== null) this.index.counters.entriesRead += this.#set.rowsMax;
    this.#set = null;
  }
}

/** The rows that a term query selects. */
function setOfNode(index: IndexRuntime, column: number, node: TermNode): PostingSet {
  const { dictionary } = index;
  const setOf = (arg: TermNode): PostingSet => setOfNode(index, column, arg);
  switch (node.kind) {
    case 'none':
      return emptySet();
    case 'all':
      return columnSet(index, column);
    case 'term':
      return keySet(dictionary, node.key);
    case 'prefix':
      return prefixSet(dictionary, node.key);
    case 'or':
      return orSet(node.args.map(setOf));
    case 'and': {
      const wanted = node.args.filter((arg) => arg.kind !== 'not');
      const positive = wanted.length === 0 ? columnSet(index, column) : andSet(wanted.map(setOf));
      return andNotSet(
        positive,
        node.args.flatMap((arg) => (arg.kind === 'not' ? [new UnlessStaleSet(dictionary, setOf(arg.arg))] : [])),
      );
    }
    case 'atLeast':
      return atLeast(node.args.map(setOf), node.count);
    case 'not':
      return andNotSet(columnSet(index, column), [new UnlessStaleSet(dictionary, setOf(node.arg))]);
  }
}

/** Most sets that are counted; of more, some must be among the rest. */
const COUNTED_SETS_MAX = 255;

function atLeast(sets: readonly PostingSet[], count: number): PostingSet {
  if (count > sets.length) return emptySet();
  if (count <= 1 || sets.length > COUNTED_SETS_MAX) return orSet(sets);
  return count === sets.length ? andSet(sets) : atLeastSet(sets, count);
}

/** All rows that have a value in the column. */
function columnSet(index: IndexRuntime, column: number): PostingSet {
  const cursor = cursorOf(index.dictionary);
  cursor.hasLower = true;
  cursor.hasUpper = (index.terms as RowTerms).boundsOfColumn(column, cursor.lower, cursor.upper);
  cursor.upperInclusive = false;
  return rangeSet(index.dictionary, cursor);
}

function prefixSet(dictionary: IndexDictionary, key: IndexKey): PostingSet {
  const cursor = cursorOf(dictionary);
  cursor.hasLower = true;
  cursor.hasUpper = true;
  cursor.isPrefix = true;
  cursor.lower.copyFrom(key);
  cursor.upper.copyFrom(key);
  return rangeSet(dictionary, cursor);
}
