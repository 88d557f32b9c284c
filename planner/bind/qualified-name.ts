/** Names of three parts name the database too, which must be the one that the session is in. */
import type { BindContext, Position } from './context.ts';

/** 0A000 for another database, 42601 for more than three parts; `quote` as the message of relations has it. */
export function checkDatabaseOf(
  context: BindContext,
  name: readonly string[],
  position: Position | undefined,
  quote = '',
): void {
  if (name.length < 3) return;
  const shown = name.join('.');
  if (name.length > 3) {
    const what = quote === '' ? 'qualified' : 'relation';
    throw context.error('42601', `improper ${what} name (too many dotted names): ${shown}`, position);
  }
  if (name[0] === context.catalog.databaseName) return;
  throw context.error('0A000', `cross-database references are not implemented: ${quote}${shown}${quote}`, position);
}
