/**
 * What a transaction has changed in heaps, oldest first: rollback walks it backwards, commit hands what leaves something
 * behind (deleted rows, old index entries, moved or shrunk rows) to the sweep. Typed arrays that double.
 *
 * What needs no more than a row id (inserts, deletes, updates that leave nothing for the sweep) is kept in runs: changes of
 * one kind to neighbouring slots of a page, one after the other, are one entry. So a statement over a whole table costs an
 * entry a page.
 */
import { assert } from '../../types/assert.ts';

/** INSERT, DELETE and UPDATE without further bits: of rows rowId .. rowId + count - 1, in this order. */
export const WRITE_INSERT = 1;
export const WRITE_UPDATE = 2;
export const WRITE_DELETE = 3;
/** The heap relId was created. */
export const WRITE_CREATE_HEAP = 4;
/** The heap relId goes away at commit. */
export const WRITE_DROP_HEAP = 5;
/** The sequence relId was created; goes away at commit. */
export const WRITE_CREATE_SEQUENCE = 6;
export const WRITE_DROP_SEQUENCE = 7;

/** The sequence relId was started again: its values so far come back with an undo. */
export const WRITE_RESTART_SEQUENCE = 64;

/** The kind's bits. */
export const WRITE_KIND_MASK = 7 | WRITE_RESTART_SEQUENCE;
/** An update that changed index keys: the sweep drops those of the version at `versions`. */
export const WRITE_INDEXED = 8;
/** An update that moved the row: the place it left is freed or shrunk after commit. */
export const WRITE_MOVED = 16;
/** An update that left its slot larger than the row: shrunk to `counts` bytes after commit. */
export const WRITE_SHRUNK = 32;
const SWEEP_BITS = WRITE_INDEXED | WRITE_MOVED | WRITE_SHRUNK;

const CAPACITY_MIN = 8;
/** A list that grew beyond this is not kept for the next transaction. */
const CAPACITY_KEPT = 4096;

export class WriteList {
  count = 0;
  relIds = new Uint32Array(CAPACITY_MIN);
  rowIds = new Uint32Array(CAPACITY_MIN);
  kinds = new Uint8Array(CAPACITY_MIN);
  /** Runs: their rows. WRITE_SHRUNK: bytes that the row needs. */
  counts = new Uint16Array(CAPACITY_MIN);
  /** WRITE_INDEXED, WRITE_MOVED, WRITE_SHRUNK: the old version's address in the version store. */
  versions = new Float64Array(CAPACITY_MIN);
  /** Entries that the sweep must hear of at commit. */
  sweepCount = 0;
  /** Runs are not extended into entries below a savepoint. */
  private sealed = 0;

  /** Makes sure of room for one more, so that recording after a change cannot fail. */
  reserve(): void {
    if (this.count === this.relIds.length) this.grow();
  }

  /** INSERT, DELETE, or UPDATE without further bits. */
  addToRun(relId: number, rowId: number, kind: number): void {
    const last = this.count - 1;
    if (
      last >= this.sealed &&
      this.kinds[last] === kind &&
      this.rowIds[last] + this.counts[last] === rowId &&
      this.relIds[last] === relId &&
      (rowId & 511) !== 0
    ) {
      this.counts[last]++;
      return;
    }
    this.add(relId, rowId, kind, 1, 0);
  }

  add(relId: number, rowId: number, kind: number, count: number, version: number): void {
    if (this.count === this.relIds.length) this.grow();
    const at = this.count++;
    this.relIds[at] = relId;
    this.rowIds[at] = rowId;
    this.kinds[at] = kind;
    this.counts[at] = count;
    this.versions[at] = version;
    if ((kind & SWEEP_BITS) !== 0 || kind === WRITE_DELETE) this.sweepCount++;
  }

  /** The newest row of the newest entry is undone. */
  dropLastRow(): void {
    const last = this.count - 1;
    if (isRun(this.kinds[last]) && this.counts[last] > 1) this.counts[last]--;
    else this.dropLast();
  }

  /** The newest entry is undone. */
  dropLast(): void {
    const last = this.count - 1;
    const kind = this.kinds[last];
    assert(last >= 0, 'something is left to undo');
    if ((kind & SWEEP_BITS) !== 0 || kind === WRITE_DELETE) this.sweepCount--;
    this.count = last;
    if (this.sealed > last) this.sealed = last;
  }

  /** A position to come back to. */
  seal(): number {
    this.sealed = this.count;
    return this.count;
  }

  /** Empty again; true if it may be used for another transaction. */
  clear(): boolean {
    this.count = 0;
    this.sweepCount = 0;
    this.sealed = 0;
    return this.relIds.length <= CAPACITY_KEPT;
  }

  private grow(): void {
    const capacity = this.relIds.length * 2;
    this.relIds = copyOf(this.relIds, new Uint32Array(capacity));
    this.rowIds = copyOf(this.rowIds, new Uint32Array(capacity));
    this.kinds = copyOf(this.kinds, new Uint8Array(capacity));
    this.counts = copyOf(this.counts, new Uint16Array(capacity));
    this.versions = copyOf(this.versions, new Float64Array(capacity));
  }
}

/** INSERT, DELETE, or UPDATE without further bits. */
export function isRun(kind: number): boolean {
  return kind === WRITE_INSERT || kind === WRITE_UPDATE || kind === WRITE_DELETE;
}

function copyOf<T extends Uint32Array | Uint8Array | Uint16Array | Float64Array>(source: T, target: T): T {
  target.set(source);
  return target;
}
