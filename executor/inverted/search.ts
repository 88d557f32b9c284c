/**
 * Runs term queries over a dictionary: posting lists, intersected, united and subtracted.
 *
 * A list may name rows that had the term in an older version. That only makes more rows to check, but for NOT: a row must not be
 * taken away for a term that the version seen does not have. So NOT counts only while no row has ever changed its terms
 * (`hasStaleKeys`); afterwards it keeps all rows, which the recheck sorts out.
 */
import type { Value } from '../../catalog/function-entry.ts';
import { CURSOR_END, IndexCursor, type IndexKey, intersectSorted, uniteSorted } from '../../storage/api.ts';
import type { ScalarFunctionOfContext } from '../compile/batch-program.ts';
import type { ExecContext } from '../context.ts';
import type { IndexRuntime } from '../index-runtime.ts';
import type { RowTerms } from './row-terms.ts';
import type { TermNode } from './term-query.ts';

const NO_ROWS = new Uint32Array(0);

export interface SearchCondition {
  readonly column: number;
  readonly strategy: number;
  readonly value: ScalarFunctionOfContext;
}

/** The conditions of one index in a posting scan. */
export class InvertedSearcher {
  readonly #index: IndexRuntime;
  readonly #conditions: readonly SearchCondition[];
  readonly #cursor: IndexCursor;
  /** Of the last collect: the rows need no check, if they are visible. */
  isExact = false;
  #column = 0;
  #entriesRead = 0;

  constructor(index: IndexRuntime, conditions: readonly SearchCondition[]) {
    this.#index = index;
    this.#conditions = conditions;
    this.#cursor = new IndexCursor(index.dictionary);
  }

  /** Row ids, ascending and without duplicates. */
  collect(x: ExecContext): Uint32Array {
    const { counters, dictionary } = this.#index;
    counters.scans++;
    this.#entriesRead = 0;
    this.isExact = !dictionary.hasStaleKeys;
    const lists: Uint32Array[] = [];
    for (const condition of this.#conditions) {
      const rows = this.#collectOne(x, condition, condition.value(x));
      lists.push(rows);
      if (rows.length === 0) break;
    }
    const rows = lists.length === 1 ? lists[0] : intersectSorted(lists);
    counters.entriesRead += this.#entriesRead;
    return rows;
  }

  #collectOne(x: ExecContext, { column, strategy }: SearchCondition, value: Value): Uint32Array {
    // All these operators are strict.
    if (value === null) return NO_ROWS;
    const query = (this.#index.terms as RowTerms).query(column, strategy, value, x.functions);
    this.#column = column;
    this.isExact &&= query.isExact;
    return this.#rowsOf(query.node);
  }

  #rowsOf(node: TermNode): Uint32Array {
    switch (node.kind) {
      case 'none':
        return NO_ROWS;
      case 'all':
        return this.#allRows();
      case 'term':
        return this.#range(node.key, false);
      case 'prefix':
        return this.#range(node.key, true);
      case 'or':
        return uniteSorted(node.args.map((arg) => this.#rowsOf(arg)));
      case 'and':
        return this.#intersect(node.args);
      case 'atLeast':
        return atLeast(
          node.args.map((arg) => this.#rowsOf(arg)),
          node.count,
        );
      case 'not':
        return this.#without(this.#allRows(), [node]);
    }
  }

  #intersect(args: readonly TermNode[]): Uint32Array {
    const lists: Uint32Array[] = [];
    for (const arg of args) {
      if (arg.kind === 'not') continue;
      const rows = this.#rowsOf(arg);
      if (rows.length === 0) return NO_ROWS;
      lists.push(rows);
    }
    const rows = lists.length === 0 ? this.#allRows() : intersectSorted(lists);
    return this.#without(rows, args);
  }

  /** Takes away the rows of all NOT among the arguments. */
  #without(rows: Uint32Array, args: readonly TermNode[]): Uint32Array {
    let left = rows;
    for (const arg of args) {
      if (arg.kind !== 'not' || left.length === 0) continue;
      if (this.#index.dictionary.hasStaleKeys) this.isExact = false;
      else left = subtractSorted(left, this.#rowsOf(arg.arg));
    }
    return left;
  }

  #allRows(): Uint32Array {
    const cursor = this.#cursor;
    cursor.hasLower = true;
    cursor.lowerInclusive = true;
    cursor.isPrefix = false;
    cursor.hasUpper = (this.#index.terms as RowTerms).boundsOfColumn(this.#column, cursor.lower, cursor.upper);
    cursor.upperInclusive = false;
    return this.#read(false);
  }

  #range(key: IndexKey, isPrefix: boolean): Uint32Array {
    const cursor = this.#cursor;
    cursor.hasLower = true;
    cursor.hasUpper = true;
    cursor.lowerInclusive = true;
    cursor.upperInclusive = true;
    cursor.isPrefix = isPrefix;
    cursor.lower.copyFrom(key);
    cursor.upper.copyFrom(key);
    return this.#read(!isPrefix);
  }

  #read(isOneList: boolean): Uint32Array {
    const cursor = this.#cursor;
    cursor.reset();
    const rows = readRows(cursor);
    this.#entriesRead += rows.length;
    return isOneList ? rows : sortedDistinct(rows);
  }
}

function readRows(cursor: IndexCursor): Uint32Array {
  let rows = new Uint32Array(256);
  let count = 0;
  for (let row = cursor.next(); row !== CURSOR_END; row = cursor.next()) {
    if (count === rows.length) {
      const grown = new Uint32Array(count * 2);
      grown.set(rows);
      rows = grown;
    }
    rows[count++] = row;
  }
  return rows.subarray(0, count);
}

function sortedDistinct(rows: Uint32Array): Uint32Array {
  rows.sort();
  let distinct = 0;
  for (let i = 0; i < rows.length; i++) if (i === 0 || rows[i] !== rows[i - 1]) rows[distinct++] = rows[i];
  return rows.subarray(0, distinct);
}

function subtractSorted(rows: Uint32Array, gone: Uint32Array): Uint32Array {
  const left = new Uint32Array(rows.length);
  let count = 0;
  let at = 0;
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i];
    while (at < gone.length && gone[at] < row) at++;
    if (at === gone.length || gone[at] !== row) left[count++] = row;
  }
  return left.subarray(0, count);
}

/** Rows that are in at least `count` of the lists. */
function atLeast(lists: readonly Uint32Array[], count: number): Uint32Array {
  if (count <= 1) return uniteSorted(lists);
  if (count === lists.length) return intersectSorted(lists);
  if (count > lists.length) return NO_ROWS;
  let size = 0;
  for (const list of lists) size += list.length;
  const all = new Uint32Array(size);
  let at = 0;
  for (const list of lists) {
    all.set(list, at);
    at += list.length;
  }
  all.sort();
  let found = 0;
  for (let i = 0; i + count <= size; ) {
    let next = i + 1;
    while (next < size && all[next] === all[i]) next++;
    if (next - i >= count) all[found++] = all[i];
    i = next;
  }
  return all.subarray(0, found);
}
