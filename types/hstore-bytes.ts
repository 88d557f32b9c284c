/**
 * Looking into hstore without making a string of it: over the bytes of its text, on a page.
 *
 * Pairs stand in the order of their keys' length in bytes, and a text is written in one way (hstore.ts). So a key is found by comparing
 * bytes with what it is written as, and a longer key says that it is not there.
 *
 * Places are offsets into the buffer; -1 is nowhere. `end` is behind the value.
 */
import { Buffer } from 'node:buffer';
import { escapedItem, hstoreEntries } from './hstore.ts';
import { decodeText } from './unicode.ts';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** A key as it is written. */
export interface HstoreKey {
  /** With its quotes and escapes. */
  readonly literal: Uint8Array;
  /** Bytes of the key itself. */
  readonly size: number;
}

/** A pair as it is written: the key's and the value's part. */
export interface HstorePairBytes {
  readonly key: HstoreKey;
  readonly text: Uint8Array;
}

export function hstoreKey(name: string): HstoreKey {
  return { literal: Buffer.from(`"${escapedItem(name)}"`, 'utf8'), size: Buffer.byteLength(name, 'utf8') };
}

export function hstorePattern(value: string): HstorePairBytes[] {
  return hstoreEntries(value).map(([key, text]) => ({
    key: hstoreKey(key),
    text: Buffer.from(text === null ? 'NULL' : `"${escapedItem(text)}"`, 'utf8'),
  }));
}

/** Where the text of a key begins. */
function placeOf(buffer: Buffer, start: number, end: number, { literal, size }: HstoreKey): number {
  for (let at = start; at < end; ) {
    let close = at + 1;
    let hasEscape = false;
    for (; buffer[close] !== QUOTE; close++) {
      if (buffer[close] !== BACKSLASH) continue;
      hasEscape = true;
      close++;
    }
    const length = close + 1 - at;
    if (length === literal.length && startsWith(buffer, at, literal)) return close + '"=>'.length;
    // An escaped key is shorter than it is written.
    if (!hasEscape && length - 2 > size) return -1;
    at = behindText(buffer, close + '"=>'.length) + ', '.length;
  }
  return -1;
}

function startsWith(buffer: Buffer, at: number, bytes: Uint8Array): boolean {
  for (let i = 0; i < bytes.length; i++) if (buffer[at + i] !== bytes[i]) return false;
  return true;
}

/** Behind the text in quotes, or the NULL, that begins there. */
function behindText(buffer: Buffer, at: number): number {
  if (buffer[at] !== QUOTE) return at + 'NULL'.length;
  for (let i = at + 1; ; i++) {
    const byte = buffer[i];
    if (byte === QUOTE) return i + 1;
    if (byte === BACKSLASH) i++;
  }
}

/** NULL for a key that is not there, too. */
export function hstoreTextAt(buffer: Buffer, start: number, end: number, key: HstoreKey): string | null {
  const at = placeOf(buffer, start, end, key);
  if (at < 0 || buffer[at] !== QUOTE) return null;
  let hasEscape = false;
  let close = at + 1;
  for (; buffer[close] !== QUOTE; close++) {
    if (buffer[close] !== BACKSLASH) continue;
    hasEscape = true;
    close++;
  }
  const text = decodeText(buffer, at + 1, close);
  return hasEscape ? text.replace(/\\(.)/gs, '$1') : text;
}

export function hstoreHasAt(buffer: Buffer, start: number, end: number, key: HstoreKey): boolean {
  return placeOf(buffer, start, end, key) >= 0;
}

export function hstoreHasAnyAt(buffer: Buffer, start: number, end: number, keys: readonly HstoreKey[]): boolean {
  for (const key of keys) if (placeOf(buffer, start, end, key) >= 0) return true;
  return false;
}

export function hstoreHasAllAt(buffer: Buffer, start: number, end: number, keys: readonly HstoreKey[]): boolean {
  for (const key of keys) if (placeOf(buffer, start, end, key) < 0) return false;
  return true;
}

/** Whether a key is there, and not NULL. */
export function hstoreDefinedAt(buffer: Buffer, start: number, end: number, key: HstoreKey): boolean {
  const at = placeOf(buffer, start, end, key);
  return at >= 0 && buffer[at] === QUOTE;
}

/** Whether all pairs are in a value. What is equal is written alike, and ends with its quote. */
export function hstoreContainsAt(
  buffer: Buffer,
  start: number,
  end: number,
  pairs: readonly HstorePairBytes[],
): boolean {
  for (const { key, text } of pairs) {
    const at = placeOf(buffer, start, end, key);
    if (at < 0 || !startsWith(buffer, at, text)) return false;
  }
  return true;
}
