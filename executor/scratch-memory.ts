/**
 * Scratch memory: what hash tables, sorts and temporary files have done with, for the next that needs as much.
 *
 * A sort of 150 MB writes a thousand extents, and each table of a join that spills grows from nothing. Were each array a new one, they would
 * wait for the collector of garbage in their hundreds; what it then frees lies scattered among what is in use, so that the process
 * keeps it (bench/memory.ts), and the system has to find and clear pages for what comes next: a millisecond a megabyte.
 *
 * Who takes memory owns it until it is given back, and may as well never give it back. What it holds when it is taken is anything.
 */
import { mappedBuffer } from '../storage/api.ts';

/** Powers of two from 16 KB: less is not worth it. */
const SIZE_MIN = 16 * 1024;
/** Beyond SIZE_MAX in steps of this: what can be mapped. */
const STEP = 64 * 1024;
/** More is rare; a process that keeps it shows it. */
const SIZE_MAX = 4 * 1024 * 1024;
/** All of them together. */
const IDLE_BYTES_MAX = 4 * 1024 * 1024;

/** What waits may be so many times larger than what is asked for: the process has it anyway. */
const LARGER_MAX = 8;

/** In the order in which they were given. */
const idle: ArrayBuffer[] = [];
let idleBytes = 0;

/** At least so many bytes. */
export function takeScratch(bytes: number): ArrayBuffer {
  if (bytes < SIZE_MIN) return new ArrayBuffer(bytes);
  if (bytes > SIZE_MAX) return mappedBuffer(Math.ceil(bytes / STEP) * STEP);
  const size = 2 ** Math.ceil(Math.log2(bytes));
  let found = -1;
  let foundSize = size * (LARGER_MAX * 2);
  for (let i = idle.length - 1; i >= 0 && foundSize > size; i--) {
    const { byteLength } = idle[i];
    if (byteLength < size || byteLength >= foundSize) continue;
    found = i;
    foundSize = byteLength;
  }
  if (found < 0) return mappedBuffer(size);
  idleBytes -= foundSize;
  return idle.splice(found, 1)[0];
}

/** What takeScratch gave is not used any more: neither by its owner nor by a read or write that is under way. */
export function giveScratch(buffer: ArrayBuffer): void {
  const size = buffer.byteLength;
  if (size < SIZE_MIN || size > SIZE_MAX) return;
  // Those that nobody has asked for make room: sizes go out of fashion.
  while (idleBytes + size > IDLE_BYTES_MAX) idleBytes -= idle.shift()!.byteLength;
  idle.push(buffer);
  idleBytes += size;
}

/** Bytes that wait for their next use, for statistics. */
export function idleScratchBytes(): number {
  return idleBytes;
}

/** Typed arrays that are made of scratch memory. */
export type ScratchArray = Int32Array<ArrayBuffer> | Uint32Array<ArrayBuffer> | Float64Array<ArrayBuffer>;

/** Makes one: of elements alone, or of memory. */
export interface ArrayMaker<T extends ScratchArray> {
  new (length: number): T;
  new (buffer: ArrayBuffer, byteOffset: number, length: number): T;
  readonly BYTES_PER_ELEMENT: number;
}

/**
 * So many elements, not more, although there may be memory for more: arrays that belong together are of one length. A small array is none of
 * V8's buffers, which take it longer to make than a small sort takes.
 */
export function takeArray<T extends ScratchArray>(make: ArrayMaker<T>, length: number): T {
  const bytes = length * make.BYTES_PER_ELEMENT;
  return bytes < SIZE_MIN ? new make(length) : new make(takeScratch(bytes), 0, length);
}

/** An array of so many elements that begins with those of `array`, which is given back; itself if it has them. */
export function grownArray<T extends ScratchArray>(array: T, make: ArrayMaker<T>, length = array.length * 2): T {
  if (array.length >= length) return array;
  const target = takeArray(make, length);
  target.set(array);
  giveArray(array);
  return target;
}

/** `count` words, a power of two of them, all -1: the slots of a hash table. */
export function takeSlots(count: number): Int32Array<ArrayBuffer> {
  return takeArray(Int32Array, count).fill(-1);
}

/** Gives back what an array was made over, if that is worth it: who asks V8 for a small array's buffer makes one. */
export function giveArray(array: ArrayBufferView<ArrayBuffer>): void {
  if (array.byteLength >= SIZE_MIN) giveScratch(array.buffer);
}
