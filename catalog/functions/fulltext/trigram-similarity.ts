/** Similarity of texts by their trigrams, as pg_trgm computes it. */
import { compareTrigrams, trigramSequence, trigramsOf, wordBounds } from '../../../types/fulltext/trigram.ts';

const { fround } = Math;

/** Share of common trigrams; `count` of them are common to sets of these sizes. */
function share(count: number, size1: number, size2: number): number {
  return size1 + size2 - count === 0 ? 0 : fround(count / (size1 + size2 - count));
}

/** The trigrams of the texts asked about last: one side of an operator is mostly a constant. */
const kept: { text: string; trigrams: number[] }[] = [
  { text: '', trigrams: [] },
  { text: '', trigrams: [] },
];

function keptTrigrams(side: 0 | 1, text: string): number[] {
  const slot = kept[side];
  if (slot.text !== text) {
    slot.trigrams = trigramsOf(text);
    slot.text = text;
  }
  return slot.trigrams;
}

export function similarity(a: string, b: string): number {
  const left = keptTrigrams(0, a);
  const right = keptTrigrams(1, b);
  if (left.length === 0 || right.length === 0) return 0;
  let common = 0;
  let i = 0;
  let j = 0;
  while (i < left.length && j < right.length) {
    const order = compareTrigrams(left[i], right[j]);
    if (order === 0) common++;
    if (order <= 0) i++;
    if (order >= 0) j++;
  }
  return share(common, left.length, right.length);
}

/**
 * The greatest similarity of a text's trigrams with those of any stretch of another text; `strict`: of whole words. Trigrams of
 * both are numbered; `wanted` tells which numbers the first text has.
 */
export function wordSimilarity(a: string, b: string, strict: boolean): number {
  const numbers = new Map<number, number>();
  for (const trigram of trigramsOf(a)) numbers.set(trigram, numbers.size);
  const wantedCount = numbers.size;
  const sequence = trigramSequence(b);
  const stretch = sequence.map((trigram) => {
    let number = numbers.get(trigram);
    if (number === undefined) {
      number = numbers.size;
      numbers.set(trigram, number);
    }
    return number;
  });
  const bounds = strict ? wordBounds(b) : null;
  const last = new Int32Array(numbers.size).fill(-1);
  const isWanted = (number: number): boolean => number < wantedCount;
  let best = 0;
  let lower = strict ? 0 : -1;
  let size = 0;
  let count = 0;
  for (let i = 0; i < stretch.length; i++) {
    const number = stretch[i];
    if (lower >= 0 || isWanted(number)) {
      if (last[number] < 0) {
        size++;
        if (isWanted(number)) count++;
      }
      last[number] = i;
    }
    if (bounds === null ? !isWanted(number) : !bounds.ends[i]) continue;
    if (lower === -1) {
      lower = i;
      size = 1;
    }
    let current = share(count, wantedCount, size);
    // A later beginning may be better.
    const from = lower;
    let triedSize = size;
    let triedCount = count;
    for (let tried = from; tried <= i; tried++) {
      if (bounds === null || bounds.starts[tried]) {
        const value = share(triedCount, wantedCount, triedSize);
        if (value > current) {
          current = value;
          size = triedSize;
          count = triedCount;
          lower = tried;
        }
      }
      const passed = stretch[tried];
      if (last[passed] === tried) {
        triedSize--;
        if (isWanted(passed)) triedCount--;
      }
    }
    if (current > best) best = current;
    for (let passed = from; passed < lower; passed++) {
      if (last[stretch[passed]] === passed) last[stretch[passed]] = -1;
    }
  }
  return best;
}
