/**
 * Encodings of one byte a character, whose lower half is ASCII, and their conversion from and to UTF-8.
 *
 * The upper half of an encoding is what the platform's decoder makes of it, but for
 *  - bytes that Windows code pages leave out: the decoder makes control characters and characters for private use of them,
 *  - LATIN1, LATIN5 and WIN1252, which the decoder takes for one another, and LATIN10, which it does not know.
 */
import { Buffer } from 'node:buffer';
import { type SqlError, sqlError } from './errors.ts';

/** Latin script: bytes 0xa0 to 0xff of ISO 8859-16. */
const LATIN10 =
  '\u00a0ĄąŁ€„Š§š©Ș«Ź\u00adźŻ°±ČłŽ”¶·žčș»ŒœŸżÀÁÂĂÄĆÆÇÈÉÊËÌÍÎÏĐŃÒÓÔŐÖŚŰÙÚÛÜĘȚßàáâăäćæçèéêëìíîïđńòóôőöśűùúûüęțÿ';
/** Bytes 0x80 to 0x9f; blanks are left out. */
const WIN1252 = '€ ‚ƒ„…†‡ˆ‰Š‹Œ Ž  ‘’“”•–—˜™š›œ žŸ';
/** What is not as in LATIN1. */
const LATIN5: Readonly<Record<number, string>> = { 208: 'Ğ', 221: 'İ', 222: 'Ş', 240: 'ğ', 253: 'ı', 254: 'ş' };

/** Names of the platform's decoders. */
const DECODERS: Readonly<Record<string, string>> = {
  LATIN2: 'iso-8859-2',
  LATIN3: 'iso-8859-3',
  LATIN4: 'iso-8859-4',
  LATIN6: 'iso-8859-10',
  LATIN7: 'iso-8859-13',
  LATIN8: 'iso-8859-14',
  LATIN9: 'iso-8859-15',
  ISO_8859_5: 'iso-8859-5',
  ISO_8859_6: 'iso-8859-6',
  ISO_8859_7: 'iso-8859-7',
  ISO_8859_8: 'iso-8859-8',
  WIN1250: 'windows-1250',
  WIN1251: 'windows-1251',
  WIN1253: 'windows-1253',
  WIN1254: 'windows-1254',
  WIN1255: 'windows-1255',
  WIN1256: 'windows-1256',
  WIN1257: 'windows-1257',
  WIN1258: 'windows-1258',
  WIN866: 'ibm866',
  WIN874: 'windows-874',
  KOI8R: 'koi8-r',
  KOI8U: 'koi8-u',
};

/** What the bytes of an encoding are; null where there is no such character. */
export interface ByteTable {
  /** PostgreSQL's name. */
  readonly name: string;
  readonly characters: readonly (string | null)[];
  readonly bytes: ReadonlyMap<string, number>;
}

const tables = new Map<string, ByteTable | null>();

/** By PostgreSQL's name of an encoding; null: it is none of one byte a character. */
export function byteTableOf(encoding: string): ByteTable | null {
  let table = tables.get(encoding);
  if (table === undefined) {
    table = makeTable(encoding);
    tables.set(encoding, table);
  }
  return table;
}

function makeTable(encoding: string): ByteTable | null {
  const upper = upperHalf(encoding);
  if (upper === null) return null;
  const characters: (string | null)[] = [];
  const bytes = new Map<string, number>();
  for (let byte = 0; byte < 256; byte++) {
    const character = byte < 0x80 ? String.fromCharCode(byte) : upper(byte);
    characters.push(character);
    if (character !== null) bytes.set(character, byte);
  }
  return { name: encoding, characters, bytes };
}

function upperHalf(encoding: string): ((byte: number) => string | null) | null {
  const asLatin1 = (byte: number): string => String.fromCharCode(byte);
  switch (encoding) {
    case 'LATIN1':
      return asLatin1;
    case 'LATIN5':
      return (byte) => LATIN5[byte] ?? asLatin1(byte);
    case 'LATIN10':
      return (byte) => (byte < 0xa0 ? asLatin1(byte) : LATIN10[byte - 0xa0]);
    case 'WIN1252':
      return (byte) => {
        const character = byte < 0xa0 ? WIN1252[byte - 0x80] : asLatin1(byte);
        return character === ' ' ? null : character;
      };
  }
  const label = DECODERS[encoding];
  if (label === undefined) return null;
  const decoder = new TextDecoder(label);
  const isCodePage = label.startsWith('windows') && encoding !== 'WIN1256';
  return (byte) => {
    const character = decoder.decode(Uint8Array.of(byte));
    const isMadeUp = isCodePage && /[\x80-\x9f\uf8c0-\uf8ff]/.test(character);
    const isLeftOut = isMadeUp || character === '\ufffd' || (encoding === 'WIN1253' && byte === 0xaa);
    return isLeftOut ? null : character;
  };
}

// ------------------------------------------------------------------------------------------------------------------ errors

function shown(bytes: Iterable<number>): string {
  return Array.from(bytes, (byte) => `0x${byte.toString(16).padStart(2, '0')}`).join(' ');
}

export function invalidBytes(encoding: string, bytes: Iterable<number>): SqlError {
  return sqlError('22021', `invalid byte sequence for encoding "${encoding}": ${shown(bytes)}`);
}

export function withoutEquivalent(bytes: Iterable<number>, source: string, destination: string): SqlError {
  const what = `character with byte sequence ${shown(bytes)} in encoding "${source}"`;
  return sqlError('22P05', `${what} has no equivalent in encoding "${destination}"`);
}

// ------------------------------------------------------------------------------------------------------------------- texts

/** Errors: 22021, 22P05. */
export function textFromBytes(bytes: Uint8Array, { name, characters }: ByteTable): string {
  if (bytes.includes(0)) throw invalidBytes(name, [0]);
  let text = '';
  for (const byte of bytes) {
    const character = characters[byte];
    if (character === null) throw withoutEquivalent([byte], name, 'UTF8');
    text += character;
  }
  return text;
}

/** Error: 22P05. */
export function bytesFromText(text: string, { name, bytes }: ByteTable): Uint8Array {
  const result = new Uint8Array(text.length);
  let length = 0;
  for (const character of text) {
    const byte = bytes.get(character);
    if (byte === undefined) throw withoutEquivalent(Buffer.from(character, 'utf8'), 'UTF8', name);
    result[length++] = byte;
  }
  return result.subarray(0, length);
}

// ------------------------------------------------------------------------------------------------------------------- UTF-8

/** What comes of bytes[start .. end) up to the first that is no character, and the error that this is: 22021, 22P05. */
export type Utf8Writer = (
  bytes: Uint8Array,
  start: number,
  end: number,
) => { readonly converted: Uint8Array; readonly error: SqlError | null };

/** Characters of these encodings are in Unicode's basic plane. */
const MAX_UTF8_BYTES = 3;

export function utf8Writer({ name, characters }: ByteTable): Utf8Writer {
  const parts = characters.map((character) => (character === null ? null : Buffer.from(character, 'utf8')));
  // No text has a byte 0.
  parts[0] = null;
  return (bytes, start, end) => {
    const converted = new Uint8Array((end - start) * MAX_UTF8_BYTES);
    let length = 0;
    for (let at = start; at < end; at++) {
      const byte = bytes[at];
      const part = parts[byte];
      if (part === null) {
        const error = byte === 0 ? invalidBytes(name, [0]) : withoutEquivalent([byte], name, 'UTF8');
        return { converted: converted.subarray(0, length), error };
      }
      for (let i = 0; i < part.length; i++) converted[length++] = part[i];
    }
    return { converted: converted.subarray(0, length), error: null };
  };
}
