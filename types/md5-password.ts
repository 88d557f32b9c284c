/**
 * PostgreSQL's older way to keep a password: md5 of the password with the role's name behind it, as `md5` and 32 hexadecimal digits. It
 * comes in dumps of roles, and with password_encryption = md5. A client proves that it knows it by md5 of those digits and a salt.
 */
import { createHash, timingSafeEqual } from 'node:crypto';

const SECRET = /^md5[0-9a-f]{32}$/;

export function isMd5Secret(text: string): boolean {
  return SECRET.test(text);
}

export function makeMd5Secret(password: string, role: string): string {
  return `md5${digits(password, role)}`;
}

/** Whether the client's answer to the salt is the one that who knows the secret gives. */
export function isMd5Answer(answer: string, secret: string, salt: Uint8Array): boolean {
  const expected = Buffer.from(`md5${digits(secret.slice(3), salt)}`);
  const given = Buffer.from(answer);
  return given.length === expected.length && timingSafeEqual(given, expected);
}

function digits(text: string, behind: string | Uint8Array): string {
  return createHash('md5').update(text).update(behind).digest('hex');
}
