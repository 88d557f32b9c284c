/** Who a backup is taken from: a running server, from its own process or through a socket, or a stopped directory. */

import type { RunningBackup } from '../backups.ts';
import type { ControlData } from '../recovery/index.ts';

export interface BackupSource {
  /** After a checkpoint, to copy from. The log from its redo LSN on, and its files, stay until `close`. */
  begin(): Promise<ControlData>;
  /** Up to where the log may be copied now; what is before `copiedLsn` need not be kept. */
  durableLsn(copiedLsn: number): Promise<number>;
  /** Everything that was copied before the call is no newer than the log before the answer, which is durable. */
  end(): Promise<number>;
  /** The log brings the page, whatever the copy got of it. */
  isInLog(relId: number, pageNo: number): boolean;
  /** May be called at any time. */
  close(): void;
}

/** A server in this process. */
export class EngineSource implements BackupSource {
  private readonly start: () => Promise<RunningBackup>;
  private running: RunningBackup | null = null;

  constructor(start: () => Promise<RunningBackup>) {
    this.start = start;
  }

  async begin(): Promise<ControlData> {
    this.running = await this.start();
    return this.running.control;
  }

  async durableLsn(copiedLsn: number): Promise<number> {
    const { running } = this;
    if (running === null) return 0;
    running.logCopied(copiedLsn);
    return running.durableLsn;
  }

  end(): Promise<number> {
    return this.running === null ? Promise.resolve(0) : this.running.stop();
  }

  isInLog(): boolean {
    return false;
  }

  close(): void {
    this.running?.release();
    this.running = null;
  }
}
