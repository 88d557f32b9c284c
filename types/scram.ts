/**
 * SCRAM-SHA-256 as PostgreSQL stores it (RFC 5802, RFC 7677): how a password becomes the verifier that is kept in the
 * catalog, and how a verifier is read. The password itself is never kept; the exchange with a client is in wire/scram.ts.
 *
 *     SaltedPassword = PBKDF2-HMAC-SHA-256(SASLprep(password), salt, iterations)
 *     StoredKey      = SHA-256(HMAC(SaltedPassword, "Client Key"))
 *     ServerKey      = HMAC(SaltedPassword, "Server Key")
 *     verifier       = SCRAM-SHA-256$<iterations>:<salt>$<StoredKey>:<ServerKey>      (base64)
 */
import { createHash, createHmac, pbkdf2Sync, randomBytes } from 'node:crypto';

export interface ScramVerifier {
  readonly iterations: number;
  readonly salt: Buffer;
  readonly storedKey: Buffer;
  readonly serverKey: Buffer;
}

/** PostgreSQL 15's constant; about 3 ms of one core, paid when a password is set and by the client at login. */
const SCRAM_ITERATIONS = 4096;
const SALT_SIZE = 16;
const KEY_SIZE = 32;

const VERIFIER = /^SCRAM-SHA-256\$([1-9][0-9]{0,9}):([A-Za-z0-9+/]+={0,2})\$([A-Za-z0-9+/]{43}=):([A-Za-z0-9+/]{43}=)$/;

/** What CREATE ROLE ... PASSWORD keeps. Salt and iterations of another verifier tell whether it is this password's. */
export function makeScramVerifier(
  password: string,
  salt: Uint8Array = randomBytes(SALT_SIZE),
  iterations = SCRAM_ITERATIONS,
): string {
  const salted = pbkdf2Sync(saslPrep(password), salt, iterations, KEY_SIZE, 'sha256');
  const clientKey = createHmac('sha256', salted).update('Client Key').digest();
  const storedKey = createHash('sha256').update(clientKey).digest('base64');
  const serverKey = createHmac('sha256', salted).update('Server Key').digest('base64');
  return `SCRAM-SHA-256$${iterations}:${Buffer.from(salt).toString('base64')}$${storedKey}:${serverKey}`;
}

/** Null when `text` is no verifier: PostgreSQL then takes what CREATE ROLE was given for a plain password. */
export function parseScramVerifier(text: string): ScramVerifier | null {
  const parts = VERIFIER.exec(text);
  if (parts === null) return null;
  return {
    iterations: Number(parts[1]),
    salt: Buffer.from(parts[2]!, 'base64'),
    storedKey: Buffer.from(parts[3]!, 'base64'),
    serverKey: Buffer.from(parts[4]!, 'base64'),
  };
}

/** Spaces that are not U+0020, and characters mapped to nothing (RFC 3454, tables C.1.2 and B.1). */
const OTHER_SPACES = /[\u00a0\u1680\u2000-\u200b\u202f\u205f\u3000]/g;
// biome-ignore lint/suspicious/noMisleadingCharacterClass: code points of a table, not a text.
const MAPPED_TO_NOTHING = /[\u00ad\u034f\u1806\u180b-\u180d\u200c\u200d\u2060\ufe00-\ufe0f\ufeff]/g;
/** Control, private use, non-character, surrogate and tagging characters (tables C.2 to C.9). */
const PROHIBITED = /[\p{Cc}\p{Co}\p{Cs}\u06dd\u070f\u180e\u2028\u2029\u2061-\u206f\ufff9-\ufffd\u{e0001}-\u{e007f}]/u;

/**
 * RFC 4013 for stored strings, without the rules on mixing text directions. As PostgreSQL does, a password that the
 * profile prohibits is used as it is.
 */
export function saslPrep(password: string): string {
  let ascii = true;
  for (let i = 0; i < password.length; i++) {
    const code = password.charCodeAt(i);
    if (code < 0x20 || code > 0x7e) {
      ascii = false;
      break;
    }
  }
  if (ascii) return password;
  const prepared = password.replace(OTHER_SPACES, ' ').replace(MAPPED_TO_NOTHING, '').normalize('NFKC');
  return prepared === '' || PROHIBITED.test(prepared) ? password : prepared;
}
