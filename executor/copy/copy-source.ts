/**
 * Where COPY FROM's rows come from: bytes arrive by `receive`, in pieces of any size, and leave as batches that feed an INSERT.
 *
 * Bytes are worked on where they arrive; only an unfinished row at the end of a piece is kept.
 */
import type { Value } from '../../catalog/function-entry.ts';
import { type Encoding, UTF8_GROWTH } from '../../types/encodings/index.ts';
import { SqlError } from '../../types/errors.ts';
import type { FormatSettings } from '../../types/index.ts';
import { BATCH_SIZE, Batch, END, PENDING } from '../batch.ts';
import type { ExecContext } from '../context.ts';
import type { Operator } from '../operators/operator.ts';

const NO_BYTES = new Uint8Array(0);
/** Bytes of a message. */
const SHORT_MESSAGE = 128;

export interface CopyColumn {
  readonly name: string;
  readonly typeOid: number;
  readonly typeModifier: number;
  /** Of a domain, or of domains inside an array or a composite value; of NULL, too. */
  readonly check: ((value: Value) => Value) | null;
}

export abstract class CopySource implements Operator {
  protected readonly out: Batch;
  /** Bytes not yet worked on: data[position .. length). */
  protected data: Buffer = Buffer.alloc(65536);
  protected position = 0;
  protected length = 0;
  /** All bytes have come. */
  protected isFinished = false;
  #failure: SqlError | null = null;
  /** It has used up what came, and nothing else holds it up. */
  wantsData = true;
  /** All rows have been taken. */
  protected isAtEnd = false;
  #limit = BATCH_SIZE;
  readonly #encoding: Encoding | null;
  /** The beginning of a character whose other bytes have not come. */
  #part: Uint8Array = NO_BYTES;

  /** `encoding`: what the bytes are in; null: UTF-8, or they are no text. */
  constructor(width: number, encoding: Encoding | null) {
    this.out = new Batch(width);
    this.#encoding = encoding;
  }

  /** Parses up to `limit` rows into `out`; answers how many: 0 when more bytes must come first. */
  protected abstract parseRows(format: FormatSettings, limit: number): number;
  /** "COPY t, line 3" of the row that is being worked on; `done`: how many rows before it were stored. */
  protected abstract place(done: number, withText: boolean): string;
  /** "COPY t, line 4": the row after those that have been read; null: the format has not been seen yet. */
  protected abstract placeOfNext(): string | null;
  /** The bytes before `position` went away: what remembers places must subtract it. */
  protected moved(_by: number): void {}

  /** Takes bytes[start .. end). Nothing is taken behind a byte that is no character. */
  receive(bytes: Uint8Array, start = 0, end = bytes.length): void {
    if (this.#encoding === null) this.#append(bytes, start, end);
    else if (this.#failure === null) this.#convert(this.#encoding, bytes.subarray(start, end));
  }

  #convert(encoding: Encoding, piece: Uint8Array): void {
    const bytes = this.#part.length === 0 ? piece : Buffer.concat([this.#part, piece]);
    this.#part = NO_BYTES;
    const size = bytes.length;
    const converted = new Uint8Array(size * UTF8_GROWTH);
    this.#append(converted, 0, encoding.toUtf8(bytes, 0, size, converted, 0));
    const { stop } = encoding;
    if (stop === size) return;
    if (encoding.isPartial(bytes, stop, size)) this.#part = new Uint8Array(bytes.subarray(stop));
    else this.fail(encoding.errorAt(bytes, stop, size));
  }

  #append(bytes: Uint8Array, start: number, end: number): void {
    const size = end - start;
    if (this.length + size > this.data.length) this.#makeRoom(size);
    const { data } = this;
    let at = this.length;
    // Many clients send a message a row: a short one is copied without a native call.
    if (size <= SHORT_MESSAGE) for (let i = start; i < end; i++) data[at++] = bytes[i];
    else data.set(start === 0 && end === bytes.length ? bytes : bytes.subarray(start, end), at);
    this.length += size;
  }

  #makeRoom(size: number): void {
    const left = this.length - this.position;
    if (left + size > this.data.length) {
      const grown = Buffer.allocUnsafeSlow(Math.max(this.data.length * 2, left + size));
      this.data.copy(grown, 0, this.position, this.length);
      this.data = grown;
    } else this.data.copyWithin(0, this.position, this.length);
    this.moved(this.position);
    this.position = 0;
    this.length = left;
  }

  /** Bytes that wait to be worked on. */
  get bufferedBytes(): number {
    return this.length - this.position;
  }

  finish(): void {
    if (this.#part.length > 0) this.fail(this.#encoding!.errorAt(this.#part, 0, this.#part.length));
    // What comes before the reason to give up is no last line.
    if (this.#failure === null) this.isFinished = true;
  }

  /** The client gives up: what it has sent is still looked at first. */
  fail(error: SqlError): void {
    this.#failure ??= error;
  }

  /** Rows that may be given at once: where the one that is worked on must be known, or they see each other. */
  limitTo(rows: number): void {
    this.#limit = Math.max(1, Math.min(rows, BATCH_SIZE));
  }

  /** An error about the row that is being worked on, with the place of it. */
  placed(error: unknown, done: number): unknown {
    if (!(error instanceof SqlError) || this.isAtEnd || error === this.#failure) return error;
    const { where } = error.fields;
    if (where !== undefined && /^COPY .*, line \d/m.test(where)) return error;
    // PostgreSQL stores rows in batches, and has no text of the line any more when their keys are looked up.
    const place = this.place(done, error.code !== '23505' && error.code !== '23P01');
    return error.within(place);
  }

  open(): void {}
  close(): void {}

  /** Before work on what came. */
  protected begin(): void {
    this.wantsData = false;
  }

  poll(x: ExecContext): Batch {
    this.begin();
    const count = this.parseRows(x.functions.format, this.#limit);
    this.out.count = count;
    return count > 0 ? this.out : this.endOrWait(x);
  }

  /** What came is used up. */
  protected endOrWait(x: ExecContext): Batch {
    if (this.#failure !== null) {
      const place = this.placeOfNext();
      throw place === null ? this.#failure : this.#failure.within(place);
    }
    if (this.isFinished) {
      this.isAtEnd = true;
      return END;
    }
    // More must come: whoever brings it wakes us.
    this.wantsData = true;
    x.isWaiting = true;
    return PENDING;
  }
}
