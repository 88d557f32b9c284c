/**
 * Sequences: their values are no transaction's, but that they are created, dropped and started again is. The log hears of values ahead of
 * time, so that most calls log nothing.
 */
import { assert } from '../types/assert.ts';
import { LazyMap } from '../types/lazy-map.ts';
import {
  type Transaction,
  type TransactionManager,
  WRITE_CREATE_SEQUENCE,
  WRITE_DROP_SEQUENCE,
  WRITE_RESTART_SEQUENCE,
} from './mvcc/index.ts';
import { logSequence, WAL_KIND_CALLER_FIRST, type Wal } from './wal/index.ts';

/** Log record: a sequence is gone, if its transaction commits. Body: u32 id, u32 zero. */
export const WAL_SEQUENCE_DROP = WAL_KIND_CALLER_FIRST;
/** Log record: a sequence starts again, if its transaction commits. Body: u32 id, u32 is called, i64 last value. */
export const WAL_SEQUENCE_RESTART = WAL_KIND_CALLER_FIRST + 1;
/** Values of a sequence that one log record covers, as in PostgreSQL. */
export const SEQUENCE_LOG_VALUES = 32;

export interface SequenceState {
  readonly lastValue: number | bigint;
  readonly isCalled: boolean;
  /** Values that may still be given out before something is logged: PostgreSQL's log_cnt. */
  readonly logCount: number;
}

interface Sequence extends SequenceState {
  lastValue: number | bigint;
  isCalled: boolean;
  logCount: number;
  /** What the log knows: where the sequence would go on after a crash. */
  loggedValue: number | bigint;
  loggedIsCalled: boolean;
  /** Where the log knows it. */
  lsn: number;
  /**
   * Started again by a transaction that has not ended: until it commits, the log hears nothing of its values. What comes back
   * with an undo, newest last; null: nobody did.
   */
  restart: { readonly txn: Transaction; readonly before: (SequenceState & { readonly lsn: number })[] } | null;
}

/** Those of one database directory, or of a fork. */
export class Sequences {
  private readonly wal: Wal;
  private readonly transactions: TransactionManager;
  /** What a fork has from its parent, until it uses it; null: it is no fork. */
  private readonly inherited: ReadonlyMap<number, SequenceState> | null;
  private readonly byId = new LazyMap<number, Sequence>();
  /** Of those that a fork has from its parent: what it has dropped. */
  private readonly dropped = new Set<number>();
  /** As they are, for forks; null: they have changed since. */
  private lastImage: ReadonlyMap<number, SequenceState> | null = null;

  constructor(wal: Wal, transactions: TransactionManager, inherited: ReadonlyMap<number, SequenceState> | null) {
    this.wal = wal;
    this.transactions = transactions;
    this.inherited = inherited;
  }

  /** All that are its own, with what the log knows of them. */
  entries(): IterableIterator<[id: number, sequence: Sequence]> {
    return this.byId.entries();
  }

  /** A fork is again what it began with. */
  reset(): void {
    this.dropped.clear();
    this.byId.clear();
    this.lastImage = null;
  }

  /** As they are, for a fork that begins now. */
  image(): ReadonlyMap<number, SequenceState> {
    if (this.lastImage !== null) return this.lastImage;
    const image = new Map<number, SequenceState>();
    for (const [id, state] of this.inherited ?? []) if (!this.dropped.has(id)) image.set(id, state);
    for (const [id, sequence] of this.byId) {
      // What an unfinished transaction made of it is not for others.
      const { lastValue, isCalled } = sequence.restart?.before[0] ?? sequence;
      image.set(id, { lastValue, isCalled, logCount: 0 });
    }
    this.lastImage = image;
    return image;
  }

  /** It is there for all when the transaction commits. */
  create(txn: Transaction, id: number, lastValue: number | bigint, isCalled: boolean): void {
    assert(!this.byId.has(id), 'a sequence is created once');
    this.mustWrite(txn);
    const lsn = logSequence(this.wal, id, lastValue, isCalled);
    txn.writes.add(id, 0, WRITE_CREATE_SEQUENCE, 0, 0);
    this.restore(id, lastValue, isCalled, lsn);
  }

  /** It goes when the transaction commits. */
  drop(txn: Transaction, id: number): void {
    this.mustWrite(txn);
    txn.writes.add(id, 0, WRITE_DROP_SEQUENCE, 0, 0);
  }

  /** Null: there is none. */
  state(id: number): SequenceState | null {
    return this.find(id) ?? null;
  }

  private find(id: number): Sequence | undefined {
    const sequence = this.byId.get(id);
    const inherited = sequence === undefined ? this.inherited?.get(id) : undefined;
    if (inherited === undefined || this.dropped.has(id)) return sequence;
    this.restore(id, inherited.lastValue, inherited.isCalled);
    return this.byId.get(id);
  }

  /** It goes, and is gone for forks that are made from now on. */
  forget(id: number): void {
    this.lastImage = null;
    this.byId.delete(id);
    if (this.inherited !== null) this.dropped.add(id);
  }

  /**
   * A sequence's new state. `ahead`: the value SEQUENCE_LOG_VALUES steps further (or the sequence's bound), which is logged when
   * needed, so that most calls log nothing; without it (setval, ALTER SEQUENCE) this state itself is. `txn`, at whose work this
   * is, waits at its commit until the log covers the value, even if it wrote nothing else.
   */
  set(id: number, lastValue: number | bigint, isCalled: boolean, txn?: Transaction, ahead?: number | bigint): void {
    const sequence = this.find(id);
    assert(sequence !== undefined, 'the sequence exists');
    this.lastImage = null;
    if (sequence.restart !== null) {
      assert(sequence.restart.txn === txn, 'others wait for who starts a sequence again');
      sequence.lastValue = lastValue;
      sequence.isCalled = isCalled;
      return;
    }
    if (ahead === undefined || sequence.logCount === 0) {
      const logged = ahead ?? lastValue;
      const lsn = logSequence(this.wal, id, logged, ahead === undefined ? isCalled : true);
      sequence.loggedValue = logged;
      sequence.loggedIsCalled = ahead === undefined ? isCalled : true;
      sequence.logCount = ahead === undefined ? 0 : SEQUENCE_LOG_VALUES;
      sequence.lsn = lsn;
    } else sequence.logCount--;
    if (txn !== undefined) txn.flushLsn = Math.max(txn.flushLsn, sequence.lsn);
    sequence.lastValue = lastValue;
    sequence.isCalled = isCalled;
  }

  /** The sequence goes on from another value: at once for this transaction, for others when it has committed (blocker). */
  restart(txn: Transaction, id: number, lastValue: number | bigint, isCalled: boolean): void {
    const sequence = this.find(id);
    assert(sequence !== undefined, 'the sequence exists');
    this.lastImage = null;
    this.mustWrite(txn);
    sequence.restart ??= { txn, before: [] };
    assert(sequence.restart.txn === txn, 'others wait for who starts a sequence again');
    const { logCount, lsn } = sequence;
    sequence.restart.before.push({ lastValue: sequence.lastValue, isCalled: sequence.isCalled, logCount, lsn });
    txn.writes.add(id, 0, WRITE_RESTART_SEQUENCE, 0, 0);
    sequence.lastValue = lastValue;
    sequence.isCalled = isCalled;
    sequence.logCount = 0;
  }

  /** Who must end before this transaction may use the sequence; null: nobody. */
  blocker(id: number, txn: Transaction): Transaction | null {
    const restart = this.byId.get(id)?.restart ?? null;
    return restart === null || restart.txn === txn ? null : restart.txn;
  }

  /** The newest restart is undone. */
  undoRestart(id: number): void {
    const sequence = this.byId.get(id);
    this.lastImage = null;
    const before = sequence?.restart?.before.pop();
    assert(sequence !== undefined && before !== undefined, 'a sequence that was started again knows what was before');
    sequence.lastValue = before.lastValue;
    sequence.isCalled = before.isCalled;
    sequence.logCount = before.logCount;
    if (sequence.restart?.before.length === 0) sequence.restart = null;
  }

  /** As the checkpoint or the log knows it. */
  restore(id: number, lastValue: number | bigint, isCalled: boolean, lsn = 0): void {
    this.lastImage = null;
    this.byId.set(id, {
      lastValue,
      isCalled,
      logCount: 0,
      loggedValue: lastValue,
      loggedIsCalled: isCalled,
      lsn,
      restart: null,
    });
  }

  /** Part of the log of a commit: the sequence is gone. */
  logDrop(txn: Transaction, id: number): void {
    this.wal.begin(WAL_SEQUENCE_DROP, txn.xidRuns[0]);
    this.wal.u32(id);
    this.wal.u32(0);
    this.wal.end();
  }

  /** Part of the log of a commit: the sequence has started again. */
  logRestart(txn: Transaction, id: number): void {
    const sequence = this.byId.get(id);
    assert(sequence !== undefined, 'a sequence goes at commit at the earliest');
    this.wal.begin(WAL_SEQUENCE_RESTART, txn.xidRuns[0]);
    this.wal.u32(id);
    this.wal.u32(sequence.isCalled ? 1 : 0);
    this.wal.int64(sequence.lastValue);
    sequence.lsn = this.wal.end();
  }

  /** Who started it again has committed. */
  endRestart(id: number): void {
    const sequence = this.byId.get(id);
    this.lastImage = null;
    if (sequence === undefined) return;
    sequence.restart = null;
    sequence.loggedValue = sequence.lastValue;
    sequence.loggedIsCalled = sequence.isCalled;
  }

  /** A transaction that changes a sequence writes. */
  private mustWrite(txn: Transaction): void {
    if (!txn.hasWritten) this.transactions.statementXid(txn);
  }
}
