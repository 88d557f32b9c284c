/**
 * Cost constants. The unit is PostgreSQL's: one sequential page read from disk is 1. CPU terms keep PostgreSQL's proportions,
 * so that EXPLAIN's figures mean what users expect; page terms are weighted by what share of a table is in memory.
 */
export const COST = {
  /** A page read in order from disk. */
  seqPage: 1,
  /** A page read out of order from disk (PostgreSQL: random_page_cost). */
  randomPage: 4,
  /** A page that is in memory, in order: only its rows cost. */
  residentSeqPage: 0.2,
  /** A page that is in memory, out of order: a cache miss or two. */
  residentRandomPage: 0.05,
  /** One row looked at (PostgreSQL: cpu_tuple_cost). */
  row: 0.01,
  /** One index entry looked at (cpu_index_tuple_cost). */
  indexRow: 0.005,
  /** One operator or function call (cpu_operator_cost). */
  operator: 0.0025,
  /** One row fetched through an index, out of order, beyond `row`: some ten times a scan's row, also in memory. */
  indexFetch: 0.1,
  /** One row fetched by row id in page order (posting scans). */
  postingFetch: 0.05,
  /** Going down the dictionary: per level of 64 children. */
  indexDescent: 0.02,
  /** One entry of a posting list merged or intersected; a word or a compare, not a row. */
  postingEntry: 0.0005,
  /** One entry of a range of keys put into a list of its own, before it takes part. */
  gatheredEntry: 0.02,
  /** Putting a row in a hash table, beyond computing its hash. */
  hashInsert: 0.01,
  /** A page written and read again by a sort or hash that exceeds work_mem. */
  spillPage: 2,
  /** Starting a node. */
  nodeStart: 0.01,
  /** What a path costs that the enable_ settings have switched off. */
  disabled: 1e10,
} as const;

/** Bytes of a page, for turning row counts into pages. */
export const PAGE_BYTES = 8192;
/** Supposed when nothing is known of a table: rows, pages. */
export const DEFAULT_ROWS = 1000;
export const DEFAULT_PAGES = 10;
/** work_mem when the session does not say. */
export const DEFAULT_WORK_MEM_BYTES = 4 * 1024 * 1024;
/** Share of a cursor-less query's rows that is fetched: all. */
export const DEFAULT_FETCH_SHARE = 1;
/** Up to so many relations, join orders are searched by dynamic programming; beyond it greedily. */
export const DYNAMIC_PROGRAMMING_MAX = 10;
