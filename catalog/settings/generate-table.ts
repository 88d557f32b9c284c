/**
 * Writes table.ts: the settings of PostgreSQL 15, from a running server:
 * `node --import tsx catalog/settings/generate-table.ts <psql connection arguments>`.
 */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';

const QUERY = `
select concat_ws(E'\\t', name, case vartype when 'integer' then 'int' else vartype end, coalesce(unit, ''), context,
  coalesce(case when source in ('override', 'command line') then '' else boot_val end, ''), coalesce(min_val, ''), coalesce(max_val, ''),
  coalesce(array_to_string(enumvals, '|'), ''), category, short_desc, coalesce(extra_desc, ''))
from pg_settings order by lower(name)`;

const lines = execFileSync('psql', [...process.argv.slice(2), '-AtXqc', QUERY], { encoding: 'utf8' }).trim();
writeFileSync(
  new URL('table.ts', import.meta.url),
  `/**
 * The settings of PostgreSQL 15; written by generate-table.ts. Fields, between tabs: name, type, unit, context, default,
 * minimum, maximum, enum values, category, description, more description.
 */
export const SETTINGS_TABLE = \`
${lines.replaceAll('\\', '\\\\').replaceAll('`', '\\`').replaceAll('$', '\\$')}
\`;
`,
);
