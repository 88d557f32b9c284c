/**
 * Work memory: what running statements hold in rows, counted and capped.
 *
 *      WorkMemory (the server: used, limit)
 *         ^   ^
 *         |   +--- MemoryAccount of a statement <--- grow / shrink by its operators, a batch at a time
 *         +------- MemoryAccount of a cursor ...
 *
 * Figures are estimates of what JavaScript needs for the values (8 bytes a place in an array, strings and objects besides), made
 * for a batch at a time and on the high side: V8 keeps arrays larger than they are used.
 *
 * Invariants
 *  1. WorkMemory.used is the sum of all accounts' `used`.
 *  2. grow beyond the limit throws 53200 and counts nothing.
 *  3. Operators that can put rows aside do so when all statements together are near the cap (isTight), as if their own work_mem were
 *     full: the other half is for those that cannot.
 *  4. An account that is released holds nothing: an execution releases its account when it closes, on every path, so that an
 *     operator which did not shrink (an error came between) leaves nothing behind.
 */
import type { Value } from '../catalog/function-entry.ts';
import { SqlError } from '../types/errors.ts';
import type { Batch } from './batch.ts';

/** Of the cap; beyond, operators that can put rows aside do so. Half: a hash table that grows may take twice what it had at once. */
const TIGHT_SHARE = 0.5;

/** All statements of a server. */
export class WorkMemory {
  used = 0;
  /** The most that was used at once. */
  peak = 0;
  /** Bytes (work_memory_limit). */
  limit: number;

  constructor(limit = Number.POSITIVE_INFINITY) {
    this.limit = limit;
  }
}

export class MemoryAccount {
  /** Bytes that this statement holds. */
  used = 0;
  readonly #work: WorkMemory;

  constructor(work: WorkMemory) {
    this.#work = work;
  }

  /** Before or just after `bytes` more are held, for `what` (a plural: error details name it). Throws 53200 beyond the cap. */
  grow(bytes: number, what = 'rows'): void {
    const work = this.#work;
    const total = work.used + bytes;
    if (total > work.limit) throw outOfWorkMemory(what, bytes, this.used, work);
    work.used = total;
    if (total > work.peak) work.peak = total;
    this.used += bytes;
  }

  /** Whether all statements together would be near the cap with `bytes` more. */
  isTight(bytes: number): boolean {
    return this.#work.used + bytes > this.#work.limit * TIGHT_SHARE;
  }

  /** `bytes` that were grown are given back. */
  shrink(bytes: number): void {
    // After a release there is nothing left to give back.
    const given = bytes < this.used ? bytes : this.used;
    this.used -= given;
    this.#work.used -= given;
  }

  /** Everything is given back. */
  release(): void {
    this.#work.used -= this.used;
    this.used = 0;
  }
}

/** What one operator holds of its statement's account. */
export class Holding {
  bytes = 0;
  readonly #what: string;

  /** `what`: a plural, for error details. */
  constructor(what: string) {
    this.#what = what;
  }

  add(account: MemoryAccount, bytes: number): void {
    account.grow(bytes, this.#what);
    this.bytes += bytes;
  }

  /** So many bytes are held now: the difference is grown, or given back. */
  set(account: MemoryAccount, bytes: number): void {
    if (bytes > this.bytes) account.grow(bytes - this.bytes, this.#what);
    else account.shrink(this.bytes - bytes);
    this.bytes = bytes;
  }

  /** Whether all statements together would be near the cap if this were so many bytes. */
  isTight(account: MemoryAccount, bytes: number): boolean {
    return account.isTight(bytes - this.bytes);
  }

  /** Everything is given back. */
  clear(account: MemoryAccount): void {
    account.shrink(this.bytes);
    this.bytes = 0;
  }
}

function outOfWorkMemory(what: string, bytes: number, held: number, work: WorkMemory): SqlError {
  const kilobytes = (size: number): string => `${Math.ceil(size / 1024)} kB`;
  return new SqlError('53200', 'out of memory', {
    detail:
      `The statement holds ${kilobytes(held)} of rows and asked for ${kilobytes(bytes)} more for ${what}; all statements ` +
      `together hold ${kilobytes(work.used)} of the ${kilobytes(work.limit)} that work_memory_limit allows.`,
    hint: 'Let the statement keep fewer rows at a time, or raise work_memory_limit.',
  });
}

/** A place in an array. */
const PLACE_BYTES = 8;
/** What a row takes in the tables of a hash, besides its values. */
export const HASH_ENTRY_BYTES = 32;
/** Header of a string, a bigint or a small object. */
const HEADER_BYTES = 24;

/** Bytes that a value needs besides its place. */
function valueBytes(value: Value): number {
  switch (typeof value) {
    case 'string':
      return HEADER_BYTES + value.length;
    case 'number':
    case 'boolean':
    case 'undefined':
      return 0;
    case 'bigint':
      return HEADER_BYTES;
    default:
      return value === null ? 0 : objectBytes(value);
  }
}

function objectBytes(value: { byteLength?: number; elements?: readonly Value[]; values?: readonly Value[] }): number {
  if (typeof value.byteLength === 'number') return 4 * HEADER_BYTES + value.byteLength;
  const parts = value.elements ?? value.values;
  if (!Array.isArray(parts)) return 3 * HEADER_BYTES;
  let bytes = 3 * HEADER_BYTES + parts.length * PLACE_BYTES;
  for (const part of parts) bytes += valueBytes(part);
  return bytes;
}

/** Estimate of what `count` values of a column need when they are kept. */
export function columnBytes(column: readonly Value[], count: number): number {
  let bytes = count * PLACE_BYTES;
  // Numbers have nothing besides their place: a look at both ends tells columns of them.
  if (count > 0 && typeof column[0] === 'number' && typeof column[count - 1] === 'number') return bytes;
  for (let i = 0; i < count; i++) bytes += valueBytes(column[i]);
  return bytes;
}

/** Estimate of what a batch's rows need when they are kept. */
export function batchBytes(batch: Batch): number {
  let bytes = 0;
  for (let c = 0; c < batch.columns.length; c++) bytes += columnBytes(batch.columns[c], batch.count);
  return bytes;
}

/** The same for one row of a batch. */
export function rowBytes(batch: Batch, row: number): number {
  let bytes = batch.columns.length * PLACE_BYTES;
  for (let c = 0; c < batch.columns.length; c++) bytes += valueBytes(batch.columns[c][row]);
  return bytes;
}
