/**
 * to_char of numbers and to_number. A port of PostgreSQL's NUM_processor (src/backend/utils/adt/formatting.c): a number's
 * text walks along the pattern, digit by digit. The names of the fields follow it, so that the two can be compared.
 *
 * Long, as writer and reader go by the same pattern.
 */

import { sqlError } from '../../types/errors.ts';
import { Numeric } from '../../types/index.ts';
import { roundHalfEven } from './float.ts';
import { keywordTable, ordinalSuffix, type PatternNode, parsePattern } from './format-pattern.ts';
import { type Int8, int4FromInt8, int8Mul } from './integer.ts';
import type { FunctionModule } from './module.ts';
import { LAYOUT_DIGITS_MAX, NumberLayouts } from './number-layouts.ts';

const TEN = Numeric.fromScaled(10, 0);

const TABLE = keywordTable(
  ', . 0 9 B C D EEEE FM G L MI PL PR RN SG SP S TH V b c d eeee fm g l mi pl pr rn sg sp s th v',
  '',
  false,
);

/** What a pattern as a whole asks for. */
interface Description {
  /** Digits before and after the point. */
  pre: number;
  post: number;
  localeSign: '' | 'pre' | 'post';
  /** pre when the sign was met. */
  preSignDigits: number;
  multiplier: number;
  zeroStart: number;
  zeroEnd: number;
  blank: boolean;
  fillMode: boolean;
  zero: boolean;
  hasLocaleSign: boolean;
  bracket: boolean;
  minus: boolean;
  plus: boolean;
  roman: boolean;
  multi: boolean;
  decimal: boolean;
  scientific: boolean;
}

function syntaxError(message: string, detail?: string): Error {
  return sqlError('42601', message, detail ? { detail } : {});
}

interface Pattern {
  readonly nodes: readonly PatternNode[];
  readonly description: Readonly<Description>;
  /** null: what is written depends on more than layouts know. */
  readonly layouts: NumberLayouts | null;
}

const patterns = new WeakMap<readonly PatternNode[], Pattern>();
let lastFormat = '';
let lastPattern: Pattern | null = null;

/** A format as it was read; they are kept. */
function patternOf(format: string): Pattern {
  if (format === lastFormat && lastPattern !== null) return lastPattern;
  const nodes = parsePattern(format, TABLE);
  let pattern = patterns.get(nodes);
  if (pattern === undefined) {
    const description = descriptionOf(nodes);
    pattern = { nodes, description, layouts: hasLayouts(nodes, description) ? layoutsOf(nodes, description) : null };
    patterns.set(nodes, pattern);
  }
  lastFormat = format;
  lastPattern = pattern;
  return pattern;
}

function layoutsOf(nodes: readonly PatternNode[], description: Readonly<Description>): NumberLayouts {
  return new NumberLayouts((text, isNegative, preSpaces) =>
    writeNumber(nodes, { ...description }, { text, preSpaces, sign: isNegative ? '-' : '+' }),
  );
}

function hasLayouts(nodes: readonly PatternNode[], d: Description): boolean {
  if (d.roman || d.scientific || d.multi || d.pre + d.post > LAYOUT_DIGITS_MAX) return false;
  return nodes.every(({ keyword, text }) => keyword.toUpperCase() !== 'TH' && !/[\ud800-\udfff]/.test(text));
}

function descriptionOf(nodes: readonly PatternNode[]): Description {
  const d: Description = {
    pre: 0,
    post: 0,
    localeSign: '',
    preSignDigits: 0,
    multiplier: 0,
    zeroStart: 0,
    zeroEnd: 0,
    blank: false,
    fillMode: false,
    zero: false,
    hasLocaleSign: false,
    bracket: false,
    minus: false,
    plus: false,
    roman: false,
    multi: false,
    decimal: false,
    scientific: false,
  };
  for (const node of nodes) {
    if (node.kind !== 'keyword') continue;
    if (d.scientific && node.keyword.toUpperCase() !== 'EEEE') {
      throw syntaxError('"EEEE" must be the last pattern used');
    }
    describeKeyword(d, node.keyword.toUpperCase());
  }
  return d;
}

function describeKeyword(d: Description, keyword: string): void {
  switch (keyword) {
    case '9':
      if (d.bracket) throw syntaxError('"9" must be ahead of "PR"');
      if (d.multi) d.multiplier++;
      else if (d.decimal) d.post++;
      else d.pre++;
      return;
    case '0':
      if (d.bracket) throw syntaxError('"0" must be ahead of "PR"');
      if (!d.zero && !d.decimal) {
        d.zero = true;
        d.zeroStart = d.pre + 1;
      }
      if (d.decimal) d.post++;
      else d.pre++;
      d.zeroEnd = d.pre + d.post;
      return;
    case 'B':
      if (d.pre === 0 && d.post === 0 && !d.zero) d.blank = true;
      return;
    case 'D':
    case '.':
      if (d.decimal) throw syntaxError('multiple decimal points');
      if (d.multi) throw syntaxError('cannot use "V" and decimal point together');
      d.decimal = true;
      return;
    case 'FM':
      d.fillMode = true;
      return;
    case 'V':
      if (d.decimal) throw syntaxError('cannot use "V" and decimal point together');
      d.multi = true;
      return;
    case 'RN':
      d.roman = true;
      return;
    case 'EEEE':
      if (d.scientific) throw syntaxError('cannot use "EEEE" twice');
      if (d.blank || d.fillMode || d.hasLocaleSign || d.bracket || d.minus || d.plus || d.roman || d.multi) {
        throw syntaxError(
          '"EEEE" is incompatible with other formats',
          '"EEEE" may only be used together with digit and decimal point patterns.',
        );
      }
      d.scientific = true;
      return;
    default:
      describeSign(d, keyword);
  }
}

function describeSign(d: Description, keyword: string): void {
  switch (keyword) {
    case 'S':
      if (d.hasLocaleSign) throw syntaxError('cannot use "S" twice');
      if (d.plus || d.minus || d.bracket) {
        throw syntaxError('cannot use "S" and "PL"/"MI"/"SG"/"PR" together');
      }
      if (!d.decimal) {
        d.localeSign = 'pre';
        d.preSignDigits = d.pre;
      } else {
        d.localeSign = 'post';
      }
      d.hasLocaleSign = true;
      return;
    case 'MI':
      if (d.hasLocaleSign) throw syntaxError('cannot use "S" and "MI" together');
      d.minus = true;
      return;
    case 'PL':
      if (d.hasLocaleSign) throw syntaxError('cannot use "S" and "PL" together');
      d.plus = true;
      return;
    case 'SG':
      if (d.hasLocaleSign) throw syntaxError('cannot use "S" and "SG" together');
      d.minus = true;
      d.plus = true;
      return;
    case 'PR':
      if (d.hasLocaleSign || d.plus || d.minus) {
        throw syntaxError('cannot use "PR" and "S"/"PL"/"MI"/"SG" together');
      }
      d.bracket = true;
  }
}

/** The number's text, ready to be laid along the pattern. */
interface Prepared {
  text: string;
  /** Pattern digits before the number's first. */
  preSpaces: number;
  /** Empty for roman numerals, which have none. */
  sign: '+' | '-' | '';
}

const ROMAN: readonly [number, string][] = [
  [1000, 'M'],
  [900, 'CM'],
  [500, 'D'],
  [400, 'CD'],
  [100, 'C'],
  [90, 'XC'],
  [50, 'L'],
  [40, 'XL'],
  [10, 'X'],
  [9, 'IX'],
  [5, 'V'],
  [4, 'IV'],
  [1, 'I'],
];

function romanNumeral(value: number): string {
  if (!(value >= 1 && value <= 3999)) return '#'.repeat(15);
  let text = '';
  for (const [size, letters] of ROMAN) {
    while (value >= size) {
      text += letters;
      value -= size;
    }
  }
  return text;
}

/** Digits without sign, fitted to the pattern: too many before the point become ###.### */
function fitDigits(signed: string, d: Description): Prepared {
  const sign = signed.startsWith('-') ? '-' : '+';
  const digits = sign === '-' ? signed.slice(1) : signed;
  const point = digits.indexOf('.');
  const preLength = point < 0 ? digits.length : point;
  if (preLength > d.pre) return { text: `${'#'.repeat(d.pre)}.${'#'.repeat(d.post)}`, preSpaces: 0, sign };
  return { text: digits, preSpaces: d.pre - preLength, sign };
}

/** What EEEE shows for NaN and the infinities. */
function scientificOverflow(d: Description): string {
  return ` ${'#'.repeat(d.pre)}.${'#'.repeat(d.post + 4)}`;
}

/** C's %+.*e, with a blank for the plus sign. */
function scientificOfFloat(value: number, d: Description): string {
  if (!Number.isFinite(value)) return scientificOverflow(d);
  const [mantissa, exponent] = scientificDigits(value, d.post).split('e');
  const sign = exponent[0] === '-' ? '-' : '+';
  const text = `${mantissa}e${sign}${exponent.slice(1).padStart(2, '0')}`;
  return text.startsWith('-') ? text : ` ${text}`;
}

/** numeric_out_sci: one digit before the point, rounded half away from zero. */
function scientificOfNumeric(value: Numeric, d: Description): string {
  if (!value.isFinite) return scientificOverflow(d);
  let exponent = 0;
  let digits = '0';
  if (!value.isZero) {
    const coefficient = String(value.abs().coefficient);
    exponent = coefficient.length - 1 - value.scale;
    // Rounding may give 10: PostgreSQL leaves it so. It goes by the first digit that is left out.
    const shown = coefficient.slice(0, d.post + 2);
    digits = Numeric.fromBigint(BigInt(shown), shown.length - 1)
      .round(d.post)
      .toString();
  } else {
    digits = Numeric.ZERO.round(d.post).toString();
  }
  const power = String(Math.abs(exponent)).padStart(2, '0');
  return `${value.sign() < 0 ? '-' : ' '}${digits}e${exponent < 0 ? '-' : '+'}${power}`;
}

/** State of one walk along a pattern: NUMProc. */
class Writer {
  private readonly d: Description;
  private readonly number: string;
  private readonly sign: '+' | '-' | '';
  private readonly preSpaces: number;
  private out = '';
  /** Next character of `number`. */
  private position = 0;
  private signWritten: boolean;
  private numCount: number;
  private current = 0;
  private numIn = false;
  /** Index in `number` of the last digit that FM keeps, the point itself if none; -1: does not apply. */
  private lastRelevant = -1;
  /**
   * Length of the output at which PostgreSQL writes a zero byte, so that what follows is lost: when the pattern asks for more
   * digits than the number's text has, and for SG beside a roman numeral. -1: never.
   */
  private cutAt = -1;

  constructor(d: Description, prepared: Prepared) {
    this.d = d;
    this.number = prepared.text;
    this.sign = prepared.sign;
    this.preSpaces = prepared.preSpaces;
    if (d.plus || d.minus) {
      // MI, PL and SG write the sign themselves.
      this.signWritten = !(d.plus && !d.minus);
    } else {
      if (this.sign === '+' && d.bracket && d.fillMode) d.bracket = false;
      this.signWritten = this.sign === '+' && d.fillMode && !d.hasLocaleSign;
      if (d.localeSign === 'pre' && d.pre === d.preSignDigits) d.localeSign = 'post';
    }
    this.numCount = d.post + d.pre - 1;
    if (d.fillMode && d.decimal) this.findLastRelevant();
    if (!this.signWritten && this.preSpaces === 0) this.numCount++;
  }

  /** Zeros at the end of the fraction go, unless the pattern has a 0 there. */
  private findLastRelevant(): void {
    const point = this.number.indexOf('.');
    if (point < 0) return;
    let last = point;
    for (let i = point + 1; i < this.number.length; i++) if (this.number[i] !== '0') last = i;
    if (this.d.zeroEnd > this.preSpaces) {
      last = Math.max(last, Math.min(this.number.length - 1, this.d.zeroEnd - this.preSpaces));
    }
    this.lastRelevant = last;
  }

  private get lastIsPoint(): boolean {
    return this.lastRelevant >= 0 && this.number[this.lastRelevant] === '.';
  }

  /** A zero before the point for which the pattern has a 9: blank. */
  private get isLeadingZero(): boolean {
    return !this.d.zero && this.position === 0 && this.number[0] === '0' && this.d.post !== 0;
  }

  write(nodes: readonly PatternNode[]): string {
    for (const node of nodes) {
      if (node.kind === 'keyword') this.keyword(node.keyword);
      else this.out += node.text;
    }
    return this.cutAt < 0 ? this.out : this.out.slice(0, this.cutAt);
  }

  private cut(): void {
    if (this.cutAt < 0) this.cutAt = this.out.length;
  }

  private keyword(name: string): void {
    const { d } = this;
    switch (name) {
      case '9':
      case '0':
      case '.':
      case 'D':
      case 'd':
        this.digit(name);
        return;
      case ',':
      case 'G':
      case 'g':
        if (this.numIn) this.out += ',';
        else if (!d.fillMode) this.out += ' ';
        return;
      case 'L':
      case 'l':
        this.out += ' '; // the currency symbol of the C locale
        return;
      case 'RN':
      case 'rn': {
        const text = name === 'RN' ? this.number : this.number.toLowerCase();
        this.out += d.fillMode ? text : text.padStart(15);
        return;
      }
      case 'TH':
      case 'th':
        if (d.roman || this.number[0] === '#' || this.sign === '-' || d.decimal) return;
        this.out += ordinalSuffix(this.number, name === 'TH');
        return;
      case 'MI':
      case 'mi':
        if (this.sign === '-') this.out += '-';
        else if (!d.fillMode) this.out += ' ';
        return;
      case 'PL':
      case 'pl':
        if (this.sign === '+') this.out += '+';
        else if (!d.fillMode) this.out += ' ';
        return;
      case 'SG':
      case 'sg':
        if (this.sign === '') this.cut();
        this.out += this.sign;
    }
  }

  /** NUM_numpart_to_char */
  private digit(name: string): void {
    const { d } = this;
    if (d.roman) return;
    this.numIn = false;
    this.leadingSign();
    const zeroStart = d.zeroStart > 0 ? d.zeroStart - 1 : 0;
    if (this.current < this.preSpaces && (zeroStart > this.current || !d.zero)) {
      if (!d.fillMode) this.out += ' ';
    } else if (d.zero && this.current < this.preSpaces && zeroStart <= this.current) {
      this.out += '0';
      this.numIn = true;
    } else {
      this.numberCharacter(name);
      if (this.position < this.number.length) this.position++;
    }
    let end = this.numCount + (this.preSpaces > 0 ? 1 : 0) + (d.decimal ? 1 : 0);
    if (this.lastRelevant >= 0 && this.lastRelevant === this.position) end = this.current;
    if (this.current + 1 === end) {
      if (this.signWritten && d.bracket) this.out += this.sign === '+' ? ' ' : '>';
      else if (d.hasLocaleSign && d.localeSign === 'post') this.out += this.sign;
    }
    this.current++;
  }

  private leadingSign(): void {
    const { d } = this;
    const zeroStart = d.zeroStart > 0 ? d.zeroStart - 1 : 0;
    const due = this.current >= this.preSpaces || (d.zero && zeroStart === this.current);
    if (this.signWritten || !due || (this.isLeadingZero && !this.lastIsPoint)) return;
    if (d.hasLocaleSign) {
      if (d.localeSign !== 'pre') return;
      this.out += this.sign;
    } else if (d.bracket) {
      this.out += this.sign === '+' ? ' ' : '<';
    } else if (this.sign === '-') {
      this.out += '-';
    } else if (!d.fillMode) {
      this.out += ' ';
    }
    this.signWritten = true;
  }

  private numberCharacter(name: string): void {
    const { d } = this;
    const c = this.number[this.position] ?? '';
    if (c === '.') {
      if (!this.lastIsPoint || d.fillMode) this.out += '.';
    } else if (this.lastRelevant >= 0 && this.position > this.lastRelevant && name !== '0') {
      // a zero that FM drops
    } else if (this.isLeadingZero) {
      if (!d.fillMode) this.out += ' ';
      else if (this.lastIsPoint) this.out += '0';
    } else {
      if (c === '') this.cut();
      this.out += c;
      this.numIn = true;
    }
  }
}

function writeNumber(nodes: readonly PatternNode[], d: Description, prepared: Prepared): string {
  if (d.scientific) return prepared.text;
  if (!d.roman) return new Writer(d, prepared).write(nodes);
  // Roman numerals know neither sign nor digits; only FM counts.
  const roman = { ...descriptionOf([]), roman: true, fillMode: d.fillMode };
  return new Writer(roman, { text: prepared.text, preSpaces: 0, sign: '' }).write(nodes);
}

const plain = (text: string): Prepared => ({ text, preSpaces: 0, sign: '+' });

/** to_char over one kind of number: how it is written in roman, in scientific and in plain form. */
function toChar<T>(
  roman: (value: T) => number,
  scientific: (value: T, d: Description) => string,
  digits: (value: T, d: Description) => string,
): (value: T, format: string) => string {
  return (value, format) => {
    if (format === '') return '';
    const { nodes, description } = patternOf(format);
    // Writers change it.
    const d = { ...description };
    let prepared: Prepared;
    if (d.roman) prepared = plain(romanNumeral(roman(value)));
    else if (d.scientific) prepared = plain(scientific(value, d));
    else prepared = fitDigits(digits(value, d), d);
    return writeNumber(nodes, d, prepared);
  };
}

/** The same of exact numbers, by layouts where the pattern has them. `digits`: with so many behind the point; null: it is no number. */
function toCharByLayout<T>(
  digits: (value: T, post: number) => string | null,
  otherwise: (value: T, format: string) => string,
): (value: T, format: string) => string {
  return (value, format) => {
    const { layouts, description: d } = patternOf(format);
    const signed = layouts === null ? null : digits(value, d.post);
    if (layouts === null || signed === null) return otherwise(value, format);
    const isNegative = signed.charCodeAt(0) === 45;
    const text = isNegative ? signed.slice(1) : signed;
    const preSpaces = d.pre - (d.post > 0 ? text.length - d.post - 1 : text.length);
    if (preSpaces < 0) return otherwise(value, format);
    let last = -1;
    if (d.fillMode && d.post > 0) {
      last = text.length - 1;
      while (text.charCodeAt(last) === 48) last--;
    }
    return layouts.write(text, isNegative, preSpaces, last);
  };
}

const numericByWalk = toChar<Numeric>(
  (value) => value.toInt4(),
  scientificOfNumeric,
  (value, d) => {
    let scaled = value;
    if (d.multi) {
      scaled = value.mul(Numeric.fromBigint(10n ** BigInt(d.multiplier)));
      d.pre += d.multiplier;
    }
    return scaled.round(d.post).toString();
  },
);

const numericToChar = toCharByLayout<Numeric>(
  (value, post) => (value.isFinite ? value.round(post).toString() : null),
  numericByWalk,
);

const INT4_MAX = 2147483647;

/** For V. */
function integerDigits<T extends Int8>(
  multiply: (value: T, power: number) => Int8,
): (value: T, d: Description) => string {
  return (value, d) => {
    if (!d.multi) return withZeros(value, d.post);
    d.pre += d.multiplier;
    return withZeros(multiply(value, 10 ** d.multiplier), d.post);
  };
}

function withZeros(value: Int8, post: number): string {
  return post > 0 ? `${value}.${'0'.repeat(post)}` : String(value);
}

/** Both must be an int4: the power, and the product. */
function int4Product(value: number, power: number): number {
  const product = value * power;
  if (power > INT4_MAX || product > INT4_MAX || product < -INT4_MAX - 1)
    throw sqlError('22003', 'integer out of range');
  return product;
}

const int4ToChar = toCharByLayout<number>(
  withZeros,
  toChar<number>((value) => value, scientificOfFloat, integerDigits<number>(int4Product)),
);
const int8ToChar = toCharByLayout<Int8>(
  withZeros,
  toChar<Int8>(
    int4FromInt8,
    (value, d) => scientificOfNumeric(Numeric.fromScaled(value, 0), d),
    integerDigits<Int8>(int8Mul),
  ),
);

/** Digits beyond what the type is sure of are not shown. */
function floatToChar(significant: number): (value: number, format: string) => string {
  return toChar<number>(
    (value) => (Number.isNaN(value) ? 0 : roundHalfEven(value)),
    scientificOfFloat,
    (value, d) => {
      let scaled = value;
      if (d.multi) {
        scaled = value * 10 ** d.multiplier;
        d.pre += d.multiplier;
      }
      // The length of "Infinity" counts as well.
      const whole = Number.isFinite(scaled) ? fixedDigits(Math.abs(scaled), 0) : String(Math.abs(scaled));
      if (whole.length >= significant) d.post = 0;
      else if (whole.length + d.post > significant) d.post = significant - whole.length;
      return Number.isFinite(scaled) ? fixedDigits(scaled, d.post) : String(scaled);
    },
  );
}

/** C's %.*e: of two that are equally near, the even one, where toExponential takes the larger. */
function scientificDigits(value: number, digits: number): string {
  const text = `${Object.is(value, -0) ? '-' : ''}${value.toExponential(digits)}`;
  // Few doubles are that short: all digits of one that lies exactly between two are seen with a few more.
  const exact = value.toExponential(Math.min(digits + 40, 100));
  const [mantissa, exponent] = exact.split('e');
  const rest = mantissa.slice(mantissa.indexOf('.') + 1 + digits);
  if (!/^50*$/.test(rest)) return text;
  const below = mantissa.slice(0, mantissa.length - rest.length).replace(/\.$/, '');
  return '02468'.includes(below[below.length - 1]) ? `${below}e${exponent}` : text;
}

/** C's %.*f: the double's exact decimal expansion, correctly rounded (toFixed stops at 1e21). */
function fixedDigits(value: number, digits: number): string {
  if (Math.abs(value) >= 1e21) return `${BigInt(value)}${digits > 0 ? `.${'0'.repeat(digits)}` : ''}`;
  // A value of this many binary places may lie exactly between two: toFixed takes the larger, C the even one.
  if (Number.isInteger(value * 2 ** (digits + 1))) return exactDigits(value, digits);
  const text = value.toFixed(digits);
  return Object.is(value, -0) ? `-${text}` : text;
}

/** Of a multiple of 2^-(digits + 1), which times 10^digits is a whole number of halves. */
function exactDigits(value: number, digits: number): string {
  const halves = BigInt(Math.abs(value) * 2 ** (digits + 1)) * 5n ** BigInt(digits);
  const below = halves / 2n;
  const rounded = halves % 2n === 1n && below % 2n === 1n ? below + 1n : below;
  const text = String(rounded).padStart(digits + 1, '0');
  const point = text.length - digits;
  const sign = value < 0 || Object.is(value, -0) ? '-' : '';
  return `${sign}${text.slice(0, point)}${digits > 0 ? `.${text.slice(point)}` : ''}`;
}

function isDigit(c: string): boolean {
  return c >= '0' && c <= '9';
}

/** to_number: reads the text along the pattern. NUM_processor with is_to_char false. */
class Reader {
  private readonly d: Description;
  private readonly input: string;
  private position = 0;
  private sign = ' ';
  private digits = '';
  private readPre = 0;
  readPost = 0;
  private readDecimal = false;
  private readonly numIn = false;

  constructor(d: Description, input: string) {
    this.d = d;
    this.input = input;
  }

  private get atEnd(): boolean {
    return this.position >= this.input.length;
  }

  private get next(): string {
    return this.input[this.position] ?? '';
  }

  read(nodes: readonly PatternNode[]): string {
    for (const node of nodes) {
      if (this.atEnd) break;
      if (node.kind !== 'keyword') this.position += this.next.length;
      else this.keyword(node.name);
    }
    const digits = this.digits.endsWith('.') ? this.digits.slice(0, -1) : this.digits;
    // A blank before it would make the number's text an unusual one.
    return this.sign === ' ' && digits !== '' ? digits : this.sign + digits;
  }

  /** Characters that cannot belong to the number. */
  private skipOther(count: number): void {
    while (count-- > 0 && !this.atEnd && !'0123456789.,+-'.includes(this.next)) this.position++;
  }

  private keyword(name: string): void {
    const { d } = this;
    switch (name) {
      case '9':
      case '0':
      case '.':
      case 'D':
        this.digit(name);
        this.position++;
        return;
      case ',':
      case 'G':
        if (!this.numIn && d.fillMode) return;
        if (this.next === ',') this.position++;
        return;
      case 'L':
        this.skipOther(1);
        return;
      case 'TH':
        if (!d.decimal) this.skipOther(2);
        return;
      case 'MI':
        this.explicitSign('-');
        return;
      case 'PL':
        this.explicitSign('+');
        return;
      case 'SG':
        this.explicitSign('+-');
        return;
    }
  }

  private explicitSign(allowed: string): void {
    if (allowed.includes(this.next)) {
      this.sign = this.next;
      this.position++;
    } else {
      this.skipOther(1);
    }
  }

  /** NUM_numpart_from_char */
  private digit(name: string): void {
    const { d } = this;
    if (this.next === ' ') this.position++;
    if (this.atEnd) return;
    if (this.sign === ' ' && (name === '0' || name === '9') && this.readPre + this.readPost === 0) this.leadingSign();
    if (this.atEnd) return;
    let isRead = false;
    if (isDigit(this.next)) {
      if (this.readDecimal && this.readPost === d.post) return;
      this.digits += this.next;
      if (this.readDecimal) this.readPost++;
      else this.readPre++;
      isRead = true;
    } else if (d.decimal && !this.readDecimal && this.next === '.') {
      this.digits += '.';
      this.readDecimal = true;
      isRead = true;
    }
    if (this.sign === ' ' && this.readPre + this.readPost > 0) this.trailingSign(isRead);
  }

  private leadingSign(): void {
    const { d } = this;
    if (d.hasLocaleSign && d.localeSign === 'pre') {
      if (this.next === '-' || this.next === '+') this.sign = this.input[this.position++];
    } else if (this.next === '-' || (d.bracket && this.next === '<')) {
      this.sign = '-';
      this.position++;
    } else if (this.next === '+') {
      this.sign = '+';
      this.position++;
    }
  }

  private trailingSign(isRead: boolean): void {
    const { d } = this;
    if (d.hasLocaleSign) {
      const following = this.input[this.position + 1];
      if (isRead && (following === '-' || following === '+')) {
        this.sign = following;
        this.position++;
      }
    } else if (!isRead && (d.plus || d.minus) && (this.next === '-' || this.next === '+')) {
      this.sign = this.next;
    }
  }
}

function toNumber(text: string, format: string): Numeric | null {
  if (format === '') return null;
  const { nodes, description: d } = patternOf(format);
  if (d.scientific) throw sqlError('0A000', '"EEEE" not supported for input');
  if (d.roman) throw sqlError('0A000', '"RN" not supported for input');
  const reader = new Reader(d, text);
  const digits = reader.read(nodes);
  const scale = reader.readPost;
  const precision = d.pre + d.multiplier + scale;
  const result = Numeric.parse(digits).applyTypmod(((precision << 16) | scale) + 4);
  if (!d.multi) return result;
  return result.mul(TEN.power(Numeric.fromScaled(0 - d.multiplier, 0)));
}

export const numberFormatFunctions: FunctionModule = {
  plain: {
    numeric_to_char: numericToChar,
    int4_to_char: int4ToChar,
    int8_to_char: int8ToChar,
    float4_to_char: floatToChar(6),
    float8_to_char: floatToChar(15),
    numeric_to_number: toNumber,
  },
};
