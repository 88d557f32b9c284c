/**
 * Expressions within each other: ( ... ), f( ... ), COALESCE( ... ) and its kin, ROW( ... ) and CASE ... END.
 *
 * They are read by the loop of the expression around them (expression.ts), not by recursion: what is open waits on a stack of
 * ours, as bison's does, so that a thousand levels take no more of V8's stack than one. A parenthesis that leads to a query is
 * read by its rule, and so is what may hold anything but a list of expressions.
 */
import type { CaseBranch, Expression, FunctionCall, OrderItem } from '../ast.ts';
import { LEVELS, type Pending, plainCall } from '../precedence.ts';
import { stackDepthError } from '../scan-errors.ts';
import * as T from '../token-types.ts';
import { CallRules } from './calls.ts';

/** What may be open at once; PostgreSQL's parser holds 10,000 symbols (bison's YYMAXDEPTH). */
const OPEN_MAX = 10_000;

/** What is open: its elements are the operands from `firstOperand` on; the rest is the state of the expression around it. */
interface Opened {
  /** The token that opened it. */
  readonly type: number;
  readonly position: number;
  readonly firstOperand: number;
  readonly base: number;
  readonly levels: Uint8Array;
  readonly operatorCount: number;
  readonly call: OpenCall | null;
  readonly cases: OpenCase | null;
}
interface OpenCall {
  readonly name: string;
  readonly names: (string | null)[];
  isVariadic: boolean;
}
interface OpenCase {
  subject: Expression | null;
  when: Expression | null;
  whenPosition: number;
  readonly branches: CaseBranch[];
  /** The keyword before the expression being read. */
  after: number;
}

export abstract class NestingRules extends CallRules {
  /** Operands and waiting operators of all expressions being read, innermost last. */
  protected operands: Expression[] = [];
  protected pendings: Pending[] = [];
  protected opened: Opened[] = [];
  /** Of the innermost expression: the operators that wait for it begin here. */
  protected base = 0;
  /** Of the innermost expression: its operators so far, since the last AND or OR. */
  protected operatorCount = 0;
  /** BASIC_LEVELS while a b_expr is being read. */
  protected levels: Uint8Array = LEVELS;

  protected abstract readOperand(): void;

  protected resetNesting(): void {
    this.operands.length = 0;
    this.pendings.length = 0;
    this.opened.length = 0;
    this.base = 0;
    this.operatorCount = 0;
    this.levels = LEVELS;
  }

  /** Opens what begins here, up to where its first expression begins; false: its rule has to read it. */
  protected open(type: number): boolean {
    const position = this.here();
    switch (type) {
      case T.LEFT_PAREN: {
        let ahead = 2;
        while (this.peekAt(ahead) === T.LEFT_PAREN) ahead++;
        if (this.startsQueryAt(ahead)) return false;
        for (; ahead > 1; ahead--) this.push(type, this.take(type).startOffset, null, null);
        return true;
      }
      case T.CASE: {
        this.take(type);
        const cases: OpenCase = { subject: null, when: null, whenPosition: -1, branches: [], after: type };
        this.push(type, position, null, cases);
        if (this.at(T.WHEN)) this.beginWhen(cases);
        return true;
      }
      case T.IDENT:
      case T.COALESCE:
      case T.GREATEST:
      case T.LEAST:
      case T.ROW:
        return this.peekAt(2) === T.LEFT_PAREN && this.openList(type, position);
      default:
        return false;
    }
  }

  private openList(type: number, position: number): boolean {
    switch (this.peekAt(3)) {
      case T.RIGHT_PAREN:
      case T.STAR:
      case T.DISTINCT:
      case T.ALL:
      case T.VARIADIC:
        return false;
    }
    const name = this.take(type).image;
    this.take(T.LEFT_PAREN);
    const call: OpenCall | null = type === T.IDENT ? { name, names: [], isVariadic: false } : null;
    this.push(type, position, call, null);
    call?.names.push(this.argumentName());
    return true;
  }

  private push(type: number, position: number, call: OpenCall | null, cases: OpenCase | null): void {
    const { opened, base, levels, operatorCount } = this;
    if (opened.length >= OPEN_MAX) throw stackDepthError();
    opened.push({ type, position, firstOperand: this.operands.length, base, levels, operatorCount, call, cases });
    this.base = this.pendings.length;
    this.levels = LEVELS;
    this.operatorCount = 0;
  }

  /** An expression of what was opened last is complete: goes on to the next one, or closes it, which makes it an operand. */
  protected nextElement(): void {
    const frame = this.opened[this.opened.length - 1];
    const { call, cases } = frame;
    this.operatorCount = 0;
    if (cases !== null) {
      if (this.nextOfCase(cases)) this.readOperand();
      else this.close(frame, caseNode(cases, frame.position));
      return;
    }
    if (this.at(T.COMMA) && call?.isVariadic !== true) {
      this.take(T.COMMA);
      if (call !== null) this.beginArgument(call);
      this.readOperand();
      return;
    }
    const orderBy = call !== null && this.at(T.ORDER) ? this.orderBy() : null;
    this.take(T.RIGHT_PAREN);
    if (frame.type === T.LEFT_PAREN && this.operands.length === frame.firstOperand + 1) {
      this.close(frame, this.afterParens(this.operands.pop()!));
      return;
    }
    const elements = this.operands.splice(frame.firstOperand);
    this.close(frame, call === null ? this.listNode(frame, elements) : this.callNode(frame, call, elements, orderBy));
  }

  private close(frame: Opened, node: Expression): void {
    this.opened.pop();
    this.base = frame.base;
    this.levels = frame.levels;
    this.operatorCount = frame.operatorCount;
    this.operands.push(node);
  }

  private listNode(frame: Opened, elements: Expression[]): Expression {
    const { type, position } = frame;
    switch (type) {
      case T.LEFT_PAREN:
        return this.parenOperand(elements, position);
      case T.ROW:
        return { kind: 'row', fields: elements, explicit: true, position };
      case T.COALESCE:
        return { kind: 'coalesce', args: elements, position };
      default:
        return { kind: type === T.GREATEST ? 'greatest' : 'least', args: elements, position };
    }
  }

  private beginArgument(call: OpenCall): void {
    if (this.at(T.VARIADIC)) {
      this.take(T.VARIADIC);
      call.isVariadic = true;
    }
    call.names.push(this.argumentName());
  }

  private callNode(frame: Opened, open: OpenCall, args: Expression[], orderBy: OrderItem[] | null): Expression {
    const call: FunctionCall = {
      ...plainCall([open.name], args, frame.position),
      argNames: open.names.some((name) => name !== null) ? open.names : null,
      variadic: open.isVariadic,
      orderBy: orderBy ?? [],
    };
    return this.afterCall(call);
  }

  /** WHEN, THEN, ELSE or END after an expression of CASE; false: END. */
  private nextOfCase(cases: OpenCase): boolean {
    const expression = this.operands.pop()!;
    switch (cases.after) {
      case T.CASE:
        cases.subject = expression;
        this.beginWhen(cases);
        return true;
      case T.WHEN:
        cases.when = expression;
        this.take(T.THEN);
        cases.after = T.THEN;
        return true;
      case T.THEN:
        cases.branches.push({ when: cases.when!, result: expression, position: cases.whenPosition });
        if (this.at(T.WHEN)) this.beginWhen(cases);
        else if (this.has(T.ELSE)) cases.after = T.ELSE;
        else return this.endCase(cases, null);
        return true;
      default:
        return this.endCase(cases, expression);
    }
  }

  private beginWhen(cases: OpenCase): void {
    cases.whenPosition = this.take(T.WHEN).startOffset;
    cases.after = T.WHEN;
  }

  private endCase(cases: OpenCase, otherwise: Expression | null): false {
    this.take(T.END);
    cases.when = otherwise;
    return false;
  }
}

/** Complete: `when` holds what stood after ELSE. */
function caseNode(cases: OpenCase, position: number): Expression {
  const { subject, branches, when: otherwise } = cases;
  return { kind: 'case', subject, branches, otherwise, position };
}
