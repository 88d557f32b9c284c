/**
 * Which pages of a heap have room: a stack of page numbers, newest news on top, kept with checkpoints. A hint: who takes a page
 * looks at its true room. A page is worth noting from NOTED_MIN free bytes on; it is in the stack at most once.
 */
const NOTED_MIN = 256;
/** Pages looked at from the top of the stack before a new page is taken. */
const TRIES_MAX = 16;

export class FreeSpace {
  private stack = new Uint32Array(16);
  private depth = 0;
  /** By page: what was last known to be free / 32; 0: not in the stack. */
  private known = new Uint8Array(64);

  /** The page has `size` bytes for one more row, after compaction. */
  note(pageNo: number, size: number): void {
    if (pageNo >= this.known.length) {
      const grown = new Uint8Array(Math.max(pageNo + 1, this.known.length * 2));
      grown.set(this.known);
      this.known = grown;
    }
    const inStack = this.known[pageNo] !== 0;
    if (!inStack && size < NOTED_MIN) return;
    this.known[pageNo] = Math.max(1, Math.min(255, size >>> 5));
    if (inStack) return;
    if (this.depth === this.stack.length) {
      const grown = new Uint32Array(this.depth * 2);
      grown.set(this.stack);
      this.stack = grown;
    }
    this.stack[this.depth++] = pageNo;
  }

  /** Takes a page that should have `size` bytes off the stack, -1 if there seems to be none. */
  take(size: number): number {
    const wanted = (size + 31) >>> 5;
    const last = Math.max(0, this.depth - TRIES_MAX);
    for (let at = this.depth - 1; at >= last; at--) {
      const pageNo = this.stack[at];
      if (this.known[pageNo] < wanted) continue;
      this.stack.copyWithin(at, at + 1, this.depth);
      this.depth--;
      this.known[pageNo] = 0;
      return pageNo;
    }
    return -1;
  }

  /** Page number and what `restore` takes, for all pages on the stack from its bottom on. */
  forEach(visit: (pageNo: number, known: number) => void): void {
    for (let i = 0; i < this.depth; i++) visit(this.stack[i], this.known[this.stack[i]]);
  }

  /** What forEach gave. */
  restore(pageNo: number, known: number): void {
    this.note(pageNo, Math.max(NOTED_MIN, known << 5));
    this.known[pageNo] = known;
  }

  /** Pages on the stack. */
  get count(): number {
    return this.depth;
  }
}
