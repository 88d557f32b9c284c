/**
 * A directory that nobody serves: locked, and copied as it lies. After a crash some of its pages may be torn; the log says which it
 * has whole images of, and those do not matter.
 */
import { SqlError } from '../../types/errors.ts';
import { PageSet } from '../buffer/index.ts';
import type { FileSystem } from '../io/index.ts';
import { PAGE_SIZE } from '../limits.ts';
import { type ControlData, type DirectoryLock, lockDirectory, readControl, walDirectory } from '../recovery/index.ts';
import {
  findLostLog,
  PAGE_ITEM_IMAGE,
  PAGE_ITEM_INIT,
  PAGE_ITEM_RANGE,
  pageItemHigh,
  pageItemLow,
  pageItemType,
  readWal,
  WAL_PAGES,
  type WalRecord,
} from '../wal/index.ts';
import type { BackupSource } from './source.ts';

export class StoppedSource implements BackupSource {
  private readonly fileSystem: FileSystem;
  private readonly directory: string;
  private readonly inLog = new Map<number, PageSet>();
  private lock: DirectoryLock | null = null;
  private endLsn = 0;

  constructor(fileSystem: FileSystem, directory: string) {
    this.fileSystem = fileSystem;
    this.directory = directory;
  }

  /** Throws when it is no data directory, a server serves it, or its log is damaged. */
  async begin(): Promise<ControlData> {
    const { fileSystem, directory } = this;
    const missing = new SqlError('58P01', `"${directory}" is not a data directory`);
    if (readControl(fileSystem, directory) === null) throw missing;
    this.lock = lockDirectory(fileSystem, directory);
    // Not before: a server may have come and gone.
    const control = readControl(fileSystem, directory);
    if (control === null) throw missing;
    const folder = walDirectory(directory);
    const { redoLsn, redoChain, checkpointLsn } = control;
    const end = readWal({ fileSystem, directory: folder, fromLsn: redoLsn, chain: redoChain }, (record) => {
      if (record.kind === WAL_PAGES) this.noteImages(record);
    });
    const isLost = findLostLog(fileSystem, folder, end.lsn) !== null;
    if (isLost || end.lsn <= checkpointLsn || end.lsn < (control.minimumLsn ?? 0)) {
      throw new SqlError('XX001', `the write-ahead log of "${directory}" is damaged: ${end.reason}`, {
        hint: `"hotrow verify ${directory}" says more.`,
      });
    }
    this.endLsn = end.lsn;
    return control;
  }

  async durableLsn(): Promise<number> {
    return this.endLsn;
  }

  async end(): Promise<number> {
    return this.endLsn;
  }

  isInLog(relId: number, pageNo: number): boolean {
    return this.inLog.get(relId)?.has(pageNo) ?? false;
  }

  close(): void {
    this.lock?.release();
    this.lock = null;
  }

  private noteImages(record: WalRecord): void {
    while (record.end - record.position >= 12) {
      const relId = record.u32();
      const pageNo = record.u32();
      const packed = record.u32();
      const type = pageItemType(packed);
      if (type === PAGE_ITEM_RANGE) record.position += pageItemHigh(packed);
      else if (type === PAGE_ITEM_IMAGE || type === PAGE_ITEM_INIT) {
        let pages = this.inLog.get(relId);
        if (pages === undefined) this.inLog.set(relId, (pages = new PageSet()));
        pages.add(pageNo);
        if (type === PAGE_ITEM_IMAGE) record.position += pageItemLow(packed) + PAGE_SIZE - pageItemHigh(packed);
      }
    }
  }
}
