/**
 * JSON that is known to be right, as text: its characters, and where a string or a value ends. Values of json and jsonb were checked when they
 * came in, so an end is found by counting brackets and skipping strings, in json as it was written and in jsonb's normal form.
 */
export const QUOTE = 34;
export const COMMA = 44;
export const OPEN_ARRAY = 91;
export const BACKSLASH = 92;
export const CLOSE_ARRAY = 93;
export const LETTER_F = 102;
export const LETTER_N = 110;
export const LETTER_T = 116;
export const OPEN_OBJECT = 123;
export const CLOSE_OBJECT = 125;
const SPACE = 32;

/** From an opening quote to behind the closing one. */
export function skipString(text: string, position: number): number {
  let end = text.indexOf('"', position + 1);
  for (;;) {
    let backslashes = 0;
    while (text.charCodeAt(end - 1 - backslashes) === BACKSLASH) backslashes++;
    if (backslashes % 2 === 0) return end + 1;
    end = text.indexOf('"', end + 1);
  }
}

/** From the first character of a value to behind its last. */
export function skipValue(text: string, position: number): number {
  const first = text.charCodeAt(position);
  if (first === QUOTE) return skipString(text, position);
  if (first !== OPEN_OBJECT && first !== OPEN_ARRAY) {
    let end = position + 1;
    for (; end < text.length; end++) {
      const c = text.charCodeAt(end);
      if (c === COMMA || c === CLOSE_OBJECT || c === CLOSE_ARRAY || c <= SPACE) break;
    }
    return end;
  }
  let depth = 0;
  for (let i = position; ; i++) {
    const c = text.charCodeAt(i);
    if (c === QUOTE) i = skipString(text, i) - 1;
    else if (c === OPEN_OBJECT || c === OPEN_ARRAY) depth++;
    else if ((c === CLOSE_OBJECT || c === CLOSE_ARRAY) && --depth === 0) return i + 1;
  }
}
