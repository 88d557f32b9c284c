/**
 * `<?xml version="1.0" encoding="..." standalone="..."?>` before a value: read and written by SQL's rules rather than by XML's. After:
 * PostgreSQL, xml.c, parse_xml_decl() and print_xml_decl().
 */
import { type SqlError, sqlError } from '../errors.ts';
import { isSpace, matchAt, NMTOKEN } from './characters.ts';

export type Standalone = 'yes' | 'no' | 'none';

export interface XmlDeclaration {
  /** Length of the declaration; 0: there is none. */
  readonly length: number;
  readonly version: string | null;
  readonly encoding: string | null;
  readonly standalone: Standalone;
}

export const NO_DECLARATION: XmlDeclaration = { length: 0, version: null, encoding: null, standalone: 'none' };

/** What is wrong with a declaration. */
type Fault = 'space' | 'version' | 'encoding' | 'standalone' | 'end' | 'character';
const DETAILS: Readonly<Record<Fault, string>> = {
  space: 'Space required.',
  version: 'Malformed declaration: missing version.',
  encoding: 'Missing encoding in text declaration.',
  standalone: "standalone accepts only 'yes' or 'no'.",
  end: "Parsing XML declaration: '?>' expected.",
  character: 'Invalid character value.',
};

export function readDeclaration(text: string): XmlDeclaration | Fault {
  if (!text.startsWith('<?xml') || matchAt(NMTOKEN, text, 5) !== '') return NO_DECLARATION;
  let at = 5;
  const skip = (): boolean => {
    const start = at;
    while (isSpace(text.charCodeAt(at))) at++;
    return at > start;
  };
  const quoted = (): string | null => {
    skip();
    if (text[at] !== '=') return null;
    at++;
    skip();
    const end = text[at] === '"' || text[at] === "'" ? text.indexOf(text[at], at + 1) : -1;
    if (end < 0) return null;
    const value = text.slice(at + 1, end);
    at = end + 1;
    return value;
  };
  if (!skip()) return 'space';
  if (!text.startsWith('version', at)) return 'version';
  at += 7;
  const version = quoted();
  if (version === null) return 'version';
  let encoding: string | null = null;
  let hasSpace = skip();
  if (text.startsWith('encoding', at)) {
    if (!hasSpace) return 'space';
    at += 8;
    encoding = quoted();
    if (encoding === null) return 'encoding';
    hasSpace = skip();
  }
  let standalone: Standalone = 'none';
  if (text.startsWith('standalone', at)) {
    if (!hasSpace) return 'space';
    at += 10;
    const value = quoted();
    if (value !== 'yes' && value !== 'no') return 'standalone';
    standalone = value;
    skip();
  }
  if (!text.startsWith('?>', at)) return 'end';
  at += 2;
  if (/[^\x00-\x7f]/.test(text.slice(0, at))) return 'character';
  return { length: at, version, encoding, standalone };
}

/** The declaration, where it matters what is behind it: one that cannot be read is none. */
export function declarationOf(text: string): XmlDeclaration {
  const read = readDeclaration(text);
  return typeof read === 'string' ? NO_DECLARATION : read;
}

export function declarationError(fault: Fault): SqlError {
  return sqlError('2200N', 'invalid XML content: invalid XML declaration', { detail: DETAILS[fault] });
}

/** '' where nothing has to be said. */
export function writtenDeclaration(version: string | null, standalone: Standalone, encoding = ''): string {
  if ((version === null || version === '1.0') && standalone === 'none' && encoding === '') return '';
  const named = encoding === '' ? '' : ` encoding="${encoding}"`;
  return `<?xml version="${version ?? '1.0'}"${named}${standalone === 'none' ? '' : ` standalone="${standalone}"`}?>`;
}

/** A value as it is shown: what it says of its encoding is left out, or (another than UTF-8) is what `encoding` says. */
export function outputXml(text: string, encoding = ''): string {
  if (encoding === '' && !text.startsWith('<?xml') && text[0] !== '\n') return text;
  const { length, version, standalone } = declarationOf(text);
  const declaration = writtenDeclaration(version, standalone, encoding);
  // No empty first line where the declaration was, or might have been.
  const rest = declaration === '' && text[length] === '\n' ? length + 1 : length;
  return declaration + text.slice(rest);
}
