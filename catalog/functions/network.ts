/** Functions and operators of inet, cidr, macaddr and macaddr8 (manual 9.12). */
import {
  type Address,
  addressBytes,
  addressFamily,
  compareText,
  FAMILY_V4,
  formatHost,
  mac8Bytes,
  mac8FromBytes,
  macBytes,
  macFromBytes,
  makeAddress,
  maskByte,
  maximumBits,
  networkBits,
  networkOf,
  outputAddress,
  sameBits,
  sqlError,
  widenMac,
} from '../../types/index.ts';
import { orderExtreme } from './aggregates.ts';
import { type Int8, int8FromBigInt } from './integer.ts';
import type { AnyFunction, FunctionModule } from './module.ts';
import { byOrder } from './range.ts';

function withBits(address: Address, bits: number): Address {
  return makeAddress(addressBytes(address), bits);
}

function checkBits(address: Address, bits: number): number {
  if (bits === -1) return maximumBits(address);
  if (bits < 0 || bits > maximumBits(address)) throw sqlError('22023', `invalid mask length: ${bits}`);
  return bits;
}

/** network_cmp: by family, by the bits that both networks have, by how many these are, by the other bits. */
function compareAddresses(a: Address, b: Address): number {
  if (!isSameFamily(a, b)) return addressFamily(a) - addressFamily(b);
  const [bits, otherBits] = [networkBits(a), networkBits(b)];
  const ofNetwork = compareBitsOf(a, b, Math.min(bits, otherBits));
  return ofNetwork || bits - otherBits || compareBitsOf(a, b, maximumBits(a));
}

/** bitncmp: the difference of bytes that all count, the order of one that does not. */
function compareBitsOf(a: Address, b: Address, bits: number): number {
  const [bytes, others] = [addressBytes(a), addressBytes(b)];
  const whole = bits >> 3;
  for (let i = 0; i < whole; i++) if (bytes[i] !== others[i]) return bytes[i] - others[i];
  const mask = maskByte(bits, whole);
  return mask === 0 ? 0 : Math.sign((bytes[whole] & mask) - (others[whole] & mask));
}

function isSameFamily(a: Address, b: Address): boolean {
  return addressFamily(a) === addressFamily(b);
}

/** Whether `a` begins with the network bits of `b`. */
function isWithin(a: Address, b: Address): boolean {
  return isSameFamily(a, b) && sameBits(a, b, networkBits(b));
}

/** Bytes of the mask of so many bits, or of its complement. */
function maskAddress(address: Address, isHostMask: boolean): Address {
  const bits = networkBits(address);
  const bytes = addressBytes(address).map((_, i) => (isHostMask ? ~maskByte(bits, i) & 255 : maskByte(bits, i)));
  return makeAddress(bytes, maximumBits(address));
}

function combine(a: Address, b: Address, word: string, operation: (x: number, y: number) => number): Address {
  if (!isSameFamily(a, b)) throw sqlError('22023', `cannot ${word} inet values of different sizes`);
  const right = addressBytes(b);
  const bytes = addressBytes(a).map((byte, i) => operation(byte, right[i]));
  return makeAddress(bytes, Math.max(networkBits(a), networkBits(b)));
}

function toNumber(address: Address): bigint {
  return addressBytes(address).reduce((value, byte) => (value << 8n) | BigInt(byte), 0n);
}

function add(address: Address, addend: bigint): Address {
  const bits = maximumBits(address);
  const sum = toNumber(address) + addend;
  if (sum < 0n || sum >= 1n << BigInt(bits)) throw sqlError('22003', 'result is out of range');
  const bytes: number[] = [];
  for (let shift = bits - 8; shift >= 0; shift -= 8) bytes.push(Number((sum >> BigInt(shift)) & 255n));
  return makeAddress(bytes, networkBits(address));
}

function subtract(a: Address, b: Address): Int8 {
  if (!isSameFamily(a, b)) throw sqlError('22023', 'cannot subtract inet values of different sizes');
  // Of IPv6 the difference is taken modulo 2^128, as PostgreSQL's is.
  const difference = BigInt.asIntN(128, toNumber(a) - toNumber(b));
  if (BigInt.asIntN(64, difference) !== difference) throw sqlError('22003', 'result is out of range');
  return int8FromBigInt(difference);
}

/** Leading bits that two addresses have in common, at most `limit`. */
function commonBits(a: Address, b: Address, limit: number): number {
  let bits = 0;
  while (bits < limit && sameBits(a, b, bits + 1)) bits++;
  return bits;
}

function merge(a: Address, b: Address): Address {
  if (!isSameFamily(a, b)) throw sqlError('22023', 'cannot merge addresses from different families');
  return networkOf(a, commonBits(a, b, Math.min(networkBits(a), networkBits(b))));
}

/** cidr's short form: octets and words behind the network are left out. */
function abbreviate(address: Address): string {
  const bits = networkBits(address);
  const bytes = addressBytes(address);
  if (bytes.length === 16) return `${bits === 0 ? '::' : abbreviateV6(bytes, bits)}/${bits}`;
  if (bits === 0) return '0/0';
  const shown = bytes.slice(0, (bits + 7) >> 3);
  shown[shown.length - 1] &= maskByte(bits, shown.length - 1);
  return `${shown.join('.')}/${bits}`;
}

function abbreviateV6(address: readonly number[], bits: number): string {
  const bytes = address.map((byte, i) => byte & maskByte(bits, i));
  const words = Math.max((bits + 15) >> 4, 2);
  let start = 0;
  let length = 0;
  let run = 0;
  let runStart = 0;
  for (let i = 0; i < words; i++) {
    if ((bytes[2 * i] | bytes[2 * i + 1]) === 0) {
      if (run === 0) runStart = i;
      run++;
    } else if (run > 0 && length < run) {
      start = runStart;
      length = run;
      run = 0;
    }
  }
  if (run > 0 && length < run) {
    start = runStart;
    length = run;
  }
  const isEmbedded =
    length !== words &&
    start === 0 &&
    (length === 6 ||
      (length === 5 && bytes[10] === 255 && bytes[11] === 255) ||
      (length === 7 && bytes[14] !== 0 && bytes[15] !== 1));
  let result = '';
  for (let i = 0; i < words; i++) {
    if (length > 0 && i >= start && i < start + length) {
      if (i === start) result += ':';
      if (i === words - 1) result += ':';
    } else if (isEmbedded && i > 5) {
      result += `${i === 6 ? ':' : '.'}${bytes[2 * i]}`;
      if (i !== 7 || bits > 120) result += `.${bytes[2 * i + 1]}`;
    } else result += `${result === '' ? '' : ':'}${(bytes[2 * i] * 256 + bytes[2 * i + 1]).toString(16)}`;
  }
  return result;
}

const bytewise =
  (operation: (a: number, b: number) => number) =>
  (a: readonly number[], b: readonly number[]): number[] =>
    a.map((byte, i) => operation(byte, b[i]) & 255);

const and = bytewise((a, b) => a & b);
const or = bytewise((a, b) => a | b);
const not = (bytes: readonly number[]): number[] => bytes.map((byte) => ~byte & 255);

const byNumber = (a: Int8, b: Int8): number => (a < b ? -1 : a > b ? 1 : 0);

function narrowMac(value: Int8): number {
  const bytes = mac8Bytes(value);
  if (bytes[3] !== 0xff || bytes[4] !== 0xfe) {
    throw sqlError('22003', 'macaddr8 data out of range to convert to macaddr', {
      hint:
        'Only addresses that have FF and FE as values in the 4th and 5th bytes from the left, for example ' +
        'xx:xx:xx:ff:fe:xx:xx:xx, are eligible to be converted from macaddr8 to macaddr.',
    });
  }
  return macFromBytes([...bytes.slice(0, 3), ...bytes.slice(5)]);
}

const macFunctions: Readonly<Record<string, AnyFunction>> = {
  ...byOrder('macaddr', byNumber),
  macaddr_not: (a: number) => macFromBytes(not(macBytes(a))),
  macaddr_and: (a: number, b: number) => macFromBytes(and(macBytes(a), macBytes(b))),
  macaddr_or: (a: number, b: number) => macFromBytes(or(macBytes(a), macBytes(b))),
  macaddr_trunc: (a: number) => a - (a % 0x1000000),
  macaddrtomacaddr8: (a: number) => mac8FromBytes(widenMac(macBytes(a))),
  ...byOrder('macaddr8', byNumber),
  macaddr8_not: (a: Int8) => mac8FromBytes(not(mac8Bytes(a))),
  macaddr8_and: (a: Int8, b: Int8) => mac8FromBytes(and(mac8Bytes(a), mac8Bytes(b))),
  macaddr8_or: (a: Int8, b: Int8) => mac8FromBytes(or(mac8Bytes(a), mac8Bytes(b))),
  macaddr8_trunc: (a: Int8) => mac8FromBytes([...mac8Bytes(a).slice(0, 3), 0, 0, 0, 0, 0]),
  macaddr8_set7bit: (a: Int8) => {
    const [first, ...rest] = mac8Bytes(a);
    return mac8FromBytes([first | 2, ...rest]);
  },
  macaddr8tomacaddr: narrowMac,
};

export const networkFunctions: FunctionModule = {
  plain: {
    ...byOrder('network', compareText),
    network_cmp: compareAddresses,
    network_larger: (a: Address, b: Address) => (a > b ? a : b),
    network_smaller: (a: Address, b: Address) => (a < b ? a : b),
    network_sub: (a: Address, b: Address) => isWithin(a, b) && networkBits(a) > networkBits(b),
    network_subeq: (a: Address, b: Address) => isWithin(a, b) && networkBits(a) >= networkBits(b),
    network_sup: (a: Address, b: Address) => isWithin(b, a) && networkBits(a) < networkBits(b),
    network_supeq: (a: Address, b: Address) => isWithin(b, a) && networkBits(a) <= networkBits(b),
    network_overlap: (a: Address, b: Address) =>
      isSameFamily(a, b) && sameBits(a, b, Math.min(networkBits(a), networkBits(b))),
    network_family: (a: Address) => (addressFamily(a) === FAMILY_V4 ? 4 : 6),
    network_masklen: networkBits,
    network_host: formatHost,
    network_show: (a: Address) => `${formatHost(a)}/${networkBits(a)}`,
    network_network: (a: Address) => networkOf(a),
    network_netmask: (a: Address) => maskAddress(a, false),
    network_hostmask: (a: Address) => maskAddress(a, true),
    network_broadcast: (a: Address) => {
      const bits = networkBits(a);
      return makeAddress(
        addressBytes(a).map((byte, i) => byte | (~maskByte(bits, i) & 255)),
        bits,
      );
    },
    inet_to_cidr: (a: Address) => networkOf(a),
    inet_set_masklen: (a: Address, bits: number) => withBits(a, checkBits(a, bits)),
    cidr_set_masklen: (a: Address, bits: number) => networkOf(a, checkBits(a, bits)),
    inet_same_family: isSameFamily,
    inet_merge: merge,
    inet_abbrev: (a: Address) => outputAddress(a, false),
    cidr_abbrev: abbreviate,
    inetnot: (a: Address) => makeAddress(not(addressBytes(a)), networkBits(a)),
    inetand: (a: Address, b: Address) => combine(a, b, 'AND', (x, y) => x & y),
    inetor: (a: Address, b: Address) => combine(a, b, 'OR', (x, y) => x | y),
    inetpl: (a: Address, addend: Int8) => add(a, BigInt(addend)),
    int8pl_inet_int8_inet: (addend: Int8, a: Address) => add(a, BigInt(addend)),
    // The smallest int8 has no opposite: as in PostgreSQL, it is its own.
    inetmi_int8: (a: Address, subtrahend: Int8) => add(a, BigInt.asIntN(64, -BigInt(subtrahend))),
    inetmi: subtract,
    ...macFunctions,
  },
  aggregates: { min_inet: orderExtreme(false), max_inet: orderExtreme(true) },
};
