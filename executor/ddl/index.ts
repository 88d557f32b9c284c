/** CREATE, ALTER, DROP and what else changes the catalog. */
import { SEARCH_CLASSES } from '../../catalog/text-search.ts';
import type { StatementNode } from '../../parser/ast.ts';
import { sqlError } from '../../types/errors.ts';
import { intoClause } from '../select-into.ts';
import { createAggregate } from './aggregates.ts';
import { alterTable } from './alter-table.ts';
import { createCast } from './casts.ts';
import { createCollation, refreshCollation } from './collations.ts';
import { comment } from './comments.ts';
import { alterCompositeType, createCompositeType } from './composite-types.ts';
import type { DdlContext, DdlResult, DdlSteps } from './context.ts';
import { createTable } from './create-table.ts';
import { alterDatabase, createDatabase, dropDatabase } from './databases.ts';
import { dropObjects } from './dependencies.ts';
import { reference } from './describe.ts';
import { drop } from './drop.ts';
import { alterExtension, createExtension } from './extensions.ts';
import { alterDefaultPrivileges, grant } from './grant.ts';
import { createIndexStatement } from './indexes.ts';
import { grantLargeObjects } from './large-objects.ts';
import { grantRole } from './membership.ts';
import { alterOperator, createOperator } from './operators.ts';
import { owned } from './owned.ts';
import { alterObjectSchema, alterOwner } from './owner.ts';
import { alterPolicy, createPolicy } from './policies.ts';
import { createRangeType } from './range-types.ts';
import { refreshMaterializedView } from './refresh.ts';
import { rename } from './rename.ts';
import { alterRole, alterSetting, createRole, dropRole } from './roles.ts';
import { alterRoutine, createRoutine } from './routines.ts';
import { createSchema } from './schemas.ts';
import { alterSequenceStatement, createSequenceStatement } from './sequences.ts';
import { alterStatistics, createStatistics } from './statistics.ts';
import { alterSearchConfiguration, alterSearchDictionary, createSearchObject } from './text-search.ts';
import { truncate } from './truncate.ts';
import { alterDomain, alterEnum, createDomain, createEnum } from './types.ts';
import { createTableAs, createView, selectInto } from './views.ts';

export { mayNotCreate } from './views.ts';

/** Runs a definition; yields whenever it must wait. */
export function executeDdl(statement: StatementNode, context: DdlContext): DdlSteps<DdlResult> {
  const x = context;
  switch (statement.kind) {
    case 'createTable':
      return createTable(x, statement);
    case 'dropDatabase':
      return dropDatabase(x, statement);
    case 'createTableAs':
      return createTableAs(x, statement);
    case 'alterTable':
      return alterTable(x, statement);
    case 'createIndex':
      return createIndexStatement(x, statement);
    case 'createSequence':
      return createSequenceStatement(x, statement);
    case 'alterSequence':
      return alterSequenceStatement(x, statement);
    case 'createSchema':
      return createSchema(x, statement, (inner, element) => executeDdl(element, inner));
    case 'query':
      {
        const into = intoClause(statement.body);
        if (into !== null) return selectInto(x, statement, into);
      }
      throw unsupported(statement);
    case 'createView':
      return createView(x, statement);
    case 'refreshMaterializedView':
      return refreshMaterializedView(x, statement);
    case 'createEnum':
      return createEnum(x, statement);
    case 'createCompositeType':
      return createCompositeType(x, statement);
    case 'createRangeType':
      return createRangeType(x, statement);
    case 'createDomain':
      return createDomain(x, statement);
    case 'alterDomain':
      return alterDomain(x, statement);
    case 'alterStatistics':
      return alterStatistics(x, statement);
    case 'createStatistics':
      return createStatistics(x, statement);
    case 'createDatabase':
      return createDatabase(x, statement);
    case 'drop':
      return drop(x, statement);
    case 'rename':
      return rename(x, statement);
    case 'alterOwner':
      return alterOwner(x, statement);
    case 'alterObjectSchema':
      return alterObjectSchema(x, statement);
    case 'truncate':
      return truncate(x, statement);
    case 'comment':
      return comment(x, statement);
    case 'dropOwned':
    case 'reassignOwned':
      return owned(x, statement);
    case 'createPolicy':
      return createPolicy(x, statement);
    case 'alterPolicy':
      return alterPolicy(x, statement);
    case 'dropRole':
      return dropRole(x, statement);
    case 'alterCompositeType':
      return alterCompositeType(x, statement);
    case 'alterSearchConfiguration':
      return alterSearchConfiguration(x, statement);
    case 'alterSearchDictionary':
      return alterSearchDictionary(x, statement);
    default:
      if (
        (statement.kind === 'grant' || statement.kind === 'revoke') &&
        statement.target.objectType === 'large object'
      ) {
        return grantLargeObjects(x, statement);
      }
      if (statement.kind === 'define' && SEARCH_CLASSES[statement.objectType] !== undefined) {
        return createSearchObject(x, statement);
      }
      return atOnce(() => executeSimple(statement, x));
  }
}

// biome-ignore lint/correctness/useYield: it never waits
function* atOnce(run: () => DdlResult): DdlSteps<DdlResult> {
  return run();
}

/** Statements that never wait. */
function executeSimple(statement: StatementNode, x: DdlContext): DdlResult {
  switch (statement.kind) {
    case 'alterEnum':
      return alterEnum(x, statement);
    case 'createRole':
      return createRole(x, statement);
    case 'alterRole':
      return alterRole(x, statement);
    case 'grantRole':
    case 'revokeRole':
      return grantRole(x, statement);
    case 'alterDatabaseSet':
    case 'alterRoleSet':
      return alterSetting(x, statement);
    case 'alterDatabase':
      return alterDatabase(x, statement);
    case 'grant':
    case 'revoke':
      return grant(x, statement);
    case 'alterDefaultPrivileges':
      return alterDefaultPrivileges(x, statement);
    case 'createExtension':
      return createExtension(x, statement);
    case 'alterExtension':
      return alterExtension(x, statement);
    case 'refreshCollation':
      return refreshCollation(x, statement);
    case 'createFunction':
      return createRoutine(x, statement);
    case 'createCast':
      return createCast(x, statement);
    case 'securityLabel':
      // Providers are modules that a server loads: there are none.
      throw sqlError(
        '22023',
        statement.provider === null
          ? 'no security label providers have been loaded'
          : `security label provider "${statement.provider}" is not loaded`,
      );
    case 'alterOperator':
      return alterOperator(x, statement);
    case 'alterFunction':
      return alterRoutine(x, statement);
    case 'define':
      if (statement.objectType === 'collation') return createCollation(x, statement);
      if (statement.objectType === 'aggregate') return createAggregate(x, statement);
      if (statement.objectType === 'operator') return createOperator(x, statement);
      throw unsupported(statement);
    default:
      throw unsupported(statement);
  }
}

function unsupported(statement: StatementNode): Error {
  // The kinds are the statements' first words.
  const words = statement.kind.replace(/[A-Z]/g, ' $&').toUpperCase();
  return sqlError('0A000', `${statement.kind === 'define' ? 'CREATE of this kind of object' : words} is not supported`);
}

/** At a session's end, and for DISCARD TEMP: everything in its temporary schema goes. */
export function* dropTemporaryObjects(context: DdlContext, schemaOid: number): DdlSteps<void> {
  const { catalog } = context;
  const targets = [
    ...[...catalog.relations()].filter((entry) => entry.schemaOid === schemaOid),
    ...[...catalog.sequences()].filter((entry) => entry.schemaOid === schemaOid && entry.ownedByTable === 0),
  ].map((entry) => reference(entry.class, entry.oid));
  for (const type of catalog.types()) if (type.schemaOid === schemaOid) targets.push(reference('type', type.oid));
  for (const routine of catalog.routines()) {
    if (routine.schemaOid === schemaOid) targets.push(reference('routine', routine.oid));
  }
  for (const operator of catalog.operators()) {
    if (operator.schemaOid === schemaOid) targets.push(reference('operator', operator.oid));
  }
  for (const entry of catalog.searchEntries()) {
    if (entry.schemaOid === schemaOid) targets.push(reference(entry.class, entry.oid));
  }
  if (targets.length > 0) yield* dropObjects(context, targets, true, true);
}

/** Before COMMIT: ON COMMIT DELETE ROWS / DROP of the session's temporary tables. Answers whether there was anything to do. */
export function* applyOnCommit(context: DdlContext, schemaOid: number): DdlSteps<boolean> {
  let isDone = false;
  for (const table of [...context.catalog.relations()]) {
    if (table.schemaOid !== schemaOid || table.onCommit === undefined || table.onCommit === 'preserve rows') continue;
    if (table.onCommit === 'drop') {
      if (context.catalog.relation(table.oid) !== undefined) {
        yield* dropObjects(context, [reference('relation', table.oid)], true, true);
        isDone = true;
      }
    } else if (!context.isEmpty(table)) {
      yield* truncate(context, {
        kind: 'truncate',
        tables: [
          {
            name: [context.catalog.schemaName(table.schemaOid), table.name],
            only: false,
            position: -1,
          },
        ],
        restartIdentity: false,
        behavior: 'cascade',
        position: -1,
      });
      isDone = true;
    }
  }
  return isDone;
}
