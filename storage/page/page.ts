/**
 * A page's bytes: header, slot directory, rows. Plain functions over the pool's views and the page's base offset; no
 * object stands for a page.
 *
 *      base                                                                        base + 8192
 *      | header 32 | slot 0 | slot 1 | ...  -> |   free   | <- rows, newest lowest ... |
 *                                            lower      upper
 *
 * | offset | size | field |
 * | 0  | 4 | CRC-32 of bytes 4..8191, set when written to disk |
 * | 4  | 4 | relation id |
 * | 8  | 4 | page number |
 * | 12 | 2 | slot count |
 * | 14 | 2 | lower: first byte after the slot directory |
 * | 16 | 8 | LSN (f64): end of the log record of the last change |
 * | 24 | 2 | upper: first byte of the row area |
 * | 26 | 2 | flags: page kind |
 * | 28 | 2 | holes: bytes in the row area that no slot owns (compaction gives them back) |
 * | 30 | 2 | free slots: slots in the directory with offset 0 |
 * | 32 | 4 each | slot: u16 offset of the row (0 = free), u16 capacity |
 *
 * Invariants (checkPage)
 *  1. lower = 32 + 4 * slot count <= upper <= 8192; upper is a multiple of 8.
 *  2. Every used slot's row lies in upper..8192, aligned, and no two rows overlap.
 *  3. upper + sum of capacities + holes = 8192.
 *  4. The last slot is used, or there is none: a trailing free slot leaves the directory.
 */
import { assert } from '../../types/assert.ts';
import { PAGE_HEADER_SIZE, PAGE_SIZE, ROW_ALIGNMENT, SLOT_SIZE, SLOTS_PER_PAGE_MAX } from '../limits.ts';

export const PAGE_CRC_OFFSET = 0;
export const PAGE_RELATION_OFFSET = 4;
export const PAGE_NUMBER_OFFSET = 8;
export const PAGE_SLOT_COUNT_OFFSET = 12;
export const PAGE_LOWER_OFFSET = 14;
export const PAGE_LSN_OFFSET = 16;
export const PAGE_UPPER_OFFSET = 24;
export const PAGE_FLAGS_OFFSET = 26;
export const PAGE_HOLES_OFFSET = 28;
export const PAGE_FREE_SLOTS_OFFSET = 30;
/** The header bytes that slot operations change; the LSN in between is set by replay itself. */
export const PAGE_HEADER_CHANGES_START = PAGE_SLOT_COUNT_OFFSET;
export const PAGE_HEADER_CHANGES_END = PAGE_HEADER_SIZE;

/** Page kinds, the low byte of the flags. */
export const PAGE_KIND_HEAP = 1;
export const PAGE_KIND_VERSIONS = 2;

/** Views over one ArrayBuffer; the buffer pool is one. */
export interface PageViews {
  readonly u8: Uint8Array;
  readonly u16: Uint16Array;
  readonly i32: Int32Array;
  readonly u32: Uint32Array;
  readonly f64: Float64Array;
}

export function pageRelationId(u32: Uint32Array, base: number): number {
  return u32[(base + PAGE_RELATION_OFFSET) >>> 2];
}

export function setPageRelation(u32: Uint32Array, base: number, relationId: number): void {
  u32[(base + PAGE_RELATION_OFFSET) >>> 2] = relationId;
}

export function pageNumber(u32: Uint32Array, base: number): number {
  return u32[(base + PAGE_NUMBER_OFFSET) >>> 2];
}

export function pageSlotCount(u16: Uint16Array, base: number): number {
  return u16[(base + PAGE_SLOT_COUNT_OFFSET) >>> 1];
}

export function pageLower(u16: Uint16Array, base: number): number {
  return u16[(base + PAGE_LOWER_OFFSET) >>> 1];
}

export function pageUpper(u16: Uint16Array, base: number): number {
  return u16[(base + PAGE_UPPER_OFFSET) >>> 1];
}

export function pageFlags(u16: Uint16Array, base: number): number {
  return u16[(base + PAGE_FLAGS_OFFSET) >>> 1];
}

export function pageHoles(u16: Uint16Array, base: number): number {
  return u16[(base + PAGE_HOLES_OFFSET) >>> 1];
}

export function pageFreeSlots(u16: Uint16Array, base: number): number {
  return u16[(base + PAGE_FREE_SLOTS_OFFSET) >>> 1];
}

export function pageLsn(f64: Float64Array, base: number): number {
  return f64[(base + PAGE_LSN_OFFSET) >>> 3];
}

export function setPageLsn(f64: Float64Array, base: number, lsn: number): void {
  f64[(base + PAGE_LSN_OFFSET) >>> 3] = lsn;
}

/** Makes the 8192 bytes at base an empty page. */
export function formatPage(views: PageViews, base: number, relationId: number, pageNo: number, flags: number): void {
  views.u8.fill(0, base, base + PAGE_SIZE);
  views.u32[(base + PAGE_RELATION_OFFSET) >>> 2] = relationId;
  views.u32[(base + PAGE_NUMBER_OFFSET) >>> 2] = pageNo;
  views.u16[(base + PAGE_LOWER_OFFSET) >>> 1] = PAGE_HEADER_SIZE;
  views.u16[(base + PAGE_UPPER_OFFSET) >>> 1] = PAGE_SIZE;
  views.u16[(base + PAGE_FLAGS_OFFSET) >>> 1] = flags;
}

/** Offset in the page of the slot's row, 0 for a free slot. */
export function slotOffset(u16: Uint16Array, base: number, slot: number): number {
  return u16[((base + PAGE_HEADER_SIZE) >>> 1) + slot * 2];
}

/** Bytes that the slot's row may use; 0 for a free slot. */
export function slotCapacity(u16: Uint16Array, base: number, slot: number): number {
  return u16[((base + PAGE_HEADER_SIZE) >>> 1) + slot * 2 + 1];
}

/** Offset in the page of the slot's directory entry: what to log after a change of it (4 bytes). */
export function slotEntryOffset(slot: number): number {
  return PAGE_HEADER_SIZE + slot * SLOT_SIZE;
}

export function alignRowSize(size: number): number {
  return (size + ROW_ALIGNMENT - 1) & -ROW_ALIGNMENT;
}

/** Bytes that one more row could take without compaction; 0 when it could not. Counts the directory entry it may need. */
export function contiguousSpace(u16: Uint16Array, base: number): number {
  return spaceFor(u16, base, 0);
}

/** Bytes that one more row could take after compactPage. */
export function totalSpace(u16: Uint16Array, base: number): number {
  return spaceFor(u16, base, pageHoles(u16, base));
}

function spaceFor(u16: Uint16Array, base: number, holes: number): number {
  let space = pageUpper(u16, base) - pageLower(u16, base) + holes;
  if (pageFreeSlots(u16, base) === 0) {
    if (pageSlotCount(u16, base) === SLOTS_PER_PAGE_MAX) return 0;
    space -= SLOT_SIZE;
  }
  return space < ROW_ALIGNMENT ? 0 : space & -ROW_ALIGNMENT;
}

function setSlot(u16: Uint16Array, base: number, slot: number, offset: number, capacity: number): void {
  const index = ((base + PAGE_HEADER_SIZE) >>> 1) + slot * 2;
  u16[index] = offset;
  u16[index + 1] = capacity;
}

/**
 * Gives a row of `size` bytes a slot (a free one, or a new one) and contiguous space; answers the slot, or -1 if there is
 * no contiguous space for it (perhaps after compactPage). The row's bytes are whatever was there. Log after it: the header
 * changes, the slot's entry and the row.
 */
export function addSlot(views: PageViews, base: number, size: number): number {
  const u16 = views.u16;
  const capacity = alignRowSize(size);
  if (contiguousSpace(u16, base) < capacity) return -1;
  const count = pageSlotCount(u16, base);
  let slot = count;
  if (pageFreeSlots(u16, base) > 0) {
    slot = 0;
    while (slotOffset(u16, base, slot) !== 0) slot++;
    assert(slot < count, 'the free-slot count is true');
    u16[(base + PAGE_FREE_SLOTS_OFFSET) >>> 1]--;
  } else {
    u16[(base + PAGE_SLOT_COUNT_OFFSET) >>> 1] = count + 1;
    u16[(base + PAGE_LOWER_OFFSET) >>> 1] += SLOT_SIZE;
  }
  takeSpace(u16, base, slot, capacity);
  return slot;
}

function takeSpace(u16: Uint16Array, base: number, slot: number, capacity: number): void {
  const offset = pageUpper(u16, base) - capacity;
  u16[(base + PAGE_UPPER_OFFSET) >>> 1] = offset;
  setSlot(u16, base, slot, offset, capacity);
}

/**
 * The same for a certain slot number that is free or beyond the directory (which then grows, with free slots between).
 * Answers false if there is no contiguous space or no such number. Log: the header changes, the row, and the entries from
 * the old slot count (or the slot, if that is less) to the slot.
 */
export function addSlotAt(views: PageViews, base: number, slot: number, size: number): boolean {
  const u16 = views.u16;
  const capacity = alignRowSize(size);
  const count = pageSlotCount(u16, base);
  const grow = slot < count ? 0 : slot + 1 - count;
  if (slot >= SLOTS_PER_PAGE_MAX) return false;
  if (pageUpper(u16, base) - pageLower(u16, base) < capacity + grow * SLOT_SIZE) return false;
  if (grow === 0) {
    assert(slotOffset(u16, base, slot) === 0, 'only a free slot is taken');
    u16[(base + PAGE_FREE_SLOTS_OFFSET) >>> 1]--;
  } else {
    for (let i = count; i < slot; i++) setSlot(u16, base, i, 0, 0);
    u16[(base + PAGE_FREE_SLOTS_OFFSET) >>> 1] += grow - 1;
    u16[(base + PAGE_SLOT_COUNT_OFFSET) >>> 1] = slot + 1;
    u16[(base + PAGE_LOWER_OFFSET) >>> 1] += grow * SLOT_SIZE;
  }
  takeSpace(u16, base, slot, capacity);
  return true;
}

/** Frees the slot and its space. Trailing free slots leave the directory. Log: the header changes and the slot's entry. */
export function freeSlot(views: PageViews, base: number, slot: number): void {
  const u16 = views.u16;
  releaseSpace(u16, base, slotOffset(u16, base, slot), slotCapacity(u16, base, slot));
  setSlot(u16, base, slot, 0, 0);
  let count = pageSlotCount(u16, base);
  let free = pageFreeSlots(u16, base) + 1;
  while (count > 0 && slotOffset(u16, base, count - 1) === 0) {
    count--;
    free--;
  }
  u16[(base + PAGE_SLOT_COUNT_OFFSET) >>> 1] = count;
  u16[(base + PAGE_FREE_SLOTS_OFFSET) >>> 1] = free;
  u16[(base + PAGE_LOWER_OFFSET) >>> 1] = PAGE_HEADER_SIZE + count * SLOT_SIZE;
}

function releaseSpace(u16: Uint16Array, base: number, offset: number, capacity: number): void {
  assert(offset !== 0, 'only a used slot is given back');
  if (offset === pageUpper(u16, base)) u16[(base + PAGE_UPPER_OFFSET) >>> 1] = offset + capacity;
  else u16[(base + PAGE_HOLES_OFFSET) >>> 1] += capacity;
}

/**
 * Makes the slot's capacity at least `size`, moving its row (bytes kept) if it must grow. False: no contiguous space.
 * Never shrinks. Log: the header changes, the slot's entry and the row.
 */
export function growSlot(views: PageViews, base: number, slot: number, size: number): boolean {
  const u16 = views.u16;
  const capacity = alignRowSize(size);
  const oldOffset = slotOffset(u16, base, slot);
  const oldCapacity = slotCapacity(u16, base, slot);
  if (capacity <= oldCapacity) return true;
  if (pageUpper(u16, base) - pageLower(u16, base) < capacity) return false;
  takeSpace(u16, base, slot, capacity);
  views.u8.copyWithin(base + slotOffset(u16, base, slot), base + oldOffset, base + oldOffset + oldCapacity);
  u16[(base + PAGE_HOLES_OFFSET) >>> 1] += oldCapacity;
  return true;
}

/** Gives back what the slot's capacity exceeds `size`. The row stays where it is. Log: the header changes and the entry. */
export function shrinkSlot(views: PageViews, base: number, slot: number, size: number): void {
  const u16 = views.u16;
  const capacity = alignRowSize(size);
  const excess = slotCapacity(u16, base, slot) - capacity;
  if (excess <= 0) return;
  setSlot(u16, base, slot, slotOffset(u16, base, slot), capacity);
  u16[(base + PAGE_HOLES_OFFSET) >>> 1] += excess;
}

const compactScratch = new Uint8Array(PAGE_SIZE);

/**
 * Moves the rows together at the page's end, so that all free space is contiguous. Slots and capacities stay, row offsets
 * change: row positions in this page that someone remembered are void. Log: the whole page (wal.pageImage).
 */
export function compactPage(views: PageViews, base: number): void {
  const u16 = views.u16;
  if (pageHoles(u16, base) === 0) return;
  compactScratch.set(views.u8.subarray(base, base + PAGE_SIZE));
  const count = pageSlotCount(u16, base);
  let upper = PAGE_SIZE;
  for (let slot = 0; slot < count; slot++) {
    const offset = slotOffset(u16, base, slot);
    if (offset === 0) continue;
    const capacity = slotCapacity(u16, base, slot);
    upper -= capacity;
    views.u8.set(compactScratch.subarray(offset, offset + capacity), base + upper);
    setSlot(u16, base, slot, upper, capacity);
  }
  u16[(base + PAGE_UPPER_OFFSET) >>> 1] = upper;
  u16[(base + PAGE_HOLES_OFFSET) >>> 1] = 0;
}

/** What is wrong with the page, or null: the invariants above. Costly; for tests, HOTROW_CHECK and page reads in doubt. */
export function checkPage(views: PageViews, base: number): string | null {
  const u16 = views.u16;
  const count = pageSlotCount(u16, base);
  const lower = pageLower(u16, base);
  const upper = pageUpper(u16, base);
  if (count > SLOTS_PER_PAGE_MAX) return `slot count ${count}`;
  if (lower !== PAGE_HEADER_SIZE + count * SLOT_SIZE) return `lower ${lower} with ${count} slots`;
  if (upper < lower || upper > PAGE_SIZE || upper % ROW_ALIGNMENT !== 0) return `upper ${upper}, lower ${lower}`;
  const rows: [offset: number, capacity: number, slot: number][] = [];
  let free = 0;
  for (let slot = 0; slot < count; slot++) {
    const offset = slotOffset(u16, base, slot);
    const capacity = slotCapacity(u16, base, slot);
    if (offset === 0) {
      if (capacity !== 0) return `free slot ${slot} has capacity ${capacity}`;
      free++;
    } else rows.push([offset, capacity, slot]);
  }
  if (free !== pageFreeSlots(u16, base)) return `${free} free slots, header says ${pageFreeSlots(u16, base)}`;
  if (count > 0 && slotOffset(u16, base, count - 1) === 0) return 'the last slot is free';
  rows.sort((a, b) => a[0] - b[0]);
  let end = upper;
  let used = 0;
  for (const [offset, capacity, slot] of rows) {
    if (offset < end || (offset | capacity) % ROW_ALIGNMENT !== 0)
      return `slot ${slot}: row at ${offset} + ${capacity}`;
    end = offset + capacity;
    used += capacity;
  }
  if (end > PAGE_SIZE) return `rows end at ${end}`;
  const holes = pageHoles(u16, base);
  if (upper + used + holes !== PAGE_SIZE) return `upper ${upper} + rows ${used} + holes ${holes} is not the page size`;
  return null;
}
