/** Errors of texts in encodings. */
import { type SqlError, sqlError } from '../errors.ts';

/** Bytes that an error shows at most. */
const SHOWN_MAX = 8;

function shown(bytes: Iterable<number>): string {
  const digits = Array.from(bytes, (byte) => `0x${byte.toString(16).padStart(2, '0')}`);
  return digits.slice(0, SHOWN_MAX).join(' ');
}

export function invalidBytes(encoding: string, bytes: Iterable<number>): SqlError {
  return sqlError('22021', `invalid byte sequence for encoding "${encoding}": ${shown(bytes)}`);
}

export function withoutEquivalent(bytes: Iterable<number>, source: string, destination: string): SqlError {
  const what = `character with byte sequence ${shown(bytes)} in encoding "${source}"`;
  return sqlError('22P05', `${what} has no equivalent in encoding "${destination}"`);
}
