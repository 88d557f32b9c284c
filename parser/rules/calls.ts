/**
 * Operands (c_expr): constants, parameters, columns, function calls in ordinary and special syntax, CASE, CAST, ARRAY, ROW.
 *
 * PostgreSQL's column-name keywords (int, coalesce, row, ...) may also be plain column names; what follows them decides, by
 * looking at one more token.
 */
import type {
  CaseBranch,
  Expression,
  FunctionCall,
  OrderItem,
  QualifiedName,
  Query,
  SqlValueFunctionName,
  TypeName,
  WindowSpec,
} from '../ast.ts';
import { isInCategory } from '../keywords.ts';
import type { ParserRule } from '../parser-base.ts';
import { makeCall } from '../precedence.ts';
import type { Token } from '../scanner.ts';
import * as T from '../token-types.ts';
import { integerNode, makeType } from './types.ts';
import { XmlRules } from './xml.ts';

/** PostgreSQL's limit is 268,435,455; a Bind message has no more than 65,535. */
const PARAMETERS_MAX = 1_000_000;

const SQL_VALUE_FUNCTIONS = new Map<number, { readonly name: SqlValueFunctionName; readonly hasPrecision: boolean }>([
  [T.CURRENT_DATE, { name: 'current_date', hasPrecision: false }],
  [T.CURRENT_TIME, { name: 'current_time', hasPrecision: true }],
  [T.CURRENT_TIMESTAMP, { name: 'current_timestamp', hasPrecision: true }],
  [T.LOCALTIME, { name: 'localtime', hasPrecision: true }],
  [T.LOCALTIMESTAMP, { name: 'localtimestamp', hasPrecision: true }],
  [T.CURRENT_ROLE, { name: 'current_role', hasPrecision: false }],
  [T.CURRENT_USER, { name: 'current_user', hasPrecision: false }],
  [T.SESSION_USER, { name: 'session_user', hasPrecision: false }],
  [T.USER, { name: 'user', hasPrecision: false }],
  [T.CURRENT_CATALOG, { name: 'current_catalog', hasPrecision: false }],
  [T.CURRENT_SCHEMA, { name: 'current_schema', hasPrecision: false }],
]);

export abstract class CallRules extends XmlRules {
  abstract readonly windowSpec: ParserRule<[], WindowSpec>;
  abstract readonly orderItem: ParserRule<[], OrderItem>;
  protected abstract inBasicExpression(): boolean;
  protected abstract parenContent(single?: boolean): Query | Expression[];
  protected abstract parenOperand(content: Query | Expression[], position: number): Expression;
  protected abstract startsQueryAt(ahead: number): boolean;
  protected abstract afterParens(base: Expression): Expression;
  protected abstract indirection(base: Expression): Expression;

  private readonly operandAlternatives = [
    { ALT: (): Expression => integerNode(this.take(T.INTEGER_LITERAL)) },
    { ALT: (): Expression => this.numericLiteral() },
    { ALT: (): Expression => this.stringLiteral() },
    { ALT: (): Expression => this.bitString(T.BIT_STRING) },
    { ALT: (): Expression => this.bitString(T.HEX_STRING) },
    { ALT: (): Expression => this.nationalString() },
    { ALT: (): Expression => this.param() },
    { ALT: (): Expression => ({ kind: 'boolean', value: true, position: this.take(T.TRUE).startOffset }) },
    { ALT: (): Expression => ({ kind: 'boolean', value: false, position: this.take(T.FALSE).startOffset }) },
    { ALT: (): Expression => ({ kind: 'null', position: this.take(T.NULL).startOffset }) },
    { ALT: (): Expression => this.defaultExpression() },
    { ALT: (): Expression => this.sub(this.parenthesized) },
    { ALT: (): Expression => this.sub(this.caseExpression) },
    { ALT: (): Expression => this.sub(this.castExpression) },
    { ALT: (): Expression => this.sub(this.arrayExpression) },
    { ALT: (): Expression => this.sub(this.sqlValueFunction) },
    { ALT: (): Expression => this.sub(this.collationFor) },
    // CURRENT_SCHEMA and COLLATION are names too; the alternatives above read them.
    { ALT: (): Expression => this.sub(this.named), IGNORE_AMBIGUITIES: true },
  ];

  /** c_expr */
  readonly operand = this.rule('operand', (): Expression => this.choose(0, this.operandAlternatives));

  // ------------------------------------------------------------------------------------------------------ constants

  private numericLiteral(): Expression {
    const token = this.take(T.NUMERIC_LITERAL);
    const { image, literalIndex, startOffset: position } = token;
    for (let i = 0; i < image.length; i++) {
      const code = image.charCodeAt(i);
      if (code < 0x30 || code > 0x39) return { kind: 'numeric', value: image, negative: false, literalIndex, position };
    }
    if (image.length < 16) return { kind: 'integer', value: Number(image), negative: false, literalIndex, position };
    const big = BigInt(image);
    if (big > 9223372036854775807n) return { kind: 'numeric', value: image, negative: false, literalIndex, position };
    const value = big <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(big) : big;
    return { kind: 'integer', value, negative: false, literalIndex, position };
  }
  protected stringLiteral(): Expression {
    const token = this.take(T.STRING);
    return { kind: 'string', value: token.image, literalIndex: token.literalIndex, position: token.startOffset };
  }
  private bitString(type: number): Expression {
    const token = this.take(type);
    return { kind: 'bitString', value: token.image, position: token.startOffset };
  }
  /** DEFAULT is an a_expr for the grammar; where it makes no sense, the binder says so. */
  private defaultExpression(): Expression {
    if (this.inBasicExpression()) throw this.unexpected();
    return { kind: 'default', position: this.take(T.DEFAULT).startOffset };
  }
  /** N'...' is a bpchar constant. */
  private nationalString(): Expression {
    const token = this.take(T.NATIONAL_STRING);
    const position = token.startOffset;
    const arg: Expression = { kind: 'string', value: token.image, literalIndex: -1, position };
    return { kind: 'cast', arg, type: makeType(['pg_catalog', 'bpchar'], [], position), form: 'prefix', position };
  }
  private param(): Expression {
    const token = this.take(T.PARAM);
    const number = Number(token.image);
    if (number > PARAMETERS_MAX || (number === 0 && !this.RECORDING_PHASE)) {
      throw this.messageAt('42P02', `there is no parameter $${number}`, token);
    }
    if (number > this.parameterCount) this.parameterCount = number;
    return this.afterParens({ kind: 'param', number, position: token.startOffset });
  }

  /** '(' a_expr ')' [ indirection ] | implicit_row | select_with_parens [ indirection ] */
  readonly parenthesized = this.rule('parenthesized', (): Expression => {
    const position = this.here();
    this.take(T.LEFT_PAREN);
    return this.parenOperand(this.parenContent(), position);
  });

  // ------------------------------------------------------------------------------------------- names and their kin

  /**
   * columnref | func_expr | AexprConst that begins with a name | what begins with a column-name keyword.
   * A name: columns are ColId, functions type_function_name, or ColId when qualified.
   */
  readonly named = this.rule('named', (): Expression => {
    if (this.RECORDING_PHASE) return this.recordNamed();
    const token = this.nextToken();
    const type = token.tokenTypeIdx;
    if (type !== T.IDENT) {
      const special = this.keywordOperand(type);
      if (special !== null) return special;
    }
    this.take(type);
    const after = this.peek();
    if (after === T.LEFT_PAREN) return this.callOrTypedLiteral([token.image], token);
    if (after === T.STRING) {
      if (!isFunctionName(type)) throw this.unexpected();
      return this.typedLiteral(makeType([token.image], [], token.startOffset), token.startOffset);
    }
    // A type or function name keyword (left, is, ...) cannot be a column.
    if (!isInCategory(type, T.COL_ID)) throw this.unexpected();
    if (after !== T.DOT && after !== T.LEFT_BRACKET) {
      return { kind: 'columnRef', name: [token.image], star: false, position: token.startOffset };
    }
    return this.qualified(token);
  });

  private recordNamed(): Expression {
    return this.choose(0, [
      { ALT: () => this.takeName(T.COL_ID) as never },
      { ALT: () => this.takeName(T.TYPE_FUNCTION_NAME) as never, IGNORE_AMBIGUITIES: true },
    ]);
  }

  /** ColId indirection, as a column, or the name of a function or of a literal's type. */
  private qualified(token: Token): Expression {
    const name = [token.image];
    while (this.at(T.DOT)) {
      this.take(T.DOT);
      if (this.at(T.STAR)) {
        this.take(T.STAR);
        return { kind: 'columnRef', name, star: true, position: token.startOffset };
      }
      name.push(this.colLabel());
    }
    const after = this.peek();
    if (name.length > 1) {
      if (after === T.LEFT_PAREN) return this.callOrTypedLiteral(name, token);
      if (after === T.STRING) return this.typedLiteral(makeType(name, [], token.startOffset), token.startOffset);
    }
    const column: Expression = { kind: 'columnRef', name, star: false, position: token.startOffset };
    return after === T.LEFT_BRACKET ? this.indirection(column) : column;
  }

  private typedLiteral(type: TypeName, position: number): Expression {
    return { kind: 'cast', arg: this.stringLiteral(), type, form: 'prefix', position };
  }

  /** func_name '(' func_arg_list ')' Sconst, or a function call. */
  private callOrTypedLiteral(name: QualifiedName, token: Token): Expression {
    if (name.length === 1 && !isFunctionName(token.tokenTypeIdx)) throw this.unexpected();
    return this.afterCall(this.sub(this.callTail, name, token.startOffset));
  }

  /** What may follow the ')' of a call. */
  protected afterCall(call: FunctionCall): Expression {
    const { name, args, position } = call;
    if (this.at(T.STRING) && isPlainCall(call)) return this.typedLiteral(makeType(name, args, position), position);
    return this.sub(this.callClauses, call);
  }

  /** Column-name keywords with a syntax of their own; null when the word is only a name here. */
  private keywordOperand(type: number): Expression | null {
    const token = this.nextToken();
    const after = this.peekAt(2);
    if (after === T.LEFT_PAREN) {
      const special = SPECIAL_CALLS[type];
      if (special === 1) return this.sub(this.specialCall);
      if (special === 2) return this.sub(this.callClauses, this.sub(this.specialCall) as FunctionCall);
    } else if (type === T.GROUPING && after === T.SETS) throw this.unexpected();
    if (CONSTANT_TYPES[type] === 0 || !this.startsTypedLiteral(type, after)) return null;
    const position = token.startOffset;
    const typeName = type === T.INTERVAL ? this.intervalHead() : this.keywordType()!;
    const literal = this.typedLiteral(typeName, position) as Extract<Expression, { kind: 'cast' }>;
    // INTERVAL '1' DAY: the fields come after the text.
    if (type !== T.INTERVAL || typeName.modifiers.length > 0) return literal;
    return { ...literal, type: this.intervalType(typeName.position, []) };
  }

  private intervalHead(): TypeName {
    const position = this.take(T.INTERVAL).startOffset;
    return makeType(['pg_catalog', 'interval'], this.precision(), position);
  }

  private startsTypedLiteral(type: number, after: number): boolean {
    switch (after) {
      case T.STRING:
        return type !== T.DOUBLE && type !== T.NATIONAL;
      case T.LEFT_PAREN:
        return type !== T.DOUBLE;
      case T.PRECISION:
        return type === T.DOUBLE;
      case T.VARYING:
        return type === T.CHARACTER || type === T.CHAR || type === T.NCHAR || type === T.BIT;
      case T.CHARACTER:
      case T.CHAR:
        return type === T.NATIONAL;
      case T.WITH_LA:
        return type === T.TIME || type === T.TIMESTAMP;
      case T.WITHOUT:
        return (type === T.TIME || type === T.TIMESTAMP) && this.peekAt(3) === T.TIME;
      default:
        return false;
    }
  }

  // ------------------------------------------------------------------------------------------------- function calls

  /** func_application after its name: '(' [ [ALL|DISTINCT] func_arg { ',' func_arg } [ sort_clause ] | '*' ] ')' */
  readonly callTail = this.detail('callTail', (name: QualifiedName, position: number): FunctionCall => {
    const call: Mutable<FunctionCall> = {
      kind: 'function',
      name,
      args: [],
      argNames: null,
      star: false,
      distinct: false,
      variadic: false,
      orderBy: NONE,
      withinGroup: false,
      filter: null,
      over: null,
      sqlSyntax: false,
      position,
    };
    this.take(T.LEFT_PAREN);
    if (this.at(T.RIGHT_PAREN)) {
      this.take(T.RIGHT_PAREN);
      return call;
    }
    if (this.at(T.STAR)) {
      this.take(T.STAR);
      call.star = true;
      this.take(T.RIGHT_PAREN);
      return call;
    }
    const plain = !this.at(T.DISTINCT) && !this.at(T.ALL);
    if (this.at(T.DISTINCT)) {
      this.take(T.DISTINCT);
      call.distinct = true;
    } else if (this.at(T.ALL)) this.take(T.ALL);
    const args: Expression[] = [];
    const names: (string | null)[] = [];
    do {
      // After ALL or DISTINCT there is no VARIADIC.
      if (plain && this.at(T.VARIADIC)) {
        this.take(T.VARIADIC);
        call.variadic = true;
      }
      names.push(this.argumentName());
      args.push(this.sub(this.expression));
    } while (!call.variadic && this.more(T.COMMA));
    call.args = args;
    if (names.some((argument) => argument !== null)) call.argNames = names;
    if (this.at(T.ORDER)) call.orderBy = this.orderBy();
    this.take(T.RIGHT_PAREN);
    return call;
  });

  /** sort_clause: ORDER BY sortby { ',' sortby } */
  protected orderBy(): OrderItem[] {
    this.take(T.ORDER);
    this.take(T.BY);
    return this.list(this.orderItem);
  }

  /** [ WITHIN GROUP '(' sort_clause ')' ] [ FILTER '(' WHERE a_expr ')' ] [ OVER { window_specification | ColId } ] */
  readonly callClauses = this.detail('callClauses', (start: FunctionCall): FunctionCall => {
    let call = start;
    if (this.has(T.WITHIN)) {
      if (call.orderBy.length > 0 && !this.RECORDING_PHASE) {
        throw this.messageAt('42601', 'cannot use multiple ORDER BY clauses with WITHIN GROUP');
      }
      if (call.distinct) throw this.messageAt('42601', 'cannot use DISTINCT with WITHIN GROUP');
      if (call.variadic) throw this.messageAt('42601', 'cannot use VARIADIC with WITHIN GROUP');
      this.take(T.GROUP);
      call = { ...call, orderBy: this.inParens(() => this.orderBy()), withinGroup: true };
    }
    if (this.has(T.FILTER)) {
      this.take(T.LEFT_PAREN);
      this.take(T.WHERE);
      call = { ...call, filter: this.sub(this.expression) };
      this.take(T.RIGHT_PAREN);
    }
    if (this.has(T.OVER)) {
      const { startOffset } = this.nextToken();
      const over = this.at(T.LEFT_PAREN)
        ? this.sub(this.windowSpec)
        : ({ kind: 'windowName', name: this.colId(), position: startOffset } as const);
      call = { ...call, over };
    }
    return call;
  });

  /** func_expr_windowless, for FROM; also CAST-like and value functions there. */
  readonly windowlessCall = this.detail('windowlessCall', (): Expression => {
    const type = this.peek();
    if (SPECIAL_CALLS[type] !== 0 && this.peekAt(2) === T.LEFT_PAREN) {
      if (type !== T.GROUPING && type !== T.ROW && type !== T.EXISTS) return this.sub(this.specialCall);
    }
    if (SQL_VALUE_FUNCTIONS.has(type)) return this.sub(this.sqlValueFunction);
    if (type === T.CAST) return this.sub(this.castExpression);
    if (type === T.COLLATION && this.peekAt(2) === T.FOR) return this.sub(this.collationFor);
    const token = this.nextToken();
    if (this.atCategory(T.TYPE_FUNCTION_NAME)) this.takeName(T.TYPE_FUNCTION_NAME);
    else this.takeName(T.COL_ID);
    const name = [token.image];
    while (this.more(T.DOT)) name.push(this.colLabel());
    if (name.length === 1 && !isFunctionName(token.tokenTypeIdx) && !this.RECORDING_PHASE) throw this.unexpected();
    return this.sub(this.callTail, name, token.startOffset);
  });

  // ------------------------------------------------------------------------------------------------- special syntax

  /** func_expr_common_subexpr: the keyword and '(' are next. */
  readonly specialCall = this.detail('specialCall', (): Expression => {
    const token = this.take(this.peek());
    const position = token.startOffset;
    switch (token.tokenTypeIdx) {
      case T.COALESCE:
        return { kind: 'coalesce', args: this.expressionsInParens(), position };
      case T.GREATEST:
      case T.LEAST:
        return {
          kind: token.tokenTypeIdx === T.GREATEST ? 'greatest' : 'least',
          args: this.expressionsInParens(),
          position,
        };
      case T.GROUPING:
        return { kind: 'grouping', args: this.expressionsInParens(), position };
      case T.NULLIF: {
        this.take(T.LEFT_PAREN);
        const left = this.sub(this.expression);
        this.take(T.COMMA);
        const right = this.sub(this.expression);
        this.take(T.RIGHT_PAREN);
        return { kind: 'nullIf', left, right, position };
      }
      case T.EXISTS:
        return { kind: 'exists', query: this.queryInParens(), position };
      case T.ROW: {
        this.take(T.LEFT_PAREN);
        const fields = this.at(T.RIGHT_PAREN) ? [] : this.list(this.expression);
        this.take(T.RIGHT_PAREN);
        return { kind: 'row', fields, explicit: true, position };
      }
      case T.EXTRACT:
        return this.extract(position);
      case T.POSITION: {
        this.take(T.LEFT_PAREN);
        const needle = this.sub(this.basicExpression);
        this.take(T.IN);
        const haystack = this.sub(this.basicExpression);
        this.take(T.RIGHT_PAREN);
        return makeCall(['pg_catalog', 'position'], [haystack, needle], position);
      }
      case T.SUBSTRING:
        return this.substring(position);
      case T.OVERLAY:
        return this.overlay(position);
      case T.TRIM:
        return this.trim(position);
      case T.NORMALIZE:
        return this.normalize(position);
      case T.TREAT: {
        this.take(T.LEFT_PAREN);
        const arg = this.sub(this.expression);
        this.take(T.AS);
        const type = this.sub(this.typeName);
        this.take(T.RIGHT_PAREN);
        return makeCall(['pg_catalog', type.name[type.name.length - 1]], [arg], position);
      }
      default: {
        const xml = this.xmlCall(token);
        if (xml === null) throw this.unexpected(token);
        return xml;
      }
    }
  });

  private expressionsInParens(): Expression[] {
    return this.inParens(() => this.list(this.expression));
  }

  protected queryInParens(): Query {
    const open = this.nextToken();
    this.take(T.LEFT_PAREN);
    const at = this.nextToken();
    const content = this.parenContent();
    if (Array.isArray(content)) throw this.unexpected(at ?? open);
    return content;
  }

  /** CASE [ a_expr ] { WHEN a_expr THEN a_expr } [ ELSE a_expr ] END */
  readonly caseExpression = this.rule('caseExpression', (): Expression => {
    const position = this.take(T.CASE).startOffset;
    const subject = this.at(T.WHEN) ? null : this.sub(this.expression);
    const branches: CaseBranch[] = [];
    do {
      const at = this.take(T.WHEN).startOffset;
      const when = this.sub(this.expression);
      this.take(T.THEN);
      branches.push({ when, result: this.sub(this.expression), position: at });
    } while (this.at(T.WHEN));
    const otherwise = this.opt(T.ELSE, () => this.sub(this.expression));
    this.take(T.END);
    return { kind: 'case', subject, branches, otherwise, position };
  });

  /** CAST '(' a_expr AS Typename ')' */
  readonly castExpression = this.rule('castExpression', (): Expression => {
    const position = this.take(T.CAST).startOffset;
    this.take(T.LEFT_PAREN);
    const arg = this.sub(this.expression);
    this.take(T.AS);
    const type = this.sub(this.typeName);
    this.take(T.RIGHT_PAREN);
    return { kind: 'cast', arg, type, form: 'cast', position };
  });

  /** ARRAY { select_with_parens | '[' ... ']' } */
  readonly arrayExpression = this.rule('arrayExpression', (): Expression => {
    const position = this.take(T.ARRAY).startOffset;
    if (this.at(T.LEFT_PAREN)) return { kind: 'arraySubquery', query: this.queryInParens(), position };
    return this.sub(this.arrayBrackets, position);
  });

  /** array_expr: '[' [ expr_list | array_expr_list ] ']' */
  readonly arrayBrackets = this.detail('arrayBrackets', (start: number): Expression => {
    this.enter();
    const position = start ?? this.here();
    this.take(T.LEFT_BRACKET);
    let elements: Expression[] = [];
    if (this.at(T.LEFT_BRACKET)) elements = this.listOf(() => this.sub(this.arrayBrackets, this.here()));
    else if (!this.at(T.RIGHT_BRACKET)) elements = this.list(this.expression);
    this.take(T.RIGHT_BRACKET);
    this.leave();
    return { kind: 'array', elements, position };
  });

  private readonly valueFunctionAlternatives = [...SQL_VALUE_FUNCTIONS.keys()].map((type) => ({
    ALT: (): Token => this.take(type),
  }));

  /** CURRENT_DATE, CURRENT_TIMESTAMP [ '(' Iconst ')' ], CURRENT_USER, ... */
  readonly sqlValueFunction = this.rule('sqlValueFunction', (): Expression => {
    const token: Token = this.choose(0, this.valueFunctionAlternatives);
    const known = SQL_VALUE_FUNCTIONS.get(token.tokenTypeIdx);
    const position = token.startOffset;
    let precision: number | null = null;
    if (known?.hasPrecision === true && this.at(T.LEFT_PAREN)) {
      precision = this.inParens(() => Number(this.take(T.INTEGER_LITERAL).image));
    }
    if (token.tokenTypeIdx === T.CURRENT_SCHEMA && this.at(T.LEFT_PAREN)) {
      return this.sub(this.callTail, ['current_schema'], position);
    }
    return { kind: 'sqlValue', function: known?.name ?? 'current_date', precision, position };
  });

  /** COLLATION FOR '(' a_expr ')' */
  readonly collationFor = this.rule('collationFor', (): Expression => {
    const token = this.take(T.COLLATION);
    const position = token.startOffset;
    // COLLATION is a type or function name too.
    if (this.at(T.LEFT_PAREN)) return this.sub(this.callClauses, this.sub(this.callTail, ['collation'], position));
    if (this.at(T.STRING)) return this.typedLiteral(makeType(['collation'], [], position), position);
    this.take(T.FOR);
    this.take(T.LEFT_PAREN);
    const arg = this.sub(this.expression);
    this.take(T.RIGHT_PAREN);
    return makeCall(['pg_catalog', 'pg_collation_for'], [arg], position);
  });
}

type Mutable<X> = { -readonly [K in keyof X]: X[K] };
const NONE: readonly OrderItem[] = [];

/** By token type: 1 special syntax, 2 special syntax that may be followed by FILTER and OVER. */
const SPECIAL_CALLS = flags(
  [
    T.COALESCE,
    T.GREATEST,
    T.LEAST,
    T.GROUPING,
    T.NULLIF,
    T.EXISTS,
    T.ROW,
    T.EXTRACT,
    T.POSITION,
    T.OVERLAY,
    T.TRIM,
    T.NORMALIZE,
    T.TREAT,
    T.XMLCONCAT,
    T.XMLELEMENT,
    T.XMLEXISTS,
    T.XMLFOREST,
    T.XMLPARSE,
    T.XMLPI,
    T.XMLROOT,
    T.XMLSERIALIZE,
  ],
  [T.SUBSTRING],
);
const CONSTANT_TYPES = flags([
  T.INT,
  T.INTEGER,
  T.SMALLINT,
  T.BIGINT,
  T.REAL,
  T.FLOAT,
  T.DOUBLE,
  T.DECIMAL,
  T.DEC,
  T.NUMERIC,
  T.BOOLEAN,
  T.BIT,
  T.CHARACTER,
  T.CHAR,
  T.VARCHAR,
  T.NATIONAL,
  T.NCHAR,
  T.TIME,
  T.TIMESTAMP,
  T.INTERVAL,
]);
export function isFunctionName(type: number): boolean {
  return isInCategory(type, T.TYPE_FUNCTION_NAME);
}

function flags(ones: readonly number[], twos: readonly number[] = []): Uint8Array {
  const result = new Uint8Array(T.TOKEN_TYPE_COUNT);
  for (const type of ones) result[type] = 1;
  for (const type of twos) result[type] = 2;
  return result;
}

function isPlainCall(call: FunctionCall): boolean {
  return !call.star && !call.distinct && !call.variadic && call.argNames === null && call.orderBy.length === 0;
}
