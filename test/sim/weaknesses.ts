/**
 * Protections taken out, one each, at the seams that are there: the file system that the engine is given, and what it calls on
 * its own parts. The engine itself has no switches for it. The simulation must find each out.
 */
import { type FileSystem, type MemoryFileSystem, PAGE_SIZE, type StorageEngine } from '../../storage/api.ts';
import type { File, OpenMode } from '../../storage/io/index.ts';
import { stampPageChecksum } from '../../storage/page/index.ts';
import type { Weakness } from './simulation.ts';

/** The parts of an engine that a weakness reaches into. */
interface Parts {
  readonly wal: {
    redoLsn: number;
    requestFlush: (lsn: number, callback: (error: null) => void) => void;
    requestDurable: (lsn: number, callback: (error: null) => void) => void;
    flushSync: (lsn: number) => void;
  };
  readonly recovered: { isLost: (xid: number) => boolean };
  readonly store: { sequences: { byId: Map<number, { logCount: number }> }; whenDurable: unknown };
  readonly pool: StorageEngine['pool'];
}

function partsOf(engine: StorageEngine): Parts {
  return engine as unknown as Parts;
}

/** All of the file system's calls go through, but for those in `changed`. */
function altered(fileSystem: MemoryFileSystem, changed: Partial<FileSystem>): FileSystem {
  return {
    isShared: false,
    open: (path: string, mode: OpenMode) => fileSystem.open(path, mode),
    mkdir: (path: string) => fileSystem.mkdir(path),
    list: (path: string) => fileSystem.list(path),
    exists: (path: string) => fileSystem.exists(path),
    rename: (from: string, to: string) => fileSystem.rename(from, to),
    unlink: (path: string) => fileSystem.unlink(path),
    fsyncDir: (path: string) => fileSystem.fsyncDir(path),
    freeSpace: (path: string) => fileSystem.freeSpace(path),
    ...changed,
  };
}

function alteredFiles(fileSystem: MemoryFileSystem, of: RegExp, changed: (file: File) => Partial<File>): FileSystem {
  return altered(fileSystem, {
    open: (path, mode) => {
      const file = fileSystem.open(path, mode);
      return of.test(path) ? Object.assign(Object.create(file) as File, changed(file)) : file;
    },
  });
}

const lyingSync = (): Partial<File> => ({
  fdatasyncSync: () => {},
  fdatasync: (callback) => void setImmediate(callback, null),
});

/**
 * What servers did before 2018: the second sync succeeds, though what the first one lost is on no disk. Every fourth fails: the
 * failures of the simulation's own are too rare among so few seeds.
 */
function repeatedSyncs(disk: MemoryFileSystem): FileSystem {
  let syncs = 0;
  const sometimesFails = (file: File): void => {
    if (++syncs % 4 === 0) disk.failNext('sync', 'EIO', 0, file.path);
  };
  return alteredFiles(disk, /\/base\//, (file) => ({
    fdatasyncSync: () => {
      sometimesFails(file);
      try {
        file.fdatasyncSync();
      } catch {
        file.fdatasyncSync();
      }
    },
    fdatasync: (callback) => {
      sometimesFails(file);
      file.fdatasync((error) => (error === null ? callback(null) : file.fdatasync(callback)));
    },
  }));
}

export const WEAKNESSES: Readonly<Record<string, Weakness>> = {
  'fdatasync of the log does nothing': { fileSystem: (disk) => alteredFiles(disk, /\/wal\//, lyingSync) },
  'fdatasync of the data files does nothing': { fileSystem: (disk) => alteredFiles(disk, /\/base\//, lyingSync) },
  'fdatasync of control and checkpoint files does nothing': {
    fileSystem: (disk) => alteredFiles(disk, /\/(control|checkpoint)[^/]*$/, lyingSync),
  },
  'a failed sync of a data file is tried again, and believed': {
    fileSystem: repeatedSyncs,
  },
  'names are not made durable': { fileSystem: (disk) => altered(disk, { fsyncDir: () => {} }) },
  'commits are acknowledged before they are durable': {
    engine: (engine) => {
      const { wal } = partsOf(engine);
      const request = wal.requestFlush.bind(wal);
      wal.requestFlush = (lsn, callback) => {
        request(lsn, () => {});
        callback(null);
      };
    },
  },
  'pages go to disk before their log': {
    engine: (engine) => {
      const { wal } = partsOf(engine);
      wal.requestDurable = (_lsn, callback) => void setImmediate(callback, null);
      wal.flushSync = () => {};
    },
  },
  'no full page images': {
    engine: (engine) => {
      Object.defineProperty(engine.wal, 'redoLsn', { get: () => 0, set: () => {} });
    },
  },
  'a checkpoint forgets the dirty pages': {
    engine: (engine) => {
      engine.pool.dirtyFrames = () => [];
    },
  },
  'a checkpoint forgets who has not ended': {
    engine: (engine) => {
      engine.transactions.unfinishedXids = () => [];
    },
  },
  'what never committed is not undone': {
    engine: (engine) => {
      partsOf(engine).recovered.isLost = () => false;
    },
  },
  'a sequence is logged only as far as it came': {
    engine: (engine) => {
      const set = engine.setSequence.bind(engine);
      let calls = 0;
      engine.setSequence = (id, value, isCalled, txn) => {
        // Behind the first, none is logged: as if the log were believed to be ahead for good.
        if (calls++ > 0) partsOf(engine).store.sequences.byId.get(id)!.logCount = 1000;
        set(id, value, isCalled, txn, value);
      };
    },
  },
};

/** Not one that the simulation can meet by cutting the power: bit rot is needed. */
export const NO_PAGE_CHECKSUMS: Weakness = {
  fileSystem: (disk) =>
    alteredFiles(disk, /\/base\//, (file) => ({
      readSync: (buffer, at, length, offset) => stamped(buffer, at, file.readSync(buffer, at, length, offset)),
      readInto: (buffer, at, length, offset, callback) =>
        file.readInto(buffer, at, length, offset, (error, count) => {
          stamped(buffer, at, count);
          callback(error, count);
        }),
      readv: (buffers, offset, callback) =>
        file.readv(buffers, offset, (error, count) => {
          for (const buffer of buffers) stamped(buffer, 0, buffer.length);
          callback(error, count);
        }),
    })),
};

function stamped(buffer: Uint8Array, at: number, count: number): number {
  for (let page = at; page + PAGE_SIZE <= at + count; page += PAGE_SIZE) stampPageChecksum(buffer, page);
  return count;
}
