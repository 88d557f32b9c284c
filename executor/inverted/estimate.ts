/** How many rows a term query may find, from the lengths of its lists: as if terms came independently of each other. */
import type { FunctionContext } from '../../catalog/function-entry.ts';
import { cursorOf } from '../../storage/api.ts';
import type { Value } from '../../types/value.ts';
import type { IndexRuntime } from '../index-runtime.ts';
import type { TermNode } from './term-query.ts';

/** Keys with a prefix that are looked at. */
const PREFIX_KEYS_MAX = 64;
/** Thresholds are those that hold where nothing is set. */
const NO_SETTINGS = { getSetting: () => null } as unknown as FunctionContext;

/** Rows of `total` for `column OPERATOR value`; the value is not NULL. */
export function estimateSearch(
  index: IndexRuntime,
  column: number,
  strategy: number,
  value: Value,
  total: number,
): number {
  if (index.terms === null || total <= 0) return -1;
  const { node } = index.terms.query(column, strategy, value, NO_SETTINGS);
  return shareOf(index, node, total) * total;
}

function shareOf(index: IndexRuntime, node: TermNode, total: number): number {
  switch (node.kind) {
    case 'none':
      return 0;
    case 'all':
      return 1;
    case 'term':
      return Math.min(1, index.dictionary.rowCountOf(node.key) / total);
    case 'prefix':
      return prefixShare(index, node, total);
    case 'and':
      return node.args.reduce((share, arg) => share * shareOf(index, arg, total), 1);
    case 'or':
      return 1 - node.args.reduce((rest, arg) => rest * (1 - shareOf(index, arg, total)), 1);
    case 'atLeast': {
      const shares = node.args.map((arg) => shareOf(index, arg, total)).sort((a, b) => a - b);
      // Not more than the most frequent of them allow, and that is already a guess.
      return shares[Math.max(0, shares.length - node.count)];
    }
    case 'not':
      return 1 - shareOf(index, node.arg, total);
  }
}

function prefixShare(index: IndexRuntime, node: TermNode & { kind: 'prefix' }, total: number): number {
  const cursor = cursorOf(index.dictionary);
  cursor.setKey(node.key);
  cursor.isPrefix = true;
  let rows = 0;
  for (let keys = 0; keys < PREFIX_KEYS_MAX && cursor.nextKey(); keys++) rows += cursor.rowCount;
  return Math.min(1, rows / total);
}
