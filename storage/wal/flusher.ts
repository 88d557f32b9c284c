/**
 * Makes the log durable: when to write, when to sync, whom to tell.
 *
 *      request ----> waiters --(end of the turn)--> one waiter:   write + fdatasync, in place
 *                                                   several:      write + fdatasync in the thread pool, the engine goes on;
 *                                                                 who asks meanwhile shares the next one
 *
 * Which of the two. Measured (2 cores, ext4, transactions of 7 turns of 10 us each; p50 of a transaction in us, commits per
 * sync), clients that run out of step:
 *      clients        1          2          4          8          32
 *      synchronous    277, 1.0   456, 1.1   825, 1.4   1430, 2.0   3449, 5.2
 *      asynchronous   375, 1.0   668, 1.0   629, 2.0    915, 3.6   2496, 7.9
 *      adaptive       244, 1.0   484, 1.1   632, 1.9    802, 3.1   2455, 7.9
 * (with the write in the thread pool too, and the next flush after the answers: in place and before them 8 clients commit a
 * quarter more a second) and 8 clients in step (all wait for this flush): synchronous 741, asynchronous 905. So: synchronous when nobody else has
 * work that could go on meanwhile, or when there is one commit and less than two others at work.
 *
 * One asynchronous flush is under way at a time. Its bytes left the tail (the log goes on in another buffer) and stay in
 * `flight` until they are written; a synchronous flush that cannot wait writes them once more, the same bytes to the same
 * place, which is harmless.
 */
import { assert } from '../../types/assert.ts';
import { SqlError } from '../../types/errors.ts';
import type { WalSegments } from './segments.ts';

/** always: acknowledged when durable. everysec: when handed to the operating system, which is told to sync once a second. */
export type WalSync = 'always' | 'everysec';
export type FlushMode = 'adaptive' | 'sync' | 'async';

/** The log's unwritten end, as wal.ts keeps it. */
export interface LogTail {
  readonly insertLsn: number;
  /** Transactions that would go on while a flush is under way. */
  readonly writersInProgress: number;
  exchangeTail(replacement: Uint8Array<ArrayBuffer>): { bytes: Uint8Array<ArrayBuffer>; length: number };
  peekTail(): { bytes: Uint8Array<ArrayBuffer>; length: number };
  clearTail(): void;
}

export interface FlusherOptions {
  readonly segments: WalSegments | null;
  readonly sync?: WalSync;
  readonly flushMode?: FlushMode;
  readonly onBroken?: (error: SqlError) => void;
}

type FlushCallback = (error: SqlError | null) => void;

interface FlushWaiter {
  readonly lsn: number;
  /** Waits for the disk even where commits wait for the operating system only. */
  readonly durable: boolean;
  readonly callback: FlushCallback;
}

/** Bytes that left the tail, from their LSN on. */
interface Flight {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly length: number;
  readonly lsn: number;
}

/** begin() keeps this much prepared space ahead of the tail: the reserve of commits and undo on a full disk. */
const ROOM_AHEAD = 256 * 1024;
/** Bytes of the tail, but for long records and a full disk. After so many flushes of less than half of it, it is that small again. */
export const TAIL_CAPACITY = 1024 * 1024;
const SMALL_FLUSHES = 64;
/** A tail longer than this is written (not synced) in the background. */
const WRITE_AHEAD_SIZE = TAIL_CAPACITY / 2;
/** An asynchronous flush of no more than this hands its bytes to the operating system in place: quicker than the way to a thread and back. */
const WRITE_IN_PLACE_MAX = 64 * 1024;
/** A tail longer than this is written at once: the writer of the records has outrun the disk, or does not let others at work. */
const TAIL_SIZE_MAX = TAIL_CAPACITY - 128 * 1024;
/** With one commit to flush: how many others must be at work to make up for what an asynchronous flush costs more. */
const WRITERS_FOR_ASYNC = 2;
const FLUSH_SOON_MS = 200;
const EVERYSEC_MS = 1000;
const FULL_RETRY_MS = 500;

export class WalFlusher {
  flushedLsn = Number.POSITIVE_INFINITY;
  writtenLsn = 0;
  failure: SqlError | null = null;
  /** Flushes done, for statistics and tests. */
  syncCount = 0;
  writeCount = 0;

  private readonly tail: LogTail;
  private readonly segments: WalSegments | null;
  private readonly sync: WalSync;
  private readonly mode: FlushMode;
  private readonly onBroken: ((error: SqlError) => void) | null;

  private waiters: FlushWaiter[] = [];
  private turnScheduled = false;
  /** An asynchronous write or sync is under way. */
  private busy = false;
  /** Bytes that left the tail and are not known to be written: they belong to writtenLsn and on. */
  private flight: Flight | null = null;
  private spareBuffer: Uint8Array<ArrayBuffer> | null = null;
  /** In a row, of less than half of what the tail begins with. */
  private smallFlushes = 0;
  private writeAheadScheduled = false;
  private timer: NodeJS.Timeout | null = null;
  private retryTimer: NodeJS.Timeout | null = null;
  private fullSince = 0;
  private closed = false;

  constructor(tail: LogTail, options: FlusherOptions) {
    this.tail = tail;
    this.segments = options.segments;
    this.sync = options.sync ?? 'always';
    this.mode = options.flushMode ?? 'adaptive';
    this.onBroken = options.onBroken ?? null;
  }

  /** Buffers that left the log's tail: being written, or waiting to be the tail again. */
  get memoryBytes(): number {
    return (this.flight?.bytes.byteLength ?? 0) + (this.spareBuffer?.byteLength ?? 0);
  }

  open(lsn: number): void {
    this.segments?.open(lsn);
    this.flushedLsn = lsn;
    this.writtenLsn = lsn;
  }

  /** A log that keeps nothing: everything is durable at once. */
  discardTo(lsn: number): void {
    this.writtenLsn = lsn;
    this.flushedLsn = lsn;
  }

  makeRoom(mayUseReserve: boolean): void {
    if (this.failure !== null) throw this.failure;
    const segments = this.segments!;
    if (this.tail.insertLsn + ROOM_AHEAD <= segments.allocatedEnd) return;
    if (this.fullSince !== 0 && Date.now() - this.fullSince < FULL_RETRY_MS && !mayUseReserve) throw diskFull();
    try {
      while (this.tail.insertLsn + ROOM_AHEAD > segments.allocatedEnd) segments.grow();
      this.fullSince = 0;
    } catch (error) {
      if (!isDiskFull(error)) throw this.breakLog(error);
      this.fullSince = Date.now();
      if (!mayUseReserve) throw error;
    }
  }

  /** After each record: the tail must not grow without end while nobody asks for a flush. */
  onRecord(tailLength: number): void {
    if (tailLength < WRITE_AHEAD_SIZE) return;
    if (tailLength >= TAIL_SIZE_MAX && this.fullSince === 0) {
      try {
        this.writeAllSync();
      } catch (error) {
        if (!isDiskFull(error)) throw error;
      }
      return;
    }
    if (this.writeAheadScheduled || this.busy) return;
    this.writeAheadScheduled = true;
    setImmediate(() => {
      this.writeAheadScheduled = false;
      if (!this.busy && this.failure === null && !this.closed) this.startAsync(false);
    });
  }

  requestFlush(lsn: number, callback: FlushCallback, durable = this.sync === 'always'): void {
    if (lsn <= this.flushedLsn) {
      callback(null);
      return;
    }
    if (this.failure !== null) {
      callback(this.failure);
      return;
    }
    assert(lsn <= this.tail.insertLsn, 'a flush is asked for what was logged');
    this.waiters.push({ lsn, durable, callback });
    this.scheduleTurn();
  }

  flushSync(lsn: number): void {
    if (lsn <= this.flushedLsn) return;
    this.writeAllSync();
    this.syncSync();
    if (this.waiters.length > 0) this.scheduleTurn();
  }

  /** The log, durable up to `end`, goes on at `lsn`, the beginning of a segment. */
  skipTo(end: number, lsn: number): void {
    assert(this.writtenLsn === end && this.flushedLsn === end, 'what is before a skip is durable');
    // A write that is still under way brings nothing back: it is of bytes before the cut.
    this.segments!.skipTo(end, lsn);
    this.writtenLsn = lsn;
    this.flushedLsn = lsn;
  }

  /** See WalSegments.seal. */
  sealSegment(start: number): void {
    this.segments!.seal(start);
  }

  flushSoon(): void {
    if (this.segments === null || this.timer !== null || this.tail.insertLsn <= this.flushedLsn) return;
    this.startTimer(FLUSH_SOON_MS);
  }

  removeBefore(lsn: number): void {
    if (this.segments !== null && !this.busy) this.segments.removeBefore(lsn);
  }

  close(): void {
    if (this.closed) return;
    if (this.timer !== null) clearTimeout(this.timer);
    if (this.retryTimer !== null) clearTimeout(this.retryTimer);
    if (this.segments === null) return;
    try {
      if (this.failure === null && this.flushedLsn !== Number.POSITIVE_INFINITY) this.flushSync(this.tail.insertLsn);
    } finally {
      this.closed = true;
      this.notify(null);
      if (!this.busy) this.segments.close();
    }
  }

  /** As if the process had died: nothing more is written, and nobody is told. */
  abandon(): void {
    this.closed = true;
    if (this.timer !== null) clearTimeout(this.timer);
    if (this.retryTimer !== null) clearTimeout(this.retryTimer);
  }

  private scheduleTurn(): void {
    if (this.turnScheduled) return;
    this.turnScheduled = true;
    setImmediate(this.onTurn);
  }

  private readonly onTurn = (): void => {
    this.turnScheduled = false;
    if (this.closed) return;
    this.notify(null);
    if (this.sync === 'everysec' && this.waiters.some((waiter) => !waiter.durable)) this.acknowledgeWritten();
    if (this.waiters.length === 0 || this.busy || this.failure !== null) return;
    if (this.prefersSync(this.waiters.length)) this.flushNow();
    else this.startAsync(true);
  };

  private prefersSync(waiterCount: number): boolean {
    if (this.mode !== 'adaptive') return this.mode === 'sync';
    const others = this.tail.writersInProgress;
    if (others < 0) return waiterCount === 1;
    return others === 0 || (waiterCount === 1 && others < WRITERS_FOR_ASYNC);
  }

  private flushNow(): void {
    try {
      this.writeAllSync();
      this.syncSync();
    } catch (error) {
      this.onFlushError(error);
      return;
    }
    this.notify(null);
  }

  private acknowledgeWritten(): void {
    try {
      this.writeAllSync();
    } catch (error) {
      this.onFlushError(error);
      return;
    }
    if (this.timer === null) this.startTimer(EVERYSEC_MS);
    this.notify(null);
  }

  private startTimer(delayMs: number): void {
    this.timer = setTimeout(() => {
      this.timer = null;
      if (this.closed || this.failure !== null || this.tail.insertLsn <= this.flushedLsn) return;
      if (this.busy) this.startTimer(delayMs);
      else this.startAsync(true);
    }, delayMs);
    this.timer.unref();
  }

  private writeAllSync(): void {
    if (this.failure !== null) throw this.failure;
    const segments = this.segments!;
    try {
      const flight = this.flight;
      if (flight !== null && this.writtenLsn < flight.lsn + flight.length) {
        segments.writeSync(flight.bytes, flight.length, flight.lsn);
        this.writtenLsn = flight.lsn + flight.length;
        if (!this.busy) this.flight = null;
      }
      const { bytes, length } = this.tail.peekTail();
      if (length === 0) return;
      segments.writeSync(bytes, length, this.writtenLsn);
      this.writtenLsn += length;
      this.writeCount++;
      this.tail.clearTail();
    } catch (error) {
      if (isDiskFull(error)) throw error;
      throw this.breakLog(error);
    }
    assert(this.writtenLsn === this.tail.insertLsn, 'all of the log is written');
  }

  private syncSync(): void {
    const target = this.writtenLsn;
    try {
      this.segments!.syncSync();
    } catch (error) {
      throw this.breakLog(error);
    }
    this.syncCount++;
    this.flushedLsn = Math.max(this.flushedLsn, target);
  }

  private startAsync(thenSync: boolean): void {
    assert(!this.busy, 'one asynchronous flush at a time');
    this.busy = true;
    if (this.flight === null) {
      const { bytes, length } = this.tail.exchangeTail(this.nextBuffer());
      this.flight = { bytes, length, lsn: this.writtenLsn };
    }
    const flight = this.flight;
    if (flight.length === 0) this.onWritten(null, thenSync);
    else if (thenSync && flight.length <= WRITE_IN_PLACE_MAX) this.onWritten(this.writeInPlace(flight), true);
    else this.segments!.write(flight.bytes, flight.length, flight.lsn, (error) => this.onWritten(error, thenSync));
  }

  private writeInPlace(flight: Flight): SqlError | null {
    try {
      this.segments!.writeSync(flight.bytes, flight.length, flight.lsn);
      return null;
    } catch (error) {
      return error as SqlError;
    }
  }

  /** For the records that come while the tail is written: as large as the tail has grown, until it is mostly empty for some time. */
  private nextBuffer(): Uint8Array<ArrayBuffer> {
    const { bytes, length } = this.tail.peekTail();
    const spare = this.spareBuffer;
    this.spareBuffer = null;
    this.smallFlushes = length <= TAIL_CAPACITY / 2 ? this.smallFlushes + 1 : 0;
    const size = this.smallFlushes > SMALL_FLUSHES ? TAIL_CAPACITY : bytes.length;
    return spare !== null && spare.length <= size ? spare : new Uint8Array(size);
  }

  private onWritten(error: SqlError | null, thenSync: boolean): void {
    const flight = this.flight!;
    if (error !== null) {
      this.busy = false;
      this.onFlushError(error);
      return;
    }
    const target = flight.lsn + flight.length;
    if (flight.length > 0) this.writeCount++;
    this.writtenLsn = Math.max(this.writtenLsn, target);
    this.flight = null;
    this.spareBuffer = flight.bytes;
    if (!thenSync || this.flushedLsn >= target) {
      this.onAsyncDone();
      return;
    }
    this.segments!.sync((syncError) => {
      if (syncError !== null) {
        this.busy = false;
        this.breakLog(syncError);
        return;
      }
      // A synchronous flush failed meanwhile: that sync may have dropped what this one then found written.
      if (this.failure !== null) {
        this.busy = false;
        if (this.closed) this.segments!.close();
        return;
      }
      this.syncCount++;
      this.flushedLsn = Math.max(this.flushedLsn, target);
      this.onAsyncDone();
    });
  }

  private onAsyncDone(): void {
    this.busy = false;
    if (this.closed) {
      this.segments!.close();
      return;
    }
    const ready = this.takeReady(null);
    // The disk works on while those that are done are told.
    if (this.waiters.length > 0) {
      if (this.sync === 'always' && this.failure === null && !this.prefersSync(this.waiters.length))
        this.startAsync(true);
      else this.scheduleTurn();
    }
    for (const callback of ready) callback(null);
  }

  /** A full disk is waited for; anything else ends the log. */
  private onFlushError(error: unknown): void {
    if (!isDiskFull(error)) {
      if (this.failure === null) this.breakLog(error);
      return;
    }
    this.fullSince = Date.now();
    if (this.retryTimer !== null || this.closed) return;
    this.retryTimer = setTimeout(() => {
      this.retryTimer = null;
      if (this.failure === null) this.scheduleTurn();
    }, FULL_RETRY_MS);
    this.retryTimer.unref();
  }

  private breakLog(cause: unknown): SqlError {
    if (this.failure !== null) return this.failure;
    const reason = cause instanceof Error ? cause.message : String(cause);
    const failure = new SqlError('58030', `the write-ahead log cannot be written: ${reason}`, {}, 'PANIC');
    this.failure = failure;
    this.onBroken?.(failure);
    // The waiters hear of it on a stack of their own.
    setImmediate(() => this.notify(failure));
    return failure;
  }

  /** Tells the waiters whose record is durable (or all of them, of an error). */
  private notify(error: SqlError | null): void {
    if (this.waiters.length === 0) return;
    for (const callback of this.takeReady(error)) callback(error);
  }

  private takeReady(error: SqlError | null): FlushCallback[] {
    const waiters = this.waiters;
    this.waiters = [];
    const ready: FlushCallback[] = [];
    for (const waiter of waiters) {
      const reached = waiter.durable ? this.flushedLsn : this.writtenLsn;
      if (error !== null || waiter.lsn <= reached) ready.push(waiter.callback);
      else this.waiters.push(waiter);
    }
    return ready;
  }
}

export function isDiskFull(error: unknown): boolean {
  return error instanceof SqlError && error.code === '53100';
}

function diskFull(): SqlError {
  return new SqlError('53100', 'could not extend the write-ahead log: No space left on device');
}
