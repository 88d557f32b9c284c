/**
 * How hot each page is: its accesses of the last minutes, older ones counting less.
 *
 * A lookup only adds one to the frame's usage byte. What is taken from that byte, by the hand of the clock sweep (one a turn,
 * and all above 5) or by the sampler (all above 5, once a second), goes into the frame's heat, which halves in two minutes. So
 * accesses are counted once, and a lookup pays nothing for it:
 *
 *      accesses = usage (the latest, 0..255) + heat (those before, decayed)
 *
 * A page that leaves keeps its heat in a table of the evicted, and gets it back when it is read again: a page that is wanted
 * again and again shows, though the sweep has to forget it. The table is a cache of as many pages as there are frames; of two
 * that meet in one place the colder is forgotten.
 *
 * Without pressure the hand stands still; then the sampler takes one of each usage count above 1 once a minute, so that what was
 * hot an hour ago does not look as hot as what is now.
 *
 * Cost: one pass over 131,072 frames (1 GB) in about 0.3 ms, in four slices a second; 4 bytes a frame and 16 an evicted page.
 */
import { USAGE_COUNT_MAX } from '../limits.ts';

/** Passes in which heat halves; one pass a second. */
const HALF_LIFE_PASSES = 120;
const DECAY = 0.5 ** (1 / HALF_LIFE_PASSES);
const AGE_PASSES = 60;
/** Less counts as nothing. */
const HEAT_MIN = 1 / 64;
const EVICTED_MIN = 1024;

export class PageHeat {
  /** Decayed accesses, by frame. */
  readonly heat: Float32Array;
  /** Passes of the sampler so far: the clock of decay. */
  passes = 0;
  private readonly usage: Uint8Array;

  // The evicted: two neighbouring places for each page.
  private readonly evictedRelation: Uint32Array;
  private readonly evictedPage: Uint32Array;
  private readonly evictedHeat: Float32Array;
  private readonly evictedPass: Uint32Array;
  private readonly mask: number;

  constructor(usage: Uint8Array) {
    this.usage = usage;
    this.heat = new Float32Array(usage.length);
    const capacity = 2 ** Math.ceil(Math.log2(Math.max(EVICTED_MIN, usage.length)));
    this.evictedRelation = new Uint32Array(capacity);
    this.evictedPage = new Uint32Array(capacity);
    this.evictedHeat = new Float32Array(capacity);
    this.evictedPass = new Uint32Array(capacity);
    this.mask = capacity - 1;
  }

  /** What counts for the order of pages. */
  of(frame: number): number {
    return this.heat[frame] + this.usage[frame];
  }

  /** The sampler, over frames start .. end - 1. A pass is over when all frames have had their turn: endPass. */
  sample(start: number, end: number): void {
    const { heat, usage } = this;
    const ages = this.passes % AGE_PASSES === AGE_PASSES - 1;
    for (let frame = start; frame < end; frame++) {
      let value = heat[frame] * DECAY;
      const count = usage[frame];
      if (count > USAGE_COUNT_MAX) {
        value += count - USAGE_COUNT_MAX;
        usage[frame] = USAGE_COUNT_MAX;
      } else if (ages && count > 1) {
        value += 1;
        usage[frame] = count - 1;
      }
      heat[frame] = value < HEAT_MIN ? 0 : value;
    }
  }

  endPass(): void {
    this.passes++;
  }

  /** Half of all heat goes at once: as much has happened as otherwise in two minutes. */
  halve(): void {
    const { heat } = this;
    for (let frame = 0; frame < heat.length; frame++) heat[frame] *= 0.5;
    this.passes += HALF_LIFE_PASSES;
  }

  /** The page leaves its frame. */
  evicted(frame: number, relId: number, pageNo: number): void {
    const value = this.of(frame);
    let place = this.placeOf(relId, pageNo);
    if (!this.isAt(place, relId, pageNo)) {
      const other = place ^ 1;
      if (this.isAt(other, relId, pageNo) || this.heatAt(other) < this.heatAt(place)) place = other;
    }
    if (!this.isAt(place, relId, pageNo) && this.heatAt(place) > value) return;
    this.evictedRelation[place] = relId;
    this.evictedPage[place] = pageNo;
    this.evictedHeat[place] = value;
    this.evictedPass[place] = this.passes;
  }

  /** The page has come into the frame. Its heat is what was remembered of it; the usage count that it begins with is no access. */
  arrived(frame: number, relId: number, pageNo: number): void {
    this.heat[frame] = -this.usage[frame];
    let place = this.placeOf(relId, pageNo);
    if (!this.isAt(place, relId, pageNo)) place ^= 1;
    if (!this.isAt(place, relId, pageNo)) return;
    this.heat[frame] += this.heatAt(place);
    this.evictedHeat[place] = 0;
  }

  /** Calls `visit` for the evicted pages in places start .. end - 1 that are still warm. */
  eachEvicted(start: number, end: number, visit: (relId: number, pageNo: number, heat: number) => void): void {
    for (let place = start; place < end; place++) {
      const value = this.heatAt(place);
      if (value > 0) visit(this.evictedRelation[place], this.evictedPage[place], value);
    }
  }

  get evictedCapacity(): number {
    return this.mask + 1;
  }

  private placeOf(relId: number, pageNo: number): number {
    const hash = Math.imul(Math.imul(relId, 0x9e3779b1) ^ pageNo, 0x85ebca6b);
    return (hash ^ (hash >>> 15)) & this.mask;
  }

  private isAt(place: number, relId: number, pageNo: number): boolean {
    return this.evictedHeat[place] > 0 && this.evictedPage[place] === pageNo && this.evictedRelation[place] === relId;
  }

  private heatAt(place: number): number {
    const value = this.evictedHeat[place];
    if (value === 0) return 0;
    const now = value * DECAY ** (this.passes - this.evictedPass[place]);
    return now < HEAT_MIN ? 0 : now;
  }
}
