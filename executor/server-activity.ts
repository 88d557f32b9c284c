/** Checkpoints, page writes and the log, since the start or since pg_stat_reset_shared. The counters themselves are storage's. */
import type { ArchiverActivity, WalActivity, WriterActivity } from '../catalog/system-information.ts';
import { NOTHING_ARCHIVED, type StorageEngine } from '../storage/api.ts';
import { microsecondsSince2000 } from './session-functions.ts';

type Numbers<T> = { readonly [K in Exclude<keyof T, 'resetAt'>]: number };

function since<T extends Record<string, number>>(now: T, then: T | null): T {
  if (then === null) return now;
  return Object.fromEntries(Object.entries(now).map(([name, value]) => [name, value - then[name]])) as T;
}

function timeOf(timeMs: number | null): number | null {
  return timeMs === null ? null : microsecondsSince2000(timeMs);
}

export class ServerActivity {
  readonly #engine: StorageEngine;
  readonly #startLsn: number;
  /** What the counters were when they were reset. */
  #writerBase: Numbers<WriterActivity> | null = null;
  #walBase: Numbers<WalActivity> | null = null;
  #writerResetAt: number | null = null;
  #walResetAt: number | null = null;

  constructor(engine: StorageEngine) {
    this.#engine = engine;
    this.#startLsn = engine.wal.insertLsn;
  }

  #writer(): Numbers<WriterActivity> {
    const { checkpoints, pool } = this.#engine;
    return {
      checkpointsTimed: checkpoints.timed,
      checkpointsRequested: checkpoints.requested,
      checkpointWriteMs: checkpoints.writeMs,
      checkpointSyncMs: checkpoints.syncMs,
      checkpointPages: pool.writer.checkpointWrites,
      backgroundPages: pool.writer.backgroundWrites,
      foregroundPages: pool.writer.foregroundWrites,
      allocations: pool.allocations,
    };
  }

  #wal(): Numbers<WalActivity> {
    const { wal } = this.#engine;
    return {
      records: wal.recordCount,
      pageImages: wal.imageCount,
      bytes: wal.insertLsn - this.#startLsn,
      writes: wal.writeCount,
      syncs: wal.syncCount,
    };
  }

  writer(): WriterActivity {
    return { ...since(this.#writer(), this.#writerBase), resetAt: this.#writerResetAt };
  }

  wal(): WalActivity {
    return { ...since(this.#wal(), this.#walBase), resetAt: this.#walResetAt };
  }

  archiver(): ArchiverActivity {
    const { archiver } = this.#engine;
    const counters = archiver?.counters ?? NOTHING_ARCHIVED;
    return {
      archivedCount: counters.archivedCount,
      lastArchived: counters.lastArchived,
      lastArchivedAt: timeOf(counters.lastArchivedMs),
      failedCount: counters.failedCount,
      lastFailed: counters.lastFailed,
      lastFailedAt: timeOf(counters.lastFailedMs),
      resetAt: timeOf(archiver?.resetMs ?? null),
    };
  }

  reset(part: 'writer' | 'wal' | 'archiver', now: number): void {
    if (part === 'archiver') this.#engine.archiver?.resetCounters();
    else if (part === 'writer') {
      this.#writerBase = this.#writer();
      this.#writerResetAt = now;
    } else {
      this.#walBase = this.#wal();
      this.#walResetAt = now;
    }
  }
}
