/** The characters of a pattern, and its bracket expressions: [a-z], [^[:alpha:]_], [[.hyphen.]]. */
import {
  CHARACTER_SETS,
  type CharacterSet,
  COLLATING_NAMES,
  escapeCharacter,
  shorthandClass,
  withOtherAsciiCase,
} from './characters.ts';
import { foldsInSource, invalid, type RegexOptions } from './options.ts';
import { type RegexNode, toJavaScript } from './tree.ts';

export abstract class BracketParser {
  protected readonly characters: readonly string[];
  protected position = 0;
  protected readonly options: RegexOptions;
  protected readonly set: CharacterSet;

  constructor(pattern: string, options: RegexOptions) {
    this.characters = Array.from(pattern);
    this.options = options;
    this.set = CHARACTER_SETS[options.letters];
  }

  /** A character's escape, of which the backslash and `c` are read. */
  protected abstract characterEscape(c: string): number;

  protected peek(offset = 0): string {
    return this.characters[this.position + offset] ?? '';
  }

  protected accept(text: string): boolean {
    for (let i = 0; i < text.length; i++) {
      if (this.peek(i) !== text[i]) return false;
    }
    this.position += text.length;
    return true;
  }

  protected constraintSource(open: string, body: RegexNode): string {
    return `(${open}${toJavaScript(body)})`;
  }

  protected parseBracket(): RegexNode {
    if (this.accept('[:<:]]')) return { kind: 'constraint', source: this.set.wordStart };
    if (this.accept('[:>:]]')) return { kind: 'constraint', source: this.set.wordEnd };
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
        body += this.rangeSource(start, end);
      } else {
        body += this.rangeSource(start, start);
      }
    }
    this.position++;
    const isPlain = !negated || !this.options.newlineStops;
    return { kind: 'character', source: `[${negated ? '^' : ''}${body}${isPlain ? '' : '\\n'}]`, literal: null };
  }

  private rangeSource(start: number, end: number): string {
    if (foldsInSource(this.options)) return withOtherAsciiCase(start, end);
    return start === end ? escapeCharacter(start) : `${escapeCharacter(start)}-${escapeCharacter(end)}`;
  }

  /** A code point, or the inside of a class as source. */
  private bracketElement(dashIsPlain: boolean): number | string {
    if (this.accept('[:')) {
      const name = this.bracketName(':]');
      const body = this.set.classes[name];
      if (body === undefined) throw invalid('invalid character class');
      // Case folding makes upper and lower one class.
      if (this.options.ignoreCase && (name === 'upper' || name === 'lower')) return this.set.classes.alpha;
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
    if (c !== '\\' || this.options.syntax !== 'advanced') return c.codePointAt(0) as number;
    const escaped = this.characters[this.position++];
    if (escaped === undefined) throw invalid('invalid escape \\ sequence');
    const shorthand = shorthandClass(escaped, this.set);
    if (shorthand === null) return this.characterEscape(escaped);
    return shorthand.negated ? this.set.negated[escaped] : shorthand.body;
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
