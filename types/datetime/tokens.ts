/**
 * Cuts the text of a date, time or interval into fields, and knows the words that may be among them. After PostgreSQL's
 * ParseDateTime and its token tables; which reading a field gets is decided later, from what is known by then.
 */

/** What is wrong with a text; the caller, who knows the type, makes it an error. */
export class ParseFailure {
  readonly kind: 'format' | 'field' | 'month or day' | 'displacement' | 'interval';

  constructor(kind: ParseFailure['kind']) {
    this.kind = kind;
  }
}

export const badFormat = (): ParseFailure => new ParseFailure('format');
export const fieldOverflow = (): ParseFailure => new ParseFailure('field');

export type FieldType = 'number' | 'date' | 'time' | 'string' | 'special' | 'tz';

export interface Field {
  readonly type: FieldType;
  /** Letters in lower case. */
  readonly text: string;
}

const FIELDS_MAX = 25;

export function isDigit(code: number): boolean {
  return code >= 48 && code <= 57;
}

export function isAlpha(code: number): boolean {
  return (code >= 97 && code <= 122) || (code >= 65 && code <= 90);
}

function isSpace(code: number): boolean {
  return code === 32 || (code >= 9 && code <= 13);
}

function isPunctuation(code: number): boolean {
  return code > 32 && code < 127 && !isDigit(code) && !isAlpha(code);
}

const DOT = 46;
const COLON = 58;
const MINUS = 45;
const PLUS = 43;
const SLASH = 47;
const UNDERSCORE = 95;

/** First index from `i` on whose character is not wanted. */
function skip(text: string, i: number, wanted: (code: number) => boolean): number {
  while (i < text.length && wanted(text.charCodeAt(i))) i++;
  return i;
}

export function splitFields(text: string): Field[] {
  const fields: Field[] = [];
  for (let i = 0; i < text.length; ) {
    const code = text.charCodeAt(i);
    if (isSpace(code)) {
      i++;
      continue;
    }
    if (fields.length >= FIELDS_MAX) throw badFormat();
    let field: { type: FieldType; end: number };
    let sign = '';
    if (isDigit(code)) field = numericField(text, i);
    else if (code === DOT) field = { type: 'number', end: skip(text, i + 1, isDigit) };
    else if (isAlpha(code)) field = wordField(text, i);
    else if (code === PLUS || code === MINUS) {
      sign = text[i];
      i = skip(text, i + 1, isSpace);
      const next = text.charCodeAt(i);
      if (isDigit(next)) {
        field = { type: 'tz', end: skip(text, i, (c) => isDigit(c) || c === COLON || c === DOT || c === MINUS) };
      } else if (isAlpha(next)) field = { type: 'special', end: skip(text, i, isAlpha) };
      else throw badFormat();
    } else if (isPunctuation(code)) {
      i++;
      continue;
    } else throw badFormat();
    fields.push({ type: field.type, text: sign + text.slice(i, field.end).toLowerCase() });
    i = field.end;
  }
  return fields;
}

/** A field that begins with a digit: a time if a colon follows, a date if a date's separator does. */
function numericField(text: string, start: number): { type: FieldType; end: number } {
  const end = skip(text, start, isDigit);
  const delimiter = text.charCodeAt(end);
  if (delimiter === COLON) {
    return { type: 'time', end: skip(text, end + 1, (c) => isDigit(c) || c === COLON || c === DOT) };
  }
  if (delimiter !== MINUS && delimiter !== SLASH && delimiter !== DOT) return { type: 'number', end };
  const second = end + 1;
  if (!isDigit(text.charCodeAt(second))) {
    return { type: 'date', end: skip(text, second, (c) => isDigit(c) || isAlpha(c) || c === delimiter) };
  }
  const secondEnd = skip(text, second, isDigit);
  if (text.charCodeAt(secondEnd) !== delimiter) return { type: delimiter === DOT ? 'number' : 'date', end: secondEnd };
  return { type: 'date', end: skip(text, secondEnd + 1, (c) => isDigit(c) || c === delimiter) };
}

/** A word; with punctuation in it, it is a date with a month's name, or the name of a zone. */
function wordField(text: string, start: number): { type: FieldType; end: number } {
  const end = skip(text, start, isAlpha);
  const next = text.charCodeAt(end);
  const isDate =
    next === MINUS ||
    next === SLASH ||
    next === DOT ||
    ((next === PLUS || isDigit(next)) && dateWord(text.slice(start, end).toLowerCase()) === undefined);
  if (!isDate) return { type: 'string', end };
  const continues = (c: number): boolean =>
    isDigit(c) ||
    isAlpha(c) ||
    c === PLUS ||
    c === MINUS ||
    c === SLASH ||
    c === UNDERSCORE ||
    c === DOT ||
    c === COLON;
  return { type: 'date', end: skip(text, end + 1, continues) };
}

export type Unit =
  | 'microsecond'
  | 'millisecond'
  | 'second'
  | 'minute'
  | 'hour'
  | 'day'
  | 'week'
  | 'month'
  | 'quarter'
  | 'year'
  | 'decade'
  | 'century'
  | 'millennium'
  | 'julian'
  | 'time'
  | 'other';

export type DateWord =
  | { readonly kind: 'reserved'; readonly word: ReservedWord }
  | { readonly kind: 'month'; readonly value: number }
  | { readonly kind: 'weekday' }
  | { readonly kind: 'meridiem'; readonly isPm: boolean }
  | { readonly kind: 'era'; readonly isBc: boolean }
  | { readonly kind: 'ignored' }
  | { readonly kind: 'daylight modifier' }
  | { readonly kind: 'unit'; readonly unit: Unit }
  | { readonly kind: 'iso time' };

export type ReservedWord = 'now' | 'today' | 'tomorrow' | 'yesterday' | 'epoch' | 'infinity' | '-infinity' | 'allballs';

/** Words are compared by their first ten letters. */
const WORD_LENGTH = 10;

const dateWords = new Map<string, DateWord>();

function addWords(words: string, make: (word: string, index: number) => DateWord): void {
  words.split(' ').forEach((word, i) => {
    dateWords.set(word, make(word, i));
  });
}

addWords('now today tomorrow yesterday epoch infinity -infinity allballs', (word) => ({
  kind: 'reserved',
  word: word as ReservedWord,
}));
const MONTH_NAMES =
  'jan feb mar apr may jun jul aug sep oct nov dec january february march april may june july august september october november december';
addWords(MONTH_NAMES, (_word, i) => ({ kind: 'month', value: (i % 12) + 1 }));
dateWords.set('sept', { kind: 'month', value: 9 });
addWords(
  'sun mon tue wed thu fri sat sunday monday tuesday wednesday thursday friday saturday tues weds thur thurs',
  () => ({ kind: 'weekday' }),
);
dateWords.set('am', { kind: 'meridiem', isPm: false });
dateWords.set('pm', { kind: 'meridiem', isPm: true });
dateWords.set('ad', { kind: 'era', isBc: false });
dateWords.set('bc', { kind: 'era', isBc: true });
dateWords.set('at', { kind: 'ignored' });
dateWords.set('on', { kind: 'ignored' });
dateWords.set('dst', { kind: 'daylight modifier' });
dateWords.set('t', { kind: 'iso time' });
const FIELD_UNITS: readonly [string, Unit][] = [
  ['d', 'day'],
  ['h', 'hour'],
  ['m', 'month'],
  ['mm', 'minute'],
  ['s', 'second'],
  ['y', 'year'],
  ['j', 'julian'],
  ['jd', 'julian'],
  ['julian', 'julian'],
  ['dow', 'other'],
  ['doy', 'other'],
  ['isodow', 'other'],
  ['isoyear', 'other'],
];
for (const [word, unit] of FIELD_UNITS) dateWords.set(word, { kind: 'unit', unit });

/** A word of dates and times, in lower case. */
export function dateWord(word: string): DateWord | undefined {
  return dateWords.get(word.slice(0, WORD_LENGTH));
}

const UNIT_WORDS: readonly [Unit, string][] = [
  ['microsecond', 'microsecon us usec usecond useconds usecs'],
  ['millisecond', 'millisecon ms msec msecond mseconds msecs'],
  ['second', 's sec second seconds secs'],
  ['minute', 'm min mins minute minutes'],
  ['hour', 'h hour hours hr hrs'],
  ['day', 'd day days'],
  ['week', 'w week weeks'],
  ['month', 'mon mons month months'],
  ['quarter', 'qtr quarter'],
  ['year', 'y year years yr yrs'],
  ['decade', 'dec decade decades decs'],
  ['century', 'c cent centuries century'],
  ['millennium', 'mil millennia millennium mils'],
];

const intervalUnits = new Map<string, Unit>();
for (const [unit, words] of UNIT_WORDS) for (const word of words.split(' ')) intervalUnits.set(word, unit);

/** A unit of intervals, in lower case; 'week' and 'weeks' alike. */
export function intervalUnit(word: string): Unit | undefined {
  return intervalUnits.get(word.slice(0, WORD_LENGTH));
}

const INT32_MAX = 2147483647;

/** strtoint: an integer at the start of a text, and where it ends. Too large a one fails. */
export function leadingInteger(text: string, start: number): { value: number; end: number } {
  let i = start;
  const isNegative = text.charCodeAt(i) === MINUS;
  if (isNegative || text.charCodeAt(i) === PLUS) i++;
  const digits = i;
  let value = 0;
  for (; isDigit(text.charCodeAt(i)); i++) if (value <= INT32_MAX) value = value * 10 + text.charCodeAt(i) - 48;
  if (i === digits) return { value: 0, end: start };
  if (value > INT32_MAX) throw fieldOverflow();
  return { value: isNegative ? 0 - value : value, end: i };
}

/** The fraction that a text from its point on is: ".5"; "." is 0. */
export function parseFraction(text: string): number {
  if (text === '.') return 0;
  const match = /^\.\d*(?:[eE][+-]?\d+)?$/.exec(text);
  if (match === null) throw badFormat();
  return Number(text);
}

/** Rounds to the nearest integer, half to even, as C's rint does. */
export function rint(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  if (rest !== 0.5) return Math.round(value);
  return floor % 2 === 0 ? floor : floor + 1;
}
