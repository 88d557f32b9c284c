/** Hashes of texts and bytes in one call, for those that come once a row: an object for each would take three times as long. */
import { hash } from 'node:crypto';

export function digestHex(algorithm: string, data: string | Uint8Array): string {
  return hash(algorithm, data, 'hex');
}

export function digestBytes(algorithm: string, data: string | Uint8Array): Uint8Array {
  return bytesOfBinary(hash(algorithm, data, 'binary'));
}

/** Bytes of a text with one character each: a short text is made faster than a Buffer. */
export function bytesOfBinary(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < bytes.length; i++) bytes[i] = text.charCodeAt(i);
  return bytes;
}
