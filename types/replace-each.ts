/**
 * Replacing single characters in values of any length. V8 notes all matches of a replacement in one array, and ends the process where that would be
 * too large (some 60 million matches; Node 20), so long texts are taken in pieces.
 */

/** Characters of a piece; the process is far from its end with as many matches. */
const PIECE = 1 << 20;

/**
 * `pattern` is global, and matches one character at a time, or a line end. `by`: as in String.prototype.replace.
 */
export function replaceEach(text: string, pattern: RegExp, by: string | ((match: string) => string)): string {
  if (text.length <= PIECE) return text.replace(pattern, by as string);
  const pieces: string[] = [];
  for (let from = 0; from < text.length; ) {
    let to = Math.min(text.length, from + PIECE);
    if (to < text.length && isWithNext(text.charCodeAt(to - 1))) to--;
    pieces.push(text.slice(from, to).replace(pattern, by as string));
    from = to;
  }
  return pieces.join('');
}

/** The first half of a surrogate pair, or perhaps of a line end. */
function isWithNext(code: number): boolean {
  return (code & 0xfc00) === 0xd800 || code === 13;
}
