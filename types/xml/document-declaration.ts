/** XMLDecl (2.8) at the head of a document that is parsed as one: read as libxml2 reads it, which is less strict than declaration.ts. */
import { isSpace } from './characters.ts';
import type { XmlInput } from './input.ts';

/** From `<?xml`. Answers whether the document says that it stands alone. */
export function readDocumentDeclaration(input: XmlInput): boolean {
  input.at += 5;
  input.spaces();
  const version = pseudoAttribute(input, 'version');
  if (version === null) input.error('Malformed declaration expecting version');
  else if (version !== '1.0') {
    const isWarning = version.startsWith('1.');
    input.reports.add(isWarning ? 'warnings' : 'errors', `Unsupported version '${version}'`, input.text, input.at);
  }
  if (!isSpace(input.code)) {
    if (input.take('?>')) return false;
    input.error('Blank needed here');
  }
  input.spaces();
  const encoding = pseudoAttribute(input, 'encoding');
  if (encoding !== null) {
    if (!isKnownEncoding(encoding)) {
      input.error(`Unsupported encoding ${encoding}`);
      input.halt();
      return false;
    }
    if (input.take('?>')) return false;
    if (!isSpace(input.code)) input.error('Blank needed here');
  }
  input.spaces();
  const standalone = pseudoAttribute(input, 'standalone', /yes|no|/y, "standalone accepts only 'yes' or 'no'");
  input.spaces();
  if (input.take('?>')) return standalone === 'yes';
  input.error("parsing XML declaration: '?>' expected");
  const end = input.text.indexOf('>', input.at);
  input.at = end < 0 ? input.text.length : end + 1;
  return standalone === 'yes';
}

/** name="value"; null: there is none. `fault`: what is wrong where the value has not the form. */
function pseudoAttribute(input: XmlInput, name: string, form = /[A-Za-z0-9._:-]*/y, fault?: string): string | null {
  if (!input.take(name)) return null;
  input.spaces();
  if (!input.take('=')) {
    input.error("expected '='");
    return null;
  }
  input.spaces();
  const quote = input.text[input.at];
  if (quote !== '"' && quote !== "'") {
    input.error('String not started expecting \' or "');
    return null;
  }
  input.at++;
  const value = input.match(form);
  if (value === '' && fault !== undefined) input.error(fault);
  if (!input.take(quote)) input.error('String not closed expecting " or \'');
  return value;
}

/** The text has been decoded already: the name must only be one. */
function isKnownEncoding(name: string): boolean {
  try {
    new TextDecoder(name);
    return true;
  } catch {
    return /^(UCS-?[24]|UTF-?32|ISO-10646-UCS-[24]|EBCDIC|HTML|CP\d+|IBM\d+|MAC|MACINTOSH)/i.test(name);
  }
}
