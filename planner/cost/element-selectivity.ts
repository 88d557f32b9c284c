/**
 * Operators of arrays and of text search over the statistics of elements and lexemes (array_selfuncs.c, ts_selfuncs.c). Elements
 * are taken to come independently of each other.
 */
import type { ElementStatistics } from '../../catalog/statistics.ts';
import { type QueryNode, tsqueryTree } from '../../types/fulltext/tsquery.ts';
import { assertNever, hashKey } from '../../types/index.ts';

export const DEFAULT_CONTAINS = 0.005;
export const DEFAULT_OVERLAPS = 0.01;
export const DEFAULT_TEXT_MATCH = 0.005;
/** A prefix is looked for among so many lexemes at least. */
const PREFIX_LEXEMES_MIN = 100;
const PREFIX_FACTOR = 4;
/** Bounds the work for `column <@ constant`: it grows with the square of the elements that are considered. */
const EFFORT = 100;

export type ArrayOperator = 'contains' | 'overlaps' | 'contained';

function clamp(value: number): number {
  return value < 0 ? 0 : value > 1 ? 1 : value;
}

const lookups = new WeakMap<ElementStatistics, ReadonlyMap<unknown, number>>();

/** Frequencies by key of the element. */
function frequenciesOf(stats: ElementStatistics): ReadonlyMap<unknown, number> {
  let known = lookups.get(stats);
  if (known === undefined) {
    const keyOf = hashKey(stats.typeOid);
    known = new Map(stats.values.map((value, i) => [keyOf(value), stats.frequencies[i]]));
    lookups.set(stats, known);
  }
  return known;
}

/** Statistics that list no element say nothing of single ones. */
function listed(stats: ElementStatistics | undefined): ElementStatistics | null {
  return stats === undefined || stats.values.length === 0 ? null : stats;
}

/** Share of the rows that are not NULL which have an element of which nothing is known but that it occurs. */
export function meanFrequency({ values, frequencies }: ElementStatistics): number {
  return values.length === 0 ? DEFAULT_CONTAINS : frequencies.reduce((sum, share) => sum + share, 0) / values.length;
}

/** Share of the rows that are not NULL for which `column OPERATOR elements`. */
export function arraySelectivity(
  given: ElementStatistics | undefined,
  elementType: number,
  operator: ArrayOperator,
  elements: readonly unknown[],
): number {
  const hasNull = elements.includes(null);
  // What contains NULL is never known.
  if (hasNull && operator === 'contains') return 0;
  const stats = listed(given);
  const keyOf = hashKey(elementType) as (value: unknown) => unknown;
  const byKey = new Map<unknown, unknown>();
  for (const element of elements) if (element !== null) byKey.set(keyOf(element), element);
  if (operator === 'contained') return containedSelectivity(stats, byKey);
  const least = stats?.least ?? 2 * DEFAULT_CONTAINS;
  const frequencies = stats === null ? null : frequenciesOf(stats);
  let share = operator === 'contains' ? 1 : 0;
  for (const key of byKey.keys()) {
    const own = frequencies?.get(key) ?? Math.min(DEFAULT_CONTAINS, least / 2);
    share = clamp(operator === 'contains' ? share * own : share + own - share * own);
  }
  return share;
}

/** column <@ elements: none of the other elements, however many of these. */
function containedSelectivity(stats: ElementStatistics | null, byKey: ReadonlyMap<unknown, unknown>): number {
  if (stats === null || stats.nulls === null || stats.counts.length < 2) return DEFAULT_CONTAINS;
  const frequencies = frequenciesOf(stats);
  let own: number[] = [];
  for (const key of byKey.keys()) own.push(frequencies.get(key) ?? Math.min(DEFAULT_CONTAINS, stats.least / 2));
  const keyOf = hashKey(stats.typeOid);
  // Elements that are listed, and not among these, must not be there; nor must the many that are not listed.
  let rest = stats.averageCount;
  let absent = 1;
  stats.values.forEach((value, i) => {
    rest -= stats.frequencies[i];
    if (!byKey.has(keyOf(value))) absent *= 1 - stats.frequencies[i];
  });
  absent *= Math.exp(-rest);
  const listedCount = stats.values.length;
  if (own.length > 0 && own.length > Math.trunc((EFFORT * listedCount) / (listedCount + own.length))) {
    const most = Math.trunc((Math.sqrt(listedCount ** 2 + 4 * EFFORT * listedCount) - listedCount) / 2);
    own = own.sort((a, b) => b - a).slice(0, most);
  }
  const ofThese = countDistribution(own, own.length, 0);
  const ofAll = countDistribution(stats.frequencies, own.length, rest);
  const shares = countShares(stats.counts, own.length);
  let share = 0;
  for (let count = 0; count <= own.length; count++) {
    if (ofAll[count] > 0) share += (shares[count] * absent * ofThese[count]) / ofAll[count];
  }
  return clamp(share * (1 - stats.nulls));
}

/** Probability of 0 .. most elements at once: those listed one by one, and a Poisson distribution for the rest (calc_distr). */
function countDistribution(frequencies: readonly number[], most: number, rest: number): number[] {
  let row = new Array<number>(most + 1).fill(0);
  row[0] = 1;
  frequencies.forEach((frequency, i) => {
    const next = new Array<number>(most + 1).fill(0);
    for (let j = 0; j <= i + 1 && j <= most; j++) {
      next[j] = row[j] * (1 - frequency) + (j > 0 ? row[j - 1] * frequency : 0);
    }
    row = next;
  });
  if (rest <= DEFAULT_CONTAINS) return row;
  const all = new Array<number>(most + 1).fill(0);
  let poisson = Math.exp(-rest);
  for (let i = 0; i <= most; i++) {
    for (let j = 0; j <= most - i; j++) all[i + j] += row[j] * poisson;
    poisson *= rest / (i + 1);
  }
  return all;
}

/** Share of rows with exactly 0 .. most different elements, by the histogram of counts (calc_hist). */
function countShares(bounds: readonly number[], most: number): number[] {
  const shares: number[] = [];
  const perBucket = 1 / (bounds.length - 1);
  let previous = 0;
  let at = 0;
  for (let count = 0; count <= most; count++) {
    let exact = 0;
    while (at < bounds.length && bounds[at] <= count) {
      exact++;
      at++;
    }
    if (exact === 0) {
      shares.push(previous > 0 ? perBucket / previous : 0);
      continue;
    }
    const next = at < bounds.length ? bounds[at] - bounds[at - 1] : 0;
    const parts = exact - 1 + (next > 0 ? 0.5 / next : 0) + (previous > 0 ? 0.5 / previous : 0);
    shares.push(perBucket * parts);
    previous = next;
  }
  return shares;
}

/** Share of the rows that are not NULL for which `column @@ query`. */
export function textMatchSelectivity(given: ElementStatistics | undefined, query: Uint8Array): number {
  const tree = tsqueryTree(query);
  return tree === null ? 0 : nodeSelectivity(listed(given), tree);
}

function nodeSelectivity(stats: ElementStatistics | null, node: QueryNode): number {
  switch (node.kind) {
    case 'operand': {
      const lexeme = Buffer.from(node.lexeme).toString();
      if (node.prefix) return clamp(prefixSelectivity(stats, lexeme));
      if (stats === null) return DEFAULT_TEXT_MATCH;
      return frequenciesOf(stats).get(hashKey(stats.typeOid)(lexeme)) ?? unlisted(stats);
    }
    case 'not':
      return 1 - nodeSelectivity(stats, node.argument);
    case 'and':
    case 'phrase':
      return nodeSelectivity(stats, node.left) * nodeSelectivity(stats, node.right);
    case 'or': {
      const [left, right] = [nodeSelectivity(stats, node.left), nodeSelectivity(stats, node.right)];
      return clamp(left + right - left * right);
    }
    default:
      return assertNever(node);
  }
}

function unlisted(stats: ElementStatistics): number {
  return Math.min(DEFAULT_TEXT_MATCH, stats.least / 2);
}

/** What is listed stands for what is not. */
function prefixSelectivity(stats: ElementStatistics | null, prefix: string): number {
  if (stats === null || stats.values.length < PREFIX_LEXEMES_MIN) return DEFAULT_TEXT_MATCH * PREFIX_FACTOR;
  let matching = 0;
  let all = 0;
  stats.values.forEach((lexeme, i) => {
    const own = stats.frequencies[i];
    if ((lexeme as string).startsWith(prefix)) matching += own - matching * own;
    all += own - all * own;
  });
  return Math.max(clamp(matching) + (1 - clamp(all)) * clamp(matching), unlisted(stats));
}
