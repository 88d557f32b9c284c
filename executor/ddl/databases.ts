/** CREATE, ALTER, DROP DATABASE. */
import type { DatabaseEntry } from '../../catalog/index.ts';
import { encodingName, parseBoolean } from '../../catalog/settings.ts';
import type {
  AlterDatabaseStatement,
  CreateDatabaseStatement,
  DropDatabaseStatement,
  Option,
} from '../../parser/ast.ts';
import { sqlError } from '../../types/errors.ts';
import { type DdlContext, type DdlResult, type DdlSteps, wait } from './context.ts';
import { expectUnused } from './rename.ts';
import { at, checkOwner, roleOrThrow } from './resolve.ts';

function mayCreate(x: DdlContext): boolean {
  return x.isSuperuser || x.shared.role(x.currentRoleOid)?.createDb === true;
}

function booleanOption(option: Option): boolean {
  const value = option.value === null ? true : parseBoolean(String(option.value));
  if (value === null) throw sqlError('42601', `${option.name} requires a Boolean value`);
  return value;
}

const LOCALES = new Set(['C', 'POSIX', 'C.UTF-8', 'C.utf8', 'en_US.UTF-8', 'en_US.utf8', 'ucs_basic']);
const IGNORED = new Set(['locale_provider', 'icu_locale', 'collation_version', 'oid', 'strategy', 'location']);

interface CreateOptions {
  template: string;
  owner: number;
  isTemplate: boolean;
  allowConnections: boolean;
  connectionLimit: number;
}

function readOptions(x: DdlContext, statement: CreateDatabaseStatement): CreateOptions {
  const result: CreateOptions = {
    template: 'template1',
    owner: x.currentRoleOid,
    isTemplate: false,
    allowConnections: true,
    connectionLimit: -1,
  };
  for (const option of statement.options) {
    const text = option.value === null ? null : String(option.value);
    switch (option.name) {
      case 'template':
        if (text !== null) result.template = text;
        break;
      case 'owner':
        if (text !== null) result.owner = roleOrThrow(x, text).oid;
        break;
      case 'encoding':
        if (text !== null) checkEncoding(text);
        break;
      case 'locale':
      case 'lc_collate':
      case 'lc_ctype':
        if (text !== null && !LOCALES.has(text)) throw sqlError('42809', `invalid locale name: "${text}"`);
        break;
      case 'tablespace':
        if (text !== null && text !== 'pg_default') throw sqlError('42704', `tablespace "${text}" does not exist`);
        break;
      case 'is_template':
        result.isTemplate = booleanOption(option);
        break;
      case 'allow_connections':
        result.allowConnections = booleanOption(option);
        break;
      case 'connection_limit':
        result.connectionLimit = connectionLimit(option);
        break;
      default:
        if (IGNORED.has(option.name)) break;
        throw sqlError('42601', `option "${option.name}" not recognized`, at(x, option.position));
    }
  }
  return result;
}

function checkEncoding(text: string): void {
  const name = /^\d+$/.test(text) ? (text === '6' ? 'UTF8' : null) : encodingName(text);
  if (name === null) throw sqlError('42704', `${text} is not a valid encoding name`);
  if (name === 'UTF8') return;
  throw sqlError('22023', `new encoding (${name}) is incompatible with the encoding of the template database (UTF8)`, {
    hint: 'Use the same encoding as in the template database, or use template0 as template.',
  });
}

/** What a fork by name does stays in it. */
function refuseInFork(x: DdlContext, what: string): void {
  if (x.isPassing) throw sqlError('0A000', `${what} is not supported in a fork that goes with its last connection`);
}

function connectionLimit(option: Option): number {
  const limit = Number(option.value);
  if (!(limit >= -1)) throw sqlError('22023', `invalid connection limit: ${option.value}`);
  return limit;
}

export function* createDatabase(x: DdlContext, statement: CreateDatabaseStatement): DdlSteps<DdlResult> {
  x.checkAlone('CREATE DATABASE');
  refuseInFork(x, 'CREATE DATABASE');
  const options = readOptions(x, statement);
  if (!mayCreate(x)) throw sqlError('42501', 'permission denied to create database');
  if (x.shared.databaseByName(statement.name) !== undefined) {
    throw sqlError('42P04', `database "${statement.name}" already exists`);
  }
  const template = x.shared.databaseByName(options.template) ?? x.forkByName(options.template);
  if (template === undefined) throw sqlError('3D000', `template database "${options.template}" does not exist`);
  if (!template.isTemplate && !x.authority.hasPrivilegesOf(template.owner)) {
    throw sqlError('42501', `permission denied to copy database "${options.template}"`);
  }
  const entry: DatabaseEntry = {
    class: 'database',
    oid: x.allocateOid(),
    name: statement.name,
    owner: options.owner,
    allowConnections: options.allowConnections,
    connectionLimit: options.connectionLimit,
    isTemplate: options.isTemplate,
  };
  x.putEntry(entry);
  const copying = x.createDatabase(entry.oid, template.oid, statement.asOf ?? null);
  try {
    yield* wait(copying);
  } finally {
    copying.close();
  }
  return { tag: 'CREATE DATABASE' };
}

export function alterDatabase(x: DdlContext, statement: AlterDatabaseStatement): DdlResult {
  refuseInFork(x, 'ALTER DATABASE');
  const database = x.shared.databaseByName(statement.name);
  if (database === undefined) throw sqlError('3D000', `database "${statement.name}" does not exist`);
  checkOwner(x, database.owner, `database ${statement.name}`);
  let changed = database;
  for (const option of statement.options) {
    switch (option.name) {
      case 'is_template':
        changed = { ...changed, isTemplate: booleanOption(option) };
        break;
      case 'allow_connections':
        changed = { ...changed, allowConnections: booleanOption(option) };
        break;
      case 'connection_limit':
        changed = { ...changed, connectionLimit: connectionLimit(option) };
        break;
      case 'tablespace':
        if (option.value !== 'pg_default') throw sqlError('42704', `tablespace "${option.value}" does not exist`);
        break;
      default:
        throw sqlError('42601', `option "${option.name}" not recognized`, at(x, option.position));
    }
  }
  x.putEntry(changed);
  return { tag: 'ALTER DATABASE' };
}

export function* dropDatabase(x: DdlContext, statement: DropDatabaseStatement): DdlSteps<DdlResult> {
  const tag = 'DROP DATABASE';
  x.checkAlone(tag);
  refuseInFork(x, tag);
  const { name } = statement;
  const database = x.shared.databaseByName(name);
  if (database === undefined) {
    if (!statement.ifExists) throw sqlError('3D000', `database "${name}" does not exist`);
    x.notice('NOTICE', '00000', `database "${name}" does not exist, skipping`);
    return { tag };
  }
  checkOwner(x, database.owner, `database ${name}`);
  if (database.isTemplate) throw sqlError('42809', 'cannot drop a template database');
  if (database.oid === x.catalog.databaseOid) throw sqlError('55006', 'cannot drop the currently open database');
  if (statement.force) x.terminateSessions(database.oid);
  yield* expectUnused(x, database);
  for (const setting of [...x.shared.settings()]) if (setting.databaseOid === database.oid) x.removeEntry(setting);
  const comment = x.shared.comment('database', database.oid);
  if (comment !== undefined) x.removeEntry(comment);
  x.removeEntry(database);
  x.dropDatabase(database.oid);
  return { tag };
}
