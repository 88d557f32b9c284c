/**
 * The English stemmer of Snowball ("Porter 2", snowballstem.org/algorithms/english/stemmer.html) in the version that
 * PostgreSQL 15 has. Our own: of the libraries, those kept up have the older Porter stemmer for English, the others are not
 * kept up; and sql-fixtures/functions/full-text-stems.slt holds this one against PostgreSQL.
 *
 * Inside, Y stands for a y that is a consonant.
 */

const EXCEPTIONS: ReadonlyMap<string, string> = new Map([
  ['skis', 'ski'],
  ['skies', 'sky'],
  ['dying', 'die'],
  ['lying', 'lie'],
  ['tying', 'tie'],
  ['idly', 'idl'],
  ['gently', 'gentl'],
  ['ugly', 'ugli'],
  ['early', 'earli'],
  ['only', 'onli'],
  ['singly', 'singl'],
  ...['sky', 'news', 'howe', 'atlas', 'cosmos', 'bias', 'andes'].map((word): [string, string] => [word, word]),
]);

/** Left alone once a plural's s is gone. */
const COMPLETE = new Set(['inning', 'outing', 'canning', 'herring', 'earring', 'proceed', 'exceed', 'succeed']);

const isVowel = (character: string | undefined): boolean => character !== undefined && 'aeiouy'.includes(character);

const hasVowel = (word: string): boolean => /[aeiouy]/.test(word);

/** Index behind the first consonant that follows a vowel, from `from` on; the word's length if there is none. */
function regionAfter(word: string, from: number): number {
  let i = from;
  while (i < word.length && !isVowel(word[i])) i++;
  while (i < word.length && isVowel(word[i])) i++;
  return i < word.length ? i + 1 : word.length;
}

/** Does the word end in a short syllable? */
function endsShort(word: string): boolean {
  const length = word.length;
  if (length < 2 || isVowel(word[length - 1]) || !isVowel(word[length - 2])) return false;
  if (length === 2) return true;
  return !isVowel(word[length - 3]) && !'wxY'.includes(word[length - 1]);
}

/** Suffixes of a step with what they become, longest first. */
function suffixes(table: Readonly<Record<string, string>>): readonly (readonly [string, string])[] {
  return Object.entries(table).sort(([a], [b]) => b.length - a.length);
}

const STEP_2 = suffixes({
  tional: 'tion',
  enci: 'ence',
  anci: 'ance',
  abli: 'able',
  entli: 'ent',
  izer: 'ize',
  ization: 'ize',
  ational: 'ate',
  ation: 'ate',
  ator: 'ate',
  alism: 'al',
  aliti: 'al',
  alli: 'al',
  fulness: 'ful',
  ousli: 'ous',
  ousness: 'ous',
  iveness: 'ive',
  iviti: 'ive',
  biliti: 'ble',
  bli: 'ble',
  ogi: 'og',
  fulli: 'ful',
  lessli: 'less',
  li: '',
});

const STEP_3 = suffixes({
  tional: 'tion',
  ational: 'ate',
  alize: 'al',
  icate: 'ic',
  iciti: 'ic',
  ical: 'ic',
  ful: '',
  ness: '',
  ative: '',
});

const STEP_4 = suffixes(
  Object.fromEntries(
    'al ance ence er ic able ible ant ement ment ent ism ate iti ous ive ize ion'.split(' ').map((word) => [word, '']),
  ),
);

function findSuffix(
  word: string,
  table: readonly (readonly [string, string])[],
): readonly [string, string] | undefined {
  return table.find(([suffix]) => word.endsWith(suffix));
}

function step1a(word: string): string {
  const trimmed = word.replace(/('s'|'s|')$/, '');
  if (trimmed.endsWith('sses')) return trimmed.slice(0, -2);
  if (trimmed.endsWith('ied') || trimmed.endsWith('ies')) return trimmed.slice(0, trimmed.length > 4 ? -2 : -1);
  if (!trimmed.endsWith('s') || trimmed.endsWith('us') || trimmed.endsWith('ss')) return trimmed;
  return hasVowel(trimmed.slice(0, -2)) ? trimmed.slice(0, -1) : trimmed;
}

function step1b(word: string, region1: number): string {
  const suffix = /(?:eedly|ingly|edly|eed|ing|ed)$/.exec(word)?.[0];
  if (suffix === undefined) return word;
  const stem = word.slice(0, -suffix.length);
  if (suffix.startsWith('eed')) return stem.length >= region1 ? `${stem}ee` : word;
  if (!hasVowel(stem)) return word;
  if (/(?:at|bl|iz)$/.test(stem)) return `${stem}e`;
  if (/(?:bb|dd|ff|gg|mm|nn|pp|rr|tt)$/.test(stem)) return stem.slice(0, -1);
  return stem.length <= region1 && endsShort(stem) ? `${stem}e` : stem;
}

function step2(word: string, region1: number): string {
  const found = findSuffix(word, STEP_2);
  if (found === undefined) return word;
  const [suffix, replacement] = found;
  const stem = word.slice(0, -suffix.length);
  if (stem.length < region1) return word;
  if (suffix === 'ogi' && !stem.endsWith('l')) return word;
  if (suffix === 'li' && !/[cdeghkmnrt]$/.test(stem)) return word;
  return stem + replacement;
}

function step3(word: string, region1: number, region2: number): string {
  const found = findSuffix(word, STEP_3);
  if (found === undefined) return word;
  const [suffix, replacement] = found;
  const stem = word.slice(0, -suffix.length);
  return stem.length < (suffix === 'ative' ? region2 : region1) || stem.length < region1 ? word : stem + replacement;
}

function step4(word: string, region2: number): string {
  const found = findSuffix(word, STEP_4);
  if (found === undefined) return word;
  const stem = word.slice(0, -found[0].length);
  if (stem.length < region2 || (found[0] === 'ion' && !/[st]$/.test(stem))) return word;
  return stem;
}

function step5(word: string, region1: number, region2: number): string {
  const stem = word.slice(0, -1);
  if (word.endsWith('e')) {
    return stem.length >= region2 || (stem.length >= region1 && !endsShort(stem)) ? stem : word;
  }
  return word.endsWith('ll') && stem.length >= region2 ? stem : word;
}

/** The stem of a word in lower case. */
export function stemEnglish(word: string): string {
  const exception = EXCEPTIONS.get(word);
  if (exception !== undefined) return exception;
  if (word.length < 3) return word;
  let stem = word.startsWith("'") ? word.slice(1) : word;
  let hasConsonantY = false;
  if (stem.includes('y')) {
    const marked = stem.replace(/^y/, 'Y').replace(/([aeiouy])y/g, '$1Y');
    hasConsonantY = marked !== stem;
    stem = marked;
  }
  const prefix = /^(?:gener|commun|arsen)/.exec(stem)?.[0];
  const region1 = prefix === undefined ? regionAfter(stem, 0) : prefix.length;
  const region2 = regionAfter(stem, region1);
  stem = step1a(stem);
  if (!COMPLETE.has(stem)) {
    stem = step1b(stem, region1);
    if (/.[^aeiouy][yY]$/s.test(stem)) stem = `${stem.slice(0, -1)}i`;
    stem = step2(stem, region1);
    stem = step3(stem, region1, region2);
    stem = step4(stem, region2);
    stem = step5(stem, region1, region2);
  }
  return hasConsonantY ? stem.replaceAll('Y', 'y') : stem;
}
