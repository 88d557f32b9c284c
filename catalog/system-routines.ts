/**
 * Functions of information_schema, which PostgreSQL makes with CREATE FUNCTION too (information_schema.sql), as far as clients call
 * them: JDBC's drivers expand the keys of indexes by one. Their oids are from those that hotrow-procs.ts takes.
 */
import { OID } from '../types/index.ts';
import { BOOTSTRAP_ROLE_OID, INFORMATION_SCHEMA_OID, type RoutineEntry } from './entries.ts';

const ANYARRAY = 2277;
const ANYELEMENT = 2283;

export const SYSTEM_ROUTINES: readonly RoutineEntry[] = [
  {
    class: 'routine',
    oid: 9110,
    name: '_pg_expandarray',
    schemaOid: INFORMATION_SCHEMA_OID,
    owner: BOOTSTRAP_ROLE_OID,
    kind: 'function',
    language: 'sql',
    parameters: [
      { name: '', mode: 'in', typeOid: ANYARRAY, defaultText: null },
      { name: 'x', mode: 'out', typeOid: ANYELEMENT, defaultText: null },
      { name: 'n', mode: 'out', typeOid: OID.INT4, defaultText: null },
    ],
    returnTypeOid: OID.RECORD,
    returnsSet: true,
    volatility: 'immutable',
    strict: true,
    leakproof: false,
    securityDefiner: false,
    parallel: 'safe',
    cost: 100,
    rows: 1000,
    settings: [],
    bodyText:
      'SELECT $1[s], s - pg_catalog.array_lower($1, 1) + 1 ' +
      'FROM pg_catalog.generate_series(pg_catalog.array_lower($1, 1), pg_catalog.array_upper($1, 1), 1) AS g (s)',
    statements: null,
    dependsOn: [],
  },
];

export function isSystemRoutine({ oid }: RoutineEntry): boolean {
  return SYSTEM_ROUTINES.some((routine) => routine.oid === oid);
}
