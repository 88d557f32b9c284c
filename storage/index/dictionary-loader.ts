/** Fills an empty dictionary from keys in its order with their row ids, as a sort gives them: leaf by leaf, without a search. */

import type { Dictionary } from './dictionary.ts';
import type { IndexKey } from './index-key.ts';
import type { IndexMemory } from './index-memory.ts';
import { slotSize, writeSlot } from './key-arena.ts';

/** A leaf's keys. */
const KEYS_AT_ONCE = 116;
/** Row ids that are appended at once; a key with more of them comes in pieces. */
const ROWS_AT_ONCE = 4096;

export class DictionaryLoader {
  readonly #dictionary: Dictionary;
  readonly #memory: IndexMemory;
  readonly #numbers = new Float64Array(KEYS_AT_ONCE);
  readonly #counts = new Uint32Array(KEYS_AT_ONCE);
  readonly #rows = new Uint32Array(ROWS_AT_ONCE);
  #slots = new Uint8Array(KEYS_AT_ONCE * 64);
  #keyCount = 0;
  #rowCount = 0;
  #slotBytes = 0;

  constructor(dictionary: Dictionary, memory: IndexMemory) {
    this.#dictionary = dictionary;
    this.#memory = memory;
  }

  /** A key greater than all before, with its row ids, ascending. Throws 53200 at the cap on the memory of indexes. */
  add(key: IndexKey, rows: Uint32Array, count: number): void {
    for (let from = 0; from < count; ) {
      if (this.#keyCount === KEYS_AT_ONCE || this.#rowCount === ROWS_AT_ONCE) this.#append();
      const taken = Math.min(count - from, ROWS_AT_ONCE - this.#rowCount);
      this.#rows.set(rows.subarray(from, from + taken), this.#rowCount);
      this.#rowCount += taken;
      this.#numbers[this.#keyCount] = key.number;
      this.#counts[this.#keyCount++] = taken;
      if (this.#dictionary.hasByteKeys) this.#addSlot(key);
      from += taken;
    }
  }

  #addSlot(key: IndexKey): void {
    const { bytes, length } = key;
    const start = this.#slotBytes;
    const end = start + slotSize(length);
    if (end > this.#slots.length) {
      const grown = new Uint8Array(end * 2);
      grown.set(this.#slots.subarray(0, start));
      this.#slots = grown;
    }
    this.#slotBytes = writeSlot(bytes, length, this.#slots, start);
  }

  #append(): void {
    if (this.#memory.isFull) throw this.#memory.error();
    const { hasByteKeys } = this.#dictionary;
    const isTaken = this.#dictionary.appendEntries(
      this.#keyCount,
      hasByteKeys ? null : this.#numbers.subarray(0, this.#keyCount),
      this.#counts.subarray(0, this.#keyCount),
      this.#rows.subarray(0, this.#rowCount),
      hasByteKeys ? this.#slots.subarray(0, this.#slotBytes) : null,
    );
    if (!isTaken) throw new Error('keys for a dictionary come in no order');
    this.#keyCount = 0;
    this.#rowCount = 0;
    this.#slotBytes = 0;
  }

  /** After the last key: the dictionary can be asked. */
  finish(): void {
    if (this.#keyCount > 0) this.#append();
    this.#dictionary.finishLoad();
  }
}
