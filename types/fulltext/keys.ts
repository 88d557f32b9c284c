/** Index keys of tsvector and tsquery: bytes in the order of compareTsvectors and compareTsqueries. */
import type { ByteWriter } from '../byte-writer.ts';
import {
  internalSize,
  lexemeChecksum,
  OPERATOR_CODES,
  type QueryNode,
  queryNodeCount,
  tsqueryTree,
} from './tsquery.ts';
import { lexemesOf, POSITION_MAX } from './tsvector.ts';

export function writeTsvectorKey(vector: Uint8Array, writer: ByteWriter): void {
  const lexemes = lexemesOf(vector);
  writer.int32(vector.length);
  writer.int32(lexemes.length);
  for (const { bytes, positions } of lexemes) {
    writer.uint8(positions === null ? 1 : 0);
    writer.write(bytes);
    writer.uint8(0);
    if (positions === null) continue;
    writer.int16(0xffff - positions.length);
    for (const position of positions) {
      writer.int16(POSITION_MAX - (position & POSITION_MAX));
      writer.uint8(3 - (position >>> 14));
    }
  }
}

export function writeTsqueryKey(query: Uint8Array, writer: ByteWriter): void {
  writer.int32(queryNodeCount(query));
  writer.int32(internalSize(query));
  const tree = tsqueryTree(query);
  if (tree !== null) writeNode(tree, writer);
}

function writeNode(node: QueryNode, writer: ByteWriter): void {
  if (node.kind === 'operand') {
    writer.uint8(1);
    // Signed and descending: all bits but the sign flipped.
    writer.int32(lexemeChecksum(node.lexeme) ^ 0x7fffffff);
    writer.write(node.lexeme);
    writer.uint8(0);
    return;
  }
  writer.uint8(0);
  writer.uint8(255 - OPERATOR_CODES[node.kind]);
  if (node.kind === 'not') {
    writeNode(node.argument, writer);
    return;
  }
  writeNode(node.right, writer);
  writeNode(node.left, writer);
  if (node.kind === 'phrase') writer.int16(0xffff - node.distance);
}
