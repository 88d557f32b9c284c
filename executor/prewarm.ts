/**
 * pg_prewarm: reads a table's pages into the pool, or through it into the memory of the operating system.
 *
 * A function cannot wait in the middle: it throws, its statement is parked, and when it is woken the row is computed again from
 * its beginning. So what a call has come to is kept here by its arguments until the statement ends; a call that is done answers
 * at once when it is computed again.
 */
import { relationDenied, rightsOnRelation } from '../catalog/rights.ts';
import {
  ACCESS_SHARE,
  LOCK_GRANTED,
  PAGE_MISS,
  READ_THROUGH_PAGES,
  type RelationPages,
  readThrough,
} from '../storage/api.ts';
import { type SqlError, sqlError } from '../types/errors.ts';
import { LazyMap } from '../types/lazy-map.ts';
import { WAIT_SIGNAL } from './operators/operator.ts';
import type { Session } from './session.ts';

const FORKS = ['main', 'fsm', 'vm', 'init'];
const PAGE_SIZE = 8192;
/** Pages looked at between two turns of the event loop: those that are there cost nanoseconds. */
const PAGES_PER_TURN = 8192;

interface Call {
  readonly pages: RelationPages;
  readonly first: number;
  readonly last: number;
  next: number;
  /** Pages before this one have been asked for. */
  asked: number;
  /** The page that the statement was parked for last. */
  missed: number;
  /** Reads through the pool: one is under way, or has failed. */
  isReading: boolean;
  error: SqlError | null;
}

export class Prewarm {
  readonly #session: Session;
  readonly #calls = new LazyMap<string, Call>();

  constructor(session: Session) {
    this.#session = session;
  }

  /** Blocks that are warm now. Throws WAIT_SIGNAL or PAGE_MISS until then. */
  blocks(
    relationOid: number | null,
    mode: string | null,
    fork: string | null,
    first: number | bigint | null,
    last: number | bigint | null,
  ): number {
    if (relationOid === null) throw sqlError('22023', 'relation cannot be null');
    if (mode === null) throw sqlError('22023', 'prewarm type cannot be null');
    if (mode !== 'prefetch' && mode !== 'read' && mode !== 'buffer') {
      throw sqlError('22023', 'invalid prewarm type', {
        hint: 'Valid prewarm types are "prefetch", "read", and "buffer".',
      });
    }
    if (fork === null) throw sqlError('22023', 'relation fork cannot be null');
    if (!FORKS.includes(fork)) {
      throw sqlError('22023', 'invalid fork name', {
        hint: 'Valid fork names are "main", "fsm", "vm", and "init".',
      });
    }
    const key = `${relationOid} ${mode} ${first} ${last}`;
    const known = this.#calls.get(key);
    if (known !== undefined) return this.#run(known, mode === 'buffer');
    const pages = this.#pagesOf(relationOid, fork);
    const count = typeof pages === 'number' ? pages : pages.pageCount;
    const from = blockOr(first, 0, count, 'starting');
    const to = blockOr(last, count - 1, count, 'ending');
    // Indexes and sequences are in memory, whole.
    if (typeof pages === 'number') return Math.max(0, to - from + 1);
    const call: Call = {
      pages,
      first: from,
      last: to,
      next: from,
      asked: from,
      missed: -1,
      isReading: false,
      error: null,
    };
    this.#calls.set(key, call);
    return this.#run(call, mode === 'buffer');
  }

  /** The statement is over. */
  reset(): void {
    if (this.#calls.size > 0) this.#calls.clear();
  }

  /** Locked against being dropped; for what has no pages of its own their number. */
  #pagesOf(oid: number, fork: string): RelationPages | number {
    const session = this.#session;
    const { engine } = session;
    const tag = engine.locks.relationTag(session.database.oid, oid);
    if (engine.locks.acquire(session.ensureTransaction(), tag, ACCESS_SHARE, true) !== LOCK_GRANTED) {
      session.isWaitingForLock = true;
      throw WAIT_SIGNAL;
    }
    const relation = session.catalog.relation(oid);
    const size = session.functions.relationSize(oid);
    const isKnown = relation !== undefined || size !== null || session.catalog.namedRelation(oid) !== undefined;
    if (!isKnown) throw sqlError('42P01', `could not open relation with OID ${oid}`);
    const named = session.catalog.namedRelation(oid);
    const table = named?.class === 'index' ? session.catalog.relation(named.tableOid) : named;
    if (table !== undefined && rightsOnRelation(session.catalog, table, session.authority, 'r') === '') {
      throw relationDenied(table);
    }
    const hasPages = relation === undefined ? size !== null : relation.relId !== 0;
    if (fork !== 'main' || !hasPages) throw sqlError('22023', `fork "${fork}" does not exist for this relation`);
    return relation === undefined ? Math.ceil((size ?? 0) / PAGE_SIZE) : engine.heap(relation.relId).pages;
  }

  #run(call: Call, intoPool: boolean): number {
    const end = Math.min(call.last + 1, call.pages.pageCount);
    if (intoPool) this.#load(call, end);
    else this.#readThrough(call, end);
    return Math.max(0, call.last - call.first + 1);
  }

  #load(call: Call, end: number): void {
    const { pool } = this.#session.engine;
    const { pages } = call;
    const step = Math.max(1, Math.min(READ_THROUGH_PAGES, pool.frameCount >>> 4));
    const turnEnd = call.next + PAGES_PER_TURN;
    for (; call.next < end; call.next++) {
      const pageNo = call.next;
      if (pageNo === turnEnd) this.#yield();
      // The next step is asked for while this one comes in.
      while (call.asked < end && call.asked <= pageNo + step) {
        const count = Math.min(step, end - call.asked);
        const wanted = Array.from({ length: count }, (_, i) => call.asked + i);
        pool.prefetch(pages, wanted, count);
        call.asked += count;
      }
      if (pool.tryFrame(pages, pageNo) >= 0) continue;
      // It came, and went again: the pool is smaller than what is asked of it.
      if (call.missed === pageNo && !pages.loads.has(pageNo)) continue;
      call.missed = pageNo;
      try {
        pool.frameBase(pages, pageNo);
      } catch (error) {
        if (error !== PAGE_MISS) this.#calls.clear();
        throw error;
      }
    }
  }

  #readThrough(call: Call, end: number): void {
    if (call.error !== null) {
      this.#calls.clear();
      throw call.error;
    }
    if (!call.isReading && call.next < end) {
      const count = Math.min(READ_THROUGH_PAGES, end - call.next);
      call.isReading = true;
      readThrough(this.#session.engine.pool, call.pages, call.next, count, (error) => {
        call.isReading = false;
        call.error = error;
        call.next += count;
        this.#session.wakeAfter(0);
      });
    }
    if (call.isReading) throw WAIT_SIGNAL;
  }

  #yield(): never {
    this.#session.wakeAfter(0);
    throw WAIT_SIGNAL;
  }
}

function blockOr(given: number | bigint | null, otherwise: number, count: number, which: string): number {
  if (given === null) return otherwise;
  const block = Number(given);
  if (block < 0 || block >= count) throw sqlError('22023', `${which} block number must be between 0 and ${count - 1}`);
  return block;
}
