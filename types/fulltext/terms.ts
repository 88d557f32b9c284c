/**
 * What an inverted index needs of full text: the terms of a tsvector, and a tsquery as an expression over posting lists.
 */

import { type QueryNode, tsqueryTree } from './tsquery.ts';
import { lexemeBytes, lexemeCount } from './tsvector.ts';

/** The lexemes of a tsvector in byte order, none twice; not copied. */
export function tsvectorTerms(vector: Uint8Array): Uint8Array[] {
  const count = lexemeCount(vector);
  const terms: Uint8Array[] = [];
  for (let i = 0; i < count; i++) terms.push(lexemeBytes(vector, count, i));
  return terms;
}

/** Which rows may match, over the posting lists of terms. */
export type TermExpression =
  | { readonly kind: 'term'; readonly term: Uint8Array }
  /** All terms that begin so. */
  | { readonly kind: 'prefix'; readonly prefix: Uint8Array }
  | { readonly kind: 'and' | 'or'; readonly parts: readonly TermExpression[] }
  /** All rows but those: only over parts that are exact. */
  | { readonly kind: 'not'; readonly part: TermExpression }
  /** Every row; no row. */
  | { readonly kind: 'all' | 'none' };

export interface TermQuery {
  readonly expression: TermExpression;
  /** Rows found must be looked at again: phrases and weights are not in the index. */
  readonly needsRecheck: boolean;
}

const ALL: TermExpression = { kind: 'all' };
const NONE: TermExpression = { kind: 'none' };

export function tsqueryTerms(query: Uint8Array): TermQuery {
  const tree = tsqueryTree(query);
  return tree === null ? { expression: NONE, needsRecheck: false } : termsOf(tree);
}

function termsOf(node: QueryNode): TermQuery {
  switch (node.kind) {
    case 'operand': {
      const expression: TermExpression = node.prefix
        ? { kind: 'prefix', prefix: node.lexeme }
        : { kind: 'term', term: node.lexeme };
      return { expression, needsRecheck: node.weights !== 0 };
    }
    case 'not': {
      const part = termsOf(node.argument);
      // A superset's complement says nothing.
      if (part.needsRecheck) return { expression: ALL, needsRecheck: true };
      return { expression: negate(part.expression), needsRecheck: false };
    }
    case 'phrase':
      // A phrase over NOT may hold where its word is elsewhere in the row: then only the other side tells.
      return { expression: both(phraseTerms(node.left), phraseTerms(node.right)), needsRecheck: true };
    default: {
      const left = termsOf(node.left);
      const right = termsOf(node.right);
      const needsRecheck = left.needsRecheck || right.needsRecheck;
      const combine = node.kind === 'and' ? both : either;
      return { expression: combine(left.expression, right.expression), needsRecheck };
    }
  }
}

/** What a row must have for a part of a phrase to match somewhere. */
function phraseTerms(node: QueryNode): TermExpression {
  switch (node.kind) {
    case 'operand':
      return termsOf(node).expression;
    case 'not':
      return ALL;
    case 'or':
      return either(phraseTerms(node.left), phraseTerms(node.right));
    default:
      return both(phraseTerms(node.left), phraseTerms(node.right));
  }
}

function negate(expression: TermExpression): TermExpression {
  if (expression.kind === 'all') return NONE;
  if (expression.kind === 'none') return ALL;
  return expression.kind === 'not' ? expression.part : { kind: 'not', part: expression };
}

function partsOf(kind: 'and' | 'or', expression: TermExpression): readonly TermExpression[] {
  return expression.kind === kind ? expression.parts : [expression];
}

function both(left: TermExpression, right: TermExpression): TermExpression {
  if (left.kind === 'all' || right.kind === 'none') return right;
  if (right.kind === 'all' || left.kind === 'none') return left;
  return { kind: 'and', parts: [...partsOf('and', left), ...partsOf('and', right)] };
}

function either(left: TermExpression, right: TermExpression): TermExpression {
  if (left.kind === 'all' || right.kind === 'none') return left;
  if (right.kind === 'all' || left.kind === 'none') return right;
  return { kind: 'or', parts: [...partsOf('or', left), ...partsOf('or', right)] };
}
