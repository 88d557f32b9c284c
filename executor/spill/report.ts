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
  spillReport(): SpillReport | null;
}

function kilobytes(bytes: number): number {
  return Math.ceil(bytes / 1024);
}

/** A report as EXPLAIN ANALYZE shows it: a line of TEXT, and fields of JSON, by PostgreSQL's names. */
export function describeReport(report: SpillReport): { line: string; fields: Record<string, string | number> } {
  const memory = kilobytes(report.memoryBytes);
  switch (report.kind) {
    case 'sort': {
      const isOnDisk = report.method === 'external merge';
      const used = isOnDisk ? kilobytes(report.diskBytes) : memory;
      const where = isOnDisk ? 'Disk' : 'Memory';
      return {
        line: `Sort Method: ${report.method}  ${where}: ${used}kB`,
        fields: { 'Sort Method': report.method, 'Sort Space Used': used, 'Sort Space Type': where },
      };
    }
    case 'hash': {
      const { buckets, batches, originalBatches } = report;
      const isAsPlanned = batches === originalBatches;
      const shown = isAsPlanned
        ? `Buckets: ${buckets}  Batches: ${batches}`
        : `Buckets: ${buckets} (originally ${buckets})  Batches: ${batches} (originally ${originalBatches})`;
      return {
        line: `${shown}  Memory Usage: ${memory}kB`,
        fields: {
          'Hash Buckets': buckets,
          'Original Hash Buckets': buckets,
          'Hash Batches': batches,
          'Original Hash Batches': originalBatches,
          'Peak Memory Usage': memory,
        },
      };
    }
    case 'groups': {
      const disk = kilobytes(report.diskBytes);
      return {
        line: `Batches: ${report.batches}  Memory Usage: ${memory}kB${report.batches > 1 ? `  Disk Usage: ${disk}kB` : ''}`,
        fields: { 'HashAgg Batches': report.batches, 'Peak Memory Usage': memory, 'Disk Usage': disk },
      };
    }
  }
}
