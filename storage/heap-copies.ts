/**
 * Heaps that are being copied (heap/heap-copy.ts), and the work in the background that completes them: some pages, a pause, some pages.
 * While others are at work it takes little of the time, and of the log that they wait for; and all that it can get when there is nobody. It reads
 * ahead in a ring of its own.
 */
import { SqlError } from '../types/errors.ts';
import { LazyMap } from '../types/lazy-map.ts';
import { PAGE_MISS, ScanRing } from './buffer/index.ts';
import { Heap, HeapCopy } from './heap/index.ts';
import type { Store } from './store.ts';

/** A millisecond or two. */
const IDLE_PAGES = 16;
const IDLE_PAUSE_MS = 1;
/** A quarter of a millisecond: eight megabytes a second. */
const BUSY_PAGES = 4;
const BUSY_PAUSE_MS = 4;
/** Between two looks whether statements that read a copy's source have ended. */
const ENDED_PAUSE_MS = 20;
/** After a full disk, or an error of a file. */
const RETRY_MS = 1000;

export class HeapCopies {
  readonly #store: Store;
  /** By the copy's relation. */
  readonly #copies = new LazyMap<number, HeapCopy>();
  #ended: { readonly copy: HeapCopy; readonly isOver: () => boolean }[] = [];
  #ring: ScanRing | null = null;
  #timer: NodeJS.Timeout | null = null;
  #isStarted = false;
  #isWaiting = false;
  /** What the pool and the log had done after the last slice. */
  #workSeen = 0;

  constructor(store: Store) {
    this.#store = store;
  }

  get(relId: number): HeapCopy | undefined {
    return this.#copies.get(relId);
  }

  all(): Iterable<HeapCopy> {
    return this.#copies.values();
  }

  get count(): number {
    return this.#copies.size;
  }

  add(copy: HeapCopy): void {
    this.#copies.set(copy.target.relId, copy);
    copy.ended = () => {
      this.#copies.delete(copy.target.relId);
      // Statements under way read what they have begun to read.
      this.#ended.push({ copy, isOver: this.#store.transactions.whenReleased() });
      this.#schedule(IDLE_PAUSE_MS);
    };
  }

  /** The copies that recovery has found. `isGuarding`: their sources' pages are what the log says they are. */
  restore(isGuarding: boolean): void {
    const { heaps, context } = this.#store;
    const retired = new Map<number, Heap>();
    const heapOf = (pages: Heap['pages']): Heap => {
      const heap = heaps.get(pages.relId) ?? retired.get(pages.relId) ?? new Heap(context, pages);
      if (!heaps.has(pages.relId)) retired.set(pages.relId, heap);
      return heap;
    };
    for (const relation of this.#store.pool.copies()) {
      const copy = new HeapCopy(heapOf(relation.source), heapOf(relation.target), relation);
      relation.isGuarding = isGuarding;
      copy.isIndexed = false;
      this.add(copy);
    }
  }

  /** Completes those that there are, and that come. */
  start(): void {
    this.#isStarted = true;
    for (const { relation } of this.#copies.values()) relation.isGuarding = true;
    if (this.#copies.size > 0) this.#schedule(IDLE_PAUSE_MS);
  }

  /** These are the whole of what their sources were: from now on that is kept. */
  guard(copies: readonly HeapCopy[]): void {
    for (const copy of copies) copy.guard();
    this.#schedule(IDLE_PAUSE_MS);
  }

  stop(): void {
    this.#isStarted = false;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }

  #schedule(delayMs: number): void {
    if (!this.#isStarted || this.#timer !== null || this.#isWaiting) return;
    this.#timer = setTimeout(this.#onTimer, delayMs);
    this.#timer.unref();
  }

  readonly #onTimer = (): void => {
    this.#timer = null;
    if (!this.#isStarted) return;
    const isBusy = this.#work !== this.#workSeen;
    try {
      if (this.slice(isBusy ? BUSY_PAGES : IDLE_PAGES)) this.#schedule(isBusy ? BUSY_PAUSE_MS : IDLE_PAUSE_MS);
    } catch (error) {
      if (error === PAGE_MISS) this.#waitForPage();
      else if (error instanceof SqlError) this.#schedule(RETRY_MS);
      else throw error;
    } finally {
      this.#workSeen = this.#work;
      this.#letGo();
    }
  };

  #letGo(): void {
    if (this.#ended.length === 0) return;
    const over = this.#ended.filter(({ isOver }) => isOver());
    this.#ended = this.#ended.filter((each) => !over.includes(each));
    for (const { copy } of over) copy.onEnd();
    if (this.#ended.length > 0) this.#schedule(ENDED_PAUSE_MS);
  }

  /** Changes with whatever anybody does. */
  get #work(): number {
    const { pool, wal } = this.#store;
    return pool.hits + pool.reads + wal.recordCount;
  }

  #waitForPage(): void {
    this.#isWaiting = true;
    this.#store.pool.onLoaded(() => {
      this.#isWaiting = false;
      this.#schedule(IDLE_PAUSE_MS);
    });
  }

  /** Copies some pages; false: nothing is left to do. */
  slice(pages: number): boolean {
    const { pool } = this.#store;
    let left = pages;
    for (const copy of [...this.#copies.values()]) {
      const { relation } = copy;
      if (!relation.isGuarding || !relation.isLogged) continue;
      if (relation.missingCount > 0) {
        const pageNos = nextMissing(copy, left * 2);
        this.#ring ??= new ScanRing();
        pool.prefetch(relation.source, pageNos, pageNos.length, this.#ring);
        for (const pageNo of pageNos.slice(0, left)) {
          copy.copyInRing(pageNo);
          left--;
        }
      }
      if (relation.missingCount === 0) pool.endCopy(relation);
      if (left === 0) return true;
    }
    return left < pages;
  }
}

function nextMissing({ relation }: HeapCopy, count: number): number[] {
  const pageNos: number[] = [];
  let pageNo = relation.missing.next(0);
  for (; pageNo >= 0 && pageNos.length < count; pageNo = relation.missing.next(pageNo + 1)) pageNos.push(pageNo);
  return pageNos;
}
