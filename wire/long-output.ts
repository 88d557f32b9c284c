/**
 * Output with long values in it, in order. Their bytes are made as the client takes them, and in slices:
 *
 *      [ DataRow, lengths | (value: 200 MB) | rest of the row, next messages ] --- a piece at a time ---> socket
 *
 * While it is not empty everything that is written goes behind it, the session is told that its sink is full, and no message
 * is taken.
 */
import { Buffer } from 'node:buffer';
import type { Socket } from 'node:net';
import type { DeferredValue, OutBuffer } from '../types/out-buffer.ts';

export interface LongOutputOwner {
  readonly socket: Socket;
  readonly isClosed: boolean;
  /** The socket has passed on what it had. */
  drained(): void;
}

/** Bytes of a value made at once. */
const PIECE_SIZE = 64 * 1024;
/** How long a connection may go on before others get their turn. */
const SLICE_MS = 2;
/** The socket has enough for now. */
const BUFFERED_MAX = 256 * 1024;

export class LongOutput {
  private readonly owner: LongOutputOwner;
  private readonly queue: (Buffer | DeferredValue)[] = [];
  private isScheduled = false;

  constructor(owner: LongOutputOwner) {
    this.owner = owner;
  }

  get isEmpty(): boolean {
    return this.queue.length === 0;
  }

  /** Takes over what is written: its bytes, with the long values between them. The buffer's memory goes with it. */
  take(out: OutBuffer): void {
    const wasEmpty = this.isEmpty;
    let from = 0;
    for (const value of out.deferred) {
      if (value.at > from) this.queue.push(out.bytes.subarray(from, value.at));
      this.queue.push(value);
      from = value.at;
    }
    if (out.length > from) this.queue.push(out.bytes.subarray(from, out.length));
    out.deferred.length = 0;
    out.length = 0;
    if (wasEmpty) this.pump();
  }

  /** Sends what the client takes. Called again when the socket has drained. */
  pump(): void {
    const sliceEnd = performance.now() + SLICE_MS;
    while (!this.isEmpty && this.owner.socket.writableLength < BUFFERED_MAX) {
      if (performance.now() > sliceEnd) {
        if (!this.isScheduled) setImmediate(this.goOn);
        this.isScheduled = true;
        return;
      }
      this.sendNext();
    }
  }

  /** Hands all of it to the socket: the connection ends. */
  sendAll(): void {
    while (!this.isEmpty) this.sendNext();
  }

  clear(): void {
    this.queue.length = 0;
  }

  private readonly goOn = (): void => {
    this.isScheduled = false;
    if (!this.owner.isClosed) this.pump();
  };

  private sendNext(): void {
    const next = this.queue[0]!;
    let bytes: Buffer;
    if (Buffer.isBuffer(next)) {
      this.queue.shift();
      bytes = next;
    } else {
      const value = next as DeferredValue;
      bytes = Buffer.allocUnsafeSlow(PIECE_SIZE);
      let size = 0;
      // A character that does not fit in the rest comes with the next piece.
      while (!value.isAtEnd && PIECE_SIZE - size >= 4) size += value.read(bytes.subarray(size));
      bytes = bytes.subarray(0, size);
      if (value.isAtEnd) this.queue.shift();
    }
    const { socket } = this.owner;
    if (!socket.writable) return;
    // The last write may be too small for the socket to say that it has drained.
    if (this.isEmpty) socket.write(bytes, this.sent);
    else socket.write(bytes);
  }

  private readonly sent = (): void => {
    if (this.isEmpty && !this.owner.isClosed) this.owner.drained();
  };
}
