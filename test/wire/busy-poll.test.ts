/** Busy polling is chosen where it shortens the gaps between answers and messages, and only there. */
import { expect } from 'chai';
import { BusyPoll } from '../../wire/busy-poll.ts';

const GAPS = 8192;

/** Gives the poll so many gaps as they come out of its present way; answers the share of them that it spun for. */
function shareSpun(poll: BusyPoll, clock: { ms: number }, gapUs: (spins: boolean) => number, count = GAPS): number {
  let spun = 0;
  for (let i = 0; i < count; i++) {
    if (poll.spins) spun++;
    poll.answered();
    clock.ms += gapUs(poll.spins) / 1000;
    poll.received();
  }
  return spun / count;
}

describe('busy polling', () => {
  function make(isPossible = true): [BusyPoll, { ms: number }] {
    const clock = { ms: 0 };
    return [new BusyPoll(isPossible, () => clock.ms), clock];
  }

  it('is chosen where waking up is what takes the time', () => {
    const [poll, clock] = make();
    shareSpun(poll, clock, (spins) => (spins ? 30 : 80));
    expect(shareSpun(poll, clock, (spins) => (spins ? 30 : 80))).to.be.above(0.9);
  });

  it('is left where it takes from the client, or gains nothing', () => {
    for (const gapUs of [(spins: boolean) => (spins ? 40 : 25), () => 150]) {
      const [poll, clock] = make();
      expect(shareSpun(poll, clock, gapUs)).to.be.below(0.1);
    }
  });

  it('ends when it pays no longer', () => {
    const [poll, clock] = make();
    shareSpun(poll, clock, (spins) => (spins ? 30 : 80));
    shareSpun(poll, clock, () => 90);
    expect(shareSpun(poll, clock, () => 90)).to.be.below(0.1);
  });

  it('is not even tried for clients that think, nor with one processor (invariant 3)', () => {
    const [poll, clock] = make();
    expect(shareSpun(poll, clock, () => 5000)).to.equal(0);
    const [single, singleClock] = make(false);
    expect(shareSpun(single, singleClock, (spins) => (spins ? 30 : 80))).to.equal(0);
  });

  it('sleeps when nothing comes (invariant 1)', async () => {
    const [poll, clock] = make();
    while (!poll.spins) shareSpun(poll, clock, (spins) => (spins ? 30 : 80), 1);
    const before = pendingImmediates();
    poll.answered();
    await new Promise((resolve) => setImmediate(resolve));
    expect(pendingImmediates()).to.equal(before + 1);
    clock.ms += 1;
    await new Promise((resolve) => setImmediate(resolve));
    await new Promise((resolve) => setImmediate(resolve));
    expect(pendingImmediates()).to.equal(before);
  });
});

/** Immediates that are waiting to run. */
function pendingImmediates(): number {
  return process.getActiveResourcesInfo().filter((name) => name === 'Immediate').length;
}
