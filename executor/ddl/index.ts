/** CREATE, ALTER, DROP and what else changes the catalog. */
import type { StatementNode } from '../../parser/ast.ts';
import { sqlError } from '../../types/errors.ts';
import { alterTable } from './alter-table.ts';
import type { DdlContext, DdlResult, DdlSteps } from './context.ts';
import { createTable } from './create-table.ts';
import { drop } from './drop.ts';
import { createIndexStatement } from './indexes.ts';
import { alterObjectSchema, alterOwner } from './owner.ts';
import { alterSequenceStatement, createSequenceStatement } from './sequences.ts';
import { truncate } from './truncate.ts';

export type { DdlContext, DdlResult, DdlSteps, ExpressionUse, Task } from './context.ts';
export { TASK_PENDING } from './context.ts';

/** Runs a definition; yields whenever it must wait. */
export function executeDdl(statement: StatementNode, context: DdlContext): DdlSteps<DdlResult> {
  switch (statement.kind) {
    case 'createTable':
      return createTable(context, statement);
    case 'alterTable':
      return alterTable(context, statement);
    case 'createIndex':
      return createIndexStatement(context, statement);
    case 'createSequence':
      return createSequenceStatement(context, statement);
    case 'alterSequence':
      return alterSequenceStatement(context, statement);
    case 'drop':
      return drop(context, statement);
    case 'alterOwner':
      return alterOwner(context, statement);
    case 'alterObjectSchema':
      return alterObjectSchema(context, statement);
    case 'truncate':
      return truncate(context, statement);
    default:
      throw sqlError('0A000', `${statement.kind} is not supported`);
  }
}
