/**
 * 32-bit hashes of index keys. Images of hash dictionaries are in their order: who changes them changes the version of images.
 */

/** The finalizer of MurmurHash3 (Austin Appleby, public domain): every bit of the input moves half of those of the output. */
function mixed(hash: number): number {
  let h = hash;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

/** Of a number key: an integer, or one of the stand-ins for infinities and NULL. Integers up to 2^32 have different hashes. */
export function hashOfNumber(number: number): number {
  const high = Math.floor(number / 4294967296) | 0;
  return mixed((number | 0) ^ Math.imul(high, 0x9e3779b1));
}

/** Of a byte key: MurmurHash3, four bytes at a time. */
export function hashOfBytes(bytes: Uint8Array, length: number): number {
  let h = length;
  let i = 0;
  for (const end = length & -4; i < end; i += 4) {
    let k = bytes[i] | (bytes[i + 1] << 8) | (bytes[i + 2] << 16) | (bytes[i + 3] << 24);
    k = Math.imul(k, 0xcc9e2d51);
    k = Math.imul((k << 15) | (k >>> 17), 0x1b873593);
    h ^= k;
    h = (Math.imul((h << 13) | (h >>> 19), 5) + 0xe6546b64) | 0;
  }
  if (i < length) {
    let k = 0;
    for (let shift = 0; i < length; i++, shift += 8) k |= bytes[i] << shift;
    k = Math.imul(k, 0xcc9e2d51);
    h ^= Math.imul((k << 15) | (k >>> 17), 0x1b873593);
  }
  return mixed(h);
}
