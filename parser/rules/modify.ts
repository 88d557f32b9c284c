/** INSERT, UPDATE, DELETE, MERGE; and the statements that may stand in WITH, EXPLAIN, PREPARE, COPY. */
import type {
  Assignment,
  AssignmentTarget,
  DeleteStatement,
  Expression,
  FromItem,
  IndexElement,
  InsertStatement,
  MergeAction,
  MergeStatement,
  OnConflictClause,
  Option,
  OptionValue,
  QualifiedName,
  Query,
  QueryStatement,
  SelectTarget,
  TableRef,
  UpdateStatement,
  WithClause,
} from '../ast.ts';
import * as T from '../token-types.ts';
import { FromRules } from './from.ts';

const NO_TARGETS: readonly SelectTarget[] = [];

export abstract class ModifyRules extends FromRules {
  /** PreparableStmt: [ with_clause ] { SELECT | INSERT | UPDATE | DELETE | MERGE } */
  readonly queryStatement = this.rule('queryStatement', (): QueryStatement => {
    if (this.RECORDING_PHASE) {
      const { insertStatement, updateStatement, deleteStatement, mergeStatement } = this;
      return this.recordOneOf([this.query, insertStatement, updateStatement, deleteStatement, mergeStatement]);
    }
    const position = this.here();
    const withClause = this.at(T.WITH) || this.at(T.WITH_LA) ? this.sub(this.withClause) : null;
    switch (this.peek()) {
      case T.INSERT:
        return this.sub(this.insertStatement, withClause);
      case T.UPDATE:
        return this.sub(this.updateStatement, withClause);
      case T.DELETE:
        return this.sub(this.deleteStatement, withClause);
      case T.MERGE:
        return this.sub(this.mergeStatement, withClause);
      default:
        return this.sub(this.queryAfterWith, withClause, position);
    }
  });

  /** INSERT INTO qualified_name [ AS ColId ] insert_rest [ ON CONFLICT ... ] [ RETURNING target_list ] */
  readonly insertStatement = this.rule('insertStatement', (withClause: WithClause | null): InsertStatement => {
    const position = this.take(T.INSERT).startOffset;
    this.take(T.INTO);
    const tablePosition = this.here();
    const table = this.qualifiedName();
    const alias = this.opt(T.AS, () => this.colId());
    let columns: AssignmentTarget[] | null = null;
    if (this.at(T.LEFT_PAREN) && this.peekAt(2) !== T.LEFT_PAREN && !this.startsQueryAt(2)) {
      columns = this.inParens(() => this.list(this.assignmentTarget));
    }
    const overriding = this.at(T.OVERRIDING) ? this.overriding() : null;
    let source: Query | null = null;
    if (this.at(T.DEFAULT) && columns === null && overriding === null) {
      this.take(T.DEFAULT);
      this.take(T.VALUES);
    } else source = this.sub(this.query);
    const onConflict = this.at(T.ON) ? this.sub(this.onConflictClause) : null;
    const returning = this.returning();
    return {
      kind: 'insert',
      with: withClause,
      table,
      tablePosition,
      alias,
      columns,
      overriding,
      source,
      onConflict,
      returning,
      position,
    };
  });

  private overriding(): 'system' | 'user' {
    this.take(T.OVERRIDING);
    const isUser = this.has(T.USER);
    if (!isUser) this.take(T.SYSTEM);
    this.take(T.VALUE);
    return isUser ? 'user' : 'system';
  }

  /** insert_column_item, set_target: ColId opt_indirection */
  readonly assignmentTarget = this.detail('assignmentTarget', (): AssignmentTarget => {
    const position = this.here();
    const column = this.colId();
    const indirection: AssignmentTarget['indirection'][number][] = [];
    while (this.at(T.DOT) || this.at(T.LEFT_BRACKET)) {
      if (this.at(T.DOT)) {
        this.take(T.DOT);
        indirection.push({ kind: 'field', field: this.colLabel() });
      } else indirection.push({ kind: 'subscript', subscript: this.subscript() });
    }
    return { column, indirection, position };
  });

  private returning(): readonly SelectTarget[] {
    if (!this.at(T.RETURNING)) return NO_TARGETS;
    this.take(T.RETURNING);
    return this.list(this.selectTarget);
  }

  /** ON CONFLICT [ '(' index_params ')' [ WHERE ] | ON CONSTRAINT name ] DO { NOTHING | UPDATE SET ... [ WHERE ] } */
  readonly onConflictClause = this.detail('onConflictClause', (): OnConflictClause => {
    const position = this.take(T.ON).startOffset;
    this.take(T.CONFLICT);
    let target: OnConflictClause['target'] = null;
    if (this.at(T.LEFT_PAREN)) {
      const at = this.here();
      const elements = this.inParens(() => this.list(this.indexElement));
      target = { kind: 'inference', position: at, elements, where: this.opt(T.WHERE, () => this.sub(this.expression)) };
    } else if (this.at(T.ON)) {
      const at = this.take(T.ON).startOffset;
      this.take(T.CONSTRAINT);
      target = { kind: 'constraint', name: this.colId(), position: at };
    }
    this.take(T.DO);
    if (this.at(T.NOTHING)) {
      this.take(T.NOTHING);
      return { target, action: 'nothing', assignments: [], where: null, position };
    }
    this.take(T.UPDATE);
    this.take(T.SET);
    const assignments = this.list(this.assignment);
    const where = this.opt(T.WHERE, () => this.sub(this.expression));
    return { target, action: 'update', assignments, where, position };
  });

  /** set_clause: set_target '=' a_expr | '(' set_target_list ')' '=' a_expr */
  readonly assignment = this.detail('assignment', (): Assignment => {
    const position = this.here();
    if (this.at(T.LEFT_PAREN)) {
      const targets = this.inParens(() => this.list(this.assignmentTarget));
      this.take(T.EQUALS);
      return { kind: 'multiAssign', targets, value: this.sub(this.valueOrDefault), position };
    }
    const target = this.sub(this.assignmentTarget);
    this.take(T.EQUALS);
    return { kind: 'assign', target, value: this.sub(this.valueOrDefault), position };
  });

  /** relation_expr_opt_alias: without AS, SET is not an alias. */
  protected targetTable(): TableRef {
    const { name, only, position } = this.relationName();
    let alias: TableRef['alias'] = null;
    if (this.at(T.AS)) {
      this.take(T.AS);
      alias = { name: this.colId(), columns: [] };
    } else if (!this.at(T.SET) && this.atCategory(T.COL_ID)) alias = { name: this.colId(), columns: [] };
    return { kind: 'table', name, only, alias, sample: null, position };
  }

  /** UPDATE relation SET set_clause_list [ FROM ] [ WHERE ] [ RETURNING ] */
  readonly updateStatement = this.rule('updateStatement', (withClause: WithClause | null): UpdateStatement => {
    const position = this.take(T.UPDATE).startOffset;
    const table = this.targetTable();
    this.take(T.SET);
    const assignments = this.list(this.assignment);
    const from = this.opt(T.FROM, (): FromItem[] => this.list(this.fromItem)) ?? [];
    const where = this.whereOrCurrent();
    return { kind: 'update', with: withClause, table, assignments, from, where, returning: this.returning(), position };
  });

  /** where_or_current_clause: WHERE { a_expr | CURRENT OF cursor } */
  private whereOrCurrent(): Expression | null {
    if (!this.at(T.WHERE)) return null;
    this.take(T.WHERE);
    if (this.at(T.CURRENT) && this.peekAt(2) === T.OF) {
      const position = this.take(T.CURRENT).startOffset;
      this.take(T.OF);
      return { kind: 'currentOf', cursor: this.colId(), position };
    }
    return this.sub(this.expression);
  }

  /** DELETE FROM relation [ USING ] [ WHERE ] [ RETURNING ] */
  readonly deleteStatement = this.rule('deleteStatement', (withClause: WithClause | null): DeleteStatement => {
    const position = this.take(T.DELETE).startOffset;
    this.take(T.FROM);
    const table = this.targetTable();
    const using = this.opt(T.USING, (): FromItem[] => this.list(this.fromItem)) ?? [];
    const where = this.whereOrCurrent();
    return { kind: 'delete', with: withClause, table, using, where, returning: this.returning(), position };
  });

  /** MERGE INTO relation USING table_ref ON a_expr { WHEN [ NOT ] MATCHED [ AND a_expr ] THEN action } */
  readonly mergeStatement = this.rule('mergeStatement', (withClause: WithClause | null): MergeStatement => {
    const position = this.take(T.MERGE).startOffset;
    this.take(T.INTO);
    const table = this.targetTable();
    this.take(T.USING);
    const source = this.sub(this.fromItem);
    this.take(T.ON);
    const on = this.sub(this.expression);
    const clauses: MergeStatement['clauses'][number][] = [];
    do {
      const at = this.take(T.WHEN).startOffset;
      const matched = !this.has(T.NOT);
      this.take(T.MATCHED);
      const condition = this.opt(T.AND, () => this.sub(this.expression));
      this.take(T.THEN);
      clauses.push({ matched, condition, action: this.mergeAction(matched), position: at });
    } while (this.at(T.WHEN));
    return { kind: 'merge', with: withClause, table, source, on, clauses, position };
  });

  private mergeAction(matched: boolean): MergeAction {
    if (this.at(T.DO)) {
      this.take(T.DO);
      this.take(T.NOTHING);
      return { kind: 'nothing' };
    }
    if (matched) {
      if (this.has(T.DELETE)) return { kind: 'delete' };
      this.take(T.UPDATE);
      this.take(T.SET);
      return { kind: 'update', assignments: this.list(this.assignment) };
    }
    this.take(T.INSERT);
    const columns = this.at(T.LEFT_PAREN) ? this.inParens(() => this.list(this.assignmentTarget)) : null;
    const overriding = this.at(T.OVERRIDING) ? this.overriding() : null;
    if (this.at(T.DEFAULT) && columns === null) {
      this.take(T.DEFAULT);
      this.take(T.VALUES);
      return { kind: 'insert', columns, overriding, values: null };
    }
    this.take(T.VALUES);
    return { kind: 'insert', columns, overriding, values: this.inParens(() => this.list(this.valueOrDefault)) };
  }

  // -------------------------------------------------------------------------------------- index elements and options

  /** index_elem: { ColId | func_expr_windowless | '(' a_expr ')' } [ COLLATE ] [ opclass [ options ] ] [ ASC | DESC ] [ NULLS ] */
  readonly indexElement = this.detail('indexElement', (): IndexElement => {
    const position = this.here();
    let column: string | null = null;
    let expr: Expression | null = null;
    if (this.at(T.LEFT_PAREN)) expr = this.inParens(() => this.sub(this.expression));
    else if (this.peekAt(2) === T.LEFT_PAREN || this.peekAt(2) === T.DOT || !this.atCategory(T.COL_ID)) {
      expr = this.sub(this.windowlessCall);
    } else column = this.colId();
    const collation = this.opt(T.COLLATE, () => this.qualifiedName());
    let operatorClass: QualifiedName | null = null;
    let operatorClassOptions: readonly Option[] = [];
    if (this.has(T.USING)) operatorClass = this.qualifiedName();
    else if (this.atCategory(T.COL_ID) && !this.at(T.NULLS_LA)) operatorClass = this.qualifiedName();
    if (operatorClass !== null && this.at(T.LEFT_PAREN)) operatorClassOptions = this.relationOptions();
    let direction: IndexElement['direction'] = null;
    if (this.at(T.ASC) || this.at(T.DESC)) direction = this.take(this.peek()).image as 'asc' | 'desc';
    const nulls = this.nullsOrder();
    return { column, expr, collation, operatorClass, operatorClassOptions, direction, nulls, position };
  });

  /** reloptions: '(' ColLabel [ '.' ColLabel ] [ '=' def_arg ] { ',' ... } ')' */
  protected relationOptions(): Option[] {
    return this.inParens(() => this.list(this.relationOption));
  }

  readonly relationOption = this.detail('relationOption', (): Option => {
    const position = this.here();
    let name = this.colLabel();
    let namespace: string | null = null;
    if (this.has(T.DOT)) {
      namespace = name;
      name = this.colLabel();
    }
    const value = this.opt(T.EQUALS, () => this.definitionArgument());
    return { namespace, name, value, position };
  });

  /** def_arg: func_type | reserved_keyword | qual_all_Op | NumericOnly | Sconst | NONE; all but numbers as text. */
  protected definitionArgument(): OptionValue {
    const type = this.peek();
    if (type === T.STRING) return this.string();
    const isSign = type === T.PLUS || type === T.MINUS;
    const signed = this.peekAt(2) === T.INTEGER_LITERAL || this.peekAt(2) === T.NUMERIC_LITERAL;
    if (this.atNumber() && (!isSign || signed)) return this.numericOnly();
    if (type === T.OPERATOR || type === T.OPERATOR_SYMBOL) {
      const name = this.sub(this.qualifiedOperator);
      return name.length === 1 ? name[0] : name;
    }
    if (type > T.PARAM && type < T.COLON_EQUALS) return this.operatorSymbol();
    const isReserved = !this.atCategory(T.TYPE_FUNCTION_NAME) && !this.atCategory(T.COL_ID);
    if (isReserved && this.atCategory(T.COL_LABEL)) return this.takeName(T.COL_LABEL).image;
    if (this.at(T.NONE)) return this.take(T.NONE).image;
    const typeName = this.sub(this.typeName);
    if (this.RECORDING_PHASE) return null;
    return typeName.name.length === 1 ? typeName.name[0] : typeName.name;
  }

  protected atNumber(): boolean {
    const type = this.peek();
    return type === T.PLUS || type === T.MINUS || type === T.INTEGER_LITERAL || type === T.NUMERIC_LITERAL;
  }

  /** NumericOnly: an integer as number (bigint beyond safe), anything else as text. */
  protected numericOnly(): number | bigint | string {
    const negative = this.at(T.MINUS);
    if (negative || this.at(T.PLUS)) this.take(this.peek());
    if (!this.at(T.NUMERIC_LITERAL)) {
      const value = Number(this.take(T.INTEGER_LITERAL).image);
      return negative ? -value : value;
    }
    const image = (negative ? '-' : '') + this.take(T.NUMERIC_LITERAL).image;
    if (!/^-?[0-9]+$/.test(image)) return image;
    const value = BigInt(image);
    if (value < -9223372036854775808n || value > 9223372036854775807n) return image;
    return Number.isSafeInteger(Number(value)) ? Number(value) : value;
  }
}
