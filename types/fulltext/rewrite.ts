/**
 * ts_rewrite: replaces a query within a query. After: PostgreSQL, utils/adt/tsquery_rewrite.c and tsquery_util.c.
 *
 * AND and OR are flattened to nodes of any number of children, and their children sorted, so that equal sets of operands are equal lists;
 * the pattern may then be some of a node's children. What was put in is not looked into again.
 */
import { Buffer } from 'node:buffer';
import { lexemeChecksum, OPERATOR_CODES, type QueryNode, type QueryOperand } from './tsquery.ts';

interface OperatorNode {
  readonly kind: 'not' | 'and' | 'or' | 'phrase';
  readonly distance: number;
  /** As in the binary form: the right side first. */
  children: Node[];
  isFixed: boolean;
}
interface OperandNode {
  readonly kind: 'operand';
  readonly operand: QueryOperand;
  isFixed: boolean;
}
type Node = OperatorNode | OperandNode;

function fromQuery(query: QueryNode): Node {
  if (query.kind === 'operand') return { kind: 'operand', operand: query, isFixed: false };
  const distance = query.kind === 'phrase' ? query.distance : 0;
  const children = query.kind === 'not' ? [fromQuery(query.argument)] : [fromQuery(query.right), fromQuery(query.left)];
  return { kind: query.kind, distance, children, isFixed: false };
}

/** a & (b & c) is one node with three children. */
function flatten(node: Node): void {
  if (node.kind === 'operand') return;
  for (const child of node.children) flatten(child);
  if (node.kind !== 'and' && node.kind !== 'or') return;
  node.children = node.children.flatMap((child) => (child.kind === node.kind ? child.children : [child]));
}

/** -1, 0, 1: operators before operands, then by operator, number of children, children. */
function compare(a: Node, b: Node): number {
  if (a.kind === 'operand' || b.kind === 'operand') {
    if (a.kind !== 'operand') return -1;
    if (b.kind !== 'operand') return 1;
    const [left, right] = [lexemeChecksum(a.operand.lexeme), lexemeChecksum(b.operand.lexeme)];
    if (left !== right) return left > right ? -1 : 1;
    return Buffer.compare(a.operand.lexeme, b.operand.lexeme);
  }
  if (a.kind !== b.kind) return OPERATOR_CODES[a.kind] > OPERATOR_CODES[b.kind] ? -1 : 1;
  if (a.children.length !== b.children.length) return a.children.length > b.children.length ? -1 : 1;
  for (let i = 0; i < a.children.length; i++) {
    const order = compare(a.children[i], b.children[i]);
    if (order !== 0) return order;
  }
  return a.distance === b.distance ? 0 : a.distance > b.distance ? -1 : 1;
}

function sort(node: Node): void {
  if (node.kind === 'operand') return;
  for (const child of node.children) sort(child);
  if (node.kind !== 'phrase') node.children.sort(compare);
}

function toQuery(node: Node): QueryNode {
  if (node.kind === 'operand') return node.operand;
  if (node.kind === 'not') return { kind: 'not', argument: toQuery(node.children[0]) };
  const [right, left, ...more] = node.children.map(toQuery);
  if (node.kind === 'phrase') return { kind: 'phrase', left, right, distance: node.distance };
  // The first two become one, which takes the first place; the last child takes the second.
  let first: QueryNode = right;
  let second: QueryNode = left;
  while (more.length > 0) {
    first = { kind: node.kind, left: second, right: first };
    second = more.pop() as QueryNode;
  }
  return { kind: node.kind, left: second, right: first };
}

function replacement(substitute: QueryNode | null): Node | null {
  if (substitute === null) return null;
  const node = fromQuery(substitute);
  node.isFixed = true;
  return node;
}

/** The node itself, or some of its children, where they are the pattern. */
function replaceHere(node: Node, pattern: Node, substitute: QueryNode | null): Node | null {
  if (node.isFixed) return node;
  if (node.kind === 'operand' || pattern.kind === 'operand') {
    return node.kind === pattern.kind && compare(node, pattern) === 0 ? replacement(substitute) : node;
  }
  if (node.kind !== pattern.kind) return node;
  if (node.children.length === pattern.children.length) {
    return compare(node, pattern) === 0 ? replacement(substitute) : node;
  }
  if (node.children.length < pattern.children.length) return node;
  const rest: Node[] = [];
  let matched = 0;
  for (const child of node.children) {
    if (matched < pattern.children.length && compare(child, pattern.children[matched]) === 0) matched++;
    else rest.push(child);
  }
  if (matched < pattern.children.length) return node;
  const added = replacement(substitute);
  node.children = added === null ? rest : [...rest, added];
  sort(node);
  return node;
}

function replace(root: Node, pattern: Node, substitute: QueryNode | null): Node | null {
  const node = replaceHere(root, pattern, substitute);
  if (node === null || node.isFixed || node.kind === 'operand') return node;
  node.children = node.children.flatMap((child) => replace(child, pattern, substitute) ?? []);
  if (node.children.length === 0) return null;
  return node.children.length === 1 && node.kind !== 'not' ? node.children[0] : node;
}

/** The query with the operands of each AND and OR in the order in which they are compared. */
export function sortedQuery(query: QueryNode): QueryNode {
  const tree = fromQuery(query);
  flatten(tree);
  sort(tree);
  return toQuery(tree);
}

/** The query with `pattern` replaced; a null substitute takes it away, null: nothing is left. */
export function rewriteQuery(query: QueryNode, pattern: QueryNode, substitute: QueryNode | null): QueryNode | null {
  const tree = fromQuery(query);
  const sought = fromQuery(pattern);
  for (const node of [tree, sought]) {
    flatten(node);
    sort(node);
  }
  const result = replace(tree, sought, substitute);
  return result === null ? null : toQuery(result);
}
