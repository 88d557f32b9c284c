/**
 * Long values of rows on their way: chunks are stored before the row that points to them is written, and those of the version
 * it replaces are removed after. Later in the write list means later for the sweep, too: as long as a version's keys have to be
 * taken out of indexes, its long values can be read.
 *
 *      collect (old chunks)  ->  store (new chunks)  ->  the row is written: confirm  ->  sweep (removes the old chunks)
 *         changes nothing          |  ^ PAGE_MISS                                          |  ^ PAGE_MISS
 *                                  +--+ again: chunks stored are found again               +--+ again: goes on
 */
import { PAGE_MISS, type RowId } from '../../storage/api.ts';
import type { ExecContext } from '../context.ts';
import type { StoredChain } from '../row/overflow.ts';
import type { TableRuntime } from '../table-runtime.ts';

interface StoredValue {
  readonly bytes: Uint8Array;
  readonly chain: StoredChain;
}

export class LongValues {
  readonly #table: TableRuntime;
  /** Chunks of the version that is being replaced. */
  readonly #replaced: RowId[] = [];
  /** Chunks to be removed. */
  readonly #garbage: RowId[] = [];
  /** Stored for the row that is being written, in the order asked for. */
  readonly #stored: StoredValue[] = [];
  #next = 0;
  #xid = 0;

  constructor(table: TableRuntime) {
    this.#table = table;
  }

  /** A row begins, perhaps again. */
  begin(): void {
    this.#next = 0;
    this.#replaced.length = 0;
  }

  /** Remembers the chunks of the version at `base`, but for columns whose values stay. */
  collect(base: number, isKept: ((column: number) => boolean) | null): void {
    const table = this.#table;
    if (table.entry.overflowRelId === 0) return;
    table.overflow.chunksOf(table.pool.u8, base, table.layout(table.pool.u8[base + 15]), isKept, this.#replaced);
  }

  store(x: ExecContext, bytes: Uint8Array): Uint8Array {
    const xid = x.xid();
    if (this.#xid !== xid) {
      // What another statement left half done has been undone with it.
      this.#stored.length = 0;
      this.#garbage.length = 0;
      this.#xid = xid;
    }
    const { overflow } = this.#table;
    let stored = this.#stored[this.#next];
    if (stored === undefined || Buffer.compare(stored.bytes, bytes) !== 0) {
      // Begun for another image of the row: somebody changed it while a page was read.
      for (const old of this.#stored.splice(this.#next)) this.#garbage.push(...old.chain.chunks);
      stored = { bytes, chain: overflow.begin(bytes) };
      this.#stored.push(stored);
    }
    const pointer = overflow.store(x.transaction, xid, stored.bytes, stored.chain);
    this.#next++;
    return pointer;
  }

  /** The row has been written (or removed). */
  confirm(x: ExecContext): void {
    this.#stored.length = 0;
    if (this.#replaced.length === 0 && this.#garbage.length === 0) return;
    for (const chunk of this.#replaced) this.#garbage.push(chunk);
    this.#replaced.length = 0;
    try {
      this.sweep(x);
    } catch (error) {
      // The row is done; the rest comes before the next one.
      if (error !== PAGE_MISS) throw error;
    }
  }

  /** Removes chunks that nothing points to any more. Called before a row and at the statement's end. */
  sweep(x: ExecContext): void {
    const garbage = this.#garbage;
    while (garbage.length > 0) {
      this.#table.overflow.remove(x.transaction, x.xid(), garbage[garbage.length - 1]);
      garbage.pop();
    }
  }

  /** A statement begins: what an earlier one left unfinished failed with it. */
  reset(): void {
    this.#stored.length = 0;
    this.#garbage.length = 0;
    this.#replaced.length = 0;
    this.#xid = 0;
  }
}
