/**
 * Texts under a collation that calls different ones equal. Intl has no sort keys, so there is no hash key that equal texts share:
 * those that differ are kept in the collation's order, and a text that has not been met is looked for there, once. The order is in blocks, so
 * that a new text moves no more than those of its own: of 300,000 texts one list took most of the time.
 */
import type { Value } from '../../catalog/function-entry.ts';
import type { Collation } from '../../types/collation.ts';
import { type Interner, MAP_ENTRY_BYTES, PLACE_BYTES, STRING_BYTES } from './interner.ts';

/** Ids in a block; a full one becomes two. */
const BLOCK_SIZE = 512;

export class CollatedInterner implements Interner {
  readonly #compare: (a: string, b: string) => number;
  /** Of every text that was met. */
  readonly #ids = new Map<string | null, number>();
  /** By id: the first that was met. */
  readonly #values: (string | null)[] = [];
  /** Ids in the order of their texts, none of them empty but where there is only one; NULL's is not among them. */
  readonly #blocks: number[][] = [[]];
  /** Where #seek has gone to. */
  #block = 0;
  #place = 0;
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
      const same = this.#seek(text);
      if (same >= 0) id = same;
      else this.#insert(id);
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
    return this.#seek(text);
  }

  /** Goes to the first place whose text is not before this one; answers its id where the texts are equal, else -1. */
  #seek(text: string): number {
    const blocks = this.#blocks;
    let low = 0;
    let high = blocks.length - 1;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const block = blocks[middle];
      if (this.#compareTo(block[block.length - 1], text) < 0) low = middle + 1;
      else high = middle;
    }
    const block = blocks[low];
    this.#block = low;
    low = 0;
    high = block.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const order = this.#compareTo(block[middle], text);
      if (order === 0) return block[middle];
      if (order < 0) low = middle + 1;
      else high = middle;
    }
    this.#place = low;
    return -1;
  }

  #compareTo(id: number, text: string): number {
    return this.#compare(this.#values[id] as string, text);
  }

  /** Where #seek has gone to. */
  #insert(id: number): void {
    const block = this.#blocks[this.#block];
    block.splice(this.#place, 0, id);
    if (block.length === BLOCK_SIZE) this.#blocks.splice(this.#block + 1, 0, block.splice(BLOCK_SIZE / 2));
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
    this.#blocks.length = 1;
    this.#blocks[0] = [];
    this.#textBytes = 0;
  }
}
