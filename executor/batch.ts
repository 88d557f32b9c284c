/**
 * What operators hand to each other. A batch is columns of plain values (docs/architecture.md), `count` of them used; its arrays
 * belong to the operator that answered it and are overwritten by its next poll.
 */
import type { Value } from '../catalog/function-entry.ts';

export const BATCH_SIZE = 512;

/** Values by column and row: arrays, or typed arrays where all are numbers. Their lengths say nothing. */
export type Columns = readonly ArrayLike<Value>[];

export class Batch {
  count = 0;
  readonly columns: Value[][];
  /** The rows are in the client's output already (RowTarget), and there are no columns. */
  readonly isEncoded: boolean;

  constructor(width: number, isEncoded = false) {
    this.isEncoded = isEncoded;
    this.columns = Array.from({ length: width }, () => []);
  }
}

/** No more rows. */
export const END: Batch = new Batch(0);
/** Not now: the operator must be polled again when the cause is gone (see driver.ts). */
export const PENDING: Batch = new Batch(0);
