/**
 * How large the JavaScript heap may get beside what is used of it. Rows, indexes and the log are off the heap; on it are plans, sessions and
 * the values of running statements, some 15 MB that stay. V8's own limits are made for programs that have everything there: it lets
 * the old generation grow to several times what survived, and the young one to 32 MB. Measured (bench/memory.ts, memory beyond pool and indexes
 * at its height): 260 MB with V8's limits, 167 with these.
 */
import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8';

/**
 * A full collection when the old generation has grown by so many percent. 30 would cost a sort that spills 20 % of its time, 60 some 5 %;
 * point queries and TPC-B show nothing of either.
 */
const GROWTH_PERCENT = 60;
/** Both halves of the young generation. With 2 MB collections are frequent and find more alive. */
const YOUNG_BYTES_MAX = 16 * 1024 * 1024;
const LOOK_MS = 500;

export function limitHeap(): void {
  setFlagsFromString(`--heap-growing-percent=${GROWTH_PERCENT}`);
  // Its largest size is fixed when the process starts, but V8 asks each time by how much it may grow.
  let mayGrow = true;
  const look = (): void => {
    const young = getHeapSpaceStatistics().find((space) => space.space_name === 'new_space');
    const hasRoom = young === undefined || young.space_size < YOUNG_BYTES_MAX;
    if (hasRoom === mayGrow) return;
    mayGrow = hasRoom;
    setFlagsFromString(`--semi-space-growth-factor=${hasRoom ? 2 : 1}`);
  };
  setInterval(look, LOOK_MS).unref();
}
