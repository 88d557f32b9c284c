/** What an operator class is made of: terms of values, and terms that a query wants. */
import type { FunctionContext, Value } from '../../catalog/function-entry.ts';
import type { TermNode, TermQuery } from './term-query.ts';
import type { TermWriter } from './terms.ts';

export interface TermExtractor {
  /** Its terms are numbers: an index of such columns only has number keys. */
  readonly usesNumbers: boolean;
  /** Writes the terms of a value that is not NULL; none: it is empty. */
  extract(value: Value, writer: TermWriter): void;
  /** The same from the bytes as which the value is stored; absent where they must be decoded. */
  extractStored?(bytes: Uint8Array, start: number, end: number, writer: TermWriter): void;
  /** Which rows may satisfy `column OPERATOR value`; the value is not NULL. */
  query(strategy: number, value: Value, maker: QueryMaker, context: FunctionContext): TermQuery;
}

/** Term nodes of the terms that `write` writes, each once, in that order. */
export type QueryMaker = (write: (writer: TermWriter) => void) => TermNode[];
