/**
 * An index key on its way into or through a dictionary: reused scratch, filled by the executor.
 *
 * Number keys (one integer-like column) are a float64: the value, or minus the value for DESC; +Infinity or -Infinity for
 * NULL (by NULLS LAST / FIRST), so infinite dates are the largest finite doubles. Integers beyond 2^53 are rounded: equal
 * keys then need not be equal values, which is why every reader rechecks the row.
 * Byte keys are order-preserving encodings (types/key.ts), compared as unsigned bytes.
 */
import { KeyWriter } from '../../types/index.ts';

export class IndexKey extends KeyWriter {
  /** Number keys: the key. Byte keys: the first six bytes as an integer, set by `seal()`. */
  number = 0;

  constructor() {
    super(16);
  }

  /** After writing bytes 0..length-1: derives the comparison prefix. */
  seal(): void {
    this.number = bytePrefix(this.bytes, this.length);
  }

  equals(other: IndexKey): boolean {
    if (this.number !== other.number || this.length !== other.length) return false;
    for (let i = 0; i < this.length; i++) if (this.bytes[i] !== other.bytes[i]) return false;
    return true;
  }

  copyFrom(other: IndexKey): void {
    this.number = other.number;
    this.length = 0;
    this.reserve(other.length);
    for (let i = 0; i < other.length; i++) this.bytes[i] = other.bytes[i];
    this.length = other.length;
  }
}

/** The first six bytes, big endian, zero padded: 48 bits fit a double exactly and sort as the bytes do. */
export function bytePrefix(bytes: Uint8Array, length: number): number {
  let high = 0;
  let low = 0;
  for (let i = 0; i < 3; i++) high = high * 256 + (i < length ? bytes[i] : 0);
  for (let i = 3; i < 6; i++) low = low * 256 + (i < length ? bytes[i] : 0);
  return high * 16777216 + low;
}
