/** CREATE SCHEMA, with its elements. */
import type { SchemaEntry } from '../../catalog/index.ts';
import type { CreateSchemaStatement, DdlStatement } from '../../parser/ast.ts';
import { sqlError } from '../../types/errors.ts';
import type { DdlContext, DdlResult, DdlSteps } from './context.ts';
import { initialRights } from './grant.ts';
import { lockNewName, requireDatabaseRight, roleOfSpec } from './resolve.ts';

export function checkSchemaName(name: string): void {
  if (!name.startsWith('pg_')) return;
  throw sqlError('42939', `unacceptable schema name "${name}"`, {
    detail: 'The prefix "pg_" is reserved for system schemas.',
  });
}

export function* createSchema(
  x: DdlContext,
  statement: CreateSchemaStatement,
  run: (x: DdlContext, element: DdlStatement) => DdlSteps<DdlResult>,
): DdlSteps<DdlResult> {
  const tag = 'CREATE SCHEMA';
  const owner = statement.authorization === null ? x.currentRoleOid : roleOfSpec(x, statement.authorization).oid;
  const name = statement.name ?? x.shared.role(owner)?.name ?? '';
  if (!x.isSuperuser) {
    requireDatabaseRight(x, 'C');
    if (!x.authority.isMemberOf(owner)) {
      throw sqlError('42501', `must be member of role "${x.shared.roleName(owner)}"`);
    }
  }
  checkSchemaName(name);
  yield* lockNewName(x, { schema: { class: 'schema', oid: 0, name: '', owner: 0 }, name });
  if (x.catalog.schemaByName(name) !== undefined) {
    if (!statement.ifNotExists) throw sqlError('42P06', `schema "${name}" already exists`);
    x.notice('NOTICE', '42P06', `schema "${name}" already exists, skipping`);
    return { tag };
  }
  const entry: SchemaEntry = {
    class: 'schema',
    oid: x.allocateOid(),
    name,
    owner,
    ...initialRights(x, 'schema', owner, 0),
  };
  x.putEntry(entry);
  x.lookFirstIn(name);
  try {
    for (const element of inOrder(statement.elements)) yield* run(x, withSchema(element, name));
  } finally {
    x.lookFirstIn(null);
  }
  return { tag };
}

const ELEMENT_ORDER: readonly DdlStatement['kind'][] = ['createSequence', 'createTable', 'createView', 'createIndex'];

/** Elements may name others that are written behind them: tables are made before views and indexes (transformCreateSchemaStmt). */
function inOrder(elements: readonly DdlStatement[]): DdlStatement[] {
  const rank = ({ kind }: DdlStatement): number => {
    const at = ELEMENT_ORDER.indexOf(kind);
    return at < 0 ? ELEMENT_ORDER.length : at;
  };
  return [...elements].sort((a, b) => rank(a) - rank(b));
}

/** Elements are made in the new schema unless they say another, which is an error. */
function withSchema(element: DdlStatement, schema: string): DdlStatement {
  const qualify = (names: readonly string[]): readonly string[] => {
    if (names.length === 1) return [schema, names[0]];
    if (names[names.length - 2] === schema) return names;
    throw sqlError(
      '42P15',
      `CREATE specifies a schema (${names[names.length - 2]}) different from the one being created (${schema})`,
    );
  };
  switch (element.kind) {
    case 'createTable':
      return { ...element, table: qualify(element.table) };
    case 'createView':
    case 'createSequence':
      return { ...element, name: qualify(element.name) };
    case 'createIndex':
      return { ...element, table: { ...element.table, name: qualify(element.table.name) } };
    default:
      return element;
  }
}
