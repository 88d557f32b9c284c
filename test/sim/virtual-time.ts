/**
 * Timers, Date.now and performance.now that go by turns of the event loop, not by the wall: a simulation is the same each time it is run
 * with its seed, and waits for no retry. setImmediate stays as it is: its order is fixed. Within a turn performance.now goes on a little each
 * time it is asked, so that who works in slices has an end of them.
 *
 * While it is installed a pump keeps turning the loop, `msPerTurn` of virtual time each.
 */
const MS_PER_TURN = 10;
const MS_PER_LOOK = 0.05;
/** What Date.now says at the beginning: some day. */
const BEGIN_MS = 1_700_000_000_000;

interface VirtualTimer {
  dueMs: number;
  readonly order: number;
  readonly everyMs: number;
  readonly run: () => void;
  unref(): VirtualTimer;
  ref(): VirtualTimer;
}

export class VirtualTime {
  nowMs = BEGIN_MS;
  /** 0: time stands still, and no timer runs. */
  msPerTurn = MS_PER_TURN;
  onTurn: () => void = () => {};
  private timers = new Set<VirtualTimer>();
  private nextOrder = 0;
  private looks = 0;
  private real: Pick<typeof globalThis, 'setTimeout' | 'setInterval' | 'clearTimeout' | 'clearInterval'> | null = null;
  private realNow = Date.now;

  install(): void {
    const { setTimeout, setInterval, clearTimeout, clearInterval } = globalThis;
    this.real = { setTimeout, setInterval, clearTimeout, clearInterval };
    this.realNow = Date.now;
    const add = (run: (...words: unknown[]) => void, ms: number, every: boolean, words: unknown[]): VirtualTimer => {
      const delay = Math.max(1, ms);
      const timer: VirtualTimer = {
        dueMs: this.nowMs + delay,
        order: this.nextOrder++,
        everyMs: every ? delay : 0,
        run: () => run(...words),
        unref: () => timer,
        ref: () => timer,
      };
      this.timers.add(timer);
      return timer;
    };
    const remove = (timer: unknown): void => {
      if (!this.timers.delete(timer as VirtualTimer)) clearTimeout(timer as NodeJS.Timeout);
    };
    Object.assign(globalThis, {
      setTimeout: (run: () => void, ms = 1, ...words: unknown[]) => add(run, ms, false, words),
      setInterval: (run: () => void, ms = 1, ...words: unknown[]) => add(run, ms, true, words),
      clearTimeout: remove,
      clearInterval: remove,
    });
    Date.now = () => this.nowMs;
    performance.now = () => this.nowMs - BEGIN_MS + this.looks++ * MS_PER_LOOK;
    this.pump();
  }

  uninstall(): void {
    Object.assign(globalThis, this.real);
    Date.now = this.realNow;
    // The real one is the prototype's.
    Reflect.deleteProperty(performance, 'now');
    this.real = null;
    this.timers.clear();
  }

  /** The process that set them is dead. */
  forgetTimers(): void {
    this.timers.clear();
  }

  private readonly pump = (): void => {
    if (this.real === null) return;
    this.nowMs += this.msPerTurn;
    const due = [...this.timers].filter((timer) => timer.dueMs <= this.nowMs);
    due.sort((a, b) => a.dueMs - b.dueMs || a.order - b.order);
    for (const timer of due) {
      if (!this.timers.has(timer)) continue;
      if (timer.everyMs > 0) timer.dueMs += timer.everyMs;
      else this.timers.delete(timer);
      timer.run();
    }
    this.onTurn();
    setImmediate(this.pump);
  };
}

export const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
