/**
 * How many rows a posting set has for a snapshot, where its entries say just what the conditions do. Page groups that are all-visible
 * are counted by their containers; of the others the entries are looked at, and rows whose page is not all-visible are left
 * to be fetched.
 *
 * Lists are read over many slices, and what a list had when it was read may be asked of the visibility map later: so the map is held
 * meanwhile. A page that is in it now was in it then, and its entries were what they are.
 */
import { type Heap, PostingCounter, type PostingSet, ROW_SLOT_BITS } from '../../storage/api.ts';

/** Pages of a page group. */
const GROUP_PAGES = 65_536 >>> ROW_SLOT_BITS;

/** Where a scan gets its row ids: rows[next..end), of which it moves `next`, and more by `fill`. */
export interface RowSource {
  rows: Uint32Array;
  next: number;
  end: number;
  readonly isAtEnd: boolean;
  readonly sizeBytes: number;
  fill(count: number): unknown;
  /** Row ids that came out so far. */
  readonly rowsRead: number;
}

export class PostingCount implements RowSource {
  /** Rows that are there, since the last `take`. */
  #count = 0;
  /** Row ids to fetch: rows[next..end). */
  rows = new Uint32Array(0);
  next = 0;
  end = 0;
  isAtEnd = false;
  rowsRead = 0;
  readonly #heap: Heap;
  readonly #counter: PostingCounter;
  #taken = 0;
  #isHeld = true;

  constructor(heap: Heap, set: PostingSet) {
    this.#heap = heap;
    heap.visibility.holds++;
    this.#counter = new PostingCounter(set, (group) => {
      const first = group * GROUP_PAGES;
      const end = Math.min(first + GROUP_PAGES, heap.pages.pageCount);
      return heap.visibility.nextMissing(first, end) >= end;
    });
  }

  get sizeBytes(): number {
    return this.#counter.sizeBytes;
  }

  /** Half a millisecond of work, when all row ids were taken. */
  fill(): void {
    if (this.next < this.end) return;
    const counter = this.#counter;
    const { visibility } = this.#heap;
    this.isAtEnd = counter.step();
    this.#count += counter.count - this.#taken;
    this.rowsRead += counter.count - this.#taken + counter.end;
    this.#taken = counter.count;
    const { rows, end } = counter;
    let left = 0;
    for (let i = 0; i < end; i++) {
      if (visibility.has(rows[i] >>> ROW_SLOT_BITS)) this.#count++;
      else rows[left++] = rows[i];
    }
    this.rows = rows;
    this.next = 0;
    this.end = left;
  }

  /** What was counted since the last call. */
  take(): number {
    const count = this.#count;
    this.#count = 0;
    return count;
  }

  close(): void {
    if (this.#isHeld) this.#heap.visibility.holds--;
    this.#isHeld = false;
  }
}
