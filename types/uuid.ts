/** uuid: kept as its usual text, 36 characters in lower case. Input takes braces, and hyphens after any four digits. */
import { Buffer } from 'node:buffer';
import { sqlError } from './errors.ts';

/** Bytes. */
export const UUID_SIZE = 16;

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

const shown = Buffer.allocUnsafeSlow(36).fill('-');

/** One string, where slices of digits would be nine. */
export function uuidFromBytes(bytes: Uint8Array, start: number): string {
  for (let i = 0, at = 0; i < UUID_SIZE; i++) {
    const byte = bytes[start + i];
    if (at === 8 || at === 13 || at === 18 || at === 23) at++;
    shown[at++] = digit(byte >>> 4);
    shown[at++] = digit(byte & 15);
  }
  return shown.latin1Slice(0, 36);
}

function digit(value: number): number {
  return value < 10 ? 48 + value : 87 + value;
}

export function uuidToBytes(uuid: string): Uint8Array {
  const bytes = new Uint8Array(UUID_SIZE);
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
