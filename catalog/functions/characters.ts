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

/** Arguments of one call. */
const REVERSED_PIECE = 1024;

/** The characters from the last to the first. */
export function reversed(text: string): string {
  if (hasSurrogates(text)) return Array.from(text).reverse().join('');
  let result = '';
  for (let end = text.length; end > 0; end -= REVERSED_PIECE) {
    const codes: number[] = new Array(Math.min(end, REVERSED_PIECE));
    for (let i = 0; i < codes.length; i++) codes[i] = text.charCodeAt(end - 1 - i);
    result += String.fromCharCode.apply(null, codes);
  }
  return result;
}

/** A long text of small pieces. By itself each concatenation would take 32 bytes until the whole is read: gigabytes for a text of megabytes. */
export class TextPieces {
  readonly #whole: string[] = [];
  readonly #pieces: string[] = [];

  add(piece: string): void {
    if (this.#pieces.push(piece) === 8192) this.#join();
  }

  #join(): void {
    this.#whole.push(this.#pieces.join(''));
    this.#pieces.length = 0;
  }

  toString(): string {
    this.#join();
    return this.#whole.join('');
  }
}

const ALPHANUMERIC = /[\p{L}\p{N}]/u;

const ASCII_PIECES = /[ -~\n]+|[\s\S]/gu;
const ASCII_WORDS = /[A-Za-z0-9]+/g;

/** initcap() where ASCII's letters and digits alone make words. */
export function asciiToInitialCapitals(text: string): string {
  return text.replace(ASCII_WORDS, (word) => word[0].toUpperCase() + word.slice(1).toLowerCase());
}

/** Longer ones are put together by TextPieces. */
const SHORT_CAPITALS_MAX = 4096;

/** The text in lower case, but for the first of each word. */
function shortCapitals(text: string): string {
  const lower = toLower(text);
  let result = '';
  let copied = 0;
  let insideWord = false;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    const at = i;
    let first = '';
    let isWord: boolean;
    if (code < 0x80) {
      const letter = code | 0x20;
      const isLetter = letter >= 97 && letter <= 122;
      isWord = isLetter || (code >= 48 && code <= 57);
      if (isLetter && !insideWord) first = String.fromCharCode(code & ~0x20);
    } else {
      const character = isPairAt(text, i) ? text.slice(i, ++i + 1) : text[i];
      isWord = ALPHANUMERIC.test(character);
      if (!insideWord) first = toUpper(character);
    }
    if (first !== '') {
      result += lower.slice(copied, at) + first;
      copied = i + 1;
    }
    insideWord = isWord;
  }
  return result + lower.slice(copied);
}

export function toInitialCapitals(text: string): string {
  if (text.length <= SHORT_CAPITALS_MAX) return shortCapitals(text);
  const result = new TextPieces();
  let insideWord = false;
  for (const [piece] of text.matchAll(ASCII_PIECES)) {
    if (piece.length > 1) {
      const goesOn = insideWord;
      const asWord = (word: string, at: number): string =>
        at === 0 && goesOn ? word.toLowerCase() : word[0].toUpperCase() + word.slice(1).toLowerCase();
      result.add(piece.replace(ASCII_WORDS, asWord));
    } else result.add(insideWord ? toLower(piece) : toUpper(piece));
    insideWord = ALPHANUMERIC.test(piece.length > 1 ? piece[piece.length - 1] : piece);
  }
  return String(result);
}
