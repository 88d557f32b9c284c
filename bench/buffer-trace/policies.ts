/** LRU, LFU, ARC, W-TinyLFU and Belady's optimum. */
import type { Policy, PolicyMaker } from './policy.ts';
import { PageLists } from './policy.ts';
import { FrequencySketch } from './sketch.ts';

export const lru: PolicyMaker = (frames, pageCount) => {
  const lists = new PageLists(pageCount, 1);
  return {
    name: 'LRU',
    access(page) {
      const isHit = lists.of(page) === 0;
      if (!isHit && lists.sizes[0] === frames) lists.remove(lists.oldest(0));
      lists.push(0, page);
      return isHit;
    },
  };
};

/** LFU with perfect memory of all counts, which no server could afford: the least frequent of those present goes. */
export const lfu: PolicyMaker = (frames, pageCount) => {
  const counts = new Uint32Array(pageCount);
  const heap: number[] = [];
  const place = new Int32Array(pageCount).fill(-1);
  const isLess = (a: number, b: number): boolean => counts[a] < counts[b];
  const put = (at: number, page: number): void => {
    heap[at] = page;
    place[page] = at;
  };
  const sink = (start: number, page: number): void => {
    let at = start;
    for (;;) {
      let child = at * 2 + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && isLess(heap[child + 1], heap[child])) child++;
      if (!isLess(heap[child], page)) break;
      put(at, heap[child]);
      at = child;
    }
    put(at, page);
  };
  const rise = (start: number, page: number): void => {
    let at = start;
    while (at > 0 && isLess(page, heap[(at - 1) >> 1])) {
      put(at, heap[(at - 1) >> 1]);
      at = (at - 1) >> 1;
    }
    put(at, page);
  };
  return {
    name: 'LFU (all counts)',
    access(page) {
      counts[page]++;
      if (place[page] >= 0) {
        sink(place[page], page);
        return true;
      }
      if (heap.length < frames) {
        heap.push(page);
        rise(heap.length - 1, page);
      } else {
        place[heap[0]] = -1;
        sink(0, page);
      }
      return false;
    },
  };
};

/** Megiddo and Modha, "ARC: a self-tuning, low overhead replacement cache" (2003). Lists: T1, T2, B1, B2. */
export const arc: PolicyMaker = (frames, pageCount) => {
  const lists = new PageLists(pageCount, 4);
  const { sizes } = lists;
  let target = 0;
  const replace = (isInB2: boolean): void => {
    if (sizes[0] > 0 && (sizes[0] > target || (isInB2 && sizes[0] === target))) lists.push(2, lists.oldest(0));
    else lists.push(3, lists.oldest(1));
  };
  return {
    name: 'ARC',
    access(page) {
      const list = lists.of(page);
      if (list === 0 || list === 1) {
        lists.push(1, page);
        return true;
      }
      if (list === 2 || list === 3) {
        const step = list === 2 ? Math.max(1, sizes[3] / sizes[2]) : -Math.max(1, sizes[2] / sizes[3]);
        target = Math.min(frames, Math.max(0, target + step));
        replace(list === 3);
        lists.push(1, page);
        return false;
      }
      if (sizes[0] + sizes[2] === frames) {
        if (sizes[0] < frames) {
          lists.remove(lists.oldest(2));
          replace(false);
        } else lists.remove(lists.oldest(0));
      } else if (sizes[0] + sizes[1] + sizes[2] + sizes[3] >= frames) {
        if (sizes[0] + sizes[1] + sizes[2] + sizes[3] === frames * 2) lists.remove(lists.oldest(3));
        replace(false);
      }
      lists.push(0, page);
      return false;
    },
  };
};

/** Einziger, Friedman and Manes, "TinyLFU" (2017): a window of 1 %, a segmented LRU behind it, and a sketch that decides. */
export const wTinyLfu: PolicyMaker = (frames, pageCount) => {
  const WINDOW = 0;
  const PROBATION = 1;
  const PROTECTED = 2;
  const lists = new PageLists(pageCount, 3);
  const { sizes } = lists;
  const windowMax = Math.max(1, Math.floor(frames / 100));
  const protectedMax = Math.floor((frames - windowMax) * 0.8);
  const sketch = new FrequencySketch(frames);
  return {
    name: 'W-TinyLFU',
    access(page) {
      sketch.add(page);
      const list = lists.of(page);
      if (list >= 0) {
        lists.push(list === WINDOW ? WINDOW : PROTECTED, page);
        if (sizes[PROTECTED] > protectedMax) lists.push(PROBATION, lists.oldest(PROTECTED));
        return true;
      }
      lists.push(WINDOW, page);
      if (sizes[WINDOW] > windowMax) {
        const candidate = lists.oldest(WINDOW);
        if (sizes[PROBATION] + sizes[PROTECTED] < frames - windowMax) lists.push(PROBATION, candidate);
        else {
          const victim = sizes[PROBATION] > 0 ? lists.oldest(PROBATION) : lists.oldest(PROTECTED);
          if (sketch.count(candidate) > sketch.count(victim)) {
            lists.remove(victim);
            lists.push(PROBATION, candidate);
          } else lists.remove(candidate);
        }
      }
      return false;
    },
  };
};

/** Belady (1966): the page goes that is wanted last. Nobody can do better, and nobody can do it: it knows the future. */
export function optimum(trace: Uint32Array, frames: number, pageCount: number): Policy {
  const nextUse = new Float64Array(trace.length);
  const seen = new Float64Array(pageCount).fill(Number.POSITIVE_INFINITY);
  for (let i = trace.length - 1; i >= 0; i--) {
    nextUse[i] = seen[trace[i]];
    seen[trace[i]] = i;
  }
  // A heap of (next use, page), the farthest first; what is out of date is passed over.
  const heap: number[] = [];
  const uses = new Float64Array(pageCount).fill(-1);
  let size = 0;
  let now = -1;
  const push = (use: number, page: number): void => {
    // Never again: behind everything else, but in some order.
    const key = (Number.isFinite(use) ? use : trace.length) * pageCount + page;
    let at = heap.length;
    heap.push(key);
    while (at > 0 && heap[(at - 1) >> 1] < key) {
      heap[at] = heap[(at - 1) >> 1];
      at = (at - 1) >> 1;
    }
    heap[at] = key;
  };
  const pop = (): number => {
    const top = heap[0];
    const last = heap.pop() as number;
    let at = 0;
    for (;;) {
      let child = at * 2 + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && heap[child + 1] > heap[child]) child++;
      if (heap[child] <= last) break;
      heap[at] = heap[child];
      at = child;
    }
    if (heap.length > 0) heap[at] = last;
    return top;
  };
  return {
    name: "Belady's optimum",
    access(page) {
      const use = nextUse[++now];
      const isHit = uses[page] >= 0;
      if (!isHit && size === frames) {
        for (;;) {
          const top = pop();
          const victim = top % pageCount;
          const victimUse = (top - victim) / pageCount;
          if (uses[victim] !== victimUse) continue;
          uses[victim] = -1;
          break;
        }
      } else if (!isHit) size++;
      uses[page] = Number.isFinite(use) ? use : trace.length;
      push(use, page);
      return isHit;
    },
  };
}
