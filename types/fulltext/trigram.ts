/**
 * Trigrams as pg_trgm makes them: of each word (letters and digits, in lower case) with two blanks before it and one after, every
 * three characters. A trigram is a number of 24 bits: its three bytes, or for characters beyond ASCII three bytes of a
 * checksum of them.
 */
import { Buffer } from 'node:buffer';
import { toLower } from '../letter-case.ts';
import { isWordCharacter } from './letters.ts';
import { legacyCrc32 } from './tsquery.ts';

const BLANK = 32;

function crcTrigram(text: string): number {
  const bytes = Buffer.from(text, 'utf8');
  const crc = ~legacyCrc32(bytes, 0, bytes.length);
  // PostgreSQL takes the number's first three bytes as they lie in memory.
  return ((crc & 255) << 16) | (crc & 0xff00) | ((crc >>> 16) & 255);
}

/** The trigram of three characters. */
function trigramOf(a: number, b: number, c: number): number {
  if ((a | b | c) < 128) return (a << 16) | (b << 8) | c;
  return crcTrigram(String.fromCodePoint(a, b, c));
}

/** Words of a text, in lower case, each as its characters. */
function forEachWord(text: string, visit: (characters: number[]) => void): void {
  const lower = toLower(text);
  let word: number[] = [];
  for (let i = 0; i < lower.length; i++) {
    const codePoint = lower.codePointAt(i) as number;
    if (codePoint > 0xffff) i++;
    if (isWordCharacter(codePoint)) word.push(codePoint);
    else if (word.length > 0) {
      visit(word);
      word = [];
    }
  }
  if (word.length > 0) visit(word);
}

function addTrigrams(characters: readonly number[], atStart: boolean, atEnd: boolean, target: number[]): void {
  const padded = atStart ? [BLANK, BLANK, ...characters] : characters.slice();
  if (atEnd) padded.push(BLANK);
  for (let i = 0; i + 2 < padded.length; i++) target.push(trigramOf(padded[i], padded[i + 1], padded[i + 2]));
}

/** All trigrams of a text in the order of its words; some may be there several times. */
export function trigramSequence(text: string): number[] {
  const trigrams: number[] = [];
  forEachWord(text, (word) => addTrigrams(word, true, true, trigrams));
  return trigrams;
}

/** Which of trigramSequence's trigrams begin a word, and which end one. */
export function wordBounds(text: string): { readonly starts: readonly boolean[]; readonly ends: readonly boolean[] } {
  const starts: boolean[] = [];
  const ends: boolean[] = [];
  forEachWord(text, (word) => {
    const last = word.length;
    for (let i = 0; i <= last; i++) {
      starts.push(i === 0);
      ends.push(i === last);
    }
  });
  return { starts, ends };
}

/** pg_trgm compares bytes as signed. */
const SIGN_BITS = 0x808080;

function sortedSet(trigrams: readonly number[]): number[] {
  const ordered = Int32Array.from(trigrams, (trigram) => trigram ^ SIGN_BITS).sort();
  const distinct: number[] = [];
  for (let i = 0; i < ordered.length; i++) {
    if (i === 0 || ordered[i] !== ordered[i - 1]) distinct.push(ordered[i] ^ SIGN_BITS);
  }
  return distinct;
}

/** The trigrams of a text, each once, in pg_trgm's order: the terms under which an index keeps the text. */
export function trigramsOf(text: string): number[] {
  return sortedSet(trigramSequence(text));
}

/** Order in which trigramsOf answers. */
export function compareTrigrams(a: number, b: number): number {
  return (a ^ SIGN_BITS) - (b ^ SIGN_BITS);
}

/** Trigrams that any text with this substring has: of its words, padded only where their ends lie within it. */
export function trigramsOfSubstring(part: string, startsText: boolean, endsText: boolean): number[] {
  const trigrams: number[] = [];
  const lower = toLower(part);
  let word: number[] = [];
  let wordStartKnown = startsText;
  for (let i = 0; i < lower.length; i++) {
    const codePoint = lower.codePointAt(i) as number;
    if (codePoint > 0xffff) i++;
    if (isWordCharacter(codePoint)) {
      word.push(codePoint);
      continue;
    }
    if (word.length > 0) addTrigrams(word, wordStartKnown, true, trigrams);
    word = [];
    wordStartKnown = true;
  }
  if (word.length > 0) addTrigrams(word, wordStartKnown, endsText, trigrams);
  return sortedSet(trigrams);
}
