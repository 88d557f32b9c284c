/**
 * Reads the pages of a list of hot pages, hottest first, while queries are served.
 *
 * The list is taken a chunk at a time; within a chunk pages are read in the order of their files, neighbours together, and the
 * next chunk waits until the rate allows it. Pages go only into frames that hold nothing, so that nothing that a query has
 * brought in goes for it; when there are no such frames left, the preload is over.
 *
 * Before the first query, `begin` makes room: what recovery and the startup sweep left in memory and the list does not name.
 */
import { PAGE_SIZE, USAGE_COUNT_MAX } from '../limits.ts';
import { type HotList, heatOfClass } from './hot-list.ts';
import type { BufferPool } from './pool.ts';
import type { RelationPages } from './relation-pages.ts';

export interface PreloadProgress {
  /** off: no list, or a rate of 0. */
  state: 'off' | 'loading' | 'done';
  /** Pages of the list, and of them: read; not read because they were there already, gone, damaged, or without room. */
  total: number;
  loaded: number;
  resident: number;
  gone: number;
  damaged: number;
  withoutRoom: number;
  startedMs: number;
  endedMs: number;
}

export interface PreloadOptions {
  readonly pool: BufferPool;
  readonly list: HotList;
  readonly bytesPerSecond: number;
  readonly now: () => number;
  readonly onDone: (progress: PreloadProgress) => void;
}

const CHUNK_PAGES_MAX = 1024;
/** A chunk is at most what the rate allows in this time, so that the rate is even. */
const CHUNK_MS = 50;
/** Queries read a lot: look again later. */
const RETRY_MS = 5;

export function noProgress(): PreloadProgress {
  return {
    state: 'off',
    total: 0,
    loaded: 0,
    resident: 0,
    gone: 0,
    damaged: 0,
    withoutRoom: 0,
    startedMs: 0,
    endedMs: 0,
  };
}

export class Preload {
  readonly progress: PreloadProgress = noProgress();
  private readonly options: PreloadOptions;
  private readonly chunkPages: number;
  private readonly order: Float64Array;
  private readonly pageNos: Uint32Array;
  private readonly usages: Uint8Array;
  /** Of the list. */
  private next = 0;
  /** Pages asked for since the start, for the rate. */
  private asked = 0;
  private outstanding = 0;
  private timer: NodeJS.Timeout | null = null;
  private isStopped = false;

  constructor(options: PreloadOptions) {
    this.options = options;
    const pages = Math.floor((options.bytesPerSecond / PAGE_SIZE) * (CHUNK_MS / 1000));
    // Not more than the pool's limit of reads under way, half of it left to the queries.
    this.chunkPages = Math.max(1, Math.min(pages, CHUNK_PAGES_MAX, options.pool.frameCount >>> 3));
    this.order = new Float64Array(this.chunkPages);
    this.pageNos = new Uint32Array(this.chunkPages);
    this.usages = new Uint8Array(this.chunkPages);
  }

  /** Before the first query. */
  begin(): void {
    const { list, now } = this.options;
    this.progress.total = list.count;
    this.progress.state = 'loading';
    this.progress.startedMs = now();
    this.makeRoom();
    this.timer = setTimeout(this.step, 0);
    this.timer.unref();
  }

  stop(): void {
    this.isStopped = true;
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
  }

  /** Seconds until the end at the configured rate, 0 when it is over. */
  get secondsLeft(): number {
    if (this.progress.state !== 'loading') return 0;
    return ((this.options.list.count - this.next) * PAGE_SIZE) / this.options.bytesPerSecond;
  }

  private makeRoom(): void {
    const { pool, list } = this.options;
    const keep = new Uint8Array(pool.frameCount);
    let wanted = 0;
    for (let i = 0; i < list.count; i++) {
      const rel = pool.relation(list.relIds[i]);
      if (rel === undefined || list.pageNos[i] >= rel.pageCount) continue;
      const frame = rel.frames[list.pageNos[i]];
      if (frame >= 0) {
        keep[frame] = 1;
        this.warm(frame, i);
        pool.usage[frame] = this.usageOf(i);
      } else wanted++;
    }
    const missing = wanted - pool.unusedFrames;
    if (missing > 0) pool.releaseClean(missing, keep);
  }

  private readonly step = (): void => {
    this.timer = null;
    const { pool, list } = this.options;
    if (this.isStopped || pool.isClosed) return;
    if (this.next >= list.count) {
      this.end();
      return;
    }
    if (pool.readsUnderWay > pool.frameCount >>> 3) {
      this.timer = setTimeout(this.step, RETRY_MS);
      this.timer.unref();
      return;
    }
    if (pool.unusedFrames === 0) {
      this.progress.withoutRoom += list.count - this.next;
      this.next = list.count;
      this.end();
      return;
    }
    this.outstanding = 1;
    this.readChunk();
    this.settled();
  };

  /** One chunk: those of its pages that are still wanted, in the order of their files. */
  private readChunk(): void {
    const { pool, list } = this.options;
    const { order, progress } = this;
    const end = Math.min(this.next + this.chunkPages, list.count);
    let count = 0;
    const start = this.next;
    for (let i = start; i < end; i++) {
      const rel = pool.relation(list.relIds[i]);
      if (rel === undefined || list.pageNos[i] >= rel.pageCount) progress.gone++;
      else if (rel.frames[list.pageNos[i]] >= 0 || rel.loads.has(list.pageNos[i])) progress.resident++;
      else order[count++] = i;
    }
    this.next = end;
    const chosen = order.subarray(0, count);
    chosen.sort((a, b) => list.relIds[a] - list.relIds[b] || list.pageNos[a] - list.pageNos[b]);
    for (let from = 0; from < count; ) {
      const relId = list.relIds[chosen[from]];
      let to = from;
      for (; to < count && list.relIds[chosen[to]] === relId; to++) {
        this.pageNos[to - from] = list.pageNos[chosen[to]];
        this.usages[to - from] = this.usageOf(chosen[to]);
      }
      this.read(pool.relation(relId) as RelationPages, chosen.subarray(from, to));
      from = to;
    }
  }

  private read(rel: RelationPages, indexes: Float64Array): void {
    const { pool } = this.options;
    const { pageNos, progress } = this;
    const begun = pool.preload(rel, pageNos, indexes.length, this.usages);
    progress.withoutRoom += indexes.length - begun;
    this.asked += begun;
    for (let i = 0; i < begun; i++) {
      const pageNo = pageNos[i];
      const index = indexes[i];
      const load = rel.loads.get(pageNo);
      if (load === undefined) continue;
      this.outstanding++;
      load.onLoaded(() => {
        if (rel.dropped || pageNo >= rel.pageCount) progress.gone++;
        else if (rel.frames[pageNo] >= 0) {
          progress.loaded++;
          this.warm(rel.frames[pageNo], index);
        } else progress.damaged++;
        this.settled();
      });
    }
  }

  private settled(): void {
    if (--this.outstanding > 0 || this.isStopped) return;
    const { bytesPerSecond, now } = this.options;
    const dueMs = this.progress.startedMs + (this.asked * PAGE_SIZE * 1000) / bytesPerSecond;
    this.timer = setTimeout(this.step, Math.max(0, dueMs - now()));
    this.timer.unref();
  }

  /** The sweep takes one at once from who has 1; a page of the list is worth more than one that nobody has wanted yet. */
  private usageOf(index: number): number {
    return Math.min(USAGE_COUNT_MAX, Math.max(1, this.options.list.usages[index]));
  }

  /** The page is as hot as it was when the list was made. */
  private warm(frame: number, index: number): void {
    const { heat } = this.options.pool;
    heat[frame] = Math.max(heat[frame], heatOfClass(this.options.list.classes[index]) - this.usageOf(index));
  }

  private end(): void {
    this.progress.state = 'done';
    this.progress.endedMs = this.options.now();
    this.options.onDone(this.progress);
  }
}
