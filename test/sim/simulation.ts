/**
 * One seed: a server lives on memory files, works, and ends, several times over. At points chosen by the seed (before any one
 * operation of its files) the disk is copied, and each copy is what a survivor finds: after a power cut (unsynced writes lost,
 * kept, torn and mixed) or after a kill (the operating system keeps what it was given). From each the engine must recover to a
 * state that was committed, no older than what was acknowledged, and whole. Recovery is cut short, too.
 *
 *      life: workload -- cut -- cut -- cut -- end        each cut: recover, check; some: close, open again, check again
 *                                 \                      one of them is where the next life begins
 *                                  +--> life ...
 *
 * In some lives file operations fail (EIO, ENOSPC), or the disk runs full. Statements may fail then, and the engine may stop
 * itself; what it acknowledged must be there none the less.
 */
import { expect } from 'chai';
import { type FileSystem, MemoryFileSystem, StorageEngine } from '../../storage/api.ts';
import { ROW_FORWARDED, ROW_MOVED_IN } from '../../storage/heap/index.ts';
import { type MemoryOp, memoryFailure } from '../../storage/io/index.ts';
import { checkPage } from '../../storage/page/index.ts';
import { describeProblem, verifyDirectory } from '../../storage/verify/index.ts';
import { SqlError } from '../../types/errors.ts';
import { checkVisibilityMap, Random, readRow, retry, slotFlags } from '../storage/heap/support.ts';
import { turn, VirtualTime } from './virtual-time.ts';
import { type Claims, describeState, EMPTY, SEQUENCE, type State, sweepState, Workload } from './workload.ts';

export const DIRECTORY = '/data';

/** How a protection is taken out, to see that the simulation notices. */
export interface Weakness {
  readonly fileSystem?: (fileSystem: MemoryFileSystem) => FileSystem;
  readonly engine?: (engine: StorageEngine) => void;
}

/** What a run did, summed over seeds. */
export interface Tally {
  lives: number;
  powerCuts: number;
  kills: number;
  cutsInRecovery: number;
  faults: number;
  engineStops: number;
  cleanRestarts: number;
  commits: number;
}

export function newTally(): Tally {
  return {
    lives: 0,
    powerCuts: 0,
    kills: 0,
    cutsInRecovery: 0,
    faults: 0,
    engineStops: 0,
    cleanRestarts: 0,
    commits: 0,
  };
}

interface Cut {
  readonly fileSystem: MemoryFileSystem;
  readonly claims: Claims;
}

interface Found {
  readonly engine: StorageEngine;
  readonly fileSystem: MemoryFileSystem;
  readonly state: State;
  readonly work: Workload;
}

const LIVES_MAX = 3;
const CUTS_MAX = 5;
/** Virtual time. */
const STEP_MS_MAX = 20_000;
export const FAULTY_OPS: readonly MemoryOp[] = [
  'open',
  'read',
  'write',
  'sync',
  'truncate',
  'rename',
  'unlink',
  'fsyncDir',
];

export async function simulate(seed: number, tally: Tally = newTally(), weakness: Weakness = {}): Promise<void> {
  const time = new VirtualTime();
  time.install();
  try {
    await new Simulation(seed, tally, weakness, time).run();
  } finally {
    time.uninstall();
  }
}

class Simulation {
  private readonly random: Random;
  private readonly tally: Tally;
  private readonly weakness: Weakness;
  private readonly time: VirtualTime;
  private readonly everysec: boolean;
  private readonly quickReads: boolean;
  private readonly poolPages: number;
  private readonly maxWalSize: number;
  private fatal: SqlError | null = null;
  private mainHeap = 0;
  private nextValue = 1;

  constructor(seed: number, tally: Tally, weakness: Weakness, time: VirtualTime) {
    this.random = new Random(seed);
    this.tally = tally;
    this.weakness = weakness;
    this.time = time;
    this.everysec = this.random.below(8) === 0;
    this.quickReads = seed % 2 === 0;
    this.poolPages = this.random.pick([16, 24, 24, 64]);
    this.maxWalSize = this.random.pick([64, 256, 100_000]) * 1024;
  }

  async run(): Promise<void> {
    const fileSystem = new MemoryFileSystem();
    const engine = await this.open(fileSystem);
    await engine.startupSweep();
    const work = new Workload(engine, this.random, EMPTY, 1, this.everysec);
    await work.found();
    // What follows may lose seconds (everysec), but not what all of it is about.
    await new Promise<void>((resolve) => engine.checkpoint(() => resolve()));
    this.mainHeap = work.heap.relId;
    let found: Found = { engine, fileSystem, state: EMPTY, work };
    for (let lives = 1 + this.random.below(LIVES_MAX); lives > 0; lives--) found = await this.liveAndDie(found);
    await this.closeAndOpen(found);
  }

  /** Works, and ends somehow; all survivors are checked, one of them is answered. */
  private async liveAndDie(found: Found): Promise<Found> {
    const { random, tally } = this;
    const { engine, fileSystem, work } = found;
    tally.lives++;
    this.fatal = null;
    const cuts: Cut[] = [];
    const cut = (): void => {
      cuts.push({ fileSystem: fileSystem.fork(), claims: work.claims() });
    };
    let hasFaults = true;
    // How much time the background has between statements.
    const idleShare = random.pick([0, 0.3, 1]);
    this.hook(fileSystem, cuts, cut, () => hasFaults);
    work.onStuck = () => {
      fileSystem.capacity = Number.POSITIVE_INFINITY;
    };
    // With the disk full and all frames but one dirty, who needs two pages at once waits for space.
    let stepBeganMs = this.time.nowMs;
    this.time.onTurn = () => {
      if (this.time.nowMs - stepBeganMs < STEP_MS_MAX) return;
      fileSystem.capacity = Number.POSITIVE_INFINITY;
      hasFaults = false;
    };
    try {
      if (random.below(60) === 0) await work.fillLog();
      for (let steps = random.below(200); steps > 0 && this.fatal === null; steps--) {
        stepBeganMs = this.time.nowMs;
        await work.step();
        if (random.next() < idleShare) await turn();
        if (random.below(60) === 0) this.fillDisk(fileSystem);
      }
    } catch (error) {
      // The log is broken: nothing can go on, and the engine has said that it must stop.
      if (!(error instanceof SqlError) || this.fatal === null) throw error;
    }
    cut();
    this.time.onTurn = () => {};
    fileSystem.onOperation = null;
    fileSystem.capacity = Number.POSITIVE_INFINITY;
    tally.commits += work.history.length - 1;
    this.nextValue = work.nextValue;
    if (this.fatal !== null) tally.engineStops++;
    else if (random.below(3) === 0) await this.quiesce(work);
    this.stop(engine);
    const next = random.below(cuts.length);
    // The one that goes on is last.
    cuts.push(...cuts.splice(next, 1));
    let survivor: Found | null = null;
    for (const each of cuts) {
      if (survivor !== null) this.stop(survivor.engine);
      survivor = await this.survive(each);
      if (each === cuts[cuts.length - 1]) break;
      if (random.below(4) === 0) survivor = await this.closeAndOpen(survivor);
    }
    return survivor!;
  }

  private async quiesce(work: Workload): Promise<void> {
    try {
      await work.quiesce();
    } catch (error) {
      if (!(error instanceof SqlError) || this.fatal === null) throw error;
    }
  }

  /** Before operations: copies of the disk; and failures, in some lives. */
  private hook(fileSystem: MemoryFileSystem, cuts: Cut[], cut: () => void, hasFaults: () => boolean): void {
    const { random, tally } = this;
    const chance = random.pick([0.002, 0.01, 0.05]);
    const cutsMax = 1 + random.below(CUTS_MAX);
    const faultChance = random.below(3) === 0 ? random.pick([0.003, 0.03, 0.2]) : 0;
    const kinds = random.below(2) === 0 ? FAULTY_OPS : [random.pick(FAULTY_OPS)];
    const code = random.pick(['EIO', 'ENOSPC', 'EIO', 'EMFILE']);
    fileSystem.onOperation = (op, path) => {
      if (cuts.length < cutsMax && random.next() < chance) cut();
      if (faultChance === 0 || !hasFaults() || !kinds.includes(op) || random.next() >= faultChance) return;
      tally.faults++;
      throw memoryFailure(op, path, code);
    };
  }

  /** Full, nearly full, or free again; the disk may not say so. */
  private fillDisk(fileSystem: MemoryFileSystem): void {
    const { random } = this;
    fileSystem.claimedFree = null;
    const choice = random.below(4);
    if (choice < 2) fileSystem.capacity = Number.POSITIVE_INFINITY;
    else {
      fileSystem.capacity = fileSystem.usedSpace() + random.below(100_000);
      if (choice === 3) fileSystem.claimedFree = 1e12;
    }
  }

  /** The power goes, or only the process; then the engine comes back, perhaps not at the first try. */
  private async survive(cut: Cut): Promise<Found> {
    const { random, tally } = this;
    let { fileSystem } = cut;
    fileSystem.capacity = Number.POSITIVE_INFINITY;
    let least = this.end(fileSystem, cut.claims);
    const { history, sequenceSeen, oidSeen } = cut.claims;
    for (let again = random.below(3); again > 0; again--) {
      const copy = await this.cutShort(fileSystem);
      if (copy === null) break;
      tally.cutsInRecovery++;
      fileSystem = copy;
      // What a kill left in the operating system's cache may still be lost with the power.
      least = Math.min(least, this.end(fileSystem, cut.claims));
    }
    if (random.below(8) === 0) expectVerified(fileSystem, 'a crash');
    const engine = await this.open(fileSystem);
    const work = new Workload(engine, random, EMPTY, this.nextValue, this.everysec);
    const state = await this.readState(engine, work);
    const text = describeState(state);
    const isThere = (id: number): boolean => engine.sequenceState(id) !== null;
    const at = history.findLastIndex(
      (each) => describeState(each) === text && [...each.sequences.keys()].every(isThere),
    );
    if (at < least) {
      const words = at < 0 ? 'a state that never was' : `committed state ${at}`;
      throw new Error(
        `recovered to ${words} of ${history.length - 1}, acknowledged ${least}: ${differences(history, least, state)}`,
      );
    }
    if (least > 0) {
      expect(Number(engine.sequenceState(SEQUENCE)!.lastValue), 'the sequence').to.be.at.least(sequenceSeen);
      expect(engine.allocateOid(), 'oids').to.be.greaterThan(oidSeen);
    }
    work.history[0] = { ...state, sequences: history[at].sequences };
    work.sequenceSeen = sequenceSeen;
    work.oidSeen = oidSeen;
    return { engine, fileSystem, state, work };
  }

  /** Answers the first state of history that may be found. */
  private end(fileSystem: MemoryFileSystem, claims: Claims): number {
    const { random, tally } = this;
    // After a failed sync the operating system shows what no disk has: a start on it builds on sand, here as in PostgreSQL.
    if (!fileSystem.hasLostSync && random.below(3) === 0) {
      tally.kills++;
      fileSystem.kill();
      return claims.written;
    }
    tally.powerCuts++;
    fileSystem.crash(random.below(6) === 0 ? {} : { random: () => random.next(), tear: random.below(4) > 0 });
    return claims.durable;
  }

  /** A start that ends at one of its file operations, by a cut or a failure; answers the disk it leaves. */
  private async cutShort(fileSystem: MemoryFileSystem): Promise<MemoryFileSystem | null> {
    const { random } = this;
    let countdown = random.below(random.pick([5, 30, 200]));
    const fails = random.below(4) === 0;
    let copy: MemoryFileSystem | null = null;
    fileSystem.onOperation = (op, path) => {
      if (copy !== null || countdown-- > 0) return;
      copy = fileSystem.fork();
      if (fails) throw memoryFailure(op, path, 'EIO');
    };
    this.fatal = null;
    try {
      const engine = await this.open(fileSystem);
      let isSwept = false;
      const swept = engine.startupSweep().then(
        () => {
          isSwept = true;
        },
        () => {
          isSwept = true;
        },
      );
      for (let turns = 0; turns < 500 && copy === null && !isSwept; turns++) await turn();
      if (copy === null) await swept;
      if (copy === null) copy = fileSystem.fork();
      this.stop(engine);
    } catch (error) {
      if (!(error instanceof SqlError) || copy === null) throw error;
    }
    fileSystem.onOperation = null;
    this.time.forgetTimers();
    this.fatal = null;
    return copy;
  }

  /** What the engine holds, read through the startup sweep and again through snapshots. */
  private async readState(engine: StorageEngine, work: Workload): Promise<State> {
    const state = await sweepState(engine, work, this.mainHeap);
    expect(engine.versionPageCount, 'pages of old versions').to.equal(0);
    await expectHeapWhole(engine, work, state.rows);
    for (const heap of engine.heaps()) {
      if (heap.relId !== this.mainHeap && !state.heaps.has(heap.relId)) throw new Error(`heap ${heap.relId} is empty`);
    }
    return state;
  }

  /** An orderly end and a start keep everything, and replay nothing. */
  private async closeAndOpen(found: Found): Promise<Found> {
    const { engine, fileSystem, state, work } = found;
    this.tally.cleanRestarts++;
    await engine.close();
    this.time.forgetTimers();
    expectVerified(fileSystem, 'a clean end');
    const copy = fileSystem.fork();
    copy.crash();
    const again = await this.open(copy);
    expect(again.recovery?.clean, 'a clean start').to.equal(true);
    const nextWork = new Workload(again, this.random, EMPTY, this.nextValue, this.everysec);
    const nextState = await this.readState(again, nextWork);
    expect(describeState(nextState), 'after a clean restart').to.equal(describeState(state));
    nextWork.history[0] = { ...nextState, sequences: work.history[0].sequences };
    nextWork.sequenceSeen = work.sequenceSeen;
    nextWork.oidSeen = work.oidSeen;
    return { engine: again, fileSystem: copy, state: nextState, work: nextWork };
  }

  private async open(fileSystem: MemoryFileSystem): Promise<StorageEngine> {
    const engine = await StorageEngine.open({
      dataDirectory: DIRECTORY,
      fileSystem: this.weakness.fileSystem?.(fileSystem) ?? fileSystem,
      sharedBuffers: this.poolPages * 8192,
      walSync: this.everysec ? 'everysec' : 'always',
      maxWalSize: this.maxWalSize,
      checkpointTimeoutMs: 2000,
      clock: () => this.time.nowMs,
      quickReads: this.quickReads,
      onFatal: (error) => {
        this.fatal ??= error;
      },
      onLog: () => {},
    });
    this.weakness.engine?.(engine);
    return engine;
  }

  private stop(engine: StorageEngine): void {
    engine.abandon();
    this.time.forgetTimers();
  }
}

/** `hotrow verify` finds nothing wrong with what the log will make good. */
function expectVerified(fileSystem: MemoryFileSystem, after: string): void {
  const { problems } = verifyDirectory({ fileSystem, directory: DIRECTORY });
  if (problems.length > 0) throw new Error(`verify after ${after}: ${problems.map(describeProblem).join('; ')}`);
}

async function expectHeapWhole(
  engine: StorageEngine,
  work: Workload,
  rows: ReadonlyMap<number, number>,
): Promise<void> {
  const { heap } = work;
  const txn = engine.transactions.begin();
  const snapshot = engine.transactions.takeSnapshot(txn);
  for (let pageNo = 0; pageNo < heap.pages.pageCount; pageNo++) {
    for (let slot = 0; slot < 250; slot++) {
      const rowId = pageNo * 512 + slot;
      const value = await retry(engine, () => {
        const base = heap.visible(rowId, snapshot);
        return base < 0 ? undefined : readRow(engine, base);
      });
      if (value !== rows.get(rowId)) expect(value, `row ${rowId}`).to.equal(rows.get(rowId));
    }
    const base = await retry(engine, () => engine.pool.frameBase(heap.pages, pageNo));
    expect(checkPage(engine.pool, base), `page ${pageNo}`).to.equal(null);
  }
  await checkVisibilityMap(engine, heap, work.index);
  engine.transactions.releaseSnapshot(snapshot);
  engine.transactions.commit(txn, () => {});
  const flags = await slotFlags(engine, heap);
  const places = flags.filter((flag) => flag === ROW_MOVED_IN).length;
  const homes = flags.filter((flag) => flag === ROW_FORWARDED).length;
  expect({ places, others: flags.length - places - homes }, 'slots').to.deep.equal({
    places: homes,
    others: rows.size - homes,
  });
}

/** In what the state differs from the committed one that is nearest to it. */
function differences(history: readonly State[], least: number, found: State): string {
  let best: string[] = [];
  let bestAt = -1;
  for (let at = least; at < history.length; at++) {
    const list = [
      ...mapDifferences('row', history[at].rows, found.rows),
      ...mapDifferences('catalog', history[at].catalog, found.catalog),
      ...mapDifferences('heap', history[at].heaps, found.heaps),
    ];
    if (bestAt < 0 || list.length < best.length) {
      best = list;
      bestAt = at;
    }
  }
  return `nearest is ${bestAt}: ${best.slice(0, 8).join(', ')}${best.length > 8 ? ` and ${best.length - 8} more` : ''}`;
}

function mapDifferences<K>(what: string, expected: ReadonlyMap<K, number>, found: ReadonlyMap<K, number>): string[] {
  const keys = new Set([...expected.keys(), ...found.keys()]);
  return [...keys]
    .filter((key) => expected.get(key) !== found.get(key))
    .map((key) => `${what} ${key} is ${found.get(key)}, not ${expected.get(key)}`);
}
