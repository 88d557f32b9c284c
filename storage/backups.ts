/**
 * What a running server does for a backup; the copying is somebody else's (backup/copy.ts), in another process or this one.
 *
 *      begin   hold the log and the files of checkpoints -> a checkpoint -> its control data: where replay will begin
 *      ...     the files are copied while they are written
 *      stop    the log up to now is durable: the LSN to which replay must go
 *      release the holds go, whatever became of the copy
 *
 * Why that is enough. A page that is written after the checkpoint has its whole image in the log since then (storage/wal, invariant
 * 3), so it does not matter what the copy caught of it. No page on disk is newer than the durable log, so the log up to `stop`
 * makes all of them agree.
 */
import { SqlError } from '../types/errors.ts';
import type { Checkpointer, ControlData, LogHold, Retention } from './recovery/index.ts';
import type { Wal } from './wal/index.ts';

export interface RunningBackup {
  /** Of the checkpoint that the backup begins with. */
  readonly control: ControlData;
  /** The log before this is durable, and may be copied. */
  readonly durableLsn: number;
  /** The copy has the log up to here: it need not be kept for it. */
  logCopied(lsn: number): void;
  /** The log is durable up to the answer; what was copied before the call is no newer. */
  stop(): Promise<number>;
  /** Nothing is kept for the backup any more. May be called twice. */
  release(): void;
}

export class Backups {
  /** Backups under way. */
  runningCount = 0;
  private readonly checkpointer: Checkpointer;
  private readonly wal: Wal;
  private readonly retention: Retention;

  constructor(checkpointer: Checkpointer, wal: Wal, retention: Retention) {
    this.checkpointer = checkpointer;
    this.wal = wal;
    this.retention = retention;
  }

  /** Throws what the checkpoint fails with. */
  async begin(): Promise<RunningBackup> {
    const { checkpointer, wal, retention } = this;
    const hold = retention.holdLog(checkpointer.last?.redoLsn ?? 0);
    retention.holdFiles();
    this.runningCount++;
    let isHeld = true;
    const release = (): void => {
      if (!isHeld) return;
      isHeld = false;
      this.runningCount--;
      retention.releaseLog(hold);
      retention.releaseFiles();
    };
    try {
      await new Promise<void>((resolve, reject) => {
        checkpointer.request((error) => (error === null ? resolve() : reject(error)));
      });
      const control = checkpointer.last;
      if (control === null) throw new SqlError('55000', 'the database system is starting up');
      hold.lsn = control.redoLsn;
      return new EngineBackup(control, wal, hold, release);
    } catch (error) {
      release();
      throw error;
    }
  }
}

class EngineBackup implements RunningBackup {
  readonly control: ControlData;
  readonly release: () => void;
  private readonly wal: Wal;
  private readonly hold: LogHold;

  constructor(control: ControlData, wal: Wal, hold: LogHold, release: () => void) {
    this.control = control;
    this.wal = wal;
    this.hold = hold;
    this.release = release;
  }

  get durableLsn(): number {
    return this.wal.flushedLsn;
  }

  logCopied(lsn: number): void {
    this.hold.lsn = Math.max(this.hold.lsn, lsn);
  }

  stop(): Promise<number> {
    const lsn = this.wal.insertLsn;
    return new Promise((resolve, reject) => {
      this.wal.requestDurable(lsn, (error) => (error === null ? resolve(lsn) : reject(error)));
    });
  }
}
