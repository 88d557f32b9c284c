const LONG_MIN = 1024 * 1024;

/** A long value whose bytes are made when they can be sent; it stands before byte `at` of the buffer. */
export interface DeferredValue {
  readonly at: number;
  readonly isAtEnd: boolean;
  /** Fills target, as far as there are bytes and whole characters; answers how many bytes. */
  read(target: Uint8Array): number;
}

/**
 * A growing byte buffer that is written front to back and reused: backend messages are collected in it and leave in one
 * write. Generated encoders write into `bytes` at `length` after `reserve(n)`; nobody keeps `bytes` across a reserve,
 * which may replace it.
 */
export class OutBuffer {
  /** A Buffer, for its native latin1/utf8 writers. */
  bytes: Buffer;
  /** Bytes written so far; the rest of `bytes` is free. */
  length = 0;
  /** Whoever sends the bytes knows of deferred values. */
  mayDefer = false;
  readonly deferred: DeferredValue[] = [];
  /** Bytes of all values ever deferred. */
  deferredSize = 0;

  constructor(capacity = 8192) {
    this.bytes = Buffer.allocUnsafeSlow(capacity);
  }

  /** Makes sure that `count` more bytes fit. */
  reserve(count: number): void {
    const needed = this.length + count;
    if (needed <= this.bytes.length) return;
    let capacity = this.bytes.length * 2;
    // One long value: what it needs, and little more.
    if (needed > LONG_MIN && needed > capacity) capacity = needed + (needed >>> 4);
    while (capacity < needed) capacity *= 2;
    const grown = Buffer.allocUnsafeSlow(capacity);
    this.bytes.copy(grown, 0, 0, this.length);
    this.bytes = grown;
  }

  /** `size` bytes of a value come here, when they can be sent. */
  defer(source: Omit<DeferredValue, 'at'>, size: number): void {
    this.deferred.push({
      at: this.length,
      get isAtEnd() {
        return source.isAtEnd;
      },
      read: (target) => source.read(target),
    });
    this.deferredSize += size;
  }

  writeUint8(value: number): void {
    this.reserve(1);
    this.bytes[this.length++] = value;
  }

  /** Big endian, as everywhere in the protocol. */
  writeInt16(value: number): void {
    this.reserve(2);
    this.bytes[this.length++] = value >>> 8;
    this.bytes[this.length++] = value;
  }

  writeInt32(value: number): void {
    this.reserve(4);
    this.setInt32(this.length, value);
    this.length += 4;
  }

  /** Overwrites four bytes already reserved, such as a message length known only at its end. */
  setInt32(offset: number, value: number): void {
    const bytes = this.bytes;
    bytes[offset] = value >>> 24;
    bytes[offset + 1] = value >>> 16;
    bytes[offset + 2] = value >>> 8;
    bytes[offset + 3] = value;
  }

  writeBytes(source: Uint8Array): void {
    this.reserve(source.length);
    this.bytes.set(source, this.length);
    this.length += source.length;
  }

  /** UTF-8, without terminator. Returns the bytes written. */
  writeString(text: string): number {
    this.reserve(text.length * 3);
    const written = this.bytes.write(text, this.length, 'utf8');
    this.length += written;
    return written;
  }

  writeCString(text: string): void {
    this.writeString(text);
    this.writeUint8(0);
  }
}
