/** CREATE EXTENSION: none can be added, some are built in. */
import type { CreateExtensionStatement } from '../../parser/ast.ts';
import { sqlError } from '../../types/index.ts';
import type { DdlContext, DdlResult } from './context.ts';

/** Extensions whose functions are always there: making and dropping them changes nothing. */
export const BUILT_IN_EXTENSIONS: ReadonlySet<string> = new Set(['btree_gist', 'pg_prewarm', 'pg_trgm']);

/** plpgsql comes with PostgreSQL, so scripts that make sure of it go on. */
export function createExtension(x: DdlContext, statement: CreateExtensionStatement): DdlResult {
  const { name } = statement;
  if (name === 'plpgsql') {
    if (!statement.ifNotExists) throw sqlError('42710', `extension "${name}" already exists`);
    x.notice('NOTICE', '42710', `extension "${name}" already exists, skipping`);
    return { tag: 'CREATE EXTENSION' };
  }
  if (BUILT_IN_EXTENSIONS.has(name)) return { tag: 'CREATE EXTENSION' };
  throw sqlError('0A000', `extension "${name}" is not available`, {
    hint: 'The extension must first be installed on the system where PostgreSQL is running.',
  });
}
