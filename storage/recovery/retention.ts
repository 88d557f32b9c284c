/**
 * What must stay on disk though the server needs it no more: log that is to be archived or copied, and the files of a checkpoint
 * that is being copied. Held in memory only: who holds dies with the server, or says again at its start what it needs.
 */
import type { FileSystem } from '../io/index.ts';

/** Log from `lsn` on stays. May be moved forward. */
export interface LogHold {
  lsn: number;
}

export class Retention {
  private readonly fileSystem: FileSystem;
  private readonly logHolds = new Set<LogHold>();
  private fileHolds = 0;
  private readonly unneeded = new Set<string>();

  constructor(fileSystem: FileSystem) {
    this.fileSystem = fileSystem;
  }

  /** Before this nobody needs the log; Infinity: nobody needs any. */
  get oldestLsn(): number {
    let oldest = Number.POSITIVE_INFINITY;
    for (const { lsn } of this.logHolds) oldest = Math.min(oldest, lsn);
    return oldest;
  }

  holdLog(lsn: number): LogHold {
    const hold = { lsn };
    this.logHolds.add(hold);
    return hold;
  }

  releaseLog(hold: LogHold): void {
    this.logHolds.delete(hold);
  }

  /** No file of a checkpoint goes until releaseFiles is called as often. */
  holdFiles(): void {
    this.fileHolds++;
  }

  releaseFiles(): void {
    if (--this.fileHolds > 0) return;
    const paths = [...this.unneeded];
    this.unneeded.clear();
    for (const path of paths) this.remove(path);
  }

  /** Now, or when nobody holds files any more. A crash before that leaves them to the next start, which removes what nothing names. */
  remove(path: string): void {
    if (this.fileHolds > 0) this.unneeded.add(path);
    else this.fileSystem.unlink(path);
  }
}
