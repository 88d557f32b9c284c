/** SQL text to AST. What other folders may use of the parser. */
import type { Expression, Query, Statement } from './ast.ts';

export type * from './ast.ts';

/** A literal as statementShape() lifts it. */
export interface LiftedLiteral {
  readonly kind: 'int4' | 'int8' | 'numeric' | 'string';
  /** int4 and int8: number, bigint beyond safe integers. numeric: the text. string: its value. */
  readonly value: number | bigint | string;
}
export interface StatementShape {
  readonly shape: string;
  readonly literals: readonly LiftedLiteral[];
}

export declare function parse(text: string): readonly Statement[];
export declare function parseExpression(text: string): Expression;
export declare function statementShape(text: string): StatementShape | null;
export declare function deparse(node: Expression | Query): string;
/** UTF-16 offset (an AST position) to the one-based character position of an error. */
export declare function errorPosition(text: string, offset: number): number;
