/** Reads a value of the binary wire format. Running out of bytes is 08P01, bytes left over 22P03, as in PostgreSQL. */
import { readFloat32, readFloat64, readInt16, readInt32, readInt64 } from './byte-writer.ts';
import type { Encoding } from './encodings/index.ts';
import { type SqlError, sqlError } from './errors.ts';
import { decodeUtf8 } from './unicode.ts';

export class BinaryReader {
  readonly bytes: Uint8Array;
  position: number;
  end: number;
  /** Of texts; null: UTF-8. */
  readonly encoding: Encoding | null;

  constructor(bytes: Uint8Array, encoding: Encoding | null = null, start = 0, end = bytes.length) {
    this.encoding = encoding;
    this.bytes = bytes;
    this.position = start;
    this.end = end;
  }

  get remaining(): number {
    return this.end - this.position;
  }

  /** Steps over `count` bytes; answers where they start. */
  take(count: number): number {
    const start = this.position;
    if (count < 0 || start + count > this.end) throw sqlError('08P01', 'insufficient data left in message');
    this.position = start + count;
    return start;
  }

  uint8(): number {
    return this.bytes[this.take(1)];
  }

  int16(): number {
    return readInt16(this.bytes, this.take(2));
  }

  uint16(): number {
    return this.int16() & 0xffff;
  }

  int32(): number {
    return readInt32(this.bytes, this.take(4));
  }

  uint32(): number {
    return this.int32() >>> 0;
  }

  int64(): number | bigint {
    return readInt64(this.bytes, this.take(8));
  }

  float32(): number {
    return readFloat32(this.bytes, this.take(4));
  }

  float64(): number {
    return readFloat64(this.bytes, this.take(8));
  }

  /** The next `length` bytes, to be read by themselves. */
  part(length: number): BinaryReader {
    const start = this.take(length);
    return new BinaryReader(this.bytes, this.encoding, start, start + length);
  }

  /** The next `length` bytes, or all that are left, as text. */
  text(length = this.remaining): string {
    const start = this.take(length);
    return this.#decode(start, this.position);
  }

  /** Text up to a zero byte. */
  zeroEnded(): string {
    const start = this.position;
    const end = this.bytes.indexOf(0, start);
    if (end < 0 || end >= this.end) throw sqlError('08P01', 'invalid string in message');
    this.position = end + 1;
    return this.#decode(start, end);
  }

  #decode(start: number, end: number): string {
    const { bytes, encoding } = this;
    return encoding === null ? decodeUtf8(bytes, start, end) : encoding.decode(bytes, start, end);
  }

  /** All that is left, copied. */
  rest(): Uint8Array {
    const start = this.position;
    this.position = this.end;
    // A Buffer's own slice() would share its bytes.
    return new Uint8Array(this.bytes.subarray(start, this.end));
  }
}

/** `parameter`: as of inputBinary. */
export function incorrectBinaryFormat(parameter = 0): SqlError {
  const place = parameter === 0 ? '' : ` in bind parameter ${parameter}`;
  return sqlError('22P03', `incorrect binary data format${place}`);
}
