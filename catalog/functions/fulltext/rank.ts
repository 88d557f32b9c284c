/** ts_rank and ts_rank_cd: PostgreSQL's formulas, computed in its order and its precisions, so that results are the same bits. */

import { compareBytes } from '../../../types/compare.ts';
import { matchTree, NO, type OperandTest, YES } from '../../../types/fulltext/match.ts';
import { type QueryNode, type QueryOperand, tsqueryTree } from '../../../types/fulltext/tsquery.ts';
import {
  compareLexeme,
  lexemeCount,
  lexemeLength,
  lexemeStart,
  lowerBound,
  POSITION_MAX,
  positionAt,
  positionCount,
  positionsStart,
  readPositions,
} from '../../../types/fulltext/tsvector.ts';
import { type SqlArray, sqlError } from '../../../types/index.ts';

const { fround } = Math;

const NORMALISE = { LOG_LENGTH: 1, LENGTH: 2, EXTENT_DISTANCE: 4, UNIQUE: 8, LOG_UNIQUE: 16, OVER_RANK_PLUS_1: 32 };

/** Of D, C, B, A. */
export const DEFAULT_WEIGHTS: readonly number[] = [0.1, 0.2, 0.4, 1.0].map(fround);

/** The weights given, negative ones replaced by the default. */
export function weightsOf(array: SqlArray): readonly number[] {
  if (array.dimensionCount !== 1) throw sqlError('2202E', 'array of weight must be one-dimensional');
  if (array.length < 4) throw sqlError('2202E', 'array of weight is too short');
  if (array.hasNull) throw sqlError('22004', 'array of weight must not contain nulls');
  return DEFAULT_WEIGHTS.map((standard, i) => {
    const weight = array.elements[i] as number;
    const used = weight >= 0 ? weight : standard;
    if (used > 1) throw sqlError('22023', 'weight out of range');
    return used;
  });
}

/** Positions of all lexemes, one for a lexeme without. */
function totalLength(vector: Uint8Array): number {
  const count = lexemeCount(vector);
  let length = 0;
  for (let i = 0; i < count; i++) {
    const start = positionsStart(vector, count, i);
    length += start < 0 ? 1 : positionCount(vector, start);
  }
  return length;
}

function operandsOf(node: QueryNode, target: QueryOperand[] = []): QueryOperand[] {
  if (node.kind === 'operand') target.push(node);
  else if (node.kind === 'not') operandsOf(node.argument, target);
  else {
    operandsOf(node.right, target);
    operandsOf(node.left, target);
  }
  return target;
}

const distinctByTree = new WeakMap<QueryNode, readonly QueryOperand[]>();

/** The operands by their lexemes, of equal lexemes one. */
function distinctOperands(node: QueryNode): readonly QueryOperand[] {
  const known = distinctByTree.get(node);
  if (known !== undefined) return known;
  const operands = operandsOf(node);
  if (operands.length > 1) operands.sort((a, b) => compareBytes(a.lexeme, b.lexeme));
  const distinct = operands.filter(
    (operand, i) => i === 0 || compareBytes(operand.lexeme, operands[i - 1].lexeme) !== 0,
  );
  distinctByTree.set(node, distinct);
  return distinct;
}

/** Whether there is such a lexeme, and an operand finds it. */
function finds(vector: Uint8Array, count: number, index: number, { lexeme, prefix }: QueryOperand): boolean {
  return (
    index < count &&
    compareLexeme(vector, lexemeStart(vector, count, index), lexemeLength(vector, index), lexeme, prefix) === 0
  );
}

/** Behind the lexemes of the vector that an operand finds; `from` is the first. */
function endOfEntries(vector: Uint8Array, count: number, operand: QueryOperand, from: number): number {
  let to = from;
  while (finds(vector, count, to, operand)) {
    to++;
    if (!operand.prefix) break;
  }
  return to;
}

function wordDistance(distance: number): number {
  if (distance > 100) return fround(1e-30);
  return fround(1.0 / (1.005 + 0.05 * Math.exp(fround(distance) / 1.5 - 2)));
}

/** Positions of a lexeme that has none. */
const NO_POSITIONS = -1;
const NOT_FOUND = -2;

/** Of words that should all be there: the nearer they are to one another, the better. */
function rankAnd(weights: readonly number[], vector: Uint8Array, node: QueryNode): number {
  const operands = distinctOperands(node);
  if (operands.length < 2) return rankOr(weights, vector, node);
  const count = lexemeCount(vector);
  /** Where the positions are of the last lexeme that each operand has found. */
  const places: number[] = [];
  let rank = -1;
  for (let i = 0; i < operands.length; i++) {
    const operand = operands[i];
    places.push(NOT_FOUND);
    for (let entry = lowerBound(vector, count, operand.lexeme); finds(vector, count, entry, operand); entry++) {
      places[i] = positionsStart(vector, count, entry);
      for (let k = 0; k < i; k++)
        if (places[k] !== NOT_FOUND) rank = rankPair(weights, vector, places[i], places[k], rank);
      if (!operand.prefix) break;
    }
  }
  return rank;
}

/** Adds what two words give by their positions; a word without stands behind all others. */
function rankPair(
  weights: readonly number[],
  vector: Uint8Array,
  place: number,
  other: number,
  before: number,
): number {
  const isLoose = place === NO_POSITIONS || other === NO_POSITIONS;
  const length = place === NO_POSITIONS ? 1 : positionCount(vector, place);
  const otherLength = other === NO_POSITIONS ? 1 : positionCount(vector, other);
  let rank = before;
  for (let i = 0; i < length; i++) {
    const x = place === NO_POSITIONS ? POSITION_MAX : positionAt(vector, place, i);
    for (let j = 0; j < otherLength; j++) {
      const y = other === NO_POSITIONS ? POSITION_MAX : positionAt(vector, other, j);
      const distance = Math.abs((x & POSITION_MAX) - (y & POSITION_MAX));
      if (distance === 0 && !isLoose) continue;
      const product = fround(
        fround(weights[x >>> 14] * weights[y >>> 14]) * wordDistance(distance === 0 ? POSITION_MAX + 1 : distance),
      );
      const current = fround(Math.sqrt(product));
      rank = rank < 0 ? current : fround(1.0 - (1.0 - rank) * (1.0 - current));
    }
  }
  return rank;
}

/** Of any words: each by its best weight and the number of its positions. */
function rankOr(weights: readonly number[], vector: Uint8Array, node: QueryNode): number {
  const operands = distinctOperands(node);
  const count = lexemeCount(vector);
  let rank = 0;
  for (let i = 0; i < operands.length; i++) {
    const operand = operands[i];
    for (let entry = lowerBound(vector, count, operand.lexeme); finds(vector, count, entry, operand); entry++) {
      const start = positionsStart(vector, count, entry);
      const length = start < 0 ? 1 : positionCount(vector, start);
      let sum = 0;
      let best = -1;
      let bestAt = 0;
      for (let j = 0; j < length; j++) {
        const weight = weights[start < 0 ? 0 : positionAt(vector, start, j) >>> 14];
        sum = fround(sum + fround(weight / ((j + 1) * (j + 1))));
        if (weight > best) {
          best = weight;
          bestAt = j;
        }
      }
      const part = fround(fround(best + sum) - fround(best / ((bestAt + 1) * (bestAt + 1))));
      rank = fround(rank + part / 1.64493406685);
      if (!operand.prefix) break;
    }
  }
  return operands.length > 0 ? fround(rank / operands.length) : rank;
}

export function tsRank(weights: readonly number[], vector: Uint8Array, query: Uint8Array, method: number): number {
  const node = tsqueryTree(query);
  const count = lexemeCount(vector);
  if (node === null || count === 0) return 0;
  const isAnd = node.kind === 'and' || node.kind === 'phrase';
  let rank = isAnd ? rankAnd(weights, vector, node) : rankOr(weights, vector, node);
  if (rank < 0) rank = fround(1e-20);
  const divide = (divisor: number): void => {
    rank = fround(rank / divisor);
  };
  if (method & NORMALISE.LOG_LENGTH) divide(Math.log(totalLength(vector) + 1) / Math.log(2.0));
  if (method & NORMALISE.LENGTH) divide(fround(totalLength(vector)));
  if (method & NORMALISE.UNIQUE) divide(fround(count));
  if (method & NORMALISE.LOG_UNIQUE) divide(Math.log(count + 1) / Math.log(2.0));
  if (method & NORMALISE.OVER_RANK_PLUS_1) divide(fround(rank + 1));
  return rank;
}

/** A position of the document with the operands that its lexeme answers. */
interface DocumentPlace {
  readonly position: number;
  readonly weight: number;
  readonly entry: number;
  readonly operands: QueryOperand[];
}

function documentPlaces(vector: Uint8Array, node: QueryNode): DocumentPlace[] {
  const count = lexemeCount(vector);
  const places: DocumentPlace[] = [];
  for (const operand of operandsOf(node)) {
    const from = lowerBound(vector, count, operand.lexeme);
    const to = endOfEntries(vector, count, operand, from);
    for (let entry = from; entry < to; entry++) {
      const start = positionsStart(vector, count, entry);
      if (start < 0) continue;
      for (const position of readPositions(vector, start)) {
        const weight = position >>> 14;
        if (operand.weights !== 0 && ((operand.weights >> weight) & 1) === 0) continue;
        places.push({ position: position & POSITION_MAX, weight, entry, operands: [operand] });
      }
    }
  }
  places.sort((a, b) => a.position - b.position || a.weight - b.weight || a.entry - b.entry);
  const joined: DocumentPlace[] = [];
  for (const place of places) {
    const last = joined[joined.length - 1];
    if (last?.position === place.position && last.weight === place.weight && last.entry === place.entry) {
      last.operands.push(place.operands[0]);
    } else joined.push(place);
  }
  return joined;
}

/** A stretch of the document that satisfies the query, by indexes of its places. */
interface Cover {
  readonly begin: number;
  readonly end: number;
}

/** Collects the positions of operands while places are passed, from left to right or from right to left. */
class Passed {
  readonly #positions = new Map<QueryOperand, number[]>();
  readonly #isReverse: boolean;

  constructor(isReverse: boolean) {
    this.#isReverse = isReverse;
  }

  add(place: DocumentPlace): void {
    for (const operand of place.operands) {
      const known = this.#positions.get(operand);
      if (known === undefined) this.#positions.set(operand, [place.position]);
      else if (known[known.length - 1] !== place.position) known.push(place.position);
    }
  }

  readonly test: OperandTest = (operand, places) => {
    const positions = this.#positions.get(operand);
    if (positions === undefined) return NO;
    if (places !== null) places.positions = this.#isReverse ? positions.slice().reverse() : positions;
    return YES;
  };
}

/** The next shortest cover from a place on, and from where to look for the one after it. */
function nextCover(
  places: readonly DocumentPlace[],
  node: QueryNode,
  from: number,
): { readonly cover: Cover; readonly next: number } | null {
  for (let start = from; ; start++) {
    let end = -1;
    const forward = new Passed(false);
    for (let i = start; i < places.length; i++) {
      forward.add(places[i]);
      if (!matchTree(node, forward.test)) continue;
      if (places[i].position > 0) end = i;
      break;
    }
    if (end < 0) return null;
    const backward = new Passed(true);
    for (let i = end; i >= start; i--) {
      backward.add(places[i]);
      if (!matchTree(node, backward.test)) continue;
      if (places[i].position <= places[end].position) return { cover: { begin: i, end }, next: i + 1 };
      break;
    }
  }
}

/** Cover density: short stretches that hold the whole query count most. */
export function tsRankCd(weights: readonly number[], vector: Uint8Array, query: Uint8Array, method: number): number {
  const node = tsqueryTree(query);
  if (node === null) return 0;
  const inverse = weights.map((weight) => 1.0 / weight);
  const places = documentPlaces(vector, node);
  if (places.length === 0) return 0;
  let rank = 0;
  let distances = 0;
  let previous = 0;
  let covers = 0;
  for (let found = nextCover(places, node, 0); found !== null; found = nextCover(places, node, found.next)) {
    const { begin, end } = found.cover;
    let sum = 0;
    for (let i = begin; i <= end; i++) sum += inverse[places[i].weight];
    const from = places[begin].position;
    const to = places[end].position;
    // Positions are cut at the highest: then half the words are taken for others.
    let others = to - from - (end - begin);
    if (others < 0) others = Math.trunc((end - begin) / 2);
    rank += (end - begin + 1) / sum / (1 + others);
    const middle = (to + from) / 2.0;
    if (covers > 0 && middle > previous) distances += 1.0 / (middle - previous);
    previous = middle;
    covers++;
  }
  const count = lexemeCount(vector);
  if (method & NORMALISE.LOG_LENGTH) rank /= Math.log(totalLength(vector) + 1);
  if (method & NORMALISE.LENGTH) rank /= totalLength(vector);
  if (method & NORMALISE.EXTENT_DISTANCE && covers > 0 && distances > 0) rank /= covers / distances;
  if (method & NORMALISE.UNIQUE) rank /= count;
  if (method & NORMALISE.LOG_UNIQUE) rank /= Math.log(count + 1) / Math.log(2.0);
  if (method & NORMALISE.OVER_RANK_PLUS_1) rank /= rank + 1;
  return fround(rank);
}
