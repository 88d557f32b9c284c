/** SELECT, VALUES, TABLE, set operations, WITH, and the clauses after them. Long, as the grammar of a query is one chapter. */
import { SqlError } from '../../types/errors.ts';
import type {
  CommonTableExpr,
  Expression,
  FrameBound,
  FromItem,
  GroupByClause,
  GroupByItem,
  IntoClause,
  LockingClause,
  OrderItem,
  Persistence,
  QualifiedName,
  Query,
  QueryStatement,
  RelationName,
  SelectBody,
  SelectTarget,
  SetOperation,
  ValuesBody,
  WindowFrame,
  WindowSpec,
  WithClause,
} from '../ast.ts';
import type { ParserRule } from '../parser-base.ts';
import type { Token } from '../scanner.ts';
import * as T from '../token-types.ts';
import { continuesQuery, ExpressionRules, isQuery } from './expression.ts';

/** Of one chain; PostgreSQL takes some 6,000. The binder makes trees of chains of UNION (bind/set-operation.ts); others end earlier, by the stack. */
const SET_OPERATIONS_MAX = 6000;
const NO_ORDER: readonly OrderItem[] = [];
const NO_LOCKING: readonly LockingClause[] = [];
const NO_FROM: readonly FromItem[] = [];
const NO_WINDOWS: SelectBody['windows'] = [];

/** Set operations bind: INTERSECT tighter than UNION and EXCEPT, which are equal; all to the left. */
const UNION_LEVEL = 1;
const INTERSECT_LEVEL = 2;
function setLevel(type: number): number {
  return type === T.INTERSECT ? INTERSECT_LEVEL : type === T.UNION || type === T.EXCEPT ? UNION_LEVEL : 0;
}

export abstract class SelectRules extends ExpressionRules {
  abstract readonly fromItem: ParserRule<[], FromItem>;
  /** SELECT, INSERT, UPDATE, DELETE, MERGE, with or without WITH. */
  abstract readonly queryStatement: ParserRule<[], QueryStatement>;

  /** SelectStmt: [ with_clause ] select_clause [ ORDER BY ] [ LIMIT, OFFSET, FOR ... ] */
  readonly query = this.rule('query', (): Query => {
    if (this.RECORDING_PHASE) return this.recordOneOf([this.withClause, this.queryAfterWith]);
    const position = this.here();
    const withClause = this.at(T.WITH) || this.at(T.WITH_LA) ? this.sub(this.withClause) : null;
    return this.sub(this.queryAfterWith, withClause, position);
  });

  readonly queryAfterWith = this.rule('queryAfterWith', (withClause: WithClause | null, position: number): Query => {
    this.enter();
    const operand = this.sub(this.selectOperand);
    const result = this.finishQuery(operand, withClause, position);
    this.leave();
    return result;
  });

  /** What may follow a query in parentheses: set operations, ORDER BY and the rest. */
  readonly queryTail = this.detail('queryTail', (first: Query): Query => this.finishQuery(first, null, first.position));

  private finishQuery(first: Operand, withClause: WithClause | null, position: number): Query {
    const operand = setLevel(this.peek()) > 0 || this.RECORDING_PHASE ? this.sub(this.setOperations, first, 0) : first;
    const isParenthesized = operand.kind === 'query';
    if (isParenthesized && withClause === null && !continuesQuery(this.peek())) return operand;
    let orderBy = NO_ORDER;
    if (this.at(T.ORDER)) orderBy = this.orderBy();
    let limits = NO_LIMITS;
    let locking = NO_LOCKING;
    if (this.peek() === T.FOR || isLimit(this.peek())) {
      // FOR UPDATE may stand before or after LIMIT, but LIMIT only once.
      if (this.at(T.FOR)) locking = this.lockingClauses();
      if (isLimit(this.peek())) limits = this.sub(this.limitClauses);
      if (this.at(T.FOR)) {
        if (locking.length > 0) throw this.unexpected();
        locking = this.lockingClauses();
      }
    }
    if (limits.limitWithTies && !this.RECORDING_PHASE) this.checkTies(orderBy, operand, locking);
    if (!isParenthesized) {
      const { limit, limitWithTies, offset } = limits;
      return {
        kind: 'query',
        with: withClause,
        body: operand,
        orderBy,
        limit,
        limitWithTies,
        offset,
        locking,
        position,
      };
    }
    return this.addToParenthesized(operand, withClause, orderBy, limits, locking, position);
  }

  private checkTies(orderBy: readonly OrderItem[], operand: Operand, locking: readonly LockingClause[]): void {
    const isOrdered = orderBy.length > 0 || (operand.kind === 'query' && operand.orderBy.length > 0);
    if (!isOrdered) throw new SqlError('42601', 'WITH TIES cannot be specified without ORDER BY clause');
    if (locking.some((clause) => clause.wait === 'skip locked')) {
      throw new SqlError('42601', 'SKIP LOCKED and WITH TIES options cannot be used together');
    }
  }

  /** (SELECT ...) ORDER BY ...: the clauses join those inside; writing one twice is an error, as in insertSelectOptions. */
  private addToParenthesized(
    inner: Query,
    withClause: WithClause | null,
    orderBy: readonly OrderItem[],
    limits: Limits,
    locking: readonly LockingClause[],
    position: number,
  ): Query {
    const once = (before: boolean, again: { readonly position: number } | null | undefined, what: string): void => {
      if (!before || again === null || again === undefined) return;
      throw this.messageAtOffset('42601', `multiple ${what} clauses not allowed`, again.position);
    };
    once(inner.orderBy.length > 0, orderBy[0], 'ORDER BY');
    once(inner.offset !== null, limits.offset, 'OFFSET');
    once(inner.limit !== null, limits.limit, 'LIMIT');
    once(inner.with !== null, withClause, 'WITH');
    return {
      kind: 'query',
      with: inner.with ?? withClause,
      body: inner.body,
      orderBy: orderBy.length > 0 ? orderBy : inner.orderBy,
      limit: limits.limit ?? inner.limit,
      limitWithTies: limits.limit !== null ? limits.limitWithTies : inner.limitWithTies,
      offset: limits.offset ?? inner.offset,
      locking: inner.locking.length > 0 ? [...inner.locking, ...locking] : locking,
      position,
    };
  }

  /** select_clause { UNION | INTERSECT | EXCEPT [ ALL | DISTINCT ] select_clause }, by level. */
  readonly setOperations = this.detail('setOperations', (first: Operand, weakest: number): Operand => {
    let left = first;
    if (this.RECORDING_PHASE) {
      this.take(T.UNION);
      this.sub(this.selectOperand);
      return left;
    }
    for (let count = 0; ; count++) {
      const token = this.nextToken();
      const level = setLevel(token.tokenTypeIdx);
      if (level === 0 || level <= weakest) return left;
      this.take(token.tokenTypeIdx);
      const all = this.has(T.ALL);
      if (!all) this.has(T.DISTINCT);
      let right = this.sub(this.selectOperand);
      if (setLevel(this.peek()) > level) right = this.sub(this.setOperations, right, level);
      const operator = token.image as SetOperation['operator'];
      left = {
        kind: 'setOperation',
        operator,
        all,
        left: asQuery(left),
        right: asQuery(right),
        position: token.startOffset,
      };
      if (count > SET_OPERATIONS_MAX) throw this.tooDeep();
    }
  });

  /** simple_select without set operations, or select_with_parens. */
  readonly selectOperand = this.rule('selectOperand', (): Operand => {
    const alternative = this.choose(0, this.selectOperandAlternatives);
    return alternative;
  });

  private readonly selectOperandAlternatives = [
    { ALT: (): Operand => this.sub(this.selectBody) },
    { ALT: (): Operand => this.sub(this.valuesBody) },
    { ALT: (): Operand => this.tableBody() },
    { ALT: (): Operand => this.parenthesizedQuery() },
  ];

  protected parenthesizedQuery(): Query {
    this.take(T.LEFT_PAREN);
    const at = this.nextToken();
    if (!this.RECORDING_PHASE && !this.parensLeadToQuery()) {
      while (this.at(T.LEFT_PAREN)) this.take(T.LEFT_PAREN);
      throw this.unexpected();
    }
    const content = this.parenContent();
    if (!isQuery(content)) throw this.unexpected(at);
    return content;
  }

  /** TABLE t is SELECT * FROM t. */
  private tableBody(): SelectBody {
    const position = this.take(T.TABLE).startOffset;
    const relation = this.relationName();
    const star: Expression = { kind: 'columnRef', name: [], star: true, position };
    const table: FromItem = { kind: 'table', ...relation, alias: null, sample: null };
    const body = { ...EMPTY_SELECT, targets: [{ expr: star, alias: null, position }], from: [table], position };
    return this.atAsOf() ? { ...body, asOf: this.asOfClause() } : body;
  }

  /** VALUES '(' expr_list ')' { ',' '(' expr_list ')' } */
  readonly valuesBody = this.rule('valuesBody', (): ValuesBody => {
    const position = this.take(T.VALUES).startOffset;
    const rows = this.listOf(() => this.inParens(() => this.list(this.valueOrDefault)));
    return { kind: 'values', rows, position };
  });

  /** a_expr | DEFAULT: allowed here as in PostgreSQL's grammar, refused later where it makes no sense. */
  readonly valueOrDefault = this.detail('valueOrDefault', (): Expression => {
    if (this.at(T.DEFAULT)) return { kind: 'default', position: this.take(T.DEFAULT).startOffset };
    return this.sub(this.expression);
  });

  /**
   * SELECT [ ALL | DISTINCT [ ON '(' expr_list ')' ] ] target_list [ INTO ] [ FROM ] [ AS OF SYSTEM TIME a_expr ] [ WHERE ]
   * [ GROUP BY ] [ HAVING ] [ WINDOW ]
   */
  readonly selectBody = this.rule('selectBody', (): SelectBody => {
    const position = this.take(T.SELECT).startOffset;
    let distinct: SelectBody['distinct'] = null;
    if (this.at(T.DISTINCT)) distinct = this.distinctClause();
    else if (this.at(T.ALL)) this.take(T.ALL);
    // The target list may be empty.
    const isEmpty = distinct === null && !this.at(T.STAR) && !this.startsRule('expression');
    const targets = isEmpty && !this.RECORDING_PHASE ? [] : this.list(this.selectTarget);
    const into = this.opt(T.INTO, this.intoClause);
    const from = this.opt(T.FROM, this.fromList) ?? NO_FROM;
    const asOf = this.atAsOf() ? this.asOfClause() : null;
    const where = this.opt(T.WHERE, this.oneExpression);
    const groupBy = this.at(T.GROUP) ? this.sub(this.groupByClause) : null;
    const having = this.opt(T.HAVING, this.oneExpression);
    const windows = this.opt(T.WINDOW, this.windowClause) ?? NO_WINDOWS;
    const body: SelectBody = {
      kind: 'select',
      distinct,
      targets,
      into,
      from,
      where,
      groupBy,
      having,
      windows,
      position,
    };
    return asOf === null ? body : { ...body, asOf };
  });

  private readonly oneExpression = (): Expression => this.sub(this.expression);
  private readonly fromList = (): FromItem[] => this.list(this.fromItem);
  private readonly windowClause = (): { name: string; spec: WindowSpec }[] =>
    this.listOf(() => {
      const name = this.colId();
      this.take(T.AS);
      return { name, spec: this.sub(this.windowSpec) };
    });

  private distinctClause(): SelectBody['distinct'] {
    this.take(T.DISTINCT);
    if (!this.at(T.ON)) return 'all';
    this.take(T.ON);
    return this.inParens(() => this.list(this.expression));
  }

  /** target_el: a_expr [ AS ColLabel | BareColLabel ] | '*' */
  readonly selectTarget = this.detail('selectTarget', (): SelectTarget => {
    const position = this.here();
    if (this.at(T.STAR)) {
      this.take(T.STAR);
      return { expr: { kind: 'columnRef', name: [], star: true, position }, alias: null, position };
    }
    const expr = this.sub(this.expression);
    let alias: string | null = null;
    if (this.at(T.AS) && !this.atAsOf()) {
      this.take(T.AS);
      alias = this.colLabel();
    } else if (this.atCategory(T.BARE_COL_LABEL)) alias = this.takeName(T.BARE_COL_LABEL).image;
    return { expr, alias, position };
  });

  /** OptTempTableName after INTO */
  private readonly intoClause = (): IntoClause => {
    const persistence = this.persistence();
    this.has(T.TABLE);
    const position = this.here();
    return { name: this.qualifiedName(), persistence, position };
  };

  /** [ [ LOCAL | GLOBAL ] { TEMP | TEMPORARY } | UNLOGGED ] */
  protected persistence(): Persistence {
    const scoped = this.at(T.LOCAL) || this.at(T.GLOBAL);
    if (scoped && (this.peekAt(2) === T.TEMP || this.peekAt(2) === T.TEMPORARY)) this.take(this.peek());
    if (this.at(T.TEMP) || this.at(T.TEMPORARY)) {
      this.take(this.peek());
      return 'temporary';
    }
    if (this.at(T.UNLOGGED)) {
      this.take(T.UNLOGGED);
      return 'unlogged';
    }
    return 'permanent';
  }

  /** GROUP BY [ ALL | DISTINCT ] group_by_item { ',' group_by_item } */
  readonly groupByClause = this.detail('groupByClause', (): GroupByClause => {
    const position = this.take(T.GROUP).startOffset;
    this.take(T.BY);
    const distinct = this.has(T.DISTINCT);
    if (!distinct) this.has(T.ALL);
    return { distinct, items: this.list(this.groupByItem), position };
  });

  /** a_expr | '(' ')' | ROLLUP '(' ... ')' | CUBE '(' ... ')' | GROUPING SETS '(' ... ')' */
  readonly groupByItem = this.detail('groupByItem', (): GroupByItem => {
    const position = this.here();
    if (this.at(T.LEFT_PAREN) && this.peekAt(2) === T.RIGHT_PAREN) {
      this.take(T.LEFT_PAREN);
      this.take(T.RIGHT_PAREN);
      return { kind: 'empty', position };
    }
    const isCall = this.peekAt(2) === T.LEFT_PAREN;
    if (isCall && (this.at(T.ROLLUP) || this.at(T.CUBE))) {
      const kind = this.at(T.ROLLUP) ? 'rollup' : 'cube';
      this.take(this.peek());
      return { kind, args: this.inParens(() => this.list(this.expression)), position };
    }
    if (this.at(T.GROUPING) && this.peekAt(2) === T.SETS) {
      this.enter();
      this.take(T.GROUPING);
      this.take(T.SETS);
      const sets = this.inParens(() => this.list(this.groupByItem));
      this.leave();
      return { kind: 'groupingSets', sets, position };
    }
    return { kind: 'expr', expr: this.sub(this.expression), position };
  });

  // ----------------------------------------------------------------------------------------- ORDER BY, LIMIT, FOR

  /** sortby: a_expr [ ASC | DESC | USING qual_all_Op ] [ NULLS { FIRST | LAST } ] */
  readonly orderItem = this.detail('orderItem', (): OrderItem => {
    let position = this.here();
    const expr = this.sub(this.expression);
    let direction: OrderItem['direction'] = null;
    let using: QualifiedName | null = null;
    if (this.at(T.ASC) || this.at(T.DESC)) direction = this.take(this.peek()).image as 'asc' | 'desc';
    else if (this.at(T.USING)) {
      this.take(T.USING);
      position = this.here();
      direction = 'using';
      position = this.here();
      using = this.at(T.OPERATOR) ? this.sub(this.qualifiedOperator) : [this.operatorSymbol()];
    }
    return { expr, direction, using, nulls: this.nullsOrder(), position };
  });

  protected nullsOrder(): 'first' | 'last' | null {
    if (!this.at(T.NULLS_LA)) return null;
    this.take(T.NULLS_LA);
    if (this.has(T.FIRST)) return 'first';
    this.take(T.LAST);
    return 'last';
  }

  /** LIMIT { a_expr | ALL } | OFFSET a_expr [ ROW | ROWS ] | FETCH { FIRST | NEXT } [ n ] { ROW | ROWS } { ONLY | WITH TIES } */
  readonly limitClauses = this.detail('limitClauses', (): Limits => {
    let limit: Expression | null = null;
    let offset: Expression | null = null;
    let limitWithTies = false;
    while (isLimit(this.peek())) {
      const token = this.nextToken();
      if (token.tokenTypeIdx === T.OFFSET) {
        if (offset !== null) throw this.unexpected();
        this.take(T.OFFSET);
        offset = this.sub(this.expression);
        if (this.at(T.ROW) || this.at(T.ROWS)) this.take(this.peek());
      } else {
        if (limit !== null) throw this.unexpected();
        this.take(token.tokenTypeIdx);
        if (token.tokenTypeIdx === T.LIMIT) limit = this.limitValue(token);
        else ({ limit, limitWithTies } = this.fetchFirst());
      }
    }
    return { limit, limitWithTies, offset };
  });

  private limitValue(start: Token): Expression {
    const position = this.here();
    if (this.has(T.ALL)) return { kind: 'null', position };
    const limit = this.sub(this.expression);
    if (this.at(T.COMMA)) {
      throw this.messageAt('42601', 'LIMIT #,# syntax is not supported', start).with({
        hint: 'Use separate LIMIT and OFFSET clauses.',
      });
    }
    return limit;
  }

  private fetchFirst(): { limit: Expression; limitWithTies: boolean } {
    if (!this.has(T.FIRST)) this.take(T.NEXT);
    const position = this.here();
    let limit: Expression = { kind: 'integer', value: 1, negative: false, literalIndex: -1, position };
    if (!this.at(T.ROW) && !this.at(T.ROWS)) {
      // select_fetch_first_value: c_expr, or a signed number.
      const sign = this.at(T.PLUS) || this.at(T.MINUS) ? this.peek() : 0;
      limit = sign === 0 ? this.sub(this.operand) : this.sub(this.basicExpression);
    }
    if (!this.has(T.ROW)) this.take(T.ROWS);
    if (this.has(T.ONLY)) return { limit, limitWithTies: false };
    this.take(T.WITH);
    this.take(T.TIES);
    return { limit, limitWithTies: true };
  }

  private lockingClauses(): LockingClause[] {
    const clauses: LockingClause[] = [];
    while (this.at(T.FOR)) {
      // FOR READ ONLY means nothing.
      if (this.peekAt(2) === T.READ) {
        this.take(T.FOR);
        this.take(T.READ);
        this.take(T.ONLY);
        return clauses;
      }
      clauses.push(this.sub(this.lockingClause));
    }
    return clauses;
  }

  /** FOR { UPDATE | NO KEY UPDATE | SHARE | KEY SHARE } [ OF names ] [ NOWAIT | SKIP LOCKED ] */
  readonly lockingClause = this.detail('lockingClause', (): LockingClause => {
    const position = this.take(T.FOR).startOffset;
    let strength: LockingClause['strength'];
    if (this.has(T.NO)) {
      this.take(T.KEY);
      this.take(T.UPDATE);
      strength = 'no key update';
    } else if (this.has(T.KEY)) {
      this.take(T.SHARE);
      strength = 'key share';
    } else if (this.has(T.SHARE)) strength = 'share';
    else {
      this.take(T.UPDATE);
      strength = 'update';
    }
    const of = this.opt(T.OF, () =>
      this.listOf(() => {
        const position = this.here();
        return { name: this.qualifiedName(), only: false, position };
      }),
    );
    let wait: LockingClause['wait'] = 'wait';
    if (this.has(T.NOWAIT)) wait = 'nowait';
    else if (this.has(T.SKIP)) {
      this.take(T.LOCKED);
      wait = 'skip locked';
    }
    return { strength, of: of ?? [], wait, position };
  });

  // ------------------------------------------------------------------------------------------------------- windows

  /** '(' [ ColId ] [ PARTITION BY expr_list ] [ sort_clause ] [ frame ] ')' */
  readonly windowSpec = this.detail('windowSpec', (): WindowSpec => {
    const position = this.take(T.LEFT_PAREN).startOffset;
    let base: string | null = null;
    // PARTITION, RANGE, ROWS and GROUPS are unreserved, but here they begin their clauses.
    const type = this.peek();
    const begins = type === T.PARTITION || type === T.RANGE || type === T.ROWS || type === T.GROUPS;
    if (!begins && this.atCategory(T.COL_ID)) base = this.colId();
    let partitionBy: Expression[] = [];
    if (this.has(T.PARTITION)) {
      this.take(T.BY);
      partitionBy = this.list(this.expression);
    }
    const orderBy = this.at(T.ORDER) ? this.orderBy() : NO_ORDER;
    const frame = this.at(T.RANGE) || this.at(T.ROWS) || this.at(T.GROUPS) ? this.sub(this.windowFrame) : null;
    this.take(T.RIGHT_PAREN);
    return { kind: 'windowSpec', base, partitionBy, orderBy, frame, position };
  });

  /** { RANGE | ROWS | GROUPS } { bound | BETWEEN bound AND bound } [ EXCLUDE ... ] */
  readonly windowFrame = this.detail('windowFrame', (): WindowFrame => {
    const token = this.take(this.peek());
    const position = token.startOffset;
    let startToken = this.nextToken();
    let start: FrameBound;
    let end: FrameBound = { kind: 'currentRow', offset: null };
    let endToken = startToken;
    const fail = (message: string, at: Token): void => {
      if (!this.RECORDING_PHASE) throw this.messageAt('42P20', message, at);
    };
    if (this.has(T.BETWEEN)) {
      startToken = this.nextToken();
      start = this.frameBound();
      if (start.kind === 'unboundedFollowing') fail('frame start cannot be UNBOUNDED FOLLOWING', startToken);
      this.take(T.AND);
      endToken = this.nextToken();
      end = this.frameBound();
      if (end.kind === 'unboundedPreceding') fail('frame end cannot be UNBOUNDED PRECEDING', endToken);
      if (start.kind === 'currentRow' && end.kind === 'preceding') {
        fail('frame starting from current row cannot have preceding rows', endToken);
      }
      if (start.kind === 'following' && (end.kind === 'preceding' || end.kind === 'currentRow')) {
        fail('frame starting from following row cannot have preceding rows', endToken);
      }
    } else {
      start = this.frameBound();
      if (start.kind === 'following') fail('frame starting from following row cannot end with current row', startToken);
    }
    if (start.kind === 'unboundedFollowing') fail('frame start cannot be UNBOUNDED FOLLOWING', startToken);
    let exclude: WindowFrame['exclude'] = 'no others';
    if (this.has(T.EXCLUDE)) {
      if (this.has(T.CURRENT)) {
        this.take(T.ROW);
        exclude = 'current row';
      } else if (this.has(T.GROUP)) exclude = 'group';
      else if (this.has(T.TIES)) exclude = 'ties';
      else {
        this.take(T.NO);
        this.take(T.OTHERS);
      }
    }
    return { mode: token.image as WindowFrame['mode'], start, end, exclude, position };
  });

  private frameBound(): FrameBound {
    const following = this.peekAt(2);
    if (this.at(T.UNBOUNDED) && (following === T.PRECEDING || following === T.FOLLOWING)) {
      this.take(T.UNBOUNDED);
      this.take(following);
      return { kind: following === T.PRECEDING ? 'unboundedPreceding' : 'unboundedFollowing', offset: null };
    }
    if (this.at(T.CURRENT) && following === T.ROW) {
      this.take(T.CURRENT);
      this.take(T.ROW);
      return { kind: 'currentRow', offset: null };
    }
    const offset = this.sub(this.expression);
    if (this.has(T.PRECEDING)) return { kind: 'preceding', offset };
    this.take(T.FOLLOWING);
    return { kind: 'following', offset };
  }

  // ----------------------------------------------------------------------------------------------------------- WITH

  /** The word, and what the scanner makes of it before a query that is called time or ordinality. */
  private readonly withWords = [{ ALT: (): Token => this.take(T.WITH) }, { ALT: (): Token => this.take(T.WITH_LA) }];

  /** WITH [ RECURSIVE ] common_table_expr { ',' common_table_expr } */
  readonly withClause = this.rule('withClause', (): WithClause => {
    const position = this.here();
    this.choose(0, this.withWords);
    const recursive = this.has(T.RECURSIVE);
    return { recursive, ctes: this.list(this.commonTableExpr), position };
  });

  /** name [ '(' names ')' ] AS [ [ NOT ] MATERIALIZED ] '(' PreparableStmt ')' [ SEARCH ] [ CYCLE ] */
  readonly commonTableExpr = this.detail('commonTableExpr', (): CommonTableExpr => {
    const position = this.here();
    const name = this.colId();
    const columns = this.optParenthesizedNames();
    this.take(T.AS);
    let materialized: boolean | null = null;
    if (this.has(T.NOT)) {
      this.take(T.MATERIALIZED);
      materialized = false;
    } else if (this.has(T.MATERIALIZED)) materialized = true;
    this.enter();
    const query = this.inParens(() => this.sub(this.queryStatement));
    this.leave();
    const search = this.at(T.SEARCH) ? this.searchClause() : null;
    const cycle = this.at(T.CYCLE) ? this.cycleClause() : null;
    return { name, columns, materialized, query, search, cycle, position };
  });

  private searchClause(): CommonTableExpr['search'] {
    const position = this.take(T.SEARCH).startOffset;
    const breadthFirst = this.has(T.BREADTH);
    if (!breadthFirst) this.take(T.DEPTH);
    this.take(T.FIRST);
    this.take(T.BY);
    const columns = this.nameList();
    this.take(T.SET);
    return { breadthFirst, columns, sequenceColumn: this.colId(), position };
  }

  /** AexprConst */
  private constant(): Expression {
    const value = this.sub(this.operand);
    if (!CONSTANTS.has(value.kind) && !this.RECORDING_PHASE) throw this.unexpected();
    return value;
  }

  private cycleClause(): CommonTableExpr['cycle'] {
    const position = this.take(T.CYCLE).startOffset;
    const columns = this.nameList();
    this.take(T.SET);
    const markColumn = this.colId();
    let markValue: Expression | null = null;
    let markDefault: Expression | null = null;
    if (this.has(T.TO)) {
      markValue = this.constant();
      this.take(T.DEFAULT);
      markDefault = this.constant();
    }
    this.take(T.USING);
    return { columns, markColumn, markValue, markDefault, pathColumn: this.colId(), position };
  }

  // -------------------------------------------------------------------------------------------------- relation names

  /** relation_expr: qualified_name [ '*' ] | ONLY qualified_name | ONLY '(' qualified_name ')' */
  protected relationName(): RelationName {
    if (this.at(T.ONLY)) {
      this.take(T.ONLY);
      const position = this.here();
      const name = this.at(T.LEFT_PAREN) ? this.inParens(() => this.qualifiedName()) : this.qualifiedName();
      return { name, only: true, position };
    }
    const position = this.here();
    const name = this.qualifiedName();
    if (this.at(T.STAR)) this.take(T.STAR);
    return { name, only: false, position };
  }
}

type Operand = SelectBody | ValuesBody | SetOperation | Query;
type Limits = Pick<Query, 'limit' | 'limitWithTies' | 'offset'>;
const NO_LIMITS: Limits = { limit: null, limitWithTies: false, offset: null };

const CONSTANTS = new Set<string>(['integer', 'numeric', 'string', 'bitString', 'boolean', 'null', 'cast']);

/** What SELECT may leave out. */
export const EMPTY_SELECT = {
  kind: 'select',
  distinct: null,
  into: null,
  where: null,
  groupBy: null,
  having: null,
  windows: [],
} as const;

function isLimit(type: number): boolean {
  return type === T.LIMIT || type === T.OFFSET || type === T.FETCH;
}

export function asQuery(operand: Operand): Query {
  if (operand.kind === 'query') return operand;
  return {
    kind: 'query',
    with: null,
    body: operand,
    orderBy: NO_ORDER,
    limit: null,
    limitWithTies: false,
    offset: null,
    locking: NO_LOCKING,
    position: operand.position,
  };
}
