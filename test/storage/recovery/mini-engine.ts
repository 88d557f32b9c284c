/**
 * The smallest engine over pool, log and checkpoints: relations of pages with a few numbers in each, a catalog and
 * sequences. Every change is one log record; `history` remembers each with its LSN, so that a test can say what must be
 * there after a recovery that reached a certain LSN.
 */
import { expect } from 'chai';
import { BufferPool, type RelationPages } from '../../../storage/buffer/index.ts';
import { type FileSystem, makeFolder } from '../../../storage/io/index.ts';
import { PAGE_SIZE } from '../../../storage/limits.ts';
import { Checkpointer, type RecoveryResult, recover, walDirectory } from '../../../storage/recovery/index.ts';
import {
  logCatalog,
  logCommit,
  logRelationCreate,
  logRelationDrop,
  logRelationTruncate,
  logSequence,
  WAL_PAGES,
  Wal,
  WalSegments,
} from '../../../storage/wal/index.ts';
import type { SqlError } from '../../../types/errors.ts';
import { randomInt } from '../io/seeded.ts';

export const VALUES_PER_PAGE = 8;
const VALUES_OFFSET = 4096;

export interface Model {
  relations: Map<number, number[][]>;
  catalog: Map<string, string>;
  sequences: Map<number, number>;
}

export interface HistoryEntry {
  readonly lsn: number;
  readonly apply: (model: Model) => void;
}

export function modelAt(history: readonly HistoryEntry[], lsn: number): Model {
  const model: Model = { relations: new Map(), catalog: new Map(), sequences: new Map() };
  for (const entry of history) if (entry.lsn <= lsn) entry.apply(model);
  return model;
}

export class MiniEngine {
  readonly pool: BufferPool;
  readonly wal: Wal;
  readonly checkpointer: Checkpointer;
  readonly recovered: RecoveryResult;
  readonly catalog = new Map<string, string>();
  readonly sequences = new Map<number, number>();
  readonly history: HistoryEntry[];
  readonly commits: number[] = [];
  readonly errors: SqlError[] = [];
  /** Everything before this has been acknowledged as durable. */
  acknowledgedLsn = 0;
  private nextRelationId = 1;

  constructor(
    fileSystem: FileSystem,
    history: HistoryEntry[] = [],
    frames = 16,
    directory = '/d',
    acceptDamagedLog = false,
  ) {
    this.history = history;
    makeFolder(fileSystem, directory);
    this.wal = new Wal({ segments: new WalSegments(fileSystem, walDirectory(directory)) });
    this.pool = new BufferPool({ fileSystem, directory, size: frames * PAGE_SIZE, wal: this.wal });
    this.recovered = recover({
      fileSystem,
      directory,
      acceptDamagedLog,
      pool: this.pool,
      wal: this.wal,
      handler: {
        onCheckpointState: (image, state, control) => {
          const stored = JSON.parse(Buffer.from(image).toString()) as [[string, string][], [number, number][]];
          for (const [key, value] of stored[0]) this.catalog.set(key, value);
          for (const [id, value] of stored[1]) this.sequences.set(id, value);
          expect(Buffer.from(state).toString()).to.equal('transactions');
          this.nextRelationId = control.nextRelationId;
        },
        onCommit: (commit) => void this.commits.push(commit.csn),
        onAbort: () => {},
        onCatalog: (_xid, key, bytes) => {
          if (bytes === null) this.catalog.delete(key);
          else this.catalog.set(key, Buffer.from(bytes).toString());
        },
        onSequence: (id, value) => void this.sequences.set(id, Number(value)),
        onRelationCreate: (_xid, relId) => {
          this.nextRelationId = Math.max(this.nextRelationId, relId + 1);
        },
        onRelationDrop: () => {},
        onPageNote: () => {},
        onLogGivenUp: () => {},
        onPages: () => {},
        onRecord: () => {},
      },
    });
    this.checkpointer = new Checkpointer({
      fileSystem,
      directory,
      pool: this.pool,
      wal: this.wal,
      control: this.recovered.control,
      clusterId: 1n,
      maxWalSize: 64 * 1024 * 1024,
      source: {
        capture: () => ({
          nextXid: 5,
          nextCsn: 6,
          nextRelationId: this.nextRelationId,
          transactionState: Buffer.from('transactions'),
          catalogImage: Buffer.from(JSON.stringify([[...this.catalog], [...this.sequences]])),
        }),
      },
      onError: (error) => void this.errors.push(error),
    });
  }

  /** What a new server does before it serves: a first checkpoint makes the directory one. */
  async start(): Promise<void> {
    if (this.recovered.control === null) await this.checkpoint();
  }

  checkpoint(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.checkpointer.request((error) => (error === null ? resolve() : reject(error)));
    });
  }

  shutdown(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.checkpointer.shutdown((error) => {
        if (error !== null) return reject(error);
        this.wal.close();
        this.pool.close();
        resolve();
      });
    });
  }

  /** Asks for everything logged so far to be made durable. */
  commit(): Promise<void> {
    return new Promise((resolve, reject) => {
      const lsn = logCommit(this.wal, [this.history.length], this.history.length, 0, []);
      this.wal.requestFlush(lsn, (error) => {
        if (error !== null) return reject(error);
        this.acknowledgedLsn = Math.max(this.acknowledgedLsn, lsn);
        resolve();
      });
    });
  }

  createRelation(): number {
    const relId = this.nextRelationId++;
    this.pool.createRelation(relId);
    this.record(logRelationCreate(this.wal, 1, relId), (model) => void model.relations.set(relId, []));
    return relId;
  }

  dropRelation(relId: number, byCommit: boolean): void {
    const lsn = byCommit ? logCommit(this.wal, [1], 1, 1, [relId]) : logRelationDrop(this.wal, relId);
    this.pool.dropRelation(this.pool.relation(relId)!);
    this.record(lsn, (model) => void model.relations.delete(relId));
  }

  truncate(relId: number, pageCount: number): void {
    const lsn = logRelationTruncate(this.wal, relId, pageCount);
    this.pool.truncateRelation(this.pool.relation(relId)!, pageCount);
    // A forgotten page may have been among those that stay: the log knows nothing of it.
    this.record(lsn, (model) => void model.relations.get(relId)!.splice(pageCount));
  }

  addPage(relId: number, value: number): void {
    const { pool, wal } = this;
    const rel = pool.relation(relId)!;
    const base = pool.newPage(rel, 4);
    const pageNo = rel.pageCount - 1;
    wal.begin(WAL_PAGES, 1);
    pool.u16[(base + 14) >>> 1] = PAGE_SIZE;
    wal.pageInit(rel, pageNo, base);
    wal.pageHeader(rel, pageNo, base);
    this.putValue(rel, pageNo, base, 0, value);
    this.record(wal.end(), (model) => {
      const pages = model.relations.get(relId)!;
      while (pages.length <= pageNo) pages.push(new Array<number>(VALUES_PER_PAGE).fill(0));
      pages[pageNo][0] = value;
    });
  }

  /** A page that is made and never logged, as when a statement fails in between. */
  addForgottenPage(relId: number): void {
    this.pool.newPage(this.pool.relation(relId)!, 4);
  }

  /** Changes one value in each of some pages, in one record. The pages are at the bases (pinned by the caller). */
  setValues(relId: number, changes: readonly { pageNo: number; base: number; index: number; value: number }[]): void {
    const rel = this.pool.relation(relId)!;
    this.wal.begin(WAL_PAGES, 1);
    for (const { pageNo, base, index, value } of changes) this.putValue(rel, pageNo, base, index, value);
    this.record(this.wal.end(), (model) => {
      const pages = model.relations.get(relId)!;
      for (const { pageNo, index, value } of changes) pages[pageNo][index] = value;
    });
  }

  setCatalog(key: string, value: string | null): void {
    if (value === null) this.catalog.delete(key);
    else this.catalog.set(key, value);
    this.record(logCatalog(this.wal, 1, key, value === null ? null : Buffer.from(value)), (model) => {
      if (value === null) model.catalog.delete(key);
      else model.catalog.set(key, value);
    });
  }

  setSequence(id: number, value: number): void {
    this.sequences.set(id, value);
    this.record(logSequence(this.wal, id, value, true), (model) => void model.sequences.set(id, value));
  }

  values(base: number): number[] {
    return Array.from({ length: VALUES_PER_PAGE }, (_, i) => this.pool.f64[((base + VALUES_OFFSET) >>> 3) + i]);
  }

  /** What recovery left is what the history says for the LSN it reached. */
  expectRecovered(): void {
    const { pool, recovered } = this;
    const model = modelAt(this.history, recovered.endLsn);
    expect([...pool.allRelations()].map((rel) => rel.relId).sort()).to.deep.equal([...model.relations.keys()].sort());
    expect([...this.catalog].sort()).to.deep.equal([...model.catalog].sort());
    expect([...this.sequences].sort()).to.deep.equal([...model.sequences].sort());
    for (const [relId, pages] of model.relations) {
      const rel = pool.relation(relId)!;
      expect(rel.pageCount).to.be.at.least(pages.length);
      for (let pageNo = 0; pageNo < rel.pageCount; pageNo++) {
        const base = pool.frameBaseSync(rel, pageNo);
        expect(base, `page ${pageNo} of ${relId}`).to.be.at.least(0);
        const expected = pages[pageNo] ?? new Array(VALUES_PER_PAGE).fill(0);
        expect(this.values(base), `page ${pageNo} of relation ${relId}`).to.deep.equal(expected);
      }
    }
    expect(pool.checkInvariants()).to.equal(null);
  }

  private putValue(rel: RelationPages, pageNo: number, base: number, index: number, value: number): void {
    const offset = VALUES_OFFSET + index * 8;
    this.pool.f64[(base + offset) >>> 3] = value;
    this.wal.pageRange(rel, pageNo, base, offset, offset + 8);
  }

  private record(lsn: number, apply: (model: Model) => void): void {
    this.history.push({ lsn, apply });
  }
}

/** One random change. */
export function randomChange(engine: MiniEngine, random: () => number): void {
  const { pool } = engine;
  const rels = [...pool.allRelations()];
  const rel = rels[randomInt(random, rels.length)];
  const dice = random();
  if (rel === undefined || dice < 0.03) engine.createRelation();
  else if (dice < 0.05) engine.dropRelation(rel.relId, random() < 0.5);
  else if (dice < 0.07) engine.truncate(rel.relId, randomInt(random, rel.pageCount + 1));
  else if (dice < 0.09) engine.addForgottenPage(rel.relId);
  else if (dice < 0.13) engine.setCatalog(`key ${randomInt(random, 5)}`, random() < 0.3 ? null : `${random()}`);
  else if (dice < 0.17) engine.setSequence(randomInt(random, 3), randomInt(random, 1e9));
  else if (dice < 0.4 || rel.pageCount === 0) {
    engine.addPage(rel.relId, random());
  } else {
    const changes = [];
    for (let i = 1 + randomInt(random, 3); i > 0; i--) {
      const pageNo = randomInt(random, rel.pageCount);
      const base = pool.frameBaseSync(rel, pageNo);
      pool.pin(base);
      // A forgotten page has no body that counts as used.
      if (pool.u16[(base + 14) >>> 1] === PAGE_SIZE) {
        changes.push({ pageNo, base, index: randomInt(random, VALUES_PER_PAGE), value: random() });
      } else pool.unpin(base);
    }
    if (changes.length > 0) engine.setValues(rel.relId, changes);
    for (const { base } of changes) pool.unpin(base);
  }
}
