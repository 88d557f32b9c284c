/** Table locks, row locks and advisory locks conflict, queue and deadlock as PostgreSQL's do. */
import { expect } from 'chai';
import {
  LOCK_GRANTED,
  LOCK_NOT_AVAILABLE,
  LOCK_WAITING,
  LockManager,
  type LockMode,
  type RowLockStrength,
  type Transaction,
  TransactionManager,
} from '../../../storage/api.ts';
import { ROW_LOCK_CONFLICTS } from '../../../storage/mvcc/index.ts';
import type { SqlError } from '../../../types/errors.ts';

const locks = new LockManager();
const transactions = new TransactionManager(
  {
    logCommit: () => 0,
    committed: () => {},
    whenDurable: (_txn, _lsn, durable) => durable(null),
    undoLast: () => {},
    tryFlush: () => {},
    logAbort: () => {},
    isPageMiss: () => false,
  },
  locks,
);

let nextProcess = 100;
let nextRelation = 1000;

interface Session {
  readonly txn: Transaction;
  woken: number;
}

function session(): Session {
  const result: Session = { txn: transactions.begin(locks.createOwner(nextProcess++)), woken: 0 };
  result.txn.wake = () => result.woken++;
  return result;
}

function table(): ReturnType<LockManager['relationTag']> {
  return locks.relationTag(5, nextRelation++);
}

function failure(action: () => unknown): SqlError {
  try {
    action();
  } catch (error) {
    return error as SqlError;
  }
  throw new Error('it did not fail');
}

/** PostgreSQL's manual, table 13.2: X conflicts; rows and columns ACCESS SHARE ... ACCESS EXCLUSIVE. */
const TABLE_13_2 = ['.......X', '......XX', '....XXXX', '...XXXXX', '..XX.XXX', '..XXXXXX', '.XXXXXXX', 'XXXXXXXX'];
/** Table 13.3: FOR KEY SHARE, FOR SHARE, FOR NO KEY UPDATE, FOR UPDATE. */
const TABLE_13_3 = ['...X', '..XX', '.XXX', 'XXXX'];

describe('table locks', () => {
  it('conflict as in table 13.2 of the manual', () => {
    for (let held = 1; held <= 8; held++) {
      for (let wanted = 1; wanted <= 8; wanted++) {
        const tag = table();
        const [a, b] = [session(), session()];
        expect(locks.acquire(a.txn, tag, held as LockMode, false)).to.equal(LOCK_GRANTED);
        const conflicts = TABLE_13_2[held - 1][wanted - 1] === 'X';
        const answer = locks.acquire(b.txn, tag, wanted as LockMode, false);
        expect(answer, `${held} ${wanted}`).to.equal(conflicts ? LOCK_NOT_AVAILABLE : LOCK_GRANTED);
        transactions.commit(a.txn, () => {});
        transactions.commit(b.txn, () => {});
      }
    }
  });

  it('never conflict with the own process', () => {
    const tag = table();
    const { txn } = session();
    for (let mode = 1; mode <= 8; mode++)
      expect(locks.acquire(txn, tag, mode as LockMode, false)).to.equal(LOCK_GRANTED);
    transactions.commit(txn, () => {});
    expect(tag.grantedMask).to.equal(0);
  });

  it('are granted first come, first served: who comes later does not pass a waiting one that it conflicts with', () => {
    const tag = table();
    const [reader, ddl, later] = [session(), session(), session()];
    locks.acquire(reader.txn, tag, 1, true);
    expect(locks.acquire(ddl.txn, tag, 8, true)).to.equal(LOCK_WAITING);
    expect(locks.acquire(later.txn, tag, 1, false)).to.equal(LOCK_NOT_AVAILABLE);
    expect(locks.acquire(later.txn, tag, 1, true)).to.equal(LOCK_WAITING);
    transactions.commit(reader.txn, () => {});
    expect([ddl.woken, later.woken]).to.deep.equal([1, 0]);
    transactions.commit(ddl.txn, () => {});
    expect([ddl.woken, later.woken]).to.deep.equal([1, 1]);
    expect(locks.holds(later.txn, tag, 1)).to.equal(true);
    transactions.commit(later.txn, () => {});
  });

  it('let the next ones go when a waiting one gives up', () => {
    const tag = table();
    const [reader, ddl, later] = [session(), session(), session()];
    locks.acquire(reader.txn, tag, 1, true);
    locks.acquire(ddl.txn, tag, 8, true);
    locks.acquire(later.txn, tag, 1, true);
    locks.cancelWait(ddl.txn);
    expect([ddl.woken, later.woken]).to.deep.equal([0, 1]);
    expect(ddl.txn.isWaiting).to.equal(false);
    for (const { txn } of [reader, ddl, later]) transactions.commit(txn, () => {});
  });

  it('who holds a lock gets a stronger one before those who wait for it', () => {
    const tag = table();
    const [holder, ddl] = [session(), session()];
    locks.acquire(holder.txn, tag, 1, true);
    locks.acquire(ddl.txn, tag, 8, true);
    expect(locks.acquire(holder.txn, tag, 3, true)).to.equal(LOCK_GRANTED);
    transactions.commit(holder.txn, () => {});
    expect(ddl.woken).to.equal(1);
    transactions.commit(ddl.txn, () => {});
  });

  it('taken after a savepoint go with its rollback', () => {
    const [before, after] = [table(), table()];
    const { txn } = session();
    const other = session();
    locks.acquire(txn, before, 8, true);
    const mark = transactions.savepoint(txn);
    locks.acquire(txn, after, 8, true);
    transactions.rollbackTo(txn, mark);
    expect(locks.acquire(other.txn, before, 1, false)).to.equal(LOCK_NOT_AVAILABLE);
    expect(locks.acquire(other.txn, after, 1, false)).to.equal(LOCK_GRANTED);
    transactions.commit(txn, () => {});
    transactions.commit(other.txn, () => {});
  });

  it('are listed with holders and waiters', () => {
    const tag = table();
    const [a, b] = [session(), session()];
    locks.acquire(a.txn, tag, 5, true);
    locks.acquire(b.txn, tag, 3, true);
    const rows = [...locks.rows()].filter((row) => row.tag === tag);
    expect(rows.map((row) => [row.mode, row.isGranted, row.owner])).to.deep.equal([
      [5, true, a.txn.owner],
      [3, false, b.txn.owner],
    ]);
    transactions.commit(a.txn, () => {});
    transactions.commit(b.txn, () => {});
  });
});

describe('deadlocks', () => {
  it('of two are found when the circle closes, and told as PostgreSQL tells them', () => {
    const [first, second] = [table(), table()];
    const [a, b] = [session(), session()];
    locks.acquire(a.txn, first, 8, true);
    locks.acquire(b.txn, second, 8, true);
    expect(locks.acquire(a.txn, second, 1, true)).to.equal(LOCK_WAITING);
    const error = failure(() => locks.acquire(b.txn, first, 3, true));
    expect(error.code).to.equal('40P01');
    expect(error.message).to.equal('deadlock detected');
    const [pa, pb] = [a.txn.owner.processId, b.txn.owner.processId];
    expect(error.fields.detail).to.equal(
      `Process ${pb} waits for RowExclusiveLock on ${first.description}; blocked by process ${pa}.\n` +
        `Process ${pa} waits for AccessShareLock on ${second.description}; blocked by process ${pb}.`,
    );
    expect(first.description).to.match(/^relation \d+ of database 5$/);
    expect(error.fields.hint).to.equal('See server log for query details.');
    expect(b.txn.isWaiting).to.equal(false);
    transactions.rollback(b.txn);
    expect(a.woken).to.equal(1);
    transactions.commit(a.txn, () => {});
  });

  it('of transactions that wait for each other name the transactions', () => {
    const [a, b] = [session(), session()];
    expect(locks.waitForTransaction(a.txn, b.txn)).to.equal(LOCK_WAITING);
    const error = failure(() => locks.waitForTransaction(b.txn, a.txn));
    const [pa, pb] = [a.txn.owner.processId, b.txn.owner.processId];
    expect(error.fields.detail).to.equal(
      `Process ${pb} waits for ShareLock on transaction ${a.txn.id}; blocked by process ${pa}.\n` +
        `Process ${pa} waits for ShareLock on transaction ${b.txn.id}; blocked by process ${pb}.`,
    );
    transactions.rollback(b.txn);
    expect([a.woken, a.txn.isWaiting]).to.deep.equal([1, false]);
    transactions.commit(a.txn, () => {});
  });

  it('of three, through tables, a transaction and an advisory lock of a session', () => {
    const tag = table();
    const [a, b, c] = [session(), session(), session()];
    locks.acquire(a.txn, tag, 8, true);
    locks.acquireAdvisory(b.txn, '5,0,1,1', true, true, true);
    expect(locks.acquire(b.txn, tag, 1, true)).to.equal(LOCK_WAITING);
    expect(locks.acquireAdvisory(c.txn, '5,0,1,1', false, false, true)).to.equal(LOCK_WAITING);
    const error = failure(() => locks.waitForTransaction(a.txn, c.txn));
    expect(error.fields.detail?.split('\n')).to.have.length(3);
    expect(error.fields.detail).to.contain('waits for ShareLock on advisory lock [5,0,1,1]; blocked by process');
    transactions.rollback(a.txn);
    transactions.commit(b.txn, () => {});
    locks.releaseAllAdvisory(b.txn.owner);
    expect(c.woken).to.equal(1);
    transactions.commit(c.txn, () => {});
  });

  it('that exist only because of the order of a queue are avoided by changing the order', () => {
    const [x, y] = [table(), table()];
    const [reader, ddl, other] = [session(), session(), session()];
    locks.acquire(reader.txn, x, 1, true);
    locks.acquire(other.txn, y, 8, true);
    expect(locks.acquire(ddl.txn, x, 8, true)).to.equal(LOCK_WAITING);
    expect(locks.acquire(other.txn, x, 1, true)).to.equal(LOCK_WAITING);
    // reader -> y held by other -> x behind ddl -> reader. Letting other pass ddl opens it.
    expect(locks.acquire(reader.txn, y, 1, true)).to.equal(LOCK_WAITING);
    expect(other.woken).to.equal(1);
    transactions.commit(other.txn, () => {});
    expect(reader.woken).to.equal(1);
    transactions.commit(reader.txn, () => {});
    expect(ddl.woken).to.equal(1);
    transactions.commit(ddl.txn, () => {});
  });
});

describe('row locks', () => {
  it('conflict as in table 13.3 of the manual', () => {
    const rows = locks.rowLocksOf(1);
    for (let held = 0; held < 4; held++) {
      for (let wanted = 0; wanted < 4; wanted++) {
        const { txn } = session();
        transactions.register(txn);
        locks.lockRow(txn, rows, 77, held as RowLockStrength);
        const conflicts = TABLE_13_3[held][wanted] === 'X';
        expect(rows.conflict(77, txn.id + 1, wanted as RowLockStrength)).to.equal(conflicts ? txn.id : 0);
        expect((ROW_LOCK_CONFLICTS[wanted] & (1 << held)) !== 0).to.equal(conflicts);
        expect(rows.conflict(77, txn.id, wanted as RowLockStrength)).to.equal(0);
        transactions.commit(txn, () => {});
        expect(rows.size).to.equal(0);
      }
    }
  });

  it('are shared, grow stronger, and shrink back with the savepoint', () => {
    const rows = locks.rowLocksOf(2);
    const [a, b] = [session().txn, session().txn];
    for (const txn of [a, b]) {
      transactions.register(txn);
      locks.lockRow(txn, rows, 5, 0);
    }
    const mark = transactions.savepoint(a);
    locks.lockRow(a, rows, 5, 2);
    expect(rows.conflict(5, b.id, 1)).to.equal(a.id);
    transactions.rollbackTo(a, mark);
    expect(rows.conflict(5, b.id, 1)).to.equal(0);
    expect(rows.conflict(5, b.id, 3)).to.equal(a.id);
    transactions.commit(a, () => {});
    expect(rows.conflict(5, a.id, 3)).to.equal(b.id);
    transactions.commit(b, () => {});
    expect(rows.size).to.equal(0);
  });
});

describe('who waits for a transaction', () => {
  it('looks again when it rolls back to a savepoint, for it may have given back what was waited for', () => {
    const [holder, waiter] = [session(), session()];
    const mark = transactions.savepoint(holder.txn);
    expect(locks.waitForTransaction(waiter.txn, holder.txn)).to.equal(LOCK_WAITING);
    transactions.rollbackTo(holder.txn, mark);
    expect([waiter.woken, waiter.txn.isWaiting]).to.deep.equal([1, false]);
    transactions.commit(holder.txn, () => {});
    expect(locks.waitForTransaction(waiter.txn, holder.txn)).to.equal(LOCK_GRANTED);
    transactions.commit(waiter.txn, () => {});
  });
});

describe('advisory locks', () => {
  it('of a session are counted, outlive the transaction, and are given back one by one', () => {
    const [a, b] = [session(), session()];
    const key = '5,0,42,1';
    expect(locks.acquireAdvisory(a.txn, key, true, true, true)).to.equal(LOCK_GRANTED);
    expect(locks.acquireAdvisory(a.txn, key, true, true, true)).to.equal(LOCK_GRANTED);
    transactions.commit(a.txn, () => {});
    expect(locks.acquireAdvisory(b.txn, key, false, false, false)).to.equal(LOCK_NOT_AVAILABLE);
    expect(locks.releaseAdvisory(a.txn.owner, key, true)).to.equal(true);
    expect(locks.acquireAdvisory(b.txn, key, false, false, false)).to.equal(LOCK_NOT_AVAILABLE);
    expect(locks.releaseAdvisory(a.txn.owner, key, true)).to.equal(true);
    expect(locks.releaseAdvisory(a.txn.owner, key, true)).to.equal(false);
    expect(locks.acquireAdvisory(b.txn, key, false, false, false)).to.equal(LOCK_GRANTED);
    transactions.commit(b.txn, () => {});
  });

  it('of a transaction go with it', () => {
    const [a, b] = [session(), session()];
    locks.acquireAdvisory(a.txn, '5,1,1,2', true, false, true);
    expect(locks.acquireAdvisory(b.txn, '5,1,1,2', true, true, true)).to.equal(LOCK_WAITING);
    transactions.commit(a.txn, () => {});
    expect(b.woken).to.equal(1);
    transactions.commit(b.txn, () => {});
    expect(locks.releaseAdvisory(b.txn.owner, '5,1,1,2', true)).to.equal(true);
  });
});
