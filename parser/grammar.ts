/** The grammar put together: a text is statements between semicolons; a statement's first word finds its rule. */
import type { Expression, Statement, StatementNode, TypeName } from './ast.ts';
import type { ParserRule } from './parser-base.ts';
import { AlterRules } from './rules/alter.ts';
import { scan, type Token } from './scanner.ts';
import type { StringRules } from './strings.ts';
import * as T from './token-types.ts';

export class SqlParser extends AlterRules {
  constructor(validate = false) {
    super(validate);
    this.performSelfAnalysis();
  }

  private readonly statementAlternatives = [
    { ALT: (): StatementNode => this.sub(this.queryStatement) },
    { ALT: (): StatementNode => this.sub(this.createStatement) },
    { ALT: (): StatementNode => this.sub(this.alterStatement) },
    { ALT: (): StatementNode => this.sub(this.dropStatement) },
    { ALT: (): StatementNode => this.sub(this.beginStatement) },
    { ALT: (): StatementNode => this.sub(this.commitStatement) },
    { ALT: (): StatementNode => this.sub(this.rollbackStatement) },
    { ALT: (): StatementNode => this.sub(this.savepointStatement) },
    { ALT: (): StatementNode => this.sub(this.releaseStatement) },
    { ALT: (): StatementNode => this.sub(this.setStatement) },
    { ALT: (): StatementNode => this.sub(this.resetStatement) },
    { ALT: (): StatementNode => this.sub(this.showStatement) },
    { ALT: (): StatementNode => this.sub(this.discardStatement) },
    { ALT: (): StatementNode => this.sub(this.prepareStatement) },
    { ALT: (): StatementNode => this.sub(this.executeStatement) },
    { ALT: (): StatementNode => this.sub(this.deallocateStatement) },
    { ALT: (): StatementNode => this.sub(this.declareStatement) },
    { ALT: (): StatementNode => this.sub(this.fetchStatement) },
    { ALT: (): StatementNode => this.sub(this.closeStatement) },
    { ALT: (): StatementNode => this.sub(this.listenStatement) },
    { ALT: (): StatementNode => this.sub(this.unlistenStatement) },
    { ALT: (): StatementNode => this.sub(this.notifyStatement) },
    { ALT: (): StatementNode => this.sub(this.copyStatement) },
    { ALT: (): StatementNode => this.sub(this.explainStatement) },
    { ALT: (): StatementNode => this.sub(this.truncateStatement) },
    { ALT: (): StatementNode => this.sub(this.lockStatement) },
    { ALT: (): StatementNode => this.sub(this.vacuumStatement) },
    { ALT: (): StatementNode => this.sub(this.analyzeStatement) },
    { ALT: (): StatementNode => this.sub(this.clusterStatement) },
    { ALT: (): StatementNode => this.sub(this.reindexStatement) },
    { ALT: (): StatementNode => this.sub(this.checkpointStatement) },
    { ALT: (): StatementNode => this.sub(this.loadStatement) },
    { ALT: (): StatementNode => this.sub(this.commentStatement) },
    { ALT: (): StatementNode => this.sub(this.securityStatement) },
    { ALT: (): StatementNode => this.sub(this.grantStatement) },
    { ALT: (): StatementNode => this.sub(this.revokeStatement) },
    { ALT: (): StatementNode => this.sub(this.reassignStatement) },
    { ALT: (): StatementNode => this.sub(this.refreshStatement) },
    { ALT: (): StatementNode => this.sub(this.doStatement) },
    { ALT: (): StatementNode => this.sub(this.callStatement) },
    // Second words for the same rules; recorded by the word, since a rule chooses by it.
    { ALT: (): StatementNode => this.byWord(T.START, this.beginStatement) },
    { ALT: (): StatementNode => this.byWord(T.END, this.commitStatement) },
    { ALT: (): StatementNode => this.byWord(T.ABORT, this.rollbackStatement) },
    { ALT: (): StatementNode => this.byWord(T.MOVE, this.fetchStatement) },
    { ALT: (): StatementNode => this.byWord(T.ANALYSE, this.analyzeStatement) },
  ];

  /** Records a word, parses a rule that begins with it. */
  private byWord(type: number, rule: ParserRule<[], StatementNode>): StatementNode {
    if (this.RECORDING_PHASE) {
      this.take(type);
      return null as never;
    }
    return this.sub(rule);
  }

  /** stmt */
  readonly statement = this.rule('statement', (): StatementNode => this.choose(0, this.statementAlternatives));

  /** stmtmulti: [ stmt ] { ';' [ stmt ] } EOF */
  readonly statements = this.rule('statements', (): Statement[] => {
    const statements: Statement[] = [];
    if (this.RECORDING_PHASE) this.sub(this.statement);
    for (;;) {
      while (this.at(T.SEMICOLON)) this.take(T.SEMICOLON);
      if (this.at(T.EOF) || this.RECORDING_PHASE) break;
      const first = this.currIdx + 1;
      this.parameterCount = 0;
      const start = this.here();
      const node = this.sub(this.statement);
      if (!this.at(T.SEMICOLON) && !this.at(T.EOF)) throw this.unexpected();
      statements.push(
        makeStatement(node, start, this.lastEnd(), this.tokVector, first, this.currIdx, this.parameterCount),
      );
    }
    this.take(T.EOF);
    return statements;
  });

  readonly soleExpression = this.rule('soleExpression', (): Expression => {
    const expression = this.sub(this.expression);
    this.take(T.EOF);
    return expression;
  });

  readonly soleTypeName = this.rule('soleTypeName', (): TypeName => {
    const type = this.sub(this.typeName);
    this.take(T.EOF);
    return type;
  });

  parseStatements(text: string, rules?: StringRules): readonly Statement[] {
    const tokens = scan(text, rules);
    this.begin(text, tokens);
    this.resetExpressions();
    return this.statements();
  }

  parseExpression(text: string): Expression {
    const tokens = scan(text);
    this.begin(text, tokens);
    this.resetExpressions();
    return this.soleExpression();
  }

  parseTypeName(text: string): TypeName {
    const tokens = scan(text);
    this.begin(text, tokens);
    this.resetExpressions();
    return this.soleTypeName();
  }
}

function makeStatement(
  node: StatementNode,
  start: number,
  end: number,
  tokens: readonly Token[],
  first: number,
  last: number,
  parameterCount: number,
): Statement {
  let literalEnd = -1;
  for (let i = last; i >= 0 && literalEnd < 0; i--) {
    if (tokens[i].literalIndex >= 0) literalEnd = tokens[i].literalIndex + 1;
  }
  if (literalEnd < 0) literalEnd = 0;
  let literalStart = literalEnd;
  for (let i = first; i <= last; i++) {
    if (tokens[i].literalIndex >= 0) {
      literalStart = tokens[i].literalIndex;
      break;
    }
  }
  return { node, start, end, literalStart, literalEnd, parameterCount };
}
