/** Entries of the sweep, in commit order: a ring of typed arrays, made with the first entry. There are two for each fork. */
const CAPACITY_MIN = 8;
const NO_WORDS = new Uint32Array(0);
const NO_BYTES = new Uint8Array(0);
const NO_COUNTS = new Uint16Array(0);
const NO_NUMBERS = new Float64Array(0);

export class SweepQueue {
  /** Entries first .. last - 1, at index & mask. */
  first = 0;
  last = 0;
  mask = -1;
  relIds = NO_WORDS;
  rowIds = NO_WORDS;
  kinds = NO_BYTES;
  counts = NO_COUNTS;
  versions = NO_NUMBERS;
  xids = NO_NUMBERS;

  get count(): number {
    return this.last - this.first;
  }

  /** Of the oldest entry; Infinity: there is none. */
  get firstXid(): number {
    return this.first < this.last ? this.xids[this.first & this.mask] : Infinity;
  }

  get memoryBytes(): number {
    const { relIds, rowIds, kinds, counts, versions, xids } = this;
    return [relIds, rowIds, kinds, counts, versions, xids].reduce((sum, array) => sum + array.byteLength, 0);
  }

  add(relId: number, rowId: number, kind: number, count: number, version: number, xid: number): void {
    if (this.last - this.first > this.mask) this.grow();
    const at = this.last++ & this.mask;
    this.relIds[at] = relId;
    this.rowIds[at] = rowId;
    this.kinds[at] = kind;
    this.counts[at] = count;
    this.versions[at] = version;
    this.xids[at] = xid;
  }

  clear(): void {
    this.first = 0;
    this.last = 0;
  }

  private grow(): void {
    const capacity = Math.max(CAPACITY_MIN, (this.mask + 1) * 2);
    const order: number[] = [];
    for (let i = this.first; i < this.last; i++) order.push(i & this.mask);
    const moved = <T extends Uint32Array | Uint8Array | Uint16Array | Float64Array>(source: T, target: T): T => {
      for (let i = 0; i < order.length; i++) target[i] = source[order[i]];
      return target;
    };
    this.relIds = moved(this.relIds, new Uint32Array(capacity));
    this.rowIds = moved(this.rowIds, new Uint32Array(capacity));
    this.kinds = moved(this.kinds, new Uint8Array(capacity));
    this.counts = moved(this.counts, new Uint16Array(capacity));
    this.versions = moved(this.versions, new Float64Array(capacity));
    this.xids = moved(this.xids, new Float64Array(capacity));
    this.first = 0;
    this.last = order.length;
    this.mask = capacity - 1;
  }
}
