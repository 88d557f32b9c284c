/**
 * The extension btree_gist: distances between scalars. Its operator classes are there without it (executor/ddl/exclusion.ts). After:
 * PostgreSQL, contrib/btree_gist; version 1.7.
 */
import type { AvailableExtension } from './available.ts';
import { operator } from './members.ts';

/** Between moments of which one is infinite. */
const FAREST = "'178956970 years 7 months 2147483647 days 2562047788:00:54.775807'::pg_catalog.interval";

const DIFFERENCE = 'pg_catalog.abs($1 OPERATOR(pg_catalog.-) $2)';
const ORDERED =
  'CASE WHEN $1 OPERATOR(pg_catalog.<) $2 THEN $2 OPERATOR(pg_catalog.-) $1 ELSE $1 OPERATOR(pg_catalog.-) $2 END';
const OF_MOMENTS = `CASE WHEN pg_catalog.isfinite($1) AND pg_catalog.isfinite($2) THEN ${ORDERED} ELSE ${FAREST} END`;

/** Function, type, type of the distance, body. */
const DISTANCES: readonly (readonly [name: string, type: string, result: string, body: string])[] = [
  ['cash_dist', 'money', 'money', ORDERED],
  ['date_dist', 'date', 'integer', DIFFERENCE],
  ['float4_dist', 'real', 'real', DIFFERENCE],
  ['float8_dist', 'double precision', 'double precision', DIFFERENCE],
  ['int2_dist', 'smallint', 'smallint', DIFFERENCE],
  ['int4_dist', 'integer', 'integer', DIFFERENCE],
  ['int8_dist', 'bigint', 'bigint', DIFFERENCE],
  ['interval_dist', 'interval', 'interval', ORDERED],
  [
    'oid_dist',
    'oid',
    'oid',
    'pg_catalog.abs($1::pg_catalog.int8 OPERATOR(pg_catalog.-) $2::pg_catalog.int8)::pg_catalog.oid',
  ],
  ['time_dist', 'time without time zone', 'interval', ORDERED],
  ['ts_dist', 'timestamp without time zone', 'interval', OF_MOMENTS],
  ['tstz_dist', 'timestamp with time zone', 'interval', OF_MOMENTS],
];

export const BTREE_GIST: AvailableExtension = {
  name: 'btree_gist',
  version: '1.7',
  comment: 'support for indexing common datatypes in GiST',
  isTrusted: true,
  functions: DISTANCES.map(
    ([name, type, result, body]) =>
      `${name}(${type}, ${type}) RETURNS ${result} LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$SELECT ${body}$$`,
  ),
  further: DISTANCES.map(([name, type]) =>
    operator({ name: '<->', left: type, right: type, function: name, commutator: '<->' }),
  ),
};
