/**
 * The text form of arrays: {1,NULL,"a b"}, [0:1]={a,b}, {{1,2},{3,4}}. The reader is PostgreSQL's state machine, so that the
 * details of its errors are the same; it reads in one pass what PostgreSQL counts first.
 */
import { ARRAY_DIMENSIONS_MAX, SqlArray, sameNumbers } from './array.ts';
import { type SqlError, sqlError } from './errors.ts';
import { replaceEach } from './replace-each.ts';
import type { Value } from './value.ts';

function isArraySpace(code: number): boolean {
  return code === 32 || (code >= 9 && code <= 13);
}

/** `output` gives the text of a non-null element. */
export function outputArray(array: SqlArray, delimiter: string, output: (value: Value) => string): string {
  const { elements, dimensions, lowerBounds } = array;
  if (dimensions.length === 0) return '{}';
  let prefix = '';
  if (lowerBounds.some((bound) => bound !== 1)) {
    for (let i = 0; i < dimensions.length; i++) prefix += `[${lowerBounds[i]}:${lowerBounds[i] + dimensions[i] - 1}]`;
    prefix += '=';
  }
  const delimiterCode = delimiter.charCodeAt(0);
  if (dimensions.length === 1) {
    let text = prefix + '{';
    for (let i = 0; i < elements.length; i++) {
      if (i > 0) text += delimiter;
      const element = elements[i];
      text += element === null ? 'NULL' : quoteElement(output(element), delimiterCode);
    }
    return text + '}';
  }
  let next = 0;
  const level = (dimension: number): string => {
    if (dimension === dimensions.length) {
      const element = elements[next++];
      return element === null ? 'NULL' : quoteElement(output(element), delimiterCode);
    }
    let text = '{';
    for (let i = 0; i < dimensions[dimension]; i++) text += (i === 0 ? '' : delimiter) + level(dimension + 1);
    return text + '}';
  };
  return prefix + level(0);
}

function quoteElement(text: string, delimiterCode: number): string {
  const { length } = text;
  let needsQuotes = length === 0 || (length === 4 && text.toUpperCase() === 'NULL');
  let needsEscapes = false;
  for (let i = 0; i < length; i++) {
    const code = text.charCodeAt(i);
    if (code === 34 || code === 92) needsEscapes = true;
    else if (code === 123 || code === 125 || code === delimiterCode || isArraySpace(code)) needsQuotes = true;
  }
  if (needsEscapes) return '"' + replaceEach(text, /["\\]/g, '\\$&') + '"';
  return needsQuotes ? '"' + text + '"' : text;
}

type State =
  | 'start'
  | 'element'
  | 'quoted'
  | 'quoted end'
  | 'element delimited'
  | 'level started'
  | 'level ended'
  | 'level delimited';

class ArrayReader {
  readonly text: string;
  readonly delimiter: number;
  position = 0;
  readonly texts: (string | null)[] = [];
  /** Members of each dimension, once a level of it has ended; -1 before. */
  readonly lengths: number[] = [];

  constructor(text: string, delimiter: string) {
    this.text = text;
    this.delimiter = delimiter.charCodeAt(0);
  }

  malformed(detail: string): SqlError {
    return sqlError('22P02', `malformed array literal: "${this.text}"`, { detail });
  }

  skipSpace(): void {
    while (isArraySpace(this.text.charCodeAt(this.position))) this.position++;
  }

  /** [l:u][l:u]... */
  readBounds(): { dimensions: number[]; lowerBounds: number[] } {
    const dimensions: number[] = [];
    const lowerBounds: number[] = [];
    for (;;) {
      this.skipSpace();
      if (this.text[this.position] !== '[') return { dimensions, lowerBounds };
      this.position++;
      if (dimensions.length >= ARRAY_DIMENSIONS_MAX) throw tooManyDimensions(dimensions.length + 1);
      let lower = 1;
      let upper = this.#readBound('"[" must introduce explicitly-specified array dimensions.');
      if (this.text[this.position] === ':') {
        this.position++;
        lower = upper;
        upper = this.#readBound('Missing array dimension value.');
      }
      if (this.text[this.position] !== ']') throw this.malformed('Missing "]" after array dimensions.');
      this.position++;
      if (upper < lower) throw sqlError('2202E', 'upper bound cannot be less than lower bound');
      dimensions.push(upper - lower + 1);
      lowerBounds.push(lower);
    }
  }

  #readBound(missing: string): number {
    const match = /^[-+0-9]+/.exec(this.text.slice(this.position, this.position + 20));
    if (match === null) throw this.malformed(missing);
    this.position += match[0].length;
    return Number.parseInt(match[0], 10) || 0;
  }

  /** The braces and what is in them, up to the end of the text. One state machine over the characters, after PostgreSQL's ReadArrayStr. */
  readContents(): void {
    const { text, texts, lengths } = this;
    const counts: number[] = [];
    let state: State = 'start';
    /** The element being read: its text so far, and how much of it stays when blanks at its end are cut. */
    let element = '';
    let keep = 0;
    let hasEscape = false;
    const finishElement = (): void => {
      if (state === 'element') {
        const value = element.slice(0, keep);
        texts.push(!hasEscape && value.length === 4 && value.toUpperCase() === 'NULL' ? null : value);
      } else if (state === 'quoted end') texts.push(element);
      else return;
      counts[counts.length - 1]++;
      element = '';
      keep = 0;
      hasEscape = false;
    };
    for (; ; this.position++) {
      const code = text.charCodeAt(this.position);
      if (this.position >= text.length) throw this.malformed('Unexpected end of input.');
      if (code === 92) {
        if (state !== 'level started' && state !== 'element' && state !== 'quoted' && state !== 'element delimited') {
          throw this.malformed('Unexpected "\\" character.');
        }
        if (state !== 'quoted') state = 'element';
        this.position++;
        if (this.position >= text.length) throw this.malformed('Unexpected end of input.');
        element += text[this.position];
        keep = element.length;
        hasEscape = true;
      } else if (code === 34) {
        if (state === 'quoted') state = 'quoted end';
        else if (state === 'level started' || state === 'element delimited') state = 'quoted';
        else throw this.malformed('Unexpected array element.');
      } else if (state === 'quoted') {
        element += text[this.position];
      } else if (code === 123) {
        if (state !== 'start' && state !== 'level started' && state !== 'level delimited') {
          throw this.malformed('Unexpected "{" character.');
        }
        if (counts.length >= ARRAY_DIMENSIONS_MAX) throw tooManyDimensions(counts.length + 1);
        state = 'level started';
        counts.push(0);
        if (lengths.length < counts.length) lengths.push(-1);
      } else if (code === 125) {
        const isEmpty = counts.length === 1 && state === 'level started';
        if (!isEmpty && state !== 'element' && state !== 'quoted end' && state !== 'level ended') {
          throw this.malformed('Unexpected "}" character.');
        }
        finishElement();
        state = 'level ended';
        const count = counts.pop() as number;
        if (lengths[counts.length] >= 0 && lengths[counts.length] !== count) {
          throw this.malformed('Multidimensional arrays must have sub-arrays with matching dimensions.');
        }
        lengths[counts.length] = count;
        if (counts.length === 0) break;
        counts[counts.length - 1]++;
      } else if (code === this.delimiter) {
        if (state !== 'element' && state !== 'quoted end' && state !== 'level ended') {
          throw this.malformed(`Unexpected "${text[this.position]}" character.`);
        }
        finishElement();
        state = state === 'level ended' ? 'level delimited' : 'element delimited';
      } else if (isArraySpace(code)) {
        if (state === 'element') element += text[this.position];
      } else {
        if (state !== 'level started' && state !== 'element' && state !== 'element delimited') {
          throw this.malformed('Unexpected array element.');
        }
        state = 'element';
        element += text[this.position];
        keep = element.length;
      }
    }
    this.position++;
    this.skipSpace();
    if (this.position < text.length) throw this.malformed('Junk after closing right brace.');
  }
}

function tooManyDimensions(count: number): SqlError {
  return sqlError(
    '54000',
    `number of array dimensions (${count}) exceeds the maximum allowed (${ARRAY_DIMENSIONS_MAX})`,
  );
}

/** `input` reads the text of an element. */
export function inputArray(
  text: string,
  elementOid: number,
  delimiter: string,
  input: (text: string) => Value,
): SqlArray {
  const reader = new ArrayReader(text, delimiter);
  const bounds = reader.readBounds();
  if (bounds.dimensions.length > 0) {
    if (text[reader.position] !== '=') throw reader.malformed('Missing "=" after array dimensions.');
    reader.position++;
    reader.skipSpace();
    if (text[reader.position] !== '{') throw reader.malformed('Array contents must start with "{".');
  } else if (text[reader.position] !== '{') {
    throw reader.malformed('Array value must start with "{" or dimension information.');
  }
  reader.readContents();
  if (bounds.dimensions.length > 0) {
    if (!sameNumbers(bounds.dimensions, reader.texts.length === 0 ? [] : reader.lengths)) {
      throw reader.malformed('Specified array dimensions do not match array contents.');
    }
  }
  const elements: Value[] = reader.texts.map((element) => (element === null ? null : input(element)));
  const lowerBounds = bounds.dimensions.length > 0 ? bounds.lowerBounds : undefined;
  return new SqlArray(elementOid, elements, reader.lengths, lowerBounds);
}
