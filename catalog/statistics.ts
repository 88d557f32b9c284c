/**
 * What the planner knows about data: an interface that the executor fills from ANALYZE results, from storage (page counts, the
 * buffer pool) and from indexes (exact counts). The planner only reads it; every answer may be a little out of date.
 */
import type { Value } from './function-entry.ts';

/** Statistics of one column, as ANALYZE gathers them (compare pg_stats). */
export interface ColumnStatistics {
  /** Share of rows that are NULL, 0..1. */
  readonly nullFraction: number;
  /** Average width of a value in bytes. */
  readonly averageWidth: number;
  /** > 0: number of distinct values; < 0: minus the share of rows that are distinct (-1: all differ); 0: unknown. */
  readonly distinct: number;
  /** Most common values, most frequent first, with their share of all rows. */
  readonly mostCommonValues: readonly Value[];
  readonly mostCommonFrequencies: readonly number[];
  /** Bounds of buckets of equal frequency over what is not among the most common values; empty: none. */
  readonly histogram: readonly Value[];
  /** Correlation between physical order and value order, -1..1; 0: unknown. */
  readonly correlation: number;
  readonly elements?: ElementStatistics;
}

/** Of the elements of arrays, or the lexemes of tsvectors: each counts once a row, and shares are of the rows that are not NULL. */
export interface ElementStatistics {
  readonly typeOid: number;
  /** Most common elements in their order (lexemes: short ones first), with the share of rows that have them. */
  readonly values: readonly Value[];
  readonly frequencies: readonly number[];
  /** The least and the greatest of the frequencies. */
  readonly least: number;
  readonly greatest: number;
  /** Share of rows with an element that is NULL; null for lexemes. */
  readonly nulls: number | null;
  /** Bounds of buckets of as many rows each, by number of different elements; empty for lexemes. */
  readonly counts: readonly number[];
  readonly averageCount: number;
}

/** Statistics of several columns together: what CREATE STATISTICS asked ANALYZE to gather (compare pg_stats_ext). */
export interface ColumnGroupStatistics {
  readonly statisticsOid: number;
  /** One-based numbers, ascending, then -1, -2 ... for the object's expressions. */
  readonly columns: readonly number[];
  /** Number of combinations of each set of two and more of the columns, as ColumnStatistics.distinct; null: not asked for. */
  readonly distinct: readonly { readonly columns: readonly number[]; readonly distinct: number }[] | null;
  /** Which column follows from others, and for what share of rows, 0..1. */
  readonly dependencies:
    | readonly { readonly from: readonly number[]; readonly to: number; readonly degree: number }[]
    | null;
  /** Most common combinations, with their share of rows and what it would be if the columns were independent. */
  readonly common:
    | readonly { readonly values: readonly Value[]; readonly frequency: number; readonly baseFrequency: number }[]
    | null;
}

export interface StatisticsSource {
  /** Estimated number of rows, or -1 when nothing is known. */
  rowCount(tableOid: number): number;
  /** Pages of the table, or -1 when nothing is known. */
  pageCount(tableOid: number): number;
  /** Pages whose rows every snapshot sees (the visibility map), or -1 when nothing is known. */
  visiblePages(tableOid: number): number;
  /** Share of the table's pages that are in memory, 0..1. */
  residentShare(tableOid: number): number;
  /** By one-based column number; null before the first ANALYZE. */
  column(tableOid: number, columnNumber: number): ColumnStatistics | null;
  /** Of an index key that is an expression, by the key's place; null before the first ANALYZE. */
  indexExpression(indexOid: number, key: number): ColumnStatistics | null;
  /** Of an expression of a statistics object (CREATE STATISTICS), by its place; null before the first ANALYZE. */
  statisticsExpression(statisticsOid: number, place: number): ColumnStatistics | null;
  /** Groups of columns that were analyzed together. */
  columnGroups(tableOid: number): readonly ColumnGroupStatistics[];
  /** Number of distinct keys of the index, or -1 when unknown. */
  indexDistinctCount(indexOid: number): number;
  /** Exact number of rows whose first key columns equal `values` (the posting list's length), or -1 when unknown. */
  indexEqualCount(indexOid: number, values: readonly Value[]): number;
  /**
   * Of an inverted index: rows for an operator of a key column (from 0) and a value that is not NULL, from the lengths of posting
   * lists; or -1 when unknown.
   */
  indexSearchCount(indexOid: number, column: number, strategy: number, value: Value): number;
}

const NO_GROUPS: readonly ColumnGroupStatistics[] = [];

/** Nothing is known of any table. */
export const NO_STATISTICS: StatisticsSource = {
  rowCount: () => -1,
  pageCount: () => -1,
  visiblePages: () => -1,
  residentShare: () => 1,
  column: () => null,
  indexExpression: () => null,
  statisticsExpression: () => null,
  columnGroups: () => NO_GROUPS,
  indexDistinctCount: () => -1,
  indexEqualCount: () => -1,
  indexSearchCount: () => -1,
};
