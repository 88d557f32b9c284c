/** Count-min sketch of four rows with counts up to 15, halved when it has seen ten times as many accesses as there are frames. */
export class FrequencySketch {
  private readonly rows: Uint8Array;
  private readonly mask: number;
  private readonly sampleSize: number;
  private added = 0;

  constructor(frames: number) {
    const width = 2 ** Math.ceil(Math.log2(Math.max(64, frames * 2)));
    this.rows = new Uint8Array(width * 4);
    this.mask = width - 1;
    this.sampleSize = frames * 10;
  }

  add(page: number): void {
    let grown = false;
    for (let row = 0; row < 4; row++) {
      const at = this.placeOf(page, row);
      if (this.rows[at] < 15) {
        this.rows[at]++;
        grown = true;
      }
    }
    if (grown && ++this.added >= this.sampleSize) {
      for (let i = 0; i < this.rows.length; i++) this.rows[i] >>>= 1;
      this.added >>>= 1;
    }
  }

  count(page: number): number {
    let least = 255;
    for (let row = 0; row < 4; row++) least = Math.min(least, this.rows[this.placeOf(page, row)]);
    return least;
  }

  private placeOf(page: number, row: number): number {
    let hash = Math.imul(page + 1, 0x9e3779b1) ^ Math.imul(row + 1, 0x85ebca6b);
    hash = Math.imul(hash ^ (hash >>> 15), 0xc2b2ae35);
    return row * (this.mask + 1) + ((hash ^ (hash >>> 13)) & this.mask);
  }
}
