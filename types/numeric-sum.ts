/**
 * The exact sum of many decimals: for each scale that they have a pair of doubles as in numeric-registers.ts, and what is longer than such a pair
 * in a bigint. Nothing is aligned, and no Numeric made, before the sum is asked for.
 */
import { NUMERIC_SCALE_MAX, Numeric } from './numeric.ts';
import type { Decimal } from './numeric-kernel.ts';
import { coefficientOf, type RegisterFile, scaleOf } from './numeric-registers.ts';
import { bigPow10 } from './pow10.ts';

const SAFE = Number.MAX_SAFE_INTEGER;
const PAIR_LIMIT = 2 ** 103;
/** Places of a part: high, low, scale. */
const PART = 3;

export class NumericSum {
  /** The first one's scale is NaN as long as there is none. */
  readonly #parts: number[] = [0, 0, Number.NaN];
  /** The part of the last value, after which most look. */
  #at = 0;
  readonly #scales: number[] = [];
  readonly #sums: bigint[] = [];
  /** NaN and infinities. */
  #special: Numeric | null = null;
  #isWide = false;

  /** It may be no numeric: only `exact` is to be asked. */
  get isWide(): boolean {
    return this.#isWide && this.#special === null;
  }

  add(value: Numeric): void {
    const { coefficient, scale } = value;
    if (typeof coefficient === 'bigint') this.#addBig(coefficient, scale);
    else if (coefficient <= SAFE && coefficient >= -SAFE) this.#addPair(coefficient, 0, scale);
    else this.#special = this.#special === null ? value : this.#special.add(value);
  }

  /** The value's square, also where that is no numeric any more. */
  addSquare(value: Numeric): void {
    const { coefficient, scale } = value;
    const fits = typeof coefficient === 'number' || (coefficient < SQUARE_FITS && coefficient > -SQUARE_FITS);
    if (fits && scale * 2 <= NUMERIC_SCALE_MAX) this.add(value.mul(value));
    else {
      this.#isWide = true;
      this.#addBig(BigInt(coefficient) * BigInt(coefficient), scale * 2);
    }
  }

  /** Takes in another sum. */
  addAll(other: NumericSum): void {
    const parts = other.#parts;
    for (let at = Number.isNaN(parts[2]) ? PART : 0; at < parts.length; at += PART)
      this.#addPair(parts[at], parts[at + 1], parts[at + 2]);
    for (const [i, sum] of other.#sums.entries()) this.#addBig(sum, other.#scales[i]);
    const special = other.#special;
    if (special !== null) this.#special = this.#special === null ? special : this.#special.add(special);
    if (other.#isWide) this.#isWide = true;
  }

  /** What stands in a register. */
  addRegister(file: RegisterFile, at: number): void {
    this.#addPair(file[at], file[at + 1], file[at + 2]);
  }

  #addPair(high: number, low: number, scale: number): void {
    const parts = this.#parts;
    let at = this.#at;
    if (parts[at + 2] !== scale) at = this.#at = this.#partOf(scale);
    const x = parts[at];
    const sum = x + high;
    if (sum <= SAFE && sum >= -SAFE && parts[at + 1] === 0 && low === 0) {
      parts[at] = sum;
      return;
    }
    if (!(sum <= PAIR_LIMIT && sum >= -PAIR_LIMIT)) {
      this.#addBig(BigInt(x) + BigInt(parts[at + 1]), scaleOf(parts, at));
      parts[at] = high;
      parts[at + 1] = low;
      return;
    }
    // As in numeric-registers.ts.
    const part = sum - x;
    const rest = x - (sum - part) + (high - part) + (parts[at + 1] + low);
    const total = sum + rest;
    parts[at] = total;
    parts[at + 1] = rest - (total - sum);
  }

  #partOf(scale: number): number {
    const parts = this.#parts;
    if (Number.isNaN(parts[2])) parts[2] = scale;
    for (let at = 0; at < parts.length; at += PART) if (parts[at + 2] === scale) return at;
    return parts.push(0, 0, scale) - PART;
  }

  /** Takes a value back; false: the sum without it is not known, as its scale may be another. */
  remove(value: Numeric): boolean {
    const first = this.#parts[2];
    const scale = Number.isNaN(first) ? this.#scales[0] : first;
    const hasOneScale = this.#parts.length === PART && this.#scales.every((other) => other === scale);
    if (this.#special !== null || !hasOneScale) return false;
    this.add(value.neg());
    return true;
  }

  #addBig(coefficient: bigint, scale: number): void {
    const at = this.#scales.indexOf(scale);
    if (at >= 0) this.#sums[at] += coefficient;
    else {
      this.#scales.push(scale);
      this.#sums.push(coefficient);
    }
  }

  /** With the largest scale of all; of finite values only. It may have more digits than a numeric. */
  get exact(): Decimal {
    const parts = this.#parts;
    const all = this.#sums.map((coefficient, i): Decimal => ({ coefficient, scale: this.#scales[i] }));
    for (let at = Number.isNaN(parts[2]) ? PART : 0; at < parts.length; at += PART)
      all.push({ coefficient: BigInt(coefficientOf(parts, at)), scale: scaleOf(parts, at) });
    const scale = Math.max(...all.map((each) => each.scale));
    const coefficient = all.reduce((sum, each) => sum + each.coefficient * bigPow10(scale - each.scale), 0n);
    return { coefficient, scale };
  }

  /** With the largest scale of all; 0 of none. */
  get total(): Numeric {
    if (this.#special !== null) return this.#special;
    const parts = this.#parts;
    let total: Numeric | null = null;
    for (let at = Number.isNaN(parts[2]) ? PART : 0; at < parts.length; at += PART) {
      const part = Numeric.fromScaled(coefficientOf(parts, at), scaleOf(parts, at));
      total = total === null ? part : total.add(part);
    }
    this.#sums.forEach((sum, i) => {
      const part = Numeric.fromBigint(small(sum), this.#scales[i]);
      total = total === null ? part : total.add(part);
    });
    return total ?? Numeric.ZERO;
  }
}

/** Squares below are numerics, and so are sums of many of them. */
const SQUARE_FITS = 1n << 4096n;

function small(value: bigint): number | bigint {
  return value <= BigInt(SAFE) && value >= -BigInt(SAFE) ? Number(value) : value;
}
