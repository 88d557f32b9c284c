/** The system table, by its oid, that has the rows of a class of entries: classid and refclassid of pg_depend and its kin. */
import type { EntryClass } from '../entries.ts';
import { SEARCH_CATALOGS } from '../text-search.ts';

export const CLASS_OIDS: Readonly<Partial<Record<EntryClass, number>>> = {
  relation: 1259,
  index: 1259,
  sequence: 1259,
  constraint: 2606,
  schema: 2615,
  type: 1247,
  collation: 3456,
  extension: 3079,
  routine: 1255,
  operator: 2617,
  cast: 2605,
  statistics: 3381,
  policy: 3256,
  largeObject: 2613,
  database: 1262,
  defaultRights: 826,
  ...SEARCH_CATALOGS,
};
