/**
 * The Snowball language (snowballstem.org/compiler/snowman.html), as far as its stemmers of version 2.2 use it, to a tree. Texts become
 * texts of bytes (one character per byte of UTF-8), which is what programs count in.
 */
import { Buffer } from 'node:buffer';

export type Relation = '==' | '!=' | '<' | '<=' | '>' | '>=';

/** What a number is computed from. */
export type Arithmetic =
  | { readonly kind: 'number'; readonly value: number }
  | { readonly kind: 'variable' | 'place'; readonly name: string }
  | { readonly kind: 'binary'; readonly operator: string; readonly left: Arithmetic; readonly right: Arithmetic };

/** A text in the program, or a string variable. */
export type StringOperand =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'string'; readonly name: string };

export interface AmongCase {
  readonly text: string;
  /** A routine that must succeed behind the text, too. */
  readonly routine: string | null;
  /** Index of its action; -1: none. */
  readonly action: number;
}

export type Command =
  | { readonly kind: 'sequence' | 'or' | 'and'; readonly parts: readonly Command[] }
  | {
      readonly kind: 'not' | 'try' | 'test' | 'fail' | 'goto' | 'gopast' | 'repeat' | 'do' | 'backwards';
      readonly body: Command;
    }
  | { readonly kind: 'loop' | 'atleast'; readonly count: Arithmetic; readonly body: Command }
  | { readonly kind: 'hop' | 'tomark' | 'atmark'; readonly at: Arithmetic }
  | { readonly kind: 'next' | 'tolimit' | 'atlimit' | '[' | ']' | 'delete' | 'true' | 'false' | 'substring' }
  | { readonly kind: 'setmark' | 'set' | 'unset' | 'call' | 'flag' | 'slice'; readonly name: string }
  | { readonly kind: 'grouping'; readonly name: string; readonly isNegated: boolean }
  | { readonly kind: 'setlimit'; readonly to: Command; readonly body: Command }
  | { readonly kind: 'match' | 'replace' | 'insert' | 'attach'; readonly operand: StringOperand }
  | { readonly kind: 'assign'; readonly name: string; readonly operator: string; readonly value: Arithmetic }
  | { readonly kind: 'compare'; readonly left: Arithmetic; readonly relation: Relation; readonly right: Arithmetic }
  | {
      readonly kind: 'among';
      readonly cases: readonly AmongCase[];
      readonly actions: readonly Command[];
      readonly starter: Command | null;
      /** The matching is done here: no `substring` has done it. */
      readonly matches: boolean;
    };

export interface Routine {
  readonly name: string;
  readonly isBackward: boolean;
  readonly body: Command;
}

export interface Program {
  readonly strings: readonly string[];
  readonly integers: readonly string[];
  readonly booleans: readonly string[];
  /** Characters, each a text of bytes. */
  readonly groupings: ReadonlyMap<string, readonly string[]>;
  readonly routines: readonly Routine[];
}

/** Texts of bytes, which groupings and places count in. */
export function toBytes(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1');
}

export function charactersOf(bytes: string): string[] {
  return [...Buffer.from(bytes, 'latin1').toString('utf8')].map(toBytes);
}

type DeclarationKind = 'strings' | 'integers' | 'booleans' | 'routines' | 'externals' | 'groupings';
const DECLARATIONS = new Set<string>(['strings', 'integers', 'booleans', 'routines', 'externals', 'groupings']);
const RELATIONS = new Set<string>(['==', '!=', '<', '<=', '>', '>=']);
const PREFIXES = new Set<string>(['not', 'try', 'test', 'fail', 'goto', 'gopast', 'repeat', 'do', 'backwards']);
const PLAIN = new Set<string>(['next', 'tolimit', 'atlimit', '[', ']', 'delete', 'true', 'false', 'substring']);
const PLACES = new Set<string>(['cursor', 'limit', 'len', 'size', 'maxint', 'minint']);

const TOKEN =
  /\s+|\/\/[^\n]*|\/\*[\s\S]*?\*\/|([A-Za-z][A-Za-z0-9_]*|[0-9]+|<-|<\+|->|=>|[-+*/<>=!]=|[-()[\]$=<>+*/?])/y;

export class SnowballParser {
  readonly #source: string;
  #at = 0;
  /** The next token; '' at the end, a text with its quote. */
  #token = '';
  #escapes: readonly [string, string] | null = null;
  readonly #macros = new Map<string, string>();
  readonly #kinds = new Map<string, DeclarationKind>();
  readonly #groupings = new Map<string, readonly string[]>();
  readonly #routines: Routine[] = [];
  #isBackward = false;
  /** A `substring` waits for its `among`. */
  #hasSubstring = false;

  constructor(source: string) {
    this.#source = source;
    this.#advance();
  }

  program(): Program {
    while (this.#token !== '') this.#declaration();
    const named = (kind: DeclarationKind): string[] =>
      [...this.#kinds].filter(([, known]) => known === kind).map(([name]) => name);
    return {
      strings: named('strings'),
      integers: named('integers'),
      booleans: named('booleans'),
      groupings: this.#groupings,
      routines: this.#routines,
    };
  }

  // ------------------------------------------------------------------------------------------------------------ tokens

  #fail(): Error {
    return new Error(`Snowball: unexpected "${this.#token}" before offset ${this.#at}`);
  }

  #advance(): string {
    const taken = this.#token;
    for (;;) {
      if (this.#at >= this.#source.length) {
        this.#token = '';
        return taken;
      }
      if (this.#source[this.#at] === "'") {
        this.#token = `'${this.#text()}`;
        return taken;
      }
      TOKEN.lastIndex = this.#at;
      const match = TOKEN.exec(this.#source);
      if (match === null) throw this.#fail();
      this.#at = TOKEN.lastIndex;
      if (match[1] !== undefined) {
        this.#token = match[1];
        return taken;
      }
    }
  }

  /** A text, its escapes replaced. */
  #text(): string {
    let text = '';
    for (this.#at++; ; ) {
      const character = this.#source[this.#at++];
      if (character === "'") return toBytes(text);
      if (this.#escapes === null || character !== this.#escapes[0]) {
        text += character;
        continue;
      }
      const end = this.#source.indexOf(this.#escapes[1], this.#at);
      const name = this.#source.slice(this.#at, end);
      const code = /^U\+([0-9A-Fa-f]+)$/.exec(name);
      if (code !== null) text += String.fromCodePoint(Number.parseInt(code[1], 16));
      else text += this.#macros.get(name) ?? (name === "'" ? name : '');
      this.#at = end + 1;
    }
  }

  #has(token: string): boolean {
    if (this.#token !== token) return false;
    this.#advance();
    return true;
  }

  #take(token: string): void {
    if (!this.#has(token)) throw this.#fail();
  }

  /** What stands next without being a token: names of macros, the brackets of escapes. */
  #word(): string {
    const match = /\s*(\S+)/y;
    match.lastIndex = this.#at;
    const [, word] = match.exec(this.#source) as RegExpExecArray;
    this.#at = match.lastIndex;
    return word;
  }

  // ------------------------------------------------------------------------------------------------------ declarations

  #declaration(): void {
    const word = this.#token;
    if (DECLARATIONS.has(word)) {
      this.#advance();
      this.#take('(');
      while (!this.#has(')')) this.#kinds.set(this.#advance(), word as DeclarationKind);
    } else if (word === 'stringescapes') {
      const pair = this.#word();
      this.#escapes = [pair[0], pair.length > 1 ? pair[1] : this.#word()];
      this.#advance();
    } else if (word === 'stringdef') {
      const name = this.#word();
      this.#advance();
      this.#macros.set(name, Buffer.from(this.#advance().slice(1), 'latin1').toString('utf8'));
    } else if (word === 'backwardmode') {
      this.#advance();
      this.#isBackward = true;
      this.#take('(');
      while (!this.#has(')')) this.#declaration();
      this.#isBackward = false;
    } else if (word === 'define') this.#definition();
    else throw this.#fail();
  }

  #definition(): void {
    this.#advance();
    const name = this.#advance();
    if (this.#kinds.get(name) === 'groupings') {
      this.#groupings.set(name, this.#groupingOf());
      return;
    }
    this.#take('as');
    this.#routines.push({ name, isBackward: this.#isBackward, body: this.#command() });
  }

  /** G1 + G2 - G3: texts and groupings. */
  #groupingOf(): string[] {
    const characters = new Set<string>();
    for (let isMinus = false; ; isMinus = this.#advance() === '-') {
      const operand = this.#advance();
      const members = operand.startsWith("'") ? charactersOf(operand.slice(1)) : (this.#groupings.get(operand) ?? []);
      for (const member of members) {
        if (isMinus) characters.delete(member);
        else characters.add(member);
      }
      if (this.#token !== '+' && this.#token !== '-') return [...characters];
    }
  }

  // ---------------------------------------------------------------------------------------------------------- commands

  /** C1 or C2 and C3 ...: both bind alike, from the left. */
  #command(): Command {
    let left = this.#single();
    while (this.#token === 'or' || this.#token === 'and') {
      const kind = this.#token;
      const parts = [left];
      while (this.#has(kind)) parts.push(this.#single());
      left = { kind, parts };
    }
    return left;
  }

  #sequence(end: string): Command {
    const parts: Command[] = [];
    while (!this.#has(end)) parts.push(this.#command());
    return { kind: 'sequence', parts };
  }

  #single(): Command {
    const token = this.#advance();
    if (token.startsWith("'")) return { kind: 'match', operand: { kind: 'text', text: token.slice(1) } };
    if (token === '(') return this.#sequence(')');
    if (PREFIXES.has(token)) return { kind: token as 'not', body: this.#single() };
    if (PLAIN.has(token)) {
      if (token === 'substring') this.#hasSubstring = true;
      return { kind: token as 'next' };
    }
    switch (token) {
      case 'loop':
      case 'atleast': {
        const count = this.#arithmetic();
        return { kind: token, count, body: this.#single() };
      }
      case 'hop':
      case 'tomark':
      case 'atmark':
        return { kind: token, at: this.#arithmetic() };
      case 'setmark':
      case 'set':
      case 'unset':
        return { kind: token, name: this.#advance() };
      case '->':
        return { kind: 'slice', name: this.#advance() };
      case '<-':
        return { kind: 'replace', operand: this.#operand() };
      case '<+':
      case 'insert':
        return { kind: 'insert', operand: this.#operand() };
      case 'attach':
        return { kind: 'attach', operand: this.#operand() };
      case 'setlimit': {
        const to = this.#single();
        this.#take('for');
        return { kind: 'setlimit', to, body: this.#single() };
      }
      case 'among':
        return this.#among();
      case 'non':
        this.#has('-');
        return { kind: 'grouping', name: this.#advance(), isNegated: true };
      case '$':
        return this.#integerCommand();
      default:
        return this.#named(token);
    }
  }

  #named(name: string): Command {
    switch (this.#kinds.get(name)) {
      case 'routines':
      case 'externals':
        return { kind: 'call', name };
      case 'booleans':
        return { kind: 'flag', name };
      case 'groupings':
        return { kind: 'grouping', name, isNegated: false };
      case 'strings':
        return { kind: 'match', operand: { kind: 'string', name } };
      default:
        throw new Error(`Snowball: "${name}" is no command`);
    }
  }

  #operand(): StringOperand {
    const token = this.#advance();
    return token.startsWith("'") ? { kind: 'text', text: token.slice(1) } : { kind: 'string', name: token };
  }

  /** $(a > b), $x > a, $x = a, $x += a */
  #integerCommand(): Command {
    if (this.#has('(')) {
      const left = this.#arithmetic();
      const relation = this.#advance() as Relation;
      const right = this.#arithmetic();
      this.#take(')');
      return { kind: 'compare', left, relation, right };
    }
    const name = this.#advance();
    const operator = this.#advance();
    const value = this.#arithmetic();
    if (!RELATIONS.has(operator)) return { kind: 'assign', name, operator, value };
    return { kind: 'compare', left: { kind: 'variable', name }, relation: operator as Relation, right: value };
  }

  /** Sums of products. */
  #arithmetic(): Arithmetic {
    let left = this.#product();
    while (this.#token === '+' || this.#token === '-') {
      const operator = this.#advance();
      left = { kind: 'binary', operator, left, right: this.#product() };
    }
    return left;
  }

  #product(): Arithmetic {
    let left = this.#term();
    while (this.#token === '*' || this.#token === '/') {
      const operator = this.#advance();
      left = { kind: 'binary', operator, left, right: this.#term() };
    }
    return left;
  }

  #term(): Arithmetic {
    const token = this.#advance();
    if (token === '(') {
      const inner = this.#arithmetic();
      this.#take(')');
      return inner;
    }
    if (/^[0-9]/.test(token)) return { kind: 'number', value: Number(token) };
    if (token === 'sizeof' || token === 'lenof') {
      const text = this.#advance().slice(1);
      return { kind: 'number', value: token === 'sizeof' ? text.length : charactersOf(text).length };
    }
    return { kind: PLACES.has(token) ? 'place' : 'variable', name: token };
  }

  /** '(' [ starter ] { text [ routine ] | action } ')': an action is that of the texts before it, back to the last one. */
  #among(): Command {
    const matches = !this.#hasSubstring;
    this.#hasSubstring = false;
    this.#take('(');
    let starter: Command | null = null;
    const cases: AmongCase[] = [];
    const actions: Command[] = [];
    let pending: Omit<AmongCase, 'action'>[] = [];
    const give = (action: number): void => {
      for (const each of pending) cases.push({ ...each, action });
      pending = [];
    };
    while (!this.#has(')')) {
      if (this.#token.startsWith("'")) {
        const text = this.#advance().slice(1);
        const isRoutine = this.#kinds.get(this.#token) === 'routines';
        pending.push({ text, routine: isRoutine ? this.#advance() : null });
        continue;
      }
      this.#take('(');
      const action = this.#sequence(')');
      if (pending.length === 0 && cases.length === 0) starter = action;
      else give(actions.push(action) - 1);
    }
    give(-1);
    return { kind: 'among', cases, actions, starter, matches };
  }
}
