/**
 * PostgreSQL's default text search parser: cuts a text into tokens of 23 types. Plain words, blanks and numbers are found by
 * a short loop; whatever stands at the border to hosts, files, hyphened words ... goes through the automaton of
 * parser-states.ts, which tries, remembers and goes back.
 */
import { isDigit, isLetter } from '../../../types/fulltext/letters.ts';
import { PARSER_STATES, TOKEN_ALIASES } from './parser-states.ts';

export const TOKEN = {
  ASCIIWORD: 1,
  WORD: 2,
  NUMWORD: 3,
  EMAIL: 4,
  URL: 5,
  HOST: 6,
  SFLOAT: 7,
  VERSION: 8,
  HWORD_NUMPART: 9,
  HWORD_PART: 10,
  HWORD_ASCIIPART: 11,
  BLANK: 12,
  TAG: 13,
  PROTOCOL: 14,
  NUMHWORD: 15,
  ASCIIHWORD: 16,
  HWORD: 17,
  URL_PATH: 18,
  FILE: 19,
  FLOAT: 20,
  INT: 21,
  UINT: 22,
  ENTITY: 23,
} as const;

/** What to do when a rule holds; flags may stand together. */
const BINGO = 1;
const POP = 2;
const PUSH = 4;
const RERUN = 8;
const CLEAR = 16;
const MERGE = 32;
const CLEAR_ALL = 64;

const STAY = -1;
const TESTS = `end any alnum notalnum alpha asclet digit special space hex urlchar ignore stophost host urlpath`.split(
  ' ',
);
const TEST = Object.fromEntries(TESTS.map((name, i) => [name, i]));
/** Tests of one character are its code and this. */
const CHARACTER_TEST = 32;

interface Rule {
  readonly test: number;
  readonly flags: number;
  readonly state: number;
  readonly token: number;
  readonly special: string;
}

const STATE_NAMES = Object.keys(PARSER_STATES);
const stateNumber = (name: string): number => (name === '' ? STAY : STATE_NAMES.indexOf(name));

const ACTIONS: Readonly<Record<string, number>> = {
  '=': 0,
  '+': PUSH,
  '^': POP,
  '!': CLEAR,
  '~': MERGE,
  '%': RERUN,
  '>': BINGO,
  '>>': BINGO | CLEAR_ALL,
  '>!': BINGO | CLEAR,
};

function parseRule(text: string): Rule {
  const quoted = text[0] === "'" ? text[1] : null;
  const name = quoted === null ? (/^[a-z]+/.exec(text) as RegExpExecArray)[0] : '';
  const [, action, target, next = '', special = ''] =
    /^(=|\+|\^|!|~|%|>>|>!|>)([a-zA-Z_]*)(?::([a-zA-Z]+))?(?:@([a-zA-Z]+))?$/.exec(
      text.slice(quoted === null ? name.length : 2),
    ) as RegExpExecArray;
  const isBingo = action.startsWith('>');
  return {
    test: quoted === null ? TEST[name] : CHARACTER_TEST + quoted.charCodeAt(0),
    flags: ACTIONS[action],
    state: isBingo ? stateNumber(next === '' ? 'base' : next) : stateNumber(target),
    token: isBingo ? TOKEN_ALIASES.indexOf(target) : 0,
    special,
  };
}

let states: readonly (readonly Rule[])[] | null = null;

function parserStates(): readonly (readonly Rule[])[] {
  states ??= STATE_NAMES.map((name) => PARSER_STATES[name].trim().split(/\s+/).map(parseRule));
  return states;
}

const BASE = stateNumber('base');
const FILE_FIRST = stateNumber('urlPathFirst');

const MARK = /[\p{Mn}\p{Me}\p{Mc}\u200b-\u200f\u202a-\u202e\u2060-\u2063\u206a-\u206f\ufeff\ufff9-\ufffb]/u;
const SPACE = /[\t-\r \u1680\u2000-\u2006\u2008-\u200a\u2028\u2029\u205f\u3000]/;

/** A place that the automaton may come back to. */
interface Place {
  at: number;
  /** Length of the token so far. */
  length: number;
  state: number;
  /** The rule that remembered it; -1: none. */
  rule: number;
}

/** Of ASCII characters: what they are to the short loop. */
const LETTER_KIND = 1;
const DIGIT_KIND = 2;
const BLANK_KIND = 3;
/** Begins something else than a blank; inside blanks it ends them. */
const BORDER_KIND = 4;
/** Begins something else, but may stand among blanks. */
const START_KIND = 5;
const KINDS = new Uint8Array(128).map((_, code) => {
  const character = String.fromCharCode(code);
  if (/[a-zA-Z]/.test(character)) return LETTER_KIND;
  if (/[0-9]/.test(character)) return DIGIT_KIND;
  if ('<-+&/'.includes(character)) return BORDER_KIND;
  return '.~'.includes(character) ? START_KIND : BLANK_KIND;
});

export class DefaultParser {
  readonly #text: string;
  readonly #end: number;
  #stack: Place[];
  #top = 0;
  #ignore = false;
  #wantsHost = false;
  #tokenStart = 0;
  /** The token that next() found: its type and where it lies. */
  type = 0;
  start = 0;
  end = 0;

  constructor(text: string, at = 0, state = BASE) {
    this.#text = text;
    this.#end = text.length;
    this.#stack = [{ at, length: 0, state, rule: -1 }];
  }

  /** Finds the next token; false at the end. */
  next(): boolean {
    const place = this.#stack[this.#top];
    if (this.#top === 0 && place.state === BASE && !this.#ignore && !this.#wantsHost && this.#nextPlain(place)) {
      return true;
    }
    return this.#run();
  }

  /** The short loop: true when it found a token that the automaton would find, too. */
  #nextPlain(place: Place): boolean {
    const text = this.#text;
    const end = this.#end;
    let i = place.at;
    if (i >= end) return false;
    const first = text.charCodeAt(i);
    if (first >= 128) return false;
    const kind = KINDS[first];
    if (kind === LETTER_KIND) {
      do i++;
      while (i < end && text.charCodeAt(i) < 128 && KINDS[text.charCodeAt(i)] === LETTER_KIND);
      if (i < end && !this.#endsWord(i)) return false;
      this.type = TOKEN.ASCIIWORD;
    } else if (kind === BLANK_KIND) {
      for (i++; i < end; i++) {
        const code = text.charCodeAt(i);
        if (code >= 128) return false;
        if (KINDS[code] !== BLANK_KIND && KINDS[code] !== START_KIND) break;
      }
      this.type = TOKEN.BLANK;
    } else return false;
    this.start = place.at;
    this.end = i;
    place.at = i;
    return true;
  }

  /** Does an ASCII word end before this character, whatever the automaton would try? */
  #endsWord(at: number): boolean {
    const code = this.#text.charCodeAt(at);
    if (code >= 128 || KINDS[code] === DIGIT_KIND || code === 64 /* @ */ || code === 95 /* _ */) return false;
    if (code !== 46 /* . */ && code !== 45 /* - */ && code !== 58 /* : */ && code !== 47 /* / */) return true;
    const next = at + 1 < this.#end ? this.#text.charCodeAt(at + 1) : 32;
    if (next >= 128) return false;
    const kind = KINDS[next];
    return kind !== LETTER_KIND && kind !== DIGIT_KIND && !(next === 95 || next === 46 || next === 47 || next === 126);
  }

  #codeAt(at: number): number {
    return at < this.#end ? (this.#text.codePointAt(at) as number) : -1;
  }

  #holds(test: number, code: number): boolean {
    if (test >= CHARACTER_TEST) return code === test - CHARACTER_TEST;
    switch (test) {
      case 0:
        return code < 0;
      case 1:
        return true;
      case 2:
        return isDigit(code) || isLetter(code);
      case 3:
        return !(isDigit(code) || isLetter(code));
      case 4:
        return code >= 0 && isLetter(code);
      case 5:
        return code >= 0 && code < 128 && isLetter(code);
      case 6:
        return isDigit(code);
      case 7:
        return code >= 128 && MARK.test(String.fromCodePoint(code));
      case 8:
        return code >= 0 && SPACE.test(String.fromCodePoint(code));
      case 9:
        return code >= 0 && /[0-9a-fA-F]/.test(String.fromCodePoint(code));
      case 10:
        return code > 32 && code < 127 && !'"<>\\^`{|}'.includes(String.fromCharCode(code));
      case 11:
        return this.#ignore;
      case 12: {
        const wanted = this.#wantsHost;
        this.#wantsHost = false;
        return wanted;
      }
      case 13:
        return this.#takeInner(BASE, true);
      default:
        return this.#takeInner(FILE_FIRST, false);
    }
  }

  /** Lets another automaton read on from here; when it finds a host (the path of a URL) that is taken. */
  #takeInner(state: number, host: boolean): boolean {
    const place = this.#stack[this.#top];
    const inner = new DefaultParser(this.#text, place.at, state);
    if (!host) inner.#stack.unshift({ at: place.at, length: 0, state: BASE, rule: -1 });
    if (!host) inner.#top = 1;
    inner.#wantsHost = host;
    const found = inner.#run();
    if (!found || (host ? inner.type !== TOKEN.HOST : inner.type !== TOKEN.URL_PATH)) return false;
    const length = inner.end - inner.start;
    place.at += length;
    place.length += length;
    return true;
  }

  #special(name: string, place: Place): void {
    switch (name) {
      case 'tag': {
        // The content of scripts and styles is no text.
        const opened = this.#text.slice(this.#tokenStart, this.#tokenStart + place.length).toLowerCase();
        if (opened === '</script' || opened === '</style') this.#ignore = false;
        else if (opened === '<script' || opened === '<style') this.#ignore = true;
        return;
      }
      case 'rewindUrl':
        this.#wantsHost = true;
        place.at -= place.length;
        return;
      case 'rewindWord':
        place.at -= place.length;
        return;
      case 'rewind':
        place.at -= place.length;
        place.length = 0;
        return;
    }
  }

  /** One token by the automaton. */
  #run(): boolean {
    const table = parserStates();
    const stack = this.#stack;
    let place = stack[this.#top];
    if (place.at >= this.#end) return false;
    this.#tokenStart = place.at;
    place.rule = -1;
    for (;;) {
      if (place.at > this.#end) return false;
      const rules = table[place.state];
      let index = place.rule + 1;
      place.rule = -1;
      const at = place.at;
      const code = this.#codeAt(at);
      while (!this.#holds(rules[index].test, code)) index++;
      const rule = rules[index];
      if (rule.special !== '') this.#special(rule.special, place);
      const { flags } = rule;
      if ((flags & BINGO) !== 0) {
        this.type = rule.token;
        this.start = this.#tokenStart;
        this.end = this.#tokenStart + place.length;
        place.length = 0;
      }
      // What was taken inside a test has moved the place: the step below is by the character that is there now.
      const width = place.at >= this.#end ? 0 : this.#codeAt(place.at) > 0xffff ? 2 : 1;
      if ((flags & POP) !== 0) place = stack[--this.#top];
      else if ((flags & PUSH) !== 0) {
        place.rule = index;
        this.#top++;
        if (this.#top === stack.length) stack.push({ at: 0, length: 0, state: 0, rule: -1 });
        const copy = stack[this.#top];
        copy.at = place.at;
        copy.length = place.length;
        copy.state = place.state;
        copy.rule = -1;
        place = copy;
      } else if ((flags & (CLEAR | MERGE)) !== 0) {
        const below = stack[this.#top - 1];
        below.at = place.at;
        below.length = place.length;
        if ((flags & CLEAR) !== 0) below.state = place.state;
        below.rule = -1;
        this.#top--;
        place = below;
      } else if ((flags & CLEAR_ALL) !== 0) {
        const bottom = stack[0];
        bottom.at = place.at;
        bottom.length = place.length;
        bottom.state = place.state;
        bottom.rule = -1;
        this.#top = 0;
        place = bottom;
      }
      if (rule.state !== STAY) place.state = rule.state;
      if ((flags & BINGO) !== 0) return true;
      if (place.at >= this.#end && (flags & RERUN) === 0) return false;
      if ((flags & (RERUN | POP)) !== 0) continue;
      place.at += width;
      place.length += width;
    }
  }
}
