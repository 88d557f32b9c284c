/** Large objects of a session: those that are open, until its transaction ends, and the database's tables of them. */
import {
  LARGE_OBJECT_OID,
  type LargeObjectDescriptor,
  type LargeObjectSession,
  largeObjectTables,
} from '../catalog/large-objects.ts';
import { ACCESS_EXCLUSIVE, LOCK_GRANTED, type Transaction } from '../storage/api.ts';
import { WAIT_SIGNAL } from './operators/operator.ts';
import type { Session } from './session.ts';

const RELATION_CLASS_OID = 1259;

interface OpenObject extends LargeObjectDescriptor {
  /** Savepoints there were when it was opened: it is closed when one of them is gone back to. */
  depth: number;
}

export class SessionLargeObjects implements LargeObjectSession {
  readonly #session: Session;
  /** Whose descriptors these are. */
  #transaction: Transaction | null = null;
  #descriptors: (OpenObject | undefined)[] = [];

  constructor(session: Session) {
    this.#session = session;
  }

  allocateOid(): number {
    return this.#session.engine.allocateOid();
  }

  /** Whoever makes them first lets others wait, who then find them. */
  prepareTables(): void {
    const session = this.#session;
    const isMade = (): boolean => session.catalog.relation(LARGE_OBJECT_OID)?.kind === 'table';
    if (isMade()) return;
    const { engine } = session;
    const transaction = session.ensureTransaction();
    const tag = engine.locks.objectTag(session.database.oid, RELATION_CLASS_OID, LARGE_OBJECT_OID);
    if (engine.locks.acquire(transaction, tag, ACCESS_EXCLUSIVE, true) !== LOCK_GRANTED) {
      session.isWaitingForLock = true;
      throw WAIT_SIGNAL;
    }
    if (isMade()) return;
    const entries = largeObjectTables(() => engine.createHeap(transaction).relId);
    for (const entry of entries) session.transaction.putEntry(entry);
  }

  #current(): (OpenObject | undefined)[] {
    const transaction = this.#session.ensureTransaction();
    if (transaction !== this.#transaction) {
      this.#transaction = transaction;
      this.#descriptors = [];
    }
    return this.#descriptors;
  }

  open(oid: number, mayWrite: boolean): number {
    const descriptors = this.#current();
    const free = descriptors.indexOf(undefined);
    const fd = free < 0 ? descriptors.length : free;
    descriptors[fd] = { oid, mayWrite, place: 0, depth: this.#session.transaction.savepoints.length };
    return fd;
  }

  descriptor(fd: number): LargeObjectDescriptor | undefined {
    return this.#current()[fd];
  }

  close(fd: number): void {
    this.#current()[fd] = undefined;
  }

  /** The transaction went back to a savepoint, of which there are so many before it. */
  rolledBackTo(savepoint: number): void {
    for (const [fd, descriptor] of this.#descriptors.entries()) {
      if (descriptor !== undefined && descriptor.depth > savepoint) this.#descriptors[fd] = undefined;
    }
  }

  /** A savepoint, of which there are so many before it, is released: what was opened behind it is of those. */
  released(savepoint: number): void {
    for (const descriptor of this.#descriptors) {
      if (descriptor !== undefined) descriptor.depth = Math.min(descriptor.depth, savepoint);
    }
  }

  forget(oid: number): void {
    const descriptors = this.#current();
    for (const [fd, descriptor] of descriptors.entries()) if (descriptor?.oid === oid) descriptors[fd] = undefined;
    const { catalog, transaction } = this.#session;
    const comment = catalog.comment('largeObject', oid);
    if (comment !== undefined) transaction.removeEntry('comment', comment.oid, false);
  }
}
