/** CREATE EXTENSION: none can be added, some are built in. */
import { databaseAcl, rightsByAcl } from '../../catalog/rights.ts';
import type { CreateExtensionStatement } from '../../parser/ast.ts';
import { sqlError } from '../../types/index.ts';
import type { DdlContext, DdlResult } from './context.ts';

/** Extensions whose functions are always there: making and dropping them changes nothing. */
export const BUILT_IN_EXTENSIONS: ReadonlySet<string> = new Set(['btree_gist', 'pg_prewarm', 'pg_trgm']);

/** Those that do no harm: who may create in the database may have them. */
const TRUSTED: ReadonlySet<string> = new Set(['btree_gist', 'pg_trgm']);

function checkMayCreate(x: DdlContext, name: string): void {
  if (x.isSuperuser) return;
  const database = x.shared.database(x.catalog.databaseOid);
  const mayCreate = database !== undefined && rightsByAcl(databaseAcl(database), x.authority, 'C') !== '';
  if (TRUSTED.has(name) && mayCreate) return;
  throw sqlError('42501', `permission denied to create extension "${name}"`, {
    hint: TRUSTED.has(name)
      ? 'Must have CREATE privilege on current database to create this extension.'
      : 'Must be superuser to create this extension.',
  });
}

/** plpgsql comes with PostgreSQL, so scripts that make sure of it go on. */
export function createExtension(x: DdlContext, statement: CreateExtensionStatement): DdlResult {
  const { name } = statement;
  if (name === 'plpgsql') {
    if (!statement.ifNotExists) throw sqlError('42710', `extension "${name}" already exists`);
    x.notice('NOTICE', '42710', `extension "${name}" already exists, skipping`);
    return { tag: 'CREATE EXTENSION' };
  }
  if (BUILT_IN_EXTENSIONS.has(name)) checkMayCreate(x, name);
  if (BUILT_IN_EXTENSIONS.has(name)) return { tag: 'CREATE EXTENSION' };
  throw sqlError('0A000', `extension "${name}" is not available`, {
    hint: 'The extension must first be installed on the system where PostgreSQL is running.',
  });
}
