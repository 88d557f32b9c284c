/**
 * Texts in other encodings: convert(), convert_from(), convert_to(). Those of one byte a character are here, and UTF8; those of several (EUC, SJIS,
 * BIG5, GBK, UHC, GB18030, JOHAB) are not.
 *
 * The upper half of an encoding is what the platform's decoder makes of it, but for
 *  - bytes that Windows code pages leave out: the decoder makes control characters and characters for private use of them,
 *  - LATIN1, LATIN5 and WIN1252, which the decoder takes for one another, and LATIN10, which it does not know.
 */
import { type SqlError, sqlError } from '../../types/errors.ts';
import { encodingName } from '../settings.ts';

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

/** Encodings that PostgreSQL converts into each other; all others by way of UTF8 alone. */
const GROUPS: readonly (readonly string[])[] = [
  ['KOI8R', 'WIN1251', 'WIN866', 'ISO_8859_5'],
  ['LATIN2', 'WIN1250'],
];

/** One of one byte a character: what its bytes are; null where there is no such character. */
interface ByteTable {
  readonly characters: readonly (string | null)[];
  readonly bytes: ReadonlyMap<string, number>;
}

const tables = new Map<string, ByteTable | null>();

function tableOf(encoding: string): ByteTable | null {
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
  return { characters, bytes };
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

function invalidBytes(encoding: string, bytes: Iterable<number>): SqlError {
  return sqlError('22021', `invalid byte sequence for encoding "${encoding}": ${shown(bytes)}`);
}

function withoutEquivalent(bytes: Iterable<number>, source: string, destination: string): SqlError {
  const what = `character with byte sequence ${shown(bytes)} in encoding "${source}"`;
  return sqlError('22P05', `${what} has no equivalent in encoding "${destination}"`);
}

function knownName(name: string, role: 'source' | 'destination'): string {
  const encoding = encodingName(name);
  if (encoding === null) throw sqlError('22023', `invalid ${role} encoding name "${name}"`);
  return encoding;
}

/** UTF8 and SQL_ASCII are no encodings of one byte a character; what has no table either cannot be converted here. */
function mustTableOf(encoding: string): ByteTable {
  const table = tableOf(encoding);
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
  const { characters } = mustTableOf(encoding);
  let text = '';
  for (const byte of bytes) {
    const character = characters[byte];
    if (character === null) throw withoutEquivalent([byte], encoding, 'UTF8');
    text += character;
  }
  return text;
}

function encode(text: string, encoding: string): Uint8Array {
  if (encoding === 'UTF8' || encoding === 'SQL_ASCII' || text === '') return new Uint8Array(Buffer.from(text, 'utf8'));
  const { bytes } = mustTableOf(encoding);
  const result: number[] = [];
  for (const character of text) {
    const byte = bytes.get(character);
    if (byte === undefined) throw withoutEquivalent(Buffer.from(character, 'utf8'), 'UTF8', encoding);
    result.push(byte);
  }
  return Uint8Array.from(result);
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
