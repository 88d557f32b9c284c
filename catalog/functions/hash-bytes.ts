/** PostgreSQL's hash of bytes: Bob Jenkins' lookup3, little endian. */

const GOLDEN = 0x9e3779b9;
const ARBITRARY = 3923095;

function rotate(x: number, k: number): number {
  return (x << k) | (x >>> (32 - k));
}

/** The two final words of lookup3. */
export function hashBytes(
  bytes: Uint8Array,
  seedHigh: number,
  seedLow: number,
): { readonly b: number; readonly c: number } {
  let a = (GOLDEN + bytes.length + ARBITRARY) | 0;
  let b = a;
  let c = a;
  const mix = (): void => {
    a = ((a - c) ^ rotate(c, 4)) | 0;
    c = (c + b) | 0;
    b = ((b - a) ^ rotate(a, 6)) | 0;
    a = (a + c) | 0;
    c = ((c - b) ^ rotate(b, 8)) | 0;
    b = (b + a) | 0;
    a = ((a - c) ^ rotate(c, 16)) | 0;
    c = (c + b) | 0;
    b = ((b - a) ^ rotate(a, 19)) | 0;
    a = (a + c) | 0;
    c = ((c - b) ^ rotate(b, 4)) | 0;
    b = (b + a) | 0;
  };
  if (seedHigh !== 0 || seedLow !== 0) {
    a = (a + seedHigh) | 0;
    b = (b + seedLow) | 0;
    mix();
  }
  const byte = (at: number): number => (at < bytes.length ? bytes[at] : 0);
  const word = (at: number): number => byte(at) | (byte(at + 1) << 8) | (byte(at + 2) << 16) | (byte(at + 3) << 24);
  let at = 0;
  for (; bytes.length - at >= 12; at += 12) {
    a = (a + word(at)) | 0;
    b = (b + word(at + 4)) | 0;
    c = (c + word(at + 8)) | 0;
    mix();
  }
  // The last word's lowest byte is left to the length.
  c = (c + ((byte(at + 8) << 8) | (byte(at + 9) << 16) | (byte(at + 10) << 24))) | 0;
  b = (b + word(at + 4)) | 0;
  a = (a + word(at)) | 0;
  c = ((c ^ b) - rotate(b, 14)) | 0;
  a = ((a ^ c) - rotate(c, 11)) | 0;
  b = ((b ^ a) - rotate(a, 25)) | 0;
  c = ((c ^ b) - rotate(b, 16)) | 0;
  a = ((a ^ c) - rotate(c, 4)) | 0;
  b = ((b ^ a) - rotate(a, 14)) | 0;
  c = ((c ^ b) - rotate(b, 24)) | 0;
  return { b, c };
}

/** hash_bytes_extended, as the unsigned number. */
export function hashBytesExtended(bytes: Uint8Array, seed: bigint): bigint {
  const { b, c } = hashBytes(bytes, Number(seed >> 32n) | 0, Number(seed & 0xffffffffn) | 0);
  return (BigInt(b >>> 0) << 32n) | BigInt(c >>> 0);
}

/** hash_uint32: four bytes, little endian. */
export function fourBytes(value: number): Uint8Array {
  return new Uint8Array([value & 255, (value >>> 8) & 255, (value >>> 16) & 255, value >>> 24]);
}

/** hashint8 agrees with hashint4 where the value fits. */
export function foldInt8(value: number | bigint): number {
  const wide = BigInt.asIntN(64, BigInt(value));
  const low = Number(BigInt.asIntN(32, wide));
  const high = Number(BigInt.asIntN(32, wide >> 32n));
  return low ^ (wide >= 0n ? high : ~high);
}
