/**
 * inet and cidr values: strings of one character (0..255) a byte, chosen so that the order of the strings is PostgreSQL's order
 * of addresses, equal values are the same string, and every part has a fixed place:
 *
 *     family (2 IPv4, 3 IPv6) | network: the address with host bits 0 | bits of the network | the address
 *     1                       | 4 or 16                                | 1                   | 4 or 16
 */
import type { BinaryReader } from './binary-reader.ts';
import type { ByteWriter } from './byte-writer.ts';
import type { Codec } from './codec.ts';
import { sqlError } from './errors.ts';

export const FAMILY_V4 = 2;
const FAMILY_V6 = 3;

/** inet or cidr; see above. */
export type Address = string;

export function makeAddress(bytes: readonly number[], bits: number): Address {
  const family = bytes.length === 4 ? FAMILY_V4 : FAMILY_V6;
  const network = bytes.map((byte, i) => byte & maskByte(bits, i));
  return String.fromCharCode(family, ...network, bits, ...bytes);
}

/** Byte `i` of a netmask of so many bits. */
export function maskByte(bits: number, i: number): number {
  const rest = bits - i * 8;
  return rest >= 8 ? 255 : rest <= 0 ? 0 : (0xff00 >> rest) & 255;
}

export function addressFamily(address: Address): number {
  return address.charCodeAt(0);
}

function addressSize(address: Address): 4 | 16 {
  return address.charCodeAt(0) === FAMILY_V4 ? 4 : 16;
}

/** Bits of the longest network of the address's family. */
export function maximumBits(address: Address): number {
  return addressSize(address) * 8;
}

export function networkBits(address: Address): number {
  return address.charCodeAt(1 + addressSize(address));
}

export function addressBytes(address: Address): number[] {
  const size = addressSize(address);
  const bytes: number[] = [];
  for (let i = 0; i < size; i++) bytes.push(address.charCodeAt(2 + size + i));
  return bytes;
}

function hasHostBits(bytes: readonly number[], bits: number): boolean {
  return bytes.some((byte, i) => (byte & ~maskByte(bits, i) & 255) !== 0);
}

/** The address with its host bits 0. */
export function networkOf(address: Address, bits = networkBits(address)): Address {
  return makeAddress(
    addressBytes(address).map((byte, i) => byte & maskByte(bits, i)),
    bits,
  );
}

/** Whether the first `bits` bits of two addresses of one family are the same. */
export function sameBits(a: Address, b: Address, bits: number): boolean {
  const first = 2 + addressSize(a);
  for (let i = 0; i * 8 < bits; i++) {
    const difference = a.charCodeAt(first + i) ^ b.charCodeAt(first + i);
    if ((difference & maskByte(bits, i)) !== 0) return false;
  }
  return true;
}

// ------------------------------------------------------------------------------------------------------------- reading

interface Scanned {
  readonly bytes: number[];
  readonly bits: number;
}

const HEX = /^[0-9a-fA-F]$/;

function isDigit(character: string | undefined): boolean {
  return character !== undefined && character >= '0' && character <= '9';
}

/** `/bits` at the end of a text; -1 when there is none, null when it is malformed. */
function scanBits(text: string, at: number): number | null {
  if (at >= text.length) return -1;
  const match = /^\/(\d+)$/.exec(text.slice(at));
  if (match === null) return null;
  const bits = Number(match[1]);
  return bits > 32 ? null : bits;
}

/** d.d.d.d, fewer numbers when the bits are given. */
function scanInetV4(text: string): Scanned | null {
  const bytes: number[] = [];
  let at = 0;
  while (isDigit(text[at])) {
    let byte = 0;
    while (isDigit(text[at])) {
      byte = byte * 10 + Number(text[at++]);
      if (byte > 255) return null;
    }
    if (bytes.length === 4) return null;
    bytes.push(byte);
    if (at >= text.length || text[at] === '/') break;
    if (text[at] !== '.') return null;
    at++;
  }
  if (bytes.length === 0) return null;
  let bits = scanBits(text, at);
  if (bits === null) return null;
  if (bits === -1) {
    if (bytes.length < 4) return null;
    bits = 32;
  }
  if (bits >> 3 > bytes.length) return null;
  while (bytes.length < 4) bytes.push(0);
  return { bytes, bits };
}

/** Bits of a network of which only the address is said, by the classes of old. */
function classBits(bytes: readonly number[]): number {
  const [first] = bytes;
  let bits = first >= 240 ? 32 : first >= 224 ? 8 : first >= 192 ? 24 : first >= 128 ? 16 : 8;
  if (bits < bytes.length * 8) bits = bytes.length * 8;
  return bits === 8 && first === 224 ? 4 : bits;
}

/** As for cidr: octets may be left out, and 0x begins hexadecimal digits. */
function scanCidrV4(text: string): Scanned | null {
  const bytes: number[] = [];
  let at = 0;
  if (text[0] === '0' && (text[1] === 'x' || text[1] === 'X') && HEX.test(text[2] ?? '')) {
    at = 2;
    let digits = '';
    while (HEX.test(text[at] ?? '')) digits += text[at++];
    if (digits.length % 2 === 1) digits += '0';
    if (digits.length > 8) return null;
    for (let i = 0; i < digits.length; i += 2) bytes.push(Number.parseInt(digits.slice(i, i + 2), 16));
  } else if (isDigit(text[0])) {
    for (;;) {
      let byte = 0;
      while (isDigit(text[at])) {
        byte = byte * 10 + Number(text[at++]);
        if (byte > 255) return null;
      }
      if (bytes.length === 4) return null;
      bytes.push(byte);
      if (at >= text.length || text[at] === '/') break;
      if (text[at] !== '.' || !isDigit(text[at + 1])) return null;
      at++;
    }
  } else return null;
  const given = scanBits(text, at);
  if (given === null) return null;
  const bits = given === -1 ? classBits(bytes) : given;
  while (bytes.length < 4) bytes.push(0);
  return { bytes, bits };
}

/** Decimal without leading zeros, up to 128. */
function scanV6Bits(text: string): number | null {
  if (!/^(0|[1-9]\d*)$/.test(text)) return null;
  const bits = Number(text);
  return bits > 128 ? null : bits;
}

/** d.d.d.d[/bits] at the end of an IPv6 address. As in PostgreSQL, octets may be missing, and empty ones are 0. */
function scanEmbeddedV4(text: string): Scanned | null {
  const slash = text.indexOf('/');
  const octets = (slash < 0 ? text : text.slice(0, slash)).split('.');
  if (octets.length > 4 || (slash < 0 && octets[octets.length - 1] === '')) return null;
  if (octets.some((octet) => !/^(|0|[1-9]\d*)$/.test(octet) || Number(octet) > 255)) return null;
  const bits = slash < 0 ? -1 : scanV6Bits(text.slice(slash + 1));
  if (bits === null) return null;
  const bytes = octets.map(Number);
  while (bytes.length < 4) bytes.push(0);
  return { bytes, bits };
}

function scanV6(text: string): Scanned | null {
  const bytes: number[] = [];
  let gap = -1;
  let bits = -1;
  let at = 0;
  if (text[0] === ':') {
    if (text[1] !== ':') return null;
    at = 1;
  }
  let token = at;
  let digits = '';
  while (at < text.length) {
    const character = text[at++];
    if (HEX.test(character)) {
      digits += character;
      if (digits.length > 4) return null;
      continue;
    }
    if (character === ':') {
      token = at;
      if (digits === '') {
        if (gap >= 0) return null;
        gap = bytes.length;
        continue;
      }
      if (at === text.length || bytes.length + 2 > 16) return null;
      pushWord(bytes, digits);
      digits = '';
      continue;
    }
    if (character === '.') {
      const embedded = bytes.length + 4 <= 16 ? scanEmbeddedV4(text.slice(token)) : null;
      if (embedded === null) return null;
      bytes.push(...embedded.bytes);
      bits = embedded.bits;
      digits = '';
      break;
    }
    const found = character === '/' ? scanV6Bits(text.slice(at)) : null;
    if (found === null) return null;
    bits = found;
    break;
  }
  if (digits !== '') {
    if (bytes.length + 2 > 16) return null;
    pushWord(bytes, digits);
  }
  if (gap >= 0) {
    if (bytes.length === 16) return null;
    bytes.splice(gap, 0, ...new Array<number>(16 - bytes.length).fill(0));
  }
  if (bytes.length !== 16) return null;
  return { bytes, bits: bits === -1 ? 128 : bits };
}

function pushWord(bytes: number[], digits: string): void {
  const word = Number.parseInt(digits, 16);
  bytes.push(word >> 8, word & 255);
}

export function inputAddress(text: string, isCidr: boolean): Address {
  const name = isCidr ? 'cidr' : 'inet';
  const scanned = text.includes(':') ? scanV6(text) : isCidr ? scanCidrV4(text) : scanInetV4(text);
  if (scanned === null) throw sqlError('22P02', `invalid input syntax for type ${name}: "${text}"`);
  const { bytes, bits } = scanned;
  if (isCidr && hasHostBits(bytes, bits)) {
    throw sqlError('22P02', `invalid cidr value: "${text}"`, { detail: 'Value has bits set to right of mask.' });
  }
  return makeAddress(bytes, bits);
}

// ------------------------------------------------------------------------------------------------------------- writing

/** The address alone, IPv6 with its longest run of zeros left out. */
export function formatHost(address: Address): string {
  const bytes = addressBytes(address);
  if (bytes.length === 4) return bytes.join('.');
  const words: number[] = [];
  for (let i = 0; i < 16; i += 2) words.push(bytes[i] * 256 + bytes[i + 1]);
  const { start, length } = longestZeros(words);
  const isEmbedded =
    start === 0 && (length === 6 || (length === 7 && words[7] !== 1) || (length === 5 && words[5] === 0xffff));
  let result = '';
  for (let i = 0; i < 8; i++) {
    if (length > 0 && i >= start && i < start + length) {
      if (i === start) result += ':';
      continue;
    }
    if (i !== 0) result += ':';
    if (i === 6 && isEmbedded) {
      result += bytes.slice(12).join('.');
      break;
    }
    result += words[i].toString(16);
  }
  return length > 0 && start + length === 8 ? `${result}:` : result;
}

/** The longest run of two zeros or more; length 0 when there is none. */
function longestZeros(words: readonly number[]): { start: number; length: number } {
  let best = { start: -1, length: 0 };
  for (let i = 0; i < words.length; i++) {
    let end = i;
    while (words[end] === 0) end++;
    if (end - i > best.length) best = { start: i, length: end - i };
    if (end > i) i = end;
  }
  return best.length < 2 ? { start: -1, length: 0 } : best;
}

export function outputAddress(address: Address, isCidr: boolean): string {
  const bits = networkBits(address);
  const host = formatHost(address);
  return isCidr || bits !== maximumBits(address) ? `${host}/${bits}` : host;
}

// -------------------------------------------------------------------------------------------------------------- binary

function sendAddress(address: Address, isCidr: boolean, writer: ByteWriter): void {
  const bytes = addressBytes(address);
  writer.uint8(addressFamily(address));
  writer.uint8(networkBits(address));
  writer.uint8(isCidr ? 1 : 0);
  writer.uint8(bytes.length);
  for (const byte of bytes) writer.uint8(byte);
}

function receiveAddress(reader: BinaryReader, isCidr: boolean): Address {
  const name = isCidr ? 'cidr' : 'inet';
  const family = reader.uint8();
  if (family !== FAMILY_V4 && family !== FAMILY_V6) {
    throw sqlError('22P03', `invalid address family in external "${name}" value`);
  }
  const size = family === FAMILY_V4 ? 4 : 16;
  const bits = reader.uint8();
  if (bits > size * 8) throw sqlError('22P03', `invalid bits in external "${name}" value`);
  reader.uint8();
  if (reader.uint8() !== size) throw sqlError('22P03', `invalid length in external "${name}" value`);
  const bytes: number[] = [];
  for (let i = 0; i < size; i++) bytes.push(reader.uint8());
  if (isCidr && hasHostBits(bytes, bits)) {
    throw sqlError('22P03', `invalid external "${name}" value`, { detail: 'Value has bits set to right of mask.' });
  }
  return makeAddress(bytes, bits);
}

export function addressCodec(isCidr: boolean): Codec {
  return {
    output: (address: Address) => outputAddress(address, isCidr),
    input: (text) => inputAddress(text, isCidr),
    send: (address: Address, writer) => sendAddress(address, isCidr, writer),
    receive: (reader) => receiveAddress(reader, isCidr),
  };
}

// -------------------------------------------------------------------------------------------------------------- stored

/** As makeAddress, for the form that columns are full of. */
function readV4(bytes: Uint8Array, start: number): Address {
  const bits = bytes[start + 1];
  const a = bytes[start + 2];
  const b = bytes[start + 3];
  const c = bytes[start + 4];
  const d = bytes[start + 5];
  if (bits === 32) return String.fromCharCode(FAMILY_V4, a, b, c, d, bits, a, b, c, d);
  const mask = bits === 0 ? 0 : -1 << (32 - bits);
  const w = a & (mask >>> 24);
  const x = b & ((mask >>> 16) & 255);
  const y = c & ((mask >>> 8) & 255);
  const z = d & (mask & 255);
  return String.fromCharCode(FAMILY_V4, w, x, y, z, bits, a, b, c, d);
}

/** Family, bits, address: what does not follow from the others. */
export function writeAddress(address: Address, writer: ByteWriter): void {
  writer.uint8(addressFamily(address));
  writer.uint8(networkBits(address));
  const size = addressSize(address);
  for (let i = 0; i < size; i++) writer.uint8(address.charCodeAt(2 + size + i));
}

export function readAddress(bytes: Uint8Array, start: number): Address {
  if (bytes[start] === FAMILY_V4) return readV4(bytes, start);
  const size = 16;
  const parts: number[] = [];
  for (let i = 0; i < size; i++) parts.push(bytes[start + 2 + i]);
  return makeAddress(parts, bytes[start + 1]);
}
