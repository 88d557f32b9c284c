/** Snowball's stemmers by language: programs, which are compiled when they are first needed. English, asked for most, is written out. */
import { stemEnglish } from './english-stemmer.ts';
import { ALGORITHMS } from './snowball/algorithms.ts';
import { compileSnowball } from './snowball/compile.ts';

export type Stemmer = (word: string) => string;

const stemmers = new Map<string, Stemmer>([['english', stemEnglish]]);

/** The stemmer of a language, for words in lower case; null: there is none. */
export function stemmerOf(language: string): Stemmer | null {
  const name = language.toLowerCase();
  const known = stemmers.get(name);
  if (known !== undefined) return known;
  if (!Object.hasOwn(ALGORITHMS, name)) return null;
  const stemmer = compileSnowball(ALGORITHMS[name]);
  stemmers.set(name, stemmer);
  return stemmer;
}
