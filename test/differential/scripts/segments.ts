/**
 * A psql script cut into segments, one a statement or a meta-command line, so that what psql prints for each can be told apart:
 * behind every segment goes a line that makes psql print a mark. The rules of where a statement ends are psql's own (PsqlScan:
 * a semicolon outside of quotes, comments, parentheses and BEGIN ... END of a routine's body; a meta-command that sends the buffer).
 */

export interface Segment {
  /** Line of the script where it begins, from 1 on. */
  readonly line: number;
  readonly text: string;
}

/** Meta-commands that send the statement before them. */
const SENDS = /^\\(g|gx|gset|gexec|gdesc|crosstabview|watch|bind)\b/;
const WORD = /[A-Za-z_\u0080-\uffff][A-Za-z0-9_$\u0080-\uffff]*/y;
const DOLLAR_TAG = /\$(?:[A-Za-z_\u0080-\uffff][A-Za-z0-9_\u0080-\uffff]*)?\$/y;

/** Where the scanner stands within the text of one statement. */
class Scanner {
  private closing = '';
  private escapes = false;
  private commentDepth = 0;
  private parentheses = 0;
  private words: string[] = [];
  private bodyDepth = 0;
  private pending = false;

  /** Whether the next line begins a statement. */
  get isIdle(): boolean {
    return !this.pending && this.closing === '' && this.commentDepth === 0;
  }

  /** The statement before has been sent. */
  reset(): void {
    this.words = [];
    this.parentheses = 0;
    this.bodyDepth = 0;
    this.pending = false;
  }

  /** The words that the last statement began with, in lower case. */
  lastWords: readonly string[] = [];

  /** Reads a line; answers the meta-command that it ends with, or ''. */
  line(line: string): string {
    let at = 0;
    while (at < line.length) {
      if (this.commentDepth > 0) {
        at = this.inComment(line, at);
      } else if (this.closing !== '') {
        at = this.inQuote(line, at);
      } else {
        if (line.startsWith('--', at)) return '';
        if (line[at] === '\\') {
          if (line[at + 1] !== ';') return line.slice(at);
          at += 2;
          continue;
        }
        at = this.outside(line, at);
      }
    }
    return '';
  }

  private inComment(line: string, at: number): number {
    for (let i = at; i < line.length; i++) {
      if (line.startsWith('/*', i)) {
        this.commentDepth++;
        i++;
      } else if (line.startsWith('*/', i)) {
        this.commentDepth--;
        i++;
        if (this.commentDepth === 0) return i + 1;
      }
    }
    return line.length;
  }

  private inQuote(line: string, at: number): number {
    for (let i = at; i < line.length; i++) {
      if (this.escapes && line[i] === '\\') i++;
      else if (line.startsWith(this.closing, i)) {
        const end = i + this.closing.length;
        this.closing = '';
        return end;
      }
    }
    return line.length;
  }

  private outside(line: string, at: number): number {
    const c = line[at]!;
    if (line.startsWith('/*', at)) {
      this.commentDepth = 1;
      return at + 2;
    }
    if (/\s/.test(c)) return at + 1;
    if (c === ';' && this.parentheses === 0 && this.bodyDepth === 0) {
      this.lastWords = this.words;
      this.reset();
      return at + 1;
    }
    this.pending = true;
    if (c === "'" || c === '"') {
      this.escapes = c === "'" && /^e$/i.test(line[at - 1] ?? '') && !/[A-Za-z0-9_]/.test(line[at - 2] ?? ' ');
      this.closing = c;
      return at + 1;
    }
    DOLLAR_TAG.lastIndex = at;
    const tag = c === '$' ? DOLLAR_TAG.exec(line) : null;
    if (tag !== null) {
      this.escapes = false;
      this.closing = tag[0];
      return at + tag[0].length;
    }
    if (c === '(') this.parentheses++;
    else if (c === ')') this.parentheses = Math.max(0, this.parentheses - 1);
    WORD.lastIndex = at;
    const word = WORD.exec(line);
    if (word === null) return at + 1;
    this.word(word[0].toLowerCase());
    return at + word[0].length;
  }

  private word(word: string): void {
    this.words.push(word);
    const [first, second, third, fourth] = this.words;
    const kind = second === 'or' && third === 'replace' ? fourth : second;
    if (first !== 'create' || (kind !== 'function' && kind !== 'procedure') || this.parentheses > 0) return;
    if (word === 'begin') this.bodyDepth++;
    else if (word === 'case' && this.bodyDepth > 0) this.bodyDepth++;
    else if (word === 'end' && this.bodyDepth > 0) this.bodyDepth--;
  }
}

export function segmentsOf(script: string): Segment[] {
  const lines = script.split('\n');
  const segments: Segment[] = [];
  const scanner = new Scanner();
  let begun = 0;
  let inData = false;
  const cut = (end: number): void => {
    const text = lines.slice(begun, end).join('\n');
    if (text.trim() !== '') segments.push({ line: begun + 1, text });
    begun = end;
  };
  for (let n = 0; n < lines.length; n++) {
    const line = lines[n]!;
    if (inData) {
      if (line !== '\\.') continue;
      inData = false;
      cut(n + 1);
      continue;
    }
    const wasIdle = scanner.isIdle;
    scanner.lastWords = [];
    const command = scanner.line(line);
    if (SENDS.test(command)) scanner.reset();
    if (!scanner.isIdle) continue;
    // Data of COPY ... FROM STDIN follows at once.
    if (!wasIdle || line.trim() !== '') inData = isCopyFromStdin(lines.slice(begun, n + 1).join('\n'));
    if (!inData) cut(n + 1);
  }
  cut(lines.length);
  return segments;
}

/** Whether its last statement asks psql for data. */
function isCopyFromStdin(text: string): boolean {
  return /(?:^|;|\n)\s*(?:\\?copy)\b[^;]*\bfrom\s+stdin\b[^;]*(?:;\s*(?:--.*)?)?\s*$/i.test(text);
}
