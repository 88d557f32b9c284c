/**
 * Arena slots (key-arena.ts) where they are taken by their units of four bytes: in a sort, and in the runs that it leaves. The first unit
 * holds the length, and whether the key has a null; behind the key's end are zeros, so that equal keys have equal units.
 */
import { slotSize } from './key-arena.ts';

/** In a slot's length: the key has a null. */
export const HAS_NULL = 0x8000;
const LENGTH_MASK = 0x7fff;
/** More units are copied natively. */
const COPY_UNITS_MAX = 64;

/** Units of the slot at units[at..). */
export function slotUnits(units: Uint32Array, at: number): number {
  return slotSize(units[at] & LENGTH_MASK) >>> 2;
}

export function isSameSlot(a: Uint32Array, atA: number, b: Uint32Array, atB: number): boolean {
  const count = slotUnits(a, atA);
  for (let i = 0; i < count; i++) if (a[atA + i] !== b[atB + i]) return false;
  return true;
}

/** Sign of (key of the one slot - key of the other), as unsigned bytes, shorter first. */
export function compareSlotUnits(a: Uint32Array, atA: number, b: Uint32Array, atB: number): number {
  const high = swapped(a[atA] & ~0xffff) - swapped(b[atB] & ~0xffff);
  if (high !== 0) return high;
  const count = Math.min(slotUnits(a, atA), slotUnits(b, atB));
  for (let i = 1; i < count; i++) {
    if (a[atA + i] !== b[atB + i]) return swapped(a[atA + i]) - swapped(b[atB + i]);
  }
  return (a[atA] & LENGTH_MASK) - (b[atB] & LENGTH_MASK);
}

/** Four bytes as a number, the first of them the most significant. */
function swapped(unit: number): number {
  return ((unit << 24) | ((unit & 0xff00) << 8) | ((unit >>> 8) & 0xff00) | (unit >>> 24)) >>> 0;
}

/** Writes the slot, without the mark for nulls, to target[at..), which has room; answers its end. */
export function copySlotUnits(units: Uint32Array, from: number, target: Uint32Array, at: number): number {
  const count = slotUnits(units, from);
  target[at] = units[from] & ~HAS_NULL;
  if (count > COPY_UNITS_MAX) target.set(units.subarray(from + 1, from + count), at + 1);
  else for (let i = 1; i < count; i++) target[at + i] = units[from + i];
  return at + count;
}
