/** Advanced and extended regular expressions to trees (PostgreSQL's manual, 9.7.3; the errors are those of its parser). */
import { BracketParser } from './brackets.ts';
import { type CharacterSet, literalSource, SIMPLE_ESCAPES, shorthandClass } from './characters.ts';
import { invalid } from './options.ts';
import { type Preference, type RegexNode, type RegexTree, TEXT_END, TEXT_START } from './tree.ts';

/** What a bound may say at most. */
const COUNT_MAX = 255;

export interface Bound {
  readonly min: number;
  readonly max: number;
  /** {m}, which prefers nothing. */
  readonly isExact: boolean;
}

export class AdvancedParser extends BracketParser {
  /** Capturing groups that have begun. */
  protected opened = 0;
  /** The bodies of those that have ended. */
  protected readonly groups = new Map<number, RegexNode>();
  /** Lookaheads and lookbehinds around what is parsed: nothing is captured there. */
  private constraints = 0;

  parse(): RegexTree {
    const root = this.parseBranches(false);
    if (this.position < this.characters.length) throw invalid('parentheses () not balanced');
    return { root, groupCount: this.opened, groups: this.groups };
  }

  /** Beyond it stands no escape but of a character for itself, and no preference for the shortest. */
  private get isAdvanced(): boolean {
    return this.options.syntax === 'advanced';
  }

  protected parseBranches(inGroup: boolean): RegexNode {
    const branches: RegexNode[] = [];
    do branches.push(this.parseSequence(inGroup));
    while (this.accept('|'));
    if (inGroup && !this.accept(')')) throw invalid('parentheses () not balanced');
    return branches.length === 1 ? branches[0] : { kind: 'branches', branches };
  }

  protected parseSequence(inGroup: boolean): RegexNode {
    const items: RegexNode[] = [];
    for (;;) {
      this.skipExpanded();
      if (this.isAdvanced && this.peek(0) === '(' && this.peek(1) === '?' && this.peek(2) === '#') {
        this.skipComment();
        continue;
      }
      const c = this.peek();
      // Outside of groups a parenthesis that closes is plain in extended ones.
      if (c === '' || c === '|' || (c === ')' && (inGroup || this.isAdvanced))) break;
      items.push(this.parseQuantifier(this.parseAtom()));
    }
    return items.length === 1 ? items[0] : { kind: 'sequence', items };
  }

  protected skipExpanded(): void {
    if (!this.options.expanded) return;
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

  private parseQuantifier(atom: RegexNode): RegexNode {
    this.skipExpanded();
    const c = this.peek();
    const isBound = c === '{' && /^[0-9]$/.test(this.peek(1));
    if (!isBound && !(c !== '' && '*+?'.includes(c))) return atom;
    if (atom.kind === 'constraint') throw invalid('quantifier operand invalid');
    this.position++;
    const bound: Bound = isBound
      ? this.parseBound('}')
      : { min: c === '+' ? 1 : 0, max: c === '?' ? 1 : Infinity, isExact: false };
    const isShort = this.isAdvanced && this.accept('?');
    if (/^[*+?]$/.test(this.peek()) || (this.peek() === '{' && /^[0-9]$/.test(this.peek(1)))) {
      throw invalid('quantifier operand invalid');
    }
    return this.quantified(atom, bound, isShort ? 'shorter' : 'longer');
  }

  protected quantified(atom: RegexNode, bound: Bound, preference: Preference): RegexNode {
    const { min, max, isExact } = bound;
    return { kind: 'quantified', atom, min, max, preference: isExact ? 'none' : preference };
  }

  /** What follows the brace that opens. */
  protected parseBound(close: string): Bound {
    let text = '';
    while (/^[0-9,]$/.test(this.peek())) text += this.characters[this.position++];
    if (this.peek() === '') throw invalid('braces {} not balanced');
    if (!this.accept(close)) throw invalid('invalid repetition count(s)');
    const match = /^(\d+)(,(\d*))?$/.exec(text);
    if (match === null) throw invalid('invalid repetition count(s)');
    const min = Number(match[1]);
    const max = match[2] === undefined ? min : match[3] === '' ? Infinity : Number(match[3]);
    if (min > COUNT_MAX || (max > COUNT_MAX && max !== Infinity) || min > max) {
      throw invalid('invalid repetition count(s)');
    }
    return { min, max, isExact: match[2] === undefined };
  }

  protected parseAtom(): RegexNode {
    const c = this.characters[this.position++];
    switch (c) {
      case '(':
        return this.parseGroup();
      case '[':
        return this.parseBracket();
      case '.':
        return this.anyCharacter();
      case '^':
        return this.lineStart();
      case '$':
        return this.lineEnd();
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

  protected anyCharacter(): RegexNode {
    return { kind: 'character', source: this.options.newlineStops ? '[^\\n]' : '[^]', literal: null };
  }

  protected lineStart(): RegexNode {
    return { kind: 'constraint', source: this.options.newlineAnchors ? '(?<=^|\\n)' : TEXT_START };
  }

  protected lineEnd(): RegexNode {
    return { kind: 'constraint', source: this.options.newlineAnchors ? '(?=\\n|$)' : TEXT_END };
  }

  protected literal(c: string): RegexNode {
    return { kind: 'character', source: literalSource(c, this.options), literal: c };
  }

  private parseGroup(): RegexNode {
    if (!this.isAdvanced || this.peek() !== '?') return this.captured(() => this.parseBranches(true));
    if (this.accept('?:')) return { kind: 'group', number: 0, body: this.parseBranches(true) };
    for (const open of ['?=', '?!', '?<=', '?<!']) {
      if (!this.accept(open)) continue;
      this.constraints++;
      const source = this.constraintSource(open, this.parseBranches(true));
      this.constraints--;
      return { kind: 'constraint', source };
    }
    throw invalid('quantifier operand invalid');
  }

  protected captured(parseBody: () => RegexNode): RegexNode {
    if (this.constraints > 0) return { kind: 'group', number: 0, body: parseBody() };
    const number = ++this.opened;
    const body = parseBody();
    this.groups.set(number, body);
    return { kind: 'group', number, body };
  }

  protected parseEscape(): RegexNode {
    const c = this.characters[this.position++];
    if (c === undefined) throw invalid('invalid escape \\ sequence');
    if (!this.isAdvanced) return this.literal(c);
    const constraint = constraintEscape(c, this.set);
    if (constraint !== null) return { kind: 'constraint', source: constraint };
    const shorthand = shorthandClass(c, this.set);
    if (shorthand !== null) {
      // These match a newline in every mode.
      return { kind: 'character', source: `[${shorthand.negated ? '^' : ''}${shorthand.body}]`, literal: null };
    }
    if (/[1-9]/.test(c)) {
      const reference = this.parseReference(c);
      if (reference !== null) return reference;
    }
    return this.literal(String.fromCodePoint(this.characterEscape(c)));
  }

  /** \1 to \9, and \mnn when there are that many groups; otherwise it is an octal escape. */
  private parseReference(first: string): RegexNode | null {
    let digits = first;
    while (/^[0-9]$/.test(this.peek(digits.length - 1))) digits += this.peek(digits.length - 1);
    if (digits.length > 1 && Number(digits) > this.opened) return null;
    this.position += digits.length - 1;
    return this.reference(Number(digits));
  }

  protected reference(number: number): RegexNode {
    if (this.constraints > 0 || !this.groups.has(number)) throw invalid('invalid backreference number');
    return { kind: 'reference', number };
  }

  /** The escapes for one character; `c` is what follows the backslash. */
  protected override characterEscape(c: string): number {
    const simple = SIMPLE_ESCAPES[c];
    if (simple !== undefined) return simple;
    switch (c) {
      case 'B':
        return 92;
      case 'c': {
        const control = this.characters[this.position++];
        if (control === undefined) throw invalid('invalid escape \\ sequence');
        return (control.codePointAt(0) as number) & 31;
      }
      case 'u':
      case 'U':
        return this.hexEscape(c === 'u' ? 4 : 8, c === 'u' ? 4 : 8);
      case 'x':
        return this.hexEscape(1, 255);
    }
    if (/[0-9]/.test(c)) return this.octalEscape();
    if (/[A-Za-z]/.test(c)) throw invalid('invalid escape \\ sequence');
    return c.codePointAt(0) as number;
  }

  private hexEscape(least: number, most: number): number {
    const digits = this.takeDigits(/^[0-9A-Fa-f]$/, most);
    const value = Number.parseInt(digits, 16);
    if (digits.length < least || value > 0x10ffff) throw invalid('invalid escape \\ sequence');
    return value;
  }

  /** Up to three digits, as far as they are one byte. */
  private octalEscape(): number {
    this.position--;
    const digits = this.takeDigits(/^[0-7]$/, 3);
    if (digits === '') throw invalid('invalid escape \\ sequence');
    const value = Number.parseInt(digits, 8);
    if (value <= 0xff) return value;
    this.position--;
    return value >> 3;
  }

  private takeDigits(pattern: RegExp, most: number): string {
    let digits = '';
    while (digits.length < most && pattern.test(this.peek())) digits += this.characters[this.position++];
    return digits;
  }
}

function constraintEscape(c: string, set: CharacterSet): string | null {
  switch (c) {
    case 'A':
      return TEXT_START;
    case 'Z':
      return TEXT_END;
    case 'm':
      return set.wordStart;
    case 'M':
      return set.wordEnd;
    case 'y':
      return set.wordEdge;
    case 'Y':
      return set.noWordEdge;
    default:
      return null;
  }
}
