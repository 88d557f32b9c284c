/** Snapshots, xids and the horizon below which nobody asks. */
import { expect } from 'chai';
import {
  ACCESS_EXCLUSIVE,
  LockManager,
  ROW_SHARE,
  type Transaction,
  TransactionManager,
} from '../../../storage/api.ts';
import { Random, SEED } from '../heap/support.ts';

/** `unflushed`: what is called when the log is durable; without it, it is at once. `isFull`: it cannot be made so. */
function manager(unflushed?: ((error: Error | null) => void)[], isFull = false): TransactionManager {
  const store = {
    logCommit: () => 1000,
    committed: () => {},
    whenDurable: (txn: Transaction, _lsn: number, durable: (error: Error | null) => void) =>
      unflushed === undefined || !txn.synchronousCommit ? durable(null) : unflushed.push(durable),
    undoLast: () => {},
    tryFlush: () => {
      if (isFull) return;
      for (const durable of unflushed?.splice(0) ?? []) durable(null);
    },
    logAbort: () => {},
    isPageMiss: () => false,
  };
  return new TransactionManager(store, new LockManager());
}

describe('transactions', () => {
  it('commit all their statements at once, for snapshots taken after', () => {
    const transactions = manager();
    const txn = transactions.begin();
    const [first, second] = [transactions.statementXid(txn), transactions.statementXid(txn)];
    const reader = transactions.begin();
    const before = transactions.takeSnapshot(reader);
    transactions.commit(txn, () => {});
    const after = transactions.takeSnapshot(reader);
    for (const xid of [first, second]) {
      expect(transactions.isVisible(xid, before)).to.equal(false);
      expect(transactions.isVisible(xid, after)).to.equal(true);
    }
  });

  describe('that are committed, but not durable', () => {
    let unflushed: ((error: Error | null) => void)[];
    let transactions: TransactionManager;
    let xid: number;
    let writer: Transaction;
    const sees = (txn: Transaction): boolean => {
      const snapshot = transactions.takeSnapshot(txn);
      const answer = transactions.isVisible(xid, snapshot);
      transactions.releaseSnapshot(snapshot);
      return answer;
    };

    beforeEach(() => {
      unflushed = [];
      transactions = manager(unflushed);
      writer = transactions.begin();
      xid = transactions.statementXid(writer);
    });

    it('are seen by readers when they are durable', () => {
      transactions.commit(writer, () => {});
      const reader = transactions.begin();
      expect(sees(reader)).to.equal(false);
      unflushed[0](null);
      expect(sees(reader)).to.equal(true);
    });

    it('are seen at once by who locks or writes, and by its session from then on', () => {
      const { locks } = transactions;
      transactions.commit(writer, () => {});
      const reader = transactions.begin();
      const locker = transactions.begin(locks.createOwner(7));
      locks.acquire(locker, locks.relationTag(1, 2), ROW_SHARE, true);
      expect([sees(reader), sees(locker)]).to.deep.equal([false, true]);
      transactions.commit(locker, () => {});
      expect(sees(transactions.begin(locker.owner))).to.equal(true);
      const adviser = transactions.begin(locks.createOwner(8));
      locks.acquireAdvisory(adviser, '1,0,1,1', false, true, true);
      transactions.commit(adviser, () => {});
      expect(sees(transactions.begin(adviser.owner))).to.equal(true);
      const other = transactions.begin();
      transactions.statementXid(other);
      expect(sees(other)).to.equal(true);
    });

    it('keep who has seen them from being told of its own end before they are durable', () => {
      const { locks } = transactions;
      transactions.commit(writer, () => {});
      const [reader, locker] = [transactions.begin(), transactions.begin()];
      locks.acquire(locker, locks.relationTag(1, 2), ROW_SHARE, true);
      expect([sees(reader), sees(locker)]).to.deep.equal([false, true]);
      const told: string[] = [];
      transactions.commit(reader, () => told.push('reader'));
      transactions.commit(locker, () => told.push('locker'));
      expect(told).to.deep.equal(['reader']);
      for (const durable of unflushed) durable(null);
      expect(told).to.deep.equal(['reader', 'locker']);
    });

    it('hold back the horizon: nobody may take them for seen by all', () => {
      transactions.commit(writer, () => {});
      const later = transactions.begin();
      transactions.statementXid(later);
      transactions.commit(later, () => {});
      expect(transactions.gcHorizon()).to.equal(xid);
      unflushed[1](null);
      expect(transactions.gcHorizon()).to.equal(transactions.nextXid);
      expect(sees(transactions.begin())).to.equal(true);
    });

    it('are not shown by one behind them that need not be durable: it is seen, and acknowledged, after them', () => {
      const told: string[] = [];
      transactions.commit(writer, () => told.push('durable'));
      const careless = transactions.begin();
      careless.synchronousCommit = false;
      const carelessXid = transactions.statementXid(careless);
      transactions.commit(careless, () => told.push('careless'));
      const late = transactions.begin();
      transactions.statementXid(late);
      transactions.commit(late, () => told.push('late'));
      const seen = (): boolean[] => {
        const snapshot = transactions.takeSnapshot(transactions.begin());
        const answers = [xid, carelessXid, late.xidRuns[0]].map((each) => transactions.isVisible(each, snapshot));
        transactions.releaseSnapshot(snapshot);
        return answers;
      };
      expect([told, seen()]).to.deep.equal([[], [false, false, false]]);
      unflushed[0](null);
      expect([told, seen()]).to.deep.equal([
        ['careless', 'durable'],
        [true, true, false],
      ]);
      unflushed[1](null);
      expect([told, seen()]).to.deep.equal([
        ['careless', 'durable', 'late'],
        [true, true, true],
      ]);
      const alone = transactions.begin();
      alone.synchronousCommit = false;
      transactions.statementXid(alone);
      transactions.commit(alone, () => told.push('alone'));
      expect(told).to.include('alone');
      expect(transactions.gcHorizon()).to.equal(transactions.nextXid);
    });

    it('of a broken log are not left waiting behind the one that failed', () => {
      const told: unknown[] = [];
      transactions.commit(writer, (error) => told.push(error));
      const careless = transactions.begin();
      careless.synchronousCommit = false;
      transactions.statementXid(careless);
      transactions.commit(careless, (error) => told.push(error));
      const broken = new Error('the log is broken');
      unflushed[0](broken);
      expect(told).to.deep.equal([broken, broken]);
      expect(sees(transactions.begin())).to.equal(false);
    });

    it('are made durable before they let readers in that they kept out', () => {
      const { locks } = transactions;
      let isDurable = false;
      const earlier = transactions.begin();
      transactions.statementXid(earlier);
      transactions.commit(earlier, () => {
        isDurable = true;
      });
      locks.acquire(writer, locks.relationTag(1, 2), ACCESS_EXCLUSIVE, true);
      transactions.commit(writer, () => {});
      expect(isDurable).to.equal(true);
    });
  });

  it('that define something are seen by all at once, even while a full disk keeps them from being durable', () => {
    const unflushed: ((error: Error | null) => void)[] = [];
    const transactions = manager(unflushed, true);
    const [earlier, definer] = [transactions.begin(), transactions.begin()];
    const xids = [transactions.statementXid(earlier), transactions.statementXid(definer)];
    transactions.commit(earlier, () => {});
    definer.catalogChanges = [{ key: 'table', bytes: null }];
    transactions.commit(definer, () => {});
    expect(unflushed).to.have.length(2);
    const snapshot = transactions.takeSnapshot(transactions.begin());
    expect(xids.map((xid) => transactions.isVisible(xid, snapshot))).to.deep.equal([true, true]);
    transactions.releaseSnapshot(snapshot);
    expect(transactions.gcHorizon()).to.equal(transactions.nextXid);
    for (const durable of unflushed) durable(null);
    expect(transactions.gcHorizon()).to.equal(transactions.nextXid);
  });

  it('see their earlier statements, not the one at work', () => {
    const transactions = manager();
    const txn = transactions.begin();
    const earlier = transactions.statementXid(txn);
    const snapshot = transactions.takeSnapshot(txn);
    const own = transactions.statementXid(txn);
    expect(transactions.isVisible(earlier, snapshot)).to.equal(true);
    expect(transactions.isVisible(own, snapshot)).to.equal(false);
    transactions.refreshOwnWrites(snapshot);
    expect(transactions.isVisible(own, snapshot)).to.equal(true);
  });

  it('that only read commit at once, and ask nothing of the log', () => {
    const transactions = manager();
    let told = 0;
    transactions.commit(transactions.begin(), () => told++);
    expect(told).to.equal(1);
    expect(transactions.nextXid).to.equal(1);
  });

  it('hold back the horizon while they, or a snapshot that does not see them, live', () => {
    const transactions = manager();
    const txn = transactions.begin();
    const xid = transactions.statementXid(txn);
    expect(transactions.gcHorizon()).to.equal(xid);
    const snapshot = transactions.takeSnapshot(transactions.begin());
    const shared = transactions.shareSnapshot(snapshot);
    transactions.commit(txn, () => {});
    transactions.releaseSnapshot(snapshot);
    expect(transactions.gcHorizon()).to.equal(xid);
    expect(transactions.isVisible(xid, shared)).to.equal(false);
    transactions.releaseSnapshot(shared);
    expect(transactions.gcHorizon()).to.equal(xid + 1);
  });

  it(`agree with a model of commits and snapshots (SEED=${SEED})`, () => {
    const random = new Random(SEED);
    const transactions = manager();
    const running: { txn: ReturnType<TransactionManager['begin']>; xids: number[] }[] = [];
    const snapshots: { snapshot: ReturnType<TransactionManager['takeSnapshot']>; seen: Set<number> }[] = [];
    const committed = new Set<number>();
    let horizon = 0;
    for (let step = 0; step < 20_000; step++) {
      const choice = random.below(10);
      if (choice < 2 || running.length === 0) running.push({ txn: transactions.begin(), xids: [] });
      else if (choice < 5) {
        const one = random.pick(running);
        one.xids.push(transactions.statementXid(one.txn));
      } else if (choice < 7) {
        const [one] = running.splice(random.below(running.length), 1);
        if (random.below(4) === 0) transactions.rollback(one.txn);
        else {
          transactions.commit(one.txn, () => {});
          for (const xid of one.xids) committed.add(xid);
        }
      } else if (choice < 9) {
        const one = random.pick(running);
        snapshots.push({
          snapshot: transactions.takeSnapshot(one.txn),
          seen: new Set([...committed].slice(-200).concat(one.xids)),
        });
      }
      if (snapshots.length > (random.below(50) === 0 ? 0 : 20)) {
        const [{ snapshot, seen }] = snapshots.splice(random.below(snapshots.length), 1);
        for (let xid = Math.max(1, transactions.nextXid - 150); xid < transactions.nextXid; xid++) {
          if (xid < snapshot.horizon) continue;
          if (transactions.isVisible(xid, snapshot) !== seen.has(xid)) {
            // Those of a transaction that saw itself, and has ended since, are nobody's business any more.
            const isEnded = !running.some((one) => one.txn.id === snapshot.txnId);
            expect(isEnded, `xid ${xid} at step ${step}`).to.equal(true);
          }
        }
        transactions.releaseSnapshot(snapshot);
      }
      expect(transactions.gcHorizon()).to.be.at.least(horizon);
      horizon = transactions.gcHorizon();
    }
  }).timeout(10000);
});
