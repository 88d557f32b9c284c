/**
 * Row group: the rows of one page group (128 pages) that a set operation has come to, as a sorted array of low halves or as a
 * bitmap, and how containers are put into it.
 *
 * Set operations go group by group, in page order: the smallest container is loaded, the others are applied to it in place. So
 * nothing of a list is copied but containers of 8 KB at most, one at a time, and work can stop between two groups. Arrays probe
 * by galloping (Bentley and Yao, "An almost optimal algorithm for unbounded searching", 1976); bitmaps go word by word.
 */
import {
  BITMAP_WORDS_MAX,
  CONTAINER_ARRAY,
  CONTAINER_BITMAP,
  PAGES_PER_GROUP,
  popCount,
  unpackRuns,
} from './posting-container.ts';

/** More low halves than this are kept as a bitmap. */
const ARRAY_ROWS_MAX = 4096;

/** A container, seen where it is: `kind` and where in which array it begins. */
export class ContainerView {
  kind = CONTAINER_ARRAY;
  /** Arrays and runs: half words; bitmaps: words. */
  halves: Uint16Array = new Uint16Array(0);
  words: Uint32Array = new Uint32Array(0);
  /** In half words, or in words. */
  start = 0;
  rows = 0;
  /** Bitmaps: stride; runs: how many. */
  detail = 0;

  /** Room for low halves of lists that are not containers. */
  #own = new Uint16Array(16);

  /** Becomes an array of the low halves of rows[from..to), which are of one page group. */
  setRows(rows: Uint32Array, from: number, to: number): void {
    const count = to - from;
    if (count > this.#own.length) this.#own = new Uint16Array(Math.min(65536, count * 2));
    for (let i = 0; i < count; i++) this.#own[i] = rows[from + i];
    this.kind = CONTAINER_ARRAY;
    this.halves = this.#own;
    this.start = 0;
    this.rows = count;
  }
}

export class RowGroup {
  isBitmap = false;
  /** Rows; of a bitmap -1 as long as nobody has counted. */
  #rows = 0;
  readonly values = new Uint16Array(ARRAY_ROWS_MAX);
  readonly words = new Uint32Array(BITMAP_WORDS_MAX);
  stride = 1;

  /** Low halves in the group. */
  get rows(): number {
    if (this.#rows < 0) {
      let sum = 0;
      const { words } = this;
      const length = this.stride * PAGES_PER_GROUP;
      for (let i = 0; i < length; i++) {
        const word = words[i];
        if (word !== 0) sum += popCount(word);
      }
      this.#rows = sum;
    }
    return this.#rows;
  }

  /** Known to be empty; a bitmap that nobody has counted may be it nevertheless. */
  get isEmpty(): boolean {
    return this.#rows === 0;
  }

  clear(): void {
    this.isBitmap = false;
    this.#rows = 0;
  }

  /** Row ids of the group to target[at..), ascending; there must be room for all. Answers how many. */
  copyRows(group: number, target: Uint32Array, targetAt: number): number {
    const base = group << 16;
    let at = targetAt;
    if (!this.isBitmap) {
      const { values } = this;
      const count = this.#rows;
      for (let i = 0; i < count; i++) target[at++] = base | values[i];
      return count;
    }
    const { words, stride } = this;
    let index = 0;
    for (let page = 0; page < PAGES_PER_GROUP; page++) {
      for (let w = 0; w < stride; w++) {
        let word = words[index++] | 0;
        const start = base | (page << 9) | (w << 5);
        while (word !== 0) {
          const lowest = word & -word;
          target[at++] = start | (31 - Math.clz32(lowest));
          word ^= lowest;
        }
      }
    }
    this.#rows = at - targetAt;
    return this.#rows;
  }

  /** Becomes what the container holds. */
  load(view: ContainerView): void {
    if (view.kind === CONTAINER_BITMAP) {
      this.isBitmap = true;
      this.stride = view.detail;
      const { words } = this;
      const source = view.words;
      const length = view.detail * PAGES_PER_GROUP;
      const { start } = view;
      for (let i = 0; i < length; i++) words[i] = source[start + i];
      this.#rows = view.rows;
      return;
    }
    if (view.kind === CONTAINER_ARRAY && view.rows <= ARRAY_ROWS_MAX) {
      this.isBitmap = false;
      this.#rows = view.rows;
      const { values } = this;
      const { halves, start, rows } = view;
      for (let i = 0; i < rows; i++) values[i] = halves[start + i];
      return;
    }
    this.clear();
    this.add(view);
  }

  /** Keeps what is in the container as well. */
  retain(view: ContainerView): void {
    if (!this.isBitmap) this.#retainInArray(view);
    else if (view.kind === CONTAINER_BITMAP) this.#andWords(view);
    else if (view.kind === CONTAINER_ARRAY) this.#retainArray(view);
    else this.#retainMask(view);
  }

  /** Takes out what is in the container. */
  discard(view: ContainerView): void {
    if (!this.isBitmap) {
      const { values } = this;
      const contains = containing(view);
      let kept = 0;
      for (let i = 0; i < this.#rows; i++) if (!contains(values[i])) values[kept++] = values[i];
      this.#rows = kept;
      return;
    }
    const { words, stride } = this;
    this.#rows = -1;
    if (view.kind === CONTAINER_BITMAP) {
      const common = Math.min(stride, view.detail);
      for (let page = 0; page < PAGES_PER_GROUP; page++) {
        const other = view.start + page * view.detail;
        for (let w = 0; w < common; w++) words[page * stride + w] &= ~view.words[other + w];
      }
      return;
    }
    const length = stride * PAGES_PER_GROUP;
    maskScratch.fill(0, 0, length);
    setBits(view, maskScratch, stride);
    for (let i = 0; i < length; i++) words[i] &= ~maskScratch[i];
  }

  /** Takes in what is in the container. */
  add(view: ContainerView): void {
    if (!this.isBitmap && view.kind === CONTAINER_ARRAY && this.#rows + view.rows <= ARRAY_ROWS_MAX) {
      this.#mergeArray(view);
      return;
    }
    if (!this.isBitmap && view.kind !== CONTAINER_BITMAP && this.#rows + view.rows <= ARRAY_ROWS_MAX / 8) {
      unpackSmall(view, mergeScratch);
      this.#mergeSorted(mergeScratch, 0, view.rows);
      return;
    }
    this.#becomeBitmap(view);
    const { words, stride } = this;
    this.#rows = -1;
    if (view.kind === CONTAINER_BITMAP) {
      for (let page = 0; page < PAGES_PER_GROUP; page++) {
        const other = view.start + page * view.detail;
        for (let w = 0; w < view.detail; w++) words[page * stride + w] |= view.words[other + w];
      }
      return;
    }
    setBits(view, words, stride);
  }

  #retainInArray(view: ContainerView): void {
    const { values } = this;
    const count = this.#rows;
    let kept = 0;
    if (view.kind === CONTAINER_BITMAP) {
      const { words, start, detail: stride } = view;
      for (let i = 0; i < count; i++) {
        const low = values[i];
        const w = (low & 511) >>> 5;
        if (w < stride && (words[start + (low >>> 9) * stride + w] & (1 << (low & 31))) !== 0) values[kept++] = low;
      }
    } else if (view.kind === CONTAINER_ARRAY) {
      const { halves, start } = view;
      const end = start + view.rows;
      let at = start;
      for (let i = 0; i < count; i++) {
        at = gallop16(halves, at, end, values[i]);
        if (at === end) break;
        if (halves[at] === values[i]) values[kept++] = values[i];
      }
    } else {
      const { halves, start } = view;
      const end = start + view.detail * 2;
      let at = start;
      for (let i = 0; i < count && at < end; ) {
        const low = values[i];
        if (low < halves[at]) i++;
        else if (low > halves[at] + halves[at + 1]) at += 2;
        else {
          values[kept++] = low;
          i++;
        }
      }
    }
    this.#rows = kept;
  }

  #andWords(view: ContainerView): void {
    const { words, stride } = this;
    const other = view.words;
    const { start } = view;
    this.#rows = -1;
    if (stride === view.detail) {
      const length = stride * PAGES_PER_GROUP;
      for (let i = 0; i < length; i++) words[i] &= other[start + i];
      return;
    }
    const common = Math.min(stride, view.detail);
    for (let page = 0; page < PAGES_PER_GROUP; page++) {
      const mine = page * stride;
      const theirs = start + page * view.detail;
      for (let w = 0; w < common; w++) words[mine + w] &= other[theirs + w];
      for (let w = common; w < stride; w++) words[mine + w] = 0;
    }
  }

  /** A bitmap and an array give an array, if there is room for it. */
  #retainArray(view: ContainerView): void {
    const { halves, start, rows } = view;
    const { words, stride, values } = this;
    if (rows > ARRAY_ROWS_MAX) {
      this.#retainMask(view);
      return;
    }
    let kept = 0;
    for (let i = start; i < start + rows; i++) {
      const low = halves[i];
      const w = (low & 511) >>> 5;
      if (w < stride && (words[(low >>> 9) * stride + w] & (1 << (low & 31))) !== 0) values[kept++] = low;
    }
    this.isBitmap = false;
    this.#rows = kept;
  }

  /** Clears all bits that are not in the container. */
  #retainMask(view: ContainerView): void {
    const mask = maskScratch;
    const { words, stride } = this;
    const length = stride * PAGES_PER_GROUP;
    mask.fill(0, 0, length);
    setBits(view, mask, stride);
    for (let i = 0; i < length; i++) words[i] &= mask[i];
    this.#rows = -1;
  }

  #mergeArray(view: ContainerView): void {
    this.#mergeSorted(view.halves, view.start, view.rows);
  }

  /** Merges other[from..from + count) into the array, from the end so that nothing is in the way. */
  #mergeSorted(other: Uint16Array, from: number, count: number): void {
    const { values } = this;
    const mine = this.#rows;
    if (mine === 0 || values[mine - 1] < other[from]) {
      for (let i = 0; i < count; i++) values[mine + i] = other[from + i];
      this.#rows = mine + count;
      return;
    }
    let i = mine - 1;
    let j = from + count - 1;
    let at = mine + count;
    while (j >= from) {
      const a = i >= 0 ? values[i] : -1;
      const b = other[j];
      if (a >= b) i--;
      if (b >= a) j--;
      values[--at] = a > b ? a : b;
    }
    // Duplicates leave a gap between what was not moved and what was.
    const kept = i + 1;
    if (at > kept) values.copyWithin(kept, at, mine + count);
    this.#rows = kept + mine + count - at;
  }

  /** Makes room for the container's slots as well. */
  #becomeBitmap(view: ContainerView): void {
    const { words } = this;
    const stride = view.kind === CONTAINER_BITMAP ? view.detail : strideOf(view);
    if (this.isBitmap) {
      if (stride <= this.stride) return;
      for (let page = PAGES_PER_GROUP - 1; page >= 0; page--) {
        for (let w = stride - 1; w >= 0; w--)
          words[page * stride + w] = w < this.stride ? words[page * this.stride + w] : 0;
      }
      this.stride = stride;
      return;
    }
    const { values } = this;
    let slot = 0;
    for (let i = 0; i < this.#rows; i++) if ((values[i] & 511) > slot) slot = values[i] & 511;
    this.stride = Math.max(stride, (slot >>> 5) + 1);
    words.fill(0, 0, this.stride * PAGES_PER_GROUP);
    for (let i = 0; i < this.#rows; i++) {
      const low = values[i];
      words[(low >>> 9) * this.stride + ((low & 511) >>> 5)] |= 1 << (low & 31);
    }
    this.isBitmap = true;
  }

  /** The group as a container, until it changes. */
  view(target: ContainerView): ContainerView {
    target.kind = this.isBitmap ? CONTAINER_BITMAP : CONTAINER_ARRAY;
    target.halves = this.values;
    target.words = this.words;
    target.start = 0;
    target.rows = this.isBitmap ? this.rows : this.#rows;
    target.detail = this.stride;
    return target;
  }
}

const mergeScratch = new Uint16Array(ARRAY_ROWS_MAX);
const maskScratch = new Uint32Array(BITMAP_WORDS_MAX);

/** First index in from..to whose value is >= wanted, looking ahead in doubling steps. */
function gallop16(values: Uint16Array, from: number, to: number, wanted: number): number {
  if (from >= to || values[from] >= wanted) return from;
  let step = 1;
  let low = from;
  let high = from + 1;
  while (high < to && values[high] < wanted) {
    low = high;
    step *= 2;
    high = low + step;
  }
  if (high > to) high = to;
  low++;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (values[middle] < wanted) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Low halves of arrays and runs. */
function unpackSmall(view: ContainerView, target: Uint16Array): void {
  const { halves, start } = view;
  if (view.kind === CONTAINER_ARRAY) target.set(halves.subarray(start, start + view.rows));
  else unpackRuns(halves, start, view.detail, target, 0);
}

/** Words a page that a bitmap of the array or the runs needs. */
function strideOf(view: ContainerView): number {
  const { halves, start } = view;
  let slot = 0;
  if (view.kind === CONTAINER_ARRAY) {
    for (let i = start; i < start + view.rows; i++) if ((halves[i] & 511) > slot) slot = halves[i] & 511;
  } else {
    for (let i = start; i < start + view.detail * 2; i += 2) {
      const last = (halves[i] & 511) + halves[i + 1];
      if (last > slot) slot = last < 511 ? last : 511;
    }
  }
  return (slot >>> 5) + 1;
}

/** Sets the bits of an array or of runs; slots beyond the stride are left out. */
function setBits(view: ContainerView, words: Uint32Array, stride: number): void {
  const { halves, start } = view;
  if (view.kind === CONTAINER_ARRAY) {
    for (let i = start; i < start + view.rows; i++) {
      const low = halves[i];
      const w = (low & 511) >>> 5;
      if (w < stride) words[(low >>> 9) * stride + w] |= 1 << (low & 31);
    }
    return;
  }
  for (let i = start; i < start + view.detail * 2; i += 2) {
    const first = halves[i];
    const last = first + halves[i + 1];
    for (let w = first >>> 5; w <= last >>> 5; w++) {
      if ((w & 15) >= stride) continue;
      let mask = -1;
      if (w === first >>> 5) mask &= -1 << (first & 31);
      if (w === last >>> 5) mask &= -1 >>> (31 - (last & 31));
      words[(w >>> 4) * stride + (w & 15)] |= mask;
    }
  }
}

/** Whether ascending low halves are in the container: to be asked in order. */
function containing(view: ContainerView): (low: number) => boolean {
  const { halves, words, start } = view;
  if (view.kind === CONTAINER_BITMAP) {
    const stride = view.detail;
    return (low) => {
      const w = (low & 511) >>> 5;
      return w < stride && (words[start + (low >>> 9) * stride + w] & (1 << (low & 31))) !== 0;
    };
  }
  let at = start;
  if (view.kind === CONTAINER_ARRAY) {
    const end = start + view.rows;
    return (low) => {
      at = gallop16(halves, at, end, low);
      return at < end && halves[at] === low;
    };
  }
  const end = start + view.detail * 2;
  return (low) => {
    while (at < end && halves[at] + halves[at + 1] < low) at += 2;
    return at < end && halves[at] <= low;
  };
}
