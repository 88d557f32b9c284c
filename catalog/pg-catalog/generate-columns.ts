/**
 * Writes columns.ts: every table and view of PostgreSQL 15's pg_catalog and information_schema with its oid and columns, from
 * a running server: `node --import tsx catalog/pg-catalog/generate-columns.ts <psql connection arguments>`.
 */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';

const QUERY = `
select c.oid || ' ' || n.nspname || '.' || c.relname || ' ' || c.relkind::text
    || case when n.nspname = 'pg_catalog' and c.relkind = 'r' then ':' || c.reltype || ':' || own.typarray else '' end
    || ' ' || string_agg(
    a.attname || ':' || case when t.typtype = 'd' then t.typbasetype else t.oid end
      || case when t.typtype = 'd' and t.typtypmod >= 0 then '(' || t.typtypmod || ')' else '' end
      || case when a.attnotnull then '!' else '' end,
    ' ' order by a.attnum)
from pg_class c
join pg_namespace n on n.oid = c.relnamespace
join pg_type own on own.oid = c.reltype
join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
join pg_type t on t.oid = a.atttypid
where n.nspname in ('pg_catalog', 'information_schema') and c.relkind in ('r', 'v')
group by c.oid, n.nspname, c.relname, c.relkind, c.reltype, own.typarray
order by n.nspname desc, c.relname`;

const lines = execFileSync('psql', [...process.argv.slice(2), '-AtXqc', QUERY], { encoding: 'utf8' }).trim();
writeFileSync(
  new URL('columns.ts', import.meta.url),
  `/**
 * The tables and views of PostgreSQL 15's pg_catalog and information_schema; written by generate-columns.ts. One line each:
 * oid, name, r (table) or v (view), with the oids of the type of its rows and of arrays of them (else those that follow: the array's, then the
 * row's), then columns as name:type(modifier), with ! for NOT NULL. Domains are given as their base.
 */
export const SYSTEM_RELATIONS = \`
${lines}
\`;
`,
);
