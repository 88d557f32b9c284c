/** Naming any object: DROP, COMMENT ON, SECURITY LABEL, and the generic ALTERs (RENAME, OWNER TO, SET SCHEMA). */
import type {
  CommentStatement,
  DropDatabaseStatement,
  DropRoleStatement,
  DropStatement,
  Expression,
  FunctionParameter,
  ObjectAddress,
  ObjectType,
  OwnedStatement,
  SecurityLabelStatement,
  TypeName,
} from '../ast.ts';
import * as T from '../token-types.ts';
import { MaintenanceRules } from './maintenance.ts';

/** How an object of a type is named. */
type Form = 'any' | 'single' | 'type' | 'routine' | 'aggregate' | 'operator' | 'method' | 'on' | 'cast' | 'transform';

const FORMS: Readonly<Record<string, Form>> = {
  'access method': 'single',
  aggregate: 'aggregate',
  cast: 'cast',
  database: 'single',
  domain: 'type',
  'event trigger': 'single',
  extension: 'single',
  'foreign data wrapper': 'single',
  function: 'routine',
  language: 'single',
  operator: 'operator',
  'operator class': 'method',
  'operator family': 'method',
  policy: 'on',
  procedure: 'routine',
  publication: 'single',
  role: 'single',
  routine: 'routine',
  rule: 'on',
  schema: 'single',
  server: 'single',
  subscription: 'single',
  tablespace: 'single',
  transform: 'transform',
  trigger: 'on',
  type: 'type',
};

/** Object types whose name is one word, by that word. */
const ONE_WORD = new Map<number, ObjectType>([
  [T.AGGREGATE, 'aggregate'],
  [T.CAST, 'cast'],
  [T.COLLATION, 'collation'],
  [T.COLUMN, 'column'],
  [T.CONSTRAINT, 'constraint'],
  [T.CONVERSION, 'conversion'],
  [T.DATABASE, 'database'],
  [T.DOMAIN, 'domain'],
  [T.EXTENSION, 'extension'],
  [T.FUNCTION, 'function'],
  [T.INDEX, 'index'],
  [T.LANGUAGE, 'language'],
  [T.POLICY, 'policy'],
  [T.PROCEDURE, 'procedure'],
  [T.PUBLICATION, 'publication'],
  [T.ROLE, 'role'],
  [T.ROUTINE, 'routine'],
  [T.RULE, 'rule'],
  [T.SCHEMA, 'schema'],
  [T.SEQUENCE, 'sequence'],
  [T.SERVER, 'server'],
  [T.STATISTICS, 'statistics'],
  [T.SUBSCRIPTION, 'subscription'],
  [T.TABLE, 'table'],
  [T.TABLESPACE, 'tablespace'],
  [T.TRANSFORM, 'transform'],
  [T.TRIGGER, 'trigger'],
  [T.TYPE, 'type'],
  [T.VIEW, 'view'],
]);

export abstract class ObjectRules extends MaintenanceRules {
  /** The words of an object type; null when none begins here. */
  protected objectType(): ObjectType | null {
    const simple = ONE_WORD.get(this.peek());
    if (simple !== undefined) {
      this.take(this.peek());
      return simple;
    }
    switch (this.peek()) {
      case T.ACCESS:
        this.take(T.ACCESS);
        this.take(T.METHOD);
        return 'access method';
      case T.EVENT:
        this.take(T.EVENT);
        this.take(T.TRIGGER);
        return 'event trigger';
      case T.FOREIGN:
        this.take(T.FOREIGN);
        if (this.has(T.TABLE)) return 'foreign table';
        this.take(T.DATA);
        this.take(T.WRAPPER);
        return 'foreign data wrapper';
      case T.LARGE:
        this.take(T.LARGE);
        this.take(T.OBJECT);
        return 'large object';
      case T.MATERIALIZED:
        this.take(T.MATERIALIZED);
        this.take(T.VIEW);
        return 'materialized view';
      case T.OPERATOR:
        this.take(T.OPERATOR);
        if (this.at(T.CLASS) || this.at(T.FAMILY)) return `operator ${this.take(this.peek()).image}` as ObjectType;
        return 'operator';
      case T.PROCEDURAL:
        this.take(T.PROCEDURAL);
        this.take(T.LANGUAGE);
        return 'language';
      case T.TEXT: {
        this.take(T.TEXT);
        this.take(T.SEARCH);
        const kinds = [T.CONFIGURATION, T.DICTIONARY, T.PARSER, T.TEMPLATE];
        if (!kinds.includes(this.peek() as never)) throw this.unexpected();
        return `text search ${this.take(this.peek()).image}` as ObjectType;
      }
      default:
        return null;
    }
  }

  protected address(objectType: ObjectType, parts: Partial<ObjectAddress> & { position: number }): ObjectAddress {
    return { objectType, name: [], on: null, parameters: null, types: [], method: null, ...parts };
  }

  /** The name of an object of a type, as DROP and COMMENT ON write it. */
  protected objectName(objectType: ObjectType): ObjectAddress {
    const position = this.here();
    switch (FORMS[objectType] ?? 'any') {
      case 'single':
        return this.address(objectType, { name: [this.colId()], position });
      case 'type': {
        const type = this.sub(this.typeName);
        return this.address(objectType, { name: type.name, types: [type], position });
      }
      case 'routine':
        return this.sub(this.routineWithArguments, objectType);
      case 'aggregate': {
        const name = this.functionName();
        return this.address(objectType, { name, parameters: this.aggregateSignature().parameters, position });
      }
      case 'operator': {
        const name = this.anyOperator();
        return this.address(objectType, { name, types: this.operatorTypes(), position });
      }
      case 'method': {
        const name = this.qualifiedName();
        this.take(T.USING);
        return this.address(objectType, { name, method: this.colId(), position });
      }
      case 'on': {
        const name = this.colId();
        this.take(T.ON);
        return this.address(objectType, { name: [name], on: this.qualifiedName(), position });
      }
      case 'cast': {
        this.take(T.LEFT_PAREN);
        const source = this.sub(this.typeName);
        this.take(T.AS);
        const target = this.sub(this.typeName);
        this.take(T.RIGHT_PAREN);
        return this.address(objectType, { types: [source, target], position });
      }
      case 'transform': {
        this.take(T.FOR);
        const type = this.sub(this.typeName);
        this.take(T.LANGUAGE);
        return this.address(objectType, { name: [this.colId()], types: [type], position });
      }
      default:
        return this.address(objectType, { name: this.qualifiedName(), position });
    }
  }

  /** function_with_argtypes: func_name [ func_args ] */
  readonly routineWithArguments = this.detail('routineWithArguments', (objectType: ObjectType): ObjectAddress => {
    const position = this.here();
    const name = this.functionName();
    const parameters = this.at(T.LEFT_PAREN) ? this.functionParameters(false) : null;
    return this.address(objectType, { name, parameters, position });
  });

  /** func_args: '(' [ func_arg { ',' func_arg } ] ')' */
  protected functionParameters(withDefaults: boolean): FunctionParameter[] {
    this.take(T.LEFT_PAREN);
    const parameters: FunctionParameter[] = [];
    if (!this.at(T.RIGHT_PAREN)) {
      do parameters.push(this.sub(this.functionParameter, withDefaults));
      while (this.more(T.COMMA));
    }
    this.take(T.RIGHT_PAREN);
    return parameters;
  }

  /** func_arg: [ arg_class ] [ param_name ] func_type [ { DEFAULT | '=' } a_expr ] (name and class in either order) */
  readonly functionParameter = this.detail('functionParameter', (withDefaults: boolean): FunctionParameter => {
    let mode = this.parameterMode();
    let name: string | null = null;
    if (this.atParameterName()) {
      name = this.takeName(T.TYPE_FUNCTION_NAME).image;
      if (mode === null) mode = this.parameterMode();
    }
    const type = this.sub(this.functionType);
    let defaultValue: Expression | null = null;
    if (withDefaults && (this.at(T.DEFAULT) || this.at(T.EQUALS))) {
      this.take(this.peek());
      defaultValue = this.sub(this.expression);
    }
    return { name, mode, type, defaultValue };
  });

  private parameterMode(): FunctionParameter['mode'] {
    if (this.at(T.IN)) {
      this.take(T.IN);
      if (!this.at(T.OUT)) return 'in';
      this.take(T.OUT);
      return 'inout';
    }
    for (const type of [T.OUT, T.INOUT, T.VARIADIC]) {
      if (this.at(type)) return this.take(type).image as FunctionParameter['mode'];
    }
    return null;
  }

  /** A name before a type: a word followed by something that can begin a type (and is not DOUBLE PRECISION). */
  private atParameterName(): boolean {
    if (!this.atCategory(T.TYPE_FUNCTION_NAME)) return false;
    if (this.at(T.DOUBLE) && this.peekAt(2) === T.PRECISION) return false;
    const next = this.peekAt(2);
    switch (next) {
      case T.COMMA:
      case T.RIGHT_PAREN:
      case T.LEFT_PAREN:
      case T.LEFT_BRACKET:
      case T.DOT:
      case T.PERCENT:
      case T.DEFAULT:
      case T.EQUALS:
      case T.ARRAY:
      case T.ORDER:
      case T.EOF:
        return false;
      default:
        return true;
    }
  }

  /**
   * aggr_args: '(' '*' ')' | '(' args ')' | '(' ORDER BY args ')' | '(' args ORDER BY args ')'. Where direct arguments end with a
   * VARIADIC one, the aggregated one is the same, and stands for both.
   */
  protected aggregateSignature(): { parameters: FunctionParameter[]; directCount: number } {
    this.take(T.LEFT_PAREN);
    const parameters: FunctionParameter[] = [];
    let directCount = -1;
    if (this.at(T.STAR)) this.take(T.STAR);
    else {
      const read = (): void => {
        do {
          const token = this.nextToken();
          const parameter = this.sub(this.functionParameter, false);
          if (!this.RECORDING_PHASE && (parameter.mode === 'out' || parameter.mode === 'inout')) {
            throw this.messageAt('0A000', 'aggregates cannot have output arguments', token);
          }
          parameters.push(parameter);
        } while (this.more(T.COMMA));
      };
      if (!this.at(T.ORDER)) read();
      if (this.at(T.ORDER)) {
        this.take(T.ORDER);
        this.take(T.BY);
        directCount = parameters.length;
        read();
      }
    }
    this.take(T.RIGHT_PAREN);
    const last = parameters[directCount - 1];
    if (directCount > 0 && last.mode === 'variadic' && !this.RECORDING_PHASE) {
      const ordered = parameters.slice(directCount);
      if (ordered.length !== 1 || ordered[0].mode !== 'variadic' || !isSameType(ordered[0].type, last.type)) {
        throw this.messageAtOffset(
          '0A000',
          'an ordered-set aggregate with a VARIADIC direct argument must have one VARIADIC aggregated argument of the same data type',
          ordered[0].type.position,
        );
      }
      parameters.pop();
    }
    return { parameters, directCount };
  }

  /** oper_argtypes: '(' { Typename | NONE } ',' { Typename | NONE } ')' */
  private operatorTypes(): (TypeName | null)[] {
    const one = (): TypeName | null => {
      if (!this.at(T.NONE)) return this.sub(this.typeName);
      this.take(T.NONE);
      return null;
    };
    return this.inParens(() => {
      const left = one();
      if (this.at(T.RIGHT_PAREN)) {
        const hint = 'Use NONE to denote the missing argument of a unary operator.';
        throw this.messageAt('42601', 'missing argument').with({ hint });
      }
      this.take(T.COMMA);
      return [left, one()];
    });
  }

  // ----------------------------------------------------------------------------------------------------------- DROP

  readonly dropStatement = this.rule(
    'dropStatement',
    (): DropStatement | DropDatabaseStatement | DropRoleStatement | OwnedStatement => {
      const position = this.take(T.DROP).startOffset;
      if (this.at(T.OWNED)) {
        this.take(T.OWNED);
        this.take(T.BY);
        const roles = this.roleList();
        return { kind: 'dropOwned', roles, newOwner: null, behavior: this.behavior(), position };
      }
      if (this.at(T.ROLE) || this.at(T.USER) || this.at(T.GROUP)) {
        if (this.at(T.USER) && this.peekAt(2) === T.MAPPING) return this.dropUserMapping(position);
        this.take(this.peek());
        const ifExists = this.ifExists();
        return { kind: 'dropRole', roles: this.roleList(), ifExists, position };
      }
      const at = this.nextToken();
      const objectType = this.objectType();
      if (objectType === null || objectType === 'column' || objectType === 'constraint') throw this.unexpected(at);
      if (objectType === 'database') return this.dropDatabase(position);
      const concurrently = objectType === 'index' && this.has(T.CONCURRENTLY);
      const ifExists = this.ifExists();
      const objects = SINGLE_DROP.has(objectType)
        ? [this.objectName(objectType)]
        : this.listOf(() => this.objectName(objectType));
      return { kind: 'drop', objectType, objects, ifExists, concurrently, behavior: this.behavior(), position };
    },
  );

  private dropUserMapping(position: number): DropStatement {
    this.take(T.USER);
    this.take(T.MAPPING);
    const ifExists = this.ifExists();
    this.take(T.FOR);
    const role = this.at(T.USER) ? this.take(T.USER).image : this.roleSpec().name;
    this.take(T.SERVER);
    const object = this.address('user mapping', { name: [this.colId(), role], position });
    return {
      kind: 'drop',
      objectType: 'user mapping',
      objects: [object],
      ifExists,
      concurrently: false,
      behavior: 'restrict',
      position,
    };
  }

  /** DROP DATABASE [ IF EXISTS ] name [ [ WITH ] '(' FORCE ')' ] */
  private dropDatabase(position: number): DropDatabaseStatement {
    const ifExists = this.ifExists();
    const name = this.colId();
    let force = false;
    if (this.at(T.WITH) || this.at(T.LEFT_PAREN)) {
      if (this.at(T.WITH)) this.take(T.WITH);
      this.inParens(() => this.listOf(() => this.take(T.FORCE)));
      force = true;
    }
    return { kind: 'dropDatabase', name, ifExists, force, position };
  }

  // -------------------------------------------------------------------------------------------------------- COMMENT

  /** COMMENT ON object IS { text | NULL } */
  readonly commentStatement = this.rule('commentStatement', (): CommentStatement => {
    const position = this.take(T.COMMENT).startOffset;
    this.take(T.ON);
    const object = this.commentedObject();
    this.take(T.IS);
    return { kind: 'comment', object, comment: this.textOrNull(), position };
  });

  private textOrNull(): string | null {
    if (!this.at(T.NULL)) return this.string();
    this.take(T.NULL);
    return null;
  }

  private commentedObject(): ObjectAddress {
    const at = this.nextToken();
    const objectType = this.objectType();
    const position = this.here();
    if (objectType === null) throw this.unexpected(at);
    switch (objectType) {
      case 'column': {
        const name = this.qualifiedName();
        return this.address('column', { name: name.slice(-1), on: name.slice(0, -1), position });
      }
      case 'large object':
        return this.address(objectType, { name: [String(this.numericOnly())], position });
      case 'constraint': {
        const name = [this.colId()];
        this.take(T.ON);
        const onDomain = this.at(T.DOMAIN) && this.peekAt(2) !== T.IS && this.peekAt(2) !== T.DOT;
        if (!onDomain) return this.address('constraint', { name, on: this.qualifiedName(), position });
        this.take(T.DOMAIN);
        return this.address('domain constraint', { name, on: this.qualifiedName(), position });
      }
      default:
        return this.objectName(objectType);
    }
  }

  /** SECURITY LABEL [ FOR provider ] ON object IS { text | NULL } */
  readonly securityStatement = this.rule('securityStatement', (): SecurityLabelStatement => {
    const position = this.take(T.SECURITY).startOffset;
    this.take(T.LABEL);
    const provider = this.opt(T.FOR, () => (this.at(T.STRING) ? this.string() : this.nonReservedWord()));
    this.take(T.ON);
    const object = this.commentedObject();
    this.take(T.IS);
    return { kind: 'securityLabel', provider, object, label: this.textOrNull(), position };
  });

  /** REASSIGN OWNED BY roles TO role */
  readonly reassignStatement = this.rule('reassignStatement', (): OwnedStatement => {
    const position = this.take(T.REASSIGN).startOffset;
    this.take(T.OWNED);
    this.take(T.BY);
    const roles = this.roleList();
    this.take(T.TO);
    return { kind: 'reassignOwned', roles, newOwner: this.roleSpec(), behavior: 'restrict', position };
  });
}

/** DROP takes only one of these at a time. */
const SINGLE_DROP = new Set<ObjectType>([
  'cast',
  'transform',
  'operator class',
  'operator family',
  'policy',
  'rule',
  'trigger',
  'subscription',
  'tablespace',
]);

function isSameType(a: TypeName, b: TypeName): boolean {
  return a.name.join('.') === b.name.join('.') && a.arrayDimensions.length === b.arrayDimensions.length;
}
