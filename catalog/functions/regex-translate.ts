/**
 * PostgreSQL's advanced regular expressions, translated to JavaScript's (flag u).
 *
 * The pattern is parsed to a small tree and written again. What differs and is bridged here: embedded options, character
 * classes and their names, \m \M \y \A \Z, `{` that begins no bound, octal and hex escapes, the newline modes. Greediness:
 * PostgreSQL prefers the longest (or shortest) match of the whole expression, as its first quantifier says; JavaScript
 * decides each quantifier by itself. So the quantifiers of the top level are made alike, unless the expression is anchored
 * at its end, and branches that are plain text are tried longest first. What stays different: which of several equally
 * placed matches is taken when branches that are not plain text overlap.
 */
import { type SqlError, sqlError } from '../../types/errors.ts';

export interface RegexOptions {
  ignoreCase: boolean;
  /** `.` and negated brackets do not match newline. */
  newlineStops: boolean;
  /** ^ and $ match at newlines. */
  newlineAnchors: boolean;
  /** White space and # comments in the pattern are ignored. */
  expanded: boolean;
  /** The pattern is a plain string. */
  literal: boolean;
}

export interface TranslatedRegex {
  readonly source: string;
  readonly flags: string;
  readonly groupCount: number;
}

type Node =
  | { kind: 'text'; source: string; literal: string | null }
  | { kind: 'anchor'; source: string; isEnd: boolean }
  | { kind: 'group'; open: string; body: Node }
  | { kind: 'quantified'; atom: Node; bound: string; fixed: boolean; lazy: boolean }
  | { kind: 'sequence'; items: Node[] }
  | { kind: 'branches'; branches: Node[] };

function invalid(reason: string): SqlError {
  return sqlError('2201B', `invalid regular expression: ${reason}`);
}

const WORD = '\\p{L}\\p{N}_';
const SPACE = ' \\t-\\r\\u1680\\u2000-\\u2006\\u2008-\\u200a\\u2028\\u2029\\u205f\\u3000';
const WORD_START = `(?<![${WORD}])(?=[${WORD}])`;
const WORD_END = `(?<=[${WORD}])(?![${WORD}])`;

const CLASSES: Readonly<Record<string, string>> = {
  alnum: '\\p{L}\\p{N}',
  alpha: '\\p{L}',
  ascii: '\\x00-\\x7f',
  blank: ' \\t',
  cntrl: '\\x00-\\x1f\\x7f-\\x9f',
  digit: '0-9',
  graph: '\\p{L}\\p{M}\\p{N}\\p{P}\\p{S}',
  lower: '\\p{Ll}',
  print: '\\p{L}\\p{M}\\p{N}\\p{P}\\p{S}\\p{Zs}',
  punct: '\\p{P}\\p{S}',
  space: SPACE,
  upper: '\\p{Lu}',
  word: WORD,
  xdigit: '0-9A-Fa-f',
};

const COLLATING_NAMES: Readonly<Record<string, string>> = {
  NUL: '\0',
  tab: '\t',
  newline: '\n',
  'carriage-return': '\r',
  space: ' ',
  hyphen: '-',
  'hyphen-minus': '-',
  period: '.',
  'full-stop': '.',
  slash: '/',
  backslash: '\\',
  underscore: '_',
  'left-square-bracket': '[',
  'right-square-bracket': ']',
  circumflex: '^',
  tilde: '~',
};

const SIMPLE_ESCAPES: Readonly<Record<string, number>> = { a: 7, b: 8, e: 27, f: 12, n: 10, r: 13, t: 9, v: 11 };

function escapeCharacter(codePoint: number): string {
  const c = String.fromCodePoint(codePoint);
  if (/[A-Za-z0-9_\u0080-\uffff]/.test(c) && codePoint < 0xd800) return c;
  return codePoint > 0xffff ? `\\u{${codePoint.toString(16)}}` : `\\u${codePoint.toString(16).padStart(4, '0')}`;
}

class Parser {
  private readonly characters: string[];
  private position = 0;
  private readonly options: RegexOptions;
  private opened = 0;
  private closed = 0;
  /** Lookaheads and lookbehinds around what is parsed. */
  private constraints = 0;

  constructor(pattern: string, options: RegexOptions) {
    this.characters = Array.from(pattern);
    this.options = options;
  }

  get groupCount(): number {
    return this.opened;
  }

  private peek(offset = 0): string {
    return this.characters[this.position + offset] ?? '';
  }

  private accept(text: string): boolean {
    for (let i = 0; i < text.length; i++) {
      if (this.peek(i) !== text[i]) return false;
    }
    this.position += text.length;
    return true;
  }

  parseWhole(): Node {
    const node = this.parseBranches(false);
    if (this.position < this.characters.length) throw invalid('parentheses () not balanced');
    return node;
  }

  private parseBranches(inGroup: boolean): Node {
    const branches: Node[] = [];
    do branches.push(this.parseSequence());
    while (this.accept('|'));
    if (inGroup && !this.accept(')')) throw invalid('parentheses () not balanced');
    return branches.length === 1 ? branches[0] : { kind: 'branches', branches: longestLiteralFirst(branches) };
  }

  private parseSequence(): Node {
    const items: Node[] = [];
    for (;;) {
      if (this.options.expanded) this.skipExpanded();
      if (this.peek(0) === '(' && this.peek(1) === '?' && this.peek(2) === '#') {
        this.skipComment();
        continue;
      }
      const c = this.peek();
      if (c === '' || c === '|' || c === ')') break;
      const atom = this.parseAtom();
      items.push(this.parseQuantifier(atom));
    }
    return items.length === 1 ? items[0] : { kind: 'sequence', items };
  }

  private skipExpanded(): void {
    for (;;) {
      if (/^\s$/.test(this.peek())) this.position++;
      else if (this.peek() === '#') while (this.peek() !== '' && this.peek() !== '\n') this.position++;
      else return;
    }
  }

  private skipComment(): void {
    while (this.peek() !== '' && this.peek() !== ')') this.position++;
    this.position++;
  }

  private parseQuantifier(atom: Node): Node {
    if (this.options.expanded) this.skipExpanded();
    const c = this.peek();
    if (isConstraint(atom) && (/^[*+?]$/.test(c) || (c === '{' && /^[0-9]$/.test(this.peek(1))))) {
      throw invalid('quantifier operand invalid');
    }
    let bound: string;
    let fixed = false;
    if (c === '*' || c === '+' || c === '?') {
      this.position++;
      bound = c;
    } else if (c === '{' && /^[0-9]$/.test(this.peek(1))) {
      [bound, fixed] = this.parseBound();
    } else {
      return atom;
    }
    const lazy = this.accept('?');
    if (/^[*+?]$/.test(this.peek()) || (this.peek() === '{' && /^[0-9]$/.test(this.peek(1)))) {
      throw invalid('quantifier operand invalid');
    }
    // {1,1}? says that the shortest match is preferred of what stands inside: similar_to_escape() makes it.
    if (bound === '{1,1}' && lazy) makeAlike(atom, lazy);
    return { kind: 'quantified', atom, bound, fixed: fixed || bound === '{1,1}', lazy };
  }

  private parseBound(): [bound: string, fixed: boolean] {
    let text = '';
    this.position++;
    while (this.peek() !== '}' && this.peek() !== '') text += this.characters[this.position++];
    if (!this.accept('}')) throw invalid('braces {} not balanced');
    const match = /^(\d+)(,(\d*))?$/.exec(text);
    if (match === null) throw invalid('invalid repetition count(s)');
    const low = Number(match[1]);
    const high = match[3] ? Number(match[3]) : low;
    if (low > 255 || high > 255 || low > high) throw invalid('invalid repetition count(s)');
    return [`{${text}}`, match[2] === undefined];
  }

  private parseAtom(): Node {
    const c = this.characters[this.position++];
    switch (c) {
      case '(':
        return this.parseGroup();
      case '[':
        return this.parseBracket();
      case '.':
        return { kind: 'text', source: this.options.newlineStops ? '[^\\n]' : '[^]', literal: null };
      case '^':
        return {
          kind: 'anchor',
          source: this.options.newlineAnchors ? '(?<=^|\\n)' : '(?<![^])',
          isEnd: false,
        };
      case '$':
        return {
          kind: 'anchor',
          source: this.options.newlineAnchors ? '(?=\\n|(?![^]))' : '(?![^])',
          isEnd: !this.options.newlineAnchors,
        };
      case '\\':
        return this.parseEscape();
      case '*':
      case '+':
      case '?':
        throw invalid('quantifier operand invalid');
      case '{':
        if (/^[0-9]$/.test(this.peek())) throw invalid('quantifier operand invalid');
        return this.literal(c);
      default:
        return this.literal(c);
    }
  }

  private literal(c: string): Node {
    return { kind: 'text', source: escapeCharacter(c.codePointAt(0) as number), literal: c };
  }

  private parseGroup(): Node {
    if (this.peek() !== '?') {
      // In a constraint nothing is captured.
      if (this.constraints > 0) return { kind: 'group', open: '(?:', body: this.parseBranches(true) };
      this.opened++;
      const body = this.parseBranches(true);
      this.closed++;
      return { kind: 'group', open: '(', body };
    }
    for (const open of ['?:', '?=', '?!', '?<=', '?<!']) {
      if (!this.accept(open)) continue;
      const depth = open === '?:' ? 0 : 1;
      this.constraints += depth;
      const body = this.parseBranches(true);
      this.constraints -= depth;
      return { kind: 'group', open: `(${open}`, body };
    }
    throw invalid('quantifier operand invalid');
  }

  private parseEscape(): Node {
    const c = this.characters[this.position++];
    if (c === undefined) throw invalid('invalid escape \\ sequence');
    const text = (source: string): Node => ({ kind: 'text', source, literal: null });
    const anchor = (source: string, isEnd = false): Node => ({ kind: 'anchor', source, isEnd });
    switch (c) {
      case 'A':
        return anchor('(?<![^])');
      case 'Z':
        return anchor('(?![^])', true);
      case 'm':
        return anchor(WORD_START);
      case 'M':
        return anchor(WORD_END);
      case 'y':
        return anchor(`(?:${WORD_START}|${WORD_END})`);
      case 'Y':
        return anchor(`(?:(?<=[${WORD}])(?=[${WORD}])|(?<![${WORD}])(?![${WORD}]))`);
    }
    const shorthand = shorthandClass(c);
    if (shorthand !== null) {
      // These match a newline in every mode.
      return text(`[${shorthand.negated ? '^' : ''}${shorthand.body}]`);
    }
    if (/[1-9]/.test(c)) {
      if (this.constraints > 0) throw invalid('invalid backreference number');
      const reference = this.backReference(c);
      if (reference !== null) return text(reference);
    }
    const codePoint = this.characterEscape(c);
    return this.literal(String.fromCodePoint(codePoint));
  }

  private negate(body: string): string {
    return this.options.newlineStops ? `[^${body}\\n]` : `[^${body}]`;
  }

  /** \1 to \9, and \mnn when there are that many groups; otherwise it is an octal escape. */
  private backReference(first: string): string | null {
    let digits = first;
    while (/^[0-9]$/.test(this.peek(digits.length - 1))) digits += this.peek(digits.length - 1);
    if (digits.length > 1 && Number(digits) > this.closed) {
      if (/^[0-7]{2,3}/.test(digits)) return null;
      digits = first;
    }
    if (Number(digits) > this.closed) throw invalid('invalid backreference number');
    this.position += digits.length - 1;
    return `(?:\\${digits})`;
  }

  /** The escapes for one character; `c` is what follows the backslash. */
  private characterEscape(c: string): number {
    const simple = SIMPLE_ESCAPES[c];
    if (simple !== undefined) return simple;
    const take = (pattern: RegExp, count: number): string => {
      let digits = '';
      while (digits.length < count && pattern.test(this.peek())) digits += this.characters[this.position++];
      return digits;
    };
    const hex = /^[0-9A-Fa-f]$/;
    switch (c) {
      case 'B':
        return 92;
      case 'c': {
        const control = this.characters[this.position++];
        if (control === undefined) throw invalid('invalid escape \\ sequence');
        return (control.codePointAt(0) as number) & 31;
      }
      case 'u':
      case 'U': {
        const digits = take(hex, c === 'u' ? 4 : 8);
        const value = Number.parseInt(digits, 16);
        if (digits.length < (c === 'u' ? 4 : 8) || value > 0x10ffff) throw invalid('invalid escape \\ sequence');
        return value;
      }
      case 'x': {
        const digits = take(hex, 255);
        const value = Number.parseInt(digits, 16);
        if (digits === '' || value > 0x10ffff) throw invalid('invalid escape \\ sequence');
        return value;
      }
    }
    if (/[0-7]/.test(c)) return Number.parseInt(c + take(/^[0-7]$/, 2), 8);
    if (/[A-Za-z0-9]/.test(c)) throw invalid('invalid escape \\ sequence');
    return c.codePointAt(0) as number;
  }

  private parseBracket(): Node {
    if (this.accept('[:<:]]')) return { kind: 'anchor', source: WORD_START, isEnd: false };
    if (this.accept('[:>:]]')) return { kind: 'anchor', source: WORD_END, isEnd: false };
    const negated = this.accept('^');
    let body = '';
    let first = true;
    while (first || this.peek() !== ']') {
      if (this.peek() === '') throw invalid('brackets [] not balanced');
      const start = this.bracketElement(first);
      first = false;
      if (typeof start === 'string') {
        body += start;
        continue;
      }
      if (this.peek() === '-' && this.peek(1) !== ']' && this.peek(1) !== '') {
        this.position++;
        const end = this.bracketElement(true);
        if (typeof end === 'string' || end < start) throw invalid('invalid character range');
        body += `${escapeCharacter(start)}-${escapeCharacter(end)}`;
      } else {
        body += escapeCharacter(start);
      }
    }
    this.position++;
    return { kind: 'text', source: negated ? this.negate(body) : `[${body}]`, literal: null };
  }

  /** A code point, or the inside of a class as source. */
  private bracketElement(dashIsPlain: boolean): number | string {
    if (this.accept('[:')) {
      const name = this.bracketName(':]');
      const body = CLASSES[name];
      if (body === undefined) throw invalid('invalid character class');
      // Case folding makes upper and lower one class.
      if (this.options.ignoreCase && (name === 'upper' || name === 'lower')) return CLASSES.alpha;
      return body;
    }
    for (const kind of ['.', '=']) {
      if (!this.accept(`[${kind}`)) continue;
      const name = this.bracketName(`${kind}]`);
      const character = Array.from(name).length === 1 ? name : COLLATING_NAMES[name];
      if (character === undefined) throw invalid('invalid collating element');
      return character.codePointAt(0) as number;
    }
    const c = this.characters[this.position++];
    if (c === '-' && !dashIsPlain && this.peek() !== ']' && this.peek() !== '') {
      // A dash between elements that is neither first nor last nor a range.
      throw invalid('invalid character range');
    }
    if (c !== '\\') return c.codePointAt(0) as number;
    const escaped = this.characters[this.position++];
    if (escaped === undefined) throw invalid('invalid escape \\ sequence');
    const shorthand = shorthandClass(escaped);
    if (shorthand === null) return this.characterEscape(escaped);
    return shorthand.negated ? negatedShorthand(escaped) : shorthand.body;
  }

  private bracketName(end: string): string {
    let name = '';
    while (!this.accept(end)) {
      if (this.peek() === '') throw invalid('brackets [] not balanced');
      name += this.characters[this.position++];
    }
    return name;
  }
}

/** Matches nothing itself: ^, \m, (?=x). No quantifier may follow. */
function isConstraint(node: Node): boolean {
  return node.kind === 'anchor' || (node.kind === 'group' && node.open !== '(' && node.open !== '(?:');
}

function shorthandClass(c: string): { body: string; negated: boolean } | null {
  const body = { d: '0-9', s: SPACE, w: WORD }[c.toLowerCase()];
  return body === undefined ? null : { body, negated: c < 'a' };
}

/** \D, \S and \W inside brackets, where JavaScript has no nested negation. */
function negatedShorthand(c: string): string {
  if (c === 'D') return '\\x00-/:-\\u{10ffff}';
  if (c === 'S') return '\\S';
  return '\\p{M}\\p{P}\\p{Z}\\p{C}\\x00-/:-@[-^`{-\\x7f';
}

function literalText(node: Node): string | null {
  if (node.kind === 'text') return node.literal;
  if (node.kind !== 'sequence') return null;
  let text = '';
  for (const item of node.items) {
    const part = literalText(item);
    if (part === null) return null;
    text += part;
  }
  return text;
}

/** Plain-text branches (and empty ones) in an order in which JavaScript's first match is the longest. */
function longestLiteralFirst(branches: Node[]): Node[] {
  const texts = branches.map(literalText);
  if (texts.some((text) => text === null)) {
    // Nothing is shorter than an empty branch.
    return [...branches.filter((_, i) => texts[i] !== ''), ...branches.filter((_, i) => texts[i] === '')];
  }
  return branches
    .map((branch, i) => ({ branch, length: (texts[i] as string).length }))
    .sort((a, b) => b.length - a.length)
    .map(({ branch }) => branch);
}

/** True: lazy; false: greedy; null: nothing in it has a preference. */
function preference(node: Node): boolean | null {
  switch (node.kind) {
    case 'quantified':
      return node.fixed ? preference(node.atom) : node.lazy;
    case 'group':
      return node.open === '(' || node.open === '(?:' ? preference(node.body) : null;
    case 'branches':
      return false;
    case 'sequence':
      for (const item of node.items) {
        const found = preference(item);
        if (found !== null) return found;
      }
      return null;
    default:
      return null;
  }
}

function makeAlike(node: Node, lazy: boolean): void {
  switch (node.kind) {
    case 'quantified':
      node.lazy = lazy;
      return;
    case 'group':
      makeAlike(node.body, lazy);
      return;
    case 'branches':
      for (const branch of node.branches) makeAlike(branch, lazy);
      return;
    case 'sequence':
      for (const item of node.items) makeAlike(item, lazy);
  }
}

function endsAnchored(node: Node): boolean {
  if (node.kind === 'anchor') return node.isEnd;
  if (node.kind === 'sequence') return node.items.length > 0 && endsAnchored(node.items[node.items.length - 1]);
  if (node.kind === 'branches') return node.branches.every(endsAnchored);
  return false;
}

function write(node: Node): string {
  switch (node.kind) {
    case 'text':
    case 'anchor':
      return node.source;
    case 'group':
      return `${node.open}${write(node.body)})`;
    case 'quantified': {
      const atom =
        node.atom.kind === 'text' || node.atom.kind === 'group' ? write(node.atom) : `(?:${write(node.atom)})`;
      return `${/^\(\?<?[=!]/.test(atom) ? `(?:${atom})` : atom}${node.bound}${node.lazy ? '?' : ''}`;
    }
    case 'sequence':
      return node.items.map(write).join('');
    case 'branches':
      return node.branches.map(write).join('|');
  }
}

/** `***=`, `***:` and `(?options)` at the start of a pattern. Answers what follows them. */
function readPrefixes(pattern: string, options: RegexOptions): string {
  if (pattern.startsWith('***=')) {
    options.literal = true;
    return pattern.slice(4);
  }
  if (pattern.startsWith('***:')) pattern = pattern.slice(4);
  else if (pattern.startsWith('***')) throw invalid('invalid regexp (reg version 0.8)');
  const match = /^\(\?([a-z]+)\)/.exec(pattern);
  if (match === null) return pattern;
  for (const letter of match[1]) {
    if (!applyOption(letter, options)) throw invalid('invalid embedded option');
  }
  return pattern.slice(match[0].length);
}

/** One option letter of the PostgreSQL manual's table of ARE embedded options; answers false if there is no such. */
export function applyOption(letter: string, options: RegexOptions): boolean {
  switch (letter) {
    case 'i':
      options.ignoreCase = true;
      return true;
    case 'c':
      options.ignoreCase = false;
      return true;
    case 'm':
    case 'n':
      options.newlineStops = true;
      options.newlineAnchors = true;
      return true;
    case 'p':
      options.newlineStops = true;
      options.newlineAnchors = false;
      return true;
    case 's':
      options.newlineStops = false;
      options.newlineAnchors = false;
      return true;
    case 'w':
      options.newlineStops = false;
      options.newlineAnchors = true;
      return true;
    case 't':
      options.expanded = false;
      return true;
    case 'x':
      options.expanded = true;
      return true;
    case 'q':
      options.literal = true;
      return true;
    case 'b':
    case 'e':
      return true;
    default:
      return false;
  }
}

export function translateRegex(pattern: string, given: RegexOptions): TranslatedRegex {
  const options = { ...given };
  const rest = options.literal ? pattern : readPrefixes(pattern, options);
  const flags = options.ignoreCase ? 'ui' : 'u';
  if (options.literal) {
    const source = Array.from(rest, (c) => escapeCharacter(c.codePointAt(0) as number)).join('');
    return { source, flags, groupCount: 0 };
  }
  const parser = new Parser(rest, options);
  const tree = parser.parseWhole();
  const lazy = preference(tree);
  if (lazy !== null && !endsAnchored(tree)) makeAlike(tree, lazy);
  return { source: write(tree), flags, groupCount: parser.groupCount };
}
