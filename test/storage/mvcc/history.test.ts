/** Commit times, the moments that they make readable, and the hold on what those moments need. */
import { expect } from 'chai';
import { LockManager, type Snapshot, type Transaction, TransactionManager } from '../../../storage/api.ts';
import { CommitClock, type CommitMoment } from '../../../storage/mvcc/commit-clock.ts';
import { History } from '../../../storage/mvcc/history.ts';
import { Random, SEED } from '../heap/support.ts';

describe('the commit clock', () => {
  it(`agrees with a list (SEED=${SEED})`, () => {
    const random = new Random(SEED);
    const clock = new CommitClock();
    let model: CommitMoment[] = [];
    let [time, csn, horizon] = [8e14, 1, 1];
    for (let step = 0; step < 20_000; step++) {
      // Leaps beyond what a difference holds, equal times, and small steps.
      time += random.below(500) === 0 ? 2 ** 33 : random.below(3) === 0 ? 0 : random.below(2000);
      csn += 1 + random.below(3);
      horizon += random.below(4);
      const moment = { time, csn, horizon };
      clock.add(moment);
      if (model.at(-1)?.time === time) model.pop();
      model.push(moment);
      if (random.below(50) === 0) {
        const before = model[random.below(Math.min(model.length, 3000))].time + random.below(3) - 1;
        clock.dropBefore(before);
        const needed = model.findLastIndex((entry) => entry.time <= before);
        model = model.slice(Math.max(0, needed));
      }
      if (random.below(10) === 0) {
        const asked = random.pick(model).time + random.below(2001) - 1000;
        expect(clock.find(asked)).to.deep.equal(model.findLast((entry) => entry.time <= asked) ?? null);
      }
      expect(clock.oldest.time).to.equal(model[0].time);
      expect(clock.newest).to.deep.equal(moment);
    }
    expect(clock.memoryBytes).to.be.below((model.length + 3000) * 12 + 100 * 12_288);
  });
});

describe('times of commits', () => {
  it('never go back, and are later than what was read', () => {
    const history = new History();
    history.keep(1000, 5000, 1, 1);
    const commit = (now: number, csn: number): number => {
      const time = history.stamp(now);
      history.note(csn, csn);
      return time;
    };
    expect(commit(5200, 2)).to.equal(5200);
    // Within the grain of the one before.
    expect(commit(5250, 3)).to.equal(5200);
    expect(commit(4000, 4)).to.equal(5200);
    expect(history.at(5270)?.csn).to.equal(4);
    expect(commit(5260, 5)).to.equal(5271);
    expect(history.at(5270)?.csn).to.equal(4);
    expect(history.at(5271)?.csn).to.equal(5);
    expect(commit(5271, 6)).to.equal(5272);
    expect(history.at(5199)?.csn).to.equal(1);
  });

  it('are forgotten when they are too old, but for what was then', () => {
    const history = new History();
    expect(history.isKept).to.equal(false);
    expect(history.oldest(0)).to.equal(Infinity);
    history.keep(1000, 0, 1, 10);
    for (const [time, csn] of [
      [500, 2],
      [1000, 3],
      [2000, 4],
    ]) {
      history.stamp(time);
      history.note(csn, csn * 10);
    }
    expect([history.oldest(2000), history.heldHorizon]).to.deep.equal([1000, 30]);
    history.expire(2500);
    expect([history.oldest(2500), history.heldHorizon]).to.deep.equal([1500, 30]);
    expect(history.at(1500)?.csn).to.equal(3);
    history.expire(9000);
    expect([history.oldest(9000), history.heldHorizon]).to.deep.equal([8000, 40]);
    expect(history.at(8500)?.csn).to.equal(4);
    history.keep(0, 9000, 4, 50);
    expect([history.isKept, history.heldHorizon, history.at(9000)]).to.deep.equal([false, Infinity, null]);
  });
});

/** Commits are durable when `flush` is called. */
class Rig {
  readonly unflushed: (() => void)[] = [];
  isFull = false;
  readonly transactions: TransactionManager;

  constructor() {
    const store = {
      logCommit: () => {
        this.transactions.history.stamp(this.now);
        return 1000;
      },
      committed: () => {},
      whenDurable: (_txn: Transaction, _lsn: number, durable: (error: Error | null) => void) => {
        this.unflushed.push(() => durable(null));
      },
      undoLast: () => {},
      tryFlush: () => {
        if (!this.isFull) this.flush(Infinity);
      },
      logAbort: () => {},
      isPageMiss: () => false,
    };
    this.transactions = new TransactionManager(store, new LockManager());
  }

  now = 1_000_000;

  flush(count: number): void {
    for (const done of this.unflushed.splice(0, count)) done();
  }
}

describe('snapshots of the past', () => {
  it(`see what was committed by then, and hold what they need (SEED=${SEED})`, () => {
    for (let round = 0; round < 20; round++) {
      const random = new Random(SEED + round);
      const rig = new Rig();
      const { transactions } = rig;
      const { history } = transactions;
      transactions.keepHistory(50_000, rig.now);
      const active: { txn: Transaction; xids: number[] }[] = [];
      /** By xid: when it was committed; Infinity: it was not. */
      const committedAt = new Map<number, number>();
      const held: { snapshot: Snapshot; time: number }[] = [];
      const check = (snapshot: Snapshot, time: number): void => {
        for (const [xid, at] of committedAt) {
          // Nobody asks about versions of what was rolled back.
          if (at === Infinity && xid < snapshot.horizon) continue;
          expect(transactions.isVisible(xid, snapshot), `xid ${xid}, as of ${time}`).to.equal(at <= time);
        }
      };
      let horizon = 0;
      for (let step = 0; step < 600; step++) {
        rig.now += random.below(300);
        switch (random.below(7)) {
          case 0:
            active.push({ txn: transactions.begin(), xids: [] });
            break;
          case 1:
          case 2: {
            if (active.length === 0) break;
            const { txn, xids } = random.pick(active);
            const xid = transactions.statementXid(txn);
            xids.push(xid);
            committedAt.set(xid, Infinity);
            break;
          }
          case 3: {
            if (active.length === 0) break;
            const [{ txn, xids }] = active.splice(random.below(active.length), 1);
            if (random.below(4) === 0) transactions.rollback(txn);
            else {
              transactions.commit(txn, () => {});
              for (const xid of xids) committedAt.set(xid, history.lastTime);
            }
            break;
          }
          case 4:
            rig.flush(1 + random.below(3));
            break;
          case 5: {
            const oldest = history.oldest(rig.now);
            const time = oldest + random.below(rig.now - oldest + 1);
            const moment = history.at(time);
            expect(moment).to.not.equal(null);
            rig.isFull = random.below(2) === 0;
            const snapshot = transactions.takePastSnapshot(transactions.begin(), moment as CommitMoment);
            held.push({ snapshot, time });
            break;
          }
          default: {
            if (held.length === 0) break;
            const [{ snapshot, time }] = held.splice(random.below(held.length), 1);
            check(snapshot, time);
            transactions.releaseSnapshot(snapshot);
          }
        }
        history.expire(rig.now);
        expect(transactions.gcHorizon()).to.be.at.least(horizon);
        horizon = transactions.gcHorizon();
        for (const { snapshot } of held) expect(snapshot.horizon).to.be.at.least(horizon);
      }
      for (const { snapshot, time } of held) check(snapshot, time);
    }
  });

  it('make what they show durable first; on a full disk their transaction ends after it', () => {
    const rig = new Rig();
    const { transactions } = rig;
    transactions.keepHistory(50_000, rig.now);
    const commit = (): void => {
      const txn = transactions.begin();
      transactions.statementXid(txn);
      rig.now += 1000;
      transactions.commit(txn, () => {});
    };
    commit();
    const told: string[] = [];
    const read = (name: string): void => {
      const txn = transactions.begin();
      const moment = transactions.history.at(rig.now) as CommitMoment;
      transactions.releaseSnapshot(transactions.takePastSnapshot(txn, moment));
      transactions.commit(txn, () => told.push(name));
    };
    read('durable');
    expect(rig.unflushed).to.have.length(1);
    rig.flush(1);
    rig.isFull = true;
    commit();
    read('waits');
    expect(told).to.deep.equal(['durable']);
    rig.flush(Infinity);
    expect(told).to.deep.equal(['durable', 'waits']);
  });
});
