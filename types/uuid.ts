/** uuid: kept as its usual text, 36 characters in lower case. Input takes braces, and hyphens after any four digits. */
import { Buffer } from 'node:buffer';
import { sqlError } from './errors.ts';

const hexSlice = Buffer.prototype.hexSlice as (this: Uint8Array, start: number, end: number) => string;

const CANONICAL = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const ANY_FORM = /^(\{)?[0-9a-fA-F]{4}(?:-?[0-9a-fA-F]{4}){7}(\})?$/;

export function inputUuid(text: string): string {
  if (CANONICAL.test(text)) return text;
  const match = ANY_FORM.exec(text);
  if (match === null || (match[1] === undefined) !== (match[2] === undefined)) {
    throw sqlError('22P02', `invalid input syntax for type uuid: "${text}"`);
  }
  return hyphenate(text.replace(/[{}-]/g, '').toLowerCase());
}

function hyphenate(hex: string): string {
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

export function uuidFromBytes(bytes: Uint8Array, start: number): string {
  return hyphenate(hexSlice.call(bytes, start, start + 16));
}

export function uuidToBytes(uuid: string): Uint8Array {
  const bytes = new Uint8Array(16);
  writeUuid(uuid, bytes, 0);
  return bytes;
}

export function writeUuid(uuid: string, bytes: Uint8Array, offset: number): void {
  for (let i = 0, at = offset; i < 36; ) {
    if (i === 8 || i === 13 || i === 18 || i === 23) i++;
    bytes[at++] = (nibble(uuid.charCodeAt(i)) << 4) | nibble(uuid.charCodeAt(i + 1));
    i += 2;
  }
}

function nibble(code: number): number {
  return code < 58 ? code - 48 : code - 87;
}
