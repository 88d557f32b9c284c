/** The commands of ALTER TABLE and its kin (ALTER INDEX, SEQUENCE, VIEW, MATERIALIZED VIEW, TYPE). */

import type {
  AlterCompositeTypeStatement,
  AlterTableCommand,
  Behavior,
  QualifiedName,
  SequenceOptions,
} from '../ast.ts';
import * as T from '../token-types.ts';
import { ObjectRules } from './objects.ts';
import { startsTableConstraint } from './table.ts';

type Mutable<X> = { -readonly [K in keyof X]: X[K] };

const COLUMN_NUMBER_MAX = 32767;

export abstract class AlterTableRules extends ObjectRules {
  /** alter_table_cmd { ',' alter_table_cmd } | partition_cmd */
  protected alterCommands(): AlterTableCommand[] {
    return this.list(this.alterCommand);
  }

  readonly alterCommand = this.detail('alterCommand', (): AlterTableCommand => {
    const token = this.nextToken();
    switch (token.tokenTypeIdx) {
      case T.ADD:
        this.take(T.ADD);
        return this.addCommand();
      case T.ALTER:
        this.take(T.ALTER);
        return this.alterPart();
      case T.DROP:
        this.take(T.DROP);
        return this.dropPart();
      case T.SET:
        this.take(T.SET);
        return this.setPart();
      case T.RESET:
        this.take(T.RESET);
        return { kind: 'resetOptions', options: this.relationOptions() };
      case T.VALIDATE:
        this.take(T.VALIDATE);
        this.take(T.CONSTRAINT);
        return { kind: 'validateConstraint', name: this.colId() };
      case T.ENABLE:
      case T.DISABLE:
        return this.enableDisable();
      case T.FORCE:
        this.take(T.FORCE);
        return this.rowSecurity('forceRowSecurity');
      case T.NO:
        this.take(T.NO);
        if (this.at(T.FORCE)) {
          this.take(T.FORCE);
          return this.rowSecurity('noForceRowSecurity');
        }
        this.take(T.INHERIT);
        return { kind: 'noInherit', parent: this.qualifiedName() };
      case T.INHERIT:
        this.take(T.INHERIT);
        return { kind: 'inherit', parent: this.qualifiedName() };
      case T.OF:
        this.take(T.OF);
        return { kind: 'of', type: this.qualifiedName() };
      case T.NOT:
        this.take(T.NOT);
        this.take(T.OF);
        return { kind: 'notOf' };
      case T.OWNER:
        this.take(T.OWNER);
        this.take(T.TO);
        return { kind: 'ownerTo', owner: this.roleSpec() };
      case T.CLUSTER:
        this.take(T.CLUSTER);
        this.take(T.ON);
        return { kind: 'clusterOn', index: this.colId() };
      case T.REPLICA:
        this.take(T.REPLICA);
        this.take(T.IDENTITY);
        return this.replicaIdentity();
      case T.ATTACH: {
        this.take(T.ATTACH);
        this.take(T.PARTITION);
        const partition = this.qualifiedName();
        return { kind: 'attachPartition', partition, bound: this.sub(this.partitionBound) };
      }
      case T.DETACH: {
        this.take(T.DETACH);
        this.take(T.PARTITION);
        const partition = this.qualifiedName();
        const concurrently = this.has(T.CONCURRENTLY);
        return { kind: 'detachPartition', partition, concurrently, finalize: !concurrently && this.has(T.FINALIZE) };
      }
      default:
        throw this.unexpected();
    }
  });

  /** ADD [ COLUMN ] [ IF NOT EXISTS ] column | ADD constraint */
  private addCommand(): AlterTableCommand {
    if (startsTableConstraint(this.peek(), this.peekAt(2))) {
      return { kind: 'addConstraint', constraint: this.sub(this.tableConstraint) };
    }
    this.has(T.COLUMN);
    const ifNotExists = this.at(T.IF) && this.peekAt(2) === T.NOT ? this.ifNotExists() : false;
    return { kind: 'addColumn', column: this.sub(this.columnDefinition, false), ifNotExists };
  }

  private dropPart(): AlterTableCommand {
    if (this.has(T.CONSTRAINT)) {
      const ifExists = this.ifExists();
      const name = this.colId();
      return { kind: 'dropConstraint', name, ifExists, behavior: this.behavior() };
    }
    this.has(T.COLUMN);
    const ifExists = this.at(T.IF) && this.peekAt(2) === T.EXISTS ? this.ifExists() : false;
    const column = this.colId();
    return { kind: 'dropColumn', column, ifExists, behavior: this.behavior() };
  }

  /** ALTER [ COLUMN ] name ... | ALTER CONSTRAINT name ... */
  private alterPart(): AlterTableCommand {
    if (this.at(T.CONSTRAINT)) {
      this.take(T.CONSTRAINT);
      const name = this.colId();
      const { deferrable, initiallyDeferred } = this.constraintAttributes('FOREIGN KEY', false);
      return { kind: 'alterConstraint', name, deferrable, initiallyDeferred };
    }
    this.has(T.COLUMN);
    if (this.at(T.INTEGER_LITERAL)) {
      const token = this.take(T.INTEGER_LITERAL);
      const column = Number(token.image);
      if (!(column > 0 && column <= COLUMN_NUMBER_MAX)) {
        throw this.valueError(`column number must be in range from 1 to ${COLUMN_NUMBER_MAX}`, token);
      }
      this.take(T.SET);
      this.take(T.STATISTICS);
      return { kind: 'setStatistics', column, value: this.signedInteger() };
    }
    const position = this.here();
    const column = this.colId();
    switch (this.peek()) {
      case T.TYPE:
        return this.columnType(column, position);
      case T.SET:
        this.take(T.SET);
        return this.setColumn(column, position);
      case T.DROP:
        this.take(T.DROP);
        return this.dropFromColumn(column);
      case T.RESET:
        this.take(T.RESET);
        return { kind: 'resetColumnOptions', column, options: this.relationOptions() };
      case T.ADD: {
        this.take(T.ADD);
        this.take(T.GENERATED);
        const always = this.generatedMode();
        this.take(T.AS);
        this.take(T.IDENTITY);
        const options = this.at(T.LEFT_PAREN) ? this.inParens(() => this.sub(this.sequenceOptions)) : {};
        return { kind: 'addIdentity', column, always, options };
      }
      case T.RESTART:
        return this.setIdentity(column);
      default:
        throw this.unexpected();
    }
  }

  private columnType(column: string, position: number): AlterTableCommand {
    this.take(T.TYPE);
    const type = this.sub(this.typeName);
    const collation = this.opt(T.COLLATE, () => this.qualifiedName());
    const using = this.opt(T.USING, () => this.sub(this.expression));
    return { kind: 'alterColumnType', column, type, collation, using, position };
  }

  private setColumn(column: string, position: number): AlterTableCommand {
    switch (this.peek()) {
      case T.DATA:
        this.take(T.DATA);
        return this.columnType(column, position);
      case T.DEFAULT:
        this.take(T.DEFAULT);
        return { kind: 'setDefault', column, expr: this.sub(this.expression) };
      case T.NOT:
        this.take(T.NOT);
        this.take(T.NULL);
        return { kind: 'setNotNull', column };
      case T.STATISTICS:
        this.take(T.STATISTICS);
        return { kind: 'setStatistics', column, value: this.signedInteger() };
      case T.STORAGE:
        this.take(T.STORAGE);
        return { kind: 'setStorage', column, value: this.colId() };
      case T.COMPRESSION:
        this.take(T.COMPRESSION);
        return { kind: 'setCompression', column, value: this.has(T.DEFAULT) ? 'default' : this.colId() };
      case T.LEFT_PAREN:
        return { kind: 'setColumnOptions', column, options: this.relationOptions() };
      default:
        return this.setIdentity(column, true);
    }
  }

  private dropFromColumn(column: string): AlterTableCommand {
    if (this.at(T.DEFAULT)) {
      this.take(T.DEFAULT);
      return { kind: 'setDefault', column, expr: null };
    }
    if (this.at(T.NOT)) {
      this.take(T.NOT);
      this.take(T.NULL);
      return { kind: 'dropNotNull', column };
    }
    const kind = this.at(T.EXPRESSION) ? 'dropExpression' : 'dropIdentity';
    this.take(kind === 'dropExpression' ? T.EXPRESSION : T.IDENTITY);
    return { kind, column, ifExists: this.ifExists() };
  }

  /** { RESTART [ [ WITH ] n ] | SET GENERATED { ALWAYS | BY DEFAULT } | SET sequence option }...; `afterSet`: SET was read. */
  private setIdentity(column: string, afterSet = false): AlterTableCommand {
    const options: Mutable<SequenceOptions> = {};
    let always: boolean | null = null;
    let sawSet = afterSet;
    for (;;) {
      if (sawSet) {
        if (this.at(T.GENERATED)) {
          this.take(T.GENERATED);
          always = this.generatedMode();
        } else if (this.atSequenceOption() && !this.at(T.RESTART)) this.sequenceOption(options);
        else throw this.unexpected();
      } else if (this.at(T.RESTART)) this.sequenceOption(options);
      else return { kind: 'setIdentity', column, always, options };
      sawSet = this.at(T.SET);
      if (sawSet) this.take(T.SET);
    }
  }

  private setPart(): AlterTableCommand {
    switch (this.peek()) {
      case T.LOGGED:
        this.take(T.LOGGED);
        return { kind: 'setLogged' };
      case T.UNLOGGED:
        this.take(T.UNLOGGED);
        return { kind: 'setUnlogged' };
      case T.WITHOUT:
        this.take(T.WITHOUT);
        if (this.has(T.CLUSTER)) return { kind: 'clusterOn', index: null };
        this.take(T.OIDS);
        return { kind: 'setWithoutOids' };
      case T.TABLESPACE:
        this.take(T.TABLESPACE);
        return { kind: 'setTablespace', name: this.colId() };
      case T.ACCESS:
        this.take(T.ACCESS);
        this.take(T.METHOD);
        return { kind: 'setAccessMethod', name: this.colId() };
      default:
        return { kind: 'setOptions', options: this.relationOptions() };
    }
  }

  private rowSecurity(
    kind: 'enableRowSecurity' | 'disableRowSecurity' | 'forceRowSecurity' | 'noForceRowSecurity',
  ): AlterTableCommand {
    this.take(T.ROW);
    this.take(T.LEVEL);
    this.take(T.SECURITY);
    return { kind };
  }

  private enableDisable(): AlterTableCommand {
    const enable = this.take(this.peek()).tokenTypeIdx === T.ENABLE;
    if (this.at(T.ROW)) return this.rowSecurity(enable ? 'enableRowSecurity' : 'disableRowSecurity');
    let mode: 'origin' | 'always' | 'replica' = 'origin';
    if (enable && (this.at(T.ALWAYS) || this.at(T.REPLICA)))
      mode = this.take(this.peek()).image as 'always' | 'replica';
    if (this.at(T.RULE)) {
      this.take(T.RULE);
      return { kind: enable ? 'enableRule' : 'disableRule', rule: this.colId(), mode };
    }
    this.take(T.TRIGGER);
    const kind = enable ? 'enableTrigger' : 'disableTrigger';
    if (mode === 'origin' && (this.at(T.ALL) || this.at(T.USER))) {
      return { kind, trigger: this.take(this.peek()).image as 'all' | 'user', mode };
    }
    return { kind, trigger: { name: this.colId() }, mode };
  }

  private replicaIdentity(): AlterTableCommand {
    for (const [type, identity] of [
      [T.NOTHING, 'nothing'],
      [T.FULL, 'full'],
      [T.DEFAULT, 'default'],
    ] as const) {
      if (this.at(type)) {
        this.take(type);
        return { kind: 'replicaIdentity', identity, index: null };
      }
    }
    this.take(T.USING);
    this.take(T.INDEX);
    return { kind: 'replicaIdentity', identity: 'index', index: this.colId() };
  }

  /** ALTER TYPE name { ADD | DROP | ALTER } ATTRIBUTE ... { ',' ... } */
  protected compositeCommands(name: QualifiedName, position: number): AlterCompositeTypeStatement {
    let isCascade = false;
    const behavior = (): Behavior => {
      const found = this.behavior();
      if (found === 'cascade') isCascade = true;
      return found;
    };
    const commands = this.listOf((): AlterTableCommand => {
      if (this.at(T.ADD)) {
        this.take(T.ADD);
        this.take(T.ATTRIBUTE);
        const column = this.sub(this.compositeAttribute);
        behavior();
        return { kind: 'addColumn', column, ifNotExists: false };
      }
      if (this.at(T.DROP)) {
        this.take(T.DROP);
        this.take(T.ATTRIBUTE);
        const ifExists = this.ifExists();
        const column = this.colId();
        return { kind: 'dropColumn', column, ifExists, behavior: behavior() };
      }
      this.take(T.ALTER);
      this.take(T.ATTRIBUTE);
      const at = this.here();
      const column = this.colId();
      if (this.has(T.SET)) this.take(T.DATA);
      this.take(T.TYPE);
      const type = this.sub(this.typeName);
      const collation = this.opt(T.COLLATE, () => this.qualifiedName());
      behavior();
      return { kind: 'alterColumnType', column, type, collation, using: null, position: at };
    });
    return { kind: 'alterCompositeType', name, commands, isCascade, position };
  }

  /** TableFuncElement: ColId Typename [ COLLATE any_name ] */
  readonly compositeAttribute = this.detail('compositeAttribute', () => {
    const item = this.sub(this.columnDefinitionItem);
    return {
      kind: 'column' as const,
      name: item.name,
      type: item.type,
      collation: item.collation,
      collationPosition: item.collationPosition,
      compression: null,
      constraints: [],
      position: item.position,
    };
  });
}
