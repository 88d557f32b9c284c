/**
 * The memory that all indexes of a server have reserved, and the most they may. Beyond it, an index takes entries only as far as
 * what it has reserved already reaches: the statement fails (53200) before anything has changed. One segment each (1.5 MB of
 * nodes, 1 MB of keys, 1 MB of posting lists) may go beyond the limit.
 */
import { SqlError } from '../../types/errors.ts';

export class IndexMemory {
  /** Bytes of nodes, of the arenas of byte keys, and of posting lists. */
  nodeBytes = 0;
  arenaBytes = 0;
  postingBytes = 0;
  /** Bytes (index_memory_limit); indexes that are built at the start do not ask. */
  limit = Number.POSITIVE_INFINITY;

  get usedBytes(): number {
    return this.nodeBytes + this.arenaBytes + this.postingBytes;
  }

  get isFull(): boolean {
    return this.usedBytes >= this.limit;
  }

  #unlimited: IndexMemory | null = null;

  /** What is counted apart, and may not be refused: entries that forks need. */
  unlimited(): IndexMemory {
    this.#unlimited ??= new IndexMemory();
    return this.#unlimited;
  }

  /**
   * While indexes are loaded at the start: V8 need not look for garbage every 64 MB, for all of it stays. It counts the bytes of array
   * buffers and collects as they grow, but those that could be shared with other threads it does not count: a sixth of the time
   * of a start (bench/restart.ts). What comes later it has to count, or an index that was dropped would be kept while another grows.
   */
  isLoading = false;

  /** Memory for a segment; what counts it is the caller. */
  allocate(bytes: number): ArrayBuffer {
    return this.isLoading ? (new SharedArrayBuffer(bytes) as unknown as ArrayBuffer) : new ArrayBuffer(bytes);
  }

  /** Throws 53200 if so much more may not be reserved. */
  check(bytes: number): void {
    if (this.usedBytes + bytes > this.limit) throw this.error();
  }

  /** Does what was granted before, when the limit was asked (`check`). */
  granted(work: () => void): void {
    const { limit } = this;
    this.limit = Number.POSITIVE_INFINITY;
    try {
      work();
    } finally {
      this.limit = limit;
    }
  }

  error(): SqlError {
    const kilobytes = (size: number): string => `${Math.ceil(size / 1024)} kB`;
    return new SqlError('53200', 'out of memory', {
      detail: `All indexes together use ${kilobytes(this.usedBytes)} of the ${kilobytes(this.limit)} that index_memory_limit allows.`,
      hint: 'Drop indexes that are not needed, or raise index_memory_limit.',
    });
  }
}
