/**
 * Texts in other encodings: convert(), convert_from(), convert_to(). Those of one byte a character (types/byte-encodings.ts) are here, and UTF8; those
 * of several (EUC, SJIS, BIG5, GBK, UHC, GB18030, JOHAB) are not.
 */
import {
  type ByteTable,
  bytesFromText,
  byteTableOf,
  invalidBytes,
  textFromBytes,
  withoutEquivalent,
} from '../../types/byte-encodings.ts';
import { type SqlError, sqlError } from '../../types/errors.ts';
import { encodingName } from '../settings.ts';

/** Encodings that PostgreSQL converts into each other; all others by way of UTF8 alone. */
const GROUPS: readonly (readonly string[])[] = [
  ['KOI8R', 'WIN1251', 'WIN866', 'ISO_8859_5'],
  ['LATIN2', 'WIN1250'],
];

function knownName(name: string, role: 'source' | 'destination'): string {
  const encoding = encodingName(name);
  if (encoding === null) throw sqlError('22023', `invalid ${role} encoding name "${name}"`);
  return encoding;
}

/** UTF8 and SQL_ASCII are no encodings of one byte a character; what has no table either cannot be converted here. */
function mustTableOf(encoding: string): ByteTable {
  const table = byteTableOf(encoding);
  if (table === null) throw sqlError('0A000', `conversion between ${encoding} and UTF8 is not supported`);
  return table;
}

// -------------------------------------------------------------------------------------------------------------------- UTF8

const strictDecoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function invalidUtf8(bytes: Uint8Array): SqlError {
  // The first byte at which decoding fails, and what its lead byte asks for.
  let start = 0;
  while (start < bytes.length) {
    const byte = bytes[start];
    const size = byte < 0x80 ? 1 : byte < 0xe0 ? 2 : byte < 0xf0 ? 3 : 4;
    try {
      if (byte === 0) break;
      strictDecoder.decode(bytes.subarray(start, start + size));
    } catch {
      break;
    }
    start += size;
  }
  const lead = bytes[start];
  const size = lead < 0xc0 || lead >= 0xf8 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
  return invalidBytes('UTF8', bytes.subarray(start, start + size));
}

function textFromUtf8(bytes: Uint8Array): string {
  if (bytes.includes(0)) throw invalidUtf8(bytes);
  try {
    return strictDecoder.decode(bytes);
  } catch {
    throw invalidUtf8(bytes);
  }
}

// -------------------------------------------------------------------------------------------------------------- conversions

/** SQL_ASCII says nothing of what bytes are, so that they must be the database's. */
function decode(bytes: Uint8Array, encoding: string): string {
  if (encoding === 'UTF8') return textFromUtf8(bytes);
  if (bytes.includes(0)) throw invalidBytes(encoding, [0]);
  if (encoding === 'SQL_ASCII') return textFromUtf8(bytes);
  if (bytes.length === 0) return '';
  return textFromBytes(bytes, mustTableOf(encoding));
}

function encode(text: string, encoding: string): Uint8Array {
  if (encoding === 'UTF8' || encoding === 'SQL_ASCII' || text === '') return new Uint8Array(Buffer.from(text, 'utf8'));
  return bytesFromText(text, mustTableOf(encoding));
}

export function convertFrom(bytes: Uint8Array, sourceName: string): string {
  return decode(bytes, knownName(sourceName, 'source'));
}

/** Characters of a text in that encoding. */
export function lengthIn(bytes: Uint8Array, name: string): number {
  const encoding = encodingName(name);
  if (encoding === null) throw sqlError('22023', `invalid encoding name "${name}"`);
  if (bytes.includes(0)) throw invalidBytes(encoding, [0]);
  let length = 0;
  for (const character of decode(bytes, encoding)) if (character !== '') length++;
  return length;
}

export function convertTo(text: string, destinationName: string): Uint8Array {
  return encode(text, knownName(destinationName, 'destination'));
}

/** SQL_ASCII takes and gives bytes as they are; what is not SQL_ASCII is checked. */
export function convertBytes(bytes: Uint8Array, sourceName: string, destinationName: string): Uint8Array {
  const source = knownName(sourceName, 'source');
  const destination = knownName(destinationName, 'destination');
  if (source === 'SQL_ASCII') {
    if (bytes.includes(0)) throw invalidBytes(source, [0]);
    if (destination === 'UTF8') textFromUtf8(bytes);
    return bytes;
  }
  if (source === destination || destination === 'SQL_ASCII') {
    if (source === 'UTF8') textFromUtf8(bytes);
    else if (bytes.includes(0)) throw invalidBytes(source, [0]);
    return bytes;
  }
  if (source === 'UTF8' || destination === 'UTF8') return encode(decode(bytes, source), destination);
  return convertWithin(bytes, source, destination);
}

function convertWithin(bytes: Uint8Array, source: string, destination: string): Uint8Array {
  if (bytes.includes(0)) throw invalidBytes(source, [0]);
  if (bytes.length === 0) return bytes;
  if (!GROUPS.some((group) => group.includes(source) && group.includes(destination))) {
    mustTableOf(source);
    mustTableOf(destination);
    const names = `encoding "${source}" to "${destination}"`;
    throw sqlError('42883', `default conversion function for ${names} does not exist`);
  }
  const [from, to] = [mustTableOf(source), mustTableOf(destination)];
  return bytes.map((byte) => {
    const character = from.characters[byte];
    const converted = character === null ? undefined : to.bytes.get(character);
    if (converted === undefined) throw withoutEquivalent([byte], source, destination);
    return converted;
  });
}
