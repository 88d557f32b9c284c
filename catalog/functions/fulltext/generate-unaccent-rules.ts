/**
 * Writes unaccent-rules.ts: what PostgreSQL 15's extension unaccent makes of each character, from a running one in whose database the
 * extension is: `node --import tsx catalog/functions/fulltext/generate-unaccent-rules.ts <psql connection arguments>`.
 */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';

const QUERY = `SELECT unaccent(chr(code)) AS target, string_agg(chr(code), '' ORDER BY code) FROM generate_series(1, 1114111) AS code
  WHERE code NOT BETWEEN 55296 AND 57343 AND unaccent(chr(code)) <> chr(code) GROUP BY 1 ORDER BY min(code)`;
const text = execFileSync('psql', [...process.argv.slice(2), '-AtXq', '-F', '\t', '-c', QUERY], { encoding: 'utf8' });

/** Marks that stand over the character before them would be unreadable. */
const escaped = text
  .trimEnd()
  .replaceAll('\\', '\\\\')
  .replaceAll('`', '\\`')
  .replaceAll(/[\p{M}\p{Cf}\p{Zs}]/gu, (mark) =>
    mark === ' ' ? ' ' : `\\u{${(mark.codePointAt(0) as number).toString(16)}}`,
  );
writeFileSync(
  new URL('unaccent-rules.ts', import.meta.url),
  `/** What the characters of a line become, which stands first; written by generate-unaccent-rules.ts. */
export const UNACCENT_RULES = \`
${escaped.replaceAll('\t', ' ')}
\`;
`,
);
