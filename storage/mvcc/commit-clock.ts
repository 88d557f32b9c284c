/**
 * When commits happened: the way from a time to the CSN that had come by then.
 *
 *      time        10:00:00.0001     .0043     .0044          one entry for commits of the same time (see History.stamp)
 *      CSN              17             21        22           the last commit of that time
 *      horizon        1040           1044      1047           below it all xids had ended then
 *
 * Times, CSNs and horizons only grow. A chunk has the first entry's numbers in full, and the others as differences to them: 12 bytes
 * an entry. The oldest chunk goes when all its entries have been dropped.
 */
import { assert } from '../../types/assert.ts';

const CHUNK_ENTRIES = 1024;
/** A difference that no longer fits begins a chunk: 71 minutes of microseconds. */
const DIFFERENCE_MAX = 0xffffffff;

export interface CommitMoment {
  /** Microseconds since 2000-01-01 UTC. */
  readonly time: number;
  readonly csn: number;
  readonly horizon: number;
}

class Chunk {
  readonly first: CommitMoment;
  readonly times = new Uint32Array(CHUNK_ENTRIES);
  readonly csns = new Uint32Array(CHUNK_ENTRIES);
  readonly horizons = new Uint32Array(CHUNK_ENTRIES);
  count = 0;

  constructor(first: CommitMoment) {
    this.first = first;
  }

  takes({ time, csn, horizon }: CommitMoment): boolean {
    const { first } = this;
    if (this.count === CHUNK_ENTRIES || time - first.time > DIFFERENCE_MAX) return false;
    return csn - first.csn <= DIFFERENCE_MAX && horizon - first.horizon <= DIFFERENCE_MAX;
  }

  set(at: number, { time, csn, horizon }: CommitMoment): void {
    this.times[at] = time - this.first.time;
    this.csns[at] = csn - this.first.csn;
    this.horizons[at] = horizon - this.first.horizon;
  }

  at(i: number): CommitMoment {
    const { first } = this;
    return {
      time: first.time + this.times[i],
      csn: first.csn + this.csns[i],
      horizon: first.horizon + this.horizons[i],
    };
  }

  /** The last entry that is not later; -1: all are. */
  find(time: number): number {
    let low = 0;
    let high = this.count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.first.time + this.times[middle] <= time) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }
}

export class CommitClock {
  private chunks: Chunk[] = [];
  /** Entries of the first chunk that were dropped. */
  private dropped = 0;

  get isEmpty(): boolean {
    return this.chunks.length === 0;
  }

  get memoryBytes(): number {
    return this.chunks.length * CHUNK_ENTRIES * 12;
  }

  /** The oldest entry that is kept. Before: not empty. */
  get oldest(): CommitMoment {
    return this.chunks[0].at(this.dropped);
  }

  get newest(): CommitMoment {
    const last = this.chunks[this.chunks.length - 1];
    return last.at(last.count - 1);
  }

  /** In order; one of the newest's time takes its place. */
  add(moment: CommitMoment): void {
    let last = this.chunks[this.chunks.length - 1];
    if (last !== undefined) {
      const { time, csn, horizon } = this.newest;
      assert(moment.time >= time && moment.csn >= csn && moment.horizon >= horizon, 'commit times only grow');
      const isSame = moment.time === time;
      if (isSame && last.takes({ ...moment, time: last.first.time })) {
        last.set(last.count - 1, moment);
        return;
      }
    }
    if (last === undefined || !last.takes(moment)) {
      last = new Chunk(moment);
      this.chunks.push(last);
    }
    last.set(last.count++, moment);
  }

  /** The last entry that is not later than `time`; null: it has been dropped, or never was. */
  find(time: number): CommitMoment | null {
    let low = 0;
    let high = this.chunks.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.chunks[middle].first.time <= time) low = middle + 1;
      else high = middle;
    }
    if (low === 0) return null;
    const chunk = this.chunks[low - 1];
    const at = chunk.find(time);
    return low === 1 && at < this.dropped ? null : chunk.at(at);
  }

  /** Drops the entries that no moment from `time` on asks for: those whose next is not later than it. */
  dropBefore(time: number): void {
    for (;;) {
      const [first, second] = this.chunks;
      if (first === undefined) return;
      const next = this.dropped + 1;
      const isLastOfChunk = next === first.count;
      if (isLastOfChunk && second === undefined) return;
      const nextTime = isLastOfChunk ? second.first.time : first.first.time + first.times[next];
      if (nextTime > time) return;
      this.dropped = next;
      if (!isLastOfChunk) continue;
      this.chunks.shift();
      this.dropped = 0;
    }
  }

  clear(): void {
    this.chunks = [];
    this.dropped = 0;
  }
}
