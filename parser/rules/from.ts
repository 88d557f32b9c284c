/** FROM: tables, functions, subqueries, joins, aliases, TABLESAMPLE. */
import type {
  Alias,
  ColumnDefinitionItem,
  Expression,
  FromItem,
  FunctionRef,
  JoinRef,
  Query,
  SubqueryRef,
  TableRef,
  TableSample,
  XmlTableRef,
} from '../ast.ts';
import { withKeptRow } from '../kept-rows.ts';
import * as T from '../token-types.ts';
import { continuesQuery } from './expression.ts';
import { SelectRules } from './select.ts';

export abstract class FromRules extends SelectRules {
  /** table_ref: an item and the joins after it. */
  readonly fromItem = this.detail('fromItem', (): FromItem => {
    this.enter();
    const item = this.sub(this.primaryFromItem);
    const joined = startsJoin(this.peek()) || this.RECORDING_PHASE ? this.sub(this.joins, item) : item;
    this.leave();
    return joined;
  });

  /** { [ NATURAL ] [ CROSS | INNER | LEFT | RIGHT | FULL [ OUTER ] ] JOIN table_ref [ ON a_expr | USING (...) [ AS a ] ] } */
  readonly joins = this.detail('joins', (first: FromItem): FromItem => {
    let left = first;
    if (this.RECORDING_PHASE) {
      this.take(T.JOIN);
      this.sub(this.fromItem);
    }
    for (let count = 0; startsJoin(this.peek()); count++) {
      left = this.join(left);
      if (count > 2000) throw this.tooDeep();
    }
    return left;
  });

  private join(left: FromItem): JoinRef {
    const position = this.here();
    const natural = this.at(T.NATURAL);
    if (natural) this.take(T.NATURAL);
    let joinType: JoinRef['joinType'] = 'inner';
    const type = this.peek();
    if (type === T.CROSS && !natural) {
      this.take(T.CROSS);
      joinType = 'cross';
    } else if (type === T.INNER) this.take(type);
    else if (type === T.LEFT || type === T.RIGHT || type === T.FULL) {
      this.take(type);
      joinType = type === T.LEFT ? 'left' : type === T.RIGHT ? 'right' : 'full';
      this.has(T.OUTER);
    }
    this.take(T.JOIN);
    const closed = natural || joinType === 'cross';
    let right = this.sub(this.primaryFromItem);
    let using: string[] | null = null;
    let usingAlias: string | null = null;
    let on: Expression | null = null;
    if (!closed) {
      // The right side may hold joins of its own before our ON: a JOIN b JOIN c ON ... ON ...
      while (startsJoin(this.peek())) {
        this.enter();
        right = this.join(right);
        this.leave();
      }
      if (this.at(T.USING)) {
        this.take(T.USING);
        using = this.parenthesizedNames();
        if (this.at(T.AS) && !this.atAsOf()) usingAlias = this.usingAlias();
      } else {
        this.take(T.ON);
        on = this.sub(this.expression);
      }
    }
    // Written out: a spread of a shared part cost a third of the time of a parse with joins.
    return { kind: 'join', joinType, natural, left, right, using, usingAlias, on, alias: null, position };
  }

  private usingAlias(): string {
    this.take(T.AS);
    return this.colId();
  }

  /** One item without joins after it. */
  readonly primaryFromItem = this.detail('primaryFromItem', (): FromItem => {
    const type = this.peek();
    if (type === T.LEFT_PAREN) return this.sub(this.parenthesizedFromItem, false);
    if (type === T.LATERAL) {
      this.take(T.LATERAL);
      if (this.at(T.LEFT_PAREN)) return this.sub(this.parenthesizedFromItem, true);
      if (this.atXmlTable()) return this.sub(this.xmlTableRef, true);
      return this.sub(this.functionRef, true);
    }
    if (type === T.ONLY) return this.tableRef();
    if (this.atXmlTable()) return this.sub(this.xmlTableRef, false);
    if (this.atFunction()) return this.sub(this.functionRef, false);
    return this.tableRef();
  });

  /** Looks over a qualified name for the '(' of a call. */
  private atFunction(): boolean {
    const type = this.peek();
    if (type !== T.IDENT) {
      if (type === T.ROWS && this.peekAt(2) === T.FROM && this.peekAt(3) === T.LEFT_PAREN) return true;
      // A type or function name keyword can only be a function.
      if (!this.atCategory(T.COL_ID) && this.atCategory(T.TYPE_FUNCTION_NAME)) return true;
      if (type === T.CAST || type === T.COLLATION || (!this.atCategory(T.COL_ID) && this.atValueFunction()))
        return true;
    }
    let ahead = 2;
    while (this.peekAt(ahead) === T.DOT) ahead += 2;
    return this.peekAt(ahead) === T.LEFT_PAREN;
  }

  private atXmlTable(): boolean {
    return this.at(T.XMLTABLE) && this.peekAt(2) === T.LEFT_PAREN;
  }

  /** xmltable opt_alias_clause */
  readonly xmlTableRef = this.detail('xmlTableRef', (lateral: boolean): XmlTableRef => {
    const table = this.xmlTableCall();
    return { ...table, lateral, alias: this.alias() };
  });

  private atValueFunction(): boolean {
    const type = this.peek();
    return VALUE_FUNCTIONS.has(type);
  }

  private tableRef(): TableRef {
    const relation = this.relationName();
    const alias = this.alias();
    const sample = this.at(T.TABLESAMPLE) ? this.sub(this.tableSample) : null;
    return { kind: 'table', name: relation.name, only: relation.only, alias, sample, position: relation.position };
  }

  /** TABLESAMPLE func_name '(' expr_list ')' [ REPEATABLE '(' a_expr ')' ] */
  readonly tableSample = this.detail('tableSample', (): TableSample => {
    this.take(T.TABLESAMPLE);
    const position = this.here();
    const method = this.qualifiedName();
    const args = this.inParens(() => this.list(this.expression));
    const repeatable = this.opt(T.REPEATABLE, () => this.inParens(() => this.sub(this.expression)));
    return { method, args, repeatable, position };
  });

  /** '(' query ')' alias, or '(' joins ')' [ alias ]: the inner parenthesis decides, as in parenContent(). */
  readonly parenthesizedFromItem = this.detail('parenthesizedFromItem', (lateral: boolean): FromItem => {
    const position = this.here();
    const content = this.parenthesizedFrom();
    if (isFromQuery(content)) return this.subqueryRef(content, lateral, position);
    if (lateral && !this.RECORDING_PHASE) throw this.unexpected();
    const alias = this.alias();
    if (alias === null) return content;
    if (content.kind !== 'join') throw this.unexpected();
    return { ...content, alias };
  });

  private parenthesizedFrom(): Query | FromItem {
    this.enter();
    this.take(T.LEFT_PAREN);
    let content: Query | FromItem;
    if (this.startsQueryAt(1)) content = this.sub(this.query);
    else if (this.at(T.LEFT_PAREN)) {
      const position = this.here();
      content = this.parenthesizedFrom();
      if (isFromQuery(content)) {
        if (continuesQuery(this.peek())) content = this.sub(this.queryTail, content);
        else if (!this.at(T.RIGHT_PAREN)) content = this.joinInParens(this.subqueryRef(content, false, position));
      } else {
        const alias = this.alias();
        if (alias !== null && content.kind === 'join') content = { ...content, alias };
        if (!this.at(T.RIGHT_PAREN)) content = this.joinInParens(content);
      }
    } else {
      content = this.sub(this.fromItem);
      // Only a join may stand in parentheses.
      if (content.kind !== 'join' && !this.RECORDING_PHASE) throw this.unexpected();
    }
    this.take(T.RIGHT_PAREN);
    this.leave();
    return content;
  }

  private joinInParens(first: FromItem): FromItem {
    if (!startsJoin(this.peek())) throw this.unexpected();
    return this.sub(this.joins, first);
  }

  private subqueryRef(query: Query, lateral: boolean, position: number): SubqueryRef {
    const alias = this.alias();
    if (alias === null && !this.RECORDING_PHASE) {
      const isValues = query.body.kind === 'values';
      throw this.missingAlias(isValues, position);
    }
    return { kind: 'subqueryRef', query, lateral, alias, position };
  }

  private missingAlias(isValues: boolean, position: number): Error {
    const token = this.tokVector.find((candidate) => candidate.startOffset === position);
    const what = isValues ? 'VALUES' : 'subquery';
    const example = isValues ? '(VALUES ...) [AS] foo' : '(SELECT ...) [AS] foo';
    return this.messageAt('42601', `${what} in FROM must have an alias`, token).with({
      hint: `For example, FROM ${example}.`,
    });
  }

  /** opt_alias_clause: [ AS ] ColId [ '(' name_list ')' ] */
  protected alias(): Alias | null {
    if (this.at(T.AS)) {
      if (this.atAsOf()) return null;
      this.take(T.AS);
    } else if (!this.atCategory(T.COL_ID)) return null;
    const name = this.colId();
    return { name, columns: this.at(T.LEFT_PAREN) ? this.parenthesizedNames() : NO_COLUMNS };
  }

  /** func_table func_alias_clause */
  readonly functionRef = this.detail('functionRef', (lateral: boolean): FunctionRef => {
    const position = this.here();
    let functions: FunctionRef['functions'];
    let rowsFrom = false;
    if (this.at(T.ROWS) && this.peekAt(2) === T.FROM && this.peekAt(3) === T.LEFT_PAREN) {
      this.take(T.ROWS);
      this.take(T.FROM);
      rowsFrom = true;
      functions = this.inParens(() =>
        this.listOf(() => {
          const call: Expression = this.sub(this.windowlessCall);
          return withKeptRow({ call, columnDefs: this.opt(T.AS, () => this.columnDefinitions()) ?? [] });
        }),
      );
    } else functions = [{ call: this.sub(this.windowlessCall), columnDefs: [] }];
    const ordinality = this.has(T.WITH_LA);
    if (ordinality) this.take(T.ORDINALITY);
    let alias: Alias | null = null;
    let columnDefs: ColumnDefinitionItem[] = [];
    if (this.at(T.AS) && this.peekAt(2) === T.LEFT_PAREN) {
      this.take(T.AS);
      columnDefs = this.columnDefinitions();
    } else if ((this.at(T.AS) && !this.atAsOf()) || this.atCategory(T.COL_ID)) {
      if (this.at(T.AS)) this.take(T.AS);
      const name = this.colId();
      let columns: string[] = [];
      if (this.at(T.LEFT_PAREN)) {
        // f() AS a (x, y) names columns, f() AS a (x int, y text) defines them.
        const after = this.peekAt(3);
        if (after === T.COMMA || after === T.RIGHT_PAREN) columns = this.parenthesizedNames();
        else columnDefs = this.columnDefinitions();
      }
      alias = { name, columns };
    }
    return { kind: 'functionRef', functions, rowsFrom, lateral, ordinality, alias, columnDefs, position };
  });

  /** '(' ColId Typename [ COLLATE any_name ] { ',' ... } ')' */
  private columnDefinitions(): ColumnDefinitionItem[] {
    return this.inParens(() => this.list(this.columnDefinitionItem));
  }

  readonly columnDefinitionItem = this.detail('columnDefinitionItem', (): ColumnDefinitionItem => {
    const position = this.here();
    const name = this.colId();
    const type = this.sub(this.typeName);
    const collationPosition = this.at(T.COLLATE) ? this.here() : -1;
    const collation = this.opt(T.COLLATE, () => this.qualifiedName());
    return { name, type, collation, collationPosition, position };
  });
}

const NO_COLUMNS: readonly string[] = [];

const VALUE_FUNCTIONS = new Set<number>([
  T.CURRENT_DATE,
  T.CURRENT_TIME,
  T.CURRENT_TIMESTAMP,
  T.LOCALTIME,
  T.LOCALTIMESTAMP,
  T.CURRENT_ROLE,
  T.CURRENT_USER,
  T.SESSION_USER,
  T.USER,
  T.CURRENT_CATALOG,
  T.CURRENT_SCHEMA,
]);

function startsJoin(type: number): boolean {
  switch (type) {
    case T.JOIN:
    case T.INNER:
    case T.LEFT:
    case T.RIGHT:
    case T.FULL:
    case T.CROSS:
    case T.NATURAL:
      return true;
    default:
      return false;
  }
}

function isFromQuery(content: Query | FromItem): content is Query {
  return content.kind === 'query';
}
