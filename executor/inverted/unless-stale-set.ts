/** The right side of AND NOT: takes rows away only while entries say what the rows have now (search.ts says why). */
import type { IndexDictionary, PostingSet, PostingSummary, RowGroup } from '../../storage/api.ts';

export class UnlessStaleSet implements PostingSet {
  readonly #dictionary: IndexDictionary;
  readonly #set: PostingSet;

  constructor(dictionary: IndexDictionary, set: PostingSet) {
    this.#dictionary = dictionary;
    this.#set = set;
  }

  get rowsMax(): number {
    return this.#set.rowsMax;
  }
  get sizeBytes(): number {
    return this.#set.sizeBytes;
  }
  prepare(budget: number): boolean {
    return this.#set.prepare(budget);
  }
  suspend(): void {
    this.#set.suspend();
  }
  nextGroup(group: number): number {
    return this.#set.nextGroup(group);
  }
  rowsInGroup(group: number): number {
    return this.#set.rowsInGroup(group);
  }
  load(group: number, target: RowGroup): void {
    this.#set.load(group, target);
  }
  retain(group: number, target: RowGroup): void {
    this.#set.retain(group, target);
  }
  discard(group: number, target: RowGroup): void {
    if (!this.#dictionary.hasStaleKeys) this.#set.discard(group, target);
  }
  add(group: number, target: RowGroup): void {
    this.#set.add(group, target);
  }
  describe(summary: PostingSummary): void {
    this.#set.describe(summary);
  }
}
