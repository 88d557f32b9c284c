/**
 * One seed of backups and archiving: a server works over memory files, while backups are taken (full ones, and chains of
 * incremental ones), its log is archived by a command that may fail, operations on files fail, and the power is cut, in the server's
 * life and in a backup's. Then backups are restored: without the archive, with all of it, and to places in the log.
 *
 *      life: workload + backups + archive -- cut --> life ... -- end --> restores
 *
 * What each must be is known: the commits in the order of the log, with the position that each ends at. A restore to a place has exactly
 * those that end before it; one of a backup alone those before its end; one of everything at least those whose segments are archived.
 */
import { expect } from 'chai';
import { type FileSystem, MemoryFileSystem, StorageEngine } from '../../storage/api.ts';
import type { ArchiveCommand } from '../../storage/archive/index.ts';
import {
  type ArchiveSource,
  type BackupSource,
  EngineSource,
  type Manifest,
  type RestoreTarget,
  readManifest,
  restoreBackup,
  takeBackup,
} from '../../storage/backup/index.ts';
import { type File, memoryFailure, type OpenMode } from '../../storage/io/index.ts';
import { WAL_SEGMENT_SIZE } from '../../storage/limits.ts';
import { describeProblem, verifyDirectory } from '../../storage/verify/index.ts';
import { SqlError } from '../../types/errors.ts';
import { Random } from '../storage/heap/support.ts';
import { FAULTY_OPS } from './simulation.ts';
import { turn, VirtualTime } from './virtual-time.ts';
import { describeState, EMPTY, type State, sweepState, Workload } from './workload.ts';

const DIRECTORY = '/data';
const FAULTS_END = 0.9;

export interface BackupTally {
  backups: number;
  incremental: number;
  failedBackups: number;
  powerCuts: number;
  segments: number;
  restores: number;
  commits: number;
}

export function newBackupTally(): BackupTally {
  return { backups: 0, incremental: 0, failedBackups: 0, powerCuts: 0, segments: 0, restores: 0, commits: 0 };
}

/** How a protection is taken out, to see that the simulation notices. */
export interface BackupWeakness {
  readonly engine?: (engine: StorageEngine) => void;
  readonly source?: (source: BackupSource) => BackupSource;
  readonly parent?: (parent: Manifest) => Manifest;
}

interface LoggedCommit {
  readonly endLsn: number;
  readonly state: State;
}

interface Taken {
  readonly folder: string;
  readonly manifest: Manifest;
  readonly parent: Taken | null;
}

/** An archive on another machine: no power cut reaches it, and what is there is not written over. */
class Archive implements ArchiveSource {
  readonly name = 'archive';
  readonly files = new Map<string, Uint8Array>();
  failChance = 0;
  /** A segment was gone, or had changed. */
  failure: unknown = null;
  private readonly random: Random;

  constructor(random: Random) {
    this.random = random;
  }

  command(fileSystem: MemoryFileSystem): ArchiveCommand {
    return (path, name, done) => {
      setImmediate(() => {
        const fails = this.random.next() < this.failChance;
        if (fails && this.random.below(2) === 0) done({ message: 'fails', command: name });
        else {
          this.keep(fileSystem, path, name);
          // It has done its work, and says that it has not.
          done(fails ? { message: 'fails late', command: name } : null);
        }
      });
    };
  }

  private keep(fileSystem: MemoryFileSystem, path: string, name: string): void {
    try {
      const bytes = contentOf(fileSystem, `${DIRECTORY}/${path}`);
      const old = this.files.get(name);
      if (old !== undefined && !Buffer.from(old).equals(bytes)) throw new Error(`another ${name} is archived`);
      this.files.set(name, bytes);
    } catch (error) {
      this.failure ??= error;
    }
  }

  fetch(name: string, path: string): boolean {
    const bytes = this.files.get(name);
    if (bytes === undefined) return false;
    const file = this.target!.open(path, 'create');
    file.writeSync(bytes, 0, bytes.length, 0);
    file.close();
    return true;
  }

  target: MemoryFileSystem | null = null;
}

function contentOf(fileSystem: MemoryFileSystem, path: string): Uint8Array {
  const { onOperation } = fileSystem;
  fileSystem.onOperation = null;
  const file = fileSystem.open(path, 'read');
  const bytes = new Uint8Array(file.size());
  file.readSync(bytes, 0, bytes.length, 0);
  file.close();
  fileSystem.onOperation = onOperation;
  return bytes;
}

/** The same files; but a read of a relation's file may show a page half as it is and half as it was not. */
function tearing(fileSystem: MemoryFileSystem, random: Random): FileSystem {
  return Object.assign(Object.create(fileSystem) as FileSystem, {
    open: (path: string, mode: OpenMode): File => {
      const file = fileSystem.open(path, mode);
      if (!path.startsWith(`${DIRECTORY}/base/`)) return file;
      return Object.assign(Object.create(file) as File, {
        readSync: (bytes: Uint8Array, offset: number, length: number, at: number): number => {
          const count = file.readSync(bytes, offset, length, at);
          if (count >= 8192 && random.below(8) === 0) {
            const page = offset + random.below(Math.floor(count / 8192)) * 8192;
            bytes.fill(random.below(256), page + 4096, page + 8192);
          }
          return count;
        },
      });
    },
  });
}

export async function simulateBackups(
  seed: number,
  tally: BackupTally = newBackupTally(),
  weakness: BackupWeakness = {},
): Promise<void> {
  const time = new VirtualTime();
  time.install();
  try {
    await new BackupSimulation(seed, tally, weakness, time).run();
  } finally {
    time.uninstall();
  }
}

class BackupSimulation {
  private readonly random: Random;
  private readonly tally: BackupTally;
  private readonly weakness: BackupWeakness;
  private readonly time: VirtualTime;
  private readonly archive: Archive;
  private readonly poolPages: number;
  private fileSystem = new MemoryFileSystem();
  private fatal: SqlError | null = null;
  private commits: LoggedCommit[] = [];
  private taken: Taken[] = [];
  private folders = 0;
  private mainHeap = 0;
  private nextValue = 1;

  constructor(seed: number, tally: BackupTally, weakness: BackupWeakness, time: VirtualTime) {
    this.random = new Random(seed);
    this.tally = tally;
    this.weakness = weakness;
    this.time = time;
    this.archive = new Archive(this.random);
    this.poolPages = this.random.pick([16, 24, 64]);
  }

  async run(): Promise<void> {
    const { random, tally } = this;
    let engine = await this.open(this.fileSystem, DIRECTORY);
    await engine.startupSweep();
    let work = new Workload(engine, random, EMPTY, 1, false);
    await work.found();
    this.mainHeap = work.heap.relId;
    this.commits.push({ endLsn: engine.wal.insertLsn, state: EMPTY });
    for (let lives = 1 + random.below(3); lives > 0; lives--) {
      await this.live(engine, work);
      this.nextValue = work.nextValue;
      if (lives === 1 && this.fatal === null && random.below(2) === 0) {
        await work.quiesce();
        await engine.close();
        this.time.forgetTimers();
        break;
      }
      engine.abandon();
      this.time.forgetTimers();
      this.fileSystem.onOperation = null;
      this.fileSystem = this.fileSystem.fork();
      this.fileSystem.crash({ random: () => random.next(), tear: true });
      tally.powerCuts++;
      if (lives === 1) break;
      engine = await this.open(this.fileSystem, DIRECTORY);
      work = new Workload(engine, random, EMPTY, this.nextValue, false);
      const state = await sweepState(engine, work, this.mainHeap);
      this.forgetLost(state);
      work.history[0] = { ...state, sequences: this.commits.at(-1)!.state.sequences };
    }
    if (this.archive.failure !== null) throw this.archive.failure;
    tally.segments += this.archive.files.size;
    this.fileSystem.onOperation = null;
    await this.restoreSome();
  }

  /** What was not durable when the power went never was. */
  private forgetLost(state: State): void {
    const text = describeState(state);
    const at = this.commits.findLastIndex((each) => describeState(each.state) === text);
    expect(at, 'the state after a power cut').to.be.at.least(0);
    const last = this.taken.at(-1);
    if (last !== undefined)
      expect(this.commits[at].endLsn, 'what a backup has').to.be.at.least(this.lastBefore(last.manifest.endLsn).endLsn);
    this.commits.length = at + 1;
  }

  private async live(engine: StorageEngine, work: Workload): Promise<void> {
    const { random, fileSystem } = this;
    this.fatal = null;
    this.archive.failChance = random.pick([0, 0.1, 0.5]);
    const faultChance = random.pick([0, 0, 0.002, 0.02]);
    let isFaulty = true;
    fileSystem.onOperation = (op, path) => {
      if (!isFaulty || !FAULTY_OPS.includes(op) || random.next() >= faultChance) return;
      throw memoryFailure(op, path, random.pick(['EIO', 'ENOSPC']));
    };
    work.onStuck = () => {
      isFaulty = false;
    };
    const backups: Promise<void>[] = [];
    const steps = 40 + random.below(200);
    try {
      for (let step = 0; step < steps && this.fatal === null; step++) {
        if (step > steps * FAULTS_END) isFaulty = false;
        const known = work.history.length;
        await work.step();
        if (work.history.length > known)
          this.commits.push({ endLsn: engine.wal.insertLsn, state: work.history[work.history.length - 1] });
        if (random.below(30) === 0) backups.push(this.backUp(engine));
        if (random.below(15) === 0) this.endSegment(engine);
        if (random.below(3) === 0) await turn();
      }
    } catch (error) {
      if (!(error instanceof SqlError) || this.fatal === null) throw error;
    }
    // A power cut comes in the middle of some; a server that has stopped answers none.
    if (this.fatal === null && random.below(2) === 0) await Promise.all(backups);
    this.tally.commits += work.history.length - 1;
  }

  private endSegment(engine: StorageEngine): void {
    try {
      engine.wal.switchSegment();
    } catch (error) {
      if (!(error instanceof SqlError)) throw error;
    }
  }

  private async backUp(engine: StorageEngine): Promise<void> {
    const { random, tally, weakness, fileSystem } = this;
    const folder = `/backup${++this.folders}`;
    const parent = this.taken.length > 0 && random.below(2) === 0 ? random.pick(this.taken) : null;
    const source = new EngineSource(() => engine.backups!.begin());
    const told = parent === null ? null : (weakness.parent?.(parent.manifest) ?? parent.manifest);
    try {
      const manifest = await takeBackup({
        source: weakness.source?.(source) ?? source,
        fileSystem: tearing(fileSystem, random),
        directory: DIRECTORY,
        target: fileSystem,
        folder,
        parent: told,
        now: () => this.time.nowMs,
      });
      // The power went meanwhile, for the others.
      if (fileSystem !== this.fileSystem) return;
      expect(manifest.damagedPages).to.deep.equal([]);
      this.taken.push({ folder, manifest, parent });
      tally.backups++;
      if (parent !== null) tally.incremental++;
    } catch (error) {
      if (!(error instanceof SqlError)) throw error;
      tally.failedBackups++;
    }
  }

  // ------------------------------------------------------------------------------------------------------------ restores

  private lastBefore(lsn: number): LoggedCommit {
    const at = this.commits.findLastIndex(({ endLsn }) => endLsn <= lsn);
    return this.commits[Math.max(0, at)];
  }

  private async restoreSome(): Promise<void> {
    const { random } = this;
    for (let i = 0; i < 4 && this.taken.length > 0; i++) {
      const chosen = random.pick(this.taken);
      // It is complete for whoever finds it after the cut, too.
      expect(readManifest(this.fileSystem, chosen.folder).id).to.equal(chosen.manifest.id);
      const { endLsn } = chosen.manifest;
      const later = this.commits.filter((each) => each.endLsn >= endLsn && each.endLsn <= this.archivedLsn());
      const kind = random.below(3);
      if (kind === 0) await this.expectRestored(chosen, null, null, [this.lastBefore(endLsn)]);
      else if (kind === 1) await this.expectRestored(chosen, this.archive, null, this.notBefore(chosen));
      else if (later.length > 0) {
        const place = random.pick(later);
        await this.expectRestored(chosen, this.archive, place.endLsn, [this.lastBefore(place.endLsn)]);
      }
    }
  }

  /** Up to where the archive has the log without a gap. */
  private archivedLsn(): number {
    let segment = 1;
    while (this.archive.files.has(`00000001${segment.toString(16).toUpperCase().padStart(16, '0')}`)) segment++;
    return segment * WAL_SEGMENT_SIZE;
  }

  private notBefore({ manifest }: Taken): LoggedCommit[] {
    const least = Math.max(manifest.endLsn, this.archivedLsn());
    const first = this.commits.indexOf(this.lastBefore(least));
    return this.commits.slice(first);
  }

  private async expectRestored(
    chosen: Taken,
    archive: Archive | null,
    lsn: number | null,
    expected: readonly LoggedCommit[],
  ): Promise<void> {
    const { fileSystem, random } = this;
    this.tally.restores++;
    const folders: string[] = [];
    for (let each: Taken | null = chosen; each !== null; each = each.parent) folders.push(each.folder);
    const directory = `/restored${++this.folders}`;
    const target: RestoreTarget = { time: null, lsn, timeline: 'latest' };
    this.archive.target = fileSystem;
    await restoreBackup({ backup: fileSystem, folders, archive, fileSystem, directory, target });
    const { problems } = verifyDirectory({ fileSystem, directory });
    expect(problems.map(describeProblem), 'verify after a restore').to.deep.equal([]);
    // What is restored is durable.
    const fork = fileSystem.fork();
    if (random.below(2) === 0) fork.crash({});
    const engine = await this.open(fork, directory);
    const state = describeState(await sweepState(engine, new Workload(engine, random, EMPTY, 1, false), this.mainHeap));
    engine.abandon();
    this.time.forgetTimers();
    const isExpected = expected.some((each) => describeState(each.state) === state);
    const at = this.commits.findIndex((each) => describeState(each.state) === state);
    const wanted = this.commits.indexOf(expected[0]);
    if (!isExpected)
      throw new Error(`restored ${folders} to ${lsn}: commit ${at} of ${this.commits.length}, not ${wanted}: ${state}`);
  }

  private async open(fileSystem: MemoryFileSystem, directory: string): Promise<StorageEngine> {
    const engine = await StorageEngine.open({
      dataDirectory: directory,
      fileSystem,
      sharedBuffers: this.poolPages * 8192,
      maxWalSize: 100_000 * 1024,
      checkpointTimeoutMs: 2000,
      clock: () => this.time.nowMs,
      ...(directory === DIRECTORY ? { archive: { command: this.archive.command(fileSystem), timeoutMs: 0 } } : {}),
      onFatal: (error) => {
        this.fatal ??= error;
      },
      onLog: () => {},
    });
    this.weakness.engine?.(engine);
    return engine;
  }
}
