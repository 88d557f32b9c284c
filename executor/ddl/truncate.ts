/** TRUNCATE: new, empty heaps. */
import type { RelationEntry } from '../../catalog/index.ts';
import { relationDenied, rightsOnRelation } from '../../catalog/rights.ts';
import type { TruncateStatement } from '../../parser/ast.ts';
import { ACCESS_EXCLUSIVE } from '../../storage/api.ts';
import { sqlError } from '../../types/errors.ts';
import type { DdlContext, DdlResult, DdlSteps } from './context.ts';
import { asTable, checkNotInUse, checkRelationOwner, findAndLock, relationMissing } from './resolve.ts';
import { dropHeaps, overNewHeap } from './rewrite.ts';

export function* truncate(x: DdlContext, statement: TruncateStatement): DdlSteps<DdlResult> {
  const tables = new Map<number, RelationEntry>();
  for (const { name } of statement.tables) {
    const found = yield* findAndLock(x, name, ACCESS_EXCLUSIVE, (each) => checkTruncateRight(x, asTable(each)));
    if (found === undefined) throw relationMissing(x, name, 'table');
    const table = asTable(found);
    checkNotInUse(x, table, 'TRUNCATE');
    tables.set(table.oid, table);
  }
  yield* addReferencing(x, tables, statement.behavior === 'cascade');
  for (const table of statement.restartIdentity ? tables.values() : []) {
    for (const sequence of x.catalog.sequencesOf(table.oid)) checkRelationOwner(x, sequence);
  }
  for (const table of tables.values()) {
    x.putEntry(overNewHeap(x, table));
    dropHeaps(x, table);
    if (statement.restartIdentity) yield* restartSequences(x, table);
  }
  return { tag: 'TRUNCATE TABLE' };
}

function checkTruncateRight(x: DdlContext, table: RelationEntry): void {
  if (rightsOnRelation(x.catalog, table, x.authority, 'D') === '') throw relationDenied(table);
}

/** Tables that refer to these: they come along with CASCADE, and are an error without. */
function* addReferencing(x: DdlContext, tables: Map<number, RelationEntry>, isCascade: boolean): DdlSteps<void> {
  for (const table of tables.values()) {
    for (const constraint of x.catalog.constraintsReferencing(table.oid)) {
      if (tables.has(constraint.tableOid)) continue;
      const other = x.catalog.relation(constraint.tableOid) as RelationEntry;
      if (!isCascade) {
        throw sqlError('0A000', 'cannot truncate a table referenced in a foreign key constraint', {
          detail: `Table "${other.name}" references "${table.name}".`,
          hint: `Truncate table "${other.name}" at the same time, or use TRUNCATE ... CASCADE.`,
        });
      }
      x.notice('NOTICE', '00000', `truncate cascades to table "${other.name}"`);
      checkTruncateRight(x, other);
      while (!x.lockRelation(other.oid, ACCESS_EXCLUSIVE)) yield;
      checkNotInUse(x, other, 'TRUNCATE');
      tables.set(other.oid, x.catalog.relation(other.oid) as RelationEntry);
    }
  }
}

function* restartSequences(x: DdlContext, table: RelationEntry): DdlSteps<void> {
  for (const sequence of x.catalog.sequencesOf(table.oid)) {
    while (!x.lockRelation(sequence.oid, ACCESS_EXCLUSIVE)) yield;
    x.restartSequence(sequence.oid, BigInt(sequence.start), false);
  }
}
