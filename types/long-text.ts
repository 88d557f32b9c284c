/**
 * A long text on its way from a table to the client, as the UTF-8 bytes that it is stored as: so it is sent in pieces, and never
 * made one string, which takes its time and has a maximum length. Only result rows hold it, and who else takes them asks for the string.
 */
import type { Buffer } from 'node:buffer';

export class LongText {
  /** Valid UTF-8; nobody changes them. */
  readonly bytes: Buffer;

  constructor(bytes: Buffer) {
    this.bytes = bytes;
  }

  toString(): string {
    return this.bytes.utf8Slice(0, this.bytes.length);
  }
}
