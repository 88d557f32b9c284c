/** The row ids that are in at least so many of some sets: counted in each page group. */
import { GROUP_END } from './posting-lists.ts';
import { CombinedSet, type PostingSet } from './posting-set.ts';
import { ContainerView, RowGroup } from './row-group.ts';

/** For one group at a time. */
const GROUP_ROWS = 65536;
const counts = new Uint8Array(GROUP_ROWS);
const rows = new Uint32Array(GROUP_ROWS);
const counted = new Uint16Array(GROUP_ROWS);
const found = new Uint32Array(GROUP_ROWS);

class AtLeastSet extends CombinedSet {
  readonly #count: number;
  readonly #group = new RowGroup();
  readonly #found = new ContainerView();

  constructor(sets: readonly PostingSet[], count: number) {
    super(sets);
    this.#count = count;
  }

  get rowsMax(): number {
    let sum = 0;
    for (const set of this.sets) sum += set.rowsMax;
    return Math.floor(sum / this.#count);
  }

  nextGroup(group: number): number {
    let first = GROUP_END;
    for (const set of this.sets) first = Math.min(first, set.nextGroup(group));
    return first;
  }

  rowsInGroup(group: number): number {
    let sum = 0;
    for (const set of this.sets) sum += set.rowsInGroup(group);
    return Math.floor(sum / this.#count);
  }

  load(group: number, target: RowGroup): void {
    let countedLength = 0;
    let foundLength = 0;
    for (const set of this.sets) {
      set.load(group, this.#group);
      if (this.#group.isEmpty) continue;
      const length = this.#group.copyRows(group, rows, 0);
      for (let i = 0; i < length; i++) {
        const low = rows[i] & 0xffff;
        const count = ++counts[low];
        if (count === 1) counted[countedLength++] = low;
        if (count === this.#count) found[foundLength++] = rows[i];
      }
    }
    for (let i = 0; i < countedLength; i++) counts[counted[i]] = 0;
    found.subarray(0, foundLength).sort();
    this.#found.setRows(found, 0, foundLength);
    if (foundLength === 0) target.clear();
    else target.load(this.#found);
  }
}

/** Rows that are in `count` of the sets or more; at most 255 sets. */
export function atLeastSet(sets: readonly PostingSet[], count: number): PostingSet {
  return new AtLeastSet(sets, count);
}
