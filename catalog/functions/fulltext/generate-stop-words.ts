/**
 * Writes stop-words.ts: Snowball's lists of stop words (snowballstem.org), as a running PostgreSQL 15 has them in its files:
 * `node --import tsx catalog/functions/fulltext/generate-stop-words.ts <psql connection arguments>`.
 */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';

const LANGUAGES =
  `danish dutch english finnish french german hungarian italian nepali norwegian portuguese russian spanish swedish
turkish`.split(/\s+/);

function wordsOf(language: string): string[] {
  const query = `SELECT pg_read_file(setting || '/tsearch_data/${language}.stop') FROM pg_config WHERE name = 'SHAREDIR'`;
  const text = execFileSync('psql', [...process.argv.slice(2), '-AtXqc', query], { encoding: 'utf8' });
  const words = text.split('\n').map((line) => line.trim().split(/\s/)[0]);
  return words.filter((word) => word !== '');
}

/** Lines of words between blanks. */
function lines(words: readonly string[]): string {
  const result: string[] = [];
  for (const word of words) {
    const last = result.length - 1;
    if (last >= 0 && result[last].length + word.length < 120) result[last] += ` ${word}`;
    else result.push(word);
  }
  return result.join('\n');
}

const parts = LANGUAGES.map((language) => `  ${language}: \`\n${lines(wordsOf(language))}\n\`,\n`);
writeFileSync(
  new URL('stop-words.ts', import.meta.url),
  `/** Words that say nothing, by language: Snowball's lists, which PostgreSQL's dictionaries take; written by generate-stop-words.ts. */
export const STOP_WORDS: Readonly<Record<string, string>> = {
${parts.join('')}};
`,
);
