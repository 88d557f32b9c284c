/** Character classes of PostgreSQL's scanner, by char code; everything from 128 on may be part of an identifier. */

export const IDENT_START = 1;
export const IDENT_PART = 2;
export const DIGIT = 4;
export const SPACE = 8;
export const OPERATOR = 16;
const UPPER = 32;

export const CLASSES = makeClasses();

function makeClasses(): Uint8Array {
  const classes = new Uint8Array(128);
  const add = (characters: string, bits: number): void => {
    for (let i = 0; i < characters.length; i++) classes[characters.charCodeAt(i)] |= bits;
  };
  add('abcdefghijklmnopqrstuvwxyz_', IDENT_START | IDENT_PART);
  add('ABCDEFGHIJKLMNOPQRSTUVWXYZ', IDENT_START | IDENT_PART | UPPER);
  add('0123456789', DIGIT | IDENT_PART);
  add('$', IDENT_PART);
  add(' \t\n\r\f\v', SPACE);
  add('~!@#^&|`?+-*/%<>=', OPERATOR);
  return classes;
}

export function isIdentStart(code: number): boolean {
  return code >= 128 || (CLASSES[code] & IDENT_START) !== 0;
}
export function isSpace(code: number): boolean {
  return code < 128 && (CLASSES[code] & SPACE) !== 0;
}
export function isIdentPart(code: number): boolean {
  return code >= 128 || (CLASSES[code] & IDENT_PART) !== 0;
}

/** Where the operator that starts at `start` ends: PostgreSQL's rules for comments and for trailing + and -. */
export function operatorEnd(text: string, start: number): number {
  let end = start + 1;
  for (; end < text.length; end++) {
    const code = text.charCodeAt(end);
    if (code >= 128 || (CLASSES[code] & OPERATOR) === 0) break;
    const before = text.charCodeAt(end - 1);
    // A comment begins inside: the operator ends before it.
    if ((code === 0x2a && before === 0x2f) || (code === 0x2d && before === 0x2d)) {
      end--;
      break;
    }
  }
  // A multi-character operator may end in + or - only when it has one of ~ ! @ # ^ & | ` ? %, so that `a=-1` is a = -1.
  while (end - start > 1) {
    const last = text.charCodeAt(end - 1);
    if (last !== 0x2b && last !== 0x2d) break;
    let allowed = false;
    for (let i = start; i < end - 1 && !allowed; i++) allowed = '~!@#^&|`?%'.includes(text[i]);
    if (allowed) break;
    end--;
  }
  return end;
}

/** The offset after a block comment (they nest) that starts at `start`; -1 when it does not end. */
export function blockCommentEnd(text: string, start: number): number {
  let depth = 1;
  let i = start + 2;
  while (i < text.length) {
    const code = text.charCodeAt(i);
    if (code === 0x2a && text.charCodeAt(i + 1) === 0x2f) {
      i += 2;
      if (--depth === 0) return i;
    } else if (code === 0x2f && text.charCodeAt(i + 1) === 0x2a) {
      depth++;
      i += 2;
    } else i++;
  }
  return -1;
}

export function lineCommentEnd(text: string, start: number): number {
  for (let i = start; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === 10 || code === 13) return i;
  }
  return text.length;
}

/** End of the delimiter `$tag$` at `start` (after its second dollar), or -1 when there is none. */
export function dollarDelimiterEnd(text: string, start: number): number {
  let i = start + 1;
  if (i < text.length && isIdentStart(text.charCodeAt(i))) {
    i++;
    while (i < text.length && text.charCodeAt(i) !== 0x24 && isIdentPart(text.charCodeAt(i))) i++;
  }
  return text.charCodeAt(i) === 0x24 ? i + 1 : -1;
}
