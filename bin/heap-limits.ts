/**
 * How large the JavaScript heap may get beside what is used of it. Rows, indexes and the log are off the heap; on it are plans, sessions and
 * the values of running statements, some 15 MB that stay. V8's own limits are made for programs that have everything there: it lets
 * the old generation grow to several times what survived, and the young one to 32 MB. Measured (bench/memory.ts, memory beyond pool and indexes
 * at its height): 100 MB more with V8's limits than with this one of the young generation and launcher.mjs's of the old one.
 */
import { PerformanceObserver } from 'node:perf_hooks';
import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8';

/** Both halves of the young generation. With 2 MB collections are frequent and find more alive. */
const YOUNG_BYTES_MAX = 16 * 1024 * 1024;
const LOOK_MS = 500;

export function limitYoungGeneration(): void {
  // Its largest size is fixed when the process starts, but V8 asks each time by how much it may grow. Said again at each look: the launcher
  // sets it back for a moment.
  const look = (): boolean => {
    const young = getHeapSpaceStatistics().find((space) => space.space_name === 'new_space');
    const hasRoom = young === undefined || young.space_size < YOUNG_BYTES_MAX;
    setFlagsFromString(`--semi-space-growth-factor=${hasRoom ? 2 : 1}`);
    return hasRoom;
  };
  setInterval(look, LOOK_MS).unref();
  // Until it is as large as it may be, after each collection too: one statement can make it grow twice between two looks.
  const observer = new PerformanceObserver(() => {
    if (!look()) observer.disconnect();
  });
  observer.observe({ entryTypes: ['gc'] });
}
