/** obj_description(): comments of users, and of what is built in. */
import type { Catalog } from '../catalog.ts';
import type { FunctionContext } from '../function-entry.ts';
import { ownComment } from '../pg-catalog/own-comments.ts';

const CLASS_NAMES: Readonly<Record<string, readonly string[]>> = {
  pg_class: ['relation', 'index', 'sequence'],
  pg_constraint: ['constraint'],
  pg_proc: ['routine'],
  pg_operator: ['operator'],
  pg_cast: ['cast'],
  pg_collation: ['collation'],
  pg_extension: ['extension'],
  pg_statistic_ext: ['statistics'],
  pg_policy: ['policy'],
  pg_namespace: ['schema'],
  pg_type: ['type'],
  pg_largeobject: ['largeObject'],
  pg_ts_config: ['searchConfiguration'],
  pg_ts_dict: ['searchDictionary'],
  pg_ts_parser: ['searchParser'],
  pg_ts_template: ['searchTemplate'],
};

export function objectComment(context: FunctionContext, oid: number, className: string | null): string | null {
  const catalog = context.catalog as Catalog;
  const classes = className === null ? Object.values(CLASS_NAMES).flat() : (CLASS_NAMES[className] ?? []);
  for (const objectClass of classes) {
    const comment = catalog.comment(objectClass as 'relation', oid);
    if (comment !== undefined) return comment.text;
  }
  if (oid === 2200 && catalog.schema(2200) === undefined) return null;
  return className === null ? ownComment(null, oid) : ownComment(COMMENTED_CLASSES[className] ?? 0, oid);
}

/** Oids of the catalogs that what is built in has comments in. */
const COMMENTED_CLASSES: Readonly<Record<string, number>> = {
  pg_proc: 1255,
  pg_operator: 2617,
  pg_type: 1247,
  pg_am: 2601,
  pg_language: 2612,
  pg_namespace: 2615,
  pg_ts_config: 3602,
  pg_ts_dict: 3600,
  pg_ts_parser: 3601,
  pg_ts_template: 3764,
};
