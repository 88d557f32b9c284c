/**
 * Writes algorithms.ts: the stemmers of Snowball 2.2 (snowballstem.org), of the languages that PostgreSQL 15 has, without comments:
 * `node --import tsx catalog/functions/fulltext/snowball/generate-algorithms.ts FOLDER`, FOLDER being `algorithms` of its source.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** English has a stemmer of our own (english-stemmer.ts); porter is the older one of English. */
const LANGUAGES =
  `arabic armenian basque catalan danish dutch finnish french german greek hindi hungarian indonesian irish italian
lithuanian nepali norwegian porter portuguese romanian russian serbian spanish swedish tamil turkish yiddish`.split(
    /\s+/,
  );

/** Texts have quotes within their escapes, and names of macros may have some, too. */
const PARTS = /stringdef\s+\S+|'(?:\{[^}]*\}|[^'{])*'|\/\/[^\n]*|\/\*[\s\S]*?\*\//g;

function withoutComments(source: string): string {
  return source
    .replaceAll(PARTS, (text) => (text.startsWith('/') ? '' : text))
    .replaceAll(/[ \t]+/g, ' ')
    .replaceAll(/ ?\r?\n(?:\s*\n)*/g, '\n')
    .trim();
}

const folder = process.argv[2];
const license = readFileSync(join(folder, '..', 'COPYING'), 'utf8').trim();
const parts = LANGUAGES.map((language) => {
  const text = withoutComments(readFileSync(join(folder, `${language}.sbl`), 'utf8'));
  return `  ${language}: \`\n${text.replaceAll(/[`\\]|\$(?=\{)/g, '\\$&')}\n\`,\n`;
});
writeFileSync(
  new URL('algorithms.ts', import.meta.url),
  `/*! The stemmers of Snowball 2.2, https://snowballstem.org, written by generate-algorithms.ts.

${license}
*/
export const ALGORITHMS: Readonly<Record<string, string>> = {
${parts.join('')}};
`,
);
