/**
 * LIKE and ILIKE. A pattern is compiled once to a matcher: the pieces between `%` are found from left to right, the first
 * held to the start and the last to the end, so that no pattern ever backtracks over more than one piece.
 */
import { sqlError } from '../../types/errors.ts';
import { toLower } from './characters.ts';
import type { FunctionModule } from './module.ts';

export type LikeMatcher = (text: string) => boolean;

/** Between two `%`: literal text and numbers of `_`, in turn. */
type Piece = readonly (string | number)[];

function trailingEscape(): Error {
  return sqlError('22025', 'LIKE pattern must not end with escape character');
}

/** Splits at `%`; the answer has one piece more than there are `%` signs (runs of them count once). */
function parsePattern(pattern: string): Piece[] {
  const pieces: (string | number)[][] = [[]];
  let literal = '';
  const flush = (): (string | number)[] => {
    const piece = pieces[pieces.length - 1];
    if (literal !== '') piece.push(literal);
    literal = '';
    return piece;
  };
  for (let i = 0; i < pattern.length; i++) {
    const c = pattern[i];
    if (c === '\\') {
      if (++i >= pattern.length) throw trailingEscape();
      literal += pattern[i];
    } else if (c === '_') {
      const piece = flush();
      const last = piece.length - 1;
      if (typeof piece[last] === 'number') piece[last] = (piece[last] as number) + 1;
      else piece.push(1);
    } else if (c === '%') {
      flush();
      if (pieces.length === 1 || pieces[pieces.length - 1].length > 0) pieces.push([]);
    } else {
      literal += c;
    }
  }
  flush();
  return pieces;
}

/** Matches a piece at a position; answers the position behind it, or -1. */
function matchAt(piece: Piece, text: string, position: number): number {
  for (const part of piece) {
    if (typeof part === 'string') {
      if (!text.startsWith(part, position)) return -1;
      position += part.length;
    } else {
      for (let i = 0; i < part; i++) {
        if (position >= text.length) return -1;
        position += (text.charCodeAt(position) & 0xfc00) === 0xd800 ? 2 : 1;
      }
    }
  }
  return position;
}

/** Finds a piece at or after a position; answers the position behind it, or -1. */
function findPiece(piece: Piece, text: string, position: number): number {
  if (piece.length === 1 && typeof piece[0] === 'string') {
    const found = text.indexOf(piece[0], position);
    return found < 0 ? -1 : found + piece[0].length;
  }
  for (; position <= text.length; position++) {
    if ((text.charCodeAt(position) & 0xfc00) === 0xdc00) continue;
    const end = matchAt(piece, text, position);
    if (end >= 0) return end;
  }
  return -1;
}

/** True when the piece matches up to the very end, starting no earlier than `position`. */
function endsWithPiece(piece: Piece, text: string, position: number): boolean {
  if (piece.length === 0) return true;
  if (piece.length === 1 && typeof piece[0] === 'string') {
    return text.length - piece[0].length >= position && text.endsWith(piece[0]);
  }
  for (let start = text.length; start >= position; start--) {
    if ((text.charCodeAt(start) & 0xfc00) === 0xdc00) continue;
    const end = matchAt(piece, text, start);
    if (end === text.length) return true;
    if (end >= 0) return false; // a piece has one length in characters: further left it would end before the end
  }
  return false;
}

function literalOf(piece: Piece): string | null {
  if (piece.length === 0) return '';
  return piece.length === 1 && typeof piece[0] === 'string' ? piece[0] : null;
}

export function compileLike(pattern: string): LikeMatcher {
  if (/(?<!\\)(?:\\\\)*\\$/.test(pattern))
    return (text) => matchesStepwise(Array.from(text), 0, Array.from(pattern), 0) === true;
  const pieces = parsePattern(pattern);
  const first = pieces[0];
  const last = pieces[pieces.length - 1];
  const firstLiteral = literalOf(first);
  const lastLiteral = literalOf(last);
  if (pieces.length === 1) {
    if (firstLiteral !== null) return (text) => text === firstLiteral;
    return (text) => matchAt(first, text, 0) === text.length;
  }
  if (firstLiteral !== null && lastLiteral !== null) {
    if (pieces.length === 2) {
      if (lastLiteral === '') return (text) => text.startsWith(firstLiteral);
      if (firstLiteral === '') return (text) => text.endsWith(lastLiteral);
    }
    const middle = pieces.length === 3 ? literalOf(pieces[1]) : null;
    if (middle !== null && firstLiteral === '' && lastLiteral === '') return (text) => text.includes(middle);
  }
  return (text) => {
    let position = matchAt(first, text, 0);
    for (let i = 1; i < pieces.length - 1 && position >= 0; i++) position = findPiece(pieces[i], text, position);
    return position >= 0 && endsWithPiece(last, text, position);
  };
}

/**
 * A pattern that ends with its escape character, which is an error where matching comes to it with text left: character by
 * character, as PostgreSQL's LIKE_MatchText does. `null`: the text ended before the pattern, whatever is tried for an earlier `%`.
 */
function matchesStepwise(
  text: readonly string[],
  textStart: number,
  pattern: readonly string[],
  start: number,
): boolean | null {
  let t = textStart;
  let p = start;
  for (; t < text.length && p < pattern.length; t++, p++) {
    if (pattern[p] === '\\') {
      if (++p >= pattern.length) throw trailingEscape();
      if (pattern[p] !== text[t]) return false;
    } else if (pattern[p] === '%') return matchesAfterPercent(text, t, pattern, p + 1);
    else if (pattern[p] !== '_' && pattern[p] !== text[t]) return false;
  }
  if (t < text.length) return false;
  while (pattern[p] === '%') p++;
  return p >= pattern.length ? true : null;
}

function matchesAfterPercent(
  text: readonly string[],
  textStart: number,
  pattern: readonly string[],
  start: number,
): boolean | null {
  let t = textStart;
  let p = start;
  for (; pattern[p] === '%' || pattern[p] === '_'; p++) {
    if (pattern[p] === '%') continue;
    if (t >= text.length) return null;
    t++;
  }
  if (p >= pattern.length) return true;
  if (pattern[p] === '\\' && p + 1 >= pattern.length) throw trailingEscape();
  const first = pattern[p] === '\\' ? pattern[p + 1] : pattern[p];
  for (; t < text.length; t++) {
    if (text[t] !== first) continue;
    const found = matchesStepwise(text, t, pattern, p);
    if (found !== false) return found;
  }
  return null;
}

/** Compiled patterns, oldest forgotten first. Most statements use one or two. */
class MatcherCache {
  private readonly compile: (pattern: string) => LikeMatcher;
  private readonly matchers = new Map<string, LikeMatcher>();
  private lastPattern: string | null = null;
  private lastMatcher: LikeMatcher = () => false;

  constructor(compile: (pattern: string) => LikeMatcher) {
    this.compile = compile;
  }

  get(pattern: string): LikeMatcher {
    if (pattern === this.lastPattern) return this.lastMatcher;
    let matcher = this.matchers.get(pattern);
    if (matcher === undefined) {
      matcher = this.compile(pattern);
      if (this.matchers.size >= 256) this.matchers.delete(this.matchers.keys().next().value as string);
      this.matchers.set(pattern, matcher);
    }
    this.lastPattern = pattern;
    this.lastMatcher = matcher;
    return matcher;
  }
}

/** ILIKE where letters have lower case of their own. */
export function ilikeBy(lower: (text: string) => string): (text: string, pattern: string) => boolean {
  const cache = new MatcherCache((pattern) => {
    const matcher = compileLike(lower(pattern));
    return (text) => matcher(lower(text));
  });
  return (text, pattern) => cache.get(pattern)(text);
}

const likeCache = new MatcherCache(compileLike);

function like(text: string, pattern: string): boolean {
  return likeCache.get(pattern)(text);
}

const notLike = (text: string, pattern: string): boolean => !likeCache.get(pattern)(text);
const ilike = ilikeBy(toLower);
const notIlike = (text: string, pattern: string): boolean => !ilike(text, pattern);

/** LIKE ... ESCAPE: rewrites the pattern to one with backslash as escape; an empty escape means none. */
function likeEscape(pattern: string, escapeText: string): string {
  if (escapeText === '') return pattern.replaceAll('\\', '\\\\');
  if (Array.from(escapeText).length !== 1) {
    throw sqlError('22025', 'invalid escape string', { hint: 'Escape string must be empty or one character.' });
  }
  if (escapeText === '\\') return pattern;
  let result = '';
  let afterEscape = false;
  for (const c of pattern) {
    if (c === escapeText && !afterEscape) {
      result += '\\';
      afterEscape = true;
    } else {
      result += c === '\\' && !afterEscape ? '\\\\' : c;
      afterEscape = false;
    }
  }
  return result;
}

const asLatin1 = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');

/** Patterns over bytes: latin1 keeps one character per byte. */
const byteaLike = (value: Uint8Array, pattern: Uint8Array): boolean => like(asLatin1(value), asLatin1(pattern));

export const likeFunctions: FunctionModule = {
  plain: {
    textlike: like,
    textnlike: notLike,
    namelike: like,
    namenlike: notLike,
    texticlike: ilike,
    texticnlike: notIlike,
    nameiclike: ilike,
    nameicnlike: notIlike,
    bytealike: byteaLike,
    byteanlike: (value: Uint8Array, pattern: Uint8Array) => !byteaLike(value, pattern),
    like_escape: likeEscape,
    like_escape_bytea: (pattern: Uint8Array, escapeText: Uint8Array) =>
      new Uint8Array(Buffer.from(likeEscape(asLatin1(pattern), asLatin1(escapeText)), 'latin1')),
  },
};
