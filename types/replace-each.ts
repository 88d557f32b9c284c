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
  const replaced: string[] = [];
  for (const piece of piecesOf(text)) replaced.push(piece.replace(pattern, by as string));
  return replaced.join('');
}

/** Each run of characters that `space` matches (global, runs) becomes one blank. */
export function collapseSpace(text: string, space: RegExp): string {
  if (text.length <= PIECE) return text.replace(space, ' ');
  const collapsed: string[] = [];
  let endsInBlank = false;
  for (const piece of piecesOf(text)) {
    const own = piece.replace(space, ' ');
    // A run that goes on from the piece before has its blank.
    collapsed.push(endsInBlank && own.startsWith(' ') ? own.slice(1) : own);
    endsInBlank = own.endsWith(' ');
  }
  return collapsed.join('');
}

function* piecesOf(text: string): Generator<string> {
  for (let from = 0; from < text.length; ) {
    let to = Math.min(text.length, from + PIECE);
    if (to < text.length && isWithNext(text.charCodeAt(to - 1))) to--;
    yield text.slice(from, to);
    from = to;
  }
}

/** The first half of a surrogate pair, or perhaps of a line end. */
function isWithNext(code: number): boolean {
  return (code & 0xfc00) === 0xd800 || code === 13;
}
