/** Text and binary forms of ranges and multiranges, made from those of their subtype. */
import { type BinaryReader, incorrectBinaryFormat } from './binary-reader.ts';
import type { ByteWriter } from './byte-writer.ts';
import { type Codec, sendSized } from './codec.ts';
import { type SqlError, sqlError } from './errors.ts';
import {
  LOWER_INCLUSIVE,
  LOWER_INFINITE,
  makeMultirange,
  makeRange,
  RANGE_EMPTY,
  type RangeType,
  type SqlMultirange,
  type SqlRange,
  UPPER_INCLUSIVE,
  UPPER_INFINITE,
} from './range.ts';
import { replaceEach } from './replace-each.ts';
import type { FormatSettings } from './settings.ts';
import type { Value } from './value.ts';

const ALL_FLAGS = RANGE_EMPTY | LOWER_INCLUSIVE | UPPER_INCLUSIVE | LOWER_INFINITE | UPPER_INFINITE;

function isSpace(character: string | undefined): boolean {
  return character !== undefined && /^[ \t\n\v\f\r]$/.test(character);
}

interface RangeParts {
  flags: number;
  lower: string | null;
  upper: string | null;
}

/** Takes a range literal apart: flags, and the texts of the bounds that are finite. */
class RangeScanner {
  readonly text: string;
  at = 0;

  constructor(text: string) {
    this.text = text;
  }

  malformed(detail: string): SqlError {
    return sqlError('22P02', `malformed range literal: "${this.text}"`, { detail });
  }

  skipSpace(): void {
    while (isSpace(this.text[this.at])) this.at++;
  }

  scan(): RangeParts {
    const { text } = this;
    const parts: RangeParts = { flags: 0, lower: null, upper: null };
    this.skipSpace();
    if (text.slice(this.at, this.at + 5).toLowerCase() === 'empty') {
      parts.flags = RANGE_EMPTY;
      this.at += 5;
      this.skipSpace();
      if (this.at < text.length) throw this.malformed('Junk after "empty" key word.');
      return parts;
    }
    const open = text[this.at++];
    if (open === '[') parts.flags |= LOWER_INCLUSIVE;
    else if (open !== '(') throw this.malformed('Missing left parenthesis or bracket.');
    parts.lower = this.bound();
    if (parts.lower === null) parts.flags |= LOWER_INFINITE;
    if (text[this.at] !== ',') throw this.malformed('Missing comma after lower bound.');
    this.at++;
    parts.upper = this.bound();
    if (parts.upper === null) parts.flags |= UPPER_INFINITE;
    const close = text[this.at++];
    if (close === ']') parts.flags |= UPPER_INCLUSIVE;
    else if (close !== ')') throw this.malformed('Too many commas.');
    this.skipSpace();
    if (this.at < text.length) throw this.malformed('Junk after right parenthesis or bracket.');
    return parts;
  }

  /** Null: nothing stands there, the bound is infinite. */
  bound(): string | null {
    const { text } = this;
    if (',)]'.includes(text[this.at] ?? ' ')) return null;
    let isQuoted = false;
    let result = '';
    for (;;) {
      const character = text[this.at];
      if (character === undefined) throw this.malformed('Unexpected end of input.');
      if (!isQuoted && (character === ',' || character === ')' || character === ']')) return result;
      this.at++;
      if (character === '\\') {
        if (this.at >= text.length) throw this.malformed('Unexpected end of input.');
        result += text[this.at++];
      } else if (character === '"') {
        if (isQuoted && text[this.at] === '"') {
          result += '"';
          this.at++;
        } else isQuoted = !isQuoted;
      } else result += character;
    }
  }
}

const NEEDS_QUOTES = /["\\()[\],\s]/;

function quoteBound(text: string): string {
  if (text !== '' && !NEEDS_QUOTES.test(text)) return text;
  return `"${replaceEach(text, /["\\]/g, '$&$&')}"`;
}

/** `bound` is the codec of the subtype. */
export function rangeCodec(type: RangeType, bound: Codec): Codec {
  return {
    output: (range: SqlRange, settings) => outputRange(range, bound, settings),
    input: (text, typmod, settings) => {
      const { flags, lower, upper } = new RangeScanner(text).scan();
      const low = lower === null ? null : bound.input(lower, typmod, settings);
      const high = upper === null ? null : bound.input(upper, typmod, settings);
      return makeRange(type, low, high, flags);
    },
    send: (range: SqlRange, writer) => sendRange(range, bound, writer),
    receive: (reader, typmod) => receiveRange(reader, type, bound, typmod),
  };
}

function outputRange(range: SqlRange, bound: Codec, settings: FormatSettings): string {
  const { flags, lower, upper } = range;
  if (range.isEmpty) return 'empty';
  const from = (flags & LOWER_INFINITE) !== 0 ? '' : quoteBound(bound.output(lower, settings));
  const to = (flags & UPPER_INFINITE) !== 0 ? '' : quoteBound(bound.output(upper, settings));
  return `${(flags & LOWER_INCLUSIVE) !== 0 ? '[' : '('}${from},${to}${(flags & UPPER_INCLUSIVE) !== 0 ? ']' : ')'}`;
}

function sendRange(range: SqlRange, bound: Codec, writer: ByteWriter): void {
  writer.uint8(range.flags);
  if ((range.flags & (RANGE_EMPTY | LOWER_INFINITE)) === 0) sendSized(bound, range.lower, writer);
  if ((range.flags & (RANGE_EMPTY | UPPER_INFINITE)) === 0) sendSized(bound, range.upper, writer);
}

/** What sendSized() has written. */
function receiveSized<T>(reader: BinaryReader, read: (part: BinaryReader) => T): T {
  const part = reader.part(reader.int32());
  const value = read(part);
  if (part.position !== part.end) throw incorrectBinaryFormat();
  return value;
}

function receiveRange(reader: BinaryReader, type: RangeType, bound: Codec, typmod: number): SqlRange {
  const flags = reader.uint8() & ALL_FLAGS;
  const read = (part: BinaryReader): Value => bound.receive(part, typmod);
  const lower = (flags & (RANGE_EMPTY | LOWER_INFINITE)) === 0 ? receiveSized(reader, read) : null;
  const upper = (flags & (RANGE_EMPTY | UPPER_INFINITE)) === 0 ? receiveSized(reader, read) : null;
  return makeRange(type, lower, upper, flags);
}

/** `range` is the codec of the ranges, `bound` that of their subtype. */
export function multirangeCodec(type: RangeType, range: Codec): Codec {
  return {
    output: (value: SqlMultirange, settings) =>
      `{${value.ranges.map((part) => range.output(part, settings)).join(',')}}`,
    input: (text, typmod, settings) => {
      const ranges: SqlRange[] = [];
      for (const part of splitMultirange(text)) ranges.push(range.input(part, typmod, settings));
      return makeMultirange(type, ranges);
    },
    send: (value: SqlMultirange, writer) => {
      writer.int32(value.ranges.length);
      for (const part of value.ranges) sendSized(range, part, writer);
    },
    receive: (reader, typmod) => {
      const count = reader.uint32();
      const ranges: SqlRange[] = [];
      for (let i = 0; i < count; i++) ranges.push(receiveSized(reader, (part) => range.receive(part, typmod)));
      return makeMultirange(type, ranges);
    },
  };
}

/** The literals of the ranges in a multirange's text, those of empty ones left out; what follows one is looked at when it has been read. */
function* splitMultirange(text: string): Generator<string> {
  const malformed = (detail: string): SqlError =>
    sqlError('22P02', `malformed multirange literal: "${text}"`, { detail });
  let at = 0;
  while (isSpace(text[at])) at++;
  if (text[at] !== '{') throw malformed('Missing left brace.');
  at++;
  let seen = 0;
  let begin = 0;
  let state: 'before' | 'in' | 'escaped' | 'quoted' | 'quoted escaped' | 'after' | 'finished' = 'before';
  for (; state !== 'finished'; at++) {
    const character = text[at];
    if (character === undefined) throw malformed('Unexpected end of input.');
    if (isSpace(character)) continue;
    switch (state) {
      case 'before':
        if (character === '[' || character === '(') {
          begin = at;
          state = 'in';
        } else if (character === '}' && seen === 0) state = 'finished';
        else if (text.slice(at, at + 5).toLowerCase() === 'empty') {
          seen++;
          at += 4;
          state = 'after';
        } else throw malformed('Expected range start.');
        break;
      case 'in':
        if (character === ']' || character === ')') {
          yield text.slice(begin, at + 1);
          seen++;
          state = 'after';
        } else if (character === '"') state = 'quoted';
        else if (character === '\\') state = 'escaped';
        break;
      case 'escaped':
        state = 'in';
        break;
      case 'quoted':
        if (character === '"') {
          if (text[at + 1] === '"') at++;
          else state = 'in';
        } else if (character === '\\') state = 'quoted escaped';
        break;
      case 'quoted escaped':
        state = 'quoted';
        break;
      case 'after':
        if (character === ',') state = 'before';
        else if (character === '}') state = 'finished';
        else throw malformed('Expected comma or end of multirange.');
        break;
    }
  }
  while (isSpace(text[at])) at++;
  if (at < text.length) throw malformed('Junk after closing right brace.');
}
