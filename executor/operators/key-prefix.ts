/**
 * Prefixes of sort keys: 64 bits of a value that order as values of its type do, but for values whose bits are equal.
 *
 *      numbers, dates, enums     the double's bits, the sign flipped (all of them if it is negative); NaN above everything
 *      numeric                   of the quotient, where coefficient and power of ten are exact doubles
 *      interval                  of its days
 *      text                      eight bytes behind what the rows have in common
 *      bytea                     the first eight bytes
 */
import type { Value } from '../../catalog/function-entry.ts';
import { intervalDays } from '../../types/compare.ts';
import { comparator, type Interval, isCollatedType, type Numeric } from '../../types/index.ts';
import { POW10 } from '../../types/pow10.ts';
import { enumOrder, type Representation, representation } from '../../types/representation.ts';
import { giveArray, takeArray } from '../scratch-memory.ts';

/** How much prefixes tell of their values: nothing, their order, or that values are equal when they are. */
export const PREFIX_NONE = 0;
const PREFIX_ORDER = 1;
export const PREFIX_ALL = 2;

/** Prefixes of rows, by their places. */
export class Prefixes {
  readonly high: Uint32Array<ArrayBuffer>;
  readonly low: Uint32Array<ArrayBuffer>;

  /** Of so many rows. */
  constructor(length: number) {
    this.high = takeArray(Uint32Array, length);
    this.low = takeArray(Uint32Array, length);
  }

  release(): void {
    giveArray(this.high);
    giveArray(this.low);
  }

  /** For descending order. */
  invert(from: number, to: number): void {
    const { high, low } = this;
    for (let i = from; i < to; i++) {
      high[i] = ~high[i];
      low[i] = ~low[i];
    }
  }

  set(source: Prefixes, from: number, to: number): void {
    this.high.set(source.high.subarray(from, to), from);
    this.low.set(source.low.subarray(from, to), from);
  }

  /** Adds to counts[digit * 256 + value], digit 0 being the least significant byte. */
  count(counts: Uint32Array, from: number, to: number): void {
    const { high, low } = this;
    for (let i = from; i < to; i++) {
      const l = low[i];
      const h = high[i];
      counts[l & 255]++;
      counts[256 + ((l >>> 8) & 255)]++;
      counts[512 + ((l >>> 16) & 255)]++;
      counts[768 + (l >>> 24)]++;
      counts[1024 + (h & 255)]++;
      counts[1280 + ((h >>> 8) & 255)]++;
      counts[1536 + ((h >>> 16) & 255)]++;
      counts[1792 + (h >>> 24)]++;
    }
  }

  /** Puts the rows at from .. to, and their prefixes, where their digit's next place is. */
  distribute(
    rows: Uint32Array,
    digit: number,
    places: Uint32Array,
    from: number,
    to: number,
    target: Prefixes,
    targetRows: Uint32Array,
  ): void {
    const { high, low } = this;
    const key = digit < 4 ? low : high;
    const shift = (digit & 3) * 8;
    for (let i = from; i < to; i++) {
      const place = places[(key[i] >>> shift) & 255]++;
      targetRows[place] = rows[i];
      target.high[place] = high[i];
      target.low[place] = low[i];
    }
  }
}

const double = new Float64Array(1);
const words = new Uint32Array(double.buffer);

function putNumber(target: Prefixes, i: number, value: number): void {
  // -0 and 0 are equal.
  double[0] = value + 0;
  const high = words[1];
  // NaN has many forms, and is above infinity in all.
  if (value !== value) {
    target.high[i] = 0xffffffff;
    target.low[i] = 0;
  } else if (high >>> 31 === 0) {
    target.high[i] = high ^ 0x80000000;
    target.low[i] = words[0];
  } else {
    target.high[i] = ~high;
    target.low[i] = ~words[0];
  }
}

type Fill = (
  target: Prefixes,
  values: ArrayLike<Value>,
  rows: Uint32Array,
  from: number,
  to: number,
  shared: number,
) => number;

function fillNumbers(target: Prefixes, values: ArrayLike<Value>, rows: Uint32Array, from: number, to: number): number {
  let coverage = PREFIX_ALL;
  for (let i = from; i < to; i++) {
    const value = values[rows[i]];
    if (typeof value === 'number') putNumber(target, i, value);
    else {
      // A boolean, or a bigint that no double may be equal to.
      putNumber(target, i, Number(value));
      if (typeof value === 'bigint') coverage = PREFIX_ORDER;
    }
  }
  return coverage;
}

function fillNumerics(target: Prefixes, values: ArrayLike<Value>, rows: Uint32Array, from: number, to: number): number {
  for (let i = from; i < to; i++) {
    const { coefficient, scale } = values[rows[i]] as Numeric;
    // Both exact, and so the nearest double of the quotient: it never orders otherwise than the quotients do.
    if (typeof coefficient !== 'number' || scale > POW10_EXACT_MAX) return PREFIX_NONE;
    putNumber(target, i, coefficient / POW10[scale]);
  }
  return PREFIX_ORDER;
}

/** The highest power of ten that is a double. */
const POW10_EXACT_MAX = 22;

function fillIntervals(
  target: Prefixes,
  values: ArrayLike<Value>,
  rows: Uint32Array,
  from: number,
  to: number,
): number {
  for (let i = from; i < to; i++) putNumber(target, i, intervalDays(values[rows[i]] as Interval));
  return PREFIX_ORDER;
}

/** The first eight bytes of a value or, for shorter ones, of a copy with zeros behind. */
function putBytes(target: Prefixes, i: number, b: Uint8Array): void {
  target.high[i] = (b[0] << 24) | (b[1] << 16) | (b[2] << 8) | b[3];
  target.low[i] = (b[4] << 24) | (b[5] << 16) | (b[6] << 8) | b[7];
}

function fillBytes(target: Prefixes, values: ArrayLike<Value>, rows: Uint32Array, from: number, to: number): number {
  for (let i = from; i < to; i++) {
    const bytes = values[rows[i]] as Uint8Array;
    if (bytes.length >= 8) putBytes(target, i, bytes);
    else {
      encoded.fill(0);
      encoded.set(bytes);
      putBytes(target, i, encoded);
    }
  }
  return PREFIX_ORDER;
}

/** From `shared` on. Covers all of the value when all texts end within their eight bytes. */
function fillTexts(
  target: Prefixes,
  values: ArrayLike<Value>,
  rows: Uint32Array,
  from: number,
  to: number,
  shared: number,
): number {
  let coverage = PREFIX_ALL;
  for (let i = from; i < to; i++) {
    const text = values[rows[i]] as string;
    const left = text.length - shared;
    if (left > 8) coverage = PREFIX_ORDER;
    let high = 0;
    let low = 0;
    let isAscii = true;
    const end = left > 8 ? 8 : left;
    for (let j = 0; j < end; j++) {
      const code = text.charCodeAt(shared + j);
      if (code >= 0x80) {
        isAscii = false;
        break;
      }
      if (j < 4) high |= code << (24 - j * 8);
      else low |= code << (56 - j * 8);
    }
    if (isAscii) {
      target.high[i] = high;
      target.low[i] = low;
    } else if (!putEncoded(target, i, text, shared)) coverage = PREFIX_ORDER;
  }
  return coverage;
}

const encoded = new Uint8Array(8 + 3);

/** Of a text that is not ASCII; false: it has more than eight bytes. */
function putEncoded(target: Prefixes, i: number, text: string, from: number): boolean {
  encoded.fill(0);
  let length = 0;
  let at = from;
  for (; at < text.length && length < 8; at++) {
    const unit = text.charCodeAt(at);
    // Surrogates stand for the highest code points. Each half is encoded by itself, as UTF-8 would a code point of its size: what
    // counts is the order.
    const code = unit < 0xd800 ? unit : unit < 0xe000 ? unit + 0x2000 : unit - 0x800;
    if (code < 0x80) encoded[length++] = code;
    else if (code < 0x800) {
      encoded[length++] = 0xc0 | (code >> 6);
      encoded[length++] = 0x80 | (code & 63);
    } else {
      encoded[length++] = 0xe0 | (code >> 12);
      encoded[length++] = 0x80 | ((code >> 6) & 63);
      encoded[length++] = 0x80 | (code & 63);
    }
  }
  putBytes(target, i, encoded);
  return at === text.length && length <= 8;
}

function fillNothing(): number {
  return PREFIX_NONE;
}

/** How many UTF-16 units the texts have in common with `first`, `most` at the most. */
export function sharedLength(
  values: ArrayLike<Value>,
  rows: Uint32Array,
  from: number,
  to: number,
  first: string,
  most: number,
): number {
  let shared = Math.min(most, first.length);
  for (let i = from; i < to; i++) {
    const text = values[rows[i]] as string;
    if (text.length < shared) shared = text.length;
    let same = 0;
    while (same < shared && text.charCodeAt(same) === first.charCodeAt(same)) same++;
    shared = same;
    if (shared === 0) break;
  }
  return shared;
}

/** The prefixes of a type. */
export interface KeyPrefix {
  /** They are of what stands behind the first `shared` UTF-16 units (sharedLength); for other types that is 0. */
  readonly isText: boolean;
  /** Writes the prefixes of values[rows[i]], none of them null, to the places i = from .. to - 1; answers what they tell. */
  readonly fill: Fill;
  /** Of two values. */
  readonly compare: (a: Value, b: Value) => number;
}

const NUMBERS = new Set<Representation>([
  ...(['bool', 'int2', 'int4', 'uint4', 'int8', 'uint8', 'float4', 'float8', 'date', 'micros', 'tid'] as const),
]);

export function keyPrefix(typeOid: number): KeyPrefix {
  const of = (fill: Fill, isText = false): KeyPrefix => ({ isText, fill, compare: comparator(typeOid) });
  // Text in another order than that of its bytes.
  if (isCollatedType(typeOid)) return of(fillNothing);
  const kind = representation(typeOid);
  if (NUMBERS.has(kind)) return of(fillNumbers);
  switch (kind) {
    case 'numeric':
      return of(fillNumerics);
    case 'interval':
      return of(fillIntervals);
    case 'bytea':
      return of(fillBytes);
    case 'text':
    case 'uuid':
      return of(fillTexts, true);
    case 'enum': {
      const order = enumOrder(typeOid);
      return of((target, values, rows, from, to) => {
        for (let i = from; i < to; i++) putNumber(target, i, order(values[rows[i]] as string));
        return PREFIX_ALL;
      });
    }
    default:
      return of(fillNothing);
  }
}
