/** Where a definition is printed to, and how its lines are broken. After: PostgreSQL, ruleutils.c, appendContextKeyword(). */

import type { TypeName } from '../../parser/ast.ts';
export const INDENT_STEP = 8;
export const INDENT_JOIN = 4;
export const INDENT_VAR = 4;
const INDENT_LIMIT = 40;

export interface PrintOptions {
  /** Without the parentheses that precedence makes needless. */
  readonly isPretty: boolean;
  /** A list is broken where a line would be longer; 0: after each item. */
  readonly wrapColumn: number;
  /** What a relation is called in FROM: [schema, name] or a name of WITH. */
  relationName(name: readonly string[]): string;
  /** The names of a relation's columns; null for what is none. */
  relationColumns(name: readonly string[]): readonly string[] | null;
  /** How many attributes a kept composite type has; 0 for any other. */
  attributeCount(type: TypeName): number;
}

export class Output {
  text = '';
  indent = 0;
  /** All on one line. */
  readonly isFlat: boolean;

  constructor(isFlat = false) {
    this.isFlat = isFlat;
  }

  /** The first word of a query: broken lines leave room before it. */
  begin(keyword: string): void {
    this.text += this.isFlat ? keyword : ` ${keyword}`;
  }

  /** A line of its own, or a space. */
  breakOrSpace(): void {
    if (this.isFlat) this.text += ' ';
    else this.line('');
  }

  /** A keyword on a line of its own: the level changes before and after it, `plus` is for this line only. */
  line(keyword: string, before = 0, after = 0, plus = 0): void {
    if (this.isFlat) {
      this.text += keyword;
      return;
    }
    this.indent += before;
    this.trimEnd();
    const level = Math.max(this.indent, 0);
    const amount =
      this.indent < INDENT_LIMIT
        ? level
        : (INDENT_LIMIT + Math.trunc((level - INDENT_LIMIT) / (INDENT_STEP / 2))) % INDENT_LIMIT;
    this.text += `\n${' '.repeat(amount + plus)}${keyword}`;
    this.indent = Math.max(this.indent + after, 0);
  }

  trimEnd(): void {
    this.text = this.text.replace(/ +$/, '');
  }

  /** What `print` writes, apart; levels go on. */
  apart(print: () => void): string {
    const before = this.text;
    this.text = '';
    print();
    const own = this.text;
    this.text = before;
    return own;
  }

  get columnsInLine(): number {
    return this.text.length - (this.text.lastIndexOf('\n') + 1);
  }
}
