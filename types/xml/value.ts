/** Values of type xml: texts that have been found to be documents, or content (SQL/XML 2006: what may stand within an element, or a document). */
import { type SqlError, sqlError } from '../errors.ts';
import { decodeUtf8 } from '../unicode.ts';
import { isSpace } from './characters.ts';
import { declarationError, declarationOf, readDeclaration } from './declaration.ts';
import type { XmlNode } from './document.ts';
import { XmlParser } from './parser.ts';
import type { Reports } from './reports.ts';

/** A declaration is no longer. */
const DECLARATION_SIZE_MAX = 256;

export type XmlOption = 'content' | 'document';

/** Whether what may stand before a document's element goes on to <!DOCTYPE: content that has one is parsed as a document. */
function hasDoctype(text: string, start: number): boolean {
  for (let at = start; ; ) {
    while (isSpace(text.charCodeAt(at))) at++;
    if (text.startsWith('<!DOCTYPE', at)) return true;
    const isComment = text.startsWith('<!--', at);
    if (!isComment && !text.startsWith('<?', at)) return false;
    const end = isComment ? text.indexOf('--', at + 4) : text.indexOf('?>', at + 2);
    if (end < 0 || (isComment && text[end + 2] !== '>')) return false;
    at = end + (isComment ? 3 : 2);
  }
}

/** Finds what is wrong; an error of SQL where there is something. Warnings are `warn`'s. */
export function checkXml(text: string, option: XmlOption, warn?: (message: string) => void): SqlError | null {
  let start = 0;
  let isDocument = option === 'document';
  if (!isDocument) {
    const declaration = readDeclaration(text);
    if (typeof declaration === 'string') return declarationError(declaration);
    start = declaration.length;
    isDocument = hasDoctype(text, start);
  }
  let reports: Reports;
  if (isDocument) {
    const parser = new XmlParser(text, { makesTree: false, hasEncoding: true });
    parser.document();
    ({ reports } = parser);
  } else {
    if (start === text.length) return null;
    const parser = new XmlParser(start === 0 ? text : text.slice(start), { makesTree: false });
    parser.fragment();
    ({ reports } = parser);
  }
  if (warn !== undefined) for (const warning of reports.warnings) warn(warning);
  if (!reports.hasErrors) return null;
  const [code, what] = option === 'document' ? ['2200M', 'document'] : ['2200N', 'content'];
  return sqlError(code, `invalid XML ${what}`, { detail: reports.detail });
}

/** The text, which is a value of type xml; throws where it is none. */
export function inputXml(text: string, option: XmlOption): string {
  const error = checkXml(text, option);
  if (error !== null) throw error;
  return text;
}

/** From the client's bytes: in the encoding that they declare, else UTF-8. */
export function receiveXml(bytes: Uint8Array): string {
  const { encoding } = declarationOf(Buffer.from(bytes.subarray(0, DECLARATION_SIZE_MAX)).toString('latin1'));
  let text: string;
  try {
    const label = encoding ?? 'utf-8';
    text = /^utf-?8$/i.test(label)
      ? decodeUtf8(bytes, 0, bytes.length)
      : new TextDecoder(label, { fatal: true }).decode(bytes);
  } catch (error) {
    if (!(error instanceof RangeError || error instanceof TypeError)) throw error;
    throw sqlError('22021', `invalid byte sequence for encoding "${encoding}"`);
  }
  return inputXml(text, 'content');
}

/** IS DOCUMENT. */
export function isXmlDocument(text: string): boolean {
  return checkXml(text, 'document') === null;
}

/** A document's tree; 2200M where there is none. */
export function parseXmlDocument(text: string, warn: (message: string) => void): XmlNode {
  const parser = new XmlParser(text, { makesTree: true });
  const tree = parser.document();
  const { reports } = parser;
  for (const warning of reports.warnings) warn(warning);
  if (tree === null || reports.hasErrors) {
    throw sqlError('2200M', 'could not parse XML document', { detail: reports.detail });
  }
  return tree;
}
