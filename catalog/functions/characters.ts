/**
 * Characters of a string as PostgreSQL counts them: code points, where JavaScript counts UTF-16 units. Strings without
 * surrogates, which is nearly all of them, go the short way.
 */
import { toLower, toUpper } from '../../types/index.ts';

export { toLower, toUpper };

const SURROGATE = /[\ud800-\udfff]/;

/** In shorter texts a loop is done before the expression has begun. */
const SHORT = 40;

export function hasSurrogates(text: string): boolean {
  if (text.length > SHORT) return SURROGATE.test(text);
  for (let i = 0; i < text.length; i++) if ((text.charCodeAt(i) & 0xf800) === 0xd800) return true;
  return false;
}

export function characterCount(text: string): number {
  if (!hasSurrogates(text)) return text.length;
  let count = 0;
  for (let i = 0; i < text.length; i++) {
    if ((text.charCodeAt(i) & 0xfc00) !== 0xdc00) count++;
  }
  return count;
}

/** The UTF-16 index of the character number `count` (from 0); text.length when there are not so many. */
export function unitIndex(text: string, count: number): number {
  if (count <= 0) return 0;
  if (count >= text.length) return text.length;
  if (!hasSurrogates(text)) return count;
  let index = 0;
  while (count > 0 && index < text.length) {
    index += isPairAt(text, index) ? 2 : 1;
    count--;
  }
  return index;
}

function isPairAt(text: string, index: number): boolean {
  return (text.charCodeAt(index) & 0xfc00) === 0xd800 && index + 1 < text.length;
}

/** Characters from..to (counted from 0, `to` excluded). */
export function sliceCharacters(text: string, from: number, to: number): string {
  if (!hasSurrogates(text)) return text.slice(from, to);
  return text.slice(unitIndex(text, from), unitIndex(text, to));
}

/** The characters one by one. */
export function characters(text: string): string[] {
  return hasSurrogates(text) ? Array.from(text) : text.split('');
}

const ALPHANUMERIC = /[\p{L}\p{N}]/u;

export function toInitialCapitals(text: string): string {
  let result = '';
  let insideWord = false;
  for (const character of text) {
    result += insideWord ? toLower(character) : toUpper(character);
    insideWord = ALPHANUMERIC.test(character);
  }
  return result;
}
