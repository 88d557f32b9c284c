/**
 * The exact sum of many decimals: of those of the first one's scale in a double as long as that is exact, of longer ones in a bigint for
 * each scale. Nothing is aligned, and no Numeric made, before the sum is asked for.
 */
import { Numeric } from './numeric.ts';

const SAFE = Number.MAX_SAFE_INTEGER;

export class NumericSum {
  /** Of the first value; -1: none yet. */
  #scale = -1;
  #small = 0;
  readonly #scales: number[] = [];
  readonly #sums: bigint[] = [];
  /** Whether all values were finite and of one scale. */
  #isUniform = true;
  /** NaN and infinities. */
  #special: Numeric | null = null;

  add(value: Numeric): void {
    const { coefficient, scale } = value;
    if (this.#scale < 0 && value.isFinite) this.#scale = scale;
    if (typeof coefficient === 'number') {
      if (scale === this.#scale) {
        const sum = this.#small + coefficient;
        if (sum <= SAFE && sum >= -SAFE) this.#small = sum;
        else if (value.isFinite) {
          this.#addBig(BigInt(this.#small), scale);
          this.#small = coefficient;
        } else this.#addSpecial(value);
      } else if (value.isFinite) this.#addBig(BigInt(coefficient), scale);
      else this.#addSpecial(value);
    } else this.#addBig(coefficient, scale);
  }

  /** Takes a value back; false: the sum without it is not known, as its scale may be another. */
  remove(value: Numeric): boolean {
    if (!this.#isUniform) return false;
    this.add(value.neg());
    return true;
  }

  #addBig(coefficient: bigint, scale: number): void {
    if (scale !== this.#scale) this.#isUniform = false;
    const at = this.#scales.indexOf(scale);
    if (at >= 0) this.#sums[at] += coefficient;
    else {
      this.#scales.push(scale);
      this.#sums.push(coefficient);
    }
  }

  #addSpecial(value: Numeric): void {
    this.#isUniform = false;
    this.#special = this.#special === null ? value : this.#special.add(value);
  }

  /** With the largest scale of all; 0 of none. */
  get total(): Numeric {
    if (this.#special !== null) return this.#special;
    let total = this.#scale < 0 ? Numeric.ZERO : Numeric.fromScaled(this.#small, this.#scale);
    for (let i = 0; i < this.#sums.length; i++)
      total = total.add(Numeric.fromBigint(small(this.#sums[i]), this.#scales[i]));
    return total;
  }
}

function small(value: bigint): number | bigint {
  return value <= BigInt(SAFE) && value >= -BigInt(SAFE) ? Number(value) : value;
}
