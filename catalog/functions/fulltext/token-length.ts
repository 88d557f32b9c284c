import { LEXEME_BYTES_MAX } from '../../../types/fulltext/tsvector.ts';

/** Is a part of a text longer than a lexeme may be, in bytes of UTF-8? */
export function isTooLong(text: string, start: number, end: number): boolean {
  if ((end - start) * 3 <= LEXEME_BYTES_MAX) return false;
  let bytes = 0;
  for (let i = start; i < end; i++) {
    const code = text.charCodeAt(i);
    // The two halves of a character beyond the basic plane count two each.
    bytes += code < 0x80 ? 1 : code < 0x800 || (code >= 0xd800 && code < 0xe000) ? 2 : 3;
  }
  return bytes > LEXEME_BYTES_MAX;
}
