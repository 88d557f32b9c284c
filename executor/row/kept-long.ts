/**
 * Stands in a row's values for a value in chunks that nobody looks at: an UPDATE of other columns hands the old version's pointer
 * on to the new one (RowStoreWriter), and so never reads what it points to.
 */
import type { Value } from '../../catalog/function-entry.ts';

export class KeptLong {
  /** The value, for an error that must show it after all. Throws PAGE_MISS. */
  readonly read: () => Value;

  constructor(read: () => Value) {
    this.read = read;
  }
}
