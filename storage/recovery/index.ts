export { type CheckpointState, checkpointStateName, decodeCheckpointState } from './checkpoint-state.ts';
export { type CapturedState, Checkpointer, type CheckpointFiles } from './checkpointer.ts';
export {
  CONTROL_FILE,
  type ControlData,
  decodeControl,
  dumpControl,
  encodeControl,
  readControl,
  readWholeFile,
  writeControl,
} from './control.ts';
export {
  type DirectoryLock,
  directoryHolder,
  LOCK_FILE,
  lockDirectory,
  type ProcessTable,
  startFromStat,
  systemProcesses,
} from './directory-lock.ts';
export { beginTimeline, readHistory } from './new-timeline.ts';
export { BACKUP_MANIFEST, RESTORE_MARK, refuseOtherFolders } from './other-folders.ts';
export { FIRST_LSN, type RecoveryHandler, type RecoveryResult, recover, walDirectory } from './recover.ts';
export { type LogHold, Retention } from './retention.ts';
export { sayWhatWasRecovered } from './say-recovered.ts';
export { TemporaryDirectory } from './temporary-directory.ts';
