/**
 * REFRESH MATERIALIZED VIEW. After: PostgreSQL, commands/matview.c.
 *
 * Plainly, the rows go into new heaps that take the place of the old ones, and readers wait. CONCURRENTLY, they go into a table of the
 * statement's own; rows that are not among them are deleted, those that are new inserted, the rest stay what and where they are.
 */
import { quoteIdentifier } from '../../catalog/functions/quote.ts';
import type { IndexEntry, RelationEntry } from '../../catalog/index.ts';
import type { RefreshMaterializedViewStatement } from '../../parser/ast.ts';
import { ACCESS_EXCLUSIVE, EXCLUSIVE } from '../../storage/api.ts';
import { sqlError } from '../../types/errors.ts';
import { tableText } from './constraints.ts';
import { type DdlContext, type DdlResult, type DdlSteps, wait } from './context.ts';
import { newTable } from './create-table.ts';
import { dropObjects } from './dependencies.ts';
import { reference } from './describe.ts';
import { checkRelationOwner, findAndLock, refuseSystem, relationMissing } from './resolve.ts';
import { dropHeaps, ofTable, overNewHeap } from './rewrite.ts';
import { parseQuery } from './view-query.ts';

export function* refreshMaterializedView(
  x: DdlContext,
  statement: RefreshMaterializedViewStatement,
): DdlSteps<DdlResult> {
  const tag = 'REFRESH MATERIALIZED VIEW';
  const mode = statement.concurrently ? EXCLUSIVE : ACCESS_EXCLUSIVE;
  const found = yield* findAndLock(x, statement.name, mode, (each) => {
    refuseSystem(each);
    if (each.class !== 'relation' || each.kind === 'view') {
      throw sqlError('42809', `"${each.name}" is not a table or materialized view`);
    }
    checkRelationOwner(x, each);
  });
  if (found === undefined) throw relationMissing(x, statement.name, 'table or materialized view');
  if (found.class !== 'relation' || found.kind !== 'materializedView') {
    throw sqlError('0A000', `"${found.name}" is not a materialized view`);
  }
  if (statement.concurrently) {
    if (found.populated === false) {
      throw sqlError('0A000', 'CONCURRENTLY cannot be used when the materialized view is not populated');
    }
    if (!statement.withData) {
      throw sqlError('42601', 'CONCURRENTLY and WITH NO DATA options cannot be used together');
    }
    yield* mergeRows(x, found, usableKey(x, found));
    return { tag };
  }
  const fresh: RelationEntry = { ...overNewHeap(x, found), populated: statement.withData };
  if (statement.withData) {
    const table = asTable(fresh);
    x.putEntry(table);
    try {
      yield* wait(x.insertFrom(table, parseQuery(found.queryText as string), undefined, true));
    } catch (error) {
      throw ofTable(error);
    }
  }
  x.putEntry(fresh);
  dropHeaps(x, found);
  return { tag };
}

/** Rows go into a table only. */
function asTable(view: RelationEntry): RelationEntry {
  return { ...view, kind: 'table', queryText: null, dependsOn: [], dependsOnColumns: [] };
}

/** A unique index over plain columns of all rows, by which old and new rows are found. */
function usableKey(x: DdlContext, view: RelationEntry): IndexEntry {
  const index = x.catalog
    .indexesOf(view.oid)
    .find(
      (each) =>
        each.unique &&
        each.valid !== false &&
        each.predicateText === null &&
        each.columns.every((part) => part.columnNumber > 0),
    );
  if (index !== undefined) return index;
  const name = `${quoteIdentifier(x.catalog.schemaName(view.schemaOid))}.${quoteIdentifier(view.name)}`;
  throw sqlError('55000', `cannot refresh materialized view "${name}" concurrently`, {
    hint: 'Create a unique index with no WHERE clause on one or more columns of the materialized view.',
  });
}

function* mergeRows(x: DdlContext, view: RelationEntry, key: IndexEntry): DdlSteps<void> {
  const rows = newTable(x, {
    schemaOid: x.temporarySchema(),
    name: `pg_temp_${view.oid}_2`,
    persistence: 'temporary',
    columns: view.columns
      .filter((column) => !column.dropped)
      .map((column) => ({
        name: column.name,
        typeOid: column.typeOid,
        typeModifier: column.typeModifier,
        ...(column.collationOid === undefined ? {} : { collationOid: column.collationOid }),
        notNull: false,
        defaultExpression: null,
        generated: false,
        identity: null,
        sequence: null,
        checks: [],
        keys: [],
        foreignKeys: [],
        position: -1,
      })),
    options: [],
    onCommit: null,
  });
  yield* wait(x.insertFrom(rows, parseQuery(view.queryText as string), undefined, true));
  const names = key.columns.map((part) => quoteIdentifier(view.columns[part.columnNumber - 1].name));
  const sameKey = (a: string, b: string): string => names.map((name) => `${a}.${name} = ${b}.${name}`).join(' AND ');
  const isSame = `${sameKey('old', 'new')} AND new OPERATOR(pg_catalog.*=) old`;
  const [from, to] = [tableText(x, rows), tableText(x, view)];
  const repeated = yield* wait(
    x.runInternal(
      `SELECT new::text FROM ${from} new WHERE new IS NOT NULL AND EXISTS (SELECT FROM ${from} old WHERE old IS NOT NULL ` +
        `AND ${isSame} AND old.ctid <> new.ctid) LIMIT 1`,
    ),
  );
  if (repeated.length > 0) {
    throw sqlError(
      '21000',
      `new data for materialized view "${view.name}" contains duplicate rows without any null columns`,
      { detail: `Row: ${repeated[0][0]}` },
    );
  }
  x.putEntry(asTable(view));
  yield* wait(x.runInternal(`DELETE FROM ${to} old WHERE NOT EXISTS (SELECT FROM ${from} new WHERE ${isSame})`));
  yield* wait(
    x.runInternal(
      `INSERT INTO ${to} SELECT * FROM ${from} new WHERE NOT EXISTS (SELECT FROM ${to} old WHERE ${isSame})`,
    ),
  );
  x.putEntry(view);
  yield* dropObjects(x, [reference('relation', rows.oid)], true, true);
}
