/** Texts in other encodings: convert(), convert_from(), convert_to(), length(). Which there are: types/encodings. */
import {
  characterRules,
  characterSize,
  type Encoding,
  encodingNamed,
  invalidBytes,
  withoutEquivalent,
} from '../../types/encodings/index.ts';
import { type SqlError, sqlError } from '../../types/errors.ts';
import { decodeUtf8, encodeUtf8 } from '../../types/index.ts';
import { encodingName } from '../settings.ts';

/** Encodings that PostgreSQL converts into each other; all others by way of UTF8 alone. */
const GROUPS: readonly (readonly string[])[] = [
  ['KOI8R', 'WIN1251', 'WIN866', 'ISO_8859_5'],
  ['LATIN2', 'WIN1250'],
];
/** Encodings that PostgreSQL knows no characters of. */
const WITHOUT_CHARACTERS = 'MULE_INTERNAL';

/** What the last call named: it is the same in every row, and takes longer to look up than most texts to convert. */
let lastName: string | null = null;
let lastEncoding = '';

function knownName(name: string, role: 'source' | 'destination'): string {
  if (name !== lastName) {
    lastEncoding = lookUpName(name, role);
    lastName = name;
  }
  return lastEncoding;
}

function lookUpName(name: string, role: 'source' | 'destination'): string {
  const encoding = encodingName(name);
  if (encoding === null) throw sqlError('22023', `invalid ${role} encoding name "${name}"`);
  return encoding;
}

function noConversion(source: string, destination: string): SqlError {
  const names = `encoding "${source}" to "${destination}"`;
  return sqlError('42883', `default conversion function for ${names} does not exist`);
}

/** Not of UTF8 and SQL_ASCII, which need none. */
function mustConvert(source: string, destination: string): Encoding {
  const other = source === 'UTF8' ? destination : source;
  const encoding = encodingNamed(other);
  if (encoding !== null) return encoding;
  if (other === WITHOUT_CHARACTERS) throw noConversion(source, destination);
  throw sqlError('0A000', `conversion between ${other} and UTF8 is not supported`);
}

/** Its characters; 22021 where there is none. */
function countCharacters(bytes: Uint8Array, encoding: string): number {
  const rules = characterRules(encoding);
  let count = 0;
  for (let at = 0; at < bytes.length; count++) {
    const size = characterSize(rules, bytes, at, bytes.length);
    if (size < 0) throw invalidBytes(encoding, bytes.subarray(at, at + rules.size(bytes, at, bytes.length)));
    at += size;
  }
  return count;
}

function decode(bytes: Uint8Array, encoding: string): string {
  if (encoding === 'UTF8') return decodeUtf8(bytes, 0, bytes.length);
  countCharacters(bytes, encoding);
  // SQL_ASCII says nothing of what bytes are, so that they must be the database's.
  if (encoding === 'SQL_ASCII') return decodeUtf8(bytes, 0, bytes.length);
  return bytes.length === 0 ? '' : mustConvert(encoding, 'UTF8').decode(bytes, 0, bytes.length);
}

function encode(text: string, encoding: string): Uint8Array {
  if (encoding === 'UTF8' || encoding === 'SQL_ASCII' || text === '') return encodeUtf8(text);
  return mustConvert('UTF8', encoding).encode(text);
}

export function convertFrom(bytes: Uint8Array, sourceName: string): string {
  return decode(bytes, knownName(sourceName, 'source'));
}

/** Characters of a text in that encoding. */
export function lengthIn(bytes: Uint8Array, name: string): number {
  const encoding = encodingName(name);
  if (encoding === null) throw sqlError('22023', `invalid encoding name "${name}"`);
  return countCharacters(bytes, encoding);
}

export function convertTo(text: string, destinationName: string): Uint8Array {
  return encode(text, knownName(destinationName, 'destination'));
}

/** SQL_ASCII takes and gives bytes as they are; what is not SQL_ASCII is checked. */
export function convertBytes(bytes: Uint8Array, sourceName: string, destinationName: string): Uint8Array {
  const source = knownName(sourceName, 'source');
  const destination = knownName(destinationName, 'destination');
  countCharacters(bytes, source);
  if (source === destination || destination === 'SQL_ASCII' || bytes.length === 0) return bytes;
  if (source === 'SQL_ASCII') {
    countCharacters(bytes, destination);
    return bytes;
  }
  if (source === 'UTF8' || destination === 'UTF8') return encode(decode(bytes, source), destination);
  return convertWithin(bytes, source, destination);
}

/** Between encodings of one byte a character. */
function convertWithin(bytes: Uint8Array, source: string, destination: string): Uint8Array {
  if (!GROUPS.some((group) => group.includes(source) && group.includes(destination))) {
    throw noConversion(source, destination);
  }
  const from = mustConvert(source, 'UTF8');
  const to = mustConvert('UTF8', destination);
  const known = new Int16Array(256).fill(-1);
  return bytes.map((byte, i) => {
    if (known[byte] < 0) known[byte] = convertByte(from, to, bytes, i);
    return known[byte];
  });
}

function convertByte(from: Encoding, to: Encoding, bytes: Uint8Array, at: number): number {
  try {
    return to.encode(from.decode(bytes, at, at + 1))[0];
  } catch {
    throw withoutEquivalent([bytes[at]], from.name, to.name);
  }
}
