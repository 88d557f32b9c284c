/** Terms of a tsvector: its lexemes, as bytes, so that a prefix is a range of the dictionary. Positions and weights are not in the index. */
import type { Value } from '../../catalog/function-entry.ts';
import { lexemeCount, lexemeLength, lexemeStart } from '../../types/fulltext/tsvector.ts';
import { type TermExpression, tsqueryTerms } from '../../types/index.ts';
import type { QueryMaker, TermExtractor } from './extractor.ts';
import { ALL, allOf, anyOf, NONE, noneOf, type TermNode } from './term-query.ts';
import { KIND_TERM, type TermWriter } from './terms.ts';

function write(bytes: Uint8Array, start: number, end: number, writer: TermWriter): void {
  const key = writer.begin(KIND_TERM);
  key.reserve(end - start);
  const target = key.bytes;
  let length = key.length;
  for (let i = start; i < end; i++) target[length++] = bytes[i];
  key.length = length;
  writer.end();
}

function extract(vector: Uint8Array, writer: TermWriter): void {
  const count = lexemeCount(vector);
  for (let i = 0; i < count; i++) {
    const start = lexemeStart(vector, count, i);
    write(vector, start, start + lexemeLength(vector, i), writer);
  }
}

function nodeOf(expression: TermExpression, make: QueryMaker): TermNode {
  const term = (bytes: Uint8Array): TermNode => make((writer) => write(bytes, 0, bytes.length, writer))[0];
  switch (expression.kind) {
    case 'term':
      return term(expression.term);
    case 'prefix': {
      const node = term(expression.prefix);
      return node.kind === 'term' ? { kind: 'prefix', key: node.key } : node;
    }
    case 'and':
      return allOf(expression.parts.map((part) => nodeOf(part, make)));
    case 'or':
      return anyOf(expression.parts.map((part) => nodeOf(part, make)));
    case 'not':
      return noneOf(nodeOf(expression.part, make));
    case 'all':
      return ALL;
    case 'none':
      return NONE;
  }
}

export const TSVECTOR_OPS: TermExtractor = {
  usesNumbers: false,
  extract: (value, writer) => extract(value as Uint8Array, writer),
  extractStored: (bytes, start, end, writer) => extract(bytes.subarray(start, end), writer),
  query(_strategy: number, value: Value, make) {
    const { expression, needsRecheck } = tsqueryTerms(value as Uint8Array);
    return { node: nodeOf(expression, make), isExact: !needsRecheck };
  },
};
