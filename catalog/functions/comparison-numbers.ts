/**
 * What the comparison functions of btree answer when they are called by name: their sign is all that the order needs, but the number
 * that PostgreSQL's memcmp and strncmp give is seen.
 */

/** memcmp over the common length, then the lengths. */
export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const common = Math.min(a.length, b.length);
  for (let i = 0; i < common; i++) if (a[i] !== b[i]) return a[i] - b[i];
  return Math.sign(a.length - b.length);
}

/** strncmp: the byte behind the end is 0. */
export function compareNames(a: string, b: string): number {
  return compareBytes(Buffer.from(`${a}\0`), Buffer.from(`${b}\0`));
}

/** Bits as texts of 0 and 1: their bytes, filled with zeros, then the lengths. */
export function compareBits(a: string, b: string): number {
  const common = Math.ceil(Math.min(a.length, b.length) / 8) * 8;
  return compareBytes(bytesOf(a, common), bytesOf(b, common)) || Math.sign(a.length - b.length);
}

function bytesOf(bits: string, length: number): Uint8Array {
  const padded = bits.slice(0, length).padEnd(length, '0');
  return Uint8Array.from({ length: length / 8 }, (_, i) => Number.parseInt(padded.slice(i * 8, i * 8 + 8), 2));
}

/** By their bytes: two digits each, dashes between some of them. */
export function compareUuids(a: string, b: string): number {
  return compareBytes(Buffer.from(a.replaceAll('-', ''), 'hex'), Buffer.from(b.replaceAll('-', ''), 'hex'));
}
