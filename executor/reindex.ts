/**
 * REINDEX. Indexes are in memory, are made anew from their images or tables at a start, and do not bloat; so those that are valid stay
 * as they are, and those that are not (CREATE INDEX CONCURRENTLY has failed) are filled and become valid.
 */
import { resolveCompositeClass } from '../catalog/composite-classes.ts';
import { type IndexEntry, PG_CATALOG_SCHEMA_OID } from '../catalog/entries.ts';
import { relationWord } from '../catalog/rights.ts';
import type { Option, ReindexStatement } from '../parser/ast.ts';
import { sqlError } from '../types/errors.ts';
import { fillConcurrently, fillIndex } from './concurrent-index.ts';
import { checkTablespace } from './ddl/create-table.ts';
import type { Session, Task } from './session.ts';
import { booleanOf, refused } from './vacuum-options.ts';

export function* reindex(session: Session, node: ReindexStatement): Task<string> {
  const { isConcurrent, isVerbose } = optionsOf(node);
  const isWhole = node.target !== 'index' && node.target !== 'table';
  if (isConcurrent || isWhole) session.checkAlone(`REINDEX ${isWhole ? node.target.toUpperCase() : 'CONCURRENTLY'}`);
  for (const { oid, name: told } of indexesOf(session, node, isConcurrent)) {
    if (isVerbose) session.notice({ severity: 'INFO', code: '00000', message: `index "${told}" was reindexed` });
    // Another session may have filled or dropped it while we were busy with those before.
    const index = session.catalog.index(oid);
    if (index?.valid !== false) continue;
    if (isConcurrent && node.target !== 'index') {
      const name = `${session.catalog.schemaName(index.schemaOid)}.${index.name}`;
      const message = `cannot reindex invalid index "${name}" concurrently, skipping`;
      session.notice({ severity: 'WARNING', code: '0A000', message });
      continue;
    }
    if (isConcurrent) yield* fillConcurrently(session, oid);
    else yield* fillIndex(session, oid, false);
    if (isWhole) yield* session.commitTask();
  }
  return 'REINDEX';
}

function optionsOf({ options, concurrently }: ReindexStatement): { isConcurrent: boolean; isVerbose: boolean } {
  const given = { concurrently, verbose: false };
  for (const option of options) {
    const { name } = option;
    if (name === 'concurrently' || name === 'verbose') given[name] = booleanOf(option);
    else if (name === 'tablespace') checkTablespace(tablespaceName(option));
    else throw refused(option, `unrecognized REINDEX option "${name}"`);
  }
  return { isConcurrent: given.concurrently, isVerbose: given.verbose };
}

function tablespaceName({ value }: Option): string {
  if (value === null) throw sqlError('42601', 'tablespace requires a parameter');
  return String(Array.isArray(value) ? value.at(-1) : value);
}

function indexesOf(session: Session, { target, name }: ReindexStatement, isConcurrent: boolean): readonly IndexEntry[] {
  const { catalog } = session;
  const last = name[name.length - 1];
  switch (target) {
    case 'index':
    case 'table': {
      if (name.length > 1) session.checkSchema(name[name.length - 2]);
      const found = catalog.resolveRelation(name, session.searchPath(true));
      if (found === undefined) {
        const composite = resolveCompositeClass(catalog, name, session.searchPath(true));
        if (composite === undefined) throw sqlError('42P01', `relation "${name.join('.')}" does not exist`);
        throw sqlError('42809', `"${last}" is not ${target === 'index' ? 'an index' : 'a table or materialized view'}`);
      }
      const table = found.class === 'index' ? catalog.relation(found.tableOid) : found;
      if (table !== undefined && !session.authority.hasPrivilegesOf(table.owner)) {
        throw sqlError('42501', `must be owner of ${relationWord(found)} ${found.name}`);
      }
      if (target === 'index') {
        if (found.class !== 'index') throw sqlError('42809', `"${found.name}" is not an index`);
        return [found];
      }
      // Catalogs are not kept in files here, and have nothing to make anew.
      if (found.class === 'relation' && found.kind === 'virtual' && found.schemaOid === PG_CATALOG_SCHEMA_OID) {
        if (isConcurrent) throw sqlError('0A000', 'cannot reindex system catalogs concurrently');
        return [];
      }
      if (found.class !== 'relation' || found.relId === 0)
        throw sqlError('42809', `"${found.name}" is not a table or materialized view`);
      const indexes = catalog.indexesOf(found.oid);
      if (indexes.length === 0) {
        session.notice({
          severity: 'NOTICE',
          code: '00000',
          message: `table "${found.name}" has no indexes ${isConcurrent ? 'that can be reindexed concurrently' : 'to reindex'}`,
        });
      }
      return indexes;
    }
    case 'schema': {
      const schema = catalog.schemaByName(last);
      if (schema === undefined) throw sqlError('3F000', `schema "${last}" does not exist`);
      if (!session.authority.hasPrivilegesOf(schema.owner)) throw sqlError('42501', `must be owner of schema ${last}`);
      if (isConcurrent && schema.oid === PG_CATALOG_SCHEMA_OID) {
        const message = 'cannot reindex system catalogs concurrently, skipping all';
        session.notice({ severity: 'WARNING', code: '0A000', message });
      }
      return all(session).filter((index) => index.schemaOid === schema.oid);
    }
    default:
      if (isConcurrent && target === 'system') {
        throw sqlError('0A000', 'cannot reindex system catalogs concurrently');
      }
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
