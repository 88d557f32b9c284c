/** bit(n) and bit varying(n): texts of 0 and 1. */
import { sqlError } from './errors.ts';

/** Binary digits, with an optional b before them; hexadecimal ones after an x. */
export function inputBits(text: string): string {
  const isHex = text[0] === 'x' || text[0] === 'X';
  const digits = isHex || text[0] === 'b' || text[0] === 'B' ? text.slice(1) : text;
  let bits = '';
  for (const digit of digits) {
    if (isHex) {
      if (!/^[0-9a-fA-F]$/.test(digit)) throw sqlError('22P02', `"${digit}" is not a valid hexadecimal digit`);
      bits += Number.parseInt(digit, 16).toString(2).padStart(4, '0');
    } else {
      if (digit !== '0' && digit !== '1') throw sqlError('22P02', `"${digit}" is not a valid binary digit`);
      bits += digit;
    }
  }
  return bits;
}

/** bit(n): exactly n bits, or (explicit cast) cut and filled with zeros on the right. */
export function coerceBit(bits: string, length: number, isExplicit: boolean): string {
  if (length <= 0 || bits.length === length) return bits;
  if (!isExplicit) throw sqlError('22026', `bit string length ${bits.length} does not match type bit(${length})`);
  return bits.slice(0, length).padEnd(length, '0');
}

export function coerceVarbit(bits: string, length: number, isExplicit: boolean): string {
  if (length <= 0 || bits.length <= length) return bits;
  if (!isExplicit) throw sqlError('22001', `bit string too long for type bit varying(${length})`);
  return bits.slice(0, length);
}

export function bitsToBytes(bits: string): Uint8Array {
  const bytes = new Uint8Array((bits.length + 7) >> 3);
  for (let i = 0; i < bits.length; i++) if (bits.charCodeAt(i) === 49) bytes[i >> 3] |= 128 >> (i & 7);
  return bytes;
}

export function bitsFromBytes(bytes: Uint8Array, count: number): string {
  let bits = '';
  for (let i = 0; i < count; i++) bits += (bytes[i >> 3] & (128 >> (i & 7))) !== 0 ? '1' : '0';
  return bits;
}
