/**
 * Group table: numbers rows by their key values, 0, 1, 2 ... in order of first appearance. For GROUP BY, DISTINCT, UNION and the
 * like.
 *
 * Each key column has an interner that gives equal values (SQL equality; NULLs are equal here) the same small integer; several
 * columns are combined pair by pair. Interners are open-addressing tables in typed arrays, for numbers and for text bytes; other
 * values go through a Map on their canonical key.
 */
import type { Value } from '../../catalog/function-entry.ts';
import { hashKey } from '../../types/index.ts';
import { repOfType } from '../compile/operand.ts';
import { decodeText } from '../row/row-reader.ts';
import { giveScratch, takeScratch, takeSlots } from '../scratch-memory.ts';

/** Integer hash finaliser (MurmurHash3). */
export function mix(hash: number): number {
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

export interface Interner {
  /** Number of distinct values so far, the NULL included when met. */
  readonly count: number;
  idOf(value: Value): number;
  /** -1 when the value has not been met. */
  find(value: Value): number;
  valueOf(id: number): Value;
  /** What it takes in memory, about; cheap to ask. */
  readonly byteSize: number;
  clear(): void;
}

/** A place in an array, with its share of the room for more. */
const PLACE_BYTES = 10;
/** A string, beyond its characters; an entry of a Map. */
const STRING_BYTES = 24;
const MAP_ENTRY_BYTES = 100;

const INITIAL_SLOTS = 64;
const INITIAL_ARENA_BYTES = 1024;
/** Tables up to so many slots grow fast; larger ones fill a quarter of their slots at least. */
const FAST_GROWTH_SLOTS = 64 * 1024;

function grownSlots(count: number): number {
  return count < FAST_GROWTH_SLOTS ? count * 4 : count * 2;
}

/** Doubles (with integers beyond 2^53 and other oddities on the side). */
export class NumberInterner implements Interner {
  #slots = takeSlots(INITIAL_SLOTS);
  #mask = INITIAL_SLOTS - 1;
  readonly #values: Value[] = [];
  readonly #others = new Map<unknown, number>();

  get count(): number {
    return this.#values.length;
  }

  idOf(value: Value): number {
    if (typeof value !== 'number' || value !== value) return this.#other(value);
    const slots = this.#slots;
    let slot = hashNumber(value) & this.#mask;
    for (let id = slots[slot]; id >= 0; id = slots[slot]) {
      if (this.#values[id] === value) return id;
      slot = (slot + 1) & this.#mask;
    }
    const id = this.#values.length;
    this.#values.push(value === 0 ? 0 : value);
    slots[slot] = id;
    if (id * 2 > this.#mask) this.#grow();
    return id;
  }

  find(value: Value): number {
    if (typeof value !== 'number' || value !== value) return this.#others.get(otherKey(value)) ?? -1;
    let slot = hashNumber(value) & this.#mask;
    for (let id = this.#slots[slot]; id >= 0; id = this.#slots[slot]) {
      if (this.#values[id] === value) return id;
      slot = (slot + 1) & this.#mask;
    }
    return -1;
  }

  #other(value: Value): number {
    const key = otherKey(value);
    let id = this.#others.get(key);
    if (id === undefined) {
      id = this.#values.length;
      this.#values.push(value);
      this.#others.set(key, id);
    }
    return id;
  }

  #grow(): void {
    const size = grownSlots(this.#mask + 1);
    const slots = takeSlots(size);
    this.#mask = size - 1;
    for (let id = 0; id < this.#values.length; id++) {
      const value = this.#values[id];
      if (typeof value !== 'number' || value !== value) continue;
      let slot = hashNumber(value) & this.#mask;
      while (slots[slot] >= 0) slot = (slot + 1) & this.#mask;
      slots[slot] = id;
    }
    giveScratch(this.#slots.buffer);
    this.#slots = slots;
  }

  valueOf(id: number): Value {
    return this.#values[id];
  }

  get byteSize(): number {
    return this.#values.length * PLACE_BYTES + this.#slots.length * 4 + this.#others.size * MAP_ENTRY_BYTES;
  }

  clear(): void {
    giveScratch(this.#slots.buffer);
    this.#slots = takeSlots(INITIAL_SLOTS);
    this.#mask = INITIAL_SLOTS - 1;
    this.#values.length = 0;
    this.#others.clear();
  }
}

function otherKey(value: Value): unknown {
  return typeof value === 'number' ? 'NaN' : value;
}

export function hashNumber(value: number): number {
  const low = value | 0;
  // Integers beyond 32 bits and fractions: fold the rest in.
  return low === value ? mix(low) : mix(low ^ Math.imul((value / 4294967296) | 0, 31) ^ ((value * 1048576) | 0));
}

/** Text, by its UTF-8 bytes: from the pool without decoding, or from strings. */
export class TextInterner implements Interner {
  #slots = takeSlots(INITIAL_SLOTS);
  #mask = INITIAL_SLOTS - 1;
  /** Per id: hash, and place in the arena; -1 for NULL. */
  #hashes: number[] = [];
  #starts: number[] = [];
  #ends: number[] = [];
  #arena = Buffer.from(takeScratch(INITIAL_ARENA_BYTES));
  #used = 0;
  #strings: (string | null | undefined)[] = [];
  #nullId = -1;
  #scratch = Buffer.allocUnsafeSlow(256);

  get count(): number {
    return this.#hashes.length;
  }

  idOfBytes(u8: Uint8Array, start: number, end: number): number {
    let hash = end - start;
    for (let i = start; i < end; i++) hash = (Math.imul(hash, 31) + u8[i]) | 0;
    hash = mix(hash);
    const slots = this.#slots;
    let slot = hash & this.#mask;
    for (let id = slots[slot]; id >= 0; id = slots[slot]) {
      if (this.#hashes[id] === hash && this.#equals(id, u8, start, end)) return id;
      slot = (slot + 1) & this.#mask;
    }
    return this.#add(hash, u8, start, end, slot);
  }

  #equals(id: number, u8: Uint8Array, start: number, end: number): boolean {
    let at = this.#starts[id];
    if (this.#ends[id] - at !== end - start) return false;
    const arena = this.#arena;
    for (let i = start; i < end; i++) if (arena[at++] !== u8[i]) return false;
    return true;
  }

  #add(hash: number, u8: Uint8Array, start: number, end: number, slot: number): number {
    const length = end - start;
    if (this.#used + length > this.#arena.length) {
      const grown = Buffer.from(takeScratch(Math.max(this.#arena.length * 2, this.#used + length)));
      this.#arena.copy(grown, 0, 0, this.#used);
      giveScratch(this.#arena.buffer);
      this.#arena = grown;
    }
    for (let i = 0; i < length; i++) this.#arena[this.#used + i] = u8[start + i];
    const id = this.#hashes.length;
    this.#hashes.push(hash);
    this.#starts.push(this.#used);
    this.#used += length;
    this.#ends.push(this.#used);
    this.#strings.push(undefined);
    this.#slots[slot] = id;
    if (id * 2 > this.#mask) this.#grow();
    return id;
  }

  #grow(): void {
    const size = grownSlots(this.#mask + 1);
    const slots = takeSlots(size);
    this.#mask = size - 1;
    for (let id = 0; id < this.#hashes.length; id++) {
      if (this.#starts[id] < 0) continue;
      let slot = this.#hashes[id] & this.#mask;
      while (slots[slot] >= 0) slot = (slot + 1) & this.#mask;
      slots[slot] = id;
    }
    giveScratch(this.#slots.buffer);
    this.#slots = slots;
  }

  idOf(value: Value): number {
    if (value === null) return this.#idOfNull();
    const length = this.#encode(value as string);
    const id = this.idOfBytes(this.#scratch, 0, length);
    if (this.#strings[id] === undefined) this.#strings[id] = value;
    return id;
  }

  #encode(value: string): number {
    if (value.length * 3 > this.#scratch.length) this.#scratch = Buffer.allocUnsafeSlow(value.length * 4);
    return this.#scratch.write(value, 0, 'utf8');
  }

  #idOfNull(): number {
    if (this.#nullId < 0) {
      this.#nullId = this.#hashes.length;
      this.#hashes.push(0);
      this.#starts.push(-1);
      this.#ends.push(-1);
      this.#strings.push(null);
    }
    return this.#nullId;
  }

  find(value: Value): number {
    if (value === null) return this.#nullId;
    const length = this.#encode(value as string);
    let hash = length;
    for (let i = 0; i < length; i++) hash = (Math.imul(hash, 31) + this.#scratch[i]) | 0;
    hash = mix(hash);
    let slot = hash & this.#mask;
    for (let id = this.#slots[slot]; id >= 0; id = this.#slots[slot]) {
      if (this.#hashes[id] === hash && this.#equals(id, this.#scratch, 0, length)) return id;
      slot = (slot + 1) & this.#mask;
    }
    return -1;
  }

  valueOf(id: number): Value {
    let text = this.#strings[id];
    if (text === undefined) {
      text = decodeText(this.#arena, this.#starts[id], this.#ends[id]);
      this.#strings[id] = text;
    }
    return text;
  }

  /** As if each text were there as a string too: that comes with its first use. */
  get byteSize(): number {
    const texts = this.#hashes.length * (4 * PLACE_BYTES + STRING_BYTES);
    return texts + this.#used + this.#arena.length + this.#slots.length * 4;
  }

  clear(): void {
    giveScratch(this.#slots.buffer);
    this.#slots = takeSlots(INITIAL_SLOTS);
    this.#mask = INITIAL_SLOTS - 1;
    giveScratch(this.#arena.buffer);
    this.#arena = Buffer.from(takeScratch(INITIAL_ARENA_BYTES));
    this.#hashes = [];
    this.#starts = [];
    this.#ends = [];
    this.#strings = [];
    this.#used = 0;
    this.#nullId = -1;
  }
}

/** Any type, through its canonical hash key. */
class ValueInterner implements Interner {
  readonly #keyOf: (value: Value) => unknown;
  readonly #ids = new Map<unknown, number>();
  readonly #values: Value[] = [];
  /** Of the values and their keys. */
  #valueBytes = 0;

  constructor(typeOid: number) {
    this.#keyOf = hashKey(typeOid);
  }

  get count(): number {
    return this.#values.length;
  }

  idOf(value: Value): number {
    const key = value === null ? null : this.#keyOf(value);
    let id = this.#ids.get(key);
    if (id === undefined) {
      id = this.#values.length;
      this.#values.push(value);
      this.#ids.set(key, id);
      this.#valueBytes += typeof key === 'string' ? STRING_BYTES + 3 * key.length : PLACE_BYTES;
    }
    return id;
  }

  find(value: Value): number {
    return this.#ids.get(value === null ? null : this.#keyOf(value)) ?? -1;
  }

  valueOf(id: number): Value {
    return this.#values[id];
  }

  get byteSize(): number {
    return this.#values.length * (MAP_ENTRY_BYTES + PLACE_BYTES) + this.#valueBytes;
  }

  clear(): void {
    this.#ids.clear();
    this.#values.length = 0;
    this.#valueBytes = 0;
  }
}

/** Pairs of small integers to small integers. */
class PairInterner {
  #slots = takeSlots(INITIAL_SLOTS);
  #mask = INITIAL_SLOTS - 1;
  readonly lefts: number[] = [];
  readonly rights: number[] = [];

  get count(): number {
    return this.lefts.length;
  }

  idOf(left: number, right: number): number {
    const slots = this.#slots;
    let slot = mix(Math.imul(left, 0x9e3779b1) ^ right) & this.#mask;
    for (let id = slots[slot]; id >= 0; id = slots[slot]) {
      if (this.lefts[id] === left && this.rights[id] === right) return id;
      slot = (slot + 1) & this.#mask;
    }
    const id = this.lefts.length;
    this.lefts.push(left);
    this.rights.push(right);
    slots[slot] = id;
    if (id * 2 > this.#mask) this.#grow();
    return id;
  }

  find(left: number, right: number): number {
    let slot = mix(Math.imul(left, 0x9e3779b1) ^ right) & this.#mask;
    for (let id = this.#slots[slot]; id >= 0; id = this.#slots[slot]) {
      if (this.lefts[id] === left && this.rights[id] === right) return id;
      slot = (slot + 1) & this.#mask;
    }
    return -1;
  }

  #grow(): void {
    const size = grownSlots(this.#mask + 1);
    const slots = takeSlots(size);
    this.#mask = size - 1;
    for (let id = 0; id < this.lefts.length; id++) {
      let slot = mix(Math.imul(this.lefts[id], 0x9e3779b1) ^ this.rights[id]) & this.#mask;
      while (slots[slot] >= 0) slot = (slot + 1) & this.#mask;
      slots[slot] = id;
    }
    giveScratch(this.#slots.buffer);
    this.#slots = slots;
  }

  get byteSize(): number {
    return this.lefts.length * 2 * PLACE_BYTES + this.#slots.length * 4;
  }

  clear(): void {
    giveScratch(this.#slots.buffer);
    this.#slots = takeSlots(INITIAL_SLOTS);
    this.#mask = INITIAL_SLOTS - 1;
    this.lefts.length = 0;
    this.rights.length = 0;
  }
}

/** Values of the type are equal when their bytes are. Blank-padded text compares without its trailing blanks. */
export function keysAreBytes(typeOid: number): boolean {
  return repOfType(typeOid) === 'str' && typeOid !== 1042;
}

export function internerFor(typeOid: number): Interner {
  const rep = repOfType(typeOid);
  if (keysAreBytes(typeOid)) return new TextInterner();
  if (rep === 'num' || typeOid === 20 || typeOid === 1114 || typeOid === 1184) return new NumberInterner();
  return new ValueInterner(typeOid);
}

export class GroupTable {
  readonly interners: readonly Interner[];
  /** pairs[k] combines the first k + 1 columns with column k + 1. */
  readonly pairs: readonly PairInterner[];

  constructor(types: readonly number[]) {
    this.interners = types.map(internerFor);
    this.pairs = types.slice(1).map(() => new PairInterner());
  }

  /** Number of groups. */
  get count(): number {
    if (this.interners.length === 0) return 1;
    return this.pairs.length === 0 ? this.interners[0].count : this.pairs[this.pairs.length - 1].count;
  }

  /** Group of a row given by columns. */
  groupOf(columns: readonly (readonly Value[])[], row: number): number {
    const { interners, pairs } = this;
    if (interners.length === 0) return 0;
    let group = interners[0].idOf(columns[0][row]);
    for (let k = 0; k < pairs.length; k++) group = pairs[k].idOf(group, interners[k + 1].idOf(columns[k + 1][row]));
    return group;
  }

  /** What it takes in memory, about. */
  get byteSize(): number {
    let bytes = 0;
    for (const interner of this.interners) bytes += interner.byteSize;
    for (const pair of this.pairs) bytes += pair.byteSize;
    return bytes;
  }

  findValues(values: readonly Value[]): number {
    const { interners, pairs } = this;
    if (interners.length === 0) return 0;
    let group = interners[0].find(values[0]);
    for (let k = 0; k < pairs.length && group >= 0; k++) {
      const id = interners[k + 1].find(values[k + 1]);
      group = id < 0 ? -1 : pairs[k].find(group, id);
    }
    return group;
  }

  /** The same without adding it: -1 when there is none. */
  findRow(columns: readonly (readonly Value[])[], row: number): number {
    const { interners, pairs } = this;
    if (interners.length === 0) return 0;
    let group = interners[0].find(columns[0][row]);
    for (let k = 0; k < pairs.length && group >= 0; k++) {
      const id = interners[k + 1].find(columns[k + 1][row]);
      group = id < 0 ? -1 : pairs[k].find(group, id);
    }
    return group;
  }

  /** True when the row was not there before. */
  addRow(columns: readonly (readonly Value[])[], row: number): boolean {
    if (this.interners.length === 0) {
      if (this.#hasEmptyRow) return false;
      this.#hasEmptyRow = true;
      return true;
    }
    const before = this.count;
    return this.groupOf(columns, row) === before;
  }

  #hasEmptyRow = false;

  /** Key values of a group into target[0..]. */
  keyValues(group: number, target: Value[]): void {
    let rest = group;
    for (let k = this.pairs.length - 1; k >= 0; k--) {
      target[k + 1] = this.interners[k + 1].valueOf(this.pairs[k].rights[rest]);
      rest = this.pairs[k].lefts[rest];
    }
    if (this.interners.length > 0) target[0] = this.interners[0].valueOf(rest);
  }

  clear(): void {
    for (const interner of this.interners) interner.clear();
    for (const pair of this.pairs) pair.clear();
    this.#hasEmptyRow = false;
  }
}
