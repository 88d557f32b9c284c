/**
 * Expressions: a_expr, b_expr and c_expr of PostgreSQL's grammar as one flat rule.
 *
 *     expression: { prefix operator } operand { postfix } [ infix operator expression ]
 *
 * Operands come from `operand` (c_expr); operators are read in this file's loop and reduced by precedence.ts. Deviation
 * from Chevrotain's way: the loop looks operators up in a table of levels instead of a MANY around an OR of twenty
 * alternatives; only the prefix operators and the operand are in the recorded grammar, which is all that FIRST needs.
 */
import type { Expression, QualifiedName, Query, Subscript } from '../ast.ts';
import type { ParserRule } from '../parser-base.ts';
import {
  AND_LEVEL,
  AT_LEVEL,
  applyPending,
  associatesLeft,
  BASIC_LEVELS,
  IS_LEVEL,
  LEVELS,
  LIKE_LEVEL,
  makeCall,
  NOT_LEVEL,
  OPERATOR_LEVEL,
  OR_LEVEL,
  SYMBOL_NAMES,
  UNARY_LEVEL,
} from '../precedence.ts';
import { stackDepthError } from '../scan-errors.ts';
import * as T from '../token-types.ts';
import { NestingRules } from './nesting.ts';

/** Operators in one expression without parentheses: the tree leans that deep to the left, and later layers walk it. */
const CHAIN_MAX = 20_000;

export abstract class ExpressionRules extends NestingRules {
  abstract readonly queryTail: ParserRule<[first: Query], Query>;

  /** The first operand, when the caller has read it already. */
  private firstOperand: Expression | null = null;

  /** AS OF SYSTEM TIME comes: after AS OF alone, OF is an alias, and PostgreSQL lets SYSTEM follow no alias. */
  protected atAsOf(): boolean {
    return this.at(T.AS) && this.peekAt(2) === T.OF && this.peekAt(3) === T.SYSTEM && this.peekAt(4) === T.TIME;
  }

  /** AS OF SYSTEM TIME a_expr */
  protected asOfClause(): Expression {
    for (const type of [T.AS, T.OF, T.SYSTEM, T.TIME]) this.take(type);
    return this.sub(this.expression);
  }

  protected resetExpressions(): void {
    this.resetNesting();
    this.firstOperand = null;
  }

  /** a_expr */
  readonly expression = this.rule('expression', (): Expression => {
    if (this.RECORDING_PHASE) return this.recordExpression();
    return this.climb(LEVELS);
  });

  /** b_expr: what may stand before the AND of BETWEEN, in DEFAULT, and where AND and OR would be in doubt. */
  readonly basicExpression = this.detail('basicExpression', (): Expression => {
    if (this.RECORDING_PHASE) return this.recordExpression();
    return this.climb(BASIC_LEVELS);
  });

  protected inBasicExpression(): boolean {
    return this.levels === BASIC_LEVELS;
  }

  private recordExpression(): Expression {
    this.recordPrefixes([T.NOT, T.NOT_LA, T.PLUS, T.MINUS], this.qualifiedOperator);
    return this.sub(this.operand);
  }

  private climb(levels: Uint8Array): Expression {
    this.enter();
    const { operands, pendings, opened, base: outerBase, levels: outerLevels, operatorCount: outerCount } = this;
    const openedBase = opened.length;
    this.levels = levels;
    this.base = pendings.length;
    this.operatorCount = 0;
    if (this.firstOperand === null) this.readOperand();
    else {
      operands.push(this.firstOperand);
      this.firstOperand = null;
    }
    for (;;) {
      const level = this.levels[this.peek()];
      if (level !== 0) {
        // AND and OR lists are flat, whatever their length.
        if (level <= AND_LEVEL) this.operatorCount = 0;
        else if (++this.operatorCount > CHAIN_MAX) throw stackDepthError();
        if (pendings.length > this.base) this.reduce(level);
        if (this.readOperator(level)) continue;
      }
      while (pendings.length > this.base) this.applyLast();
      if (opened.length === openedBase) break;
      this.nextElement();
    }
    this.levels = outerLevels;
    this.base = outerBase;
    this.operatorCount = outerCount;
    this.leave();
    return operands.pop()!;
  }

  /** Applies waiting operators that bind tighter than an operator of this level, which comes next. */
  private reduce(level: number): void {
    const { pendings, base } = this;
    while (pendings.length > base) {
      const waiting = pendings[pendings.length - 1].level;
      if (waiting < level) return;
      if (waiting === level && !associatesLeft(level)) throw this.unexpected();
      this.applyLast();
    }
  }

  private applyLast(): void {
    const { operands } = this;
    const pending = this.pendings.pop()!;
    const right = operands.pop()!;
    const left = pending.kind === 'prefix' || pending.kind === 'not' ? null : operands.pop()!;
    operands.push(applyPending(pending, left, right));
  }

  /** Prefix operators and one operand. */
  protected readOperand(): void {
    for (;;) {
      const token = this.nextToken();
      switch (token.tokenTypeIdx) {
        case T.PLUS:
        case T.MINUS:
          this.take(token.tokenTypeIdx);
          this.pushOperator('prefix', UNARY_LEVEL, SYMBOL_NAMES[token.tokenTypeIdx], null, token.startOffset);
          break;
        case T.OPERATOR_SYMBOL:
        case T.OPERATOR: {
          if (token.tokenTypeIdx === T.OPERATOR && this.peekAt(2) !== T.LEFT_PAREN) {
            this.operands.push(this.operand.coreRule.call(this));
            return;
          }
          const name = this.sub(this.qualifiedOperator);
          this.pushOperator('prefix', OPERATOR_LEVEL, last(name), schemaOf(name), token.startOffset);
          break;
        }
        case T.NOT:
        case T.NOT_LA:
          // b_expr has no NOT.
          if (this.levels !== LEVELS) throw this.unexpected();
          this.take(token.tokenTypeIdx);
          if (this.pendings.length > CHAIN_MAX) throw stackDepthError();
          this.pendings.push({ kind: 'not', level: NOT_LEVEL, position: token.startOffset });
          break;
        default:
          if (this.open(token.tokenTypeIdx)) break;
          this.operands.push(this.operand.coreRule.call(this));
          return;
      }
    }
  }

  private pushOperator(
    kind: 'binary' | 'prefix',
    level: number,
    operator: string,
    schema: string | null,
    position: number,
  ): void {
    if (this.pendings.length > CHAIN_MAX) throw stackDepthError();
    this.pendings.push({ kind, level, operator, schema, position });
  }

  /** The operator after an operand, and the operand after it when it is infix. False: it does not belong to us after all. */
  private readOperator(level: number): boolean {
    const token = this.nextToken();
    const position = token.startOffset;
    const type = token.tokenTypeIdx;
    const symbol = SYMBOL_NAMES[type];
    if (symbol !== '' || type === T.OPERATOR_SYMBOL || type === T.OPERATOR) {
      // OPERATOR is unreserved: without a parenthesis it is a label.
      if (type === T.OPERATOR && this.peekAt(2) !== T.LEFT_PAREN) return false;
      const name = symbol === '' ? this.sub(this.qualifiedOperator) : null;
      if (name === null) this.take(type);
      const operator = name === null ? symbol : last(name);
      const schema = name === null ? null : schemaOf(name);
      if (this.levels === LEVELS && (this.at(T.ANY) || this.at(T.SOME) || this.at(T.ALL))) {
        this.quantified(operator, schema, position);
      } else {
        this.pushOperator('binary', level, operator, schema, position);
        this.readOperand();
      }
      return true;
    }
    switch (type) {
      case T.AND:
      case T.OR:
        this.take(type);
        this.pendings.push({
          kind: type === T.AND ? 'and' : 'or',
          level: type === T.AND ? AND_LEVEL : OR_LEVEL,
          position,
        });
        this.readOperand();
        return true;
      case T.IS:
        return this.readIs(position);
      case T.ISNULL:
      case T.NOTNULL:
        this.take(type);
        this.operands.push({ kind: 'isNull', arg: this.operands.pop()!, negated: type === T.NOTNULL, position });
        return true;
      case T.TYPECAST: {
        this.take(type);
        const castType = this.sub(this.typeName);
        this.operands.push({ kind: 'cast', arg: this.operands.pop()!, type: castType, form: 'colons', position });
        return true;
      }
      case T.COLLATE: {
        this.take(type);
        const collation = this.qualifiedName();
        this.operands.push({ kind: 'collate', arg: this.operands.pop()!, collation, position });
        return true;
      }
      case T.AT:
        // AT is unreserved: without TIME ZONE after it, it is a label.
        if (this.peekAt(2) !== T.TIME) return false;
        this.take(T.AT);
        this.take(T.TIME);
        this.take(T.ZONE);
        this.pendings.push({ kind: 'atTimeZone', level: AT_LEVEL, position });
        this.readOperand();
        return true;
      case T.OVERLAPS:
        return this.readOverlaps();
      case T.SIMILAR:
        // SUBSTRING(a SIMILAR b ESCAPE c) has no TO.
        if (this.peekAt(2) !== T.TO) return false;
        this.readLikeKind(false, position);
        return true;
      case T.ESCAPE:
        return this.readEscape();
      case T.NOT_LA:
        this.take(type);
        this.readLikeKind(true, position);
        return true;
      default:
        this.readLikeKind(false, position);
        return true;
    }
  }

  /** BETWEEN, IN, LIKE, ILIKE, SIMILAR TO; NOT has been read. */
  private readLikeKind(negated: boolean, position: number): void {
    const type = this.peek();
    this.take(type);
    switch (type) {
      case T.BETWEEN: {
        const symmetric = this.has(T.SYMMETRIC);
        if (!symmetric) this.has(T.ASYMMETRIC);
        const lower = this.sub(this.basicExpression);
        this.take(T.AND);
        this.pendings.push({ kind: 'between', level: LIKE_LEVEL, lower, symmetric, negated, position });
        this.readOperand();
        return;
      }
      case T.IN: {
        this.take(T.LEFT_PAREN);
        const content = this.parenContent();
        const arg = this.operands.pop()!;
        if (isQuery(content)) this.operands.push({ kind: 'inSubquery', arg, query: content, negated, position });
        else this.operands.push({ kind: 'inList', arg, list: content, negated, position });
        return;
      }
      case T.SIMILAR:
        this.take(T.TO);
        this.pendings.push({ kind: 'like', level: LIKE_LEVEL, operator: 'similar', negated, position, pattern: null });
        this.readOperand();
        return;
      default: {
        const operator = type === T.LIKE ? 'like' : 'ilike';
        if (this.at(T.ANY) || this.at(T.SOME) || this.at(T.ALL)) {
          const symbol = (negated ? '!~~' : '~~') + (type === T.LIKE ? '' : '*');
          this.quantified(symbol, null, position);
          return;
        }
        this.pendings.push({ kind: 'like', level: LIKE_LEVEL, operator, negated, position, pattern: null });
        this.readOperand();
      }
    }
  }

  /** ESCAPE after a LIKE whose pattern is complete. Otherwise ESCAPE, an unreserved word, is a label. */
  private readEscape(): boolean {
    const waiting = this.pendings[this.pendings.length - 1];
    if (this.pendings.length === this.base || waiting.kind !== 'like') return false;
    this.take(T.ESCAPE);
    this.pendings.pop();
    this.pendings.push({ ...waiting, kind: 'escape', pattern: this.operands.pop()! });
    this.readOperand();
    return true;
  }

  /** row OVERLAPS row: two pairs. */
  private readOverlaps(): boolean {
    const left = this.operands[this.operands.length - 1];
    if (left.kind !== 'row') return false;
    const token = this.take(T.OVERLAPS);
    if (!this.at(T.LEFT_PAREN) && !this.at(T.ROW)) throw this.unexpected();
    const right = this.operand.coreRule.call(this);
    if (right.kind !== 'row') throw this.unexpected();
    for (const [row, side] of [
      [left, 'left'],
      [right, 'right'],
    ] as const) {
      if (row.fields.length === 2) continue;
      throw this.messageAt('42601', `wrong number of parameters on ${side} side of OVERLAPS expression`, token);
    }
    this.operands.pop();
    this.operands.push(makeCall(['pg_catalog', 'overlaps'], [...left.fields, ...right.fields], token.startOffset));
    return true;
  }

  private readIs(position: number): boolean {
    this.take(T.IS);
    const negated = this.has(T.NOT);
    const type = this.peek();
    if (type === T.DISTINCT) {
      this.take(T.DISTINCT);
      this.take(T.FROM);
      this.pendings.push({ kind: 'distinct', level: IS_LEVEL, negated, position });
      this.readOperand();
      return true;
    }
    if (type === T.DOCUMENT) {
      this.take(type);
      this.operands.push({ kind: 'isDocument', arg: this.operands.pop()!, negated, position });
      return true;
    }
    if (this.levels !== LEVELS) throw this.unexpected();
    const arg = this.operands.pop()!;
    switch (type) {
      case T.NULL:
        this.take(type);
        this.operands.push({ kind: 'isNull', arg, negated, position });
        return true;
      case T.TRUE:
      case T.FALSE:
      case T.UNKNOWN: {
        const test = type === T.TRUE ? 'true' : type === T.FALSE ? 'false' : 'unknown';
        this.take(type);
        this.operands.push({ kind: 'booleanTest', arg, test, negated, position });
        return true;
      }
      default: {
        const form = NORMAL_FORMS.get(type) ?? null;
        if (form !== null) this.take(type);
        this.take(T.NORMALIZED);
        this.operands.push({ kind: 'isNormalized', arg, form, negated, position });
        return true;
      }
    }
  }

  /** sub_type { select_with_parens | '(' a_expr ')' } after an operator. */
  private quantified(operator: string, schema: string | null, position: number): void {
    const all = this.at(T.ALL);
    this.take(this.peek());
    this.take(T.LEFT_PAREN);
    const content = this.parenContent(true);
    const left = this.operands.pop()!;
    if (isQuery(content)) {
      this.operands.push({ kind: 'quantifiedSubquery', operator, schema, all, left, query: content, position });
      return;
    }

    this.operands.push({ kind: 'quantifiedArray', operator, schema, all, left, array: content[0], position });
  }

  /** qual_Op: Op | OPERATOR '(' any_operator ')'; answers [schema...,] operator. */
  readonly qualifiedOperator = this.rule('qualifiedOperator', (): QualifiedName => {
    if (this.RECORDING_PHASE) return this.recordQualifiedOperator();
    if (this.at(T.OPERATOR_SYMBOL)) return [this.take(T.OPERATOR_SYMBOL).image];
    this.take(T.OPERATOR);
    return this.inParens(() => this.anyOperator());
  });

  private recordQualifiedOperator(): QualifiedName {
    return this.choose(0, [
      { ALT: () => this.take(T.OPERATOR_SYMBOL) as never },
      { ALT: () => this.take(T.OPERATOR) as never },
    ]);
  }

  /** any_operator: { ColId '.' } all_Op */
  protected anyOperator(): QualifiedName {
    const name: string[] = [];
    while (this.atCategory(T.COL_ID)) {
      name.push(this.colId());
      this.take(T.DOT);
    }
    name.push(this.operatorSymbol());
    return name;
  }

  /** all_Op */
  protected operatorSymbol(): string {
    const type = this.peek();
    const symbol = SYMBOL_NAMES[type];
    if (symbol === '') return this.take(T.OPERATOR_SYMBOL).image;
    this.take(type);
    return symbol;
  }

  // --------------------------------------------------------------------------------------------------- parentheses

  /** True when the parentheses that begin here (opened ones count as one) hold a query in the end. */
  protected parensLeadToQuery(): boolean {
    let ahead = 1;
    while (this.peekAt(ahead) === T.LEFT_PAREN) ahead++;
    return this.startsQueryAt(ahead);
  }

  /** VALUES is no reserved word: without a parenthesis it is a name. */
  protected startsQueryAt(ahead: number): boolean {
    const type = this.peekAt(ahead);
    return startsQuery(type) && (type !== T.VALUES || this.peekAt(ahead + 1) === T.LEFT_PAREN);
  }

  /**
   * What stands after '(', up to and with its ')': a query, or a list of expressions.
   *
   * A parenthesis in front may belong to the query, as in ((SELECT 1) UNION SELECT 2), or to an expression, as in
   * ((SELECT 1) + 1); one token cannot tell. So the inner part is read first, and what follows it decides. `single`: only one
   * expression may come.
   */
  protected parenContent(single = false): Query | Expression[] {
    if (this.startsQueryAt(1)) {
      const query = this.sub(this.query);
      this.take(T.RIGHT_PAREN);
      return query;
    }
    if (this.at(T.LEFT_PAREN) && this.parensLeadToQuery()) {
      this.enter();
      const position = this.here();
      this.take(T.LEFT_PAREN);
      const inner = this.parenContent();
      this.leave();
      if (isQuery(inner)) {
        if (this.at(T.RIGHT_PAREN)) {
          this.take(T.RIGHT_PAREN);
          return inner;
        }
        if (continuesQuery(this.peek())) {
          const query = this.sub(this.queryTail, inner);
          this.take(T.RIGHT_PAREN);
          return query;
        }
      }
      this.firstOperand = this.parenOperand(inner, position);
    }
    const list = single ? [this.sub(this.expression)] : this.list(this.expression);
    this.take(T.RIGHT_PAREN);
    return list;
  }

  /** What stood in parentheses, and what may follow them: nothing behind a row without ROW. */
  protected parenOperand(content: Query | Expression[], position: number): Expression {
    if (isQuery(content)) return this.afterParens({ kind: 'scalarSubquery', query: content, position });
    if (content.length === 1) return this.afterParens(content[0]);
    return { kind: 'row', fields: content, explicit: false, position };
  }

  /** Subscripts and fields after a closing parenthesis. */
  protected afterParens(base: Expression): Expression {
    const type = this.peek();
    return type === T.DOT || type === T.LEFT_BRACKET ? this.indirection(base) : base;
  }

  /** indirection: { '.' attr_name | '.' '*' | '[' ... ']' } */
  protected indirection(start: Expression): Expression {
    let base = start;
    for (;;) {
      const position = this.here();
      if (this.at(T.DOT)) {
        this.take(T.DOT);
        if (this.at(T.STAR)) {
          this.take(T.STAR);
          return { kind: 'fieldStar', base, position };
        }
        base = { kind: 'field', base, field: this.colLabel(), position };
      } else if (this.at(T.LEFT_BRACKET)) {
        const subscripts: Subscript[] = [];
        while (this.at(T.LEFT_BRACKET)) subscripts.push(this.subscript());
        base = { kind: 'subscript', base, subscripts, position };
      } else return base;
    }
  }

  /** '[' a_expr ']' | '[' [ a_expr ] ':' [ a_expr ] ']' */
  protected subscript(): Subscript {
    this.take(T.LEFT_BRACKET);
    const first = this.at(T.COLON) ? null : this.sub(this.expression);
    const isSlice = first === null || this.at(T.COLON);
    if (!isSlice) {
      this.take(T.RIGHT_BRACKET);
      return { isSlice: false, lower: null, upper: first };
    }
    this.take(T.COLON);
    const upper = this.at(T.RIGHT_BRACKET) ? null : this.sub(this.expression);
    this.take(T.RIGHT_BRACKET);
    return { isSlice: true, lower: first, upper };
  }
}

const NORMAL_FORMS = new Map<number, 'nfc' | 'nfd' | 'nfkc' | 'nfkd'>([
  [T.NFC, 'nfc'],
  [T.NFD, 'nfd'],
  [T.NFKC, 'nfkc'],
  [T.NFKD, 'nfkd'],
]);

export function isQuery(content: Query | Expression[]): content is Query {
  return !Array.isArray(content);
}
function startsQuery(type: number): boolean {
  return type === T.SELECT || type === T.VALUES || type === T.WITH || type === T.WITH_LA || type === T.TABLE;
}
/** Tokens that go on with a query after one in parentheses. */
export function continuesQuery(type: number): boolean {
  switch (type) {
    case T.UNION:
    case T.INTERSECT:
    case T.EXCEPT:
    case T.ORDER:
    case T.LIMIT:
    case T.OFFSET:
    case T.FETCH:
    case T.FOR:
      return true;
    default:
      return false;
  }
}
function last(name: QualifiedName): string {
  return name[name.length - 1];
}
function schemaOf(name: QualifiedName): string | null {
  return name.length > 1 ? name.slice(0, -1).join('.') : null;
}
