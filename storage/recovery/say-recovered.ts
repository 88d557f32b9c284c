/** What recovery did, for the server's log. */
import type { RecoveryResult } from './recover.ts';

export function sayWhatWasRecovered(recovery: RecoveryResult, onLog: (message: string) => void): void {
  const { control, clean, redoLsn, endLsn, endReason, recordCount, lostLog, lostPages } = recovery;
  if (control === null || clean) return;
  const hex = (lsn: number): string => lsn.toString(16);
  onLog(`recovery: redo of ${recordCount} log records from ${hex(redoLsn)} to ${hex(endLsn)} (${endReason})`);
  if (lostLog !== null) {
    onLog(`accept_damaged_log: the log from ${hex(endLsn)} to ${hex(lostLog.durableLsn)}, at least, was given up`);
  }
  for (const { relId, lost, pageCount } of lostPages) {
    onLog(
      `accept_damaged_log: ${lost} of ${pageCount} pages of relation base/${relId} are gone: ` +
        'it was dropped, emptied or shortened in the log that was given up',
    );
  }
}
