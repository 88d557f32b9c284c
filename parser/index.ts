/** SQL text to AST. What other folders may use of the parser. */
import type { Expression, Statement, TypeName } from './ast.ts';
import { SqlParser } from './grammar.ts';
import { stackDepthError } from './scan-errors.ts';
import type { StringRules } from './strings.ts';

export type * from './ast.ts';
export { deparse, printType, quoteIdentifier, quoteLiteral } from './deparse.ts';
export { printXml, printXmlTable, type XmlParts } from './deparse-xml.ts';
export { mentionsKeptRow } from './kept-rows.ts';
export { plainCall } from './precedence.ts';
export { errorPosition } from './scan-errors.ts';
export { type LiftedLiteral, statementShape } from './shape.ts';
export type { StringRules } from './strings.ts';

let parser: SqlParser | null = null;

/** Makes the parser (some milliseconds); otherwise the first parse() does. */
export function prepareParser(): SqlParser {
  if (parser === null) parser = new SqlParser();
  return parser;
}

/** All statements of a text; empty ones are left out. Throws SqlError: 42601 with a position, 54001 for deep nesting. */
export function parse(text: string, rules?: StringRules): readonly Statement[] {
  const known = prepareParser();
  try {
    return known.parseStatements(text, rules);
  } catch (error) {
    throw translate(error);
  }
}

/** One expression, the whole text. */
export function parseExpression(text: string): Expression {
  const known = prepareParser();
  try {
    return known.parseExpression(text);
  } catch (error) {
    throw translate(error);
  }
}

/** The name of a type, the whole text. */
export function parseTypeName(text: string): TypeName {
  const known = prepareParser();
  try {
    return known.parseTypeName(text);
  } catch (error) {
    throw translate(error);
  }
}

/** Nesting is counted; should the caller's own stack be nearly full, the engine's limit counts as ours. */
function translate(error: unknown): unknown {
  return error instanceof RangeError && /call stack/i.test(error.message) ? stackDepthError() : error;
}
