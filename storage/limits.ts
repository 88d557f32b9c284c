/**
 * The storage's fixed sizes, and what they owe each other. The relations are checked when this file is loaded, so that a
 * changed constant cannot quietly break another.
 */
import { assert } from '../types/assert.ts';

export const PAGE_SIZE = 8192;
export const PAGE_HEADER_SIZE = 32;
export const SLOT_SIZE = 4;
/** Row id = pageNo * 512 + slot. */
export const ROW_ID_SLOT_BITS = 9;
export const SLOTS_PER_PAGE_MAX = 1 << ROW_ID_SLOT_BITS;
/** Pages of one relation: row ids are u32. */
export const PAGES_PER_RELATION_MAX = 2 ** (32 - ROW_ID_SLOT_BITS);
/** Rows are aligned to this; offsets and capacities are multiples of it. */
export const ROW_ALIGNMENT = 8;
/** The largest row that an empty page holds. */
export const ROW_SIZE_MAX = PAGE_SIZE - PAGE_HEADER_SIZE - ROW_ALIGNMENT;

/** Largest pool: every byte offset must be a u32, and the end must not wrap. */
export const POOL_SIZE_MAX = 2 ** 32 - PAGE_SIZE;
export const POOL_FRAMES_MIN = 16;
/** What the clock sweep makes of usage counts: more than this is no more. */
export const USAGE_COUNT_MAX = 5;
/** Where counting ends between two samples of page heat. */
export const USAGE_BYTE_MAX = 255;
/** A scan's ring: 32 frames (256 KB) in a small pool, and a 64th of a larger one up to 256 frames (2 MB). */
export const RING_FRAMES = 32;
export const RING_FRAMES_MAX = 256;

export const WAL_SEGMENT_SIZE = 16 * 1024 * 1024;
export const WAL_RECORD_HEADER_SIZE = 32;
/** One record may not be longer; a reader takes a larger length for damage. */
export const WAL_RECORD_SIZE_MAX = 1024 * 1024 * 1024;

assert(PAGE_HEADER_SIZE % ROW_ALIGNMENT === 0, 'the slot directory starts aligned');
assert(PAGE_SIZE % ROW_ALIGNMENT === 0 && PAGE_SIZE <= 2 ** 15, 'row offsets fit in a u16, and a row end is aligned');
assert(POOL_SIZE_MAX % PAGE_SIZE === 0 && POOL_SIZE_MAX < 2 ** 32, 'a frame base is a u32');
assert(WAL_SEGMENT_SIZE % PAGE_SIZE === 0, 'segments are whole pages');
assert(WAL_RECORD_HEADER_SIZE + 16 + PAGE_SIZE < WAL_SEGMENT_SIZE, 'a page image fits in a log segment');
assert(WAL_RECORD_HEADER_SIZE % 8 === 0, 'log records keep f64 fields aligned');
assert(RING_FRAMES * 2 >= POOL_FRAMES_MIN, 'the ring is the larger of the small sizes: tiny pools do not use one');

/** Relation of the version store. */
export const VERSIONS_REL_ID = 1;
