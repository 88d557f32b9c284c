/**
 * Interner of numeric: equal values get the same number whatever zeros stand behind their points. Coefficients that are safe integers without
 * their trailing zeros are in an open-addressing table; longer ones and NaN go through a Map. No Numeric is kept of those in the table.
 */
import type { Value } from '../../catalog/function-entry.ts';
import { Numeric } from '../../types/index.ts';
import { LazyMap } from '../../types/lazy-map.ts';
import { giveArray, grownArray, takeSlots } from '../scratch-memory.ts';
import {
  emptied,
  emptySlots,
  grownSlots,
  hashNumber,
  INITIAL_IDS,
  INITIAL_SLOTS,
  type Interner,
  MAP_ENTRY_BYTES,
  mix,
  slotsFor,
} from './interner.ts';

/** Of an id in `scales`: the scale without trailing zeros, and that of the value as it came, which is what valueOf answers. */
const SCALES = 2;
/** The scale of those in the Map. */
const ELSEWHERE = -1;

export class NumericInterner implements Interner {
  #slots = takeSlots(INITIAL_SLOTS);
  #mask = INITIAL_SLOTS - 1;
  /** By id: what is left of the coefficient without trailing zeros. */
  #digits = new Float64Array(INITIAL_IDS);
  #scales = new Int32Array(INITIAL_IDS * SCALES);
  readonly #others = new LazyMap<unknown, number>();
  readonly #otherValues = new LazyMap<number, Numeric | null>();
  count = 0;
  /** Of the value that was trimmed last. */
  #trimmedDigits = 0;
  #trimmedScale = 0;

  /** False: the value is for the Map. */
  #trim(value: Numeric): boolean {
    if (typeof value.coefficient === 'bigint') return this.#trimBigint(value.coefficient, value.scale);
    let { coefficient, scale } = value;
    // Not of NaN and the infinities either.
    if (coefficient - coefficient !== 0) return false;
    if (coefficient === 0) scale = 0;
    // Exact, and without the call that % of doubles is.
    while (scale > 0) {
      const tenth = Math.trunc(coefficient / 10);
      if (tenth * 10 !== coefficient) break;
      coefficient = tenth;
      scale--;
    }
    this.#trimmedDigits = coefficient;
    this.#trimmedScale = scale;
    return true;
  }

  /** Quotients are long for their zeros alone: 100 / 100.0 is 1.00000000000000000000. */
  #trimBigint(coefficient: bigint, scale: number): boolean {
    while (scale > 0 && (coefficient & 1n) === 0n && coefficient % 10n === 0n) {
      coefficient /= 10n;
      scale--;
    }
    const digits = Number(coefficient);
    if (!Number.isSafeInteger(digits)) return false;
    this.#trimmedDigits = digits;
    this.#trimmedScale = scale;
    return true;
  }

  /** The slot of what was trimmed last: it has the id of that value, or -1 for a new one. */
  #slotOfTrimmed(): number {
    const digits = this.#trimmedDigits;
    const scale = this.#trimmedScale;
    let slot = hashOf(digits, scale) & this.#mask;
    for (let id = this.#slots[slot]; id >= 0; id = this.#slots[slot]) {
      if (this.#digits[id] === digits && this.#scales[id * SCALES] === scale) break;
      slot = (slot + 1) & this.#mask;
    }
    return slot;
  }

  idOf(value: Value): number {
    if (value === null || !this.#trim(value)) return this.#other(value);
    const slot = this.#slotOfTrimmed();
    const known = this.#slots[slot];
    if (known >= 0) return known;
    const id = this.#add(this.#trimmedDigits, this.#trimmedScale, value.scale);
    this.#slots[slot] = id;
    if (id * 2 > this.#mask) this.#grow();
    return id;
  }

  find(value: Value): number {
    if (value === null || !this.#trim(value)) return this.#others.get(otherKey(value)) ?? -1;
    return this.#slots[this.#slotOfTrimmed()];
  }

  #other(value: Numeric | null): number {
    const key = otherKey(value);
    let id = this.#others.get(key);
    if (id === undefined) {
      id = this.#add(0, ELSEWHERE, ELSEWHERE);
      this.#others.set(key, id);
      this.#otherValues.set(id, value);
    }
    return id;
  }

  #add(digits: number, scale: number, shown: number): number {
    if (this.count === this.#digits.length || this.count * SCALES === this.#scales.length)
      this.#growIds(this.count * 2);
    const id = this.count++;
    this.#digits[id] = digits;
    this.#scales[id * SCALES] = scale;
    this.#scales[id * SCALES + 1] = shown;
    return id;
  }

  #growIds(count: number): void {
    this.#digits = grownArray(this.#digits, Float64Array, count);
    this.#scales = grownArray(this.#scales, Int32Array, count * SCALES);
  }

  #grow(size = grownSlots(this.#mask + 1)): void {
    const slots = takeSlots(size);
    this.#mask = size - 1;
    for (let id = 0; id < this.count; id++) {
      const scale = this.#scales[id * SCALES];
      if (scale === ELSEWHERE) continue;
      let slot = hashOf(this.#digits[id], scale) & this.#mask;
      while (slots[slot] >= 0) slot = (slot + 1) & this.#mask;
      slots[slot] = id;
    }
    giveArray(this.#slots);
    this.#slots = slots;
  }

  reserve(count: number): void {
    this.#growIds(count);
    if (count * 2 > this.#mask) this.#grow(slotsFor(count));
  }

  valueOf(id: number): Value {
    const scale = this.#scales[id * SCALES];
    if (scale === ELSEWHERE) return this.#otherValues.get(id);
    const shown = this.#scales[id * SCALES + 1];
    let coefficient = this.#digits[id];
    if (coefficient !== 0) for (let s = scale; s < shown; s++) coefficient *= 10;
    if (Number.isSafeInteger(coefficient)) return Numeric.fromScaled(coefficient, shown);
    return Numeric.fromBigint(BigInt(this.#digits[id]) * 10n ** BigInt(shown - scale), shown);
  }

  looksAs(id: number, value: Value): boolean {
    const shown = this.#scales[id * SCALES + 1];
    return value === null || shown === ELSEWHERE || shown === (value as Numeric).scale;
  }

  get byteSize(): number {
    return this.count * 16 + this.#slots.length * 4 + this.#others.size * 2 * MAP_ENTRY_BYTES;
  }

  clear(): void {
    this.#slots = emptySlots(this.#slots);
    this.#mask = this.#slots.length - 1;
    this.count = 0;
    this.#others.clear();
    this.#otherValues.clear();
    this.#digits = emptied(this.#digits, Float64Array, INITIAL_IDS);
    this.#scales = emptied(this.#scales, Int32Array, INITIAL_IDS * SCALES);
  }
}

function hashOf(digits: number, scale: number): number {
  return mix(hashNumber(digits) + scale);
}

function otherKey(value: Numeric | null): unknown {
  return value === null ? null : value.hashKey();
}
