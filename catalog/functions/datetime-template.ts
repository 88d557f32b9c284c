/**
 * A text read along a template of dates and times, field by field. After PostgreSQL's DCH_from_char
 * (src/backend/utils/adt/formatting.c), whose odd rules about blanks and separators are kept.
 */
import { type SqlError, sqlError } from '../../types/errors.ts';
import { DAYS, MONTHS, ROMAN_MONTHS } from './format-datetime.ts';
import { isSeparator, isSpace, type PatternNode } from './format-pattern.ts';

/** What was read; 0 means not given, as in TmFromChar. */
export class Parsed {
  mode: '' | 'gregorian' | 'iso' = '';
  hh = 0;
  pm = 0;
  mi = 0;
  ss = 0;
  ssss = 0;
  d = 0;
  dd = 0;
  ddd = 0;
  mm = 0;
  ms = 0;
  us = 0;
  year = 0;
  yearDigits = 0;
  bc = 0;
  ww = 0;
  w = 0;
  cc = 0;
  j = 0;
  zoneSign = 0;
  zoneHours = 0;
  zoneMinutes = 0;
  twelveHours = false;
  /** Digits of FF1..FF6; -1 when there was none. */
  precision = -1;
}

export function formatError(message: string, detail?: string, hint?: string): SqlError {
  return sqlError('22007', message, { ...(detail ? { detail } : {}), ...(hint ? { hint } : {}) });
}

const FILL_MODE_HINT = 'If your source string is not fixed-width, try using the "FM" modifier.';

/** Digits that a field is read with when the next field begins with digits too. */
const FIELD_LENGTHS: Readonly<Record<string, number>> = { IDDD: 3, ID: 1, HH: 2, HH12: 2, HH24: 2, MS: 3, US: 6 };

const GREGORIAN = new Set('DDD DD D MM MON MONTH RM W WW Y,YYY YYYY YYY YY Y'.split(' '));
const ISO = new Set('IDDD ID IW IYYY IYY IY I'.split(' '));

/** No word of a field is longer. */
const WORD_MAX = 16;

/** What isSpace is asked, of a code; false behind the end. */
function isSpaceCode(code: number): boolean {
  return code === 32 || (code >= 9 && code <= 13);
}

function isDigit(code: number): boolean {
  return code >= 48 && code <= 57;
}

/** Behind the digits, and the sign before them, that stand there; `start` where there are none. */
function endOfInteger(text: string, start: number): number {
  const first = text.charCodeAt(start);
  const from = first === 43 || first === 45 ? start + 1 : start;
  let end = from;
  while (isDigit(text.charCodeAt(end))) end++;
  return end > from ? end : start;
}

/** Of digits, with a sign before them or not; NaN: there is something else. */
function digitsValue(text: string, start: number, end: number): number {
  const first = text.charCodeAt(start);
  let at = first === 43 || first === 45 ? start + 1 : start;
  if (at >= end) return Number.NaN;
  let value = 0;
  for (; at < end; at++) {
    const digit = text.charCodeAt(at) - 48;
    if (!(digit >= 0 && digit <= 9)) return Number.NaN;
    value = value * 10 + digit;
  }
  return first === 45 ? -value : value;
}

/** A field of that width, and its bytes: PostgreSQL counts bytes here. */
function firstBytes(text: string, start: number, wanted: number): readonly [copy: string, size: number] {
  const copy = text.slice(start, start + wanted);
  if (!/[^\x00-\x7f]/.test(copy)) return [copy, copy.length];
  const bytes = Buffer.from(copy).subarray(0, wanted);
  return [bytes.toString(), bytes.length];
}

/** Two-digit years are taken near 2020. */
function completeYear(year: number): number {
  if (year < 70) return year + 2000;
  if (year < 100) return year + 1900;
  if (year < 520) return year + 2000;
  if (year < 1000) return year + 1000;
  return year;
}

/**
 * `isStandard`: as the SQL standard wants it, where text and template must match to the character; otherwise blanks and separators are
 * taken for one another.
 */
export class TemplateReader {
  private readonly text: string;
  private readonly nodes: readonly PatternNode[];
  private readonly isStandard: boolean;
  private position = 0;
  private extraSkip = 0;
  /** Characters that the last integer took. */
  private used = 0;
  private fixed: boolean;
  readonly parsed = new Parsed();

  constructor(text: string, nodes: readonly PatternNode[], isStandard = false) {
    this.text = text;
    this.nodes = nodes;
    this.isStandard = isStandard;
    this.fixed = isStandard;
  }

  private get next(): string {
    return this.text[this.position] ?? '';
  }

  private skipSpaces(): void {
    while (isSpaceCode(this.text.charCodeAt(this.position))) {
      this.position++;
      this.extraSkip++;
    }
  }

  read(): Parsed {
    let i = 0;
    for (; i < this.nodes.length && this.position < this.text.length; i++) {
      const node = this.nodes[i];
      const isKeyword = node.kind === 'keyword';
      if (!this.fixed && (isKeyword ? node.name !== 'FX' : i === 0)) this.skipSpaces();
      if (!isKeyword) {
        this.skipLiteral(node);
        continue;
      }
      this.keyword(node, i);
      if (!this.fixed) {
        this.extraSkip = 0;
        this.skipSpaces();
      }
    }
    if (this.isStandard) this.checkEnd(i);
    return this.parsed;
  }

  private checkEnd(index: number): void {
    if (index < this.nodes.length) throw formatError('input string is too short for datetime format');
    this.skipSpaces();
    if (this.next !== '') throw formatError('trailing characters remain in input string after datetime format');
  }

  private skipLiteral(node: PatternNode): void {
    if (this.isStandard && !this.text.startsWith(node.text, this.position)) {
      const what = node.kind === 'character' ? 'character' : 'separator';
      throw formatError(`unmatched format ${what} "${node.text}"`);
    }
    const width = (this.text.codePointAt(this.position) ?? 0) > 0xffff ? 2 : 1;
    if (this.fixed) {
      this.position += width;
    } else if (node.kind === 'character') {
      // Blanks skipped before a field may already stand for this character.
      if (this.extraSkip > 0) this.extraSkip--;
      else this.position += width;
    } else {
      this.extraSkip--;
      if (this.next !== '' && (isSpace(this.next) || isSeparator(this.next))) {
        this.position++;
        this.extraSkip++;
      }
    }
  }

  /** The value of a field that had `before`. */
  private only(before: number, value: number, node: PatternNode): number {
    if (before !== 0 && before !== value) {
      throw formatError(
        `conflicting values for "${node.keyword}" field in formatting string`,
        'This value contradicts a previous setting for the same field type.',
      );
    }
    return value;
  }

  private setMode(name: string): void {
    const mode = GREGORIAN.has(name) ? 'gregorian' : ISO.has(name) ? 'iso' : '';
    if (mode === '') return;
    if (this.parsed.mode !== '' && this.parsed.mode !== mode) {
      throw formatError(
        'invalid combination of date conventions',
        undefined,
        'Do not mix Gregorian and ISO week date conventions in a formatting template.',
      );
    }
    this.parsed.mode = mode;
  }

  /** True when what follows in the template cannot be digits. */
  private nextIsSeparator(index: number): boolean {
    if (this.nodes[index].ordinal !== '') return true;
    const following = this.nodes[index + 1];
    if (following === undefined) return true;
    if (following.kind === 'keyword') return !following.isDigits;
    return following.text.length !== 1 || !isDigit(following.text.charCodeAt(0));
  }

  /** from_char_parse_int_len: the integer there, for a field that had `before`; `used` is how many characters it took. */
  private integer(before: number, index: number, length?: number): number {
    const node = this.nodes[index];
    const { text } = this;
    const start = this.position;
    let first = start;
    while (isSpaceCode(text.charCodeAt(first))) first++;
    let value: number;
    if (node.fillMode || this.nextIsSeparator(index)) {
      const end = endOfInteger(text, first);
      if (end === first) throw this.noInteger(first, node, length);
      value = digitsValue(text, first, end);
      this.position = end;
    } else {
      const wanted = length ?? FIELD_LENGTHS[node.name] ?? node.keyword.length;
      this.position = first;
      value = digitsValue(text, first, first + wanted);
      if (Number.isNaN(value)) value = this.fixedInteger(node, wanted);
      else this.position += wanted;
    }
    if (value < -2147483648 || value > 2147483647) {
      throw sqlError('22008', `value for "${node.keyword}" in source string is out of range`, {
        detail: 'Value must be in the range -2147483648 to 2147483647.',
      });
    }
    this.used = this.position - start;
    return this.only(before, value, node);
  }

  /** An integer of at most so many characters. */
  private fixedInteger(node: PatternNode, wanted: number): number {
    const name = node.keyword;
    const first = this.position;
    const [copy, remaining] = firstBytes(this.text, first, wanted);
    if (remaining < wanted) {
      throw formatError(
        `source string too short for "${name}" formatting field`,
        `Field requires ${wanted} characters, but only ${remaining} remain.`,
        FILL_MODE_HINT,
      );
    }
    const digits = copy.slice(0, endOfInteger(copy, 0)) || (/^\s*[+-]?\d+/.exec(copy)?.[0] ?? '');
    if (digits.length > 0 && digits.length < wanted) {
      throw formatError(
        `invalid value "${copy}" for "${name}"`,
        `Field requires ${wanted} characters, but only ${digits.length} could be parsed.`,
        FILL_MODE_HINT,
      );
    }
    if (digits === '') throw this.noInteger(first, node, wanted);
    this.position += digits.length;
    return Number(digits);
  }

  private noInteger(first: number, node: PatternNode, length?: number): SqlError {
    const [copy] = firstBytes(this.text, first, length ?? FIELD_LENGTHS[node.name] ?? node.keyword.length);
    return formatError(`invalid value "${copy}" for "${node.keyword}"`, 'Value must be an integer.');
  }

  /** One of some words, whatever its case; answers its index. */
  private word(words: readonly string[], node: PatternNode): number {
    const rest = this.text.slice(this.position, this.position + WORD_MAX).toLowerCase();
    const index = words.findIndex((word) => rest.startsWith(word.toLowerCase()));
    if (index < 0) {
      const shown = /^\S*/.exec(this.text.slice(this.position))?.[0] ?? '';
      throw formatError(
        `invalid value "${shown}" for "${node.keyword}"`,
        'The given value did not match any of the allowed values for this field.',
      );
    }
    this.position += words[index].length;
    return index;
  }

  private skipOrdinal(node: PatternNode): void {
    if (node.ordinal !== '') this.position += 2;
  }

  private keyword(node: PatternNode, index: number): void {
    const { name } = node;
    if (this.timeKeyword(name, node, index)) return;
    this.setMode(name);
    if (this.nameKeyword(name, node)) return;
    this.dateKeyword(name, index);
    this.skipOrdinal(node);
  }

  private timeKeyword(name: string, node: PatternNode, index: number): boolean {
    const p = this.parsed;
    switch (name) {
      case 'HH':
      case 'HH12':
        p.hh = this.integer(p.hh, index);
        p.twelveHours = true;
        break;
      case 'HH24':
        p.hh = this.integer(p.hh, index);
        break;
      case 'MI':
        p.mi = this.integer(p.mi, index);
        break;
      case 'SS':
        p.ss = this.integer(p.ss, index);
        break;
      case 'SSSS':
      case 'SSSSS':
        p.ssss = this.integer(p.ssss, index);
        break;
      case 'MS': {
        // 25 and 250 are both a quarter of a second, 025 is not.
        p.ms = this.integer(p.ms, index);
        p.ms *= this.used === 1 ? 100 : this.used === 2 ? 10 : 1;
        break;
      }
      case 'US':
      case 'FF1':
      case 'FF2':
      case 'FF3':
      case 'FF4':
      case 'FF5':
      case 'FF6': {
        if (name !== 'US') p.precision = Number(name[2]);
        p.us = this.integer(p.us, index, name === 'US' ? 6 : Number(name[2]));
        p.us *= 10 ** Math.max(0, 6 - this.used);
        break;
      }
      case 'TZ':
      case 'OF':
        throw sqlError('0A000', `formatting field "${node.keyword}" is only supported in to_char`);
      case 'TZH':
        this.zoneHours(index);
        return true;
      case 'TZM':
        if (p.zoneSign === 0) p.zoneSign = 1;
        p.zoneMinutes = this.integer(p.zoneMinutes, index, 2);
        return true;
      default:
        return false;
    }
    this.skipOrdinal(node);
    return true;
  }

  /** A minus that was taken for a separator may be the zone's sign. */
  private zoneHours(index: number): void {
    if (this.next === '+' || this.next === '-' || this.next === ' ') {
      this.parsed.zoneSign = this.next === '-' ? -1 : 1;
      this.position++;
    } else {
      this.parsed.zoneSign = this.extraSkip > 0 && this.text[this.position - 1] === '-' ? -1 : 1;
    }
    this.parsed.zoneHours = this.integer(this.parsed.zoneHours, index, 2);
  }

  private nameKeyword(name: string, node: PatternNode): boolean {
    switch (name) {
      case 'FX':
        this.fixed = true;
        return true;
      case 'A.M.':
      case 'P.M.':
        this.parsed.pm = this.only(this.parsed.pm, this.word(['a.m.', 'p.m.'], node), node);
        this.parsed.twelveHours = true;
        return true;
      case 'AM':
      case 'PM':
        this.parsed.pm = this.only(this.parsed.pm, this.word(['am', 'pm'], node), node);
        this.parsed.twelveHours = true;
        return true;
      case 'A.D.':
      case 'B.C.':
        this.parsed.bc = this.only(this.parsed.bc, this.word(['a.d.', 'b.c.'], node), node);
        return true;
      case 'AD':
      case 'BC':
        this.parsed.bc = this.only(this.parsed.bc, this.word(['ad', 'bc'], node), node);
        return true;
      case 'MONTH':
        this.parsed.mm = this.only(this.parsed.mm, this.word(MONTHS, node) + 1, node);
        return true;
      case 'MON':
        this.parsed.mm = this.only(
          this.parsed.mm,
          this.word(
            MONTHS.map((month) => month.slice(0, 3)),
            node,
          ) + 1,
          node,
        );
        return true;
      case 'DAY':
        this.weekday(DAYS, node);
        return true;
      case 'DY':
        this.weekday(
          DAYS.map((day) => day.slice(0, 3)),
          node,
        );
        return true;
      case 'RM':
        this.parsed.mm = this.only(this.parsed.mm, 12 - this.word(ROMAN_MONTHS, node), node);
        return true;
      default:
        return false;
    }
  }

  /** Counted from 0 where it is compared with an earlier one, which is kept from 1: PostgreSQL refuses the same day twice. */
  private weekday(names: readonly string[], node: PatternNode): void {
    this.parsed.d = this.only(this.parsed.d, this.word(names, node), node);
    this.parsed.d++;
  }

  private dateKeyword(name: string, index: number): void {
    const p = this.parsed;
    const node = this.nodes[index];
    switch (name) {
      case 'MM':
        p.mm = this.integer(p.mm, index);
        return;
      case 'DD':
        p.dd = this.integer(p.dd, index);
        return;
      case 'DDD':
      case 'IDDD':
        p.ddd = this.integer(p.ddd, index, 3);
        return;
      case 'D':
        p.d = this.integer(p.d, index);
        return;
      case 'ID':
        p.d = this.integer(p.d, index, 1);
        // As in the Gregorian D: Sunday is 1.
        if (++p.d > 7) p.d = 1;
        return;
      case 'WW':
      case 'IW':
        p.ww = this.integer(p.ww, index);
        return;
      case 'W':
        p.w = this.integer(p.w, index);
        return;
      case 'Q':
        this.integer(0, index);
        return;
      case 'CC':
        p.cc = this.integer(p.cc, index);
        return;
      case 'J':
        p.j = this.integer(p.j, index);
        return;
      case 'Y,YYY': {
        const match = /^\s*([+-]?\d+),(\d{1,3})/.exec(this.text.slice(this.position));
        if (match === null) throw formatError('invalid input string for "Y,YYY"');
        this.parsed.year = this.only(this.parsed.year, Number(match[1]) * 1000 + Number(match[2]), node);
        p.yearDigits = 4;
        this.position += match[0].length;
        return;
      }
      default:
        this.yearKeyword(name.length, index);
    }
  }

  private yearKeyword(digits: number, index: number): void {
    const year = this.integer(this.parsed.year, index);
    this.parsed.year = digits < 4 && this.used < 4 ? completeYear(year) : year;
    this.parsed.yearDigits = digits;
  }
}
