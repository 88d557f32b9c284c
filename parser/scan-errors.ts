/** Errors of scanner and parser: PostgreSQL's words, 42601, one-based position in characters. */
import { SqlError } from '../types/errors.ts';

/** UTF-16 offset to the one-based position in characters (code points). */
export function errorPosition(text: string, offset: number): number {
  let position = 1;
  const end = Math.min(offset, text.length);
  for (let i = 0; i < end; i++) {
    position++;
    const unit = text.charCodeAt(i);
    if (unit >= 0xd800 && unit < 0xdc00 && i + 1 < text.length) {
      const next = text.charCodeAt(i + 1);
      if (next >= 0xdc00 && next < 0xe000) i++;
    }
  }
  return position;
}

/** `message at or near "<text from start to end>"`; at the end of the text: `message at end of input`. */
export function syntaxErrorAt(text: string, message: string, start: number, end: number): SqlError {
  const where =
    start >= text.length ? `${message} at end of input` : `${message} at or near "${text.slice(start, end)}"`;
  return new SqlError('42601', where, { position: errorPosition(text, start) });
}

export function stackDepthError(): SqlError {
  return new SqlError('54001', 'stack depth limit exceeded', {
    hint:
      'Increase the configuration parameter "max_stack_depth" (currently 2048kB), ' +
      "after ensuring the platform's stack depth limit is adequate.",
  });
}
