/**
 * REINDEX. Indexes are in memory, are made anew from their images or tables at a start, and do not bloat; so those that are valid stay
 * as they are, and those that are not (CREATE INDEX CONCURRENTLY has failed) are filled and become valid.
 */
import type { IndexEntry } from '../catalog/entries.ts';
import { relationWord } from '../catalog/rights.ts';
import type { ReindexStatement } from '../parser/ast.ts';
import { sqlError } from '../types/errors.ts';
import { fillConcurrently, fillIndex } from './concurrent-index.ts';
import type { Session, Task } from './session.ts';

export function* reindex(session: Session, node: ReindexStatement): Task<string> {
  const isWhole = node.target !== 'index' && node.target !== 'table';
  if (node.concurrently || isWhole)
    session.checkAlone(`REINDEX ${isWhole ? node.target.toUpperCase() : 'CONCURRENTLY'}`);
  for (const { oid } of indexesOf(session, node)) {
    // Another session may have filled or dropped it while we were busy with those before.
    const index = session.catalog.index(oid);
    if (index?.valid !== false) continue;
    if (node.concurrently && node.target !== 'index') {
      const name = `${session.catalog.schemaName(index.schemaOid)}.${index.name}`;
      const message = `cannot reindex invalid index "${name}" concurrently, skipping`;
      session.notice({ severity: 'WARNING', code: '0A000', message });
      continue;
    }
    if (node.concurrently) yield* fillConcurrently(session, oid);
    else yield* fillIndex(session, oid, false);
    if (isWhole) yield* session.commitTask();
  }
  return 'REINDEX';
}

function indexesOf(session: Session, { target, name }: ReindexStatement): readonly IndexEntry[] {
  const { catalog } = session;
  const last = name[name.length - 1];
  switch (target) {
    case 'index':
    case 'table': {
      if (name.length > 1) session.checkSchema(name[name.length - 2]);
      const found = catalog.resolveRelation(name, session.searchPath(true));
      if (found === undefined) throw sqlError('42P01', `relation "${name.join('.')}" does not exist`);
      const table = found.class === 'index' ? catalog.relation(found.tableOid) : found;
      if (table !== undefined && !session.authority.hasPrivilegesOf(table.owner)) {
        throw sqlError('42501', `must be owner of ${relationWord(found)} ${found.name}`);
      }
      if (target === 'index') {
        if (found.class !== 'index') throw sqlError('42809', `"${found.name}" is not an index`);
        return [found];
      }
      if (found.class !== 'relation' || found.relId === 0)
        throw sqlError('42809', `"${found.name}" is not a table or materialized view`);
      const indexes = catalog.indexesOf(found.oid);
      if (indexes.length === 0) {
        session.notice({
          severity: 'NOTICE',
          code: '00000',
          message: `table "${found.name}" has no indexes to reindex`,
        });
      }
      return indexes;
    }
    case 'schema': {
      const schema = catalog.schemaByName(last);
      if (schema === undefined) throw sqlError('3F000', `schema "${last}" does not exist`);
      if (!session.authority.hasPrivilegesOf(schema.owner)) throw sqlError('42501', `must be owner of schema ${last}`);
      return all(session).filter((index) => index.schemaOid === schema.oid);
    }
    default:
      if (last !== undefined && last !== session.database.catalog.databaseName)
        throw sqlError('0A000', 'can only reindex the currently open database');
      if (!session.authority.hasPrivilegesOf(session.sharedCatalog.database(session.database.oid)?.owner ?? 0)) {
        throw sqlError('42501', `must be owner of database ${session.database.catalog.databaseName}`);
      }
      return target === 'system' ? [] : all(session);
  }
}

function all({ catalog }: Session): IndexEntry[] {
  return [...catalog.relations()].flatMap((table) => [...catalog.indexesOf(table.oid)]);
}
