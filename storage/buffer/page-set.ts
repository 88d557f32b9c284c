/** Of sets that are empty yet: a fork has some that stay so. */
const NO_WORDS = new Uint32Array(0);

/** A set of page numbers of one relation: a bitmap that grows, one bit a page. */
export class PageSet {
  #words: Uint32Array<ArrayBuffer>;

  constructor(words: Uint32Array<ArrayBuffer> = NO_WORDS) {
    this.#words = words;
  }

  add(pageNo: number): void {
    const word = pageNo >>> 5;
    if (word >= this.#words.length) this.#grow(word + 1);
    this.#words[word] |= 1 << (pageNo & 31);
  }

  has(pageNo: number): boolean {
    const word = pageNo >>> 5;
    return word < this.#words.length && (this.#words[word] & (1 << (pageNo & 31))) !== 0;
  }

  delete(pageNo: number): void {
    const word = pageNo >>> 5;
    if (word < this.#words.length) this.#words[word] &= ~(1 << (pageNo & 31));
  }

  addAll(other: PageSet): void {
    const words = other.#words;
    if (words.length > this.#words.length) this.#grow(words.length);
    for (let i = 0; i < words.length; i++) this.#words[i] |= words[i];
  }

  clear(): void {
    this.#words.fill(0);
  }

  copy(): PageSet {
    return new PageSet(this.#words.slice());
  }

  get isEmpty(): boolean {
    return this.next(0) < 0;
  }

  get count(): number {
    let count = 0;
    for (const word of this.#words) {
      for (let rest = word; rest !== 0; rest &= rest - 1) count++;
    }
    return count;
  }

  /** The smallest page number of the set that is not below `from`, -1 if there is none. */
  next(from: number): number {
    const words = this.#words;
    let word = from >>> 5;
    if (word >= words.length) return -1;
    let rest = words[word] & (-1 << (from & 31));
    while (rest === 0) {
      if (++word === words.length) return -1;
      rest = words[word];
    }
    return word * 32 + 31 - Math.clz32(rest & -rest);
  }

  /** The bits, 32 pages a word, without trailing zeros; to be kept, or looked at in a loop. */
  get words(): Uint32Array<ArrayBuffer> {
    let length = this.#words.length;
    while (length > 0 && this.#words[length - 1] === 0) length--;
    return this.#words.subarray(0, length);
  }

  #grow(length: number): void {
    const grown = new Uint32Array(Math.max(length, this.#words.length * 2, 2));
    grown.set(this.#words);
    this.#words = grown;
  }
}
