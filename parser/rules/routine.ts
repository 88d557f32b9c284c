/** CREATE FUNCTION, PROCEDURE, TRIGGER, EVENT TRIGGER, RULE, POLICY, CAST. */
import type {
  AlterFunctionStatement,
  CreateCastStatement,
  CreateEventTriggerStatement,
  CreateFunctionStatement,
  CreatePolicyStatement,
  CreateRuleStatement,
  CreateTriggerStatement,
  FunctionOption,
  FunctionParameter,
  ObjectAddress,
  QueryStatement,
  TypeName,
} from '../ast.ts';
import * as T from '../token-types.ts';
import { RoleRules } from './roles.ts';

type Body = Pick<CreateFunctionStatement, 'body' | 'sqlBody'>;
type Mutable<X> = { -readonly [K in keyof X]: X[K] };

export abstract class RoutineRules extends RoleRules {
  /** CREATE [ OR REPLACE ] { FUNCTION | PROCEDURE } has been read. */
  readonly createFunction = this.detail(
    'createFunction',
    (procedure: boolean, orReplace: boolean, position: number): CreateFunctionStatement => {
      const name = this.functionName();
      const parameters: FunctionParameter[] = this.functionParameters(true);
      let returns: TypeName | null = null;
      if (!procedure && this.has(T.RETURNS)) {
        if (this.at(T.TABLE)) {
          this.take(T.TABLE);
          this.take(T.LEFT_PAREN);
          do {
            const column = this.takeName(T.TYPE_FUNCTION_NAME).image;
            parameters.push({ name: column, mode: 'table', type: this.sub(this.functionType), defaultValue: null });
          } while (this.more(T.COMMA));
          this.take(T.RIGHT_PAREN);
        } else returns = this.sub(this.functionType);
      }
      const options: FunctionOption[] = [];
      const body: Mutable<Body> = { body: null, sqlBody: null };
      while (this.functionOption(options, body));
      if (this.at(T.RETURN) || this.at(T.BEGIN)) body.sqlBody = this.sqlBody();
      return { kind: 'createFunction', procedure, name, orReplace, parameters, returns, options, ...body, position };
    },
  );

  /** createfunc_opt_item; `body` is null in ALTER FUNCTION. */
  private functionOption(options: FunctionOption[], body: Mutable<Body> | null): boolean {
    const token = this.nextToken();
    const add = (option: FunctionOption): true => {
      const known = options.some((other) => other.name === option.name && option.name !== 'set');
      if (known) throw this.messageAt('42601', 'conflicting or redundant options', token);
      options.push({ ...option, position: token.startOffset });
      return true;
    };
    switch (token.tokenTypeIdx) {
      case T.AS: {
        if (body === null) return false;
        this.take(T.AS);
        const parts = [this.string()];
        if (this.has(T.COMMA)) parts.push(this.string());
        if (body.body !== null) throw this.messageAt('42601', 'conflicting or redundant options', token);
        body.body = parts;
        return true;
      }
      case T.LANGUAGE:
        if (body === null) return false;
        this.take(T.LANGUAGE);
        return add({ name: 'language', value: this.at(T.STRING) ? this.string() : this.nonReservedWord() });
      case T.TRANSFORM:
        if (body === null) return false;
        this.take(T.TRANSFORM);
        return add({ name: 'transform', value: this.transformTypes() });
      case T.WINDOW:
        if (body === null) return false;
        this.take(T.WINDOW);
        return add({ name: 'window', value: true });
      case T.IMMUTABLE:
      case T.STABLE:
      case T.VOLATILE:
        return add({ name: 'volatility', value: this.take(token.tokenTypeIdx).image });
      case T.PARALLEL:
        this.take(T.PARALLEL);
        return add({ name: 'parallel', value: this.colId() });
      case T.CALLED:
      case T.RETURNS: {
        if (token.tokenTypeIdx === T.RETURNS && this.peekAt(2) !== T.NULL) return false;
        this.take(token.tokenTypeIdx);
        if (token.tokenTypeIdx === T.RETURNS) this.take(T.NULL);
        this.take(T.ON);
        this.take(T.NULL);
        this.take(T.INPUT);
        return add({ name: 'strict', value: token.tokenTypeIdx === T.RETURNS });
      }
      case T.STRICT:
        this.take(T.STRICT);
        return add({ name: 'strict', value: true });
      case T.NOT:
      case T.LEAKPROOF:
        if (token.tokenTypeIdx === T.NOT) this.take(T.NOT);
        this.take(T.LEAKPROOF);
        return add({ name: 'leakproof', value: token.tokenTypeIdx === T.LEAKPROOF });
      case T.EXTERNAL:
      case T.SECURITY: {
        if (token.tokenTypeIdx === T.EXTERNAL) this.take(T.EXTERNAL);
        this.take(T.SECURITY);
        const definer = this.has(T.DEFINER);
        if (!definer) this.take(T.INVOKER);
        return add({ name: 'security definer', value: definer });
      }
      case T.COST:
      case T.ROWS:
        this.take(token.tokenTypeIdx);
        return add({ name: token.tokenTypeIdx === T.COST ? 'cost' : 'rows', value: Number(this.numericOnly()) });
      case T.SUPPORT:
        this.take(T.SUPPORT);
        return add({ name: 'support', value: this.qualifiedName() });
      case T.SET:
      case T.RESET:
        return add({ name: 'set', value: this.setOrReset() });
      default:
        return false;
    }
  }

  private transformTypes(): TypeName[] {
    return this.listOf(() => {
      this.take(T.FOR);
      this.take(T.TYPE);
      return this.sub(this.typeName);
    });
  }

  /** RETURN a_expr | BEGIN ATOMIC { stmt ';' } END */
  private sqlBody(): CreateFunctionStatement['sqlBody'] {
    if (this.at(T.RETURN)) return this.returnStatement();
    this.take(T.BEGIN);
    this.take(T.ATOMIC);
    const statements: (QueryStatement | { readonly kind: 'return'; readonly expr: import('../ast.ts').Expression })[] =
      [];
    const spans: { start: number; end: number }[] = [];
    while (!this.at(T.END) && !this.RECORDING_PHASE) {
      if (!this.at(T.SEMICOLON)) {
        const start = this.here();
        statements.push(this.at(T.RETURN) ? this.returnStatement() : this.sub(this.queryStatement));
        spans.push({ start, end: this.lastEnd() });
      }
      this.take(T.SEMICOLON);
    }
    this.take(T.END);
    return { kind: 'atomic', statements, spans };
  }

  private returnStatement(): { kind: 'return'; expr: import('../ast.ts').Expression } {
    this.take(T.RETURN);
    return { kind: 'return', expr: this.sub(this.expression) };
  }

  /** ALTER { FUNCTION | PROCEDURE | ROUTINE } f(...) has been read: options [ RESTRICT ] */
  protected alterFunctionOptions(object: ObjectAddress, position: number): AlterFunctionStatement {
    const options: FunctionOption[] = [];
    while (this.functionOption(options, null));
    if (options.length === 0) throw this.unexpected();
    this.has(T.RESTRICT);
    return { kind: 'alterFunction', object, options, position };
  }

  // ------------------------------------------------------------------------------------------------------- triggers

  /** CREATE [ OR REPLACE ] [ CONSTRAINT ] TRIGGER has been read. */
  readonly createTrigger = this.detail(
    'createTrigger',
    (orReplace: boolean, constraint: boolean, position: number): CreateTriggerStatement => {
      const name = this.colId();
      const timing = this.triggerTiming();
      const events: CreateTriggerStatement['events'][number][] = [];
      do events.push(this.triggerEvent());
      while (this.more(T.OR));
      this.take(T.ON);
      const table = this.qualifiedName();
      const from = this.opt(T.FROM, () => this.qualifiedName());
      const attributes = constraint
        ? this.constraintAttributes('TRIGGER')
        : { deferrable: null, initiallyDeferred: null };
      const { deferrable, initiallyDeferred } = attributes;
      const transitions: CreateTriggerStatement['transitions'][number][] = [];
      if (this.has(T.REFERENCING)) {
        do {
          const isNew = this.has(T.NEW);
          if (!isNew) this.take(T.OLD);
          const isTable = this.has(T.TABLE);
          if (!isTable) this.take(T.ROW);
          this.has(T.AS);
          transitions.push({ isNew, isTable, name: this.colId() });
        } while (this.at(T.NEW) || this.at(T.OLD));
      }
      let forEachRow = false;
      if (this.has(T.FOR)) {
        this.has(T.EACH);
        forEachRow = this.has(T.ROW);
        if (!forEachRow) this.take(T.STATEMENT);
      }
      const when = this.opt(T.WHEN, () => this.inParens(() => this.sub(this.expression)));
      this.take(T.EXECUTE);
      if (!this.has(T.FUNCTION)) this.take(T.PROCEDURE);
      const functionName = this.functionName();
      const args = this.triggerArguments();
      return {
        kind: 'createTrigger',
        name,
        orReplace,
        constraint,
        timing,
        events,
        table,
        from,
        deferrable,
        initiallyDeferred,
        transitions,
        forEachRow,
        when,
        function: functionName,
        args,
        position,
      };
    },
  );

  private triggerTiming(): CreateTriggerStatement['timing'] {
    if (this.has(T.BEFORE)) return 'before';
    if (this.has(T.AFTER)) return 'after';
    this.take(T.INSTEAD);
    this.take(T.OF);
    return 'instead of';
  }

  private triggerEvent(): CreateTriggerStatement['events'][number] {
    for (const type of [T.INSERT, T.DELETE, T.TRUNCATE]) {
      if (this.at(type)) return { event: this.take(type).image as 'insert' | 'delete' | 'truncate', columns: [] };
    }
    this.take(T.UPDATE);
    return { event: 'update', columns: this.opt(T.OF, () => this.nameList()) ?? [] };
  }

  /** '(' [ { Iconst | FCONST | Sconst | ColLabel } { ',' ... } ] ')' */
  private triggerArguments(): string[] {
    this.take(T.LEFT_PAREN);
    const args: string[] = [];
    if (!this.at(T.RIGHT_PAREN)) {
      do {
        const type = this.peek();
        const isLiteral = type === T.INTEGER_LITERAL || type === T.NUMERIC_LITERAL || type === T.STRING;
        args.push(isLiteral ? this.take(type).image : this.colLabel());
      } while (this.more(T.COMMA));
    }
    this.take(T.RIGHT_PAREN);
    return args;
  }

  /** CREATE EVENT TRIGGER has been read. */
  readonly createEventTrigger = this.detail('createEventTrigger', (position: number): CreateEventTriggerStatement => {
    const name = this.colId();
    this.take(T.ON);
    const event = this.colLabel();
    const when: CreateEventTriggerStatement['when'][number][] = [];
    if (this.has(T.WHEN)) {
      do {
        const variable = this.colId();
        this.take(T.IN);
        when.push({ variable, values: this.inParens(() => this.listOf(() => this.string())) });
      } while (this.more(T.AND));
    }
    this.take(T.EXECUTE);
    if (!this.has(T.FUNCTION)) this.take(T.PROCEDURE);
    const functionName = this.functionName();
    this.take(T.LEFT_PAREN);
    this.take(T.RIGHT_PAREN);
    return { kind: 'createEventTrigger', name, event, when, function: functionName, position };
  });

  // ------------------------------------------------------------------------------------------- rules, policies, casts

  /** CREATE [ OR REPLACE ] RULE has been read. */
  readonly createRule = this.detail('createRule', (orReplace: boolean, position: number): CreateRuleStatement => {
    const name = this.colId();
    this.take(T.AS);
    this.take(T.ON);
    const events = [T.SELECT, T.INSERT, T.UPDATE, T.DELETE];
    if (!events.includes(this.peek() as never)) throw this.unexpected();
    const event = this.take(this.peek()).image as CreateRuleStatement['event'];
    this.take(T.TO);
    const table = this.qualifiedName();
    const where = this.opt(T.WHERE, () => this.sub(this.expression));
    this.take(T.DO);
    const instead = this.has(T.INSTEAD);
    if (!instead && this.at(T.ALSO)) this.take(T.ALSO);
    const actions: QueryStatement[] = [];
    if (this.at(T.NOTHING)) this.take(T.NOTHING);
    else if (this.at(T.LEFT_PAREN) && !this.parensLeadToQueryOnly()) {
      this.take(T.LEFT_PAREN);
      while (!this.at(T.RIGHT_PAREN)) {
        if (!this.at(T.SEMICOLON)) actions.push(this.sub(this.queryStatement));
        if (!this.at(T.RIGHT_PAREN)) this.take(T.SEMICOLON);
      }
      this.take(T.RIGHT_PAREN);
    } else actions.push(this.sub(this.queryStatement));
    return { kind: 'createRule', name, orReplace, event, table, where, instead, actions, position };
  });

  /** A list of actions stands in parentheses, and so may one query: only a second parenthesis makes it surely a query. */
  private parensLeadToQueryOnly(): boolean {
    return this.peekAt(2) === T.LEFT_PAREN;
  }

  /** { CREATE | ALTER } POLICY has been read: name ON table [ AS ... ] [ FOR cmd ] [ TO roles ] [ USING ] [ WITH CHECK ] */
  readonly createPolicy = this.detail('createPolicy', (alter: boolean, position: number): CreatePolicyStatement => {
    const name = this.colId();
    this.take(T.ON);
    const table = this.qualifiedName();
    let permissive = true;
    let command: CreatePolicyStatement['command'] = 'all';
    if (!alter && this.has(T.AS)) {
      const token = this.take(T.IDENT);
      if (token.image !== 'permissive' && token.image !== 'restrictive' && !this.RECORDING_PHASE) {
        throw this.messageAt('42601', `unrecognized row security option "${token.image}"`, token).with({
          hint: 'Only PERMISSIVE or RESTRICTIVE policies are supported currently.',
        });
      }
      permissive = token.image === 'permissive';
    }
    if (!alter && this.has(T.FOR)) {
      const commands = [T.ALL, T.SELECT, T.INSERT, T.UPDATE, T.DELETE];
      if (!commands.includes(this.peek() as never)) throw this.unexpected();
      command = this.take(this.peek()).image as CreatePolicyStatement['command'];
    }
    const roles = this.opt(T.TO, () => this.roleList()) ?? [];
    const using = this.opt(T.USING, () => this.inParens(() => this.sub(this.expression)));
    let withCheck: CreatePolicyStatement['withCheck'] = null;
    if (this.has(T.WITH)) {
      this.take(T.CHECK);
      withCheck = this.inParens(() => this.sub(this.expression));
    }
    const kind = alter ? 'alterPolicy' : 'createPolicy';
    return { kind, name, table, permissive, command, roles, using, withCheck, position };
  });

  /** CREATE CAST has been read. */
  readonly createCast = this.detail('createCast', (position: number): CreateCastStatement => {
    this.take(T.LEFT_PAREN);
    const source = this.sub(this.typeName);
    this.take(T.AS);
    const target = this.sub(this.typeName);
    this.take(T.RIGHT_PAREN);
    let castFunction: ObjectAddress | null = null;
    let inout = false;
    if (this.has(T.WITHOUT)) this.take(T.FUNCTION);
    else {
      this.take(T.WITH);
      inout = this.has(T.INOUT);
      if (!inout || this.RECORDING_PHASE) {
        this.take(T.FUNCTION);
        castFunction = this.sub(this.routineWithArguments, 'function');
      }
    }
    let context: CreateCastStatement['context'] = 'explicit';
    if (this.has(T.AS)) {
      context = this.has(T.IMPLICIT) ? 'implicit' : 'assignment';
      if (context === 'assignment') this.take(T.ASSIGNMENT);
    }
    return { kind: 'createCast', source, target, function: castFunction, inout, context, position };
  });
}
