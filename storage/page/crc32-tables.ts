/** Tables of CRC-32: table k holds the remainder of each byte with k zero bytes behind it, at k * 256. */
const TABLES = 8;

function tables(): Uint32Array {
  const all = new Uint32Array(TABLES * 256);
  for (let byte = 0; byte < 256; byte++) {
    let value = byte;
    for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
    all[byte] = value;
  }
  for (let i = 256; i < all.length; i++) all[i] = all[all[i - 256] & 255] ^ (all[i - 256] >>> 8);
  return all;
}

export const CRC_TABLES: Uint32Array = tables();
