/** A bit for each of the 128 entries of a node: whether its posting is a list. Bits move as the entries do. */

/** Words of a node's bits. */
export const BIT_WORDS = 4;
export const BIT_WORDS_BITS = 2;

/** Moves the node's bits from `position` on up by one; the bit there is clear. */
export function openBit(bits: Uint32Array, base: number, position: number): void {
  const word = base + (position >>> 5);
  for (let i = base + BIT_WORDS - 1; i > word; i--) bits[i] = (bits[i] << 1) | (bits[i - 1] >>> 31);
  const below = (1 << (position & 31)) - 1;
  const old = bits[word];
  bits[word] = ((old & ~below) << 1) | (old & below);
}

/** Moves the node's bits behind `position` down by one. */
export function closeBit(bits: Uint32Array, base: number, position: number): void {
  const last = base + BIT_WORDS - 1;
  const word = base + (position >>> 5);
  const below = (1 << (position & 31)) - 1;
  const old = bits[word];
  bits[word] = ((old >>> 1) & ~below) | (old & below);
  for (let i = word; i < last; i++) {
    bits[i] = (bits[i] & 0x7fffffff) | (bits[i + 1] << 31);
    bits[i + 1] >>>= 1;
  }
}
