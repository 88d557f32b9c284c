/**
 * Set operations on posting lists: sorted arrays of row ids without duplicates.
 *
 * The intersection probes instead of walking: the smallest list leads, and in the others the next candidate is found by
 * galloping (Bentley and Yao, "An almost optimal algorithm for unbounded searching", 1976): O(small * log(large / small)).
 */

/** First position >= `from` in `list` whose value is >= `wanted`, looking ahead in doubling steps. */
export function gallop(list: Uint32Array, from: number, wanted: number): number {
  const length = list.length;
  if (from >= length || list[from] >= wanted) return from;
  let step = 1;
  let low = from;
  let high = from + 1;
  while (high < length && list[high] < wanted) {
    low = high;
    step *= 2;
    high = low + step;
  }
  if (high > length) high = length;
  // list[low] < wanted, and high is the end or list[high] >= wanted.
  low++;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (list[middle] < wanted) low = middle + 1;
    else high = middle;
  }
  return low;
}

export function intersectSorted(lists: readonly Uint32Array[]): Uint32Array {
  if (lists.length === 0) return new Uint32Array(0);
  const ordered = [...lists].sort((a, b) => a.length - b.length);
  let result = ordered[0];
  for (let i = 1; i < ordered.length && result.length > 0; i++) result = intersectTwo(result, ordered[i]);
  return result;
}

function intersectTwo(small: Uint32Array, large: Uint32Array): Uint32Array {
  const out = new Uint32Array(small.length);
  let count = 0;
  let position = 0;
  for (let i = 0; i < small.length; i++) {
    const wanted = small[i];
    position = gallop(large, position, wanted);
    if (position === large.length) break;
    if (large[position] === wanted) out[count++] = wanted;
  }
  return out.subarray(0, count);
}

/** Union by repeated merging, smallest lists first. */
export function uniteSorted(lists: readonly Uint32Array[]): Uint32Array {
  const queue = [...lists].sort((a, b) => a.length - b.length);
  while (queue.length > 1) {
    const merged = uniteTwo(queue.shift() as Uint32Array, queue.shift() as Uint32Array);
    let at = 0;
    while (at < queue.length && queue[at].length < merged.length) at++;
    queue.splice(at, 0, merged);
  }
  return queue[0] ?? new Uint32Array(0);
}

function uniteTwo(a: Uint32Array, b: Uint32Array): Uint32Array {
  const out = new Uint32Array(a.length + b.length);
  let i = 0;
  let j = 0;
  let count = 0;
  while (i < a.length && j < b.length) {
    const x = a[i];
    const y = b[j];
    out[count++] = x < y ? x : y;
    if (x <= y) i++;
    if (y <= x) j++;
  }
  while (i < a.length) out[count++] = a[i++];
  while (j < b.length) out[count++] = b[j++];
  return out.subarray(0, count);
}
