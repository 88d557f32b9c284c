/**
 * Cost constants. One unit is 1.25 us of the engine thread on the machine where bench/planner/calibrate.ts measured them, so that a
 * sequential scan costs about what PostgreSQL's EXPLAIN says. Against PostgreSQL's constants a scanned row is cheap here, because
 * scans are compiled, and a row fetched by an index is dear. Page terms are weighted by what share of a table is in memory.
 */
export const COST = {
  /** A page read in order from disk, or from the operating system's cache: some 7 us. */
  seqPage: 6,
  /** A page read out of order from disk: PostgreSQL's ratio. */
  randomPage: 24,
  /** A page that is in memory, in order: what its rows do not say. */
  residentSeqPage: 0.5,
  /** A page that is in memory, out of order, beyond its rows. */
  residentRandomPage: 0.05,
  /** One row looked at by a scan (PostgreSQL: cpu_tuple_cost). */
  row: 0.006,
  /** One index entry looked at (cpu_index_tuple_cost); nothing of it is wanted but that it is there. */
  indexRow: 0.005,
  /** One row of an index-only scan given from its key. */
  keyRow: 0.04,
  /** The same of a key of bytes: values are copied from the row before as long as the key is the same. */
  keyRowBytes: 0.1,
  /** A key of bytes decoded: the first row of each key. */
  keyDecode: 0.3,
  /** One operator or function call (cpu_operator_cost). */
  operator: 0.004,
  /** The same beyond that, where operands are texts or other bytes; of LIKE and regular expressions; of a list of texts. */
  bytesOperator: 0.02,
  patternOperator: 0.12,
  listOperator: 0.08,
  /** One row fetched by its row id, when it stands beside the one before: 60 ns. */
  fetch: 0.04,
  /** The same when it stands anywhere: the processor waits for memory, 0.6 us in all. */
  fetchRandom: 0.45,
  /** A row in page order, but not beside the one before: nothing announces it to the processor. */
  fetchApart: 0.18,
  /** Going down the dictionary: per level of 64 children. */
  indexDescent: 0.22,
  /** Starting an index scan, also again for each outer row of a nested loop. */
  indexStart: 0.2,
  /** Looking up a posting list and getting ready to read it. */
  postingStart: 0.6,
  /** A further condition for a search of an inverted index. */
  searchTerm: 0.3,
  /** One row id of a posting list united or intersected: containers go word by word. */
  postingEntry: 0.004,
  /** One entry of a range of keys put into a list of its own, before it takes part. */
  gatheredEntry: 0.1,
  /** Putting a row in a hash table. */
  hashInsert: 0.2,
  /** Looking a row up in a hash table, beyond computing its hash. */
  hashProbe: 0.05,
  /** Both, in a table that the processor's cache does not hold: beyond `HASH_NEAR_ROWS`. */
  hashFar: 0.13,
  /** One row that is grouped by hashing, and a group that is new. */
  groupRow: 0.01,
  groupInsert: 0.18,
  /** Taking one row into a sort, and one comparison of a number; texts and others cost `sortSlow` times as much. */
  sortRow: 0.1,
  sortCompare: 0.015,
  sortSlow: 3,
  /** A row of either side that a hash join beyond its memory writes to a batch and reads again: 75 ns. */
  hashSpillRow: 0.06,
  /** A page written and read again by a sort that exceeds work_mem: runs are written and merged. */
  sortSpillPage: 10,
  /** Starting a node. */
  nodeStart: 0.01,
  /** What a path costs that the enable_ settings have switched off. */
  disabled: 1e10,
} as const;

/** Bytes of a page, for turning row counts into pages. */
export const PAGE_BYTES = 8192;
/** Rows of a hash table that the processor's cache holds. */
export const HASH_NEAR_ROWS = 15_000;
/** What a row takes in a hash table: a key, a few columns, and what is kept beside them (72 for two numbers, 116 with a text). */
export const HASH_ROW_BYTES = 80;
/** Supposed when nothing is known of a table: rows, pages. */
export const DEFAULT_ROWS = 1000;
export const DEFAULT_PAGES = 10;
/** work_mem when the session does not say. */
export const DEFAULT_WORK_MEM_BYTES = 4 * 1024 * 1024;
/** Up to so many relations, join orders are searched by dynamic programming; beyond it greedily. */
export const DYNAMIC_PROGRAMMING_MAX = 10;
