/** The text form of rows: (1,"a b",,"say ""hi"""). A null is nothing at all, an empty text is "". */
import { type SqlError, sqlError } from './errors.ts';
import { replaceEach } from './replace-each.ts';

function isSpace(code: number): boolean {
  return code === 32 || (code >= 9 && code <= 13);
}

/** Texts of the fields; null for null. */
export function outputRecord(fields: readonly (string | null)[]): string {
  let text = '(';
  for (let i = 0; i < fields.length; i++) {
    if (i > 0) text += ',';
    const field = fields[i];
    if (field !== null) text += quoteField(field);
  }
  return text + ')';
}

function quoteField(text: string): string {
  let needsQuotes = text.length === 0;
  for (let i = 0; i < text.length && !needsQuotes; i++) {
    const code = text.charCodeAt(i);
    needsQuotes = code === 34 || code === 92 || code === 40 || code === 41 || code === 44 || isSpace(code);
  }
  return needsQuotes ? '"' + replaceEach(text, /["\\]/g, '$&$&') + '"' : text;
}

/** The texts of the fields of a row of `count` columns. */
export function splitRecord(text: string, count: number): (string | null)[] {
  const malformed = (detail: string): SqlError => sqlError('22P02', `malformed record literal: "${text}"`, { detail });
  let i = 0;
  while (isSpace(text.charCodeAt(i))) i++;
  if (text[i] !== '(') throw malformed('Missing left parenthesis.');
  i++;
  const fields: (string | null)[] = [];
  for (let column = 0; column < count; column++) {
    if (column > 0) {
      if (text[i] !== ',') throw malformed('Too few columns.');
      i++;
    }
    if (text[i] === ',' || text[i] === ')') {
      fields.push(null);
      continue;
    }
    let inQuotes = false;
    let field = '';
    while (inQuotes || !(text[i] === ',' || text[i] === ')')) {
      const character = text[i++];
      if (character === undefined) throw malformed('Unexpected end of input.');
      if (character === '\\') {
        if (text[i] === undefined) throw malformed('Unexpected end of input.');
        field += text[i++];
      } else if (character === '"') {
        if (!inQuotes) inQuotes = true;
        else if (text[i] === '"') {
          field += '"';
          i++;
        } else inQuotes = false;
      } else field += character;
    }
    fields.push(field);
  }
  if (text[i] !== ')') throw malformed('Too many columns.');
  i++;
  while (isSpace(text.charCodeAt(i))) i++;
  if (i < text.length) throw malformed('Junk after right parenthesis.');
  return fields;
}
