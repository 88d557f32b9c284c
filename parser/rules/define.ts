/** CREATE: the word after it chooses; and the objects that have no file of their own. */
import type {
  ColumnConstraint,
  CreateCompositeTypeStatement,
  CreateDatabaseStatement,
  CreateDomainStatement,
  CreateEnumStatement,
  CreateExtensionStatement,
  CreateIndexStatement,
  CreatePublicationStatement,
  CreateRangeTypeStatement,
  CreateSchemaStatement,
  CreateStatisticsStatement,
  CreateTablespaceStatement,
  CreateViewStatement,
  DdlStatement,
  DefineStatement,
  DefinitionItem,
  Expression,
  Option,
  OptionValue,
  Persistence,
  QualifiedName,
  RefreshMaterializedViewStatement,
  RelationName,
  StatementNode,
} from '../ast.ts';
import * as T from '../token-types.ts';
import { DefinitionRules } from './definition.ts';

export abstract class DefineRules extends DefinitionRules {
  /** CREATE [ OR REPLACE ] [ TEMP | UNLOGGED ] ... */
  readonly createStatement = this.rule('createStatement', (): StatementNode => {
    const position = this.take(T.CREATE).startOffset;
    if (this.RECORDING_PHASE) return this.recordCreate();
    if (this.at(T.OR)) {
      this.take(T.OR);
      this.take(T.REPLACE);
      return this.createOrReplace(position);
    }
    const persistence = this.persistence();
    if (persistence !== 'permanent') return this.createWithPersistence(persistence, position);
    return this.createPlain(position);
  });

  private recordCreate(): StatementNode {
    const { createTable, createSequence, createView, createIndex, createFunction, createRole, createSchema } = this;
    return this.recordOneOf([
      createTable,
      createSequence,
      createView,
      createIndex,
      createFunction,
      createRole,
      createSchema,
    ]);
  }

  private createWithPersistence(persistence: Persistence, position: number): StatementNode {
    switch (this.peek()) {
      case T.TABLE:
        this.take(T.TABLE);
        return this.sub(this.createTable, persistence, position);
      case T.SEQUENCE:
        this.take(T.SEQUENCE);
        return this.sub(this.createSequence, persistence, position);
      case T.MATERIALIZED:
        if (persistence === 'temporary') throw this.unexpected();
        this.take(T.MATERIALIZED);
        this.take(T.VIEW);
        return this.sub(this.createMaterializedView, persistence, position);
      case T.VIEW:
      case T.RECURSIVE:
        return this.sub(this.createView, false, persistence, position);
      default:
        throw this.unexpected();
    }
  }

  private createOrReplace(position: number): StatementNode {
    switch (this.peek()) {
      case T.TEMP:
      case T.TEMPORARY:
      case T.LOCAL:
      case T.GLOBAL:
        return this.sub(this.createView, true, this.persistence(), position);
      case T.VIEW:
      case T.RECURSIVE:
        return this.sub(this.createView, true, 'permanent', position);
      case T.FUNCTION:
      case T.PROCEDURE:
        return this.sub(this.createFunction, this.take(this.peek()).tokenTypeIdx === T.PROCEDURE, true, position);
      case T.CONSTRAINT:
      case T.TRIGGER: {
        const constraint = this.has(T.CONSTRAINT);
        this.take(T.TRIGGER);
        return this.sub(this.createTrigger, true, constraint, position);
      }
      case T.RULE:
        this.take(T.RULE);
        return this.sub(this.createRule, true, position);
      case T.AGGREGATE:
        this.take(T.AGGREGATE);
        return this.defineAggregate(true, position);
      default:
        return this.createLanguage(true, position);
    }
  }

  private createPlain(position: number): StatementNode {
    const type = this.peek();
    switch (type) {
      case T.TABLE:
      case T.SEQUENCE:
        return this.createWithPersistence('permanent', position);
      case T.UNIQUE:
      case T.INDEX:
        return this.sub(this.createIndex, position);
      case T.VIEW:
      case T.RECURSIVE:
        return this.sub(this.createView, false, 'permanent', position);
      case T.MATERIALIZED:
        return this.createWithPersistence('permanent', position);
      case T.FUNCTION:
      case T.PROCEDURE:
        return this.sub(this.createFunction, this.take(type).tokenTypeIdx === T.PROCEDURE, false, position);
      case T.CONSTRAINT:
      case T.TRIGGER: {
        const constraint = this.has(T.CONSTRAINT);
        this.take(T.TRIGGER);
        return this.sub(this.createTrigger, false, constraint, position);
      }
      case T.TRUSTED:
      case T.PROCEDURAL:
      case T.LANGUAGE:
        return this.createLanguage(false, position);
      case T.ACCESS:
      case T.FOREIGN:
      case T.SERVER:
      case T.SUBSCRIPTION:
      case T.TRANSFORM:
      case T.CONVERSION:
        throw this.messageAt('0A000', `CREATE ${this.nextToken().image.toUpperCase()} is not supported`);
      default:
        this.take(type === T.EOF ? 0 : type);
        return this.createNamed(type, position);
    }
  }

  /** The word `type` has been read. */
  private createNamed(type: number, position: number): StatementNode {
    switch (type) {
      case T.SCHEMA:
        return this.sub(this.createSchema, position);
      case T.DATABASE:
        return this.sub(this.createDatabase, position);
      case T.ROLE:
        return this.sub(this.createRole, 'role', position);
      case T.USER:
        if (this.at(T.MAPPING)) throw this.messageAt('0A000', 'CREATE USER MAPPING is not supported');
        return this.sub(this.createRole, 'user', position);
      case T.GROUP:
        return this.sub(this.createRole, 'group', position);
      case T.EXTENSION:
        return this.sub(this.createExtension, position);
      case T.TYPE:
        return this.sub(this.createType, position);
      case T.DOMAIN:
        return this.sub(this.createDomain, position);
      case T.RULE:
        return this.sub(this.createRule, false, position);
      case T.POLICY:
        return this.sub(this.createPolicy, false, position);
      case T.EVENT:
        this.take(T.TRIGGER);
        return this.sub(this.createEventTrigger, position);
      case T.CAST:
        return this.sub(this.createCast, position);
      case T.TABLESPACE:
        return this.sub(this.createTablespace, position);
      case T.STATISTICS:
        return this.sub(this.createStatistics, position);
      case T.PUBLICATION:
        return this.sub(this.createPublication, position);
      case T.AGGREGATE:
        return this.defineAggregate(false, position);
      case T.OPERATOR: {
        if (this.at(T.CLASS) || this.at(T.FAMILY)) {
          throw this.messageAt('0A000', `CREATE OPERATOR ${this.nextToken().image.toUpperCase()} is not supported`);
        }
        const name = this.anyOperator();
        return this.define('operator', name, false, false, [], null, position, this.definitionItems());
      }
      case T.COLLATION: {
        const ifNotExists = this.ifNotExists();
        const name = this.qualifiedName();
        if (this.has(T.FROM))
          return this.define('collation', name, false, ifNotExists, [], this.qualifiedName(), position);
        return this.define('collation', name, false, ifNotExists, this.definition(), null, position);
      }
      case T.TEXT: {
        this.take(T.SEARCH);
        const kinds = [T.CONFIGURATION, T.DICTIONARY, T.PARSER, T.TEMPLATE];
        if (!kinds.includes(this.peek() as never)) throw this.unexpected();
        const objectType = `text search ${this.take(this.peek()).image}` as DefineStatement['objectType'];
        return this.define(objectType, this.qualifiedName(), false, false, this.definition(), null, position);
      }
      default:
        throw this.unexpected(this.tokVector[this.currIdx]);
    }
  }

  // --------------------------------------------------------------------------------------------------------- indexes

  /** CREATE [ UNIQUE ] INDEX [ CONCURRENTLY ] [ [ IF NOT EXISTS ] name ] ON table [ USING m ] '(' elements ')' ... */
  readonly createIndex = this.detail('createIndex', (position: number): CreateIndexStatement => {
    const unique = this.has(T.UNIQUE);
    this.take(T.INDEX);
    const concurrently = this.has(T.CONCURRENTLY);
    const ifNotExists = this.ifNotExists();
    const name = !this.at(T.ON) || ifNotExists ? this.colId() : null;
    this.take(T.ON);
    const table = this.relationName();
    const method = this.opt(T.USING, () => this.colId()) ?? 'btree';
    const elements = this.inParens(() => this.list(this.indexElement));
    const include = this.opt(T.INCLUDE, () => this.inParens(() => this.list(this.indexElement))) ?? [];
    const nullsNotDistinct = this.nullsNotDistinct();
    const options = this.opt(T.WITH, () => this.relationOptions()) ?? [];
    const tablespace = this.opt(T.TABLESPACE, () => this.colId());
    const where = this.opt(T.WHERE, () => this.sub(this.expression));
    return {
      kind: 'createIndex',
      name,
      table,
      unique,
      concurrently,
      ifNotExists,
      method,
      elements,
      include,
      nullsNotDistinct,
      options,
      tablespace,
      where,
      position,
    };
  });

  // ----------------------------------------------------------------------------------------------- schemas and views

  /** CREATE SCHEMA has been read: [ IF NOT EXISTS ] [ name ] [ AUTHORIZATION role ] elements */
  readonly createSchema = this.detail('createSchema', (position: number): CreateSchemaStatement => {
    const ifNotExists = this.ifNotExists();
    const name = this.at(T.AUTHORIZATION) ? null : this.colId();
    const authorization = this.opt(T.AUTHORIZATION, () => this.roleSpec());
    if (name === null && authorization === null) throw this.unexpected();
    const elements: DdlStatement[] = [];
    this.enter();
    while (this.at(T.CREATE) || this.at(T.GRANT)) {
      const token = this.nextToken();
      if (ifNotExists)
        throw this.messageAt('0A000', 'CREATE SCHEMA IF NOT EXISTS cannot include schema elements', token);
      const element = this.at(T.GRANT) ? this.sub(this.grantStatement) : this.sub(this.createStatement);
      if (!SCHEMA_ELEMENTS.has(element.kind)) throw this.unexpected(token);
      elements.push(element as DdlStatement);
    }
    this.leave();
    return { kind: 'createSchema', name, ifNotExists, authorization, elements, position };
  });

  /** [ RECURSIVE ] VIEW name [ '(' columns ')' ] [ WITH (...) ] AS SelectStmt [ WITH [ LOCAL | CASCADED ] CHECK OPTION ] */
  readonly createView = this.detail(
    'createView',
    (orReplace: boolean, persistence: Persistence, position: number): CreateViewStatement => {
      const recursive = this.has(T.RECURSIVE);
      this.take(T.VIEW);
      const name = this.qualifiedName();
      const columns = recursive ? this.parenthesizedNames() : this.optParenthesizedNames();
      const options = this.opt(T.WITH, () => this.relationOptions()) ?? [];
      this.take(T.AS);
      const queryStart = this.here();
      const query = this.sub(this.query);
      const queryEnd = this.lastEnd();
      const checkOption = this.opt(T.WITH, (): 'local' | 'cascaded' => {
        const local = this.has(T.LOCAL);
        if (!local) this.has(T.CASCADED);
        this.take(T.CHECK);
        this.take(T.OPTION);
        return local ? 'local' : 'cascaded';
      });
      return {
        kind: 'createView',
        name,
        orReplace,
        persistence,
        recursive,
        columns,
        options,
        query,
        checkOption,
        queryStart,
        queryEnd,
        position,
      };
    },
  );

  /** REFRESH MATERIALIZED VIEW [ CONCURRENTLY ] name [ WITH [ NO ] DATA ] */
  readonly refreshStatement = this.rule('refreshStatement', (): RefreshMaterializedViewStatement => {
    const position = this.take(T.REFRESH).startOffset;
    this.take(T.MATERIALIZED);
    this.take(T.VIEW);
    const concurrently = this.has(T.CONCURRENTLY);
    const name = this.qualifiedName();
    return { kind: 'refreshMaterializedView', name, concurrently, withData: this.withData(), position };
  });

  // -------------------------------------------------------------------------------------- databases and tablespaces

  /** CREATE DATABASE has been read: name [ WITH ] { option [ '=' ] value } [ AS OF [ SYSTEM TIME ] a_expr ] */
  readonly createDatabase = this.detail('createDatabase', (position: number): CreateDatabaseStatement => {
    const name = this.colId();
    const options = this.databaseOptions();
    if (!this.at(T.AS)) return { kind: 'createDatabase', name, options, position };
    this.take(T.AS);
    this.take(T.OF);
    if (this.at(T.SYSTEM)) {
      this.take(T.SYSTEM);
      this.take(T.TIME);
    }
    return { kind: 'createDatabase', name, options, asOf: this.expression(), position };
  });

  protected databaseOptions(): Option[] {
    const options: Option[] = [];
    this.has(T.WITH);
    for (;;) {
      const token = this.nextToken();
      let name: string;
      if (this.at(T.CONNECTION)) {
        this.take(T.CONNECTION);
        this.take(T.LIMIT);
        name = 'connection_limit';
      } else if ([T.ENCODING, T.LOCATION, T.OWNER, T.TABLESPACE, T.TEMPLATE, T.IDENT].includes(this.peek() as never)) {
        name = this.take(this.peek()).image;
      } else return options;
      if (options.some((option) => option.name === name)) {
        throw this.messageAt('42601', 'conflicting or redundant options', token);
      }
      if (this.at(T.EQUALS)) this.take(T.EQUALS);
      let value: OptionValue;
      if (this.at(T.DEFAULT)) {
        this.take(T.DEFAULT);
        value = null;
      } else value = this.databaseValue();
      options.push({ namespace: null, name, value, position: token.startOffset });
    }
  }

  private databaseValue(): OptionValue {
    if (this.atNumber()) return this.signedInteger();
    if (this.at(T.STRING)) return this.string();
    for (const type of [T.TRUE, T.FALSE, T.ON]) if (this.at(type)) return this.take(type).image;
    return this.nonReservedWord();
  }

  readonly createTablespace = this.detail('createTablespace', (position: number): CreateTablespaceStatement => {
    const name = this.colId();
    const owner = this.opt(T.OWNER, () => this.roleSpec());
    this.take(T.LOCATION);
    const location = this.string();
    const options = this.opt(T.WITH, () => this.relationOptions()) ?? [];
    return { kind: 'createTablespace', name, owner, location, options, position };
  });

  // ---------------------------------------------------------------------------------------------- types and domains

  /** CREATE TYPE has been read. */
  readonly createType = this.detail(
    'createType',
    (
      position: number,
    ): CreateEnumStatement | CreateCompositeTypeStatement | CreateRangeTypeStatement | DefineStatement => {
      const name = this.qualifiedName();
      if (!this.has(T.AS)) {
        const options = this.at(T.LEFT_PAREN) ? this.definition() : [];
        return this.define('baseType', name, false, false, options, null, position);
      }
      if (this.at(T.ENUM)) {
        this.take(T.ENUM);
        const labels = this.inParens(() => (this.at(T.RIGHT_PAREN) ? [] : this.listOf(() => this.string())));
        return { kind: 'createEnum', name, labels, position };
      }
      if (this.at(T.RANGE)) {
        this.take(T.RANGE);
        return { kind: 'createRangeType', name, options: this.definitionItems(), position };
      }
      const attributes = this.inParens(() => (this.at(T.RIGHT_PAREN) ? [] : this.list(this.compositeAttribute)));
      return { kind: 'createCompositeType', name, attributes, position };
    },
  );

  /** CREATE DOMAIN has been read: name [ AS ] Typename ColQualList */
  readonly createDomain = this.detail('createDomain', (position: number): CreateDomainStatement => {
    const name = this.qualifiedName();
    this.has(T.AS);
    const type = this.sub(this.typeName);
    const { constraints, collation } = this.sub(this.columnConstraints, true);
    return { kind: 'createDomain', name, type, collation, constraints: constraints as ColumnConstraint[], position };
  });

  private define(
    objectType: DefineStatement['objectType'],
    name: QualifiedName,
    orReplace: boolean,
    ifNotExists: boolean,
    options: readonly Option[],
    from: QualifiedName | null,
    position: number,
    items: readonly DefinitionItem[] = [],
    signature: DefineStatement['signature'] = null,
  ): DefineStatement {
    return { kind: 'define', objectType, name, orReplace, ifNotExists, options, from, items, signature, position };
  }

  /** definition: '(' ColLabel [ '=' def_arg ] { ',' ... } ')' */
  private definition(): Option[] {
    return this.relationOptions();
  }

  /** CREATE AGGREGATE name '(' args ')' definition | CREATE AGGREGATE name definition (of old) */
  private defineAggregate(orReplace: boolean, position: number): DefineStatement {
    const name = this.functionName();
    const oldStyle = this.peekAt(3) === T.EQUALS;
    const signature = oldStyle ? null : this.aggregateSignature();
    return this.define('aggregate', name, orReplace, false, [], null, position, this.definitionItems(), signature);
  }

  // ------------------------------------------------------------------------------------------------------- the rest

  /** CREATE EXTENSION has been read: [ IF NOT EXISTS ] name [ WITH ] { SCHEMA s | VERSION v | CASCADE } */
  readonly createExtension = this.detail('createExtension', (position: number): CreateExtensionStatement => {
    const ifNotExists = this.ifNotExists();
    const name = this.colId();
    this.has(T.WITH);
    const options: Option[] = [];
    for (;;) {
      const token = this.nextToken();
      let value: OptionValue = null;
      if (this.at(T.SCHEMA)) {
        this.take(T.SCHEMA);
        value = this.colId();
      } else if (this.at(T.VERSION)) {
        this.take(T.VERSION);
        value = this.at(T.STRING) ? this.string() : this.nonReservedWord();
      } else if (this.at(T.CASCADE)) this.take(T.CASCADE);
      else return { kind: 'createExtension', name, ifNotExists, options, position };
      options.push({ namespace: null, name: token.image, value, position: token.startOffset });
    }
  });

  private createLanguage(orReplace: boolean, position: number): StatementNode {
    const trusted = this.has(T.TRUSTED);
    this.has(T.PROCEDURAL);
    this.take(T.LANGUAGE);
    const name = this.nonReservedWord();
    if (this.has(T.HANDLER)) {
      this.qualifiedName();
      if (this.has(T.INLINE)) this.qualifiedName();
      if (this.has(T.VALIDATOR)) this.qualifiedName();
    }
    return { kind: 'createLanguage', name, orReplace, trusted, position };
  }

  /** CREATE STATISTICS has been read: [ IF NOT EXISTS ] name [ '(' kinds ')' ] ON elements FROM from_list; an element: ColId | func_expr_windowless | '(' a_expr ')' */
  readonly createStatistics = this.detail('createStatistics', (position: number): CreateStatisticsStatement => {
    const ifNotExists = this.ifNotExists();
    const name = this.qualifiedName();
    const kinds = this.optParenthesizedNames();
    this.take(T.ON);
    const exprs = this.list(this.statisticsElement);
    this.take(T.FROM);
    const from = this.list(this.fromItem);
    return { kind: 'createStatistics', name, ifNotExists, kinds, exprs, from, position };
  });

  readonly statisticsElement = this.detail('statisticsElement', (): Expression => {
    const position = this.here();
    if (this.at(T.LEFT_PAREN)) return this.inParens(() => this.sub(this.expression));
    if (this.peekAt(2) === T.LEFT_PAREN || this.peekAt(2) === T.DOT || !this.atCategory(T.COL_ID)) {
      return this.sub(this.windowlessCall);
    }
    return { kind: 'columnRef', name: [this.colId()], star: false, position };
  });

  /** CREATE PUBLICATION has been read: name [ FOR ALL TABLES | FOR objects ] [ WITH (...) ] */
  readonly createPublication = this.detail('createPublication', (position: number): CreatePublicationStatement => {
    const name = this.colId();
    let allTables = false;
    const tables: RelationName[] = [];
    const schemas: string[] = [];
    if (this.has(T.FOR)) {
      if (this.at(T.ALL)) {
        this.take(T.ALL);
        this.take(T.TABLES);
        allTables = true;
      } else {
        do {
          if (this.has(T.TABLES)) {
            this.take(T.IN);
            this.take(T.SCHEMA);
            schemas.push(this.at(T.CURRENT_SCHEMA) ? this.take(T.CURRENT_SCHEMA).image : this.colId());
          } else {
            this.has(T.TABLE);
            tables.push(this.relationName());
            this.optParenthesizedNames();
            if (this.has(T.WHERE)) this.inParens(() => this.sub(this.expression));
          }
        } while (this.more(T.COMMA));
      }
    }
    const options = this.opt(T.WITH, () => this.relationOptions()) ?? [];
    return { kind: 'createPublication', name, allTables, tables, schemas, options, position };
  });
}

const SCHEMA_ELEMENTS = new Set<string>([
  'createTable',
  'createIndex',
  'createSequence',
  'createTrigger',
  'createView',
  'grant',
]);
