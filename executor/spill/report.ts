/** What EXPLAIN ANALYZE says of memory and disk: operators that may spill tell it when they are asked, before they close. */
export type SpillReport =
  | {
      readonly kind: 'sort';
      readonly method: 'quicksort' | 'top-N heapsort' | 'external merge';
      readonly memoryBytes: number;
      readonly diskBytes: number;
    }
  | {
      readonly kind: 'hash';
      readonly buckets: number;
      /** Parts that the inner side was processed in; 1: all in memory. */
      readonly batches: number;
      readonly originalBatches: number;
      readonly memoryBytes: number;
    }
  | {
      readonly kind: 'groups';
      readonly batches: number;
      readonly memoryBytes: number;
      readonly diskBytes: number;
    };

export interface SpillingOperator {
  /** Of the last run, also after its end; close may forget it. */
  spillReport(): SpillReport;
}
