/** Regular expressions: ~ and its family, and the regexp_* functions. Compiled expressions are kept in a cache. */
import { type SqlError, sqlError } from '../../types/errors.ts';
import { type SqlArray, textArray } from './array-values.ts';
import { characterCount, unitIndex } from './characters.ts';
import type { AnyFunction, FunctionModule } from './module.ts';
import { type CompiledRegex, compileRegex, type RegexMatch } from './regex/compile.ts';
import { applyFlag, type Letters, plainOptions, type RegexOptions } from './regex/options.ts';

/** Whether the pattern that was tested last is kept: most tests have the same for each row. */
function tester(options: RegexOptions): (text: string, pattern: string) => boolean {
  let lastPattern: string | null = null;
  let lastTest: CompiledRegex['test'] = /$^/;
  return (text, pattern) => {
    if (pattern !== lastPattern) {
      lastTest = compileRegex(pattern, options).test;
      lastPattern = pattern;
    }
    return lastTest.test(text);
  };
}

interface Flags {
  readonly options: RegexOptions;
  readonly global: boolean;
}

function endOf(match: RegexMatch): number {
  return match.index + (match[0] as string).length;
}

/** Where to search on after a match: an empty one moves a character ahead. */
function afterMatch(text: string, match: RegexMatch): number {
  const end = endOf(match);
  if (end > match.index) return end;
  return end + ((text.charCodeAt(end) & 0xfc00) === 0xd800 ? 2 : 1);
}

function* allMatches(regex: CompiledRegex, text: string, start: number): Generator<RegexMatch> {
  let position = start;
  while (position <= text.length) {
    const match = regex.find(text, position);
    if (match === null) return;
    position = afterMatch(text, match);
    yield match;
  }
}

/** Groups of a match, or the whole match when the expression has none: what regexp_match answers. */
function captures(match: RegexMatch, groupCount: number): SqlArray {
  if (groupCount === 0) return textArray([match[0] as string]);
  return textArray(match.slice(1, groupCount + 1).map((group) => group ?? null));
}

type Replacement = readonly (string | number)[];

/** Text and group numbers (0 the whole match) in turn. */
function parseReplacement(text: string): Replacement {
  if (!text.includes('\\')) return [text];
  const parts: (string | number)[] = [];
  let literal = '';
  for (let i = 0; i < text.length; i++) {
    const c = text[i];
    const next = text[i + 1];
    if (c !== '\\' || next === undefined) {
      literal += c;
    } else if (next === '&' || (next >= '1' && next <= '9')) {
      parts.push(literal, next === '&' ? 0 : Number(next));
      literal = '';
      i++;
    } else if (next === '\\') {
      literal += '\\';
      i++;
    } else {
      literal += c; // a backslash before anything else stands for itself
    }
  }
  parts.push(literal);
  return parts;
}

function fillReplacement(replacement: Replacement, match: RegexMatch): string {
  let result = '';
  for (const part of replacement) result += typeof part === 'string' ? part : (match[part] ?? '');
  return result;
}

/** Replaces match number `occurrence` (0: all) at or after `start`. */
function replaceMatches(
  text: string,
  regex: CompiledRegex,
  replacementText: string,
  start: number,
  occurrence: number,
): string {
  const replacement = parseReplacement(replacementText);
  let result = '';
  let copied = 0;
  let number = 0;
  for (const match of allMatches(regex, text, start)) {
    number++;
    if (occurrence > 0 && number !== occurrence) continue;
    result += text.slice(copied, match.index) + fillReplacement(replacement, match);
    copied = endOf(match);
    if (occurrence > 0) break;
  }
  return result + text.slice(copied);
}

function invalidParameter(name: string, value: number): SqlError {
  return sqlError('22023', `invalid value for parameter "${name}": ${value}`);
}

function nthMatch(text: string, regex: CompiledRegex, start: number, n: number): RegexMatch | null {
  if (start - 1 > characterCount(text)) return null;
  let number = 0;
  for (const match of allMatches(regex, text, unitIndex(text, start - 1))) {
    if (++number === n) return match;
  }
  return null;
}

/** Where nothing is captured the whole match is the first group as well. */
function groupAsked({ groupCount }: CompiledRegex, group: number): number {
  return groupCount === 0 && group === 1 ? 0 : group;
}

/**
 * SIMILAR TO's pattern as a regular expression: % and _ are wild, alternation and repetition are as they are, and up to two
 * escape-double-quotes mark the part that substring() answers. After PostgreSQL's similar_escape_internal().
 */
function similarToRegex(pattern: string, escapeText: string | null): string {
  if (escapeText !== null && characterCount(escapeText) > 1) {
    throw sqlError('22025', 'invalid escape string', { hint: 'Escape string must be empty or one character.' });
  }
  const escapeCharacter = escapeText ?? '\\';
  let result = '^(?:';
  let afterEscape = false;
  let depth = 0;
  /** Whether a ] would be one of the class: so it is at its beginning, behind a ^, too. */
  let isAtStart: boolean = false;
  let quotes = 0;
  for (const c of pattern) {
    if (afterEscape) {
      if (c === '"' && depth === 0) {
        if (quotes === 0) result += '){1,1}?(';
        else if (quotes === 1) result += '){1,1}(?:';
        else
          throw sqlError(
            '2200C',
            'SQL regular expression may not contain more than two escape-double-quote separators',
          );
        quotes++;
      } else {
        result += `\\${c}`;
        isAtStart = false;
      }
      afterEscape = false;
    } else if (c === escapeCharacter) {
      afterEscape = true;
    } else if (depth > 0) {
      if (c === '\\') result += '\\';
      result += c;
      if (c === ']' && !isAtStart) depth--;
      else if (c === '[') depth++;
      isAtStart = isAtStart && c === '^' && result.endsWith('[^');
    } else if (c === '[') {
      result += c;
      depth = 1;
      isAtStart = true;
    } else if (c === '%') {
      result += '.*';
    } else if (c === '_') {
      result += '.';
    } else if (c === '(') {
      result += '(?:';
    } else if (c === '\\' || c === '.' || c === '^' || c === '$') {
      result += `\\${c}`;
    } else {
      result += c;
    }
  }
  return `${result})$`;
}

/** The functions, where letters are those of `letters`. */
class RegexFunctions {
  readonly #letters: Letters;
  readonly #options: RegexOptions;

  constructor(letters: Letters) {
    this.#letters = letters;
    this.#options = plainOptions(false, letters);
  }

  #parseFlags(text: string): Flags {
    const options = plainOptions(false, this.#letters);
    let global = false;
    for (const letter of text) {
      if (letter === 'g') global = true;
      else if (!applyFlag(letter, options)) {
        throw sqlError('22023', `invalid regular expression option: "${letter}"`);
      }
    }
    return { options, global };
  }

  #withoutGlobal(functionName: string, text: string, hint?: string): RegexOptions {
    const { options, global } = this.#parseFlags(text);
    if (global) {
      throw sqlError('22023', `${functionName}() does not support the "global" option`, hint ? { hint } : {});
    }
    return options;
  }

  /** substring(text from pattern): the first group, or the whole match. */
  readonly substringByRegex = (text: string, pattern: string): string | null => {
    const regex = compileRegex(pattern, this.#options);
    const match = regex.find(text, 0);
    if (match === null) return null;
    return (regex.groupCount > 0 ? match[1] : match[0]) ?? null;
  };

  readonly regexpReplace = (text: string, pattern: string, replacement: string, flagText = ''): string => {
    if (/^[0-9]/.test(flagText)) {
      throw sqlError('22023', `invalid regular expression option: "${flagText[0]}"`, {
        hint: 'If you meant to use regexp_replace() with a start parameter, cast the fourth argument to integer explicitly.',
      });
    }
    const { options, global } = this.#parseFlags(flagText);
    return replaceMatches(text, compileRegex(pattern, options), replacement, 0, global ? 0 : 1);
  };

  readonly regexpReplaceExtended = (
    text: string,
    pattern: string,
    replacement: string,
    start: number,
    occurrence: number | null = 1,
    flagText = '',
  ): string => {
    if (start < 1) throw invalidParameter('start', start);
    if (occurrence !== null && occurrence < 0) throw invalidParameter('n', occurrence);
    const { options, global } = this.#parseFlags(flagText);
    // Without n, the flag g decides; with n it is ignored.
    const which = occurrence ?? (global ? 0 : 1);
    const position = unitIndex(text, start - 1);
    const regex = compileRegex(pattern, options);
    if (start - 1 > characterCount(text)) return text;
    return replaceMatches(text, regex, replacement, position, which);
  };

  readonly regexpMatch = (text: string, pattern: string, flagText = ''): SqlArray | null => {
    const options = this.#withoutGlobal('regexp_match', flagText, 'Use the regexp_matches function instead.');
    const regex = compileRegex(pattern, options);
    const match = regex.find(text, 0);
    return match === null ? null : captures(match, regex.groupCount);
  };

  readonly regexpMatches = (text: string, pattern: string, flagText = ''): SqlArray[] => {
    const { options, global } = this.#parseFlags(flagText);
    const regex = compileRegex(pattern, options);
    if (!global) {
      const match = regex.find(text, 0);
      return match === null ? [] : [captures(match, regex.groupCount)];
    }
    return Array.from(allMatches(regex, text, 0), (match) => captures(match, regex.groupCount));
  };

  /** Pieces between matches; empty matches at the ends or right behind another match do not count. */
  #split(functionName: string, text: string, pattern: string, flagText: string): string[] {
    const regex = compileRegex(pattern, this.#withoutGlobal(functionName, flagText));
    const pieces: string[] = [];
    let previousEnd = 0;
    for (const match of allMatches(regex, text, 0)) {
      const end = endOf(match);
      if (match.index >= text.length || end <= previousEnd) continue;
      pieces.push(text.slice(previousEnd, match.index));
      previousEnd = end;
    }
    pieces.push(text.slice(previousEnd));
    return pieces;
  }

  readonly regexpCount = (text: string, pattern: string, start = 1, flagText = ''): number => {
    if (start < 1) throw invalidParameter('start', start);
    const regex = compileRegex(pattern, this.#withoutGlobal('regexp_count', flagText));
    if (start - 1 > characterCount(text)) return 0;
    let count = 0;
    for (const _ of allMatches(regex, text, unitIndex(text, start - 1))) count++;
    return count;
  };

  readonly regexpInstr = (
    text: string,
    pattern: string,
    start = 1,
    n = 1,
    endOption = 0,
    flagText = '',
    group = 0,
  ): number => {
    if (start < 1) throw invalidParameter('start', start);
    if (n < 1) throw invalidParameter('n', n);
    if (endOption !== 0 && endOption !== 1) throw invalidParameter('endoption', endOption);
    if (group < 0) throw invalidParameter('subexpr', group);
    const regex = compileRegex(pattern, this.#withoutGlobal('regexp_instr', flagText));
    const match = nthMatch(text, regex, start, n);
    const found = match === null ? null : regex.spanOf(text, match, groupAsked(regex, group));
    return found === null ? 0 : characterCount(text.slice(0, found[endOption])) + 1;
  };

  readonly regexpSubstr = (
    text: string,
    pattern: string,
    start = 1,
    n = 1,
    flagText = '',
    group = 0,
  ): string | null => {
    if (start < 1) throw invalidParameter('start', start);
    if (n < 1) throw invalidParameter('n', n);
    if (group < 0) throw invalidParameter('subexpr', group);
    const regex = compileRegex(pattern, this.#withoutGlobal('regexp_substr', flagText));
    const match = nthMatch(text, regex, start, n);
    return match === null ? null : (match[groupAsked(regex, group)] ?? null);
  };

  readonly regexpLike = (text: string, pattern: string, flagText = ''): boolean => {
    return compileRegex(pattern, this.#withoutGlobal('regexp_like', flagText)).test.test(text);
  };

  readonly splitToArray = (text: string, pattern: string, flagText = ''): SqlArray =>
    textArray(this.#split('regexp_split_to_array', text, pattern, flagText));

  readonly splitToTable = (text: string, pattern: string, flagText = ''): string[] =>
    this.#split('regexp_split_to_table', text, pattern, flagText);
}

/** ~ and its family, by internal name. */
function testsBy(letters: Letters): Record<string, AnyFunction> {
  const matches = tester(plainOptions(false, letters));
  const matchesIgnoringCase = tester(plainOptions(true, letters));
  const not = (test: typeof matches) => (text: string, pattern: string) => !test(text, pattern);
  return {
    textregexeq: matches,
    textregexne: not(matches),
    nameregexeq: matches,
    nameregexne: not(matches),
    texticregexeq: matchesIgnoringCase,
    texticregexne: not(matchesIgnoringCase),
    nameicregexeq: matchesIgnoringCase,
    nameicregexne: not(matchesIgnoringCase),
  };
}

function searchesBy(letters: Letters): Record<string, AnyFunction> {
  const by = new RegexFunctions(letters);
  return {
    textregexsubstr: by.substringByRegex,
    substring_text_text_text: (text: string, pattern: string, escapeText: string) =>
      by.substringByRegex(text, similarToRegex(pattern, escapeText)),
    textregexreplace: by.regexpReplace,
    textregexreplace_noopt: by.regexpReplace,
    textregexreplace_extended: by.regexpReplaceExtended,
    textregexreplace_extended_no_flags: by.regexpReplaceExtended,
    textregexreplace_extended_no_n: by.regexpReplaceExtended,
    regexp_match: by.regexpMatch,
    regexp_match_no_flags: by.regexpMatch,
    regexp_matches: by.regexpMatches,
    regexp_matches_no_flags: by.regexpMatches,
    regexp_split_to_array: by.splitToArray,
    regexp_split_to_array_no_flags: by.splitToArray,
    regexp_split_to_table: by.splitToTable,
    regexp_split_to_table_no_flags: by.splitToTable,
    regexp_count: by.regexpCount,
    regexp_count_no_flags: by.regexpCount,
    regexp_count_no_start: by.regexpCount,
    regexp_instr: by.regexpInstr,
    regexp_instr_no_subexpr: by.regexpInstr,
    regexp_instr_no_flags: by.regexpInstr,
    regexp_instr_no_endoption: by.regexpInstr,
    regexp_instr_no_n: by.regexpInstr,
    regexp_instr_no_start: by.regexpInstr,
    regexp_like: by.regexpLike,
    regexp_like_no_flags: by.regexpLike,
    regexp_substr: by.regexpSubstr,
    regexp_substr_no_subexpr: by.regexpSubstr,
    regexp_substr_no_flags: by.regexpSubstr,
    regexp_substr_no_n: by.regexpSubstr,
    regexp_substr_no_start: by.regexpSubstr,
  };
}

/** What depends on which characters are letters, by internal name. */
export function regexFunctionsBy(letters: Letters): Record<string, AnyFunction> {
  return { ...testsBy(letters), ...searchesBy(letters) };
}

export const regexFunctions: FunctionModule = {
  plain: {
    ...regexFunctionsBy('unicode'),
    similar_escape: (pattern: string | null, escapeText: string | null) =>
      pattern === null ? null : similarToRegex(pattern, escapeText),
    similar_to_escape_1: (pattern: string) => similarToRegex(pattern, null),
    similar_to_escape_2: similarToRegex,
  },
};
