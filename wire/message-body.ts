/**
 * Reads the fields of one message's body: a cursor that is set on each frame and never allocated again. A body that ends
 * too early, or goes on too long, is an ERROR 08P01 of this message, as in PostgreSQL's pqformat.c; the framing itself is
 * still sound, so the connection lives.
 */
import type { Encoding } from '../types/encodings/index.ts';
import { type SqlError, sqlError } from '../types/errors.ts';
import { decodeUtf8 } from '../types/index.ts';

/** Shared by all empty lists, so that "no formats" costs nothing; frozen because sessions may keep it. */
const NONE: readonly number[] = Object.freeze([]);
const ALL_TEXT: readonly number[] = Object.freeze([0]);
const ALL_BINARY: readonly number[] = Object.freeze([1]);

export class MessageBody {
  bytes: Buffer = Buffer.alloc(0);
  at = 0;
  /** Of its strings; null: UTF-8. */
  encoding: Encoding | null = null;
  private limit = 0;

  set(bytes: Buffer, start: number, end: number): void {
    this.bytes = bytes;
    this.at = start;
    this.limit = end;
  }

  uint8(): number {
    if (this.at >= this.limit) throw tooShort();
    return this.bytes[this.at++]!;
  }

  int16(): number {
    const at = this.at;
    if (at + 2 > this.limit) throw tooShort();
    this.at = at + 2;
    return ((this.bytes[at]! << 24) >> 16) | this.bytes[at + 1]!;
  }

  int32(): number {
    const at = this.at;
    if (at + 4 > this.limit) throw tooShort();
    this.at = at + 4;
    const bytes = this.bytes;
    return (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!;
  }

  /** Goes past a string; answers where its terminator is. */
  skipText(): number {
    const terminator = this.bytes.indexOf(0, this.at);
    if (terminator < 0 || terminator >= this.limit) throw sqlError('08P01', 'invalid string in message');
    this.at = terminator + 1;
    return terminator;
  }

  string(): string {
    const start = this.at;
    return this.text(start, this.skipText());
  }

  /** A string, or where it has no end, all that is left. */
  stringOrRest(): string {
    const start = this.at;
    const terminator = this.bytes.indexOf(0, start);
    this.at = this.limit;
    return this.text(start, terminator < 0 || terminator >= this.limit ? this.limit : terminator);
  }

  /** The name of a statement or portal; the same few names come again and again. */
  name(): string {
    const bytes = this.bytes;
    const start = this.at;
    const limit = this.limit;
    let hash = 0;
    let at = start;
    while (at < limit && bytes[at] !== 0) hash = (Math.imul(hash, 31) + bytes[at++]!) | 0;
    if (at >= limit) throw sqlError('08P01', 'invalid string in message');
    this.at = at + 1;
    if (at === start) return '';
    if (this.encoding !== null) return this.encoding.decode(bytes, start, at);
    const length = at - start;
    if (length > NAME_CACHED_MAX) return decodeUtf8(bytes, start, at);
    const slot = hash & (NAME_CACHE_SIZE - 1);
    const known = nameBytes[slot];
    if (known !== undefined && known.length === length) {
      let i = 0;
      while (i < length && known[i] === bytes[start + i]) i++;
      if (i === length) return nameTexts[slot]!;
    }
    const text = decodeUtf8(bytes, start, at);
    nameBytes[slot] = new Uint8Array(bytes.subarray(start, at));
    nameTexts[slot] = text;
    return text;
  }

  /** The next `size` bytes, or all that are left, as text. */
  rest(size = this.limit - this.at): string {
    const at = this.at;
    if (size < 0 || at + size > this.limit) throw tooShort();
    this.at = at + size;
    return this.text(at, at + size);
  }

  private text(start: number, end: number): string {
    const { bytes, encoding } = this;
    return encoding === null ? bytes.toString('utf8', start, end) : encoding.decode(bytes, start, end);
  }

  /** Format codes of a Bind message. */
  formats(): readonly number[] {
    const count = this.count();
    if (count === 0) return NONE;
    if (count === 1) {
      const format = this.int16();
      return format === 0 ? ALL_TEXT : format === 1 ? ALL_BINARY : [format];
    }
    const formats: number[] = [];
    for (let i = 0; i < count; i++) formats.push(this.int16());
    return formats;
  }

  typeOids(): readonly number[] {
    const count = this.count();
    if (count === 0) return NONE;
    const oids: number[] = [];
    for (let i = 0; i < count; i++) oids.push(this.int32() >>> 0);
    return oids;
  }

  /** Parameter values of a Bind message, into an array that is used again; the bytes are borrowed. */
  values(into: (Uint8Array | null)[]): void {
    const count = this.count();
    into.length = 0;
    for (let i = 0; i < count; i++) {
      const size = this.int32();
      if (size === -1) {
        into.push(null);
        continue;
      }
      const at = this.at;
      if (size < 0 || at + size > this.limit) throw tooShort();
      into.push(this.bytes.subarray(at, at + size));
      this.at = at + size;
    }
  }

  /** The number of entries that follow; PostgreSQL reads it unsigned. */
  private count(): number {
    return this.int16() & 0xffff;
  }

  /** Nothing may be left. */
  finish(): void {
    if (this.at !== this.limit) throw sqlError('08P01', 'invalid message format');
  }
}

const NAME_CACHE_SIZE = 256;
const NAME_CACHED_MAX = 32;
const nameBytes: (Uint8Array | undefined)[] = new Array(NAME_CACHE_SIZE).fill(undefined);
const nameTexts: (string | undefined)[] = new Array(NAME_CACHE_SIZE).fill(undefined);

function tooShort(): SqlError {
  return sqlError('08P01', 'insufficient data left in message');
}
