/** Character types: varchar(n) and char(n) with their length rules, name, and the one-byte "char". */
import { Buffer } from 'node:buffer';
import { sqlError } from './errors.ts';
import { characterCount, characterOffset, decodeText } from './unicode.ts';

export const NAME_BYTES_MAX = 63;

function tooLong(typeName: string, length: number): Error {
  return sqlError('22001', `value too long for type ${typeName}(${length})`);
}

/** Only blanks from this UTF-16 index on. */
function onlyBlanks(text: string, from: number): boolean {
  for (let i = from; i < text.length; i++) if (text.charCodeAt(i) !== 32) return false;
  return true;
}

/** varchar(n): what does not fit must be blanks, which are cut, or (explicit cast) is cut whatever it is. */
export function coerceVarchar(text: string, typmod: number, isExplicit: boolean): string {
  const limit = typmod - 4;
  if (typmod < 4 || text.length <= limit) return text;
  const cut = characterOffset(text, limit);
  if (cut >= text.length) return text;
  if (!isExplicit && !onlyBlanks(text, cut)) throw tooLong('character varying', limit);
  return text.slice(0, cut);
}

/** char(n): the same, and padded with blanks to n characters. */
export function coerceBpchar(text: string, typmod: number, isExplicit: boolean): string {
  const limit = typmod - 4;
  if (typmod < 4) return text;
  const count = text.length <= limit ? characterCount(text) : -1;
  if (count === limit) return text;
  if (count >= 0) return text + ' '.repeat(limit - count);
  const cut = characterOffset(text, limit);
  if (cut >= text.length) return text + ' '.repeat(limit - characterCount(text));
  if (!isExplicit && !onlyBlanks(text, cut)) throw tooLong('character', limit);
  return text.slice(0, cut);
}

/** Without the blanks at the end, as char(n) is compared and cast to text. */
export function trimBlanks(text: string): string {
  let end = text.length;
  while (end > 0 && text.charCodeAt(end - 1) === 32) end--;
  return end === text.length ? text : text.slice(0, end);
}

/** name: cut to 63 bytes, at a character's border. */
export function inputName(text: string): string {
  if (text.length * 3 <= NAME_BYTES_MAX) return text;
  const bytes = Buffer.from(text, 'utf8');
  if (bytes.length <= NAME_BYTES_MAX) return text;
  let end = NAME_BYTES_MAX;
  while (end > 0 && (bytes[end] & 0xc0) === 0x80) end--;
  return decodeText(bytes, 0, end);
}

/** "char": one byte; bytes from 0x80 on stand as \ooo, and the zero byte is the empty text. */
export function inputChar(text: string): string {
  const bytes = Buffer.from(text, 'utf8');
  if (bytes.length === 4 && /^\\[0-3][0-7][0-7]$/.test(text)) return charFromByte(Number.parseInt(text.slice(1), 8));
  return bytes.length === 0 ? '' : charFromByte(bytes[0]);
}

export function charFromByte(byte: number): string {
  if (byte === 0) return '';
  return byte < 0x80 ? String.fromCharCode(byte) : '\\' + byte.toString(8);
}

export function charToByte(value: string): number {
  if (value.length === 4 && value.startsWith('\\')) return Number.parseInt(value.slice(1), 8);
  return value === '' ? 0 : value.charCodeAt(0);
}
