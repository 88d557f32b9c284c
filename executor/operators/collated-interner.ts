/**
 * Texts under a collation that calls different ones equal. Intl has no sort keys, so there is no hash key that equal texts share:
 * those that differ are kept in the collation's order, and a text that has not been met is looked for there, once.
 */
import type { Value } from '../../catalog/function-entry.ts';
import type { Collation } from '../../types/collation.ts';
import { type Interner, MAP_ENTRY_BYTES, PLACE_BYTES, STRING_BYTES } from './interner.ts';

export class CollatedInterner implements Interner {
  readonly #compare: (a: string, b: string) => number;
  /** Of every text that was met. */
  readonly #ids = new Map<string | null, number>();
  /** By id: the first that was met. */
  readonly #values: (string | null)[] = [];
  /** Ids in the order of their texts; NULL's is not among them. */
  readonly #order: number[] = [];
  #textBytes = 0;

  constructor({ compare }: Collation) {
    this.#compare = compare;
  }

  get count(): number {
    return this.#values.length;
  }

  idOf(value: Value): number {
    const text = value as string | null;
    const known = this.#ids.get(text);
    if (known !== undefined) return known;
    let id = this.#values.length;
    if (text !== null) {
      const at = this.#placeOf(text);
      if (this.#isAt(at, text)) id = this.#order[at];
      else this.#order.splice(at, 0, id);
      this.#textBytes += STRING_BYTES + 2 * text.length;
    }
    if (id === this.#values.length) this.#values.push(text);
    this.#ids.set(text, id);
    return id;
  }

  find(value: Value): number {
    const text = value as string | null;
    const known = this.#ids.get(text);
    if (known !== undefined || text === null) return known ?? -1;
    const at = this.#placeOf(text);
    return this.#isAt(at, text) ? this.#order[at] : -1;
  }

  /** The first place whose text is not before this one. */
  #placeOf(text: string): number {
    let low = 0;
    let high = this.#order.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#compare(this.#values[this.#order[middle]] as string, text) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #isAt(at: number, text: string): boolean {
    return at < this.#order.length && this.#compare(this.#values[this.#order[at]] as string, text) === 0;
  }

  valueOf(id: number): Value {
    return this.#values[id];
  }

  looksAs(id: number, value: Value): boolean {
    return this.#values[id] === value;
  }

  get byteSize(): number {
    return this.#ids.size * MAP_ENTRY_BYTES + this.#values.length * 2 * PLACE_BYTES + this.#textBytes;
  }

  reserve(): void {
    // A Map grows by itself.
  }

  clear(): void {
    this.#ids.clear();
    this.#values.length = 0;
    this.#order.length = 0;
    this.#textBytes = 0;
  }
}
