/** XPath 1.0 expressions, as the parser makes them. */

export type Axis =
  | 'ancestor'
  | 'ancestor-or-self'
  | 'attribute'
  | 'child'
  | 'descendant'
  | 'descendant-or-self'
  | 'following'
  | 'following-sibling'
  | 'namespace'
  | 'parent'
  | 'preceding'
  | 'preceding-sibling'
  | 'self';

export type NodeTest =
  /** name: '*' for any; prefix: null where none is written. */
  | { readonly kind: 'name'; readonly prefix: string | null; readonly name: string }
  | { readonly kind: 'node' | 'text' | 'comment' }
  | { readonly kind: 'processing-instruction'; readonly target: string | null };

export interface Step {
  readonly axis: Axis;
  readonly test: NodeTest;
  readonly predicates: readonly XPath[];
}

export type BinaryOperator =
  | 'or'
  | 'and'
  | '='
  | '!='
  | '<'
  | '<='
  | '>'
  | '>='
  | '+'
  | '-'
  | '*'
  | 'div'
  | 'mod'
  | '|';

export type XPath =
  | { readonly kind: 'number'; readonly value: number }
  | { readonly kind: 'string'; readonly value: string }
  | { readonly kind: 'variable' }
  | { readonly kind: 'negate'; readonly arg: XPath }
  | { readonly kind: 'binary'; readonly operator: BinaryOperator; readonly left: XPath; readonly right: XPath }
  | { readonly kind: 'call'; readonly prefix: string | null; readonly name: string; readonly args: readonly XPath[] }
  | { readonly kind: 'filter'; readonly base: XPath; readonly predicates: readonly XPath[] }
  /** start: the document, the context node, or the nodes of an expression. */
  | { readonly kind: 'path'; readonly start: 'root' | 'context' | XPath; readonly steps: readonly Step[] };

/** What is wrong with an expression or its evaluation, in libxml2's words. */
export class XPathError extends Error {
  override readonly name = 'XPathError';
}
