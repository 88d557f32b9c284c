/**
 * tsquery: at run time and in storage the bytes of PostgreSQL's binary form; a tree when it is looked into.
 *
 *     i32 nodes, big endian; then the tree from its root, of operators the right side before the left
 *     operand    01, u8 weights (bits 0 D .. 3 A; 0: any), u8 1 for a prefix, the lexeme's UTF-8, 00
 *     operator   02, u8 1 NOT, 2 AND, 3 OR, 4 PHRASE; of PHRASE i16 distance
 */
import { Buffer } from 'node:buffer';
import { ByteWriter, readInt16, readInt32 } from '../byte-writer.ts';

export interface QueryOperand {
  readonly kind: 'operand';
  readonly lexeme: Uint8Array;
  /** Bits 0 D, 1 C, 2 B, 3 A; 0: any, and no position needed. */
  readonly weights: number;
  readonly prefix: boolean;
}

export interface QueryNot {
  readonly kind: 'not';
  readonly argument: QueryNode;
}

export interface QueryPair {
  readonly kind: 'and' | 'or';
  readonly left: QueryNode;
  readonly right: QueryNode;
}

/** The right side begins `distance` positions after the left one ends. */
export interface QueryPhrase {
  readonly kind: 'phrase';
  readonly left: QueryNode;
  readonly right: QueryNode;
  readonly distance: number;
}

export type QueryNode = QueryOperand | QueryNot | QueryPair | QueryPhrase;

export const EMPTY_TSQUERY: Uint8Array = new Uint8Array(4);

const OPERAND = 1;
const OPERATOR = 2;
export const OPERATOR_CODES = { not: 1, and: 2, or: 3, phrase: 4 } as const;
const KINDS = ['operand', 'not', 'and', 'or', 'phrase'] as const;

export function queryNodeCount(query: Uint8Array): number {
  return readInt32(query, 0);
}

export function encodeTsquery(root: QueryNode | null): Uint8Array {
  if (root === null) return EMPTY_TSQUERY;
  const writer = new ByteWriter(64);
  writeTsquery(root, writer);
  return writer.toBytes();
}

/** The number of nodes, and the nodes. */
export function writeTsquery(root: QueryNode | null, writer: ByteWriter): void {
  const start = writer.length;
  writer.int32(0);
  const count = root === null ? 0 : writeNode(root, writer);
  const end = writer.length;
  writer.length = start;
  writer.int32(count);
  writer.length = end;
}

function writeNode(node: QueryNode, writer: ByteWriter): number {
  if (node.kind === 'operand') {
    writer.uint8(OPERAND);
    writer.uint8(node.weights);
    writer.uint8(node.prefix ? 1 : 0);
    writer.utf8(node.lexeme);
    writer.uint8(0);
    return 1;
  }
  writer.uint8(OPERATOR);
  writer.uint8(OPERATOR_CODES[node.kind]);
  if (node.kind === 'not') return 1 + writeNode(node.argument, writer);
  if (node.kind === 'phrase') writer.int16(node.distance);
  return 1 + writeNode(node.right, writer) + writeNode(node.left, writer);
}

/** Place of the reader below. */
let cursor = 0;

function readNode(bytes: Uint8Array): QueryNode {
  if (bytes[cursor++] === OPERAND) {
    const weights = bytes[cursor++];
    const prefix = bytes[cursor++] === 1;
    const start = cursor;
    while (bytes[cursor] !== 0) cursor++;
    const end = cursor++;
    return { kind: 'operand', lexeme: bytes.subarray(start, end), weights, prefix };
  }
  const kind = KINDS[bytes[cursor++]];
  if (kind === 'not') return { kind, argument: readNode(bytes) };
  let distance = 0;
  if (kind === 'phrase') {
    distance = readInt16(bytes, cursor) & 0xffff;
    cursor += 2;
  }
  const right = readNode(bytes);
  const left = readNode(bytes);
  return kind === 'phrase' ? { kind, left, right, distance } : { kind: kind as 'and' | 'or', left, right };
}

let lastQuery: Uint8Array = EMPTY_TSQUERY;
let lastTree: QueryNode | null = null;

/** Trees by a hash of their bytes: a column holds few queries, or each row another. Longer ones are not kept. */
const KEPT_COUNT = 64;
const KEPT_SIZE_MAX = 256;
const keptQueries: (Uint8Array | undefined)[] = [];
const keptTrees: QueryNode[] = [];

/** The tree of a query, null for the empty one. The last tree is kept: queries are mostly constants. */
export function tsqueryTree(query: Uint8Array): QueryNode | null {
  if (query === lastQuery) return lastTree;
  lastTree = queryNodeCount(query) === 0 ? null : keptTree(query);
  lastQuery = query;
  return lastTree;
}

function keptTree(query: Uint8Array): QueryNode {
  const { length } = query;
  if (length > KEPT_SIZE_MAX) return treeOf(query);
  let hash = length;
  for (let i = 4; i < length; i++) hash = (Math.imul(hash, 31) + query[i]) | 0;
  const place = (hash ^ (hash >>> 16)) & (KEPT_COUNT - 1);
  const known = keptQueries[place];
  if (known !== undefined && isSame(known, query)) return keptTrees[place];
  const tree = treeOf(query);
  keptQueries[place] = query;
  keptTrees[place] = tree;
  return tree;
}

function isSame(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

function treeOf(query: Uint8Array): QueryNode {
  cursor = 4;
  return readNode(query);
}

/** PostgreSQL's order: by number of nodes, then size, then node by node. */
export function compareTsqueries(a: Uint8Array, b: Uint8Array): number {
  const count = queryNodeCount(a);
  if (count !== queryNodeCount(b)) return count - queryNodeCount(b);
  const sizeA = internalSize(a);
  const sizeB = internalSize(b);
  if (sizeA !== sizeB) return sizeA - sizeB;
  if (count === 0) return 0;
  return compareQueryNodes(tsqueryTree(a) as QueryNode, tsqueryTree(b) as QueryNode);
}

/** What PostgreSQL's form would take: 12 bytes a node and the lexemes, each with a zero. */
export function internalSize(query: Uint8Array): number {
  let bytes = 0;
  const visit = (node: QueryNode): void => {
    if (node.kind === 'operand') bytes += node.lexeme.length + 1;
    else if (node.kind === 'not') visit(node.argument);
    else {
      visit(node.left);
      visit(node.right);
    }
  };
  const tree = tsqueryTree(query);
  if (tree !== null) visit(tree);
  return bytes + 12 * queryNodeCount(query);
}

/** The query as compareTsqueries sees it: of operands the lexemes only. */
export function unweightedTsquery(query: Uint8Array): Uint8Array {
  const plain = (node: QueryNode): QueryNode => {
    switch (node.kind) {
      case 'operand':
        return { ...node, weights: 0, prefix: false };
      case 'not':
        return { kind: 'not', argument: plain(node.argument) };
      default:
        return { ...node, left: plain(node.left), right: plain(node.right) };
    }
  };
  const tree = tsqueryTree(query);
  return encodeTsquery(tree === null ? null : plain(tree));
}

function children(node: QueryNode): readonly QueryNode[] {
  if (node.kind === 'operand') return [];
  return node.kind === 'not' ? [node.argument] : [node.right, node.left];
}

function compareQueryNodes(a: QueryNode, b: QueryNode): number {
  if (a.kind === 'operand' || b.kind === 'operand') {
    if (a.kind !== b.kind) return a.kind === 'operand' ? 1 : -1;
    const left = (a as QueryOperand).lexeme;
    const right = (b as QueryOperand).lexeme;
    // Operands are told apart by a checksum first, in an order that is PostgreSQL's own affair.
    const checksums = lexemeChecksum(left) - lexemeChecksum(right);
    return checksums !== 0 ? -checksums : Buffer.compare(left, right);
  }
  if (a.kind !== b.kind) return OPERATOR_CODES[b.kind] - OPERATOR_CODES[a.kind];
  const left = children(a);
  const right = children(b);
  for (let i = 0; i < left.length; i++) {
    const order = compareQueryNodes(left[i], right[i]);
    if (order !== 0) return order;
  }
  return a.kind === 'phrase' && b.kind === 'phrase' ? b.distance - a.distance : 0;
}

/** PostgreSQL's "legacy" CRC-32: the reflected table driven the other way round. Signed. */
export function lexemeChecksum(bytes: Uint8Array): number {
  return ~legacyCrc32(bytes, 0, bytes.length);
}

const CRC_TABLE = new Int32Array(256).map((_, index) => {
  let value = index;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  return value;
});

/** Without the last inversion; signed. */
export function legacyCrc32(bytes: Uint8Array, start: number, end: number): number {
  let crc = -1;
  for (let i = start; i < end; i++) crc = CRC_TABLE[((crc >>> 24) ^ bytes[i]) & 255] ^ (crc << 8);
  return crc;
}
