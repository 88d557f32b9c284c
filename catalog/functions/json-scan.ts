/** Looking into JSON text without parsing it (types/json-text.ts): json as written, and jsonb's normal form. */
import { QUOTE, skipString, skipValue } from '../../types/json-text.ts';

export function skipSpace(text: string, position: number): number {
  for (;;) {
    const c = text.charCodeAt(position);
    if (c !== 32 && c !== 10 && c !== 13 && c !== 9) return position;
    position++;
  }
}

/** The string that a JSON string literal (quotes included) stands for. */
export function unquote(literal: string): string {
  return literal.includes('\\') ? (JSON.parse(literal) as string) : literal.slice(1, -1);
}

/** The value as ->> gives it: strings without quotes, null as SQL NULL, all else as it is written. */
export function valueAsText(value: string): string | null {
  if (value.charCodeAt(0) === QUOTE) return unquote(value);
  return value === 'null' ? null : value;
}

export type JsonKind = 'object' | 'array' | 'string' | 'number' | 'boolean' | 'null';

function kindAt(text: string, position: number): JsonKind {
  switch (text[position]) {
    case '{':
      return 'object';
    case '[':
      return 'array';
    case '"':
      return 'string';
    case 't':
    case 'f':
      return 'boolean';
    case 'n':
      return 'null';
    default:
      return 'number';
  }
}

export function kindOf(text: string): JsonKind {
  return kindAt(text, skipSpace(text, 0));
}

/** Calls `visit` with each member of an object (the key as written, quotes included); stops when it answers true. */
function scanMembers(
  text: string,
  visit: (key: string, valueStart: number, valueEnd: number) => boolean | undefined,
): void {
  let position = skipSpace(text, skipSpace(text, 0) + 1);
  while (text[position] !== '}') {
    const keyEnd = skipString(text, position);
    const colon = skipSpace(text, keyEnd);
    const start = skipSpace(text, colon + 1);
    const end = skipValue(text, start);
    if (visit(text.slice(position, keyEnd), start, end) === true) return;
    position = skipSpace(text, end);
    if (text[position] === ',') position = skipSpace(text, position + 1);
  }
}

/** The elements of an array as text; all, or up to `limit`. */
export function elementsOf(text: string, limit = Infinity): string[] {
  const elements: string[] = [];
  let position = skipSpace(text, skipSpace(text, 0) + 1);
  while (text[position] !== ']' && elements.length < limit) {
    const end = skipValue(text, position);
    elements.push(text.slice(position, end));
    position = skipSpace(text, end);
    if (text[position] === ',') position = skipSpace(text, position + 1);
  }
  return elements;
}

/** Members in the order of the text, keys unquoted; equal keys are all there. */
export function membersOf(text: string): [key: string, value: string][] {
  const members: [string, string][] = [];
  scanMembers(text, (key, start, end) => {
    members.push([unquote(key), text.slice(start, end)]);
    return undefined;
  });
  return members;
}

/** Value of a key of an object, null when there is none (or it is no object). Of equal keys the last counts. */
export function fieldOf(text: string, name: string): string | null {
  if (kindOf(text) !== 'object') return null;
  let found: string | null = null;
  scanMembers(text, (key, start, end) => {
    if (key.length - 2 === name.length || key.includes('\\')) {
      if (unquote(key) === name) found = text.slice(start, end);
    }
    return undefined;
  });
  return found;
}

/** Element by index; negative ones count from the end. */
export function elementOf(text: string, index: number): string | null {
  if (kindOf(text) !== 'array') return null;
  if (index < 0) {
    const all = elementsOf(text);
    return all[all.length + index] ?? null;
  }
  return elementsOf(text, index + 1)[index] ?? null;
}

/** What a path of keys and array indexes leads to; null when it leads nowhere. */
export function valueAtPath(text: string, path: readonly (string | null)[]): string | null {
  let value: string | null = text;
  for (const step of path) {
    if (step === null) return null;
    const kind = kindOf(value);
    if (kind === 'object') value = fieldOf(value, step);
    else if (kind === 'array' && /^\s*[+-]?\d+$/.test(step)) value = elementOf(value, Number(step));
    else return null;
    if (value === null) return null;
  }
  return value;
}
