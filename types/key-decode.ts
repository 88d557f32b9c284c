/**
 * Index keys (key.ts) back to values, of types whose keys keep all of a value: booleans, integers, dates and times without zone,
 * text, uuid. Of the others a key keeps less: of numeric not the scale, of char(n) not the blanks, of floats not the sign of zero,
 * of intervals not their parts.
 */
import { readInt32, readMicros } from './byte-writer.ts';
import { MARKER_VALUE } from './key.ts';
import { representation } from './representation.ts';
import { decodeText } from './unicode.ts';
import { uuidFromBytes } from './uuid.ts';
import type { Value } from './value.ts';

/** One part of a key. */
export interface KeyPart {
  readonly typeOid: number;
  readonly descending: boolean;
}

/** Where the next part begins, after `read`. */
let next = 0;

type PartReader = (bytes: Uint8Array, at: number) => Value;

/** Whether a key of this type gives back the value it was made of. */
export function isKeyReversible(typeOid: number): boolean {
  return readerOf(typeOid) !== null;
}

/** Reads a part behind its marker; null: the type's keys do not keep the value. */
function readerOf(typeOid: number): PartReader | null {
  switch (representation(typeOid)) {
    case 'bool':
      return readBool;
    case 'int2':
    case 'int4':
    case 'uint4':
    case 'int8':
      return readInteger;
    case 'date':
    case 'micros':
      return readTime;
    case 'text':
      return readText;
    case 'uuid':
      return readUuid;
    default:
      return null;
  }
}

/**
 * `(bytes, length, columns, n)`: puts the values of the parts into row n of the columns; `wanted`: for each part its column, -1 for none.
 * Parts behind the last wanted one are not looked at; all before it must be reversible.
 */
export function keyDecoder(
  parts: readonly KeyPart[],
  wanted: readonly number[],
): (bytes: Uint8Array, length: number, columns: Value[][], n: number) => void {
  const count = wanted.findLastIndex((column) => column >= 0) + 1;
  const readers = parts.slice(0, count).map(({ typeOid, descending }) => {
    const reader = readerOf(typeOid);
    if (reader === null) throw new Error(`keys of type ${typeOid} do not keep their values`);
    return { reader, descending };
  });
  return (bytes, length, columns, n) => {
    let at = 0;
    for (let i = 0; i < count; i++) {
      const { reader, descending } = readers[i];
      let value: Value = null;
      if (bytes[at++] === MARKER_VALUE) {
        // The bytes are the caller's copy: what follows is turned back and forth at will.
        if (descending) flip(bytes, at, length);
        value = reader(bytes, at);
        at = next;
        if (descending) flip(bytes, at, length);
      }
      if (wanted[i] >= 0) columns[wanted[i]][n] = value;
    }
  };
}

function flip(bytes: Uint8Array, start: number, end: number): void {
  for (let i = start; i < end; i++) bytes[i] = ~bytes[i];
}

function readBool(bytes: Uint8Array, at: number): Value {
  next = at + 1;
  return bytes[at] === 1;
}

function readInteger(bytes: Uint8Array, at: number): Value {
  next = at + 8;
  const high = readInt32(bytes, at) ^ 0x80000000;
  const value = high * 4294967296 + (readInt32(bytes, at + 4) >>> 0);
  if (Number.isSafeInteger(value)) return value;
  return (BigInt(high) << 32n) | BigInt(readInt32(bytes, at + 4) >>> 0);
}

const time = new Uint8Array(8);

function readTime(bytes: Uint8Array, at: number): Value {
  next = at + 8;
  for (let i = 0; i < 8; i++) time[i] = bytes[at + i];
  time[0] ^= 0x80;
  return readMicros(time, 0);
}

function readText(bytes: Uint8Array, at: number): Value {
  let end = at;
  while (bytes[end] !== 0) end++;
  next = end + 1;
  return decodeText(bytes, at, end);
}

function readUuid(bytes: Uint8Array, at: number): Value {
  next = at + 16;
  return uuidFromBytes(bytes, at);
}
