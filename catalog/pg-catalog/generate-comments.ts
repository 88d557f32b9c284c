/**
 * Writes builtin-comments.ts: what pg_description says of PostgreSQL 15's own functions, operators, types and others, from a running
 * server: `node --import tsx catalog/pg-catalog/generate-comments.ts <psql connection arguments>`.
 */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';

const CLASSES = [
  'pg_proc',
  'pg_operator',
  'pg_type',
  'pg_am',
  'pg_language',
  'pg_namespace',
  'pg_ts_config',
  'pg_ts_dict',
  'pg_ts_parser',
  'pg_ts_template',
];

const QUERY = `
select classoid || ' ' || objoid || ' ' || description from pg_description
where classoid::regclass::text in (${CLASSES.map((name) => `'${name}'`).join(', ')}) and objsubid = 0 and objoid < 16384
order by classoid, objoid`;

const lines = execFileSync('psql', [...process.argv.slice(2), '-AtXqc', QUERY], { encoding: 'utf8' }).trim();
writeFileSync(
  new URL('builtin-comments.ts', import.meta.url),
  `/**
 * What pg_description says of PostgreSQL 15's own objects; written by generate-comments.ts. One line each: class, oid, text.
 */
export const BUILTIN_COMMENT_LINES = \`
${lines}
\`;
`,
);
