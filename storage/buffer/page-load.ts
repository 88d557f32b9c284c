/** A page on its way into memory, and who waits for it. */
import { SqlError } from '../../types/errors.ts';
import { PAGE_SIZE } from '../limits.ts';
import type { RelationPages } from './relation-pages.ts';

/** What a statement waits for after PAGE_MISS. */
export interface Awaited {
  /** Nothing is to be waited for any more: it may be tried again at once. */
  readonly isSettled: boolean;
  onLoaded(callback: () => void): void;
}

/** Nothing but the others' turn. */
export const NEXT_TURN: Awaited = { isSettled: false, onLoaded: (callback) => void setImmediate(callback) };

/** The page came from elsewhere, without a read that is waited for: it is there. */
export const ARRIVED: Awaited = { isSettled: true, onLoaded: (callback) => void setImmediate(callback) };

export type RelationLoads = Map<number, PageLoad>;

export class PageLoad implements Awaited {
  readonly relation: RelationPages;
  readonly pageNo: number;
  /** -1 while it waits for a frame. */
  frame = -1;
  error: SqlError | null = null;
  /** Somebody needs it now; otherwise it was only prefetched, and a failure is nobody's. */
  demanded = false;
  /**
   * The frame's usage count when loaded: 0 for a page that somebody waits for, whose lookup will be the first; 1 for one that was
   * read ahead, so that it is still there when it is wanted.
   */
  usage = 0;
  /** It has ended, one way or the other. */
  isSettled = false;
  /** Most pages of a scan are there before anybody waits. */
  private waiters: (() => void)[] | null = null;

  constructor(relation: RelationPages, pageNo: number) {
    this.relation = relation;
    this.pageNo = pageNo;
  }

  /** Called when the page is there or its read has failed; then the caller tries again, and gets the page or the error. */
  onLoaded(callback: () => void): void {
    if (this.isSettled) {
      setImmediate(callback);
      return;
    }
    if (this.waiters === null) this.waiters = [callback];
    else this.waiters.push(callback);
  }

  wake(): void {
    this.isSettled = true;
    const { waiters } = this;
    if (waiters === null) return;
    this.waiters = null;
    for (const callback of waiters) callback();
  }
}

/** What frameBase throws when the page has to be read first. One object for all; `pool.onLoaded` tells when to try again. */
export class PageMiss extends Error {
  override readonly name = 'PageMiss';
}

export const PAGE_MISS: PageMiss = Object.freeze(newPageMiss());

/** Without a stack, and without asking for it: V8 would look for the lines of the whole program. */
function newPageMiss(): PageMiss {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0;
  const miss = new PageMiss('the page is not in memory');
  Error.stackTraceLimit = stackTraceLimit;
  return miss;
}

/** Pages between two that are wanted, read over (they are in memory, or nobody wants them). */
export const READ_GAP_MAX = 2;
/** Where these go. Nobody looks at it. */
const gap = Buffer.alloc(READ_GAP_MAX * PAGE_SIZE);

/** Where neighbouring pages are read to: frames that lie together are one piece. */
export function loadTargets(bytes: Buffer, loads: readonly PageLoad[]): Buffer[] {
  const targets: Buffer[] = [];
  for (let i = 0; i < loads.length; ) {
    const between = i === 0 ? 0 : loads[i].pageNo - loads[i - 1].pageNo - 1;
    if (between > 0) targets.push(gap.subarray(0, between * PAGE_SIZE));
    const start = i++;
    while (i < loads.length && loads[i].frame === loads[i - 1].frame + 1 && loads[i].pageNo === loads[i - 1].pageNo + 1)
      i++;
    targets.push(bytes.subarray(loads[start].frame * PAGE_SIZE, (loads[i - 1].frame + 1) * PAGE_SIZE));
  }
  return targets;
}

/** Every frame is pinned or busy. */
export function noFrames(): SqlError {
  return new SqlError('53000', 'no unpinned buffers available');
}
