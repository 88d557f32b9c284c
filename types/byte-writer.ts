/** A growing buffer for values of unknown length, with the number forms that the value layer writes. Reused by its owner. */
import { Buffer } from 'node:buffer';
import type { Encoding } from './encodings/index.ts';
import { encodeTextInto } from './unicode.ts';

const scratch = new DataView(new ArrayBuffer(8));

const CAPACITY_MIN = 16;
const NO_BYTES = Buffer.allocUnsafeSlow(0);

export class ByteWriter {
  bytes: Buffer;
  length = 0;
  /** Of texts; null: UTF-8. */
  readonly encoding: Encoding | null;

  constructor(capacity = 64, encoding: Encoding | null = null) {
    this.encoding = encoding;
    this.bytes = capacity === 0 ? NO_BYTES : Buffer.allocUnsafeSlow(capacity);
  }

  reset(): void {
    this.length = 0;
  }

  reserve(count: number): void {
    const needed = this.length + count;
    if (needed <= this.bytes.length) return;
    const grown = Buffer.allocUnsafeSlow(Math.max(needed, this.bytes.length * 2, CAPACITY_MIN));
    this.bytes.copy(grown, 0, 0, this.length);
    this.bytes = grown;
  }

  /** A copy of what was written. */
  toBytes(): Uint8Array {
    return new Uint8Array(this.bytes.subarray(0, this.length));
  }

  uint8(value: number): void {
    this.reserve(1);
    this.bytes[this.length++] = value;
  }

  /** Big endian from here on. */
  int16(value: number): void {
    this.reserve(2);
    this.bytes[this.length++] = value >>> 8;
    this.bytes[this.length++] = value;
  }

  int32(value: number): void {
    this.reserve(4);
    const { bytes, length } = this;
    bytes[length] = value >>> 24;
    bytes[length + 1] = value >>> 16;
    bytes[length + 2] = value >>> 8;
    bytes[length + 3] = value;
    this.length = length + 4;
  }

  /** A safe integer, a bigint of 64 bits, or an infinity as the extreme value on its side. */
  int64(value: number | bigint): void {
    if (typeof value === 'bigint') {
      this.int32(Number(BigInt.asIntN(32, value >> 32n)));
      this.int32(Number(BigInt.asIntN(32, value)));
    } else if (value === Infinity) {
      this.int32(0x7fffffff);
      this.int32(-1);
    } else if (value === -Infinity) {
      this.int32(-0x80000000);
      this.int32(0);
    } else {
      const high = Math.floor(value / 4294967296);
      this.int32(high);
      this.int32(value - high * 4294967296);
    }
  }

  float32(value: number): void {
    scratch.setFloat32(0, value);
    this.int32(scratch.getInt32(0));
  }

  float64(value: number): void {
    scratch.setFloat64(0, value);
    this.int32(scratch.getInt32(0));
    this.int32(scratch.getInt32(4));
  }

  write(source: Uint8Array): void {
    this.reserve(source.length);
    this.bytes.set(source, this.length);
    this.length += source.length;
  }

  text(value: string): void {
    if (this.encoding !== null) {
      this.write(this.encoding.encode(value));
      return;
    }
    this.reserve(value.length * 3);
    this.length += encodeTextInto(value, this.bytes, this.length);
  }

  /** The number of its bytes, and the text. */
  sizedText(value: string): void {
    const start = this.beginSized();
    this.text(value);
    this.endSized(start);
  }

  /** A text of which there is the UTF-8. */
  utf8(source: Uint8Array): void {
    if (this.encoding === null) this.write(source);
    else {
      this.reserve(source.length * this.encoding.growth);
      this.length = this.encoding.fromUtf8(source, 0, source.length, this.bytes, this.length);
    }
  }

  /** Room for how many bytes come before `endSized`, which is told what this answers. */
  beginSized(): number {
    this.int32(0);
    return this.length;
  }

  endSized(start: number): void {
    const end = this.length;
    this.length = start - 4;
    this.int32(end - start);
    this.length = end;
  }

  /** Seven bits a byte, lowest first, the top bit set on all but the last. */
  varint(value: number): void {
    while (value >= 128) {
      this.uint8((value % 128) | 128);
      value = Math.floor(value / 128);
    }
    this.uint8(value);
  }
}

export function readInt16(bytes: Uint8Array, at: number): number {
  return ((bytes[at] << 24) >> 16) | bytes[at + 1];
}

export function readInt32(bytes: Uint8Array, at: number): number {
  return (bytes[at] << 24) | (bytes[at + 1] << 16) | (bytes[at + 2] << 8) | bytes[at + 3];
}

export function readInt64(bytes: Uint8Array, at: number): number | bigint {
  const high = readInt32(bytes, at);
  const low = readInt32(bytes, at + 4) >>> 0;
  // 2^53 is 2^21 in the high word; the number nearest to the border on either side is left to the exact way.
  if (high < 0x200000 && high > -0x200000) return high * 4294967296 + low;
  return (BigInt(high) << 32n) | BigInt(low);
}

/** An int64 in which the extreme values stand for the infinities. */
export function readMicros(bytes: Uint8Array, at: number): number | bigint {
  const value = readInt64(bytes, at);
  if (typeof value === 'bigint') {
    if (value === INT64_MAX) return Infinity;
    if (value === INT64_MIN) return -Infinity;
  }
  return value;
}

const INT64_MAX = (1n << 63n) - 1n;
const INT64_MIN = -(1n << 63n);

export function readFloat32(bytes: Uint8Array, at: number): number {
  scratch.setInt32(0, readInt32(bytes, at));
  return scratch.getFloat32(0);
}

export function readFloat64(bytes: Uint8Array, at: number): number {
  scratch.setInt32(0, readInt32(bytes, at));
  scratch.setInt32(4, readInt32(bytes, at + 4));
  return scratch.getFloat64(0);
}
