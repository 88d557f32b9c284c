/**
 * Where COPY FROM's rows come from: bytes arrive by `receive`, in pieces of any size, and leave as batches that feed an INSERT.
 *
 * Bytes are worked on where they arrive; only an unfinished row at the end of a piece is kept.
 */
import type { Value } from '../../catalog/function-entry.ts';
import type { FormatSettings } from '../../types/index.ts';
import { BATCH_SIZE, Batch, END, PENDING } from '../batch.ts';
import type { ExecContext } from '../context.ts';
import type { Operator } from '../operators/operator.ts';

export interface CopyColumn {
  readonly name: string;
  readonly typeOid: number;
  readonly typeModifier: number;
  /** Of domains inside an array or a composite value. */
  readonly check?: ((value: Value) => Value) | null;
}

/** An input function that checks what it has read, where there is something to check. */
export function withCheck<A extends unknown[]>(
  input: (...args: A) => Value,
  { check }: CopyColumn,
): (...args: A) => Value {
  return check === null || check === undefined ? input : (...args) => check(input(...args));
}

export abstract class CopySource implements Operator {
  protected readonly out: Batch;
  /** Bytes not yet worked on: data[position .. length). */
  protected data: Buffer = Buffer.alloc(65536);
  protected position = 0;
  protected length = 0;
  /** All bytes have come. */
  protected isFinished = false;
  #failure: Error | null = null;
  /** It has used up what came, and nothing else holds it up. */
  wantsData = true;

  constructor(width: number) {
    this.out = new Batch(width);
  }

  /** Parses up to `limit` rows into `out`; answers how many: 0 when more bytes must come first. */
  protected abstract parseRows(format: FormatSettings, limit: number): number;
  /** The bytes before `position` went away: what remembers places must subtract it. */
  protected moved(_by: number): void {}

  receive(bytes: Uint8Array): void {
    const left = this.length - this.position;
    if (left + bytes.length > this.data.length) {
      const grown = Buffer.allocUnsafeSlow(Math.max(this.data.length * 2, left + bytes.length));
      this.data.copy(grown, 0, this.position, this.length);
      this.data = grown;
    } else if (this.length + bytes.length > this.data.length) this.data.copyWithin(0, this.position, this.length);
    else {
      this.data.set(bytes, this.length);
      this.length += bytes.length;
      return;
    }
    this.moved(this.position);
    this.position = 0;
    this.data.set(bytes, left);
    this.length = left + bytes.length;
  }

  /** Bytes that wait to be worked on. */
  get bufferedBytes(): number {
    return this.length - this.position;
  }

  finish(): void {
    this.isFinished = true;
  }

  fail(error: Error): void {
    this.#failure = error;
  }

  open(): void {}
  close(): void {}

  poll(x: ExecContext): Batch {
    if (this.#failure !== null) throw this.#failure;
    this.wantsData = false;
    const count = this.parseRows(x.functions.format, BATCH_SIZE);
    this.out.count = count;
    if (count > 0) return this.out;
    if (this.isFinished) return END;
    // More must come: whoever brings it wakes us.
    this.wantsData = true;
    x.isWaiting = true;
    return PENDING;
  }
}
