/**
 * macaddr and macaddr8: unsigned numbers of 48 and 64 bits, so that their order is that of the numbers. macaddr is a number;
 * macaddr8 a number while safe, a bigint beyond.
 */
import type { BinaryReader } from './binary-reader.ts';
import type { Codec } from './codec.ts';
import { sqlError } from './errors.ts';
import { type Int8, normaliseInt8 } from './integer.ts';

export function macFromBytes(bytes: readonly number[]): number {
  return bytes.reduce((value, byte) => value * 256 + byte, 0);
}

export function mac8FromBytes(bytes: readonly number[]): Int8 {
  return normaliseInt8(bytes.reduce((value, byte) => (value << 8n) | BigInt(byte), 0n));
}

export function macBytes(value: number): number[] {
  const high = Math.floor(value / 4294967296);
  const low = value % 4294967296;
  return [high >>> 8, high & 255, low >>> 24, (low >>> 16) & 255, (low >>> 8) & 255, low & 255];
}

export function mac8Bytes(value: Int8): number[] {
  const bytes: number[] = [];
  const wide = BigInt(value);
  for (let shift = 56n; shift >= 0n; shift -= 8n) bytes.push(Number((wide >> shift) & 255n));
  return bytes;
}

function formatBytes(bytes: readonly number[]): string {
  return bytes.map((byte) => byte.toString(16).padStart(2, '0')).join(':');
}

/** The forms that PostgreSQL hands to C's sscanf in turn: x is a hexadecimal number, 2 one of two characters at most. */
const MAC_FORMS = ['x:x:x:x:x:x', 'x-x-x-x-x-x', '222:222', '222-222', '22.22.22', '22-22-22', '222222'];
const BLANKS = /\s*/y;
/** A sign and 0x count as characters. */
const NUMBER = /[+-]?(?:0[xX](?=[0-9a-fA-F]))?[0-9a-fA-F]+/y;

/** As sscanf reads it, and nothing but blanks behind; null: it is not of the form. */
function scanMac(text: string, form: string): number[] | null {
  const bytes: number[] = [];
  let at = 0;
  const pass = (): void => {
    BLANKS.lastIndex = at;
    BLANKS.exec(text);
    at = BLANKS.lastIndex;
  };
  for (const directive of form) {
    if (directive !== 'x' && directive !== '2') {
      if (text[at] !== directive) return null;
      at++;
      continue;
    }
    pass();
    NUMBER.lastIndex = 0;
    const match = NUMBER.exec(directive === 'x' ? text.slice(at) : text.slice(at, at + 2));
    if (match === null) return null;
    at += match[0].length;
    bytes.push(Number.parseInt(match[0], 16) + 0);
  }
  pass();
  return at === text.length ? bytes : null;
}

export function inputMac(text: string): number {
  for (const form of MAC_FORMS) {
    const bytes = scanMac(text, form);
    if (bytes === null) continue;
    if (bytes.some((byte) => byte < 0 || byte > 255)) {
      throw sqlError('22003', `invalid octet value in "macaddr" value: "${text}"`);
    }
    return macFromBytes(bytes);
  }
  throw sqlError('22P02', `invalid input syntax for type macaddr: "${text}"`);
}

/** Six bytes become eight with FF FE in their middle. */
export function widenMac(bytes: readonly number[]): number[] {
  return [...bytes.slice(0, 3), 0xff, 0xfe, ...bytes.slice(3)];
}

const BLANK = /^[ \t\n\v\f\r]$/;
const HEX_PAIR = /^[0-9a-fA-F]{2}$/;

export function inputMac8(text: string): Int8 {
  const invalid = (): Error => sqlError('22P02', `invalid input syntax for type macaddr8: "${text}"`);
  const bytes: number[] = [];
  let spacer = '';
  let at = 0;
  while (BLANK.test(text[at] ?? '')) at++;
  while (at + 1 < text.length) {
    const pair = text.slice(at, at + 2);
    if (bytes.length === 8 || !HEX_PAIR.test(pair)) throw invalid();
    bytes.push(Number.parseInt(pair, 16));
    at += 2;
    const next = text[at];
    if (next === ':' || next === '-' || next === '.') {
      if (spacer === '') spacer = next;
      else if (spacer !== next) throw invalid();
      at++;
    }
    if ((bytes.length === 6 || bytes.length === 8) && BLANK.test(text[at] ?? '')) {
      while (BLANK.test(text[at] ?? '')) at++;
      if (at < text.length) throw invalid();
    }
  }
  if (bytes.length === 6) return mac8FromBytes(widenMac(bytes));
  if (bytes.length !== 8) throw invalid();
  return mac8FromBytes(bytes);
}

function take(reader: BinaryReader, count: number): number[] {
  const start = reader.take(count);
  return [...reader.bytes.subarray(start, start + count)];
}

export const macCodec: Codec = {
  output: (value: number) => formatBytes(macBytes(value)),
  input: inputMac,
  send: (value: number, writer) => {
    for (const byte of macBytes(value)) writer.uint8(byte);
  },
  receive: (reader) => macFromBytes(take(reader, 6)),
};

export const mac8Codec: Codec = {
  output: (value: Int8) => formatBytes(mac8Bytes(value)),
  input: inputMac8,
  send: (value: Int8, writer) => {
    for (const byte of mac8Bytes(value)) writer.uint8(byte);
  },
  receive: (reader) => mac8FromBytes(reader.remaining === 6 ? widenMac(take(reader, 6)) : take(reader, 8)),
};
