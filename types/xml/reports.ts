/** What a parser has to say of a document: errors with the line and the place, in libxml2's words and form. */

/** Bytes of a line that are shown. */
const CONTEXT_SIZE = 80;
/** Errors after which a document is not read on. */
const ERRORS_MAX = 1000;

/** Lines up to a place, from 1; or from where another place is. */
export function lineAt(text: string, at: number, from = 0): number {
  let line = 1;
  for (let next = text.indexOf('\n', from); next >= 0 && next < at; next = text.indexOf('\n', next + 1)) line++;
  return line;
}

const isLineEnd = (character: string | undefined): boolean => character === '\n' || character === '\r';

/**
 * The line around a place, and a caret under it:
 *
 *      <a>&b;</a>
 *            ^
 *
 * Of a long line, as much as lies before the place. After: libxml2, xmlParserPrintFileContextInternal().
 */
function contextOf(text: string, at: number): string {
  let start = at;
  while (start > 0 && isLineEnd(text[start])) start--;
  for (let bytes = 0; bytes < CONTEXT_SIZE && start > 0 && !isLineEnd(text[start]); start--) {
    bytes += Buffer.byteLength(text[start - 1]);
  }
  if (isLineEnd(text[start])) start++;
  const column = Buffer.byteLength(text.slice(start, Math.max(at, start)));
  let end = start;
  for (let bytes = 0; end < text.length && !isLineEnd(text[end]); end++) {
    bytes += Buffer.byteLength(text[end]);
    if (bytes > CONTEXT_SIZE) break;
  }
  const line = text.slice(start, end);
  const blank = [...Buffer.from(line).subarray(0, Math.min(column, CONTEXT_SIZE - 1))];
  return `${line}\n${blank.map((byte) => (byte === 0x09 ? '\t' : ' ')).join('')}^`;
}

export class Reports {
  readonly errors: string[] = [];
  readonly warnings: string[] = [];
  /** The line of the last place that was asked for: the next one is mostly behind it. */
  #text = '';
  #at = 0;
  #line = 1;

  #lineAt(text: string, at: number): number {
    if (text !== this.#text || at < this.#at) {
      this.#text = text;
      this.#at = 0;
      this.#line = 1;
    }
    this.#line += lineAt(text, at, this.#at) - 1;
    this.#at = at;
    return this.#line;
  }

  /** Nobody reads more of them. */
  get areMany(): boolean {
    return this.errors.length >= ERRORS_MAX;
  }

  /** `message` may have lines; line feeds at its end do not show. */
  add(into: 'errors' | 'warnings', message: string, text: string, at: number): void {
    this[into].push(`line ${this.#lineAt(text, at)}: ${message}\n${contextOf(text, at)}`);
  }

  get hasErrors(): boolean {
    return this.errors.length > 0;
  }

  get detail(): string {
    return this.errors.join('\n');
  }
}

/** Bytes of a text that are shown within a message. */
const MESSAGE_SIZE = 50;

/** As much of a text as a message shows: fifty bytes. */
export function clipped(text: string): string {
  let size = 0;
  let end = 0;
  for (const character of text.slice(0, MESSAGE_SIZE)) {
    size += Buffer.byteLength(character);
    if (size > MESSAGE_SIZE) break;
    end += character.length;
  }
  return text.slice(0, end);
}
