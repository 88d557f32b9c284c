/**
 * Copies a relation's pages while a server may write them. What is read may be torn (half of a page as it was, half as it is
 * written): its checksum says so, and it is read again. A page that stays wrong is damaged on disk, unless the log is known to have
 * an image of it. It is copied as it is, and reported.
 */
import type { File, FileSystem } from '../io/index.ts';
import { PAGE_SIZE } from '../limits.ts';
import { pageLsn, pageNumber, pageRelationId, verifyPageChecksum } from '../page/index.ts';
import { HashedFile, turn } from './copy-file.ts';
import { type BackupFile, CHANGES_FOLDER, RELATIONS_FOLDER } from './manifest.ts';
import { CHANGE_SIZE, changesHeader } from './page-changes.ts';

const PIECE_PAGES = 128;
const READS_MAX = 20;
const READ_AGAIN_MS = 10;

export interface PageCopyOptions {
  readonly fileSystem: FileSystem;
  /** Of the relation's file. */
  readonly from: string;
  readonly relId: number;
  /** Pages at the start of the backup; the log has those that came later. */
  readonly pageCount: number;
  readonly target: FileSystem;
  readonly folder: string;
  /** Only pages that changed since; null: all of them. */
  readonly sinceLsn: number | null;
  /** The log brings the page, whatever is copied. */
  readonly isInLog: (pageNo: number) => boolean;
  readonly onBytes: (count: number) => void;
  readonly onDamage: (pageNo: number) => void;
}

export interface PageCopy {
  readonly file: BackupFile;
  /** Pages that the file had, of those that it was to have. */
  readonly pageCount: number;
}

/** Null: there is no such file (any more). */
export async function copyPages(options: PageCopyOptions): Promise<PageCopy | null> {
  const { fileSystem, from } = options;
  // It is dropped, or made, by what is in the log.
  if (!fileSystem.exists(from)) return null;
  const source = fileSystem.open(from, 'read');
  try {
    return await new PageCopier(options, source).run();
  } finally {
    source.close();
  }
}

class PageCopier {
  private readonly options: PageCopyOptions;
  private readonly source: File;
  private readonly bytes = new Uint8Array(PIECE_PAGES * PAGE_SIZE);
  private readonly u32 = new Uint32Array(this.bytes.buffer);
  private readonly f64 = new Float64Array(this.bytes.buffer);
  /** Of the pages in `bytes`: 1 if it is not what it should be. */
  private readonly wrong = new Uint8Array(PIECE_PAGES);

  constructor(options: PageCopyOptions, source: File) {
    this.options = options;
    this.source = source;
  }

  async run(): Promise<PageCopy> {
    const { relId, pageCount, target, folder, sinceLsn, onBytes } = this.options;
    const copy = new HashedFile(target, folder, `${sinceLsn === null ? RELATIONS_FOLDER : CHANGES_FOLDER}/${relId}`);
    let done = 0;
    try {
      if (sinceLsn !== null) {
        const header = changesHeader(relId);
        copy.write(header, 0, header.length);
      }
      while (done < pageCount) {
        const wanted = Math.min(PIECE_PAGES, pageCount - done) * PAGE_SIZE;
        // A server may have cut the file, and the log says that it did.
        const count = Math.floor(this.source.readSync(this.bytes, 0, wanted, done * PAGE_SIZE) / PAGE_SIZE);
        if (count === 0) break;
        for (let i = 0; i < count; i++) {
          this.wrong[i] = this.isWhole(i, done + i) || (await this.isWholeLater(i, done + i)) ? 0 : 1;
        }
        if (sinceLsn === null) copy.write(this.bytes, 0, count * PAGE_SIZE);
        else this.writeChanges(copy, done, count, sinceLsn);
        done += count;
        onBytes(count * PAGE_SIZE);
        await turn();
      }
      return { file: copy.finish(), pageCount: done };
    } catch (error) {
      copy.abandon();
      throw error;
    }
  }

  private isWhole(index: number, pageNo: number): boolean {
    const base = index * PAGE_SIZE;
    if (!verifyPageChecksum(this.bytes, base)) return this.isEmpty(index);
    return pageRelationId(this.u32, base) === this.options.relId && pageNumber(this.u32, base) === pageNo;
  }

  /** A hole in the file: a page that was made and has not been written. */
  private isEmpty(index: number): boolean {
    return this.bytes.subarray(index * PAGE_SIZE, (index + 1) * PAGE_SIZE).every((byte) => byte === 0);
  }

  private async isWholeLater(index: number, pageNo: number): Promise<boolean> {
    if (this.options.isInLog(pageNo)) return false;
    for (let reads = 1; reads < READS_MAX; reads++) {
      await new Promise((resolve) => setTimeout(resolve, READ_AGAIN_MS));
      const count = this.source.readSync(this.bytes, index * PAGE_SIZE, PAGE_SIZE, pageNo * PAGE_SIZE);
      if (count === PAGE_SIZE && this.isWhole(index, pageNo)) return true;
    }
    this.options.onDamage(pageNo);
    return false;
  }

  private writeChanges(copy: HashedFile, first: number, count: number, sinceLsn: number): void {
    const head = Buffer.alloc(CHANGE_SIZE - PAGE_SIZE);
    for (let i = 0; i < count; i++) {
      const base = i * PAGE_SIZE;
      const lsn = pageLsn(this.f64, base);
      if (lsn > 0 && lsn <= sinceLsn && this.wrong[i] === 0) continue;
      head.writeUInt32LE(first + i, 0);
      copy.write(head, 0, head.length);
      copy.write(this.bytes, base, base + PAGE_SIZE);
    }
  }
}
