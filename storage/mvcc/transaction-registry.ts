/**
 * The transactions that others may meet in a version or a row lock, by number. Numbers are given out in order and most
 * transactions are short, so a small ring holds nearly all. It grows up to a size; then one that is still there when it comes round moves to a map.
 */

import { LazyMap } from '../../types/lazy-map.ts';
import type { Transaction } from './transaction.ts';

const RING_SIZE_MIN = 16;
const RING_SIZE_MAX = 1024;

export class TransactionRegistry {
  private ring: (Transaction | null)[] = new Array(RING_SIZE_MIN).fill(null);
  private mask = RING_SIZE_MIN - 1;
  private readonly longLived = new LazyMap<number, Transaction>();

  add(txn: Transaction): void {
    while (this.ring[txn.id & this.mask] !== null && this.ring.length < RING_SIZE_MAX) this.grow();
    const at = txn.id & this.mask;
    const before = this.ring[at];
    if (before !== null) this.longLived.set(before.id, before);
    this.ring[at] = txn;
  }

  private grow(): void {
    const { ring } = this;
    this.ring = new Array(ring.length * 2).fill(null);
    this.mask = this.ring.length - 1;
    for (const txn of ring) if (txn !== null) this.ring[txn.id & this.mask] = txn;
  }

  remove(txn: Transaction): void {
    const at = txn.id & this.mask;
    if (this.ring[at] === txn) this.ring[at] = null;
    else this.longLived.delete(txn.id);
  }

  get(id: number): Transaction | undefined {
    const txn = this.ring[id & this.mask];
    return txn !== null && txn.id === id ? txn : this.longLived.get(id);
  }

  *all(): Iterable<Transaction> {
    for (const txn of this.ring) if (txn !== null) yield txn;
    yield* this.longLived.values();
  }
}
