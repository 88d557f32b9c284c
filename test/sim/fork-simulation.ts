/**
 * Forks under power cuts, kills, failing calls of the file system and full disks.
 *
 *      life: work in a tree of forks, databases made and dropped -- cut, anywhere --> life of what is left ... -- end
 *
 * While a server lives, each fork answers as a full copy would, made at the moment when it began; a disk that fails gives statements its error,
 * in a fork as in its parent, and changes nothing for anybody else. After a crash databases that stay are whole, as they were
 * acknowledged, or absent; of forks by name nothing is left. `npm run simulate -- --forks` runs many.
 */
import { expect } from 'chai';
import { parseEntryKey, SHARED_DATABASE_OID } from '../../catalog/index.ts';
import { type DatabaseServer, openDatabaseServer } from '../../executor/index.ts';
import { rowChecks } from '../../executor/verify-rows.ts';
import { MemoryFileSystem } from '../../storage/api.ts';
import { type MemoryOp, memoryFailure } from '../../storage/io/index.ts';
import { describeProblem, verifyDirectory } from '../../storage/verify/index.ts';
import { Checks } from '../executor/forks/checks.ts';
import { Definitions } from '../executor/forks/definitions.ts';
import { Writes } from '../executor/forks/writes.ts';
import { Random } from '../storage/heap/support.ts';
import { type Claim, type ForkTally, ForkWorld, LifeTrouble, newForkTally, type Tools } from './forks/world.ts';
import { DIRECTORY, FAULTY_OPS } from './simulation.ts';
import { turn, VirtualTime } from './virtual-time.ts';

const LIVES_MAX = 3;
const CUTS_MAX = 3;
const STEPS_MAX = 120;
/** By error number: what a statement says that meets it. */
const SQLSTATES: { readonly [code: string]: string } = { EIO: '58030', ENOSPC: '53100', EMFILE: '53000' };
/** What forks alone have. */
const KEPT_PAGES = /\/temp\/kept-pages$/;
/** Where calls fail. */
const PLACES = [/./, /\/base\/|\/temp\//, /\/temp\/|\/base\/\d{9}/, KEPT_PAGES];

interface Cut {
  readonly fileSystem: MemoryFileSystem;
  readonly claims: readonly Claim[];
}

interface Life {
  readonly fileSystem: MemoryFileSystem;
  readonly server: DatabaseServer;
  readonly world: ForkWorld;
}

/** How a protection is taken out, to see that the simulation notices. */
export interface ForkWeakness {
  readonly server?: (server: DatabaseServer) => void;
}

export async function simulateForks(
  seed: number,
  tally: ForkTally = newForkTally(),
  weakness: ForkWeakness = {},
): Promise<void> {
  const time = new VirtualTime();
  time.install();
  tally.seeds++;
  try {
    await new ForkSimulation(seed, tally, weakness, time).run();
  } finally {
    time.uninstall();
  }
}

class ForkSimulation {
  readonly #random: Random;
  readonly #tally: ForkTally;
  readonly #weakness: ForkWeakness;
  readonly #time: VirtualTime;
  readonly #tools: Tools;
  readonly #sharedBuffers: string;
  readonly #keepsHistory: boolean;
  #trouble = new LifeTrouble();
  #failure: Error | null = null;

  constructor(seed: number, tally: ForkTally, weakness: ForkWeakness, time: VirtualTime) {
    const random = new Random(seed);
    this.#random = random;
    this.#tally = tally;
    this.#weakness = weakness;
    this.#time = time;
    this.#sharedBuffers = random.pick(['128kB', '256kB', '512kB', '2MB']);
    this.#keepsHistory = random.below(2) === 0;
    this.#tools = {
      random,
      time,
      tally,
      writes: new Writes(random),
      definitions: new Definitions(random),
      checks: new Checks(random),
      nextName: 1,
    };
  }

  async run(): Promise<void> {
    let life = await this.#begin(new MemoryFileSystem(), null);
    for (let lives = 1 + this.#random.below(LIVES_MAX); lives > 0; lives--) life = await this.#liveAndDie(life);
    await this.#closeAndOpen(life);
  }

  /** A server, and what is in it. */
  async #begin(fileSystem: MemoryFileSystem, claims: readonly Claim[] | null): Promise<Life> {
    const server = await this.#open(fileSystem);
    const world = new ForkWorld(server, this.#tools, this.#trouble, this.#keepsHistory);
    if (claims === null) await world.found();
    else {
      expect(fileSystem.list(`${DIRECTORY}/temp`), 'temporary files').to.deep.equal([]);
      await world.resume(claims);
      // Files go when the log of it is durable.
      await new Promise<void>((resolve) => server.engine.checkpoint(() => resolve()));
      expectNothingLeft(fileSystem, server);
    }
    return { fileSystem, server, world };
  }

  async #open(fileSystem: MemoryFileSystem): Promise<DatabaseServer> {
    const trouble = new LifeTrouble();
    this.#trouble = trouble;
    const server = await openDatabaseServer({
      dataDirectory: DIRECTORY,
      fileSystem,
      settings: new Map([
        ['shared_buffers', this.#sharedBuffers],
        ['max_wal_size', '2MB'],
        ['checkpoint_timeout', '30s'],
        ['version_retention', this.#keepsHistory ? '1h' : '0'],
      ]),
      clock: () => this.#time.nowMs,
      onFatal: () => {
        trouble.isStopped = true;
      },
      onLog: (message) => {
        // What a dead server still does is nobody's.
        if (message.startsWith('internal error') && trouble === this.#trouble) this.#failure ??= new Error(message);
      },
    });
    this.#weakness.server?.(server);
    return server;
  }

  async #liveAndDie(life: Life): Promise<Life> {
    const { fileSystem, world } = life;
    const tally = this.#tally;
    const random = this.#random;
    const trouble = this.#trouble;
    tally.lives++;
    const cuts: Cut[] = [];
    const cut = (): void => {
      cuts.push({ fileSystem: fileSystem.fork(), claims: world.claims() });
    };
    const chance = random.pick([0.002, 0.01, 0.05]);
    const fail = this.#faults(trouble);
    fileSystem.onOperation = (op, path) => {
      if (KEPT_PAGES.test(path)) this.#tally.keptFileCalls++;
      if (/\/base\/\d{9}/.test(path)) this.#tally.forkFileCalls++;
      if (cuts.length < CUTS_MAX && random.next() < (world.isMaking ? 5 * chance : chance)) cut();
      fail(op, path);
    };
    const fillsDisk = random.below(3) === 0;
    for (let steps = random.below(STEPS_MAX); steps > 0 && !trouble.isStopped; steps--) {
      if (fillsDisk && random.below(20) === 0) this.#fillDisk(fileSystem, trouble);
      this.#step(world);
      for (let turns = random.below(4); turns > 0; turns--) await turn();
    }
    cut();
    fileSystem.onOperation = null;
    fileSystem.capacity = Number.POSITIVE_INFINITY;
    fileSystem.claimedFree = null;
    if (trouble.isStopped) tally.engineStops++;
    else if (random.below(2) === 0 && (await world.settle())) await world.endForks();
    if (this.#failure !== null) throw this.#failure;
    this.#stop(life);
    return await this.#survive(cuts);
  }

  #step(world: ForkWorld): void {
    if (this.#failure !== null) throw this.#failure;
    world.step();
  }

  /** All that a cut may leave is looked at; one of them goes on. */
  async #survive(cuts: Cut[]): Promise<Life> {
    const random = this.#random;
    cuts.push(...cuts.splice(random.below(cuts.length), 1));
    let survivor: Life | null = null;
    for (const { fileSystem, claims } of cuts) {
      if (survivor !== null) this.#stop(survivor);
      fileSystem.capacity = Number.POSITIVE_INFINITY;
      fileSystem.claimedFree = null;
      this.#end(fileSystem);
      if (random.below(3) === 0) expectVerified(fileSystem, 'a crash');
      survivor = await this.#begin(fileSystem, claims);
    }
    return survivor!;
  }

  /** Called before each operation of a life: throws in its place, in some lives. */
  #faults(trouble: LifeTrouble): (op: MemoryOp, path: string) => void {
    const random = this.#random;
    if (random.below(3) === 0) return () => {};
    const chance = random.pick([0.02, 0.1, 0.5]);
    const kinds = random.below(3) === 0 ? FAULTY_OPS : [random.pick(FAULTY_OPS)];
    const place = random.pick(PLACES);
    const code = random.pick(['EIO', 'ENOSPC', 'EMFILE']);
    trouble.codes.add(SQLSTATES[code]);
    trouble.sparesParents = place === KEPT_PAGES;
    return (op, path) => {
      if (!kinds.includes(op) || !place.test(path) || random.next() >= chance) return;
      this.#tally.faults++;
      throw memoryFailure(op, path, code);
    };
  }

  /** Full, nearly full, or free again; the disk may not say so. */
  #fillDisk(fileSystem: MemoryFileSystem, trouble: LifeTrouble): void {
    const random = this.#random;
    trouble.codes.add(SQLSTATES['ENOSPC']);
    trouble.sparesParents = false;
    fileSystem.claimedFree = null;
    fileSystem.capacity = Number.POSITIVE_INFINITY;
    if (random.below(2) === 0) return;
    fileSystem.capacity = fileSystem.usedSpace() + random.below(200_000);
    if (random.below(2) === 0) fileSystem.claimedFree = 1e12;
  }

  #end(fileSystem: MemoryFileSystem): void {
    const random = this.#random;
    // After a failed sync the operating system shows what no disk has.
    if (!fileSystem.hasLostSync && random.below(2) === 0) {
      this.#tally.kills++;
      fileSystem.kill();
    } else {
      this.#tally.powerCuts++;
      fileSystem.crash({ random: () => random.next(), tear: random.below(3) > 0 });
    }
  }

  /** An orderly end with forks open, and a start. */
  async #closeAndOpen({ fileSystem, server, world }: Life): Promise<void> {
    for (let steps = this.#random.below(30); steps > 0; steps--) {
      this.#step(world);
      await turn();
    }
    expect(await world.settle(), 'a disk without faults').to.equal(true);
    const claims = world.claims();
    world.close();
    await server.close();
    this.#time.forgetTimers();
    expect(fileSystem.list(`${DIRECTORY}/temp`), 'temporary files after a clean end').to.deep.equal([]);
    expectVerified(fileSystem, 'a clean end');
    fileSystem.crash();
    const again = await this.#begin(fileSystem, claims);
    await again.world.endForks();
    this.#stop(again);
  }

  #stop({ fileSystem, server, world }: Life): void {
    this.#trouble = new LifeTrouble();
    this.#trouble.isStopped = true;
    world.abandon();
    server.engine.abandon();
    // What it was still reading comes to nobody.
    fileSystem.kill();
    this.#time.forgetTimers();
  }
}

/** After a start: no file and no entry of anything that is not there. */
function expectNothingLeft(fileSystem: MemoryFileSystem, { engine, shared }: DatabaseServer): void {
  const files = fileSystem.list(`${DIRECTORY}/base`).map(Number);
  expect(
    files.filter((relId) => engine.pool.relation(relId) === undefined),
    'files of no relation',
  ).to.deep.equal([]);
  const known = new Set([SHARED_DATABASE_OID, ...[...shared.catalog.databases()].map(({ oid }) => oid)]);
  const strangers = [...engine.catalog.keys()].filter((key) => !known.has(parseEntryKey(key).databaseOid));
  expect(strangers, 'entries of no database').to.deep.equal([]);
}

function expectVerified(fileSystem: MemoryFileSystem, after: string): void {
  const { problems } = verifyDirectory({ fileSystem, directory: DIRECTORY, rowChecks });
  if (problems.length > 0) throw new Error(`verify after ${after}: ${problems.map(describeProblem).join('; ')}`);
}
