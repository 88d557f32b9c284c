/**
 * What every rule file builds on: Chevrotain's EmbeddedActionsParser with a vocabulary of small integers.
 *
 * Chevrotain records each rule once at start-up, by running it with dummy tokens, and derives from the record what each
 * OR, OPTION and MANY has to look for. The helpers here record what they do, but cost nothing of it while parsing, and need
 * no occurrence numbers (those only matter where Chevrotain looks up a decision):
 *
 *     take(T.SELECT)      the token must come           has(T.ONLY)     consumes it when it comes
 *     sub(this.rule)      a rule                        at(T.WITH)      looks, without consuming (false when recording)
 *     opt(T.WHERE, f)     f after the token, or null    list(this.rule) one or more, with commas
 *
 * Recording. take() answers a dummy token, sub() a dummy that answers itself for every property, has() true. A rule is
 * recorded only as far as its first mandatory symbol: that is all that FIRST sets need, and every decision that Chevrotain
 * makes for us (choose()) stands at the beginning of its rule; the rest is chosen by at() and has(). With validations on,
 * rules are recorded whole. Chevrotain's own switch into recording, which swaps and then deletes eighty methods of the
 * instance, is replaced by a flag: deleting made the instance slow and cost a third of the start-up.
 *
 * Errors are thrown as SqlError at the first token that cannot go on, straight through Chevrotain, whose own exceptions and
 * messages are never built. Depth is counted, so that nesting ends in 54001.
 */
import { EmbeddedActionsParser, type IToken, type TokenType } from 'chevrotain';
import { SqlError } from '../types/errors.ts';
import type { QualifiedName } from './ast.ts';
import { CATEGORIES, KEYWORD_NAMES } from './keywords.ts';
import { FirstSetLookahead } from './lookahead.ts';
import { errorPosition, stackDepthError, syntaxErrorAt } from './scan-errors.ts';
import { ErrorToken, Token } from './scanner.ts';
import * as T from './token-types.ts';

/** Rules within each other: subqueries, joins, lists in brackets. One to three KB of stack each; what overflows first is 54001 as well. */
const NESTING_MAX = 1000;

export interface Alternative<R> {
  readonly ALT: () => R;
  readonly IGNORE_AMBIGUITIES?: boolean;
}

export interface ParserRule<A extends unknown[], R> {
  (...args: A): R;
  readonly coreRule: (...args: A) => R;
}

/** Token types as Chevrotain knows them, made when the grammar is recorded. */
const TYPES: TokenType[] = [];
function typeOf(type: number): TokenType {
  let found = TYPES[type];
  if (found === undefined) {
    const name = type >= T.FIRST_KEYWORD ? KEYWORD_NAMES[type - T.FIRST_KEYWORD].toUpperCase() : `symbol_${type}`;
    found = { name, tokenTypeIdx: type, CATEGORIES: [], categoryMatches: [], categoryMatchesMap: {}, isParent: false };
    TYPES[type] = found;
  }
  return found;
}

/** Thrown while recording, when a rule has been recorded far enough. */
const RECORDED_ENOUGH = { recordedEnough: true };

const DUMMY_TOKEN = new Token(0, '', 0, 0, -1);

/** Stands for every result while recording: any property is the dummy again, it iterates as empty, and is 0 as a number. */
const DUMMY: never = new Proxy((() => undefined) as never, {
  get(_target: unknown, property: string | symbol): unknown {
    if (property === Symbol.iterator) return [][Symbol.iterator];
    if (property === Symbol.toPrimitive) return () => 0;
    return property === 'length' ? 0 : DUMMY;
  },
  set: () => true,
  apply: () => DUMMY,
}) as never;

export abstract class ParserBase extends EmbeddedActionsParser {
  /** Chevrotain's own, not in its types. */
  declare protected currIdx: number;
  declare protected tokVector: Token[];
  /** The text of the tokens, for errors and for what keeps source text. */
  protected text = '';
  protected depth = 0;
  /** Highest $n of the statement. */
  protected parameterCount = 0;
  private readonly lookahead: FirstSetLookahead;
  private recordIndex = 0;
  private readonly recordWhole: boolean;
  /** Height of Chevrotain's stack of productions inside the rule being recorded, outside of options and alternatives. */
  private recordHeight = 0;
  declare protected recordingProdStack: unknown[];
  declare protected consumeInternalRecord: (type: TokenType, index: number) => void;
  declare protected subruleInternalRecord: (rule: unknown, index: number) => void;
  declare protected optionInternalRecord: (body: () => void, index: number) => void;
  declare protected manyInternalRecord: (index: number, body: () => void) => void;
  declare protected orInternalRecord: (alternatives: readonly Alternative<unknown>[], index: number) => void;
  declare protected orInternal: <R>(alternatives: readonly Alternative<R>[], index: number) => R;

  constructor(validate: boolean) {
    const lookahead = new FirstSetLookahead();
    super([typeOf(T.IDENT)], {
      maxLookahead: 1,
      skipValidations: !validate,
      recoveryEnabled: false,
      lookaheadStrategy: lookahead,
    });
    this.lookahead = lookahead;
    this.recordWhole = validate;
    this.tokVector = [DUMMY_TOKEN, DUMMY_TOKEN, DUMMY_TOKEN, DUMMY_TOKEN];
  }

  /** Hands over tokens that end in EOF tokens. */
  protected begin(text: string, tokens: Token[]): void {
    this.input = tokens as unknown as IToken[];
    this.text = text;
    this.depth = 0;
    this.parameterCount = 0;
  }

  /** Chevrotain's entry to recording and its exit. */
  protected enableRecording(): void {
    this.RECORDING_PHASE = true;
  }
  protected disableRecording(): void {
    this.RECORDING_PHASE = false;
  }

  /** Root rules take EOF themselves, and the scanner has put EOF tokens at the end. */
  protected onBeforeParse(): void {}
  protected onAfterParse(): void {}

  /** A rule that no decision of Chevrotain's asks for: it stays unrecorded, and so uncompiled until it is used. */
  protected detail<A extends unknown[], R>(name: string, body: (...args: A) => R): ParserRule<A, R> {
    return this.rule(name, body, this.recordWhole);
  }
  protected rule<A extends unknown[], R>(name: string, body: (...args: A) => R, record = true): ParserRule<A, R> {
    const recorded = (): R => {
      if (!record) return DUMMY;
      this.recordIndex = 16;
      this.recordHeight = this.recordingProdStack.length;
      try {
        return (body as unknown as (...args: unknown[]) => R)(DUMMY, DUMMY, DUMMY, DUMMY);
      } catch (error) {
        // A rule may also find dummy tokens wrong; what comes before is recorded, and decides what the rule starts with.
        if (error !== RECORDED_ENOUGH && !(error instanceof SqlError)) throw error;
        this.recordingProdStack.length = this.recordHeight;
        return DUMMY;
      }
    };
    const wrapped = this.RULE(name, body as never) as unknown as ParserRule<A, R> & { originalGrammarAction: unknown };
    wrapped.originalGrammarAction = recorded;
    return wrapped;
  }

  // ------------------------------------------------------------------------------------------------------- looking

  /** The type of the next token. */
  protected peek(): number {
    return this.tokVector[this.currIdx + 1].tokenTypeIdx;
  }
  /** The type of the token after the next; counts from 1. */
  protected peekAt(howMuch: number): number {
    const index = this.currIdx + howMuch;
    return index < this.tokVector.length ? this.tokVector[index].tokenTypeIdx : T.EOF;
  }
  protected at(type: number): boolean {
    return this.tokVector[this.currIdx + 1].tokenTypeIdx === type;
  }
  protected atCategory(category: number): boolean {
    return (CATEGORIES[this.peek()] & (1 << (category - T.COL_ID))) !== 0;
  }
  /** Whether the next token can start the rule. */
  protected startsRule(name: string): boolean {
    return this.lookahead.startsRule(name, this.peek());
  }
  protected nextToken(): Token {
    return this.tokVector[this.currIdx + 1];
  }
  /** Source offset where the next token begins. */
  protected here(): number {
    return this.tokVector[this.currIdx + 1].startOffset;
  }
  /** Source offset where the last token ended. */
  protected lastEnd(): number {
    return this.currIdx < 0 ? 0 : this.tokVector[this.currIdx].end;
  }

  // ------------------------------------------------------------------------------------------------------ consuming

  protected take(type: number): Token {
    const token = this.tokVector[this.currIdx + 1];
    if (token.tokenTypeIdx === type) {
      this.currIdx++;
      return token;
    }
    if (this.RECORDING_PHASE) return this.recordToken(type);
    throw this.unexpected();
  }
  protected has(type: number): boolean {
    if (this.tokVector[this.currIdx + 1].tokenTypeIdx === type) {
      this.currIdx++;
      return true;
    }
    if (this.RECORDING_PHASE) {
      this.optionInternalRecord(() => this.recordToken(type), this.recordIndex++);
      return true;
    }
    return false;
  }
  /** For loops: like has(), but false while recording, so that they end. */
  protected more(type: number): boolean {
    return this.has(type) && !this.RECORDING_PHASE;
  }
  protected opt<R>(type: number, body: () => R): R | null {
    if (this.tokVector[this.currIdx + 1].tokenTypeIdx === type) {
      this.currIdx++;
      return body();
    }
    if (this.RECORDING_PHASE) {
      this.optionInternalRecord(
        () => {
          this.recordToken(type);
          body();
        },
        this.recordIndex++,
      );
      return DUMMY;
    }
    return null;
  }
  /** A name of one of the categories. */
  protected takeName(category: number): Token {
    const token = this.tokVector[this.currIdx + 1];
    if ((CATEGORIES[token.tokenTypeIdx] & (1 << (category - T.COL_ID))) !== 0) {
      this.currIdx++;
      return token;
    }
    if (this.RECORDING_PHASE) return this.recordToken(category);
    throw this.unexpected();
  }
  protected colId(): string {
    return this.takeName(T.COL_ID).image;
  }
  protected colLabel(): string {
    return this.takeName(T.COL_LABEL).image;
  }
  /** PostgreSQL's NonReservedWord: anything but a reserved keyword. */
  protected nonReservedWord(): string {
    if (this.atCategory(T.TYPE_FUNCTION_NAME)) return this.takeName(T.TYPE_FUNCTION_NAME).image;
    return this.colId();
  }

  // ------------------------------------------------------------------------------------------------ rules and lists

  protected sub<A extends unknown[], R>(rule: ParserRule<A, R>, ...args: A): R {
    if (this.RECORDING_PHASE) return this.recordRule(rule);
    return rule.coreRule.apply(this, args);
  }
  protected list<R>(rule: ParserRule<[], R>): R[] {
    if (this.RECORDING_PHASE) {
      this.recordRule(rule);
      this.manyInternalRecord(this.recordIndex++, () => {
        this.recordToken(T.COMMA);
        this.recordRule(rule);
      });
      return DUMMY;
    }
    const items = [rule.coreRule.call(this)];
    while (this.tokVector[this.currIdx + 1].tokenTypeIdx === T.COMMA) {
      this.currIdx++;
      items.push(rule.coreRule.call(this));
    }
    return items;
  }
  /** Like list(), of anything that is not a rule of its own. */
  protected listOf<R>(item: () => R): R[] {
    if (this.RECORDING_PHASE) {
      item();
      this.manyInternalRecord(this.recordIndex++, () => {
        this.recordToken(T.COMMA);
        item();
      });
      return DUMMY;
    }
    const items = [item()];
    while (this.tokVector[this.currIdx + 1].tokenTypeIdx === T.COMMA) {
      this.currIdx++;
      items.push(item());
    }
    return items;
  }
  protected inParens<R>(body: () => R): R {
    this.take(T.LEFT_PAREN);
    const result = body();
    this.take(T.RIGHT_PAREN);
    return result;
  }

  // ---------------------------------------------------------------------------------------------------- small parts

  /** any_name, qualified_name: ColId { '.' attr_name }. */
  protected qualifiedName(): QualifiedName {
    const first = this.colId();
    if (!this.at(T.DOT)) return [first];
    const name = [first];
    while (this.more(T.DOT)) name.push(this.colLabel());
    return name;
  }
  protected nameList(): string[] {
    return this.listOf(() => this.colId());
  }
  protected parenthesizedNames(): string[] {
    return this.inParens(() => this.nameList());
  }
  protected optParenthesizedNames(): string[] {
    return this.at(T.LEFT_PAREN) ? this.parenthesizedNames() : [];
  }
  protected ifNotExists(): boolean {
    if (!this.at(T.IF) || this.peekAt(2) !== T.NOT) return false;
    this.take(T.IF);
    this.take(T.NOT);
    this.take(T.EXISTS);
    return true;
  }
  protected ifExists(): boolean {
    if (!this.at(T.IF) || this.peekAt(2) !== T.EXISTS) return false;
    this.take(T.IF);
    this.take(T.EXISTS);
    return true;
  }
  protected string(): string {
    return this.take(T.STRING).image;
  }

  // ---------------------------------------------------------------------------------------------------------- errors

  protected unexpected(token: Token = this.nextToken()): Error {
    if (token instanceof ErrorToken) return token.error;
    return syntaxErrorAt(this.text, 'syntax error', token.startOffset, token.end);
  }
  /** An error in the caller's words, with a position and no "at or near". */
  protected messageAt(code: string, message: string, token: Token = this.nextToken()): SqlError {
    return new SqlError(code, message, { position: errorPosition(this.text, token.startOffset) });
  }
  protected messageAtOffset(code: string, message: string, offset: number): SqlError {
    return new SqlError(code, message, { position: errorPosition(this.text, offset) });
  }
  protected valueError(message: string, token: Token): SqlError {
    return this.messageAt('22023', message, token);
  }
  protected enter(): void {
    if (++this.depth > NESTING_MAX && !this.RECORDING_PHASE) throw stackDepthError();
  }
  protected tooDeep(): SqlError {
    return stackDepthError();
  }
  protected leave(): void {
    this.depth--;
  }

  /** Chevrotain's two ways to fail; called through its prototype. */
  protected raiseNoAltException(): never {
    throw this.unexpected();
  }
  protected consumeInternalError(): never {
    throw this.unexpected();
  }

  // ------------------------------------------------------------------------------------------------------- recording

  /** OR of Chevrotain: chooses by the next token. `index` is unique in the rule. */
  protected choose<R>(index: number, alternatives: readonly Alternative<R>[]): R {
    if (!this.RECORDING_PHASE) return this.orInternal(alternatives, index);
    this.orInternalRecord(alternatives, index);
    this.checkRecorded();
    return DUMMY;
  }
  private recordToken(type: number): Token {
    this.consumeInternalRecord(typeOf(type), this.recordIndex++);
    this.checkRecorded();
    return DUMMY_TOKEN;
  }
  private recordRule(rule: ParserRule<never[], unknown>): never {
    this.subruleInternalRecord(rule, this.recordIndex++);
    this.checkRecorded();
    return DUMMY;
  }
  private checkRecorded(): void {
    if (!this.recordWhole && this.recordingProdStack.length === this.recordHeight) throw RECORDED_ENOUGH;
  }
  /** Records that prefixes may come, any number of them. */
  protected recordPrefixes(types: readonly number[], rule: ParserRule<never[], unknown>): void {
    this.manyInternalRecord(this.recordIndex++, () => {
      const alternatives = types.map((type) => ({ ALT: (): unknown => this.recordToken(type) }));
      this.orInternalRecord([...alternatives, { ALT: () => this.recordRule(rule) }], this.recordIndex++);
    });
  }
  /** Records that one of these rules follows, where the parser itself chooses by a switch. */
  protected recordOneOf(rules: readonly ParserRule<never[], unknown>[]): never {
    const alternatives = rules.map((rule) => ({ ALT: () => this.recordRule(rule), IGNORE_AMBIGUITIES: true }));
    return this.choose(this.recordIndex++, alternatives) as never;
  }
}
