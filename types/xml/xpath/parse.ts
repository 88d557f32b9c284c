/**
 * XPath 1.0 text to expressions. Binary operators by precedence, the rest by recursive descent; which word is an operator and which a name
 * is known by where it stands, so there are no tokens.
 */
import { isSpace, matchAt, NCNAME } from '../characters.ts';
import { type Axis, type BinaryOperator, type NodeTest, type Step, type XPath, XPathError } from './expression.ts';
import { decimalValue } from './numbers.ts';

/** Levels of an expression within each other, chains of operators too: some hundred bytes of stack each. */
const DEPTH_MAX = 1000;

const INVALID = 'Invalid expression';

const AXES = new Set<string>([
  'ancestor',
  'ancestor-or-self',
  'attribute',
  'child',
  'descendant',
  'descendant-or-self',
  'following',
  'following-sibling',
  'namespace',
  'parent',
  'preceding',
  'preceding-sibling',
  'self',
]);
const NODE_TYPES = new Set(['node', 'text', 'comment', 'processing-instruction']);

/** Operators by level, weakest first; longer ones before those that they begin with. */
const LEVELS: readonly (readonly BinaryOperator[])[] = [
  ['or'],
  ['and'],
  ['=', '!='],
  ['<=', '<', '>=', '>'],
  ['+', '-'],
  ['*', 'div', 'mod'],
];
const UNARY_LEVEL = LEVELS.length;

/** Number (3.7), with an exponent as libxml2 takes it. */
const NUMBER = /(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?/y;
/** Behind a name: that it is a function's. */
const CALL = /(?::(?!:)[^\s:()[\]/@|+=<>!*,]*)?\s*\(/y;

const ANY_NODE: Step = { axis: 'descendant-or-self', test: { kind: 'node' }, predicates: [] };

export function parseXPath(text: string): XPath {
  return new XPathParser(text).whole();
}

class XPathParser {
  readonly #text: string;
  #at = 0;
  #depth = 0;

  constructor(text: string) {
    this.#text = text;
  }

  whole(): XPath {
    const expression = this.#binary(0);
    this.#spaces();
    if (this.#at < this.#text.length) throw new XPathError(INVALID);
    return expression;
  }

  #spaces(): void {
    while (isSpace(this.#text.charCodeAt(this.#at))) this.#at++;
  }

  #starts(text: string): boolean {
    return this.#text.startsWith(text, this.#at);
  }

  /** With the spaces behind it. */
  #take(text: string): boolean {
    if (!this.#starts(text)) return false;
    this.#at += text.length;
    this.#spaces();
    return true;
  }

  #must(text: string, message = INVALID): void {
    if (!this.#take(text)) throw new XPathError(message);
  }

  #enter(levels: number): void {
    this.#depth += levels;
    if (this.#depth > DEPTH_MAX) throw new XPathError('Recursion limit exceeded');
  }

  #binary(level: number): XPath {
    if (level === 0) this.#enter(1);
    this.#spaces();
    let left = this.#unary();
    let chained = 0;
    for (;;) {
      const found = this.#operator(level);
      if (found === null) break;
      const right = this.#binary(found.level + 1);
      left = { kind: 'binary', operator: found.operator, left, right };
      this.#enter(1);
      chained++;
    }
    this.#depth -= chained + (level === 0 ? 1 : 0);
    return left;
  }

  /** The operator that stands here, if it binds at least so strongly. */
  #operator(level: number): { readonly operator: BinaryOperator; readonly level: number } | null {
    this.#spaces();
    for (let at = level; at < UNARY_LEVEL; at++) {
      for (const operator of LEVELS[at]) if (this.#take(operator)) return { operator, level: at };
    }
    return null;
  }

  #unary(): XPath {
    let isNegative = false;
    let isSigned = false;
    while (this.#take('-')) {
      isNegative = !isNegative;
      isSigned = true;
    }
    let arg = this.#path();
    let chained = 0;
    for (; this.#take('|'); chained++) {
      this.#enter(1);
      arg = { kind: 'binary', operator: '|', left: arg, right: this.#path() };
    }
    this.#depth -= chained;
    if (!isSigned) return arg;
    const negated: XPath = { kind: 'negate', arg };
    return isNegative ? negated : { kind: 'negate', arg: negated };
  }

  /** PathExpr: a location path, or an expression that may go on as one. */
  #path(): XPath {
    if (!this.#isFilter()) return this.#locationPath();
    const base = this.#filter();
    if (!this.#starts('/')) return base;
    const steps: Step[] = [];
    this.#moreSteps(steps);
    return { kind: 'path', start: base, steps };
  }

  /** Whether a primary expression stands here: no step begins so. */
  #isFilter(): boolean {
    const character = this.#text[this.#at];
    if (character === undefined) return false;
    if ('$("\''.includes(character) || /[0-9]/.test(character)) return true;
    if (character === '.') return /[0-9]/.test(this.#text[this.#at + 1] ?? '');
    const word = matchAt(NCNAME, this.#text, this.#at);
    if (word === '') return false;
    const behind = matchAt(CALL, this.#text, this.#at + word.length);
    return behind !== '' && !(NODE_TYPES.has(word) && !behind.startsWith(':'));
  }

  #filter(): XPath {
    const base = this.#primary();
    const predicates = this.#predicates();
    return predicates.length === 0 ? base : { kind: 'filter', base, predicates };
  }

  #primary(): XPath {
    if (this.#starts('$')) {
      this.#at++;
      if (this.#qualifiedName() === null) throw new XPathError('Expected $ for variable reference');
      this.#spaces();
      return { kind: 'variable' };
    }
    if (this.#take('(')) {
      const inner = this.#binary(0);
      this.#must(')');
      return inner;
    }
    if (this.#starts('"') || this.#starts("'")) return { kind: 'string', value: this.#literal() };
    const number = matchAt(NUMBER, this.#text, this.#at);
    if (number === '') return this.#call();
    this.#at += number.length;
    this.#spaces();
    return { kind: 'number', value: decimalValue(number) };
  }

  #literal(): string {
    const end = this.#text.indexOf(this.#text[this.#at], this.#at + 1);
    if (end < 0) throw new XPathError('Unfinished literal');
    const value = this.#text.slice(this.#at + 1, end);
    this.#at = end + 1;
    this.#spaces();
    return value;
  }

  #call(): XPath {
    const name = this.#qualifiedName();
    this.#spaces();
    if (name === null) throw new XPathError(INVALID);
    this.#must('(');
    const args: XPath[] = [];
    if (!this.#take(')') && this.#at < this.#text.length) {
      do args.push(this.#binary(0));
      while (this.#take(','));
      this.#must(')');
    }
    return { kind: 'call', ...name, args };
  }

  #qualifiedName(): { prefix: string | null; name: string } | null {
    const first = matchAt(NCNAME, this.#text, this.#at);
    if (first === '') return null;
    this.#at += first.length;
    if (!this.#starts(':') || this.#starts('::')) return { prefix: null, name: first };
    const second = matchAt(NCNAME, this.#text, this.#at + 1);
    if (second === '') return { prefix: null, name: first };
    this.#at += 1 + second.length;
    return { prefix: first, name: second };
  }

  #predicates(): XPath[] {
    const predicates: XPath[] = [];
    while (this.#take('[')) {
      predicates.push(this.#binary(0));
      this.#must(']', 'Invalid predicate');
    }
    return predicates;
  }

  // ------------------------------------------------------------------------------------------------- location paths

  #locationPath(): XPath {
    const steps: Step[] = [];
    if (!this.#starts('/')) {
      steps.push(this.#step());
      this.#moreSteps(steps);
      return { kind: 'path', start: 'context', steps };
    }
    if (this.#starts('//')) this.#moreSteps(steps);
    else {
      this.#take('/');
      // Alone it is the document.
      if (this.#beginsStep()) {
        steps.push(this.#step());
        this.#moreSteps(steps);
      }
    }
    return { kind: 'path', start: 'root', steps };
  }

  #beginsStep(): boolean {
    const character = this.#text[this.#at];
    return character !== undefined && ('.@*'.includes(character) || matchAt(NCNAME, this.#text, this.#at) !== '');
  }

  #moreSteps(steps: Step[]): void {
    for (;;) {
      if (this.#take('//')) {
        const step = this.#step();
        // Where nothing is counted, //b is one walk.
        if (step.axis === 'child' && step.predicates.length === 0) steps.push({ ...step, axis: 'descendant' });
        else steps.push(ANY_NODE, step);
      } else if (this.#take('/')) steps.push(this.#step());
      else return;
    }
  }

  #step(): Step {
    if (this.#take('..')) return { axis: 'parent', test: { kind: 'node' }, predicates: [] };
    if (this.#take('.')) return { axis: 'self', test: { kind: 'node' }, predicates: [] };
    let axis: Axis = 'child';
    if (this.#take('@')) axis = 'attribute';
    else {
      const word = matchAt(NCNAME, this.#text, this.#at);
      const colons = matchAt(/\s*::/y, this.#text, this.#at + word.length);
      if (AXES.has(word) && colons !== '') {
        axis = word as Axis;
        this.#at += word.length + colons.length;
        this.#spaces();
      }
    }
    const test = this.#nodeTest();
    this.#spaces();
    return { axis, test, predicates: this.#predicates() };
  }

  #nodeTest(): NodeTest {
    if (this.#take('*')) return { kind: 'name', prefix: null, name: '*' };
    const word = matchAt(NCNAME, this.#text, this.#at);
    if (word === '') throw new XPathError(INVALID);
    this.#at += word.length;
    if (this.#starts(':') && !this.#starts('::')) {
      this.#at++;
      if (this.#take('*')) return { kind: 'name', prefix: word, name: '*' };
      const name = matchAt(NCNAME, this.#text, this.#at);
      if (name === '') throw new XPathError(INVALID);
      this.#at += name.length;
      return { kind: 'name', prefix: word, name };
    }
    this.#spaces();
    if (!this.#starts('(')) return { kind: 'name', prefix: null, name: word };
    if (!NODE_TYPES.has(word)) throw new XPathError(INVALID);
    this.#take('(');
    if (word !== 'processing-instruction') {
      this.#must(')');
      return { kind: word as 'node' | 'text' | 'comment' };
    }
    const isNamed = this.#starts('"') || this.#starts("'");
    const target = isNamed ? this.#literal() : null;
    this.#must(')');
    return { kind: 'processing-instruction', target };
  }
}
