/** Pure window functions. Rows are positions in the partition; see WindowAccess. */
import { sqlError } from '../../types/errors.ts';
import type { Value, WindowAccess } from '../function-entry.ts';
import type { FunctionModule, WindowSpec } from './module.ts';

/** Rank with gaps: one more than the rows before the peers. */
const rank = (window: WindowAccess): number => window.peerStart + 1;

function percentRank(window: WindowAccess): number {
  return window.partitionSize <= 1 ? 0 : window.peerStart / (window.partitionSize - 1);
}

/** Where the buckets begin: at the first row whose number of them is not null. */
interface Buckets {
  readonly count: number;
  readonly start: number;
}

/** The first size % buckets buckets have one row more than the others. */
function ntile(window: WindowAccess): number | null {
  if (window.state === undefined) {
    const count = window.argument(0, window.currentRow) as number | null;
    if (count === null) return null;
    if (count <= 0) throw sqlError('22014', 'argument of ntile must be greater than zero');
    window.state = { count, start: window.currentRow } satisfies Buckets;
  }
  const { count, start } = window.state as Buckets;
  const small = Math.floor(window.partitionSize / count);
  const bigCount = window.partitionSize % count;
  const row = window.currentRow - start;
  if (row < bigCount * (small + 1)) return Math.floor(row / (small + 1)) + 1;
  return bigCount + Math.floor((row - bigCount * (small + 1)) / small) + 1;
}

/** lag and lead: direction -1 or 1. The offset and the default are of the current row; a null offset gives null. */
function neighbour(direction: 1 | -1, hasOffset: boolean, hasDefault: boolean): WindowSpec {
  return () => (window) => {
    const offset = hasOffset ? (window.argument(1, window.currentRow) as number | null) : 1;
    if (offset === null) return null;
    const row = window.currentRow + direction * offset;
    if (row >= 0 && row < window.partitionSize) return window.argument(0, row);
    return hasDefault ? window.argument(2, window.currentRow) : null;
  };
}

function firstValue(window: WindowAccess): Value {
  for (let row = window.frameStart; row < window.frameEnd; row++) {
    if (!window.isExcluded(row)) return window.argument(0, row);
  }
  return null;
}

function lastValue(window: WindowAccess): Value {
  for (let row = window.frameEnd - 1; row >= window.frameStart; row--) {
    if (!window.isExcluded(row)) return window.argument(0, row);
  }
  return null;
}

function nthValue(window: WindowAccess): Value {
  const n = window.argument(1, window.currentRow) as number | null;
  if (n === null) return null;
  if (n <= 0) throw sqlError('22016', 'argument of nth_value must be greater than zero');
  let seen = 0;
  for (let row = window.frameStart; row < window.frameEnd; row++) {
    if (!window.isExcluded(row) && ++seen === n) return window.argument(0, row);
  }
  return null;
}

export const windowFunctions: FunctionModule = {
  windows: {
    window_row_number: () => (window) => window.currentRow + 1,
    window_rank: () => rank,
    window_dense_rank: () => (window) => window.peerGroup + 1,
    window_percent_rank: () => percentRank,
    window_cume_dist: () => (window) => window.peerEnd / window.partitionSize,
    window_ntile: () => ntile,
    window_lag: neighbour(-1, false, false),
    window_lag_with_offset: neighbour(-1, true, false),
    window_lag_with_offset_and_default: neighbour(-1, true, true),
    window_lead: neighbour(1, false, false),
    window_lead_with_offset: neighbour(1, true, false),
    window_lead_with_offset_and_default: neighbour(1, true, true),
    window_first_value: () => firstValue,
    window_last_value: () => lastValue,
    window_nth_value: () => nthValue,
  },
};
