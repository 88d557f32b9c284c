/** The grammar put together: a text is statements between semicolons; a statement's first word finds its rule. */
import type { Expression, Statement, StatementNode } from './ast.ts';
import { SequenceRules as LastRules } from './rules/sequence.ts';
import { scan, type Token } from './scanner.ts';
import * as T from './token-types.ts';

export class SqlParser extends LastRules {
  constructor(validate = false) {
    super(validate);
    this.performSelfAnalysis();
  }

  private readonly statementAlternatives = [
    { ALT: (): StatementNode => this.sub(this.queryStatement) },
    { ALT: (): StatementNode => this.sub(this.createStatement) },
  ];

  readonly createStatement = this.rule('createStatement', (): StatementNode => {
    const position = this.take(T.CREATE).startOffset;
    const persistence = this.persistence();
    if (this.at(T.TABLE)) {
      this.take(T.TABLE);
      return this.sub(this.createTable, persistence, position);
    }
    this.take(T.SEQUENCE);
    return this.sub(this.createSequence, persistence, position);
  });

  /** stmt */
  readonly statement = this.rule('statement', (): StatementNode => this.or(0, this.statementAlternatives));

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

  parseStatements(text: string): readonly Statement[] {
    const tokens = scan(text);
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
