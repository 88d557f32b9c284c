/**
 * JSON text: one scanner for json (which is only checked, and kept as it was written) and jsonb (built through a JsonBuilder).
 * Errors are PostgreSQL's: 22P02 with a detail that names the token, and a context line that ends at it.
 */
import { Buffer } from 'node:buffer';
import { type SqlError, sqlError } from './errors.ts';

/** Makes the values that the parser meets. Keys and values of an object come in their order in the text. */
export interface JsonBuilder<T> {
  nullValue(): T;
  boolean(value: boolean): T;
  string(value: string): T;
  /** The number as it is written. */
  number(text: string): T;
  array(values: T[]): T;
  object(keys: string[], values: T[]): T;
}

/** Values of a tree, each of 16 to 60 bytes of V8's heap: more could end the server. Texts that are only checked may have any number. */
const VALUES_MAX = 1 << 24;
/** PostgreSQL stops at its max_stack_depth of 2 MB, at about this nesting. */
const NESTING_MAX = 5000;

const T_END = 0;
const T_STRING = 1;
const T_NUMBER = 2;
const T_TRUE = 3;
const T_FALSE = 4;
const T_NULL = 5;
const T_OBJECT_START = 123;
const T_OBJECT_END = 125;
const T_ARRAY_START = 91;
const T_ARRAY_END = 93;
const T_COMMA = 44;
const T_COLON = 58;

class Scanner {
  readonly text: string;
  /** Whether strings are read, escapes and all; otherwise they are only checked. */
  readonly readsStrings: boolean;
  token: number = T_END;
  tokenStart = 0;
  tokenEnd = 0;
  /** Value of a string token. */
  string = '';
  /** Values that were begun. */
  valueCount = 0;

  constructor(text: string, readsStrings: boolean) {
    this.text = text;
    this.readsStrings = readsStrings;
  }

  next(): number {
    const text = this.text;
    let i = this.tokenEnd;
    let code = text.charCodeAt(i);
    while (code === 32 || code === 10 || code === 13 || code === 9) code = text.charCodeAt(++i);
    this.tokenStart = i;
    switch (code) {
      case T_OBJECT_START:
      case T_OBJECT_END:
      case T_ARRAY_START:
      case T_ARRAY_END:
      case T_COMMA:
      case T_COLON:
        this.tokenEnd = i + 1;
        return (this.token = code);
      case 34:
        this.#scanString(i);
        return (this.token = T_STRING);
      default:
        if (i >= text.length) {
          this.tokenEnd = i;
          return (this.token = T_END);
        }
        if (code === 45 || (code >= 48 && code <= 57)) {
          this.#scanNumber(i);
          return (this.token = T_NUMBER);
        }
        return (this.token = this.#scanWord(i));
    }
  }

  #scanNumber(start: number): void {
    const text = this.text;
    let i = start;
    let valid = true;
    if (text.charCodeAt(i) === 45) i++;
    if (text.charCodeAt(i) === 48) i++;
    else {
      const digits = skipDigits(text, i);
      valid = digits > i;
      i = digits;
    }
    if (valid && text.charCodeAt(i) === 46) {
      const digits = skipDigits(text, i + 1);
      valid = digits > i + 1;
      i = digits;
    }
    if (valid && (text.charCodeAt(i) | 32) === 101) {
      i++;
      if (text.charCodeAt(i) === 43 || text.charCodeAt(i) === 45) i++;
      const digits = skipDigits(text, i);
      valid = digits > i;
      i = digits;
    }
    while (isWordCode(text.charCodeAt(i))) {
      valid = false;
      i++;
    }
    this.tokenEnd = i;
    if (!valid) throw this.invalidToken();
  }

  #scanWord(start: number): number {
    const text = this.text;
    let i = start;
    while (isWordCode(text.charCodeAt(i))) i++;
    this.tokenEnd = i === start ? i + 1 : i;
    switch (text.slice(start, i)) {
      case 'true':
        return T_TRUE;
      case 'false':
        return T_FALSE;
      case 'null':
        return T_NULL;
      default:
        throw this.invalidToken();
    }
  }

  #scanString(start: number): void {
    const text = this.text;
    let i = start + 1;
    for (; ; i++) {
      const code = text.charCodeAt(i);
      if (code === 34) {
        this.tokenEnd = i + 1;
        if (this.readsStrings) this.string = text.slice(start + 1, i);
        return;
      }
      if (code === 92) {
        this.#scanEscapes(start, i);
        return;
      }
      if (!(code >= 32)) this.#controlCharacter(i);
    }
  }

  #controlCharacter(i: number): void {
    this.tokenEnd = i;
    if (i >= this.text.length) throw this.invalidToken();
    const value = this.text.charCodeAt(i).toString(16).padStart(2, '0');
    throw this.error(`Character with value 0x${value} must be escaped.`);
  }

  /** The rest of a string from its first backslash on. */
  #scanEscapes(start: number, at: number): void {
    const { text, readsStrings } = this;
    let value = readsStrings ? text.slice(start + 1, at) : '';
    let highSurrogate = 0;
    for (let i = at; ; i++) {
      const code = text.charCodeAt(i);
      if (code !== 92) {
        if (highSurrogate !== 0) throw this.errorAfter(i, LOW_SURROGATE_EXPECTED);
        if (code === 34) {
          this.tokenEnd = i + 1;
          this.string = value;
          return;
        }
        if (!(code >= 32)) this.#controlCharacter(i);
        if (readsStrings) value += text[i];
        continue;
      }
      i++;
      const letter = text.charCodeAt(i);
      if (letter === 117) {
        const unit = this.#hexUnit(i);
        i += 4;
        if (!readsStrings) continue;
        highSurrogate = this.#checkUnit(unit, highSurrogate, i);
        value += String.fromCharCode(unit);
        continue;
      }
      if (i >= text.length) {
        this.tokenEnd = i;
        throw this.invalidToken();
      }
      if (highSurrogate !== 0) throw this.errorAfter(i, LOW_SURROGATE_EXPECTED);
      const escaped = ESCAPES.get(letter);
      if (escaped === undefined) {
        this.tokenStart = i;
        throw this.errorAfter(
          i,
          `Escape sequence "\\${String.fromCodePoint(text.codePointAt(i) as number)}" is invalid.`,
        );
      }
      if (readsStrings) value += escaped;
    }
  }

  /** The four hexadecimal digits after the u at an index. */
  #hexUnit(at: number): number {
    let unit = 0;
    for (let i = at + 1; i <= at + 4; i++) {
      const code = this.text.charCodeAt(i);
      if (i >= this.text.length) {
        this.tokenEnd = i;
        throw this.invalidToken();
      }
      const digit =
        code >= 48 && code <= 57 ? code - 48 : (code | 32) >= 97 && (code | 32) <= 102 ? (code | 32) - 87 : -1;
      if (digit < 0) throw this.errorAfter(i, '"\\u" must be followed by four hexadecimal digits.');
      unit = unit * 16 + digit;
    }
    return unit;
  }

  /** The pending high surrogate after a unit; the unit ends at index `last`. */
  #checkUnit(unit: number, highSurrogate: number, last: number): number {
    if (unit >= 0xd800 && unit < 0xdc00) {
      if (highSurrogate !== 0) {
        throw this.errorAfter(last, 'Unicode high surrogate must not follow a high surrogate.');
      }
      return unit;
    }
    if ((unit >= 0xdc00 && unit < 0xe000) !== (highSurrogate !== 0))
      throw this.errorAfter(last, LOW_SURROGATE_EXPECTED);
    if (unit === 0) {
      this.tokenEnd = last + 1;
      throw sqlError('22P05', 'unsupported Unicode escape sequence', {
        detail: '\\u0000 cannot be converted to text.',
        where: this.context(),
      });
    }
    return 0;
  }

  invalidToken(): SqlError {
    return this.error(`Token "${this.text.slice(this.tokenStart, this.tokenEnd)}" is invalid.`);
  }

  expected(what: string): SqlError {
    if (this.token === T_END) return this.error('The input string ended unexpectedly.');
    return this.error(`Expected ${what}, but found "${this.text.slice(this.tokenStart, this.tokenEnd)}".`);
  }

  errorAfter(index: number, detail: string): SqlError {
    this.tokenEnd = index + ((this.text.codePointAt(index) ?? 0) > 0xffff ? 2 : 1);
    return this.error(detail);
  }

  error(detail: string): SqlError {
    return sqlError('22P02', 'invalid input syntax for type json', { detail, where: this.context() });
  }

  /** The line up to the end of the token, its last 50 bytes. */
  context(): string {
    const { text, tokenEnd } = this;
    const before = text.slice(0, this.tokenStart);
    const lineStart = before.lastIndexOf('\n') + 1;
    const lineNumber = before.split('\n').length;
    let line = text.slice(lineStart, tokenEnd);
    let bytes = Buffer.byteLength(line, 'utf8');
    let skipped = 0;
    while (bytes >= 50) {
      const character = String.fromCodePoint(line.codePointAt(0) as number);
      skipped += Buffer.byteLength(character, 'utf8');
      bytes -= Buffer.byteLength(character, 'utf8');
      line = line.slice(character.length);
    }
    if (skipped <= 3) line = text.slice(lineStart, tokenEnd);
    const next = text.charCodeAt(tokenEnd);
    const goesOn = tokenEnd < text.length && next !== 10 && next !== 13;
    return `JSON data, line ${lineNumber}: ${skipped > 3 ? '...' : ''}${line}${goesOn ? '...' : ''}`;
  }
}

const LOW_SURROGATE_EXPECTED = 'Unicode low surrogate must follow a high surrogate.';

const ESCAPES: ReadonlyMap<number, string> = new Map(
  Object.entries({ '"': '"', '\\': '\\', '/': '/', b: '\b', f: '\f', n: '\n', r: '\r', t: '\t' }).map(
    ([key, value]) => [key.charCodeAt(0), value],
  ),
);

function skipDigits(text: string, i: number): number {
  for (;;) {
    const code = text.charCodeAt(i);
    if (!(code >= 48 && code <= 57)) return i;
    i++;
  }
}

function isWordCode(code: number): boolean {
  return (
    (code >= 97 && code <= 122) ||
    (code >= 48 && code <= 57) ||
    (code >= 65 && code <= 90) ||
    code === 95 ||
    code >= 128
  );
}

function tooDeep(): SqlError {
  return sqlError('54001', 'stack depth limit exceeded', {
    hint:
      'Increase the configuration parameter "max_stack_depth" (currently 2048kB), ' +
      "after ensuring the platform's stack depth limit is adequate.",
  });
}

/** Parses a whole text. */
export function parseJson<T>(text: string, builder: JsonBuilder<T>): T {
  const scanner = new Scanner(text, true);
  scanner.next();
  const value = parseValue(scanner, builder, 0);
  if (scanner.token !== T_END) throw scanner.expected('end of input');
  return value;
}

/** Reads the value that begins at the current token, and the token after it. */
function parseValue<T>(scanner: Scanner, builder: JsonBuilder<T>, depth: number): T {
  if (depth > NESTING_MAX) throw tooDeep();
  if (++scanner.valueCount > VALUES_MAX)
    throw sqlError('54000', `a JSON text of more than ${VALUES_MAX} values cannot be read`);
  let value: T;
  switch (scanner.token) {
    case T_STRING:
      value = builder.string(scanner.string);
      break;
    case T_NUMBER:
      value = builder.number(scanner.text.slice(scanner.tokenStart, scanner.tokenEnd));
      break;
    case T_TRUE:
      value = builder.boolean(true);
      break;
    case T_FALSE:
      value = builder.boolean(false);
      break;
    case T_NULL:
      value = builder.nullValue();
      break;
    case T_OBJECT_START:
      value = parseObject(scanner, builder, depth);
      break;
    case T_ARRAY_START:
      value = parseArray(scanner, builder, depth);
      break;
    default:
      throw scanner.expected('JSON value');
  }
  scanner.next();
  return value;
}

function parseObject<T>(scanner: Scanner, builder: JsonBuilder<T>, depth: number): T {
  const keys: string[] = [];
  const values: T[] = [];
  let token = scanner.next();
  if (token !== T_OBJECT_END) {
    for (;;) {
      if (token !== T_STRING) throw scanner.expected(keys.length === 0 ? 'string or "}"' : 'string');
      keys.push(scanner.string);
      if (scanner.next() !== T_COLON) throw scanner.expected('":"');
      scanner.next();
      values.push(parseValue(scanner, builder, depth + 1));
      if (scanner.token === T_OBJECT_END) break;
      if (scanner.token !== T_COMMA) throw scanner.expected('"," or "}"');
      token = scanner.next();
    }
  }
  return builder.object(keys, values);
}

function parseArray<T>(scanner: Scanner, builder: JsonBuilder<T>, depth: number): T {
  const values: T[] = [];
  scanner.next();
  if (scanner.token !== T_ARRAY_END) {
    for (;;) {
      values.push(parseValue(scanner, builder, depth + 1));
      if (scanner.token === T_ARRAY_END) break;
      if (scanner.token !== T_COMMA) throw scanner.expected('"," or "]"');
      scanner.next();
    }
  }
  return builder.array(values);
}

const forgetful: JsonBuilder<null> = {
  nullValue: () => null,
  boolean: () => null,
  string: () => null,
  number: () => null,
  array: () => null,
  object: () => null,
};

/** json is kept as it is written: what its escapes stand for is looked at (22P02, 22P05) when a function takes it apart. */
export function checkJsonEscapes(text: string): void {
  if (text.includes('\\u')) parseJson(text, forgetful);
}

/** Checks that a text is JSON; answers it. */
export function inputJson(text: string): string {
  const scanner = new Scanner(text, false);
  scanner.next();
  checkValue(scanner, 0);
  if (scanner.token !== T_END) throw scanner.expected('end of input');
  return text;
}

function checkValue(scanner: Scanner, depth: number): void {
  if (depth > NESTING_MAX) throw tooDeep();
  switch (scanner.token) {
    case T_OBJECT_START:
      checkObject(scanner, depth);
      break;
    case T_ARRAY_START:
      checkArray(scanner, depth);
      break;
    case T_STRING:
    case T_NUMBER:
    case T_TRUE:
    case T_FALSE:
    case T_NULL:
      break;
    default:
      throw scanner.expected('JSON value');
  }
  scanner.next();
}

function checkObject(scanner: Scanner, depth: number): void {
  let token = scanner.next();
  for (let isFirst = true; token !== T_OBJECT_END || !isFirst; isFirst = false) {
    if (token !== T_STRING) throw scanner.expected(isFirst ? 'string or "}"' : 'string');
    if (scanner.next() !== T_COLON) throw scanner.expected('":"');
    scanner.next();
    checkValue(scanner, depth + 1);
    if (scanner.token === T_OBJECT_END) return;
    if (scanner.token !== T_COMMA) throw scanner.expected('"," or "}"');
    token = scanner.next();
  }
}

function checkArray(scanner: Scanner, depth: number): void {
  if (scanner.next() === T_ARRAY_END) return;
  for (;;) {
    checkValue(scanner, depth + 1);
    if (scanner.token === T_ARRAY_END) return;
    if (scanner.token !== T_COMMA) throw scanner.expected('"," or "]"');
    scanner.next();
  }
}

const NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;

/** Whether a text is a number as JSON writes them. */
export function isJsonNumber(text: string): boolean {
  return NUMBER.test(text);
}

/** A string as a JSON string, escaped as PostgreSQL's escape_json does. */
export function quoteJson(text: string): string {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code < 32 || code === 34 || code === 92) return quoteEscaped(text, i);
  }
  return '"' + text + '"';
}

const QUOTED: ReadonlyMap<number, string> = new Map([
  [8, '\\b'],
  [12, '\\f'],
  [10, '\\n'],
  [13, '\\r'],
  [9, '\\t'],
  [34, '\\"'],
  [92, '\\\\'],
]);

function quoteEscaped(text: string, from: number): string {
  let quoted = '"';
  let copied = 0;
  for (let i = from; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code >= 32 && code !== 34 && code !== 92) continue;
    quoted += text.slice(copied, i) + (QUOTED.get(code) ?? '\\u' + code.toString(16).padStart(4, '0'));
    copied = i + 1;
  }
  return quoted + text.slice(copied) + '"';
}
