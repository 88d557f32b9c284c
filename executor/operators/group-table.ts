/**
 * Group table: numbers rows by their key values, 0, 1, 2 ... in order of first appearance. For GROUP BY, DISTINCT, UNION and the
 * like.
 *
 * Each key column has an interner that gives equal values (SQL equality; NULLs are equal here) the same small integer; several
 * columns are combined pair by pair. Interners are open-addressing tables in typed arrays, for numbers, decimals and text bytes; other
 * values go through a Map on their canonical key.
 */
import type { Value } from '../../catalog/function-entry.ts';
import { hashKey, looseCollationOf, OID } from '../../types/index.ts';
import { LazyMap } from '../../types/lazy-map.ts';
import { type Representation, representation } from '../../types/representation.ts';
import { repOfType } from '../compile/operand.ts';
import { giveArray, grownArray, takeSlots } from '../scratch-memory.ts';
import { valueBytes } from '../spill/memory.ts';
import { CollatedInterner } from './collated-interner.ts';
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
  PLACE_BYTES,
  STRING_BYTES,
  slotsFor,
} from './interner.ts';
import { NumericInterner } from './numeric-interner.ts';
import { TextInterner, UUID_FORM } from './text-interner.ts';

/** Doubles (with integers beyond 2^53 and other oddities on the side). */
export class NumberInterner implements Interner {
  #slots = takeSlots(INITIAL_SLOTS);
  #mask = INITIAL_SLOTS - 1;
  /** By id; NaN: it is among the others. */
  #values = new Float64Array(INITIAL_IDS);
  readonly #others = new LazyMap<unknown, number>();
  readonly #otherValues = new LazyMap<number, Value>();
  count = 0;

  idOf(value: Value): number {
    if (typeof value !== 'number' || value !== value) return this.#other(value);
    const slots = this.#slots;
    const values = this.#values;
    let slot = hashNumber(value) & this.#mask;
    for (let id = slots[slot]; id >= 0; id = slots[slot]) {
      if (values[id] === value) return id;
      slot = (slot + 1) & this.#mask;
    }
    const id = this.#add(value);
    slots[slot] = id;
    if (id * 2 > this.#mask) this.#grow();
    return id;
  }

  #add(value: number): number {
    if (this.count === this.#values.length) this.#values = grownArray(this.#values, Float64Array);
    this.#values[this.count] = value;
    return this.count++;
  }

  find(value: Value): number {
    if (typeof value !== 'number' || value !== value) return this.#others.get(otherKey(value)) ?? -1;
    const slots = this.#slots;
    const values = this.#values;
    let slot = hashNumber(value) & this.#mask;
    for (let id = slots[slot]; id >= 0; id = slots[slot]) {
      if (values[id] === value) return id;
      slot = (slot + 1) & this.#mask;
    }
    return -1;
  }

  #other(value: Value): number {
    const key = otherKey(value);
    let id = this.#others.get(key);
    if (id === undefined) {
      id = this.#add(NaN);
      this.#others.set(key, id);
      this.#otherValues.set(id, value);
    }
    return id;
  }

  #grow(size = grownSlots(this.#mask + 1)): void {
    const slots = takeSlots(size);
    const values = this.#values;
    this.#mask = size - 1;
    for (let id = 0; id < this.count; id++) {
      const value = values[id];
      if (value !== value) continue;
      let slot = hashNumber(value) & this.#mask;
      while (slots[slot] >= 0) slot = (slot + 1) & this.#mask;
      slots[slot] = id;
    }
    giveArray(this.#slots);
    this.#slots = slots;
  }

  reserve(count: number): void {
    if (count > this.#values.length) this.#values = grownArray(this.#values, Float64Array, count);
    if (count * 2 > this.#mask) this.#grow(slotsFor(count));
  }

  valueOf(id: number): Value {
    const value = this.#values[id];
    return value === value ? value : (this.#otherValues.get(id) as Value);
  }

  /** Of the two zeros one is printed with its sign. */
  looksAs(id: number, value: Value): boolean {
    return value !== 0 || Object.is(this.#values[id], value);
  }

  get byteSize(): number {
    return this.count * 8 + this.#slots.length * 4 + this.#others.size * 2 * MAP_ENTRY_BYTES;
  }

  clear(): void {
    this.#slots = emptySlots(this.#slots);
    this.#mask = this.#slots.length - 1;
    this.count = 0;
    this.#others.clear();
    this.#otherValues.clear();
    this.#values = emptied(this.#values, Float64Array, INITIAL_IDS);
  }
}

function otherKey(value: Value): unknown {
  return typeof value === 'number' ? 'NaN' : value;
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

  reserve(): void {
    // A Map grows by itself.
  }

  find(value: Value): number {
    return this.#ids.get(value === null ? null : this.#keyOf(value)) ?? -1;
  }

  valueOf(id: number): Value {
    return this.#values[id];
  }

  looksAs(id: number, value: Value): boolean {
    return this.#values[id] === value;
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
  /** Two words an id. */
  #pairs = new Int32Array(INITIAL_IDS * 2);
  count = 0;

  idOf(left: number, right: number): number {
    const slots = this.#slots;
    const pairs = this.#pairs;
    let slot = hashPair(left, right) & this.#mask;
    for (let id = slots[slot]; id >= 0; id = slots[slot]) {
      if (pairs[id * 2] === left && pairs[id * 2 + 1] === right) return id;
      slot = (slot + 1) & this.#mask;
    }
    const id = this.count++;
    if (id * 2 === pairs.length) this.#pairs = grownArray(pairs, Int32Array);
    this.#pairs[id * 2] = left;
    this.#pairs[id * 2 + 1] = right;
    slots[slot] = id;
    if (id * 2 > this.#mask) this.#grow();
    return id;
  }

  find(left: number, right: number): number {
    const slots = this.#slots;
    const pairs = this.#pairs;
    let slot = hashPair(left, right) & this.#mask;
    for (let id = slots[slot]; id >= 0; id = slots[slot]) {
      if (pairs[id * 2] === left && pairs[id * 2 + 1] === right) return id;
      slot = (slot + 1) & this.#mask;
    }
    return -1;
  }

  reserve(count: number): void {
    if (count * 2 > this.#pairs.length) this.#pairs = grownArray(this.#pairs, Int32Array, count * 2);
    if (count * 2 > this.#mask) this.#grow(slotsFor(count));
  }

  leftOf(id: number): number {
    return this.#pairs[id * 2];
  }

  rightOf(id: number): number {
    return this.#pairs[id * 2 + 1];
  }

  #grow(size = grownSlots(this.#mask + 1)): void {
    const slots = takeSlots(size);
    const pairs = this.#pairs;
    this.#mask = size - 1;
    for (let id = 0; id < this.count; id++) {
      let slot = hashPair(pairs[id * 2], pairs[id * 2 + 1]) & this.#mask;
      while (slots[slot] >= 0) slot = (slot + 1) & this.#mask;
      slots[slot] = id;
    }
    giveArray(this.#slots);
    this.#slots = slots;
  }

  get byteSize(): number {
    return this.count * 8 + this.#slots.length * 4;
  }

  clear(): void {
    this.#slots = emptySlots(this.#slots);
    this.#mask = this.#slots.length - 1;
    this.count = 0;
    this.#pairs = emptied(this.#pairs, Int32Array, INITIAL_IDS * 2);
  }
}

function hashPair(left: number, right: number): number {
  return mix(Math.imul(left, 0x9e3779b1) ^ right);
}

/** Values of the type are equal when their bytes are. Blank-padded text compares without its trailing blanks. */
export function keysAreBytes(typeOid: number): boolean {
  return typeOid === OID.UUID || keysAreTexts(typeOid);
}

/** The same of texts. */
export function keysAreTexts(typeOid: number): boolean {
  return repOfType(typeOid) === 'str' && typeOid !== 1042 && looseCollationOf(typeOid) === undefined;
}

export function internerFor(typeOid: number): Interner {
  const rep = repOfType(typeOid);
  if (typeOid === OID.UUID) return new TextInterner(UUID_FORM);
  if (keysAreTexts(typeOid)) return new TextInterner();
  const loose = looseCollationOf(typeOid);
  if (loose !== undefined) return new CollatedInterner(loose);
  if (rep === 'num' || typeOid === 20 || typeOid === 1114 || typeOid === 1184) return new NumberInterner();
  if (typeOid === OID.NUMERIC) return new NumericInterner();
  return new ValueInterner(typeOid);
}

const VARYING = new Set<Representation>([
  ...([
    'numeric',
    'float4',
    'float8',
    'interval',
    'bpchar',
    'citext',
    'jsonb',
    'array',
    'record',
    'range',
    'multirange',
  ] as const),
]);

/** Whether equal values of a type may look different: 1.0 and 1.00, 0 and -0. */
export function equalsVary(typeOid: number): boolean {
  return VARYING.has(representation(typeOid)) || looseCollationOf(typeOid) !== undefined;
}

export class GroupTable {
  readonly interners: readonly Interner[];
  /** pairs[k] combines the first k + 1 columns with column k + 1. */
  readonly pairs: readonly PairInterner[];

  /** Of several key columns, those in which equal values may look different. */
  readonly #varying: readonly number[];
  /** By column and group: the values of groups that do not look as the first ones of their kind. */
  readonly #shown: readonly Map<number, Value>[];
  #shownBytes = 0;

  constructor(types: readonly number[]) {
    this.interners = types.map(internerFor);
    this.pairs = types.slice(1).map(() => new PairInterner());
    this.#varying = types.length === 1 ? [] : types.flatMap((typeOid, k) => (equalsVary(typeOid) ? [k] : []));
    this.#shown = types.map(() => new Map());
  }

  /** The row that has made the group has this value in a column that varies, whose interner has given it that number. */
  show(k: number, id: number, group: number, value: Value): void {
    if (this.interners[k].looksAs?.(id, value) !== false) return;
    this.#shown[k].set(group, value);
    this.#shownBytes += MAP_ENTRY_BYTES + valueBytes(value);
  }

  /** Number of groups. */
  get count(): number {
    if (this.interners.length === 0) return 1;
    return this.pairs.length === 0 ? this.interners[0].count : this.pairs[this.pairs.length - 1].count;
  }

  /** Room for so many groups in all, where it is known how many there may be. */
  reserve(count: number): void {
    const last = this.pairs.at(-1) ?? this.interners.at(0);
    last?.reserve(count);
  }

  /** Group of a row given by columns. */
  groupOf(columns: readonly (readonly Value[])[], row: number): number {
    const { interners, pairs } = this;
    if (interners.length === 0) return 0;
    const before = this.count;
    let group = interners[0].idOf(columns[0][row]);
    for (let k = 0; k < pairs.length; k++) group = pairs[k].idOf(group, interners[k + 1].idOf(columns[k + 1][row]));
    if (group === before) {
      for (const k of this.#varying) this.show(k, interners[k].find(columns[k][row]), group, columns[k][row]);
    }
    return group;
  }

  /** What it takes in memory, about. */
  get byteSize(): number {
    let bytes = this.#shownBytes;
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
      target[k + 1] = this.interners[k + 1].valueOf(this.pairs[k].rightOf(rest));
      rest = this.pairs[k].leftOf(rest);
    }
    if (this.interners.length > 0) target[0] = this.interners[0].valueOf(rest);
    for (const k of this.#varying) {
      const shown = this.#shown[k].get(group);
      if (shown !== undefined) target[k] = shown;
    }
  }

  clear(): void {
    for (const interner of this.interners) interner.clear();
    for (const pair of this.pairs) pair.clear();
    for (const k of this.#varying) this.#shown[k].clear();
    this.#shownBytes = 0;
    this.#hasEmptyRow = false;
  }
}
