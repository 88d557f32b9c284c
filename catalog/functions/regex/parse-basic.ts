/** Basic regular expressions: operators are written \( \) \{ \}; * and ^ are plain where they could mean nothing. */
import { invalid } from './options.ts';
import { AdvancedParser } from './parse.ts';
import type { RegexNode } from './tree.ts';

export class BasicParser extends AdvancedParser {
  protected override parseBranches(inGroup: boolean): RegexNode {
    const body = this.parseSequence(inGroup);
    if (inGroup && !this.accept('\\)')) throw invalid('parentheses () not balanced');
    return body;
  }

  protected override parseSequence(inGroup: boolean): RegexNode {
    const items: RegexNode[] = [];
    for (let isFirst = true; ; isFirst = false) {
      this.skipExpanded();
      if (this.peek() === '') break;
      if (this.peek() === '\\' && this.peek(1) === ')') {
        if (inGroup) break;
        throw invalid('parentheses () not balanced');
      }
      const before = items.at(-1);
      if (isFirst && this.accept('^')) items.push(this.lineStart());
      else if (this.peek() === '*' && (isFirst || (items.length === 1 && before?.kind === 'constraint'))) {
        this.position++;
        items.push(this.repeated(this.literal('*')));
      } else items.push(this.repeated(this.parseAtom()));
    }
    return items.length === 1 ? items[0] : { kind: 'sequence', items };
  }

  private repeated(atom: RegexNode): RegexNode {
    this.skipExpanded();
    const isStar = this.accept('*');
    if (!isStar && !this.accept('\\{')) return atom;
    if (atom.kind === 'constraint') throw invalid('quantifier operand invalid');
    const bound = isStar ? { min: 0, max: Infinity, isExact: false } : this.parseBound('\\}');
    const node = this.quantified(atom, bound, 'longer');
    this.skipExpanded();
    if (this.peek() === '*' || (this.peek() === '\\' && this.peek(1) === '{')) {
      throw invalid('quantifier operand invalid');
    }
    return node;
  }

  protected override parseAtom(): RegexNode {
    const c = this.characters[this.position++];
    switch (c) {
      case '[':
        return this.parseBracket();
      case '.':
        return this.anyCharacter();
      case '$': {
        this.skipExpanded();
        const isLast = this.peek() === '' || (this.peek() === '\\' && this.peek(1) === ')');
        return isLast ? this.lineEnd() : this.literal(c);
      }
      case '*':
        throw invalid('quantifier operand invalid');
      case '\\':
        return this.parseEscape();
      default:
        return this.literal(c);
    }
  }

  protected override parseEscape(): RegexNode {
    const c = this.characters[this.position++];
    switch (c) {
      case undefined:
        throw invalid('invalid escape \\ sequence');
      case '(':
        return this.captured(() => this.parseBranches(true));
      case '{':
        throw invalid('quantifier operand invalid');
      case '<':
        return { kind: 'constraint', source: this.set.wordStart };
      case '>':
        return { kind: 'constraint', source: this.set.wordEnd };
      default:
        return /[1-9]/.test(c) ? this.reference(Number(c)) : this.literal(c);
    }
  }
}
