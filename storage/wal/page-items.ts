/**
 * The body of a PAGES record: items, each three words and its bytes.
 *
 * | word 0 | relation id |
 * | word 1 | page number |
 * | word 2 | bits 30..31 the type; bits 0..13 and 14..29 as below |
 *
 * | type | bits 0..13 | bits 14..29 | bytes that follow | replay |
 * | RANGE | start | length | length | copied to the page at start, if the page's LSN is below the record's end |
 * | IMAGE | lower | upper | 0..lower and upper..8192 | the page becomes this, zeros between |
 * | INIT | 0 | page flags | none | the page becomes an empty formatted one |
 * | NOTE | slot | the note, below | none | the page stays as it is |
 *
 * All offsets and lengths are multiples of 4.
 */
export const PAGE_ITEM_NOTE = 0;
export const PAGE_ITEM_RANGE = 1;
export const PAGE_ITEM_IMAGE = 2;
export const PAGE_ITEM_INIT = 3;

/** A row whose home is in the page changed, though the page did not: the row stands elsewhere. */
export const PAGE_NOTE_CHANGED = 1;
/** A row that stood in the slot, away from its home, moved on: the slot waits for the sweep. */
export const PAGE_NOTE_LEFT = 2;
/** The slot waits no more: it was freed, or the move undone. */
export const PAGE_NOTE_SETTLED = 3;
export type PageNote = typeof PAGE_NOTE_CHANGED | typeof PAGE_NOTE_LEFT | typeof PAGE_NOTE_SETTLED;

export function packPageItem(type: number, low: number, high: number): number {
  return ((type << 30) | (high << 14) | low) >>> 0;
}

export function pageItemType(packed: number): number {
  return packed >>> 30;
}

export function pageItemLow(packed: number): number {
  return packed & 0x3fff;
}

export function pageItemHigh(packed: number): number {
  return (packed >>> 14) & 0xffff;
}
