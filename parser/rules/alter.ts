/** ALTER: the object's type, its name, and then what all objects share or what only this one has. */
import type {
  AlterDomainStatement,
  AlterEnumStatement,
  AlterExtensionStatement,
  AlterTableStatement,
  ObjectAddress,
  ObjectType,
  QualifiedName,
  RelationName,
  RenameStatement,
  SearchMappingAction,
  StatementNode,
} from '../ast.ts';
import * as T from '../token-types.ts';
import { DefineRules } from './define.ts';

type Relation = AlterTableStatement['objectType'];
const RELATIONS = new Set<string>(['table', 'index', 'sequence', 'view', 'materialized view', 'foreign table']);
const NOT_ALTERED = new Set<ObjectType>(['column', 'constraint', 'access method', 'cast', 'transform']);
/** What hotrow has no use for. */
const UNSUPPORTED = new Set<number>([T.SUBSCRIPTION, T.SERVER, T.PUBLICATION]);

export abstract class AlterRules extends DefineRules {
  readonly alterStatement = this.rule('alterStatement', (): StatementNode => {
    const position = this.take(T.ALTER).startOffset;
    switch (this.peek()) {
      case T.DEFAULT:
        this.take(T.DEFAULT);
        this.take(T.PRIVILEGES);
        return this.sub(this.alterDefaultPrivileges, position);
      case T.ROLE:
      case T.USER:
        if (this.peekAt(2) === T.MAPPING) throw this.messageAt('0A000', 'ALTER USER MAPPING is not supported');
        this.take(this.peek());
        return this.alterRoleOrRename(position, false);
      case T.GROUP:
        this.take(T.GROUP);
        return this.alterRoleOrRename(position, true);
      case T.SYSTEM:
        this.take(T.SYSTEM);
        return { kind: 'alterSystem', setting: this.setOrReset(), position };
      case T.DATABASE:
        this.take(T.DATABASE);
        return this.alterDatabase(position);
      case T.EXTENSION:
        this.take(T.EXTENSION);
        return this.alterExtension(position);
      default:
        return this.alterObject(position);
    }
  });

  private alterRoleOrRename(position: number, group: boolean): StatementNode {
    if (this.peekAt(2) === T.RENAME) {
      const at = this.here();
      const name = [this.roleId()];
      return this.renameTo(this.address('role', { name, position: at }), false, position);
    }
    return group ? this.sub(this.alterGroup, position) : this.sub(this.alterRole, position);
  }

  /** RENAME TO name */
  private renameTo(object: ObjectAddress, ifExists: boolean, position: number): RenameStatement {
    this.take(T.RENAME);
    this.take(T.TO);
    const newName = object.objectType === 'role' ? this.roleId() : this.colId();
    return { kind: 'rename', object, ifExists, part: null, newName, behavior: 'restrict', position };
  }

  /** name { RENAME TO | OWNER TO | SET TABLESPACE | SET | RESET | [ WITH ] options } */
  private alterDatabase(position: number): StatementNode {
    const at = this.here();
    const name = this.colId();
    const object = this.address('database', { name: [name], position: at });
    if (this.at(T.RENAME)) return this.renameTo(object, false, position);
    if (this.at(T.OWNER) && this.peekAt(2) === T.TO) return this.ownerTo(object, position);
    if (this.at(T.SET) && this.peekAt(2) === T.TABLESPACE) {
      this.take(T.SET);
      this.take(T.TABLESPACE);
      const option = { namespace: null, name: 'tablespace', value: this.colId(), position };
      return { kind: 'alterDatabase', name, options: [option], position };
    }
    if (this.at(T.SET) || this.at(T.RESET)) {
      return { kind: 'alterDatabaseSet', name, role: null, database: null, setting: this.setOrReset(), position };
    }
    if (this.at(T.REFRESH)) throw this.messageAt('0A000', 'ALTER DATABASE REFRESH COLLATION VERSION is not supported');
    return { kind: 'alterDatabase', name, options: this.databaseOptions(), position };
  }

  private ownerTo(object: ObjectAddress, position: number): StatementNode {
    this.take(T.OWNER);
    this.take(T.TO);
    return { kind: 'alterOwner', object, owner: this.roleSpec(), position };
  }

  /** name { UPDATE [ TO version ] | { ADD | DROP } object | SET SCHEMA s } */
  private alterExtension(position: number): StatementNode {
    const at = this.here();
    const name = this.colId();
    if (this.has(T.UPDATE)) {
      let version: string | null = null;
      if (this.has(T.TO)) version = this.at(T.STRING) ? this.string() : this.nonReservedWord();
      return { kind: 'alterExtension', name, version, member: null, position };
    }
    if (this.at(T.SET))
      return this.setSchema(this.address('extension', { name: [name], position: at }), false, position);
    const add = this.has(T.ADD);
    if (!add) this.take(T.DROP);
    const token = this.nextToken();
    const objectType = this.objectType();
    if (objectType === null) throw this.unexpected(token);
    const member: AlterExtensionStatement['member'] = { add, object: this.objectName(objectType) };
    return { kind: 'alterExtension', name, version: null, member, position };
  }

  private setSchema(object: ObjectAddress, ifExists: boolean, position: number): StatementNode {
    this.take(T.SET);
    this.take(T.SCHEMA);
    return { kind: 'alterObjectSchema', object, ifExists, schema: this.colId(), position };
  }

  private alterObject(position: number): StatementNode {
    const token = this.nextToken();
    if (UNSUPPORTED.has(token.tokenTypeIdx)) {
      throw this.messageAt('0A000', `ALTER ${token.image.toUpperCase()} is not supported`);
    }
    const objectType = this.objectType();
    if (objectType === null || NOT_ALTERED.has(objectType)) throw this.unexpected(token);
    if (RELATIONS.has(objectType)) return this.alterRelation(objectType as Relation, position);
    if (objectType === 'type') return this.alterType(position);
    if (objectType === 'domain') return this.alterDomain(position);
    const isPolicy = objectType === 'policy';
    const ifExists = (isPolicy || objectType === 'statistics') && this.at(T.IF) ? this.ifExists() : false;
    if (isPolicy && this.peekAt(2) === T.ON && !this.renameFollowsPolicy())
      return this.sub(this.createPolicy, true, position);
    const object = objectType === 'large object' ? this.largeObject() : this.objectName(objectType);
    const isRoutine = objectType === 'function' || objectType === 'procedure' || objectType === 'routine';
    if (objectType === 'statistics' && (ifExists || (this.at(T.SET) && this.peekAt(2) === T.STATISTICS))) {
      this.take(T.SET);
      this.take(T.STATISTICS);
      return { kind: 'alterStatistics', name: object.name, ifExists, target: this.signedInteger(), position };
    }
    if (this.at(T.RENAME)) return this.renameTo(object, ifExists, position);
    if (this.at(T.OWNER)) return this.ownerTo(object, position);
    if (this.at(T.SET) && this.peekAt(2) === T.SCHEMA) return this.setSchema(object, false, position);
    if (objectType === 'collation' && this.has(T.REFRESH)) {
      this.take(T.VERSION);
      return { kind: 'refreshCollation', object, position };
    }
    if (objectType === 'text search configuration') return this.alterSearchConfiguration(object, position);
    if (objectType === 'text search dictionary' && this.at(T.LEFT_PAREN)) {
      return { kind: 'alterSearchDictionary', object, options: this.relationOptions(), position };
    }
    if (isRoutine) return this.alterFunctionOptions(object, position);
    if (objectType === 'operator' && this.at(T.SET)) {
      this.take(T.SET);
      const items = this.inParens(() => this.listOf(() => this.requiredItem()));
      return { kind: 'alterOperator', object, items, position };
    }
    throw this.unsupportedAlter(objectType);
  }

  /**
   * name { ADD | ALTER } MAPPING FOR types WITH dictionaries | ALTER MAPPING [ FOR types ] REPLACE old WITH new
   * | DROP MAPPING [ IF EXISTS ] FOR types
   */
  private alterSearchConfiguration(object: ObjectAddress, position: number): StatementNode {
    const finish = (action: SearchMappingAction): StatementNode => ({
      kind: 'alterSearchConfiguration',
      object,
      action,
      position,
    });
    const isDrop = this.has(T.DROP);
    const isAdd = !isDrop && this.has(T.ADD);
    if (!isDrop && !isAdd) this.take(T.ALTER);
    this.take(T.MAPPING);
    const ifExists = isDrop && this.ifExists();
    const isReplaceOfAll = !isDrop && !isAdd && this.at(T.REPLACE);
    if (!isReplaceOfAll) this.take(T.FOR);
    const tokenTypes = isReplaceOfAll ? [] : this.listOf(() => this.colId());
    if (isDrop) return finish({ kind: 'drop', tokenTypes, ifExists });
    if (!isAdd && this.has(T.REPLACE)) {
      const old = this.qualifiedName();
      this.take(this.at(T.WITH_LA) ? T.WITH_LA : T.WITH);
      return finish({ kind: 'replace', tokenTypes, old, new: this.qualifiedName() });
    }
    this.take(this.at(T.WITH_LA) ? T.WITH_LA : T.WITH);
    const dictionaries = this.listOf(() => this.qualifiedName());
    return finish({ kind: isAdd ? 'add' : 'alter', tokenTypes, dictionaries });
  }

  private unsupportedAlter(objectType: ObjectType): Error {
    if (this.at(T.EOF) || this.at(T.SEMICOLON)) return this.unexpected();
    return this.messageAt('0A000', `this form of ALTER ${objectType.toUpperCase()} is not supported`);
  }

  /** name ON table RENAME ...: looks over the table's name. */
  private renameFollowsPolicy(): boolean {
    let ahead = 4;
    while (this.peekAt(ahead) === T.DOT) ahead += 2;
    return this.peekAt(ahead) === T.RENAME;
  }

  private largeObject(): ObjectAddress {
    const position = this.here();
    return this.address('large object', { name: [String(this.numericOnly())], position });
  }

  // ------------------------------------------------------------------------------------------------------ relations

  /** ALTER { TABLE | INDEX | SEQUENCE | VIEW | MATERIALIZED VIEW | FOREIGN TABLE } [ IF EXISTS ] name ... */
  private alterRelation(objectType: Relation, position: number): StatementNode {
    if (this.at(T.ALL))
      throw this.messageAt('0A000', `ALTER ${objectType.toUpperCase()} ALL IN TABLESPACE is not supported`);
    const ifExists = this.ifExists();
    const table = this.relationName();
    const object = this.address(objectType, { name: table.name, position: table.position });
    if (this.at(T.RENAME)) return this.renameRelation(objectType, object, ifExists, position);
    if (this.at(T.SET) && this.peekAt(2) === T.SCHEMA) return this.setSchema(object, ifExists, position);
    if (objectType === 'sequence' && this.atSequenceOption()) {
      return this.sub(this.alterSequence, table.name, ifExists, position);
    }
    if (this.at(T.DEPENDS) || (this.at(T.NO) && this.peekAt(2) === T.DEPENDS)) {
      throw this.messageAt('0A000', 'ALTER ... DEPENDS ON EXTENSION is not supported');
    }
    if (objectType === 'index' && this.at(T.ATTACH)) return this.attachIndex(table, position);
    const commands = this.alterCommands();
    return { kind: 'alterTable', objectType, table, ifExists, commands, position };
  }

  private attachIndex(table: RelationName, position: number): AlterTableStatement {
    this.take(T.ATTACH);
    this.take(T.PARTITION);
    const partition = this.qualifiedName();
    const commands = [{ kind: 'attachPartition', partition, bound: null } as const];
    return { kind: 'alterTable', objectType: 'index', table, ifExists: false, commands, position };
  }

  /** RENAME { TO name | [ COLUMN ] a TO b | CONSTRAINT a TO b } */
  private renameRelation(
    objectType: Relation,
    object: ObjectAddress,
    ifExists: boolean,
    position: number,
  ): RenameStatement {
    if (this.peekAt(2) === T.TO) return this.renameTo(object, ifExists, position);
    if (objectType === 'index' || objectType === 'sequence') {
      this.take(T.RENAME);
      throw this.unexpected();
    }
    this.take(T.RENAME);
    let kind: 'column' | 'constraint' = 'column';
    if (this.at(T.CONSTRAINT)) {
      this.take(T.CONSTRAINT);
      kind = 'constraint';
    } else if (this.at(T.COLUMN)) this.take(T.COLUMN);
    const name = this.colId();
    this.take(T.TO);
    const newName = this.colId();
    return { kind: 'rename', object, ifExists, part: { kind, name }, newName, behavior: 'restrict', position };
  }

  // ---------------------------------------------------------------------------------------------- types and domains

  private alterType(position: number): StatementNode {
    const at = this.here();
    const name = this.qualifiedName();
    const object = this.address('type', { name, position: at });
    switch (this.peek()) {
      case T.RENAME:
        if (this.peekAt(2) === T.TO) return this.renameTo(object, false, position);
        this.take(T.RENAME);
        if (this.at(T.VALUE)) return this.renameEnumValue(name, position);
        return this.renameAttribute(object, position);
      case T.OWNER:
        return this.ownerTo(object, position);
      case T.SET:
        if (this.peekAt(2) === T.SCHEMA) return this.setSchema(object, false, position);
        throw this.messageAt('0A000', 'ALTER TYPE SET is not supported');
      case T.ADD:
        if (this.peekAt(2) === T.VALUE) return this.addEnumValue(name, position);
        return this.compositeCommands(name, position);
      default:
        return this.compositeCommands(name, position);
    }
  }

  private renameEnumValue(name: QualifiedName, position: number): AlterEnumStatement {
    this.take(T.VALUE);
    const label = this.string();
    this.take(T.TO);
    return { kind: 'alterEnum', name, action: { kind: 'rename', label, newLabel: this.string() }, position };
  }

  /** ADD VALUE [ IF NOT EXISTS ] label [ { BEFORE | AFTER } label ] */
  private addEnumValue(name: QualifiedName, position: number): AlterEnumStatement {
    this.take(T.ADD);
    this.take(T.VALUE);
    const ifNotExists = this.ifNotExists();
    const label = this.string();
    const before = this.opt(T.BEFORE, () => this.string());
    const after = before === null ? this.opt(T.AFTER, () => this.string()) : null;
    return { kind: 'alterEnum', name, action: { kind: 'add', label, ifNotExists, before, after }, position };
  }

  private renameAttribute(object: ObjectAddress, position: number): RenameStatement {
    this.take(T.ATTRIBUTE);
    const name = this.colId();
    this.take(T.TO);
    const newName = this.colId();
    const part = { kind: 'attribute', name } as const;
    return { kind: 'rename', object, ifExists: false, part, newName, behavior: this.behavior(), position };
  }

  private alterDomain(position: number): StatementNode {
    const at = this.here();
    const name = this.qualifiedName();
    const object = this.address('domain', { name, position: at });
    const finish = (action: AlterDomainStatement['action']): AlterDomainStatement => ({
      kind: 'alterDomain',
      name,
      action,
      position,
    });
    switch (this.peek()) {
      case T.RENAME:
        if (this.peekAt(2) === T.TO) return this.renameTo(object, false, position);
        return this.renameDomainConstraint(object, position);
      case T.OWNER:
        return this.ownerTo(object, position);
      case T.ADD:
        this.take(T.ADD);
        return finish({ kind: 'addConstraint', constraint: this.sub(this.tableConstraint) });
      case T.VALIDATE:
        this.take(T.VALIDATE);
        this.take(T.CONSTRAINT);
        return finish({ kind: 'validateConstraint', name: this.colId() });
      case T.DROP: {
        this.take(T.DROP);
        if (this.has(T.DEFAULT)) return finish({ kind: 'setDefault', expr: null });
        if (this.has(T.NOT)) {
          this.take(T.NULL);
          return finish({ kind: 'dropNotNull' });
        }
        this.take(T.CONSTRAINT);
        const ifExists = this.ifExists();
        const constraint = this.colId();
        return finish({ kind: 'dropConstraint', name: constraint, ifExists, behavior: this.behavior() });
      }
      default:
        this.take(T.SET);
        if (this.has(T.SCHEMA))
          return { kind: 'alterObjectSchema', object, ifExists: false, schema: this.colId(), position };
        if (this.has(T.DEFAULT)) return finish({ kind: 'setDefault', expr: this.sub(this.expression) });
        this.take(T.NOT);
        this.take(T.NULL);
        return finish({ kind: 'setNotNull' });
    }
  }

  private renameDomainConstraint(object: ObjectAddress, position: number): RenameStatement {
    this.take(T.RENAME);
    this.take(T.CONSTRAINT);
    const name = this.colId();
    this.take(T.TO);
    const newName = this.colId();
    const part = { kind: 'constraint', name } as const;
    return { kind: 'rename', object, ifExists: false, part, newName, behavior: 'restrict', position };
  }
}
