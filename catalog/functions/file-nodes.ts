/** Files of relations, as pg_class.relfilenode numbers them: tables by their heap, indexes and sequences by their oid. Catalogs have none. */
import type { FunctionContext } from '../function-entry.ts';

import type { FunctionModule } from './module.ts';
import { catalogOf } from './system-catalog.ts';

const DEFAULT_TABLESPACE = 1663;

function fileOfRelation(context: FunctionContext, oid: number): number | null {
  const found = catalogOf(context).namedRelation(oid);
  if (found === undefined) return null;
  return found.class === 'relation' ? found.relId || null : oid;
}

/** 0 is the database's own tablespace. */
function relationOfFile(context: FunctionContext, tablespace: number, file: number): number | null {
  if (file === 0 || (tablespace !== 0 && tablespace !== DEFAULT_TABLESPACE)) return null;
  const catalog = catalogOf(context);
  for (const { oid, relId } of catalog.relations()) if (relId === file) return oid;
  const found = catalog.namedRelation(file);
  return found === undefined || found.class === 'relation' ? null : file;
}

export const fileNodeFunctions: FunctionModule = {
  contextual: { pg_relation_filenode: fileOfRelation, pg_filenode_relation: relationOfFile },
};
