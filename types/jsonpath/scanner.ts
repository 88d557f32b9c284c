/** Tokens of jsonpath. */
import { sqlError } from '../errors.ts';

/** Words that mean something; those of JSON only in lower case. They can all be keys. */
const KEYWORDS = new Set(
  `is to abs lax flag last size type with floor double exists starts strict ceiling datetime keyvalue unknown
 like_regex`.split(/\s+/),
);
const JSON_WORDS = new Set(['null', 'true', 'false']);

export type TokenKind = 'word' | 'keyword' | 'string' | 'variable' | 'integer' | 'number' | 'sign' | 'end';

export interface Token {
  readonly kind: TokenKind;
  /** Of words and strings their value; of keywords in lower case; of numbers and signs as written. */
  readonly text: string;
  /** As written. */
  readonly image: string;
  /** What PostgreSQL's scanner has just read when it knows this token: of words what follows them. */
  readonly near: string;
}

const SIGNS = ['&&', '||', '**', '<=', '>=', '==', '!=', '<>'];
const SINGLE_SIGNS = '?%$.[]{}()|&!=<>@#,*:-+/';
const BLANK = /[ \t\n\r\f]/;
const BLANKS = /^[ \t\n\r\f]*/;
const WORD_CHARACTER = /[^?%$.[\]{}()|&!=<>@#,*:\-+/\\" \t\n\r\f]/;

export class JsonpathScanner {
  readonly #text: string;
  #at = 0;
  /** Unicode escapes in a row: where the first begins and the last ends. */
  #unicodeStart = 0;
  #unicodeEnd = -1;

  constructor(text: string) {
    this.#text = text;
  }

  /** The next token; at the end that it is the end. */
  next(): Token {
    this.#skipBlanks();
    return this.#next();
  }

  #skipBlanks(): void {
    const text = this.#text;
    for (;;) {
      while (BLANK.test(text[this.#at] ?? '')) this.#at++;
      if (!text.startsWith('/*', this.#at)) return;
      const end = text.indexOf('*/', this.#at + 2);
      if (end < 0) throw sqlError('42601', 'unexpected end of comment at end of jsonpath input');
      this.#at = end + 2;
    }
  }

  #token(kind: TokenKind, text: string, start: number): Token {
    const image = this.#text.slice(start, this.#at);
    let near = image;
    if (image.endsWith('"')) near = '"';
    else if (kind === 'word' || kind === 'keyword' || kind === 'variable') {
      near = (BLANKS.exec(this.#text.slice(this.#at)) as RegExpExecArray)[0];
    }
    return { kind, text, image, near };
  }

  #next(): Token {
    const text = this.#text;
    const start = this.#at;
    const first = text[start];
    if (first === undefined) return this.#token('end', '', start);
    if (first === '"') return this.#token('string', this.#quoted(), start);
    if (first === '$') {
      const second = text[start + 1];
      if (second === '"') {
        this.#at++;
        return this.#token('variable', this.#quoted(), start);
      }
      if (second !== undefined && (WORD_CHARACTER.test(second) || second === '\\')) {
        this.#at++;
        return this.#token('variable', this.#word(), start);
      }
    }
    if (/[0-9]/.test(first) || (first === '.' && /[0-9]/.test(text[start + 1] ?? ''))) return this.#number();
    const sign = SIGNS.find((candidate) => text.startsWith(candidate, start));
    if (sign !== undefined) {
      this.#at += sign.length;
      return this.#token('sign', sign, start);
    }
    if (SINGLE_SIGNS.includes(first)) {
      this.#at++;
      return this.#token('sign', first, start);
    }
    const word = this.#word();
    const image = text.slice(start, this.#at);
    const isKeyword = KEYWORDS.has(word.toLowerCase()) || (JSON_WORDS.has(word.toLowerCase()) && JSON_WORDS.has(word));
    return isKeyword && !image.includes('\\')
      ? this.#token('keyword', word.toLowerCase(), start)
      : this.#token('word', word, start);
  }

  #number(): Token {
    const start = this.#at;
    const rest = this.#text.slice(start);
    const plain = /^(?:(?:0|[1-9]\d*)(?:\.\d*)?|\.\d+)/.exec(rest) as RegExpExecArray;
    const exponent = /^[eE][+-]?\d+/.exec(rest.slice(plain[0].length))?.[0] ?? '';
    this.#at += plain[0].length + exponent.length;
    const next = this.#text[this.#at];
    if (next !== undefined && WORD_CHARACTER.test(next)) {
      const image = this.#text.slice(start, this.#at + 1);
      // PostgreSQL's scanner takes the longest match: of a number and one byte, or of a word, which may begin with digits.
      const bytes = this.#at - start + 1;
      this.#at = start;
      const word = this.#word();
      if (Buffer.byteLength(this.#text.slice(start, this.#at)) > bytes) return this.#token('word', word, start);
      throw sqlError('42601', `trailing junk after numeric literal at or near "${image}" of jsonpath input`);
    }
    const written = plain[0] + exponent;
    return this.#token(/^\d+$/.test(written) ? 'integer' : 'number', written, start);
  }

  #word(): string {
    let word = '';
    for (;;) {
      const character = this.#text[this.#at];
      if (character === undefined) return word;
      if (character === '\\') word += this.#escape();
      else if (WORD_CHARACTER.test(character) && !this.#text.startsWith('/*', this.#at)) {
        word += character;
        this.#at++;
      } else return word;
    }
  }

  #quoted(): string {
    this.#at++;
    let value = '';
    for (;;) {
      const character = this.#text[this.#at];
      if (character === undefined) {
        throw sqlError('42601', 'unexpected end of quoted string at end of jsonpath input');
      }
      if (character === '\\') value += this.#escape();
      else {
        this.#at++;
        if (character === '"') return value;
        value += character;
      }
    }
  }

  /** \n, \x41, \u0041, \u{41}; other characters are themselves. */
  #escape(): string {
    const text = this.#text;
    const start = this.#at++;
    const character = text[this.#at++];
    if (character === undefined) throw sqlError('42601', 'unexpected end after backslash at end of jsonpath input');
    const simple = 'bfnrtv'.indexOf(character);
    if (simple >= 0) return '\b\f\n\r\t\v'[simple];
    if (character !== 'x' && character !== 'u') {
      const codePoint = text.codePointAt(start + 1) as number;
      this.#at = start + 1 + (codePoint > 0xffff ? 2 : 1);
      return String.fromCodePoint(codePoint);
    }
    const isHex = character === 'x';
    if (this.#unicodeEnd !== start) this.#unicodeStart = start;
    const form = isHex ? /^[0-9a-fA-F]{2}/ : /^(?:[0-9a-fA-F]{4}|\{[0-9a-fA-F]{1,6}\})/;
    const rest = text.slice(this.#at, this.#at + 8);
    const digits = form.exec(rest)?.[0];
    if (digits === undefined) {
      const [known] = (isHex ? /^[0-9a-fA-F]?/ : /^(?:\{[0-9a-fA-F]{0,6}|[0-9a-fA-F]{0,3})/).exec(
        rest,
      ) as RegExpExecArray;
      const near = text.slice(isHex ? start : this.#unicodeStart, this.#at + known.length);
      const what = isHex ? 'invalid hex character sequence' : 'invalid unicode sequence';
      throw sqlError('42601', `${what} at or near "${near}" of jsonpath input`);
    }
    this.#at += digits.length;
    if (!isHex) this.#unicodeEnd = this.#at;
    const code = Number.parseInt(digits.replace(/[{}]/g, ''), 16);
    if (code === 0) throw nullCharacter();
    if (code >= 0xd800 && code < 0xdc00) {
      const low = /^\\u(?:([0-9a-fA-F]{4})|\{([0-9a-fA-F]{1,6})\})/.exec(text.slice(this.#at, this.#at + 10));
      const second = low === null ? 0 : Number.parseInt(low[1] ?? low[2], 16);
      if (second >= 0xd800 && second < 0xdc00) {
        throw surrogate('Unicode high surrogate must not follow a high surrogate.');
      }
      if (low === null || second < 0xdc00 || second > 0xdfff) throw surrogate();
      this.#at += low[0].length;
      this.#unicodeEnd = this.#at;
      return String.fromCharCode(code, second);
    }
    if (code >= 0xdc00 && code < 0xe000) throw surrogate('Unicode low surrogate must follow a high surrogate.');
    if (code > 0x10ffff) throw sqlError('42601', 'invalid Unicode code point');
    return String.fromCodePoint(code);
  }
}

function nullCharacter(): Error {
  return sqlError('22P05', 'unsupported Unicode escape sequence', { detail: '\\u0000 cannot be converted to text.' });
}

function surrogate(detail = 'Unicode low surrogate must follow a high surrogate.'): Error {
  return sqlError('22P02', 'invalid input syntax for type jsonpath', { detail });
}
