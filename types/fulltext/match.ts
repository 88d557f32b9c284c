/**
 * `tsvector @@ tsquery`, over the bytes of the vector. Inside a phrase a part answers with the positions at which it ends, or
 * with those at which it does not (`negated`); MAYBE is the answer where a lexeme has no positions.
 */

import { type QueryNode, type QueryOperand, type QueryPair, queryNodeCount, tsqueryTree } from './tsquery.ts';
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
  readUint32,
} from './tsvector.ts';

export const NO = 0;
export const YES = 1;
const MAYBE = 2;
export type Answer = typeof NO | typeof YES | typeof MAYBE;

/** Where a part of a phrase matches. */
export interface Places {
  /** Ascending; of the part's last word. */
  positions: readonly number[];
  /** The part matches everywhere but at the positions. */
  negated: boolean;
  /** Positions between the part's first word and its last. */
  width: number;
}

/** Asks a document about one operand: with `places` it fills them. */
export type OperandTest = (operand: QueryOperand, places: Places | null) => Answer;

export function matchTsquery(vector: Uint8Array, query: Uint8Array): boolean {
  if (queryNodeCount(query) === 0) return false;
  const count = lexemeCount(vector);
  return matchNode(tsqueryTree(query) as QueryNode, vector, count);
}

/** The same where the vector lies among other bytes, from `start` to `end`. */
export function matchTsqueryAt(bytes: Uint8Array, start: number, end: number, query: Uint8Array): boolean {
  const node = tsqueryTree(query);
  if (node === null) return false;
  const count = readUint32(bytes, start);
  if (needsPositions(node)) return matchNode(node, bytes.subarray(start, end), count);
  return matchTerms(node, bytes, start, count);
}

let lastNode: QueryNode | null = null;
let lastNeeds = false;

/** Has the query phrases or weights? */
function needsPositions(node: QueryNode): boolean {
  if (node !== lastNode) {
    lastNeeds = hasPositions(node);
    lastNode = node;
  }
  return lastNeeds;
}

function hasPositions(node: QueryNode): boolean {
  switch (node.kind) {
    case 'operand':
      return node.weights !== 0;
    case 'not':
      return hasPositions(node.argument);
    case 'phrase':
      return true;
    default:
      return hasPositions(node.left) || hasPositions(node.right);
  }
}

/** For queries of terms and prefixes only. */
function matchTerms(node: QueryNode, bytes: Uint8Array, start: number, count: number): boolean {
  switch (node.kind) {
    case 'operand':
      return hasTerm(bytes, start, count, node.lexeme, node.prefix);
    case 'not':
      return !matchTerms(node.argument, bytes, start, count);
    case 'and':
      return matchTerms(node.left, bytes, start, count) && matchTerms(node.right, bytes, start, count);
    default:
      return (
        matchTerms((node as QueryPair).left, bytes, start, count) ||
        matchTerms((node as QueryPair).right, bytes, start, count)
      );
  }
}

function hasTerm(bytes: Uint8Array, start: number, count: number, lexeme: Uint8Array, prefix: boolean): boolean {
  const entries = start + 4;
  const data = entries + 4 * count;
  let low = 0;
  let high = count;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const entry = readUint32(bytes, entries + 4 * middle);
    const order = compareLexeme(bytes, data + (entry >>> 12), (entry >>> 1) & 2047, lexeme, prefix);
    if (order === 0) return true;
    if (order < 0) low = middle + 1;
    else high = middle;
  }
  return false;
}

/** The short way, without positions; phrases turn to the long one. */
function matchNode(node: QueryNode, vector: Uint8Array, count: number): boolean {
  switch (node.kind) {
    case 'operand':
      return testOperand(vector, count, node, null) !== NO;
    case 'not':
      return !matchNode(node.argument, vector, count);
    case 'and':
      return matchNode(node.left, vector, count) && matchNode(node.right, vector, count);
    case 'or':
      return matchNode(node.left, vector, count) || matchNode(node.right, vector, count);
    case 'phrase':
      return matchPhrase(node, (operand, places) => testOperand(vector, count, operand, places), null) === YES;
  }
}

/** The same over any kind of document. */
export function matchTree(node: QueryNode, test: OperandTest): boolean {
  switch (node.kind) {
    case 'operand':
      return test(node, null) !== NO;
    case 'not':
      return !matchTree(node.argument, test);
    case 'and':
      return matchTree(node.left, test) && matchTree(node.right, test);
    case 'or':
      return matchTree(node.left, test) || matchTree(node.right, test);
    case 'phrase':
      return matchPhrase(node, test, null) === YES;
  }
}

function testOperand(vector: Uint8Array, count: number, operand: QueryOperand, places: Places | null): Answer {
  const { lexeme, prefix } = operand;
  let index = lowerBound(vector, count, lexeme);
  if (!prefix) {
    if (index === count || !hasLexeme(vector, count, index, lexeme, false)) return NO;
    return testLexeme(vector, count, index, operand, places);
  }
  let answer: Answer = NO;
  let positions: number[] = [];
  for (; index < count && hasLexeme(vector, count, index, lexeme, true); index++) {
    const found = testLexeme(vector, count, index, operand, places);
    if (found === NO) continue;
    if (places === null) return found;
    if (found === YES) positions = positions.concat(places.positions);
    if (answer !== YES) answer = found;
  }
  if (places !== null && positions.length > 0) {
    positions.sort((a, b) => a - b);
    places.positions = positions.filter((position, i) => i === 0 || position !== positions[i - 1]);
  }
  return answer;
}

function hasLexeme(vector: Uint8Array, count: number, index: number, lexeme: Uint8Array, prefix: boolean): boolean {
  return compareLexeme(vector, lexemeStart(vector, count, index), lexemeLength(vector, index), lexeme, prefix) === 0;
}

/** Weights and positions of a lexeme that is there. Without positions any weight will do, as it always was. */
function testLexeme(
  vector: Uint8Array,
  count: number,
  index: number,
  operand: QueryOperand,
  places: Places | null,
): Answer {
  const { weights } = operand;
  if (weights === 0 && places === null) return YES;
  const start = positionsStart(vector, count, index);
  if (start < 0) return places === null ? YES : MAYBE;
  const length = positionCount(vector, start);
  const positions: number[] = [];
  for (let i = 0; i < length; i++) {
    const position = positionAt(vector, start, i);
    if (weights !== 0 && ((weights >> (position >>> 14)) & 1) === 0) continue;
    if (places === null) return YES;
    positions.push(position & POSITION_MAX);
  }
  if (positions.length === 0) return NO;
  if (places !== null) places.positions = positions;
  return YES;
}

const NO_POSITIONS: readonly number[] = [];

const noPlaces = (): Places => ({ positions: NO_POSITIONS, negated: false, width: 0 });

/** Which positions of two lists go into a third. */
const BOTH = 1;
const LEFT_ONLY = 2;
const RIGHT_ONLY = 4;

/**
 * A part of a phrase. Positions of both sides are moved to the end of the whole part and then met (phrase, and) or united (or);
 * negated sides turn that by De Morgan.
 */
function matchPhrase(node: QueryNode, test: OperandTest, places: Places | null): Answer {
  if (node.kind === 'operand') return test(node, places ?? noPlaces());
  if (node.kind === 'not') return matchNot(node.argument, test, places as Places);
  const left = noPlaces();
  const right = noPlaces();
  const leftAnswer = matchPhrase(node.left, test, left);
  if (leftAnswer === NO && node.kind !== 'or') return NO;
  const rightAnswer = matchPhrase(node.right, test, right);
  if (rightAnswer === NO && (node.kind !== 'or' || leftAnswer === NO)) return NO;
  if (leftAnswer === MAYBE || rightAnswer === MAYBE) return MAYBE;

  if (node.kind === 'phrase') {
    if (places !== null) places.width = node.distance + left.width + right.width;
    return combineAnd(left, right, node.distance + right.width, 0, places);
  }
  // The width of what does not match is not defined.
  if (leftAnswer === NO) left.width = 0;
  if (rightAnswer === NO) right.width = 0;
  const width = Math.max(left.width, right.width);
  if (places !== null) places.width = width;
  const combine = node.kind === 'and' ? combineAnd : combineOr;
  return combine(left, right, width - left.width, width - right.width, places);
}

function matchNot(argument: QueryNode, test: OperandTest, places: Places): Answer {
  const answer = matchPhrase(argument, test, places);
  if (answer === MAYBE) return MAYBE;
  if (answer === NO) {
    places.positions = NO_POSITIONS;
    places.negated = true;
    return YES;
  }
  if (places.positions.length > 0) {
    places.negated = !places.negated;
    return YES;
  }
  // It matched everywhere.
  places.negated = false;
  return NO;
}

function combineAnd(left: Places, right: Places, leftBy: number, rightBy: number, places: Places | null): Answer {
  if (left.negated && right.negated) {
    collect(left, right, BOTH | LEFT_ONLY | RIGHT_ONLY, leftBy, rightBy, places);
    if (places !== null) places.negated = true;
    return YES;
  }
  if (left.negated) return collect(left, right, RIGHT_ONLY, leftBy, rightBy, places);
  if (right.negated) return collect(left, right, LEFT_ONLY, leftBy, rightBy, places);
  return collect(left, right, BOTH, leftBy, rightBy, places);
}

function combineOr(left: Places, right: Places, leftBy: number, rightBy: number, places: Places | null): Answer {
  if (!left.negated && !right.negated) {
    return collect(left, right, BOTH | LEFT_ONLY | RIGHT_ONLY, leftBy, rightBy, places);
  }
  const which = left.negated ? (right.negated ? BOTH : LEFT_ONLY) : RIGHT_ONLY;
  collect(left, right, which, leftBy, rightBy, places);
  if (places !== null) places.negated = true;
  return YES;
}

function collect(
  left: Places,
  right: Places,
  which: number,
  leftBy: number,
  rightBy: number,
  places: Places | null,
): Answer {
  const found: number[] = [];
  let i = 0;
  let j = 0;
  while (i < left.positions.length || j < right.positions.length) {
    const a = i < left.positions.length ? left.positions[i] + leftBy : Infinity;
    const b = j < right.positions.length ? right.positions[j] + rightBy : Infinity;
    const kind = a < b ? LEFT_ONLY : a === b ? BOTH : RIGHT_ONLY;
    if (a <= b) i++;
    if (b <= a) j++;
    if ((which & kind) === 0) continue;
    if (places === null) return YES;
    found.push(Math.min(a, b));
  }
  if (places !== null) places.positions = found;
  return found.length > 0 ? YES : NO;
}
