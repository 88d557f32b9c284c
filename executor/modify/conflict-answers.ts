/** What a search for rows that must not be there answers besides a row id. */

export const NO_CONFLICT = -1;
/** heap.blocker writes a row that may be in the way. */
export const CONFLICT_UNDECIDED = -2;
