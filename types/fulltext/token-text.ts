/** Reads the words of the texts of tsvector and tsquery, quoted or not, with the positions behind them. */
import { sqlError } from '../errors.ts';
import { POSITION_MAX } from './tsvector.ts';

/** In a tsvector words end at blanks; in a tsquery also at operators; for the web search form nothing is quoted here. */
export type TokenMode = 'tsvector' | 'tsquery' | 'web';

const SPACE = /[\s\u0085]/;

export function isSpace(character: string | undefined): boolean {
  return character !== undefined && SPACE.test(character);
}

/** Characters that end a word of a query. */
export const OPERATORS = '!&|()<';

export class TokenReader {
  readonly text: string;
  readonly #mode: TokenMode;
  /** Where the next token is looked for. */
  at = 0;
  /** The last word read, and its positions with weights. */
  word = '';
  positions: number[] = [];

  constructor(text: string, mode: TokenMode) {
    this.text = text;
    this.#mode = mode;
  }

  syntaxError(): Error {
    const what = this.#mode === 'tsvector' ? 'tsvector' : 'tsquery';
    return sqlError('42601', `syntax error in ${what}: "${this.text}"`);
  }

  #isOperator(character: string | undefined): boolean {
    if (character === undefined || this.#mode === 'tsvector') return false;
    return OPERATORS.includes(character) || (this.#mode === 'web' && character === '"');
  }

  /** Reads a word; false at the end of the text. */
  next(): boolean {
    const { text } = this;
    this.word = '';
    this.positions = [];
    while (isSpace(text[this.at])) this.at++;
    const first = text[this.at];
    if (first === undefined) return false;
    if (first === "'" && this.#mode !== 'web') return this.#quoted();
    if (this.#isOperator(first)) throw this.syntaxError();
    for (;;) {
      const character = text[this.at];
      if (character === '\\' && this.#mode !== 'web') {
        this.#escaped();
        continue;
      }
      if (character === undefined || isSpace(character) || this.#isOperator(character)) break;
      if (character === ':' && this.word !== '') {
        if (this.#mode !== 'tsvector') break;
        this.at++;
        this.#readPositions();
        return true;
      }
      this.word += character;
      this.at++;
    }
    if (this.word === '') throw this.syntaxError();
    return true;
  }

  #escaped(): void {
    const code = this.text.codePointAt(this.at + 1);
    if (code === undefined) throw sqlError('42601', `there is no escaped character: "${this.text}"`);
    const character = String.fromCodePoint(code);
    this.word += character;
    this.at += 1 + character.length;
  }

  #quoted(): boolean {
    const { text } = this;
    this.at++;
    for (;;) {
      const character = text[this.at];
      if (character === undefined) throw this.syntaxError();
      if (character === '\\') this.#escaped();
      else if (character === "'" && text[this.at + 1] !== "'") break;
      else {
        this.at += character === "'" ? 2 : 1;
        this.word += character;
      }
    }
    this.at++;
    if (this.word === '') throw this.syntaxError();
    if (this.#mode === 'tsvector' && text[this.at] === ':') {
      this.at++;
      this.#readPositions();
    }
    return true;
  }

  /** 1A,2 ... up to a blank. Other digits behind a position are passed over, as PostgreSQL does. */
  #readPositions(): void {
    const { text } = this;
    for (;;) {
      const digits = /^[0-9]+/.exec(text.slice(this.at, this.at + 32))?.[0];
      if (digits === undefined) throw this.syntaxError();
      const position = Math.min(Number(digits), POSITION_MAX);
      if (position === 0) throw sqlError('42601', `wrong position info in tsvector: "${text}"`);
      this.at += digits.length;
      let weight = 0;
      for (;;) {
        const character = text[this.at];
        if (character === undefined || isSpace(character)) {
          this.positions.push((weight << 14) | position);
          return;
        }
        this.at++;
        if (character === ',') break;
        const named = 'dcba'.indexOf(character.toLowerCase());
        if (named >= 0 || character === '*') {
          if (weight !== 0) throw this.syntaxError();
          weight = character === '*' ? 3 : named;
        } else if (!/[0-9]/.test(character)) throw this.syntaxError();
      }
      this.positions.push((weight << 14) | position);
    }
  }
}

/** A word between quotes, as both types print it. */
export function quoteWord(word: string): string {
  if (!word.includes("'") && !word.includes('\\')) return `'${word}'`;
  return `'${word.replace(/['\\]/g, '$&$&')}'`;
}
