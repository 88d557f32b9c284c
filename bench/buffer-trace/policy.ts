/** What a replacement policy is to the simulator: pages are numbers from 0, `access` answers whether the page was there. */
export interface Policy {
  readonly name: string;
  access(page: number): boolean;
}

/** Makes a policy for a cache of `frames` pages over pages 0 .. pageCount - 1. */
export type PolicyMaker = (frames: number, pageCount: number) => Policy;

/** Doubly linked lists of pages over typed arrays: each page is on one list at most. */
export class PageLists {
  private readonly next: Int32Array;
  private readonly previous: Int32Array;
  private readonly listOf: Int8Array;
  readonly sizes: Int32Array;
  private readonly pageCount: number;

  /** List l's head is entry pageCount + l: its next is the newest page, its previous the oldest. */
  constructor(pageCount: number, lists: number) {
    this.pageCount = pageCount;
    this.next = Int32Array.from({ length: pageCount + lists }, (_, i) => i);
    this.previous = Int32Array.from({ length: pageCount + lists }, (_, i) => i);
    this.listOf = new Int8Array(pageCount).fill(-1);
    this.sizes = new Int32Array(lists);
  }

  /** The page's list, or -1. */
  of(page: number): number {
    return this.listOf[page];
  }

  /** The page becomes the newest of the list, wherever it was. */
  push(list: number, page: number): void {
    this.remove(page);
    const head = this.pageCount + list;
    const first = this.next[head];
    this.next[head] = page;
    this.previous[page] = head;
    this.next[page] = first;
    this.previous[first] = page;
    this.listOf[page] = list;
    this.sizes[list]++;
  }

  oldest(list: number): number {
    return this.previous[this.pageCount + list];
  }

  remove(page: number): void {
    const list = this.listOf[page];
    if (list < 0) return;
    this.next[this.previous[page]] = this.next[page];
    this.previous[this.next[page]] = this.previous[page];
    this.listOf[page] = -1;
    this.sizes[list]--;
  }
}
