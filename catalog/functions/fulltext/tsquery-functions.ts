/** Functions and operators of tsquery. */
import { DISTANCE_MAX, outputTsquery } from '../../../types/fulltext/codecs.ts';
import { rewriteQuery } from '../../../types/fulltext/rewrite.ts';
import {
  compareTsqueries,
  encodeTsquery,
  type QueryNode,
  queryNodeCount,
  tsqueryTree,
} from '../../../types/fulltext/tsquery.ts';
import { decodeText, sqlError } from '../../../types/index.ts';
import type { FunctionModule } from '../module.ts';

/** Of an empty query and another the other stays. */
function join(a: Uint8Array, b: Uint8Array, combine: (left: QueryNode, right: QueryNode) => QueryNode): Uint8Array {
  const left = tsqueryTree(a);
  const right = tsqueryTree(b);
  if (left === null) return b;
  return right === null ? a : encodeTsquery(combine(left, right));
}

function phrase(a: Uint8Array, b: Uint8Array, distance: number): Uint8Array {
  if (distance < 0 || distance > DISTANCE_MAX) {
    throw sqlError(
      '22023',
      `distance in phrase operator must be an integer value between zero and ${DISTANCE_MAX} inclusive`,
    );
  }
  return join(a, b, (left, right) => ({ kind: 'phrase', left, right, distance }));
}

function not(query: Uint8Array): Uint8Array {
  const argument = tsqueryTree(query);
  return argument === null ? query : encodeTsquery({ kind: 'not', argument });
}

/** What an index can find by: without NOT, and OR only where both sides are left. */
function withoutNot(node: QueryNode): QueryNode | null {
  if (node.kind === 'operand') return node;
  if (node.kind === 'not') return null;
  const left = withoutNot(node.left);
  const right = withoutNot(node.right);
  if (left === null || right === null) return node.kind === 'or' ? null : (left ?? right);
  return { ...node, left, right };
}

function queryTree(query: Uint8Array): string {
  const tree = tsqueryTree(query);
  if (tree === null) return '';
  const left = withoutNot(tree);
  return left === null ? 'T' : outputTsquery(encodeTsquery(left));
}

function rewrite(query: Uint8Array, pattern: Uint8Array, substitute: Uint8Array): Uint8Array {
  const tree = tsqueryTree(query);
  const sought = tsqueryTree(pattern);
  if (tree === null || sought === null) return query;
  return encodeTsquery(rewriteQuery(tree, sought, tsqueryTree(substitute)));
}

function wordsOf(query: Uint8Array): Set<string> {
  const words = new Set<string>();
  const visit = (node: QueryNode): void => {
    if (node.kind === 'operand') words.add(decodeText(node.lexeme, 0, node.lexeme.length));
    else if (node.kind === 'not') visit(node.argument);
    else {
      visit(node.left);
      visit(node.right);
    }
  };
  const tree = tsqueryTree(query);
  if (tree !== null) visit(tree);
  return words;
}

function contains(a: Uint8Array, b: Uint8Array): boolean {
  const words = wordsOf(a);
  for (const word of wordsOf(b)) if (!words.has(word)) return false;
  return true;
}

export const tsqueryFunctions: FunctionModule = {
  plain: {
    tsquery_eq: (a: Uint8Array, b: Uint8Array) => compareTsqueries(a, b) === 0,
    tsquery_ne: (a: Uint8Array, b: Uint8Array) => compareTsqueries(a, b) !== 0,
    tsquery_lt: (a: Uint8Array, b: Uint8Array) => compareTsqueries(a, b) < 0,
    tsquery_le: (a: Uint8Array, b: Uint8Array) => compareTsqueries(a, b) <= 0,
    tsquery_gt: (a: Uint8Array, b: Uint8Array) => compareTsqueries(a, b) > 0,
    tsquery_ge: (a: Uint8Array, b: Uint8Array) => compareTsqueries(a, b) >= 0,
    tsquery_cmp: (a: Uint8Array, b: Uint8Array) => Math.sign(compareTsqueries(a, b)),
    tsquery_and: (a: Uint8Array, b: Uint8Array) => join(a, b, (left, right) => ({ kind: 'and', left, right })),
    tsquery_or: (a: Uint8Array, b: Uint8Array) => join(a, b, (left, right) => ({ kind: 'or', left, right })),
    tsquery_phrase: (a: Uint8Array, b: Uint8Array) => phrase(a, b, 1),
    tsquery_phrase_distance: phrase,
    tsquery_not: not,
    tsquery_numnode: queryNodeCount,
    tsquerytree: queryTree,
    tsquery_rewrite: rewrite,
    tsq_mcontains: contains,
    tsq_mcontained: (a: Uint8Array, b: Uint8Array) => contains(b, a),
  },
};
