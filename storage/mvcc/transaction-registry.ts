/**
 * The transactions that others may meet in a version or a row lock, by number. Numbers are given out in order and most
 * transactions are short, so a small ring holds nearly all; one that is still there when the ring comes round moves to a map.
 */
import type { Transaction } from './transaction.ts';

const RING_SIZE = 1024;

export class TransactionRegistry {
  private readonly ring: (Transaction | null)[] = new Array(RING_SIZE).fill(null);
  private readonly longLived = new Map<number, Transaction>();

  add(txn: Transaction): void {
    const at = txn.id & (RING_SIZE - 1);
    const before = this.ring[at];
    if (before !== null) this.longLived.set(before.id, before);
    this.ring[at] = txn;
  }

  remove(txn: Transaction): void {
    const at = txn.id & (RING_SIZE - 1);
    if (this.ring[at] === txn) this.ring[at] = null;
    else this.longLived.delete(txn.id);
  }

  get(id: number): Transaction | undefined {
    const txn = this.ring[id & (RING_SIZE - 1)];
    return txn !== null && txn.id === id ? txn : this.longLived.get(id);
  }

  *all(): Iterable<Transaction> {
    for (const txn of this.ring) if (txn !== null) yield txn;
    yield* this.longLived.values();
  }
}
