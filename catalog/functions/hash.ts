/**
 * PostgreSQL's hash functions by name (hashtext and its kin): Bob Jenkins' lookup3 over the bytes, little endian. Clients use them
 * for advisory locks and for sharding, so the numbers must be PostgreSQL's.
 */
import {
  type Address,
  addressBytes,
  addressFamily,
  inputInt8,
  mac8Bytes,
  macBytes,
  networkBits,
} from '../../types/index.ts';
import type { FunctionModule } from './module.ts';

const GOLDEN = 0x9e3779b9;
const ARBITRARY = 3923095;

function rotate(x: number, k: number): number {
  return (x << k) | (x >>> (32 - k));
}

/** The two final words of lookup3. */
function hashBytes(bytes: Uint8Array, seedHigh: number, seedLow: number): { readonly b: number; readonly c: number } {
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

function hashExtended(bytes: Uint8Array, seed: number | bigint): number | bigint {
  const wide = BigInt.asUintN(64, BigInt(seed));
  const { b, c } = hashBytes(bytes, Number(wide >> 32n) | 0, Number(wide & 0xffffffffn) | 0);
  const value = (BigInt(b >>> 0) << 32n) | BigInt(c >>> 0);
  return inputInt8(String(BigInt.asIntN(64, value)));
}

/** hash_uint32: four bytes, little endian. */
function fourBytes(value: number): Uint8Array {
  return new Uint8Array([value & 255, (value >>> 8) & 255, (value >>> 16) & 255, value >>> 24]);
}

/** hashint8 agrees with hashint4 where the value fits. */
function foldInt8(value: number | bigint): number {
  const wide = BigInt(value);
  const low = Number(BigInt.asIntN(32, wide));
  const high = Number(BigInt.asIntN(32, wide >> 32n));
  return low ^ (wide >= 0n ? high : ~high);
}

/** As PostgreSQL keeps an address: family, bits, bytes. */
function storedAddress(address: Address): Uint8Array {
  return Uint8Array.of(addressFamily(address), networkBits(address), ...addressBytes(address));
}

/** A mac address as PostgreSQL keeps it: its bytes in order. */
const mac = (value: number): Uint8Array => Uint8Array.from(macBytes(value));
const mac8 = (value: number | bigint): Uint8Array => Uint8Array.from(mac8Bytes(value));

export const hashFunctions: FunctionModule = {
  plain: {
    hashtext: (text: string) => hashBytes(Buffer.from(text, 'utf8'), 0, 0).c,
    hashtextextended: (text: string, seed: number | bigint) => hashExtended(Buffer.from(text, 'utf8'), seed),
    hashint2: (value: number) => hashBytes(fourBytes(value), 0, 0).c,
    hashint4: (value: number) => hashBytes(fourBytes(value), 0, 0).c,
    hashint8: (value: number | bigint) => hashBytes(fourBytes(foldInt8(value)), 0, 0).c,
    hashint4extended: (value: number, seed: number | bigint) => hashExtended(fourBytes(value), seed),
    hashint8extended: (value: number | bigint, seed: number | bigint) => hashExtended(fourBytes(foldInt8(value)), seed),
    hashinet: (value: Address) => hashBytes(storedAddress(value), 0, 0).c,
    hashinetextended: (value: Address, seed: number | bigint) => hashExtended(storedAddress(value), seed),
    hashmacaddr: (value: number) => hashBytes(mac(value), 0, 0).c,
    hashmacaddrextended: (value: number, seed: number | bigint) => hashExtended(mac(value), seed),
    hashmacaddr8: (value: number | bigint) => hashBytes(mac8(value), 0, 0).c,
    hashmacaddr8extended: (value: number | bigint, seed: number | bigint) => hashExtended(mac8(value), seed),
    hashoid: (value: number) => hashBytes(fourBytes(value), 0, 0).c,
  },
};
