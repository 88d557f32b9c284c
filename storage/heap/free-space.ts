/**
 * Which pages of a heap have room: lists of pages by how much is free, newest news first, kept with checkpoints. A hint: who
 * takes a page looks at its true room. A page is worth noting from NOTED_MIN free bytes on, and in one list at most.
 *
 *      [256..512)  p9 - p4 - p7
 *      [512..1024) p3
 *      ...
 *      [8128..)    p5 - p1          whole pages: one row of a long value fills each
 *
 * Any page of a list above the wanted size's own has the room; of its own list a few are looked at, the rest may have too
 * little. So a page is found in a bounded number of steps, and small holes never hide large ones.
 */
import { PAGE_SIZE } from '../limits.ts';

const NOTED_MIN = 256;
/** Lower ends of the lists. */
const CLASSES = [NOTED_MIN, 512, 1024, 2048, 3072, 4096, 6144, 8128] as const;
/** Pages of the wanted size's own list that are looked at. */
const TRIES_MAX = 16;
const NONE = 0xffffffff;
const UNIT = 32;
const PAGES_MIN = 64;
/** Of heaps without a page to note: most of those of a fork. */
const NO_BYTES = new Uint8Array(0);
const NO_PAGES = new Uint32Array(0);

export class FreeSpace {
  private heads = NO_PAGES;
  /** By page: what was last known to be free in units; 0: in no list. */
  private known = NO_BYTES;
  private next = NO_PAGES;
  private previous = NO_PAGES;
  private pages = 0;

  /** The page has `size` bytes for one more row, after compaction. */
  note(pageNo: number, size: number): void {
    this.remove(pageNo);
    if (size < NOTED_MIN) return;
    if (this.heads === NO_PAGES) this.heads = new Uint32Array(CLASSES.length).fill(NONE);
    if (pageNo >= this.known.length) this.grow(pageNo + 1);
    this.known[pageNo] = Math.min(255, Math.floor(size / UNIT));
    const list = classOf(size);
    const head = this.heads[list];
    this.next[pageNo] = head;
    this.previous[pageNo] = NONE;
    if (head !== NONE) this.previous[head] = pageNo;
    this.heads[list] = pageNo;
    this.pages++;
  }

  /** Takes a page that should have `size` bytes, -1 if there seems to be none. */
  take(size: number): number {
    if (this.pages === 0) return -1;
    const wanted = Math.ceil(size / UNIT);
    const own = size <= NOTED_MIN ? 0 : classOf(size);
    let pageNo = this.heads[own];
    for (let tries = 0; pageNo !== NONE && tries < TRIES_MAX; tries++) {
      if (this.known[pageNo] >= wanted) {
        this.remove(pageNo);
        return pageNo;
      }
      pageNo = this.next[pageNo];
    }
    for (let list = own + 1; list < CLASSES.length; list++) {
      pageNo = this.heads[list];
      if (pageNo === NONE) continue;
      this.remove(pageNo);
      return pageNo;
    }
    return -1;
  }

  /** Page number and what `restore` takes, for all pages noted. */
  forEach(visit: (pageNo: number, known: number) => void): void {
    for (let pageNo = 0; pageNo < this.known.length; pageNo++) {
      if (this.known[pageNo] !== 0) visit(pageNo, this.known[pageNo]);
    }
  }

  /** What forEach gave. */
  restore(pageNo: number, known: number): void {
    this.note(pageNo, known * UNIT);
  }

  /** The pages from pageCount on are gone. */
  truncate(pageCount: number): void {
    for (let pageNo = pageCount; pageNo < this.known.length; pageNo++) this.remove(pageNo);
  }

  /** Pages noted. */
  get count(): number {
    return this.pages;
  }

  private remove(pageNo: number): void {
    if (pageNo >= this.known.length || this.known[pageNo] === 0) return;
    const next = this.next[pageNo];
    const previous = this.previous[pageNo];
    if (next !== NONE) this.previous[next] = previous;
    if (previous !== NONE) this.next[previous] = next;
    else this.heads[classOf(this.known[pageNo] * UNIT)] = next;
    this.known[pageNo] = 0;
    this.pages--;
  }

  private grow(count: number): void {
    const length = Math.max(count, this.known.length * 2, PAGES_MIN);
    const known = new Uint8Array(length);
    known.set(this.known);
    this.known = known;
    this.next = grown(this.next, length);
    this.previous = grown(this.previous, length);
  }
}

function grown(source: Uint32Array, length: number): Uint32Array<ArrayBuffer> {
  const target = new Uint32Array(length);
  target.set(source);
  return target;
}

/** The list for a page with `size` free bytes: they are whole units in the class ends, so that rounding down changes nothing. */
function classOf(size: number): number {
  let list = CLASSES.length - 1;
  while (list > 0 && CLASSES[list] > size) list--;
  return list;
}

if (CLASSES.some((end) => end % UNIT !== 0 || end > PAGE_SIZE)) throw new Error('free space classes are whole units');
