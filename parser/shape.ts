/**
 * Statement shape: the text with every number and string replaced by a mark of its class, and comments by a space. Two
 * texts with the same shape parse to the same tree but for the values of their literals, so the shape is the key under
 * which a statement's plan is found again without parsing.
 *
 *     select * from t where a = 42 and b = 'x'    ->    select * from t where a = \u0001 and b = \u0004
 *
 * Lifted: what scan() numbers with literalIndex, in the same order: numbers, '...', E'...', $$...$$. Bit strings, N'' and
 * U&'', the two numbers of isEdgeOfIntegers() and the positions of isPosition() stay in the text. Null is the answer when in doubt: unterminated or continued strings, junk after numbers, marks in
 * the text itself; the parser then decides.
 */
import {
  blockCommentEnd,
  CLASSES,
  DIGIT,
  dollarDelimiterEnd,
  IDENT_PART,
  IDENT_START,
  isIdentStart,
  lineCommentEnd,
  SPACE,
} from './characters.ts';
import { isBy, isEdgeOfIntegers, isPosition, numberEnd } from './scanner.ts';
import { continuationQuote, scanEscapeString } from './strings.ts';

/** A literal as statementShape() lifts it. */
export interface LiftedLiteral {
  readonly kind: 'int4' | 'int8' | 'numeric' | 'string';
  /** int4 and int8: number, bigint beyond safe integers. numeric: the text. string: its value. */
  readonly value: number | bigint | string;
}
export interface StatementShape {
  readonly shape: string;
  readonly literals: readonly LiftedLiteral[];
}

const INT4_MARK = '\u0001';
const INT8_MARK = '\u0002';
const NUMERIC_MARK = '\u0003';
const STRING_MARK = '\u0004';
const INT8_MAX = 9223372036854775807n;

/** What a character may start: 0 nothing special, else a case below. Identifier characters are skipped as a whole. */
const PLAIN = 0;
const WORD = 1;
const NUMBER = 2;
const QUOTE = 3;
const DOUBLE_QUOTE = 4;
const DOLLAR = 5;
const MINUS = 6;
const SLASH = 7;
const DOT = 8;
const REFUSED = 9;
const STARTS = new Uint8Array(128);
for (let code = 0; code < 128; code++) {
  if ((CLASSES[code] & IDENT_START) !== 0) STARTS[code] = WORD;
  else if ((CLASSES[code] & DIGIT) !== 0) STARTS[code] = NUMBER;
  else if (code < 32 && (CLASSES[code] & SPACE) === 0) STARTS[code] = REFUSED;
}
STARTS[0x27] = QUOTE;
STARTS[0x22] = DOUBLE_QUOTE;
STARTS[0x24] = DOLLAR;
STARTS[0x2d] = MINUS;
STARTS[0x2f] = SLASH;
STARTS[0x2e] = DOT;

/**
 * The shape of a text, or null. Runs over each character of every simple query: one loop, whose state is in locals.
 */
export function statementShape(text: string): StatementShape | null {
  const literals: LiftedLiteral[] = [];
  const length = text.length;
  let shape = '';
  /** Start of the text not yet copied. */
  let copied = 0;
  let afterBy = -1;
  let i = 0;
  while (i < length) {
    const code = text.charCodeAt(i);
    switch (code < 128 ? STARTS[code] : WORD) {
      case PLAIN:
        i++;
        break;
      case WORD: {
        const start = i++;
        for (; i < length; i++) {
          const next = text.charCodeAt(i);
          if (next < 128 && (CLASSES[next] & IDENT_PART) === 0) break;
        }
        const next = text.charCodeAt(i);
        if (isBy(text, start, i)) afterBy = i;
        // A prefixed string, E'' B'' X'' N'' U&: only E'' is lifted.
        if (next === 0x27 && i - start === 1) {
          const letter = code | 32;
          if (letter === 0x65) {
            const end = liftEscapeString(text, start, literals);
            if (end < 0) return null;
            shape += text.slice(copied, start) + STRING_MARK;
            copied = i = end;
          } else if (letter === 0x62 || letter === 0x78 || letter === 0x6e) {
            const end = quotedEnd(text, i, 0x27);
            if (end < 0 || continuationQuote(text, end) >= 0) return null;
            i = end;
          }
        } else if (next === 0x26 && i - start === 1 && (code | 32) === 0x75) {
          const quote = text.charCodeAt(i + 1);
          if (quote === 0x27 || quote === 0x22) return null;
        }
        break;
      }
      case DOT:
      case NUMBER: {
        if (code === 0x2e && !isDigitAt(text, i + 1)) {
          i++;
          break;
        }
        const end = numberEnd(text, i);
        if (end < 0) return null;
        const image = text.slice(i, end);
        if (isEdgeOfIntegers(image) || isPosition(text, afterBy, i)) {
          i = end;
          break;
        }
        const literal = numberLiteral(image);
        literals.push(literal);
        shape +=
          text.slice(copied, i) +
          (literal.kind === 'int4' ? INT4_MARK : literal.kind === 'int8' ? INT8_MARK : NUMERIC_MARK);
        copied = i = end;
        break;
      }
      case QUOTE: {
        const end = quotedEnd(text, i, 0x27);
        if (end < 0 || continuationQuote(text, end) >= 0) return null;
        let value = text.slice(i + 1, end - 1);
        if (value.includes("'")) value = value.replaceAll("''", "'");
        literals.push({ kind: 'string', value });
        shape += text.slice(copied, i) + STRING_MARK;
        copied = i = end;
        break;
      }
      case DOUBLE_QUOTE:
        i = quotedEnd(text, i, 0x22);
        if (i < 0) return null;
        break;
      case DOLLAR: {
        if (isDigitAt(text, i + 1)) {
          i++;
          while (isDigitAt(text, i)) i++;
          if (i < length && isIdentStart(text.charCodeAt(i))) return null;
          break;
        }
        const bodyStart = dollarDelimiterEnd(text, i);
        if (bodyStart < 0) return null;
        const delimiter = text.slice(i, bodyStart);
        const bodyEnd = text.indexOf(delimiter, bodyStart);
        if (bodyEnd < 0) return null;
        literals.push({ kind: 'string', value: text.slice(bodyStart, bodyEnd) });
        shape += text.slice(copied, i) + STRING_MARK;
        copied = i = bodyEnd + delimiter.length;
        break;
      }
      case MINUS:
      case SLASH: {
        const isLine = code === 0x2d && text.charCodeAt(i + 1) === 0x2d;
        if (!isLine && (code === 0x2d || text.charCodeAt(i + 1) !== 0x2a)) {
          i++;
          break;
        }
        const end = isLine ? lineCommentEnd(text, i) : blockCommentEnd(text, i);
        if (end < 0) return null;
        shape += text.slice(copied, i) + ' ';
        copied = i = end;
        break;
      }
      default:
        return null;
    }
  }
  return { shape: copied === 0 ? text : shape + text.slice(copied), literals };
}

function isDigitAt(text: string, offset: number): boolean {
  const code = text.charCodeAt(offset);
  return code >= 0x30 && code <= 0x39;
}

/** Offset after the closing quote, doubled quotes skipped; -1 when there is none. */
function quotedEnd(text: string, open: number, quote: number): number {
  for (let i = open + 1; i < text.length; i++) {
    if (text.charCodeAt(i) !== quote) continue;
    if (text.charCodeAt(i + 1) !== quote) return i + 1;
    i++;
  }
  return -1;
}

function liftEscapeString(text: string, start: number, literals: LiftedLiteral[]): number {
  try {
    const string = scanEscapeString(text, start);
    // A continued string is one literal in both scans; its text in between has no literals of its own.
    literals.push({ kind: 'string', value: string.value });
    return string.end;
  } catch {
    return -1;
  }
}

function numberLiteral(image: string): LiftedLiteral {
  for (let i = 0; i < image.length; i++) {
    const code = image.charCodeAt(i);
    if (code < 0x30 || code > 0x39) return { kind: 'numeric', value: image };
  }
  if (image.length < 16) {
    const value = Number(image);
    return { kind: value <= 2147483647 ? 'int4' : 'int8', value };
  }
  const value = BigInt(image);
  if (value > INT8_MAX) return { kind: 'numeric', value: image };
  if (value <= 2147483647n) return { kind: 'int4', value: Number(value) };
  return { kind: 'int8', value: value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : value };
}
