/** Characters of XML: what a document may hold, and what names are made of. */

const START =
  ':A-Z_a-z\\xC0-\\xD6\\xD8-\\xF6\\xF8-\\u02FF\\u0370-\\u037D\\u037F-\\u1FFF\\u200C\\u200D\\u2070-\\u218F\\u2C00-\\u2FEF';
const START_END = '\\u3001-\\uD7FF\\uF900-\\uFDCF\\uFDF0-\\uFFFD\\u{10000}-\\u{EFFFF}';
const PART = '\\-.0-9\\xB7\\u0300-\\u036F\\u203F\\u2040';

/** Name and NCName (XML 1.0, fifth edition, 2.3; Namespaces in XML 1.0), where lastIndex stands. */
export const NAME = new RegExp(`[${START}${START_END}][${START}${START_END}${PART}]*`, 'uy');
export const NCNAME = new RegExp(`[${START.slice(1)}${START_END}][${START.slice(1)}${START_END}${PART}]*`, 'uy');
export const NMTOKEN = new RegExp(`[${START}${START_END}${PART}]+`, 'uy');

/** What a regular expression that is sticky matches at a place; '': nothing. */
export function matchAt(pattern: RegExp, text: string, at: number): string {
  pattern.lastIndex = at;
  return pattern.exec(text)?.[0] ?? '';
}

export function isSpace(code: number): boolean {
  return code === 0x20 || code === 0x0a || code === 0x09 || code === 0x0d;
}

/** Char (2.2) by code point. */
export function isXmlCharacter(code: number): boolean {
  if (code < 0x20) return code === 0x09 || code === 0x0a || code === 0x0d;
  return code < 0xd800 || (code > 0xdfff && code < 0xfffe) || (code > 0xffff && code < 0x110000);
}

/** What no document may hold, in well-formed UTF-16. */
export const FORBIDDEN = /[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]/;

/**
 * The letters and digits of XML 1.0's first editions (appendix B), by which SQL/XML says which characters of an identifier an XML name keeps:
 * distance from the end of the range before, + length; hexadecimal. Those that a name may begin with, and those that it may go on with.
 */
const FIRST =
  '41+19 5 2+19 46+16 2+1e 2+39 3+a 3+7 2+34 2+43 a+23 4+1 5+1d 39+58 13+6 c5 2+2 2 2+13 2+2b 2+6 4 2 2 2 2+11 e+b 2+41 2+b 2+23 f+34 3+1 3+1 ' +
  '4+1b 3+7 3+1 38+25 3 8+25 4a+1a 6+2 2f+19 7+9 27+46 3+4 2+e 2+3 2 10+1 21f+34 4 1b+9 24+7 3+1 3+15 2+6 2 4+3 23+1 2+2 f+1 14+5 5+1 3+15 2+6 ' +
  '2+1 2+1 2+1 20+3 2 14+2 11+6 2 2+2 2+15 2+6 2+1 2+4 4 23 25+7 3+1 3+15 2+6 2+1 3+3 4 1f+1 2+2 24+5 4+2 2+3 4+1 2 2+1 4+1 4+2 4+7 2+2 4c+7 ' +
  '2+2 2+16 2+9 2+4 27+1 24+7 2+2 2+16 2+9 2+4 25 2+1 24+7 2+2 2+16 2+f 27+1 a0+2d 2 2+1 d+5 3c+1 2 3+1 2 3 7+3 2+6 2+2 2 2 3+1 2+1 2 2+1 a ' +
  '3+4 7c+7 2+20 137+25 b+26 a 2+1 2+2 2 2+1 2+4 2a 2 2 c 2 2 4+1 4 6+2 2 2 2 2 4+1 4+1 2 29 a 3 3+1 8+1 2 2+6 29 5 9 c07+9b 5+59 7+15 3+5 ' +
  '3+25 3+5 3+7 2 2 2 2+1e 3+34 2+6 2 4+2 2+6 4+3 3+5 5+c 6+2 2+6 12a 4+1 3 52+2 e85 1a+8 18+53 d+59 b+27 1cd4+51a5 c5b+2ba3';
const FURTHER =
  '2d+1 2+9 7e 219+1 2f+45 1b+1 26 fc+3 10b+10 2+16 2+2 2 2+1 2 7c b+7 e+9 7 66+e 3+1 2+3 3+9 208+2 39 2+f 4+3 e+1 3+9 12+2 39 2+6 3+1 3+2 a b+1 ' +
  '3+9 13 3a 2+4 5+1 3+2 19+b 10+2 39 2+7 2+2 2+2 19+9 12+2 39 2+5 4+1 3+2 9+1 f+9 13+1 3b+4 4+2 2+3 a 10+8 12+2 3b+6 2+2 2+3 8+1 10+9 13+1 ' +
  '3b+6 2+2 2+3 8+1 10+9 13+1 3b+5 3+2 2+3 a f+9 c2 3+6 c+8 2+9 58 3+5 2+1 a 2+5 3+9 3f+1 7+9 c 2 2 5+1 32+13 2+5 5+5 2 2+14 4+6 2 1117+c 5 ' +
  'f24 25+5 2+4 64+1 3+1 5e+2';

/** Of each character of the basic plane: 1 a name may begin with it, 2 it may go on with it, 0 neither. */
let identifierClasses: Uint8Array | null = null;

function fill(classes: Uint8Array, ranges: string, mark: number): void {
  let end = 0;
  for (const range of ranges.split(' ')) {
    const [distance, length] = range.split('+').map((part) => Number.parseInt(part, 16));
    const start = end + distance;
    end = start + (length ?? 0);
    classes.fill(mark, start, end + 1);
  }
}

function classOf(code: number): number {
  if (identifierClasses === null) {
    identifierClasses = new Uint8Array(0x10000);
    fill(identifierClasses, FIRST, 1);
    fill(identifierClasses, FURTHER, 2);
    identifierClasses[0x3a] = 1;
  }
  return code > 0xffff ? 0 : identifierClasses[code];
}

export interface IdentifierOptions {
  /** Colons everywhere, and a beginning of xml, which names of elements must not have. */
  readonly isFullyEscaped: boolean;
  readonly escapesPeriods?: boolean;
}

/** A name of SQL as one of XML (SQL/XML 2008, 9.1): `_x0020_` for what no name may hold. */
export function xmlNameOfIdentifier(identifier: string, { isFullyEscaped, escapesPeriods }: IdentifierOptions): string {
  let name = '';
  for (let at = 0; at < identifier.length; ) {
    const code = identifier.codePointAt(at)!;
    const character = String.fromCodePoint(code);
    if (character === ':' && (at === 0 || isFullyEscaped)) name += '_x003A_';
    else if (character === '_' && identifier[at + 1] === 'x') name += '_x005F_';
    else if (isFullyEscaped && at === 0 && /^xml/i.test(identifier)) name += character === 'x' ? '_x0078_' : '_x0058_';
    else if (escapesPeriods === true && character === '.') name += '_x002E_';
    else if (at === 0 ? classOf(code) === 1 : classOf(code) !== 0) name += character;
    else name += `_x${code.toString(16).toUpperCase().padStart(4, '0')}_`;
    at += character.length;
  }
  return name;
}

/** The name of SQL that a name of XML stands for (9.3). */
export function identifierOfXmlName(name: string): string {
  return name.replace(/_x([0-9a-fA-F]{4})_/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 16)));
}
