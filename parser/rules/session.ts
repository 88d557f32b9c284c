/** Transactions, SET and SHOW, prepared statements, cursors, notifications. */
import type {
  BeginStatement,
  CloseStatement,
  CommitStatement,
  DeallocateStatement,
  DeclareCursorStatement,
  DiscardStatement,
  ExecuteStatement,
  FetchStatement,
  ListenStatement,
  NotifyStatement,
  PrepareStatement,
  ResetStatement,
  RoleSpec,
  SavepointStatement,
  SetConstraintsStatement,
  SetStatement,
  SetTransactionStatement,
  SettingValue,
  ShowStatement,
  TransactionModes,
  TwoPhaseStatement,
  TypeName,
  UnlistenStatement,
} from '../ast.ts';
import * as T from '../token-types.ts';
import { SequenceRules } from './sequence.ts';

type Mutable<X> = { -readonly [K in keyof X]: X[K] };

export abstract class SessionRules extends SequenceRules {
  // --------------------------------------------------------------------------------------------------- transactions

  private optTransaction(): void {
    if (this.at(T.WORK) || this.at(T.TRANSACTION)) this.take(this.peek());
  }

  /** BEGIN [ WORK | TRANSACTION ] modes | START TRANSACTION modes */
  readonly beginStatement = this.rule('beginStatement', (): BeginStatement => {
    const position = this.here();
    const startTransaction = this.at(T.START);
    if (startTransaction) {
      this.take(T.START);
      this.take(T.TRANSACTION);
    } else {
      this.take(T.BEGIN);
      this.optTransaction();
    }
    return { kind: 'begin', startTransaction, modes: this.transactionModes(), position };
  });

  /** transaction_mode_list, with or without commas; AS OF SYSTEM TIME a_expr is one of them */
  protected transactionModes(): TransactionModes {
    const modes: Mutable<TransactionModes> = { isolation: null, readOnly: null, deferrable: null };
    for (;;) {
      if (this.at(T.ISOLATION)) {
        this.take(T.ISOLATION);
        this.take(T.LEVEL);
        modes.isolation = this.isolationLevel();
      } else if (this.at(T.READ)) {
        this.take(T.READ);
        modes.readOnly = this.has(T.ONLY);
        if (!modes.readOnly) this.take(T.WRITE);
      } else if (this.at(T.NOT)) {
        this.take(T.NOT);
        this.take(T.DEFERRABLE);
        modes.deferrable = false;
      } else if (this.at(T.DEFERRABLE)) {
        this.take(T.DEFERRABLE);
        modes.deferrable = true;
      } else if (this.atAsOf()) modes.asOf = this.asOfClause();
      else return modes;
      if (this.at(T.COMMA)) {
        this.take(T.COMMA);
        const isMode = [T.ISOLATION, T.READ, T.NOT, T.DEFERRABLE].includes(this.peek() as never);
        if (!isMode && !this.atAsOf()) throw this.unexpected();
      }
    }
  }

  private isolationLevel(): TransactionModes['isolation'] {
    if (this.has(T.SERIALIZABLE)) return 'serializable';
    if (this.has(T.REPEATABLE)) {
      this.take(T.READ);
      return 'repeatable read';
    }
    this.take(T.READ);
    if (this.has(T.COMMITTED)) return 'read committed';
    this.take(T.UNCOMMITTED);
    return 'read uncommitted';
  }

  private chain(): boolean {
    if (!this.has(T.AND)) return false;
    const chain = !this.has(T.NO);
    this.take(T.CHAIN);
    return chain;
  }

  /** { COMMIT | END } [ WORK | TRANSACTION ] [ AND [ NO ] CHAIN ] | COMMIT PREPARED id */
  readonly commitStatement = this.rule('commitStatement', (): CommitStatement | TwoPhaseStatement => {
    const position = this.here();
    const type = this.at(T.END) ? T.END : T.COMMIT;
    this.take(type);
    if (type === T.COMMIT && this.has(T.PREPARED) && !this.RECORDING_PHASE) {
      return { kind: 'commitPrepared', id: this.string(), position };
    }
    this.optTransaction();
    return { kind: 'commit', chain: this.chain(), position };
  });

  /** { ROLLBACK | ABORT } [ WORK | TRANSACTION ] [ TO [ SAVEPOINT ] name | AND [ NO ] CHAIN ] | ROLLBACK PREPARED id */
  readonly rollbackStatement = this.rule(
    'rollbackStatement',
    (): CommitStatement | SavepointStatement | TwoPhaseStatement => {
      const position = this.here();
      const type = this.at(T.ABORT) ? T.ABORT : T.ROLLBACK;
      this.take(type);
      if (type === T.ROLLBACK && this.at(T.PREPARED)) {
        this.take(T.PREPARED);
        return { kind: 'rollbackPrepared', id: this.string(), position };
      }
      this.optTransaction();
      if (type === T.ROLLBACK && this.at(T.TO)) {
        this.take(T.TO);
        this.skipWord(T.SAVEPOINT);
        return { kind: 'rollbackToSavepoint', name: this.colId(), position };
      }
      return { kind: 'rollback', chain: this.chain(), position };
    },
  );

  /** An optional word that could also be the name after it: `SAVEPOINT savepoint`. */
  protected skipWord(type: number): void {
    if (this.at(type) && this.peekAt(2) !== T.EOF && this.peekAt(2) !== T.SEMICOLON) this.take(type);
  }

  readonly savepointStatement = this.rule('savepointStatement', (): SavepointStatement => {
    const position = this.take(T.SAVEPOINT).startOffset;
    return { kind: 'savepoint', name: this.colId(), position };
  });

  readonly releaseStatement = this.rule('releaseStatement', (): SavepointStatement => {
    const position = this.take(T.RELEASE).startOffset;
    this.skipWord(T.SAVEPOINT);
    return { kind: 'releaseSavepoint', name: this.colId(), position };
  });

  // ------------------------------------------------------------------------------------------------------- settings

  /** SET [ SESSION | LOCAL ] ... | SET CONSTRAINTS ... | SET [ SESSION CHARACTERISTICS AS ] TRANSACTION ... */
  readonly setStatement = this.rule(
    'setStatement',
    (): SetStatement | SetTransactionStatement | SetConstraintsStatement => {
      const position = this.take(T.SET).startOffset;
      if (this.at(T.CONSTRAINTS) && ![T.TO, T.EQUALS, T.DOT].includes(this.peekAt(2) as never))
        return this.setConstraints(position);
      let scope: 'session' | 'local' = 'session';
      const next = this.peekAt(2);
      const isPrefix =
        next !== T.TO && next !== T.EQUALS && next !== T.DOT && next !== T.AUTHORIZATION && next !== T.FROM;
      if (this.at(T.LOCAL) && isPrefix) {
        this.take(T.LOCAL);
        scope = 'local';
      } else if (this.at(T.SESSION) && isPrefix) {
        this.take(T.SESSION);
        if (this.at(T.CHARACTERISTICS) && this.peekAt(2) === T.AS) {
          this.take(T.CHARACTERISTICS);
          this.take(T.AS);
          this.take(T.TRANSACTION);
          const modes = this.modesRequired();
          return {
            kind: 'setTransaction',
            sessionCharacteristics: true,
            local: false,
            modes,
            snapshot: null,
            position,
          };
        }
      }
      if (this.at(T.TRANSACTION) && this.peekAt(2) !== T.TO && this.peekAt(2) !== T.EQUALS) {
        return this.setTransaction(scope === 'local', position);
      }
      return this.setRest(scope, position);
    },
  );

  private modesRequired(): TransactionModes {
    const before = this.currIdx;
    const modes = this.transactionModes();
    if (this.currIdx === before && !this.RECORDING_PHASE) throw this.unexpected();
    return modes;
  }

  private setTransaction(local: boolean, position: number): SetTransactionStatement {
    this.take(T.TRANSACTION);
    let snapshot: string | null = null;
    let modes: TransactionModes = { isolation: null, readOnly: null, deferrable: null };
    if (this.has(T.SNAPSHOT)) snapshot = this.string();
    else modes = this.modesRequired();
    return { kind: 'setTransaction', sessionCharacteristics: false, local, modes, snapshot, position };
  }

  private setConstraints(position: number): SetConstraintsStatement {
    this.take(T.CONSTRAINTS);
    const constraints = this.has(T.ALL) && !this.RECORDING_PHASE ? null : this.listOf(() => this.qualifiedName());
    const deferred = this.has(T.DEFERRED);
    if (!deferred) this.take(T.IMMEDIATE);
    return { kind: 'setConstraints', constraints, deferred, position };
  }

  /** set_rest: var_name { TO | '=' } { var_list | DEFAULT } | var_name FROM CURRENT | TIME ZONE ... | and other special names */
  protected setRest(scope: 'session' | 'local', position: number): SetStatement {
    const base = { kind: 'set', scope, interval: null, fromCurrent: false, position } as const;
    const word = (name: string, value: string | null, kind: SettingValue['kind'] = 'string'): SetStatement => ({
      ...base,
      name,
      values: value === null ? null : [{ kind, value, position }],
    });
    const next = this.peekAt(2);
    const isPlain = next === T.TO || next === T.EQUALS || next === T.DOT || next === T.FROM;
    if (!isPlain) {
      switch (this.peek()) {
        case T.TIME:
          this.take(T.TIME);
          this.take(T.ZONE);
          return this.setTimeZone(base);
        case T.CATALOG: {
          this.take(T.CATALOG);
          const token = this.take(T.STRING);
          throw this.messageAt('0A000', 'current database cannot be changed', token);
        }
        case T.SCHEMA:
          this.take(T.SCHEMA);
          return word('search_path', this.string());
        case T.NAMES:
          this.take(T.NAMES);
          if (this.at(T.STRING)) return word('client_encoding', this.string());
          this.has(T.DEFAULT);
          return word('client_encoding', null);
        case T.ROLE:
          this.take(T.ROLE);
          return this.at(T.STRING) ? word('role', this.string()) : word('role', this.nonReservedWord());
        case T.SESSION: {
          this.take(T.SESSION);
          this.take(T.AUTHORIZATION);
          if (this.has(T.DEFAULT)) return word('session_authorization', null);
          const user = this.at(T.STRING) ? this.string() : this.nonReservedWord();
          return word('session_authorization', user);
        }
        case T.XML: {
          this.take(T.XML);
          this.take(T.OPTION);
          const isDocument = this.has(T.DOCUMENT);
          if (!isDocument) this.take(T.CONTENT);
          return word('xmloption', isDocument ? 'DOCUMENT' : 'CONTENT');
        }
        default:
      }
    }
    const name = this.settingName();
    if (this.at(T.FROM)) {
      this.take(T.FROM);
      this.take(T.CURRENT);
      return { ...base, name, values: null, fromCurrent: true };
    }
    if (!this.has(T.TO)) this.take(T.EQUALS);
    if (this.at(T.DEFAULT)) {
      this.take(T.DEFAULT);
      return { ...base, name, values: null };
    }
    return { ...base, name, values: this.listOf(() => this.settingValue()) };
  }

  /** var_name: ColId { '.' ColId } */
  protected settingName(): string {
    let name = this.colId();
    while (this.more(T.DOT)) name += `.${this.colId()}`;
    return name;
  }

  /** var_value: opt_boolean_or_string | NumericOnly */
  private settingValue(): SettingValue {
    const { startOffset: position } = this.nextToken();
    if (this.atNumber()) {
      const negative = this.at(T.MINUS);
      if (negative || this.at(T.PLUS)) this.take(this.peek());
      const token = this.take(this.peek());
      const kind = token.tokenTypeIdx === T.INTEGER_LITERAL ? 'integer' : 'numeric';
      return { kind, value: (negative ? '-' : '') + token.image, position };
    }
    if (this.at(T.STRING)) return { kind: 'string', value: this.string(), position };
    for (const type of [T.TRUE, T.FALSE, T.ON]) {
      if (this.at(type)) return { kind: 'word', value: this.take(type).image, position };
    }
    return { kind: 'word', value: this.nonReservedWord(), position };
  }

  /** zone_value: Sconst | IDENT | ConstInterval Sconst opt_interval | NumericOnly | DEFAULT | LOCAL */
  private setTimeZone(base: Omit<SetStatement, 'name' | 'values'>): SetStatement {
    const name = 'timezone';
    const { startOffset: position } = this.nextToken();
    if (this.at(T.DEFAULT) || this.at(T.LOCAL)) {
      this.take(this.peek());
      return { ...base, name, values: null };
    }
    if (this.at(T.INTERVAL)) {
      this.take(T.INTERVAL);
      const precision = this.precision();
      const value = this.string();
      const token = this.nextToken();
      const interval: TypeName = this.intervalType(position, precision);
      if (interval.intervalFields !== null && !['hour', 'hour to minute'].includes(interval.intervalFields)) {
        throw this.messageAt('42601', 'time zone interval must be HOUR or HOUR TO MINUTE', token);
      }
      return { ...base, name, values: [{ kind: 'string', value, position }], interval };
    }
    if (this.atNumber()) return { ...base, name, values: [this.settingValue()] };
    const kind = this.at(T.STRING) ? 'string' : 'word';
    const value = kind === 'string' ? this.string() : this.take(T.IDENT).image;
    return { ...base, name, values: [{ kind, value, position }] };
  }

  /** RESET { ALL | name | TIME ZONE | SESSION AUTHORIZATION | TRANSACTION ISOLATION LEVEL } */
  readonly resetStatement = this.rule('resetStatement', (): ResetStatement => {
    const position = this.take(T.RESET).startOffset;
    return { kind: 'reset', name: this.settingOrAll(), position };
  });

  readonly showStatement = this.rule('showStatement', (): ShowStatement => {
    const position = this.take(T.SHOW).startOffset;
    return { kind: 'show', name: this.settingOrAll(), position };
  });

  private settingOrAll(): string | null {
    if (this.at(T.ALL)) {
      this.take(T.ALL);
      return null;
    }
    if (this.at(T.TIME) && this.peekAt(2) === T.ZONE) {
      this.take(T.TIME);
      this.take(T.ZONE);
      return 'timezone';
    }
    if (this.at(T.TRANSACTION) && this.peekAt(2) === T.ISOLATION) {
      this.take(T.TRANSACTION);
      this.take(T.ISOLATION);
      this.take(T.LEVEL);
      return 'transaction_isolation';
    }
    if (this.at(T.SESSION) && this.peekAt(2) === T.AUTHORIZATION) {
      this.take(T.SESSION);
      this.take(T.AUTHORIZATION);
      return 'session_authorization';
    }
    return this.settingName();
  }

  /** DISCARD { ALL | PLANS | SEQUENCES | TEMP | TEMPORARY } */
  readonly discardStatement = this.rule('discardStatement', (): DiscardStatement => {
    const position = this.take(T.DISCARD).startOffset;
    let target: DiscardStatement['target'] = 'temp';
    if (this.has(T.ALL)) target = 'all';
    else if (this.has(T.PLANS)) target = 'plans';
    else if (this.has(T.SEQUENCES)) target = 'sequences';
    else if (!this.has(T.TEMP)) this.take(T.TEMPORARY);
    return { kind: 'discard', target, position };
  });

  // ------------------------------------------------------------------------------------ prepared statements, cursors

  /** PREPARE name [ '(' types ')' ] AS PreparableStmt | PREPARE TRANSACTION id */
  readonly prepareStatement = this.rule('prepareStatement', (): PrepareStatement | TwoPhaseStatement => {
    const position = this.take(T.PREPARE).startOffset;
    if (this.at(T.TRANSACTION) && this.peekAt(2) === T.STRING) {
      this.take(T.TRANSACTION);
      return { kind: 'prepareTransaction', id: this.string(), position };
    }
    const name = this.colId();
    const types = this.at(T.LEFT_PAREN) ? this.inParens(() => this.list(this.typeName)) : [];
    this.take(T.AS);
    const statementStart = this.here();
    const statement = this.sub(this.queryStatement);
    return { kind: 'prepare', name, types, statement, statementStart, statementEnd: this.lastEnd(), position };
  });

  readonly executeStatement = this.rule('executeStatement', (): ExecuteStatement => {
    const position = this.take(T.EXECUTE).startOffset;
    const name = this.colId();
    const args = this.at(T.LEFT_PAREN) ? this.inParens(() => this.list(this.expression)) : [];
    return { kind: 'execute', name, args, position };
  });

  readonly deallocateStatement = this.rule('deallocateStatement', (): DeallocateStatement => {
    const position = this.take(T.DEALLOCATE).startOffset;
    this.skipWord(T.PREPARE);
    return { kind: 'deallocate', name: this.nameOrAll(), position };
  });

  private nameOrAll(): string | null {
    if (!this.at(T.ALL)) return this.colId();
    this.take(T.ALL);
    return null;
  }

  /** DECLARE name { BINARY | INSENSITIVE | ASENSITIVE | [ NO ] SCROLL } CURSOR [ { WITH | WITHOUT } HOLD ] FOR SelectStmt */
  readonly declareStatement = this.rule('declareStatement', (): DeclareCursorStatement => {
    const position = this.take(T.DECLARE).startOffset;
    const name = this.colId();
    let binary = false;
    let scroll: boolean | null = null;
    let sensitivity: DeclareCursorStatement['sensitivity'] = null;
    for (;;) {
      if (this.at(T.BINARY)) {
        this.take(T.BINARY);
        binary = true;
      } else if (this.at(T.INSENSITIVE)) {
        this.take(T.INSENSITIVE);
        sensitivity = 'insensitive';
      } else if (this.at(T.ASENSITIVE)) {
        this.take(T.ASENSITIVE);
        sensitivity = 'asensitive';
      } else if (this.at(T.SCROLL)) {
        this.take(T.SCROLL);
        scroll = true;
      } else if (this.at(T.NO)) {
        this.take(T.NO);
        this.take(T.SCROLL);
        scroll = false;
      } else break;
    }
    this.take(T.CURSOR);
    let hold = false;
    if (this.at(T.WITH) || this.at(T.WITHOUT)) {
      hold = this.take(this.peek()).tokenTypeIdx === T.WITH;
      this.take(T.HOLD);
    }
    this.take(T.FOR);
    return { kind: 'declareCursor', name, binary, scroll, sensitivity, hold, query: this.sub(this.query), position };
  });

  /** { FETCH | MOVE } [ direction ] [ FROM | IN ] cursor */
  readonly fetchStatement = this.rule('fetchStatement', (): FetchStatement => {
    const position = this.here();
    const kind = this.at(T.MOVE) ? 'move' : 'fetch';
    this.take(kind === 'move' ? T.MOVE : T.FETCH);
    const direction = this.fetchDirection();
    if (this.at(T.FROM) || this.at(T.IN)) this.take(this.peek());
    return { kind, cursor: this.colId(), ...direction, position };
  });

  private fetchDirection(): Pick<FetchStatement, 'direction' | 'count'> {
    const type = this.peek();
    const next = this.peekAt(2);
    const endsHere = next === T.EOF || next === T.SEMICOLON;
    if (this.atNumber()) return { direction: 'forward', count: this.signedInteger() };
    if (type === T.ALL) {
      this.take(type);
      return { direction: 'forward', count: 'all' };
    }
    // The words are unreserved: alone they are the cursor's name.
    if (endsHere) return { direction: 'forward', count: 1 };
    switch (type) {
      case T.NEXT:
        this.take(type);
        return { direction: 'forward', count: 1 };
      case T.PRIOR:
        this.take(type);
        return { direction: 'backward', count: 1 };
      case T.FIRST:
        this.take(type);
        return { direction: 'absolute', count: 1 };
      case T.LAST:
        this.take(type);
        return { direction: 'absolute', count: -1 };
      case T.ABSOLUTE:
      case T.RELATIVE:
        this.take(type);
        return { direction: type === T.ABSOLUTE ? 'absolute' : 'relative', count: this.signedInteger() };
      case T.FORWARD:
      case T.BACKWARD: {
        this.take(type);
        const direction = type === T.FORWARD ? 'forward' : 'backward';
        if (this.atNumber()) return { direction, count: this.signedInteger() };
        if (!this.at(T.ALL)) return { direction, count: 1 };
        this.take(T.ALL);
        return { direction, count: 'all' };
      }
      default:
        return { direction: 'forward', count: 1 };
    }
  }

  /** SignedIconst */
  protected signedInteger(): number {
    const negative = this.at(T.MINUS);
    if (negative || this.at(T.PLUS)) this.take(this.peek());
    const value = Number(this.take(T.INTEGER_LITERAL).image);
    return negative ? -value : value;
  }

  readonly closeStatement = this.rule('closeStatement', (): CloseStatement => {
    const position = this.take(T.CLOSE).startOffset;
    return { kind: 'close', cursor: this.nameOrAll(), position };
  });

  // --------------------------------------------------------------------------------------------------- notifications

  readonly listenStatement = this.rule('listenStatement', (): ListenStatement => {
    const position = this.take(T.LISTEN).startOffset;
    return { kind: 'listen', channel: this.colId(), position };
  });

  readonly unlistenStatement = this.rule('unlistenStatement', (): UnlistenStatement => {
    const position = this.take(T.UNLISTEN).startOffset;
    if (!this.at(T.STAR)) return { kind: 'unlisten', channel: this.colId(), position };
    this.take(T.STAR);
    return { kind: 'unlisten', channel: null, position };
  });

  readonly notifyStatement = this.rule('notifyStatement', (): NotifyStatement => {
    const position = this.take(T.NOTIFY).startOffset;
    const channel = this.colId();
    return { kind: 'notify', channel, payload: this.opt(T.COMMA, () => this.string()), position };
  });

  // ----------------------------------------------------------------------------------------------------------- roles

  /** RoleSpec: NonReservedWord | CURRENT_ROLE | CURRENT_USER | SESSION_USER; "public" and "none" are special. */
  protected roleSpec(): RoleSpec {
    const token = this.nextToken();
    const position = token.startOffset;
    switch (token.tokenTypeIdx) {
      case T.CURRENT_ROLE:
      case T.CURRENT_USER:
      case T.SESSION_USER:
        this.take(token.tokenTypeIdx);
        return { kind: token.image as RoleSpec['kind'], name: '', position };
      default: {
        const name = this.nonReservedWord();
        if (name === 'public') return { kind: 'public', name: '', position };
        if (name === 'none') throw this.messageAt('42939', 'role name "none" is reserved', token);
        return { kind: 'name', name, position };
      }
    }
  }
  protected roleList(): RoleSpec[] {
    return this.listOf(() => this.roleSpec());
  }
  /** RoleId: a role to be made or named by itself. */
  protected roleId(): string {
    const token = this.nextToken();
    const spec = this.roleSpec();
    if (spec.kind === 'name') return spec.name;
    if (spec.kind === 'public') throw this.messageAt('42939', 'role name "public" is reserved', token);
    throw this.messageAt('42939', `${spec.kind.toUpperCase()} cannot be used as a role name here`, token);
  }
}
