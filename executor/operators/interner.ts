/** What interners are, and what those of all types share. */
import type { Value } from '../../catalog/function-entry.ts';
import { type ArrayMaker, giveArray, type ScratchArray, takeSlots } from '../scratch-memory.ts';

export interface Interner {
  /** Number of distinct values so far, the NULL included when met. */
  readonly count: number;
  idOf(value: Value): number;
  /** -1 when the value has not been met. */
  find(value: Value): number;
  /** The first of the equal values that have this number. */
  valueOf(id: number): Value;
  /** Where equal values may look different: whether valueOf(id) looks as this value, which is equal to it. */
  looksAs?(id: number, value: Value): boolean;
  /** What it takes in memory, about; cheap to ask. */
  readonly byteSize: number;
  /** Room for so many values in all. */
  reserve(count: number): void;
  clear(): void;
}

/** A place in an array, with its share of the room for more. */
export const PLACE_BYTES = 10;
/** A string, beyond its characters; an entry of a Map. */
export const STRING_BYTES = 24;
export const MAP_ENTRY_BYTES = 100;

/** 64 bytes: up to that V8 keeps an array's elements with the array, which makes tables of few rows cheap. */
export const INITIAL_SLOTS = 16;
/** Their slots grow before they are full. */
export const INITIAL_IDS = 8;
/** Tables up to so many slots grow fast; larger ones fill a quarter of their slots at least. */
const FAST_GROWTH_SLOTS = 64 * 1024;

export function grownSlots(count: number): number {
  return count < FAST_GROWTH_SLOTS ? count * 4 : count * 2;
}

/** Slots enough for so many ids. */
export function slotsFor(count: number): number {
  return Math.max(INITIAL_SLOTS, 2 ** Math.ceil(Math.log2(count * 2 + 1)));
}

/** Small arrays stay as they have grown, for the next run of the statement. */
const KEPT_BYTES = 4096;

/** An array of so many elements at least, of a table that is emptied. */
export function emptied<T extends ScratchArray>(array: T, make: ArrayMaker<T>, length: number): T {
  if (array.byteLength <= KEPT_BYTES) return array;
  giveArray(array);
  return new make(length);
}

/** The slots of a table that is emptied; their number may be another. */
export function emptySlots(slots: Int32Array<ArrayBuffer>): Int32Array<ArrayBuffer> {
  if (slots.byteLength <= KEPT_BYTES) return slots.fill(-1);
  giveArray(slots);
  return takeSlots(INITIAL_SLOTS);
}

/** Integer hash finaliser (MurmurHash3). */
export function mix(hash: number): number {
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

export function hashNumber(value: number): number {
  const low = value | 0;
  // Integers beyond 32 bits and fractions: fold the rest in.
  return low === value ? mix(low) : mix(low ^ Math.imul((value / 4294967296) | 0, 31) ^ ((value * 1048576) | 0));
}
