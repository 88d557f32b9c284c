/**
 * Cuts the bytes of a socket into frames.
 *
 *     type 1 | length 4, counts itself, not the type | body            (a start-up packet has no type)
 *
 * Input is borrowed: `push` takes a chunk as it is, the frames that lie whole in it are answered as offsets into it, and
 * `retain`, called before the chunk's owner uses it again, copies what is left over, an unfinished frame or whole frames
 * that must wait, into storage of our own. So a frame is copied only when a read ended inside it.
 *
 * A long frame (LONG_FRAME_SIZE) is given away: its storage is never written again, and whoever handles it may keep its bytes.
 *
 * Invariants
 *  1. `bytes[start, end)` is the input not yet answered.
 *  2. Storage grows with what has come, not with what a length field promises: only who has sent PROMISE_BELIEVED bytes of a frame
 *     gets room for all of it, so that it is not copied again and again.
 *  3. After an error nothing more is answered: the connection ends.
 */
import { LONG_PARAMETER_SIZE } from '../executor/session-api.ts';

/** What `next` answers, beside FRAME. */
export const NEED_MORE = 0;
export const FRAME = 1;
export const BAD_LENGTH = 2;
export const BAD_TYPE = 3;
export type FrameResult = typeof NEED_MORE | typeof FRAME | typeof BAD_LENGTH | typeof BAD_TYPE;

/** PostgreSQL's limits (src/include/libpq/libpq.h, pqcomm.h): lengths that cannot be meant end the connection. */
const STARTUP_LENGTH_MAX = 10_000;
const PASSWORD_LENGTH_MAX = 65_535;
const SMALL_LENGTH_MAX = 10_000;
const LARGE_LENGTH_MAX = 0x3fffffff - 1;

/** Longest length field for each type of a session's messages; 0: no such type. */
const LENGTH_MAX = new Int32Array(256);
for (const type of 'QPBFd') LENGTH_MAX[type.charCodeAt(0)] = LARGE_LENGTH_MAX;
for (const type of 'XCDEHScf') LENGTH_MAX[type.charCodeAt(0)] = SMALL_LENGTH_MAX;

const AUTHENTICATION_LENGTH_MAX = new Int32Array(256);
AUTHENTICATION_LENGTH_MAX['p'.charCodeAt(0)] = PASSWORD_LENGTH_MAX;

const EMPTY = Buffer.alloc(0);
const STORE_SIZE_MIN = 256;
/** Frames from this size on are given away: a session keeps long parameters. */
const LONG_FRAME_SIZE = LONG_PARAMETER_SIZE;
const PROMISE_BELIEVED = 8 * 1024 * 1024;
/** What one read of a socket brings at most. */
const READ_SIZE_MAX = 64 * 1024;
/** Storage above this is given back as soon as it is empty: an idle connection must be cheap. */
const STORE_SIZE_KEPT_MAX = 16 * 1024;

export class FrameReader {
  /** The frame last answered: type (0 for a start-up packet), and its body as `bytes[bodyStart, bodyEnd)`. */
  bytes: Buffer = EMPTY;
  type = 0;
  bodyStart = 0;
  bodyEnd = 0;

  private start = 0;
  private end = 0;
  /** Our own storage; `bytes` is either this or a borrowed chunk. */
  private store: Buffer = EMPTY;
  private lengthMax = LENGTH_MAX;
  /** Size of the frame at `start`, as soon as it is known. */
  private frameSize = 0;
  /** The frame last answered keeps the storage. */
  private isGivenAway = false;

  /** Bytes taken in and not yet answered. */
  get buffered(): number {
    return this.end - this.start;
  }

  /** From here on only password messages are awaited, or (false) all of a session's. */
  expectPassword(expected: boolean): void {
    this.lengthMax = expected ? AUTHENTICATION_LENGTH_MAX : LENGTH_MAX;
  }

  /** Borrows `chunk[0, size)` until `retain`. */
  push(chunk: Buffer, size: number): void {
    if (this.isGivenAway) this.leaveStore();
    if (this.start === this.end) {
      this.bytes = chunk;
      this.start = 0;
      this.end = size;
      return;
    }
    this.retain();
    this.makeRoom(size);
    chunk.copy(this.store, this.end, 0, size);
    this.end += size;
  }

  next(): FrameResult {
    if (this.isGivenAway) this.leaveStore();
    const bytes = this.bytes;
    const start = this.start;
    const available = this.end - start;
    if (available < 5) {
      if (available > 0 && this.lengthMax[bytes[start]!] === 0) return this.badType(start);
      return NEED_MORE;
    }
    const type = bytes[start]!;
    const lengthMax = this.lengthMax[type]!;
    if (lengthMax === 0) return this.badType(start);
    const length = (bytes[start + 1]! << 24) | (bytes[start + 2]! << 16) | (bytes[start + 3]! << 8) | bytes[start + 4]!;
    if (length < 4 || length > lengthMax) return BAD_LENGTH;
    if (available <= length) {
      this.frameSize = length + 1;
      return NEED_MORE;
    }
    const isLong = length >= LONG_FRAME_SIZE;
    if (isLong && bytes !== this.store) {
      this.retain();
      return this.next();
    }
    this.type = type;
    this.bodyStart = start + 5;
    this.start = this.bodyEnd = start + 1 + length;
    this.isGivenAway = isLong;
    return FRAME;
  }

  /** Takes what is behind a frame that was given away into storage of its own. */
  private leaveStore(): void {
    this.isGivenAway = false;
    const rest = this.end - this.start;
    const store = rest === 0 ? EMPTY : Buffer.allocUnsafeSlow(Math.max(STORE_SIZE_MIN, rest));
    this.bytes.copy(store, 0, this.start, this.end);
    this.store = this.bytes = store;
    this.start = 0;
    this.end = rest;
  }

  /** The next start-up packet; its body begins with the protocol version or request code. */
  nextStartup(): FrameResult {
    if (this.buffered < 4) return NEED_MORE;
    const length = this.bytes.readInt32BE(this.start);
    if (length < 8 || length > STARTUP_LENGTH_MAX) return BAD_LENGTH;
    if (this.buffered < length) {
      this.frameSize = length;
      return NEED_MORE;
    }
    this.type = 0;
    this.bodyStart = this.start + 4;
    this.start = this.bodyEnd = this.start + length;
    return FRAME;
  }

  /** Gives back what was borrowed: the rest moves into our own storage. */
  retain(): void {
    if (this.isGivenAway) this.leaveStore();
    if (this.start === this.end) {
      this.start = this.end = 0;
      this.bytes = EMPTY;
      if (this.store.length > STORE_SIZE_KEPT_MAX) this.store = EMPTY;
      return;
    }
    if (this.bytes === this.store) return;
    const size = this.end - this.start;
    if (this.store.length < size) this.store = Buffer.allocUnsafeSlow(this.grownSize(size));
    this.bytes.copy(this.store, 0, this.start, this.end);
    this.bytes = this.store;
    this.start = 0;
    this.end = size;
  }

  /** Forgets everything: the connection ends. */
  clear(): void {
    this.isGivenAway = false;
    this.start = this.end = 0;
    this.bytes = this.store = EMPTY;
  }

  private badType(start: number): FrameResult {
    this.type = this.bytes[start]!;
    return BAD_TYPE;
  }

  /** `size` more bytes fit behind `end`; `bytes` is our own storage. */
  private makeRoom(size: number): void {
    const store = this.store;
    if (store.length - this.end >= size) return;
    const used = this.end - this.start;
    const needed = used + size;
    if (needed <= store.length) {
      store.copyWithin(0, this.start, this.end);
    } else {
      this.store = this.bytes = Buffer.allocUnsafeSlow(this.grownSize(needed));
      store.copy(this.store, 0, this.start, this.end);
    }
    this.start = 0;
    this.end = used;
  }

  /** At least `needed`, about twice that; when the frame ends before, just it and the read that ends it. */
  private grownSize(needed: number): number {
    if (needed >= PROMISE_BELIEVED && this.frameSize >= needed) return this.frameSize + READ_SIZE_MAX;
    const doubled = Math.max(STORE_SIZE_MIN, needed * 2);
    const frame = this.frameSize + READ_SIZE_MAX;
    return frame >= needed && frame < doubled ? frame : doubled;
  }
}
