/** Flags of regular expressions: of the functions' last argument, and embedded at the start of a pattern. */
import { type SqlError, sqlError } from '../../../types/errors.ts';

/**
 * The four kinds of patterns. `advanced` is the usual one; `extended` has no escapes and no shortest quantifiers; in `basic` the
 * operators are \( \) \{ \} and *; `literal` is plain text.
 */
export type RegexSyntax = 'advanced' | 'extended' | 'basic' | 'literal';

/** Which characters have a class and another case: Unicode's, or those of ASCII alone, as under the collation C. */
export type Letters = 'unicode' | 'ascii';

export interface RegexOptions {
  readonly letters: Letters;
  ignoreCase: boolean;
  /** `.` and negated brackets do not match newline. */
  newlineStops: boolean;
  /** ^ and $ match at newlines. */
  newlineAnchors: boolean;
  /** White space and # comments in the pattern are ignored. */
  expanded: boolean;
  syntax: RegexSyntax;
}

export function invalid(reason: string): SqlError {
  return sqlError('2201B', `invalid regular expression: ${reason}`);
}

export function plainOptions(ignoreCase: boolean, letters: Letters = 'unicode'): RegexOptions {
  return { letters, ignoreCase, newlineStops: false, newlineAnchors: false, expanded: false, syntax: 'advanced' };
}

/** JavaScript would take all of Unicode's letters for the same in either case: of ASCII's alone the source says both. */
export function foldsInSource({ ignoreCase, letters }: RegexOptions): boolean {
  return ignoreCase && letters === 'ascii';
}

/** One letter of the PostgreSQL manual's table of ARE embedded options; answers false if there is no such. */
export function applyOption(letter: string, options: RegexOptions): boolean {
  switch (letter) {
    case 'i':
    case 'c':
      options.ignoreCase = letter === 'i';
      return true;
    case 'm':
    case 'n':
      options.newlineStops = true;
      options.newlineAnchors = true;
      return true;
    case 'p':
      options.newlineStops = true;
      options.newlineAnchors = false;
      return true;
    case 's':
      options.newlineStops = false;
      options.newlineAnchors = false;
      return true;
    case 'w':
      options.newlineStops = false;
      options.newlineAnchors = true;
      return true;
    case 't':
    case 'x':
      options.expanded = letter === 'x';
      return true;
    case 'q':
      options.syntax = 'literal';
      return true;
    case 'b':
      options.syntax = 'basic';
      return true;
    case 'e':
      options.syntax = 'extended';
      return true;
    default:
      return false;
  }
}

/** A letter of a function's flags. PostgreSQL 15 takes e for b there. */
export function applyFlag(letter: string, options: RegexOptions): boolean {
  return applyOption(letter === 'e' ? 'b' : letter, options);
}

/** Options that a plain text cannot have. */
export function checkOptions({ syntax, expanded, newlineStops, newlineAnchors }: RegexOptions): void {
  if (syntax === 'literal' && (expanded || newlineStops || newlineAnchors)) {
    throw invalid('invalid argument to regex function');
  }
}

/** `***=`, `***:` and `(?options)` at the start of a pattern. Answers what follows them. */
export function readPrefixes(pattern: string, options: RegexOptions): string {
  if (options.syntax === 'literal') return pattern;
  let rest = pattern;
  if (rest.startsWith('***=')) {
    makeLiteral(options);
    return rest.slice(4);
  }
  if (rest.startsWith('***:')) {
    options.syntax = 'advanced';
    rest = rest.slice(4);
  } else if (rest.startsWith('***?')) {
    throw invalid('invalid regexp (reg version 0.8)');
  } else if (rest.startsWith('***') && rest.length > 3) {
    throw invalid('quantifier operand invalid');
  }
  // Basic and extended ones have none embedded.
  if (options.syntax !== 'advanced') return rest;
  const match = /^\(\?([A-Za-z]+)(\)?)/.exec(rest);
  if (match === null) return rest;
  if (![...match[1]].every((letter) => applyOption(letter, options)) || match[2] === '') {
    throw invalid('invalid embedded option');
  }
  if (isLiteral(options)) makeLiteral(options);
  return rest.slice(match[0].length);
}

function isLiteral({ syntax }: RegexOptions): boolean {
  return syntax === 'literal';
}

function makeLiteral(options: RegexOptions): void {
  options.syntax = 'literal';
  options.expanded = false;
  options.newlineStops = false;
  options.newlineAnchors = false;
}
