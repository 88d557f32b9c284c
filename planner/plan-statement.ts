import type { Statement } from '../parser/ast.ts';
import type { PlannerEnvironment } from './environment.ts';
import type { PlannedStatement } from './plan.ts';

/** Plans SELECT, VALUES, TABLE, INSERT, UPDATE and DELETE. Throws SqlError as PostgreSQL's analysis would. */
export function planStatement(_statement: Statement, _environment: PlannerEnvironment): PlannedStatement {
  throw new Error('not yet');
}
