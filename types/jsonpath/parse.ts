/** jsonpath text to its tree. Errors are PostgreSQL's (42601). */
import { sqlError } from '../errors.ts';
import { Numeric } from '../numeric.ts';
import type {
  ArithmeticOperator,
  ComparisonOperator,
  Jsonpath,
  MethodName,
  PathItem,
  RegexFlags,
  Subscript,
} from './path.ts';
import { LAST_LEVEL } from './path.ts';
import { JsonpathScanner, type Token } from './scanner.ts';

const METHODS = new Set(['abs', 'size', 'type', 'floor', 'double', 'ceiling', 'keyvalue']);
const COMPARISONS = new Set(['==', '!=', '<>', '<', '<=', '>', '>=']);

/** Precedence of operators between items, low to high; equal ones go from left to right. */
const PRECEDENCE: Readonly<Record<string, number>> = { '||': 1, '&&': 2, '+': 4, '-': 4, '*': 5, '/': 5, '%': 5 };
const COMPARISON_PRECEDENCE = 3;

/** An item is a value, or a predicate: these two kinds cannot stand for one another. */
type Kind = 'expression' | 'predicate';

interface Parsed {
  readonly kind: Kind;
  readonly item: PathItem;
  /** In parentheses of its own: what a predicate needs before `is unknown`. */
  readonly isEnclosed: boolean;
}

/** Throws where a pattern of like_regex is no regular expression. */
export type PatternCheck = (pattern: string, flags: RegexFlags) => void;

let checkPattern: PatternCheck = () => {};

/** Regular expressions are compiled by the functions of the catalog: they hand in their check here. */
export function registerPatternCheck(check: PatternCheck): void {
  checkPattern = check;
}

class JsonpathParser {
  readonly #scanner: JsonpathScanner;
  /** Read as far as they were looked at: an error of syntax goes before one of a token behind it. */
  readonly #tokens: Token[] = [];
  #at = 0;
  #isInFilter = 0;
  #isInSubscript = 0;
  /** Found while reading; errors of syntax go before it. */
  #misplaced: string | null = null;

  constructor(text: string) {
    this.#scanner = new JsonpathScanner(text);
  }

  get isEmpty(): boolean {
    return this.#peek().kind === 'end';
  }

  parse(): Jsonpath {
    let isLax = true;
    if (this.#isWord('strict') || this.#isWord('lax')) {
      isLax = this.#peek().text === 'lax';
      this.#at++;
    }
    const { item } = this.#binary(1);
    if (this.#peek().kind !== 'end') throw this.#syntaxError();
    if (this.#misplaced !== null) throw sqlError('42601', this.#misplaced);
    return { isLax, root: item };
  }

  #peek(ahead = 0): Token {
    while (this.#tokens.length <= this.#at + ahead && this.#tokens.at(-1)?.kind !== 'end') {
      this.#tokens.push(this.#scanner.next());
    }
    return this.#tokens[Math.min(this.#at + ahead, this.#tokens.length - 1)];
  }

  #isSign(sign: string, ahead = 0): boolean {
    const token = this.#peek(ahead);
    return token.kind === 'sign' && token.text === sign;
  }

  #isWord(word: string): boolean {
    const token = this.#peek();
    return token.kind === 'keyword' && token.text === word;
  }

  #syntaxError(token = this.#peek()): Error {
    if (token.near === '') return sqlError('42601', 'syntax error at end of jsonpath input');
    return sqlError('42601', `syntax error at or near "${token.near}" of jsonpath input`);
  }

  #take(sign: string): void {
    if (!this.#isSign(sign)) throw this.#syntaxError();
    this.#at++;
  }

  #takeWord(word: string): void {
    if (!this.#isWord(word)) throw this.#syntaxError();
    this.#at++;
  }

  #takeString(): string {
    const token = this.#peek();
    if (token.kind !== 'string') throw this.#syntaxError();
    this.#at++;
    return token.text;
  }

  #expect(parsed: Parsed, kind: Kind): PathItem {
    if (parsed.kind !== kind) throw this.#syntaxError();
    return parsed.item;
  }

  #binary(precedence: number): Parsed {
    let left = this.#unary();
    for (;;) {
      const token = this.#peek();
      if (token.kind === 'keyword') {
        const after = this.#keywordOperator(token.text, left, precedence);
        if (after === null) return left;
        left = after;
        continue;
      }
      if (token.kind !== 'sign') return left;
      const isComparison = COMPARISONS.has(token.text);
      const own = isComparison ? COMPARISON_PRECEDENCE : (PRECEDENCE[token.text] ?? 0);
      if (own < precedence || own === 0) return left;
      if (isComparison) {
        const first = this.#expect(left, 'expression');
        this.#at++;
        const right = this.#expect(this.#binary(COMPARISON_PRECEDENCE + 1), 'expression');
        const operator = (token.text === '<>' ? '!=' : token.text) as ComparisonOperator;
        left = predicate({ kind: 'compare', operator, left: first, right, next: null });
      } else if (own <= 2) {
        const first = this.#expect(left, 'predicate');
        this.#at++;
        const right = this.#expect(this.#binary(own + 1), 'predicate');
        left = predicate({ kind: token.text === '&&' ? 'and' : 'or', left: first, right, next: null });
      } else {
        const first = this.#expect(left, 'expression');
        this.#at++;
        const right = this.#expect(this.#binary(own + 1), 'expression');
        left = expression({
          kind: 'arithmetic',
          operator: token.text as ArithmeticOperator,
          left: first,
          right,
          next: null,
        });
      }
    }
  }

  /** `starts with`, `like_regex`, `is unknown`. */
  #keywordOperator(word: string, left: Parsed, precedence: number): Parsed | null {
    if (word === 'is' && left.kind === 'predicate' && left.isEnclosed) {
      this.#at++;
      this.#takeWord('unknown');
      return predicate({ kind: 'isUnknown', argument: left.item, next: null });
    }
    if (precedence > COMPARISON_PRECEDENCE || left.kind !== 'expression') return null;
    if (word === 'starts') {
      this.#at++;
      this.#takeWord('with');
      const token = this.#peek();
      if (token.kind !== 'string' && token.kind !== 'variable') throw this.#syntaxError();
      this.#at++;
      const right: PathItem = { kind: token.kind, value: token.text, next: null };
      return predicate({ kind: 'startsWith', left: left.item, right, next: null });
    }
    if (word !== 'like_regex') return null;
    this.#at++;
    const pattern = this.#takeString();
    let flags = '';
    if (this.#isWord('flag')) {
      this.#at++;
      flags = this.#takeString();
    }
    const options = regexFlags(flags);
    checkPattern(pattern, options);
    return predicate({ kind: 'likeRegex', argument: left.item, pattern, flags: options, next: null });
  }

  #unary(): Parsed {
    if (this.#isSign('!')) {
      this.#at++;
      return predicate({ kind: 'not', argument: this.#delimitedPredicate(), next: null });
    }
    if (this.#isSign('+') || this.#isSign('-')) {
      const operator = this.#peek().text as '+' | '-';
      this.#at++;
      const argument = this.#expect(this.#unary(), 'expression');
      if (argument.kind === 'number' && argument.next === null) {
        return expression(operator === '+' ? argument : { ...argument, value: argument.value.neg() });
      }
      return expression({ kind: 'sign', operator, argument, next: null });
    }
    return this.#primary();
  }

  /** ( predicate ) or exists ( expression ) */
  #delimitedPredicate(): PathItem {
    if (this.#isWord('exists')) return this.#primary().item;
    this.#take('(');
    const inner = this.#expect(this.#binary(1), 'predicate');
    this.#take(')');
    return inner;
  }

  #primary(): Parsed {
    if (this.#isWord('exists')) {
      this.#at++;
      this.#take('(');
      const argument = this.#expect(this.#binary(1), 'expression');
      this.#take(')');
      return predicate({ kind: 'exists', argument, next: null });
    }
    if (this.#isSign('(')) {
      this.#at++;
      const inner = this.#binary(1);
      this.#take(')');
      if (this.#startsAccessor()) {
        // What follows takes the whole of the parentheses.
        const item = { ...inner.item };
        lastOf(item).next = this.#accessors();
        return expression(item);
      }
      return { ...inner, isEnclosed: true };
    }
    const item = this.#scalar();
    item.next = this.#accessors();
    return expression(item);
  }

  #scalar(): PathItem {
    const token = this.#peek();
    const { kind, text } = token;
    this.#at++;
    switch (kind) {
      case 'string':
      case 'variable':
        return { kind, value: text, next: null };
      case 'integer':
      case 'number':
        return { kind: 'number', value: Numeric.parse(text), next: null };
      case 'keyword':
        if (text === 'null') return { kind: 'null', next: null };
        if (text === 'true' || text === 'false') return { kind: 'bool', value: text === 'true', next: null };
        if (text === 'last') {
          if (this.#isInSubscript === 0) this.#misplaced ??= 'LAST is allowed only in array subscripts';
          return { kind: 'last', next: null };
        }
        break;
      case 'sign':
        if (text === '$') return { kind: 'root', next: null };
        if (text === '@') {
          if (this.#isInFilter === 0) this.#misplaced ??= '@ is not allowed in root expressions';
          return { kind: 'current', next: null };
        }
        break;
      default:
    }
    throw this.#syntaxError(token);
  }

  #startsAccessor(): boolean {
    return this.#isSign('.') || this.#isSign('[') || this.#isSign('?');
  }

  #accessors(): PathItem | null {
    let first: PathItem | null = null;
    let last: PathItem | null = null;
    while (this.#startsAccessor()) {
      const item = this.#accessor();
      if (last === null) first = item;
      else last.next = item;
      last = item;
    }
    return first;
  }

  #accessor(): PathItem {
    if (this.#isSign('?')) {
      this.#at++;
      this.#take('(');
      this.#isInFilter++;
      const condition = this.#expect(this.#binary(1), 'predicate');
      this.#isInFilter--;
      this.#take(')');
      return { kind: 'filter', predicate: condition, next: null };
    }
    if (this.#isSign('[')) return this.#arrayAccessor();
    this.#take('.');
    if (this.#isSign('*')) {
      this.#at++;
      return { kind: 'anyKey', next: null };
    }
    if (this.#isSign('**')) return this.#anyLevel();
    const token = this.#peek();
    if (token.kind !== 'word' && token.kind !== 'keyword' && token.kind !== 'string') throw this.#syntaxError();
    this.#at++;
    if (token.kind === 'keyword' && this.#isSign('(')) return this.#method(token);
    // A keyword is a key as it was written.
    return { kind: 'key', value: token.kind === 'keyword' ? token.image : token.text, next: null };
  }

  #method(token: Token): PathItem {
    const name = token.text;
    if (name === 'datetime') {
      this.#at++;
      const template = this.#peek().kind === 'string' ? this.#takeString() : null;
      this.#take(')');
      return { kind: 'datetime', template, next: null };
    }
    if (!METHODS.has(name)) throw this.#syntaxError();
    this.#at++;
    this.#take(')');
    return { kind: 'method', name: name as MethodName, next: null };
  }

  #arrayAccessor(): PathItem {
    this.#take('[');
    if (this.#isSign('*') && this.#isSign(']', 1)) {
      this.#at += 2;
      return { kind: 'anyArray', next: null };
    }
    const subscripts: Subscript[] = [];
    this.#isInSubscript++;
    for (;;) {
      const from = this.#expect(this.#binary(1), 'expression');
      let to: PathItem | null = null;
      if (this.#isWord('to')) {
        this.#at++;
        to = this.#expect(this.#binary(1), 'expression');
      }
      subscripts.push({ from, to });
      if (!this.#isSign(',')) break;
      this.#at++;
    }
    this.#isInSubscript--;
    this.#take(']');
    return { kind: 'subscripts', subscripts, next: null };
  }

  /** ** with its levels. */
  #anyLevel(): PathItem {
    this.#at++;
    if (!this.#isSign('{')) return { kind: 'anyLevel', first: 0, last: LAST_LEVEL, next: null };
    this.#at++;
    const first = this.#level();
    let last = first;
    if (this.#isWord('to')) {
      this.#at++;
      last = this.#level();
    }
    this.#take('}');
    return { kind: 'anyLevel', first, last, next: null };
  }

  #level(): number {
    const token = this.#peek();
    this.#at++;
    if (token.kind === 'keyword' && token.text === 'last') return LAST_LEVEL;
    if (token.kind !== 'integer') throw this.#syntaxError(token);
    return Number(token.text);
  }
}

function lastOf(item: PathItem): PathItem {
  let last = item;
  while (last.next !== null) last = last.next;
  return last;
}

const expression = (item: PathItem): Parsed => ({ kind: 'expression', item, isEnclosed: false });
const predicate = (item: PathItem): Parsed => ({ kind: 'predicate', item, isEnclosed: false });

function regexFlags(text: string): RegexFlags {
  for (const flag of text) {
    if (!'ismxq'.includes(flag)) {
      throw sqlError('42601', 'invalid input syntax for type jsonpath', {
        detail: `Unrecognized flag character "${flag}" in LIKE_REGEX predicate.`,
      });
    }
  }
  const flags = {
    ignoreCase: text.includes('i'),
    dotAll: text.includes('s'),
    multiLine: text.includes('m'),
    expanded: text.includes('x'),
    literal: text.includes('q'),
  };
  if (flags.expanded && !flags.literal) {
    throw sqlError('0A000', 'XQuery "x" flag (expanded regular expressions) is not implemented');
  }
  return flags;
}

export function parseJsonpath(text: string): Jsonpath {
  const parser = new JsonpathParser(text);
  if (parser.isEmpty) throw sqlError('22P02', `invalid input syntax for type jsonpath: "${text}"`);
  return parser.parse();
}

/** Paths parsed lately; queries use few. */
const parsed = new Map<string, Jsonpath>();
const PARSED_MAX = 256;
let lastText = '';
let lastPath: Jsonpath | null = null;

/** The tree of a jsonpath value. */
export function jsonpathOf(text: string): Jsonpath {
  if (text === lastText && lastPath !== null) return lastPath;
  let path = parsed.get(text);
  if (path === undefined) {
    path = parseJsonpath(text);
    if (parsed.size >= PARSED_MAX) parsed.delete(parsed.keys().next().value as string);
    parsed.set(text, path);
  }
  lastText = text;
  lastPath = path;
  return path;
}
