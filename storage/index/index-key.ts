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
  /** Number keys: the key. Byte keys: 0. */
  number = 0;

  /** Of byte keys there are fewer than of what may have one: room for one comes with the first. */
  constructor() {
    super(0);
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
