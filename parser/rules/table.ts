/**
 * CREATE TABLE, its columns and constraints; CREATE TABLE AS and CREATE MATERIALIZED VIEW.
 * Long, as columns and constraints are written in one place of the grammar.
 */
import { SqlError } from '../../types/errors.ts';
import type {
  ColumnConstraint,
  ColumnDefinition,
  ConstraintAttributes,
  CreateTableAsStatement,
  CreateTableStatement,
  Expression,
  ForeignKeyAction,
  ForeignKeyReference,
  IndexElement,
  LikeElement,
  LikeOption,
  Option,
  PartitionBound,
  PartitionSpec,
  Persistence,
  QualifiedName,
  SequenceOptions,
  TableConstraint,
  TableElement,
} from '../ast.ts';
import type { ParserRule } from '../parser-base.ts';
import * as T from '../token-types.ts';
import { ConstraintRules } from './constraint.ts';

type Mutable<X> = { -readonly [K in keyof X]: X[K] };

const LIKE_OPTIONS = new Map<number, LikeOption>([
  [T.ALL, 'all'],
  [T.COMMENTS, 'comments'],
  [T.COMPRESSION, 'compression'],
  [T.CONSTRAINTS, 'constraints'],
  [T.DEFAULTS, 'defaults'],
  [T.GENERATED, 'generated'],
  [T.IDENTITY, 'identity'],
  [T.INDEXES, 'indexes'],
  [T.STATISTICS, 'statistics'],
  [T.STORAGE, 'storage'],
]);

const NO_ATTRIBUTES: ConstraintAttributes = {
  deferrable: null,
  initiallyDeferred: null,
  notValid: false,
  noInherit: false,
};

export abstract class TableRules extends ConstraintRules {
  abstract readonly sequenceOptions: ParserRule<[], SequenceOptions>;

  /**
   * CREATE [ TEMP | UNLOGGED ] TABLE has been read.
   * [ IF NOT EXISTS ] name { '(' elements ')' | OF type [ '(' ... ')' ] | PARTITION OF parent [ '(' ... ')' ] bound }
   * [ INHERITS ] [ PARTITION BY ] [ USING method ] [ WITH (...) ] [ ON COMMIT ] [ TABLESPACE ]
   * | [ IF NOT EXISTS ] name [ '(' names ')' ] ... AS { query | EXECUTE }
   */
  readonly createTable = this.detail(
    'createTable',
    (persistence: Persistence, position: number): CreateTableStatement | CreateTableAsStatement => {
      const ifNotExists = this.ifNotExists();
      const { startOffset: tablePosition } = this.nextToken();
      const table = this.qualifiedName();
      let elements: readonly TableElement[] = [];
      let ofType: QualifiedName | null = null;
      let parent: QualifiedName | null = null;
      let bound: PartitionBound | null = null;
      let asColumns: string[] | null = null;
      if (this.has(T.OF)) {
        ofType = this.qualifiedName();
        if (this.at(T.LEFT_PAREN)) elements = this.tableElements(true);
      } else if (this.at(T.PARTITION)) {
        this.take(T.PARTITION);
        this.take(T.OF);
        parent = this.qualifiedName();
        if (this.at(T.LEFT_PAREN)) elements = this.tableElements(true);
        bound = this.sub(this.partitionBound);
      } else if (this.at(T.LEFT_PAREN)) {
        // Names alone are the columns of CREATE TABLE AS.
        const after = this.peekAt(3);
        if (after === T.COMMA || after === T.RIGHT_PAREN) asColumns = this.parenthesizedNames();
        else elements = this.tableElements(false);
      } else if (!this.RECORDING_PHASE) asColumns = [];
      const inherits =
        asColumns === null && this.has(T.INHERITS) ? this.inParens(() => this.listOf(() => this.qualifiedName())) : [];
      const partitionBy = this.at(T.PARTITION) && asColumns === null ? this.sub(this.partitionSpec) : null;
      const accessMethod = this.opt(T.USING, () => this.colId());
      const options = this.tableWith();
      const onCommit = this.at(T.ON) ? this.onCommit() : null;
      const tablespace = this.opt(T.TABLESPACE, () => this.colId());
      const common = { table, persistence, ifNotExists, accessMethod, options, onCommit, tablespace, position };
      if (asColumns !== null) {
        this.take(T.AS);
        return {
          kind: 'createTableAs',
          columns: asColumns,
          materializedView: false,
          ...common,
          ...this.asSource(true),
        };
      }
      const partitionOf = parent === null || bound === null ? null : { parent, bound };
      return { kind: 'createTable', tablePosition, elements, inherits, ofType, partitionOf, partitionBy, ...common };
    },
  );

  /** { SelectStmt | EXECUTE name [ '(' args ')' ] } [ WITH [ NO ] DATA ] */
  private asSource(allowExecute: boolean): Pick<CreateTableAsStatement, 'source' | 'withData'> {
    if (allowExecute && this.at(T.EXECUTE)) {
      this.take(T.EXECUTE);
      const name = this.colId();
      const args = this.at(T.LEFT_PAREN) ? this.inParens(() => this.list(this.expression)) : [];
      return { source: { kind: 'execute', name, args }, withData: this.withData() };
    }
    return { source: this.sub(this.query), withData: this.withData() };
  }

  protected withData(): boolean {
    if (!this.has(T.WITH)) return true;
    const withData = !this.has(T.NO);
    this.take(T.DATA);
    return withData;
  }

  /** CREATE [ UNLOGGED ] MATERIALIZED VIEW has been read. */
  readonly createMaterializedView = this.detail(
    'createMaterializedView',
    (persistence: Persistence, position: number): CreateTableAsStatement => {
      const ifNotExists = this.ifNotExists();
      const table = this.qualifiedName();
      const columns = this.optParenthesizedNames();
      const accessMethod = this.opt(T.USING, () => this.colId());
      const options = this.opt(T.WITH, () => this.relationOptions()) ?? [];
      const tablespace = this.opt(T.TABLESPACE, () => this.colId());
      this.take(T.AS);
      const source = this.asSource(false);
      return {
        kind: 'createTableAs',
        table,
        columns,
        persistence,
        ifNotExists,
        materializedView: true,
        accessMethod,
        options,
        onCommit: null,
        tablespace,
        ...source,
        position,
      };
    },
  );

  /** OptWith: WITH reloptions | WITHOUT OIDS */
  private tableWith(): readonly Option[] {
    if (this.at(T.WITHOUT)) {
      this.take(T.WITHOUT);
      this.take(T.OIDS);
      return [];
    }
    return this.opt(T.WITH, () => this.relationOptions()) ?? [];
  }

  private onCommit(): CreateTableStatement['onCommit'] {
    this.take(T.ON);
    this.take(T.COMMIT);
    if (this.has(T.DROP)) return 'drop';
    const preserve = this.has(T.PRESERVE);
    if (!preserve) this.take(T.DELETE);
    this.take(T.ROWS);
    return preserve ? 'preserve rows' : 'delete rows';
  }

  /** '(' [ TableElement { ',' TableElement } ] ')'; `typed`: columns come without types. */
  private tableElements(typed: boolean): TableElement[] {
    this.take(T.LEFT_PAREN);
    const elements: TableElement[] = [];
    if (typed || !this.at(T.RIGHT_PAREN)) {
      do elements.push(this.sub(this.tableElement, typed));
      while (this.more(T.COMMA));
    }
    this.take(T.RIGHT_PAREN);
    return elements;
  }

  readonly tableElement = this.detail('tableElement', (typed: boolean): TableElement => {
    if (this.at(T.LIKE)) return this.sub(this.likeElement);
    if (startsTableConstraint(this.peek(), this.peekAt(2))) {
      const position = this.here();
      return { kind: 'constraint', constraint: this.sub(this.tableConstraint), position };
    }
    return this.sub(this.columnDefinition, typed);
  });

  /** LIKE name { { INCLUDING | EXCLUDING } option } */
  readonly likeElement = this.detail('likeElement', (): LikeElement => {
    this.take(T.LIKE);
    const position = this.here();
    const table = this.qualifiedName();
    const options: LikeElement['options'][number][] = [];
    while (this.at(T.INCLUDING) || this.at(T.EXCLUDING)) {
      const including = this.take(this.peek()).tokenTypeIdx === T.INCLUDING;
      const option = LIKE_OPTIONS.get(this.peek());
      if (option === undefined) throw this.unexpected();
      this.take(this.peek());
      options.push({ including, option });
    }
    return { kind: 'like', table, options, position };
  });

  /** columnDef: ColId Typename [ COMPRESSION c ] { constraint }; without type when `typed`. */
  readonly columnDefinition = this.detail('columnDefinition', (typed: boolean): ColumnDefinition => {
    const position = this.here();
    const name = this.colId();
    const type = typed ? null : this.sub(this.typeName);
    if (typed && this.has(T.WITH)) this.take(T.OPTIONS);
    let compression: string | null = null;
    if (this.has(T.COMPRESSION)) compression = this.has(T.DEFAULT) ? 'default' : this.colId();
    const { constraints, collation, collationPosition } = this.sub(this.columnConstraints, false);
    const column: ColumnDefinition = { kind: 'column', name, type, collation, compression, constraints, position };
    return collation === null ? column : { ...column, collationPosition };
  });

  /** ColQualList: { [ CONSTRAINT name ] ColConstraintElem | ConstraintAttr | COLLATE any_name } */
  readonly columnConstraints = this.detail(
    'columnConstraints',
    (
      isDomain: boolean,
    ): { constraints: ColumnConstraint[]; collation: QualifiedName | null; collationPosition: number } => {
      const constraints: ColumnConstraint[] = [];
      let collation: QualifiedName | null = null;
      let collationPosition = -1;
      for (;;) {
        const token = this.nextToken();
        if (token.tokenTypeIdx === T.COLLATE) {
          this.take(T.COLLATE);
          if (collation !== null) throw this.messageAt('42601', 'multiple COLLATE clauses not allowed', token);
          collation = this.qualifiedName();
          collationPosition = token.startOffset;
          continue;
        }
        if (this.atConstraintAttribute()) {
          if (isDomain && !this.RECORDING_PHASE) {
            throw new SqlError('0A000', 'specifying constraint deferrability not supported for domains');
          }
          this.addAttribute(constraints);
          continue;
        }
        const name = this.at(T.CONSTRAINT) ? this.constraintName() : null;
        const constraint = this.columnConstraint(name, token.startOffset);
        if (constraint === null) {
          if (name !== null) throw this.unexpected();
          return { constraints, collation, collationPosition };
        }
        constraints.push(constraint);
      }
    },
  );

  private constraintName(): string {
    this.take(T.CONSTRAINT);
    return this.colId();
  }

  /** Constraints of columns for which [NOT] DEFERRABLE was written. */
  readonly #ofDeferral = new WeakSet<ColumnConstraint>();

  private atConstraintAttribute(): boolean {
    if (this.at(T.NOT) && this.peekAt(2) === T.DEFERRABLE) return true;
    return this.at(T.DEFERRABLE) || this.at(T.INITIALLY);
  }

  /** DEFERRABLE and its kin belong to the constraint before them. */
  private addAttribute(constraints: ColumnConstraint[]): void {
    const token = this.nextToken();
    const before = constraints[constraints.length - 1] as Mutable<ColumnConstraint> | undefined;
    const negated = this.has(T.NOT);
    const isDeferrable = this.at(T.DEFERRABLE);
    const what = isDeferrable ? (negated ? 'NOT DEFERRABLE' : 'DEFERRABLE') : 'INITIALLY';
    if (before === undefined || !['primaryKey', 'unique', 'foreignKey'].includes(before.kind)) {
      const clause =
        what === 'INITIALLY' ? (this.peekAt(2) === T.DEFERRED ? 'INITIALLY DEFERRED' : 'INITIALLY IMMEDIATE') : what;
      throw this.messageAt('42601', `misplaced ${clause} clause`, token);
    }
    if (isDeferrable) {
      this.take(T.DEFERRABLE);
      if (this.#ofDeferral.has(before))
        throw this.messageAt('42601', 'multiple DEFERRABLE/NOT DEFERRABLE clauses not allowed', token);
      this.#ofDeferral.add(before);
      before.deferrable = !negated;
    } else {
      this.take(T.INITIALLY);
      if (before.initiallyDeferred !== null) {
        throw this.messageAt('42601', 'multiple INITIALLY IMMEDIATE/DEFERRED clauses not allowed', token);
      }
      before.initiallyDeferred = this.has(T.DEFERRED);
      if (!before.initiallyDeferred) this.take(T.IMMEDIATE);
    }
    if (before.initiallyDeferred !== true) return;
    if (before.deferrable === false) {
      throw this.messageAt('42601', 'constraint declared INITIALLY DEFERRED must be DEFERRABLE', token);
    }
    before.deferrable = true;
  }

  /** ColConstraintElem; null when the next token starts none. */
  private columnConstraint(name: string | null, position: number): ColumnConstraint | null {
    const base = { name, ...NO_ATTRIBUTES, position };
    switch (this.peek()) {
      case T.NOT:
        this.take(T.NOT);
        this.take(T.NULL);
        return { kind: 'notNull', ...base };
      case T.NULL:
        this.take(T.NULL);
        return { kind: 'nullable', ...base };
      case T.DEFAULT:
        this.take(T.DEFAULT);
        return { kind: 'default', expr: this.sub(this.basicExpression), ...base };
      case T.CHECK: {
        this.take(T.CHECK);
        const expr = this.inParens(() => this.sub(this.expression));
        const noInherit = this.has(T.NO);
        if (noInherit) this.take(T.INHERIT);
        return { kind: 'check', expr, ...base, noInherit };
      }
      case T.UNIQUE:
      case T.PRIMARY: {
        const isPrimary = this.take(this.peek()).tokenTypeIdx === T.PRIMARY;
        if (isPrimary) this.take(T.KEY);
        const nullsNotDistinct = !isPrimary && this.nullsNotDistinct();
        return {
          kind: isPrimary ? 'primaryKey' : 'unique',
          columns: [],
          include: [],
          nullsNotDistinct,
          ...this.indexStorage(),
          usingIndex: null,
          ...base,
        };
      }
      case T.REFERENCES:
        return { kind: 'foreignKey', columns: [], references: this.sub(this.foreignKeyReference), ...base };
      case T.GENERATED:
        return this.generated(base);
      default:
        return null;
    }
  }

  /** GENERATED { ALWAYS | BY DEFAULT } AS IDENTITY [ '(' options ')' ] | GENERATED ALWAYS AS '(' a_expr ')' STORED */
  private generated(base: ConstraintAttributes & { name: string | null; position: number }): ColumnConstraint {
    this.take(T.GENERATED);
    const modeToken = this.nextToken();
    const always = this.generatedMode();
    this.take(T.AS);
    if (this.at(T.LEFT_PAREN)) {
      if (!always)
        throw this.messageAt('42601', 'for a generated column, GENERATED ALWAYS must be specified', modeToken);
      const expr = this.inParens(() => this.sub(this.expression));
      this.take(T.STORED);
      return { kind: 'generated', expr, ...base };
    }
    this.take(T.IDENTITY);
    const options = this.at(T.LEFT_PAREN) ? this.inParens(() => this.sub(this.sequenceOptions)) : {};
    return { kind: 'identity', always, options, ...base };
  }

  protected generatedMode(): boolean {
    if (this.has(T.ALWAYS)) return true;
    this.take(T.BY);
    this.take(T.DEFAULT);
    return false;
  }

  protected nullsNotDistinct(): boolean {
    if (!this.at(T.NULLS)) return false;
    this.take(T.NULLS);
    const not = this.has(T.NOT);
    this.take(T.DISTINCT);
    return not;
  }

  /** opt_definition OptConsTableSpace: [ WITH (...) ] [ USING INDEX TABLESPACE name ] */
  private indexStorage(): { options: readonly Option[]; tablespace: string | null } {
    const options = this.opt(T.WITH, () => this.relationOptions()) ?? [];
    let tablespace: string | null = null;
    if (this.has(T.USING)) {
      this.take(T.INDEX);
      this.take(T.TABLESPACE);
      tablespace = this.colId();
    }
    return { options, tablespace };
  }

  /** REFERENCES name [ '(' columns ')' ] [ MATCH ... ] [ ON DELETE ... ] [ ON UPDATE ... ] */
  readonly foreignKeyReference = this.detail('foreignKeyReference', (): ForeignKeyReference => {
    this.take(T.REFERENCES);
    const position = this.here();
    const table = { name: this.qualifiedName(), only: false, position };
    const columns = this.optParenthesizedNames();
    let match: ForeignKeyReference['match'] = 'simple';
    if (this.at(T.MATCH)) {
      const token = this.take(T.MATCH);
      const type = this.peek();
      if (type !== T.FULL && type !== T.PARTIAL && type !== T.SIMPLE && !this.RECORDING_PHASE) throw this.unexpected();
      if (type === T.PARTIAL && !this.RECORDING_PHASE) {
        throw this.messageAt('0A000', 'MATCH PARTIAL not yet implemented', token);
      }
      match = this.take(type).image as ForeignKeyReference['match'];
    }
    let onDelete: ForeignKeyAction = 'no action';
    let onUpdate: ForeignKeyAction = 'no action';
    let onDeleteColumns: string[] = [];
    let sawDelete = false;
    let sawUpdate = false;
    while (this.at(T.ON)) {
      const at = this.here();
      this.take(T.ON);
      if (!sawUpdate && this.has(T.UPDATE)) {
        sawUpdate = true;
        onUpdate = this.foreignKeyAction();
        if (onUpdate.startsWith('set') && this.at(T.LEFT_PAREN) && !this.RECORDING_PHASE) {
          const message = `a column list with ${onUpdate.toUpperCase()} is only supported for ON DELETE actions`;
          throw this.messageAtOffset('0A000', message, at);
        }
        continue;
      }
      if (sawDelete) throw this.unexpected();
      this.take(T.DELETE);
      sawDelete = true;
      onDelete = this.foreignKeyAction();
      if (onDelete.startsWith('set')) onDeleteColumns = this.optParenthesizedNames();
    }
    return { table, columns, match, onDelete, onDeleteColumns, onUpdate };
  });

  private foreignKeyAction(): ForeignKeyAction {
    if (this.has(T.NO)) {
      this.take(T.ACTION);
      return 'no action';
    }
    if (this.has(T.RESTRICT)) return 'restrict';
    if (this.has(T.CASCADE)) return 'cascade';
    this.take(T.SET);
    if (this.has(T.NULL)) return 'set null';
    this.take(T.DEFAULT);
    return 'set default';
  }

  /** TableConstraint: [ CONSTRAINT name ] { CHECK | UNIQUE | PRIMARY KEY | EXCLUDE | FOREIGN KEY } ... attributes */
  readonly tableConstraint = this.detail('tableConstraint', (): TableConstraint => {
    const position = this.here();
    const name = this.opt(T.CONSTRAINT, () => this.colId());
    const base = { name, position };
    if (this.has(T.CHECK)) {
      const expr = this.inParens(() => this.sub(this.expression));
      return { kind: 'check', expr, ...base, ...this.constraintAttributes('CHECK') };
    }
    if (this.at(T.UNIQUE) || this.at(T.PRIMARY)) return this.keyConstraint(base);
    if (this.has(T.EXCLUDE)) {
      const method = this.opt(T.USING, () => this.colId()) ?? 'btree';
      const elements = this.inParens(() => this.list(this.exclusionElement));
      const include = this.opt(T.INCLUDE, () => this.parenthesizedNames()) ?? [];
      const storage = this.indexStorage();
      const where = this.opt(T.WHERE, () => this.inParens(() => this.sub(this.expression)));
      const attributes = this.constraintAttributes('EXCLUDE');
      return { kind: 'exclude', method, elements, include, ...storage, where, ...base, ...attributes };
    }
    this.take(T.FOREIGN);
    this.take(T.KEY);
    const columns = this.parenthesizedNames();
    const references = this.sub(this.foreignKeyReference);
    return { kind: 'foreignKey', columns, references, ...base, ...this.constraintAttributes('FOREIGN KEY') };
  });

  private keyConstraint(base: { name: string | null; position: number }): TableConstraint {
    const isPrimary = this.take(this.peek()).tokenTypeIdx === T.PRIMARY;
    if (isPrimary) this.take(T.KEY);
    const kind = isPrimary ? 'primaryKey' : 'unique';
    const what = isPrimary ? 'PRIMARY KEY' : 'UNIQUE';
    const nullsNotDistinct = !isPrimary && this.nullsNotDistinct();
    if (this.at(T.USING) && this.peekAt(2) === T.INDEX) {
      this.take(T.USING);
      this.take(T.INDEX);
      const usingIndex = this.colId();
      const attributes = this.constraintAttributes(what);
      return {
        kind,
        columns: [],
        include: [],
        nullsNotDistinct,
        options: [],
        tablespace: null,
        usingIndex,
        ...base,
        ...attributes,
      };
    }
    const columns = this.parenthesizedNames();
    const include = this.opt(T.INCLUDE, () => this.parenthesizedNames()) ?? [];
    const storage = this.indexStorage();
    const attributes = this.constraintAttributes(what);
    return { kind, columns, include, nullsNotDistinct, ...storage, usingIndex: null, ...base, ...attributes };
  }

  readonly exclusionElement = this.detail(
    'exclusionElement',
    (): { element: IndexElement; operator: QualifiedName } => {
      const element = this.sub(this.indexElement);
      this.take(T.WITH);
      if (!this.at(T.OPERATOR)) return { element, operator: this.anyOperator() };
      return { element, operator: this.sub(this.qualifiedOperator) };
    },
  );

  /** PARTITION BY strategy '(' part_elem { ',' part_elem } ')' */
  readonly partitionSpec = this.detail('partitionSpec', (): PartitionSpec => {
    const position = this.take(T.PARTITION).startOffset;
    this.take(T.BY);
    const strategy = this.colId();
    return { strategy, keys: this.inParens(() => this.list(this.indexElement)), position };
  });

  /** PartitionBoundSpec: DEFAULT | FOR VALUES { IN (...) | FROM (...) TO (...) | WITH (MODULUS m, REMAINDER r) } */
  readonly partitionBound = this.detail('partitionBound', (): PartitionBound => {
    if (this.has(T.DEFAULT) && !this.RECORDING_PHASE) return { kind: 'default' };
    this.take(T.FOR);
    this.take(T.VALUES);
    if (this.has(T.IN)) return { kind: 'list', values: this.expressionList() };
    if (this.has(T.FROM)) {
      const from = this.expressionList();
      this.take(T.TO);
      return { kind: 'range', from, to: this.expressionList() };
    }
    const token = this.nextToken();
    this.take(T.WITH);
    const items = this.inParens(() =>
      this.listOf(() => ({ word: this.nonReservedWord(), value: Number(this.take(T.INTEGER_LITERAL).image) })),
    );
    let modulus = -1;
    let remainder = -1;
    for (const { word, value } of items) {
      if (word === 'modulus' && modulus < 0) modulus = value;
      else if (word === 'remainder' && remainder < 0) remainder = value;
      else if (word === 'modulus' || word === 'remainder') {
        throw this.messageAt('42710', `${word} for hash partition provided more than once`, token);
      } else throw this.messageAt('42601', `unrecognized hash partition bound specification "${word}"`, token);
    }
    if (!this.RECORDING_PHASE) {
      if (modulus < 0) throw new SqlError('42601', 'modulus for hash partition must be specified');
      if (remainder < 0) throw new SqlError('42601', 'remainder for hash partition must be specified');
    }
    return { kind: 'hash', modulus, remainder };
  });

  private expressionList(): Expression[] {
    return this.inParens(() => this.list(this.expression));
  }
}

/** EXCLUDE is unreserved, and may be a column's name. */
export function startsTableConstraint(type: number, after: number): boolean {
  switch (type) {
    case T.EXCLUDE:
      return after === T.LEFT_PAREN || after === T.USING;
    case T.CONSTRAINT:
    case T.CHECK:
    case T.UNIQUE:
    case T.PRIMARY:
    case T.FOREIGN:
      return true;
    default:
      return false;
  }
}
