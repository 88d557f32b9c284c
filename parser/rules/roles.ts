/** Roles and rights: CREATE / ALTER ROLE, GRANT, REVOKE, ALTER DEFAULT PRIVILEGES. */
import type {
  AlterDefaultPrivilegesStatement,
  AlterRoleStatement,
  AlterSettingStatement,
  CreateRoleStatement,
  GrantObjectType,
  GrantRoleStatement,
  GrantStatement,
  ObjectAddress,
  ObjectType,
  Option,
  OptionValue,
  Privilege,
  ResetStatement,
  RoleSpec,
  SetStatement,
} from '../ast.ts';
import type { Token } from '../scanner.ts';
import * as T from '../token-types.ts';
import { AlterTableRules } from './alter-table.ts';

/** Words of CREATE ROLE that are identifiers, and the option and value they mean. */
const ROLE_WORDS = new Map<string, readonly [string, boolean]>([
  ['superuser', ['superuser', true]],
  ['nosuperuser', ['superuser', false]],
  ['createrole', ['createrole', true]],
  ['nocreaterole', ['createrole', false]],
  ['replication', ['isreplication', true]],
  ['noreplication', ['isreplication', false]],
  ['createdb', ['createdb', true]],
  ['nocreatedb', ['createdb', false]],
  ['login', ['canlogin', true]],
  ['nologin', ['canlogin', false]],
  ['bypassrls', ['bypassrls', true]],
  ['nobypassrls', ['bypassrls', false]],
  ['noinherit', ['inherit', false]],
]);

const ALL_OF_TYPE = new Map<number, GrantObjectType>([
  [T.TABLES, 'table'],
  [T.SEQUENCES, 'sequence'],
  [T.FUNCTIONS, 'function'],
  [T.PROCEDURES, 'procedure'],
  [T.ROUTINES, 'routine'],
]);

export abstract class RoleRules extends AlterTableRules {
  /** CREATE { ROLE | USER | GROUP } has been read: name [ WITH ] options */
  readonly createRole = this.detail(
    'createRole',
    (roleType: CreateRoleStatement['roleType'], position: number): CreateRoleStatement => {
      const name = this.roleId();
      this.has(T.WITH);
      const lists = { members: [] as RoleSpec[], admins: [] as RoleSpec[], inRoles: [] as RoleSpec[] };
      const options: Option[] = [];
      while (this.roleOption(options, lists));
      return { kind: 'createRole', roleType, name, options, ...lists, position };
    },
  );

  /** One AlterOptRoleElem or CreateOptRoleElem; `lists` is null in ALTER ROLE. */
  private roleOption(
    options: Option[],
    lists: { members: RoleSpec[]; admins: RoleSpec[]; inRoles: RoleSpec[] } | null,
  ): boolean {
    const token = this.nextToken();
    const add = (name: string, value: OptionValue): boolean => {
      if (options.some((option) => option.name === name)) {
        throw this.messageAt('42601', 'conflicting or redundant options', token);
      }
      options.push({ namespace: null, name, value, position: token.startOffset });
      return true;
    };
    switch (token.tokenTypeIdx) {
      case T.PASSWORD:
        this.take(T.PASSWORD);
        if (!this.at(T.NULL)) return add('password', this.string());
        this.take(T.NULL);
        return add('password', null);
      case T.ENCRYPTED:
        this.take(T.ENCRYPTED);
        this.take(T.PASSWORD);
        return add('password', this.string());
      case T.UNENCRYPTED:
        throw this.messageAt('0A000', 'UNENCRYPTED PASSWORD is no longer supported', token).with({
          hint: 'Remove UNENCRYPTED to store the password in encrypted form instead.',
        });
      case T.INHERIT:
        this.take(T.INHERIT);
        return add('inherit', true);
      case T.CONNECTION:
        this.take(T.CONNECTION);
        this.take(T.LIMIT);
        return add('connectionlimit', this.signedInteger());
      case T.VALID:
        this.take(T.VALID);
        this.take(T.UNTIL);
        return add('validUntil', this.string());
      case T.IDENT:
        return this.roleWord(token, add);
      default:
        return this.roleMembership(token, lists, add);
    }
  }

  private roleWord(token: Token, add: (name: string, value: OptionValue) => boolean): boolean {
    const known = ROLE_WORDS.get(token.image);
    if (known === undefined) throw this.messageAt('42601', `unrecognized role option "${token.image}"`, token);
    this.take(T.IDENT);
    return add(known[0], known[1]);
  }

  private roleMembership(
    token: Token,
    lists: { members: RoleSpec[]; admins: RoleSpec[]; inRoles: RoleSpec[] } | null,
    add: (name: string, value: OptionValue) => boolean,
  ): boolean {
    switch (token.tokenTypeIdx) {
      case T.USER:
      case T.ROLE:
        this.take(token.tokenTypeIdx);
        (lists?.members ?? []).push(...this.roleList());
        return true;
      case T.SYSID:
        if (lists === null) return false;
        this.take(T.SYSID);
        return add('sysid', Number(this.take(T.INTEGER_LITERAL).image));
      case T.ADMIN:
        if (lists === null) return false;
        this.take(T.ADMIN);
        lists.admins.push(...this.roleList());
        return true;
      case T.IN:
        if (lists === null) return false;
        this.take(T.IN);
        if (!this.has(T.ROLE)) this.take(T.GROUP);
        lists.inRoles.push(...this.roleList());
        return true;
      default:
        return false;
    }
  }

  /** ALTER { ROLE | USER } has been read: role [ WITH ] options | { role | ALL } [ IN DATABASE d ] { SET | RESET } ... */
  readonly alterRole = this.detail('alterRole', (position: number): AlterRoleStatement | AlterSettingStatement => {
    const all = this.at(T.ALL);
    if (all) this.take(T.ALL);
    const role = all ? null : this.roleSpec();
    if (all || this.at(T.IN) || this.at(T.SET) || this.at(T.RESET)) {
      let database: string | null = null;
      if (this.at(T.IN)) {
        this.take(T.IN);
        this.take(T.DATABASE);
        database = this.colId();
      }
      const name = role === null ? null : role.name;
      return { kind: 'alterRoleSet', name, role, database, setting: this.setOrReset(), position };
    }
    this.has(T.WITH);
    const options: Option[] = [];
    while (this.roleOption(options, null));
    return { kind: 'alterRole', role: role!, options, addMembers: [], dropMembers: [], position };
  });

  /** SetResetClause: SET set_rest | RESET ... */
  protected setOrReset(): SetStatement | ResetStatement {
    if (!this.at(T.SET)) return this.sub(this.resetStatement);
    const position = this.take(T.SET).startOffset;
    return this.setRest('session', position);
  }

  /** ALTER GROUP has been read: role { ADD | DROP } USER roles */
  readonly alterGroup = this.detail('alterGroup', (position: number): AlterRoleStatement => {
    const role = this.roleSpec();
    const isAdd = this.has(T.ADD);
    if (!isAdd) this.take(T.DROP);
    this.take(T.USER);
    const roles = this.roleList();
    const none: RoleSpec[] = [];
    return {
      kind: 'alterRole',
      role,
      options: [],
      addMembers: isAdd ? roles : none,
      dropMembers: isAdd ? none : roles,
      position,
    };
  });

  // --------------------------------------------------------------------------------------------------- GRANT, REVOKE

  /** privileges: ALL [ PRIVILEGES ] [ '(' columns ')' ] | word [ '(' columns ')' ] { ',' ... } */
  private privileges(): Privilege[] {
    if (this.at(T.ALL)) {
      this.take(T.ALL);
      if (this.at(T.PRIVILEGES)) this.take(T.PRIVILEGES);
      return [{ name: null, columns: this.optParenthesizedNames() }];
    }
    return this.listOf(() => {
      const token = this.nextToken();
      let name: string;
      if ([T.SELECT, T.REFERENCES, T.CREATE].includes(token.tokenTypeIdx as never)) {
        name = this.take(token.tokenTypeIdx).image;
      } else if (this.at(T.ALTER) && this.peekAt(2) === T.SYSTEM) {
        this.take(T.ALTER);
        this.take(T.SYSTEM);
        name = 'alter system';
      } else name = this.colId();
      return { name, columns: this.optParenthesizedNames() };
    });
  }

  /** GRANT privileges ON objects TO roles [ WITH GRANT OPTION ] [ GRANTED BY ] | GRANT roles TO roles [ WITH ADMIN OPTION ] */
  readonly grantStatement = this.rule('grantStatement', (): GrantStatement | GrantRoleStatement => {
    const position = this.take(T.GRANT).startOffset;
    const privilegesToken = this.nextToken();
    const privileges = this.privileges();
    if (!this.at(T.ON)) {
      const roles = this.roleNames(privileges, privilegesToken);
      this.take(T.TO);
      const grantees = this.grantees();
      let adminOption = false;
      if (this.has(T.WITH)) {
        this.take(T.ADMIN);
        this.take(T.OPTION);
        adminOption = true;
      }
      const grantedBy = this.grantedBy();
      return { kind: 'grantRole', roles, grantees, adminOption, grantedBy, behavior: 'restrict', position };
    }
    this.take(T.ON);
    const target = this.grantTarget();
    this.take(T.TO);
    const grantees = this.grantees();
    const grantOption = this.withGrantOption();
    const grantedBy = this.grantedBy();
    return { kind: 'grant', privileges, target, grantees, grantOption, grantedBy, behavior: 'restrict', position };
  });

  /** REVOKE [ GRANT OPTION FOR ] privileges ON ... FROM ... | REVOKE [ ADMIN OPTION FOR ] roles FROM ... */
  readonly revokeStatement = this.rule('revokeStatement', (): GrantStatement | GrantRoleStatement => {
    const position = this.take(T.REVOKE).startOffset;
    let option: 'grant' | 'admin' | null = null;
    if (this.at(T.GRANT) || (this.at(T.ADMIN) && this.peekAt(2) === T.OPTION)) {
      option = this.take(this.peek()).tokenTypeIdx === T.GRANT ? 'grant' : 'admin';
      this.take(T.OPTION);
      this.take(T.FOR);
    }
    const privilegesToken = this.nextToken();
    const privileges = this.privileges();
    if (option === 'admin' || !this.at(T.ON)) {
      if (option === 'grant') throw this.unexpected();
      const roles = this.roleNames(privileges, privilegesToken);
      this.take(T.FROM);
      const grantees = this.grantees();
      const grantedBy = this.grantedBy();
      const adminOption = option === 'admin';
      return { kind: 'revokeRole', roles, grantees, adminOption, grantedBy, behavior: this.behavior(), position };
    }
    this.take(T.ON);
    const target = this.grantTarget();
    this.take(T.FROM);
    const grantees = this.grantees();
    const grantedBy = this.grantedBy();
    const grantOption = option === 'grant';
    return {
      kind: 'revoke',
      privileges,
      target,
      grantees,
      grantOption,
      grantedBy,
      behavior: this.behavior(),
      position,
    };
  });

  private roleNames(privileges: readonly Privilege[], token: Token): string[] {
    return privileges.map(({ name, columns }) => {
      if (name === null) throw this.unexpected();
      if (columns.length > 0)
        throw this.messageAt('0A000', 'column names cannot be included in GRANT/REVOKE ROLE', token);
      return name;
    });
  }

  private grantees(): RoleSpec[] {
    return this.listOf(() => {
      if (this.at(T.GROUP)) this.take(T.GROUP);
      return this.roleSpec();
    });
  }

  private withGrantOption(): boolean {
    if (!this.at(T.WITH)) return false;
    this.take(T.WITH);
    this.take(T.GRANT);
    this.take(T.OPTION);
    return true;
  }

  private grantedBy(): RoleSpec | null {
    if (!this.at(T.GRANTED)) return null;
    this.take(T.GRANTED);
    this.take(T.BY);
    return this.roleSpec();
  }

  /** privilege_target */
  private grantTarget(): GrantStatement['target'] {
    if (this.at(T.ALL)) {
      this.take(T.ALL);
      const objectType = ALL_OF_TYPE.get(this.peek());
      if (objectType === undefined) throw this.unexpected();
      this.take(this.peek());
      this.take(T.IN);
      this.take(T.SCHEMA);
      return { kind: 'allInSchema', objectType, schemas: this.nameList() };
    }
    const objectType = this.grantObjectType();
    const objects = this.listOf((): ObjectAddress => {
      const position = this.here();
      if (objectType === 'large object')
        return this.address('large object', { name: [String(this.numericOnly())], position });
      if (objectType === 'parameter')
        return this.address('parameter', { name: this.settingName().split('.'), position });
      if (objectType === 'foreign server') return this.address('server', { name: [this.colId()], position });
      // Types and domains are named as any_name here, not as a Typename.
      if (objectType === 'type' || objectType === 'domain')
        return this.address(objectType, { name: this.qualifiedName(), position });
      return this.objectName(objectType as ObjectType);
    });
    return { kind: 'objects', objectType, objects };
  }

  private grantObjectType(): GrantObjectType {
    const next = this.peekAt(2);
    // The words are unreserved, so a table may be called `sequence`: then a comma, a dot, TO or FROM follows.
    if (next === T.COMMA || next === T.DOT || next === T.TO || next === T.FROM) return 'table';
    switch (this.peek()) {
      case T.FOREIGN:
        this.take(T.FOREIGN);
        if (this.has(T.SERVER)) return 'foreign server';
        this.take(T.DATA);
        this.take(T.WRAPPER);
        return 'foreign data wrapper';
      case T.LARGE:
        this.take(T.LARGE);
        this.take(T.OBJECT);
        return 'large object';
      case T.TABLE:
      case T.SEQUENCE:
      case T.FUNCTION:
      case T.PROCEDURE:
      case T.ROUTINE:
      case T.DATABASE:
      case T.DOMAIN:
      case T.LANGUAGE:
      case T.PARAMETER:
      case T.SCHEMA:
      case T.TABLESPACE:
      case T.TYPE:
        return this.take(this.peek()).image as GrantObjectType;
      default:
        return 'table';
    }
  }

  /** ALTER DEFAULT PRIVILEGES has been read: { FOR ROLE roles | IN SCHEMA schemas } { GRANT | REVOKE } ... */
  readonly alterDefaultPrivileges = this.detail(
    'alterDefaultPrivileges',
    (position: number): AlterDefaultPrivilegesStatement => {
      const roles: RoleSpec[] = [];
      const schemas: string[] = [];
      while (this.at(T.FOR) || this.at(T.IN)) {
        if (this.at(T.IN)) {
          this.take(T.IN);
          this.take(T.SCHEMA);
          schemas.push(...this.nameList());
        } else {
          this.take(T.FOR);
          if (!this.has(T.ROLE)) this.take(T.USER);
          roles.push(...this.roleList());
        }
      }
      const grant = this.has(T.GRANT);
      let grantOption = false;
      if (!grant) {
        this.take(T.REVOKE);
        if (this.has(T.GRANT)) {
          this.take(T.OPTION);
          this.take(T.FOR);
          grantOption = true;
        }
      }
      const privileges = this.privileges();
      this.take(T.ON);
      const objectType = DEFAULT_TARGETS.get(this.peek());
      if (objectType === undefined) throw this.unexpected();
      this.take(this.peek());
      this.take(grant ? T.TO : T.FROM);
      const grantees = this.grantees();
      if (grant) grantOption = this.withGrantOption();
      const behavior = grant ? 'restrict' : this.behavior();
      return {
        kind: 'alterDefaultPrivileges',
        roles,
        schemas,
        grant,
        privileges,
        objectType,
        grantees,
        grantOption,
        behavior,
        position,
      };
    },
  );
}

const DEFAULT_TARGETS = new Map<number, AlterDefaultPrivilegesStatement['objectType']>([
  [T.TABLES, 'table'],
  [T.SEQUENCES, 'sequence'],
  [T.FUNCTIONS, 'function'],
  [T.ROUTINES, 'routine'],
  [T.TYPES, 'type'],
  [T.SCHEMAS, 'schema'],
]);
