/** SELECT ... INTO: where it stands. */
import type { IntoClause, Query } from '../parser/ast.ts';

/** INTO of a query, or of the first SELECT of a set operation; null: there is none. */
export function intoClause(body: Query['body']): IntoClause | null {
  if (body.kind === 'select') return body.into;
  return body.kind === 'setOperation' ? intoClause(body.left.body) : null;
}
