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
 *
 * All offsets and lengths are multiples of 4.
 */
export const PAGE_ITEM_RANGE = 1;
export const PAGE_ITEM_IMAGE = 2;
export const PAGE_ITEM_INIT = 3;

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
