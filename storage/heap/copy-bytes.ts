/**
 * Copying row images into pages, word by word: rows are short, and a subarray() for each would cost more than the copy.
 * The source must be a multiple of 4 away from its buffer's start to be read as words; the last buffer's view is kept,
 * since callers build rows in one scratch buffer.
 */
import type { PageViews } from '../page/index.ts';

/** Beyond this a subarray and a native copy are faster (measured: break-even near 400 bytes). */
const WORDS_MAX = 96;

const NO_BUFFER = new ArrayBuffer(0);
let lastBuffer: ArrayBufferLike = NO_BUFFER;
let lastWords: Uint32Array = new Uint32Array(NO_BUFFER);

function wordsOf(row: Uint8Array): Uint32Array {
  const buffer = row.buffer;
  if (buffer !== lastBuffer) {
    lastBuffer = buffer;
    lastWords = new Uint32Array(buffer, 0, buffer.byteLength >>> 2);
  }
  return lastWords;
}

/** row[start..start + length) to the page bytes at target (a multiple of 8). */
export function copyRowIn(views: PageViews, row: Uint8Array, start: number, length: number, target: number): void {
  const from = row.byteOffset + start;
  const words = length >>> 2;
  if ((from & 3) !== 0 || words > WORDS_MAX) {
    views.u8.set(row.subarray(start, start + length), target);
    return;
  }
  const source = wordsOf(row);
  const pages = views.u32;
  let at = from >>> 2;
  let to = target >>> 2;
  for (const end = at + words; at < end; ) pages[to++] = source[at++];
  for (let i = words << 2; i < length; i++) views.u8[target + i] = row[start + i];
}

/** The span that copyChangedIn changed, offsets in the row; firstChanged = lastChanged when nothing did. */
export let firstChanged = 0;
export let lastChanged = 0;

/** Copies row[from..length) to target + from .., and sets firstChanged, lastChanged to what differed. `from` is a multiple of 4. */
export function copyChangedIn(views: PageViews, row: Uint8Array, from: number, length: number, target: number): void {
  firstChanged = length;
  lastChanged = from;
  let at = from;
  if (((row.byteOffset + from) & 3) === 0) {
    const source = wordsOf(row);
    const pages = views.u32;
    const delta = row.byteOffset >>> 2;
    const words = length & -4;
    for (; at < words; at += 4) {
      const value = source[delta + (at >>> 2)];
      const to = (target + at) >>> 2;
      if (pages[to] === value) continue;
      pages[to] = value;
      if (firstChanged === length) firstChanged = at;
      lastChanged = at + 4;
    }
  }
  const bytes = views.u8;
  for (; at < length; at++) {
    if (bytes[target + at] === row[at]) continue;
    bytes[target + at] = row[at];
    if (firstChanged === length) firstChanged = at;
    lastChanged = at + 1;
  }
  if (firstChanged === length) firstChanged = lastChanged;
}
