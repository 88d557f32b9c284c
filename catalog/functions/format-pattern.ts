/**
 * Template patterns of to_char, to_date, to_timestamp and to_number: the format text cut into keywords, literal characters
 * and separators. After PostgreSQL's parse_format() (src/backend/utils/adt/formatting.c). Parsed patterns are cached.
 */
import { sqlError } from '../../types/errors.ts';

export interface PatternKeyword {
  /** As the table of keywords has it, in the case in which it was written. */
  readonly name: string;
  /** The same in capitals. */
  readonly upper: string;
  /** Input of this field is digits only, so that a field before it must not read on. */
  readonly isDigits: boolean;
}

export interface PatternNode {
  readonly kind: 'keyword' | 'character' | 'separator' | 'space';
  /** Literal character; '' for keywords. */
  readonly text: string;
  /** Keyword as it is written, '' for the rest. */
  readonly keyword: string;
  /** The same in capitals. */
  readonly name: string;
  readonly isDigits: boolean;
  readonly fillMode: boolean;
  readonly ordinal: '' | 'TH' | 'th';
  readonly translated: boolean;
}

export interface KeywordTable {
  /** Longest first among those that begin alike. */
  readonly keywords: readonly PatternKeyword[];
  /** Dates have FM, TM, TH and separators; numbers have FM and TH as keywords of their own. */
  readonly isDate: boolean;
  /** As in the SQL standard: outside quotes only some separators may stand between the fields. */
  readonly isStandard?: boolean;
  readonly cache: Map<string, readonly PatternNode[]>;
}

/** The same text as V8 keeps names of properties: those it compares by their address, as a switch over them does for each field of each row. */
function internalized(text: string): string {
  return Object.keys({ [text]: true })[0];
}

export function keywordTable(names: string, digitNames: string, isDate: boolean): KeywordTable {
  const digits = new Set(digitNames.split(' '));
  const keywords = names.split(' ').map((name) => {
    const upper = internalized(name.toUpperCase());
    return { name, upper, isDigits: digits.has(upper) };
  });
  keywords.sort((a, b) => b.name.length - a.name.length);
  return { keywords, isDate, cache: new Map() };
}

const CACHE_SIZE = 64;
/** Longer ones are not kept. */
const CACHED_LENGTH_MAX = 1000;
/** A pattern takes some hundred bytes for each character. */
const LENGTH_MAX = 1_000_000;

export function parsePattern(format: string, table: KeywordTable): readonly PatternNode[] {
  if (format.length > LENGTH_MAX) {
    throw sqlError('54000', 'format string is too long', { detail: `It may have at most ${LENGTH_MAX} characters.` });
  }
  if (format.length > CACHED_LENGTH_MAX) return parse(format, table);
  let nodes = table.cache.get(format);
  if (nodes === undefined) {
    nodes = parse(format, table);
    if (table.cache.size >= CACHE_SIZE) table.cache.delete(table.cache.keys().next().value as string);
    table.cache.set(format, nodes);
  }
  return nodes;
}

/** Printable ASCII that is no letter and no digit. */
export function isSeparator(c: string): boolean {
  const code = c.charCodeAt(0);
  if (!(code > 32 && code < 127)) return false;
  const letter = code | 32;
  return !((code >= 48 && code <= 57) || (letter >= 97 && letter <= 122));
}

export function isSpace(c: string): boolean {
  return c === ' ' || (c >= '\t' && c <= '\r');
}

const STANDARD_SEPARATORS = new Set("-./,':; ");

function literal(text: string, kind: PatternNode['kind']): PatternNode {
  return { kind, text, keyword: '', name: '', isDigits: false, fillMode: false, ordinal: '', translated: false };
}

function parse(format: string, table: KeywordTable): PatternNode[] {
  const nodes: PatternNode[] = [];
  let i = 0;
  while (i < format.length) {
    let fillMode = false;
    let translated = false;
    if (table.isDate) {
      const prefix = format.slice(i, i + 2);
      if (prefix === 'FM' || prefix === 'fm') fillMode = true;
      else if (prefix === 'TM' || prefix === 'tm') translated = true;
      if (fillMode || translated) i += 2;
      if (i >= format.length) break;
    }
    const keyword = table.keywords.find(({ name }) => format.startsWith(name, i));
    if (keyword !== undefined) {
      i += keyword.name.length;
      let ordinal: PatternNode['ordinal'] = '';
      if (table.isDate) {
        const suffix = format.slice(i, i + 2);
        if (suffix === 'TH' || suffix === 'th') ordinal = suffix;
        if (ordinal !== '' || suffix === 'SP') i += 2;
      }
      const { name, upper, isDigits } = keyword;
      const shared = { name: upper, isDigits, fillMode, ordinal, translated };
      nodes.push({ kind: 'keyword', text: '', keyword: name, ...shared });
    } else if (format[i] === '"') {
      i = parseQuoted(format, i + 1, nodes);
    } else if (table.isStandard) {
      const c = String.fromCodePoint(format.codePointAt(i) as number);
      if (!STANDARD_SEPARATORS.has(c)) throw sqlError('22007', `invalid datetime format separator: "${c}"`);
      nodes.push(literal(c, c === ' ' ? 'space' : 'separator'));
      i++;
    } else {
      // Outside quotes a backslash means something only before a double quote.
      if (format[i] === '\\' && format[i + 1] === '"') i++;
      const c = String.fromCodePoint(format.codePointAt(i) as number);
      nodes.push(literal(c, table.isDate && isSeparator(c) ? 'separator' : isSpace(c) ? 'space' : 'character'));
      i += c.length;
    }
  }
  return nodes;
}

/** From behind the opening quote to behind the closing one. */
function parseQuoted(format: string, start: number, nodes: PatternNode[]): number {
  let i = start;
  while (i < format.length) {
    if (format[i] === '"') return i + 1;
    if (format[i] === '\\' && i + 1 < format.length) i++;
    const c = String.fromCodePoint(format.codePointAt(i) as number);
    nodes.push(literal(c, 'character'));
    i += c.length;
  }
  return i;
}

/** st, nd, rd or th after a number's digits. */
export function ordinalSuffix(digits: string, upper: boolean): string {
  const last = digits[digits.length - 1] ?? '';
  if (!/[0-9]/.test(last)) throw sqlError('22P02', `"${digits}" is not a number`);
  const teen = digits.length > 1 && digits[digits.length - 2] === '1';
  const suffix = teen ? 'th' : last === '1' ? 'st' : last === '2' ? 'nd' : last === '3' ? 'rd' : 'th';
  return upper ? suffix.toUpperCase() : suffix;
}
