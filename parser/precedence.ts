/**
 * Operator precedence: operands and operators, in the order read, to a tree, in one pass.
 *
 * The levels are those of PostgreSQL 15's gram.y, weakest first:
 *
 *     1 OR   2 AND   3 NOT   4 IS ISNULL NOTNULL   5 < > = <= >= <>   6 BETWEEN IN LIKE ILIKE SIMILAR   7 ESCAPE
 *     8 any other operator   9 + -   10 * / %   11 ^   12 AT (TIME ZONE)   13 COLLATE   14 unary + -   15 [   17 ::
 *
 * Levels 4 to 7 do not associate: `a < b < c` is an error at the second `<`. An operator waits on a stack until one comes
 * that binds no tighter (bison's rule: reduce when the waiting one is stronger, or equal and left-associative; shift when it
 * is weaker; equal and non-associative is an error). So NOT, though weak, may stand after a strong operator: `a = NOT b`.
 */
import type { Expression, FunctionCall, IntegerLiteral, NumericLiteral } from './ast.ts';
import * as T from './token-types.ts';

export const OR_LEVEL = 1;
export const AND_LEVEL = 2;
export const NOT_LEVEL = 3;
export const IS_LEVEL = 4;
const COMPARISON_LEVEL = 5;
export const LIKE_LEVEL = 6;
const ESCAPE_LEVEL = 7;
export const OPERATOR_LEVEL = 8;
export const AT_LEVEL = 12;
const COLLATE_LEVEL = 13;
export const UNARY_LEVEL = 14;
/** `row OVERLAPS row` is complete in itself. */
const OVERLAPS_LEVEL = 16;
const TYPECAST_LEVEL = 17;

/** Level of a token that may follow an operand, by token type; 0: it ends the expression. */
export const LEVELS = new Uint8Array(T.TOKEN_TYPE_COUNT);
for (const [type, level] of [
  [T.OR, OR_LEVEL],
  [T.AND, AND_LEVEL],
  [T.IS, IS_LEVEL],
  [T.ISNULL, IS_LEVEL],
  [T.NOTNULL, IS_LEVEL],
  [T.LESS, COMPARISON_LEVEL],
  [T.GREATER, COMPARISON_LEVEL],
  [T.EQUALS, COMPARISON_LEVEL],
  [T.LESS_EQUALS, COMPARISON_LEVEL],
  [T.GREATER_EQUALS, COMPARISON_LEVEL],
  [T.NOT_EQUALS, COMPARISON_LEVEL],
  [T.BETWEEN, LIKE_LEVEL],
  [T.IN, LIKE_LEVEL],
  [T.LIKE, LIKE_LEVEL],
  [T.ILIKE, LIKE_LEVEL],
  [T.SIMILAR, LIKE_LEVEL],
  [T.NOT_LA, LIKE_LEVEL],
  [T.ESCAPE, ESCAPE_LEVEL],
  [T.OPERATOR_SYMBOL, OPERATOR_LEVEL],
  [T.OPERATOR, OPERATOR_LEVEL],
  [T.PLUS, 9],
  [T.MINUS, 9],
  [T.STAR, 10],
  [T.SLASH, 10],
  [T.PERCENT, 10],
  [T.CARET, 11],
  [T.AT, AT_LEVEL],
  [T.COLLATE, COLLATE_LEVEL],
  [T.OVERLAPS, OVERLAPS_LEVEL],
  [T.TYPECAST, TYPECAST_LEVEL],
] as const) {
  LEVELS[type] = level;
}

/** What may follow an operand in a basic expression (b_expr): no AND, OR, NOT, IN, LIKE, BETWEEN, COLLATE, IS NULL. */
export const BASIC_LEVELS = new Uint8Array(T.TOKEN_TYPE_COUNT);
for (const type of [
  T.IS,
  T.LESS,
  T.GREATER,
  T.EQUALS,
  T.LESS_EQUALS,
  T.GREATER_EQUALS,
  T.NOT_EQUALS,
  T.OPERATOR_SYMBOL,
  T.OPERATOR,
  T.PLUS,
  T.MINUS,
  T.STAR,
  T.SLASH,
  T.PERCENT,
  T.CARET,
  T.TYPECAST,
]) {
  BASIC_LEVELS[type] = LEVELS[type];
}

/** The name of a symbol operator by token type; '' for those whose token says it. */
export const SYMBOL_NAMES: readonly string[] = symbolNames();
function symbolNames(): string[] {
  const names: string[] = new Array(T.TOKEN_TYPE_COUNT).fill('');
  names[T.LESS] = '<';
  names[T.GREATER] = '>';
  names[T.EQUALS] = '=';
  names[T.LESS_EQUALS] = '<=';
  names[T.GREATER_EQUALS] = '>=';
  names[T.NOT_EQUALS] = '<>';
  names[T.PLUS] = '+';
  names[T.MINUS] = '-';
  names[T.STAR] = '*';
  names[T.SLASH] = '/';
  names[T.PERCENT] = '%';
  names[T.CARET] = '^';
  return names;
}

export function associatesLeft(level: number): boolean {
  return level < IS_LEVEL || level >= OPERATOR_LEVEL;
}

/** An operator that waits for its right operand. */
export type Pending =
  | {
      readonly kind: 'binary' | 'prefix';
      readonly level: number;
      readonly operator: string;
      readonly schema: string | null;
      readonly position: number;
    }
  | { readonly kind: 'and' | 'or' | 'not' | 'atTimeZone'; readonly level: number; readonly position: number }
  | {
      readonly kind: 'like' | 'escape';
      readonly level: number;
      readonly operator: 'like' | 'ilike' | 'similar';
      readonly negated: boolean;
      readonly position: number;
      /** The pattern, when kind is escape. */
      readonly pattern: Expression | null;
    }
  | {
      readonly kind: 'between';
      readonly level: number;
      readonly lower: Expression;
      readonly symmetric: boolean;
      readonly negated: boolean;
      readonly position: number;
    }
  | { readonly kind: 'distinct'; readonly level: number; readonly negated: boolean; readonly position: number };

/** One operator applied. `left` is null for prefix operators and NOT. */
export function applyPending(pending: Pending, left: Expression | null, right: Expression): Expression {
  const position = pending.position;
  switch (pending.kind) {
    case 'binary':
      return { kind: 'operator', operator: pending.operator, schema: pending.schema, left, right, position };
    case 'prefix':
      if (pending.operator === '-' && pending.schema === null) {
        if (right.kind === 'integer' || right.kind === 'numeric') return negateLiteral(right, position);
      }
      return { kind: 'operator', operator: pending.operator, schema: pending.schema, left: null, right, position };
    case 'not':
      return { kind: 'not', arg: right, position };
    case 'and':
    case 'or': {
      // a AND b AND c grows one node. The node is this parse's own, so its list may grow.
      if (left !== null && left.kind === pending.kind) {
        (left.args as Expression[]).push(right);
        return left;
      }
      return { kind: pending.kind, args: [left!, right], position };
    }
    case 'atTimeZone':
      return makeCall(['pg_catalog', 'timezone'], [right, left!], position);
    case 'like':
      return like(pending, left!, right, null);
    case 'escape':
      return like(pending, left!, pending.pattern!, right);
    case 'between':
      return {
        kind: 'between',
        arg: left!,
        lower: pending.lower,
        upper: right,
        symmetric: pending.symmetric,
        negated: pending.negated,
        position,
      };
    case 'distinct':
      return { kind: 'isDistinct', left: left!, right, negated: pending.negated, position };
  }
}

function like(
  pending: Extract<Pending, { kind: 'like' | 'escape' }>,
  left: Expression,
  pattern: Expression,
  escapeWith: Expression | null,
): Expression {
  const { operator, negated, position } = pending;
  return { kind: 'like', operator, negated, left, pattern, escape: escapeWith, position };
}

/** A minus sign before a number makes a constant, as PostgreSQL's doNegate does. */
function negateLiteral(literal: IntegerLiteral | NumericLiteral, position: number): Expression {
  const negative = !literal.negative;
  const { literalIndex } = literal;
  if (literal.kind === 'integer') {
    const value = typeof literal.value === 'bigint' ? -literal.value : literal.value === 0 ? 0 : -literal.value;
    if (value === 9223372036854775808n) {
      return { kind: 'numeric', value: '9223372036854775808', negative, literalIndex, position };
    }
    return { kind: 'integer', value, negative, literalIndex, position };
  }
  if (literal.value === '9223372036854775808') {
    return { kind: 'integer', value: -9223372036854775808n, negative, literalIndex, position };
  }
  const value = literal.value.startsWith('-') ? literal.value.slice(1) : `-${literal.value}`;
  return { kind: 'numeric', value, negative, literalIndex, position };
}

/** A call in special syntax. */
export function makeCall(name: readonly string[], args: readonly Expression[], position: number): Expression {
  return { ...plainCall(name, args, position), sqlSyntax: true };
}

/** A call f(args) as it could have been written. */
export function plainCall(name: readonly string[], args: readonly Expression[], position: number): FunctionCall {
  return {
    kind: 'function',
    name,
    args,
    argNames: null,
    star: false,
    distinct: false,
    variadic: false,
    orderBy: [],
    withinGroup: false,
    filter: null,
    over: null,
    sqlSyntax: false,
    position,
  };
}
