/**
 * Containers: the row ids of one page group (128 pages) in a posting list, as roaring bitmaps have them (Chambi, Lemire, Kaser
 * and Godin, "Better bitmap performance with Roaring bitmaps", 2016), but for one thing.
 *
 *     row id, 32 bits     page group (16) | page in the group (7) | slot (9)
 *                                         `------- low half -------´
 *
 * A page has room for 512 slots, and 60 to 150 are used. A plain bitmap over low halves would be mostly empty: at 90 rows a page,
 * a value of 20 % of the rows would take 28 bits a row of its own. So a bitmap here has `stride` words a page, as many as the
 * largest slot in it needs: bit b of word w of page p is slot 32 w + b. Its loss is less than a word a page, it is ordered as
 * row ids are, and bitmaps of different strides still intersect word by word. A larger slot makes the container anew, at most
 * 15 times in its life, and no other container.
 *
 * | kind | bytes | holds |
 * | --- | --- | --- |
 * | array | 2 a row | low halves, ascending |
 * | bitmap | 512 a word of stride | bits |
 * | runs | 4 a run | first low half and length - 1 of runs of neighbours, ascending, apart from each other |
 *
 * The smallest is chosen when a container is made anew: when its block is full, or half of it has gone. Runs must be half of the
 * others, since they are the slowest to intersect.
 */

export const CONTAINER_ARRAY = 0;
export const CONTAINER_BITMAP = 1;
export const CONTAINER_RUNS = 2;

export const GROUP_BITS = 16;
export const LOW_MASK = 0xffff;
export const PAGES_PER_GROUP = 128;
/** Most words a page: 512 slots. */
export const STRIDE_MAX = 16;
export const BITMAP_WORDS_MAX = PAGES_PER_GROUP * STRIDE_MAX;

/** Where a container is unpacked: at most all low halves. */
export const unpacked: Uint16Array<ArrayBuffer> = new Uint16Array(65536);

/** First index in from..to of ascending values whose value is >= wanted. */
export function lowerBound16(values: Uint16Array, from: number, to: number, wanted: number): number {
  let low = from;
  let high = to;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (values[middle] < wanted) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The run, of `count` that begin at `start`, that holds `low` or is the last before it; -1: all are behind it. */
export function runAt(values: Uint16Array, start: number, count: number, low: number): number {
  let from = 0;
  let to = count;
  while (from < to) {
    const middle = (from + to) >>> 1;
    if (values[start + middle * 2] <= low) from = middle + 1;
    else to = middle;
  }
  return from - 1;
}

/** Bits that are set. */
export function popCount(word: number): number {
  let n = word - ((word >>> 1) & 0x55555555);
  n = (n & 0x33333333) + ((n >>> 2) & 0x33333333);
  return Math.imul((n + (n >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}

/** Low halves of a bitmap, ascending, to target[at..]; answers the end. */
export function unpackBitmap(
  words: Uint32Array,
  start: number,
  stride: number,
  target: Uint16Array,
  targetAt: number,
): number {
  let at = targetAt;
  let word = start;
  for (let page = 0; page < PAGES_PER_GROUP; page++) {
    for (let w = 0; w < stride; w++, word++) {
      let bits = words[word] | 0;
      const base = (page << 9) | (w << 5);
      while (bits !== 0) {
        const lowest = bits & -bits;
        target[at++] = base | (31 - Math.clz32(lowest));
        bits ^= lowest;
      }
    }
  }
  return at;
}

export function unpackRuns(
  values: Uint16Array,
  start: number,
  count: number,
  target: Uint16Array,
  targetAt: number,
): number {
  let at = targetAt;
  for (let i = start; i < start + count * 2; i += 2) {
    const first = values[i];
    const length = values[i + 1] + 1;
    for (let j = 0; j < length; j++) target[at++] = first + j;
  }
  return at;
}

/** What `chooseKind` found: words, and the stride of bitmaps or the number of runs. */
export const chosen: { kind: number; words: number; detail: number } = { kind: 0, words: 0, detail: 0 };

/** The best kind for `count` ascending low halves. */
export function chooseKind(values: Uint16Array, count: number): void {
  let runs = 1;
  let slot = values[0] & 511;
  for (let i = 1; i < count; i++) {
    const value = values[i];
    if (value !== values[i - 1] + 1) runs++;
    if ((value & 511) > slot) slot = value & 511;
  }
  const stride = (slot >>> 5) + 1;
  const arrayWords = (count + 1) >>> 1;
  const bitmapWords = stride * PAGES_PER_GROUP;
  const smaller = arrayWords < bitmapWords ? arrayWords : bitmapWords;
  if (runs * 2 <= smaller) {
    chosen.kind = CONTAINER_RUNS;
    chosen.words = runs;
    chosen.detail = runs;
  } else if (arrayWords <= bitmapWords) {
    chosen.kind = CONTAINER_ARRAY;
    chosen.words = arrayWords;
    chosen.detail = 0;
  } else {
    chosen.kind = CONTAINER_BITMAP;
    chosen.words = bitmapWords;
    chosen.detail = stride;
  }
}

/** Writes `count` ascending low halves as the chosen kind to a block. */
export function packChosen(
  source: Uint16Array,
  count: number,
  words: Uint32Array,
  halves: Uint16Array,
  block: number,
): void {
  if (chosen.kind === CONTAINER_ARRAY) {
    halves.set(source.subarray(0, count), block * 2);
    return;
  }
  if (chosen.kind === CONTAINER_BITMAP) {
    const stride = chosen.detail;
    words.fill(0, block, block + stride * PAGES_PER_GROUP);
    for (let i = 0; i < count; i++) {
      const low = source[i];
      words[block + (low >>> 9) * stride + ((low & 511) >>> 5)] |= 1 << (low & 31);
    }
    return;
  }
  let at = block * 2 - 2;
  let next = -1;
  for (let i = 0; i < count; i++) {
    const low = source[i];
    if (low === next) halves[at + 1]++;
    else {
      at += 2;
      halves[at] = low;
      halves[at + 1] = 0;
    }
    next = low + 1;
  }
}
